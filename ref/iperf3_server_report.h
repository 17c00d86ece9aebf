/* The server's report of a test of the iperf3 profile: text for people, or with -J one JSON document in the form that
 * iperf3 prints. What is reported can be had as the server's output too (SPEC 28). */
#ifndef IPERF_REF_IPERF3_SERVER_REPORT_H
#define IPERF_REF_IPERF3_SERVER_REPORT_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "proto/iperf3_server.h"
#include "ref/iperf3_flow.h"
#include "ref/options.h"

/* A stream, as a report knows it. */
struct iperf3_told {
	const struct iperf3_stream *stream;
	int fd;
	struct iperf3_measure now;    /* so far */
	struct iperf3_measure before; /* at the last interval */
};

/* A test. The caller fills what it knows, and gives it to the functions below in the order of the test. */
struct iperf3_server_report {
	const struct options *options;
	const struct iperf3_server *session;
	time_t began_at;                 /* wall clock */
	struct iperf_endpoint client;    /* of the control connection */
	size_t count;
	struct iperf3_told *told;        /* count of them, in the order of the session's streams */
	double seconds;                  /* that payload flowed, without omit */
	double cpu_total, cpu_user, cpu_system;
	char congestion[64];             /* of TCP streams, or "" */
	int error;                       /* of writing: 0 or a negative errno; sticks */
	/* Private. */
	FILE *text;                      /* what was told so far */
	char *text_at;
	size_t text_length;
	json_t *json;                    /* the document so far */
};

/* Before RUN. */
void iperf3_server_report_begin(struct iperf3_server_report *report);

/* All streams are there. */
void iperf3_server_report_streams(struct iperf3_server_report *report);

/* So many seconds of the test, in the present phase: told.now is up to date, told.before is brought up to it. */
void iperf3_server_report_interval(struct iperf3_server_report *report, double start, double end, bool omitted);

/* Payload is over, and all is measured; the session's peer holds the client's results. */
void iperf3_server_report_results(struct iperf3_server_report *report);

/* What was told so far: text, or with -J a JSON document, that the caller frees. NULL: no memory. */
char *iperf3_server_report_output(struct iperf3_server_report *report, size_t *length);

/* How the test ended; then nothing more is said. Frees what report holds. */
void iperf3_server_report_end(struct iperf3_server_report *report, const struct iperf3_decision *release);

#endif
