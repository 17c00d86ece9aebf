/* The inputs of the fuzzer: the same for the same seed, cases all of them, and what is found becomes a case. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/blackbox_private.h"
#include "conformance/suite.h"

#define INPUTS 3000

static void ignore(void *user, const char *text)
{
	(void)user;
	(void)text;
}

static void make_corpus(struct blackbox_corpus *corpus, enum case_profile profile)
{
	struct suite_filter filter = { .role = CASE_SERVER, .profile = profile };
	const char *dirs[] = { suite_default_dir() };
	struct suite suite;
	struct case_file **cases;
	char text[300];
	size_t count;

	assert_true(suite_load(&suite, dirs, 1, ignore, NULL));
	assert_true(suite_select(&suite, &filter, NULL, 0, &cases, &count, text, sizeof text));
	blackbox_corpus_make(corpus, profile, cases, count);
	assert_true(corpus->count >= count / 2);
	free(cases);
	suite_free(&suite);
}

/* As one text, for free(). */
static char *text_of(const struct blackbox_input *input)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fputs(input->stalls ? "silence\n" : "", out);
	for (size_t i = 0; i < input->lines.count; i++)
		fprintf(out, "%s\n", input->lines.line[i]);
	fclose(out);
	return text;
}

static void are_reproducible(enum case_profile profile)
{
	struct blackbox_corpus corpus;
	size_t differ = 0;

	make_corpus(&corpus, profile);
	for (uint64_t i = 1; i <= 100; i++) {
		struct blackbox_input one, again, other;
		char *texts[3];

		assert_true(blackbox_input_make(&corpus, 7, i, &one));
		assert_true(blackbox_input_make(&corpus, 8, i, &other));
		assert_true(blackbox_input_make(&corpus, 7, i, &again));
		texts[0] = text_of(&one);
		texts[1] = text_of(&again);
		texts[2] = text_of(&other);
		assert_string_equal(texts[0], texts[1]);
		differ += strcmp(texts[0], texts[2]) != 0;
		for (int k = 0; k < 3; k++)
			free(texts[k]);
		blackbox_input_free(&one);
		blackbox_input_free(&again);
		blackbox_input_free(&other);
	}
	assert_true(differ > 80);
	blackbox_corpus_free(&corpus);
}

static void the_same_seed_gives_the_same_inputs(void **state)
{
	(void)state;
	are_reproducible(CASE_TEXT_PROFILE);
	are_reproducible(CASE_IPERF3);
}

static bool closes_all(const struct case_file *file)
{
	for (size_t i = 0; i < file->label_count; i++) {
		bool closed = file->labels[i].udp;

		for (size_t k = 0; k < file->step_count; k++)
			closed = closed || (file->steps[k].label == (int)i && case_is_action(file, &file->steps[k]) &&
					    (file->steps[k].what == CASE_CLOSE || file->steps[k].what == CASE_RESET));
		if (!closed)
			return false;
	}
	return true;
}

static void are_cases(enum case_profile profile)
{
	struct blackbox_corpus corpus;
	size_t silent = 0;

	make_corpus(&corpus, profile);
	for (uint64_t i = 1; i <= INPUTS; i++) {
		struct blackbox_input input;

		assert_true(blackbox_input_make(&corpus, 1, i, &input));
		assert_true(input.lines.count > 0 && input.lines.count <= 2 * BLACKBOX_LINES_MAX);
		assert_int_equal(input.file->step_count, input.lines.count);
		assert_int_equal(input.file->profile, profile);
		silent += input.stalls;
		assert_true(input.stalls || closes_all(input.file));
		blackbox_input_free(&input);
	}
	assert_in_range(silent, INPUTS / 3, 2 * INPUTS / 3);
	blackbox_corpus_free(&corpus);
}

static void every_input_is_a_case(void **state)
{
	(void)state;
	are_cases(CASE_TEXT_PROFILE);
	are_cases(CASE_IPERF3);
}

/* The crashes of deployed servers are among what texts are changed to. */
static void numbers_stand_for_strings(void **state)
{
	struct blackbox_random random = { 1 };
	bool found = false;

	(void)state;
	for (int i = 0; i < 1000 && !found; i++) {
		char *text = blackbox_mutate_json(CASE_IPERF3, &random, "{\"tcp\":true}");

		assert_non_null(text);
		found = strstr(text, "\"title\":5") || strstr(text, "\"title\":0") || strstr(text, "\"title\":1");
		free(text);
	}
	assert_true(found);
}

static void becomes_a_case(enum case_profile profile, enum blackbox_kind kind)
{
	struct blackbox_fault fault = { .kind = kind, .bound_ns = IPERF_S, .silence_ns = IPERF_S, .stream = 1,
					.streams = 2, .cookie = 1,
					.requirement = profile == CASE_IPERF3 ? IPERF_R_23_18 : IPERF_R_6_5_5 };
	struct blackbox_lines input = { 0 }, lines = { 0 };
	struct case_error error = { 0 };
	struct case_file *file;
	size_t first = 0;

	blackbox_add(&input, "#1 C>S open");
	blackbox_add(&input, "#2 C>S octets 00");
	blackbox_case_lines(profile, &input, &fault, "#1", "#2", &lines, &first);
	assert_in_range(first, 2, lines.count - 1);
	file = blackbox_parse(profile, &lines, &error);
	if (!file)
		fail_msg("kind %d, line %u: %s", kind, error.line, error.text);
	case_free(file);
	blackbox_clear(&lines);
	blackbox_clear(&input);
}

static void what_is_found_becomes_a_case(void **state)
{
	static const enum blackbox_kind kinds[] = { BLACKBOX_ENDED, BLACKBOX_WAITS, BLACKBOX_DELAYS, BLACKBOX_DEAF,
						    BLACKBOX_KEEPS, BLACKBOX_BUSY };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		becomes_a_case(CASE_TEXT_PROFILE, kinds[i]);
		becomes_a_case(CASE_IPERF3, kinds[i]);
	}
	becomes_a_case(CASE_TEXT_PROFILE, BLACKBOX_SECOND);
	becomes_a_case(CASE_IPERF3, BLACKBOX_HOLDS);
	becomes_a_case(CASE_IPERF3, BLACKBOX_OVER);
}

static void what_is_no_case_is_dropped(void **state)
{
	struct blackbox_lines lines = { 0 };
	struct case_file *file;

	(void)state;
	blackbox_add(&lines, "#1 C>S open");
	blackbox_add(&lines, "#1 C>S nonsense");
	blackbox_add(&lines, "#1 C>S close");
	blackbox_add(&lines, "#1 C>S octets 00");
	blackbox_add(&lines, "wait 3600s");
	file = blackbox_repair(CASE_IPERF3, &lines);
	assert_non_null(file);
	assert_int_equal(lines.count, 2);
	case_free(file);
	blackbox_clear(&lines);
	blackbox_add(&lines, "nonsense");
	assert_null(blackbox_repair(CASE_IPERF3, &lines));
	blackbox_clear(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_inputs),
		cmocka_unit_test(every_input_is_a_case),
		cmocka_unit_test(numbers_stand_for_strings),
		cmocka_unit_test(what_is_found_becomes_a_case),
		cmocka_unit_test(what_is_no_case_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
