#include "proto/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define END_MARGIN (10 * IPERF_MS) /* the gap of R-8.4-2 holds although the time that we are told is a little old */

/* What a state does when it is entered, when its wait is answered by result data, when it is time to repeat, and when
 * T_results has passed: SPEC 13.3, row by row. */
struct state_row {
	void (*enter)(struct iperf_client *client, int64_t now_ns);
	void (*answered)(struct iperf_client *client, int64_t now_ns);
	void (*again)(struct iperf_client *client, int64_t now_ns);
	void (*expired)(struct iperf_client *client, int64_t now_ns);
};

static void open_next_stream(struct iperf_client *client, int64_t now_ns);
static void ask(struct iperf_client *client, int64_t now_ns);
static void ask_first(struct iperf_client *client, int64_t now_ns);
static void begin_again(struct iperf_client *client, int64_t now_ns);
static void end_again(struct iperf_client *client, int64_t now_ns);
static void end_and_ask(struct iperf_client *client, int64_t now_ns);
static void confirm_answered(struct iperf_client *client, int64_t now_ns);
static void results_answered(struct iperf_client *client, int64_t now_ns);
static void open_control(struct iperf_client *client, int64_t now_ns);
static void flow(struct iperf_client *client, int64_t now_ns);
static void end_streams(struct iperf_client *client, int64_t now_ns);
static void end_test(struct iperf_client *client, int64_t now_ns);
static void over(struct iperf_client *client, int64_t now_ns);
static void control_unopened(struct iperf_client *client, int64_t now_ns);
static void stream_unopened(struct iperf_client *client, int64_t now_ns);
static void confirm_expired(struct iperf_client *client, int64_t now_ns);
static void ending_expired(struct iperf_client *client, int64_t now_ns);
static void results_expired(struct iperf_client *client, int64_t now_ns);
static void finish_expired(struct iperf_client *client, int64_t now_ns);

static const struct state_row table[] = {
	[IPERF_CLIENT_START] = { open_control, NULL, NULL, control_unopened },
	[IPERF_CLIENT_BEGIN] = { open_next_stream, NULL, NULL, stream_unopened },
	[IPERF_CLIENT_CONFIRM] = { ask_first, confirm_answered, begin_again, confirm_expired },
	[IPERF_CLIENT_PAYLOAD] = { flow, NULL, NULL, NULL },
	[IPERF_CLIENT_ENDING] = { end_streams, NULL, end_again, ending_expired },
	[IPERF_CLIENT_RESULTS] = { ask_first, results_answered, end_and_ask, results_expired },
	[IPERF_CLIENT_FINISH] = { end_test, NULL, NULL, finish_expired },
	[IPERF_CLIENT_DONE] = { over, NULL, NULL, NULL },
};

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void decide(const struct iperf_client *client, enum iperf_client_decision_kind kind, int who,
		   const uint8_t *octets, size_t length)
{
	struct iperf_client_decision decision = { .kind = kind, .who = who, .octets = octets, .length = length };

	client->config.decide(client->config.user, client, &decision);
}

static void send_message(const struct iperf_client *client, int who, enum iperf_message_kind kind)
{
	uint8_t octets[IPERF_MESSAGE_MAX];

	decide(client, IPERF_CLIENT_SEND, who, octets, iperf_message_write(octets, kind, &client->cookie));
}

static void send_opening(const struct iperf_client *client, int who, enum iperf_message_kind kind)
{
	uint8_t octets[IPERF_OPENING_MAX];

	decide(client, IPERF_CLIENT_SEND, who, octets, iperf_opening_write(octets, kind, &client->cookie));
}

/* Enters a state; its wait, if it has one, lasts T_results. */
static void enter(struct iperf_client *client, enum iperf_client_state state, int64_t now_ns)
{
	client->state = state;
	client->deadline_ns = table[state].expired ? now_ns + client->config.t_results_ns : INT64_MAX;
	client->again_ns = INT64_MAX;
	table[state].enter(client, now_ns);
}

/* Notes what went wrong, unless something worse is noted. */
__attribute__((format(printf, 4, 5))) static void note(struct iperf_client *client, enum iperf_outcome outcome,
						       enum iperf_requirement why, const char *format, ...)
{
	va_list arguments;

