/* The iperf3 client's report: what was sent, and what arrived, as both sides tell it. Text as it goes, or with
 * options->json one JSON document at the end, with the keys of iperf3's own. */
#ifndef IPERF_REF_IPERF3_REPORT_H
#define IPERF_REF_IPERF3_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "proto/iperf3_client.h"
#include "ref/iperf3_flow.h"
#include "ref/options.h"
#include "ref/socket.h"

/* Of a TCP sender, as the system tells it: octets and microseconds. */
struct iperf3_report_tcp {
	int64_t cwnd, wnd, rtt, rttvar, pmtu;
};

struct iperf3_report_stream {
	bool sends;                       /* this side does */
	bool open;                        /* was opened; the next two are valid */
	char local_host[SOCKET_TEXT_SIZE];
	uint16_t local_port;
	struct iperf3_measure measure;    /* so far */
	struct iperf3_report_tcp tcp;
	/* Private. */
	struct iperf3_measure before;     /* at the last periodic report */
	int64_t max_cwnd, max_wnd, max_rtt, min_rtt, sum_rtt, intervals;
};

/* The caller's; all but the last part is set by the caller as it becomes known. */
struct iperf3_report {
	const struct options *options;
	const struct iperf3_client *session;
	char peer_host[SOCKET_TEXT_SIZE]; /* the address that was chosen, "" before */
	time_t began_at;                  /* wall clock */
	int mss, sndbuf, rcvbuf;          /* octets */
	struct iperf3_report_stream *streams;
	size_t stream_count;
	double seconds;                   /* since payload began to flow, or to count */
	double sent_seconds;              /* the same when sending ended; 0 before */
	bool omitting;                    /* it does not count yet */
	/* Private. */
	bool flowed;                      /* payload did */
	double interval_start;
	bool live;                        /* a line on a terminal that is written over and over */
	json_t *intervals;
};

/* Asks the system about a TCP socket; what it does not tell is 0. */
void iperf3_report_read_tcp(struct iperf3_report_tcp *tcp, int fd);

/* All functions but _free and _measure return 0, or a negative errno when the report could not be written. */

/* Payload begins to flow. */
int iperf3_report_begin(struct iperf3_report *report);

/* The periodic report; the caller has brought measures and seconds up to date. last: of this run of intervals. */
int iperf3_report_interval(struct iperf3_report *report, bool last);

/* Omit is over, and the measures begin anew. */
void iperf3_report_measure(struct iperf3_report *report);

/* The test is over, however; sentence is "" or says what went wrong. It goes to standard error as well. */
int iperf3_report_end(struct iperf3_report *report, const char *sentence);

/* Frees what the functions above have allocated within *report. */
void iperf3_report_free(struct iperf3_report *report);

#endif
