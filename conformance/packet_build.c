#include "conformance/packet_build.h"

#include <stdbool.h>
#include <string.h>

enum { IP_TCP = 6, IP_UDP = 17 };

#define HOPS 64

static const uint8_t v4_mapped[12] = { [10] = 0xff, 0xff };

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

/* The sum that the checksums of IP are made of (RFC 1071), carried on from an earlier one. */
static uint32_t sum_of(uint32_t sum, const uint8_t *octets, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	if (length % 2)
		sum += (uint32_t)octets[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of TCP or UDP, with the pseudo header. The addresses are those of the IP header: their sum is the same in any place. */
static uint32_t transport_checksum(const uint8_t *addresses, size_t address_octets, uint8_t protocol,
				   const uint8_t *octets, size_t length)
{
	uint32_t sum = sum_of(0, addresses, address_octets);

	sum = sum_of(sum + protocol + (uint32_t)length, octets, length);
	return ~sum & 0xffff;
}

static size_t put_ipv4(const struct segment *s, uint8_t protocol, size_t length, uint8_t *out)
{
	memset(out, 0, 20);
	out[0] = 0x45;
	put16(out + 2, (uint32_t)(20 + length));
	out[6] = 0x40; /* not to be fragmented: so the identification means nothing and may be 0 (RFC 6864) */
	out[8] = HOPS;
	out[9] = protocol;
	memcpy(out + 12, s->source.address + 12, 4);
	memcpy(out + 16, s->destination.address + 12, 4);
	put16(out + 10, ~sum_of(0, out, 20) & 0xffff);
	return 20;
}

static size_t put_ipv6(const struct segment *s, uint8_t protocol, size_t length, uint8_t *out)
{
	memset(out, 0, 8);
	out[0] = 0x60;
	put16(out + 4, (uint32_t)length);
	out[6] = protocol;
	out[7] = HOPS;
	memcpy(out + 8, s->source.address, 16);
	memcpy(out + 24, s->destination.address, 16);
	return 40;
}

static size_t put_tcp(const struct segment *s, uint8_t *out)
{
	/* Maximum segment size 1460; no operation; window scale 7, so that no window is ever full. */
	static const uint8_t syn_options[8] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 7 };
	size_t header = s->flags & SEGMENT_SYN ? 20 + sizeof syn_options : 20;

	memset(out, 0, 20);
	put16(out, s->source.port);
	put16(out + 2, s->destination.port);
	put32(out + 4, s->seq);
	put32(out + 8, s->flags & SEGMENT_ACK ? s->ack : 0);
	out[12] = (uint8_t)(header / 4 << 4);
	out[13] = s->flags;
	put16(out + 14, s->window);
	if (header > 20)
		memcpy(out + 20, syn_options, sizeof syn_options);
	return header;
}

static size_t put_udp(const struct segment *s, uint8_t *out)
{
	put16(out, s->source.port);
	put16(out + 2, s->destination.port);
	put16(out + 4, 8 + s->length);
	put16(out + 6, 0);
	return 8;
}

static bool is_v4(const struct iperf_endpoint *endpoint)
{
	return memcmp(endpoint->address, v4_mapped, sizeof v4_mapped) == 0;
}

size_t packet_build(const struct segment *s, uint8_t out[static PACKET_MAX])
{
	bool tcp = s->protocol == SEGMENT_TCP, v4 = is_v4(&s->source) && is_v4(&s->destination);
	uint8_t protocol = tcp ? IP_TCP : IP_UDP;
	size_t ip = v4 ? 20 : 40;
	size_t header = tcp ? put_tcp(s, out + ip) : put_udp(s, out + ip);
	size_t length = header + s->length;
	uint32_t checksum;

	if (length + (v4 ? 20 : 0) > 65535)
		return 0;
	if (s->length > 0)
		memcpy(out + ip + header, s->payload, s->length);
	if (v4)
		put_ipv4(s, protocol, length, out);
	else
		put_ipv6(s, protocol, length, out);
	checksum = transport_checksum(out + (v4 ? 12 : 8), v4 ? 8 : 32, protocol, out + ip, length);
	if (!tcp && checksum == 0)
		checksum = 0xffff; /* 0 says that there is none */
	put16(out + ip + (tcp ? 16 : 6), checksum);
	return ip + length;
}
