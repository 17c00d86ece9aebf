/* The server's side of the text profile: events in, decisions out. SPEC 6 to 11 and 13.
 *
 * No socket, clock or memory of its own: the caller owns the session, an iperf_conn for each TCP connection and the
 * array of streams; it tells what happened and when, and carries out what is decided. Not locked: a caller with threads
 * serialises its calls.
 *
 *   accept() returned        -> iperf_server_connected
 *   octets on a connection   -> iperf_server_octets        the decisions come through the callback,
 *   end-of-file, reset       -> iperf_server_eof, _reset   before the call returns
 *   a datagram               -> iperf_server_datagram
 *   the time of _deadline    -> iperf_server_timer
 */
#ifndef IPERF_PROTO_SERVER_H
#define IPERF_PROTO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/cookie.h"
#include "proto/endpoint.h"
#include "proto/limits.h"
#include "proto/message.h"
#include "proto/results.h"
#include "proto/stream.h"

/* SPEC 13.1, in its order. */
enum iperf_test_state {
	IPERF_TEST_IDLE,    /* no cookie */
	IPERF_TEST_HELD,    /* a cookie is held provisionally */
	IPERF_TEST_RUNNING, /* TEST_BEGIN has arrived */
};

/* SPEC 13.2, in its order. */
enum iperf_conn_state {
	IPERF_CONN_PREAMBLE, /* fewer than 32 octets */
	IPERF_CONN_FIRST,    /* preamble accepted, first message not complete */
	IPERF_CONN_CONTROL,  /* the control connection */
	IPERF_CONN_STREAM,   /* a stream */
	IPERF_CONN_RESULTS,  /* answered; octets are discarded */
	IPERF_CONN_CLOSED,   /* a decision has closed it; the session knows it no more */
};

/* A place in a list of connections. Private. */
struct iperf_link {
	struct iperf_link *next, *prev;
};

/* A TCP connection. The caller's memory, from _connected until the decision REJECT or CLOSE for it was delivered; it may
 * be freed when the call that delivered it has returned, not within the callback. */
struct iperf_conn {
	/* Read by the caller. */
	enum iperf_conn_state state;
	struct iperf_endpoint client;
	struct iperf_stream *stream; /* in STREAM: into the caller's array, for as long as the test lasts */
	void *user;                  /* the caller's own; never touched */
	/* Private. */
	struct iperf_parser parser;
	int64_t deadline_ns;      /* while waiting: T_hello */
	uint64_t number;          /* connections in the order of their coming */
	struct iperf_link waits;  /* among those without a first message, or those answered; the longest waiting first */
	struct iperf_link member; /* among the connections of the test */
};

enum iperf_decision_kind {
	IPERF_DECIDE_TAKE,    /* conn's preamble is now the held cookie */
	IPERF_DECIDE_ACCEPT,  /* conn's preamble equals the held cookie */
	IPERF_DECIDE_BEGIN,   /* conn is the control connection; the test is running */
	IPERF_DECIDE_STREAM,  /* stream was opened, on conn or, with conn NULL, over UDP */
	IPERF_DECIDE_RESPOND, /* write the answer to conn (iperf_server_results), half-close, go on reading */
	IPERF_DECIDE_RELEASE, /* the cookie is released; the session is idle */
	IPERF_DECIDE_REJECT,  /* close conn: its preamble differs from the held cookie, or it is a second control */
	IPERF_DECIDE_CLOSE,   /* close conn; after a RESPOND, when the answer is written (R-9.1-13) */
};

/* How a test, or the provisional holding of a cookie, came to its end. */
enum iperf_release {
	IPERF_RELEASE_END,     /* TEST_END; R-6.5-1 */
	IPERF_RELEASE_EOF,     /* end-of-file on the control connection; R-6.5-2 */
	IPERF_RELEASE_RESET,   /* reset there; R-6.5-2 */
	IPERF_RELEASE_OCTET,   /* an octet there that is no TEST_END; R-7-4 */
	IPERF_RELEASE_T_IDLE,  /* R-6.5-3 */
	IPERF_RELEASE_T_BEGIN, /* R-6.3-2 */
	IPERF_RELEASE_LEFT,    /* the last connection of a provisional cookie is gone; R-6.3-1 */
	IPERF_RELEASE_STOP,    /* iperf_server_stop() */
};

