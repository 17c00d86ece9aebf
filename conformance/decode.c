#include "conformance/decode.h"

#include <pcap/dlt.h>
#include <string.h>

/* pcap_datalink() gives DLT_RAW for LINKTYPE_RAW; OpenBSD's DLT_RAW is 14. Either may come from another reader. */
enum { LINKTYPE_RAW = 101, DLT_RAW_OPENBSD = 14 };

enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_OTHER = 0 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum { HEADER_HOP_BY_HOP = 0, HEADER_ROUTING = 43, HEADER_FRAGMENT = 44, HEADER_DESTINATION = 60 };

/* What remains of the packet: from `at` on, `captured` octets are there and `wire` were sent; captured <= wire. */
struct view {
	const uint8_t *at;
	uint32_t captured, wire;
};

/* Where the payload of IP stands in its datagram; both zero for a whole datagram. */
struct fragment {
	uint16_t offset;
	bool more;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* The result for a header of n octets of which not all were captured. */
static enum decode_result lacking(const struct view *v, uint32_t n)
{
	return n > v->wire ? DECODE_MALFORMED : DECODE_CUT;
}

/* Goes on behind the next n octets, which must have been captured. */
static void skip(struct view *v, uint32_t n)
{
	v->at += n;
	v->captured -= n;
	v->wire -= n;
}

/* Sets the number of octets that belong to the packet: what was captured beyond is padding. */
static void set_length(struct view *v, uint32_t length)
{
	v->wire = length;
	if (v->captured > length)
		v->captured = length;
}

static enum decode_result decode_tcp(struct view v, struct segment *s)
{
	uint32_t header;

	if (v.captured < 20)
		return lacking(&v, 20);
	header = (uint32_t)(v.at[12] >> 4) * 4;
	if (header < 20 || header > v.wire)
		return DECODE_MALFORMED;
	s->protocol = SEGMENT_TCP;
	s->source.port = be16(v.at);
	s->destination.port = be16(v.at + 2);
	s->seq = be32(v.at + 4);
	s->ack = be32(v.at + 8);
	s->flags = v.at[13];
	s->window = be16(v.at + 14);
	s->length = v.wire - header;
	s->captured = v.captured > header ? v.captured - header : 0;
	s->payload = v.at + (v.captured > header ? header : v.captured);
	return DECODE_SEGMENT;
}

static enum decode_result decode_udp(struct view v, bool fragment, struct segment *s)
{
	uint32_t length;

	if (v.captured < 8)
		return lacking(&v, 8);
	length = be16(v.at + 4);
	if (length == 0 && !fragment)
		length = v.wire;
	if (length < 8 || (length > v.wire && !fragment))
		return DECODE_MALFORMED;
	s->protocol = SEGMENT_UDP;
	s->source.port = be16(v.at);
	s->destination.port = be16(v.at + 2);
	s->fragment = fragment;
	skip(&v, 8);
	s->length = length - 8;
	s->captured = v.captured < s->length ? v.captured : s->length;
	s->payload = v.at;
	return DECODE_SEGMENT;
}

static enum decode_result decode_transport(struct view v, uint8_t protocol, struct fragment f, struct segment *s)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return f.offset || f.more ? DECODE_TCP_FRAGMENT : decode_tcp(v, s);
	case PROTOCOL_UDP:
		return f.offset ? DECODE_FRAGMENT : decode_udp(v, f.more, s);
	default:
		return DECODE_OTHER;
	}
}

static void set_ipv4(struct iperf_endpoint *e, const uint8_t *address)
{
	e->address[10] = e->address[11] = 0xff;
	memcpy(e->address + 12, address, 4);
}

static enum decode_result decode_ipv4(struct view v, struct segment *s)
{
	uint32_t header, total;
	struct fragment f;
	uint8_t protocol;

	if (v.captured < 20)
		return lacking(&v, 20);
	if (v.at[0] >> 4 != 4)
		return DECODE_MALFORMED;
	header = (v.at[0] & 15u) * 4;
	total = be16(v.at + 2);
	if (total == 0)
		total = v.wire;
	if (header < 20 || total < header)
		return DECODE_MALFORMED;
	f.offset = be16(v.at + 6) & 0x1fff;
	f.more = be16(v.at + 6) & 0x2000;
	protocol = v.at[9];
	set_ipv4(&s->source, v.at + 12);
	set_ipv4(&s->destination, v.at + 16);
	if (v.captured < header)
		return lacking(&v, header);
	skip(&v, header);
	set_length(&v, total - header);
	return decode_transport(v, protocol, f, s);
}

/* Goes on behind one IPv6 extension header and sets *next to the type of what follows. */
static enum decode_result skip_extension(struct view *v, uint8_t *next, struct fragment *f)
{
	uint32_t size = 8;

