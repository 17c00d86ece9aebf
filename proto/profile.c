#include "proto/profile.h"

#include <string.h>

#include "proto/cookie.h"

/* What every first message of the text profile begins with, behind the preamble. */
static const char keyword[] = "IPERF";

enum iperf_profile iperf_profile_of(const uint8_t *octets, size_t length)
{
	if (length < IPERF_PROFILE_OCTETS)
		return IPERF_PROFILE_UNKNOWN;
	return memcmp(octets + IPERF_COOKIE_LENGTH, keyword, strlen(keyword)) == 0 ? IPERF_PROFILE_TEXT :
										     IPERF_PROFILE_IPERF3;
}

enum iperf_profile iperf_profile_after_silence(const uint8_t *octets, size_t length)
{
	if (length >= IPERF_COOKIE_LENGTH && length < IPERF_PROFILE_OCTETS &&
	    memcmp(octets + IPERF_COOKIE_LENGTH, keyword, length - IPERF_COOKIE_LENGTH) == 0)
		return IPERF_PROFILE_TEXT;
	return iperf_profile_of(octets, length);
}
