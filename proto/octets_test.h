/* Octets in words, for rows of unit tests, and words for octets, for their golden logs.
 *
 * Items, separated by spaces, are strung together:
 *   A  B  C  D        the cookie of that name: 32 octets. A is SPEC 14's, 00 to 1f; B holds what a string would stumble
 *                     on; C differs from A in the last octet only, D in the first only
 *   TEST_END          a message with cookie A, here 47 octets; TEST_END/B is one with cookie B
 *   ANSWER{tcp 5 3 +; udp 6 10 -}
 *                     a whole results response with cookie A, of two streams: their client ports, bytes, and
 *                     whether they are complete
 *   x*5               five octets 'x'
 *   'GET /'           the octets between the quotes
 *   =0d0a             in hexadecimal
 * Behind an item, [3..5] takes its octets 3 and 4 only, [3..] all from 3 on, and ^3 changes its octet 3. */
#ifndef IPERF_PROTO_OCTETS_TEST_H
#define IPERF_PROTO_OCTETS_TEST_H

#include <ctype.h>

#include "proto/message.h"
#include "proto/rows_test.h"

#define OCTETS_MAX 70000

struct octets {
	size_t length;
	uint8_t at[OCTETS_MAX];
};

static inline const struct iperf_cookie *cookie_named(char name)
{
	static struct iperf_cookie a, b, c, d;

	for (size_t i = 0; i < IPERF_COOKIE_LENGTH; i++)
		a.octets[i] = (uint8_t)i;
	memset(&b, 0xff, sizeof b);
	memcpy(b.octets, "IPERF_TEST_END \0\r\n", 18);
	c = d = a;
	c.octets[31] ^= 0x80;
	d.octets[0] ^= 1;
	return name == 'A' ? &a : name == 'B' ? &b : name == 'C' ? &c : name == 'D' ? &d : NULL;
}

static inline void octets_append(struct octets *octets, const void *more, size_t length)
{
	assert_true(length <= sizeof octets->at - octets->length);
	memcpy(octets->at + octets->length, more, length);
	octets->length += length;
}

static inline void octets_append_text(struct octets *octets, const char *text)
{
	octets_append(octets, text, strlen(text));
}

/* The kind of message whose keyword, without IPERF_, stands at word; -1 if none does. *length becomes its length. */
static inline int kind_at(const char *word, size_t *length)
{
	*length = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	for (int kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = iperf_message_keyword((enum iperf_message_kind)kind) + strlen("IPERF_");

		if (strlen(keyword) == *length && memcmp(keyword, word, *length) == 0)
			return kind;
	}
	return -1;
}

/* Writes ANSWER's JSON; word stands behind its brace. Returns what follows the closing brace. */
static inline const char *octets_answer(struct octets *octets, const char *word)
{
	char text[200], protocol[4], complete;
	unsigned long long bytes, sum = 0;
	int used = 0;
	unsigned port, id = 0;

	octets_append_text(octets, " {\"streams\":[");
	while (sscanf(word, " %3s %u %llu %c%n", protocol, &port, &bytes, &complete, &used) == 4) {
		snprintf(text, sizeof text,
			 "%s{\"id\":%u,\"protocol\":\"%s\",\"client_port\":%u,\"bytes\":%llu,\"packets\":%s,"
			 "\"seconds\":1.5,\"complete\":%s}", id ? "," : "", id + 1, protocol, port, bytes,
			 strcmp(protocol, "udp") == 0 ? "1" : "null", complete == '+' ? "true" : "false");
		octets_append_text(octets, text);
		id++;
		sum += bytes;
		word += used;
		word += *word == ';';
	}
	snprintf(text, sizeof text, "],\"bytes\":%llu}", sum);
	octets_append_text(octets, text);
	assert_int_equal(*word, '}');
	return word + 1;
}

