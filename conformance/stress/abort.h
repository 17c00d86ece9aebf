/* iperf-stress abort: connections that end where nobody ends them. By a seed: opened and reset, opened and ended, reset
 * within the first octets, reset behind them, and whole tests whose connections are all reset while payload flows. */
#ifndef STRESS_ABORT_H
#define STRESS_ABORT_H

#include <stddef.h>

#include "net.h"

struct abort_options {
	uint16_t port;
	uint64_t seed;
	unsigned connections;
	bool iperf3; /* the profile */
};

/* Returns an exit status: 1 when the server does not answer. */
int abort_run(const struct abort_options *options);

/* --- private: abort_text.c, abort_iperf3.c */

#define ABORT_STREAMS 4
#define ABORT_MOST (ABORT_STREAMS + 2) /* connections of a test */

/* The connections of a test, the control connection first, to be reset by the caller, also after a failure. */
struct abort_test {
	int fds[ABORT_MOST];
	unsigned count, datagrams; /* of count, the last ones are UDP sockets */
};

enum abort_how { ABORT_RUNS, ABORT_REJECTED, ABORT_FAILED };

/* What a client of the profile sends first; returns its length, at most 128. */
size_t abort_text_hello(struct chance *chance, uint8_t *octets);
size_t abort_iperf3_hello(struct chance *chance, uint8_t *octets);

/* Begins a test and its streams, with payload. */
enum abort_how abort_text_test(struct chance *chance, uint16_t port, struct abort_test *test);
enum abort_how abort_iperf3_test(struct chance *chance, uint16_t port, struct abort_test *test);

/* Another connection of the test, on which these octets were written; false when it could not be opened. */
bool abort_open(struct abort_test *test, int type, uint16_t port, const uint8_t *octets, size_t length);

#endif
