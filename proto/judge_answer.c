/* The rules on what servers send. */
#include "proto/judge_private.h"

#include <string.h>

#define SERVER IPERF_TO_CLIENT
#define WRITTEN_AT_ONCE 2048 /* a server cannot be stopped amid so short an answer */

/* --- octets where none may be ------------------------------------------------------------------------------------ */

static void complain(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark,
		     const uint8_t *octets, size_t length)
{
	bool rejected = conn->oracle.state == IPERF_CONN_CLOSED;
	enum iperf_requirement why = rejected ? IPERF_R_5_2_3 : IPERF_R_5_2_2;
	static const char text[] = "the server sent %zu octets where it has to be silent";

	if (conn->complained)
		return;
	conn->complained = true;
	judge_said(judge, conn, SERVER, IPERF_SAID_OCTETS, mark, octets, length, true);
	if (conn->kind_known)
		judge_found(judge, IPERF_BROKEN, rejected && conn->rejected_other ? IPERF_R_5_2_3 : IPERF_R_5_2_1,
			    SERVER, conn, mark, text, length);
	else /* the request may be among what was not told yet */
		judge_accuse(judge, conn, why, IPERF_NEEDS_NOTHING, false, mark, text, length);
}

/* --- whom it answers --------------------------------------------------------------------------------------------- */

static struct iperf_judge_conn *open_control(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	const struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (const struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);

		if (other->kind_known && other->kind == IPERF_TEST_BEGIN && judge_has(other, &conn->cookie) &&
		    !other->server_ended)
			return other;
	}
	return NULL;
}

/* The session runs the test of the request, as does the server: it answers. */
static bool test_runs(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return judge->oracle.state == IPERF_TEST_RUNNING && judge_has(conn, &judge->oracle.cookie);
}

static void serves(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge_held_proven(judge);
	if (!judge->running_event)
		judge->running_event = judge->now.event;
	if (conn->first.event > judge->served_event)
		judge->served_event = conn->first.event;
	conn->request_in_test = true;
	conn->tenure = judge->tenure;
}

/* Its TEST_BEGIN was seen, but the session does not run the test. Has it certainly ended, or was it never taken? */
static void answer_out_of_test(struct iperf_judge *judge, struct iperf_judge_conn *conn,
			       const struct iperf_judge_test *test, const struct iperf_mark *mark)
{
	struct iperf_judge_conn *control = open_control(judge, conn);
	bool other = judge->oracle.state != IPERF_TEST_IDLE && !judge_has(conn, &judge->oracle.cookie);
	bool closed = judge_was(&test->closed) && conn->first.event > test->closed.event;
	bool over = closed || conn->first.ns > test->over_ns;

	if (other && judge_held_surely(judge) && conn->preamble.event >= judge->sure_event)
		judge_found(judge, judge_held_firmly(judge) ? judge_unless_guessed(judge) : IPERF_INCONCLUSIVE,
			    IPERF_R_6_2_1, SERVER, conn, mark, "answered, though the server serves another test");
	else if (control && judge_held_follow(judge, control) && test_runs(judge, conn))
		serves(judge, conn);
	else if (!control && over) {
		conn->answer_blamed = true;
		judge_found(judge, judge_unless_guessed(judge), IPERF_R_9_1_8, SERVER, conn, mark,
			    "answered, though the test with this cookie has ended");
	}
}

static void answer_without_test(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool other = judge->oracle.state != IPERF_TEST_IDLE && !judge_has(conn, &judge->oracle.cookie);
	enum iperf_requirement why = other && judge_held_surely(judge) ? IPERF_R_6_2_1 : IPERF_R_9_1_8;

	if (judge_held_covers(judge, &conn->cookie) && !judge_held_unseen(judge, &conn->cookie)) {
		judge_found(judge, judge_unless_guessed(judge), why, SERVER, conn, mark,
			    "answered, though no test with this cookie was begun");
		return;
	}
	judge_found(
		judge, IPERF_INCONCLUSIVE, why, SERVER, conn, mark,
		"answered; by what was captured no test with this cookie is running, but one may have begun before the "
		"capture, or in what it lacks");
	judge_held_lose(judge, &conn->cookie, conn);
}

