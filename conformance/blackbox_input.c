/* Inputs: a seed, changed, and an end. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 4
#define TRIES 20

static bool is_open(const struct case_file *file, size_t label)
{
	bool open = !file->labels[label].udp, used = false;

	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		if (step->label != (int)label)
			continue;
		used = true;
		open = open && step->what != CASE_CLOSE && !(step->what == CASE_RESET && step->direction == CASE_TO_SERVER);
	}
	return open && used;
}

/* All connections are ended, each in some way. */
static void add_ends(struct blackbox_random *random, struct blackbox_input *input)
{
	for (size_t i = 0; i < input->file->label_count; i++) {
		if (!is_open(input->file, i))
			continue;
		blackbox_add(&input->lines, "%s C>S %s", input->file->labels[i].name,
			     blackbox_below(random, 3) ? "close" : "reset");
	}
}

/* --- silence ------------------------------------------------------------------------------------------------------ */

/* No more than that: silence at some line. */
static void stop_somewhere(struct blackbox_random *random, struct blackbox_lines *lines)
{
	for (size_t keep = 1 + blackbox_below(random, lines->count); lines->count > keep;)
		blackbox_remove(lines, lines->count - 1);
}

/* Nobody ends a connection. */
static void leave_open(struct blackbox_lines *lines)
{
	for (size_t i = lines->count; i-- > 0;)
		if (strstr(lines->line[i], " C>S end-of-file") || strstr(lines->line[i], " C>S close") ||
		    strstr(lines->line[i], " C>S reset"))
			blackbox_remove(lines, i);
}

/* What a connection brings that is then left: nothing, a part of a cookie, a whole one, a test. */
static void half_open(enum case_profile profile, struct blackbox_random *random, bool whole_too, size_t number,
		      char *line, size_t size)
{
	size_t whole = profile == CASE_IPERF3 ? 37 : 32;
	const char *other = blackbox_below(random, 3) ? "" : "8";

	switch (blackbox_below(random, whole_too ? 8 : 4)) {
	case 0: case 1:
		snprintf(line, size, "#h%zu C>S open", number);
		return;
	case 2: case 3:
		snprintf(line, size, "#h%zu C>S octets $cookie%s[0..%zu]", number, other, 1 + blackbox_below(random, whole - 1));
		return;
	case 4: case 5:
		snprintf(line, size, "#h%zu C>S %s $cookie%s", number, profile == CASE_IPERF3 ? "cookie" : "preamble", other);
		return;
	default:
		snprintf(line, size, "#h%zu C>S %s $cookie%s", number, profile == CASE_IPERF3 ? "cookie" : "IPERF_TEST_BEGIN",
			 other);
	}
}

/* Connections that go no further: beside the others, or alone. */
static void add_half_open(enum case_profile profile, struct blackbox_random *random, struct blackbox_lines *lines)
{
	bool alone = blackbox_below(random, 3) == 0, whole_too = blackbox_below(random, 3);

	if (alone)
		blackbox_clear(lines);
	for (size_t i = 1 + blackbox_below(random, 3); i > 0; i--) {
		char line[80];

		half_open(profile, random, whole_too, i, line, sizeof line);
		blackbox_insert(lines, blackbox_below(random, lines->count + 1), line);
	}
}

/* Tests of a second: their end can be waited for. */
static void shorten(struct blackbox_lines *lines)
{
	static const char key[] = "\"time\":";

	for (size_t i = 0; i < lines->count; i++) {
		char *at = strstr(lines->line[i], key), *text = NULL;

		if (at && asprintf(&text, "%.*s%s1%s", (int)(at - lines->line[i]), lines->line[i], key,
				   at + strlen(key) + strspn(at + strlen(key), "0123456789")) >= 0)
			blackbox_replace(lines, i, text);
		free(text);
	}
}

