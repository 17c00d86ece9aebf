/* The page of one run: the verdict, the sections at a glance, every case, and where it ran. It reads without its script, which
 * only filters, and opens the case that a link leads to. */
#include "conformance/outcome.h"

#include <errno.h>
#include <string.h>

#include "conformance/html_private.h"

static void put_head(FILE *out, const json_t *run)
{
	static const char *const marks[] = { "pass", "fail", "", "untested" }; /* by exit status */
	const json_t *summary = json_object_get(run, "summary");
	int status = outcome_status(run);

	fputs("<header>\n<h1>", out);
	html_put(out, outcome_text(run, "name"));
	fprintf(out, " <span class=\"verdict %s\">", marks[status]);
	html_put(out, outcome_text(run, "verdict"));
	fprintf(out, "</span></h1>\n<p>Iperf %s%s, tested ", outcome_is(outcome_text(run, "role"), "client") ? "client" : "server",
		outcome_is(outcome_text(run, "profile"), "iperf3") ? " of the iperf3 profile" : "");
	html_put(out, outcome_text(run, "started"));
	fprintf(out, " with %zu cases in %.1f s.</p>\n", json_array_size(json_object_get(run, "cases")), outcome_number(run, "seconds"));
	if (outcome_text(run, "stopped").length > 0) {
		fputs("<p class=\"stopped\"><strong>The run ended early.</strong> ", out);
		html_put(out, outcome_text(run, "stopped"));
		fputs("</p>\n", out);
	}
	fputs("<ul class=\"counts\">\n", out);
	for (unsigned i = 0; i < OUTCOME_VERDICTS; i++) {
		fprintf(out, "<li class=\"%s\"><strong>%.0f</strong> ", outcome_verdict_names[i],
			outcome_number(summary, outcome_verdict_names[i]));
		html_put_badge(out, (enum outcome_verdict)i);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n</header>\n", out);
}

/* The cases of a section as links, and how many of each verdict. */
static void put_section_row(FILE *out, const json_t *section, const json_t *cases)
{
	size_t counts[OUTCOME_VERDICTS] = { 0 }, i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)cases, i, one) {
		if (json_equal(json_object_get(one, "section"), section))
			counts[outcome_verdict(one)]++;
	}
	fputs("<tr><th scope=\"row\"><a href=\"#section-", out);
	html_put_anchor(out, outcome_text_of(section));
	fputs("\">", out);
	html_put(out, outcome_text_of(section));
	fputs("</a></th><td>", out);
	html_put_tally(out, counts);
	fputs("<p class=\"links\">", out);
	json_array_foreach((json_t *)(uintptr_t)cases, i, one) {
		enum outcome_verdict verdict = outcome_verdict(one);

		if (!json_equal(json_object_get(one, "section"), section))
			continue;
		fprintf(out, "<a class=\"badge %s\" href=\"#case-", outcome_verdict_names[verdict]);
		html_put_anchor(out, outcome_text(one, "id"));
		fprintf(out, "\"><span aria-hidden=\"true\">%s</span> ", html_symbols[verdict]);
		html_put(out, outcome_text(one, "id"));
		fprintf(out, "<span class=\"unseen\"> %s</span></a> ", outcome_verdict_names[verdict]);
	}
	fputs("</p></td></tr>\n", out);
}

static void put_summary(FILE *out, const json_t *sections, const json_t *cases)
{
	size_t i;
	json_t *section;

	fputs("<section>\n<h2>Sections</h2>\n<table class=\"sections\"><thead><tr><th scope=\"col\">section</th>"
	      "<th scope=\"col\">cases</th></tr></thead>\n<tbody>\n", out);
	json_array_foreach((json_t *)(uintptr_t)sections, i, section)
		put_section_row(out, section, cases);
	fputs("</tbody></table>\n</section>\n", out);
}

/* What somebody in a hurry wants to know. */
static void put_broken(FILE *out, const json_t *run)
{
	bool some = false;
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(run, "cases"), i, one) {
		const json_t *failure = json_object_get(one, "failure");

		if (!json_is_object(failure))
			continue;
		fputs(some ? "" : "<section>\n<h2>What is broken</h2>\n<ul class=\"broken\">\n", out);
		some = true;
		fputs("<li>", out);
		html_put_badge(out, outcome_verdict(one));
		fputs(" <a href=\"#case-", out);
		html_put_anchor(out, outcome_text(one, "id"));
		fputs("\">", out);
		html_put(out, outcome_text(one, "id"));
		putc(' ', out);
		html_put(out, outcome_text(one, "title"));
		fputs("</a>: <strong>", out);
		html_put(out, outcome_text(failure, "requirement"));
		fputs("</strong>, expected <code>", out);
		html_put(out, outcome_text(failure, "expected"));
		fputs("</code>, observed <code>", out);
		html_put(out, outcome_text(failure, "observed"));
		fputs("</code></li>\n", out);
	}
	fputs(some ? "</ul>\n</section>\n" : "", out);
}

