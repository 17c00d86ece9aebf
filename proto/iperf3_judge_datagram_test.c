/* The iperf3 judge on datagrams: hellos, replies, payload, and what results count of it. */
#include "proto/iperf3_judge_notation_test.h"

#define OF(omit, len, more)                                                                                            \
	"{'udp':true,'omit':" omit ",'time':0,'num':0,'blockcount':0,'parallel':1,'len':" len more "}"
#define UDP_TEST OF("0", "500", "")
#define TWO "{'udp':true,'omit':0,'time':0,'num':0,'blockcount':0,'parallel':2,'len':500}"
#define WIDE OF("0", "500", ",'udp_counters_64bit':1")
#define REVERSE OF("0", "500", ",'reverse':true")
#define MEET "u7>hello u7<reply "
#define UDP_RUNNING BEGIN(UDP_TEST) MEET RUN
#define SENT_BY(packets) CPU "0,'streams':[" CLAIM("1", "1000", "-1", "0", packets) "]}"
#define GOT(bytes, errors, packets) CPU "-1,'streams':[" CLAIM("1", bytes, "-1", errors, packets) "]}"
#define COUNTED(bytes, errors, packets) EXCHANGE(SENT_BY("2"), GOT(bytes, errors, packets)) CLOSE("0")
#define TWO_SENT UDP_RUNNING "u7>d1:500 u7>d2:500 "

static const struct notation_row firsts[] = {
	/* hellos */
	{ "26.1/hello-cut", BEGIN(UDP_TEST) "u7>d1:4/2 " RUN, "S R-23-5?" },
	{ "26.1/hello-again-too-soon R-26.1-10", BEGIN(UDP_TEST) "u7>hello @100 u7>hello u7<reply ", "C R-26.1-10" },
	{ "26.1/hello-again-after-a-second", BEGIN(UDP_TEST) "u7>hello @1000 u7>hello u7<reply ", "" },
	{ "26.1/hello-again-too-soon-far-away", "far " BEGIN(UDP_TEST) "u7>hello @100 u7>hello u7<reply ", "" },
	{ "26.1/hello-again-too-soon-seen-at-the-client R-26.1-10", "far at-client " BEGIN(UDP_TEST)
	  "u7>hello @100 u7>hello u7<reply ", "C R-26.1-10" },
	{ "26.1/hello-captured-twice", BEGIN(UDP_TEST) "u7>hello u7>hello u7<reply ", "" },
	{ "26.1/old-hello R-26.1-1", BEGIN(UDP_TEST) "u7>old u7<reply ", "C R-26.1-1" },
	{ "26.1/no-hello R-26.1-1", BEGIN(UDP_TEST) "u7>x01020304 u7<reply ", "C R-26.1-1" },
	{ "26.1/no-hello-from-many R-26.1-1", BEGIN(UDP_TEST) "u1>x01 u2>x01 u3>x01 u4>x01 u5>x01 u6>x01 u7>x01 "
	  "u8>x01 u9>x01 u7<reply ", "C R-26.1-1" },
	{ "26.1/answered-but-not-seen", BEGIN(UDP_TEST) "u1>x01 u7<reply " RUN "u7>d1:500", "" },
	{ "26.1/answered-but-forgotten", BEGIN(UDP_TEST)
	  "u7>x01 u1>x01 u2>x01 u3>x01 u4>x01 u5>x01 u6>x01 u8>x01 u9>x01 u7<reply ", "" },
	{ "26.1/of-another-test", BEGIN(UDP_TEST) "u7>x01 " CLOSE("0") "1+ 1>cookie:b 1<PARAM_EXCHANGE 1>" UDP_TEST
	  " 1<CREATE_STREAMS u7<reply " CLOSE("1"), "" },
	{ "26.1/two-at-a-time R-26.1-2", BEGIN(TWO) "u7>hello u8>hello u7<reply u8<reply ", "C R-26.1-2" },
	{ "26.1/one-after-the-other", BEGIN(TWO) "u7>hello u7<reply u8>hello u8<reply ", "" },
	{ "26.1/second-without-hello", BEGIN(TWO) "u7>hello u8<reply u7<reply ", "" },
	{ "26.1/before-create-streams R-23-4 R-26.1-5", OPEN "0>" UDP_TEST " " MEET "0<CREATE_STREAMS ",
	  "C R-23-4, S R-26.1-5" },
	{ "26.1/before-create-streams-but-octets-are-missing R-26.1-5", OPEN "0>" UDP_TEST " " MEET
	  "0<CREATE_STREAMS 0<missing1 ", "S ?, S R-26.1-5" },

	/* replies */
	{ "26.1/reply-of-five R-26.1-3", BEGIN(UDP_TEST) "u7>hello u7<x0102030405 ", "S R-26.1-3" },
	{ "26.1/reply-of-five-to-an-old-hello R-26.1-4 R-26.1-1", BEGIN(UDP_TEST) "u7>old u7<x0102030405 ",
	  "S R-26.1-4, C R-26.1-1" },
	{ "26.1/reply-that-is-none R-26.1-3", BEGIN(UDP_TEST) "u7>hello u7<x01020304 ", "S R-26.1-3" },
	{ "26.1/reply-that-is-none-to-an-old-hello R-26.1-1", BEGIN(UDP_TEST) "u7>old u7<x01020304 ", "C R-26.1-1" },
	{ "26.1/reply-cut", BEGIN(UDP_TEST) "u7>hello u7<d1:4/2 ", "" },
	{ "26.1/reply-again R-26.1-6", BEGIN(UDP_TEST) "u7>hello u7<reply @1000 u7>hello u7<reply ", "S R-26.1-6" },
	{ "26.1/reply-again-far-away R-26.1-6", "far " BEGIN(UDP_TEST) "u7>hello u7<reply @1000 u7>hello u7<reply ",
	  "S R-26.1-6?" },
	{ "26.1/reply-again-to-a-copy", BEGIN(UDP_TEST) "u7>hello u7<reply u7>hello u7<reply ", "" },
	{ "26.1/reply-behind-the-start R-26.1-5", UDP_RUNNING "u8>x01 u8<reply ", "S R-26.1-5" },
	{ "26.1/reply-behind-the-end", UDP_RUNNING "u8>x01 0>CLIENT_TERMINATE u8<reply ", "" },
	{ "26.1/reply-to-one-before-the-start R-26.1-1", BEGIN(TWO) MEET "u8>x01 " RUN "u8<reply ", "C R-26.1-1" },
	{ "26.1/no-room-for-streams", "streams:1 " BEGIN(TWO) MEET "u8>hello u8<reply u9<reply " RUN, "" },

	/* datagrams of nobody */
	{ "26/from-another-host", UDP_RUNNING "v7>d1:500 u7>d1:500 u7>d2:500 " COUNTED("999", "0", "2"), "" },
	{ "26/from-another-port", UDP_RUNNING "u9>d1:500 u7>d1:500 u7>d2:500 " COUNTED("1001", "0", "2"), "" },
};

