/* JUnit XML: well-formed whatever the texts, one suite a section, counts that agree, an error when a run decided nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/outcome.h"
#include "conformance/testrun.h"

static void well_formed(const char *xml)
{
	for (const char *c = xml; *c; c++)
		assert_true(*c == '\n' || *c == '\t' || *c < 0 || *c >= ' ');
	testrun_accepted("xmllint", "xmllint --noout --nonet -", xml);
}

static void test_whole(void **state)
{
	json_t *run = testrun_new();
	char *xml = testrun_written(junit_write, run);

	(void)state;
	well_formed(xml);
	assert_int_equal(testrun_count(xml, "<testcase "), 17);
	assert_int_equal(testrun_count(xml, "<testsuite "), 9);
	assert_int_equal(testrun_count(xml, "<failure "), 4);
	assert_int_equal(testrun_count(xml, "<skipped "), 2);
	assert_int_equal(testrun_count(xml, "<system-out>warning: R-4.3-3 (SHOULD): Where a message"), 1);
	assert_non_null(strstr(xml, "<testsuites name=\"iperf-conform server 127.0.0.1 port 5201\" tests=\"17\" failures=\"4\" "
				    "errors=\"0\" skipped=\"2\" time=\"3.214000\">"));
	assert_non_null(strstr(xml, "<testsuite name=\"section 6.2\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
	assert_true(strstr(xml, "\"section 6.5\"") < strstr(xml, "\"section 6.10\""));
	assert_non_null(strstr(xml, "<failure message=\"R-6.2-1: expected #2 S&gt;C closed within 1s; observed nothing on #2 for "
				    "1.000 s\" type=\"MUST\">R-6.2-1 (MUST): While it holds a cookie"));
	assert_non_null(strstr(xml, "file=\"6.2/1.case\" line=\"8\""));
	assert_non_null(strstr(xml, "<property name=\"T_idle\" value=\"60\"/>"));
	assert_null(strstr(xml, "<script"));
	assert_null(strstr(xml, "]]>"));
	free(xml);
	json_decref(run);
}

/* Octets that are no UTF-8, and all code points that XML forbids, in each text of a run. */
static void test_any_octets(void **state)
{
	static const char octets[] = "\x01\x1f\x7f\x80\xff\xed\xa0\x80\xef\xbf\xbf]]>&<>\"'\r\n\t\xf4\x8f\xbf\xbf\x00-";
	json_t *run = testrun_new(), *one = json_array_get(json_object_get(run, "cases"), 8);
	json_t *failure = json_object_get(one, "failure");
	char *xml;

	(void)state;
	json_object_set_new(run, "name", json_stringn_nocheck(octets, sizeof octets));
	json_object_set_new(one, "title", json_stringn_nocheck(octets, sizeof octets));
	json_object_set_new(failure, "observed", json_stringn_nocheck(octets, sizeof octets));
	xml = testrun_written(junit_write, run);
	well_formed(xml);
	assert_non_null(strstr(xml, "; observed \\x01\\x1f\\x7f\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\uffff"
				    "]]&gt;&amp;&lt;&gt;&quot;'\\x0d&#10;&#9;\\u10ffff\\x00-\\x00\""));
	free(xml);
	json_decref(run);
}

static void test_undecided(void **state)
{
	json_t *run = testrun_json("{\"verdict\":\"could not be tested\",\"stopped\":\"The <server> is gone\",\"cases\":[]}");
	char *xml = testrun_written(junit_write, run);

	(void)state;
	well_formed(xml);
	assert_non_null(strstr(xml, "tests=\"1\" failures=\"0\" errors=\"1\""));
	assert_non_null(strstr(xml, "<error type=\"undecided\" message=\"The &lt;server&gt; is gone\"/>"));
	free(xml);
	json_decref(run);
}

static void test_full_device(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	json_t *run = testrun_new();

	(void)state;
	assert_non_null(full);
	assert_false(junit_write(full, run));
	fclose(full);
	json_decref(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_any_octets), cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_full_device),
	};

	return cmocka_run_group_tests_name("junit", tests, NULL, NULL) != 0;
}
