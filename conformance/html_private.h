/* What the two pages, html.c and matrix.c, are made of. All texts are taken as hostile: they come from the implementation under
 * test and from case files. */
#ifndef IPERF_CONFORMANCE_HTML_PRIVATE_H
#define IPERF_CONFORMANCE_HTML_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "conformance/outcome_text.h"

/* html_style.c: what stands within <style> and <script>. */
extern const char html_css[];
extern const char html_matrix_css[];
extern const char html_js[];

/* --- html_text.c ------------------------------------------------------------------------------------------------- */

/* For content and for attributes in double quotes; controls become visible. */
void html_put(FILE *out, struct outcome_text text);

/* The same for <pre>: line ends and tabs stay. */
void html_put_lines(FILE *out, struct outcome_text text);

/* One code point, escaped. */
void html_put_point(FILE *out, uint32_t c);

/* `code`, **bold**, *emphasis*; of [text](target) the text. */
void html_put_markdown(FILE *out, struct outcome_text text);

/* A case's id as part of an anchor. */
void html_put_anchor(FILE *out, struct outcome_text id);

/* A command line for a shell. */
void html_put_command(FILE *out, const json_t *arguments);

/* "<span class=...>symbol word</span>" */
void html_put_badge(FILE *out, enum outcome_verdict verdict);

/* A bar and in words how many cases have each verdict. */
void html_put_tally(FILE *out, const size_t counts[OUTCOME_VERDICTS]);
extern const char *const html_symbols[OUTCOME_VERDICTS];

/* From the doctype to <main>, and the end. css is added to html_css. */
void html_begin(FILE *out, struct outcome_text title, const char *css);
void html_end(FILE *out);

/* --- html_chart.c, html_octets.c, html_case.c -------------------------------------------------------------------- */

/* The sequences of a case, expected beside observed. */
void html_put_charts(FILE *out, const json_t *one);

/* What was observed line by line, each with its octets on demand. */
void html_put_octets(FILE *out, const json_t *one);

/* One case with all that is known of it. */
void html_put_case(FILE *out, const json_t *one, const json_t *requirements);

#endif
