#include "conformance/play_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_GRACE (500 * IPERF_MS) /* what a client has sent before it ended is here by then */

/* --- time -------------------------------------------------------------------------------------------------------- */

int64_t play_time(const struct play *play, const struct case_time *time)
{
	double timer = time->timer == CASE_NO_TIMER ? 0 : (double)play->player->timers[time->timer];

	return (int64_t)(time->factor * timer) + time->ns;
}

int64_t play_base(const struct play *play)
{
	return play->step->from >= 0 ? play->marks[play->step->from] : play->end_ns;
}

int64_t play_deadline(const struct play *play)
{
	return play->deadline_ns;
}

static int64_t deadline(const struct play *play)
{
	const struct case_step *step = play->step;
	int64_t deadline_ns;

	if (step->has_within)
		return play_base(play) + play_time(play, &step->within);
	deadline_ns = wire_now() + CASE_WITHIN_NS;
	if (step->has_not_before) /* that alone says nothing of the latest */
		deadline_ns += play_time(play, &step->not_before);
	return deadline_ns;
}

bool play_see_interrupt(struct play *play)
{
	bool interrupted = play->player->interrupted && *play->player->interrupted;

	if (interrupted)
		play_untested(play, "the run was interrupted");
	return interrupted;
}

/* Waits for the next event, and does what has to be done whenever something came. */
static bool look(struct play *play, int64_t deadline_ns)
{
	bool some;

	if (play->file->role == CASE_CLIENT)
		play->profile->came(play); /* what came before it was asked to */
	if (play->peer_end_ns && deadline_ns > play->peer_end_ns + CLIENT_GRACE)
		deadline_ns = play->peer_end_ns + CLIENT_GRACE + 1;
	some = wire_wait(play->wire, deadline_ns);
	play_see_interrupt(play);
	if (play->wire->error)
		play_untested(play, "the runner cannot take more connections: %s; raise its limit, with ulimit -n",
			      strerror(play->wire->error));
	play_peer_ended(play);
	if (play->file->role == CASE_CLIENT)
		play->profile->came(play);
	return some;
}

bool play_wait(struct play *play, int64_t deadline_ns)
{
	bool some = look(play, deadline_ns);

	if (!play_goes_on(play))
		return false;
	if (play->peer_end_ns && wire_now() > play->peer_end_ns + CLIENT_GRACE)
		return false; /* nothing will come any more */
	/* What came at the last moment is looked at once more; a flood does not put the end off for ever. */
	return wire_now() < deadline_ns + (some ? IPERF_S : 0);
}

void play_pause(struct play *play, int64_t until_ns)
{
	while (wire_now() < until_ns && play_goes_on(play)) {
		look(play, until_ns);
		if (play->peer_end_ns && wire_now() > play->peer_end_ns + CLIENT_GRACE)
			wire_wait(play->wire, until_ns); /* nothing is left to be done but to wait */
	}
}

/* --- verdicts ---------------------------------------------------------------------------------------------------- */

static void fail(struct play *play, enum iperf_requirement requirement, const char *format, va_list arguments)
{
	struct play_result *result = play->result;

	result->verdict = PLAY_FAIL;
	result->requirement = requirement;
	result->line = play->step->line;
	result->at = (double)(wire_now() - play->start_ns) / 1e9;
	vsnprintf(result->observed, sizeof result->observed, format, arguments);
}

void play_fail(struct play *play, enum iperf_requirement requirement, const char *format, ...)
{
	va_list arguments;

	if (!play_goes_on(play))
		return;
	if (play->step->requirement != IPERF_R_NONE)
		requirement = play->step->requirement;
	if (requirement == IPERF_R_NONE)
		requirement = play->file->tests[0];
	va_start(arguments, format);
	fail(play, requirement, format, arguments);
	va_end(arguments);
	case_step_text(play->file, play->step, play->result->expected, sizeof play->result->expected);
}

void play_fail_as(struct play *play, enum iperf_requirement requirement, const char *expected, const char *format, ...)
{
	va_list arguments;

	if (!play_goes_on(play))
		return;
	va_start(arguments, format);
	fail(play, requirement, format, arguments);
	va_end(arguments);
	snprintf(play->result->expected, sizeof play->result->expected, "%s", expected);
}

void play_untested(struct play *play, const char *format, ...)
{
	va_list arguments;

	if (!play_goes_on(play))
		return;
	play->result->verdict = PLAY_UNTESTED;
	va_start(arguments, format);
	vsnprintf(play->result->reason, sizeof play->result->reason, format, arguments);
	va_end(arguments);
}

/* --- steps without a connection ---------------------------------------------------------------------------------- */

static void set_cookie(struct play *play)
{
	const struct case_step *step = play->step;
	size_t whole = case_cookie_length(play->file), room = whole;
	uint8_t *out = (uint8_t *)(uintptr_t)play->profile->cookie(play, step->cookie);

	for (size_t i = 0; i < step->piece_count; i++) {
		const struct case_piece *piece = &step->pieces[i];

		for (size_t k = 0; k < piece->repeat; k++) {
			const uint8_t *octets = piece->cookie < 0 ? piece->octets :
							play->profile->cookie(play, piece->cookie) + piece->begin;
			size_t length = piece->cookie < 0 ? piece->length : piece->end - piece->begin;

			if (length > room)
				length = room;
			memcpy(out + whole - room, octets, length);
			room -= length;
		}
	}
	play->known[step->cookie] = true;
}

