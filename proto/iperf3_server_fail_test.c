/* The server session of the iperf3 profile: what it refuses, errors, ends and timers. SPEC 22.3, 22.4, 24, 29, 31,
 * 32. The notation is that of iperf3_server_script_test.h. */
#include "proto/iperf3_server_script_test.h"

#define TAKEN "a connect", "a: A", "  TAKE a R-23-1", "  SEND a PARAM_EXCHANGE R-23-1"
#define CREATED(json) TAKEN, "a: P" json, "  SEND a CREATE_STREAMS R-23-3"
#define RUN "  SEND a TEST_START TEST_RUNNING R-23-5", "  RUN R-23-5"
#define FLOWING_WITH(json) CREATED(json), "s connect", "s: A", "  STREAM s 1 receives R-25-7", RUN
#define FLOWING FLOWING_WITH("{}")
#define ENDED FLOWING, "a: TEST_END", "  HALT R-23-9", "  SEND a EXCHANGE_RESULTS R-23-9"
#define DISPLAYED ENDED, "a: R(1)", "  MEASURE R-23-11", "  SEND a -1 (1) DISPLAY_RESULTS R-23-12"
#define FAILED(number, state, why) \
	"  RELEASE FAILED " state " " why, "  SEND a SERVER_ERROR " number " R-29-1", "  END a " why
#define NEXT "b connect", "b: B", "  TAKE b R-23-1", "  SEND b PARAM_EXCHANGE R-23-1"
#define GONE(state, how) "a " how, "  RELEASE " state " R-29-9", "  CLOSE a R-29-9"

static const struct script_row text_rows[] = {
	{ "22.4/no-json R-22.4-5 R-23-18", AT, {
	    TAKEN, "a: =00000003 'abc'", FAILED("114 0", "PARAMETERS", "R-22.4-5"), NEXT, "a eof",
	    "  CLOSE a R-23-16" } },
	{ "22.4/length-0 R-22.4-5", AT, { TAKEN, "a: =00000000", FAILED("114 0", "PARAMETERS", "R-22.4-5"), NEXT } },
	{ "22.4/too-long R-22.4-6 R-32-1", AT, {
	    TAKEN, "a: =00002001", FAILED("114 0", "PARAMETERS", "R-22.4-6"), "a: x*9000", NEXT } },
	{ "22.4/much-too-long R-22.4-6 R-32-1", AT, {
	    TAKEN, "a: =ffffffff", FAILED("114 0", "PARAMETERS", "R-22.4-6"), NEXT } },
	{ "24/as-long-as-allowed R-24-4", AT, {
	    TAKEN, "a: =00002000 '{' =22 x*8185 =22 ':1' =20 '}'",
	    "  SEND a CREATE_STREAMS R-23-3" } },
	{ "22.4/cut-short R-22.4-5", AT, {
	    TAKEN, "a: P{'time':1}[0..9]", "a eof", "  RELEASE FAILED PARAMETERS R-22.4-5",
	    "  SEND a SERVER_ERROR 114 0 R-29-1", "  CLOSE a R-22.4-5", NEXT } },
	{ "22.4/length-cut-short R-22.4-5", AT, {
	    TAKEN, "a: =000000", "a eof", "  RELEASE FAILED PARAMETERS R-22.4-5",
	    "  SEND a SERVER_ERROR 114 0 R-29-1", "  CLOSE a R-22.4-5", NEXT } },
	{ "22.4/no-parameters R-29-9", AT, { TAKEN, GONE("EOF PARAMETERS", "eof"), NEXT } },
	{ "31/silence-in-place-of-parameters R-31-1", AT, {
	    TAKEN, "deadline", "  in 10", "wait", FAILED("114 0", "PARAMETERS", "R-31-1"), NEXT } },
	{ "24/parameters-beyond-the-room R-32-1", AT, {
	    "config text=300", TAKEN, "a: =0000012d", FAILED("114 0", "PARAMETERS", "R-22.4-6"), NEXT } },
	{ "24/parameters-fill-the-room R-32-1", AT, {
	    "config text=300", TAKEN, "a: =0000012c", "deadline", "  in 10" } },
	{ "28/results-beyond-the-room R-32-1", AT, {
	    "config text=300", ENDED, "a: =0000012d", FAILED("117 0", "RESULTS", "R-32-1"), "  CLOSE s R-32-1" } },
	{ "31/parameters-come-slowly R-31-1", AT, {
	    TAKEN, "a: P{}[0..2]", "+6", "a: P{}[2..4]", "deadline", "  in 4", "wait",
	    FAILED("114 0", "PARAMETERS", "R-31-1"), NEXT } },
	{ "22.4/results-no-json R-22.4-5", AT, {
	    ENDED, "a: =00000002 '{}'", FAILED("117 0", "RESULTS", "R-28-4"), "  CLOSE s R-28-4", NEXT } },
	{ "22.4/results-of-length-0 R-22.4-5", AT, {
	    ENDED, "a: =00000000", FAILED("117 0", "RESULTS", "R-22.4-5"), "  CLOSE s R-22.4-5" } },
	{ "32/results-too-long R-32-1", AT, {
	    ENDED, "a: =00100001", FAILED("117 0", "RESULTS", "R-32-1"), "  CLOSE s R-32-1" } },
	{ "22.4/results-cut-short R-22.4-5", AT, {
	    ENDED, "a: R(1)[0..30]", "a eof", "  RELEASE FAILED RESULTS R-22.4-5",
	    "  SEND a SERVER_ERROR 117 0 R-29-1", "  CLOSE a R-22.4-5", "  CLOSE s R-22.4-5", NEXT } },
	{ "28/unknown-stream R-28-5", AT, {
	    ENDED, "a: R(1 3)", FAILED("208 0", "RESULTS", "R-28-5"), "  CLOSE s R-28-5", NEXT } },
	{ "28/stream-2 R-28-5", AT, { ENDED, "a: R(2)", FAILED("208 0", "RESULTS", "R-28-5"), "  CLOSE s R-28-5" } },
	{ "28/own-results-have-no-room R-28-1", AT, {
	    "config text=150", ENDED, "a: R()", "  MEASURE R-23-11", FAILED("117 0", "DISPLAYED", "R-28-1"),
	    "  CLOSE s R-28-1", NEXT } },
	{ "28/missing-stream R-28-6", AT, {
	    ENDED, "a: R()", "  MEASURE R-23-11", "  SEND a -1 (1) DISPLAY_RESULTS R-23-12", "peer", "  0 streams" } },
	{ "31/silence-in-place-of-results R-31-1", AT, {
	    ENDED, "deadline", "  in 10", "wait", FAILED("117 0", "RESULTS", "R-31-1"), "  CLOSE s R-31-1", NEXT } },
};

