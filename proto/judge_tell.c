/* What the judge tells, and what it keeps to itself until it may. */
#include "proto/judge_private.h"

#include <stdarg.h>
#include <stdio.h>

#define SERVER IPERF_TO_CLIENT

/* --- findings ---------------------------------------------------------------------------------------------------- */

static void found(struct iperf_judge *judge, const struct iperf_finding *finding)
{
	judge->config.found(judge->config.user, finding);
}

void judge_found(struct iperf_judge *judge, enum iperf_verdict verdict, enum iperf_requirement requirement,
		 enum iperf_direction by, const struct iperf_judge_conn *conn, const struct iperf_mark *mark,
		 const char *format, ...)
{
	struct iperf_finding finding = {
		.verdict = verdict,
		.requirement = requirement,
		.by = by,
		.mark = *mark,
		.conn = conn,
		.client = conn ? &conn->client : NULL,
		.text = judge->text,
	};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(judge->text, sizeof judge->text, format, arguments);
	va_end(arguments);
	found(judge, &finding);
}

void judge_assumed(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const char *what)
{
	if (judge->assumed)
		return;
	judge->assumed = true;
	judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, IPERF_TO_SERVER, conn, &judge->now.mark,
		    "%s: octets that decide were not captured; here and later they are taken for right", what);
}

/* --- accusations that have to wait ------------------------------------------------------------------------------- */

static bool is_accused(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	for (size_t i = 0; i < judge->suspect_count; i++)
		if (judge->suspects[i].conn == conn)
			return true;
	return conn->accusation.why != IPERF_R_NONE;
}

/* Whether the server did it as a reaction: to the client's last words, or in rejecting another connection. */
static bool is_prompt(const struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	const struct iperf_seen *words = conn->kind_known ? &conn->first : &conn->preamble;

	if (why == IPERF_R_6_2_3)
		return judge->stranger_prompt && judge_ago(judge, &judge->last_stranger) <= IPERF_JUDGE_PROMPT;
	if (why == IPERF_R_9_1_9)
		return false;
	return judge_was(words) && judge_ago(judge, words) <= IPERF_JUDGE_PROMPT;
}

/* Whether two ends without a cause, of which the other was seen first, may be one deed: a server that is stopped ends
 * all connections at once, but none that comes after that. What it ended in the same test goes with the test. */
static bool may_be_one_deed(uint64_t ordinal, const struct iperf_cookie *cookie, const struct iperf_seen *other,
			    uint64_t other_ordinal, const struct iperf_cookie *other_cookie,
			    const struct iperf_judge *judge, const struct iperf_seen *opened)
{
	return ordinal != other_ordinal && !iperf_cookie_equal(cookie, other_cookie) && opened->event < other->event &&
	       judge_ago(judge, other) <= IPERF_JUDGE_GRACE;
}

static bool seems_stopped(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	uint64_t count = judge->odd_count < IPERF_JUDGE_ODD_ENDS ? judge->odd_count : IPERF_JUDGE_ODD_ENDS;

	for (uint64_t i = 0; i < count; i++) {
		const struct iperf_odd_end *odd = &judge->odd[i];

		if (may_be_one_deed(conn->ordinal, &conn->cookie, &odd->seen, odd->ordinal, &odd->cookie, judge,
				    &conn->opened))
			return true;
	}
	return judge_was(&judge->refused) && judge_ago(judge, &judge->refused) <= IPERF_JUDGE_GRACE;
}

void judge_odd_end(struct iperf_judge *judge, const struct iperf_judge_conn *conn, bool refused)
{
	for (size_t i = 0; i < judge->suspect_count; i++) {
		struct iperf_accusation *a = &judge->suspects[i];

		if (refused || may_be_one_deed(conn->ordinal, &conn->cookie, &a->seen, a->ordinal, &a->cookie, judge,
					       &conn->opened))
			a->stopped = true;
	}
	if (refused)
		judge->refused = judge->now;
	else
		judge->odd[judge->odd_count++ % IPERF_JUDGE_ODD_ENDS] = (struct iperf_odd_end){
			.seen = judge->now, .ordinal = conn->ordinal, .cookie = conn->cookie,
		};
}

