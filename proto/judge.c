#include "proto/judge_private.h"

#include <string.h>

#define FAR (INT64_MAX / 4) /* a timer that never expires */
#define LONG_AGO (INT64_MIN / 4)

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void list_init(struct iperf_link *list)
{
	list->next = list->prev = list;
}

static void list_append(struct iperf_link *list, struct iperf_link *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static void list_remove(struct iperf_link *link)
{
	if (!link->next)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
}

struct iperf_link *judge_list_of(struct iperf_judge *judge, const struct iperf_cookie *cookie)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < sizeof cookie->octets; i++)
		hash = hash * 31 + cookie->octets[i];
	return &judge->same[(hash ^ hash >> 8 ^ hash >> 16) % IPERF_JUDGE_COOKIES];
}

struct iperf_judge_test *judge_past(struct iperf_judge *judge, const struct iperf_cookie *cookie)
{
	uint64_t count = judge->past_count < IPERF_JUDGE_TESTS ? judge->past_count : IPERF_JUDGE_TESTS;

	for (uint64_t i = 1; i <= count; i++) {
		struct iperf_judge_test *test = &judge->past[(judge->past_count - i) % IPERF_JUDGE_TESTS];

		if (iperf_cookie_equal(&test->cookie, cookie))
			return test;
	}
	return NULL;
}

/* --- the server session as the measure --------------------------------------------------------------------------- */

void judge_give_up(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (conn->oracle.state != IPERF_CONN_CLOSED)
		iperf_server_reset(&judge->oracle, &conn->oracle, judge->now.ns);
}

void judge_blind(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (conn->blind)
		return;
	conn->blind = true;
	if (!conn->kind_known) {
		conn->hidden = true;
		judge->hidden++;
		judge->no_test.why = IPERF_R_NONE;
		judge->idle_known = false;
	}
	judge_server_excuse(conn);
	if (conn->stream)
		judge->config.extras[conn->stream - 1].doubtful = true;
	if (judge->oracle.state != IPERF_TEST_IDLE && (!conn->cookie_known || judge_has(conn, &judge->oracle.cookie)))
		judge->patchy = true;
	if (conn->kind_known && conn->kind == IPERF_TEST_BEGIN) /* taken or not: its test may be, and end, unseen */
		judge_held_lose(judge, &conn->cookie, conn);
	judge_give_up(judge, conn);
}

/* The session closes a connection: the server has to do the same, unless the session is only being set right. */
static void oracle_closes(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	if (why == IPERF_R_11_4) { /* there is room for so many here; the server's bound is its own */
		conn->blind = true;
		judge_assumed(judge, conn, "more streams than can be followed");
	} else if (judge->belief == IPERF_BELIEF_DROPPED) {
		conn->rejected_other = true;
		judge_server_must_close(judge, conn, IPERF_R_6_2_2);
	} else if (judge->belief != IPERF_BELIEF_LOST) {
		judge_server_must_close(judge, conn, why);
	}
}

static void oracle_releases(struct iperf_judge *judge, enum iperf_release how)
{
	judge->release_unsure = how == IPERF_RELEASE_T_BEGIN && /* TEST_BEGIN may have been there */
				(!judge_held_covers(judge, &judge->oracle.cookie) ||
				 judge_held_unseen(judge, &judge->oracle.cookie));
	if (how == IPERF_RELEASE_T_IDLE && judge->datagram_event > judge->begin.event &&
	    !judge_near(judge, &judge->tester))
		judge->release_unsure = true; /* one more datagram may have been lost, but to the capture only */
	if (judge->oracle.state == IPERF_TEST_RUNNING)
		judge_client_test_over(judge, judge->belief == IPERF_BELIEF_FIRM ? how : IPERF_RELEASE_STOP);
	judge_client_streams_gone(judge);
	if (judge->control && judge->belief == IPERF_BELIEF_FIRM &&
	    (how == IPERF_RELEASE_OCTET || how == IPERF_RELEASE_T_IDLE)) /* rather than R-6.5-4 */
		judge_server_must_close(judge, judge->control, how == IPERF_RELEASE_OCTET ? IPERF_R_7_4 : IPERF_R_10_2);
	judge_held_released(judge, how);
}