#define REFUSED(json, number, why) TAKEN, "a: P" json, FAILED(number, "PARAMETERS", why), NEXT

static const struct script_row parameter_rows[] = {
	{ "24/nothing R-24-3", AT, { FLOWING } },
	{ "24/other-keys R-22.4-2 R-22.4-3", AT, { CREATED("{ 'nothing' : [ 1, {} ], 'time' : 1 }") } },
	{ "24/len-0 R-24-5", AT, { REFUSED("{'len':0}", "200 22", "R-24-5") } },
	{ "24/len-negative R-24-5", AT, { REFUSED("{'len':-1}", "200 22", "R-24-5") } },
	{ "24/len-1-MiB R-24-5", AT, { CREATED("{'len':1048576}") } },
	{ "24/len-too-large R-24-5", AT, { REFUSED("{'len':1048577}", "200 22", "R-24-5") } },
	{ "24/len-2^40 R-24-5", AT, { REFUSED("{'len':1099511627776}", "200 22", "R-24-5") } },
	{ "24/udp-len-of-a-header R-24-5", AT, { CREATED("{'udp':true,'len':12}") } },
	{ "24/udp-len-below R-24-5", AT, { REFUSED("{'udp':true,'len':11}", "200 22", "R-24-5") } },
	{ "24/udp-len-of-a-longer-header R-24-5", AT, { CREATED("{'udp':true,'len':16,'udp_counters_64bit':1}") } },
	{ "24/udp-len-below-that R-24-5", AT, {
	    REFUSED("{'udp':true,'len':15,'udp_counters_64bit':1}", "200 22", "R-24-5") } },
	{ "24/udp-len-largest R-24-5", AT, { CREATED("{'udp':true,'len':65507}") } },
	{ "24/udp-len-larger R-24-5", AT, { REFUSED("{'udp':true,'len':65508}", "200 22", "R-24-5") } },
	{ "24/udp-without-len R-24-3 R-24-5", AT, { REFUSED("{'udp':true}", "200 22", "R-24-5") } },
	{ "24/parallel-0 R-24-5", AT, { REFUSED("{'parallel':0}", "200 22", "R-24-5") } },
	{ "24/parallel-negative R-24-5", AT, { REFUSED("{'parallel':-1}", "200 22", "R-24-5") } },
	{ "32/parallel-128 R-32-2", AT, { CREATED("{'parallel':128,'bidirectional':true}") } },
	{ "32/parallel-129 R-32-2", AT, { REFUSED("{'parallel':129}", "200 22", "R-32-2") } },
	{ "32/parallel-huge R-32-2", AT, { REFUSED("{'parallel':9223372036854775807}", "200 22", "R-32-2") } },
	{ "24/negative-time R-24-6", AT, { REFUSED("{'time':-5}", "114 22", "R-24-6") } },
	{ "24/negative-omit R-24-6", AT, { REFUSED("{'omit':-5}", "114 22", "R-24-6") } },
	{ "24/negative-num R-24-6", AT, { REFUSED("{'num':-5}", "114 22", "R-24-6") } },
	{ "24/negative-blockcount R-24-6", AT, { REFUSED("{'blockcount':-5}", "114 22", "R-24-6") } },
	{ "24/negative-bandwidth R-24-6", AT, { REFUSED("{'bandwidth':-5}", "114 22", "R-24-6") } },
	{ "24/negative-burst R-24-6", AT, { REFUSED("{'burst':-5}", "114 22", "R-24-6") } },
	{ "24/the-caller-can-do-anything R-24-8", AT, { "config anything=1", CREATED("{'window':1073741824}") } },
	{ "24/sctp R-24-6", AT, { REFUSED("{'sctp':true}", "202 93", "R-24-6") } },
	{ "24/mptcp R-24-6", AT, { REFUSED("{'tcp':true,'mptcp':true}", "202 93", "R-24-6") } },
	{ "24/token R-24-6", AT, { REFUSED("{'authtoken':'x'}", "142 0", "R-24-6") } },
	{ "24/what-the-caller-cannot R-24-6 R-24-8", AT, { "able 141 5", REFUSED("{'window':1073741824}", "141 5",
	    "R-24-6") } },
	{ "22.4/wrong-type R-22.4-7", AT, { REFUSED("{'title':5}", "114 0", "R-22.4-7") } },
	{ "24/congestion R-24-7", AT, { CREATED("{'congestion':'none'}") } },
};

