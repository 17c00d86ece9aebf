/* The independent peer's server of the iperf3 profile (conformance/peer) without sockets and clock, for
 * iperf3_peer_fuzz.c: its own code and its own poll loop, turn by turn, told by functions what its system calls would
 * tell. A connection is a number below IPERF3_PEER_CONNS, a UDP client its port less IPERF3_PEER_PORT. */
#ifndef IPERF_FUZZ_IPERF3_PEER_WORLD_H
#define IPERF_FUZZ_IPERF3_PEER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPERF3_PEER_CONNS 32
#define IPERF3_PEER_PORT  50000
#define IPERF3_PEER_ROOM  2048  /* octets that a client sends on one connection */
#define IPERF3_PEER_SAID  16384 /* octets that a server says on one connection */

struct iperf3_peer_stream {
	int64_t id;
	bool sends;
	int conn;      /* TCP, else -1 */
	uint16_t port; /* of the client */
};

struct iperf3_peer_test {
	uint8_t cookie[37];
	bool udp, reverse, bidirectional, wide, output;
	int64_t parallel, len, omit, time;
};

/* What can be seen of it. */
struct iperf3_peer_view {
	int state;                    /* as enum iperf3_test_state */
	struct iperf3_peer_test test; /* unless free; from CREATE_STREAMS on with what the parameters say */
	size_t count;                 /* streams so far */
	struct iperf3_peer_stream streams[IPERF3_PEER_CONNS];
	bool ended[IPERF3_PEER_CONNS];  /* it says nothing more; a stream that is half-closed (R-27.1-8) has not ended */
	bool closed[IPERF3_PEER_CONNS];
	const uint8_t *said[IPERF3_PEER_CONNS];
	size_t said_length[IPERF3_PEER_CONNS];
	unsigned replies[IPERF3_PEER_CONNS]; /* to each UDP client, so far */
	uint8_t reply[4];                    /* the last one */
	uint64_t deadline_ns;                /* UINT64_MAX: none */
};

void iperf3_peer_begin(uint64_t read_ns, uint64_t silence_ns, uint64_t over_ns, uint64_t now_ns);
void iperf3_peer_end(void);
void iperf3_peer_connect(unsigned conn, uint16_t port, uint8_t address);
void iperf3_peer_octets(unsigned conn, const uint8_t *octets, size_t length);
void iperf3_peer_eof(unsigned conn);
void iperf3_peer_reset(unsigned conn);
void iperf3_peer_datagram(uint16_t port, uint8_t address, const uint8_t *octets, size_t length);
/* Room for the payload of a stream. Returns how many octets were written. */
size_t iperf3_peer_window(unsigned conn, size_t room);
/* Time goes on to then, and what is due is done. */
void iperf3_peer_time(uint64_t now_ns);
/* It is stopped by its user. */
void iperf3_peer_stop(void);
void iperf3_peer_look(struct iperf3_peer_view *view);

#endif
