/* The judge of the text profile on servers: whom they take, answer and close, and what they list. */
#include "proto/judge_notation_test.h"

#define TEST "0+ 0>TEST_BEGIN:a "
#define STREAM "1+ 1>STREAM_BEGIN:a "
#define ITEM(port, bytes, seconds, complete)                                                                           \
	"{'id':1,'protocol':'tcp','client_port':" port ",'bytes':" bytes ",'packets':null,'seconds':" seconds         \
	",'complete':" complete "}"
#define LIST(items, bytes) "t:%+{'streams':[" items "],'bytes':" bytes "}"
#define LISTED(bytes, complete) LIST(ITEM("40001", bytes, "0.001", complete), bytes)
#define UDP_LISTED(bytes, packets, complete)                                                                           \
	LIST("{'id':1,'protocol':'udp','client_port':7,'bytes':" bytes ",'packets':" packets ",'seconds':0.001,"      \
	     "'complete':" complete "}", bytes)
#define NOTHING LIST("", "0")
#define ASK(conn) conn "+ " conn ">RESULTS_REQUEST:a "
#define ANSWER(conn, listed) conn "<=RESULTS_RESPONSE:a+" listed " "
#define CLOSE(conn) conn ">eof " conn "<eof "
#define GET(conn, listed) ASK(conn) ANSWER(conn, listed) conn "<eof " conn ">eof "
#define END "0>=TEST_END:a 0>eof 0<eof "
#define ENDED STREAM "1>p100+=STREAM_END:a 1>eof 1<eof "
/* A test with another cookie, which the server has served: it is idle for certain. */
#define PROVEN                                                                                                         \
	"50+ 50>TEST_BEGIN:z 51+ 51>RESULTS_REQUEST:z 51<=RESULTS_RESPONSE:z+t:%{'streams':[],'bytes':0} "             \
	"51<eof 51>eof 50>=TEST_END:z 50>eof 50<eof @2000 "
#define AWAY(conn, letter, end) conn "+ " conn ">pre:" letter " " conn "<" end " " conn ">eof "
#define THREE(a, b, c, end) AWAY("1" a, a, end) AWAY("1" b, b, end) AWAY("1" c, c, end)
#define NINE(end) THREE("0", "1", "2", end) THREE("3", "4", "5", end) THREE("6", "7", "8", end)
#define CUT_OFF(conn) conn "+ " conn ">STREAM_BEGIN:a " conn "<eof " conn ">eof "
#define FIVE(digit)                                                                                                    \
	CUT_OFF(digit "1") CUT_OFF(digit "2") CUT_OFF(digit "3") CUT_OFF(digit "4") CUT_OFF(digit "5")
#define PAYLOAD "@150 1>p5 @150 1>p5 @150 1>p5 @150 1>p5 "
#define UDP "u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a u7>p500 u7>p500 "

static const struct notation_row answers[] = {
	{ "5.2/octets-on-the-control-connection R-5.2-1", TEST "0<p5 ", "S R-5.2-1" },
	{ "5.2/octets-to-a-stranger R-5.2-3", TEST GET("2", NOTHING) "1+ 1>STREAM_BEGIN:b 1<p5 1<eof 1>eof ",
	  "C R-7-1, S R-5.2-3" },
	{ "5.2/octets-after-its-end", TEST "0>=TEST_END:a 0<p5 0<eof 0>eof ", "C R-9.3-1, S R-5.2-1" },
	{ "5.2/octets-before-a-message R-5.2-2", "0+ 0<p5 @2000 0>eof 0<eof ", "S R-5.2-2" },
	{ "5.2/octets-before-a-message-twice R-5.2-2", "0+ 0<p5 0<p5 0<empty @2000 0>eof 0<eof ", "S R-5.2-2" },
	{ "5.2/octets-cut-before-a-message", "0+ 0<cut5 @2000 0>eof 0<eof ", "" },
	{ "5.2/octets-missing-before-a-message", "0+ 0<missing5 @2000 0>eof 0<eof ", "" },
	{ "5.2/octets-cut-after-a-reset", "0+ 0>reset ", "" },
	{ "5.2/octets-to-one-half-known", "0~ 0<p5 0<cut5 " CLOSE("0"), "" },
	{ "9.1/wrong-response R-9.1-3", TEST ASK("2") "2<t:HELLO 2<t:MORE 2<eof 2>eof " END, "S R-9.1-3" },
	{ "9.1/other-cookie R-4.2-4", TEST ASK("2") "2<=RESULTS_RESPONSE:b 2<eof 2>eof " END, "S R-4.2-4" },
	{ "9.1/response-breaks-off R-9.1-3", TEST ASK("2") "2<t:IPERF_RES 2<eof 2>eof " END, "S R-9.1-3" },
	{ "9.1/response-is-reset", TEST ASK("2") "2>p3 2<t:IPERF_RES 2<reset " END, "C R-4.2-2, S R-9.1-11" },
	{ "9.1/reset-after-the-answer R-9.1-11", TEST ASK("2") "2>p3 " ANSWER("2", NOTHING) "2<reset @1500 "
	  GET("3", NOTHING) END, "C R-4.2-2, S R-9.1-11" },
	{ "9.1/malformed-and-reset R-9.1-11", TEST ASK("2") "2>p3 2<=RESULTS_RESPONSE:a+t:%{ 2<reset @1500 "
	  GET("3", NOTHING) END, "C R-4.2-2, S R-9.1-11, S R-9.1-11" },
	{ "9.1/no-answer R-9.1-7", TEST GET("2", NOTHING) ASK("3") "3<eof 3>eof @1500 " GET("4", NOTHING) END,
	  "S R-9.1-7" },
	{ "9.1/no-answer-after-more R-9.1-11", TEST GET("2", NOTHING) ASK("3") "3>p5 3<eof 3>eof @1500 "
	  GET("4", NOTHING) END, "C R-4.2-2, S R-9.1-11" },
	{ "9.1/no-answer-after-the-end-of-file R-9.1-13", TEST GET("2", NOTHING) ASK("3") "3>eof 3<eof @1500 "
	  GET("4", NOTHING) END, "S R-9.1-13" },
	{ "9.1/never-answered R-9.1-7", TEST GET("2", NOTHING) ASK("3") "@1500 " END, "S R-6.5-4?, S R-9.1-7" },
	{ "9.1/answer-not-closed R-9.1-4", TEST ASK("2") ANSWER("2", NOTHING) "@1500 " END, "S R-6.5-4?, S R-9.1-4" },
	{ "9.1/answers-when-the-test-is-over R-9.1-8", TEST END "@2000 " ASK("2") ANSWER("2", NOTHING) CLOSE("2"),
	  "C R-9.3-1, S R-9.1-8" },
	{ "9.1/answers-when-the-test-was-reset R-9.1-8", TEST "0>reset @3000 " ASK("2") ANSWER("2", NOTHING)
	  CLOSE("2"), "S R-9.1-8" },
	{ "9.1/answers-without-a-test R-9.1-8", TEST GET("2", NOTHING) END "@2000 3+ 3>RESULTS_REQUEST:b "
	  "3<=RESULTS_RESPONSE:b+" NOTHING " 3<eof 3>eof ", "C R-7-1, S R-9.1-8" },
	{ "6.2/answers-another-test R-6.2-1", TEST GET("2", NOTHING) "@2000 3+ 3>TEST_BEGIN:b 4+ "
	  "4>RESULTS_REQUEST:b 4<=RESULTS_RESPONSE:b+" NOTHING " 4<eof 4>eof @2000 " END CLOSE("3"),
	  "S R-6.2-1, S R-6.2-2" },
	{ "9.2/no-room-for-the-answer", "room:10 " TEST ENDED GET("2", LISTED("100", "true")) END, "C ?" },
	{ "9.2/white-space-behind R-9.2-9", TEST GET("2", NOTHING "+t:%") END, "S R-9.2-9" },
	{ "9.2/no-json R-9.2-1", TEST GET("2", "t:%+{'streams':") END, "S R-9.2-1" },
	{ "9.2/nothing R-9.2-1", TEST GET("2", "t:%") END, "S R-9.2-1" },
	{ "9.2/too-deep R-9.2-12", TEST
	  GET("2", "t:%+{'x':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}") END,
	  "S R-9.2-12?" },
	{ "9.2/more-streams-than-are-read R-11-3", TEST GET("2", "t:%+{'streams':[1,2,3,4,5,6,7,8,9],'bytes':0}")
	  END, "S R-11-3?" },
};