static const struct script_row state_rows[] = {
	{ "22.3/unknown-state R-22.3-3", AT, {
	    FLOWING, "a: =63", FAILED("110 0", "FLOWING", "R-22.3-3"), "  CLOSE s R-22.3-3", NEXT } },
	{ "22.3/state-0 R-22.3-3", AT, { FLOWING, "a: =00", FAILED("110 0", "FLOWING", "R-22.3-3"),
	    "  CLOSE s R-22.3-3" } },
	{ "22.3/a-server's-state R-22.3-3", AT, {
	    FLOWING, "a: TEST_RUNNING", FAILED("110 0", "FLOWING", "R-22.3-3"), "  CLOSE s R-22.3-3" } },
	{ "22.3/access-denied R-22.3-3", AT, {
	    FLOWING, "a: ACCESS_DENIED", FAILED("110 0", "FLOWING", "R-22.3-3"), "  CLOSE s R-22.3-3" } },
	{ "22.3/server-error R-22.3-3 R-29-14", AT, {
	    FLOWING, "a: SERVER_ERROR x*8", FAILED("110 0", "FLOWING", "R-22.3-3"), "  CLOSE s R-22.3-3" } },
	{ "22.3/test-start-while-streams-are-awaited R-22.3-4", AT, {
	    CREATED("{}"), "a: TEST_START", FAILED("110 0", "CREATING", "R-22.3-4"), NEXT } },
	{ "22.3/test-end-while-streams-are-awaited R-22.3-4", AT, {
	    CREATED("{}"), "s connect", "s: A/[0..20]", "a: TEST_END", FAILED("110 0", "CREATING", "R-22.3-4"),
	    NEXT } },
	{ "22.3/a-second-test-end R-22.3-4", AT, {
	    DISPLAYED, "a: TEST_END", FAILED("110 0", "DISPLAYED", "R-22.3-4"), "  CLOSE s R-22.3-4" } },
	{ "29/streams-that-wait-are-closed R-29-9", AT, {
	    CREATED("{'parallel':2}"), "s connect", "s: A", GONE("EOF CREATING", "eof"), "  CLOSE s R-29-9", NEXT } },
	{ "29/client-terminate R-29-6", AT, {
	    FLOWING, "a: CLIENT_TERMINATE", FAILED("119 0", "FLOWING", "R-29-6"), "  CLOSE s R-29-6", NEXT } },
	{ "29/client-terminate-while-streams-are-awaited R-29-6", AT, {
	    CREATED("{}"), "a: CLIENT_TERMINATE", FAILED("119 0", "CREATING", "R-29-6"), NEXT } },
	{ "29/client-terminate-after-results R-29-6", AT, {
	    DISPLAYED, "a: CLIENT_TERMINATE", FAILED("119 0", "DISPLAYED", "R-29-6"), "  CLOSE s R-29-6" } },
	{ "29/iperf-done-early R-23-16", AT, {
	    FLOWING, "a: IPERF_DONE", "  RELEASE LEFT FLOWING R-23-16", "  END a R-23-16", "  CLOSE s R-23-16",
	    NEXT } },
	{ "29/end-of-the-control-connection R-29-9 R-23-19", AT, {
	    FLOWING, GONE("EOF FLOWING", "eof"), "  CLOSE s R-29-9", NEXT } },
	{ "29/reset-of-the-control-connection R-29-9", AT, {
	    FLOWING, GONE("RESET FLOWING", "reset"), "  CLOSE s R-29-9", NEXT } },
	{ "29/end-in-place-of-results R-29-9", AT, { ENDED, GONE("EOF RESULTS", "eof"), "  CLOSE s R-29-9", NEXT } },
	{ "29/end-in-place-of-iperf-done R-29-9", AT, { DISPLAYED, GONE("EOF DISPLAYED", "eof"), "  CLOSE s R-29-9",
	    NEXT } },
	{ "29/the-caller-fails R-29-1 R-29-14", AT, {
	    FLOWING, "fail 205 32", FAILED("205 32", "FLOWING", "R-29-1"), "  CLOSE s R-29-1", "fail 205 32", NEXT } },
	{ "29/stop R-29-7", AT, {
	    FLOWING, "n connect", "  SEND n ACCESS_DENIED R-30-1", "  END n R-30-1",
	    "stop", "  RELEASE STOP FLOWING R-29-7", "  SEND a SERVER_TERMINATE R-29-7", "  END a R-29-7",
	    "  CLOSE s R-29-7", "  CLOSE n R-29-7", "  CLOSE a R-29-7" } },
	{ "29/stop-while-parameters-are-awaited R-29-7", AT, {
	    TAKEN, "stop", "  RELEASE STOP PARAMETERS R-29-7", "  SEND a SERVER_TERMINATE R-29-7", "  END a R-29-7",
	    "  CLOSE a R-29-7" } },
	{ "29/stop-when-free R-29-7", AT, { "a connect", "stop", "  CLOSE a R-29-7" } },
};

