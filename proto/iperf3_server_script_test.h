/* A world around a session of the iperf3 profile's server, for scripts (script_test.h): it keeps the connections,
 * watches what must hold at all times, and logs the decisions.
 *
 * Steps, where a is the name of a connection:
 *   config pending=2 ending=2 streams=2 read=10 silence=120 over=40    bounds and seconds; first step of a script
 *   config text=100 anything=1    room for texts; the caller has nothing against any parameters
 *   able 141 7        from now on the caller says so of parameters
 *   a connect     a: octets     a eof     a reset     udp port: octets     moved SECONDS-AGO     fail error errno
 *   slow 2.5   HALT and MEASURE take so many seconds
 *   occupy, vacate, stop
 *   +2.5       so many seconds later
 *   timer      the timer is called
 *   wait       the time of the deadline has come, and the timer is called
 *   state, deadline, counts, peer, a state, a room     queries: what they say is logged
 *
 * Octets are those of iperf3_octets_test.h.
 *
 * Log: TAKE a R-23-1 and so on, in the names of enum iperf3_decision_kind. SEND shows what is sent: the names of
 * states, the numbers of an error, results as (1 3). */
#ifndef IPERF_PROTO_IPERF3_SERVER_SCRIPT_TEST_H
#define IPERF_PROTO_IPERF3_SERVER_SCRIPT_TEST_H

#include "proto/iperf3_octets_test.h"
#include "proto/iperf3_server.h"
#include "proto/script_test.h"

#define WORLD_CONNS 400
#define WORLD_BEGAN (INT64_C(1000) * IPERF_S) /* any time; not 0 */

struct world_conn {
	char name[24];
	struct iperf3_conn *conn; /* memory of its own, freed as soon as the session has let go of it */
	bool ending, gone;        /* END, CLOSE was decided */
};

struct world {
	struct script script;
	struct iperf3_server server;
	struct iperf3_stream streams[2 * IPERF3_STREAMS_MAX];
	struct iperf3_stream_result own[2 * IPERF3_STREAMS_MAX], peer[2 * IPERF3_STREAMS_MAX];
	uint8_t text[IPERF3_RESULTS_MAX];
	int64_t now_ns;
	int32_t able, able_errno;
	double slow_s;
	size_t conn_count;
	struct world_conn conns[WORLD_CONNS];
	/* What the decisions say, kept apart from the session. */
	bool taken, running, halted, measured;
	size_t opened;
};

static inline struct world_conn *world_conn_of(struct world *world, const struct iperf3_conn *conn)
{
	for (size_t i = world->conn_count; i-- > 0;)
		if (world->conns[i].conn == conn)
			return &world->conns[i];
	fail_msg("a decision for a connection that is not there");
	return NULL;
}

/* --- what must hold at all times --------------------------------------------------------------------------------- */

#define WORLD_CONN(at) \
	((const struct iperf3_conn *)(const void *)((const char *)(at) - offsetof(struct iperf3_conn, link)))

static inline void world_check_list(const struct iperf3_link *list, size_t count, enum iperf3_conn_state state)
{
	int64_t deadline = INT64_MIN;
	uint64_t number = 0;
	size_t n = 0;

	for (const struct iperf3_link *link = list->next; link != list; link = link->next, n++) {
		const struct iperf3_conn *conn = WORLD_CONN(link);

		assert_ptr_equal(link->next->prev, link);
		assert_int_equal(conn->state, state);
		if (state == IPERF3_CONN_STREAM) {
			assert_true(conn->number > number); /* R-25-7: in the order of accept() */
			number = conn->number;
		} else {
			assert_true(conn->deadline_ns >= deadline); /* the longest waiting first */
			deadline = conn->deadline_ns;
		}
	}
	assert_int_equal(n, count);
}

