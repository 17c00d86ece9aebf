/* Verdicts that are expected of a run: a file of lines "CASE VERDICT reason"; "pass|warn" is either. Empty lines and those
 * that begin with // mean nothing. */
#ifndef IPERF_CONFORMANCE_EXPECTATIONS_H
#define IPERF_CONFORMANCE_EXPECTATIONS_H

#include <jansson.h>
#include <stddef.h>

/* Reads a file: an object of cases, for json_decref(). NULL with a sentence in text when it cannot be read. */
json_t *expectations_read(const char *path, char *text, size_t size);

/* Notes with a case of a run (outcome.h) what was expected of it, and whether it is so. A case without a line is to pass, or
 * may be skipped. */
void expectations_mark(const json_t *expectations, json_t *one);

#endif
