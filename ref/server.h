/* The reference server: a libuv loop around the server session of proto/. */
#ifndef IPERF_REF_SERVER_H
#define IPERF_REF_SERVER_H

#include "ref/options.h"

/* Serves until SIGINT or SIGTERM, or with options->one_off until one test is over. Returns 0; or a negative errno with
 * *what telling what failed: "listen", "start", "report"; or a positive number for socket_resolve_error(), *what being
 * "resolve". */
int server_run(const struct options *options, const char **what);

#endif
