#include "ref/iperf3_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/iperf3_client_private.h"
#include "ref/iperf3_verdict.h"
#include "ref/loop.h"
#include "ref/sandbox.h"
#include "ref/socket.h"

#define OUTPUT_SIZE  IPERF3_RESULTS_MAX /* octets of the server's output */
#define RETRY_GAP_MS 200                /* between two tests with --retry */

void iperf3_run_fail(struct iperf3_run *run, const char *what, int error)
{
	if (run->error == 0) {
		run->error = error;
		run->what = what;
	}
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void tell_send(const struct iperf3_client_decision *decision)
{
	const char *name = decision->length == 1 ? iperf3_state_name((int8_t)decision->octets[0]) : NULL;

	if (name)
		fprintf(stderr, ", %s", name);
	else
		fprintf(stderr, ", %zu octets", decision->length);
}

static void tell(const struct iperf3_client_decision *decision)
{
	static const char *const names[] = {
		[IPERF3_CLIENT_OPEN] = "open",	     [IPERF3_CLIENT_SEND] = "send",   [IPERF3_CLIENT_FLOW] = "flow",
		[IPERF3_CLIENT_MEASURE] = "measure", [IPERF3_CLIENT_HALT] = "halt",   [IPERF3_CLIENT_FREEZE] = "freeze",
		[IPERF3_CLIENT_COUNT] = "count",     [IPERF3_CLIENT_CLOSE] = "close", [IPERF3_CLIENT_OVER] = "over",
		[IPERF3_CLIENT_HALF_CLOSE] = "half-close",
	};
	bool about = decision->kind <= IPERF3_CLIENT_SEND || decision->kind == IPERF3_CLIENT_HALF_CLOSE ||
		     decision->kind == IPERF3_CLIENT_CLOSE;

	fputs(names[decision->kind], stderr);
	if (about && decision->who >= 0)
		fprintf(stderr, " stream %lld", (long long)iperf3_stream_id((size_t)decision->who));
	else if (about)
		fputs(" control", stderr);
	if (decision->kind == IPERF3_CLIENT_SEND)
		tell_send(decision);
	fputc('\n', stderr);
}

static void carry_out(struct iperf3_run *run, const struct iperf3_client_decision *decision)
{
	struct run_link *link = iperf3_run_link(run, decision->who);

	switch (decision->kind) {
	case IPERF3_CLIENT_OPEN:
		iperf3_run_open(run, decision->who);
		break;
	case IPERF3_CLIENT_SEND:
		if (link)
			iperf3_run_send(link, decision->octets, decision->length);
		break;
	case IPERF3_CLIENT_HALF_CLOSE:
		if (link)
			iperf3_run_half_close(link);
		break;
	case IPERF3_CLIENT_CLOSE:
		if (link)
			iperf3_run_close(link);
		break;
	case IPERF3_CLIENT_FLOW:
		iperf3_run_flow(run);
		break;
	case IPERF3_CLIENT_MEASURE:
		iperf3_run_measure(run);
		break;
	case IPERF3_CLIENT_HALT:
		iperf3_run_halt(run);
		break;
	case IPERF3_CLIENT_FREEZE:
		iperf3_run_freeze(run);
		break;
	case IPERF3_CLIENT_COUNT:
		iperf3_run_count(run);
		break;
	case IPERF3_CLIENT_OVER:
		run->over = true;
		break;
	}
}

static void decide(void *user, const struct iperf3_client *session, const struct iperf3_client_decision *decision)
{
	struct iperf3_run *run = user;

	(void)session;
	if (run->options->verbose)
		tell(decision);
	carry_out(run, decision);
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
	struct iperf3_run *run = user;

	iperf3_client_arrived(&run->session, iperf3_run_arrived_ns(run));
	iperf3_client_timer(&run->session, clock_now_ns());
	iperf3_run_settle(run);
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
	struct iperf3_run *run = poll->data;
	struct signalfd_siginfo info;

	(void)status, (void)events;
	if (read(run->signals_fd, &info, sizeof info) == sizeof info)
		iperf3_client_stop(&run->session, clock_now_ns());
	iperf3_run_settle(run);
}

static void end_loop(struct iperf3_run *run)
{
	iperf3_run_stop_flows(run);
	for (int who = -1; who < (int)run->count; who++)
		if (iperf3_run_link(run, who))
			iperf3_run_close(iperf3_run_link(run, who));
	uv_walk(&run->loop, close_handle, NULL);
}

void iperf3_run_settle(struct iperf3_run *run)
{
	while ((run->opened || (run->halted && iperf3_run_drained(run))) && !run->over) {
		if (run->opened) {
			iperf3_run_tell(run);
		} else {
			run->halted = false;
			iperf3_client_payload_over(&run->session, clock_now_ns());
		}
	}
	if (run->over) {
		end_loop(run);
		return;
	}
	deadline_set(&run->deadline, iperf3_client_deadline(&run->session));
}

static int start_loop(struct iperf3_run *run)
{
	int error = iperf3_run_payload_init(run);

	if (error == 0)
		error = uv_poll_init(&run->loop, &run->signals, run->signals_fd);
	if (error == 0)
		error = uv_poll_start(&run->signals, UV_READABLE, on_signal);
	deadline_init(&run->deadline, &run->loop, on_due, run);
	run->signals.data = run;
	return error;
}

/* --- a test ------------------------------------------------------------------------------------------------------ */

static void set(struct iperf3_parameters *parameters, enum iperf3_key key, bool wanted)
{
	if (wanted)
		parameters->present |= UINT64_C(1) << key;
}

/* SPEC 24: what the command line asks for, with the keys that clients of the present version always send. */
static void fill_parameters(struct iperf3_parameters *parameters, const struct options *options)
{
	static const enum iperf3_key always[] = { IPERF3_KEY_OMIT,	   IPERF3_KEY_TIME,     IPERF3_KEY_NUM,
						  IPERF3_KEY_BLOCKCOUNT,   IPERF3_KEY_PARALLEL, IPERF3_KEY_LEN,
						  IPERF3_KEY_PACING_TIMER, IPERF3_KEY_CLIENT_VERSION };
	bool amount = options->bytes >= 0 || options->blocks >= 0;

	iperf3_parameters_defaults(parameters);
	parameters->protocol = options->udp ? IPERF_UDP : IPERF_TCP;
	parameters->omit = options->omit_ns / IPERF_S;
	parameters->time = amount ? 0 : options->time_ns / IPERF_S;
	parameters->num = options->bytes >= 0 ? options->bytes : 0;
	parameters->blockcount = options->blocks >= 0 ? options->blocks : 0;
	parameters->parallel = options->udp ? options->udp_streams : options->tcp_streams;
	parameters->reverse = options->reverse;
	parameters->bidirectional = options->bidirectional;
	parameters->len = options->udp ? options->udp_length : options->tcp_length;
	parameters->bandwidth = options->udp ? options->udp_rate : options->tcp_rate;
	parameters->get_server_output = options->get_server_output;
	parameters->udp_counters_64bit = options->udp && options->wide;
	snprintf(parameters->client_version, sizeof parameters->client_version, "iperf-ref %s", IPERF_VERSION);
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		set(parameters, always[i], true);
	set(parameters, options->udp ? IPERF3_KEY_UDP : IPERF3_KEY_TCP, true);
	set(parameters, IPERF3_KEY_REVERSE, parameters->reverse);
	set(parameters, IPERF3_KEY_BIDIRECTIONAL, parameters->bidirectional);
	set(parameters, IPERF3_KEY_BANDWIDTH, parameters->bandwidth > 0);
	set(parameters, IPERF3_KEY_GET_SERVER_OUTPUT, parameters->get_server_output);
	set(parameters, IPERF3_KEY_UDP_COUNTERS_64BIT, parameters->udp_counters_64bit);
}

static int start_session(struct iperf3_run *run)
{
	struct iperf3_client_config config;
	struct iperf3_cookie cookie;
	int error = iperf3_cookie_generate(&cookie);

	iperf3_client_defaults(&config);
	config.t_reply_ns = run->options->t_reply_ns;
	config.t_receive_ns = run->options->rcv_timeout_ms * IPERF_MS;
	config.parameters = &run->parameters;
	config.own = &run->own;
	config.peer = &run->peer;
	config.room = run->room;
	config.room_size = IPERF3_RESULTS_MAX;
	config.decide = decide;
	config.user = run;
	iperf3_client_init(&run->session, &config, &cookie);
	run->report.began_at = time(NULL);
	return error;
}

static int start_run(struct iperf3_run *run)
{
	size_t count;

	fill_parameters(&run->parameters, run->options);
	count = run->count = (size_t)iperf3_parameters_streams(&run->parameters);
	run->own.capacity = run->peer.capacity = count;
	run->room = malloc(IPERF3_RESULTS_MAX);
	run->streams = calloc(count, sizeof *run->streams);
	run->links = calloc(count + 1, sizeof *run->links);
	run->report.streams = calloc(count, sizeof *run->report.streams);
	run->own.streams = calloc(count, sizeof *run->own.streams);
	run->peer.streams = calloc(count, sizeof *run->peer.streams);
	run->peer.output = malloc(OUTPUT_SIZE);
	run->peer.output_size = OUTPUT_SIZE;
	if (!run->room || !run->streams || !run->links || !run->report.streams || !run->own.streams ||
	    !run->peer.streams || !run->peer.output)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		run->streams[i].run = run;
		run->streams[i].sends = run->report.streams[i].sends = iperf3_client_sends(&run->parameters, i);
	}
	run->report.options = run->options;
	run->report.session = &run->session;
	run->report.stream_count = count;
	run->report.omitting = run->parameters.omit > 0;
	return start_session(run);
}

