/* A judge of what others said: takes what a capture (or a log) shows of one server and its clients, and tells which
 * requirements were broken. It stands between the two and sees neither's mind: what cannot be known it calls
 * inconclusive.
 *
 * How it judges. A server session (proto/server.h) is fed with what the clients were seen to send; what it decides is
 * what the server had to do, and is compared with what the server was seen to do. A packet was read by its receiver
 * some time after it was seen, and packets of different connections possibly in another order; so a server's decision
 * counts as wrong only when no order of what was under way explains it, and as late only after IPERF_JUDGE_GRACE. The
 * clients are judged by the order of their own packets.
 *
 * Like the sessions it has no memory of its own, no clock and no output: the caller owns everything, and is called
 * back. The callbacks must not call into the judge. */
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

/* From when something is seen on its way until its reader has acted on it, and that is seen in turn, no longer than
 * this passes. Scheduling and retransmission take some hundred milliseconds at the worst. So what is seen closer
 * together, on different connections, may have been read in either order, and what was to be done at once and has not
 * been by then, was not done. */
#define IPERF_JUDGE_GRACE (1 * IPERF_S)

/* Where a timer is not known, it is not shorter than this; and no program stops for so long between two steps that need
 * no waiting. */
#define IPERF_JUDGE_MOMENT (200 * IPERF_MS)

/* What a server ends so soon after it was sent something there, it ends because of that: by chance it is not stopped in
 * that very moment. Where it was all the same, and nothing else shows it, its user's deed (R-6.5-9) passes for a fault:
 * that doubt is left, for without it no server could ever be found to reject wrongly at the end of a capture. */
#define IPERF_JUDGE_PROMPT (50 * IPERF_MS)

/* So many octets of a connection are sent at once, whatever the network: the end of a longer stream may have to wait in
 * its sender's queue. */
#define IPERF_JUDGE_AT_ONCE 4096

/* So many connections may wait at any server for their first message (R-11-1). */
#define IPERF_JUDGE_PENDING 8

/* Where something was seen. */
struct iperf_mark {
	uint64_t packet; /* number in the capture */
	int64_t time_ns; /* any epoch, the same for all marks */
	uint64_t offset; /* octet within its direction of the connection; 0 for a datagram */
};

/* When the judge was told of something. Octets that overtook others are told after these, for nobody reads them before;
 * their mark is older. */
struct iperf_seen {
	struct iperf_mark mark;
	uint64_t event; /* counts what the judge was told; 0: nothing */
	int64_t ns;     /* the latest time of any mark by then */
};

enum iperf_direction {
	IPERF_TO_SERVER,
	IPERF_TO_CLIENT,
};

/* A finding that has to wait: until all that was sent on its connection was told, and some until it is seen that the
 * server, or the test, goes on; for a server that is stopped may close everything (R-6.5-9). */
struct iperf_accusation {
	enum iperf_requirement why; /* IPERF_R_NONE: none */
	enum iperf_direction by;
	bool unsure;                /* inconclusive in any case */
	enum iperf_need {
		IPERF_NEEDS_NOTHING,
		IPERF_NEEDS_SERVER, /* goes on */
		IPERF_NEEDS_TEST,   /* goes on */
	} needs;
	bool alive;                 /* it was seen to go on */
	bool prompt;                /* the server did it as a reaction */
	bool stopped;               /* what else was seen lets the server seem to be stopped then */
	bool gone;                  /* its connection is, and all of it was told */
	uint64_t tenure;
	struct iperf_seen seen;     /* when the server did it */
	struct iperf_mark mark;
	struct iperf_endpoint client;
	const struct iperf_judge_conn *conn;
	uint64_t ordinal;           /* of conn, which may be gone; its number in no_test */
	struct iperf_cookie cookie;
	char text[208];
};

