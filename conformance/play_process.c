/* The program under test, when the runner starts it: a client, or a server afresh for each case. */
#include "conformance/play_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ROOM 4096 /* octets of output that are kept */
#define LISTENS (5 * IPERF_S)

/* The server is to be on a port of its own. */
static bool choose_port(struct play *play)
{
	struct player *player = play->player;
	struct sockaddr_in *address = (struct sockaddr_in *)&player->address;

	player->port = launch_free_port();
	memset(&player->address, 0, sizeof player->address);
	address->sin_family = AF_INET;
	address->sin_port = htons(player->port);
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	player->address_length = sizeof *address;
	if (player->port == 0)
		play_untested(play, "no port is free");
	return player->port != 0;
}

static bool await_listener(struct play *play)
{
	char words[300], how[80];

	if (launch_listens(&play->launch, play->player->port, LISTENS))
		return true;
	play_last_words(play, words, sizeof words);
	if (launch_ended(&play->launch)) {
		launch_status_text(&play->launch, how, sizeof how);
		play_untested(play, "the server has ended %s before it listened on port %u%s", how, play->player->port, words);
	} else {
		play_untested(play, "the server does not listen on port %u after %d s%s", play->player->port,
			      (int)(LISTENS / IPERF_S), words);
	}
	return false;
}

/* The runner listens, unless the case begins with a refusal: then the client finds nobody from the first. */
static bool prepare_listener(struct play *play)
{
	int error;

	if (play->file->steps[0].what == CASE_REFUSE) {
		wire_refuse(play->wire);
		return true;
	}
	error = wire_accept(play->wire, play->player->port);
	if (error < 0)
		play_untested(play, "port %u cannot be listened on again: %s", play->player->port, strerror(-error));
	return error >= 0;
}

bool play_start(struct play *play)
{
	struct player *player = play->player;
	const struct case_file *file = play->file;
	struct launch_values values = {
		.host = player->host, .streams = file->streams, .bytes = file->bytes, .udp = file->udp, .file = file,
	};
	char **words;
	int error;

	if (file->role == CASE_CLIENT && !prepare_listener(play))
		return false;
	if (!play_launched(play))
		return true;
	if (file->role == CASE_SERVER && !choose_port(play))
		return false;
	values.port = player->port;
	words = launch_words(player->command, &values);
	error = words ? launch_start(&play->launch, words) : -ENOMEM;
	launch_free_words(words);
	if (error) {
		play_untested(play, "%s could not be started: %s", player->command[0], strerror(-error));
		return false;
	}
	play->wire->also = play->launch.pidfd;
	return file->role == CASE_CLIENT || await_listener(play);
}

bool play_peer_ended(struct play *play)
{
	if (!play_launched(play))
		return false;
	if (play->peer_end_ns == 0 && launch_ended(&play->launch)) {
		play->peer_end_ns = wire_now();
		play->wire->also = -1;
	}
	return play->peer_end_ns != 0;
}

/* A server goes on after a test, unless the case knows better. */
static void expect_alive(struct play *play)
{
	char how[80];

	if (play->file->role == CASE_CLIENT || !play_peer_ended(play) || !play_goes_on(play) ||
	    case_option(play->file, "one-off"))
		return;
	for (size_t i = 0; i < play->file->step_count; i++)
		if (play->file->steps[i].what == CASE_EXIT || play->file->steps[i].what == CASE_SIGNAL)
			return;
	launch_status_text(&play->launch, how, sizeof how);
	play_fail_as(play, play->file->tests[0], "the server goes on", "the server has ended %s", how);
}

void play_stop(struct play *play)
{
	struct play_result *result = play->result;

	play->wire->also = -1;
	if (!play_launched(play) || play->launch.pid == 0)
		return;
	expect_alive(play);
	launch_stop(&play->launch);
	result->has_exit = !play->launch.stopped && WIFEXITED(play->launch.status);
	result->exit_status = result->has_exit ? WEXITSTATUS(play->launch.status) : -1;
	result->output = malloc(ROOM);
	if (result->output)
		launch_output(&play->launch, result->output, ROOM);
	launch_free(&play->launch);
}

void play_signal(struct play *play)
{
	if (play_launched(play))
		launch_signal(&play->launch, (int)play->step->number);
}

/* Its last line, in words. */
void play_last_words(const struct play *play, char *text, size_t size)
{
	char output[ROOM], *line;
	size_t length = launch_output(&play->launch, output, sizeof output);

	while (length > 0 && (output[length - 1] == '\n' || output[length - 1] == ' '))
		output[--length] = '\0';
	line = strrchr(output, '\n');
	snprintf(text, size, "%s%.250s", length ? "; it says: " : "; it says nothing", line ? line + 1 : output);
}

void play_exit(struct play *play)
{
	int64_t deadline_ns = play_deadline(play);
	char how[80], words[300];
	bool success;

	if (!play_launched(play))
		return; /* somebody started it by hand */
	while (play_goes_on(play) && !play_peer_ended(play))
		if (!play_wait(play, deadline_ns))
			break;
	if (!play_goes_on(play))
		return;
	play_last_words(play, words, sizeof words);
	if (!play_peer_ended(play)) {
		play_fail(play, IPERF_R_NONE, "the %s has not ended after %.3f s%s", play_peer(play),
			  (double)(wire_now() - play_base(play)) / 1e9, words);
		return;
	}
	play->done_ns[play->index] = play->peer_end_ns;
	launch_status_text(&play->launch, how, sizeof how);
	success = WIFEXITED(play->launch.status) && WEXITSTATUS(play->launch.status) == 0;
	if ((success != play->step->success && !play->step->any_status) || WIFSIGNALED(play->launch.status))
		play_fail(play, IPERF_R_NONE, "the %s has ended %s%s", play_peer(play), how, words);
	else if (play->step->has_not_before &&
		 play->peer_end_ns - play_base(play) < play_time(play, &play->step->not_before))
		play_fail(play, IPERF_R_NONE, "the %s has ended after %.3f s", play_peer(play),
			  (double)(play->peer_end_ns - play_base(play)) / 1e9);
}

/* Whether one of the alternatives, separated by |, is in text. */
static bool says_one(const char *text, const char *alternatives)
{
	char one[200];

	while (*alternatives) {
		size_t length = strcspn(alternatives, "|");

		snprintf(one, sizeof one, "%.*s", (int)length, alternatives);
		if (length > 0 && strcasestr(text, one))
			return true;
		alternatives += length + (alternatives[length] == '|');
	}
	return false;
}

void play_says(struct play *play)
{
	int64_t deadline_ns = play_deadline(play);
	char output[ROOM], words[300];

	if (!play_launched(play))
		return;
	for (;;) {
		bool over = play_peer_ended(play);

		launch_output(&play->launch, output, sizeof output);
		if (says_one(output, play->step->text) || !play_goes_on(play))
			return;
		if (over || !play_wait(play, deadline_ns < wire_now() + 50 * IPERF_MS ? deadline_ns : wire_now() + 50 * IPERF_MS))
			if (over || wire_now() >= deadline_ns)
				break;
	}
	play_last_words(play, words, sizeof words);
	play_fail(play, IPERF_R_NONE, "the %s does not say it%s", play_peer(play), words);
}
