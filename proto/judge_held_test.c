/* The judge of the text profile where the server may have read things in another order than the capture shows, or may
 * hold another cookie: what it believes then, whom it excuses, and whom it blames nevertheless. */
#include <jansson.h>

#include "proto/judge_notation_test.h"

#define TEST "0+ 0>TEST_BEGIN:a "
#define STREAM "1+ 1>STREAM_BEGIN:a "
#define LIST(port, bytes, complete)                                                                                    \
	"t:%+{'streams':[{'id':1,'protocol':'tcp','client_port':" port ",'bytes':" bytes                               \
	",'packets':null,'seconds':0.001,'complete':" complete "}],'bytes':" bytes "}"
#define NOTHING "t:%+{'streams':[],'bytes':0}"
#define ASK(conn, letter) conn "+ " conn ">RESULTS_REQUEST:" letter " "
#define ANSWER(conn, letter, listed) conn "<=RESULTS_RESPONSE:" letter "+" listed " "
#define CLOSE(conn) conn ">eof " conn "<eof "
#define GET(conn, letter, listed) ASK(conn, letter) ANSWER(conn, letter, listed) conn "<eof " conn ">eof "
#define END(conn, letter) conn ">=TEST_END:" letter " " CLOSE(conn)
#define TURN_AWAY(conn) conn "<eof " conn ">eof "
/* A test with another cookie, which the server has served: it is idle for certain. */
#define PROVEN "50+ 50>TEST_BEGIN:z " GET("51", "z", NOTHING) END("50", "z") "@2000 "
#define CUT_OFF(conn) conn "+ " conn ">STREAM_BEGIN:a " TURN_AWAY(conn)
/* The server read test b first: it rejects a's, which came first by the capture. */
#define INSTEAD(more) TEST "1+ 1>TEST_BEGIN:b " more GET("4", "b", NOTHING) TURN_AWAY("0")

/* A cookie is followed: what its connections show counts from then on. */
static const struct notation_row followed[] = {
	{ "held/half-a-message-by-then", INSTEAD("3+ 3>pre:b ") "3>=STREAM_BEGIN:b 3>p100+=STREAM_END:b " CLOSE("3")
	  GET("5", "b", LIST("40003", "100", "true")) END("1", "b"), "" },
	{ "held/half-a-message-by-then-and-listed-wrong R-8.2-5", INSTEAD("3+ 3>pre:b ") "3>=STREAM_BEGIN:b "
	  "3>p100+=STREAM_END:b " CLOSE("3") GET("5", "b", LIST("40003", "99", "true")) END("1", "b"), "S R-8.2-5" },
	{ "held/reset-by-then", INSTEAD("3+ 3>STREAM_BEGIN:b 3>p5 3>abort ") GET("5", "b", NOTHING) END("1", "b"), "" },
	{ "held/bad-message-by-then R-5.1-2", INSTEAD("3+ 3>pre:b+t:HELLO ") TURN_AWAY("3") END("1", "b"),
	  "C R-5.1-2" },
	{ "held/bad-message-closed-by-then R-5.1-2", INSTEAD("3+ 3>pre:b+t:HELLO 3<eof ") "3>eof " END("1", "b"),
	  "C R-5.1-2" },
	{ "held/bad-message-by-then-and-stays R-5.1-6", INSTEAD("3+ 3>pre:b+t:HELLO ") "@2000 " CLOSE("3")
	  END("1", "b"), "C R-5.1-2, S R-5.1-6" },
	{ "held/conflict-by-then", INSTEAD("3+ 3>STREAM_BEGIN:b 3>p5 3>conflict ") "3>=STREAM_END:b " CLOSE("3")
	  GET("5", "b", LIST("40003", "6", "true")) END("1", "b"), "C ?" },
	{ "held/stream-of-one-that-was-never-held", "1+ 1>STREAM_BEGIN:c 0+ 0>TEST_BEGIN:a 2+ 2>STREAM_BEGIN:a 2>p100 "
	  GET("3", "a", LIST("40002", "100", "false")) "2>p50 " CLOSE("1") GET("4", "a", LIST("40002", "100", "false"))
	  "2>=STREAM_END:a " CLOSE("2") GET("5", "a", LIST("40002", "150", "true")) END("0", "a"), "" },
	{ "held/taken-longer-ago-than-t-begin R-6.3-3", "timers:5000,500,900 " TEST "1+ 1>pre:a " TURN_AWAY("0")
	  "@2000 1>=STREAM_BEGIN:a @3000 " CLOSE("1"), "S R-6.1-1?, C R-5.1-2, S R-6.3-3" },
	{ "held/t-begin-is-over-as-it-is-followed R-6.3-3", "timers:9000,1500,9000 " TEST STREAM "2+ @2000 0<reset 3+ "
	  "@1500 2>RESULTS_REQUEST:a @1500 3>pre:a ", "S R-10-3, S R-6.3-3?, S R-6.5-4" },
};

