/* A judge finds what is broken, and blames the right side. Each row is a fault of a simulated server or client
 * (testfaults.h), otherwise calm, and the requirements of which one at least is to be found broken. */
#include "proto/rows_test.h"
#include "proto/testsim.h"

#define SEEDS 5

struct row {
	const char *name;
	enum sim_fault fault;
	enum iperf_requirement expected[4];
	void (*change)(struct sim_options *options);
	enum sim_fault other_fault; /* of the other side, without which the fault would not show */
};

/* --- what a fault needs to show ---------------------------------------------------------------------------------- */

/* The second client comes while the first one's test is running. */
static void collide(struct sim_options *o)
{
	o->client[1].start_ns = o->client[0].start_ns + 1500 * IPERF_MS;
	o->faulty_client = 1;
}

static void strangers(struct sim_options *o, enum stranger_kind kind, int64_t at_ns)
{
	o->strangers = 3;
	o->stranger_kind = kind + 1;
	o->stranger_ns = at_ns;
	o->stranger_gap_ns = 20 * IPERF_MS;
}

static void silent_in_test(struct sim_options *o)
{
	strangers(o, STRANGER_WHOLE_SILENT, 2500 * IPERF_MS);
}

static void http_in_test(struct sim_options *o)
{
	strangers(o, STRANGER_HTTP, 2500 * IPERF_MS);
}

static void http_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_HTTP, 5 * IPERF_S);
}

static void half_preamble_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_HALF_SILENT, 5 * IPERF_S);
}

static void datagram_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_DATAGRAM, 5 * IPERF_S);
}

static void asker_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_ASKER, 5 * IPERF_S);
	o->stranger_gap_ns = 300 * IPERF_MS; /* beside one that is half known, nothing can be concluded */
}

static void asker_in_test(struct sim_options *o)
{
	strangers(o, STRANGER_ASKER, 2500 * IPERF_MS);
}

static void silent_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_SILENT, 5 * IPERF_S);
}

static void held_between_tests(struct sim_options *o)
{
	strangers(o, STRANGER_WHOLE_SILENT, 5 * IPERF_S);
	o->strangers = 1;
	o->t_begin_ns = 2 * IPERF_S;
	o->client[1].start_ns = o->client[2].start_ns = 30 * IPERF_S;
}

/* The first client pauses for longer than T_idle. */
static void pause_long(struct sim_options *o)
{
	o->t_idle_ns = 3 * IPERF_S;
	o->client[0].pause_ns = 24 * IPERF_S;
	o->client[1].start_ns = o->client[2].start_ns = 40 * IPERF_S;
}

static void pause_long_strangers(struct sim_options *o)
{
	pause_long(o);
	strangers(o, STRANGER_HTTP, 2 * IPERF_S);
	o->strangers = SIM_STRANGERS;
	o->stranger_gap_ns = 1500 * IPERF_MS;
}

static void long_tcp_test(struct sim_options *o)
{
	o->t_idle_ns = 2 * IPERF_S;
	o->client[0].writes = 20;
	o->client[0].udp = 0;
	o->client[1].start_ns = o->client[2].start_ns = 20 * IPERF_S;
}

static void killed(struct sim_options *o)
{
	o->client[0].kill_ns = o->client[0].start_ns + 1500 * IPERF_MS;
}

static void after_first_test(struct sim_options *o)
{
	o->fault_ns = 5 * IPERF_S;
}

static void many_clients(struct sim_options *o)
{
	o->clients = SIM_CLIENTS;
	o->client[0].writes = 0;
	for (size_t i = 1; i < o->clients; i++)
		o->client[i] = (struct sim_client_plan){ .start_ns = o->client[0].start_ns + 100 * IPERF_MS +
								     (int64_t)i * 40 * IPERF_MS };
}

static void half_close_requests(struct sim_options *o)
{
	for (size_t i = 0; i < o->clients; i++)
		o->client[i].half_closes = true;
}

static void second_client(struct sim_options *o)
{
	o->faulty_client = 1;
}

static void slow_server(struct sim_options *o)
{
	o->sleep_ns = 20 * IPERF_MS;
}

/* The client asks before the server can have looked at the ends of its streams. */
static void hasty_client(struct sim_options *o)
{
	o->client[0].udp = 0;
	o->sleep_ns = 100 * IPERF_MS;
	o->client_sleep_ns = IPERF_MS / 5;
}

