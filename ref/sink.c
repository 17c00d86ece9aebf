#include "ref/sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/rendezvous.h"
#include "ref/wake.h"

#define THREADS 4           /* with a buffer each; more streams share them */
#define BLOCK (512 * 1024)  /* octets in one read at most */
#define BUSY (64 * 1024)    /* a read of so many tells that more is on its way */
#define PATIENCE_US 12000   /* for the rest of a block */
#define STACK (128 * 1024)
#define EVENTS 32

struct worker {
	const struct sink_config *config;
	pthread_t thread;
	int epoll;
	int wake;               /* eventfd: look at stop and caught_up */
	atomic_bool stop;
	atomic_size_t conns;
	struct rendezvous caught_up;
	uint8_t *block;
};

struct sink {
	struct sink_config config;
	struct worker workers[THREADS];
	size_t started;
	size_t next;            /* worker of the next connection */
};

/* One block of a stream, or its end. Returns false when the connection is closed.
 *
 * A thread that keeps up with its peer would sleep and wake for every few segments, which costs more than to copy them.
 * So on a busy stream it waits for a whole block, but not for long, and not when it has other streams (R-10-5). */
static bool receive(struct worker *worker, struct sink_conn *conn, bool hurry)
{
	const struct sink_config *config = worker->config;
	bool wait = !hurry && conn->busy && atomic_load(&worker->conns) == 1;
	ssize_t length = recv(conn->fd, worker->block, BLOCK, wait ? MSG_WAITALL : MSG_DONTWAIT);
	int64_t now_ns = clock_now_ns();
	bool open;

	conn->busy = length >= BUSY;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	pthread_mutex_lock(config->lock);
	sink_tell(config->session, conn, worker->block, length, now_ns);
	open = conn->session.state != IPERF_CONN_CLOSED;
	pthread_mutex_unlock(config->lock);
	return open;
}

/* Reads from each stream that is ready. Returns from how many. */
static int turn(struct worker *worker, bool hurry)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(worker->epoll, events, EVENTS, hurry ? 0 : -1), streams = 0;

	for (int i = 0; i < count; i++) {
		struct sink_conn *conn = events[i].data.ptr;

		if (!conn) {
			wake_clear(worker->wake);
			continue;
		}
		streams++;
		if (receive(worker, conn, hurry))
			continue;
		close(conn->fd);
		worker->config->gone(conn);
		atomic_fetch_sub(&worker->conns, 1);
	}
	return streams;
}

static void *work(void *user)
{
	struct worker *worker = user;
	uint64_t number;

	while (!atomic_load(&worker->stop) || atomic_load(&worker->conns) > 0) {
		turn(worker, false);
		while (rendezvous_is_asked(&worker->caught_up, &number)) {
			int64_t until_ns = clock_now_ns() + RENDEZVOUS_READ_NS;

			while (turn(worker, true) > 0 && clock_now_ns() < until_ns)
				;
			rendezvous_reach(&worker->caught_up, number);
		}
	}
	return NULL;
}

static int start_thread(struct worker *worker)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	error = -pthread_create(&worker->thread, &attributes, work, worker);
	pthread_attr_destroy(&attributes);
	return error;
}

static void stop_worker(struct worker *worker)
{
	rendezvous_destroy(&worker->caught_up);
	close(worker->epoll);
	close(worker->wake);
	free(worker->block);
}

static int start_worker(struct worker *worker, const struct sink_config *config)
{
	struct epoll_event event = { .events = EPOLLIN };
	int error;

	worker->config = config;
	rendezvous_init(&worker->caught_up);
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->block = malloc(BLOCK);
	error = worker->block ? -errno : -ENOMEM;
	if (worker->epoll >= 0 && worker->wake >= 0 && worker->block)
		error = epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event) == 0 ? start_thread(worker) :
											     -errno;
	if (error == 0)
		return 0;
	stop_worker(worker);
	return error;
}

int sink_start(struct sink **sink, const struct sink_config *config)
{
	struct sink *new = calloc(1, sizeof *new);
	int error = new ? 0 : -ENOMEM;

	if (new)
		new->config = *config;
	while (error == 0 && new->started < THREADS) {
		error = start_worker(&new->workers[new->started], &new->config);
		new->started += error == 0;
	}
	if (error == 0)
		*sink = new;
	else
		sink_stop(new);
	return error;
}

int sink_add(struct sink *sink, struct sink_conn *conn)
{
	struct worker *worker = &sink->workers[sink->next];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };
	struct timeval patience = { .tv_usec = PATIENCE_US };
	int off = 0;

	if (ioctl(conn->fd, FIONBIO, &off) != 0 ||
	    setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
		return -errno;
	conn->busy = false;
	atomic_fetch_add(&worker->conns, 1);
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0) {
		atomic_fetch_sub(&worker->conns, 1);
		return -errno;
	}
	sink->next = (sink->next + 1) % sink->started;
	return 0;
}

void sink_catch_up(struct sink *sink, int64_t until_ns)
{
	uint64_t numbers[THREADS] = { 0 };

	for (size_t i = 0; i < sink->started; i++) {
		struct worker *worker = &sink->workers[i];

		if (atomic_load(&worker->conns) == 0)
			continue;
		numbers[i] = rendezvous_ask(&worker->caught_up);
		wake_up(worker->wake);
	}
	for (size_t i = 0; i < sink->started; i++)
		if (numbers[i] > 0)
			rendezvous_await(&sink->workers[i].caught_up, numbers[i], until_ns);
}

void sink_stop(struct sink *sink)
{
	if (!sink)
		return;
	for (size_t i = 0; i < sink->started; i++) {
		struct worker *worker = &sink->workers[i];

		atomic_store(&worker->stop, true);
		wake_up(worker->wake);
		pthread_join(worker->thread, NULL);
		stop_worker(worker);
	}
	free(sink);
}
