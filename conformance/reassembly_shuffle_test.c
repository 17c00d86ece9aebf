/* Random conversations whose octets are known, mistreated by network and capture: whatever happens to the packets, each
 * direction must have its true length and end, and every octet told must be the true one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/testevents.h"
#include "conformance/testpackets.h"

#define SEEDS 300

/* What happens to a conversation. */
struct row {
	const char *name;
	uint32_t octets;  /* each direction has less than that */
	uint32_t segment; /* and a segment no more than that */
	uint32_t acks;    /* one segment in so many is acknowledged by an empty one */
	uint32_t resend;  /* after one segment in so many, any octets are sent again; 0: never */
	uint32_t window;  /* packets change places within so many */
	uint32_t repeat;  /* one packet in so many is captured twice; 0: none */
	uint32_t cut;     /* one packet in so many is cut by the snap length; 0: none */
	uint32_t lose;    /* one packet in so many is not captured; 0: none */
	bool one_way;     /* only end a has octets to send */
	bool exact;       /* what is captured is told: nothing else may be unseen */
};

static const struct row rows[] = {
	{"as it was", 3000, 300, 2, 0, 1, 0, 0, 0, false, true},
	{"octet by octet", 100, 1, 2, 0, 1, 0, 0, 0, false, true},
	{"captured twice", 3000, 300, 2, 0, 1, 1, 0, 0, false, true},
	{"sent again in other pieces", 3000, 300, 2, 2, 1, 0, 0, 0, false, true},
	{"neighbours swapped", 3000, 300, 2, 0, 2, 0, 0, 0, false, true},
	{"shuffled in threes", 3000, 300, 1, 0, 3, 0, 0, 0, false, true},
	{"shuffled in fours", 3000, 300, 1, 0, 4, 0, 0, 0, false, true},
	{"octet by octet, shuffled", 100, 1, 1, 0, 4, 0, 0, 0, false, true},
	{"shuffled, repeated, sent again", 3000, 300, 2, 2, 4, 3, 0, 0, false, true},
	{"shuffled far, acknowledged at the end", 20000, 300, 1000000, 0, 1000, 5, 0, 0, true, true},
	{"cut", 3000, 300, 2, 0, 1, 0, 3, 0, false, true},
	{"all cut", 3000, 300, 2, 0, 1, 0, 1, 0, false, true},
	{"cut, shuffled, repeated, sent again", 3000, 300, 2, 2, 4, 3, 3, 0, false, false},
	{"lost", 3000, 300, 2, 0, 1, 0, 0, 5, false, true},
	{"octet by octet, lost", 100, 1, 2, 0, 1, 0, 0, 3, false, true},
	{"all lost", 3000, 300, 2, 0, 1, 0, 0, 1, false, true},
	{"lost, never acknowledged", 3000, 300, 1000000, 0, 1, 0, 0, 5, true, true},
	{"all at once", 3000, 300, 2, 2, 4, 3, 3, 5, false, false},
};

#define ROWS (sizeof rows / sizeof rows[0])

struct conversation {
	const struct row *row;
	struct testrandom random;
	struct testpackets packets;
	uint8_t *octets[2];
	bool *captured[2]; /* which of them the packets hold */
	uint32_t length[2], sent[2];
	size_t closing; /* the first packet of the end */
};

/* The seed that is running, or SEEDS: a failed test leaves it. */
static uint64_t running = SEEDS;

static bool one_in(struct conversation *c, uint32_t n)
{
	return n > 0 && testrandom_below(&c->random, n) == 0;
}

/* Sends octets that were sent before, or new ones, which the caller counts as sent. */
static void send_octets(struct conversation *c, int side, uint32_t offset, uint32_t length, uint8_t flags)
{
	struct segment s = testpackets_segment(side);

	s.flags = flags;
	s.seq = c->packets.isn[side] + 1 + offset;
	s.ack = c->packets.isn[!side] + 1 + c->sent[!side];
	s.window = 65535;
	s.payload = c->octets[side] + offset;
	s.captured = s.length = length;
	testpackets_add(&c->packets, &s, 0);
}

