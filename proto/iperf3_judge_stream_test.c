/* The iperf3 judge on TCP streams, and on what results count of them. */
#include "proto/iperf3_judge_notation_test.h"

#define ENDS CLOSE("1") CLOSE("0")
#define OF(parallel, len, more)                                                                                        \
	"{'tcp':true,'omit':0,'time':0,'num':0,'blockcount':0,'parallel':" parallel ",'len':" len more "}"
#define REVERSE OF("1", "1000", ",'reverse':true")
#define OMITTING "{'tcp':true,'omit':1,'time':0,'num':0,'blockcount':0,'parallel':1,'len':1000}"
#define UDP_TEST "{'udp':true,'omit':0,'time':0,'num':1000,'blockcount':0,'parallel':1,'len':500}"
#define COUNTED(bytes) CPU "-1,'streams':[" CLAIM("1", bytes, "-1", "0", "0") "]}"
#define ONE(parameters, what, client, server) BEGIN(parameters) STREAM("1") RUN what EXCHANGE(client, server) ENDS

static const struct notation_row streams[] = {
	/* opening */
	{ "23.4/without-create-streams R-23-4", OPEN "0>" TCP_TEST " " STREAM("1") "@31000", "S R-23-3, C R-23-4" },
	{ "23.4/before-create-streams R-23-4", OPEN "0>" TCP_TEST " " STREAM("1") "0<CREATE_STREAMS ", "C R-23-4" },
	{ "23.4/octets-are-missing", OPEN "0>" TCP_TEST " " STREAM("1") "0<missing1 ", "S ?" },
	{ "25.1/two-at-a-time R-25-1", BEGIN(OF("2", "1000", "")) "1+ 2+ 1>cookie:a 2>cookie:a " RUN, "C R-25-1" },
	{ "25.1/two-at-a-time-far-away R-25-1", "far " BEGIN(OF("2", "1000", "")) "1+ 2+ 1>cookie:a 2>cookie:a " RUN,
	  "C R-25-1?" },
	{ "24.2/tcp-in-a-udp-test R-24-2", BEGIN(UDP_TEST) STREAM("1") "u7>hello u7<reply " RUN
	  "u7>d1:500 u7>d2:500 1>p5", "C R-24-2" },
	{ "24.2/tcp-behind-udp R-24-2", BEGIN(UDP_TEST) "u7>hello u7<reply " STREAM("1") RUN "u7>d1:500 u7>d2:500",
	  "C R-24-2" },
	{ "24.2/udp-and-tcp-are-not-counted R-24-2", BEGIN(UDP_TEST) STREAM("1") RUN
	  "1>p1000 " EXCHANGE(CPU "0,'streams':[" CLAIM("1", "1000", "-1", "0", "2") "]}", COUNTED("1000")) ENDS,
	  "S R-23-5?, C R-24-2" },
	{ "24.2/one-too-many R-24-2", RUNNING STREAM("2") "1>p1", "C R-24-2" },
	{ "24.5/of-a-negative-number R-24-5", BEGIN(OF("-1", "1000", "")) STREAM("1") RUN "1>p1", "S R-24-5" },
	{ "24.5/of-no-number R-24-5 R-24-2", BEGIN(OF("0", "1000", "")) STREAM("1") RUN "1>p1", "S R-24-5, C R-24-2" },

	/* denied */
	{ "25.3/denied R-25-3", BEGIN(TCP_TEST) STREAM("1") "1<ACCESS_DENIED 0<SERVER_ERROR 0<x0000008e00000000 " ENDS,
	  "S R-25-3" },
	{ "25.3/denied-when-it-is-over", RUNNING "0>CLIENT_TERMINATE 1<ACCESS_DENIED " ENDS, "" },
	{ "25.3/denied-when-it-is-over-and-payload-comes", RUNNING "0>CLIENT_TERMINATE 1<ACCESS_DENIED 1>p5 " ENDS,
	  "" },
	{ "25.3/denied-as-it-ends R-25-3", RUNNING "1<ACCESS_DENIED 0>CLIENT_TERMINATE " ENDS, "S R-25-3" },
	{ "25.3/denied-one-too-many R-24-2", BEGIN(TCP_TEST) STREAM("1") STREAM("2") "2<ACCESS_DENIED " CLOSE("2")
	  CLOSE("1") CLOSE("0"), "C R-24-2" },
	{ "25.3/denied-the-first-of-two R-24-2", BEGIN(TCP_TEST) STREAM("1") STREAM("2") "1<ACCESS_DENIED "
	  CLOSE("2") CLOSE("1") CLOSE("0"), "C R-24-2" },
	{ "25.3/octets-are-missing", BEGIN(TCP_TEST) STREAM("1") "1<ACCESS_DENIED 1>missing5 " ENDS, "C R-23-6" },
	{ "25.3/denied-in-reverse R-25-3", BEGIN(REVERSE) STREAM("1") "1<ACCESS_DENIED " ENDS, "S R-25-3" },
	{ "25.3/payload-that-begins-so", BEGIN(REVERSE) STREAM("1") RUN "1<xffff " ENDS, "" },
	{ "25.3/denied-and-goes-on R-25-3", RUNNING "1<ACCESS_DENIED 1>p1000 ", "S R-25-3" },

	/* early */
	{ "23.6/without-test-running R-23-6", BEGIN(TCP_TEST) STREAM("1") "1>p1000 ", "C R-23-6" },
	{ "23.6/octets-are-missing", BEGIN(TCP_TEST) STREAM("1") "1>p1000 0<missing1 ", "S ?" },
	{ "23.7/server-without-test-running R-23-7", BEGIN(REVERSE) STREAM("1") "1<p1000 ", "S R-23-7?" },
	{ "23.7/server-shortly-before R-23-7", BEGIN(REVERSE) STREAM("1") "1<p1000 " RUN "1<p1000 ", "S R-23-7?" },
	{ "23.7/server-long-before R-23-7", BEGIN(REVERSE) STREAM("1") "1<p1000 @1500 " RUN "1<p1000 ", "S R-23-7" },

	/* a server that sends nothing */
	{ "27.1/silent-server R-27.1-1", BEGIN(REVERSE) STREAM("1") RUN "@1500 0>TEST_END ", "S R-27.1-1" },
	{ "27.1/silent-for-a-moment", BEGIN(REVERSE) STREAM("1") RUN "@500 0>TEST_END ", "" },
	{ "27.1/silent-at-a-low-rate", BEGIN(OF("1", "1000", ",'reverse':true,'bandwidth':4000")) STREAM("1") RUN
	  "@2500 0>TEST_END ", "" },
	{ "27.1/silent-beyond-its-rate R-27.1-1", BEGIN(OF("1", "1000", ",'reverse':true,'bandwidth':4000"))
	  STREAM("1") RUN "@3500 0>TEST_END ", "S R-27.1-1" },
	{ "27.1/silent-before-it-runs R-27.2-1", BEGIN(REVERSE) STREAM("1") "@1500 0>TEST_END ", "C R-27.2-1" },
	{ "27.1/silent-without-end", BEGIN(REVERSE) STREAM("1") RUN "@1500 ", "" },
	{ "27.1/silent-and-missing", BEGIN(REVERSE) STREAM("1") RUN "1<missing1 @1500 0>TEST_END ", "" },
	{ "27.1/silent-with-len-0 R-24-5", BEGIN(OF("1", "0", ",'reverse':true")) STREAM("1") RUN
	  "@1500 0>TEST_END ", "S R-24-5" },
	{ "27.1/silent-with-great-len", BEGIN(OF("1", "2000000000", ",'reverse':true")) STREAM("1") RUN
	  "@1500 0>TEST_END ", "" },
	{ "27.1/silent-but-closed", BEGIN(REVERSE) STREAM("1") RUN "1>eof @1500 0>TEST_END ", "" },
	{ "27.1/closed-behind-the-end R-27.1-1", BEGIN(REVERSE) STREAM("1") RUN "@1500 0>TEST_END 1>eof",
	  "S R-27.1-1" },
	{ "27.1/silent-udp",
	  BEGIN("{'udp':true,'omit':0,'time':0,'num':0,'blockcount':0,'parallel':1,'len':500,'reverse':true}")
	  "u7>hello u7<reply " RUN "@1500 0>TEST_END ", "" },
	{ "27.1/udp-that-sends",
	  BEGIN("{'udp':true,'omit':0,'time':0,'num':0,'blockcount':0,'parallel':1,'len':500,'reverse':true}")
	  "u7>hello u7<reply " RUN "u7<d1:500 @1500 0>TEST_END ", "" },
	{ "27.1/both-ways-and-in-reverse", BEGIN(OF("1", "1000", ",'bidirectional':true,'reverse':true"))
	  STREAM("1") STREAM("2") RUN "1>p1000 @1500 0>TEST_END ", "" },
	{ "27.1/both-ways", BEGIN(OF("1", "1000", ",'bidirectional':true")) STREAM("1") STREAM("2") RUN
	  "1>p1000 @1500 0>TEST_END ", "" },

	/* not closed */
	{ "29.9/streams-left R-29-9", RUNNING "0>eof 0<eof 1>eof @1500", "S R-29-9" },
	{ "29.9/streams-left-for-a-moment", RUNNING "0>eof 0<eof 1>eof @500", "" },
	{ "29.9/streams-left-after-done", RUNNING "1>p1000 " EXCHANGE(SENT, RECEIVED) CLOSE("0") "1>eof @1500", "" },
	{ "29.9/streams-left-octets-are-missing", RUNNING "0>missing1 0>eof 0<eof 1>eof @1500", "C ?" },
	{ "29.9/streams-of-udp", BEGIN(UDP_TEST) "u7>hello u7<reply " RUN CLOSE("0") "@1500", "" },
	{ "29.9/stream-goes-on-as-another-test-begins", RUNNING "0>eof @1500 2+ 2>cookie:b 2<PARAM_EXCHANGE "
	  CLOSE("1") CLOSE("2") "0<eof", "" },
};

