/* The clock of everything here: nanoseconds that only grow. */
#ifndef IPERF_REF_CLOCK_H
#define IPERF_REF_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "proto/limits.h"

static inline int64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * IPERF_S + now.tv_nsec;
}

static inline struct timespec clock_timespec(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / IPERF_S, .tv_nsec = ns % IPERF_S };
}

#endif