/* Whom the server may have held instead. */
static const struct notation_row others[] = {
	{ "held/stream-that-came-and-went", TEST GET("2", "a", NOTHING) "@2000 60+ 60>STREAM_BEGIN:c " END("0", "a")
	  "60>eof 60<abort 1+ 1>pre:d " TURN_AWAY("1") "@3000 ", "" },
	{ "held/both-are-closed-and-either-may-be-right", PROVEN "1+ 1>pre:b 3+ 3>pre:c 3<eof 1<eof 1>eof 3>eof @2000 ",
	  "" },
	{ "held/told-behind-the-other-s-end R-6.1-1", PROVEN "1+ 4+ * 4>pre:b 4<eof ^1>pre:c 1<eof 1>eof 4>eof @2000 "
	  "3+ 3>p5 @2000 3>p5 ", "S R-6.1-1, S R-6.1-1" },
	{ "held/on-one-host-nobody-is-unseen R-8.1-4", "at-client " PROVEN "0+ 0>TEST_BEGIN:b 1+ 1>STREAM_BEGIN:b 1>p5 "
	  "@1500 " TURN_AWAY("1") "@2000 " GET("2", "b", NOTHING) END("0", "b"), "S R-8.1-4" },
	{ "held/elsewhere-somebody-may-be-unseen", "far at-client " PROVEN "0+ 0>TEST_BEGIN:b 1+ 1>STREAM_BEGIN:b 1>p5 "
	  "@1500 " TURN_AWAY("1") "@2000 " GET("2", "b", NOTHING) END("0", "b"), "" },
	{ "held/proven-as-the-preamble-comes R-6.1-3", "far at-client 0+ 0>TEST_BEGIN:a 61+ @5000 61>STREAM_BEGIN:a "
	  "@5000 " TURN_AWAY("61") "@2000 " GET("2", "a", NOTHING) END("0", "a"), "S R-6.1-3" },
	{ "held/preamble-while-somebody-is-half-known", TEST "4~ 3+ 3>pre:a " GET("2", "a", NOTHING)
	  "3>=RESULTS_REQUEST:a " TURN_AWAY("3") "@1500 " GET("5", "a", NOTHING) END("0", "a") CLOSE("4"), "" },
	{ "held/stranger-in-the-same-list", TEST GET("2", "a", NOTHING) "@1500 1+ 1>pre:Z 1<eof " END("0", "a")
	  "1>eof ", "" },
	{ "held/lost-but-for-one-in-the-same-list R-4.2-3", "1+ 1>pre:Z " GET("3", "a", NOTHING) "1>t:iperf "
	  TURN_AWAY("1"), "S R-9.1-8?, C R-4.2-3" },
	{ "held/octets-of-one-that-was-turned-away R-6.1-1", PROVEN "1+ 1>pre:b 1<abort 1<p5 @2000 3+ 3>p5 @2000 3>p5 ",
	  "S R-6.1-1" },
};

