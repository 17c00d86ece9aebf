/* Plays an input: what the server does only steers. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/play_iperf3.h"

#define STEER (150 * IPERF_MS)  /* for what the server is to do */
#define MISSED (10 * IPERF_MS)  /* the same, when it has not done something before */
#define SENDS IPERF_S

static struct play *play_begin(struct blackbox *box, const struct case_file *file)
{
	struct play *play = calloc(1, sizeof *play + file->step_count * sizeof play->done_ns[0]);
	struct play_result *result = calloc(1, sizeof *result);

	if (!play || !result) {
		free(play);
		free(result);
		return NULL;
	}
	play->profile = file->profile == CASE_IPERF3 ? &play_iperf3 : &play_text;
	play->player = box->player;
	play->wire = &box->player->wire;
	play->file = file;
	play->result = result;
	play->step = file->steps;
	play->start_ns = play->end_ns = wire_now();
	if (play->profile->begin(play))
		return play;
	blackbox_play_end(play);
	return NULL;
}

void blackbox_play_end(struct play *play)
{
	if (!play)
		return;
	wire_clear(play->wire);
	play->profile->end(play);
	json_decref(play->result->steps);
	json_decref(play->result->said);
	json_decref(play->result->cookies);
	free(play->result->output);
	free(play->result);
	free(play);
}

/* $cookie = pieces */
static void set_cookie(struct play *play)
{
	uint8_t *to = (uint8_t *)(uintptr_t)play->profile->cookie(play, play->step->cookie);
	uint8_t octets[PLAY_COOKIE_MAX];
	size_t length = play_pieces(play, octets, case_cookie_length(play->file));

	memcpy(to, octets, length);
}

/* What the server refuses is not tried again: it is an input, too. */
static void expect(struct play *play)
{
	if (play->file->profile == CASE_IPERF3)
		iperf3_label(play)->lines = 2;
	play->profile->expect(play);
}

static void do_step(struct play *play, bool *missed, bool *held)
{
	bool does = case_is_action(play->file, play->step);

	play->deadline_ns = wire_now() + (does ? SENDS : *missed ? MISSED : STEER);
	if (play->step->what == CASE_WAIT)
		play_pause(play, wire_now() + play_time(play, &play->step->time));
	else if (play->step->what == CASE_SET_COOKIE)
		set_cookie(play);
	else if (does)
		play->profile->act(play);
	else
		expect(play);
	*held = play_goes_on(play);
	*missed = *missed || (!does && !*held);
	play->passing_over = false;
	if (play->result->verdict == PLAY_FAIL)
		play->result->verdict = PLAY_PASS;
	play->end_ns = wire_now();
}

struct play *blackbox_play(struct blackbox *box, const struct case_file *file, bool *held)
{
	struct play *play = play_begin(box, file);
	bool missed = false;

	for (size_t i = 0; play && i < file->step_count; i++) {
		char text[100];

		play->index = i;
		play->step = &file->steps[i];
		do_step(play, &missed, &held[i]);
		if (!play_goes_on(play) || blackbox_server_ended(box, text, sizeof text))
			break;
	}
	return play;
}
