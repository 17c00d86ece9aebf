/* The grammar of the messages under every cut and every wrong octet, against an oracle. SPEC 4.3 and 5.1. */
#include "proto/message.h"

#include "proto/octets_test.h"

/* --- an oracle for the grammars: it keeps all octets and compares them with whole messages ----------------------- */

static const struct message {
	enum iperf_message_kind kind;
	const char *keyword;
} messages[] = {
	{ IPERF_TEST_BEGIN, "IPERF_TEST_BEGIN" },           { IPERF_TEST_END, "IPERF_TEST_END" },
	{ IPERF_STREAM_BEGIN, "IPERF_STREAM_BEGIN" },       { IPERF_STREAM_END, "IPERF_STREAM_END" },
	{ IPERF_RESULTS_REQUEST, "IPERF_RESULTS_REQUEST" }, { IPERF_RESULTS_RESPONSE, "IPERF_RESULTS_RESPONSE" },
};

static const char *keyword_of(enum iperf_message_kind kind)
{
	for (size_t i = 0; i < COUNT(messages); i++)
		if (messages[i].kind == kind)
			return messages[i].keyword;
	abort();
}

struct verdict {
	enum iperf_parse_status status;
	uint32_t offset;              /* octets accepted */
	enum iperf_message_kind kind; /* when DONE */
	struct iperf_cookie cookie;   /* when DONE */
};

static bool admits(enum iperf_grammar grammar, enum iperf_message_kind kind)
{
	switch (grammar) {
	case IPERF_GRAMMAR_CONNECTION:
		return kind == IPERF_TEST_BEGIN || kind == IPERF_STREAM_BEGIN || kind == IPERF_RESULTS_REQUEST;
	case IPERF_GRAMMAR_CONTROL:
		return kind == IPERF_TEST_END;
	case IPERF_GRAMMAR_ANSWER:
		return kind == IPERF_RESULTS_RESPONSE;
	case IPERF_GRAMMAR_DATAGRAM:
		return kind == IPERF_STREAM_BEGIN || kind == IPERF_STREAM_END;
	case IPERF_GRAMMAR_MESSAGE:
		break;
	}
	return true;
}

/* How many of octets agree with a message of that kind (and the SP behind an answer); *whole becomes its length. */
static size_t agreement(const uint8_t *octets, size_t length, enum iperf_grammar grammar, enum iperf_message_kind kind,
			const struct iperf_cookie *cookie, size_t *whole)
{
	const char *keyword = keyword_of(kind);
	size_t words = strlen(keyword), at;

	*whole = words + 1 + IPERF_COOKIE_LENGTH + (grammar == IPERF_GRAMMAR_ANSWER);
	for (at = 0; at < length && at < *whole; at++) {
		bool in_cookie = at > words && at <= words + IPERF_COOKIE_LENGTH;
		uint8_t wanted = at < words ? (uint8_t)keyword[at] : ' ';

		if (in_cookie && cookie)
			wanted = cookie->octets[at - words - 1];
		if ((!in_cookie || cookie) && octets[at] != wanted)
			break;
	}
	return at;
}

static struct verdict oracle(enum iperf_grammar grammar, const struct iperf_cookie *cookie, const uint8_t *octets,
			     size_t length)
{
	size_t preamble = grammar == IPERF_GRAMMAR_CONNECTION ? IPERF_COOKIE_LENGTH : 0, best = 0;
	struct verdict verdict = { .status = IPERF_PARSE_INCOMPLETE, .offset = (uint32_t)length };
	struct iperf_cookie first;

	if (length <= preamble)
		return verdict;
	if (preamble) {
		memcpy(&first, octets, sizeof first);
		cookie = &first;
	}
	for (size_t i = 0; i < COUNT(messages); i++) {
		enum iperf_message_kind kind = messages[i].kind;
		size_t whole, n = agreement(octets + preamble, length - preamble, grammar, kind, cookie, &whole);

		if (!admits(grammar, kind))
			continue;
		best = n > best ? n : best;
		if (n == whole) {
			verdict = (struct verdict){ IPERF_PARSE_DONE, (uint32_t)(preamble + n), kind, { { 0 } } };
			memcpy(&verdict.cookie, octets + preamble + strlen(messages[i].keyword) + 1,
			       sizeof verdict.cookie);
			return verdict;
		}
	}
	verdict.offset = (uint32_t)(preamble + best);
	if (verdict.offset < length)
		verdict.status = IPERF_PARSE_WRONG;
	return verdict;
}

