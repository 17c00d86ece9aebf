/* The judge of the iperf3 profile on whatever a capture may show. What must hold: its callbacks name connections that
 * are there, its findings have a sentence, and it finds the same, whether octets come in one piece or one by one.
 *
 * Input: what is known of the server; events (events.h). OTHER: below 64 the direction of the next events turns, below
 * 128 octets are missing, below 192 they were cut off, below 224 a conflict. */
#include "fuzz/iperf3_tokens.h"
#include "proto/iperf3_judge.h"

#define CONNS 32
#define STREAMS 8
#define TEXT_MAX 2000
#define BEGAN (1000 * IPERF_S)

struct world {
	struct iperf3_judge judge;
	struct iperf3_judge_conn *conns[CONNS];
	bool ended[CONNS][2];
	uint64_t offsets[CONNS][2];
	struct iperf3_judge_stream streams[STREAMS];
	struct iperf3_stream_result listed[STREAMS];
	struct iperf_mark mark;
	enum iperf_direction direction;
	bool by_octets;
	uint64_t findings, sum;
};

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static bool there(const struct world *world, uint64_t number)
{
	for (size_t i = 0; i < CONNS; i++)
		if (world->conns[i] && world->conns[i]->number == number)
			return true;
	return number == 0;
}

static bool room(void *user, char **text, size_t had, size_t size)
{
	char *more;

	(void)user;
	must(had <= size);
	if (size > TEXT_MAX)
		return false;
	more = realloc(*text, size);
	must(more);
	*text = more;
	return true;
}

static void said(void *user, const struct iperf3_said *said)
{
	const struct world *world = user;

	must(there(world, said->conn));
	must(said->mark.packet <= world->mark.packet);
	must(said->direction == IPERF_TO_SERVER || said->direction == IPERF_TO_CLIENT);
	must(said->error_octets <= 8);
}

static void found(void *user, const struct iperf3_finding *finding)
{
	struct world *world = user;

	must(finding->conn <= world->mark.packet);
	must(finding->text && finding->text[0] != '\0' && strlen(finding->text) < 400);
	must(finding->verdict == IPERF_INCONCLUSIVE || finding->requirement != IPERF_R_NONE);
	must(finding->mark.packet <= world->mark.packet);
	world->findings++;
	must(world->findings < 20 * EVENTS_MAX);
	digest(&world->sum, (uint64_t)finding->requirement << 8 | (uint64_t)finding->verdict << 4 | finding->by);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void open_conn(struct world *world, unsigned who, bool start_seen)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(40000 + who) };
	struct iperf3_judge_conn *conn = calloc(1, sizeof *conn);

	must(conn);
	conn->number = world->mark.packet;
	world->conns[who] = conn;
	memset(world->offsets[who], 0, sizeof world->offsets[who]);
	memset(world->ended[who], 0, sizeof world->ended[who]);
	iperf3_judge_opened(&world->judge, conn, &client, start_seen, &world->mark);
}

static void forget(struct world *world, unsigned who)
{
	iperf3_judge_forget(&world->judge, world->conns[who]);
	free(world->conns[who]->text[0]);
	free(world->conns[who]->text[1]);
	free(world->conns[who]);
	world->conns[who] = NULL;
}

static void tell_octets(struct world *world, unsigned who, const struct event *event)
{
	enum iperf_direction direction = world->direction;
	size_t step = world->by_octets ? 1 : event->length;

	for (size_t at = 0; at < event->length; at += step) {
		struct iperf_mark mark = world->mark;
		uint8_t *piece = exactly(event->octets + at, step);

		mark.offset = world->offsets[who][direction];
		world->offsets[who][direction] += step;
		iperf3_judge_octets(&world->judge, world->conns[who], direction, piece, step, &mark);
		free(piece);
	}
}

