#include "conformance/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conformance/command.h"
#include "conformance/pcap_writer.h"
#include "proto/limits.h"

#define IDLE_PATIENCE (2 * IPERF_S) /* a right server is idle at once */
#define AT_ONCE (300 * IPERF_MS)    /* for what happens without a cause to wait */
#define MARGIN (1 * IPERF_S)        /* beyond a timer */

struct run {
	struct player *player;
	const struct run_options *options;
	json_t *outcome;
	struct pcap_writer *pcap;
	int64_t epoch_ns;    /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	bool plain;          /* standard output is TAP */
	bool mute;           /* it is neither: another report goes there, or quiet */
	bool colour, live;
	bool keeps_busy;     /* the server is busy for a while after any test */
	char stopped[400];   /* why the run ended early; "" when it did not */
};

/* --- the capture ------------------------------------------------------------------------------------------------- */

static void write_down(void *user, struct wire_conn *conn, enum wire_event event, bool to_server, const uint8_t *octets,
		       size_t length, int64_t at_ns)
{
	struct run *run = user;
	int64_t time_ns = at_ns + run->epoch_ns;

	switch (event) {
	case WIRE_OPENED:
		conn->number = pcap_writer_connection(run->pcap, &conn->client, &conn->server, time_ns);
		break;
	case WIRE_REFUSED:
		pcap_writer_refused(run->pcap, &conn->client, &conn->server, time_ns);
		break;
	case WIRE_OCTETS:
		pcap_writer_octets(run->pcap, conn->number, to_server, octets, length, time_ns);
		break;
	case WIRE_EOF:
		pcap_writer_eof(run->pcap, conn->number, to_server, time_ns);
		break;
	case WIRE_RESET:
		pcap_writer_reset(run->pcap, conn->number, to_server, time_ns);
		break;
	case WIRE_DATAGRAM:
		pcap_writer_datagram(run->pcap, &conn->client, &conn->server, to_server, octets, length, time_ns);
		break;
	}
}

static bool start_pcap(struct run *run)
{
	char error[PCAP_WRITER_ERROR_SIZE];
	struct timespec real;

	if (!run->options->pcap)
		return true;
	run->pcap = pcap_writer_open(run->options->pcap, error);
	if (!run->pcap) {
		fprintf(stderr, "iperf-conform: %s\n", error);
		return false;
	}
	clock_gettime(CLOCK_REALTIME, &real);
	run->epoch_ns = real.tv_sec * IPERF_S + real.tv_nsec - wire_now();
	run->player->wire.watch = write_down;
	run->player->wire.user = run;
	return true;
}

static bool stop_pcap(struct run *run)
{
	char error[PCAP_WRITER_ERROR_SIZE];

	run->player->wire.watch = NULL;
	if (!run->pcap || pcap_writer_close(run->pcap, error))
		return true;
	fprintf(stderr, "iperf-conform: %s\n", error);
	return false;
}

/* --- one case ---------------------------------------------------------------------------------------------------- */

/* Why the client cannot be told what the case needs; NULL: it can. */
static const char *no_place(const struct player *player, const struct case_file *file)
{
	if (file->role == CASE_SERVER || !player->command)
		return NULL;
	if (file->streams != 1 && !launch_has(player->command, "streams"))
		return "{streams}";
	if (file->udp && !launch_has(player->command, "transport"))
		return "{transport} or {udp:...}";
	if (file->has_bytes && !launch_has(player->command, "bytes"))
		return "{bytes}";
	return NULL;
}

/* Whether the case leaves a stream whose test never began: the server may hold its cookie for T_begin. */
static bool leaves_provisional(const struct case_file *file)
{
	bool stream = false;

	for (size_t i = 0; i < file->step_count; i++) {
		const struct case_step *step = &file->steps[i];

		if (step->what == CASE_MESSAGE && step->message == IPERF_TEST_BEGIN)
			return false;
		stream = stream || (step->what == CASE_MESSAGE && step->message == IPERF_STREAM_BEGIN &&
				    !file->labels[step->label].udp);
	}
	return stream;
}

__attribute__((format(printf, 2, 3))) static void blame(struct play_result *result, const char *format, ...)
{
	va_list arguments;

	if (result->verdict != PLAY_PASS)
		return;
	result->verdict = PLAY_FAIL;
	result->requirement = IPERF_R_6_5_5;
	snprintf(result->expected, sizeof result->expected, "the next client is served at once");
	va_start(arguments, format);
	vsnprintf(result->observed, sizeof result->observed, format, arguments);
	va_end(arguments);
	result->at = result->seconds;
}

