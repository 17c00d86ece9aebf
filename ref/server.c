#include "ref/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/loop.h"
#include "ref/sandbox.h"
#include "ref/server_private.h"

static void fail(struct server *server, const char *what, int error);
static void stop(struct server *server);

/* --- decisions: delivered with the lock held, by whichever thread told the session something --------------------- */

static void note_release(struct server *server, const struct iperf_server *session,
			 const struct iperf_decision *decision)
{
	struct served *served = &server->served;

	served->cookie = session->cookie;
	served->begun = session->state == IPERF_TEST_RUNNING;
	served->seconds = (double)(clock_now_ns() - server->began_ns) / 1e9;
	served->how = decision->release;
	served->why = decision->why;
	served->streams = session->config.streams;
	if (served->begun) {
		server->ended = session->cookie;
		server->ended_ns = clock_now_ns();
	}
	iperf_server_results(session, &served->results);
	server->released = true;
}

static void tell(const struct iperf_decision *decision)
{
	static const char *const names[] = {
		[IPERF_DECIDE_TAKE] = "take",       [IPERF_DECIDE_ACCEPT] = "accept",
		[IPERF_DECIDE_BEGIN] = "begin",     [IPERF_DECIDE_STREAM] = "stream",
		[IPERF_DECIDE_RESPOND] = "respond", [IPERF_DECIDE_RELEASE] = "release",
		[IPERF_DECIDE_REJECT] = "reject",   [IPERF_DECIDE_CLOSE] = "close",
	};
	const struct iperf_endpoint *client = decision->conn   ? &decision->conn->client :
					      decision->stream ? &decision->stream->client :
								 NULL;
	char host[SOCKET_TEXT_SIZE];

	fprintf(stderr, "%s %s", names[decision->kind], iperf_requirements[decision->why].id);
	if (client) {
		socket_endpoint_text(client, host);
		fprintf(stderr, " %s port %u", host, (unsigned)client->port);
	}
	fputc('\n', stderr);
}

static void decide(void *user, const struct iperf_server *session, const struct iperf_decision *decision)
{
	struct server *server = user;

	if (server->options->verbose)
		tell(decision);
	switch (decision->kind) {
	case IPERF_DECIDE_BEGIN:
		server->begun = true;
		server->control = decision->conn->user;
		server->began_ns = clock_now_ns();
		server->served.client = decision->conn->client;
		server->served.began_at = time(NULL);
		break;
	case IPERF_DECIDE_RESPOND:
		server->asking = decision->conn->user;
		break;
	case IPERF_DECIDE_RELEASE:
		note_release(server, session, decision);
		break;
	case IPERF_DECIDE_REJECT:
		server->rejected = true;
		server->stranger = decision->conn->client;
		server->rejected_why = decision->why;
		server_conn_decided(server, decision->conn->user);
		break;
	case IPERF_DECIDE_CLOSE:
		server_conn_decided(server, decision->conn->user);
		break;
	case IPERF_DECIDE_TAKE:
	case IPERF_DECIDE_ACCEPT:
	case IPERF_DECIDE_STREAM: /* read_conn() looks at the state */
		break;
	}
}

/* --- time, reports ----------------------------------------------------------------------------------------------- */

static void on_due(void *user)
{
	struct server *server = user;

	pthread_mutex_lock(&server->lock);
	iperf_server_timer(&server->session, clock_now_ns());
	server_settle(server);
}

static void on_interval(uv_timer_t *timer)
{
	struct server *server = timer->data;
	int64_t now_ns = clock_now_ns();
	double start = (double)(server->interval_ns - server->began_ns) / 1e9;
	double end = (double)(now_ns - server->began_ns) / 1e9;
	bool running;
	int error;

	pthread_mutex_lock(&server->lock);
	running = server->session.state == IPERF_TEST_RUNNING;
	iperf_server_results(&server->session, &server->results);
	pthread_mutex_unlock(&server->lock);
	if (!running) {
		uv_timer_stop(timer);
		return;
	}
	error = report_server_interval(&server->results, server->before, start, end);
	server->interval_ns = now_ns;
	if (error < 0)
		fail(server, "report", error);
}

