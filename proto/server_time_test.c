/* The server session: timers and bounds. SPEC 6.3, 9.1, 10 and 11. The notation is that of server_script_test.h. */
#include "proto/server_script_test.h"

/* A running test on connection a. */
#define RUNNING "a connect", "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5"
#define LONG_HELLO "config hello=1000" /* T_hello out of the way of T_idle */

static const struct script_row rows[] = {
	/* --- T_hello --------------------------------------------------------------------------------------------- */
	{ "10/t-hello-silent R-10-1", AT, {
	    "deadline", "  none",
	    "a connect",
	    "deadline", "  in 10",
	    "+9.9", "timer",
	    "+0.1", "timer", "  CLOSE a R-10-1",
	    "deadline", "  none" } },
	{ "10/t-hello-is-not-moved-by-octets R-10-1", AT, {
	    "a connect",
	    "+9",
	    "a: A[0..31]",
	    "deadline", "  in 1",
	    "wait", "  CLOSE a R-10-1",
	    "state", "  IDLE" } },
	{ "10/t-hello-preamble-only R-10-1 R-6.3-1", AT, {
	    "a connect",
	    "+1",
	    "a: A TEST_BEGIN[0..48]", "  TAKE a R-6.1-1",
	    "deadline", "  in 9",
	    "wait", "  CLOSE a R-10-1", "  RELEASE LEFT R-6.3-1",
	    "deadline", "  none" } },
	{ "10/t-hello-in-test R-10-1 R-6.2-3", AT, {
	    RUNNING, "p connect",
	    "+1",
	    "f connect",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "deadline", "  in 9",
	    "wait", "  CLOSE p R-10-1",
	    "deadline", "  in 1",
	    "wait", "  CLOSE f R-10-1",
	    "state", "  RUNNING A" } },
	{ "10/t-hello-ends-with-the-first-message R-10-1", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "deadline", "  in 60",
	    "+20", "timer",
	    "s: 'x'",
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 tcp 1 -] 1", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4" } },
	{ "10/t-hello-of-several R-10-1 R-10-5", AT, {
	    "a connect", "+1", "b connect", "+1", "c connect",
	    "deadline", "  in 8",
	    "b eof", "  CLOSE b R-6.1-2",
	    "deadline", "  in 8",
	    "a eof", "  CLOSE a R-6.1-2",
	    "deadline", "  in 10",
	    "wait", "  CLOSE c R-10-1" } },
	{ "10/t-hello-timer-comes-late R-10-1", AT, {
	    "a connect", "+1", "b connect", "+1", "c connect",
	    "+9", "timer", "  CLOSE a R-10-1", "  CLOSE b R-10-1",
	    "deadline", "  in 1",
	    "+100", "timer", "  CLOSE c R-10-1" } },
	{ "10/t-hello-is-settable R-10-4", AT, {
	    "config hello=3",
	    "a connect",
	    "deadline", "  in 3" } },
	{ "10/slow-connection-delays-none R-10-5", AT, {
	    "a connect", "b connect",
	    "a: A[0..31]",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "+9",
	    "b: TEST_END/B", "  RELEASE END R-6.5-1", "  CLOSE b R-6.5-4" } },

	/* --- T_begin --------------------------------------------------------------------------------------------- */
	{ "6.3/t-begin R-6.3-2 R-6.3-3", AT, {
	    "p connect", "s connect",
	    "+4",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "t connect", "q connect",
	    "t: A STREAM_BEGIN 'abc'", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4",
	    "+1",
	    "s: 'x'",
	    "f connect",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "q: B[0..31]",
	    "deadline", "  in 5",
	    "wait", "  CLOSE p R-10-1",
	    "deadline", "  in 4",
	    "+3.9", "timer",
	    "+0.1", "timer", "  RELEASE T_BEGIN R-6.3-2 [1 tcp 1 -, 2 tcp 3 -] 4", "  CLOSE s R-6.3-3",
	    "  CLOSE t R-6.3-3",
	    "  CLOSE f R-6.3-3", "  CLOSE q R-10-1",
	    "state", "  IDLE",
	    "deadline", "  none" } },
	{ "6.3/t-begin-spares-others R-6.3-3", AT, {
	    "config begin=5",
	    "s connect", "q connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "q: B[0..31]",
	    "deadline", "  in 5",
	    "wait", "  RELEASE T_BEGIN R-6.3-2 [1 tcp 0 -] 0", "  CLOSE s R-6.3-3",
	    "q: B[31..]", "  TAKE q R-6.1-1",
	    "deadline", "  in 5" } },
	{ "6.3/t-begin-is-not-moved R-6.3-2", AT, {
	    "config begin=5 hello=60",
	    "s connect", "b connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "+4",
	    "s: x*10",
	    "b: A", "  ACCEPT b R-6.1-3",
	    "deadline", "  in 1" } },
	{ "6.3/t-begin-after-all-have-left R-6.3-2 R-6.3-1", AT, {
	    "s connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "s eof", "  CLOSE s R-8.1-5",
	    "deadline", "  in 10",
	    "wait", "  RELEASE T_BEGIN R-6.3-2 [1 tcp 0 -] 0",
	    "deadline", "  none",
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "results", "  sum 0" } },
	{ "6.3/t-begin-ends-with-test-begin R-6.3-2", AT, {
	    "config begin=5",
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "deadline", "  in 5",
	    "+4",
	    "a: TEST_BEGIN", "  BEGIN a R-5.1-5",
	    "deadline", "  in 60",
	    "+10", "timer",
	    "state", "  RUNNING A" } },
	{ "6.3/t-begin-and-t-hello-at-once R-6.3-2 R-6.3-3", AT, {
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "deadline", "  in 10",
	    "wait", "  RELEASE T_BEGIN R-6.3-2", "  CLOSE a R-6.3-3",
	    "deadline", "  none" } },
	{ "6.3/t-begin-leaves-no-stragglers R-6.5-10", AT, {
	    "config begin=5",
	    "s connect", "a connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "wait", "  RELEASE T_BEGIN R-6.3-2 [1 tcp 0 -] 0", "  CLOSE s R-6.3-3",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5" } },

	/* --- T_idle: what keeps a test alive --------------------------------------------------------------------- */
	{ "10/t-idle R-10-2 R-6.5-3 R-6.5-4 R-6.5-5", AT, {
	    RUNNING, "s connect",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "deadline", "  in 60",
	    "+59.9", "timer",
	    "b connect",
	    "+0.1", "timer", "  RELEASE T_IDLE R-10-2 [1 tcp 3 -] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "state", "  IDLE",
	    "b: B", "  TAKE b R-6.1-1" } },
	{ "10/t-idle-runs-from-test-begin R-10-2", AT, {
	    "a connect",
	    "a: A TEST_BEGIN[0..48]", "  TAKE a R-6.1-1",
	    "+5",
	    "a: TEST_BEGIN[48..]", "  BEGIN a R-5.1-5",
	    "deadline", "  in 60" } },
	{ "10/t-idle-is-settable R-10-4", AT, {
	    "config idle=7",
	    RUNNING,
	    "deadline", "  in 7" } },
	{ "10/t-idle-stream-octets-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "+50",
	    "s: 'x'",
	    "deadline", "  in 60" } },
	{ "10/t-idle-control-octets-count R-10-3", AT, {
	    LONG_HELLO, RUNNING,
	    "+50",
	    "a: TEST_END[0..1]",
	    "deadline", "  in 60" } },
	{ "10/t-idle-requests-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "r connect",
	    "+50",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "deadline", "  in 60",
	    "+50",
	    "r: 'x'",
	    "deadline", "  in 60" } },
	{ "10/t-idle-first-message-counts-octet-by-octet R-10-3", AT, {
	    LONG_HELLO, RUNNING, "f connect",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "+50",
	    "f: STREAM_BEGIN[0..1]",
	    "deadline", "  in 60" } },
	{ "10/t-idle-preamble-counts-when-equal R-10-3", AT, {
	    LONG_HELLO, RUNNING, "f connect",
	    "+10",
	    "f: A[0..31]",
	    "deadline", "  in 50",
	    "+10",
	    "f: A[31..]", "  ACCEPT f R-6.1-3",
	    "deadline", "  in 60" } },
	{ "10/t-idle-second-control-counts R-10-3 R-6.2-4 R-4.3-1", AT, {
	    LONG_HELLO, RUNNING, "b connect",
	    "+10",
	    "b: A TEST_BEGIN", "  ACCEPT b R-6.1-3", "  REJECT b R-6.2-4",
	    "deadline", "  in 60" } },
	{ "10/t-idle-wrong-first-message-counts R-10-3 R-5.1-6 R-4.3-1", AT, {
	    LONG_HELLO, RUNNING, "b connect",
	    "+10",
	    "b: A TEST_END", "  ACCEPT b R-6.1-3", "  CLOSE b R-5.1-6",
	    "deadline", "  in 60" } },
	{ "10/t-idle-wrong-octet-alone-counts R-10-3 R-5.1-6", AT, {
	    LONG_HELLO, RUNNING, "b connect",
	    "b: A", "  ACCEPT b R-6.1-3",
	    "+10",
	    "b: 'x'", "  CLOSE b R-5.1-6",
	    "deadline", "  in 60" } },
	{ "10/t-idle-one-stream-too-many-counts R-10-3 R-11-4 R-4.3-1", AT, {
	    "config streams=0 hello=1000", RUNNING, "s connect",
	    "+10",
	    "s: A STREAM_BEGIN 'x'", "  ACCEPT s R-6.1-3", "  CLOSE s R-11-4",
	    "deadline", "  in 60" } },
	{ "10/t-idle-datagrams-of-streams-count R-10-3", AT, {
	    RUNNING,
	    "+10",
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 1 R-8.3-1",
	    "deadline", "  in 60",
	    "+10",
	    "udp 5000:",
	    "deadline", "  in 60",
	    "+10",
	    "udp 5000: STREAM_BEGIN",
	    "deadline", "  in 60",
	    "+10",
	    "udp 5000: STREAM_END",
	    "deadline", "  in 60",
	    "+10",
	    "udp 5000: STREAM_END",
	    "deadline", "  in 60",
	    "+10",
	    "udp 5000: x*10",
	    "deadline", "  in 60" } },

	/* --- T_idle: what does not ------------------------------------------------------------------------------- */
	{ "10/t-idle-rejected-octets-do-not-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "b connect",
	    "+10",
	    "b: B TEST_BEGIN/B", "  REJECT b R-6.2-2",
	    "deadline", "  in 50" } },
	{ "10/t-idle-unfinished-preambles-do-not-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "b connect",
	    "+10",
	    "b: A[0..31]",
	    "deadline", "  in 50" } },
	{ "10/t-idle-stragglers-do-not-count R-10-3 R-6.5-10", AT, {
	    LONG_HELLO, "s connect", RUNNING,
	    "a: TEST_END", "  RELEASE END R-6.5-1", "  CLOSE a R-6.5-4",
	    "b connect",
	    "b: A TEST_BEGIN", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5", /* a client that uses its cookie twice */
	    "+10",
	    "s: A STREAM_BEGIN", "  REJECT s R-6.5-10",
	    "deadline", "  in 50" } },
	{ "10/t-idle-connecting-does-not-count R-10-3", AT, {
	    LONG_HELLO, RUNNING,
	    "+10",
	    "b connect",
	    "deadline", "  in 50" } },
	{ "10/t-idle-nothing-does-not-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "+10",
	    "s:",
	    "a:",
	    "timer",
	    "deadline", "  in 50" } },
	{ "10/t-idle-ends-do-not-count R-10-3", AT, {
	    LONG_HELLO, RUNNING, "s connect", "t connect", "r connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 0 -, 2 tcp 0 -] 0",
	    "+10",
	    "s eof", "  CLOSE s R-8.1-5",
	    "t reset", "  CLOSE t R-8.2-6",
	    "r eof", "  CLOSE r R-9.1-4",
	    "deadline", "  in 50" } },
	{ "10/t-idle-dropped-datagrams-do-not-count R-10-3 R-8.3-5", AT, {
	    RUNNING,
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 1 R-8.3-1",
	    "+10",
	    "udp 5001: x*10",
	    "udp 5001: STREAM_BEGIN/B",
	    "udp 5001: STREAM_END",
	    "udp 5000@9: x*10",
	    "deadline", "  in 50" } },
	{ "10/t-idle-dropped-stream-begin-does-not-count R-10-3 R-11-4", AT, {
	    "config streams=1", RUNNING,
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 1 R-8.3-1",
	    "+10",
	    "udp 5001: STREAM_BEGIN",
	    "udp 5001: x*10",
	    "deadline", "  in 50" } },

	/* --- answered results connections ------------------------------------------------------------------------ */
	{ "9.1/t-hello-from-the-answer R-9.1-12", AT, {
	    RUNNING, "r connect",
	    "+5",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "+9",
	    "r: 'x'",
	    "deadline", "  in 1",
	    "wait", "  CLOSE r R-9.1-12",
	    "state", "  RUNNING A" } },
	{ "9.1/t-hello-of-several R-9.1-12", AT, {
	    RUNNING, "r connect", "q connect",
	    "q: A RESULTS_REQUEST", "  ACCEPT q R-6.1-3", "  RESPOND q R-9.1-3",
	    "+5",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "p connect",
	    "deadline", "  in 5",
	    "wait", "  CLOSE q R-9.1-12",
	    "deadline", "  in 5",
	    "wait", "  CLOSE p R-10-1", "  CLOSE r R-9.1-12" } },
	{ "11/third-of-two-results R-11-5", AT, {
	    "config results=2", RUNNING, "r connect", "q connect", "w connect",
	    "q: A RESULTS_REQUEST", "  ACCEPT q R-6.1-3", "  RESPOND q R-9.1-3",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "w: A RESULTS_REQUEST[0..53]", "  ACCEPT w R-6.1-3",
	    "w: RESULTS_REQUEST[53..]", "  CLOSE q R-11-5", "  RESPOND w R-9.1-3",
	    "counts", "  pending 0 results 2 members 3 streams 0" } },
	{ "11/closed-results-make-room R-11-5", AT, {
	    "config results=1", RUNNING, "r connect", "q connect",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "r eof", "  CLOSE r R-9.1-4",
	    "q: A RESULTS_REQUEST", "  ACCEPT q R-6.1-3", "  RESPOND q R-9.1-3" } },

	/* --- connections without a first message ----------------------------------------------------------------- */
	{ "11/third-of-two-pending R-11-1 R-11-2", AT, {
	    "config pending=2",
	    "a connect", "b connect",
	    "b: B[0..31]",
	    "c connect", "  CLOSE a R-11-2",
	    "d connect", "  CLOSE b R-11-2",
	    "counts", "  pending 2 results 0 members 0 streams 0" } },
	{ "11/preamble-is-not-enough R-11-1 R-11-2", AT, {
	    "config pending=2",
	    "a connect", "b connect",
	    "b: A TEST_BEGIN", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "a: A STREAM_BEGIN[0..50]", "  ACCEPT a R-6.1-3",
	    "c connect",
	    "d connect", "  CLOSE a R-11-2",
	    "state", "  RUNNING A" } },
	{ "11/longest-waiting-held-the-cookie R-11-2 R-6.3-1", AT, {
	    "config pending=2",
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "c connect", "  CLOSE a R-11-2", "  RELEASE LEFT R-6.3-1",
	    "b: B", "  TAKE b R-6.1-1" } },
	{ "11/first-messages-make-room R-11-1", AT, {
	    "config pending=2",
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "c connect",
	    "b: A STREAM_BEGIN", "  ACCEPT b R-6.1-3", "  STREAM b 1 R-8.1-4",
	    "c: A RESULTS_REQUEST", "  ACCEPT c R-6.1-3", "  RESPOND c R-9.1-3 [1 tcp 0 -] 0",
	    "d connect", "e connect",
	    "counts", "  pending 2 results 1 members 3 streams 1" } },
	{ "11/silent-strangers-lock-nobody-out R-11-2 R-10-5", AT, {
	    "config pending=1",
	    "x connect",
	    "a connect", "  CLOSE x R-11-2",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "y connect",
	    "s connect", "  CLOSE y R-11-2",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4" } },

	/* --- streams --------------------------------------------------------------------------------------------- */
	{ "11/third-of-two-streams R-11-3 R-11-4", AT, {
	    "config streams=2", RUNNING, "s connect", "t connect", "u connect",
	    "s: A STREAM_BEGIN 'x'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "udp 5000: STREAM_BEGIN", "  STREAM udp 5000 2 R-8.3-1",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  CLOSE t R-11-4",
	    "udp 5001: STREAM_BEGIN",
	    "udp 5001: x*10",
	    "udp 5000: x*3",
	    "s: 'y'",
	    "results", "  1 tcp port 40002 bytes 2 packets 0 seconds 0 not complete",
	    "  2 udp port 5000 bytes 3 packets 1 seconds 0 not complete", "  sum 5" } },
	{ "11/ended-streams-count R-11-3", AT, {
	    "config streams=1", RUNNING, "s connect", "t connect",
	    "s: A STREAM_BEGIN STREAM_END", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s eof", "  CLOSE s R-8.1-5",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  CLOSE t R-11-4" } },
	{ "11/next-test-has-room-again R-11-3 R-6.5-5", AT, {
	    "config streams=1", RUNNING, "s connect",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 tcp 0 -] 0", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "b connect", "t connect",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "t: B STREAM_BEGIN/B", "  ACCEPT t R-6.1-3", "  STREAM t 1 R-8.1-4" } },
	{ "11/too-many-streams-before-test-begin R-11-4 R-6.3-1", AT, {
	    "config streams=1",
	    "s connect", "t connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  CLOSE t R-11-4",
	    "state", "  HELD A" } },
	{ "11/no-stream-at-all R-11-4 R-6.3-1", AT, {
	    "config streams=0",
	    "s connect",
	    "s: A STREAM_BEGIN", "  TAKE s R-6.1-1", "  CLOSE s R-11-4", "  RELEASE LEFT R-6.3-1" } },
};

/* --- the default bounds ------------------------------------------------------------------------------------------ */

static struct world world;

/* Connects c0, c1 and so on; with octets, if not "". Returns how many are open. */
static size_t connect_many(size_t count, const char *words)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		struct octets octets;
		struct world_conn *conn;
		char name[24];

		world.script.used = 0; /* the log of one step */
		snprintf(name, sizeof name, "c%zu", i);
		conn = world_connect(&world, name, strlen(name), 1 + (unsigned)i);
		world_settle(&world);
		octets_of(&octets, words);
		script_octets(&world.script, world_feed, conn, &octets);
		world_settle(&world);
	}
	for (size_t i = 0; i < world.conn_count; i++)
		open += !world.conns[i].gone;
	return open;
}

