/* A process of its own, for what a test can do but once: giving up rights. */
#ifndef IPERF_REF_TESTCHILD_H
#define IPERF_REF_TESTCHILD_H

#include <stdbool.h>

/* Statuses beside errno. */
#define CHILD_NOT_ENTERED 250
#define CHILD_WRONG 251 /* for try: what it needs is not there */

/* Runs enter, which may be NULL, and then try in a process of their own. Returns what try does, CHILD_NOT_ENTERED, or
 * minus the signal that has ended it. */
int test_in_child(bool (*enter)(void), int (*try)(void));

#endif