static const struct notation_row lists[] = {
	{ "8.2/good", TEST ENDED GET("2", LISTED("100", "true")) END, "" },
	{ "8.2/ended-and-not-complete R-8.2-1", TEST ENDED "@1500 " GET("2", LISTED("149", "false")) END,
	  "S R-8.2-1, S R-8.2-5" },
	{ "8.2/not-ended-and-complete R-8.2-6", TEST STREAM "1>p100 1>eof 1<eof @1500 "
	  GET("2", LISTED("100", "true")) END, "S R-8.2-6, C R-8.1-2" },
	{ "8.2/fewer-octets R-8.2-5", TEST ENDED GET("2", LISTED("99", "true")) END, "S R-8.2-5" },
	{ "8.2/more-octets-than-were-sent", TEST STREAM "1>p100 " GET("2", LISTED("101", "false")) "@2000 1>p5 "
	  CLOSE("1") END, "S R-8.2-5, C R-8.1-2" },
	{ "8.2/more-octets-and-never-more", TEST STREAM "1>p100 " GET("2", LISTED("101", "false")) "@2000 "
	  CLOSE("1") END, "S R-8.2-5, C R-8.1-2" },
	{ "8.2/complete-too-early", TEST STREAM "1>p100 " GET("2", LISTED("100", "true")) "@2000 1>=STREAM_END:a "
	  CLOSE("1") END, "S R-8.2-1, C R-9.3-1" },
	{ "8.2/complete-too-early-and-never", TEST STREAM "1>p100 " GET("2", LISTED("100", "true")) "@2000 "
	  CLOSE("1") END, "S R-8.2-1, C R-8.1-2" },
	{ "8.2/more-octets-but-missing", TEST STREAM "1>p100 " GET("2", LISTED("101", "true")) "1>conflict "
	  CLOSE("1") END, "C ?" },
	{ "8.2/more-octets-but-blind", TEST STREAM "1>p100 " GET("2", LISTED("101", "true")) "1<missing1 "
	  CLOSE("1") END, "" },
	{ "8.2/more-of-one-that-is-gone", TEST STREAM "1>p100 1>reset " GET("2", LISTED("101", "true")) END,
	  "S R-8.2-5, S R-8.2-1, C R-8.1-2" },
	{ "8.2/octets-cut", TEST STREAM "1>p10 1>cut90 1>eof 1<eof " GET("2", LISTED("100", "false")) END, "C ?" },
	{ "8.2/octets-cut-and-complete", TEST STREAM "1>p10 1>cut139 1>eof 1<eof " GET("2", LISTED("100", "true"))
	  END, "C ?" },
	{ "9.2/more-seconds R-9.2-7", TEST ENDED GET("2", LIST(ITEM("40001", "100", "9", "true"), "100")) END,
	  "S R-9.2-7" },
	{ "9.2/fewer-seconds R-9.2-7", TEST STREAM "1>p50 @2000 1>p50+=STREAM_END:a " CLOSE("1")
	  GET("2", LISTED("100", "true")) END, "S R-9.2-7" },
	{ "9.2/unknown-port R-9.2-3", TEST ENDED GET("2", LIST(ITEM("50000", "100", "0.001", "true"), "100")) END,
	  "S R-9.2-3, S R-9.2-2?" },
	{ "9.2/unknown-port-far-away R-9.2-3", "far " TEST ENDED
	  GET("2", LIST(ITEM("50000", "100", "0.001", "true"), "100")) END, "S R-9.2-3?, S R-9.2-2?" },
	{ "9.2/not-listed R-9.2-2", TEST ENDED GET("2", NOTHING) END, "S R-9.2-2" },
	{ "9.2/one-not-listed R-9.2-2", TEST ENDED "3+ 3>STREAM_BEGIN:a 3>=STREAM_END:a 3>eof 3<eof "
	  GET("2", LISTED("100", "true")) END, "S R-9.2-2?" },
	{ "9.2/one-not-listed-within-the-bound R-9.2-2", "bound:2 " TEST ENDED
	  "3+ 3>STREAM_BEGIN:a 3>=STREAM_END:a 3>eof 3<eof " GET("2", LISTED("100", "true")) END, "S R-9.2-2" },
	{ "9.2/one-not-listed-beyond-the-bound", "bound:1 " TEST ENDED "3+ 3>STREAM_BEGIN:a 3>=STREAM_END:a 3>eof "
	  "3<eof " GET("2", LISTED("100", "true")) END, "S R-9.2-2?" },
	{ "9.2/first-not-listed R-9.2-2", TEST "3+ 3>STREAM_BEGIN:a 3>=STREAM_END:a 3>eof 3<eof @2000 " ENDED
	  GET("2", LISTED("100", "true")) END, "S R-9.2-2" },

	/* UDP */
	{ "8.3/good", TEST GET("3", NOTHING) UDP "u7>STREAM_END:a @20 u7>STREAM_END:a @20 u7>STREAM_END:a "
	  GET("2", UDP_LISTED("1000", "2", "true")) END, "" },
	{ "8.3/complete-without-end R-8.3-2", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1000", "2", "true"))
	  "0>eof 0<eof ", "S R-8.3-2" },
	{ "8.3/messages-counted R-8.3-4", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1153", "5", "false"))
	  "0>eof 0<eof ", "S R-8.3-4" },
	{ "8.3/more-octets", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1500", "3", "false")) "0>eof 0<eof ",
	  "S R-9.2-3?" },
	{ "8.3/more-octets-in-as-many", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1500", "2", "false"))
	  "0>eof 0<eof ", "S R-9.2-3?" },
	{ "8.3/few-more-octets", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1001", "3", "false"))
	  "0>eof 0<eof ", "S R-9.2-3?" },
	{ "8.3/many-more-octets", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1900", "3", "false"))
	  "0>eof 0<eof ", "S R-9.2-3?" },
	{ "8.3/as-many-octets-in-more", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("1000", "4", "false"))
	  "0>eof 0<eof ", "S R-9.2-5?" },
};

