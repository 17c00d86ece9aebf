/* The client session: TCP streams from the opening of the control connection to its end, and all that a server may do
 * meanwhile. SPEC 5, 6.5, 7, 8.1, 10 and 13.3. The notation is that of client_script_test.h. */
#include "proto/client_script_test.h"

/* One TCP stream, up to each of the states. */
#define TO_BEGIN "streams tcp", "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1"
#define TO_PAYLOAD TO_BEGIN, "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  FLOW"
#define TO_ENDING TO_PAYLOAD, "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1"
#define TO_RESULTS TO_ENDING, "ended 1", "  CLOSE 1", "  OPEN results"
#define TO_ASKED TO_RESULTS, "opened results", "  SEND results A RESULTS_REQUEST"
#define TO_FINISH TO_ASKED, "results: ANSWER{tcp 50001 3 +}", "ended results", "  CLOSE results", \
	"  SEND control TEST_END", "  HALF_CLOSE control"

static const struct script_row rows[] = {
	/* --- tests that go well ---------------------------------------------------------------------------------- */
	{ "13.3/one-stream R-7-1 R-7-3 R-8.1-1 R-8.1-2 R-8.1-3 R-8.1-6 R-9.1-1 R-9.3-1 R-6.5-7 R-6.5-8", AT, {
	    TO_FINISH,
	    "listing", "  answered, 1 streams, 3 bytes",
	    "ended control", "  CLOSE control", "  OVER OK",
	    "outcome", "  OK : ",
	    "state", "  DONE" } },
	{ "13.3/three-streams R-5.1-7 R-5.1-8 R-7-2", AT, {
	    "streams tcp tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  OPEN 3",
	    "state", "  BEGIN",
	    "opened 3 50003", "  SEND 3 A STREAM_BEGIN", "  FLOW",
	    "state", "  PAYLOAD",
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1", "  SEND 2 STREAM_END", "  HALF_CLOSE 2",
	    "  SEND 3 STREAM_END",
	    "  HALF_CLOSE 3",
	    "state", "  ENDING",
	    "ended 2", "  CLOSE 2",
	    "ended 1", "  CLOSE 1",
	    "state", "  ENDING",
	    "ended 3", "  CLOSE 3", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 1 +; tcp 50002 2 +; tcp 50003 3 +}",
	    "state", "  RESULTS",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "state", "  FINISH",
	    "ended control", "  CLOSE control", "  OVER OK" } },
	{ "13.3/no-stream R-8.5-1 R-9.3-1", AT, {
	    "streams",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER OK" } },
	{ "13.3/payload-over-comes-once R-8.1-2", AT, {
	    TO_PAYLOAD,
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1",
	    "over",
	    "ended 1", "  CLOSE 1", "  OPEN results",
	    "over",
	    "state", "  RESULTS" } },
	{ "13.3/payload-has-no-limit-of-time R-10-6", AT, {
	    TO_PAYLOAD,
	    "deadline", "  none",
	    "+86400", "timer",
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1" } },

	/* --- the control connection cannot be opened ------------------------------------------------------------- */
	{ "13.3/refused R-5.2-4", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "failed control Connection refused", "  CLOSE control", "  OVER REFUSED",
	    "outcome", "  REFUSED : the control connection could not be opened: Connection refused",
	    "deadline", "  none" } },
	{ "10/control-does-not-open R-10-7", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "deadline", "  in 10",
	    "+9.9", "timer",
	    "+0.1", "timer", "  CLOSE control", "  OVER TIMEOUT R-10-7",
	    "opened control",
	    "outcome", "  TIMEOUT R-10-7: the control connection did not open in time" } },
	{ "10/t-results-is-settable R-10-4", AT, {
	    "streams tcp",
	    "config results=3",
	    "start", "  OPEN control",
	    "deadline", "  in 3" } },

	/* --- rejection and abort --------------------------------------------------------------------------------- */
	{ "5.2/rejected-at-once R-5.2-5 R-5.2-6 R-5.2-7", AT, {
	    TO_BEGIN,
	    "+0.002",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER REJECTED R-5.2-5",
	    "outcome", "  REJECTED R-5.2-5: the server closed the control connection 2.0 ms after IPERF_TEST_BEGIN",
	    "deadline", "  none" } },
	{ "5.2/rejected-during-payload R-5.2-7", AT, {
	    TO_PAYLOAD,
	    "+0.1",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER REJECTED R-5.2-5" } },
	{ "5.2/rejected-at-t-reject R-5.2-7", AT, {
	    TO_PAYLOAD,
	    "+0.5",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER REJECTED R-5.2-5" } },
	{ "5.2/aborted-behind-t-reject R-5.2-7 R-5.2-8", AT, {
	    TO_PAYLOAD,
	    "+0.500000001",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8",
	    "outcome", "  ABORTED R-5.2-8: the server ended the control connection 500.0 ms after IPERF_TEST_BEGIN" } },
	{ "5.2/t-reject-is-settable R-5.2-7 R-10-4", AT, {
	    "streams",
	    "config reject=0",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN results",
	    "+0.001",
	    "ended control", "  CLOSE results", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },
	{ "5.2/t-reject-and-the-time-of-opening R-5.2-7", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "+2",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "+2.5",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER REJECTED R-5.2-5" } },
	{ "5.2/t-reject-and-no-more R-5.2-7", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "+2",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "+2.51",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },
	{ "5.2/aborted-after-a-response R-5.2-7", AT, {
	    "streams udp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 STREAM_BEGIN", "  SEND 1 STREAM_BEGIN", "  SEND 1 STREAM_BEGIN",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 0 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "+0.1",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },
	{ "5.2/rejected-before-the-response-is-whole R-5.2-7", AT, {
	    TO_ASKED,
	    "results: RESULTS_RESPONSE ' {'",
	    "ended control", "  CLOSE results", "  CLOSE control", "  OVER REJECTED R-5.2-5" } },
	{ "5.2/aborted-in-every-state-begin R-5.2-8", AT, {
	    TO_BEGIN, "+1",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8",
	    "opened 1 50001" } },
	{ "5.2/aborted-in-every-state-ending R-5.2-8", AT, {
	    TO_ENDING, "+1",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },
	{ "5.2/aborted-in-every-state-results R-5.2-8", AT, {
	    TO_ASKED, "+1",
	    "ended control", "  CLOSE results", "  CLOSE control", "  OVER ABORTED R-5.2-8" } },
	{ "5.2/rejection-is-worse-than-a-lost-stream R-5.2-5", AT, {
	    TO_PAYLOAD,
	    "ended 1", "  CLOSE 1", "  HALT",
	    "ended control", "  CLOSE control", "  OVER REJECTED R-5.2-5" } },
	{ "5.2/nothing-is-said-twice R-5.2-4", AT, {
	    TO_PAYLOAD,
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER REJECTED R-5.2-5",
	    "ended control",
	    "ended 1",
	    "ended results",
	    "failed 1 x",
	    "control: 'x'",
	    "results: 'x'",
	    "over",
	    "stop",
	    "timer" } },

	/* --- streams that fail ----------------------------------------------------------------------------------- */
	{ "13.3/stream-refused R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed 1 Connection refused", "  OPEN 2",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  FLOW",
	    "over", "  SEND 2 STREAM_END", "  HALF_CLOSE 2",
	    "ended 2", "  CLOSE 2", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50002 3 +}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER STREAM_LOST R-8.1-7",
	    "outcome", "  STREAM_LOST R-8.1-7: stream 1 could not be opened: Connection refused" } },
	{ "13.3/all-streams-refused R-9.3-1", AT, {
	    TO_BEGIN,
	    "failed 1 Connection refused", "  OPEN results",
	    "state", "  RESULTS" } },
	{ "10/stream-does-not-open R-10-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "+5",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "+5",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "deadline", "  in 10",
	    "wait", "  CLOSE 2", "  FLOW",
	    "outcome", "  STREAM_LOST R-8.1-7: stream 2 could not be opened: it did not open in time" } },
	{ "13.3/stream-lost-while-others-open R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "ended 1", "  CLOSE 1",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  FLOW",
	    "over", "  SEND 2 STREAM_END", "  HALF_CLOSE 2",
	    "outcome", "  STREAM_LOST R-8.1-7: the server ended the connection of stream 1" } },
	{ "13.3/one-stream-lost-of-two R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  FLOW",
	    "ended 2", "  CLOSE 2",
	    "ended 2",
	    "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1",
	    "ended 1", "  CLOSE 1", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 3 +; tcp 50002 2 -}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER STREAM_LOST R-8.1-7",
	    "outcome", "  STREAM_LOST R-8.1-7: the server ended the connection of stream 2" } },
	{ "13.3/all-streams-lost-halts R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "opened 2 50002", "  SEND 2 A STREAM_BEGIN", "  FLOW",
	    "ended 1", "  CLOSE 1",
	    "ended 2", "  CLOSE 2", "  HALT",
	    "over", "  OPEN results",
	    "state", "  RESULTS" } },
	{ "13.3/all-streams-lost-before-payload R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "ended 1", "  CLOSE 1",
	    "failed 2 Connection reset", "  OPEN results" } },
	{ "13.3/first-reason-is-kept R-8.1-7", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed 1 Connection refused", "  OPEN 2",
	    "failed 2 No route to host", "  OPEN results",
	    "outcome", "  STREAM_LOST R-8.1-7: stream 1 could not be opened: Connection refused" } },

	/* --- waits that end by T_results ------------------------------------------------------------------------- */
	{ "10/streams-are-not-ended R-8.1-6", AT, {
	    TO_ENDING,
	    "ended results",
	    "+9.9", "timer",
	    "+0.1", "timer", "  OPEN results",
	    "outcome", "  TIMEOUT R-8.1-6: the server did not end its side of every TCP stream in time",
	    "ended 1", "  CLOSE 1",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 3 +}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER TIMEOUT R-8.1-6" } },
	{ "10/stream-is-never-ended R-8.1-6", AT, {
	    TO_ENDING,
	    "+10", "timer", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 3 +}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER TIMEOUT R-8.1-6" } },
	{ "10/results-do-not-open R-9.3-5 R-9.3-3 R-10-6 R-10-7", AT, {
	    TO_RESULTS,
	    "deadline", "  in 10",
	    "wait", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "opened results",
	    "ended control", "  CLOSE control", "  OVER TIMEOUT R-9.3-5",
	    "outcome", "  TIMEOUT R-9.3-5: no results response in time" } },
	{ "10/no-answer R-9.3-5 R-9.3-3 R-10-6", AT, {
	    TO_ASKED,
	    "deadline", "  in 10",
	    "wait", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER TIMEOUT R-9.3-5" } },
	{ "10/half-an-answer R-9.3-5 R-10-6", AT, {
	    TO_ASKED,
	    "+9",
	    "results: RESULTS_RESPONSE ' {'",
	    "deadline", "  in 1",
	    "wait", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "results: '}'",
	    "ended results",
	    "ended control", "  CLOSE control", "  OVER TIMEOUT R-9.3-5" } },
	{ "10/control-is-not-ended R-6.5-8", AT, {
	    TO_FINISH,
	    "deadline", "  in 10",
	    "wait", "  CLOSE control", "  OVER TIMEOUT R-6.5-8",
	    "outcome", "  TIMEOUT R-6.5-8: the server did not end the control connection in time" } },
	{ "10/each-wait-has-its-own-t-results R-10-6", AT, {
	    TO_ENDING,
	    "+9",
	    "ended 1", "  CLOSE 1", "  OPEN results",
	    "deadline", "  in 10",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "deadline", "  in 10",
	    "+9",
	    "results: ANSWER{tcp 50001 3 +}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "deadline", "  in 10" } },

	/* --- octets where none may be ---------------------------------------------------------------------------- */
	{ "5.2/octets-on-control R-5.2-1", AT, {
	    TO_PAYLOAD,
	    "control: 'x'",
	    "state", "  PAYLOAD",
	    "outcome", "  MALFORMED R-5.2-1: the server sent octets on the control connection" } },
	{ "5.2/octets-on-control-to-the-end R-5.2-1", AT, {
	    TO_FINISH,
	    "control: 'bye'",
	    "ended control", "  CLOSE control", "  OVER MALFORMED R-5.2-1" } },
	{ "5.2/octets-on-a-stream R-5.2-1", AT, {
	    TO_PAYLOAD,
	    "1: 'x'",
	    "outcome", "  MALFORMED R-5.2-1: the server sent octets on a stream connection" } },
	{ "5.2/no-octets-are-no-octets R-5.2-1", AT, {
	    TO_PAYLOAD,
	    "1:",
	    "control:",
	    "outcome", "  OK : " } },

	/* --- the user stops -------------------------------------------------------------------------------------- */
	{ "7/stop-in-start R-7-5", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "stop", "  CLOSE control", "  OVER INTERRUPTED R-7-5",
	    "outcome", "  INTERRUPTED R-7-5: interrupted" } },
	{ "7/stop-in-begin R-7-5", AT, {
	    "streams tcp tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  OPEN 2",
	    "stop", "  CLOSE 1", "  CLOSE 2", "  CLOSE control", "  OVER INTERRUPTED R-7-5" } },
	{ "7/stop-in-payload R-7-5", AT, {
	    TO_PAYLOAD,
	    "stop", "  CLOSE 1", "  CLOSE control", "  OVER INTERRUPTED R-7-5",
	    "over" } },
	{ "7/stop-in-ending R-7-5", AT, {
	    TO_ENDING,
	    "stop", "  CLOSE 1", "  CLOSE control", "  OVER INTERRUPTED R-7-5" } },
	{ "7/stop-in-results R-7-5", AT, {
	    TO_ASKED,
	    "stop", "  CLOSE results", "  CLOSE control", "  OVER INTERRUPTED R-7-5" } },
	{ "7/stop-in-finish R-7-5", AT, {
	    TO_FINISH,
	    "stop", "  CLOSE control", "  OVER INTERRUPTED R-7-5" } },
	{ "7/stop-is-worse-than-all R-7-5", AT, {
	    TO_PAYLOAD,
	    "control: 'x'",
	    "stop", "  CLOSE 1", "  CLOSE control", "  OVER INTERRUPTED R-7-5",
	    "stop" } },

	/* --- which outcome is kept ------------------------------------------------------------------------------- */
	{ "13.3/malformed-is-worse-than-timeout R-9.3-2", AT, {
	    TO_ENDING,
	    "+10", "timer", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: 'x'", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE 1", "  CLOSE control", "  OVER MALFORMED R-9.3-2" } },
	{ "13.3/what-is-not-awaited-changes-nothing", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "ended control", "failed 1 x", "failed results x", "ended results", "state", "  START",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed control x", "state", "  BEGIN",
	    "failed results x", "ended results", "state", "  BEGIN",
	    "opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  FLOW" } },
	{ "13.3/timeout-is-worse-than-incomplete R-6.5-8", AT, {
	    TO_ASKED,
	    "results: ANSWER{tcp 50001 3 -}",
	    "ended results", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "outcome", "  INCOMPLETE R-8.4-7: the server has 0 of 1 streams complete",
	    "wait", "  CLOSE control", "  OVER TIMEOUT R-6.5-8" } },
	{ "13.3/timeout-is-not-less-than-a-lost-stream R-6.5-8", AT, {
	    "streams tcp",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "failed 1 Connection refused", "  OPEN results",
	    "wait", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER TIMEOUT R-9.3-5" } },
};

/* --- defaults ---------------------------------------------------------------------------------------------------- */

static void defaults(void **state)
{
	struct iperf_client_config config;

	(void)state;
	memset(&config, 0xaa, sizeof config);
	iperf_client_defaults(&config);
	assert_int_equal(config.t_results_ns, INT64_C(10000000000));
	assert_int_equal(config.t_reject_ns, INT64_C(500000000));
	assert_int_equal(config.again_ns, INT64_C(50000000));
	assert_null(config.streams);
	assert_int_equal(config.stream_count, 0);
	assert_null(config.results.streams);
	assert_null(config.text);
	assert_true(config.decide == NULL);
}

int main(void)
{
	ROWS_ADD(rows, run_client_script);
	test_add("10/client-defaults R-10-4", defaults, NULL);
	return tests_run("client");
}
