/* The client session of the iperf3 profile under events of an input. What must hold: what is opened was not open,
 * what is sent goes to what is open, decisions about payload come in their order, nothing follows OVER, and timers
 * alone bring it.
 *
 * Input: parameters, and the room for texts; events (events.h), about the control connection (who 0) or a stream
 * (from 1). CONNECT: it is open. OTHER: below 128 it could not be opened, below 192 payload is over, below 224
 * payload has arrived, 255 the user gives up. */
#include "fuzz/iperf3_tokens.h"
#include "proto/iperf3_client.h"

#define STREAMS 8
#define ROOM_MAX 3000
#define BEGAN (2000 * IPERF_S)

struct end {
	bool opening, open, half_closed;
	bool ended; /* by the server */
	size_t sends;
};

struct world {
	struct iperf3_client client;
	struct iperf3_parameters parameters;
	struct iperf3_results own, peer;
	struct iperf3_stream_result own_streams[STREAMS], peer_streams[STREAMS];
	uint8_t *room;
	struct end ends[STREAMS + 1]; /* by who + 1 */
	int64_t now_ns;
	bool flows, flowed, halted, frozen, counted, over;
};

/* --- decisions ------------------------------------------------------------------------------------------------- */

static void book_open(struct world *world, struct end *end)
{
	must(!end->opening && !end->open);
	for (size_t i = 0; i <= STREAMS; i++) /* one after the other, each with its first octets: R-25-1 */
		must(!world->ends[i].opening && (!world->ends[i].open || world->ends[i].sends > 0));
	*end = (struct end){ .opening = true };
}

static void book_send(struct world *world, struct end *end, const struct iperf3_client_decision *decision)
{
	must(end->open && !end->half_closed && decision->length > 0);
	if (decision->who >= 0 && world->parameters.protocol == IPERF_UDP)
		must(decision->length == IPERF3_HELLO_LENGTH);
	else if (end->sends == 0)
		must(decision->length == IPERF3_COOKIE_LENGTH); /* R-22.1-1, R-25-1 */
	else
		must(decision->who == IPERF3_WHO_CONTROL); /* payload is not the session's */
	if (decision->who == IPERF3_WHO_CONTROL && decision->length == 1) {
		must(iperf3_state_of_client((int8_t)decision->octets[0])); /* R-22.3-2 */
		must(decision->octets[0] != IPERF3_TEST_END || world->frozen); /* R-27.1-7 */
	}
	end->sends++;
}

static void book_payload(struct world *world, enum iperf3_client_decision_kind kind)
{
	if (kind == IPERF3_CLIENT_FLOW) {
		must(!world->flowed);
		world->flows = world->flowed = true;
	} else if (kind == IPERF3_CLIENT_MEASURE) {
		must(world->flows && !world->halted);
	} else if (kind == IPERF3_CLIENT_HALT) {
		must(world->flows && !world->halted);
		world->halted = true;
	} else if (kind == IPERF3_CLIENT_FREEZE) {
		must(world->flowed && !world->frozen);
		world->frozen = true;
	} else {
		must(world->frozen && !world->counted);
		world->counted = true;
		world->own.count = (size_t)iperf3_parameters_streams(&world->parameters);
		for (size_t i = 0; i < world->own.count; i++)
			world->own_streams[i] = (struct iperf3_stream_result){ .id = iperf3_stream_id(i), .bytes = 1000 };
	}
}

static void book_over(struct world *world)
{
	for (size_t i = 0; i <= STREAMS; i++)
		must(!world->ends[i].open && !world->ends[i].opening);
	must(world->client.state == IPERF3_CLIENT_DONE);
	must((world->client.outcome == IPERF3_OUTCOME_OK) == (*world->client.detail == '\0'));
	must(world->client.outcome != IPERF3_OUTCOME_OK || world->client.has_results);
	must(memchr(world->client.detail, '\0', sizeof world->client.detail));
	world->over = true;
}

