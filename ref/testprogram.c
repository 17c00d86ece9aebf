#include "ref/testprogram.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/clock.h"
#include "ref/sandbox.h"
#include "ref/testwire.h"

#define PROGRAMS 64    /* at the same time */
#define WORDS 64
#define PIPE_SIZE (1024 * 1024)

const char *test_at, *test_step;

static struct program *programs[PROGRAMS];

/* --- failing and cleaning ------------------------------------------------------------------------------------------ */

#define TOLD 20 /* last lines of an output */

static void tell_text(const char *name, const char *text)
{
	size_t lines = 0;

	for (const char *at = text; at && *at; at++)
		lines += *at == '\n';
	for (; lines > TOLD; lines--)
		text = strchr(text, '\n') + 1;
	while (text && *text) {
		size_t length = strcspn(text, "\n");

		fprintf(stderr, "#   %s %.*s\n", name, (int)length, text);
		text += length + (text[length] != '\0');
	}
}

void test_fail(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "# %s%s%s: ", test_at ? test_at : "", test_step ? ": " : "", test_step ? test_step : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	for (size_t i = 0; i < PROGRAMS; i++) {
		if (!programs[i])
			continue;
		program_drain(programs[i]);
		fprintf(stderr, "# iperf-ref %s\n", programs[i]->command);
		tell_text("out", programs[i]->texts[PROGRAM_OUT].at);
		tell_text("err", programs[i]->texts[PROGRAM_ERR].at);
	}
	fail();
	abort(); /* fail() does not return, but does not say so */
}

void program_free(struct program *program)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (programs[i] == program)
			programs[i] = NULL;
	if (program->pid > 0) {
		kill(program->pid, SIGKILL);
		waitpid(program->pid, NULL, 0);
	}
	for (int i = 0; i < 2; i++) {
		if (program->texts[i].fd >= 0)
			close(program->texts[i].fd);
		free(program->texts[i].at);
	}
	free(program);
}

int test_clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (programs[i])
			program_free(programs[i]);
	wire_close_all();
	test_at = test_step = NULL;
	return 0;
}

/* --- output -------------------------------------------------------------------------------------------------------- */

/* Reads what is there; closes at the end. */
static void read_text(struct program_text *text)
{
	ssize_t length;

	while (text->fd >= 0) {
		if (text->size - text->length < 4096) {
			text->size = text->size * 2 + 16384;
			text->at = realloc(text->at, text->size);
			if (!text->at)
				abort();
		}
		length = read(text->fd, text->at + text->length, text->size - text->length - 1);
		if (length > 0)
			text->length += (size_t)length;
		text->at[text->length] = '\0';
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length <= 0) {
			close(text->fd);
			text->fd = -1;
		}
	}
}

void program_drain(struct program *program)
{
	read_text(&program->texts[PROGRAM_OUT]);
	read_text(&program->texts[PROGRAM_ERR]);
}

/* Waits for more output or its end. False when both ends have come. */
static bool wait_output(struct program *program, int64_t deadline_ns)
{
	struct pollfd waits[] = { { .fd = program->texts[0].fd, .events = POLLIN },
				  { .fd = program->texts[1].fd, .events = POLLIN } };
	int64_t left_ns = deadline_ns - clock_now_ns();

	if (waits[0].fd < 0 && waits[1].fd < 0)
		return false;
	if (left_ns <= 0 || poll(waits, 2, (int)(left_ns / IPERF_MS) + 1) == 0)
		test_fail("iperf-ref %s: nothing more within %d ms", program->command, TEST_PATIENCE_MS);
	program_drain(program);
	return true;
}

/* Where text stands at or behind offset from, or NULL. */
static char *find_text(const struct program_text *text, size_t from, const char *wanted)
{
	return text->at ? strstr(text->at + from, wanted) : NULL;
}

const char *program_said(struct program *program, enum program_output output, const char *wanted)
{
	struct program_text *text = &program->texts[output];
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;
	char *found;

	program_drain(program);
	while (!(found = find_text(text, text->told, wanted)) || !strchr(found, '\n'))
		if (text->fd < 0 || !wait_output(program, deadline_ns))
			test_fail("iperf-ref %s: did not say '%s' to its end", program->command, wanted);
	text->told = (size_t)(found - text->at) + strlen(wanted);
	while (found > text->at && found[-1] != '\n')
		found--;
	snprintf(program->line, sizeof program->line, "%.*s", (int)strcspn(found, "\n"), found);
	return program->line;
}

