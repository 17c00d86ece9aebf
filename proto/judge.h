/* A judge of what others said: takes what a capture (or a log) shows of one server and its clients, and tells which
 * requirements were broken. It stands between the two and sees neither's mind: what cannot be known it calls
 * inconclusive.
 *
 * How it judges. A server session (proto/server.h) is fed with what the clients were seen to send; what it decides is
 * what the server had to do, and is compared with what the server was seen to do. A packet was read by its receiver some
 * time after it was seen, and packets of different connections possibly in another order; so a server's decision counts
 * as wrong only when no order of what was under way explains it, and as late only after IPERF_JUDGE_GRACE. The clients
 * are judged by the order of their own packets.
 *
 * Like the sessions it has no memory of its own, no clock and no output: the caller owns everything, and is called back.
 * The callbacks must not call into the judge. */
#ifndef IPERF_PROTO_JUDGE_H
#define IPERF_PROTO_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/endpoint.h"
#include "proto/message.h"
#include "proto/results.h"
#include "proto/server.h"

/* After this long a server that was to do something at once has not done it. Scheduling and retransmission take some
 * hundred milliseconds at the worst. */
#define IPERF_JUDGE_GRACE (1 * IPERF_S)

/* Packets of two connections that are seen closer together than this may have been read in the other order. */
#define IPERF_JUDGE_RACE (200 * IPERF_MS)

/* Where something was seen. */
struct iperf_mark {
	uint64_t packet; /* number in the capture */
	int64_t time_ns; /* any epoch, the same for all marks */
	uint64_t offset; /* octet within its direction of the connection; 0 for a datagram */
};

enum iperf_direction {
	IPERF_TO_SERVER,
	IPERF_TO_CLIENT,
};

/* A connection, in the caller's memory, from iperf_judge_opened to iperf_judge_forget. */
struct iperf_judge_conn {
	/* The caller's own; never touched. */
	void *user;
	uint64_t number; /* to name it in reports */
	/* Read by the caller. */
	struct iperf_endpoint client;
	bool iperf;      /* it was seen to carry a message of this protocol */
	bool kind_known; /* its first message is complete, and is: */
	enum iperf_message_kind kind;
	struct iperf_cookie cookie;
	bool cookie_known;
	/* Private. */
	struct iperf_conn oracle;     /* the connection as the server session sees it */
	struct iperf_parser opening, control, answer;
	struct iperf_mark opened, preamble, first, request_end, client_end, server_end, close_asked;
	uint64_t to_server, to_client;
	uint32_t stream;              /* index + 1 of its stream */
	uint32_t late_id;             /* of its stream, once the test is over, when its end was not told by then */
	bool late_whole;              /* and IPERF_TEST_END came, so that it has to have an end */
	struct iperf_terminator late; /* and its octets */
	struct iperf_mark test_over;
	struct iperf_mark asked;      /* its stream: the last request, when the server's end was not told by then */
	enum iperf_requirement closed_why; /* the server closed it, and by what was told then, had no cause to */
	uint64_t closed_with;         /* and the packet of another that it closed at that time */
	int64_t closed_silent_ns;
	uint64_t claimed;             /* the octets of its stream that were listed, when more than were told by then */
	struct iperf_mark claimed_at;
	uint64_t test;                /* the test that the request belonged to */
	bool blind;                   /* octets are missing where they matter, or its start is: judged no more */
	bool client_ended, client_was_reset, server_ended, server_was_reset;
	bool rejected_other;          /* the server session rejects it for its cookie */
	bool ambiguous;               /* its rejection and its acceptance are both right */
	bool complained;              /* octets to the client were found wrong; told once */
	bool conflict;                /* octets were sent twice, and differed; told once */
	bool extra;                   /* octets followed the request */
	bool closed_sure;             /* no circumstance that the capture does not show excuses it */
	bool unanswered;              /* it was told that the request got no answer in time */
	bool request_in_test;         /* the server session answers it */
	enum iperf_requirement must_close; /* why the server has to close it, or (R-9.1-7) to answer */
	struct iperf_link due;        /* among those of which that is expected */
	struct iperf_link all;        /* among all */
	uint8_t head[IPERF_OPENING_MAX];
	uint8_t head_length;
	char *text;                   /* result data, in room that the caller gave */
	size_t text_size, text_length;
};

/* What the judge keeps of a stream beside what the server session keeps. */
struct iperf_judge_stream {
	struct iperf_judge_conn *conn; /* TCP, while it is there */
	struct iperf_mark opened;      /* TCP */
	struct iperf_mark begin, client_end, server_end;
	struct iperf_mark end_message; /* TCP: when its octets came to end with STREAM_END; UDP: the first */
	struct iperf_mark last_end;    /* UDP: the last STREAM_END */
	bool end_seen, client_ended, client_was_reset, server_ended, reported;
	unsigned begins, ends;         /* UDP messages */
	int64_t shortest_gap_ns;       /* between two STREAM_END */
	unsigned spaced;               /* STREAM_ENDs that keep their distance from each other */
	struct iperf_mark last_spaced;
};

enum iperf_said_kind {
	IPERF_SAID_MESSAGE,  /* a message; on a results answer with octets the result data */
	IPERF_SAID_PAYLOAD,  /* length octets of payload, up to mark (datagrams: packets of them) */
	IPERF_SAID_OCTETS,   /* octets that are no message */
	IPERF_SAID_EOF,
	IPERF_SAID_RESET,
	IPERF_SAID_REFUSED,  /* the connection was never established */
};