static void tcp_only(struct sim_options *o)
{
	o->client[0].udp = 0;
}

/* --- the faults -------------------------------------------------------------------------------------------------- */

#define S(fault, ...) { "server/" #fault, SERVER_##fault, __VA_ARGS__ }
#define C(fault, ...) { "client/" #fault, CLIENT_##fault, __VA_ARGS__ }

static const struct row rows[] = {
	S(TALKS_ON_CONTROL, { IPERF_R_5_2_1 }, NULL, 0),
	S(TALKS_ON_STREAM, { IPERF_R_5_2_1 }, NULL, 0),
	S(TALKS_BEFORE_REJECTING, { IPERF_R_5_2_3 }, collide, 0),
	S(GREETS, { IPERF_R_5_2_2 }, NULL, 0),
	S(SENDS_DATAGRAM, { IPERF_R_8_3_8 }, NULL, 0),
	S(NEVER_REJECTS, { IPERF_R_6_2_1, IPERF_R_6_2_2 }, silent_in_test, 0),
	S(REJECTS_EQUAL, { IPERF_R_6_1_3, IPERF_R_9_1_7 }, after_first_test, 0),
	S(REJECTS_FIRST, { IPERF_R_6_1_1, IPERF_R_6_5_5 }, after_first_test, 0),
	S(ABORTS_ON_COLLISION, { IPERF_R_6_2_3 }, http_in_test, 0),
	S(KEEPS_STREAM_OPEN, { IPERF_R_8_1_5 }, NULL, 0),
	S(KEEPS_STREAM_AT_END, { IPERF_R_6_5_4 }, pause_long, 0),
	S(KEEPS_CONTROL_AT_END, { IPERF_R_6_5_4 }, NULL, 0),
	S(KEEPS_COOKIE, { IPERF_R_6_5_1, IPERF_R_6_5_5 }, NULL, 0),
	S(RELEASES_LATE, { IPERF_R_6_5_5, IPERF_R_6_5_6 }, many_clients, 0),
	S(KEEPS_WRONG_FIRST, { IPERF_R_5_1_6 }, http_between_tests, 0),
	S(KEEPS_OTHER_COOKIE, { IPERF_R_5_1_4 }, NULL, CLIENT_OTHER_COOKIE),
	S(KEEPS_SECOND_CONTROL, { IPERF_R_6_2_4 }, NULL, CLIENT_TWO_CONTROLS),
	S(IGNORES_CONTROL_OCTETS, { IPERF_R_7_4, IPERF_R_6_5_4 }, NULL, CLIENT_GARBAGE_ON_CONTROL),
	S(IGNORES_ABORT, { IPERF_R_6_5_2, IPERF_R_6_5_4 }, killed, 0),
	S(CLOSES_STREAM_EARLY, { IPERF_R_8_1_4 }, NULL, 0),
	S(HALF_PREAMBLE_HOLDS, { IPERF_R_6_1_1, IPERF_R_6_1_2, IPERF_R_6_5_5 }, half_preamble_between_tests, 0),
	S(STRAY_HOLDS, { IPERF_R_6_1_1, IPERF_R_6_3_1, IPERF_R_6_5_5 }, http_between_tests, 0),
	S(DATAGRAM_HOLDS, { IPERF_R_6_1_1, IPERF_R_6_5_5 }, datagram_between_tests, 0),
	S(IGNORES_T_HELLO, { IPERF_R_10_1 }, silent_between_tests, 0),
	S(IGNORES_T_BEGIN, { IPERF_R_6_3_2, IPERF_R_6_3_3 }, held_between_tests, 0),
	S(IGNORES_T_IDLE, { IPERF_R_10_2, IPERF_R_6_5_4 }, pause_long, 0),
	S(T_IDLE_IGNORES_STREAMS, { IPERF_R_10_3 }, long_tcp_test, 0),
	S(T_IDLE_COUNTS_STRANGERS, { IPERF_R_10_2, IPERF_R_10_3, IPERF_R_6_5_4 }, pause_long_strangers, 0),

	S(ANSWERS_WITHOUT_TEST, { IPERF_R_9_1_8 }, asker_between_tests, CLIENT_OCTETS_AFTER_REQUEST),
	S(ANSWERS_STRANGERS, { IPERF_R_6_2_1, IPERF_R_5_2_3 }, asker_in_test, CLIENT_ASKS_EARLY),
	S(CLOSES_UNANSWERED, { IPERF_R_9_1_7 }, NULL, 0),
	S(NEVER_ANSWERS, { IPERF_R_9_1_3, IPERF_R_9_1_7 }, NULL, 0),
	S(RESETS_AFTER_EXTRA, { IPERF_R_9_1_11 }, NULL, CLIENT_OCTETS_AFTER_REQUEST),
	S(IGNORES_HALF_CLOSED, { IPERF_R_9_1_13 }, half_close_requests, 0),
	S(REQUEST_ABORTS, { IPERF_R_9_1_9 }, NULL, 0),
	S(DOES_NOT_END_ANSWER, { IPERF_R_9_1_4 }, NULL, 0),
	S(CUTS_ANSWER, { IPERF_R_9_2_1, IPERF_R_9_1_4 }, NULL, 0),
	S(ANSWER_LACKS_SPACE, { IPERF_R_9_1_5 }, NULL, 0),
	S(ANSWER_OTHER_COOKIE, { IPERF_R_4_2_4, IPERF_R_9_1_3 }, NULL, 0),
	S(ANSWER_LOWER_CASE, { IPERF_R_4_2_3, IPERF_R_9_1_3 }, NULL, 0),
	S(SPACE_BEFORE_DATA, { IPERF_R_9_2_9 }, NULL, 0),
	S(LINE_END_AFTER_DATA, { IPERF_R_9_2_9 }, NULL, 0),

	S(WRONG_BYTES, { IPERF_R_8_2_5 }, NULL, 0),
	S(COUNTS_STREAM_END, { IPERF_R_8_2_5 }, NULL, 0),
	S(MORE_BYTES_THAN_SENT, { IPERF_R_8_2_5 }, NULL, 0),
	S(SAYS_INCOMPLETE, { IPERF_R_8_2_1 }, NULL, 0),
	S(SAYS_COMPLETE, { IPERF_R_8_2_1, IPERF_R_8_2_6 }, NULL, 0),
	S(UDP_SAYS_COMPLETE, { IPERF_R_8_3_2 }, NULL, 0),
	S(UDP_COUNTS_MESSAGES, { IPERF_R_8_3_4 }, NULL, 0),
	S(WRONG_SUM, { IPERF_R_9_2_6 }, NULL, 0),
	S(WRONG_ID, { IPERF_R_9_2_4 }, NULL, 0),
	S(PACKETS_ON_TCP, { IPERF_R_9_2_5 }, NULL, 0),
	S(SECONDS_LONG, { IPERF_R_9_2_7 }, NULL, 0),
	S(SECONDS_SHORT, { IPERF_R_9_2_7 }, NULL, 0),
	S(SECONDS_NEGATIVE, { IPERF_R_9_2_3, IPERF_R_9_2_7 }, NULL, 0),
	S(FRACTION, { IPERF_R_9_2_8 }, NULL, 0),
	S(QUOTED_NUMBER, { IPERF_R_9_2_3, IPERF_R_9_2_4 }, NULL, 0),
	S(DUPLICATE_NAME, { IPERF_R_9_2_1 }, NULL, 0),
	S(LACKS_MEMBER, { IPERF_R_9_2_3 }, NULL, 0),
	S(FORGETS_ENDED_STREAM, { IPERF_R_9_2_2 }, NULL, 0),
	S(LISTS_UNKNOWN_STREAM, { IPERF_R_9_2_3 }, NULL, 0),

	C(NO_PREAMBLE, { IPERF_R_5_1_1 }, NULL, 0),
	C(OTHER_COOKIE, { IPERF_R_5_1_3 }, NULL, 0),
	C(LOWER_CASE, { IPERF_R_4_2_3 }, NULL, 0),
	C(SPACES_IN_KEYWORD, { IPERF_R_4_2_3 }, NULL, 0),
	C(NO_SPACE, { IPERF_R_4_2_1 }, NULL, 0),
	C(OTHER_FIRST_MESSAGE, { IPERF_R_5_1_2 }, NULL, 0),
	C(FIRST_MESSAGE_LATE, { IPERF_R_5_1_2 }, NULL, 0),
	C(STREAM_BEFORE_BEGIN, { IPERF_R_5_1_8 }, NULL, 0),
	C(PREAMBLE_LATE, { IPERF_R_5_1_7 }, NULL, 0),
	C(NO_TEST_BEGIN, { IPERF_R_7_1, IPERF_R_5_1_8 }, second_client, 0),
	C(REUSES_COOKIE, { IPERF_R_3_3 }, second_client, 0),
	C(TWO_CONTROLS, { IPERF_R_7_2 }, NULL, 0),
	C(LINE_END_AFTER_BEGIN, { IPERF_R_4_2_2 }, NULL, 0),
	C(GARBAGE_ON_CONTROL, { IPERF_R_7_3 }, NULL, 0),
	C(TEST_END_OTHER_COOKIE, { IPERF_R_4_2_4 }, NULL, 0),
	C(OCTETS_AFTER_TEST_END, { IPERF_R_4_2_2 }, NULL, 0),
	C(KEEPS_CONTROL_OPEN, { IPERF_R_6_5_7 }, NULL, 0),
	C(MESSAGE_AFTER_TEST_END, { IPERF_R_7_3 }, NULL, 0),
	C(GOES_ON, { IPERF_R_5_2_8 }, collide, 0),
	C(NO_STREAM_END, { IPERF_R_8_1_2 }, NULL, 0),
	C(NO_STREAM_FIN, { IPERF_R_8_1_3 }, NULL, 0),
	C(RESETS_STREAM, { IPERF_R_8_1_3 }, NULL, 0),
	C(ASKS_EARLY, { IPERF_R_8_1_6 }, hasty_client, 0),
	C(ASKS_BEFORE_END, { IPERF_R_9_3_1 }, NULL, 0),
	C(NEVER_ASKS, { IPERF_R_9_3_1 }, tcp_only, 0),
	C(TWO_REQUESTS, { IPERF_R_9_1_2 }, NULL, 0),
	C(OCTETS_AFTER_REQUEST, { IPERF_R_4_2_2 }, NULL, 0),

	C(UDP_ONE_BEGIN, { IPERF_R_8_4_1 }, NULL, 0),
	C(UDP_NO_BEGIN, { IPERF_R_8_1_1 }, NULL, 0),
	C(UDP_ONE_END, { IPERF_R_8_4_2 }, NULL, 0),
	C(UDP_NO_END, { IPERF_R_8_1_2 }, NULL, 0),
	C(UDP_FAST_ENDS, { IPERF_R_8_4_2 }, NULL, 0),
	C(UDP_SPLIT, { IPERF_R_4_3_2 }, NULL, 0),
	C(UDP_LINE_END, { IPERF_R_4_2_2 }, NULL, 0),
	C(UDP_OTHER_COOKIE, { IPERF_R_4_2_4 }, NULL, 0),
	C(UDP_PAYLOAD_MESSAGE, { IPERF_R_8_3_9 }, NULL, 0),
	C(UDP_NOT_ASKED_FIRST, { IPERF_R_8_4_3 }, NULL, 0),
};

