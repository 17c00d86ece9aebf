/* The command line of iperf-ref, read and checked. */
#ifndef IPERF_REF_OPTIONS_H
#define IPERF_REF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/cookie.h"
#include "ref/sandbox.h"

enum options_verdict {
	OPTIONS_RUN,     /* *options is complete and sensible */
	OPTIONS_HELP,    /* options_help() is wanted */
	OPTIONS_VERSION, /* the version is wanted */
	OPTIONS_WRONG,   /* the complaint says why */
};

enum options_profile {
	OPTIONS_PROFILE_AUTO,   /* a server of both */
	OPTIONS_PROFILE_TEXT,   /* SPEC.md, Part I */
	OPTIONS_PROFILE_IPERF3, /* SPEC.md, Part II */
};

/* Octets in one TCP write, or in a UDP datagram. */
#define OPTIONS_TCP_LENGTH_MAX (1024 * 1024)
#define OPTIONS_UDP_LENGTH_MAX 65507

struct options {
	bool server;          /* else client is the host to test */
	const char *client;
	const char *bind;     /* local address, or NULL */
	int64_t port;         /* 0 on a server: a free one */
	const char *profile_name;      /* as given, or NULL */
	enum options_profile profile;  /* what it means: a server's default is AUTO, a client's TEXT */
	bool version4, version6;
	bool json, verbose;
	int64_t interval_ns;  /* between two periodic reports; 0: none */
	bool no_sandbox;
	const char *sandbox_name;      /* as given, or NULL */
	enum sandbox_mode sandbox;     /* what the two mean */
	/* Server. */
	bool one_off;         /* exit after one test that had begun */
	int64_t t_hello_ns, t_begin_ns, t_idle_ns;
	int64_t t_read_ns, t_silence_ns, t_over_ns; /* iperf3 profile, SPEC 31 */
	int64_t streams_max, pending_max;
	const char *user;     /* to become, or NULL */
	/* Client. */
	bool udp;             /* as given; the next two say what it means */
	int64_t tcp_streams, udp_streams;
	int64_t time_ns;      /* payload flows for so long */
	int64_t bytes;        /* or for so many octets in all streams together, unless -1 */
	int64_t length;       /* as given, or -1; the next two say what it means */
	int64_t tcp_length, udp_length; /* udp_length -1, iperf3 profile: what fits into a packet to the server */
	int64_t bitrate;      /* as given, or -1; the next two say what it means */
	int64_t tcp_rate, udp_rate; /* bits per second of one stream; 0: as fast as it goes */
	int64_t t_results_ns, t_reject_ns;
	int64_t retry_ns;     /* for so long, try again when rejected or refused */
	const char *cookie_hex;
	struct iperf_cookie cookie; /* valid when cookie_hex is given */
	/* Client, iperf3 profile. */
	int64_t t_reply_ns;            /* SPEC 31 */
	int64_t rcv_timeout_ms;        /* R-31-5; 0: none */
	bool reverse, bidirectional;   /* not both */
	int64_t omit_ns;               /* whole seconds before time, as time is here */
	int64_t blocks;                /* in place of a time: so many writes or datagrams, unless -1 */
	bool get_server_output;
	bool wide;                     /* sequences of 64 bits */
};

#define OPTIONS_COMPLAINT_SIZE 256

/* Reads the command line. The strings of *options are those of argv. complaint gets one sentence without a line end
 * when the verdict is OPTIONS_WRONG. */
enum options_verdict options_parse(int argc, char **argv, struct options *options,
				   char complaint[static OPTIONS_COMPLAINT_SIZE]);

/* Writes the help text. */
void options_help(FILE *out);

#endif