static void answer_begins(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	const struct iperf_judge_test *test = judge_past(judge, &conn->cookie);

	iperf_parser_init(&conn->answer, IPERF_GRAMMAR_ANSWER, &conn->cookie);
	judge_server_excuse(conn);
	if (test_runs(judge, conn))
		serves(judge, conn);
	else if (test)
		answer_out_of_test(judge, conn, test, mark);
	else
		answer_without_test(judge, conn, mark);
}

/* --- the octets of an answer ------------------------------------------------------------------------------------- */

static void answer_text(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length)
{
	if (conn->text_length + length > IPERF_RESULT_DATA_MAX ||
	    !judge->config.room(judge->config.user, conn, conn->text_length + length)) {
		judge_assumed(judge, conn, "results response, too long to be kept");
		judge_blind(judge, conn);
		return;
	}
	memcpy(conn->text + conn->text_length, octets, length);
	conn->text_length += length;
}

static void wrong_answer(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 size_t used, const struct iperf_mark *mark)
{
	enum iperf_requirement why = IPERF_R_9_1_3;
	struct iperf_mark at = judge_mark_at(mark, used);
	char expected[120];

	if (conn->complained)
		return;
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

static void answer_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark)
{
	size_t used;

	if (conn->to_client == 0)
		answer_begins(judge, conn, mark);
	if (conn->request_in_test) { /* from the last octet on its end is due */
		judge_server_excuse(conn);
		judge_server_must_close(judge, conn, IPERF_R_9_1_4);
		/* It may wait for the client to read. */
		conn->due_unsure = conn->to_client + length > IPERF_JUDGE_AT_ONCE;
		judge->last_answer = judge->now;
	}
	used = iperf_parser_feed(&conn->answer, octets, length);
	if (conn->answer.status == IPERF_PARSE_DONE && length > used)
		answer_text(judge, conn, octets + used, length - used);
	else if (conn->answer.status == IPERF_PARSE_WRONG)
		wrong_answer(judge, conn, octets, length, used, mark);
}

void judge_answer_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 const struct iperf_mark *mark)
{
	if (length == 0)
		return;
	if (conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST && octets)
		answer_octets(judge, conn, octets, length, mark);
	else
		complain(judge, conn, mark, octets, length);
}

/* --- the end of an answer ---------------------------------------------------------------------------------------- */

/* A test that ends takes its answers with it, and so does a server that is stopped. */
bool judge_answer_may_be_cut(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return !test_runs(judge, conn) || conn->tenure != judge->tenure || conn->to_client > WRITTEN_AT_ONCE;
}

/* The response is complete when the server ends the connection. */
static void answered(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool unsure = judge_answer_may_be_cut(judge, conn);

	if (conn->complained)
		return;
	if (conn->answer.status != IPERF_PARSE_DONE) {
		judge_accuse(judge, conn, conn->server_was_reset && conn->extra ? IPERF_R_9_1_11 : IPERF_R_9_1_3,
			     IPERF_NEEDS_NOTHING, unsure, mark, "the response ends after %u octets",
			     (unsigned)conn->answer.offset);
		return;
	}
	if (conn->server_was_reset && conn->extra)
		judge_accuse(judge, conn, IPERF_R_9_1_11, IPERF_NEEDS_TEST, unsure, mark,
			     "reset after the answer, which the client may not have read by then");
	judge_said_message(judge, conn, SERVER, IPERF_RESULTS_RESPONSE, mark, conn->text, conn->text_length);
	judge_results(judge, conn, mark);
}

static void unanswered(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	/* TEST_BEGIN, perhaps; or it belonged to an earlier test with this cookie */
	bool overtook = !judge->running_event || conn->first.event < judge->running_event;

	if (!test_runs(judge, conn) || overtook || judge_held_other(judge, conn) || judge_server_waited(judge, conn))
		return;
	if (conn->extra)
		judge_accuse(judge, conn, IPERF_R_9_1_11, IPERF_NEEDS_TEST, false, mark,
			     "closed without an answer after octets that followed the request");
	else if (conn->client_ended)
		judge_accuse(judge, conn, IPERF_R_9_1_13, IPERF_NEEDS_TEST, false, mark,
			     "closed without an answer after the client's end-of-file");
	else
		judge_accuse(judge, conn, IPERF_R_9_1_7, IPERF_NEEDS_TEST, false, mark,
			     "closed without an answer while the test was running");
}

void judge_answer_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	if (conn->to_client > 0)
		answered(judge, conn, mark);
	else
		unanswered(judge, conn, mark);
}
