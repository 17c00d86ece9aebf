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
	"      --profile PROFILE  text, iperf3 or auto (default): what connections begin with tells\n"
	"  -p, --port PORT        look at servers on this port only; otherwise they are found\n"
	"      --at-client        the captures were taken on the clients' host: nothing was lost or reordered before\n"
	"      --timers TIMERS    the server's timers in seconds, as 10,10,60 (T_hello, T_begin, T_idle of the text\n"
	"                         profile) or T_read=10,T_over=40 (iperf3); otherwise timers are not judged\n"
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

enum { OPTION_PROFILE = 256, OPTION_AT_CLIENT, OPTION_TIMERS, OPTION_STRICT, OPTION_JSON };

static const struct option long_options[] = {
	{ "profile", required_argument, NULL, OPTION_PROFILE },
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

/* "T_read=0.5,T_over=2": those that are not named have their defaults (SPEC 31). */
static bool iperf3_timers(const char *text, struct servers_options *servers)
{
	char *copy = strdup(text), *rest = copy, *item, *end;
	bool good = copy && *copy;

	servers->t_read_ns = INT64_C(10000000000);
	servers->t_silence_ns = INT64_C(120000000000);
	servers->t_over_ns = INT64_C(40000000000);
	while (good && (item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');
		double seconds = value ? strtod(value + 1, &end) : 0;
		int64_t *timer = !value ? NULL :
				 strncmp(item, "T_read=", 7) == 0 ? &servers->t_read_ns :
				 strncmp(item, "T_silence=", 10) == 0 ? &servers->t_silence_ns :
				 strncmp(item, "T_over=", 7) == 0 ? &servers->t_over_ns : NULL;

		good = timer && end != value + 1 && !*end && seconds > 0 && seconds < 1e6;
		if (good)
			*timer = (int64_t)(seconds * 1e9);
	}
	free(copy);
	return good;
}

static int take_timers(struct servers_options *servers)
{
	if (strchr(optarg, '=')) {
		servers->iperf3_timers_known = iperf3_timers(optarg, servers);
		return servers->iperf3_timers_known ? -1 :
		       command_complain("check", "--timers", optarg,
					"times in seconds are expected, such as T_read=10,T_silence=120,T_over=40");
	}
	servers->timers_known = true;
	if (!command_timers(optarg, &servers->t_hello_ns, &servers->t_begin_ns, &servers->t_idle_ns))
		return command_complain("check", "--timers", optarg,
					"three times in seconds are expected, such as 10,10,60");
	return -1;
}

static int take_profile(struct servers_options *servers)
{
	static const char *const names[] = {
		[SERVERS_AUTO] = "auto", [SERVERS_TEXT] = "text", [SERVERS_IPERF3] = "iperf3",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(optarg, names[i]) == 0) {
			servers->profile = (enum servers_profile)i;
			return -1;
		}
	}
	return command_complain("check", "--profile", optarg, "text, iperf3 or auto is expected");
}

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
		return take_timers(servers);
	case OPTION_PROFILE:
		return take_profile(servers);
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
