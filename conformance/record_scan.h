/* Finds in the octets of a TCP stream what must be recorded exactly: whatever looks like a message. All else is payload,
 * of which only the length counts. In any segmentation; a part of record_log.c. */
#ifndef IPERF_CONFORMANCE_RECORD_SCAN_H
#define IPERF_CONFORMANCE_RECORD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/message.h"

struct record_scan {
	/* The next octets of the stream: exactly these, or payload. */
	void (*tell)(void *user, bool exact, const uint8_t *octets, size_t length);
	void *user;
	struct iperf_cookie cookie;
	struct iperf_parser parser;
	bool matching;                    /* the parser has read the held octets, and wants more */
	uint8_t held[IPERF_MESSAGE_MAX];
	size_t held_count, told;          /* of these, told already */
	size_t exact_left;                /* octets that follow what looks like a keyword */
};

/* Begins behind STREAM_BEGIN; tell and user are set by the caller. */
void record_scan_begin(struct record_scan *scan, const struct iperf_cookie *cookie);

void record_scan_feed(struct record_scan *scan, const uint8_t *octets, size_t length);

/* Tells at once, as exact, what is held. The search goes on. */
void record_scan_flush(struct record_scan *scan);

/* Octets follow that are not known. */
void record_scan_skip(struct record_scan *scan);

#endif
