/* iperf-ref: the reference client and server of the Iperf protocol. SPEC.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ref/client.h"
#include "ref/iperf3_client.h"
#include "ref/memory.h"
#include "ref/options.h"
#include "ref/report_client.h"
#include "ref/server.h"
#include "ref/socket.h"

enum status {
	STATUS_WELL = 0,    /* the test went well; the server was stopped */
	STATUS_BADLY = 1,   /* it did not */
	STATUS_USAGE = 2,
	STATUS_UNTRIED = 3, /* it could not be tried, or reported */
};

static const char *reason(const char *what, int error)
{
	if (error > 0)
		return socket_resolve_error(error);
	return strcmp(what, "report") == 0 && error == -EIO ? "output error" : strerror(-error);
}

/* One sentence about what kept a test from being tried. */
static void explain(const struct options *options, const char *what, int error, char *text, size_t size)
{
	if (strcmp(what, "resolve") == 0)
		snprintf(text, size, "cannot find an address of %s: %s",
			 options->server ? options->bind : options->client, reason(what, error));
	else if (strcmp(what, "listen") == 0)
		snprintf(text, size, "cannot listen on port %lld%s%s: %s", (long long)options->port,
			 options->bind ? " of " : "", options->bind ? options->bind : "", reason(what, error));
	else if (strcmp(what, "bind") == 0)
		snprintf(text, size, "cannot use %s as local address: %s", options->bind ? options->bind : "any",
			 reason(what, error));
	else if (strcmp(what, "open") == 0)
		snprintf(text, size, "cannot open a connection: %s", reason(what, error));
	else if (strcmp(what, "report") == 0)
		snprintf(text, size, "cannot write the report: %s", reason(what, error));
	else if (strcmp(what, "send") == 0)
		snprintf(text, size, "cannot send payload: %s", reason(what, error));
	else if (strcmp(what, "user") == 0)
		snprintf(text, size, "cannot become user %s: %s", options->user ? options->user : SANDBOX_USER,
			 error == -ENOENT ? "there is no such user" : reason(what, error));
	else if (strcmp(what, "sandbox") == 0)
		snprintf(text, size, "cannot enter the sandbox: %s; without it runs --no-sandbox", reason(what, error));
	else
		snprintf(text, size, "cannot start: %s", reason(what, error));
}

/* Runs the client of either profile; *well tells whether its test went so. */
static int run_client(const struct options *options, bool *well, const char **what)
{
	enum iperf_outcome outcome = IPERF_OUTCOME_OK;
	enum iperf3_outcome outcome3 = IPERF3_OUTCOME_OK;
	int error = options->profile == OPTIONS_PROFILE_IPERF3 ? iperf3_client_run(options, &outcome3, what) :
								  client_run(options, &outcome, what);

	*well = outcome == IPERF_OUTCOME_OK && outcome3 == IPERF3_OUTCOME_OK;
	return error;
}

static int run(const struct options *options)
{
	const char *what = "";
	char sentence[512];
	bool well = true;
	int error = options->server ? server_run(options, &what) : run_client(options, &well, &what);

	if (error == 0)
		return well ? STATUS_WELL : STATUS_BADLY;
	explain(options, what, error, sentence, sizeof sentence);
	if (options->json && !options->server && strcmp(what, "report") != 0)
		report_client_untried(sentence);
	fprintf(stderr, "iperf-ref: %s\n", sentence);
	return STATUS_UNTRIED;
}

/* Whoever starts the program with a standard descriptor closed is not to find reports in a connection that got its
 * number: what is open in its place cannot be written, or read. */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int main(int argc, char **argv)
{
	char complaint[OPTIONS_COMPLAINT_SIZE];
	struct options options;

	open_standard();
	memory_prepare();
	signal(SIGPIPE, SIG_IGN);
	switch (options_parse(argc, argv, &options, complaint)) {
	case OPTIONS_RUN:
		return run(&options);
	case OPTIONS_HELP:
		options_help(stdout);
		break;
	case OPTIONS_VERSION:
		puts("iperf-ref " IPERF_VERSION);
		break;
	case OPTIONS_WRONG:
		fprintf(stderr, "iperf-ref: %s; try 'iperf-ref --help'\n", complaint);
		return STATUS_USAGE;
	}
	if (fflush(stdout) == 0)
		return STATUS_WELL;
	fprintf(stderr, "iperf-ref: cannot write to standard output: %s\n", strerror(errno));
	return STATUS_UNTRIED;
}
