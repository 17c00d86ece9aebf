/* Holes that are waited for on several connections, and the time that packets of others show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conformance/direction.h"
#include "conformance/testevents.h"
#include "conformance/testpackets.h"

#define OPEN "> S; < S a0; > a0; "

#define MS 1000000

/* Feeds a packet of the fixture as one of the n-th client, that many milliseconds after the start. */
static void feed_of(struct testfixture *f, size_t packet, uint32_t n, int64_t ms)
{
	struct segment s = testpackets_of_client(f->packets.at[packet].segment, n);

	assert_int_equal(testevents_feed(&f->events, f->r, &s, f->events.packet + 1, TESTPACKETS_START_NS + ms * MS), 0);
}

static uint64_t missing(const struct testfixture *f, size_t connection, int direction)
{
	return f->events.connections[connection].streams[direction].unseen[UNSEEN_MISSING];
}

/* A hole is given up in time even if nothing more happens on its connection, and that connection is closed by it. */
static void others_show_the_time(void **state)
{
	struct testfixture *f = *state;
	struct segment other = testpackets_of_client(testpackets_segment(0), 7);

	testfixture_feed(f, OPEN "> F @5 a0; < F a6; ");
	other.flags = SEGMENT_SYN;
	testevents_feed(&f->events, f->r, &other, 6, f->events.time_ns + DIRECTION_PATIENCE_NS - 1);
	assert_int_equal(f->events.connections[0].streams[0].length, 0);
	testevents_feed(&f->events, f->r, &other, 7, f->events.time_ns + 1);
	assert_string_equal(testevents_text(&f->events),
			    "1 open 40000>5201; 2 established; 5 < eof @0; 6 open 7>5201; 7 > 5 missing @0; 7 > eof @5 of 4; "
			    "7 forgotten");
}

/* Several wait, in the order in which they began; one is settled before its turn. */
static void several_wait(void **state)
{
	struct testfixture *f = *state;
	int64_t start;

	testpackets_parse(&f->packets, OPEN "< a5; > a0 =hello");
	start = f->packets.at[0].time_ns;
	for (size_t i = 0; i < 4; i++)
		for (uint32_t n = 0; n < 4; n++) {
			struct segment s = testpackets_of_client(f->packets.at[i].segment, n);

			testevents_feed(&f->events, f->r, &s, 4 * i + n + 1, start + (int64_t)n * 10000000);
		}
	for (uint32_t n = 0; n < 4; n++) {
		struct segment s = testpackets_of_client(f->packets.at[n == 1 ? 4 : 2].segment, n == 1 ? 1 : 9);

		testevents_feed(&f->events, f->r, &s, 17 + n, start + DIRECTION_PATIENCE_NS - 1 + (int64_t)n * 10000000);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(f->events.connections[i].streams[0].unseen[UNSEEN_MISSING], i < n && i != 1 ? 5 : 0);
	}
	assert_int_equal(f->events.connections[1].streams[0].length, 5);
}

/* Times at both ends of their range. */
static void wild_times(void **state)
{
	static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, INT64_MIN, INT64_MAX, INT64_MIN};
	struct testfixture *f = *state;

	testpackets_parse(&f->packets, OPEN "> @5 a0 =x; < a6; > @6 a0 =y");
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(testevents_feed(&f->events, f->r, &f->packets.at[i].segment, i + 1, times[i]), 0);
	assert_int_equal(reassembly_finish(f->r), 0);
	assert_int_equal(f->events.connections[0].streams[0].length, 7);
}

/* Two connections whose ACKs always come first, by turns; what is waited for comes in time, until it does not. */
static void waits_again(void **state)
{
	struct testfixture *f = *state;

	testpackets_parse(&f->packets, OPEN "< a1; > =a; < a2; > @1 =b; < a3; > @2 =c; < a4; > @3 =d");
	for (size_t i = 0; i < 3; i++) {
		feed_of(f, i, 0, 0);
		feed_of(f, i, 1, 0);
	}
	for (size_t i = 3; i < 11; i += 2) {
		int64_t ms = (int64_t)i * 100;

		feed_of(f, i, 0, ms);
		feed_of(f, i, 1, ms + 20);
		feed_of(f, i + 1, 0, ms + 49);
		feed_of(f, 0, 2, ms + 69);
		if (i < 9)
			feed_of(f, i + 1, 1, ms + 69);
	}
	feed_of(f, 0, 2, 1000);
	assert_int_equal(missing(f, 0, 0), 0);
	assert_int_equal(missing(f, 1, 0), 1);
	assert_int_equal(f->events.connections[0].streams[0].length, 4);
	assert_int_equal(f->events.connections[1].streams[0].length, 4);
}

/* Each direction waits for itself. */
static void both_directions_wait(void **state)
{
	struct testfixture *f = *state;

	for (int first = 0; first < 2; first++) {
		size_t at = f->packets.count, c = f->events.count;

		testpackets_parse(&f->packets, OPEN "< a5; > a7; < a5");
		for (size_t i = 0; i < 3; i++)
			feed_of(f, at + i, (uint32_t)first, 0);
		feed_of(f, at + (first ? 4 : 3), (uint32_t)first, 0);
		feed_of(f, at + (first ? 3 : 4), (uint32_t)first, 40);
		feed_of(f, at, 9, 49);
		assert_int_equal(missing(f, c, 0) + missing(f, c, 1), 0);
		feed_of(f, at, 9, 50);
		assert_int_equal(missing(f, c, first), first ? 7 : 5);
		assert_int_equal(missing(f, c, !first), 0);
		feed_of(f, at, 9, 89);
		assert_int_equal(missing(f, c, !first), 0);
		feed_of(f, at, 9, 90);
		assert_int_equal(missing(f, c, !first), first ? 5 : 7);
		feed_of(f, at, 9, 0);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, testfixture_setup, testfixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(others_show_the_time), TEST(several_wait),         TEST(wild_times),
		TEST(waits_again),          TEST(both_directions_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
