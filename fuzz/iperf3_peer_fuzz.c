/* The server session of the iperf3 profile and the independent peer's server (conformance/peer) under the same events:
 * after each of them both are in the same state of the same test, have ended the same connections, have said the same
 * on each, have answered the same hellos, number the same streams alike, and have counted the same.
 *
 * What SPEC.md leaves open is passed over, each at its place: here, in iperf3_peer_same.h, and in iperf3_open.h for
 * texts of which it is open what they mean: when both differ at one, the input ends there.
 *
 * Input: timers; events (events.h). OTHER: the client takes so many octets of the payload of a stream; 255: the server
 * is stopped. */
#include "fuzz/iperf3_open.h"
#include "fuzz/iperf3_peer_caller.h"
#include "fuzz/iperf3_peer_same.h"
#include "fuzz/iperf3_tokens.h"

#define BEGAN (1000 * IPERF_S)

/* --- comparing ------------------------------------------------------------------------------------------------- */

/* A connection without a whole cookie when all streams are there, or while parameters or UDP streams are awaited, may
 * be denied at once, or wait (R-30-1). Its client completes the cookie: then it is denied. */
static void complete_cookies(struct world *world, const struct iperf3_peer_view *peer)
{
	static const uint8_t zeros[IPERF3_COOKIE_LENGTH];
	const struct iperf3_server *server = &world->server;

	if (server->state == IPERF3_TEST_IDLE || (int)server->state != peer->state ||
	    (server->state == IPERF3_TEST_CREATING && server->parameters.protocol == IPERF_TCP))
		return;
	for (unsigned i = 0; i < CONNS; i++) {
		struct slot *slot = &world->slots[i];
		size_t n = IPERF3_COOKIE_LENGTH - slot->length;

		if (slot->ended == peer->ended[i] || slot->left || slot->gone || slot->length >= IPERF3_COOKIE_LENGTH)
			continue;
		memcpy(slot->octets + slot->length, zeros, n);
		slot->length += n;
		iperf3_peer_octets(i, zeros, n);
	}
	read_all(world);
}

/* who: whose connection has ended within its cookie while streams were awaited, or CONNS. */
static bool same(struct world *world, unsigned who)
{
	static struct iperf3_peer_view peer;
	bool is_same;

	iperf3_peer_look(&peer);
	complete_cookies(world, &peer);
	iperf3_peer_look(&peer);
	is_same = same_test(world, &peer);
	for (unsigned i = 0; i < CONNS && is_same; i++)
		is_same = same_slot(world, i, &peer, i == who);
	return is_same;
}

static void agree(const struct world *world, bool they_do)
{
	if (!they_do)
		show(world);
	must(they_do);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void connect_one(struct world *world, unsigned who)
{
	struct slot *slot = &world->slots[who];
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(40000 + who) };

	slot->ended = slot->closed = slot->left = slot->gone = false;
	slot->length = slot->read = slot->said_length = slot->same = slot->same_peer = 0;
	slot->failed = IPERF3_TEST_IDLE;
	iperf3_server_connected(&world->server, &slot->conn, &client, world->now_ns);
	iperf3_peer_connect(who, client.port, (uint8_t)(who & 3));
}

static void eof_one(struct world *world, unsigned who)
{
	struct slot *slot = &world->slots[who];

	if (slot->left || slot->gone)
		return;
	slot->left = true;
	if (!slot->closed)
		iperf3_server_eof(&world->server, &slot->conn, world->now_ns);
	iperf3_peer_eof(who);
}

/* That of a stream is open: R-25-12. */
static void reset_one(struct world *world, unsigned who)
{
	struct slot *slot = &world->slots[who];

	if (slot->gone || slot->conn.state == IPERF3_CONN_STREAM)
		return;
	slot->gone = true;
	if (!slot->closed)
		iperf3_server_reset(&world->server, &slot->conn, world->now_ns);
	iperf3_peer_reset(who);
}

static void octets_one(struct world *world, unsigned who, const struct event *event)
{
	struct slot *slot = &world->slots[who];

	if (slot->ended || slot->left || slot->gone || event->length > sizeof slot->octets - slot->length)
		return;
	memcpy(slot->octets + slot->length, event->octets, event->length);
	slot->length += event->length;
	read_all(world);
	iperf3_peer_octets(who, event->octets, event->length);
}

