/* Cookies, states, errors and framed text of the iperf3 profile, in every segmentation. SPEC 22. */
#include "proto/iperf3_control.h"

#include "proto/octets_test.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

#define ROOM 16

struct read_row {
	const char *name;
	enum iperf3_grammar grammar;
	const char *octets;         /* words of octets_test.h */
	enum iperf3_status status;
	size_t used;
	int state;
	int32_t error, system_error;
	uint32_t length;
	const char *text;           /* what has come of it */
	enum iperf_requirement why;
};

static const struct read_row read_rows[] = {
	{ "22.2/cookie R-22.2-3", IPERF3_READ_COOKIE, "a*36 =00", IPERF3_DONE, 37, 0, 0, 0, 0, NULL, 0 },
	{ "22.2/cookie-and-more R-22.1-4", IPERF3_READ_COOKIE, "a*36 =00 =09", IPERF3_DONE, 37, 0, 0, 0, 0, NULL, 0 },
	{ "22.2/cookie-of-any-octets R-22.2-3", IPERF3_READ_COOKIE, "=00ff80 B =0d0a", IPERF3_DONE, 37, 0, 0, 0, 0,
	  NULL, 0 },
	{ "22.2/cookie-cut R-22.2-5", IPERF3_READ_COOKIE, "a*36", IPERF3_INCOMPLETE, 36, 0, 0, 0, 0, NULL, 0 },
	{ "22.3/state R-22.1-3", IPERF3_READ_STATE, "=09", IPERF3_DONE, 1, 9, 0, 0, 0, NULL, 0 },
	{ "22.3/two-states R-22.1-3", IPERF3_READ_STATE, "=0102", IPERF3_DONE, 1, 1, 0, 0, 0, NULL, 0 },
	{ "22.3/denied R-22.1-3", IPERF3_READ_STATE, "=ff", IPERF3_DONE, 1, -1, 0, 0, 0, NULL, 0 },
	{ "22.3/error-is-a-state R-29-3", IPERF3_READ_STATE, "=fe00000072", IPERF3_DONE, 1, -2, 0, 0, 0, NULL, 0 },
	{ "22.3/lowest R-22.1-3", IPERF3_READ_STATE, "=80", IPERF3_DONE, 1, -128, 0, 0, 0, NULL, 0 },
	{ "22.3/highest R-22.1-3", IPERF3_READ_STATE, "=7f", IPERF3_DONE, 1, 127, 0, 0, 0, NULL, 0 },
	{ "29/error R-29-1", IPERF3_READ_ERROR, "=0000007200000068", IPERF3_DONE, 8, 0, 114, 104, 0, NULL, 0 },
	{ "29/error-and-more R-29-1", IPERF3_READ_ERROR, "=000000720000000000", IPERF3_DONE, 8, 0, 114, 0, 0, NULL, 0 },
	{ "29/error-negative R-29-1", IPERF3_READ_ERROR, "=fffffffe80000000", IPERF3_DONE, 8, 0, -2, INT32_MIN, 0, NULL,
	  0 },
	{ "29/error-without-errno R-29-3", IPERF3_READ_ERROR, "=0000008e", IPERF3_INCOMPLETE, 4, 0, 142, 0, 0, NULL,
	  0 },
	{ "29/error-without-octets R-29-3", IPERF3_READ_ERROR, "", IPERF3_INCOMPLETE, 0, 0, 0, 0, 0, NULL, 0 },
	{ "22.4/text R-22.4-1", IPERF3_READ_TEXT, "=00000002 '{}'", IPERF3_DONE, 6, 0, 0, 0, 2, "{}", 0 },
	{ "22.4/text-and-more R-22.1-4", IPERF3_READ_TEXT, "=00000002 '{}' =10", IPERF3_DONE, 6, 0, 0, 0, 2, "{}", 0 },
	{ "22.4/text-fills-the-room R-22.4-6", IPERF3_READ_TEXT, "=00000010 x*16", IPERF3_DONE, 20, 0, 0, 0, 16,
	  "xxxxxxxxxxxxxxxx", 0 },
	{ "22.4/text-cut R-22.4-5", IPERF3_READ_TEXT, "=00000005 '{}'", IPERF3_INCOMPLETE, 6, 0, 0, 0, 5, "{}", 0 },
	{ "22.4/length-cut R-22.4-1", IPERF3_READ_TEXT, "=000000", IPERF3_INCOMPLETE, 3, 0, 0, 0, 0, "", 0 },
	{ "22.4/length-alone R-22.4-1", IPERF3_READ_TEXT, "=00000001", IPERF3_INCOMPLETE, 4, 0, 0, 0, 1, "", 0 },
	{ "22.4/length-0 R-22.4-5", IPERF3_READ_TEXT, "=00000000 '{}'", IPERF3_WRONG, 4, 0, 0, 0, 0, "",
	  IPERF_R_22_4_5 },
	{ "22.4/length-one-beyond-room R-22.4-6", IPERF3_READ_TEXT, "=00000011 x*17", IPERF3_WRONG, 4, 0, 0, 0, 17, "",
	  IPERF_R_22_4_6 },
	{ "22.4/length-ffffffff R-22.4-6 R-32-1", IPERF3_READ_TEXT, "=ffffffff '{}'", IPERF3_WRONG, 4, 0, 0, 0,
	  UINT32_MAX, "", IPERF_R_22_4_6 },
	{ "22.4/length-of-letters R-22.4-6", IPERF3_READ_TEXT, "'GET / HTTP/1.1'", IPERF3_WRONG, 4, 0, 0, 0, 0x47455420,
	  "", IPERF_R_22_4_6 },
};

