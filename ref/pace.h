/* Pacing of one stream: when the next piece may be sent, and how many pieces at once.
 *
 * Pieces are due evenly from the start on. A thread that wakes late sends what has become due meanwhile, but never more
 * than BURST_NS's worth in one go, nor at more than twice the rate while it catches up. */
#ifndef IPERF_REF_PACE_H
#define IPERF_REF_PACE_H

#include <stddef.h>
#include <stdint.h>

#define PACE_BURST_NS INT64_C(1000000)

struct pace {
	double gap_ns;    /* from one piece to the next; 0: no limit */
	double due_ns;    /* of the next piece */
	int64_t last_ns;  /* the last pieces were sent */
};

/* A stream of bits_per_second (0: no limit), in pieces of so many octets, that starts now. */
void pace_start(struct pace *pace, int64_t bits_per_second, size_t piece, int64_t now_ns);

/* The time at which pace_count() will not be 0; it may have passed. */
int64_t pace_next(const struct pace *pace);

/* How many pieces may be sent now, at most max. */
size_t pace_count(const struct pace *pace, int64_t now_ns, size_t max);

/* Pieces were sent; a part of one counts as such a part. */
void pace_sent(struct pace *pace, double pieces, int64_t now_ns);

#endif
