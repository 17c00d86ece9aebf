/* The tokens (events.h) of the iperf3 profile: cookies, states, parameters, results, hellos. */
#ifndef IPERF_FUZZ_IPERF3_TOKENS_H
#define IPERF_FUZZ_IPERF3_TOKENS_H

#include "fuzz/events.h"
#include "proto/iperf3_control.h"
#include "proto/iperf3_datagram.h"

#define IPERF3_STREAM_TEXT(id)                                                                          \
	"{\"id\":" #id ",\"bytes\":70,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}"
#define IPERF3_RESULTS_TEXT(streams)                                                                     \
	"{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1," \
	"\"streams\":[" streams "]}"

static const char *const iperf3_texts[] = {
	"{\"tcp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"parallel\":1,\"len\":1000}",
	"{\"tcp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"parallel\":2,\"len\":1000,\"reverse\":true}",
	"{\"tcp\":true,\"omit\":1,\"time\":2,\"num\":0,\"blockcount\":0,\"parallel\":2,\"len\":1000,"
	"\"bidirectional\":true,\"get_server_output\":1}",
	"{\"udp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"parallel\":1,\"len\":1000}",
	"{\"udp\":true,\"omit\":0,\"time\":0,\"num\":9000,\"blockcount\":0,\"parallel\":3,\"len\":1000,"
	"\"udp_counters_64bit\":1}",
	IPERF3_RESULTS_TEXT(""),
	IPERF3_RESULTS_TEXT(IPERF3_STREAM_TEXT(1)),
	IPERF3_RESULTS_TEXT(IPERF3_STREAM_TEXT(1) "," IPERF3_STREAM_TEXT(3)),
	IPERF3_RESULTS_TEXT(IPERF3_STREAM_TEXT(1) "," IPERF3_STREAM_TEXT(3) "," IPERF3_STREAM_TEXT(4)),
	"{}",
};

/* PARAM_EXCHANGE, CREATE_STREAMS, TEST_START, TEST_RUNNING, EXCHANGE_RESULTS, DISPLAY_RESULTS; TEST_END, IPERF_DONE,
 * CLIENT_TERMINATE; SERVER_TERMINATE, ACCESS_DENIED, SERVER_ERROR and its numbers. */
static const char *const iperf3_octets[] = { "\x09", "\x0a", "\x01", "\x02", "\x0d",  "\x0e",
					     "\x04", "\x10", "\x0c", "\x0b", "\xff", "\xfe\1\1\1\1\1\1\1\1" };

static const char *const iperf3_cookies[] = { "abcdefghijklmnopqrstuvwxyz2345672345",
					      "abcdefghijklmnopqrstuvwxyz2345672346" };

#define IPERF3_TOKENS (COUNT(iperf3_cookies) + COUNT(iperf3_octets) + COUNT(iperf3_texts) + 4)

/* Made at the first call. In the order: cookies, states, texts behind their length; hellos and replies. */
static inline const struct token *iperf3_tokens(void)
{
	static struct token tokens[IPERF3_TOKENS];
	static uint8_t room[COUNT(iperf3_texts)][600];
	struct token *token = tokens;

	if (tokens[0].octets)
		return tokens;
	for (size_t i = 0; i < COUNT(iperf3_cookies); i++)
		*token++ = (struct token){ (const uint8_t *)iperf3_cookies[i], IPERF3_COOKIE_LENGTH };
	for (size_t i = 0; i < COUNT(iperf3_octets); i++)
		*token++ = (struct token){ (const uint8_t *)iperf3_octets[i], strlen(iperf3_octets[i]) };
	for (size_t i = 0; i < COUNT(iperf3_texts); i++) {
		size_t length = strlen(iperf3_texts[i]);

		must(length + IPERF3_LENGTH_SIZE <= sizeof room[i]);
		iperf3_length_write(room[i], (uint32_t)length);
		memcpy(room[i] + IPERF3_LENGTH_SIZE, iperf3_texts[i], length);
		*token++ = (struct token){ room[i], length + IPERF3_LENGTH_SIZE };
	}
	*token++ = (struct token){ iperf3_hello, IPERF3_HELLO_LENGTH };
	*token++ = (struct token){ iperf3_hello_old, IPERF3_HELLO_LENGTH };
	*token++ = (struct token){ iperf3_reply, IPERF3_HELLO_LENGTH };
	*token++ = (struct token){ iperf3_reply_old, IPERF3_HELLO_LENGTH };
	return tokens;
}

#endif
