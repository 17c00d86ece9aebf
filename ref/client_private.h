/* What the files of the client share. Private to client*.c. */
#ifndef IPERF_REF_CLIENT_PRIVATE_H
#define IPERF_REF_CLIENT_PRIVATE_H

#include <uv.h>

#include "proto/client.h"
#include "ref/deadline.h"
#include "ref/options.h"
#include "ref/report_client.h"
#include "ref/socket.h"
#include "ref/source.h"

#define CLIENT_BLOCK 16384 /* octets in one read: a server sends little */
#define CLIENT_OTHERS 2    /* connections that are no stream: IPERF_WHO_RESULTS and _CONTROL */

struct client;

/* A connection, or the socket of a UDP stream. */
struct link {
	struct client *client;
	int who;
	int fd;
	uv_poll_t poll;       /* not used on UDP */
	bool connecting, half_close;
	bool unbound;         /* the local address could not be used */
	uint8_t out[IPERF_OPENING_MAX + IPERF_MESSAGE_MAX]; /* what is to be sent */
	size_t out_length;
};

struct client {
	const struct options *options;
	const struct addrinfo *to, *local;
	uv_loop_t loop;
	struct deadline deadline;        /* the session's */
	uv_timer_t interval;
	uv_async_t payload_over;
	uv_poll_t signals;
	int signals_fd;
	struct iperf_client session;
	struct iperf_client_stream *streams;
	struct source_stream *sources;   /* of the streams; a descriptor lives here once it is open */
	struct link **links;             /* by who + CLIENT_OTHERS */
	struct source *source;           /* while payload flows */
	int64_t flow_ns;                 /* payload began to flow */
	struct report_client report;
	struct link *opened;             /* whose opening is to be told to the session, with the error or 0 */
	int opened_error;
	bool over;
	int error;                       /* of this host, or of writing the report */
	const char *what;
	uint8_t block[CLIENT_BLOCK];
};

/* --- client.c */

/* Carries out what a session call left to be done. */
void client_settle(struct client *client);

/* Notes what keeps the test from being run or reported; the first such thing counts. */
void client_fail(struct client *client, const char *what, int error);

/* --- client_link.c: connections */

/* The connection or socket of who, or NULL while there is none. */
struct link *client_link(const struct client *client, int who);

/* These four are for decisions: they call back nothing. */
void client_link_open(struct client *client, int who);
void client_link_send(struct link *link, const uint8_t *octets, size_t length);
void client_link_half_close(struct link *link);
void client_link_close(struct link *link);

/* Tells the session of what is open now, or could not be opened: client->opened. */
void client_link_tell(struct client *client);

#endif
