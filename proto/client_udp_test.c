/* The client session: UDP streams, and what a client does about loss. SPEC 8.4, 9.3 and 13.3. The notation is that of
 * client_script_test.h. */
#include "proto/client_script_test.h"

#define THREE_BEGINS(n) "  SEND " n " STREAM_BEGIN", "  SEND " n " STREAM_BEGIN", "  SEND " n " STREAM_BEGIN"

/* One UDP stream, up to each of the states. */
#define TO_CONFIRM "streams udp", "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", \
	"  OPEN 1", "opened 1 50001", THREE_BEGINS("1"), "  OPEN results"
#define TO_ASKED TO_CONFIRM, "opened results", "  SEND results A RESULTS_REQUEST"
#define TO_PAYLOAD TO_ASKED, "results: ANSWER{udp 50001 0 -}", "ended results", "  CLOSE results", "  FLOW"
#define TO_RESULTS TO_PAYLOAD, "over", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END", "wait", \
	"  SEND 1 STREAM_END", "  OPEN results", "opened results", "  SEND results A RESULTS_REQUEST"
#define TEST_ENDS "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control"

/* Two UDP streams, asked for. */
#define TWO_ASKED "streams udp udp", "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", \
	"  OPEN 1", "opened 1 50001", THREE_BEGINS("1"), "  OPEN 2", "opened 2 50002", THREE_BEGINS("2"), \
	"  OPEN results", "opened results", "  SEND results A RESULTS_REQUEST"
#define TWO_RESULTS TWO_ASKED, "results: ANSWER{udp 50001 0 -; udp 50002 0 -}", "ended results", "  CLOSE results", \
	"  FLOW", "over", "  SEND 1 STREAM_END", "  SEND 2 STREAM_END", "wait", "  SEND 1 STREAM_END", \
	"  SEND 2 STREAM_END", "wait", "  SEND 1 STREAM_END", "  SEND 2 STREAM_END", "  OPEN results", \
	"opened results", "  SEND results A RESULTS_REQUEST"