/* --- feeding in cuts --------------------------------------------------------------------------------------------- */

struct cuts {
	const char *name;
	size_t count;
	size_t at[3]; /* ascending */
	size_t every; /* if not 0, a cut after each so many octets, and an empty feed */
};

/* Feeds one segment until it is used up or the parser has its verdict, and watches the parser's promises. */
static size_t feed_segment(struct iperf_parser *parser, const uint8_t *segment, size_t length)
{
	size_t used = 0;

	do {
		uint32_t before = parser->offset;
		size_t n = iperf_parser_feed(parser, segment + used, length - used);

		used += n;
		assert_true(used <= length);
		assert_int_equal(parser->offset, before + n);
		if (parser->status == IPERF_PARSE_INCOMPLETE)
			assert_int_equal(used, length);
		if (parser->status == IPERF_PARSE_PREAMBLE)
			assert_int_equal(parser->offset, IPERF_COOKIE_LENGTH);
	} while (parser->status == IPERF_PARSE_PREAMBLE && used < length);
	return used;
}

static size_t next_cut(const struct cuts *cuts, size_t at, size_t length)
{
	if (cuts->every)
		return at + cuts->every < length ? at + cuts->every : length;
	for (size_t i = 0; i < cuts->count; i++)
		if (cuts->at[i] > at)
			return cuts->at[i] < length ? cuts->at[i] : length;
	return length;
}

/* Reads octets in these cuts, each segment against an unreadable page; checks that the verdict sticks. */
static void parse(struct iperf_parser *parser, enum iperf_grammar grammar, const struct iperf_cookie *cookie,
		  const uint8_t *octets, size_t length, const struct cuts *cuts)
{
	size_t at = 0;

	memset(parser, 0xaa, sizeof *parser);
	iperf_parser_init(parser, grammar, cookie);
	assert_int_equal(parser->status, IPERF_PARSE_INCOMPLETE);
	assert_int_equal(parser->offset, 0);
	while (at < length && (parser->status == IPERF_PARSE_INCOMPLETE || parser->status == IPERF_PARSE_PREAMBLE)) {
		size_t end = next_cut(cuts, at, length);
		size_t used = feed_segment(parser, ground(octets + at, end - at), end - at);

		at += used;
		if (cuts->every)
			assert_int_equal(iperf_parser_feed(parser, NULL, 0), 0);
	}
	assert_int_equal(parser->offset, at);
	if (parser->status == IPERF_PARSE_WRONG || parser->status == IPERF_PARSE_DONE) {
		struct iperf_parser before = *parser;

		assert_int_equal(iperf_parser_feed(parser, ground("IPERF", 5), 5), 0);
		assert_memory_equal(parser, &before, sizeof before);
	}
}

static void assert_verdict(const struct iperf_parser *parser, const struct verdict *expected, const char *what)
{
	bool preamble_just_read = parser->status == IPERF_PARSE_PREAMBLE && parser->offset == IPERF_COOKIE_LENGTH;

	if ((parser->status != expected->status && !preamble_just_read) || parser->offset != expected->offset)
		row_fail(what, "status %d at octet %u, expected %d at %u", (int)parser->status,
			 (unsigned)parser->offset, (int)expected->status, (unsigned)expected->offset);
	if (expected->status == IPERF_PARSE_DONE) {
		assert_int_equal(parser->kind, expected->kind);
		assert_memory_equal(&parser->cookie, &expected->cookie, sizeof expected->cookie);
	}
}

