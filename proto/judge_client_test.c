/* The judge of the text profile on clients: how they begin, what they send, how they end. */
#include "proto/judge_notation_test.h"

#define TEST "0+ 0>TEST_BEGIN:a "
#define STREAM "1+ 1>STREAM_BEGIN:a "
#define LISTED(bytes, complete)                                                                                        \
	"{'streams':[{'id':1,'protocol':'tcp','client_port':40001,'bytes':" bytes ",'packets':null,'seconds':0.001,"   \
	"'complete':" complete "}],'bytes':" bytes "}"
#define ASK(conn, listed)                                                                                              \
	conn "+ " conn ">RESULTS_REQUEST:a " conn "<=RESULTS_RESPONSE:a+t:%+" listed " " conn "<eof " conn ">eof "
#define END "0>=TEST_END:a 0>eof 0<eof "
#define CLOSE(conn) conn ">eof " conn "<eof "
#define NOTHING "{'streams':[],'bytes':0}"
#define ENDED STREAM "1>p100+=STREAM_END:a 1>eof "
/* A test with another cookie, which the server has served: it is idle for certain. */
#define PROVEN                                                                                                         \
	"50+ 50>TEST_BEGIN:z 51+ 51>RESULTS_REQUEST:z 51<=RESULTS_RESPONSE:z+t:%{'streams':[],'bytes':0} "             \
	"51<eof 51>eof 50>=TEST_END:z 50>eof 50<eof @2000 "

