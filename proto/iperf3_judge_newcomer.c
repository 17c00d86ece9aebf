/* Connections that became no test and no stream: denied, in error, silent. */
#include "proto/iperf3_judge_private.h"

/* Another client may have had the server, which the capture does not show. */
static bool others(const struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	if (iperf3_judge_doubtful(judge, conn))
		return true;
	if (judge->config.at_client && !iperf3_one_host(judge, &conn->client))
		return true;
	return judge->all.next != &judge->all; /* a connection that may come to be the next test */
}

/* The test that was the last one when conn came; NULL when there was none, or others came since. */
static const struct iperf3_talk *test_before(const struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	if (conn->tests != judge->tests)
		return NULL;
	return judge->talk ? judge->talk : judge->has_last ? &judge->last : NULL;
}

/* A whole cookie was denied. */
static void check_denied(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn, const struct iperf_mark *end)
{
	const struct iperf3_talk *before = test_before(judge, conn);
	const struct iperf_mark *over = before ? iperf3_judge_over(before) : NULL;
	const struct iperf3_said_at *closed = before ? iperf3_said_of(before, IPERF3_ITEM_CLIENT_EOF) : NULL;
	enum iperf_requirement why = closed ? IPERF_R_23_19 : IPERF_R_23_18;

	if (conn->tests != judge->tests)
		return; /* another client was first */
	if (!before) {
		iperf3_judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_23_1, IPERF_TO_CLIENT, &conn->talk, end,
				   "the client is turned away: if the server was free, it had to answer PARAM_EXCHANGE");
		return;
	}
	if (before->blind[0] || before->blind[1] || !over || iperf3_before(end, over))
		return; /* busy */
	if (iperf3_span(closed ? &closed->begin : over, &conn->talk.opened) <= IPERF_JUDGE_GRACE)
		return; /* it need not be free yet */
	iperf3_judge_found(judge, others(judge, conn) ? IPERF_INCONCLUSIVE : IPERF_BROKEN, why, IPERF_TO_CLIENT,
			   &conn->talk, end, "the client is turned away, %.1f s after the last test",
			   (double)iperf3_span(closed ? &closed->begin : over, &conn->talk.opened) / 1e9);
}

/* A connection with another cookie, while the streams of a test were awaited: it has to be told. */
static void check_during_streams(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	const struct iperf3_talk *talk = test_before(judge, conn);
	const struct iperf3_said_at *end = iperf3_said_of(&conn->talk, IPERF3_ITEM_SERVER_EOF);
	const struct iperf3_said_at *create = talk ? iperf3_said_of(talk, IPERF3_ITEM_CREATE_STREAMS) : NULL;
	const struct iperf3_said_at *start = talk ? iperf3_said_of(talk, IPERF3_ITEM_TEST_START) : NULL;
	const struct iperf_mark *over = talk ? iperf3_judge_over(talk) : NULL;

	if (!create || !end || talk->blind[0] || talk->blind[1] || iperf3_is_udp(talk) || !talk->parameters_known ||
	    !iperf3_before(&create->begin, &conn->talk.opened) || (over && iperf3_before(over, &end->begin)) ||
	    (start && iperf3_before(&start->begin, &end->begin)))
		return;
	judge->denied_known = true;
	judge->denied = end->begin;
	if (conn->talk.said[IPERF3_ITEM_DENIED].times || conn->ended_by_client)
		return;
	iperf3_judge_found(judge, iperf3_one_host(judge, &conn->client) ? IPERF_BROKEN : IPERF_INCONCLUSIVE,
			   conn->talk.said[IPERF3_ITEM_COOKIE].complete ? IPERF_R_25_4 : IPERF_R_25_5, IPERF_TO_CLIENT,
			   &conn->talk, &end->begin, "the server ends it without ACCESS_DENIED");
}

