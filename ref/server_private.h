/* What the files of the server share. Private to server*.c. */
#ifndef IPERF_REF_SERVER_PRIVATE_H
#define IPERF_REF_SERVER_PRIVATE_H

#include <pthread.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/server.h"
#include "ref/datagrams.h"
#include "ref/deadline.h"
#include "ref/iperf3_server.h"
#include "ref/options.h"
#include "ref/report_server.h"
#include "ref/sink.h"
#include "ref/socket.h"

#define SERVER_BLOCK 16384 /* octets in one read of the loop: first messages are far shorter */

/* A connection. The loop owns it, and reads it, until it is a stream: from then on a thread of the sink does. */
struct conn {
	struct sink_conn sink;     /* first: what the sink gives back */
	struct server *server;
	uv_poll_t poll;
	TAILQ_ENTRY(conn) link;    /* in server->conns, ->handing or ->closing */
	enum { LOOP, HANDING, SINK } owner;
	uint8_t *answer;           /* what is to be sent, or NULL */
	size_t answer_length, answered;
};

TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(newcomer_list, newcomer); /* server_profile.c */

struct server {
	const struct options *options;
	uv_loop_t loop;
	uv_poll_t listener;
	struct deadline deadline;  /* the session's */
	uv_timer_t pause;          /* until accepting goes on */
	uv_timer_t interval;
	uv_timer_t silence;        /* of newcomers */
	uv_signal_t signals[2];
	struct socket_pair sockets;
	struct sink *sink;
	struct datagrams *datagrams;
	pthread_mutex_t lock;      /* of the session, of what its decisions leave below, and of conn->owner */
	struct iperf_server session;
	struct conn_list handing;  /* on their way to the sink */
	struct conn_list closing;  /* closed by decision, still to be closed in fact */
	struct conn *asking;       /* is to be answered with results */
	struct conn *control;      /* of the test, or NULL */
	struct iperf_results results;
	struct served served;      /* what is to be reported, once the lock is free */
	bool begun, released, rejected;
	struct iperf_endpoint stranger;
	enum iperf_requirement rejected_why;
	int64_t began_ns;          /* TEST_BEGIN arrived */
	/* Without the lock. */
	struct conn_list conns;    /* the loop's, the oldest first */
	struct iperf3_service *iperf3; /* or NULL: --profile text */
	struct newcomer_list newcomers;
	size_t newcomer_count;
	bool catching_up;
	struct iperf_cookie ended; /* of the last test of the text profile, */
	int64_t ended_ns;          /* and when it ended */
	uint64_t *before;          /* octets of each stream at the last interval */
	int64_t interval_ns;       /* time of the last interval */
	bool stopping;
	int error;
	const char **what;
	uint8_t block[SERVER_BLOCK];
};

/* --- server.c */

/* Carries out what a session call left to be done. Called in the loop with the lock held, returns without. */
void server_settle(struct server *server);

/* --- server_conn.c: the connections of the loop */

/* Starts to accept. Returns 0 or a negative errno. */
int server_conn_listen(struct server *server);

/* A connection of the text profile, accepted at that time, on which these octets have come, the last at that time. fd
 * is its own from now on. */
void server_conn_text(struct server *server, int fd, const struct iperf_endpoint *client, const uint8_t *octets,
		      size_t length, int64_t accepted_ns, int64_t heard_ns);

/* Reads what has arrived on streams before the results are told. In the loop, without the lock. */
void server_conn_catch_up_streams(struct server *server);

/* Reads what has come on the control connection of the text profile's test, if there is one. In the loop, without the
 * lock. */
void server_conn_catch_up(struct server *server);

/* conn was closed by decision: the lock is held. What is the loop's is put on server->closing. */
void server_conn_decided(struct server *server, struct conn *conn);

/* Closes what is on server->closing. In the loop, without the lock. */
void server_conn_close(struct server *server);

/* Sends server->results to conn. In the loop, without the lock. */
void server_conn_answer(struct server *server, struct conn *conn);

/* A thread of the sink has closed its connection: frees it. */
void server_conn_gone(struct sink_conn *sink);

/* --- server_profile.c: connections whose profile is not known yet. In the loop, without the lock */

/* A connection was accepted; fd is its own from now on. */
void server_profile_connected(struct server *server, int fd, const struct iperf_endpoint *client);

/* Reads what has come on all of them. */
void server_profile_read(struct server *server);

/* What their silence means may have changed: a test has begun, or ended. */
void server_profile_set_timer(struct server *server);

/* Closes the one that has waited longest; false when there is none. */
bool server_profile_make_room(struct server *server);

/* Closes all. */
void server_profile_stop(struct server *server);

#endif