static size_t stream_from(const struct world *world, const struct iperf_endpoint *client)
{
	size_t i = 0;

	while (i < world->server.stream_count && !iperf_endpoint_equal(&world->streams[i].client, client))
		i++;
	return i;
}

static bool is_hello(const struct event *event)
{
	return event->length >= IPERF3_HELLO_LENGTH &&
	       (memcmp(event->octets, iperf3_hello, IPERF3_HELLO_LENGTH) == 0 ||
		memcmp(event->octets, iperf3_hello_old, IPERF3_HELLO_LENGTH) == 0);
}

/* Over UDP, it is open whether another datagram than a hello begins a stream (behind R-26.1-4: servers answer any); and
 * whether one of a stream counts for T_silence outside of the payload: it is told only where something else came at
 * the same time. */
static bool is_told(const struct world *world, const struct event *event, size_t stream)
{
	const struct iperf3_server *server = &world->server;

	if (server->state == IPERF3_TEST_IDLE || server->parameters.protocol != IPERF_UDP)
		return true;
	if (stream == server->stream_count)
		return server->state != IPERF3_TEST_CREATING || is_hello(event);
	return server->state == IPERF3_TEST_FLOWING || world->heard_ns == world->now_ns;
}

/* A sequence for which R-26.3-1 wants a number that no reader has to hold (22.4). */
static bool is_beyond(const struct world *world, const struct event *event)
{
	return world->server.parameters.udp_counters_64bit && event->length >= IPERF3_HEADER_64 &&
	       event->octets[8] > 127;
}

static void datagram_one(struct world *world, unsigned who, const struct event *event)
{
	struct iperf3_server *server = &world->server;
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) },
					 .port = (uint16_t)(IPERF3_PEER_PORT + who) };
	size_t stream = stream_from(world, &client), before = server->stream_count;

	if (!is_told(world, event, stream) || is_beyond(world, event))
		return;
	if (server->state == IPERF3_TEST_FLOWING && stream < server->stream_count) {
		world->heard_ns = world->now_ns;
		iperf3_server_moved(server, world->now_ns);
		if (!world->streams[stream].sends && server->parameters.protocol == IPERF_UDP)
			iperf3_counter_datagram(&world->counters[stream], server->parameters.udp_counters_64bit,
						event->octets, event->length, world->now_ns);
	}
	iperf3_server_datagram(server, &client, event->octets, event->length, world->now_ns);
	if (server->stream_count > before)
		world->heard_ns = world->now_ns;
	iperf3_peer_datagram(client.port, (uint8_t)(who & 3), event->octets, event->length);
}

/* How much payload a server sends, and when, is its own affair within R-27.1-1 and R-27.2-4: what the peer writes, the
 * session's caller has written, too. Over UDP nothing is ever taken. */
static void take_payload(struct world *world, unsigned who, size_t room)
{
	size_t sent = iperf3_peer_window(who, room);

	for (size_t i = 0; i < world->server.stream_count && sent > 0; i++)
		if (world->streams[i].conn == &world->slots[who].conn)
			world->counters[i].bytes += sent;
	if (sent > 0)
		iperf3_server_moved(&world->server, world->now_ns);
}

static void stop(struct world *world)
{
	iperf3_server_stop(&world->server, world->now_ns);
	iperf3_peer_stop();
}

/* Time goes from one timer to the next: how late one is acted on is anybody's choice. */
static void later(struct world *world, int64_t ns)
{
	static struct iperf3_peer_view peer;
	int64_t deadline = iperf3_server_deadline(&world->server), until = world->now_ns;

	if (ns >= 0)
		until += ns;
	else if (deadline < INT64_MAX && deadline > until)
		until = deadline;
	for (bool more = true; more;) {
		int64_t next = until;

		iperf3_peer_look(&peer);
		deadline = iperf3_server_deadline(&world->server);
		next = deadline < next ? deadline : next;
		next = world->omit_ns < next ? world->omit_ns : next;
		next = peer.deadline_ns < (uint64_t)next ? (int64_t)peer.deadline_ns : next;
		more = next < until;
		world->now_ns = next > world->now_ns ? next : world->now_ns;
		if (world->omit_ns <= world->now_ns)
			end_omit(world);
		iperf3_server_timer(&world->server, world->now_ns);
		iperf3_peer_time((uint64_t)world->now_ns);
		agree(world, same(world, CONNS));
	}
}