static inline void world_check(const struct world *world)
{
	const struct iperf3_server *server = &world->server;
	size_t open = 0;

	world_check_list(&server->pending, server->pending_count, IPERF3_CONN_COOKIE);
	world_check_list(&server->ending, server->ending_count, IPERF3_CONN_ENDING);
	world_check_list(&server->members, server->member_count, IPERF3_CONN_STREAM);
	assert_true(server->pending_count <= server->config.pending_max); /* R-32-3 */
	assert_true(server->ending_count <= server->config.ending_max);
	assert_int_equal(server->state != IPERF3_TEST_IDLE, world->taken);
	assert_int_equal(server->control != NULL, world->taken);
	assert_int_equal(server->stream_count, world->opened);
	assert_true(server->member_count == 0 || server->state >= IPERF3_TEST_CREATING);
	assert_int_equal(server->state >= IPERF3_TEST_FLOWING, world->running);
	for (size_t i = 0; i < world->conn_count; i++)
		open += !world->conns[i].gone;
	/* Bounded memory: nothing else keeps a connection open. */
	assert_int_equal(open, server->pending_count + server->ending_count + server->member_count + world->taken);
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static inline void world_said_results(const uint8_t *octets, size_t length, char *text, size_t size)
{
	struct iperf3_stream_result streams[2 * IPERF3_STREAMS_MAX];
	struct iperf3_results results = { .capacity = COUNT(streams), .streams = streams };
	struct iperf3_json_error error;
	size_t used;

	assert_int_equal(octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3], length - 5); /* R-22.4-1 */
	assert_true(iperf3_results_decode((const char *)octets + 4, length - 5, &results, &error)); /* R-28-1 */
	used = (size_t)snprintf(text, size, "%d (", (int)results.sender_has_retransmits);
	for (size_t i = 0; i < results.count; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%d", i ? " " : "", (int)streams[i].id);
	snprintf(text + used, size - used, ") %s", iperf3_state_name((int8_t)octets[length - 1]));
}

static inline void world_said(const uint8_t *octets, size_t length, char *text, size_t size)
{
	size_t used = 0;

	if (length == IPERF3_ERROR_SIZE && octets[0] == 0xfe) {
		snprintf(text, size, "SERVER_ERROR %d %d", octets[3] << 8 | octets[4], octets[7] << 8 | octets[8]);
	} else if (length > 10) {
		world_said_results(octets, length, text, size);
	} else {
		for (size_t i = 0; i < length; i++) {
			assert_true(iperf3_state_of_server((int8_t)octets[i])); /* R-22.3-1 */
			used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "",
						 iperf3_state_name((int8_t)octets[i]));
		}
	}
}

/* Obeys a decision that takes its time. */
static inline void world_obey(struct world *world)
{
	world->now_ns += (int64_t)(world->slow_s * 1e9);
	iperf3_server_obeyed(&world->server, world->now_ns);
}

/* Follows the decisions in its own books, and fails on one that cannot be. */
static inline void world_book(struct world *world, const struct iperf3_decision *decision)
{
	struct world_conn *conn = decision->conn ? world_conn_of(world, decision->conn) : NULL;

	assert_true(decision->why != IPERF_R_NONE);
	assert_false(conn && conn->gone);
	switch (decision->kind) {
	case IPERF3_DECIDE_TAKE:
		assert_false(world->taken);
		world->taken = true;
		break;
	case IPERF3_DECIDE_SEND:
		assert_false(conn->ending); /* R-23-17 */
		assert_int_not_equal(decision->conn->state, IPERF3_CONN_STREAM); /* R-25-3 */
		break;
	case IPERF3_DECIDE_STREAM:
		assert_true(world->taken && !world->running);
		assert_ptr_equal(decision->stream, &world->streams[world->opened++]);
		break;
	case IPERF3_DECIDE_REPLY:
		assert_int_equal(decision->length, 4);
		break;
	case IPERF3_DECIDE_RUN:
		assert_true(world->taken && !world->running);
		world->running = true;
		break;
	case IPERF3_DECIDE_HALT:
		assert_true(world->running && !world->halted);
		world->halted = true;
		world_obey(world);
		break;
	case IPERF3_DECIDE_MEASURE:
		assert_true(world->halted && !world->measured);
		world->measured = true;
		world_obey(world);
		break;
	case IPERF3_DECIDE_RELEASE:
		assert_true(world->taken);
		world->taken = world->running = world->halted = world->measured = false;
		world->opened = 0;
		break;
	case IPERF3_DECIDE_END:
		assert_false(conn->ending);
		conn->ending = true;
		break;
	case IPERF3_DECIDE_CLOSE:
		assert_int_equal(decision->conn->state, IPERF3_CONN_CLOSED);
		conn->gone = true;
		break;
	}
}

static inline void world_decide(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	static const char *const kinds[] = { "TAKE", "SEND",    "STREAM",  "REPLY", "RUN",
					     "HALT", "MEASURE", "RELEASE", "END",   "CLOSE" };
	static const char *const releases[] = { "DONE", "LEFT", "EOF", "RESET", "FAILED", "STOP" };
	static const char *const states[] = { "IDLE", "PARAMETERS", "CREATING", "FLOWING", "RESULTS", "DISPLAYED" };
	const char *why = iperf_requirements[decision->why].id, *kind = kinds[decision->kind];
	struct world *world = user;
	char text[4000] = "", name[32] = "";

	(void)iperf3_server_deadline(server); /* queries are allowed here */
	world_book(world, decision);
	if (decision->conn)
		snprintf(name, sizeof name, " %s", world_conn_of(world, decision->conn)->name);
	if (decision->kind == IPERF3_DECIDE_SEND)
		world_said(decision->octets, decision->length, text, sizeof text);
	else if (decision->kind == IPERF3_DECIDE_STREAM)
		snprintf(text, sizeof text, "%d %s", (int)decision->stream->id,
			 decision->stream->sends ? "sends" : "receives");
	else if (decision->kind == IPERF3_DECIDE_REPLY)
		snprintf(text, sizeof text, "%u %02x", decision->stream->client.port, decision->octets[0]);
	else if (decision->kind == IPERF3_DECIDE_RELEASE)
		snprintf(text, sizeof text, "%s %s", releases[decision->release], states[decision->reached]);
	script_log(&world->script, "%s%s%s%s %s", kind, name, text[0] ? " " : "", text, why);
}

