/*
 * The server of the iperf3 profile: one thread, one poll loop. iperf3_server.c has sockets, loop and signals;
 * iperf3_server_conn.c connections without a whole cookie, and denying; iperf3_server_course.c the course of a test;
 * iperf3_server_params.c what it can serve; iperf3_server_stream.c streams and payload; iperf3_server_timer.c timers.
 */
#ifndef PEER_IPERF3_SERVER_H
#define PEER_IPERF3_SERVER_H

#include "iperf3.h"
#include "iperf3_stream.h"

#include <poll.h>

struct i3_server_options {
	uint16_t port;			     /* 0: any */
	uint64_t read_ns, silence_ns, over_ns; /* T_read, T_silence, T_over */
	bool one_off;
	uint64_t bitrate_limit, duration_limit; /* bit/s, s; 0: none */
};

/* Runs until SIGINT or SIGTERM, or the end of the one test; returns the exit status. */
int i3_server_run(const struct i3_server_options *options);

/* A connection that is no part of a test. */
struct i3_conn {
	int fd; /* -1: closed, to be swept at the end of the turn */
	enum { CONN_COOKIE, CONN_DRAINED } kind;
	struct sockaddr_in6 peer;
	uint8_t cookie[I3_COOKIE_LEN];
	size_t got;
	uint64_t turn; /* which connection of all, in the order of accept() */
	uint64_t deadline_ns;
};

enum i3_phase {
	PHASE_FREE,
	PHASE_PARAMETERS, /* PARAM_EXCHANGE was sent */
	PHASE_STREAMS,	  /* CREATE_STREAMS was sent */
	PHASE_RUNNING,	  /* TEST_RUNNING was sent */
	PHASE_RESULTS,	  /* EXCHANGE_RESULTS was sent */
	PHASE_DISPLAY,	  /* DISPLAY_RESULTS was sent */
};

struct i3_test {
	int control;
	struct sockaddr_in6 peer;
	uint8_t cookie[I3_COOKIE_LEN];
	struct i3_params params;
	struct i3_stream *streams; /* room for all */
	size_t count, total;
	uint8_t length[4], *text; /* the message that is being received */
	size_t got, text_room;
	bool omitting, was_running;
	struct i3_usage usage;
	uint64_t phase_ns, running_ns, ended_ns; /* since when it is in this phase; when payload began and ended */
	uint64_t last_ns;			 /* of the last octet from the client, or payload taken by it */
	uint64_t udp_ready_ns;			 /* by a fault: when the UDP socket is bound */
	int mute;				 /* by a fault: a state of the client that became the server's own */
};

struct i3_server {
	const struct i3_server_options *options;
	int tcp_fd;
	int port_fd; /* keeps the UDP port; what comes there is not read */
	int udp_fd;  /* while a test over UDP runs, else -1 */
	uint16_t port;
	struct i3_conn *conns; /* in the order of their coming */
	size_t conn_count, conn_room;
	uint64_t accepted; /* connections so far */
	enum i3_phase phase;
	struct i3_test test;
	bool finished;			       /* the one test is over */
	uint64_t busy_until_ns;		       /* by a fault */
	bool sticky_output, sticky_reverse, sticky_wide, served_udp; /* by a fault */
};

/* iperf3_server.c: a UDP socket, bound to the address that the connection fd has here; -1: none. */
int server3_udp_socket(const struct i3_server *s, int fd);

/* iperf3_server_conn.c */
void conn3_accept(struct i3_server *s);
void conn3_read(struct i3_server *s, size_t index);
void conn3_expire(struct i3_server *s, uint64_t now);
void conn3_sweep(struct i3_server *s);
/* Ends what was sent on fd, so that it is not overtaken by a reset. */
void conn3_drain(struct i3_server *s, int fd);

/* iperf3_server_course.c */
void test3_begin(struct i3_server *s, int fd, const struct sockaddr_in6 *peer, const uint8_t *cookie);
void test3_read(struct i3_server *s);
void test3_streams_there(struct i3_server *s);
void test3_fail(struct i3_server *s, enum i3_error error);
void test3_over(struct i3_server *s);

/* iperf3_server_params.c: I3_NO_ERROR, or why the test cannot be served. */
enum i3_error params3_check(const struct i3_server *s, struct i3_params *p);
void params3_apply(const struct i3_params *p, int fd);

/* iperf3_server_stream.c */
/* turn: of a TCP connection; UDP streams come in their order. */
void stream3_add(struct i3_server *s, int fd, const struct sockaddr_in6 *source, uint64_t turn);
bool stream3_cookie_fits(const struct i3_server *s, const uint8_t *cookie);
bool stream3_read_udp(struct i3_server *s); /* true: there may be more */
void stream3_hello_out_of_turn(struct i3_server *s); /* by a fault */
void stream3_move(struct i3_server *s, struct i3_stream *stream, short events);
void stream3_drain(struct i3_server *s); /* counts what has come */
void stream3_end_omit(struct i3_server *s);
void stream3_end_sending(struct i3_server *s);
bool stream3_may_send(const struct i3_server *s, const struct i3_stream *stream);
void stream3_close_all(struct i3_server *s);

/* iperf3_server_timer.c */
uint64_t timer3_next(const struct i3_server *s);
void timer3_expire(struct i3_server *s);

#endif
