/* The client session of the text profile under events of an input. What must hold: what is opened was not open, what
 * is sent is what SPEC lets a client send there and goes to what is open, nothing follows OVER, and timers alone
 * bring it.
 *
 * Input: streams; events (events.h), about the control connection (who 0), results (1) or a stream (from 2). CONNECT:
 * it is open. OTHER: below 128 it could not be opened, below 192 payload is over, 255 the user gives up. */
#include "fuzz/text_tokens.h"
#include "proto/client.h"

#define STREAMS 4
#define LISTED 8
#define TEXT_MAX 1000
#define BEGAN (2000 * IPERF_S)

struct end {
	bool opening, open, half_closed;
	unsigned sends, begins, ends;
};

struct world {
	struct iperf_client client;
	struct iperf_client_stream streams[STREAMS];
	struct iperf_stream_result listed[LISTED];
	char text[TEXT_MAX];
	struct end ends[STREAMS + 2];
	int64_t now_ns;
	bool begun, test_ended, flows, over;
};

/* The control connection is the first of ends. */
static struct end *end_of(struct world *world, int who)
{
	must(who >= -2 && who < STREAMS);
	return &world->ends[who >= 0 ? who + 2 : -1 - who];
}

static bool is_udp(const struct world *world, int who)
{
	return who >= 0 && world->streams[who].protocol == IPERF_UDP;
}

/* --- decisions ------------------------------------------------------------------------------------------------- */

static bool is_message(const struct iperf_client_decision *decision, enum iperf_message_kind kind, bool opening)
{
	uint8_t octets[IPERF_OPENING_MAX];
	size_t length = opening ? iperf_opening_write(octets, kind, &text_cookies[0])
				: iperf_message_write(octets, kind, &text_cookies[0]);

	return decision->length == length && memcmp(decision->octets, octets, length) == 0;
}

/* On TCP: first the preamble and its message, then what ends (R-9.1-2). */
static void book_send(struct world *world, struct end *end, const struct iperf_client_decision *decision)
{
	int who = decision->who;

	must(end->open && !end->half_closed && !world->test_ended); /* R-7-3 */
	if (is_udp(world, who)) {
		bool begins = is_message(decision, IPERF_STREAM_BEGIN, false);

		must(begins || is_message(decision, IPERF_STREAM_END, false));
		must(begins ? end->ends == 0 : end->begins >= IPERF_STREAM_BEGINS); /* R-8.4-1 */
		end->begins += begins;
		end->ends += !begins;
	} else if (who == IPERF_WHO_CONTROL) {
		must(end->sends == 0 ? is_message(decision, IPERF_TEST_BEGIN, true)
				     : is_message(decision, IPERF_TEST_END, false));
		world->begun = true;
		world->test_ended = end->sends == 1;
	} else if (who == IPERF_WHO_RESULTS) {
		must(end->sends == 0 && is_message(decision, IPERF_RESULTS_REQUEST, true));
	} else {
		must(end->sends == 0 ? is_message(decision, IPERF_STREAM_BEGIN, true)
				     : is_message(decision, IPERF_STREAM_END, false));
	}
	end->sends++;
	must(is_udp(world, who) || end->sends <= 2);
}

static void book_over(struct world *world)
{
	const struct iperf_client *client = &world->client;

	for (size_t i = 0; i < COUNT(world->ends); i++)
		must(!world->ends[i].open && !world->ends[i].opening);
	must(client->state == IPERF_CLIENT_DONE);
	must((client->outcome == IPERF_OUTCOME_OK) == (*client->detail == '\0'));
	must(memchr(client->detail, '\0', sizeof client->detail));
	must(client->results.count <= LISTED);
	world->over = true;
}

