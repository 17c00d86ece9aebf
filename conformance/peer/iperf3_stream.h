/* Streams of the iperf3 profile, for both roles (SPEC 25 to 27): payload sent, received and counted. */
#ifndef PEER_IPERF3_STREAM_H
#define PEER_IPERF3_STREAM_H

#include "iperf3.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct i3_stream {
	int id, fd; /* fd: -1 over; of a server's UDP streams the one socket of all */
	bool udp, sender, ended;
	struct sockaddr_in6 address; /* of a server's UDP stream: the client's */
	uint64_t turn;		     /* of a server's TCP stream: its place in the order of accept() */
	uint64_t bytes;		     /* without omit */
	uint64_t blocks;	     /* without omit, of a sender and of datagrams received */
	uint64_t highest;	     /* sequence seen, or sent */
	uint64_t datagrams;	     /* received */
	int64_t errors, omitted_packets, omitted_errors;
	double jitter, transit;
	bool has_transit;
	size_t block_left; /* of a TCP sender: of the block that was begun */
	uint64_t due_ns;   /* when the next block is, with a bandwidth */
	size_t joined;	   /* by a fault: octets of short datagrams */
};

/* R-25-7: of the stream at that place. */
int i3_stream_id(size_t index);

/* A datagram has come. */
void i3_stream_datagram(struct i3_stream *s, const struct i3_params *p, const uint8_t *octets, size_t n);
/* Reads a TCP stream once: octets, 0 nothing there, -1 it has ended. A reset sets errno to ECONNRESET, else 0. */
ssize_t i3_stream_read(struct i3_stream *s, const struct i3_params *p);
/* Begins or goes on with a block: octets, 0 not now, -1 the stream is lost. */
ssize_t i3_stream_send(struct i3_stream *s, const struct i3_params *p);
/* May a block be sent now? If not, *when is made no later than the time when it may. */
bool i3_stream_due(const struct i3_stream *s, uint64_t now, uint64_t *when);
/* Omit is over: what was counted does not count. */
void i3_stream_omitted(struct i3_stream *s);
/* packets and errors as they are reported. */
int64_t i3_stream_packets(const struct i3_stream *s);
int64_t i3_stream_errors(const struct i3_stream *s);

/* Prepares payload. */
void i3_payload_make(const struct i3_params *p);

#endif
