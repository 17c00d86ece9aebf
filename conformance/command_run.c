/* What the commands that run cases share. */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conformance/command_run.h"
#include "conformance/suite.h"
#include "proto/limits.h"

/* SPEC 31. */
#define T_READ    (10 * IPERF_S)
#define T_SILENCE (120 * IPERF_S)
#define T_OVER    (40 * IPERF_S)
#define T_REPLY   (30 * IPERF_S)

#define JOBS_MAX 64

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

enum { CASES = 256, ONLY, STRICT, TIMERS, T_RESULTS, DRY_RUN, NAME, TAP, JSON, JUNIT, HTML, PCAP, FAIL_FAST, AS, SPEED, SAME_COOKIES,
       PROFILE, EXPECT, JOBS };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "host", required_argument, NULL, 'B' },
	{ "version4", no_argument, NULL, '4' },
	{ "version6", no_argument, NULL, '6' },
	{ "cases", required_argument, NULL, CASES },
	{ "profile", required_argument, NULL, PROFILE },
	{ "expect", required_argument, NULL, EXPECT },
	{ "jobs", required_argument, NULL, JOBS },
	{ "only", required_argument, NULL, ONLY },
	{ "strict", no_argument, NULL, STRICT },
	{ "timers", required_argument, NULL, TIMERS },
	{ "t-results", required_argument, NULL, T_RESULTS },
	{ "fail-fast", no_argument, NULL, FAIL_FAST },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "name", required_argument, NULL, NAME },
	{ "tap", no_argument, NULL, TAP },
	{ "json", required_argument, NULL, JSON },
	{ "junit", required_argument, NULL, JUNIT },
	{ "html", required_argument, NULL, HTML },
	{ "pcap", required_argument, NULL, PCAP },
	{ "as", required_argument, NULL, AS },
	{ "speed", required_argument, NULL, SPEED },
	{ "same-cookies", no_argument, NULL, SAME_COOKIES },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int wrong(const struct command *c, const char *option, const char *allowed)
{
	return command_complain(c->name, option, optarg ? optarg : "", allowed);
}

/* The options with an argument that may be wrong. Returns -1 to go on, or an exit status. */
static int take_value(struct command *c, int option)
{
	int64_t *timers = c->player.timers;

	switch (option) {
	case 'p':
		return command_port(optarg, c->role == CASE_CLIENT, &c->port) ?
			       -1 : wrong(c, "-p", "a port is a number from 1 to 65535");
	case ONLY:
		c->run.about.only_seed = true;
		c->only = optarg;
		return strcmp(optarg, "seed") == 0 || strcmp(optarg, "observed") == 0 ?
			       -1 : wrong(c, "--only", "'seed' is expected, or with --profile iperf3 'observed'");
	case JOBS:
		return command_count(optarg, JOBS_MAX, &c->run.jobs) ?
			       -1 : wrong(c, "--jobs", "a number from 1 to 64 is expected");
	case PROFILE:
		c->run.about.profile = strcmp(optarg, "iperf3") == 0 ? CASE_IPERF3 : CASE_TEXT_PROFILE;
		return strcmp(optarg, "iperf3") == 0 || strcmp(optarg, "text") == 0 ?
			       -1 : wrong(c, "--profile", "'text' or 'iperf3' is expected");
	case TIMERS:
		return command_named_timers(optarg, timers) ?
			       -1 : wrong(c, "--timers", "three times in seconds are expected, such as 10,10,60; or timers by "
							 "name, such as T_read=0.5,T_silence=1");
	case T_RESULTS:
		return command_seconds(optarg, &timers[CASE_T_RESULTS]) ?
			       -1 : wrong(c, "--t-results", "a time in seconds is expected, such as 10");
	case AS:
		c->role = c->run.about.role = strcmp(optarg, "server") == 0 ? CASE_CLIENT : CASE_SERVER;
		return strcmp(optarg, "server") == 0 || strcmp(optarg, "client") == 0 ?
			       -1 : wrong(c, "--as", "'client' or 'server' is expected");
	case SPEED:
		return command_speed(optarg, &c->pace) ? -1 : wrong(c, "--speed", "a factor is expected, such as 2, or 'max'");
	case CASES:
		if (c->dir_count == COMMAND_DIRS_MAX)
			return wrong(c, "--cases", "too many folders");
		c->dirs[c->dir_count++] = optarg;
		return -1;
	}
	return -1;
}

