/* The command line of iperf-stress: what networks and strangers do to a server and a client, on one host. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abort.h"
#include "relay.h"
#include "silent.h"

static void usage(void)
{
	fputs("usage: iperf-stress relay  -p SERVER-PORT [--listen PORT] [--seed N] [--loss %] [--copies %] [--reorder %]\n"
	      "                           [--delay MS] [--jitter MS] [--piece OCTETS] [--length OCTETS] [--sequence]\n"
	      "                           [--lose N] [--lose-replies N] [--spare N]\n"
	      "       iperf-stress abort  -p SERVER-PORT [-n CONNECTIONS] [--iperf3] [--seed N]\n"
	      "       iperf-stress silent -p SERVER-PORT [-n CONNECTIONS] [--trickle N] [--timer SECONDS] [--again]\n",
	      stderr);
	exit(2);
}

static uint64_t whole(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < min || value > max)
		usage();
	return value;
}

static double real(const char *text, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0 && value <= max))
		usage();
	return value;
}

static int64_t ms(const char *text)
{
	return (int64_t)(real(text, 10000) * NS_PER_MS);
}

enum { LISTEN = 256, SEED, LOSS, COPIES, REORDER, DELAY, JITTER, PIECE, LENGTH, SEQUENCE, LOSE, LOSE_REPLIES, SPARE,
       IPERF3, TRICKLE, TIMER, AGAIN };

static const struct option relay_names[] = {
	{ "listen", 1, NULL, LISTEN },   { "seed", 1, NULL, SEED },     { "loss", 1, NULL, LOSS },
	{ "copies", 1, NULL, COPIES },   { "reorder", 1, NULL, REORDER }, { "delay", 1, NULL, DELAY },
	{ "jitter", 1, NULL, JITTER },   { "piece", 1, NULL, PIECE },   { "length", 1, NULL, LENGTH },
	{ "spare", 1, NULL, SPARE },     { "sequence", 0, NULL, SEQUENCE }, { "lose", 1, NULL, LOSE },
	{ "lose-replies", 1, NULL, LOSE_REPLIES }, { NULL, 0, NULL, 0 },
};
static const struct option abort_names[] = {
	{ "iperf3", 0, NULL, IPERF3 }, { "seed", 1, NULL, SEED }, { NULL, 0, NULL, 0 },
};
static const struct option silent_names[] = {
	{ "trickle", 1, NULL, TRICKLE }, { "timer", 1, NULL, TIMER }, { "again", 0, NULL, AGAIN }, { NULL, 0, NULL, 0 },
};

static struct relay_options relay = { .seed = 1 };
static struct abort_options aborts = { .seed = 1, .connections = 10000 };
static struct silent_options silent = { .connections = 1000 };

static void take(int option, const char *text)
{
	switch (option) {
	case 'p':
		relay.server = aborts.port = silent.port = (uint16_t)whole(text, 1, 65535);
		break;
	case 'n':
		aborts.connections = silent.connections = (unsigned)whole(text, 1, 1000000);
		break;
	case SEED: relay.seed = aborts.seed = whole(text, 0, UINT64_MAX); break;
	case LISTEN: relay.port = (uint16_t)whole(text, 0, 65535); break;
	case LOSS: relay.loss = real(text, 100); break;
	case COPIES: relay.copies = real(text, 100); break;
	case REORDER: relay.reorder = real(text, 100); break;
	case DELAY: relay.delay_ns = ms(text); break;
	case JITTER: relay.jitter_ns = ms(text); break;
	case PIECE: relay.piece = (size_t)whole(text, 1, 65536); break;
	case LENGTH: relay.length = (size_t)whole(text, 1, 65507); break;
	case SEQUENCE: relay.sequence = true; break;
	case LOSE: relay.lose[RELAY_UP] = whole(text, 0, UINT32_MAX); break;
	case LOSE_REPLIES: relay.lose[RELAY_DOWN] = whole(text, 0, UINT32_MAX); break;
	case SPARE: relay.spare = whole(text, 0, UINT32_MAX); break;
	case IPERF3: aborts.iperf3 = true; break;
	case TRICKLE: silent.trickle = (unsigned)whole(text, 1, 1000000); break;
	case TIMER: silent.timer_ns = (int64_t)(real(text, 1000) * NS_PER_S); break;
	case AGAIN: silent.again = true; break;
	default: usage();
	}
}

static void take_all(int argc, char **argv, const char *letters, const struct option *names)
{
	for (int option; (option = getopt_long(argc, argv, letters, names, NULL)) != -1;)
		take(option, optarg);
	if (optind != argc || relay.server == 0)
		usage();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "relay") == 0) {
		take_all(argc - 1, argv + 1, "p:", relay_names);
		return relay_run(&relay);
	}
	if (strcmp(what, "abort") == 0) {
		take_all(argc - 1, argv + 1, "p:n:", abort_names);
		return abort_run(&aborts);
	}
	if (strcmp(what, "silent") == 0) {
		take_all(argc - 1, argv + 1, "p:n:", silent_names);
		return silent_run(&silent);
	}
	usage();
}