/* The client opens nothing for a while. */
static void nothing_opened(struct play *play)
{
	play_pause(play, wire_now() + play_time(play, &play->step->time));
	for (size_t i = 0; i < play->wire->count; i++) {
		const struct wire_conn *conn = play->wire->conns[i];

		if (conn->by_peer && !conn->bound && !conn->udp)
			play_fail(play, IPERF_R_NONE, "the client opened a connection from port %u", conn->client.port);
	}
}

static void do_step(struct play *play)
{
	switch (play->step->what) {
	case CASE_WAIT:
		play_pause(play, wire_now() + play_time(play, &play->step->time));
		return;
	case CASE_MARK:
		play->marks[play->step->mark] = wire_now();
		return;
	case CASE_SET_COOKIE:
		set_cookie(play);
		return;
	case CASE_SERVE: /* play_serve() looks whether this step was done */
		return;
	case CASE_EXIT:
		play_exit(play);
		return;
	case CASE_SAYS:
		play_says(play);
		return;
	case CASE_NOTHING:
		if (play->step->label < 0) {
			nothing_opened(play);
			return;
		}
		break;
	case CASE_SIGNAL:
		play_signal(play);
		return;
	case CASE_FREE: case CASE_REFUSE:
		play->profile->alone(play);
		return;
	default:
		break;
	}
	if (case_is_action(play->file, play->step))
		play->profile->act(play);
	else
		play->profile->expect(play);
}

/* --- a case ------------------------------------------------------------------------------------------------------ */

static struct play *play_new(struct player *player, const struct case_file *file, struct play_result *result)
{
	struct play *play = calloc(1, sizeof *play + file->step_count * sizeof play->done_ns[0]);

	if (!play)
		return NULL;
	play->profile = file->profile == CASE_IPERF3 ? &play_iperf3 : &play_text;
	play->player = player;
	play->wire = &player->wire;
	play->wire->interrupted = player->interrupted;
	play->wire->error = 0;
	play->file = file;
	play->result = result;
	play->step = file->steps;
	play->start_ns = play->end_ns = wire_now();
	return play;
}

static void run_steps(struct play *play)
{
	for (play->index = 0; play->index < play->file->step_count && play_goes_on(play); play->index++) {
		int64_t started_ns = wire_now();

		play->step = &play->file->steps[play->index];
		play->passing_over = play->passing_over && play->step->what != CASE_FREE;
		if (play->passing_over)
			continue;
		play->result->at = 0;
		play->deadline_ns = deadline(play);
		do_step(play);
		if (!play_goes_on(play))
			return;
		if (play->done_ns[play->index] == 0)
			play->done_ns[play->index] = wire_now();
		play->end_ns = play->done_ns[play->index];
		if (case_is_action(play->file, play->step) && play->end_ns < started_ns)
			play->end_ns = started_ns;
	}
	if (play_goes_on(play)) {
		play->index = play->file->step_count - 1;
		play->profile->no_more(play);
	}
}

void play_case(struct player *player, const struct case_file *file, struct play_result *result)
{
	struct play *play;

	*result = (struct play_result){ .verdict = PLAY_PASS };
	play = file->step_count ? play_new(player, file, result) : NULL;
	if (!play || !play->profile->begin(play)) {
		result->verdict = PLAY_UNTESTED;
		snprintf(result->reason, sizeof result->reason, "%s",
			 file->step_count ? strerror(errno) : "the case has no step");
		free(play);
		return;
	}
	if (file->role == CASE_CLIENT) /* what the client before has left; whoever goes on sending is not waited for */
		for (int64_t until_ns = wire_now() + IPERF_S; wire_wait(play->wire, wire_now()) && wire_now() < until_ns;)
			wire_clear(play->wire);
	if (play_start(play))
		run_steps(play);
	play_said_rest(play);
	play_stop(play);
	play_write_down(play);
	result->seconds = (double)(wire_now() - play->start_ns) / 1e9;
	wire_clear(play->wire);
	play->profile->end(play);
	free(play);
}

bool player_cookie_is_fresh(struct player *player, const uint8_t *octets, size_t length)
{
	uint8_t (*used)[PLAY_COOKIE_MAX];

	for (size_t i = 0; i < player->used_count; i++)
		if (memcmp(octets, player->used[i], length) == 0)
			return false;
	used = realloc(player->used, (player->used_count + 1) * sizeof *used);
	if (!used)
		return true;
	player->used = used;
	memcpy(used[player->used_count++], octets, length);
	return true;
}

void player_free(struct player *player)
{
	wire_clear(&player->wire);
	wire_unlisten(&player->wire);
	free(player->used);
	player->used = NULL;
}
