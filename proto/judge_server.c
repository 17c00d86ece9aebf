/* The rules on servers: what they close, and when. */
#include "proto/judge_private.h"

#define SERVER IPERF_TO_CLIENT

/* --- what must be closed ----------------------------------------------------------------------------------------- */

void judge_server_excuse(struct iperf_judge_conn *conn)
{
	if (!conn->due.next)
		return;
	conn->due.prev->next = conn->due.next;
	conn->due.next->prev = conn->due.prev;
	conn->due.next = conn->due.prev = NULL;
}

/* Ends before the first message lead to nothing but T_hello, so that a server may take its time. */
static bool may_wait(const struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	return conn->client_ended && (why == IPERF_R_6_1_2 || why == IPERF_R_5_1_6);
}

/* Whether the cause may have been lost on its way to the server: a reset is sent once only. */
static bool may_be_lost(const struct iperf_judge *judge)
{
	const struct iperf_judge_conn *cause = judge->feeding;

	return cause && cause->client_was_reset && !judge_one_host(judge, &cause->client);
}

/* From now on the server has to do something, which it is asked for by the present event. */
void judge_server_must_close(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	if (conn->due.next && conn->must_close == IPERF_R_9_1_7 && why != IPERF_R_9_1_4 && why != IPERF_R_9_1_12)
		judge_server_excuse(conn); /* the test ended: no answer is due any more */
	if (conn->server_ended || conn->client_was_reset || conn->blind || conn->conflict || conn->due.next ||
	    may_wait(conn, why))
		return;
	conn->must_close = why;
	conn->asked = judge->now;
	conn->due_unsure = may_be_lost(judge) || judge->release_unsure;
	if (why == IPERF_R_6_2_2 && !judge_held_firmly(judge))
		conn->due_unsure = true;
	conn->due.prev = judge->due.prev;
	conn->due.next = &judge->due;
	judge->due.prev->next = &conn->due;
	judge->due.prev = &conn->due;
}

/* T_begin expired, but TEST_BEGIN may have come unseen. Then T_idle has expired as well: something has. */
static bool silent_anyway(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return conn->must_close == IPERF_R_6_3_3 && judge->config.timers_known &&
	       judge->now.ns - judge_held_heard(judge) > judge->config.t_idle_ns + IPERF_JUDGE_GRACE;
}

static void not_done(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool unsure = conn->due_unsure && !silent_anyway(judge, conn);

	judge_accuse(judge, conn, conn->must_close, IPERF_NEEDS_NOTHING, unsure, &conn->asked.mark,
		     "the server did not %s within %.1f s%s",
		     conn->must_close == IPERF_R_9_1_7 ? "answer the request" : "close the connection",
		     (double)judge_ago(judge, &conn->asked) / 1e9,
		     unsure ? "; right only if the cause did not reach it, or something that the capture lacks did" :
			      "");
}

/* Whether the server, having read things in another order, may keep conn open. */
static bool may_differ(const struct iperf_judge_conn *conn)
{
	switch (conn->must_close) {
	case IPERF_R_6_2_2: case IPERF_R_6_5_10: case IPERF_R_6_2_4:
		return true;
	case IPERF_R_6_5_4: case IPERF_R_6_3_3: /* read after the end of its test, it is a new client's */
		return conn->preamble.ns >= conn->asked.ns - IPERF_JUDGE_GRACE &&
		       !(conn->kind_known && conn->kind == IPERF_TEST_BEGIN);
	default:
		return false;
	}
}

/* Whether the server had been offered conn, and its first message, when its test ended. Then it may have read it later,
 * and taken it for a new client's, only by not doing what R-6.5-10 says. */
static bool was_offered(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return conn->kind_known && conn->first.event < conn->asked.event &&
	       conn->first.mark.packet < conn->asked.mark.packet && judge_one_host(judge, &conn->client);
}

static void overdue(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool may = may_differ(conn) && judge_held_follow(judge, conn);
	bool sure = was_offered(judge, conn) && !conn->due_unsure;

	judge_server_excuse(conn);
	if (may && conn->must_close == IPERF_R_6_5_4 && judge_open(conn))
		judge_accuse(judge, conn, IPERF_R_6_5_4, IPERF_NEEDS_NOTHING, !sure, &conn->asked.mark,
			     "the server did not close the connection when the test ended%s",
			     sure ? "" : "; right only if it read it later, and does not know stragglers (R-6.5-10)");
	else if (may && conn->client_ended && conn->kind_known && conn->kind == IPERF_STREAM_BEGIN)
		judge_server_must_close(judge, conn, IPERF_R_8_1_5); /* whenever it read it */
	else if (!may && conn->must_close != IPERF_R_9_1_12)
		not_done(judge, conn);
}

bool judge_server_check_due(struct iperf_judge *judge)
{
	bool was_due = false;

	while (judge->due.next != &judge->due) {
		struct iperf_judge_conn *conn = JUDGE_CONN_OF(judge->due.next, due);

		if (judge_ago(judge, &conn->asked) <= IPERF_JUDGE_GRACE)
			break;
		overdue(judge, conn);
		was_due = true;
	}
	return was_due;
}