static void decide(void *user, const struct iperf_client *client, const struct iperf_client_decision *decision)
{
	struct world *world = user;
	struct end *end = end_of(world, decision->who);

	must(client == &world->client && !world->over);
	switch (decision->kind) {
	case IPERF_CLIENT_OPEN:
		must(!end->opening && !end->open);
		must((decision->who != IPERF_WHO_CONTROL) == world->begun); /* R-5.1-8, R-7-2 */
		*end = (struct end){ .opening = true };
		break;
	case IPERF_CLIENT_SEND:
		book_send(world, end, decision);
		break;
	case IPERF_CLIENT_HALF_CLOSE:
		must(end->open && !end->half_closed && !is_udp(world, decision->who));
		end->half_closed = true;
		break;
	case IPERF_CLIENT_CLOSE:
		end->open = end->opening = false;
		break;
	case IPERF_CLIENT_FLOW:
		must(!world->flows);
		world->flows = true;
		break;
	case IPERF_CLIENT_HALT:
		must(world->flows);
		break;
	case IPERF_CLIENT_OVER:
		book_over(world);
		break;
	}
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void payload_over(struct world *world)
{
	if (!world->flows)
		return;
	world->flows = false;
	iperf_client_payload_over(&world->client, world->now_ns);
}

static void later(struct world *world, int64_t ns)
{
	int64_t deadline = iperf_client_deadline(&world->client);

	if (ns >= 0)
		world->now_ns += ns;
	else if (deadline < INT64_MAX && deadline > world->now_ns)
		world->now_ns = deadline;
	iperf_client_timer(&world->client, world->now_ns);
	must(world->over || iperf_client_deadline(&world->client) > world->now_ns);
}

static void other(struct world *world, int who, struct end *end, unsigned how)
{
	if (how < 128 && end->opening) {
		end->opening = false;
		iperf_client_failed(&world->client, who, "chance", world->now_ns);
	} else if (how >= 128 && how < 192) {
		payload_over(world);
	} else if (how == 255) {
		iperf_client_stop(&world->client, world->now_ns);
	}
}

static void play_event(struct world *world, const struct event *event)
{
	unsigned at = event->who % (unsigned)(world->client.config.stream_count + 2);
	int who = at < 2 ? -1 - (int)at : (int)at - 2;
	struct end *end = end_of(world, who);
	uint8_t *piece;

	switch (event->what) {
	case CONNECT:
		if (!end->opening)
			break;
		end->opening = false;
		end->open = true;
		iperf_client_opened(&world->client, who, (uint16_t)(40000 + at), world->now_ns);
		break;
	case OCTETS:
	case TOKEN:
	case DATAGRAM:
		if (!end->open)
			break;
		piece = exactly(event->octets, event->length);
		iperf_client_octets(&world->client, who, piece, event->length, world->now_ns);
		free(piece);
		break;
	case END_OF_FILE:
	case RESET:
		if (!end->open || is_udp(world, who))
			break;
		end->open = false;
		iperf_client_ended(&world->client, who, world->now_ns);
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
	struct iperf_client_config config;
	uint8_t streams = take(in);

	memset(world, 0, sizeof *world);
	world->now_ns = BEGAN;
	for (size_t i = 0; i < STREAMS; i++)
		world->streams[i].protocol = streams >> i & 1 ? IPERF_UDP : IPERF_TCP;
	iperf_client_defaults(&config);
	config.streams = world->streams;
	config.stream_count = (streams >> 4) % (STREAMS + 1);
	config.results = (struct iperf_results){ .capacity = LISTED, .streams = world->listed };
	config.text = world->text;
	config.text_size = TEXT_MAX;
	config.decide = decide;
	config.user = world;
	iperf_client_init(&world->client, &config, &text_cookies[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	struct event event;

	begin(&world, &in);
	iperf_client_start(&world.client, world.now_ns);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, text_tokens(), TEXT_TOKENS); n++) {
		if (world.over)
			break;
		play_event(&world, &event);
		must(world.over == (world.client.state == IPERF_CLIENT_DONE));
	}
	/* The network falls silent and the user has had enough payload: the timers alone must bring the end. */
	for (unsigned steps = 0; !world.over; steps++) {
		must(steps < 3000);
		if (world.flows)
			payload_over(&world);
		else
			later(&world, -1);
	}
	return 0;
}
