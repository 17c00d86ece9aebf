#include "conformance/direction.h"

#include <errno.h>
#include <string.h>

/* Octets of a segment, the sequence number made an offset. */
struct span {
	uint64_t offset;
	uint32_t length, captured;
	const uint8_t *octets;
};

int64_t direction_offset(const struct direction *d, uint32_t seq)
{
	uint32_t expected = d->base + (uint32_t)d->next;

	return (int64_t)d->next + (int32_t)(seq - expected);
}

void direction_start(struct direction *d, uint32_t base)
{
	d->known = true;
	d->base = base;
}

/* The place for an event about the next octet, which that packet carried. */
static struct where here(const struct direction *d, const struct teller *t, struct moment carrier)
{
	return (struct where){carrier.packet, carrier.time_ns, t->now.packet, t->now.time_ns, d->next};
}

/* Keeps the first and the last octets, before next moves over them. */
static void remember(struct direction *d, const uint8_t *octets, uint32_t length)
{
	uint32_t room, at, first;

	if (d->head_length == d->next && d->head_length < DIRECTION_KEPT) {
		room = DIRECTION_KEPT - d->head_length;
		first = length < room ? length : room;
		memcpy(d->head + d->head_length, octets, first);
		d->head_length += first;
	}
	at = (uint32_t)(d->next % DIRECTION_KEPT);
	if (length > DIRECTION_KEPT) {
		at = (uint32_t)((d->next + length) % DIRECTION_KEPT);
		octets += length - DIRECTION_KEPT;
		length = DIRECTION_KEPT;
	}
	first = length < DIRECTION_KEPT - at ? length : DIRECTION_KEPT - at;
	memcpy(d->tail + at, octets, first);
	memcpy(d->tail, octets + first, length - first);
}

static void tell_octets(struct direction *d, const struct teller *t, const uint8_t *octets, uint32_t length,
			struct moment carrier)
{
	struct where w = here(d, t, carrier);

	remember(d, octets, length);
	d->next += length;
	if (t->options.events->octets)
		t->options.events->octets(t->options.user, d->connection, d->side, octets, length, &w);
}

static void tell_unseen(struct direction *d, const struct teller *t, uint64_t count, enum unseen_why why,
			struct moment carrier)
{
	struct where w = here(d, t, carrier);

	d->next += count;
	d->run = d->next;
	if (t->options.events->unseen)
		t->options.events->unseen(t->options.user, d->connection, d->side, count, why, &w);
}

/* Tells what waits no longer, and the end if it is reached. */
static void tell_ready(struct direction *d, const struct teller *t)
{
	struct chunk *c;

	while ((c = d->waiting.first) && c->offset == d->next) {
		if (c->seen)
			tell_octets(d, t, c->octets, c->length, c->moment);
		else
			tell_unseen(d, t, c->length, c->why, c->moment);
		chunks_drop_first(&d->waiting);
	}
	if (d->fin_seen && !d->ended && d->next == d->fin) {
		struct where w = here(d, t, d->fin_at);

		d->ended = true;
		if (t->options.events->eof)
			t->options.events->eof(t->options.user, d->connection, d->side, &w);
	}
}

/* Gives up all that is missing before an offset. */
static void give_up(struct direction *d, const struct teller *t, uint64_t upto)
{
	while (d->next < upto) {
		const struct chunk *c = d->waiting.first;
		uint64_t end = c && c->offset < upto ? c->offset : upto;

		tell_unseen(d, t, end - d->next, UNSEEN_MISSING, t->now);
		tell_ready(d, t);
	}
}

/* The first octet from `from` to before `to` in which the span differs from what is kept; `to` if there is none. The
 * octet of offset n is kept at n % DIRECTION_KEPT. */
static uint64_t first_difference(const struct span *s, const uint8_t *kept, uint64_t from, uint64_t to)
{
	uint64_t end = s->offset + s->captured;

	if (from < s->offset)
		from = s->offset;
	for (; from < to && from < end; from++)
		if (s->octets[from - s->offset] != kept[from % DIRECTION_KEPT])
			return from;
	return to;
}

/* Compares octets told already with what is kept of them. */
static void check_repeated(struct direction *d, const struct teller *t, const struct span *s)
{
	uint64_t from = d->next > DIRECTION_KEPT ? d->next - DIRECTION_KEPT : 0;
	struct where w = here(d, t, t->now);

	/* A keep-alive probe may repeat the last octet with any value (RFC 1122 section 4.2.3.6). */
	if (s->length == 1 && s->offset + 1 == d->next)
		return;
	w.offset = first_difference(s, d->head, 0, d->head_length);
	if (w.offset == d->head_length) {
		w.offset = first_difference(s, d->tail, d->run > from ? d->run : from, d->next);
		if (w.offset == d->next)
			return;
	}
	if (t->options.events->late_conflict)
		t->options.events->late_conflict(t->options.user, d->connection, d->side, &w);
}

/* Takes the first n octets off a span. */
static void trim_front(struct span *s, uint32_t n)
{
	uint32_t there = n < s->captured ? n : s->captured;

	s->offset += n;
	s->length -= n;
	s->captured -= there;
	if (there > 0)
		s->octets += there;
}

