/* TAP: a line for each verdict, a row each, hostile texts among them; the end of runs; a whole run. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/outcome.h"
#include "conformance/testrun.h"

#define SENTENCE "While it holds a cookie, a server MUST reject every TCP connection whose preamble differs from it."

struct row {
	const char *name, *json, *says;
};

static const struct row case_rows[] = {
	{ "pass", "{\"id\":\"6.2/1\",\"title\":\"A stranger is rejected\",\"verdict\":\"pass\"}",
	  "ok 7 - 6.2/1 A stranger is rejected\n" },
	{ "skip", "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"skip\",\"reason\":\"T_idle is not known\"}",
	  "ok 7 - 6.2/1 T # SKIP T_idle is not known\n" },
	{ "untested", "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"untested\",\"reason\":\"the server is gone\"}",
	  "ok 7 - 6.2/1 T # SKIP untested: the server is gone\n" },
	{ "no verdict", "{\"id\":\"6.2/1\",\"title\":\"T\"}", "ok 7 - 6.2/1 T # SKIP untested: \n" },
	{ "hostile title", "{\"id\":\"my/1\",\"title\":\"a # TODO b \\\\# c\\nnot ok 8\\u0000\\u001b[1m\\u202ed\",\"verdict\":\"pass\"}",
	  "ok 7 - my/1 a \\# TODO b \\\\\\# c not ok 8  [1m d\n" },
	{ "hostile reason", "{\"id\":\"my/1\",\"title\":\"T\",\"verdict\":\"skip\",\"reason\":\"a\\nBail out! # b\"}",
	  "ok 7 - my/1 T # SKIP a Bail out! \\# b\n" },
	{ "fail",
	  "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"fail\",\"path\":\"6.2/1.case\",\"rerun\":\"iperf-conform server h 6.2/1\","
	  "\"failure\":{\"requirement\":\"R-6.2-1\",\"level\":\"MUST\",\"line\":9,\"expected\":\"#2 S>C closed within 1s\","
	  "\"observed\":\"octets \\\"\\\\x00\\\"\\n  ...\\nok 1\\u0000\\u0085\",\"at\":1.002}}",
	  "not ok 7 - 6.2/1 T\n"
	  "  ---\n"
	  "  severity: fail\n"
	  "  requirement: \"R-6.2-1\"\n"
	  "  level: \"MUST\"\n"
	  "  sentence: \"" SENTENCE "\"\n"
	  "  file: \"6.2/1.case\"\n"
	  "  line: 9\n"
	  "  expected: \"#2 S>C closed within 1s\"\n"
	  "  observed: \"octets \\\"\\\\x00\\\"\\n  ...\\nok 1\\x00\\x85\"\n"
	  "  at: 1.002000\n"
	  "  rerun: \"iperf-conform server h 6.2/1\"\n"
	  "  ...\n" },
	{ "warn",
	  "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"warn\",\"path\":\"p\",\"rerun\":\"r\",\"failure\":{\"requirement\":\"R-0-0\","
	  "\"level\":\"SHOULD\",\"line\":1,\"expected\":\"e\",\"observed\":\"o\",\"at\":0}}",
	  "ok 7 - 6.2/1 T\n"
	  "  ---\n"
	  "  severity: warning\n"
	  "  requirement: \"R-0-0\"\n"
	  "  level: \"SHOULD\"\n"
	  "  sentence: \"\"\n"
	  "  file: \"p\"\n"
	  "  line: 1\n"
	  "  expected: \"e\"\n"
	  "  observed: \"o\"\n"
	  "  at: 0.000000\n"
	  "  rerun: \"r\"\n"
	  "  ...\n" },
};

#define SUMMARY "\"seconds\":3.25,\"summary\":{\"pass\":80,\"fail\":1,\"warn\":0,\"skip\":2,\"untested\":3}"
#define COUNTS ": 80 pass, 1 fail, 0 warn, 2 skip, 3 untested; 3.2 s\n"

static const struct row end_rows[] = {
	{ "conforms", "{\"verdict\":\"conforms\",\"stopped\":null," SUMMARY "}", "# conforms" COUNTS },
	{ "does not conform", "{\"verdict\":\"does not conform\",\"stopped\":null," SUMMARY "}", "# does not conform" COUNTS },
	{ "stopped", "{\"verdict\":\"does not conform\",\"stopped\":\"The server\\nis gone\"," SUMMARY "}",
	  "# does not conform" COUNTS "Bail out! The server is gone\n" },
	{ "could not be tested", "{\"verdict\":\"could not be tested\",\"stopped\":null," SUMMARY "}",
	  "# could not be tested" COUNTS "Bail out! Too little could be tested for a verdict\n" },
};

static bool write_case(FILE *out, const json_t *one)
{
	return tap_case(out, 7, one);
}

static void check(bool (*write)(FILE *, const json_t *), const struct row *row)
{
	json_t *value = testrun_json(row->json);
	char *text = testrun_written(write, value);

	assert_string_equal(text, row->says);
	free(text);
	json_decref(value);
}

static void run_case_row(void **state)
{
	check(write_case, *state);
}

static void run_end_row(void **state)
{
	check(tap_end, *state);
}

static bool write_run(FILE *out, const json_t *run)
{
	size_t i;
	json_t *one;
	bool ok = tap_begin(out, json_array_size(json_object_get(run, "cases")));

	json_array_foreach(json_object_get(run, "cases"), i, one)
		ok = ok && tap_case(out, i + 1, one);
	return ok && tap_end(out, run);
}

/* Every line is of a kind that TAP knows, and the test lines are as many as planned. */
static void test_whole(void **state)
{
	json_t *run = testrun_new();
	char *text = testrun_written(write_run, run), *rest = text, *line;
	size_t tests = 0, open = 0, count = json_array_size(json_object_get(run, "cases"));
	char start[60];

	(void)state;
	snprintf(start, sizeof start, "TAP version 14\n1..%zu\n", count);
	assert_memory_equal(text, start, strlen(start));
	rest += strlen(start);
	while ((line = strsep(&rest, "\n")) && rest) {
		if (strncmp(line, "  ", 2) == 0) {
			open += strcmp(line, "  ---") == 0;
			assert_int_equal(open, 1);
			open -= strcmp(line, "  ...") == 0;
		} else {
			assert_int_equal(open, 0);
			tests += strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0;
			assert_true(strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0 || line[0] == '#');
		}
	}
	assert_int_equal(tests, count);
	free(text);
	json_decref(run);
}

static void test_full_device(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_false(tap_begin(full, 1));
	assert_int_not_equal(errno, 0);
	fclose(full);
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

int main(void)
{
	struct CMUnitTest tests[COUNT(case_rows) + COUNT(end_rows) + 2];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(case_rows); i++)
		tests[n++] = (struct CMUnitTest){ case_rows[i].name, run_case_row, NULL, NULL, (void *)(uintptr_t)&case_rows[i] };
	for (size_t i = 0; i < COUNT(end_rows); i++)
		tests[n++] = (struct CMUnitTest){ end_rows[i].name, run_end_row, NULL, NULL, (void *)(uintptr_t)&end_rows[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_whole);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_full_device);
	return cmocka_run_group_tests_name("tap", tests, NULL, NULL) != 0;
}