static const struct notation_row openings[] = {
	{ "5/good", TEST STREAM "1>p100+=STREAM_END:a 1>eof 1<eof " ASK("2", LISTED("100", "true")) END, "" },
	{ "4.2/space-twice R-4.2-1", TEST "1+ 1>pre:a+t:IPERF_STREAM_BEGIN%%+pre:a ", "C R-4.2-1, S R-5.1-4?" },
	{ "4.2/tab-before R-4.2-2", TEST "1+ 1>pre:a+x09+=STREAM_BEGIN:a ", "C R-4.2-2, S R-5.1-6?" },
	{ "4.2/nul-before R-4.2-2", TEST "1+ 1>pre:a+x00+=STREAM_BEGIN:a ", "C R-4.2-2, S R-5.1-6?" },
	{ "4.2/vertical-tab-and-more-before R-4.2-2", TEST "1+ 1>pre:a+x0b0e+=STREAM_BEGIN:a ",
	  "C R-4.2-2, S R-5.1-6?" },
	{ "4.2/so-before R-5.1-2", TEST "1+ 1>pre:a+x0e+=STREAM_BEGIN:a ", "C R-5.1-2, S R-5.1-6?" },
	{ "4.2/space-for-underscore R-4.2-3", TEST "1+ 1>pre:a+t:IPERF%STREAM ", "C R-4.2-3, S R-5.1-6?" },
	{ "4.2/lower-case R-4.2-3", TEST "1+ 1>pre:a+t:iperf ", "C R-4.2-3, S R-5.1-6?" },
	{ "4.2/another-letter-in-the-keyword R-4.2-3", TEST "1+ 1>pre:a+t:IPERF_X ", "C R-4.2-3, S R-5.1-6?" },
	{ "4.2/another-octet-for-underscore R-5.1-2", TEST "1+ 1>pre:a+t:IPERFX ", "C R-5.1-2, S R-5.1-6?" },
	{ "5.1/another-word R-5.1-2", TEST "1+ 1>pre:a+t:HELLO ", "C R-5.1-2, S R-5.1-6?" },
	{ "5.1/another-message R-5.1-2", TEST "1+ 1>pre:a+=TEST_END:a ", "C R-5.1-2, S R-5.1-6?" },
	{ "5.1/tab-for-space R-4.2-1", TEST "1+ 1>pre:a+t:IPERF_STREAM_BEGIN+x09 ", "C R-4.2-1, S R-5.1-6?" },
	{ "5.1/other-cookie-in-the-message R-5.1-3", TEST "1+ 1>pre:a+=STREAM_BEGIN:b ", "C R-5.1-3, S R-5.1-4?" },
	{ "5.1/no-preamble R-5.1-1", "1+ 1>=TEST_BEGIN:a+p20 ", "C R-5.1-1, S R-5.1-6?" },
	{ "5.1/a-stranger", "1+ 1>p60 ", "S R-5.1-6?" },
	{ "5.1/a-stranger-that-says-iperf R-4.2-2", "whole " "1+ 1>p32+t:%%%%iperf ", "C R-4.2-2, S R-5.1-6?" },
	{ "5.1/a-stranger-that-nearly-does", "1+ 1>p32+t:%%%%%iperf ", "S R-5.1-6?" },
	{ "5.1/space-in-the-cookie-s-place R-5.1-3", TEST "1+ 1>pre:a+t:IPERF_STREAM_BEGIN%a%",
	  "C R-5.1-3, S R-5.1-4?" },
	{ "5.1/slow-message R-5.1-2", "0+ 0>pre:a @1500 0>=TEST_BEGIN:a ", "C R-5.1-2" },
	{ "5.1/slow-message-far-away", "far 0+ 0>pre:a @1500 0>=TEST_BEGIN:a ", "" },
	{ "5.1/opened-before-the-preamble-of-another R-5.1-7 R-5.1-8", "0+ 1+ 0>TEST_BEGIN:a 1>STREAM_BEGIN:a ",
	  "C R-5.1-7, C R-5.1-8" },
	{ "5.1/stream-opened-before-the-test R-5.1-7 R-5.1-8", "1+ 0+ 1>STREAM_BEGIN:a 0>TEST_BEGIN:a ",
	  "C R-5.1-7, C R-5.1-8" },
	{ "5.1/stream-gone-before-the-test R-5.1-8", "1+ 1>STREAM_BEGIN:a 1>eof 1<eof 0+ 0>TEST_BEGIN:a ",
	  "C R-5.1-8" },
	{ "5.1/stream-gone-before-the-preamble R-5.1-7 R-5.1-8", "0+ 1+ 1>STREAM_BEGIN:a 1>eof 1<eof "
	  "0>TEST_BEGIN:a ", "C R-5.1-7, C R-5.1-8" },
	{ "5.1/stream-gone-behind-the-preamble R-5.1-8", "0+ 0>pre:a 1+ 1>STREAM_BEGIN:a 1>eof 1<eof "
	  "0>=TEST_BEGIN:a ", "C R-5.1-8" },
	{ "5.1/stream-of-another-host-gone-before", "60+ 60>STREAM_BEGIN:a 60>eof 60<eof 0+ 0>TEST_BEGIN:a ", "" },
	{ "5.1/stream-of-another-host", "60+ 60>STREAM_BEGIN:a 0+ 0>TEST_BEGIN:a ", "" },
	{ "5.1/stream-of-another-host-told-late", "* 0+ 60+ ^0>TEST_BEGIN:a 60>STREAM_BEGIN:a ", "" },
	{ "5.1/stream-of-another-host-opened-before", "0+ 60+ 0>TEST_BEGIN:a 60>STREAM_BEGIN:a "
	  CLOSE("60") CLOSE("0"), "" },
	{ "5.1/test-told-late", "0+ 0>pre:a * 1+ 1>STREAM_BEGIN:a ^0>=TEST_BEGIN:a ", "" },
	{ "5.1/stream-half-known", "1+ 1>pre:a 1>missing5 0+ 0>TEST_BEGIN:a ", "C ?" },
	{ "5.1/wrong-when-its-test-is-gone R-5.1-2", TEST END "1+ 1>pre:a+t:HELLO ", "C R-9.3-1, C R-5.1-2, S "
	  "R-5.1-6?" },
	{ "5.1/cookie-in-the-same-list", "0+ 0>TEST_BEGIN:a 1+ 1>pre:Z+t:HELLO ", "S R-6.2-2?" },
	{ "7.1/no-test-and-then-one R-7-1", PROVEN "1+ 1>STREAM_BEGIN:c 3+ 3>TEST_BEGIN:c ", "C R-7-1" },
	{ "7.1/no-test-seen-far-away", "far " PROVEN "1+ 1>STREAM_BEGIN:c ", "" },
	{ "7.1/no-test-but-octets-were-cut", "4+ 4>pre:d+t:IPERF_STREAM_BEGIN%+x6464 4>cut5 4>eof 4<eof " PROVEN
	  "1+ 1>STREAM_BEGIN:c ", "C ?" },
	{ "7.1/no-test-to-the-end", PROVEN "3+ 1+ 1>STREAM_BEGIN:c ", "" },
	{ "7.1/no-test-twice-so-far R-7-1", PROVEN "3+ 1+ 1>STREAM_BEGIN:c 4+ 4>STREAM_BEGIN:d 3>eof 3<eof ",
	  "C R-7-1, S R-6.2-2?" },
	{ "7.1/no-test-and-then-missing", PROVEN "3+ 1+ 1>STREAM_BEGIN:c 3>missing5 3>eof 3<eof ", "C ?" },
	{ "7.1/no-test-and-then-the-test", PROVEN "3+ 1+ 1>STREAM_BEGIN:c 3>TEST_BEGIN:c 3>eof 3<eof ",
	  "C R-5.1-7, C R-5.1-8, S R-6.5-4?" },
	{ "7.1/no-test-but-payload-is-missing", TEST ASK("2", NOTHING) STREAM "1>missing5 3+ 3>STREAM_BEGIN:c 3<eof "
	  "3>eof 1>=STREAM_END:a " CLOSE("1") ASK("4", LISTED("5", "true")) END, "" },
	{ "7.1/no-test-but-one-is-half-known", "4~ " PROVEN "1+ 1>STREAM_BEGIN:c " CLOSE("1") CLOSE("4")
	  "@2000 7+ 7>pre:q 7<eof 7>eof ", "" },
	{ "7.1/no-test-but-a-guess", PROVEN "3+ 1+ 1>STREAM_BEGIN:c u7>STREAM_BEGIN:c/10 3>eof 3<eof ", "" },
	{ "7.1/no-test-but-payload-is-missing-then", PROVEN "3+ 1+ 1>STREAM_BEGIN:c 1>missing5 3>eof 3<eof ", "" },
	{ "7.2/second-control-as-the-first-has-ended R-3-3", TEST "0>eof 1+ 1>TEST_BEGIN:a ", "C R-3-3, S R-6.5-4?" },
	{ "7.2/second-control-as-the-server-ended-the-first R-3-3", TEST "0<eof 1+ 1>TEST_BEGIN:a ",
	  "C R-3-3, S R-6.1-1?" },
	{ "7.2/second-control-behind-the-end R-3-3", TEST "0>=TEST_END:a 1+ 1>TEST_BEGIN:a ",
	  "C R-9.3-1, C R-3-3, S R-6.5-4?" },
	{ "5.2/after-the-end-far-away", "far " TEST END "1+ 1>RESULTS_REQUEST:a 1<eof 1>eof ", "C R-9.3-1?" },
	{ "5.2/long-after-the-end-far-away R-7-3", "far " TEST END "@2000 1+ 1>RESULTS_REQUEST:a 1<eof 1>eof ",
	  "C R-9.3-1?, C R-7-3" },
	{ "5.2/after-the-end-and-answered R-9.1-8", TEST END "@2000 1+ 1>RESULTS_REQUEST:a "
	  "1<=RESULTS_RESPONSE:a+t:%{} 1<eof 1>eof ", "C R-9.3-1, S R-9.1-8, S R-9.2-2" },
	{ "5.2/after-the-end-and-missing", TEST END "1+ 1>RESULTS_REQUEST:a 1<missing3 1<eof 1>eof ",
	  "C R-9.3-1, C ?" },
	{ "5.2/stream-after-the-end R-7-3", TEST END "1+ 1>STREAM_BEGIN:a 1<eof 1>eof ", "C R-9.3-1, C R-7-3" },
	{ "7.2/second-control R-7-2", TEST "1+ 1>TEST_BEGIN:a 1<eof 1>eof ", "C R-7-2" },
	{ "3.3/cookie-again R-3-3", TEST END "1+ 1>TEST_BEGIN:a ", "C R-9.3-1, C R-3-3" },
	{ "7.1/no-test R-7-1", "0+ 0>TEST_BEGIN:b 2+ 2>RESULTS_REQUEST:b "
	  "2<=RESULTS_RESPONSE:b+t:%{'streams':[],'bytes':0} 2<eof 2>eof " "0>=TEST_END:b 0>eof 0<eof @2000 1+ "
	  "1>STREAM_BEGIN:a @2000 ", "C R-7-1" },
	{ "7.1/no-test-so-far R-7-1", "0+ 0>TEST_BEGIN:b 2+ 2>RESULTS_REQUEST:b "
	  "2<=RESULTS_RESPONSE:b+t:%{'streams':[],'bytes':0} 2<eof 2>eof " "0>=TEST_END:b 0>eof 0<eof @2000 3+ 1+ "
	  "1>STREAM_BEGIN:a @2000 3>eof 3<eof ", "C R-7-1" },
	{ "5.2/after-the-end R-7-3", TEST END "1+ 1>RESULTS_REQUEST:a 1<eof 1>eof ", "C R-9.3-1, C R-7-3" },
	{ "5.2/after-the-server-s-end R-5.2-8", TEST "0<eof @2000 1+ 1>RESULTS_REQUEST:a 1<eof 1>eof 0>eof ",
	  "C R-5.2-8, S R-6.1-1?" },
};

