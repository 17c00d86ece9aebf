/* iperf-conform record and iperf-conform replay: cases from captures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conformance/command_run.h"
#include "conformance/launch.h"
#include "conformance/record.h"
#include "proto/limits.h"

static const char record_usage[] =
	"usage: iperf-conform record [options] FILE\n"
	"\n"
	"Makes a case of each test in a capture, of either profile: a failure in the field becomes a regression test.\n"
	"\n"
	"  -o, --output DIR       write them there, a file each; otherwise to standard output\n"
	"      --role ROLE        whom the cases test: server, or client (server)\n"
	"  -p, --port PORT        look at servers on this port only; otherwise they are found\n"
	"      --same-cookies     the cookies of the capture, not fresh ones\n"
	"      --speed X          how fast pauses are played: 1 as captured, 2 in half the time, max without them (max)\n"
	"      --findings         name what 'check' finds broken by that role in the capture\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 all tests were recorded, 2 wrong usage, 3 one could not be, or the file could not be read.\n"
	"\n"
	"Example: iperf-conform record -o mine field.pcap   and then   iperf-conform server HOST --cases mine field\n";

static const char replay_usage[] =
	"usage: iperf-conform replay [options] FILE HOST\n"
	"       iperf-conform replay [options] --as server FILE -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Plays the client's side of the tests in a capture against a live server, or with '--as server' the server's side\n"
	"against a client, which COMMAND starts (see 'iperf-conform client --help'). The peer has to do what SPEC.md demands\n"
	"where the capture shows its reaction.\n"
	"\n"
	"  -p, --port PORT        the server's port (5201); of the server that is played (a free one)\n"
	"      --as SIDE          client or server: the side that is played (client)\n"
	"      --same-cookies     the cookies of the capture, not fresh ones\n"
	"      --speed X          how fast: 1 at captured pace, 2 in half the time, max without pauses (1)\n"
	"  -4, -6                 IPv4 or IPv6 only\n"
	"      --strict, --timers H,B,I, --t-results S, --dry-run, --name NAME, --tap, --json FILE, --junit FILE,\n"
	"      --html FILE, --pcap FILE, --fail-fast, -q\n"
	"                         as for 'iperf-conform server'\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 could not be tested.\n"
	"\n"
	"Example: iperf-conform replay field.pcap localhost -p 5201\n";

/* --- record ------------------------------------------------------------------------------------------------------ */

struct recording {
	const char *folder; /* NULL: standard output */
	size_t written, skipped;
	bool failed;
};

static bool write_case(const struct recording *recording, const struct case_file *file)
{
	char name[sizeof file->id], path[4096];
	FILE *out;
	bool done;

	if (!recording->folder)
		return printf("%s%s", recording->written ? "\n" : "", file->text) >= 0;
	snprintf(name, sizeof name, "%s", file->id);
	for (char *c = name; *c; c++)
		*c = *c == '/' ? '-' : *c;
	snprintf(path, sizeof path, "%s/%s.case", recording->folder, name);
	out = fopen(path, "w");
	done = out && fputs(file->text, out) != EOF;
	if (out && fclose(out) != 0)
		done = false;
	if (done)
		printf("%s: %s\n", path, file->title);
	else
		fprintf(stderr, "iperf-conform record: %s: %s\n", path, strerror(errno));
	return done;
}

static void on_recorded(void *user, struct case_file *file)
{
	struct recording *recording = user;

	recording->failed |= !write_case(recording, file);
	recording->written++;
	case_free(file);
}

static void on_skipped(void *user, const char *sentence)
{
	struct recording *recording = user;

	recording->skipped++;
	fprintf(stderr, "iperf-conform: %s\n", sentence);
}

enum { ROLE = 256, SAME_COOKIES, SPEED, FINDINGS };

static const struct option record_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "role", required_argument, NULL, ROLE },
	{ "port", required_argument, NULL, 'p' },
	{ "same-cookies", no_argument, NULL, SAME_COOKIES },
	{ "speed", required_argument, NULL, SPEED },
	{ "findings", no_argument, NULL, FINDINGS },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int take_option(int option, struct record_options *options, struct recording *recording)
{
	switch (option) {
	case 'o':
		recording->folder = optarg;
		return -1;
	case ROLE:
		options->role = strcmp(optarg, "client") == 0 ? CASE_CLIENT : CASE_SERVER;
		return strcmp(optarg, "client") == 0 || strcmp(optarg, "server") == 0 ?
			       -1 : command_complain("record", "--role", optarg, "'server' or 'client' is expected");
	case 'p':
		return command_port(optarg, false, &options->port) ?
			       -1 : command_complain("record", "-p", optarg, "a port is a number from 1 to 65535");
	case SAME_COOKIES:
		options->same_cookies = true;
		return -1;
	case SPEED:
		return command_speed(optarg, &options->pace) ?
			       -1 : command_complain("record", "--speed", optarg, "a factor is expected, or 'max'");
	case FINDINGS:
		options->findings = true;
		return -1;
	case 'h':
		return command_help(record_usage);
	default:
		fputs("try 'iperf-conform record --help'\n", stderr);
		return STATUS_USAGE;
	}
}

