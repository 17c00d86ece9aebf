#include "proto/stream.h"

#include "proto/message.h"

uint64_t iperf_stream_bytes(const struct iperf_stream *stream, const struct iperf_cookie *cookie)
{
	if (stream->protocol == IPERF_UDP)
		return stream->payload_octets;
	return stream->tcp.total - (iperf_stream_complete(stream, cookie) ? IPERF_TERMINATOR_LENGTH : 0);
}

bool iperf_stream_complete(const struct iperf_stream *stream, const struct iperf_cookie *cookie)
{
	if (stream->protocol == IPERF_UDP)
		return stream->ended;
	return iperf_terminator_state(&stream->tcp, cookie) == IPERF_TERMINATED_YES;
}

double iperf_stream_seconds(const struct iperf_stream *stream)
{
	return (double)(stream->last_ns - stream->began_ns) / 1e9;
}

void iperf_stream_octets(struct iperf_stream *stream, const uint8_t *octets, size_t length, int64_t now_ns)
{
	if (length == 0)
		return;
	iperf_terminator_feed(&stream->tcp, octets, length);
	stream->last_ns = now_ns;
}

void iperf_stream_datagram(struct iperf_stream *stream, const uint8_t *octets, size_t length,
			   const struct iperf_cookie *cookie, int64_t now_ns)
{
	enum iperf_message_kind kind;

	if (iperf_datagram_parse(octets, length, cookie, &kind) != IPERF_PARSE_DONE) {
		stream->payload_octets += length;
		stream->packets++;
	} else if (kind == IPERF_STREAM_END && !stream->ended) {
		stream->ended = true;
	} else {
		return;
	}
	stream->last_ns = now_ns;
}
