/* The server's side of the iperf3 profile: events in, decisions out. SPEC 22 to 32.
 *
 * No socket, clock or memory of its own: the caller owns the session, an iperf3_conn for each TCP connection, and the
 * room for texts and streams; it tells what happened and when, and carries out what is decided. Not locked: a caller
 * with threads serialises its calls.
 *
 *   accept() returned               -> iperf3_server_connected
 *   octets on a connection          -> iperf3_server_octets      the decisions come through the callback,
 *   end-of-file, reset              -> iperf3_server_eof, _reset before the call returns
 *   a datagram at the server's port -> iperf3_server_datagram
 *   the time of _deadline           -> iperf3_server_timer, after iperf3_server_moved
 *
 * Payload does not pass through the session. From the decision RUN on the caller moves it: on the connection of each
 * TCP stream, which the session reads no more, or on a UDP socket connected to the stream's client. */
#ifndef IPERF_PROTO_IPERF3_SERVER_H
#define IPERF_PROTO_IPERF3_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/endpoint.h"
#include "proto/iperf3_control.h"
#include "proto/iperf3_parameters.h"
#include "proto/iperf3_results.h"
#include "proto/limits.h"

#define IPERF3_T_READ    (10 * IPERF_S)  /* SPEC 31 */
#define IPERF3_T_SILENCE (120 * IPERF_S) /* SPEC 31 */
#define IPERF3_T_OVER    (40 * IPERF_S)  /* SPEC 31 */

#define IPERF3_PENDING_MAX  64            /* R-32-3: connections without a whole cookie */
#define IPERF3_ENDING_MAX   64            /* connections that are half-closed, lest a reset destroy what was said */
#define IPERF3_STREAMS_MAX  128           /* R-32-2: in each direction */
#define IPERF3_LEN_MAX      (1024 * 1024) /* R-24-5: octets of a TCP block */
#define IPERF3_DATAGRAM_MAX 65507         /* R-24-5: octets of a datagram */

/* The course of a test: SPEC 23, in its order.
 *
 *   IDLE --cookie--> PARAMETERS --parameters--> CREATING --last stream--> FLOWING
 *        --TEST_END--> RESULTS --results--> DISPLAYED --IPERF_DONE--> IDLE
 *
 * From each state back to IDLE: by the end of the control connection, by IPERF_DONE, or when the test is failed. */
enum iperf3_test_state {
	IPERF3_TEST_IDLE,       /* free */
	IPERF3_TEST_PARAMETERS, /* PARAM_EXCHANGE was sent */
	IPERF3_TEST_CREATING,   /* CREATE_STREAMS was sent */
	IPERF3_TEST_FLOWING,    /* TEST_START and TEST_RUNNING were sent */
	IPERF3_TEST_RESULTS,    /* EXCHANGE_RESULTS was sent */
	IPERF3_TEST_DISPLAYED,  /* results and DISPLAY_RESULTS were sent */
};

enum iperf3_conn_state {
	IPERF3_CONN_COOKIE,  /* fewer than 37 octets */
	IPERF3_CONN_CONTROL, /* the control connection */
	IPERF3_CONN_STREAM,  /* a stream: the caller reads it from RUN on, nobody before */
	IPERF3_CONN_ENDING,  /* END was decided; octets are discarded */
	IPERF3_CONN_CLOSED,  /* CLOSE was decided; the session knows it no more */
};

/* A place in a list of connections. Private. */
struct iperf3_link {
	struct iperf3_link *next, *prev;
};

/* A TCP connection. The caller's memory, from _connected until the decision CLOSE for it was delivered; it may be freed
 * when the call that delivered it has returned, not within the callback. */
struct iperf3_conn {
	/* Read by the caller. */
	enum iperf3_conn_state state;
	struct iperf_endpoint client;
	void *user;              /* the caller's own; never touched */
	/* Private. */
	struct iperf3_parser parser;
	int64_t deadline_ns;     /* COOKIE, ENDING: T_read */
	uint64_t number;         /* connections in the order of their coming */
	struct iperf3_link link; /* in COOKIE, STREAM and ENDING: the longest waiting first */
};

