/* Cookies and messages (SPEC 3 and 4): building and recognising. All are octets with a length, never C strings. */
#ifndef PEER_MESSAGE_H
#define PEER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COOKIE_LEN = 32,
	STREAM_END_LEN = 49, /* the tail of a TCP stream that decides its termination */
	REQUEST_LEN = 54,    /* the longest message of a client */
	MESSAGE_MAX = 55,    /* the longest message */
};

enum message { TEST_BEGIN, TEST_END, STREAM_BEGIN, STREAM_END, RESULTS_REQUEST, RESULTS_RESPONSE };

const char *message_keyword(enum message m);
size_t message_len(enum message m);

/* Writes the message; returns its length. */
size_t message_build(enum message m, const uint8_t cookie[static COOKIE_LEN], uint8_t out[static MESSAGE_MAX]);

/* Whether the n octets are the message or its beginning. A cookie of NULL stands for any. */
bool message_fits(enum message m, const uint8_t *cookie, const uint8_t *octets, size_t n);

/* Whether the n octets are exactly the message. */
bool message_is(enum message m, const uint8_t *cookie, const uint8_t *octets, size_t n);

bool cookie_equal(const uint8_t a[static COOKIE_LEN], const uint8_t b[static COOKIE_LEN]);

#endif
