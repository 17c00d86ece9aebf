/* What the parts of iperf-stress share: time, chance, sockets on the loopback. */
#ifndef STRESS_NET_H
#define STRESS_NET_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* Monotonic. */
int64_t now_ns(void);

/* Numbers that a seed determines. */
struct chance {
	uint64_t state;
};

/* Less than bound. */
uint64_t chance_below(struct chance *chance, uint64_t bound);

/* True in so many of a hundred cases. */
bool chance_percent(struct chance *chance, double percent);

/* Sockets; type is SOCK_STREAM or SOCK_DGRAM. Each call says on standard error what failed, and returns -1. */
int net_connect(int type, uint16_t port, bool wait);
int net_listen(int type, uint16_t *port); /* port 0 is replaced by the one that was taken */

/* Closes with a reset, which leaves no TIME_WAIT behind. */
void net_reset(int fd);

/* As many descriptors as the system lets this process have; false when these are fewer than wanted. */
bool net_descriptors(unsigned wanted);

#endif
