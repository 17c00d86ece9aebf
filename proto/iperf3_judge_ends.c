/* How tests end, and who waited for what in vain. */
#include "proto/iperf3_judge_private.h"

/* The server ended the control connection; why is not seen. Some things explain it. */
static bool explained(const struct iperf3_judge *judge, const struct iperf3_talk *talk, const struct iperf_mark *end)
{
	static const enum iperf3_item reasons[] = {
		IPERF3_ITEM_DONE, IPERF3_ITEM_CLIENT_TERMINATE, IPERF3_ITEM_CLIENT_WRONG, IPERF3_ITEM_CLIENT_EOF,
		IPERF3_ITEM_SERVER_TERMINATE, IPERF3_ITEM_ERROR, IPERF3_ITEM_DENIED,
	};
	int64_t read_ns = judge->config.timers_known ? judge->config.t_read_ns - IPERF_JUDGE_GRACE : 9 * IPERF_S;
	const struct iperf_mark *last = &talk->opened;

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		const struct iperf3_said_at *at = iperf3_said_of(talk, reasons[i]);

		if (at && iperf3_before(&at->begin, end))
			return true;
	}
	for (int i = IPERF3_ITEM_COOKIE; i <= IPERF3_ITEM_CLIENT_RESULTS; i++)
		if (talk->said[i].times && iperf3_before(last, &talk->said[i].begin))
			last = &talk->said[i].begin;
	return iperf3_span(last, end) >= read_ns || talk->parameters_bad || talk->results_bad[IPERF_TO_SERVER] ||
	       (talk->parameters_known && (talk->parameters.len <= 0 || talk->parameters.parallel <= 0));
}

/* A stream that the client ended right before. */
static const struct iperf3_judge_stream *ended_before(const struct iperf3_judge *judge, const struct iperf_mark *end)
{
	for (size_t i = 0; i < judge->streams; i++) {
		const struct iperf3_judge_stream *stream = &judge->config.streams[i];

		if (stream->client_ended && !stream->client_reset && iperf3_before(&stream->client_end, end) &&
		    iperf3_span(&stream->client_end, end) < IPERF_JUDGE_PROMPT)
			return stream;
	}
	return NULL;
}

static void check_server_end(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF);
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf3_judge_stream *stream;

	if (!end || talk->blind[0] || talk->blind[1] || explained(judge, talk, &end->begin))
		return;
	stream = running && !iperf3_said_of(talk, IPERF3_ITEM_TEST_END) ? ended_before(judge, &end->begin) : NULL;
	if (stream)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_25_11, IPERF_TO_CLIENT, talk, &end->begin,
				   "the server ends the test as the client ends the stream of connection #%llu",
				   (unsigned long long)stream->number);
	else if (judge->denied_known && !running && iperf3_before(&judge->denied, &end->begin) &&
		 iperf3_span(&judge->denied, &end->begin) < IPERF_JUDGE_PROMPT)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_25_4, IPERF_TO_CLIENT, talk, &end->begin,
				   "the server ends the test as a connection with another cookie comes");
	else
		iperf3_judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_29_7, IPERF_TO_CLIENT, talk, &end->begin,
				   "the server ends the test and does not say why: if its user stopped it, it had to "
				   "send SERVER_TERMINATE; if something failed, SERVER_ERROR would have told what");
}

/* Until when the capture shows that something did not come: the other's end, or its own. */
static const struct iperf_mark *until(const struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *client = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_EOF);
	const struct iperf3_said_at *server = iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF);

	if (client && server)
		return iperf3_before(&client->begin, &server->begin) ? &client->begin : &server->begin;
	return client ? &client->begin : server ? &server->begin : &judge->now;
}

/* The server has to end the connection. */
void iperf3_judge_closed(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *done = iperf3_said_of(talk, IPERF3_ITEM_DONE);
	const struct iperf3_said_at *stop = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_TERMINATE);
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_EOF);
	const struct iperf_mark *since;
	enum iperf_requirement why;

	if (iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF) || talk->client_reset || talk->blind[0] || talk->blind[1] ||
	    !end)
		return;
	since = &end->begin;
	why = done ? IPERF_R_23_16 : stop ? IPERF_R_29_6 : IPERF_R_29_9;
	if (iperf3_span(since, &judge->now) <= IPERF_JUDGE_GRACE)
		return;
	iperf3_judge_found(judge, IPERF_BROKEN, why, IPERF_TO_CLIENT, talk, since,
			   "the client has ended the control connection, and the server has not, %.1f s later",
			   (double)iperf3_span(since, &judge->now) / 1e9);
}

