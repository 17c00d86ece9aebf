/* The real server against scripted clients: SPEC 4 to 7, all on TCP. The language of the rows is in testscript.h. */
#include <inttypes.h>

#include "proto/octets_test.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

/* --- cookies and openings ------------------------------------------------------------------------------------------------ */

static const struct script_row cookie_rows[] = {
	{ "6.1/first-preamble-is-taken R-6.1-1 R-6.2-1", AT, "", {
		"a: A", "ping", "b: B", "b ended", "a: TEST_BEGIN", "results", "a: TEST_END", "a ended", "served" } },
	{ "6.1/31-octets-take-nothing R-6.1-2", AT, "", {
		"a: A[0..31]", "b:", "c: B[0..1]", "ping", "served", "a open", "b open", "c open" } },
	{ "6.1/eof-within-the-preamble R-6.1-2", AT, "", { "a: A[0..31]", "a half-close", "a ended", "served" } },
	{ "6.1/reset-within-the-preamble R-6.1-2", AT, "", { "a: A[0..31]", "ping", "a reset", "ping", "served" } },
	{ "6.1/equal-preamble-is-accepted R-6.1-3", AT, "", {
		"a: A TEST_BEGIN", "ping", "b: A", "b open", "b: STREAM_BEGIN 'x'", "results b 1 -" } },
	{ "6.2/rejected-at-the-32nd-octet R-6.2-2 R-5.2-3", AT, "", {
		"a: A TEST_BEGIN", "ping", "b: B[0..31]", "b open", "b: B[31..32]", "b ended", "results",
		"said R-6.2-2", "a open" } },
	{ "6.2/last-octet-differs R-3-5 R-6.2-1", AT, "", { "a: A TEST_BEGIN", "ping", "b: C", "b ended", "a open" } },
	{ "6.2/first-octet-differs R-3-5 R-6.2-1", AT, "", { "a: A TEST_BEGIN", "ping", "b: D", "b ended", "a open" } },
	{ "6.2/rejected-with-all-its-opening R-6.2-1", AT, "", {
		"a: A TEST_BEGIN", "ping", "b: B TEST_BEGIN/B", "b ended", "c: B STREAM_BEGIN/B x*5000", "c ended",
		"d: B RESULTS_REQUEST/B", "d ended", "results", "a open" } },
	{ "6.2/rejected-while-held R-6.2-1", AT, "", {
		"a: A", "ping", "b: B TEST_BEGIN/B", "b ended", "a open", "a: TEST_BEGIN", "results" } },
	{ "6.2/test-goes-on-beside-strangers R-6.2-3", AT, "", {
		"a: A TEST_BEGIN", "s: A STREAM_BEGIN x*30000", "b: B", "s: x*30000", "b ended", "c: C TEST_BEGIN", "s: x*30000",
		"c ended", "d: D STREAM_BEGIN", "s: x*30000 STREAM_END", "s half-close", "s ended", "d ended",
		"results s 120000 +" } },
	{ "6.2/second-control R-6.2-4", AT, "", {
		"a: A TEST_BEGIN", "s: A STREAM_BEGIN 'abc'", "results s 3 -", "b: A TEST_BEGIN", "b ended",
		"said a second control connection", "results s 3 -", "a open", "s: 'def' STREAM_END", "results s 6 +" } },
	{ "6.2/second-control-with-end R-6.2-4", AT, "", {
		"a: A TEST_BEGIN", "ping", "b: A TEST_BEGIN TEST_END", "b ended", "results", "a open" } },
	{ "3/cookie-of-odd-octets R-3-4", AT, "", {
		"a: B TEST_BEGIN/B", "ping", "s: B STREAM_BEGIN/B 'abc' STREAM_END/B", "s half-close", "s ended",
		"a: TEST_END/B", "a ended", "said SUM", "said the client ended it" } },
	{ "15/cookie-of-text", AT, "", { "a: '0123456789abcdef0123456789abcdef'", "a half-close", "a ended", "served" } },
};

