/* One case of a run, and the server after it. */
#include "conformance/run_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/expectations.h"
#include "conformance/shortage.h"

#define MARGIN (1 * IPERF_S) /* beyond a timer */

/* Whether the runner has to have started the program for the case. */
static bool has_to_start(const struct case_file *file)
{
	for (size_t i = 0; i < file->step_count; i++) {
		enum case_what what = file->steps[i].what;

		if (what == CASE_SIGNAL || (file->role == CASE_SERVER && (what == CASE_EXIT || what == CASE_SAYS)))
			return true;
	}
	return file->role == CASE_SERVER && file->option_count > 0;
}

/* Why the program cannot be told what the case needs; NULL: it can. */
static const char *no_place_iperf3(const struct player *player, const struct case_file *file)
{
	static char text[40];

	for (size_t i = 0; player->command && i < file->option_count; i++) {
		snprintf(text, sizeof text, "{%s:...}", file->options[i].name);
		if (!launch_has(player->command, file->options[i].name))
			return text;
	}
	return NULL;
}

static const char *no_place(const struct player *player, const struct case_file *file)
{
	if (file->profile == CASE_IPERF3 && no_place_iperf3(player, file))
		return no_place_iperf3(player, file);
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

__attribute__((format(printf, 3, 4))) static void blame(struct play_result *result, enum iperf_requirement requirement,
							     const char *format, ...)
{
	va_list arguments;

	if (result->verdict != PLAY_PASS)
		return;
	result->verdict = PLAY_FAIL;
	result->requirement = requirement;
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
int64_t run_pause(const struct run *run)
{
	return run->player->timers[CASE_T_BEGIN] + RUN_AT_ONCE;
}

void run_pause_between(struct run *run)
{
	int64_t until_ns = wire_now() + run_pause(run);

	while (wire_now() < until_ns && !run_interrupted(run))
		wire_wait(&run->player->wire, until_ns);
}

/* The same in the iperf3 profile. */
static void leave_free(struct run *run, const struct case_file *file, struct play_result *result)
{
	bool unreachable;
	int64_t patience_ns = run->player->timers[CASE_T_READ] + MARGIN;
	const char *why = play_free(run->player, wire_now() + RUN_IDLE_PATIENCE, &unreachable);

	if (!why)
		return;
	fprintf(stderr, "iperf-conform: case %s: %s; waiting up to %.0f s more\n", file->id, why, (double)patience_ns / 1e9);
	why = play_free(run->player, wire_now() + patience_ns, &unreachable);
	if (why)
		snprintf(run->stopped, sizeof run->stopped, "after case %s %s", file->id, why);
	if (why && unreachable)
		blame(result, IPERF_R_23_20, "%s", why);
}

/* A server that is busy after a case would fail the next ones for nothing of theirs: it is waited for. */
static void leave_idle(struct run *run, const struct case_file *file, struct play_result *result)
{
	int64_t from_ns = wire_now(), busy_ns;
	bool unreachable;
	const char *why;

	if (file->profile == CASE_IPERF3) {
		leave_free(run, file, result);
		return;
	}
	if (run->keeps_busy) {
		run_pause_between(run);
		return;
	}
	why = play_idle_check(run->player, RUN_IDLE_PATIENCE, &unreachable);
	if (!why)
		return;
	if (unreachable) {
		blame(result, IPERF_R_6_5_5, "the server cannot be reached any more: %s", why);
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
		blame(result, IPERF_R_6_5_5, "it rejects clients for %.1f s after all connections were closed",
		      (double)busy_ns / 1e9);
}

/* A timer that is too long for the case; NULL: none. */
static const char *too_long(const struct player *player, const struct case_file *file)
{
	for (unsigned i = CASE_T_HELLO; i < PLAY_TIMERS; i++)
		if ((file->needs_short & 1U << i) && player->timers[i] > CASE_SHORT_NS)
			return case_timer_name((enum case_timer)i);
	return NULL;
}

json_t *run_one(struct run *run, const struct case_file *file)
{
	const char *place = no_place(run->player, file), *timer = too_long(run->player, file);
	struct play_result result = { .verdict = PLAY_SKIP };
	char again[600];
	json_t *one;

	if (place) {
		snprintf(result.reason, sizeof result.reason, "the %s's command line has no %s",
			 file->role == CASE_SERVER ? "server" : "client", place);
	} else if (has_to_start(file) && !run->player->command) {
		snprintf(result.reason, sizeof result.reason, "the runner has to start the program for it");
	} else if (timer) {
		snprintf(result.reason, sizeof result.reason, "it waits for %s several times; give the peer one of 0.5 s "
			 "at most, and tell it with --timers", timer);
	} else {
		play_case(run->player, file, &result);
		if (file->role == CASE_SERVER && !run->player->command && result.verdict != PLAY_UNTESTED)
			leave_idle(run, file, &result);
	}
	if (shortage_seen()) { /* what was missing here is no fault of the peer's */
		result.verdict = PLAY_UNTESTED;
		snprintf(result.reason, sizeof result.reason, "%s", shortage_seen());
		snprintf(run->stopped, sizeof run->stopped, "%s", shortage_seen());
	}
	snprintf(again, sizeof again, "%s %s%s", run->options->again_head, file->id, run->options->again_tail);
	one = outcome_case(file, &result, run->options->about.strict, again);
	if (run->expectations)
		expectations_mark(run->expectations, one);
	json_decref(result.steps);
	json_decref(result.said);
	json_decref(result.cookies);
	free(result.output);
	return one;
}
