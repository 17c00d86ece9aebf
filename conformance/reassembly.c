#include "conformance/reassembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "conformance/connection_table.h"
#include "conformance/direction.h"

/* What is late of an ended connection lies no further from its end than this: a large window. */
#define GRAVE_REACH (64 * 1024 * 1024)

/* A SYN carries no more data than one packet (RFC 7413), so that its answer acknowledges no more. */
#define SYN_DATA_MAX 65535

/* The most that can have been sent and not be in the capture before it is established: a window that is not scaled. */
#define FIRST_WINDOW 65535

/* What is kept of a direction after its end. */
struct grave {
	bool known, syn_seen;
	uint32_t base, next; /* sequence numbers */
};

/* A connection and what only the reassembly knows of it. */
struct entry {
	struct table_entry table;     /* first, so that a pointer to the connection is one to the entry */
	TAILQ_ENTRY(entry) order;     /* in r->live or r->dead */
	TAILQ_ENTRY(entry) queue;     /* in r->waiting, if `waits` */
	bool waits;                   /* for an acknowledged hole */
	int64_t waits_since_ns;
	struct direction *directions; /* two of them; NULL once the connection has ended */
	struct grave graves[2];       /* filled in then */
};

TAILQ_HEAD(entries, entry);

struct reassembly {
	struct teller teller;
	struct connection_table table; /* live and dead */
	struct entries live;           /* as they were opened */
	struct entries dead;           /* as they ended */
	size_t dead_count;
	struct entries waiting;        /* as they began to wait */
	bool failed;                   /* there was no memory */
};

static void *allocate_zeroed(const struct reassembly *r, size_t size)
{
	void *p = r->teller.options.allocate(size);

	return p ? memset(p, 0, size) : NULL;
}

/* The side of a connection that sent a segment. */
static int sender(const struct connection *c, const struct segment *s)
{
	return iperf_endpoint_equal(&c->ends[0], &s->source) ? 0 : 1;
}

/* --- birth and death of a connection */

static void stop_waiting(struct reassembly *r, struct entry *e)
{
	if (e->waits)
		TAILQ_REMOVE(&r->waiting, e, queue);
	e->waits = false;
}

/* The connection ends for the caller; the entry is in no list then. */
static void forget(struct reassembly *r, struct entry *e)
{
	if (r->teller.options.events->forgotten)
		r->teller.options.events->forgotten(r->teller.options.user, &e->table.connection);
	stop_waiting(r, e);
	TAILQ_REMOVE(&r->live, e, order);
	for (int side = 0; side < 2; side++) {
		struct direction *d = &e->directions[side];

		e->graves[side] = (struct grave){d->known, d->syn_seen, d->base, d->base + (uint32_t)d->next};
		direction_clear(d);
	}
	free(e->directions);
	e->directions = NULL;
}

static void flush(const struct reassembly *r, struct entry *e)
{
	direction_flush(&e->directions[0], &r->teller);
	direction_flush(&e->directions[1], &r->teller);
}

/* Removes a connection without a trace, whether it lives or not. */
static void discard(struct reassembly *r, struct entry *e)
{
	if (e->directions) {
		forget(r, e);
	} else {
		TAILQ_REMOVE(&r->dead, e, order);
		r->dead_count--;
	}
	table_remove(&r->table, &e->table);
	free(e);
}

/* Ends a connection, of which late segments may still come. */
static void bury(struct reassembly *r, struct entry *e)
{
	forget(r, e);
	TAILQ_INSERT_TAIL(&r->dead, e, order);
	if (++r->dead_count > REASSEMBLY_GRAVES)
		discard(r, TAILQ_FIRST(&r->dead));
}

static struct where now(const struct reassembly *r)
{
	struct moment m = r->teller.now;

	return (struct where){m.packet, m.time_ns, m.packet, m.time_ns, 0};
}

/* True if the sender of the segment is taken for the opener. */
static bool sent_by_opener(const struct reassembly *r, const struct segment *s)
{
	uint16_t from = s->source.port, to = s->destination.port, server = r->teller.options.server_port;

	if (s->flags & SEGMENT_SYN)
		return !(s->flags & SEGMENT_ACK);
	if (server != 0 && (from == server) != (to == server))
		return to == server;
	return to <= from;
}

static void tell_established(const struct reassembly *r, struct entry *e)
{
	struct where w = now(r);

	e->table.connection.established = true;
	if (r->teller.options.events->established)
		r->teller.options.events->established(r->teller.options.user, &e->table.connection, &w);
}

