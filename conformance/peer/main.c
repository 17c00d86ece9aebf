/*
 * The command line of iperf-peer: a second implementation of SPEC.md that shares no code with the reference program,
 * and that can be told to make one deliberate mistake (faults.h), so that a suite shows that it would notice. Here is
 * the text profile; iperf3_main.c has the other.
 */
#include "client.h"
#include "faults.h"
#include "iperf3_main.h"
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(void)
{
	fputs("usage: iperf-peer server [-p PORT] [--t-hello S] [--t-begin S] [--t-idle S]\n"
	      "                         [--max-streams N] [--max-pending N] [--fault NAME]\n"
	      "       iperf-peer client HOST -p PORT [-P STREAMS] [-n OCTETS | -t SECONDS] [-u | --udp-streams N]\n"
	      "                         [-l LEN] [--t-results S] [--t-reject S] [--fault NAME]\n"
	      "       iperf-peer faults server|client [--profile iperf3]\n"
	      "       iperf-peer server|client --profile iperf3 ...\n",
	      stderr);
	exit(2);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value > max)
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
	if (fault_activate(false, server, name))
		return;
	fprintf(stderr, "iperf-peer: there is no fault %s of a %s\n", name, server ? "server" : "client");
	exit(2);
}

enum { T_HELLO = 256, T_BEGIN, T_IDLE, MAX_STREAMS, MAX_PENDING, FAULT, UDP_STREAMS, T_RESULTS, T_REJECT };

static int server_main(int argc, char **argv)
{
	static const struct option names[] = {
	    {"t-hello", 1, NULL, T_HELLO},
	    {"t-begin", 1, NULL, T_BEGIN},
	    {"t-idle", 1, NULL, T_IDLE},
	    {"max-streams", 1, NULL, MAX_STREAMS},
	    {"max-pending", 1, NULL, MAX_PENDING},
	    {"fault", 1, NULL, FAULT},
	    {NULL, 0, NULL, 0},
	};
	struct server_options o = {5201, 10 * NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S, 128, 64, 64};

	for (int option; (option = getopt_long(argc, argv, "p:", names, NULL)) != -1;) {
		if (option == 'p')
			o.port = (uint16_t)number(optarg, 65535);
		else if (option == T_HELLO)
			o.hello_ns = seconds(optarg);
		else if (option == T_BEGIN)
			o.begin_ns = seconds(optarg);
		else if (option == T_IDLE)
			o.idle_ns = seconds(optarg);
		else if (option == MAX_STREAMS)
			o.max_streams = number(optarg, 1000000);
		else if (option == MAX_PENDING)
			o.max_pending = number(optarg, 1000000);
		else if (option == FAULT)
			choose_fault(true, optarg);
		else
			usage();
	}
	if (optind < argc)
		usage();
	return server_run(&o);
}

struct client_arguments {
	struct client_options o;
	bool udp, octets, time, udp_streams;
};

static void client_option(struct client_arguments *a, int option)
{
	if (option == 'p') {
		a->o.port = optarg;
	} else if (option == 'P') {
		a->o.tcp_streams = number(optarg, 10000);
	} else if (option == 'n') {
		a->o.octets = number(optarg, INT64_MAX);
		a->octets = true;
	} else if (option == 't') {
		a->o.time_ns = seconds(optarg);
		a->time = true;
	} else if (option == 'u') {
		a->udp = true;
	} else if (option == 'l') {
		a->o.length = number(optarg, 1 << 20);
	} else if (option == UDP_STREAMS) {
		a->o.udp_streams = number(optarg, 10000);
		a->udp_streams = true;
	} else if (option == T_RESULTS) {
		a->o.results_ns = seconds(optarg);
	} else if (option == T_REJECT) {
		a->o.reject_ns = seconds(optarg);
	} else if (option == FAULT) {
		choose_fault(false, optarg);
	} else {
		usage();
	}
}

static int client_main(int argc, char **argv)
{
	static const struct option names[] = {
	    {"udp-streams", 1, NULL, UDP_STREAMS},
	    {"t-results", 1, NULL, T_RESULTS},
	    {"t-reject", 1, NULL, T_REJECT},
	    {"fault", 1, NULL, FAULT},
	    {NULL, 0, NULL, 0},
	};
	struct client_arguments a = {.o = {.port = "5201",
					   .tcp_streams = 1,
					   .octets = 1000000,
					   .results_ns = 10 * NS_PER_S,
					   .reject_ns = NS_PER_S / 2}};

	for (int option; (option = getopt_long(argc, argv, "p:P:n:t:ul:", names, NULL)) != -1;)
		client_option(&a, option);
	if (optind != argc - 1 || (a.udp && a.udp_streams) || (a.octets && a.time))
		usage();
	a.o.host = argv[optind];
	number(a.o.port, 65535);
	if (a.udp) {
		a.o.udp_streams = a.o.tcp_streams;
		a.o.tcp_streams = 0;
	}
	return client_run(&a.o);
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";

	if (iperf3_is_asked_for(&argc, argv))
		return iperf3_main(argc, argv);
	if (strcmp(role, "server") == 0)
		return server_main(argc - 1, argv + 1);
	if (strcmp(role, "client") == 0)
		return client_main(argc - 1, argv + 1);
	if (strcmp(role, "faults") != 0 || argc != 3 ||
	    (strcmp(argv[2], "server") != 0 && strcmp(argv[2], "client") != 0))
		usage();
	fault_list(false, strcmp(argv[2], "server") == 0);
	return 0;
}
