/* The rules on servers: what they close and when, and where they send octets. */
#include "proto/judge_private.h"

#include <string.h>

#define SERVER IPERF_TO_CLIENT

#define CONN_OF(link, field)                                                                                           \
	((struct iperf_judge_conn *)(void *)((char *)(link) - offsetof(struct iperf_judge_conn, field)))

/* --- what must be closed ----------------------------------------------------------------------------------------- */

static void due_remove(struct iperf_judge_conn *conn)
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

/* From now on the server has to do something, which it is asked for by the present packet. */
static void due(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	conn->must_close = why;
	conn->close_asked = judge->now;
	conn->due.prev = judge->due.prev;
	conn->due.next = &judge->due;
	judge->due.prev->next = &conn->due;
	judge->due.prev = &conn->due;
}

void judge_server_must_close(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why)
{
	if (why == IPERF_R_6_5_4 && conn->must_close == IPERF_R_9_1_7)
		due_remove(conn); /* the test ended: no answer is due any more */
	if (conn->server_ended || conn->client_was_reset || conn->blind || conn->due.next || judge->finished ||
	    may_wait(conn, why))
		return;
	if (why == IPERF_R_6_5_10)
		return; /* a SHOULD, and what the server was offered by then is not seen */
	due(judge, conn, why);
}

/* A request in a running test: the server has to answer it, and to end the answer. */
void judge_server_must_answer(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (!conn->server_ended && !conn->blind && !judge->finished)
		due(judge, conn, IPERF_R_9_1_7);
}

static void not_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_verdict verdict)
{
	const char *what = conn->must_close == IPERF_R_9_1_7 ? "answer the request" : "close the connection";

	conn->unanswered = conn->must_close == IPERF_R_9_1_7;
	if (verdict == IPERF_BROKEN)
		judge_found(judge, verdict, conn->must_close, SERVER, conn, &conn->close_asked,
			    "the server did not %s within %.1f s", what,
			    (double)judge_since(&judge->now, &conn->close_asked) / 1e9);
	else
		judge_found(judge, verdict, conn->must_close, SERVER, conn, &conn->close_asked,
			    "the capture ends %.1f s later, and by then the server did not %s",
			    (double)judge_since(&judge->now, &conn->close_asked) / 1e9, what);
	due_remove(conn);
}

void judge_server_check_due(struct iperf_judge *judge)
{
	while (judge->due.next != &judge->due) {
		struct iperf_judge_conn *conn = CONN_OF(judge->due.next, due);

		if (judge_since(&judge->now, &conn->close_asked) <= IPERF_JUDGE_GRACE)
			break;
		if (conn->blind)
			due_remove(conn); /* what it waits for may be what is missing */
		else
			not_closed(judge, conn, conn->ambiguous ? IPERF_INCONCLUSIVE : IPERF_BROKEN);
	}
}

/* --- octets to a client ------------------------------------------------------------------------------------------ */

static void complain(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_requirement why,
		     const struct iperf_mark *mark, const uint8_t *octets, size_t length)
{
	if (conn->complained)
		return;
	conn->complained = true;
	judge_said(judge, conn, SERVER, IPERF_SAID_OCTETS, mark, octets, length, true);
	judge_found(judge, IPERF_BROKEN, why, SERVER, conn, mark, "the server sent %zu octets where it has to be silent",
		    length);
}

static bool of_last_test(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return judge->past_count > 0 && iperf_cookie_equal(&judge->past[judge->past_count - 1], &conn->cookie);
}

/* The server answers although its session, as seen from here, has no test: does it serve one that was not seen? */
static void unexpected_answer(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool held = judge->oracle.state == IPERF_TEST_RUNNING &&
		    iperf_cookie_equal(&conn->cookie, &judge->oracle.cookie);
	enum iperf_requirement why = conn->rejected_other ? IPERF_R_6_2_1 : IPERF_R_9_1_8;

	due_remove(conn);
	if (held || (conn->ambiguous && of_last_test(judge, conn)))
		return; /* the request overtook TEST_BEGIN, or what ended the test */
	if (conn->ambiguous || !judge->idle_known)
		judge_found(judge, IPERF_INCONCLUSIVE, why, SERVER, conn, mark,
			    "answered; by what was captured no test with this cookie is running, but one may have begun "
			    "before the capture");
	else
		judge_found(judge, IPERF_BROKEN, why, SERVER, conn, mark,
			    "answered, though no test with this cookie is running");
}

