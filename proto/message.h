/* The messages of the text profile: their grammar (message.rl) and their writer. SPEC 4.
 *
 * The parser is incremental: it takes octets in any segmentation, an empty one included, and keeps no pointer to them.
 * A parser is a plain struct of the caller; nothing is allocated. */
#ifndef IPERF_PROTO_MESSAGE_H
#define IPERF_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cookie.h"

enum iperf_message_kind {
	IPERF_TEST_BEGIN,
	IPERF_TEST_END,
	IPERF_STREAM_BEGIN,
	IPERF_STREAM_END,
	IPERF_RESULTS_REQUEST,
	IPERF_RESULTS_RESPONSE,
};

#define IPERF_MESSAGE_KINDS 6
#define IPERF_MESSAGE_MAX   55 /* the longest message, IPERF_RESULTS_RESPONSE; SPEC 4.1 */
#define IPERF_REQUEST_MAX   54 /* the longest message to a server, IPERF_RESULTS_REQUEST; R-4.3-4 */

/* The keyword of a kind, such as "IPERF_TEST_BEGIN". */
const char *iperf_message_keyword(enum iperf_message_kind kind);

/* The length of a message of that kind in octets. SPEC 4.1. */
size_t iperf_message_length(enum iperf_message_kind kind);

/* Writes a message to out and returns its length. R-4.2-1 to R-4.2-4. */
size_t iperf_message_write(uint8_t out[static IPERF_MESSAGE_MAX], enum iperf_message_kind kind,
			   const struct iperf_cookie *cookie);

#define IPERF_OPENING_MAX (IPERF_COOKIE_LENGTH + IPERF_REQUEST_MAX)

/* Writes what opens a TCP connection, the preamble and its first message, to out; returns its length. kind is one that a
 * client sends: for RESULTS_RESPONSE there is no room. R-5.1-1, R-5.1-2. */
size_t iperf_opening_write(uint8_t out[static IPERF_OPENING_MAX], enum iperf_message_kind kind,
			   const struct iperf_cookie *cookie);

/* Where the octets come from, which decides what may stand there. Each is an entry of the grammar in message.rl. */
enum iperf_grammar {
	IPERF_GRAMMAR_CONNECTION, /* a client's start of a TCP connection: preamble, first message. SPEC 5.1 */
	IPERF_GRAMMAR_CONTROL,    /* what follows TEST_BEGIN on a control connection. SPEC 7 */
	IPERF_GRAMMAR_ANSWER,     /* a server's answer, up to the SP before the result data. SPEC 9.1 */
	IPERF_GRAMMAR_DATAGRAM,   /* the messages that may be a datagram. SPEC 8.3 */
	IPERF_GRAMMAR_MESSAGE,    /* any one message, for tools */
};

enum iperf_parse_status {
	IPERF_PARSE_INCOMPLETE, /* all was read, and it may still become right */
	IPERF_PARSE_PREAMBLE,   /* the 32nd octet of a connection was just read; feed the rest again */
	IPERF_PARSE_DONE,       /* the whole of the grammar was read; what follows it was not touched */
	IPERF_PARSE_WRONG,      /* an octet cannot be part of it. Sticks: further feeding changes nothing */
};

struct iperf_parser {
	/* Read by the caller. */
	enum iperf_parse_status status;
	enum iperf_message_kind kind; /* valid when DONE */
	struct iperf_cookie cookie;   /* of the preamble (valid from PREAMBLE on) or of the message (valid when DONE) */
	uint32_t offset;              /* octets accepted so far; when WRONG, the offset of the wrong octet */
	/* Private. */
	enum iperf_grammar grammar;
	bool cookie_wanted;           /* the message's cookie must equal .cookie */
	uint8_t cookie_at;            /* octets of the present cookie that were read */
	uint8_t head_length;
	uint8_t head[22];             /* the message's keyword so far, for iperf_parser_expected() */
	int state;                    /* of the generated machine */
};

/* Begins to read. With cookie not NULL every message cookie must equal it; with IPERF_GRAMMAR_CONNECTION it must equal
 * the connection's own preamble, and cookie is ignored. */
void iperf_parser_init(struct iperf_parser *parser, enum iperf_grammar grammar, const struct iperf_cookie *cookie);

/* Reads octets until the status leaves INCOMPLETE or they are used up; returns how many were consumed. A wrong octet is
 * not consumed. After PREAMBLE any feed, an empty one too, goes on to the first message. octets may be NULL when length
 * is 0. */
size_t iperf_parser_feed(struct iperf_parser *parser, const uint8_t *octets, size_t length);

/* Writes in words what could have stood at parser->offset, such as "'B' of IPERF_TEST_BEGIN or 'E' of IPERF_TEST_END"
 * or "octet 5 of the cookie", to text (always NUL-terminated, cut at size). For WRONG and for INCOMPLETE at the end of
 * the input. */
void iperf_parser_expected(const struct iperf_parser *parser, char *text, size_t size);

/* Whether the octet at parser->offset is, or should be, one of a message's cookie. */
bool iperf_parser_in_cookie(const struct iperf_parser *parser);

/* Reads a datagram: DONE when it is exactly one message of IPERF_GRAMMAR_DATAGRAM with this cookie, and *kind tells
 * which; WRONG otherwise. R-4.3-2. Constant work for datagrams of any other length. */
enum iperf_parse_status iperf_datagram_parse(const uint8_t *octets, size_t length, const struct iperf_cookie *cookie,
					     enum iperf_message_kind *kind);

#endif
