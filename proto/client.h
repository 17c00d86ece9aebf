/* The client's side of the text profile: events in, decisions out. SPEC 13.3 is its table.
 *
 * No socket, clock or memory of its own. The caller opens what it is told to open, sends what it is told to send in the
 * order in which it is told, moves the payload, and tells what happened and when. Not locked. No function here may be
 * called from within the callback, except queries. */
#ifndef IPERF_PROTO_CLIENT_H
#define IPERF_PROTO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/cookie.h"
#include "proto/limits.h"
#include "proto/message.h"
#include "proto/results.h"
#include "proto/stream.h"

/* SPEC 13.3, in its order. */
enum iperf_client_state {
	IPERF_CLIENT_START,
	IPERF_CLIENT_BEGIN,
	IPERF_CLIENT_CONFIRM,
	IPERF_CLIENT_PAYLOAD,
	IPERF_CLIENT_ENDING,
	IPERF_CLIENT_RESULTS,
	IPERF_CLIENT_FINISH,
	IPERF_CLIENT_DONE,
};

/* Who a decision or an event is about: a stream by its index from 0, or one of these. */
#define IPERF_WHO_CONTROL (-1)
#define IPERF_WHO_RESULTS (-2)

/* How a test ended, from good to bad; the worst that happened is the outcome. */
enum iperf_outcome {
	IPERF_OUTCOME_OK,
	IPERF_OUTCOME_INCOMPLETE,  /* a stream stayed unlisted or incomplete (R-8.4-7) */
	IPERF_OUTCOME_STREAM_LOST, /* the server ended or refused a stream connection */
	IPERF_OUTCOME_TIMEOUT,     /* a wait for the server took longer than T_results */
	IPERF_OUTCOME_MALFORMED,   /* a response, or octets where none may be (R-9.3-2, R-5.2-1) */
	IPERF_OUTCOME_REFUSED,     /* the control connection could not be opened */
	IPERF_OUTCOME_ABORTED,     /* the server ended the test */
	IPERF_OUTCOME_REJECTED,    /* the server serves another test (R-5.2-7) */
	IPERF_OUTCOME_INTERRUPTED, /* iperf_client_stop() */
};

enum iperf_client_decision_kind {
	IPERF_CLIENT_OPEN,       /* open a TCP connection, or the UDP socket of a stream, then call _opened or _failed */
	IPERF_CLIENT_SEND,       /* send octets on a connection; as one datagram on a UDP stream */
	IPERF_CLIENT_HALF_CLOSE, /* after all that was sent before */
	IPERF_CLIENT_CLOSE,      /* at once; no event of it is expected any more */
	IPERF_CLIENT_FLOW,       /* let payload flow on every stream that is open, until the user's limit; then call
				  * _payload_over, when no more of it will be sent */
	IPERF_CLIENT_HALT,       /* stop the payload now, then call _payload_over */
	IPERF_CLIENT_OVER,       /* the test is over: outcome, detail and results are final */
};

struct iperf_client_decision {
	enum iperf_client_decision_kind kind;
	int who;               /* 0, and of no meaning, for FLOW, HALT and OVER */
	const uint8_t *octets; /* SEND: valid until the callback returns */
	size_t length;
};

struct iperf_client;
typedef void iperf_client_decide(void *user, const struct iperf_client *client,
				 const struct iperf_client_decision *decision);

/* A stream of the client. The array is the caller's; it sets protocol only. */
struct iperf_client_stream {
	enum iperf_protocol protocol;
	/* Read by the caller. */
	bool open;      /* opened, and not closed by either side */
	bool lost;      /* refused, or ended by the server before its STREAM_END was sent */
	bool complete;  /* UDP: listed as complete in the last response */
	/* Private. */
	uint16_t port;  /* local */
};

/* iperf_client_defaults fills the timers. */
struct iperf_client_config {
	int64_t t_results_ns;                /* SPEC 10 */
	int64_t t_reject_ns;                 /* SPEC 10 */
	int64_t again_ns;                    /* from an answer that does not do to the next request; less than 20 ms
					      * counts as 20 ms (R-8.4-2, R-9.3-6) */
	struct iperf_client_stream *streams; /* in the order in which they are to be begun */
	size_t stream_count;
	struct iperf_results results;        /* room for the listed streams: streams and capacity */
	char *text;                          /* room for result data */
	size_t text_size;
	iperf_client_decide *decide;
	void *user;
};

struct iperf_client {
	/* Read by the caller. */
	struct iperf_client_config config;
	enum iperf_client_state state;
	struct iperf_cookie cookie;
	enum iperf_outcome outcome;   /* the worst so far */
	enum iperf_requirement why;   /* the requirement that it concerns, or IPERF_R_NONE */
	char detail[200];             /* one sentence about it, without names of hosts; "" when OK */
	struct iperf_results results; /* the last response; results.count is 0 before it, and after bad result data */
	bool answered;                /* results holds a response to the present series of requests */
	/* Private. */
	size_t begun;                 /* streams begun, or lost while being opened */
	bool control_open, results_open, payload_flows;
	bool accepted;                /* a response arrived: the server serves this test */
	int64_t start_ns;             /* the control connection began to open */
	int64_t begin_ns;             /* TEST_BEGIN was written */
	int64_t deadline_ns;          /* of the state's wait, or INT64_MAX */
	int64_t again_ns;             /* the next repetition, or INT64_MAX */
	unsigned ends;                /* rounds of STREAM_END on UDP */
	struct iperf_parser answer;
	size_t text_length;
};

/* T_results, T_reject and a repetition after 50 ms; the rest becomes 0. */
void iperf_client_defaults(struct iperf_client_config *config);

/* Begins in START, with the cookie of this test (R-3-3). *config is copied. */
void iperf_client_init(struct iperf_client *client, const struct iperf_client_config *config,
		       const struct iperf_cookie *cookie);

/* Starts: the first decision is to open the control connection. */
void iperf_client_start(struct iperf_client *client, int64_t now_ns);

/* What was to be opened is open; port is its local port. */
void iperf_client_opened(struct iperf_client *client, int who, uint16_t port, int64_t now_ns);

/* It could not be opened; reason is a word or two for the sentence, such as strerror() gives. */
void iperf_client_failed(struct iperf_client *client, int who, const char *reason, int64_t now_ns);

/* Octets from the server. */
void iperf_client_octets(struct iperf_client *client, int who, const uint8_t *octets, size_t length, int64_t now_ns);

/* End-of-file or reset from the server: the same to a client (R-5.2-4). */
void iperf_client_ended(struct iperf_client *client, int who, int64_t now_ns);

/* The payload is over: FLOW came to its end, or HALT was obeyed. */
void iperf_client_payload_over(struct iperf_client *client, int64_t now_ns);

/* The user gives up: closes everything (R-7-5). */
void iperf_client_stop(struct iperf_client *client, int64_t now_ns);

/* When iperf_client_timer is due, or INT64_MAX. */
int64_t iperf_client_deadline(const struct iperf_client *client);

/* Acts on what is due by now; harmless when nothing is. */
void iperf_client_timer(struct iperf_client *client, int64_t now_ns);

#endif