static void decide(void *user, const struct iperf3_client *client, const struct iperf3_client_decision *decision)
{
	struct world *world = user;
	struct end *end = &world->ends[decision->who + 1];

	must(client == &world->client && !world->over && decision->who >= -1 && decision->who < STREAMS);
	switch (decision->kind) {
	case IPERF3_CLIENT_OPEN:
		book_open(world, end);
		break;
	case IPERF3_CLIENT_SEND:
		book_send(world, end, decision);
		break;
	case IPERF3_CLIENT_HALF_CLOSE:
		must(end->open && !end->half_closed);
		end->half_closed = true;
		break;
	case IPERF3_CLIENT_CLOSE:
		must(end->open || end->opening);
		*end = (struct end){ .open = false };
		break;
	case IPERF3_CLIENT_OVER:
		book_over(world);
		break;
	case IPERF3_CLIENT_FLOW:
	case IPERF3_CLIENT_MEASURE:
	case IPERF3_CLIENT_HALT:
	case IPERF3_CLIENT_FREEZE:
	case IPERF3_CLIENT_COUNT:
		book_payload(world, decision->kind);
		break;
	}
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void payload_over(struct world *world)
{
	if (!world->flows)
		return;
	if (world->halted)
		world->flows = false;
	iperf3_client_payload_over(&world->client, world->now_ns);
}

static void later(struct world *world, int64_t ns)
{
	int64_t deadline = iperf3_client_deadline(&world->client);

	if (ns >= 0)
		world->now_ns += ns;
	else if (deadline < INT64_MAX && deadline > world->now_ns)
		world->now_ns = deadline;
	iperf3_client_timer(&world->client, world->now_ns);
	must(world->over || iperf3_client_deadline(&world->client) > world->now_ns);
}

static void other(struct world *world, int who, struct end *end, unsigned how)
{
	if (how < 128 && end->opening) {
		end->opening = false;
		iperf3_client_failed(&world->client, who, "chance", world->now_ns);
	} else if (how >= 128 && how < 192) {
		payload_over(world);
	} else if (how >= 192 && how < 224) {
		iperf3_client_arrived(&world->client, world->now_ns);
	} else if (how == 255) {
		iperf3_client_stop(&world->client, world->now_ns);
	}
}

static void play_octets(struct world *world, int who, const struct event *event)
{
	bool udp = who >= 0 && world->parameters.protocol == IPERF_UDP;
	uint8_t *piece = exactly(event->octets, event->length);

	if (udp)
		iperf3_client_datagram(&world->client, (size_t)who, piece, event->length, world->now_ns);
	else
		iperf3_client_octets(&world->client, who, piece, event->length, world->now_ns);
	free(piece);
}

static void play_event(struct world *world, const struct event *event)
{
	int who = (int)(event->who % (STREAMS + 1)) - 1;
	struct end *end = &world->ends[who + 1];
	bool udp = who >= 0 && world->parameters.protocol == IPERF_UDP;

	switch (event->what) {
	case CONNECT:
		if (!end->opening)
			break;
		end->opening = false;
		end->open = true;
		iperf3_client_opened(&world->client, who, world->now_ns);
		break;
	case OCTETS:
	case TOKEN:
	case DATAGRAM:
		if (end->open && !end->ended)
			play_octets(world, who, event);
		break;
	case END_OF_FILE:
	case RESET:
		if (!end->open || end->ended || udp)
			break;
		end->ended = true;
		iperf3_client_ended(&world->client, who, event->what == RESET, world->now_ns);
		break;
	case LATER:
		later(world, event->ns);
		break;
	case OTHER:
		other(world, who, end, event->how);
		break;
	}
}

static void begin(struct world *world, struct input *in)
{
	struct iperf3_client_config config;
	struct iperf3_cookie cookie;
	uint8_t how = take(in), time = take(in), room = take(in);

	memset(world, 0, sizeof *world);
	world->now_ns = BEGAN;
	world->parameters = (struct iperf3_parameters){
		.protocol = how & 1 ? IPERF_UDP : IPERF_TCP, .reverse = how & 2, .bidirectional = !(how & 2) && how & 4,
		.parallel = 1 + (how >> 4) % 4, .len = 16, .time = time & 3, .omit = time >> 2 & 3,
		.num = time & 16 ? 160 : 0,
		.present = 1 << IPERF3_KEY_TIME | 1 << IPERF3_KEY_PARALLEL | 1 << IPERF3_KEY_NUM,
	};
	world->own.streams = world->own_streams;
	world->own.capacity = world->peer.capacity = STREAMS;
	world->peer.streams = world->peer_streams;
	iperf3_client_defaults(&config);
	config.parameters = &world->parameters;
	config.own = &world->own;
	config.peer = &world->peer;
	config.room_size = room < 240 ? ROOM_MAX : room;
	config.t_receive_ns = time & 32 ? 5 * IPERF_S : 0;
	world->room = malloc(config.room_size);
	must(world->room);
	config.room = world->room;
	config.decide = decide;
	config.user = world;
	memcpy(cookie.octets, iperf3_cookies[0], IPERF3_COOKIE_LENGTH);
	iperf3_client_init(&world->client, &config, &cookie);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	struct event event;

	begin(&world, &in);
	iperf3_client_start(&world.client, world.now_ns);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, iperf3_tokens(), IPERF3_TOKENS); n++) {
		if (world.over)
			break;
		play_event(&world, &event);
		must(world.over == (world.client.state == IPERF3_CLIENT_DONE));
	}
	/* The network falls silent and the user has had enough payload: the timers alone must bring the end. */
	for (unsigned steps = 0; !world.over; steps++) {
		must(steps < 200);
		if (world.flows && (world.halted || iperf3_client_deadline(&world.client) == INT64_MAX))
			payload_over(&world);
		else
			later(&world, -1);
	}
	free(world.room);
	return 0;
}
