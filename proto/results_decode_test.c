/* Result data that others wrote: right, wrong, hostile. SPEC 9.2. */
#include "proto/results.h"

#include <jansson.h>

#include "proto/limits.h"
#include "proto/rows_test.h"

#define STREAMS 128

static long allocated; /* blocks that are not free yet */

static void *counting_malloc(size_t size)
{
	allocated++;
	return malloc(size);
}

static void counting_free(void *block)
{
	allocated -= block != NULL;
	free(block);
}

/* --- what is right, what is wrong, and what is said of it -------------------------------------------------------- */

#define ONE "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1," \
	"\"complete\":true}"
#define TWO "{\"id\":2,\"protocol\":\"udp\",\"client_port\":6,\"bytes\":4,\"packets\":2,\"seconds\":0.5," \
	"\"complete\":false}"
#define STREAMS_1(members) "{\"streams\":[{" members "}],\"bytes\":3}"
#define GOOD "{\"streams\":[" ONE "," TWO "],\"bytes\":7}"

struct decode_row {
	const char *name;
	const char *text;
	const char *error; /* its beginning; NULL: none */
	const char *why;   /* the requirement; NULL: any */
};

static const struct decode_row decode_rows[] = {
	{ "9.2/good R-9.2-2", GOOD, NULL, NULL },
	/* around and between */
	{ "9.2/white-space-around R-9.2-10", " \t\r\n" GOOD " \n\r\t", NULL, NULL },
	{ "9.2/white-space-within R-9.2-10", "{ \"bytes\" : 0 ,\n\t\"streams\" : [ ] }", NULL, NULL },
	{ "9.2/members-in-any-order R-9.2-3",
	  STREAMS_1("\"complete\":true,\"seconds\":1,\"packets\":null,\"bytes\":3,\"client_port\":5,"
		    "\"protocol\":\"tcp\",\"id\":1"), NULL, NULL },
	{ "9.2/form-feed-behind R-9.2-10", GOOD "\f", "", "R-9.2-1" },
	{ "9.2/no-break-space-behind R-9.2-10", GOOD "\u00a0", "", "R-9.2-1" },
	{ "9.2/octet-behind R-9.2-9", GOOD "x", "", "R-9.2-1" },
	{ "9.2/object-behind R-9.2-9", GOOD "{}", "", "R-9.2-1" },
	{ "9.2/comma-behind R-9.2-9", GOOD ",", "", "R-9.2-1" },
	{ "9.2/byte-order-mark R-9.2-1", "\xef\xbb\xbf" GOOD, "", "R-9.2-1" },
	{ "9.2/comment R-9.2-1", GOOD "// good", "", "R-9.2-1" },
	{ "9.2/empty R-9.2-1", "", "", "R-9.2-1" },
	{ "9.2/white-space-only R-9.2-1", "  \n", "", "R-9.2-1" },
	{ "9.2/array-at-top R-9.2-1", "[" GOOD "]", "not an object", "R-9.2-1" },
	{ "9.2/number-at-top R-9.2-1", "7", "", "R-9.2-1" },
	{ "9.2/null-at-top R-9.2-1", "null", "", "R-9.2-1" },
	{ "9.2/empty-object R-9.2-2", "{}", "streams: missing", "R-9.2-2" },
	{ "9.2/trailing-comma R-9.2-1", "{\"streams\":[],\"bytes\":0,}", "", "R-9.2-1" },
	{ "9.2/single-quotes R-9.2-1", "{'streams':[],'bytes':0}", "", "R-9.2-1" },
	/* unknown names */
	{ "9.2/unknown-outside R-9.2-11", "{\"x\":[{\"y\":[]}],\"streams\":[" ONE "],\"end\":{\"a\":1e5},\"bytes\":3}",
	  NULL, NULL },
	{ "9.2/unknown-inside R-9.2-11",
	  STREAMS_1("\"x\":{\"id\":9,\"bytes\":[9]},\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,"
		    "\"packets\":null,\"seconds\":1,\"retransmits\":-3,\"complete\":true,\"\":null"), NULL, NULL },
	{ "9.2/unknown-in-other-case R-9.2-11", "{\"Streams\":1,\"streams\":[],\"BYTES\":\"\",\"bytes\":0}", NULL,
	  NULL },
	{ "9.2/unknown-with-nul-in-string R-9.2-11", "{\"x\":\"a\\u0000b\",\"streams\":[],\"bytes\":0}", NULL, NULL },
	{ "9.2/unknown-in-utf-8 R-9.2-11", "{\"\u00fc\":\"\U0001f600\",\"streams\":[],\"bytes\":0}", NULL, NULL },
	{ "9.2/braces-in-string R-9.2-11",
	  "{\"x\":\"[[[[[[[[[[[[[[[[[[[[{{{{{{{{{{{{{{{{{{{{\",\"streams\":[],\"bytes\":0}",
	  NULL, NULL },
	{ "9.2/quote-and-brackets-in-string R-9.2-11",
	  "{\"x\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",\"streams\":[],\"bytes\":0}", NULL, NULL },
	{ "9.2/backslash-at-end-of-string R-9.2-12",
	  "{\"x\":\"\\\\\",\"y\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "nested deeper than 32", "R-9.2-12" },
	{ "9.2/unknown-name-with-nul R-9.2-11", "{\"a\\u0000b\":1,\"streams\":[],\"bytes\":0}", "",
	  "R-9.2-1" }, /* RFC 8259 allows it, jansson does not */
	{ "9.2/half-a-surrogate-pair R-9.2-1", "{\"x\":\"\\ud800\",\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	/* duplicate names */
	{ "9.2/duplicate-outside R-9.2-1", "{\"streams\":[],\"bytes\":0,\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/duplicate-streams R-9.2-1", "{\"streams\":[],\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/duplicate-inside R-9.2-1",
	  STREAMS_1("\"id\":1,\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,"
		    "\"seconds\":1,\"complete\":true"), "", "R-9.2-1" },
	{ "9.2/duplicate-by-escape R-9.2-1", "{\"streams\":[],\"bytes\":0,\"b\\u0079tes\":0}", "", "R-9.2-1" },
	{ "9.2/duplicate-unknown R-9.2-1", "{\"streams\":[],\"bytes\":0,\"x\":{\"a\":1,\"a\":2}}", "", "R-9.2-1" },
	/* missing */
	{ "9.2/streams-missing R-9.2-2", "{\"bytes\":0}", "streams: missing", "R-9.2-2" },
	{ "9.2/bytes-missing R-9.2-2", "{\"streams\":[]}", "bytes: missing", "R-9.2-2" },
	{ "9.2/id-missing R-9.2-3",
	  STREAMS_1("\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,"
		    "\"complete\":true"),
	  "streams[0].id: missing", "R-9.2-3" },
	{ "9.2/protocol-missing R-9.2-3",
	  STREAMS_1("\"id\":1,\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,\"complete\":true"),
	  "streams[0].protocol: missing", "R-9.2-3" },
	{ "9.2/client-port-missing R-9.2-3",
	  STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"bytes\":3,\"packets\":null,\"seconds\":1,\"complete\":true"),
	  "streams[0].client_port: missing", "R-9.2-3" },
	{ "9.2/stream-bytes-missing R-9.2-3",
	  STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"packets\":null,\"seconds\":1,\"complete\":true"),
	  "streams[0].bytes: missing", "R-9.2-3" },
	{ "9.2/packets-missing-on-tcp R-9.2-5",
	  STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"seconds\":1,\"complete\":true"),
	  "streams[0].packets: missing", NULL },
	{ "9.2/packets-missing-on-udp R-9.2-5",
	  STREAMS_1("\"id\":1,\"protocol\":\"udp\",\"client_port\":5,\"bytes\":3,\"seconds\":1,\"complete\":true"),
	  "streams[0].packets: missing", NULL },
	{ "9.2/seconds-missing R-9.2-3",
	  STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"complete\":true"),
	  "streams[0].seconds: missing", "R-9.2-3" },
	{ "9.2/complete-missing R-9.2-3",
	  STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1"),
	  "streams[0].complete: missing", "R-9.2-3" },
	{ "9.2/second-stream-is-named R-9.2-3", "{\"streams\":[" ONE ",{\"id\":2}],\"bytes\":3}",
	  "streams[1].protocol: missing", "R-9.2-3" },
	/* what the members say of each other */
	{ "9.2/ids-from-2 R-9.2-4",
	  STREAMS_1("\"id\":2,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,"
		    "\"complete\":true"), "streams[0].id: 2, expected 1", "R-9.2-4" },
	{ "9.2/ids-from-0 R-9.2-4",
	  STREAMS_1("\"id\":0,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,"
		    "\"complete\":true"), "streams[0].id: 0, expected 1", "R-9.2-4" },
	{ "9.2/ids-repeated R-9.2-4", "{\"streams\":[" ONE "," ONE "],\"bytes\":6}", "streams[1].id: 1, expected 2",
	  "R-9.2-4" },
	{ "9.2/ids-in-other-order R-9.2-4", "{\"streams\":[" TWO "," ONE "],\"bytes\":7}",
	  "streams[0].id: 2, expected 1", "R-9.2-4" },
	{ "9.2/sum-too-small R-9.2-6", "{\"streams\":[" ONE "," TWO "],\"bytes\":3}",
	  "bytes: 3, but the streams add up to 7", "R-9.2-6" },
	{ "9.2/sum-too-large R-9.2-6", "{\"streams\":[],\"bytes\":1}", "bytes: 1, but the streams add up to 0",
	  "R-9.2-6" },
	{ "9.2/sum-wraps-to-the-right-value R-9.2-6 R-9.2-8",
	  "{\"streams\":["
	  "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":9223372036854775807,\"packets\":null,"
	  "\"seconds\":1,\"complete\":true},"
	  "{\"id\":2,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":9223372036854775807,\"packets\":null,"
	  "\"seconds\":1,\"complete\":true},"
	  "{\"id\":3,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":2,\"packets\":null,"
	  "\"seconds\":1,\"complete\":true}],\"bytes\":0}",
	  "bytes: 0, but the streams add up to", "R-9.2-6" },
	/* JSON's own */
	{ "9.2/backslash-behind R-9.2-1", "{\"streams\":[],\"bytes\":0}\\", "", "R-9.2-1" },
	{ "9.2/invalid-utf-8 R-9.2-1", "{\"x\":\"\xff\",\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/overlong-utf-8 R-9.2-1", "{\"x\":\"\xc0\x80\",\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/utf-8-surrogate R-9.2-1", "{\"x\":\"\xed\xa0\x80\",\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/latin-1-name R-9.2-1", "{\"\xfc\":1,\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/control-character-in-string R-9.2-1", "{\"x\":\"\n\",\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
	{ "9.2/number-beyond-64-bits R-9.2-12", "{\"x\":18446744073709551616,\"streams\":[],\"bytes\":0}", "", NULL },
	{ "9.2/number-beyond-doubles R-9.2-12", "{\"x\":1e999,\"streams\":[],\"bytes\":0}", "", NULL },
	{ "9.2/not-a-number R-9.2-1", "{\"x\":NaN,\"streams\":[],\"bytes\":0}", "", "R-9.2-1" },
};

