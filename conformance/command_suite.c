/* iperf-conform server and iperf-conform client: run the suite. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/command_run.h"
#include "conformance/suite.h"
#include "proto/limits.h"

#define COMMON_USAGE                                                                                                   \
	"      --cases DIR        more cases, from the files *.case in DIR; may be repeated\n"                         \
	"      --profile PROFILE  text, or iperf3: Part II of SPEC.md (text)\n"                                        \
	"      --only seed        only what the original text itself demands; with --profile iperf3, --only observed:\n" \
	"                         only what was observed of deployed programs\n"                                       \
	"      --strict           a SHOULD that is not followed counts\n"                                              \
	"      --timers H,B,I     the peer's T_hello, T_begin and T_idle in seconds (10,10,60)\n"                      \
	"                         or by name, in any number: T_read=0.5,T_silence=1,T_over=1,T_reply=1 (10,120,40,30)\n" \
	"      --t-results S      a client's T_results in seconds (10)\n"                                              \
	"      --expect FILE      lines 'CASE VERDICT reason': the run is to be as they say; else all is to pass\n"    \
	"      --jobs N           cases at a time, of a program that the runner starts (1)\n"                         \
	"      --fail-fast        end the run at the first failure\n"                                                  \
	"      --dry-run          show which cases would run\n"                                                        \
	"      --name NAME        what the reports call the peer\n"                                                    \
	"      --tap              TAP 14, also on a terminal\n"                                                        \
	"      --json FILE        write the outcome as JSON; - is standard output, here and below\n"                   \
	"      --junit FILE       write JUnit XML\n"                                                                   \
	"      --html FILE        write one page of HTML\n"                                                            \
	"      --pcap FILE        write what was said as a capture\n"                                                  \
	"  -q, --quiet            the last line only\n"                                                                \
	"  -h, --help             this text\n"                                                                         \
	"\n"                                                                                                           \
	"Sections are those of SPEC.md: 4.2 runs a section, 4.2/3 one case, R-4.2-1 what tests a requirement, nothing\n" \
	"all. On a terminal failures are shown as they come; otherwise the output is TAP 14.\n"                        \
	"\n"                                                                                                           \
	"Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 could not be tested.\n"                                 \
	"\n"

static const char server_usage[] =
	"usage: iperf-conform server [options] HOST [SECTION...]\n"
	"       iperf-conform server [options] [SECTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Tests a server: plays its clients, the colliding clients and the strangers. A COMMAND is started for each case, on a\n"
	"free port, for which {port} stands in it; {name:TEXT} stands for TEXT when the case says name, % in it for the value.\n"
	"With --profile iperf3 and no { at all, what iperf3 understands is added.\n"
	"\n"
	"  -p, --port PORT        its TCP and UDP port (5201)\n"
	"  -4, --version4         IPv4 only\n"
	"  -6, --version6         IPv6 only\n"
	COMMON_USAGE
	"Example: iperf-conform server localhost -p 5201 --html report.html\n"
	"         iperf-conform server --profile iperf3 -- iperf3\n";

static const char client_usage[] =
	"usage: iperf-conform client [options] [SECTION...] -- COMMAND [ARGUMENT...]\n"
	"\n"
	"Tests a client: plays its server, and starts COMMAND for each case. In the command and its arguments {host} and\n"
	"{port} stand for the server, {streams}, {bytes} and {transport} (tcp or udp) for what the case needs;\n"
	"{udp:TEXT} and {tcp:TEXT} stand for TEXT with that transport, and for nothing with the other. {name:TEXT} stands for\n"
	"TEXT when the case says name, % in it for the value. With --profile iperf3 and no { at all, what iperf3 understands\n"
	"is added.\n"
	"\n"
	"  -p, --port PORT        listen here (a free port)\n"
	"  -B, --host HOST        what {host} stands for (127.0.0.1)\n"
	COMMON_USAGE
	"Example: iperf-conform client -- iperf-ref -c {host} -p {port} -P {streams} -n {bytes} {udp:-u}\n"
	"         iperf-conform client --profile iperf3 -- iperf3\n";

/* --- cases ------------------------------------------------------------------------------------------------------- */