/* After CLIENT_TERMINATE or SERVER_TERMINATE comes the end. */
static void check_terminated(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *client = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_TERMINATE);
	const struct iperf3_said_at *server = iperf3_said_of(talk, IPERF3_ITEM_SERVER_TERMINATE);

	if (talk->blind[0] || talk->blind[1] || talk->client_reset || talk->server_reset)
		return;
	if (client && !iperf3_said_of(talk, IPERF3_ITEM_CLIENT_EOF) && !iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF) &&
	    iperf3_span(&client->begin, &judge->now) > IPERF_JUDGE_GRACE) {
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_29_5, IPERF_TO_SERVER, talk, &client->begin,
				   "the client does not close after CLIENT_TERMINATE");
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_29_6, IPERF_TO_CLIENT, talk, &client->begin,
				   "the server does not close after CLIENT_TERMINATE");
	}
	if (server && !iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF) &&
	    iperf3_span(&server->begin, until(judge, talk)) > IPERF_JUDGE_GRACE)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_29_7, IPERF_TO_CLIENT, talk, &server->begin,
				   "the server does not close after SERVER_TERMINATE");
}

static void check_error(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *error = iperf3_said_of(talk, IPERF3_ITEM_ERROR);

	if (!error || talk->blind[IPERF_TO_CLIENT] || talk->error_octets == 8 || talk->client_reset ||
	    !iperf3_said_of(talk, IPERF3_ITEM_SERVER_EOF))
		return;
	iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_29_1, IPERF_TO_CLIENT, talk, &error->begin,
			   "%u octets follow SERVER_ERROR, and not 8", talk->error_octets);
}

/* The client ends after DISPLAY_RESULTS, or an error, in the wrong way. */
static void check_client_end(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *display = iperf3_said_of(talk, IPERF3_ITEM_DISPLAY_RESULTS);
	const struct iperf3_said_at *end = iperf3_said_of(talk, IPERF3_ITEM_CLIENT_EOF);
	bool sure = talk->results_known[IPERF_TO_CLIENT] && iperf3_one_host(judge, &talk->client);

	if (!display || !end || iperf3_said_of(talk, IPERF3_ITEM_DONE) || talk->blind[IPERF_TO_SERVER] ||
	    iperf3_said_of(talk, IPERF3_ITEM_CLIENT_TERMINATE) || !iperf3_before(&display->begin, &end->begin))
		return;
	iperf3_judge_found(judge, sure ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_23_13, IPERF_TO_SERVER, talk,
			   &end->begin, "the client ends after DISPLAY_RESULTS without IPERF_DONE");
}

/* --- what did not come ------------------------------------------------------------------------------------------- */

struct duty {
	enum iperf3_item cause, due;
	enum iperf_requirement why;
	enum iperf_direction by;
	const char *text;
};

static const struct duty duties[] = {
	{ IPERF3_ITEM_PARAM_EXCHANGE, IPERF3_ITEM_PARAMETERS, IPERF_R_23_2, IPERF_TO_SERVER, "parameters" },
	{ IPERF3_ITEM_PARAMETERS, IPERF3_ITEM_CREATE_STREAMS, IPERF_R_23_3, IPERF_TO_CLIENT, "CREATE_STREAMS" },
	{ IPERF3_ITEM_TEST_END, IPERF3_ITEM_EXCHANGE_RESULTS, IPERF_R_23_9, IPERF_TO_CLIENT, "EXCHANGE_RESULTS" },
	{ IPERF3_ITEM_EXCHANGE_RESULTS, IPERF3_ITEM_CLIENT_RESULTS, IPERF_R_23_10, IPERF_TO_SERVER, "its results" },
	{ IPERF3_ITEM_CLIENT_RESULTS, IPERF3_ITEM_SERVER_RESULTS, IPERF_R_23_11, IPERF_TO_CLIENT, "its results" },
	{ IPERF3_ITEM_SERVER_RESULTS, IPERF3_ITEM_DISPLAY_RESULTS, IPERF_R_23_12, IPERF_TO_CLIENT, "DISPLAY_RESULTS" },
	{ IPERF3_ITEM_DISPLAY_RESULTS, IPERF3_ITEM_DONE, IPERF_R_23_13, IPERF_TO_SERVER, "IPERF_DONE" },
};

