/* What the capture lacks: octets that it cut off, packets that are missing, octets that were sent again, not alike. */
#include "proto/judge_private.h"

#include <string.h>

/* The cookie of a connection whose preamble began in the same way. */
static const struct iperf_cookie *cookie_like(const struct iperf_judge *judge, const uint8_t *octets, size_t length)
{
	for (const struct iperf_link *link = judge->all.next; link != &judge->all; link = link->next) {
		const struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, all);

		if (conn->cookie_known && memcmp(conn->cookie.octets, octets, length) == 0)
			return &conn->cookie;
	}
	return NULL;
}

/* Octets of a cookie that were not captured are taken from the cookie that the rest agrees with. */
static bool fill_in(const struct iperf_judge *judge, const struct iperf_judge_conn *conn, uint8_t *octet)
{
	const struct iperf_parser *parser = conn->kind_known ? &conn->control : &conn->opening;
	uint32_t at = parser->offset;

	if (!conn->kind_known && at < IPERF_COOKIE_LENGTH) {
		const struct iperf_cookie *like = at < IPERF_COOKIE_LENGTH / 2 ?
							  NULL : cookie_like(judge, parser->cookie.octets, at);

		*octet = like ? like->octets[at] : 0;
		return at >= IPERF_COOKIE_LENGTH / 2;
	}
	if (!iperf_parser_in_cookie(parser))
		return false;
	*octet = parser->cookie.octets[parser->cookie_at];
	return true;
}

/* missing: even how many there are is not certain. */
static void skip_payload(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length, bool missing)
{
	judge_client_skip(judge, conn, length);
	if (conn->oracle.state == IPERF_CONN_STREAM) {
		iperf_terminator_skip(&conn->oracle.stream->tcp, length);
		conn->oracle.stream->last_ns = judge->now.ns;
	}
	if (missing && conn->stream)
		judge->config.extras[conn->stream - 1].doubtful = true;
}

/* Octets of an opening, or of a control connection, that the capture cut off. */
static void guess(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length,
		  const struct iperf_mark *mark)
{
	struct iperf_mark at = *mark;
	uint8_t octet;

	judge->guessed = true;
	for (uint64_t i = 0; i < length && !conn->blind; i++, at.offset++) {
		if (conn->kind_known && conn->kind == IPERF_STREAM_BEGIN)
			skip_payload(judge, conn, length - i, false);
		if (conn->kind_known && (conn->kind != IPERF_TEST_BEGIN || conn->control.status == IPERF_PARSE_DONE))
			return;
		if (fill_in(judge, conn, &octet))
			judge_take_octets(judge, conn, &octet, 1, &at);
		else
			judge_blind(judge, conn);
	}
}

static void unseen_to_server(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint64_t length, bool missing,
			     const struct iperf_mark *mark)
{
	if (conn->kind_known && conn->kind == IPERF_STREAM_BEGIN) {
		skip_payload(judge, conn, length, missing);
	} else if (!conn->kind_known || (conn->kind == IPERF_TEST_BEGIN && conn->control.status != IPERF_PARSE_DONE)) {
		judge_assumed(judge, conn, conn->kind_known ? "control connection" : "start of a connection");
		if (missing)
			judge_blind(judge, conn);
		else
			guess(judge, conn, length, mark);
	}
}

void iperf_judge_unseen(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			uint64_t length, bool missing, const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	judge->lossy = judge->lossy || missing;
	if (direction == IPERF_TO_SERVER) {
		if (!conn->blind)
			unseen_to_server(judge, conn, length, missing, mark);
		judge_arrived_on(judge, conn);
		conn->to_server += length;
		return;
	}
	if (!conn->blind && conn->kind_known && conn->kind == IPERF_RESULTS_REQUEST)
		judge_assumed(judge, conn, "results response");
	else if (!conn->blind && !missing && !conn->client_was_reset)
		judge_answer_octets(judge, conn, NULL, (size_t)length, mark);
	judge_blind(judge, conn); /* one that is missing may have been a FIN */
	conn->to_client += length;
}

void iperf_judge_conflict(struct iperf_judge *judge, struct iperf_judge_conn *conn, enum iperf_direction direction,
			  const struct iperf_mark *mark)
{
	judge_now(judge, conn, mark);
	if (!conn->conflict)
		judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, direction, conn, mark,
			    "octets were sent again with another content: which of them were read cannot be known");
	conn->conflict = true;
	if (conn->kind_known && conn->kind == IPERF_STREAM_BEGIN && direction == IPERF_TO_SERVER) {
		if (conn->stream)
			judge->config.extras[conn->stream - 1].doubtful = true;
		return;
	}
	judge_blind(judge, conn);
}
