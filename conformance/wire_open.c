/* Opening and listening. */
#include "conformance/wire_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/limits.h"

#define LISTENERS 512         /* connections that wait to be accepted */
#define UDP_ROOM (8 << 20)    /* octets that the kernel keeps for the runner */

/* --- addresses --------------------------------------------------------------------------------------------------- */

void wire_endpoint(const struct sockaddr_storage *address, struct iperf_endpoint *endpoint)
{
	memset(endpoint, 0, sizeof *endpoint);
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		endpoint->address[10] = endpoint->address[11] = 0xff;
		memcpy(endpoint->address + 12, &in->sin_addr, 4);
		endpoint->port = ntohs(in->sin_port);
	} else {
		const struct sockaddr_in6 *in6 = (const void *)address;

		memcpy(endpoint->address, &in6->sin6_addr, 16);
		endpoint->scope = in6->sin6_scope_id;
		endpoint->port = ntohs(in6->sin6_port);
	}
}

void wire_endpoint_text(const struct iperf_endpoint *endpoint, char text[static WIRE_TEXT_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_ipv4 = memcmp(endpoint->address, mapped, sizeof mapped) == 0;
	char host[INET6_ADDRSTRLEN] = "?";

	inet_ntop(is_ipv4 ? AF_INET : AF_INET6, endpoint->address + (is_ipv4 ? 12 : 0), host, sizeof host);
	snprintf(text, WIRE_TEXT_SIZE, "%s port %u", host, (unsigned)endpoint->port);
}

void wire_own_address(int fd, struct iperf_endpoint *endpoint)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
		wire_endpoint(&address, endpoint);
}

/* --- listening --------------------------------------------------------------------------------------------------- */

static int listen_on(uint16_t port, int type)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool six = fd >= 0;
	int on = 1, off = 0, room = UDP_ROOM;

	if (!six)
		fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	else
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, six ? (struct sockaddr *)&any : (struct sockaddr *)&any4, six ? sizeof any : sizeof any4) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, LISTENERS) == 0))
		return fd;
	on = -errno;
	close(fd);
	return on;
}

int wire_listen(struct wire *wire, uint16_t port)
{
	for (int tries = 0;; tries++) {
		struct iperf_endpoint own = { .port = 0 };

		wire->listener = listen_on(port, SOCK_STREAM);
		if (wire->listener < 0)
			return wire->listener;
		wire_own_address(wire->listener, &own);
		wire->datagrams = listen_on(own.port, SOCK_DGRAM);
		if (wire->datagrams >= 0)
			return own.port;
		close(wire->listener);
		wire->listener = -1;
		if (port != 0 || tries == 100)
			return wire->datagrams;
	}
}

void wire_refuse(struct wire *wire)
{
	if (wire->listener >= 0)
		close(wire->listener);
	wire->listener = -1;
}

int wire_accept(struct wire *wire, uint16_t port)
{
	if (wire->listener < 0)
		wire->listener = listen_on(port, SOCK_STREAM);
	return wire->listener < 0 ? wire->listener : 0;
}

void wire_unlisten(struct wire *wire)
{
	if (wire->listener >= 0)
		close(wire->listener);
	if (wire->datagrams >= 0)
		close(wire->datagrams);
	wire->listener = wire->datagrams = -1;
}

static void finish_open(struct wire_conn *conn, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_storage server = { 0 };
	int on = 1;

	memcpy(&server, address, length);
	wire_endpoint(&server, &conn->server);
	wire_own_address(conn->fd, &conn->client);
	conn->opened_ns = wire_now();
	if (!conn->udp)
		setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int connect_by(int fd, const struct sockaddr *address, socklen_t length, int64_t deadline_ns)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = connect(fd, address, length) == 0 ? 0 : errno;
	socklen_t size = sizeof error;
	int ready;

	if (error != EINPROGRESS)
		return error;
	do {
		int64_t left_ns = deadline_ns - wire_now();

		ready = poll(&wait, 1, left_ns > 0 ? (int)(left_ns / IPERF_MS) + 1 : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error;
}

struct wire_conn *wire_open(struct wire *wire, const struct sockaddr *address, socklen_t length, int64_t deadline_ns)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct wire_conn *conn;
	int error;

	if (fd < 0)
		return NULL;
	error = connect_by(fd, address, length, deadline_ns);
	conn = wire_add(wire, fd, false);
	finish_open(conn, address, length);
	conn->refused = error != 0;
	conn->ended_ns = conn->opened_ns;
	wire_tell(wire, conn, error ? WIRE_REFUSED : WIRE_OPENED, false, NULL, 0, conn->opened_ns);
	errno = error;
	return conn;
}

/* The address of this host from which address is reached, with port 0. */
static int local_address(const struct sockaddr *address, socklen_t length, struct sockaddr_storage *own)
{
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof *own;
	int error = fd >= 0 && connect(fd, address, length) == 0 &&
				    getsockname(fd, (struct sockaddr *)own, &size) == 0 ? 0 : errno;

	if (fd >= 0)
		close(fd);
	if (own->ss_family == AF_INET)
		((struct sockaddr_in *)own)->sin_port = 0;
	else
		((struct sockaddr_in6 *)own)->sin6_port = 0;
	return error;
}

/* Not connected, so that an answer from another port is seen too. */
struct wire_conn *wire_open_udp(struct wire *wire, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_storage own = { 0 };
	int error = local_address(address, length, &own);
	int fd = error ? -1 : socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct wire_conn *conn;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&own, length) != 0) {
		error = errno;
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		errno = error ? error : errno;
		return NULL;
	}
	conn = wire_add(wire, fd, true);
	finish_open(conn, address, length);
	return conn;
}