/* Some options are for playing a capture only, and some for what is chosen from the suite. */
static void note_misplaced(struct command *c, int option)
{
	static const int of_replay[] = { AS, SPEED, SAME_COOKIES }, of_suite[] = { CASES, ONLY, PROFILE };
	const int *others = strcmp(c->name, "replay") == 0 ? of_suite : of_replay;

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; others[i] == option && long_options[k].name; k++)
			if (long_options[k].val == option)
				c->misplaced = long_options[k].name;
}

static int take_option(struct command *c, int option)
{
	note_misplaced(c, option);
	switch (option) {
	case 'p': case ONLY: case PROFILE: case JOBS: case TIMERS: case T_RESULTS: case CASES: case AS: case SPEED:
		return take_value(c, option);
	case EXPECT: c->run.expect = optarg; return -1;
	case 'B': c->host = optarg; return -1;
	case '4': c->family = AF_INET; return -1;
	case '6': c->family = AF_INET6; return -1;
	case STRICT: c->run.about.strict = true; return -1;
	case FAIL_FAST: c->run.fail_fast = true; return -1;
	case SAME_COOKIES: c->same_cookies = true; return -1;
	case DRY_RUN: c->dry_run = true; return -1;
	case NAME: c->run.about.name = optarg; return -1;
	case TAP: c->run.tap = true; return -1;
	case JSON: c->run.json = optarg; return -1;
	case JUNIT: c->run.junit = optarg; return -1;
	case HTML: c->run.html = optarg; return -1;
	case PCAP: c->run.pcap = optarg; return -1;
	case 'q': c->run.quiet = true; return -1;
	case 'h': return command_help(c->help);
	default:
		fprintf(stderr, "try 'iperf-conform %s --help'\n", c->name);
		return STATUS_USAGE;
	}
}

void command_defaults(struct command *c, char *const arguments[])
{
	c->run.about.arguments = arguments;
	c->player.timers[CASE_T_HELLO] = IPERF_T_HELLO;
	c->player.timers[CASE_T_BEGIN] = IPERF_T_BEGIN;
	c->player.timers[CASE_T_IDLE] = IPERF_T_IDLE;
	c->player.timers[CASE_T_RESULTS] = IPERF_T_RESULTS;
	c->player.timers[CASE_T_READ] = T_READ;
	c->player.timers[CASE_T_SILENCE] = T_SILENCE;
	c->player.timers[CASE_T_OVER] = T_OVER;
	c->player.timers[CASE_T_REPLY] = T_REPLY;
	c->player.interrupted = &interrupted;
	c->run.about.timers = c->player.timers;
	c->run.about.role = c->role;
	c->run.jobs = 1;
	c->family = AF_UNSPEC;
	c->pace = 1;
	if (!c->host)
		c->host = "127.0.0.1";
	wire_init(&c->player.wire);
}

/* Two reports would overwrite each other. */
static bool same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	if (!a || !b)
		return false;
	if (strcmp(a, b) == 0)
		return stat(a, &of_a) != 0 || S_ISREG(of_a.st_mode);
	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

/* What is wrong with options that are right by themselves. */
static int check_together(const struct command *c)
{
	static const char *const names[] = { "--json", "--junit", "--html", "--pcap" };
	const char *const paths[] = { c->run.json, c->run.junit, c->run.html, c->run.pcap };
	bool iperf3 = c->run.about.profile == CASE_IPERF3;
	char option[40];

	if (c->misplaced) {
		snprintf(option, sizeof option, "--%s", c->misplaced);
		return command_complain(c->name, option, "", strcmp(c->name, "replay") == 0 ?
					"it is for server and client, not for what is recorded" : "it is for replay");
	}
	if (c->only && strcmp(c->only, iperf3 ? "observed" : "seed") != 0)
		return command_complain(c->name, "--only", c->only, iperf3 ? "the iperf3 profile has 'observed'" :
					"the text profile has 'seed'; 'observed' goes with --profile iperf3");
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			if (same_file(paths[i], paths[k])) {
				snprintf(option, sizeof option, "%s and %s", names[k], names[i]);
				return command_complain(c->name, option, paths[i], "each needs a file of its own");
			}
	return -1;
}

