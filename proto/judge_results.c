/* Result data beside what was seen. */
#include "proto/judge_private.h"

#define SERVER IPERF_TO_CLIENT

/* A server reads late, and its clock is not the capture's. */
static double tolerance(double seconds)
{
	return (double)IPERF_JUDGE_GRACE / 1e9 + seconds / 100;
}

static bool is_of(const struct iperf_stream *stream, const struct iperf_stream_result *listed)
{
	return stream->protocol == listed->protocol && stream->client.port == listed->client_port;
}

/* A stream as it was seen, for a listed one; NULL when there is none, or several. *index is its place. */
static const struct iperf_stream *seen_stream(const struct iperf_judge *judge, const struct iperf_stream_result *listed,
					      size_t *index, bool *several)
{
	const struct iperf_stream *found = NULL;

	*several = false;
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		if (!is_of(&judge->config.streams[i], listed))
			continue;
		*several = found != NULL;
		found = &judge->config.streams[i];
		*index = i;
	}
	return *several ? NULL : found;
}

/* The server had read the whole stream before the request came: it had closed it, and not before the client. */
static bool settled(const struct iperf_judge_conn *conn, const struct iperf_judge_stream *extra)
{
	return extra->client_ended && !extra->client_was_reset && extra->server_ended && !extra->doubtful &&
	       extra->server_end.event < conn->first.event;
}

/* --- TCP --------------------------------------------------------------------------------------------------------- */

static void too_many_octets(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			    const struct iperf_mark *mark, unsigned port, uint64_t listed, uint64_t total)
{
	judge_found(judge, judge_unless_guessed(judge), IPERF_R_8_2_5, SERVER, conn, mark,
		    "stream from port %u: %llu octets of payload, but only %llu were sent by then", port,
		    (unsigned long long)listed, (unsigned long long)total);
}

static void complete_too_early(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			       const struct iperf_mark *mark, unsigned port)
{
	if (judge_unless_guessed(judge) == IPERF_BROKEN && !judge->patchy)
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_2_1, SERVER, conn, mark, "stream from port %u is listed as "
			    "complete, but by then no IPERF_STREAM_END was sent on it", port);
}

/* All was told of that stream that was seen before the claim. */
void judge_results_claimed(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (conn->claimed > conn->after.total && !conn->blind && !conn->conflict)
		too_many_octets(judge, conn, &conn->claimed_at, conn->client.port, conn->claimed, conn->after.total);
	if (conn->claimed_ended && !conn->was_terminated && !conn->blind && !conn->conflict)
		complete_too_early(judge, conn, &conn->claimed_at, conn->client.port);
	conn->claimed = 0;
	conn->claimed_ended = false;
}

/* The stream was not over, or the server may not have known that it was. */
static void compare_open(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			 const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			 const struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	bool more = listed->bytes > seen->tcp.total, ended = listed->complete && !extra->was_terminated;

	if (extra->conn && (more || ended) && !extra->conn->claimed && !extra->conn->claimed_ended) {
		extra->conn->claimed = more ? listed->bytes : 0;
		extra->conn->claimed_ended = ended;
		extra->conn->claimed_at = *mark;
	}
	if (!extra->conn && more)
		too_many_octets(judge, conn, mark, listed->client_port, listed->bytes, seen->tcp.total);
	if (!extra->conn && ended)
		complete_too_early(judge, conn, mark, listed->client_port);
}

static void compare_ended(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			  const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			  const struct iperf_mark *mark)
{
	enum iperf_terminated end = iperf_terminator_state(&seen->tcp, &judge->oracle.cookie);
	enum iperf_verdict verdict = judge_unless_guessed(judge);
	uint64_t expected = seen->tcp.total;
	unsigned id = listed->id;

	if (end == IPERF_TERMINATED_UNKNOWN)
		end = listed->complete ? IPERF_TERMINATED_YES : IPERF_TERMINATED_NO;
	if (end == IPERF_TERMINATED_YES)
		expected -= IPERF_TERMINATOR_LENGTH;
	if (listed->complete != (end == IPERF_TERMINATED_YES))
		judge_found(judge, verdict, listed->complete ? IPERF_R_8_2_6 : IPERF_R_8_2_1, SERVER, conn, mark,
			    "stream %u is listed as %s, but its octets %s with IPERF_STREAM_END", id,
			    listed->complete ? "complete" : "not complete", listed->complete ? "do not end" : "end");
	if (listed->bytes != expected)
		judge_found(judge, verdict, IPERF_R_8_2_5, SERVER, conn, mark,
			    "stream %u: %llu octets of payload, expected %llu", id, (unsigned long long)listed->bytes,
			    (unsigned long long)expected);
}

