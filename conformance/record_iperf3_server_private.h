/* A part of record_iperf3_server.c and record_iperf3_server_say.c; nobody else needs it. */
#ifndef IPERF_CONFORMANCE_RECORD_IPERF3_SERVER_PRIVATE_H
#define IPERF_CONFORMANCE_RECORD_IPERF3_SERVER_PRIVATE_H

#include "conformance/record_iperf3.h"
#include "proto/iperf3_datagram.h"

/* Long enough for a server to have read what was sent before. */
#define SETTLE_NS (100 * IPERF_MS)

/* So many octets of a TCP stream are read by then; of more, as much as socket buffers hold may be unread. */
#define TCP_SURE_OCTETS (1 << 20)
#define TCP_BUFFERS (16 << 20)

/* So much at once finds room in a server's socket. */
#define UDP_SURE_OCTETS 49152
#define UDP_SURE_DATAGRAMS 64
#define UDP_PAUSE_NS (50 * IPERF_MS) /* then it has been read */
#define UDP_PAUSES 16                /* at most; more datagrams than that may be lost */

/* A connection that ends after that much silence may have been ended by a timer. */
#define SILENCE_NS (400 * IPERF_MS)

#define DUES 8

/* What the server is to do. */
struct due {
	enum case_what what;
	int state;                    /* CASE_STATE */
	enum case_or or;
	char *json;                   /* CASE_RESULTS */
	bool some;                    /* CASE_PAYLOAD */
	enum case_timer timer;        /* by its expiry */
	enum iperf_requirement why;
};

/* A connection or UDP source of the case. */
struct talker {
	struct iperf3_conn conn;      /* TCP */
	struct record_speaker speaker;
	bool written;                 /* a line opens it */
	bool control;                 /* of a test */
	bool over;                    /* the session has ended it, or knows nothing of it */
	bool denied, failed;          /* ACCESS_DENIED, SERVER_ERROR was decided */
	bool settled;                 /* its end was decided */
	bool left;                    /* the case closes it at its end: what follows was not decided */
	bool server_ended, client_ended;
	struct due dues[DUES];
	size_t due_count;
	/* TCP: an item of the control connection, as far as it has come. */
	struct iperf3_parser item;
	uint8_t *held;
	size_t held_count, held_room;
	int64_t heard_ns;             /* when its client said the last */
	/* A stream: what its client has sent since TEST_RUNNING. */
	bool sends;                   /* the server does */
	bool said;                    /* a datagram that is no payload */
	bool unclear;                 /* what it counts as is not decided */
	uint64_t octets;
	uint64_t burst_octets, burst_count;
	unsigned pauses;
	struct iperf3_counter counter;
	bool lossy;
};

struct iperf3_recorder {
	const struct record_source *source;
	struct record_result *result;
	struct record_session session;
	struct record_cookies cookies;
	uint8_t *text;                /* of the item that is being read */
	struct talker *talkers;       /* by the log's connections */
	size_t talker_count;
	struct talker *stream_of[2 * IPERF3_STREAMS_MAX];
	const struct record_event *event; /* the present one: */
	struct talker *acting;        /* whose client does something */
	bool resetting;
	enum iperf_requirement why;   /* a test was failed for */
	bool was_reset;               /* a stream, during the test */
	bool unsettled;               /* payload was sent, and no wait since */
	bool taken;                   /* there was a test */
	int64_t pause_ns, last_ns, run_ns;
};

static inline struct iperf3_server *session_of(struct iperf3_recorder *r)
{
	return &r->session.server;
}

/* --- record_iperf3_server_say.c ---------------------------------------------------------------------------------- */

/* Before a line of the client's: the pause, and a label. settle: what was sent before is to be read by then. */
void iperf3_before(struct iperf3_recorder *r, struct talker *talker, bool settle);

/* The present item, which is whole or wrong, or all that came of it. */
void iperf3_say_item(struct iperf3_recorder *r, struct talker *talker);
void iperf3_say_rest(struct iperf3_recorder *r, struct talker *talker);

/* Payload and datagrams of the present event. */
void iperf3_say_payload(struct iperf3_recorder *r, struct talker *talker);
void iperf3_say_datagram(struct iperf3_recorder *r, struct talker *talker);
void iperf3_say_sequences(struct iperf3_recorder *r, struct talker *talker);

/* Something is due. */
struct due *iperf3_due(struct iperf3_recorder *r, struct talker *talker, enum case_what what, enum iperf_requirement why);

/* Writes what is due there; without payload up to the server's, and nothing that follows. */
void iperf3_expect(struct iperf3_recorder *r, struct talker *talker, bool payload);

/* What the server's results have to say, for free(). */
char *iperf3_pattern(struct iperf3_recorder *r);

#endif
