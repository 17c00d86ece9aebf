/* One end of a UDP flow or a TCP connection, as octets: no sockaddr, so that sessions need no socket header. */
#ifndef IPERF_PROTO_ENDPOINT_H
#define IPERF_PROTO_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An IPv4 address is held IPv4-mapped (::ffff:a.b.c.d), so that a dual-stack listener needs one form only. */
struct iperf_endpoint {
	uint8_t address[16]; /* IPv6 address in network order */
	uint32_t scope;      /* IPv6 zone of a link-local address, else 0 */
	uint16_t port;       /* host order */
};

/* True when address, zone and port are the same. */
static inline bool iperf_endpoint_equal(const struct iperf_endpoint *a, const struct iperf_endpoint *b)
{
	return a->port == b->port && a->scope == b->scope && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* A number for a table: equal endpoints have the same. */
static inline uint32_t iperf_endpoint_hash(const struct iperf_endpoint *endpoint)
{
	uint32_t hash = endpoint->port;

	for (size_t i = 0; i < sizeof endpoint->address; i++)
		hash = hash * 31 + endpoint->address[i];
	return hash ^ hash >> 8 ^ hash >> 16;
}

#endif
