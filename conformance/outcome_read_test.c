/* What is refused as the document of a run, and with which sentence: each row changes the sample in one place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/outcome.h"
#include "conformance/outcome_text.h"
#include "conformance/testrun.h"

struct row {
	const char *name, *find, *put, *says; /* find NULL: put is the whole file; says NULL: it is read */
};

static const struct row rows[] = {
	{ "as it is", "iperf-conform", "iperf-conform", NULL },
	{ "more members", "\"format\": 1", "\"format\": 1, \"mood\": [{}]", NULL },
	{ "empty", NULL, "", "is no JSON, line 1 column 0: '[' or '{' expected near end of file" },
	{ "text", NULL, "hello\033[2J", "is no JSON, line 1 column 5: '[' or '{' expected near 'hello'" },
	{ "array", NULL, "[1]", "it is JSON, but no outcome of a run; make one with --json" },
	{ "another document", NULL, "{\"captures\":[]}", "it is JSON, but no outcome of a run; make one with --json" },
	{ "format of another type", "\"format\": 1", "\"format\": \"1\"", "it is JSON, but no outcome of a run; make one with --json" },
	{ "format 2", "\"format\": 1", "\"format\": 2", "it is of format 2, and this program reads format 1" },
	{ "no cases", "\"cases\"", "\"casks\"", "it lacks cases" },
	{ "no name", "\"name\"", "\"nome\"", "it lacks name" },
	{ "no verdict of a case", "\"verdict\": \"warn\"", "\"judgement\": 1", "it lacks cases[5].verdict" },
	{ "a verdict unknown", "\"verdict\": \"warn\"", "\"verdict\": \"good\"",
	  "cases[5].verdict is none of pass, fail, warn, skip, untested" },
	{ "a verdict of the run unknown", "does not conform", "fine", "verdict is none of conforms, does not conform, could not be tested" },
	{ "line of another type", "\"line\": 9, \"expected\"", "\"line\": \"9\", \"expected\"", "cases[5].failure.line is not a number" },
	{ "test of another type", "\"tests\": [\"R-4.3-3\"", "\"tests\": [4", "cases[5].tests[0] is not a string" },
	{ "case of another type", "\"cases\": [", "\"cases\": [7, ", "cases[0] is not an object" },
	{ "reason of another type", "\"reason\": null", "\"reason\": {}", "cases[0].reason is not a string or null" },
	{ "requirement of another type", "\"requirements\": {", "\"requirements\": {\"R-\\u001b\": 1, ", "requirements.R-? is not an object" },
	{ "no count", "\"untested\": ", "\"unrested\": ", "it lacks summary.untested" },
	{ "cut off", NULL, "{\"program\": \"iperf", "is no JSON, line 1 column 18: premature end of input near '\"iperf'" },
};

static char *sample(void)
{
	static char text[1 << 20];
	FILE *in = fopen("conformance/testrun.json", "r");

	assert_non_null(in);
	text[fread(text, 1, sizeof text - 1, in)] = '\0';
	fclose(in);
	return text;
}

static void write_changed(FILE *out, const struct row *row)
{
	const char *text, *place;

	if (!row->find) {
		fputs(row->put, out);
		return;
	}
	text = sample();
	place = strstr(text, row->find);
	if (strcmp(row->name, "a verdict of the run unknown") == 0) {
		for (const char *next = place; next; next = strstr(next + 1, row->find))
			place = next;
	}
	assert_non_null(place);
	fprintf(out, "%.*s%s%s", (int)(place - text), text, row->put, place + strlen(row->find));
}

static void run_row(void **state)
{
	const struct row *row = *state;
	char path[] = "/tmp/iperf-outcome-XXXXXX", text[400] = "", says[400] = "";
	FILE *out = fdopen(mkstemp(path), "w");
	json_t *run;

	assert_non_null(out);
	write_changed(out, row);
	fclose(out);
	run = outcome_read(path, text, sizeof text);
	unlink(path);
	if (row->says)
		snprintf(says, sizeof says, "%s: %s", path, row->says);
	assert_string_equal(text, says);
	assert_int_equal(run != NULL, row->says == NULL);
	json_decref(run);
}

static void test_no_file(void **state)
{
	char text[100];

	(void)state;
	assert_null(outcome_read("/nonexistent/run.json", text, sizeof text));
	assert_string_equal(text, "/nonexistent/run.json: No such file or directory");
	assert_null(outcome_read("/tmp", text, sizeof text));
	assert_string_equal(text, "/tmp: Is a directory");
}

static void test_status(void **state)
{
	static const struct { const char *json; int status; } verdicts[] = {
		{ "{\"verdict\":\"conforms\"}", 0 }, { "{\"verdict\":\"does not conform\"}", 1 },
		{ "{\"verdict\":\"could not be tested\"}", 3 }, { "{}", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		json_t *run = testrun_json(verdicts[i].json);

		assert_int_equal(outcome_status(run), verdicts[i].status);
		json_decref(run);
	}
}

static void test_sorted(void **state)
{
	json_t *cases = testrun_json("[{\"section\":\"10\"},{\"section\":\"6.10\"},{\"section\":\"my\"},{\"section\":\"6.2\"},"
				     "{\"section\":\"6.02\"},{\"section\":\"6.2\"},{},{\"section\":\"6\"}]");
	json_t *sections = outcome_sorted(cases, "section"), *wanted = testrun_json("[\"\",\"6\",\"6.2\",\"6.02\",\"6.10\",\"10\",\"my\"]");

	(void)state;
	assert_true(json_equal(sections, wanted));
	json_decref(sections);
	json_decref(wanted);
	json_decref(cases);
}

/* Octets, and the code points that they are taken as. */
static void test_utf8(void **state)
{
	static const struct { const char *octets; uint32_t points[6]; } texts[] = {
		{ "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", { 'a', 0xe4, 0x20ac, 0x1f600 } },
		{ "\x80\xc3", { 0xfffd, 0xfffd } },
		{ "\xc0\xaf", { 0xfffd, 0xfffd } },
		{ "\xe0\x80\x80", { 0xfffd, 0xfffd, 0xfffd } },
		{ "\xed\xa0\x80", { 0xfffd, 0xfffd, 0xfffd } },
		{ "\xf4\x90\x80\x80", { 0xfffd, 0xfffd, 0xfffd, 0xfffd } },
		{ "\xe2\x82", { 0xfffd, 0xfffd } },
		{ "\xff" "b", { 0xfffd, 'b' } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct outcome_text text = { texts[i].octets, strlen(texts[i].octets) };
		size_t n = 0;

		for (size_t place = 0; place < text.length;)
			assert_int_equal(outcome_next(text, &place), texts[i].points[n++]);
		assert_int_equal(texts[i].points[n], 0);
	}
}

int main(void)
{
	enum { COUNT = sizeof rows / sizeof *rows };
	struct CMUnitTest tests[COUNT + 4] = {
		cmocka_unit_test(test_no_file), cmocka_unit_test(test_status), cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_utf8),
	};

	for (size_t i = 0; i < COUNT; i++)
		tests[4 + i] = (struct CMUnitTest){ rows[i].name, run_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("outcome_read", tests, NULL, NULL) != 0;
}
