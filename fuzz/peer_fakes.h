/* What the independent peer is told in place of system calls, in both profiles: the time, one connection to be accepted,
 * one datagram. Private to peer_world.c and iperf3_peer_world.c, each of which has its own. */
#ifndef IPERF_FUZZ_PEER_FAKES_H
#define IPERF_FUZZ_PEER_FAKES_H

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { LISTENER = 1000, UDP }; /* descriptors; below that are those of connections */

static uint64_t fake_ns;
static int caller = -1; /* to be accepted */
static struct sockaddr_in6 caller_address, datagram_from;
static const uint8_t *datagram;
static ssize_t datagram_length = -1;

static int fake_clock(clockid_t id, struct timespec *t)
{
	(void)id;
	t->tv_sec = (time_t)(fake_ns / 1000000000);
	t->tv_nsec = (long)(fake_ns % 1000000000);
	return 0;
}

static int fake_accept(int fd, struct sockaddr *from, socklen_t *length, int flags)
{
	int conn = caller;

	(void)fd, (void)flags;
	if (conn < 0) {
		errno = EAGAIN;
		return -1;
	}
	caller = -1;
	memcpy(from, &caller_address, sizeof caller_address);
	*length = sizeof caller_address;
	return conn;
}

static ssize_t fake_recvfrom(int fd, void *room, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	ssize_t n = datagram_length;

	(void)flags;
	if (fd != UDP || n < 0 || (size_t)n > size) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(from, &datagram_from, sizeof datagram_from);
	*length = sizeof datagram_from;
	if (n > 0)
		memcpy(room, datagram, (size_t)n);
	datagram_length = -1;
	return n;
}

static struct sockaddr_in6 sender(uint16_t port, uint8_t address)
{
	struct sockaddr_in6 from = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	from.sin6_addr.s6_addr[15] = address;
	return from;
}

#endif
