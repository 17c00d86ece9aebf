/* The page of several runs: a row for each case, a column for each implementation, and below what each one failed. Runs of
 * servers and of clients, and of different profiles, have no case in common: they have a table of their own. */
#include "conformance/outcome.h"

#include <errno.h>
#include <string.h>

#include "conformance/html_private.h"

struct matrix {
	FILE *out;
	json_t *const *runs;
	size_t count;
	json_t *all;      /* the cases of all runs */
	json_t *sections; /* their names, in order */
	json_t *ids;      /* of the cases, in order */
	json_t *index;    /* for each run an object: id of a case to the case */
};

static const json_t *case_of(const struct matrix *matrix, size_t run, const json_t *id)
{
	return json_object_get(json_array_get(matrix->index, run), json_string_value(id));
}

static bool is_client(const struct matrix *matrix, size_t run)
{
	return outcome_is(outcome_text(matrix->runs[run], "role"), "client");
}

static bool is_iperf3(const struct matrix *matrix, size_t run)
{
	return outcome_is(outcome_text(matrix->runs[run], "profile"), "iperf3");
}

/* Whether both belong into one table. */
static bool are_alike(const struct matrix *matrix, size_t a, size_t b)
{
	return is_client(matrix, a) == is_client(matrix, b) && is_iperf3(matrix, a) == is_iperf3(matrix, b);
}

/* Which runs are in its table: "server, iperf3 profile". */
static void put_kind(const struct matrix *matrix, size_t run)
{
	fprintf(matrix->out, "%s, %s profile", is_client(matrix, run) ? "client" : "server",
		is_iperf3(matrix, run) ? "iperf3" : "text");
}

/* The case in the first run of that kind that has it: its title is that of the row. */
static const json_t *first_of(const struct matrix *matrix, size_t kind, const json_t *id)
{
	const json_t *one = NULL;

	for (size_t i = kind; !one && i < matrix->count; i++)
		one = are_alike(matrix, i, kind) ? case_of(matrix, i, id) : NULL;
	return one;
}

static void put_anchor(const struct matrix *matrix, size_t run, const json_t *id)
{
	fprintf(matrix->out, "run%zu-", run + 1);
	html_put_anchor(matrix->out, outcome_text_of(id));
}

static void put_verdict(FILE *out, const json_t *run)
{
	static const char *const marks[] = { "pass", "fail", "", "untested" }; /* by exit status */

	fprintf(out, "<span class=\"verdict %s\">", marks[outcome_status(run)]);
	html_put(out, outcome_text(run, "verdict"));
	fputs("</span>", out);
}

