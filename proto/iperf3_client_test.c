/* The client session of the iperf3 profile: from the opening of the control connection to its end, and all that a
 * server may do meanwhile. SPEC 22 to 31. The notation is that of iperf3_client_script_test.h. */
#include "proto/iperf3_client_script_test.h"

#define PARAMETERS_1 "SEND control length 23", "  SEND control {\"time\":1,\"parallel\":1}"
#define OWN(streams) \
	"  SEND control {\"cpu_util_total\":0.0,\"cpu_util_user\":0.0,\"cpu_util_system\":0.0," \
	"\"sender_has_retransmits\":0,\"streams\":[" streams "]}"
#define OWN_STREAM(id, bytes) \
	"{\"id\":" id ",\"bytes\":" bytes ",\"retransmits\":0,\"jitter\":0.0,\"errors\":0,\"packets\":0}"

/* One stream, up to each of the states. */
#define TO_COOKIE "start", "  OPEN control", "opened control", "  SEND control cookie"
#define TO_PARAMETERS TO_COOKIE, "control: PARAM_EXCHANGE", "  " PARAMETERS_1
#define TO_STREAMS TO_PARAMETERS, "control: CREATE_STREAMS", "  OPEN 1"
#define TO_START TO_STREAMS, "opened 1", "  SEND 1 cookie"
#define TO_STARTED TO_START, "control: TEST_START"
#define TO_PAYLOAD TO_STARTED, "control: TEST_RUNNING", "  FLOW"
#define TO_ENDING TO_PAYLOAD, "+1", "timer", "  HALT"
#define TO_ENDED TO_ENDING, "over", "  FREEZE", "  SEND control TEST_END"
#define TO_RESULTS TO_ENDED, "control: EXCHANGE_RESULTS", "  COUNT", "  SEND control length 177", \
	OWN(OWN_STREAM("1", "1000"))
#define ONE_RESULT "{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1," \
	"\"streams\":[{\"id\":1,\"bytes\":7,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}"
#define TO_DISPLAY TO_RESULTS, "control: " ONE_RESULT
#define TO_FINISH TO_DISPLAY, "control: DISPLAY_RESULTS", "  CLOSE 1", "  SEND control IPERF_DONE", \
	"  HALF_CLOSE control"
#define FAILED(what) "  CLOSE control", "  OVER " what
#define FAILED_1(what) "  CLOSE 1", FAILED(what)

#define TO_UDP "parameters udp", TO_STREAMS
#define TO_HELLO TO_UDP, "opened 1", "  SEND 1 hello"
#define TO_HELLO_R "parameters udp reverse", TO_STREAMS, "opened 1", "  SEND 1 hello"

