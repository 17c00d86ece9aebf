/* Parameters of the iperf3 profile: those of deployed programs, wrong ones, and what is written. SPEC 24. */
#include "proto/iperf3_parameters.h"

#include <jansson.h>

#include "proto/json_private.h"
#include "proto/json_test.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct decode_row {
	const char *name;
	const char *text;
	const char *error; /* its beginning; NULL: none */
	const char *why;
	long offset;       /* -1: none */
};

static const struct decode_row wrong_rows[] = {
	{ "24/empty R-22.4-5", "", "", "R-22.4-5", 0 },
	{ "24/no-json R-22.4-5", "tcp", "", "R-22.4-5", 3 },
	{ "24/cut R-22.4-5", "{\"tcp\":true", "", "R-22.4-5", 11 },
	{ "24/octets-behind R-22.4-1", "{}x", "end of file expected", "R-22.4-5", 3 },
	{ "24/nul-behind R-22.4-1", "{}\\u0000", "", "R-22.4-5", -2 },
	{ "24/array R-22.4-1", "[]", "not an object", "R-22.4-1", -1 },
	{ "24/number R-22.4-1", "7", "", "R-22.4-5", 1 },
	{ "24/latin-1 R-22.4-5", "{\"title\":\"\xfc\"}", "", "R-22.4-5", -2 },
	{ "24/key-twice R-22.4-4", "{\"len\":1,\"omit\":0,\"len\":2}", "len: stands twice", "R-22.4-4", 18 },
	{ "24/key-twice-by-escape R-22.4-4", "{\"len\":1,\"le\\u006e\":2}", "len: stands twice", "R-22.4-4", 9 },
	{ "24/unknown-key-twice R-22.4-4", "{\"x\":{},\"x\":[\"\\\"}\"]}", "x: stands twice", "R-22.4-4", 8 },
	{ "24/flag-false R-22.4-4", "{\"reverse\":false}", "reverse: not true", "R-22.4-4", -1 },
	{ "24/flag-1 R-22.4-4", "{\"udp\":1}", "udp: not true", "R-22.4-4", -1 },
	{ "24/flag-null R-22.4-4", "{\"mptcp\":null}", "mptcp: not true", "R-22.4-4", -1 },
	{ "24/integer-string R-22.4-7", "{\"len\":\"1000\"}", "len: not an integer", "R-22.4-7", -1 },
	{ "24/integer-true R-22.4-7", "{\"get_server_output\":true}", "get_server_output: not an integer", "R-22.4-7",
	  -1 },
	{ "24/integer-fraction R-22.4-9", "{\"time\":1.5}", "time: not an integer", "R-22.4-7", -1 },
	{ "24/integer-object R-22.4-7", "{\"gso\":{}}", "gso: not an integer", "R-22.4-7", -1 },
	{ "24/affinity-string R-22.4-7", "{\"server_affinity\":\"1\"}", "server_affinity: not an integer", "R-22.4-7",
	  -1 },
	{ "24/string-number R-22.4-7", "{\"title\":7}", "title: not a string", "R-22.4-7", -1 },
	{ "24/token-number R-22.4-7", "{\"authtoken\":7}", "authtoken: not a string", "R-22.4-7", -1 },
	{ "24/string-with-nul R-22.4-7", "{\"congestion\":\"a\\u0000b\"}", "congestion: a NUL within", "R-22.4-7", -1 },
	{ "24/beyond-doubles R-22.4-5", "{\"len\":1e999}", "", "R-22.4-5", 12 },
};

static void run_wrong(void **state)
{
	const struct decode_row *row = *state;
	size_t length = strlen(row->text);
	struct iperf3_parameters parameters;
	struct iperf3_json_error error;

	if (iperf3_parameters_decode((const char *)ground(row->text, length), length, &parameters, &error))
		row_fail(row->name, "no error");
	json_error_is(row->name, &error, row->error, row->why, row->offset, length);
}

#define GSO "\"gso\":0,\"gso_dg_size\":0,\"gso_bf_size\":65507,\"gro\":0,\"gro_bf_size\":65507"
#define ALL_KEYS "{\"tcp\":true,\"udp\":true,\"sctp\":true,\"omit\":1,\"time\":2,\"num\":3,\"blockcount\":4,"        \
	"\"parallel\":5,\"reverse\":true,\"bidirectional\":true,\"len\":6,\"bandwidth\":7,\"pacing_timer\":8,"        \
	"\"burst\":9,\"MSS\":10,\"nodelay\":true,\"window\":11,\"TOS\":12,\"flowlabel\":13,\"fqrate\":14,"            \
	"\"title\":\"t \\\"\u00fc\\u0001\",\"extra_data\":\"e\",\"congestion\":\"reno\",\"get_server_output\":1,"      \
	"\"udp_counters_64bit\":1,\"repeating_payload\":1,\"zerocopy\":1,\"dont_fragment\":1,\"skip_rx_copy\":1,"     \
	"\"mptcp\":true," GSO ",\"client_version\":\"3.21\"}"

