/* Reads the document of a run again, and says what is wrong when it is none. */
#include "conformance/outcome.h"

#include <errno.h>
#include <string.h>

#include "conformance/outcome_text.h"

#define FORMAT 1

enum type { STRING, NUMBER, BOOLEAN, ARRAY, OBJECT, OR_NULL = 16 };

struct member {
	const char *name;
	int type;
	bool optional;
	const struct member *inner; /* of an object, or of each element of an array or member of a map; NULL: not looked at */
	int element;                /* type of the elements of an array without inner */
	bool map;                   /* an object whose members have any name */
};

static const struct member environment[] = {
	{ .name = "system", .type = STRING },
	{ .name = "timers", .type = OBJECT },
	{ .name = NULL },
};
static const struct member failure[] = {
	{ .name = "requirement", .type = STRING },
	{ .name = "level", .type = STRING },
	{ .name = "line", .type = NUMBER },
	{ .name = "expected", .type = STRING },
	{ .name = "observed", .type = STRING },
	{ .name = "at", .type = NUMBER },
	{ .name = NULL },
};
static const struct member expectation[] = {
	{ .name = "verdict", .type = STRING },
	{ .name = "reason", .type = STRING },
	{ .name = "met", .type = BOOLEAN },
	{ .name = NULL },
};
static const struct member step[] = {
	{ .name = "line", .type = NUMBER },
	{ .name = "text", .type = STRING },
	{ .name = "connection", .type = STRING | OR_NULL },
	{ .name = "direction", .type = STRING, .optional = true },
	{ .name = "state", .type = STRING },
	{ .name = "at", .type = NUMBER, .optional = true },
	{ .name = NULL },
};
static const struct member said[] = {
	{ .name = "at", .type = NUMBER },
	{ .name = "connection", .type = STRING | OR_NULL },
	{ .name = "direction", .type = STRING, .optional = true },
	{ .name = "text", .type = STRING },
	{ .name = "length", .type = NUMBER, .optional = true },
	{ .name = "octets", .type = STRING, .optional = true },
	{ .name = "wrong", .type = BOOLEAN, .optional = true },
	{ .name = NULL },
};
static const struct member one_case[] = {
	{ .name = "id", .type = STRING },
	{ .name = "section", .type = STRING },
	{ .name = "title", .type = STRING },
	{ .name = "path", .type = STRING },
	{ .name = "source", .type = STRING },
	{ .name = "tests", .type = ARRAY, .element = STRING },
	{ .name = "seconds", .type = NUMBER },
	{ .name = "verdict", .type = STRING },
	{ .name = "reason", .type = STRING | OR_NULL, .optional = true },
	{ .name = "failure", .type = OBJECT | OR_NULL, .optional = true, .inner = failure },
	{ .name = "expectation", .type = OBJECT, .optional = true, .inner = expectation },
	{ .name = "rerun", .type = STRING },
	{ .name = "expected", .type = ARRAY, .inner = step, .element = OBJECT },
	{ .name = "observed", .type = ARRAY, .inner = said, .element = OBJECT },
	{ .name = "cookies", .type = OBJECT, .optional = true },
	{ .name = "exit", .type = NUMBER | OR_NULL, .optional = true },
	{ .name = "output", .type = STRING | OR_NULL, .optional = true },
	{ .name = NULL },
};
static const struct member requirement[] = {
	{ .name = "level", .type = STRING },
	{ .name = "role", .type = STRING },
	{ .name = "provenance", .type = STRING },
	{ .name = "text", .type = STRING },
	{ .name = NULL },
};
static const struct member summary[] = {
	{ .name = "pass", .type = NUMBER },
	{ .name = "fail", .type = NUMBER },
	{ .name = "warn", .type = NUMBER },
	{ .name = "skip", .type = NUMBER },
	{ .name = "untested", .type = NUMBER },
	{ .name = NULL },
};
static const struct member whole[] = {
	{ .name = "program", .type = STRING },
	{ .name = "version", .type = STRING },
	{ .name = "role", .type = STRING },
	{ .name = "profile", .type = STRING, .optional = true },
	{ .name = "name", .type = STRING },
	{ .name = "arguments", .type = ARRAY, .element = STRING },
	{ .name = "started", .type = STRING },
	{ .name = "seconds", .type = NUMBER },
	{ .name = "environment", .type = OBJECT, .inner = environment },
	{ .name = "strict", .type = BOOLEAN },
	{ .name = "only", .type = STRING | OR_NULL, .optional = true },
	{ .name = "cases", .type = ARRAY, .inner = one_case, .element = OBJECT },
	{ .name = "requirements", .type = OBJECT, .inner = requirement, .map = true },
	{ .name = "summary", .type = OBJECT, .inner = summary },
	{ .name = "verdict", .type = STRING },
	{ .name = "deviations", .type = NUMBER, .optional = true },
	{ .name = "stopped", .type = STRING | OR_NULL, .optional = true },
	{ .name = NULL },
};

