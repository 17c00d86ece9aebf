/* Who spoke when on the control connection of a test, which is over.
 *
 * What is captured before something else was sent without having read that, wherever the capture was taken. */
#include "proto/iperf3_judge_private.h"

/* An item that is an answer, and what it answers. */
struct answer {
	enum iperf3_item item, to;
	enum iperf_requirement why;
	bool all;          /* all of the other, not only its beginning, must have been sent before */
	const char *text;
};

static const struct answer answers[] = {
	{ IPERF3_ITEM_PARAM_EXCHANGE, IPERF3_ITEM_COOKIE, IPERF_R_22_1_2, true,
	  "PARAM_EXCHANGE is sent before the cookie is whole" },
	{ IPERF3_ITEM_CREATE_STREAMS, IPERF3_ITEM_PARAMETERS, IPERF_R_23_3, true,
	  "CREATE_STREAMS is sent before the parameters have come" },
	{ IPERF3_ITEM_TEST_START, IPERF3_ITEM_CREATE_STREAMS, IPERF_R_23_5, false,
	  "TEST_START is sent without CREATE_STREAMS" },
	{ IPERF3_ITEM_TEST_RUNNING, IPERF3_ITEM_TEST_START, IPERF_R_23_5, false,
	  "TEST_RUNNING is sent without TEST_START" },
	{ IPERF3_ITEM_EXCHANGE_RESULTS, IPERF3_ITEM_TEST_END, IPERF_R_23_9, false,
	  "EXCHANGE_RESULTS is sent before TEST_END has come" },
	{ IPERF3_ITEM_SERVER_RESULTS, IPERF3_ITEM_CLIENT_RESULTS, IPERF_R_23_11, true,
	  "the server sends its results before it has read the client's" },
	{ IPERF3_ITEM_DISPLAY_RESULTS, IPERF3_ITEM_SERVER_RESULTS, IPERF_R_23_12, true,
	  "DISPLAY_RESULTS is sent without results before it" },
	{ IPERF3_ITEM_TEST_END, IPERF3_ITEM_TEST_RUNNING, IPERF_R_27_2_1, false,
	  "TEST_END is sent before the test runs" },
};

static enum iperf_direction speaker(enum iperf3_item item)
{
	return item <= IPERF3_ITEM_CLIENT_EOF ? IPERF_TO_SERVER : IPERF_TO_CLIENT;
}

/* Whether the first was sent behind the second, in time or in the same direction. */
static bool in_order(const struct iperf3_said_at *first, const struct iperf3_said_at *second, const struct answer *a)
{
	const struct iperf_mark *end = a->all ? &first->whole : &first->begin;

	if (a->all && !first->complete)
		return false;
	if (speaker(a->item) == speaker(a->to))
		return end->offset < second->begin.offset;
	return iperf3_before(end, &second->begin);
}

static void check_answers(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct answer *a = &answers[i];
		const struct iperf3_said_at *at = iperf3_said_of(talk, a->item), *to = iperf3_said_of(talk, a->to);

		if (!at || talk->blind[speaker(a->to)] || (to && in_order(to, at, a)))
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, a->why, speaker(a->item), talk, &at->begin, "%s", a->text);
	}
}

/* The client speaks before PARAM_EXCHANGE. */
static void check_early(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *asked = &talk->said[IPERF3_ITEM_PARAM_EXCHANGE]; /* every test has it */

	if (talk->has_early && !talk->blind[IPERF_TO_CLIENT] && iperf3_before(&talk->early, &asked->begin))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_1_1, IPERF_TO_SERVER, talk, &talk->early,
				   "the client goes on behind its cookie before PARAM_EXCHANGE has come");
}

