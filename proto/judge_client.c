/* The rules on clients: what they send, and in which order. */
#include "proto/judge_private.h"

#include <ctype.h>
#include <string.h>

#define CLIENT IPERF_TO_SERVER
#define GAP_TOLERANCE IPERF_MS /* of R-8.4-2: clocks and their resolution */

#define CONN_OF(link)                                                                                                  \
	((struct iperf_judge_conn *)(void *)((char *)(link) - offsetof(struct iperf_judge_conn, all)))

/* Broken where the capture shows what the client sent; inconclusive where the network may have changed it. */
static enum iperf_verdict verdict(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge_near(judge, client) ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
}

static struct iperf_mark mark_at(const struct iperf_mark *mark, size_t octets)
{
	struct iperf_mark at = *mark;

	at.offset += octets;
	return at;
}

/* --- octets that are no message ---------------------------------------------------------------------------------- */

/* Whether the keyword so far, with that octet, begins another message, which is not admitted here. */
static bool other_message(const struct iperf_parser *parser, uint8_t octet, uint32_t at)
{
	for (unsigned kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = iperf_message_keyword((enum iperf_message_kind)kind);

		if (at < strlen(keyword) && memcmp(keyword, parser->head, at) == 0 && (uint8_t)keyword[at] == octet)
			return true;
	}
	return false;
}

/* Which rule an octet breaks that cannot stand where a message is expected; otherwise for none in particular. */
static enum iperf_requirement wrong_octet(const struct iperf_parser *parser, uint8_t octet, uint32_t at,
					  enum iperf_requirement cookie, enum iperf_requirement otherwise)
{
	char expected[8];

	if (iperf_parser_in_cookie(parser))
		return octet == ' ' && at == strlen(iperf_message_keyword(parser->kind)) + 1 ? IPERF_R_4_2_1 : cookie;
	if (at == 0 && (isspace(octet) || octet == '\0'))
		return IPERF_R_4_2_2;
	if (other_message(parser, octet, at))
		return otherwise;
	iperf_parser_expected(parser, expected, sizeof expected); /* "'X' of", or "' ' after" */
	if (expected[1] == ' ')
		return IPERF_R_4_2_1;
	if (tolower(octet) == tolower((unsigned char)expected[1]) || (expected[1] == '_' && octet == ' '))
		return IPERF_R_4_2_3;
	return at > 5 ? IPERF_R_4_2_3 : otherwise; /* it began as a keyword */
}

/* A client that forgot the preamble begins with a keyword; the parser took that for one. */
static bool no_preamble(const struct iperf_judge_conn *conn)
{
	return conn->head_length >= 6 && memcmp(conn->head, "IPERF_", 6) == 0;
}

static void wrong_opening(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint8_t octet,
			  const struct iperf_mark *mark)
{
	uint32_t at = conn->opening.offset - IPERF_COOKIE_LENGTH;
	bool of_test = judge->oracle.state != IPERF_TEST_IDLE && iperf_cookie_equal(&conn->cookie, &judge->oracle.cookie);
	enum iperf_requirement why = wrong_octet(&conn->opening, octet, at, IPERF_R_5_1_3, IPERF_R_5_1_2);
	char expected[160];

	judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, conn->head, conn->head_length, false);
	if (no_preamble(conn)) {
		why = IPERF_R_5_1_1;
	} else if (why == IPERF_R_5_1_2 || why == IPERF_R_4_2_2) {
		if (!of_test && at < 6 && !(why == IPERF_R_4_2_2 && conn->head_length > IPERF_COOKIE_LENGTH + 6))
			return; /* a stranger: no client of this protocol, so it breaks nothing */
		if (!of_test && !memmem(conn->head, conn->head_length, "IPERF_", 6))
			return;
	}
	conn->iperf = judge->iperf = true;
	iperf_parser_expected(&conn->opening, expected, sizeof expected);
	if (why == IPERF_R_5_1_1)
		judge_found(judge, IPERF_BROKEN, why, CLIENT, conn, mark,
			    "the connection begins with a keyword, not with a preamble");
	else
		judge_found(judge, IPERF_BROKEN, why, CLIENT, conn, mark,
			    "octet %u of the first message is 0x%02x, expected %s", (unsigned)at, octet, expected);
}

/* --- the start of a connection ----------------------------------------------------------------------------------- */

