/* Octets of a case as they are written: hexadecimal, strings, parts of cookies; and JSON. */
#include "conformance/case_private.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static unsigned hex_digit(char c)
{
	if (c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a') + 10;
}

static uint8_t hex_octet(const char *digits)
{
	return (uint8_t)(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
}

/* The octet of an escape; *p is behind its backslash, and goes to its last octet. */
static uint8_t escaped(const char **p)
{
	switch (**p) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case 'x':
		*p += 2;
		return hex_octet(*p - 1);
	}
	return (uint8_t)**p;
}

uint8_t *case_piece_unescape(const char *begin, const char *end, size_t *length)
{
	uint8_t *octets = malloc((size_t)(end - begin)); /* quotation marks are two octets more than it needs */
	size_t n = 0;

	if (!octets)
		return NULL;
	for (const char *p = begin + 1; p < end - 1; p++) {
		if (*p == '\\') {
			p++;
			octets[n++] = escaped(&p);
		} else {
			octets[n++] = (uint8_t)*p;
		}
	}
	octets[n] = '\0';
	*length = n;
	return octets;
}

/* --- pieces ------------------------------------------------------------------------------------------------------ */

void case_piece_repeat(struct case_parse *parse)
{
	parse->piece.repeat = (size_t)parse->number;
	if (parse->number == 0 || parse->number > CASE_OCTETS_MAX)
		case_fail(parse, parse->word, "a piece is repeated from 1 to %" PRIu64 " times", CASE_OCTETS_MAX);
}

void case_piece_hex(struct case_parse *parse, const char *end)
{
	size_t length = (size_t)(end - parse->word) / 2;
	uint8_t *octets = malloc(length);

	free(parse->piece.octets);
	parse->piece.octets = octets;
	if (!octets) {
		case_no_memory(parse);
		return;
	}
	for (size_t i = 0; i < length; i++)
		octets[i] = hex_octet(parse->word + 2 * i);
	parse->piece.length = length;
}

void case_piece_string(struct case_parse *parse, const char *end)
{
	free(parse->piece.octets);
	parse->piece.octets = case_piece_unescape(parse->word, end, &parse->piece.length);
	if (!parse->piece.octets)
		case_no_memory(parse);
	else if (parse->piece.length == 0 && parse->file->profile == CASE_TEXT_PROFILE)
		case_fail(parse, parse->word, "an empty string is no octet");
}

void case_piece_cookie(struct case_parse *parse)
{
	parse->piece.cookie = parse->cookie;
	parse->piece.begin = 0;
	parse->piece.end = case_cookie_length(parse->file);
	if (!parse->at.cookie)
		parse->at.cookie = parse->word;
}

uint64_t case_piece_total(const struct case_step *step)
{
	uint64_t total = 0;

	for (size_t i = 0; i < step->piece_count; i++) {
		const struct case_piece *piece = &step->pieces[i];

		total += (uint64_t)piece->repeat * (piece->cookie >= 0 ? piece->end - piece->begin : piece->length);
	}
	return total;
}

/* Room for one more piece; at powers of two it doubles. */
static bool grow(struct case_step *step)
{
	size_t n = step->piece_count;
	struct case_piece *pieces;

	if (n & (n - 1))
		return true;
	pieces = realloc(step->pieces, (n ? 2 * n : 1) * sizeof *pieces);
	if (pieces)
		step->pieces = pieces;
	return pieces != NULL;
}

void case_piece_done(struct case_parse *parse)
{
	struct case_piece *piece = &parse->piece;
	struct case_step *step = &parse->step;

	if (piece->cookie >= 0 && (piece->begin >= piece->end || piece->end > case_cookie_length(parse->file)))
		case_fail(parse, parse->word, "a part of a cookie is from 0 to %zu, its end above its begin",
			  case_cookie_length(parse->file));
	else if (piece->length > CASE_OCTETS_MAX / (piece->repeat ? piece->repeat : 1))
		case_fail(parse, parse->word, "this is more than %" PRIu64 " octets", CASE_OCTETS_MAX);
	else if (!parse->failed && !grow(step))
		case_no_memory(parse);
	if (parse->failed)
		free(piece->octets);
	else
		step->pieces[step->piece_count++] = *piece;
	*piece = (struct case_piece){ .cookie = -1, .repeat = 1 };
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

/* Behind the string that begins at p, or end. */
static const char *after_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\' && p + 1 < end;
	return p < end ? p + 1 : end;
}

/* Behind the value that begins at begin with a bracket, whatever is in it; NULL: it does not end in this line. */
static const char *after_value(const char *begin, const char *end)
{
	size_t depth = 0;

	for (const char *p = begin; p < end;) {
		if (*p == '"') {
			p = after_string(p, end);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
		if (depth == 0)
			return p;
	}
	return NULL;
}

/* Puts a number of as many characters in the place of $port(...) at p; returns what is behind it. */
static char *replace_port(struct case_parse *parse, const char *begin, char *text, char *p)
{
	size_t head = strlen("$port("), length;
	const char *at = begin + (p - text);
	char *close = strchr(p, ')');

	if (strncmp(p, "$port(", head) != 0 || !close) {
		case_fail(parse, at, "expected $port(connection), such as $port(#2)");
		return p + 1;
	}
	length = (size_t)(close - p) - head;
	for (size_t i = 0; i < parse->file->label_count; i++) {
		const char *name = parse->file->labels[i].name;

		if (strlen(name) != length || strncmp(p + head, name, length) != 0)
			continue;
		memset(p, ' ', (size_t)(close - p) + 1);
		*p = '1';
		return close + 1;
	}
	case_fail(parse, at + head, "no line above this one is about '%.*s'", (int)(length > 40 ? 40 : length), p + head);
	return close + 1;
}

/* In a string $port(...) stays what it is, which is not what was meant. */
static void replace_ports(struct case_parse *parse, const char *begin, char *text)
{
	char *end = text + strlen(text);

	for (char *p = text; p < end && !parse->failed;) {
		if (*p == '"') {
			char *after = p + (after_string(p, end) - p);
			const char *port = strstr(p, "$port(");

			if (port && port < after)
				case_fail(parse, begin + (port - text), "$port(...) is a number: no quotation marks");
			p = after;
		} else {
			p = *p == '$' ? replace_port(parse, begin, text, p) : p + 1;
		}
	}
}

/* The whole of text, which is what stands at begin, has to be JSON. */
static void validate(struct case_parse *parse, const char *begin, char *text)
{
	json_error_t error;
	json_t *json;

	replace_ports(parse, begin, text);
	if (parse->failed)
		return;
	/* What is sent to an iperf3 program may have integers of any size. */
	json = json_loads(text, parse->file->profile == CASE_IPERF3 ? JSON_DECODE_INT_AS_REAL : 0, &error);
	if (!json && !(parse->file->profile == CASE_IPERF3 && json_error_code(&error) == json_error_numeric_overflow)) {
		size_t at = error.position > 0 ? (size_t)error.position - 1 : 0;

		case_fail(parse, begin + (at < strlen(text) ? at : strlen(text)), "this is not JSON: %s", error.text);
	}
	json_decref(json);
}

const char *case_json(struct case_parse *parse, const char *begin, const char *end)
{
	const char *after = after_value(begin, end);
	char *text;

	if (parse->failed)
		return begin;
	if (!after) {
		case_fail(parse, begin, "this JSON does not end in this line: a bracket or quotation mark is not closed");
		return begin;
	}
	text = strndup(begin, (size_t)(after - begin));
	free(parse->step.json);
	parse->step.json = strndup(begin, (size_t)(after - begin));
	if (!text || !parse->step.json)
		case_no_memory(parse);
	else
		validate(parse, begin, text);
	free(text);
	return after - 1;
}
