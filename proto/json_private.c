#include "proto/json_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The nesting of arrays and objects in a JSON text; strings are passed over. The library's own bound is deeper, and it
 * recurses. */
static bool too_deep(const char *text, size_t length, int most, size_t *offset)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > most) {
			*offset = i;
			return true;
		}
	}
	return false;
}

/* Within the bounds, and without a NUL, which no JSON has, but the library passes over behind a number or a word; else
 * *problem. */
static bool bounded(const char *text, size_t length, const struct iperf_json_limits *limits,
		    struct iperf_json_problem *problem)
{
	const char *nul;

	if (length > limits->length) {
		problem->fault = IPERF_JSON_LONG;
		problem->offset = limits->length;
		snprintf(problem->text, sizeof problem->text, "longer than %zu octets", limits->length);
		return false;
	}
	if (too_deep(text, length, limits->depth, &problem->offset)) {
		problem->fault = IPERF_JSON_DEEP;
		snprintf(problem->text, sizeof problem->text, "nested deeper than %d", limits->depth);
		return false;
	}
	nul = length > 0 ? memchr(text, '\0', length) : NULL;
	if (nul) {
		problem->fault = IPERF_JSON_SYNTAX;
		problem->offset = (size_t)(nul - text);
		snprintf(problem->text, sizeof problem->text, "a NUL in the text");
		return false;
	}
	return true;
}

static enum iperf_json_fault fault_of(const json_error_t *error)
{
	if (!*error->text) /* the library's way to say so */
		return IPERF_JSON_MEMORY;
	switch (json_error_code(error)) {
	case json_error_numeric_overflow:
		return IPERF_JSON_NUMBER;
	case json_error_duplicate_key:
		return IPERF_JSON_DUPLICATE;
	default:
		return IPERF_JSON_SYNTAX;
	}
}

json_t *iperf_json_load(const char *text, size_t length, const struct iperf_json_limits *limits,
			struct iperf_json_problem *problem)
{
	const size_t flags = JSON_ALLOW_NUL | (limits->duplicates ? 0 : JSON_REJECT_DUPLICATES);
	json_error_t error;
	json_t *value;

	if (!bounded(text, length, limits, problem))
		return NULL;
	value = json_loadb(text, length, flags, &error);
	if (!value && limits->large_integers && fault_of(&error) == IPERF_JSON_NUMBER)
		value = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, &error);
	if (value)
		return value;
	problem->fault = fault_of(&error);
	problem->offset = error.position > 0 ? (size_t)error.position : 0;
	snprintf(problem->text, sizeof problem->text, "%s",
		 problem->fault == IPERF_JSON_MEMORY ? "out of memory" : error.text);
	return NULL;
}

/* --- the iperf3 profile ------------------------------------------------------------------------------------------- */

bool iperf3_json_wrong(struct iperf3_json_error *error, enum iperf_requirement why, const char *format, ...)
{
	va_list arguments;

	error->why = why;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return false;
}

/* The requirement that a text breaks. */
static enum iperf_requirement requirement_of(enum iperf_json_fault fault)
{
	switch (fault) {
	case IPERF_JSON_LONG:
	case IPERF_JSON_DEEP:
		return IPERF_R_32_1;
	case IPERF_JSON_DUPLICATE:
		return IPERF_R_22_4_4;
	case IPERF_JSON_MEMORY:
		return IPERF_R_NONE;
	case IPERF_JSON_NUMBER:
	case IPERF_JSON_SYNTAX:
		break;
	}
	return IPERF_R_22_4_5;
}

struct range {
	size_t from, to; /* octets of the text, the last one excluded */
};

