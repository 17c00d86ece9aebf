#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* splitmix64 */
static uint64_t next(struct chance *chance)
{
	uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t chance_below(struct chance *chance, uint64_t bound)
{
	return next(chance) % bound;
}

bool chance_percent(struct chance *chance, double percent)
{
	return (double)(next(chance) >> 11) / (double)(UINT64_C(1) << 53) * 100 < percent;
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int failed(const char *what, uint16_t port, int fd)
{
	fprintf(stderr, "iperf-stress: %s 127.0.0.1 port %u: %s\n", what, (unsigned)port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int net_connect(int type, uint16_t port, bool wait)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0), one = 1;

	if (fd < 0)
		return failed("socket for", port, fd);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
		return failed("connecting to", port, fd);
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

int net_listen(int type, uint16_t *port)
{
	struct sockaddr_in address = loopback(*port);
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 512) != 0) || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return failed("listening on", *port, fd);
	*port = ntohs(address.sin_port);
	return fd;
}

void net_reset(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(fd);
}

bool net_descriptors(unsigned wanted)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= wanted)
		return true;
	fprintf(stderr, "iperf-stress: %u descriptors are needed, the limit is %u: raise it with ulimit -Hn\n", wanted,
		(unsigned)limit.rlim_max);
	return false;
}
