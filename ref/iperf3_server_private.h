/* What the files of the iperf3 profile's server share. Private to iperf3_server*.c. */
#ifndef IPERF_REF_IPERF3_SERVER_PRIVATE_H
#define IPERF_REF_IPERF3_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "proto/iperf3_datagram.h"
#include "proto/iperf3_server.h"
#include "ref/deadline.h"
#include "ref/iperf3_flow.h"
#include "ref/iperf3_server.h"
#include "ref/iperf3_server_report.h"

#define IPERF3_BLOCK 16384 /* octets in one read of the loop */
#define IPERF3_HELLOS 64   /* that wait for the loop */

struct iperf3_link_conn {
	struct iperf3_conn session;
	struct iperf3_service *service;
	uv_poll_t poll;
	int fd;
	uint8_t *out;          /* what is to be sent: out[out_at .. out_length) */
	size_t out_at, out_length;
	bool ending, ended;    /* END was decided; half-closed */
	TAILQ_ENTRY(iperf3_link_conn) closing;
};

/* A stream of the test. */
struct iperf3_line {
	struct iperf3_service *service;
	bool sends;
	int fd;                /* UDP: its own; TCP: that of its connection; -1: none */
	struct iperf3_flow *flow;
};

struct iperf3_waiting_hello {
	struct iperf_endpoint client, local;
	uint8_t octets[IPERF3_HELLO_LENGTH];
	size_t length;
};

struct iperf3_service {
	struct iperf3_service_config config;
	struct iperf3_server session;
	struct deadline deadline; /* the session's */
	uv_timer_t interval;
	uv_timer_t omit;
	uv_async_t wake;       /* hellos wait, or a flow is broken */
	TAILQ_HEAD(, iperf3_link_conn) closing; /* closed by decision, still to be closed in fact */
	bool stopping;
	int broken;            /* a stream could not be opened: errno */
	atomic_int flow_error; /* a flow is broken: errno */
	/* Hellos, by whichever thread receives datagrams. */
	pthread_mutex_t lock;
	atomic_bool listening; /* hellos are wanted */
	struct iperf3_waiting_hello hellos[IPERF3_HELLOS];
	size_t hello_count;
	struct iperf_endpoint asked; /* the local address of the hello at hand */
	/* The test. */
	struct iperf3_line *lines;
	struct iperf3_told *told;
	size_t line_count;
	struct iperf3_server_report report;
	bool reporting;        /* report was begun */
	bool over, ran;        /* to be told to config.over */
	int64_t start_ns;      /* of the present phase: of payload, or of what is behind omit */
	int64_t interval_ns;   /* of the last interval's end */
	int64_t end_ns;        /* HALT, or 0 */
	bool omitting;
	struct rusage usage;   /* at start */
	int64_t usage_ns;
	char *output;          /* for the client, until the results are sent */
	uint8_t block[IPERF3_BLOCK];
};

/* --- iperf3_server.c */

/* What a session call left to be done. In the loop, after each. */
void iperf3_service_settle(struct iperf3_service *service);

/* --- iperf3_server_conn.c: connections */

void iperf3_service_send(struct iperf3_link_conn *conn, const uint8_t *octets, size_t length);
void iperf3_service_end(struct iperf3_link_conn *conn);
void iperf3_service_close(struct iperf3_link_conn *conn);

/* Closes what is on service->closing. */
void iperf3_service_close_all(struct iperf3_service *service);

/* --- iperf3_server_streams.c: sockets and payload of a test */

/* Whether the system can do what the parameters ask for: see iperf3_able. */
int32_t iperf3_service_able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error);

/* The next stream is there; service->broken is set when it cannot be served. */
void iperf3_service_open(struct iperf3_service *service, const struct iperf3_stream *stream);

void iperf3_service_reply(struct iperf3_service *service, const uint8_t *octets, size_t length);

void iperf3_service_run(struct iperf3_service *service);
void iperf3_service_halt(struct iperf3_service *service);

/* Waits for all flows to end, and leaves what they have moved in service->told. */
void iperf3_service_finish(struct iperf3_service *service);

/* Brings told up to date. Returns when payload moved last. */
int64_t iperf3_service_look(struct iperf3_service *service);

/* Whether payload waits to be received. */
bool iperf3_service_waits(const struct iperf3_service *service);

/* Fills the results, and the report with them. */
void iperf3_service_measure(struct iperf3_service *service, struct iperf3_results *results);

/* Ends all payload, closes sockets. */
void iperf3_service_clear(struct iperf3_service *service);

#endif
