/*
 * One direction of a TCP connection: puts its octets in order and tells them, and what is missing among them, as
 * events. A part of reassembly.c; nobody else needs it.
 *
 * Offsets count octets from the direction's base, in 64 bits; sequence numbers are their low 32 bits plus the base's.
 * A sequence number is taken for the offset nearest to the next octet expected.
 */
#ifndef IPERF_CONFORMANCE_DIRECTION_H
#define IPERF_CONFORMANCE_DIRECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/chunks.h"
#include "conformance/reassembly.h"

/*
 * Octets, with what it takes to keep them, that may wait behind a hole. A control message or a preamble and far more fits;
 * bulk data with a large bandwidth-delay product, lost before the capturing point, may not and is then told as missing
 * though its retransmission follows. The bound is for 2 directions of thousands of streams: 1,000 waiting at once
 * take 256 MiB.
 */
#define DIRECTION_BUFFER (256 * 1024)

/* First and last octets kept to compare retransmissions with: four times the longest text message. */
#define DIRECTION_KEPT 256

/*
 * How long an acknowledged hole is waited for. Capturing on several processors, or at the receiver's, can put an ACK
 * before what it acknowledges. 3 segments are the reordering that TCP itself expects (RFC 5681 section 3.2); 50 ms are
 * longer than a capture buffer waits for its turn, and shorter than the 200 ms in which Linux would retransmit.
 */
#define DIRECTION_PATIENCE_PACKETS 3
#define DIRECTION_PATIENCE_NS      50000000

/* No window is larger (RFC 7323 section 2.3): what lies further ahead belongs to something else. */
#define DIRECTION_WINDOW_MAX (1 << 30)

/* What all directions share. */
struct teller {
	struct reassembly_options options;
	struct moment now; /* the packet being taken in */
};

struct direction {
	struct connection *connection;
	int side;          /* the sender: index in connection->ends */
	bool known;        /* the base is */
	bool syn_seen;
	bool fin_seen;
	bool ended;        /* eof() was told */
	bool ack_seen;     /* the other end acknowledged something */
	bool patient;      /* an acknowledged hole is waited for */
	uint32_t base;     /* sequence number of offset 0 */
	uint32_t last_ack; /* the last acknowledgement by the other end */
	uint16_t window;   /* and the window that came with it, not scaled */
	uint64_t next;     /* the next octet to be told */
	uint64_t highest;  /* behind the highest octet seen */
	uint64_t acked;    /* behind the highest octet acknowledged, the FIN counted as one */
	uint64_t fin;      /* where the FIN stands */
	struct moment fin_at;
	struct chunks waiting; /* for a hole, all behind next */
	uint64_t patience_upto;     /* what is waited for: all before that offset */
	int64_t patience_since_ns;
	unsigned patience_packets; /* segments with new octets since */
	uint64_t run;                 /* all octets from here to next were seen */
	uint8_t tail[DIRECTION_KEPT]; /* the last of these, that of offset n at n % DIRECTION_KEPT */
	uint32_t head_length;
	uint8_t head[DIRECTION_KEPT]; /* the first octets of all, until one was unseen */
};

/* The offset of a sequence number, negative if it lies before the base. The base must be known. */
int64_t direction_offset(const struct direction *d, uint32_t seq);

/* Sets the base, once. */
void direction_start(struct direction *d, uint32_t base);

/* Takes in the payload of a segment, of which the first octet has sequence number seq. Returns 0 or -ENOMEM. */
int direction_payload(struct direction *d, const struct teller *t, uint32_t seq, const struct segment *s);

/* Takes in a FIN with that sequence number. */
void direction_fin(struct direction *d, const struct teller *t, uint32_t seq);

/* Takes in an acknowledgement by the other end. */
void direction_ack(struct direction *d, uint32_t ack, uint16_t window);

/* True if a reset with that sequence number would have been believed by the receiver, as far as can be known. */
bool direction_believes_reset(const struct direction *d, uint32_t seq);

/* After each packet: gives up what has been waited for long enough. */
void direction_settle(struct direction *d, const struct teller *t);

/* Gives up all holes. */
void direction_flush(struct direction *d, const struct teller *t);

/* Frees what waits. */
void direction_clear(struct direction *d);

/* Has a hole been waited for long enough? A capture's times may be anything, and go backwards. */
static inline bool patience_has_passed(int64_t since_ns, int64_t now_ns)
{
	return now_ns > since_ns && (uint64_t)now_ns - (uint64_t)since_ns >= DIRECTION_PATIENCE_NS;
}

#endif