static void put_totals(const struct matrix *matrix)
{
	FILE *out = matrix->out;

	fputs("<section>\n<h2>Totals</h2>\n<table class=\"totals\"><thead><tr><th scope=\"col\">implementation</th>"
	      "<th scope=\"col\">verdict and cases</th></tr></thead>\n<tbody>\n", out);
	for (size_t i = 0; i < matrix->count; i++) {
		const json_t *run = matrix->runs[i], *cases = json_object_get(run, "cases");
		size_t counts[OUTCOME_VERDICTS] = { 0 };

		for (size_t k = 0; k < json_array_size(cases); k++)
			counts[outcome_verdict(json_array_get(cases, k))]++;
		fputs("<tr><th scope=\"row\">", out);
		html_put(out, outcome_text(run, "name"));
		fputs("<p class=\"tally\">", out);
		put_kind(matrix, i);
		fputs("; ", out);
		html_put(out, outcome_text(run, "program"));
		putc(' ', out);
		html_put(out, outcome_text(run, "version"));
		fputs(", ", out);
		html_put(out, outcome_text(run, "started"));
		fputs("</p></th><td>", out);
		put_verdict(out, run);
		html_put_tally(out, counts);
		if (outcome_text(run, "stopped").length > 0) {
			fputs("<p class=\"stopped\">", out);
			html_put(out, outcome_text(run, "stopped"));
			fputs("</p>", out);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n</section>\n", out);
}

static void put_cell(const struct matrix *matrix, size_t run, const json_t *id)
{
	const json_t *one = case_of(matrix, run, id);
	enum outcome_verdict verdict = outcome_verdict(one);

	fputs("<td>", matrix->out);
	if (!one) {
		fputs("<span class=\"absent\"><span aria-hidden=\"true\">·</span> absent</span>", matrix->out);
	} else if (verdict == OUTCOME_PASS) {
		html_put_badge(matrix->out, verdict);
	} else {
		fputs("<a href=\"#", matrix->out);
		put_anchor(matrix, run, id);
		fputs("\">", matrix->out);
		html_put_badge(matrix->out, verdict);
		fputs("</a>", matrix->out);
	}
	fputs("</td>", matrix->out);
}

static void put_row(const struct matrix *matrix, size_t kind, const json_t *id, const json_t *first)
{
	fputs("<tr><th scope=\"row\"><code>", matrix->out);
	html_put(matrix->out, outcome_text_of(id));
	fputs("</code> <span class=\"title\">", matrix->out);
	html_put(matrix->out, outcome_text(first, "title"));
	fputs("</span></th>", matrix->out);
	for (size_t run = kind; run < matrix->count; run++)
		if (are_alike(matrix, run, kind))
			put_cell(matrix, run, id);
	fputs("</tr>\n", matrix->out);
}

/* The rows of a section, when it has some. */
static void put_section(const struct matrix *matrix, size_t kind, const json_t *section, size_t columns)
{
	bool begun = false;
	size_t k;
	json_t *id;

	json_array_foreach(matrix->ids, k, id) {
		const json_t *first = first_of(matrix, kind, id);

		if (!first || !json_equal(json_object_get(first, "section"), section))
			continue;
		if (!begun) {
			fputs("<tbody><tr class=\"part\"><th scope=\"rowgroup\">Section ", matrix->out);
			html_put(matrix->out, outcome_text_of(section));
			fprintf(matrix->out, "</th><td colspan=\"%zu\"></td></tr>\n", columns);
		}
		begun = true;
		put_row(matrix, kind, id, first);
	}
	fputs(begun ? "</tbody>\n" : "", matrix->out);
}

/* The table of the runs that are like the run kind, which is the first of them. */
static void put_table(const struct matrix *matrix, size_t kind)
{
	FILE *out = matrix->out;
	size_t i, columns = 0;
	json_t *section;

	fputs("<section>\n<h2>Cases: ", out);
	put_kind(matrix, kind);
	fputs("</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Cases by implementation: ", out);
	put_kind(matrix, kind);
	fputs("\">\n<table class=\"matrix\"><thead><tr><th scope=\"col\">case</th>", out);
	for (i = kind; i < matrix->count; i++) {
		if (!are_alike(matrix, i, kind))
			continue;
		columns++;
		fputs("<th scope=\"col\"><span class=\"name\">", out);
		html_put(out, outcome_text(matrix->runs[i], "name"));
		fputs("</span></th>", out);
	}
	fputs("</tr></thead>\n", out);
	json_array_foreach(matrix->sections, i, section)
		put_section(matrix, kind, section, columns);
	fputs("</table></div>\n</section>\n", out);
}

/* A table for each kind, at its first run. */
static void put_tables(const struct matrix *matrix)
{
	for (size_t run = 0; run < matrix->count; run++) {
		size_t before = 0;

		while (before < run && !are_alike(matrix, before, run))
			before++;
		if (before == run)
			put_table(matrix, run);
	}
}

static void put_why(const struct matrix *matrix, size_t run, const json_t *id)
{
	FILE *out = matrix->out;
	const json_t *one = case_of(matrix, run, id), *failure = json_object_get(one, "failure");
	struct outcome_text requirement = outcome_text(failure, "requirement");

	fputs("<li id=\"", out);
	put_anchor(matrix, run, id);
	fputs("\">", out);
	html_put_badge(out, outcome_verdict(one));
	fputs(" <code>", out);
	html_put(out, outcome_text_of(id));
	fputs("</code> ", out);
	html_put(out, outcome_text(one, "title"));
	if (!json_is_object(failure)) {
		fputs("<br>", out);
		html_put(out, outcome_text(one, "reason"));
		fputs("</li>\n", out);
		return;
	}
	fputs("<br><strong>", out);
	html_put(out, requirement);
	fputs("</strong> ", out);
	html_put_markdown(out, outcome_text(json_object_get(json_object_get(matrix->runs[run], "requirements"), requirement.at), "text"));
	fputs("<br>Expected <code>", out);
	html_put(out, outcome_text(failure, "expected"));
	fputs("</code>, observed <code>", out);
	html_put(out, outcome_text(failure, "observed"));
	fputs("</code>.<br>Again: <code>", out);
	html_put(out, outcome_text(one, "rerun"));
	fputs("</code></li>\n", out);
}

static void put_failures(const struct matrix *matrix)
{
	size_t k;
	json_t *id;

	fputs("<section>\n<h2>What did not pass</h2>\n", matrix->out);
	for (size_t run = 0; run < matrix->count; run++) {
		size_t written = 0;

		fputs("<h3>", matrix->out);
		html_put(matrix->out, outcome_text(matrix->runs[run], "name"));
		fputs(" (", matrix->out);
		put_kind(matrix, run);
		fputs(")</h3>\n", matrix->out);
		json_array_foreach(matrix->ids, k, id) {
			const json_t *one = case_of(matrix, run, id);

			if (!one || outcome_verdict(one) == OUTCOME_PASS)
				continue;
			fputs(written++ == 0 ? "<ul class=\"failures\">\n" : "", matrix->out);
			put_why(matrix, run, id);
		}
		fputs(written > 0 ? "</ul>\n" : "<p>All that ran passed.</p>\n", matrix->out);
	}
	fputs("</section>\n", matrix->out);
}

static void matrix_clear(struct matrix *matrix)
{
	json_decref(matrix->all);
	json_decref(matrix->sections);
	json_decref(matrix->ids);
	json_decref(matrix->index);
}

/* Returns false when memory is short; in either case matrix_clear() is due. */
static bool matrix_fill(struct matrix *matrix)
{
	bool ok = true;

	matrix->all = json_array();
	matrix->index = json_array();
	for (size_t i = 0; i < matrix->count; i++) {
		json_t *cases = json_object_get(matrix->runs[i], "cases"), *one, *index = json_object();
		size_t k;

		json_array_foreach(cases, k, one)
			ok = json_object_set_nocheck(index, outcome_text(one, "id").at, one) == 0 && ok;
		ok = (!json_is_array(cases) || json_array_extend(matrix->all, cases) == 0) && ok;
		ok = json_array_append_new(matrix->index, index) == 0 && ok;
	}
	matrix->sections = outcome_sorted(matrix->all, "section");
	matrix->ids = outcome_sorted(matrix->all, "id");
	return ok && matrix->sections && matrix->ids;
}

bool matrix_write(FILE *out, json_t *const runs[], size_t count)
{
	struct matrix matrix = { .out = out, .runs = runs, .count = count };
	static const char title[] = "Iperf implementations side by side";

	if (!matrix_fill(&matrix)) {
		matrix_clear(&matrix);
		errno = ENOMEM;
		return false;
	}
	errno = 0;
	html_begin(out, (struct outcome_text){ title, strlen(title) }, html_matrix_css);
	fprintf(out, "<header>\n<h1>%s</h1>\n<p>%zu runs of iperf-conform, %zu cases.</p>\n</header>\n", title, count,
		json_array_size(matrix.ids));
	put_totals(&matrix);
	put_tables(&matrix);
	put_failures(&matrix);
	html_end(out);
	matrix_clear(&matrix);
	return outcome_written(out);
}
