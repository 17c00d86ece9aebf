/* What a terminal gets, a row for each case, with escape sequences of the implementation's disarmed; and progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/outcome.h"
#include "conformance/testrun.h"

#define SENTENCE "While it holds a cookie, a server MUST reject every TCP connection whose preamble differs from it."
#define FAILED \
	"{\"id\":\"6.2/1\",\"title\":\"A stranger\",\"verdict\":\"fail\",\"path\":\"6.2/1.case\",\"rerun\":\"iperf-conform server h\"," \
	"\"failure\":{\"requirement\":\"R-6.2-1\",\"level\":\"MUST\",\"line\":9,\"expected\":\"#2 S>C closed\"," \
	"\"observed\":\"\\u001b[2J\\r\\u009b\\u202eX\\n\",\"at\":1.002}}"
#define RUN \
	"\"name\":\"host \\u001b port 1\",\"seconds\":3.25,\"summary\":{\"pass\":80,\"fail\":1,\"warn\":0,\"skip\":2," \
	"\"untested\":0}}"

struct row {
	const char *name;
	bool (*write)(FILE *out, const json_t *value);
	const char *json, *says;
};

static bool plain_case(FILE *out, const json_t *one) { return terminal_case(out, one, false, false); }
static bool colour_case(FILE *out, const json_t *one) { return terminal_case(out, one, true, true); }
static bool plain_end(FILE *out, const json_t *run) { return terminal_end(out, run, false, false); }
static bool colour_end(FILE *out, const json_t *run) { return terminal_end(out, run, true, true); }
static bool live(FILE *out, const json_t *v) { return terminal_progress(out, 3, 80, json_string_value(v), false, true); }
static bool still(FILE *out, const json_t *v) { return terminal_progress(out, 3, 80, json_string_value(v), true, false); }

static const struct row rows[] = {
	{ "progress, live", live, "\"6.2/1\"", "\r\033[K[3/80] 6.2/1" },
	{ "progress, not live", still, "\"6.2/1\"", "" },
	{ "pass", plain_case, "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"pass\"}", "" },
	{ "skip", plain_case, "{\"id\":\"6.2/1\",\"title\":\"T\",\"verdict\":\"skip\",\"reason\":\"T_idle is not known\"}",
	  "skip 6.2/1  T\n  reason    T_idle is not known\n" },
	{ "fail", plain_case, FAILED,
	  "FAIL 6.2/1  A stranger\n"
	  "  R-6.2-1 (MUST) " SENTENCE "\n"
	  "  expected  #2 S>C closed\n"
	  "  observed  \\x1b[2J\\r\\x9b\\u202eX\\n\n"
	  "  at        1.002 s, 6.2/1.case:9\n"
	  "  again     iperf-conform server h\n" },
	{ "fail, in colour", colour_case, FAILED,
	  "\r\033[K\033[1;31mFAIL\033[0m 6.2/1  A stranger\n"
	  "  R-6.2-1 (\033[2mMUST\033[0m) " SENTENCE "\n"
	  "  \033[2mexpected \033[0m #2 S>C closed\n"
	  "  \033[2mobserved \033[0m \\x1b[2J\\r\\x9b\\u202eX\\n\n"
	  "  \033[2mat\033[0m        1.002 s, 6.2/1.case:9\n"
	  "  \033[2magain    \033[0m iperf-conform server h\n" },
	{ "end", plain_end, "{\"verdict\":\"does not conform\",\"stopped\":null," RUN,
	  "host \\x1b port 1 does not conform: 80 passed, 1 failed, 2 skipped in 3.2 s\n" },
	{ "end, in colour", colour_end, "{\"verdict\":\"conforms\",\"stopped\":null," RUN,
	  "\r\033[Khost \\x1b port 1 \033[1;32mconforms\033[0m: 80 passed, 1 failed, 2 skipped in 3.2 s\n" },
	{ "end, stopped", plain_end, "{\"verdict\":\"could not be tested\",\"stopped\":\"It is gone\\u0007\"," RUN,
	  "Stopped: It is gone\\x07\nhost \\x1b port 1 could not be tested: 80 passed, 1 failed, 2 skipped in 3.2 s\n" },
};

static void run_row(void **state)
{
	const struct row *row = *state;
	json_t *value = json_loads(row->json, JSON_DECODE_ANY, NULL);
	char *text;

	assert_non_null(value);
	text = testrun_written(row->write, value);
	assert_string_equal(text, row->says);
	free(text);
	json_decref(value);
}

int main(void)
{
	struct CMUnitTest tests[sizeof rows / sizeof *rows];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, run_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL) != 0;
}
