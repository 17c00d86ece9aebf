/* Builds IP packets: the reverse of decode.h. IPv4 when both addresses are (IPv4-mapped), else IPv6; no link layer. */
#ifndef IPERF_CONFORMANCE_PACKET_BUILD_H
#define IPERF_CONFORMANCE_PACKET_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "conformance/decode.h"

/* IPv6, TCP with the options of a SYN. */
#define PACKET_HEADERS_MAX 68
#define PACKET_MAX (PACKET_HEADERS_MAX + 65535)

/* Writes the whole packet of a segment or datagram, checksums included, to out and returns its length; 0 when its
 * payload is longer than IP can carry. A SYN bears the options of maximum segment size and window scale. */
size_t packet_build(const struct segment *s, uint8_t out[static PACKET_MAX]);

#endif
