/* What a server keeps of one stream: octets, datagrams, times. SPEC 8.2, 8.3 and 9.2. */
#include "proto/stream.h"

#include <math.h>

#include "proto/limits.h"
#include "proto/octets_test.h"

#define BEGAN (INT64_C(5000) * IPERF_S + 7) /* no round number, and not 0 */

/* --- rows: what arrives, and when -------------------------------------------------------------------------------- */

struct arrival {
	const char *words;
	int64_t at_ms; /* after STREAM_BEGIN */
};

struct stream_row {
	const char *name;
	enum iperf_protocol protocol;
	struct arrival arrivals[8]; /* up to the first whose words are NULL */
	uint64_t bytes, packets;
	double seconds;
	bool complete;
};

static const struct stream_row stream_rows[] = {
	/* TCP */
	{ "9.2/tcp-nothing R-9.2-7", IPERF_TCP, { { NULL, 0 } }, 0, 0, 0, false },
	{ "9.2/tcp-end-at-once R-8.2-5 R-9.2-7", IPERF_TCP, { { "STREAM_END", 0 } }, 0, 0, 0, true },
	{ "14.2/tcp-three-octets R-8.2-5", IPERF_TCP, { { "'abc' STREAM_END", 10 } }, 3, 0, 0.01, true },
	{ "8.2/tcp-not-terminated R-8.2-5 R-8.2-6", IPERF_TCP, { { "x*1000", 1250 } }, 1000, 0, 1.25, false },
	{ "8.2/tcp-half-end-is-payload R-8.2-6", IPERF_TCP, { { "'abc' STREAM_END[0..48]", 5 } }, 51, 0, 0.005, false },
	{ "8.2/tcp-end-twice R-8.2-3", IPERF_TCP, { { "'abc' STREAM_END", 1 }, { "STREAM_END", 2 } }, 52, 0, 0.002,
	  true },
	{ "8.2/tcp-end-then-octet R-8.2-4", IPERF_TCP, { { "'abc' STREAM_END", 1 }, { "'x'", 9 } }, 53, 0, 0.009,
	  false },
	{ "8.2/tcp-end-octet-end R-8.2-4", IPERF_TCP, { { "STREAM_END", 1 }, { "'x'", 2 }, { "STREAM_END", 3 } }, 50, 0,
	  0.003, true },
	{ "8.2/tcp-end-of-other-cookie R-8.2-1", IPERF_TCP, { { "STREAM_END/C", 1 } }, 49, 0, 0.001, false },
	{ "9.2/tcp-last-octet-counts R-9.2-7", IPERF_TCP, { { "x*5", 100 }, { "STREAM_END[0..48]", 200 },
	    { "STREAM_END[48..]", 3000 } }, 5, 0, 3, true },
	{ "9.2/tcp-nothing-arrives-late R-9.2-7", IPERF_TCP, { { "x*5", 100 }, { "", 5000 } }, 5, 0, 0.1, false },
	{ "8.1/tcp-any-octets R-8.1-4", IPERF_TCP, { { "A STREAM_BEGIN TEST_END RESULTS_REQUEST =00ff0d0a", 1 } },
	  32 + 51 + 47 + 54 + 4, 0, 0.001, false },
	/* UDP */
	{ "9.2/udp-nothing R-9.2-7", IPERF_UDP, { { NULL, 0 } }, 0, 0, 0, false },
	{ "8.3/udp-payload R-9.2-3 R-9.2-5", IPERF_UDP, { { "x*10", 1 }, { "x*1472", 2 } }, 1482, 2, 0.002, false },
	{ "8.3/udp-zero-length R-8.3-3", IPERF_UDP, { { "x*10", 1 }, { "", 70 } }, 10, 2, 0.07, false },
	{ "8.3/udp-largest R-8.3-3", IPERF_UDP, { { "x*65507", 1 } }, 65507, 1, 0.001, false },
	{ "8.3/udp-end R-8.3-2 R-9.2-7", IPERF_UDP, { { "x*10", 1 }, { "STREAM_END", 20 } }, 10, 1, 0.02, true },
	{ "8.3/udp-end-only R-8.3-2", IPERF_UDP, { { "STREAM_END", 20 } }, 0, 0, 0.02, true },
	{ "8.3/udp-begin-again R-8.3-4", IPERF_UDP, { { "x*10", 1 }, { "STREAM_BEGIN", 20 } }, 10, 1, 0.001, false },
	{ "8.3/udp-begin-after-end R-8.3-4", IPERF_UDP, { { "STREAM_END", 20 }, { "STREAM_BEGIN", 30 } }, 0, 0, 0.02,
	  true },
	{ "8.3/udp-end-again R-8.3-4 R-9.2-7", IPERF_UDP, { { "x*10", 1 }, { "STREAM_END", 20 }, { "STREAM_END", 40 } },
	  10, 1, 0.02, true },
	{ "8.3/udp-payload-after-end R-8.3-11", IPERF_UDP, { { "x*10", 1 }, { "STREAM_END", 20 }, { "x*7", 45 } }, 17,
	  2, 0.045, true },
	{ "8.3/udp-end-payload-end R-8.3-11 R-9.2-7", IPERF_UDP, { { "STREAM_END", 20 }, { "x*7", 45 },
	    { "STREAM_END", 60 } }, 7, 1, 0.045, true },
	{ "8.3/udp-end-of-other-cookie R-8.3-3", IPERF_UDP, { { "STREAM_END/C", 1 } }, 49, 1, 0.001, false },
	{ "8.3/udp-begin-of-other-cookie R-8.3-3", IPERF_UDP, { { "STREAM_BEGIN/B", 1 } }, 51, 1, 0.001, false },
	{ "8.3/udp-end-one-long R-4.3-2 R-8.3-3", IPERF_UDP, { { "STREAM_END 'x'", 1 } }, 50, 1, 0.001, false },
	{ "8.3/udp-end-one-short R-4.3-2 R-8.3-3", IPERF_UDP, { { "STREAM_END[0..48]", 1 } }, 48, 1, 0.001, false },
	{ "8.3/udp-end-in-two-datagrams R-4.3-2", IPERF_UDP, { { "STREAM_END[0..20]", 1 }, { "STREAM_END[20..]", 2 } },
	  49, 2, 0.002, false },
	{ "8.3/udp-other-messages-are-payload R-8.3-3", IPERF_UDP, { { "TEST_END", 1 }, { "RESULTS_REQUEST", 2 } },
	  47 + 54, 2, 0.002, false },
};

