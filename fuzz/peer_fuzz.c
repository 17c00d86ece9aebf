/* The server session of the text profile and the independent peer's server (conformance/peer) under the same events:
 * after each of them both hold the same cookie in the same state, have the same connections open, have given as many
 * answers, and would list the same streams.
 *
 * Input: bounds, timers; events (events.h). OTHER: nothing. */
#include "fuzz/peer_world.h"
#include "fuzz/text_tokens.h"
#include "proto/server.h"

#define BEGAN (1000 * IPERF_S)

struct world {
	struct iperf_server server;
	struct iperf_stream streams[PEER_STREAMS];
	struct iperf_conn conns[PEER_CONNS];
	bool open[PEER_CONNS];
	unsigned answers;
	int64_t now_ns;
};

static void decide(void *user, const struct iperf_server *server, const struct iperf_decision *decision)
{
	struct world *world = user;

	(void)server;
	if (decision->kind == IPERF_DECIDE_REJECT || decision->kind == IPERF_DECIDE_CLOSE)
		world->open[decision->conn - world->conns] = false;
	if (decision->kind == IPERF_DECIDE_RESPOND)
		world->answers++;
}

static void show(const struct world *world, const struct peer_view *peer)
{
	fprintf(stderr, "session: state %d, %u answers, %zu streams; open", (int)world->server.state, world->answers,
		world->server.stream_count);
	for (unsigned i = 0; i < PEER_CONNS; i++)
		if (world->open[i])
			fprintf(stderr, " %u", i);
	fprintf(stderr, "\npeer: state %d, %u answers, %zu streams; open", peer->state, peer->answers, peer->count);
	for (unsigned i = 0; i < PEER_CONNS; i++)
		if (peer->open[i])
			fprintf(stderr, " %u", i);
	fprintf(stderr, "\n");
}

static void compare_streams(const struct world *world, const struct peer_view *peer)
{
	struct iperf_stream_result listed[PEER_STREAMS];
	struct iperf_results results = { .capacity = PEER_STREAMS, .streams = listed };

	iperf_server_results(&world->server, &results);
	must(results.count == peer->count);
	for (size_t i = 0; i < results.count; i++) {
		const struct peer_stream *other = &peer->streams[i];

		must((listed[i].protocol == IPERF_UDP) == other->udp && listed[i].client_port == other->port);
		must(listed[i].bytes == other->bytes && listed[i].complete == other->complete);
		must(!other->udp || listed[i].packets == other->packets);
		must((uint64_t)(listed[i].seconds * 1e6 + 0.5) == other->us);
	}
}

static void compare(const struct world *world)
{
	struct peer_view peer;
	bool same;

	peer_look(&peer);
	same = (int)world->server.state == peer.state && world->answers == peer.answers;
	same = same && memcmp(world->open, peer.open, sizeof world->open) == 0;
	same = same && (peer.state == 0 || memcmp(world->server.cookie.octets, peer.cookie, IPERF_COOKIE_LENGTH) == 0);
	if (!same)
		show(world, &peer);
	must(same);
	compare_streams(world, &peer);
}

static void later(struct world *world, int64_t ns)
{
	int64_t deadline = iperf_server_deadline(&world->server);

	if (ns >= 0)
		world->now_ns += ns;
	else if (deadline < INT64_MAX && deadline > world->now_ns)
		world->now_ns = deadline;
	/* Both act on what is due before time goes on: how late is anybody's choice. */
	peer_time((uint64_t)world->now_ns);
	iperf_server_timer(&world->server, world->now_ns);
	peer_timer();
}

static void connect_one(struct world *world, unsigned who, uint8_t address)
{
	struct iperf_endpoint client = { .address = { [15] = address }, .port = (uint16_t)(40000 + who) };

	world->open[who] = true;
	iperf_server_connected(&world->server, &world->conns[who], &client, world->now_ns);
	peer_connect(who, client.port, address);
}

static void play_event(struct world *world, const struct event *event)
{
	unsigned who = event->who;
	uint8_t address = (uint8_t)(who & 3);
	struct iperf_endpoint client = { .address = { [15] = address }, .port = (uint16_t)(50000 + who / 4) };
	struct iperf_conn *conn = &world->conns[who];

	switch (event->what) {
	case CONNECT:
		if (!world->open[who])
			connect_one(world, who, address);
		break;
	case OCTETS:
	case TOKEN:
		if (!world->open[who])
			break;
		iperf_server_octets(&world->server, conn, event->octets, event->length, world->now_ns);
		peer_octets(who, event->octets, event->length);
		break;
	case END_OF_FILE:
	case RESET:
		if (!world->open[who])
			break;
		if (event->what == RESET)
			iperf_server_reset(&world->server, conn, world->now_ns);
		else
			iperf_server_eof(&world->server, conn, world->now_ns);
		peer_eof(who, event->what == RESET);
		break;
	case DATAGRAM:
		iperf_server_datagram(&world->server, &client, event->octets, event->length, world->now_ns);
		peer_datagram(client.port, address, event->octets, event->length);
		break;
	case LATER:
		later(world, event->ns);
		break;
	case OTHER:
		break;
	}
}

static void begin(struct world *world, struct input *in)
{
	uint8_t bounds = take(in), timers = take(in);
	struct iperf_server_config config;
	struct peer_bounds peer;

	memset(world, 0, sizeof *world);
	world->now_ns = BEGAN;
	iperf_server_defaults(&config);
	config.pending_max = 1 + bounds % 6;
	config.results_max = 1 + bounds / 6 % 3;
	config.streams_max = bounds / 18 % (PEER_STREAMS + 1);
	config.t_begin_ns = (1 + timers % 16) * IPERF_S;
	config.t_idle_ns = (1 + timers / 16) * IPERF_S;
	config.streams = world->streams;
	config.decide = decide;
	config.user = world;
	iperf_server_init(&world->server, &config);
	peer = (struct peer_bounds){ (uint64_t)config.t_hello_ns, (uint64_t)config.t_begin_ns,
				     (uint64_t)config.t_idle_ns, config.streams_max, config.pending_max,
				     config.results_max };
	peer_begin(&peer, (uint64_t)world->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	struct event event;

	begin(&world, &in);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, text_tokens(), TEXT_TOKENS); n++) {
		play_event(&world, &event);
		compare(&world);
	}
	for (unsigned n = 0; n < 2 * PEER_CONNS && iperf_server_deadline(&world.server) < INT64_MAX; n++) {
		later(&world, -1);
		compare(&world);
	}
	peer_end();
	return 0;
}