static const struct notation_row takes[] = {
	{ "6.1/turned-away R-6.1-1", TEST "0<eof 0>eof @2000 1+ 1>TEST_BEGIN:b 1<eof 1>eof @2000 2+ 2>p5 @2000 "
	  "2>p5 ", "S R-6.1-1?, S R-6.1-1?" },
	{ "6.1/turned-away-by-its-preamble R-6.1-1", PROVEN "1+ 1>pre:b 1<eof 1>eof @2000 3+ 3>p5 @2000 3>p5 ",
	  "S R-6.1-1" },
	{ "6.1/turned-away-at-the-end-of-the-capture R-6.1-1", PROVEN "1+ 1>pre:b 1<eof 1>eof ", "S R-6.1-1" },
	{ "6.1/turned-away-beside-a-refusal R-6.1-1", PROVEN "1+ 1>pre:b 1<eof 1>eof 3+ 3<refused @500 ",
	  "S R-6.1-1?" },
	{ "6.1/turned-away-after-a-refusal R-6.1-1", PROVEN "3+ 3<refused @100 1+ 1>pre:b 1<eof 1>eof @500 ",
	  "S R-6.1-1?" },
	{ "6.1/turned-away-long-after-a-refusal R-6.1-1", PROVEN "3+ 3<refused @1500 1+ 1>pre:b 1<eof 1>eof @500 ",
	  "S R-6.1-1" },
	{ "6.1/turned-away-while-one-speaks R-6.1-1", PROVEN "4+ 4>p5 1+ 1>pre:b 1<eof 1>eof @2000 3+ 3>p5 @2000 "
	  "3>p5 4>eof 4<eof ", "S R-6.1-1" },
	{ "6.1/turned-away-while-one-has-spoken R-6.1-1", PROVEN "4+ 4>p5 4>eof 1+ 1>pre:b 1<eof 1>eof @2000 3+ "
	  "3>p5 @2000 3>p5 4<eof ", "S R-6.1-1" },
	{ "6.1/turned-away-and-one-comes R-6.1-1", PROVEN "1+ 1>pre:b 1<eof 3+ 3>p5 @2000 3>p5 1>eof ", "S R-6.1-1" },
	{ "6.1/turned-away-twice R-6.1-1", PROVEN "1+ 1>pre:b 1<eof 1>eof 3+ 3>pre:c 3<eof 3>eof @2000 4+ 4>p5 "
	  "@2000 4>p5 ", "S R-6.1-1, S R-6.1-1" },
	{ "6.1/turned-away-and-octets-are-missing", PROVEN "1+ 1>pre:b 1<eof 1>missing5 1>eof @2000 4+ 4>p5 @2000 "
	  "4>p5 ", "C ?" },
	{ "6.1/turned-away-before-t-begin R-6.1-1", "timers:5000,5000,9000 " PROVEN "1+ 1>pre:b 1<eof 1>eof @2000 "
	  "3+ 3>p5 @2000 3>p5 ", "S R-6.1-1" },
	{ "6.1/turned-away-nine-times R-6.1-1", PROVEN NINE("eof") "@2000 3+ 3>p5 @2000 3>p5 ",
	  "S R-6.1-1?, S R-6.1-1, S R-6.1-1, S R-6.1-1, S R-6.1-1, S R-6.1-1, S R-6.1-1, S R-6.1-1, S R-6.1-1" },
	{ "6.1/preamble-is-held R-6.1-3", "timers:5000,5000,9000 " TEST GET("2", NOTHING) "@1500 1+ 1>pre:a 1<eof "
	  "1>eof @2000 " GET("3", NOTHING) END, "S R-6.1-3" },
	{ "6.1/preamble-is-held-by-a-waiting-one R-6.1-3", "timers:5000,5000,9000 " PROVEN
	  "0+ 0>pre:a @1500 1+ 1>pre:a 1<eof 1>eof @100 " "0>=TEST_BEGIN:a @2000 0>eof 0<eof ",
	  "C R-5.1-2, S R-6.1-3" },
	{ "6.1/preamble-is-held-and-its-test-ends", "timers:5000,5000,9000 " TEST GET("2", NOTHING)
	  "@1500 1+ 1>pre:a 1<eof 1>eof 0<eof 0>eof @2000 3+ 3>p5 @2000 3>p5 ", "S R-10-3" },
	{ "6.1/preamble-is-held-and-its-test-ends-later", "timers:5000,5000,9000 " TEST GET("2", NOTHING)
	  "@1500 1+ 1>pre:a 1<eof 1>eof @900 0<eof 0>eof ", "S R-10-3?" },
	{ "6.1/preamble-in-the-same-list", "timers:5000,5000,9000 " TEST GET("2", NOTHING)
	  "@1500 1+ 1>pre:Z 1<eof 1>eof @2000 " GET("3", NOTHING) END, "" },
	{ "6.5/turned-away-after-a-test R-6.5-5", TEST GET("2", NOTHING) END "@2000 1+ 1>TEST_BEGIN:b 1<eof 1>eof "
	  "@2000 2+ 2>p5 @2000 2>p5 ", "S R-6.5-5" },
	{ "6.2/stranger-not-rejected R-6.2-2", TEST GET("2", NOTHING) "@2000 1+ 1>pre:b @2000 1>eof 1<eof " END,
	  "S R-6.2-2" },
	{ "6.2/stranger-rejected", TEST GET("2", NOTHING) "@2000 1+ 1>pre:b 1<eof 1>eof @2000 " END, "" },
	{ "6.2/test-ends-with-a-stranger R-6.2-3", TEST GET("2", NOTHING) "@100 1+ 1>pre:b 1<eof 1>eof 0<eof "
	  "0>eof @2000 2+ 2>p5 @2000 2>p5 ", "S R-6.2-3" },
	{ "9.1/test-ends-with-an-answer R-9.1-9", TEST ASK("2") ANSWER("2", NOTHING) "0<eof 2<eof 2>eof 0>eof "
	  "@2000 2+ 2>p5 @2000 2>p5 ", "S R-9.1-9" },
	{ "10/test-ends-before-t-idle R-10-3", "timers:5000,5000,9000 " TEST "@3000 0<eof 0>eof @2000 2+ 2>p5 "
	  "@2000 2>p5 ", "S R-10-3" },
	{ "10/test-ends-by-t-idle", "timers:500,500,900 " TEST "@1500 0<eof 0>eof @2000 ", "" },
	{ "10/test-does-not-end R-10-2", "timers:500,500,900 " TEST "@9000 0>eof 0<eof ", "S R-10-2" },
	{ "10/test-does-not-end-with-datagrams", "far timers:500,500,900 " TEST "u7>STREAM_BEGIN:a @9000 0>eof "
	  "0<eof ", "S R-10-2?" },
	{ "10/preamble-and-no-more R-10-1", "timers:500,500,900 0+ 0>pre:a @9000 0>eof 0<eof ", "S R-10-1" },
	{ "10/does-not-wait R-10-1", "timers:5000,5000,9000 0+ 0<eof 0>eof @2000 2+ 2>p5 @2000 2>p5 ", "S R-10-1?" },
	{ "10/does-not-wait-with-timers-unknown R-10-1", "0+ 0<eof 0>eof @2000 2+ 2>p5 @2000 2>p5 ", "S R-10-1?" },
	{ "6.5/ends-a-test-of-its-own R-6.5-9", TEST "@2000 0<eof 0>eof @2000 2+ 2>p5 @2000 2>p5 ", "S R-6.5-9?" },
	{ "6.5/not-closed-at-the-end R-6.5-4", TEST STREAM "@1500 0>=TEST_END:a 0>eof 0<eof @2000 1>eof 1<eof ",
	  "C R-9.3-1, C R-8.1-2, S R-6.5-4" },
	{ "6.5/not-closed-at-the-end-late R-6.5-4", TEST STREAM "0>=TEST_END:a 0>eof 0<eof @2000 1>eof 1<eof ",
	  "C R-9.3-1, C R-8.1-2, S R-6.5-4" },
	{ "6.5/not-closed-after-a-reset", "far " TEST STREAM "@1500 0>reset @2000 1>eof 1<eof ", "S R-6.5-4?" },
	{ "6.5/nothing-closed-at-the-end-of-the-capture", TEST STREAM "0>=TEST_END:a 0>eof ",
	  "C R-9.3-1, S R-6.5-4?, C R-8.1-2, S R-6.5-4?" },
	{ "8.1/stream-ended R-8.1-4", TEST GET("2", NOTHING) STREAM "1>p5 @1500 1<eof 1>eof @2000 "
	  GET("3", NOTHING) END, "S R-8.1-4" },
	{ "8.1/stream-ended-with-its-test", TEST GET("2", NOTHING) STREAM "1>p5 @1500 1<eof 1>eof 0<eof 0>eof "
	  "@2000 2+ 2>p5 @2000 2>p5 ", "S R-6.5-9?" },
	{ "8.1/more-streams-than-the-bound", "bound:1 " TEST ENDED "3+ 3>STREAM_BEGIN:a 3<eof 3>eof @2000 "
	  GET("2", LISTED("100", "true")) END, "" },
	{ "11/more-streams-than-can-be-followed", "streams:1 " TEST STREAM "3+ 3>STREAM_BEGIN:a 3>p5 " CLOSE("3")
	  CLOSE("1") END, "C ?, C R-8.1-2, C R-9.3-1" },
	{ "7.2/two-controls-at-once", "0+ 1+ 0>TEST_BEGIN:a 1>TEST_BEGIN:a 0<eof 0>eof @2000 1>=TEST_END:a 1>eof "
	  "1<eof ", "C R-5.1-7, C R-7-2, C R-9.3-1?" },
	{ "7.2/second-control-not-rejected", TEST GET("2", NOTHING) "1+ 1>TEST_BEGIN:a @2000 1>eof 1<eof " END,
	  "C R-7-2, S R-6.2-4, C R-9.3-1" },
};

