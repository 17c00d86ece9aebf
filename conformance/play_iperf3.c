/* The iperf3 profile: what the player knows of a test, and what is expected without a line that says so. */
#include "conformance/play_iperf3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT (900 * IPERF_MS) /* from the first hello, at least */
#define EARLY (250 * IPERF_MS) /* payload that came so much before TEST_RUNNING was sent before it: an acknowledgement of
				* what went before can be delayed, and TEST_RUNNING with it */

/* --- the test ---------------------------------------------------------------------------------------------------- */

bool play_iperf3_is_control(const struct play *play, int label)
{
	for (size_t i = 0; i < play->file->step_count; i++) {
		const struct case_step *step = &play->file->steps[i];

		if (step->label == label && (step->what == CASE_PARAMETERS || step->what == CASE_RESULTS ||
					     step->what == CASE_TEXT || step->what == CASE_ERROR ||
					     (step->what == CASE_STATE && step->number != IPERF3_ACCESS_DENIED)))
			return true;
	}
	return false;
}

void play_iperf3_opened(struct play *play, const uint8_t *octets, size_t length)
{
	struct iperf3_play *own = iperf3_of(play);
	struct iperf3_label *label = iperf3_label(play);
	int number = play->step->label;

	if (label->spoke)
		return;
	label->spoke = true;
	if (!play->file->labels[number].udp) {
		if (length < IPERF3_COOKIE_LENGTH)
			return;
		memcpy(label->cookie.octets, octets, IPERF3_COOKIE_LENGTH);
		if (play_iperf3_is_control(play, number) || !iperf3_cookie_equal(&label->cookie, &own->cookie))
			return;
	}
	label->stream = true;
	own->streams[own->stream_count++] = number;
}

bool play_iperf3_client_sends(const struct play *play, size_t number)
{
	const struct iperf3_play *own = iperf3_of(play);

	if (own->bidirectional)
		return number < (size_t)own->parallel;
	return !own->reverse;
}