int command_options(struct command *c, int argc, char *argv[])
{
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "p:B:46qh", long_options, NULL)) != -1)
		status = take_option(c, option);
	return status < 0 ? check_together(c) : status;
}

/* --- playing ----------------------------------------------------------------------------------------------------- */

/* nohup has a hangup ignored: it stays so. */
void command_interruptible(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction action = { .sa_handler = on_signal }, before;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], NULL, &before) == 0 && (numbers[i] != SIGHUP || before.sa_handler != SIG_IGN))
			sigaction(numbers[i], &action, NULL);
}

int command_play(struct command *c, struct case_file *const cases[], size_t count)
{
	if (c->dry_run) {
		for (size_t i = 0; i < count; i++)
			printf("%-10s %s\n", cases[i]->id, cases[i]->title);
		return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
	}
	if (c->run.jobs > 1 && (!c->player.command || c->run.pcap || (c->role == CASE_CLIENT && c->port))) {
		optarg = NULL;
		return wrong(c, "--jobs", "it is for programs that the runner starts, on ports of its choice, without --pcap");
	}
	command_interruptible();
	return run_cases(&c->player, cases, count, &c->run);
}

/* --- a server ---------------------------------------------------------------------------------------------------- */

/* Whether a connection to the address can be opened. A server of the iperf3 profile takes each connection for a client:
 * it is not asked, where there is no other address. */
static bool answers(struct command *c, const struct addrinfo *one)
{
	bool reached, unreachable;
	const struct wire_conn *conn;

	if (c->run.about.profile == CASE_IPERF3) {
		memcpy(&c->player.address, one->ai_addr, one->ai_addrlen);
		c->player.address_length = one->ai_addrlen;
		reached = !one->ai_next || !play_free(&c->player, wire_now() + IPERF_S, &unreachable);
	} else {
		conn = wire_open(&c->player.wire, one->ai_addr, one->ai_addrlen, wire_now() + IPERF_S);
		reached = conn && !conn->refused;
	}
	wire_clear(&c->player.wire);
	return reached;
}