static bool same_test(const struct iperf_judge_conn *a, const struct iperf_judge_conn *b)
{
	return a != b && a->cookie_known && b->cookie_known && !a->blind && !b->blind &&
	       iperf_cookie_equal(&a->cookie, &b->cookie) &&
	       memcmp(a->client.address, b->client.address, sizeof a->client.address) == 0;
}

/* R-5.1-7: of two connections, the earlier one's preamble was written before the later one was opened. */
static void check_preambles(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	for (struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		struct iperf_judge_conn *other = CONN_OF(link);
		struct iperf_judge_conn *first = other->opened.packet < conn->opened.packet ? other : conn;
		struct iperf_judge_conn *second = first == other ? conn : other;

		if (same_test(conn, other) && first->preamble.packet > second->opened.packet)
			judge_found(judge, verdict(judge, &conn->client), IPERF_R_5_1_7, CLIENT, second,
				    &second->opened, "opened before the preamble of connection %llu was written",
				    (unsigned long long)first->number);
	}
}

/* R-5.1-8, for a connection of a test that has begun. */
static void check_begun(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			const struct iperf_judge_conn *control)
{
	if (same_test(conn, control) && conn->opened.packet < control->first.packet)
		judge_found(judge, verdict(judge, &conn->client), IPERF_R_5_1_8, CLIENT, conn, &conn->opened,
			    "opened before IPERF_TEST_BEGIN was written");
}

/* R-5.1-7 and R-5.1-8, for streams that came and went before their test began. */
static void check_gone_streams(struct iperf_judge *judge, const struct iperf_judge_conn *control)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		const struct iperf_stream *stream = &judge->config.streams[i];
		const struct iperf_judge_stream *extra = &judge->config.extras[i];

		if (extra->conn || memcmp(stream->client.address, control->client.address,
					  sizeof stream->client.address) != 0)
			continue;
		if (control->opened.packet < extra->opened.packet && control->preamble.packet > extra->opened.packet)
			judge_found(judge, verdict(judge, &stream->client), IPERF_R_5_1_7, CLIENT, NULL, &extra->opened,
				    "opened, from port %u, before the preamble of connection %llu was written",
				    stream->client.port, (unsigned long long)control->number);
		judge_found(judge, verdict(judge, &stream->client), IPERF_R_5_1_8, CLIENT, NULL, &extra->opened,
			    "opened, from port %u, before IPERF_TEST_BEGIN was written", stream->client.port);
	}
}

static void keep_head(struct iperf_judge_conn *conn, const uint8_t *octets, size_t length)
{
	size_t room = sizeof conn->head - conn->head_length;

	if (length > room)
		length = room;
	memcpy(conn->head + conn->head_length, octets, length);
	conn->head_length = (uint8_t)(conn->head_length + length);
}

static void first_message(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	conn->first = *mark;
	conn->kind_known = conn->iperf = judge->iperf = true;
	conn->kind = conn->opening.kind;
	if (conn->kind == IPERF_TEST_BEGIN)
		iperf_parser_init(&conn->control, IPERF_GRAMMAR_CONTROL, &conn->cookie);
	judge_said_message(judge, conn, CLIENT, conn->kind, mark, NULL, 0);
	if (conn->kind == IPERF_RESULTS_REQUEST && judge->control && same_test(conn, judge->control)) {
		judge->requests++;
		judge->last_request = *mark;
	}
}

void judge_client_opening(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark)
{
	size_t used = 0;
	struct iperf_mark at = *mark;

	keep_head(conn, octets, length);
	while (used < length && (conn->opening.status == IPERF_PARSE_INCOMPLETE ||
				 conn->opening.status == IPERF_PARSE_PREAMBLE)) {
		used += iperf_parser_feed(&conn->opening, octets + used, length - used);
		at = mark_at(mark, used);
		if (conn->opening.status == IPERF_PARSE_PREAMBLE) {
			conn->preamble = at;
			conn->cookie = conn->opening.cookie;
			conn->cookie_known = true;
			check_preambles(judge, conn);
			if (judge->control)
				check_begun(judge, conn, judge->control);
		} else if (conn->opening.status == IPERF_PARSE_WRONG) {
			wrong_opening(judge, conn, octets[used], &at);
			return;
		}
	}
	if (conn->opening.status == IPERF_PARSE_DONE && !conn->kind_known) {
		at = *mark; /* the message is where its last octet is */
		first_message(judge, conn, &at);
		if (used < length) {
			at = mark_at(mark, used);
			judge_client_octets(judge, conn, octets + used, length - used, &at);
		}
	}
}