static void stream_init(struct iperf_stream *stream, enum iperf_protocol protocol)
{
	memset(stream, 0, sizeof *stream);
	stream->protocol = protocol;
	stream->began_ns = stream->last_ns = BEGAN;
	iperf_terminator_init(&stream->tcp);
}

static void assert_stream(const struct stream_row *row, const struct iperf_stream *stream)
{
	assert_int_equal(iperf_stream_bytes(stream, cookie_named('A')), row->bytes);
	assert_int_equal(iperf_stream_complete(stream, cookie_named('A')), row->complete);
	assert_true(fabs(iperf_stream_seconds(stream) - row->seconds) < 1e-9);
	if (row->protocol == IPERF_UDP)
		assert_int_equal(stream->packets, row->packets);
}

/* TCP's octets whole, by ones, and in every cut; datagrams as they are. */
static void run_stream(void **state)
{
	const struct stream_row *row = *state;

	for (size_t every = 1; every < 140; every++) {
		struct iperf_stream stream;

		stream_init(&stream, row->protocol);
		for (const struct arrival *arrival = row->arrivals; arrival->words; arrival++) {
			int64_t now = BEGAN + arrival->at_ms * IPERF_MS;
			struct octets octets;

			octets_of(&octets, arrival->words);
			if (row->protocol == IPERF_UDP) {
				iperf_stream_datagram(&stream, ground(octets.at, octets.length), octets.length,
						      cookie_named('A'), now);
				continue;
			}
			for (size_t at = 0; at <= octets.length; at += every) { /* ends with an empty one, maybe */
				size_t n = octets.length - at < every ? octets.length - at : every;

				iperf_stream_octets(&stream, ground(octets.at + at, n), n, now);
			}
		}
		assert_stream(row, &stream);
	}
}

