/* `iperf-conform check`: reads one capture file and judges what was said in it. */
#ifndef IPERF_CONFORMANCE_CHECK_H
#define IPERF_CONFORMANCE_CHECK_H

#include <stdbool.h>

#include "conformance/report.h"
#include "conformance/servers.h"

/* Checks the file at path ("-": standard input) and reports on it. first: no file was reported before. Returns its exit
 * status: 0 it conforms, 1 it does not, 3 that could not be told. */
int check_file(const char *path, const struct servers_options *servers, const struct report_options *report, bool first);

#endif