struct iperf3_stream {
	int64_t id;                   /* R-25-7: 1, 3, 4, 5 ... */
	bool sends;                   /* the server sends its payload */
	struct iperf_endpoint client;
	struct iperf3_conn *conn;     /* TCP, until its CLOSE; UDP: NULL */
	bool old;                     /* UDP: the hello was that of 3.0.1 to 3.11 */
};

enum iperf3_decision_kind {
	IPERF3_DECIDE_TAKE,    /* conn is the control connection of a new test */
	IPERF3_DECIDE_SEND,    /* send octets on conn, in the order of decisions; valid within the callback only */
	IPERF3_DECIDE_STREAM,  /* stream is there; UDP: open a socket that is connected to stream->client */
	IPERF3_DECIDE_REPLY,   /* send octets as a datagram to stream->client, from the server's port */
	IPERF3_DECIDE_RUN,     /* payload flows, on all streams */
	IPERF3_DECIDE_HALT,    /* stop to send payload; what still arrives counts (ruling 43) until MEASURE */
	IPERF3_DECIDE_MEASURE, /* fill *results: its streams are there, with ids. All of it is sent */
	IPERF3_DECIDE_RELEASE, /* the test is over: stop all payload. The session is free */
	IPERF3_DECIDE_END,     /* conn: send what is to be sent, half-close, go on reading and telling */
	IPERF3_DECIDE_CLOSE,   /* close conn */
};

/* How a test came to its end. */
enum iperf3_release {
	IPERF3_RELEASE_DONE,    /* IPERF_DONE after the results */
	IPERF3_RELEASE_LEFT,    /* IPERF_DONE before them: the client has given up */
	IPERF3_RELEASE_EOF,     /* the control connection ended; R-29-9 */
	IPERF3_RELEASE_RESET,   /* it was reset */
	IPERF3_RELEASE_FAILED,  /* the server has failed it; error says why */
	IPERF3_RELEASE_STOP,    /* iperf3_server_stop() */
};

struct iperf3_decision {
	enum iperf3_decision_kind kind;
	enum iperf_requirement why;     /* the requirement that demands it */
	struct iperf3_conn *conn;       /* TAKE, SEND, END, CLOSE; STREAM on TCP */
	const struct iperf3_stream *stream; /* STREAM, REPLY */
	const uint8_t *octets;          /* SEND, REPLY */
	size_t length;
	struct iperf3_results *results; /* MEASURE */
	/* RELEASE. The test's parameters, cookie, streams and peer still stand, until the callback returns. */
	enum iperf3_release release;
	enum iperf3_test_state reached; /* the state that the test was in */
	int32_t error, system_error;    /* FAILED */
};

struct iperf3_server;

/* Delivers one decision. Must not call into the session, except its queries. */
typedef void iperf3_decide(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision);

/* Whether the caller can run a test with these parameters (R-24-6, R-24-8): 0, or the error to fail it with, and
 * *system_error. They are sound by then: known transport, len and parallel within bounds, no SCTP, no token. When it
 * returns 0 the caller is ready for the first stream (R-23-3). Must not call into the session. */
typedef int32_t iperf3_able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error);

/* Set by the caller before iperf3_server_init; iperf3_server_defaults fills all but the pointers. */
struct iperf3_server_config {
	int64_t t_read_ns, t_silence_ns, t_over_ns; /* SPEC 31; all > 0 */
	size_t pending_max, ending_max;             /* R-32-3; at least 1 */
	size_t streams_max;                         /* R-32-2: in each direction */
	struct iperf3_stream *streams;              /* room for 2 * streams_max */
	struct iperf3_stream_result *own, *peer;    /* the same each: what MEASURE fills, and the client's results */
	uint8_t *text;                              /* room for parameters, the client's results, and the own ones */
	size_t text_size;                           /* at least IPERF3_RESULTS_MAX for R-28-7; with less, longer texts
						     * are refused */
	iperf3_decide *decide;
	iperf3_able *able;                          /* or NULL: all that is sound */
	void *user;                                 /* for both */
};

