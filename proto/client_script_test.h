/* A world around a client session, for scripts (script_test.h) and for chance: it keeps what is open, watches what must
 * hold at all times, and logs the decisions.
 *
 * Steps, where WHO is control, results, or a stream's number from 1:
 *   streams tcp udp         the streams of the test; first step of a script
 *   config results=10 reject=0.5 again=0.05 text=4000 listed=8      seconds, octets, streams; behind it, if at all
 *   start     opened WHO [port]     failed WHO reason     WHO: octets     ended WHO     over     stop
 *   +2.5      so many seconds later
 *   timer     the timer is called
 *   wait      the time of the deadline has come, and the timer is called
 *   state, deadline, outcome, listing       queries: what they say is logged
 *
 * Log: OPEN control, SEND 1 A STREAM_BEGIN and so on, in the names of enum iperf_client_decision_kind; OVER shows the
 * outcome and its requirement. */
#ifndef IPERF_PROTO_CLIENT_SCRIPT_TEST_H
#define IPERF_PROTO_CLIENT_SCRIPT_TEST_H

#include "proto/client.h"
#include "proto/script_test.h"

#define CLIENT_STREAMS 8
#define CLIENT_BEGAN   (INT64_C(2000) * IPERF_S) /* any time; not 0 */

/* One end that the client was told to open, by WHO + 2. */
struct client_end {
	bool opening, open, half_closed;
	unsigned begins, ends;  /* STREAM_BEGIN and STREAM_END that were sent */
	unsigned sends;         /* since it opened */
	int64_t ended_ns;       /* UDP: the last STREAM_END; results: the end of the last one */
};

struct client_world {
	struct script script;
	struct iperf_client client;
	struct iperf_client_stream streams[CLIENT_STREAMS];
	struct iperf_stream_result listed[CLIENT_STREAMS];
	char text[4000];
	int64_t now_ns;
	struct client_end end_[CLIENT_STREAMS + 2];
	bool begun, test_ended, flows, over;
	enum iperf_client_state asked_in; /* the state of the last request */
};

static inline struct client_end *client_end(struct client_world *world, int who)
{
	assert_in_range(who + 2, 0, CLIENT_STREAMS + 1);
	return &world->end_[who + 2];
}

/* --- decisions, and what must hold of them ----------------------------------------------------------------------- */

static inline bool client_is_udp(const struct client_world *world, int who)
{
	return who >= 0 && world->streams[who].protocol == IPERF_UDP;
}

static inline void client_check_open(struct client_world *world, int who)
{
	struct client_end *end = client_end(world, who);

	assert_false(end->opening || end->open);
	for (int other = -2; other < CLIENT_STREAMS; other++)
		if (!client_is_udp(world, other)) /* each preamble is written before the next opens: R-5.1-7 */
			assert_true(!client_end(world, other)->open || client_end(world, other)->sends > 0);
	assert_int_equal(who != IPERF_WHO_CONTROL, world->begun); /* R-5.1-8; and one control connection: R-7-2 */
	if (who == IPERF_WHO_RESULTS) {
		if (world->asked_in == world->client.state) /* the same series: R-9.3-6 */
			assert_true(world->now_ns - end->ended_ns >= 10 * IPERF_MS);
		world->asked_in = world->client.state;
	}
	*end = (struct client_end){ .opening = true, .ended_ns = end->ended_ns };
}

/* The datagrams of a UDP stream: R-8.4-1, R-8.4-2. */
static inline void client_check_datagram(struct client_world *world, struct client_end *end, const char *words)
{
	if (strcmp(words, "STREAM_BEGIN") == 0) {
		end->begins++;
		assert_int_equal(end->ends, 0);
		return;
	}
	assert_string_equal(words, "STREAM_END");
	assert_true(end->begins >= 3);
	assert_true(end->ends == 0 || world->now_ns - end->ended_ns >= 10 * IPERF_MS);
	end->ended_ns = world->now_ns;
	end->ends++;
}

/* On TCP: first the preamble and its message, then what ends, on the control connection and on streams. */
static inline void client_check_send(struct client_world *world, int who, struct client_end *end, const char *words)
{
	static const char *const control[] = { "A TEST_BEGIN", "TEST_END" }, *const request[] = { "A RESULTS_REQUEST" },
				 *const stream[] = { "A STREAM_BEGIN", "STREAM_END" };
	const char *const *expected = who == IPERF_WHO_CONTROL ? control : who == IPERF_WHO_RESULTS ? request : stream;

	assert_true(end->open && !end->half_closed);
	assert_false(world->test_ended); /* R-7-3 */
	if (client_is_udp(world, who)) {
		client_check_datagram(world, end, words);
		return;
	}
	assert_true(end->sends < (who == IPERF_WHO_RESULTS ? 1U : 2U)); /* R-9.1-2 */
	assert_string_equal(words, expected[end->sends++]);
	world->begun = world->begun || who == IPERF_WHO_CONTROL;
	world->test_ended = who == IPERF_WHO_CONTROL && end->sends == 2;
}

