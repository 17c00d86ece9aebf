/*
 * tshark as a judge of TCP streams. As it takes a while to start, packets of many captures are put into one file, link
 * layers as they were, and it is asked once.
 */
#ifndef IPERF_CONFORMANCE_TESTTSHARK_H
#define IPERF_CONFORMANCE_TESTTSHARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* More streams with payload than this are not followed: the command line ends somewhere. */
#define TSHARK_STREAMS 4000

/* A stream, as tshark numbers and sees them. */
struct tshark_stream {
	size_t first_frame;
	bool payload;  /* any of its packets has some */
	bool lost;     /* tshark finds that packets of it are missing */
	char node[80]; /* the end that texts[0] is from, such as "10.0.0.1:40000" or "[::1]:5201"; "" if not followed */
	char *texts[2]; /* octets of both ends in hexadecimal digits; NULL if not followed */
};

struct tshark {
	char path[256];
	FILE *file;
	int linktypes[16]; /* of the file's interfaces */
	size_t interfaces;
	size_t frames;
	struct tshark_stream *streams;
	size_t count;
};

/* True if there is a tshark. */
bool tshark_exists(void);

/* Begins a file at that path. */
void tshark_begin(struct tshark *t, const char *path);

/* Appends a packet. Returns its number, from 1. */
size_t tshark_add(struct tshark *t, int linktype, const uint8_t *octets, uint32_t captured, uint32_t length);

/* Ends the file and has tshark read it. Fails the test if it cannot. */
void tshark_ask(struct tshark *t);

/* The stream that begins with that packet, or NULL. */
const struct tshark_stream *tshark_find(const struct tshark *t, size_t frame);

void tshark_free(struct tshark *t);

#endif