static const struct script_row held_rows[] = {
	{ "6.3/get-request R-6.3-1 R-5.1-6", AT, "", {
		"a: 'GET / HTTP/1.1' =0d0a 'Host: localhost' =0d0a0d0a", "a ended", "served",
		"b: 'GET /' =0d0a", "served", "b open" } },
	{ "6.3/32-octets-and-eof R-6.3-1", AT, "", { "a: B", "a half-close", "a ended", "served" } },
	{ "6.3/32-octets-and-close R-6.3-1", AT, "", { "a: B", "ping", "a close", "ping", "served" } },
	{ "6.3/32-octets-and-reset R-6.3-1", AT, "", { "a: B", "ping", "a reset", "ping", "served" } },
	{ "6.3/half-a-message-and-eof R-6.3-1", AT, "", { "a: A TEST_BEGIN[0..48]", "a half-close", "a ended", "served" } },
	{ "6.3/the-last-of-three-leaves R-6.3-1", AT, "", {
		"a: A", "b: A", "c: A", "ping", "a close", "c close", "ping", "d: B", "d ended", "b open", "b close", "ping",
		"served" } },
	{ "6.3/a-stranger-leaves R-6.3-1", AT, "", {
		"a: A", "b: B[0..31]", "ping", "b close", "ping", "c: B", "c ended", "a: TEST_BEGIN", "results" } },
	{ "6.3/taken-again-by-the-same R-6.3-1", AT, "", {
		"a: A", "ping", "a close", "ping", "b: A TEST_BEGIN", "results" } },
	{ "6.3/eight-strangers-in-a-row R-6.3-1", AT, "", {
		"a: A x*5", "a ended", "b: B y*80", "b ended", "c: C TEST_END", "c ended", "d: D", "d half-close", "d ended",
		"e: A TEST_BEGIN/B", "e ended", "f: A RESULTS_REQUEST", "f ended", "g: x*86", "g ended", "h: 'SSH-2.0'",
		"h half-close", "h ended", "served" } },
	{ "9.1/request-while-held R-9.1-8", AT, "", {
		"a: A", "ping", "unanswered", "a open", "a: TEST_BEGIN", "results" } },
	{ "9.1/request-while-idle R-9.1-8", AT, "", { "r: A RESULTS_REQUEST", "r ended", "served" } },
	{ "9.1/request-without-a-test-with-a-stream R-9.1-8", AT, "", {
		"s: A STREAM_BEGIN 'abc'", "ping", "unanswered", "a: A TEST_BEGIN", "results s 3 -" } },
};

static const struct script_row overtaking_rows[] = {
	{ "6.4/stream-first R-6.4-1 R-6.4-2", AT, "", {
		"s: A STREAM_BEGIN 'abc'", "ping", "a: A TEST_BEGIN", "results s 3 -", "s: 'd' STREAM_END", "results s 4 +" } },
	{ "6.4/stream-ended-first R-6.4-2", AT, "", {
		"s: A STREAM_BEGIN 'abc' STREAM_END", "s half-close", "s ended", "a: A TEST_BEGIN", "results s 3 +" } },
	{ "6.4/stream-broken-first R-6.4-2", AT, "", {
		"s: A STREAM_BEGIN 'abc'", "s half-close", "s ended", "a: A TEST_BEGIN", "results s 3 -" } },
	{ "6.4/stranger-between R-6.2-1", AT, "", {
		"s: A STREAM_BEGIN 'abc'", "ping", "b: B TEST_BEGIN/B", "b ended", "a: A TEST_BEGIN", "results s 3 -" } },
	{ "6.4/preamble-first R-6.4-1", AT, "", {
		"s: A", "ping", "a: A TEST_BEGIN", "ping", "s: STREAM_BEGIN 'abc'", "results s 3 -" } },
	{ "9.2/ids-in-the-order-of-begin R-9.2-4", AT, "", {
		"a: A", "s: A STREAM_BEGIN[0..50]", "r: A STREAM_BEGIN[0..50]", "ping", "q: A STREAM_BEGIN 'qq'", "ping",
		"r: STREAM_BEGIN[50..51] 'r'", "ping", "a: TEST_BEGIN", "ping", "s: STREAM_BEGIN[50..51]", "ping",
		"p: A STREAM_BEGIN 'pppp'", "results q 2 -; r 1 -; s 0 -; p 4 -" } },
};

/* --- first messages -------------------------------------------------------------------------------------------------------- */

