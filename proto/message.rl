/* The grammar of the messages, beside SPEC 4.1's ABNF.
 *
 * Ragel in ten lines: `main := x` or `name := x` is an entry, a machine that reads x from its first octet; "..." are
 * octets, `any` is any octet, {32} is a repetition, `|` is "or", juxtaposition is "then". An action hangs on a piece of
 * it: `$a` runs for each octet of the piece, `>a` for its first, `@a` for the octet that completes it. `fbreak` leaves
 * the machine after the present octet, `fhold` gives that octet back. `p` is the octet being read, `pe` the end of the
 * input, `cs` the state that is kept between two inputs. An octet for which there is no way on runs `$!a`, the error
 * action. The work is in the small functions below; the grammar only says when. `ragel -V` draws it. */
#include "proto/message.h"

#include <stdio.h>
#include <string.h>

static const char *const keywords[IPERF_MESSAGE_KINDS] = {
	[IPERF_TEST_BEGIN] = "IPERF_TEST_BEGIN",
	[IPERF_TEST_END] = "IPERF_TEST_END",
	[IPERF_STREAM_BEGIN] = "IPERF_STREAM_BEGIN",
	[IPERF_STREAM_END] = "IPERF_STREAM_END",
	[IPERF_RESULTS_REQUEST] = "IPERF_RESULTS_REQUEST",
	[IPERF_RESULTS_RESPONSE] = "IPERF_RESULTS_RESPONSE",
};

%%{
	machine message;

	action preamble_octet { parser->cookie.octets[parser->cookie_at++] = *p; }
	action preamble_done  { parser->status = IPERF_PARSE_PREAMBLE; fbreak; }
	action cookie_octet   { if (!cookie_octet(parser, *p)) { fhold; fbreak; } }
	action done           { parser->status = IPERF_PARSE_DONE; fbreak; }
	action wrong          { parser->status = IPERF_PARSE_WRONG; fhold; fbreak; }

	action test_begin       { parser->kind = IPERF_TEST_BEGIN; }
	action test_end         { parser->kind = IPERF_TEST_END; }
	action stream_begin     { parser->kind = IPERF_STREAM_BEGIN; }
	action stream_end       { parser->kind = IPERF_STREAM_END; }
	action results_request  { parser->kind = IPERF_RESULTS_REQUEST; }
	action results_response { parser->kind = IPERF_RESULTS_RESPONSE; }

	SP       = " ";
	preamble = any{32} $preamble_octet @preamble_done;
	cookie   = any{32} $cookie_octet;

	test_begin       = "IPERF_TEST_BEGIN"       SP @test_begin       cookie;
	test_end         = "IPERF_TEST_END"         SP @test_end         cookie;
	stream_begin     = "IPERF_STREAM_BEGIN"     SP @stream_begin     cookie;
	stream_end       = "IPERF_STREAM_END"       SP @stream_end       cookie;
	results_request  = "IPERF_RESULTS_REQUEST"  SP @results_request  cookie;
	results_response = "IPERF_RESULTS_RESPONSE" SP @results_response cookie;

	connection := ( preamble ( test_begin | stream_begin | results_request ) @done ) $!wrong;
	control    := ( test_end @done ) $!wrong;
	answer     := ( results_response SP @done ) $!wrong;
	datagram   := ( ( stream_begin | stream_end ) @done ) $!wrong;
	any_one    := ( ( test_begin | test_end | stream_begin | stream_end
	              | results_request | results_response ) @done ) $!wrong;
}%%

%% write data nofinal noerror;

const char *iperf_message_keyword(enum iperf_message_kind kind)
{
	return keywords[kind];
}

size_t iperf_message_length(enum iperf_message_kind kind)
{
	return strlen(keywords[kind]) + 1 + IPERF_COOKIE_LENGTH;
}

size_t iperf_message_write(uint8_t out[static IPERF_MESSAGE_MAX], enum iperf_message_kind kind,
			   const struct iperf_cookie *cookie)
{
	size_t length = strlen(keywords[kind]);

	memcpy(out, keywords[kind], length);
	out[length] = ' ';
	memcpy(out + length + 1, cookie->octets, sizeof cookie->octets);
	return iperf_message_length(kind);
}

