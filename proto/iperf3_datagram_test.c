/* Datagrams of the iperf3 profile: hello, reply, header and counting. SPEC 26. */
#include "proto/iperf3_datagram.h"

#include <math.h>

#include "proto/octets_test.h"

static const struct header_row {
	const char *name;
	bool wide;
	const char *octets;
	bool there;
	struct iperf3_header header;
} header_rows[] = {
	/* a datagram of version 3.12 */
	{ "26.2/narrow R-26.2-1", false, "=00005e5e000b2ca000000001 x*88", true, { 24158, 732320, 1 } },
	{ "26.2/narrow-alone R-26.2-1", false, "=010203040506070808090a0b", true,
	  { 0x01020304, 0x05060708, 0x08090a0b } },
	{ "26.2/narrow-short R-26.2-1", false, "=00005e5e000b2ca0000000", false, { 0, 0, 0 } },
	{ "26.2/narrow-largest R-26.2-1", false, "=ffffffffffffffffffffffff", true,
	  { UINT32_MAX, UINT32_MAX, UINT32_MAX } },
	{ "26.2/wide R-26.2-1", true, "=00005e5e000b2ca00000000200000001 x*84", true, { 24158, 732320, 0x200000001 } },
	{ "26.2/wide-largest R-26.3-7", true, "=ffffffffffffffffffffffffffffffff", true,
	  { UINT32_MAX, UINT32_MAX, UINT64_MAX } },
	{ "26.2/wide-short R-26.2-1", true, "=00005e5e000b2ca000000000000000", false, { 0, 0, 0 } },
	{ "26.2/empty R-26.2-1", true, "", false, { 0, 0, 0 } },
};

static void run_header(void **state)
{
	const struct header_row *row = *state;
	static struct octets octets;
	struct iperf3_header header;
	uint8_t out[IPERF3_HEADER_64];

	octets_of(&octets, row->octets);
	assert_int_equal(iperf3_header_read(&header, row->wide, ground(octets.at, octets.length), octets.length),
			 row->there);
	if (!row->there)
		return;
	assert_int_equal(header.seconds, row->header.seconds);
	assert_int_equal(header.microseconds, row->header.microseconds);
	assert_true(header.sequence == row->header.sequence);
	assert_int_equal(iperf3_header_write(out, row->wide, &header), row->wide ? IPERF3_HEADER_64 : IPERF3_HEADER_32);
	assert_memory_equal(out, octets.at, row->wide ? IPERF3_HEADER_64 : IPERF3_HEADER_32);
}

static const struct reply_row {
	const char *name;
	const char *octets;
	bool reply;
} reply_rows[] = {
	{ "26.1/reply R-26.1-7", "'6789'", true },
	{ "26.1/reply-of-3.11 R-26.1-7", "=b168de3a", true },
	{ "26.1/reply-and-more R-26.1-7", "'67890'", true },
	{ "26.1/reply-cut R-26.1-7", "'678'", false },
	{ "26.1/hello-is-no-reply R-26.1-8", "'9876'", false },
	{ "26.1/old-hello-is-no-reply R-26.1-8", "=15cd5b07", false },
	{ "26.1/nothing-is-no-reply R-26.1-8", "", false },
};

static void run_reply(void **state)
{
	const struct reply_row *row = *state;
	static struct octets octets;

	octets_of(&octets, row->octets);
	assert_int_equal(iperf3_is_reply(ground(octets.at, octets.length), octets.length), row->reply);
}

