/* Pacing: a sender that is told the time, against the rate it was promised. */
#include "proto/limits.h"
#include "proto/rows_test.h"
#include "ref/pace.h"

#define START (INT64_C(1000) * IPERF_S)

struct row {
	const char *name;
	const char *at;
	int64_t rate;    /* bits per second */
	size_t piece;    /* octets */
	int64_t late_ns; /* the sender wakes so much later than it wanted */
	size_t burst;    /* pieces at once at most */
};

static const struct row rows[] = {
	{ "punctual/slow", AT, 100000, 1400, 0, 1 },
	{ "punctual/1M", AT, 1000000, 1400, 0, 1 },
	{ "punctual/1G", AT, 1000000000, 1400, 0, 1 },
	{ "late/1M", AT, 1000000, 1400, 60000, 1 },
	{ "late/100M", AT, 100000000, 1400, 60000, 8 },
	{ "late/1G", AT, 1000000000, 1400, 60000, 89 },
	{ "late/1G-small", AT, 1000000000, 100, 200000, 1250 },
};

/* One second of sending: no burst is longer than allowed, and the rate is kept. */
static void run(void **state)
{
	const struct row *row = *state;
	int64_t now_ns = START;
	struct pace pace;
	double sent = 0;

	pace_start(&pace, row->rate, row->piece, now_ns);
	while (now_ns < START + IPERF_S) {
		size_t count = pace_count(&pace, now_ns, 100000);

		if (count > row->burst)
			row_fail(row->at, "%zu at once", count);
		if (count > 0)
			pace_sent(&pace, (double)count, now_ns);
		sent += (double)count * 8 * (double)row->piece;
		if (pace_next(&pace) > now_ns)
			now_ns = pace_next(&pace) + row->late_ns;
	}
	if (sent < 0.99 * (double)row->rate || sent > 1.01 * (double)row->rate + 8 * (double)row->piece)
		row_fail(row->at, "%.0f bits in a second", sent);
}

static void no_limit(void **state)
{
	struct pace pace;

	(void)state;
	pace_start(&pace, 0, 1400, START);
	assert_int_equal(pace_count(&pace, START, 77), 77);
	pace_sent(&pace, 77, START);
	assert_int_equal(pace_count(&pace, START, 5), 5);
}

static void first_at_once(void **state)
{
	struct pace pace;

	(void)state;
	pace_start(&pace, 1000, 1000, START); /* one in 8 s */
	assert_int_equal(pace_count(&pace, START, 9), 1);
	pace_sent(&pace, 1, START);
	assert_int_equal(pace_count(&pace, START + 7 * IPERF_S, 9), 0);
	assert_true(pace_next(&pace) == START + 8 * IPERF_S);
}

/* A sender that slept for long catches up, but at no more than about twice the rate. */
static void catches_up_evenly(void **state)
{
	int64_t now_ns = START + 100 * IPERF_MS;
	struct pace pace;
	size_t sent = 0;

	(void)state;
	pace_start(&pace, 11200000, 1400, START); /* one in 1 ms: 100 are due */
	for (; now_ns < START + 150 * IPERF_MS; now_ns += IPERF_MS / 10) {
		size_t count = pace_count(&pace, now_ns, 100);

		assert_true(count <= 1);
		if (count > 0)
			pace_sent(&pace, 1, now_ns);
		sent += count;
	}
	assert_in_range(sent, 95, 101);
}

int main(void)
{
	ROWS_ADD(rows, run);
	test_add("no-limit", no_limit, NULL);
	test_add("first-at-once", first_at_once, NULL);
	test_add("catches-up-evenly", catches_up_evenly, NULL);
	return tests_run("ref/pace");
}
