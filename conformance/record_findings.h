/* What `check` finds broken in a capture, for the recorded cases to name. A part of recording. */
#ifndef IPERF_CONFORMANCE_RECORD_FINDINGS_H
#define IPERF_CONFORMANCE_RECORD_FINDINGS_H

#include <jansson.h>

#include "conformance/record_case.h"

/* Checks the file; NULL when there is nothing to be had, as of standard input. For json_decref(). */
json_t *record_findings(const char *path, uint16_t port);

/* Notes what the role has broken at the server, from the first to the last of these packets. */
void record_findings_note(const json_t *findings, enum case_role role, const struct iperf_endpoint *server,
			  uint64_t first, uint64_t last, struct record_result *result);

#endif
