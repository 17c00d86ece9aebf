/* Files of expected verdicts, and what reports say of them. */
#include "conformance/expectations.h"

#include <unistd.h>

#include "conformance/outcome.h"
#include "conformance/outcome_text.h"
#include "proto/rows_test.h"

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Reads text from a file; NULL with the sentence behind the file's name in why. */
static json_t *read_text(const char *text, char *why, size_t size)
{
	char path[] = "/tmp/expectations-XXXXXX", whole[400] = "";
	int fd = mkstemp(path);
	json_t *all;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	all = expectations_read(path, whole, sizeof whole);
	unlink(path);
	snprintf(why, size, "%s", all ? "" : whole + strlen(path));
	return all;
}

struct wrong_row {
	const char *name, *text, *why;
};

static const struct wrong_row wrong_rows[] = {
	{ "no-case", "// x\n\n23 fail a\n", ":3: expected a case, such as 23/1" },
	{ "no-verdict", "23/1\n", ":1: expected pass, fail, warn, skip or untested behind the case" },
	{ "other-verdict", "23/1 broken a\n", ":1: expected pass, fail, warn, skip or untested behind the case" },
	{ "other-second-verdict", "23/1 pass|broken a\n", ":1: expected pass, fail, warn, skip or untested behind the case" },
	{ "a-verdict-twice", "23/1 pass|pass a\n", ":1: expected pass, fail, warn, skip or untested behind the case" },
	{ "no-second-verdict", "23/1 pass| a\n", ":1: expected pass, fail, warn, skip or untested behind the case" },
	{ "no-reason", "23/1 fail\n", ":1: expected a reason behind the verdict" },
	{ "twice", "23/1 fail a\n23/1 warn b\n", ":2: the case has a line already" },
};

static void run_wrong(void **state)
{
	const struct wrong_row *row = *state;
	char why[400];

	assert_null(read_text(row->text, why, sizeof why));
	assert_string_equal(why, row->why);
}

static void absent(void **state)
{
	char why[400];

	(void)state;
	assert_null(expectations_read("/nonexistent", why, sizeof why));
	assert_string_equal(why, "/nonexistent: cannot be read: No such file or directory");
}

/* --- marking ----------------------------------------------------------------------------------------------------- */

struct mark_row {
	const char *name, *line, *verdict;
	bool deviates;
	const char *tap;
};

#define FAILURE "  ---\n  severity: fail\n"

static const struct mark_row mark_rows[] = {
	{ "pass", "", "pass", false, "ok 1 - 23/1 T\n" },
	{ "skip", "", "skip", false, "ok 1 - 23/1 T # SKIP why\n" },
	{ "fail", "", "fail", true, "not ok 1 - 23/1 T\n" FAILURE },
	{ "warn", "", "warn", true, "not ok 1 - 23/1 T\n" },
	{ "untested", "", "untested", true, "not ok 1 - 23/1 T\n# expected pass, found untested: why\n" },
	{ "expected-fail", "23/1 fail  all # do\r\n", "fail", false, "not ok 1 - 23/1 T # TODO all \\# do\n" FAILURE },
	{ "expected-fail-passes", "23/1 fail all do", "pass", true, "not ok 1 - 23/1 T\n# expected fail (all do), found pass" },
	{ "expected-fail-skipped", "23/1 fail all do", "skip", true,
	  "not ok 1 - 23/1 T\n# expected fail (all do), found skip: why\n" },
	{ "expected-warn", "23/1 warn all do", "warn", false, "ok 1 - 23/1 T\n" },
	{ "either-warn", "23/1 pass|warn by chance", "warn", false, "ok 1 - 23/1 T\n" },
	{ "either-pass", "23/1 pass|warn by chance", "pass", false, "ok 1 - 23/1 T\n" },
	{ "either-but-fails", "23/1 pass|warn by chance", "fail", true, "not ok 1 - 23/1 T\n" },
	{ "expected-untested", "23/1 untested no time", "untested", false, "ok 1 - 23/1 T # SKIP untested: why\n" },
};

static void run_mark(void **state)
{
	const struct mark_row *row = *state;
	char why[400], *tap = NULL;
	size_t length;
	json_t *all = read_text(row->line, why, sizeof why);
	json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "id", "23/1", "title", "T", "verdict", row->verdict,
				"reason", "why", "failure", "requirement", "R-23-1", "level", "MUST");
	FILE *out = open_memstream(&tap, &length);

	assert_non_null(all);
	expectations_mark(all, one);
	assert_int_equal(outcome_deviates(one), row->deviates);
	assert_true(tap_case(out, 1, one));
	fclose(out);
	if (strncmp(tap, row->tap, strlen(row->tap)) != 0)
		row_fail(row->name, "%s", tap);
	free(tap);
	json_decref(one);
	json_decref(all);
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

static void status(void **state)
{
	json_t *run = json_pack("{s:s, s:i, s:n}", "verdict", "does not conform", "deviations", 0, "stopped");

	(void)state;
	assert_int_equal(outcome_status(run), 0);
	json_object_set_new(run, "deviations", json_integer(2));
	assert_int_equal(outcome_status(run), 1);
	json_object_set_new(run, "stopped", json_string("interrupted"));
	assert_int_equal(outcome_status(run), 3);
	json_decref(run);
}

int main(void)
{
	ROWS_ADD(wrong_rows, run_wrong);
	ROWS_ADD(mark_rows, run_mark);
	test_add("absent", absent, NULL);
	test_add("status", status, NULL);
	return tests_run("expectations");
}
