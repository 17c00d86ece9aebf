/* The rules on what clients send after the first message of a connection, and on how they end. */
#include "proto/judge_private.h"

#include <string.h>

#define CLIENT IPERF_TO_SERVER

/* --- control and results connections ----------------------------------------------------------------------------- */

static void test_ends(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_judge_test *test = judge_past(judge, &conn->cookie);

	judge_said_message(judge, conn, CLIENT, IPERF_TEST_END, mark, NULL, 0);
	if (test) {
		test->end = judge->now;
		test->end.mark = *mark;
	}
}

static void after_test_end(struct iperf_judge *judge, struct iperf_judge_conn *conn, size_t length,
			   const struct iperf_mark *mark)
{
	if (length > 0 && !conn->extra)
		judge_found(judge, IPERF_BROKEN, IPERF_R_4_2_2, CLIENT, conn, mark,
			    "%zu octets after IPERF_TEST_END", length);
	conn->extra = conn->extra || length > 0;
}

static void control_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			   size_t length, const struct iperf_mark *mark)
{
	enum iperf_parse_status before = conn->control.status;
	size_t used = iperf_parser_feed(&conn->control, octets, length);
	struct iperf_mark at = judge_mark_at(mark, used);
	char expected[120];

	if (conn->control.status == IPERF_PARSE_DONE) {
		if (before != IPERF_PARSE_DONE)
			test_ends(judge, conn, mark);
		after_test_end(judge, conn, length - used, &at);
	} else if (conn->control.status == IPERF_PARSE_WRONG && before != IPERF_PARSE_WRONG) {
		judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, octets, length, false);
		iperf_parser_expected(&conn->control, expected, sizeof expected);
		judge_found(judge, IPERF_BROKEN,
			    judge_wrong_octet(&conn->control, octets[used], conn->control.offset, IPERF_R_4_2_4,
					      IPERF_R_7_3),
			    CLIENT, conn, &at, "octet %u after IPERF_TEST_BEGIN is 0x%02x, expected %s",
			    (unsigned)conn->control.offset, octets[used], expected);
	}
}

static void after_request(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark)
{
	bool again = length >= 5 && memmem(octets, length, "IPERF", 5) != NULL;

	if (conn->extra || length == 0)
		return;
	conn->extra = true;
	judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, octets, length, false);
	judge_found(judge, IPERF_BROKEN, again ? IPERF_R_9_1_2 : IPERF_R_4_2_2, CLIENT, conn, mark,
		    "%zu octets after IPERF_RESULTS_REQUEST", length);
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

/* What is known of a stream connection outlives it. */
void judge_client_sync(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	struct iperf_judge_stream *extra = conn->stream ? &judge->config.extras[conn->stream - 1] : NULL;

	if (!extra)
		return;
	extra->opened = conn->opened;
	extra->ordinal = conn->ordinal;
	extra->misplaced = conn->misplaced;
	extra->terminated = conn->terminated;
	extra->was_terminated = conn->was_terminated;
	extra->end_message = conn->end_message;
	extra->client_ended = conn->client_ended;
	extra->client_was_reset = conn->client_was_reset;
	extra->client_end = conn->client_end;
	extra->server_ended = conn->server_ended;
	extra->server_end = conn->server_end;
}

static void stream_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark)
{
	bool terminated;

	if ((conn->claimed || conn->claimed_ended) && mark->packet > conn->claimed_at.packet)
		judge_results_claimed(judge, conn);
	iperf_terminator_feed(&conn->after, octets, length);
	terminated = iperf_terminator_state(&conn->after, &conn->cookie) == IPERF_TERMINATED_YES;
	if (terminated) {
		conn->end_message = judge->now;
		conn->end_message.mark = *mark;
		conn->was_terminated = true;
	}
	conn->terminated = terminated;
	conn->last_ns = judge->now.ns;
	judge_client_sync(judge, conn);
}

void judge_client_skip(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length)
{
	iperf_terminator_skip(&conn->after, length);
	conn->terminated = false;
	conn->was_terminated = true; /* perhaps */
	conn->last_ns = judge->now.ns;
	judge_client_sync(judge, conn);
}

void judge_client_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			 size_t length, const struct iperf_mark *mark)
{
	if (conn->kind == IPERF_TEST_BEGIN)
		control_octets(judge, conn, octets, length, mark);
	else if (conn->kind == IPERF_STREAM_BEGIN)
		stream_octets(judge, conn, octets, length, mark);
	else
		after_request(judge, conn, octets, length, mark);
}