/* --- running them ------------------------------------------------------------------------------------------------ */

static bool is_expected(const struct row *row, enum iperf_requirement requirement)
{
	for (size_t i = 0; i < COUNT(row->expected); i++)
		if (row->expected[i] == requirement && requirement != IPERF_R_NONE)
			return true;
	return false;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	enum iperf_direction by = strncmp(row->name, "server", 6) == 0 ? IPERF_TO_CLIENT : IPERF_TO_SERVER;

	for (uint64_t seed = seed_of(1); seed < seed_of(1) + SEEDS; seed++) {
		struct sim_options options;
		struct sim_result result;
		bool caught = false;

		sim_options_calm(&options, seed);
		options.fault = row->fault;
		options.other_fault = row->other_fault;
		if (row->change)
			row->change(&options);
		options.trace = getenv("IPERF_SIM_TRACE") != NULL;
		sim_run(&options, &result);
		for (size_t i = 0; i < result.count && i < SIM_FOUND; i++) {
			const struct sim_found *found = &result.found[i];

			if (found->verdict != IPERF_BROKEN)
				continue;
			if (found->by != by && !row->other_fault)
				fail_msg("seed %llu: %s is blamed on the %s: %s", (unsigned long long)seed,
					 iperf_requirements[found->requirement].id,
					 by == IPERF_TO_SERVER ? "server" : "client", found->text);
			caught = caught || (found->by == by && is_expected(row, found->requirement));
		}
		if (!caught) {
			for (size_t i = 0; i < result.count && i < SIM_FOUND; i++)
				fprintf(stderr, "# found %s %s: %s\n",
					result.found[i].verdict == IPERF_BROKEN ? "broken" : "inconclusive",
					iperf_requirements[result.found[i].requirement].id, result.found[i].text);
			fail_msg("seed %llu: not found", (unsigned long long)seed);
		}
	}
}

