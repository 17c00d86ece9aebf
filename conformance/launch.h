/* A program under test: a process that is started for a case, watched, and ended with it. */
#ifndef IPERF_CONFORMANCE_LAUNCH_H
#define IPERF_CONFORMANCE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conformance/case.h"

/* What stands for the places in a command line. */
struct launch_values {
	const char *host;
	uint16_t port;
	unsigned streams;
	uint64_t bytes;
	bool udp;
	const struct case_file *file; /* for the places {name:TEXT}; NULL: there are none */
};

/* Replaces {host}, {port}, {streams}, {bytes} and {transport} (tcp or udp) in each word of command, and {udp:TEXT} and
 * {tcp:TEXT}, which stand for TEXT with that transport and for nothing with the other; a word that is empty by that is left
 * out. {name:TEXT}, of what the head of a case can say behind "with", stands for TEXT, % in it for the value, when the case
 * says it; else the word is left out. Returns a NULL-terminated list for launch_free_words(), or NULL when memory is short. */
char **launch_words(char *const command[], const struct launch_values *values);
void launch_free_words(char **words);

/* The same command, with what its program is told by custom behind it, when it has no place at all: then the list is for
 * free(), its words are not. NULL: no memory. */
char **launch_complete(char *const command[], enum case_role role);

/* A port that is free now, for TCP and UDP; 0: none. */
uint16_t launch_free_port(void);

/* Whether command has a place named so: "streams". {udp:...} and {tcp:...} are places for "transport". */
bool launch_has(char *const command[], const char *name);

struct launch {
	pid_t pid;       /* 0: none; negative: it has ended */
	pid_t group;     /* its process group, which may outlive it */
	int pidfd;       /* readable when it has ended; -1: none */
	int output;      /* what it writes */
	int status;      /* of waitpid() */
	bool stopped;    /* it was ended by launch_stop() */
};

/* Starts words in a process group of its own, without input. Returns 0 or a negative errno: that of exec, too. */
int launch_start(struct launch *launch, char **words);

/* Sees whether it has ended. */
bool launch_ended(struct launch *launch);

/* Waits until somebody listens on the TCP port of this host, without connecting to it. */
bool launch_listens(struct launch *launch, uint16_t port, int64_t timeout_ns);

/* Sends a signal to it, when it has not ended. */
void launch_signal(struct launch *launch, int number);

/* Ends it, when it has not ended: SIGTERM, and after a second SIGKILL; and what is left of its group. */
void launch_stop(struct launch *launch);

/* What it has written so far, up to size - 1 octets and a NUL; NUL octets become blanks. Returns the length. */
size_t launch_output(const struct launch *launch, char *text, size_t size);

/* Its end in words, such as "with status 1" or "by signal 11 (Segmentation fault)". */
void launch_status_text(const struct launch *launch, char *text, size_t size);

/* Frees the descriptors, after it has ended. */
void launch_free(struct launch *launch);

#endif
