#include "proto/iperf3_judge_private.h"

#include <stdarg.h>
#include <stdio.h>

static void tell_finding(struct iperf3_judge *judge, struct iperf3_finding *finding, const char *format, va_list list)
{
	char text[320];

	vsnprintf(text, sizeof text, format, list);
	finding->text = text;
	judge->config.found(judge->config.user, finding);
}

void iperf3_judge_found(struct iperf3_judge *judge, enum iperf_verdict verdict, enum iperf_requirement requirement,
			enum iperf_direction by, const struct iperf3_talk *talk, const struct iperf_mark *mark,
			const char *format, ...)
{
	struct iperf3_finding finding = {
		.verdict = verdict, .requirement = requirement, .by = by, .mark = *mark, .conn = talk->number,
		.client = &talk->client,
	};
	va_list list;

	va_start(list, format);
	tell_finding(judge, &finding, format, list);
	va_end(list);
}

void iperf3_judge_found_stream(struct iperf3_judge *judge, enum iperf_verdict verdict,
			       enum iperf_requirement requirement, enum iperf_direction by,
			       const struct iperf3_judge_stream *stream, const struct iperf_mark *mark,
			       const char *format, ...)
{
	struct iperf3_finding finding = {
		.verdict = verdict, .requirement = requirement, .by = by, .mark = *mark, .conn = stream->number,
		.client = &stream->client,
	};
	va_list list;

	va_start(list, format);
	tell_finding(judge, &finding, format, list);
	va_end(list);
}

void iperf3_judge_tell(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const struct iperf_mark *mark, struct iperf3_said said)
{
	said.direction = direction;
	said.conn = conn->number;
	said.client = &conn->client;
	said.mark = *mark;
	judge->config.said(judge->config.user, &said);
}

static void tell_direction(struct iperf3_judge *judge, struct iperf3_judge_stream *stream, enum iperf_direction to)
{
	struct iperf3_said said = {
		.kind = IPERF3_SAID_PAYLOAD, .direction = to, .conn = stream->number, .client = &stream->client,
		.mark = stream->last[to], .length = stream->octets[to] - stream->told[to],
		.packets = stream->datagrams[to] - stream->told_packets[to],
		.stream = (uint32_t)iperf3_judge_id(iperf3_judge_place(judge, stream)),
	};

	if (said.length == 0 && said.packets == 0)
		return;
	stream->told[to] = stream->octets[to];
	stream->told_packets[to] = stream->datagrams[to];
	judge->config.said(judge->config.user, &said);
}

void iperf3_judge_tell_payload(struct iperf3_judge *judge, struct iperf3_judge_stream *stream)
{
	for (size_t i = 0; i < judge->streams; i++) {
		struct iperf3_judge_stream *each = &judge->config.streams[i];

		if (stream && stream != each)
			continue;
		tell_direction(judge, each, IPERF_TO_SERVER);
		tell_direction(judge, each, IPERF_TO_CLIENT);
	}
}

void iperf3_judge_blind(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			const struct iperf_mark *mark, const char *what)
{
	bool first = !conn->talk.blind[0] && !conn->talk.blind[1];

	conn->talk.blind[direction] = true;
	conn->readers[direction].what = IPERF3_READS_NOTHING;
	if (conn->kind == IPERF3_CONN_NEW || conn->kind == IPERF3_CONN_WAITING) { /* what it is will never be known */
		judge->streams_unsure = true;
		conn->kind = IPERF3_CONN_HIDDEN;
		conn->complained = true;
		judge->hidden++;
	}
	if (first)
		iperf3_judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, direction, &conn->talk, mark,
				   "%s: not all of this connection can be judged", what);
}
