/* What does not show in a handful of packets: long streams, many connections, bounded memory, no memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/direction.h"
#include "conformance/testevents.h"
#include "conformance/testpackets.h"

#define OPEN "> S; < S a0; > a0; "

/* --- long streams */

static uint64_t long_next;
static const uint8_t *long_payload;
static bool long_ended;

static void long_octets(void *user, struct connection *c, int direction, const uint8_t *octets, uint32_t length,
			const struct where *w)
{
	(void)user, (void)c;
	assert_int_equal(direction, 0);
	assert_ptr_equal(octets, long_payload);
	assert_int_equal(length, 8);
	assert_true(w->offset == long_next);
	long_next += length;
}

static void long_unseen(void *user, struct connection *c, int direction, uint64_t count, enum unseen_why why,
			const struct where *w)
{
	(void)user, (void)c;
	assert_int_equal(direction, 0);
	assert_int_equal(why, UNSEEN_SNAPPED);
	assert_true(w->offset == long_next);
	long_next += count;
}

static void long_eof(void *user, struct connection *c, int direction, const struct where *w)
{
	(void)user, (void)c;
	assert_int_equal(direction, 0);
	assert_true(w->offset == long_next);
	long_ended = true;
}

/* 20 GiB, of which each segment shows eight octets; each comes twice. */
static void long_stream(void **state)
{
	static const struct reassembly_events events = {.octets = long_octets, .unseen = long_unseen, .eof = long_eof};
	const struct reassembly_options options = {.events = &events};
	struct reassembly *r = reassembly_new(&options);
	struct segment s = testpackets_segment(0), ack = testpackets_segment(1);
	uint8_t payload[8] = "payload";

	(void)state;
	assert_non_null(r);
	s.seq = 4000000000u;
	s.flags = SEGMENT_SYN;
	assert_int_equal(reassembly_segment(r, &s, 1, 0), 0);
	s.seq++;
	s.flags = ack.flags = SEGMENT_ACK;
	s.payload = long_payload = payload;
	s.captured = 8;
	s.length = 1 << 28;
	for (int i = 0; i < 80; i++) {
		assert_int_equal(reassembly_segment(r, &s, 2, 0), 0);
		assert_int_equal(reassembly_segment(r, &s, 2, 0), 0);
		s.seq += s.length;
		ack.ack = s.seq;
		assert_int_equal(reassembly_segment(r, &ack, 2, 0), 0);
	}
	assert_true(long_next == 20ull << 30);
	s.captured = s.length = 0;
	s.flags = SEGMENT_FIN | SEGMENT_ACK;
	assert_int_equal(reassembly_segment(r, &s, 2, 0), 0);
	assert_true(long_ended);
	assert_int_equal(reassembly_finish(r), 0);
	reassembly_free(r);
}

static unsigned long_opened;

static void count_opened(void *user, struct connection *c, const struct where *w)
{
	(void)user, (void)c, (void)w;
	long_opened++;
}

/* What is late of a long stream is known by its end, not by its start. */
static void late_of_long(void **state)
{
	static const struct reassembly_events events = {.opened = count_opened};
	const struct reassembly_options options = {.events = &events};
	struct testfixture *f = *state;
	struct reassembly *r = reassembly_new(&options);

	assert_non_null(r);
	testpackets_parse(&f->packets, OPEN "> ~300000000; > R @300000000; > @299999990 =late; > @300000000 =late");
	for (size_t i = 0; i < f->packets.count; i++)
		assert_int_equal(reassembly_segment(r, &f->packets.at[i].segment, i + 1, 0), 0);
	assert_int_equal(long_opened, 1);
	testpackets_parse(&f->packets, "> =late");
	assert_int_equal(reassembly_segment(r, &f->packets.at[f->packets.count - 1].segment, 9, 0), 0);
	assert_int_equal(long_opened, 2);
	reassembly_free(r);
}

/* Of 2000 octets told, the first and the last 256 can be compared: one changed octet each. */
static void kept_octets(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(0);
	uint8_t octets[2000];
	unsigned known = 0;

	testfixture_feed(f, OPEN);
	memset(octets, 'x', sizeof octets);
	s.flags = SEGMENT_ACK;
	s.seq = f->packets.isn[0] + 1;
	s.ack = f->packets.isn[1] + 1;
	for (uint32_t at = 0; at < 2000; at += 100, s.seq += 100) {
		s.payload = octets + at;
		s.captured = s.length = 100;
		testfixture_feed_segment(f, &s);
	}
	s.seq = f->packets.isn[0] + 1;
	s.payload = octets;
	s.captured = s.length = sizeof octets;
	testfixture_feed_segment(f, &s);
	assert_int_equal(f->events.connections[0].late_conflicts, 0);
	for (uint32_t at = 0; at < 2000; at++) {
		octets[at] = 'X';
		testfixture_feed_segment(f, &s);
		octets[at] = 'x';
		known += at < DIRECTION_KEPT || at >= 2000 - DIRECTION_KEPT;
		assert_int_equal(f->events.connections[0].late_conflicts, known);
	}
}

