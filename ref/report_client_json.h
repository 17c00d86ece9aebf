/* The JSON form of the client's report, and what it shares with the text form. Private to report_client*.c. */
#ifndef IPERF_REF_REPORT_CLIENT_JSON_H
#define IPERF_REF_REPORT_CLIENT_JSON_H

#include "ref/report_client.h"
#include "ref/verdict.h"

struct report_sum {
	uint64_t sent, received;                 /* octets of all streams */
	uint64_t packets_sent, packets_received; /* datagrams of UDP streams */
	double seconds_received;                 /* of the longest stream */
};

/* What the server says of stream index, or NULL. */
const struct iperf_stream_result *report_client_result(const struct report_client *report, size_t index);

struct report_sum report_client_sum(const struct report_client *report);

/* Of datagrams, 0 to 100. */
double report_lost_percent(uint64_t sent, uint64_t received);

/* Notes an interval for the document. */
void report_client_interval_json(struct report_client *report);

/* Writes the document. */
int report_client_end_json(const struct report_client *report, const char *sentence);

#endif