/* --- why a server may end what it should not --------------------------------------------------------------------- */

/* The least that a timer is. */
static int64_t least(const struct iperf_judge *judge, int64_t timer_ns)
{
	return judge->config.timers_known && timer_ns > IPERF_JUDGE_MOMENT ? timer_ns : IPERF_JUDGE_MOMENT;
}

/* Its first message was read by now, unless seen just now. */
static bool unread(const struct iperf_judge *judge, const struct iperf_seen *seen)
{
	return !judge_was(seen) || judge_ago(judge, seen) <= IPERF_JUDGE_GRACE;
}

bool judge_server_waited(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	if (!unread(judge, &conn->first))
		return false;
	return judge_ago(judge, &conn->opened) >= least(judge, judge->config.t_hello_ns) ||
	       judge->conns - conn->ordinal >= IPERF_JUDGE_PENDING || judge->config.at_client;
}

bool judge_server_time_is_up(const struct iperf_judge *judge)
{
	/* The last octets may have come for a connection that the server had closed, and so count for nothing. */
	int64_t silence = least(judge, judge->config.t_idle_ns - IPERF_JUDGE_GRACE);
	bool running = judge->oracle.state == IPERF_TEST_RUNNING;

	if ((!running || (unread(judge, &judge->begin) && !judge->running_event)) &&
	    judge->now.ns - judge->oracle.taken_ns >= least(judge, judge->config.t_begin_ns))
		return true;
	return running && (judge->now.ns - judge->arrival_ns >= silence ||
			   judge->now.ns - judge->gap_end_ns <= IPERF_JUDGE_GRACE);
}

/* --- the server ends a connection -------------------------------------------------------------------------------- */

static bool just_now(const struct iperf_judge *judge, const struct iperf_seen *seen)
{
	return judge_was(seen) && judge_ago(judge, seen) < IPERF_JUDGE_MOMENT;
}

/* A client is turned away by a server that holds no other cookie, or holds this very one. */
static void turned_away(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool equal = judge->taker != conn && conn != judge->control;
	enum iperf_requirement why = equal ? IPERF_R_6_1_3 :
				     conn->kind_known && judge->ended_tests > 0 ? IPERF_R_6_5_5 : IPERF_R_6_1_1;

	judge_accuse(judge, conn, why, equal && judge->control ? IPERF_NEEDS_TEST : IPERF_NEEDS_SERVER, false,
		     &judge->now.mark, "rejected, though %s",
		     equal ? "its preamble is the held cookie" : "the server holds no other cookie");
}

/* The control connection of a test that was served. */
static void aborted(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	double silent = (double)(judge->now.ns - judge->arrival_ns) / 1e9;
	bool idle = judge_server_time_is_up(judge);
	const struct iperf_mark *mark = &judge->now.mark;

	judge_test_aborted(judge);
	if (idle && judge->config.timers_known)
		return; /* R-6.5-3 */
	if (!idle && just_now(judge, &judge->last_stranger))
		judge_accuse(judge, conn, IPERF_R_6_2_3, IPERF_NEEDS_SERVER, false, mark,
			     "the server ended the test as it rejected another connection (packet %llu)",
			     (unsigned long long)judge->last_stranger.mark.packet);
	else if (!idle && just_now(judge, &judge->last_answer))
		judge_accuse(judge, conn, IPERF_R_9_1_9, IPERF_NEEDS_SERVER, false, mark,
			     "the server ended the test as it answered a request (packet %llu)",
			     (unsigned long long)judge->last_answer.mark.packet);
	else if (!idle && judge->config.timers_known)
		judge_accuse(judge, conn, IPERF_R_10_3, IPERF_NEEDS_SERVER, judge->patchy, mark,
			     "the server ended the test %.3f s after the last octet of it, before T_idle", silent);
	else
		judge_accuse(
			judge, conn, IPERF_R_6_5_9, IPERF_NEEDS_NOTHING, true, mark,
			"the server ended the test, %.3f s after the last octet of it; right only if its user stopped "
			"it, or if its T_idle is that short",
			silent);
}

/* Another control connection of the same test, which the server may have read first, and so served. */
static struct iperf_judge_conn *other_control(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);

		if (other != conn && other->kind_known && other->kind == IPERF_TEST_BEGIN && judge_open(other) &&
		    judge_has(other, &conn->cookie) && other->preamble.ns - conn->first.ns <= IPERF_JUDGE_GRACE)
			return other;
	}
	return NULL;
}

static void control_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool served = judge->served_event || judge_ago(judge, &conn->preamble) > IPERF_JUDGE_GRACE;
	struct iperf_judge_conn *other = other_control(judge, conn);

	if (other) {
		conn->server_ended = true;
		judge_held_drop(judge);
		judge_held_follow(judge, other);
		return;
	}
	if (!served && (judge_held_other(judge, conn) || judge_server_waited(judge, conn))) {
		if (!judge->idle_known)
			judge_accuse(judge, conn, judge->ended_tests ? IPERF_R_6_5_5 : IPERF_R_6_1_1,
				     IPERF_NEEDS_NOTHING, true, &judge->now.mark,
				     "rejected; right only if a test that the capture does not "
				     "show holds the server");
		judge_held_drop(judge);
		return;
	}
	if (served)
		aborted(judge, conn);
	else
		judge_test_aborted(judge);
	if (!served && !judge_server_time_is_up(judge))
		turned_away(judge, conn);
	judge_give_up(judge, conn);
}