static void answer_text(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length)
{
	if (conn->text_length + length > IPERF_RESULT_DATA_MAX ||
	    !judge->config.room(judge->config.user, conn, conn->text_length + length)) {
		conn->blind = true;
		judge_assumed(judge, conn, "results response, too long to be kept");
		return;
	}
	memcpy(conn->text + conn->text_length, octets, length);
	conn->text_length += length;
}

static void answer_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			  const struct iperf_mark *mark)
{
	enum iperf_requirement why = IPERF_R_9_1_3;
	struct iperf_mark at = *mark;
	char expected[120];
	size_t used;

	if (conn->to_client == 0) {
		iperf_parser_init(&conn->answer, IPERF_GRAMMAR_ANSWER, &conn->cookie);
		if (!conn->request_in_test)
			unexpected_answer(judge, conn, mark);
	}
	if (conn->request_in_test && !conn->client_was_reset) { /* from the last octet on its end is due */
		due_remove(conn);
		due(judge, conn, IPERF_R_9_1_4);
	}
	used = iperf_parser_feed(&conn->answer, octets, length);
	at.offset += used;
	if (conn->answer.status == IPERF_PARSE_DONE && length > used) {
		answer_text(judge, conn, octets + used, length - used);
	} else if (conn->answer.status == IPERF_PARSE_WRONG && !conn->complained) {
		conn->complained = true;
		if (iperf_parser_in_cookie(&conn->answer))
			why = IPERF_R_4_2_4;
		else if (conn->answer.offset >= iperf_message_length(IPERF_RESULTS_RESPONSE))
			why = IPERF_R_9_1_5;
		iperf_parser_expected(&conn->answer, expected, sizeof expected);
		judge_said(judge, conn, SERVER, IPERF_SAID_OCTETS, mark, octets, length, true);
		judge_found(judge, IPERF_BROKEN, why, SERVER, conn, &at, "octet %u of the response is 0x%02x, expected %s",
			    (unsigned)conn->answer.offset, octets[used], expected);
	}
}

void judge_server_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 const struct iperf_mark *mark)
{
	if (conn->blind)
		return;
	if (conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST && octets)
		answer_octets(judge, conn, octets, length, mark);
	else if (conn->kind_known)
		complain(judge, conn, IPERF_R_5_2_1, mark, octets, length);
	else if (conn->oracle.state == IPERF_CONN_CLOSED)
		complain(judge, conn, IPERF_R_5_2_3, mark, octets, length);
	else
		complain(judge, conn, IPERF_R_5_2_2, mark, octets, length);
}

/* --- the server ends a connection -------------------------------------------------------------------------------- */

/* The response is complete when the server ends the connection. */
static void answered(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	due_remove(conn);
	if (conn->blind || conn->complained)
		return;
	if (conn->answer.status != IPERF_PARSE_DONE) {
		judge_found(judge, IPERF_BROKEN, conn->server_was_reset && conn->extra ? IPERF_R_9_1_11 : IPERF_R_9_1_3,
			    SERVER, conn, mark, "the response ends after %u octets", (unsigned)conn->answer.offset);
		return;
	}
	judge_said_message(judge, conn, SERVER, IPERF_RESULTS_RESPONSE, mark, conn->text, conn->text_length);
	judge_results(judge, conn, mark);
	if (conn->request_in_test && conn->test == judge->tests && judge->oracle.state == IPERF_TEST_RUNNING)
		judge->answered = judge->idle_known = true;
}

