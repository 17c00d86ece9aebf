#include "proto/cookie.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int iperf_cookie_generate(struct iperf_cookie *cookie)
{
	size_t have = 0;

	while (have < sizeof cookie->octets) {
		ssize_t n = getrandom(cookie->octets + have, sizeof cookie->octets - have, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			have += (size_t)n;
	}
	return 0;
}

bool iperf_cookie_equal(const struct iperf_cookie *a, const struct iperf_cookie *b)
{
	return memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

void iperf_cookie_to_hex(const struct iperf_cookie *cookie, char hex[static IPERF_COOKIE_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof cookie->octets; i++) {
		hex[2 * i] = digits[cookie->octets[i] >> 4];
		hex[2 * i + 1] = digits[cookie->octets[i] & 15];
	}
	hex[IPERF_COOKIE_HEX_SIZE - 1] = '\0';
}

/* The value of a digit, or -1. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool iperf_cookie_from_hex(struct iperf_cookie *cookie, const char *hex)
{
	for (size_t i = 0; i < sizeof cookie->octets; i++) {
		int high = hex_value(hex[2 * i]);
		int low = high < 0 ? -1 : hex_value(hex[2 * i + 1]); /* do not look behind a NUL */

		if (low < 0)
			return false;
		cookie->octets[i] = (uint8_t)(high << 4 | low);
	}
	return hex[IPERF_COOKIE_HEX_SIZE - 1] == '\0';
}