/* One long segment is kept as its end. */
static void kept_of_one(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(0);
	uint8_t octets[1001];

	testfixture_feed(f, OPEN);
	memset(octets, 'x', sizeof octets);
	s.seq = f->packets.isn[0] + 1;
	s.payload = octets;
	s.captured = s.length = sizeof octets;
	testfixture_feed_segment(f, &s);
	octets[1001 - DIRECTION_KEPT - 1] = 'X';
	testfixture_feed_segment(f, &s);
	assert_int_equal(f->events.connections[0].late_conflicts, 0);
	octets[1001 - DIRECTION_KEPT] = 'X';
	testfixture_feed_segment(f, &s);
	assert_int_equal(f->events.connections[0].late_conflicts, 1);
}

/* --- memory */

/* In order, octets come from the packet itself and nothing is allocated. */
static void in_order_is_free(void **state)
{
	struct testfixture *f = *state;
	size_t before;

	testfixture_feed(f, OPEN "> =x; < a1 =y; > @1 a1; ");
	before = testfixture_allocations;
	for (int i = 0; i < 1000; i++) {
		struct segment s = f->packets.at[3].segment;

		s.seq += 1 + (uint32_t)i;
		testfixture_feed_segment(f, &s);
	}
	assert_int_equal(testfixture_allocations, before);
	assert_int_equal(f->events.connections[0].streams[0].length, 1001);
}

/* Behind a hole no more waits than the limit says, and no less than three quarters of it; then all of it is told. */
static void bounded_waiting(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(0);
	static uint8_t octets[1000];
	uint32_t sent = 0;

	testfixture_feed(f, OPEN);
	s.flags = SEGMENT_ACK;
	s.seq = f->packets.isn[0] + 1 + 10;
	s.payload = octets;
	s.captured = s.length = sizeof octets;
	while (f->events.connections[0].streams[0].length == 0 && sent < 2 * DIRECTION_BUFFER) {
		testfixture_feed_segment(f, &s);
		s.seq += s.length;
		sent += s.length;
	}
	assert_in_range(sent, DIRECTION_BUFFER / 4 * 3, DIRECTION_BUFFER + sizeof octets);
	assert_int_equal(f->events.connections[0].streams[0].length, sent + 10);
	assert_int_equal(f->events.connections[0].streams[0].unseen[UNSEEN_MISSING], 10);
}

/* Single octets with gaps between, where each takes more to keep than it is. */
static void bounded_crumbs(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(0);
	uint32_t sent = 0;

	testfixture_feed(f, OPEN);
	s.seq = f->packets.isn[0] + 1 + 10;
	s.payload = (const uint8_t *)"x";
	s.captured = s.length = 1;
	while (f->events.connections[0].streams[0].length == 0 && sent < DIRECTION_BUFFER / 32) {
		testfixture_feed_segment(f, &s);
		s.seq += 2;
		sent++;
	}
	assert_in_range(sent, 1000, DIRECTION_BUFFER / 32 - 1);
	assert_int_equal(f->events.connections[0].streams[0].length, 11);
}

/* All that allocates, and some more. */
static const char eventful[] = OPEN
	"> @1 =bcdef; > @3 =XX; > @9 =jk ~3; > @10 =klmno; > @6 ~3; > @20 ~9; > @22 =wxy; < @4 =z a2; > =a; < a20; < t60 a20; "
	"> S @1000; < S a1000; > @1000 a0 =x; < R @3 a1001";

/* Whichever allocation fails, that is told, stays so, and nothing is lost. */
static void no_memory(void **state)
{
	struct testpackets packets;
	size_t n = 0;

	(void)state;
	testpackets_init(&packets);
	testpackets_parse(&packets, eventful);
	do {
		struct testevents events;
		struct reassembly_options options;
		struct reassembly *r;
		int result = 0;

		testevents_init(&events);
		options = testevents_options(&events);
		options.allocate = testfixture_allocate;
		testfixture_allocations = 0;
		testfixture_fail_at = ++n;
		r = reassembly_new(&options);
		for (size_t i = 0; r && i < packets.count; i++) {
			int now = testevents_feed(&events, r, &packets.at[i].segment, i + 1, (int64_t)i);

			assert_true(now == 0 ? result == 0 : now == -ENOMEM);
			result = now;
		}
		assert_int_equal(r ? result : -ENOMEM, testfixture_allocations < n ? 0 : -ENOMEM);
		if (r)
			assert_int_equal(reassembly_finish(r), result);
		reassembly_free(r);
		assert_int_equal(events.forgotten, events.count);
		testevents_free(&events);
	} while (testfixture_allocations >= n);
	assert_in_range(n, 10, 100);
	testpackets_free(&packets);
}

