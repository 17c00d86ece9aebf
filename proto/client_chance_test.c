/* The client session against a server and a network of chance: what must hold at all times (client_script_test.h,
 * client_check_*), the same decisions in every segmentation, and an end. */
#include "proto/client_script_test.h"

#define EVENTS 150

/* All that a run has decided. */
struct journal {
	size_t used;
	char text[60000];
};

static void note(struct journal *journal, struct client_world *world, const char *event, int who)
{
	int64_t deadline = iperf_client_deadline(&world->client);

	journal->used += (size_t)snprintf(journal->text + journal->used, sizeof journal->text - journal->used,
					  "%s %d, deadline %lld\n%s", event, who,
					  (long long)(deadline == INT64_MAX ? -1 : deadline - CLIENT_BEGAN),
					  world->script.log);
	assert_true(journal->used < sizeof journal->text);
}

/* An answer that lists some of the streams, mostly whole and right. */
static void make_answer(struct client_world *world, uint64_t *seed, struct octets *answer)
{
	char words[400] = "ANSWER{";
	size_t used = strlen(words), all = chance(seed, 3);

	for (size_t i = 0; i < world->client.config.stream_count; i++) {
		if (!all && chance(seed, 3) == 0)
			continue;
		used += (size_t)snprintf(words + used, sizeof words - used, "%s%s %zu %zu %c",
					 words[used - 1] == '{' ? "" : "; ",
					 world->streams[i].protocol == IPERF_UDP ? "udp" : "tcp", 50000 + i,
					 chance(seed, 1000), all || chance(seed, 3) ? '+' : '-');
	}
	snprintf(words + used, sizeof words - used, "}");
	octets_of(answer, words);
	if (chance(seed, 20) == 0)
		answer->at[chance(seed, answer->length)] ^= 1;
	if (chance(seed, 20) == 0)
		answer->length = chance(seed, answer->length);
}

static const char *feed(struct client_world *world, uint64_t *seed, int who)
{
	struct octets octets;

	if (who == IPERF_WHO_RESULTS)
		make_answer(world, seed, &octets);
	else
		octets_of(&octets, "'x'");
	script_octets(&world->script, client_feed, &who, &octets);
	return "octets";
}

static const char *end(struct client_world *world, int who)
{
	iperf_client_ended(&world->client, who, world->now_ns);
	return "ended";
}

/* Something that can happen to an end that is open or being opened. */
static const char *event_of_end(struct client_world *world, uint64_t *seed, int who)
{
	struct client_end *it = client_end(world, who);
	size_t dice = chance(seed, 100);

	if (it->opening && dice < 97) {
		it->opening = false;
		it->open = true;
		iperf_client_opened(&world->client, who, (uint16_t)(50000 + who), world->now_ns);
		return "opened";
	}
	if (it->opening) {
		it->opening = false;
		if (who == IPERF_WHO_RESULTS)
			it->ended_ns = world->now_ns;
		iperf_client_failed(&world->client, who, "by chance", world->now_ns);
		return "failed";
	}
	if (who == IPERF_WHO_RESULTS) {
		if (dice >= 85)
			return end(world, who);
		feed(world, seed, who);
		return it->open ? end(world, who) : "wrong";
	}
	if (it->half_closed && dice < 80)
		return end(world, who);
	if (dice < 1)
		return feed(world, seed, who);
	return dice < (who >= 0 ? 9 : 2) ? end(world, who) : "nothing";
}

static const char *event_of_time(struct client_world *world, uint64_t *seed)
{
	int64_t deadline = iperf_client_deadline(&world->client);

	bool soon = deadline < INT64_MAX && deadline - world->now_ns < IPERF_S;

	if (soon || (deadline < INT64_MAX && chance(seed, 40) == 0))
		world->now_ns = deadline > world->now_ns ? deadline : world->now_ns;
	else
		world->now_ns += (int64_t)chance(seed, 100) * IPERF_MS;
	client_timer(world);
	return "later";
}

