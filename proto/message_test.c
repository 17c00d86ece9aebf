/* Messages: their octets, and datagrams, which are one message or none. SPEC 4, 8.3 and 14. The grammar of what arrives
 * in pieces has a test of its own, message_parse_test.c. */
#include "proto/message.h"

#include "proto/octets_test.h"

/* --- what a message consists of: typed from SPEC 4.1, not taken from the code under test ------------------------- */

struct message_row {
	const char *name;
	enum iperf_message_kind kind;
	const char *keyword;
	size_t length;
};

static const struct message_row message_rows[] = {
	{ "4.1/test-begin-49 R-4.2-1 R-4.2-3", IPERF_TEST_BEGIN, "IPERF_TEST_BEGIN", 49 },
	{ "4.1/test-end-47 R-4.2-1 R-4.2-3 R-4.2-4", IPERF_TEST_END, "IPERF_TEST_END", 47 },
	{ "4.1/stream-begin-51 R-4.2-1 R-4.2-3", IPERF_STREAM_BEGIN, "IPERF_STREAM_BEGIN", 51 },
	{ "4.1/stream-end-49 R-4.2-1 R-4.2-3", IPERF_STREAM_END, "IPERF_STREAM_END", 49 },
	{ "4.1/results-request-54 R-4.2-1 R-4.2-3", IPERF_RESULTS_REQUEST, "IPERF_RESULTS_REQUEST", 54 },
	{ "4.1/results-response-55 R-4.2-1 R-4.2-3", IPERF_RESULTS_RESPONSE, "IPERF_RESULTS_RESPONSE", 55 },
};

/* The keyword, one space, the cookie, and nothing else (R-4.2-2). */
static void run_message(void **state)
{
	const struct message_row *row = *state;
	size_t keyword = strlen(row->keyword);

	assert_string_equal(iperf_message_keyword(row->kind), row->keyword);
	assert_int_equal(iperf_message_length(row->kind), row->length);
	assert_int_equal(keyword + 1 + IPERF_COOKIE_LENGTH, row->length);
	assert_true(row->length <= IPERF_MESSAGE_MAX);
	for (const char *name = "AB"; *name; name++) {
		uint8_t out[2 * IPERF_MESSAGE_MAX], opening[2 * IPERF_OPENING_MAX];

		memset(out, 0xee, sizeof out);
		assert_int_equal(iperf_message_write(out, row->kind, cookie_named(*name)), row->length);
		assert_memory_equal(out, row->keyword, keyword);
		assert_int_equal(out[keyword], ' ');
		assert_memory_equal(out + keyword + 1, cookie_named(*name), IPERF_COOKIE_LENGTH);
		for (size_t i = row->length; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);

		if (row->kind == IPERF_RESULTS_RESPONSE) /* opens no connection, and IPERF_OPENING_MAX is without it */
			continue;
		memset(opening, 0xee, sizeof opening);
		assert_int_equal(iperf_opening_write(opening, row->kind, cookie_named(*name)),
				 IPERF_COOKIE_LENGTH + row->length);
		assert_memory_equal(opening, cookie_named(*name), IPERF_COOKIE_LENGTH);
		assert_memory_equal(opening + IPERF_COOKIE_LENGTH, out, row->length);
		for (size_t i = IPERF_COOKIE_LENGTH + row->length; i < sizeof opening; i++)
			assert_int_equal(opening[i], 0xee);
	}
}

static void longest_messages(void **state)
{
	(void)state;
	assert_int_equal(IPERF_MESSAGE_MAX, 55);
	assert_int_equal(IPERF_REQUEST_MAX, 54); /* R-4.3-4 */
	assert_int_equal(IPERF_MESSAGE_KINDS, 6);
	assert_int_equal(IPERF_OPENING_MAX, 86);
}

/* --- SPEC 14's dumps --------------------------------------------------------------------------------------------- */

struct dump_row {
	const char *name;
	const char *words; /* built by the code under test */
	const char *dump;  /* typed from SPEC */
};

static const struct dump_row dump_rows[] = {
	{ "14.1/control-connection-81 R-5.1-1 R-5.1-2", "A TEST_BEGIN",
	  "=000102030405060708090a0b0c0d0e0f "   /* preamble */
	  "=101112131415161718191a1b1c1d1e1f "
	  "=49504552465f544553545f424547494e "   /* IPERF_TEST_BEGIN */
	  "=20000102030405060708090a0b0c0d0e "   /* SP cookie */
	  "=0f101112131415161718191a1b1c1d1e "
	  "=1f" },
	{ "14.1/test-end-47 R-4.2-4", "TEST_END",
	  "=49504552465f544553545f454e442000 "   /* IPERF_TEST_END SP cookie */
	  "=0102030405060708090a0b0c0d0e0f10 "
	  "=1112131415161718191a1b1c1d1e1f" },
	{ "14.2/stream-of-three-octets-135 R-8.1-1 R-8.1-2", "A STREAM_BEGIN 'abc' STREAM_END",
	  "=000102030405060708090a0b0c0d0e0f "   /* preamble */
	  "=101112131415161718191a1b1c1d1e1f "
	  "=49504552465f53545245414d5f424547 "   /* IPERF_STREAM_BEG */
	  "=494e20000102030405060708090a0b0c "   /* IN SP cookie */
	  "=0d0e0f101112131415161718191a1b1c "
	  "=1d1e1f61626349504552465f53545245 "   /* payload, IPERF_STRE */
	  "=414d5f454e4420000102030405060708 "   /* AM_END SP cookie */
	  "=090a0b0c0d0e0f101112131415161718 "
	  "=191a1b1c1d1e1f" },
	{ "14.3/datagram-51 R-8.3-1", "STREAM_BEGIN",
	  "=49504552465f53545245414d5f424547 "   /* IPERF_STREAM_BEG */
	  "=494e20000102030405060708090a0b0c "   /* IN SP cookie */
	  "=0d0e0f101112131415161718191a1b1c "
	  "=1d1e1f" },
	{ "14.4/results-request-86 R-9.1-2", "A RESULTS_REQUEST",
	  "=000102030405060708090a0b0c0d0e0f "   /* preamble */
	  "=101112131415161718191a1b1c1d1e1f "
	  "=49504552465f524553554c54535f5245 "   /* IPERF_RESULTS_RE */
	  "=51554553542000010203040506070809 "   /* QUEST SP cookie */
	  "=0a0b0c0d0e0f10111213141516171819 "
	  "=1a1b1c1d1e1f" },
	{ "14.4/results-answer R-9.1-3 R-9.1-5", "ANSWER{}",
	  "=49504552465f524553554c54535f5245 "   /* IPERF_RESULTS_RE */
	  "=53504f4e534520000102030405060708 "   /* SPONSE SP cookie */
	  "=090a0b0c0d0e0f101112131415161718 "
	  "=191a1b1c1d1e1f207b2273747265616d "   /* SP {"stream */
	  "=73223a5b5d2c226279746573223a307d" }, /* s":[],"bytes":0} */
};

