/* Recording of the iperf3 profile: the same as record_case.h and record_tests.h, for SPEC.md's Part II. */
#ifndef IPERF_CONFORMANCE_RECORD_IPERF3_H
#define IPERF_CONFORMANCE_RECORD_IPERF3_H

#include "conformance/record_case.h"
#include "proto/iperf3_server.h"

#define RECORD_IPERF3_PAYLOAD_MAX (UINT64_C(64) << 20) /* of one stream; more is left out */

/* A server session with its room, and without timers. */
struct record_session {
	struct iperf3_server server;
	struct iperf3_stream *streams;
	struct iperf3_stream_result *own, *peer;
	uint8_t *text;
};

/* False when there is no memory; record_session_free() all the same. */
bool record_iperf3_begin(struct record_session *session, iperf3_decide *decide, void *user);
void record_iperf3_free(struct record_session *session);

/* Which events belong to which test; those of the text profile are RECORD_NO_TEST. False when there is no memory, else the
 * caller frees test_of. */
bool record_iperf3_find(struct record_tests *tests, const struct record_log *log);

/* As record_server() and record_client(). */
bool record_iperf3_server(const struct record_source *source, struct record_result *result);
bool record_iperf3_client(const struct record_source *source, struct record_result *result);

/* --- steps; record_iperf3_steps.c -------------------------------------------------------------------------------- */

#define RECORD_IPERF3_COOKIES CASE_COOKIES_MAX

/* The cookies of a case, by their names. */
struct record_cookies {
	struct iperf3_cookie at[RECORD_IPERF3_COOKIES];
	bool fixed[RECORD_IPERF3_COOKIES];
	size_t count;
};

/* "cookie $cookie", or octets where that does not do. */
void record_iperf3_cookie(struct record_steps *steps, struct record_cookies *cookies, int label,
			  const struct iperf3_cookie *cookie);

/* Parameters or results, sent as they are: a JSON object, or any text. length: without the 4 octets before it. */
void record_iperf3_text(struct record_steps *steps, enum case_what what, enum case_direction direction, int label,
			const uint8_t *text, size_t length);

/* A line of octets. */
void record_iperf3_octets_of(struct record_steps *steps, enum case_direction direction, int label, const uint8_t *octets,
			     size_t length);

/* SERVER_ERROR is CASE_ERROR only with its 8 octets; here it is the octet alone. */
struct case_step *record_iperf3_state(struct record_steps *steps, enum case_direction direction, int label, int state);

/* The lines that set cookies, before all others. */
void record_iperf3_set_cookies(struct record_steps *steps, const struct record_cookies *cookies);

#endif
