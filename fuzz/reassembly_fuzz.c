/* TCP reassembly: the same segments in another order, and some of them twice, give the same octets; where copies differ,
 * just that is not seen; and segments that no two ends would send break no promise of reassembly.h.
 *
 * Input: whether it is a conversation, with contradictions, or nonsense; the order; cuts; the octets, which end a sends. */
#include "conformance/reassembly.h"
#include "fuzz/fuzz.h"

#define SEGMENTS 48
#define STREAM_MAX 1024

struct told {
	uint64_t next[2];
	uint8_t octets[STREAM_MAX];
	bool seen[STREAM_MAX];
	uint64_t unseen, late;
	unsigned opened, established, eofs[2], resets, forgotten;
	bool gone;
};

/* --- events: what must hold for any segments ------------------------------------------------------------------- */

static void opened(void *user, struct connection *c, const struct where *w)
{
	struct told *told = user;

	(void)w;
	told->opened++;
	must(told->opened == told->forgotten + 1); /* one pair of ports: one connection at a time */
	memset(told->next, 0, sizeof told->next);
	memset(told->eofs, 0, sizeof told->eofs);
	told->established = told->resets = 0;
	must(!c->established || !c->start_seen);
	c->user = told;
}

static void established(void *user, struct connection *c, const struct where *w)
{
	struct told *told = user;

	(void)w;
	must(c->user == told && c->established && ++told->established == 1);
}

static void octets_told(void *user, struct connection *c, int direction, const uint8_t *octets, uint32_t length,
			const struct where *w)
{
	struct told *told = user;

	must(c->user == told && length > 0 && w->offset == told->next[direction] && !told->eofs[direction]);
	must(w->packet <= w->now_packet && !told->resets);
	for (uint32_t i = 0; direction == 0 && i < length && w->offset + i < STREAM_MAX; i++) {
		told->octets[w->offset + i] = octets[i];
		told->seen[w->offset + i] = true;
	}
	told->next[direction] += length;
}

static void unseen(void *user, struct connection *c, int direction, uint64_t count, enum unseen_why why,
		   const struct where *w)
{
	struct told *told = user;

	(void)why;
	must(c->user == told && count > 0 && w->offset == told->next[direction] && !told->eofs[direction]);
	told->next[direction] += count;
	told->unseen += count;
}

static void eof(void *user, struct connection *c, int direction, const struct where *w)
{
	struct told *told = user;

	must(c->user == told && ++told->eofs[direction] == 1 && w->offset == told->next[direction]);
}

static void reset(void *user, struct connection *c, int direction, const struct where *w)
{
	struct told *told = user;

	(void)w;
	must(c->user == told && (direction == 0 || direction == 1) && ++told->resets == 1);
}

static void late_conflict(void *user, struct connection *c, int direction, const struct where *w)
{
	struct told *told = user;

	must(c->user == told && w->offset < told->next[direction]);
	told->late++;
}

static void forgotten(void *user, struct connection *c)
{
	struct told *told = user;

	must(c->user == told);
	must(++told->forgotten == told->opened);
}

static const struct reassembly_events events = { opened, established, octets_told, unseen, eof, reset, late_conflict,
						 forgotten };

/* --- segments -------------------------------------------------------------------------------------------------- */

struct plan {
	struct segment segments[SEGMENTS];
	size_t count;
	bool contradicts;
	uint8_t other[STREAM_MAX];  /* what a contradicting copy is made of */
	bool touched[STREAM_MAX];   /* where one differs from what was sent */
	bool lone[STREAM_MAX];      /* sent in a segment of its own, which may be a keep-alive probe */
	size_t first, last;         /* the first place of these, and the last */
};

static struct segment from(int side, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct segment s = { .flags = flags, .seq = seq, .ack = ack, .window = 65535 };

	s.source.address[15] = side ? 2 : 1;
	s.destination.address[15] = side ? 1 : 2;
	s.source.port = side ? 5201 : 40000;
	s.destination.port = side ? 40000 : 5201;
	return s;
}

static void run(const struct plan *plan, const uint8_t *order, size_t orders, struct told *told)
{
	struct reassembly_options options = { .events = &events, .user = told, .server_port = 5201 };
	struct reassembly *r = reassembly_new(&options);
	int64_t ns = INT64_C(1700000000000000000);

	memset(told, 0, sizeof *told);
	must(r);
	for (size_t i = 0; i < orders; i++) {
		struct segment s = plan->segments[order[i]];
		uint8_t *payload = exactly(s.payload, s.captured);

		s.payload = payload;
		must(reassembly_segment(r, &s, i + 1, ns += 100000) == 0);
		free(payload);
	}
	must(reassembly_finish(r) == 0);
	reassembly_free(r);
	must(told->opened == told->forgotten);
}

/* Sent again, from `again` to `sent`; every seventh octet is another one. */
static void contradict(struct plan *plan, const uint8_t *octets, size_t again, size_t sent)
{
	for (size_t i = again; i < sent; i++) {
		plan->other[i] = i % 7 == 3 ? octets[i] ^ 1 : octets[i];
		if (i % 7 != 3)
			continue;
		plan->touched[i] = true;
		plan->first = i < plan->first ? i : plan->first;
		plan->last = i > plan->last ? i : plan->last;
	}
}