static const struct script_row rows[] = {
	{ "8.4/one-stream R-8.4-1 R-8.4-2 R-8.4-3 R-5.1-8", AT, {
	    TO_PAYLOAD,
	    "state", "  PAYLOAD",
	    "over", "  SEND 1 STREAM_END",
	    "state", "  ENDING",
	    "deadline", "  in 0.02",
	    "wait", "  SEND 1 STREAM_END",
	    "deadline", "  in 0.02",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 10 +}",
	    "ended results", TEST_ENDS,
	    "listing", "  answered, 1 streams, 10 bytes",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER OK" } },
	{ "8.4/tcp-and-udp R-8.5-2 R-8.1-6 R-8.4-2", AT, {
	    "streams udp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", THREE_BEGINS("1"), "  OPEN 2",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -; tcp 50002 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 2 STREAM_END", "  HALF_CLOSE 2", "  SEND 1 STREAM_END",
	    "ended 2", "  CLOSE 2",
	    "wait", "  SEND 1 STREAM_END",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 5 +; tcp 50002 7 +}",
	    "ended results", TEST_ENDS,
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER OK" } },
	{ "8.4/tcp-ends-later-than-udp R-8.1-6", AT, {
	    "streams tcp udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", THREE_BEGINS("2"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 0 -; udp 50002 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1", "  SEND 2 STREAM_END",
	    "wait", "  SEND 2 STREAM_END",
	    "wait", "  SEND 2 STREAM_END",
	    "state", "  ENDING",
	    "+5", "timer",
	    "ended 1", "  CLOSE 1", "  OPEN results" } },
	{ "8.4/stream-ends-when-the-timer-is-late R-8.4-2", AT, {
	    TO_PAYLOAD,
	    "over", "  SEND 1 STREAM_END",
	    "+0.0099", "timer",
	    "+0.1", "timer", "  SEND 1 STREAM_END",
	    "deadline", "  in 0.02",
	    "+0.1", "timer", "  SEND 1 STREAM_END", "  OPEN results" } },
	{ "8.4/stream-ends-in-a-short-t-results R-8.4-2 R-10-4", AT, {
	    "streams udp",
	    "config results=0.03 again=0.1",
	    "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", THREE_BEGINS("1"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}", "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 1 STREAM_END",
	    "wait", "  SEND 1 STREAM_END",
	    "+0.010", "timer",
	    "state", "  ENDING",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "outcome", "  OK : " } },
	{ "8.4/tcp-is-given-up-before-the-third-stream-end R-8.1-6 R-8.4-2", AT, {
	    "streams tcp udp",
	    "config results=0.03",
	    "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", THREE_BEGINS("2"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 0 -; udp 50002 0 -}", "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1", "  SEND 2 STREAM_END",
	    "wait", "  SEND 2 STREAM_END",
	    "+0.010", "timer",
	    "outcome", "  TIMEOUT R-8.1-6: the server did not end its side of every TCP stream in time",
	    "wait", "  SEND 2 STREAM_END", "  OPEN results" } },

	/* --- CONFIRM: before the payload ------------------------------------------------------------------------- */
	{ "8.4/unlisted-stream-is-begun-again R-8.4-4 R-9.3-6", AT, {
	    TO_ASKED,
	    "results: ANSWER{}",
	    "ended results", "  CLOSE results",
	    "state", "  CONFIRM",
	    "deadline", "  in 0.05",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "outcome", "  OK : " } },
	{ "8.4/only-the-unlisted-stream-is-begun-again R-8.4-4", AT, {
	    TWO_ASKED,
	    "results: ANSWER{udp 50002 0 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results" } },
	{ "8.4/translated-ports-are-counted R-8.4-4", AT, {
	    TWO_ASKED,
	    "results: ANSWER{udp 777 0 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_BEGIN", "  SEND 2 STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 777 0 -; udp 778 0 -}",
	    "ended results", "  CLOSE results", "  FLOW" } },
	{ "8.4/tcp-stream-of-the-same-port-is-another R-8.4-4", AT, {
	    "streams tcp udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50001", THREE_BEGINS("2"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 0 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 2 STREAM_BEGIN", "  OPEN results" } },
	{ "8.4/lost-stream-is-not-waited-for R-8.4-4 R-8.1-7", AT, {
	    "streams tcp udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", THREE_BEGINS("2"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "ended 1", "  CLOSE 1", /* one stream too many for the server, say: it will never be listed */
	    "results: ANSWER{udp 50002 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "outcome", "  STREAM_LOST R-8.1-7: the server ended the connection of stream 1" } },
	{ "8.4/unlisted-to-the-end R-8.4-4 R-8.4-7", AT, {
	    TO_ASKED,
	    "+9.99",
	    "results: ANSWER{}",
	    "ended results", "  CLOSE results",
	    "deadline", "  in 0.01",
	    "wait", "  FLOW",
	    "outcome", "  INCOMPLETE R-8.4-7: the server lists 0 of 1 streams" } },
	{ "8.4/t-results-is-not-moved-by-a-later-request R-9.3-5 R-8.4-6", AT, {
	    TO_ASKED,
	    "+6",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results",
	    "deadline", "  in 3.95",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "deadline", "  in 3.95" } },
	{ "8.4/request-overtakes-test-begin R-8.4-6", AT, {
	    TO_ASKED,
	    "ended results", "  CLOSE results",
	    "deadline", "  in 0.05",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}",
	    "ended results", "  CLOSE results", "  FLOW" } },
	{ "8.4/results-refused-is-asked-again R-8.4-6", AT, {
	    TO_CONFIRM,
	    "failed results Connection refused",
	    "deadline", "  in 0.05",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results" } },
	{ "8.4/never-answered-before-payload R-9.3-5 R-9.3-3", AT, {
	    TO_ASKED,
	    "wait", "  CLOSE results", "  FLOW",
	    "outcome", "  TIMEOUT R-9.3-5: no results response in time",
	    "over", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 4 +}",
	    "ended results", TEST_ENDS,
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER TIMEOUT R-9.3-5" } },
	{ "8.4/malformed-before-payload R-9.3-2 R-9.3-3", AT, {
	    TO_ASKED,
	    "results: 'HTTP/1.1 400'", "  CLOSE results", "  FLOW",
	    "outcome", "  MALFORMED R-9.3-2: malformed response: expected 'I' of IPERF_RESULTS_RESPONSE at octet 0",
	    "over", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 4 +}",
	    "ended results", TEST_ENDS,
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER MALFORMED R-9.3-2" } },
	{ "8.4/socket-cannot-be-opened R-8.4-7", AT, {
	    "streams udp udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed 1 Too many open files", "  OPEN 2",
	    "opened 2 50002", THREE_BEGINS("2"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50002 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 2 STREAM_END", "wait", "  SEND 2 STREAM_END", "wait", "  SEND 2 STREAM_END",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50002 0 +}",
	    "ended results", TEST_ENDS,
	    "ended control", "  CLOSE 2", "  CLOSE control", "  OVER STREAM_LOST R-8.1-7" } },
	{ "8.4/no-socket-can-be-opened", AT, {
	    "streams udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed 1 Too many open files", "  OPEN results",
	    "state", "  RESULTS" } },
	{ "8.4/stop-in-confirm R-7-5", AT, {
	    TO_ASKED,
	    "stop", "  CLOSE results", "  CLOSE 1", "  CLOSE control", "  OVER INTERRUPTED R-7-5" } },
	{ "8.4/stop-between-requests R-7-5", AT, {
	    TO_ASKED,
	    "ended results", "  CLOSE results",
	    "stop", "  CLOSE 1", "  CLOSE control", "  OVER INTERRUPTED R-7-5",
	    "deadline", "  none" } },
	{ "8.4/aborted-in-confirm R-5.2-8", AT, {
	    TO_ASKED,
	    "+1",
	    "ended control", "  CLOSE results", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },

	/* --- RESULTS: after the payload -------------------------------------------------------------------------- */
	{ "8.4/incomplete-stream-is-ended-again R-8.4-5 R-9.3-6", AT, {
	    TO_RESULTS,
	    "results: ANSWER{udp 50001 10 -}",
	    "ended results", "  CLOSE results",
	    "deadline", "  in 0.05",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 11 +}",
	    "ended results", TEST_ENDS,
	    "listing", "  answered, 1 streams, 11 bytes",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER OK" } },
	{ "8.4/only-the-incomplete-stream-is-ended-again R-8.4-5", AT, {
	    TWO_RESULTS,
	    "results: ANSWER{udp 50001 10 -; udp 50002 10 +}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 10 +; udp 50002 10 +}",
	    "ended results", TEST_ENDS } },
	{ "8.4/translated-ports-are-ended-again R-8.4-5", AT, {
	    TWO_RESULTS,
	    "results: ANSWER{udp 777 10 +; udp 778 10 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_END", "  SEND 2 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 777 10 +; udp 778 10 +}",
	    "ended results", TEST_ENDS,
	    "outcome", "  OK : " } },
	{ "8.4/incomplete-to-the-end R-8.4-5 R-8.4-7", AT, {
	    TO_RESULTS,
	    "+9.98",
	    "results: ANSWER{udp 50001 10 -}",
	    "ended results", "  CLOSE results",
	    "deadline", "  in 0.02",
	    "wait", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "outcome", "  INCOMPLETE R-8.4-7: the server has 0 of 1 streams complete",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER INCOMPLETE R-8.4-7" } },
	{ "8.4/unlisted-in-the-end R-8.4-5 R-8.4-7", AT, {
	    TWO_RESULTS,
	    "results: ANSWER{udp 50002 10 +}",
	    "ended results", "  CLOSE results",
	    "+10", "timer", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "outcome", "  INCOMPLETE R-8.4-7: the server lists 1 of 2 streams" } },
	{ "8.4/closed-unanswered-in-the-end R-8.4-6", AT, {
	    TO_RESULTS,
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 10 +}",
	    "ended results", TEST_ENDS } },
	{ "8.4/answered-before-but-not-again R-9.3-5", AT, {
	    TO_RESULTS,
	    "listing", "  not answered, 1 streams, 0 bytes",
	    "wait", TEST_ENDS,
	    "outcome", "  TIMEOUT R-9.3-5: no results response in time" } },
	{ "8.4/half-answered-again-in-time R-9.3-5 R-8.4-7", AT, {
	    TO_RESULTS,
	    "results: ANSWER{udp 50001 10 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: RESULTS_RESPONSE",
	    "+10", "timer", TEST_ENDS,
	    "outcome", "  INCOMPLETE R-8.4-7: the server has 0 of 1 streams complete" } },
	{ "8.4/malformed-after-an-incomplete-answer R-9.3-2 R-9.3-3", AT, {
	    TO_RESULTS,
	    "results: ANSWER{udp 50001 10 -}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: RESULTS_RESPONSE ' {\"streams\":[],\"bytes\":1}'",
	    "ended results", TEST_ENDS,
	    "listing", "  not answered, 0 streams, 0 bytes",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER MALFORMED R-9.3-2" } },
	{ "8.4/short-pause-is-not-too-short R-8.4-2 R-9.3-6", AT, {
	    "streams udp",
	    "config again=0.001",
	    "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", THREE_BEGINS("1"), "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{}",
	    "ended results", "  CLOSE results",
	    "wait", "  SEND 1 STREAM_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "over", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}",
	    "ended results", "  CLOSE results",
	    "+0.0099", "timer",
	    "wait", "  SEND 1 STREAM_END", "  OPEN results" } },

	/* --- what a server cannot do on UDP ---------------------------------------------------------------------- */
	{ "8.3/datagram-from-the-server R-8.3-8", AT, {
	    TO_PAYLOAD,
	    "1: 'x'",
	    "state", "  PAYLOAD",
	    "over", "  SEND 1 STREAM_END" } },
	{ "8.3/udp-stream-does-not-end", AT, {
	    TO_PAYLOAD,
	    "ended 1",
	    "state", "  PAYLOAD",
	    "outcome", "  OK : " } },
};

int main(void)
{
	ROWS_ADD(rows, run_client_script);
	return tests_run("client_udp");
}
