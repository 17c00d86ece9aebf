/* The server session of the iperf3 profile under events of an input, on several connections. What must hold: one test
 * at most, its decisions in their order, and released in the end; no decision for what is closed, nothing sent behind
 * an END; no more state than the bounds allow; and the same decisions, whether octets come in one piece or one by
 * one.
 *
 * Input: how it ends, bounds; events (events.h). OTHER: below 32 the caller fails the test, below 64 payload has
 * moved, below 96 another protocol's test begins or ends, 255 stops the server; else what the caller is able to do
 * changes. */
#include "fuzz/iperf3_tokens.h"
#include "proto/iperf3_server.h"

#define CONNS 32
#define STREAMS 4
#define TEXT_MAX 4000
#define BEGAN (1000 * IPERF_S)

struct world {
	struct iperf3_server server;
	struct iperf3_stream streams[2 * STREAMS];
	struct iperf3_stream_result own[2 * STREAMS], peer[2 * STREAMS];
	uint8_t *text;
	struct iperf3_conn *conns[CONNS]; /* memory of its own, freed when the session has let go of it */
	bool ending[CONNS];
	int64_t now_ns;
	bool by_octets;
	int32_t able;
	uint64_t sum;
	/* What the decisions say, kept apart from the session. */
	bool taken, running, halted, measured;
	size_t opened;
};

/* --- what must hold at all times ------------------------------------------------------------------------------- */

static size_t count_list(const struct iperf3_link *list)
{
	size_t n = 0;

	for (const struct iperf3_link *link = list->next; link != list; link = link->next, n++)
		must(link->next->prev == link && n < 2 * CONNS);
	return n;
}

static void check(const struct world *world)
{
	const struct iperf3_server *server = &world->server;
	size_t open = 0;

	must(count_list(&server->pending) == server->pending_count);
	must(count_list(&server->ending) == server->ending_count);
	must(count_list(&server->members) == server->member_count);
	must(server->pending_count <= server->config.pending_max); /* R-32-3 */
	must(server->ending_count <= server->config.ending_max);
	must(server->stream_count <= 2 * server->config.streams_max); /* R-32-2 */
	must((server->state != IPERF3_TEST_IDLE) == world->taken && (server->control != NULL) == world->taken);
	must(server->stream_count == world->opened);
	must(server->member_count == 0 || server->state >= IPERF3_TEST_CREATING);
	must((server->state >= IPERF3_TEST_FLOWING) == world->running);
	for (size_t i = 0; i < CONNS; i++) {
		open += world->conns[i] != NULL;
		must(!world->conns[i] || world->conns[i]->state != IPERF3_CONN_CLOSED);
	}
	must(open == server->pending_count + server->ending_count + server->member_count + world->taken);
}

/* --- decisions ------------------------------------------------------------------------------------------------- */

/* What is sent on the control connection and to those that are denied. */
static void book_send(const struct iperf3_decision *decision)
{
	const uint8_t *octets = decision->octets;
	size_t length = decision->length;

	must(length > 0 && decision->conn->state != IPERF3_CONN_STREAM); /* R-25-3 */
	if (length == IPERF3_ERROR_SIZE && (int8_t)octets[0] == IPERF3_SERVER_ERROR)
		return;
	if (length > 10) { /* results and DISPLAY_RESULTS, or the results alone: R-22.4-1 */
		uint32_t said = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];

		must(said == length - 5 && octets[length - 1] == IPERF3_DISPLAY_RESULTS);
		return;
	}
	for (size_t i = 0; i < length; i++)
		must(iperf3_state_of_server((int8_t)octets[i])); /* R-22.3-1 */
}

static void measure(struct iperf3_results *results)
{
	must(results->count <= results->capacity);
	for (size_t i = 0; i < results->count; i++)
		results->streams[i].bytes = 1000 + (int64_t)i;
}

