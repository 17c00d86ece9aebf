/* What the parts of servers share: servers.c takes the events, servers_watch.c keeps the servers and passes on what
 * their judges say. */
#ifndef IPERF_CONFORMANCE_SERVERS_PRIVATE_H
#define IPERF_CONFORMANCE_SERVERS_PRIVATE_H

#include "conformance/pending.h"
#include "conformance/servers.h"
#include "proto/profile.h"

#define SERVERS_BUCKETS 1024 /* a capture has few servers; a scan of many costs a longer walk */

/* A TCP server, while it has connections or was found to speak the protocol. */
struct watched {
	struct watched *next;        /* in the bucket */
	struct servers *servers;
	struct iperf_endpoint endpoint;
	struct iperf_judge judge;
	struct iperf_stream *streams;
	struct iperf_judge_stream *extras;
	struct iperf3_judge iperf3_judge;
	struct iperf3_judge_stream *iperf3_streams;
	struct pending pending;      /* what the text judge said before it was known that it matters */
	uint64_t conns, live;
	bool reported;               /* what the text judge says */
	bool iperf3;                 /* a connection of that profile was there */
	bool counted;
};

struct watched_conn {
	struct iperf_judge_conn judge;
	struct iperf3_judge_conn iperf3;
	struct watched *server;
	enum iperf_profile profile;  /* UNKNOWN: both judges know that it is there, the text judge all else */
	bool start_seen;
	struct iperf_mark first;     /* of its first octet */
	uint8_t head[IPERF_PROFILE_OCTETS];
	uint8_t head_length;
};

struct servers {
	struct servers_options options;
	struct report *report;
	struct watched *buckets[SERVERS_BUCKETS];
	struct iperf_stream_result *listed;
	struct iperf3_stream_result *iperf3_listed;
	uint64_t count;
	bool iperf3, out_of_memory;
};

/* The server with that endpoint; NULL when it is not watched. */
struct watched *servers_find(struct servers *servers, const struct iperf_endpoint *endpoint);

/* Begins to watch a server; NULL when there is no memory. */
struct watched *servers_watch(struct servers *servers, const struct iperf_endpoint *endpoint);

/* A server without connections that never spoke the protocol is forgotten. */
void servers_unwatch(struct watched *server);

/* From now on a server is reported on, as far as its text judge goes: first what was kept. */
void servers_report_from_now(struct watched *server);

/* It is one of the servers in the capture. */
void servers_count(struct watched *server);

void servers_free_watched(struct watched *server);

#endif
