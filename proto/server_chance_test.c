/* The server session under events of chance: what must hold at all times (server_script_test.h, world_check and
 * world_book), the same decisions in every segmentation, and nothing left in the end. */
#include "proto/server_script_test.h"

#define CONNS  24
#define EVENTS 120

/* What a connection's client has in mind to send; events send it piece by piece. */
struct plan {
	struct iperf_cookie cookie;
	size_t length, sent;
	uint8_t octets[300];
};

enum what {
	CONNECT,
	OCTETS,
	END_OF_FILE,
	RESET,
	DATAGRAM,
	LATER, /* and the timer */
	STOP,
};

struct event {
	enum what what;
	size_t conn;
	size_t from, length;     /* OCTETS: of the plan */
	uint8_t datagram[60];
	struct iperf_endpoint client;
	int64_t ns;              /* LATER */
};

struct scenario {
	uint64_t seed;
	struct iperf_server_config config; /* timers and bounds only */
	struct plan plans[CONNS];
	size_t count;
	struct event events[EVENTS];
};

/* --- making one -------------------------------------------------------------------------------------------------- */

static void plan_add(struct plan *plan, const void *octets, size_t length)
{
	assert_true(length <= sizeof plan->octets - plan->length);
	memcpy(plan->octets + plan->length, octets, length);
	plan->length += length;
}

static void plan_message(struct plan *plan, enum iperf_message_kind kind)
{
	uint8_t message[IPERF_MESSAGE_MAX];

	plan_add(plan, message, iperf_message_write(message, kind, &plan->cookie));
}

static void make_plan(struct plan *plan, uint64_t *seed)
{
	static const enum iperf_message_kind kinds[] = {
		IPERF_TEST_BEGIN,   IPERF_TEST_BEGIN,      IPERF_STREAM_BEGIN,     IPERF_STREAM_BEGIN,
		IPERF_STREAM_BEGIN, IPERF_RESULTS_REQUEST, IPERF_RESULTS_REQUEST,  IPERF_TEST_END,
	};
	enum iperf_message_kind kind = kinds[chance(seed, COUNT(kinds))];

	plan->cookie = *cookie_named("AAAAAABC"[chance(seed, 8)]);
	plan->length = plan->sent = 0;
	plan_add(plan, &plan->cookie, sizeof plan->cookie);
	plan_message(plan, kind);
	if (kind == IPERF_TEST_BEGIN)
		plan_message(plan, chance(seed, 6) ? IPERF_TEST_END : IPERF_STREAM_END);
	if (kind != IPERF_TEST_BEGIN)
		plan_add(plan, "payload", chance(seed, 8));
	if (kind == IPERF_STREAM_BEGIN)
		plan_message(plan, IPERF_STREAM_END);
	plan_add(plan, "more", chance(seed, 5));
	if (chance(seed, 8) == 0)
		plan->octets[chance(seed, plan->length)] ^= 1;
}

static void make_datagram(struct event *event, uint64_t *seed)
{
	static const enum iperf_message_kind kinds[] = { IPERF_STREAM_BEGIN, IPERF_STREAM_END, IPERF_TEST_END };

	event->what = DATAGRAM;
	event->client = (struct iperf_endpoint){ .port = (uint16_t)(1 + 0x100 * chance(seed, 4)) };
	event->length = iperf_message_write(event->datagram, kinds[chance(seed, 3)],
					    cookie_named("AAAB"[chance(seed, 4)]));
	if (chance(seed, 3) == 0)
		event->length = chance(seed, event->length);
}

static void make_event(struct scenario *scenario, struct event *event, size_t *connected)
{
	uint64_t *seed = &scenario->seed;
	size_t dice = chance(seed, 100);
	size_t conn = *connected ? chance(seed, *connected) : 0;
	struct plan *plan = &scenario->plans[conn];

	*event = (struct event){ .conn = conn };
	if (*connected == 0 || (dice < 15 && *connected < CONNS)) {
		event->what = CONNECT;
		event->conn = (*connected)++;
	} else if (dice < 70) {
		event->what = OCTETS;
		event->from = plan->sent;
		event->length = plan->length - plan->sent;
		if (chance(seed, 3) == 0)
			event->length = chance(seed, event->length + 1);
		plan->sent += event->length;
	} else if (dice < 78) {
		event->what = chance(seed, 3) ? END_OF_FILE : RESET;
	} else if (dice < 90) {
		make_datagram(event, seed);
	} else if (dice < 99 || chance(seed, 4)) {
		event->what = LATER;
		event->ns = (int64_t)chance(seed, chance(seed, 3) ? 2000 : 20000) * IPERF_MS;
	} else {
		event->what = STOP;
	}
}

static void make_scenario(struct scenario *scenario, uint64_t seed)
{
	size_t connected = 0;

	scenario->seed = seed;
	iperf_server_defaults(&scenario->config);
	scenario->config.pending_max = 1 + chance(&scenario->seed, 6);
	scenario->config.results_max = 1 + chance(&scenario->seed, 3);
	scenario->config.streams_max = chance(&scenario->seed, 5);
	scenario->config.t_begin_ns = (int64_t)(1 + chance(&scenario->seed, 20)) * IPERF_S;
	scenario->config.t_idle_ns = (int64_t)(1 + chance(&scenario->seed, 20)) * IPERF_S;
	for (size_t i = 0; i < CONNS; i++)
		make_plan(&scenario->plans[i], &scenario->seed);
	scenario->count = EVENTS / 2 + chance(&scenario->seed, EVENTS / 2);
	for (size_t i = 0; i < scenario->count; i++)
		make_event(scenario, &scenario->events[i], &connected);
}

/* --- playing it -------------------------------------------------------------------------------------------------- */

