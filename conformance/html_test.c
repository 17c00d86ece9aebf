/* The page of a run: hostile texts stay texts, every link leads somewhere, nothing is loaded, Markdown and charts come out as
 * they should. With an argument it writes the page of the sample there: html_browser_check.sh. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/html_private.h"
#include "conformance/outcome.h"
#include "conformance/testpages.h"
#include "conformance/testrun.h"

struct row {
	const char *name, *text, *says;
};

static const struct row markdown_rows[] = {
	{ "plain", "A & B < C > D \" ' E", "A &amp; B &lt; C &gt; D &quot; &#39; E" },
	{ "code", "MUST `IPERF_TEST_BEGIN` and `<b>`", "MUST <code>IPERF_TEST_BEGIN</code> and <code>&lt;b&gt;</code>" },
	{ "bold", "a **b & c** d", "a <strong>b &amp; c</strong> d" },
	{ "emphasis", "is *terminated* exactly", "is <em>terminated</em> exactly" },
	{ "nothing within code", "`a **b** *c*`", "<code>a **b** *c*</code>" },
	{ "stars that multiply", "2 * 3 * 4 ** 5 ** 6", "2 * 3 * 4 ** 5 ** 6" },
	{ "without an end", "a `b **c *d [e", "a `b **c *d [e" },
	{ "empty", "`` **** ** []()", "`` **** ** []()" },
	{ "link", "see [section 15](javascript:alert(1)) on", "see section 15) on" },
	{ "controls", "a\nb\x1b[0m\xe2\x80\xae", "a\\x0ab\\x1b[0m\\u202e" },
	{ "no UTF-8", "a\xff" "b", "a\xef\xbf\xbd" "b" },
};

static void run_markdown_row(void **state)
{
	const struct row *row = *state;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	html_put_markdown(out, (struct outcome_text){ row->text, strlen(row->text) });
	fclose(out);
	assert_string_equal(text, row->says);
	free(text);
}

static void test_whole(void **state)
{
	json_t *run = testrun_new();
	char *page = testrun_written(html_write, run);

	(void)state;
	testpages_harmless(page);
	assert_int_equal(testrun_count(page, "<details class=\"case\""), 17);
	assert_int_equal(testrun_count(page, "data-verdict=\"fail\" open>"), 4);
	assert_int_equal(testrun_count(page, "<svg role=\"img\""), 17 * 2 - 2); /* nothing was observed in two */
	assert_int_equal(testrun_count(page, "</title><desc>"), 17 * 2 - 2);
	assert_int_equal(testrun_count(page, "<svg aria-hidden"), 56); /* eight lines in each */
	assert_non_null(strstr(page, "<strong>R-6.2-1</strong> <span class=\"level\">MUST · server · seed</span> While it holds"));
	assert_non_null(strstr(page, "<mark><span class=\"number\">  8 ✗</span> #2  S&gt;C closed within 1s"));
	assert_non_null(strstr(page, "0000  49 50 45 52 46 5f 54 45  53 54 5f 42 45 47 49 4e  IPERF_TEST_BEGIN\n"));
	assert_non_null(strstr(page, "iperf-conform server 127.0.0.1 -p 5201 --html &#39;it&#39;\\&#39;&#39;s &lt;a&gt;.html&#39;"));
	assert_true(strstr(page, "Section 6.5<") < strstr(page, "Section 6.10<"));
	free(page);
	json_decref(run);
}

/* Each chart of a failed case has one mark. */
static void test_marks(void **state)
{
	json_t *run = testrun_new();
	size_t i;
	json_t *one;

	(void)state;
	json_array_foreach(json_object_get(run, "cases"), i, one) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		bool failed = json_is_object(json_object_get(one, "failure"));

		html_put_charts(out, one);
		fclose(out);
		assert_int_equal(testrun_count(text, "class=\"row wrong\""), failed ? 2 : 0);
		assert_int_equal(testrun_count(text, "✗ first difference"), failed ? 2 : 0);
		free(text);
	}
	json_decref(run);
}

/* Members that are missing, or of another type, make a poor page and no crash. */
static void test_poor(void **state)
{
	static const char *const runs[] = {
		"{}", "{\"cases\":{}}", "{\"cases\":[1,null,{},{\"id\":5,\"tests\":[1],\"expected\":[1],\"observed\":[{}]}]}",
		"{\"cases\":[{\"id\":\"a\",\"verdict\":\"fail\",\"failure\":{}}],\"environment\":[],\"arguments\":[1,\"\"]}",
		"{\"cases\":[{\"id\":\"a\",\"verdict\":\"fail\",\"failure\":{},\"observed\":[{\"octets\":\"zz0\",\"length\":9}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		json_t *run = testrun_json(runs[i]);
		char *page = testrun_written(html_write, run);

		testpages_balanced(page);
		free(page);
		json_decref(run);
	}
}

static void test_full_device(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	json_t *run = testrun_new();

	(void)state;
	assert_non_null(full);
	assert_false(html_write(full, run));
	assert_int_equal(errno, ENOSPC);
	fclose(full);
	json_decref(run);
}

static int write_page(const char *path)
{
	json_t *run = testrun_new();
	FILE *out = fopen(path, "w");
	bool ok = out && html_write(out, run);

	ok = out && fclose(out) == 0 && ok;
	json_decref(run);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	enum { COUNT = sizeof markdown_rows / sizeof *markdown_rows };
	struct CMUnitTest tests[COUNT + 4] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_marks), cmocka_unit_test(test_poor),
		cmocka_unit_test(test_full_device),
	};

	if (argc == 2)
		return write_page(argv[1]);
	for (size_t i = 0; i < COUNT; i++)
		tests[4 + i] = (struct CMUnitTest){ markdown_rows[i].name, run_markdown_row, NULL, NULL,
						    (void *)(uintptr_t)&markdown_rows[i] };
	return cmocka_run_group_tests_name("html", tests, NULL, NULL) != 0;
}