/* A handshake, end a's octets in the input's pieces, some of them sent again in other pieces; then the ends. */
static void converse(struct plan *plan, struct cuts cuts, uint32_t isn, const uint8_t *octets, size_t length)
{
	size_t sent = 0;

	plan->segments[0] = from(0, SEGMENT_SYN, isn, 0);
	plan->segments[1] = from(1, SEGMENT_SYN | SEGMENT_ACK, 2000, isn + 1);
	plan->segments[2] = from(0, SEGMENT_ACK, isn + 1, 2001);
	plan->count = 3;
	while (plan->count < SEGMENTS - 4 && sent < length) {
		size_t n = plan->count == SEGMENTS - 5 ? length - sent : next_cut(&cuts, length - sent);
		size_t again = plan->count % 5 == 4 && sent > 0 ? sent / 2 : sent;
		bool other = plan->contradicts && again < sent;
		struct segment s = from(0, SEGMENT_ACK, isn + 1 + (uint32_t)again, 2001);

		n = other ? 0 : n; /* nothing new with a contradiction */
		if (other)
			contradict(plan, octets, again, sent);
		if (sent + n - again == 1)
			plan->lone[again] = true;
		s.payload = (other ? plan->other : octets) + again;
		s.captured = s.length = (uint32_t)(sent + n - again);
		plan->segments[plan->count++] = s;
		sent += n;
	}
	plan->segments[plan->count++] = from(0, SEGMENT_FIN | SEGMENT_ACK, isn + 1 + (uint32_t)length, 2001);
	plan->segments[plan->count++] = from(1, SEGMENT_ACK, 2001, isn + 2 + (uint32_t)length);
	plan->segments[plan->count++] = from(1, SEGMENT_FIN | SEGMENT_ACK, 2001, isn + 2 + (uint32_t)length);
	plan->segments[plan->count++] = from(0, SEGMENT_ACK, isn + 2 + (uint32_t)length, 2002);
}

/* Payload changes places and is repeated; nothing was acknowledged before the end, so all of it is waited for. */
static size_t mix(const struct plan *plan, struct input *choices, uint8_t *order)
{
	size_t count = 0, last = plan->count - 4;

	for (uint8_t i = 0; i < plan->count; i++)
		order[count++] = i;
	for (size_t i = 3; i < last; i++) {
		size_t other = 3 + take(choices) % (last - 3);
		uint8_t kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
	for (size_t i = 3; i < last && count < 2 * SEGMENTS; i++) {
		if (take(choices) % 4)
			continue;
		memmove(order + i + 1, order + i, count - i);
		count++;
		last++;
		i++;
	}
	return count;
}

/* What is told is what was sent. Where copies differ nothing is, or one of them, and then that they differ, unless what
 * was told lies between two holes and is not kept, or the other copy is an octet by itself; between two such places
 * either. */
static void check(const struct plan *plan, const struct told *told, const uint8_t *octets, size_t length)
{
	must(told->opened == 1 && told->established == 1 && told->eofs[0] == 1 && told->eofs[1] == 1);
	must(told->next[0] == length && (told->unseen == 0 || plan->contradicts));
	for (size_t i = 0; i < length; i++) {
		if (!told->seen[i])
			must(i >= plan->first && i <= plan->last);
		else if (plan->touched[i])
			must((told->late > 0 || told->unseen > 0 || plan->lone[i]) &&
			     (told->octets[i] == octets[i] || told->octets[i] == plan->other[i]));
		else
			must(told->octets[i] == octets[i]);
	}
}

static void conversation(struct input *in, uint32_t isn, bool contradicts)
{
	static struct told told[2];
	static struct plan plan;
	uint8_t order[2 * SEGMENTS + 1] = { 0 };
	size_t mixed;
	const uint8_t *chosen = take_octets(in, take(in), &mixed);
	struct input choices = { chosen, mixed };
	struct cuts cuts = take_cuts(in);
	size_t length = in->left < STREAM_MAX ? in->left : STREAM_MAX, count;

	memset(&plan, 0, sizeof plan);
	plan.contradicts = contradicts;
	plan.first = STREAM_MAX;
	converse(&plan, cuts, isn, in->at, length);
	for (uint8_t i = 0; i < plan.count; i++)
		order[i] = i;
	run(&plan, order, plan.count, &told[0]);
	count = mix(&plan, &choices, order);
	run(&plan, order, count, &told[1]);
	check(&plan, &told[0], in->at, length);
	check(&plan, &told[1], in->at, length);
}

/* Any segments, close enough to each other to matter. */
static void nonsense(struct input *in)
{
	static struct told told;
	static struct plan plan;
	uint8_t order[SEGMENTS] = { 0 };

	plan.count = 0;
	while (plan.count < SEGMENTS && in->left > 3) {
		uint8_t flags = take(in), at = take(in);
		struct segment s = from(flags >> 7, flags & 31, at - 8u, take(in) - 8u);
		size_t n;

		s.window = flags & 32 ? 3 : 65535;
		s.payload = take_octets(in, at % 11, &n);
		s.length = (uint32_t)n;
		s.captured = flags & 64 ? (uint32_t)n / 2 : (uint32_t)n;
		order[plan.count] = (uint8_t)plan.count;
		plan.segments[plan.count++] = s;
	}
	run(&plan, order, plan.count, &told);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	uint8_t how = take(&in);

	if (how & 1)
		nonsense(&in);
	else /* often close to where sequence numbers wrap */
		conversation(&in, how & 2 ? 1000 : 0u - (how >> 1), how & 4);
	return 0;
}