/* Errors are said: where they are known, within the text; else by name. */
static void assert_error(const struct iperf_results_error *error, size_t length)
{
	assert_true(strlen(error->text) > 0 && strlen(error->text) < sizeof error->text - 1);
	assert_true(error->why > IPERF_R_NONE && error->why < IPERF_REQUIREMENT_COUNT);
	if (error->at_known)
		assert_true(error->offset <= length);
}

static void run_decode(void **state)
{
	const struct decode_row *row = *state;
	size_t length = strlen(row->text);
	struct iperf_stream_result streams[8];
	struct iperf_results results = { .capacity = COUNT(streams), .streams = streams };
	struct iperf_results_error error;
	bool ok = iperf_results_decode((const char *)ground(row->text, length), length, &results, &error);

	assert_int_equal(allocated, 0);
	if (ok != !row->error)
		row_fail(row->name, "%s", ok ? "no error" : error.text);
	if (ok)
		return;
	assert_error(&error, length);
	if (strncmp(error.text, row->error, strlen(row->error)) != 0)
		row_fail(row->name, "'%s', expected '%s'", error.text, row->error);
	if (row->why)
		assert_string_equal(iperf_requirements[error.why].id, row->why);
}

/* --- members of the wrong kind ----------------------------------------------------------------------------------- */

