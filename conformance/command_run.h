/* What the commands that run cases share: options, the peer, the run. */
#ifndef IPERF_CONFORMANCE_COMMAND_RUN_H
#define IPERF_CONFORMANCE_COMMAND_RUN_H

#include <getopt.h>

#include "conformance/command.h"
#include "conformance/run.h"

#define COMMAND_DIRS_MAX 16

struct command {
	const char *name;
	enum case_role role;
	const char *help;
	const char *dirs[COMMAND_DIRS_MAX + 1];
	size_t dir_count;
	const char *host;
	uint16_t port;
	int family;
	bool dry_run;
	/* Of replay. */
	const char *capture;
	bool same_cookies;
	double pace;
	const char *only;            /* --only as it was given; NULL: not */
	const char *misplaced;       /* an option that is not for this command; NULL: none */
	char *const *command;        /* as the user gave it; NULL: none */
	char **completed;            /* player.command, with what its program is told by custom; for free() */
	struct player player;
	struct run_options run;
};

/* Runs what is to be run, once the peer is known. Returns the exit status. */
typedef int command_run(struct command *c, char *const words[], size_t count);

/* Fills what is not set; name, role, help are. arguments is argv, for the report. */
void command_defaults(struct command *c, char *const arguments[]);

/* Takes all options before argc. Returns -1, with the rest in argv from optind on, or an exit status. */
int command_options(struct command *c, int argc, char *argv[]);

/* Runs cases against the server on c->host, or the client that c->player.command starts. */
int command_against_server(struct command *c, command_run *run, char *const words[], size_t count);
int command_starting_server(struct command *c, command_run *run, char *const words[], size_t count);
int command_against_client(struct command *c, command_run *run, char *const words[], size_t count);

/* From here on SIGINT, SIGTERM, SIGHUP and SIGALRM end what is played, and the reports are written. */
void command_interruptible(void);

/* Plays these cases, or with --dry-run shows them. */
int command_play(struct command *c, struct case_file *const cases[], size_t count);

#endif