static void tell_opened(const struct reassembly *r, struct entry *e)
{
	struct where w = now(r);

	if (r->teller.options.events->opened)
		r->teller.options.events->opened(r->teller.options.user, &e->table.connection, &w);
	if (!e->table.connection.start_seen)
		tell_established(r, e);
}

/* Makes the connection to which the segment is the first. NULL if there is no memory. */
static struct entry *open_connection(struct reassembly *r, const struct segment *s)
{
	struct entry *e = allocate_zeroed(r, sizeof *e);
	bool opener = sent_by_opener(r, s);

	if (!e)
		return NULL;
	e->directions = allocate_zeroed(r, 2 * sizeof *e->directions);
	if (!e->directions) {
		free(e);
		return NULL;
	}
	for (int side = 0; side < 2; side++) {
		e->directions[side].connection = &e->table.connection;
		e->directions[side].side = side;
	}
	e->table.connection.ends[opener ? 0 : 1] = s->source;
	e->table.connection.ends[opener ? 1 : 0] = s->destination;
	e->table.connection.start_seen = s->flags & SEGMENT_SYN;
	e->table.connection.first_packet = r->teller.now.packet;
	e->table.connection.first_ns = r->teller.now.time_ns;
	table_add(&r->table, &e->table);
	TAILQ_INSERT_TAIL(&r->live, e, order);
	tell_opened(r, e);
	return e;
}

/* --- does a segment belong to the connection that has its ports? */

/* A SYN on a live connection: a copy of its own, the answer to that of the other end, or simultaneous opening? */
static bool syn_belongs(const struct entry *e, int side, const struct segment *s)
{
	const struct direction *d = &e->directions[side], *o = &e->directions[!side];
	uint64_t most = o->highest < SYN_DATA_MAX ? o->highest : SYN_DATA_MAX;

	if ((s->flags & SEGMENT_ACK) && o->known && s->ack - o->base <= most)
		return true;
	if (d->known)
		return d->base == s->seq + 1;
	return e->table.connection.start_seen && !(s->flags & SEGMENT_ACK);
}

/* Is it something late of a connection that has ended? */
static bool is_late(const struct entry *e, int side, const struct segment *s)
{
	const struct grave *g = &e->graves[side];
	int32_t distance = (int32_t)(s->seq - g->next);

	if (s->flags & SEGMENT_SYN)
		return g->syn_seen && g->base == s->seq + 1;
	if (s->length == 0 || !g->known)
		return true;
	return distance <= GRAVE_REACH && distance >= -GRAVE_REACH;
}

static bool belongs(const struct entry *e, int side, const struct segment *s)
{
	if (!e->directions)
		return is_late(e, side, s);
	return (s->flags & (SEGMENT_SYN | SEGMENT_RST)) != SEGMENT_SYN || syn_belongs(e, side, s);
}

/* Can it be the first segment seen of a connection? */
static bool opens(const struct segment *s)
{
	return !(s->flags & SEGMENT_RST) && ((s->flags & SEGMENT_SYN) || s->length > 0);
}

/* --- a segment of a connection */

static void take_reset(struct reassembly *r, struct entry *e, int side, const struct segment *s)
{
	const struct direction *d = &e->directions[side], *o = &e->directions[!side];
	struct where w = now(r);

	if (!e->table.connection.established && !d->known) {
		/* the answer to a SYN: its sequence number means nothing */
		if (!(s->flags & SEGMENT_ACK) || !o->known || s->ack - o->base > o->highest)
			return;
	} else if (!direction_believes_reset(d, s->seq)) {
		return;
	}
	flush(r, e);
	w.offset = d->next;
	if (r->teller.options.events->reset)
		r->teller.options.events->reset(r->teller.options.user, &e->table.connection, side, &w);
	bury(r, e);
}

/* Does the segment show that the connection is established? A mere ACK by end 1 does not: it may challenge the SYN
 * (RFC 5961 section 4.2). */
static bool shows_established(const struct entry *e, int side, const struct segment *s)
{
	const struct direction *o = &e->directions[!side];

	if (!(s->flags & SEGMENT_ACK))
		return false;
	if (s->flags & SEGMENT_SYN)
		return true;
	return side == 0 || (s->length > 0 && o->known && s->ack - o->base <= o->highest + FIRST_WINDOW);
}

/* Fixes the sequence number of offset 0 in both directions as soon as it can be known. */
static void take_start(struct entry *e, int side, const struct segment *s)
{
	struct direction *d = &e->directions[side], *o = &e->directions[!side];

	if (s->flags & SEGMENT_SYN) {
		if (!d->known)
			direction_start(d, s->seq + 1);
		d->syn_seen |= d->base == s->seq + 1;
	} else if (!d->known && (s->length > 0 || (s->flags & SEGMENT_FIN))) {
		direction_start(d, s->seq);
	}
	if ((s->flags & SEGMENT_ACK) && d->syn_seen && !o->known)
		direction_start(o, s->ack);
}

