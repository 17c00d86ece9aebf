/* The server session of the text profile under events of an input, on several connections. What must hold: one cookie
 * at most, and released in the end; no decision for what is closed; counters that fit; no more state than the bounds
 * allow; and the same decisions, whether octets come in one piece or one by one.
 *
 * Input: bounds, timers, how it ends; events (events.h). OTHER: the server is stopped, or its results are asked for. */
#include "fuzz/text_tokens.h"
#include "proto/server.h"

#define CONNS 32
#define STREAMS 8
#define BEGAN (1000 * IPERF_S)

struct world {
	struct iperf_server server;
	struct iperf_stream streams[STREAMS];
	struct iperf_conn *conns[CONNS]; /* memory of its own, freed as soon as the session has let go of it */
	size_t open;
	int64_t now_ns;
	bool by_octets;
	uint64_t sum;
	/* What the decisions say, kept apart from the session. */
	enum iperf_test_state state;
	struct iperf_cookie cookie;
	size_t opened;
};

/* --- what must hold at all times ------------------------------------------------------------------------------- */

static void check_results(const struct iperf_server *server)
{
	struct iperf_stream_result streams[STREAMS];
	struct iperf_results results = { .capacity = STREAMS, .streams = streams };
	uint64_t sum = 0;

	iperf_server_results(server, &results);
	must(results.count == server->stream_count && results.count <= STREAMS);
	for (size_t i = 0; i < results.count; i++) {
		must(streams[i].id == i + 1 && streams[i].seconds >= 0);
		must(streams[i].bytes <= INT64_MAX && streams[i].packets <= INT64_MAX);
		sum += streams[i].bytes;
	}
	must(results.bytes == sum);
}

static size_t count_list(const struct iperf_link *list)
{
	size_t n = 0;

	for (const struct iperf_link *link = list->next; link != list; link = link->next, n++)
		must(link->next->prev == link && n < 2 * CONNS);
	return n;
}

/* The table of UDP streams holds those of this test, each once. */
static void check_table(const struct iperf_server *server)
{
	size_t udp = 0, found = 0;

	for (size_t i = 0; i < server->stream_count; i++)
		udp += server->config.streams[i].protocol == IPERF_UDP;
	for (size_t i = 0; server->state == IPERF_TEST_RUNNING && i < IPERF_UDP_BUCKETS; i++)
		for (uint16_t at = server->bucket[i]; at; at = server->config.streams[at - 1].next)
			must(at <= server->stream_count && ++found <= udp);
	must(server->state != IPERF_TEST_RUNNING || found == udp);
}

static void check(const struct world *world)
{
	const struct iperf_server *server = &world->server;
	size_t pending = 0, results = 0, streams = 0, controls = 0;

	must(count_list(&server->pending) == server->pending_count);
	must(count_list(&server->results) == server->results_count);
	must(count_list(&server->members) == server->member_count);
	must(server->pending_count <= server->config.pending_max); /* R-11-1 */
	must(server->results_count <= server->config.results_max); /* R-11-5 */
	must(server->stream_count <= server->config.streams_max);  /* R-11-3 */
	must(server->state == world->state && server->stream_count == world->opened);
	check_table(server);
	must(server->member_count == 0 || server->state != IPERF_TEST_IDLE);
	must(server->member_count > 0 || server->state != IPERF_TEST_HELD || world->opened > 0); /* R-6.3-1 */
	for (size_t i = 0; i < CONNS; i++) {
		const struct iperf_conn *conn = world->conns[i];

		if (!conn)
			continue;
		must(conn->state != IPERF_CONN_CLOSED);
		pending += conn->state == IPERF_CONN_PREAMBLE || conn->state == IPERF_CONN_FIRST;
		results += conn->state == IPERF_CONN_RESULTS;
		streams += conn->state == IPERF_CONN_STREAM;
		controls += conn->state == IPERF_CONN_CONTROL;
	}
	must(pending == server->pending_count && results == server->results_count);
	must(controls == (server->state == IPERF_TEST_RUNNING)); /* R-6.2-4, R-7-2 */
	must(streams <= server->stream_count);
}

/* --- decisions ------------------------------------------------------------------------------------------------- */

static void book_test(struct world *world, const struct iperf_decision *decision)
{
	const struct iperf_conn *conn = decision->conn;

	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
		must(world->state == IPERF_TEST_IDLE); /* at most one cookie */
		world->state = IPERF_TEST_HELD;
		world->cookie = conn->parser.cookie;
		break;
	case IPERF_DECIDE_ACCEPT:
		must(world->state != IPERF_TEST_IDLE && iperf_cookie_equal(&conn->parser.cookie, &world->cookie));
		break;
	case IPERF_DECIDE_BEGIN:
		must(world->state == IPERF_TEST_HELD && conn->state == IPERF_CONN_CONTROL);
		world->state = IPERF_TEST_RUNNING;
		break;
	case IPERF_DECIDE_STREAM:
		must(decision->stream == &world->streams[world->opened++] && world->state != IPERF_TEST_IDLE);
		must(decision->stream->id == world->opened && (!conn || conn->stream == decision->stream));
		must(decision->stream->protocol == (conn ? IPERF_TCP : IPERF_UDP));
		break;
	case IPERF_DECIDE_RESPOND:
		must(world->state == IPERF_TEST_RUNNING && conn->state == IPERF_CONN_RESULTS); /* R-9.1-8 */
		break;
	case IPERF_DECIDE_RELEASE:
		must(world->state != IPERF_TEST_IDLE && !conn);
		must(iperf_cookie_equal(&world->server.cookie, &world->cookie)); /* still stands */
		check_results(&world->server);
		world->state = IPERF_TEST_IDLE;
		world->opened = 0;
		break;
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		break;
	}
}

