/* What a client of the iperf3 profile does about what the server sends. */
#include <stdio.h>

#include "proto/iperf3_client_private.h"
#include "proto/iperf3_datagram.h"

/* --- states from the server -------------------------------------------------------------------------------------- */

/* TEST_START and TEST_RUNNING may overtake the reply to the last hello, and only that. */
static bool came_early(struct iperf3_client *client, int state)
{
	bool last = client->state == IPERF3_CLIENT_STREAMS && iperf3_client_is_udp(client) && client->hello_sent &&
		    client->opened + 1 == client->count;
	bool *early = state == IPERF3_TEST_START ? &client->early_start : &client->early_running;

	if (!last || *early || (state == IPERF3_TEST_RUNNING) != client->early_start)
		return false;
	*early = true;
	return true;
}

/* The state that each one from the server follows, and leads to (R-22.3-5). */
static bool follow(struct iperf3_client *client, int state, int64_t now_ns)
{
	static const struct {
		int state;
		enum iperf3_client_state in, then;
	} steps[] = {
		{ IPERF3_PARAM_EXCHANGE, IPERF3_CLIENT_COOKIE, IPERF3_CLIENT_PARAMETERS },
		{ IPERF3_CREATE_STREAMS, IPERF3_CLIENT_PARAMETERS, IPERF3_CLIENT_STREAMS },
		{ IPERF3_TEST_START, IPERF3_CLIENT_START, IPERF3_CLIENT_STARTED },
		{ IPERF3_TEST_RUNNING, IPERF3_CLIENT_STARTED, IPERF3_CLIENT_PAYLOAD },
		{ IPERF3_EXCHANGE_RESULTS, IPERF3_CLIENT_ENDED, IPERF3_CLIENT_RESULTS },
		{ IPERF3_DISPLAY_RESULTS, IPERF3_CLIENT_DISPLAY, IPERF3_CLIENT_FINISH },
	};

	if ((state == IPERF3_TEST_START || state == IPERF3_TEST_RUNNING) && came_early(client, state))
		return true;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (steps[i].state == state && steps[i].in == client->state) {
			iperf3_client_enter(client, steps[i].then, now_ns);
			return true;
		}
	}
	return false;
}

static void wrong_state(struct iperf3_client *client, int state, int64_t now_ns)
{
	const char *name = iperf3_state_name(state);

	iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED, IPERF_R_22_3_5,
			   "the server sent %s (%d), which does not %s", name ? name : "an unknown state", state,
			   iperf3_state_of_server(state) ? "follow here" : "come from one");
}

static void take_state(struct iperf3_client *client, int state, int64_t now_ns)
{
	switch (state) {
	case IPERF3_ACCESS_DENIED:
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_DENIED, IPERF_R_29_2,
				   "the server sent ACCESS_DENIED");
		return;
	case IPERF3_SERVER_TERMINATE:
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_TERMINATED, IPERF_R_29_8,
				   "the server is being stopped");
		return;
	case IPERF3_SERVER_ERROR:
		iperf3_client_enter(client, IPERF3_CLIENT_ERROR, now_ns);
		return;
	default:
		if (!follow(client, state, now_ns))
			wrong_state(client, state, now_ns);
	}
}

void iperf3_client_error_came(struct iperf3_client *client, int64_t now_ns)
{
	client->has_error = client->parser.offset >= 4;
	client->error = client->parser.error;
	client->system_error = client->parser.system_error;
	if (client->has_error)
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_ERROR, IPERF_R_29_3,
				   "the server sent SERVER_ERROR %d: %s", (int)client->error,
				   iperf3_error_text(client->error));
	else
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_ERROR, IPERF_R_29_3,
				   "the server sent SERVER_ERROR, and no number with it");
}

/* --- the server's results ---------------------------------------------------------------------------------------- */

/* R-28-5. Streams may be missing (R-28-6). */
static const struct iperf3_stream_result *find_stranger(const struct iperf3_client *client)
{
	const struct iperf3_results *peer = client->config.peer;

	for (size_t i = 0; i < peer->count; i++) {
		int64_t id = peer->streams[i].id;

		if (id < 1 || id == 2 || id > iperf3_stream_id(client->count - 1))
			return &peer->streams[i];
	}
	return NULL;
}

static void take_results(struct iperf3_client *client, int64_t now_ns)
{
	const struct iperf3_stream_result *stranger;
	struct iperf3_json_error error;

	if (!iperf3_results_decode((const char *)client->config.room, client->parser.length, client->config.peer,
				   &error)) {
		if (error.at_known)
			iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED, error.why,
					   "the server's results, octet %zu: %s", error.offset, error.text);
		else
			iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED, error.why,
					   "the server's results: %s", error.text);
		return;
	}
	stranger = find_stranger(client);
	if (stranger) {
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED, IPERF_R_28_5,
				   "the server's results: there is no stream with id %lld", (long long)stranger->id);
		return;
	}
	client->has_results = true;
	iperf3_client_enter(client, IPERF3_CLIENT_DISPLAY, now_ns);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* One item, or a part of it; returns the octets used. */