/* Before its first message was complete. */
static void waiting_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool waited = judge_server_waited(judge, conn);

	if (waited && judge->config.timers_known)
		return; /* R-10-1 */
	if (!waited && conn->cookie_known) {
		if (!judge_held_other(judge, conn) && !judge_server_time_is_up(judge))
			turned_away(judge, conn);
		return;
	}
	judge_accuse(
		judge, conn, IPERF_R_10_1, IPERF_NEEDS_NOTHING, true, &judge->now.mark,
		"closed before its first message, after %.3f s; right if the server's T_hello is that short, or its "
		"bound on waiting connections was reached",
		(double)judge_ago(judge, &conn->opened) / 1e9);
}

/* Whether the server may have had so many streams that this one was too much (R-11-4). */
static bool too_many(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	size_t bound = judge->config.streams_bound ? judge->config.streams_bound : 1;
	bool more = judge->patchy || judge_held_unseen(judge, &conn->cookie) ||
		    (judge_was(&judge->early_begin) && /* UDP streams that the session has not */
		     judge->begin.ns - judge->early_begin.ns <= IPERF_JUDGE_GRACE);

	return unread(judge, &conn->first) && (judge->oracle.stream_count > bound || more);
}

static void stream_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	struct iperf_judge_stream *extra = &judge->config.extras[conn->stream - 1];
	enum iperf_requirement why = conn->after.total > 0 ? IPERF_R_8_1_4 : IPERF_R_6_1_3;

	extra->doubtful = true; /* the server may not have it */
	if (judge->oracle.state != IPERF_TEST_RUNNING && judge_server_time_is_up(judge))
		judge->patchy = true; /* nor what it had of this cookie (R-6.3-3), though the same may come again */
	if (judge_held_other(judge, conn) || judge_server_waited(judge, conn))
		return;
	judge_accuse(judge, conn, why, IPERF_NEEDS_TEST, too_many(judge, conn), &judge->now.mark,
		     "the server ended the connection of stream %u, from port %u, before the client did%s",
		     (unsigned)conn->stream, conn->client.port,
		     too_many(judge, conn) ? "; right if its bound on streams was reached" : "");
}

static void closed_early(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge_odd_end(judge, conn, false);
	switch (conn->oracle.state) {
	case IPERF_CONN_PREAMBLE:
	case IPERF_CONN_FIRST:
		waiting_closed(judge, conn);
		break;
	case IPERF_CONN_CONTROL:
		control_closed(judge, conn);
		return;
	case IPERF_CONN_STREAM:
		stream_closed(judge, conn);
		break;
	case IPERF_CONN_RESULTS:
	case IPERF_CONN_CLOSED:
		break;
	}
	judge_give_up(judge, conn);
}

static void note_test(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	struct iperf_judge_test *test = judge_past(judge, &conn->cookie);

	if (test && conn->kind_known && conn->kind == IPERF_TEST_BEGIN && !judge_was(&test->closed))
		test->closed = judge->now;
}

void judge_server_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool results = conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST;
	bool control_over =
		conn->kind_known && conn->kind == IPERF_TEST_BEGIN && conn->control.status == IPERF_PARSE_DONE;

	judge_said(judge, conn, SERVER, conn->server_was_reset ? IPERF_SAID_RESET : IPERF_SAID_EOF, mark, NULL, 0,
		   !conn->client_ended && !control_over && !(results && conn->to_client > 0));
	if (conn->server_ended)
		return;
	conn->server_end = judge->now;
	judge_server_excuse(conn);
	if (conn->cookie_known)
		note_test(judge, conn);
	if (conn->blind || conn->conflict)
		return;
	if (conn->rejected_other) {
		judge->last_stranger = judge->now;
		judge->stranger_prompt = judge_ago(judge, &conn->preamble) <= IPERF_JUDGE_PROMPT;
	}
	if (conn->stream && judge_server_waited(judge, conn)) /* it need not have read it */
		judge->config.extras[conn->stream - 1].doubtful = true;
	if (results && (conn->to_client > 0 || conn->request_in_test))
		judge_answer_ended(judge, conn, mark);
	if (conn->oracle.state != IPERF_CONN_CLOSED && !(results && conn->to_client > 0))
		closed_early(judge, conn);
}

void judge_server_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool due = conn->due.next != NULL;

	judge_server_excuse(conn);
	if (!due || conn->client_was_reset || conn->conflict)
		return;
	judge_found(judge, IPERF_INCONCLUSIVE, conn->must_close, SERVER, conn, &conn->asked.mark,
		    "the capture ends %.1f s later, and by then the server did not %s",
		    (double)judge_ago(judge, &conn->asked) / 1e9,
		    conn->must_close == IPERF_R_9_1_7 ? "answer the request" : "close the connection");
}