static void start_test(void)
{
	static const struct script_row row = { "", AT, { RUNNING } };

	world_init(&world, &(struct script){ .row = &row });
	script_run(&world.script, world_step);
}

static void pending_64(void **state)
{
	(void)state;
	world_init(&world, &(struct script){ 0 });
	assert_int_equal(connect_many(65, "A[0..31]"), 64);
	assert_true(world.conns[0].gone);
	for (size_t i = 1; i < 65; i++)
		assert_false(world.conns[i].gone);
	world.script.used = 0;
	world_end(&world);
}

static void results_64(void **state)
{
	(void)state;
	start_test();
	assert_int_equal(connect_many(65, "A RESULTS_REQUEST"), 1 + 64);
	assert_false(world.conns[0].gone); /* the control connection */
	assert_true(world.conns[1].gone);
	assert_false(world.conns[2].gone);
	world.script.used = 0;
	world_end(&world);
}

static void streams_128_tcp(void **state)
{
	(void)state;
	start_test();
	assert_int_equal(connect_many(129, "A STREAM_BEGIN 'x'"), 1 + 128);
	assert_true(world.conns[129].gone);
	assert_int_equal(world.server.stream_count, 128);
	world.script.used = 0;
	world_end(&world);
}

static void streams_128_mixed(void **state)
{
	struct octets begin;

	(void)state;
	start_test();
	octets_of(&begin, "STREAM_BEGIN");
	for (unsigned i = 0; i < 100; i++) {
		world.script.used = 0;
		iperf_server_datagram(&world.server, &(struct iperf_endpoint){ .port = (uint16_t)(i + 1) }, begin.at,
				      begin.length, world.now_ns);
	}
	assert_int_equal(connect_many(30, "A STREAM_BEGIN 'x'"), 1 + 28);
	iperf_server_datagram(&world.server, &(struct iperf_endpoint){ .port = 500 }, begin.at, begin.length,
			      world.now_ns);
	assert_int_equal(world.server.stream_count, 128);
	world.script.used = 0;
	world_end(&world);
}

static void defaults(void **state)
{
	struct iperf_server_config config;

	(void)state;
	memset(&config, 0xaa, sizeof config);
	iperf_server_defaults(&config);
	assert_int_equal(config.t_hello_ns, INT64_C(10000000000));
	assert_int_equal(config.t_begin_ns, INT64_C(10000000000));
	assert_int_equal(config.t_idle_ns, INT64_C(60000000000));
	assert_int_equal(config.pending_max, 64);
	assert_int_equal(config.results_max, 64);
	assert_int_equal(config.streams_max, 128);
	assert_null(config.streams);
	assert_true(config.decide == NULL);
	assert_null(config.user);
	assert_int_equal(IPERF_PORT, 5201);
}

int main(void)
{
	ROWS_ADD(rows, run_server_script);
	test_add("11/pending-64 R-11-1 R-11-2", pending_64, NULL);
	test_add("11/results-64 R-11-5", results_64, NULL);
	test_add("11/streams-128-tcp R-11-3 R-11-4", streams_128_tcp, NULL);
	test_add("11/streams-128-mixed R-11-3 R-11-4", streams_128_mixed, NULL);
	test_add("10/defaults R-10-4 R-12-1", defaults, NULL);
	return tests_run("server_time");
}
