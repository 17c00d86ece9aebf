/* The program as its user meets it: options that do not go together, standard output that is lost, peers that take the runner
 * down, interruption; and payload of which not all is held. */
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/wait.h>

int conform_main(int argc, char *argv[]);
#define main conform_main
#include "conformance/main.c"
#undef main

#include "conformance/outcome_build.h"
#include "conformance/outcome_text.h"
#include "conformance/play.h"
#include "proto/rows_test.h"

#include <stdlib.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds, until a run that hangs is ended by SIGALRM */

/* --- the command line -------------------------------------------------------------------------------------------- */

enum output { KEPT, CLOSED, FULL };

struct row {
	const char *name;
	const char *words[14];
	enum output output;
	int status;
	const char *said, *printed; /* part of standard error, of standard output; NULL: anything */
};

#define SERVER "server", "--profile", "iperf3"

static const struct row rows[] = {
	{ "as/server", { SERVER, "--as", "server", "--", "false" }, KEPT, 2, "--as: it is for replay", NULL },
	{ "as/client", { "client", "--as", "client", "--", "false" }, KEPT, 2, "--as: it is for replay", NULL },
	{ "speed", { SERVER, "--speed", "2", "--", "false" }, KEPT, 2, "--speed: it is for replay", NULL },
	{ "same-cookies", { SERVER, "--same-cookies", "--", "false" }, KEPT, 2, "--same-cookies: it is for replay", NULL },
	{ "cases/replay", { "replay", "--cases", ".", "a", "b" }, KEPT, 2, "--cases: it is for server and client", NULL },
	{ "profile/replay", { "replay", "--profile", "iperf3", "a", "b" }, KEPT, 2, "--profile: it is for", NULL },
	{ "one-file", { SERVER, "--json", "/nowhere/a", "--html", "/nowhere/a", "--", "false" }, KEPT, 2,
	  "--json and --html /nowhere/a: each needs a file of its own", NULL },
	{ "one-file/stdout", { SERVER, "--pcap", "-", "--junit", "-", "--", "false" }, KEPT, 2,
	  "--junit and --pcap -: each needs", NULL },
	{ "one-file/null", { SERVER, "--json", "/dev/null", "--html", "/dev/null", "23/1", "--", "false" }, KEPT, 3, NULL, NULL },
	{ "only/seed-of-iperf3", { SERVER, "--only", "seed", "--", "false" }, KEPT, 2, "--only seed: the iperf3 profile", NULL },
	{ "only/observed-of-text", { "server", "--only", "observed", "h" }, KEPT, 2, "--only observed: the text profile", NULL },
	{ "only/list", { "list", "--only", "seed", "--profile", "iperf3" }, KEPT, 2, "--only seed: ", NULL },
	{ "other-profile", { SERVER, "6.2/1", "--", "false" }, KEPT, 2, "role server and of the profile iperf3", NULL },
	{ "ends-at-once", { SERVER, "23/1", "--", "false" }, KEPT, 3, NULL, "the server has ended with status 1 before it listened" },
	{ "no-such-program", { SERVER, "23/1", "--", "/nowhere/iperf3" }, KEPT, 3, NULL, "/nowhere/iperf3 could not be started: No such" },
	{ "kills-the-runner", { SERVER, "--jobs", "2", "--expect", "/dev/null", "23/1", "--", "sh", "-c", "kill -9 $PPID #{port}" },
	  KEPT, 1, NULL, "the process that played it has ended early" },
	{ "closed", { "list", "23/1" }, CLOSED, 3, "standard output cannot be written", NULL },
	{ "closed/run", { SERVER, "23/1", "--", "false" }, CLOSED, 3, "standard output cannot be written", NULL },
	{ "full", { "list", "23/1" }, FULL, 3, "standard output cannot be written", NULL },
	{ "full/help", { "--help" }, FULL, 3, "standard output cannot be written", NULL },
};

static _Noreturn void be_program(const struct row *row, int out, int error)
{
	char *words[16] = { (char *)(uintptr_t)"iperf-conform" };
	int count = 1;

	for (; row->words[count - 1]; count++)
		words[count] = strdup(row->words[count - 1]);
	if (row->output == FULL)
		out = open("/dev/full", O_WRONLY);
	if (row->output == CLOSED)
		close(STDOUT_FILENO);
	else
		dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	alarm(PATIENCE);
	count = conform_main(count, words);
	fflush(NULL);
	_exit(count);
}