/* --- every valid input of every grammar -------------------------------------------------------------------------- */

struct input_row {
	const char *name;
	enum iperf_grammar grammar;
	char cookie; /* that is wanted, or 0 */
	const char *words;
	enum iperf_message_kind kind;
};

static const struct input_row input_rows[] = {
	{ "5.1/connection-test-begin R-5.1-3 R-5.1-5", IPERF_GRAMMAR_CONNECTION, 0, "A TEST_BEGIN", IPERF_TEST_BEGIN },
	{ "5.1/connection-stream-begin R-5.1-3 R-5.1-5", IPERF_GRAMMAR_CONNECTION, 0, "A STREAM_BEGIN",
	  IPERF_STREAM_BEGIN },
	{ "5.1/connection-results-request R-5.1-3 R-5.1-5", IPERF_GRAMMAR_CONNECTION, 0, "A RESULTS_REQUEST",
	  IPERF_RESULTS_REQUEST },
	{ "5.1/connection-odd-cookie R-3-4", IPERF_GRAMMAR_CONNECTION, 0, "B RESULTS_REQUEST/B",
	  IPERF_RESULTS_REQUEST },
	{ "5.1/connection-cookie-given-is-ignored", IPERF_GRAMMAR_CONNECTION, 'C', "A TEST_BEGIN", IPERF_TEST_BEGIN },
	{ "7/control-test-end R-7-4", IPERF_GRAMMAR_CONTROL, 'A', "TEST_END", IPERF_TEST_END },
	{ "7/control-test-end-odd-cookie R-3-4", IPERF_GRAMMAR_CONTROL, 'B', "TEST_END/B", IPERF_TEST_END },
	{ "7/control-test-end-any-cookie", IPERF_GRAMMAR_CONTROL, 0, "TEST_END/B", IPERF_TEST_END },
	{ "9.1/answer R-9.1-3 R-9.1-5", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_RESPONSE ' '", IPERF_RESULTS_RESPONSE },
	{ "9.1/answer-odd-cookie R-3-4", IPERF_GRAMMAR_ANSWER, 'B', "RESULTS_RESPONSE/B ' '", IPERF_RESULTS_RESPONSE },
	{ "9.1/answer-any-cookie", IPERF_GRAMMAR_ANSWER, 0, "RESULTS_RESPONSE ' '", IPERF_RESULTS_RESPONSE },
	{ "8.3/datagram-stream-begin R-8.3-1", IPERF_GRAMMAR_DATAGRAM, 'A', "STREAM_BEGIN", IPERF_STREAM_BEGIN },
	{ "8.3/datagram-stream-end R-8.3-2", IPERF_GRAMMAR_DATAGRAM, 'A', "STREAM_END", IPERF_STREAM_END },
	{ "8.3/datagram-any-cookie", IPERF_GRAMMAR_DATAGRAM, 0, "STREAM_END/B", IPERF_STREAM_END },
	{ "4.1/message-test-begin", IPERF_GRAMMAR_MESSAGE, 0, "TEST_BEGIN/B", IPERF_TEST_BEGIN },
	{ "4.1/message-test-end", IPERF_GRAMMAR_MESSAGE, 'A', "TEST_END", IPERF_TEST_END },
	{ "4.1/message-stream-begin", IPERF_GRAMMAR_MESSAGE, 0, "STREAM_BEGIN", IPERF_STREAM_BEGIN },
	{ "4.1/message-stream-end", IPERF_GRAMMAR_MESSAGE, 'A', "STREAM_END", IPERF_STREAM_END },
	{ "4.1/message-results-request", IPERF_GRAMMAR_MESSAGE, 0, "RESULTS_REQUEST", IPERF_RESULTS_REQUEST },
	{ "4.1/message-results-response", IPERF_GRAMMAR_MESSAGE, 'A', "RESULTS_RESPONSE", IPERF_RESULTS_RESPONSE },
};

/* All cuts into up to four pieces for messages, into up to three for openings. R-4.3-1. */
static void parse_in_all_cuts(const struct input_row *row, const struct octets *input, const struct verdict *expected)
{
	const struct iperf_cookie *cookie = cookie_named(row->cookie);
	size_t third = input->length < 60 && !slow() ? input->length : 0;
	struct iperf_parser parser;

	for (size_t a = 0; a <= input->length; a++) {
		for (size_t b = a; b <= input->length; b++) {
			for (size_t c = b; c <= (third > b ? third : b); c++) {
				struct cuts cuts = { "cut", 3, { a, b, c }, 0 };

				parse(&parser, row->grammar, cookie, input->at, input->length, &cuts);
				assert_verdict(&parser, expected, row->name);
			}
		}
	}
}

static void run_input_cuts(void **state)
{
	const struct input_row *row = *state;
	const struct iperf_cookie *cookie = cookie_named(row->cookie);
	struct octets input;
	struct iperf_parser parser;
	struct verdict expected;

	octets_of(&input, row->words);
	expected = oracle(row->grammar, cookie, input.at, input.length);
	assert_int_equal(expected.status, IPERF_PARSE_DONE);
	assert_int_equal(expected.kind, row->kind);
	assert_int_equal(expected.offset, input.length);
	parse_in_all_cuts(row, &input, &expected);
	for (size_t every = 1; every < 8; every++) {
		parse(&parser, row->grammar, cookie, input.at, input.length, &(struct cuts){ .every = every });
		assert_verdict(&parser, &expected, row->name);
	}
}

/* Every octet changed to every other value: WRONG at that very octet, unless it still is a message. R-4.3-3. */
static void run_input_changes(void **state)
{
	const struct input_row *row = *state;
	const struct iperf_cookie *cookie = cookie_named(row->cookie);
	static const struct cuts whole = { .name = "whole" }, ones = { .every = 1 };
	struct octets input;

	octets_of(&input, row->words);
	for (size_t at = 0; at < input.length; at++) {
		uint8_t right = input.at[at];

		for (unsigned value = 0; value < 256; value += slow() ? 15 : 1) {
			struct iperf_parser parser;
			struct verdict expected;

			input.at[at] = (uint8_t)value;
			expected = oracle(row->grammar, cookie, input.at, input.length);
			parse(&parser, row->grammar, cookie, input.at, input.length, &whole);
			assert_verdict(&parser, &expected, row->name);
			parse(&parser, row->grammar, cookie, input.at, input.length, &ones);
			assert_verdict(&parser, &expected, row->name);
		}
		input.at[at] = right;
	}
}

/* Every prefix is INCOMPLETE, and what follows the whole is not touched. */
static void run_input_ends(void **state)
{
	const struct input_row *row = *state;
	const struct iperf_cookie *cookie = cookie_named(row->cookie);
	struct octets input;
	struct iperf_parser parser;
	struct verdict expected;
	size_t length;

	octets_of(&input, row->words);
	length = input.length;
	for (size_t n = 0; n < length; n++) {
		expected = (struct verdict){ .status = IPERF_PARSE_INCOMPLETE, .offset = (uint32_t)n };
		parse(&parser, row->grammar, cookie, input.at, n, &(struct cuts){ .name = "whole" });
		assert_verdict(&parser, &expected, row->name);
	}
	octets_append_text(&input, "IPERF");
	expected = oracle(row->grammar, cookie, input.at, input.length);
	assert_int_equal(expected.offset, length);
	for (size_t every = 1; every <= input.length; every++) {
		parse(&parser, row->grammar, cookie, input.at, input.length, &(struct cuts){ .every = every });
		assert_verdict(&parser, &expected, row->name);
	}
}

/* Where the message's cookie stands, told at every offset. */
static void run_input_in_cookie(void **state)
{
	const struct input_row *row = *state;
	size_t start = row->grammar == IPERF_GRAMMAR_CONNECTION ? IPERF_COOKIE_LENGTH : 0;
	size_t from = start + strlen(keyword_of(row->kind)) + 1;
	struct octets input;

	octets_of(&input, row->words);
	for (size_t n = 0; n < input.length; n++) {
		struct iperf_parser parser;

		parse(&parser, row->grammar, cookie_named(row->cookie), input.at, n, &(struct cuts){ .every = 0 });
		assert_int_equal(iperf_parser_in_cookie(&parser), n >= from && n < from + IPERF_COOKIE_LENGTH);
	}
}

/* --- inputs that are wrong, and where ---------------------------------------------------------------------------- */

struct wrong_row {
	const char *name;
	enum iperf_grammar grammar;
	char cookie;
	const char *words;
	uint32_t offset;
};

static const struct wrong_row wrong_rows[] = {
	{ "4.2/line-end-before-message R-4.2-2", IPERF_GRAMMAR_CONNECTION, 0, "A '\n' TEST_BEGIN", 32 },
	{ "4.2/space-before-message R-4.2-2", IPERF_GRAMMAR_CONNECTION, 0, "A ' ' TEST_BEGIN", 32 },
	{ "4.2/two-spaces R-4.2-1", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END  ' A", 15 },
	{ "4.2/no-space R-4.2-1", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END' A", 14 },
	{ "4.2/tab-for-space R-4.2-1", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END\t' A", 14 },
	{ "4.2/spaces-for-underscores R-4.2-3", IPERF_GRAMMAR_CONNECTION, 0, "A 'IPERF TEST BEGIN ' A", 37 },
	{ "4.2/lower-case R-4.2-3", IPERF_GRAMMAR_CONNECTION, 0, "A 'iperf_test_begin ' A", 32 },
	{ "4.2/one-lower-case-letter R-4.2-3", IPERF_GRAMMAR_CONNECTION, 0, "A 'IPERF_TEST_BEGIn ' A", 47 },
	{ "4.2/test-end-without-cookie R-4.2-4", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END\n'", 14 },
	{ "4.2/keyword-and-nul R-4.2-1", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END' =00 A", 14 },
	{ "5.1/message-without-preamble R-5.1-1", IPERF_GRAMMAR_CONNECTION, 0, "TEST_BEGIN", 32 },
	{ "5.1/preamble-twice R-5.1-2", IPERF_GRAMMAR_CONNECTION, 0, "A A TEST_BEGIN", 32 },
	{ "5.1/first-message-test-end R-5.1-6", IPERF_GRAMMAR_CONNECTION, 0, "A TEST_END", 43 },
	{ "5.1/first-message-stream-end R-5.1-6", IPERF_GRAMMAR_CONNECTION, 0, "A STREAM_END", 45 },
	{ "5.1/first-message-results-response R-5.1-6", IPERF_GRAMMAR_CONNECTION, 0, "A RESULTS_RESPONSE", 48 },
	{ "5.1/first-octet-differs R-5.1-4", IPERF_GRAMMAR_CONNECTION, 0, "A TEST_BEGIN/D", 49 },
	{ "5.1/last-octet-differs R-5.1-4", IPERF_GRAMMAR_CONNECTION, 0, "A TEST_BEGIN/C", 80 },
	{ "7/other-cookie-first-octet R-7-4", IPERF_GRAMMAR_CONTROL, 'A', "TEST_END/D", 15 },
	{ "7/other-cookie-last-octet R-7-4", IPERF_GRAMMAR_CONTROL, 'A', "TEST_END/C", 46 },
	{ "7/test-begin-again R-7-4", IPERF_GRAMMAR_CONTROL, 'A', "TEST_BEGIN", 11 },
	{ "9.1/answer-without-space R-9.1-5", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_RESPONSE '{'", 55 },
	{ "9.1/answer-is-request R-9.1-3", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_REQUEST", 16 },
	{ "9.1/answer-other-cookie R-9.3-2", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_RESPONSE/C ' '", 54 },
};

static void run_wrong(void **state)
{
	const struct wrong_row *row = *state;
	struct verdict expected = { .status = IPERF_PARSE_WRONG, .offset = row->offset };
	struct octets input;

	octets_of(&input, row->words);
	for (size_t cut = 0; cut <= input.length; cut++) {
		struct iperf_parser parser;

		parse(&parser, row->grammar, cookie_named(row->cookie), input.at, input.length,
		      &(struct cuts){ .count = 1, .at = { cut } });
		assert_verdict(&parser, &expected, row->name);
	}
	for (uint32_t n = 0; n <= row->offset; n++) { /* and not an octet earlier */
		struct iperf_parser parser;

		parse(&parser, row->grammar, cookie_named(row->cookie), input.at, n, &(struct cuts){ .every = 0 });
		assert_true(parser.status != IPERF_PARSE_WRONG && parser.status != IPERF_PARSE_DONE);
	}
}

/* --- the preamble ------------------------------------------------------------------------------------------------ */

/* PREAMBLE comes at the 32nd octet: not before, and with nothing behind it read. R-6.2-2. */
static void preamble_at_32nd_octet(void **state)
{
	struct octets input;
	struct iperf_parser parser;

	(void)state;
	octets_of(&input, "B TEST_BEGIN/B");
	for (size_t more = 0; more <= input.length - IPERF_COOKIE_LENGTH; more++) {
		for (size_t first = 0; first < IPERF_COOKIE_LENGTH; first++) {
			iperf_parser_init(&parser, IPERF_GRAMMAR_CONNECTION, NULL);
			assert_int_equal(iperf_parser_feed(&parser, ground(input.at, first), first), first);
			assert_int_equal(parser.status, IPERF_PARSE_INCOMPLETE);
			assert_int_equal(iperf_parser_feed(&parser,
							   ground(input.at + first, IPERF_COOKIE_LENGTH - first + more),
							   IPERF_COOKIE_LENGTH - first + more),
					 IPERF_COOKIE_LENGTH - first);
			assert_int_equal(parser.status, IPERF_PARSE_PREAMBLE);
			assert_int_equal(parser.offset, IPERF_COOKIE_LENGTH);
			assert_memory_equal(&parser.cookie, cookie_named('B'), IPERF_COOKIE_LENGTH);
		}
	}
}

/* The cookie of the first message against the preamble, differing in any one octet. R-5.1-4. */
static void preamble_mismatch_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		const struct message *row = &messages[i];
		uint32_t start = (uint32_t)(IPERF_COOKIE_LENGTH + strlen(row->keyword) + 1);
		uint8_t opening[IPERF_OPENING_MAX];
		size_t length;

		if (!admits(IPERF_GRAMMAR_CONNECTION, row->kind))
			continue;
		length = iperf_opening_write(opening, row->kind, cookie_named('A'));
		for (uint32_t at = 0; at < IPERF_COOKIE_LENGTH; at++) {
			struct verdict expected = { .status = IPERF_PARSE_WRONG, .offset = start + at };

			for (int place = 0; place < 2; place++) { /* changed in the preamble, in the message */
				uint8_t *octet = &opening[place ? start + at : at];
				struct iperf_parser parser;

				*octet ^= 0x40;
				parse(&parser, IPERF_GRAMMAR_CONNECTION, NULL, opening, length,
				      &(struct cuts){ .every = 0 });
				*octet ^= 0x40;
				assert_verdict(&parser, &expected, row->keyword);
				assert_true(iperf_parser_in_cookie(&parser));
			}
		}
	}
}

/* --- anything at all --------------------------------------------------------------------------------------------- */

/* Messages with octets changed, left out and doubled, in random cuts, against the oracle. */
static void any_octets(void **state)
{
	uint64_t seed = seed_of(1);

	(void)state;
	for (unsigned i = 0; i < rounds(30000); i++) {
		const struct input_row *row = &input_rows[chance(&seed, COUNT(input_rows))];
		const struct iperf_cookie *cookie = cookie_named(row->cookie);
		struct octets input;
		struct iperf_parser parser;
		struct verdict expected;
		struct cuts cuts = { .count = 3 };

		octets_of(&input, row->words);
		for (size_t n = chance(&seed, 3); n; n--) {
			size_t at = chance(&seed, input.length), rest = input.length - at;

			if (chance(&seed, 2)) {
				input.at[at] = (uint8_t)chance(&seed, 256);
			} else if (chance(&seed, 2) && rest > 1) {
				memmove(input.at + at, input.at + at + 1, --rest);
				input.length--;
			} else {
				memmove(input.at + at + 1, input.at + at, rest);
				input.length++;
			}
		}
		for (size_t n = 0; n < 3; n++)
			cuts.at[n] = (n ? cuts.at[n - 1] : 0) + chance(&seed, 40);
		expected = oracle(row->grammar, cookie, input.at, input.length);
		parse(&parser, row->grammar, cookie, input.at, input.length, &cuts);
		assert_verdict(&parser, &expected, row->name);
	}
}

/* --- in words ---------------------------------------------------------------------------------------------------- */

struct words_row {
	const char *name;
	enum iperf_grammar grammar;
	char cookie;
	const char *words;
	const char *expected;
};

static const struct words_row words_rows[] = {
	{ "4.3/expected-first-octet-of-preamble", IPERF_GRAMMAR_CONNECTION, 0, "", "octet 0 of the preamble" },
	{ "4.3/expected-last-octet-of-preamble", IPERF_GRAMMAR_CONNECTION, 0, "A[0..31]", "octet 31 of the preamble" },
	{ "4.3/expected-first-message", IPERF_GRAMMAR_CONNECTION, 0, "A",
	  "'I' of IPERF_TEST_BEGIN or 'I' of IPERF_STREAM_BEGIN or 'I' of IPERF_RESULTS_REQUEST" },
	{ "4.3/expected-instead-of-get", IPERF_GRAMMAR_CONNECTION, 0, "A 'GET /'",
	  "'I' of IPERF_TEST_BEGIN or 'I' of IPERF_STREAM_BEGIN or 'I' of IPERF_RESULTS_REQUEST" },
	{ "4.3/expected-in-test-begin", IPERF_GRAMMAR_CONNECTION, 0, "A 'IPERF_T'", "'E' of IPERF_TEST_BEGIN" },
	{ "4.3/expected-instead-of-test-end", IPERF_GRAMMAR_CONNECTION, 0, "A TEST_END", "'B' of IPERF_TEST_BEGIN" },
	{ "4.3/expected-instead-of-response", IPERF_GRAMMAR_CONNECTION, 0, "A RESULTS_RESPONSE",
	  "'Q' of IPERF_RESULTS_REQUEST" },
	{ "4.3/expected-space", IPERF_GRAMMAR_CONNECTION, 0, "A 'IPERF_TEST_BEGIN'", "' ' after IPERF_TEST_BEGIN" },
	{ "4.3/expected-first-octet-of-cookie", IPERF_GRAMMAR_CONNECTION, 0, "A 'IPERF_STREAM_BEGIN '",
	  "octet 0 of the cookie" },
	{ "4.3/expected-last-octet-of-cookie", IPERF_GRAMMAR_CONNECTION, 0, "A RESULTS_REQUEST/C",
	  "octet 31 of the cookie" },
	{ "4.3/expected-test-end", IPERF_GRAMMAR_CONTROL, 'A', "", "'I' of IPERF_TEST_END" },
	{ "4.3/expected-d-of-test-end", IPERF_GRAMMAR_CONTROL, 'A', "TEST_END[0..13]", "'D' of IPERF_TEST_END" },
	{ "4.3/expected-space-after-test-end", IPERF_GRAMMAR_CONTROL, 'A', "'IPERF_TEST_END\n'",
	  "' ' after IPERF_TEST_END" },
	{ "4.3/expected-cookie-of-test-end", IPERF_GRAMMAR_CONTROL, 'A', "TEST_END[0..20]", "octet 5 of the cookie" },
	{ "4.3/expected-answer", IPERF_GRAMMAR_ANSWER, 'A', "'HTTP'", "'I' of IPERF_RESULTS_RESPONSE" },
	{ "4.3/expected-e-of-answer", IPERF_GRAMMAR_ANSWER, 'A', "'IPERF_RESULTS_RESPONS'",
	  "'E' of IPERF_RESULTS_RESPONSE" },
	{ "4.3/expected-space-after-answer", IPERF_GRAMMAR_ANSWER, 'A', "'IPERF_RESULTS_RESPONSE'",
	  "' ' after IPERF_RESULTS_RESPONSE" },
	{ "4.3/expected-cookie-of-answer", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_RESPONSE/C", "octet 31 of the cookie" },
	{ "4.3/expected-space-before-data", IPERF_GRAMMAR_ANSWER, 'A', "RESULTS_RESPONSE '{'",
	  "' ' before the result data" },
	{ "4.3/expected-datagram", IPERF_GRAMMAR_DATAGRAM, 'A', "'IPERF_STREAM_'",
	  "'B' of IPERF_STREAM_BEGIN or 'E' of IPERF_STREAM_END" },
	{ "4.3/expected-message", IPERF_GRAMMAR_MESSAGE, 0, "'IPERF_RESULTS_RE'",
	  "'Q' of IPERF_RESULTS_REQUEST or 'S' of IPERF_RESULTS_RESPONSE" },
	{ "4.3/expected-message-test", IPERF_GRAMMAR_MESSAGE, 0, "'IPERF_TEST'",
	  "'_' of IPERF_TEST_BEGIN or '_' of IPERF_TEST_END" },
};

/* In full, and cut at every size; nothing is written beyond the size, and nothing at all to size 0. */
static void run_words(void **state)
{
	const struct words_row *row = *state;
	size_t full = strlen(row->expected);
	struct octets input;
	struct iperf_parser parser;

	octets_of(&input, row->words);
	parse(&parser, row->grammar, cookie_named(row->cookie), input.at, input.length, &(struct cuts){ .every = 0 });
	for (size_t size = 0; size < full + 20; size++) {
		char text[200];
		size_t kept = size > full ? full : size - 1;

		memset(text, '#', sizeof text);
		iperf_parser_expected(&parser, text, size);
		if (size > 0) {
			assert_memory_equal(text, row->expected, kept);
			assert_int_equal(text[kept], '\0');
		}
		for (size_t i = size; i < sizeof text; i++)
			assert_int_equal(text[i], '#');
	}
}

/* Each input is the subject of several tests; their names need memory of their own. */
static void add_input_tests(const char *what, CMUnitTestFunction run)
{
	static char names[4 * COUNT(input_rows)][100];
	static size_t used;

	for (size_t i = 0; i < COUNT(input_rows); i++) {
		const char *rest = strchr(input_rows[i].name, ' ');
		int stem = rest ? (int)(rest - input_rows[i].name) : (int)strlen(input_rows[i].name);

		snprintf(names[used], sizeof names[used], "%.*s-%s%s", stem, input_rows[i].name, what,
			 rest ? rest : "");
		test_add(names[used++], run, &input_rows[i]);
	}
}

int main(void)
{
	add_input_tests("cut-everywhere", run_input_cuts);
	add_input_tests("every-octet-changed", run_input_changes);
	add_input_tests("every-prefix-and-more", run_input_ends);
	add_input_tests("in-cookie", run_input_in_cookie);
	ROWS_ADD(wrong_rows, run_wrong);
	test_add("6.2/preamble-at-32nd-octet R-6.2-2", preamble_at_32nd_octet, NULL);
	test_add("5.1/preamble-mismatch-at-every-octet R-5.1-4", preamble_mismatch_at_every_octet, NULL);
	test_add("4.3/any-octets R-4.3-1", any_octets, NULL);
	ROWS_ADD(words_rows, run_words);
	return tests_run("message_parse");
}
