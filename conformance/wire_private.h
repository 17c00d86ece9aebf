/* What wire.c and wire_open.c share. */
#ifndef IPERF_CONFORMANCE_WIRE_PRIVATE_H
#define IPERF_CONFORMANCE_WIRE_PRIVATE_H

#include "conformance/wire.h"

/* A new connection, or UDP source. */
struct wire_conn *wire_add(struct wire *wire, int fd, bool udp);

/* Tells whoever writes down what passes. */
void wire_tell(struct wire *wire, struct wire_conn *conn, enum wire_event event, bool by_peer, const uint8_t *octets,
	       size_t length, int64_t at_ns);

void wire_own_address(int fd, struct iperf_endpoint *endpoint);

#endif
