/* Octets of the iperf3 profile in words: items, separated by spaces.
 *   A  B              37 octets of a cookie; A/ is one that is equal to A up to its NUL, at octet 36
 *   TEST_END          a state by its name
 *   P{'udp':true}     a length and a JSON text, with ' for "
 *   R(1 3)            a length and results with streams of these ids
 *   hello, old        the hellos of SPEC 26.1
 *   =0d0a             in hexadecimal       x*5   five octets 'x'
 * Behind an item, [3..5] takes its octets 3 and 4 only, [3..] all from 3 on. */
#ifndef IPERF_PROTO_IPERF3_OCTETS_TEST_H
#define IPERF_PROTO_IPERF3_OCTETS_TEST_H

#include "proto/iperf3_control.h"
#include "proto/iperf3_datagram.h"
#include "proto/octets_test.h"

static inline void iperf3_octets_append_text(struct octets *octets, const char *text)
{
	uint8_t length[IPERF3_LENGTH_SIZE];

	iperf3_length_write(length, (uint32_t)strlen(text));
	octets_append(octets, length, sizeof length);
	octets_append_text(octets, text);
}

/* P{...}: up to the brace that closes it. */
static inline const char *iperf3_octets_json(struct octets *octets, const char *word)
{
	char text[2000];
	size_t used = 0;
	int depth = 0;

	do {
		depth += (*word == '{') - (*word == '}');
		assert_true(used < sizeof text - 1 && *word);
		text[used++] = *word == '\'' ? '"' : *word;
		word++;
	} while (depth > 0);
	text[used] = '\0';
	iperf3_octets_append_text(octets, text);
	return word;
}

/* R(1 3) */
static inline const char *iperf3_octets_results(struct octets *octets, const char *word)
{
	char text[4000] = "{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,"
			  "\"sender_has_retransmits\":-1,\"streams\":[";
	const char *comma = "";
	int id, length;

	for (; sscanf(word, "%d%n", &id, &length) == 1; word += length, comma = ",")
		sprintf(text + strlen(text), "%s{\"id\":%d,\"bytes\":7,\"retransmits\":-1,\"jitter\":0,\"errors\":0,"
			"\"packets\":0}", comma, id);
	strcat(text, "]}");
	iperf3_octets_append_text(octets, text);
	assert_int_equal(*word, ')');
	return word + 1;
}

static inline const char *iperf3_octets_cookie(struct octets *octets, const char *word)
{
	uint8_t cookie[IPERF3_COOKIE_LENGTH];
	bool other = word[1] == '/';

	memset(cookie, tolower(*word), sizeof cookie);
	cookie[20] = '\0';
	memset(cookie + 21, other ? 0xff : 0, sizeof cookie - 21);
	octets_append(octets, cookie, sizeof cookie);
	return word + 1 + other;
}

/* Appends one item without what may stand behind it. Returns what follows it. */
static inline const char *iperf3_octets_item(struct octets *octets, const char *word)
{
	size_t length = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	int state;

	if (word[0] == 'P' && word[1] == '{')
		return iperf3_octets_json(octets, word + 1);
	if (word[0] == 'R' && word[1] == '(')
		return iperf3_octets_results(octets, word + 2);
	if (length == 1)
		return iperf3_octets_cookie(octets, word);
	if (strncmp(word, "hello", 5) == 0) {
		octets_append(octets, iperf3_hello, IPERF3_HELLO_LENGTH);
		return word + 5;
	}
	if (strncmp(word, "old", 3) == 0) {
		octets_append(octets, iperf3_hello_old, IPERF3_HELLO_LENGTH);
		return word + 3;
	}
	if (length > 1 && iperf3_state_named(word, length, &state)) {
		octets_append(octets, &(uint8_t){ (uint8_t)state }, 1);
		return word + length;
	}
	return octets_item(octets, word);
}

static inline void iperf3_octets_of(struct octets *octets, const char *words)
{
	octets->length = 0;
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t start = octets->length;

		words = iperf3_octets_item(octets, words);
		while (*words == '[')
			words = octets_modify(octets, start, words);
		assert_true(*words == ' ' || *words == '\0');
	}
}

#endif