/* Texts that come out as they went in: what is read is written, in the same order. */
static const struct same_row {
	const char *name;
	const char *text;
} same_rows[] = {
	{ "24/same-nothing R-24-3", "{}" },
	{ "24/same-all R-22.4-4", ALL_KEYS },
	{ "24/same-3.12 R-24-1", "{\"tcp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"parallel\":1,"
	  "\"len\":4096,\"bandwidth\":1000000,\"pacing_timer\":1000,\"client_version\":\"3.12\"}" },
	{ "24/same-largest R-22.4-10", "{\"num\":9223372036854775807,\"blockcount\":-9223372036854775808}" },
	{ "24/same-negative R-22.4-10", "{\"omit\":-1,\"parallel\":-128}" },
};

static void run_same(void **state)
{
	const struct same_row *row = *state;
	size_t length = strlen(row->text);
	struct iperf3_parameters parameters;
	struct iperf3_json_error error;
	char out[2000];

	if (!iperf3_parameters_decode((const char *)ground(row->text, length), length, &parameters, &error))
		row_fail(row->name, "%s", error.text);
	assert_int_equal(iperf3_parameters_encode(&parameters, out, sizeof out), length);
	if (memcmp(out, row->text, length) != 0)
		row_fail(row->name, "%.*s", (int)length, out);
	assert_int_equal(iperf3_parameters_encode(&parameters, out, length), length);
	assert_int_equal(iperf3_parameters_encode(&parameters, out, length - 1), 0);
}

/* One integer in each of its spellings. */
static const struct number_row {
	const char *name;
	const char *text;
	int64_t value;
} number_rows[] = {
	{ "22.4/plain", "1500000000000000", INT64_C(1500000000000000) },
	{ "22.4/exponent R-22.4-9", "1.5e+15", INT64_C(1500000000000000) },
	{ "22.4/fraction-of-zeros R-22.4-9", "10.000000", 10 },
	{ "22.4/capital-exponent R-22.4-9", "1E2", 100 },
	{ "22.4/exponent-down R-22.4-9", "1000e-2", 10 },
	{ "22.4/minus-one R-22.4-10", "-1", -1 },
	{ "22.4/minus-one-as-a-fraction R-22.4-9", "-1.0", -1 },
	{ "22.4/minus-one-of-3.12 R-22.4-8", "18446744073709551615", -1 },
	{ "22.4/minus-one-as-a-double R-22.4-8", "1.8446744073709552e+19", -1 },
	{ "22.4/minus-zero", "-0.0", 0 },
	{ "22.4/2^53", "9007199254740993", INT64_C(9007199254740993) },
	{ "22.4/largest", "9223372036854775807", INT64_MAX },
	{ "22.4/smallest", "-9223372036854775808", INT64_MIN },
	{ "22.4/beyond-the-largest", "9223372036854775808", INT64_MAX },
	{ "22.4/far-beyond", "1e300", INT64_MAX },
	{ "22.4/far-below", "-1e300", INT64_MIN },
};

static void run_number(void **state)
{
	const struct number_row *row = *state;
	struct iperf3_parameters parameters;
	struct iperf3_json_error error;
	char text[200];
	int length = snprintf(text, sizeof text, "\n{ \"x\":[{\"len\":2}], \"num\" :\t%s , \"len\":9007199254740992} ",
			      row->text);

	if (!iperf3_parameters_decode((const char *)ground(text, (size_t)length), (size_t)length, &parameters, &error))
		row_fail(row->name, "%s", error.text);
	if (parameters.num != row->value)
		row_fail(row->name, "%lld", (long long)parameters.num);
	assert_true(parameters.len == INT64_C(9007199254740992)); /* exact, whatever the others are */
	assert_true(parameters.present == (UINT64_C(1) << IPERF3_KEY_NUM | UINT64_C(1) << IPERF3_KEY_LEN));
}

static bool decode(const char *text, struct iperf3_parameters *parameters)
{
	struct iperf3_json_error error;

	return iperf3_parameters_decode(text, strlen(text), parameters, &error);
}