enum member {
	ID,
	PROTOCOL,
	CLIENT_PORT,
	STREAM_BYTES,
	PACKETS_TCP,
	PACKETS_UDP,
	SECONDS,
	COMPLETE,
	STREAM,
	ALL_STREAMS,
	BYTES,
	MEMBERS,
};

/* The place of the member in a text that is good with the value in good[]. */
static const char *const formats[MEMBERS] = {
	[ID] = STREAMS_1("\"id\":%s,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,"
			 "\"complete\":true"),
	[PROTOCOL] = STREAMS_1("\"id\":1,\"protocol\":%s,\"client_port\":5,\"bytes\":3,\"packets\":null,\"seconds\":1,"
			       "\"complete\":true"),
	[CLIENT_PORT] = STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":%s,\"bytes\":3,\"packets\":null,"
				  "\"seconds\":1,\"complete\":true"),
	[STREAM_BYTES] = STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":%s,\"packets\":null,"
				   "\"seconds\":1,\"complete\":true"),
	[PACKETS_TCP] = STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":%s,"
				  "\"seconds\":1,\"complete\":true"),
	[PACKETS_UDP] = STREAMS_1("\"id\":1,\"protocol\":\"udp\",\"client_port\":5,\"bytes\":3,\"packets\":%s,"
				  "\"seconds\":1,\"complete\":true"),
	[SECONDS] = STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,"
			      "\"seconds\":%s,\"complete\":true"),
	[COMPLETE] = STREAMS_1("\"id\":1,\"protocol\":\"tcp\",\"client_port\":5,\"bytes\":3,\"packets\":null,"
			       "\"seconds\":1,\"complete\":%s"),
	[STREAM] = "{\"streams\":[%s],\"bytes\":3}",
	[ALL_STREAMS] = "{\"streams\":%s,\"bytes\":3}",
	[BYTES] = "{\"streams\":[" ONE "],\"bytes\":%s}",
};

