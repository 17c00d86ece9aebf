/* Around calls into libraries that end the program, and say nothing, when there is no memory or no descriptor for them:
 * libuv 1.44 aborts, libseccomp 2.5 uses the null pointer that it got. */
#ifndef IPERF_REF_GUARD_H
#define IPERF_REF_GUARD_H

#include <signal.h>

struct guard {
	struct sigaction abort, segv; /* as they were */
};

/* Until guard_end(), an abort or a segmentation fault ends the program with status 3, and with this line, which is kept
 * by the caller. Before threads are started. */
void guard_begin(struct guard *guard, const char *line);
void guard_end(const struct guard *guard);

#endif
