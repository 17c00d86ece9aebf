/* The page of several runs: what stands in its cells, where they lead, and hostile texts. With an argument it writes such a page
 * there: html_browser_check.sh. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/outcome.h"
#include "conformance/testpages.h"
#include "conformance/testrun.h"

#define RUN(name, verdict, cases) \
	"{\"name\":\"" name "\",\"role\":\"server\",\"verdict\":\"" verdict "\",\"cases\":[" cases "]}"
#define CASE(section, number, verdict, more) \
	"{\"id\":\"" section "/" number "\",\"section\":\"" section "\",\"title\":\"T" number "\",\"verdict\":\"" verdict "\"" more "}"
#define FAILURE ",\"failure\":{\"requirement\":\"R-1\",\"level\":\"MUST\",\"line\":1,\"expected\":\"<e>\",\"observed\":\"<o>\",\"at\":1}"
#define ROW(id, number) "<tr><th scope=\"row\"><code>" id "</code> <span class=\"title\">T" number "</span></th>"
#define BADGE(verdict, symbol) "<span class=\"badge " verdict "\"><span aria-hidden=\"true\">" symbol "</span> " verdict "</span>"
#define ABSENT "<td><span class=\"absent\"><span aria-hidden=\"true\">·</span> absent</span></td>"

static bool write_array(FILE *out, const json_t *runs)
{
	json_t *list[8];
	size_t count = json_array_size(runs);

	assert_in_range(count, 0, 8);
	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(runs, i);
	return matrix_write(out, list, count);
}

static void test_cells(void **state)
{
	json_t *runs = testrun_json("[" RUN("one", "conforms", CASE("6.10", "1", "pass", "") "," CASE("6.2", "10", "warn", FAILURE) ","
						CASE("6.2", "2", "skip", ",\"reason\":\"why not\"")) ","
				    RUN("two", "does not conform", CASE("6.2", "10", "fail", FAILURE) "," CASE("my", "1", "untested", "")) "]");
	char *page = testrun_written(write_array, runs);

	(void)state;
	testpages_harmless(page);
	assert_non_null(strstr(page, ROW("6.10/1", "1") "<td>" BADGE("pass", "✓") "</td>" ABSENT "</tr>"));
	assert_non_null(strstr(page, ROW("6.2/10", "10") "<td><a href=\"#run1-6.2/10\">" BADGE("warn", "!") "</a></td>"
				     "<td><a href=\"#run2-6.2/10\">" BADGE("fail", "✗") "</a></td></tr>"));
	assert_non_null(strstr(page, ROW("6.2/2", "2") "<td><a href=\"#run1-6.2/2\">" BADGE("skip", "–") "</a></td>" ABSENT));
	assert_non_null(strstr(page, ROW("my/1", "1") ABSENT "<td><a href=\"#run2-my/1\">" BADGE("untested", "?") "</a></td>"));
	assert_true(strstr(page, ROW("6.2/2", "2")) < strstr(page, ROW("6.2/10", "10")));
	assert_true(strstr(page, "Section 6.2<") < strstr(page, "Section 6.10<"));
	assert_true(strstr(page, "Section 6.10<") < strstr(page, "Section my<"));
	assert_non_null(strstr(page, "<li id=\"run1-6.2/2\">" BADGE("skip", "–") " <code>6.2/2</code> T2<br>why not</li>"));
	assert_non_null(strstr(page, "Expected <code>&lt;e&gt;</code>, observed <code>&lt;o&gt;</code>"));
	assert_non_null(strstr(page, "1 pass, 1 warn, 1 skip"));
	assert_non_null(strstr(page, "1 fail, 1 untested"));
	free(page);
	json_decref(runs);
}

/* Those of another role or profile have a table of their own, and say so. */
static void test_kinds(void **state)
{
#define OF(name, role, profile, section) \
	"{\"name\":\"" name "\",\"role\":\"" role "\",\"profile\":\"" profile "\",\"cases\":[" CASE(section, "1", "pass", "") "]}"
	json_t *runs = testrun_json("[" OF("a", "server", "iperf3", "23") "," OF("a", "client", "iperf3", "24") ","
				    OF("b", "server", "iperf3", "23") "," OF("c", "server", "text", "6.2") "]");
#undef OF
	char *page = testrun_written(write_array, runs);
	const char *server = strstr(page, "<h2>Cases: server, iperf3 profile</h2>");
	const char *client = strstr(page, "<h2>Cases: client, iperf3 profile</h2>");
	const char *text = strstr(page, "<h2>Cases: server, text profile</h2>");

	(void)state;
	testpages_harmless(page);
	assert_true(server && client && text && server < client && client < text);
	assert_int_equal(testrun_count(page, "<table class=\"matrix\">"), 3);
	assert_non_null(strstr(server, ROW("23/1", "1") "<td>" BADGE("pass", "✓") "</td><td>" BADGE("pass", "✓") "</td></tr>"));
	assert_non_null(strstr(client, ROW("24/1", "1") "<td>" BADGE("pass", "✓") "</td></tr>"));
	assert_non_null(strstr(text, ROW("6.2/1", "1") "<td>" BADGE("pass", "✓") "</td></tr>"));
	assert_int_equal(testrun_count(page, "Section 23<"), 1);
	assert_int_equal(testrun_count(page, "absent"), testrun_count(page, ".absent"));
	assert_non_null(strstr(page, "<h3>a (client, iperf3 profile)</h3>"));
	assert_non_null(strstr(page, "<p class=\"tally\">client, iperf3 profile; "));
	free(page);
	json_decref(runs);
}

