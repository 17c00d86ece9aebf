/* iperf-conform list: the cases, and what they test. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/suite.h"

#define DIRS_MAX 16

static const char usage[] =
	"usage: iperf-conform list [options] [SECTION...]\n"
	"\n"
	"Shows the cases: their names, whom they test, and what they show.\n"
	"\n"
	"      --role ROLE        only those for a server, or a client\n"
	"      --profile PROFILE  only those of the text profile, or of iperf3\n"
	"      --only seed        only what the original text itself demands; --only observed: only what was observed of\n"
	"                         deployed iperf3 programs\n"
	"      --cases DIR        more cases, from the files *.case in DIR; may be repeated\n"
	"      --requirements     the requirements that each tests, too\n"
	"      --matrix           each requirement of SPEC.md with its cases, as Markdown\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 done, 1 a requirement has no case and no reason for that (--matrix), 2 wrong usage.\n"
	"\n"
	"Example: iperf-conform list --role server 6.2\n";

struct list {
	const char *dirs[DIRS_MAX + 1];
	size_t dir_count;
	struct suite_filter filter;
	const char *only; /* as it was given; NULL: not */
	bool requirements, matrix, profile;
};

enum { ROLE = 256, PROFILE, ONLY, CASES, REQUIREMENTS, MATRIX };

static const struct option long_options[] = {
	{ "role", required_argument, NULL, ROLE },
	{ "profile", required_argument, NULL, PROFILE },
	{ "only", required_argument, NULL, ONLY },
	{ "cases", required_argument, NULL, CASES },
	{ "requirements", no_argument, NULL, REQUIREMENTS },
	{ "matrix", no_argument, NULL, MATRIX },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int take_option(struct list *list, int option)
{
	switch (option) {
	case ROLE:
		list->filter.any_role = false;
		list->filter.role = strcmp(optarg, "client") == 0 ? CASE_CLIENT : CASE_SERVER;
		if (strcmp(optarg, "client") != 0 && strcmp(optarg, "server") != 0)
			return command_complain("list", "--role", optarg, "'server' or 'client' is expected");
		return -1;
	case ONLY:
		list->filter.only_seed = true;
		list->filter.any_profile = false;
		list->only = optarg;
		if (!list->profile)
			list->filter.profile = strcmp(optarg, "observed") == 0 ? CASE_IPERF3 : CASE_TEXT_PROFILE;
		return strcmp(optarg, "seed") == 0 || strcmp(optarg, "observed") == 0 ?
			       -1 : command_complain("list", "--only", optarg, "'seed' or 'observed' is expected");
	case PROFILE:
		list->profile = true;
		list->filter.any_profile = false;
		list->filter.profile = strcmp(optarg, "iperf3") == 0 ? CASE_IPERF3 : CASE_TEXT_PROFILE;
		return strcmp(optarg, "iperf3") == 0 || strcmp(optarg, "text") == 0 ?
			       -1 : command_complain("list", "--profile", optarg, "'text' or 'iperf3' is expected");
	case CASES:
		if (list->dir_count == DIRS_MAX)
			return command_complain("list", "--cases", optarg, "too many folders");
		list->dirs[list->dir_count++] = optarg;
		return -1;
	case REQUIREMENTS:
		list->requirements = true;
		return -1;
	case MATRIX:
		list->matrix = true;
		return -1;
	case 'h':
		return command_help(usage);
	default:
		fputs("try 'iperf-conform list --help'\n", stderr);
		return STATUS_USAGE;
	}
}

static void say(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "iperf-conform: %s\n", text);
}

static int print_matrix(const struct suite *suite)
{
	struct suite_coverage coverage;
	char path[4096];
	bool whole;

	snprintf(path, sizeof path, "%s/unobservable.txt", suite_default_dir());
	whole = suite_coverage(suite, path, &coverage, say, NULL);
	suite_matrix(suite, &coverage, stdout);
	suite_coverage_free(&coverage);
	return whole ? STATUS_CONFORMS : STATUS_BROKEN;
}

static void print_case(const struct case_file *file, bool requirements)
{
	printf("%-10s %-6s  %s%s\n", file->id, file->role == CASE_SERVER ? "server" : "client",
	       file->profile == CASE_IPERF3 ? "iperf3  " : "", file->title);
	for (size_t i = 0; requirements && i < file->test_count; i++)
		printf("%-19s%-10s %s\n", "", iperf_requirements[file->tests[i]].id, iperf_requirements[file->tests[i]].text);
}

static int print_list(const struct list *list, const struct suite *suite, char *const words[], size_t count)
{
	struct case_file **cases;
	char text[300];
	size_t found;

	if (!suite_select(suite, &list->filter, words, count, &cases, &found, text, sizeof text)) {
		fprintf(stderr, "iperf-conform list: %s\n", text);
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < found; i++)
		print_case(cases[i], list->requirements);
	free(cases);
	return STATUS_CONFORMS;
}

int command_list(int argc, char *argv[])
{
	struct list list = { .dirs = { suite_default_dir() }, .dir_count = 1, .filter = { .any_role = true, .any_profile = true } };
	struct suite suite;
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		status = take_option(&list, option);
	if (status < 0 && list.only && list.profile &&
	    (strcmp(list.only, "observed") == 0) != (list.filter.profile == CASE_IPERF3))
		status = command_complain("list", "--only", list.only, "the text profile has 'seed', iperf3 has 'observed'");
	if (status >= 0)
		return status;
	status = STATUS_USAGE;
	if (suite_load(&suite, list.dirs, list.dir_count, say, NULL))
		status = list.matrix ? print_matrix(&suite) :
				       print_list(&list, &suite, argv + optind, (size_t)(argc - optind));
	suite_free(&suite);
	return fflush(stdout) == 0 ? status : STATUS_UNTESTED;
}
