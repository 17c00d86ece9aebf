/* The server session of the iperf3 profile: the course of a test, who is served and who is denied. SPEC 22 to 28, 30.
 * The notation is that of iperf3_server_script_test.h. */
#include "proto/iperf3_server_script_test.h"

#define TAKEN "a connect", "a: A", "  TAKE a R-23-1", "  SEND a PARAM_EXCHANGE R-23-1"
#define CREATED(json) TAKEN, "a: P" json, "  SEND a CREATE_STREAMS R-23-3"
#define RUN "  SEND a TEST_START TEST_RUNNING R-23-5", "  RUN R-23-5"
#define FLOWING CREATED("{}"), "s connect", "s: A", "  STREAM s 1 receives R-25-7", RUN
#define END "a: TEST_END", "  HALT R-23-9", "  SEND a EXCHANGE_RESULTS R-23-9"
#define ENDED FLOWING, END
#define RESULTS "a: R(1)", "  MEASURE R-23-11", "  SEND a -1 (1) DISPLAY_RESULTS R-23-12"
#define DISPLAYED ENDED, RESULTS
#define DONE "a: IPERF_DONE", "  RELEASE DONE DISPLAYED R-23-16", "  END a R-23-16"
#define FAILED(number, state, why) \
	"  RELEASE FAILED " state " " why, "  SEND a SERVER_ERROR " number " R-29-1", "  END a " why

static const struct script_row course_rows[] = {
	{ "23/a-whole-test R-23-1 R-23-3 R-23-5 R-23-9 R-23-11 R-23-12 R-23-16 R-22.1-4 R-22.1-3", AT, {
	    DISPLAYED, DONE, "  CLOSE s R-23-16",
	    "a eof", "  CLOSE a R-23-16", "counts", "  pending 0 ending 0 members 0" } },
	{ "22.2/no-octet-before-the-cookie-is-whole R-22.1-2 R-23-1", AT, {
	    "a connect", "a room", "  37",
	    "a: A[0..36]", "a room", "  1", "state", "  IDLE",
	    "a: A[36..]", "  TAKE a R-23-1", "  SEND a PARAM_EXCHANGE R-23-1", "a room", "  any" } },
	{ "22.2/any-37-octets R-22.2-3", AT, {
	    "a connect", "a: x*18 =ff00fe80 x*14 =ff", "  TAKE a R-23-1", "  SEND a PARAM_EXCHANGE R-23-1" } },
	{ "22.2/cookie-and-parameters-at-once R-22.1-4", AT, {
	    "a connect", "a: A P{}", "  TAKE a R-23-1", "  SEND a PARAM_EXCHANGE R-23-1",
	    "  SEND a CREATE_STREAMS R-23-3" } },
	{ "22.1/all-that-follows-the-streams-at-once R-22.1-4 R-23-11", AT, {
	    FLOWING,
	    "a: TEST_END R(1) IPERF_DONE", "  HALT R-23-9", "  SEND a EXCHANGE_RESULTS R-23-9", "  MEASURE R-23-11",
	    "  SEND a -1 (1) DISPLAY_RESULTS R-23-12", "  RELEASE DONE DISPLAYED R-23-16", "  END a R-23-16",
	    "  CLOSE s R-23-16" } },
	{ "23/another-test-behind-it R-23-18 R-23-20 R-23-21", AT, {
	    DISPLAYED, DONE, "  CLOSE s R-23-16",
	    "b connect", "b: B", "  TAKE b R-23-1", "  SEND b PARAM_EXCHANGE R-23-1",
	    "b: P{'udp':true,'len':100}", "  SEND b CREATE_STREAMS R-23-3",
	    "udp 5000: hello", "  STREAM 1 receives R-25-7", "  REPLY 5000 36 R-26.1-3",
	    "  SEND b TEST_START TEST_RUNNING R-23-5", "  RUN R-23-5" } },
	{ "23/nothing-is-said-behind-iperf-done R-23-17", AT, {
	    DISPLAYED, DONE, "  CLOSE s R-23-16", "a: TEST_END IPERF_DONE A x*40", "a eof", "  CLOSE a R-23-16" } },
	{ "23/results-wait-for-the-client's R-23-11", AT, {
	    ENDED, "+5", "timer", "state", "  RESULTS", RESULTS } },
	{ "25.2/stream-of-the-same-cookie-up-to-nul R-22.2-4", AT, {
	    CREATED("{}"), "s connect", "s: A/", "  STREAM s 1 receives R-25-7", RUN } },
	{ "25/nothing-is-read-from-a-stream R-25-3 R-25-8", AT, {
	    FLOWING, "s room", "  0", "s state", "  STREAM" } },
	{ "25/numbers R-25-7", AT, {
	    CREATED("{'parallel':4}"), "s connect", "s: A", "t connect", "t: A", "u connect", "u: A",
	    "state", "  CREATING", "v connect",
	    "v: A", "  STREAM s 1 receives R-25-7", "  STREAM t 3 receives R-25-7", "  STREAM u 4 receives R-25-7",
	    "  STREAM v 5 receives R-25-7", RUN } },
	{ "25/numbers-by-accept R-25-7 R-25-6", AT, {
	    CREATED("{'parallel':2}"), "s connect", "t connect", "t: A",
	    "s: A", "  STREAM s 1 receives R-25-7", "  STREAM t 3 receives R-25-7", RUN } },
	{ "27/reverse R-27.1-1 R-28-8", AT, {
	    CREATED("{'reverse':true}"), "s connect", "s: A", "  STREAM s 1 sends R-25-7", RUN, END,
	    "a: R(1)", "  MEASURE R-23-11", "  SEND a 0 (1) DISPLAY_RESULTS R-23-12" } },
	{ "27/bidirectional R-27.1-6 R-28-2 R-28-8", AT, {
	    CREATED("{'bidirectional':true,'parallel':2}"), "s connect", "s: A", "t connect", "t: A", "u connect",
	    "u: A",
	    "v connect", "v: A", "  STREAM s 1 receives R-25-7", "  STREAM t 3 receives R-25-7",
	    "  STREAM u 4 sends R-25-7", "  STREAM v 5 sends R-25-7", RUN, END,
	    "a: R(1 3 4 5)", "  MEASURE R-23-11", "  SEND a 0 (1 3 4 5) DISPLAY_RESULTS R-23-12" } },
	{ "25/stream-ends-early R-25-11", AT, {
	    FLOWING, "s eof", "state", "  FLOWING", END, RESULTS, DONE, "  CLOSE s R-23-16" } },
	{ "31/what-the-server-takes-is-not-the-client's-time R-31-1 R-31-2", AT, {
	    FLOWING, "slow 9", END, "deadline", "  in 10", "+9", RESULTS, "deadline", "  in 120" } },
	{ "25/stream-is-reset R-25-12", AT, {
	    FLOWING, "s reset", FAILED("206 0", "FLOWING", "R-25-12"), "  CLOSE s R-25-12" } },
};

