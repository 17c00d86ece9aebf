/* Results of the iperf3 profile: whatever the decoder takes, survives being written and read again.
 *
 * Input: how much room there is for the server's output; the text. */
#include "fuzz/fuzz.h"
#include "proto/iperf3_results.h"

#define STREAMS 32
#define OUTPUT 512

/* Room that is exactly so large. */
static bool decode(const uint8_t *octets, size_t length, size_t output, struct iperf3_results *results,
		   struct iperf3_stream_result *streams, struct iperf3_json_error *error)
{
	memset(results, 0, sizeof *results);
	results->streams = streams;
	results->capacity = STREAMS;
	results->output = malloc(output ? output : 1);
	results->output_size = output;
	must(results->output);
	return iperf3_results_decode((const char *)octets, length, results, error);
}

static void compare(const struct iperf3_results *a, const struct iperf3_results *b)
{
	must(a->count == b->count && a->sender_has_retransmits == b->sender_has_retransmits);
	must(strcmp(a->congestion_used, b->congestion_used) == 0);
	for (size_t i = 0; i < a->count; i++) {
		const struct iperf3_stream_result *p = &a->streams[i], *q = &b->streams[i];

		must(p->id == q->id && p->bytes == q->bytes && p->retransmits == q->retransmits);
		must(p->errors == q->errors && p->packets == q->packets && p->has_omitted == q->has_omitted);
		must(p->has_times == q->has_times);
		must(!p->has_omitted || (p->omitted_errors == q->omitted_errors && p->omitted_packets == q->omitted_packets));
	}
}

static void again(struct iperf3_results *results)
{
	static char out[IPERF3_STREAM_SIZE * (STREAMS + 2) + 8 * OUTPUT];
	static struct iperf3_stream_result streams[STREAMS];
	struct iperf3_results other;
	struct iperf3_json_error error;
	size_t length;

	must(results->count <= results->capacity);
	must(memchr(results->congestion_used, '\0', sizeof results->congestion_used));
	/* An output that was longer than its room may have been cut within a character. */
	if (results->has_output && results->output_length > results->output_size)
		results->has_output = false;
	length = iperf3_results_encode(results, out, sizeof out);
	must(length > 0);
	must(decode((const uint8_t *)out, length, OUTPUT, &other, streams, &error));
	compare(results, &other);
	must(other.has_output == results->has_output);
	if (results->has_output) {
		must(other.output_json == results->output_json && other.output_length == results->output_length);
		must(memcmp(other.output, results->output, results->output_length) == 0);
	}
	free(other.output);
	must(iperf3_results_encode(results, out, length - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct iperf3_stream_result streams[STREAMS];
	struct input in = { octets, length };
	struct iperf3_results results;
	struct iperf3_json_error error = { .why = IPERF_R_NONE };
	size_t output = 2u * take(&in);
	uint8_t *text = exactly(in.at, in.left);

	if (decode(text, in.left, output, &results, streams, &error)) {
		again(&results);
	} else {
		must(error.why != IPERF_R_NONE);
		must(memchr(error.text, '\0', sizeof error.text) && error.text[0] != '\0');
		must(!error.at_known || error.offset <= in.left);
	}
	free(results.output);
	free(text);
	return 0;
}