void judge_client_stream_began(struct iperf_judge *judge, struct iperf_judge_conn *conn,
			       const struct iperf_stream *stream)
{
	struct iperf_judge_stream *extra = &judge->config.extras[stream->id - 1];

	*extra = (struct iperf_judge_stream){ .conn = conn, .begin = judge->now, .shortest_gap_ns = INT64_MAX };
	if (!conn)
		return;
	conn->stream = stream->id;
	extra->begin = conn->first;
	extra->doubtful = conn->conflict; /* before the session came to know it */
	judge_client_sync(judge, conn);
}

/* Tells the payload of a stream, once, where its end stands. */
void judge_client_tell_payload(struct iperf_judge *judge, struct iperf_judge_stream *extra,
			       const struct iperf_stream *stream, const struct iperf_mark *mark)
{
	struct iperf_said said = {
		.kind = IPERF_SAID_PAYLOAD,
		.direction = CLIENT,
		.conn = extra->conn,
		.client = &stream->client,
		.mark = extra->terminated ? extra->end_message.mark : *mark,
		.length = iperf_stream_bytes(stream, &judge->oracle.cookie),
		.packets = stream->packets,
		.stream = stream->id,
	};

	if (!extra->reported && (said.length > 0 || said.packets > 0))
		judge->config.said(judge->config.user, &said);
	extra->reported = true;
}

/* --- how a TCP stream ended -------------------------------------------------------------------------------------- */

/* A stream whose test ended with TEST_END; by TCP's order all of it may come later. */
struct ended {
	const struct iperf_judge_conn *conn; /* NULL when it is gone */
	const struct iperf_judge_stream *extra;
	enum iperf_terminated state;
	uint64_t total;
	uint32_t id;
	uint16_t port;
	bool near;
	struct iperf_seen over; /* TEST_END */
};

/* Whether the client ended the connection before it sent TEST_END. */
static bool ended_before(const struct ended *e)
{
	return e->extra->client_ended && e->extra->client_end.mark.packet < e->over.mark.packet;
}

/* Whether what it sent before TEST_END must have been seen before that: nothing can have held it up. */
static bool in_time(const struct iperf_judge *judge, const struct ended *e)
{
	bool short_and_near = e->total <= IPERF_JUDGE_AT_ONCE && (e->near || !e->extra->client_ended);

	return ended_before(e) || (short_and_near && !judge->lossy);
}

static void stream_over(struct iperf_judge *judge, const struct ended *e)
{
	const struct iperf_judge_stream *x = e->extra;
	bool server_first = x->server_ended &&
			    (!x->client_ended || x->server_end.mark.packet < x->client_end.mark.packet);
	bool ended = ended_before(e);
	enum iperf_verdict verdict = in_time(judge, e) ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
	const struct iperf_mark *mark = x->client_ended ? &x->client_end.mark : &e->over.mark;

	if (e->state == IPERF_TERMINATED_UNKNOWN)
		judge_assumed(judge, e->conn, "end of a stream");
	else if (server_first || x->doubtful)
		return; /* what the server ended, the client cannot end */
	else if (e->state == IPERF_TERMINATED_NO)
		judge_found(judge, verdict, IPERF_R_8_1_2, CLIENT, e->conn, mark,
			    "stream %u, from port %u, did not end with IPERF_STREAM_END", (unsigned)e->id, e->port);
	else if (!ended || x->client_was_reset)
		judge_found(judge, verdict, IPERF_R_8_1_3, CLIENT, e->conn, ended ? mark : &e->over.mark,
			    "stream %u, from port %u, was %s after IPERF_STREAM_END", (unsigned)e->id, e->port,
			    ended ? "reset, not half-closed," : "not half-closed");
}

/* The end of a stream that was not told before TEST_END, or will not be. */
static void settle_stream(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	struct iperf_judge_stream extra = {
		.client_end = conn->client_end,
		.server_end = conn->server_end,
		.client_ended = conn->client_ended,
		.client_was_reset = conn->client_was_reset,
		.server_ended = conn->server_ended && conn->server_end.mark.packet < conn->over.mark.packet,
		.doubtful = conn->blind || conn->conflict,
	};
	struct ended e = {
		.conn = conn,
		.extra = &extra,
		.state = iperf_terminator_state(&conn->after, &conn->cookie),
		.total = conn->after.total,
		.id = conn->over_id,
		.port = conn->client.port,
		.near = judge_near(judge, &conn->client),
		.over = conn->over,
	};

	if (judge_was(&conn->over))
		stream_over(judge, &e);
	conn->over.event = 0;
}

/* R-8.1-6: the final results were asked for before the server had ended a stream that the client had ended. A client's
 * T_results is its own: one that waited may have waited that long, and its end may have been held up until then. */
