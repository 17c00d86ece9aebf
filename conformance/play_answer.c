/* Results: whether an answer is well-formed, and says what the case expects. */
#include "conformance/play_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/results.h"

#define STREAMS 4096 /* in result data, at most */
#define NEAR 1e-9

/* --- the pattern ------------------------------------------------------------------------------------------------- */

/* The port that $port(NAME) stands for, or -1. */
static int port_of(const struct play *play, const char *name, size_t length)
{
	for (size_t i = 0; i < play->file->label_count; i++) {
		const struct case_label *label = &play->file->labels[i];

		if (strlen(label->name) == length && memcmp(label->name, name, length) == 0)
			return play->conns[i] ? play->conns[i]->client.port : -1;
	}
	return -1;
}

char *play_with_ports(const struct play *play, const char *from)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	while (*from) {
		const char *close = strncmp(from, "$port(", 6) == 0 ? strchr(from, ')') : NULL;

		if (close)
			fprintf(out, "%d", port_of(play, from + 6, (size_t)(close - from - 6)));
		else
			fputc(*from, out);
		from = close ? close + 1 : from + 1;
	}
	return fclose(out) == 0 ? text : NULL;
}

static json_t *pattern_of(const struct play *play)
{
	char *text = play_with_ports(play, play->step->json);
	json_t *pattern = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	free(text);
	return pattern;
}

/* --- the first difference ---------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static bool differ(struct play_difference *d, const char *path, const char *format, ...)
{
	va_list arguments;

	snprintf(d->path, sizeof d->path, "%s", path);
	va_start(arguments, format);
	vsnprintf(d->text, sizeof d->text, format, arguments);
	va_end(arguments);
	return false;
}

/* As it was written, as far as that is known: what was read as a real number may have been an integer. */
static char *dump(const json_t *value)
{
	double real = json_real_value(value);
	char text[40];

	if (!json_is_real(value) || fabs(real) > 2e19 || real != nearbyint(real))
		return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(text, sizeof text, "%.0f", real);
	return strdup(real >= 1.8446744073709551e19 ? "18446744073709551615" : text);
}

static bool differ_value(struct play_difference *d, const char *path, const json_t *expected, const json_t *value)
{
	char *a = dump(expected), *b = dump(value);

	differ(d, path, "%s is %s, expected %s", path, b ? b : "?", a ? a : "?");
	free(a);
	free(b);
	return false;
}

/* "low..high" */
static bool is_in_range(const char *range, double value)
{
	const char *dots = strstr(range, "..");
	char low[40];

	if (!dots || dots == range)
		return false;
	snprintf(low, sizeof low, "%.*s", (int)(dots - range), range); /* else the first dot would be taken for decimals */
	return value >= strtod(low, NULL) && value <= strtod(dots + 2, NULL);
}

/* Of the members "a|b", one is there. */
static bool has_one_of(const json_t *value, const char *names)
{
	for (size_t length; *names; names += length + (names[length] == '|')) {
		char name[80];

		length = strcspn(names, "|");
		snprintf(name, sizeof name, "%.*s", (int)length, names);
		if (json_object_get(value, name))
			return true;
	}
	return false;
}

static bool same_members(struct play_difference *d, const char *path, json_t *expected, const json_t *value)
{
	const char *name;
	json_t *one;

	if (!json_is_object(value))
		return differ_value(d, path, expected, value);
	json_object_foreach(expected, name, one) {
		char below[120];

		snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", name);
		if (d->null_is_absent && strchr(name, '|')) {
			if (!has_one_of(value, name))
				return differ(d, below, "%s is missing", below);
			continue;
		}
		if (json_is_null(one) && d->null_is_absent) {
			if (json_object_get(value, name))
				return differ(d, below, "%s is there", below);
			continue;
		}
		if (!json_object_get(value, name))
			return differ(d, below, "%s is missing", below);
		if (!play_same(d, below, one, json_object_get(value, name)))
			return false;
	}
	return true;
}

