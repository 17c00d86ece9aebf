/* Turns the tests in a capture into cases (case.h), which can be played against another server or client, or kept: what
 * was seen once in the field becomes a regression test.
 *
 * What the role under test is to do is not copied from the capture, where it may have been wrong. For the role server it
 * is what a server session (proto/server.h, proto/iperf3_server.h) decides when it is told what the clients of the test
 * said; for the role client what the capture's client said, or in the iperf3 profile what SPEC.md demands of one. So a
 * right peer passes, as far as the capture shows what was asked of it.
 *
 * Both profiles may stand in one capture. Of each server come first the tests of the text profile, then the others. */
#ifndef IPERF_CONFORMANCE_RECORD_H
#define IPERF_CONFORMANCE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/case.h"

#define RECORD_ERROR_SIZE 1024

struct record_options {
	enum case_role role;  /* whom the cases are to test */
	uint16_t port;        /* look at servers on this port only; 0: find them */
	bool same_cookies;    /* role server: the cookies of the capture, not fresh ones */
	double pace;          /* of pauses that are longer than 20 ms: 1 as captured, 0 none */
	bool findings;        /* name what `check` finds broken by that role, too; not of standard input */
};

/* What becomes of the tests of a capture, in the order of its servers and their tests. */
struct record_sink {
	/* A case, the sink's to case_free(). Its text is what to write to a file: comments, and the case. */
	void (*recorded)(void *user, struct case_file *file);
	/* A test that cannot be recorded, or all of the file: one sentence, which says why. */
	void (*skipped)(void *user, const char *sentence);
	void *user;
};

/* Reads the capture at path ("-": standard input). False with a sentence in error when it could not be read to its end;
 * what was found by then has gone to the sink. A capture without anything to record is told as skipped. */
bool record_file(const char *path, const struct record_options *options, const struct record_sink *sink,
		 char error[static RECORD_ERROR_SIZE]);

#endif
