#include "conformance/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 1000

/* --- the command line -------------------------------------------------------------------------------------------- */

static const char *const options[] = { "streams", "bytes", "blocks", "time", "omit", "length", "rate", "interval", "reverse",
				       "bidir", "wide", "server-output", "receive-timeout", "one-off", "bitrate-limit",
				       "duration-limit", "key", "both-profiles", NULL };

/* The option that a place {name:TEXT} is about, or NULL. */
static const char *option_of(const char *open, size_t length)
{
	const char *colon = memchr(open, ':', length);

	for (size_t i = 0; colon && options[i]; i++)
		if (strlen(options[i]) == (size_t)(colon - open) && strncmp(options[i], open, (size_t)(colon - open)) == 0)
			return options[i];
	return NULL;
}

/* TEXT, with the value for each %. */
static void put_option(const char *text, size_t length, const char *value, char *room, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n + 1 < size; i++) {
		if (text[i] == '%')
			n += (size_t)snprintf(room + n, size - n, "%s", value);
		else
			room[n++] = text[i];
	}
	room[n < size ? n : size - 1] = '\0';
}

/* What stands for the place from open to close; NULL: it is no place of ours, and stays as it is. */
static const char *value_of(const char *open, size_t length, const struct launch_values *values, char *room, size_t size)
{
	const char *transport = values->udp ? "udp" : "tcp";

	*room = '\0';
	if (length > 4 && (strncmp(open, "udp:", 4) == 0 || strncmp(open, "tcp:", 4) == 0)) {
		if (strncmp(open, transport, 3) == 0)
			snprintf(room, size, "%.*s", (int)length - 4, open + 4);
		return room;
	}
	if (values->file && option_of(open, length)) {
		const char *option = option_of(open, length), *value = case_option(values->file, option);
		size_t head = strlen(option) + 1;

		if (value)
			put_option(open + head, length - head, value, room, size);
		return room;
	}
#define PLACE(name) (length == sizeof name - 1 && memcmp(open, name, length) == 0)
	if (PLACE("host"))
		snprintf(room, size, "%s", values->host);
	else if (PLACE("port"))
		snprintf(room, size, "%u", (unsigned)values->port);
	else if (PLACE("streams"))
		snprintf(room, size, "%u", values->streams);
	else if (PLACE("bytes"))
		snprintf(room, size, "%llu", (unsigned long long)values->bytes);
	else if (PLACE("transport"))
		snprintf(room, size, "%s", transport);
	else
		return NULL;
#undef PLACE
	return room;
}

static char *replace(const char *word, const struct launch_values *values)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	while (*word) {
		const char *close = *word == '{' ? strchr(word, '}') : NULL;
		char room[512];
		const char *value = close ? value_of(word + 1, (size_t)(close - word - 1), values, room, sizeof room) : NULL;

		if (value)
			fputs(value, out);
		else
			fputc(*word, out);
		word = value ? close + 1 : word + 1;
	}
	return fclose(out) == 0 ? text : NULL;
}

char **launch_words(char *const command[], const struct launch_values *values)
{
	size_t count = 0, kept = 0;
	char **words;

	while (command[count])
		count++;
	words = calloc(count + 1, sizeof *words);
	for (size_t i = 0; words && i < count; i++) {
		char *word = replace(command[i], values);

		if (!word) {
			launch_free_words(words);
			return NULL;
		}
		if (*word || !*command[i])
			words[kept++] = word;
		else
			free(word);
	}
	return words;
}

void launch_free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static bool has_places(char *const command[])
{
	for (size_t i = 0; command[i]; i++)
		if (strchr(command[i], '{'))
			return true;
	return false;
}

char **launch_complete(char *const command[], enum case_role role)
{
	static const char *const server[] = { "-s", "-p", "{port}", "{one-off:-1}", "{bitrate-limit:--server-bitrate-limit=%}",
					      NULL };
	static const char *const client[] = {
		"-c", "{host}", "-p", "{port}", "{streams:-P%}", "{bytes:-n%}", "{blocks:-k%}", "{time:-t%}", "{omit:-O%}",
		"{length:-l%}", "{rate:-b%}", "{interval:-i%}", "{udp:-u}", "{reverse:-R}", "{bidir:--bidir}",
		"{wide:--udp-counters-64bit}", "{server-output:--get-server-output}", "{receive-timeout:--rcv-timeout=%}",
		NULL
	};
	const char *const *more = role == CASE_SERVER ? server : client;
	size_t count = 0, added = 0;
	char **words;

	while (command[count])
		count++;
	while (!has_places(command) && more[added])
		added++;
	words = calloc(count + added + 1, sizeof *words);
	for (size_t i = 0; words && i < count + added; i++)
		words[i] = (char *)(uintptr_t)(i < count ? command[i] : more[i - count]);
	return words;
}