static void unanswered(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool early = judge_since(&conn->first, &judge->begin) < IPERF_JUDGE_RACE; /* it may have overtaken TEST_BEGIN */

	due_remove(conn);
	if (conn->unanswered)
		return; /* told already */
	if (conn->test != judge->tests || judge->oracle.state != IPERF_TEST_RUNNING || early || conn->ambiguous)
		return;
	if (conn->extra)
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_1_11, SERVER, conn, mark,
			    "closed without an answer after octets that followed the request");
	else if (conn->client_ended)
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_1_13, SERVER, conn, mark,
			    "closed without an answer after the client's end-of-file");
	else
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_1_7, SERVER, conn, mark,
			    "closed without an answer while the test was running");
}

/* A connection whose preamble the server may have read in another order than it was seen: takes it in again. */
static void readmit(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	due_remove(conn);
	conn->rejected_other = false;
	iperf_server_connected(&judge->oracle, &conn->oracle, &conn->client, judge->now.time_ns);
	iperf_server_octets(&judge->oracle, &conn->oracle, conn->head, conn->head_length, judge->now.time_ns);
	conn->ambiguous = true;
}

/* The server gave up a cookie that it was to hold. Those it was to reject meanwhile, and did not, may be its choice. */
static bool other_choice(struct iperf_judge *judge, const struct iperf_judge_conn *closed)
{
	bool any = false;

	for (struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		struct iperf_judge_conn *conn = CONN_OF(link, all);

		if (conn == closed || !conn->rejected_other || conn->server_ended || !conn->due.next)
			continue;
		readmit(judge, conn);
		any = true;
	}
	return any;
}

static bool near_in_time(const struct iperf_mark *a, const struct iperf_mark *b)
{
	int64_t apart = judge_since(a, b);

	return apart < IPERF_JUDGE_RACE && -apart < IPERF_JUDGE_RACE;
}

/* A connection with the right cookie, or the first at an idle server, was closed at once, as if rejected. */
static void rejected(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool first = judge->oracle.member_count <= 1 || conn == judge->control;
	enum iperf_requirement why = !first ? IPERF_R_6_1_3 : judge->tests > 1 ? IPERF_R_6_5_5 : IPERF_R_6_1_1;

	if (conn->ambiguous)
		return;
	conn->closed_why = why;
	conn->closed_sure = judge->idle_known || !first;
}

/* The control connection of a test that was being served. */
static void aborted(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	int64_t silent = mark->time_ns - judge->oracle.arrival_ns;
	int64_t t_idle = judge->config.timers_known ? judge->config.t_idle_ns : IPERF_T_IDLE;

	if (silent >= t_idle - IPERF_JUDGE_RACE)
		return; /* R-6.5-3 */
	conn->closed_sure = judge->stranger_seen && near_in_time(mark, &judge->last_stranger);
	conn->closed_why = conn->closed_sure ? IPERF_R_6_2_3 : IPERF_R_6_5_9;
	conn->closed_with = judge->last_stranger.packet;
	conn->closed_silent_ns = silent;
}

static void control_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool at_once = judge_since(mark, &conn->preamble) <= IPERF_JUDGE_GRACE && !judge->answered;

	iperf_server_reset(&judge->oracle, &conn->oracle, mark->time_ns);
	judge->releasing = NULL;
	if (other_choice(judge, conn))
		return; /* the server read another preamble first */
	if (at_once)
		rejected(judge, conn);
	else
		aborted(judge, conn, mark);
	judge->idle_known = judge->idle_known || !at_once;
}

/* Before its first message was complete. */
static void waiting_closed(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	int64_t t_hello = judge->config.timers_known ? judge->config.t_hello_ns : IPERF_T_HELLO;

	if (judge_since(mark, &conn->opened) >= t_hello - IPERF_JUDGE_RACE)
		return; /* R-10-1 */
	if (conn->cookie_known && judge_since(mark, &conn->preamble) < IPERF_JUDGE_RACE)
		rejected(judge, conn);
	else
		conn->closed_why = IPERF_R_10_1;
}

