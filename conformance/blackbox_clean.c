/* The next client: a test as it ought to be. Its patience is a second, and one for a loaded host. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>

#define AGAIN (30 * IPERF_MS)

static const char *const clean_iperf3[] = {
	"#c1 C>S cookie $cookie16", "#c1 S>C PARAM_EXCHANGE within 2s",
	"#c1 C>S parameters {\"tcp\":true,\"parallel\":1,\"len\":1000}",
	"#c1 S>C CREATE_STREAMS within 2s", "#c2 C>S cookie $cookie16", "#c1 S>C TEST_START within 2s",
	"#c1 S>C TEST_RUNNING within 2s", "#c2 C>S [4000 octets of payload]",
	"wait 20ms", /* for payload that is not to come */
	"#c1 C>S TEST_END",
	"#c1 S>C EXCHANGE_RESULTS within 2s", "#c1 C>S results $results",
	"#c1 S>C results {\"streams\":[{\"id\":1}]} within 2s",
	"#c1 S>C DISPLAY_RESULTS within 2s", "#c1 C>S IPERF_DONE", "#c1 C>S end-of-file", "#c1 S>C closed within 2s",
	"#c2 S>C closed within 2s", /* last: no payload has come */
};

static const char *const clean_iperf3_udp[] = {
	"#c1 C>S cookie $cookie16", "#c1 S>C PARAM_EXCHANGE within 2s",
	"#c1 C>S parameters {\"udp\":true,\"parallel\":1,\"len\":1000}",
	"#c1 S>C CREATE_STREAMS within 2s", "udp:c2 C>S hello", "udp:c2 S>C reply within 2s", "#c1 S>C TEST_START within 2s",
	"#c1 S>C TEST_RUNNING within 2s", "udp:c2 C>S datagrams 1..2 of 1000 octets", "#c1 C>S TEST_END",
	"#c1 S>C EXCHANGE_RESULTS within 2s", "#c1 C>S results $results",
	"#c1 S>C results {\"streams\":[{\"id\":1}]} within 2s",
	"#c1 S>C DISPLAY_RESULTS within 2s", "#c1 C>S IPERF_DONE", "#c1 C>S end-of-file", "#c1 S>C closed within 2s",
};

static const char *const clean_text[] = {
	"#c1 C>S IPERF_TEST_BEGIN $cookie16", "#c2 C>S IPERF_STREAM_BEGIN $cookie16", "#c2 C>S [1000 octets of payload]",
	"#c2 C>S IPERF_STREAM_END $cookie16", "#c2 C>S end-of-file", "#c2 S>C closed within 2s",
	"#c3 C>S IPERF_RESULTS_REQUEST $cookie16",
	"#c3 S>C IPERF_RESULTS_RESPONSE $cookie16 {\"streams\":[{\"bytes\":1000}]} within 2s",
	"#c1 C>S IPERF_TEST_END $cookie16", "#c1 C>S end-of-file", "#c1 S>C closed within 2s",
};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

void blackbox_add_clean(enum case_profile profile, bool udp, struct blackbox_lines *lines,
			enum iperf_requirement requirement)
{
	bool iperf3 = profile == CASE_IPERF3;
	const char *const *clean = !iperf3 ? clean_text : udp ? clean_iperf3_udp : clean_iperf3;
	size_t count = !iperf3 ? LENGTH(clean_text) : udp ? LENGTH(clean_iperf3_udp) : LENGTH(clean_iperf3);

	for (size_t i = 0; i < count; i++) {
		bool of_before = iperf3 && !udp && i + 1 == count; /* what comes there is of another client's test */

		blackbox_add(lines, "%s ; %s", clean[i], iperf_requirements[of_before ? IPERF_R_23_21 : requirement].id);
	}
}

struct case_file *blackbox_clean_case(enum case_profile profile, bool udp)
{
	struct blackbox_lines lines = { 0 };
	struct case_error error;
	struct case_file *file;

	blackbox_add_clean(profile, udp, &lines, profile == CASE_IPERF3 ? IPERF_R_23_18 : IPERF_R_6_5_5);
	file = blackbox_parse(profile, &lines, &error);
	blackbox_clear(&lines);
	return file;
}

static bool is_served(struct blackbox *box, const struct case_file *clean, int64_t patience_ns, char *text, size_t size)
{
	int64_t until_ns = wire_now() + patience_ns;
	struct play_result result;

	box->probe.address = box->player->address;
	box->probe.address_length = box->player->address_length;
	for (;;) {
		bool served;

		play_case(&box->probe, clean, &result);
		served = result.verdict == PLAY_PASS;
		box->unserved = result.requirement;
		snprintf(text, size, "%.150s; instead of %.150s", result.verdict == PLAY_FAIL ? result.observed : result.reason,
			 result.expected);
		json_decref(result.steps);
		json_decref(result.said);
		json_decref(result.cookies);
		free(result.output);
		if (served || wire_now() >= until_ns || blackbox_interrupted(box))
			return served;
		blackbox_report_progress(box, "the server does not serve");
		wire_wait(&box->player->wire, wire_now() + AGAIN);
	}
}

bool blackbox_is_served(struct blackbox *box, int64_t patience_ns, char *text, size_t size)
{
	return is_served(box, box->clean, patience_ns, text, size);
}

bool blackbox_is_served_udp(struct blackbox *box, int64_t patience_ns, char *text, size_t size)
{
	return is_served(box, box->clean_udp, patience_ns, text, size);
}