/* The first address of the host that can be connected to, else the first. */
static int resolve(struct command *c)
{
	struct addrinfo hints = { .ai_family = c->family, .ai_socktype = SOCK_STREAM }, *list = NULL;
	char port[8];
	int error;

	snprintf(port, sizeof port, "%u", c->port);
	error = getaddrinfo(c->host, port, &hints, &list);
	if (error) {
		fprintf(stderr, "iperf-conform %s: %s: %s; name a host or its address\n", c->name, c->host,
			error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
		return STATUS_UNTESTED;
	}
	for (const struct addrinfo *one = list; one; one = one->ai_next) {
		bool reached = answers(c, one);

		if (one == list || reached) {
			memcpy(&c->player.address, one->ai_addr, one->ai_addrlen);
			c->player.address_length = one->ai_addrlen;
		}
		if (reached)
			break;
	}
	freeaddrinfo(list);
	return -1;
}

/* A word of a shell line. */
static void quote(FILE *out, const char *word)
{
	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@%+{}") == strlen(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]){ *word, '\0' }, out);
	fputc('\'', out);
}

static void add_iperf3(FILE *out, const int64_t *timers)
{
	fputs(" --profile iperf3", out);
	if (timers[CASE_T_READ] != T_READ || timers[CASE_T_SILENCE] != T_SILENCE || timers[CASE_T_OVER] != T_OVER ||
	    timers[CASE_T_REPLY] != T_REPLY)
		fprintf(out, " --timers T_read=%g,T_silence=%g,T_over=%g,T_reply=%g", (double)timers[CASE_T_READ] / 1e9,
			(double)timers[CASE_T_SILENCE] / 1e9, (double)timers[CASE_T_OVER] / 1e9,
			(double)timers[CASE_T_REPLY] / 1e9);
}

/* What both commands say again when one case is to be run again. */
static void add_again(FILE *out, const struct command *c)
{
	const int64_t *timers = c->player.timers;

	if (timers[CASE_T_HELLO] != IPERF_T_HELLO || timers[CASE_T_BEGIN] != IPERF_T_BEGIN ||
	    timers[CASE_T_IDLE] != IPERF_T_IDLE)
		fprintf(out, " --timers %g,%g,%g", (double)timers[CASE_T_HELLO] / 1e9, (double)timers[CASE_T_BEGIN] / 1e9,
			(double)timers[CASE_T_IDLE] / 1e9);
	if (timers[CASE_T_RESULTS] != IPERF_T_RESULTS)
		fprintf(out, " --t-results %g", (double)timers[CASE_T_RESULTS] / 1e9);
	if (c->run.about.profile == CASE_IPERF3)
		add_iperf3(out, timers);
	for (size_t i = 0; i < c->dir_count; i++) {
		fputs(" --cases ", out);
		quote(out, c->dirs[i]);
	}
}

int command_against_server(struct command *c, command_run *run, char *const words[], size_t count)
{
	char name[300], *again = NULL;
	size_t length;
	FILE *out = open_memstream(&again, &length);
	int status = out ? resolve(c) : STATUS_UNTESTED;

	if (status < 0) {
		fprintf(out, "iperf-conform %s ", c->name);
		if (c->capture)
			quote(out, c->capture);
		fputs(c->capture ? " " : "", out);
		quote(out, c->host);
		fprintf(out, " -p %u", c->port);
		add_again(out, c);
		fflush(out);
		snprintf(name, sizeof name, "%s port %u", c->host, c->port);
		if (!c->run.about.name)
			c->run.about.name = name;
		c->run.again_head = again;
		c->run.again_tail = "";
		status = run(c, words, count);
	}
	if (out)
		fclose(out);
	free(again);
	return status;
}

/* --- a client ---------------------------------------------------------------------------------------------------- */

static char *tail_of(char *const command[])
{
	char *tail = NULL;
	size_t length;
	FILE *out = open_memstream(&tail, &length);

	if (!out)
		return NULL;
	fputs(" --", out);
	for (size_t i = 0; command[i]; i++) {
		fputc(' ', out);
		quote(out, command[i]);
	}
	fclose(out);
	return tail;
}

static char *head_of(const struct command *c)
{
	char *head = NULL;
	size_t length;
	FILE *out = open_memstream(&head, &length);

	if (!out)
		return NULL;
	fprintf(out, "iperf-conform %s", c->name);
	if (c->capture) {
		fputs(" --as server ", out);
		quote(out, c->capture);
	}
	add_again(out, c);
	fclose(out);
	return head;
}

int command_against_client(struct command *c, command_run *run, char *const words[], size_t count)
{
	char *head = head_of(c), *tail = tail_of(c->command);
	int port = wire_listen(&c->player.wire, c->port), status;

	if (port < 0) {
		fprintf(stderr, "iperf-conform %s: port %u: %s; choose another with -p\n", c->name, c->port, strerror(-port));
		status = STATUS_UNTESTED;
	} else if (!head || !tail) {
		status = STATUS_UNTESTED;
	} else {
		c->player.port = (uint16_t)port;
		c->player.host = c->host;
		if (!c->run.about.name)
			c->run.about.name = c->player.command[0];
		c->run.again_head = head;
		c->run.again_tail = tail;
		status = run(c, words, count);
	}
	free(head);
	free(tail);
	return status;
}

/* --- a server that is started for each case ---------------------------------------------------------------------- */

int command_starting_server(struct command *c, command_run *run, char *const words[], size_t count)
{
	char *head = head_of(c), *tail = tail_of(c->command);
	int status = STATUS_UNTESTED;

	if (head && tail) {
		if (!c->run.about.name)
			c->run.about.name = c->player.command[0];
		c->run.again_head = head;
		c->run.again_tail = tail;
		status = run(c, words, count);
	}
	free(head);
	free(tail);
	return status;
}