/* A test ends, and what else is there is left. */
static void end_test(struct blackbox_lines *lines)
{
	static const char begin[] = " C>S IPERF_TEST_BEGIN ";

	for (size_t i = 0; i < lines->count; i++) {
		const char *line = lines->line[i], *at = strstr(line, begin);

		if (!at)
			continue;
		blackbox_add(lines, "wait 20ms");
		blackbox_add(lines, "%.*s C>S IPERF_TEST_END %s", (int)(at - line), line, at + strlen(begin));
		return;
	}
}

static void prepare_silence(enum case_profile profile, struct blackbox_random *random, struct blackbox_lines *lines)
{
	if (blackbox_below(random, 3) == 0)
		leave_open(lines);
	if (blackbox_below(random, 2))
		add_half_open(profile, random, lines);
	if (blackbox_below(random, 3) == 0)
		shorten(lines);
	if (blackbox_below(random, 3) == 0)
		end_test(lines);
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

/* A stream that was begun without a test keeps the server for T_begin (R-6.3-1): here the test comes, and ends. */
static void add_test(struct blackbox_input *input)
{
	const struct case_file *file = input->file;
	bool begun[CASE_COOKIES_MAX] = { false };

	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		if (step->what == CASE_MESSAGE && step->message == IPERF_STREAM_BEGIN)
			begun[step->cookie] = true;
	}
	for (unsigned i = 0; i < CASE_COOKIES_MAX; i++) {
		char number[12] = "";

		if (!begun[i])
			continue;
		blackbox_add(&input->lines, "wait 20ms"); /* or it may be there before the stream */
		if (i > 0)
			snprintf(number, sizeof number, "%u", i + 1);
		blackbox_add(&input->lines, "#e%u C>S IPERF_TEST_BEGIN $cookie%s", i, number);
		blackbox_add(&input->lines, "#e%u C>S IPERF_TEST_END $cookie%s", i, number);
		blackbox_add(&input->lines, "#e%u S>C closed", i);
		blackbox_add(&input->lines, "#e%u C>S close", i);
	}
}

/* Every other input is a seed as it is, or a part of one, and silence behind it. */
static bool make(const struct blackbox_corpus *corpus, struct blackbox_random *random, uint64_t number,
		 struct blackbox_input *input)
{
	bool as_it_is = number % 2 == 0;
	size_t changes = as_it_is ? 0 : 1 + blackbox_below(random, CHANGES_MAX);
	struct case_file *file;

	blackbox_copy(&input->lines, &corpus->seeds[blackbox_below(random, corpus->count)]);
	input->stalls = as_it_is || blackbox_below(random, 6) == 0;
	if (as_it_is && input->lines.count > 0 && blackbox_below(random, 2))
		stop_somewhere(random, &input->lines);
	while (changes-- > 0)
		blackbox_mutate(corpus, random, &input->lines);
	if (input->stalls)
		prepare_silence(corpus->profile, random, &input->lines);
	while (input->lines.count > BLACKBOX_LINES_MAX)
		blackbox_remove(&input->lines, input->lines.count - 1);
	input->file = blackbox_repair(corpus->profile, &input->lines);
	if (!input->file || input->stalls)
		return input->file != NULL;
	add_ends(random, input);
	if (corpus->profile == CASE_TEXT_PROFILE && blackbox_leaves_stream(input->file))
		add_test(input);
	file = blackbox_repair(corpus->profile, &input->lines);
	case_free(input->file);
	input->file = file;
	return file != NULL;
}

bool blackbox_input_make(const struct blackbox_corpus *corpus, uint64_t seed, uint64_t number,
			 struct blackbox_input *input)
{
	struct blackbox_random random = { seed };

	random.state = blackbox_random(&random) + number * UINT64_C(0xd1342543de82ef95);
	*input = (struct blackbox_input){ 0 };
	for (unsigned i = 0; corpus->count > 0 && i < TRIES; i++) {
		if (make(corpus, &random, number, input))
			return true;
		blackbox_input_free(input);
	}
	return false;
}

void blackbox_input_free(struct blackbox_input *input)
{
	blackbox_clear(&input->lines);
	case_free(input->file);
	*input = (struct blackbox_input){ 0 };
}