static void oracle_begins(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge->tests++;
	judge->control = conn;
	judge->begin = conn->first;
	judge->tester = conn->client;
	judge->asked_first = judge->datagram_payload = false;
	judge->last_answer = (struct iperf_seen){ 0 };
	judge->arrival_ns = conn->first.ns; /* at least */
	judge->gap_end_ns = LONG_AGO;
	judge_opening_test_began(judge, conn);
}

static void oracle_takes(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	judge->tenure++;
	judge->taker = conn;
	judge->sure = judge->patchy = false;
	for (struct iperf_link *link = list->next; link != list; link = link->next) /* which it may have read before */
		if (JUDGE_CONN_OF(link, same) != conn && judge_has(JUDGE_CONN_OF(link, same), &conn->cookie))
			judge->patchy = true;
	judge->running_event = judge->served_event = 0;
}

/* What a release closes is closed right behind it; what comes then has causes of its own. */
static bool closes_by_release(const struct iperf_decision *decision)
{
	return decision->kind == IPERF_DECIDE_CLOSE &&
	       (decision->why == IPERF_R_6_3_3 || decision->why == IPERF_R_6_5_4);
}

static void oracle_decides(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	struct iperf_judge *judge = user;
	struct iperf_judge_conn *conn = decision->conn ? JUDGE_CONN_OF(decision->conn, oracle) : NULL;

	(void)server;
	if (!closes_by_release(decision))
		judge->release_unsure = false;
	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
		oracle_takes(judge, conn);
		break;
	case IPERF_DECIDE_ACCEPT:
		break;
	case IPERF_DECIDE_BEGIN:
		oracle_begins(judge, conn);
		break;
	case IPERF_DECIDE_STREAM:
		judge_client_stream_began(judge, conn, decision->stream);
		break;
	case IPERF_DECIDE_RESPOND:
		conn->request_in_test = true;
		conn->tenure = judge->tenure;
		judge_server_must_close(judge, conn, IPERF_R_9_1_7); /* or answer */
		break;
	case IPERF_DECIDE_RELEASE:
		oracle_releases(judge, decision->release);
		break;
	case IPERF_DECIDE_REJECT:
		conn->rejected_other = decision->why == IPERF_R_6_2_2;
		oracle_closes(judge, conn, decision->why);
		break;
	case IPERF_DECIDE_CLOSE:
		oracle_closes(judge, conn, decision->why);
		break;
	}
}