static inline int32_t world_able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error)
{
	const struct world *world = user;

	assert_true(parameters->parallel > 0 && parameters->len > 0);
	*system_error = world->able_errno;
	return world->able;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static inline void world_init(struct world *world, const struct script *script)
{
	struct iperf3_server_config config;

	memset(world, 0, sizeof *world);
	world->script = *script;
	world->now_ns = WORLD_BEGAN;
	iperf3_server_defaults(&config);
	config.streams = world->streams;
	config.own = world->own;
	config.peer = world->peer;
	config.text = world->text;
	config.decide = world_decide;
	config.able = world_able;
	config.user = world;
	memset(&world->server, 0xaa, sizeof world->server);
	iperf3_server_init(&world->server, &config);
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
}

static inline struct world_conn *world_named(struct world *world, const char *name, size_t length)
{
	for (size_t i = world->conn_count; i-- > 0;)
		if (strlen(world->conns[i].name) == length && memcmp(world->conns[i].name, name, length) == 0)
			return &world->conns[i];
	fail_msg("no connection is called %.*s", (int)length, name);
	return NULL;
}

static inline void world_connect(struct world *world, const char *name, size_t length)
{
	struct world_conn *conn = &world->conns[world->conn_count];
	struct iperf_endpoint client = { .address = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
					 .port = (uint16_t)(40000 + world->conn_count) };

	assert_true(world->conn_count < WORLD_CONNS && length < sizeof conn->name);
	*conn = (struct world_conn){ .conn = malloc(sizeof *conn->conn) };
	memset(conn->conn, 0xaa, sizeof *conn->conn);
	conn->conn->user = conn;
	memcpy(conn->name, name, length);
	world->conn_count++;
	iperf3_server_connected(&world->server, conn->conn, &client, world->now_ns);
	assert_ptr_equal(conn->conn->user, conn);
}

/* No more at once than the session wants. */
static inline bool world_feed(struct script *script, void *context, const uint8_t *octets, size_t length)
{
	struct world *world = (struct world *)(void *)script; /* its first member */
	struct world_conn *conn = context;

	do {
		size_t room = conn->gone ? 0 : iperf3_server_room(conn->conn);
		size_t n = length < room ? length : room;

		if (n == 0 && length > 0)
			return false;
		iperf3_server_octets(&world->server, conn->conn, octets, n, world->now_ns);
		octets = length > n ? octets + n : octets;
		length -= n;
	} while (length > 0);
	if (!conn->gone)
		world_check(world);
	return !conn->gone;
}

static inline void world_config(struct world *world, const char *words)
{
	struct iperf3_server_config config = world->server.config;
	char name[20];
	long value;
	int used;

	for (; sscanf(words, " %19[a-z]=%ld%n", name, &value, &used) == 2; words += used) {
		if (strcmp(name, "pending") == 0)
			config.pending_max = (size_t)value;
		else if (strcmp(name, "ending") == 0)
			config.ending_max = (size_t)value;
		else if (strcmp(name, "streams") == 0)
			config.streams_max = (size_t)value;
		else if (strcmp(name, "read") == 0)
			config.t_read_ns = value * IPERF_S;
		else if (strcmp(name, "silence") == 0)
			config.t_silence_ns = value * IPERF_S;
		else if (strcmp(name, "over") == 0)
			config.t_over_ns = value * IPERF_S;
		else if (strcmp(name, "text") == 0)
			config.text_size = (size_t)value;
		else if (strcmp(name, "anything") == 0)
			config.able = NULL;
		else
			fail_msg("no such setting: %s", name);
	}
	assert_int_equal(*words, '\0');
	iperf3_server_init(&world->server, &config);
}

static inline void world_timer(struct world *world)
{
	iperf3_server_timer(&world->server, world->now_ns);
	assert_true(iperf3_server_deadline(&world->server) > world->now_ns); /* all that was due is done */
}

static inline bool world_query(struct world *world, const char *step)
{
	static const char *const states[] = { "IDLE", "PARAMETERS", "CREATING", "FLOWING", "RESULTS", "DISPLAYED" };
	const struct iperf3_server *server = &world->server;
	int64_t deadline = iperf3_server_deadline(server);

	if (strcmp(step, "state") == 0)
		script_log(&world->script, "%s", states[server->state]);
	else if (strcmp(step, "counts") == 0)
		script_log(&world->script, "pending %zu ending %zu members %zu", server->pending_count,
			   server->ending_count, server->member_count);
	else if (strcmp(step, "peer") == 0)
		script_log(&world->script, "%zu streams", server->peer.count);
	else if (strcmp(step, "deadline") == 0 && deadline == INT64_MAX)
		script_log(&world->script, "none");
	else if (strcmp(step, "deadline") == 0)
		script_log(&world->script, "in %g", (double)(deadline - world->now_ns) / 1e9);
	else
		return false;
	return true;
}

static inline void world_conn_step(struct world *world, const char *step)
{
	static const char *const states[] = { "COOKIE", "CONTROL", "STREAM", "ENDING", "CLOSED" };
	size_t length = strcspn(step, ": ");
	const char *rest = step + length;
	struct octets *octets;

	if (strcmp(rest, " connect") == 0) {
		world_connect(world, step, length);
	} else if (*rest == ':') {
		octets = malloc(sizeof *octets);
		iperf3_octets_of(octets, rest + 1);
		script_octets(&world->script, world_feed, world_named(world, step, length), octets);
		free(octets);
	} else if (strcmp(rest, " eof") == 0) {
		iperf3_server_eof(&world->server, world_named(world, step, length)->conn, world->now_ns);
	} else if (strcmp(rest, " reset") == 0) {
		iperf3_server_reset(&world->server, world_named(world, step, length)->conn, world->now_ns);
	} else if (strcmp(rest, " state") == 0) {
		script_log(&world->script, "%s", states[world_named(world, step, length)->conn->state]);
	} else if (strcmp(rest, " room") == 0) {
		size_t room = iperf3_server_room(world_named(world, step, length)->conn);

		if (room == SIZE_MAX)
			script_log(&world->script, "any");
		else
			script_log(&world->script, "%zu", room);
	} else {
		fail_msg("no such step: %s", step);
	}
}

static inline void world_udp(struct world *world, const char *words)
{
	struct iperf_endpoint client = { .address = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
	struct octets *octets = malloc(sizeof *octets);

	client.port = (uint16_t)atoi(words);
	iperf3_octets_of(octets, strchr(words, ':') + 1);
	iperf3_server_datagram(&world->server, &client, ground(octets->at, octets->length), octets->length,
			       world->now_ns);
	free(octets);
}

static inline void world_step(struct script *script, const char *step)
{
	struct world *world = (struct world *)(void *)script; /* its first member */
	int error = 0, system_error = 0;

	if (strncmp(step, "config", 6) == 0) {
		world_config(world, step + 6);
	} else if (*step == '+') {
		world->now_ns += (int64_t)(strtod(step, NULL) * 1e9 + 0.5);
	} else if (strcmp(step, "timer") == 0) {
		world_timer(world);
	} else if (strcmp(step, "wait") == 0) {
		assert_true(iperf3_server_deadline(&world->server) < INT64_MAX);
		world->now_ns = iperf3_server_deadline(&world->server);
		world_timer(world);
	} else if (strcmp(step, "stop") == 0) {
		iperf3_server_stop(&world->server, world->now_ns);
	} else if (strcmp(step, "occupy") == 0 || strcmp(step, "vacate") == 0) {
		iperf3_server_occupy(&world->server, *step == 'o');
	} else if (strncmp(step, "moved ", 6) == 0) {
		iperf3_server_moved(&world->server, world->now_ns - (int64_t)(strtod(step + 6, NULL) * 1e9));
	} else if (sscanf(step, "fail %d %d", &error, &system_error) == 2) {
		iperf3_server_fail(&world->server, error, system_error, world->now_ns);
	} else if (sscanf(step, "able %d %d", &world->able, &world->able_errno) == 2) {
		;
	} else if (strncmp(step, "slow ", 5) == 0) {
		world->slow_s = strtod(step + 5, NULL);
	} else if (strncmp(step, "udp ", 4) == 0) {
		world_udp(world, step + 4);
	} else if (!world_query(world, step)) {
		world_conn_step(world, step);
	}
	world_settle(world);
}

/* The end of every script: the server is stopped, and nothing is left. */
static inline void world_end(struct world *world)
{
	iperf3_server_stop(&world->server, world->now_ns);
	world_settle(world);
	assert_int_equal(world->server.state, IPERF3_TEST_IDLE);
	assert_true(iperf3_server_deadline(&world->server) == INT64_MAX);
	for (size_t i = 0; i < world->conn_count; i++)
		assert_true(world->conns[i].gone); /* exactly one CLOSE for each */
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