static void free_run(struct iperf3_run *run)
{
	iperf3_report_free(&run->report);
	free(run->room);
	free(run->streams);
	free(run->links);
	free(run->report.streams);
	free(run->own.streams);
	free(run->peer.streams);
	free(run->peer.output);
}

static int run_test(struct iperf3_run *run)
{
	int error = start_run(run);

	run->what = "start";
	if (error == 0)
		error = loop_begin(&run->loop);
	if (error != 0)
		return error;
	error = start_loop(run);
	if (error == 0) {
		iperf3_client_start(&run->session, clock_now_ns());
		iperf3_run_settle(run);
	} else {
		uv_walk(&run->loop, close_handle, NULL);
	}
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
	return error ? error : run->error;
}

/* Waits before the next try. Returns false when the user gives up. */
static bool wait_to_retry(int signals_fd)
{
	struct pollfd wait = { .fd = signals_fd, .events = POLLIN };

	return poll(&wait, 1, RETRY_GAP_MS) != 1;
}

/* One test. Returns whether it shall be tried again (R-23-19); else it was reported, or *error says why not. */
static bool try_once(struct iperf3_run *run, bool may_retry, enum iperf3_outcome *outcome, int *error)
{
	char sentence[512];
	bool again;

	*error = run_test(run);
	*outcome = run->session.outcome;
	again = *error == 0 && may_retry &&
		(*outcome == IPERF3_OUTCOME_DENIED || *outcome == IPERF3_OUTCOME_REFUSED) &&
		wait_to_retry(run->signals_fd);
	if (*error == 0 && !again) {
		iperf3_verdict_sentence(&run->session, run->options->client, run->options->port, sentence,
					sizeof sentence);
		*error = iperf3_report_end(&run->report, sentence);
		run->what = "report";
	}
	return again;
}

static int try_until(const struct iperf3_run *common, enum iperf3_outcome *outcome, const char **what)
{
	int64_t give_up_ns = clock_now_ns() + common->options->retry_ns;
	struct iperf3_run *run;
	int error = 0;
	bool again = true;

	while (again) {
		run = malloc(sizeof *run);
		if (!run)
			return -ENOMEM;
		*run = *common;
		again = try_once(run, clock_now_ns() < give_up_ns, outcome, &error);
		*what = run->what;
		free_run(run);
		free(run);
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

int iperf3_client_run(const struct options *options, enum iperf3_outcome *outcome, const char **what)
{
	struct iperf3_run *common = calloc(1, sizeof *common);
	struct addrinfo *to = NULL, *local = NULL;
	int error, signals_fd = -1;

	*what = "resolve";
	error = common ? socket_resolve(options->client, options->port, options->version4, options->version6, &to) :
			 -ENOMEM;
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
		common->options = options;
		common->to = to;
		common->local = local;
		common->signals_fd = signals_fd;
		error = try_until(common, outcome, what);
		close(signals_fd);
	}
	if (local)
		freeaddrinfo(local);
	if (to)
		freeaddrinfo(to);
	free(common);
	return error;
}