void iperf_judge_init(struct iperf_judge *judge, const struct iperf_judge_config *config)
{
	struct iperf_server_config server;

	memset(judge, 0, sizeof *judge);
	judge->config = *config;
	judge->now.ns = INT64_MIN;
	judge->spent_ns = judge->ghost.ns = judge->ghosts_ns = judge->straggler_ns = INT64_MIN;
	judge->hidden_ns = judge->heard_ns = LONG_AGO;
	list_init(&judge->due);
	list_init(&judge->all);
	for (size_t i = 0; i < IPERF_JUDGE_COOKIES; i++)
		list_init(&judge->same[i]);
	iperf_server_defaults(&server);
	/* Timers and bounds are the server's to set: what they explain is looked at when the server acts. */
	server.t_hello_ns = config->timers_known ? config->t_hello_ns + IPERF_JUDGE_GRACE : FAR;
	server.t_begin_ns = config->timers_known ? config->t_begin_ns + IPERF_JUDGE_GRACE : FAR;
	server.t_idle_ns = config->timers_known ? config->t_idle_ns + IPERF_JUDGE_GRACE : FAR;
	server.pending_max = server.results_max = SIZE_MAX;
	server.streams_max = config->streams_max;
	server.streams = config->streams;
	server.decide = oracle_decides;
	server.user = judge;
	iperf_server_init(&judge->oracle, &server);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* What the session does when timers expire, which is noticed only now, was to be done then. */
static void expire_timers(struct iperf_judge *judge, int64_t now_ns)
{
	int64_t deadline_ns = iperf_server_deadline(&judge->oracle);

	while (deadline_ns <= now_ns) {
		if (deadline_ns > judge->now.ns)
			judge->now.ns = deadline_ns;
		iperf_server_timer(&judge->oracle, judge->now.ns);
		deadline_ns = iperf_server_deadline(&judge->oracle);
	}
	judge->now.ns = now_ns;
}

/* What the session, and what is known of it, have become by then. */
static void pass_time(struct iperf_judge *judge, int64_t now_ns)
{
	expire_timers(judge, now_ns);
	judge->release_unsure = false;
	judge_held_look(judge);
}

void judge_now(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	judge->now.mark = *mark;
	judge->now.event++;
	judge->feeding = conn;
	pass_time(judge, mark->time_ns > judge->now.ns ? mark->time_ns : judge->now.ns);
	if (judge_server_check_due(judge))
		pass_time(judge, judge->now.ns); /* of what the session was told just now, some may be over already */
	judge_look_for_life(judge, NULL);
}

/* Something came that may keep the test alive, if it is of the test: the server need not end it (R-10-3), but may. */
static void perhaps_arrived(struct iperf_judge *judge)
{
	judge->oracle.arrival_ns = judge->now.ns;
}

/* Something came that does. */
static void arrived(struct iperf_judge *judge)
{
	int64_t long_ns = judge->config.timers_known ? judge->config.t_idle_ns - IPERF_JUDGE_GRACE : 0;

	if (long_ns < IPERF_JUDGE_MOMENT)
		long_ns = IPERF_JUDGE_MOMENT;
	if (judge->now.ns - judge->arrival_ns >= long_ns)
		judge->gap_end_ns = judge->now.ns;
	judge->arrival_ns = judge->oracle.arrival_ns = judge->now.ns;
}

void judge_arrived_on(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool of_test = judge_has(conn, &judge->oracle.cookie);

	if (judge->oracle.state == IPERF_TEST_RUNNING && of_test && !conn->server_ended)
		arrived(judge);
	else if (judge->oracle.state == IPERF_TEST_RUNNING && (of_test || conn->hidden))
		perhaps_arrived(judge);
	if (conn->hidden || judge_has(conn, &judge->oracle.cookie))
		judge->heard_ns = judge->now.ns;
	else if (!conn->cookie_known)
		conn->heard_ns = judge->now.ns;
	if (conn->hidden)
		judge->idle_known = false;
}

void iperf_judge_opened(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_endpoint *client,
			bool start_seen, const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	conn->ordinal = ++judge->conns;
	conn->client = *client;
	conn->opened = judge->now;
	conn->must_close = IPERF_R_NONE;
	conn->heard_ns = LONG_AGO;
	list_append(&judge->all, &conn->all);
	iperf_parser_init(&conn->opening, IPERF_GRAMMAR_CONNECTION, NULL);
	iperf_terminator_init(&conn->after);
	iperf_server_connected(&judge->oracle, &conn->oracle, client, judge->now.ns);
	if (!start_seen)
		judge_blind(judge, conn);
}

void judge_take_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
		       const struct iperf_mark *mark)
{
	bool known = conn->cookie_known;

	/* The client's words first, so that what the server session decides is told after them. */
	if (!conn->kind_known)
		judge_opening_octets(judge, conn, octets, length, mark);
	else
		judge_client_octets(judge, conn, octets, length, mark);
	if (!known && conn->cookie_known)
		list_append(judge_list_of(judge, &conn->cookie), &conn->same);
	if (!conn->blind)
		iperf_server_octets(&judge->oracle, &conn->oracle, octets, length, judge->now.ns);
}

void iperf_judge_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	if (direction == IPERF_TO_CLIENT) {
		if (!conn->blind && !conn->client_was_reset)
			judge_answer_octets(judge, conn, octets, length, mark);
		conn->to_client += length;
		judge_look_for_life(judge, NULL); /* an answer shows it at once */
		return;
	}
	if (!conn->blind)
		judge_take_octets(judge, conn, octets, length, mark);
	judge_arrived_on(judge, conn);
	conn->to_server += length;
	judge_look_for_life(judge, conn);
}

/* --- ends -------------------------------------------------------------------------------------------------------- */

static void server_ends(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	judge_server_ended(judge, conn, mark);
	conn->server_ended = true;
	judge_server_excuse(conn); /* of what the session did about it, too */
	judge_client_sync(judge, conn);
}

