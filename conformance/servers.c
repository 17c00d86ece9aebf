#include "conformance/servers_private.h"

#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

static bool looked_for(const struct servers *servers, uint16_t port)
{
	return servers->options.port ? port == servers->options.port : port == IPERF_PORT;
}

static enum iperf_direction towards(int direction)
{
	return direction == 0 ? IPERF_TO_SERVER : IPERF_TO_CLIENT;
}

static struct iperf_mark mark_of(const struct where *where)
{
	return (struct iperf_mark){ .packet = where->packet, .time_ns = where->time_ns, .offset = where->offset };
}

/* --- which profile ----------------------------------------------------------------------------------------------- */

/* The text judge is to know that there is something of which it knows nothing. */
static void hide_from_text(struct watched_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_endpoint client = conn->judge.client;
	uint64_t number = conn->judge.number;

	iperf_judge_forget(&conn->server->judge, &conn->judge);
	free(conn->judge.text);
	memset(&conn->judge, 0, sizeof conn->judge);
	conn->judge.number = number;
	iperf_judge_opened(&conn->server->judge, &conn->judge, &client, false, mark);
}

/* The profile of conn is known; both judges are told, and the right one is given what came before. */
static void decide(struct watched_conn *conn, enum iperf_profile profile, const struct iperf_mark *mark)
{
	struct watched *server = conn->server;

	conn->profile = profile;
	if (profile == IPERF_PROFILE_TEXT) {
		iperf3_judge_foreign(&server->iperf3_judge, &conn->iperf3);
		return;
	}
	server->iperf3 = server->iperf3_judge.iperf3 = true;
	servers_count(server);
	if (server->servers->options.profile == SERVERS_AUTO)
		hide_from_text(conn, mark);
	if (conn->head_length)
		iperf3_judge_octets(&server->iperf3_judge, &conn->iperf3, IPERF_TO_SERVER, conn->head, conn->head_length,
				    &conn->first);
}

/* The first octets of a connection can be an iperf3 client's, as they were seen of all versions (SPEC 22.2): text, and
 * a NUL behind 36 octets. */
static bool cookie_of_iperf3(const uint8_t *octets, size_t length)
{
	for (size_t i = 0; i < length && i < IPERF3_COOKIE_LENGTH - 1; i++)
		if (octets[i] <= ' ' || octets[i] > '~')
			return false;
	return length < IPERF3_COOKIE_LENGTH || octets[IPERF3_COOKIE_LENGTH - 1] == '\0';
}

/* A server that was found to serve the iperf3 profile, and no other so far. */
static bool serves_iperf3(const struct watched *server)
{
	return server->iperf3 && !server->judge.iperf;
}

/* As iperf_profile_of() says, but that a text client without a preamble remains one. */
static enum iperf_profile profile_of(const struct watched_conn *conn)
{
	enum iperf_profile profile = iperf_profile_of(conn->head, conn->head_length);

	if (profile == IPERF_PROFILE_IPERF3 && !serves_iperf3(conn->server) &&
	    !cookie_of_iperf3(conn->head, conn->head_length))
		return IPERF_PROFILE_TEXT;
	return profile;
}

/* Whether octets from the midst of a connection are of the iperf3 profile. */
static bool midst_of_iperf3(const uint8_t *octets, size_t length)
{
	static const char *const signs[] = { "\"cpu_util_total\":", "\"blockcount\":", "\"client_version\":" };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (memmem(octets, length, signs[i], strlen(signs[i])))
			return true;
	return false;
}

/* Looks at the client's first octets, which are told to a judge after this; of those before, the iperf3 judge learns
 * here. */
static void look(struct watched_conn *conn, const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	size_t room = sizeof conn->head - conn->head_length;
	size_t take = length < room ? length : room;
	enum iperf_profile profile;

	if (!conn->start_seen) {
		if (midst_of_iperf3(octets, length))
			decide(conn, IPERF_PROFILE_IPERF3, mark);
		return;
	}
	if (conn->head_length == 0)
		conn->first = *mark;
	memcpy(conn->head + conn->head_length, octets, take);
	conn->head_length = (uint8_t)(conn->head_length + take);
	profile = profile_of(conn);
	if (profile == IPERF_PROFILE_UNKNOWN)
		return;
	if (profile == IPERF_PROFILE_IPERF3 && conn->server->servers->options.profile == SERVERS_TEXT) {
		conn->server->iperf3 = true; /* passed over */
		profile = IPERF_PROFILE_TEXT;
	}
	conn->head_length = (uint8_t)(conn->head_length - take); /* what came before */
	decide(conn, profile, mark);
}

