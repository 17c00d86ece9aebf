#include "conformance/run_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conformance/command.h"
#include "conformance/expectations.h"
#include "conformance/outcome_text.h"
#include "conformance/pcap_writer.h"
#include "proto/limits.h"

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
	if (!done && out != stdout) /* main() tells of that */
		fprintf(stderr, "iperf-conform: %s: cannot be written: %s\n", path, strerror(errno));
	return done;
}

bool run_can_write(const char *path)
{
	FILE *file;

	if (!path || strcmp(path, "-") == 0)
		return true;
	file = fopen(path, "a");
	return file && fclose(file) == 0;
}

/* What cannot be written, is better known before the run. */
static bool can_write(const struct run_options *options)
{
	const char *const paths[] = { options->json, options->junit, options->html };

	for (size_t i = 0; i < 3; i++) {
		if (!run_can_write(paths[i])) {
			fprintf(stderr, "iperf-conform: %s: cannot be written: %s\n", paths[i], strerror(errno));
			return false;
		}
	}
	return true;
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

/* A server that is not idle after the check itself would fail each case for nothing of its own. */
static void look_twice(struct run *run)
{
	bool unreachable;
	const char *why = play_idle_check(run->player, RUN_AT_ONCE, &unreachable);

	if (!why || unreachable)
		return;
	run->keeps_busy = true;
	fprintf(stderr, "iperf-conform: after a test without a stream the server is not idle (R-6.5-1, R-6.5-5): %s; from now on "
		"there are %.1f s between cases\n", why, (double)run_pause(run) / 1e9);
	run_pause_between(run);
}

/* The server is there, and idle. */
static bool is_ready(struct run *run)
{
	bool unreachable;
	const char *why;

	if (run->options->about.role == CASE_CLIENT || run->player->command)
		return true;
	if (run->options->about.profile == CASE_IPERF3) {
		why = play_free(run->player, wire_now() + RUN_IDLE_PATIENCE, &unreachable);
		if (run_interrupted(run))
			snprintf(run->stopped, sizeof run->stopped, "interrupted");
		else if (why)
			snprintf(run->stopped, sizeof run->stopped, "%s: %s", run->options->about.name, why);
		return !why;
	}
	why = play_idle_check(run->player, RUN_IDLE_PATIENCE, &unreachable);
	if (run_interrupted(run)) {
		snprintf(run->stopped, sizeof run->stopped, "interrupted");
		return false;
	}
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

/* What --fail-fast is about. */
static bool is_failure(const json_t *one)
{
	return outcome_deviates(one) || (outcome_verdict(one) == OUTCOME_FAIL && !outcome_expected_fail(one));
}

bool run_take(struct run *run, size_t number, json_t *one, bool *written)
{
	if (run_interrupted(run))
		snprintf(run->stopped, sizeof run->stopped, "interrupted");
	*written = report_one(run, number, one) && *written;
	outcome_add(run->outcome, one);
	return !*run->stopped && !(run->options->fail_fast && is_failure(one));
}

static bool play_all(struct run *run, struct case_file *const cases[], size_t count)
{
	bool written = run->mute || !run->plain || tap_begin(stdout, count), goes_on = true;

	if (run->options->jobs > 1)
		return run_jobs(run, cases, count) && written;
	for (size_t i = 0; i < count && goes_on; i++) {
		if (!run->mute && !run->plain)
			terminal_progress(stdout, i + 1, count, cases[i]->id, run->colour, run->live);
		goes_on = run_take(run, i + 1, run_one(run, cases[i]), &written);
	}
	return written;
}

static bool read_expectations(struct run *run)
{
	char text[400];

	if (!run->options->expect)
		return true;
	run->expectations = expectations_read(run->options->expect, text, sizeof text);
	if (!run->expectations)
		fprintf(stderr, "iperf-conform: %s\n", text);
	return run->expectations != NULL;
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
	bool written = can_write(options) && read_expectations(&run) && start_pcap(&run);
	struct outcome_about about = options->about;
	int status;

	if (!written)
		return STATUS_UNTESTED;
	if (options->quiet)
		run.plain = false;
	about.expects = run.expectations != NULL;
	run.outcome = outcome_new(&about);
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
	json_decref(run.expectations);
	return written ? status : STATUS_UNTESTED;
}
