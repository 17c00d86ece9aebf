/* The iperf3 judge on the order of a test, on when it ends, and on what stands in its texts. */
#include "proto/iperf3_judge_notation_test.h"

#define ENDS CLOSE("1") CLOSE("0")
#define NUMBERS_OF(omit, time, num, blockcount, parallel, len)                                                         \
	"'omit':" omit ",'time':" time ",'num':" num ",'blockcount':" blockcount ",'parallel':" parallel ",'len':" len
#define OF(omit, time, num, blockcount, parallel, len)                                                                 \
	"{'tcp':true," NUMBERS_OF(omit, time, num, blockcount, parallel, len) "}"
#define TEST_OF(parameters, what) BEGIN(parameters) STREAM("1") RUN what EXCHANGE(SENT, RECEIVED) ENDS
#define RESULTS(client, server) RUNNING "1>p1000 " EXCHANGE(client, server) ENDS
#define SENT_OF(claim) CPU "1,'streams':[" claim "]}"
#define RECEIVED_OF(claim) CPU "-1,'streams':[" claim "]}"

static const struct notation_row order[] = {
	{ "22.1/early-but-the-answer-is-not-known", "0+ 0>cookie:a 0>x0001 0<PARAM_EXCHANGE 0<missing1 " CLOSE("0"),
	  "S ?" },
	{ "22.1/early R-22.1-1", "0+ 0>cookie:a 0>{} 0<PARAM_EXCHANGE 0<eof 0>eof", "C R-22.1-1, S R-29-7?" },

	/* what had to be refused */
	{ "24.5/runs-with-len-0 R-24-5", BEGIN(OF("0", "0", "1000", "0", "1", "0")) STREAM("1") RUN ENDS, "S R-24-5" },
	{ "24.5/runs-with-parallel-0 R-24-5 R-24-2", BEGIN(OF("0", "0", "1000", "0", "0", "1000")) STREAM("1") RUN ENDS,
	  "S R-24-5, C R-24-2" },
	{ "24.5/runs-with-parallel-minus-1 R-24-5", BEGIN(OF("0", "0", "1000", "0", "-1", "1000")) STREAM("1") RUN ENDS,
	  "S R-24-5" },
	{ "22.4/takes-no-json R-22.4-5", BEGIN("{'tcp'") STREAM("1") RUN ENDS, "C R-22.4-1, S R-22.4-5" },
	{ "22.4/takes-no-object R-22.4-1", BEGIN("[]") STREAM("1") RUN ENDS, "C R-22.4-1" },
	{ "28/takes-results-that-are-no-json R-22.4-5", RESULTS("{'streams':", RECEIVED), "C R-22.4-1, S R-22.4-5" },
	{ "28/takes-results-that-are-no-object R-22.4-1", RESULTS("[]", RECEIVED), "C R-22.4-1" },
	{ "28/takes-results-with-a-wrong-type", RESULTS(CPU "1,'streams':1}", RECEIVED), "C R-28-1" },

	/* by time */
	{ "27.2/in-time", TEST_OF(TIMED("5"), "1>p1000 @5000 "), "" },
	{ "27.2/too-early R-27.2-1", TEST_OF(TIMED("5"), "1>p1000 @3000 "), "C R-27.2-1" },
	{ "27.2/a-little-too-early R-27.2-1", TEST_OF(TIMED("5"), "1>p1000 @4500 "), "C R-27.2-1" },
	{ "27.2/a-little-too-early-by-what-is-seen-far-away", "far " TEST_OF(TIMED("5"), "1>p1000 @4500 "), "" },
	{ "27.2/far-too-late R-27.2-1", TEST_OF(TIMED("5"), "1>p1000 @16000 "), "C R-27.2-1" },
	{ "27.2/of-great-time", TEST_OF(TIMED("1000001"), "1>p1000 "), "" },
	{ "27.2/with-omit", TEST_OF(OF("2", "5", "0", "0", "1", "1000"), "1>p1000 @7000 "), "" },
	{ "27.2/without-its-omit R-27.2-1", TEST_OF(OF("2", "5", "0", "0", "1", "1000"), "1>p1000 @5000 "),
	  "C R-27.2-1" },
	{ "27.2/of-negative-omit", TEST_OF(OF("-1", "5", "0", "0", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/of-great-omit", TEST_OF(OF("1000001", "5", "0", "0", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/by-blocks-though-it-has-a-time", TEST_OF(OF("0", "5", "0", "1", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/by-number-though-it-has-a-time", TEST_OF(OF("0", "5", "1000", "0", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/end-before-it-runs R-27.2-1", BEGIN(TIMED("5")) STREAM("1") "0>TEST_END " RUN "0<EXCHANGE_RESULTS "
	  ENDS, "C R-27.2-1" },

	/* by number */
	{ "27.2/too-few R-27.2-2", TEST_OF(OF("0", "0", "2000", "0", "1", "1000"), "1>p1000 "), "C R-27.2-2" },
	{ "27.2/too-few-blocks R-27.2-2", TEST_OF(OF("0", "0", "0", "2", "1", "1000"), "1>p1000 "), "C R-27.2-2" },
	{ "27.2/enough-blocks", TEST_OF(OF("0", "0", "0", "1", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/blocks-beyond-any-number",
	  TEST_OF(OF("0", "0", "0", "9223372036854775807", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/negative-blocks", TEST_OF(OF("0", "0", "0", "-1", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/of-no-number", TEST_OF(OF("0", "0", "0", "0", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/too-few-with-omit", TEST_OF(OF("1", "0", "2000", "0", "1", "1000"), "1>p1000 "), "" },
	{ "27.2/too-few-with-len-0 R-24-5", TEST_OF(OF("0", "0", "2000", "0", "1", "0"), "1>p1000 "), "S R-24-5" },
	{ "27.2/client-counts-below-0", RESULTS(SENT_OF(CLAIM("1", "-1", "0", "0", "0")), RECEIVED), "" },
	{ "27.2/client-counts-beyond-reason",
	  RESULTS(SENT_OF(CLAIM("1", "9000000000000000000", "0", "0", "0")), RECEIVED), "" },
};

static const struct notation_row texts[] = {
	{ "22.4/numbers-of-other-kinds", RESULTS(SENT, RECEIVED_OF("{'id':1,'bytes':1000,'retransmits':-1,'jitter':0,"
	  "'errors':0,'packets':0,'x':[0,1.5,2e3,1E2,-7,-0,0.18446744073709551615,-18446744073709551615]}")), "" },
	{ "22.4/largest-signed", "room:500 "
	  RESULTS(SENT, RECEIVED_OF("{'id':1,'bytes':1000,'retransmits':-1,'jitter':0.5e0,'errors':0,'packets':0,"
				    "'start_time':9223372036854775807,'end_time':-9223372036854775808}")),
	  "" },
	{ "22.4/one-beyond-the-largest R-22.4-10",
	  RESULTS(SENT, RECEIVED_OF("{'id':1,'bytes':1000,'retransmits':-1,'jitter':1E0,"
				    "'errors':0,'packets':0,'x':9223372036854775808}")),
	  "S R-22.4-10" },
	{ "22.4/below-the-smallest", RESULTS(SENT, RECEIVED_OF("{'id':1,'bytes':1000,'retransmits':-1,'jitter':0,"
	  "'errors':0,'packets':0,'x':'\\'18446744073709551615'}")), "" },
	{ "22.4/of-many-digits R-22.4-10", RESULTS(SENT, RECEIVED_OF("{'id':1,'bytes':1000,'retransmits':-1,'jitter':0,"
	  "'errors':0,'packets':0,'x':11111111112222222222333333333344444444445555555555}")), "S R-22.4-10" },
	{ "22.4/results-of-the-server-are-no-json R-22.4-1", RESULTS(SENT, "{'streams':"), "S R-22.4-1" },
	{ "24.1/two-transports R-24-1", BEGIN("{'tcp':true,'udp':true," NUMBERS "}") CLOSE("0"), "C R-24-1" },
	{ "24.1/no-transport R-24-1", BEGIN("{" NUMBERS "}") CLOSE("0"), "C R-24-1" },
	{ "24.1/sctp", BEGIN("{'sctp':true," NUMBERS "}") CLOSE("0"), "" },

	/* results */
	{ "28.8/client-only-receives R-28-8",
	  RESULTS(CPU "-1,'streams':[" CLAIM("1", "1000", "0", "0", "0") "]}", RECEIVED), "C R-28-8" },
	{ "28.8/server-does-not-send R-28-8",
	  RESULTS(SENT, CPU "1,'streams':[" CLAIM("1", "1000", "-1", "0", "0") "]}"), "S R-28-8" },
	{ "28.8/sender-does-not-count",
	  RESULTS(CPU "0,'streams':[" CLAIM("1", "1000", "-1", "0", "0") "]}", RECEIVED), "" },
	{ "28.8/retransmits-below-0 R-28-8", RESULTS(SENT_OF(CLAIM("1", "1000", "-1", "0", "0")), RECEIVED),
	  "C R-28-8" },
	{ "28.8/retransmits-of-no-stream R-28-2", RESULTS(SENT_OF(CLAIM("0", "1000", "-1", "0", "0")), RECEIVED),
	  "C R-28-2, C R-27.2-2" },
	{ "28.9/output-not-given R-28-9", TEST_OF("{'tcp':true,'get_server_output':1," NUMBERS "}", "1>p1000 "),
	  "S R-28-9" },
	{ "28.10/output-not-asked-for R-28-10", RESULTS(SENT, CPU "-1,'server_output_text':'x','streams':["
	  CLAIM("1", "1000", "-1", "0", "0") "]}"), "S R-28-10" },
	{ "28.9/output-given", BEGIN("{'tcp':true,'get_server_output':1," NUMBERS "}") STREAM("1") RUN "1>p1000 "
	  EXCHANGE(SENT, CPU "-1,'server_output_text':'x','streams':[" CLAIM("1", "1000", "-1", "0", "0") "]}")
	  ENDS, "" },
	{ "28.2/streams-of-a-negative-number R-24-5", TEST_OF(OF("0", "0", "1000", "0", "-1", "1000"), "1>p1000 "),
	  "S R-24-5" },
	{ "28.2/streams-of-a-great-number R-23-5", TEST_OF(OF("0", "0", "1000", "0", "5000", "1000"), "1>p1000 "),
	  "S R-23-5" },
	{ "25.7/stream-3-of-one R-25-7", RESULTS(SENT, RECEIVED_OF(CLAIM("1", "1000", "-1", "0", "0") ","
	  CLAIM("3", "0", "-1", "0", "0"))), "S R-25-7" },
	{ "28/results-when-another-test-has-begun R-30-1", RUNNING "1>p1000 0>TEST_END 0<EXCHANGE_RESULTS 0>" SENT
	  " 2+ 2>cookie:b 2<PARAM_EXCHANGE 0<" RECEIVED " 0<DISPLAY_RESULTS 0>IPERF_DONE " CLOSE("1") CLOSE("0")
	  CLOSE("2"), "S R-30-1" },
};

/* Text that is nested deeper than is read is not the writer's fault. */
static void depth_is_not_judged(void **unused)
{
	char words[6000] = OPEN "0>{'tcp':true,'x':";
	struct notation_row row = { "32.1/depth", words, "C ?" };
	void *state_ = &row;
	size_t used = strlen(words);

	(void)unused;
	memset(words + used, '[', 1100);
	memset(words + used + 1100, ']', 1100);
	snprintf(words + used + 2200, sizeof words - used - 2200, "," NUMBERS "} 0<eof 0>eof");
	run_notation_row(&state_);
}

int main(void)
{
	ROWS_ADD(order, run_notation_row);
	ROWS_ADD(texts, run_notation_row);
	test_add("32.1/depth-is-not-judged", depth_is_not_judged, NULL);
	return tests_run("iperf3_judge_order");
}
