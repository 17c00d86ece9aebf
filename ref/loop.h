/* The event loop, begun. */
#ifndef REF_LOOP_H
#define REF_LOOP_H

#include <uv.h>

/* Returns 0 or a negative errno. Where libuv would abort instead, as version 1.44 does for want of a descriptor, the
 * program ends with a message and status 3. */
int loop_begin(uv_loop_t *loop);

#endif