/* Without a fault nothing is found, in the same calm. */
static void run_none(void **state)
{
	static void (*const changes[])(struct sim_options *options) = {
		collide, silent_in_test, http_in_test, http_between_tests, half_preamble_between_tests,
		datagram_between_tests, silent_between_tests, held_between_tests, pause_long, pause_long_strangers,
		long_tcp_test, killed, many_clients, half_close_requests, slow_server, hasty_client, tcp_only,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct sim_options options;
			struct sim_result result;

			sim_options_calm(&options, seed);
			changes[i](&options);
			sim_run(&options, &result);
			assert_true(result.answered > 0);
			if (result.broken)
				fail_msg("change %zu, seed %llu: %s: %s", i, (unsigned long long)seed,
					 iperf_requirements[result.found[0].requirement].id, result.found[0].text);
		}
	}
}

/* --- two ways to the capture ------------------------------------------------------------------------------------- */

static void note_end(void *user, const struct iperf_finding *finding)
{
	enum iperf_verdict *worst = user;

	if (finding->requirement == IPERF_R_8_1_1 && finding->verdict == IPERF_BROKEN)
		*worst = IPERF_BROKEN;
}

static void hear(void *user, const struct iperf_said *said)
{
	(void)user, (void)said;
}

/* What is said of IPERF_STREAM_END datagrams on the host of their client, in a test that is served. early: the stream's
 * IPERF_STREAM_BEGIN, three datagrams, were seen before IPERF_TEST_BEGIN. */
