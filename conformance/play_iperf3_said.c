/* Octets of the iperf3 profile, written in the notation. */
#include "conformance/play_iperf3.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/play_words.h"

#define JSON_SHOWN 300
#define DIGITS 16 /* so many at least are payload */
#define LENGTH_SANE ((size_t)16 << 20)

static size_t say_cookie(const struct play *play, const uint8_t *octets, size_t length, struct play_words *words)
{
	if (length < IPERF3_COOKIE_LENGTH)
		return 0;
	for (int i = 0; i < CASE_COOKIES_MAX; i++) {
		if (!play->known[i] ||
		    memcmp(iperf3_of(play)->cookies[i].octets, octets, IPERF3_COOKIE_LENGTH) != 0)
			continue;
		play_separate(words);
		if (i == 0)
			play_say(words, "cookie $cookie");
		else
			play_say(words, "cookie $cookie%d", i + 1);
		return IPERF3_COOKIE_LENGTH;
	}
	return 0;
}

static bool contains(const uint8_t *octets, size_t length, const char *word)
{
	return memmem(octets, length, word, strlen(word)) != NULL;
}

/* A length and so much JSON, as much of it as is there. */
static size_t say_text(const uint8_t *octets, size_t length, struct play_words *words)
{
	size_t whole, there, shown;

	if (length <= IPERF3_LENGTH_SIZE || !strchr("{[", octets[IPERF3_LENGTH_SIZE]) || !octets[IPERF3_LENGTH_SIZE])
		return 0;
	whole = (size_t)octets[0] << 24 | (size_t)octets[1] << 16 | (size_t)octets[2] << 8 | octets[3];
	if (whole > LENGTH_SANE)
		return 0;
	octets += IPERF3_LENGTH_SIZE;
	there = length - IPERF3_LENGTH_SIZE < whole ? length - IPERF3_LENGTH_SIZE : whole;
	shown = there < JSON_SHOWN ? there : JSON_SHOWN;
	play_separate(words);
	play_say(words, "%s ", contains(octets, there, "cpu_util") || contains(octets, there, "\"streams\"") ? "results" :
										      "parameters");
	play_say(words, "%.*s%s", (int)shown, (const char *)octets, shown < there ? "..." : "");
	if (there < whole)
		play_say(words, " (%zu of %zu octets)", there, whole);
	return IPERF3_LENGTH_SIZE + there;
}

static size_t say_error(const uint8_t *octets, size_t length, struct play_words *words)
{
	struct iperf3_parser parser;
	size_t used;

	if (octets[0] != (uint8_t)IPERF3_SERVER_ERROR)
		return 0;
	iperf3_parser_init(&parser, IPERF3_READ_ERROR, NULL, 0);
	used = iperf3_parser_octets(&parser, octets + 1, length - 1);
	play_separate(words);
	if (used == IPERF3_ERROR_SIZE - 1)
		play_say(words, "SERVER_ERROR %" PRId32 " (%s), errno %" PRId32, parser.error, iperf3_error_text(parser.error),
			 parser.system_error);
	else
		play_say(words, "SERVER_ERROR and %zu octets", used);
	return 1 + used;
}

static size_t say_state(const uint8_t *octets, struct play_words *words)
{
	const char *name = iperf3_state_name((int8_t)octets[0]);

	if (!name)
		return 0;
	play_separate(words);
	play_say(words, "%s", name);
	return 1;
}

static size_t say_payload(const uint8_t *octets, size_t length, struct play_words *words)
{
	size_t digits = 0;

	while (digits < length && isdigit(octets[digits]))
		digits++;
	if (digits < DIGITS && (digits == 0 || digits < length))
		return 0;
	play_separate(words);
	play_say(words, "[%zu octets of payload]", digits);
	return digits;
}

void play_iperf3_describe(const struct play *play, const uint8_t *octets, size_t length, char *text, size_t size)
{
	struct play_words words = { text, size, 0 };

	*text = '\0';
	if (length == 0)
		play_say(&words, "[0 octets of payload]");
	for (size_t at = 0, used; at < length && words.length + 1 < size; at += used) {
		used = say_cookie(play, octets + at, length - at, &words);
		if (used == 0)
			used = say_text(octets + at, length - at, &words);
		if (used == 0)
			used = say_error(octets + at, length - at, &words);
		if (used == 0)
			used = say_state(octets + at, &words);
		if (used == 0)
			used = say_payload(octets + at, length - at, &words);
		if (used > 0)
			continue;
		play_say_octets(&words, octets + at, length - at);
		return;
	}
}

void play_iperf3_describe_datagram(const struct play *play, const uint8_t *octets, size_t kept, size_t length, char *text,
				   size_t size)
{
	struct play_words words = { text, size, 0 };
	struct iperf3_header header;

	*text = '\0';
	if (length == IPERF3_HELLO_LENGTH &&
	    (memcmp(octets, iperf3_hello, length) == 0 || memcmp(octets, iperf3_hello_old, length) == 0))
		play_say(&words, "hello%s", octets[0] == iperf3_hello[0] ? "" : " (old)");
	else if (length == IPERF3_HELLO_LENGTH && iperf3_is_reply(octets, length))
		play_say(&words, "reply%s", octets[0] == iperf3_reply[0] ? "" : " (old)");
	else if (iperf3_header_read(&header, iperf3_of(play)->wide, octets, kept))
		play_say(&words, "datagram %" PRIu64 " of %zu octets", header.sequence, length);
	else
		play_say_octets(&words, octets, kept);
}

void play_iperf3_ranges(const struct case_step *step, char *text, size_t size)
{
	struct play_words words = { text, size, 0 };

	*text = '\0';
	for (size_t i = 0; i < step->range_count; i++) {
		play_say(&words, "%s%" PRIu64, i ? " " : "", step->ranges[i].first);
		if (step->ranges[i].last != step->ranges[i].first)
			play_say(&words, "..%" PRIu64, step->ranges[i].last);
	}
}
