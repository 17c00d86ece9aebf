#include "conformance/testpages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/testrun.h"

void testpages_balanced(const char *page)
{
	static const char *const empty[] = { "!DOCTYPE", "meta", "link", "br", "path", "polygon", "rect" };
	char open[100][16];
	size_t depth = 0;

	for (const char *c = strchr(page, '<'); c; c = strchr(c, '<')) {
		bool end = c[1] == '/', alone = false;
		size_t length = strcspn(c + 1 + end, " >/\n");
		char name[16] = "";

		assert_in_range(length, 1, sizeof name - 1);
		memcpy(name, c + 1 + end, length);
		for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
			alone = alone || strcmp(name, empty[i]) == 0;
		if (end) {
			assert_in_range(depth, 1, 100);
			assert_string_equal(open[--depth], name);
		} else if (!alone) {
			assert_in_range(depth, 0, 99);
			strcpy(open[depth++], name);
		}
		c += strcspn(c, ">");
		if (!end && (strcmp(name, "style") == 0 || strcmp(name, "script") == 0))
			c = strstr(c, "</");
	}
	assert_int_equal(depth, 0);
}

/* Each href="#x" has its id="x", each id is there once, and nothing is loaded from elsewhere. */
static void assert_links(const char *page)
{
	char wanted[300];

	for (const char *c = strstr(page, "href=\""); c; c = strstr(c + 1, "href=\"")) {
		size_t length = strcspn(c + 6, "\"");

		if (strncmp(c + 6, "data:,\"", 7) == 0)
			continue;
		assert_int_equal(c[6], '#');
		snprintf(wanted, sizeof wanted, " id=\"%.*s\"", (int)length - 1, c + 7);
		assert_int_equal(testrun_count(page, wanted), 1);
	}
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "//www"));
	assert_null(strstr(page, "@import"));
	assert_null(strstr(page, "url("));
}

void testpages_harmless(const char *page)
{
	assert_int_equal(testrun_count(page, "<script"), 1);
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "<b>"));
	for (const char *c = page; *c; c++)
		assert_true(*c == '\n' || *c == '\t' || *c < 0 || *c >= ' ');
	testpages_balanced(page);
	assert_links(page);
}