static int take_stream(struct reassembly *r, struct entry *e, int side, const struct segment *s)
{
	struct direction *d = &e->directions[side];
	uint32_t seq = s->flags & SEGMENT_SYN ? s->seq + 1 : s->seq;

	if (!d->known)
		return 0;
	if (s->length > 0 && direction_payload(d, &r->teller, seq, s) < 0)
		return -ENOMEM;
	if (s->flags & SEGMENT_FIN)
		direction_fin(d, &r->teller, seq + s->length);
	return 0;
}

/* Gives up what has been waited for long enough, and the connection if it has ended. */
static void settle(struct reassembly *r, struct entry *e)
{
	struct direction *a = &e->directions[0], *b = &e->directions[1];
	int64_t since;

	direction_settle(a, &r->teller);
	direction_settle(b, &r->teller);
	if (a->ended && b->ended) {
		bury(r, e);
		return;
	}
	if (!a->patient && !b->patient) {
		stop_waiting(r, e);
		return;
	}
	since = a->patient ? a->patience_since_ns : b->patience_since_ns;
	if (b->patient && b->patience_since_ns < since)
		since = b->patience_since_ns;
	if (e->waits && e->waits_since_ns == since)
		return;
	stop_waiting(r, e);
	e->waits = true;
	e->waits_since_ns = since;
	TAILQ_INSERT_TAIL(&r->waiting, e, queue);
}

/* Settles the connections that wait for holes and on which nothing happens. */
static void settle_waiting(struct reassembly *r)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&r->waiting)) &&
	       patience_has_passed(e->waits_since_ns, r->teller.now.time_ns))
		settle(r, e);
}

static int take_segment(struct reassembly *r, struct entry *e, int side, const struct segment *s)
{
	if (s->flags & SEGMENT_RST) {
		take_reset(r, e, side, s);
		return 0;
	}
	if (!e->table.connection.established && shows_established(e, side, s))
		tell_established(r, e);
	if (!e->table.connection.established && !(s->flags & SEGMENT_SYN))
		return 0; /* of an older connection, or challenging the SYN */
	take_start(e, side, s);
	if (s->flags & SEGMENT_ACK)
		direction_ack(&e->directions[!side], s->ack, s->window);
	if (take_stream(r, e, side, s) < 0)
		return -ENOMEM;
	settle(r, e);
	return 0;
}

int reassembly_segment(struct reassembly *r, const struct segment *s, uint64_t packet, int64_t time_ns)
{
	struct entry *e;

	if (r->failed)
		return -ENOMEM;
	if (s->protocol != SEGMENT_TCP)
		return 0;
	r->teller.now = (struct moment){packet, time_ns};
	settle_waiting(r);
	e = (struct entry *)table_find(&r->table, s);
	if (e && !belongs(e, sender(&e->table.connection, s), s)) {
		if (e->directions)
			flush(r, e);
		discard(r, e);
		e = NULL;
	}
	if (!e) {
		if (!opens(s))
			return 0;
		e = open_connection(r, s);
		r->failed = !e;
	}
	if (e && e->directions)
		r->failed = take_segment(r, e, sender(&e->table.connection, s), s) < 0;
	return r->failed ? -ENOMEM : 0;
}

int reassembly_finish(struct reassembly *r)
{
	struct entry *e;

	if (r->failed)
		return -ENOMEM;
	while ((e = TAILQ_FIRST(&r->live))) {
		flush(r, e);
		discard(r, e);
	}
	return 0;
}

struct reassembly *reassembly_new(const struct reassembly_options *options)
{
	void *(*allocate)(size_t) = options->allocate ? options->allocate : malloc;
	struct reassembly *r = allocate(sizeof *r);

	if (!r)
		return NULL;
	memset(r, 0, sizeof *r);
	r->teller.options = *options;
	r->teller.options.allocate = allocate;
	TAILQ_INIT(&r->live);
	TAILQ_INIT(&r->dead);
	TAILQ_INIT(&r->waiting);
	if (table_init(&r->table, allocate) < 0) {
		free(r);
		return NULL;
	}
	return r;
}

void reassembly_free(struct reassembly *r)
{
	struct entry *e;

	if (!r)
		return;
	while ((e = TAILQ_FIRST(&r->live)))
		discard(r, e);
	while ((e = TAILQ_FIRST(&r->dead)))
		discard(r, e);
	table_free(&r->table);
	free(r);
}