static void run_dump(void **state)
{
	const struct dump_row *row = *state;
	struct octets built, typed;

	octets_of(&built, row->words);
	octets_of(&typed, row->dump);
	assert_int_equal(built.length, typed.length);
	assert_memory_equal(built.at, typed.at, typed.length);
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

struct datagram_row {
	const char *name;
	const char *words;
	enum iperf_parse_status status;
	enum iperf_message_kind kind;
};

static const struct datagram_row datagram_rows[] = {
	{ "4.3/datagram-stream-begin R-4.3-2", "STREAM_BEGIN", IPERF_PARSE_DONE, IPERF_STREAM_BEGIN },
	{ "4.3/datagram-stream-end R-4.3-2", "STREAM_END", IPERF_PARSE_DONE, IPERF_STREAM_END },
	{ "4.3/datagram-empty R-4.3-2", "", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-begin-one-short R-4.3-2", "STREAM_BEGIN[0..50]", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-end-one-short R-4.3-2", "STREAM_END[0..48]", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-begin-cut-to-49 R-4.3-2", "STREAM_BEGIN[0..49]", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-begin-one-long R-4.3-2", "STREAM_BEGIN 'x'", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-end-one-long R-4.3-2", "STREAM_END 'x'", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-end-two-long R-4.3-2", "STREAM_END 'xx'", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-end-twice R-4.3-2", "STREAM_END STREAM_END", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-begin-and-end R-4.3-2", "STREAM_BEGIN STREAM_END", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-line-end-behind R-4.3-2", "STREAM_END '\n'", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-last-octet-differs R-8.3-3", "STREAM_BEGIN/C", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-first-octet-differs R-8.3-3", "STREAM_END/D", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-other-cookie R-8.3-3", "STREAM_END/B", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-preamble-before R-4.3-2", "A STREAM_BEGIN", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-test-begin R-4.3-2", "TEST_BEGIN", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-test-end R-4.3-2", "TEST_END", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-results-request R-4.3-2", "RESULTS_REQUEST", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-lower-case R-4.2-3", "'iperf_stream_begin ' A", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-keyword-only R-4.3-2", "'IPERF_STREAM_BEGIN'", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-51-octets-of-payload R-8.3-3", "x*51", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-49-octets-of-payload R-8.3-3", "x*49", IPERF_PARSE_WRONG, 0 },
	{ "4.3/datagram-65507-octets R-4.3-2", "STREAM_BEGIN x*65456", IPERF_PARSE_WRONG, 0 },
};

static void run_datagram(void **state)
{
	const struct datagram_row *row = *state;
	const enum iperf_message_kind untouched = IPERF_RESULTS_RESPONSE;
	enum iperf_message_kind kind = untouched;
	struct octets input;

	octets_of(&input, row->words);
	assert_int_equal(iperf_datagram_parse(ground(input.at, input.length), input.length, cookie_named('A'), &kind),
			 row->status);
	assert_int_equal(kind, row->status == IPERF_PARSE_DONE ? row->kind : untouched);
}

/* No octet of a datagram may be another. */
static void datagram_changed_anywhere(void **state)
{
	static const enum iperf_message_kind kinds[] = { IPERF_STREAM_BEGIN, IPERF_STREAM_END };

	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		uint8_t message[IPERF_MESSAGE_MAX];
		size_t length = iperf_message_write(message, kinds[k], cookie_named('B'));

		for (size_t at = 0; at < length; at++) {
			for (unsigned change = 1; change < 256; change += slow() ? 15 : 1) {
				enum iperf_message_kind kind;

				message[at] ^= (uint8_t)change;
				assert_int_equal(iperf_datagram_parse(ground(message, length), length,
								      cookie_named('B'), &kind),
						 IPERF_PARSE_WRONG);
				message[at] ^= (uint8_t)change;
			}
		}
	}
}

int main(void)
{
	ROWS_ADD(message_rows, run_message);
	test_add("4.1/longest-messages R-4.3-4", longest_messages, NULL);
	ROWS_ADD(dump_rows, run_dump);
	ROWS_ADD(datagram_rows, run_datagram);
	test_add("4.3/datagram-changed-anywhere R-4.3-2", datagram_changed_anywhere, NULL);
	return tests_run("message");
}