size_t iperf_opening_write(uint8_t out[static IPERF_OPENING_MAX], enum iperf_message_kind kind,
			   const struct iperf_cookie *cookie)
{
	uint8_t message[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(message, kind, cookie);

	memcpy(out, cookie->octets, sizeof cookie->octets);
	memcpy(out + sizeof cookie->octets, message, length);
	return sizeof cookie->octets + length;
}

static int entry(enum iperf_grammar grammar)
{
	switch (grammar) {
	case IPERF_GRAMMAR_CONNECTION:
		return message_en_connection;
	case IPERF_GRAMMAR_CONTROL:
		return message_en_control;
	case IPERF_GRAMMAR_ANSWER:
		return message_en_answer;
	case IPERF_GRAMMAR_DATAGRAM:
		return message_en_datagram;
	case IPERF_GRAMMAR_MESSAGE:
		break;
	}
	return message_en_any_one;
}

void iperf_parser_init(struct iperf_parser *parser, enum iperf_grammar grammar, const struct iperf_cookie *cookie)
{
	memset(parser, 0, sizeof *parser);
	parser->status = IPERF_PARSE_INCOMPLETE;
	parser->grammar = grammar;
	parser->state = entry(grammar);
	if (cookie && grammar != IPERF_GRAMMAR_CONNECTION) {
		parser->cookie = *cookie;
		parser->cookie_wanted = true;
	}
}

/* One octet of a message's cookie; false when it cannot stand there. */
static bool cookie_octet(struct iperf_parser *parser, uint8_t octet)
{
	uint8_t *place = &parser->cookie.octets[parser->cookie_at];

	if (parser->cookie_wanted && *place != octet) {
		parser->status = IPERF_PARSE_WRONG;
		return false;
	}
	*place = octet;
	parser->cookie_at++;
	return true;
}

/* Offset 0 of the message within what this grammar reads. */
static uint32_t message_start_offset(const struct iperf_parser *parser)
{
	return parser->grammar == IPERF_GRAMMAR_CONNECTION ? IPERF_COOKIE_LENGTH : 0;
}

/* Keeps the keyword's octets and the offset. */
static void consumed(struct iperf_parser *parser, const uint8_t *octets, size_t length)
{
	uint32_t start = message_start_offset(parser);

	for (size_t i = 0; i < length; i++) {
		if (parser->offset >= start && parser->head_length < sizeof parser->head)
			parser->head[parser->head_length++] = octets[i];
		parser->offset++;
	}
}

size_t iperf_parser_feed(struct iperf_parser *parser, const uint8_t *octets, size_t length)
{
	const uint8_t *p = octets;
	const uint8_t *pe = length ? octets + length : octets; /* NULL + 0 is undefined */
	const uint8_t *const eof = NULL; /* the end of the input is the caller's business */
	int cs = parser->state;

	(void)message_start;
	if (parser->status == IPERF_PARSE_PREAMBLE) {
		parser->status = IPERF_PARSE_INCOMPLETE;
		parser->cookie_at = 0;
		parser->cookie_wanted = true;
	}
	if (parser->status != IPERF_PARSE_INCOMPLETE || length == 0)
		return 0;
	%% write exec;
	parser->state = cs;
	consumed(parser, octets, (size_t)(p - octets));
	return (size_t)(p - octets);
}

enum iperf_parse_status iperf_datagram_parse(const uint8_t *octets, size_t length, const struct iperf_cookie *cookie,
					     enum iperf_message_kind *kind)
{
	struct iperf_parser parser;

	if (length != iperf_message_length(IPERF_STREAM_BEGIN) && length != iperf_message_length(IPERF_STREAM_END))
		return IPERF_PARSE_WRONG;
	iperf_parser_init(&parser, IPERF_GRAMMAR_DATAGRAM, cookie);
	if (iperf_parser_feed(&parser, octets, length) != length || parser.status != IPERF_PARSE_DONE)
		return IPERF_PARSE_WRONG;
	*kind = parser.kind;
	return IPERF_PARSE_DONE;
}

/* The kinds that each grammar admits, as a mask, for words only: the machine itself decides. */
static unsigned admitted(enum iperf_grammar grammar)
{
	switch (grammar) {
	case IPERF_GRAMMAR_CONNECTION:
		return 1U << IPERF_TEST_BEGIN | 1U << IPERF_STREAM_BEGIN | 1U << IPERF_RESULTS_REQUEST;
	case IPERF_GRAMMAR_CONTROL:
		return 1U << IPERF_TEST_END;
	case IPERF_GRAMMAR_ANSWER:
		return 1U << IPERF_RESULTS_RESPONSE;
	case IPERF_GRAMMAR_DATAGRAM:
		return 1U << IPERF_STREAM_BEGIN | 1U << IPERF_STREAM_END;
	case IPERF_GRAMMAR_MESSAGE:
		break;
	}
	return (1U << IPERF_MESSAGE_KINDS) - 1;
}

/* Appends to text, which holds *used octets and a NUL; what does not fit is cut. */
static void append(char *text, size_t size, size_t *used, const char *words)
{
	size_t length = strlen(words);

	if (*used + length >= size)
		length = size - 1 - *used;
	memcpy(text + *used, words, length);
	*used += length;
	text[*used] = '\0';
}

/* The keywords that begin with what was read, and the octet at which each would go on. */
static void expected_in_keyword(const struct iperf_parser *parser, uint32_t at, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = keywords[kind];
		char octet[] = "'?' of ";

		if (!(admitted(parser->grammar) & 1U << kind) || at > strlen(keyword) ||
		    memcmp(keyword, parser->head, at) != 0)
			continue;
		octet[1] = keyword[at] ? keyword[at] : ' ';
		append(text, size, &used, used ? " or " : "");
		append(text, size, &used, keyword[at] ? octet : "' ' after ");
		append(text, size, &used, keyword);
	}
}

/* Octets of the message that were read; 0 within the preamble. */
static uint32_t message_at(const struct iperf_parser *parser)
{
	uint32_t start = message_start_offset(parser);

	return parser->offset < start ? 0 : parser->offset - start;
}

bool iperf_parser_in_cookie(const struct iperf_parser *parser)
{
	uint32_t at = message_at(parser);
	size_t keyword = strlen(keywords[parser->kind]);

	return at > keyword && at < iperf_message_length(parser->kind) &&
	       memcmp(keywords[parser->kind], parser->head, keyword) == 0;
}

void iperf_parser_expected(const struct iperf_parser *parser, char *text, size_t size)
{
	uint32_t at = message_at(parser);
	size_t keyword = strlen(keywords[parser->kind]);

	if (size == 0)
		return;
	text[0] = '\0';
	if (parser->offset < message_start_offset(parser))
		snprintf(text, size, "octet %u of the preamble", (unsigned)parser->offset);
	else if (iperf_parser_in_cookie(parser))
		snprintf(text, size, "octet %u of the cookie", (unsigned)(at - keyword - 1));
	else if (at < iperf_message_length(parser->kind))
		expected_in_keyword(parser, at, text, size);
	else
		snprintf(text, size, "' ' before the result data");
}
