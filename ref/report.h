/* What the reports of both sides have in common. */
#ifndef IPERF_REF_REPORT_H
#define IPERF_REF_REPORT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "proto/stream.h"

/* "TCP" or "UDP", as iperf3 writes them. */
const char *report_protocol(enum iperf_protocol protocol);

double report_rate(uint64_t bytes, double seconds);

#define REPORT_HEADING "[ ID] Interval           Transfer     Bitrate"

/* The columns of a line without its end: id, interval, transfer, bitrate. */
void report_flow(const char *id, double start, double end, uint64_t bytes);

/* The same as members of a JSON object. */
json_t *report_flow_json(double start, double end, uint64_t bytes, bool sender);

/* {"time":"Thu, 01 Jan 1970 00:00:00 GMT","timesecs":0} */
json_t *report_timestamp_json(time_t at);

/* Whether all that was written to out has arrived: 0, or a negative errno. */
int report_flush(FILE *out);

#endif