static void test_poor(void **state)
{
	static const char *const texts[] = {
		"[]", "[{}]", "[{},{\"cases\":{}},{\"cases\":[{},1,{\"id\":\"a\",\"verdict\":\"fail\"},{\"id\":\"a\"}]}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		json_t *runs = testrun_json(texts[i]);
		char *page = testrun_written(write_array, runs);

		testpages_balanced(page);
		free(page);
		json_decref(runs);
	}
}

/* The sample and seven variants of it. */
static bool write_matrix(FILE *out, const json_t *run)
{
	json_t *runs[8];
	bool ok;

	runs[0] = json_deep_copy(run);
	for (size_t i = 1; i < 8; i++) {
		json_t *copy = json_deep_copy(run), *cases = json_object_get(copy, "cases");

		for (size_t k = json_array_size(cases); k-- > 0;) {
			if (k % 7 == i)
				json_array_remove(cases, k);
			else if (k % (i + 1) != 0)
				json_object_set_new(json_array_get(cases, k), "verdict", json_string("pass"));
		}
		json_object_set_new(copy, "name", json_sprintf(i % 2 ? "peer %zu" : "an implementation with a long name %zu", i));
		if (i > 4) {
			json_object_set_new(copy, "verdict", json_string(i == 5 ? "could not be tested" : "conforms"));
			json_object_set_new(copy, "stopped", i == 5 ? json_string("The server is gone") : json_null());
		}
		runs[i] = copy;
	}
	ok = matrix_write(out, runs, 8);
	for (size_t i = 0; i < 8; i++)
		json_decref(runs[i]);
	return ok;
}

static void test_whole(void **state)
{
	json_t *run = testrun_new();
	char *page = testrun_written(write_matrix, run);

	(void)state;
	testpages_harmless(page);
	assert_int_equal(testrun_count(page, "<tbody><tr class=\"part\">"), 9);
	free(page);
	json_decref(run);
}

static void test_full_device(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	json_t *run = testrun_new();

	(void)state;
	assert_non_null(full);
	assert_false(matrix_write(full, &run, 1));
	assert_int_equal(errno, ENOSPC);
	fclose(full);
	json_decref(run);
}

static int write_page(const char *path)
{
	json_t *run = testrun_new();
	FILE *out = fopen(path, "w");
	bool ok = out && write_matrix(out, run);

	ok = out && fclose(out) == 0 && ok;
	json_decref(run);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells), cmocka_unit_test(test_kinds), cmocka_unit_test(test_poor), cmocka_unit_test(test_whole),
		cmocka_unit_test(test_full_device),
	};

	if (argc == 2)
		return write_page(argv[1]);
	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL) != 0;
}
