/* Puts the document of outcome.h together, case by case. */
#ifndef IPERF_CONFORMANCE_OUTCOME_BUILD_H
#define IPERF_CONFORMANCE_OUTCOME_BUILD_H

#include "conformance/outcome.h"
#include "conformance/play.h"

struct outcome_about {
	enum case_role role;
	enum case_profile profile;
	const char *name;
	char *const *arguments;           /* NULL-terminated */
	const int64_t *timers;            /* PLAY_TIMERS of them */
	bool strict, only_seed, expects;  /* expects: verdicts by --expect */
};

/* A document without a case; the caller's to json_decref(). */
json_t *outcome_new(const struct outcome_about *about);

/* A case as it went. rerun is a shell line. */
json_t *outcome_case(const struct case_file *file, const struct play_result *result, bool strict, const char *rerun);

/* Takes one over, and counts it. */
void outcome_add(json_t *run, json_t *one);

/* The run has ended. stopped: why it ended early, or NULL. */
void outcome_close(json_t *run, double seconds, const char *stopped);

#endif