/* --- many connections */

/* 70,000 open at once: the table grows, and none is taken for another. Ports repeat, addresses tell them apart. */
static void many_connections(void **state)
{
	static const char *const texts[] = {"> S", "< S a0", "> a0 =hello", "< a5 =hi"};
	const uint32_t clients = 70000;
	struct testfixture *f = *state;

	for (size_t step = 0; step < 4; step++) {
		testpackets_free(&f->packets);
		testpackets_parse(&f->packets, texts[step]);
		for (uint32_t n = 0; n < clients; n++) {
			struct segment s = testpackets_of_client(f->packets.at[0].segment, n);

			testfixture_feed_segment(f, &s);
		}
	}
	assert_int_equal(f->events.count, clients);
	assert_int_equal(f->events.forgotten, 0);
	for (uint32_t n = 0; n < clients; n++) {
		const struct testconnection *c = &f->events.connections[n];

		assert_int_equal(c->copy.ends[0].port, n & 0xffff);
		assert_int_equal(c->streams[0].length, 5);
		assert_int_equal(c->streams[1].length, 2);
	}
}

/* Of ended connections the last REASSEMBLY_GRAVES are remembered, each as it was. */
static void bounded_graves(void **state)
{
	const uint32_t clients = REASSEMBLY_GRAVES + 10;
	struct testfixture *f = *state;
	size_t opened;

	testpackets_parse(&f->packets, "> S; < R a0; > a0 =late; > S @9; < R a9");
	for (uint32_t n = 0; n < clients; n++)
		for (size_t i = 0; i < 2; i++) {
			struct segment s = testpackets_of_client(f->packets.at[i].segment, n);

			testfixture_feed_segment(f, &s);
		}
	/* one of them is often used again, which needs no more graves */
	for (uint32_t i = 0; i < 2 * clients; i++) {
		static const size_t turns[] = {3, 4, 0, 1};
		struct segment s = testpackets_of_client(f->packets.at[turns[i % 4]].segment, clients - 1);

		testfixture_feed_segment(f, &s);
	}
	opened = f->events.count;
	assert_int_equal(opened, 2 * clients);
	assert_int_equal(f->events.forgotten, opened);
	for (uint32_t n = clients - 1; n-- > 0;) {
		struct segment s = testpackets_of_client(f->packets.at[2].segment, n);

		testfixture_feed_segment(f, &s);
		assert_int_equal(f->events.count, n >= 10 ? opened : opened + 10 - n);
	}
}

/* --- odd ones */

static void no_tcp(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(0);

	s.protocol = SEGMENT_UDP;
	s.payload = (const uint8_t *)"x";
	s.length = s.captured = 1;
	testfixture_feed_segment(f, &s);
	assert_int_equal(f->events.count, 0);
}

/* Both ends on the same port: the one that was seen first is the opener. */
static void equal_ports(void **state)
{
	struct testfixture *f = *state;
	struct segment s = testpackets_segment(1);

	s.destination.port = s.source.port;
	s.payload = (const uint8_t *)"x";
	s.length = s.captured = 1;
	testfixture_feed_segment(f, &s);
	assert_string_equal(testevents_text(&f->events), "1 mid 5201>5201; 1 established; 1 > x@0");
}

/* A connection of an end with itself, as Linux makes when a port connects to itself. */
static void with_itself(void **state)
{
	struct testfixture *f = *state;

	testpackets_parse(&f->packets, "> S; > S; > a0; > a0 =hello; > a5; > F @5 a5; > @6 a6");
	for (size_t i = 0; i < f->packets.count; i++) {
		struct segment s = f->packets.at[i].segment;

		s.destination = s.source;
		testfixture_feed_segment(f, &s);
	}
	assert_int_equal(f->events.count, 1);
}

/* All events may be NULL. */
static void deaf(void **state)
{
	static const struct reassembly_events none;
	const struct reassembly_options options = {.events = &none};
	struct testfixture *f = *state;
	struct reassembly *r = reassembly_new(&options);

	assert_non_null(r);
	testpackets_parse(&f->packets, eventful);
	testpackets_parse(&f->packets, "> S @5000; < S a5000; > F =xy @5000; > F =xX @5000; < F a5002");
	for (size_t i = 0; i < f->packets.count; i++)
		assert_int_equal(reassembly_segment(r, &f->packets.at[i].segment, i + 1, 0), 0);
	assert_int_equal(reassembly_finish(r), 0);
	reassembly_free(r);
	reassembly_free(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, testfixture_setup, testfixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_stream), TEST(late_of_long),    TEST(kept_octets),      TEST(kept_of_one),
		TEST(in_order_is_free),        TEST(bounded_waiting), TEST(bounded_crumbs),   cmocka_unit_test(no_memory),
		TEST(many_connections),        TEST(bounded_graves),  TEST(no_tcp),           TEST(equal_ports),
		TEST(with_itself),             TEST(deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