/* Feeds a segment against an unreadable page, and what is left of it again: nothing more is used. */
static size_t feed(struct iperf3_parser *parser, const uint8_t *octets, size_t length)
{
	size_t before = parser->offset, n = iperf3_parser_octets(parser, ground(octets, length), length);

	assert_true(n <= length);
	assert_int_equal(parser->offset, before + n);
	if (parser->status == IPERF3_INCOMPLETE)
		assert_int_equal(n, length);
	else
		assert_int_equal(iperf3_parser_octets(parser, octets + n, length - n), 0);
	return n;
}

static void check(const struct read_row *row, const struct iperf3_parser *parser, const uint8_t *octets)
{
	if (parser->status != row->status || parser->offset != row->used)
		row_fail(row->name, "status %d after %zu", parser->status, parser->offset);
	assert_int_equal(parser->grammar, row->grammar);
	assert_int_equal(parser->state, row->state);
	assert_int_equal(parser->error, row->error);
	assert_int_equal(parser->system_error, row->system_error);
	assert_int_equal(parser->length, row->length);
	assert_int_equal(parser->length_known, row->grammar == IPERF3_READ_TEXT && row->used >= 4);
	assert_int_equal(parser->why, row->why);
	if (row->text && row->used > 4)
		assert_memory_equal(parser->text, row->text, row->used - 4);
	if (row->grammar == IPERF3_READ_COOKIE)
		assert_memory_equal(parser->cookie.octets, octets, row->used);
}

/* Every pair of cuts, and octet by octet with an empty segment between. */
static void run_read(void **state)
{
	const struct read_row *row = *state;
	static struct octets octets;
	uint8_t room[ROOM + 1];
	struct iperf3_parser parser;

	octets_of(&octets, row->octets);
	for (size_t a = 0; a <= octets.length; a++) {
		for (size_t b = a; b <= octets.length; b++) {
			room[ROOM] = 0x5a;
			iperf3_parser_init(&parser, row->grammar, room, row->text ? ROOM : 0);
			feed(&parser, octets.at, a);
			feed(&parser, octets.at + a, b - a);
			feed(&parser, octets.at + b, octets.length - b);
			check(row, &parser, octets.at);
			assert_int_equal(room[ROOM], 0x5a);
		}
	}
	iperf3_parser_init(&parser, row->grammar, room, row->text ? ROOM : 0);
	assert_int_equal(iperf3_parser_octets(&parser, NULL, 0), 0);
	for (size_t i = 0; i < octets.length; i++) {
		feed(&parser, octets.at + i, 1);
		feed(&parser, octets.at + i, 0);
	}
	check(row, &parser, octets.at);
}

/* The bound of section 32, with the room that it takes. */
static void length_beyond_8192(void **state)
{
	static uint8_t room[8192];
	static const uint8_t octets[8] = { 0xff, 0xff, 0xff, 0xff, '{', '}', 0, 0 };
	struct iperf3_parser parser;

	(void)state;
	memset(room, 0x5a, sizeof room);
	iperf3_parser_init(&parser, IPERF3_READ_TEXT, room, sizeof room);
	assert_int_equal(iperf3_parser_octets(&parser, octets, sizeof octets), 4);
	assert_int_equal(parser.status, IPERF3_WRONG);
	for (size_t i = 0; i < sizeof room; i++)
		assert_int_equal(room[i], 0x5a);
}

/* --- cookies ------------------------------------------------------------------------------------------------------ */

static void cookie_generated(void **state)
{
	struct iperf3_cookie cookie, before = { { 0 } };
	unsigned seen[256] = { 0 };

	(void)state;
	for (unsigned n = 0; n < 200; n++) {
		assert_int_equal(iperf3_cookie_generate(&cookie), 0);
		assert_int_equal(cookie.octets[36], 0);
		for (unsigned i = 0; i < 36; i++) {
			assert_non_null(memchr("abcdefghijklmnopqrstuvwxyz234567", cookie.octets[i], 32));
			seen[cookie.octets[i]]++;
		}
		assert_false(iperf3_cookie_equal(&cookie, &before));
		before = cookie;
	}
	for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c; c++)
		assert_true(seen[(unsigned char)*c] > 100); /* 225 on average; chance alone: less than 1 in 10^15 */
}

