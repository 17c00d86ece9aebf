/* The sending side of payload: a thread for each stream, away from the loop. */
#ifndef IPERF_REF_SOURCE_H
#define IPERF_REF_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/stream.h"

struct source;

/* One stream. */
struct source_stream {
	/* Set by the caller. */
	enum iperf_protocol protocol;
	int fd;               /* TCP: connected, non-blocking; UDP: connected, with a bound to its blocking; -1: not
			       * open, there will be no thread */
	size_t length;        /* octets in one write, or in a datagram */
	int64_t rate;         /* bits per second; 0: as fast as it goes */
	uint64_t budget;      /* octets at most */
	/* Read by anyone at any time. */
	_Atomic uint64_t bytes;   /* given to the socket */
	_Atomic uint64_t packets; /* UDP: datagrams */
	_Atomic int64_t last_ns;  /* when; 0: nothing was sent */
	_Atomic int error;        /* UDP: an errno that makes sending impossible, or 0; TCP: 0 */
	/* Private. */
	struct source *source;
	pthread_t thread;
	bool started;
} __attribute__((aligned(64))); /* a cache line of its own: each thread counts in its own */

struct source_config {
	struct source_stream *streams; /* the caller's, until source_free() */
	size_t count;
	int64_t deadline_ns;           /* or INT64_MAX */
	void (*over)(void *user);      /* called by the last thread that ends */
	void *user;
};

/* Starts the payload: returns 0 with *source, or a negative errno and nothing flows. */
int source_start(struct source **source, const struct source_config *config);

/* Makes all threads end soon, whatever they wait for. source may be NULL. */
void source_halt(struct source *source);

/* Waits for the threads; call source_halt() first unless they are known to have ended. source may be NULL. */
void source_free(struct source *source);

#endif
