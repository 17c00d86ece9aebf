/* Datagrams of the text profile: the parser agrees with a comparison of octets, and a stream's counters with what came.
 *
 * Input: datagrams, each with its length before it in two octets. */
#include "fuzz/fuzz.h"
#include "proto/message.h"
#include "proto/stream.h"

static const struct iperf_cookie cookie = { "abcdefghijklmnopqrstuvwxyz012345" };

static bool is_message(const uint8_t *octets, size_t length, enum iperf_message_kind kind)
{
	uint8_t message[IPERF_MESSAGE_MAX];
	size_t size = iperf_message_write(message, kind, &cookie);

	return length == size && memcmp(octets, message, size) == 0;
}

static void one(struct iperf_stream *stream, const uint8_t *octets, size_t length, int64_t now_ns)
{
	struct iperf_stream before = *stream;
	bool begin = is_message(octets, length, IPERF_STREAM_BEGIN), end = is_message(octets, length, IPERF_STREAM_END);
	enum iperf_message_kind kind = 0;
	enum iperf_parse_status status = iperf_datagram_parse(octets, length, &cookie, &kind);

	must((status == IPERF_PARSE_DONE) == (begin || end));
	must(status == IPERF_PARSE_DONE || status == IPERF_PARSE_WRONG);
	must(!begin || kind == IPERF_STREAM_BEGIN);
	must(!end || kind == IPERF_STREAM_END);
	iperf_stream_datagram(stream, octets, length, &cookie, now_ns);
	must(stream->packets == before.packets + !(begin || end));
	must(stream->payload_octets == before.payload_octets + (begin || end ? 0 : length));
	must(stream->ended == (before.ended || end));
	must(iperf_stream_bytes(stream, &cookie) == stream->payload_octets);
	must(iperf_stream_complete(stream, &cookie) == stream->ended);
	must(iperf_stream_seconds(stream) >= 0);
	must(stream->last_ns >= before.last_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	struct iperf_stream stream = { .id = 1, .protocol = IPERF_UDP, .began_ns = 1000, .last_ns = 1000 };

	for (int64_t now_ns = 1000; in.left > 0; now_ns += 1000000) {
		size_t size = (size_t)take(&in) << 8, n;
		const uint8_t *at;
		uint8_t *piece;

		size |= take(&in);
		at = take_octets(&in, size, &n);
		piece = exactly(at, n);
		one(&stream, piece, n, now_ns);
		free(piece);
	}
	return 0;
}
