/* What the files of the iperf3 client share. Private to iperf3_client*.c. */
#ifndef IPERF_REF_IPERF3_CLIENT_PRIVATE_H
#define IPERF_REF_IPERF3_CLIENT_PRIVATE_H

#include <netdb.h>
#include <sys/resource.h>
#include <uv.h>

#include "proto/iperf3_client.h"
#include "ref/deadline.h"
#include "ref/iperf3_flow.h"
#include "ref/iperf3_report.h"
#include "ref/options.h"

#define RUN_BLOCK 16384 /* octets in one read */

struct iperf3_run;

/* A connection, or the socket of a UDP stream. */
struct run_link {
	struct iperf3_run *run;
	int who;
	int fd;
	uv_poll_t poll;
	bool connecting, half_close;
	bool unbound;         /* the local address could not be used */
	uint8_t *out;         /* what is to be sent */
	size_t out_length, out_size;
};

/* The payload of a stream. */
struct run_stream {
	struct iperf3_run *run;
	struct iperf3_flow *flow; /* or NULL */
	bool sends;
	struct iperf3_amount amount; /* its share, if it sends and the test has an amount; in blocks */
	bool final;               /* its measure does not change any more */
	bool told;                /* the session knows that it ended */
	_Atomic bool ended;       /* by itself, with the next */
	_Atomic int error;        /* a positive errno, or 0 */
};

/* One test. */
struct iperf3_run {
	const struct options *options;
	const struct addrinfo *to, *local;
	uv_loop_t loop;
	struct deadline deadline;  /* the session's */
	uv_timer_t interval;
	uv_async_t flow_over;
	uv_poll_t signals;
	int signals_fd;
	struct iperf3_client session;
	struct iperf3_parameters parameters;
	struct iperf3_results own, peer;
	uint8_t *room;
	struct run_stream *streams;
	size_t count;
	struct run_link **links;   /* by who + 1 */
	struct iperf3_amount amount; /* of all receivers together */
	int64_t measure_ns;        /* payload began to flow, or to count */
	struct rusage usage;       /* then */
	bool halted;               /* the session is to be told that payload is over */
	int64_t drain_ns;          /* when at the latest; see iperf3_run_drained() */
	struct iperf3_report report;
	struct run_link *opened;   /* whose opening is to be told to the session, with the error or 0 */
	int opened_error;
	bool over;
	int error;                 /* of this host, or of writing the report */
	const char *what;
	uint8_t block[RUN_BLOCK];
};

/* --- iperf3_client.c */

/* Carries out what a session call left to be done. */
void iperf3_run_settle(struct iperf3_run *run);

/* Notes what keeps the test from being run or reported; the first such thing counts. */
void iperf3_run_fail(struct iperf3_run *run, const char *what, int error);

/* --- iperf3_client_link.c: connections. Nothing here calls the session but iperf3_run_tell(). */

/* The connection or socket of who, or NULL while there is none. */
struct run_link *iperf3_run_link(const struct iperf3_run *run, int who);

void iperf3_run_open(struct iperf3_run *run, int who);
void iperf3_run_send(struct run_link *link, const uint8_t *octets, size_t length);
void iperf3_run_half_close(struct run_link *link);
void iperf3_run_close(struct run_link *link);

/* The loop reads a stream no more: its payload is the flow's. */
void iperf3_run_leave(struct run_link *link);

/* Tells the session of what is open now, or could not be opened: run->opened. */
void iperf3_run_tell(struct iperf3_run *run);

/* --- iperf3_client_payload.c: what flows. These are for decisions, but for iperf3_run_flow_over() */

/* Initialises the loop's handles that payload needs. */
int iperf3_run_payload_init(struct iperf3_run *run);

void iperf3_run_flow(struct iperf3_run *run);
void iperf3_run_measure(struct iperf3_run *run);
void iperf3_run_halt(struct iperf3_run *run);

/* Whether all that was sent of an amount has arrived, as far as the system knows, or enough time has passed: TEST_END goes
 * another way, and would overtake it (SPEC 25). If not, settle() is called again soon. */
bool iperf3_run_drained(struct iperf3_run *run);

void iperf3_run_freeze(struct iperf3_run *run);

/* When payload last arrived; 0: never. */
int64_t iperf3_run_arrived_ns(const struct iperf3_run *run);

/* Fills run->own (SPEC 28). */
void iperf3_run_count(struct iperf3_run *run);

/* Ends all flows, however far they are. */
void iperf3_run_stop_flows(struct iperf3_run *run);

#endif
