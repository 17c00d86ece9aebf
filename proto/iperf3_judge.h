/* A judge of the iperf3 profile (SPEC Part II), beside that of the text profile (proto/judge.h): takes what a capture
 * shows of one server and its clients, and tells which requirements were broken.
 *
 * How it judges. In this profile both sides speak on the control connection, in turns, so that most is to be seen from
 * the order of the packets: who spoke before he could have read what he had to wait for. Each item of a control
 * connection is kept with its place in the capture, and the whole is judged when it is over: octets that had to wait for
 * others are told late, but in the end their places show the order. What stands in one message is judged as soon as it is
 * there. Where octets are missing, what depends on them is not judged, and a finding without a requirement says so.
 *
 * As proto/judge.h it has no memory of its own, no clock and no output: the caller owns everything, and is called back.
 * The callbacks must not call into the judge. Time limits are those of proto/judge.h. */
#ifndef IPERF_PROTO_IPERF3_JUDGE_H
#define IPERF_PROTO_IPERF3_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iperf3_control.h"
#include "proto/iperf3_parameters.h"
#include "proto/iperf3_results.h"
#include "proto/judge.h"

/* What is said on a control connection. */
enum iperf3_item {
	/* by the client */
	IPERF3_ITEM_COOKIE,
	IPERF3_ITEM_PARAMETERS,
	IPERF3_ITEM_TEST_END,
	IPERF3_ITEM_CLIENT_RESULTS,
	IPERF3_ITEM_DONE,
	IPERF3_ITEM_CLIENT_TERMINATE,
	IPERF3_ITEM_CLIENT_WRONG,  /* an octet that is no state of a client */
	IPERF3_ITEM_CLIENT_EOF,    /* or reset */
	/* by the server */
	IPERF3_ITEM_PARAM_EXCHANGE,
	IPERF3_ITEM_CREATE_STREAMS,
	IPERF3_ITEM_TEST_START,
	IPERF3_ITEM_TEST_RUNNING,
	IPERF3_ITEM_EXCHANGE_RESULTS,
	IPERF3_ITEM_SERVER_RESULTS,
	IPERF3_ITEM_DISPLAY_RESULTS,
	IPERF3_ITEM_SERVER_TERMINATE,
	IPERF3_ITEM_DENIED,
	IPERF3_ITEM_ERROR,
	IPERF3_ITEM_SERVER_WRONG,
	IPERF3_ITEM_SERVER_EOF,
	IPERF3_ITEM_COUNT
};

/* When an item was said: the first one of its kind. */
struct iperf3_said_at {
	unsigned times;             /* 0: never */
	struct iperf_mark begin;    /* its first octet */
	struct iperf_mark whole;    /* its last one; of a text that is not whole, nothing */
	bool complete;
};

/* Reads one direction of a connection, over octets that are unknown too. */
struct iperf3_reader {
	enum {
		IPERF3_READS_COOKIE,
		IPERF3_READS_STATE,
		IPERF3_READS_LENGTH,
		IPERF3_READS_TEXT,
		IPERF3_READS_ERROR,
		IPERF3_READS_STREAM,  /* payload: all that follows a stream's cookie */
		IPERF3_READS_NOTHING, /* octets are missing, or are nothing known: no more is understood */
	} what;
	uint64_t at;                /* octets of it so far */
	uint32_t length;            /* of the text */
	bool unknown;               /* some octets of it are */
	enum iperf3_item item;      /* of a text */
	uint8_t error[8];
	char *text;                 /* in room that the caller gave */
	size_t size;
};

/* A control connection as far as it was seen. */
struct iperf3_talk {
	struct iperf3_said_at said[IPERF3_ITEM_COUNT];
	bool blind[2];              /* by enum iperf_direction: octets are missing, so more may have been said */
	struct iperf3_cookie cookie;
	struct iperf_endpoint client;
	uint64_t number;            /* of the connection */
	struct iperf_mark opened;
	struct iperf_mark early;    /* the first octet behind the cookie */
	bool has_early;
	struct iperf_mark after_denial; /* the first octet of the client behind its cookie, after ACCESS_DENIED */
	bool has_after_denial, client_reset, server_reset;
	bool parameters_known;      /* they were read, and are: */
	struct iperf3_parameters parameters;
	bool parameters_unread;     /* they are no JSON: not so where they are JSON, but no object */
	bool parameters_bad, results_bad[2]; /* they were read, and are wrong; by enum iperf_direction */
	enum iperf_requirement client_results_why;
	bool results_known[2];
	struct iperf3_results results[2];    /* without streams, which are with the streams */
	unsigned error_octets;      /* behind SERVER_ERROR, at most 8 */
	int32_t error;
};

