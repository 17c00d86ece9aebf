/* Parameters and results of which SPEC.md leaves open what a server makes of them, for iperf3_peer_fuzz.c: two servers
 * may differ there, and then go different ways. Only asked when they have differed. */
#ifndef IPERF_FUZZ_IPERF3_OPEN_H
#define IPERF_FUZZ_IPERF3_OPEN_H

#include <jansson.h>
#include <math.h>

#include "fuzz/fuzz.h"

#define OPEN_DEPTH 32 /* of arrays and objects: RFC 8259 lets a reader limit it, and no message needs so many */

static const char *const open_flags[] = { "tcp", "udp", "sctp", "mptcp", "reverse", "bidirectional", "nodelay" };
static const char *const open_integers[] = {
	"omit", "time", "num", "blockcount", "parallel", "len", "bandwidth", "pacing_timer", "burst", "MSS", "window",
	"TOS", "flowlabel", "fqrate", "get_server_output", "udp_counters_64bit", "repeating_payload", "zerocopy",
	"dont_fragment", "skip_rx_copy", "gso", "gro", "gso_dg_size", "gso_bf_size", "gro_bf_size", "server_affinity",
};
static const char *const open_strings[] = { "title", "extra_data", "congestion", "congestion_used", "authtoken",
					    "client_version" };
/* What is negative means nothing, and no requirement says what becomes of it. */
static const char *const open_negative[] = { "omit", "time", "num", "blockcount", "bandwidth", "burst", "fqrate" };

static inline size_t open_nesting(const json_t *value)
{
	size_t deepest = 0, i;
	const char *key;
	json_t *child;

	json_object_foreach((json_t *)value, key, child)
		deepest = open_nesting(child) > deepest ? open_nesting(child) : deepest;
	json_array_foreach((json_t *)value, i, child)
		deepest = open_nesting(child) > deepest ? open_nesting(child) : deepest;
	return deepest + (json_is_object(value) || json_is_array(value));
}

/* R-22.4-8, R-22.4-9: an integer that everybody holds. */
static inline bool open_is_integer(const json_t *value)
{
	double number = json_number_value(value), two_53 = 9007199254740992.0;

	return json_is_number(value) && number == floor(number) &&
	       (fabs(number) <= two_53 || number == 18446744073709551616.0);
}

static inline double open_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* R-22.4-7: a value of another type. */
static inline bool open_types(const json_t *object)
{
	const json_t *value;

	for (size_t i = 0; i < COUNT(open_flags); i++)
		if ((value = json_object_get(object, open_flags[i])) && !json_is_true(value))
			return true;
	for (size_t i = 0; i < COUNT(open_integers); i++)
		if ((value = json_object_get(object, open_integers[i])) && !open_is_integer(value))
			return true;
	for (size_t i = 0; i < COUNT(open_strings); i++) {
		value = json_object_get(object, open_strings[i]);
		if (value && (!json_is_string(value) || json_string_length(value) > 255 || /* R-32-1 */
			      memchr(json_string_value(value), '\0', json_string_length(value))))
			return true;
	}
	return false;
}

static inline bool open_parameters(const json_t *object)
{
	int transports = 0;
	double cpu = open_number(object, "server_affinity");

	if (open_types(object))
		return true;
	for (size_t i = 0; i < COUNT(open_negative); i++)
		if (open_number(object, open_negative[i]) < 0 || open_number(object, open_negative[i]) > 1e18)
			return true;
	for (size_t i = 0; i < 3; i++)
		transports += json_object_get(object, open_flags[i]) != NULL;
	if (transports > 1) /* SPEC 24: not decided */
		return true;
	return open_number(object, "len") > 1 << 20 || /* R-24-5: what a server cannot serve is its own affair */
	       cpu < -1 || cpu > 1023 || cpu > 1e18;   /* R-24-6: what it can do, too */
}

/* Keys that are marked M are not open: without them, as with another type, the test is failed. */
static inline bool open_stream(const json_t *stream)
{
	static const char *const integers[] = { "id", "bytes", "retransmits", "errors", "packets" };
	const json_t *errors = json_object_get(stream, "omitted_errors");
	const json_t *packets = json_object_get(stream, "omitted_packets");
	const json_t *start = json_object_get(stream, "start_time"), *end = json_object_get(stream, "end_time");

	for (size_t i = 0; i < COUNT(integers); i++)
		if (fabs(open_number(stream, integers[i])) > 9007199254740992.0)
			return true;
	if (!errors != !packets) /* behind R-28-3: readers refuse one without the other */
		return true;
	return (errors && (!open_is_integer(errors) || !open_is_integer(packets))) || (start && !json_is_number(start)) ||
	       (end && !json_is_number(end));
}

static inline bool open_results(const json_t *object)
{
	const json_t *congestion = json_object_get(object, "congestion_used");
	const json_t *text = json_object_get(object, "server_output_text");
	const json_t *json = json_object_get(object, "server_output_json");
	size_t i;
	json_t *stream;

	if ((congestion && !json_is_string(congestion)) || (text && !json_is_string(text)) ||
	    (json && !json_is_object(json)) || fabs(open_number(object, "sender_has_retransmits")) > 9007199254740992.0)
		return true;
	json_array_foreach(json_object_get(object, "streams"), i, stream)
		if (open_stream(stream))
			return true;
	return false;
}

static inline bool open_has(const char *text, size_t length, const char *what)
{
	return memmem(text, length, what, strlen(what)) != NULL;
}

/* Why a text is none that this reader holds: numbers beyond its range, and depth (RFC 8259, 9); a key that stands twice
 * (R-22.4-4 is the writer's); NUL in a key, and half a surrogate pair, which RFC 8259, 8.2, calls unpredictable. */
static inline bool open_fault(const char *text, size_t length, const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);

	return code == json_error_numeric_overflow || code == json_error_duplicate_key ||
	       code == json_error_null_byte_in_key || code == json_error_stack_overflow ||
	       open_has(text, length, "\\ud") || open_has(text, length, "\\uD");
}

static inline bool open_text(const char *text, size_t length, bool parameters)
{
	size_t flags = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
	json_error_t error;
	json_t *object = json_loadb(text, length, flags, &error);
	bool open;

	if (!object && json_error_code(&error) == json_error_numeric_overflow)
		object = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, &error);
	if (!object)
		return open_fault(text, length, &error);
	open = open_nesting(object) > OPEN_DEPTH ||
	       (parameters && json_is_object(object) && open_parameters(object)) ||
	       (!parameters && json_is_object(object) && open_results(object)) ||
	       (!json_is_object(object)); /* behind R-22.4-7: every key is absent, or the test is failed */
	json_decref(object);
	return open;
}

#endif
