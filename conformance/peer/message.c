#include "message.h"
#include "faults.h"

#include <ctype.h>
#include <string.h>

static const char *const keywords[] = {
    [TEST_BEGIN] = "IPERF_TEST_BEGIN",		 [TEST_END] = "IPERF_TEST_END",
    [STREAM_BEGIN] = "IPERF_STREAM_BEGIN",	 [STREAM_END] = "IPERF_STREAM_END",
    [RESULTS_REQUEST] = "IPERF_RESULTS_REQUEST", [RESULTS_RESPONSE] = "IPERF_RESULTS_RESPONSE",
};

const char *message_keyword(enum message m)
{
	return keywords[m];
}

size_t message_len(enum message m)
{
	return strlen(keywords[m]) + 1 + COOKIE_LEN;
}

size_t message_build(enum message m, const uint8_t cookie[static COOKIE_LEN], uint8_t out[static MESSAGE_MAX])
{
	size_t k = strlen(keywords[m]);

	memcpy(out, keywords[m], k);
	out[k] = ' ';
	memcpy(out + k + 1, cookie, COOKIE_LEN);
	return k + 1 + COOKIE_LEN;
}

static bool faulty_cookie_fits(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (server_fault(cookie_16_octets) && i >= 16)
			return true;
		if (server_fault(cookie_no_case) ? toupper(a[i]) != toupper(b[i]) : a[i] != b[i])
			return false;
		if (server_fault(cookie_as_string) && a[i] == 0)
			return true;
	}
	return true;
}

/* Whether the first n octets of both cookies are equal. */
static bool cookie_fits(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (server_fault(cookie_16_octets) || server_fault(cookie_no_case) || server_fault(cookie_as_string))
		return faulty_cookie_fits(a, b, n);
	return memcmp(a, b, n) == 0;
}

bool cookie_equal(const uint8_t a[static COOKIE_LEN], const uint8_t b[static COOKIE_LEN])
{
	return cookie_fits(a, b, COOKIE_LEN);
}

static bool keyword_fits(const char *keyword, const uint8_t *octets, size_t n)
{
	if (server_fault(lower_case_accepted))
		return strncasecmp(keyword, (const char *)octets, n) == 0;
	return memcmp(keyword, octets, n) == 0;
}

bool message_fits(enum message m, const uint8_t *cookie, const uint8_t *octets, size_t n)
{
	size_t k = strlen(keywords[m]);

	if (n > k + 1 + COOKIE_LEN || !keyword_fits(keywords[m], octets, n < k ? n : k))
		return false;
	if (n > k && octets[k] != ' ')
		return false;
	return n <= k + 1 || !cookie || cookie_fits(cookie, octets + k + 1, n - k - 1);
}

bool message_is(enum message m, const uint8_t *cookie, const uint8_t *octets, size_t n)
{
	return n == message_len(m) && message_fits(m, cookie, octets, n);
}