static const struct script_row rows[] = {
	/* --- tests that go well ---------------------------------------------------------------------------------- */
	{ "23/one-stream R-22.1-1 R-22.3-2 R-23-2 R-23-4 R-23-6 R-23-8 R-23-10 R-23-13 R-25-1 R-27.2-1", AT, {
	    TO_FINISH,
	    "state", "  FINISH",
	    "ended control", "  CLOSE control", "  OVER OK",
	    "outcome", "  ",
	    "peer", "  results, 1 streams" } },
	{ "23/states R-22.3-5", AT, {
	    "start", "  OPEN control", "state", "  CONNECT",
	    "opened control", "  SEND control cookie", "state", "  COOKIE",
	    "control: PARAM_EXCHANGE", "  " PARAMETERS_1, "state", "  PARAMETERS",
	    "control: CREATE_STREAMS", "  OPEN 1", "state", "  STREAMS",
	    "opened 1", "  SEND 1 cookie", "state", "  START",
	    "control: TEST_START", "state", "  STARTED",
	    "control: TEST_RUNNING", "  FLOW", "state", "  PAYLOAD", "deadline", "  in 1",
	    "wait", "  HALT", "state", "  ENDING", "deadline", "  none",
	    "over", "  FREEZE", "  SEND control TEST_END", "state", "  ENDED",
	    "control: EXCHANGE_RESULTS", "  COUNT", "  SEND control length 177", OWN(OWN_STREAM("1", "1000")),
	    "state", "  RESULTS",
	    "control: " ONE_RESULT, "state", "  DISPLAY" } },
	{ "22.1/all-in-one-segment R-22.1-3", AT, {
	    TO_START,
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "wait", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "control: EXCHANGE_RESULTS " ONE_RESULT " DISPLAY_RESULTS =0102", "  COUNT", "  SEND control length 177",
	    OWN(OWN_STREAM("1", "1000")), "  CLOSE 1", "  SEND control IPERF_DONE", "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER OK" } },
	{ "25/three-streams R-25-1 R-25-2", AT, {
	    "parameters parallel=3",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":3}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie", "  OPEN 2",
	    "opened 2", "  SEND 2 cookie", "  OPEN 3",
	    "state", "  STREAMS",
	    "opened 3", "  SEND 3 cookie",
	    "state", "  START",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "wait", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "control: EXCHANGE_RESULTS", "  COUNT", "  SEND control length 325",
	    OWN(OWN_STREAM("1", "1000") "," OWN_STREAM("3", "1001") "," OWN_STREAM("4", "1002")),
	    "control: RESULTS",
	    "peer", "  results, 2 streams",
	    "control: DISPLAY_RESULTS", "  CLOSE 1", "  CLOSE 2", "  CLOSE 3", "  SEND control IPERF_DONE",
	    "  HALF_CLOSE control",
	    "ended control", "  CLOSE control", "  OVER OK" } },
	{ "27.1/bidirectional-opens-twice-as-many R-27.1-5", AT, {
	    "parameters parallel=2 bidirectional",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":2}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie", "  OPEN 2",
	    "opened 2", "  SEND 2 cookie", "  OPEN 3",
	    "opened 3", "  SEND 3 cookie", "  OPEN 4",
	    "opened 4", "  SEND 4 cookie",
	    "state", "  START" } },

	{ "25/what-is-not-awaited-changes-nothing", AT, {
	    "parameters parallel=2",
	    "start", "  OPEN control",
	    "opened 1", "failed 1 x", "ended 1", "1: 'x'", "state", "  CONNECT",
	    "opened control", "  SEND control cookie",
	    "opened control", "failed control x", "ended 1", "state", "  COOKIE",
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":2}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 2", "failed 2 x", "state", "  STREAMS",
	    "opened 1", "  SEND 1 cookie", "  OPEN 2",
	    "opened 2", "  SEND 2 cookie",
	    "opened 2", "failed 2 x", "state", "  START" } },
	{ "26.1/what-is-not-awaited-changes-nothing", AT, {
	    "parameters udp",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 hello",
	    "opened 1", "ended 1", "state", "  STREAMS" } },
	{ "22.3/start-before-the-last-hello R-22.3-5", AT, {
	    "parameters udp",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "control: TEST_START", "  CLOSE 1", "  CLOSE control", "  OVER MALFORMED R-22.3-5" } },
	{ "31/silence-while-both-send R-31-4", AT, {
	    "config receive=0.5", "parameters bidirectional time=3",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":3,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie", "  OPEN 2",
	    "opened 2", "  SEND 2 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "deadline", "  in 0.5",
	    "arrived", "deadline", "  in 0.5",
	    "+0.2", "arrived", "deadline", "  in 0.5" } },
	{ "31/silence-is-not-watched-when-only-the-client-sends R-31-4", AT, {
	    "config receive=0.5", "parameters time=3",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":3,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "deadline", "  in 3",
	    "arrived", "deadline", "  in 3" } },
	{ "28/results-of-stream-0 R-28-5", AT, {
	    TO_PAYLOAD,
	    "wait", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "control: EXCHANGE_RESULTS", "  COUNT", "  SEND control length 177", OWN(OWN_STREAM("1", "1000")),
	    "1: 'x'",
	    "control: {\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,"
	    "\"streams\":[{\"id\":0,\"bytes\":7,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}",
	    "  CLOSE 1", "  CLOSE control", "  OVER MALFORMED R-28-5" } },

	/* --- amounts and ends of payload ------------------------------------------------------------------------- */
	{ "27.2/omit-then-time R-27.2-1 R-26.3-8", AT, {
	    "parameters omit=2 time=3",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":3,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "deadline", "  in 2",
	    "+1.9", "timer",
	    "wait", "  MEASURE",
	    "deadline", "  in 3",
	    "wait", "  HALT" } },
	{ "27.2/late-timer-does-both R-27.2-1", AT, {
	    "parameters omit=1",
	    TO_PAYLOAD,
	    "+5", "timer", "  MEASURE", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END" } },
	{ "27.2/octets R-27.2-2 R-27.2-3", AT, {
	    "parameters time=0 num=10",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":0,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "deadline", "  none",
	    "over", "  HALT",
	    "over",
	    "deadline", "  in 0.05",
	    "wait", "  FREEZE", "  SEND control TEST_END" } },
	{ "27.2/settling-is-not-prolonged R-27.2-3", AT, {
	    "parameters num=10",
	    TO_PAYLOAD,
	    "over", "  HALT",
	    "over",
	    "+0.03", "over",
	    "deadline", "  in 0.02" } },
	{ "27.2/blocks-received R-27.2-2 R-27.2-3", AT, {
	    "parameters blockcount=10 reverse",
	    TO_PAYLOAD,
	    "deadline", "  none",
	    "over", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "over" } },
	{ "27.2/no-limit-at-all R-31-4", AT, {
	    "parameters time=0",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":0,\"parallel\":1}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "deadline", "  none",
	    "+100000", "timer" } },
	{ "27.2/settling-can-be-none", AT, {
	    "config settle=0", "parameters num=10",
	    TO_PAYLOAD,
	    "over", "  HALT",
	    "over",
	    "wait", "  FREEZE", "  SEND control TEST_END" } },

	/* --- UDP ------------------------------------------------------------------------------------------------- */
	{ "26.1/hello-and-reply R-26.1-1 R-26.1-7", AT, {
	    TO_HELLO,
	    "udp 1: '6789'",
	    "state", "  START",
	    "control: TEST_START TEST_RUNNING", "  FLOW" } },
	{ "26.1/old-reply R-26.1-7", AT, { TO_HELLO, "udp 1: =b168de3a", "state", "  START" } },
	{ "26.1/longer-reply R-26.1-7", AT, { TO_HELLO, "udp 1: '6789hello'", "state", "  START" } },
	{ "26.1/one-after-the-other R-26.1-2", AT, {
	    "parameters udp parallel=2",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":2}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 hello",
	    "state", "  STREAMS",
	    "udp 1: '6789'", "  OPEN 2",
	    "udp 1: '6789'",
	    "udp 2: '6789'",
	    "opened 2", "  SEND 2 hello",
	    "udp 1: '6789'",
	    "state", "  STREAMS",
	    "udp 2: '6789'",
	    "state", "  START" } },
	{ "26.1/hello-again-after-a-second R-26.1-10 R-26.1-9", AT, {
	    "config reply=3.5",
	    TO_HELLO,
	    "deadline", "  in 1",
	    "+0.9", "timer",
	    "wait", "  SEND 1 hello",
	    "wait", "  SEND 1 hello",
	    "wait", "  SEND 1 hello",
	    "deadline", "  in 0.5",
	    "wait", FAILED_1("TIMEOUT R-26.1-9"),
	    "outcome", "  stream 1: no reply came within 3.5 s" } },
	{ "26.1/reply-to-the-second-hello R-26.1-10", AT, {
	    TO_HELLO,
	    "wait", "  SEND 1 hello",
	    "udp 1: '6789'",
	    "udp 1: '6789'",
	    "state", "  START",
	    "deadline", "  in 30" } },
	{ "26.1/other-reply R-26.1-8", AT, {
	    TO_HELLO,
	    "udp 1: 'abcd'", FAILED_1("MALFORMED R-26.1-8") } },
	{ "26.1/short-reply R-26.1-8", AT, { TO_HELLO, "udp 1: '678'", FAILED_1("MALFORMED R-26.1-8") } },
	{ "26.1/reverse-passes-payload-over R-26.1-8", AT, {
	    TO_HELLO_R,
	    "udp 1: x*1000",
	    "udp 1: 'abc'",
	    "state", "  STREAMS",
	    "udp 1: '6789'",
	    "state", "  START" } },
	{ "26.1/states-overtake-the-reply R-22.3-5", AT, {
	    TO_HELLO,
	    "control: TEST_START TEST_RUNNING",
	    "state", "  STREAMS",
	    "udp 1: '6789'", "  FLOW" } },
	{ "26.1/one-state-overtakes-the-reply R-22.3-5", AT, {
	    TO_HELLO,
	    "control: TEST_START",
	    "udp 1: '6789'",
	    "state", "  STARTED",
	    "control: TEST_RUNNING", "  FLOW" } },
	{ "26.1/running-before-start-overtakes R-22.3-5", AT, {
	    TO_HELLO, "control: TEST_RUNNING", FAILED_1("MALFORMED R-22.3-5") } },
	{ "26.1/start-twice-overtakes R-22.3-5", AT, {
	    TO_HELLO, "control: TEST_START TEST_START", FAILED_1("MALFORMED R-22.3-5") } },
	{ "26.1/running-twice-overtakes R-22.3-5", AT, {
	    TO_HELLO, "control: TEST_START TEST_RUNNING TEST_RUNNING", FAILED_1("MALFORMED R-22.3-5") } },
	{ "26.1/start-before-the-last-stream R-22.3-5", AT, {
	    "parameters udp parallel=2",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":2}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 hello",
	    "control: TEST_START", FAILED_1("MALFORMED R-22.3-5") } },
	{ "26.1/socket-not-opened R-25-14", AT, {
	    TO_UDP, "failed 1 Permission denied", FAILED("STREAM_LOST R-25-14") } },

	/* --- streams that are lost ------------------------------------------------------------------------------- */
	{ "25/stream-refused R-25-14", AT, {
	    TO_STREAMS,
	    "failed 1 Connection refused", FAILED("STREAM_LOST R-25-14"),
	    "outcome", "  stream 1 could not be opened: Connection refused" } },
	{ "25/stream-does-not-open R-25-14", AT, { TO_STREAMS, "wait", FAILED_1("STREAM_LOST R-25-14") } },
	{ "25/stream-denied R-25-13", AT, {
	    TO_START,
	    "1: ACCESS_DENIED", FAILED_1("STREAM_LOST R-25-13"),
	    "outcome", "  the server denied stream 1" } },
	{ "25/stream-denied-while-payload-flows R-25-13", AT, {
	    TO_PAYLOAD, "1: ACCESS_DENIED", FAILED_1("STREAM_LOST R-25-13") } },
	{ "25/stream-reset R-25-13", AT, {
	    TO_START,
	    "reset 1", FAILED_1("STREAM_LOST R-25-13"),
	    "outcome", "  the server reset stream 1" } },
	{ "25/stream-reset-while-payload-flows R-25-13", AT, {
	    TO_PAYLOAD, "reset 1", FAILED_1("STREAM_LOST R-25-13") } },
	{ "25/stream-ended-before-payload R-25-13", AT, { TO_START, "ended 1", FAILED_1("STREAM_LOST R-25-13") } },
	{ "25/stream-ended-while-payload-flows R-25-11", AT, { TO_PAYLOAD, "ended 1", "state", "  PAYLOAD" } },
	{ "25/streams-end-behind-test-end R-23-9", AT, {
	    TO_ENDED, "ended 1", "reset 1", "1: ACCESS_DENIED", "state", "  ENDED" } },
	{ "27.1/reverse-stream-ends R-27.1-3", AT, {
	    "parameters reverse",
	    TO_START,
	    "ended 1",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "ended 1",
	    "wait", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END" } },

	/* --- what servers say in place of the next state --------------------------------------------------------- */
	{ "29/denied R-29-2", AT, {
	    TO_COOKIE,
	    "control: ACCESS_DENIED", FAILED("DENIED R-29-2"),
	    "outcome", "  the server sent ACCESS_DENIED" } },
	{ "29/denied-later R-29-2", AT, { TO_STREAMS, "control: ACCESS_DENIED", FAILED_1("DENIED R-29-2") } },
	{ "29/ended-before-param-exchange R-29-10", AT, { TO_COOKIE, "ended control", FAILED("DENIED R-29-10") } },
	{ "29/reset-before-param-exchange R-29-10", AT, {
	    TO_COOKIE,
	    "reset control", FAILED("DENIED R-29-10"),
	    "outcome", "  the server reset the control connection in place of PARAM_EXCHANGE" } },
	{ "29/terminated R-29-8", AT, {
	    TO_PAYLOAD, "control: SERVER_TERMINATE", FAILED_1("TERMINATED R-29-8") } },
	{ "29/terminated-at-the-end R-29-8", AT, {
	    TO_DISPLAY, "control: SERVER_TERMINATE", FAILED_1("TERMINATED R-29-8") } },
	{ "29/error-with-both-numbers R-29-3 R-29-4", AT, {
	    TO_PARAMETERS,
	    "control: SERVER_ERROR =000000720000006f", FAILED("ERROR R-29-3"),
	    "error", "  number 114 111",
	    "outcome", "  the server sent SERVER_ERROR 114: parameters could not be read" } },
	{ "29/error-with-one-number R-29-3", AT, {
	    TO_PARAMETERS,
	    "control: SERVER_ERROR =0000008e", "state", "  ERROR",
	    "ended control", FAILED("ERROR R-29-3"),
	    "error", "  number 142 0" } },
	{ "29/error-with-one-number-and-a-part R-29-3", AT, {
	    TO_PARAMETERS,
	    "control: SERVER_ERROR =0000008e0001",
	    "reset control", FAILED("ERROR R-29-3"),
	    "error", "  number 142 0" } },
	{ "29/error-without-number R-29-3 R-29-4", AT, {
	    TO_PAYLOAD,
	    "control: SERVER_ERROR",
	    "ended control", FAILED_1("ERROR R-29-3"),
	    "error", "  no number 0 0",
	    "outcome", "  the server sent SERVER_ERROR, and no number with it" } },
	{ "29/error-and-silence R-29-3", AT, {
	    TO_PAYLOAD,
	    "control: SERVER_ERROR =0000",
	    "deadline", "  in 1",
	    "wait", FAILED_1("ERROR R-29-3"),
	    "outcome", "  the server sent SERVER_ERROR, and no number with it" } },
	{ "29/a-stream-fails-meanwhile R-29-3", AT, {
	    TO_STREAMS, "control: SERVER_ERROR", "failed 1", "wait", FAILED("ERROR R-29-3") } },
	{ "29/error-one-number-and-silence R-29-3", AT, {
	    TO_PAYLOAD, "control: SERVER_ERROR =000000c8", "wait", FAILED_1("ERROR R-29-3") } },
	{ "29/error-after-results R-29-3", AT, {
	    TO_DISPLAY, "control: SERVER_ERROR =0000007500000000", FAILED_1("ERROR R-29-3") } },

	/* --- states out of order --------------------------------------------------------------------------------- */
	{ "22.3/unknown-state R-22.3-5", AT, {
	    TO_PAYLOAD,
	    "control: =63", FAILED_1("MALFORMED R-22.3-5"),
	    "outcome", "  the server sent an unknown state (99), which does not come from one" } },
	{ "22.3/state-of-clients R-22.3-5", AT, {
	    TO_PARAMETERS, "control: IPERF_DONE", FAILED("MALFORMED R-22.3-5") } },
	{ "22.3/test-end-from-the-server R-22.3-5", AT, {
	    TO_PAYLOAD, "control: TEST_END", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/param-exchange-twice R-22.3-5", AT, {
	    TO_PARAMETERS, "control: PARAM_EXCHANGE", FAILED("MALFORMED R-22.3-5"),
	    "outcome", "  the server sent PARAM_EXCHANGE (9), which does not follow here" } },
	{ "22.3/create-streams-first R-22.3-5", AT, {
	    TO_COOKIE, "control: CREATE_STREAMS", FAILED("MALFORMED R-22.3-5") } },
	{ "22.3/start-before-the-stream R-22.3-5", AT, {
	    TO_STREAMS, "control: TEST_START", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/running-without-start R-23-6", AT, {
	    TO_START, "control: TEST_RUNNING", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/start-twice R-22.3-5", AT, { TO_STARTED, "control: TEST_START", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/display-after-parameters R-22.3-5", AT, {
	    TO_PARAMETERS, "control: DISPLAY_RESULTS", FAILED("MALFORMED R-22.3-5") } },
	{ "22.3/exchange-before-test-end R-22.3-5", AT, {
	    TO_PAYLOAD, "control: EXCHANGE_RESULTS", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/exchange-while-halting R-22.3-5", AT, {
	    TO_ENDING, "control: EXCHANGE_RESULTS", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/display-before-exchange R-22.3-5", AT, {
	    TO_ENDED, "control: DISPLAY_RESULTS", FAILED_1("MALFORMED R-22.3-5") } },
	{ "22.3/exchange-after-results R-22.3-5", AT, {
	    TO_DISPLAY, "control: EXCHANGE_RESULTS", FAILED_1("MALFORMED R-22.3-5") } },

	/* --- the end of the control connection, and silence ------------------------------------------------------ */
	{ "29/control-refused R-29-11", AT, {
	    "start", "  OPEN control",
	    "failed control Connection refused", "  OVER REFUSED R-29-11",
	    "outcome", "  the control connection could not be opened: Connection refused" } },
	{ "29/control-does-not-open R-29-11", AT, {
	    "start", "  OPEN control", "wait", FAILED("REFUSED R-29-11") } },
	{ "29/ended-in-parameters R-29-10", AT, { TO_PARAMETERS, "ended control", FAILED("ENDED R-29-10") } },
	{ "29/ended-in-streams R-29-10", AT, { TO_STREAMS, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-start R-29-10", AT, { TO_START, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-started R-29-10", AT, { TO_STARTED, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-payload R-29-10", AT, { TO_PAYLOAD, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-ending R-29-10", AT, { TO_ENDING, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-ended R-29-10", AT, { TO_ENDED, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/ended-in-results R-29-10", AT, { TO_RESULTS, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "29/results-cut-short R-22.4-5", AT, {
	    TO_RESULTS,
	    "control: =00000005 '{}'",
	    "ended control", FAILED_1("ENDED R-22.4-5"),
	    "outcome", "  the server ended the control connection after 6 octets of its results" } },
	{ "29/ended-in-display R-29-10", AT, { TO_DISPLAY, "ended control", FAILED_1("ENDED R-29-10") } },
	{ "31/no-param-exchange R-31-4", AT, {
	    TO_COOKIE,
	    "deadline", "  in 30",
	    "wait", FAILED("TIMEOUT R-31-4"),
	    "outcome", "  PARAM_EXCHANGE did not come within 30 s" } },
	{ "31/no-create-streams R-31-4", AT, { TO_PARAMETERS, "wait", FAILED("TIMEOUT R-31-4") } },
	{ "31/no-test-start R-31-4", AT, { TO_START, "wait", FAILED_1("TIMEOUT R-31-4") } },
	{ "31/no-test-running R-31-4", AT, { TO_STARTED, "wait", FAILED_1("TIMEOUT R-31-4") } },
	{ "31/no-exchange R-31-4", AT, { TO_ENDED, "wait", FAILED_1("TIMEOUT R-31-4") } },
	{ "31/no-results R-31-4", AT, {
	    TO_RESULTS, "control: =000000ff", "wait", FAILED_1("TIMEOUT R-31-4") } },
	{ "31/no-display R-31-4", AT, { TO_DISPLAY, "wait", FAILED_1("TIMEOUT R-31-4") } },
	{ "31/nothing-arrives R-31-5", AT, {
	    "config receive=0.4", "parameters reverse",
	    TO_PAYLOAD,
	    "deadline", "  in 0.4",
	    "+0.3", "arrived", "timer",
	    "deadline", "  in 0.4",
	    "wait", FAILED_1("TIMEOUT R-31-5"),
	    "outcome", "  no payload arrived for 0.4 s" } },
	{ "31/nothing-arrives-after-the-end R-31-5", AT, {
	    "config receive=0.9", "parameters reverse",
	    TO_PAYLOAD,
	    "+0.5", "arrived",
	    "wait", "  HALT",
	    "deadline", "  none",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "deadline", "  in 30" } },
	{ "31/who-sends-does-not-wait-for-payload R-31-5", AT, {
	    "config receive=0.4", TO_PAYLOAD, "deadline", "  in 1" } },
	{ "31/t-reply-is-settable R-31-6", AT, { "config reply=2", TO_COOKIE, "deadline", "  in 2" } },

	/* --- results --------------------------------------------------------------------------------------------- */
	{ "28/length-0 R-22.4-5", AT, { TO_RESULTS, "control: =00000000", FAILED_1("MALFORMED R-22.4-5") } },
	{ "28/longer-than-the-room R-32-1", AT, {
	    TO_RESULTS,
	    "control: =000007d1", FAILED_1("MALFORMED R-32-1"),
	    "outcome", "  the server's results have a length of 2001 octets" } },
	{ "28/longest-length R-32-1", AT, { TO_RESULTS, "control: =ffffffff", FAILED_1("MALFORMED R-32-1") } },
	{ "28/no-json R-22.4-5", AT, {
	    TO_RESULTS,
	    "control: {x", FAILED_1("MALFORMED R-22.4-5"),
	    "peer", "  no results, 0 streams" } },
	{ "28/key-missing R-28-4", AT, { TO_RESULTS, "control: {}", FAILED_1("MALFORMED R-28-4") } },
	{ "28/unknown-id R-28-5", AT, {
	    TO_RESULTS,
	    "control: RESULTS", FAILED_1("MALFORMED R-28-5"),
	    "outcome", "  the server's results: there is no stream with id 3",
	    "peer", "  no results, 2 streams" } },
	{ "28/id-2 R-28-5 R-25-7", AT, {
	    "parameters parallel=2",
	    TO_COOKIE,
	    "control: PARAM_EXCHANGE", "  SEND control length 23", "  SEND control {\"time\":1,\"parallel\":2}",
	    "control: CREATE_STREAMS", "  OPEN 1",
	    "opened 1", "  SEND 1 cookie", "  OPEN 2",
	    "opened 2", "  SEND 2 cookie",
	    "control: TEST_START TEST_RUNNING", "  FLOW",
	    "wait", "  HALT",
	    "over", "  FREEZE", "  SEND control TEST_END",
	    "control: EXCHANGE_RESULTS", "  COUNT", "  SEND control length 251",
	    OWN(OWN_STREAM("1", "1000") "," OWN_STREAM("3", "1001")),
	    "control: {\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,"
	    "\"streams\":[{\"id\":2,\"bytes\":7,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}",
	    "  CLOSE 1", "  CLOSE 2", "  CLOSE control", "  OVER MALFORMED R-28-5" } },
	{ "28/streams-missing R-28-6", AT, {
	    TO_RESULTS,
	    "control: {\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,"
	    "\"streams\":[]}",
	    "state", "  DISPLAY",
	    "peer", "  results, 0 streams" } },
	{ "28/own-results-do-not-fit", AT, {
	    "config room=100",
	    TO_ENDED, "control: EXCHANGE_RESULTS", "  COUNT", FAILED_1("LOCAL") } },
	{ "24/parameters-do-not-fit", AT, {
	    "config room=10", TO_COOKIE, "control: PARAM_EXCHANGE", FAILED("LOCAL") } },

	/* --- behind IPERF_DONE ----------------------------------------------------------------------------------- */
	{ "23/octets-behind-done R-23-14", AT, {
	    TO_FINISH,
	    "control: SERVER_ERROR =0000007200000000 'anything'",
	    "ended control", "  CLOSE control", "  OVER OK" } },
	{ "23/reset-behind-done R-23-14", AT, { TO_FINISH, "reset control", "  CLOSE control", "  OVER OK" } },
	{ "23/server-keeps-its-end-open R-23-15", AT, {
	    TO_FINISH, "deadline", "  in 1", "wait", "  CLOSE control", "  OVER OK" } },

	/* --- the user gives up ----------------------------------------------------------------------------------- */
	{ "29/stop-in-connect R-29-5", AT, {
	    "start", "  OPEN control", "stop", FAILED("INTERRUPTED R-29-5") } },
	{ "29/stop-in-cookie R-29-5", AT, {
	    TO_COOKIE, "stop", "  SEND control CLIENT_TERMINATE", FAILED("INTERRUPTED R-29-5") } },
	{ "29/stop-in-payload R-29-5", AT, {
	    TO_PAYLOAD,
	    "stop", "  SEND control CLIENT_TERMINATE", FAILED_1("INTERRUPTED R-29-5"),
	    "stop",
	    "over",
	    "deadline", "  none" } },
	{ "29/stop-in-results R-29-5", AT, {
	    TO_RESULTS, "stop", "  SEND control CLIENT_TERMINATE", FAILED_1("INTERRUPTED R-29-5") } },
	{ "29/stop-in-finish R-29-5", AT, { TO_FINISH, "stop", FAILED("INTERRUPTED R-29-5") } },

	/* --- events that come too late --------------------------------------------------------------------------- */
	{ "23/nothing-happens-when-over", AT, {
	    TO_COOKIE,
	    "control: ACCESS_DENIED", FAILED("DENIED R-29-2"),
	    "ended control", "over", "timer", "udp 1: '6789'" } },
};

/* --- the rest ---------------------------------------------------------------------------------------------------- */

static void directions(void **state)
{
	const struct iperf3_parameters forward = { .parallel = 2 }, reverse = { .parallel = 2, .reverse = true },
				       both = { .parallel = 2, .bidirectional = true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(iperf3_client_sends(&forward, i));
		assert_false(iperf3_client_sends(&reverse, i));
		assert_true(iperf3_client_sends(&both, i));
		assert_false(iperf3_client_sends(&both, i + 2));
	}
}

static void ids(void **state)
{
	const int64_t expected[] = { 1, 3, 4, 5 };

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_int_equal(iperf3_stream_id(i), expected[i]);
}

static void defaults(void **state)
{
	struct iperf3_client_config config;

	(void)state;
	memset(&config, 0xaa, sizeof config);
	iperf3_client_defaults(&config);
	assert_int_equal(config.t_reply_ns, INT64_C(30000000000));
	assert_int_equal(config.t_settle_ns, INT64_C(50000000));
	assert_int_equal(config.t_receive_ns, 0);
	assert_null(config.parameters);
	assert_null(config.room);
	assert_true(config.decide == NULL);
}

int main(void)
{
	ROWS_ADD(rows, run_client_script);
	test_add("27.1/directions R-27.1-2 R-27.1-5", directions, NULL);
	test_add("25/ids R-25-7", ids, NULL);
	test_add("31/client-defaults R-31-6", defaults, NULL);
	return tests_run("iperf3_client");
}
