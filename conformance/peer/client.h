/*
 * The client: client.c has the course of a test (SPEC 13.3), client_net.c connections and waiting, client_flow.c
 * streams and payload, client_ask.c requests for results.
 */
#ifndef PEER_CLIENT_H
#define PEER_CLIENT_H

#include "clock.h"
#include "faults.h"
#include "message.h"
#include "results.h"

#include <sys/socket.h>

struct client_options {
	const char *host, *port;
	size_t tcp_streams, udp_streams;
	uint64_t octets;		/* in all, when time_ns is 0 */
	uint64_t time_ns;		/* how long payload is sent */
	size_t length;			/* of a write or datagram; 0: a default */
	uint64_t results_ns, reject_ns; /* T_results, T_reject */
};

/* Runs a test; returns the exit status. */
int client_run(const struct client_options *options);

#define FOR_EVER UINT64_MAX

struct flow {
	bool udp;
	int fd;		     /* -1: not open, or over */
	bool begun;	     /* STREAM_BEGIN was sent */
	bool early_end;	     /* the server ended it before STREAM_END */
	uint64_t left, sent; /* payload to send, and sent */
};

struct client {
	const struct client_options *options;
	struct sockaddr_storage address;
	socklen_t address_len;
	uint8_t cookie[COOKIE_LEN];
	int control, second_control;
	bool control_ended, control_reset; /* seen by a wait */
	bool test_ended;		   /* TEST_END was sent: the end of the control connection is no news */
	bool answered;			   /* a response has come, so the test was accepted */
	bool failed;			   /* something was reported */
	uint64_t reject_until_ns;	   /* R-5.2-7 */
	uint64_t ended_ns;		   /* when the last STREAM_END datagram was sent */
	struct flow *flows;
	size_t flow_count;
	struct results results; /* the last response */
};

/* client.c: tells the user; the client will fail. */
void client_problem(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* client_net.c. All waiting watches the control connection and stops when the server ends it. */
bool net_resolve(struct client *c);
uint64_t net_deadline(const struct client *c);	      /* T_results from now */
int net_connect(struct client *c, uint64_t deadline); /* -1: refused, timed out, or the test is over */
bool net_test_over(const struct client *c);
/* Waits for events on fd (-1: none): 1 there are some, 0 the deadline passed, -1 the test is over. */
int net_wait(struct client *c, int fd, short events, uint64_t deadline);
bool net_pause(struct client *c, unsigned ms); /* false: the test is over */
bool net_send(struct client *c, int fd, const uint8_t *p, size_t n);
size_t net_message(const struct client *c, enum message m, uint8_t *out); /* into 128 octets */
bool net_send_first(struct client *c, int fd, enum message m);		  /* preamble and first message */
void net_close(int *fd);

/* client_flow.c; false: the test is over. */
bool flow_open_all(struct client *c);
bool flow_send_begins(struct client *c, int times);
bool flow_send_payload(struct client *c);
bool flow_end_all(struct client *c);
bool flow_send_ends(struct client *c, int times);
void flow_note_ends(struct client *c);		     /* before STREAM_END: which TCP streams has the server ended? */
size_t flow_count(const struct client *c, bool udp); /* begun and not ended early */

/* client_ask.c: one series of requests. */
enum outcome { ASK_DONE, ASK_ERROR, ASK_OVER };
enum outcome ask_confirm(struct client *c);
enum outcome ask_final(struct client *c);

#endif