static void play_event(struct client_world *world, uint64_t *seed, struct journal *journal)
{
	int who = (int)chance(seed, world->client.config.stream_count + 2) - 2;
	const struct client_end *it = client_end(world, who);
	const char *event = "nothing";
	size_t dice = chance(seed, 100);

	if (dice < 80 && (it->opening || it->open)) {
		event = event_of_end(world, seed, who);
	} else if (dice < 90 && world->flows) {
		world->flows = false;
		iperf_client_payload_over(&world->client, world->now_ns);
		event = "over";
	} else if (dice < 99 || chance(seed, 8)) {
		event = event_of_time(world, seed);
	} else {
		iperf_client_stop(&world->client, world->now_ns);
		event = "stop";
	}
	note(journal, world, event, who);
}

static void play(struct journal *journal, uint64_t seed, enum script_cut cut)
{
	static struct client_world world;
	char streams[60] = "";

	journal->used = 0;
	client_world_init(&world, &(struct script){ .cut = cut, .seed = seed });
	for (size_t n = chance(&seed, 5); n; n--)
		strcat(streams, chance(&seed, 2) ? " tcp" : " udp");
	client_streams(&world, streams);
	iperf_client_start(&world.client, world.now_ns);
	for (size_t i = 0; i < EVENTS && !world.over; i++) {
		world.script.used = 0;
		world.script.log[0] = '\0';
		play_event(&world, &seed, journal);
	}
	/* The network falls silent and the user has had enough payload: the timers alone must bring the end. */
	for (unsigned steps = 0; !world.over; steps++) {
		assert_true(steps < 3000);
		world.script.used = 0;
		if (world.flows) {
			world.flows = false;
			iperf_client_payload_over(&world.client, world.now_ns);
			continue;
		}
		assert_true(iperf_client_deadline(&world.client) < INT64_MAX);
		world.now_ns = iperf_client_deadline(&world.client);
		client_timer(&world);
	}
	journal->used += (size_t)snprintf(journal->text + journal->used, sizeof journal->text - journal->used,
					  "OUTCOME %s %s\n", client_outcome(&world.client), world.client.detail);
}

static void any_events(void **state)
{
	static const char *const words[] = {
		"OUTCOME OK",      "OUTCOME INCOMPLETE", "OUTCOME STREAM_LOST", "OUTCOME TIMEOUT",
		    "OUTCOME MALFORMED",
		"OUTCOME REFUSED", "OUTCOME ABORTED",    "OUTCOME REJECTED",    "OUTCOME INTERRUPTED", "FLOW", "HALT",
	};
	static struct journal whole, cut;
	size_t seen[COUNT(words)] = { 0 };
	uint64_t seed = seed_of(9);

	(void)state;
	for (unsigned i = 0; i < rounds(3000); i++) {
		play(&whole, seed + i, SCRIPT_WHOLE);
		for (size_t w = 0; w < COUNT(words); w++)
			seen[w] += strstr(whole.text, words[w]) != NULL;
		for (int n = 0; n < 2; n++) {
			play(&cut, seed + i, n ? SCRIPT_CHANCE : SCRIPT_ONES);
			if (strcmp(whole.text, cut.text) != 0)
				row_fail(AT, "seed %llu: the decisions depend on segmentation\n# whole:\n%s# cut:\n%s",
					 (unsigned long long)(seed + i), whole.text, cut.text);
		}
	}
	for (size_t w = 0; w < COUNT(words); w++)
		if (seen[w] == 0 && !slow()) /* fewer rounds may miss one */
			row_fail(AT, "%s was never seen", words[w]);
}

int main(void)
{
	test_add("13.3/any-events R-4.3-1 R-5.1-7 R-5.1-8 R-7-3 R-8.4-2 R-9.1-2 R-9.3-6", any_events, NULL);
	return tests_run("client_chance");
}
