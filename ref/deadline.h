/* The moment when the loop must act if nothing has come until then. What has come in time is read first, however late
 * the loop is: a process that did not run for a while must not take its own absence for the peer's silence. */
#ifndef IPERF_REF_DEADLINE_H
#define IPERF_REF_DEADLINE_H

#include <stdint.h>
#include <uv.h>

struct deadline {
	uv_timer_t timer;
	uv_idle_t idle;      /* these two: the moment has come, and the loop looks at its descriptors once more */
	uv_check_t check;
	void (*due)(void *user);
	void *user;
};

/* Ends with the loop's handles. */
void deadline_init(struct deadline *deadline, uv_loop_t *loop, void (*due)(void *user), void *user);

/* due() will be called at that time or later, once, unless this is called again before; INT64_MAX: not at all. */
void deadline_set(struct deadline *deadline, int64_t at_ns);

#endif
