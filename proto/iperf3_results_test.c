/* Results of the iperf3 profile: those of deployed programs, wrong ones, and what is written. SPEC 28. */
#include "proto/iperf3_results.h"

#include <jansson.h>
#include <math.h>

#include "proto/json_test.h"

#define CPU "\"cpu_util_total\":1,\"cpu_util_user\":0.5,\"cpu_util_system\":0.25,"
#define HEAD CPU "\"sender_has_retransmits\":1,"
#define STREAM_WITH(id, more) "{\"id\":" id ",\"bytes\":8192,\"retransmits\":0,\"jitter\":0,\"errors\":0," \
	"\"packets\":0" more "}"
#define ONE STREAM_WITH("1", "")
#define STREAMS_1(more) "{" HEAD "\"streams\":[" STREAM_WITH("1", more) "]}"

/* --- wrong ones --------------------------------------------------------------------------------------------------- */

static const struct wrong_row {
	const char *name;
	const char *text;
	const char *error;
	const char *why;
	long offset;
} wrong_rows[] = {
	{ "28/empty R-22.4-5", "", "", "R-22.4-5", 0 },
	{ "28/array R-22.4-1", "[1]", "not an object", "R-22.4-1", -1 },
	{ "28/cut R-22.4-5", "{" HEAD "\"streams\":[" ONE, "", "R-22.4-5", -2 },
	{ "28/nothing R-28-4", "{}", "cpu_util_total: missing", "R-28-4", -1 },
	{ "28/user-missing R-28-4", "{\"cpu_util_total\":1}", "cpu_util_user: missing", "R-28-4", -1 },
	{ "28/retransmits-missing R-28-4", "{" CPU "\"streams\":[]}", "sender_has_retransmits: missing", "R-28-4", -1 },
	{ "28/streams-missing R-28-4", "{" HEAD "\"x\":1}", "streams: missing", "R-28-4", -1 },
	{ "28/jitter-missing R-28-4", "{" HEAD "\"streams\":[" ONE "," ONE
	  ",{\"id\":4,\"bytes\":1,\"retransmits\":0,\"errors\":0,\"packets\":0}]}", "streams[2].jitter: missing",
	  "R-28-4", -1 },
	{ "28/bytes-string R-28-1", "{" HEAD "\"streams\":[" ONE "," ONE ",{\"id\":4,\"bytes\":\"1\"}]}",
	  "streams[2].bytes: not an integer", "R-28-1", -1 },
	{ "28/bytes-fraction R-28-1", "{" HEAD "\"streams\":[{\"id\":1,\"bytes\":1.5}]}",
	  "streams[0].bytes: not an integer", "R-28-1", -1 },
	{ "28/id-null R-28-1", "{" HEAD "\"streams\":[{\"id\":null}]}", "streams[0].id: not an integer", "R-28-1", -1 },
	{ "28/cpu-string R-28-1", "{\"cpu_util_total\":\"1\"}", "cpu_util_total: not a number", "R-28-1", -1 },
	{ "28/stream-is-a-number R-28-1", "{" HEAD "\"streams\":[1]}", "streams[0]: not an object", "R-28-1", -1 },
	{ "28/streams-is-an-object R-28-1", "{" HEAD "\"streams\":{}}", "streams: not an array", "R-28-1", -1 },
	{ "28/congestion-number R-28-1", "{" HEAD "\"congestion_used\":1,\"streams\":[]}",
	  "congestion_used: not a string", "R-28-1", -1 },
	{ "28/output-number R-28-1", "{" HEAD "\"server_output_text\":1,\"streams\":[]}",
	  "server_output_text: not a string", "R-28-1", -1 },
	{ "28/output-array R-28-1", "{" HEAD "\"server_output_json\":[],\"streams\":[]}",
	  "server_output_json: not an object", "R-28-1", -1 },
	{ "28/omitted-errors-alone R-28-1", STREAMS_1(",\"omitted_errors\":1"),
	  "streams[0].omitted_packets: missing, though there is omitted_errors", "R-28-1", -1 },
	{ "28/omitted-packets-alone R-28-1", STREAMS_1(",\"omitted_packets\":1"),
	  "streams[0].omitted_errors: missing, though there is omitted_packets", "R-28-1", -1 },
	{ "28/end-alone-wrong R-28-1", STREAMS_1(",\"end_time\":false"), "streams[0].end_time: not a number", "R-28-1", -1 },
	{ "28/start-string R-28-1", STREAMS_1(",\"start_time\":\"\",\"end_time\":1"),
	  "streams[0].start_time: not a number", "R-28-1", -1 },
	{ "28/omitted-errors-string R-28-1", STREAMS_1(",\"omitted_errors\":\"1\",\"omitted_packets\":1"),
	  "streams[0].omitted_errors: not an integer", "R-28-1", -1 },
	{ "28/omitted-packets-string R-28-1", STREAMS_1(",\"omitted_errors\":1,\"omitted_packets\":\"1\""),
	  "streams[0].omitted_packets: not an integer", "R-28-1", -1 },
	{ "28/too-many-streams R-28-2", "{" HEAD "\"streams\":[" ONE "," ONE "," ONE "," ONE "]}",
	  "streams: 4 of them, at most 3 expected", "R-28-2", -1 },
	{ "28/key-twice-behind-spaces R-22.4-4", "{ \"x\" : 1 , \"x\" : 2 }", "x: stands twice", "R-22.4-4", 12 },
	{ "28/array-with-a-key-twice R-22.4-1", "[{\"a\":1,\"a\":2}]", "not an object", "R-22.4-1", -1 },
	{ "28/key-twice R-22.4-4", "{\"streams\":[],\"streams\":[]}", "streams: stands twice", "R-22.4-4", 14 },
	{ "28/key-twice-in-stream R-22.4-4", "{\"x\":{\"a\":1,\"a\":1},\"streams\":[{\"id\":1,\"id\":1}]}", "duplicate",
	  "R-22.4-4", -2 },
};