static void asked_early(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const struct iperf_seen *asked,
			const struct iperf_seen *half_closed, const struct iperf_seen *end_message, bool held_up)
{
	bool half = half_closed->mark.packet < asked->mark.packet; /* or but STREAM_END was sent by then */
	int64_t ended_ns = half ? half_closed->mark.time_ns : end_message->mark.time_ns;
	int64_t waited = asked->mark.time_ns > ended_ns ? asked->mark.time_ns - ended_ns : 0;
	bool sure = waited < IPERF_JUDGE_MOMENT && !held_up && !judge->lossy && !judge->patchy;

	judge_found(judge, sure ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_8_1_6, CLIENT, conn, &asked->mark,
		    "results were asked for %.3f s after the end of a stream, before the server's end-of-file%s",
		    (double)waited / 1e9, sure ? "" : "; right only if the client's T_results is that short");
}

static bool may_be_held_up(const struct iperf_judge *judge, const struct iperf_endpoint *client, uint64_t total)
{
	return total > IPERF_JUDGE_AT_ONCE || !judge_near(judge, client);
}

static void settle_asked(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (judge_was(&conn->was_asked) && !conn->blind && !conn->conflict &&
	    (!conn->server_ended || conn->server_end.mark.packet > conn->was_asked.mark.packet))
		asked_early(judge, conn, &conn->was_asked, &conn->client_end, &conn->end_message,
			    may_be_held_up(judge, &conn->client, conn->after.total));
	conn->was_asked.event = 0;
}

/* R-9.3-1, R-8.1-6: the final results were asked for after that stream had ended. */
static void check_asked(struct iperf_judge *judge, const struct iperf_judge_test *test, bool unsure, size_t i)
{
	const struct iperf_stream *stream = &judge->config.streams[i];
	const struct iperf_judge_stream *x = &judge->config.extras[i];
	const struct iperf_seen *asked = &test->last_request;
	bool tcp = stream->protocol == IPERF_TCP;
	bool held_up = unsure || may_be_held_up(judge, &stream->client, tcp ? stream->tcp.total : 0);

	if (x->doubtful || !x->terminated)
		return;
	if (x->end_message.mark.packet > asked->mark.packet) {
		judge_found(judge, held_up ? IPERF_INCONCLUSIVE : IPERF_BROKEN, IPERF_R_9_3_1, CLIENT, NULL,
			    &asked->mark, "results were asked for last before stream %zu had ended", i + 1);
		return;
	}
	if (!tcp || !x->client_ended || x->client_was_reset || (x->server_ended && x->server_end.event < asked->event))
		return;
	if (x->conn)
		x->conn->was_asked = *asked; /* the server's end may still be told */
	else
		asked_early(judge, NULL, asked, &x->client_end, &x->end_message, held_up);
}

/* --- the end of a test: what should have been said by now -------------------------------------------------------- */

static void tcp_stream_over(struct iperf_judge *judge, size_t i)
{
	const struct iperf_stream *stream = &judge->config.streams[i];
	const struct iperf_judge_stream *extra = &judge->config.extras[i];
	struct ended e = {
		.conn = extra->conn,
		.extra = extra,
		.state = iperf_terminator_state(&stream->tcp, &judge->oracle.cookie),
		.total = stream->tcp.total,
		.id = stream->id,
		.port = stream->client.port,
		.near = judge_near(judge, &stream->client),
		.over = judge->now,
	};

	if (extra->conn && !(extra->client_ended && extra->server_ended)) {
		extra->conn->over = judge->now; /* the other end, or what is missing, may still be told */
		extra->conn->over_id = stream->id;
	} else {
		stream_over(judge, &e);
	}
}

/* The client sent TEST_END. */
static void whole_test(struct iperf_judge *judge)
{
	const struct iperf_judge_test *test = judge_past(judge, &judge->oracle.cookie);
	enum iperf_verdict verdict = judge_datagram_verdict(judge, &judge->tester);
	/* One more request may have been made, unseen or in vain. */
	bool unsure = verdict != IPERF_BROKEN || judge_held_unseen(judge, &judge->oracle.cookie) ||
		      judge->vain.event > judge->begin.event;

	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		if (judge->config.streams[i].protocol == IPERF_UDP)
			judge_datagram_stream_over(judge, &judge->config.streams[i], &judge->config.extras[i]);
		else
			tcp_stream_over(judge, i);
	}
	if (!test)
		return;
	if (test->requests == 0)
		judge_found(judge, unsure ? IPERF_INCONCLUSIVE : IPERF_BROKEN, IPERF_R_9_3_1, CLIENT, judge->control,
			    &judge->now.mark, "IPERF_TEST_END without a results request before it");
	for (size_t i = 0; test->requests > 0 && i < judge->oracle.stream_count; i++)
		check_asked(judge, test, unsure, i);
	if (judge->datagram_payload && !judge->asked_first)
		judge_found(judge, unsure ? IPERF_INCONCLUSIVE : verdict, IPERF_R_8_4_3, CLIENT, judge->control,
			    &judge->begin.mark, "UDP payload was sent before results were asked for");
}

