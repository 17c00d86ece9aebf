/* The rules on UDP streams. */
#include "proto/judge_private.h"

#include <string.h>

#define CLIENT IPERF_TO_SERVER
#define GAP_TOLERANCE IPERF_MS /* of R-8.4-2: clocks and their resolution */
#define BACKLOG (50 * IPERF_MS) /* datagrams that followed each other closer than this may have waited in a queue */

/* Broken where a capture shows all that the client sent, and in its order; inconclusive where the network, or a capture
 * with holes, may have changed it. */
enum iperf_verdict judge_datagram_verdict(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge_near(judge, client) && !judge->patchy && !judge->lossy && !judge->guessed ? IPERF_BROKEN :
												 IPERF_INCONCLUSIVE;
}

/* --- datagrams of a stream --------------------------------------------------------------------------------------- */

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

/* The gap is the client's own unless both messages waited in a queue of its host, behind payload. */
static void stream_end(struct iperf_judge *judge, const struct iperf_stream *stream, struct iperf_judge_stream *extra)
{
	int64_t gap = judge_ago(judge, &extra->last_end);
	bool queued = !judge_one_host(judge, &stream->client) && judge_was(&judge->last_datagram) &&
		      extra->last_end.ns - judge->last_datagram.ns < BACKLOG;

	if (extra->ends == 0) {
		extra->end_message = judge->now;
		extra->terminated = true;
		judge_client_tell_payload(judge, extra, stream, &judge->now.mark);
	} else if (gap < extra->shortest_gap_ns) {
		extra->shortest_gap_ns = gap;
		extra->gap_queued = queued;
	}
	extra->ends++;
	extra->last_end = judge->now;
}

static void stream_message(struct iperf_judge *judge, const struct iperf_stream *stream, enum iperf_message_kind kind,
			   const struct iperf_mark *mark)
{
	struct iperf_judge_stream *extra = &judge->config.extras[stream->id - 1];

	if (kind == IPERF_STREAM_BEGIN)
		extra->begins++;
	else
		stream_end(judge, stream, extra);
	said_datagram(judge, &stream->client, stream->id, kind, mark);
}

static void stream_payload(struct iperf_judge *judge, const struct iperf_stream *stream, const uint8_t *octets,
			   size_t length, const struct iperf_mark *mark)
{
	const struct iperf_judge_test *test = judge_past(judge, &judge->oracle.cookie);
	struct iperf_parser parser;

	if (!judge->datagram_payload)
		judge->asked_first = test && test->requests > 0;
	judge->datagram_payload = true;
	judge->last_datagram = judge->now;
	if (length > IPERF_MESSAGE_MAX)
		return;
	iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, &judge->oracle.cookie);
	if (iperf_parser_feed(&parser, octets, length) == length && parser.status == IPERF_PARSE_DONE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_3_9, CLIENT, NULL, mark,
			    "a payload datagram from port %u equals %s", stream->client.port,
			    iperf_message_keyword(parser.kind));
}

/* Whether STREAM_BEGIN of streams of the session's test may have been seen before its TEST_BEGIN: then datagrams and
 * connections took different ways to the capture. */
static bool begun_early(const struct iperf_judge *judge)
{
	return judge_was(&judge->early_begin) && judge->early_begin.event < judge->begin.event &&
	       judge->begin.ns - judge->early_begin.ns <= IPERF_JUDGE_GRACE;
}

/* --- other datagrams --------------------------------------------------------------------------------------------- */

/* Whether another client is on that host, or was just now: its datagrams are its own matter. */
static bool host_is_shared(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		const struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, all);

		if ((conn->iperf || conn->opening.status == IPERF_PARSE_INCOMPLETE) &&
		    judge_same_address(&conn->client, client) && !judge_has(conn, &judge->oracle.cookie))
			return true;
	}
	return judge->hidden > 0 || (judge_was(&judge->other_left) && judge_ago(judge, &judge->other_left) <
								      IPERF_JUDGE_GRACE);
}

static bool unsure(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return host_is_shared(judge, client) || judge_datagram_verdict(judge, client) != IPERF_BROKEN;
}

static void no_message(struct iperf_judge *judge, const struct iperf_endpoint *client,
		       const struct iperf_parser *parser, const uint8_t *octets, size_t length, size_t used,
		       const struct iperf_mark *mark)
{
	char expected[120];

	iperf_parser_expected(parser, expected, sizeof expected);
	if (parser->status == IPERF_PARSE_DONE)
		judge_accuse_client(judge, client, IPERF_R_4_2_2, unsure(judge, client), mark,
				    "%zu octets after %s in a datagram from port %u", length - used,
				    iperf_message_keyword(parser->kind), client->port);
	else if (parser->status == IPERF_PARSE_INCOMPLETE)
		judge_accuse_client(judge, client, IPERF_R_4_3_2, unsure(judge, client), mark,
				    "a datagram from port %u ends within a message, expected %s", client->port,
				    expected);
	else
		judge_accuse_client(
			judge, client,
			judge_wrong_octet(parser, octets[used], parser->offset, IPERF_R_4_2_4, IPERF_R_4_2_3),
			unsure(judge, client), mark, "octet %zu of a datagram from port %u is 0x%02x, expected %s",
			used, client->port, octets[used], expected);
}

