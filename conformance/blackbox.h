/* A fuzzer for somebody else's server, over real sockets: plays mutated cases, and sees after each whether the
 * server still lives, has ended what was left in silence, and serves a clean test. */
#ifndef IPERF_CONFORMANCE_BLACKBOX_H
#define IPERF_CONFORMANCE_BLACKBOX_H

#include "conformance/play.h"
#include "proto/limits.h"

/* So long beyond the time there is, what is being looked into is given up: the caller sees to it, and interrupts. */
#define BLACKBOX_LATE_NS (5 * IPERF_S)

struct blackbox_options {
	enum case_profile profile;
	uint64_t seed;           /* the same seed gives the same inputs in the same order */
	uint64_t count;          /* of inputs; 0: no bound */
	uint64_t findings;       /* after so many it ends; 0: no bound */
	int64_t time_ns;         /* 0: no bound */
	const char *out;         /* the folder for findings; NULL: none are saved */
	const char *json;        /* a file for the outcome, "-" is standard output; NULL: none */
	const char *name;        /* of the server, in reports */
	/* How the server is named to "iperf-conform server": before the case, such as " localhost -p 5201", or behind it,
	 * such as " -- iperf3"; the other is "". */
	const char *again_host, *again_tail;
	bool tap;                /* TAP, also on a terminal */
	bool dry_run;            /* show the inputs only */
};

/* Fuzzes the server at player->address, or those that player->command starts, with inputs made of cases. Returns
 * the exit status: 0 nothing found, 1 findings, 3 could not be tested. */
int blackbox_run(struct player *player, struct case_file *const cases[], size_t count,
		 const struct blackbox_options *options);

#endif
