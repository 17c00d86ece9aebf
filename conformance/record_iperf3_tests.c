/* Which events belong to which test of the iperf3 profile. */
#include <stdlib.h>

#include "conformance/record_iperf3.h"

bool record_iperf3_begin(struct record_session *session, iperf3_decide *decide, void *user)
{
	struct iperf3_server_config config;

	*session = (struct record_session){
		.streams = calloc(2 * IPERF3_STREAMS_MAX, sizeof *session->streams),
		.own = calloc(2 * IPERF3_STREAMS_MAX, sizeof *session->own),
		.peer = calloc(2 * IPERF3_STREAMS_MAX, sizeof *session->peer),
		.text = malloc(IPERF3_RESULTS_MAX),
	};
	if (!session->streams || !session->own || !session->peer || !session->text)
		return false;
	iperf3_server_defaults(&config);
	config.t_read_ns = config.t_silence_ns = config.t_over_ns = INT64_MAX / 8;
	config.pending_max = config.ending_max = SIZE_MAX / 2;
	config.streams_max = IPERF3_STREAMS_MAX;
	config.streams = session->streams;
	config.own = session->own;
	config.peer = session->peer;
	config.text = session->text;
	config.text_size = IPERF3_RESULTS_MAX;
	config.decide = decide;
	config.user = user;
	iperf3_server_init(&session->server, &config);
	return true;
}

void record_iperf3_free(struct record_session *session)
{
	free(session->streams);
	free(session->own);
	free(session->peer);
	free(session->text);
}

/* --- finding ----------------------------------------------------------------------------------------------------- */

struct finder {
	struct record_tests *tests;
	struct record_session session;
	struct iperf3_conn *conns;
	uint32_t *test_of_conn;
	uint32_t current;
	bool ended;
};

static void decided(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	struct finder *finder = user;

	(void)server;
	if (decision->kind == IPERF3_DECIDE_TAKE)
		finder->tests->count = finder->current + 1;
	finder->ended |= decision->kind == IPERF3_DECIDE_RELEASE;
}

static void tell_octets(struct iperf3_server *server, struct iperf3_conn *conn, const uint8_t *octets, size_t length,
			int64_t now_ns)
{
	for (size_t room = 1, n; length > 0 && room > 0; octets += n, length -= n) {
		room = iperf3_server_room(conn);
		n = room < length ? room : length;
		iperf3_server_octets(server, conn, octets, n, now_ns);
	}
}

static void tell(struct finder *finder, const struct record_log *log, const struct record_event *event)
{
	struct iperf3_server *server = &finder->session.server;
	struct iperf3_conn *conn = &finder->conns[event->conn];
	const struct record_conn *of = log->conns[event->conn];
	bool end = event->kind == RECORD_EOF || event->kind == RECORD_RESET;

	if (of->udp) {
		if (event->to_server && event->kind == RECORD_OCTETS)
			iperf3_server_datagram(server, &of->client, log->octets + event->at, event->length, event->time_ns);
		return;
	}
	if (event->kind == RECORD_OPENED)
		conn->user = conn; /* it is known from now on */
	if (!conn->user || (!event->to_server && !(end && conn->state == IPERF3_CONN_CONTROL)))
		return;
	if (!event->to_server || (event->kind == RECORD_RESET && conn->state != IPERF3_CONN_STREAM))
		iperf3_server_reset(server, conn, event->time_ns); /* the server's own end of a test ends it, too */
	else if (event->kind == RECORD_OPENED)
		iperf3_server_connected(server, conn, &of->client, event->time_ns);
	else if (event->kind == RECORD_OCTETS)
		tell_octets(server, conn, log->octets + event->at, event->length, event->time_ns);
	else if (event->kind == RECORD_EOF)
		iperf3_server_eof(server, conn, event->time_ns);
}

static void walk(struct finder *finder, const struct record_log *log)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct record_event *event = &log->events[i];
		const struct record_conn *conn = log->conns[event->conn];
		uint32_t *of_conn = &finder->test_of_conn[event->conn];
		bool late = conn->iperf3_stream && finder->session.server.state == IPERF3_TEST_IDLE && finder->current > 0;

		finder->tests->test_of[i] = RECORD_NO_TEST;
		if (!conn->iperf3 || conn->middle || conn->refused)
			continue;
		if (late && *of_conn == RECORD_NO_TEST && event->kind != RECORD_OPENED)
			finder->conns[event->conn].user = NULL; /* a stream of a test that is over */
		tell(finder, log, event);
		if (*of_conn == RECORD_NO_TEST && event->to_server && event->kind != RECORD_OPENED)
			*of_conn = finder->current - late;
		finder->current += finder->ended;
		finder->ended = false;
	}
}

static void assign(struct finder *finder, const struct record_log *log)
{
	struct record_tests *tests = finder->tests;
	uint32_t last = tests->count ? tests->count - 1 : 0;

	for (size_t i = 0; i < log->count; i++) {
		const struct record_conn *conn = log->conns[log->events[i].conn];
		uint32_t of = finder->test_of_conn[log->events[i].conn];

		if (conn->iperf3)
			tests->test_of[i] = of > last ? last : of;
	}
}

bool record_iperf3_find(struct record_tests *tests, const struct record_log *log)
{
	struct finder finder = { .tests = tests };
	bool right = record_iperf3_begin(&finder.session, decided, &finder);

	*tests = (struct record_tests){ .test_of = calloc(log->count + 1, sizeof *tests->test_of) };
	finder.conns = calloc(log->conn_count + 1, sizeof *finder.conns);
	finder.test_of_conn = malloc((log->conn_count + 1) * sizeof *finder.test_of_conn);
	right = right && tests->test_of && finder.conns && finder.test_of_conn;
	for (size_t i = 0; i < log->conn_count && right; i++)
		finder.test_of_conn[i] = RECORD_NO_TEST;
	if (right) {
		walk(&finder, log);
		assign(&finder, log);
	} else {
		free(tests->test_of);
		tests->test_of = NULL;
	}
	record_iperf3_free(&finder.session);
	free(finder.conns);
	free(finder.test_of_conn);
	return right;
}
