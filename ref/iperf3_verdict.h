/* How a test of the iperf3 client ended, as words. */
#ifndef IPERF_REF_IPERF3_VERDICT_H
#define IPERF_REF_IPERF3_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/iperf3_client.h"

/* One word or two, such as "denied": the value of "outcome" in JSON. */
const char *iperf3_verdict_word(enum iperf3_outcome outcome);

/* One sentence without a line end: what happened, with whom, and what to do about it. "" when all went well. */
void iperf3_verdict_sentence(const struct iperf3_client *client, const char *host, int64_t port, char *text,
			     size_t size);

#endif
