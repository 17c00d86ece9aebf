/* Which of a server's events belong to which of its tests. A part of recording. */
#ifndef IPERF_CONFORMANCE_RECORD_TESTS_H
#define IPERF_CONFORMANCE_RECORD_TESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/record_log.h"
#include "proto/server.h"

#define RECORD_NO_TEST UINT32_MAX

struct record_tests {
	uint32_t count;      /* tests that began; when there is none, all is test 0 all the same */
	uint32_t *test_of;   /* of each event */
};

/* What a session is told of an event, in the order of the capture: the timers are not to expire by it. conn is NULL for
 * a datagram. */
void record_tell(struct iperf_server *session, struct iperf_conn *conn, const struct record_log *log,
		 const struct record_event *event);

/* A session without timers, with that room for streams. */
void record_session(struct iperf_server *session, struct iperf_stream *streams, size_t streams_max,
		    iperf_decide *decide, void *user);

/* A connection belongs to the test that is running, or else to the next one, when its client says the first on it; what
 * comes after the last test, to that. Returns false when there is no memory; else the caller frees test_of. */
bool record_tests_find(struct record_tests *tests, const struct record_log *log);

#endif
