/* Another user in place of root: what a server needs root for is over once its sockets listen. */
#ifndef IPERF_REF_USER_H
#define IPERF_REF_USER_H

#include <stdbool.h>

/* Becomes the user of that name, for good: without other groups, and without capabilities but, with low_ports, that to
 * bind ports below 1024. Before threads are started. Returns 0, or a negative errno, -ENOENT when there is no such
 * user; then nothing has changed but, perhaps, the groups. */
int user_become(const char *name, bool low_ports);

#endif
