/* The server session: TCP streams and what is told of them. SPEC 8.1, 8.2, 8.5, 9.1 and 9.2. The notation is that of
 * server_script_test.h. */
#include "proto/server_script_test.h"

/* A running test on connection a. */
#define RUNNING "a connect", "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5"

static const struct script_row rows[] = {
	/* --- 8.1: a stream from its beginning to its end --------------------------------------------------------- */
	{ "8.1/whole-stream-in-one-segment R-8.1-1 R-8.1-2 R-8.1-5 R-8.2-1", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc' STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 complete", "  sum 3",
	    "s eof", "  CLOSE s R-8.1-5",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 complete", "  sum 3" } },
	{ "8.1/payload-at-once-behind-stream-begin R-8.1-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'x'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 1 packets 0 seconds 0 not complete", "  sum 1" } },
	{ "8.1/payload-of-messages R-8.1-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN A STREAM_BEGIN TEST_BEGIN TEST_END RESULTS_REQUEST RESULTS_RESPONSE STREAM_END",
	    "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 288 packets 0 seconds 0 complete", "  sum 288",
	    "state", "  RUNNING A" } },
	{ "8.1/payload-of-any-octets R-8.1-4 R-3-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN =00ff0d0a2000 B STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 38 packets 0 seconds 0 complete", "  sum 38" } },
	{ "8.1/large-payload R-8.1-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s: x*20000",
	    "s: STREAM_END",
	    "results", "  1 tcp port 40002 bytes 20000 packets 0 seconds 0 complete", "  sum 20000" } },

	/* --- 8.2: termination ------------------------------------------------------------------------------------ */
	{ "8.2/no-payload R-8.2-1 R-8.2-5", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 0 packets 0 seconds 0 complete", "  sum 0" } },
	{ "8.2/end-in-payload-is-payload R-8.2-3 R-8.2-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'a' STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 1 packets 0 seconds 0 complete", "  sum 1",
	    "s: 'b'",
	    "results", "  1 tcp port 40002 bytes 51 packets 0 seconds 0 not complete", "  sum 51",
	    "s: STREAM_END",
	    "results", "  1 tcp port 40002 bytes 51 packets 0 seconds 0 complete", "  sum 51" } },
	{ "8.2/end-of-other-cookie R-8.2-1 R-8.1-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN STREAM_END/C", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "results", "  1 tcp port 40002 bytes 49 packets 0 seconds 0 not complete", "  sum 49" } },
	{ "8.2/end-of-connection-without-end R-8.2-6", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s eof", "  CLOSE s R-8.1-5",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 not complete", "  sum 3" } },
	{ "8.2/end-of-connection-in-half-an-end R-8.2-6", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc' STREAM_END[0..48]", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s eof", "  CLOSE s R-8.1-5",
	    "results", "  1 tcp port 40002 bytes 51 packets 0 seconds 0 not complete", "  sum 51" } },
	{ "8.2/reset-stream-stays-listed R-8.2-6", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s reset", "  CLOSE s R-8.2-6",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 not complete", "  sum 3" } },
	{ "8.2/reset-behind-end R-8.2-1", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc' STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s reset", "  CLOSE s R-8.2-6",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 complete", "  sum 3" } },

	/* --- 8.5, 9.2: several ----------------------------------------------------------------------------------- */
	{ "8.5/no-stream R-8.5-1", AT, {
	    RUNNING, "r connect",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "results", "  sum 0",
	    "r eof", "  CLOSE r R-9.1-4",
	    "a: TEST_END", "  RELEASE END R-6.5-1", "  CLOSE a R-6.5-4" } },
	{ "8.5/three-streams R-9.2-4 R-9.2-6", AT, {
	    RUNNING, "s connect 50001", "t connect 50002", "u connect 50000",
	    "u: A", "  ACCEPT u R-6.1-3",
	    "t: A STREAM_BEGIN 'tt'", "  ACCEPT t R-6.1-3", "  STREAM t 1 R-8.1-4",
	    "u: STREAM_BEGIN 'u'", "  STREAM u 2 R-8.1-4",
	    "s: A STREAM_BEGIN STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 3 R-8.1-4",
	    "t: 't' STREAM_END",
	    "t eof", "  CLOSE t R-8.1-5",
	    "results", "  1 tcp port 50002 bytes 3 packets 0 seconds 0 complete",
	    "  2 tcp port 50000 bytes 1 packets 0 seconds 0 not complete",
	    "  3 tcp port 50001 bytes 0 packets 0 seconds 0 complete", "  sum 4" } },
	{ "8.5/tcp-and-udp R-8.5-2 R-9.2-4 R-9.2-5", AT, {
	    RUNNING, "s connect 50001", "r connect",
	    "udp 50001: STREAM_BEGIN", "  STREAM udp 50001 1 R-8.3-1",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 2 R-8.1-4",
	    "udp 50001: x*10",
	    "udp 50001: STREAM_END",
	    "s: STREAM_END",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 udp 10/1 +, 2 tcp 3 +] 13" } },
	{ "8.5/streams-of-a-test-are-forgotten R-6.5-5 R-9.2-4", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 tcp 3 -] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "b connect", "t connect",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "results", "  sum 0",
	    "t: B STREAM_BEGIN/B", "  ACCEPT t R-6.1-3", "  STREAM t 1 R-8.1-4",
	    "results", "  1 tcp port 40004 bytes 0 packets 0 seconds 0 not complete", "  sum 0" } },

	/* --- 9.2: seconds ---------------------------------------------------------------------------------------- */
	{ "9.2/seconds-to-the-last-octet R-9.2-7", AT, {
	    RUNNING, "s connect",
	    "s: A", "  ACCEPT s R-6.1-3",
	    "+3",
	    "s: STREAM_BEGIN[0..20]",
	    "+2",
	    "s: STREAM_BEGIN[20..]", "  STREAM s 1 R-8.1-4",
	    "+1",
	    "results", "  1 tcp port 40002 bytes 0 packets 0 seconds 0 not complete", "  sum 0",
	    "+0.5",
	    "s: 'abc'",
	    "+4",
	    "s:",
	    "s: STREAM_END",
	    "+8",
	    "s eof", "  CLOSE s R-8.1-5",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 5.5 complete", "  sum 3" } },
	{ "9.2/seconds-from-the-stream's-own-begin R-9.2-7 R-6.4-2", AT, {
	    "s connect", "a connect", "t connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "+2",
	    "a: A TEST_BEGIN", "  ACCEPT a R-6.1-3", "  BEGIN a R-5.1-5",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4",
	    "+1",
	    "s: 'x'",
	    "t: 'x'",
	    "results", "  1 tcp port 40001 bytes 1 packets 0 seconds 3 not complete",
	    "  2 tcp port 40003 bytes 1 packets 0 seconds 1 not complete", "  sum 2" } },

	/* --- 9.1: results ---------------------------------------------------------------------------------------- */
	{ "9.1/state-of-the-moment R-9.1-6 R-9.1-7", AT, {
	    RUNNING, "s connect", "r connect", "q connect", "w connect",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "s: A STREAM_BEGIN 'ab'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "q: A RESULTS_REQUEST[0..53]", "  ACCEPT q R-6.1-3",
	    "s: 'c'",
	    "q: RESULTS_REQUEST[53..]", "  RESPOND q R-9.1-3 [1 tcp 3 -] 3",
	    "s: STREAM_END",
	    "w: A RESULTS_REQUEST", "  ACCEPT w R-6.1-3", "  RESPOND w R-9.1-3 [1 tcp 3 +] 3" } },
	{ "9.1/unanswered-before-the-test R-9.1-8", AT, {
	    "k connect", "r connect", "q connect", "a connect",
	    "k: A", "  TAKE k R-6.1-1",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  CLOSE r R-9.1-8",
	    "q: A RESULTS_REQUEST[0..53]", "  ACCEPT q R-6.1-3",
	    "a: A TEST_BEGIN", "  ACCEPT a R-6.1-3", "  BEGIN a R-5.1-5",
	    "q: RESULTS_REQUEST[53..]", "  RESPOND q R-9.1-3" } },
	{ "9.1/unanswered-behind-the-test R-9.1-8 R-6.5-4", AT, {
	    RUNNING, "r connect",
	    "r: A RESULTS_REQUEST[0..53]", "  ACCEPT r R-6.1-3",
	    "a: TEST_END", "  RELEASE END R-6.5-1", "  CLOSE a R-6.5-4", "  CLOSE r R-6.5-4" } },
	{ "9.1/octets-behind-the-request R-9.1-10 R-9.1-11", AT, {
	    RUNNING, "r connect",
	    "r: A RESULTS_REQUEST '\r\n' RESULTS_REQUEST TEST_END", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "r state", "  RESULTS",
	    "r: x*300",
	    "r state", "  RESULTS",
	    "r eof", "  CLOSE r R-9.1-4",
	    "state", "  RUNNING A" } },
	{ "9.1/end-of-file-behind-the-request R-9.1-13", AT, {
	    RUNNING, "r connect",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "r eof", "  CLOSE r R-9.1-4" } },
	{ "9.1/end-of-file-before-the-request-is-whole R-5.1-6", AT, {
	    RUNNING, "r connect",
	    "r: A RESULTS_REQUEST[0..53]", "  ACCEPT r R-6.1-3",
	    "r eof", "  CLOSE r R-5.1-6" } },
	{ "9.1/requests-do-not-disturb R-9.1-9", AT, {
	    RUNNING, "s connect", "r connect", "q connect",
	    "s: A STREAM_BEGIN 'abc' STREAM_END[0..30]", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a: TEST_END[0..30]",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 33 -] 33",
	    "q: A RESULTS_REQUEST", "  ACCEPT q R-6.1-3", "  RESPOND q R-9.1-3 [1 tcp 33 -] 33",
	    "q reset", "  CLOSE q R-9.1-4",
	    "s: STREAM_END[30..]",
	    "results", "  1 tcp port 40002 bytes 3 packets 0 seconds 0 complete", "  sum 3",
	    "a: TEST_END[30..]", "  RELEASE END R-6.5-1 [1 tcp 3 +] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "  CLOSE r R-6.5-4" } },
	{ "9.1/request-of-a-stranger R-6.2-2 R-5.2-2", AT, {
	    RUNNING, "r connect",
	    "r: B RESULTS_REQUEST/B", "  REJECT r R-6.2-2" } },
};

/* --- the answer on the wire -------------------------------------------------------------------------------------- */

/* What iperf_server_results says is what SPEC 9.2 asks for, with the times of a test that began at any moment. */
static void results_as_result_data(void **state)
{
	static const char expected[] =
		"{\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_port\":40002,\"bytes\":123,\"packets\":null,"
		"\"seconds\":1.25,\"complete\":true}],\"bytes\":123}"; /* SPEC 9.2, but for the port */
	static const struct script_row row = { "", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "+1.25",
	    "s: x*123 STREAM_END" } };
	static struct world world;
	struct iperf_stream_result streams[IPERF_STREAMS_MAX];
	struct iperf_results results = { .capacity = COUNT(streams), .streams = streams };
	char text[500];

	(void)state;
	world_init(&world, &(struct script){ .row = &row });
	script_run(&world.script, world_step);
	iperf_server_results(&world.server, &results);
	assert_int_equal(iperf_results_encode(&results, text, sizeof text), strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
	world_end(&world);
}

/* With less room the first streams are told, and their sum. */
static void results_in_less_room(void **state)
{
	static const struct script_row row = { "", AT, {
	    RUNNING, "s connect", "t connect",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "t: A STREAM_BEGIN 'de'", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4" } };
	static struct world world;
	struct iperf_stream_result streams[2] = { { .id = 77 }, { .id = 77 } };
	struct iperf_results results = { .capacity = 1, .streams = streams };

	(void)state;
	world_init(&world, &(struct script){ .row = &row });
	script_run(&world.script, world_step);
	iperf_server_results(&world.server, &results);
	assert_int_equal(results.count, 1);
	assert_true(results.bytes == 3);
	assert_int_equal(streams[0].id, 1);
	assert_int_equal(streams[1].id, 77);
	world_end(&world);
}

int main(void)
{
	ROWS_ADD(rows, run_server_script);
	test_add("9.2/results-as-result-data R-9.1-3 R-9.2-3 R-9.2-7", results_as_result_data, NULL);
	test_add("9.2/results-in-less-room", results_in_less_room, NULL);
	return tests_run("server_stream");
}
