/* The iperf3 judge on what is said on a control connection: states, how a test ends, what does not come. */
#include "proto/iperf3_judge_notation_test.h"

#define NEW "2+ 2>cookie:b "
#define ENDS CLOSE("1") CLOSE("0")
#define DONE RUNNING "1>p1000 " EXCHANGE(SENT, RECEIVED)
#define SHOWN RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT " 0<" RECEIVED " 0<DISPLAY_RESULTS "
#define BAD_LENGTH(key) "{'tcp':true,'omit':0,'time':0,'num':1000,'blockcount':0," key "}"

static const struct notation_row states[] = {
	{ "22.3/no-state-of-anyone R-22.3-1", RUNNING "0<x63 " ENDS, "S R-22.3-1" },
	{ "22.3/no-state-of-a-client R-22.3-2", BEGIN(TCP_TEST) "0>x63 " CLOSE("0"), "C R-22.3-2" },
	{ "22.3/zero-behind-the-results R-22.3-1", SHOWN "0<x00 0>IPERF_DONE " ENDS, "S R-22.3-1" },
	{ "22.3/wrong-states-are-read-three-times R-22.3-1", RUNNING "0<x63 0<x63 0<x63 0<TEST_START " ENDS,
	  "S R-22.3-1" },
	{ "22.3/goes-on-after-a-wrong-octet R-22.3-3", RUNNING "0>x63 1>p1000 " EXCHANGE(SENT, RECEIVED) ENDS,
	  "C R-22.3-2, S R-22.3-3" },
	{ "22.3/wrong-octet-before-the-test-runs R-22.3-2", BEGIN(TCP_TEST) "0>x63 " STREAM("1") RUN "1>p1000 "
	  EXCHANGE(SENT, RECEIVED) ENDS, "C R-22.3-2" },
	{ "22.3/wrong-octet-behind-the-results R-22.3-2", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT
	  " 0>x63 0<" RECEIVED " 0<DISPLAY_RESULTS 0>IPERF_DONE " ENDS, "C R-22.3-2" },
	{ "22.3/wrong-octet-without-test R-22.3-2", BEGIN(TCP_TEST) "0>x63 0>TEST_END 0<EXCHANGE_RESULTS " CLOSE("0"),
	  "C R-22.3-2, C R-27.2-1" },

	/* behind the last */
	{ "29/behind-an-error R-29-1", RUNNING "0<SERVER_ERROR 0<x0000008e00000000 0<TEST_RUNNING " ENDS, "S R-29-1" },
	{ "29/a-second-error R-29-14", RUNNING "0<SERVER_ERROR 0<x0000008e00000000 0<SERVER_ERROR "
	  "0<x0000008e00000000 " ENDS, "S R-29-14" },
	{ "29/behind-server-terminate R-29-7", RUNNING "0<SERVER_TERMINATE 0<TEST_RUNNING " ENDS, "S R-29-7" },
	{ "29/server-terminate-twice R-29-7", RUNNING "0<SERVER_TERMINATE 0<SERVER_TERMINATE " ENDS, "S R-29-7" },
	{ "29/nonsense-behind-server-terminate R-29-7", RUNNING "0<SERVER_TERMINATE 0<x63 " ENDS, "S R-29-7" },
	{ "30.1/behind-access-denied R-30-1", NEW "2<ACCESS_DENIED 2<ACCESS_DENIED 2<ACCESS_DENIED " CLOSE("2"),
	  "S R-30-1, S R-23-1?" },
	{ "23.17/behind-the-end R-23-17", DONE "0<TEST_RUNNING " ENDS, "S R-23-17" },
	{ "23.17/behind-the-end-on-the-way R-23-17", "far " DONE "0<TEST_RUNNING " ENDS, "S R-23-17?" },
	{ "23.17/long-behind-the-end R-23-17", "far " DONE "@2000 0<TEST_RUNNING " ENDS, "S R-23-17" },
	{ "29/access-denied-in-a-test", RUNNING "0<ACCESS_DENIED " ENDS, "" },
	{ "22.1/twice-before-it-is-asked R-22.1-1", GOOD NEW "2>CLIENT_TERMINATE 2>CLIENT_TERMINATE " CLOSE("2"),
	  "C R-22.1-1" },
	{ "22.1/early-but-octets-are-missing", "0+ 0>cookie:a 0>x0001 0<PARAM_EXCHANGE 0<missing1 " CLOSE("0"), "S ?" },

	/* texts that cannot be kept */
	{ "22.4/no-room-for-texts", "room:10 " GOOD, "C ?, C ?, S ?" },
	{ "28/results-too-long", RUNNING "0>TEST_END 0<EXCHANGE_RESULTS 0>x00100001 0>p10 " ENDS, "" },
	{ "24.4/parameters-too-long", OPEN "0>x00100001 0>p10 0<eof 0>eof", "" },
};

