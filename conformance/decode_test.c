/* Packets in hexadecimal digits, what they decode to, a row each. Each row is also cut at every octet by a snap length,
 * padded, put where its end is the end of readable memory, and spoiled at random. */
#include <arpa/inet.h>
#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/decode.h"
#include "conformance/testpackets.h"

/* Link layers, up to the type. */
#define ETHERNET "020000000002 020000000001 " /* to, from */
#define COOKED1  "0000 0001 0006 0200000000010000 " /* sent to us, Ethernet, address of 6 octets */
#define COOKED2(type) type " 0000 00000003 0001 00 06 0200000000010000 " /* type, reserved, interface, as above */
#define VLAN(next) "0007 " next " " /* id 7, then this type */

/* IPv4, 10.0.0.1 to 10.0.0.2: first octet, total length, flags and offset, protocol. */
#define IPV4(version, total, fragment, protocol) version "00 " total " 0001 " fragment " 40 " protocol " 0000 0a000001 0a000002 "
#define IPV4_TCP(total) IPV4("45", total, "4000", "06")
#define IPV4_UDP(total) IPV4("45", total, "4000", "11")

/* IPv6, fd00::1 to fd00::2: payload length, next header. */
#define IPV6(length, next) "60000000 " length " " next " 40 fd000000000000000000000000000001 fd000000000000000000000000000002 "

/* Ports 40000 to 5201, sequence 0x01020304, acknowledged 0xfffefdfc, length, flags PSH ACK, window 512. */
#define TCP(offset) "9c40 1451 01020304 fffefdfc " offset "0 18 0200 0000 0000 "
#define UDP(length) "9c40 1451 " length " 0000 "
#define OPTIONS "01 01 08 0a 00000001 00000002 " /* two no-operations, timestamps */
#define HELLO "68656c6c6f "

/* What the plain ones say. */
#define IPV4_TCP_SAYS "tcp ::ffff:10.0.0.1 40000 ::ffff:10.0.0.2 5201 01020304 fffefdfc 18 512 "
#define IPV4_UDP_SAYS "udp ::ffff:10.0.0.1 40000 ::ffff:10.0.0.2 5201 "
#define IPV6_TCP_SAYS "tcp fd00::1 40000 fd00::2 5201 01020304 fffefdfc 18 512 "
#define IPV6_UDP_SAYS "udp fd00::1 40000 fd00::2 5201 "

struct row {
	const char *name;
	int linktype;
	const char *packet, *says;
	uint32_t more; /* octets on the wire that follow, not captured */
};

