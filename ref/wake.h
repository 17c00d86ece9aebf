/* Wakes a thread that polls an eventfd, which does not block. */
#ifndef REF_WAKE_H
#define REF_WAKE_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* The descriptor is readable from now on. */
static inline void wake_up(int fd)
{
	const uint64_t one = 1;

	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		; /* another failure: it is full, and readable already */
}

/* No longer, until the next wake_up(). */
static inline void wake_clear(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

#endif