static const struct notation_row more[] = {
	{ "6.3/not-released-after-t-begin R-6.3-3", "timers:9000,500,900 0+ 0>pre:a @9000 0>eof 0<eof ", "S R-6.3-3" },
	{ "6.3/not-released-though-proven R-6.3-3", "timers:9000,500,900 " PROVEN "0+ 0>pre:a @1600 @1200 0>eof "
	  "0<eof ", "S R-6.3-3" },
	{ "6.3/not-released-and-heard R-6.3-3", "timers:9000,2000,9000 0+ 0>pre:a @9000 1+ 1>p5 @100 0>eof 0<eof ",
	  "S R-6.3-3?" },
	{ "5.2/octets-on-their-way-to-a-client-that-reset", TEST "0>abort 0<p5 0<eof ", "" },
	{ "5.2/octets-cut-on-their-way-to-a-client-that-reset", TEST STREAM "1>abort 1<cut5 1<eof " END, "C R-9.3-1?" },
	{ "6.5/client-refuses", "0+ 0>refused ", "" },
	{ "8.3/message-of-which-nothing-was-captured", TEST "u7>STREAM_BEGIN:a/0 @2000 0>eof 0<eof ", "" },
	{ "9.1/response-breaks-off-after-more", TEST ASK("2") "2>p3 2<t:IPERF_RES 2<eof 2>eof " END,
	  "C R-4.2-2, S R-9.1-3" },
	{ "9.2/long-and-no-json", TEST ASK("2") "2<=RESULTS_RESPONSE:a+t:%+p3000 2<eof 2>eof " END, "S R-9.2-1?" },
	{ "8.2/more-octets-as-is-told-late", TEST STREAM "1>p100 * " GET("2", LISTED("105", "false")) "^1>p5 "
	  CLOSE("1") END, "C R-8.1-2" },
	{ "8.2/more-octets-as-is-told-late-but-not-enough", TEST STREAM "1>p100 * " GET("2", LISTED("106", "false"))
	  "^1>p5 " CLOSE("1") END, "S R-8.2-5, C R-8.1-2" },
	{ "6.5/capture-ends-before-the-half-close", TEST GET("2", NOTHING) "0>=TEST_END:a 0<eof ", "" },
	{ "8.3/half-a-message-beside-one-half-known", TEST "4~ u7>t:IPERF @2000 0>eof 0<eof 4>eof 4<eof ",
	  "C R-4.3-2?" },
	{ "7.1/no-test-but-packets-are-missing", PROVEN "5+ 5>TEST_BEGIN:b 5<missing1 5>eof 5<eof @3000 1+ "
	  "1>STREAM_BEGIN:c ", "" },
	{ "8.3/many-more-datagrams", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("3000", "20", "false"))
	  "0>eof 0<eof ", "S R-9.2-3?" },
	{ "8.3/more-datagrams-twice", TEST GET("3", NOTHING) UDP GET("2", UDP_LISTED("3000", "20", "false"))
	  GET("4", UDP_LISTED("3000", "20", "false")) "0>eof 0<eof ", "S R-9.2-3?, S R-9.2-3?" },
	{ "8.3/messages-counted-where-packets-are-missing", TEST "5+ 5>missing3 " GET("3", NOTHING) UDP
	  GET("2", UDP_LISTED("1153", "5", "false")) "0>eof 0<eof ", "C ?, S R-8.3-4?" },
	{ "6.5/not-closed-after-a-reset-here", TEST STREAM "@1500 0>reset @2000 1>eof 1<eof ", "S R-6.5-4" },
	{ "6.5/stopped-in-the-midst", TEST GET("2", NOTHING) STREAM "1>p5 4+ 4>pre:b 4<eof 1<eof 0<eof 4>eof "
	  "1>eof 0>eof ", "S R-6.2-3" },
	{ "6.5/stopped-then-refuses", TEST GET("2", NOTHING) STREAM "1>p5 1<eof 0<eof 6+ 6<refused 1>eof 0>eof "
	  "@2000 ", "S R-9.1-9?" },
	{ "8.1/ten-streams-ended", TEST GET("2", NOTHING) FIVE("1") FIVE("2") "@1500 "
	  GET("3", "t:%+{'streams':[],'bytes':0}") END, "C ?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3?, S "
	  "R-6.1-3?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3" },
	{ "7.2/second-control-read-first", "0+ 0>pre:a 1+ 1>pre:a 0>=TEST_BEGIN:a 1>=TEST_BEGIN:a 0<eof 0>eof 2+ "
	  "2>RESULTS_REQUEST:a 2<=RESULTS_RESPONSE:a+" NOTHING " 2<eof 2>eof 1>=TEST_END:a 1>eof 1<eof ",
	  "C R-5.1-8, C R-7-2" },
	{ "7.2/second-control-long-after", TEST "@1500 1+ 1>TEST_BEGIN:a 0<eof 0>eof @2000 1>eof 1<eof ",
	  "C R-7-2, S R-6.5-9?" },
	{ "6.2/keeps-a-stranger-open", TEST "1+ 1>TEST_BEGIN:b 0<eof 0>eof @2000 1>=TEST_END:b 1>eof 1<eof ",
	  "S R-6.1-1?, C R-9.3-1?" },
	{ "6.2/keeps-a-second-stranger-open", TEST "1+ 1>TEST_BEGIN:b 3+ 3>STREAM_BEGIN:b 4+ 4>TEST_BEGIN:b 0<eof "
	  "0>eof @2000 1>=TEST_END:b 1>eof 1<eof 3>eof 3<eof ", "C R-7-2, S R-6.1-1?, C R-9.3-1?, C R-8.1-2, S "
	  "R-6.2-2" },
	{ "6.2/keeps-a-half-known-stranger-open", TEST "1+ 1>TEST_BEGIN:b 3+ 3>STREAM_BEGIN:b 3<missing1 4+ "
	  "4>STREAM_BEGIN:b 4<eof 0<eof 0>eof @2000 " "1>=TEST_END:b 1>eof 1<eof 3>eof 3<eof 4>eof ",
	  "S R-6.1-1?, C R-9.3-1?" },
	{ "6.2/stranger-ends-its-test-unheard", TEST "1+ 1>TEST_BEGIN:b 1>=TEST_END:b 3+ 3>STREAM_BEGIN:b @1500 "
	  "0>eof 0<eof 3<eof 3>eof 1>eof 1<eof ", "C R-7-3, S R-6.2-2, S R-6.2-2" },
	{ "6.2/stranger-with-a-bad-message-stays", TEST "1+ 1>pre:b+t:HELLO 3+ 3>STREAM_BEGIN:b @2000 0>eof 0<eof ",
	  "S R-6.2-2, S R-6.2-2" },
	{ "6.5/straggler-stays", TEST GET("2", NOTHING) "1+ 1>pre:a 0>=TEST_END:a 0>eof 0<eof @2000 "
	  "1>=STREAM_BEGIN:a @2000 1>eof 1<eof ", "C R-5.1-2, C R-7-3, S R-6.5-4?" },
	{ "6.5/newcomer-stays-open", TEST GET("2", NOTHING) "@1500 1+ 1>pre:a @500 0>=TEST_END:a 0>eof 0<eof "
	  "@2000 1>eof 1<eof ", "S R-6.5-4?" },
	{ "6.5/newcomer-with-a-test-stays-open", TEST GET("2", NOTHING) "@1500 1+ 1>TEST_BEGIN:a @500 "
	  "0>=TEST_END:a 0>eof 0<eof @2000 1>eof 1<eof ", "C R-7-2, C R-9.3-1" },
	{ "6.1/held-elsewhere", "far at-client " PROVEN "1+ 1>pre:b 1<eof 1>eof @2000 ", "S R-10-1?" },
	{ "6.1/held-elsewhere-on-one-host", "at-client " PROVEN "1+ 1>pre:b 1<eof 1>eof @2000 ", "S R-10-1?" },
	{ "6.1/a-stream-begins-and-goes-first", "1+ 1>STREAM_BEGIN:b 1>eof 1<eof 0+ 0>TEST_BEGIN:a 0<eof 0>eof "
	  "@2000 ", "" },
	{ "6.1/one-goes-as-the-other-comes", PROVEN "1+ 1>pre:b 3+ 3>pre:c 1<eof 3<eof 1>eof 3>eof @2000 ", "" },
	{ "6.1/one-has-gone-as-the-other-comes", PROVEN "1+ 1>pre:b 1<eof 3+ 3>pre:c 3<eof 1>eof 3>eof @2000 ",
	  "S R-6.1-1, S R-6.1-1" },
	{ "6.5/reset-and-then-answered-on-one-host", TEST GET("2", NOTHING) "0>reset @500 " GET("3", NOTHING), "" },
	{ "6.5/reset-and-then-answered-far-away", "far " TEST GET("2", NOTHING) "0>reset @3000 " GET("3", NOTHING),
	  "" },
	{ "9.1/response-is-cut-off-by-a-reset", TEST ASK("2") "2<t:IPERF_RES 2<reset " END, "S R-9.1-3" },
	{ "6.5/ends-a-test-that-is-going-on", TEST STREAM PAYLOAD PAYLOAD PAYLOAD "0<eof 0>eof @2000 ",
	  "S R-6.5-9?, S R-6.5-4" },
	{ "6.3/ends-what-begins-too-late", "timers:5000,500,900 " PROVEN "0+ 0>pre:a @700 0>=TEST_BEGIN:a 0<eof "
	  "0>eof @2000 ", "" },
	{ "6.2/test-ends-with-a-stranger-that-waited", TEST GET("2", NOTHING) "@50 1+ 1>pre:b @100 1<eof 1>eof "
	  "0<eof 0>eof @2000 ", "S R-6.2-3?" },
	{ "6.1/turned-away-and-one-is-silent", PROVEN "1+ 1>pre:b 1<eof 1>eof 3+ @2000 ", "S R-6.1-1" },
	{ "6.1/turned-away-and-one-speaks-soon", PROVEN "1+ 1>pre:b 1<eof 1>eof @900 3+ @200 3>p5 ", "S R-6.1-1" },
	{ "6.1/turned-away-and-gone-late", PROVEN "4+ 4>p5 1+ 1>pre:b 1<eof @2000 3+ 3>p5 @2000 3>p5 1>eof @100 "
	  "4>eof 4<eof @100 3>p5 ", "S R-6.1-1" },
	{ "9.1/no-answer-and-then-a-conflict", TEST GET("2", NOTHING) ASK("3") "3<eof 3>eof 0>conflict @1500 4+ "
	  "4>p5 ", "C ?, S R-9.1-7" },
	{ "9.1/request-told-behind-its-answer", TEST "2+ * 2<=RESULTS_RESPONSE:a+" NOTHING " ^2>RESULTS_REQUEST:a "
	  "2<eof 2>eof " END, "" },
	{ "5.2/answers-before-it-is-asked", TEST "2+ 2<=RESULTS_RESPONSE:a+" NOTHING " 2>RESULTS_REQUEST:a 2<eof "
	  "2>eof " END, "S R-5.2-2" },
	{ "8.3/half-a-message-while-another-host-is-half-known", TEST "60~ u7>t:IPERF @2000 0>eof 0<eof 60>eof "
	  "60<eof ", "C R-4.3-2?" },
	{ "8.2/complete-as-is-told-late", TEST STREAM "1>p100 * " GET("2", LISTED("100", "true"))
	  "^1>=STREAM_END:a 1>eof 1<eof " END, "C R-8.1-6" },
	{ "6.2/answers-the-test-that-came-second", TEST "1+ 1>TEST_BEGIN:b 2+ 2>RESULTS_REQUEST:b "
	  "2<=RESULTS_RESPONSE:b+" NOTHING " 2<eof 2>eof 0<eof 0>eof 1>=TEST_END:b 1>eof 1<eof ", "" },
	{ "6.2/answers-the-test-that-came-second-in-one-list", TEST "1+ 1>TEST_BEGIN:Z 2+ 2>RESULTS_REQUEST:Z "
	  "2<=RESULTS_RESPONSE:Z+" NOTHING " 2<eof 2>eof 0<eof 0>eof 1>=TEST_END:Z 1>eof 1<eof ", "" },
	{ "9.1/answers-when-the-server-has-closed R-9.1-8", TEST GET("2", NOTHING) "0<eof @2000 " ASK("3")
	  ANSWER("3", NOTHING) CLOSE("3") "0>eof ", "C R-5.2-8, S R-9.1-8, S R-9.1-9" },
	{ "9.1/answers-as-the-test-ends", TEST GET("2", NOTHING) ASK("3") "0>=TEST_END:a 0>eof "
	  ANSWER("3", NOTHING) "0<eof " CLOSE("3"), "" },
	{ "9.1/request-before-the-end-answered-behind", TEST ASK("3") END ANSWER("3", NOTHING) CLOSE("3"), "" },
	{ "9.1/answered-in-turn", TEST ASK("2") ASK("3") ANSWER("3", NOTHING) "3<eof 3>eof " ANSWER("2", NOTHING)
	  "2<eof 2>eof " END, "" },
	{ "9.1/answers-without-a-test-but-one-speaks R-9.1-8", PROVEN "4+ 4>p5 3+ 3>RESULTS_REQUEST:b "
	  "3<=RESULTS_RESPONSE:b+" NOTHING " 3<eof 3>eof 4>eof 4<eof ", "S R-9.1-8?, C R-7-1" },
	{ "9.1/cut-short-as-the-test-ends", TEST ASK("2") "2<t:IPERF_RES 0>=TEST_END:a 0>eof 2<eof 2>eof 0<eof ",
	  "S R-9.1-3?" },
	{ "9.1/no-answer-as-the-test-ends", TEST GET("2", NOTHING) ASK("3") "0>=TEST_END:a 0>eof 3<eof 3>eof "
	  "0<eof ", "" },
	{ "9.1/no-answer-as-the-server-ends-the-test", TEST GET("2", NOTHING) ASK("3") "3<eof 3>eof 0<eof 0>eof ",
	  "S R-9.1-9?" },
	{ "9.1/no-answer-and-then-the-test-ends-later", TEST GET("2", NOTHING) ASK("3") "3<eof 3>eof @900 0<eof "
	  "0>eof ", "S R-6.5-9?" },
	{ "9.2/malformed-and-reset R-9.2-1", TEST ASK("2") "2<=RESULTS_RESPONSE:a+t:%{ 2<reset @1500 "
	  GET("3", NOTHING) END, "S R-9.2-1" },
	{ "9.2/cut-short-as-the-test-ends", TEST ASK("2") "2<=RESULTS_RESPONSE:a+t:%{ 0>=TEST_END:a 0>eof 2<eof "
	  "2>eof 0<eof ", "S R-9.2-1?" },
	{ "9.2/number-of-no-json R-9.2-1", TEST GET("2", "t:%7") END, "S R-9.2-1" },
	{ "9.2/answer-for-a-test-that-is-over", TEST ENDED ASK("2") ANSWER("2", LISTED("99", "true")) END
	  "2<eof 2>eof ", "" },
	{ "8.2/two-streams-from-one-port", TEST STREAM "1>p5 " CLOSE("1") STREAM "1>p100+=STREAM_END:a " CLOSE("1")
	  GET("2", LISTED("99", "true")) END, "C R-8.1-2" },
	{ "8.2/ended-by-the-server-first", TEST STREAM "1>p100+=STREAM_END:a 1<eof 1>eof "
	  GET("2", LISTED("99", "true")) END, "" },
	{ "8.2/ended-behind-the-request", TEST STREAM "1>p100+=STREAM_END:a 1>eof " ASK("2") "1<eof "
	  ANSWER("2", LISTED("99", "true")) "2<eof 2>eof " END, "C R-8.1-6" },
	{ "8.2/complete-too-early-but-missing", TEST STREAM "1>p100 3+ 3>missing5 " GET("2", LISTED("100", "true"))
	  "@2000 " CLOSE("1") END, "C ?, C R-8.1-2" },
	{ "8.2/complete-too-early-but-blind", TEST STREAM "1>p100 " GET("2", LISTED("100", "true"))
	  "1<missing1 1>eof ", "" },
	{ "8.1/asked-early-but-missing", TEST "3+ 3>missing5 " STREAM "1>p100+=STREAM_END:a 1>eof "
	  GET("2", LISTED("100", "true")) "1<eof " END, "C ?, C R-8.1-6?" },
	{ "8.1/asked-early-after-many-octets", TEST STREAM "1>p5000+=STREAM_END:a 1>eof "
	  GET("2", LISTED("5000", "true")) "1<eof " END, "C R-8.1-6?" },
	{ "8.1/asked-early-far-away", "far " TEST STREAM "1>p100+=STREAM_END:a 1>eof "
	  GET("2", LISTED("100", "true")) "1<eof " END, "C R-8.1-6?" },
	{ "8.1/asked-early-and-never-ended R-8.1-6", TEST STREAM "1>p100+=STREAM_END:a 1>eof "
	  GET("2", LISTED("100", "true")) END, "C R-8.1-6, S R-8.1-5?" },
	{ "8.1/asked-early-and-conflict", TEST STREAM "1>p100+=STREAM_END:a 1>eof " GET("2", LISTED("100", "true"))
	  END "1>conflict ", "C ?" },
	{ "8.1/asked-early-and-missing", TEST STREAM "1>p100+=STREAM_END:a 1>eof " GET("2", LISTED("100", "true"))
	  END "1<missing1 ", "" },
	{ "8.1/asked-early-as-is-told-late", TEST STREAM "1>p100+=STREAM_END:a 1>eof * "
	  GET("2", LISTED("100", "true")) END "^1<eof ", "" },
	{ "6.5/reset-after-the-server-s-end", TEST "0>=TEST_END:a 0<eof 0>reset ", "C R-9.3-1" },
	{ "6.5/never-half-closed-and-missing", TEST "0>=TEST_END:a 0<missing1 0<eof @1500 ", "C R-9.3-1" },
	{ "6.5/not-closed-as-the-capture-ends", TEST GET("2", NOTHING) "1+ 1>pre:b 1>reset ", "" },
	{ "6.5/not-closed-as-it-conflicts", TEST GET("2", NOTHING) "1+ 1>pre:b 1>conflict ", "C ?" },
	{ "10/test-ends-before-t-idle-and-missing", "timers:5000,5000,9000 " TEST "1+ 1>missing3 @3000 0<eof "
	  "0>eof @2000 2+ 2>p5 @2000 2>p5 ", "C ?, S R-10-3?" },
	{ "10/control-closed-early", "timers:5000,5000,9000 " TEST "0<eof 0>eof @2000 ", "S R-6.1-1?" },
	{ "10/closed-after-t-begin", "timers:500,500,900 0+ 0>pre:a @1000 0>=TEST_BEGIN:a 0<eof 0>eof ", "C R-5.1-2" },
	{ "8.4/doubled-ends", TEST GET("3", NOTHING) "u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a "
	  "u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a " "u7>STREAM_END:a u7>STREAM_END:a @20 "
	  "u7>STREAM_END:a u7>STREAM_END:a @20 u7>STREAM_END:a u7>STREAM_END:a "
	  GET("2", UDP_LISTED("0", "0", "true")) END, "C R-8.4-2?" },
	{ "8.4/ends-too-near R-8.4-2", TEST GET("3", NOTHING) UDP "u7>STREAM_END:a u7>STREAM_END:a u7>STREAM_END:a "
	  GET("2", UDP_LISTED("1000", "2", "true")) END, "C R-8.4-2" },
	{ "4.2/preamble-and-no-keyword-in-a-datagram", TEST "u7>pre:a+t:HELLO-WORLD @2000 0>eof 0<eof ", "" },
	{ "8.1/begin-again-from-another-port", TEST "u7>STREAM_BEGIN:a u8>STREAM_BEGIN:b 0>eof 0<eof ", "C R-4.2-4?" },
	{ "8.3/half-a-message-of-a-shared-host R-4.3-2", TEST "4+ 4>p5 u7>t:IPERF 4>eof 4<eof @2000 0>eof 0<eof ",
	  "C R-4.3-2?" },
	{ "8.3/half-a-message-as-another-client-has-left R-4.3-2", TEST "4+ 4>STREAM_BEGIN:b 4<eof 4>eof "
	  "u7>t:IPERF @2000 0>eof 0<eof ", "C R-4.3-2?" },
	{ "8.3/half-a-message-long-after-another-client R-4.3-2", TEST "4+ 4>STREAM_BEGIN:b 4<eof 4>eof @1500 "
	  "u7>t:IPERF @2000 0>eof 0<eof ", "C R-4.3-2" },
	{ "8.3/nine-half-messages R-4.3-2", TEST "u11>t:IPERF u12>t:IPERF u13>t:IPERF u14>t:IPERF u15>t:IPERF "
	  "u16>t:IPERF u17>t:IPERF u18>t:IPERF " "u19>t:IPERF @2000 0>eof 0<eof ", "C R-4.3-2, C R-4.3-2, C "
	  "R-4.3-2, C R-4.3-2, C R-4.3-2, C R-4.3-2, C R-4.3-2, C R-4.3-2" },
	{ "8.1/begun-from-another-port-beyond-the-room", "streams:1 " TEST "u7>STREAM_BEGIN:a u8>STREAM_BEGIN:a "
	  "@2000 0>eof 0<eof ", "" },
};

