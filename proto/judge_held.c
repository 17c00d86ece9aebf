/* Which cookie the server holds, as far as a capture can show.
 *
 * The server session is fed in the order of the capture; the server itself may have read what came on different
 * connections in another one. What decides is who was first with a preamble at an idle server, and who came before or
 * after the end of a test. So the session's belief is not certain at first. It becomes certain by what the server does:
 * a connection with a whole preamble that it has not closed in time has the cookie that it holds, and so has one that
 * it answers. Where that contradicts the session and the session is not certain, the session follows. */
#include "proto/judge_private.h"

#include <string.h>

#define NEVER (INT64_MAX / 2)

/* --- certainty --------------------------------------------------------------------------------------------------- */

/* conn's preamble, which has come, was accepted: it would have been closed otherwise. */
static bool shows_acceptance(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return judge_open(conn) && judge_ago(judge, &conn->preamble) > IPERF_JUDGE_GRACE;
}

void judge_held_proven(struct iperf_judge *judge)
{
	if (judge->sure)
		return;
	judge->sure = true;
	judge->sure_event = judge->now.event;
	judge->ghost.ns = judge->ghosts_ns = INT64_MIN;
	if (!judge->idle_known || !iperf_cookie_equal(&judge->proven, &judge->oracle.cookie))
		judge->others_proven = judge->idle_known;
	judge->proven = judge->oracle.cookie;
	judge->idle_known = true;
}

bool judge_held_covers(const struct iperf_judge *judge, const struct iperf_cookie *cookie)
{
	return judge->idle_known && (judge->others_proven || !iperf_cookie_equal(&judge->proven, cookie));
}

void judge_held_look(struct iperf_judge *judge)
{
	if (judge->oracle.state == IPERF_TEST_IDLE)
		return;
	if (judge->taker && shows_acceptance(judge, judge->taker))
		judge_held_proven(judge);
	if (!judge->running_event && judge->control &&
	    judge_ago(judge, &judge->control->first) > IPERF_JUDGE_GRACE) {
		judge_held_proven(judge);
		judge->running_event = judge->now.event;
	}
}

/* Whether the server may have released the session's cookie, for T_begin, without having shown it: it need not have had
 * a connection left to close. */
static bool may_be_released(const struct iperf_judge *judge)
{
	int64_t t_begin_ns = judge->config.timers_known ? judge->config.t_begin_ns : IPERF_JUDGE_MOMENT;

	return judge->oracle.state == IPERF_TEST_HELD && judge->now.ns - judge->oracle.taken_ns >= t_begin_ns;
}

bool judge_held_surely(struct iperf_judge *judge)
{
	struct iperf_link *list;

	if (judge->oracle.state == IPERF_TEST_IDLE)
		return false;
	if (may_be_released(judge))
		judge->sure = false; /* but for what is open still */
	list = judge_list_of(judge, &judge->oracle.cookie);
	for (struct iperf_link *link = list->next; !judge->sure && link != list; link = link->next) {
		const struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, same);

		if (conn->oracle.state != IPERF_CONN_CLOSED && shows_acceptance(judge, conn)) /* has that cookie */
			judge_held_proven(judge);
	}
	return judge->sure;
}

bool judge_held_firmly(const struct iperf_judge *judge)
{
	return !judge->patchy &&
	       (judge->oracle.state == IPERF_TEST_RUNNING || judge_held_covers(judge, &judge->oracle.cookie));
}

/* --- what else it may hold --------------------------------------------------------------------------------------- */

/* Until when, in the judge's time, a preamble may be read while the server holds the cookie of conn because of conn. */
static int64_t may_hold_until(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	if (!conn->cookie_known || conn->spent || (conn->preamble.ns < judge->spent_ns && !conn->releases))
		return INT64_MIN;
	if (conn->client_ended && conn->kind_known && conn->kind == IPERF_STREAM_BEGIN) /* R-6.3-1, R-6.3-2 */
		return judge->config.timers_known ?
			       conn->preamble.ns + judge->config.t_begin_ns + 2 * IPERF_JUDGE_GRACE : NEVER;
	if (conn->server_ended)
		return conn->server_end.ns;
	if (conn->client_was_reset && judge_one_host(judge, &conn->client))
		return conn->client_end.ns + IPERF_JUDGE_GRACE;
	return NEVER; /* elsewhere a reset may be lost on its way */
}

static bool may_hold(const struct iperf_judge *judge, const struct iperf_judge_conn *other,
		     const struct iperf_judge_conn *conn)
{
	bool begun = other->kind_known && other->kind == IPERF_STREAM_BEGIN && other->client_ended;

	if (judge_has(conn, &other->cookie) || conn->preamble.ns > may_hold_until(judge, other))
		return false;
	return begun || !other->server_ended || other->server_end.event > conn->preamble.event;
}

