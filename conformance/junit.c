/* JUnit XML, as the dialects have it in common: a suite for each section. JUnit knows no warning: such a case passes and says
 * so in <system-out>. A run that decided nothing has a test case of its own with an <error>, so that it is never green. */
#include "conformance/outcome.h"

#include <errno.h>

#include "conformance/outcome_text.h"

/* In an attribute when line ends are to be kept as references. What XML cannot hold is written as \x1b. */
static void put_xml(FILE *out, struct outcome_text text, bool attribute)
{
	for (size_t place = 0; place < text.length;) {
		uint32_t c = outcome_next(text, &place);

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
		case '\n':
		case '\t':
			if (attribute)
				fprintf(out, "&#%u;", (unsigned)c);
			else
				putc((int)c, out);
			break;
		default:
			if (outcome_is_control(c))
				fprintf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
			else
				outcome_put_utf8(out, c);
		}
	}
}

static void put_attribute(FILE *out, const char *name, struct outcome_text text)
{
	fprintf(out, " %s=\"", name);
	put_xml(out, text, true);
	putc('"', out);
}

static void put_property(FILE *out, const char *name, const json_t *value)
{
	char number[40];

	fprintf(out, "      <property name=\"%s\" value=\"", name);
	if (json_is_number(value)) {
		snprintf(number, sizeof number, "%.9g", json_number_value(value));
		fputs(number, out);
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "true" : "false", out);
	} else {
		put_xml(out, outcome_text_of(value), true);
	}
	fputs("\"/>\n", out);
}

static void put_properties(FILE *out, const json_t *run)
{
	static const char *const timers[] = { "T_hello", "T_begin", "T_idle", "T_results", "T_read", "T_silence", "T_over",
					      "T_reply" };
	static const char *const names[] = { "program", "version", "role", "name", "strict" };
	const json_t *environment = json_object_get(run, "environment");

	fputs("    <properties>\n", out);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put_property(out, names[i], json_object_get(run, names[i]));
	if (json_is_string(json_object_get(run, "profile")))
		put_property(out, "profile", json_object_get(run, "profile"));
	if (json_is_string(json_object_get(run, "only")))
		put_property(out, "only", json_object_get(run, "only"));
	put_property(out, "system", json_object_get(environment, "system"));
	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
		const json_t *timer = json_object_get(json_object_get(environment, "timers"), timers[i]);

		if (timer)
			put_property(out, timers[i], timer);
	}
	fputs("    </properties>\n", out);
}

/* What a failure says, in lines; also of a warning. */
static void put_details(FILE *out, const json_t *one, const json_t *requirements)
{
	const json_t *failure = json_object_get(one, "failure");
	struct outcome_text id = outcome_text(failure, "requirement");
	const json_t *requirement = json_object_get(requirements, id.at);

	put_xml(out, id, false);
	fputs(" (", out);
	put_xml(out, outcome_text(failure, "level"), false);
	fputs("): ", out);
	put_xml(out, outcome_text(requirement, "text"), false);
	fputs("\nexpected: ", out);
	put_xml(out, outcome_text(failure, "expected"), false);
	fputs("\nobserved: ", out);
	put_xml(out, outcome_text(failure, "observed"), false);
	fprintf(out, "\nat: %.6f s\nline: ", outcome_number(failure, "at"));
	put_xml(out, outcome_text(one, "path"), false);
	fprintf(out, ":%.0f\nagain: ", outcome_number(failure, "line"));
	put_xml(out, outcome_text(one, "rerun"), false);
	putc('\n', out);
}

static void put_result(FILE *out, const json_t *one, const json_t *requirements)
{
	const json_t *failure = json_object_get(one, "failure");
	enum outcome_verdict verdict = outcome_verdict(one);

	if (outcome_expected_fail(one)) {
		fputs("      <skipped message=\"fails as expected: ", out);
		put_xml(out, outcome_text(json_object_get(one, "expectation"), "reason"), true);
		fputs("\"/>\n", out);
	} else if (outcome_deviates(one) && verdict != OUTCOME_FAIL) {
		fputs("      <failure message=\"expected ", out);
		put_xml(out, outcome_text(json_object_get(one, "expectation"), "verdict"), true);
		fputs(", found ", out);
		put_xml(out, outcome_text(one, "verdict"), true);
		fputs("\"/>\n", out);
	} else if (verdict == OUTCOME_FAIL) {
		fputs("      <failure message=\"", out);
		put_xml(out, outcome_text(failure, "requirement"), true);
		fputs(": expected ", out);
		put_xml(out, outcome_text(failure, "expected"), true);
		fputs("; observed ", out);
		put_xml(out, outcome_text(failure, "observed"), true);
		putc('"', out);
		put_attribute(out, "type", outcome_text(failure, "level"));
		putc('>', out);
		put_details(out, one, requirements);
		fputs("</failure>\n", out);
	} else if (verdict == OUTCOME_SKIP || verdict == OUTCOME_UNTESTED) {
		fputs("      <skipped message=\"", out);
		fputs(verdict == OUTCOME_UNTESTED ? "untested: " : "", out);
		put_xml(out, outcome_text(one, "reason"), true);
		fputs("\"/>\n", out);
	} else if (verdict == OUTCOME_WARN) {
		fputs("      <system-out>warning: ", out);
		put_details(out, one, requirements);
		fputs("</system-out>\n", out);
	}
}

