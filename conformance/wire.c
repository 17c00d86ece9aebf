#include "conformance/wire_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "conformance/shortage.h"
#include "proto/limits.h"

#define BLOCK (64 * 1024)
#define SETTLE_MS 200         /* for an acknowledgement that may be delayed */
#define EAGER (2 * IPERF_MS)  /* after a connection: what the client opens next may come before it writes (R-5.1-7) */
#define DATAGRAMS 1024        /* from one socket at once */
#define READS 8               /* from one socket at once */

int64_t wire_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * IPERF_S + now.tv_nsec;
}

/* --- connections ------------------------------------------------------------------------------------------------- */

void wire_init(struct wire *wire)
{
	*wire = (struct wire){ .listener = -1, .datagrams = -1, .also = -1 };
}

struct wire_conn *wire_add(struct wire *wire, int fd, bool udp)
{
	struct wire_conn *conn = calloc(1, sizeof *conn);
	struct wire_conn **conns = wire->conns;

	if (conn && wire->count == wire->room) {
		wire->room = wire->room ? 2 * wire->room : 16;
		conns = realloc(wire->conns, wire->room * sizeof *conns);
	}
	if (!conn || !conns)
		shortage_end(); /* some hundred octets; there is nothing sensible to do without them */
	wire->conns = conns;
	conn->fd = fd;
	conn->udp = udp;
	conn->opened_ns = wire_now();
	return wire->conns[wire->count++] = conn;
}

void wire_tell(struct wire *wire, struct wire_conn *conn, enum wire_event event, bool by_peer,
		 const uint8_t *octets, size_t length, int64_t at_ns)
{
	if (wire->watch)
		wire->watch(wire->user, conn, event, by_peer == conn->by_peer, octets, length, at_ns);
}

static void free_conn(struct wire_conn *conn)
{
	for (size_t i = 0; i < conn->datagram_count; i++)
		free(conn->datagrams[i].octets);
	free(conn->datagrams);
	free(conn->arrivals);
	free(conn->octets);
	free(conn);
}

