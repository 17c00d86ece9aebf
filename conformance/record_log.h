/* What was said to and by the servers of a capture, as a list of events: the first half of recording. Payload is counted,
 * not kept, so that the list is short where a capture is long. */
#ifndef IPERF_CONFORMANCE_RECORD_LOG_H
#define IPERF_CONFORMANCE_RECORD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/record_scan.h"
#include "proto/endpoint.h"
#include "proto/iperf3_control.h"

#define RECORD_PAUSE_NS 20000000 /* a shorter one is no pause but how programs work */

enum record_event_kind {
	RECORD_OPENED,
	RECORD_OCTETS,  /* exactly these */
	RECORD_PAYLOAD, /* only their number counts */
	RECORD_SEQUENCES, /* datagrams of the iperf3 profile whose sequences follow each other */
	RECORD_EOF,
	RECORD_RESET,
};

struct record_event {
	enum record_event_kind kind;
	bool to_server;
	bool datagram;         /* OCTETS: exactly one */
	uint32_t conn;         /* index in conns */
	uint64_t packet;
	int64_t time_ns, last_ns;
	uint64_t length;       /* OCTETS, PAYLOAD; SEQUENCES: of each */
	uint64_t datagrams;    /* PAYLOAD over UDP, SEQUENCES */
	uint64_t sequence[2];  /* SEQUENCES: of the first, as a narrow counter and as a wide one */
	bool narrow, wide;     /* by which of them they follow each other */
	size_t at;             /* OCTETS: of the log's octets */
};

/* A TCP connection, or a UDP source. */
struct record_conn {
	struct iperf_endpoint client;
	bool udp;
	bool middle;           /* the capture begins in it */
	bool refused;
	bool blind;            /* octets that matter are not in the capture */
	bool answer_blind;     /* the same of the server's */
	bool iperf3;           /* it speaks the iperf3 profile */
	bool iperf3_stream;    /* and is a stream there */
	uint32_t index;        /* in conns */
	/* Private. */
	struct record_log *log;
	struct iperf_parser opening;
	struct iperf3_cookie first;     /* octets to the server */
	size_t first_count;
	struct record_scan scan;
	bool stream, opened;
	int64_t now_ns;        /* of the segment that is taken in */
	uint64_t now_packet;
	uint64_t kept[2];      /* octets, by direction */
	bool gap;              /* octets of the stream are unknown; since then: */
	uint64_t since_gap;
	size_t payload;        /* index + 1 of the event that may still grow */
	uint64_t payload_barrier;
};

/* Of one server. */
struct record_log {
	struct record_log *next;        /* in the order of their appearance */
	struct record_log *chain;       /* private */
	struct iperf_endpoint server;
	bool iperf;                     /* a message was seen */
	bool iperf3;                    /* a connection of the iperf3 profile was seen */
	struct record_event *events;
	size_t count, room;
	struct record_conn **conns;
	size_t conn_count, conn_room;
	uint8_t *octets;
	size_t octet_count, octet_room;
	uint64_t barrier;               /* private: counts what payload must not be moved across */
	size_t matching;
	struct record_conn *source;     /* of the last datagram */
	bool failed;                    /* memory ran out */
};

struct record_logs;

/* Reads the capture at path; of servers on that port only, unless it is 0. Returns the logs, for record_logs_free(), or
 * NULL, with a sentence in error; also when there are logs, but the file could not be read to its end. */
struct record_logs *record_logs_read(const char *path, uint16_t port, char *error, size_t size);

struct record_log *record_logs_first(const struct record_logs *logs);

void record_logs_free(struct record_logs *logs);

#endif
