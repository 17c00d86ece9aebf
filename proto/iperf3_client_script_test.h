/* A world around a client session of the iperf3 profile, for scripts (script_test.h): it keeps what is open, watches
 * what must hold at all times, and logs the decisions.
 *
 * Steps, where WHO is control or a stream's number from 1:
 *   config reply=30 settle=0.05 receive=0 room=2000 listed=8      seconds, octets, streams; first step, if at all
 *   parameters udp parallel=2 time=1 omit=1 num=9 blockcount=9 reverse bidirectional       next step, if at all
 *   start     opened WHO     failed WHO reason     ended WHO     reset WHO     over     stop
 *   WHO: items               octets from the server, in the cuts of the run
 *   arrived                  payload, now
 *   udp 1: items             a datagram to that stream
 *   +2.5                     so many seconds later
 *   timer                    the timer is called
 *   wait                     the time of the deadline has come, and the timer is called
 *   state, deadline, outcome, peer, error   queries: what they say is logged
 *
 * Items: states by their names; '...' octets; {...} a text behind its length (no spaces in it); RESULTS, such a text
 * for two streams; =0d0a in hexadecimal; x*5.
 *
 * Log: OPEN control, SEND control cookie, SEND control PARAM_EXCHANGE, SEND control length 9, SEND control {...}, FLOW
 * and so on, in the names of enum iperf3_client_decision_kind; OVER shows the outcome and its requirement. */
#ifndef IPERF_PROTO_IPERF3_CLIENT_SCRIPT_TEST_H
#define IPERF_PROTO_IPERF3_CLIENT_SCRIPT_TEST_H

#include "proto/iperf3_client.h"
#include "proto/script_test.h"

#define CLIENT_STREAMS 8
#define CLIENT_BEGAN   (INT64_C(2000) * IPERF_S) /* any time; not 0 */

/* One end that the client was told to open, by WHO + 1. */
struct client_end {
	bool opening, open, half_closed;
	size_t sends;
	int64_t sent_ns;
};

struct client_world {
	struct script script;
	struct iperf3_client client;
	struct iperf3_parameters parameters;
	struct iperf3_results own, peer;
	struct iperf3_stream_result own_streams[CLIENT_STREAMS], peer_streams[CLIENT_STREAMS];
	uint8_t room[2000];
	int64_t now_ns;
	struct client_end ends[CLIENT_STREAMS + 1];
	bool flows, flowed, halted, frozen, counted, over;
};

static const char *const client_states[] = { "CONNECT", "COOKIE",  "PARAMETERS", "STREAMS", "START",
					     "STARTED", "PAYLOAD", "ENDING",	 "ENDED",   "RESULTS",
					     "DISPLAY", "FINISH",  "ERROR",	 "DONE" };
static const char *const client_outcomes[] = { "OK",	    "REFUSED", "DENIED",     "STREAM_LOST", "TIMEOUT",
					       "MALFORMED", "ERROR",   "TERMINATED", "ENDED",	    "LOCAL",
					       "INTERRUPTED" };

#define CLIENT_RESULTS_TEXT                                                                                      \
	"{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,"          \
	"\"streams\":[{\"id\":1,\"bytes\":7,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0},"          \
	"{\"id\":3,\"bytes\":8,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}"

static inline struct client_end *client_end(struct client_world *world, int who)
{
	assert_in_range(who + 1, 0, CLIENT_STREAMS);
	return &world->ends[who + 1];
}

/* --- decisions, and what must hold of them ----------------------------------------------------------------------- */

static inline const char *client_who(int who, char text[static 20])
{
	if (who == IPERF3_WHO_CONTROL)
		return "control";
	snprintf(text, 20, "%d", who + 1);
	return text;
}

static inline void client_open(struct client_world *world, int who)
{
	struct client_end *end = client_end(world, who);
	char text[20];

	script_log(&world->script, "OPEN %s", client_who(who, text));
	assert_false(end->opening || end->open);
	for (size_t i = 0; i <= CLIENT_STREAMS; i++) /* one after the other, each with its first octets: R-25-1 */
		assert_true(!world->ends[i].opening && (!world->ends[i].open || world->ends[i].sends > 0));
	*end = (struct client_end){ .opening = true };
}

static inline void client_log_send(struct client_world *world, const char *who,
				   const struct iperf3_client_decision *decision)
{
	static const uint8_t hello[] = { 0x39, 0x38, 0x37, 0x36 };
	const uint8_t *octets = decision->octets;

	if (decision->length == IPERF3_COOKIE_LENGTH)
		script_log(&world->script, "SEND %s cookie", who);
	else if (decision->length == 1)
		script_log(&world->script, "SEND %s %s", who, iperf3_state_name((int8_t)octets[0]));
	else if (decision->length == 4 && memcmp(octets, hello, 4) == 0)
		script_log(&world->script, "SEND %s hello", who);
	else if (decision->length == 4)
		script_log(&world->script, "SEND %s length %u", who,
			   (unsigned)(octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3]));
	else
		script_log(&world->script, "SEND %s %.*s", who, (int)decision->length, (const char *)octets);
}