static const struct notation_row counts[] = {
	{ "25.9/below-0 R-25-9", ONE(TCP_TEST, "1>p1000 ", SENT, COUNTED("-1")), "S R-25-9" },
	{ "25.9/more-than-was-sent R-25-9", ONE(TCP_TEST, "1>p1000 ", SENT, COUNTED("1001")), "S R-25-9" },
	{ "25.9/less-on-the-way", ONE(TCP_TEST, "1>p2000 ", SENT, COUNTED("1000")), "" },
	{ "25.9/less-long-before-the-end R-25-9", ONE(TCP_TEST, "1>p2000 @1000 ", SENT, COUNTED("1000")), "S R-25-9" },
	{ "25.9/less-not-so-long-before-the-end", "far " ONE(TCP_TEST, "1>p2000 @900 ", SENT, COUNTED("1000")), "" },
	{ "25.9/less-while-omitting", ONE(OMITTING, "1>p2000 @1000 ", SENT, COUNTED("1000")), "" },
	{ "25.9/less-with-len-0 R-24-5 R-25-10", ONE(OF("1", "0", ""), "1>p2000 @1000 ", SENT, COUNTED("1000")),
	  "S R-24-5, S R-25-10" },
	{ "25.10/part-of-a-block R-25-10", ONE(TCP_TEST, "1>p1500 @1000 ", SENT, COUNTED("1200")), "S R-25-10" },
	{ "25.10/all", ONE(TCP_TEST, "1>p1500 @1000 ", SENT, COUNTED("1500")), "" },
	{ "25.10/part-of-a-block-by-the-client", ONE(REVERSE, "1<p1500 @1000 ", COUNTED("1200"), SENT), "" },
	{ "27.1/client-counts-more R-27.1-7", ONE(REVERSE, "1<p1500 @1000 ", COUNTED("1600"), SENT), "C R-27.1-7" },
	{ "25.9/sent-behind-the-end", RUNNING "1>p1000 0>TEST_END 1>p1000 0<EXCHANGE_RESULTS 0>" SENT " 0<" RECEIVED
	  " 0<DISPLAY_RESULTS 0>IPERF_DONE " ENDS, "" },
	{ "25.9/not-claimed R-28-2", ONE(TCP_TEST, "1>p1000 ", SENT, CPU "-1,'streams':[]}"), "S R-28-2" },
	{ "25.9/stream-is-still-there", RUNNING "1>p2000 @1000 " EXCHANGE(SENT, RECEIVED) CLOSE("0")
	  "2+ 2>cookie:b 2<PARAM_EXCHANGE " CLOSE("1") CLOSE("2"), "" },
	{ "25.9/stream-is-missing R-23-5", BEGIN(OF("2", "1000", "")) STREAM("1") RUN "1>p1000 "
	  EXCHANGE(CPU "1,'streams':[" CLAIM("1", "1000", "0", "0", "0") "," CLAIM("3", "0", "0", "0", "0") "]}",
		   CPU "-1,'streams':[" CLAIM("1", "9999", "-1", "0", "0") "," CLAIM("3", "0", "-1", "0", "0") "]}")
	  ENDS, "S R-23-5" },
};

int main(void)
{
	ROWS_ADD(streams, run_notation_row);
	ROWS_ADD(counts, run_notation_row);
	return tests_run("iperf3_judge_stream");
}
