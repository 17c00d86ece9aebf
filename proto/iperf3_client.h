/* The client's side of the iperf3 profile: events in, decisions out. SPEC 22 to 31.
 *
 * No socket, clock or memory of its own: rooms are the caller's, and only the JSON functions that it calls for
 * parameters and results allocate, within themselves. The caller opens what it is told to open, sends what it is told
 * to send in the order in which it is told, moves and counts the payload, and tells what happened and when. Not locked.
 * No function here may be called from within the callback, except queries. */
#ifndef IPERF_PROTO_IPERF3_CLIENT_H
#define IPERF_PROTO_IPERF3_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/iperf3_control.h"
#include "proto/iperf3_parameters.h"
#include "proto/iperf3_results.h"
#include "proto/limits.h"

#define IPERF3_T_REPLY  (30 * IPERF_S)   /* SPEC 31: a client's patience */
#define IPERF3_AGAIN    (1 * IPERF_S)    /* R-26.1-10: from one hello to the next */
#define IPERF3_T_END    (1 * IPERF_S)    /* R-23-15: after IPERF_DONE */
#define IPERF3_T_ERROR  (1 * IPERF_S)    /* the octets behind SERVER_ERROR, which may never come (R-29-3) */
#define IPERF3_T_SETTLE (50 * IPERF_MS)  /* SPEC 25: a moment for the last octets; part of R-27.2-3's second */

/* What is waited for, or done, in the order of a test. */
enum iperf3_client_state {
	IPERF3_CLIENT_CONNECT,    /* the control connection is being opened */
	IPERF3_CLIENT_COOKIE,     /* cookie sent: PARAM_EXCHANGE */
	IPERF3_CLIENT_PARAMETERS, /* parameters sent: CREATE_STREAMS */
	IPERF3_CLIENT_STREAMS,    /* streams are opened one after the other: on UDP each with its reply */
	IPERF3_CLIENT_START,      /* all are open: TEST_START */
	IPERF3_CLIENT_STARTED,    /* TEST_RUNNING */
	IPERF3_CLIENT_PAYLOAD,    /* payload flows until the time or the amount is over */
	IPERF3_CLIENT_ENDING,     /* it is being halted; then the last octets settle */
	IPERF3_CLIENT_ENDED,      /* TEST_END sent: EXCHANGE_RESULTS */
	IPERF3_CLIENT_RESULTS,    /* results sent: the server's */
	IPERF3_CLIENT_DISPLAY,    /* DISPLAY_RESULTS */
	IPERF3_CLIENT_FINISH,     /* IPERF_DONE sent: the server's end of the control connection */
	IPERF3_CLIENT_ERROR,      /* SERVER_ERROR came: its numbers */
	IPERF3_CLIENT_DONE,       /* over */
};

/* Who a decision or an event is about: a stream by its index from 0, or this. */
#define IPERF3_WHO_CONTROL (-1)

/* How a test ended. */
enum iperf3_outcome {
	IPERF3_OUTCOME_OK,
	IPERF3_OUTCOME_REFUSED,     /* the control connection could not be opened (R-29-11) */
	IPERF3_OUTCOME_DENIED,      /* ACCESS_DENIED, or the end before PARAM_EXCHANGE: the server is busy */
	IPERF3_OUTCOME_STREAM_LOST, /* a stream could not be opened, was denied or reset (R-25-13, R-25-14) */
	IPERF3_OUTCOME_TIMEOUT,     /* T_reply passed (R-31-4, R-26.1-9) */
	IPERF3_OUTCOME_MALFORMED,   /* a state out of order, results or a reply that will not do */
	IPERF3_OUTCOME_ERROR,       /* SERVER_ERROR: error and system_error say which, where they came */
	IPERF3_OUTCOME_TERMINATED,  /* SERVER_TERMINATE */
	IPERF3_OUTCOME_ENDED,       /* the server ended the control connection (R-29-10) */
	IPERF3_OUTCOME_LOCAL,       /* what was to be sent does not fit into the room */
	IPERF3_OUTCOME_INTERRUPTED, /* iperf3_client_stop() */
};

enum iperf3_client_decision_kind {
	IPERF3_CLIENT_OPEN,       /* open a TCP connection, or the UDP socket of a stream, to the server's port; then
				   * call _opened or _failed */
	IPERF3_CLIENT_SEND,       /* send octets on a connection; as one datagram on a UDP stream */
	IPERF3_CLIENT_FLOW,       /* let payload flow on all streams, count it, and, where the parameters have an
				   * amount, call _payload_over when that has flowed; iperf3_client_sends() says
				   * which way */
	IPERF3_CLIENT_MEASURE,    /* omit is over: counts and amounts begin now (R-26.3-8) */
	IPERF3_CLIENT_HALT,       /* stop to send payload, then call _payload_over */
	IPERF3_CLIENT_FREEZE,     /* TEST_END follows: what arrives from now on does not count (R-27.1-7), but go on
				   * reading it (R-27.1-4) */
	IPERF3_CLIENT_COUNT,      /* stop to read payload; fill *config.own with what was counted before returning */
	IPERF3_CLIENT_HALF_CLOSE, /* after all that was sent before */
	IPERF3_CLIENT_CLOSE,      /* at once, what was sent before goes out; no event of it is expected any more */
	IPERF3_CLIENT_OVER,       /* the test is over: outcome, detail and *config.peer are final */
};

