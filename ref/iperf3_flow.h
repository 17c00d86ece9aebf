/* Payload of one stream of the iperf3 profile: a thread that sends or receives it, away from the loop. SPEC 25 to 27.
 *
 * Both roles use it: a stream's sender may be either. */
#ifndef IPERF_REF_IPERF3_FLOW_H
#define IPERF_REF_IPERF3_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/stream.h"

/* An amount that all flows of a test move together, in octets or in blocks (-n, -k). Set up before the flows start.
 * Senders take a block of it before they write one; receivers take what has arrived. What is moved during omit is not
 * taken. */
struct iperf3_amount {
	bool blocks;          /* it is in blocks; else in octets */
	_Atomic int64_t left; /* 0 or less: all is taken */
};

struct iperf3_flow;

struct iperf3_flow_config {
	enum iperf_protocol protocol;
	bool sends;
	int fd;              /* a connected socket; stays the caller's, open until iperf3_flow_free() */
	size_t length;       /* octets of a block: len */
	int64_t rate;        /* bits per second; 0: as fast as it goes */
	int64_t burst;       /* blocks that are sent at once when a rate is set; 0: 1 */
	bool wide;           /* UDP: 64-bit counters */
	bool repeating;      /* payload of repeated digits, else of random octets */
	bool discard;        /* a TCP receiver lets the kernel discard payload */
	bool omitting;       /* until iperf3_flow_omitted() nothing counts */
	struct iperf3_amount *amount; /* or NULL */
	/* Called once, by the thread, when it ends before iperf3_flow_stop(): error is 0 when the amount is used up,
	 * or a receiver has met end-of-file; else a positive errno. Must not call into the flow. May be NULL. A
	 * receiver whose flows have used up the amount goes on, and calls it too, once. */
	void (*over)(void *user, int error);
	void *user;
};

/* What a flow has moved since the end of omit. */
struct iperf3_measure {
	uint64_t bytes;
	uint64_t blocks;           /* writes or datagrams; of a TCP receiver 0 */
	/* UDP, from the beginning, omit included (SPEC 28). Of a sender: packets are those sent, the others are 0. */
	uint64_t packets, errors, out_of_order;
	uint64_t omitted_packets, omitted_errors;
	double jitter;             /* s */
	int64_t retransmits;       /* of a TCP sender, as far as the system counts them; else -1 */
	int64_t last_ns;           /* payload moved last, omit included; 0: never */
};

/* Starts the thread. Returns 0 with *flow, or a negative errno. A TCP socket is made non-blocking. */
int iperf3_flow_start(struct iperf3_flow **flow, const struct iperf3_flow_config *config);

/* The omit time is over: counts begin anew. */
void iperf3_flow_omitted(struct iperf3_flow *flow);

/* Makes the thread end: a sender at once, also when its write is blocked; a receiver when it has counted what lies in
 * its socket (ruling 43), which takes at most 200 ms. Does not wait. flow may be NULL. */
void iperf3_flow_stop(struct iperf3_flow *flow);

/* What the peer says to have sent on a TCP stream, since the end of omit: a receiver that is stopped then waits for
 * the rest of it, up to the same 200 ms. What is still on its way when the test ends is counted so. */
void iperf3_flow_expect(struct iperf3_flow *flow, uint64_t bytes);

/* Waits until the thread has ended; what is measured then is final. Call iperf3_flow_stop() first. flow may be NULL. */
void iperf3_flow_join(struct iperf3_flow *flow);

/* Stops, joins and frees. flow may be NULL. */
void iperf3_flow_free(struct iperf3_flow *flow);

/* At any time, also after the end of the thread. */
void iperf3_flow_measure(struct iperf3_flow *flow, struct iperf3_measure *measure);

#endif