/* Whether the test had not ended in another way while that was due. */
static bool still_due(const struct iperf3_talk *talk, const struct duty *duty)
{
	static const enum iperf3_item ends[] = {
		IPERF3_ITEM_DONE, IPERF3_ITEM_CLIENT_TERMINATE, IPERF3_ITEM_SERVER_TERMINATE, IPERF3_ITEM_ERROR,
		IPERF3_ITEM_CLIENT_WRONG, IPERF3_ITEM_SERVER_WRONG,
	};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (talk->said[ends[i]].times)
			return false;
	return talk->said[duty->cause].complete && !talk->said[duty->due].times && !talk->blind[0] && !talk->blind[1];
}

static void check_duties(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	for (size_t i = 0; i < sizeof duties / sizeof *duties; i++) {
		const struct duty *duty = &duties[i];
		const struct iperf_mark *cause = &talk->said[duty->cause].whole;
		int64_t waited_ns = iperf3_span(cause, until(judge, talk));
		enum iperf_verdict verdict;
		bool refused = duty->by == IPERF_TO_CLIENT && talk->said[IPERF3_ITEM_SERVER_EOF].times;

		if (!still_due(talk, duty) || waited_ns <= IPERF_JUDGE_GRACE || refused)
			continue;
		verdict = waited_ns >= IPERF3_JUDGE_PATIENCE ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
		iperf3_judge_found(judge, verdict, duty->why, duty->by, talk, cause,
				   "%.1f s later the %s has not sent %s", (double)waited_ns / 1e9,
				   duty->by == IPERF_TO_SERVER ? "client" : "server", duty->text);
	}
}

/* Timers that are known and have expired. */
static void check_timers(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	const struct iperf3_said_at *asked = &talk->said[IPERF3_ITEM_PARAM_EXCHANGE]; /* every test has it */
	const struct iperf3_said_at *exchange = iperf3_said_of(talk, IPERF3_ITEM_EXCHANGE_RESULTS);
	const struct iperf3_said_at *running = iperf3_said_of(talk, IPERF3_ITEM_TEST_RUNNING);
	const struct iperf_mark *end = until(judge, talk);
	const struct iperf3_parameters *p = &talk->parameters;
	int64_t read_ns = judge->config.t_read_ns + IPERF_JUDGE_GRACE;

	if (!judge->config.timers_known || talk->blind[0] || talk->blind[1])
		return;
	if ((!talk->said[IPERF3_ITEM_PARAMETERS].complete && iperf3_span(&asked->begin, end) > read_ns) ||
	    (exchange && !talk->said[IPERF3_ITEM_CLIENT_RESULTS].complete &&
	     iperf3_span(&exchange->begin, end) > read_ns))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_31_1, IPERF_TO_CLIENT, talk,
				   exchange ? &exchange->begin : &asked->begin,
				   "the server waits for longer than T_read");
	if (running && talk->parameters_known && p->time > 0 && p->time < 1000000 && p->omit >= 0 &&
	    p->omit < 1000000 &&
	    !talk->said[IPERF3_ITEM_TEST_END].times &&
	    iperf3_span(&running->begin, end) >
		    (p->time + p->omit) * IPERF_S + judge->config.t_over_ns + IPERF_JUDGE_GRACE)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_31_3, IPERF_TO_CLIENT, talk, &running->begin,
				   "no TEST_END has come for T_over after the test's time, and the server goes on");
}

void iperf3_judge_ends(struct iperf3_judge *judge)
{
	const struct iperf3_talk *talk = judge->talk;

	check_server_end(judge, talk);
	if (!judge->control) /* else more may come of it */
		iperf3_judge_closed(judge, talk);
	if (!judge->control)
		check_terminated(judge, talk);
	check_error(judge, talk);
	check_client_end(judge, talk);
	check_duties(judge, talk);
	check_timers(judge, talk);
}
