#include "ref/loop.h"

#include "ref/guard.h"

int loop_begin(uv_loop_t *loop)
{
	struct guard guard;
	int error;

	guard_begin(&guard, "iperf-ref: cannot start: no event loop; too many open files, or no memory\n");
	error = uv_loop_init(loop);
	guard_end(&guard);
	return error;
}