static void tell_end(struct world *world, unsigned who, bool reset)
{
	enum iperf_direction direction = world->direction;
	struct iperf_mark mark = world->mark;

	mark.offset = world->offsets[who][direction];
	world->ended[who][direction] = true;
	if (reset)
		iperf3_judge_reset(&world->judge, world->conns[who], direction, true, &mark);
	else
		iperf3_judge_eof(&world->judge, world->conns[who], direction, &mark);
	if (reset || world->ended[who][!direction])
		forget(world, who);
}

static void tell_datagram(struct world *world, const struct event *event)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(event->who & 3) },
					 .port = (uint16_t)(50000 + event->who / 4) };
	uint8_t *piece = exactly(event->octets, event->length);

	iperf3_judge_datagram(&world->judge, &client, world->direction, piece, event->length, event->length, &world->mark);
	free(piece);
}

static void other(struct world *world, unsigned who, unsigned how)
{
	enum iperf_direction direction = world->direction;
	struct iperf_mark mark = world->mark;

	if (how < 64) {
		world->direction = direction == IPERF_TO_SERVER ? IPERF_TO_CLIENT : IPERF_TO_SERVER;
		return;
	}
	if (!world->conns[who] || world->ended[who][direction])
		return;
	mark.offset = world->offsets[who][direction];
	if (how < 192) {
		world->offsets[who][direction] += 1 + how % 64;
		iperf3_judge_unseen(&world->judge, world->conns[who], direction, 1 + how % 64, how < 128, &mark);
	} else if (how < 224 && mark.offset > 0) {
		mark.offset--;
		iperf3_judge_conflict(&world->judge, world->conns[who], direction, &mark);
	}
}

static void play_event(struct world *world, const struct event *event)
{
	unsigned who = event->who;

	world->mark.packet++;
	world->mark.time_ns += 100000;
	switch (event->what) {
	case CONNECT:
		if (!world->conns[who])
			open_conn(world, who, true);
		break;
	case OCTETS:
	case TOKEN:
		if (!world->conns[who])
			open_conn(world, who, false);
		if (!world->ended[who][world->direction])
			tell_octets(world, who, event);
		break;
	case END_OF_FILE:
	case RESET:
		if (world->conns[who] && !world->ended[who][world->direction])
			tell_end(world, who, event->what == RESET);
		break;
	case DATAGRAM:
		tell_datagram(world, event);
		break;
	case LATER:
		world->mark.time_ns += event->ns < 0 ? 70 * IPERF_S : event->ns;
		break;
	case OTHER:
		other(world, who, event->how);
		break;
	}
}

static void begin(struct world *world, struct input *in, bool by_octets)
{
	uint8_t how = take(in);
	struct iperf3_judge_config config = {
		.t_read_ns = 10 * IPERF_S, .t_silence_ns = 120 * IPERF_S, .t_over_ns = 40 * IPERF_S,
		.timers_known = how & 1, .at_client = how & 2,
		.streams_max = how & 8 ? 2 : STREAMS, .streams = world->streams,
		.results = { .capacity = STREAMS, .streams = world->listed },
		.room = room, .said = said, .found = found, .user = world,
	};

	memset(world, 0, sizeof *world);
	world->by_octets = by_octets;
	world->mark = (struct iperf_mark){ .packet = 1, .time_ns = BEGAN };
	config.server.port = 5201;
	config.server.address[15] = how & 16 ? 1 : 200; /* one of the clients' hosts, or another */
	iperf3_judge_init(&world->judge, &config);
}

static void play(struct world *world, struct input in, bool by_octets)
{
	struct event event;

	begin(world, &in, by_octets);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, iperf3_tokens(), IPERF3_TOKENS); n++)
		play_event(world, &event);
	iperf3_judge_finish(&world->judge, &world->mark);
	for (unsigned i = 0; i < CONNS; i++)
		if (world->conns[i])
			forget(world, i);
	iperf3_judge_end(&world->judge);
	must(world->judge.tests <= world->mark.packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	uint64_t sum;

	play(&world, in, false);
	sum = world.sum;
	if (length > 0 && octets[0] & 32) {
		play(&world, in, true);
		must(world.sum == sum);
	}
	return 0;
}