/* What to say of a connection that the server closed too early. */
static void say_closed(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	enum iperf_verdict verdict = conn->closed_sure ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
	enum iperf_requirement why = conn->closed_why;
	const struct iperf_mark *mark = &conn->server_end;

	if (why == IPERF_R_10_1)
		judge_found(judge, verdict, why, SERVER, conn, mark,
			    "closed before its first message, after %.3f s; right if the server's T_hello is that short, "
			    "or its bound on waiting connections was reached",
			    (double)judge_since(mark, &conn->opened) / 1e9);
	else if (why == IPERF_R_6_2_3)
		judge_found(judge, verdict, why, SERVER, conn, mark,
			    "the server ended the test as it rejected another connection (packet %llu)",
			    (unsigned long long)conn->closed_with);
	else if (why == IPERF_R_6_5_9)
		judge_found(judge, verdict, why, SERVER, conn, mark,
			    "the server ended the test, %.3f s after the last octet of it; right only if its user stopped "
			    "it, or if its T_idle is that short", (double)conn->closed_silent_ns / 1e9);
	else if (why == IPERF_R_6_1_3)
		judge_found(judge, verdict, why, SERVER, conn, mark, "rejected, though its preamble is the held cookie");
	else
		judge_found(judge, verdict, why, SERVER, conn, mark, "rejected%s",
			    conn->closed_sure ? ", though the server holds no other cookie" :
						"; right only if a test that began before the capture holds the server");
}

/* All was told of a connection that the server closed when, by what was told then, it had no cause to. A cause that comes
 * only now was in packets that the reader of the capture had to wait for. */
static void closed_too_early(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool waited = conn->closed_why == IPERF_R_10_1 && conn->kind_known;
	bool ended = conn->kind_known && conn->kind == IPERF_TEST_BEGIN && conn->control.status == IPERF_PARSE_DONE;

	if (conn->closed_why != IPERF_R_NONE && !conn->blind && !waited && !ended)
		say_closed(judge, conn);
	conn->closed_why = IPERF_R_NONE;
}

static void closed_early(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	switch (conn->oracle.state) {
	case IPERF_CONN_PREAMBLE:
	case IPERF_CONN_FIRST:
		waiting_closed(judge, conn, mark);
		break;
	case IPERF_CONN_CONTROL:
		control_closed(judge, conn, mark);
		return;
	case IPERF_CONN_STREAM: /* judged when it is known how the test ends, and by what the client had sent */
		return;
	case IPERF_CONN_RESULTS:
	case IPERF_CONN_CLOSED:
		break;
	}
	judge_give_up(judge, conn);
}

/* The server's own end of a connection that its session has closed: as it should. */
static void closed_as_due(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	if (conn->rejected_other) {
		judge->stranger_seen = true;
		judge->last_stranger = *mark;
	}
	due_remove(conn);
	if (judge->releasing == conn) {
		judge->releasing = NULL;
		/* At once, it may as well have been rejected. */
		judge->idle_known |= judge_since(mark, &conn->preamble) > IPERF_JUDGE_GRACE;
	}
}

void judge_server_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool again = conn->server_ended;
	bool results = conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST;

	judge_said(judge, conn, SERVER, conn->server_was_reset ? IPERF_SAID_RESET : IPERF_SAID_EOF, mark, NULL, 0,
		   !conn->client_ended && !(results && conn->to_client > 0));
	if (!again)
		conn->server_end = *mark;
	if (conn->stream && !again) {
		judge->config.extras[conn->stream - 1].server_ended = true;
		judge->config.extras[conn->stream - 1].server_end = *mark;
	}
	if (conn->blind || again)
		return;
	if (results && conn->to_client > 0)
		answered(judge, conn, mark);
	else if (results && conn->request_in_test)
		unanswered(judge, conn, mark);
	if (conn->oracle.state == IPERF_CONN_CLOSED)
		closed_as_due(judge, conn, mark);
	else if (!(results && conn->to_client > 0))
		closed_early(judge, conn, mark);
}

void judge_server_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	closed_too_early(judge, conn);
	if (conn->asked.packet)
		judge_client_asked_early(judge, conn);
	if (conn->due.next && !conn->server_ended && !conn->client_was_reset && !conn->blind)
		not_closed(judge, conn, IPERF_INCONCLUSIVE);
	due_remove(conn);
}