void iperf_judge_eof(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		     const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	if (direction == IPERF_TO_CLIENT) {
		server_ends(judge, conn, mark);
		return;
	}
	conn->client_end = judge->now;
	judge_client_ended(judge, conn, mark);
	conn->client_ended = true;
	judge_client_sync(judge, conn);
	iperf_server_eof(&judge->oracle, &conn->oracle, judge->now.ns);
}

void iperf_judge_reset(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		       bool established, const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	if (!established && direction == IPERF_TO_CLIENT) {
		judge_said(judge, conn, direction, IPERF_SAID_REFUSED, mark, NULL, 0, true);
		judge_odd_end(judge, conn, true);
		conn->server_ended = true;
		judge_server_excuse(conn);
		judge_give_up(judge, conn);
		return;
	}
	if (direction == IPERF_TO_CLIENT) {
		conn->server_was_reset = true;
		server_ends(judge, conn, mark);
		return;
	}
	conn->client_was_reset = true;
	if (!conn->client_ended)
		conn->client_end = judge->now;
	judge_client_ended(judge, conn, mark);
	conn->client_ended = true;
	judge_client_sync(judge, conn);
	judge_give_up(judge, conn);
}

void iperf_judge_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge->feeding = NULL;
	judge_opening_forget(judge, conn);
	judge_client_forget(judge, conn);
	judge_server_forget(judge, conn);
	judge_settle(judge, conn);
	judge_held_forget(judge, conn);
	judge->belief = IPERF_BELIEF_LOST; /* what its going does to the session, is no demand on the server */
	judge_give_up(judge, conn);
	judge->belief = IPERF_BELIEF_FIRM;
	if (judge->control == conn)
		judge->control = NULL;
	if (judge->taker == conn)
		judge->taker = NULL;
	for (size_t i = 0; i < judge->oracle.stream_count; i++) /* several, where the session was set right */
		if (judge->config.extras[i].conn == conn)
			judge->config.extras[i].conn = NULL;
	list_remove(&conn->all);
	list_remove(&conn->same);
	judge_opening_settle(judge);
}

void iperf_judge_finish(struct iperf_judge *judge, const struct iperf_mark *mark)
{
	judge_now(judge, NULL, mark);
	judge->finished = true;
	judge_settle_gone(judge);
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

/* The part of a message that was captured, made whole; false when it can be no message. */
static bool whole_message(const struct iperf_judge *judge, const uint8_t *octets, size_t captured, size_t length,
			  uint8_t whole[static IPERF_MESSAGE_MAX])
{
	static const enum iperf_message_kind kinds[] = { IPERF_STREAM_BEGIN, IPERF_STREAM_END };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (iperf_message_write(whole, kinds[i], &judge->oracle.cookie) == length && captured > 0 &&
		    memcmp(whole, octets, captured) == 0)
			return true;
	}
	return false;
}

static void take_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
			  size_t captured, size_t length, const struct iperf_mark *mark)
{
	uint8_t whole[IPERF_MESSAGE_MAX] = { 0 };

	judge->heard_ns = judge->now.ns;
	judge->datagram_event = judge->now.event;
	if (captured < length && length <= sizeof whole) {
		if (whole_message(judge, octets, captured, length, whole))
			judge->guessed = true;
		else
			memset(whole, 0, sizeof whole); /* payload: no message begins so */
		octets = whole;
		captured = length;
	}
	iperf_server_datagram(&judge->oracle, client, octets, length, judge->now.ns);
	judge_datagram(judge, client, octets, captured, iperf_server_find(&judge->oracle, client), mark);
	if (judge->oracle.state == IPERF_TEST_RUNNING &&
	    (iperf_server_find(&judge->oracle, client) || judge_same_address(client, &judge->tester)))
		perhaps_arrived(judge); /* it may be lost behind the capture, be it in the server's own queue */
}

void iperf_judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client,
			  enum iperf_direction direction, const uint8_t *octets, size_t captured, size_t length,
			  const struct iperf_mark *mark)
{
	judge_now(judge, NULL, mark);
	if (direction == IPERF_TO_SERVER)
		take_datagram(judge, client, octets, captured, length, mark);
	else
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_3_8, direction, NULL, mark,
			    "the server sent a datagram of %zu octets", length);
}