static const struct notation_row ends[] = {
	{ "4.2/octets-after-the-end R-4.2-2", "whole " TEST "0>=TEST_END:a+p5 0<eof 0>eof ", "C R-4.2-2, C R-9.3-1" },
	{ "4.2/octets-after-the-end-twice R-4.2-2", TEST "0>=TEST_END:a 0>p5 0>p6 0<eof 0>eof ",
	  "C R-9.3-1, C R-4.2-2" },
	{ "7.4/octet-in-place-of-the-end R-7-3", TEST "0>=STREAM_BEGIN:a 0<eof 0>eof ", "C R-7-3" },
	{ "9.1/octets-after-the-request R-4.2-2", TEST "1+ 1>RESULTS_REQUEST:a+p5 ", "C R-4.2-2, S R-9.1-7?" },
	{ "9.1/request-twice R-9.1-2", "whole " TEST "1+ 1>RESULTS_REQUEST:a+=RESULTS_REQUEST:a ",
	  "C R-9.1-2, S R-9.1-7?" },
	{ "9.1/more-after-the-request R-4.2-2", TEST "1+ 1>RESULTS_REQUEST:a 1>empty 1>p5 1>p6 ",
	  "C R-4.2-2, S R-9.1-7?" },
	{ "4.2/breaks-off-in-test-end R-4.2-1", TEST "0>t:IPERF_TE 0>eof 0<eof ", "C R-4.2-1?" },
	{ "6.5/reset-after-the-end R-6.5-7", TEST "0>=TEST_END:a 0>reset ", "C R-9.3-1, C R-6.5-7" },
	{ "6.5/not-half-closed R-6.5-7", TEST "0>=TEST_END:a 0<eof @500 0>eof ", "C R-9.3-1, C R-6.5-7" },
	{ "6.5/half-closed-in-time", TEST "0>=TEST_END:a 0<eof @100 0>eof ", "C R-9.3-1" },
	{ "6.5/never-half-closed R-6.5-7", TEST "0>=TEST_END:a 0<eof @1500 ", "C R-9.3-1, C R-6.5-7" },
	{ "6.5/never-half-closed-but-reset", TEST "0>=TEST_END:a 0<reset @1500 ", "C R-9.3-1" },
	{ "6.5/not-half-closed-and-missing R-6.5-7", TEST "1+ 1>missing5 0>=TEST_END:a 0<eof @1500 0>eof ",
	  "C ?, C R-9.3-1?, C R-6.5-7?" },
	{ "8.1/asked-before-the-server-s-end R-8.1-6", TEST STREAM "1>p100+=STREAM_END:a 1>eof "
	  ASK("2", LISTED("100", "true")) "1<eof " END, "C R-8.1-6" },
	{ "8.1/asked-long-after R-8.1-6", TEST STREAM "@1500 1>p100+=STREAM_END:a 1>eof @500 "
	  ASK("2", LISTED("100", "true")) "1<eof " END, "C R-8.1-6?" },
	{ "8.1/asked-before-the-server-s-end-told-last R-8.1-6", TEST ENDED ASK("2", LISTED("100", "true")) END
	  "1<eof ", "C R-8.1-6" },
	{ "8.1/asked-before-the-end-far-away", "far " TEST ENDED ASK("2", LISTED("100", "true")) END "1<eof ",
	  "C R-8.1-6?" },
	{ "8.1/asked-before-the-end-where-packets-are-missing", TEST ENDED "3+ 3>STREAM_BEGIN:a 3>missing5 "
	  "3>=STREAM_END:a " CLOSE("3") ASK("2", LISTED("100", "true")) END "1<eof ", "C R-8.1-6?" },
	{ "8.1/asked-before-the-end-and-perhaps-later", TEST ENDED ASK("2", LISTED("100", "true")) "@500 3+ 3>conflict "
	  CLOSE("3") END "1<eof ", "C ?, C R-8.1-6?" },
	{ "9.3/asked-before-the-stream-s-end R-9.3-1", TEST STREAM "1>p100 " ASK("2", LISTED("100", "false"))
	  "1>=STREAM_END:a 1>eof 1<eof " END, "C R-9.3-1" },
	{ "9.3/never-asked R-9.3-1", TEST STREAM "1>p100+=STREAM_END:a 1>eof 1<eof " END, "C R-9.3-1" },
};

