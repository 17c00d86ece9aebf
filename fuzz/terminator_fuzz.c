/* The termination matcher against one that keeps all octets and looks at their end.
 *
 * Input: pieces of a stream: their length (below 128 octets follow; from there on so much of a STREAM_END, or octets
 * that nobody saw). */
#include "fuzz/fuzz.h"
#include "proto/message.h"
#include "proto/terminator.h"

#define STREAM_MAX 4096

static const struct iperf_cookie cookie = { "IPERF_STREAM_END_IPERF_STREAM_EN" }; /* begins as a keyword does */

struct naive {
	uint8_t octets[STREAM_MAX];
	bool seen[STREAM_MAX];
	size_t length;
};

static enum iperf_terminated naive_state(const struct naive *naive)
{
	uint8_t end[IPERF_MESSAGE_MAX];
	size_t size = iperf_message_write(end, IPERF_STREAM_END, &cookie), from = naive->length - size;
	bool unknown = false;

	if (naive->length < size)
		return IPERF_TERMINATED_NO;
	for (size_t i = 0; i < size; i++) {
		if (naive->seen[from + i] && naive->octets[from + i] != end[i])
			return IPERF_TERMINATED_NO;
		unknown = unknown || !naive->seen[from + i];
	}
	return unknown ? IPERF_TERMINATED_UNKNOWN : IPERF_TERMINATED_YES;
}

static void add(struct naive *naive, const uint8_t *octets, size_t length)
{
	for (size_t i = 0; i < length; i++, naive->length++) {
		naive->octets[naive->length] = octets ? octets[i] : 0;
		naive->seen[naive->length] = octets != NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct naive naive;
	struct input in = { octets, length };
	struct iperf_terminator terminator;
	uint8_t end[IPERF_MESSAGE_MAX];
	bool skipped = false;

	iperf_message_write(end, IPERF_STREAM_END, &cookie);
	iperf_terminator_init(&terminator);
	naive.length = 0;
	while (in.left > 0 && naive.length < STREAM_MAX - 256) {
		uint8_t how = take(&in);
		size_t n = how;
		const uint8_t *at = NULL;
		enum iperf_terminated state, expected;

		if (how < 128)
			at = take_octets(&in, how, &n);
		else if (how < 192)
			at = end + (how & 7), n = (how & 63u) % (IPERF_TERMINATOR_LENGTH - 6);
		else if (how < 224)
			at = end, n = IPERF_TERMINATOR_LENGTH;
		else
			skipped = true, n = how & 31;
		if (how < 224) {
			uint8_t *piece = exactly(at, n);

			iperf_terminator_feed(&terminator, piece, n);
			free(piece);
		} else {
			iperf_terminator_skip(&terminator, n);
		}
		add(&naive, how < 224 ? at : NULL, n);
		state = iperf_terminator_state(&terminator, &cookie);
		expected = naive_state(&naive);
		must(terminator.total == naive.length && terminator.known <= IPERF_TERMINATOR_LENGTH);
		/* What was known before octets that were skipped is forgotten, so it may know less, never other. */
		must(state == expected || (skipped && state == IPERF_TERMINATED_UNKNOWN));
		must(state != IPERF_TERMINATED_UNKNOWN || expected == IPERF_TERMINATED_UNKNOWN || terminator.known < 49);
	}
	return 0;
}