/* The server still has what the end of the test should have closed. */
static const struct notation_row stays[] = {
	{ "held/control-stays R-6.5-4", TEST GET("2", "a", NOTHING) "0>eof @3000 0<eof ", "S R-6.5-4" },
	{ "held/control-and-stream-stay R-6.5-4", TEST GET("2", "a", NOTHING) STREAM "0>eof @2000 0<eof " CLOSE("1"),
	  "S R-6.5-4, S R-6.5-4" },
	{ "held/control-stays-after-wrong-octets R-7-4", TEST GET("2", "a", NOTHING) "0>p5 " GET("3", "a", NOTHING)
	  "@2000 " CLOSE("0"), "C R-7-3, S R-7-4" },
	{ "held/stream-stays-as-the-end-is-told-late", TEST GET("2", "a", NOTHING)
	  "* 1+ 1>STREAM_BEGIN:a ^0>=TEST_END:a ^0>eof 0<eof @2000 " CLOSE("1"), "C R-8.1-2, S R-6.5-4?" },
	{ "held/stream-stays-as-a-reset-may-be-lost", "60+ 60>TEST_BEGIN:a " STREAM "1>p5 60>reset @2000 "
	  CLOSE("1"), "S R-6.5-4?" },
	{ "held/ended-stream-stays R-8.1-5", TEST GET("2", "a", NOTHING) STREAM END("0", "a")
	  "1>eof @1500 3+ @1500 1<eof ", "C R-8.1-2, S R-8.1-5" },
	{ "held/ended-preamble-stays", TEST GET("2", "a", NOTHING) "1+ 1>pre:a " END("0", "a")
	  "1>eof @1500 3+ @1500 1<eof ", "" },
	{ "held/stream-stays-and-the-cookie-comes-again", TEST GET("2", "a", NOTHING) "60+ 60>STREAM_BEGIN:a "
	  END("0", "a") "5+ 5>TEST_BEGIN:a @2000 " CLOSE("60") GET("6", "a", NOTHING) END("5", "a"),
	  "C R-3-3, C R-8.1-2?, S R-6.5-4?, C R-8.1-2" },
	{ "held/request-stays-unanswered-beyond-t-hello R-9.1-7", "timers:500,3000,9000 " TEST ASK("2", "a") "@4000 "
	  CLOSE("2") GET("3", "a", NOTHING) END("0", "a"), "S R-9.1-7" },
	{ "held/request-is-not-blamed-twice R-9.1-7", "timers:1500,3000,9000 " TEST ASK("2", "a") "@1200 "
	  GET("5", "a", NOTHING) "@2000 " GET("6", "a", NOTHING) "@2000 " CLOSE("2") GET("3", "a", NOTHING)
	  END("0", "a"), "S R-9.1-7" },
	{ "held/preamble-stays-and-a-stranger-speaks R-6.3-3", "timers:9000,500,900 1+ 1>pre:a 2+ @1400 2>pre:b @200 3+ "
	  "@1100 4+ ", "S R-6.3-3" },
	{ "held/preamble-stays-and-somebody-speaks R-6.3-3", "timers:9000,500,900 1+ 1>pre:a 2+ @1400 2>p5 @200 3+ "
	  "@1100 4+ ", "S R-6.3-3?" },
	{ "held/preamble-stays-and-somebody-spoke R-6.3-3", "timers:9000,500,900 1+ 1>pre:a 2+ @1400 2>p5 " CLOSE("2")
	  "@200 3+ @1100 4+ ", "S R-6.3-3?" },
};

/* The server ends what it should not: one deed, or several. */
static const struct notation_row deeds[] = {
	{ "held/control-behind-its-stream-is-turned-away R-6.5-5", PROVEN "60+ 60>STREAM_BEGIN:c 3+ 3>TEST_BEGIN:c "
	  TURN_AWAY("3") CLOSE("60") "@2000 4+ 4>p5 @2000 4>p5 ", "S R-6.5-5" },
	{ "held/first-test-is-turned-away R-6.1-1", "1+ 1>pre:b @1500 " CLOSE("1") "@2000 3+ 3>TEST_BEGIN:c "
	  TURN_AWAY("3") "@2000 4+ 4>p5 @2000 4>p5 ", "S R-6.1-1" },
	{ "held/both-controls-are-turned-away", TEST "0<eof 1+ 1>TEST_BEGIN:a " TURN_AWAY("1") "0>eof @2000 ",
	  "C R-3-3, S R-6.1-1?, S R-6.1-1?" },
	{ "held/stream-ended-beside-a-datagram-that-came-early", "u7>STREAM_BEGIN:a " TEST GET("3", "a", NOTHING)
	  STREAM TURN_AWAY("1") "@1500 " GET("2", "a", NOTHING) END("0", "a"), "S R-6.1-3?" },
	{ "held/stream-ended-long-before-its-test R-6.1-3", TEST GET("2", "a", NOTHING) STREAM "1<eof @2000 "
	  TURN_AWAY("0") "1>eof @2000 2+ 2>p5 @2000 2>p5 ", "S R-6.5-9?, S R-6.1-3" },
	{ "held/stream-ended-in-the-test-before R-6.1-3 R-9.1-9", TEST GET("2", "a", NOTHING) STREAM "1<eof "
	  END("0", "a") "3+ 3>TEST_BEGIN:b " GET("4", "b", NOTHING) TURN_AWAY("3") "1>eof @2000 5+ 5>p5 @2000 5>p5 ",
	  "S R-9.1-9, S R-6.1-3" },
	{ "held/a-client-s-deed-outlives-the-test R-9.1-9", TEST ASK("3", "a") "u7>STREAM_END:a "
	  ANSWER("3", "a", NOTHING) "3<eof 3>eof " TURN_AWAY("0") "@2000 2+ 2>p5 @2000 2>p5 ",
	  "S R-9.1-9, C R-8.1-1?" },
	{ "held/more-deeds-than-are-remembered", TEST GET("2", "a", NOTHING) CUT_OFF("11") CUT_OFF("12") CUT_OFF("13")
	  CUT_OFF("14") CUT_OFF("15") CUT_OFF("16") CUT_OFF("17") CUT_OFF("18") ASK("3", "a") TURN_AWAY("3") "@1500 "
	  GET("4", "a", NOTHING) END("0", "a"), "S R-9.1-7?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3?, "
	  "S R-6.1-3?, S R-6.1-3?, S R-6.1-3?, S R-6.1-3" },
	{ "held/answer-after-a-deed-and-then-another-test R-6.1-3", "timers:9000,9000,500 " TEST GET("2", "a", NOTHING)
	  STREAM "@100 " TURN_AWAY("1") "5+ 5>pre:b " ASK("3", "a") ANSWER("3", "a", NOTHING) "@3000 3<eof 3>eof ",
	  "S R-6.1-3, S R-9.1-4, S R-10-2" },
};

