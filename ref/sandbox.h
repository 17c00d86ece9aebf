/* What the program gives up once its sockets are open, or its peer's address is known: whoever takes it over by what
 * arrives from the network finds no files, no programs, no other processes and no other kinds of sockets.
 *
 * A server that root has started becomes another user. No process gets new privileges. Landlock, where the kernel has
 * it, forbids files and a server's TCP connections to others. A filter permits the system calls that are needed, and
 * gives ENOSYS for all others. */
#ifndef IPERF_REF_SANDBOX_H
#define IPERF_REF_SANDBOX_H

#include <stdbool.h>

enum sandbox_mode {
	SANDBOX_ON,       /* what the system does not permit is told, and done without */
	SANDBOX_REQUIRED, /* it is an error */
	SANDBOX_KILL,     /* the same, and a system call that is not needed ends the process: what tests want */
	SANDBOX_OFF,
};

struct sandbox_config {
	enum sandbox_mode mode;
	bool server;
	const char *user; /* a server's, to become; NULL: nobody, if it is root */
	bool low_ports;   /* ports below 1024 will be bound */
};

#define SANDBOX_USER "nobody"

/* Before threads are started. Returns 0, or a negative errno with *what: "user" when it could not become config->user,
 * "sandbox" when the rest failed and mode is no less than SANDBOX_REQUIRED. */
int sandbox_enter(const struct sandbox_config *config, const char **what);

#endif