struct iperf3_server {
	/* Read by the caller. */
	struct iperf3_server_config config;
	enum iperf3_test_state state;
	struct iperf3_cookie cookie;         /* unless IDLE */
	struct iperf3_conn *control;         /* unless IDLE */
	struct iperf3_parameters parameters; /* from CREATING on */
	size_t stream_count;                 /* of config.streams: those decided so far */
	struct iperf3_results peer;          /* in DISPLAYED */
	bool occupied;                       /* iperf3_server_occupy() */
	/* Private. */
	struct iperf3_parser parser;         /* of what the control connection sends next */
	int64_t heard_ns;                    /* T_silence */
	int64_t read_ns;                     /* T_read: since when a text is awaited */
	int64_t over_ns;                     /* T_over: when it expires, or INT64_MAX */
	uint64_t connections;                /* so far */
	size_t pending_count, ending_count, member_count;
	struct iperf3_link pending, ending, members;
};

/* The defaults of SPEC 31 and 32; pointers become NULL. */
void iperf3_server_defaults(struct iperf3_server_config *config);

/* Begins, free. *config is copied. */
void iperf3_server_init(struct iperf3_server *server, const struct iperf3_server_config *config);

/* Another protocol's test begins or ends on this server: cookies are denied meanwhile (R-33-4). */
void iperf3_server_occupy(struct iperf3_server *server, bool occupied);

/* A TCP connection was accepted. conn need not be initialised, but for user. While payload flows it is denied at once
 * (R-30-1); when too many wait, the longest waiting is failed (R-32-3). */
void iperf3_server_connected(struct iperf3_server *server, struct iperf3_conn *conn,
			     const struct iperf_endpoint *client, int64_t now_ns);

/* How many octets may be read from conn now. Octets beyond the cookie of a stream are payload, which is not the
 * session's: before it knows what a connection is, it wants no more than the cookie. 0: none. */
size_t iperf3_server_room(const struct iperf3_conn *conn);

/* Octets arrived on conn, at most iperf3_server_room(), in any segmentation. Ignored once conn is CLOSED. */
void iperf3_server_octets(struct iperf3_server *server, struct iperf3_conn *conn, const uint8_t *octets, size_t length,
			  int64_t now_ns);

/* End-of-file was read on conn, after all its octets. A stream's is of no consequence (R-25-11). */
void iperf3_server_eof(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns);

/* conn was reset, or the caller cannot go on with it. */
void iperf3_server_reset(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns);

/* A datagram arrived that is not of a stream. Only a hello that is due leads to anything (R-26.1-3 to R-26.1-6). */
void iperf3_server_datagram(struct iperf3_server *server, const struct iperf_endpoint *client, const uint8_t *octets,
			    size_t length, int64_t now_ns);

/* Payload of the test last moved at that time, in either direction (T_silence). */
void iperf3_server_moved(struct iperf3_server *server, int64_t last_ns);

/* A decision took the caller until then: what the session waits for next, it waits for from then on, and not from the
 * event that led to the decision. In the callback; only needed where a decision may take long. */
void iperf3_server_obeyed(struct iperf3_server *server, int64_t now_ns);

/* The caller cannot go on with the test, if there is one: fails it (SPEC 29). */
void iperf3_server_fail(struct iperf3_server *server, int32_t error, int32_t system_error, int64_t now_ns);

/* The time at which iperf3_server_timer is due, or INT64_MAX. May move with every event. */
int64_t iperf3_server_deadline(const struct iperf3_server *server);

/* Acts on the timers that have expired by now; harmless when none has. */
void iperf3_server_timer(struct iperf3_server *server, int64_t now_ns);

/* The server is being stopped: ends the test (R-29-7) and closes every connection, those that are ending too. */
void iperf3_server_stop(struct iperf3_server *server, int64_t now_ns);

#endif
