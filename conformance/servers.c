#include "conformance/servers.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/pending.h"
#include "proto/limits.h"

#define BUCKETS 1024      /* a capture has few servers; a scan of many costs a longer walk */
#define LISTED_MAX 4096   /* streams in result data that are looked at */
#define IPERF3_COOKIE 37  /* 36 characters and a NUL: the iperf3 profile's first octets */

/* A TCP server, while it has connections or was found to speak the protocol. */
struct watched {
	struct watched *next;     /* in the bucket */
	struct servers *servers;
	struct iperf_endpoint endpoint;
	struct iperf_judge judge;
	struct iperf_stream *streams;
	struct iperf_judge_stream *extras;
	struct pending pending;   /* what the judge said before it was known that it matters */
	uint64_t conns, live;
	bool reported;
	bool iperf3;
};

struct watched_conn {
	struct iperf_judge_conn judge;
	struct watched *server;
	char cookie[IPERF3_COOKIE]; /* the first octets, to recognise the iperf3 profile */
	uint8_t cookie_length;
};

struct servers {
	struct servers_options options;
	struct report *report;
	struct watched *buckets[BUCKETS];
	struct iperf_stream_result *listed;
	uint64_t tests, conns, count;
	bool iperf3, out_of_memory;
};

/* --- what a judge says ------------------------------------------------------------------------------------------- */

/* From now on a server is reported on: first what was kept. */
static void report_from_now(struct watched *server)
{
	server->reported = true;
	server->servers->count++;
	pending_tell(&server->pending, server->servers->report, &server->endpoint);
}

/* Whether what its judge says is to be reported at once. */
static bool matters(struct watched *server)
{
	if (!server->reported && server->judge.iperf)
		report_from_now(server);
	return server->reported;
}

static void said(void *user, const struct iperf_said *what)
{
	struct watched *server = user;

	if (matters(server))
		report_said(server->servers->report, &server->endpoint, what);
	else
		pending_said(&server->pending, what);
}

static void found(void *user, const struct iperf_finding *what)
{
	struct watched *server = user;

	if (matters(server))
		report_found(server->servers->report, &server->endpoint, what);
	else
		pending_found(&server->pending, what);
}

static bool room(void *user, struct iperf_judge_conn *conn, size_t size)
{
	size_t more = conn->text_size ? conn->text_size : 1024;
	char *text;

	(void)user;
	if (size <= conn->text_size)
		return true;
	while (more < size)
		more *= 2;
	text = realloc(conn->text, more);
	if (!text)
		return false;
	conn->text = text;
	conn->text_size = more;
	return true;
}

/* --- servers ----------------------------------------------------------------------------------------------------- */

static struct watched **bucket_of(struct servers *servers, const struct iperf_endpoint *endpoint)
{
	return &servers->buckets[iperf_endpoint_hash(endpoint) % BUCKETS];
}

static struct watched *find(struct servers *servers, const struct iperf_endpoint *endpoint)
{
	struct watched *server = *bucket_of(servers, endpoint);

	while (server && !iperf_endpoint_equal(&server->endpoint, endpoint))
		server = server->next;
	return server;
}

static void watched_free(struct watched *server)
{
	if (!server)
		return;
	pending_free(&server->pending);
	free(server->streams);
	free(server->extras);
	free(server);
}

static void begin_judge(struct watched *server)
{
	const struct servers_options *options = &server->servers->options;
	struct iperf_judge_config config = {
		.t_hello_ns = options->t_hello_ns,
		.t_begin_ns = options->t_begin_ns,
		.t_idle_ns = options->t_idle_ns,
		.timers_known = options->timers_known,
		.server = server->endpoint,
		.at_client = options->at_client,
		.streams_max = options->streams_max,
		.streams = server->streams,
		.extras = server->extras,
		.results = { .capacity = LISTED_MAX, .streams = server->servers->listed },
		.room = room,
		.said = said,
		.found = found,
		.user = server,
	};

	iperf_judge_init(&server->judge, &config);
}

static struct watched *watch(struct servers *servers, const struct iperf_endpoint *endpoint)
{
	struct watched **bucket = bucket_of(servers, endpoint);
	struct watched *server = calloc(1, sizeof *server);
	uint32_t max = servers->options.streams_max;

	if (!server)
		return NULL;
	server->servers = servers;
	server->endpoint = *endpoint;
	server->streams = calloc(max, sizeof *server->streams); /* untouched pages cost nothing */
	server->extras = calloc(max, sizeof *server->extras);
	if (!server->streams || !server->extras) {
		watched_free(server);
		return NULL;
	}
	begin_judge(server);
	server->next = *bucket;
	*bucket = server;
	return server;
}

/* A server without connections that never spoke the protocol is forgotten. */
static void unwatch(struct watched *server)
{
	struct watched **link = bucket_of(server->servers, &server->endpoint);

	while (*link != server)
		link = &(*link)->next;
	*link = server->next;
	watched_free(server);
}

static bool looked_for(const struct servers *servers, uint16_t port)
{
	return servers->options.port ? port == servers->options.port : port == IPERF_PORT;
}

/* --- connections ------------------------------------------------------------------------------------------------- */

static enum iperf_direction towards(int direction)
{
	return direction == 0 ? IPERF_TO_SERVER : IPERF_TO_CLIENT;
}

