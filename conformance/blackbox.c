#include "conformance/blackbox_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/command.h"
#include "conformance/run.h"
#include "conformance/shortage.h"

#define LISTENS (5 * IPERF_S)
#define READY (2 * IPERF_S)

/* --- the server --------------------------------------------------------------------------------------------------- */

bool blackbox_start(struct blackbox *box)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&box->player->address;
	struct launch_values values = { .host = "127.0.0.1", .streams = 1, .bytes = 1000, .file = box->clean };
	char **words, text[100];
	int error;

	if (!box->command || box->launched)
		return true;
	values.port = box->player->port = launch_free_port();
	memset(&box->player->address, 0, sizeof box->player->address);
	address->sin_family = AF_INET;
	address->sin_port = htons(box->player->port);
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	box->player->address_length = sizeof *address;
	words = launch_words(box->command, &values);
	error = words ? launch_start(&box->launch, words) : -ENOMEM;
	launch_free_words(words);
	if (error) {
		snprintf(box->stopped, sizeof box->stopped, "%s could not be started: %s", box->command[0], strerror(-error));
		return false;
	}
	box->launched = true;
	if (launch_listens(&box->launch, box->player->port, LISTENS))
		return true;
	if (blackbox_server_ended(box, text, sizeof text))
		snprintf(box->stopped, sizeof box->stopped, "the server does not listen on port %u: it has ended %s",
			 box->player->port, text);
	else
		snprintf(box->stopped, sizeof box->stopped, "the server does not listen on port %u", box->player->port);
	return false;
}

void blackbox_stop(struct blackbox *box)
{
	if (!box->launched)
		return;
	launch_stop(&box->launch);
	launch_free(&box->launch);
	box->launched = false;
}

bool blackbox_server_ended(struct blackbox *box, char *text, size_t size)
{
	if (!box->launched || !launch_ended(&box->launch))
		return false;
	launch_status_text(&box->launch, text, size);
	return true;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static bool is_ready(struct blackbox *box)
{
	bool recovers = !box->command && box->inputs > 0; /* one that we cannot start again may be waited for */
	char text[350];

	if (!blackbox_start(box))
		return false;
	if (blackbox_is_served(box, READY + (recovers ? blackbox_longest_timer(box) : 0), text, sizeof text))
		return true;
	if (!blackbox_interrupted(box) && !*box->stopped)
		snprintf(box->stopped, sizeof box->stopped, "a clean test does not work: %s", text);
	return false;
}

static void try_input(struct blackbox *box, const struct blackbox_input *input)
{
	struct blackbox_fault fault = { .kind = BLACKBOX_FINE, .stream = -1 };
	bool *held = calloc(input->file->step_count + 1, sizeof *held);
	struct play *play = held ? blackbox_play(box, input->file, held) : NULL;

	if (play && !blackbox_interrupted(box))
		blackbox_judge(box, input, play, &fault);
	blackbox_play_end(play);
	if (fault.kind != BLACKBOX_FINE && fault.kind != BLACKBOX_UNTESTED) {
		blackbox_found(box, input, held, &fault);
		blackbox_stop(box);
		if (!blackbox_interrupted(box))
			is_ready(box);
	}
	free(held);
}

static void fuzz(struct blackbox *box)
{
	uint64_t count = box->options->count;

	while (!blackbox_over(box) && (count == 0 || box->inputs < count)) {
		struct blackbox_input input;

		if (!blackbox_input_make(&box->corpus, box->options->seed, ++box->inputs, &input))
			continue;
		blackbox_report_progress(box, "");
		try_input(box, &input);
		blackbox_input_free(&input);
	}
}

static void show(const struct blackbox *box)
{
	for (uint64_t number = 1; number <= (box->options->count ? box->options->count : 10); number++) {
		struct blackbox_input input;

		if (!blackbox_input_make(&box->corpus, box->options->seed, number, &input))
			continue;
		printf("// %llu%s\n", (unsigned long long)number, input.stalls ? ", then silence" : "");
		for (size_t i = 0; i < input.lines.count; i++)
			puts(input.lines.line[i]);
		blackbox_input_free(&input);
	}
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* What cannot be written, is better known before the run. */
static bool can_report(struct blackbox *box)
{
	const char *path = box->options->json;

	if (run_can_write(path))
		return true;
	snprintf(box->stopped, sizeof box->stopped, "%s: cannot be written: %s", path, strerror(errno));
	return false;
}

static bool can_save(struct blackbox *box)
{
	const char *out = box->options->out;
	struct stat status;

	if (!out || mkdir(out, 0777) == 0)
		return true;
	if (errno == EEXIST && stat(out, &status) == 0) {
		if (!S_ISDIR(status.st_mode))
			errno = ENOTDIR;
		else if (access(out, W_OK | X_OK) == 0)
			return true;
	}
	snprintf(box->stopped, sizeof box->stopped, "%s: cannot be written: %s", out, strerror(errno));
	return false;
}

static int status_of(const struct blackbox *box, bool written)
{
	if (!written)
		return STATUS_UNTESTED;
	if (box->finding_count > 0)
		return STATUS_BROKEN;
	if (blackbox_was_interrupted(box))
		return STATUS_UNTESTED;
	return *box->stopped || box->inputs == 0 ? STATUS_UNTESTED : STATUS_CONFORMS;
}

static int run(struct blackbox *box)
{
	bool written;

	box->player->command = NULL;
	wire_init(&box->probe.wire);
	memcpy(box->probe.timers, box->player->timers, sizeof box->probe.timers);
	box->probe.interrupted = box->player->interrupted;
	box->from_ns = wire_now();
	blackbox_report_begin(box);
	if (can_report(box) && can_save(box) && is_ready(box))
		fuzz(box);
	blackbox_stop(box);
	written = blackbox_report_end(box);
	player_free(&box->probe);
	box->player->command = box->command;
	return status_of(box, written);
}

int blackbox_run(struct player *player, struct case_file *const cases[], size_t count,
		 const struct blackbox_options *options)
{
	struct blackbox *box = calloc(1, sizeof *box);
	int status = STATUS_UNTESTED;

	if (!box)
		return status;
	box->player = player;
	box->command = player->command;
	box->options = options;
	box->clean = blackbox_clean_case(options->profile, false);
	if (options->profile == CASE_IPERF3)
		box->clean_udp = blackbox_clean_case(options->profile, true);
	if (!box->clean || (options->profile == CASE_IPERF3 && !box->clean_udp))
		shortage_end(); /* it is our own text: nothing else can be wrong */
	blackbox_corpus_make(&box->corpus, options->profile, cases, count);
	if (options->dry_run) {
		show(box);
		status = fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
	} else if (box->corpus.count > 0) {
		status = run(box);
	} else {
		fputs("iperf-conform fuzz: these cases have nothing to change\n", stderr);
	}
	blackbox_corpus_free(&box->corpus);
	case_free(box->clean);
	case_free(box->clean_udp);
	free(box);
	return status;
}