/* A test has begun. */
static void start_intervals(struct server *server)
{
	uint64_t interval_ms = (uint64_t)(server->options->interval_ns / IPERF_MS);

	if (interval_ms == 0 || server->options->json)
		return;
	memset(server->before, 0, (size_t)server->options->streams_max * sizeof *server->before);
	server->interval_ns = server->began_ns;
	uv_update_time(&server->loop);
	uv_timer_start(&server->interval, on_interval, interval_ms, interval_ms);
}

/* With what had arrived by then (R-9.1-6). */
static void answer(struct server *server, struct conn *conn)
{
	server_conn_catch_up_streams(server);
	pthread_mutex_lock(&server->lock);
	iperf_server_results(&server->session, &server->results);
	pthread_mutex_unlock(&server->lock);
	server_conn_answer(server, conn);
}

/* What a session call leaves to be done, in the loop. Called with the lock held, returns without. Only the loop's own
 * calls release, reject and ask; a thread of the sink, or of datagrams, can but open a UDP stream or close its own
 * connection. So what decide() noted stays as it is when the lock is gone. */
void server_settle(struct server *server)
{
	struct conn *asking = server->asking;
	bool begun = server->begun, released = server->released, rejected = server->rejected;
	int64_t deadline_ns = iperf_server_deadline(&server->session);
	int error = 0;

	server->asking = NULL;
	server->begun = server->released = server->rejected = false;
	pthread_mutex_unlock(&server->lock);
	server_conn_close(server);
	if (begun)
		start_intervals(server);
	if (asking)
		answer(server, asking);
	if (rejected)
		error = report_server_rejected(server->options, &server->stranger, server->rejected_why);
	if (released && error == 0)
		error = report_server_test(server->options, &server->served);
	if (error < 0)
		fail(server, "report", error);
	if (released && server->served.begun && server->options->one_off)
		stop(server);
	/* Threads of the sink only ever move it away; then it comes too early, and is set again. */
	if (!server->stopping)
		deadline_set(&server->deadline, deadline_ns);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *user)
{
	(void)user;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Ends the test and the loop. */
static void stop(struct server *server)
{
	if (server->stopping)
		return;
	server->stopping = true;
	pthread_mutex_lock(&server->lock);
	iperf_server_stop(&server->session, clock_now_ns());
	server_settle(server);
	server_profile_stop(server);
	iperf3_service_stop(server->iperf3);
	uv_walk(&server->loop, close_handle, NULL);
}

static void fail(struct server *server, const char *what, int error)
{
	if (server->error == 0) {
		server->error = error;
		*server->what = what;
	}
	stop(server);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

/* A test of the iperf3 profile is over. */
static void iperf3_over(void *user, bool ran, int error)
{
	struct server *server = user;

	server_profile_set_timer(server);
	if (error < 0)
		fail(server, "report", error);
	else if (ran && server->options->one_off)
		stop(server);
}

static int start_iperf3(struct server *server)
{
	const struct iperf3_service_config config = {
		.options = server->options,
		.loop = &server->loop,
		.sockets = server->sockets,
		.over = iperf3_over,
		.user = server,
	};

	if (server->options->profile == OPTIONS_PROFILE_TEXT)
		return 0;
	return iperf3_service_start(&server->iperf3, &config);
}

/* Called by the thread of datagrams. */
static void other_datagram(void *user, const struct iperf_endpoint *source, const struct iperf_endpoint *local,
			   const uint8_t *octets, size_t length)
{
	struct server *server = user;

	iperf3_service_datagram(server->iperf3, source, local, octets, length);
}

static int start_datagrams(struct server *server)
{
	const struct datagrams_config config = {
		.fd = server->sockets.udp,
		.session = &server->session,
		.lock = &server->lock,
		.other = server->iperf3 ? other_datagram : NULL,
		.user = server,
	};

	return datagrams_start(&server->datagrams, &config);
}

static int start_loop(struct server *server)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	int error = 0;

	for (size_t i = 0; i < 2 && error == 0; i++) {
		error = uv_signal_init(&server->loop, &server->signals[i]);
		if (error == 0)
			error = uv_signal_start(&server->signals[i], on_signal, numbers[i]);
		server->signals[i].data = server;
	}
	if (error != 0)
		return error;
	server->interval.data = server->silence.data = server;
	deadline_init(&server->deadline, &server->loop, on_due, server);
	uv_timer_init(&server->loop, &server->interval);
	uv_timer_init(&server->loop, &server->silence);
	error = start_iperf3(server);
	if (error == 0)
		error = start_datagrams(server);
	return error ? error : server_conn_listen(server);
}

static int start_session(struct server *server)
{
	struct iperf_server_config config;
	size_t streams_max = (size_t)server->options->streams_max;

	iperf_server_defaults(&config);
	config.t_hello_ns = server->options->t_hello_ns;
	config.t_begin_ns = server->options->t_begin_ns;
	config.t_idle_ns = server->options->t_idle_ns;
	config.pending_max = (size_t)server->options->pending_max;
	config.streams_max = streams_max;
	config.streams = calloc(streams_max, sizeof *config.streams);
	config.decide = decide;
	config.user = server;
	iperf_server_init(&server->session, &config);
	server->results.streams = calloc(streams_max, sizeof *server->results.streams);
	server->served.results.streams = calloc(streams_max, sizeof *server->served.results.streams);
	server->results.capacity = server->served.results.capacity = streams_max;
	server->before = calloc(streams_max, sizeof *server->before);
	pthread_mutex_init(&server->lock, NULL);
	return config.streams && server->results.streams && server->served.results.streams && server->before ? 0 :
													       -ENOMEM;
}

static void free_session(struct server *server)
{
	free(server->session.config.streams);
	free(server->results.streams);
	free(server->served.results.streams);
	free(server->before);
	pthread_mutex_destroy(&server->lock);
}

static int run(struct server *server)
{
	const struct sink_config config = {
		.session = &server->session,
		.lock = &server->lock,
		.gone = server_conn_gone,
	};
	int error = start_session(server);

	TAILQ_INIT(&server->newcomers);
	TAILQ_INIT(&server->conns);
	TAILQ_INIT(&server->handing);
	TAILQ_INIT(&server->closing);
	if (error == 0)
		error = sink_start(&server->sink, &config);
	if (error == 0)
		error = loop_begin(&server->loop);
	if (error == 0) {
		error = start_loop(server);
		if (error != 0)
			fail(server, "start", error);
		else if ((error = report_server_listening(server->options, server->sockets.port)) != 0)
			fail(server, "report", error);
		uv_run(&server->loop, UV_RUN_DEFAULT);
		uv_loop_close(&server->loop);
		error = server->error;
	}
	datagrams_stop(server->datagrams);
	iperf3_service_free(server->iperf3);
	sink_stop(server->sink);
	free_session(server);
	return error;
}

/* All that needs more is done. */
static int give_up_rights(const struct options *options, uint16_t port, const char **what)
{
	const struct sandbox_config config = {
		.mode = options->sandbox,
		.server = true,
		.user = options->user,
		.low_ports = port < 1024 && options->profile != OPTIONS_PROFILE_TEXT, /* sockets of UDP streams */
	};

	return sandbox_enter(&config, what);
}

int server_run(const struct options *options, const char **what)
{
	struct server *server = calloc(1, sizeof *server);
	struct addrinfo *list = NULL;
	int error = server ? 0 : -ENOMEM;

	*what = "resolve";
	if (error == 0 && options->bind)
		error = socket_resolve(options->bind, options->port, options->version4, options->version6, &list);
	if (error == 0) {
		*what = "listen";
		error = socket_listen(list, options->port, options->version4, options->version6, &server->sockets);
	}
	if (list)
		freeaddrinfo(list);
	if (error == 0) {
		error = give_up_rights(options, server->sockets.port, what);
		server->options = options;
		server->what = what;
		if (error == 0) {
			*what = "start";
			error = run(server);
		}
		close(server->sockets.tcp);
		close(server->sockets.udp);
	}
	free(server);
	return error;
}
