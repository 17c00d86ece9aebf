/* The tokens (events.h) of the text profile: for three cookies preamble, messages and openings. */
#ifndef IPERF_FUZZ_TEXT_TOKENS_H
#define IPERF_FUZZ_TEXT_TOKENS_H

#include "fuzz/events.h"
#include "proto/message.h"

#define TEXT_COOKIES 3
#define TEXT_TOKENS (TEXT_COOKIES * 10)

static const struct iperf_cookie text_cookies[TEXT_COOKIES] = {
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB" },
	{ "IPERF_TEST_END\0\xff\nIPERF_STREAM_EN" }, /* awkward to compare with */
};

/* Made at the first call. In the order: preamble; the six messages; openings of TEST_BEGIN, STREAM_BEGIN and
 * RESULTS_REQUEST; for each cookie. */
static inline const struct token *text_tokens(void)
{
	static struct token tokens[TEXT_TOKENS];
	static uint8_t room[TEXT_TOKENS][IPERF_OPENING_MAX];
	static const enum iperf_message_kind firsts[] = { IPERF_TEST_BEGIN, IPERF_STREAM_BEGIN, IPERF_RESULTS_REQUEST };
	struct token *token = tokens;

	if (tokens[0].octets)
		return tokens;
	for (size_t c = 0; c < TEXT_COOKIES; c++) {
		const struct iperf_cookie *cookie = &text_cookies[c];

		*token++ = (struct token){ cookie->octets, IPERF_COOKIE_LENGTH };
		for (size_t kind = 0; kind < IPERF_MESSAGE_KINDS; kind++, token++) {
			token->octets = room[token - tokens];
			token->length = iperf_message_write(room[token - tokens], (enum iperf_message_kind)kind, cookie);
		}
		for (size_t i = 0; i < COUNT(firsts); i++, token++) {
			token->octets = room[token - tokens];
			token->length = iperf_opening_write(room[token - tokens], firsts[i], cookie);
		}
	}
	return tokens;
}

#endif