static int64_t longest_timer(const struct player *player)
{
	int64_t longest = 0;

	for (int i = CASE_T_HELLO; i <= CASE_T_IDLE; i++)
		longest = player->timers[i] > longest ? player->timers[i] : longest;
	return longest;
}

/* How long a server may be busy that does not become idle by the end of a test. */
static int64_t pause_of(const struct run *run)
{
	return run->player->timers[CASE_T_BEGIN] + AT_ONCE;
}

static void pause_between(struct run *run)
{
	int64_t until_ns = wire_now() + pause_of(run);

	while (wire_now() < until_ns && !(run->player->interrupted && *run->player->interrupted))
		wire_wait(&run->player->wire, until_ns);
}

/* A server that is busy after a case would fail the next ones for nothing of theirs: it is waited for. */
static void leave_idle(struct run *run, const struct case_file *file, struct play_result *result)
{
	int64_t from_ns = wire_now(), busy_ns;
	bool unreachable;
	const char *why;

	if (run->keeps_busy) {
		pause_between(run);
		return;
	}
	why = play_idle_check(run->player, IDLE_PATIENCE, &unreachable);
	if (!why)
		return;
	if (unreachable) {
		blame(result, "the server cannot be reached any more: %s", why);
		snprintf(run->stopped, sizeof run->stopped, "since case %s the server cannot be reached: %s", file->id, why);
		return;
	}
	fprintf(stderr, "iperf-conform: case %s: the server is not idle after it; waiting up to %.0f s\n", file->id,
		(double)(longest_timer(run->player) + MARGIN) / 1e9);
	why = play_idle_check(run->player, longest_timer(run->player) + MARGIN, &unreachable);
	busy_ns = wire_now() - from_ns;
	if (why)
		snprintf(run->stopped, sizeof run->stopped, "after case %s the server does not become idle: %s", file->id,
			 why);
	if (why || !leaves_provisional(file) || busy_ns > run->player->timers[CASE_T_BEGIN] + MARGIN)
		blame(result, "it rejects clients for %.1f s after all connections were closed", (double)busy_ns / 1e9);
}

/* A timer that is too long for the case; NULL: none. */
static const char *too_long(const struct player *player, const struct case_file *file)
{
	static const char *const names[PLAY_TIMERS] = { NULL, "T_hello", "T_begin", "T_idle", "T_results" };

	for (unsigned i = CASE_T_HELLO; i < PLAY_TIMERS; i++)
		if ((file->needs_short & 1U << i) && player->timers[i] > CASE_SHORT_NS)
			return names[i];
	return NULL;
}

static json_t *play_one(struct run *run, const struct case_file *file)
{
	const char *place = no_place(run->player, file), *timer = too_long(run->player, file);
	struct play_result result = { .verdict = PLAY_SKIP };
	char again[600];
	json_t *one;

	if (place) {
		snprintf(result.reason, sizeof result.reason, "the client's command line has no %s", place);
	} else if (timer) {
		snprintf(result.reason, sizeof result.reason, "it waits for %s several times; give the peer one of 0.5 s "
			 "at most, and tell it with --timers", timer);
	} else {
		play_case(run->player, file, &result);
		if (file->role == CASE_SERVER && result.verdict != PLAY_UNTESTED)
			leave_idle(run, file, &result);
	}
	snprintf(again, sizeof again, "%s %s%s", run->options->again_head, file->id, run->options->again_tail);
	one = outcome_case(file, &result, run->options->about.strict, again);
	json_decref(result.steps);
	json_decref(result.said);
	json_decref(result.cookies);
	free(result.output);
	return one;
}

/* --- reports ----------------------------------------------------------------------------------------------------- */

static bool goes_to_stdout(const struct run_options *options)
{
	const char *const paths[] = { options->json, options->junit, options->html, options->pcap };

	for (size_t i = 0; i < 4; i++)
		if (paths[i] && strcmp(paths[i], "-") == 0)
			return true;
	return false;
}

static bool report_one(struct run *run, size_t number, const json_t *one)
{
	if (run->mute)
		return true;
	return run->plain ? tap_case(stdout, number, one) : terminal_case(stdout, one, run->colour, run->live);
}

static bool report_end(struct run *run)
{
	if (goes_to_stdout(run->options) || (run->mute && !run->options->quiet))
		return true;
	return run->plain ? tap_end(stdout, run->outcome) : terminal_end(stdout, run->outcome, run->colour, run->live);
}

