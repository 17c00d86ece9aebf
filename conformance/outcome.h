/* The outcome of a run of the suite: one JSON document, from which every report is made (tap.c, junit.c, html.c,
 * terminal.c), so that what a report says can be had again from a file (matrix.c).
 *
 *   { "program": "iperf-conform", "version": "0.1.0", "format": 1,
 *     "role": "server",                         who was tested; or "client"
 *     "profile": "text",                        or "iperf3"; absent: text
 *     "name": "127.0.0.1 port 5201",            --name, or else the address or the command
 *     "arguments": ["iperf-conform", "server", "127.0.0.1"],
 *     "started": "2026-11-23T08:00:00Z", "seconds": 3.2,
 *     "environment": { "system": "Linux 6.1.0 x86_64", "timers": { "T_hello": 10.0, "T_begin": 10.0,
 *                      "T_idle": 60.0, "T_results": 10.0 } },
 *     "strict": false, "only": null,            or "seed"
 *     "cases": [ CASE, ... ],                   in the order in which they ran
 *     "requirements": { "R-6.2-1": { "level": "MUST", "role": "server", "provenance": "seed", "text": "..." }, ... },
 *                                               those that the cases name; text is Markdown
 *     "summary": { "pass": 80, "fail": 1, "warn": 0, "skip": 2, "untested": 0 },
 *     "verdict": "conforms",                    "does not conform", "could not be tested"
 *     "deviations": 0,                          with --expect only: of how many cases the verdict is another one
 *     "stopped": null }                         or the sentence that says why the run ended early
 *
 *   CASE: { "id": "6.2/1", "section": "6.2", "title": "...", "path": "6.2/1.case", "source": "the whole file",
 *     "tests": ["R-6.2-1", ...], "seconds": 0.01,
 *     "verdict": "pass",                        "fail"; "warn": only a SHOULD is broken, and not --strict; "skip";
 *                                               "untested": it could not be found out
 *     "reason": null,                           of skip and untested: a sentence
 *     "failure": null,                          or of fail and warn:
 *                { "requirement": "R-6.2-1", "level": "MUST", "line": 9, "expected": "#2 S>C closed within 1s",
 *                  "observed": "nothing on #2 for 1.000 s", "at": 1.002 }
 *     "expectation": { "verdict": "fail", "reason": "...", "met": true },
 *                                               with --expect only
 *     "rerun": "iperf-conform server 127.0.0.1 -p 5201 6.2/1",
 *     "expected": [ { "line": 7, "text": "#1 C>S IPERF_TEST_BEGIN $cookie", "connection": "#1", "direction": "C>S",
 *                     "state": "done", "at": 0.0001 }, ... ],
 *                                               every step in order; state also "failed", "not reached"; at is absent
 *                                               then. connection is null and direction absent for steps without one
 *     "observed": [ { "at": 0.0001, "connection": "#1", "direction": "C>S", "text": "IPERF_TEST_BEGIN $cookie",
 *                     "length": 81, "octets": "00010203...", "wrong": false }, ... ],
 *                                               what was said, in order; octets in hex, up to 4096 of them (absent when
 *                                               there are none: end-of-file, reset); wrong: the first difference
 *     "cookies": { "$cookie": "0001...", ... },
 *     "exit": 0, "output": "..." }              of a program that the runner started: status and what it wrote (up to 4096 octets); exit is
 *                                               null when it had to be ended
 */
#ifndef IPERF_CONFORMANCE_OUTCOME_H
#define IPERF_CONFORMANCE_OUTCOME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* --- reports. Each returns false when writing failed, with errno. ------------------------------------------------ */

/* TAP 14: the head before the first case, a line (and for a failure a YAML block) for each case, the end. */
bool tap_begin(FILE *out, size_t planned);
bool tap_case(FILE *out, size_t number, const json_t *one);
bool tap_end(FILE *out, const json_t *run);

/* On a terminal: one line of progress that is overwritten (when live), the failures, a final one-line verdict. */
bool terminal_progress(FILE *out, size_t number, size_t planned, const char *id, bool colour, bool live);
bool terminal_case(FILE *out, const json_t *one, bool colour, bool live);
bool terminal_end(FILE *out, const json_t *run, bool colour, bool live);

bool junit_write(FILE *out, const json_t *run);

/* One self-contained page about one run. */
bool html_write(FILE *out, const json_t *run);

/* One self-contained page about several runs, side by side: implementations by cases. */
bool matrix_write(FILE *out, json_t *const runs[], size_t count);

/* Reads a run from a file that --json wrote. NULL with a sentence in text when it is none. */
json_t *outcome_read(const char *path, char *text, size_t size);

/* 0 conforms, 1 does not, 3 could not be tested. With --expect: 0 all is as expected, 1 it is not, 3 the run ended early. */
int outcome_status(const json_t *run);

#endif
