#include "proto/judge_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAR (INT64_MAX / 4) /* a timer that never expires */

#define CONN_OF(pointer, field)                                                                                        \
	((struct iperf_judge_conn *)(void *)((char *)(pointer) - offsetof(struct iperf_judge_conn, field)))

/* --- telling ----------------------------------------------------------------------------------------------------- */

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
	judge->config.found(judge->config.user, &finding);
}

void judge_assumed(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const char *what)
{
	if (judge->assumed)
		return;
	judge->assumed = true;
	judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, IPERF_TO_SERVER, conn, &judge->now,
		    "%s: octets that decide were not captured; here and later they are taken for right", what);
}

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

bool judge_near(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge->config.at_client ||
	       memcmp(client->address, judge->config.server.address, sizeof client->address) == 0;
}

/* --- the server session as the measure --------------------------------------------------------------------------- */

void judge_give_up(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (conn->oracle.state != IPERF_CONN_CLOSED)
		iperf_server_reset(&judge->oracle, &conn->oracle, judge->now.time_ns);
}

/* The cookie is released: whose closing by the server will show that it has done so, too? */
static void released(struct iperf_judge *judge, enum iperf_release how)
{
	bool ran = judge->oracle.state == IPERF_TEST_RUNNING;
	struct iperf_judge_conn *shows = how == IPERF_RELEASE_LEFT ? judge->feeding : judge->control;

	if (ran)
		judge_client_test_over(judge, how);
	if (judge->control && (how == IPERF_RELEASE_OCTET || how == IPERF_RELEASE_T_IDLE)) /* rather than R-6.5-4 */
		judge_server_must_close(judge, judge->control,
					how == IPERF_RELEASE_OCTET ? IPERF_R_7_4 : IPERF_R_10_2);
	judge->releasing = shows && !shows->server_ended && !shows->client_was_reset ? shows : NULL;
	if (ran && shows && shows->server_ended)
		judge->idle_known = true;
	judge->control = NULL;
	judge->answered = false;
}

static void oracle_decides(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	struct iperf_judge *judge = user;
	struct iperf_judge_conn *conn = decision->conn ? CONN_OF(decision->conn, oracle) : NULL;

	(void)server;
	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
		conn->ambiguous = judge->releasing != NULL; /* the server may still hold the last cookie */
		break;
	case IPERF_DECIDE_ACCEPT:
		conn->ambiguous = judge->feeding && judge->releasing != NULL;
		break;
	case IPERF_DECIDE_BEGIN:
		judge_client_test_began(judge, conn);
		break;
	case IPERF_DECIDE_STREAM:
		judge_client_stream_began(judge, conn, decision->stream);
		break;
	case IPERF_DECIDE_RESPOND:
		conn->request_in_test = true;
		conn->test = judge->tests;
		judge_server_must_answer(judge, conn);
		break;
	case IPERF_DECIDE_RELEASE:
		released(judge, decision->release);
		break;
	case IPERF_DECIDE_REJECT:
		conn->rejected_other = decision->why == IPERF_R_6_2_2;
		if (decision->why == IPERF_R_6_2_4)
			judge_found(judge, IPERF_BROKEN, IPERF_R_7_2, IPERF_TO_SERVER, conn, &conn->first,
				    "a second control connection in the running test");
		judge_server_must_close(judge, conn, decision->why);
		break;
	case IPERF_DECIDE_CLOSE:
		judge_server_must_close(judge, conn, decision->why);
		break;
	}
}

