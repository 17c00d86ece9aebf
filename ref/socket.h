/* Sockets and addresses: what the server and the client need of them. Functions return a descriptor or 0, or a negative
 * errno, unless they say otherwise. All sockets are close-on-exec. */
#ifndef IPERF_REF_SOCKET_H
#define IPERF_REF_SOCKET_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/endpoint.h"

/* Looks up a name or an address; version4 and version6 restrict it to one kind. host may be NULL: any local address.
 * Returns 0 with *list for freeaddrinfo(), or a positive number: socket_resolve_error() has words for it. */
int socket_resolve(const char *host, int64_t port, bool version4, bool version6, struct addrinfo **list);

const char *socket_resolve_error(int error);

/* A server's pair of sockets on the same port number, both non-blocking. */
struct socket_pair {
	int tcp; /* listens */
	int udp;
	uint16_t port;
};

/* Opens the pair on one of the addresses, or with NULL on all of this host: IPv6 and IPv4 on one socket, where the host
 * has both and neither is excluded. Port 0: the kernel chooses one that is free for both. */
int socket_listen(const struct addrinfo *list, int64_t port, bool version4, bool version6, struct socket_pair *pair);

/* A non-blocking TCP or a blocking UDP socket (SOCK_STREAM, SOCK_DGRAM) of the family of to, bound to the first address
 * of that family in local unless local is NULL. */
int socket_open(const struct addrinfo *to, int type, const struct addrinfo *local);

/* Whether a negative errno says that there are no descriptors, or there is no memory, on our side. */
bool socket_is_shortage(int error);

#define SOCKET_TEXT_SIZE 64

/* The numeric address of a socket's own side, or its peer's, and the port. */
int socket_local(int fd, char host[static SOCKET_TEXT_SIZE], uint16_t *port);
int socket_peer(int fd, char host[static SOCKET_TEXT_SIZE], uint16_t *port);

/* The endpoint of a socket address; an IPv4 address becomes IPv4-mapped. */
void socket_endpoint(const struct sockaddr_storage *address, struct iperf_endpoint *endpoint);

/* The socket address of an endpoint, for sockets of family: AF_INET6, or AF_INET when it is IPv4-mapped. */
void socket_address(const struct iperf_endpoint *endpoint, int family, struct sockaddr_storage *address);

/* The address of an endpoint as text. */
void socket_endpoint_text(const struct iperf_endpoint *endpoint, char text[static SOCKET_TEXT_SIZE]);

#endif
