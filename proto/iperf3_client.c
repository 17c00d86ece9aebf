#include "proto/iperf3_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/iperf3_client_private.h"
#include "proto/iperf3_datagram.h"

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void decide(const struct iperf3_client *client, enum iperf3_client_decision_kind kind, int who,
		   const uint8_t *octets, size_t length)
{
	struct iperf3_client_decision decision = { .kind = kind, .who = who, .octets = octets, .length = length };

	client->config.decide(client->config.user, client, &decision);
}

static void send_state(const struct iperf3_client *client, int state)
{
	uint8_t octet = (uint8_t)state;

	decide(client, IPERF3_CLIENT_SEND, IPERF3_WHO_CONTROL, &octet, 1);
}

/* The text is in the room. */
static void send_text(const struct iperf3_client *client, size_t length)
{
	uint8_t prefix[IPERF3_LENGTH_SIZE];

	iperf3_length_write(prefix, (uint32_t)length);
	decide(client, IPERF3_CLIENT_SEND, IPERF3_WHO_CONTROL, prefix, sizeof prefix);
	decide(client, IPERF3_CLIENT_SEND, IPERF3_WHO_CONTROL, client->config.room, length);
}

static bool has_amount(const struct iperf3_client *client)
{
	return client->config.parameters->num > 0 || client->config.parameters->blockcount > 0;
}

void iperf3_client_fail(struct iperf3_client *client, int64_t now_ns, enum iperf3_outcome outcome,
			enum iperf_requirement why, const char *format, ...)
{
	va_list arguments;

	client->outcome = outcome;
	client->why = why;
	va_start(arguments, format);
	vsnprintf(client->detail, sizeof client->detail, format, arguments);
	va_end(arguments);
	iperf3_client_enter(client, IPERF3_CLIENT_DONE, now_ns);
}

/* Closes what is open; nothing happens any more. */
static void over(struct iperf3_client *client)
{
	for (size_t i = 0; i < client->opened + client->opening; i++)
		decide(client, IPERF3_CLIENT_CLOSE, (int)i, NULL, 0);
	client->opened = 0;
	client->opening = false;
	if (client->control_open)
		decide(client, IPERF3_CLIENT_CLOSE, IPERF3_WHO_CONTROL, NULL, 0);
	client->control_open = false;
	decide(client, IPERF3_CLIENT_OVER, 0, NULL, 0);
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

static void open_next_stream(struct iperf3_client *client, int64_t now_ns)
{
	client->again_ns = INT64_MAX;
	if (client->opened == client->count) {
		iperf3_client_enter(client, IPERF3_CLIENT_START, now_ns);
		return;
	}
	client->deadline_ns = now_ns + client->config.t_reply_ns;
	client->opening = true;
	client->hello_sent = false;
	decide(client, IPERF3_CLIENT_OPEN, (int)client->opened, NULL, 0);
}

void iperf3_client_stream_is_there(struct iperf3_client *client, int64_t now_ns)
{
	client->opening = false;
	client->opened++;
	open_next_stream(client, now_ns);
}

/* R-26.1-10: the hello, and no second one before a second has passed. */
static void send_hello(struct iperf3_client *client, int64_t now_ns)
{
	client->hello_sent = true;
	client->again_ns = now_ns + IPERF3_AGAIN;
	decide(client, IPERF3_CLIENT_SEND, (int)client->opened, iperf3_hello, sizeof iperf3_hello);
}

static void stream_opened(struct iperf3_client *client, int64_t now_ns)
{
	if (iperf3_client_is_udp(client)) {
		client->deadline_ns = now_ns + client->config.t_reply_ns;
		send_hello(client, now_ns);
		return;
	}
	decide(client, IPERF3_CLIENT_SEND, (int)client->opened, client->cookie.octets, IPERF3_COOKIE_LENGTH);
	iperf3_client_stream_is_there(client, now_ns);
}

/* --- the test, state by state ------------------------------------------------------------------------------------ */

static void send_parameters(struct iperf3_client *client, int64_t now_ns)
{
	size_t length = iperf3_parameters_encode(client->config.parameters, (char *)client->config.room,
						 client->config.room_size);

	if (length == 0)
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_LOCAL, IPERF_R_NONE,
				   "the parameters cannot be written");
	else
		send_text(client, length);
}