/* A line of the sequence of messages. */
struct iperf_said {
	enum iperf_said_kind kind;
	enum iperf_direction direction;
	const struct iperf_judge_conn *conn; /* NULL for a datagram */
	const struct iperf_endpoint *client;
	struct iperf_mark mark;
	enum iperf_message_kind message;
	const struct iperf_cookie *cookie;   /* of a message */
	const uint8_t *octets;               /* OCTETS, and the result data of a response; until the callback returns */
	uint64_t length;
	uint64_t packets;                    /* payload datagrams */
	uint32_t stream;                     /* of a datagram: the stream's id, 0 for none */
	bool notable;                        /* EOF or RESET that ends something early */
};

enum iperf_verdict {
	IPERF_BROKEN,       /* the requirement was broken */
	IPERF_INCONCLUSIVE, /* it may have been; text says what is missing to know */
};

struct iperf_finding {
	enum iperf_verdict verdict;
	enum iperf_requirement requirement;
	enum iperf_direction by;             /* whose fault: IPERF_TO_SERVER the client's, IPERF_TO_CLIENT the server's */
	struct iperf_mark mark;
	const struct iperf_judge_conn *conn; /* NULL for a datagram or a test */
	const struct iperf_endpoint *client; /* NULL when there is none */
	const char *text;                    /* until the callback returns */
};

struct iperf_judge_config {
	/* The server's timers, when timers_known; otherwise nothing is concluded from when it closes what waits. */
	int64_t t_hello_ns, t_begin_ns, t_idle_ns;
	bool timers_known;
	struct iperf_endpoint server;        /* whom it judges */
	bool at_client;                      /* the capture was taken where the clients are: nothing was lost or
					      * reordered before it. Known anyway of clients on the server's address */
	size_t streams_max;                  /* room in the next two */
	struct iperf_stream *streams;
	struct iperf_judge_stream *extras;
	struct iperf_results results;        /* room for decoded result data */
	/* Gives room for result data of at least size octets in *text, keeping what is there; false when there is none.
	 * Freed by the caller after forget. */
	bool (*room)(void *user, struct iperf_judge_conn *conn, size_t size);
	void (*said)(void *user, const struct iperf_said *said);
	void (*found)(void *user, const struct iperf_finding *finding);
	void *user;
};

struct iperf_judge {
	/* Read by the caller. */
	struct iperf_judge_config config;
	uint64_t tests;               /* that began */
	uint64_t conns;               /* connections that were seen */
	bool iperf;                   /* a message of this protocol was seen */
	/* Private. */
	struct iperf_server oracle;
	struct iperf_mark now;
	struct iperf_judge_conn *control;    /* of the running test, while it is there */
	struct iperf_judge_conn *releasing;  /* whose closing will show that the last cookie was released */
	struct iperf_judge_conn *feeding;    /* the connection of the present event */
	struct iperf_endpoint tester;        /* the client of the running test */
	struct iperf_mark begin;             /* TEST_BEGIN */
	struct iperf_mark last_request;      /* in the running test */
	struct iperf_mark last_stranger;     /* when the server closed a connection that it had to reject */
	bool stranger_seen;
	unsigned requests;
	bool idle_known;      /* the server was seen to become idle, or to serve the test that it was given */
	bool start_unknown;   /* a connection was there before the capture */
	bool answered;        /* in the running test: the server serves it */
	bool finished;        /* the capture has ended: what follows is no event */
	bool assumed;         /* octets that were not captured were taken for right; told once */
	bool asked_first;     /* results were asked for before any payload datagram; R-8.4-3 */
	bool datagram_payload;
	struct iperf_link due, all;
	struct iperf_cookie past[16];        /* the last cookies of tests; R-3-3 */
	size_t past_count;
	char text[400];                      /* of a finding, while it is told */
};

/* Begins. *config is copied; its arrays stay the caller's. */
void iperf_judge_init(struct iperf_judge *judge, const struct iperf_judge_config *config);

/* A connection appeared. conn is zeroed but for user and number. start_seen: the capture has its first packet. */
void iperf_judge_opened(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_endpoint *client,
			bool start_seen, const struct iperf_mark *mark);

/* Octets in their order. mark is the packet that carried them, with the offset of the first. */
void iperf_judge_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			const uint8_t *octets, size_t length, const struct iperf_mark *mark);

/* Octets that exist but are unknown. missing: the capture lacks the packets, so that not even their number is sure to
 * be right; otherwise it cut them off. */
void iperf_judge_unseen(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			uint64_t length, bool missing, const struct iperf_mark *mark);

/* The sender of that direction half-closed or closed. */
void iperf_judge_eof(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		     const struct iperf_mark *mark);

/* The sender of that direction reset the connection; before it was established: refused it. */
void iperf_judge_reset(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		       bool established, const struct iperf_mark *mark);

/* A retransmission differed from octets that were told before: which of them the receiver read cannot be known. */
void iperf_judge_conflict(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			  const struct iperf_mark *mark);

/* A datagram, of which captured octets are known. */
void iperf_judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, enum iperf_direction direction,
			  const uint8_t *octets, size_t captured, size_t length, const struct iperf_mark *mark);

/* The connection is over, or the capture is: the caller may free it. */
void iperf_judge_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* The capture has ended at mark. Before the connections that are left are forgotten. */
void iperf_judge_finish(struct iperf_judge *judge, const struct iperf_mark *mark);

#endif
