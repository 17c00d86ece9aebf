/* The command line of iperf-ref, read and checked. */
#ifndef IPERF_REF_OPTIONS_H
#define IPERF_REF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/cookie.h"

enum options_verdict {
	OPTIONS_RUN,     /* *options is complete and sensible */
	OPTIONS_HELP,    /* options_help() is wanted */
	OPTIONS_VERSION, /* the version is wanted */
	OPTIONS_WRONG,   /* the complaint says why */
};

/* Octets in one TCP write, or in a UDP datagram. */
#define OPTIONS_TCP_LENGTH_MAX (1024 * 1024)
#define OPTIONS_UDP_LENGTH_MAX 65507

struct options {
	bool server;          /* else client is the host to test */
	const char *client;
	const char *bind;     /* local address, or NULL */
	int64_t port;         /* 0 on a server: a free one */
	bool version4, version6;
	bool json, verbose;
	int64_t interval_ns;  /* between two periodic reports; 0: none */
	/* Server. */
	bool one_off;         /* exit after one test that had begun */
	int64_t t_hello_ns, t_begin_ns, t_idle_ns;
	int64_t streams_max, pending_max;
	/* Client. */
	bool udp;             /* as given; the next two say what it means */
	int64_t tcp_streams, udp_streams;
	int64_t time_ns;      /* payload flows for so long */
	int64_t bytes;        /* or for so many octets in all streams together, unless -1 */
	int64_t length;       /* as given, or -1; the next two say what it means */
	int64_t tcp_length, udp_length;
	int64_t bitrate;      /* as given, or -1; the next two say what it means */
	int64_t tcp_rate, udp_rate; /* bits per second of one stream; 0: as fast as it goes */
	int64_t t_results_ns, t_reject_ns;
	int64_t retry_ns;     /* for so long, try again when rejected or refused */
	const char *cookie_hex;
	struct iperf_cookie cookie; /* valid when cookie_hex is given */
};

#define OPTIONS_COMPLAINT_SIZE 256

/* Reads the command line. The strings of *options are those of argv. complaint gets one sentence without a line end
 * when the verdict is OPTIONS_WRONG. */
enum options_verdict options_parse(int argc, char **argv, struct options *options,
				   char complaint[static OPTIONS_COMPLAINT_SIZE]);

/* Writes the help text. */
void options_help(FILE *out);

#endif