static struct iperf_mark mark_of(const struct where *where)
{
	return (struct iperf_mark){ .packet = where->packet, .time_ns = where->time_ns, .offset = where->offset };
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
	server = find(servers, endpoint);
	if (!server)
		server = watch(servers, endpoint);
	conn = server ? calloc(1, sizeof *conn) : NULL;
	if (!conn) {
		servers->out_of_memory = true;
		return;
	}
	conn->server = server;
	conn->judge.number = ++server->conns;
	server->live++;
	connection->user = conn;
	iperf_judge_opened(&server->judge, &conn->judge, &connection->ends[0], connection->start_seen, &mark);
}

static bool base32(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

/* The iperf3 profile begins with 36 characters of base 32 and a NUL. */
static void recognise_iperf3(struct watched_conn *conn, const uint8_t *octets, uint32_t length)
{
	for (uint32_t i = 0; i < length && conn->cookie_length < IPERF3_COOKIE; i++)
		conn->cookie[conn->cookie_length++] = (char)octets[i];
	if (conn->cookie_length < IPERF3_COOKIE || conn->cookie[IPERF3_COOKIE - 1] != '\0')
		return;
	for (size_t i = 0; i < IPERF3_COOKIE - 1; i++)
		if (!base32(conn->cookie[i]))
			return;
	conn->server->iperf3 = true;
}

static void octets(void *user, struct connection *connection, int direction, const uint8_t *data, uint32_t length,
		   const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (!conn)
		return;
	if (direction == 0 && conn->cookie_length < IPERF3_COOKIE)
		recognise_iperf3(conn, data, length);
	iperf_judge_octets(&conn->server->judge, &conn->judge, towards(direction), data,
			   length, &mark);
}

static void unseen(void *user, struct connection *connection, int direction, uint64_t count, enum unseen_why why,
		   const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (!conn)
		return;
	conn->cookie_length = IPERF3_COOKIE;
	if (why == UNSEEN_CONFLICT)
		iperf_judge_conflict(&conn->server->judge, &conn->judge,
				     towards(direction), &mark);
	iperf_judge_unseen(&conn->server->judge, &conn->judge, towards(direction), count,
			   why != UNSEEN_SNAPPED, &mark);
}

static void eof(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn)
		iperf_judge_eof(&conn->server->judge, &conn->judge, towards(direction),
				&mark);
}

static void reset(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn)
		iperf_judge_reset(&conn->server->judge, &conn->judge,
				  towards(direction), connection->established, &mark);
}

static void late_conflict(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct watched_conn *conn = connection->user;
	struct iperf_mark mark = mark_of(where);

	(void)user;
	if (conn)
		iperf_judge_conflict(&conn->server->judge, &conn->judge,
				     towards(direction), &mark);
}

static void forgotten(void *user, struct connection *connection)
{
	struct servers *servers = user;
	struct watched_conn *conn = connection->user;
	struct watched *server = conn ? conn->server : NULL;

	if (!conn)
		return;
	iperf_judge_forget(&server->judge, &conn->judge);
	free(conn->judge.text);
	free(conn);
	if (!server->reported && !server->judge.iperf && server->live == 1 && server->iperf3)
		servers->iperf3 = true;
	else if (!server->reported && server->live == 1 && looked_for(servers, server->endpoint.port))
		report_from_now(server);
	if (--server->live == 0 && !server->reported)
		unwatch(server);
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

void servers_datagram(struct servers *servers, const struct segment *datagram, uint64_t packet, int64_t time_ns)
{
	struct iperf_mark mark = { .packet = packet, .time_ns = time_ns };
	struct watched *server = find(servers, &datagram->destination);

	if (server) {
		iperf_judge_datagram(&server->judge, &datagram->source, IPERF_TO_SERVER, datagram->payload,
				     datagram->captured, datagram->length, &mark);
		return;
	}
	server = find(servers, &datagram->source);
	if (server)
		iperf_judge_datagram(&server->judge, &datagram->destination, IPERF_TO_CLIENT, datagram->payload,
				     datagram->captured, datagram->length, &mark);
}

void servers_finish(struct servers *servers, uint64_t packet, int64_t time_ns)
{
	struct iperf_mark mark = { .packet = packet, .time_ns = time_ns };

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct watched *server = servers->buckets[i]; server; server = server->next)
			iperf_judge_finish(&server->judge, &mark);
}

bool servers_counts(const struct servers *servers, struct report_counts *counts)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct watched *server = servers->buckets[i]; server; server = server->next) {
			counts->tests += server->reported ? server->judge.tests : 0;
			counts->connections += server->reported ? server->judge.conns : 0;
		}
	}
	counts->servers += servers->count;
	counts->iperf3 = servers->iperf3;
	return !servers->out_of_memory;
}

struct servers *servers_new(const struct servers_options *options, struct report *report)
{
	struct servers *servers = calloc(1, sizeof *servers);

	if (!servers)
		return NULL;
	servers->options = *options;
	servers->report = report;
	servers->listed = calloc(LISTED_MAX, sizeof *servers->listed);
	if (!servers->listed) {
		free(servers);
		return NULL;
	}
	return servers;
}

void servers_free(struct servers *servers)
{
	if (!servers)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (servers->buckets[i]) {
			struct watched *server = servers->buckets[i];

			servers->buckets[i] = server->next;
			watched_free(server);
		}
	}
	free(servers->listed);
	free(servers);
}