	if (outcome <= client->outcome)
		return;
	client->outcome = outcome;
	client->why = why;
	va_start(arguments, format);
	vsnprintf(client->detail, sizeof client->detail, format, arguments);
	va_end(arguments);
}

static bool is_udp(const struct iperf_client_stream *stream)
{
	return stream->protocol == IPERF_UDP;
}

static size_t count_streams(const struct iperf_client *client, enum iperf_protocol protocol)
{
	size_t count = 0;

	for (size_t i = 0; i < client->config.stream_count; i++)
		count += client->config.streams[i].protocol == protocol && !client->config.streams[i].lost;
	return count;
}

static bool any_tcp_open(const struct iperf_client *client)
{
	for (size_t i = 0; i < client->config.stream_count; i++)
		if (!is_udp(&client->config.streams[i]) && client->config.streams[i].open)
			return true;
	return false;
}

/* --- START and BEGIN --------------------------------------------------------------------------------------------- */

static void open_control(struct iperf_client *client, int64_t now_ns)
{
	client->start_ns = now_ns;
	decide(client, IPERF_CLIENT_OPEN, IPERF_WHO_CONTROL, NULL, 0);
}

static void control_unopened(struct iperf_client *client, int64_t now_ns)
{
	note(client, IPERF_OUTCOME_TIMEOUT, IPERF_R_10_7, "the control connection did not open in time");
	enter(client, IPERF_CLIENT_DONE, now_ns);
}

/* One connection after the other, so that each preamble is written before the next connection opens (R-5.1-7). */
static void open_next_stream(struct iperf_client *client, int64_t now_ns)
{
	if (client->begun < client->config.stream_count)
		decide(client, IPERF_CLIENT_OPEN, (int)client->begun, NULL, 0);
	else if (client->config.stream_count == 0)
		enter(client, IPERF_CLIENT_RESULTS, now_ns);
	else
		enter(client, count_streams(client, IPERF_UDP) ? IPERF_CLIENT_CONFIRM : IPERF_CLIENT_PAYLOAD, now_ns);
}

static void next_stream(struct iperf_client *client, int64_t now_ns)
{
	client->begun++;
	client->deadline_ns = now_ns + client->config.t_results_ns;
	open_next_stream(client, now_ns);
}

static void stream_unopened(struct iperf_client *client, int64_t now_ns)
{
	decide(client, IPERF_CLIENT_CLOSE, (int)client->begun, NULL, 0);
	iperf_client_failed(client, (int)client->begun, "it did not open in time", now_ns);
}

static void begin_udp(const struct iperf_client *client, size_t index)
{
	for (int i = 0; i < IPERF_STREAM_BEGINS; i++)
		send_message(client, (int)index, IPERF_STREAM_BEGIN);
}

static void stream_opened(struct iperf_client *client, size_t index, uint16_t port, int64_t now_ns)
{
	struct iperf_client_stream *stream = &client->config.streams[index];

	stream->open = true;
	stream->port = port;
	if (is_udp(stream))
		begin_udp(client, index);
	else
		send_opening(client, (int)index, IPERF_STREAM_BEGIN);
	next_stream(client, now_ns);
}

void iperf_client_opened(struct iperf_client *client, int who, uint16_t port, int64_t now_ns)
{
	if (who == IPERF_WHO_CONTROL && client->state == IPERF_CLIENT_START) {
		client->control_open = true;
		client->begin_ns = now_ns;
		send_opening(client, who, IPERF_TEST_BEGIN);
		enter(client, IPERF_CLIENT_BEGIN, now_ns);
	} else if (who == IPERF_WHO_RESULTS && client->results_open) {
		send_opening(client, who, IPERF_RESULTS_REQUEST);
	} else if (who >= 0 && client->state == IPERF_CLIENT_BEGIN) {
		stream_opened(client, (size_t)who, port, now_ns);
	}
}