static size_t take_item(struct iperf3_client *client, const uint8_t *octets, size_t length, int64_t now_ns)
{
	struct iperf3_parser *parser = &client->parser;
	size_t used;

	if (client->state != IPERF3_CLIENT_RESULTS && client->state != IPERF3_CLIENT_ERROR)
		iperf3_parser_init(parser, IPERF3_READ_STATE, NULL, 0);
	used = iperf3_parser_octets(parser, octets, length);
	if (parser->status == IPERF3_WRONG)
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED,
				   parser->length == 0 ? IPERF_R_22_4_5 : IPERF_R_32_1,
				   "the server's results have a length of %lu octets", (unsigned long)parser->length);
	else if (parser->status == IPERF3_INCOMPLETE)
		return used;
	else if (parser->grammar == IPERF3_READ_TEXT)
		take_results(client, now_ns);
	else if (parser->grammar == IPERF3_READ_ERROR)
		iperf3_client_error_came(client, now_ns);
	else
		take_state(client, parser->state, now_ns);
	return used;
}

void iperf3_client_octets(struct iperf3_client *client, int who, const uint8_t *octets, size_t length, int64_t now_ns)
{
	if (who != IPERF3_WHO_CONTROL) {
		if (length > 0 && client->state >= IPERF3_CLIENT_STREAMS && client->state <= IPERF3_CLIENT_ENDING)
			iperf3_client_fail(
				client, now_ns, IPERF3_OUTCOME_STREAM_LOST, IPERF_R_25_13, "the server %s stream %d",
				octets[0] == (uint8_t)IPERF3_ACCESS_DENIED ? "denied" : "sent octets on", who + 1);
		return;
	}
	/* R-23-14: nothing changes the outcome behind IPERF_DONE */
	while (length > 0 && client->state != IPERF3_CLIENT_FINISH && client->state != IPERF3_CLIENT_DONE) {
		size_t used = take_item(client, octets, length, now_ns);

		octets += used;
		length -= used;
	}
}

void iperf3_client_datagram(struct iperf3_client *client, size_t stream, const uint8_t *octets, size_t length,
			    int64_t now_ns)
{
	if (client->state != IPERF3_CLIENT_STREAMS || stream != client->opened || !client->hello_sent)
		return; /* a reply to a repeated hello, or payload before TEST_RUNNING is read */
	if (iperf3_is_reply(octets, length))
		iperf3_client_stream_is_there(client, now_ns);
	else if (iperf3_client_sends(client->config.parameters, stream))
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_MALFORMED, IPERF_R_26_1_8,
				   "stream %zu: the reply to the hello is none, but a datagram of %zu octets",
				   stream + 1, length);
}

static void control_ended(struct iperf3_client *client, bool reset, int64_t now_ns)
{
	const char *how = reset ? "reset" : "ended";

	switch (client->state) {
	case IPERF3_CLIENT_CONNECT:
	case IPERF3_CLIENT_DONE:
		break;
	case IPERF3_CLIENT_COOKIE:
		/* R-30-1: so does a server that is busy */
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_DENIED, IPERF_R_29_10,
				   "the server %s the control connection in place of PARAM_EXCHANGE", how);
		break;
	case IPERF3_CLIENT_FINISH:
		iperf3_client_enter(client, IPERF3_CLIENT_DONE, now_ns);
		break;
	case IPERF3_CLIENT_ERROR:
		iperf3_client_error_came(client, now_ns);
		break;
	case IPERF3_CLIENT_RESULTS:
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_ENDED,
				   client->parser.offset ? IPERF_R_22_4_5 : IPERF_R_29_10,
				   "the server %s the control connection after %zu octets of its results", how,
				   client->parser.offset);
		break;
	default:
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_ENDED, IPERF_R_29_10,
				   "the server %s the control connection", how);
	}
}

/* A stream that only sends has nothing to hear: its end before payload flows is that of a server that does not want it.
 * Where the server sends, the end may be that of its payload (R-27.1-3). */
static bool is_lost(const struct iperf3_client *client, int who, bool reset)
{
	if (client->state < IPERF3_CLIENT_STREAMS || client->state > IPERF3_CLIENT_ENDING)
		return false;
	return reset ||
	       (client->state < IPERF3_CLIENT_PAYLOAD && iperf3_client_sends(client->config.parameters, (size_t)who));
}

void iperf3_client_ended(struct iperf3_client *client, int who, bool reset, int64_t now_ns)
{
	if (who == IPERF3_WHO_CONTROL)
		control_ended(client, reset, now_ns);
	else if (!iperf3_client_is_udp(client) && is_lost(client, who, reset))
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_STREAM_LOST, IPERF_R_25_13, "the server %s stream %d",
				   reset ? "reset" : "ended", who + 1);
}
