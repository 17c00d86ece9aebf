/* The reference client: a libuv loop around the client session of proto/. */
#ifndef IPERF_REF_CLIENT_H
#define IPERF_REF_CLIENT_H

#include "proto/client.h"
#include "ref/options.h"

/* Runs a test, with options->retry_ns again while it is rejected or refused, and reports it. Returns 0 with *outcome;
 * or what kept it from being tried: a negative errno with *what telling what failed ("bind", "start", "send",
 * "report"), or a positive number for socket_resolve_error() with *what being "resolve" or "bind". SIGINT and SIGTERM
 * stay blocked. */
int client_run(const struct options *options, enum iperf_outcome *outcome, const char **what);

#endif