/* A text of version 3.12, its keys in its order. */
static void of_3_12(void **state)
{
	struct iperf3_parameters p;

	(void)state;
	assert_true(decode("{\"tcp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"MSS\":1000,"
			   "\"nodelay\":true,\"parallel\":2,\"reverse\":true,\"window\":16384,\"len\":4096,"
			   "\"bandwidth\":1000000,\"pacing_timer\":1000,\"TOS\":16,\"title\":\"title\","
			   "\"client_version\":\"3.12\"}", &p));
	assert_true(p.protocol == IPERF_TCP && p.reverse && !p.bidirectional && p.nodelay && !p.get_server_output);
	assert_true(p.mss == 1000 && p.window == 16384 && p.tos == 16 && p.time == 1 && p.bandwidth == 1000000);
	assert_string_equal(p.title, "title");
	assert_string_equal(p.client_version, "3.12");
	assert_string_equal(p.congestion, "");
	assert_int_equal(iperf3_parameters_streams(&p), 2);
}

static void absent(void **state)
{
	struct iperf3_parameters p;

	(void)state;
	memset(&p, 0xaa, sizeof p);
	assert_true(decode("{\"Reverse\":false,\"y\":null}", &p));
	assert_true(p.present == 0 && p.protocol == IPERF_TCP && p.time == 10 && p.len == 131072 && p.parallel == 1);
	assert_true(p.omit == 0 && p.num == 0 && p.blockcount == 0 && !p.reverse && p.bandwidth == 0);
	assert_true(p.pacing_timer == 1000 && p.window == 0 && !p.udp_counters_64bit && p.title[0] == '\0');
	assert_true(decode("{\"udp\":true,\"udp_counters_64bit\":0,\"parallel\":3,\"bidirectional\":true}", &p));
	assert_true(p.protocol == IPERF_UDP && p.udp_counters_64bit); /* its presence counts */
	assert_int_equal(iperf3_parameters_streams(&p), 6);
	p.parallel = INT64_MAX;
	assert_true(iperf3_parameters_streams(&p) == INT64_MAX);
}

static void bounds(void **state)
{
	static char text[IPERF3_PARAMETERS_MAX + 2];
	struct iperf3_parameters p;
	struct iperf3_json_error error;

	(void)state;
	memset(text, ' ', sizeof text);
	memcpy(text, "{}", 2);
	assert_true(iperf3_parameters_decode(text, IPERF3_PARAMETERS_MAX, &p, &error));
	assert_false(iperf3_parameters_decode(text, IPERF3_PARAMETERS_MAX + 1, &p, &error));
	json_error_is("length", &error, "longer than 8192 octets", "R-32-1", IPERF3_PARAMETERS_MAX, sizeof text);
	memcpy(text, "{\"x\":", 5);
	for (size_t depth = IPERF3_DEPTH_MAX - 1; depth <= IPERF3_DEPTH_MAX; depth++) {
		memset(text + 5, '[', depth);
		memset(text + 5 + depth, ']', depth);
		text[5 + 2 * depth] = '}';
		assert_int_equal(iperf3_parameters_decode(text, 6 + 2 * depth, &p, &error), depth < IPERF3_DEPTH_MAX);
	}
	json_error_is("depth", &error, "nested deeper than 1000", "R-32-1", 5 + IPERF3_DEPTH_MAX - 1, sizeof text);
	memset(text, '[', sizeof text);
	assert_false(iperf3_parameters_decode(text, IPERF3_PARAMETERS_MAX, &p, &error));
}

/* A string of 255 octets has room, one of 256 has not; a token is not kept, so it may be longer. */
static void long_strings(void **state)
{
	struct iperf3_parameters p;
	char text[2000];

	(void)state;
	snprintf(text, sizeof text, "{\"title\":\"%0255d\",\"authtoken\":\"%01000d\"}", 1, 2);
	assert_true(decode(text, &p));
	assert_int_equal(strlen(p.title), 255);
	snprintf(text, sizeof text, "{\"title\":\"%0256d\"}", 1);
	assert_false(decode(text, &p));
}

/* Whatever octet is changed, and wherever the text is cut: no crash, and an error says something. */
static void any_octet(void **state)
{
	size_t length = strlen(ALL_KEYS);
	struct iperf3_parameters p;
	struct iperf3_json_error error;
	uint64_t seed = seed_of(24);
	char text[2000];

	(void)state;
	for (size_t cut = 0; cut < length; cut++)
		assert_false(iperf3_parameters_decode((const char *)ground(ALL_KEYS, cut), cut, &p, &error));
	for (unsigned n = 0; n < rounds(20000); n++) {
		memcpy(text, ALL_KEYS, length);
		for (size_t changes = 1 + chance(&seed, 3); changes; changes--)
			text[chance(&seed, length)] = (char)(chance(&seed, 2) ? (int)chance(&seed, 256) :
									       "{}[]:,\"01"[chance(&seed, 9)]);
		if (!iperf3_parameters_decode((const char *)ground(text, length), length, &p, &error))
			json_error_is("chance", &error, "", NULL, -2, length);
	}
}

