#include "ref/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ref/client_private.h"
#include "ref/clock.h"
#include "ref/loop.h"
#include "ref/sandbox.h"
#include "ref/verdict.h"

#define LISTED_MAX 4096       /* streams in result data; what a server can fit into IPERF_RESULT_DATA_MAX, about */
#define RETRY_GAP_MS 200      /* between two tests with --retry */

void client_fail(struct client *client, const char *what, int error)
{
	if (client->error == 0) {
		client->error = error;
		client->what = what;
	}
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

static void update_report(struct client *client, int64_t until_ns)
{
	struct report_client *report = &client->report;

	for (size_t i = 0; i < report->stream_count; i++) {
		report->streams[i].bytes = atomic_load(&client->sources[i].bytes);
		report->streams[i].packets = atomic_load(&client->sources[i].packets);
	}
	report->seconds = (double)(until_ns - client->flow_ns) / 1e9;
}

/* Called by the last thread. */
static void on_last_sent(void *user)
{
	uv_async_send(&((struct client *)user)->payload_over);
}

static void give_up(struct client *client, const char *what, int error)
{
	client_fail(client, what, error);
	iperf_client_stop(&client->session, clock_now_ns());
}

static void on_interval(uv_timer_t *timer)
{
	struct client *client = timer->data;
	const struct options *options = client->options;
	int64_t now_ns = clock_now_ns();
	int error;

	/* The end is near: its report will cover this moment, too. */
	if (options->bytes < 0 && client->flow_ns + options->time_ns - now_ns < options->interval_ns / 10)
		return;
	update_report(client, now_ns);
	error = report_client_interval(&client->report, false);
	if (error < 0)
		give_up(client, "report", error);
	client_settle(client);
}

static void start_payload(struct client *client)
{
	const struct options *options = client->options;
	uint64_t interval_ms = (uint64_t)(options->interval_ns / IPERF_MS);
	struct source_config config = {
		.streams = client->sources,
		.count = client->report.stream_count,
		.over = on_last_sent,
		.user = client,
	};
	int error = report_client_begin(&client->report);

	if (error < 0)
		client_fail(client, "report", error);
	client->flow_ns = clock_now_ns();
	config.deadline_ns = options->bytes < 0 ? client->flow_ns + options->time_ns : INT64_MAX;
	if (error == 0)
		error = source_start(&client->source, &config);
	if (error < 0) {
		client_fail(client, "start", error);
		client->over = true;
	} else if (interval_ms > 0) {
		uv_update_time(&client->loop);
		uv_timer_start(&client->interval, on_interval, interval_ms, interval_ms);
	}
}

/* Payload is over, or has to be: waits for its threads, and closes what was only kept for them. */
static void stop_payload(struct client *client)
{
	bool by_bytes = client->options->bytes >= 0;
	int64_t last_ns = by_bytes ? client->flow_ns : clock_now_ns();
	int error = 0;

	source_halt(client->source);
	source_free(client->source);
	client->source = NULL;
	uv_timer_stop(&client->interval);
	for (size_t i = 0; i < client->report.stream_count; i++) {
		struct source_stream *source = &client->sources[i];

		if (atomic_load(&source->last_ns) > last_ns)
			last_ns = atomic_load(&source->last_ns);
		if (atomic_load(&source->error))
			client_fail(client, "send", -atomic_load(&source->error));
		if (source->fd >= 0 && !client_link(client, (int)i)) {
			close(source->fd);
			source->fd = -1;
		}
	}
	update_report(client, last_ns);
	if (client->options->interval_ns > 0 && client->report.seconds > client->report.interval_start)
		error = report_client_interval(&client->report, true);
	if (error < 0)
		client_fail(client, "report", error);
}

static void on_payload_over(uv_async_t *async)
{
	struct client *client = async->data;

	if (client->source) {
		stop_payload(client);
		iperf_client_payload_over(&client->session, clock_now_ns());
	}
	client_settle(client);
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void tell(const struct iperf_client_decision *decision)
{
	static const char *const names[] = {
		[IPERF_CLIENT_OPEN] = "open",   [IPERF_CLIENT_SEND] = "send", [IPERF_CLIENT_HALF_CLOSE] = "half-close",
		[IPERF_CLIENT_CLOSE] = "close", [IPERF_CLIENT_FLOW] = "flow", [IPERF_CLIENT_HALT] = "halt",
		[IPERF_CLIENT_OVER] = "over",
	};

	fputs(names[decision->kind], stderr);
	if (decision->kind < IPERF_CLIENT_FLOW && decision->who >= 0)
		fprintf(stderr, " stream %d", decision->who + 1);
	else if (decision->kind < IPERF_CLIENT_FLOW)
		fputs(decision->who == IPERF_WHO_CONTROL ? " control" : " results", stderr);
	if (decision->kind == IPERF_CLIENT_SEND)
		fprintf(stderr, ", %zu octets", decision->length);
	fputc('\n', stderr);
}

static void decide(void *user, const struct iperf_client *session, const struct iperf_client_decision *decision)
{
	struct client *client = user;
	struct link *link = client_link(client, decision->who);

	(void)session;
	if (client->options->verbose)
		tell(decision);
	switch (decision->kind) {
	case IPERF_CLIENT_OPEN:
		client_link_open(client, decision->who);
		break;
	case IPERF_CLIENT_SEND:
		if (link)
			client_link_send(link, decision->octets, decision->length);
		break;
	case IPERF_CLIENT_HALF_CLOSE:
		if (link)
			client_link_half_close(link);
		break;
	case IPERF_CLIENT_CLOSE:
		if (link)
			client_link_close(link);
		break;
	case IPERF_CLIENT_FLOW:
		start_payload(client);
		break;
	case IPERF_CLIENT_HALT:
		source_halt(client->source);
		break;
	case IPERF_CLIENT_OVER:
		client->over = true;
		break;
	}
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *user)
{
	(void)user;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void on_due(void *user)
{
	struct client *client = user;

	iperf_client_timer(&client->session, clock_now_ns());
	client_settle(client);
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
	struct client *client = poll->data;
	struct signalfd_siginfo info;

	(void)status, (void)events;
	if (read(client->signals_fd, &info, sizeof info) == sizeof info)
		iperf_client_stop(&client->session, clock_now_ns());
	client_settle(client);
}

/* What a call of the session leaves to be done. */
void client_settle(struct client *client)
{
	while (client->opened && !client->over)
		client_link_tell(client);
	if (client->over) {
		if (client->source)
			stop_payload(client);
		for (int who = -CLIENT_OTHERS; who < (int)client->report.stream_count; who++)
			if (client_link(client, who))
				client_link_close(client_link(client, who));
		uv_walk(&client->loop, close_handle, NULL);
		return;
	}
	deadline_set(&client->deadline, iperf_client_deadline(&client->session));
}

static int start_loop(struct client *client)
{
	int error = uv_async_init(&client->loop, &client->payload_over, on_payload_over);

	if (error == 0)
		error = uv_poll_init(&client->loop, &client->signals, client->signals_fd);
	if (error == 0)
		error = uv_poll_start(&client->signals, UV_READABLE, on_signal);
	deadline_init(&client->deadline, &client->loop, on_due, client);
	uv_timer_init(&client->loop, &client->interval);
	client->interval.data = client->payload_over.data = client->signals.data = client;
	return error;
}

/* --- a test ------------------------------------------------------------------------------------------------------ */

/* The streams, TCP before UDP, and what each of them is to send. */
static void plan_streams(struct client *client)
{
	const struct options *options = client->options;
	uint64_t count = client->report.stream_count;

	for (size_t i = 0; i < count; i++) {
		bool udp = i >= (size_t)options->tcp_streams;
		struct source_stream *source = &client->sources[i];

		client->streams[i].protocol = udp ? IPERF_UDP : IPERF_TCP;
		client->report.streams[i].protocol = client->streams[i].protocol;
		source->protocol = client->streams[i].protocol;
		source->fd = -1;
		source->length = (size_t)(udp ? options->udp_length : options->tcp_length);
		source->rate = udp ? options->udp_rate : options->tcp_rate;
		source->budget = options->bytes < 0 ? UINT64_MAX : (uint64_t)options->bytes / count +
									   (i < (uint64_t)options->bytes % count);
	}
}

static int start_session(struct client *client)
{
	const struct options *options = client->options;
	struct iperf_client_config config;
	struct iperf_cookie cookie = options->cookie;
	int error = options->cookie_hex ? 0 : iperf_cookie_generate(&cookie);

	iperf_client_defaults(&config);
	config.t_results_ns = options->t_results_ns;
	config.t_reject_ns = options->t_reject_ns;
	config.streams = client->streams;
	config.stream_count = client->report.stream_count;
	config.results.streams = calloc(LISTED_MAX, sizeof *config.results.streams);
	config.results.capacity = LISTED_MAX;
	config.text = malloc(IPERF_RESULT_DATA_MAX);
	config.text_size = IPERF_RESULT_DATA_MAX;
	config.decide = decide;
	config.user = client;
	iperf_client_init(&client->session, &config, &cookie);
	client->report.began_at = time(NULL);
	if (error == 0 && (!config.results.streams || !config.text))
		error = -ENOMEM;
	return error;
}

static int start_client(struct client *client)
{
	size_t count = (size_t)(client->options->tcp_streams + client->options->udp_streams);

	client->report.options = client->options;
	client->report.session = &client->session;
	client->report.stream_count = count;
	client->streams = calloc(count + 1, sizeof *client->streams);
	client->sources = aligned_alloc(64, (count + 1) * sizeof *client->sources);
	client->links = calloc(count + 1 + CLIENT_OTHERS, sizeof *client->links);
	client->report.streams = calloc(count + 1, sizeof *client->report.streams);
	if (!client->streams || !client->sources || !client->links || !client->report.streams)
		return -ENOMEM;
	memset(client->sources, 0, (count + 1) * sizeof *client->sources);
	plan_streams(client);
	return start_session(client);
}

static void free_client(struct client *client)
{
	report_client_free(&client->report);
	free(client->session.config.results.streams);
	free(client->session.config.text);
	free(client->streams);
	free(client->sources);
	free(client->links);
	free(client->report.streams);
}

static int run_client(struct client *client)
{
	int error = start_client(client);

	client->what = "start";
	if (error == 0)
		error = loop_begin(&client->loop);
	if (error != 0)
		return error;
	error = start_loop(client);
	if (error == 0) {
		iperf_client_start(&client->session, clock_now_ns());
		client_settle(client);
	} else {
		uv_walk(&client->loop, close_handle, NULL);
	}
	uv_run(&client->loop, UV_RUN_DEFAULT);
	uv_loop_close(&client->loop);
	return error ? error : client->error;
}

/* Waits before the next try. Returns false when the user gives up. */
static bool wait_to_retry(int signals_fd)
{
	struct pollfd wait = { .fd = signals_fd, .events = POLLIN };

	return poll(&wait, 1, RETRY_GAP_MS) != 1;
}

/* One test. Returns whether it shall be tried again; else it was reported, or *error says why not. */
static bool try_once(struct client *client, bool may_retry, enum iperf_outcome *outcome, int *error)
{
	char sentence[512];
	bool again;

	*error = run_client(client);
	*outcome = client->session.outcome;
	again = *error == 0 && may_retry && (*outcome == IPERF_OUTCOME_REJECTED || *outcome == IPERF_OUTCOME_REFUSED) &&
		wait_to_retry(client->signals_fd);
	if (*error == 0 && !again) {
		verdict_sentence(&client->session, client->options->client, client->options->port, sentence,
				 sizeof sentence);
		*error = report_client_end(&client->report, sentence);
		client->what = "report";
	}
	return again;
}

/* Tests, and tests again. */
static int try_until(struct client *common, enum iperf_outcome *outcome, const char **what)
{
	int64_t give_up_ns = clock_now_ns() + common->options->retry_ns;
	struct client *client;
	int error = 0;
	bool again = true;

	while (again) {
		client = malloc(sizeof *client);
		if (!client)
			return -ENOMEM;
		*client = *common;
		again = try_once(client, clock_now_ns() < give_up_ns, outcome, &error);
		*what = client->what;
		free_client(client);
		free(client);
	}
	return error;
}

/* From here on SIGINT and SIGTERM wait in a descriptor, so that none is lost between two tries. */
static int open_signals(void)
{
	sigset_t wanted;
	int fd;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int client_run(const struct options *options, enum iperf_outcome *outcome, const char **what)
{
	struct addrinfo *to = NULL, *local = NULL;
	int error, signals_fd = -1;

	*what = "resolve";
	error = socket_resolve(options->client, options->port, options->version4, options->version6, &to);
	if (error == 0 && options->bind) {
		*what = "bind";
		error = socket_resolve(options->bind, 0, options->version4, options->version6, &local);
	}
	if (error == 0) /* addresses are known: nothing but their sockets is needed from here on */
		error = sandbox_enter(&(struct sandbox_config){ .mode = options->sandbox }, what);
	if (error == 0) {
		*what = "start";
		signals_fd = open_signals();
		error = signals_fd < 0 ? signals_fd : 0;
	}
	if (error == 0) {
		struct client common = { .options = options, .to = to, .local = local, .signals_fd = signals_fd };

		error = try_until(&common, outcome, what);
		close(signals_fd);
	}
	if (local)
		freeaddrinfo(local);
	if (to)
		freeaddrinfo(to);
	return error;
}
