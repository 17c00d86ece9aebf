#include "iperf3_main.h"
#include "iperf3_client.h"
#include "iperf3_server.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(void)
{
	fputs("usage: iperf-peer server --profile iperf3 [-p PORT] [-1 | --one-off]\n"
	      "                         [--t-read S] [--t-silence S] [--t-over S]\n"
	      "                         [--bitrate-limit BITS] [--duration-limit S] [--fault NAME]\n"
	      "       iperf-peer client --profile iperf3 HOST -p PORT [-P STREAMS] [-n OCTETS | -k BLOCKS | -t S]\n"
	      "                         [-O S] [-l OCTETS] [-b BITS] [-i S] [-u] [-R | --bidir]\n"
	      "                         [--udp-counters-64bit] [--get-server-output] [--rcv-timeout MS]\n"
	      "                         [--t-reply S] [--fault NAME]\n"
	      "       iperf-peer faults server|client --profile iperf3\n",
	      stderr);
	exit(2);
}

bool iperf3_is_asked_for(int *argc, char **argv)
{
	bool found = false;

	for (int i = 1; i + 1 < *argc; i++) {
		if (strcmp(argv[i], "--profile") != 0)
			continue;
		found = strcmp(argv[i + 1], "iperf3") == 0;
		if (!found && strcmp(argv[i + 1], "text") != 0)
			usage();
		memmove(argv + i, argv + i + 2, (size_t)(*argc - i - 1) * sizeof *argv);
		*argc -= 2;
		break;
	}
	return found;
}

/* With K, M or G behind it: 1024 for octets and blocks, 1000 for bits. */
static int64_t number(const char *text, int64_t max, int64_t kilo)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	for (const char *unit = "KMG", *at = *end ? strchr(unit, *end & ~32) : NULL; at && at >= unit; at--) {
		if (value > max / kilo)
			usage();
		value *= kilo;
		if (at == unit)
			end++;
	}
	if (errno || end == text || *end || value < 0 || value > max)
		usage();
	return value;
}

static uint64_t seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= 1e6))
		usage();
	return (uint64_t)(value * 1e9);
}

static void choose_fault(bool server, const char *name)
{
	if (fault_activate(true, server, name))
		return;
	fprintf(stderr, "iperf-peer: there is no fault %s of a %s\n", name, server ? "server" : "client");
	exit(2);
}

enum { FAULT = 256, T_READ, T_SILENCE, T_OVER, BITRATE, DURATION, BIDIR, WIDE, OUTPUT, RCV_TIMEOUT, T_REPLY };

static int server_main(int argc, char **argv)
{
	static const struct option names[] = {
	    {"t-read", 1, NULL, T_READ},
	    {"t-silence", 1, NULL, T_SILENCE},
	    {"t-over", 1, NULL, T_OVER},
	    {"one-off", 0, NULL, '1'},
	    {"bitrate-limit", 1, NULL, BITRATE},
	    {"duration-limit", 1, NULL, DURATION},
	    {"fault", 1, NULL, FAULT},
	    {NULL, 0, NULL, 0},
	};
	struct i3_server_options o = {
	    .port = 5201, .read_ns = 10 * NS_PER_S, .silence_ns = 120 * NS_PER_S, .over_ns = 40 * NS_PER_S};

	for (int option; (option = getopt_long(argc, argv, "p:1", names, NULL)) != -1;) {
		if (option == 'p')
			o.port = (uint16_t)number(optarg, 65535, 1000);
		else if (option == '1')
			o.one_off = true;
		else if (option == T_READ)
			o.read_ns = seconds(optarg);
		else if (option == T_SILENCE)
			o.silence_ns = seconds(optarg);
		else if (option == T_OVER)
			o.over_ns = seconds(optarg);
		else if (option == BITRATE)
			o.bitrate_limit = (uint64_t)number(optarg, INT64_MAX, 1000);
		else if (option == DURATION)
			o.duration_limit = (uint64_t)number(optarg, INT32_MAX, 1000);
		else if (option == FAULT)
			choose_fault(true, optarg);
		else
			usage();
	}
	if (optind < argc)
		usage();
	return i3_server_run(&o);
}

