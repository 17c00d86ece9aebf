/* What the writer writes, the parser reads: messages and openings with any cookie, in any segmentation; and nothing
 * else than that, so that one octet that is changed is found where it is.
 *
 * Input: kind, which octet is changed and how; cuts; the cookie. */
#include "fuzz/fuzz.h"
#include "proto/message.h"

static enum iperf_parse_status read_all(struct iperf_parser *parser, const uint8_t *octets, size_t length,
					struct cuts cuts)
{
	size_t used = 0;

	while (used < length && parser->status != IPERF_PARSE_DONE && parser->status != IPERF_PARSE_WRONG) {
		size_t n = next_cut(&cuts, length - used);

		used += iperf_parser_feed(parser, octets + used, n);
	}
	must(used == parser->offset);
	return parser->status;
}

static void opening(enum iperf_message_kind kind, const struct iperf_cookie *cookie, struct cuts cuts)
{
	uint8_t octets[IPERF_OPENING_MAX];
	size_t length = iperf_opening_write(octets, kind, cookie);
	struct iperf_parser parser;

	must(length == IPERF_COOKIE_LENGTH + iperf_message_length(kind));
	iperf_parser_init(&parser, IPERF_GRAMMAR_CONNECTION, NULL);
	must(read_all(&parser, octets, length, cuts) == IPERF_PARSE_DONE);
	must(parser.kind == kind && iperf_cookie_equal(&parser.cookie, cookie) && parser.offset == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	enum iperf_message_kind kind = take(&in) % IPERF_MESSAGE_KINDS;
	size_t at = take(&in), n;
	uint8_t change = take(&in), message[IPERF_MESSAGE_MAX];
	struct cuts cuts = take_cuts(&in);
	struct iperf_cookie cookie = { { 0 } };
	const uint8_t *given = take_octets(&in, IPERF_COOKIE_LENGTH, &n);
	struct iperf_parser parser;
	size_t size;

	if (n > 0)
		memcpy(cookie.octets, given, n);
	size = iperf_message_write(message, kind, &cookie);
	must(size == iperf_message_length(kind) && size <= IPERF_MESSAGE_MAX);
	iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, &cookie);
	must(read_all(&parser, message, size, cuts) == IPERF_PARSE_DONE);
	must(parser.kind == kind && iperf_cookie_equal(&parser.cookie, &cookie) && parser.offset == size);
	if (kind == IPERF_TEST_BEGIN || kind == IPERF_STREAM_BEGIN || kind == IPERF_RESULTS_REQUEST)
		opening(kind, &cookie, cuts);
	if (change == 0)
		return 0;
	at %= size;
	message[at] ^= change;
	iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, &cookie);
	must(read_all(&parser, message, size, cuts) == IPERF_PARSE_WRONG);
	/* A keyword may have become the beginning of another one. */
	must(parser.offset == at || (parser.offset > at && at < size - IPERF_COOKIE_LENGTH));
	return 0;
}
