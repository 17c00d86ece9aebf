/* What the files of iperf3_flow share. Private to iperf3_flow*.c. */
#ifndef IPERF_REF_IPERF3_FLOW_PRIVATE_H
#define IPERF_REF_IPERF3_FLOW_PRIVATE_H

#include <pthread.h>

#include "proto/iperf3_datagram.h"
#include "ref/iperf3_flow.h"

struct iperf3_flow {
	struct iperf3_flow_config config;
	pthread_t thread;
	bool joined;
	int halt;              /* eventfd: readable when the thread shall end */
	atomic_bool halted;
	_Atomic uint64_t expected; /* octets that are to come at least, if they come soon */
	bool told;             /* config.over was called; the thread's own */
	uint8_t *room;         /* the thread's own: payload to send, or what was received */
	size_t room_size;
	pthread_mutex_t lock;  /* of what follows */
	bool omitting;
	uint64_t bytes, blocks, omitted_blocks;
	int64_t last_ns;
	int64_t omitted_retransmits;
	struct iperf3_counter counter; /* of a UDP receiver */
};

bool iperf3_flow_halted(const struct iperf3_flow *flow);

/* Waits for events on the socket, or with 0 for the time alone; until_ns may be INT64_MAX. False: the thread shall
 * end. */
bool iperf3_flow_wait(const struct iperf3_flow *flow, short events, int64_t until_ns);

/* Payload was moved: counts it, takes it from the amount if it was received. */
void iperf3_flow_moved(struct iperf3_flow *flow, uint64_t bytes, uint64_t blocks, int64_t now_ns);

/* How many blocks a sender may send, at most max; it has taken them. 0: the amount is used up. */
size_t iperf3_flow_take(struct iperf3_flow *flow, size_t max);

/* Whether the amount is taken, by this flow and all others of the test. */
bool iperf3_flow_used_up(struct iperf3_flow *flow);

/* Gives back blocks that were taken and not sent. */
void iperf3_flow_give(struct iperf3_flow *flow, size_t blocks);

/* Tells config.over, unless it knows or the thread was asked to end. */
void iperf3_flow_over(struct iperf3_flow *flow, int error);

/* --- iperf3_flow_udp.c: what a thread of a UDP stream does, until its end */

void iperf3_flow_send_udp(struct iperf3_flow *flow);
void iperf3_flow_receive_udp(struct iperf3_flow *flow);

#endif
