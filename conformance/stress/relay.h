/* iperf-stress relay: a bad network between a client and a server on one host. It takes connections and datagrams on a
 * port of its own and hands them on to the server's, in both directions: datagrams are lost, repeated, reordered and
 * delayed, connections are delayed and cut into small segments. All by a seed.
 *
 * A client sees the server at the relay's port, a server sees each client at a port of the relay. */
#ifndef STRESS_RELAY_H
#define STRESS_RELAY_H

#include <poll.h>
#include <stddef.h>

#include "net.h"

enum { RELAY_UP, RELAY_DOWN }; /* to the server, to the client */

struct relay_options {
	uint16_t port, server;
	uint64_t seed;
	double loss, copies, reorder;  /* percent of the datagrams, in either direction */
	int64_t delay_ns, jitter_ns;   /* from delay - jitter to delay + jitter; what is reordered is not delayed */
	size_t piece;                  /* most octets of a connection that are written at once */
	size_t length;                 /* of a datagram of payload: other lengths are messages */
	bool sequence;                 /* payload has the header of the iperf3 profile */
	uint64_t lose[2];              /* so many of the first datagrams of each flow are lost, in either direction */
	uint64_t spare;                /* so many datagrams of each flow and direction are not touched */
};

/* Runs until SIGTERM or SIGINT, then says what became of the datagrams. From SIGUSR1 on nothing passes any more, and
 * nothing is closed: the link is down. */
int relay_run(const struct relay_options *options);

/* --- what the two kinds have in common: relay_udp.c, relay_tcp.c */

struct relay {
	const struct relay_options *options;
	struct chance chance;
	struct udp *udp;
	struct tcp *tcp;
	bool down;
};

#define RELAY_POLLS 1024 /* sockets at most */

struct udp *udp_new(struct relay *relay, int fd);
/* Adds what it waits for, and returns how many; *due_ns becomes the next time at which something is to be done. */
size_t udp_polls(struct udp *udp, struct pollfd *polls, int64_t *due_ns);
void udp_work(struct udp *udp, const struct pollfd *polls, size_t count);
void udp_tell(const struct udp *udp);
void udp_free(struct udp *udp);

struct tcp *tcp_new(struct relay *relay, int fd);
size_t tcp_polls(struct tcp *tcp, struct pollfd *polls, int64_t *due_ns);
void tcp_work(struct tcp *tcp, const struct pollfd *polls, size_t count);
void tcp_free(struct tcp *tcp);

/* When something that comes now is to go on. */
int64_t relay_due(struct relay *relay);

#endif