static void hellos(void **state)
{
	(void)state;
	assert_memory_equal(iperf3_hello, "9876", 4);
	assert_memory_equal(iperf3_reply, "6789", 4);
	assert_memory_equal(iperf3_hello_old, "\x15\xcd\x5b\x07", 4);
	assert_memory_equal(iperf3_reply_old, "\xb1\x68\xde\x3a", 4);
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

/* Sequences arrive in this order; 0 ends them, UINT64_MAX is the end of omit. */
#define OMITTED UINT64_MAX

static const struct count_row {
	const char *name;
	uint64_t sequences[8];
	uint64_t datagrams, packets, errors, out_of_order, omitted_packets, omitted_errors;
} count_rows[] = {
	{ "26.3/none R-26.3-1", { 0 }, 0, 0, 0, 0, 0, 0 },
	{ "26.3/in-order R-26.3-1", { 1, 2, 3 }, 3, 3, 0, 0, 0, 0 },
	{ "26.3/first-is-10 R-26.3-2", { 10 }, 1, 10, 9, 0, 0, 0 },
	{ "26.3/one-lost R-26.3-2", { 1, 2, 4 }, 3, 4, 1, 0, 0, 0 },
	{ "26.3/one-late R-26.3-3", { 1, 3, 2, 4 }, 4, 4, 0, 1, 0, 0 },
	{ "26.3/one-twice R-26.3-3", { 1, 2, 2, 3 }, 4, 3, 0, 1, 0, 0 },
	{ "26.3/one-twice-hides-a-loss R-26.3-3", { 1, 3, 3 }, 3, 3, 0, 1, 0, 0 },
	{ "26.3/beyond-32-bits R-26.3-7", { 1, 0x200000000 }, 2, 0x200000000, 0x1fffffffe, 0, 0, 0 },
	{ "26.3/highest-of-all R-26.3-7", { UINT64_MAX - 1, 5 }, 2, UINT64_MAX - 1, UINT64_MAX - 3, 1, 0, 0 },
	{ "26.3/omit R-26.3-8", { 1, 3, OMITTED, 4, 7 }, 2, 7, 3, 0, 3, 1 },
};

static void run_count(void **state)
{
	const struct count_row *row = *state;
	struct iperf3_counter counter = { 0 };
	uint8_t octets[100] = { 0 };
	size_t bytes = 0;

	for (size_t i = 0; row->sequences[i]; i++) {
		if (row->sequences[i] == OMITTED) {
			iperf3_counter_omitted(&counter);
			bytes = 0;
			continue;
		}
		iperf3_header_write(octets, true, &(struct iperf3_header){ 1, 2, row->sequences[i] });
		iperf3_counter_datagram(&counter, true, octets, 50 + i, 1000);
		iperf3_counter_datagram(&counter, true, octets, 15, 1000); /* too short */
		bytes += 50 + i;
	}
	assert_true(counter.bytes == bytes);
	assert_true(counter.datagrams == row->datagrams);
	assert_true(counter.packets == row->packets);
	assert_true(counter.errors == row->errors);
	assert_true(counter.out_of_order == row->out_of_order);
	assert_true(counter.omitted_packets == row->omitted_packets);
	assert_true(counter.omitted_errors == row->omitted_errors);
}

/* Arrivals in us; sent[i] by a clock that is ahead by years, or behind. */
static void run_jitter(int64_t ahead_s)
{
	static const int64_t sent[] = { 0, 1000, 2000, 3000 }, arrived[] = { 500, 1500, 2900, 3500 };
	struct iperf3_counter counter = { 0 };
	uint8_t octets[IPERF3_HEADER_64];
	double expected[] = { 0, 0, 400e-6 / 16, (400e-6 / 16) + (400e-6 - 400e-6 / 16) / 16 };

	for (size_t i = 0; i < COUNT(sent); i++) {
		struct iperf3_header header = { (uint32_t)(5000000 + ahead_s), (uint32_t)sent[i], i + 1 };
		size_t length = iperf3_header_write(octets, false, &header);

		iperf3_counter_datagram(&counter, false, octets, length, INT64_C(5000000000000000) + arrived[i] * 1000);
		assert_true(fabs(counter.jitter - expected[i]) < 1e-12);
	}
	iperf3_counter_omitted(&counter);
	assert_true(counter.jitter > 0);
}

static void jitter(void **state)
{
	(void)state;
	run_jitter(0);
	run_jitter(INT64_C(4000000000));
	run_jitter(-4999999);
}

/* No clock gives such headers, but the wire can. */
static void jitter_of_absurd_clocks(void **state)
{
	static const int64_t times[] = { 0, INT64_MAX, INT64_MIN, 1 };
	struct iperf3_counter counter = { 0 };
	uint8_t octets[IPERF3_HEADER_64];

	(void)state;
	for (uint32_t i = 0; i < 16; i++) {
		struct iperf3_header header = { i & 1 ? UINT32_MAX : 0, i & 2 ? UINT32_MAX : 0, i };

		iperf3_header_write(octets, true, &header);
		iperf3_counter_datagram(&counter, true, octets, sizeof octets, times[i / 4]);
		assert_true(isfinite(counter.jitter) && counter.jitter >= 0);
	}
}

int main(void)
{
	ROWS_ADD(header_rows, run_header);
	ROWS_ADD(reply_rows, run_reply);
	test_add("26.1/hellos R-26.1-1 R-26.1-3", hellos, NULL);
	ROWS_ADD(count_rows, run_count);
	test_add("26.3/jitter R-26.3-5", jitter, NULL);
	test_add("26.3/jitter-of-absurd-clocks R-26.3-5", jitter_of_absurd_clocks, NULL);
	return tests_run("iperf3 datagrams");
}