static bool same_elements(struct play_difference *d, const char *path, const json_t *expected, const json_t *value)
{
	if (!json_is_array(value))
		return differ_value(d, path, expected, value);
	if (json_array_size(value) != json_array_size(expected))
		return differ(d, path, "%s has %zu elements, expected %zu", path, json_array_size(value),
			      json_array_size(expected));
	for (size_t i = 0; i < json_array_size(expected); i++) {
		char below[120];

		snprintf(below, sizeof below, "%s[%zu]", path, i);
		if (!play_same(d, below, json_array_get(expected, i), json_array_get(value, i)))
			return false;
	}
	return true;
}

/* 18446744073709551615 is -1 of some writers (R-22.4-8). */
static bool is_unsigned_minus_one(const json_t *expected, const json_t *value)
{
	double low = -1;

	if (json_is_string(expected) && !is_in_range(json_string_value(expected), low))
		return false;
	return (json_is_string(expected) || (json_is_number(expected) && fabs(json_number_value(expected) + 1) < NEAR)) &&
	       json_is_number(value) && json_number_value(value) >= 1.8446744073709551e19 &&
	       json_number_value(value) <= 1.8446744073709552e19;
}

bool play_same(struct play_difference *d, const char *path, const json_t *expected, const json_t *value)
{
	if (json_is_object(expected))
		return same_members(d, path, (json_t *)expected, value);
	if (json_is_array(expected))
		return same_elements(d, path, expected, value);
	if (json_is_number(expected) && json_is_number(value) &&
	    fabs(json_number_value(expected) - json_number_value(value)) < NEAR)
		return true;
	if (d->any_minus_one && is_unsigned_minus_one(expected, value))
		return true;
	if (json_is_string(expected) && json_is_number(value) &&
	    is_in_range(json_string_value(expected), json_number_value(value)))
		return true;
	return json_equal(expected, value) || differ_value(d, path, expected, value);
}

/* The requirement that a member's value is about: rather one that the case tests. */
static enum iperf_requirement requirement_of(const struct play *play, const char *path)
{
	static const struct {
		const char *end;
		enum iperf_requirement requirements[4];
	} members[] = {
		{ ".id", { IPERF_R_9_2_4 } },
		{ ".protocol", { IPERF_R_9_2_3 } },
		{ ".client_port", { IPERF_R_9_2_3, IPERF_R_9_2_4 } },
		{ ".bytes", { IPERF_R_8_2_5, IPERF_R_8_2_3, IPERF_R_8_1_4, IPERF_R_8_3_3 } },
		{ ".packets", { IPERF_R_9_2_5, IPERF_R_8_3_3 } },
		{ ".seconds", { IPERF_R_9_2_7 } },
		{ ".complete", { IPERF_R_8_2_1, IPERF_R_8_2_6, IPERF_R_8_3_2 } },
		{ "bytes", { IPERF_R_9_2_6 } },
		{ "streams", { IPERF_R_9_2_2 } },
	};
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		size_t end = strlen(members[i].end);

		if (length < end || strcmp(path + length - end, members[i].end) != 0)
			continue;
		for (size_t k = 0; k < 4 && members[i].requirements[k] != IPERF_R_NONE; k++)
			for (size_t t = 0; t < play->file->test_count; t++)
				if (play->file->tests[t] == members[i].requirements[k])
					return play->file->tests[t];
		return members[i].requirements[0];
	}
	return IPERF_R_NONE;
}

static void compare(struct play *play, const char *text, size_t length)
{
	struct play_difference d = { .null_is_absent = false };
	json_t *value = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
	json_t *pattern = play->step->json ? pattern_of(play) : NULL;

	if (play->step->json && (!pattern || !value))
		play_untested(play, "line %u: the pattern or the answer could not be read", play->step->line);
	else if (pattern && !play_same(&d, "", pattern, value))
		play_fail(play, requirement_of(play, d.path), "%s", d.text);
	json_decref(pattern);
	json_decref(value);
}

