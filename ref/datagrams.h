/* The receiving side of UDP: one thread that takes datagrams from the server's socket, many at a time. */
#ifndef IPERF_REF_DATAGRAMS_H
#define IPERF_REF_DATAGRAMS_H

#include <pthread.h>

#include "proto/server.h"

struct datagrams;

struct datagrams_config {
	int fd;
	struct iperf_server *session;
	pthread_mutex_t *lock;
	/* Is told of each datagram while the session has no test, and to which address it came (all zero when the system
	 * does not tell; without a port); or NULL. Called by the thread, with the lock held. */
	void (*other)(void *user, const struct iperf_endpoint *source, const struct iperf_endpoint *local,
		      const uint8_t *octets, size_t length);
	void *user;
};

/* Starts the thread; it tells the session of each datagram on fd, with the lock held once for a batch. Returns 0 with
 * *datagrams, or a negative errno. */
int datagrams_start(struct datagrams **datagrams, const struct datagrams_config *config);

/* The session has been told of what has arrived when it returns, or after until_ns (clock_now_ns()). Without the lock. */
void datagrams_catch_up(struct datagrams *datagrams, int64_t until_ns);

/* Ends the thread; fd stays open. datagrams may be NULL. */
void datagrams_stop(struct datagrams *datagrams);

#endif