/* The server ended a connection, and why is not seen. */
struct iperf_odd_end {
	struct iperf_seen seen;
	uint64_t ordinal;
	struct iperf_cookie cookie; /* of the connection; zeros: not known */
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
	struct iperf_conn oracle;          /* the connection as the server session sees it */
	struct iperf_parser opening, control, answer;
	struct iperf_seen opened, preamble, first, client_end, server_end;
	struct iperf_link all, same;       /* among all; among those whose cookies have one hash */
	uint64_t ordinal;                  /* counts the connections that were opened */
	uint64_t to_server, to_client;
	int64_t heard_ns;                  /* the last octets of the client from before its cookie was known */
	uint8_t head[IPERF_OPENING_MAX];   /* the first octets of the client */
	uint8_t head_length;
	struct iperf_mark wrong;           /* its first octet that no message has there; what follows tells whose it is */
	uint8_t wrong_octet;
	bool wrong_open;                   /* not told yet */
	bool blind;                        /* octets are missing where they matter, or its start is: judged no more */
	bool hidden;                       /* blind, and not even its kind is known */
	bool conflict;                     /* octets were sent twice, and differed */
	bool spent;                        /* its cookie is no longer held because of it */
	bool releases;                     /* its cookie is held until the server has noticed what ended its test */
	bool client_ended, client_was_reset, server_ended, server_was_reset;
	bool rejected_other;               /* the server session rejects it for its cookie */
	bool complained;                   /* octets to the client were found wrong; told once */
	bool misplaced;                    /* it was told that it comes too early or too late; once */
	/* What the server has to do. */
	enum iperf_requirement must_close; /* why it has to close, or (R-9.1-7) to answer */
	bool due_unsure;                   /* the server may not have seen the cause */
	struct iperf_seen asked;           /* the cause */
	struct iperf_link due;             /* among those that wait for it, in the order of asked */
	struct iperf_accusation accusation;
	/* A stream. */
	uint32_t stream;                   /* index + 1 in the test that is running */
	struct iperf_terminator after;     /* octets after STREAM_BEGIN */
	int64_t last_ns;                   /* the last of them */
	bool terminated, was_terminated;   /* now; ever */
	struct iperf_seen end_message;     /* when they came to end with STREAM_END */
	struct iperf_seen over;            /* TEST_END, when it came before the client's end was told */
	uint32_t over_id;
	struct iperf_seen was_asked;       /* the last request, when the server's end was not told by then */
	uint64_t claimed;                  /* octets that result data listed, when more than were told by then */
	bool claimed_ended;                /* or it was listed as complete, and was not by then */
	struct iperf_mark claimed_at;
	/* A results connection. */
	uint64_t tenure;                   /* the test that the request belonged to */
	bool request_in_test;              /* the server session answers it */
	bool extra;                        /* octets followed the request, or TEST_END */
	bool answer_blamed;                /* it was found wrong to answer it */
	uint64_t late;                     /* the request came after TEST_END, in that packet */
	char *text;                        /* result data, in room that the caller gave */
	size_t text_size, text_length;
};

