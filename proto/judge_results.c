/* Result data beside what was seen. */
#include "proto/judge_private.h"

#define SERVER IPERF_TO_CLIENT
#define SECONDS_TOLERANCE 0.5 /* a server may read late, and a capture stamps late */

/* A stream as it was seen, for a listed one; NULL when there is none. *index is its place. */
static const struct iperf_stream *seen_stream(const struct iperf_judge *judge, const struct iperf_stream_result *listed,
					      size_t *index)
{
	for (*index = 0; *index < judge->oracle.stream_count; ++*index) {
		const struct iperf_stream *stream = &judge->config.streams[*index];

		if (stream->protocol == listed->protocol && stream->client.port == listed->client_port)
			return stream;
	}
	return NULL;
}

/* The server had read the whole stream before the request came: it had closed it. */
static bool settled(const struct iperf_judge_conn *conn, const struct iperf_judge_stream *extra)
{
	return extra->client_ended && !extra->client_was_reset && extra->server_ended &&
	       extra->client_end.packet < extra->server_end.packet && extra->server_end.packet < conn->first.packet;
}

static void compare_tcp(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	enum iperf_terminated end = iperf_terminator_state(&seen->tcp, &judge->oracle.cookie);
	uint64_t complete = seen->tcp.total >= IPERF_TERMINATOR_LENGTH ? seen->tcp.total - IPERF_TERMINATOR_LENGTH : 0;
	unsigned id = listed->id;

	if (!settled(conn, extra)) {
		if (extra->conn)
			judge_stream_claimed(judge, extra->conn, listed->bytes, mark);
		else if (listed->bytes > seen->tcp.total)
			judge_found(judge, IPERF_BROKEN, IPERF_R_8_2_5, SERVER, conn, mark,
				    "stream %u: %llu octets of payload, but only %llu were sent by then", id,
				    (unsigned long long)listed->bytes, (unsigned long long)seen->tcp.total);
		return;
	}
	if (end == IPERF_TERMINATED_UNKNOWN)
		end = listed->complete ? IPERF_TERMINATED_YES : IPERF_TERMINATED_NO;
	if (listed->complete != (end == IPERF_TERMINATED_YES))
		judge_found(judge, IPERF_BROKEN, listed->complete ? IPERF_R_8_2_6 : IPERF_R_8_2_1, SERVER, conn, mark,
			    "stream %u is listed as %s, but its octets %s with IPERF_STREAM_END", id,
			    listed->complete ? "complete" : "not complete", listed->complete ? "do not end" : "end");
	if (listed->bytes != (end == IPERF_TERMINATED_YES ? complete : seen->tcp.total))
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_2_5, SERVER, conn, mark,
			    "stream %u: %llu octets of payload, expected %llu", id, (unsigned long long)listed->bytes,
			    (unsigned long long)(end == IPERF_TERMINATED_YES ? complete : seen->tcp.total));
}

/* Datagrams may be lost after the capture, so fewer are right. More are wrong when they are just the messages. */
static void compare_udp(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			const struct iperf_stream_result *listed, const struct iperf_stream *seen,
			const struct iperf_judge_stream *extra, const struct iperf_mark *mark)
{
	uint64_t more = listed->bytes - seen->payload_octets;
	uint64_t more_packets = listed->packets - seen->packets;

	if (listed->bytes < seen->payload_octets ||
	    (listed->bytes == seen->payload_octets && listed->packets <= seen->packets))
		return;
	if (listed->bytes == seen->payload_octets)
		judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_9_2_5, SERVER, conn, mark,
			    "stream %u: %llu datagrams, but %llu were captured, with as many octets: taken where "
			    "segmentation is left to the device, a capture shows several datagrams as one",
			    (unsigned)listed->id, (unsigned long long)listed->packets,
			    (unsigned long long)seen->packets);
	else if (listed->packets > seen->packets && more_packets <= extra->begins + extra->ends &&
		 more >= more_packets * iperf_message_length(IPERF_STREAM_END) &&
		 more <= more_packets * iperf_message_length(IPERF_STREAM_BEGIN))
		judge_found(judge, IPERF_BROKEN, IPERF_R_8_3_4, SERVER, conn, mark,
			    "stream %u: %llu octets in %llu datagrams, expected %llu in %llu: messages were counted",
			    (unsigned)listed->id, (unsigned long long)listed->bytes, (unsigned long long)listed->packets,
			    (unsigned long long)seen->payload_octets, (unsigned long long)seen->packets);
	else
		judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_9_2_3, SERVER, conn, mark,
			    "stream %u: %llu octets, but %llu were captured: the capture lacks datagrams, or the server "
			    "counts wrong", (unsigned)listed->id, (unsigned long long)listed->bytes,
			    (unsigned long long)seen->payload_octets);
}

