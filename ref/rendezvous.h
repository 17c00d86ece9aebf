/* A thread waits, for a while, until another one has come to a point of its work that it was asked to come to. */
#ifndef IPERF_REF_RENDEZVOUS_H
#define IPERF_REF_RENDEZVOUS_H

#include <pthread.h>
#include <stdbool.h>

#include "ref/clock.h"

/* What has arrived is read for so long at most, where ever more arrives. */
#define RENDEZVOUS_READ_NS (20 * IPERF_MS)

struct rendezvous {
	pthread_mutex_t lock;
	pthread_cond_t reached;
	uint64_t asked, done; /* numbers of requests */
};

static inline void rendezvous_init(struct rendezvous *r)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->reached, &attributes);
	pthread_condattr_destroy(&attributes);
	r->asked = r->done = 0;
}

static inline void rendezvous_destroy(struct rendezvous *r)
{
	pthread_cond_destroy(&r->reached);
	pthread_mutex_destroy(&r->lock);
}

/* Asks. Returns the number of the request, to be waited for. */
static inline uint64_t rendezvous_ask(struct rendezvous *r)
{
	uint64_t number;

	pthread_mutex_lock(&r->lock);
	number = ++r->asked;
	pthread_mutex_unlock(&r->lock);
	return number;
}

/* The other thread: whether it was asked since it last said that it has come. Then *number is the request. */
static inline bool rendezvous_is_asked(struct rendezvous *r, uint64_t *number)
{
	bool asked;

	pthread_mutex_lock(&r->lock);
	*number = r->asked;
	asked = r->asked > r->done;
	pthread_mutex_unlock(&r->lock);
	return asked;
}

/* The other thread: it has come. */
static inline void rendezvous_reach(struct rendezvous *r, uint64_t number)
{
	pthread_mutex_lock(&r->lock);
	r->done = number;
	pthread_cond_broadcast(&r->reached);
	pthread_mutex_unlock(&r->lock);
}

/* Waits until then at most (clock_now_ns()). */
static inline void rendezvous_await(struct rendezvous *r, uint64_t number, int64_t until_ns)
{
	struct timespec until = clock_timespec(until_ns);

	pthread_mutex_lock(&r->lock);
	while (r->done < number && pthread_cond_timedwait(&r->reached, &r->lock, &until) == 0)
		;
	pthread_mutex_unlock(&r->lock);
}

#endif