static void has_part(int fd, const char *part)
{
	char text[20000];
	ssize_t length = pread(fd, text, sizeof text - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	if (part && !strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
	close(fd);
}

static void run_row(void **state)
{
	const struct row *row = *state;
	int out = memfd_create("out", 0), error = memfd_create("error", 0), status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_program(row, out, error);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	has_part(error, row->said);
	has_part(out, row->printed);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), row->status);
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

#define HEAD "id my/1\ntitle T\nrole server\nprofile iperf3\ntests R-23-1\n\n#1 C>S cookie $cookie\n"
#define COOKIE 37
#define LONG 3000001

static int listen_on(struct player *player)
{
	struct sockaddr_in *address = (struct sockaddr_in *)&player->address;
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_true(bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, 1) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
	player->address_length = size;
	return fd;
}

static void play(struct player *player, const char *text, struct play_result *result)
{
	struct case_error error;
	struct case_file *file = case_parse(NULL, text, strlen(text), &error);

	assert_non_null(file);
	alarm(PATIENCE);
	play_case(player, file, result);
	alarm(0);
	case_free(file);
	json_decref(result->steps);
	json_decref(result->said);
	json_decref(result->cookies);
	free(result->output);
}

/* Whether all payload comes, as one sequence. */
static _Noreturn void read_all(int listener)
{
	int fd = accept(listener, NULL, NULL);
	uint8_t octets[65536];
	size_t total = 0;
	ssize_t length;

	alarm(PATIENCE);
	while ((length = recv(fd, octets, sizeof octets, 0)) > 0)
		for (ssize_t i = 0; i < length; i++, total++)
			if (total >= COOKIE && octets[i] != '0' + (total - COOKIE) % 10)
				_exit(1);
	_exit(total == COOKIE + LONG ? 0 : 2);
}

static void test_long_payload(void **state)
{
	struct player player = { .port = 0 };
	struct play_result result;
	int listener, status;
	pid_t pid;

	(void)state;
	wire_init(&player.wire);
	listener = listen_on(&player);
	pid = fork();
	if (pid == 0)
		read_all(listener);
	play(&player, HEAD "#1 C>S [3000001 octets of payload]\n#1 C>S end-of-file\n#1 S>C closed\n", &result);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(result.verdict, PLAY_PASS);
	player_free(&player);
	close(listener);
}

/* Nobody reads, and there is more than any memory holds. */
static void test_interrupted_payload(void **state)
{
	static const volatile sig_atomic_t interrupted = 1;
	struct player player = { .interrupted = &interrupted };
	struct play_result result;
	int listener;

	(void)state;
	wire_init(&player.wire);
	listener = listen_on(&player);
	play(&player, HEAD "#1 C>S [1000000000000 octets of payload]\n", &result);
	assert_int_equal(result.verdict, PLAY_UNTESTED);
	assert_string_equal(result.reason, "the run was interrupted");
	player_free(&player);
	close(listener);
}

/* --- connections ------------------------------------------------------------------------------------------------- */

/* Tells by an octet on ready when all stand in the queue: what the runner meets is not to depend on who is faster. */
static _Noreturn void open_many(int port, int ready)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	alarm(PATIENCE);
	for (int i = 0; i < 20; i++)
		if (connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to) != 0)
			break;
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* What the runner has no descriptor for is not the client's fault. */
static void test_connections(void **state)
{
	struct player player = { .host = "127.0.0.1" };
	struct rlimit before, few;
	struct play_result result;
	int port, next, ready[2];
	char octet;
	pid_t pid;

	(void)state;
	wire_init(&player.wire);
	port = wire_listen(&player.wire, 0);
	assert_true(port > 0);
	player.port = (uint16_t)port;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		open_many(port, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	next = dup(0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ (rlim_t)next + 4, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	play(&player, "id my/1\ntitle T\nrole client\nprofile iperf3\ntests R-23-2\n\n#1 C>S cookie $cookie\n", &result);
	setrlimit(RLIMIT_NOFILE, &before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	player_free(&player);
	assert_int_equal(result.verdict, PLAY_UNTESTED);
	assert_non_null(strstr(result.reason, "raise its limit"));
}

/* --- the verdict ------------------------------------------------------------------------------------------------- */

static int status_of(const char *stopped)
{
	char *none[] = { NULL };
	int64_t timers[PLAY_TIMERS] = { 0 };
	const struct outcome_about about = { .arguments = none, .name = "n", .timers = timers };
	json_t *run = outcome_new(&about);
	int status;

	outcome_add(run, json_pack("{s:s, s:s}", "id", "1/1", "verdict", "fail"));
	outcome_close(run, 1, stopped);
	status = outcome_status(run);
	json_decref(run);
	return status;
}

static void test_interrupted_verdict(void **state)
{
	(void)state;
	assert_int_equal(status_of(NULL), STATUS_BROKEN);
	assert_int_equal(status_of("the server is gone"), STATUS_BROKEN);
	assert_int_equal(status_of("interrupted"), STATUS_UNTESTED);
}

int main(void)
{
	ROWS_ADD(rows, run_row);
	test_add("long-payload", test_long_payload, NULL);
	test_add("interrupted/payload", test_interrupted_payload, NULL);
	test_add("connections", test_connections, NULL);
	test_add("interrupted/verdict", test_interrupted_verdict, NULL);
	return tests_run("command");
}