struct arguments {
	struct i3_client_options o;
	bool length, rate, time;
};

static bool test_option(struct arguments *a, int option)
{
	struct i3_params *p = &a->o.params;

	if (option == 'P')
		p->parallel = number(optarg, I3_STREAMS_MAX, 1000);
	else if (option == 'n')
		p->num = number(optarg, INT64_MAX, 1024);
	else if (option == 'k')
		p->blockcount = number(optarg, INT64_MAX, 1024);
	else if (option == 'O')
		p->omit = number(optarg, 600, 1000);
	else if (option == 'u')
		p->udp = true;
	else if (option == 'R')
		p->reverse = true;
	else if (option == BIDIR)
		p->bidirectional = true;
	else if (option == WIDE)
		p->wide = true;
	else if (option == OUTPUT)
		p->server_output = true;
	else
		return false;
	return true;
}

static void client_option(struct arguments *a, int option)
{
	struct i3_params *p = &a->o.params;

	if (test_option(a, option))
		return;
	if (option == 'p') {
		a->o.port = optarg;
	} else if (option == 't') {
		p->time = number(optarg, 86400, 1000);
		a->time = true;
	} else if (option == 'l') {
		p->len = number(optarg, 1 << 20, 1024);
		a->length = true;
	} else if (option == 'b') {
		p->bandwidth = number(optarg, INT64_MAX, 1000);
		a->rate = true;
	} else if (option == 'i') {
		a->o.interval_ns = seconds(optarg);
	} else if (option == RCV_TIMEOUT) {
		a->o.silence_ns = (uint64_t)number(optarg, 86400000, 1000) * NS_PER_MS;
	} else if (option == T_REPLY) {
		a->o.reply_ns = seconds(optarg);
	} else if (option == FAULT) {
		choose_fault(false, optarg);
	} else {
		usage();
	}
}

static void complete(struct arguments *a)
{
	struct i3_params *p = &a->o.params;
	bool amount = p->num > 0 || p->blockcount > 0;

	if (!a->length)
		p->len = p->udp ? 1460 : 131072;
	if (!a->rate && p->udp)
		p->bandwidth = 1048576;
	if (amount)
		p->time = 0;
	if ((amount && a->time) || (p->num && p->blockcount) || (p->reverse && p->bidirectional) || p->parallel == 0 ||
	    p->len == 0 || (p->udp && (p->len < 16 || p->len > 65507)))
		usage();
}

static int client_main(int argc, char **argv)
{
	static const struct option names[] = {
	    {"bidir", 0, NULL, BIDIR},
	    {"udp-counters-64bit", 0, NULL, WIDE},
	    {"get-server-output", 0, NULL, OUTPUT},
	    {"rcv-timeout", 1, NULL, RCV_TIMEOUT},
	    {"t-reply", 1, NULL, T_REPLY},
	    {"fault", 1, NULL, FAULT},
	    {NULL, 0, NULL, 0},
	};
	struct arguments a = {.o = {.port = "5201", .reply_ns = 30 * NS_PER_S, .interval_ns = NS_PER_S}};

	i3_params_default(&a.o.params);
	for (int option; (option = getopt_long(argc, argv, "p:P:n:k:t:O:l:b:i:uR", names, NULL)) != -1;)
		client_option(&a, option);
	if (optind != argc - 1)
		usage();
	a.o.host = argv[optind];
	number(a.o.port, 65535, 1000);
	complete(&a);
	return i3_client_run(&a.o);
}

int iperf3_main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";

	if (strcmp(role, "server") == 0)
		return server_main(argc - 1, argv + 1);
	if (strcmp(role, "client") == 0)
		return client_main(argc - 1, argv + 1);
	if (strcmp(role, "faults") != 0 || argc != 3 ||
	    (strcmp(argv[2], "server") != 0 && strcmp(argv[2], "client") != 0))
		usage();
	fault_list(true, strcmp(argv[2], "server") == 0);
	return 0;
}
