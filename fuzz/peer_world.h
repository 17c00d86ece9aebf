/* The independent peer's server (conformance/peer) without sockets and clock, for peer_fuzz.c: its own code, told by
 * functions what its system calls would tell. */
#ifndef IPERF_FUZZ_PEER_WORLD_H
#define IPERF_FUZZ_PEER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_CONNS 32
#define PEER_STREAMS 8

struct peer_bounds {
	uint64_t hello_ns, begin_ns, idle_ns;
	size_t streams, pending, results;
};

struct peer_stream {
	bool udp, complete;
	uint16_t port;
	uint64_t bytes, packets, us;
};

/* What can be seen of it. */
struct peer_view {
	int state;               /* as enum iperf_test_state */
	uint8_t cookie[32];      /* unless idle */
	bool open[PEER_CONNS];
	unsigned answers;        /* so far */
	size_t count;            /* streams */
	struct peer_stream streams[PEER_STREAMS];
	uint64_t deadline_ns;    /* UINT64_MAX: none */
};

void peer_begin(const struct peer_bounds *bounds, uint64_t now_ns);
void peer_end(void);
void peer_time(uint64_t now_ns);
void peer_connect(unsigned conn, uint16_t port, uint8_t address);
void peer_octets(unsigned conn, const uint8_t *octets, size_t length);
void peer_eof(unsigned conn, bool reset);
void peer_datagram(uint16_t port, uint8_t address, const uint8_t *octets, size_t length);
void peer_timer(void);
void peer_look(struct peer_view *view);

#endif
