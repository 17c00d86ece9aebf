/* The server session: kinds of connections, collision prevention, the control connection. SPEC 5 to 7, and the tables
 * of SPEC 13.1 and 13.2. The notation is that of server_script_test.h. */
#include "proto/server_script_test.h"

#define GET "'GET / HTTP/1.1\r\nHost: iperf.example.org:5201\r\n\r\n'"

static const struct script_row rows[] = {
	/* --- 5.1: preamble and first message --------------------------------------------------------------------- */
	{ "5.1/test-begin-makes-control R-5.1-5 R-6.1-1 R-7-1", AT, {
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a state", "  CONTROL",
	    "state", "  RUNNING A",
	    "counts", "  pending 0 results 0 members 1 streams 0" } },
	{ "5.1/stream-begin-makes-stream R-5.1-5", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A STREAM_BEGIN", "  ACCEPT b R-6.1-3", "  STREAM b 1 R-8.1-4",
	    "b state", "  STREAM" } },
	{ "5.1/results-request-makes-results R-5.1-5 R-9.1-3", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A RESULTS_REQUEST", "  ACCEPT b R-6.1-3", "  RESPOND b R-9.1-3",
	    "b state", "  RESULTS" } },
	{ "5.1/odd-octets-in-cookie R-3-4", AT, {
	    "a connect",
	    "a: B TEST_BEGIN/B TEST_END/B", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4" } },
	{ "5.1/first-message-other-cookie R-5.1-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN/B", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-4", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-first-octet-of-cookie R-5.1-4 R-4.3-3", AT, {
	    "a connect",
	    "a: A TEST_BEGIN/D[0..17]", "  TAKE a R-6.1-1",
	    "a: TEST_BEGIN/D[17..18]", "  CLOSE a R-5.1-4", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-last-octet-of-cookie R-5.1-4 R-4.3-3", AT, {
	    "a connect",
	    "a: A STREAM_BEGIN/C[0..50]", "  TAKE a R-6.1-1",
	    "a: STREAM_BEGIN/C[50..]", "  CLOSE a R-5.1-4", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-other-cookie-in-test R-5.1-4 R-6.2-3", AT, {
	    "a connect", "b connect", "c connect", "d connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A TEST_BEGIN/C", "  ACCEPT b R-6.1-3", "  CLOSE b R-5.1-4",
	    "c: A STREAM_BEGIN/C", "  ACCEPT c R-6.1-3", "  CLOSE c R-5.1-4",
	    "d: A RESULTS_REQUEST/C", "  ACCEPT d R-6.1-3", "  CLOSE d R-5.1-4",
	    "state", "  RUNNING A" } },
	{ "5.1/held-cookie-behind-other-preamble R-5.1-4 R-6.2-1", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: B STREAM_BEGIN", "  REJECT b R-6.2-2" } },
	{ "5.1/first-message-test-end R-5.1-6", AT, {
	    "a connect",
	    "a: A TEST_END", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-stream-end R-5.1-6", AT, {
	    "a connect",
	    "a: A STREAM_END", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-results-response R-5.1-6", AT, {
	    "a connect",
	    "a: A RESULTS_RESPONSE", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-message-test-end-in-test R-5.1-6 R-6.2-3", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A TEST_END", "  ACCEPT b R-6.1-3", "  CLOSE b R-5.1-6",
	    "state", "  RUNNING A" } },
	{ "5.1/no-message R-5.1-6", AT, {
	    "a connect",
	    "a: A x*1", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/line-end-between R-4.2-2 R-5.1-6", AT, {
	    "a connect",
	    "a: A '\n' TEST_BEGIN", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/message-without-preamble R-5.1-1 R-5.1-6", AT, {
	    "a connect",
	    "a: TEST_BEGIN", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/keyword-with-spaces R-4.2-3 R-5.1-6", AT, {
	    "a connect",
	    "a: A 'IPERF TEST BEGIN ' A", "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/first-wrong-octet-closes R-4.3-3 R-4.3-4 R-5.1-6", AT, {
	    "a connect",
	    "a: A 'IPERF_TEST_'", "  TAKE a R-6.1-1",
	    "a: 'E'", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "5.1/message-is-awaited R-4.3-1", AT, {
	    "a connect",
	    "a: A TEST_BEGIN[0..48]", "  TAKE a R-6.1-1",
	    "a state", "  FIRST",
	    "state", "  HELD A",
	    "a: TEST_BEGIN[48..]", "  BEGIN a R-5.1-5" } },

	/* --- 6.1: taking the cookie ------------------------------------------------------------------------------ */
	{ "6.1/first-complete-preamble-wins R-6.1-1 R-6.1-2", AT, {
	    "a connect", "b connect",
	    "a: A[0..31]",
	    "state", "  IDLE",
	    "b: B", "  TAKE b R-6.1-1",
	    "state", "  HELD B",
	    "a: A[31..]", "  REJECT a R-6.2-2",
	    "b state", "  FIRST" } },
	{ "6.1/taken-at-the-32nd-octet R-6.1-1", AT, {
	    "a connect",
	    "a: A[0..31]",
	    "a state", "  PREAMBLE",
	    "a: A[31..]", "  TAKE a R-6.1-1" } },
	{ "6.1/31-octets-and-end R-6.1-2", AT, {
	    "a connect", "b connect",
	    "a: A[0..31]",
	    "a eof", "  CLOSE a R-6.1-2",
	    "state", "  IDLE",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5" } },
	{ "6.1/31-octets-and-reset R-6.1-2", AT, {
	    "a connect",
	    "a: A[0..31]",
	    "a reset", "  CLOSE a R-6.1-2",
	    "state", "  IDLE" } },
	{ "6.1/no-octet-and-end R-6.1-2", AT, {
	    "a connect",
	    "a:",
	    "a eof", "  CLOSE a R-6.1-2",
	    "state", "  IDLE" } },
	{ "6.1/fewer-octets-of-two-do-not-add-up R-6.1-2", AT, {
	    "a connect", "b connect",
	    "a: A[0..16]",
	    "b: A[16..32]",
	    "state", "  IDLE" } },
	{ "6.1/equal-is-accepted R-6.1-3", AT, {
	    "a connect", "b connect", "c connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: A", "  ACCEPT b R-6.1-3",
	    "a: TEST_BEGIN", "  BEGIN a R-5.1-5",
	    "c: A", "  ACCEPT c R-6.1-3",
	    "counts", "  pending 2 results 0 members 3 streams 0" } },

	/* --- 6.2: rejecting -------------------------------------------------------------------------------------- */
	{ "6.2/other-is-rejected-while-held R-6.2-1 R-6.2-2 R-5.2-3", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: B[0..31]",
	    "b: B[31..]", "  REJECT b R-6.2-2",
	    "state", "  HELD A" } },
	{ "6.2/other-is-rejected-in-test R-6.2-1 R-6.2-2 R-6.2-3", AT, {
	    "a connect", "s connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN 'x'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "b: B[0..31]",
	    "s: 'yz'",
	    "b: B[31..]", "  REJECT b R-6.2-2",
	    "s: '!'",
	    "results", "  1 tcp port 40002 bytes 4 packets 0 seconds 0 not complete", "  sum 4" } },
	{ "6.2/last-octet-differs R-6.2-1 R-3-5", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: C", "  REJECT b R-6.2-2" } },
	{ "6.2/first-octet-differs-rejected-at-32nd R-6.2-1 R-6.2-2 R-3-5", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: D[0..31]",
	    "b: D[31..]", "  REJECT b R-6.2-2" } },
	{ "6.2/octets-behind-rejection-are-nothing R-6.2-2 R-6.2-3", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: B TEST_BEGIN/B TEST_END/B A TEST_END", "  REJECT b R-6.2-2",
	    "state", "  RUNNING A" } },
	{ "6.2/get-request-in-test R-6.2-2 R-6.2-3", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: " GET, "  REJECT b R-6.2-2" } },
	{ "6.2/second-control-is-rejected R-6.2-4 R-7-2", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A TEST_BEGIN[0..48]", "  ACCEPT b R-6.1-3",
	    "b: TEST_BEGIN[48..]", "  REJECT b R-6.2-4",
	    "state", "  RUNNING A",
	    "a: TEST_END", "  RELEASE END R-6.5-1", "  CLOSE a R-6.5-4" } },
	{ "6.2/second-control-cannot-end-the-test R-6.2-4", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "b: A TEST_BEGIN TEST_END", "  ACCEPT b R-6.1-3", "  REJECT b R-6.2-4",
	    "state", "  RUNNING A" } },
	{ "6.2/first-test-begin-makes-control R-6.2-4", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: A TEST_BEGIN", "  ACCEPT b R-6.1-3", "  BEGIN b R-5.1-5",
	    "a: TEST_BEGIN", "  REJECT a R-6.2-4",
	    "b: TEST_END", "  RELEASE END R-6.5-1", "  CLOSE b R-6.5-4" } },

	/* --- 6.3: provisional holding ---------------------------------------------------------------------------- */
	{ "6.3/get-request R-6.3-1 R-5.1-6", AT, {
	    "a connect",
	    "a: " GET, "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1",
	    "state", "  IDLE",
	    "deadline", "  none" } },
	{ "6.3/get-request-of-18-octets R-6.1-2", AT, {
	    "a connect",
	    "a: 'GET / HTTP/1.0\r\n\r\n'",
	    "a eof", "  CLOSE a R-6.1-2",
	    "state", "  IDLE" } },
	{ "6.3/next-client-after-a-stray R-6.3-1 R-6.5-5", AT, {
	    "a connect", "b connect",
	    "a: " GET, "  TAKE a R-6.1-1", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5" } },
	{ "6.3/preamble-and-end R-6.3-1", AT, {
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "a eof", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1",
	    "state", "  IDLE" } },
	{ "6.3/preamble-and-reset R-6.3-1", AT, {
	    "a connect",
	    "a: A TEST_BEGIN[0..10]", "  TAKE a R-6.1-1",
	    "a reset", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "6.3/last-of-two-leaves R-6.3-1", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: A", "  ACCEPT b R-6.1-3",
	    "a eof", "  CLOSE a R-5.1-6",
	    "state", "  HELD A",
	    "b: 'x'", "  CLOSE b R-5.1-6", "  RELEASE LEFT R-6.3-1" } },
	{ "6.3/unfinished-strangers-do-not-hold R-6.3-1 R-6.1-2", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: A[0..31]",
	    "a eof", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1",
	    "b: A[31..]", "  TAKE b R-6.1-1" } },
	{ "6.3/results-request-only R-6.3-1 R-9.1-8", AT, {
	    "a connect",
	    "a: A RESULTS_REQUEST", "  TAKE a R-6.1-1", "  CLOSE a R-9.1-8", "  RELEASE LEFT R-6.3-1" } },
	{ "6.3/begun-stream-holds R-6.3-1", AT, {
	    "a connect", "b connect", "c connect",
	    "a: A STREAM_BEGIN", "  TAKE a R-6.1-1", "  STREAM a 1 R-8.1-4",
	    "a eof", "  CLOSE a R-8.1-5",
	    "state", "  HELD A",
	    "b: B", "  REJECT b R-6.2-2",
	    "c: A 'x'", "  ACCEPT c R-6.1-3", "  CLOSE c R-5.1-6",
	    "state", "  HELD A" } },
	{ "6.3/rejected-stranger-releases-nothing R-6.3-1 R-6.2-3", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "b: B", "  REJECT b R-6.2-2",
	    "state", "  HELD A" } },
	{ "6.3/begun-stream-of-an-earlier-cookie-is-forgotten R-6.3-1", AT, {
	    "a connect", "b connect", "c connect",
	    "a: A STREAM_BEGIN", "  TAKE a R-6.1-1", "  STREAM a 1 R-8.1-4",
	    "b: A TEST_BEGIN TEST_END", "  ACCEPT b R-6.1-3", "  BEGIN b R-5.1-5",
	    "  RELEASE END R-6.5-1 [1 tcp 0 -] 0",
	    "  CLOSE a R-6.5-4", "  CLOSE b R-6.5-4",
	    "c: C", "  TAKE c R-6.1-1",
	    "c eof", "  CLOSE c R-5.1-6", "  RELEASE LEFT R-6.3-1" } },

	/* --- 6.4: overtaking ------------------------------------------------------------------------------------- */
	{ "6.4/stream-before-test-begin R-6.4-1 R-6.4-2", AT, {
	    "s connect", "a connect", "r connect",
	    "s: A STREAM_BEGIN 'abc'", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "a: A TEST_BEGIN", "  ACCEPT a R-6.1-3", "  BEGIN a R-5.1-5",
	    "s: 'de'",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 5 -] 5" } },
	{ "6.4/stream-ended-before-test-begin R-6.4-2", AT, {
	    "s connect", "a connect", "r connect",
	    "s: A STREAM_BEGIN 'abc' STREAM_END", "  TAKE s R-6.1-1", "  STREAM s 1 R-8.1-4",
	    "s eof", "  CLOSE s R-8.1-5",
	    "a: A TEST_BEGIN", "  ACCEPT a R-6.1-3", "  BEGIN a R-5.1-5",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 3 +] 3" } },
	{ "6.4/second-stream-before-test-begin R-6.4-1 R-6.4-2 R-9.2-4", AT, {
	    "s connect", "a connect", "t connect", "r connect",
	    "s: A", "  TAKE s R-6.1-1",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  STREAM t 1 R-8.1-4",
	    "s: STREAM_BEGIN", "  STREAM s 2 R-8.1-4",
	    "a: A TEST_BEGIN", "  ACCEPT a R-6.1-3", "  BEGIN a R-5.1-5",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 0 -, 2 tcp 0 -] 0" } },

	/* --- 6.5: release ---------------------------------------------------------------------------------------- */
	{ "6.5/test-end R-6.5-1 R-6.5-4 R-6.5-6", AT, {
	    "a connect", "s connect", "r connect", "f connect", "p connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 3 -] 3",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "p: B[0..31]",
	    "a: TEST_END", "  RELEASE END R-6.5-1 [1 tcp 3 -] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "  CLOSE r R-6.5-4", "  CLOSE f R-6.5-4",
	    "counts", "  pending 1 results 0 members 0 streams 0",
	    "p: B[31..]", "  TAKE p R-6.1-1" } },
	{ "6.5/end-of-file-on-control R-6.5-2 R-6.5-4 R-7-5", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a eof", "  RELEASE EOF R-6.5-2 [1 tcp 3 -] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "state", "  IDLE" } },
	{ "6.5/reset-of-control R-6.5-2 R-6.5-4", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a reset", "  RELEASE RESET R-6.5-2 [1 tcp 0 -] 0", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4" } },
	{ "6.5/end-of-file-in-the-middle-of-test-end R-6.5-2", AT, {
	    "a connect",
	    "a: A TEST_BEGIN TEST_END[0..46]", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a eof", "  RELEASE EOF R-6.5-2", "  CLOSE a R-6.5-4" } },
	{ "6.5/reset-in-the-middle-of-test-end R-6.5-2", AT, {
	    "a connect",
	    "a: A TEST_BEGIN TEST_END[0..1]", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a reset", "  RELEASE RESET R-6.5-2", "  CLOSE a R-6.5-4" } },
	{ "6.5/next-client-at-once R-6.5-5 R-6.5-6", AT, {
	    "a connect", "b connect", "s connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "s: B STREAM_BEGIN/B", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "b: TEST_END/B", "  RELEASE END R-6.5-1 [1 tcp 0 -] 0", "  CLOSE b R-6.5-4", "  CLOSE s R-6.5-4" } },
	{ "6.5/other-ends-do-not-end-the-test R-6.5-2", AT, {
	    "a connect", "s connect", "t connect", "r connect", "f connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 0 -, 2 tcp 0 -] 0",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "s eof", "  CLOSE s R-8.1-5",
	    "t reset", "  CLOSE t R-8.2-6",
	    "r eof", "  CLOSE r R-9.1-4",
	    "f reset", "  CLOSE f R-5.1-6",
	    "state", "  RUNNING A" } },
	{ "6.5/control-alone-is-a-test R-6.3-1 R-8.5-1", AT, {
	    "a connect", "f connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "f eof", "  CLOSE f R-5.1-6",
	    "state", "  RUNNING A" } },
	{ "6.5/straggler R-6.5-10", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "s: A STREAM_BEGIN", "  REJECT s R-6.5-10",
	    "state", "  IDLE" } },
	{ "6.5/straggler-of-an-aborted-test R-6.5-10", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A[0..31]",
	    "a reset", "  RELEASE RESET R-6.5-2", "  CLOSE a R-6.5-4",
	    "s: A[31..]", "  REJECT s R-6.5-10" } },
	{ "6.5/straggler-in-the-next-test R-6.5-10 R-6.2-3", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "b connect",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "s: A STREAM_BEGIN", "  REJECT s R-6.5-10",
	    "state", "  RUNNING B" } },
	{ "6.5/offered-later-is-no-straggler R-6.5-10", AT, {
	    "a connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "b connect",
	    "b: A TEST_BEGIN", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5" } },
	{ "6.5/other-cookie-is-no-straggler R-6.5-10", AT, {
	    "a connect", "b connect", "c connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "b: C TEST_BEGIN/C", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5",
	    "c: B", "  REJECT c R-6.2-2" } },
	{ "6.5/provisional-cookie-leaves-no-stragglers R-6.5-10 R-6.3-1", AT, {
	    "a connect", "b connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "a eof", "  CLOSE a R-5.1-6", "  RELEASE LEFT R-6.3-1",
	    "b: A TEST_BEGIN", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5" } },
	{ "6.5/cookie-of-nul-before-any-test R-6.5-10 R-3-4", AT, {
	    "a connect",
	    "a: =0000000000000000000000000000000000000000000000000000000000000000", "  TAKE a R-6.1-1" } },

	/* --- stopping -------------------------------------------------------------------------------------------- */
	{ "6.5/stop-in-test R-6.5-9", AT, {
	    "a connect", "s connect", "r connect", "f connect", "p connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 0 -] 0",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "p: B[0..1]",
	    "stop", "  RELEASE STOP R-6.5-9 [1 tcp 0 -] 0", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4",
	    "  CLOSE r R-6.5-4",
	    "  CLOSE f R-6.5-4", "  CLOSE p R-6.5-9",
	    "stop",
	    "deadline", "  none" } },
	{ "6.5/stop-while-held R-6.5-9", AT, {
	    "a connect",
	    "a: A", "  TAKE a R-6.1-1",
	    "stop", "  RELEASE STOP R-6.5-9", "  CLOSE a R-6.5-4",
	    "state", "  IDLE" } },
	{ "6.5/stop-while-idle R-6.5-9", AT, {
	    "a connect", "b connect",
	    "a: A[0..31]",
	    "stop", "  CLOSE a R-6.5-9", "  CLOSE b R-6.5-9" } },

	/* --- 7: the control connection --------------------------------------------------------------------------- */
	{ "7/whole-test-in-one-segment R-7-4 R-4.3-1 R-8.5-1", AT, {
	    "a connect",
	    "a: A TEST_BEGIN TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE END R-6.5-1",
	    "  CLOSE a R-6.5-4",
	    "state", "  IDLE" } },
	{ "7/octets-behind-test-end R-6.5-1", AT, {
	    "a connect",
	    "a: A TEST_BEGIN TEST_END '\n' A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "  RELEASE END R-6.5-1", "  CLOSE a R-6.5-4",
	    "state", "  IDLE" } },
	{ "7/octet-before-test-end R-7-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a: '\n'", "  RELEASE OCTET R-7-4", "  CLOSE a R-6.5-4" } },
	{ "7/first-wrong-octet-aborts R-7-4 R-4.3-3", AT, {
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a: TEST_END[0..13]",
	    "a: 'd'", "  RELEASE OCTET R-7-4", "  CLOSE a R-6.5-4" } },
	{ "7/test-end-of-other-cookie R-7-4 R-4.2-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a: TEST_END/C[0..46]",
	    "a: TEST_END/C[46..]", "  RELEASE OCTET R-7-4", "  CLOSE a R-6.5-4" } },
	{ "7/test-end-of-other-cookie-first-octet R-7-4 R-4.3-3", AT, {
	    "a connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "a: TEST_END/D[0..15]",
	    "a: TEST_END/D[15..16]", "  RELEASE OCTET R-7-4", "  CLOSE a R-6.5-4" } },
	{ "7/test-end-without-cookie R-7-4 R-4.2-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN 'IPERF_TEST_END\n'", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE OCTET R-7-4",
	    "  CLOSE a R-6.5-4" } },
	{ "7/test-begin-again R-7-4", AT, {
	    "a connect", "s connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "s: A STREAM_BEGIN 'abc'", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "a: TEST_BEGIN", "  RELEASE OCTET R-7-4 [1 tcp 3 -] 3", "  CLOSE a R-6.5-4", "  CLOSE s R-6.5-4" } },
	{ "7/stream-begin-on-control R-7-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN STREAM_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE OCTET R-7-4",
	    "  CLOSE a R-6.5-4" } },
	{ "7/results-request-on-control R-7-4 R-9.1-2", AT, {
	    "a connect",
	    "a: A TEST_BEGIN RESULTS_REQUEST", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE OCTET R-7-4",
	    "  CLOSE a R-6.5-4" } },
	{ "7/preamble-again R-7-4", AT, {
	    "a connect",
	    "a: A TEST_BEGIN A TEST_END", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE OCTET R-7-4",
	    "  CLOSE a R-6.5-4" } },
	{ "7/next-client-after-an-abort R-7-4 R-6.5-5", AT, {
	    "a connect", "b connect",
	    "a: A TEST_BEGIN 'x'", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5", "  RELEASE OCTET R-7-4",
	    "  CLOSE a R-6.5-4",
	    "b: B TEST_BEGIN/B", "  TAKE b R-6.1-1", "  BEGIN b R-5.1-5" } },

	/* --- 13.1, 13.2: what the tables add --------------------------------------------------------------------- */
	{ "13.2/empty-arrivals-in-every-state", AT, {
	    "a connect", "s connect", "r connect",
	    "a:",
	    "a: A", "  TAKE a R-6.1-1",
	    "a:",
	    "a: TEST_BEGIN", "  BEGIN a R-5.1-5",
	    "a:",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "s:",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3 [1 tcp 0 -] 0",
	    "r:",
	    "state", "  RUNNING A" } },
	{ "13.2/ends-in-every-state-while-held", AT, {
	    "k connect", "p connect", "q connect", "f connect", "g connect", "s connect", "t connect",
	    "k: A", "  TAKE k R-6.1-1",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "g: A", "  ACCEPT g R-6.1-3",
	    "s: A STREAM_BEGIN", "  ACCEPT s R-6.1-3", "  STREAM s 1 R-8.1-4",
	    "t: A STREAM_BEGIN", "  ACCEPT t R-6.1-3", "  STREAM t 2 R-8.1-4",
	    "p eof", "  CLOSE p R-6.1-2",
	    "q reset", "  CLOSE q R-6.1-2",
	    "f eof", "  CLOSE f R-5.1-6",
	    "g reset", "  CLOSE g R-5.1-6",
	    "s eof", "  CLOSE s R-8.1-5",
	    "t reset", "  CLOSE t R-8.2-6",
	    "state", "  HELD A" } },
	{ "13.2/ends-in-every-state-in-test", AT, {
	    "a connect", "p connect", "q connect", "f connect", "g connect", "r connect", "w connect",
	    "a: A TEST_BEGIN", "  TAKE a R-6.1-1", "  BEGIN a R-5.1-5",
	    "f: A", "  ACCEPT f R-6.1-3",
	    "g: A", "  ACCEPT g R-6.1-3",
	    "r: A RESULTS_REQUEST", "  ACCEPT r R-6.1-3", "  RESPOND r R-9.1-3",
	    "w: A RESULTS_REQUEST", "  ACCEPT w R-6.1-3", "  RESPOND w R-9.1-3",
	    "p eof", "  CLOSE p R-6.1-2",
	    "q reset", "  CLOSE q R-6.1-2",
	    "f eof", "  CLOSE f R-5.1-6",
	    "g reset", "  CLOSE g R-5.1-6",
	    "r eof", "  CLOSE r R-9.1-4",
	    "w reset", "  CLOSE w R-9.1-4",
	    "counts", "  pending 0 results 0 members 1 streams 0",
	    "state", "  RUNNING A" } },
};

/* --- once CLOSED ------------------------------------------------------------------------------------------------- */

static unsigned decisions;

static void count_decision(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	(void)user, (void)server, (void)decision;
	decisions++;
}

/* server.h: octets, end-of-file and reset are ignored then. */
static void closed_is_closed(void **state)
{
	struct iperf_server_config config;
	struct iperf_server server;
	struct iperf_conn conn;
	struct octets octets;

	(void)state;
	iperf_server_defaults(&config);
	config.streams_max = 0;
	config.decide = count_decision;
	iperf_server_init(&server, &config);
	iperf_server_connected(&server, &conn, &(struct iperf_endpoint){ .port = 1 }, WORLD_BEGAN);
	iperf_server_eof(&server, &conn, WORLD_BEGAN);
	assert_int_equal(conn.state, IPERF_CONN_CLOSED);
	assert_int_equal(decisions, 1);
	octets_of(&octets, "A TEST_BEGIN");
	iperf_server_octets(&server, &conn, octets.at, octets.length, WORLD_BEGAN);
	iperf_server_eof(&server, &conn, WORLD_BEGAN);
	iperf_server_reset(&server, &conn, WORLD_BEGAN);
	iperf_server_timer(&server, WORLD_BEGAN + 1000 * IPERF_S);
	assert_int_equal(decisions, 1);
	assert_int_equal(server.state, IPERF_TEST_IDLE);
}

int main(void)
{
	ROWS_ADD(rows, run_server_script);
	test_add("13.2/closed-is-closed", closed_is_closed, NULL);
	return tests_run("server");
}
