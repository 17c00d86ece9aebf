/*
 * The server: one thread, one poll loop. server.c has sockets, loop and timers; server_conn.c what octets on a TCP
 * connection mean; server_cookie.c cookie and test; server_stream.c streams; server_results.c answers.
 */
#ifndef PEER_SERVER_H
#define PEER_SERVER_H

#include "clock.h"
#include "faults.h"
#include "message.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct server_options {
	uint16_t port;			      /* 0: any */
	uint64_t hello_ns, begin_ns, idle_ns; /* T_hello, T_begin, T_idle */
	size_t max_streams, max_pending, max_results;
};

/* Runs until SIGTERM; returns the exit status. */
int server_run(const struct server_options *options);

/* SPEC 13.2; LEFT_OPEN is a connection that a fault keeps, nothing that it sends means anything. */
enum conn_state { PREAMBLE, FIRST, CONTROL, STREAM, RESULTS, LEFT_OPEN };

struct stream {
	bool udp, terminated /* UDP only */, ended /* its connection is gone */;
	bool hidden; /* by a fault: not listed */
	bool sticky; /* by a fault: was terminated once */
	bool reset;  /* ended by a reset */
	struct sockaddr_in6 source;
	uint64_t received; /* TCP: octets after STREAM_BEGIN; UDP: payload */
	uint64_t packets, messages, begun_ns, last_ns;
	uint8_t tail[STREAM_END_LEN]; /* TCP: the last octets received */
	size_t tail_len;
};

struct conn {
	int fd; /* -1: closed, to be swept at the end of the turn */
	enum conn_state state;
	bool of_test, eof, garbage, reading;
	struct sockaddr_in6 peer;
	uint64_t accepted_ns, last_octet_ns, answered_ns;
	uint64_t answer;       /* its number: a clock's times may be equal */
	uint64_t ended_before; /* tests that had ended when the connection was offered, see R-6.5-10 */
	uint8_t preamble[COOKIE_LEN];
	uint8_t in[64]; /* the message that is being received */
	size_t in_len;
	struct stream *stream;
	char *out; /* the answer */
	size_t out_len, out_sent;
};

enum { ENDED_COOKIES = 64 };

struct server {
	const struct server_options *options;
	int tcp_fd, udp_fd;
	uint16_t port;
	struct conn **conns; /* in the order of acceptance */
	size_t conn_count, conn_room;
	enum { IDLE, HELD, RUNNING } state;
	uint8_t cookie[COOKIE_LEN];
	bool stream_begun, ending, accepting, settling, half_held, answered_once;
	uint64_t answers, taken_ns, last_arrival_ns, late_until_ns, release_ns;
	struct conn *control;
	struct stream **streams;
	size_t stream_count, stream_room;
	uint8_t ended_cookies[ENDED_COOKIES][COOKIE_LEN];
	uint64_t ended_count;
	char *stale; /* by a fault: the answer before */
	size_t stale_len;
};

/* server.c */
void server_accept(struct server *s);

/* server_conn.c */
void conn_read(struct server *s, struct conn *c);
void conn_close(struct server *s, struct conn *c);
void conn_read_pending(struct server *s);
bool conn_is_pending(const struct conn *c);

/* server_cookie.c: why a cookie is released */
enum end { END_MESSAGE, END_EOF, END_RESET, END_OCTETS, END_IDLE, END_T_BEGIN, END_OTHER };
void test_hold(struct server *s, const uint8_t cookie[static COOKIE_LEN]);
void test_begin(struct server *s, struct conn *control);
void test_end(struct server *s, enum end why);
void test_settle(struct server *s);
void test_conn_gone(struct server *s);
bool test_is_straggler(const struct server *s, const struct conn *c);

/* server_stream.c */
void stream_begin_tcp(struct server *s, struct conn *c);
void stream_payload(struct server *s, struct conn *c, const uint8_t *p, size_t n);
void stream_gone(struct server *s, struct conn *c, bool reset);
bool stream_complete(const struct server *s, const struct stream *st);
uint64_t stream_bytes(const struct server *s, const struct stream *st);
void stream_free_all(struct server *s);
void udp_read(struct server *s);

/* server_results.c */
void results_answer(struct server *s, struct conn *c, bool tail);
void results_write(struct server *s, struct conn *c);

#endif