/* --- after the first message ------------------------------------------------------------------------------------- */

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
	struct iperf_mark at = mark_at(mark, used);
	char expected[120];

	if (conn->control.status == IPERF_PARSE_DONE) {
		if (before != IPERF_PARSE_DONE)
			judge_said_message(judge, conn, CLIENT, IPERF_TEST_END, mark, NULL, 0);
		after_test_end(judge, conn, length - used, &at);
	} else if (conn->control.status == IPERF_PARSE_WRONG && before != IPERF_PARSE_WRONG) {
		judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, octets, length, false);
		iperf_parser_expected(&conn->control, expected, sizeof expected);
		judge_found(judge, IPERF_BROKEN,
			    wrong_octet(&conn->control, octets[used], conn->control.offset, IPERF_R_4_2_4, IPERF_R_7_3),
			    CLIENT, conn, &at, "octet %u after IPERF_TEST_BEGIN is 0x%02x, expected %s",
			    (unsigned)conn->control.offset, octets[used], expected);
	}
}

void judge_client_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			 size_t length, const struct iperf_mark *mark)
{
	bool again;

	if (conn->kind == IPERF_TEST_BEGIN) {
		control_octets(judge, conn, octets, length, mark);
	} else if (conn->kind == IPERF_STREAM_BEGIN) {
		judge_stream_octets(judge, conn, octets, length, mark);
	} else if (conn->kind == IPERF_RESULTS_REQUEST && !conn->extra) {
		again = length >= 5 && memmem(octets, length, "IPERF", 5) != NULL;
		conn->extra = true;
		judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, octets, length, false);
		judge_found(judge, IPERF_BROKEN, again ? IPERF_R_9_1_2 : IPERF_R_4_2_2, CLIENT, conn, mark,
			    "%zu octets after IPERF_RESULTS_REQUEST", length);
	}
}

void judge_client_stream_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_judge_stream *extra = &judge->config.extras[conn->stream - 1];

	enum iperf_terminated end = iperf_terminator_state(&conn->oracle.stream->tcp, &judge->oracle.cookie);

	if (end == IPERF_TERMINATED_YES && !extra->end_seen)
		extra->end_message = *mark;
	extra->end_seen = end == IPERF_TERMINATED_YES;
}

/* --- tests and streams ------------------------------------------------------------------------------------------- */

void judge_client_test_began(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	judge->tests++;
	judge->control = conn;
	judge->begin = conn->first;
	judge->tester = conn->client;
	judge->requests = 0;
	judge->answered = judge->asked_first = judge->datagram_payload = false;
	for (size_t i = 0; i < judge->past_count; i++)
		if (iperf_cookie_equal(&judge->past[i], &conn->cookie))
			judge_found(judge, IPERF_BROKEN, IPERF_R_3_3, CLIENT, conn, &conn->preamble,
				    "the cookie is that of an earlier test");
	if (judge->past_count == sizeof judge->past / sizeof *judge->past)
		memmove(judge->past, judge->past + 1, --judge->past_count * sizeof *judge->past);
	judge->past[judge->past_count++] = conn->cookie;
	for (struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next)
		check_begun(judge, CONN_OF(link), conn);
	check_gone_streams(judge, conn);
}

void judge_client_stream_began(struct iperf_judge *judge, struct iperf_judge_conn *conn,
			       const struct iperf_stream *stream)
{
	struct iperf_judge_stream *extra = &judge->config.extras[stream->id - 1];

	*extra = (struct iperf_judge_stream){ .conn = conn, .begin = judge->now, .shortest_gap_ns = INT64_MAX };
	if (!conn)
		return;
	conn->stream = stream->id;
	extra->opened = conn->opened;
}

/* Tells the payload of a stream, once. */
static void tell_payload(struct iperf_judge *judge, struct iperf_judge_stream *extra, const struct iperf_stream *stream,
			 const struct iperf_mark *mark)
{
	struct iperf_said said = {
		.kind = IPERF_SAID_PAYLOAD,
		.direction = CLIENT,
		.conn = extra->conn,
		.client = &stream->client,
		.mark = *mark,
		.length = iperf_stream_bytes(stream, &judge->oracle.cookie),
		.packets = stream->packets,
		.stream = stream->id,
	};

	if (!extra->reported && (said.length > 0 || said.packets > 0))
		judge->config.said(judge->config.user, &said);
	extra->reported = true;
}

