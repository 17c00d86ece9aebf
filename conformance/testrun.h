/* A run of the suite for tests of reports: testrun.json, in which a hostile implementation has a case of its own. */
#ifndef IPERF_CONFORMANCE_TESTRUN_H
#define IPERF_CONFORMANCE_TESTRUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Fails the test when it cannot be read. The caller owns it. */
json_t *testrun_new(void);

/* JSON from text; fails the test when it is none. */
json_t *testrun_json(const char *text);

/* What write says of run, as a string that the caller frees; fails the test when it returns false. */
char *testrun_written(bool (*write)(FILE *out, const json_t *run), const json_t *run);

/* How often part stands in text. */
size_t testrun_count(const char *text, const char *part);

/* Fails the test unless program, if it is installed, accepts text on its standard input. */
void testrun_accepted(const char *program, const char *command, const char *text);

#endif
