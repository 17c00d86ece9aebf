/* Tells the profiles apart on one port, from the first octets of a connection and the silence after them. SPEC 33. */
#ifndef IPERF_PROTO_PROFILE_H
#define IPERF_PROTO_PROFILE_H

#include <stddef.h>
#include <stdint.h>

enum iperf_profile {
	IPERF_PROFILE_UNKNOWN, /* more octets, or the silence, will tell */
	IPERF_PROFILE_TEXT,
	IPERF_PROFILE_IPERF3,
};

#define IPERF_PROFILE_OCTETS 37                      /* so many always tell */
#define IPERF_PROFILE_SILENCE_NS INT64_C(200000000)  /* R-33-2 */

/* By the first octets of a connection, of which length have come (more than IPERF_PROFILE_OCTETS are not looked at). */
enum iperf_profile iperf_profile_of(const uint8_t *octets, size_t length);

/* The same when nothing more has come for IPERF_PROFILE_SILENCE_NS. UNKNOWN: too few to tell, it is nobody's yet. */
enum iperf_profile iperf_profile_after_silence(const uint8_t *octets, size_t length);

#endif
