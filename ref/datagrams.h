/* The receiving side of UDP: one thread that takes datagrams from the server's socket, many at a time. */
#ifndef IPERF_REF_DATAGRAMS_H
#define IPERF_REF_DATAGRAMS_H

#include <pthread.h>

#include "proto/server.h"

struct datagrams;

/* Starts the thread; it tells the session of each datagram on fd, with the lock held once for a batch. Returns 0 with
 * *datagrams, or a negative errno. */
int datagrams_start(struct datagrams **datagrams, int fd, struct iperf_server *session, pthread_mutex_t *lock);

/* Ends the thread; fd stays open. datagrams may be NULL. */
void datagrams_stop(struct datagrams *datagrams);

#endif