static const struct equal_row {
	const char *name;
	const char *a, *b;
	bool equal;
} equal_rows[] = {
	{ "22.2/equal R-22.2-4", "a*36 =00", "a*36 =00", true },
	{ "22.2/differ-in-the-first R-22.2-4", "a*36 =00", "b*1 a*35 =00", false },
	{ "22.2/differ-in-the-last R-22.2-4", "a*37", "a*36 =00", false },
	{ "22.2/without-nul R-22.2-4", "a*37", "a*37", true },
	{ "22.2/differ-behind-nul R-22.2-4", "a*20 =00 b*16", "a*20 =00 c*16", true },
	{ "22.2/one-ends-earlier R-22.2-4", "a*20 =00 b*16", "a*21 =00 b*15", false },
	{ "22.2/both-begin-with-nul R-22.2-4", "=00 b*36", "=00 c*36", true },
};

static void run_equal(void **state)
{
	const struct equal_row *row = *state;
	static struct octets a, b;
	struct iperf3_cookie one = { { 0 } }, other = { { 0 } };

	octets_of(&a, row->a);
	octets_of(&b, row->b);
	memcpy(one.octets, a.at, a.length < 37 ? a.length : 37);
	memcpy(other.octets, b.at, b.length < 37 ? b.length : 37);
	assert_int_equal(iperf3_cookie_equal(&one, &other), row->equal);
	assert_int_equal(iperf3_cookie_equal(&other, &one), row->equal);
}

/* --- states and errors -------------------------------------------------------------------------------------------- */

static const struct state_row {
	const char *name;
	const char *state;
	int value;
	bool of_server, of_client;
} state_rows[] = {
	{ "22.3/1", "TEST_START", 1, true, false },          { "22.3/2", "TEST_RUNNING", 2, true, false },
	{ "22.3/3", "RESULT_REQUEST", 3, false, false },     { "22.3/4", "TEST_END", 4, false, true },
	{ "22.3/5", "STREAM_BEGIN", 5, false, false },       { "22.3/6", "STREAM_RUNNING", 6, false, false },
	{ "22.3/7", "STREAM_END", 7, false, false },         { "22.3/8", "ALL_STREAMS_END", 8, false, false },
	{ "22.3/9", "PARAM_EXCHANGE", 9, true, false },      { "22.3/10", "CREATE_STREAMS", 10, true, false },
	{ "22.3/11", "SERVER_TERMINATE", 11, true, false },  { "22.3/12", "CLIENT_TERMINATE", 12, false, true },
	{ "22.3/13", "EXCHANGE_RESULTS", 13, true, false },  { "22.3/14", "DISPLAY_RESULTS", 14, true, false },
	{ "22.3/15", "IPERF_START", 15, false, false },      { "22.3/16", "IPERF_DONE", 16, false, true },
	{ "22.3/-1", "ACCESS_DENIED", -1, true, false },     { "22.3/-2", "SERVER_ERROR", -2, true, false },
};

static void run_state(void **state)
{
	const struct state_row *row = *state;
	int value = 99;

	assert_string_equal(iperf3_state_name(row->value), row->state);
	assert_true(iperf3_state_named(row->state, strlen(row->state), &value));
	assert_int_equal(value, row->value);
	assert_false(iperf3_state_named(row->state, strlen(row->state) - 1, &value));
	assert_int_equal(iperf3_state_of_server(row->value), row->of_server);
	assert_int_equal(iperf3_state_of_client(row->value), row->of_client);
}

static void no_state(void **state)
{
	int value;

	(void)state;
	for (int i = -128; i < 128; i++) {
		if (i >= -2 && i <= 16 && i != 0)
			continue;
		assert_null(iperf3_state_name(i));
		assert_false(iperf3_state_of_server(i) || iperf3_state_of_client(i));
	}
	assert_false(iperf3_state_named("", 0, &value));
	assert_false(iperf3_state_named("test_start", 10, &value));
}

static void written(void **state)
{
	static const uint8_t error[] = { 0xfe, 0, 0, 0, 0x72, 0, 0, 0, 0x68 }, minus[] = { 0xfe, 0xff, 0xff, 0xff, 0xff,
											   0x80, 0, 0, 0 };
	static const uint8_t length[] = { 0x01, 0x02, 0x03, 0x04 };
	uint8_t out[IPERF3_ERROR_SIZE];

	(void)state;
	iperf3_error_write(out, 114, 104);
	assert_memory_equal(out, error, sizeof error);
	iperf3_error_write(out, -1, INT32_MIN);
	assert_memory_equal(out, minus, sizeof minus);
	iperf3_length_write(out, 0x01020304);
	assert_memory_equal(out, length, sizeof length);
	assert_string_equal(iperf3_error_text(114), "parameters could not be read");
	assert_string_equal(iperf3_error_text(-1), "error");
	assert_string_equal(iperf3_error_text(0), "error");
}

int main(void)
{
	ROWS_ADD(read_rows, run_read);
	test_add("22.4/length-ffffffff-with-room-8192 R-22.4-6", length_beyond_8192, NULL);
	test_add("22.2/cookie-generated R-22.2-1 R-22.2-2", cookie_generated, NULL);
	ROWS_ADD(equal_rows, run_equal);
	ROWS_ADD(state_rows, run_state);
	test_add("22.3/no-state", no_state, NULL);
	test_add("29/written R-29-1", written, NULL);
	return tests_run("iperf3 control");
}