static const struct script_row udp_rows[] = {
	{ "26.1/two-streams R-26.1-3 R-26.1-5 R-26.1-6", AT, {
	    "udp 5000: hello",
	    TAKEN, "udp 5000: hello", "a: P{'udp':true,'len':1000,'parallel':2}", "  SEND a CREATE_STREAMS R-23-3",
	    "udp 5000: hello", "  STREAM 1 receives R-25-7", "  REPLY 5000 36 R-26.1-3",
	    "udp 5000: hello",
	    "udp 5001: hello x*6", "  STREAM 3 receives R-25-7", "  REPLY 5001 36 R-26.1-3", RUN,
	    "udp 5002: hello" } },
	{ "26.1/the-hello-of-older-clients R-26.1-4", AT, {
	    CREATED("{'udp':true,'len':1000}"), "udp 5000: old", "  STREAM 1 receives R-25-7",
	    "  REPLY 5000 b1 R-26.1-4", RUN } },
	{ "26.1/no-hello R-26.3-6 R-30-2", AT, {
	    CREATED("{'udp':true,'len':1000}"), "udp 5000:", "udp 5000: hello[0..3]", "udp 5000: x*1000", "state",
	    "  CREATING" } },
	{ "26.1/hello-in-a-tcp-test R-26.1-5", AT, { CREATED("{}"), "udp 5000: hello", "state", "  CREATING" } },
	{ "26/tcp-connection-in-a-udp-test R-30-1", AT, {
	    CREATED("{'udp':true,'len':1000}"), "s connect", "s: A", "  SEND s ACCESS_DENIED R-25-4", "  END s R-25-4",
	    "state", "  CREATING" } },
	{ "27/bidirectional-udp R-27.1-6", AT, {
	    CREATED("{'udp':true,'len':1000,'bidirectional':true}"),
	    "udp 5000: hello", "  STREAM 1 receives R-25-7", "  REPLY 5000 36 R-26.1-3",
	    "udp 5001: hello", "  STREAM 3 sends R-25-7", "  REPLY 5001 36 R-26.1-3", RUN } },
};