/* Appends one item without what may stand behind it. Returns what follows it. */
static inline const char *octets_item(struct octets *octets, const char *word)
{
	uint8_t message[IPERF_MESSAGE_MAX];
	size_t length;
	int kind;

	if (*word == '\'') {
		length = strcspn(word + 1, "'");
		octets_append(octets, word + 1, length);
		return word + length + 2;
	}
	if (*word == '=') {
		unsigned value;

		for (word++; isxdigit((unsigned char)*word) && sscanf(word, "%2x", &value) == 1; word += 2)
			octets_append(octets, &(uint8_t){ (uint8_t)value }, 1);
		return word;
	}
	if (word[1] == '*') {
		char *end;

		for (unsigned long n = strtoul(word + 2, &end, 10); n; n--)
			octets_append(octets, word, 1);
		return end;
	}
	if (strncmp(word, "ANSWER{", 7) == 0) {
		length = iperf_message_write(message, IPERF_RESULTS_RESPONSE, cookie_named('A'));
		octets_append(octets, message, length);
		return octets_answer(octets, word + 7);
	}
	kind = kind_at(word, &length);
	if (kind >= 0) {
		bool other = word[length] == '/';
		const struct iperf_cookie *cookie = cookie_named(other ? word[length + 1] : 'A');

		octets_append(octets, message, iperf_message_write(message, (enum iperf_message_kind)kind, cookie));
		return word + length + (other ? 2 : 0);
	}
	if (length != 1 || !cookie_named(*word)) {
		fprintf(stderr, "no item: %s\n", word);
		abort();
	}
	octets_append(octets, cookie_named(*word)->octets, IPERF_COOKIE_LENGTH);
	return word + 1;
}

/* [3..5] or ^3 behind the item that begins at start. */
static inline const char *octets_modify(struct octets *octets, size_t start, const char *word)
{
	size_t item = octets->length - start;
	char *end;
	unsigned long from = strtoul(word + 1, &end, 10), to;

	if (*word == '^') {
		assert_true(from < item);
		octets->at[start + from] ^= 1;
		return end;
	}
	assert_true(end[0] == '.' && end[1] == '.');
	to = end[2] == ']' ? item : strtoul(end + 2, &end, 10);
	end = strchr(end, ']');
	assert_true(end && from <= to && to <= item);
	memmove(octets->at + start, octets->at + start + from, to - from);
	octets->length = start + to - from;
	return end + 1;
}

/* Reads items up to the end of words. */
static inline void octets_of(struct octets *octets, const char *words)
{
	octets->length = 0;
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t start = octets->length;

		words = octets_item(octets, words);
		while (*words == '[' || *words == '^')
			words = octets_modify(octets, start, words);
		assert_true(*words == ' ' || *words == '\0');
	}
}

/* Writes one item for the start of octets to text; returns how many it stands for, 0 when no item fits. */
static inline size_t word_of(const uint8_t *octets, size_t length, char *text, size_t size)
{
	for (const char *name = "ABCD"; *name; name++) {
		if (length >= IPERF_COOKIE_LENGTH &&
		    memcmp(octets, cookie_named(*name)->octets, IPERF_COOKIE_LENGTH) == 0) {
			snprintf(text, size, "%c", *name);
			return IPERF_COOKIE_LENGTH;
		}
		for (int kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
			uint8_t message[IPERF_MESSAGE_MAX];
			size_t n = iperf_message_write(message, (enum iperf_message_kind)kind, cookie_named(*name));

			if (length < n || memcmp(octets, message, n) != 0)
				continue;
			snprintf(text, size, "%s%s%.1s", iperf_message_keyword((enum iperf_message_kind)kind) + 6,
				 *name == 'A' ? "" : "/", *name == 'A' ? "" : name);
			return n;
		}
	}
	return 0;
}

/* The words for octets; those that are neither cookie nor message are counted only. */
static inline void words_of(const uint8_t *octets, size_t length, char *text, size_t size)
{
	size_t at = 0, used = 0, other = 0;

	text[0] = '\0';
	while (at < length) {
		char word[40];
		size_t n = word_of(octets + at, length - at, word, sizeof word);

		other += n == 0;
		at += n ? n : 1;
		if (other && (n || at == length)) {
			used += (size_t)snprintf(text + used, size - used, "%s%zu octets", used ? " " : "", other);
			other = 0;
		}
		if (n)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", word);
	}
}

#endif
