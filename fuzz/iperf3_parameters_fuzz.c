/* Parameters of the iperf3 profile: whatever the decoder takes, survives being written and read again.
 *
 * Input: the text. */
#include "fuzz/fuzz.h"
#include "proto/iperf3_parameters.h"

#define BIT(key) (UINT64_C(1) << IPERF3_KEY_##key)

/* Keys that the encoder leaves out. */
#define UNWRITTEN (BIT(CONGESTION_USED) | BIT(SERVER_AFFINITY) | BIT(AUTHTOKEN))

static void same_numbers(const struct iperf3_parameters *a, const struct iperf3_parameters *b)
{
	must(a->protocol == b->protocol && a->omit == b->omit && a->time == b->time && a->num == b->num);
	must(a->blockcount == b->blockcount && a->parallel == b->parallel && a->reverse == b->reverse);
	must(a->bidirectional == b->bidirectional && a->len == b->len && a->bandwidth == b->bandwidth);
	must(a->pacing_timer == b->pacing_timer && a->burst == b->burst && a->mss == b->mss);
	must(a->window == b->window && a->tos == b->tos && a->flowlabel == b->flowlabel);
	must(a->fqrate == b->fqrate && a->nodelay == b->nodelay);
	must(a->get_server_output == b->get_server_output && a->udp_counters_64bit == b->udp_counters_64bit);
	must(a->repeating_payload == b->repeating_payload);
}

static void again(const struct iperf3_parameters *parameters)
{
	static char out[4 * IPERF3_PARAMETERS_MAX];
	static struct iperf3_parameters other;
	struct iperf3_json_error error;
	size_t length = iperf3_parameters_encode(parameters, out, sizeof out);

	must(length > 0);
	must(iperf3_parameters_decode(out, length, &other, &error));
	must((other.present & ~UNWRITTEN) == (parameters->present & ~UNWRITTEN));
	/* A number beyond 2^63 - 1 makes all of its text less exact (R-22.4-9); here it is written as 2^63 - 1. */
	same_numbers(parameters, &other);
	must(strcmp(parameters->title, other.title) == 0 && strcmp(parameters->extra_data, other.extra_data) == 0);
	must(strcmp(parameters->congestion, other.congestion) == 0);
	must(strcmp(parameters->client_version, other.client_version) == 0);
	must(iperf3_parameters_encode(parameters, out, length - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct iperf3_parameters parameters;
	struct iperf3_json_error error = { .why = IPERF_R_NONE };
	uint8_t *text = exactly(octets, length);

	if (iperf3_parameters_decode((const char *)text, length, &parameters, &error)) {
		must(length <= IPERF3_PARAMETERS_MAX);
		must(parameters.present >> IPERF3_KEY_COUNT == 0);
		must(memchr(parameters.title, '\0', sizeof parameters.title));
		must(memchr(parameters.client_version, '\0', sizeof parameters.client_version));
		again(&parameters);
	} else {
		must(error.why != IPERF_R_NONE);
		must(memchr(error.text, '\0', sizeof error.text) && error.text[0] != '\0');
		must(!error.at_known || error.offset <= length);
	}
	free(text);
	return 0;
}