static bool flag(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

void play_iperf3_learn(struct play *play, const char *text, size_t length)
{
	struct iperf3_play *own = iperf3_of(play);
	json_t *object = json_loadb(text, length, JSON_DECODE_INT_AS_REAL | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
	const json_t *parallel = json_object_get(object, "parallel");

	own->wide = flag(object, "udp_counters_64bit");
	own->reverse = flag(object, "reverse");
	own->bidirectional = flag(object, "bidirectional");
	own->parallel = json_is_number(parallel) ? (int64_t)json_number_value(parallel) : 1;
	own->running = own->done = false;
	own->stream_count = 0;
	own->cookie = iperf3_label(play)->cookie;
	own->control = play->step->label;
	json_decref(object);
}

/* Payload that is here before it may be. Repeated hellos are none. */
static bool has_early(const struct wire_conn *conn, int64_t by_ns)
{
	if (!conn->udp)
		return !conn->flows && play_left(conn) > 0 && wire_arrival_ns(conn, conn->taken + 1) < by_ns;
	for (size_t i = conn->datagram_taken; i < conn->datagram_count; i++)
		if (conn->datagrams[i].length > IPERF3_HELLO_LENGTH && conn->datagrams[i].at_ns < by_ns)
			return true;
	return false;
}

void play_iperf3_runs(struct play *play, int64_t at_ns)
{
	struct iperf3_play *own = iperf3_of(play);
	bool client = play->file->role == CASE_CLIENT;

	own->running = true;
	for (size_t i = 0; i < own->stream_count && play_goes_on(play); i++) {
		struct wire_conn *conn = play->conns[own->streams[i]];

		if (!conn)
			continue;
		if (has_early(conn, at_ns - (client ? 0 : EARLY)))
			play_fail_as(play, client ? IPERF_R_23_6 : IPERF_R_23_7, "no payload before TEST_RUNNING",
				     "payload on %s before it", play->file->labels[own->streams[i]].name);
		else if (client && play_iperf3_client_sends(play, i))
			wire_flow(conn);
	}
}

static const struct iperf3_label nobody;

/* --- at the end -------------------------------------------------------------------------------------------------- */

static enum iperf_requirement silence_of(const struct play *play, const struct iperf3_label *label)
{
	static const enum iperf_requirement of_control[] = { IPERF_R_23_17, IPERF_R_29_14, IPERF_R_NONE };
	static const enum iperf_requirement of_stream[] = { IPERF_R_23_7, IPERF_R_25_3, IPERF_R_NONE };
	const struct iperf3_play *own = iperf3_of(play);

	if (label != &nobody && play_iperf3_is_control(play, (int)(label - own->labels)))
		return own->done ? IPERF_R_23_17 : play_tested_of(play, of_control);
	if (label->stream)
		return own->running ? IPERF_R_25_3 : play_tested_of(play, of_stream);
	return IPERF_R_22_1_2;
}

static enum iperf_requirement datagram_of(const struct play *play)
{
	static const enum iperf_requirement of_server[] = { IPERF_R_26_1_5, IPERF_R_26_1_6, IPERF_R_26_3_6, IPERF_R_23_7,
							    IPERF_R_NONE };

	if (play->file->role == CASE_SERVER)
		return play_tested_of(play, of_server);
	return iperf3_of(play)->running ? IPERF_R_27_1_2 : IPERF_R_26_1_10;
}

bool play_iperf3_is_repeat(const struct wire_conn *conn, const struct wire_datagram *datagram)
{
	return conn->by_peer && datagram->length == IPERF3_HELLO_LENGTH && datagram != conn->datagrams &&
	       memcmp(datagram->octets, iperf3_hello, IPERF3_HELLO_LENGTH) == 0 &&
	       datagram->at_ns - conn->datagrams[0].at_ns > REPEAT;
}

static void no_more_datagrams(struct play *play, const struct wire_conn *conn, enum iperf_requirement requirement)
{
	size_t at = conn->datagram_taken;
	const struct wire_datagram *first;
	char text[PLAY_OPENING_TEXT];

	while (at < conn->datagram_count && play_iperf3_is_repeat(conn, &conn->datagrams[at]))
		at++;
	if (conn->flows || at == conn->datagram_count)
		return;
	first = &conn->datagrams[at];
	play_iperf3_describe_datagram(play, first->octets, first->kept, first->length, text, sizeof text);
	play_fail_as(play, requirement, play->file->role == CASE_SERVER ? "no datagram from the server that no line expects" :
									   "no datagram from the client that no line expects",
		     "%s", text);
}

static void no_more_octets(struct play *play, const struct wire_conn *conn, const struct iperf3_label *label)
{
	bool server = play->file->role == CASE_SERVER;
	enum iperf_requirement requirement = server ? silence_of(play, label) :
					     label->stream && iperf3_of(play)->reverse ? IPERF_R_27_1_2 : IPERF_R_NONE;
	char text[PLAY_OPENING_TEXT];

	if (conn->flows || play_left(conn) == 0)
		return;
	play_waiting_text(play, conn, text, sizeof text);
	if (requirement == IPERF_R_NONE)
		requirement = play->file->tests[0];
	play_fail_as(play, requirement, server ? "no octet from the server that no line expects" :
						 "no octet from the client that no line expects", "%s", text);
}

/* The line that says how much payload there is. */
static void check_count(struct play *play, const struct wire_conn *conn, const struct iperf3_label *label)
{
	if (!label->counted || conn->flowed == (uint64_t)label->counted->octets)
		return;
	play->step = label->counted;
	play_fail(play, IPERF_R_NONE, "[%llu octets of payload] by the end", (unsigned long long)conn->flowed);
}

static void no_more_of(struct play *play, const struct wire_conn *conn)
{
	const struct iperf3_label *label = &nobody;

	if (conn->excused)
		return;
	for (size_t i = 0; i < play->file->label_count; i++)
		if (play->conns[i] == conn)
			label = &iperf3_of(play)->labels[i];
	if (play->file->role == CASE_CLIENT && !conn->bound)
		play_fail_as(play, play->file->tests[0], "no other connection", "a %s from port %u, of which no line tells",
			     conn->udp ? "datagram" : "connection", conn->client.port);
	else if (conn->udp)
		no_more_datagrams(play, conn, datagram_of(play));
	else
		no_more_octets(play, conn, label);
	check_count(play, conn, label);
}

static void no_more(struct play *play)
{
	wire_wait(play->wire, wire_now());
	for (size_t i = 0; i < play->wire->count && play_goes_on(play); i++)
		no_more_of(play, play->wire->conns[i]);
}

/* --- the profile ------------------------------------------------------------------------------------------------- */

static bool begin(struct play *play)
{
	struct iperf3_play *own = calloc(1, sizeof *own);

	play->own = own;
	if (!own)
		return false;
	own->parallel = 1;
	for (size_t i = 0; i < CASE_COOKIES_MAX; i++) {
		int error = iperf3_cookie_generate(&own->cookies[i]);

		if (error) {
			errno = -error;
			return false;
		}
		play->known[i] = play->file->role == CASE_SERVER || i > 0;
	}
	return true;
}

static void end(struct play *play)
{
	struct iperf3_play *own = play->own;

	for (size_t i = 0; own && i < CASE_LABELS_MAX; i++)
		free(own->labels[i].opening);
	free(own);
}

static void something_came(struct play *play)
{
	(void)play;
}

static const uint8_t *cookie_octets(const struct play *play, int cookie)
{
	return iperf3_of(play)->cookies[cookie].octets;
}

/* free, refuse */
static void alone(struct play *play)
{
	int64_t within_ns = play->step->has_within ? play_time(play, &play->step->within) : IPERF_S;
	const char *why = NULL;
	bool unreachable;
	char how[80];

	if (play->step->what == CASE_REFUSE)
		wire_refuse(play->wire);
	else
		why = play_free(play->player, play_base(play) + within_ns, &unreachable);
	if (why && play_peer_ended(play)) {
		launch_status_text(&play->launch, how, sizeof how);
		play_fail(play, IPERF_R_NONE, "the server has ended %s", how);
	} else if (why) {
		play_fail(play, IPERF_R_NONE, "%s", why);
	}
}

const struct play_profile play_iperf3 = {
	.begin = begin, .end = end, .act = play_iperf3_act, .expect = play_iperf3_expect, .no_more = no_more,
	.came = something_came, .alone = alone, .cookie = cookie_octets, .describe = play_iperf3_describe,
	.describe_datagram = play_iperf3_describe_datagram,
};