/* A NUL is no JSON, wherever it stands. */
static void nul_within(void **state)
{
	static const char text[] = "{\"tcp\":true,\"len\":100,\"omit\":0,\"title\":\"a\",\"x\":[1.5,null]}";
	size_t length = sizeof text - 1;
	struct iperf3_parameters parameters;
	struct iperf3_json_error error;
	char with[sizeof text];

	(void)state;
	for (size_t at = 0; at <= length; at++) {
		memcpy(with, text, at);
		with[at] = '\0';
		memcpy(with + at + 1, text + at, length - at);
		assert_false(iperf3_parameters_decode((const char *)ground(with, length + 1), length + 1, &parameters,
						      &error));
		assert_int_equal(error.why, IPERF_R_22_4_5);
		assert_true(error.at_known && error.offset == at);
	}
}

static void without_memory(void **state)
{
	static const char twice[] = "{\"x\":{\"a\":1,\"a\":2},\"omit\":3}";
	struct iperf3_parameters p = { 0 };
	struct iperf3_json_error error;
	char out[2000];
	size_t length = 0;

	(void)state;
	for (long n = 0; p.omit != 3; n++) {
		allocations_left = n;
		p.omit = iperf3_parameters_decode(twice, strlen(twice), &p, &error) ? p.omit : 0;
		allocations_left = -1;
		assert_int_equal(allocated, 0);
		assert_true(n < 200);
	}
	assert_true(decode(ALL_KEYS, &p));
	for (long n = 0; length == 0; n++) {
		allocations_left = n;
		length = iperf3_parameters_encode(&p, out, sizeof out);
		allocations_left = -1;
		assert_int_equal(allocated, 0);
		assert_true(n < 500);
	}
	assert_int_equal(length, strlen(ALL_KEYS));
}

/* What is read for others to see is not written: a token, an affinity. */
static void not_written(void **state)
{
	static const char text[] = "{\"tcp\":true,\"authtoken\":\"dG9rZW4=\",\"affinity\":3,\"omit\":3}";
	struct iperf3_parameters p;
	char out[200];
	size_t length;

	(void)state;
	assert_true(decode(text, &p));
	assert_true(p.present >> IPERF3_KEY_AUTHTOKEN & 1);
	length = iperf3_parameters_encode(&p, out, sizeof out);
	assert_int_equal(length, strlen("{\"tcp\":true,\"omit\":3}"));
	assert_memory_equal(out, "{\"tcp\":true,\"omit\":3}", length);
}

/* A number of streams never overflows, whatever stands in parallel. */
static void streams_in_all(void **state)
{
	struct iperf3_parameters p = { .parallel = INT64_MIN };

	(void)state;
	assert_int_equal(iperf3_parameters_streams(&p), INT64_MIN);
	p.bidirectional = true;
	assert_int_equal(iperf3_parameters_streams(&p), INT64_MIN);
	p.parallel = INT64_MAX;
	assert_int_equal(iperf3_parameters_streams(&p), INT64_MAX);
	p.parallel = -3;
	assert_int_equal(iperf3_parameters_streams(&p), -6);
	p.parallel = 3;
	assert_int_equal(iperf3_parameters_streams(&p), 6);
}

static void no_number(void **state)
{
	int64_t value = 7;

	(void)state;
	assert_false(iperf3_json_integer(NULL, &value));
	assert_int_equal(value, 7);
}

int main(void)
{
	json_set_alloc_funcs(refusable_malloc, counting_free);
	ROWS_ADD(wrong_rows, run_wrong);
	ROWS_ADD(same_rows, run_same);
	ROWS_ADD(number_rows, run_number);
	test_add("24/of-3.12 R-22.4-2", of_3_12, NULL);
	test_add("24/absent R-24-3 R-22.4-3", absent, NULL);
	test_add("24/bounds R-24-4 R-32-1", bounds, NULL);
	test_add("24/long-strings R-32-1", long_strings, NULL);
	test_add("24/any-octet R-22.4-7", any_octet, NULL);
	test_add("24/nul-within R-22.4-5", nul_within, NULL);
	test_add("24/not-written", not_written, NULL);
	test_add("24/streams-in-all R-27.1-5", streams_in_all, NULL);
	test_add("24/no-number", no_number, NULL);
	test_add("24/without-memory", without_memory, NULL);
	return tests_run("iperf3 parameters");
}