enum iperf3_conn_kind {
	IPERF3_CONN_NEW,            /* its cookie is not whole */
	IPERF3_CONN_WAITING,        /* for an answer to its cookie */
	IPERF3_CONN_CONTROL,        /* PARAM_EXCHANGE was the answer */
	IPERF3_CONN_STREAM,
	IPERF3_CONN_DENIED,
	IPERF3_CONN_HIDDEN,         /* nothing is known of it: its beginning is missing */
	IPERF3_CONN_FOREIGN,        /* of another profile */
};

/* A connection, in the caller's memory, from iperf3_judge_opened to iperf3_judge_forget. */
struct iperf3_judge_conn {
	/* The caller's own. */
	uint64_t number;            /* to name it in reports */
	/* Read by the caller. */
	enum iperf3_conn_kind kind;
	struct iperf_endpoint client;
	/* Private. */
	struct iperf_link all;
	struct iperf3_talk talk;    /* but for streams */
	struct iperf3_reader readers[2];
	bool spoken;                /* octets of the server were told */
	uint64_t tests;             /* that had begun when it was opened */
	uint32_t stream;            /* index + 1 */
	bool ended[2], complained, during_streams, ended_by_client;
	char *text[2];              /* for the caller to free after forget */
};

/* What the judge keeps of a stream, also when its connection is gone. */
struct iperf3_judge_stream {
	struct iperf_endpoint client;  /* UDP: its source */
	uint64_t number;               /* of the TCP connection; 0: UDP */
	struct iperf_mark opened;      /* TCP: the SYN; UDP: the first datagram */
	struct iperf_mark cookie;      /* TCP: its last octet; UDP: the reply */
	struct iperf_mark first[2];    /* payload, by enum iperf_direction */
	struct iperf_mark last[2];
	struct iperf_mark client_end, server_end; /* of a TCP connection */
	uint64_t octets[2];            /* of payload */
	uint64_t told[2], told_packets[2];
	uint64_t datagrams[2];         /* of payload */
	bool live, unsure;             /* unsure: octets or datagrams of it may be missing */
	bool client_ended, client_reset, server_ended;
	bool denied;                   /* the server's first octet is that of ACCESS_DENIED */
	/* UDP */
	unsigned hellos, replies;
	struct iperf_mark last_hello, last_reply;
	bool hello_wrong, hello_other, hello_captured;
	uint64_t highest[2];           /* sequence */
	bool in_order[2];              /* from 1 by 1, all of len, none missing */
	bool complained[2];
	uint64_t previous[2];          /* sequence of the last datagram */
	uint32_t stamp[2][2];          /* its seconds and microseconds */
	/* what results say of it */
	bool claimed[2];               /* in the results sent in that direction */
	struct iperf3_stream_result claims[2];
};

enum iperf3_said_kind {
	IPERF3_SAID_COOKIE,     /* octets: 37 */
	IPERF3_SAID_STATE,      /* state */
	IPERF3_SAID_ERROR,      /* SERVER_ERROR and its numbers */
	IPERF3_SAID_PARAMETERS, /* octets: the JSON text, NULL when it is not known; length */
	IPERF3_SAID_RESULTS,
	IPERF3_SAID_PAYLOAD,    /* length octets; of UDP in so many packets */
	IPERF3_SAID_HELLO,      /* a datagram, before the payload of its stream */
	IPERF3_SAID_REPLY,
	IPERF3_SAID_OCTETS,     /* that are nothing known */
	IPERF3_SAID_EOF,
	IPERF3_SAID_RESET,
	IPERF3_SAID_REFUSED,
};

/* A line of the chart. */
struct iperf3_said {
	enum iperf3_said_kind kind;
	enum iperf_direction direction;
	uint64_t conn;                        /* its number; 0 for a datagram */
	const struct iperf_endpoint *client;
	struct iperf_mark mark;
	int state;
	int32_t error, system_error;
	unsigned error_octets;
	const uint8_t *octets;                /* until the callback returns; NULL: not known */
	uint64_t length, packets;
	uint32_t stream;                      /* id (R-25-7) of payload, hello and reply; 0: none */
	bool notable;                         /* EOF or RESET that ends something early */
};

struct iperf3_finding {
	enum iperf_verdict verdict;
	enum iperf_requirement requirement;   /* IPERF_R_NONE: the capture does not show enough */
	enum iperf_direction by;
	struct iperf_mark mark;
	uint64_t conn;                        /* 0: none */
	const struct iperf_endpoint *client;  /* NULL: none */
	const char *text;                     /* until the callback returns */
};

