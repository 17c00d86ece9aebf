/*
 * Decodes one captured packet: link layer, IPv4 or IPv6, TCP or UDP. It does no I/O, allocates nothing, reads no octet
 * beyond those captured and asks for no alignment.
 *
 * Lengths come from the IP and UDP headers, never from the number of octets captured: Ethernet padding does not count as
 * payload, and a snap length shortens `captured` but not `length`. Checksums are not looked at, for a capture at the
 * sender commonly holds unfinished ones. Tunnels are not entered.
 */
#ifndef IPERF_CONFORMANCE_DECODE_H
#define IPERF_CONFORMANCE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/endpoint.h"

enum segment_protocol { SEGMENT_TCP, SEGMENT_UDP };

/* The bits of segment.flags, as in the TCP header. */
enum { SEGMENT_FIN = 0x01, SEGMENT_SYN = 0x02, SEGMENT_RST = 0x04, SEGMENT_PSH = 0x08, SEGMENT_ACK = 0x10 };

/* A TCP segment or a UDP datagram. */
struct segment {
	struct iperf_endpoint source, destination; /* scope is 0: a capture does not hold the zone */
	enum segment_protocol protocol;
	uint32_t seq, ack;      /* TCP: host order; ack has a meaning with SEGMENT_ACK only */
	uint8_t flags;          /* TCP: SEGMENT_FIN and so on */
	uint16_t window;        /* TCP: as in the header, not scaled */
	bool fragment;          /* UDP: the first fragment of a datagram, whose later ones are DECODE_FRAGMENT */
	const uint8_t *payload; /* within the packet decoded; valid as long as that is */
	uint32_t captured;      /* octets at payload, <= length */
	uint32_t length;        /* octets of payload that were on the wire */
};

enum decode_result {
	DECODE_SEGMENT,      /* the segment is filled in */
	DECODE_OTHER,        /* neither TCP nor UDP: to be ignored */
	DECODE_FRAGMENT,     /* a later fragment of a UDP datagram: to be ignored, the first one told its length */
	DECODE_TCP_FRAGMENT, /* any fragment of a TCP segment: its octets will be missing from the stream */
	DECODE_CUT,          /* the snap length cut a header before the end of what is needed */
	DECODE_MALFORMED,    /* a header contradicts itself, or the packet ended on the wire before its headers did */
};

/*
 * Decodes the packet of `captured` octets at `octets`, of which `length` were on the wire (link layer included), in a
 * capture of the given link type: a DLT_ value as pcap_datalink() gives it. Writes *segment only for DECODE_SEGMENT. A
 * link type that decode_knows() does not know gives DECODE_OTHER.
 *
 * Of a TCP header the first 20 octets are enough: if its options are cut off, the segment has captured = 0 and its true
 * length. Where the length field of IP is 0, as in the oversized packets that Linux hands around with segmentation
 * offload (IPv4), "BIG TCP" or jumbograms (IPv6), the length on the wire counts; likewise for UDP length 0 (RFC 2675).
 */
enum decode_result decode_packet(int linktype, const uint8_t *octets, uint32_t captured, uint32_t length,
				 struct segment *segment);

/* True for the link types that decode_packet() decodes. */
bool decode_knows(int linktype);

/* Those link types for people: "Ethernet, Linux cooked (v1, v2), ...". Static. */
const char *decode_known(void);

#endif