static bool decode(const char *text, size_t length, struct iperf3_results *results, struct iperf3_json_error *error)
{
	static struct iperf3_stream_result streams[3];

	results->streams = streams;
	results->capacity = COUNT(streams);
	return iperf3_results_decode((const char *)ground(text, length), length, results, error);
}

static void run_wrong(void **state)
{
	const struct wrong_row *row = *state;
	size_t length = strlen(row->text);
	struct iperf3_results results = { 0 };
	struct iperf3_json_error error;

	if (decode(row->text, length, &results, &error))
		row_fail(row->name, "no error");
	json_error_is(row->name, &error, row->error, row->why, row->offset, length);
}

/* --- those of deployed programs ----------------------------------------------------------------------------------- */

#define MINUS_1 "18446744073709551615"

static const char client_3_12[] =
	"{\"cpu_util_total\":4.1421502370640484,\"cpu_util_user\":0.16411389043864039,"
	"\"cpu_util_system\":3.9781322075427208,\"sender_has_retransmits\":" MINUS_1 ",\"congestion_used\":\"bbr\","
	"\"streams\":[{\"id\":1,\"bytes\":131072,\"retransmits\":" MINUS_1 ",\"jitter\":0,\"errors\":0,\"packets\":0,"
	"\"start_time\":0,\"end_time\":1.000169},{\"id\":3,\"bytes\":131072,\"retransmits\":" MINUS_1 ",\"jitter\":0,"
	"\"errors\":0,\"packets\":0,\"start_time\":0,\"end_time\":1.000177}]}";

static const char server_3_12_text[] =
	"{\"cpu_util_total\":0.11920864685688137,\"cpu_util_user\":0.11940091886794085,\"cpu_util_system\":0,"
	"\"sender_has_retransmits\":" MINUS_1 ",\"congestion_used\":\"bbr\",\"server_output_text\":"
	"\"Accepted connection from 127.0.0.1, port 51600\\n[  5] local 127.0.0.1\\n\",\"streams\":[{\"id\":1,"
	"\"bytes\":126976,\"retransmits\":" MINUS_1 ",\"jitter\":0,\"errors\":0,\"packets\":0,\"start_time\":0,"
	"\"end_time\":1.040182}]}";

/* Shortened; it has target_bitrate twice, as that version writes it. */
#define SERVER_OUTPUT "{\"start\":{\"version\":\"iperf 3.12\",\"target_bitrate\":1000000,\"sock_bufsize\":0," \
	"\"tcp_mss_default\":0,\"target_bitrate\":1000000},\"end\":{}}"
static const char server_3_12_json[] =
	"{\"cpu_util_total\":0.12976515858164286,\"cpu_util_user\":0.12966939093693319,\"cpu_util_system\":0,"
	"\"sender_has_retransmits\":" MINUS_1 ",\"congestion_used\":\"bbr\",\"server_output_json\":" SERVER_OUTPUT ","
	"\"streams\":[{\"id\":1,\"bytes\":126976,\"retransmits\":" MINUS_1 ",\"jitter\":0,\"errors\":0,\"packets\":0,"
	"\"start_time\":0,\"end_time\":1.044164}]}";

