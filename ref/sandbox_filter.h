/* The filter of system calls. */
#ifndef IPERF_REF_SANDBOX_FILTER_H
#define IPERF_REF_SANDBOX_FILTER_H

#include <stdbool.h>

/* Installs it; sets PR_SET_NO_NEW_PRIVS, too. kill: other calls end the process. Returns 0 or a negative errno. */
int sandbox_filter(bool kill);

#endif