/* Each is closed, alone (and the cookie is free again) and in a running test (that goes on). */
#define CLOSED(name, octets)                                                                                           \
	{ "5.1/" name, AT, "", {                                                                                       \
		"a: " octets, "a ended", "served", "c: A TEST_BEGIN", "s: A STREAM_BEGIN 'abc'", "results s 3 -",      \
		"d: " octets, "d ended", "results s 3 -", "c open", "s: STREAM_END", "results s 3 +" } }

static const struct script_row first_rows[] = {
	CLOSED("test-end-first R-5.1-6", "A TEST_END"),
	CLOSED("stream-end-first R-5.1-6", "A STREAM_END"),
	CLOSED("response-first R-5.1-6", "A RESULTS_RESPONSE"),
	CLOSED("no-message R-5.1-6", "A x*60"),
	CLOSED("one-wrong-octet R-4.3-3", "A 'x'"),
	CLOSED("nul R-4.3-3", "A =00"),
	CLOSED("lower-case R-4.2-3", "A 'iperf_test_begin ' A"),
	CLOSED("blanks-for-underscores R-4.2-3", "A 'IPERF TEST BEGIN ' A"),
	CLOSED("line-end-between R-4.2-2", "A =0d0a TEST_BEGIN"),
	CLOSED("two-spaces R-4.2-1", "A 'IPERF_TEST_BEGIN  ' A"),
	CLOSED("no-space R-4.2-1", "A 'IPERF_TEST_BEGIN' A"),
	CLOSED("tab R-4.2-1", "A 'IPERF_TEST_BEGIN' =09 A"),
	CLOSED("preamble-twice R-5.1-6", "A A TEST_BEGIN"),
	CLOSED("cookie-differs-begin R-5.1-4", "A TEST_BEGIN/B"),
	CLOSED("cookie-differs-last R-5.1-4", "A TEST_BEGIN/C"),
	CLOSED("cookie-differs-first R-5.1-4", "A STREAM_BEGIN/D"),
	CLOSED("cookie-differs-request R-5.1-4", "A RESULTS_REQUEST/C"),
};

/* --- the control connection -------------------------------------------------------------------------------------------------- */

/* Whatever ends a test, all its connections are closed and the next client is served. */
#define ALL_CLOSED "a ended", "s ended", "c ended", "d ended", "ping", "served"
#define ALL_OPEN "a: A TEST_BEGIN", "s: A STREAM_BEGIN 'abc'", "c: A STREAM_BEGIN", "d: A STREAM_BEGIN[0..7]",         \
	"results s 3 -; c 0 -"
#define ABORTED(name, octets)                                                                                          \
	{ "7/" name, AT, "", { ALL_OPEN, "a: " octets, ALL_CLOSED, "said something other than IPERF_TEST_END" } }

