/* Landlock: what no filter of system calls can tell apart. */
#ifndef IPERF_REF_LANDLOCK_H
#define IPERF_REF_LANDLOCK_H

#include <stdbool.h>

/* No file can be opened from here on and, unless connects, no TCP connection be made. Before threads are started and
 * after PR_SET_NO_NEW_PRIVS. Returns how much of that the kernel knows: 0 nothing (before Linux 5.13, or not
 * permitted), 1 files, 2 connections, too (since 6.7). */
int landlock_enter(bool connects);

#endif
