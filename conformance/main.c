/* iperf-conform: which command. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/shortage.h"

static const struct {
	const char *name;
	int (*run)(int argc, char *argv[]);
	const char *in_messages; /* getopt() begins its messages with it */
	const char *help;
} commands[] = {
	{ "server", command_server, "iperf-conform server", "test a server: the runner is its clients" },
	{ "client", command_client, "iperf-conform client", "test a client: the runner is its server, and starts it" },
	{ "check", command_check, "iperf-conform check", "judge captures" },
	{ "record", command_record, "iperf-conform record", "make cases of the tests in a capture" },
	{ "replay", command_replay, "iperf-conform replay", "play one side of a capture against a live peer" },
	{ "fuzz", command_fuzz, "iperf-conform fuzz", "look for inputs that a server does not bear" },
	{ "list", command_list, "iperf-conform list", "show the cases, and what they test" },
	{ "matrix", command_matrix, "iperf-conform matrix", "put several runs side by side" },
};

#define COMMANDS (sizeof commands / sizeof *commands)

static int help(void)
{
	printf("usage: iperf-conform COMMAND [options] ...\n"
	       "       iperf-conform --help | --version\n"
	       "\n"
	       "Tells which requirements of SPEC.md an implementation of the Iperf protocol breaks.\n"
	       "\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\n"
	       "  -h, --help     this text; after a command, its options\n"
	       "  -V, --version  the version\n"
	       "\n"
	       "Exit status: 0 conforms, 1 does not, 2 wrong usage, 3 could not be tested.\n"
	       "\n"
	       "Example: iperf-conform server localhost -p 5201\n");
	return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
}

static int version(void)
{
	puts("iperf-conform " IPERF_VERSION);
	return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
}

/* Whoever starts the program with a standard descriptor closed is not to find reports in a connection that got its number:
 * what is open in its place cannot be written, or read. */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* A report that nobody can read is none. Whoever has closed the pipe has seen enough, and needs not be told. */
static int close_output(int status)
{
	bool lost;

	errno = 0;
	lost = fflush(stdout) != 0 || ferror(stdout);
	if (lost && errno != EPIPE)
		fprintf(stderr, "iperf-conform: standard output cannot be written: %s\n",
			errno ? strerror(errno) : "it is full, or closed");
	if (shortage_seen()) {
		fprintf(stderr, "iperf-conform: %s: what is reported is not whole, and no verdict\n", shortage_seen());
		return STATUS_UNTESTED;
	}
	return lost && status == STATUS_CONFORMS ? STATUS_UNTESTED : status;
}

int main(int argc, char *argv[])
{
	const char *word = argc > 1 ? argv[1] : "";

	shortage_watch();
	open_standard();
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing, and said so */
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		return close_output(help());
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		return close_output(version());
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, word) == 0) {
			char in_messages[40];

			snprintf(in_messages, sizeof in_messages, "%s", commands[i].in_messages);
			argv[1] = in_messages;
			return close_output(commands[i].run(argc - 1, argv + 1));
		}
	}
	fprintf(stderr, "iperf-conform: %s%s; try 'iperf-conform --help'\n",
		argc > 1 ? "unknown command: " : "what to do? A command is expected", word);
	return STATUS_USAGE;
}