/* A datagram from a source that has no stream, while a test of that host is running. */
static void unknown_source(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, const struct iperf_mark *mark)
{
	struct iperf_parser parser;
	size_t used;

	iperf_parser_init(&parser, IPERF_GRAMMAR_DATAGRAM, &judge->oracle.cookie);
	used = iperf_parser_feed(&parser, octets, length);
	if (parser.status == IPERF_PARSE_DONE && used == length) {
		if (parser.kind == IPERF_STREAM_END)
			judge_accuse_client(judge, client, IPERF_R_8_1_1, begun_early(judge) || unsure(judge, client),
					    mark, "IPERF_STREAM_END from port %u, where no stream was begun",
					    client->port);
		return;
	}
	if (length > IPERF_COOKIE_LENGTH + 6 && memcmp(octets, judge->oracle.cookie.octets, IPERF_COOKIE_LENGTH) == 0 &&
	    memcmp(octets + IPERF_COOKIE_LENGTH, "IPERF_", 6) == 0) {
		judge_accuse_client(judge, client, IPERF_R_4_2_2, unsure(judge, client), mark,
				    "a preamble before the message in a datagram from port %u", client->port);
		return;
	}
	if (length >= 5 && (memcmp(octets, "IPERF", 5) == 0 || memcmp(octets, "iperf", 5) == 0))
		no_message(judge, client, &parser, octets, length, used, mark);
}

void judge_datagram(struct iperf_judge *judge, const struct iperf_endpoint *client, const uint8_t *octets,
		    size_t length, const struct iperf_stream *stream, const struct iperf_mark *mark)
{
	enum iperf_message_kind kind;
	size_t keyword = iperf_message_length(IPERF_STREAM_BEGIN) - IPERF_COOKIE_LENGTH - 1;

	if (!stream && length == iperf_message_length(IPERF_STREAM_BEGIN) &&
	    memcmp(octets, iperf_message_keyword(IPERF_STREAM_BEGIN), keyword) == 0)
		judge->early_begin = judge->now;
	if (stream && iperf_datagram_parse(octets, length, &judge->oracle.cookie, &kind) == IPERF_PARSE_DONE)
		stream_message(judge, stream, kind, mark);
	else if (stream)
		stream_payload(judge, stream, octets, length, mark);
	else if (judge->oracle.state == IPERF_TEST_RUNNING && judge_same_address(client, &judge->tester) &&
		 judge->oracle.stream_count < judge->config.streams_max)
		unknown_source(judge, client, octets, length, mark);
}

/* --- the end of a test ------------------------------------------------------------------------------------------- */

void judge_datagram_stream_over(struct iperf_judge *judge, const struct iperf_stream *stream,
				const struct iperf_judge_stream *extra)
{
	enum iperf_verdict verdict = judge_datagram_verdict(judge, &stream->client);
	unsigned port = stream->client.port;
	/* Each datagram may stand in the capture twice. */
	bool doubled = extra->begins % 2 == 0 && extra->begins >= 2 * IPERF_STREAM_BEGINS && extra->ends % 2 == 0;

	if (extra->begins < IPERF_STREAM_BEGINS)
		judge_found(judge, begun_early(judge) ? IPERF_INCONCLUSIVE : verdict, IPERF_R_8_4_1, CLIENT, NULL,
			    &extra->begin.mark,
			    "the UDP stream from port %u sent IPERF_STREAM_BEGIN %u times, expected %d", port,
			    extra->begins, IPERF_STREAM_BEGINS);
	if (extra->ends == 0)
		judge_found(judge, verdict, IPERF_R_8_1_2, CLIENT, NULL, &judge->now.mark,
			    "the UDP stream from port %u sent no IPERF_STREAM_END", port);
	else if (extra->ends < IPERF_STREAM_ENDS)
		judge_found(judge, verdict, IPERF_R_8_4_2, CLIENT, NULL, &extra->end_message.mark,
			    "the UDP stream from port %u sent IPERF_STREAM_END %u times, expected %d at least", port,
			    extra->ends, IPERF_STREAM_ENDS);
	if (extra->ends > 1 && extra->shortest_gap_ns < IPERF_STREAM_END_GAP - GAP_TOLERANCE)
		judge_found(judge, extra->gap_queued || doubled ? IPERF_INCONCLUSIVE : verdict, IPERF_R_8_4_2, CLIENT,
			    NULL, &extra->end_message.mark,
			    "the UDP stream from port %u sent IPERF_STREAM_END %.3f ms apart, expected 10 at least%s",
			    port, (double)extra->shortest_gap_ns / 1e6,
			    doubled ? "; right only if each datagram was captured twice" : "");
}