static bool json_out(FILE *out, const json_t *run)
{
	return json_dumpf(run, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER) == 0 && fputc('\n', out) != EOF;
}

static bool write_file(const char *path, const json_t *run, bool (*write)(FILE *out, const json_t *run))
{
	FILE *out = !path ? NULL : strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool done;

	if (!path)
		return true;
	done = out && write(out, run) && fflush(out) == 0;
	if (out && out != stdout && fclose(out) != 0)
		done = false;
	if (!done)
		fprintf(stderr, "iperf-conform: %s: cannot be written: %s\n", path, strerror(errno));
	return done;
}

/* What cannot be written, is better known before the run. */
static bool can_write(const struct run_options *options)
{
	const char *const paths[] = { options->json, options->junit, options->html };

	for (size_t i = 0; i < 3; i++) {
		FILE *file = paths[i] && strcmp(paths[i], "-") != 0 ? fopen(paths[i], "a") : NULL;

		if (paths[i] && strcmp(paths[i], "-") != 0 && !file) {
			fprintf(stderr, "iperf-conform: %s: cannot be written: %s\n", paths[i], strerror(errno));
			return false;
		}
		if (file)
			fclose(file);
	}
	return true;
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

/* A server that is not idle after the check itself would fail each case for nothing of its own. */
static void look_twice(struct run *run)
{
	bool unreachable;
	const char *why = play_idle_check(run->player, AT_ONCE, &unreachable);

	if (!why || unreachable)
		return;
	run->keeps_busy = true;
	fprintf(stderr, "iperf-conform: after a test without a stream the server is not idle (R-6.5-1, R-6.5-5): %s; from now on "
		"there are %.1f s between cases\n", why, (double)pause_of(run) / 1e9);
	pause_between(run);
}

/* The server is there, and idle. */
static bool is_ready(struct run *run)
{
	bool unreachable;
	const char *why;

	if (run->options->about.role == CASE_CLIENT)
		return true;
	why = play_idle_check(run->player, IDLE_PATIENCE, &unreachable);
	if (!why) {
		look_twice(run);
		return true;
	}
	if (unreachable)
		snprintf(run->stopped, sizeof run->stopped, "%s cannot be reached: %s", run->options->about.name, why);
	else
		snprintf(run->stopped, sizeof run->stopped, "%s is not idle: %s", run->options->about.name, why);
	return false;
}

static bool play_all(struct run *run, struct case_file *const cases[], size_t count)
{
	bool written = run->mute || !run->plain || tap_begin(stdout, count);

	for (size_t i = 0; i < count && !*run->stopped; i++) {
		json_t *one;

		if (!run->mute && !run->plain)
			terminal_progress(stdout, i + 1, count, cases[i]->id, run->colour, run->live);
		one = play_one(run, cases[i]);
		if (run->player->interrupted && *run->player->interrupted)
			snprintf(run->stopped, sizeof run->stopped, "interrupted");
		written = report_one(run, i + 1, one) && written;
		outcome_add(run->outcome, one);
		if (run->options->fail_fast && strcmp(json_string_value(json_object_get(one, "verdict")), "fail") == 0)
			break;
	}
	return written;
}

int run_cases(struct player *player, struct case_file *const cases[], size_t count, const struct run_options *options)
{
	struct run run = {
		.player = player,
		.options = options,
		.plain = options->tap || !isatty(STDOUT_FILENO),
		.mute = options->quiet || goes_to_stdout(options),
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.live = isatty(STDOUT_FILENO),
	};
	int64_t from_ns = wire_now();
	bool written = can_write(options) && start_pcap(&run);
	int status;

	if (!written)
		return STATUS_UNTESTED;
	if (options->quiet)
		run.plain = false;
	run.outcome = outcome_new(&options->about);
	if (is_ready(&run))
		written = play_all(&run, cases, count);
	else if (!run.mute && run.plain)
		written = tap_begin(stdout, 0);
	if (*run.stopped)
		fprintf(stderr, "iperf-conform: stopped: %s\n", run.stopped);
	outcome_close(run.outcome, (double)(wire_now() - from_ns) / 1e9, *run.stopped ? run.stopped : NULL);
	written = report_end(&run) && fflush(stdout) == 0 && written;
	written = write_file(options->json, run.outcome, json_out) && written;
	written = write_file(options->junit, run.outcome, junit_write) && written;
	written = write_file(options->html, run.outcome, html_write) && written;
	written = stop_pcap(&run) && written;
	status = outcome_status(run.outcome);
	json_decref(run.outcome);
	return written ? status : STATUS_UNTESTED;
}