/* While a test runs, nobody is kept waiting. */
static void check_waiting(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	const struct iperf3_talk *talk = test_before(judge, conn);
	const struct iperf3_said_at *start = talk ? iperf3_said_of(talk, IPERF3_ITEM_TEST_START) : NULL;
	const struct iperf_mark *over = talk ? iperf3_judge_over(talk) : NULL;
	static const enum iperf3_item ends[] = { IPERF3_ITEM_CLIENT_EOF, IPERF3_ITEM_SERVER_EOF, IPERF3_ITEM_DENIED };
	const struct iperf_mark *end = over ? over : &judge->now;

	if (!start || talk->blind[0] || talk->blind[1] || !iperf3_before(&start->begin, &conn->talk.opened))
		return;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		const struct iperf3_said_at *at = iperf3_said_of(&conn->talk, ends[i]);

		if (at && iperf3_before(&at->begin, end))
			end = &at->begin;
	}
	if (iperf3_span(&conn->talk.opened, end) <= IPERF_JUDGE_GRACE)
		return;
	iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_30_1, IPERF_TO_CLIENT, &conn->talk, &conn->talk.opened,
			   "the server has a test, and does not deny this client within %.1f s",
			   (double)iperf3_span(&conn->talk.opened, end) / 1e9);
}

/* What the server said to it. */
static void check_said(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	const struct iperf3_said_at *cookie = &conn->talk.said[IPERF3_ITEM_COOKIE];

	for (int item = IPERF3_ITEM_PARAM_EXCHANGE; item < IPERF3_ITEM_SERVER_EOF; item++) {
		const struct iperf3_said_at *at = &conn->talk.said[item];

		if (at->times == 0 || item == IPERF3_ITEM_DENIED || item == IPERF3_ITEM_ERROR ||
		    item == IPERF3_ITEM_SERVER_TERMINATE ||
		    conn->talk.said[IPERF3_ITEM_DENIED].times)
			continue;
		if (!cookie->complete || iperf3_before(&at->begin, &cookie->whole))
			iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_1_2, IPERF_TO_CLIENT, &conn->talk, &at->begin,
					   "the server answers before the cookie is whole");
		else
			iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_23_1, IPERF_TO_CLIENT, &conn->talk, &at->begin,
					   "the server answers a cookie with another state than PARAM_EXCHANGE");
		return;
	}
}

static void check_client(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	const struct iperf3_talk *talk = &conn->talk;

	if (talk->has_after_denial && !iperf3_before(&talk->early, &talk->after_denial))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_29_2, IPERF_TO_SERVER, talk, &talk->after_denial,
				   "the client goes on after ACCESS_DENIED");
	else if (talk->has_early)
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_1_1, IPERF_TO_SERVER, talk, &talk->early,
				   "the client goes on behind its cookie without PARAM_EXCHANGE");
}

void iperf3_judge_newcomer(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	const struct iperf3_said_at *end = iperf3_said_of(&conn->talk, IPERF3_ITEM_SERVER_EOF);
	const struct iperf3_said_at *left = iperf3_said_of(&conn->talk, IPERF3_ITEM_CLIENT_EOF);
	const struct iperf3_said_at *denied = iperf3_said_of(&conn->talk, IPERF3_ITEM_DENIED);

	if (conn->kind == IPERF3_CONN_STREAM || conn->talk.blind[0] || conn->talk.blind[1])
		return;
	conn->ended_by_client = left && (!end || iperf3_before(&left->begin, &end->begin));
	if (denied && conn->talk.said[IPERF3_ITEM_COOKIE].complete && !conn->during_streams)
		check_denied(judge, conn, &denied->begin);
	else if (end && !conn->ended_by_client && conn->kind == IPERF3_CONN_WAITING && !conn->during_streams)
		check_denied(judge, conn, &end->begin);
	if (conn->talk.said[IPERF3_ITEM_COOKIE].complete)
		check_waiting(judge, conn);
	check_during_streams(judge, conn);
	if (iperf3_judge_doubtful(judge, conn))
		return; /* it may have been a stream of a test that is not known */
	check_said(judge, conn);
	check_client(judge, conn);
}