static void put_filter(FILE *out, const json_t *run)
{
	const json_t *summary = json_object_get(run, "summary");
	size_t all = json_array_size(json_object_get(run, "cases"));

	fprintf(out, "<div id=\"filter\" role=\"group\" aria-label=\"Which cases to show\" hidden>\n"
		     "<button type=\"button\" data-show=\"all\" aria-pressed=\"true\">All (%zu)</button>\n"
		     "<button type=\"button\" data-show=\"fail\" aria-pressed=\"false\">Failed (%.0f)</button>\n"
		     "<button type=\"button\" data-show=\"open\" aria-pressed=\"false\">Not passed (%.0f)</button>\n</div>\n"
		     "<p id=\"none\" hidden>There is no such case.</p>\n",
		all, outcome_number(summary, "fail"), (double)all - outcome_number(summary, "pass"));
}

static void put_cases(FILE *out, const json_t *sections, const json_t *run)
{
	size_t i, k;
	json_t *section, *one;

	fputs("<section>\n<h2>Cases</h2>\n", out);
	put_filter(out, run);
	json_array_foreach((json_t *)(uintptr_t)sections, i, section) {
		fputs("<section class=\"part\" id=\"section-", out);
		html_put_anchor(out, outcome_text_of(section));
		fputs("\">\n<h3>Section ", out);
		html_put(out, outcome_text_of(section));
		fputs("</h3>\n", out);
		json_array_foreach(json_object_get(run, "cases"), k, one) {
			if (json_equal(json_object_get(one, "section"), section))
				html_put_case(out, one, json_object_get(run, "requirements"));
		}
		fputs("</section>\n", out);
	}
	fputs("</section>\n", out);
}

static void put_environment(FILE *out, const json_t *run)
{
	const json_t *environment = json_object_get(run, "environment");
	const char *name;
	json_t *seconds;

	fputs("<section>\n<h2>Environment</h2>\n<dl class=\"environment\">\n<dt>Program</dt><dd>", out);
	html_put(out, outcome_text(run, "program"));
	putc(' ', out);
	html_put(out, outcome_text(run, "version"));
	fputs("</dd>\n<dt>System</dt><dd>", out);
	html_put(out, outcome_text(environment, "system"));
	fputs("</dd>\n<dt>Timers of the peer</dt><dd>", out);
	json_object_foreach(json_object_get(environment, "timers"), name, seconds) {
		fputs("<code>", out);
		html_put(out, (struct outcome_text){ name, strlen(name) });
		fprintf(out, "</code> %g s<br>", json_number_value(seconds));
	}
	fprintf(out, "</dd>\n<dt>A broken SHOULD</dt><dd>%s</dd>\n", json_is_true(json_object_get(run, "strict")) ?
		"fails, as --strict was given" : "is a warning");
	if (json_is_string(json_object_get(run, "only"))) {
		fputs("<dt>Only</dt><dd>", out);
		html_put(out, outcome_text(run, "only"));
		fputs("</dd>\n", out);
	}
	fputs("</dl>\n<h3>Run it all again</h3>\n<pre class=\"command\" tabindex=\"0\">", out);
	html_put_command(out, json_object_get(run, "arguments"));
	fputs("</pre>\n</section>\n", out);
}

bool html_write(FILE *out, const json_t *run)
{
	json_t *sections = outcome_sorted(json_object_get(run, "cases"), "section");
	json_t *title = json_sprintf("%s %s", outcome_text(run, "name").at, outcome_text(run, "verdict").at);

	if (!sections || !title) {
		json_decref(sections);
		json_decref(title);
		errno = ENOMEM;
		return false;
	}
	errno = 0;
	html_begin(out, outcome_text_of(title), "");
	put_head(out, run);
	put_broken(out, run);
	put_summary(out, sections, json_object_get(run, "cases"));
	put_cases(out, sections, run);
	put_environment(out, run);
	html_end(out);
	json_decref(sections);
	json_decref(title);
	return outcome_written(out);
}
