/* iperf-conform fuzz: look for inputs that a server does not bear. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "conformance/blackbox.h"
#include "conformance/command_run.h"
#include "conformance/suite.h"
#include "proto/limits.h"

static const char usage[] =
	"usage: iperf-conform fuzz server [options] HOST [SECTION...]\n"
	"       iperf-conform fuzz server [options] [SECTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Plays mutated cases against a server, and sees after each whether it lives, ends silent connections within its\n"
	"timers, and serves a clean test. What it does not bear is reduced, and saved as a case and a capture. A COMMAND is\n"
	"started, and again after a finding, on a free port, for which {port} stands in it. With --profile iperf3 and no {\n"
	"at all, what iperf3 understands is added.\n"
	"\n"
	"  -p, --port PORT        its TCP and UDP port (5201)\n"
	"  -4, --version4         IPv4 only\n"
	"  -6, --version6         IPv6 only\n"
	"      --profile PROFILE  text, or iperf3: Part II of SPEC.md (text)\n"
	"      --seed N           the same seed gives the same inputs in the same order (of the time)\n"
	"      --time SECONDS     so long, and what is being looked at (60, without --count)\n"
	"      --count N          so many inputs\n"
	"      --findings N       end after so many findings; 1 suits CI\n"
	"      --timers H,B,I     the server's T_hello, T_begin and T_idle in seconds (10,10,60)\n"
	"                         or by name: T_read=0.5,T_silence=1 (10,120)\n"
	"  -o, --output DIR       where findings are saved (fuzz-findings)\n"
	"      --cases DIR        more cases to begin with, from the files *.case in DIR; may be repeated\n"
	"      --name NAME        what the reports call the server\n"
	"      --dry-run          show the first inputs\n"
	"      --tap              TAP 14, also on a terminal\n"
	"      --json FILE        write the outcome as JSON; - is standard output\n"
	"  -h, --help             this text\n"
	"\n"
	"Sections are those of SPEC.md: 22.4 changes the cases of a section, 22.4/3 one case, nothing all.\n"
	"\n"
	"Exit status: 0 nothing found, 1 findings, 2 wrong usage, 3 could not be tested.\n"
	"\n"
	"Example: iperf-conform fuzz server localhost --profile iperf3 --time 600\n"
	"         iperf-conform fuzz server --profile iperf3 --timers T_read=1,T_silence=5 -- iperf3\n";

enum { PROFILE = 256, SEED, TIME, COUNT, FINDINGS, TIMERS, CASES, NAME, DRY_RUN, TAP, JSON };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "version4", no_argument, NULL, '4' },
	{ "version6", no_argument, NULL, '6' },
	{ "profile", required_argument, NULL, PROFILE },
	{ "seed", required_argument, NULL, SEED },
	{ "time", required_argument, NULL, TIME },
	{ "count", required_argument, NULL, COUNT },
	{ "findings", required_argument, NULL, FINDINGS },
	{ "timers", required_argument, NULL, TIMERS },
	{ "output", required_argument, NULL, 'o' },
	{ "cases", required_argument, NULL, CASES },
	{ "name", required_argument, NULL, NAME },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "tap", no_argument, NULL, TAP },
	{ "json", required_argument, NULL, JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct fuzz {
	struct command command; /* first: what is given to a command_run is this */
	struct blackbox_options options;
};

/* --- options ------------------------------------------------------------------------------------------------------ */

static int wrong(const char *option, const char *allowed)
{
	return command_complain("fuzz server", option, optarg ? optarg : "", allowed);
}

static bool get_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return end != text && !*end && !strchr(text, '-') && errno == 0;
}

/* The options with an argument that may be wrong. Returns -1 to go on, or an exit status. */
static int take_value(struct fuzz *fuzz, int option)
{
	struct command *c = &fuzz->command;

	switch (option) {
	case 'p':
		return command_port(optarg, false, &c->port) ? -1 : wrong("-p", "a port is a number from 1 to 65535");
	case PROFILE:
		c->run.about.profile = strcmp(optarg, "iperf3") == 0 ? CASE_IPERF3 : CASE_TEXT_PROFILE;
		return strcmp(optarg, "iperf3") == 0 || strcmp(optarg, "text") == 0 ?
			       -1 : wrong("--profile", "'text' or 'iperf3' is expected");
	case SEED:
		return get_number(optarg, &fuzz->options.seed) ? -1 : wrong("--seed", "a number is expected");
	case TIME:
		return command_seconds(optarg, &fuzz->options.time_ns) ?
			       -1 : wrong("--time", "a time in seconds is expected, at most a day: 86400");
	case COUNT:
		return get_number(optarg, &fuzz->options.count) && fuzz->options.count > 0 ?
			       -1 : wrong("--count", "a number from 1 is expected");
	case FINDINGS:
		return get_number(optarg, &fuzz->options.findings) && fuzz->options.findings > 0 ?
			       -1 : wrong("--findings", "a number from 1 is expected");
	case TIMERS:
		return command_named_timers(optarg, c->player.timers) ?
			       -1 : wrong("--timers", "three times in seconds are expected, such as 10,10,60; or timers by name, "
						      "such as T_read=0.5,T_silence=1");
	case CASES:
		if (c->dir_count == COMMAND_DIRS_MAX)
			return wrong("--cases", "too many folders");
		c->dirs[c->dir_count++] = optarg;
		return -1;
	}
	return -1;
}