static inline void client_send(struct client_world *world, const struct iperf3_client_decision *decision)
{
	struct client_end *end = client_end(world, decision->who);
	bool udp = decision->who >= 0 && world->parameters.protocol == IPERF_UDP;
	char text[20];

	client_log_send(world, client_who(decision->who, text), decision);
	assert_true(end->open && !end->half_closed);
	if (udp) {
		assert_int_equal(decision->length, 4);
		assert_true(end->sends == 0 || world->now_ns - end->sent_ns >= IPERF_S); /* R-26.1-10 */
	} else if (end->sends == 0) {
		assert_int_equal(decision->length, IPERF3_COOKIE_LENGTH); /* R-22.1-1, R-25-1 */
		assert_memory_equal(decision->octets, world->client.cookie.octets, IPERF3_COOKIE_LENGTH);
	} else {
		assert_int_equal(decision->who, IPERF3_WHO_CONTROL); /* payload is not the session's */
	}
	if (decision->length == 1 && decision->octets[0] == IPERF3_TEST_END)
		assert_true(world->frozen); /* R-27.1-7 */
	if (decision->length == 1 && decision->who < 0)
		assert_true(iperf3_state_of_client((int8_t)decision->octets[0])); /* R-22.3-2 */
	end->sends++;
	end->sent_ns = world->now_ns;
}

static inline void client_count(struct client_world *world)
{
	script_log(&world->script, "COUNT");
	assert_true(world->frozen && !world->counted);
	world->counted = true;
	world->own.count = (size_t)iperf3_parameters_streams(&world->parameters);
	for (size_t i = 0; i < world->own.count; i++)
		world->own_streams[i] = (struct iperf3_stream_result){ .id = iperf3_stream_id(i),
								       .bytes = 1000 + (int64_t)i };
}

static inline void client_over(struct client_world *world)
{
	const char *why = iperf_requirements[world->client.why].id;

	script_log(&world->script, "OVER %s%s%s", client_outcomes[world->client.outcome], *why ? " " : "", why);
	for (size_t i = 0; i <= CLIENT_STREAMS; i++)
		assert_false(world->ends[i].open || world->ends[i].opening);
	assert_int_equal(world->client.state, IPERF3_CLIENT_DONE);
	assert_int_equal(world->client.outcome == IPERF3_OUTCOME_OK, *world->client.detail == '\0');
	world->over = true;
}

static inline void client_payload_decision(struct client_world *world, enum iperf3_client_decision_kind kind)
{
	switch (kind) {
	case IPERF3_CLIENT_FLOW:
		script_log(&world->script, "FLOW");
		assert_false(world->flowed);
		world->flows = world->flowed = true;
		break;
	case IPERF3_CLIENT_MEASURE:
		script_log(&world->script, "MEASURE");
		assert_true(world->flows && !world->halted);
		break;
	case IPERF3_CLIENT_FREEZE:
		script_log(&world->script, "FREEZE");
		assert_true(world->halted && !world->frozen);
		world->frozen = true;
		break;
	default:
		script_log(&world->script, "HALT");
		assert_true(world->flows && !world->halted);
		world->halted = true;
		break;
	}
}

static inline void client_decide(void *user, const struct iperf3_client *client,
				 const struct iperf3_client_decision *decision)
{
	struct client_world *world = user;
	char text[20];

	assert_false(world->over);
	(void)iperf3_client_deadline(client); /* queries are allowed here */
	switch (decision->kind) {
	case IPERF3_CLIENT_OPEN:
		client_open(world, decision->who);
		break;
	case IPERF3_CLIENT_SEND:
		client_send(world, decision);
		break;
	case IPERF3_CLIENT_HALF_CLOSE:
		script_log(&world->script, "HALF_CLOSE %s", client_who(decision->who, text));
		assert_true(client_end(world, decision->who)->open);
		client_end(world, decision->who)->half_closed = true;
		break;
	case IPERF3_CLIENT_CLOSE:
		script_log(&world->script, "CLOSE %s", client_who(decision->who, text));
		assert_true(client_end(world, decision->who)->open || client_end(world, decision->who)->opening);
		*client_end(world, decision->who) = (struct client_end){ false };
		break;
	case IPERF3_CLIENT_COUNT:
		client_count(world);
		break;
	case IPERF3_CLIENT_OVER:
		client_over(world);
		break;
	case IPERF3_CLIENT_FLOW:
	case IPERF3_CLIENT_MEASURE:
	case IPERF3_CLIENT_HALT:
	case IPERF3_CLIENT_FREEZE:
		client_payload_decision(world, decision->kind);
		break;
	}
}

