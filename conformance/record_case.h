/* What the two ways to record, for a server and for a client under test, have in common. A part of recording. */
#ifndef IPERF_CONFORMANCE_RECORD_CASE_H
#define IPERF_CONFORMANCE_RECORD_CASE_H

#include "conformance/record.h"
#include "conformance/record_steps.h"
#include "conformance/record_tests.h"

/* Why there may be a wait that the capture has not; a comment in the case. */
enum record_comment { RECORD_SETTLES = 1, RECORD_LOSSY = 2, RECORD_LARGE = 4 };

struct record_source {
	const struct record_log *log;
	const struct record_tests *tests;
	uint32_t test;                        /* which of them */
	const struct record_options *options;
};

/* What was written of a test: steps, and what is to stand in the head. */
struct record_result {
	struct record_steps steps;
	enum iperf_requirement noted[CASE_TESTS_MAX]; /* the requirements that it tests */
	size_t noted_count;
	unsigned comments;                    /* enum record_comment */
	const char *why_not;                  /* it cannot be recorded, for that reason: a part of a sentence */
};

/* Adds the requirement, unless it is there. */
static inline void record_note(struct record_result *result, enum iperf_requirement requirement)
{
	for (size_t i = 0; i < result->noted_count; i++)
		if (result->noted[i] == requirement)
			return;
	if (requirement != IPERF_R_NONE && result->noted_count < CASE_TESTS_MAX)
		result->noted[result->noted_count++] = requirement;
}

/* Whether the event is of the test. */
static inline bool record_of_test(const struct record_source *source, size_t event)
{
	return source->tests->test_of[event] == source->test;
}

/* For a server under test: steps are the clients', expectations what a server session decides. False when memory ran
 * out. */
bool record_server(const struct record_source *source, struct record_result *result);

/* For a client under test. */
bool record_client(const struct record_source *source, struct record_result *result);

#endif