static void of_3_12(void **state)
{
	struct iperf3_results r = { 0 };
	struct iperf3_json_error error;

	(void)state;
	assert_true(decode(client_3_12, strlen(client_3_12), &r, &error));
	assert_int_equal(allocated, 0);
	assert_true(r.cpu_total == 4.1421502370640484 && r.cpu_user == 0.16411389043864039);
	assert_true(r.sender_has_retransmits == -1 && r.count == 2 && !r.has_output);
	assert_string_equal(r.congestion_used, "bbr");
	assert_true(r.streams[1].id == 3 && r.streams[1].bytes == 131072 && r.streams[1].retransmits == -1);
	assert_true(r.streams[1].has_times && r.streams[1].end_time == 1.000177 && !r.streams[1].has_omitted);
}

static void output_of_3_12(void **state)
{
	char output[200];
	struct iperf3_results r = { .output = output, .output_size = sizeof output };
	struct iperf3_json_error error;

	(void)state;
	assert_true(decode(server_3_12_text, strlen(server_3_12_text), &r, &error));
	assert_true(r.has_output && !r.output_json && r.output_length == 69);
	assert_memory_equal(output, "Accepted connection from 127.0.0.1, port 51600\n[  5] local 127.0.0.1\n", 69);
	if (!decode(server_3_12_json, strlen(server_3_12_json), &r, &error))
		row_fail("server_output_json", "%s", error.text);
	assert_true(r.has_output && r.output_json && r.output_length > 0 && r.output_length < sizeof output);
	assert_memory_equal(output, "{\"start\":{\"version\":\"iperf 3.12\",\"target_bitrate\":1000000", 50);
	assert_int_equal(output[r.output_length - 1], '}');
}

/* With too little room, as much as there is room for, and how much there was; not an octet more. */
static void output_cut(void **state)
{
	char output[20];
	struct iperf3_results r = { .output = output, .output_size = 5 };
	struct iperf3_json_error error;

	(void)state;
	memset(output, 'x', sizeof output);
	assert_true(decode(server_3_12_text, strlen(server_3_12_text), &r, &error));
	assert_int_equal(r.output_length, 69);
	assert_memory_equal(output, "Accep", 5);
	assert_int_equal(output[5], 'x');
	assert_true(decode(server_3_12_json, strlen(server_3_12_json), &r, &error));
	assert_true(r.output_length > 5);
	assert_int_equal(output[5], 'x');
	r.output = NULL;
	r.output_size = 0;
	assert_true(decode(server_3_12_text, strlen(server_3_12_text), &r, &error));
	assert_true(decode(server_3_12_json, strlen(server_3_12_json), &r, &error));
	assert_true(r.has_output && r.output_length > 0);
}

static const struct good_row {
	const char *name;
	const char *text;
	size_t count;
} good_rows[] = {
	{ "28/no-streams R-28-6", "{" HEAD "\"streams\":[]}", 0 },
	{ "28/one R-28-3", "{" HEAD "\"streams\":[" ONE "]}", 1 },
	{ "28/any-order R-22.4-2", "\t{\"streams\" : [ " ONE " ] ,\r\n" HEAD "\"y\":null} ", 1 },
	{ "28/unknown-keys R-22.4-3", STREAMS_1(",\"x\":{\"id\":[]},\"Bytes\":\"\""), 1 },
	{ "28/repeated-within-unknown R-22.4-3",
	  "{\"x\":{\"a\":[],\"a\":1,\"streams\":0}," HEAD "\"streams\":[" ONE "]}", 1 },
	{ "28/omitted-and-times R-28-3",
	  STREAMS_1(",\"omitted_errors\":1,\"omitted_packets\":2,\"start_time\":0,\"end_time\":1e0"), 1 },
	{ "28/end-alone R-28-3", STREAMS_1(",\"end_time\":1"), 1 },
	{ "28/any-ids R-28-5",
	  "{" HEAD "\"streams\":[" ONE "," STREAM_WITH("-7", "") "," STREAM_WITH("1", "") "]}", 3 },
	{ "28/doubles R-22.4-9", "{" HEAD "\"streams\":[" STREAM_WITH("1.000000", "") "]}", 1 },
};

