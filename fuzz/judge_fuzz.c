/* The judge of the text profile on whatever a capture may show. What must hold: its callbacks name connections that
 * are there, its findings have a sentence, and it sees the same tests and the same that is wrong, as certain and in the
 * same packets, whether octets come in one piece or one by one. Only what stands behind a request may then be one more
 * request (R-9.1-2), or just octets (R-4.2-2).
 *
 * Input: what is known of the server; events (events.h). OTHER: below 64 the direction of the next events turns,
 * below 128 octets are missing, below 192 they were cut off, below 224 a conflict. */
#include "fuzz/text_tokens.h"
#include "proto/judge.h"

#define CONNS 32
#define STREAMS 8
#define TEXT_MAX 2000
#define BEGAN (1000 * IPERF_S)

struct world {
	struct iperf_judge judge;
	struct iperf_judge_conn *conns[CONNS];
	bool ended[CONNS][2];
	uint64_t offsets[CONNS][2];
	struct iperf_stream streams[STREAMS];
	struct iperf_judge_stream extras[STREAMS];
	struct iperf_stream_result listed[STREAMS];
	struct iperf_mark mark;
	enum iperf_direction direction;
	bool by_octets;
	uint64_t findings, sum; /* how many, and of what they say; in any order */
};

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static bool there(const struct world *world, const struct iperf_judge_conn *conn)
{
	for (size_t i = 0; i < CONNS; i++)
		if (world->conns[i] == conn)
			return true;
	return false;
}

static bool room(void *user, struct iperf_judge_conn *conn, size_t size)
{
	char *more;

	must(there(user, conn));
	if (size > TEXT_MAX)
		return false;
	if (size <= conn->text_size)
		return true;
	more = realloc(conn->text, size);
	must(more);
	conn->text = more;
	conn->text_size = size;
	return true;
}

static void said(void *user, const struct iperf_said *said)
{
	const struct world *world = user;

	must(!said->conn || there(world, said->conn));
	must(said->mark.packet <= world->mark.packet);
	must(said->direction == IPERF_TO_SERVER || said->direction == IPERF_TO_CLIENT);
	must(said->kind != IPERF_SAID_MESSAGE || (unsigned)said->message < IPERF_MESSAGE_KINDS);
	must(said->stream <= STREAMS);
}

static void found(void *user, const struct iperf_finding *finding)
{
	struct world *world = user;
	uint64_t what = 0;

	must(!finding->conn || there(world, finding->conn));
	must(finding->text && finding->text[0] != '\0' && strlen(finding->text) < 400);
	must(finding->verdict == IPERF_INCONCLUSIVE || finding->requirement != IPERF_R_NONE);
	must(finding->mark.packet <= world->mark.packet);
	world->findings++;
	digest(&what, finding->mark.packet);
	digest(&what, (uint64_t)finding->verdict * 2 + (uint64_t)finding->by);
	digest(&what, finding->requirement == IPERF_R_9_1_2 ? IPERF_R_4_2_2 : finding->requirement);
	world->sum += what;
	must(world->findings < 20 * EVENTS_MAX);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static void open_conn(struct world *world, unsigned who, bool start_seen)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(who & 3) }, .port = (uint16_t)(40000 + who) };
	struct iperf_judge_conn *conn = calloc(1, sizeof *conn);

	must(conn);
	conn->number = world->mark.packet;
	world->conns[who] = conn;
	memset(world->offsets[who], 0, sizeof world->offsets[who]);
	memset(world->ended[who], 0, sizeof world->ended[who]);
	iperf_judge_opened(&world->judge, conn, &client, start_seen, &world->mark);
}

static void forget(struct world *world, unsigned who)
{
	iperf_judge_forget(&world->judge, world->conns[who]);
	free(world->conns[who]->text);
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
		iperf_judge_octets(&world->judge, world->conns[who], direction, piece, step, &mark);
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
		iperf_judge_reset(&world->judge, world->conns[who], direction, true, &mark);
	else
		iperf_judge_eof(&world->judge, world->conns[who], direction, &mark);
	if (reset || world->ended[who][!direction])
		forget(world, who);
}

static void tell_datagram(struct world *world, const struct event *event)
{
	struct iperf_endpoint client = { .address = { [15] = (uint8_t)(event->who & 3) },
					 .port = (uint16_t)(50000 + event->who / 4) };
	uint8_t *piece = exactly(event->octets, event->length);

	iperf_judge_datagram(&world->judge, &client, world->direction, piece, event->length, event->length, &world->mark);
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
		iperf_judge_unseen(&world->judge, world->conns[who], direction, 1 + how % 64, how < 128, &mark);
	} else if (how < 224 && mark.offset > 0) {
		mark.offset--;
		iperf_judge_conflict(&world->judge, world->conns[who], direction, &mark);
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
	struct iperf_judge_config config = {
		.t_hello_ns = 10 * IPERF_S, .t_begin_ns = 10 * IPERF_S, .t_idle_ns = 60 * IPERF_S,
		.timers_known = how & 1, .at_client = how & 2, .streams_bound = how & 4 ? STREAMS : 0,
		.streams_max = how & 8 ? 2 : STREAMS, .streams = world->streams, .extras = world->extras,
		.results = { .capacity = STREAMS, .streams = world->listed },
		.room = room, .said = said, .found = found, .user = world,
	};

	memset(world, 0, sizeof *world);
	world->by_octets = by_octets;
	world->mark = (struct iperf_mark){ .packet = 1, .time_ns = BEGAN };
	config.server.port = 5201;
	config.server.address[15] = how & 16 ? 1 : 200; /* one of the clients' hosts, or another */
	iperf_judge_init(&world->judge, &config);
}

static void play(struct world *world, struct input in, bool by_octets)
{
	struct event event;

	begin(world, &in, by_octets);
	for (unsigned n = 0; n < EVENTS_MAX && next_event(&in, &event, text_tokens(), TEXT_TOKENS); n++)
		play_event(world, &event);
	iperf_judge_finish(&world->judge, &world->mark);
	for (unsigned i = 0; i < CONNS; i++)
		if (world->conns[i])
			forget(world, i);
	must(world->judge.tests <= world->mark.packet && world->judge.conns <= world->mark.packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct world world;
	struct input in = { octets, length };
	uint64_t tests, findings, sum;

	play(&world, in, false);
	tests = world.judge.tests;
	findings = world.findings;
	sum = world.sum;
	if (length > 0 && octets[0] & 32) {
		play(&world, in, true);
		must(world.judge.tests == tests);
		must(world.findings == findings);
		must(world.sum == sum);
	}
	return 0;
}
