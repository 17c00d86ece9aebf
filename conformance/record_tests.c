#include "conformance/record_tests.h"

#include <stdlib.h>

static const uint8_t zeros[65536]; /* payload: as good as any */

void record_session(struct iperf_server *session, struct iperf_stream *streams, size_t streams_max,
		    iperf_decide *decide, void *user)
{
	struct iperf_server_config config;

	iperf_server_defaults(&config);
	config.t_hello_ns = config.t_begin_ns = config.t_idle_ns = INT64_MAX / 4;
	config.streams_max = streams_max;
	config.streams = streams;
	config.decide = decide;
	config.user = user;
	iperf_server_init(session, &config);
}

static void tell_payload(struct iperf_server *session, struct iperf_conn *conn, const struct iperf_endpoint *client,
			 const struct record_event *event)
{
	uint64_t left = event->length;

	for (uint64_t i = event->datagrams; !conn && i > 0; i--) {
		uint64_t length = left / i;

		iperf_server_datagram(session, client, zeros, length < sizeof zeros ? (size_t)length : sizeof zeros,
				      event->time_ns);
		left -= length;
	}
	while (conn && left > 0) {
		size_t length = left < sizeof zeros ? (size_t)left : sizeof zeros;

		iperf_server_octets(session, conn, zeros, length, event->time_ns);
		left -= length;
	}
}

void record_tell(struct iperf_server *session, struct iperf_conn *conn, const struct record_log *log,
		 const struct record_event *event)
{
	const struct iperf_endpoint *client = &log->conns[event->conn]->client;

	if (!event->to_server || log->conns[event->conn]->iperf3)
		return;
	switch (event->kind) {
	case RECORD_OPENED:
		iperf_server_connected(session, conn, client, event->time_ns);
		break;
	case RECORD_OCTETS:
		if (conn)
			iperf_server_octets(session, conn, log->octets + event->at, event->length, event->time_ns);
		else
			iperf_server_datagram(session, client, log->octets + event->at, event->length, event->time_ns);
		break;
	case RECORD_PAYLOAD:
		tell_payload(session, conn, client, event);
		break;
	case RECORD_SEQUENCES: /* of the iperf3 profile alone */
		break;
	case RECORD_EOF:
		iperf_server_eof(session, conn, event->time_ns);
		break;
	case RECORD_RESET:
		iperf_server_reset(session, conn, event->time_ns);
		break;
	}
}

struct finder {
	struct record_tests *tests;
	uint32_t current;
	bool ended;
};

static void decided(void *user, const struct iperf_server *session, const struct iperf_decision *decision)
{
	struct finder *finder = user;

	if (decision->kind == IPERF_DECIDE_BEGIN)
		finder->tests->count = finder->current + 1;
	if (decision->kind == IPERF_DECIDE_RELEASE && session->state == IPERF_TEST_RUNNING)
		finder->ended = true;
}

/* The server's own end of the control connection ends a test, too. */
static bool broken_off(const struct iperf_conn *conn, const struct record_event *event)
{
	return !event->to_server && (event->kind == RECORD_EOF || event->kind == RECORD_RESET) &&
	       conn->state == IPERF_CONN_CONTROL;
}

static void walk(struct finder *finder, const struct record_log *log, struct iperf_server *session,
		 struct iperf_conn *conns, uint32_t *test_of_conn)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct record_event *event = &log->events[i];
		bool udp = log->conns[event->conn]->udp;
		uint32_t *of_conn = &test_of_conn[event->conn];

		record_tell(session, udp ? NULL : &conns[event->conn], log, event);
		if (broken_off(&conns[event->conn], event))
			iperf_server_reset(session, &conns[event->conn], event->time_ns);
		if (*of_conn == RECORD_NO_TEST && (udp || (event->to_server && event->kind != RECORD_OPENED)))
			*of_conn = finder->current;
		finder->tests->test_of[i] = udp ? finder->current : RECORD_NO_TEST;
		finder->current += finder->ended;
		finder->ended = false;
	}
}

bool record_tests_find(struct record_tests *tests, const struct record_log *log)
{
	struct iperf_stream *streams = calloc(IPERF_STREAMS_MAX, sizeof *streams);
	struct iperf_conn *conns = calloc(log->conn_count + 1, sizeof *conns);
	uint32_t *test_of_conn = calloc(log->conn_count + 1, sizeof *test_of_conn), last;
	struct finder finder = { .tests = tests };
	struct iperf_server session;
	bool right;

	*tests = (struct record_tests){ .test_of = calloc(log->count + 1, sizeof *tests->test_of) };
	right = streams && conns && test_of_conn && tests->test_of;
	if (right) {
		for (size_t i = 0; i < log->conn_count; i++)
			test_of_conn[i] = RECORD_NO_TEST;
		record_session(&session, streams, IPERF_STREAMS_MAX, decided, &finder);
		walk(&finder, log, &session, conns, test_of_conn);
		last = tests->count ? tests->count - 1 : 0;
		for (size_t i = 0; i < log->count; i++) {
			uint32_t *of = &tests->test_of[i];

			if (*of == RECORD_NO_TEST)
				*of = test_of_conn[log->events[i].conn];
			if (*of > last)
				*of = last;
			if (log->conns[log->events[i].conn]->iperf3)
				*of = RECORD_NO_TEST;
		}
	} else {
		free(tests->test_of);
		tests->test_of = NULL;
	}
	free(streams);
	free(conns);
	free(test_of_conn);
	return right;
}
