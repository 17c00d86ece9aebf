/* A world around a server session, for scripts (script_test.h) and for chance: it keeps the connections, watches what
 * must hold at all times, and logs the decisions.
 *
 * Steps, where a is the name of a connection:
 *   config pending=2 results=2 streams=2 hello=10 begin=10 idle=60     bounds and seconds; first step of a script
 *   a connect [port]     a: octets     a eof     a reset     udp port[@address][%scope]: datagram     stop
 *   +2.5       so many seconds later
 *   timer      the timer is called
 *   wait       the time of the deadline has come, and the timer is called
 *   state, counts, deadline, results, a state       queries: what they say is logged
 *
 * Log: TAKE a R-6.1-1 and so on, in the names of enum iperf_decision_kind; STREAM a 1 is the stream with id 1; RESPOND
 * and RELEASE show the results of that moment as [1 tcp 300 +, 2 udp 10/3 -] 310: id, bytes, packets, complete. */
#ifndef IPERF_PROTO_SERVER_SCRIPT_TEST_H
#define IPERF_PROTO_SERVER_SCRIPT_TEST_H

#include "proto/script_test.h"
#include "proto/server.h"

#define WORLD_CONNS 400
#define WORLD_BEGAN (INT64_C(1000) * IPERF_S) /* any time; not 0 */

struct world_conn {
	char name[24];
	struct iperf_conn *conn; /* memory of its own, freed as soon as the session has let go of it */
	bool gone;               /* REJECT or CLOSE was decided */
};

struct world {
	struct script script;
	struct iperf_server server;
	struct iperf_stream streams[IPERF_STREAMS_MAX];
	int64_t now_ns;
	size_t conn_count;
	struct world_conn conns[WORLD_CONNS];
	/* What the decisions say, kept apart from the session. */
	enum iperf_test_state state;
	struct iperf_cookie cookie;
	size_t opened; /* streams */
};

static inline struct world_conn *world_conn_of(struct world *world, const struct iperf_conn *conn)
{
	for (size_t i = world->conn_count; i-- > 0;)
		if (world->conns[i].conn == conn)
			return &world->conns[i];
	fail_msg("a decision for a connection that is not there");
	return NULL;
}

/* --- what must hold at all times --------------------------------------------------------------------------------- */

#define WORLD_CONN(link, field) \
	((struct iperf_conn *)(void *)((char *)(uintptr_t)(link) - offsetof(struct iperf_conn, field)))

static inline void world_check_waiting(const struct iperf_link *list, size_t count, bool answered)
{
	int64_t deadline = INT64_MIN;
	size_t n = 0;

	for (const struct iperf_link *link = list->next; link != list; link = link->next, n++) {
		const struct iperf_conn *conn = WORLD_CONN(link, waits);

		assert_ptr_equal(link->next->prev, link);
		assert_true(answered ? conn->state == IPERF_CONN_RESULTS
				     : conn->state == IPERF_CONN_PREAMBLE || conn->state == IPERF_CONN_FIRST);
		assert_true(conn->deadline_ns >= deadline); /* the longest waiting first */
		deadline = conn->deadline_ns;
	}
	assert_int_equal(n, count);
}

static inline void world_check_members(const struct iperf_server *server)
{
	size_t n = 0, controls = 0;

	for (const struct iperf_link *link = server->members.next; link != &server->members; link = link->next, n++) {
		const struct iperf_conn *conn = WORLD_CONN(link, member);

		controls += conn->state == IPERF_CONN_CONTROL;
		assert_true(conn->state != IPERF_CONN_PREAMBLE && conn->state != IPERF_CONN_CLOSED);
		assert_memory_equal(&conn->parser.cookie, &server->cookie, sizeof server->cookie);
	}
	assert_int_equal(n, server->member_count);
	assert_int_equal(controls, server->state == IPERF_TEST_RUNNING); /* R-6.2-4, R-7-2 */
	assert_true(n == 0 || server->state != IPERF_TEST_IDLE);
}