/* What the server had to refuse, and did not. */
static void check_refusals(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *create = iperf3_said_of(talk, IPERF3_ITEM_CREATE_STREAMS);
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf3_said_at *results = iperf3_said_of(talk, IPERF3_ITEM_SERVER_RESULTS);
	const struct iperf3_said_at *wrong = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_WRONG);
	const struct iperf3_said_at *exchange = iperf3_said_of(talk, IPERF3_ITEM_EXCHANGE_RESULTS);
	const struct iperf3_parameters *p = &talk->parameters;

	if (create && talk->parameters_bad && talk->said[IPERF3_ITEM_PARAMETERS].complete && talk->parameters_unread)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_4_5, IPERF_TO_CLIENT, talk, &create->begin,
				   "the server goes on, though the parameters are no JSON");
	if (running && talk->parameters_known && (p->len <= 0 || p->parallel <= 0))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_24_5, IPERF_TO_CLIENT, talk, &running->begin,
				   "the test runs with len %lld and parallel %lld", (long long)p->len,
				   (long long)p->parallel);
	if (results && talk->results_bad[IPERF_TO_SERVER] &&
	    (talk->client_results_why == IPERF_R_28_4 || talk->client_results_why == IPERF_R_22_4_5))
		iperf3_judge_found(judge, IPERF_BROKEN, talk->client_results_why, IPERF_TO_CLIENT, talk, &results->begin,
				   "the server takes the client's results, which it had to refuse");
	if (wrong && exchange && running && iperf3_before(&running->begin, &wrong->begin) &&
	    iperf3_before(&wrong->begin, &exchange->begin))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_3_3, IPERF_TO_CLIENT, talk, &exchange->begin,
				   "the server goes on after an octet that is no state of a client");
}

/* TEST_END by time. */
static void check_time(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_TEST_END);
	const struct iperf3_parameters *p = &talk->parameters;
	int64_t due_ns, ran_ns;

	if (!running || !end || !talk->parameters_known || p->num || p->blockcount || p->time <= 0 ||
	    p->time > 1000000 || p->omit < 0 || p->omit > 1000000 || iperf3_before(&end->begin, &running->begin))
		return;
	due_ns = (p->time + p->omit) * IPERF_S;
	ran_ns = iperf3_span(&running->begin, &end->begin);
	if (ran_ns < due_ns - IPERF_JUDGE_GRACE - due_ns / 100 ||
	    (ran_ns < due_ns - IPERF_JUDGE_MOMENT - due_ns / 100 && iperf3_one_host(judge, &talk->client)))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_27_2_1, IPERF_TO_SERVER, talk, &end->begin,
				   "TEST_END comes after %.1f s, and the test is of %lld s", (double)ran_ns / 1e9,
				   (long long)(p->time + p->omit));
	else if (ran_ns > due_ns + 10 * IPERF_JUDGE_GRACE)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_27_2_1, IPERF_TO_SERVER, talk, &end->begin,
				   "TEST_END comes only after %.1f s, and the test is of %lld s", (double)ran_ns / 1e9,
				   (long long)(p->time + p->omit));
}

/* TEST_END by number: what the receiving or sending client itself has counted. */
static void check_number(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_TEST_END);
	const struct iperf3_parameters *p = &talk->parameters;
	int64_t due = p->num;
	uint64_t moved = 0;

	if (!end || !talk->parameters_known || !talk->results_known[IPERF_TO_SERVER] || p->omit || p->time ||
	    p->len <= 0 || judge->streams_unsure)
		return;
	if (due == 0 && p->blockcount > 0 && p->blockcount < INT64_MAX / p->len)
		due = p->blockcount * p->len;
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *stream = &judge->config.streams[i];
		int64_t bytes = stream->claimed[IPERF_TO_SERVER] ? stream->claims[IPERF_TO_SERVER].bytes : 0;

		if (bytes < 0 || bytes > INT64_MAX / 4096)
			return;
		moved += (uint64_t)bytes;
	}
	if (due > 0 && moved < (uint64_t)due)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_27_2_2, IPERF_TO_SERVER, talk, &end->begin,
				   "TEST_END comes after %llu octets by the client's own count, and the test is of %lld",
				   (unsigned long long)moved, (long long)due);
}

void iperf3_judge_order(struct iperf3_judge *judge)
{
	const struct iperf3_talk *talk = judge->talk;

	check_answers(judge, talk);
	check_early(judge, talk);
	check_refusals(judge, talk);
	check_time(judge, talk);
	check_number(judge, talk);
}
