/* A run of cases: plays them one after the other, sees that a server is left idle after each, and reports. */
#ifndef IPERF_CONFORMANCE_RUN_H
#define IPERF_CONFORMANCE_RUN_H

#include "conformance/outcome_build.h"

struct run_options {
	struct outcome_about about;
	const char *expect;      /* a file of expected verdicts; NULL: each case is to pass */
	/* Where reports go: a file, "-" for standard output, NULL for none. */
	const char *json, *junit, *html, *pcap;
	unsigned jobs;           /* cases at a time; only of programs that the runner starts */
	bool tap;                /* TAP on standard output, also when that is a terminal */
	bool quiet;              /* only the last line */
	bool fail_fast;          /* the first failure ends the run */
	/* The command line that runs one case again: head, the case's id, tail. */
	const char *again_head, *again_tail;
};

/* Plays cases, all of the role that options name. Returns the exit status. */
int run_cases(struct player *player, struct case_file *const cases[], size_t count, const struct run_options *options);

/* Whether a report can be written to a file, before there is one: true also for NULL and "-"; else false, with errno. */
bool run_can_write(const char *path);

#endif