static enum iperf_verdict judge_stream_end(bool early)
{
	static struct iperf_stream streams[4];
	static struct iperf_judge_stream extras[4];
	static struct iperf_judge judge;
	enum iperf_verdict worst = IPERF_INCONCLUSIVE;
	struct iperf_judge_config config = {
		.streams_max = COUNT(streams), .streams = streams, .extras = extras,
		.said = hear, .found = note_end, .user = &worst,
	};
	struct iperf_judge_conn control = { .number = 1 };
	struct iperf_endpoint client = { .port = 40000 }, source = { .port = 40001 };
	struct iperf_cookie cookie = { .octets = "abcdefghijklmnopqrstuvwxyz01234" };
	struct iperf_mark mark = { .packet = 1, .time_ns = IPERF_S };
	uint8_t octets[IPERF_OPENING_MAX];

	iperf_judge_init(&judge, &config);
	iperf_judge_opened(&judge, &control, &client, true, &mark);
	for (int i = 0; early && i < IPERF_STREAM_BEGINS; i++, mark.packet++, mark.time_ns += IPERF_MS) {
		size_t length = iperf_message_write(octets, IPERF_STREAM_BEGIN, &cookie);

		iperf_judge_datagram(&judge, &source, IPERF_TO_SERVER, octets, length, length, &mark);
	}
	iperf_judge_octets(&judge, &control, IPERF_TO_SERVER, octets,
			   iperf_opening_write(octets, IPERF_TEST_BEGIN, &cookie), &mark);
	mark.time_ns += 3 * IPERF_S; /* the server has not closed it: it serves the test */
	for (int i = 0; i < IPERF_STREAM_ENDS; i++, mark.packet++, mark.time_ns += 20 * IPERF_MS) {
		size_t length = iperf_message_write(octets, IPERF_STREAM_END, &cookie);

		iperf_judge_datagram(&judge, &source, IPERF_TO_SERVER, octets, length, length, &mark);
	}
	iperf_judge_finish(&judge, &mark);
	iperf_judge_forget(&judge, &control);
	return worst;
}

static void run_two_ways(void **state)
{
	(void)state;
	assert_int_equal(judge_stream_end(false), IPERF_BROKEN);
	assert_int_equal(judge_stream_end(true), IPERF_INCONCLUSIVE);
}

int main(void)
{
	test_add("stream-begin-overtakes-test-begin", run_two_ways, NULL);
	test_add("no-fault", run_none, NULL);
	ROWS_ADD(rows, run_row);
	return tests_run("judge_fault");
}