/* Until when the server may hold another cookie than this because of connections that are gone. */
static int64_t ghost_until(const struct iperf_judge *judge, const struct iperf_cookie *cookie)
{
	return judge->ghost.ns > judge->ghosts_ns && !iperf_cookie_equal(&judge->ghost.cookie, cookie) ?
		       judge->ghost.ns : judge->ghosts_ns;
}

static void keep_ghost(struct iperf_judge *judge, const struct iperf_cookie *cookie, int64_t until_ns)
{
	bool same = iperf_cookie_equal(&judge->ghost.cookie, cookie);

	if (until_ns <= judge->ghost.ns) {
		if (!same && until_ns > judge->ghosts_ns)
			judge->ghosts_ns = until_ns;
		return;
	}
	if (!same && judge->ghost.ns > judge->ghosts_ns)
		judge->ghosts_ns = judge->ghost.ns;
	judge->ghost.cookie = *cookie;
	judge->ghost.ns = until_ns;
}

/* There may be clients that a capture at one client does not show. */
static bool others_unseen(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return judge->config.at_client && !judge_one_host(judge, &conn->client);
}

bool judge_held_other(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	if (judge->sure && conn->preamble.event >= judge->sure_event)
		return false;
	if (judge->hidden > 0 || judge->now.ns - judge->hidden_ns <= IPERF_JUDGE_GRACE)
		return true;
	if (!judge->idle_known || others_unseen(judge, conn) || conn->preamble.ns <= ghost_until(judge, &conn->cookie))
		return true;
	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next)
		if (may_hold(judge, JUDGE_CONN_OF(link, all), conn))
			return true;
	return false;
}

bool judge_held_unseen(const struct iperf_judge *judge, const struct iperf_cookie *cookie)
{
	if (judge->hidden > 0 || judge->now.ns - judge->hidden_ns <= IPERF_JUDGE_GRACE)
		return true;
	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		const struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, all);

		if (!conn->kind_known && (!conn->cookie_known || iperf_cookie_equal(&conn->cookie, cookie)) &&
		    conn->opening.status != IPERF_PARSE_WRONG && !conn->client_ended && conn != judge->feeding)
			return true; /* octets may be missing that are not known to be */
	}
	return false;
}

/* A preamble shows whose its connection is, however it was cut into packets; without one nobody knows. */
static int64_t heard_on(const struct iperf_judge_conn *conn, int64_t otherwise_ns)
{
	return !conn->cookie_known && conn->heard_ns > otherwise_ns ? conn->heard_ns : otherwise_ns;
}

int64_t judge_held_heard(const struct iperf_judge *judge)
{
	int64_t heard_ns = judge->heard_ns;

	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next)
		heard_ns = heard_on(JUDGE_CONN_OF(link, all), heard_ns);
	return heard_ns;
}

void judge_held_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	int64_t until = may_hold_until(judge, conn);
	bool of_session = judge->oracle.state != IPERF_TEST_IDLE && judge_has(conn, &judge->oracle.cookie);

	/* What the server has closed in a test that it serves, goes with the test. */
	if (of_session && !conn->server_ended && judge->now.ns + IPERF_JUDGE_GRACE > judge->straggler_ns)
		judge->straggler_ns = judge->now.ns + IPERF_JUDGE_GRACE;
	if (until > INT64_MIN && !(of_session && judge_held_surely(judge)))
		keep_ghost(judge, &conn->cookie, until);
	judge->heard_ns = heard_on(conn, judge->heard_ns);
	if (conn->hidden) {
		judge->hidden--;
		judge->hidden_ns = judge->now.ns;
	}
}

/* --- release ----------------------------------------------------------------------------------------------------- */

/* Nothing that was read before a test's end can be held after it. */
static void spend(struct iperf_judge *judge)
{
	struct iperf_link *list = judge_list_of(judge, &judge->oracle.cookie);

	if (!judge_held_surely(judge))
		return;
	if (judge->now.ns <= judge->straggler_ns)
		judge->ghosts_ns = NEVER;
	judge->spent_ns = judge->now.ns - IPERF_JUDGE_GRACE;
	if (judge->control)
		judge->control->releases = true;
	for (struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, same);

		if (conn->server_ended && judge_has(conn, &judge->oracle.cookie))
			conn->spent = true;
	}
}

void judge_held_released(struct iperf_judge *judge, enum iperf_release how)
{
	bool running = judge->oracle.state == IPERF_TEST_RUNNING;
	struct iperf_judge_test *test = running ? judge_past(judge, &judge->oracle.cookie) : NULL;

	if (judge->release_unsure)
		judge->idle_known = false; /* it may go on to hold it */
	else if (judge->belief == IPERF_BELIEF_FIRM)
		spend(judge);
	if (test && judge->belief == IPERF_BELIEF_FIRM)
		test->over_ns = how == IPERF_RELEASE_RESET && !judge_one_host(judge, &judge->tester) ?
					NEVER : judge->now.ns + IPERF_JUDGE_GRACE;
	if (running && judge->belief == IPERF_BELIEF_FIRM)
		judge->ended_tests++;
	if (running && judge->belief == IPERF_BELIEF_DROPPED)
		judge->tests--;
	judge->control = judge->taker = NULL;
	judge->sure = false;
	judge->running_event = 0;
}