int command_record(int argc, char *argv[])
{
	struct record_options options = { .role = CASE_SERVER };
	struct recording recording = { .folder = NULL };
	const struct record_sink sink = { on_recorded, on_skipped, &recording };
	char error[RECORD_ERROR_SIZE];
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "o:p:h", record_options, NULL)) != -1)
		status = take_option(option, &options, &recording);
	if (status < 0 && optind + 1 != argc)
		status = command_complain("record", "FILE", "", "name one capture, or - for standard input");
	if (status >= 0)
		return status;
	if (recording.folder && mkdir(recording.folder, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "iperf-conform record: %s: %s\n", recording.folder, strerror(errno));
		return STATUS_UNTESTED;
	}
	if (!record_file(argv[optind], &options, &sink, error)) {
		fprintf(stderr, "iperf-conform: %s\n", error);
		recording.failed = true;
	}
	if (fflush(stdout) != 0)
		recording.failed = true;
	return recording.failed || recording.skipped || !recording.written ? STATUS_UNTESTED : STATUS_CONFORMS;
}

/* --- replay ------------------------------------------------------------------------------------------------------ */

struct replay {
	struct case_file **cases;
	size_t count, room, skipped;
};

static void keep(void *user, struct case_file *file)
{
	struct replay *replay = user;

	if (replay->count == replay->room) {
		size_t room = replay->room ? 2 * replay->room : 8;
		struct case_file **cases = realloc(replay->cases, room * sizeof *cases);

		if (!cases) {
			case_free(file);
			replay->skipped++;
			return;
		}
		replay->cases = cases;
		replay->room = room;
	}
	replay->cases[replay->count++] = file;
}

static void note_skipped(void *user, const char *sentence)
{
	struct replay *replay = user;

	replay->skipped++;
	fprintf(stderr, "iperf-conform: %s\n", sentence);
}

static void take_capture(const struct command *c, struct replay *replay)
{
	const struct record_options options = {
		.role = c->role, .same_cookies = c->same_cookies, .pace = c->pace,
		.findings = strcmp(c->capture, "-") != 0, /* what was broken in the capture, is what is tested here */
	};
	const struct record_sink sink = { keep, note_skipped, replay };
	char error[RECORD_ERROR_SIZE];

	if (!record_file(c->capture, &options, &sink, error))
		note_skipped(replay, error);
}

static struct replay recorded; /* what is played */

static int play_recorded(struct command *c, char *const words[], size_t count)
{
	(void)words, (void)count;
	return command_play(c, recorded.cases, recorded.count);
}

/* The profile of the peer is that of the first case: a peer of both is asked in the way of the text profile. */
static void set_profile(struct command *c)
{
	c->run.about.profile = recorded.cases[0]->profile;
	if (c->run.about.profile != CASE_IPERF3 || !c->player.command)
		return;
	c->completed = launch_complete(c->player.command, c->role);
	if (c->completed)
		c->player.command = c->completed;
}

static int play_capture(struct command *c)
{
	int status = STATUS_UNTESTED;

	take_capture(c, &recorded);
	if (recorded.count > 0) {
		set_profile(c);
		status = c->role == CASE_SERVER ? command_against_server(c, play_recorded, NULL, 0) :
						  command_against_client(c, play_recorded, NULL, 0);
	}
	for (size_t i = 0; i < recorded.count; i++)
		case_free(recorded.cases[i]);
	free(recorded.cases);
	return status == STATUS_CONFORMS && recorded.skipped ? STATUS_UNTESTED : status;
}

int command_replay(int argc, char *argv[])
{
	struct command c = { .name = "replay", .role = CASE_SERVER, .help = replay_usage, .port = 0 };
	int status, mine = 1;

	command_defaults(&c, argv);
	recorded = (struct replay){ .cases = NULL };
	while (mine < argc && strcmp(argv[mine], "--") != 0)
		mine++;
	c.command = c.player.command = mine < argc ? argv + mine + 1 : NULL;
	status = command_options(&c, mine, argv);
	if (status < 0 && mine - optind != (c.role == CASE_SERVER ? 2 : 1))
		status = command_complain(c.name, "arguments", "", c.role == CASE_SERVER ?
					  "a capture and the server's host are expected" :
					  "one capture is expected, and after -- how the client is started");
	if (status < 0 && c.role == CASE_CLIENT && (!c.player.command || !c.player.command[0]))
		status = command_complain(c.name, "no command", "", "after --, say how the client is started");
	if (status < 0) {
		c.capture = argv[optind];
		if (c.role == CASE_SERVER)
			c.host = argv[optind + 1];
		if (c.role == CASE_SERVER && c.port == 0)
			c.port = IPERF_PORT;
		status = play_capture(&c);
	}
	player_free(&c.player);
	free(c.completed);
	return status;
}