/* The next member of the outer object of a text that is JSON, from *at on. */
static bool next_member(const char *text, size_t length, size_t *at, struct range *key, struct range *value)
{
	bool in_string = false, in_value = false;
	int depth = *at > 0;

	for (size_t i = *at; i < length; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"') {
			in_string = !in_string;
			if (!in_value && in_string)
				key->from = i;
			else if (!in_value)
				key->to = i + 1;
		} else if (!in_string && depth == 1 && in_value && (c == ',' || c == '}')) {
			value->to = i;
			*at = i + 1;
			return true;
		} else if (!in_string && depth == 1 && !in_value && c == ':') {
			in_value = true;
			value->from = i + 1;
		} else if (!in_string && (c == '{' || c == '[')) {
			depth++;
		} else if (!in_string && (c == '}' || c == ']')) {
			depth--;
		}
	}
	return false;
}

/* Whether the key of a member is among those seen, or one stands twice within the member "streams". */
static bool member_repeated(const char *text, const char *name, const struct range *value, const json_t *seen,
			    const struct iperf_json_limits *limits, struct iperf_json_problem *problem)
{
	json_t *streams;

	if (json_object_get(seen, name)) {
		problem->fault = IPERF_JSON_DUPLICATE;
		snprintf(problem->text, sizeof problem->text, "%.100s: stands twice", name);
		return true;
	}
	if (strcmp(name, "streams") != 0)
		return false;
	streams = iperf_json_load(text + value->from, value->to - value->from, limits, problem);
	problem->offset += value->from;
	json_decref(streams);
	return !streams && problem->fault == IPERF_JSON_DUPLICATE;
}

/* Whether a key of the outer object, or one within its "streams", stands twice, or memory runs out; *problem says
 * which. The text is JSON within its limits. */
static bool repeated(const char *text, size_t length, const struct iperf_json_limits *limits,
		     struct iperf_json_problem *problem)
{
	json_t *seen = json_object();
	struct range key = { 0, 0 }, value = { 0, 0 };
	size_t at = 0;
	bool found = false;

	while (!found && next_member(text, length, &at, &key, &value)) {
		json_t *name = json_loadb(text + key.from, key.to - key.from, JSON_DECODE_ANY, NULL);

		problem->offset = key.from;
		found = name && member_repeated(text, json_string_value(name), &value, seen, limits, problem);
		if (!name || (!found && json_object_set_new(seen, json_string_value(name), json_null()) != 0)) {
			problem->fault = IPERF_JSON_MEMORY;
			snprintf(problem->text, sizeof problem->text, "out of memory");
			found = true;
		}
		json_decref(name);
	}
	json_decref(seen);
	return found;
}

json_t *iperf3_json_load(const char *text, size_t length, size_t max, struct iperf3_json_error *error)
{
	struct iperf_json_limits limits = { .length = max, .depth = IPERF3_DEPTH_MAX, .large_integers = true };
	struct iperf_json_problem problem = { 0 };
	json_t *object = iperf_json_load(text, length, &limits, &problem);

	memset(error, 0, sizeof *error);
	if (!object && problem.fault == IPERF_JSON_DUPLICATE) {
		limits.duplicates = true;
		object = iperf_json_load(text, length, &limits, &problem);
		limits.duplicates = false;
		if (json_is_object(object) && repeated(text, length, &limits, &problem)) {
			json_decref(object);
			object = NULL;
		}
	}
	if (!object) {
		error->at_known = true;
		error->offset = problem.offset;
		iperf3_json_wrong(error, requirement_of(problem.fault), "%s", problem.text);
		return NULL;
	}
	if (json_is_object(object))
		return object;
	json_decref(object);
	iperf3_json_wrong(error, IPERF_R_22_4_1, "not an object");
	return NULL;
}

bool iperf3_json_integer(const json_t *number, int64_t *value)
{
	const double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;
	double real = json_number_value(number);

	if (json_is_integer(number)) {
		*value = json_integer_value(number);
		return true;
	}
	if (!json_is_real(number))
		return false;
	if (real == two_64) /* what 2^64 - 1 is as a double */
		*value = -1;
	else if (real >= two_63)
		*value = INT64_MAX;
	else if (real < -two_63)
		*value = INT64_MIN;
	else
		*value = (int64_t)real;
	return real >= two_63 || real < -two_63 || (double)*value == real;
}
