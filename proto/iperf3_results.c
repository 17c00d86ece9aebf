#include "proto/iperf3_results.h"

#include <stdio.h>
#include <string.h>

#include "proto/json_private.h"

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* JSON has no other numbers than finite ones; nor does a reader expect them. */
static double real_of(double number)
{
	return __builtin_isfinite(number) ? number : 0;
}

static json_t *encode_stream(const struct iperf3_stream_result *stream)
{
	json_t *object = json_pack("{s:I, s:I, s:I, s:f, s:I}", "id", (json_int_t)stream->id, "bytes",
				   (json_int_t)stream->bytes, "retransmits", (json_int_t)stream->retransmits, "jitter",
				   real_of(stream->jitter), "errors", (json_int_t)stream->errors);
	int failed = 0;

	if (stream->has_omitted)
		failed |= json_object_set_new(object, "omitted_errors", json_integer(stream->omitted_errors));
	failed |= json_object_set_new(object, "packets", json_integer(stream->packets));
	if (stream->has_omitted)
		failed |= json_object_set_new(object, "omitted_packets", json_integer(stream->omitted_packets));
	if (stream->has_times) {
		failed |= json_object_set_new(object, "start_time", json_real(real_of(stream->start_time)));
		failed |= json_object_set_new(object, "end_time", json_real(real_of(stream->end_time)));
	}
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* The server's output as a member of the results. */
static bool encode_output(json_t *object, const struct iperf3_results *results)
{
	const struct iperf_json_limits limits = {
		.length = results->output_length, .depth = IPERF3_DEPTH_MAX - 1, .large_integers = true,
		.duplicates = true,
	};
	struct iperf_json_problem problem;
	json_t *output;

	if (!results->output_json) {
		output = json_stringn(results->output ? results->output : "", results->output_length);
		return json_object_set_new(object, "server_output_text", output) == 0;
	}
	output = iperf_json_load(results->output, results->output_length, &limits, &problem);
	return json_object_set_new(object, "server_output_json", output) == 0;
}

static json_t *encode_streams(const struct iperf3_results *results)
{
	json_t *streams = json_array();

	for (size_t i = 0; streams && i < results->count; i++) {
		if (json_array_append_new(streams, encode_stream(&results->streams[i])) != 0) {
			json_decref(streams);
			return NULL;
		}
	}
	return streams;
}

static bool encode_object(json_t *object, const struct iperf3_results *results)
{
	size_t congestion = strnlen(results->congestion_used, sizeof results->congestion_used);

	return json_object_set_new(object, "cpu_util_total", json_real(real_of(results->cpu_total))) == 0 &&
	       json_object_set_new(object, "cpu_util_user", json_real(real_of(results->cpu_user))) == 0 &&
	       json_object_set_new(object, "cpu_util_system", json_real(real_of(results->cpu_system))) == 0 &&
	       json_object_set_new(object, "sender_has_retransmits",
				   json_integer(results->sender_has_retransmits)) == 0 &&
	       (congestion == 0 || json_object_set_new(object, "congestion_used",
						       json_stringn(results->congestion_used, congestion)) == 0) &&
	       (!results->has_output || encode_output(object, results)) &&
	       json_object_set_new(object, "streams", encode_streams(results)) == 0;
}

size_t iperf3_results_encode(const struct iperf3_results *results, char *out, size_t size)
{
	json_t *object = json_object();
	size_t length = 0;

	if (encode_object(object, results))
		length = json_dumpb(object, out, size, JSON_COMPACT);
	json_decref(object);
	return length > size ? 0 : length;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* A member that has to be there. where names its object, "" for the outer one. */
static const json_t *member_of(const json_t *object, const char *where, const char *name,
			       struct iperf3_json_error *error)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		iperf3_json_wrong(error, IPERF_R_28_4, "%s%s: missing", where, name);
	return member;
}

static bool get_integer(const json_t *object, const char *where, const char *name, int64_t *value,
			struct iperf3_json_error *error)
{
	const json_t *member = member_of(object, where, name, error);

	if (!member)
		return false;
	if (!iperf3_json_integer(member, value))
		return iperf3_json_wrong(error, IPERF_R_28_1, "%s%s: not an integer", where, name);
	return true;
}

static bool get_number(const json_t *object, const char *where, const char *name, double *value,
		       struct iperf3_json_error *error)
{
	const json_t *member = member_of(object, where, name, error);

	if (!member)
		return false;
	if (!json_is_number(member))
		return iperf3_json_wrong(error, IPERF_R_28_1, "%s%s: not a number", where, name);
	*value = json_number_value(member);
	return true;
}

/* Whether both of a pair are there, one, or none. False when it is one. */
static bool get_pair(const json_t *object, const char *where, const char *one, const char *other, bool *there,
		     struct iperf3_json_error *error)
{
	bool has_one = json_object_get(object, one) != NULL;

	*there = has_one;
	if (has_one == (json_object_get(object, other) != NULL))
		return true;
	return iperf3_json_wrong(error, IPERF_R_28_1, "%s%s: missing, though there is %s", where, has_one ? other : one,
				 has_one ? one : other);
}

static bool decode_pairs(const json_t *object, const char *where, struct iperf3_stream_result *stream,
			 struct iperf3_json_error *error)
{
	bool has_start = json_object_get(object, "start_time"), has_end = json_object_get(object, "end_time");

	if (!get_pair(object, where, "omitted_errors", "omitted_packets", &stream->has_omitted, error))
		return false;
	stream->has_times = has_start && has_end;
	if (stream->has_omitted &&
	    (!get_integer(object, where, "omitted_errors", &stream->omitted_errors, error) ||
	     !get_integer(object, where, "omitted_packets", &stream->omitted_packets, error)))
		return false;
	return (!has_start || get_number(object, where, "start_time", &stream->start_time, error)) &&
	       (!has_end || get_number(object, where, "end_time", &stream->end_time, error));
}

static bool decode_stream(const json_t *object, size_t index, struct iperf3_stream_result *stream,
			  struct iperf3_json_error *error)
{
	char where[40];

	memset(stream, 0, sizeof *stream);
	snprintf(where, sizeof where, "streams[%zu].", index);
	if (!json_is_object(object))
		return iperf3_json_wrong(error, IPERF_R_28_1, "streams[%zu]: not an object", index);
	return get_integer(object, where, "id", &stream->id, error) &&
	       get_integer(object, where, "bytes", &stream->bytes, error) &&
	       get_integer(object, where, "retransmits", &stream->retransmits, error) &&
	       get_number(object, where, "jitter", &stream->jitter, error) &&
	       get_integer(object, where, "errors", &stream->errors, error) &&
	       get_integer(object, where, "packets", &stream->packets, error) &&
	       decode_pairs(object, where, stream, error);
}

static bool decode_streams(const json_t *object, struct iperf3_results *results, struct iperf3_json_error *error)
{
	const json_t *streams = member_of(object, "", "streams", error);

	if (!streams)
		return false;
	if (!json_is_array(streams))
		return iperf3_json_wrong(error, IPERF_R_28_1, "streams: not an array");
	if (json_array_size(streams) > results->capacity)
		return iperf3_json_wrong(error, IPERF_R_28_2, "streams: %zu of them, at most %zu expected",
					 json_array_size(streams), results->capacity);
	for (; results->count < json_array_size(streams); results->count++)
		if (!decode_stream(json_array_get(streams, results->count), results->count,
				   &results->streams[results->count], error))
			return false;
	return true;
}

/* The server's output: text as it is, JSON written anew. What has no room is cut off. */
static bool decode_output(const json_t *object, struct iperf3_results *results, struct iperf3_json_error *error)
{
	const json_t *text = json_object_get(object, "server_output_text");
	const json_t *json = json_object_get(object, "server_output_json");

	if (text && !json_is_string(text))
		return iperf3_json_wrong(error, IPERF_R_28_1, "server_output_text: not a string");
	if (json && !json_is_object(json))
		return iperf3_json_wrong(error, IPERF_R_28_1, "server_output_json: not an object");
	results->has_output = text || json;
	results->output_json = json != NULL;
	if (json && results->output_size > 0)
		memset(results->output, ' ', results->output_size); /* of a cut text the last words may be missing */
	if (json) {
		results->output_length = json_dumpb(json, results->output, results->output_size, JSON_COMPACT);
		if (results->output_length == 0)
			return iperf3_json_wrong(error, IPERF_R_NONE, "out of memory");
	} else if (text) {
		results->output_length = json_string_length(text);
		if (results->output_size > 0)
			memcpy(results->output, json_string_value(text),
			       results->output_length < results->output_size ? results->output_length :
									       results->output_size);
	}
	return true;
}

static bool decode_congestion(const json_t *object, struct iperf3_results *results, struct iperf3_json_error *error)
{
	const json_t *congestion = json_object_get(object, "congestion_used");

	if (!congestion)
		return true;
	if (!json_is_string(congestion))
		return iperf3_json_wrong(error, IPERF_R_28_1, "congestion_used: not a string");
	snprintf(results->congestion_used, sizeof results->congestion_used, "%s", json_string_value(congestion));
	return true;
}

bool iperf3_results_decode(const char *text, size_t length, struct iperf3_results *results,
			   struct iperf3_json_error *error)
{
	json_t *object = iperf3_json_load(text, length, IPERF3_RESULTS_MAX, error);
	bool ok;

	results->count = 0;
	results->congestion_used[0] = '\0';
	results->has_output = results->output_json = false;
	results->output_length = 0;
	if (!object)
		return false;
	ok = get_number(object, "", "cpu_util_total", &results->cpu_total, error) &&
	     get_number(object, "", "cpu_util_user", &results->cpu_user, error) &&
	     get_number(object, "", "cpu_util_system", &results->cpu_system, error) &&
	     get_integer(object, "", "sender_has_retransmits", &results->sender_has_retransmits, error) &&
	     decode_congestion(object, results, error) && decode_output(object, results, error) &&
	     decode_streams(object, results, error);
	json_decref(object);
	return ok;
}
