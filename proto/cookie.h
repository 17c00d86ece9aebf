/* The cookie: 32 octets that name a test. SPEC 3. Opaque binary data, never a C string. */
#ifndef IPERF_PROTO_COOKIE_H
#define IPERF_PROTO_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPERF_COOKIE_LENGTH 32

struct iperf_cookie {
	uint8_t octets[IPERF_COOKIE_LENGTH];
};

/* Fills *cookie from the operating system's generator (R-3-1, R-3-2). Returns 0, or a negative errno with *cookie
 * unspecified. The only function of this library that asks the operating system for something. */
int iperf_cookie_generate(struct iperf_cookie *cookie);

/* True when all 32 octets are the same (R-3-5). */
bool iperf_cookie_equal(const struct iperf_cookie *a, const struct iperf_cookie *b);

#define IPERF_COOKIE_HEX_SIZE (2 * IPERF_COOKIE_LENGTH + 1)

/* Writes 64 lower-case hexadecimal digits and a NUL to hex. */
void iperf_cookie_to_hex(const struct iperf_cookie *cookie, char hex[static IPERF_COOKIE_HEX_SIZE]);

/* Reads exactly 64 hexadecimal digits of either case, ended by a NUL. False, and *cookie unspecified, for anything
 * else. */
bool iperf_cookie_from_hex(struct iperf_cookie *cookie, const char *hex);

#endif