void wire_clear(struct wire *wire)
{
	for (size_t i = 0; i < wire->count; i++) {
		struct wire_conn *conn = wire->conns[i];

		if (conn->udp && conn->fd >= 0)
			close(conn->fd);
		else if (wire_ended(conn))
			wire_close(wire, conn);
		else
			wire_reset(wire, conn); /* whatever the peer may still say */
		free_conn(conn);
	}
	free(wire->conns);
	wire->conns = NULL;
	wire->count = wire->room = 0;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void ended(struct wire *wire, struct wire_conn *conn, bool reset)
{
	conn->ended_ns = wire_now();
	conn->eof = conn->eof || !reset;
	conn->reset = reset;
	wire_tell(wire, conn, reset ? WIRE_RESET : WIRE_EOF, true, NULL, 0, conn->ended_ns);
}

static bool make_room(struct wire_conn *conn, size_t length)
{
	size_t room = conn->room ? conn->room : 4096;
	uint8_t *octets;

	while (room < conn->length + length)
		room *= 2;
	if (conn->arrival_count == conn->arrival_room) {
		size_t count = conn->arrival_room ? 2 * conn->arrival_room : 16;
		struct wire_arrival *arrivals = realloc(conn->arrivals, count * sizeof *arrivals);

		if (!arrivals)
			return false;
		conn->arrivals = arrivals;
		conn->arrival_room = count;
	}
	if (room == conn->room)
		return true;
	octets = room <= WIRE_KEPT_MAX ? realloc(conn->octets, room) : NULL;
	if (!octets)
		return false;
	conn->octets = octets;
	conn->room = room;
	return true;
}

/* After the peer's end-of-file only a reset can come, and recv() does not tell of it. */
static bool read_reset(struct wire *wire, struct wire_conn *conn)
{
	int error = 0;
	socklen_t size = sizeof error;

	if (conn->fd < 0 || conn->reset || getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error == 0)
		return false;
	ended(wire, conn, true);
	return true;
}

void wire_flow(struct wire_conn *conn)
{
	if (conn->flows)
		return;
	conn->flows = true;
	if (conn->udp)
		return;
	conn->flowed = conn->length - conn->taken;
	if (conn->flowed > 0)
		conn->flowed_ns = wire_arrival_ns(conn, conn->length);
	conn->length = conn->taken;
}

static void keep_octets(struct wire_conn *conn, const uint8_t *octets, size_t length)
{
	if (conn->flows) {
		conn->flowed += length;
		conn->flowed_ns = wire_now();
		return;
	}
	memcpy(conn->octets + conn->length, octets, length);
	conn->length += length;
	conn->arrivals[conn->arrival_count++] = (struct wire_arrival){ conn->length, wire_now() };
}

/* Returns whether something came. */
static bool read_conn(struct wire *wire, struct wire_conn *conn)
{
	static uint8_t block[BLOCK];
	bool some = conn->eof && read_reset(wire, conn);

	if (conn->unread)
		return some;

	for (int i = 0; i < READS && conn->fd >= 0 && !wire_ended(conn); i++) {
		ssize_t length = TEMP_FAILURE_RETRY(recv(conn->fd, block, sizeof block, MSG_DONTWAIT));

		if (length < 0 && errno == EAGAIN)
			break;
		some = true;
		if (length <= 0 || (!conn->flows && !make_room(conn, (size_t)length))) {
			ended(wire, conn, length != 0);
			break;
		}
		keep_octets(conn, block, (size_t)length);
		wire_tell(wire, conn, WIRE_OCTETS, true, block, (size_t)length, wire_now());
	}
	return some;
}

int64_t wire_arrival_ns(const struct wire_conn *conn, uint64_t end)
{
	for (size_t i = 0; i < conn->arrival_count; i++)
		if (conn->arrivals[i].end >= end)
			return conn->arrivals[i].at_ns;
	return conn->opened_ns;
}

static struct wire_conn *source_of(struct wire *wire, const struct iperf_endpoint *client)
{
	struct wire_conn *conn;

	for (size_t i = 0; i < wire->count; i++)
		if (wire->conns[i]->udp && iperf_endpoint_equal(&wire->conns[i]->client, client))
			return wire->conns[i];
	conn = wire_add(wire, -1, true);
	conn->client = *client;
	conn->by_peer = true;
	wire_own_address(wire->datagrams, &conn->server);
	memcpy(conn->server.address, client->address, sizeof client->address); /* as good as any: on one host, the same */
	return conn;
}

/* When the kernel received it: the runner may have looked later. */
static int64_t stamp_of(struct msghdr *message)
{
	struct timespec real, stamp;
	int64_t age_ns;

	clock_gettime(CLOCK_REALTIME, &real);
	stamp = real;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
	age_ns = (real.tv_sec - stamp.tv_sec) * IPERF_S + (real.tv_nsec - stamp.tv_nsec);
	return wire_now() - (age_ns > 0 && age_ns < IPERF_S ? age_ns : 0);
}

static void keep_datagram(struct wire_conn *conn, const uint8_t *octets, size_t length, int64_t at_ns, uint16_t port)
{
	size_t kept = conn->flows && length > WIRE_HEAD ? WIRE_HEAD : length;

	conn->flowed += length;
	conn->flowed_ns = at_ns;
	if (conn->datagram_count == WIRE_DATAGRAMS_MAX)
		return;
	if (conn->datagram_count == conn->datagram_room) {
		size_t room = conn->datagram_room ? 2 * conn->datagram_room : 16;
		struct wire_datagram *more = realloc(conn->datagrams, room * sizeof *more);

		if (!more)
			return;
		conn->datagrams = more;
		conn->datagram_room = room;
	}
	conn->datagrams[conn->datagram_count].octets = malloc(kept + 1);
	if (!conn->datagrams[conn->datagram_count].octets)
		return;
	memcpy(conn->datagrams[conn->datagram_count].octets, octets, kept);
	conn->datagrams[conn->datagram_count].kept = kept;
	conn->datagrams[conn->datagram_count].port = port;
	conn->datagrams[conn->datagram_count].length = length;
	conn->datagrams[conn->datagram_count++].at_ns = at_ns;
}

static bool read_datagrams(struct wire *wire, int fd, struct wire_conn *conn)
{
	static uint8_t block[65536];
	bool some = false;

	for (int i = 0; i < DATAGRAMS; i++) {
		struct sockaddr_storage from = { 0 };
		struct iovec part = { block, sizeof block };
		union { struct cmsghdr align; uint8_t octets[128]; } control;
		struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part,
					  .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
		ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
		struct wire_conn *source = conn;
		struct iperf_endpoint client;
		int64_t at_ns;

		if (length < 0 && errno != ECONNREFUSED && errno != EINTR)
			return some;
		if (length < 0)
			continue;
		some = true;
		at_ns = stamp_of(&message);
		wire_endpoint(&from, &client);
		if (!source)
			source = source_of(wire, &client);
		keep_datagram(source, block, (size_t)length, at_ns, client.port);
		wire_tell(wire, source, WIRE_DATAGRAM, true, block, (size_t)length, at_ns);
	}
	return some;
}

static void accept_one(struct wire *wire, int fd, const struct sockaddr_storage *from)
{
	struct wire_conn *conn = wire_add(wire, fd, false);
	int on = 1;

	conn->by_peer = true;
	wire_endpoint(from, &conn->client);
	wire_own_address(fd, &conn->server);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	wire->eager_ns = wire_now() + EAGER;
	for (size_t i = 0; i + 1 < wire->count; i++) { /* what was written before it was opened is here by now */
		struct wire_conn *before = wire->conns[i];

		if (before->udp || before->next_seen || before->closed)
			continue;
		read_conn(wire, before);
		before->next_seen = !wire_ended(before);
		before->length_at_next = before->length;
	}
	wire_tell(wire, conn, WIRE_OPENED, true, NULL, 0, conn->opened_ns);
}

static bool accept_all(struct wire *wire)
{
	bool some = false;

	while (wire->listener >= 0) {
		struct sockaddr_storage from = { 0 };
		socklen_t length = sizeof from;
		int fd = accept4(wire->listener, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				wire->error = errno;
			break;
		}
		accept_one(wire, fd, &from);
		some = true;
	}
	return some;
}

/* TCP first: datagrams that were sent before a request are then here when the request is looked at. */
static bool read_all(struct wire *wire)
{
	bool some = false;

	for (size_t i = 0; i < wire->count; i++)
		if (!wire->conns[i]->udp)
			some |= read_conn(wire, wire->conns[i]);
	some |= accept_all(wire);
	for (size_t i = 0; i < wire->count; i++)
		if (wire->conns[i]->udp && wire->conns[i]->fd >= 0)
			some |= read_datagrams(wire, wire->conns[i]->fd, wire->conns[i]);
	if (wire->datagrams >= 0)
		some |= read_datagrams(wire, wire->datagrams, NULL);
	return some;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

static bool poll_until(struct wire *wire, const struct wire_conn *writing, int64_t deadline_ns)
{
	size_t count = 0;
	struct pollfd *waits = calloc(wire->count + 3, sizeof *waits);
	int ready;

	if (!waits)
		shortage_end();
	waits[count++] = (struct pollfd){ .fd = wire->listener, .events = POLLIN };
	waits[count++] = (struct pollfd){ .fd = wire->datagrams, .events = POLLIN };
	waits[count++] = (struct pollfd){ .fd = wire->also, .events = POLLIN };
	for (size_t i = 0; i < wire->count; i++) {
		const struct wire_conn *conn = wire->conns[i];
		short events = wire_ended(conn) || conn->unread ? 0 : POLLIN;

		if (conn == writing)
			events |= POLLOUT;
		if (conn->fd >= 0 && events)
			waits[count++] = (struct pollfd){ .fd = conn->fd, .events = events };
	}
	do {
		int64_t left_ns = deadline_ns > wire_now() ? deadline_ns - wire_now() : 0;
		struct timespec timeout = { .tv_sec = left_ns / IPERF_S, .tv_nsec = left_ns % IPERF_S };

		ready = ppoll(waits, count, &timeout, NULL);
	} while (ready < 0 && errno == EINTR && !(wire->interrupted && *wire->interrupted));
	free(waits);
	return ready > 0;
}

bool wire_wait(struct wire *wire, int64_t deadline_ns)
{
	do {
		if (read_all(wire))
			return true;
	} while (wire_now() < wire->eager_ns && wire_now() < deadline_ns);
	return (poll_until(wire, NULL, deadline_ns) && (read_all(wire), true));
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

bool wire_send(struct wire *wire, struct wire_conn *conn, const uint8_t *octets, size_t length, int64_t deadline_ns,
	       size_t *sent)
{
	*sent = 0;
	while (*sent < length && conn->fd >= 0 && !conn->reset && !conn->refused) {
		ssize_t done = send(conn->fd, octets + *sent, length - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done > 0) {
			wire_tell(wire, conn, WIRE_OCTETS, false, octets + *sent, (size_t)done, wire_now());
			*sent += (size_t)done;
			conn->sent += (uint64_t)done;
		} else if (errno != EAGAIN && errno != EINTR) {
			read_conn(wire, conn);
			if (!conn->reset)
				ended(wire, conn, true);
			break;
		} else if (wire_now() >= deadline_ns || (wire->interrupted && *wire->interrupted)) {
			return false;
		} else {
			poll_until(wire, conn, deadline_ns);
			read_all(wire);
		}
	}
	return true;
}

void wire_settle(struct wire *wire, struct wire_conn *conn, int64_t moment_ns)
{
	int64_t deadline_ns = wire_now() + SETTLE_MS * IPERF_MS;
	int queued = 0;

	while (conn->fd >= 0 && !wire_ended(conn) && ioctl(conn->fd, SIOCOUTQ, &queued) == 0 && queued > 0 &&
	       wire_now() < deadline_ns)
		wire_wait(wire, wire_now() + IPERF_MS / 10);
	for (deadline_ns = wire_now() + moment_ns; wire_now() < deadline_ns;)
		wire_wait(wire, deadline_ns);
}

void wire_send_datagram(struct wire *wire, struct wire_conn *conn, const uint8_t *octets, size_t length)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof own;
	int fd = conn->fd >= 0 ? conn->fd : wire->datagrams; /* a peer's source shares the runner's socket */
	const struct iperf_endpoint *peer = conn->by_peer ? &conn->client : &conn->server;
	bool six;

	to6.sin6_port = to.sin_port = htons(peer->port);
	to6.sin6_scope_id = peer->scope;
	getsockname(fd, (struct sockaddr *)&own, &size);
	six = own.ss_family == AF_INET6;
	memcpy(&to6.sin6_addr, peer->address, 16);
	memcpy(&to.sin_addr, peer->address + 12, 4);
	while (sendto(fd, octets, length, MSG_NOSIGNAL, six ? (struct sockaddr *)&to6 : (struct sockaddr *)&to,
		      six ? sizeof to6 : sizeof to) < 0 && errno == EINTR)
		;
	conn->sent += length;
	wire_tell(wire, conn, WIRE_DATAGRAM, false, octets, length, wire_now());
}

void wire_half_close(struct wire *wire, struct wire_conn *conn)
{
	if (conn->fd < 0 || conn->sent_eof || conn->reset)
		return;
	conn->sent_eof = true;
	shutdown(conn->fd, SHUT_WR);
	wire_tell(wire, conn, WIRE_EOF, false, NULL, 0, wire_now());
}

void wire_close(struct wire *wire, struct wire_conn *conn)
{
	if (conn->fd < 0)
		return;
	read_conn(wire, conn); /* octets left unread would make a reset of it */
	if (!conn->sent_eof && !conn->reset)
		wire_tell(wire, conn, WIRE_EOF, false, NULL, 0, wire_now());
	close(conn->fd);
	conn->fd = -1;
	conn->closed = true;
}

void wire_reset(struct wire *wire, struct wire_conn *conn)
{
	struct linger now = { .l_onoff = 1 };

	if (conn->fd < 0)
		return;
	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(conn->fd);
	conn->fd = -1;
	conn->closed = true;
	wire_tell(wire, conn, WIRE_RESET, false, NULL, 0, wire_now());
}