/* --- UDP --------------------------------------------------------------------------------------------------------- */

static void compare_count(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			  const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			  const struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	uint64_t more = listed->bytes - seen->payload_octets;
	uint64_t more_packets = listed->packets - seen->packets;
	bool messages = listed->packets > seen->packets && more_packets <= extra->begins + extra->ends &&
			more >= more_packets * iperf_message_length(IPERF_STREAM_END) &&
			more <= more_packets * iperf_message_length(IPERF_STREAM_BEGIN);

	if (messages)
		judge_found(judge, judge_datagram_verdict(judge, &seen->client), IPERF_R_8_3_4, SERVER, conn, mark,
			    "stream %u: %llu octets in %llu datagrams, expected %llu in %llu: messages were counted",
			    (unsigned)listed->id, (unsigned long long)listed->bytes,
			    (unsigned long long)listed->packets, (unsigned long long)seen->payload_octets,
			    (unsigned long long)seen->packets);
	else
		judge_found(
			judge, IPERF_INCONCLUSIVE, IPERF_R_9_2_3, SERVER, conn, mark,
			"stream %u: %llu octets, but %llu were captured: the capture lacks datagrams, or the server "
			"counts wrong",
			(unsigned)listed->id, (unsigned long long)listed->bytes,
			(unsigned long long)seen->payload_octets);
	judge->lossy = judge->lossy || !messages;
}

/* Datagrams may be lost after the capture, so fewer are right. More are wrong when they are just the messages. */
static void compare_udp(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			const struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	enum iperf_verdict verdict = judge_datagram_verdict(judge, &seen->client);

	if (listed->complete && extra->ends == 0)
		judge_found(judge, verdict, IPERF_R_8_3_2, SERVER, conn, mark,
			    "stream %u is listed as complete, but no IPERF_STREAM_END was sent", (unsigned)listed->id);
	if (listed->bytes > seen->payload_octets)
		compare_count(judge, conn, listed, seen, extra, mark);
	else if (listed->bytes == seen->payload_octets && listed->packets > seen->packets)
		judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_9_2_5, SERVER, conn, mark,
			    "stream %u: %llu datagrams, but %llu were captured, with as many octets: taken where "
			    "segmentation is left to the device, a capture shows several datagrams as one",
			    (unsigned)listed->id, (unsigned long long)listed->packets,
			    (unsigned long long)seen->packets);
}

/* --- both -------------------------------------------------------------------------------------------------------- */

static void compare_seconds(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			    const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			    const struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	double most = (double)(judge->now.ns - extra->begin.ns) / 1e9;
	double least = settled(conn, extra) && seen->protocol == IPERF_TCP ?
			       (double)(seen->last_ns - extra->begin.ns) / 1e9 : 0;

	if (judge->patchy)
		return;
	if (listed->seconds > most + tolerance(most))
		judge_found(judge, judge_unless_guessed(judge), IPERF_R_9_2_7, SERVER, conn, mark,
			    "stream %u: %g seconds, but only %.3f have passed since its IPERF_STREAM_BEGIN",
			    (unsigned)listed->id, listed->seconds, most);
	else if (listed->seconds < least - tolerance(least))
		judge_found(judge, judge_unless_guessed(judge), IPERF_R_9_2_7, SERVER, conn, mark,
			    "stream %u: %g seconds, but its last octet came %.3f after its IPERF_STREAM_BEGIN",
			    (unsigned)listed->id, listed->seconds, least);
}

/* A stream is listed of which nothing was seen. A capture may lack all datagrams, or the start of a connection; and a
 * translator of addresses changes ports. */
static void unknown_stream(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			   const struct iperf_stream_result *listed, const struct iperf_mark *mark)
{
	bool sure = listed->protocol == IPERF_TCP && judge_one_host(judge, &conn->client) && !judge->patchy &&
		    !judge_held_unseen(judge, &conn->cookie);

	judge_found(judge, sure ? judge_unless_guessed(judge) : IPERF_INCONCLUSIVE, IPERF_R_9_2_3, SERVER, conn, mark,
		    "stream %u is listed with port %u, where none of this test was captured", (unsigned)listed->id,
		    listed->client_port);
}