static void compare_seconds(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			    const struct iperf_stream_result *listed, const struct iperf_judge_stream *extra,
			    const struct iperf_mark *mark)
{
	double most = (double)judge_since(mark, &extra->begin) / 1e9;

	if (listed->seconds > most + SECONDS_TOLERANCE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_2_7, SERVER, conn, mark,
			    "stream %u: %g seconds, but only %.3f have passed since its IPERF_STREAM_BEGIN",
			    (unsigned)listed->id, listed->seconds, most);
}

static void compare(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
		    const struct iperf_stream_result *listed, const struct iperf_mark *mark)
{
	size_t index;
	const struct iperf_stream *seen = seen_stream(judge, listed, &index);

	if (!seen) {
		/* A capture may lack all datagrams, or the start of a connection. */
		bool sure = listed->protocol == IPERF_TCP && judge_near(judge, &conn->client) &&
			    !judge->start_unknown && !judge->assumed;

		judge_found(judge, sure ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_9_2_3, SERVER, conn, mark,
			    "stream %u is listed with port %u, where none of this test was captured",
			    (unsigned)listed->id, listed->client_port);
		return;
	}
	if (listed->protocol == IPERF_TCP)
		compare_tcp(judge, conn, listed, seen, &judge->config.extras[index], mark);
	else
		compare_udp(judge, conn, listed, seen, &judge->config.extras[index], mark);
	compare_seconds(judge, conn, listed, &judge->config.extras[index], mark);
}

/* TCP streams that the server had closed before the request are in the list, or were forgotten. */
static void check_listed(struct iperf_judge *judge, const struct iperf_judge_conn *conn,
			 const struct iperf_results *results, const struct iperf_mark *mark)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		const struct iperf_stream *seen = &judge->config.streams[i];
		bool listed = false;

		for (size_t k = 0; k < results->count && !listed; k++)
			listed = results->streams[k].protocol == seen->protocol &&
				 results->streams[k].client_port == seen->client.port;
		if (!listed && seen->protocol == IPERF_TCP && settled(conn, &judge->config.extras[i]) &&
		    judge_near(judge, &conn->client))
			judge_found(judge, IPERF_BROKEN, IPERF_R_9_2_2, SERVER, conn, mark,
				    "the stream from port %u has ended, and is not listed", seen->client.port);
	}
}

void judge_results(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_results results = judge->config.results;
	struct iperf_results_error error;
	bool whole = iperf_results_decode(conn->text ? conn->text : "", conn->text_length, &results, &error);
	enum iperf_requirement why = conn->server_was_reset && conn->extra ? IPERF_R_9_1_11 : error.why;
	/* These are bounds of the reader. */
	bool refused = why == IPERF_R_9_2_12 || why == IPERF_R_11_3 || why == IPERF_R_NONE;
	enum iperf_verdict verdict = refused ? IPERF_INCONCLUSIVE : IPERF_BROKEN;

	if (!whole && error.at_known)
		judge_found(judge, verdict, why, SERVER, conn, mark, "result data, octet %zu: %s", error.offset,
			    error.text);
	else if (!whole)
		judge_found(judge, verdict, why, SERVER, conn, mark, "result data: %s", error.text);
	else if (conn->text[0] != '{' || conn->text[conn->text_length - 1] != '}')
		judge_found(judge, IPERF_BROKEN, IPERF_R_9_2_9, SERVER, conn, mark,
			    "white space around the object of the result data");
	if (!whole || !conn->request_in_test || conn->test != judge->tests ||
	    judge->oracle.state != IPERF_TEST_RUNNING)
		return;
	for (size_t i = 0; i < results.count; i++)
		compare(judge, conn, &results.streams[i], mark);
	check_listed(judge, conn, &results, mark);
}
