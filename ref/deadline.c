#include "ref/deadline.h"

#include "ref/clock.h"

static void forget(struct deadline *deadline)
{
	uv_timer_stop(&deadline->timer);
	uv_idle_stop(&deadline->idle);
	uv_check_stop(&deadline->check);
}

/* The descriptors have been looked at. */
static void on_check(uv_check_t *check)
{
	struct deadline *deadline = check->data;

	forget(deadline);
	deadline->due(deadline->user);
}

/* Only there: it keeps the loop from waiting. */
static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

static void on_timer(uv_timer_t *timer)
{
	struct deadline *deadline = timer->data;

	uv_idle_start(&deadline->idle, on_idle);
	uv_check_start(&deadline->check, on_check);
}

void deadline_init(struct deadline *deadline, uv_loop_t *loop, void (*due)(void *user), void *user)
{
	deadline->due = due;
	deadline->user = user;
	uv_timer_init(loop, &deadline->timer);
	uv_idle_init(loop, &deadline->idle);
	uv_check_init(loop, &deadline->check);
	deadline->timer.data = deadline->idle.data = deadline->check.data = deadline;
}

void deadline_set(struct deadline *deadline, int64_t at_ns)
{
	int64_t wait_ns;

	if (at_ns == INT64_MAX) {
		forget(deadline);
		return;
	}
	wait_ns = at_ns - clock_now_ns();
	if (wait_ns <= 0 && uv_is_active((uv_handle_t *)&deadline->check))
		return; /* its turn is near: whoever sends without end cannot put it off */
	forget(deadline);
	uv_update_time(deadline->timer.loop);
	uv_timer_start(&deadline->timer, on_timer, wait_ns > 0 ? (uint64_t)((wait_ns + IPERF_MS - 1) / IPERF_MS) : 0, 0);
}