static void put_case(FILE *out, const json_t *one, const json_t *run)
{
	const json_t *failure = json_object_get(one, "failure");

	fputs("    <testcase classname=\"iperf-conform.", out);
	put_xml(out, outcome_text(run, "role"), true);
	fputs("\" name=\"", out);
	put_xml(out, outcome_text(one, "id"), true);
	putc(' ', out);
	put_xml(out, outcome_text(one, "title"), true);
	fprintf(out, "\" time=\"%.6f\"", outcome_number(one, "seconds"));
	put_attribute(out, "file", outcome_text(one, "path"));
	fprintf(out, " line=\"%.0f\"", json_is_object(failure) ? outcome_number(failure, "line") : 1.0);
	if (outcome_verdict(one) == OUTCOME_PASS && !outcome_deviates(one)) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	put_result(out, one, json_object_get(run, "requirements"));
	fputs("    </testcase>\n", out);
}

static bool is_failure(const json_t *one)
{
	return outcome_deviates(one) || (outcome_verdict(one) == OUTCOME_FAIL && !outcome_expected_fail(one));
}

static bool is_skipped(const json_t *one)
{
	enum outcome_verdict verdict = outcome_verdict(one);

	return !outcome_deviates(one) &&
	       (verdict == OUTCOME_SKIP || verdict == OUTCOME_UNTESTED || outcome_expected_fail(one));
}

/* One suite: the cases of a section. */
static void put_suite(FILE *out, const json_t *section, const json_t *run)
{
	size_t tests = 0, failures = 0, skipped = 0, i;
	double seconds = 0;
	json_t *one;

	json_array_foreach(json_object_get(run, "cases"), i, one) {
		if (!json_equal(json_object_get(one, "section"), section))
			continue;
		tests++;
		failures += is_failure(one);
		skipped += is_skipped(one);
		seconds += outcome_number(one, "seconds");
	}
	fputs("  <testsuite name=\"section ", out);
	put_xml(out, outcome_text_of(section), true);
	fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.6f\"", tests, failures, skipped,
		seconds);
	put_attribute(out, "timestamp", outcome_text(run, "started"));
	fputs(">\n", out);
	put_properties(out, run);
	json_array_foreach(json_object_get(run, "cases"), i, one) {
		if (json_equal(json_object_get(one, "section"), section))
			put_case(out, one, run);
	}
	fputs("  </testsuite>\n", out);
}

static void put_undecided(FILE *out, const json_t *run)
{
	struct outcome_text stopped = outcome_text(run, "stopped");

	fputs("  <testsuite name=\"the run\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\"", out);
	put_attribute(out, "timestamp", outcome_text(run, "started"));
	fputs(">\n", out);
	put_properties(out, run);
	fputs("    <testcase classname=\"iperf-conform\" name=\"The run comes to its end and decides\" time=\"0\">\n"
	      "      <error type=\"undecided\" message=\"", out);
	if (stopped.length > 0)
		put_xml(out, stopped, true);
	else
		fputs("Too little could be tested for a verdict", out);
	fputs("\"/>\n    </testcase>\n  </testsuite>\n", out);
}

bool junit_write(FILE *out, const json_t *run)
{
	json_t *sections = outcome_sorted(json_object_get(run, "cases"), "section"), *section;
	const json_t *cases = json_object_get(run, "cases");
	bool undecided = outcome_status(run) == 3 || outcome_text(run, "stopped").length > 0;
	size_t i, failures = 0, skipped = 0;
	json_t *one;

	if (!sections) {
		errno = ENOMEM;
		return false;
	}
	json_array_foreach((json_t *)(uintptr_t)cases, i, one) {
		failures += is_failure(one);
		skipped += is_skipped(one);
	}
	errno = 0;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"iperf-conform ", out);
	put_xml(out, outcome_text(run, "role"), true);
	putc(' ', out);
	put_xml(out, outcome_text(run, "name"), true);
	fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"%.6f\">\n",
		json_array_size(json_object_get(run, "cases")) + undecided, failures, undecided, skipped,
		outcome_number(run, "seconds"));
	json_array_foreach(sections, i, section)
		put_suite(out, section, run);
	if (undecided)
		put_undecided(out, run);
	fputs("</testsuites>\n", out);
	json_decref(sections);
	return outcome_written(out);
}