static const struct script_row control_rows[] = {
	{ "6.5/test-end R-6.5-1 R-6.5-4 R-6.5-5", AT, "", {
		ALL_OPEN, "a: TEST_END", ALL_CLOSED, "said the client ended it" } },
	{ "6.5/test-end-and-half-close R-6.5-1 R-6.5-7", AT, "", {
		ALL_OPEN, "a: TEST_END", "a half-close", ALL_CLOSED, "said the client ended it" } },
	{ "7/octets-after-test-end R-6.5-1", AT, "", {
		ALL_OPEN, "a: TEST_END x*1000", ALL_CLOSED, "said the client ended it" } },
	{ "6.5/begin-and-end-at-once R-6.5-1 R-8.5-1", AT, "", {
		"a: A TEST_BEGIN TEST_END", "a ended", "served", "said the client ended it" } },
	{ "6.5/eof R-6.5-2 R-6.5-4", AT, "", {
		ALL_OPEN, "a half-close", ALL_CLOSED, "said the client closed the control connection" } },
	{ "6.5/reset R-6.5-2 R-6.5-4", AT, "", {
		ALL_OPEN, "a reset", "s ended", "c ended", "d ended", "ping", "served", "said connection was reset" } },
	{ "6.5/eof-within-test-end R-6.5-2", AT, "", {
		ALL_OPEN, "a: TEST_END[0..46]", "a half-close", ALL_CLOSED, "said closed the control connection" } },
	{ "6.5/half-a-test-end-is-no-end R-4.3-1", AT, "", {
		"a: A TEST_BEGIN", "ping", "a: TEST_END[0..46]", "a open", "results", "b: B", "b ended", "a: TEST_END[46..47]",
		"a ended" } },
	ABORTED("one-octet R-7-4", "'x'"),
	ABORTED("line-end-before-test-end R-7-4 R-4.2-2", "=0a TEST_END"),
	ABORTED("second-test-begin R-7-4", "TEST_BEGIN"),
	ABORTED("test-end-of-another R-7-4 R-4.2-4", "TEST_END/B"),
	ABORTED("last-octet-of-cookie-differs R-7-4", "TEST_END/C"),
	ABORTED("test-end-without-cookie R-7-4 R-4.2-4", "'IPERF_TEST_END' =0a"),
	ABORTED("stream-begin R-7-4", "STREAM_BEGIN"),
	ABORTED("request R-7-4", "RESULTS_REQUEST"),
	{ "6.5/same-cookie-again R-6.5-5", AT, "", {
		"a: A TEST_BEGIN", "results", "a: TEST_END", "a ended", "b: A TEST_BEGIN", "results", "b: TEST_END", "b ended" } },
	{ "6.5/late-octets-of-streams-of-an-ended-test R-6.5-4 R-6.5-5", AT, "", {
		"a: A TEST_BEGIN", "s: A STREAM_BEGIN 'abc'", "results s 3 -", "a: TEST_END", "a ended", "s: x*1000", "s ended",
		"b: B TEST_BEGIN/B", "b open", "s: x*1000", "b: TEST_END/B", "b ended" } },
	{ "8.5/no-stream R-8.5-1", AT, "", { "a: A TEST_BEGIN", "results", "a: TEST_END", "a ended", "said SUM" } },
};

/* --- every place ------------------------------------------------------------------------------------------------------------- */

static void expect_begun(uint16_t port, int control, size_t streams)
{
	static struct wire_answer answer;

	wire_ping(false, port);
	wire_ask(false, port, cookie_named('A'), &answer);
	test_assert(answer.answered && answer.results.count == streams, "the opening was not accepted");
	wire_message(control, IPERF_TEST_END, cookie_named('A'));
	wire_ended(control);
	wire_close(control);
}

/* Sends octets in two parts; the server has read the first before the second comes. */
static void send_cut(uint16_t port, int fd, const struct octets *octets, size_t cut)
{
	wire_send(fd, octets->at, cut);
	wire_ping(false, port);
	wire_send(fd, octets->at + cut, octets->length - cut);
}

/* 4.3/opening-cut-at-each-place R-4.3-1 */
static void cut_openings(void **state)
{
	static struct octets begin, stream, request, end;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	static struct wire_answer answer;

	(void)state;
	octets_of(&begin, "A TEST_BEGIN");
	octets_of(&stream, "A STREAM_BEGIN");
	octets_of(&request, "A RESULTS_REQUEST");
	octets_of(&end, "TEST_END");
	for (size_t cut = 1; cut < request.length; cut++) {
		int a = wire_connect(false, port), s, r;

		send_cut(port, a, &begin, cut < begin.length ? cut : 1);
		s = wire_connect(false, port);
		send_cut(port, s, &stream, cut < stream.length ? cut : 1);
		r = wire_connect(false, port);
		send_cut(port, r, &request, cut);
		wire_answer(r, cookie_named('A'), &answer);
		test_assert(answer.answered && answer.results.count == 1, "cut at %zu: not accepted", cut);
		send_cut(port, a, &end, 1 + cut % (end.length - 1));
		wire_ended(a);
		wire_close(a);
		wire_close(s);
		wire_close(r);
	}
	program_stop(server);
}

/* 4.3/closed-at-the-first-wrong-octet R-4.3-3: each opening with each octet behind the preamble made wrong, and nothing
 * behind that octet. */
