/* TCP streams: how they ended.
 *
 * A capture that lacks packets is waited for by its reader, so that octets of a stream, and its end, may be told when
 * events of other connections that came after them were told already. Their marks say when they came. So what cannot be
 * decided by what was told so far is decided when the connection has ended. */
#include "proto/judge_private.h"

#include "proto/limits.h"

#define CLIENT IPERF_TO_SERVER

void judge_stream_over(struct iperf_judge *judge, const struct judge_stream_end *s)
{
	const struct iperf_mark *mark = s->client_ended ? &s->client_end : &s->over;
	bool server_first = s->server_ended && (!s->client_ended || s->server_end.packet < s->client_end.packet);

	if (s->end == IPERF_TERMINATED_UNKNOWN)
		judge_assumed(judge, s->conn, "end of a stream");
	else if (server_first)
		judge_found(judge, s->id > IPERF_STREAMS_MAX ? IPERF_INCONCLUSIVE : IPERF_BROKEN, IPERF_R_8_1_4,
			    IPERF_TO_CLIENT, s->conn, &s->server_end,
			    "the server ended the connection of stream %u, from port %u, before the client did",
			    (unsigned)s->id, s->port);
	else if (s->end == IPERF_TERMINATED_NO)
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_1_2, CLIENT, s->conn, mark,
			    "stream %u, from port %u, did not end with IPERF_STREAM_END", (unsigned)s->id, s->port);
	else if (!s->client_ended || s->client_was_reset)
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_1_3, CLIENT, s->conn, mark,
			    "stream %u, from port %u, was %s after IPERF_STREAM_END", (unsigned)s->id, s->port,
			    s->client_ended ? "reset, not half-closed," : "not half-closed");
}

void judge_stream_later(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_stream *stream,
			bool whole)
{
	conn->late = stream->tcp;
	conn->late_id = stream->id;
	conn->late_whole = whole;
	conn->test_over = judge->now;
}

/* --- octets that a server counted before they were told ---------------------------------------------------------- */

static uint64_t total(const struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	return conn->late_id ? conn->late.total : conn->stream ? judge->config.streams[conn->stream - 1].tcp.total : 0;
}

static void check_claim(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (conn->claimed > total(judge, conn))
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_2_5, IPERF_TO_CLIENT, conn, &conn->claimed_at,
			    "stream from port %u: %llu octets of payload, but only %llu were sent by then",
			    conn->client.port, (unsigned long long)conn->claimed,
			    (unsigned long long)total(judge, conn));
	conn->claimed = 0;
}

void judge_stream_claimed(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t bytes,
			  const struct iperf_mark *mark)
{
	if (conn->claimed || bytes <= total(judge, conn))
		return;
	conn->claimed = bytes;
	conn->claimed_at = *mark;
}

/* --- what is told of a stream ------------------------------------------------------------------------------------ */

void judge_stream_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets, size_t length,
			 const struct iperf_mark *mark)
{
	if (mark->packet > conn->claimed_at.packet)
		check_claim(judge, conn);
	if (conn->late_id)
		iperf_terminator_feed(&conn->late, octets, length);
}

void judge_stream_skip(struct iperf_judge_conn *conn, uint64_t length)
{
	if (conn->late_id)
		iperf_terminator_skip(&conn->late, length);
}

void judge_stream_settle(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	struct judge_stream_end s = {
		.conn = conn,
		.id = conn->late_id,
		.port = conn->client.port,
		.end = iperf_terminator_state(&conn->late, &conn->cookie),
		.over = conn->test_over,
		.client_end = conn->client_end,
		.server_end = conn->server_end,
		.client_ended = conn->client_ended && conn->client_end.packet <= conn->test_over.packet,
		.client_was_reset = conn->client_was_reset,
		.server_ended = conn->server_ended && conn->server_end.packet <= conn->test_over.packet,
	};

	check_claim(judge, conn);
	conn->late_id = 0;
	if (s.id && conn->late_whole && !conn->blind)
		judge_stream_over(judge, &s);
}