/* Keeps a span that is not next, or that overlaps what waits. */
static int add_waiting(struct direction *d, const struct teller *t, const struct span *s)
{
	void *(*allocate)(size_t) = t->options.allocate;

	if (chunks_add(&d->waiting, allocate, s->offset, s->octets, s->captured, t->now) < 0 ||
	    chunks_add(&d->waiting, allocate, s->offset + s->captured, NULL, s->length - s->captured, t->now) < 0)
		return -ENOMEM;
	tell_ready(d, t);
	while (d->waiting.size > DIRECTION_BUFFER)
		give_up(d, t, d->waiting.first->offset);
	return 0;
}

/* Makes the payload of a segment a span, without what lies before the base, behind the FIN or far ahead. */
static struct span to_span(const struct direction *d, uint32_t seq, const struct segment *s)
{
	int64_t offset = direction_offset(d, seq), end = offset + s->length;
	struct span span = {0, s->length, s->captured, s->payload};
	uint64_t ahead = (d->acked > d->next ? d->acked : d->next) + DIRECTION_WINDOW_MAX;

	if (end <= 0 || offset > (int64_t)ahead)
		return (struct span){0};
	if (offset < 0)
		trim_front(&span, (uint32_t)-offset);
	span.offset = offset < 0 ? 0 : (uint64_t)offset;
	if (d->fin_seen && (uint64_t)end > d->fin) {
		span.length = span.offset < d->fin ? (uint32_t)(d->fin - span.offset) : 0;
		span.captured = span.captured < span.length ? span.captured : span.length;
	}
	return span;
}

int direction_payload(struct direction *d, const struct teller *t, uint32_t seq, const struct segment *s)
{
	struct span span = to_span(d, seq, s);

	if (span.length > 0 && span.offset < d->next) {
		uint64_t repeated = d->next - span.offset;

		check_repeated(d, t, &span);
		trim_front(&span, repeated < span.length ? (uint32_t)repeated : span.length);
	}
	if (span.length == 0)
		return 0;
	if (span.offset + span.length > d->highest) {
		d->highest = span.offset + span.length;
		d->patience_packets++;
	}
	if (span.offset != d->next || d->waiting.first)
		return add_waiting(d, t, &span);
	if (span.captured > 0)
		tell_octets(d, t, span.octets, span.captured, t->now);
	if (span.captured < span.length)
		tell_unseen(d, t, span.length - span.captured, UNSEEN_SNAPPED, t->now);
	tell_ready(d, t);
	return 0;
}

void direction_fin(struct direction *d, const struct teller *t, uint32_t seq)
{
	int64_t offset = direction_offset(d, seq);

	/* Its first copy was taken for a missing octet, because only the acknowledgement was there. */
	if (offset + 1 == (int64_t)d->next && d->run == d->next)
		offset++;
	if (d->fin_seen || offset < (int64_t)d->next || offset > (int64_t)d->next + DIRECTION_WINDOW_MAX)
		return;
	d->fin_seen = true;
	d->fin = (uint64_t)offset;
	d->fin_at = t->now;
	chunks_cut(&d->waiting, d->fin);
	tell_ready(d, t);
}

void direction_ack(struct direction *d, uint32_t ack, uint16_t window)
{
	int64_t offset;

	d->ack_seen = true;
	d->last_ack = ack;
	d->window = window;
	if (!d->known)
		return;
	offset = direction_offset(d, ack);
	if (offset > (int64_t)d->acked && offset <= (int64_t)d->next + DIRECTION_WINDOW_MAX)
		d->acked = (uint64_t)offset;
}

bool direction_believes_reset(const struct direction *d, uint32_t seq)
{
	uint64_t end = d->highest + d->fin_seen;
	int64_t offset;

	if (!d->known)
		return !d->ack_seen || seq - d->last_ack <= d->window;
	if (end < d->acked + d->window)
		end = d->acked + d->window;
	offset = direction_offset(d, seq);
	return offset >= (int64_t)d->acked && offset <= (int64_t)end;
}

void direction_settle(struct direction *d, const struct teller *t)
{
	uint64_t acked = d->fin_seen && d->acked > d->fin ? d->fin : d->acked;

	if (d->fin_seen && d->patience_upto > d->fin)
		d->patience_upto = d->fin;
	if (d->patient && d->next < d->patience_upto &&
	    (d->patience_packets >= DIRECTION_PATIENCE_PACKETS ||
	     patience_has_passed(d->patience_since_ns, t->now.time_ns)))
		give_up(d, t, d->patience_upto);
	if (d->patient && d->next < d->patience_upto)
		return;
	d->patient = acked > d->next;
	d->patience_upto = acked;
	d->patience_since_ns = t->now.time_ns;
	d->patience_packets = 0;
}

void direction_flush(struct direction *d, const struct teller *t)
{
	uint64_t upto = d->acked > d->highest ? d->acked : d->highest;

	if (d->fin_seen)
		upto = d->fin;
	give_up(d, t, upto);
}

void direction_clear(struct direction *d)
{
	chunks_clear(&d->waiting);
}
