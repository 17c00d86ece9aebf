/* Whether a server of the iperf3 profile is free: it answers a cookie. */
#include "conformance/play_iperf3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AGAIN (20 * IPERF_MS)    /* until the next try */
#define ENDS (1 * IPERF_S)       /* a server that goes on has ended the probe by then */
#define SETTLES (100 * IPERF_MS) /* it may open its listening socket anew */

/* One try. Returns whether PARAM_EXCHANGE came; else why not. */
static bool probe(struct player *player, int64_t deadline_ns, struct wire_conn **conn, const char **why)
{
	struct iperf3_cookie cookie;
	size_t sent;

	*why = "no random cookie";
	if (iperf3_cookie_generate(&cookie) != 0)
		return false;
	*conn = wire_open(&player->wire, (const struct sockaddr *)&player->address, player->address_length, deadline_ns);
	*why = !*conn || (*conn)->refused ? strerror(errno) : "it does not answer a cookie";
	if (!*conn || (*conn)->refused)
		return false;
	wire_send(&player->wire, *conn, cookie.octets, sizeof cookie.octets, deadline_ns, &sent);
	while ((*conn)->length == 0 && !wire_ended(*conn) && wire_now() < deadline_ns)
		wire_wait(&player->wire, deadline_ns);
	if ((*conn)->length > 0 && (*conn)->octets[0] == IPERF3_PARAM_EXCHANGE)
		return true;
	if ((*conn)->length > 0)
		*why = (int8_t)(*conn)->octets[0] == IPERF3_ACCESS_DENIED ? "it denies a new client" :
									   "it answers a cookie otherwise than by PARAM_EXCHANGE";
	else if (wire_ended(*conn))
		*why = "it closes a new client's connection";
	return false;
}

/* The probe ends, and the server with it is free again. */
static void end_probe(struct player *player, struct wire_conn *conn)
{
	int64_t until_ns = wire_now() + ENDS;

	wire_half_close(&player->wire, conn);
	while (!wire_ended(conn) && wire_now() < until_ns)
		wire_wait(&player->wire, until_ns);
	conn->taken = conn->length;
	wire_close(&player->wire, conn);
	for (until_ns = wire_now() + SETTLES; wire_now() < until_ns;)
		wire_wait(&player->wire, until_ns);
}

const char *play_free(struct player *player, int64_t deadline_ns, bool *unreachable)
{
	static char text[200];
	int64_t from_ns = wire_now();
	const char *why;

	do {
		struct wire_conn *conn = NULL;

		if (probe(player, deadline_ns, &conn, &why)) {
			*unreachable = false;
			end_probe(player, conn);
			return NULL;
		}
		*unreachable = !conn || conn->refused;
		if (conn) {
			conn->taken = conn->length;
			wire_close(&player->wire, conn);
		}
		wire_wait(&player->wire, wire_now() + AGAIN);
	} while (wire_now() < deadline_ns && !(player->interrupted && *player->interrupted));
	snprintf(text, sizeof text, "the server %s after %.3f s: %s", *unreachable ? "cannot be reached" : "is not free",
		 (double)(wire_now() - from_ns) / 1e9, why);
	return text;
}