/* All that a run has decided, and the deadline after each event. */
struct journal {
	size_t used;
	char text[100000];
};

static void play_octets(struct world *world, const struct plan *plan, const struct event *event)
{
	struct octets octets = { 0 };

	octets_append(&octets, plan->octets + event->from, event->length);
	script_octets(&world->script, world_feed, &world->conns[event->conn], &octets);
}

static void play_event(struct world *world, const struct scenario *scenario, const struct event *event)
{
	const struct world_conn *conn = &world->conns[event->conn];
	bool of_conn = event->what == OCTETS || event->what == END_OF_FILE || event->what == RESET;
	char name[24];

	if (of_conn && conn->gone)
		return;
	switch (event->what) {
	case CONNECT:
		snprintf(name, sizeof name, "c%zu", event->conn);
		world_connect(world, name, strlen(name), 40000 + (unsigned)event->conn);
		break;
	case OCTETS:
		play_octets(world, &scenario->plans[event->conn], event);
		break;
	case END_OF_FILE:
		iperf_server_eof(&world->server, conn->conn, world->now_ns);
		break;
	case RESET:
		iperf_server_reset(&world->server, conn->conn, world->now_ns);
		break;
	case DATAGRAM:
		iperf_server_datagram(&world->server, &event->client, ground(event->datagram, event->length),
				      event->length, world->now_ns);
		break;
	case LATER:
		world->now_ns += event->ns;
		world_timer(world);
		break;
	case STOP:
		iperf_server_stop(&world->server, world->now_ns);
		break;
	}
}

static void note(struct journal *journal, struct world *world, size_t event)
{
	int64_t deadline = iperf_server_deadline(&world->server);

	journal->used += (size_t)snprintf(journal->text + journal->used, sizeof journal->text - journal->used,
					  "event %zu, deadline %lld\n%s", event,
					  (long long)(deadline == INT64_MAX ? -1 : deadline - WORLD_BEGAN),
					  world->script.log);
	assert_true(journal->used < sizeof journal->text);
}

/* Nobody says anything any more: the timers alone must bring the session to rest. */
static void play_out(struct world *world)
{
	for (unsigned steps = 0; iperf_server_deadline(&world->server) < INT64_MAX; steps++) {
		assert_true(steps < CONNS + 2);
		world->script.used = 0;
		world->now_ns = iperf_server_deadline(&world->server);
		world_timer(world);
		world_settle(world);
	}
	assert_int_equal(world->server.state, IPERF_TEST_IDLE);
	for (size_t i = 0; i < world->conn_count; i++)
		assert_true(world->conns[i].gone);
}

static void play(struct journal *journal, const struct scenario *scenario, enum script_cut cut)
{
	static struct world world;
	struct iperf_server_config config = scenario->config;

	journal->used = 0;
	world_init(&world, &(struct script){ .cut = cut, .seed = scenario->seed });
	config.streams = world.streams;
	config.decide = world_decide;
	config.user = &world;
	iperf_server_init(&world.server, &config);
	for (size_t i = 0; i < scenario->count; i++) {
		world.script.used = 0;
		world.script.log[0] = '\0';
		play_event(&world, scenario, &scenario->events[i]);
		world_settle(&world);
		note(journal, &world, i);
	}
	play_out(&world);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

/* How often each kind of decision was seen: chance must reach all of them. */
static size_t times(const struct journal *journal, const char *word)
{
	size_t n = 0;

	for (const char *at = journal->text; (at = strstr(at, word)); at++)
		n++;
	return n;
}

static void any_events(void **state)
{
	static const char *const words[] = {
		"TAKE", "ACCEPT", "BEGIN", "STREAM", "STREAM udp", "RESPOND", "REJECT", "CLOSE", "RELEASE END",
		"RELEASE EOF", "RELEASE RESET", "RELEASE OCTET", "RELEASE T_IDLE", "RELEASE T_BEGIN", "RELEASE LEFT",
		"RELEASE STOP", "R-11-2", "R-11-4", "R-11-5", "R-6.2-4", "R-6.5-10", "R-5.1-4", "R-9.1-8", "R-9.1-12",
	};
	static struct scenario scenario;
	static struct journal whole, cut;
	size_t seen[COUNT(words)] = { 0 };
	uint64_t seed = seed_of(6);

	(void)state;
	for (unsigned i = 0; i < rounds(3000); i++) {
		make_scenario(&scenario, seed + i);
		play(&whole, &scenario, SCRIPT_WHOLE);
		for (size_t w = 0; w < COUNT(words); w++)
			seen[w] += times(&whole, words[w]);
		for (int n = 0; n < 2; n++) {
			play(&cut, &scenario, n ? SCRIPT_CHANCE : SCRIPT_ONES);
			if (strcmp(whole.text, cut.text) != 0)
				row_fail(AT, "seed %llu: the decisions depend on segmentation\n# whole:\n%s# cut:\n%s",
					 (unsigned long long)(seed + i), whole.text, cut.text);
		}
	}
	for (size_t w = 0; w < COUNT(words); w++)
		if (seen[w] == 0 && !slow()) /* fewer rounds may miss one */
			row_fail(AT, "%s was never seen", words[w]);
}

/* The session's own memory is what the header says, and nothing grows with a test. */
static void memory(void **state)
{
	(void)state;
	assert_true(sizeof(struct iperf_server) < 2048);
	assert_true(sizeof(struct iperf_conn) < 512);
	assert_true(sizeof(struct iperf_stream) < 256);
}

int main(void)
{
	test_add("13.1/any-events R-4.3-1 R-6.1-1 R-6.2-1 R-6.5-4 R-11-1 R-11-3 R-11-5", any_events, NULL);
	test_add("11/memory R-11-1 R-11-3 R-11-5", memory, NULL);
	return tests_run("server_chance");
}
