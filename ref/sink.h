/* The receiving side of TCP streams: a few threads that read payload, away from the loop, so that no stranger slows it.
 *
 * A thread owns a connection from sink_add() on: it alone reads and closes it. Whoever wants it closed tells the
 * session, under the lock, and shuts the socket down; the thread wakes, finds the connection CLOSED and lets it go. */
#ifndef IPERF_REF_SINK_H
#define IPERF_REF_SINK_H

#include <pthread.h>
#include <sys/types.h>

#include "proto/server.h"

/* The connection of a stream. */
struct sink_conn {
	struct iperf_conn session;
	int fd;
	bool busy; /* private */
};

struct sink_config {
	struct iperf_server *session;
	pthread_mutex_t *lock;                /* held for every call to the session */
	void (*gone)(struct sink_conn *conn); /* called by a thread: the descriptor is closed, conn may be freed */
};

struct sink;

/* Starts the threads. Returns 0 with *sink, or a negative errno. */
int sink_start(struct sink **sink, const struct sink_config *config);

/* Hands a connection over; its session state is STREAM. Returns 0, or a negative errno and conn stays the caller's. */
int sink_add(struct sink *sink, struct sink_conn *conn);

/* Tells the session what recv() returned: octets, the end, or a failure. Under the lock. */
static inline void sink_tell(struct iperf_server *session, struct sink_conn *conn, const uint8_t *octets, ssize_t length,
			     int64_t now_ns)
{
	if (length > 0)
		iperf_server_octets(session, &conn->session, octets, (size_t)length, now_ns);
	else if (length == 0)
		iperf_server_eof(session, &conn->session, now_ns);
	else
		iperf_server_reset(session, &conn->session, now_ns);
}

/* Has read what has arrived on all connections when it returns, or after until_ns (clock_now_ns()). Without the lock. */
void sink_catch_up(struct sink *sink, int64_t until_ns);

/* Waits until all connections are gone, which the session must have been told before, and ends the threads. sink may be
 * NULL. */
void sink_stop(struct sink *sink);

#endif
