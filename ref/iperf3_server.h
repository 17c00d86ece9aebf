/* The reference server's side of the iperf3 profile: a libuv loop around the session of proto/iperf3_server.h. It has
 * the connections that server_conn.c has found to be of this profile. */
#ifndef IPERF_REF_IPERF3_SERVER_H
#define IPERF_REF_IPERF3_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/endpoint.h"
#include "ref/options.h"
#include "ref/socket.h"

struct iperf3_service;

struct iperf3_service_config {
	const struct options *options;
	uv_loop_t *loop;
	struct socket_pair sockets;
	/* Called in the loop: a test is over. ran: all its streams had come. error: 0, or a negative errno when the
	 * report could not be written. */
	void (*over)(void *user, bool ran, int error);
	void *user;
};

/* Returns 0 with *service, or a negative errno. */
int iperf3_service_start(struct iperf3_service **service, const struct iperf3_service_config *config);

/* A connection of this profile, that was accepted at that time and on which these octets have come, at most 37. fd is
 * the service's from now on. occupied: a test of the other profile is in progress. In the loop. */
void iperf3_service_connected(struct iperf3_service *service, int fd, const struct iperf_endpoint *client,
			      const uint8_t *octets, size_t length, bool occupied, int64_t accepted_ns);

/* Reads what has come on the control connection of the test, if there is one: its end, for one. In the loop. service
 * may be NULL. */
void iperf3_service_catch_up(struct iperf3_service *service);

/* A datagram at the server's port, sent to that address (without a port; all zero: unknown). Any thread may call it. */
void iperf3_service_datagram(struct iperf3_service *service, const struct iperf_endpoint *client,
			     const struct iperf_endpoint *local, const uint8_t *octets, size_t length);

/* Whether a test is in progress, and whether all its streams have come. In the loop. */
bool iperf3_service_busy(const struct iperf3_service *service);
bool iperf3_service_runs(const struct iperf3_service *service);

/* Ends the test and closes all connections. In the loop, which closes all handles afterwards. */
void iperf3_service_stop(struct iperf3_service *service);

/* When the loop has ended. service may be NULL. */
void iperf3_service_free(struct iperf3_service *service);

#endif