static void start_payload(struct iperf3_client *client, int64_t now_ns)
{
	const struct iperf3_parameters *parameters = client->config.parameters;
	int64_t omit_over_ns = now_ns + parameters->omit * IPERF_S;

	if (parameters->omit > 0)
		client->again_ns = omit_over_ns;
	if (!has_amount(client) && parameters->time > 0)
		client->deadline_ns = omit_over_ns + parameters->time * IPERF_S;
	if (client->config.t_receive_ns > 0 && (parameters->reverse || parameters->bidirectional))
		client->silent_ns = now_ns + client->config.t_receive_ns;
	client->flows = true;
	decide(client, IPERF3_CLIENT_FLOW, 0, NULL, 0);
}

static void send_results(struct iperf3_client *client, int64_t now_ns)
{
	size_t length;

	decide(client, IPERF3_CLIENT_COUNT, 0, NULL, 0);
	length = iperf3_results_encode(client->config.own, (char *)client->config.room, client->config.room_size);
	if (length == 0) {
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_LOCAL, IPERF_R_NONE, "the results cannot be written");
		return;
	}
	send_text(client, length);
	iperf3_parser_init(&client->parser, IPERF3_READ_TEXT, client->config.room, client->config.room_size);
}

static void finish(struct iperf3_client *client, int64_t now_ns)
{
	for (size_t i = 0; i < client->opened; i++)
		decide(client, IPERF3_CLIENT_CLOSE, (int)i, NULL, 0);
	client->opened = 0;
	send_state(client, IPERF3_IPERF_DONE);
	decide(client, IPERF3_CLIENT_HALF_CLOSE, IPERF3_WHO_CONTROL, NULL, 0);
	client->deadline_ns = now_ns + IPERF3_T_END;
}

/* R-25-9: a sender that has an amount to send wants the last octets counted, too. */
static bool settles(const struct iperf3_client *client)
{
	return has_amount(client) && !client->config.parameters->reverse;
}

void iperf3_client_enter(struct iperf3_client *client, enum iperf3_client_state state, int64_t now_ns)
{
	bool waits = state != IPERF3_CLIENT_PAYLOAD && state != IPERF3_CLIENT_ENDING && state != IPERF3_CLIENT_DONE;

	client->state = state;
	client->deadline_ns = waits ? now_ns + client->config.t_reply_ns : INT64_MAX;
	client->again_ns = client->silent_ns = INT64_MAX;
	switch (state) {
	case IPERF3_CLIENT_CONNECT:
		client->opening = false;
		client->control_open = true;
		decide(client, IPERF3_CLIENT_OPEN, IPERF3_WHO_CONTROL, NULL, 0);
		break;
	case IPERF3_CLIENT_COOKIE:
		decide(client, IPERF3_CLIENT_SEND, IPERF3_WHO_CONTROL, client->cookie.octets, IPERF3_COOKIE_LENGTH);
		break;
	case IPERF3_CLIENT_PARAMETERS:
		send_parameters(client, now_ns);
		break;
	case IPERF3_CLIENT_STREAMS:
		open_next_stream(client, now_ns);
		break;
	case IPERF3_CLIENT_START:
		if (client->early_start)
			iperf3_client_enter(client, IPERF3_CLIENT_STARTED, now_ns);
		break;
	case IPERF3_CLIENT_STARTED:
		if (client->early_running)
			iperf3_client_enter(client, IPERF3_CLIENT_PAYLOAD, now_ns);
		break;
	case IPERF3_CLIENT_PAYLOAD:
		start_payload(client, now_ns);
		break;
	case IPERF3_CLIENT_ENDING:
		decide(client, IPERF3_CLIENT_HALT, 0, NULL, 0);
		break;
	case IPERF3_CLIENT_ENDED:
		decide(client, IPERF3_CLIENT_FREEZE, 0, NULL, 0);
		send_state(client, IPERF3_TEST_END);
		break;
	case IPERF3_CLIENT_RESULTS:
		send_results(client, now_ns);
		break;
	case IPERF3_CLIENT_DISPLAY:
		break;
	case IPERF3_CLIENT_FINISH:
		finish(client, now_ns);
		break;
	case IPERF3_CLIENT_ERROR:
		client->deadline_ns = now_ns + IPERF3_T_ERROR;
		iperf3_parser_init(&client->parser, IPERF3_READ_ERROR, NULL, 0);
		break;
	case IPERF3_CLIENT_DONE:
		over(client);
		break;
	}
}

