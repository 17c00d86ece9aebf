/* What the two forms of the iperf3 client's report share. Private to iperf3_report*.c. */
#ifndef IPERF_REF_IPERF3_REPORT_PRIVATE_H
#define IPERF_REF_IPERF3_REPORT_PRIVATE_H

#include "ref/iperf3_report.h"

/* What one side tells of a stream, or of several together; omit left out. */
struct iperf3_numbers {
	uint64_t bytes;
	uint64_t packets;     /* UDP: sent, or the highest sequence received */
	uint64_t lost, out_of_order;
	double jitter;        /* s; of several: their mean */
	int64_t retransmits;  /* -1: not known */
	double seconds;       /* of several: the longest */
	size_t streams;
};

bool iperf3_report_udp(const struct iperf3_report *report);

/* Whether this side sends on all streams, or receives on all. */
bool iperf3_report_one_way(const struct iperf3_report *report);

/* What the sender, or the receiver, of stream index tells. False: it does not. */
bool iperf3_report_side(const struct iperf3_report *report, size_t index, bool of_sender,
			struct iperf3_numbers *numbers);

/* The same of all streams together on which this side sends, or receives. */
struct iperf3_numbers iperf3_report_sum(const struct iperf3_report *report, bool sends, bool of_sender);

/* Since the last periodic report: of a stream, and of all on which this side sends or receives. */
struct iperf3_numbers iperf3_report_since(const struct iperf3_report *report, size_t index);
struct iperf3_numbers iperf3_report_sum_since(const struct iperf3_report *report, bool sends);

/* 0 to 100, of the packets of a receiver. */
double iperf3_report_lost_percent(const struct iperf3_numbers *numbers);

/* --- iperf3_report_json.c */

/* Notes an interval for the document. */
void iperf3_report_interval_json(struct iperf3_report *report);

/* Writes the document. */
int iperf3_report_end_json(const struct iperf3_report *report, const char *sentence);

#endif