/* --- items ------------------------------------------------------------------------------------------------------- */

static inline void client_append_text(struct octets *octets, const char *text, size_t length)
{
	uint8_t prefix[IPERF3_LENGTH_SIZE];

	iperf3_length_write(prefix, (uint32_t)length);
	octets_append(octets, prefix, sizeof prefix);
	octets_append(octets, text, length);
}

static inline void client_octets_of(struct octets *octets, const char *words)
{
	octets->length = 0;
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");
		int state;

		if (*words == '{')
			client_append_text(octets, words, length);
		else if (length == 7 && memcmp(words, "RESULTS", 7) == 0)
			client_append_text(octets, CLIENT_RESULTS_TEXT, strlen(CLIENT_RESULTS_TEXT));
		else if (iperf3_state_named(words, length, &state))
			octets_append(octets, &(uint8_t){ (uint8_t)state }, 1);
		else
			length = (size_t)(octets_item(octets, words) - words);
		words += length;
	}
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static inline void client_world_init(struct client_world *world, const struct script *script)
{
	struct iperf3_client_config config;
	struct iperf3_cookie cookie;

	memset(world, 0, sizeof *world);
	world->script = *script;
	world->now_ns = CLIENT_BEGAN;
	world->parameters = (struct iperf3_parameters){ .time = 1, .parallel = 1, .len = 16 };
	world->own.streams = world->own_streams;
	world->own.capacity = world->peer.capacity = CLIENT_STREAMS;
	world->peer.streams = world->peer_streams;
	world->parameters.present = 1 << IPERF3_KEY_TIME | 1 << IPERF3_KEY_PARALLEL;
	iperf3_client_defaults(&config);
	config.parameters = &world->parameters;
	config.own = &world->own;
	config.peer = &world->peer;
	config.room = world->room;
	config.room_size = sizeof world->room;
	config.decide = client_decide;
	config.user = world;
	memcpy(cookie.octets, "abcdefghijklmnopqrstuvwxyz2345672345", IPERF3_COOKIE_LENGTH);
	iperf3_client_init(&world->client, &config, &cookie);
}

static inline bool client_feed(struct script *script, void *context, const uint8_t *octets, size_t length)
{
	struct client_world *world = (struct client_world *)(void *)script; /* its first member */
	const int *who = context;

	iperf3_client_octets(&world->client, *who, octets, length, world->now_ns);
	return client_end(world, *who)->open;
}

static inline void client_config(struct client_world *world, const char *words)
{
	struct iperf3_client_config *config = &world->client.config;
	char name[20];
	double value;
	int used;

	for (; sscanf(words, " %19[a-z]=%lf%n", name, &value, &used) == 2; words += used) {
		if (strcmp(name, "reply") == 0)
			config->t_reply_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "settle") == 0)
			config->t_settle_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "receive") == 0)
			config->t_receive_ns = (int64_t)(value * 1e9 + 0.5);
		else if (strcmp(name, "room") == 0)
			config->room_size = (size_t)value;
		else if (strcmp(name, "listed") == 0)
			world->peer.capacity = (size_t)value;
		else
			fail_msg("no such setting: %s", name);
	}
	assert_int_equal(*words, '\0');
}

static inline void client_parameters(struct client_world *world, const char *words)
{
	struct iperf3_parameters *parameters = &world->parameters;
	const struct {
		const char *name;
		int64_t *field;
	} numbers[] = { { "parallel", &parameters->parallel }, { "time", &parameters->time },
			{ "omit", &parameters->omit },	       { "num", &parameters->num },
			{ "blockcount", &parameters->blockcount } };
	char name[20];
	int used;

	for (; sscanf(words, " %19[a-z]%n", name, &used) == 1; words += used) {
		bool known = true;

		if (strcmp(name, "udp") == 0)
			parameters->protocol = IPERF_UDP;
		else if (strcmp(name, "reverse") == 0)
			parameters->reverse = true;
		else if (strcmp(name, "bidirectional") == 0)
			parameters->bidirectional = true;
		else
			known = false;
		for (size_t i = 0; i < COUNT(numbers) && !known; i++) {
			known = strcmp(name, numbers[i].name) == 0 && words[used] == '=';
			if (known)
				*numbers[i].field = strtoll(words + used + 1, NULL, 10);
		}
		assert_true(known);
		used += words[used] == '=' ? (int)strcspn(words + used, " ") : 0;
	}
}

static inline void client_timer(struct client_world *world)
{
	iperf3_client_timer(&world->client, world->now_ns);
	assert_true(iperf3_client_deadline(&world->client) > world->now_ns); /* all that was due is done */
}