/* --- form -------------------------------------------------------------------------------------------------------- */

/* Reads up to the space before the data. Returns its length, or 0 when the case has failed. */
static size_t read_head(struct play *play, const uint8_t *octets, size_t length)
{
	struct iperf_parser parser;
	char expected[200];
	size_t used;

	iperf_parser_init(&parser, IPERF_GRAMMAR_ANSWER, &play->cookies[play->step->cookie]);
	used = iperf_parser_feed(&parser, octets, length);
	if (parser.status == IPERF_PARSE_DONE)
		return used;
	iperf_parser_expected(&parser, expected, sizeof expected);
	if (parser.status == IPERF_PARSE_WRONG)
		play_fail_as(play, parser.offset < IPERF_MESSAGE_MAX ? IPERF_R_9_1_3 : IPERF_R_9_1_5, expected,
			     "octet %u of the answer is 0x%02x", parser.offset, octets[parser.offset]);
	else
		play_fail_as(play, IPERF_R_9_1_3, expected, "the answer ends after %zu octets", length);
	return 0;
}

/* What form demands beyond what a client may insist on. */
static bool is_bare(const char *text, size_t length)
{
	return length > 0 && text[0] == '{' && text[length - 1] == '}';
}

/* How many octets follow the object that text begins with; 0 when it is none, or nothing does. */
static size_t rest_of(const char *text, size_t length)
{
	json_error_t where;
	json_t *object = json_loadb(text, length, JSON_DISABLE_EOF_CHECK, &where);
	size_t end = object ? (size_t)where.position : length;

	json_decref(object);
	while (end < length && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	return length - end;
}

/* What follows the object is either a second answer or something between. */
static void say_rest(struct play *play, const char *rest, size_t length)
{
	bool answer = length >= 6 && memcmp(rest, "IPERF_", 6) == 0;

	play_fail_as(play, answer ? IPERF_R_9_1_10 : IPERF_R_9_2_9, "one object, and nothing before or after it",
		     "%zu octets after the object", length);
}

static void check_data(struct play *play, const char *text, size_t length)
{
	static struct iperf_stream_result streams[STREAMS];
	struct iperf_results results = { .capacity = STREAMS, .streams = streams };
	struct iperf_results_error error;
	bool decoded = iperf_results_decode(text, length, &results, &error);
	size_t rest = decoded ? 0 : rest_of(text, length);

	if (rest > 0)
		say_rest(play, text + length - rest, rest);
	else if (!decoded)
		play_fail_as(play, error.why == IPERF_R_NONE ? IPERF_R_9_2_1 : error.why, "result data as of SPEC 9.2", "%s",
			     error.text);
	else if (!is_bare(text, length))
		play_fail_as(play, IPERF_R_9_2_9, "one object, and nothing before or after it",
			     "white space around the object of the result data");
	else
		compare(play, text, length);
}

void play_answer(struct play *play, struct wire_conn *conn)
{
	const uint8_t *octets = conn->octets + conn->taken;
	size_t length = conn->length - conn->taken, head;

	if (length == 0) {
		play_took_end(play, conn);
		play_fail(play, IPERF_R_9_1_7, "%s without an answer", conn->reset ? "a reset" : "end-of-file");
		return;
	}
	play_took(play, conn, length);
	play_took_end(play, conn);
	head = read_head(play, octets, length);
	if (play_goes_on(play))
		check_data(play, (const char *)octets + head, length - head);
	if (!play_goes_on(play) && conn->reset) /* it may have destroyed the rest */
		for (size_t i = 0; i < play->file->test_count; i++)
			if (play->file->tests[i] == IPERF_R_9_1_11)
				play->result->requirement = IPERF_R_9_1_11;
}