struct iperf_decision {
	enum iperf_decision_kind kind;
	enum iperf_requirement why;  /* the requirement that demands it */
	struct iperf_conn *conn;     /* NULL for RELEASE and for a UDP stream */
	struct iperf_stream *stream; /* for STREAM */
	enum iperf_release release;  /* for RELEASE. cookie and streams still stand, until the callback returns */
};

struct iperf_server;

/* Delivers one decision. Must not call into the session, except its queries. */
typedef void iperf_decide(void *user, const struct iperf_server *server, const struct iperf_decision *decision);

/* Set by the caller before iperf_server_init; iperf_server_defaults fills all but the last four. */
struct iperf_server_config {
	int64_t t_hello_ns, t_begin_ns, t_idle_ns; /* SPEC 10; all > 0 */
	size_t pending_max;                        /* R-11-1; at least 1 */
	size_t results_max;                        /* R-11-5; at least 1 */
	size_t streams_max;                        /* R-11-3; at most 65535 */
	struct iperf_stream *streams;              /* room for streams_max */
	iperf_decide *decide;
	void *user;                                /* for decide */
};

#define IPERF_UDP_BUCKETS 256 /* for 128 streams: one step to find a datagram's stream */

struct iperf_server {
	/* Read by the caller. */
	struct iperf_server_config config;
	enum iperf_test_state state;
	struct iperf_cookie cookie; /* valid unless IDLE */
	size_t stream_count;        /* of config.streams */
	/* Private. */
	int64_t taken_ns;           /* when the cookie was taken */
	int64_t arrival_ns;         /* R-10-3: the last arrival in a running test */
	bool stream_begun;          /* R-6.3-1 */
	uint64_t connections;       /* so far */
	uint64_t ended_at;          /* connections that had come when the last test ended; R-6.5-10 */
	struct iperf_cookie ended;  /* the cookie of that test */
	size_t pending_count, results_count, member_count;
	struct iperf_link pending, results, members;
	uint16_t bucket[IPERF_UDP_BUCKETS]; /* index + 1 of the first stream; chained by iperf_stream.next */
};

/* The defaults of SPEC 10 and 11; streams, decide and user become NULL. */
void iperf_server_defaults(struct iperf_server_config *config);

/* Begins, idle. *config is copied. */
void iperf_server_init(struct iperf_server *server, const struct iperf_server_config *config);

/* A TCP connection was accepted. conn need not be initialised, but for user. When too many wait, the longest waiting is
 * closed (R-11-2); so read a new connection before you accept the next (R-11-6). Accept what waits in the queue before
 * you tell the end of a control connection, so that stragglers are known as such (R-6.5-10). */
void iperf_server_connected(struct iperf_server *server, struct iperf_conn *conn, const struct iperf_endpoint *client,
			    int64_t now_ns);

/* Octets arrived on conn, in any segmentation. For a stream this is O(1) in length. Ignored once conn is CLOSED. */
void iperf_server_octets(struct iperf_server *server, struct iperf_conn *conn, const uint8_t *octets, size_t length,
			 int64_t now_ns);

/* End-of-file was read on conn, after all its octets. Always closes conn. */
void iperf_server_eof(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns);

/* conn was reset, or the caller cannot go on with it. Always closes conn. */
void iperf_server_reset(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns);

/* A datagram arrived. Never answered (R-8.3-8). */
void iperf_server_datagram(struct iperf_server *server, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, int64_t now_ns);

/* The time at which iperf_server_timer is due, or INT64_MAX. May move with every event. */
int64_t iperf_server_deadline(const struct iperf_server *server);

/* Acts on the timers that have expired by now; harmless when none has. */
void iperf_server_timer(struct iperf_server *server, int64_t now_ns);

/* The server is being stopped: releases the cookie and closes every connection (R-6.5-9). */
void iperf_server_stop(struct iperf_server *server, int64_t now_ns);

/* The state of this moment, for the answer (R-9.1-6). results->streams with room for config.streams_max is the
 * caller's. */
void iperf_server_results(const struct iperf_server *server, struct iperf_results *results);

/* The UDP stream of that source in the running test, or NULL. */
const struct iperf_stream *iperf_server_find(const struct iperf_server *server, const struct iperf_endpoint *client);

#endif
