/* Result data: written, and read again. SPEC 9.2. Reading what others wrote has a test of its own,
 * results_decode_test.c. */
#include "proto/results.h"

#include <jansson.h>
#include <math.h>

#include "proto/limits.h"
#include "proto/rows_test.h"

#define STREAMS 128
#define BIG INT64_MAX

/* --- memory that can be refused ---------------------------------------------------------------------------------- */

static long allocations_left = -1; /* before the first refusal; -1: no refusal */
static long allocated;             /* blocks that are not free yet */

static void *refusable_malloc(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left -= allocations_left > 0;
	allocated++;
	return malloc(size);
}

static void counting_free(void *block)
{
	allocated -= block != NULL;
	free(block);
}

/* --- examples ---------------------------------------------------------------------------------------------------- */

struct encode_row {
	const char *name;
	const char *text;
	size_t count;
	struct iperf_stream_result streams[2];
};

static const struct encode_row encode_rows[] = {
	{ "9.2/example R-9.2-1 R-9.2-2 R-9.2-3 R-9.2-5 R-9.2-6 R-9.2-9",
	  "{\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_port\":40000,\"bytes\":123,\"packets\":null,"
	  "\"seconds\":1.25,\"complete\":true}],\"bytes\":123}",
	  1, { { 1, IPERF_TCP, 40000, 123, 77, 1.25, true } } },
	{ "9.2/no-stream R-9.2-2 R-8.5-1", "{\"streams\":[],\"bytes\":0}", 0, { { 0 } } },
	{ "9.2/udp R-9.2-3 R-9.2-5",
	  "{\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_port\":65535,\"bytes\":1472,\"packets\":2,"
	  "\"seconds\":0.5,\"complete\":false}],\"bytes\":1472}",
	  1, { { 1, IPERF_UDP, 65535, 1472, 2, 0.5, false } } },
	{ "9.2/udp-without-a-packet R-9.2-5",
	  "{\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_port\":0,\"bytes\":0,\"packets\":0,"
	  "\"seconds\":0.0,\"complete\":true}],\"bytes\":0}",
	  1, { { 1, IPERF_UDP, 0, 0, 0, 0, true } } },
	{ "9.2/largest-integers R-9.2-8",
	  "{\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_port\":1,\"bytes\":9223372036854775807,"
	  "\"packets\":9223372036854775807,\"seconds\":86400.0,\"complete\":true}],\"bytes\":9223372036854775807}",
	  1, { { 1, IPERF_UDP, 1, BIG, BIG, 86400, true } } },
	{ "9.2/mixed R-8.5-2 R-9.2-4 R-9.2-6",
	  "{\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_port\":7,\"bytes\":5000000000,\"packets\":null,"
	  "\"seconds\":10.0,\"complete\":true},{\"id\":2,\"protocol\":\"udp\",\"client_port\":7,\"bytes\":1,"
	  "\"packets\":1,\"seconds\":1e-9,\"complete\":true}],\"bytes\":5000000001}",
	  2, { { 1, IPERF_TCP, 7, INT64_C(5000000000), 0, 10, true }, { 2, IPERF_UDP, 7, 1, 1, 1e-9, true } } },
};

static void results_of(struct iperf_results *results, const struct encode_row *row)
{
	*results = (struct iperf_results){ 0, row->count, 2, (struct iperf_stream_result *)(uintptr_t)row->streams };
	for (size_t i = 0; i < row->count; i++)
		results->bytes += row->streams[i].bytes;
}

static void assert_same_stream(const struct iperf_stream_result *a, const struct iperf_stream_result *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->client_port, b->client_port);
	assert_true(a->bytes == b->bytes);
	if (a->protocol == IPERF_UDP)
		assert_true(a->packets == b->packets);
	assert_true(fabs(a->seconds - b->seconds) <= 1e-8 * fabs(b->seconds));
	assert_int_equal(a->complete, b->complete);
}

/* Exactly that text; in exactly as much room as it needs, and in no less; and back. */
static void run_encode(void **state)
{
	const struct encode_row *row = *state;
	size_t length = strlen(row->text);
	struct iperf_results results, back = { .capacity = STREAMS, .bytes = 1, .count = 1 };
	struct iperf_stream_result streams[STREAMS];
	struct iperf_results_error error;

	results_of(&results, row);
	for (size_t size = 0; size < length + 3; size++) {
		char out[600];

		memset(out, '#', sizeof out);
		assert_int_equal(iperf_results_encode(&results, out, size), size < length ? 0 : length);
		if (size >= length)
			assert_memory_equal(out, row->text, length);
		for (size_t i = size; i < sizeof out; i++)
			assert_int_equal(out[i], '#');
	}
	back.streams = streams;
	if (!iperf_results_decode((const char *)ground(row->text, length), length, &back, &error))
		row_fail(row->name, "%s", error.text);
	assert_true(back.bytes == results.bytes);
	assert_int_equal(back.count, results.count);
	for (size_t i = 0; i < back.count; i++)
		assert_same_stream(&back.streams[i], &results.streams[i]);
}

