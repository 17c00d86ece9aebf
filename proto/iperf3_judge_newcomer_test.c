/* The iperf3 judge on cookies, on connections that become no test, and on those that it does not fully know. */
#include "proto/iperf3_judge_notation_test.h"

#define NEW "2+ 2>cookie:b "

static const struct notation_row rows[] = {
	{ "22.2/cookie-letters R-22.2-1", "0+ 0>cookie:{ 0<PARAM_EXCHANGE " CLOSE("0"), "C R-22.2-1" },
	{ "22.2/cookie-digit-1 R-22.2-1", "0+ 0>cookie:1 0<PARAM_EXCHANGE " CLOSE("0"), "C R-22.2-1" },
	{ "22.2/cookie-digit-8 R-22.2-1", "0+ 0>cookie:8 0<PARAM_EXCHANGE " CLOSE("0"), "C R-22.2-1" },
	{ "22.2/cookie-2-to-7", "0+ 0>cookie:2 0<PARAM_EXCHANGE " CLOSE("0") "1+ 1>cookie:7 1<PARAM_EXCHANGE "
	  CLOSE("1"), "" },
	{ "22.2/time-from-zero", "@-1001 " GOOD, "" },

	/* a second client */
	{ "25.4/taken-while-streams-are-awaited R-25-4", BEGIN(TCP_TEST) NEW "2<PARAM_EXCHANGE " CLOSE("2") CLOSE("0"),
	  "S R-25-4" },
	{ "30.1/taken-while-a-test-runs R-30-1", RUNNING NEW "2<PARAM_EXCHANGE " CLOSE("2") CLOSE("1") CLOSE("0"),
	  "S R-30-1" },
	{ "30.1/taken-though-octets-are-missing", RUNNING "0<missing1 " NEW "2<PARAM_EXCHANGE " CLOSE("2")
	  CLOSE("1") CLOSE("0"), "S ?" },
	{ "30.1/taken-though-the-clients-are-missing", RUNNING "0>missing1 " NEW "2<PARAM_EXCHANGE " CLOSE("2")
	  CLOSE("1") CLOSE("0"), "C ?" },
	{ "30.1/taken-when-the-last-is-over", RUNNING "0>CLIENT_TERMINATE " NEW "2<PARAM_EXCHANGE " CLOSE("2")
	  CLOSE("1") CLOSE("0"), "" },
	{ "30.1/taken-before-the-last-is-over R-30-1 R-22.1-2", RUNNING "2+ 2<PARAM_EXCHANGE 0>CLIENT_TERMINATE "
	  "2>cookie:b " CLOSE("2") CLOSE("1") CLOSE("0"), "S R-30-1, S R-22.1-2" },
	{ "23/cookie-of-a-test-that-is-over", GOOD "2+ 2>cookie:a " CLOSE("2"), "" },
	{ "23/cookie-of-a-test-that-ends", RUNNING "0>CLIENT_TERMINATE 2+ 2>cookie:a " CLOSE("2") CLOSE("1")
	  CLOSE("0"), "" },

	/* turned away */
	{ "23.19/turned-away-from-a-free-server R-23-19", GOOD "@5000 " NEW "2<ACCESS_DENIED " CLOSE("2"),
	  "S R-23-19" },
	{ "23.19/closed-by-a-free-server R-23-19", GOOD "@5000 " NEW "2<eof 2>eof", "S R-23-19" },
	{ "23.19/turned-away-at-once", GOOD NEW "2<ACCESS_DENIED " CLOSE("2"), "" },
	{ "23.19/turned-away-while-others-are-there R-23-19", GOOD "@5000 3+ " NEW "2<ACCESS_DENIED " CLOSE("2")
	  CLOSE("3"), "S R-23-19?" },
	{ "23.19/turned-away-seen-at-the-client R-23-19", "far at-client " GOOD "@5000 " NEW "2<ACCESS_DENIED "
	  CLOSE("2"), "S R-23-19?" },
	{ "23.19/turned-away-seen-at-the-server R-23-19", "far " GOOD "@5000 " NEW "2<ACCESS_DENIED " CLOSE("2"),
	  "S R-23-19" },
	{ "23.19/turned-away-seen-on-their-host R-23-19", "at-client " GOOD "@5000 " NEW "2<ACCESS_DENIED " CLOSE("2"),
	  "S R-23-19" },
	{ "23.18/turned-away-after-iperf-done R-23-18", RUNNING "1>p1000 " EXCHANGE(SENT, RECEIVED) "@5000 " NEW
	  "2<ACCESS_DENIED " CLOSE("2"), "S R-23-18?" },
	{ "23.1/turned-away-from-the-first R-23-1", NEW "2<ACCESS_DENIED " CLOSE("2"), "S R-23-1?" },
	{ "23.1/turned-away-when-another-was-first", "2+ " GOOD "2>cookie:b 2<ACCESS_DENIED " CLOSE("2"), "" },
	{ "23/turned-away-without-cookie", "2+ 2>x61 2<ACCESS_DENIED " CLOSE("2"), "" },
	{ "23/turned-away-beside-one-that-is-half-known", GOOD "@5000 3~ " NEW "2<ACCESS_DENIED " CLOSE("2") CLOSE("3"),
	  "S R-23-19?, C ?" },
	{ "23/turned-away-long-after-one-that-is-half-known", "3~ " CLOSE("3") GOOD "@5000 " NEW "2<ACCESS_DENIED "
	  CLOSE("2"), "S R-23-19" },

	/* while streams are awaited */
	{ "25.4/not-told R-25-4", BEGIN(TCP_TEST) NEW "2<eof 2>eof " STREAM("1") RUN CLOSE("1") CLOSE("0"),
	  "S R-25-4" },
	{ "25.4/not-told-on-the-way R-25-4", "far " BEGIN(TCP_TEST) NEW "2<eof 2>eof " STREAM("1") RUN CLOSE("1")
	  CLOSE("0"), "S R-25-4?" },
	{ "25.5/not-told-half-a-cookie R-25-5", BEGIN(TCP_TEST) "2+ 2>x6161 2<eof 2>eof " STREAM("1") RUN CLOSE("1")
	  CLOSE("0"), "S R-25-5" },
	{ "25.4/told", BEGIN(TCP_TEST) NEW "2<ACCESS_DENIED 2<eof 2>eof " STREAM("1") RUN CLOSE("1") CLOSE("0"), "" },
	{ "25.4/went-by-itself", BEGIN(TCP_TEST) NEW "2>eof 2<eof " STREAM("1") RUN CLOSE("1") CLOSE("0"), "" },
	{ "25.4/came-before", OPEN "2+ 0>" TCP_TEST " 0<CREATE_STREAMS 2>cookie:b 2<eof 2>eof " STREAM("1") RUN
	  CLOSE("1") CLOSE("0"), "" },
	{ "25.4/closed-before-the-start R-25-4", BEGIN(TCP_TEST) NEW "2<eof " STREAM("1") RUN "2>eof " CLOSE("1")
	  CLOSE("0"), "S R-25-4" },
	{ "25.4/closed-behind-the-start", BEGIN(TCP_TEST) NEW STREAM("1") RUN "2<eof 2>eof " CLOSE("1") CLOSE("0"),
	  "" },
	{ "25.4/ends-the-test R-25-4", BEGIN(TCP_TEST) NEW "2<ACCESS_DENIED " CLOSE("2") "0<eof 0>eof ", "S R-25-4" },
	{ "25.4/long-before-the-end R-29-7", BEGIN(TCP_TEST) NEW "2<ACCESS_DENIED " CLOSE("2") "@60 0<eof 0>eof ",
	  "S R-29-7?" },

	/* kept waiting */
	{ "30.1/kept-waiting R-30-1", RUNNING NEW "@2000 2>eof 2<eof " CLOSE("1") CLOSE("0"), "S R-30-1" },
	{ "30.1/kept-waiting-to-the-end R-30-1", RUNNING NEW "@2000 1>p1", "S R-30-1" },

	/* what else is said to it */
	{ "23.1/another-state R-23-1", NEW "2<CREATE_STREAMS " CLOSE("2"), "S R-23-1" },
	{ "22.1/answer-before-the-cookie R-22.1-2", "2+ 2<CREATE_STREAMS 2>cookie:b " CLOSE("2"), "S R-22.1-2" },
	{ "22.1/answer-without-cookie R-22.1-2", "2+ 2<PARAM_EXCHANGE " CLOSE("2"), "S R-22.1-2" },
	{ "29/stopped-beside-it", NEW "2<SERVER_TERMINATE " CLOSE("2"), "" },
	{ "29/failed-beside-it", NEW "2<SERVER_ERROR 2<x0000008e00000000 " CLOSE("2"), "" },
	{ "30.1/goes-on-behind-denial R-30-1", NEW "2<ACCESS_DENIED 2<CREATE_STREAMS " CLOSE("2"),
	  "S R-30-1, S R-23-1?" },
	{ "29.2/client-goes-on R-29-2", GOOD NEW "2<ACCESS_DENIED 2>x0001 " CLOSE("2"), "C R-29-2" },
	{ "22.1/client-went-on-before R-22.1-1", GOOD NEW "2>x0001 2<ACCESS_DENIED 2>x0203 " CLOSE("2"), "C R-22.1-1" },
	{ "22.1/client-goes-on R-22.1-1", GOOD NEW "2>x0001 " CLOSE("2"), "C R-22.1-1" },

	/* not fully known */
	{ "foreign/another-profile", NEW "2=foreign 2>x0001 2<eof 2>eof", "" },
	{ "foreign/from-before-the-capture", "2~ 2=foreign " CLOSE("2") GOOD, "" },
	{ "foreign/beside-a-newcomer", GOOD "@5000 3+ 3=foreign " NEW "2<ACCESS_DENIED " CLOSE("2") CLOSE("3"),
	  "S R-23-19?" },
	{ "hidden/half-known", "2~ " GOOD CLOSE("2"), "C ?" },
	{ "hidden/half-known-twice", "2~ 3~ " GOOD CLOSE("2") CLOSE("3"), "C ?" },
	{ "hidden/no-test", "2~ " CLOSE("2"), "" },
	{ "conflict/on-the-control-connection", RUNNING "0<conflict " CLOSE("1") CLOSE("0"), "S ?" },
	{ "conflict/on-a-stream", RUNNING "1>conflict 1>p1000 " EXCHANGE(SENT, RECEIVED) CLOSE("1") CLOSE("0"), "" },
	{ "conflict/of-one-half-known", "2~ 2>conflict " CLOSE("2"), "" },
	{ "refused", "2+ 2<refused", "" },
	{ "streams/no-room", "streams:1 "
	  BEGIN("{'tcp':true,'omit':0,'time':0,'num':1000,'blockcount':0,'parallel':2,'len':1000}") STREAM("1")
	  STREAM("2") RUN "2>p1000 1>p1000 " CLOSE("2") CLOSE("1") CLOSE("0"), "" },
	{ "streams/ended-twice", RUNNING "1>p1000 1>eof 1>eof 1<eof 0>eof 0>eof 0<eof", "" },
	{ "streams/server-ended-twice", RUNNING "1>p1000 1<eof 1<eof 1>eof 0<eof 0<eof 0>eof", "S R-25-11" },
};

