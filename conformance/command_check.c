/* iperf-conform check: judges captures. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/check.h"
#include "conformance/command.h"

#define STREAMS_ROOM 1024 /* a server's bound on streams is its own to set; this is the judge's */

static const char usage[] =
	"usage: iperf-conform check [options] FILE...\n"
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
	"\n"
	"Exit status: 0 all conform, 1 one does not, 2 wrong usage, 3 one could not be read or judged.\n"
	"\n"
	"Example: tcpdump -i lo -w test.pcap port 5201   and then   iperf-conform check test.pcap\n";

struct options {
	struct servers_options servers;
	struct report_options report;
};

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
	{ NULL, 0, NULL, 0 },
};

/* One option; returns -1 to go on, or an exit status. */
static int take_option(int option, struct options *options)
{
	struct servers_options *servers = &options->servers;

	switch (option) {
	case 'p':
		if (!command_port(optarg, false, &servers->port))
			return command_complain("check", "-p", optarg, "a port is a number from 1 to 65535");
		return -1;
	case OPTION_AT_CLIENT:
		servers->at_client = true;
		return -1;
	case OPTION_TIMERS:
		servers->timers_known = true;
		if (!command_timers(optarg, &servers->t_hello_ns, &servers->t_begin_ns, &servers->t_idle_ns))
			return command_complain("check", "--timers", optarg,
						"three times in seconds are expected, such as 10,10,60");
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
		return command_help(usage);
	default:
		fputs("try 'iperf-conform check --help'\n", stderr);
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

int command_check(int argc, char *argv[])
{
	struct options options = {
		.servers = { .streams_max = STREAMS_ROOM },
		.report = { .out = stdout, .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") },
	};
	int option, status;

	while ((option = getopt_long(argc, argv, "p:vqh", long_options, NULL)) != -1) {
		status = take_option(option, &options);
		if (status >= 0)
			return status;
	}
	if (optind == argc)
		return command_complain("check", "no file", "", "name a capture, or - for standard input");
	return check(argv + optind, &options);
}