/* The place for a new accusation; NULL when it need not be told. */
static struct iperf_accusation *place(struct iperf_judge *judge, struct iperf_judge_conn *conn,
				      enum iperf_requirement why, enum iperf_need *needs, bool *unsure)
{
	if (*needs != IPERF_NEEDS_NOTHING && judge->suspect_count < IPERF_JUDGE_SUSPECTS)
		return &judge->suspects[judge->suspect_count++];
	for (size_t i = 0; *needs != IPERF_NEEDS_NOTHING && i < judge->suspect_count; i++)
		if (judge->suspects[i].why == why && judge->suspects[i].tenure == judge->tenure)
			return NULL; /* once more the same */
	*unsure = *unsure || *needs != IPERF_NEEDS_NOTHING;
	*needs = IPERF_NEEDS_NOTHING;
	return &conn->accusation;
}

void judge_accuse(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why,
		  enum iperf_need needs,
		  bool unsure, const struct iperf_mark *mark, const char *format, ...)
{
	struct iperf_accusation *a = is_accused(judge, conn) ? NULL : place(judge, conn, why, &needs, &unsure);
	va_list arguments;

	if (!a)
		return;
	*a = (struct iperf_accusation){
		.why = why,
		.by = SERVER,
		.unsure = unsure,
		.needs = needs,
		.tenure = judge->tenure,
		.seen = judge->now,
		.prompt = is_prompt(judge, conn, why),
		.stopped = seems_stopped(judge, conn),
		.mark = *mark,
		.client = conn->client,
		.conn = conn,
		.ordinal = conn->ordinal,
		.cookie = conn->cookie,
	};
	va_start(arguments, format);
	vsnprintf(a->text, sizeof a->text, format, arguments);
	va_end(arguments);
}

static void tell(struct iperf_judge *judge, const struct iperf_accusation *a)
{
	bool alive = a->alive || a->needs == IPERF_NEEDS_NOTHING || (a->prompt && !a->stopped);
	struct iperf_finding finding = {
		.verdict = alive && !a->unsure ? judge_unless_guessed(judge) : IPERF_INCONCLUSIVE,
		.requirement = a->why,
		.by = a->by,
		.mark = a->mark,
		.conn = a->conn,
		.client = &a->client,
		.text = judge->text,
	};

	snprintf(judge->text, sizeof judge->text, "%s%s", a->text,
		 alive || a->unsure ? "" : a->by == SERVER ? "; right only if the server was stopped" :
							     "; right only if it is of another client");
	found(judge, &finding);
}

void judge_accuse_client(struct iperf_judge *judge, const struct iperf_endpoint *client, enum iperf_requirement why,
			 bool unsure, const struct iperf_mark *mark, const char *format, ...)
{
	struct iperf_accusation a = {
		.why = why,
		.by = IPERF_TO_SERVER,
		.unsure = unsure,
		.needs = IPERF_NEEDS_TEST,
		.alive = judge->sure,
		.gone = true,
		.tenure = judge->tenure,
		.seen = judge->now,
		.mark = *mark,
		.client = *client,
	};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(a.text, sizeof a.text, format, arguments);
	va_end(arguments);
	if (a.alive || a.unsure)
		tell(judge, &a);
	else if (judge->suspect_count < IPERF_JUDGE_SUSPECTS)
		judge->suspects[judge->suspect_count++] = a;
}

/* Whether octets of conn show that a server goes on that may have been stopped then: it would have closed or refused it
 * by now. */
static bool shows_life(const struct iperf_judge *judge, const struct iperf_judge_conn *conn,
		       const struct iperf_seen *then)
{
	return conn && conn->to_server > 0 && !conn->server_ended && judge_ago(judge, then) > IPERF_JUDGE_GRACE &&
	       (judge_ago(judge, &conn->opened) > IPERF_JUDGE_GRACE || conn->opened.ns - then->ns > IPERF_JUDGE_GRACE);
}

/* Whether the test that was running then went on: its control connection stays open, or results are given. */
static bool test_went_on(const struct iperf_judge *judge, const struct iperf_accusation *a)
{
	return a->tenure == judge->tenure &&
	       (judge->served_event > a->seen.event ||
		(judge->control && judge_ago(judge, &a->seen) > IPERF_JUDGE_GRACE));
}