/* --- any results, there and back --------------------------------------------------------------------------------- */

struct size_row {
	const char *name;
	size_t count;
};

static const struct size_row size_rows[] = {
	{ "9.2/round-trip-0 R-8.5-1", 0 },
	{ "9.2/round-trip-1", 1 },
	{ "9.2/round-trip-2 R-8.5-2", 2 },
	{ "9.2/round-trip-127 R-11-3", 127 },
	{ "9.2/round-trip-128 R-11-3", 128 },
};

static void run_round_trip(void **state)
{
	const struct size_row *row = *state;
	uint64_t seed = seed_of(4);

	for (unsigned round = 0; round < rounds(50); round++) {
		struct iperf_stream_result there[STREAMS], back[STREAMS];
		struct iperf_results results = { 0, row->count, STREAMS, there }, read = { 1, 1, row->count, back };
		struct iperf_results_error error;
		char text[STREAMS * IPERF_RESULTS_STREAM_SIZE + 64];
		size_t length;

		for (size_t i = 0; i < row->count; i++) {
			there[i] = (struct iperf_stream_result){
				.id = (uint32_t)i + 1,
				.protocol = chance(&seed, 2) ? IPERF_UDP : IPERF_TCP,
				.client_port = (uint16_t)chance(&seed, 65536),
				.bytes = chance(&seed, BIG / STREAMS),
				.packets = chance(&seed, BIG),
				.seconds = (double)chance(&seed, 1000000000) / 1e6,
				.complete = chance(&seed, 2) == 1,
			};
			results.bytes += there[i].bytes;
		}
		length = iperf_results_encode(&results, text, sizeof text);
		assert_true(length > 0);
		assert_true(length <= row->count * IPERF_RESULTS_STREAM_SIZE + 64);
		assert_true(iperf_results_decode((const char *)ground(text, length), length, &read, &error));
		assert_int_equal(read.count, row->count);
		assert_true(read.bytes == results.bytes);
		for (size_t i = 0; i < row->count; i++)
			assert_same_stream(&back[i], &there[i]);
	}
}

/* The longest stream that can be written is shorter than IPERF_RESULTS_STREAM_SIZE. */
static void longest_stream_fits(void **state)
{
	struct iperf_stream_result longest = { UINT32_MAX, IPERF_UDP, 65535, BIG, BIG, 1.23456789e-9, false };
	struct iperf_results none = { .count = 0 }, one = { BIG, 1, 1, &longest };
	char text[600];
	size_t empty;

	(void)state;
	empty = iperf_results_encode(&none, text, sizeof text);
	assert_true(empty > 0);
	for (int digits = 0; digits < 12; digits++, longest.seconds *= 1234.56789012)
		assert_in_range(iperf_results_encode(&one, text, sizeof text), empty + 1,
				empty + IPERF_RESULTS_STREAM_SIZE);
}

/* --- memory runs out at every allocation ------------------------------------------------------------------------- */

static void encode_without_memory(void **state)
{
	struct iperf_results results;
	char out[600];
	size_t length = 0;

	(void)state;
	results_of(&results, &encode_rows[5]);
	for (long n = 0; length == 0; n++) {
		assert_true(n < 200);
		allocations_left = n;
		length = iperf_results_encode(&results, out, sizeof out);
		allocations_left = -1;
		assert_int_equal(allocated, 0);
	}
	assert_int_equal(length, strlen(encode_rows[5].text));
	assert_memory_equal(out, encode_rows[5].text, length);
}

static void decode_without_memory(void **state)
{
	const char *text = encode_rows[5].text;
	struct iperf_stream_result streams[2];
	struct iperf_results results = { .capacity = 2, .streams = streams };
	bool ok = false;

	(void)state;
	for (long n = 0; !ok; n++) {
		struct iperf_results_error error;

		assert_true(n < 500);
		allocations_left = n;
		ok = iperf_results_decode(text, strlen(text), &results, &error);
		allocations_left = -1;
		assert_int_equal(allocated, 0);
		assert_true(ok || *error.text); /* blamed on nobody when it is known to be memory */
		assert_true(ok || strcmp(error.text, "out of memory") != 0 || error.why == IPERF_R_NONE);
	}
	assert_int_equal(results.count, 2);
	assert_true(results.bytes == UINT64_C(5000000001));
}

int main(void)
{
	json_set_alloc_funcs(refusable_malloc, counting_free);
	ROWS_ADD(encode_rows, run_encode);
	ROWS_ADD(size_rows, run_round_trip);
	test_add("9.2/longest-stream-fits", longest_stream_fits, NULL);
	test_add("9.2/encode-without-memory", encode_without_memory, NULL);
	test_add("9.2/decode-without-memory", decode_without_memory, NULL);
	return tests_run("results");
}