static inline void client_check_half_close(struct client_world *world, int who, struct client_end *end)
{
	assert_true(end->open && !end->half_closed && !client_is_udp(world, who));
	assert_true(who == IPERF_WHO_RESULTS ? end->sends == 1 : end->sends == 2); /* R-6.5-7, R-8.1-3 */
	end->half_closed = true;
}

static inline void client_check_over(struct client_world *world)
{
	world->over = true;
	for (int who = -2; who < CLIENT_STREAMS; who++) /* nothing is left open, nor on its way */
		assert_false(client_end(world, who)->open || client_end(world, who)->opening);
	assert_int_equal(world->client.state, IPERF_CLIENT_DONE);
	assert_int_equal(world->client.outcome == IPERF_OUTCOME_OK, *world->client.detail == '\0');
}

static inline const char *client_who(int who, char *text, size_t size)
{
	if (who >= 0)
		snprintf(text, size, "%d", who + 1);
	else
		snprintf(text, size, "%s", who == IPERF_WHO_CONTROL ? "control" : "results");
	return text;
}

static inline const char *client_outcome(const struct iperf_client *client)
{
	static const char *const outcomes[] = { "OK",      "INCOMPLETE", "STREAM_LOST", "TIMEOUT",    "MALFORMED",
						"REFUSED", "ABORTED",    "REJECTED",    "INTERRUPTED" };

	return outcomes[client->outcome];
}

static inline void client_decide(void *user, const struct iperf_client *client,
				 const struct iperf_client_decision *decision)
{
	struct client_world *world = user;
	struct client_end *end = client_end(world, decision->who);
	const char *why = iperf_requirements[client->why].id;
	char who[20], words[200];

	client_who(decision->who, who, sizeof who);
	assert_false(world->over);
	(void)iperf_client_deadline(client); /* queries are allowed here */
	switch (decision->kind) {
	case IPERF_CLIENT_OPEN:
		script_log(&world->script, "OPEN %s", who);
		client_check_open(world, decision->who);
		break;
	case IPERF_CLIENT_SEND:
		words_of(decision->octets, decision->length, words, sizeof words);
		script_log(&world->script, "SEND %s %s", who, words);
		client_check_send(world, decision->who, end, words);
		break;
	case IPERF_CLIENT_HALF_CLOSE:
		script_log(&world->script, "HALF_CLOSE %s", who);
		client_check_half_close(world, decision->who, end);
		break;
	case IPERF_CLIENT_CLOSE:
		script_log(&world->script, "CLOSE %s", who);
		end->open = end->opening = false;
		if (decision->who == IPERF_WHO_RESULTS)
			end->ended_ns = world->now_ns;
		break;
	case IPERF_CLIENT_FLOW:
		script_log(&world->script, "FLOW");
		assert_false(world->flows);
		world->flows = true;
		break;
	case IPERF_CLIENT_HALT:
		script_log(&world->script, "HALT");
		assert_true(world->flows);
		break;
	case IPERF_CLIENT_OVER:
		script_log(&world->script, "OVER %s%s%s", client_outcome(client), *why ? " " : "", why);
		client_check_over(world);
		break;
	}
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static inline void client_world_init(struct client_world *world, const struct script *script)
{
	struct iperf_client_config config;

	memset(world, 0, sizeof *world);
	world->script = *script;
	world->now_ns = CLIENT_BEGAN;
	iperf_client_defaults(&config);
	config.streams = world->streams;
	config.results = (struct iperf_results){ .capacity = COUNT(world->listed), .streams = world->listed };
	config.text = world->text;
	config.text_size = sizeof world->text;
	config.decide = client_decide;
	config.user = world;
	iperf_client_init(&world->client, &config, cookie_named('A'));
}

static inline bool client_feed(struct script *script, void *context, const uint8_t *octets, size_t length)
{
	struct client_world *world = (struct client_world *)(void *)script; /* its first member */
	const int *who = context;

	iperf_client_octets(&world->client, *who, octets, length, world->now_ns);
	return client_end(world, *who)->open;
}

static inline void client_streams(struct client_world *world, const char *words)
{
	struct iperf_client_config config = world->client.config;

	for (words += strspn(words, " "); *words; words += strcspn(words, " "), words += strspn(words, " ")) {
		assert_true(config.stream_count < CLIENT_STREAMS);
		config.streams[config.stream_count++].protocol = *words == 'u' ? IPERF_UDP : IPERF_TCP;
	}
	iperf_client_init(&world->client, &config, cookie_named('A'));
}

static inline void client_config(struct client_world *world, const char *words)
{
	struct iperf_client_config config = world->client.config;
	char name[20];
	double value;
	int used;

	for (; sscanf(words, " %19[a-z]=%lf%n", name, &value, &used) == 2; words += used) {
		if (strcmp(name, "results") == 0)
			config.t_results_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "reject") == 0)
			config.t_reject_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "again") == 0)
			config.again_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "text") == 0)
			config.text_size = (size_t)value;
		else if (strcmp(name, "listed") == 0)
			config.results.capacity = (size_t)value;
		else
			fail_msg("no such setting: %s", name);
	}
	assert_int_equal(*words, '\0');
	iperf_client_init(&world->client, &config, cookie_named('A'));
}

