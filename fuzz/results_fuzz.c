/* The decoder of the text profile's result data: whatever it takes, keeps what SPEC 9.2 says, and survives being
 * written and read again.
 *
 * Input: the text. */
#include "fuzz/fuzz.h"
#include "proto/results.h"

#define STREAMS 64

static void consistent(const struct iperf_results *results)
{
	uint64_t sum = 0;

	must(results->count <= results->capacity);
	for (size_t i = 0; i < results->count; i++) {
		const struct iperf_stream_result *stream = &results->streams[i];

		must(stream->id == i + 1); /* R-9.2-4 */
		must(stream->bytes <= INT64_MAX && stream->packets <= INT64_MAX);
		must(stream->seconds >= 0);
		must(stream->protocol == IPERF_TCP || stream->protocol == IPERF_UDP);
		sum += stream->bytes;
	}
	must(results->bytes == sum);
}

static void again(const struct iperf_results *results)
{
	static struct iperf_stream_result streams[STREAMS];
	static char out[IPERF_RESULTS_STREAM_SIZE * (STREAMS + 2)];
	struct iperf_results other = { .capacity = STREAMS, .streams = streams };
	struct iperf_results_error error;
	size_t length = iperf_results_encode(results, out, sizeof out);

	must(length > 0 && length < IPERF_RESULTS_STREAM_SIZE * (results->count + 1));
	must(iperf_results_decode(out, length, &other, &error));
	must(other.count == results->count && other.bytes == results->bytes);
	for (size_t i = 0; i < other.count; i++) {
		const struct iperf_stream_result *a = &results->streams[i], *b = &other.streams[i];

		must(a->bytes == b->bytes && a->complete == b->complete && a->protocol == b->protocol);
		must(a->client_port == b->client_port && (a->protocol == IPERF_TCP || a->packets == b->packets));
	}
	must(iperf_results_encode(results, out, length - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct iperf_stream_result streams[STREAMS];
	struct iperf_results results = { .capacity = STREAMS, .streams = streams };
	struct iperf_results_error error = { .why = IPERF_R_NONE };
	uint8_t *text = exactly(octets, length);

	memset(streams, 0, sizeof streams);
	if (iperf_results_decode((const char *)text, length, &results, &error)) {
		consistent(&results);
		again(&results);
	} else {
		must(error.why != IPERF_R_NONE);
		must(memchr(error.text, '\0', sizeof error.text) && error.text[0] != '\0');
		must(!error.at_known || error.offset <= length);
	}
	free(text);
	return 0;
}
