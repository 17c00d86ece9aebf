/* The client of the iperf3 profile: one test, or with --retry as many as it takes to get one. SPEC.md, Part II. */
#ifndef IPERF_REF_IPERF3_CLIENT_H
#define IPERF_REF_IPERF3_CLIENT_H

#include "proto/iperf3_client.h"
#include "ref/options.h"

/* Runs a test and reports it. Returns 0 with *outcome, or what kept it from being tried or reported: a negative errno,
 * or a positive number for socket_resolve_error(), with *what as main() explains it. */
int iperf3_client_run(const struct options *options, enum iperf3_outcome *outcome, const char **what);

#endif
