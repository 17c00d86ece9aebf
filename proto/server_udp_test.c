/* The server session: UDP streams. SPEC 8.3. The notation is that of server_script_test.h. */
#include "proto/server_script_test.h"

/* A running test on connection a. */
#define RUNNING "a connect", "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5"
#define ONE_STREAM RUNNING, "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 1 R-8.3-1"

static const struct script_row rows[] = {
	/* --- opening --------------------------------------------------------------------------------------------- */
	{ "8.3/stream-begin-opens R-8.3-1 R-9.2-5", AT, {
	    ONE_STREAM,
	    "results", "  1 udp port 5000 bytes 0 packets 0 seconds 0 not complete", "  sum 0" } },
	{ "8.3/stream-begin-while-idle R-8.3-6 R-8.3-7", AT, {
	    "udp 5000: STREAM_BEGIN",
	    "state", "  IDLE",
	    "counts", "  pending 0 results 0 members 0 streams 0",
	    "deadline", "  none" } },
	{ "8.3/stream-begin-while-held R-8.3-6", AT, {
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "udp 5000: STREAM_BEGIN",
	    "counts", "  pending 1 results 0 members 1 streams 0",
	    "a: TEST_BEGIN", "  BEGIN a R-5.1-5",
	    "udp 5000: x*10",
	    "results", "  sum 0",
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 1 R-8.3-1",
	    "results", "  1 udp port 5000 bytes 0 packets 0 seconds 0 not complete", "  sum 0" } },
	{ "8.3/dropped-begin-does-not-hold-the-cookie R-8.3-6 R-6.3-1", AT, {
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "udp 5000: STREAM_BEGIN",
	    "a eof", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "8.3/datagram-gives-no-cookie R-8.3-7", AT, {
	    "a connect",
	    "udp 5000: B",
	    "udp 5000: TEST_BEGIN/B",
	    "udp 5000: B TEST_BEGIN/B",
	    "state", "  IDLE",
	    "a: A", "  TAKE a R-6.1-1" } },
	{ "8.3/stream-begin-of-other-cookie R-8.3-5", AT, {
	    RUNNING,
	    "udp 5000: STREAM_BEGIN/B",
	    "udp 5000: STREAM_BEGIN/C",
	    "results", "  sum 0" } },
	{ "8.3/unknown-sources-are-dropped R-8.3-5", AT, {
	    RUNNING,
	    "udp 5000:",
	    "udp 5000: x*51",
	    "udp 5000: STREAM_END",
	    "udp 5000: STREAM_BEGIN[0..50]",
	    "udp 5000: STREAM_BEGIN 'x'",
	    "udp 5000: A STREAM_BEGIN",
	    "udp 5000: TEST_END",
	    "udp 5000: RESULTS_REQUEST",
	    "state", "  RUNNING A",
	    "results", "  sum 0" } },
	{ "8.3/begin-is-one-datagram R-4.3-2 R-8.3-1", AT, {
	    RUNNING,
	    "udp 5000: STREAM_BEGIN[0..25]",
	    "udp 5000: STREAM_BEGIN[25..]",
	    "results", "  sum 0" } },

	/* --- names ----------------------------------------------------------------------------------------------- */
	{ "8.3/other-port-is-another-stream R-8.3-1 R-8.3-10 R-9.2-4", AT, {
	    ONE_STREAM,
	    "udp 5001: STREAM_BEGIN", "  STREAM udp 5001 2 R-8.3-1",
	    "udp 5000: x*10",
	    "udp 5001: x*7",
	    "udp 5001: STREAM_END",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 0 not complete",
	    "  2 udp port 5001 bytes 7 packets 1 seconds 0 complete", "  sum 17" } },
	{ "8.3/other-address-is-another-stream R-8.3-1", AT, {
	    ONE_STREAM,
	    "udp 5000@2: x*5",
	    "udp 5000@2: STREAM_BEGIN", "  STREAM udp 5000 2 R-8.3-1",
	    "udp 5000@2: x*7",
	    "udp 5000: x*10",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 0 not complete",
	    "  2 udp port 5000 bytes 7 packets 1 seconds 0 not complete", "  sum 17" } },
	{ "8.3/other-scope-is-another-stream R-8.3-1", AT, {
	    ONE_STREAM,
	    "udp 5000%7: STREAM_BEGIN", "  STREAM udp 5000 2 R-8.3-1",
	    "udp 5000%8: STREAM_BEGIN", "  STREAM udp 5000 3 R-8.3-1",
	    "udp 5000%8: x*3",
	    "udp 5000%7: x*7",
	    "udp 5000: x*10",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 0 not complete",
	    "  2 udp port 5000 bytes 7 packets 1 seconds 0 not complete",
	    "  3 udp port 5000 bytes 3 packets 1 seconds 0 not complete", "  sum 20" } },
	{ "8.3/tcp-stream-of-the-same-port R-8.3-1 R-8.5-2", AT, {
	    RUNNING, "s connect 5000",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "udp 5000: x*10",
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 2 R-8.3-1",
	    "udp 5000: x*10",
	    "results", "  1 tcp port 5000 bytes 3 packets 0 seconds 0 not complete",
	    "  2 udp port 5000 bytes 10 packets 1 seconds 0 not complete", "  sum 13" } },

	/* --- payload and repeats --------------------------------------------------------------------------------- */
	{ "8.3/payload-of-any-length R-8.3-3 R-9.2-5", AT, {
	    ONE_STREAM,
	    "udp 5000: x*1",
	    "udp 5000:",
	    "udp 5000: x*1472",
	    "udp 5000: x*65507",
	    "results", "  1 udp port 5000 bytes 66980 packets 4 seconds 0 not complete", "  sum 66980" } },
	{ "8.3/messages-of-other-cookies-are-payload R-8.3-3", AT, {
	    ONE_STREAM,
	    "udp 5000: STREAM_BEGIN/C",
	    "udp 5000: STREAM_END/B",
	    "results", "  1 udp port 5000 bytes 100 packets 2 seconds 0 not complete", "  sum 100" } },
	{ "8.3/other-messages-are-payload R-8.3-3", AT, {
	    ONE_STREAM,
	    "udp 5000: TEST_BEGIN",
	    "udp 5000: TEST_END",
	    "udp 5000: RESULTS_REQUEST",
	    "state", "  RUNNING A",
	    "results", "  1 udp port 5000 bytes 150 packets 3 seconds 0 not complete", "  sum 150" } },
	{ "8.3/begin-repeated R-8.3-4 R-8.4-1", AT, {
	    ONE_STREAM,
	    "+1",
	    "udp 5000: STREAM_BEGIN",
	    "udp 5000: STREAM_BEGIN",
	    "results", "  1 udp port 5000 bytes 0 packets 0 seconds 0 not complete", "  sum 0",
	    "udp 5000: x*10",
	    "+1",
	    "udp 5000: STREAM_BEGIN",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 1 not complete", "  sum 10" } },
	{ "8.3/end-repeated R-8.3-2 R-8.3-4 R-8.4-2", AT, {
	    ONE_STREAM,
	    "udp 5000: x*10",
	    "+0.5",
	    "udp 5000: STREAM_END",
	    "+0.01",
	    "udp 5000: STREAM_END",
	    "udp 5000: STREAM_END",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 0.5 complete", "  sum 10" } },
	{ "8.3/begin-behind-end-opens-nothing R-8.3-4", AT, {
	    ONE_STREAM,
	    "udp 5000: STREAM_END",
	    "udp 5000: STREAM_BEGIN",
	    "results", "  1 udp port 5000 bytes 0 packets 0 seconds 0 complete", "  sum 0" } },
	{ "8.3/payload-behind-end R-8.3-11 R-9.2-7", AT, {
	    ONE_STREAM,
	    "+1",
	    "udp 5000: STREAM_END",
	    "+1",
	    "udp 5000: x*10",
	    "+1",
	    "udp 5000: STREAM_END",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 2 complete", "  sum 10" } },
	{ "8.3/seconds-to-the-last-payload R-9.2-7", AT, {
	    "+7", ONE_STREAM,
	    "+1.5",
	    "udp 5000: x*10",
	    "+2",
	    "results", "  1 udp port 5000 bytes 10 packets 1 seconds 1.5 not complete", "  sum 10" } },

	/* --- between tests --------------------------------------------------------------------------------------- */
	{ "8.3/streams-of-a-test-are-forgotten R-6.5-4 R-8.3-5", AT, {
	    ONE_STREAM,
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 udp 0/0 -] 0", "  CLOSE a R-6.5-4",
	    "udp 5000: x*10",
	    "b connect",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "udp 5000: x*10",
	    "udp 5000: STREAM_BEGIN",
	    "udp 5000: STREAM_END",
	    "results", "  sum 0",
	    "udp 5000: STREAM_BEGIN/B", "  STREAM udp 5000 1 R-8.3-1",
	    "udp 5000: STREAM_END",
	    "results", "  1 udp port 5000 bytes 49 packets 1 seconds 0 not complete", "  sum 49" } },
	{ "8.3/datagrams-end-nothing R-7-4", AT, {
	    ONE_STREAM,
	    "udp 5000: STREAM_END",
	    "state", "  RUNNING A",
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 udp 0/0 +] 0", "  CLOSE a R-6.5-4" } },
};

/* --- many sources ------------------------------------------------------------------------------------------------ */

/* 128 sources that share a port, or share an address, or whose octets are permuted: none is taken for another. */
static void many_sources(void **state)
{
	static const struct script_row row = { "", AT, { RUNNING } };
	static struct world world;

	(void)state;
	world_init(&world, &(struct script){ .row = &row });
	script_run(&world.script, world_step);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < IPERF_STREAMS_MAX; i++) {
			struct iperf_endpoint client = { .port = 5000 };
			uint8_t message[IPERF_MESSAGE_MAX];
			size_t length = iperf_message_write(message, IPERF_STREAM_BEGIN, cookie_named('A'));

			if (i < 40)
				client.port = (uint16_t)(1 + 256 * i);
			else if (i < 72)
				client.address[(i - 40) / 2] = i % 2 ? 1 : 255;
			else if (i < 100)
				client.scope = i;
			else
				client.port = (uint16_t)i;
			if (round > 0) /* i + 1 octets of payload */
				length = i + 1;
			world.script.used = 0;
			iperf_server_datagram(&world.server, &client, message, length, world.now_ns);
			assert_int_equal(world.server.stream_count, round ? IPERF_STREAMS_MAX : i + 1);
			assert_true(iperf_endpoint_equal(&world.streams[i].client, &client));
		}
	}
	for (unsigned i = 0; i < IPERF_STREAMS_MAX; i++) {
		bool is_begin = i + 1 == 51; /* that many octets of the message are a repeat of it */

		assert_int_equal(world.streams[i].packets, is_begin ? 0 : 2);
		assert_true(world.streams[i].payload_octets == (is_begin ? 0 : 2 * (uint64_t)(i + 1)));
	}
	world_end(&world);
}

/* iperf_server_find: the stream of a source, for a caller that asks; none but in a running test. */
static void find(void **state)
{
	static const struct script_row row = { "", AT, { ONE_STREAM } };
	struct iperf_endpoint client = { .address = { [10] = 0xff, 0xff, 192, 0, 2, 1 }, .port = 5000 };
	static struct world world;

	(void)state;
	world_init(&world, &(struct script){ .row = &row });
	assert_null(iperf_server_find(&world.server, &client));
	script_run(&world.script, world_step);
	assert_ptr_equal(iperf_server_find(&world.server, &client), &world.streams[0]);
	client.port++;
	assert_null(iperf_server_find(&world.server, &client));
	client.port--;
	client.scope = 1;
	assert_null(iperf_server_find(&world.server, &client));
	client.scope = 0;
	world_end(&world);
	assert_null(iperf_server_find(&world.server, &client));
}

int main(void)
{
	ROWS_ADD(rows, run_server_script);
	test_add("8.3/many-sources R-8.3-1 R-8.3-3", many_sources, NULL);
	test_add("8.3/find R-8.3-1", find, NULL);
	return tests_run("server_udp");
}