static inline void client_timer(struct client_world *world)
{
	iperf_client_timer(&world->client, world->now_ns);
	assert_true(iperf_client_deadline(&world->client) > world->now_ns); /* all that was due is done */
}

/* The WHO of a word; *rest becomes what follows it. */
static inline int client_who_of(const char *word, const char **rest)
{
	size_t length = strcspn(word, ": ");

	*rest = word + length;
	if (strncmp(word, "control", length) == 0)
		return IPERF_WHO_CONTROL;
	if (strncmp(word, "results", length) == 0)
		return IPERF_WHO_RESULTS;
	assert_true(*word >= '1' && *word <= '0' + CLIENT_STREAMS);
	return *word - '1';
}

static inline void client_opened(struct client_world *world, const char *words)
{
	const char *rest;
	int who = client_who_of(words, &rest);

	client_end(world, who)->open = client_end(world, who)->opening; /* it may come too late */
	client_end(world, who)->opening = false;
	iperf_client_opened(&world->client, who, (uint16_t)atoi(rest), world->now_ns);
}

static inline void client_failed(struct client_world *world, const char *words)
{
	const char *rest;
	int who = client_who_of(words, &rest);

	client_end(world, who)->opening = false;
	if (who == IPERF_WHO_RESULTS)
		client_end(world, who)->ended_ns = world->now_ns;
	iperf_client_failed(&world->client, who, rest + strspn(rest, " "), world->now_ns);
}

static inline bool client_query(struct client_world *world, const char *step)
{
	static const char *const states[] = { "START",  "BEGIN",   "CONFIRM", "PAYLOAD",
					      "ENDING", "RESULTS", "FINISH",  "DONE" };
	const struct iperf_client *client = &world->client;
	int64_t deadline = iperf_client_deadline(client);

	if (strcmp(step, "state") == 0) {
		script_log(&world->script, "%s", states[client->state]);
	} else if (strcmp(step, "deadline") == 0) {
		if (deadline == INT64_MAX)
			script_log(&world->script, "none");
		else
			script_log(&world->script, "in %g", (double)(deadline - world->now_ns) / 1e9);
	} else if (strcmp(step, "outcome") == 0) {
		script_log(&world->script, "%s %s: %s", client_outcome(client), iperf_requirements[client->why].id,
			   client->detail);
	} else if (strcmp(step, "listing") == 0) {
		script_log(&world->script, "%s, %zu streams, %llu bytes",
			   client->answered ? "answered" : "not answered", client->results.count,
			   (unsigned long long)client->results.bytes);
	} else {
		return false;
	}
	return true;
}

static inline void client_world_step(struct script *script, const char *step)
{
	struct client_world *world = (struct client_world *)(void *)script; /* its first member */
	struct octets octets;
	const char *rest;
	int who;

	if (strncmp(step, "streams", 7) == 0) {
		client_streams(world, step + 7);
	} else if (strncmp(step, "config", 6) == 0) {
		client_config(world, step + 6);
	} else if (strcmp(step, "start") == 0) {
		iperf_client_start(&world->client, world->now_ns);
	} else if (strncmp(step, "opened ", 7) == 0) {
		client_opened(world, step + 7);
	} else if (strncmp(step, "failed ", 7) == 0) {
		client_failed(world, step + 7);
	} else if (strncmp(step, "ended ", 6) == 0) {
		who = client_who_of(step + 6, &rest);
		iperf_client_ended(&world->client, who, world->now_ns);
	} else if (strcmp(step, "over") == 0) {
		world->flows = false;
		iperf_client_payload_over(&world->client, world->now_ns);
	} else if (strcmp(step, "stop") == 0) {
		iperf_client_stop(&world->client, world->now_ns);
	} else if (*step == '+') {
		world->now_ns += (int64_t)(strtod(step, NULL) * 1e9 + 0.5);
	} else if (strcmp(step, "timer") == 0) {
		client_timer(world);
	} else if (strcmp(step, "wait") == 0) {
		assert_true(iperf_client_deadline(&world->client) < INT64_MAX);
		world->now_ns = iperf_client_deadline(&world->client);
		client_timer(world);
	} else if (!client_query(world, step)) {
		who = client_who_of(step, &rest);
		assert_int_equal(*rest, ':');
		octets_of(&octets, rest + 1);
		script_octets(&world->script, client_feed, &who, &octets);
	}
}

/* The end of every script: the client is stopped, if it is not done, and nothing is left open. */
static inline void client_world_end(struct client_world *world)
{
	world->script.used = 0;
	iperf_client_stop(&world->client, world->now_ns);
	assert_true(world->over);
	assert_true(iperf_client_deadline(&world->client) == INT64_MAX);
}

/* Runs a row of scripts in every segmentation. */
static inline void run_client_script(void **state)
{
	static struct client_world world;
	struct script script = { .row = *state };

	do {
		script.seed = seed_of(7) + script.cut_at;
		client_world_init(&world, &script);
		script_run(&world.script, client_world_step);
		client_world_end(&world);
		script.longest = world.script.longest > script.longest ? world.script.longest : script.longest;
	} while (script_next(&script));
}

#endif