/* Makes the session release the cookie that it holds, as if by itself. */
static void make_release(struct iperf_judge *judge)
{
	struct iperf_server *oracle = &judge->oracle;

	if (oracle->state == IPERF_TEST_RUNNING) {
		iperf_server_reset(oracle, &judge->control->oracle, judge->now.ns);
	} else {
		oracle->taken_ns = judge->now.ns - oracle->config.t_begin_ns;
		iperf_server_timer(oracle, judge->now.ns);
	}
}

void judge_held_drop(struct iperf_judge *judge)
{
	judge->belief = IPERF_BELIEF_DROPPED;
	make_release(judge);
	judge->belief = IPERF_BELIEF_FIRM;
}

void judge_held_lose(struct iperf_judge *judge, const struct iperf_cookie *cookie,
		     const struct iperf_judge_conn *except)
{
	struct iperf_cookie lost = *cookie;
	struct iperf_link *list = judge_list_of(judge, &lost);

	judge->idle_known = false;
	judge->belief = IPERF_BELIEF_LOST;
	if (judge->oracle.state != IPERF_TEST_IDLE && iperf_cookie_equal(&judge->oracle.cookie, &lost))
		make_release(judge);
	judge->belief = IPERF_BELIEF_FIRM;
	for (struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, same);

		if (judge_has(conn, &lost) && conn != except)
			judge_blind(judge, conn);
	}
}

/* --- following --------------------------------------------------------------------------------------------------- */

/* Gives the session a connection that it had closed, with all that was seen on it. */
static void readmit(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	size_t length = conn->kind_known ? IPERF_COOKIE_LENGTH + iperf_message_length(conn->kind) : conn->head_length;

	bool second = judge->oracle.state == IPERF_TEST_RUNNING && conn->kind_known && conn->kind == IPERF_TEST_BEGIN;

	if (conn->opening.status == IPERF_PARSE_WRONG && conn->due.next) /* is to be closed in any case */
		conn->must_close = IPERF_R_5_1_6;
	if (conn->blind || conn->server_ended || conn->client_was_reset || conn->oracle.state != IPERF_CONN_CLOSED ||
	    second || conn->opening.status == IPERF_PARSE_WRONG)
		return;
	judge_server_excuse(conn);
	conn->rejected_other = false;
	iperf_server_connected(&judge->oracle, &conn->oracle, &conn->client, judge->now.ns);
	iperf_server_octets(&judge->oracle, &conn->oracle, conn->head, length, judge->now.ns);
	if (judge->taker == conn)
		judge->oracle.taken_ns = conn->preamble.ns;
	if (conn->oracle.state == IPERF_CONN_CONTROL)
		conn->oracle.parser = conn->control;
	if (conn->oracle.state == IPERF_CONN_STREAM) {
		conn->oracle.stream->tcp = conn->after;
		conn->oracle.stream->last_ns = conn->last_ns;
		judge_client_sync(judge, conn);
	}
	if (conn->client_ended)
		iperf_server_eof(&judge->oracle, &conn->oracle, judge->now.ns);
}

/* Whether one of the connections with conn's cookie has ended its test already. */
static bool test_is_over(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (struct iperf_link *link = list->next; link != list; link = link->next) {
		const struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);

		if (judge_has(other, &conn->cookie) && other->kind_known && other->kind == IPERF_TEST_BEGIN &&
		    !other->server_ended && (other->client_ended || other->control.status != IPERF_PARSE_INCOMPLETE))
			return true;
	}
	return false;
}

bool judge_held_follow(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool other = judge->oracle.state != IPERF_TEST_IDLE && !judge_has(conn, &judge->oracle.cookie);
	struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	if (other && judge_held_surely(judge))
		return false;
	if (judge->oracle.state == IPERF_TEST_RUNNING && conn->kind_known && conn->kind == IPERF_TEST_BEGIN && !other)
		return false; /* a second control connection */
	if (!judge_open(conn) || test_is_over(judge, conn))
		return true;
	if (other)
		judge_held_drop(judge);
	judge->belief = IPERF_BELIEF_MENDED;
	for (struct iperf_link *link = list->next; link != list; link = link->next)
		if (judge_has(JUDGE_CONN_OF(link, same), &conn->cookie))
			readmit(judge, JUDGE_CONN_OF(link, same));
	judge->belief = IPERF_BELIEF_FIRM;
	judge->patchy = true;
	judge_held_surely(judge);
	return true;
}