static void wrong_octets(void **state)
{
	static const char *const openings[] = { "A TEST_BEGIN", "A STREAM_BEGIN", "A RESULTS_REQUEST" };
	static struct octets octets;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");

	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		octets_of(&octets, openings[i]);
		for (size_t at = IPERF_COOKIE_LENGTH; at < octets.length; at++) {
			int fd = wire_connect(false, port);

			octets.at[at] ^= 0x80; /* no keyword has such an octet */
			wire_send(fd, octets.at, at + 1);
			octets.at[at] ^= 0x80;
			wire_ended(fd);
			wire_close(fd);
		}
	}
	wire_served(false, port);
	program_stop(server);
}

/* 7/aborted-at-the-first-wrong-octet R-7-4 R-4.3-3 */
static void wrong_ends(void **state)
{
	static struct octets end;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");

	(void)state;
	octets_of(&end, "TEST_END");
	for (size_t at = 0; at < end.length; at++) {
		int a = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));

		end.at[at] ^= 0x80;
		wire_send(a, end.at, at + 1);
		end.at[at] ^= 0x80;
		wire_ended(a);
		wire_close(a);
		program_said(server, PROGRAM_OUT, "something other than IPERF_TEST_END");
	}
	wire_served(false, port);
	program_stop(server);
}

/* 6.5/next-client-at-the-end-of-the-last R-6.5-5 R-6.5-6: whoever sees its control connection end, finds the server
 * idle. */
static void next_clients(void **state)
{
	static const struct iperf_cookie *cookie;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");

	(void)state;
	for (int i = 0; i < 100; i++) {
		int a;

		cookie = cookie_named("ABCD"[i % 4]);
		a = wire_open(false, port, IPERF_TEST_BEGIN, cookie);
		if (cookie == cookie_named('A')) {
			expect_begun(port, a, 0);
			continue;
		}
		wire_message(a, i % 8 < 4 ? IPERF_TEST_END : IPERF_TEST_BEGIN, cookie);
		wire_ended(a);
		wire_close(a);
		program_said(server, PROGRAM_OUT, i % 8 < 4 ? "the client ended it" : "something other");
	}
	program_stop(server);
}

static void expect_bytes(uint16_t port, size_t streams, uint64_t bytes)
{
	static struct wire_answer answer;

	wire_ask(false, port, cookie_named('A'), &answer);
	test_assert(answer.answered && answer.results.count == streams, "%zu streams are listed, not %zu",
		    answer.results.count, streams);
	test_assert(answer.results.bytes == bytes, "of %" PRIu64 " octets %" PRIu64 " are told", bytes, answer.results.bytes);
}

/* 9.1/what-came-before-a-request-is-told R-9.1-6: on streams that have just been begun, others, and over UDP. */
static void all_is_told(void **state)
{
	static const char octets[10];
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int a = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), udp = wire_udp(false, port), tcp;
	uint64_t bytes = 0;

	(void)state;
	wire_ping(false, port);
	wire_message(udp, IPERF_STREAM_BEGIN, cookie_named('A'));
	for (size_t streams = 2; streams <= 100; streams++) {
		tcp = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
		wire_send(tcp, octets, sizeof octets);
		expect_bytes(port, streams, bytes += sizeof octets);
		wire_send(tcp, octets, sizeof octets);
		wire_send(udp, octets, sizeof octets);
		expect_bytes(port, streams, bytes += 2 * sizeof octets);
	}
	wire_message(a, IPERF_TEST_END, cookie_named('A'));
	wire_ended(a);
	program_stop(server);
}

int main(void)
{
	ROWS_ADD(cookie_rows, script_run_server);
	ROWS_ADD(held_rows, script_run_server);
	ROWS_ADD(overtaking_rows, script_run_server);
	ROWS_ADD(first_rows, script_run_server);
	ROWS_ADD(control_rows, script_run_server);
	test_add("4.3/opening-cut-at-each-place R-4.3-1", cut_openings, NULL);
	test_add("4.3/closed-at-the-first-wrong-octet R-4.3-3 R-4.3-4 R-5.1-6", wrong_octets, NULL);
	test_add("7/aborted-at-the-first-wrong-octet R-7-4 R-4.3-3", wrong_ends, NULL);
	test_add("6.5/next-client-at-the-end-of-the-last R-6.5-5 R-6.5-6", next_clients, NULL);
	test_add("9.1/what-came-before-a-request-is-told R-9.1-6", all_is_told, NULL);
	return TESTS_RUN("ref/server_net");
}