void iperf_judge_init(struct iperf_judge *judge, const struct iperf_judge_config *config)
{
	struct iperf_server_config server;

	memset(judge, 0, sizeof *judge);
	judge->config = *config;
	judge->due.next = judge->due.prev = &judge->due;
	judge->all.next = judge->all.prev = &judge->all;
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

static void now(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	judge->now = *mark;
	judge->feeding = conn;
	iperf_server_timer(&judge->oracle, mark->time_ns);
	judge_server_check_due(judge);
}

void iperf_judge_opened(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_endpoint *client,
			bool start_seen, const struct iperf_mark *mark)
{
	now(judge, conn, mark);
	judge->conns++;
	conn->client = *client;
	conn->opened = *mark;
	conn->must_close = IPERF_R_NONE;
	conn->all.prev = judge->all.prev;
	conn->all.next = &judge->all;
	judge->all.prev->next = &conn->all;
	judge->all.prev = &conn->all;
	iperf_parser_init(&conn->opening, IPERF_GRAMMAR_CONNECTION, NULL);
	iperf_server_connected(&judge->oracle, &conn->oracle, client, mark->time_ns);
	if (!start_seen) {
		conn->blind = judge->start_unknown = true;
		judge_give_up(judge, conn);
	}
}

void iperf_judge_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	now(judge, conn, mark);
	if (direction == IPERF_TO_CLIENT) {
		judge_server_octets(judge, conn, octets, length, mark);
		conn->to_client += length;
		return;
	}
	if (!conn->blind) {
		/* The client's words first, so that what the server session decides is told after them. */
		if (!conn->kind_known)
			judge_client_opening(judge, conn, octets, length, mark);
		else
			judge_client_octets(judge, conn, octets, length, mark);
		iperf_server_octets(&judge->oracle, &conn->oracle, octets, length, mark->time_ns);
		if (conn->oracle.state == IPERF_CONN_STREAM)
			judge_client_stream_octets(judge, conn, mark);
	}
	conn->to_server += length;
}

/* Octets of a cookie that were not captured are taken from the cookie that the rest agrees with. */
static bool fill_in(const struct iperf_judge *judge, const struct iperf_judge_conn *conn, uint8_t *octet)
{
	const struct iperf_parser *parser = conn->kind_known ? &conn->control : &conn->opening;
	uint32_t at = parser->offset;

	if (!conn->kind_known && at < IPERF_COOKIE_LENGTH) {
		bool held = judge->oracle.state != IPERF_TEST_IDLE &&
			    memcmp(judge->oracle.cookie.octets, parser->cookie.octets, at) == 0;

		*octet = held ? judge->oracle.cookie.octets[at] : 0;
		return at >= IPERF_COOKIE_LENGTH / 2;
	}
	if (!iperf_parser_in_cookie(parser))
		return false;
	*octet = parser->cookie.octets[parser->cookie_at];
	return true;
}

static void unseen_opening(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length,
			   const struct iperf_mark *mark)
{
	struct iperf_mark at = *mark;
	uint8_t octet;

	for (uint64_t i = 0; i < length; i++, at.offset++) {
		if (conn->blind || (conn->kind_known && conn->kind != IPERF_TEST_BEGIN))
			return;
		if (!fill_in(judge, conn, &octet)) {
			conn->blind = true;
			judge_give_up(judge, conn);
			return;
		}
		iperf_judge_octets(judge, conn, IPERF_TO_SERVER, &octet, 1, &at);
	}
}

static void unseen_to_server(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length, bool missing,
			     const struct iperf_mark *mark)
{
	struct iperf_stream *stream = conn->oracle.state == IPERF_CONN_STREAM ? conn->oracle.stream : NULL;

	if (stream) {
		iperf_terminator_skip(&stream->tcp, length);
		stream->last_ns = mark->time_ns;
		judge->oracle.arrival_ns = mark->time_ns;
	} else if (conn->kind_known && conn->kind == IPERF_STREAM_BEGIN) {
		judge_stream_skip(conn, length);
	} else if (!conn->kind_known || (conn->kind == IPERF_TEST_BEGIN && conn->control.status != IPERF_PARSE_DONE)) {
		judge_assumed(judge, conn, conn->kind_known ? "control connection" : "start of a connection");
		if (!missing) {
			unseen_opening(judge, conn, length, mark);
		} else {
			conn->blind = true;
			judge_give_up(judge, conn);
		}
	}
}

