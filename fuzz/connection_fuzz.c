/* Cookie and connection preamble: what a stranger's first octets are taken for, by the grammar and by a reading that
 * is as plain as SPEC 5.1; and cookies in hexadecimal.
 *
 * Input: cuts; the octets of a connection. */
#include "fuzz/fuzz.h"
#include "proto/message.h"
#include "proto/profile.h"

static const enum iperf_message_kind firsts[] = { IPERF_TEST_BEGIN, IPERF_STREAM_BEGIN, IPERF_RESULTS_REQUEST };

/* What must come of it: the octets that belong to the opening, or may. */
static enum iperf_parse_status plainly(const uint8_t *octets, size_t length, size_t *used, enum iperf_message_kind *kind)
{
	size_t fits = 0;

	*used = length;
	if (length < IPERF_COOKIE_LENGTH)
		return IPERF_PARSE_INCOMPLETE;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		const char *keyword = iperf_message_keyword(firsts[i]);
		size_t head = strlen(keyword) + 1, at = IPERF_COOKIE_LENGTH, n = 0;

		for (; at < length && n < head + IPERF_COOKIE_LENGTH; at++, n++)
			if (octets[at] != (n + 1 < head ? (uint8_t)keyword[n] : n + 1 == head ? ' ' : octets[n - head]))
				break;
		if (n == head + IPERF_COOKIE_LENGTH) {
			*used = at;
			*kind = firsts[i];
			return IPERF_PARSE_DONE;
		}
		if (at == length)
			return IPERF_PARSE_INCOMPLETE;
		fits = at > fits ? at : fits;
	}
	*used = fits;
	return IPERF_PARSE_WRONG;
}

static void opening(const uint8_t *octets, size_t length, struct cuts cuts)
{
	struct iperf_parser parser;
	enum iperf_parse_status status;
	enum iperf_message_kind kind = 0;
	size_t used = 0, expected;

	iperf_parser_init(&parser, IPERF_GRAMMAR_CONNECTION, NULL);
	while (used < length && (parser.status == IPERF_PARSE_INCOMPLETE || parser.status == IPERF_PARSE_PREAMBLE)) {
		size_t n = next_cut(&cuts, length - used);
		uint8_t *piece = exactly(octets + used, n);

		used += iperf_parser_feed(&parser, piece, n);
		free(piece);
		if (parser.status == IPERF_PARSE_PREAMBLE) {
			must(used == IPERF_COOKIE_LENGTH);
			must(memcmp(parser.cookie.octets, octets, IPERF_COOKIE_LENGTH) == 0);
		}
	}
	status = plainly(octets, length, &expected, &kind);
	if (parser.status == IPERF_PARSE_PREAMBLE)
		must(status == IPERF_PARSE_INCOMPLETE && length == IPERF_COOKIE_LENGTH);
	else
		must(parser.status == status);
	must(used == expected && parser.offset == expected);
	must(status != IPERF_PARSE_DONE || parser.kind == kind);
}

static void hexadecimal(const uint8_t *octets, size_t length)
{
	struct iperf_cookie cookie, back;
	char hex[IPERF_COOKIE_HEX_SIZE + 16] = "";
	size_t n = length < sizeof hex - 1 ? length : sizeof hex - 1;

	if (length >= IPERF_COOKIE_LENGTH) {
		memcpy(cookie.octets, octets, IPERF_COOKIE_LENGTH);
		iperf_cookie_to_hex(&cookie, hex);
		must(strlen(hex) == 64 && iperf_cookie_from_hex(&back, hex) && iperf_cookie_equal(&back, &cookie));
	}
	if (n > 0)
		memcpy(hex, octets, n);
	hex[n] = '\0';
	if (iperf_cookie_from_hex(&cookie, hex))
		must(strlen(hex) == 64 && strspn(hex, "0123456789abcdefABCDEF") == 64);
}

/* Once a profile is told, more octets do not change it. */
static void profile(const uint8_t *octets, size_t length)
{
	enum iperf_profile told = IPERF_PROFILE_UNKNOWN;

	for (size_t n = 0; n <= length && n <= IPERF_PROFILE_OCTETS + 2; n++) {
		uint8_t *piece = exactly(octets, n);
		enum iperf_profile now = iperf_profile_of(piece, n), silent = iperf_profile_after_silence(piece, n);

		free(piece);
		must(told == IPERF_PROFILE_UNKNOWN || now == told);
		must(now == IPERF_PROFILE_UNKNOWN || silent == now);
		must(n < IPERF_PROFILE_OCTETS || now != IPERF_PROFILE_UNKNOWN);
		told = now;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	struct cuts cuts = take_cuts(&in);

	opening(in.at, in.left, cuts);
	hexadecimal(in.at, in.left);
	profile(in.at, in.left);
	return 0;
}
