/* A strict reader of JSON (RFC 8259) within the bounds that SPEC R-9.2-12 allows. */
#ifndef PEER_JSON_H
#define PEER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	bool truth;
	char *text; /* a number as written, a string decoded; a NUL follows */
	size_t text_len;
	char *name; /* in an object, decoded */
	size_t name_len;
	struct json *first, *next; /* elements or members */
	size_t count;
};

/* The value that the octets are, white space around it allowed; NULL: malformed, *at is the offset. Free it. */
struct json *json_read(const uint8_t *p, size_t n, size_t *at);
/* The same, with numbers that no double holds. */
struct json *json_read_any_number(const uint8_t *p, size_t n, size_t *at);
void json_free(struct json *value);

/* The member of that name, or NULL. */
const struct json *json_member(const struct json *object, const char *name);

/* An integer without sign (but -0), fraction and exponent, at most 2^63 - 1. */
bool json_integer(const struct json *value, uint64_t *out);

bool json_is_space(uint8_t octet);

#endif