static inline void world_check(const struct world *world)
{
	const struct iperf_server *server = &world->server;
	size_t open = 0, streams = 0;

	world_check_waiting(&server->pending, server->pending_count, false);
	world_check_waiting(&server->results, server->results_count, true);
	world_check_members(server);
	assert_true(server->pending_count <= server->config.pending_max); /* R-11-1 */
	assert_true(server->results_count <= server->config.results_max); /* R-11-5 */
	assert_true(server->stream_count <= server->config.streams_max);  /* R-11-3 */
	assert_int_equal(server->state, world->state);
	assert_int_equal(server->stream_count, world->opened);
	for (size_t i = 0; i < world->conn_count; i++) {
		const struct iperf_conn *conn = world->conns[i].conn;

		open += !world->conns[i].gone;
		streams += !world->conns[i].gone && conn->state == IPERF_CONN_STREAM;
	}
	/* Bounded memory: nothing else keeps a connection open. */
	assert_int_equal(open, server->pending_count + server->results_count + streams +
				       (server->state == IPERF_TEST_RUNNING));
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static inline void world_results(const struct iperf_server *server, char *text, size_t size)
{
	struct iperf_stream_result streams[IPERF_STREAMS_MAX];
	struct iperf_results results = { .capacity = COUNT(streams), .streams = streams };
	size_t used = 0;

	iperf_server_results(server, &results);
	assert_int_equal(results.count, server->stream_count);
	text[0] = '\0';
	for (size_t i = 0; i < results.count; i++) {
		const struct iperf_stream_result *stream = &streams[i];
		char packets[24] = "";

		assert_int_equal(stream->id, i + 1);
		if (stream->protocol == IPERF_UDP)
			snprintf(packets, sizeof packets, "/%llu", (unsigned long long)stream->packets);
		used += (size_t)snprintf(text + used, size - used, "%s%u %s %llu%s %c", i ? ", " : " [", stream->id,
					 stream->protocol == IPERF_TCP ? "tcp" : "udp",
					 (unsigned long long)stream->bytes, packets, stream->complete ? '+' : '-');
	}
	if (results.count)
		snprintf(text + used, size - used, "] %llu", (unsigned long long)results.bytes);
}

static inline void world_stream_name(struct world *world, const struct iperf_decision *decision, char *text,
				     size_t size)
{
	if (decision->conn)
		snprintf(text, size, "%s %u", world_conn_of(world, decision->conn)->name, decision->stream->id);
	else
		snprintf(text, size, "udp %u %u", (unsigned)decision->stream->client.port, decision->stream->id);
}

/* Follows the decisions in its own books, and fails on one that cannot be. */
static inline void world_book(struct world *world, const struct iperf_decision *decision)
{
	const struct iperf_conn *conn = decision->conn;

	if (conn)
		assert_false(world_conn_of(world, conn)->gone);
	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
		assert_int_equal(world->state, IPERF_TEST_IDLE); /* at most one cookie */
		world->state = IPERF_TEST_HELD;
		world->cookie = conn->parser.cookie;
		break;
	case IPERF_DECIDE_ACCEPT:
		assert_int_not_equal(world->state, IPERF_TEST_IDLE);
		assert_memory_equal(&conn->parser.cookie, &world->cookie, sizeof world->cookie);
		break;
	case IPERF_DECIDE_BEGIN:
		assert_int_equal(world->state, IPERF_TEST_HELD);
		assert_int_equal(conn->state, IPERF_CONN_CONTROL);
		world->state = IPERF_TEST_RUNNING;
		break;
	case IPERF_DECIDE_STREAM:
		assert_int_equal(decision->stream->id, ++world->opened);
		assert_ptr_equal(decision->stream, &world->streams[world->opened - 1]);
		assert_true(!conn || (conn->stream == decision->stream && conn->state == IPERF_CONN_STREAM));
		assert_int_equal(decision->stream->protocol, conn ? IPERF_TCP : IPERF_UDP);
		break;
	case IPERF_DECIDE_RESPOND:
		assert_int_equal(world->state, IPERF_TEST_RUNNING); /* R-9.1-8 */
		assert_int_equal(conn->state, IPERF_CONN_RESULTS);
		break;
	case IPERF_DECIDE_RELEASE:
		assert_int_not_equal(world->state, IPERF_TEST_IDLE);
		assert_null(conn);
		assert_memory_equal(&world->server.cookie, &world->cookie, sizeof world->cookie); /* still stands */
		assert_int_equal(world->server.stream_count, world->opened);
		world->state = IPERF_TEST_IDLE;
		world->opened = 0;
		break;
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		assert_int_equal(conn->state, IPERF_CONN_CLOSED);
		world_conn_of(world, conn)->gone = true;
		break;
	}
}

