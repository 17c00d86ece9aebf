/* Parameters and results: whether they are well-formed, and say what the case expects. */
#include "conformance/play_iperf3.h"

#include <stdlib.h>
#include <string.h>

#define STREAMS 4096 /* in results, at most */
#define OUTPUT 1     /* the server's output is looked at as JSON only */

static bool tests(const struct play *play, enum iperf_requirement requirement)
{
	for (size_t i = 0; i < play->file->test_count; i++)
		if (play->file->tests[i] == requirement)
			return true;
	return false;
}

/* --- form -------------------------------------------------------------------------------------------------------- */

static bool decode(const struct play *play, const char *text, size_t length, struct iperf3_json_error *error)
{
	static struct iperf3_stream_result streams[STREAMS];
	static char output[OUTPUT];
	struct iperf3_results results = { .capacity = STREAMS, .streams = streams, .output = output,
					  .output_size = sizeof output };
	struct iperf3_parameters parameters;

	if (play->step->what == CASE_PARAMETERS)
		return iperf3_parameters_decode(text, length, &parameters, error);
	return iperf3_results_decode(text, length, &results, error);
}

/* The reader's requirement that is broken by the text, as one that its writer broke. */
static enum iperf_requirement writers(enum iperf_requirement why, bool parameters)
{
	switch (why) {
	case IPERF_R_NONE: case IPERF_R_22_4_5: case IPERF_R_22_4_6: case IPERF_R_32_1:
		return IPERF_R_22_4_1;
	case IPERF_R_22_4_7: case IPERF_R_22_4_9: case IPERF_R_28_4:
		return parameters ? IPERF_R_24_2 : IPERF_R_28_1;
	default:
		return why;
	}
}

static bool is_well_formed(struct play *play, const char *text, size_t length)
{
	bool parameters = play->step->what == CASE_PARAMETERS;
	struct iperf3_json_error error;

	if (!decode(play, text, length, &error))
		play_fail_as(play, writers(error.why, parameters),
			     parameters ? "parameters as of SPEC 24" : "results as of SPEC 28", "%s", error.text);
	else if (text[0] != '{' || text[length - 1] != '}')
		play_fail_as(play, IPERF_R_22_4_1, "one object, and nothing before or after it", "octets around the object");
	return play_goes_on(play);
}

/* --- what it says ------------------------------------------------------------------------------------------------ */

/* The requirement that a value is about. */
static enum iperf_requirement requirement_of(const struct play *play, const char *path)
{
	static const struct {
		const char *end;
		enum iperf_requirement requirement;
	} members[] = {
		{ "streams", IPERF_R_28_2 },
		{ ".id", IPERF_R_25_7 },
		{ "sender_has_retransmits", IPERF_R_28_8 },
		{ ".retransmits", IPERF_R_28_8 },
		{ ".packets", IPERF_R_26_3_1 },
		{ ".errors", IPERF_R_26_3_2 },
		{ ".jitter", IPERF_R_26_3_5 },
	};
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		size_t end = strlen(members[i].end);

		if (length >= end && strcmp(path + length - end, members[i].end) == 0 && tests(play, members[i].requirement))
			return members[i].requirement;
	}
	return IPERF_R_NONE;
}

static void compare(struct play *play, const char *text, size_t length)
{
	struct play_difference d = { .null_is_absent = true, .any_minus_one = !tests(play, IPERF_R_22_4_10) };
	char *expected = play_with_ports(play, play->step->json);
	json_t *value = json_loadb(text, length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	json_t *pattern = expected ? json_loads(expected, JSON_DECODE_INT_AS_REAL, NULL) : NULL;

	if (!pattern || !value)
		play_untested(play, "line %u: the pattern or what came could not be read", play->step->line);
	else if (!play_same(&d, "", pattern, value))
		play_fail(play, requirement_of(play, d.path), "%s", d.text);
	json_decref(pattern);
	json_decref(value);
	free(expected);
}

/* Whoever counts retransmits tells them (R-28-8). */
static void check_retransmits(struct play *play, const char *text, size_t length)
{
	json_t *results = json_loadb(text, length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL), *stream;
	bool peer_is_client = play->file->role == CASE_CLIENT;
	const double counts = json_number_value(json_object_get(results, "sender_has_retransmits"));
	size_t i;

	json_array_foreach(json_object_get(results, "streams"), i, stream) {
		double retransmits = json_number_value(json_object_get(stream, "retransmits"));

		if (counts > 0 && counts < 2 && play_iperf3_client_sends(play, i) == peer_is_client &&
		    (retransmits < 0 || retransmits > 9e18))
			play_fail_as(play, IPERF_R_28_8, "retransmits that are not negative, where sender_has_retransmits is 1",
				     "streams[%zu].retransmits is -1", i);
	}
	json_decref(results);
}

void play_iperf3_judge(struct play *play, const char *text, size_t length)
{
	if (is_well_formed(play, text, length) && play->step->json)
		compare(play, text, length);
	if (play_goes_on(play) && play->step->what == CASE_RESULTS)
		check_retransmits(play, text, length);
}
