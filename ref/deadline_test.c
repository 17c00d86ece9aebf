/* A deadline that is late: what came in time goes before it, and nobody can put it off. */
#include "ref/deadline.h"

#include <unistd.h>

#include "proto/rows_test.h"
#include "ref/clock.h"

struct scene {
	uv_loop_t loop;
	uv_poll_t poll;
	struct deadline deadline;
	int ends[2];
	int64_t then_ns;   /* the deadline that reading leaves */
	bool drains;       /* reading takes what there is; else there is always more */
	int reads, dues;
};

static void end(struct scene *scene)
{
	uv_close((uv_handle_t *)&scene->poll, NULL);
	uv_close((uv_handle_t *)&scene->deadline.timer, NULL);
	uv_close((uv_handle_t *)&scene->deadline.idle, NULL);
	uv_close((uv_handle_t *)&scene->deadline.check, NULL);
}

static void on_due(void *user)
{
	struct scene *scene = user;

	scene->dues++;
	end(scene);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct scene *scene = poll->data;
	char octet;

	(void)status, (void)events;
	scene->reads++;
	if (scene->drains)
		assert_int_equal(read(scene->ends[0], &octet, 1), 1);
	deadline_set(&scene->deadline, scene->then_ns);
	if (scene->then_ns == INT64_MAX || scene->reads == 1000)
		end(scene);
}

/* An octet came, and the moment has passed, before the loop gets its turn. */
static void play(struct scene *scene)
{
	assert_int_equal(pipe(scene->ends), 0);
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	assert_int_equal(uv_poll_init(&scene->loop, &scene->poll, scene->ends[0]), 0);
	scene->poll.data = scene;
	deadline_init(&scene->deadline, &scene->loop, on_due, scene);
	assert_int_equal(uv_poll_start(&scene->poll, UV_READABLE, on_poll), 0);
	deadline_set(&scene->deadline, clock_now_ns() - IPERF_S);
	assert_int_equal(write(scene->ends[1], "x", 1), 1);
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	close(scene->ends[0]);
	close(scene->ends[1]);
}

static void read_first(void **state)
{
	struct scene scene = { .drains = true, .then_ns = INT64_MAX };

	(void)state;
	play(&scene);
	assert_int_equal(scene.reads, 1);
	assert_int_equal(scene.dues, 0);
}

static void not_put_off(void **state)
{
	struct scene scene = { .drains = false, .then_ns = 0 };

	(void)state;
	play(&scene);
	assert_int_equal(scene.dues, 1);
	assert_in_range(scene.reads, 1, 2);
}

int main(void)
{
	test_add("31/what-came-in-time-is-read-first R-31-1 R-31-2", read_first, NULL);
	test_add("31/nobody-puts-a-deadline-off R-31-1 R-31-6", not_put_off, NULL);
	return tests_run("ref/deadline");
}