static void resend(struct conversation *c, int side)
{
	uint32_t offset = testrandom_below(&c->random, c->sent[side]);
	uint32_t most = c->sent[side] - offset < 2 * c->row->segment ? c->sent[side] - offset : 2 * c->row->segment;

	send_octets(c, side, offset, 1 + testrandom_below(&c->random, most), SEGMENT_ACK);
}

static void send_all(struct conversation *c)
{
	while (c->sent[0] < c->length[0] || c->sent[1] < c->length[1]) {
		int side = (int)testrandom_below(&c->random, 2);
		uint32_t left = c->length[side] - c->sent[side], n = 1 + testrandom_below(&c->random, c->row->segment);

		if (left == 0)
			continue;
		n = n < left ? n : left;
		send_octets(c, side, c->sent[side], n, SEGMENT_ACK);
		c->sent[side] += n;
		if (one_in(c, c->row->acks))
			send_octets(c, !side, c->sent[!side], 0, SEGMENT_ACK);
		if (one_in(c, c->row->resend))
			resend(c, side);
	}
}

/* Each end's FIN, sometimes with octets, and an ACK of it; all sequence numbers as they would be. */
static void close_both(struct conversation *c)
{
	for (int side = 0; side < 2; side++) {
		/* Octets that were cut are told at once; what comes with the FIN would be too late. */
		uint32_t again = c->length[side] > 0 && c->row->cut == 0 && one_in(c, 2);

		send_octets(c, side, c->length[side] - again, again, SEGMENT_FIN | SEGMENT_ACK);
		c->sent[side]++;
		send_octets(c, !side, c->length[!side], 0, SEGMENT_ACK);
		if (side == 1)
			c->packets.at[c->packets.count - 1].segment.seq++; /* end 0's FIN came before */
	}
}

static void converse(struct conversation *c)
{
	testpackets_init(&c->packets);
	for (int side = 0; side < 2; side++) {
		/* often close to where sequence numbers wrap */
		c->packets.isn[side] = one_in(c, 2) ? testrandom_below(&c->random, UINT32_MAX)
						    : 0u - testrandom_below(&c->random, 3000);
		c->length[side] = side == 1 && c->row->one_way ? 0 : testrandom_below(&c->random, c->row->octets);
		c->octets[side] = malloc(c->length[side] + 1);
		c->captured[side] = calloc(c->length[side] + 1, sizeof(bool));
		assert_non_null(c->octets[side]);
		assert_non_null(c->captured[side]);
		for (uint32_t i = 0; i < c->length[side]; i++)
			c->octets[side][i] = (uint8_t)testrandom_below(&c->random, 256);
	}
	testpackets_parse(&c->packets, "> S; < S a0; > a0");
	send_all(c);
	c->closing = c->packets.count;
	close_both(c);
}

/* Packets behind the handshake change places within windows. What shows that all was received stays at the end if they
 * are large. */
static void shuffle(struct conversation *c)
{
	size_t end = c->row->one_way ? c->closing : c->packets.count;

	for (size_t from = 3; from < end; from += c->row->window) {
		size_t left = end - from, n = left < c->row->window ? left : c->row->window;

		for (; n > 1; n--) {
			struct testpacket *a = &c->packets.at[from + n - 1];
			struct testpacket *b = &c->packets.at[from + testrandom_below(&c->random, (uint32_t)n)];
			struct testpacket swap = *a;

			*a = *b;
			*b = swap;
		}
	}
}

/* Makes the packets what a capture holds of them. Neither handshake nor FIN is lost. */
static void capture(struct conversation *c)
{
	struct testpackets was = c->packets;

	testpackets_init(&c->packets);
	for (size_t i = 0; i < was.count; i++) {
		struct segment s = was.at[i].segment;
		int copies = one_in(c, c->row->repeat) ? 2 : 1;

		if (s.length > 0 && !(s.flags & SEGMENT_FIN) && one_in(c, c->row->lose))
			copies = 0;
		if (one_in(c, c->row->cut))
			s.captured = testrandom_below(&c->random, s.length + 1);
		for (; copies > 0; copies--)
			testpackets_add(&c->packets, &s, 100000 * (int64_t)c->packets.count);
	}
	memcpy(c->packets.isn, was.isn, sizeof was.isn);
	testpackets_free(&was);
}