static void decide(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	struct world *world = user;
	size_t i = CONNS;

	must(server == &world->server && decision->why != IPERF_R_NONE);
	if (decision->conn) {
		for (i = 0; i < CONNS && world->conns[i] != decision->conn; i++)
			;
		must(i < CONNS); /* no decision after close */
	}
	book_test(world, decision);
	digest(&world->sum, (uint64_t)decision->kind << 32 | (uint64_t)decision->why << 8 | i);
	digest(&world->sum, (uint64_t)world->now_ns);
	if (decision->kind != IPERF_DECIDE_REJECT && decision->kind != IPERF_DECIDE_CLOSE)
		return;
	must(decision->conn->state == IPERF_CONN_CLOSED);
	world->conns[i] = NULL;
	/* The session reads the state of what it has closed until its call returns; so it is freed by settle(). */
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void connect_one(struct world *world, unsigned who)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(40000 + who) };
	struct iperf_conn *conn = malloc(sizeof *conn);

	must(conn);
	memset(conn, 0xaa, sizeof *conn);
	world->conns[who] = conn;
	iperf_server_connected(&world->server, conn, &client, world->now_ns);
}

static void feed(struct world *world, unsigned who, const struct event *event)
{
	size_t step = world->by_octets ? 1 : event->length;

	for (size_t at = 0; at < event->length && world->conns[who]; at += step) {
		uint8_t *piece = exactly(event->octets + at, step);

		iperf_server_octets(&world->server, world->conns[who], piece, step, world->now_ns);
		free(piece);
	}
}

static void later(struct world *world, int64_t ns)
{
	int64_t deadline = iperf_server_deadline(&world->server);

	if (ns >= 0)
		world->now_ns += ns;
	else if (deadline < INT64_MAX && deadline > world->now_ns)
		world->now_ns = deadline;
	iperf_server_timer(&world->server, world->now_ns);
	must(iperf_server_deadline(&world->server) > world->now_ns); /* all that was due is done */
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
			iperf_server_eof(&world->server, world->conns[who], world->now_ns);
		break;
	case RESET:
		if (world->conns[who])
			iperf_server_reset(&world->server, world->conns[who], world->now_ns);
		break;
	case DATAGRAM:
		piece = exactly(event->octets, event->length);
		iperf_server_datagram(&world->server, &client, piece, event->length, world->now_ns);
		free(piece);
		break;
	case LATER:
		later(world, event->ns);
		break;
	case OTHER:
		if (event->how == 0xff)
			iperf_server_stop(&world->server, world->now_ns);
		else
			check_results(&world->server);
		break;
	}
}

/* Frees what the session has let go of: a list that still holds it is a use after free. */
static void settle(struct world *world, struct iperf_conn *const *before)
{
	for (size_t i = 0; i < CONNS; i++)
		if (before[i] && before[i] != world->conns[i])
			free(before[i]);
	check(world);
}

static void begin(struct world *world, struct input *in, bool by_octets)
{
	struct iperf_server_config config;
	uint8_t bounds = take(in), timers = take(in);

	memset(world, 0, sizeof *world);
	world->now_ns = BEGAN;
	world->by_octets = by_octets;
	iperf_server_defaults(&config);
	config.pending_max = 1 + bounds % 6;
	config.results_max = 1 + bounds / 6 % 3;
	config.streams_max = bounds / 18 % (STREAMS + 1);
	config.t_begin_ns = (1 + timers % 16) * IPERF_S;
	config.t_idle_ns = (1 + timers / 16) * IPERF_S;
	config.streams = world->streams;
	config.decide = decide;
	config.user = world;
	memset(&world->server, 0xaa, sizeof world->server);
	iperf_server_init(&world->server, &config);
}

/* Silence alone brings everything to its end; so does stopping. */
static void finish(struct world *world, bool stop)
{
	struct iperf_conn *before[CONNS];

	for (unsigned steps = 0; world->server.state != IPERF_TEST_IDLE || world->server.pending_count ||
				 world->server.results_count;
	     steps++) {
		memcpy(before, world->conns, sizeof before);
		must(steps < 4 * CONNS && iperf_server_deadline(&world->server) < INT64_MAX);
		if (stop)
			iperf_server_stop(&world->server, world->now_ns);
		else
			later(world, -1);
		settle(world, before);
	}
	must(iperf_server_deadline(&world->server) == INT64_MAX && world->server.member_count == 0);
	for (size_t i = 0; i < CONNS; i++)
		must(!world->conns[i]);
}

static uint64_t play(struct input in, bool by_octets)
{
	static struct world world;
	const struct token *tokens = text_tokens();
	struct iperf_conn *before[CONNS];
	struct event event;
	bool stop;

	stop = take(&in) & 1;
	begin(&world, &in, by_octets);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, tokens, TEXT_TOKENS); n++) {
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
