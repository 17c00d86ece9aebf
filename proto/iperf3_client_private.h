/* What the parts of the client session share: iperf3_client.c has states, decisions and time, iperf3_client_input.c
 * takes what the server sends. Not installed. */
#ifndef IPERF_PROTO_IPERF3_CLIENT_PRIVATE_H
#define IPERF_PROTO_IPERF3_CLIENT_PRIVATE_H

#include "proto/iperf3_client.h"

/* --- iperf3_client.c */

/* Enters a state: does what it begins with, and has the patience that it has. */
void iperf3_client_enter(struct iperf3_client *client, enum iperf3_client_state state, int64_t now_ns);

/* The test has failed: closes all, at once, so that the first failure is the only one. */
__attribute__((format(printf, 5, 6))) void iperf3_client_fail(struct iperf3_client *client, int64_t now_ns,
							      enum iperf3_outcome outcome, enum iperf_requirement why,
							      const char *format, ...);

/* The stream that was being opened is there: on to the next one. */
void iperf3_client_stream_is_there(struct iperf3_client *client, int64_t now_ns);

/* --- iperf3_client_input.c */

/* As many octets came behind SERVER_ERROR as will come: 8, or fewer (R-29-3, R-29-4). */
void iperf3_client_error_came(struct iperf3_client *client, int64_t now_ns);

static inline bool iperf3_client_is_udp(const struct iperf3_client *client)
{
	return client->config.parameters->protocol == IPERF_UDP;
}

#endif
