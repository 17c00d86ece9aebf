/*
 * What both roles of the iperf3 profile share: states and errors of SPEC 22.3 and 29, cookie, length and JSON
 * (22.4), parameters (24) and results (28). iperf3_stream.h has the streams.
 */
#ifndef PEER_IPERF3_H
#define PEER_IPERF3_H

#include "clock.h"
#include "faults.h"
#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	I3_COOKIE_LEN = 37, /* with its NUL */
	I3_STREAMS_MAX = 128,
	I3_PARAMETERS_MAX = 8192,
	I3_RESULTS_MAX = 1 << 20,
};

enum i3_state {
	I3_TEST_START = 1,
	I3_TEST_RUNNING = 2,
	I3_TEST_END = 4,
	I3_STREAM_BEGIN = 5, /* never sent */
	I3_PARAM_EXCHANGE = 9,
	I3_CREATE_STREAMS = 10,
	I3_SERVER_TERMINATE = 11,
	I3_CLIENT_TERMINATE = 12,
	I3_EXCHANGE_RESULTS = 13,
	I3_DISPLAY_RESULTS = 14,
	I3_IPERF_DONE = 16,
	I3_ACCESS_DENIED = -1,
	I3_SERVER_ERROR = -2,
};

enum i3_error {
	I3_NO_ERROR = 0,
	I3_E_TOTAL_RATE = 27,
	I3_E_DURATION = 37,
	I3_E_UNKNOWN_STATE = 110,
	I3_E_PARAMETERS = 114,
	I3_E_RESULTS = 117,
	I3_E_CLIENT_TERMINATE = 119,
	I3_E_AFFINITY = 132,
	I3_E_WINDOW = 141,
	I3_E_AUTHENTICATION = 142,
	I3_E_SILENCE = 144,
	I3_E_OVER = 160,
	I3_E_STREAM = 200,
	I3_E_LISTEN = 202,
	I3_E_STREAM_ID = 208,
};

/* Numbers with the most significant octet first. */
void i3_put32(uint8_t *p, uint32_t value);
void i3_put64(uint8_t *p, uint64_t value);
uint32_t i3_get32(const uint8_t *p);
uint64_t i3_get64(const uint8_t *p);

/* Length and text, one after the other, in a block to free. */
uint8_t *i3_frame(const char *text, size_t *size);
/* The object that the text is, NULL: it is none. */
struct json *i3_object(const uint8_t *text, size_t n);
/* An integer by R-22.4-8 and R-22.4-9; false: the value is none. */
bool i3_integer(const struct json *value, int64_t *out);
/* A negative integer as it is written. */
const char *i3_minus_one(void);

struct i3_params {
	bool udp, sctp, mptcp, reverse, bidirectional, nodelay;
	bool server_output, wide, repeating, dont_fragment, token;
	int64_t omit, time, num, blockcount, parallel, len, bandwidth, burst, fqrate;
	int64_t mss, window, tos, flowlabel, server_affinity;
	char congestion[32];
};

void i3_params_default(struct i3_params *p);
/* Into defaults; false: a value has another type than SPEC 24 gives. */
bool i3_params_read(struct i3_params *p, const struct json *object);
/* The client's parameters, to free. */
char *i3_params_write(const struct i3_params *p);
/* Streams in both directions together. */
size_t i3_stream_total(const struct i3_params *p);

struct i3_stream;

struct i3_results {
	const struct i3_params *params;
	bool server; /* who writes */
	const struct i3_stream *streams;
	size_t count;
	double seconds;
	const char *output; /* server_output_text, or NULL */
};

/* The time of the processor that the process has used, for i3_results_write. */
struct i3_usage {
	uint64_t wall_ns;
	double user, system;
};

struct i3_usage i3_usage_now(void);
/* The results as text, to free; since says when the test began. */
char *i3_results_write(const struct i3_results *r, const struct i3_usage *since);
/* I3_NO_ERROR, or what is wrong with the other side's results. */
enum i3_error i3_results_check(const struct json *object, const struct i3_results *mine);

#endif