void judge_client_ended(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	bool stream = conn->oracle.state == IPERF_CONN_STREAM;
	bool test_ended = conn->kind_known && conn->kind == IPERF_TEST_BEGIN &&
			  conn->control.status == IPERF_PARSE_DONE;

	if (stream) {
		struct iperf_judge_stream *extra = &judge->config.extras[conn->stream - 1];

		tell_payload(judge, extra, conn->oracle.stream, mark);
		if (extra->end_seen)
			judge_said_message(judge, conn, CLIENT, IPERF_STREAM_END, &extra->end_message, NULL, 0);
		extra->client_ended = true;
		extra->client_was_reset = conn->client_was_reset;
		extra->client_end = *mark;
	}
	judge_stream_settle(judge, conn);
	judge_said(judge, conn, CLIENT, conn->client_was_reset ? IPERF_SAID_RESET : IPERF_SAID_EOF, mark, NULL, 0,
		   conn->client_was_reset || (conn == judge->control && !test_ended));
	if (conn == judge->control && !conn->client_was_reset && conn->control.status == IPERF_PARSE_INCOMPLETE &&
	    conn->control.offset > 0)
		judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_4_2_1, CLIENT, conn, mark,
			    "ended after %u octets of IPERF_TEST_END; right only if the client broke off amid writing it",
			    (unsigned)conn->control.offset);
	if (test_ended && ((conn->client_was_reset && !conn->server_ended) ||
			   (conn->server_ended && judge_since(mark, &conn->server_end) > IPERF_JUDGE_RACE)))
		judge_found(judge, IPERF_BROKEN, IPERF_R_6_5_7, CLIENT, conn, mark,
			    conn->client_was_reset ? "reset instead of half-closed after IPERF_TEST_END" :
						     "not half-closed after IPERF_TEST_END until the server had closed");
}

/* --- the end of a test: what should have been said by now -------------------------------------------------------- */

static void tcp_stream_over(struct iperf_judge *judge, const struct iperf_stream *stream,
			    const struct iperf_judge_stream *extra)
{
	const struct judge_stream_end s = {
		.conn = extra->conn,
		.id = stream->id,
		.port = stream->client.port,
		.end = iperf_terminator_state(&stream->tcp, &judge->oracle.cookie),
		.over = judge->now,
		.client_end = extra->client_end,
		.server_end = extra->server_end,
		.client_ended = extra->client_ended,
		.client_was_reset = extra->client_was_reset,
		.server_ended = extra->server_ended,
	};

	judge_stream_over(judge, &s);
}

static void udp_stream_over(struct iperf_judge *judge, const struct iperf_stream *stream,
			    const struct iperf_judge_stream *extra)
{
	enum iperf_verdict v = verdict(judge, &stream->client);
	unsigned port = stream->client.port;

	if (extra->begins < IPERF_STREAM_BEGINS)
		judge_found(judge, v, IPERF_R_8_4_1, CLIENT, NULL, &extra->begin,
			    "the UDP stream from port %u sent IPERF_STREAM_BEGIN %u times, expected %d", port,
			    extra->begins, IPERF_STREAM_BEGINS);
	if (extra->ends == 0)
		judge_found(judge, v, IPERF_R_8_1_2, CLIENT, NULL, &judge->now,
			    "the UDP stream from port %u sent no IPERF_STREAM_END", port);
	else if (extra->ends < IPERF_STREAM_ENDS)
		judge_found(judge, v, IPERF_R_8_4_2, CLIENT, NULL, &extra->end_message,
			    "the UDP stream from port %u sent IPERF_STREAM_END %u times, expected %d at least", port,
			    extra->ends, IPERF_STREAM_ENDS);
	if (extra->spaced >= IPERF_STREAM_ENDS && extra->shortest_gap_ns < GAP_TOLERANCE)
		v = IPERF_INCONCLUSIVE; /* the capture may hold each packet twice */
	if (extra->ends > 1 && extra->shortest_gap_ns < IPERF_STREAM_END_GAP - GAP_TOLERANCE)
		judge_found(judge, v, IPERF_R_8_4_2, CLIENT, NULL, &extra->end_message,
			    "the UDP stream from port %u sent IPERF_STREAM_END %.3f ms apart, expected 10 at least",
			    port, (double)extra->shortest_gap_ns / 1e6);
}