static inline void world_decide(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	static const char *const kinds[] = { "TAKE",    "ACCEPT",  "BEGIN",  "STREAM",
					     "RESPOND", "RELEASE", "REJECT", "CLOSE" };
	static const char *const releases[] = { "END", "EOF", "RESET", "OCTET", "T_IDLE", "T_BEGIN", "LEFT", "STOP" };
	struct world *world = user;
	const char *why = iperf_requirements[decision->why].id;
	const char *kind = kinds[decision->kind];
	char text[8000] = "";

	(void)iperf_server_deadline(server); /* queries are allowed here */
	switch (decision->kind) {
	case IPERF_DECIDE_STREAM:
		world_stream_name(world, decision, text, sizeof text);
		script_log(&world->script, "STREAM %s %s", text, why);
		break;
	case IPERF_DECIDE_RELEASE:
		world_results(server, text, sizeof text);
		script_log(&world->script, "RELEASE %s %s%s", releases[decision->release], why, text);
		break;
	case IPERF_DECIDE_RESPOND:
		world_results(server, text, sizeof text);
		script_log(&world->script, "RESPOND %s %s%s", world_conn_of(world, decision->conn)->name, why, text);
		break;
	case IPERF_DECIDE_TAKE:
	case IPERF_DECIDE_ACCEPT:
	case IPERF_DECIDE_BEGIN:
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		script_log(&world->script, "%s %s %s", kind, world_conn_of(world, decision->conn)->name, why);
		break;
	}
	assert_true(decision->why != IPERF_R_NONE);
	world_book(world, decision);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static inline void world_init(struct world *world, const struct script *script)
{
	struct iperf_server_config config;

	memset(world, 0, sizeof *world);
	world->script = *script;
	world->now_ns = WORLD_BEGAN;
	iperf_server_defaults(&config);
	config.streams = world->streams;
	config.decide = world_decide;
	config.user = world;
	memset(world->streams, 0xaa, sizeof world->streams);
	memset(&world->server, 0xaa, sizeof world->server);
	iperf_server_init(&world->server, &config);
}

/* Frees what the session has let go of: a list that still holds it is a use after free. */
static inline void world_settle(struct world *world)
{
	for (size_t i = 0; i < world->conn_count; i++) {
		if (!world->conns[i].gone || !world->conns[i].conn)
			continue;
		memset(world->conns[i].conn, 0xee, sizeof *world->conns[i].conn);
		free(world->conns[i].conn);
		world->conns[i].conn = NULL;
	}
	world_check(world);
	assert_true(iperf_server_deadline(&world->server) <= INT64_MAX);
}

static inline struct world_conn *world_named(struct world *world, const char *name, size_t length)
{
	for (size_t i = world->conn_count; i-- > 0;)
		if (strlen(world->conns[i].name) == length && memcmp(world->conns[i].name, name, length) == 0)
			return &world->conns[i];
	fail_msg("no connection is called %.*s", (int)length, name);
	return NULL;
}

static inline struct world_conn *world_connect(struct world *world, const char *name, size_t length, unsigned port)
{
	struct world_conn *conn = &world->conns[world->conn_count];
	struct iperf_endpoint client = { { [10] = 0xff, 0xff, 192, 0, 2, 1 }, 0, (uint16_t)port };

	assert_true(world->conn_count < WORLD_CONNS && length < sizeof conn->name);
	*conn = (struct world_conn){ .conn = malloc(sizeof *conn->conn) };
	memset(conn->conn, 0xaa, sizeof *conn->conn);
	conn->conn->user = conn;
	memcpy(conn->name, name, length);
	world->conn_count++;
	iperf_server_connected(&world->server, conn->conn, &client, world->now_ns);
	assert_ptr_equal(conn->conn->user, conn);
	assert_true(iperf_endpoint_equal(&conn->conn->client, &client));
	return conn;
}

static inline bool world_feed(struct script *script, void *context, const uint8_t *octets, size_t length)
{
	struct world *world = (struct world *)(void *)script; /* its first member */
	struct world_conn *conn = context;

	iperf_server_octets(&world->server, conn->conn, octets, length, world->now_ns);
	if (conn->gone)
		return false;
	world_check(world);
	return true;
}

/* "5000", "5000@2", "5000%7" */
static inline void world_endpoint(struct iperf_endpoint *endpoint, const char *words)
{
	char *end;

	*endpoint = (struct iperf_endpoint){ .address = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
	endpoint->port = (uint16_t)strtoul(words, &end, 10);
	if (*end == '@')
		endpoint->address[15] = (uint8_t)strtoul(end + 1, &end, 10);
	if (*end == '%')
		endpoint->scope = (uint32_t)strtoul(end + 1, &end, 10);
	assert_int_equal(*end, ':');
}

static inline void world_config(struct world *world, const char *words)
{
	struct iperf_server_config config = world->server.config;
	char name[20];
	long value;
	int used;

	for (; sscanf(words, " %19[a-z]=%ld%n", name, &value, &used) == 2; words += used) {
		if (strcmp(name, "pending") == 0)
			config.pending_max = (size_t)value;
		else if (strcmp(name, "results") == 0)
			config.results_max = (size_t)value;
		else if (strcmp(name, "streams") == 0)
			config.streams_max = (size_t)value;
		else if (strcmp(name, "hello") == 0)
			config.t_hello_ns = value * IPERF_S;
		else if (strcmp(name, "begin") == 0)
			config.t_begin_ns = value * IPERF_S;
		else if (strcmp(name, "idle") == 0)
			config.t_idle_ns = value * IPERF_S;
		else
			fail_msg("no such setting: %s", name);
	}
	assert_int_equal(*words, '\0');
	iperf_server_init(&world->server, &config);
}

static inline void world_timer(struct world *world)
{
	iperf_server_timer(&world->server, world->now_ns);
	assert_true(iperf_server_deadline(&world->server) > world->now_ns); /* all that was due is done */
}

/* --- queries ----------------------------------------------------------------------------------------------------- */

static inline void world_query_results(struct world *world)
{
	struct iperf_stream_result streams[IPERF_STREAMS_MAX];
	struct iperf_results results = { .capacity = COUNT(streams), .streams = streams };

	iperf_server_results(&world->server, &results);
	for (size_t i = 0; i < results.count; i++)
		script_log(&world->script, "%u %s port %u bytes %llu packets %llu seconds %g %s", streams[i].id,
			   streams[i].protocol == IPERF_TCP ? "tcp" : "udp", (unsigned)streams[i].client_port,
			   (unsigned long long)streams[i].bytes, (unsigned long long)streams[i].packets,
			   streams[i].seconds, streams[i].complete ? "complete" : "not complete");
	script_log(&world->script, "sum %llu", (unsigned long long)results.bytes);
}

static inline bool world_query(struct world *world, const char *step)
{
	static const char *const states[] = { "IDLE", "HELD", "RUNNING" };
	const struct iperf_server *server = &world->server;
	int64_t deadline = iperf_server_deadline(server);
	char cookie[40] = "?";

	if (strcmp(step, "state") == 0) {
		words_of(server->cookie.octets, IPERF_COOKIE_LENGTH, cookie, sizeof cookie);
		script_log(&world->script, "%s%s%s", states[server->state], server->state == IPERF_TEST_IDLE ? "" : " ",
			   server->state == IPERF_TEST_IDLE ? "" : cookie);
	} else if (strcmp(step, "counts") == 0) {
		script_log(&world->script, "pending %zu results %zu members %zu streams %zu", server->pending_count,
			   server->results_count, server->member_count, server->stream_count);
	} else if (strcmp(step, "deadline") == 0) {
		if (deadline == INT64_MAX)
			script_log(&world->script, "none");
		else
			script_log(&world->script, "in %g", (double)(deadline - world->now_ns) / 1e9);
	} else if (strcmp(step, "results") == 0) {
		world_query_results(world);
	} else {
		return false;
	}
	return true;
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static inline void world_conn_step(struct world *world, const char *step)
{
	static const char *const states[] = { "PREAMBLE", "FIRST", "CONTROL", "STREAM", "RESULTS", "CLOSED" };
	size_t length = strcspn(step, ": ");
	const char *rest = step + length;
	struct octets octets;

	if (strncmp(rest, " connect", 8) == 0) {
		world_connect(world, step, length,
			      rest[8] ? (unsigned)atoi(rest + 8) : 40001 + (unsigned)world->conn_count);
	} else if (*rest == ':') {
		octets_of(&octets, rest + 1);
		script_octets(&world->script, world_feed, world_named(world, step, length), &octets);
	} else if (strcmp(rest, " eof") == 0) {
		iperf_server_eof(&world->server, world_named(world, step, length)->conn, world->now_ns);
	} else if (strcmp(rest, " reset") == 0) {
		iperf_server_reset(&world->server, world_named(world, step, length)->conn, world->now_ns);
	} else if (strcmp(rest, " state") == 0) {
		script_log(&world->script, "%s", states[world_named(world, step, length)->conn->state]);
	} else {
		fail_msg("no such step: %s", step);
	}
}

static inline void world_step(struct script *script, const char *step)
{
	struct world *world = (struct world *)(void *)script; /* its first member */
	struct iperf_endpoint client;
	struct octets octets;

	if (strncmp(step, "config", 6) == 0) {
		world_config(world, step + 6);
	} else if (*step == '+') {
		world->now_ns += (int64_t)(strtod(step, NULL) * 1e9 + 0.5);
	} else if (strcmp(step, "timer") == 0) {
		world_timer(world);
	} else if (strcmp(step, "wait") == 0) {
		assert_true(iperf_server_deadline(&world->server) < INT64_MAX);
		world->now_ns = iperf_server_deadline(&world->server);
		world_timer(world);
	} else if (strcmp(step, "stop") == 0) {
		iperf_server_stop(&world->server, world->now_ns);
	} else if (strncmp(step, "udp ", 4) == 0) {
		world_endpoint(&client, step + 4);
		octets_of(&octets, strchr(step, ':') + 1);
		iperf_server_datagram(&world->server, &client, ground(octets.at, octets.length), octets.length,
				      world->now_ns);
	} else if (!world_query(world, step)) {
		world_conn_step(world, step);
	}
	world_settle(world);
}

/* The end of every script: the server is stopped, and nothing is left. */
static inline void world_end(struct world *world)
{
	iperf_server_stop(&world->server, world->now_ns);
	world_settle(world);
	assert_int_equal(world->server.state, IPERF_TEST_IDLE);
	assert_int_equal(world->server.pending_count + world->server.results_count + world->server.member_count, 0);
	assert_true(iperf_server_deadline(&world->server) == INT64_MAX);
	for (size_t i = 0; i < world->conn_count; i++)
		assert_true(world->conns[i].gone); /* exactly one REJECT or CLOSE for each */
}

/* Runs a row of scripts in every segmentation. */
static inline void run_server_script(void **state)
{
	static struct world world;
	struct script script = { .row = *state };

	do {
		script.seed = seed_of(5) + script.cut_at;
		world_init(&world, &script);
		script_run(&world.script, world_step);
		world_end(&world);
		script.longest = world.script.longest > script.longest ? world.script.longest : script.longest;
	} while (script_next(&script));
}

#endif
