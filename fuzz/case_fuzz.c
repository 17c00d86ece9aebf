/* The parser of the case notation: what it takes can be written, and is the same case when it is read again.
 *
 * Input: the text of a case. */
#include "conformance/case.h"
#include "fuzz/fuzz.h"

static char *printed(const struct case_file *file, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	must(out);
	case_print(file, out);
	must(fclose(out) == 0 && text);
	return text;
}

static void steps(const struct case_file *file)
{
	must(file->label_count <= CASE_LABELS_MAX && file->mark_count <= CASE_MARKS_MAX);
	must(file->test_count > 0 && file->test_count <= CASE_TESTS_MAX && file->option_count <= CASE_OPTIONS_MAX);
	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];
		char text[64];

		must(step->label >= -1 && step->label < (int)file->label_count);
		must(step->from >= -1 && step->from < (int)file->mark_count);
		must(step->cookie >= 0 && step->cookie < CASE_COOKIES_MAX);
		case_step_text(file, step, text, sizeof text);
		must(memchr(text, '\0', sizeof text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct case_error error = { .line = 0 };
	uint8_t *text = exactly(octets, length);
	struct case_file *file = case_parse("-", (const char *)text, length, &error), *other;
	char *once, *twice;
	size_t once_length, twice_length;

	free(text);
	if (!file) {
		must(error.line >= 1 && error.column >= 1);
		must(memchr(error.text, '\0', sizeof error.text) && error.text[0] != '\0');
		return 0;
	}
	steps(file);
	once = printed(file, &once_length);
	other = case_parse("-", once, once_length, &error);
	if (!other)
		fprintf(stderr, "%.*s\n%u:%u: %s\n", (int)once_length, once, error.line, error.column, error.text);
	must(other);
	twice = printed(other, &twice_length);
	if (once_length != twice_length || memcmp(once, twice, once_length) != 0)
		fprintf(stderr, "once:\n%s\ntwice:\n%s\n", once, twice);
	must(once_length == twice_length && memcmp(once, twice, once_length) == 0);
	must(file->step_count == other->step_count && file->label_count == other->label_count);
	case_free(file);
	case_free(other);
	free(once);
	free(twice);
	return 0;
}
