/*
 * Packets for tests: written as text, turned into frames, put into capture files. And what goes with them: a
 * directory for files and random numbers that repeat.
 *
 * Packets as text are separated by ";" and made of words (a packet without a word is none):
 *
 *	> or <  sent by end a (10.0.0.1 port 40000) or by end b (10.0.0.2 port 5201)
 *	S F R   flags, in one word or several
 *	@N      the sequence number: N octets behind the sender's first, which is its initial one + 1; 0 if not given; may be
 *	        negative. With S it is counted from the initial one itself
 *	aN      the flag A, and that offset in the other end's octets
 *	=text   payload
 *	~N      N more octets of payload which the snap length cut off
 *	tN      N milliseconds after the packet before; 1 if not given. May be negative
 *
 * "> S; < S a0; > a0; > a0 =hello; < a5" opens a connection and carries five octets. Initial sequence numbers are 1000 (a)
 * and 2000 (b), unless the test sets others.
 */
#ifndef IPERF_CONFORMANCE_TESTPACKETS_H
#define IPERF_CONFORMANCE_TESTPACKETS_H

#include <stddef.h>
#include <stdint.h>

#include "conformance/decode.h"

/* The first packet of a text is sent at that time, in nanoseconds since the epoch. */
#define TESTPACKETS_START_NS 1700000000000000000

struct testpacket {
	struct segment segment; /* payload is its own memory of exactly `captured` octets, never NULL */
	int64_t time_ns;
};

struct testpackets {
	struct testpacket *at;
	size_t count, room;
	uint32_t isn[2]; /* of a and b */
};

/* Makes it empty; nothing to free yet. */
void testpackets_init(struct testpackets *p);
void testpackets_free(struct testpackets *p);

/* Appends a copy of a segment, its payload too. Fails the test if there is no memory, as all functions here do. */
void testpackets_add(struct testpackets *p, const struct segment *s, int64_t time_ns);

/* Appends packets written as text. A text that is not understood fails the test. */
void testpackets_parse(struct testpackets *p, const char *text);

/* A segment from end a (0) or b (1) with the addresses of that end and nothing else. */
struct segment testpackets_segment(int sender);

/* The segment, one of end a or to it, as sent by or to the n-th of many clients in the place of a. */
struct segment testpackets_of_client(struct segment s, uint32_t n);

/* Ethernet, IPv4 or IPv6, TCP or UDP; without checksums. */
#define TESTPACKETS_HEADERS 74

/*
 * Writes the segment as an Ethernet frame, as far as it was captured, to frame, which has room for TESTPACKETS_HEADERS
 * octets and the payload. Returns the octets written; *length becomes what was on the wire.
 */
size_t testpackets_frame(const struct segment *s, uint8_t *frame, uint32_t *length);

/* Writes the packets to a pcap file of Ethernet frames with times in nanoseconds. */
void testpackets_save(const struct testpackets *p, const char *path);

/* The octets written as hexadecimal digits; white space between them is skipped. At most `room`; returns how many. */
size_t testpackets_hex(const char *hex, uint8_t *octets, size_t room);

/*
 * The path of a file of that name in a directory of this process, under $TMPDIR or /tmp, which is made when first asked
 * for and removed at exit with all in it. Valid until the next call.
 */
const char *testpackets_path(const char *name);

/* Random numbers: the same for the same seed. Returns one below `below`, which is not 0. */
struct testrandom {
	uint64_t state; /* any seed */
};
uint32_t testrandom_below(struct testrandom *r, uint32_t below);

#endif
