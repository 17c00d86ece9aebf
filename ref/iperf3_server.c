#include "ref/iperf3_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ref/clock.h"
#include "ref/iperf3_server_private.h"

/* --- intervals, omit --------------------------------------------------------------------------------------------- */

static void end_interval(struct iperf3_service *service, int64_t now_ns)
{
	double start = (double)(service->interval_ns - service->start_ns) / 1e9;
	double end = (double)(now_ns - service->start_ns) / 1e9;

	iperf3_service_look(service);
	iperf3_server_report_interval(&service->report, start, end, service->omitting);
	service->interval_ns = now_ns;
}

/* Whether the last interval, which something else ends, is long enough to be told. */
static bool interval_is_worth_it(const struct iperf3_service *service)
{
	return uv_is_active((const uv_handle_t *)&service->interval) &&
	       clock_now_ns() - service->interval_ns > service->config.options->interval_ns / 10;
}

static void on_interval(uv_timer_t *timer)
{
	struct iperf3_service *service = timer->data;

	end_interval(service, clock_now_ns());
}

static void start_intervals(struct iperf3_service *service)
{
	uint64_t interval_ms = (uint64_t)(service->config.options->interval_ns / IPERF_MS);

	service->start_ns = service->interval_ns = clock_now_ns();
	getrusage(RUSAGE_SELF, &service->usage);
	service->usage_ns = service->start_ns;
	if (interval_ms == 0)
		return;
	uv_update_time(service->config.loop);
	uv_timer_start(&service->interval, on_interval, interval_ms, interval_ms);
}

/* Counts begin anew, and time does. */
static void on_omitted(uv_timer_t *timer)
{
	struct iperf3_service *service = timer->data;

	if (interval_is_worth_it(service))
		end_interval(service, clock_now_ns());
	service->omitting = false;
	for (size_t i = 0; i < service->line_count; i++) {
		struct iperf3_told *told = &service->told[i];

		iperf3_flow_omitted(service->lines[i].flow);
		iperf3_flow_measure(service->lines[i].flow, &told->now);
		told->before = told->now; /* what came since lies in the next interval */
		told->before.bytes = 0;
	}
	start_intervals(service);
}

static void run(struct iperf3_service *service)
{
	const struct iperf3_parameters *parameters = &service->session.parameters;

	iperf3_service_run(service);
	service->report.count = service->line_count;
	service->report.told = service->told;
	service->ran = service->broken == 0;
	service->omitting = parameters->omit > 0;
	service->end_ns = 0;
	iperf3_server_report_streams(&service->report);
	start_intervals(service);
	if (service->omitting && parameters->omit < INT64_MAX / 1000)
		uv_timer_start(&service->omit, on_omitted, (uint64_t)parameters->omit * 1000, 0);
}