struct iperf3_judge_config {
	/* The server's timers (SPEC 31), when timers_known. */
	int64_t t_read_ns, t_silence_ns, t_over_ns;
	bool timers_known;
	struct iperf_endpoint server;
	bool at_client;                       /* as in struct iperf_judge_config */
	size_t streams_max;                   /* room in the next one */
	struct iperf3_judge_stream *streams;
	struct iperf3_results results;        /* room for decoded results */
	/* Makes *text, which has had octets, one of at least size, keeping what is there; false when there is no room. */
	bool (*room)(void *user, char **text, size_t had, size_t size);
	void (*said)(void *user, const struct iperf3_said *said);
	void (*found)(void *user, const struct iperf3_finding *finding);
	void *user;
};

#define IPERF3_JUDGE_COOKIES 64 /* of tests that are remembered */
#define IPERF3_JUDGE_STRANGE 8  /* datagrams */

/* A datagram that belongs to no stream yet. */
struct iperf3_judge_strange {
	struct iperf_endpoint client;
	struct iperf_mark mark;
	uint64_t tests;
};

struct iperf3_judge {
	/* Read by the caller. */
	struct iperf3_judge_config config;
	uint64_t tests;                  /* that began: PARAM_EXCHANGE was seen */
	bool iperf3;                     /* this profile is spoken here: a test was seen, or the caller set it */
	/* Private. */
	struct iperf_link all;           /* connections */
	struct iperf_mark now;           /* the latest */
	struct iperf3_talk *talk;        /* of the current test; NULL: none */
	struct iperf3_talk kept;         /* where it is when its connection is gone */
	struct iperf3_judge_conn *control; /* NULL: gone */
	size_t streams;                  /* of the current test */
	size_t live;                     /* of these, connections that are there */
	bool streams_unsure;             /* there may be more of them */
	bool finished;
	uint64_t hidden, foreign;        /* such connections that are there */
	bool said_hidden;                /* it was told that a connection is not judged */
	struct iperf3_talk last;         /* the test before the current one, when there was one */
	bool has_last;
	struct iperf_mark other_end;     /* when the last hidden or foreign connection ended */
	bool had_other;
	struct iperf_mark denied;        /* when the server last ended a connection while it awaited streams */
	bool denied_known;
	struct iperf3_judge_strange strange[IPERF3_JUDGE_STRANGE];
	uint64_t strangers;
	struct iperf3_cookie cookies[IPERF3_JUDGE_COOKIES];
};

void iperf3_judge_init(struct iperf3_judge *judge, const struct iperf3_judge_config *config);

/* A connection appeared. conn is zeroed but for its number. start_seen: the capture has its first packet. */
void iperf3_judge_opened(struct iperf3_judge *judge, struct iperf3_judge_conn *conn,
			 const struct iperf_endpoint *client, bool start_seen, const struct iperf_mark *mark);

/* The connection is found to be of another profile: nothing more is told of it but its forgetting. */
void iperf3_judge_foreign(struct iperf3_judge *judge, struct iperf3_judge_conn *conn);

/* Octets in their order. mark is the packet that carried them, with the offset of the first. */
void iperf3_judge_octets(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			 const uint8_t *octets, size_t length, const struct iperf_mark *mark);

/* Octets that exist but are unknown. missing: as iperf_judge_unseen(). */
void iperf3_judge_unseen(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			 uint64_t length, bool missing, const struct iperf_mark *mark);

/* The sender of that direction half-closed or closed; or reset the connection (before it was established: refused). */
void iperf3_judge_eof(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		      const struct iperf_mark *mark);
void iperf3_judge_reset(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			bool established, const struct iperf_mark *mark);

/* A retransmission differed from octets that were told before. */
void iperf3_judge_conflict(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			   const struct iperf_mark *mark);

/* A datagram between the server's port and a client, of which captured octets are known. */
void iperf3_judge_datagram(struct iperf3_judge *judge, const struct iperf_endpoint *client,
			   enum iperf_direction direction, const uint8_t *octets, size_t captured, size_t length,
			   const struct iperf_mark *mark);

/* Whether a datagram at that time belongs to a test of this profile: one is there, or was right before. */
bool iperf3_judge_takes_datagrams(const struct iperf3_judge *judge, const struct iperf_mark *mark);

/* The connection is over, or the capture is: the caller may free it, and its texts. */
void iperf3_judge_forget(struct iperf3_judge *judge, struct iperf3_judge_conn *conn);

/* The capture has ended at mark, before the connections that are left are forgotten. */
void iperf3_judge_finish(struct iperf3_judge *judge, const struct iperf_mark *mark);

/* All connections are forgotten: what is left to say is said. */
void iperf3_judge_end(struct iperf3_judge *judge);

#endif
