#include "ref/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define BACKLOG 512     /* connections that the kernel completes ahead of accept(): bursts are no reason to lose any */
#define PORT_TRIES 100  /* kernel-chosen ports whose UDP side may be taken */
#define UDP_BUFFER (8 * 1024 * 1024)

int socket_resolve(const char *host, int64_t port, bool version4, bool version6, struct addrinfo **list)
{
	struct addrinfo hints = {
		.ai_family = version4 ? AF_INET : version6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | (host ? 0 : AI_PASSIVE),
	};
	char service[24];

	snprintf(service, sizeof service, "%lld", (long long)port);
	return -getaddrinfo(host, service, &hints, list); /* its errors are negative */
}

const char *socket_resolve_error(int error)
{
	return gai_strerror(-error);
}

bool socket_is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/* --- the server's pair ------------------------------------------------------------------------------------------- */

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)address)->sin_port = htons(port);
}

/* A non-blocking socket that is bound to address. */
static int open_bound(const struct sockaddr_storage *address, socklen_t length, int type, bool only6)
{
	int fd = socket(address->ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, only = only6;

	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	if (bind(fd, (const struct sockaddr *)address, length) == 0)
		return fd;
	one = -errno;
	close(fd);
	return one;
}

static int listen_at(struct sockaddr_storage *address, socklen_t length, bool only6, struct socket_pair *pair)
{
	char host[SOCKET_TEXT_SIZE];
	int error;

	pair->tcp = open_bound(address, length, SOCK_STREAM, only6);
	if (pair->tcp < 0)
		return pair->tcp;
	error = socket_local(pair->tcp, host, &pair->port);
	if (error == 0 && listen(pair->tcp, BACKLOG) != 0)
		error = -errno;
	if (error == 0) {
		set_port(address, pair->port);
		pair->udp = open_bound(address, length, SOCK_DGRAM, only6);
		error = pair->udp < 0 ? pair->udp : 0;
	}
	if (error < 0)
		close(pair->tcp);
	return error;
}

static int listen_on(const struct sockaddr *at, socklen_t length, int64_t port, bool only6, struct socket_pair *pair)
{
	struct sockaddr_storage address = { 0 };
	int error = -EADDRINUSE;

	memcpy(&address, at, length);
	for (int tries = port == 0 ? PORT_TRIES : 1; tries > 0 && error == -EADDRINUSE; tries--) {
		set_port(&address, (uint16_t)port);
		error = listen_at(&address, length, only6, pair);
	}
	return error;
}

/* Datagrams wait here while the receiving thread does not run: as large as the system allows. */
static void enlarge_receive_buffer(int fd)
{
	int size = UDP_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

int socket_listen(const struct addrinfo *list, int64_t port, bool version4, bool version6, struct socket_pair *pair)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in any4 = { .sin_family = AF_INET };
	int error = -EAFNOSUPPORT;

	if (list) {
		for (; list && error < 0; list = list->ai_next)
			error = listen_on(list->ai_addr, list->ai_addrlen, port, true, pair);
	} else {
		if (!version4)
			error = listen_on((struct sockaddr *)&any6, sizeof any6, port, version6, pair);
		if (!version6 && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL)) /* a host without IPv6 */
			error = listen_on((struct sockaddr *)&any4, sizeof any4, port, false, pair);
	}
	if (error == 0)
		enlarge_receive_buffer(pair->udp);
	return error;
}

/* --- the client's sockets ---------------------------------------------------------------------------------------- */

static int bind_local(int fd, int family, const struct addrinfo *local)
{
	while (local && local->ai_family != family)
		local = local->ai_next;
	if (!local)
		return -EAFNOSUPPORT;
	return bind(fd, local->ai_addr, local->ai_addrlen) == 0 ? 0 : -errno;
}

int socket_open(const struct addrinfo *to, int type, const struct addrinfo *local)
{
	/* A UDP socket waits at most so long for room: a queue that does not drain may not hold a thread for ever. */
	struct timeval patience = { .tv_usec = 100000 };
	int fd = socket(to->ai_family, type | SOCK_CLOEXEC | (type == SOCK_STREAM ? SOCK_NONBLOCK : 0), 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (local)
		error = bind_local(fd, to->ai_family, local);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

static int name_of(const struct sockaddr_storage *address, char *host, uint16_t *port)
{
	struct iperf_endpoint endpoint;

	socket_endpoint(address, &endpoint);
	socket_endpoint_text(&endpoint, host);
	*port = endpoint.port;
	return 0;
}

int socket_local(int fd, char host[static SOCKET_TEXT_SIZE], uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? name_of(&address, host, port) : -errno;
}

int socket_peer(int fd, char host[static SOCKET_TEXT_SIZE], uint16_t *port)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	return getpeername(fd, (struct sockaddr *)&address, &length) == 0 ? name_of(&address, host, port) : -errno;
}

void socket_endpoint(const struct sockaddr_storage *address, struct iperf_endpoint *endpoint)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)address;

	memset(endpoint, 0, sizeof *endpoint);
	if (address->ss_family == AF_INET6) {
		memcpy(endpoint->address, &in6->sin6_addr, sizeof endpoint->address);
		endpoint->scope = in6->sin6_scope_id;
		endpoint->port = ntohs(in6->sin6_port);
	} else {
		endpoint->address[10] = endpoint->address[11] = 0xff;
		memcpy(endpoint->address + 12, &in4->sin_addr, 4);
		endpoint->port = ntohs(in4->sin_port);
	}
}

void socket_address(const struct iperf_endpoint *endpoint, int family, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof *address);
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		memcpy(&in6->sin6_addr, endpoint->address, sizeof endpoint->address);
		in6->sin6_scope_id = endpoint->scope;
		in6->sin6_port = htons(endpoint->port);
	} else {
		memcpy(&in4->sin_addr, endpoint->address + 12, 4);
		in4->sin_port = htons(endpoint->port);
	}
}

void socket_endpoint_text(const struct iperf_endpoint *endpoint, char text[static SOCKET_TEXT_SIZE])
{
	char zone[IF_NAMESIZE];
	struct in6_addr address;

	memcpy(&address, endpoint->address, sizeof address);
	if (IN6_IS_ADDR_V4MAPPED(&address)) {
		inet_ntop(AF_INET, endpoint->address + 12, text, SOCKET_TEXT_SIZE);
		return;
	}
	inet_ntop(AF_INET6, &address, text, SOCKET_TEXT_SIZE);
	if (endpoint->scope && if_indextoname(endpoint->scope, zone))
		snprintf(text + strlen(text), SOCKET_TEXT_SIZE - strlen(text), "%%%s", zone);
}
