/* The client's report: what was sent, and what the server says that it received. Text as it goes, or with options->json
 * one JSON document at the end that has iperf3's names where it has iperf3's facts. */
#ifndef IPERF_REF_REPORT_CLIENT_H
#define IPERF_REF_REPORT_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "proto/client.h"
#include "ref/options.h"
#include "ref/socket.h"

struct report_stream {
	enum iperf_protocol protocol;
	bool open;                        /* was opened; the next two are valid */
	char local_host[SOCKET_TEXT_SIZE];
	uint16_t local_port;
	uint64_t bytes, packets;          /* sent so far */
	uint64_t bytes_before, packets_before; /* private: at the last periodic report */
};

/* The caller's; all but the last part is set by the caller as it becomes known. */
struct report_client {
	const struct options *options;
	const struct iperf_client *session;
	char peer_host[SOCKET_TEXT_SIZE]; /* the address that was chosen, "" before */
	time_t began_at;                  /* wall clock */
	struct report_stream *streams;
	size_t stream_count;
	double seconds;                   /* since payload began to flow */
	/* Private. */
	bool flowed;                      /* payload did */
	double interval_start;
	bool live;                        /* a line on a terminal that is written over and over */
	json_t *intervals;
};

/* All functions but _free return 0, or a negative errno when the report could not be written. */

/* Payload begins to flow. */
int report_client_begin(struct report_client *report);

/* The periodic report; the caller has brought bytes, packets and seconds up to date. last: payload is over. */
int report_client_interval(struct report_client *report, bool last);

/* The test is over, however; sentence is "" or says what went wrong. It goes to standard error as well. */
int report_client_end(struct report_client *report, const char *sentence);

/* Frees what the functions above have allocated within *report. */
void report_client_free(struct report_client *report);

/* The JSON document of a test that could not be tried. */
int report_client_untried(const char *sentence);

#endif