/* So many tests that the first ones are forgotten. */
static void tests_beyond_memory(void **unused)
{
	static struct world world;
	static char words[16000];
	size_t used = 0;

	(void)unused;
	for (int letter = '0'; letter < '0' + 70; letter++)
		used += (size_t)snprintf(words + used, sizeof words - used,
					 "0+ 0>TEST_BEGIN:%c 1+ 1>RESULTS_REQUEST:%c 1<=RESULTS_RESPONSE:%c"
					 "+t:%%{'streams':[],'bytes':0} 1<eof 1>eof 0>=TEST_END:%c 0>eof 0<eof @2000 ",
					 letter, letter, letter, letter);
	snprintf(words + used, sizeof words - used, "2+ 2>STREAM_BEGIN:0 ");
	play_words(&world, words, 5000);
	assert_string_equal(world.found, ""); /* whether its test was seen is not known any more */
	assert_int_equal(world.judge.tests, 70);
}

/* A test goes on while so many others are tried that its beginning is forgotten. */
static void test_beyond_memory(void **unused)
{
	static struct world world;
	static char words[16000];
	size_t used = (size_t)snprintf(words, sizeof words, TEST "u7>STREAM_BEGIN:a ");

	(void)unused;
	for (int letter = '0'; letter < '0' + 70; letter++)
		if (letter != 'a')
			used += (size_t)snprintf(words + used, sizeof words - used,
						 "1+ 1>TEST_BEGIN:%c 1<eof 1>eof ", letter);
	snprintf(words + used, sizeof words - used, "u7>p500 " END);
	play_words(&world, words, 5000);
	/* what was asked for, nobody knows: but that its stream was not ended, was seen */
	assert_null(strstr(world.found, "R-9.3-1"));
	assert_non_null(strstr(world.found, "R-8.1-2"));
}