/* What the judge keeps of a stream beside what the server session keeps. */
struct iperf_judge_stream {
	struct iperf_judge_conn *conn; /* TCP, while it is there */
	struct iperf_seen opened;      /* TCP: the connection */
	uint64_t ordinal;              /* and which it was */
	struct iperf_seen begin, client_end, server_end;
	struct iperf_seen end_message; /* TCP: when its octets came to end with STREAM_END; UDP: the first */
	struct iperf_seen last_end;    /* UDP: the last STREAM_END */
	bool terminated, was_terminated, client_ended, client_was_reset, server_ended, misplaced, reported;
	bool doubtful;                 /* the server may not have it, or not the same octets of it */
	unsigned begins, ends;         /* UDP messages */
	int64_t shortest_gap_ns;       /* between two STREAM_END */
	bool gap_queued;               /* which the client's own queue may have shortened */
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
	enum iperf_direction by;             /* whose fault: TO_SERVER the client's, TO_CLIENT the server's */
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
					      * reordered before it. Known anyway of clients on the server's address.
					      * It may lack the clients of other hosts; without it, none */
	size_t streams_bound;                /* the server's bound on streams (R-11-3); 0: not known */
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

/* A test whose TEST_BEGIN was seen. */
struct iperf_judge_test {
	struct iperf_cookie cookie;
	struct iperf_seen begin;      /* TEST_BEGIN */
	struct iperf_endpoint client; /* which sent it */
	struct iperf_seen last_request;
	unsigned requests;
	struct iperf_seen end;        /* TEST_END */
	struct iperf_seen closed;     /* the server ended the control connection */
	int64_t over_ns;              /* by then the server has noticed its end; INT64_MAX: it has none */
};

#define IPERF_JUDGE_COOKIES 256 /* lists of connections, by a hash of their cookies */
#define IPERF_JUDGE_TESTS 64
#define IPERF_JUDGE_SUSPECTS 8
#define IPERF_JUDGE_ODD_ENDS 4

struct iperf_judge {
	/* Read by the caller. */
	struct iperf_judge_config config;
	uint64_t tests;               /* that began */
	uint64_t conns;               /* connections that were seen */
	bool iperf;                   /* a message of this protocol was seen */
	/* Private. */
	struct iperf_server oracle;   /* what the server does, by what is believed */
	struct iperf_seen now;
	struct iperf_judge_conn *control; /* of the running test; open, for its end is the test's; NULL: none runs */
	struct iperf_judge_conn *feeding; /* the connection of the present event */
	struct iperf_judge_conn *taker;   /* the connection that gave the session its cookie, while it is there */
	struct iperf_endpoint tester; /* the client of the running test */
	struct iperf_seen begin;      /* TEST_BEGIN */
	enum {
		IPERF_BELIEF_FIRM,
		IPERF_BELIEF_DROPPED, /* the server session is being told to forget its test: the server never had it */
		IPERF_BELIEF_LOST,    /* the same, for what was not captured */
		IPERF_BELIEF_MENDED,  /* the server session is being told what it missed */
	} belief;
	/* The server holds the session's cookie, as its deeds show. */
	uint64_t tenure;              /* counts the cookies that the session took */
	bool sure;
	uint64_t sure_event;          /* what was seen from then on, was read while it holds it */
	uint64_t running_event;       /* and was read after TEST_BEGIN; 0: not known */
	uint64_t served_event;        /* the last request in this tenure that was answered */
	bool patchy;                  /* the session missed some of this test */
	/* What else it may hold. */
	bool idle_known;              /* no cookie of which the capture shows nothing, for it held this one: */
	struct iperf_cookie proven;
	bool others_proven;           /* and another one before */
	int64_t spent_ns;             /* none that came before */
	struct {
		struct iperf_cookie cookie;
		int64_t ns;
	} ghost;                      /* until then, this one, of connections that are gone */
	int64_t ghosts_ns;            /* and until then, any other of such */
	int64_t straggler_ns;         /* and the session's own, if its test ends until then */
	bool release_unsure;          /* the session releases a cookie of which more may have been sent */
	uint64_t hidden;              /* connections of which nothing is known */
	int64_t hidden_ns;            /* and when the last of them went */
	/* What lets it end a test. */
	int64_t arrival_ns;           /* the last arrival */
	int64_t heard_ns;             /* the last of anything that may be of the test that the server serves */
	int64_t gap_end_ns;           /* the end of the last pause that may have been too long */
	struct iperf_seen vain;       /* a connection went on which the client sent nothing */
	struct iperf_seen last_stranger; /* when it closed a connection that it had to reject */
	bool stranger_prompt;            /* as soon as that had to be */
	struct iperf_seen last_answer;
	uint64_t ended_tests;
	bool lossy;                   /* the capture lacks packets */
	bool guessed;                 /* octets that were not captured were taken for right */
	bool assumed;                 /* that was told */
	bool finished;
	/* Datagrams. */
	bool asked_first;             /* results were asked for before any payload datagram; R-8.4-3 */
	bool datagram_payload;
	uint64_t datagram_event;         /* the last datagram for the server */
	struct iperf_seen early_begin;   /* the last STREAM_BEGIN that opened no stream */
	struct iperf_seen last_datagram; /* payload of a stream */
	struct iperf_seen other_left;    /* the last connection of a client whose test had not ended */
	struct iperf_link due, all, same[IPERF_JUDGE_COOKIES];
	struct iperf_judge_test past[IPERF_JUDGE_TESTS]; /* a ring */
	uint64_t past_count;
	struct iperf_accusation suspects[IPERF_JUDGE_SUSPECTS];
	size_t suspect_count;
	struct iperf_accusation no_test; /* R-7-1, until the connections are gone that may have begun the test */
	struct iperf_odd_end odd[IPERF_JUDGE_ODD_ENDS]; /* a ring */
	uint64_t odd_count;
	struct iperf_seen refused;      /* the last connection that was */
	char text[400];               /* of a finding, while it is told */
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
void iperf_judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client,
			  enum iperf_direction direction, const uint8_t *octets, size_t captured, size_t length,
			  const struct iperf_mark *mark);

/* The connection is over, or the capture is: the caller may free it. */
void iperf_judge_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn);

/* The capture has ended at mark. Before the connections that are left are forgotten; findings may still come then. */
void iperf_judge_finish(struct iperf_judge *judge, const struct iperf_mark *mark);

#endif
