/* iperf-conform matrix: several runs side by side. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/outcome.h"

#define RUNS_MAX 64

static const char usage[] =
	"usage: iperf-conform matrix [-o FILE] RUN.json...\n"
	"\n"
	"Puts runs, as --json of 'iperf-conform server' and 'iperf-conform client' wrote them, side by side in one page of\n"
	"HTML: a column for each implementation, a row for each case.\n"
	"\n"
	"  -o, --output FILE      write here (standard output)\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 all runs conform, 1 one does not, 2 wrong usage, 3 one could not be read, or could not be tested.\n"
	"\n"
	"Example: iperf-conform matrix -o matrix.html ours.json theirs.json\n";

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int worst(json_t *const runs[], size_t count)
{
	int status = STATUS_CONFORMS;

	for (size_t i = 0; i < count && status != STATUS_BROKEN; i++) {
		int one = outcome_status(runs[i]);

		status = one == STATUS_BROKEN || one > status ? one : status;
	}
	return status;
}

static bool write_page(const char *path, json_t *const runs[], size_t count)
{
	FILE *out = path ? fopen(path, "w") : stdout;
	bool done = out && matrix_write(out, runs, count) && fflush(out) == 0;

	if (path && out && fclose(out) != 0)
		done = false;
	if (!done && path) /* main() tells of standard output */
		fprintf(stderr, "iperf-conform: %s: cannot be written: %s\n", path, strerror(errno));
	return done;
}

int command_matrix(int argc, char *argv[])
{
	json_t *runs[RUNS_MAX] = { NULL };
	const char *path = NULL;
	size_t count = 0;
	int option, status = STATUS_CONFORMS;

	while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		if (option == 'h')
			return command_help(usage);
		if (option != 'o') {
			fputs("try 'iperf-conform matrix --help'\n", stderr);
			return STATUS_USAGE;
		}
		path = optarg;
	}
	if (optind == argc)
		return command_complain("matrix", "no run", "", "name files that --json wrote");
	if (argc - optind > RUNS_MAX)
		return command_complain("matrix", "too many runs", "", "64 at most");
	for (; optind < argc && status == STATUS_CONFORMS; optind++) {
		char text[400];

		runs[count] = outcome_read(argv[optind], text, sizeof text);
		if (runs[count])
			count++;
		else
			status = STATUS_UNTESTED;
		if (status != STATUS_CONFORMS)
			fprintf(stderr, "iperf-conform: %s\n", text);
	}
	if (status == STATUS_CONFORMS)
		status = write_page(path, runs, count) ? worst(runs, count) : STATUS_UNTESTED;
	for (size_t i = 0; i < count; i++)
		json_decref(runs[i]);
	return status;
}
