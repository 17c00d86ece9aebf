#include "conformance/servers_private.h"

#include <stdlib.h>

#define LISTED_MAX 4096   /* streams in result data that are looked at */

/* --- what a judge says ------------------------------------------------------------------------------------------- */

void servers_count(struct watched *server)
{
	if (!server->counted)
		server->servers->count++;
	server->counted = true;
}

void servers_report_from_now(struct watched *server)
{
	server->reported = true;
	servers_count(server);
	pending_tell(&server->pending, server->servers->report, &server->endpoint);
}

/* Whether what its judge says is to be reported at once. */
static bool matters(struct watched *server)
{
	if (!server->reported && server->judge.iperf)
		servers_report_from_now(server);
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

static void iperf3_said(void *user, const struct iperf3_said *what)
{
	struct watched *server = user;

	report_said_iperf3(server->servers->report, &server->endpoint, what);
}

static void iperf3_found(void *user, const struct iperf3_finding *what)
{
	struct watched *server = user;

	report_found_iperf3(server->servers->report, &server->endpoint, what);
}

static bool iperf3_room(void *user, char **text, size_t had, size_t size)
{
	char *more = size > had ? realloc(*text, size) : *text;

	(void)user;
	if (!more)
		return false;
	*text = more;
	return true;
}

/* --- servers ----------------------------------------------------------------------------------------------------- */

static struct watched **bucket_of(struct servers *servers, const struct iperf_endpoint *endpoint)
{
	return &servers->buckets[iperf_endpoint_hash(endpoint) % SERVERS_BUCKETS];
}

struct watched *servers_find(struct servers *servers, const struct iperf_endpoint *endpoint)
{
	struct watched *server = *bucket_of(servers, endpoint);

	while (server && !iperf_endpoint_equal(&server->endpoint, endpoint))
		server = server->next;
	return server;
}

void servers_free_watched(struct watched *server)
{
	if (!server)
		return;
	pending_free(&server->pending);
	free(server->streams);
	free(server->extras);
	free(server->iperf3_streams);
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

static void begin_iperf3_judge(struct watched *server)
{
	const struct servers_options *options = &server->servers->options;
	struct iperf3_judge_config config = {
		.t_read_ns = options->t_read_ns,
		.t_silence_ns = options->t_silence_ns,
		.t_over_ns = options->t_over_ns,
		.timers_known = options->iperf3_timers_known,
		.server = server->endpoint,
		.at_client = options->at_client,
		.streams_max = options->streams_max,
		.streams = server->iperf3_streams,
		.results = { .capacity = LISTED_MAX, .streams = server->servers->iperf3_listed },
		.room = iperf3_room,
		.said = iperf3_said,
		.found = iperf3_found,
		.user = server,
	};

	iperf3_judge_init(&server->iperf3_judge, &config);
}

struct watched *servers_watch(struct servers *servers, const struct iperf_endpoint *endpoint)
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
	server->iperf3_streams = calloc(max, sizeof *server->iperf3_streams);
	if (!server->streams || !server->extras || !server->iperf3_streams) {
		servers_free_watched(server);
		return NULL;
	}
	begin_judge(server);
	begin_iperf3_judge(server);
	server->next = *bucket;
	*bucket = server;
	return server;
}

void servers_unwatch(struct watched *server)
{
	struct watched **link = bucket_of(server->servers, &server->endpoint);

	while (*link != server)
		link = &(*link)->next;
	*link = server->next;
	servers_free_watched(server);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

struct servers *servers_new(const struct servers_options *options, struct report *report)
{
	struct servers *servers = calloc(1, sizeof *servers);

	if (!servers)
		return NULL;
	servers->options = *options;
	servers->report = report;
	servers->listed = calloc(LISTED_MAX, sizeof *servers->listed);
	servers->iperf3_listed = calloc(LISTED_MAX, sizeof *servers->iperf3_listed);
	if (!servers->listed || !servers->iperf3_listed) {
		free(servers->listed);
		free(servers->iperf3_listed);
		free(servers);
		return NULL;
	}
	return servers;
}

void servers_free(struct servers *servers)
{
	if (!servers)
		return;
	for (size_t i = 0; i < SERVERS_BUCKETS; i++) {
		while (servers->buckets[i]) {
			struct watched *server = servers->buckets[i];

			servers->buckets[i] = server->next;
			servers_free_watched(server);
		}
	}
	free(servers->listed);
	free(servers->iperf3_listed);
	free(servers);
}