static const struct notation_row ends[] = {
	/* the server ends the control connection */
	{ "29.7/server-ends-a-test R-29-7", RUNNING "0<eof 0>eof " CLOSE("1"), "S R-29-7?" },
	{ "29.7/server-ends-and-its-streams-go-on R-29-7", RUNNING "0<eof 0>eof 1>p1", "S R-29-7?" },
	{ "29.7/server-ends-behind-test-end R-29-7", RUNNING "0>TEST_END 0<eof 0>eof " CLOSE("1"), "S R-29-7?" },
	{ "29.7/server-ends-in-the-results R-29-7", RUNNING "0>x0400000004 0<eof 0>eof " CLOSE("1"), "S R-29-7?" },
	{ "29.7/server-ends-after-long-silence", RUNNING "@10000 0<eof 0>eof " CLOSE("1"), "" },
	{ "29.7/server-ends-after-t-read", "timers:2000 " RUNNING "@1500 0<eof 0>eof " CLOSE("1"), "" },
	{ "29.7/server-ends-before-t-read R-29-7", "timers:20000 " RUNNING "@10000 0<eof 0>eof " CLOSE("1"),
	  "S R-29-7?" },
	{ "29.7/server-ends-with-len-0", OPEN "0>" BAD_LENGTH("'parallel':1,'len':0") " 0<eof 0>eof ", "" },
	{ "29.7/server-ends-with-parallel-0", OPEN "0>" BAD_LENGTH("'parallel':0,'len':1") " 0<eof 0>eof ", "" },
	{ "29.7/server-ends-with-bad-parameters R-22.4-1", OPEN "0>{ 0<eof 0>eof ", "C R-22.4-1" },
	{ "29.7/server-ends-without-parameters R-29-7", OPEN "0<eof 0>eof ", "S R-29-7?" },
	{ "29.7/server-ends-with-bad-results R-22.4-1", RUNNING "0>TEST_END 0<EXCHANGE_RESULTS 0>{ 0<eof 0>eof "
	  CLOSE("1"), "C R-22.4-1" },
	{ "25.11/server-ends-with-a-stream R-25-11", RUNNING "1>eof 0<eof 0>eof 1<eof ", "S R-25-11" },
	{ "25.11/stream-is-reset R-29-7", RUNNING "1>reset 0<eof 0>eof ", "S R-29-7?" },
	{ "25.11/stream-ends-behind R-29-7", RUNNING "0<eof 1>eof 0>eof 1<eof ", "S R-29-7?" },
	{ "25.11/stream-ended-before R-29-7", RUNNING "1>eof @100 0<eof 0>eof 1<eof ", "S R-29-7?" },
	{ "25.4/denies-when-it-has-ended R-29-7", BEGIN(TCP_TEST) NEW "0<eof 2<eof 2>eof 0>eof ", "S R-29-7?" },
	{ "25.4/had-ended-as-is-told-later R-25-4 R-29-7", BEGIN(TCP_TEST) NEW "* 2<eof 2>eof ^0<eof 0>eof ",
	  "S R-25-4, S R-29-7?" },
	{ "25.4/denied-then-ran R-29-7", BEGIN(TCP_TEST) NEW "2<ACCESS_DENIED 2<eof 2>eof " STREAM("1") RUN
	  "0<eof 0>eof " CLOSE("1"), "S R-29-7?" },

	/* the server has to end it */
	{ "23.16/not-closed-after-done R-23-16", DONE CLOSE("1") "0>eof @2000", "S R-23-16" },
	{ "23.16/closed-soon-after-done", DONE CLOSE("1") "0>eof @500", "" },
	{ "29.6/not-closed-after-terminate R-29-6", RUNNING "0>CLIENT_TERMINATE " CLOSE("1") "0>eof @2000",
	  "S R-29-6" },
	{ "29.9/not-closed-after-the-client R-29-9", RUNNING CLOSE("1") "0>eof @2000", "S R-29-9" },
	{ "29.9/not-closed-but-reset", RUNNING CLOSE("1") "0>reset @2000", "" },
	{ "29.9/not-closed-but-octets-are-missing", RUNNING CLOSE("1") "0<missing1 0>eof @2000", "S ?" },
	{ "29.9/not-closed-but-the-clients-are-missing", RUNNING CLOSE("1") "0>missing1 0>eof @2000", "C ?" },
	{ "29.9/capture-ends-in-a-test", RUNNING "@2000", "" },
	{ "29.9/stream-not-closed R-29-9", RUNNING "0>eof 0<eof 1>p1 @2000", "S R-29-9" },
	{ "29.9/stream-gone-not-closed R-29-9", RUNNING "0>eof 0<eof 1>eof @2000", "S R-29-9" },
	{ "29.6/stream-gone-not-closed R-29-6", RUNNING "0>CLIENT_TERMINATE 0>eof 0<eof 1>eof @2000", "S R-29-6" },

	/* terminated */
	{ "29.5/nobody-closes R-29-5 R-29-6", RUNNING CLOSE("1") "0>CLIENT_TERMINATE @2000", "C R-29-5, S R-29-6" },
	{ "29.5/closes-soon", RUNNING CLOSE("1") "0>CLIENT_TERMINATE @500", "" },
	{ "29.5/client-closes", RUNNING CLOSE("1") "0>CLIENT_TERMINATE 0>eof @500 0<eof", "" },
	{ "29.5/server-closes", RUNNING CLOSE("1") "0>CLIENT_TERMINATE 0<eof @2000 0>eof", "" },
	{ "29.5/only-server-closes", RUNNING CLOSE("1") "0>CLIENT_TERMINATE 0<eof @2000", "" },
	{ "29.5/client-resets", RUNNING CLOSE("1") "0>CLIENT_TERMINATE 0>reset", "" },
	{ "29.7/does-not-close R-29-7", RUNNING CLOSE("1") "0<SERVER_TERMINATE @2000", "S R-29-7" },
	{ "29.7/closes-soon", RUNNING CLOSE("1") "0<SERVER_TERMINATE @500 0>eof @2000", "S R-29-9" },
	{ "29.7/closes", RUNNING CLOSE("1") "0<SERVER_TERMINATE @2000 0<eof 0>eof", "" },
	{ "29.7/resets", RUNNING CLOSE("1") "0<SERVER_TERMINATE @2000 0<reset", "" },

	/* an error without its numbers */
	{ "29.1/three-octets R-29-1", BEGIN(TCP_TEST) "0<SERVER_ERROR 0<x000000 " CLOSE("0"), "S R-29-1" },
	{ "29.1/no-octets R-29-1", BEGIN(TCP_TEST) "0<SERVER_ERROR 0<eof 0>eof", "S R-29-1" },
	{ "29.1/client-resets", BEGIN(TCP_TEST) "0<SERVER_ERROR 0>reset", "" },
	{ "29.1/capture-ends", BEGIN(TCP_TEST) "0<SERVER_ERROR", "" },
	{ "29.1/octets-are-missing", BEGIN(TCP_TEST) "0<SERVER_ERROR 0<missing8 " CLOSE("0"), "S ?" },

	/* the client ends behind DISPLAY_RESULTS */
	{ "23.13/without-iperf-done R-23-13", SHOWN CLOSE("0") CLOSE("1"), "C R-23-13" },
	{ "23.13/without-iperf-done-on-the-way R-23-13", "far " SHOWN CLOSE("0") CLOSE("1"), "C R-23-13?" },
	{ "23.13/results-not-known R-23-13", "room:220 " SHOWN CLOSE("0") CLOSE("1"), "C R-23-13" },
	{ "23.13/terminates", SHOWN "0>CLIENT_TERMINATE " CLOSE("0") CLOSE("1"), "" },
	{ "23.13/octets-are-missing", SHOWN "0>missing1 " CLOSE("0") CLOSE("1"), "C ?" },
	{ "23.13/had-ended-before", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT " 0>eof 0<" RECEIVED
	  " 0<DISPLAY_RESULTS 0<eof " CLOSE("1"), "" },
};