void program_forget(struct program *program)
{
	program_drain(program);
	for (int i = 0; i < 2; i++)
		program->texts[i].told = program->texts[i].length;
}

bool program_has(struct program *program, enum program_output output, const char *wanted)
{
	program_drain(program);
	return find_text(&program->texts[output], 0, wanted) != NULL;
}

/* --- beginning and end --------------------------------------------------------------------------------------------- */

static void become(const struct program_setup *setup, char **words, const int *ends, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	int out = setup->out ? open(setup->out, O_WRONLY) : ends[PROGRAM_OUT];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0 || out < 0)
		_exit(126);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(ends[PROGRAM_ERR], STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	if (out > STDERR_FILENO)
		close(out);
	if (setup->files)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ setup->files, setup->files });
	execv(words[0], words);
	_exit(127);
}

/* Whether programs can be in the sandbox: not with sanitizers, and not wherever tests are run. */
static bool sandbox_works(void)
{
	const struct sandbox_config config = {
		.mode = SANDBOX_KILL, .server = true, .user = geteuid() == 0 ? "root" : NULL
	};
	static int works = -1;
	const char *what;
	int status;
	pid_t child;

	if (works < 0) {
		child = fork();
		if (child == 0)
			_exit(sandbox_enter(&config, &what) == 0 ? 0 : 1);
		works = waitpid(child, &status, 0) == child && status == 0;
	}
	return works;
}

/* In the sandbox a program dies of each system call that it was not supposed to need. A server of root stays root, so
 * that a test may look at its descriptors; sandbox_check.sh has the rest. */
static void confine(char **words)
{
	static char none[] = "--no-sandbox", some[] = "--sandbox=kill", user[] = "--user=root";
	size_t count = 1, added = 1;
	bool server = false;

	for (; words[count]; count++)
		server = server || strcmp(words[count], "-s") == 0;
	added += server && geteuid() == 0;
	if (count == 1 || count + added >= WORDS)
		return;
	memmove(&words[1 + added], &words[1], count * sizeof *words);
	words[1] = sandbox_works() ? some : none;
	if (added == 2)
		words[2] = user;
}

static void open_pipe(struct program_text *text, int *end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		abort();
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
	text->fd = ends[0];
	*end = ends[1];
}

static struct program **free_place(void)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (!programs[i])
			return &programs[i];
	test_fail("more than %d programs", PROGRAMS);
}

static struct program *start(const struct program_setup *setup, const char *format, va_list arguments)
{
	struct program **place = free_place(), *program = calloc(1, sizeof *program);
	const char *build = getenv("BUILD");
	char path[300], copy[sizeof program->command], *words[WORDS] = { path }, *rest = copy;
	int ends[2];
	pid_t parent = getpid();

	if (!program)
		abort();
	*place = program;
	vsnprintf(program->command, sizeof program->command, format, arguments);
	snprintf(path, sizeof path, "%s/iperf-ref", build && *build ? build : "build");
	strcpy(copy, program->command);
	for (size_t i = 1; rest && *rest && i < WORDS - 1; i++)
		words[i] = strsep(&rest, " ");
	confine(words);
	program->quiet = !strstr(program->command, "-V") && !strstr(program->command, "-J");
	open_pipe(&program->texts[PROGRAM_OUT], &ends[PROGRAM_OUT]);
	open_pipe(&program->texts[PROGRAM_ERR], &ends[PROGRAM_ERR]);
	program->pid = fork();
	if (program->pid == 0)
		become(setup, words, ends, parent);
	if (program->pid < 0)
		abort();
	close(ends[0]);
	close(ends[1]);
	return program;
}

struct program *program_start(const char *words, ...)
{
	va_list arguments;
	struct program *program;

	va_start(arguments, words);
	program = start(&(struct program_setup){ 0 }, words, arguments);
	va_end(arguments);
	return program;
}

