/* iperf-conform: options and exit status. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/check.h"
#include "proto/limits.h"

enum { STATUS_CONFORMS, STATUS_BROKEN, STATUS_USAGE, STATUS_UNTESTED };

#define STREAMS_ROOM 1024 /* a server's bound on streams is its own to set; this is the judge's */

static const char usage[] =
	"usage: iperf-conform check [options] FILE...\n"
	"       iperf-conform --help | --version\n"
	"\n"
	"Reads captures (pcap, pcapng; - is standard input) and judges what Iperf clients and servers said in them.\n"
	"\n"
	"  -p, --port PORT        look at servers on this port only; otherwise they are found\n"
	"      --at-client        the captures were taken on the clients' host: nothing was lost or reordered before\n"
	"      --timers H,B,I     the server's T_hello, T_begin and T_idle in seconds; otherwise timers are not judged\n"
	"      --strict           a SHOULD that is not followed counts\n"
	"      --json             one JSON document, for programs\n"
	"  -v, --verbose          show every end-of-file, too\n"
	"  -q, --quiet            the last line of each file only\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n"
	"\n"
	"Exit status: 0 all conform, 1 one does not, 2 wrong usage, 3 one could not be read or judged.\n"
	"\n"
	"Example: tcpdump -i lo -w test.pcap port 5201   and then   iperf-conform check test.pcap\n";

struct options {
	struct servers_options servers;
	struct report_options report;
};

static int complain(const char *option, const char *value, const char *allowed)
{
	fprintf(stderr, "iperf-conform: %s %s: %s; try 'iperf-conform --help'\n", option, value, allowed);
	return STATUS_USAGE;
}

static bool get_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < 1 || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* Seconds, above 0 and at most a day. */
static bool get_seconds(const char **text, char stop, int64_t *ns)
{
	char *end;
	double value = strtod(*text, &end);

	if (end == *text || *end != stop || !(value > 0) || value > 86400)
		return false;
	*ns = (int64_t)(value * 1e9);
	*text = end + (stop != '\0');
	return true;
}

static bool get_timers(const char *text, struct servers_options *servers)
{
	servers->timers_known = true;
	return get_seconds(&text, ',', &servers->t_hello_ns) && get_seconds(&text, ',', &servers->t_begin_ns) &&
	       get_seconds(&text, '\0', &servers->t_idle_ns);
}

enum { OPTION_AT_CLIENT = 256, OPTION_TIMERS, OPTION_STRICT, OPTION_JSON };

static const struct option long_options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "at-client", no_argument, NULL, OPTION_AT_CLIENT },
	{ "timers", required_argument, NULL, OPTION_TIMERS },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "verbose", no_argument, NULL, 'v' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* One option; returns -1 to go on, or an exit status. */
static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'p':
		if (!get_port(optarg, &options->servers.port))
			return complain("-p", optarg, "a port is a number from 1 to 65535");
		return -1;
	case OPTION_AT_CLIENT:
		options->servers.at_client = true;
		return -1;
	case OPTION_TIMERS:
		if (!get_timers(optarg, &options->servers))
			return complain("--timers", optarg, "three times in seconds are expected, such as 10,10,60");
		return -1;
	case OPTION_STRICT:
		options->report.strict = true;
		return -1;
	case OPTION_JSON:
		options->report.json = true;
		return -1;
	case 'v':
		options->report.verbose = true;
		return -1;
	case 'q':
		options->report.quiet = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
	case 'V':
		puts("iperf-conform " IPERF_VERSION);
		return fflush(stdout) == 0 ? STATUS_CONFORMS : STATUS_UNTESTED;
	default:
		fputs("try 'iperf-conform --help'\n", stderr);
		return STATUS_USAGE;
	}
}

static int worse(int a, int b)
{
	if (a == STATUS_BROKEN || b == STATUS_BROKEN)
		return STATUS_BROKEN;
	return a > b ? a : b;
}

static int check(char *const files[], const struct options *options)
{
	int status = STATUS_CONFORMS;

	for (size_t i = 0; files[i]; i++)
		status = worse(status, check_file(files[i], &options->servers, &options->report, i == 0));
	if (!report_finish(&options->report, files[0] != NULL)) {
		fprintf(stderr, "iperf-conform: the report could not be written: %s\n", strerror(errno));
		return STATUS_UNTESTED;
	}
	return status;
}

int main(int argc, char *argv[])
{
	struct options options = {
		.servers = { .streams_max = STREAMS_ROOM },
		.report = { .out = stdout, .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") },
	};
	int option, status;

	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing, and said so */
	while ((option = getopt_long(argc, argv, "p:vqhV", long_options, NULL)) != -1) {
		status = take_option(option, &options);
		if (status >= 0)
			return status;
	}
	if (optind == argc || strcmp(argv[optind], "check") != 0) {
		fprintf(stderr, "iperf-conform: %s%s; try 'iperf-conform --help'\n",
			optind == argc ? "what to do? 'check' is expected" : "unknown command: ",
			optind == argc ? "" : argv[optind]);
		return STATUS_USAGE;
	}
	if (optind + 1 == argc) {
		fputs("iperf-conform: check: no file was named; try 'iperf-conform --help'\n", stderr);
		return STATUS_USAGE;
	}
	return check(argv + optind + 1, &options);
}