static const struct script_row time_rows[] = {
	{ "31/silence-while-streams-are-awaited R-31-2", AT, {
	    CREATED("{'reverse':true}"), "deadline", "  in 120", "wait", FAILED("144 0", "CREATING", "R-31-2"),
	    NEXT } },
	{ "31/a-stream-is-no-silence R-31-2", AT, {
	    CREATED("{'parallel':2}"), "+50", "s connect", "s: A", "deadline", "  in 120" } },
	{ "31/a-hello-is-no-silence R-31-2", AT, {
	    CREATED("{'parallel':2,'udp':true,'len':100}"), "+50", "udp 1: hello", "  STREAM 1 receives R-25-7",
	    "  REPLY 1 36 R-26.1-3", "deadline", "  in 120" } },
	{ "31/a-stranger-is-silence R-31-2 R-30-2", AT, {
	    FLOWING_WITH("{'time':0}"), "+50", "n connect", "  SEND n ACCESS_DENIED R-30-1", "  END n R-30-1",
	    "n reset", "  CLOSE n R-22.2-5", "deadline", "  in 70" } },
	{ "31/silence-of-payload R-31-2", AT, {
	    FLOWING_WITH("{'time':0}"), "deadline", "  in 120", "+119", "moved 1", "deadline", "  in 119", "moved 20",
	    "deadline", "  in 119", "wait", FAILED("144 0", "FLOWING", "R-31-2"), "  CLOSE s R-31-2", NEXT } },
	{ "31/no-test-end R-31-3", AT, {
	    FLOWING_WITH("{'time':5,'omit':2}"), "deadline", "  in 47", "+46", "moved 0", "deadline", "  in 1", "wait",
	    FAILED("160 0", "FLOWING", "R-31-3"), "  CLOSE s R-31-3", NEXT } },
	{ "31/no-test-end-in-ten-seconds R-31-3 R-24-3", AT, { FLOWING, "deadline", "  in 50" } },
	{ "31/a-very-long-time R-31-3", AT, {
	    FLOWING_WITH("{'time':9223372036854775807}"), "deadline", "  in 120" } },
	{ "31/a-very-long-omit R-31-3", AT, {
	    FLOWING_WITH("{'time':5,'omit':9223372036854775807}"), "deadline", "  in 120" } },
	{ "31/payload-is-only-that-of-a-running-test R-31-2", AT, {
	    "moved 0", CREATED("{}"), "+50", "moved 0", "deadline", "  in 70" } },
	{ "31/silence-after-results R-31-2", AT, {
	    DISPLAYED, "deadline", "  in 120", "wait", FAILED("144 0", "DISPLAYED", "R-31-2"), "  CLOSE s R-31-2",
	    NEXT } },
	{ "31/settable R-31-6", AT, {
	    "config read=1 silence=2 over=3", TAKEN, "deadline", "  in 1", "a: P{'time':1}",
	    "  SEND a CREATE_STREAMS R-23-3", "deadline", "  in 2", "s connect", "deadline", "  in 1", "s: A",
	    "  STREAM s 1 receives R-25-7", RUN, "+2", "moved 0", "+1", "moved 0", "deadline", "  in 1" } },
	{ "23/a-client-that-does-not-close R-23-18", AT, {
	    DISPLAYED, "a: IPERF_DONE", "  RELEASE DONE DISPLAYED R-23-16", "  END a R-23-16", "  CLOSE s R-23-16",
	    NEXT,
	    "b: P{}", "  SEND b CREATE_STREAMS R-23-3", "+3", "a: x*100", "deadline", "  in 7", "wait",
	    "  CLOSE a R-23-18" } },
};

