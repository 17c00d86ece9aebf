/* Writes the steps of a case: octets as messages, cookies by their names. A part of recording. */
#ifndef IPERF_CONFORMANCE_RECORD_STEPS_H
#define IPERF_CONFORMANCE_RECORD_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/case.h"

struct record_steps {
	struct case_file *file;
	size_t step_room, label_room;
	unsigned tcp_labels, udp_labels;
	struct iperf_cookie cookies[CASE_COOKIES_MAX];
	bool fixed[CASE_COOKIES_MAX]; /* a fresh one would not do: its octets matter */
	size_t cookie_count;
	bool same_cookies;
	bool failed;                  /* memory ran out, or there is no room for labels */
};

/* Who says something: a connection or UDP source of the case. */
struct record_speaker {
	int label;             /* -1: none yet */
	bool udp;
	bool said;             /* something was written of it */
	int cookie;            /* what was said ended within this one, after that many octets: */
	size_t cookie_at;
};

/* Begins; false when there is no memory. */
bool record_steps_begin(struct record_steps *steps, bool same_cookies);

/* Adds a step and returns it, to be filled in before the next call. Never NULL: after a failure it is a scratch one.
 * label -1: of no connection. */
struct case_step *record_step(struct record_steps *steps, enum case_what what, enum case_direction direction, int label);

/* Gives the speaker its label: #1, #2 ... or udp:1 ... */
void record_label(struct record_steps *steps, struct record_speaker *speaker);

/* The index of that cookie, which gets one when it has none; -1 when there are too many. */
int record_cookie(struct record_steps *steps, const struct iperf_cookie *cookie);

/* Octets, in parts that begin at the cuts (offsets, ascending). preamble: a first message may stand for its preamble
 * too, which it does where it opens the connection. */
void record_octets(struct record_steps *steps, struct record_speaker *speaker, enum case_direction direction,
		   const uint8_t *octets, size_t length, const size_t *cuts, size_t cut_count, bool preamble);

/* Payload; added to the last step when that is payload of the same. */
void record_payload(struct record_steps *steps, struct record_speaker *speaker, enum case_direction direction,
		    uint64_t length, uint64_t datagrams);

void record_wait(struct record_steps *steps, int64_t ns);

/* The cookies that are fixed get a step each, before all others. Returns the case, or NULL after a failure. */
struct case_file *record_steps_end(struct record_steps *steps);

#endif