void iperf_client_failed(struct iperf_client *client, int who, const char *reason, int64_t now_ns)
{
	if (who == IPERF_WHO_CONTROL && client->state == IPERF_CLIENT_START) {
		note(client, IPERF_OUTCOME_REFUSED, IPERF_R_NONE, "the control connection could not be opened: %s",
		     reason);
		enter(client, IPERF_CLIENT_DONE, now_ns);
	} else if (who == IPERF_WHO_RESULTS && client->results_open) {
		client->results_open = false;
		client->again_ns = now_ns + client->config.again_ns; /* R-9.3-4 */
	} else if (who >= 0 && client->state == IPERF_CLIENT_BEGIN) {
		client->config.streams[who].lost = true;
		note(client, IPERF_OUTCOME_STREAM_LOST, IPERF_R_8_1_7, "stream %d could not be opened: %s", who + 1,
		     reason);
		next_stream(client, now_ns);
	}
}

/* --- asking for results: CONFIRM and RESULTS --------------------------------------------------------------------- */

static void ask(struct iperf_client *client, int64_t now_ns)
{
	(void)now_ns;
	client->again_ns = INT64_MAX;
	client->results_open = true;
	client->text_length = 0;
	iperf_parser_init(&client->answer, IPERF_GRAMMAR_ANSWER, &client->cookie);
	decide(client, IPERF_CLIENT_OPEN, IPERF_WHO_RESULTS, NULL, 0);
}

/* The first request of a series. */
static void ask_first(struct iperf_client *client, int64_t now_ns)
{
	client->answered = false;
	ask(client, now_ns);
}

static const struct iperf_stream_result *listed(const struct iperf_client *client,
						const struct iperf_client_stream *stream)
{
	for (size_t i = 0; i < client->results.count; i++) {
		const struct iperf_stream_result *result = &client->results.streams[i];

		if (result->protocol == stream->protocol && result->client_port == stream->port)
			return result;
	}
	return NULL;
}

/* Repeats a message to the UDP streams that are not listed, or not listed as complete. Behind a translator of addresses
 * no port is found, and all get it: repeats do no harm (R-8.3-4). */
static void repeat(const struct iperf_client *client, enum iperf_message_kind kind)
{
	for (size_t i = 0; i < client->config.stream_count; i++) {
		const struct iperf_client_stream *stream = &client->config.streams[i];
		const struct iperf_stream_result *result = listed(client, stream);

		if (!is_udp(stream) || !stream->open)
			continue;
		if (!result || (kind == IPERF_STREAM_END && !result->complete))
			send_message(client, (int)i, kind);
	}
}

static void begin_again(struct iperf_client *client, int64_t now_ns)
{
	repeat(client, IPERF_STREAM_BEGIN);
	ask(client, now_ns);
}

static void end_and_ask(struct iperf_client *client, int64_t now_ns)
{
	repeat(client, IPERF_STREAM_END);
	ask(client, now_ns);
}

static size_t begun_streams(const struct iperf_client *client)
{
	return count_streams(client, IPERF_TCP) + count_streams(client, IPERF_UDP);
}

static void confirm_answered(struct iperf_client *client, int64_t now_ns)
{
	if (client->results.count >= begun_streams(client))
		enter(client, IPERF_CLIENT_PAYLOAD, now_ns);
	else
		client->again_ns = now_ns + client->config.again_ns;
}

/* UDP streams that the last response does not list as complete. */
static size_t incomplete_udp(struct iperf_client *client)
{
	size_t complete = 0;
	size_t udp = count_streams(client, IPERF_UDP);

	for (size_t i = 0; i < client->results.count; i++)
		complete += client->results.streams[i].protocol == IPERF_UDP && client->results.streams[i].complete;
	for (size_t i = 0; i < client->config.stream_count; i++) {
		const struct iperf_stream_result *result = listed(client, &client->config.streams[i]);

		client->config.streams[i].complete = result && result->complete;
	}
	return complete < udp ? udp - complete : 0;
}

/* The last answer is final: what is missing in it is reported (R-8.4-7, R-8.2-6). */
static void judge_results(struct iperf_client *client)
{
	size_t begun = begun_streams(client), complete = 0;

	for (size_t i = 0; i < client->results.count; i++)
		complete += client->results.streams[i].complete;
	if (client->results.count < begun)
		note(client, IPERF_OUTCOME_INCOMPLETE, IPERF_R_8_4_7, "the server lists %zu of %zu streams",
		     client->results.count, begun);
	else if (complete < begun)
		note(client, IPERF_OUTCOME_INCOMPLETE, IPERF_R_8_4_7, "the server has %zu of %zu streams complete",
		     complete, begun);
}