static const char *const names[MEMBERS] = {
	/* PROTOCOL: udp would do, but for the packets; STREAM_BYTES: another number would do, but for the sum */
	"id",      "p",       "client_port", "bytes",      "packets",
	"packets", "seconds", "complete",    "streams[0]", "streams", "bytes",
};

/* A value, and the members for which it does. */
struct kind_row {
	const char *name;
	const char *value;
	unsigned good;
};

#define FOR(member) (1U << (member))

static const struct kind_row kind_rows[] = {
	{ "9.2/member-is-1 R-9.2-3", "1", FOR(ID) | FOR(CLIENT_PORT) | FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-3 R-9.2-3", "3",
	  FOR(CLIENT_PORT) | FOR(STREAM_BYTES) | FOR(PACKETS_UDP) | FOR(SECONDS) | FOR(BYTES) },
	{ "9.2/member-is-0 R-9.2-8", "0", FOR(CLIENT_PORT) | FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-minus-1 R-9.2-8", "-1", 0 },
	{ "9.2/member-is-minus-3 R-9.2-8", "-3", 0 },
	{ "9.2/member-is-minus-0.5 R-9.2-7", "-0.5", 0 },
	{ "9.2/member-is-1.0 R-9.2-8", "1.0", FOR(SECONDS) },
	{ "9.2/member-is-3.0 R-9.2-8", "3.0", FOR(SECONDS) },
	{ "9.2/member-is-1e0 R-9.2-8", "1e0", FOR(SECONDS) },
	{ "9.2/member-is-3e0 R-9.2-8", "3e0", FOR(SECONDS) },
	{ "9.2/member-is-1e2 R-9.2-8", "1e2", FOR(SECONDS) },
	{ "9.2/member-is-1E-400 R-9.2-7", "1E-400", FOR(SECONDS) },
	{ "9.2/member-is-1e999 R-9.2-12", "1e999", 0 },
	{ "9.2/member-is-65535 R-9.2-3", "65535", FOR(CLIENT_PORT) | FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-65536 R-9.2-3", "65536", FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-2-to-the-32-and-1 R-9.2-4", "4294967297", FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-2-to-the-63-less-1 R-9.2-8", "9223372036854775807", FOR(PACKETS_UDP) | FOR(SECONDS) },
	{ "9.2/member-is-2-to-the-63 R-9.2-8", "9223372036854775808", 0 },
	{ "9.2/member-is-2-to-the-64-and-1 R-9.2-8", "18446744073709551617", 0 },
	{ "9.2/member-is-1-in-quotes R-9.2-3", "\"1\"", 0 },
	{ "9.2/member-is-3-in-quotes R-9.2-3", "\"3\"", 0 },
	{ "9.2/member-is-true R-9.2-3", "true", FOR(COMPLETE) },
	{ "9.2/member-is-false R-9.2-3", "false", FOR(COMPLETE) },
	{ "9.2/member-is-true-in-quotes R-9.2-3", "\"true\"", 0 },
	{ "9.2/member-is-null R-9.2-5", "null", FOR(PACKETS_TCP) },
	{ "9.2/member-is-null-in-quotes R-9.2-5", "\"null\"", 0 },
	{ "9.2/member-is-empty-string R-9.2-3", "\"\"", 0 },
	{ "9.2/member-is-tcp R-9.2-3", "\"tcp\"", FOR(PROTOCOL) },
	{ "9.2/member-is-tcp-by-escape R-9.2-3", "\"t\\u0063p\"", FOR(PROTOCOL) },
	{ "9.2/member-is-udp R-9.2-3", "\"udp\"", 0 }, /* packets is null in that text */
	{ "9.2/member-is-TCP R-9.2-3", "\"TCP\"", 0 },
	{ "9.2/member-is-tcp-and-nul R-9.2-3", "\"tcp\\u0000\"", 0 },
	{ "9.2/member-is-tcpx R-9.2-3", "\"tcpx\"", 0 },
	{ "9.2/member-is-sctp R-9.2-3", "\"sctp\"", 0 },
	{ "9.2/member-is-empty-array R-9.2-3", "[]", 0 }, /* the sum of none is not 3 */
	{ "9.2/member-is-array R-9.2-3", "[1]", 0 },
	{ "9.2/member-is-empty-object R-9.2-3", "{}", 0 },
	{ "9.2/member-is-stream R-9.2-3", ONE, FOR(STREAM) },
	{ "9.2/member-is-array-of-stream R-9.2-2", "[" ONE "]", FOR(ALL_STREAMS) },
};

/* The value in the place of each member. */
static void run_kind(void **state)
{
	const struct kind_row *row = *state;

	for (int member = 0; member < MEMBERS; member++) {
		struct iperf_stream_result streams[8];
		struct iperf_results results = { .capacity = COUNT(streams), .streams = streams };
		struct iperf_results_error error;
		char text[600];
		size_t length;
		bool ok;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		length = (size_t)snprintf(text, sizeof text, formats[member], row->value);
#pragma GCC diagnostic pop
		ok = iperf_results_decode((const char *)ground(text, length), length, &results, &error);
		if (ok != ((row->good & FOR(member)) != 0))
			row_fail(row->name, "%s: %s", names[member], ok ? "no error" : error.text);
		if (ok)
			continue;
		assert_error(&error, length);
		if (!error.at_known && !strstr(error.text, names[member]))
			row_fail(row->name, "'%s' does not name %s", error.text, names[member]);
	}
}

/* --- ends and bounds --------------------------------------------------------------------------------------------- */

static bool decode(const char *text, size_t length, size_t capacity, struct iperf_results_error *error)
{
	struct iperf_stream_result streams[STREAMS + 1];
	struct iperf_results results = { .capacity = capacity, .streams = streams };

	return iperf_results_decode((const char *)ground(text, length), length, &results, error);
}

/* An answer that was cut off is never taken for whole: R-9.3-2. */
static void truncated_at_every_octet(void **state)
{
	struct iperf_results_error error;

	(void)state;
	for (size_t length = 0; length < strlen(GOOD); length++) {
		assert_false(decode(GOOD, length, STREAMS, &error));
		assert_true(error.at_known);
		assert_error(&error, length);
	}
	assert_true(decode(GOOD, strlen(GOOD), STREAMS, &error));
}

/* Any octet changed to any other: either an error or still a right object, and never a read beyond the end. */
static void changed_at_every_octet(void **state)
{
	char text[] = GOOD;
	unsigned step = slow() ? 51 : 1;

	(void)state;
	for (size_t at = 0; at < strlen(GOOD); at++) {
		for (unsigned value = 0; value < 256; value += step) {
			struct iperf_results_error error;

			text[at] = (char)value;
			if (!decode(text, strlen(GOOD), STREAMS, &error))
				assert_error(&error, strlen(GOOD));
			else if (strchr("{}[]\":,", GOOD[at])) /* its structure stands */
				assert_int_equal(value, GOOD[at]);
		}
		text[at] = GOOD[at];
	}
}

static void nul_behind(void **state)
{
	struct iperf_results_error error;

	(void)state;
	assert_false(decode(GOOD, sizeof GOOD, STREAMS, &error)); /* sizeof counts the NUL */
	assert_error(&error, sizeof GOOD);
	assert_true(error.at_known);
	assert_in_range(error.offset, strlen(GOOD), sizeof GOOD);
}

/* Nor is it JSON within. */
static void nul_within(void **state)
{
	size_t length = strlen(GOOD);
	struct iperf_results_error error;
	char with[sizeof GOOD];

	(void)state;
	for (size_t at = 0; at <= length; at++) {
		memcpy(with, GOOD, at);
		with[at] = '\0';
		memcpy(with + at + 1, &GOOD[at], length - at);
		assert_false(decode(with, length + 1, STREAMS, &error));
		assert_error(&error, length + 1);
	}
}

static void error_offset_is_plausible(void **state)
{
	static const char text[] = "{\"streams\":[],\"bytes\":x0}";
	struct iperf_results_error error;

	(void)state;
	assert_false(decode(text, strlen(text), STREAMS, &error));
	assert_true(error.at_known);
	assert_in_range(error.offset, strcspn(text, "x"), strcspn(text, "x") + 1);
}

/* The outer object and depth - 1 arrays or objects in it. */
static bool decode_nested(size_t depth, bool objects, struct iperf_results_error *error)
{
	char text[400] = "{\"streams\":[],\"bytes\":0,\"x\":";
	size_t used = strlen(text);

	for (size_t i = 1; i < depth; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s", objects ? "{\"x\":" : "[");
	used += (size_t)snprintf(text + used, sizeof text - used, "1");
	for (size_t i = 0; i < depth; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s", objects || i == depth - 1 ? "}" : "]");
	return decode(text, used, STREAMS, error);
}

static void nesting(void **state)
{
	struct iperf_results_error error;

	(void)state;
	for (int objects = 0; objects < 2; objects++) {
		for (size_t depth = 1; depth <= 32; depth++)
			assert_true(decode_nested(depth, objects, &error));
		for (size_t depth = 33; depth <= 36; depth++) {
			assert_false(decode_nested(depth, objects, &error));
			assert_string_equal(error.text, "nested deeper than 32");
			assert_string_equal(iperf_requirements[error.why].id, "R-9.2-12");
			assert_true(error.at_known && error.offset > 0);
		}
	}
}

/* A million brackets are refused before anything recurses into them. */
static void nesting_bomb(void **state)
{
	char *text = malloc(IPERF_RESULT_DATA_MAX);
	struct iperf_results_error error;

	(void)state;
	memset(text, '[', IPERF_RESULT_DATA_MAX);
	assert_false(decode(text, IPERF_RESULT_DATA_MAX, STREAMS, &error));
	assert_string_equal(error.text, "nested deeper than 32");
	assert_int_equal(error.offset, 32);
	memset(text, '"', 2);
	memset(text, ']', 1000); /* a depth below 0 buys nothing: the text is wrong at its first octet */
	assert_false(decode(text, IPERF_RESULT_DATA_MAX, STREAMS, &error));
	free(text);
}

static void one_mebibyte(void **state)
{
	size_t size = (size_t)IPERF_RESULT_DATA_MAX + 1;
	char *text = malloc(size);
	struct iperf_results_error error;

	(void)state;
	assert_int_equal(IPERF_RESULT_DATA_MAX, 1048576);
	memset(text, ' ', size);
	memcpy(text, GOOD, strlen(GOOD));
	assert_true(decode(text, IPERF_RESULT_DATA_MAX, STREAMS, &error));
	assert_false(decode(text, size, STREAMS, &error));
	assert_string_equal(error.text, "longer than 1048576 octets");
	assert_string_equal(iperf_requirements[error.why].id, "R-9.2-12");
	free(text);
}

static void more_streams_than_room(void **state)
{
	struct iperf_results_error error;

	(void)state;
	assert_true(decode(GOOD, strlen(GOOD), 2, &error));
	assert_false(decode(GOOD, strlen(GOOD), 1, &error));
	assert_string_equal(error.text, "streams: 2 of them, at most 1 expected");
	assert_false(decode(GOOD, strlen(GOOD), 0, &error));
	assert_false(error.at_known);
}

/* Ids and sums that are wrong do not hide what was read. */
static void inconsistent_results_are_filled(void **state)
{
	static const char text[] = "{\"streams\":[" TWO "],\"bytes\":9}";
	struct iperf_stream_result streams[2];
	struct iperf_results results = { .capacity = 2, .streams = streams };
	struct iperf_results_error error;

	(void)state;
	assert_false(iperf_results_decode(text, strlen(text), &results, &error));
	assert_false(error.at_known);
	assert_int_equal(results.count, 1);
	assert_true(results.bytes == 9);
	assert_int_equal(streams[0].id, 2);
	assert_int_equal(streams[0].client_port, 6);
	assert_true(streams[0].bytes == 4 && streams[0].packets == 2);
}

int main(void)
{
	json_set_alloc_funcs(counting_malloc, counting_free);
	ROWS_ADD(decode_rows, run_decode);
	ROWS_ADD(kind_rows, run_kind);
	test_add("9.2/truncated-at-every-octet R-9.3-2", truncated_at_every_octet, NULL);
	test_add("9.2/changed-at-every-octet R-9.3-2", changed_at_every_octet, NULL);
	test_add("9.2/nul-behind R-9.2-9", nul_behind, NULL);
	test_add("9.2/nul-within R-9.3-2", nul_within, NULL);
	test_add("9.2/error-offset", error_offset_is_plausible, NULL);
	test_add("9.2/nesting-of-32-and-33 R-9.2-12", nesting, NULL);
	test_add("9.2/nesting-of-a-million R-9.2-12", nesting_bomb, NULL);
	test_add("9.2/one-mebibyte R-9.2-12", one_mebibyte, NULL);
	test_add("9.2/more-streams-than-room R-11-3", more_streams_than_room, NULL);
	test_add("9.2/inconsistent-results-are-filled R-9.2-4 R-9.2-6", inconsistent_results_are_filled, NULL);
	return tests_run("results_decode");
}
