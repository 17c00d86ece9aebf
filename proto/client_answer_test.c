/* The client session: answers to its request, good, bad and missing. SPEC 9.1 to 9.3. The notation is that of
 * client_script_test.h. */
#include "proto/client_script_test.h"

/* A test with one TCP stream that has been asked for its results. */
#define ASKED "streams tcp", "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1", \
	"opened 1 50001", "  SEND 1 A STREAM_BEGIN", "  FLOW", "over", "  SEND 1 STREAM_END", "  HALF_CLOSE 1", \
	"ended 1", "  CLOSE 1", "  OPEN results", "opened results", "  SEND results A RESULTS_REQUEST"
/* R-9.3-3: whatever came of it, the test is ended properly. */
#define TEST_ENDS "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control"
#define MALFORMED "MALFORMED R-9.3-2: malformed response: "

static const struct script_row rows[] = {
	/* --- good ------------------------------------------------------------------------------------------------ */
	{ "9.3/answer R-9.3-1 R-9.1-4", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +}",
	    "state", "  RESULTS", /* its end is the end of the connection */
	    "ended results", TEST_ENDS,
	    "listing", "  answered, 1 streams, 3 bytes",
	    "outcome", "  OK : " } },
	{ "9.3/white-space-around R-9.2-10", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE ' \r\n\t' ANSWER{tcp 50001 3 +}[56..] '\n '",
	    "ended results", TEST_ENDS,
	    "outcome", "  OK : " } },
	{ "9.3/unknown-member R-9.2-11", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +}[0..57] '\"x\":[1],' ANSWER{tcp 50001 3 +}[57..]",
	    "ended results", TEST_ENDS,
	    "outcome", "  OK : " } },
	{ "9.3/more-streams-than-begun", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +; tcp 50009 4 -}",
	    "ended results", TEST_ENDS,
	    "listing", "  answered, 2 streams, 7 bytes" } },

	/* --- what a good answer may tell ------------------------------------------------------------------------- */
	{ "9.3/stream-is-not-complete R-8.2-6", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 -}",
	    "ended results", TEST_ENDS,
	    "outcome", "  INCOMPLETE R-8.4-7: the server has 0 of 1 streams complete" } },
	{ "9.3/stream-is-not-listed R-8.4-7", AT, {
	    ASKED,
	    "results: ANSWER{}",
	    "ended results", TEST_ENDS,
	    "outcome", "  INCOMPLETE R-8.4-7: the server lists 0 of 1 streams" } },

	/* --- malformed ------------------------------------------------------------------------------------------- */
	{ "9.3/other-cookie R-9.3-2 R-9.3-3", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE/C[0..54]",
	    "results: RESULTS_RESPONSE/C[54..]", TEST_ENDS,
	    "outcome", "  " MALFORMED "expected octet 31 of the cookie at octet 54" } },
	{ "9.3/request-is-echoed R-9.3-2", AT, {
	    ASKED,
	    "results: A RESULTS_REQUEST", TEST_ENDS,
	    "outcome", "  " MALFORMED "expected 'I' of IPERF_RESULTS_RESPONSE at octet 0" } },
	{ "9.3/no-space-before-data R-9.3-2 R-9.1-5", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE '{'", TEST_ENDS,
	    "outcome", "  " MALFORMED "expected ' ' before the result data at octet 55" } },
	{ "9.3/octets-behind-a-wrong-one-are-nothing R-9.3-2", AT, {
	    ASKED,
	    "results: 'x' ANSWER{tcp 50001 3 +}", TEST_ENDS,
	    "results: ANSWER{tcp 50001 3 +}",
	    "ended results",
	    "state", "  FINISH",
	    "listing", "  not answered, 0 streams, 0 bytes" } },
	{ "9.3/ends-in-the-keyword R-9.3-2 R-9.3-3", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE[0..10]",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "it ends after 10 octets" } },
	{ "9.3/ends-before-the-space R-9.3-2", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "it ends after 55 octets" } },
	{ "9.3/ends-before-the-data R-9.3-2", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE ' '",
	    "ended results", TEST_ENDS,
	    "state", "  FINISH" } },
	{ "9.3/octets-behind-the-object R-9.3-2 R-9.2-9", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +} '}'",
	    "ended results", TEST_ENDS,
	    "listing", "  not answered, 0 streams, 0 bytes" } },
	{ "9.3/answer-twice R-9.3-2", AT, {
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +} ANSWER{tcp 50001 3 +}",
	    "ended results", TEST_ENDS,
	    "listing", "  not answered, 0 streams, 0 bytes" } },
	{ "9.3/no-object R-9.3-2 R-9.2-1", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE ' []'",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "result data, not an object" } },
	{ "9.3/member-missing R-9.3-2 R-9.2-2", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE ' {\"bytes\":0}'",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "result data, streams: missing" } },
	{ "9.3/wrong-sum R-9.3-2 R-9.2-6", AT, {
	    ASKED,
	    "results: RESULTS_RESPONSE ' {\"streams\":[],\"bytes\":1}'",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "result data, bytes: 1, but the streams add up to 0" } },
	{ "9.3/data-longer-than-room R-9.2-12", AT, {
	    "config text=25",
	    ASKED,
	    "results: ANSWER{} ' '",
	    "results: ' '", TEST_ENDS,
	    "outcome", "  " MALFORMED "result data is longer than 25 octets" } },
	{ "9.3/data-as-long-as-room R-9.2-12", AT, {
	    "config text=25",
	    ASKED,
	    "results: ANSWER{} ' '",
	    "ended results", TEST_ENDS,
	    "listing", "  answered, 0 streams, 0 bytes" } },
	{ "9.3/more-streams-than-room R-11-3", AT, {
	    "config listed=1",
	    ASKED,
	    "results: ANSWER{tcp 50001 3 +; tcp 50002 3 +}",
	    "ended results", TEST_ENDS,
	    "outcome", "  " MALFORMED "result data, streams: 2 of them, at most 1 expected" } },
	{ "9.3/malformed-answer-leaves-no-half-listing R-9.3-2", AT, {
	    "streams udp",
	    "start", "  OPEN control", "opened control", "  SEND control A TEST_BEGIN", "  OPEN 1",
	    "opened 1 50001", "  SEND 1 STREAM_BEGIN", "  SEND 1 STREAM_BEGIN", "  SEND 1 STREAM_BEGIN",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{udp 50001 5 -}",
	    "ended results", "  CLOSE results", "  FLOW",
	    "listing", "  answered, 1 streams, 5 bytes",
	    "over", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END", "wait", "  SEND 1 STREAM_END",
	    "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: RESULTS_RESPONSE ' {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_port\":7,\"bytes\":9}],'"
	    " '\"bytes\":9}'",
	    "ended results", TEST_ENDS,
	    "listing", "  not answered, 0 streams, 0 bytes" } },

	/* --- unanswered ------------------------------------------------------------------------------------------ */
	{ "9.3/closed-unanswered-is-asked-again R-9.3-4 R-9.3-6", AT, {
	    ASKED,
	    "ended results", "  CLOSE results",
	    "state", "  RESULTS",
	    "deadline", "  in 0.05",
	    "wait", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "results: ANSWER{tcp 50001 3 +}",
	    "ended results", TEST_ENDS,
	    "outcome", "  OK : " } },
	{ "9.3/refused-is-asked-again R-9.3-4", AT, {
	    "streams",
	    "start", "  OPEN control",
	    "opened control", "  SEND control A TEST_BEGIN", "  OPEN results",
	    "failed results Connection refused",
	    "deadline", "  in 0.05",
	    "wait", "  OPEN results" } },
	{ "9.3/never-answered R-9.3-5 R-9.3-3", AT, {
	    ASKED,
	    "ended results", "  CLOSE results",
	    "wait", "  OPEN results",
	    "opened results", "  SEND results A RESULTS_REQUEST",
	    "deadline", "  in 9.95",
	    "ended results", "  CLOSE results",
	    "+9.94", "timer", "  OPEN results",
	    "wait", TEST_ENDS,
	    "outcome", "  TIMEOUT R-9.3-5: no results response in time" } },
	{ "9.3/second-answer-begins-anew R-9.3-4", AT, {
	    ASKED,
	    "ended results", "  CLOSE results",
	    "wait", "  OPEN results",
	    "results: 'x'", "  CLOSE results", "  SEND control TEST_END", "  HALF_CLOSE control",
	    "state", "  FINISH" } },
	{ "9.3/pause-is-settable R-10-4", AT, {
	    "config again=2",
	    ASKED,
	    "ended results", "  CLOSE results",
	    "deadline", "  in 2" } },
};

/* --- every octet of an answer ------------------------------------------------------------------------------------ */

static struct client_world world;

/* A client that waits for its answer. */
static void ask(void)
{
	static const struct script_row row = { "", AT, { ASKED } };

	client_world_init(&world, &(struct script){ .row = &row });
	script_run(&world.script, client_world_step);
	world.script.used = 0;
	world.script.log[0] = '\0';
}

static void assert_log(size_t at, const char *expected)
{
	if (strcmp(world.script.log, expected) != 0)
		row_fail(AT, "octet %zu: expected:\n%s# actual:\n%s", at, expected, world.script.log);
}

#define TEST_ENDS_LOG "CLOSE results\nSEND control TEST_END\nHALF_CLOSE control\n"

/* The answer ends early after each of its octets: an error, and the test is ended. */
static void ends_at_every_octet(void **state)
{
	struct octets answer;

	(void)state;
	octets_of(&answer, "ANSWER{tcp 50001 3 +}");
	for (size_t length = 1; length < answer.length; length++) {
		char expected[100];

		ask();
		iperf_client_octets(&world.client, IPERF_WHO_RESULTS, ground(answer.at, length), length, world.now_ns);
		assert_log(length, "");
		iperf_client_ended(&world.client, IPERF_WHO_RESULTS, world.now_ns);
		assert_log(length, TEST_ENDS_LOG);
		assert_int_equal(world.client.outcome, IPERF_OUTCOME_MALFORMED);
		assert_string_equal(iperf_requirements[world.client.why].id, "R-9.3-2");
		assert_false(world.client.answered);
		snprintf(expected, sizeof expected, "malformed response: it ends after %zu octets", length);
		if (length < 56)
			assert_string_equal(world.client.detail, expected);
		client_world_end(&world);
	}
}

/* Each octet before the data is another: an error at that very octet. */
static void wrong_at_every_octet(void **state)
{
	struct octets answer;

	(void)state;
	octets_of(&answer, "RESULTS_RESPONSE ' '");
	assert_int_equal(answer.length, 56);
	for (size_t at = 0; at < answer.length; at++) {
		for (unsigned change = 1; change < 256; change += 51) {
			char where[40];

			ask();
			answer.at[at] ^= (uint8_t)change;
			iperf_client_octets(&world.client, IPERF_WHO_RESULTS, ground(answer.at, at), at, world.now_ns);
			assert_log(at, "");
			iperf_client_octets(&world.client, IPERF_WHO_RESULTS, ground(answer.at + at, 1), 1,
					    world.now_ns);
			assert_log(at, TEST_ENDS_LOG);
			answer.at[at] ^= (uint8_t)change;
			assert_int_equal(world.client.outcome, IPERF_OUTCOME_MALFORMED);
			snprintf(where, sizeof where, " at octet %zu", at);
			assert_non_null(strstr(world.client.detail, where));
			client_world_end(&world);
		}
	}
}

/* Whatever octets come: never a crash, never a good outcome for a bad answer. */
static void any_octets(void **state)
{
	uint64_t seed = seed_of(8);

	(void)state;
	for (unsigned i = 0; i < rounds(4000); i++) {
		struct octets answer;
		bool same = true;

		octets_of(&answer, "ANSWER{tcp 50001 3 +}");
		ask();
		for (size_t n = chance(&seed, 4); n; n--) {
			size_t at = chance(&seed, answer.length);
			uint8_t octet = (uint8_t)chance(&seed, 256);

			same = same && answer.at[at] == octet;
			answer.at[at] = octet;
		}
		world.script.cut = SCRIPT_CHANCE;
		world.script.seed = seed;
		script_octets(&world.script, client_feed, &(int){ IPERF_WHO_RESULTS }, &answer);
		iperf_client_ended(&world.client, IPERF_WHO_RESULTS, world.now_ns);
		assert_int_equal(world.client.state, IPERF_CLIENT_FINISH); /* R-9.3-3 */
		assert_int_equal(world.client.answered, world.client.outcome < IPERF_OUTCOME_MALFORMED);
		if (same)
			assert_int_equal(world.client.outcome, IPERF_OUTCOME_OK);
		client_world_end(&world);
	}
}

int main(void)
{
	ROWS_ADD(rows, run_client_script);
	test_add("9.3/ends-at-every-octet R-9.3-2 R-9.3-3", ends_at_every_octet, NULL);
	test_add("9.3/wrong-at-every-octet R-9.3-2 R-9.3-3", wrong_at_every_octet, NULL);
	test_add("9.3/any-octets R-9.3-2 R-9.3-3", any_octets, NULL);
	return tests_run("client_answer");
}
