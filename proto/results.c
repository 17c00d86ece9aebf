#include "proto/results.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/json_private.h"
#include "proto/limits.h"

static const char *const protocol_names[] = { [IPERF_TCP] = "tcp", [IPERF_UDP] = "udp" };

static json_t *encode_stream(const struct iperf_stream_result *stream)
{
	json_t *packets = stream->protocol == IPERF_UDP ? json_integer((json_int_t)stream->packets) : json_null();

	return json_pack("{s:I, s:s, s:i, s:I, s:o, s:f, s:b}", "id", (json_int_t)stream->id, "protocol",
			 protocol_names[stream->protocol], "client_port", (int)stream->client_port, "bytes",
			 (json_int_t)stream->bytes, "packets", packets, "seconds", stream->seconds, "complete",
			 (int)stream->complete);
}

size_t iperf_results_encode(const struct iperf_results *results, char *out, size_t size)
{
	json_t *streams = json_array();
	json_t *object = NULL;
	size_t length = 0;

	for (size_t i = 0; i < results->count; i++)
		if (json_array_append_new(streams, encode_stream(&results->streams[i])) != 0)
			goto cleanup;
	object = json_pack("{s:O, s:I}", "streams", streams, "bytes", (json_int_t)results->bytes);
	if (object)
		length = json_dumpb(object, out, size, JSON_COMPACT | JSON_REAL_PRECISION(9));
	if (length > size)
		length = 0;
cleanup:
	json_decref(object);
	json_decref(streams);
	return length;
}

__attribute__((format(printf, 3, 4))) static bool wrong(struct iperf_results_error *error, enum iperf_requirement why,
							 const char *format, ...)
{
	va_list arguments;

	error->why = why;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return false;
}

/* Reads a member that is an integer from 0 to max. where names the object, "" for the outer one. */
static bool get_integer(const json_t *object, const char *where, const char *name, uint64_t max, uint64_t *value,
			enum iperf_requirement why, struct iperf_results_error *error)
{
	json_t *member = json_object_get(object, name);

	if (!member)
		return wrong(error, why, "%s%s: missing", where, name);
	if (!json_is_integer(member))
		return wrong(error, json_is_real(member) ? IPERF_R_9_2_8 : why, "%s%s: not an integer", where, name);
	if (json_integer_value(member) < 0 || (uint64_t)json_integer_value(member) > max)
		return wrong(error, IPERF_R_9_2_8, "%s%s: %" JSON_INTEGER_FORMAT " is not between 0 and %llu", where, name,
			     json_integer_value(member), (unsigned long long)max);
	*value = (uint64_t)json_integer_value(member);
	return true;
}

static bool get_protocol(const json_t *object, const char *where, enum iperf_protocol *protocol,
			 struct iperf_results_error *error)
{
	json_t *member = json_object_get(object, "protocol");

	if (!member)
		return wrong(error, IPERF_R_9_2_3, "%sprotocol: missing", where);
	for (size_t i = 0; i < sizeof protocol_names / sizeof *protocol_names; i++) {
		if (json_is_string(member) && strcmp(json_string_value(member), protocol_names[i]) == 0 &&
		    json_string_length(member) == strlen(protocol_names[i])) {
			*protocol = (enum iperf_protocol)i;
			return true;
		}
	}
	return wrong(error, IPERF_R_9_2_3, "%sprotocol: neither \"tcp\" nor \"udp\"", where);
}

static bool get_packets(const json_t *object, const char *where, struct iperf_stream_result *stream,
			struct iperf_results_error *error)
{
	if (stream->protocol == IPERF_UDP)
		return get_integer(object, where, "packets", INT64_MAX, &stream->packets, IPERF_R_9_2_5, error);
	stream->packets = 0;
	if (!json_object_get(object, "packets"))
		return wrong(error, IPERF_R_9_2_5, "%spackets: missing", where);
	if (!json_is_null(json_object_get(object, "packets")))
		return wrong(error, IPERF_R_9_2_5, "%spackets: not null, though the stream is on TCP", where);
	return true;
}

static bool get_seconds_and_complete(const json_t *object, const char *where, struct iperf_stream_result *stream,
				     struct iperf_results_error *error)
{
	json_t *seconds = json_object_get(object, "seconds");
	json_t *complete = json_object_get(object, "complete");

