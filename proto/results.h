/* Result data: the JSON object of SPEC 9.2, encoded and decoded with jansson. Not on the message path: these two
 * functions allocate, within themselves; nothing of it outlives a call. */
#ifndef IPERF_PROTO_RESULTS_H
#define IPERF_PROTO_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/stream.h"

struct iperf_stream_result {
	uint32_t id;
	enum iperf_protocol protocol;
	uint16_t client_port;
	uint64_t bytes;   /* payload octets; at most 2^63 - 1 */
	uint64_t packets; /* UDP payload datagrams; meaningless on TCP */
	double seconds;
	bool complete;
};

/* The caller owns the array that streams points to. */
struct iperf_results {
	uint64_t bytes; /* the outer sum */
	size_t count;
	size_t capacity;
	struct iperf_stream_result *streams;
};

struct iperf_results_error {
	enum iperf_requirement why; /* the requirement that is broken */
	bool at_known;   /* offset is meaningful: there the text stops to be JSON. Else it is JSON, but not as of SPEC 9.2 */
	size_t offset;   /* octets into the result data */
	char text[160];  /* what is wrong and what was expected, such as "streams[2].bytes: not an integer" */
};

#define IPERF_RESULTS_STREAM_SIZE 192 /* an encoded stream is shorter; so a buffer can be sized by the count */

/* Writes the object to out (not NUL-terminated) and returns its length; 0 when memory or size do not suffice. */
size_t iperf_results_encode(const struct iperf_results *results, char *out, size_t size);

/* Reads result data up to the end of the connection. White space around it and unknown names are fine (R-9.2-10,
 * R-9.2-11); longer or deeper text than R-9.2-12 allows, duplicate names, missing members, members of another kind, ids
 * that do not count from 1 and a wrong sum are errors. Returns true and fills *results, of which streams and capacity
 * were set by the caller; or false and fills *error. When only what the members say of each other is wrong (ids, sum),
 * *results is filled too and error->at_known is false. */
bool iperf_results_decode(const char *text, size_t length, struct iperf_results *results,
			  struct iperf_results_error *error);

#endif
