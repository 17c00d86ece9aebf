/* iperf-stress silent: connections whose clients say nothing, or an octet now and then, and never a whole cookie. */
#ifndef STRESS_SILENT_H
#define STRESS_SILENT_H

#include "net.h"

struct silent_options {
	uint16_t port;
	unsigned connections;
	unsigned trickle;  /* every how manieth sends an octet each 100 ms, 31 at most; 0: none */
	int64_t timer_ns;  /* who is ended before has been pushed out */
	bool again;        /* whoever is ended comes again, a second later */
};

/* Runs until SIGTERM or SIGINT, or until all have been ended by the server; says what became of them. */
int silent_run(const struct silent_options *options);

#endif
