#include "ref/datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/rendezvous.h"
#include "ref/socket.h"
#include "ref/wake.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BATCH 32
#define ROOM 65536  /* for the longest datagram, or as many as the kernel has joined (UDP_GRO) */

union control {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct datagrams {
	struct datagrams_config config;
	int wake;               /* eventfd: look at stop and caught_up */
	atomic_bool stop;
	struct rendezvous caught_up;
	pthread_t thread;
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_storage sources[BATCH];
	union control controls[BATCH];
	uint8_t *room;          /* BATCH * ROOM octets; pages are used only as far as datagrams reach */
};

/* The length of each datagram (but the last, that may be shorter) of those that the kernel joined; 0: it is one. */
static size_t segment_length(struct msghdr *message)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		int length;

		if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO)
			continue;
		memcpy(&length, CMSG_DATA(control), sizeof length);
		return length > 0 ? (size_t)length : 0;
	}
	return 0;
}

/* The address that a message was sent to. */
static void local_address(struct msghdr *message, struct iperf_endpoint *local)
{
	memset(local, 0, sizeof *local);
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		struct in6_pktinfo info6;
		struct in_pktinfo info;

		if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(control), sizeof info6);
			memcpy(local->address, &info6.ipi6_addr, sizeof local->address);
			if (IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr))
				local->scope = info6.ipi6_ifindex;
		} else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(control), sizeof info);
			local->address[10] = local->address[11] = 0xff;
			memcpy(local->address + 12, &info.ipi_addr, sizeof info.ipi_addr);
		}
	}
}

/* Tells the session of one message: a datagram, which may be empty, or several in a row. */
static void deliver(struct datagrams *datagrams, struct mmsghdr *message, int64_t now_ns)
{
	const uint8_t *octets = message->msg_hdr.msg_iov->iov_base;
	size_t left = message->msg_len;
	size_t segment = segment_length(&message->msg_hdr);
	const struct datagrams_config *config = &datagrams->config;
	struct iperf_endpoint source, local;

	socket_endpoint(message->msg_hdr.msg_name, &source);
	if (config->other)
		local_address(&message->msg_hdr, &local);
	do {
		size_t length = segment > 0 && segment < left ? segment : left;

		if (config->other && config->session->state != IPERF_TEST_RUNNING)
			config->other(config->user, &source, &local, octets, length);
		iperf_server_datagram(config->session, &source, octets, length, now_ns);
		octets += length;
		left -= length;
	} while (left > 0);
}

/* Makes the first count messages ready to be filled. */
static void prepare(struct datagrams *datagrams, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		datagrams->parts[i] = (struct iovec){ datagrams->room + i * ROOM, ROOM };
		datagrams->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &datagrams->sources[i],
			.msg_namelen = sizeof datagrams->sources[i],
			.msg_iov = &datagrams->parts[i],
			.msg_iovlen = 1,
			.msg_control = &datagrams->controls[i],
			.msg_controllen = sizeof datagrams->controls[i],
		};
	}
}

/* Returns whether there was one at all. */
static bool receive(struct datagrams *datagrams)
{
	int count = recvmmsg(datagrams->config.fd, datagrams->messages, BATCH, MSG_DONTWAIT, NULL);
	int64_t now_ns = clock_now_ns();

	if (count <= 0)
		return false;
	pthread_mutex_lock(datagrams->config.lock);
	for (int i = 0; i < count; i++)
		deliver(datagrams, &datagrams->messages[i], now_ns);
	pthread_mutex_unlock(datagrams->config.lock);
	prepare(datagrams, (size_t)count);
	return true;
}

static void *work(void *user)
{
	struct datagrams *datagrams = user;
	struct pollfd waits[] = {
		{ .fd = datagrams->config.fd, .events = POLLIN },
		{ .fd = datagrams->wake, .events = POLLIN },
	};
	uint64_t number;

	prepare(datagrams, BATCH);
	while (!atomic_load(&datagrams->stop)) {
		bool asked = rendezvous_is_asked(&datagrams->caught_up, &number);

		for (int64_t until_ns = clock_now_ns() + RENDEZVOUS_READ_NS; receive(datagrams) && clock_now_ns() < until_ns;)
			;
		if (asked) {
			wake_clear(datagrams->wake);
			rendezvous_reach(&datagrams->caught_up, number);
		} else {
			poll(waits, 2, -1);
		}
	}
	return NULL;
}

int datagrams_start(struct datagrams **datagrams, const struct datagrams_config *config)
{
	struct datagrams *new = calloc(1, sizeof *new);
	int one = 1, error = -ENOMEM;

	if (!new)
		return error;
	new->config = *config;
	rendezvous_init(&new->caught_up);
	setsockopt(config->fd, SOL_UDP, UDP_GRO, &one, sizeof one); /* without it datagrams come singly, that is all */
	if (setsockopt(config->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) != 0)
		setsockopt(config->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
	new->room = malloc((size_t)BATCH * ROOM);
	new->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (new->wake < 0)
		error = -errno;
	else if (new->room)
		error = -pthread_create(&new->thread, NULL, work, new);
	if (error == 0) {
		*datagrams = new;
		return 0;
	}
	if (new->wake >= 0)
		close(new->wake);
	rendezvous_destroy(&new->caught_up);
	free(new->room);
	free(new);
	return error;
}

void datagrams_catch_up(struct datagrams *datagrams, int64_t until_ns)
{
	uint64_t number = rendezvous_ask(&datagrams->caught_up);

	wake_up(datagrams->wake);
	rendezvous_await(&datagrams->caught_up, number, until_ns);
}

void datagrams_stop(struct datagrams *datagrams)
{
	if (!datagrams)
		return;
	atomic_store(&datagrams->stop, true);
	wake_up(datagrams->wake);
	pthread_join(datagrams->thread, NULL);
	rendezvous_destroy(&datagrams->caught_up);
	close(datagrams->wake);
	free(datagrams->room);
	free(datagrams);
}
