/* Text for pages. */
#include "conformance/html_private.h"

#include <string.h>

const char *const html_symbols[OUTCOME_VERDICTS] = {
	[OUTCOME_PASS] = "✓", [OUTCOME_FAIL] = "✗", [OUTCOME_WARN] = "!", [OUTCOME_SKIP] = "–", [OUTCOME_UNTESTED] = "?",
};

void html_put_point(FILE *out, uint32_t c)
{
	switch (c) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		if (outcome_is_control(c))
			fprintf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		else
			outcome_put_utf8(out, c);
	}
}

void html_put(FILE *out, struct outcome_text text)
{
	for (size_t place = 0; place < text.length;)
		html_put_point(out, outcome_next(text, &place));
}

void html_put_lines(FILE *out, struct outcome_text text)
{
	for (size_t place = 0; place < text.length;) {
		uint32_t c = outcome_next(text, &place);

		if (c == '\n' || c == '\t')
			putc((int)c, out);
		else
			html_put_point(out, c);
	}
}

/* The length of the text from place on up to mark; 0 when it is empty or mark does not come. */
static size_t up_to(struct outcome_text text, size_t place, const char *mark)
{
	const char *found = place < text.length ? memmem(text.at + place, text.length - place, mark, strlen(mark)) : NULL;

	return found ? (size_t)(found - text.at) - place : 0;
}

/* Writes what mark encloses at *place as an element, and moves *place behind it. */
static bool enclosed(FILE *out, struct outcome_text text, size_t *place, const char *mark, const char *element)
{
	size_t width = strlen(mark), length;
	struct outcome_text inside;

	if (text.length - *place < width || memcmp(text.at + *place, mark, width) != 0)
		return false;
	length = up_to(text, *place + width, mark);
	inside = (struct outcome_text){ text.at + *place + width, length };
	if (length == 0 || (*mark == '*' && (strchr("* ", inside.at[0]) || inside.at[length - 1] == ' ')))
		return false; /* 2 * 3 * 4 */
	fprintf(out, "<%s>", element);
	html_put(out, inside);
	fprintf(out, "</%s>", element);
	*place += length + 2 * width;
	return true;
}

static bool linked(FILE *out, struct outcome_text text, size_t *place)
{
	size_t name, target;

	if (text.at[*place] != '[')
		return false;
	name = up_to(text, *place + 1, "](");
	if (name == 0)
		return false;
	target = up_to(text, *place + 1 + name + 2, ")");
	if (target == 0)
		return false;
	html_put(out, (struct outcome_text){ text.at + *place + 1, name });
	*place += 1 + name + 2 + target + 1;
	return true;
}

void html_put_markdown(FILE *out, struct outcome_text text)
{
	for (size_t place = 0; place < text.length;) {
		if (!enclosed(out, text, &place, "`", "code") && !enclosed(out, text, &place, "**", "strong") &&
		    !enclosed(out, text, &place, "*", "em") && !linked(out, text, &place))
			html_put_point(out, outcome_next(text, &place));
	}
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c != '\0' && strchr("/.-_", c));
}

void html_put_anchor(FILE *out, struct outcome_text id)
{
	for (size_t i = 0; i < id.length; i++)
		putc(is_plain(id.at[i]) ? id.at[i] : '_', out);
}

void html_put_command(FILE *out, const json_t *arguments)
{
	size_t i;
	json_t *value;

	json_array_foreach((json_t *)(uintptr_t)arguments, i, value) {
		struct outcome_text word = outcome_text_of(value);
		bool plain = word.length > 0;

		for (size_t k = 0; k < word.length; k++)
			plain = plain && (is_plain(word.at[k]) || strchr(":=,%+@", word.at[k]));
		fputs(i > 0 ? " " : "", out);
		fputs(plain ? "" : "&#39;", out);
		for (size_t place = 0; place < word.length;) {
			uint32_t c = outcome_next(word, &place);

			if (c == '\'')
				fputs("&#39;\\&#39;&#39;", out);
			else
				html_put_point(out, c);
		}
		fputs(plain ? "" : "&#39;", out);
	}
}

void html_put_badge(FILE *out, enum outcome_verdict verdict)
{
	fprintf(out, "<span class=\"badge %s\"><span aria-hidden=\"true\">%s</span> %s</span>", outcome_verdict_names[verdict],
		html_symbols[verdict], outcome_verdict_names[verdict]);
}

void html_put_tally(FILE *out, const size_t counts[OUTCOME_VERDICTS])
{
	const char *between = "";

	fputs("<div class=\"bar\" aria-hidden=\"true\">", out);
	for (size_t i = 0; i < OUTCOME_VERDICTS; i++) {
		if (counts[i] > 0)
			fprintf(out, "<span class=\"%s\" style=\"flex:%zu\"></span>", outcome_verdict_names[i], counts[i]);
	}
	fputs("</div><p class=\"tally\">", out);
	for (size_t i = 0; i < OUTCOME_VERDICTS; i++) {
		if (counts[i] > 0) {
			fprintf(out, "%s%zu %s", between, counts[i], outcome_verdict_names[i]);
			between = ", ";
		}
	}
	fputs("</p>", out);
}

void html_begin(FILE *out, struct outcome_text title, const char *css)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "script-src 'unsafe-inline'; img-src data:\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>", out);
	html_put(out, title);
	fprintf(out, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n", html_css, css);
}

void html_end(FILE *out)
{
	fprintf(out, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", html_js);
}
