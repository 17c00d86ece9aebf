/* What `check` says of a capture: the sequence of messages while it is read, then what was found. One report for each
 * file; for people, or as one JSON document for programs. */
#ifndef IPERF_CONFORMANCE_REPORT_H
#define IPERF_CONFORMANCE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/iperf3_judge.h"
#include "proto/judge.h"

#define REPORT_FINDINGS_MAX 1000 /* kept for one file; further ones are counted */

struct report_options {
	FILE *out;
	bool json;
	bool colour;
	bool verbose; /* every end-of-file and every connection, too */
	bool quiet;   /* only the last line */
	bool strict;  /* a broken SHOULD counts */
};

/* The counts that decide a verdict. */
struct report_counts {
	uint64_t packets, tests, connections, servers;
	uint64_t broken;       /* findings of level MUST, and of SHOULD with strict */
	uint64_t advice;       /* broken SHOULDs that do not count */
	uint64_t inconclusive;
	bool unread;           /* the file could not be read at all: a note says why */
	bool damaged;          /* the file could not be read to its end */
	bool iperf3;           /* connections of the iperf3 profile were passed over, for another was asked for */
};

struct report;

/* Begins the report on a file; NULL when there is no memory. Nothing is kept of the arguments but path, which must stay
 * until report_end. first: no file was reported before. */
struct report *report_begin(const struct report_options *options, const char *path, bool first);

/* A message, or something else that was said to or by the server. */
void report_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said);

/* A finding. */
void report_found(struct report *report, const struct iperf_endpoint *server, const struct iperf_finding *finding);

/* The same of the iperf3 profile. */
void report_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said);
void report_found_iperf3(struct report *report, const struct iperf_endpoint *server,
			 const struct iperf3_finding *finding);

/* A sentence about the file itself: why it could not be read, or what was left out. */
void report_note(struct report *report, const char *sentence);

/* The file has ended: prints findings and verdict, and frees the report. Returns the exit status of this file: 0 it
 * conforms, 1 it does not, 3 that could not be told. counts gives packets, tests, connections, servers, damaged, iperf3;
 * the findings were counted here. */
int report_end(struct report *report, const struct report_counts *counts);

/* Ends what all files share; returns false when the output could not be written. */
bool report_finish(const struct report_options *options, bool any);

#endif