static void compare(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
		    const struct iperf_stream_result *listed, const struct iperf_mark *mark)
{
	size_t i = 0;
	bool several;
	const struct iperf_stream *seen = seen_stream(judge, listed, &i, &several);
	const struct iperf_judge_stream *extra = &judge->config.extras[i];

	if (!seen && !several)
		unknown_stream(judge, conn, listed, mark);
	if (!seen || extra->doubtful)
		return;
	if (listed->protocol == IPERF_UDP)
		compare_udp(judge, conn, listed, seen, extra, mark);
	else if (settled(conn, extra))
		compare_ended(judge, conn, listed, seen, mark);
	else
		compare_open(judge, conn, listed, seen, extra, mark);
	compare_seconds(judge, conn, listed, seen, extra, mark);
}

/* Whether the server's bound on streams, which is not known, may have kept a stream off the list: none was begun after
 * it that is listed. */
static bool may_be_too_many(const struct iperf_judge *judge, const struct iperf_results *results, size_t unlisted)
{
	const struct iperf_judge_stream *extra = &judge->config.extras[unlisted];

	if (results->count == 0 || (judge->config.streams_bound && results->count < judge->config.streams_bound))
		return false;
	for (size_t i = 0; i < judge->oracle.stream_count; i++)
		for (size_t k = 0; k < results->count; k++)
			if (is_of(&judge->config.streams[i], &results->streams[k]) &&
			    judge->config.extras[i].begin.ns > extra->begin.ns + IPERF_JUDGE_GRACE)
				return false;
	return true;
}

/* TCP streams that the server had closed before the request are in the list, or were forgotten. */
static void check_listed(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			 const struct iperf_results *results, const struct iperf_mark *mark)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		const struct iperf_stream *seen = &judge->config.streams[i];
		bool listed = false, sure;

		for (size_t k = 0; k < results->count && !listed; k++)
			listed = is_of(seen, &results->streams[k]);
		if (listed || seen->protocol != IPERF_TCP || !settled(conn, &judge->config.extras[i]) || judge->patchy)
			continue;
		sure = judge_one_host(judge, &conn->client) && !may_be_too_many(judge, results, i);
		judge_found(judge, sure ? judge_unless_guessed(judge) : IPERF_INCONCLUSIVE, IPERF_R_9_2_2, SERVER, conn,
			    mark, "the stream from port %u has ended, and is not listed", seen->client.port);
	}
}

static bool is_object(const struct iperf_judge_conn *conn)
{
	return conn->text_length > 0 && conn->text[0] == '{' && conn->text[conn->text_length - 1] == '}';
}

static void malformed(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
		      const struct iperf_results_error *error, const struct iperf_mark *mark)
{
	enum iperf_requirement why = conn->server_was_reset && conn->extra ? IPERF_R_9_1_11 : error->why;
	/* Bounds of the reader, or an answer that the end of the test cut off. */
	bool refused = why == IPERF_R_9_2_12 || why == IPERF_R_11_3 || why == IPERF_R_NONE ||
		       (!is_object(conn) && judge_answer_may_be_cut(judge, conn));
	enum iperf_verdict verdict = refused ? IPERF_INCONCLUSIVE : IPERF_BROKEN;

	if (error->at_known)
		judge_found(judge, verdict, why, SERVER, conn, mark, "result data, octet %zu: %s", error->offset,
			    error->text);
	else
		judge_found(judge, verdict, why, SERVER, conn, mark, "result data: %s", error->text);
}

void judge_results(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_results results = judge->config.results;
	struct iperf_results_error error;
	const char *text = conn->text_length ? conn->text : "";
	bool whole = iperf_results_decode(text, conn->text_length, &results, &error);

	if (!whole)
		malformed(judge, conn, &error, mark);
	else if (!is_object(conn))
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_2_9, SERVER, conn, mark,
			    "white space around the object of the result data");
	if (!whole || !conn->request_in_test || conn->tenure != judge->tenure ||
	    judge->oracle.state != IPERF_TEST_RUNNING)
		return;
	for (size_t i = 0; i < results.count; i++)
		compare(judge, conn, &results.streams[i], mark);
	check_listed(judge, conn, &results, mark);
}
