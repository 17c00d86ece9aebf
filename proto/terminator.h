/* Whether a TCP stream is terminated: whether the octets since its STREAM_BEGIN end with its STREAM_END. SPEC 8.2.
 *
 * The matcher keeps the last 49 octets and nothing else, so that a block of payload costs a copy of 49 octets at most,
 * whatever its size, and no cut of the octets changes the answer. */
#ifndef IPERF_PROTO_TERMINATOR_H
#define IPERF_PROTO_TERMINATOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/cookie.h"

#define IPERF_TERMINATOR_LENGTH 49 /* of IPERF_STREAM_END; SPEC 4.1 */

struct iperf_terminator {
	uint64_t total;                        /* octets so far, those that were skipped included */
	uint8_t known;                         /* how many of the last octets are known, 0 to 49 */
	uint8_t tail[IPERF_TERMINATOR_LENGTH]; /* the last octets, the newest at the end */
};

enum iperf_terminated {
	IPERF_TERMINATED_NO,
	IPERF_TERMINATED_YES,
	IPERF_TERMINATED_UNKNOWN, /* after iperf_terminator_skip() only */
};

/* Begins right after STREAM_BEGIN. */
void iperf_terminator_init(struct iperf_terminator *terminator);

/* The next octets of the stream, in any cut; octets may be NULL when length is 0. O(1) in length. */
void iperf_terminator_feed(struct iperf_terminator *terminator, const uint8_t *octets, size_t length);

/* The next length octets passed, but nobody saw what they were (a capture that cuts packets). */
void iperf_terminator_skip(struct iperf_terminator *terminator, uint64_t length);

/* The answer for the octets so far and the test's cookie (R-8.2-1). UNKNOWN only when octets that were skipped decide. */
enum iperf_terminated iperf_terminator_state(const struct iperf_terminator *terminator,
					     const struct iperf_cookie *cookie);

#endif