void iperf3_client_opened(struct iperf3_client *client, int who, int64_t now_ns)
{
	if (who == IPERF3_WHO_CONTROL && client->state == IPERF3_CLIENT_CONNECT) {
		client->count = (size_t)iperf3_parameters_streams(client->config.parameters);
		iperf3_client_enter(client, IPERF3_CLIENT_COOKIE, now_ns);
	} else if (client->state == IPERF3_CLIENT_STREAMS && client->opening && who == (int)client->opened &&
		   !client->hello_sent) {
		stream_opened(client, now_ns);
	}
}

void iperf3_client_failed(struct iperf3_client *client, int who, const char *reason, int64_t now_ns)
{
	if (who == IPERF3_WHO_CONTROL && client->state == IPERF3_CLIENT_CONNECT) {
		client->control_open = false;
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_REFUSED, IPERF_R_29_11,
				   "the control connection could not be opened: %s", reason);
	} else if (client->opening && who == (int)client->opened) {
		client->opening = false;
		if (client->state != IPERF3_CLIENT_STREAMS)
			return; /* SERVER_ERROR came meanwhile: there is no stream to close, and its numbers tell more */
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_STREAM_LOST, IPERF_R_25_14,
				   "stream %d could not be opened: %s", who + 1, reason);
	}
}

void iperf3_client_payload_over(struct iperf3_client *client, int64_t now_ns)
{
	if (client->state == IPERF3_CLIENT_PAYLOAD) {
		iperf3_client_enter(client, IPERF3_CLIENT_ENDING, now_ns);
	} else if (client->state == IPERF3_CLIENT_ENDING && client->flows) {
		client->flows = false;
		if (settles(client))
			client->deadline_ns = now_ns + client->config.t_settle_ns;
		else
			iperf3_client_enter(client, IPERF3_CLIENT_ENDED, now_ns);
	}
}

void iperf3_client_arrived(struct iperf3_client *client, int64_t last_ns)
{
	if (client->silent_ns != INT64_MAX && last_ns + client->config.t_receive_ns > client->silent_ns)
		client->silent_ns = last_ns + client->config.t_receive_ns;
}

void iperf3_client_stop(struct iperf3_client *client, int64_t now_ns)
{
	if (client->state == IPERF3_CLIENT_DONE)
		return;
	if (client->state != IPERF3_CLIENT_CONNECT && client->state != IPERF3_CLIENT_FINISH)
		send_state(client, IPERF3_CLIENT_TERMINATE);
	iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_INTERRUPTED, IPERF_R_29_5, "interrupted");
}

/* --- time -------------------------------------------------------------------------------------------------------- */

int64_t iperf3_client_deadline(const struct iperf3_client *client)
{
	int64_t due_ns = client->again_ns < client->deadline_ns ? client->again_ns : client->deadline_ns;

	return client->silent_ns < due_ns ? client->silent_ns : due_ns;
}