/* --- connections ------------------------------------------------------------------------------------------------- */

static void tell_opened(struct watched_conn *conn, const struct connection *connection, const struct iperf_mark *mark)
{
	struct watched *server = conn->server;
	enum servers_profile profile = server->servers->options.profile;

	conn->start_seen = connection->start_seen;
	conn->judge.number = conn->iperf3.number = ++server->conns;
	server->live++;
	iperf_judge_opened(&server->judge, &conn->judge, &connection->ends[0], connection->start_seen, mark);
	iperf3_judge_opened(&server->iperf3_judge, &conn->iperf3, &connection->ends[0], connection->start_seen, mark);
	if (profile != SERVERS_TEXT && (serves_iperf3(server) || (profile == SERVERS_IPERF3 &&
								   looked_for(server->servers, server->endpoint.port))))
		decide(conn, IPERF_PROFILE_IPERF3, mark);
}

static void opened(void *user, struct connection *connection, const struct where *where)
{
	struct servers *servers = user;
	const struct iperf_endpoint *endpoint = &connection->ends[1];
	struct iperf_mark mark = mark_of(where);
	struct watched_conn *conn;
	struct watched *server;

	if (servers->options.port && endpoint->port != servers->options.port)
		return;
	server = servers_find(servers, endpoint);
	if (!server)
		server = servers_watch(servers, endpoint);
	conn = server ? calloc(1, sizeof *conn) : NULL;
	if (!conn) {
		servers->out_of_memory = true;
		return;
	}
	conn->server = server;
	connection->user = conn;
	tell_opened(conn, connection, &mark);
}

/* What is not known to be of the iperf3 profile is for the text judge, if that is wanted. */
static bool for_text(const struct watched_conn *conn)
{
	return conn->profile != IPERF_PROFILE_IPERF3 && conn->server->servers->options.profile != SERVERS_IPERF3;
}

static void octets(void *user, struct connection *connection, int direction, const uint8_t *data, uint32_t length,
		   const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (!conn)
		return;
	if (conn->profile == IPERF_PROFILE_UNKNOWN && (direction == 0 || !conn->start_seen))
		look(conn, data, length, &mark);
	if (conn->profile == IPERF_PROFILE_IPERF3)
		iperf3_judge_octets(&conn->server->iperf3_judge, &conn->iperf3, towards(direction), data, length, &mark);
	else if (for_text(conn))
		iperf_judge_octets(&conn->server->judge, &conn->judge, towards(direction), data, length, &mark);
}

/* Octets of the beginning are unknown: what it is of, is what the server is. */
static void decide_unseen(struct watched_conn *conn, int direction, const struct iperf_mark *mark)
{
	if (conn->profile == IPERF_PROFILE_UNKNOWN && direction == 0 && conn->start_seen &&
	    conn->server->servers->options.profile == SERVERS_AUTO && conn->head_length >= IPERF_COOKIE_LENGTH &&
	    cookie_of_iperf3(conn->head, conn->head_length) && !conn->server->judge.iperf)
		decide(conn, IPERF_PROFILE_IPERF3, mark);
}

static void unseen(void *user, struct connection *connection, int direction, uint64_t count, enum unseen_why why,
		   const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (!conn)
		return;
	decide_unseen(conn, direction, &mark);
	if (conn->profile == IPERF_PROFILE_UNKNOWN && direction == 0)
		decide(conn, IPERF_PROFILE_TEXT, &mark);
	if (conn->profile == IPERF_PROFILE_IPERF3) {
		if (why == UNSEEN_CONFLICT)
			iperf3_judge_conflict(&conn->server->iperf3_judge, &conn->iperf3, towards(direction), &mark);
		iperf3_judge_unseen(&conn->server->iperf3_judge, &conn->iperf3, towards(direction), count,
				    why != UNSEEN_SNAPPED, &mark);
		return;
	}
	if (!for_text(conn))
		return;
	if (why == UNSEEN_CONFLICT)
		iperf_judge_conflict(&conn->server->judge, &conn->judge, towards(direction), &mark);
	iperf_judge_unseen(&conn->server->judge, &conn->judge, towards(direction), count, why != UNSEEN_SNAPPED, &mark);
}

static void eof(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn && conn->profile == IPERF_PROFILE_IPERF3)
		iperf3_judge_eof(&conn->server->iperf3_judge, &conn->iperf3, towards(direction), &mark);
	else if (conn && for_text(conn))
		iperf_judge_eof(&conn->server->judge, &conn->judge, towards(direction), &mark);
}