static void say_bad_file(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "iperf-conform: %s\n", text);
}

static int with_cases(struct command *c, char *const words[], size_t word_count)
{
	struct suite suite;
	struct suite_filter filter = { .role = c->role, .profile = c->run.about.profile,
				       .only_seed = c->run.about.only_seed };
	const char *dirs[COMMAND_DIRS_MAX + 2] = { suite_default_dir() };
	struct case_file **cases = NULL;
	char text[300];
	size_t count = 0;
	int status;

	memcpy(dirs + 1, c->dirs, c->dir_count * sizeof *dirs);
	if (!suite_load(&suite, dirs, c->dir_count + 1, say_bad_file, NULL)) {
		status = STATUS_USAGE;
	} else if (!suite_select(&suite, &filter, words, word_count, &cases, &count, text, sizeof text)) {
		fprintf(stderr, "iperf-conform %s: %s\n", c->name, text);
		status = STATUS_USAGE;
	} else {
		status = command_play(c, cases, count);
	}
	free(cases);
	suite_free(&suite);
	return status;
}

/* --- the commands ------------------------------------------------------------------------------------------------ */

/* What stands behind "--" is the command that starts the program under test. Returns how many arguments stand before. */
static int cut_command(struct command *c, int argc, char *argv[])
{
	int mine = 1;

	while (mine < argc && strcmp(argv[mine], "--") != 0)
		mine++; /* what follows are the program's own options */
	c->command = c->player.command = mine < argc ? argv + mine + 1 : NULL;
	return mine;
}

/* A command of the iperf3 profile that has no place is one that iperf3 understands. */
static void complete(struct command *c)
{
	if (c->run.about.profile != CASE_IPERF3 || !c->player.command)
		return;
	c->completed = launch_complete(c->player.command, c->role);
	if (c->completed)
		c->player.command = c->completed;
}

int command_server(int argc, char *argv[])
{
	struct command c = { .name = "server", .role = CASE_SERVER, .help = server_usage, .port = IPERF_PORT };
	int mine = cut_command(&c, argc, argv), status;

	command_defaults(&c, argv);
	status = command_options(&c, mine, argv);
	complete(&c);
	if (status < 0 && c.player.command && !c.player.command[0])
		status = command_complain(c.name, "no command", "", "after --, say how the server is started");
	if (status < 0 && !c.player.command && optind == mine && !c.dry_run)
		status = command_complain(c.name, "no host", "", "name the server's host or address");
	if (status < 0 && c.player.command && !launch_has(c.player.command, "port"))
		status = command_complain(c.name, "no {port} in the command", "", "each case has a server on a port of its own");
	if (status < 0 && c.dry_run) {
		bool host = optind < mine && !c.player.command;

		status = with_cases(&c, argv + optind + host, (size_t)(mine - optind) - host);
	} else if (status < 0 && c.player.command) {
		status = command_starting_server(&c, with_cases, argv + optind, (size_t)(mine - optind));
	} else if (status < 0) {
		c.host = argv[optind++];
		status = command_against_server(&c, with_cases, argv + optind, (size_t)(mine - optind));
	}
	player_free(&c.player);
	free(c.completed);
	return status;
}

int command_client(int argc, char *argv[])
{
	struct command c = { .name = "client", .role = CASE_CLIENT, .help = client_usage };
	int mine = cut_command(&c, argc, argv), status;

	command_defaults(&c, argv);
	status = command_options(&c, mine, argv);
	complete(&c);
	if (status < 0 && !c.dry_run && (!c.player.command || !c.player.command[0]))
		status = command_complain(c.name, "no command", "", "after --, say how the client is started");
	if (status < 0 && !c.dry_run && c.port == 0 && !launch_has(c.player.command, "port"))
		status = command_complain(c.name, "no {port} in the command", "",
					  "the runner listens on a free port, or on a fixed one with -p");
	if (status < 0 && c.dry_run)
		status = with_cases(&c, argv + optind, (size_t)(mine - optind));
	else if (status < 0)
		status = command_against_client(&c, with_cases, argv + optind, (size_t)(mine - optind));
	player_free(&c.player);
	free(c.completed);
	return status;
}