static void waited_long(struct iperf3_client *client, int64_t now_ns)
{
	static const char *const awaited[] = {
		[IPERF3_CLIENT_COOKIE] = "PARAM_EXCHANGE",   [IPERF3_CLIENT_PARAMETERS] = "CREATE_STREAMS",
		[IPERF3_CLIENT_START] = "TEST_START",	     [IPERF3_CLIENT_STARTED] = "TEST_RUNNING",
		[IPERF3_CLIENT_ENDED] = "EXCHANGE_RESULTS",  [IPERF3_CLIENT_RESULTS] = "the server's results",
		[IPERF3_CLIENT_DISPLAY] = "DISPLAY_RESULTS",
	};

	iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_TIMEOUT, IPERF_R_31_4, "%s did not come within %g s",
			   awaited[client->state], (double)client->config.t_reply_ns / 1e9);
}

static void stream_waited_long(struct iperf3_client *client, int64_t now_ns)
{
	if (client->hello_sent)
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_TIMEOUT, IPERF_R_26_1_9,
				   "stream %zu: no reply came within %g s", client->opened + 1,
				   (double)client->config.t_reply_ns / 1e9);
	else
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_STREAM_LOST, IPERF_R_25_14,
				   "stream %zu did not open within %g s", client->opened + 1,
				   (double)client->config.t_reply_ns / 1e9);
}

static void expired(struct iperf3_client *client, int64_t now_ns)
{
	switch (client->state) {
	case IPERF3_CLIENT_CONNECT:
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_REFUSED, IPERF_R_29_11,
				   "the control connection did not open within %g s",
				   (double)client->config.t_reply_ns / 1e9);
		break;
	case IPERF3_CLIENT_STREAMS:
		stream_waited_long(client, now_ns);
		break;
	case IPERF3_CLIENT_PAYLOAD:
		iperf3_client_enter(client, IPERF3_CLIENT_ENDING, now_ns);
		break;
	case IPERF3_CLIENT_ENDING:
		iperf3_client_enter(client, IPERF3_CLIENT_ENDED, now_ns);
		break;
	case IPERF3_CLIENT_FINISH: /* R-23-15: nobody waits for the other's end */
		iperf3_client_enter(client, IPERF3_CLIENT_DONE, now_ns);
		break;
	case IPERF3_CLIENT_ERROR:
		iperf3_client_error_came(client, now_ns);
		break;
	default:
		waited_long(client, now_ns);
	}
}

void iperf3_client_timer(struct iperf3_client *client, int64_t now_ns)
{
	if (client->again_ns <= now_ns && client->state == IPERF3_CLIENT_PAYLOAD) {
		client->again_ns = INT64_MAX;
		decide(client, IPERF3_CLIENT_MEASURE, 0, NULL, 0);
	}
	if (client->deadline_ns <= now_ns)
		expired(client, now_ns);
	else if (client->silent_ns <= now_ns)
		iperf3_client_fail(client, now_ns, IPERF3_OUTCOME_TIMEOUT, IPERF_R_31_5,
				   "no payload arrived for %g s", (double)client->config.t_receive_ns / 1e9);
	else if (client->again_ns <= now_ns)
		send_hello(client, now_ns);
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

bool iperf3_client_sends(const struct iperf3_parameters *parameters, size_t stream)
{
	if (parameters->bidirectional)
		return (int64_t)stream < parameters->parallel;
	return !parameters->reverse;
}

int64_t iperf3_stream_id(size_t stream)
{
	return stream == 0 ? 1 : (int64_t)stream + 2;
}

void iperf3_client_defaults(struct iperf3_client_config *config)
{
	*config = (struct iperf3_client_config){ .t_reply_ns = IPERF3_T_REPLY, .t_settle_ns = IPERF3_T_SETTLE };
}

void iperf3_client_init(struct iperf3_client *client, const struct iperf3_client_config *config,
			const struct iperf3_cookie *cookie)
{
	memset(client, 0, sizeof *client);
	client->config = *config;
	client->cookie = *cookie;
	client->deadline_ns = client->again_ns = client->silent_ns = INT64_MAX;
}

void iperf3_client_start(struct iperf3_client *client, int64_t now_ns)
{
	iperf3_client_enter(client, IPERF3_CLIENT_CONNECT, now_ns);
}
