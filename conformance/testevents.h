/*
 * Records the events of a reassembly for tests: as a log of text, and as the octets of each connection. On the way it
 * checks what must hold for any capture: offsets without gap or overlap, nothing before opened() or after the end.
 *
 * The log has an entry per event, separated by "; ", each beginning with the number of the packet that made it certain:
 *
 *	1 open 40000>5201        "mid" instead of "open" if the start was not seen
 *	2 established
 *	4 > hello@0              octets from end 0 at offset 0; "<" is from end 1
 *	6 > world@5 of 5         which packet 5 had carried
 *	6 > 3 missing @10        or snapped, conflict
 *	7 > eof @13
 *	8 < reset @0
 *	9 > late conflict @3
 *	10 forgotten             at the number of the last packet
 */
#ifndef IPERF_CONFORMANCE_TESTEVENTS_H
#define IPERF_CONFORMANCE_TESTEVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/reassembly.h"
#include "conformance/testpackets.h"

struct teststream {
	uint8_t *octets; /* 0 where unseen */
	bool *seen;
	size_t length, room;
	uint64_t unseen[3]; /* octets, by reason */
	bool ended;
};

struct testconnection {
	struct connection copy; /* as it was when opened */
	struct teststream streams[2];
	unsigned late_conflicts;
	bool established, reset, forgotten;
};

struct testevents {
	struct testconnection *connections; /* as they were opened */
	size_t count, room;
	size_t forgotten;
	uint64_t packet;    /* the last one that was fed */
	int64_t time_ns;
	const struct testpackets *packets; /* to check times with, or NULL */
	FILE *log;
	char *text;        /* the log, after testevents_text() */
	size_t text_size;
};

void testevents_init(struct testevents *e);
void testevents_free(struct testevents *e);

/* Options for a reassembly that tells its events to e, without a hint about ports. */
struct reassembly_options testevents_options(struct testevents *e);

/* Feeds the packets, numbered from 1, to a new reassembly, finishes and frees it. */
void testevents_run(struct testevents *e, const struct reassembly_options *options, const struct testpackets *packets);

/* Feeds one packet. */
int testevents_feed(struct testevents *e, struct reassembly *r, const struct segment *s, uint64_t number,
		    int64_t time_ns);

/* The log so far. Valid until the next event. */
const char *testevents_text(struct testevents *e);

/* A reassembly of its own for a test that feeds it step by step; *state is the fixture. Its allocator counts. */
struct testfixture {
	struct testpackets packets; /* those fed by text */
	struct testevents events;
	struct reassembly *r;
};

/* Calls of testfixture_allocate(); the one with that number fails, none if it is 0. Set to 0 by the setup. */
extern size_t testfixture_allocations, testfixture_fail_at;

void *testfixture_allocate(size_t octets);

int testfixture_setup(void **state);

/* Frees all; each connection must have been forgotten by then. */
int testfixture_teardown(void **state);

/* Feeds packets written as text, behind those before. */
void testfixture_feed(struct testfixture *f, const char *text);

/* Feeds a segment with the next number and the time of the last one. */
void testfixture_feed_segment(struct testfixture *f, const struct segment *s);

#endif
