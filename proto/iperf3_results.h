/* Results of the iperf3 profile: the JSON object of SPEC 28, encoded and decoded with jansson. Not on the message path:
 * these functions allocate within themselves; nothing of it outlives a call. */
#ifndef IPERF_PROTO_IPERF3_RESULTS_H
#define IPERF_PROTO_IPERF3_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/iperf3_parameters.h"

#define IPERF3_RESULTS_MAX (1u << 20) /* octets that every reader takes; R-28-7 */
#define IPERF3_STREAM_SIZE 400        /* an encoded stream is shorter, and what stands around the streams too */

struct iperf3_stream_result {
	int64_t id;
	int64_t bytes;
	int64_t retransmits;          /* -1: not known */
	double jitter;                /* s */
	int64_t errors, packets;
	bool has_omitted;             /* omitted_errors and omitted_packets were there, both */
	int64_t omitted_errors, omitted_packets;
	bool has_times;               /* start_time and end_time were there, both */
	double start_time, end_time;  /* s */
};

/* The caller owns the arrays that streams and output point to. */
struct iperf3_results {
	double cpu_total, cpu_user, cpu_system; /* percent */
	int64_t sender_has_retransmits;         /* -1, 0, 1 */
	char congestion_used[64];               /* "": none; longer ones are cut */
	size_t count, capacity;
	struct iperf3_stream_result *streams;
	/* The server's output, when asked for. encode: output of output_length octets, JSON text when output_json.
	 * decode: as much as output_size takes, output_length is what there was; JSON is written anew, compactly. */
	char *output;
	size_t output_size, output_length;
	bool has_output, output_json;
};

/* Writes the object compactly to out (not terminated). Returns the length, or 0 when memory or size do not suffice,
 * output_json is set and output is no JSON, or a text is no UTF-8. Numbers that are not finite are written as 0. */
size_t iperf3_results_encode(const struct iperf3_results *results, char *out, size_t size);

/* Reads results strictly: keys marked M in SPEC 28 have to be there, each key once, values of their types; of the
 * omitted_ pair one alone is an error. Unknown keys are passed over, and what stands twice within their values,
 * or within server_output_json (3.12 does so). Numbers, length and depth as iperf3_parameters_decode. More streams
 * than capacity is an error. ids are not judged. On false *error is set. *results: streams, capacity, output and
 * output_size are set by the caller. */
bool iperf3_results_decode(const char *text, size_t length, struct iperf3_results *results,
			   struct iperf3_json_error *error);

#endif