	if (v->captured < 8)
		return lacking(v, 8);
	if (*next == HEADER_FRAGMENT) {
		f->offset = be16(v->at + 2) & 0xfff8;
		f->more = v->at[3] & 1;
	} else {
		size = (v->at[1] + 1u) * 8;
	}
	if (v->captured < size)
		return lacking(v, size);
	*next = v->at[0];
	skip(v, size);
	return DECODE_SEGMENT;
}

static bool is_extension(uint8_t type)
{
	return type == HEADER_HOP_BY_HOP || type == HEADER_ROUTING || type == HEADER_FRAGMENT ||
	       type == HEADER_DESTINATION;
}

static enum decode_result decode_ipv6(struct view v, struct segment *s)
{
	struct fragment f = {0, false};
	uint32_t length;
	uint8_t next;

	if (v.captured < 40)
		return lacking(&v, 40);
	if (v.at[0] >> 4 != 6)
		return DECODE_MALFORMED;
	length = be16(v.at + 4);
	next = v.at[6];
	memcpy(s->source.address, v.at + 8, 16);
	memcpy(s->destination.address, v.at + 24, 16);
	skip(&v, 40);
	if (length > 0)
		set_length(&v, length);
	/* Behind a later fragment's header there is no further header, whatever its type says. */
	while (is_extension(next) && f.offset == 0) {
		enum decode_result result = skip_extension(&v, &next, &f);

		if (result != DECODE_SEGMENT)
			return result;
	}
	return decode_transport(v, next, f, s);
}

static enum decode_result decode_ip(struct view v, uint16_t type, struct segment *s)
{
	switch (type) {
	case TYPE_IPV4:
		return decode_ipv4(v, s);
	case TYPE_IPV6:
		return decode_ipv6(v, s);
	default:
		return DECODE_OTHER;
	}
}

static bool is_vlan(uint16_t type)
{
	/* 802.1Q, 802.1ad, and what was used for stacking before there was 802.1ad */
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* A link layer of `header` octets whose Ethernet type stands at type_at, VLAN tags following the header. */
static enum decode_result decode_typed(struct view v, uint32_t header, uint32_t type_at, struct segment *s)
{
	uint16_t type;

	if (v.captured < header)
		return lacking(&v, header);
	type = be16(v.at + type_at);
	skip(&v, header);
	while (is_vlan(type)) {
		if (v.captured < 4)
			return lacking(&v, 4);
		type = be16(v.at + 2);
		skip(&v, 4);
	}
	return decode_ip(v, type, s);
}

/* No link layer: the version of IP tells its type. */
static enum decode_result decode_raw(struct view v, struct segment *s)
{
	if (v.captured < 1)
		return lacking(&v, 1);
	switch (v.at[0] >> 4) {
	case 4:
		return decode_ipv4(v, s);
	case 6:
		return decode_ipv6(v, s);
	default:
		return DECODE_MALFORMED;
	}
}

/* BSD loopback: an address family of the recording system, in its octet order (DLT_NULL) or in network order. */
static enum decode_result decode_loopback(struct view v, struct segment *s)
{
	uint32_t family;

	if (v.captured < 4)
		return lacking(&v, 4);
	family = be32(v.at);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	skip(&v, 4);
	switch (family) {
	case 2: /* AF_INET everywhere */
		return decode_ipv4(v, s);
	case 10: /* AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS */
	case 24:
	case 28:
	case 30:
		return decode_ipv6(v, s);
	default:
		return DECODE_OTHER;
	}
}

static enum decode_result decode_link(int linktype, struct view v, struct segment *s)
{
	switch (linktype) {
	case DLT_EN10MB:
		return decode_typed(v, 14, 12, s);
	case DLT_LINUX_SLL:
		return decode_typed(v, 16, 14, s);
	case DLT_LINUX_SLL2:
		return decode_typed(v, 20, 0, s);
	case DLT_RAW:
	case DLT_RAW_OPENBSD:
	case LINKTYPE_RAW:
		return decode_raw(v, s);
	case DLT_IPV4:
		return decode_ipv4(v, s);
	case DLT_IPV6:
		return decode_ipv6(v, s);
	case DLT_NULL:
	case DLT_LOOP:
		return decode_loopback(v, s);
	default:
		return DECODE_OTHER;
	}
}

enum decode_result decode_packet(int linktype, const uint8_t *octets, uint32_t captured, uint32_t length,
				 struct segment *segment)
{
	struct view v = {octets, captured, length > captured ? length : captured};
	struct segment s = {0};
	enum decode_result result = decode_link(linktype, v, &s);

	if (result == DECODE_SEGMENT)
		*segment = s;
	return result;
}

bool decode_knows(int linktype)
{
	/* An empty packet is malformed with every known link type, and other with all the rest. */
	static const uint8_t none[1];
	struct segment s;

	return decode_packet(linktype, none, 0, 0, &s) != DECODE_OTHER;
}

const char *decode_known(void)
{
	return "Ethernet, Linux cooked (v1 and v2), raw IP, BSD loopback";
}
