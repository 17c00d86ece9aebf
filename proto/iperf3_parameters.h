/* Parameters of a test in the iperf3 profile: the JSON object of SPEC 24, encoded and decoded with jansson. Not on the
 * message path: these functions allocate within themselves; nothing of it outlives a call. */
#ifndef IPERF_PROTO_IPERF3_PARAMETERS_H
#define IPERF_PROTO_IPERF3_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"
#include "proto/stream.h"

#define IPERF3_PARAMETERS_MAX 8192 /* octets that every server takes; R-24-4 */
#define IPERF3_STRING_SIZE 256     /* of a string parameter, with its NUL; longer ones are refused */
#define IPERF3_DEPTH_MAX 1000      /* of arrays and objects, in parameters and results */

/* Which keys a message had, or is to have: bits of parameters.present, in the order of SPEC 24's table. */
enum iperf3_key {
	IPERF3_KEY_TCP, IPERF3_KEY_UDP, IPERF3_KEY_SCTP, IPERF3_KEY_OMIT, IPERF3_KEY_TIME, IPERF3_KEY_NUM,
	IPERF3_KEY_BLOCKCOUNT, IPERF3_KEY_PARALLEL, IPERF3_KEY_REVERSE, IPERF3_KEY_BIDIRECTIONAL, IPERF3_KEY_LEN,
	IPERF3_KEY_BANDWIDTH, IPERF3_KEY_PACING_TIMER, IPERF3_KEY_BURST, IPERF3_KEY_MSS, IPERF3_KEY_NODELAY,
	IPERF3_KEY_WINDOW, IPERF3_KEY_TOS, IPERF3_KEY_FLOWLABEL, IPERF3_KEY_FQRATE, IPERF3_KEY_TITLE,
	IPERF3_KEY_EXTRA_DATA, IPERF3_KEY_CONGESTION, IPERF3_KEY_CONGESTION_USED, IPERF3_KEY_GET_SERVER_OUTPUT,
	IPERF3_KEY_UDP_COUNTERS_64BIT, IPERF3_KEY_REPEATING_PAYLOAD, IPERF3_KEY_ZEROCOPY, IPERF3_KEY_DONT_FRAGMENT,
	IPERF3_KEY_SKIP_RX_COPY, IPERF3_KEY_MPTCP, IPERF3_KEY_GSO, IPERF3_KEY_GSO_DG_SIZE, IPERF3_KEY_GSO_BF_SIZE,
	IPERF3_KEY_GRO, IPERF3_KEY_GRO_BF_SIZE, IPERF3_KEY_SERVER_AFFINITY, IPERF3_KEY_AUTHTOKEN,
	IPERF3_KEY_CLIENT_VERSION, IPERF3_KEY_COUNT
};

struct iperf3_parameters {
	uint64_t present;               /* bits 1 << enum iperf3_key */
	enum iperf_protocol protocol;   /* TCP or UDP; SCTP is seen by its bit */
	int64_t omit, time;             /* s */
	int64_t num, blockcount;        /* 0: no limit */
	int64_t parallel;
	bool reverse, bidirectional;
	int64_t len;                    /* octets */
	int64_t bandwidth;              /* bit/s of each stream; 0: no limit */
	int64_t pacing_timer;           /* us */
	int64_t burst, mss, window, tos, flowlabel, fqrate;
	bool nodelay;
	bool get_server_output, udp_counters_64bit, repeating_payload;
	char title[IPERF3_STRING_SIZE], extra_data[IPERF3_STRING_SIZE], congestion[IPERF3_STRING_SIZE];
	char client_version[IPERF3_STRING_SIZE];
};

/* What is wrong with parameters or results, and where. */
struct iperf3_json_error {
	enum iperf_requirement why; /* the requirement that is broken */
	bool at_known;              /* offset is meaningful: there the text stops to be JSON */
	size_t offset;              /* octets into the text */
	char text[160];             /* what and where, such as "streams[2].bytes: not an integer" */
};

/* The values of absent keys (SPEC 24); present is 0. */
void iperf3_parameters_defaults(struct iperf3_parameters *parameters);

/* Number of streams on the wire: parallel, twice that when bidirectional. */
int64_t iperf3_parameters_streams(const struct iperf3_parameters *parameters);

/* Writes the keys that present names, in SPEC 24's order, compact. Keys without a member here: flags are true,
 * zerocopy, dont_fragment and skip_rx_copy are 1, gso... and gro... what the table has for absent ones;
 * congestion_used, server_affinity and authtoken are left out. Returns the length (out is not terminated), 0 when
 * size or memory do not suffice, or a string is no UTF-8. */
size_t iperf3_parameters_encode(const struct iperf3_parameters *parameters, char *out, size_t size);

/* Reads the text strictly: one JSON object, each key once, each value of its type, flags true; unknown keys are
 * passed over. Numbers as R-22.4-8 and R-22.4-9 say: exact up to 2^63 - 1, but up to 2^53 in a text that also has one
 * beyond that; beyond int64_t the nearest value, and 2^64 - 1 is -1. Within values of unknown keys a key may stand
 * twice. It does not judge values (R-24-5): that is the server's. More than IPERF3_PARAMETERS_MAX octets or
 * IPERF3_DEPTH_MAX levels are refused. On false *error is set, and *parameters unspecified. */
bool iperf3_parameters_decode(const char *text, size_t length, struct iperf3_parameters *parameters,
			      struct iperf3_json_error *error);

#endif
