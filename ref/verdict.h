/* How a client's test ended, as words. */
#ifndef IPERF_REF_VERDICT_H
#define IPERF_REF_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/client.h"

/* One word, such as "rejected": the value of "outcome" in JSON. */
const char *verdict_word(enum iperf_outcome outcome);

/* One sentence without a line end: what happened, with whom, and what to do about it. "" when all went well. */
void verdict_sentence(const struct iperf_client *client, const char *host, int64_t port, char *text, size_t size);

#endif
