/* What the targets of this folder share: reading an input piece by piece, and saying that something does not hold.
 *
 * A target is a file noun_fuzz.c with LLVMFuzzerTestOneInput. It is linked with an engine that calls it (libFuzzer,
 * AFL++'s driver for such functions) or with main.c, which takes files. An input that is found wanting ends the program
 * with a signal, so that each engine notices. */
#ifndef IPERF_FUZZ_H
#define IPERF_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What has to hold for every input. */
#define must(condition)                                                                              \
	do {                                                                                         \
		if (!(condition)) {                                                                  \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition);   \
			abort();                                                                     \
		}                                                                                    \
	} while (0)

/* An input that is being read. Past its end there are zeros. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint32_t take_32(struct input *in)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | take(in);
	return number;
}

/* At most so many octets; *length is how many there were. */
static inline const uint8_t *take_octets(struct input *in, size_t most, size_t *length)
{
	const uint8_t *octets = in->at;

	*length = most < in->left ? most : in->left;
	if (*length > 0)
		in->at += *length;
	in->left -= *length;
	return octets;
}

/* A copy in memory of exactly that size, so that a sanitizer sees what reads beyond it. */
static inline uint8_t *exactly(const uint8_t *octets, size_t length)
{
	uint8_t *copy = calloc(1, length);

	if (length > 0) {
		must(copy);
		memcpy(copy, octets, length);
	}
	return copy;
}

/* Cuts that the input chooses: its octets are the lengths of the pieces, over and over. Each piece has an octet at
 * least after a while, so that a loop over them ends. */
struct cuts {
	const uint8_t *sizes;
	size_t count, at;
};

static inline size_t next_cut(struct cuts *cuts, size_t left)
{
	size_t size = cuts->count ? cuts->sizes[cuts->at % cuts->count] : left;

	if (size == 0 && cuts->at >= cuts->count)
		size = 1;
	cuts->at++;
	return size < left ? size : left;
}

/* The first octet says how many cuts there are; they follow. */
static inline struct cuts take_cuts(struct input *in)
{
	struct cuts cuts = { .at = 0 };

	cuts.sizes = take_octets(in, take(in) % 8, &cuts.count);
	return cuts;
}

#endif