struct iperf3_client_decision {
	enum iperf3_client_decision_kind kind;
	int who;               /* OPEN, SEND, HALF_CLOSE, CLOSE; else 0 */
	const uint8_t *octets; /* SEND: valid until the callback returns */
	size_t length;
};

struct iperf3_client;
typedef void iperf3_client_decide(void *user, const struct iperf3_client *client,
				  const struct iperf3_client_decision *decision);

/* iperf3_client_defaults fills the timers. All that is pointed to is the caller's and outlives the session. */
struct iperf3_client_config {
	int64_t t_reply_ns;
	int64_t t_settle_ns;
	int64_t t_receive_ns;        /* R-31-5: without payload that arrives, or 0: for ever */
	/* Of this test, with the keys that are to be sent; read when the cookie is sent, and afterwards: so len may be
	 * set when the control connection is open. */
	const struct iperf3_parameters *parameters;
	struct iperf3_results *own;  /* filled by the caller on COUNT */
	struct iperf3_results *peer; /* the server's: streams, capacity, output and output_size are set */
	uint8_t *room;               /* for parameters, and results in both directions */
	size_t room_size;            /* at least IPERF3_RESULTS_MAX for R-28-7 */
	iperf3_client_decide *decide;
	void *user;
};

struct iperf3_client {
	/* Read by the caller. */
	struct iperf3_client_config config;
	enum iperf3_client_state state;
	struct iperf3_cookie cookie;
	enum iperf3_outcome outcome;
	enum iperf_requirement why;  /* the requirement that it concerns, or IPERF_R_NONE */
	char detail[240];            /* one sentence about it, without names of hosts; "" when OK */
	bool has_results;            /* *config.peer holds the server's results */
	bool has_error;              /* SERVER_ERROR came with a number */
	int32_t error, system_error; /* that; the second is 0 when it did not come */
	/* Private. */
	size_t count;                /* streams of the test */
	size_t opened;               /* streams that are open, or on UDP have their reply */
	bool control_open, opening;  /* opening: stream number opened is on its way, or its hello is */
	bool hello_sent;
	bool flows;                  /* FLOW was decided, and _payload_over not called */
	bool early_start, early_running; /* they came before the reply to the last hello */
	int64_t deadline_ns;         /* of the state's wait, or INT64_MAX */
	int64_t again_ns;            /* the next hello, or the end of omit, or INT64_MAX */
	int64_t silent_ns;           /* PAYLOAD: when t_receive_ns will have passed, or INT64_MAX */
	struct iperf3_parser parser;
};

/* T_reply and the moment before TEST_END; the rest, t_receive_ns as well, becomes 0. */
void iperf3_client_defaults(struct iperf3_client_config *config);

/* Begins in CONNECT, with the cookie of this test (R-22.2-2). *config is copied. */
void iperf3_client_init(struct iperf3_client *client, const struct iperf3_client_config *config,
			const struct iperf3_cookie *cookie);

/* Starts: the first decision is to open the control connection. */
void iperf3_client_start(struct iperf3_client *client, int64_t now_ns);

/* What was to be opened is open. */
void iperf3_client_opened(struct iperf3_client *client, int who, int64_t now_ns);

/* It could not be opened; reason is a word or two for the sentence, such as strerror() gives. */
void iperf3_client_failed(struct iperf3_client *client, int who, const char *reason, int64_t now_ns);

/* Octets from the server on the control connection, or on a TCP stream that only sends: there they deny it. Payload is
 * the caller's and not told. */
void iperf3_client_octets(struct iperf3_client *client, int who, const uint8_t *octets, size_t length, int64_t now_ns);

/* A datagram from the server to a UDP stream; not needed any more from FLOW on. */
void iperf3_client_datagram(struct iperf3_client *client, size_t stream, const uint8_t *octets, size_t length,
			    int64_t now_ns);

/* End-of-file or reset of a TCP connection. Of a stream that is a loss up to TEST_END when it is reset, and up to FLOW
 * when it ends and only sends (R-25-13). */
void iperf3_client_ended(struct iperf3_client *client, int who, bool reset, int64_t now_ns);

/* The amount has flowed, or HALT was obeyed. */
void iperf3_client_payload_over(struct iperf3_client *client, int64_t now_ns);

/* Payload last arrived at that time, or never: 0. Needed before _timer() where t_receive_ns is set. */
void iperf3_client_arrived(struct iperf3_client *client, int64_t last_ns);

/* The user gives up: CLIENT_TERMINATE and the end of everything (R-29-5). */
void iperf3_client_stop(struct iperf3_client *client, int64_t now_ns);

/* When iperf3_client_timer is due, or INT64_MAX. */
int64_t iperf3_client_deadline(const struct iperf3_client *client);

/* Acts on what is due by now; harmless when nothing is. */
void iperf3_client_timer(struct iperf3_client *client, int64_t now_ns);

/* Whether this side sends payload on a stream; else it receives there (R-27.1-2, R-27.1-5). */
bool iperf3_client_sends(const struct iperf3_parameters *parameters, size_t stream);

/* The number of a stream: 1, 3, 4, 5 and so on (R-25-7). */
int64_t iperf3_stream_id(size_t stream);

#endif