static void reset(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn && conn->profile == IPERF_PROFILE_IPERF3)
		iperf3_judge_reset(&conn->server->iperf3_judge, &conn->iperf3, towards(direction),
				   connection->established, &mark);
	else if (conn && for_text(conn))
		iperf_judge_reset(&conn->server->judge, &conn->judge, towards(direction), connection->established,
				  &mark);
}

static void late_conflict(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn && conn->profile == IPERF_PROFILE_IPERF3)
		iperf3_judge_conflict(&conn->server->iperf3_judge, &conn->iperf3, towards(direction), &mark);
	else if (conn && for_text(conn))
		iperf_judge_conflict(&conn->server->judge, &conn->judge, towards(direction), &mark);
}

static void forgotten(void *user, struct connection *connection)
{
	struct servers *servers = user;
	struct watched_conn *conn = connection->user;
	struct watched *server = conn ? conn->server : NULL;

	if (!conn)
		return;
	iperf_judge_forget(&server->judge, &conn->judge);
	iperf3_judge_forget(&server->iperf3_judge, &conn->iperf3);
	free(conn->judge.text);
	free(conn->iperf3.text[0]);
	free(conn->iperf3.text[1]);
	free(conn);
	if (!server->reported && !server->judge.iperf && server->live == 1 && server->iperf3)
		servers->iperf3 = servers->options.profile == SERVERS_TEXT;
	else if (!server->reported && server->live == 1 && servers->options.profile != SERVERS_IPERF3 &&
		 looked_for(servers, server->endpoint.port))
		servers_report_from_now(server);
	if (--server->live == 0 && !server->counted)
		servers_unwatch(server);
}

const struct reassembly_events servers_events = {
	.opened = opened,
	.octets = octets,
	.unseen = unseen,
	.eof = eof,
	.reset = reset,
	.late_conflict = late_conflict,
	.forgotten = forgotten,
};

/* --- datagrams and the whole ------------------------------------------------------------------------------------- */

static void tell_datagram(struct watched *server, const struct iperf_endpoint *client, enum iperf_direction direction,
			  const struct segment *datagram, const struct iperf_mark *mark)
{
	if (iperf3_judge_takes_datagrams(&server->iperf3_judge, mark))
		iperf3_judge_datagram(&server->iperf3_judge, client, direction, datagram->payload, datagram->captured,
				      datagram->length, mark);
	else if (server->servers->options.profile != SERVERS_IPERF3)
		iperf_judge_datagram(&server->judge, client, direction, datagram->payload, datagram->captured,
				     datagram->length, mark);
}

void servers_datagram(struct servers *servers, const struct segment *datagram, uint64_t packet, int64_t time_ns)
{
	struct iperf_mark mark = { .packet = packet, .time_ns = time_ns };
	struct watched *server = servers_find(servers, &datagram->destination);

	if (server) {
		tell_datagram(server, &datagram->source, IPERF_TO_SERVER, datagram, &mark);
		return;
	}
	server = servers_find(servers, &datagram->source);
	if (server)
		tell_datagram(server, &datagram->destination, IPERF_TO_CLIENT, datagram, &mark);
}

void servers_finish(struct servers *servers, uint64_t packet, int64_t time_ns)
{
	struct iperf_mark mark = { .packet = packet, .time_ns = time_ns };

	for (size_t i = 0; i < SERVERS_BUCKETS; i++) {
		for (struct watched *server = servers->buckets[i]; server; server = server->next) {
			iperf_judge_finish(&server->judge, &mark);
			iperf3_judge_finish(&server->iperf3_judge, &mark);
		}
	}
}

void servers_end(struct servers *servers)
{
	for (size_t i = 0; i < SERVERS_BUCKETS; i++)
		for (struct watched *server = servers->buckets[i]; server; server = server->next)
			iperf3_judge_end(&server->iperf3_judge);
}

bool servers_counts(const struct servers *servers, struct report_counts *counts)
{
	for (size_t i = 0; i < SERVERS_BUCKETS; i++) {
		for (const struct watched *server = servers->buckets[i]; server; server = server->next) {
			counts->tests += (server->reported ? server->judge.tests : 0) + server->iperf3_judge.tests;
			counts->connections += server->counted ? server->conns : 0;
		}
	}
	counts->servers += servers->count;
	counts->iperf3 = servers->iperf3;
	return !servers->out_of_memory;
}