bool launch_has(char *const command[], const char *name)
{
	bool transport = strcmp(name, "transport") == 0;
	char place[40], option[40];

	snprintf(place, sizeof place, "{%s}", name);
	snprintf(option, sizeof option, "{%s:", name);
	for (size_t i = 0; command[i]; i++)
		if (strstr(command[i], place) || strstr(command[i], option) ||
		    (transport && (strstr(command[i], "{udp:") || strstr(command[i], "{tcp:"))))
			return true;
	return false;
}

/* --- the process ------------------------------------------------------------------------------------------------- */

static void become(char **words, int output, int broken)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive the runner */
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	execvp(words[0], words);
	if (write(broken, &errno, sizeof errno) < 0)
		_exit(126);
	_exit(127);
}

int launch_start(struct launch *launch, char **words)
{
	int pipes[2], error = 0;

	*launch = (struct launch){ .pidfd = -1, .output = memfd_create("output", MFD_CLOEXEC) };
	if (launch->output < 0)
		return -errno;
	fcntl(launch->output, F_SETFL, O_APPEND); /* both of its outputs */
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return -errno;
	launch->pid = fork();
	if (launch->pid == 0)
		become(words, launch->output, pipes[1]);
	close(pipes[1]);
	if (launch->pid < 0)
		error = -errno;
	else if (TEMP_FAILURE_RETRY(read(pipes[0], &error, sizeof error)) == sizeof error)
		error = -error;
	close(pipes[0]);
	if (error == 0) {
		setpgid(launch->pid, launch->pid);
		launch->group = launch->pid;
		launch->pidfd = pidfd_open(launch->pid, 0);
	} else if (launch->pid > 0) {
		TEMP_FAILURE_RETRY(waitpid(launch->pid, &launch->status, 0));
	}
	if (error)
		launch->pid = -1;
	return error;
}

bool launch_ended(struct launch *launch)
{
	if (launch->pid > 0 && waitpid(launch->pid, &launch->status, WNOHANG) == launch->pid)
		launch->pid = -1;
	return launch->pid <= 0;
}

void launch_signal(struct launch *launch, int number)
{
	if (!launch_ended(launch))
		kill(launch->pid, number);
}

void launch_stop(struct launch *launch)
{
	struct pollfd wait = { .fd = launch->pidfd, .events = POLLIN };
	pid_t pid = launch->pid;

	if (!launch_ended(launch)) {
		launch->stopped = true;
		kill(-pid, SIGTERM);
		TEMP_FAILURE_RETRY(poll(&wait, 1, STOP_MS));
	}
	if (launch->group > 0)
		kill(-launch->group, SIGKILL);
	if (!launch_ended(launch)) {
		TEMP_FAILURE_RETRY(waitpid(pid, &launch->status, 0));
		launch->pid = -1;
	}
	launch->group = 0;
}

size_t launch_output(const struct launch *launch, char *text, size_t size)
{
	ssize_t length = launch->output < 0 ? 0 : TEMP_FAILURE_RETRY(pread(launch->output, text, size - 1, 0));

	if (length < 0)
		length = 0;
	for (ssize_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	text[length] = '\0';
	return (size_t)length;
}

void launch_status_text(const struct launch *launch, char *text, size_t size)
{
	if (WIFSIGNALED(launch->status))
		snprintf(text, size, "by signal %d (%s)", WTERMSIG(launch->status), strsignal(WTERMSIG(launch->status)));
	else
		snprintf(text, size, "with status %d", WEXITSTATUS(launch->status));
}

void launch_free(struct launch *launch)
{
	if (launch->pidfd >= 0)
		close(launch->pidfd);
	if (launch->output >= 0)
		close(launch->output);
	launch->pidfd = launch->output = -1;
}