static void results_answered(struct iperf_client *client, int64_t now_ns)
{
	if (incomplete_udp(client) > 0) {
		client->again_ns = now_ns + client->config.again_ns;
		return;
	}
	judge_results(client);
	enter(client, IPERF_CLIENT_FINISH, now_ns);
}

static void close_results(struct iperf_client *client)
{
	if (client->results_open)
		decide(client, IPERF_CLIENT_CLOSE, IPERF_WHO_RESULTS, NULL, 0);
	client->results_open = false;
}

/* T_results has passed. With a partial answer that is what R-8.4-7 reports; without any it is R-9.3-5. */
static void asking_expired(struct iperf_client *client)
{
	close_results(client);
	if (!client->answered)
		note(client, IPERF_OUTCOME_TIMEOUT, IPERF_R_9_3_5, "no results response in time");
	else
		judge_results(client);
}

static void confirm_expired(struct iperf_client *client, int64_t now_ns)
{
	asking_expired(client);
	enter(client, IPERF_CLIENT_PAYLOAD, now_ns);
}

static void results_expired(struct iperf_client *client, int64_t now_ns)
{
	asking_expired(client);
	enter(client, IPERF_CLIENT_FINISH, now_ns);
}

/* A response that will not do: reported, and not asked for again; the test goes on to its end (R-9.3-3). */
__attribute__((format(printf, 3, 4))) static void malformed(struct iperf_client *client, int64_t now_ns,
							    const char *format, ...)
{
	char text[180];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	note(client, IPERF_OUTCOME_MALFORMED, IPERF_R_9_3_2, "malformed response: %s", text);
	close_results(client);
	enter(client, client->state == IPERF_CLIENT_CONFIRM ? IPERF_CLIENT_PAYLOAD : IPERF_CLIENT_FINISH, now_ns);
}

static void answer_octets(struct iperf_client *client, const uint8_t *octets, size_t length, int64_t now_ns)
{
	size_t used = iperf_parser_feed(&client->answer, octets, length);
	char expected[120];

	if (client->answer.status == IPERF_PARSE_WRONG) {
		iperf_parser_expected(&client->answer, expected, sizeof expected);
		malformed(client, now_ns, "expected %s at octet %u", expected, (unsigned)client->answer.offset);
	} else if (length - used > client->config.text_size - client->text_length) {
		malformed(client, now_ns, "result data is longer than %zu octets", client->config.text_size);
	} else if (length > used) {
		memcpy(client->config.text + client->text_length, octets + used, length - used);
		client->text_length += length - used;
	}
}

/* The end of a results connection is the end of the data. */
static void answer_ended(struct iperf_client *client, int64_t now_ns)
{
	struct iperf_results_error error;
	struct iperf_results results = client->config.results;

	client->results_open = false;
	decide(client, IPERF_CLIENT_CLOSE, IPERF_WHO_RESULTS, NULL, 0);
	if (client->answer.offset == 0) {
		client->again_ns = now_ns + client->config.again_ns; /* unanswered: R-9.3-4, R-8.4-6 */
	} else if (client->answer.status != IPERF_PARSE_DONE) {
		malformed(client, now_ns, "it ends after %u octets", (unsigned)client->answer.offset);
	} else if (!iperf_results_decode(client->config.text, client->text_length, &results, &error)) {
		client->results.count = client->results.bytes = 0; /* its array holds half of the new ones */
		client->answered = false;
		if (error.at_known)
			malformed(client, now_ns, "result data, octet %zu: %s", error.offset, error.text);
		else
			malformed(client, now_ns, "result data, %s", error.text);
	} else {
		client->results = results;
		client->answered = client->accepted = true;
		table[client->state].answered(client, now_ns);
	}
}

/* --- PAYLOAD, ENDING, FINISH ------------------------------------------------------------------------------------- */

static bool any_open(const struct iperf_client *client)
{
	for (size_t i = 0; i < client->config.stream_count; i++)
		if (client->config.streams[i].open)
			return true;
	return false;
}