static void note_captured(struct conversation *c)
{
	for (size_t i = 3; i < c->packets.count; i++) {
		const struct segment *s = &c->packets.at[i].segment;
		int side = s->source.port != 40000;

		if (s->captured > 0)
			memset(c->captured[side] + (s->seq - c->packets.isn[side] - 1), true, s->captured);
	}
}

static void check(const struct conversation *c, const struct testevents *e)
{
	const struct testconnection *t = &e->connections[0];

	assert_int_equal(e->count, 1);
	assert_true(t->established);
	assert_int_equal(t->late_conflicts, 0);
	for (int side = 0; side < 2; side++) {
		const struct teststream *s = &t->streams[side];

		assert_int_equal(s->length, c->length[side]);
		assert_true(s->ended);
		assert_int_equal(s->unseen[UNSEEN_CONFLICT], 0);
		if (c->row->cut == 0)
			assert_int_equal(s->unseen[UNSEEN_SNAPPED], 0);
		if (c->row->lose == 0)
			assert_int_equal(s->unseen[UNSEEN_MISSING], 0);
		for (uint32_t i = 0; i < c->length[side]; i++) {
			assert_true(s->seen[i] ? c->captured[side][i] : !(c->row->exact && c->captured[side][i]));
			assert_true(!s->seen[i] || s->octets[i] == c->octets[side][i]);
		}
	}
}

static void run_row(void **state)
{
	const struct row *row = *state;

	for (running = 0; running < SEEDS; running++) {
		struct conversation c = {.row = row, .random = {running}};
		struct testevents events;
		struct reassembly_options options;

		converse(&c);
		shuffle(&c);
		capture(&c);
		note_captured(&c);
		testevents_init(&events);
		options = testevents_options(&events);
		testevents_run(&events, &options, &c.packets);
		check(&c, &events);
		testevents_free(&events);
		testpackets_free(&c.packets);
		for (int side = 0; side < 2; side++) {
			free(c.octets[side]);
			free(c.captured[side]);
		}
	}
}

/* Segments that no two ends would send, close enough to each other to matter. What must hold for any capture is checked by
 * the events' recorder; the rest is for the sanitizers. */
static void nonsense(void **state)
{
	static const uint8_t octets[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (running = 0; running < SEEDS; running++) {
		struct testrandom random = {running};
		struct testpackets packets;
		struct testevents events;
		struct reassembly_options options;

		testpackets_init(&packets);
		for (uint32_t i = 0; i < 60; i++) {
			struct segment s = testpackets_segment((int)testrandom_below(&random, 2));
			uint32_t flags = testrandom_below(&random, 64), at = testrandom_below(&random, 16);

			/* mostly plain segments, sometimes any flags */
			s.flags = flags < 32 ? (uint8_t)flags : SEGMENT_ACK;
			s.seq = at - 8;
			s.ack = testrandom_below(&random, 24) - 8;
			s.window = (uint16_t)testrandom_below(&random, 3);
			s.payload = octets + at;
			s.length = testrandom_below(&random, 10);
			s.captured = testrandom_below(&random, 3) ? s.length : testrandom_below(&random, s.length + 1);
			testpackets_add(&packets, &s, testrandom_below(&random, 200) * INT64_C(1000000));
		}
		testevents_init(&events);
		options = testevents_options(&events);
		testevents_run(&events, &options, &packets);
		testevents_free(&events);
		testpackets_free(&packets);
	}
}

static int say_seed(void **state)
{
	(void)state;
	if (running < SEEDS)
		print_error("seed %u\n", (unsigned)running);
	running = SEEDS;
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[ROWS + 1] = {{"nonsense", nonsense, NULL, say_seed, NULL}};

	for (size_t i = 0; i < ROWS; i++)
		tests[1 + i] = (struct CMUnitTest){rows[i].name, run_row, NULL, say_seed, (void *)&rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
