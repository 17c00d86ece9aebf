/*
 * Reassembles TCP: takes segments in the order of a capture and tells, as events, what the programs at both ends read.
 * It knows nothing of what the octets mean, does no I/O and is told the time.
 *
 * The capture may be imperfect, the network too: segments may be reordered, repeated, resegmented, captured twice, cut by
 * a snap length or missing; the capture may begin in the middle of connections. What is unknown is told as unseen() in
 * its place, so that octets() and unseen() of one direction add up to its stream without gap or overlap.
 *
 * Order: each event is told while the packet is taken in that makes it certain, and a direction's events in the order of
 * its stream. A hole in a stream is waited for (reassembly_segment() says how long), and what follows it comes after.
 *
 * Memory: bounded by the connections that are open, each taking some 2 KiB, plus at most DIRECTION_BUFFER octets
 * (direction.h) per direction while it waits for a hole. A connection that is idle and never closes stays open. In-order
 * octets are passed on from the packet itself: that path neither allocates nor copies more than 512 octets.
 */
#ifndef IPERF_CONFORMANCE_REASSEMBLY_H
#define IPERF_CONFORMANCE_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/decode.h"
#include "proto/endpoint.h"

/* Ended connections remembered; see reassembly_segment(). Each takes some 200 octets. */
#define REASSEMBLY_GRAVES 1024

/*
 * A connection, from opened() until forgotten(). Ends are known by their index, and a direction by the index of the end
 * that sends: 0 is the opener, who sent the first SYN without ACK or was sent the first SYN with ACK. If neither was
 * seen (start_seen is false), end 1 is the one on the server port told to reassembly_new(); if that does not decide, the
 * one with the lower port; if that does not either, the one that did not send the first packet.
 */
struct connection {
	struct iperf_endpoint ends[2];
	bool start_seen;       /* the capture holds the SYN or its answer */
	bool established;      /* established() was told */
	uint64_t first_packet; /* the packet that opened() was told for */
	int64_t first_ns;      /* its time */
	void *user;            /* the caller's, NULL at first */
};

/*
 * The packet that an event is about, and the one that made it certain: the same, unless octets had to wait for a hole
 * before them. Where the capture lacks the packet (UNSEEN_MISSING) both are the latter. Times since the epoch.
 *
 * offset counts the octets of the event's direction. 0 is the first octet after the SYN; in a direction whose SYN was not
 * seen it is what the other end's first ACK asks for if the other's SYN was seen, else the first octet captured.
 */
struct where {
	uint64_t packet;
	int64_t time_ns;
	uint64_t now_packet;
	int64_t now_ns;
	uint64_t offset;
};

enum unseen_why {
	UNSEEN_SNAPPED,  /* the capture's snap length cut them off */
	UNSEEN_MISSING,  /* the capture lacks the segment, though the receiver acknowledged it or what follows came */
	UNSEEN_CONFLICT, /* sent at least twice, with different octets, before they could be told */
};

/*
 * What the caller wants to hear; any may be NULL. None may call back into the reassembly. The connection is the caller's
 * to read, and connection->user to write.
 */
struct reassembly_events {
	/* A connection appeared, by the first packet of it: its SYN, or whatever came first. */
	void (*opened)(void *user, struct connection *c, const struct where *w);

	/*
	 * It is established: end 1 answered with SYN and ACK; or, as the capture lacks that, a later packet shows it. Until
	 * then all else but SYN and reset is ignored, for it belongs to an older connection of the ports. A connection whose
	 * start was not seen is taken for established when it is opened.
	 */
	void (*established)(void *user, struct connection *c, const struct where *w);

	/* The next `length` octets (> 0) of a direction, valid during the call. Before established() if sent on the SYN. */
	void (*octets)(void *user, struct connection *c, int direction, const uint8_t *octets, uint32_t length,
		       const struct where *w);

	/*
	 * The next `count` octets (> 0) of a direction exist but are unknown. A FIN that the capture lacks but the other
	 * end acknowledged looks like one missing octet.
	 */
	void (*unseen)(void *user, struct connection *c, int direction, uint64_t count, enum unseen_why why,
		       const struct where *w);

	/* The direction ended with a FIN; nothing follows in it. */
	void (*eof)(void *user, struct connection *c, int direction, const struct where *w);

	/*
	 * The end with that index reset the connection; forgotten() follows. Reset by end 1 before established() is a
	 * refused connection. A reset is believed if its sequence number lies between the last octet acknowledged and
	 * the last one sent or the end of the receiver's window as far as known, not scaled; a refusal if it acknowledges
	 * the SYN. Other resets are ignored, as the receiver ignores them.
	 */
	void (*reset)(void *user, struct connection *c, int direction, const struct where *w);

	/*
	 * A retransmission differs from octets already told; w->offset is the first that differs. Known only for the
	 * first and the last DIRECTION_KEPT octets told, and of these only before the first hole and behind the last one,
	 * for more are not kept; told once per such packet. Not for one octet by itself that was the last told: that may
	 * be a keep-alive probe, whose octet means nothing (RFC 1122 section 4.2.3.6).
	 */
	void (*late_conflict)(void *user, struct connection *c, int direction, const struct where *w);

	/*
	 * The connection ceases to exist: both directions ended, it was reset, a new one took its ports, or the capture
	 * ended. The caller frees what connection->user points to; the connection is gone when this returns.
	 */
	void (*forgotten)(void *user, struct connection *c);
};

struct reassembly_options {
	const struct reassembly_events *events; /* used as long as the reassembly exists */
	void *user;                             /* passed to each event */
	uint16_t server_port;                   /* a hint, 0 for none: see struct connection */
	void *(*allocate)(size_t octets);       /* NULL: malloc(); what it gives is freed with free() */
};

struct reassembly;

/* A reassembly without connections, to be freed with reassembly_free(). NULL if there is no memory. */
struct reassembly *reassembly_new(const struct reassembly_options *options);

/*
 * Takes in the next TCP segment of the capture; any other is ignored. The packet's number should grow, and its time
 * too, mostly. The segment and its payload are used during the call only. Returns 0, or -ENOMEM: then the caller can
 * only call reassembly_free(), each further segment gives -ENOMEM again.
 *
 * A hole is given up, and told as UNSEEN_MISSING, when the other end has acknowledged it and then either
 * DIRECTION_PATIENCE_PACKETS further segments with new octets of that direction or DIRECTION_PATIENCE_NS of capture time
 * have passed; when more than DIRECTION_BUFFER octets wait behind it; or at reset, new use of the ports, or the end.
 *
 * A SYN with another sequence number makes a new connection of the same ports. The last REASSEMBLY_GRAVES connections that
 * ended are remembered, so that what is late of them (the last ACK, retransmissions, segments crossing a reset) does
 * not look like a connection whose start was not seen. Only a segment with payload makes one of those.
 */
int reassembly_segment(struct reassembly *r, const struct segment *s, uint64_t packet, int64_t time_ns);

/*
 * The capture has ended: gives up all holes and forgets all connections, in the order in which they were opened. Their
 * `now` is that of the last segment. Returns 0 or -ENOMEM, if that was the state already.
 */
int reassembly_finish(struct reassembly *r);

/* Frees it; connections still there are told as forgotten(), without what waits in them. NULL is accepted. */
void reassembly_free(struct reassembly *r);

#endif