static void flow(struct iperf_client *client, int64_t now_ns)
{
	if (!any_open(client)) {
		enter(client, IPERF_CLIENT_ENDING, now_ns);
		return;
	}
	client->payload_flows = true;
	decide(client, IPERF_CLIENT_FLOW, 0, NULL, 0);
}

void iperf_client_payload_over(struct iperf_client *client, int64_t now_ns)
{
	if (!client->payload_flows)
		return;
	client->payload_flows = false;
	if (client->state == IPERF_CLIENT_PAYLOAD)
		enter(client, IPERF_CLIENT_ENDING, now_ns);
}

static void ending_over(struct iperf_client *client, int64_t now_ns)
{
	bool udp_done = client->ends >= IPERF_STREAM_ENDS || count_streams(client, IPERF_UDP) == 0;
	bool tcp_done = client->deadline_ns == INT64_MAX || !any_tcp_open(client);

	if (udp_done && tcp_done)
		enter(client, IPERF_CLIENT_RESULTS, now_ns);
}

/* One round of STREAM_END on all UDP streams (R-8.4-2). */
static void end_again(struct iperf_client *client, int64_t now_ns)
{
	for (size_t i = 0; i < client->config.stream_count; i++)
		if (is_udp(&client->config.streams[i]) && client->config.streams[i].open)
			send_message(client, (int)i, IPERF_STREAM_END);
	client->ends++;
	client->again_ns = client->ends < IPERF_STREAM_ENDS ? now_ns + IPERF_STREAM_END_GAP + END_MARGIN : INT64_MAX;
	ending_over(client, now_ns);
}

static void end_streams(struct iperf_client *client, int64_t now_ns)
{
	for (size_t i = 0; i < client->config.stream_count; i++) {
		if (is_udp(&client->config.streams[i]) || !client->config.streams[i].open)
			continue;
		send_message(client, (int)i, IPERF_STREAM_END);
		decide(client, IPERF_CLIENT_HALF_CLOSE, (int)i, NULL, 0);
	}
	end_again(client, now_ns);
}

static void ending_expired(struct iperf_client *client, int64_t now_ns)
{
	if (any_tcp_open(client))
		note(client, IPERF_OUTCOME_TIMEOUT, IPERF_R_8_1_6,
		     "the server did not end its side of every TCP stream in time");
	client->deadline_ns = INT64_MAX; /* TCP is given up; the rounds of R-8.4-2 are not cut short */
	ending_over(client, now_ns);
}

static void end_test(struct iperf_client *client, int64_t now_ns)
{
	(void)now_ns;
	send_message(client, IPERF_WHO_CONTROL, IPERF_TEST_END);
	decide(client, IPERF_CLIENT_HALF_CLOSE, IPERF_WHO_CONTROL, NULL, 0);
}

static void finish_expired(struct iperf_client *client, int64_t now_ns)
{
	note(client, IPERF_OUTCOME_TIMEOUT, IPERF_R_6_5_8, "the server did not end the control connection in time");
	enter(client, IPERF_CLIENT_DONE, now_ns);
}