static void play_event(struct world *world, const struct event *event)
{
	unsigned who = event->who;
	bool there = !world->slots[who].closed;

	switch (event->what) {
	case CONNECT:
		/* The number of a connection that the server has ended is used again; the client closes first. */
		if (there && world->slots[who].ended)
			eof_one(world, who);
		if (world->slots[who].closed)
			connect_one(world, who);
		break;
	case OCTETS:
	case TOKEN:
		if (there)
			octets_one(world, who, event);
		break;
	case END_OF_FILE:
		if (there)
			eof_one(world, who);
		break;
	case RESET:
		if (there)
			reset_one(world, who);
		break;
	case DATAGRAM:
		datagram_one(world, who, event);
		break;
	case OTHER:
		if (event->how == 255)
			stop(world);
		else if (there)
			take_payload(world, who, event->how);
		break;
	case LATER: /* later() */
		break;
	}
}

/* Whether the event has brought a text to its end of which it is open what it means. */
static bool is_open(const struct world *world, unsigned who, enum iperf3_test_state before)
{
	const struct slot *slot = &world->slots[who];
	const uint8_t *at = slot->octets + IPERF3_COOKIE_LENGTH, *end = slot->octets + slot->length;
	bool parameters = before <= IPERF3_TEST_PARAMETERS;

	for (;;) {
		size_t length;

		if (end - at < IPERF3_LENGTH_SIZE)
			return false;
		length = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
		at += IPERF3_LENGTH_SIZE;
		if (length > (size_t)(end - at))
			return false;
		if (parameters || at - IPERF3_LENGTH_SIZE > slot->octets + IPERF3_COOKIE_LENGTH)
			return open_text((const char *)at, length, parameters);
		at += length;
		while (at < end && *at++ != IPERF3_TEST_END)
			;
	}
}

static bool play(struct world *world, const struct event *event)
{
	const struct iperf3_server *server = &world->server;
	enum iperf3_test_state before = server->state;
	unsigned who = event->who;
	bool denied = event->what == END_OF_FILE && before == IPERF3_TEST_CREATING && !world->slots[who].ended &&
		      server->parameters.protocol == IPERF_TCP && world->slots[who].conn.state == IPERF3_CONN_COOKIE;

	if (event->what == LATER) {
		later(world, event->ns);
		return true;
	}
	play_event(world, event);
	if (same(world, denied ? who : CONNS))
		return true;
	agree(world, event->what == OCTETS && is_open(world, who, before));
	return false;
}

static void begin(struct world *world, struct input *in)
{
	uint8_t timers = take(in);
	struct iperf3_server_config config;

	for (size_t i = 0; i < CONNS; i++) {
		struct slot *slot = &world->slots[i];

		slot->ended = slot->closed = true;
		slot->left = slot->gone = false;
		slot->length = slot->said_length = slot->same = slot->same_peer = 0;
		slot->conn.state = IPERF3_CONN_CLOSED;
	}
	memset(world->replies, 0, sizeof world->replies);
	memset(world->reply, 0, sizeof world->reply);
	world->old = false;
	world->now_ns = world->heard_ns = BEGAN;
	world->omit_ns = INT64_MAX;
	world->control = -1;
	iperf3_server_defaults(&config);
	config.t_read_ns = (1 + timers % 16) * IPERF_S;
	/* A few ns more: what is due at the same time as another thing may come before or behind it. */
	config.t_silence_ns = (1 + timers / 16) * 8 * IPERF_S + 3;
	config.streams = world->streams;
	config.own = world->own;
	config.peer = world->peer;
	config.text = text_room;
	config.decide = decide;
	config.able = able;
	config.user = world;
	iperf3_server_init(&world->server, &config);
	iperf3_peer_begin((uint64_t)config.t_read_ns, (uint64_t)config.t_silence_ns, (uint64_t)config.t_over_ns,
			  (uint64_t)world->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	struct event event;
	bool going = true;

	begin(&world, &in);
	for (unsigned n = 0; going && n < EVENTS_MAX && next_event(&in, &event, iperf3_tokens(), IPERF3_TOKENS); n++)
		going = play(&world, &event);
	for (unsigned n = 0; going && iperf3_server_deadline(&world.server) < INT64_MAX; n++) {
		must(n < 8 * CONNS);
		later(&world, -1);
	}
	iperf3_peer_end();
	return 0;
}
