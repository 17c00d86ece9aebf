/* The control connection of the iperf3 profile: cookie, states, framed text. SPEC 22. The grammar is in
 * iperf3_control.rl.
 *
 * A reader knows what may come next, so it picks the grammar: it starts a parser for one item, feeds octets in any
 * segmentation (R-22.1-3), and gets back how many belonged to it; the rest is the next item's. */
#ifndef IPERF_PROTO_IPERF3_CONTROL_H
#define IPERF_PROTO_IPERF3_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iperf-requirements.h"

#define IPERF3_COOKIE_LENGTH 37

struct iperf3_cookie {
	uint8_t octets[IPERF3_COOKIE_LENGTH];
};

/* Fills *cookie as R-22.2-1 says, from the operating system's generator. Returns 0 or a negative errno. */
int iperf3_cookie_generate(struct iperf3_cookie *cookie);

/* Equal up to the first NUL, or in all 37 octets (R-22.2-4). */
bool iperf3_cookie_equal(const struct iperf3_cookie *a, const struct iperf3_cookie *b);

/* SPEC 22.3. */
enum iperf3_state {
	IPERF3_TEST_START = 1,
	IPERF3_TEST_RUNNING = 2,
	IPERF3_TEST_END = 4,
	IPERF3_PARAM_EXCHANGE = 9,
	IPERF3_CREATE_STREAMS = 10,
	IPERF3_SERVER_TERMINATE = 11,
	IPERF3_CLIENT_TERMINATE = 12,
	IPERF3_EXCHANGE_RESULTS = 13,
	IPERF3_DISPLAY_RESULTS = 14,
	IPERF3_IPERF_DONE = 16,
	IPERF3_ACCESS_DENIED = -1,
	IPERF3_SERVER_ERROR = -2,
};

/* "TEST_START" and so on, also the names of those that are never sent; NULL for a value without a name. */
const char *iperf3_state_name(int value);

/* The state of that name, for notations; false when there is none. */
bool iperf3_state_named(const char *name, size_t length, int *value);

/* Whether SPEC 22.3 lets the server, or the client, send it. */
bool iperf3_state_of_server(int value);
bool iperf3_state_of_client(int value);

/* SPEC 29's numbers. */
enum iperf3_error {
	IPERF3_ERROR_NONE = 0,
	IPERF3_ERROR_TOTALRATE = 27,
	IPERF3_ERROR_DURATION = 37,
	IPERF3_ERROR_COOKIE = 106,
	IPERF3_ERROR_STATE = 110,
	IPERF3_ERROR_MESSAGE = 112,
	IPERF3_ERROR_PARAMETERS = 114,
	IPERF3_ERROR_RESULTS = 117,
	IPERF3_ERROR_CLIENT_TERMINATE = 119,
	IPERF3_ERROR_CONGESTION = 134,
	IPERF3_ERROR_WINDOW = 141,
	IPERF3_ERROR_AUTHENTICATION = 142,
	IPERF3_ERROR_SILENCE = 144,
	IPERF3_ERROR_OVER = 160,
	IPERF3_ERROR_STREAM = 200,
	IPERF3_ERROR_STREAM_LISTEN = 202,
	IPERF3_ERROR_STREAM_WRITE = 205,
	IPERF3_ERROR_STREAM_READ = 206,
	IPERF3_ERROR_STREAM_ID = 208,
};

/* A few words, such as "parameters could not be read"; for an unknown number "error". */
const char *iperf3_error_text(int32_t error);

/* --- reading ------------------------------------------------------------------------------------------------------ */

enum iperf3_grammar {
	IPERF3_READ_COOKIE,      /* 37 octets */
	IPERF3_READ_STATE,       /* one octet; a SERVER_ERROR is done here too: then comes IPERF3_READ_ERROR */
	IPERF3_READ_ERROR,       /* the 8 octets behind SERVER_ERROR */
	IPERF3_READ_TEXT,        /* a length and so many octets */
};

enum iperf3_status {
	IPERF3_INCOMPLETE,
	IPERF3_DONE,
	IPERF3_WRONG,            /* sticks. Only of TEXT: a length of 0, or beyond room */
};

struct iperf3_parser {
	/* Read by the caller. */
	enum iperf3_status status;
	enum iperf3_grammar grammar;
	size_t offset;                    /* octets of this item so far */
	struct iperf3_cookie cookie;      /* COOKIE, when done */
	int state;                        /* STATE, when done: -128 to 127 */
	int32_t error, system_error;      /* ERROR: as many as came, the rest 0; both with offset */
	bool length_known;                /* TEXT: */
	uint32_t length;                  /* as the prefix says */
	uint8_t *text;                    /* the caller's room; text[0 .. offset - 4) has come */
	enum iperf_requirement why;       /* WRONG */
	/* Private. */
	size_t room;
	uint32_t word;
	int cs;
};

/* Starts to read one item. text and room are for TEXT (else NULL, 0) and stay the caller's; a length beyond room is
 * wrong as soon as the length is there (R-22.4-6, R-32-1): nothing is reserved for it. */
void iperf3_parser_init(struct iperf3_parser *parser, enum iperf3_grammar grammar, uint8_t *text, size_t room);

/* Feeds octets. Returns how many were used: fewer than length when the item is done or wrong. O(length); TEXT is
 * copied, not looked at. */
size_t iperf3_parser_octets(struct iperf3_parser *parser, const uint8_t *octets, size_t length);

/* --- writing ------------------------------------------------------------------------------------------------------ */

#define IPERF3_LENGTH_SIZE 4
#define IPERF3_ERROR_SIZE 9

/* The length before a text. */
void iperf3_length_write(uint8_t out[static IPERF3_LENGTH_SIZE], uint32_t length);

/* SERVER_ERROR with both numbers (R-29-1). */
void iperf3_error_write(uint8_t out[static IPERF3_ERROR_SIZE], int32_t error, int32_t system_error);

#endif