static void book(struct world *world, const struct iperf3_decision *decision, size_t conn)
{
	switch (decision->kind) {
	case IPERF3_DECIDE_TAKE:
		must(!world->taken);
		world->taken = true;
		break;
	case IPERF3_DECIDE_SEND:
		must(!world->ending[conn]); /* R-23-17 */
		book_send(decision);
		break;
	case IPERF3_DECIDE_STREAM:
		must(world->taken && !world->running && decision->stream == &world->streams[world->opened++]);
		break;
	case IPERF3_DECIDE_REPLY:
		must(decision->length == IPERF3_HELLO_LENGTH && world->taken);
		break;
	case IPERF3_DECIDE_RUN:
		must(world->taken && !world->running);
		must(world->opened == (size_t)iperf3_parameters_streams(&world->server.parameters));
		world->running = true;
		break;
	case IPERF3_DECIDE_HALT:
		must(world->running && !world->halted);
		world->halted = true;
		break;
	case IPERF3_DECIDE_MEASURE:
		must(world->halted && !world->measured);
		world->measured = true;
		measure(decision->results);
		break;
	case IPERF3_DECIDE_RELEASE:
		must(world->taken);
		world->taken = world->running = world->halted = world->measured = false;
		world->opened = 0;
		break;
	case IPERF3_DECIDE_END:
		must(!world->ending[conn]);
		world->ending[conn] = true;
		break;
	case IPERF3_DECIDE_CLOSE:
		must(decision->conn->state == IPERF3_CONN_CLOSED);
		world->conns[conn] = NULL;
		world->ending[conn] = false;
		break;
	}
}

static void decide(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	struct world *world = user;
	size_t conn = CONNS;

	must(server == &world->server && decision->why != IPERF_R_NONE);
	if (decision->conn) {
		for (conn = 0; conn < CONNS && world->conns[conn] != decision->conn; conn++)
			;
		must(conn < CONNS); /* no decision after close */
	}
	digest(&world->sum, (uint64_t)decision->kind << 32 | (uint64_t)decision->why << 8 | conn);
	digest(&world->sum, (uint64_t)world->now_ns);
	for (size_t i = 0; decision->kind == IPERF3_DECIDE_SEND && i < decision->length; i++)
		digest(&world->sum, decision->octets[i]);
	book(world, decision, conn);
}

static int32_t able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error)
{
	const struct world *world = user;
	int64_t streams = iperf3_parameters_streams(parameters);

	must(parameters->parallel > 0 && parameters->len > 0 && parameters->len <= IPERF3_LEN_MAX);
	must(streams > 0 && streams <= 2 * STREAMS);
	*system_error = 7;
	return world->able;
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void connect_one(struct world *world, unsigned who)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(40000 + who) };
	struct iperf3_conn *conn = malloc(sizeof *conn);

	must(conn);
	memset(conn, 0xaa, sizeof *conn);
	world->conns[who] = conn;
	iperf3_server_connected(&world->server, conn, &client, world->now_ns);
}

/* No more at once than the session wants. */
static void feed(struct world *world, unsigned who, const struct event *event)
{
	size_t at = 0;

	while (at < event->length && world->conns[who]) {
		size_t room = iperf3_server_room(world->conns[who]), n = event->length - at;
		uint8_t *piece;

		n = world->by_octets ? 1 : n;
		n = n < room ? n : room;
		if (n == 0)
			break; /* the caller's payload */
		piece = exactly(event->octets + at, n);
		iperf3_server_octets(&world->server, world->conns[who], piece, n, world->now_ns);
		free(piece);
		at += n;
	}
}

static void later(struct world *world, int64_t ns)
{
	int64_t deadline = iperf3_server_deadline(&world->server);

	if (ns >= 0)
		world->now_ns += ns;
	else if (deadline < INT64_MAX && deadline > world->now_ns)
		world->now_ns = deadline;
	iperf3_server_timer(&world->server, world->now_ns);
	must(iperf3_server_deadline(&world->server) > world->now_ns); /* all that was due is done */
}