/* R-8.1-6: results were asked for before the server's end of a stream. A client's T_results is its own: one that waited
 * for a while may have waited that long. */
static void asked_early(struct iperf_judge *judge, const struct iperf_judge_conn *conn, const struct iperf_mark *asked,
			const struct iperf_mark *ended)
{
	int64_t waited = judge_since(asked, ended);

	judge_found(judge, waited < IPERF_JUDGE_RACE ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_8_1_6, CLIENT, conn,
		    asked, "results were asked for %.3f s after the end of a stream, before the server's end-of-file%s",
		    (double)waited / 1e9,
		    waited < IPERF_JUDGE_RACE ? "" : "; right only if the client's T_results is that short");
}

void judge_client_asked_early(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (!conn->blind && (!conn->server_ended || conn->server_end.packet > conn->asked.packet))
		asked_early(judge, conn, &conn->asked, &conn->client_end);
	conn->asked.packet = 0;
}

/* R-8.1-6, R-9.3-1: the final results were asked for after everything had ended. */
static void check_request(struct iperf_judge *judge)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		const struct iperf_judge_stream *extra = &judge->config.extras[i];
		bool tcp = judge->config.streams[i].protocol == IPERF_TCP;

		if (extra->end_seen && extra->end_message.packet > judge->last_request.packet) {
			judge_found(judge, IPERF_BROKEN, IPERF_R_9_3_1, CLIENT, NULL, &judge->last_request,
				    "results were asked for last before stream %zu had ended", i + 1);
			return;
		}
		if (tcp && extra->end_seen && extra->client_ended && !extra->client_was_reset &&
		    (!extra->server_ended || extra->server_end.packet > judge->last_request.packet) &&
		    judge_since(&judge->last_request, &extra->client_end) < IPERF_T_RESULTS) {
			if (extra->conn && !extra->server_ended)
				extra->conn->asked = judge->last_request; /* its end may have to be waited for */
			else
				asked_early(judge, extra->conn, &judge->last_request, &extra->client_end);
			return;
		}
	}
}

/* The client has not ended that TCP stream, as far as was told by now. */
static bool is_late(const struct iperf_judge *judge, size_t i)
{
	return judge->config.streams[i].protocol == IPERF_TCP && judge->config.extras[i].conn &&
	       !judge->config.extras[i].client_ended;
}

static void streams_over(struct iperf_judge *judge)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		if (judge->config.streams[i].protocol == IPERF_UDP)
			udp_stream_over(judge, &judge->config.streams[i], &judge->config.extras[i]);
		else if (!is_late(judge, i))
			tcp_stream_over(judge, &judge->config.streams[i], &judge->config.extras[i]);
	}
}

void judge_client_test_over(struct iperf_judge *judge, enum iperf_release how)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++)
		tell_payload(judge, &judge->config.extras[i], &judge->config.streams[i], &judge->now);
	if (how == IPERF_RELEASE_END) {
		streams_over(judge);
		if (judge->requests == 0)
			judge_found(judge, verdict(judge, &judge->tester), IPERF_R_9_3_1, CLIENT, judge->control,
				    &judge->now, "IPERF_TEST_END without a results request before it");
		else
			check_request(judge);
		if (judge->datagram_payload && !judge->asked_first)
			judge_found(judge, verdict(judge, &judge->tester), IPERF_R_8_4_3, CLIENT, judge->control,
				    &judge->begin, "UDP payload was sent before results were asked for");
	}
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		struct iperf_judge_conn *conn = judge->config.extras[i].conn;

		if (is_late(judge, i))
			judge_stream_later(judge, conn, &judge->config.streams[i], how == IPERF_RELEASE_END);
		if (conn)
			conn->stream = 0;
	}
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static void said_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, uint32_t stream,
			  enum iperf_message_kind kind, const struct iperf_mark *mark)
{
	struct iperf_said said = {
		.kind = IPERF_SAID_MESSAGE,
		.direction = CLIENT,
		.client = client,
		.mark = *mark,
		.message = kind,
		.cookie = &judge->oracle.cookie,
		.stream = stream,
	};

	judge->config.said(judge->config.user, &said);
}