/* DONE: closes what is open; nothing happens any more. */
static void over(struct iperf_client *client, int64_t now_ns)
{
	(void)now_ns;
	close_results(client);
	for (size_t i = 0; i < client->config.stream_count; i++) {
		bool opening = client->control_open && i == client->begun; /* the test ended in BEGIN */

		if (client->config.streams[i].open || opening)
			decide(client, IPERF_CLIENT_CLOSE, (int)i, NULL, 0);
		client->config.streams[i].open = false;
	}
	decide(client, IPERF_CLIENT_CLOSE, IPERF_WHO_CONTROL, NULL, 0);
	client->control_open = false;
	decide(client, IPERF_CLIENT_OVER, 0, NULL, 0);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

void iperf_client_octets(struct iperf_client *client, int who, const uint8_t *octets, size_t length, int64_t now_ns)
{
	if (client->state == IPERF_CLIENT_DONE || length == 0)
		return;
	if (who == IPERF_WHO_RESULTS) {
		if (client->results_open)
			answer_octets(client, octets, length, now_ns);
	} else {
		note(client, IPERF_OUTCOME_MALFORMED, IPERF_R_5_2_1, "the server sent octets on %s connection",
		     who == IPERF_WHO_CONTROL ? "the control" : "a stream");
	}
}

/* The control connection was ended by the server: R-5.2-7 tells what to call it. */
static void control_ended(struct iperf_client *client, int64_t now_ns)
{
	double ms = (double)(now_ns - client->begin_ns) / 1e6;
	int64_t patience = client->config.t_reject_ns + client->begin_ns - client->start_ns;

	if (client->state < IPERF_CLIENT_FINISH) {
		if (!client->accepted && now_ns - client->begin_ns <= patience)
			note(client, IPERF_OUTCOME_REJECTED, IPERF_R_5_2_5,
			     "the server closed the control connection %.1f ms after IPERF_TEST_BEGIN", ms);
		else
			note(client, IPERF_OUTCOME_ABORTED, IPERF_R_5_2_8,
			     "the server ended the control connection %.1f ms after IPERF_TEST_BEGIN", ms);
	}
	enter(client, IPERF_CLIENT_DONE, now_ns);
}

static void stream_ended(struct iperf_client *client, size_t index, int64_t now_ns)
{
	struct iperf_client_stream *stream = &client->config.streams[index];

	if (!stream->open || is_udp(stream))
		return;
	stream->open = false;
	decide(client, IPERF_CLIENT_CLOSE, (int)index, NULL, 0);
	if (client->state < IPERF_CLIENT_ENDING) {
		stream->lost = true;
		note(client, IPERF_OUTCOME_STREAM_LOST, IPERF_R_8_1_7, "the server ended the connection of stream %zu",
		     index + 1);
		if (client->payload_flows && !any_open(client))
			decide(client, IPERF_CLIENT_HALT, 0, NULL, 0);
	} else if (client->state == IPERF_CLIENT_ENDING) {
		ending_over(client, now_ns);
	}
}

void iperf_client_ended(struct iperf_client *client, int who, int64_t now_ns)
{
	if (client->state == IPERF_CLIENT_DONE)
		return;
	if (who == IPERF_WHO_CONTROL && client->control_open)
		control_ended(client, now_ns);
	else if (who == IPERF_WHO_RESULTS && client->results_open)
		answer_ended(client, now_ns);
	else if (who >= 0)
		stream_ended(client, (size_t)who, now_ns);
}

void iperf_client_stop(struct iperf_client *client, int64_t now_ns)
{
	if (client->state == IPERF_CLIENT_DONE)
		return;
	note(client, IPERF_OUTCOME_INTERRUPTED, IPERF_R_7_5, "interrupted");
	enter(client, IPERF_CLIENT_DONE, now_ns);
}

int64_t iperf_client_deadline(const struct iperf_client *client)
{
	return client->again_ns < client->deadline_ns ? client->again_ns : client->deadline_ns;
}

void iperf_client_timer(struct iperf_client *client, int64_t now_ns)
{
	while (iperf_client_deadline(client) <= now_ns) {
		if (client->deadline_ns <= now_ns) {
			table[client->state].expired(client, now_ns);
		} else {
			client->again_ns = INT64_MAX;
			table[client->state].again(client, now_ns);
		}
	}
}

void iperf_client_defaults(struct iperf_client_config *config)
{
	*config = (struct iperf_client_config){
		.t_results_ns = IPERF_T_RESULTS,
		.t_reject_ns = IPERF_T_REJECT,
		.again_ns = 50 * IPERF_MS,
	};
}

void iperf_client_init(struct iperf_client *client, const struct iperf_client_config *config,
		       const struct iperf_cookie *cookie)
{
	memset(client, 0, sizeof *client);
	client->config = *config;
	if (client->config.again_ns < IPERF_STREAM_END_GAP + END_MARGIN) /* R-8.4-2, R-9.3-6 */
		client->config.again_ns = IPERF_STREAM_END_GAP + END_MARGIN;
	client->cookie = *cookie;
	client->state = IPERF_CLIENT_START;
	client->deadline_ns = client->again_ns = INT64_MAX;
	client->results = config->results;
	client->results.count = 0;
}

void iperf_client_start(struct iperf_client *client, int64_t now_ns)
{
	enter(client, IPERF_CLIENT_START, now_ns);
}
