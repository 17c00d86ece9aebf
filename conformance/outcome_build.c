#include "conformance/outcome_build.h"

#include <string.h>

#include "conformance/outcome_text.h"
#include <sys/utsname.h>
#include <time.h>

static json_t *text_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	if (string)
		return string;
	return text ? json_string("(not UTF-8)") : json_null();
}

/* Octets of others: what is no printable ASCII becomes '?'. */
static json_t *clean(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	json_t *string;
	char *copy;

	if (!text)
		return json_null();
	copy = strdup(text);
	if (!copy)
		return json_null();
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)copy[i] < ' ' && !strchr("\n\t", copy[i])) || (unsigned char)copy[i] >= 0x7f)
			copy[i] = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

static json_t *environment(const int64_t *timers, enum case_profile profile)
{
	json_t *all = json_object(), *list = json_object();
	struct utsname system;
	char text[3 * sizeof system.release];

	for (unsigned i = 1; i < PLAY_TIMERS; i++)
		if (case_timer_profile((enum case_timer)i) == profile)
			json_object_set_new(list, case_timer_name((enum case_timer)i), json_real((double)timers[i] / 1e9));
	if (uname(&system) == 0) {
		snprintf(text, sizeof text, "%s %s %s", system.sysname, system.release, system.machine);
		json_object_set_new(all, "system", clean(text));
	}
	json_object_set_new(all, "timers", list);
	return all;
}

static json_t *now_text(void)
{
	char text[40];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

json_t *outcome_new(const struct outcome_about *about)
{
	json_t *run = json_object(), *arguments = json_array();

	json_array_append_new(arguments, json_string("iperf-conform"));
	for (size_t i = 0; about->arguments[i]; i++) { /* the first is "iperf-conform server" */
		const char *name = i == 0 ? strrchr(about->arguments[i], ' ') : NULL;

		json_array_append_new(arguments, text_or_null(name ? name + 1 : about->arguments[i]));
	}
	json_object_set_new(run, "program", json_string("iperf-conform"));
	json_object_set_new(run, "version", json_string(IPERF_VERSION));
	json_object_set_new(run, "format", json_integer(1));
	json_object_set_new(run, "role", json_string(about->role == CASE_SERVER ? "server" : "client"));
	json_object_set_new(run, "profile", json_string(case_profile_name(about->profile)));
	json_object_set_new(run, "name", text_or_null(about->name));
	json_object_set_new(run, "arguments", arguments);
	json_object_set_new(run, "started", now_text());
	json_object_set_new(run, "seconds", json_real(0));
	json_object_set_new(run, "environment", environment(about->timers, about->profile));
	json_object_set_new(run, "strict", json_boolean(about->strict));
	json_object_set_new(run, "only", about->only_seed ? json_string(about->profile == CASE_IPERF3 ? "observed" : "seed") :
						    json_null());
	if (about->expects)
		json_object_set_new(run, "deviations", json_integer(0));
	json_object_set_new(run, "cases", json_array());
	json_object_set_new(run, "requirements", json_object());
	json_object_set_new(run, "summary", json_pack("{s:i, s:i, s:i, s:i, s:i}", "pass", 0, "fail", 0, "warn", 0, "skip", 0,
						      "untested", 0));
	json_object_set_new(run, "verdict", json_string("could not be tested"));
	json_object_set_new(run, "stopped", json_null());
	return run;
}

/* --- a case ------------------------------------------------------------------------------------------------------ */

static bool is_should(enum iperf_requirement requirement)
{
	return strcmp(iperf_requirements[requirement].level, "MUST") != 0;
}

static const char *verdict_of(const struct play_result *result, bool strict)
{
	switch (result->verdict) {
	case PLAY_PASS:
		return "pass";
	case PLAY_FAIL:
		return !strict && is_should(result->requirement) ? "warn" : "fail";
	case PLAY_SKIP:
		return "skip";
	case PLAY_UNTESTED:
		break;
	}
	return "untested";
}

static json_t *failure_of(const struct play_result *result)
{
	const struct iperf_requirement_text *requirement = &iperf_requirements[result->requirement];

	if (result->verdict != PLAY_FAIL)
		return json_null();
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:f}", "requirement", requirement->id, "level", requirement->level,
			 "line", (int)result->line, "expected", clean(result->expected), "observed",
			 clean(result->observed), "at", result->at);
}

