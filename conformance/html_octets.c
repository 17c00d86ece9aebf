/* What was observed, as lines of text, with the octets in hexadecimal digits and ASCII on demand. */
#include "conformance/html_private.h"

#include <string.h>

#define ROW 16
#define SHOWN_OF_PASSED 128 /* of a passed case few octets are of interest, and a page holds hundreds of cases */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet at index, or -1 where the digits are none. */
static int octet(struct outcome_text hex, size_t index)
{
	int high = digit(hex.at[2 * index]), low = digit(hex.at[2 * index + 1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static void put_row(FILE *out, struct outcome_text hex, size_t begin, size_t end)
{
	fprintf(out, "%04zx  ", begin);
	for (size_t i = begin; i < begin + ROW; i++) {
		if (i % ROW == ROW / 2)
			putc(' ', out);
		if (i >= end)
			fputs("   ", out);
		else if (octet(hex, i) < 0)
			fputs("?? ", out);
		else
			fprintf(out, "%02x ", (unsigned)octet(hex, i));
	}
	putc(' ', out);
	for (size_t i = begin; i < end; i++)
		html_put_point(out, octet(hex, i) > 0x1f && octet(hex, i) < 0x7f ? (uint32_t)octet(hex, i) : '.');
	putc('\n', out);
}

static void put_dump(FILE *out, struct outcome_text hex, double length, bool passed)
{
	size_t count = hex.length / 2, shown = passed && count > SHOWN_OF_PASSED ? SHOWN_OF_PASSED : count;

	fprintf(out, "<details class=\"hex\"><summary>%.0f octets</summary><pre tabindex=\"0\">", length);
	for (size_t i = 0; i < shown; i += ROW)
		put_row(out, hex, i, i + ROW < shown ? i + ROW : shown);
	fputs("</pre>", out);
	if ((double)shown < length)
		fprintf(out, "<p>The first %zu of them%s.</p>", shown, shown < count ? "; the JSON document has more" : "");
	fputs("</details>", out);
}

static void put_said(FILE *out, const json_t *said, bool passed)
{
	struct outcome_text hex = outcome_text(said, "octets");
	bool wrong = json_is_true(json_object_get(said, "wrong"));

	fprintf(out, "<li%s>%s<code><span class=\"at\">%.4f s</span> ", wrong ? " class=\"wrong\"" : "",
		wrong ? "<strong>✗ first difference</strong> " : "", outcome_number(said, "at"));
	html_put(out, outcome_text(said, "connection"));
	putc(' ', out);
	html_put(out, outcome_text(said, "direction"));
	putc(' ', out);
	html_put(out, outcome_text(said, "text"));
	fputs("</code>", out);
	if (hex.length > 1)
		put_dump(out, hex, outcome_number(said, "length"), passed);
	fputs("</li>\n", out);
}

void html_put_octets(FILE *out, const json_t *one)
{
	const json_t *observed = json_object_get(one, "observed");
	size_t count = json_array_size(observed);

	if (count == 0)
		return;
	fprintf(out, "<details><summary>What was said, with its octets (%zu line%s)</summary>\n<ol class=\"said\">\n", count,
		count == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++)
		put_said(out, json_array_get(observed, i), outcome_verdict(one) == OUTCOME_PASS);
	fputs("</ol></details>\n", out);
}