static const struct notation_row duties[] = {
	{ "23.2/parameters R-23-2", OPEN "@31000 ", "C R-23-2" },
	{ "23.2/parameters-for-a-while R-23-2", OPEN "@5000 ", "C R-23-2?" },
	{ "23.2/parameters-in-time", OPEN "@500 ", "" },
	{ "23.3/create-streams R-23-3", OPEN "0>" TCP_TEST " @31000", "S R-23-3" },
	{ "23.3/create-streams-refused R-29-7", OPEN "0>" TCP_TEST " @5000 0<eof ", "S R-29-7?" },
	{ "23.9/exchange-results R-23-9", RUNNING "1>p1000 0>TEST_END @31000", "S R-23-9" },
	{ "23.10/results R-23-10", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS @31000", "C R-23-10" },
	{ "23.11/results R-23-11", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT " @31000", "S R-23-11" },
	{ "23.12/display-results R-23-12", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT " 0<" RECEIVED
	  " @31000", "S R-23-12" },
	{ "23.13/iperf-done R-23-13", SHOWN "@31000", "C R-23-13" },
	{ "23.13/iperf-done-though-it-ended", SHOWN "@31000 0<eof", "C R-23-13" },
	{ "23/nothing-is-due-behind-an-error", OPEN "0>" TCP_TEST " 0<SERVER_ERROR 0<x0000008e00000000 @31000", "" },
	{ "23/nothing-is-due-when-octets-are-missing", OPEN "0>" TCP_TEST " 0<missing1 @31000", "S ?" },
	{ "23/nothing-is-due-when-the-clients-are-missing", OPEN "0>" TCP_TEST " 0>missing1 @31000", "C ?" },

	/* timers */
	{ "31.1/waits-for-parameters R-31-1", "timers:1000 " OPEN "@2500 ", "C R-23-2?, S R-31-1" },
	{ "31.1/waits-for-results R-31-1", "timers:1000 " RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS @2500 ",
	  "C R-23-10?, S R-31-1" },
	{ "31.1/waits-not-long", "timers:5000 " RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS @500 ", "" },
	{ "31.1/good", "timers:1000 " GOOD, "" },
	{ "31.1/octets-are-missing", "timers:1000 " OPEN "0<missing1 @2500", "S ?" },
	{ "31.1/the-clients-are-missing", "timers:1000 " OPEN "0>missing1 @2500", "C ?" },
	{ "31.3/no-test-end R-31-3", "timers:1000 " BEGIN(TIMED("2")) STREAM("1") RUN "1>p1000 @5000 1>p1000",
	  "S R-31-3" },
	{ "31.3/no-test-end-yet", "timers:1000 " BEGIN(TIMED("2")) STREAM("1") RUN "1>p1000 @3000 1>p1000", "" },
	{ "31.3/test-end", "timers:1000 " BEGIN(TIMED("2")) STREAM("1") RUN "1>p1000 @2000 0>TEST_END @500 "
	  "0<EXCHANGE_RESULTS", "" },
	{ "31.3/of-great-time", "timers:1000 " BEGIN(TIMED("1000000")) STREAM("1") RUN "1>p1000 @9000 1>p1000", "" },
	{ "31.3/of-negative-omit", "timers:1000 "
	  BEGIN("{'tcp':true,'omit':-1,'time':2,'num':0,'blockcount':0,'parallel':1,'len':1000}") STREAM("1") RUN
	  "1>p1000 @9000 1>p1000", "" },
	{ "31.3/of-great-omit", "timers:1000 "
	  BEGIN("{'tcp':true,'omit':1000000,'time':2,'num':0,'blockcount':0,'parallel':1,'len':1000}") STREAM("1")
	  RUN "1>p1000 @9000 1>p1000", "" },
	{ "31.3/of-number", "timers:1000 " RUNNING "1>p1000 @9000 1>p1000", "" },
};

/* A state of the other side, in the midst of a test, is wrong: each of them. */
static void states_of_the_other_side(void **unused)
{
	static const struct {
		const char *name;
		bool client;
	} all[] = {
		{ "TEST_END", true },          { "CLIENT_TERMINATE", true },  { "IPERF_DONE", true },
		{ "TEST_START", false },       { "TEST_RUNNING", false },     { "PARAM_EXCHANGE", false },
		{ "CREATE_STREAMS", false },   { "SERVER_TERMINATE", false }, { "EXCHANGE_RESULTS", false },
		{ "DISPLAY_RESULTS", false },  { "ACCESS_DENIED", false },    { "SERVER_ERROR", false },
	};
	char words[1000];

	(void)unused;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct notation_row row = { all[i].name, words, all[i].client ? "S R-22.3-1" : "C R-22.3-2" };
		void *state_ = &row;

		snprintf(words, sizeof words, "%s0%c%s 0>eof 0<eof", BEGIN(TCP_TEST), all[i].client ? '<' : '>',
			 all[i].name);
		run_notation_row(&state_);
	}
}

int main(void)
{
	ROWS_ADD(states, run_notation_row);
	ROWS_ADD(ends, run_notation_row);
	ROWS_ADD(duties, run_notation_row);
	test_add("22.3/states-of-the-other-side R-22.3-1 R-22.3-2", states_of_the_other_side, NULL);
	return tests_run("iperf3_judge_talk");
}