static json_t *section_of(const char *id)
{
	const char *slash = strrchr(id, '/');

	return json_stringn(id, slash ? (size_t)(slash - id) : strlen(id));
}

json_t *outcome_case(const struct case_file *file, const struct play_result *result, bool strict, const char *rerun)
{
	bool reason = result->verdict == PLAY_SKIP || result->verdict == PLAY_UNTESTED;
	json_t *one = json_object(), *tests = json_array();

	for (size_t i = 0; i < file->test_count; i++)
		json_array_append_new(tests, json_string(iperf_requirements[file->tests[i]].id));
	json_object_set_new(one, "id", text_or_null(file->id));
	json_object_set_new(one, "section", section_of(file->id));
	json_object_set_new(one, "title", text_or_null(file->title));
	json_object_set_new(one, "path", text_or_null(file->path));
	json_object_set_new(one, "source", text_or_null(file->text));
	json_object_set_new(one, "tests", tests);
	json_object_set_new(one, "seconds", json_real(result->seconds));
	json_object_set_new(one, "verdict", json_string(verdict_of(result, strict)));
	json_object_set_new(one, "reason", reason ? clean(result->reason) : json_null());
	json_object_set_new(one, "failure", failure_of(result));
	json_object_set_new(one, "rerun", text_or_null(rerun));
	json_object_set_new(one, "expected", result->steps ? json_incref(result->steps) : json_array());
	json_object_set_new(one, "observed", result->said ? json_incref(result->said) : json_array());
	json_object_set_new(one, "cookies", result->cookies ? json_incref(result->cookies) : json_object());
	if (file->role == CASE_CLIENT || result->output) {
		json_object_set_new(one, "exit", result->has_exit ? json_integer(result->exit_status) : json_null());
		json_object_set_new(one, "output", clean(result->output));
	}
	return one;
}

static void add_requirement(json_t *all, const char *id)
{
	for (int i = 1; i < IPERF_REQUIREMENT_COUNT; i++) {
		const struct iperf_requirement_text *r = &iperf_requirements[i];

		if (strcmp(r->id, id) == 0)
			json_object_set_new(all, id, json_pack("{s:s, s:s, s:s, s:s}", "level", r->level, "role", r->role,
							       "provenance", r->provenance, "text", r->text));
	}
}

void outcome_add(json_t *run, json_t *one)
{
	json_t *requirements = json_object_get(run, "requirements"), *summary = json_object_get(run, "summary"), *test;
	const char *verdict = json_string_value(json_object_get(one, "verdict"));
	json_t *failure = json_object_get(one, "failure");
	size_t i;

	json_array_foreach(json_object_get(one, "tests"), i, test)
		add_requirement(requirements, json_string_value(test));
	if (json_is_object(failure))
		add_requirement(requirements, json_string_value(json_object_get(failure, "requirement")));
	json_object_set_new(summary, verdict,
			    json_integer(json_integer_value(json_object_get(summary, verdict)) + 1));
	if (outcome_deviates(one))
		json_object_set_new(run, "deviations", json_integer(json_integer_value(json_object_get(run, "deviations")) + 1));
	json_array_append_new(json_object_get(run, "cases"), one);
}

void outcome_close(json_t *run, double seconds, const char *stopped)
{
	const json_t *summary = json_object_get(run, "summary");
	json_int_t failed = json_integer_value(json_object_get(summary, "fail"));
	json_int_t untested = json_integer_value(json_object_get(summary, "untested"));
	json_int_t passed = json_integer_value(json_object_get(summary, "pass")) +
			    json_integer_value(json_object_get(summary, "warn"));
	bool complete = !stopped && untested == 0 && passed > 0;
	bool interrupted = stopped && strcmp(stopped, "interrupted") == 0; /* nobody wants to know any more */

	json_object_set_new(run, "seconds", json_real(seconds));
	json_object_set_new(run, "stopped", text_or_null(stopped));
	json_object_set_new(run, "verdict", json_string(failed > 0 && !interrupted ? "does not conform" :
						      complete ? "conforms" : "could not be tested"));
}
