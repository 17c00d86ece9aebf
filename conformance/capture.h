/*
 * Reads a capture file, pcap or pcapng, packet by packet, through libpcap. Times are in nanoseconds whatever the file
 * holds.
 *
 *	char error[CAPTURE_ERROR_SIZE];
 *	struct capture *c = capture_open("a.pcap", error);
 *	struct capture_packet p;
 *
 *	while (c && capture_next(c, &p) == CAPTURE_PACKET)
 *		...
 *	capture_close(c);
 */
#ifndef IPERF_CONFORMANCE_CAPTURE_H
#define IPERF_CONFORMANCE_CAPTURE_H

#include <stdint.h>

/* Room for the longest sentence: a path of up to about 300 octets, which is cut off beyond, and what is wrong. */
#define CAPTURE_ERROR_SIZE 768

struct capture;

struct capture_packet {
	uint64_t number;       /* from 1 in the file, as Wireshark counts */
	int64_t time_ns;       /* since the epoch, up to 2038 in pcap; held at the limits of int64_t if pcapng is wilder */
	uint32_t captured;     /* octets at `octets` */
	uint32_t length;       /* octets that were on the wire, link layer included; >= captured in a sane file */
	const uint8_t *octets; /* valid until the next call of capture_next() or capture_close() */
	int linktype;          /* for decode_packet(); the same for all packets of a file */
};

enum capture_result {
	CAPTURE_PACKET,  /* the packet is filled in */
	CAPTURE_END,     /* the file ended where a packet might have begun */
	CAPTURE_DAMAGED, /* the file cannot be read any further; capture_error() says why and where */
};

/*
 * Opens the file, or standard input if path is "-" (which stays open). Returns the reader, which the caller closes, or
 * NULL with one sentence for people in error: what is wrong, with which file, and what to do about it. A link type that
 * decode_knows() does not know is such an error too.
 */
struct capture *capture_open(const char *path, char error[static CAPTURE_ERROR_SIZE]);

/*
 * Reads the next packet. All packets before a damage are delivered. CAPTURE_END and CAPTURE_DAMAGED stay: each further
 * call returns the same.
 *
 * libpcap reads a pcapng file of several interfaces only as far as they agree in link type and snap length; where they
 * cease to, the file is CAPTURE_DAMAGED, though nothing is broken, and the sentence says how to convert it.
 */
enum capture_result capture_next(struct capture *c, struct capture_packet *packet);

/*
 * After CAPTURE_DAMAGED one sentence for people: after which packet, and at which octet of the file the record begins
 * that cannot be read (not known if the file is a pipe). Before, "". Valid until capture_close().
 */
const char *capture_error(const struct capture *c);

/* Closes the file and frees the reader. NULL is accepted. */
void capture_close(struct capture *c);

#endif