/* Where the search for what is missing stands, and the sentence that it ends with. */
struct search {
	char place[200];
	char *text;
	size_t size;
};

static bool is_type(const json_t *value, int type)
{
	if ((type & OR_NULL) && json_is_null(value))
		return true;
	switch (type & ~OR_NULL) {
	case STRING:
		return json_is_string(value);
	case NUMBER:
		return json_is_number(value);
	case BOOLEAN:
		return json_is_boolean(value);
	case ARRAY:
		return json_is_array(value);
	default:
		return json_is_object(value);
	}
}

static bool wants(struct search *search, const json_t *value, int type)
{
	static const char *const types[] = { "a string", "a number", "true or false", "an array", "an object" };

	if (value && is_type(value, type))
		return true;
	if (!value)
		snprintf(search->text, search->size, "it lacks %s", search->place);
	else
		snprintf(search->text, search->size, "%s is not %s%s", search->place, types[type & ~OR_NULL],
			 type & OR_NULL ? " or null" : "");
	return false;
}

static bool members_ok(struct search *search, const json_t *object, const struct member *members);

static bool inner_ok(struct search *search, const json_t *value, const struct member *member)
{
	size_t length = strlen(search->place), i;
	const char *key;
	json_t *element;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element) {
			snprintf(search->place + length, sizeof search->place - length, "[%zu]", i);
			if (!wants(search, element, member->element) ||
			    (member->inner && !members_ok(search, element, member->inner)))
				return false;
		}
	} else if (member->map) {
		json_object_foreach((json_t *)(uintptr_t)value, key, element) {
			snprintf(search->place + length, sizeof search->place - length, ".%.60s", key);
			if (!wants(search, element, OBJECT) || !members_ok(search, element, member->inner))
				return false;
		}
	} else if (json_is_object(value) && member->inner) {
		if (!members_ok(search, value, member->inner))
			return false;
	}
	search->place[length] = '\0';
	return true;
}

static bool members_ok(struct search *search, const json_t *object, const struct member *members)
{
	size_t length = strlen(search->place);

	for (const struct member *m = members; m->name; m++) {
		const json_t *value = json_object_get(object, m->name);

		if (!value && m->optional)
			continue;
		snprintf(search->place + length, sizeof search->place - length, "%s%s", length ? "." : "", m->name);
		if (!wants(search, value, m->type) || !inner_ok(search, value, m))
			return false;
	}
	search->place[length] = '\0';
	return true;
}

/* The words on which reports decide. */
static bool words_ok(struct search *search, const json_t *run)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(run, "cases"), i, one) {
		if (!outcome_is(outcome_text(one, "verdict"), outcome_verdict_names[outcome_verdict(one)])) {
			snprintf(search->text, search->size, "cases[%zu].verdict is none of pass, fail, warn, skip, untested", i);
			return false;
		}
	}
	if (outcome_status(run) == 3 && !json_object_get(run, "deviations") &&
	    !outcome_is(outcome_text(run, "verdict"), "could not be tested")) {
		snprintf(search->text, search->size,
			 "verdict is none of conforms, does not conform, could not be tested");
		return false;
	}
	return true;
}

static bool document_ok(const json_t *run, char *text, size_t size)
{
	struct search search = { .place = "", .text = text, .size = size };
	const json_t *format = json_object_get(run, "format");

	if (!json_is_object(run) || !json_is_integer(format)) {
		snprintf(text, size, "it is JSON, but no outcome of a run; make one with --json");
		return false;
	}
	if (json_integer_value(format) != FORMAT) {
		snprintf(text, size, "it is of format %lld, and this program reads format %d",
			 (long long)json_integer_value(format), FORMAT);
		return false;
	}
	return members_ok(&search, run, whole) && words_ok(&search, run);
}

json_t *outcome_read(const char *path, char *text, size_t size)
{
	json_error_t error;
	FILE *in = fopen(path, "r");
	char why[300];
	json_t *run;

	if (!in) {
		snprintf(text, size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	errno = 0;
	run = json_loadf(in, JSON_ALLOW_NUL, &error);
	if (!run && ferror(in))
		snprintf(text, size, "%s: %s", path, strerror(errno));
	else if (!run)
		snprintf(text, size, "%s: is no JSON, line %d column %d: %s", path, error.line, error.column, error.text);
	fclose(in);
	if (run && !document_ok(run, why, sizeof why)) {
		snprintf(text, size, "%s: %s", path, why);
		json_decref(run);
		run = NULL;
	}
	for (char *c = text; !run && *c; c++) { /* names in the file can be anything */
		if ((*c >= 0 && *c < ' ') || *c == 0x7f)
			*c = '?';
	}
	return run;
}

int outcome_status(const json_t *run)
{
	struct outcome_text verdict = outcome_text(run, "verdict");

	if (json_object_get(run, "deviations"))
		return outcome_text(run, "stopped").length > 0 ? 3 : outcome_number(run, "deviations") > 0;
	return outcome_is(verdict, "conforms") ? 0 : outcome_is(verdict, "does not conform") ? 1 : 3;
}