	if (!seconds || !complete)
		return wrong(error, IPERF_R_9_2_3, "%s%s: missing", where, seconds ? "complete" : "seconds");
	if (!json_is_number(seconds) || json_number_value(seconds) < 0)
		return wrong(error, IPERF_R_9_2_7, "%sseconds: not a number of 0 or more", where);
	if (!json_is_boolean(complete))
		return wrong(error, IPERF_R_9_2_3, "%scomplete: neither true nor false", where);
	stream->seconds = json_number_value(seconds);
	stream->complete = json_is_true(complete);
	return true;
}

static bool decode_stream(const json_t *object, size_t index, struct iperf_stream_result *stream,
			  struct iperf_results_error *error)
{
	char where[40];
	uint64_t id, port;

	snprintf(where, sizeof where, "streams[%zu].", index);
	if (!json_is_object(object))
		return wrong(error, IPERF_R_9_2_3, "streams[%zu]: not an object", index);
	if (!get_integer(object, where, "id", UINT32_MAX, &id, IPERF_R_9_2_3, error) ||
	    !get_protocol(object, where, &stream->protocol, error) ||
	    !get_integer(object, where, "client_port", UINT16_MAX, &port, IPERF_R_9_2_3, error) ||
	    !get_integer(object, where, "bytes", INT64_MAX, &stream->bytes, IPERF_R_9_2_3, error) ||
	    !get_packets(object, where, stream, error) ||
	    !get_seconds_and_complete(object, where, stream, error))
		return false;
	stream->id = (uint32_t)id;
	stream->client_port = (uint16_t)port;
	return true;
}

/* What the members say of each other: R-9.2-4, R-9.2-6. */
static bool consistent(const struct iperf_results *results, struct iperf_results_error *error)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < results->count; i++) {
		if (results->streams[i].id != i + 1)
			return wrong(error, IPERF_R_9_2_4, "streams[%zu].id: %u, expected %zu", i, (unsigned)results->streams[i].id,
				     i + 1);
		sum = results->streams[i].bytes > UINT64_MAX - sum ? UINT64_MAX : sum + results->streams[i].bytes;
	}
	if (sum != results->bytes)
		return wrong(error, IPERF_R_9_2_6, "bytes: %llu, but the streams add up to %llu", (unsigned long long)results->bytes,
			     (unsigned long long)sum);
	return true;
}

static bool decode_object(const json_t *object, struct iperf_results *results, struct iperf_results_error *error)
{
	json_t *streams = json_object_get(object, "streams");

	results->count = 0;
	if (!json_is_object(object))
		return wrong(error, IPERF_R_9_2_1, "not an object");
	if (!json_is_array(streams))
		return wrong(error, IPERF_R_9_2_2, streams ? "streams: not an array" : "streams: missing");
	if (json_array_size(streams) > results->capacity)
		return wrong(error, IPERF_R_11_3, "streams: %zu of them, at most %zu expected", json_array_size(streams),
			     results->capacity);
	for (; results->count < json_array_size(streams); results->count++)
		if (!decode_stream(json_array_get(streams, results->count), results->count,
				   &results->streams[results->count], error))
			return false;
	return get_integer(object, "", "bytes", INT64_MAX, &results->bytes, IPERF_R_9_2_2, error) &&
	       consistent(results, error);
}

/* The requirement that a text breaks. */
static enum iperf_requirement requirement_of(enum iperf_json_fault fault)
{
	switch (fault) {
	case IPERF_JSON_LONG:
	case IPERF_JSON_DEEP:
		return IPERF_R_9_2_12;
	case IPERF_JSON_NUMBER:
		return IPERF_R_9_2_8;
	case IPERF_JSON_MEMORY:
		return IPERF_R_NONE;
	case IPERF_JSON_DUPLICATE:
	case IPERF_JSON_SYNTAX:
		break;
	}
	return IPERF_R_9_2_1;
}

bool iperf_results_decode(const char *text, size_t length, struct iperf_results *results,
			  struct iperf_results_error *error)
{
	const struct iperf_json_limits limits = { .length = IPERF_RESULT_DATA_MAX, .depth = IPERF_RESULT_DEPTH_MAX };
	struct iperf_json_problem problem;
	json_t *object = iperf_json_load(text, length, &limits, &problem);
	bool ok;

	memset(error, 0, sizeof *error);
	if (!object) {
		error->at_known = true;
		error->offset = problem.offset;
		return wrong(error, requirement_of(problem.fault), "%s", problem.text);
	}
	ok = decode_object(object, results, error);
	json_decref(object);
	return ok;
}