static const struct notation_row datagrams[] = {
	{ "8.4/begun-once R-8.4-1", TEST "u7>STREAM_BEGIN:a u7>p500 u7>STREAM_END:a @20 u7>STREAM_END:a @20 "
	  "u7>STREAM_END:a " END, "C R-8.4-1, C R-9.3-1, C R-8.4-3" },
	{ "4.2/preamble-in-a-datagram R-4.2-2", TEST "u7>pre:a+=STREAM_BEGIN:a @2000 0>eof 0<eof ", "C R-4.2-2" },
	{ "4.2/lower-case-datagram R-4.2-3", TEST "u7>t:iperf_stream_begin @2000 0>eof 0<eof ", "C R-4.2-3" },
	{ "4.2/another-datagram", TEST "u7>t:HELLO-WORLD @2000 0>eof 0<eof ", "" },
	{ "4.2/half-a-message R-4.3-2", TEST "u7>t:IPERF_STREAM @2000 0>eof 0<eof ", "C R-4.3-2" },
	{ "8.1/end-without-begin R-8.1-1", TEST "u7>STREAM_END:a @2000 0>eof 0<eof ", "C R-8.1-1" },
	{ "8.3/begin-again", TEST "u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a u7>STREAM_BEGIN:a 0>eof 0<eof ", "" },
	{ "8.3/server-sends R-8.3-8", TEST "u7<p5 ", "S R-8.3-8" },
	{ "8.3/message-cut", TEST "u7>STREAM_BEGIN:a/20 u7>p50/0 0>eof 0<eof ", "" },
	{ "8.3/more-streams-than-can-be-followed", "streams:1 " TEST "u7>STREAM_BEGIN:a u8>STREAM_BEGIN:a "
	  "u9>STREAM_END:a 0>eof 0<eof ", "" },
	{ "8.4/payload-before-a-request", TEST "u7>STREAM_BEGIN:a u7>p500 0>eof 0<eof ", "" },
};