/* A connection that is closed is closed, whatever is still told of it. */
static void count_decision(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	(void)server, (void)decision;
	++*(unsigned *)user;
}

static void closed_for_good(void **state)
{
	struct iperf_endpoint client = { .port = 1 };
	struct iperf3_server_config config;
	struct iperf3_server server;
	struct iperf3_conn conn;
	unsigned decisions = 0;

	(void)state;
	iperf3_server_defaults(&config);
	config.decide = count_decision;
	config.user = &decisions;
	iperf3_server_init(&server, &config);
	iperf3_server_connected(&server, &conn, &client, 1);
	iperf3_server_reset(&server, &conn, 2);
	assert_int_equal(conn.state, IPERF3_CONN_CLOSED);
	assert_int_equal(decisions, 1);
	iperf3_server_reset(&server, &conn, 3);
	iperf3_server_eof(&server, &conn, 3);
	iperf3_server_octets(&server, &conn, (const uint8_t *)"x", 1, 3);
	assert_int_equal(iperf3_server_room(&conn), 0);
	assert_int_equal(decisions, 1);
}

int main(void)
{
	ROWS_ADD(text_rows, run_server_script);
	ROWS_ADD(parameter_rows, run_server_script);
	ROWS_ADD(state_rows, run_server_script);
	ROWS_ADD(time_rows, run_server_script);
	test_add("22.2/closed-for-good", closed_for_good, NULL);
	return tests_run("iperf3_server_fail");
}