static const struct script_row cookie_rows[] = {
	{ "22.2/short-cookie R-22.2-5", AT, {
	    "a connect", "a: A[0..36]", "a eof", "  SEND a SERVER_ERROR 106 0 R-29-1", "  CLOSE a R-22.2-5", "state",
	    "  IDLE" } },
	{ "22.2/no-octet R-22.2-5", AT, { "a connect", "a eof", "  CLOSE a R-22.2-5" } },
	{ "22.2/reset R-22.2-5", AT, { "a connect", "a: A[0..5]", "a reset", "  CLOSE a R-22.2-5" } },
	{ "31/silent-cookie R-31-1", AT, {
	    "a connect", "deadline", "  in 10", "+9", "a: A[0..20]", "deadline", "  in 1",
	    "wait", "  SEND a SERVER_ERROR 106 0 R-29-1", "  END a R-31-1", "deadline", "  in 10",
	    "wait", "  CLOSE a R-23-18", "deadline", "  none" } },
	{ "30/first-whole-cookie-takes-the-test R-30-3", AT, {
	    "a connect", "b connect", "c connect", "b: B[0..30]",
	    "c: A", "  TAKE c R-23-1", "  SEND c PARAM_EXCHANGE R-23-1",
	    "b: B[30..]", "  SEND b ACCESS_DENIED R-30-1", "  END b R-30-1", "a state", "  COOKIE" } },
	{ "30/waiting-connection-is-served-after-a-failed-test R-30-4", AT, {
	    TAKEN, "b connect", "b: B[0..36]", "a: =00000000", FAILED("114 0", "PARAMETERS", "R-22.4-5"),
	    "b: B[36..]", "  TAKE b R-23-1", "  SEND b PARAM_EXCHANGE R-23-1" } },
	{ "32/too-many-wait R-32-3", AT, {
	    "config pending=2", "a connect", "b connect", "a: A[0..3]",
	    "c connect", "  SEND a SERVER_ERROR 106 0 R-29-1", "  END a R-32-3",
	    "counts", "  pending 2 ending 1 members 0" } },
	{ "32/too-many-end R-32-3", AT, {
	    "config pending=1 ending=1", "a connect", "b connect", "  SEND a SERVER_ERROR 106 0 R-29-1",
	    "  END a R-32-3",
	    "c connect", "  SEND b SERVER_ERROR 106 0 R-29-1", "  CLOSE a R-32-3", "  END b R-32-3",
	    "b reset", "  CLOSE b R-22.2-5" } },
	{ "33/other-profile-has-a-test R-33-3 R-33-4", AT, {
	    "occupy", "a connect", "a: A", "  SEND a ACCESS_DENIED R-33-4", "  END a R-33-4", "vacate", "b connect",
	    "b: B", "  TAKE b R-23-1", "  SEND b PARAM_EXCHANGE R-23-1" } },
};

static const struct script_row busy_rows[] = {
	{ "30/while-parameters-are-awaited R-30-1 R-30-2", AT, {
	    TAKEN, "b connect", "b: A", "  SEND b ACCESS_DENIED R-30-1", "  END b R-30-1", "state", "  PARAMETERS" } },
	{ "25/other-cookie R-25-4 R-30-2", AT, {
	    CREATED("{}"), "s connect", "s: B", "  SEND s ACCESS_DENIED R-25-4", "  END s R-25-4",
	    "t connect", "t: A", "  STREAM t 1 receives R-25-7", RUN } },
	{ "25/short-cookie R-25-5", AT, {
	    CREATED("{}"), "s connect", "s: A[0..10]", "s eof", "  SEND s ACCESS_DENIED R-25-5", "  CLOSE s R-25-5",
	    "t connect", "t: A", "  STREAM t 1 receives R-25-7", RUN } },
	{ "25/silent-connection R-25-6 R-30-1", AT, {
	    CREATED("{}"), "s connect", "t connect", "t: A", "  STREAM t 1 receives R-25-7", RUN,
	    "  SEND s ACCESS_DENIED R-30-1", "  END s R-30-1" } },
	{ "25/silent-connection-while-streams-are-awaited R-25-5 R-31-1", AT, {
	    CREATED("{}"), "s connect", "wait", "  SEND s ACCESS_DENIED R-25-5", "  END s R-25-5", "state",
	    "  CREATING" } },
	{ "30/while-payload-flows R-30-1 R-30-2", AT, {
	    FLOWING, "b connect", "  SEND b ACCESS_DENIED R-30-1", "  END b R-30-1", "b: A", "state", "  FLOWING",
	    "b eof",
	    "  CLOSE b R-23-16" } },
	{ "30/while-results-are-awaited R-30-1", AT, {
	    ENDED, "b connect", "  SEND b ACCESS_DENIED R-30-1", "  END b R-30-1", RESULTS } },
	{ "30/while-iperf-done-is-awaited R-30-1", AT, {
	    DISPLAYED, "b connect", "  SEND b ACCESS_DENIED R-30-1", "  END b R-30-1", DONE, "  CLOSE s R-23-16" } },
};

int main(void)
{
	ROWS_ADD(course_rows, run_server_script);
	ROWS_ADD(udp_rows, run_server_script);
	ROWS_ADD(cookie_rows, run_server_script);
	ROWS_ADD(busy_rows, run_server_script);
	return tests_run("iperf3_server");
}