/* The WHO of a word; *rest becomes what follows it. */
static inline int client_who_of(const char *word, const char **rest)
{
	size_t length = strcspn(word, ": ");

	*rest = word + length;
	if (strncmp(word, "control", length) == 0)
		return IPERF3_WHO_CONTROL;
	assert_true(*word >= '1' && *word <= '0' + CLIENT_STREAMS);
	return *word - '1';
}

static inline void client_opened(struct client_world *world, int who)
{
	if (client_end(world, who)->opening) /* else it comes too late, or for the second time */
		client_end(world, who)->open = true;
	client_end(world, who)->opening = false;
	iperf3_client_opened(&world->client, who, world->now_ns);
}

static inline void client_failed(struct client_world *world, int who, const char *reason)
{
	client_end(world, who)->opening = false;
	iperf3_client_failed(&world->client, who, reason + strspn(reason, " "), world->now_ns);
}

static inline void client_datagram(struct client_world *world, const char *words)
{
	static struct octets octets;

	client_octets_of(&octets, strchr(words, ':') + 1);
	iperf3_client_datagram(&world->client, (size_t)(*words - '1'), ground(octets.at, octets.length), octets.length,
			       world->now_ns);
}

static inline bool client_query(struct client_world *world, const char *step)
{
	const struct iperf3_client *client = &world->client;
	int64_t deadline = iperf3_client_deadline(client);

	if (strcmp(step, "state") == 0)
		script_log(&world->script, "%s", client_states[client->state]);
	else if (strcmp(step, "deadline") == 0 && deadline == INT64_MAX)
		script_log(&world->script, "none");
	else if (strcmp(step, "deadline") == 0)
		script_log(&world->script, "in %g", (double)(deadline - world->now_ns) / 1e9);
	else if (strcmp(step, "outcome") == 0)
		script_log(&world->script, "%s", client->detail);
	else if (strcmp(step, "peer") == 0)
		script_log(&world->script, "%s, %zu streams", client->has_results ? "results" : "no results",
			   world->peer.count);
	else if (strcmp(step, "error") == 0)
		script_log(&world->script, "%s %d %d", client->has_error ? "number" : "no number", (int)client->error,
			   (int)client->system_error);
	else
		return false;
	return true;
}

/* Steps that begin with a word, and then name who they are about. */
static inline bool client_event(struct client_world *world, const char *step)
{
	const char *rest = strchr(step, ' ');
	int who = 0;

	if (!rest || strchr(step, ':'))
		return false;
	if (strncmp(step, "config ", 7) == 0) {
		client_config(world, rest);
		return true;
	}
	if (strncmp(step, "parameters ", 11) == 0) {
		client_parameters(world, rest);
		return true;
	}
	who = client_who_of(rest + 1, &rest);
	if (strncmp(step, "opened ", 7) == 0)
		client_opened(world, who);
	else if (strncmp(step, "failed ", 7) == 0)
		client_failed(world, who, rest);
	else
		iperf3_client_ended(&world->client, who, strncmp(step, "reset ", 6) == 0, world->now_ns);
	return true;
}

static inline void client_world_step(struct script *script, const char *step)
{
	struct client_world *world = (struct client_world *)(void *)script; /* its first member */
	static struct octets octets;
	const char *rest;
	int who;

	if (strcmp(step, "start") == 0) {
		iperf3_client_start(&world->client, world->now_ns);
	} else if (strcmp(step, "over") == 0) {
		iperf3_client_payload_over(&world->client, world->now_ns);
	} else if (strcmp(step, "arrived") == 0) {
		iperf3_client_arrived(&world->client, world->now_ns);
	} else if (strcmp(step, "stop") == 0) {
		iperf3_client_stop(&world->client, world->now_ns);
	} else if (*step == '+') {
		world->now_ns += (int64_t)(strtod(step, NULL) * 1e9 + 0.5);
	} else if (strcmp(step, "timer") == 0) {
		client_timer(world);
	} else if (strcmp(step, "wait") == 0) {
		assert_true(iperf3_client_deadline(&world->client) < INT64_MAX);
		world->now_ns = iperf3_client_deadline(&world->client);
		client_timer(world);
	} else if (strncmp(step, "udp ", 4) == 0) {
		client_datagram(world, step + 4);
	} else if (!client_query(world, step) && !client_event(world, step)) {
		who = client_who_of(step, &rest);
		assert_int_equal(*rest, ':');
		client_octets_of(&octets, rest + 1);
		script_octets(&world->script, client_feed, &who, &octets);
	}
}

/* The end of every script: the client is stopped, if it is not done, and nothing is left open. */
static inline void client_world_end(struct client_world *world)
{
	world->script.used = 0;
	iperf3_client_stop(&world->client, world->now_ns);
	assert_true(world->over);
	assert_true(iperf3_client_deadline(&world->client) == INT64_MAX);
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