static const struct row rows[] = {
	/* --- link layers */
	{"Ethernet, IPv4, TCP", DLT_EN10MB, ETHERNET "0800 " IPV4_TCP("002d") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/5", 0},
	{"Ethernet, IPv6, TCP", DLT_EN10MB, ETHERNET "86dd " IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"VLAN", DLT_EN10MB, ETHERNET "8100 " VLAN("0800") IPV4_TCP("002d") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/5", 0},
	{"VLANs stacked", DLT_EN10MB, ETHERNET "88a8 " VLAN("9100") VLAN("8100") VLAN("86dd") IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"cooked", DLT_LINUX_SLL, COOKED1 "0800 " IPV4_TCP("002d") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"cooked, IPv6, VLAN", DLT_LINUX_SLL, COOKED1 "8100 " VLAN("86dd") IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"cooked 2", DLT_LINUX_SLL2, COOKED2("0800") IPV4_TCP("002d") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"cooked 2, IPv6, VLAN", DLT_LINUX_SLL2, COOKED2("8100") VLAN("86dd") IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"raw, IPv4", DLT_RAW, IPV4_TCP("002d") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"raw, IPv6", DLT_RAW, IPV6("0019", "06") TCP("5") HELLO, IPV6_TCP_SAYS "hello 5/5", 0},
	{"raw by its other numbers, 101", 101, IPV4_TCP("002d") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"raw by its other numbers, 14", 14, IPV6("0019", "06") TCP("5") HELLO, IPV6_TCP_SAYS "hello 5/5", 0},
	{"raw, another version", DLT_RAW, "55" IPV4_TCP("002d") TCP("5") HELLO, "malformed", 0},
	{"IPv4 alone", DLT_IPV4, IPV4_TCP("002d") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"IPv6 alone", DLT_IPV6, IPV6("0019", "06") TCP("5") HELLO, IPV6_TCP_SAYS "hello 5/5", 0},
	{"IPv6 where IPv4 alone should be", DLT_IPV4, IPV6("0019", "06") TCP("5") HELLO, "malformed", 0},
	{"IPv4 where IPv6 alone should be", DLT_IPV6, IPV4_TCP("002d") TCP("5") HELLO, "malformed", 0},
	{"BSD loopback, little-endian", DLT_NULL, "02000000 " IPV4_TCP("002d") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, big-endian", DLT_NULL, "00000002 " IPV4_TCP("002d") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, IPv6 of FreeBSD", DLT_NULL, "1c000000 " IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, IPv6 of macOS", DLT_NULL, "1e000000 " IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, IPv6 of OpenBSD", DLT_LOOP, "00000018 " IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, IPv6 of Linux", DLT_NULL, "0000000a " IPV6("0019", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"BSD loopback, another family", DLT_NULL, "07000000 " IPV4_TCP("002d") TCP("5") HELLO, "other", 0},
	{"unknown link type", DLT_IEEE802_11, ETHERNET "0800 " IPV4_TCP("002d") TCP("5") HELLO, "other", 0},

	/* --- what is neither TCP nor UDP */
	{"ARP", DLT_EN10MB, ETHERNET "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002",
	 "other", 0},
	{"LLC", DLT_EN10MB, ETHERNET "0026 4242 03 0000000000", "other", 0},
	{"ICMP", DLT_RAW, IPV4("45", "001c", "0000", "01") "0800 0000 0000 0000", "other", 0},
	{"ICMPv6", DLT_RAW, IPV6("0008", "3a") "8000 0000 0000 0000", "other", 0},
	{"no next header", DLT_RAW, IPV6("0000", "3b"), "other", 0},
	{"IPv6 in IPv4", DLT_RAW, IPV4("45", "0055", "0000", "29") IPV6("0019", "06") TCP("5") HELLO, "other", 0},

	/* --- headers of IP */
	{"IPv4 options", DLT_RAW, IPV4("47", "0035", "4000", "06") "94040000 01010100 " TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/5", 0},
	{"IPv4 header too short", DLT_RAW, IPV4("44", "002d", "4000", "06") TCP("5") HELLO, "malformed", 0},
	{"IPv4 total length less than its header", DLT_RAW, IPV4("46", "0017", "4000", "06") "01010101 " TCP("5") HELLO,
	 "malformed", 0},
	{"IPv4 total length just its header", DLT_RAW, IPV4("45", "0014", "4000", "06"), "malformed", 0},
	{"IPv4 with another version", DLT_IPV4, IPV4("55", "002d", "4000", "06") TCP("5") HELLO, "malformed", 0},
	{"IPv6 with another version", DLT_IPV6, "7" IPV6("0019", "06") TCP("5") HELLO, "malformed", 0},
	{"IPv4 version 6 by its type", DLT_EN10MB, ETHERNET "0800 " IPV6("0019", "06") TCP("5") HELLO, "malformed", 0},
	{"IPv4 total length 0", DLT_RAW, IPV4_TCP("0000") TCP("5") HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"IPv4 total length 0, cut", DLT_EN10MB, ETHERNET "0800 " IPV4_TCP("0000") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/100005", 100000},
	{"IPv4 total length more than was on the wire", DLT_RAW, IPV4_TCP("0050") TCP("5") HELLO,
	 IPV4_TCP_SAYS "hello 5/40", 0},
	{"IPv6 all extensions", DLT_RAW, IPV6("0059", "00") "3c 01 0104 00000000 0502 0000 0100 0000 " "2b 00 0104 00000000 "
	 "2c 02 00 00 00000000 fd000000000000000000000000000003 " "3c 00 0000 00000007 " "06 00 0104 00000000 " TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"IPv6 extension beyond the packet", DLT_RAW, IPV6("0008", "00") "06 01 0104 00000000 ", "malformed", 0},
	{"IPv6 extension beyond the length", DLT_RAW, IPV6("0008", "00") "06 01 0104 00000000 " TCP("5") HELLO,
	 "malformed", 0},
	{"IPv6 authentication header", DLT_RAW, IPV6("0031", "33") "06 04 0000 00000000 00000000 000000000000000000000000 " TCP("5") HELLO,
	 "other", 0},
	{"IPv6 payload length 0", DLT_EN10MB, ETHERNET "86dd " IPV6("0000", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/5", 0},
	{"IPv6 payload length 0, cut", DLT_EN10MB, ETHERNET "86dd " IPV6("0000", "06") TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/100005", 100000},
	{"IPv6 jumbogram", DLT_LINUX_SLL2, COOKED2("86dd") IPV6("0000", "00") "06 00 c204 000186c1 " TCP("5") HELLO,
	 IPV6_TCP_SAYS "hello 5/100005", 100000},

	/* --- TCP */
	{"TCP options", DLT_RAW, IPV4_TCP("0039") TCP("8") OPTIONS HELLO, IPV4_TCP_SAYS "hello 5/5", 0},
	{"TCP empty", DLT_RAW, IPV4_TCP("0028") TCP("5"), IPV4_TCP_SAYS " 0/0", 0},
	{"TCP empty, padded by Ethernet", DLT_EN10MB, ETHERNET "0800 " IPV4_TCP("0028") TCP("5") "000000000000",
	 IPV4_TCP_SAYS " 0/0", 0},
	{"TCP one octet, padded by Ethernet", DLT_EN10MB, ETHERNET "0800 " IPV4_TCP("0029") TCP("5") "680000000000",
	 IPV4_TCP_SAYS "h 1/1", 0},
	{"TCP, IPv6, padded", DLT_RAW, IPV6("0019", "06") TCP("5") HELLO "00000000", IPV6_TCP_SAYS "hello 5/5", 0},
	{"TCP cut", DLT_RAW, IPV4_TCP("05dc") TCP("8") OPTIONS HELLO, IPV4_TCP_SAYS "hello 5/1448", 1443},
	{"TCP header too short", DLT_RAW, IPV4_TCP("002d") TCP("4") HELLO, "malformed", 0},
	{"TCP header beyond the packet", DLT_RAW, IPV4_TCP("002d") TCP("7") HELLO, "malformed", 0},
	{"TCP packet too short", DLT_RAW, IPV4_TCP("0027") "9c40 1451 01020304 fffefdfc 50 18 0200 0000 00",
	 "malformed", 0},
	{"TCP packet too short but padded", DLT_RAW, IPV4_TCP("0027") TCP("5") HELLO, "malformed", 0},

	/* --- UDP */
	{"UDP", DLT_RAW, IPV4_UDP("0021") UDP("000d") HELLO, IPV4_UDP_SAYS "hello 5/5", 0},
	{"UDP, IPv6", DLT_RAW, IPV6("000d", "11") UDP("000d") HELLO, IPV6_UDP_SAYS "hello 5/5", 0},
	{"UDP empty, padded by Ethernet", DLT_EN10MB, ETHERNET "0800 " IPV4_UDP("001c") UDP("0008") "000000000000",
	 IPV4_UDP_SAYS " 0/0", 0},
	{"UDP cut", DLT_RAW, IPV4_UDP("05dc") UDP("05c8") HELLO, IPV4_UDP_SAYS "hello 5/1472", 1467},
	{"UDP shorter than IP says", DLT_RAW, IPV4_UDP("0021") UDP("000b") HELLO, IPV4_UDP_SAYS "hel 3/3", 0},
	{"UDP longer than IP says", DLT_RAW, IPV4_UDP("0021") UDP("000e") HELLO, "malformed", 0},
	{"UDP shorter than its header", DLT_RAW, IPV4_UDP("0021") UDP("0007") HELLO, "malformed", 0},
	{"UDP packet too short", DLT_RAW, IPV4_UDP("001b") "9c40 1451 0008 00", "malformed", 0},
	{"UDP length 0", DLT_RAW, IPV6("0000", "00") "11 00 c204 000186b5 " UDP("0000") HELLO,
	 IPV6_UDP_SAYS "hello 5/100005", 100000},

	/* --- fragments */
	{"UDP first fragment", DLT_RAW, IPV4("45", "0021", "2000", "11") UDP("07d8") HELLO,
	 IPV4_UDP_SAYS "hello 5/2000 fragment", 0},
	{"UDP first fragment, padded", DLT_RAW, IPV4("45", "0021", "2000", "11") UDP("07d8") HELLO "0000",
	 IPV4_UDP_SAYS "hello 5/2000 fragment", 0},
	{"UDP first fragment without length", DLT_RAW, IPV4("45", "0021", "2000", "11") UDP("0000") HELLO,
	 "malformed", 0},
	{"UDP later fragment", DLT_RAW, IPV4("45", "0021", "2001", "11") UDP("07d8") HELLO, "fragment", 0},
	{"UDP last fragment", DLT_RAW, IPV4("45", "0021", "1fff", "11") UDP("07d8") HELLO, "fragment", 0},
	{"UDP, IPv6, first fragment", DLT_RAW, IPV6("0015", "2c") "11 00 0001 00000007 " UDP("07d8") HELLO,
	 IPV6_UDP_SAYS "hello 5/2000 fragment", 0},
	{"UDP, IPv6, last fragment", DLT_RAW, IPV6("0015", "2c") "11 00 0008 00000007 " UDP("07d8") HELLO,
	 "fragment", 0},
	{"UDP, IPv6, later fragment behind options", DLT_RAW, IPV6("0015", "2c") "3c 00 0009 00000007 " "06ff0000 00000000 " HELLO,
	 "other", 0},
	{"TCP first fragment", DLT_RAW, IPV4("45", "002d", "2000", "06") TCP("5") HELLO, "tcp fragment", 0},
	{"TCP later fragment", DLT_RAW, IPV4("45", "002d", "0001", "06") TCP("5") HELLO, "tcp fragment", 0},
	{"TCP, IPv6, first fragment", DLT_RAW, IPV6("0021", "2c") "06 00 0001 00000007 " TCP("5") HELLO,
	 "tcp fragment", 0},
	{"TCP, IPv6, later fragment", DLT_RAW, IPV6("0021", "2c") "06 00 0008 00000007 " TCP("5") HELLO,
	 "tcp fragment", 0},
	{"ICMP fragment", DLT_RAW, IPV4("45", "001c", "2000", "01") "0800 0000 0000 0000", "other", 0},

	/* --- ended on the wire before its headers did */
	{"nothing, Ethernet", DLT_EN10MB, "", "malformed", 0},
	{"nothing, raw", DLT_RAW, "", "malformed", 0},
	{"nothing, loopback", DLT_NULL, "", "malformed", 0},
	{"half an Ethernet header", DLT_EN10MB, ETHERNET "08", "malformed", 0},
	{"half a VLAN tag", DLT_EN10MB, ETHERNET "8100 0007", "malformed", 0},
	{"half an IPv4 header", DLT_EN10MB, ETHERNET "0800 4500 002d", "malformed", 0},
	{"half an IPv6 header", DLT_EN10MB, ETHERNET "86dd 60000000 0019", "malformed", 0},
};

#define ROWS (sizeof rows / sizeof rows[0])

static const char *const results[] = {"", "other", "fragment", "tcp fragment", "cut", "malformed"};

/* What a packet decodes to, as text. */
static void say(int linktype, const uint8_t *octets, uint32_t captured, uint32_t length, char text[static 256])
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	struct segment s;
	enum decode_result result = decode_packet(linktype, octets, captured, length, &s);
	int n;

	snprintf(text, 256, "%s", results[result]);
	if (result != DECODE_SEGMENT)
		return;
	assert_true(s.captured <= s.length);
	assert_true(s.payload >= octets && s.payload + s.captured <= octets + captured);
	inet_ntop(AF_INET6, s.source.address, source, sizeof source);
	inet_ntop(AF_INET6, s.destination.address, destination, sizeof destination);
	n = snprintf(text, 256, "%s %s %u %s %u ", s.protocol == SEGMENT_TCP ? "tcp" : "udp", source, s.source.port,
		     destination, s.destination.port);
	if (s.protocol == SEGMENT_TCP)
		n += snprintf(text + n, 256 - (size_t)n, "%08x %08x %02x %u ", s.seq, s.ack, s.flags, s.window);
	snprintf(text + n, 256 - (size_t)n, "%.*s %u/%u%s", s.captured > 40 ? 40 : (int)s.captured, (const char *)s.payload,
		 s.captured, s.length, s.fragment ? " fragment" : "");
}

/* Memory whose end is the end of what can be read. */
static uint8_t *page_end;

/* The octets, where none behind them can be read, and at whatever alignment that gives. */
static const uint8_t *at_end(const uint8_t *octets, size_t n)
{
	return memcpy(page_end - n, octets, n);
}

/* The snap length cuts more and more of the packet: its headers remain as they are, or it is cut, or it is known as
 * something else already. */
static void check_cuts(const struct row *row, const uint8_t *octets, uint32_t n, uint32_t length)
{
	struct segment whole, s;
	enum decode_result expected = decode_packet(row->linktype, octets, n, length, &whole);

	for (uint32_t captured = n; captured-- > 0;) {
		enum decode_result result = decode_packet(row->linktype, at_end(octets, captured), captured, length, &s);

		if (result == DECODE_CUT)
			expected = DECODE_CUT; /* and the shorter ones too */
		else
			assert_int_equal(result, expected);
		if (result != DECODE_SEGMENT)
			continue;
		assert_int_equal(s.length, whole.length);
		assert_true(s.captured <= whole.captured && s.captured + (n - captured) >= whole.captured);
		assert_memory_equal(s.payload, whole.payload, s.captured);
		assert_true(iperf_endpoint_equal(&s.source, &whole.source));
		assert_int_equal(s.seq, whole.seq);
	}
}

/* Spoiled octets: whatever that gives, nothing beyond the packet is read (say() checks the rest). */
static void spoil(const struct row *row, const uint8_t *octets, uint32_t n, uint32_t length)
{
	struct testrandom random = {n};
	char text[256];
	uint8_t spoiled[512];

	for (int i = 0; n > 0 && i < 2000; i++) {
		uint32_t captured = testrandom_below(&random, n + 1);

		memcpy(spoiled, octets, n);
		for (uint32_t k = 1 + testrandom_below(&random, 4); k > 0; k--)
			spoiled[testrandom_below(&random, n)] = (uint8_t)testrandom_below(&random, 256);
		say(row->linktype, at_end(spoiled, captured), captured, testrandom_below(&random, 2) ? length : captured, text);
	}
}

static void run_row(void **state)
{
	const struct row *row = *state;
	uint8_t octets[512];
	uint32_t n = (uint32_t)testpackets_hex(row->packet, octets, sizeof octets), length = n + row->more;
	char text[256];

	say(row->linktype, at_end(octets, n), n, length, text);
	assert_string_equal(text, row->says);
	/* a file may say that less was on the wire than it holds */
	if (row->more == 0) {
		say(row->linktype, at_end(octets, n), n, 0, text);
		assert_string_equal(text, row->says);
	}
	check_cuts(row, octets, n, length);
	spoil(row, octets, n, length);
}

/* Headers are enough: how many octets of a packet it takes to know its ports and length. */
static void enough(void **state)
{
	static const struct {
		const char *packet;
		uint32_t needed;
	} cases[] = {
		{IPV4_TCP("0039") TCP("8") OPTIONS HELLO, 40},
		{IPV4("47", "0035", "4000", "06") "94040000 01010100 " TCP("5") HELLO, 48},
		{IPV6("0019", "06") TCP("5") HELLO, 60},
		{IPV6("0021", "00") "06 00 0104 00000000 " TCP("5") HELLO, 68},
		{IPV4_UDP("0021") UDP("000d") HELLO, 28},
	};
	struct segment s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t octets[512];
		uint32_t n = (uint32_t)testpackets_hex(cases[i].packet, octets, sizeof octets);

		assert_int_equal(decode_packet(DLT_RAW, octets, cases[i].needed, n, &s), DECODE_SEGMENT);
		assert_int_equal(s.captured, 0);
		assert_int_equal(s.length, 5);
		assert_int_equal(decode_packet(DLT_RAW, octets, cases[i].needed - 1, n, &s), DECODE_CUT);
	}
}

/* A result without a segment leaves the caller's alone. */
static void untouched(void **state)
{
	struct segment s, was;
	uint8_t octets[512];
	size_t n = testpackets_hex(IPV4_TCP("002d") TCP("4") HELLO, octets, sizeof octets);

	(void)state;
	memset(&s, 0x55, sizeof s);
	was = s;
	assert_int_equal(decode_packet(DLT_RAW, octets, (uint32_t)n, (uint32_t)n, &s), DECODE_MALFORMED);
	assert_memory_equal(&s, &was, sizeof s);
}

static void known(void **state)
{
	static const int types[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, 101, 14, DLT_IPV4, DLT_IPV6, DLT_NULL, DLT_LOOP};
	unsigned count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		assert_true(decode_knows(types[i]));
	for (int type = 0; type < 400; type++)
		count += decode_knows(type);
	assert_int_equal(count, sizeof types / sizeof types[0]);
	assert_non_null(strstr(decode_known(), "Ethernet"));
}

int main(void)
{
	static struct CMUnitTest tests[ROWS + 3] = {
		cmocka_unit_test(enough),
		cmocka_unit_test(untouched),
		cmocka_unit_test(known),
	};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) < 0)
		return 1;
	page_end = pages + page;
	for (size_t i = 0; i < ROWS; i++)
		tests[3 + i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, (void *)&rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