/* Result data of more than a mebibyte are not read. */
static void answer_beyond_a_mebibyte(void **unused)
{
	static struct world world;
	static char words[16000];
	size_t used = (size_t)snprintf(words, sizeof words, TEST ASK("2") "2<=RESULTS_RESPONSE:a+t:%% ");

	(void)unused;
	for (size_t n = 0; n <= IPERF_RESULT_DATA_MAX / 7000; n++)
		used += (size_t)snprintf(words + used, sizeof words - used, "2<p7000 ");
	snprintf(words + used, sizeof words - used, "2<eof 2>eof " END);
	play_words(&world, words, 8000);
	assert_string_equal(world.found, "C ?");
}

static const struct notation_row unseen[] = {
	{ "unseen/half-a-preamble-cut", TEST "1+ 1>x61616161616161616161616161616161616161616161 1>cut10 "
	  "1>=STREAM_BEGIN:a+p5 " CLOSE("1") END, "C ?, C R-8.1-2, C R-9.3-1?" },
	{ "unseen/half-a-strange-preamble-cut", TEST "1+ 1>x62626262626262626262626262626262626262626262 1>cut10 "
	  CLOSE("1") END, "C ?, C R-9.3-1?" },
	{ "unseen/most-of-a-preamble-cut", TEST "1+ 1>x61 1>cut31 1>=STREAM_BEGIN:a+p5 " CLOSE("1") END,
	  "C ?, C R-9.3-1?" },
	{ "unseen/message-cut-and-payload", TEST "1+ 1>pre:a+t:IPERF_STREAM_BEGIN%+x6161 1>cut100 " CLOSE("1") END,
	  "C ?, C R-9.3-1?" },
	{ "unseen/keyword-cut", TEST "1+ 1>pre:a 1>cut10 " CLOSE("1") END, "C ?, C R-9.3-1?" },
	{ "unseen/end-cut", TEST "0>t:IPERF_TEST_END%+x6161 0>cut60 0>eof 0<eof ", "C ?, C R-9.3-1?" },
	{ "unseen/octets-behind-the-end-cut", TEST "0>=TEST_END:a 0>cut60 0>eof 0<eof ", "C R-9.3-1" },
	{ "unseen/request-cut", TEST "1+ 1>pre:a+t:IPERF_RESULTS_REQUEST%+x6161 1>cut100 " ANSWER("1", NOTHING)
	  CLOSE("1") END, "C ?" },
	{ "unseen/answer-missing", TEST ASK("1") "1<missing5 " CLOSE("1") END, "C ?" },
	{ "unseen/answer-cut", TEST ASK("1") ANSWER("1", NOTHING) "1<cut5 " CLOSE("1") END, "C ?" },
	{ "unseen/conflict-on-a-stream", TEST STREAM "1>p5 1>conflict 1>conflict " CLOSE("1") END, "C ?, C R-9.3-1" },
	{ "unseen/conflict-to-the-client", TEST STREAM "1>p5 1<p5 1<conflict " CLOSE("1") END,
	  "S R-5.2-1, S ?, C R-9.3-1?" },
	{ "unseen/conflict-on-a-stream-that-is-none", "1+ 1>STREAM_BEGIN:a 1>conflict " CLOSE("1"), "C ?" },
	{ "unseen/conflict-on-the-control-connection", TEST "0>conflict " END, "C ?" },
	{ "unseen/server-cut-on-a-stream", TEST STREAM "1<cut5 " CLOSE("1") END, "S R-5.2-1, C R-9.3-1?" },
	{ "unseen/server-cut-after-the-client-s-reset", TEST STREAM "1>conflict 1<cut5 " CLOSE("1") END,
	  "C ?, S R-5.2-1, C R-9.3-1?" },
};

int main(void)
{
	ROWS_ADD(answers, run_notation_row);
	ROWS_ADD(lists, run_notation_row);
	ROWS_ADD(takes, run_notation_row);
	ROWS_ADD(more, run_notation_row);
	ROWS_ADD(unseen, run_notation_row);
	test_add("7.1/tests-beyond-memory", tests_beyond_memory, NULL);
	test_add("9.3/test-beyond-memory", test_beyond_memory, NULL);
	test_add("9.2/answer-beyond-a-mebibyte R-9.2-12", answer_beyond_a_mebibyte, NULL);
	return tests_run("judge_server");
}
