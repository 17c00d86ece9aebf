/* A part of record_server.c and record_server_say.c; nobody else needs it. */
#ifndef IPERF_CONFORMANCE_RECORD_SERVER_PRIVATE_H
#define IPERF_CONFORMANCE_RECORD_SERVER_PRIVATE_H

#include "conformance/record_case.h"

/* Long enough for a server to have handled what was sent before. Datagrams go another way through its system, and wait
 * where TCP does not. */
#define SETTLE_TCP_NS (50 * IPERF_MS)
#define SETTLE_UDP_NS (100 * IPERF_MS)

/* A connection that ends after that much silence may have been ended by a timer. */
#define SILENCE_NS (400 * IPERF_MS)

/* So much at once finds room in a server's socket, whatever its system; more may be lost. */
#define UDP_SURE_OCTETS 65536
#define UDP_SURE_DATAGRAMS 100

/* So much a server has read after SETTLE_TCP_NS. */
#define TCP_SURE_OCTETS 65536

#define HELD_CUTS 256

/* What an event did, by the session, as far as its order with others matters. Bits. */
enum did {
	DID_PREAMBLE = 1, /* a preamble was complete, or its connection rejected */
	DID_BEGIN = 2,
	DID_STREAM = 4,
	DID_REQUEST = 8,
	DID_END = 16,     /* a cookie was released */
	DID_OCTETS = 32,
	DID_DATAGRAM = 64,
};

enum due { DUE_NONE, DUE_CLOSED, DUE_RESPONSE };

/* A connection or UDP source of the case. */
struct talker {
	struct iperf_conn conn;       /* TCP */
	struct record_speaker speaker;
	size_t open_step;             /* index + 1 of an "open" that may be needless yet */
	bool opened;                  /* and was needed */
	struct iperf_cookie first;    /* its first 32 octets */
	size_t first_count;
	uint8_t *held;                /* octets not written yet: half a message */
	size_t held_count, held_room;
	size_t cuts[HELD_CUTS];       /* where segments began in them */
	size_t cut_count;
	int64_t held_ns;              /* when the last of them came */
	bool over;                    /* the session has closed it */
	bool server_ended;            /* the capture's server has ended it */
	bool answered;                /* the response was expected */
	bool client_ended;
	enum due due;
	enum iperf_requirement why;   /* of DUE_CLOSED */
	enum case_timer timer;
	struct talker *cause;         /* whose doing made it due */
	int cookie;                   /* of the response */
	char *json;
	int64_t heard_ns;             /* when its client said the last */
	/* Since something showed that the server has read all of it: */
	unsigned unsettled;           /* what it did */
	uint64_t octets, datagrams;
	bool lossy;                   /* UDP: more than is sure to arrive was sent at once */
};

struct recorder {
	const struct record_source *source;
	struct record_result *result;
	struct iperf_server session;
	struct iperf_stream *streams;
	struct iperf_stream_result *results;
	struct talker *talkers;               /* by the log's connections */
	size_t talker_count;
	struct talker *stream_of[IPERF_STREAMS_MAX];
	const struct record_event *event;     /* the present one: */
	struct talker *acting;                /* whose client does something */
	bool ending, resetting;
	unsigned did;
	int64_t settle_ns;                    /* to wait before it */
	int64_t pause_ns;                     /* of the capture, since the last step */
	int64_t last_ns, heard_ns;
};

/* Takes in the octets of the present event, before the session is told. */
void recorder_keep(struct recorder *r, struct talker *talker);

/* Writes what the client does by the present event, after the session was told. */
void recorder_act(struct recorder *r, struct talker *talker);

/* Writes the octets that are held. */
void recorder_flush(struct recorder *r, struct talker *talker);

/* Sees to it that the connection is open, when nothing was said on it. */
void recorder_open(struct recorder *r, struct talker *talker);

/* Result data as a pattern; NULL when there is no memory. */
char *recorder_pattern(struct recorder *r, const struct iperf_results *results);

#endif