static void halt(struct iperf3_service *service)
{
	service->end_ns = clock_now_ns();
	iperf3_service_halt(service);
	uv_timer_stop(&service->omit);
	if (interval_is_worth_it(service))
		end_interval(service, service->end_ns);
	uv_timer_stop(&service->interval);
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void take(struct iperf3_service *service, const struct iperf3_conn *conn)
{
	service->report = (struct iperf3_server_report){
		.options = service->config.options,
		.session = &service->session,
		.began_at = time(NULL),
		.client = conn->client,
	};
	service->line_count = 0;
	service->broken = 0;
	service->ran = false;
	service->reporting = true;
	iperf3_server_report_begin(&service->report);
}

static void release(struct iperf3_service *service, const struct iperf3_decision *decision)
{
	atomic_store(&service->listening, false);
	uv_timer_stop(&service->omit);
	uv_timer_stop(&service->interval);
	iperf3_server_report_end(&service->report, decision);
	iperf3_service_clear(service);
	service->broken = 0;
	atomic_store(&service->flow_error, 0);
	service->reporting = false;
	service->over = true;
}

static void tell(const struct iperf3_decision *decision)
{
	static const char *const names[] = {
		[IPERF3_DECIDE_TAKE] = "take",       [IPERF3_DECIDE_SEND] = "send",   [IPERF3_DECIDE_STREAM] = "stream",
		[IPERF3_DECIDE_REPLY] = "reply",     [IPERF3_DECIDE_RUN] = "run",     [IPERF3_DECIDE_HALT] = "halt",
		[IPERF3_DECIDE_MEASURE] = "measure", [IPERF3_DECIDE_RELEASE] = "release",
		[IPERF3_DECIDE_END] = "end",         [IPERF3_DECIDE_CLOSE] = "close",
	};
	char host[SOCKET_TEXT_SIZE];

	fprintf(stderr, "%s %s", names[decision->kind], iperf_requirements[decision->why].id);
	if (decision->conn) {
		socket_endpoint_text(&decision->conn->client, host);
		fprintf(stderr, " %s port %u", host, (unsigned)decision->conn->client.port);
	}
	if (decision->kind == IPERF3_DECIDE_SEND)
		fprintf(stderr, " %d (%zu octets)", (int)(int8_t)decision->octets[0], decision->length);
	fputc('\n', stderr);
}

static void decide(void *user, const struct iperf3_server *session, const struct iperf3_decision *decision)
{
	struct iperf3_service *service = user;

	(void)session;
	if (service->config.options->verbose)
		tell(decision);
	switch (decision->kind) {
	case IPERF3_DECIDE_TAKE:
		take(service, decision->conn);
		break;
	case IPERF3_DECIDE_SEND:
		iperf3_service_send(decision->conn->user, decision->octets, decision->length);
		free(service->output); /* it was part of what was sent, if it was asked for */
		service->output = NULL;
		break;
	case IPERF3_DECIDE_STREAM:
		iperf3_service_open(service, decision->stream);
		break;
	case IPERF3_DECIDE_REPLY:
		iperf3_service_reply(service, decision->octets, decision->length);
		break;
	case IPERF3_DECIDE_RUN:
		run(service);
		break;
	case IPERF3_DECIDE_HALT:
		halt(service);
		iperf3_server_obeyed(&service->session, clock_now_ns());
		break;
	case IPERF3_DECIDE_MEASURE:
		iperf3_service_measure(service, decision->results);
		iperf3_server_obeyed(&service->session, clock_now_ns());
		break;
	case IPERF3_DECIDE_RELEASE:
		release(service, decision);
		break;
	case IPERF3_DECIDE_END:
		iperf3_service_end(decision->conn->user);
		break;
	case IPERF3_DECIDE_CLOSE:
		iperf3_service_close(decision->conn->user);
		break;
	}
}

/* The server is ready for the first hello when it says so: R-23-3. */
static int32_t able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error)
{
	struct iperf3_service *service = user;
	int32_t error = iperf3_service_able(user, parameters, system_error);

	pthread_mutex_lock(&service->lock);
	service->hello_count = 0;
	pthread_mutex_unlock(&service->lock);
	atomic_store(&service->listening, error == 0 && parameters->protocol == IPERF_UDP);
	return error;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void on_due(void *user)
{
	struct iperf3_service *service = user;
	int64_t moved_ns = iperf3_service_look(service);

	/* What lies in a socket has come, though the thread has not had its turn. */
	if (iperf3_service_waits(service))
		moved_ns = clock_now_ns();
	iperf3_server_moved(&service->session, moved_ns);
	iperf3_server_timer(&service->session, clock_now_ns());
	iperf3_service_settle(service);
}

void iperf3_service_settle(struct iperf3_service *service)
{
	int broken = service->broken, flow_error = atomic_exchange(&service->flow_error, 0);

	service->broken = 0;
	if (broken)
		iperf3_server_fail(&service->session, IPERF3_ERROR_STREAM, broken, clock_now_ns());
	else if (flow_error && service->session.state == IPERF3_TEST_FLOWING)
		iperf3_server_fail(&service->session, IPERF3_ERROR_STREAM_READ, flow_error, clock_now_ns());
	iperf3_service_close_all(service);
	deadline_set(&service->deadline, service->stopping ? INT64_MAX : iperf3_server_deadline(&service->session));
	if (service->over) {
		service->over = false;
		service->config.over(service->config.user, service->ran, service->report.error);
	}
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

void iperf3_service_datagram(struct iperf3_service *service, const struct iperf_endpoint *client,
			     const struct iperf_endpoint *local, const uint8_t *octets, size_t length)
{
	bool added = false;

	if (!atomic_load(&service->listening))
		return;
	pthread_mutex_lock(&service->lock);
	if (service->hello_count < IPERF3_HELLOS) {
		struct iperf3_waiting_hello *hello = &service->hellos[service->hello_count++];

		hello->client = *client;
		hello->local = *local;
		hello->length = length < sizeof hello->octets ? length : sizeof hello->octets;
		memcpy(hello->octets, octets, hello->length);
		added = true;
	}
	pthread_mutex_unlock(&service->lock);
	if (added)
		uv_async_send(&service->wake);
}

static bool next_hello(struct iperf3_service *service, struct iperf3_waiting_hello *hello)
{
	bool found;

	pthread_mutex_lock(&service->lock);
	found = service->hello_count > 0;
	if (found) {
		*hello = service->hellos[0];
		service->hello_count--;
		memmove(service->hellos, service->hellos + 1, service->hello_count * sizeof *hello);
	}
	pthread_mutex_unlock(&service->lock);
	return found;
}

static void on_wake(uv_async_t *wake)
{
	struct iperf3_service *service = wake->data;
	struct iperf3_waiting_hello hello;

	while (next_hello(service, &hello)) {
		service->asked = hello.local;
		iperf3_server_datagram(&service->session, &hello.client, hello.octets, hello.length, clock_now_ns());
	}
	iperf3_service_settle(service);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static int start_session(struct iperf3_service *service)
{
	const struct options *options = service->config.options;
	struct iperf3_server_config config;
	size_t streams;

	iperf3_server_defaults(&config);
	config.t_read_ns = options->t_read_ns;
	config.t_silence_ns = options->t_silence_ns;
	config.t_over_ns = options->t_over_ns;
	config.pending_max = (size_t)options->pending_max;
	config.streams_max = (size_t)options->streams_max;
	config.decide = decide;
	config.able = able;
	config.user = service;
	streams = 2 * config.streams_max;
	config.streams = calloc(streams, sizeof *config.streams);
	config.own = calloc(streams, sizeof *config.own);
	config.peer = calloc(streams, sizeof *config.peer);
	config.text = malloc(config.text_size);
	service->lines = calloc(streams, sizeof *service->lines);
	service->told = calloc(streams, sizeof *service->told);
	iperf3_server_init(&service->session, &config);
	return config.streams && config.own && config.peer && config.text && service->lines && service->told ? 0 :
													       -ENOMEM;
}

int iperf3_service_start(struct iperf3_service **service, const struct iperf3_service_config *config)
{
	struct iperf3_service *new = calloc(1, sizeof *new);
	int error;

	if (!new)
		return -ENOMEM;
	new->config = *config;
	TAILQ_INIT(&new->closing);
	pthread_mutex_init(&new->lock, NULL);
	error = start_session(new);
	if (error == 0)
		error = uv_async_init(config->loop, &new->wake, on_wake);
	if (error != 0) {
		iperf3_service_free(new);
		return error;
	}
	deadline_init(&new->deadline, config->loop, on_due, new);
	uv_timer_init(config->loop, &new->interval);
	uv_timer_init(config->loop, &new->omit);
	new->interval.data = new->omit.data = new->wake.data = new;
	*service = new;
	return 0;
}

bool iperf3_service_busy(const struct iperf3_service *service)
{
	return service && service->session.state != IPERF3_TEST_IDLE;
}

bool iperf3_service_runs(const struct iperf3_service *service)
{
	return service && service->session.state >= IPERF3_TEST_FLOWING;
}

void iperf3_service_stop(struct iperf3_service *service)
{
	if (!service || service->stopping)
		return;
	service->stopping = true;
	iperf3_server_stop(&service->session, clock_now_ns());
	iperf3_service_settle(service);
}

void iperf3_service_free(struct iperf3_service *service)
{
	if (!service)
		return;
	free(service->session.config.streams);
	free(service->session.config.own);
	free(service->session.config.peer);
	free(service->session.config.text);
	free(service->lines);
	free(service->told);
	free(service->output);
	pthread_mutex_destroy(&service->lock);
	free(service);
}