void iperf_judge_unseen(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			uint64_t length, bool missing, const struct iperf_mark *mark)
{
	uint64_t before = conn->to_server;
	bool blind = conn->blind;

	conn->blind = blind || direction == IPERF_TO_CLIENT; /* first of all: what was due may be what is missing */
	now(judge, conn, mark);
	conn->blind = blind;
	if (direction == IPERF_TO_SERVER) {
		if (!conn->blind)
			unseen_to_server(judge, conn, length, missing, mark);
		conn->to_server = before + length;
		return;
	}
	if (!conn->blind && conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST)
		judge_assumed(judge, conn, "results response");
	else if (!conn->blind && !(missing && length == 1)) /* one may be a FIN that the capture lacks */
		judge_server_octets(judge, conn, NULL, (size_t)length, mark);
	conn->blind = true;
	conn->to_client += length;
}

void iperf_judge_eof(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		     const struct iperf_mark *mark)
{
	now(judge, conn, mark);
	if (direction == IPERF_TO_CLIENT) {
		judge_server_ended(judge, conn, mark);
		conn->server_ended = true;
		if (conn->asked.packet)
			judge_client_asked_early(judge, conn);
		return;
	}
	conn->client_ended = true;
	conn->client_end = *mark;
	judge_client_ended(judge, conn, mark);
	iperf_server_eof(&judge->oracle, &conn->oracle, mark->time_ns);
}

void iperf_judge_reset(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
		       bool established, const struct iperf_mark *mark)
{
	now(judge, conn, mark);
	if (!established && direction == IPERF_TO_CLIENT) {
		judge_said(judge, conn, direction, IPERF_SAID_REFUSED, mark, NULL, 0, true);
		conn->server_ended = true;
		judge_give_up(judge, conn);
		return;
	}
	if (direction == IPERF_TO_CLIENT) {
		conn->server_was_reset = true;
		judge_server_ended(judge, conn, mark);
		conn->server_ended = true;
		if (conn->asked.packet)
			judge_client_asked_early(judge, conn);
		return;
	}
	conn->client_ended = conn->client_was_reset = true;
	conn->client_end = *mark;
	judge_client_ended(judge, conn, mark);
	judge_give_up(judge, conn);
}

void iperf_judge_conflict(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			  const struct iperf_mark *mark)
{
	now(judge, conn, mark);
	if (conn->conflict)
		return;
	conn->conflict = true;
	judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, direction, conn, mark,
		    "octets were sent again with another content: which of them were read cannot be known");
}

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

void iperf_judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, enum iperf_direction direction,
			  const uint8_t *octets, size_t captured, size_t length, const struct iperf_mark *mark)
{
	uint8_t whole[IPERF_MESSAGE_MAX] = { 0 };
	const struct iperf_stream *stream;

	now(judge, NULL, mark);
	if (direction == IPERF_TO_CLIENT) {
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_3_8, direction, NULL, mark,
			    "the server sent a datagram of %zu octets", length);
		return;
	}
	if (captured < length && length <= sizeof whole) {
		if (!whole_message(judge, octets, captured, length, whole))
			memset(whole, 0, sizeof whole); /* payload: no message begins so */
		octets = whole;
		captured = length;
	}
	iperf_server_datagram(&judge->oracle, client, octets, length, mark->time_ns);
	stream = iperf_server_find(&judge->oracle, client);
	judge_client_datagram(judge, client, octets, captured, stream, mark);
}

void iperf_judge_forget(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge->feeding = conn;
	judge_stream_settle(judge, conn);
	judge_server_forget(judge, conn);
	judge_give_up(judge, conn);
	judge_server_forget(judge, conn); /* giving up may have asked for its closing */
	if (judge->control == conn)
		judge->control = NULL;
	if (judge->releasing == conn)
		judge->releasing = NULL;
	if (conn->stream && conn->stream <= judge->config.streams_max && judge->config.extras[conn->stream - 1].conn == conn)
		judge->config.extras[conn->stream - 1].conn = NULL;
	conn->all.prev->next = conn->all.next;
	conn->all.next->prev = conn->all.prev;
	judge->feeding = NULL;
}

void iperf_judge_finish(struct iperf_judge *judge, const struct iperf_mark *mark)
{
	now(judge, NULL, mark);
	judge->finished = true;
}