/* Answers that belong to no test, or to another one. */
static const struct notation_row strays[] = {
	{ "held/answers-beside-a-bad-message R-9.1-8", TEST GET("2", "a", NOTHING) "@1500 1+ 1>pre:a+t:HELLO 0<eof "
	  "@2000 " GET("3", "a", NOTHING) "0>eof " CLOSE("1"),
	  "C R-5.1-2, C R-5.2-8, S R-9.1-8, S R-6.5-9?, S R-5.1-6" },
	{ "held/cut-short-before-its-test", ASK("2", "a") "2<t:IPERF_RES " TEST "2<eof 2>eof @2000 " CLOSE("0"),
	  "S R-9.1-8?, C R-5.1-8, S R-9.1-3?" },
	{ "held/no-answer-as-the-cookie-comes-again", TEST ASK("2", "a") TURN_AWAY("0") TEST TURN_AWAY("2")
	  GET("3", "a", NOTHING) END("0", "a"), "S R-6.1-1?, C R-3-3" },
	{ "held/no-answer-after-a-long-wait", TEST GET("2", "a", NOTHING) "3+ @3000 3>RESULTS_REQUEST:a " TURN_AWAY("3")
	  "@1500 " GET("4", "a", NOTHING) END("0", "a"), "" },
	{ "held/no-answer-after-a-wait-within-t-hello R-9.1-7", "timers:5000,5000,9000 " TEST GET("2", "a", NOTHING)
	  "3+ @3000 3>RESULTS_REQUEST:a " TURN_AWAY("3") "@1500 " GET("4", "a", NOTHING) END("0", "a"), "S R-9.1-7" },
	{ "held/no-answer-to-what-comes-after-a-pause R-9.1-7", "timers:9000,9000,9000 " TEST "2+ @1500 "
	  "2>RESULTS_REQUEST:a " TURN_AWAY("2") "@1500 " GET("4", "a", NOTHING) END("0", "a"), "S R-9.1-7" },
	{ "held/answer-comes-in-the-next-test", TEST STREAM "1>p100+=STREAM_END:a " CLOSE("1") ASK("2", "a")
	  "0>=TEST_END:a 0>eof 3+ 3>TEST_BEGIN:b " ANSWER("2", "a", LIST("40001", "99", "true")) "2<eof 2>eof 0<eof "
	  GET("5", "b", NOTHING) END("3", "b"), "" },
	{ "held/answers-after-a-guess", "0+ 0>pre:a+t:IPERF_TEST_BEGIN%+x6161 0>cut30 " END("0", "a") "@2000 "
	  GET("2", "a", NOTHING), "C ?, C R-9.3-1?, S R-9.1-8?" },
	{ "held/somebody-stays-as-another-s-cookie-is-lost R-10-1", "timers:500,9000,9000 7+ 1+ 1>pre:a " ASK("2", "a")
	  "2<=RESULTS_RESPONSE:a @2000 3+ @1100 4+ ", "S R-9.1-8?, S R-10-1" },
	{ "held/complete-too-early-beside-a-conflict", TEST "3+ 3>conflict " STREAM "1>p100 "
	  GET("2", "a", LIST("40001", "100", "true")) "@2000 " CLOSE("1") END("0", "a"), "C ?, C R-8.1-2" },
};

/* Memory ran out as the result data were read: the judge's trouble, not the server's. */
static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

static void results_without_memory(void **unused)
{
	static struct world world;

	(void)unused;
	json_set_alloc_funcs(no_memory, free);
	play_words(&world, TEST GET("2", "a", NOTHING) END("0", "a"), 5000);
	json_set_alloc_funcs(malloc, free);
	assert_string_equal(world.found, "S ?");
}

int main(void)
{
	ROWS_ADD(followed, run_notation_row);
	ROWS_ADD(others, run_notation_row);
	ROWS_ADD(stays, run_notation_row);
	ROWS_ADD(deeds, run_notation_row);
	ROWS_ADD(strays, run_notation_row);
	test_add("held/results-without-memory", results_without_memory, NULL);
	return tests_run("judge_held");
}
