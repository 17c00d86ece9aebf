/* The JSON document of iperf3_server_report.c, in the form of `iperf3 -s -J`. */
#ifndef IPERF_REF_IPERF3_SERVER_JSON_H
#define IPERF_REF_IPERF3_SERVER_JSON_H

#include "ref/iperf3_server_report.h"

/* "start", and empty "intervals" and "end". */
json_t *iperf3_server_json_start(const struct iperf3_server_report *report);

/* One of "intervals": what came since told.before. */
void iperf3_server_json_interval(struct iperf3_server_report *report, double start, double end, bool omitted);

/* "end": told.before holds the part that omit had. */
void iperf3_server_json_end(struct iperf3_server_report *report);

#endif