static int take_option(struct fuzz *fuzz, int option)
{
	switch (option) {
	case 'p': case PROFILE: case SEED: case TIME: case COUNT: case FINDINGS: case TIMERS: case CASES:
		return take_value(fuzz, option);
	case '4': fuzz->command.family = AF_INET; return -1;
	case '6': fuzz->command.family = AF_INET6; return -1;
	case 'o': fuzz->options.out = optarg; return -1;
	case NAME: fuzz->command.run.about.name = optarg; return -1;
	case DRY_RUN: fuzz->options.dry_run = true; return -1;
	case TAP: fuzz->options.tap = true; return -1;
	case JSON: fuzz->options.json = optarg; return -1;
	case 'h': return command_help(usage);
	default:
		fputs("try 'iperf-conform fuzz --help'\n", stderr);
		return STATUS_USAGE;
	}
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void say_bad_file(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "iperf-conform fuzz: %s\n", text);
}

/* What is being looked into then is given up. */
static void give_up_at(int64_t time_ns)
{
	struct itimerval timer = { 0 };

	if (time_ns == 0)
		return;
	timer.it_value.tv_sec = (time_t)((time_ns + BLACKBOX_LATE_NS) / IPERF_S);
	timer.it_value.tv_usec = (suseconds_t)((time_ns + BLACKBOX_LATE_NS) % IPERF_S / 1000);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int run_on(struct fuzz *fuzz, struct case_file *const cases[], size_t count)
{
	struct command *c = &fuzz->command;
	char *host = NULL;
	int status;

	command_interruptible();
	give_up_at(fuzz->options.time_ns);
	fuzz->options.profile = c->run.about.profile;
	fuzz->options.name = c->run.about.name ? c->run.about.name : "";
	if (!c->player.command && !fuzz->options.dry_run && asprintf(&host, " %s -p %u", c->host, c->port) < 0)
		return STATUS_UNTESTED;
	fuzz->options.again_host = host ? host : "";
	fuzz->options.again_tail = c->run.again_tail ? c->run.again_tail : "";
	status = blackbox_run(&c->player, cases, count, &fuzz->options);
	free(host);
	return status;
}

static int with_cases(struct command *c, char *const words[], size_t word_count)
{
	struct suite suite;
	struct suite_filter filter = { .role = CASE_SERVER, .profile = c->run.about.profile };
	const char *dirs[COMMAND_DIRS_MAX + 2] = { suite_default_dir() };
	struct case_file **cases = NULL;
	char text[300];
	size_t count = 0;
	int status = STATUS_USAGE;

	memcpy(dirs + 1, c->dirs, c->dir_count * sizeof *dirs);
	if (!suite_load(&suite, dirs, c->dir_count + 1, say_bad_file, NULL))
		status = STATUS_USAGE;
	else if (!suite_select(&suite, &filter, words, word_count, &cases, &count, text, sizeof text))
		fprintf(stderr, "iperf-conform fuzz: %s\n", text);
	else
		status = run_on((struct fuzz *)c, cases, count);
	free(cases);
	suite_free(&suite);
	return status;
}

static int choose(struct fuzz *fuzz, int mine, char *argv[])
{
	struct command *c = &fuzz->command;

	if (fuzz->options.dry_run) {
		bool host = optind < mine && !c->player.command;

		return with_cases(c, argv + optind + host, (size_t)(mine - optind) - host);
	}
	if (c->player.command && !c->player.command[0])
		return command_complain(c->name, "no command", "", "after --, say how the server is started");
	if (c->player.command && !launch_has(c->player.command, "port"))
		return command_complain(c->name, "no {port} in the command", "", "each server is on a port of its own");
	if (c->player.command)
		return command_starting_server(c, with_cases, argv + optind, (size_t)(mine - optind));
	if (optind == mine)
		return command_complain(c->name, "no host", "", "name the server's host or address");
	c->host = argv[optind++];
	return command_against_server(c, with_cases, argv + optind, (size_t)(mine - optind));
}

static void prepare(struct fuzz *fuzz, int mine, int argc, char *argv[])
{
	struct command *c = &fuzz->command;

	c->command = c->player.command = mine < argc ? argv + mine + 1 : NULL;
	if (fuzz->options.time_ns == 0 && fuzz->options.count == 0)
		fuzz->options.time_ns = 60 * IPERF_S;
	if (c->run.about.profile != CASE_IPERF3 || !c->player.command)
		return;
	c->completed = launch_complete(c->player.command, CASE_SERVER);
	if (c->completed)
		c->player.command = c->completed;
}

int command_fuzz(int argc, char *argv[])
{
	static struct fuzz fuzz = {
		.command = { .name = "fuzz server", .role = CASE_SERVER, .help = usage, .port = IPERF_PORT },
	};
	const char *word = argc > 1 ? argv[1] : "";
	int mine = 1, option, status = -1;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return command_help(usage);
	if (strcmp(word, "server") != 0)
		return command_complain("fuzz", "what to fuzz?", word, "'server' is expected");
	argv[1] = argv[0];
	argv++;
	argc--;
	fuzz.options = (struct blackbox_options){ .seed = (uint64_t)time(NULL), .out = "fuzz-findings" };
	command_defaults(&fuzz.command, argv);
	while (mine < argc && strcmp(argv[mine], "--") != 0)
		mine++; /* what follows are the program's own options */
	while (status < 0 && (option = getopt_long(mine, argv, "p:46o:h", long_options, NULL)) != -1)
		status = take_option(&fuzz, option);
	if (status < 0) {
		prepare(&fuzz, mine, argc, argv);
		status = choose(&fuzz, mine, argv);
	}
	player_free(&fuzz.command.player);
	free(fuzz.command.completed);
	return status;
}