/* Whether more than is known may have been sent on a connection that was there then: it may have given the server a
 * cookie. What the capture lacks at the end of a connection, shows only when that goes. */
static bool has_to_wait(const struct iperf_judge *judge, const struct iperf_accusation *a)
{
	if (a->needs != IPERF_NEEDS_SERVER || judge->finished)
		return false;
	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		const struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, all);

		if (!conn->cookie_known && conn->opening.status == IPERF_PARSE_INCOMPLETE && !conn->client_ended &&
		    conn->opened.event < a->seen.event)
			return true;
	}
	return false;
}

void judge_look_for_life(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	for (size_t i = judge->suspect_count; i-- > 0;) {
		struct iperf_accusation *a = &judge->suspects[i];

		if (a->needs == IPERF_NEEDS_TEST ? test_went_on(judge, a) : shows_life(judge, conn, &a->seen))
			a->alive = true;
		if (a->alive && a->gone && !has_to_wait(judge, a)) {
			tell(judge, a);
			*a = judge->suspects[--judge->suspect_count];
		}
	}
}

/* Octets of the server came before the request, as it was told; but it was seen in time. */
static bool was_request(const struct iperf_judge_conn *conn)
{
	const struct iperf_accusation *a = &conn->accusation;

	return (a->why == IPERF_R_5_2_2 || a->why == IPERF_R_5_2_3) && conn->kind_known &&
	       conn->kind == IPERF_RESULTS_REQUEST && conn->first.mark.packet < a->mark.packet;
}

void judge_settle(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	if (conn->accusation.why != IPERF_R_NONE && !conn->blind && !was_request(conn))
		tell(judge, &conn->accusation);
	for (size_t i = judge->suspect_count; i-- > 0;) {
		struct iperf_accusation *a = &judge->suspects[i];
		bool over;

		if (a->conn != conn)
			continue;
		over = judge->finished || (a->alive && !has_to_wait(judge, a));
		if (over && !conn->blind)
			tell(judge, a);
		a->gone = true;
		a->conn = NULL;
		if (over || conn->blind)
			*a = judge->suspects[--judge->suspect_count];
	}
}

/* What the server did within a test that it ended at the same time, is explained by that. If the test had gone on for
 * longer, the accusation would be alive. */
void judge_test_aborted(struct iperf_judge *judge)
{
	for (size_t i = judge->suspect_count; i-- > 0;) {
		const struct iperf_accusation *a = &judge->suspects[i];

		if (a->needs == IPERF_NEEDS_TEST && a->by == SERVER && !a->alive && a->tenure == judge->tenure)
			judge->suspects[i] = judge->suspects[--judge->suspect_count];
	}
}

void judge_settle_gone(struct iperf_judge *judge)
{
	for (const struct iperf_link *link = judge->all.next; judge->suspect_count && link != &judge->all;
	     link = link->next)
		judge_look_for_life(judge, JUDGE_CONN_OF(link, all));
	for (size_t i = judge->suspect_count; i-- > 0;) {
		if (!judge->suspects[i].gone)
			continue;
		tell(judge, &judge->suspects[i]);
		judge->suspects[i] = judge->suspects[--judge->suspect_count];
	}
}

/* --- the sequence ------------------------------------------------------------------------------------------------ */

void judge_said_message(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
			enum iperf_message_kind kind, const struct iperf_mark *mark, const char *data, size_t length)
{
	struct iperf_said said = {
		.kind = IPERF_SAID_MESSAGE,
		.direction = direction,
		.conn = conn,
		.client = &conn->client,
		.mark = *mark,
		.message = kind,
		.cookie = &conn->cookie,
		.octets = (const uint8_t *)data,
		.length = length,
	};

	judge->config.said(judge->config.user, &said);
}

void judge_said(struct iperf_judge *judge, const struct iperf_judge_conn *conn, enum iperf_direction direction,
		enum iperf_said_kind kind, const struct iperf_mark *mark, const uint8_t *octets, uint64_t length,
		bool notable)
{
	struct iperf_said said = {
		.kind = kind,
		.direction = direction,
		.conn = conn,
		.client = &conn->client,
		.mark = *mark,
		.octets = octets,
		.length = length,
		.notable = notable,
	};

	judge->config.said(judge->config.user, &said);
}