static void other(struct world *world, unsigned how)
{
	if (how < 32)
		iperf3_server_fail(&world->server, IPERF3_ERROR_STREAM_WRITE, (int32_t)how, world->now_ns);
	else if (how < 64)
		iperf3_server_moved(&world->server, world->now_ns - (how & 31) * IPERF_S);
	else if (how < 96)
		iperf3_server_occupy(&world->server, how & 1);
	else if (how == 255)
		iperf3_server_stop(&world->server, world->now_ns);
	else
		world->able = how & 1 ? IPERF3_ERROR_WINDOW : 0;
}

static void play_event(struct world *world, const struct event *event)
{
	unsigned who = event->who;
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(50000 + who / 4) };
	uint8_t *piece;

	switch (event->what) {
	case CONNECT:
		if (!world->conns[who])
			connect_one(world, who);
		break;
	case OCTETS:
	case TOKEN:
		if (world->conns[who])
			feed(world, who, event);
		break;
	case END_OF_FILE:
		if (world->conns[who])
			iperf3_server_eof(&world->server, world->conns[who], world->now_ns);
		break;
	case RESET:
		if (world->conns[who])
			iperf3_server_reset(&world->server, world->conns[who], world->now_ns);
		break;
	case DATAGRAM:
		piece = exactly(event->octets, event->length);
		iperf3_server_datagram(&world->server, &client, piece, event->length, world->now_ns);
		free(piece);
		break;
	case LATER:
		later(world, event->ns);
		break;
	case OTHER:
		other(world, event->how);
		break;
	}
}

/* Frees what the session has let go of: a list that still holds it is a use after free. */
static void settle(struct world *world, struct iperf3_conn *const *before)
{
	for (size_t i = 0; i < CONNS; i++)
		if (before[i] && before[i] != world->conns[i])
			free(before[i]);
	check(world);
}

static void begin(struct world *world, struct input *in, bool by_octets)
{
	struct iperf3_server_config config;
	uint8_t bounds = take(in), room = take(in);

	memset(world, 0, sizeof *world);
	world->now_ns = BEGAN;
	world->by_octets = by_octets;
	iperf3_server_defaults(&config);
	config.pending_max = 1 + bounds % 6;
	config.ending_max = 1 + bounds / 6 % 6;
	config.streams_max = 1 + bounds / 36 % STREAMS;
	config.t_silence_ns = (1 + room % 16) * 8 * IPERF_S;
	config.streams = world->streams;
	config.own = world->own;
	config.peer = world->peer;
	config.text_size = room < 240 ? TEXT_MAX : room;
	world->text = malloc(config.text_size);
	must(world->text);
	config.text = world->text;
	config.decide = decide;
	config.able = able;
	config.user = world;
	memset(&world->server, 0xaa, sizeof world->server);
	iperf3_server_init(&world->server, &config);
}

/* Silence alone brings everything to its end; so does stopping. */
static void finish(struct world *world, bool stop)
{
	struct iperf3_conn *before[CONNS];
	const struct iperf3_server *server = &world->server;

	for (unsigned steps = 0; world->taken || server->pending_count || server->ending_count; steps++) {
		memcpy(before, world->conns, sizeof before);
		must(steps < 8 * CONNS && iperf3_server_deadline(server) < INT64_MAX);
		if (stop)
			iperf3_server_stop(&world->server, world->now_ns);
		else
			later(world, -1);
		settle(world, before);
	}
	must(iperf3_server_deadline(server) == INT64_MAX && server->member_count == 0);
	for (size_t i = 0; i < CONNS; i++)
		must(!world->conns[i]);
	free(world->text);
}

static uint64_t play(struct input in, bool by_octets)
{
	static struct world world;
	struct iperf3_conn *before[CONNS];
	struct event event;
	bool stop;

	stop = take(&in) & 1;
	begin(&world, &in, by_octets);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, iperf3_tokens(), IPERF3_TOKENS); n++) {
		memcpy(before, world.conns, sizeof before);
		play_event(&world, &event);
		settle(&world, before);
	}
	finish(&world, stop);
	return world.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	struct input in = { octets, length };
	uint64_t whole = play(in, false);

	/* Half of the inputs, for it takes a while. */
	if (length > 0 && octets[0] & 2)
		must(play(in, true) == whole);
	return 0;
}