/* --- sizes ------------------------------------------------------------------------------------------------------- */

static void long_tcp_stream(void **state)
{
	struct iperf_stream stream;
	struct octets end;

	(void)state;
	octets_of(&end, "STREAM_END");
	stream_init(&stream, IPERF_TCP);
	iperf_terminator_skip(&stream.tcp, UINT64_C(1) << 40); /* as if they had been fed */
	iperf_stream_octets(&stream, end.at, end.length, BEGAN + 86400 * IPERF_S);
	assert_true(iperf_stream_bytes(&stream, cookie_named('A')) == UINT64_C(1) << 40);
	assert_true(iperf_stream_complete(&stream, cookie_named('A')));
	assert_true(iperf_stream_seconds(&stream) == 86400);
}

static void udp_sums_beyond_32_bits(void **state)
{
	static uint8_t payload[65507];
	struct iperf_stream stream;

	(void)state;
	stream_init(&stream, IPERF_UDP);
	stream.payload_octets = UINT32_MAX;
	stream.packets = UINT32_MAX;
	iperf_stream_datagram(&stream, payload, sizeof payload, cookie_named('A'), BEGAN + 1);
	assert_true(iperf_stream_bytes(&stream, cookie_named('A')) == UINT64_C(0xffffffff) + 65507);
	assert_true(stream.packets == UINT64_C(0x100000000));
	assert_true(fabs(iperf_stream_seconds(&stream) - 1e-9) < 1e-15);
}

/* --- the names of UDP streams ------------------------------------------------------------------------------------ */

struct endpoint_row {
	const char *name;
	struct iperf_endpoint other;
	bool equal;
};

static const struct iperf_endpoint link_local = { { 0xfe, 0x80, [15] = 1 }, 2, 5000 };

static const struct endpoint_row endpoint_rows[] = {
	{ "8.3/endpoint-same R-8.3-1", { { 0xfe, 0x80, [15] = 1 }, 2, 5000 }, true },
	{ "8.3/endpoint-other-port R-8.3-1", { { 0xfe, 0x80, [15] = 1 }, 2, 5001 }, false },
	{ "8.3/endpoint-other-port-high-octet R-8.3-1", { { 0xfe, 0x80, [15] = 1 }, 2, 5000 ^ 0x8000 }, false },
	{ "8.3/endpoint-other-last-octet R-8.3-1", { { 0xfe, 0x80, [15] = 2 }, 2, 5000 }, false },
	{ "8.3/endpoint-other-first-octet R-8.3-1", { { 0xff, 0x80, [15] = 1 }, 2, 5000 }, false },
	{ "8.3/endpoint-other-scope R-8.3-1", { { 0xfe, 0x80, [15] = 1 }, 3, 5000 }, false },
};

static void run_endpoint(void **state)
{
	const struct endpoint_row *row = *state;

	assert_int_equal(iperf_endpoint_equal(&link_local, &row->other), row->equal);
	assert_int_equal(iperf_endpoint_equal(&row->other, &link_local), row->equal);
}

int main(void)
{
	ROWS_ADD(stream_rows, run_stream);
	ROWS_ADD(endpoint_rows, run_endpoint);
	test_add("8.2/long-tcp-stream R-8.2-5", long_tcp_stream, NULL);
	test_add("9.2/udp-sums-beyond-32-bits R-9.2-3 R-9.2-5", udp_sums_beyond_32_bits, NULL);
	return tests_run("stream");
}