void judge_client_test_over(struct iperf_judge *judge, enum iperf_release how)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++)
		judge_client_tell_payload(judge, &judge->config.extras[i], &judge->config.streams[i], &judge->now.mark);
	if (how == IPERF_RELEASE_END)
		whole_test(judge);
}

void judge_client_streams_gone(struct iperf_judge *judge)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++)
		if (judge->config.extras[i].conn)
			judge->config.extras[i].conn->stream = 0;
}

/* --- the end of a connection ------------------------------------------------------------------------------------- */

static void tell_stream(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	if (conn->oracle.state != IPERF_CONN_STREAM)
		return;
	judge_client_tell_payload(judge, &judge->config.extras[conn->stream - 1], conn->oracle.stream, mark);
	if (conn->terminated)
		judge_said_message(judge, conn, CLIENT, IPERF_STREAM_END, &conn->end_message.mark, NULL, 0);
}

/* R-6.5-7. Nothing but a reset can tell that the client does not read on (R-6.5-8). */
static void check_half_close(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			     const struct iperf_mark *mark)
{
	int64_t patience = judge_near(judge, &conn->client) ? IPERF_JUDGE_MOMENT : IPERF_JUDGE_GRACE;
	enum iperf_verdict verdict = judge->lossy ? IPERF_INCONCLUSIVE : IPERF_BROKEN;

	if (conn->client_was_reset && !conn->server_ended)
		judge_found(judge, verdict, IPERF_R_6_5_7, CLIENT, conn, mark,
			    "reset instead of half-closed after IPERF_TEST_END");
	else if (conn->server_ended && !conn->client_was_reset && judge_ago(judge, &conn->server_end) > patience)
		judge_found(judge, verdict, IPERF_R_6_5_7, CLIENT, conn, mark,
			    "not half-closed after IPERF_TEST_END until the server had closed");
}

void judge_client_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool control = conn->kind_known && conn->kind == IPERF_TEST_BEGIN;
	bool test_ended = control && conn->control.status == IPERF_PARSE_DONE;

	if (!conn->client_ended)
		tell_stream(judge, conn, mark);
	judge_said(judge, conn, CLIENT, conn->client_was_reset ? IPERF_SAID_RESET : IPERF_SAID_EOF, mark, NULL, 0,
		   conn->client_was_reset || conn == judge->control); /* which it is until TEST_END */
	if (conn->blind || conn->client_ended)
		return;
	if (conn == judge->control && !conn->client_was_reset && conn->control.status == IPERF_PARSE_INCOMPLETE &&
	    conn->control.offset > 0)
		judge_found(
			judge, IPERF_INCONCLUSIVE, IPERF_R_4_2_1, CLIENT, conn, mark,
			"ended after %u octets of IPERF_TEST_END; right only if the client broke off amid writing it",
			(unsigned)conn->control.offset);
	if (test_ended)
		check_half_close(judge, conn, mark);
}

void judge_client_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	bool test_ended =
		conn->kind_known && conn->kind == IPERF_TEST_BEGIN && conn->control.status == IPERF_PARSE_DONE;
	const struct iperf_judge_test *test = conn->cookie_known ? judge_past(judge, &conn->cookie) : NULL;

	if (conn->claimed || conn->claimed_ended)
		judge_results_claimed(judge, conn);
	settle_stream(judge, conn);
	settle_asked(judge, conn);
	if (conn->to_server == 0)
		judge->vain = judge->now;
	if (conn->iperf && !(test && judge_was(&test->end)) &&
	    !(judge->oracle.state != IPERF_TEST_IDLE && judge_has(conn, &judge->oracle.cookie)))
		judge->other_left = judge->now;
	if (test_ended && !conn->client_ended && !conn->blind && conn->server_ended && !conn->server_was_reset &&
	    judge_ago(judge, &conn->server_end) > IPERF_JUDGE_GRACE)
		judge_found(judge, judge->lossy ? IPERF_INCONCLUSIVE : IPERF_BROKEN, IPERF_R_6_5_7, CLIENT, conn,
			    &conn->server_end.mark, "not half-closed after IPERF_TEST_END, nor after the server's end");
}
