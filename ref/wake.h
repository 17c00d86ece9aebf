/* Wakes a thread that polls an eventfd. */
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

#endif
