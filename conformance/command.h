/* The commands of iperf-conform, each with its options. A command is given its own arguments (argv[0] is its name in
 * messages) and returns the exit status. */
#ifndef IPERF_CONFORMANCE_COMMAND_H
#define IPERF_CONFORMANCE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

enum { STATUS_CONFORMS, STATUS_BROKEN, STATUS_USAGE, STATUS_UNTESTED };

int command_check(int argc, char *argv[]);
int command_server(int argc, char *argv[]);
int command_client(int argc, char *argv[]);
int command_fuzz(int argc, char *argv[]);
int command_list(int argc, char *argv[]);
int command_matrix(int argc, char *argv[]);
int command_record(int argc, char *argv[]);
int command_replay(int argc, char *argv[]);

/* Says what is wrong with an option, and returns STATUS_USAGE. value may be "". */
int command_complain(const char *command, const char *option, const char *value, const char *allowed);

/* 1 to 65535; with zero, 0 too. */
bool command_port(const char *text, bool zero, uint16_t *port);

/* From 1 to most. */
bool command_count(const char *text, unsigned most, unsigned *count);

/* Seconds, above 0 and at most a day. */
bool command_seconds(const char *text, int64_t *ns);

/* Three of them with commas between: T_hello, T_begin, T_idle. */
bool command_timers(const char *text, int64_t *t_hello_ns, int64_t *t_begin_ns, int64_t *t_idle_ns);

/* The same, or by name: "T_read=0.5,T_silence=1". all is indexed by enum case_timer. */
bool command_named_timers(const char *text, int64_t *all);

/* A factor from 0.001 to 1000, or "max": *pace becomes that of pauses, its inverse or 0. */
bool command_speed(const char *text, double *pace);

/* Prints a help text; returns the exit status. */
int command_help(const char *text);

#endif
