/* What a server keeps of a stream, on TCP and on UDP. SPEC 8. */
#ifndef IPERF_PROTO_STREAM_H
#define IPERF_PROTO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cookie.h"
#include "proto/endpoint.h"
#include "proto/terminator.h"

enum iperf_protocol {
	IPERF_TCP,
	IPERF_UDP,
};

struct iperf_stream {
	uint32_t id;                  /* from 1, in the order of opening; R-9.2-4 */
	enum iperf_protocol protocol;
	struct iperf_endpoint client; /* source address and port; names a UDP stream (R-8.3-1) */
	int64_t began_ns;             /* arrival of STREAM_BEGIN */
	int64_t last_ns;              /* arrival of what R-9.2-7 names */
	uint64_t payload_octets;      /* UDP: sum of the lengths of the payload datagrams */
	uint64_t packets;             /* UDP: payload datagrams */
	bool ended;                   /* UDP: STREAM_END was received */
	struct iperf_terminator tcp;  /* TCP: the octets after STREAM_BEGIN */
	uint16_t next;                /* private to the server session */
};

/* Octets of payload (R-8.2-5): on TCP without the final STREAM_END of a terminated stream. */
uint64_t iperf_stream_bytes(const struct iperf_stream *stream, const struct iperf_cookie *cookie);

/* Whether the stream is terminated (R-8.2-1, R-8.3-2). */
bool iperf_stream_complete(const struct iperf_stream *stream, const struct iperf_cookie *cookie);

/* From STREAM_BEGIN to the last octet, in seconds (R-9.2-7). */
double iperf_stream_seconds(const struct iperf_stream *stream);

/* Octets of a TCP stream after its STREAM_BEGIN. O(1) in length. */
void iperf_stream_octets(struct iperf_stream *stream, const uint8_t *octets, size_t length, int64_t now_ns);

/* A datagram from the source of a UDP stream: counts payload, notes STREAM_END, ignores repeats (R-8.3-2 to R-8.3-4,
 * R-8.3-11). */
void iperf_stream_datagram(struct iperf_stream *stream, const uint8_t *octets, size_t length,
			   const struct iperf_cookie *cookie, int64_t now_ns);

#endif