struct program *program_start_as(const struct program_setup *setup, const char *words, ...)
{
	va_list arguments;
	struct program *program;

	va_start(arguments, words);
	program = start(setup, words, arguments);
	va_end(arguments);
	return program;
}

void program_signal(const struct program *program, int number)
{
	if (program->pid > 0)
		kill(program->pid, number);
}

int program_wait(struct program *program)
{
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;
	int status;

	while (wait_output(program, deadline_ns))
		;
	if (program->pid > 0) {
		if (waitpid(program->pid, &status, 0) != program->pid)
			abort();
		program->pid = 0;
		program->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	}
	return program->status;
}

/* --- servers ------------------------------------------------------------------------------------------------------- */

static struct program *start_server(const struct program_setup *setup, uint16_t *port, const char *format,
				    va_list arguments)
{
	static const char ready[] = "Server listening on ";
	struct program *server;
	char words[200];
	bool json;

	vsnprintf(words, sizeof words, format, arguments);
	json = strstr(words, "-J");
	server = program_start_as(setup, "-s -p 0%s%s%s", strstr(words, "--profile") ? "" : " --profile text",
				  *words ? " " : "", words);
	*port = (uint16_t)strtoul(program_said(server, json ? PROGRAM_ERR : PROGRAM_OUT, ready) + strlen(ready), NULL, 10);
	return server;
}

struct program *program_serve(uint16_t *port, const char *words, ...)
{
	va_list arguments;
	struct program *server;

	va_start(arguments, words);
	server = start_server(&(struct program_setup){ 0 }, port, words, arguments);
	va_end(arguments);
	return server;
}

struct program *program_serve_as(const struct program_setup *setup, uint16_t *port, const char *words, ...)
{
	va_list arguments;
	struct program *server;

	va_start(arguments, words);
	server = start_server(setup, port, words, arguments);
	va_end(arguments);
	return server;
}

void program_stop(struct program *server)
{
	int status;

	program_signal(server, SIGTERM);
	status = program_wait(server);
	test_assert(status == 0, "the server ended with status %d", status);
	test_assert(!server->quiet || server->texts[PROGRAM_ERR].length == 0, "the server wrote to standard error");
	program_free(server);
}

/* --- what it uses -------------------------------------------------------------------------------------------------- */

/* Octets in the receive queues of UDP sockets on port. */
static unsigned long datagrams_waiting(const char *table, uint16_t port)
{
	unsigned long sum = 0, waiting;
	unsigned at;
	char line[300];
	FILE *file = fopen(table, "re");

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %*x %*x:%lx", &at, &waiting) == 2 && at == port)
			sum += waiting;
	if (file)
		fclose(file);
	return sum;
}

static bool all_sleep(pid_t pid)
{
	char path[300], line[500], *state;
	bool all = true;
	DIR *directory;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
	directory = opendir(path);
	test_assert(directory, "%s: %s", path, strerror(errno));
	for (const struct dirent *entry; all && (entry = readdir(directory));) {
		snprintf(path, sizeof path, "/proc/%ld/task/%.20s/stat", (long)pid, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (file && fgets(line, sizeof line, file)) {
			state = strrchr(line, ')');
			all = state && state[1] == ' ' && state[2] == 'S';
		}
		if (file)
			fclose(file);
	}
	closedir(directory);
	return all;
}

void program_settle(const struct program *server, uint16_t port)
{
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;

	while (datagrams_waiting("/proc/net/udp", port) || datagrams_waiting("/proc/net/udp6", port) ||
	       !all_sleep(server->pid)) {
		test_assert(clock_now_ns() < deadline_ns, "the server does not come to rest");
		poll(NULL, 0, 1);
	}
}

long program_memory(const struct program *program, const char *name)
{
	char path[64], line[200];
	long figure = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)program->pid);
	file = fopen(path, "re");
	test_assert(file, "%s: %s", path, strerror(errno));
	while (figure < 0 && fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			figure = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	test_assert(figure >= 0, "%s has no %s", path, name);
	return figure;
}

unsigned program_files(const struct program *program)
{
	char path[64];
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%ld/fd", (long)program->pid);
	directory = opendir(path);
	test_assert(directory, "%s: %s", path, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}