/* R-8.1-6 is told with the time since the client had ended the stream, as far as it had when it asked, whenever the end
 * was told. */
static void time_of_asking(void **unused)
{
	static struct world world;

	(void)unused;
	play_words(&world, TEST STREAM "1>p100 * @1 " "2+ 2>RESULTS_REQUEST:a 2<=RESULTS_RESPONSE:a+t:%+"
		   LISTED("100", "true") " 2<eof 2>eof ^1>=STREAM_END:a @9 1>eof 1<eof " END, 5000);
	assert_string_equal(world.found, "C R-8.1-6");
	assert_string_equal(world.texts, "# results were asked for 0.001 s after the end of a stream, before the "
			    "server's end-of-file\n");
	play_words(&world, TEST ENDED "@3 " ASK("2", LISTED("100", "true")) END "1<eof ", 5000);
	assert_non_null(strstr(world.texts, "results were asked for 0.003 s after the end of a stream,"));
	/* the capture's clock was set back */
	play_words(&world, TEST ENDED "@-5 " ASK("2", LISTED("100", "true")) END "1<eof ", 5000);
	assert_non_null(strstr(world.texts, "results were asked for 0.000 s after the end of a stream,"));
}

int main(void)
{
	ROWS_ADD(openings, run_notation_row);
	ROWS_ADD(ends, run_notation_row);
	ROWS_ADD(datagrams, run_notation_row);
	test_add("8.1/time-of-asking R-8.1-6", time_of_asking, NULL);
	return tests_run("judge_client");
}