static void stream_message(struct iperf_judge *judge, const struct iperf_stream *stream, enum iperf_message_kind kind,
			   const struct iperf_mark *mark)
{
	struct iperf_judge_stream *extra = &judge->config.extras[stream->id - 1];

	if (kind == IPERF_STREAM_BEGIN) {
		extra->begins++;
	} else {
		if (extra->ends == 0)
			tell_payload(judge, extra, stream, mark);
		else if (judge_since(mark, &extra->last_end) < extra->shortest_gap_ns)
			extra->shortest_gap_ns = judge_since(mark, &extra->last_end);
		if (extra->ends == 0 ||
		    judge_since(mark, &extra->last_spaced) >= IPERF_STREAM_END_GAP - GAP_TOLERANCE) {
			extra->spaced++;
			extra->last_spaced = *mark;
		}
		if (extra->ends++ == 0)
			extra->end_message = *mark;
		extra->last_end = *mark;
		extra->end_seen = true;
	}
	said_datagram(judge, &stream->client, stream->id, kind, mark);
}

static void stream_payload(struct iperf_judge *judge, const struct iperf_stream *stream, const uint8_t *octets,
			   size_t length, const struct iperf_mark *mark)
{
	struct iperf_parser parser;

	if (!judge->datagram_payload)
		judge->asked_first = judge->requests > 0;
	judge->datagram_payload = true;
	if (length > IPERF_MESSAGE_MAX)
		return;
	iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, &judge->oracle.cookie);
	if (iperf_parser_feed(&parser, octets, length) == length && parser.status == IPERF_PARSE_DONE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_3_9, CLIENT, NULL, mark,
			    "a payload datagram from port %u equals %s", stream->client.port,
			    iperf_message_keyword(parser.kind));
}

/* A datagram from a source that has no stream, while a test of that host is running. */
static void unknown_source(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, const struct iperf_mark *mark)
{
	struct iperf_parser parser;
	char expected[120];
	size_t used;

	iperf_parser_init(&parser, IPERF_GRAMMAR_DATAGRAM, &judge->oracle.cookie);
	used = iperf_parser_feed(&parser, octets, length);
	if (parser.status == IPERF_PARSE_DONE && used == length) {
		if (parser.kind == IPERF_STREAM_END)
			judge_found(judge, verdict(judge, client), IPERF_R_8_1_1, CLIENT, NULL, mark,
				    "IPERF_STREAM_END from port %u, where no stream was begun", client->port);
		return;
	}
	if (length > IPERF_COOKIE_LENGTH + 6 && memcmp(octets, judge->oracle.cookie.octets, IPERF_COOKIE_LENGTH) == 0 &&
	    memcmp(octets + IPERF_COOKIE_LENGTH, "IPERF_", 6) == 0) {
		judge_found(judge, IPERF_BROKEN, IPERF_R_4_2_2, CLIENT, NULL, mark,
			    "a preamble before the message in a datagram from port %u", client->port);
		return;
	}
	if (length < 5 || (memcmp(octets, "IPERF", 5) != 0 && memcmp(octets, "iperf", 5) != 0))
		return;
	iperf_parser_expected(&parser, expected, sizeof expected);
	if (parser.status == IPERF_PARSE_DONE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_4_2_2, CLIENT, NULL, mark,
			    "%zu octets after %s in a datagram from port %u", length - used,
			    iperf_message_keyword(parser.kind), client->port);
	else if (parser.status == IPERF_PARSE_INCOMPLETE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_4_3_2, CLIENT, NULL, mark,
			    "a datagram from port %u ends within a message, expected %s", client->port, expected);
	else
		judge_found(judge, IPERF_BROKEN,
			    wrong_octet(&parser, octets[used], parser.offset, IPERF_R_4_2_4, IPERF_R_4_2_3), CLIENT,
			    NULL, mark, "octet %zu of a datagram from port %u is 0x%02x, expected %s", used,
			    client->port, octets[used], expected);
}

void judge_client_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, const struct iperf_stream *stream, const struct iperf_mark *mark)
{
	enum iperf_message_kind kind;

	if (stream && iperf_datagram_parse(octets, length, &judge->oracle.cookie, &kind) == IPERF_PARSE_DONE)
		stream_message(judge, stream, kind, mark);
	else if (stream)
		stream_payload(judge, stream, octets, length, mark);
	else if (judge->oracle.state == IPERF_TEST_RUNNING &&
		 memcmp(client->address, judge->tester.address, sizeof client->address) == 0)
		unknown_source(judge, client, octets, length, mark);
}