static void run_good(void **state)
{
	const struct good_row *row = *state;
	struct iperf3_results r = { 0 };
	struct iperf3_json_error error;

	if (!decode(row->text, strlen(row->text), &r, &error))
		row_fail(row->name, "%s", error.text);
	assert_int_equal(allocated, 0);
	assert_true(r.count == row->count && r.cpu_total == 1 && r.sender_has_retransmits == 1 && !r.has_output);
	for (size_t i = 0; i < r.count; i++)
		assert_int_equal(r.streams[i].bytes, 8192);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

#define LONG_CONGESTION "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopq"

static struct iperf3_stream_result longest = {
	INT64_MIN, INT64_MIN, INT64_MIN, -2.2250738585072014e-308, INT64_MIN, INT64_MIN, true, INT64_MIN, INT64_MIN,
	true, -2.2250738585072014e-308, -1.7976931348623157e+308,
};

static void written(void **state)
{
	struct iperf3_stream_result stream = { .id = 1, .bytes = 5000000000, .retransmits = -1, .jitter = NAN };
	struct iperf3_results results = { .cpu_total = INFINITY, .cpu_user = 0.5, .sender_has_retransmits = -1,
					  .count = 1, .streams = &stream };
	static const char expected[] =
		"{\"cpu_util_total\":0.0,\"cpu_util_user\":0.5,\"cpu_util_system\":0.0,\"sender_has_retransmits\":-1,"
		"\"streams\":[{\"id\":1,\"bytes\":5000000000,\"retransmits\":-1,\"jitter\":0.0,\"errors\":0,"
		"\"packets\":0}]}";
	char out[1000];

	(void)state;
	assert_int_equal(iperf3_results_encode(&results, out, sizeof out), strlen(expected));
	assert_memory_equal(out, expected, strlen(expected));
	assert_int_equal(iperf3_results_encode(&results, out, strlen(expected)), strlen(expected));
	assert_int_equal(iperf3_results_encode(&results, out, strlen(expected) - 1), 0);
}

/* The largest of everything comes back, and IPERF3_STREAM_SIZE is enough. */
static void round_trip(void **state)
{
	struct iperf3_stream_result streams[3] = { longest, longest, longest };
	struct iperf3_results results = { -2.2250738585072014e-308, 0.1, 1e300, INT64_MIN, LONG_CONGESTION, 3, 3,
					  streams, NULL, 0, 0, false, false }, back = { 0 };
	struct iperf3_json_error error;
	char out[4 * IPERF3_STREAM_SIZE];
	size_t length = iperf3_results_encode(&results, out, sizeof out);

	(void)state;
	assert_true(length > 0);
	if (!decode(out, length, &back, &error))
		row_fail("round trip", "%s", error.text);
	assert_int_equal(back.count, 3);
	assert_memory_equal(&back.cpu_total, &results.cpu_total, 3 * sizeof(double));
	assert_true(back.sender_has_retransmits == INT64_MIN);
	assert_string_equal(back.congestion_used, LONG_CONGESTION);
	for (size_t i = 0; i < 3; i++) {
		const struct iperf3_stream_result *s = &back.streams[i];

		assert_true(s->id == INT64_MIN && s->bytes == INT64_MIN && s->packets == INT64_MIN);
		assert_true(s->has_omitted && s->omitted_errors == INT64_MIN && s->omitted_packets == INT64_MIN);
		assert_true(s->has_times && s->start_time == longest.start_time && s->end_time == longest.end_time);
		assert_true(s->jitter == longest.jitter && s->errors == INT64_MIN && s->retransmits == INT64_MIN);
	}
}

static void output_written(void **state)
{
	static char text[] = "line\n\"\\\001\303\274", json[] = " {\"a\":[1,18446744073709551615]}", bad[] = "{\"a\":";
	char out[1000], output[100];
	struct iperf3_results results = { .output = text, .output_length = strlen(text), .has_output = true };
	struct iperf3_results back = { .output = output, .output_size = sizeof output };
	struct iperf3_json_error error;
	size_t length = iperf3_results_encode(&results, out, sizeof out);

	(void)state;
	assert_true(length && decode(out, length, &back, &error) && back.has_output && !back.output_json);
	assert_int_equal(back.output_length, strlen(text));
	assert_memory_equal(output, text, strlen(text));
	results.output = json;
	results.output_length = strlen(json);
	results.output_json = true;
	length = iperf3_results_encode(&results, out, sizeof out);
	assert_true(length && decode(out, length, &back, &error) && back.has_output && back.output_json);
	assert_memory_equal(output, "{\"a\":[1", 7);
	results.output = bad;
	results.output_length = strlen(bad);
	assert_int_equal(iperf3_results_encode(&results, out, sizeof out), 0);
}

/* --- bounds ------------------------------------------------------------------------------------------------------- */

static void bounds(void **state)
{
	static char text[IPERF3_RESULTS_MAX + 1];
	static const char good[] = "{" HEAD "\"streams\":[" ONE "]}";
	struct iperf3_results r = { 0 };
	struct iperf3_json_error error;

	(void)state;
	memset(text, ' ', sizeof text);
	memcpy(text, good, strlen(good));
	assert_true(decode(text, IPERF3_RESULTS_MAX, &r, &error));
	assert_false(decode(text, IPERF3_RESULTS_MAX + 1, &r, &error));
	json_error_is("length", &error, "longer than 1048576 octets", "R-32-1", IPERF3_RESULTS_MAX, sizeof text);
	memset(text, '[', sizeof text);
	assert_false(decode(text, IPERF3_RESULTS_MAX, &r, &error));
	json_error_is("depth", &error, "nested deeper than 1000", "R-32-1", IPERF3_DEPTH_MAX, sizeof text);
}

static void any_octet(void **state)
{
	size_t length = strlen(server_3_12_json);
	struct iperf3_json_error error;
	uint64_t seed = seed_of(28);
	char text[1000], output[30];

	(void)state;
	for (unsigned n = 0; n < rounds(20000) + length; n++) {
		struct iperf3_results r = { .output = output, .output_size = sizeof output };
		size_t cut = n < length ? n : length;

		memcpy(text, server_3_12_json, length);
		for (size_t changes = n < length ? 0 : 1 + chance(&seed, 3); changes; changes--)
			text[chance(&seed, length)] = (char)(chance(&seed, 2) ? (int)chance(&seed, 256) :
									       "{}[]:,\"01"[chance(&seed, 9)]);
		if (!decode(text, cut, &r, &error))
			json_error_is("chance", &error, "", NULL, -2, length);
	}
}

/* Short numbers: where its buffer for a number cannot grow, jansson 2.14 asserts. */
static void without_memory(void **state)
{
	static const char text[] = "{" HEAD "\"congestion_used\":\"bbr\",\"server_output_json\":{\"a\":1,\"a\":2},"
		"\"streams\":[" STREAM_WITH("1", ",\"start_time\":0,\"end_time\":1.25") "]}";
	char out[1000], output[100];
	struct iperf3_results r = { .output = output, .output_size = sizeof output };
	struct iperf3_json_error error;
	bool ok = false;
	size_t length = 0;

	(void)state;
	for (long n = 0; !ok; n++) {
		assert_true(n < 1000);
		allocations_left = n;
		ok = decode(text, strlen(text), &r, &error);
		allocations_left = -1;
		assert_int_equal(allocated, 0);
		assert_true(ok || *error.text);
	}
	for (long n = 0; length == 0; n++) {
		assert_true(n < 1000);
		allocations_left = n;
		length = iperf3_results_encode(&r, out, sizeof out);
		allocations_left = -1;
		assert_int_equal(allocated, 0);
	}
	r.count = 0;
	assert_true(decode(out, length, &r, &error) && r.count == 1);
}

/* An output of which nothing was kept is written as an empty text. */
static void no_output_kept(void **state)
{
	static const char expected[] = "\"server_output_text\":\"\"";
	struct iperf3_results r = { .has_output = true };
	char out[1000];
	size_t length = iperf3_results_encode(&r, out, sizeof out - 1);

	(void)state;
	out[length] = '\0';
	assert_non_null(strstr(out, expected));
}

int main(void)
{
	json_set_alloc_funcs(refusable_malloc, counting_free);
	ROWS_ADD(wrong_rows, run_wrong);
	ROWS_ADD(good_rows, run_good);
	test_add("28/of-3.12 R-22.4-8", of_3_12, NULL);
	test_add("28/output-of-3.12 R-28-3", output_of_3_12, NULL);
	test_add("28/output-cut R-28-11", output_cut, NULL);
	test_add("28/written R-22.4-10", written, NULL);
	test_add("28/round-trip", round_trip, NULL);
	test_add("28/output-written R-28-9", output_written, NULL);
	test_add("28/no-output-kept R-28-9", no_output_kept, NULL);
	test_add("28/bounds R-28-7 R-32-1", bounds, NULL);
	test_add("28/any-octet R-22.4-7", any_octet, NULL);
	test_add("28/without-memory", without_memory, NULL);
	return tests_run("iperf3 results");
}
