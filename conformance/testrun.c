#include "conformance/testrun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/outcome.h"

json_t *testrun_new(void)
{
	char text[300] = "";
	json_t *run = outcome_read("conformance/testrun.json", text, sizeof text);

	assert_string_equal(text, "");
	assert_non_null(run);
	return run;
}

json_t *testrun_json(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_ALLOW_NUL, &error);

	if (!value)
		fail_msg("%s in %s", error.text, text);
	return value;
}

char *testrun_written(bool (*write)(FILE *out, const json_t *run), const json_t *run)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_true(write(out, run));
	fclose(out);
	assert_int_equal(strlen(text), size); /* never NUL in a report */
	return text;
}

size_t testrun_count(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		count++;
		text += strlen(part);
	}
	return count;
}

void testrun_accepted(const char *program, const char *command, const char *text)
{
	char probe[100];
	FILE *to;

	snprintf(probe, sizeof probe, "command -v %s >/dev/null", program);
	if (system(probe) != 0) {
		print_message("%s is not installed\n", program);
		return;
	}
	to = popen(command, "w");
	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(pclose(to), 0);
}
