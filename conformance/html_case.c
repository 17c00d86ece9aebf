/* One case on the page of a run. */
#include "conformance/html_private.h"

#include <string.h>

static void put_pair(FILE *out, const char *name, struct outcome_text text)
{
	fprintf(out, "<dt>%s</dt><dd><code>", name);
	html_put(out, text);
	fputs("</code></dd>\n", out);
}

static void put_failure(FILE *out, const json_t *one, const json_t *requirements)
{
	const json_t *failure = json_object_get(one, "failure");
	struct outcome_text id = outcome_text(failure, "requirement");

	if (!json_is_object(failure))
		return;
	fputs("<dl class=\"failure\">\n<dt>Broken</dt><dd><strong>", out);
	html_put(out, id);
	fputs("</strong> <span class=\"level\">", out);
	html_put(out, outcome_text(failure, "level"));
	fputs("</span> ", out);
	html_put_markdown(out, outcome_text(json_object_get(requirements, id.at), "text"));
	fputs("</dd>\n", out);
	put_pair(out, "Expected", outcome_text(failure, "expected"));
	put_pair(out, "Observed", outcome_text(failure, "observed"));
	fprintf(out, "<dt>Where</dt><dd>%.3f s after the case began, at <code>", outcome_number(failure, "at"));
	html_put(out, outcome_text(one, "path"));
	fprintf(out, ":%.0f</code></dd>\n</dl>\n", outcome_number(failure, "line"));
}

static void put_expectation(FILE *out, const json_t *one)
{
	const json_t *expectation = json_object_get(one, "expectation");
	struct outcome_text reason = outcome_text(expectation, "reason");

	if (!expectation || (reason.length == 0 && !outcome_deviates(one)))
		return;
	fprintf(out, "<p class=\"reason\">%s ", outcome_deviates(one) ? "Not as expected, which was" : "As expected:");
	html_put(out, outcome_text(expectation, "verdict"));
	fputs(reason.length > 0 ? ": " : "", out);
	html_put(out, reason);
	fputs("</p>\n", out);
}

static void put_requirements(FILE *out, const json_t *one, const json_t *requirements)
{
	size_t i;
	json_t *name;

	fputs("<h5>Requirements</h5>\n<ul class=\"requirements\">\n", out);
	json_array_foreach(json_object_get(one, "tests"), i, name) {
		const json_t *requirement = json_object_get(requirements, json_string_value(name));

		fputs("<li><strong>", out);
		html_put(out, outcome_text_of(name));
		fputs("</strong> <span class=\"level\">", out);
		html_put(out, outcome_text(requirement, "level"));
		fputs(" · ", out);
		html_put(out, outcome_text(requirement, "role"));
		fputs(" · ", out);
		html_put(out, outcome_text(requirement, "provenance"));
		fputs("</span> ", out);
		html_put_markdown(out, outcome_text(requirement, "text"));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

/* Numbered; the line of the failure is marked. */
static void put_source(FILE *out, const json_t *one)
{
	struct outcome_text source = outcome_text(one, "source");
	double failed = outcome_number(json_object_get(one, "failure"), "line");
	unsigned line = 1;

	fputs("<details><summary>The case, <code>", out);
	html_put(out, outcome_text(one, "path"));
	fputs("</code></summary><pre class=\"source\" tabindex=\"0\">", out);
	for (size_t place = 0; place < source.length; line++) {
		const char *end = memchr(source.at + place, '\n', source.length - place);
		size_t length = end ? (size_t)(end - source.at) - place : source.length - place;
		bool hit = (double)line == failed;

		fprintf(out, "%s<span class=\"number\">%3u%s</span> ", hit ? "<mark>" : "", line, hit ? " ✗" : "  ");
		html_put_lines(out, (struct outcome_text){ source.at + place, length });
		fputs(hit ? "</mark>\n" : "\n", out);
		place += length + 1;
	}
	fputs("</pre></details>\n", out);
}

static void put_cookies(FILE *out, const json_t *one)
{
	const char *name;
	json_t *octets;

	if (json_object_size(json_object_get(one, "cookies")) == 0)
		return;
	fputs("<details><summary>Cookies</summary><dl class=\"cookies\">\n", out);
	json_object_foreach(json_object_get(one, "cookies"), name, octets) {
		fputs("<dt><code>", out);
		html_put(out, (struct outcome_text){ name, strlen(name) });
		fputs("</code></dt><dd><code>", out);
		html_put(out, outcome_text_of(octets));
		fputs("</code></dd>\n", out);
	}
	fputs("</dl></details>\n", out);
}

static void put_output(FILE *out, const json_t *one)
{
	const json_t *status = json_object_get(one, "exit"), *output = json_object_get(one, "output");

	if (!json_is_string(output) && !status)
		return;
	fputs("<details><summary>What the program wrote; ", out);
	if (json_is_number(status))
		fprintf(out, "status %.0f", json_number_value(status));
	else
		fputs("it had to be ended", out);
	fputs("</summary>", out);
	if (json_string_length(output) > 0) {
		fputs("<pre tabindex=\"0\">", out);
		html_put_lines(out, outcome_text_of(output));
		fputs("</pre>", out);
	} else {
		fputs("<p>It wrote nothing.</p>", out);
	}
	fputs("</details>\n", out);
}

static void put_rerun(FILE *out, const json_t *one)
{
	fputs("<h5>Run it again</h5>\n<pre class=\"command\" tabindex=\"0\">", out);
	html_put(out, outcome_text(one, "rerun"));
	fputs("</pre>\n", out);
}

static void put_sequence(FILE *out, const json_t *one)
{
	bool collapsed = outcome_verdict(one) != OUTCOME_FAIL && outcome_verdict(one) != OUTCOME_WARN;

	fputs(collapsed ? "<details><summary>Sequence charts</summary>\n" : "<h5>Sequence</h5>\n", out);
	html_put_charts(out, one);
	fputs(collapsed ? "</details>\n" : "", out);
}

void html_put_case(FILE *out, const json_t *one, const json_t *requirements)
{
	enum outcome_verdict verdict = outcome_verdict(one);
	bool open = verdict == OUTCOME_FAIL;

	fputs("<details class=\"case\" id=\"case-", out);
	html_put_anchor(out, outcome_text(one, "id"));
	fprintf(out, "\" data-verdict=\"%s\"%s>\n<summary><h4>", outcome_verdict_names[verdict], open ? " open" : "");
	html_put_badge(out, verdict);
	fputs(" <code>", out);
	html_put(out, outcome_text(one, "id"));
	fputs("</code> ", out);
	html_put(out, outcome_text(one, "title"));
	fputs("</h4></summary>\n<div class=\"body\">\n", out);
	if (verdict == OUTCOME_SKIP || verdict == OUTCOME_UNTESTED) {
		fprintf(out, "<p class=\"reason\">%s: ", verdict == OUTCOME_SKIP ? "Skipped" : "Untested");
		html_put(out, outcome_text(one, "reason"));
		fputs("</p>\n", out);
	}
	put_expectation(out, one);
	put_failure(out, one, requirements);
	put_sequence(out, one);
	put_requirements(out, one, requirements);
	put_rerun(out, one);
	html_put_octets(out, one);
	put_source(out, one);
	put_cookies(out, one);
	put_output(out, one);
	fprintf(out, "<p class=\"took\">It took %.3f s.</p>\n</div>\n</details>\n", outcome_number(one, "seconds"));
}