/* A connection that is refused is told as that. */
static void refused_is_told(void **unused)
{
	static struct script script;
	static struct verdicts verdicts;

	(void)unused;
	write_words(&script, "2+ 2<refused");
	tell_script(&script, 1, &verdicts);
	assert_int_equal(verdicts.refused, 1);
	assert_int_equal(verdicts.count, 0);
	script_free(&script);
}

/* Datagrams belong to a test that goes on, or has just ended. */
static void datagrams_are_taken(void **unused)
{
	static struct script script;
	static struct verdicts verdicts;
	struct telling *t = calloc(1, sizeof *t);
	struct iperf_mark now = { .packet = 1, .time_ns = 1 };

	(void)unused;
	assert_non_null(t);
	begin_telling(t, &verdicts, &script);
	assert_false(iperf3_judge_takes_datagrams(&t->judge, &now));
	script.ns = IPERF_S;
	write_words(&script, GOOD);
	for (size_t i = 0; i < script.count; i++) {
		tell_event(t, &script.events[i], 5000);
		now.time_ns = script.events[i].ns;
		if (t->judge.tests)
			assert_true(iperf3_judge_takes_datagrams(&t->judge, &now));
	}
	assert_int_equal(t->judge.tests, 1);
	now.time_ns += 2 * IPERF_S;
	assert_false(iperf3_judge_takes_datagrams(&t->judge, &now));
	iperf3_judge_end(&t->judge);
	for (unsigned i = 0; i < 2; i++)
		assert_false(t->there[i]);
	script_free(&script);
	free(t);
}

int main(void)
{
	ROWS_ADD(rows, run_notation_row);
	test_add("refused-is-told", refused_is_told, NULL);
	test_add("datagrams-are-taken", datagrams_are_taken, NULL);
	return tests_run("iperf3_judge_newcomer");
}