static const struct notation_row payload_[] = {
	{ "26.2/in-order", TWO_SENT COUNTED("1000", "0", "2"), "" },
	{ "26.2/hello-behind-payload", UDP_RUNNING "u7>d1:500 u7>hello ", "" },
	{ "26.2/without-len", BEGIN("{'udp':true,'omit':0,'time':0,'num':0,'blockcount':0,'parallel':1}") MEET RUN
	  "u7>d1:333 ", "C R-24-1" },
	{ "26.2/with-len-0 R-24-5", BEGIN(OF("0", "0", "")) MEET RUN "u7>d1:333 ", "S R-24-5" },
	{ "26.2/longer-than-len R-26.2-2", UDP_RUNNING "u7>d1:501 ", "C R-26.2-2" },
	{ "26.2/shorter-than-len R-26.2-2", UDP_RUNNING "u7>d1:499 u7>d2:499 ", "C R-26.2-2" },
	{ "26.2/two-in-one", UDP_RUNNING "u7>d1:1000 " COUNTED("1000", "0", "2"), "" },
	{ "26.2/header-cut", UDP_RUNNING "u7>d1:500/11 " COUNTED("1000", "0", "2"), "" },
	{ "26.2/upper-half R-26.2-1", BEGIN(WIDE) MEET RUN "u7>w30064771073:500 ", "C R-26.2-1" },
	{ "26.2/upper-half-beyond-reason", BEGIN(WIDE) MEET RUN "u7>w4294971590967296:500 ", "" },
	{ "26.2/wide-where-32-are-due R-26.2-1", UDP_RUNNING "u7>w1:500 u7>w2:500 ", "C R-26.2-1" },
	{ "26.2/zero-cut R-26.2-3", UDP_RUNNING "u7>d0:500/13 ", "C R-26.2-3" },
	{ "26.2/zero-then-two R-26.2-3", UDP_RUNNING "u7>w2:500 ", "C R-26.2-3" },
	{ "26.2/zero-later R-26.2-3", UDP_RUNNING "u7>d1:500 u7>w1:500 ", "C R-26.2-3" },
	{ "26.2/wide-zero R-26.2-3", BEGIN(WIDE) MEET RUN "u7>w0:500 ", "C R-26.2-3" },
	{ "26.2/empty", BEGIN(REVERSE) MEET RUN "u7<d1:0 @1500 0>TEST_END", "" },
	{ "26.2/twice R-26.2-3", UDP_RUNNING "u7>d1:500 u7>d1:500 ", "C R-26.2-3" },
	{ "26.2/from-the-server R-26.2-2", BEGIN(REVERSE) MEET RUN "u7<d1:400 ", "S R-26.2-2" },

	/* more than it says that it has sent */
	{ "26.2/beyond-what-is-said R-26.2-3", UDP_RUNNING "u7>d1:500 u7>d2:500 u7>d3:500 " COUNTED("1000", "0", "2"),
	  "C R-26.2-3" },
	{ "26.2/beyond-and-wrong R-26.2-2", UDP_RUNNING "u7>d1:500 u7>d2:500 u7>d3:499 " COUNTED("1000", "0", "2"),
	  "C R-26.2-2" },
	{ "26.2/none-is-said", UDP_RUNNING "u7>d1:500 u7>d2:500 " EXCHANGE(SENT_BY("0"), GOT("1000", "0", "2"))
	  CLOSE("0"), "" },
	{ "26.2/server-beyond-what-it-says", BEGIN(REVERSE) MEET RUN "u7<d1:500 u7<d2:500 u7<d3:500 "
	  EXCHANGE(GOT("1000", "0", "2"), SENT_BY("2")) CLOSE("0"), "" },

	/* counts */
	{ "26.3/packets-below-0 R-26.3-1", TWO_SENT COUNTED("1000", "0", "-1"), "S R-26.3-1" },
	{ "26.3/packets-beyond R-26.3-1", TWO_SENT COUNTED("1000", "0", "3"), "S R-26.3-1" },
	{ "26.3/packets-beyond-far-away R-26.3-1", "far " TWO_SENT COUNTED("1000", "0", "3"), "S R-26.3-1?" },
	{ "26.3/packets-below-0-far-away R-26.3-1", "far " TWO_SENT COUNTED("1000", "0", "-1"), "S R-26.3-1" },
	{ "26.3/bytes-below-0 R-26.3-4", TWO_SENT COUNTED("-1", "0", "2"), "S R-26.3-4" },
	{ "26.3/bytes-below-0-far-away R-26.3-4", "far " TWO_SENT COUNTED("-1", "0", "2"), "S R-26.3-4" },
	{ "26.3/bytes-beyond R-26.3-4", TWO_SENT COUNTED("1001", "0", "2"), "S R-26.3-4" },
	{ "26.3/bytes-beyond-far-away R-26.3-4", "far " TWO_SENT COUNTED("1001", "0", "2"), "S R-26.3-4?" },
	{ "26.3/errors-below-0 R-26.3-2", TWO_SENT COUNTED("1000", "-1", "2"), "S R-26.3-2" },
	{ "26.3/errors-beyond R-26.3-2", TWO_SENT COUNTED("1000", "3", "2"), "S R-26.3-2" },
	{ "26.3/lost-and-received R-26.3-2", TWO_SENT "@1000 " COUNTED("1000", "1", "2"), "S R-26.3-2" },
	{ "26.3/lost-and-received-on-the-way", TWO_SENT COUNTED("1000", "1", "2"), "" },
	{ "26.3/lost", TWO_SENT "@1000 " COUNTED("500", "1", "2"), "" },
	{ "26.3/lost-while-omitting", BEGIN(OF("1", "500", "")) MEET RUN "u7>d1:500 u7>d2:500 @1000 "
	  COUNTED("1000", "1", "2"), "" },
	{ "26.3/lost-with-len-0 R-24-5", BEGIN(OF("0", "0", "")) MEET RUN "u7>d1:500 u7>d2:500 @1000 "
	  COUNTED("1000", "1", "2"), "S R-24-5" },
	{ "26.3/lost-out-of-order", UDP_RUNNING "u7>d2:500 u7>d1:500 @1000 " COUNTED("1000", "1", "2"), "" },
	{ "26.3/nothing-is-said-of-sending", UDP_RUNNING "u7>d1:500 u7>d2:500 @1000 "
	  EXCHANGE(CPU "0,'streams':[]}", GOT("1000", "1", "2")) CLOSE("0"), "C R-28-2" },
	{ "26.3/said-to-send-more", UDP_RUNNING "u7>d1:500 u7>d2:500 @1000 "
	  EXCHANGE(SENT_BY("3"), GOT("1000", "1", "2")) CLOSE("0"), "" },
};

int main(void)
{
	ROWS_ADD(firsts, run_notation_row);
	ROWS_ADD(payload_, run_notation_row);
	return tests_run("iperf3_judge_datagram");
}
