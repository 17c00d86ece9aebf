/* Text that grows within its room. */
#ifndef IPERF_CONFORMANCE_PLAY_WORDS_H
#define IPERF_CONFORMANCE_PLAY_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct play_words {
	char *text;
	size_t size, length;
};

/* Adds to it, as far as there is room. */
__attribute__((format(printf, 2, 3))) void play_say(struct play_words *words, const char *format, ...);

/* A comma, when something stands there. */
void play_separate(struct play_words *words);

/* Octets that mean nothing: text as a string, others in hex; the first of them. */
void play_say_octets(struct play_words *words, const uint8_t *octets, size_t length);

#endif
