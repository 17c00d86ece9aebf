/* The real program as a child of a test, its output, and what a test does when it fails.
 *
 * Everything here waits for events, at most TEST_PATIENCE_MS, and fails the test otherwise. A failing test prints what the
 * programs have written. Children die with the test. */
#ifndef IPERF_REF_TESTPROGRAM_H
#define IPERF_REF_TESTPROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef TEST_PATIENCE_MS
#define TEST_PATIENCE_MS 30000 /* matters only to a test that fails: events come within milliseconds */
#endif

/* Where the present row stands and which step of it is being done, for failures. */
extern const char *test_at, *test_step;

/* Fails the present test with a sentence. */
__attribute__((format(printf, 1, 2), noreturn)) void test_fail(const char *format, ...);

/* Fails unless a condition holds. */
#define test_assert(condition, ...) ((condition) ? (void)0 : test_fail(__VA_ARGS__))

/* Gives all tests that were added (rows_test.h) a teardown that leaves nothing behind, and runs them. */
#define TESTS_RUN(group)                                                                                               \
	(__extension__({                                                                                               \
		for (size_t test_ = 0; test_ < test_count; test_++)                                                    \
			tests[test_].teardown_func = test_clean;                                                       \
		tests_run(group);                                                                                      \
	}))

/* Ends all programs and closes all sockets of testwire.h. A teardown for cmocka. */
int test_clean(void **state);

/* --- the program --------------------------------------------------------------------------------------------------- */

enum program_output {
	PROGRAM_OUT,
	PROGRAM_ERR,
};

struct program_text {
	int fd;
	char *at;          /* NUL-terminated, all that was read so far */
	size_t length, size;
	size_t told;       /* program_said() has looked at so much */
};

struct program {
	pid_t pid;
	struct program_text texts[2];
	bool quiet;        /* its standard error is to be empty at the end */
	int status;        /* valid when pid is 0; a signal is negative */
	char command[300];
	char line[300];    /* of program_said() */
};

struct program_setup {
	unsigned files;       /* bound on descriptors, or 0 */
	const char *out;      /* a file for standard output in place of the pipe, or NULL */
};

/* Runs "iperf-ref WORDS"; words are separated by single spaces. It lives until program_free() or
 * test_clean(). */
__attribute__((format(printf, 1, 2))) struct program *program_start(const char *words, ...);
__attribute__((format(printf, 2, 3))) struct program *program_start_as(const struct program_setup *setup,
								       const char *words, ...);

/* Waits until its output has text behind what an earlier call has found there, and returns the line with it. */
const char *program_said(struct program *program, enum program_output output, const char *text);

/* What it has written so far is not looked at by program_said(). */
void program_forget(struct program *program);

/* Whether its output has text by now, anywhere. */
bool program_has(struct program *program, enum program_output output, const char *text);

/* Reads what it has written so far, so that it never waits for the test to do so. */
void program_drain(struct program *program);

void program_signal(const struct program *program, int number);

/* Waits for its end; returns its exit status, or minus the signal that ended it. */
int program_wait(struct program *program);

/* Kills it if it runs. */
void program_free(struct program *program);

/* A server on a free port: "-s -p 0 WORDS", and --profile text unless WORDS name another. */
__attribute__((format(printf, 2, 3))) struct program *program_serve(uint16_t *port, const char *words, ...);
__attribute__((format(printf, 3, 4))) struct program *program_serve_as(const struct program_setup *setup, uint16_t *port,
								      const char *words, ...);

/* Ends a server as its user does: it must exit with status 0 and, unless it was told to talk there, an empty standard
 * error. It is freed. */
void program_stop(struct program *server);

/* Waits until a server has dealt with all that was sent to it: no datagram waits on port, and all its threads sleep. */
void program_settle(const struct program *server, uint16_t port);

/* A figure in kB of /proc/PID/status, such as "VmHWM". */
long program_memory(const struct program *program, const char *name);

/* How many descriptors it has open. */
unsigned program_files(const struct program *program);

#endif
