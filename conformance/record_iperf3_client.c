/* A case for a client of the iperf3 profile: what the capture's server said, in its order, and what a right client does
 * about it. The client is told to make the test that the parameters describe. */
#include <stdlib.h>
#include <string.h>

#include "conformance/record_iperf3_client_private.h"

#define LONG_S 10 /* a test that takes longer than what its server does to it */

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* The octets of one direction of the control connection, in one piece; for free(). */
static uint8_t *gather(const struct record_source *source, uint32_t conn, bool to_server, size_t *length)
{
	const struct record_log *log = source->log;
	uint8_t *all = NULL;
	size_t room = 1;

	*length = 0;
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < log->count; i++) {
			const struct record_event *event = &log->events[i];

			if (event->conn != conn || event->to_server != to_server || event->kind != RECORD_OCTETS ||
			    !record_of_test(source, i))
				continue;
			if (pass == 0) {
				room += (size_t)event->length;
				continue;
			}
			memcpy(all + *length, log->octets + event->at, (size_t)event->length);
			*length += (size_t)event->length;
		}
		if (pass == 0 && !(all = malloc(room)))
			return NULL;
	}
	return all;
}

/* The text at that place of what the client said: its length, or 0. */
static size_t text_at(const struct recorded_client *c, size_t at, const uint8_t **text)
{
	size_t length;

	if (c->said_length < at + IPERF3_LENGTH_SIZE)
		return 0;
	length = (size_t)c->said[at] << 24 | (size_t)c->said[at + 1] << 16 | (size_t)c->said[at + 2] << 8 | c->said[at + 3];
	*text = c->said + at + IPERF3_LENGTH_SIZE;
	return c->said_length - at - IPERF3_LENGTH_SIZE < length ? 0 : length;
}

/* What the client said on the control connection: its parameters, and whether it ended the test as it should. */
static const char *learn_client(struct recorded_client *c)
{
	struct iperf3_json_error error;
	const uint8_t *text;
	size_t at = IPERF3_COOKIE_LENGTH, length = text_at(c, at, &text);

	if (c->said_length < IPERF3_COOKIE_LENGTH)
		return "no test begins in it";
	c->parameters_known = length > 0;
	if (length == 0)
		return NULL;
	if (!iperf3_parameters_decode((const char *)text, length, &c->parameters, &error))
		return "its parameters cannot be read";
	at += IPERF3_LENGTH_SIZE + length;
	for (; at < c->said_length && !c->ended && !c->terminated && c->said[at] != 0; at++) { /* 0: a length */
		c->ended = c->said[at] == IPERF3_TEST_END;
		c->terminated = c->said[at] == IPERF3_CLIENT_TERMINATE;
	}
	if (!c->ended && (c->parameters.num > 0 || c->parameters.blockcount > 0)) {
		c->parameters.num = c->parameters.blockcount = 0; /* the server was first: the client is not to be */
		c->parameters.time = LONG_S;
	}
	return NULL;
}

/* --- the course -------------------------------------------------------------------------------------------------- */

static void expect_streams(struct recorded_client *c)
{
	int64_t count = iperf3_parameters_streams(&c->parameters);

	for (int64_t i = 0; i < count && i < RECORD_CLIENT_STREAMS && !c->result->steps.failed; i++) {
		struct record_speaker *stream = &c->streams[i];

		*stream = (struct record_speaker){ .label = -1, .udp = c->parameters.protocol == IPERF_UDP };
		record_label(&c->result->steps, stream);
		if (stream->udp) {
			record_iperf3_line(c, CASE_HELLO, CASE_TO_SERVER, stream->label, IPERF_R_26_1_1);
			record_iperf3_line(c, CASE_REPLY, CASE_TO_CLIENT, stream->label, IPERF_R_NONE);
		} else {
			record_iperf3_line(c, CASE_COOKIE, CASE_TO_SERVER, stream->label, IPERF_R_25_1);
		}
		c->stream_count++;
	}
}

/* The test fails for the client, by that. */
static void fails(struct recorded_client *c, enum iperf_requirement why)
{
	if (c->over)
		return;
	c->over = true;
	record_iperf3_line(c, why == IPERF_R_29_2 ? CASE_CLOSED : CASE_FAILED, CASE_TO_SERVER, c->control.label, why);
}

/* What follows a state that comes when it is due. */
static void answer(struct recorded_client *c, int state)
{
	switch (state) {
	case IPERF3_PARAM_EXCHANGE:
		record_iperf3_expect_parameters(c);
		break;
	case IPERF3_CREATE_STREAMS:
		expect_streams(c);
		break;
	case IPERF3_TEST_RUNNING:
		c->running = true;
		record_iperf3_payload(c);
		if (c->ended)
			record_iperf3_test_end(c);
		break;
	case IPERF3_EXCHANGE_RESULTS:
		record_iperf3_expect_results(c);
		break;
	case IPERF3_DISPLAY_RESULTS:
		record_iperf3_line(c, CASE_STATE, CASE_TO_SERVER, c->control.label, IPERF_R_23_13)->number = IPERF3_IPERF_DONE;
		record_iperf3_line(c, CASE_END_OF_FILE, CASE_TO_SERVER, c->control.label, IPERF_R_23_13);
		c->over = c->well = true;
		break;
	default:
		break;
	}
}

/* SERVER_ERROR and fewer than 8 octets: that nothing follows, only its end says. */
static size_t take_short_error(struct recorded_client *c, const uint8_t *octets, size_t length)
{
	record_iperf3_octets_of(&c->result->steps, CASE_TO_CLIENT, c->control.label, octets, length);
	record_iperf3_line(c, CASE_END_OF_FILE, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);
	fails(c, IPERF_R_29_3);
	return length;
}

/* One state of the server's. */
static size_t take_state(struct recorded_client *c, const uint8_t *octets, size_t length)
{
	static const int course[] = { IPERF3_PARAM_EXCHANGE, IPERF3_CREATE_STREAMS, IPERF3_TEST_START, IPERF3_TEST_RUNNING,
				      IPERF3_EXCHANGE_RESULTS, RECORD_CLIENT_RESULTS, IPERF3_DISPLAY_RESULTS };
	int state = (int8_t)octets[0];

	if (state == IPERF3_SERVER_ERROR && length >= IPERF3_ERROR_SIZE) {
		struct case_step *step = record_iperf3_line(c, CASE_ERROR, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);

		step->number = (int32_t)((uint32_t)octets[1] << 24 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 8 |
					 octets[4]);
		step->has_number = true;
		fails(c, IPERF_R_29_3);
		return IPERF3_ERROR_SIZE;
	}
	if (state == IPERF3_SERVER_ERROR)
		return take_short_error(c, octets, length);
	record_iperf3_state(&c->result->steps, CASE_TO_CLIENT, c->control.label, state);
	if (c->place < sizeof course / sizeof *course && state == course[c->place]) {
		c->place++;
		answer(c, state);
	} else {
		fails(c, state == IPERF3_ACCESS_DENIED	    ? IPERF_R_29_2 :
			 state == IPERF3_SERVER_TERMINATE ? IPERF_R_29_8 :
							    IPERF_R_22_3_5);
	}
	return 1;
}

/* The server's results; the runner's own where they were right. */
static size_t take_results(struct recorded_client *c, const uint8_t *octets, size_t length)
{
	struct iperf3_results results = { .capacity = RECORD_CLIENT_STREAMS, .streams = c->room };
	struct iperf3_json_error error;
	size_t text = length < IPERF3_LENGTH_SIZE ? 0 : (size_t)octets[0] << 24 | (size_t)octets[1] << 16 |
							   (size_t)octets[2] << 8 | octets[3];
	bool right;

	if (length < IPERF3_LENGTH_SIZE || length - IPERF3_LENGTH_SIZE < text) {
		record_iperf3_octets_of(&c->result->steps, CASE_TO_CLIENT, c->control.label, octets, length);
		return length; /* its end follows, and then the client fails */
	}
	octets += IPERF3_LENGTH_SIZE;
	c->place++;
	right = iperf3_results_decode((const char *)octets, text, &results, &error) &&
		results.count == c->stream_count && !c->parameters.get_server_output;
	if (right)
		record_iperf3_line(c, CASE_RESULTS, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);
	else
		record_iperf3_text(&c->result->steps, CASE_RESULTS, CASE_TO_CLIENT, c->control.label, octets, text);
	if (!right && !iperf3_results_decode((const char *)octets, text, &results, &error))
		fails(c, error.why != IPERF_R_NONE ? error.why : IPERF_R_22_4_5);
	return IPERF3_LENGTH_SIZE + text;
}

static void write_steps(struct recorded_client *c, const uint8_t *octets, size_t length, bool reset)
{
	record_label(&c->result->steps, &c->control);
	record_iperf3_line(c, CASE_COOKIE, CASE_TO_SERVER, c->control.label, IPERF_R_22_1_1);
	for (size_t used; length > 0 && !c->over && !c->result->steps.failed; octets += used, length -= used)
		used = c->place == RECORD_CLIENT_RESULTS_PLACE ? take_results(c, octets, length) : take_state(c, octets, length);
	if (!c->over && reset) { /* which leaves nothing of the connection */
		record_iperf3_line(c, CASE_RESET, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);
		record_note(c->result, IPERF_R_29_10);
	} else if (!c->over) {
		record_iperf3_line(c, CASE_END_OF_FILE, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);
		fails(c, IPERF_R_29_10);
	}
	if (c->over)
		record_iperf3_line(c, CASE_CLOSE, CASE_TO_CLIENT, c->control.label, IPERF_R_NONE);
	record_iperf3_line(c, CASE_EXIT, CASE_TO_CLIENT, -1, IPERF_R_NONE)->success = c->well;
}

/* Whether the capture shows all of the server's side, and a client can be told to do that. */
static const char *why_not(const struct recorded_client *c, bool server_ended)
{
	if (c->terminated)
		return "it was stopped by the client's user, which no command line can ask a client for";
	if (!c->parameters_known && !server_ended)
		return "its parameters are not in the capture";
	if (c->parameters_known && iperf3_parameters_streams(&c->parameters) > RECORD_CLIENT_STREAMS)
		return "it has too many streams";
	if (c->parameters.parallel < 1 || c->parameters.len < 1)
		return "no client makes a test of no streams or empty blocks";
	if (c->parameters.num <= 0 && c->parameters.blockcount <= 0 && c->parameters.time <= 0)
		return "it had no end of its own, which only its client's user can give it";
	if (!c->ended && !server_ended)
		return "neither its client nor its server ended it";
	return NULL;
}

/* The control connection of the test; -1: none. */
static int control_of(const struct record_source *source)
{
	const struct record_log *log = source->log;

	for (size_t i = 0; i < log->count; i++) {
		const struct record_conn *conn = log->conns[log->events[i].conn];

		if (record_of_test(source, i) && !conn->udp && !conn->iperf3_stream && !conn->middle && !conn->refused &&
		    conn->first_count == IPERF3_COOKIE_LENGTH)
			return (int)log->events[i].conn;
	}
	return -1;
}

/* How the server ended the connection; OPENED: it did not. */
static enum record_event_kind end_of(const struct record_source *source, uint32_t conn)
{
	const struct record_log *log = source->log;

	for (size_t i = 0; i < log->count; i++)
		if (log->events[i].conn == conn && !log->events[i].to_server &&
		    (log->events[i].kind == RECORD_EOF || log->events[i].kind == RECORD_RESET))
			return log->events[i].kind;
	return RECORD_OPENED;
}

bool record_iperf3_client(const struct record_source *source, struct record_result *result)
{
	struct recorded_client c = { .source = source, .result = result, .control = { .label = -1 } };
	int control = control_of(source);
	uint8_t *octets = NULL;
	enum record_event_kind end = control < 0 ? RECORD_OPENED : end_of(source, (uint32_t)control);
	size_t length = 0;

	result->steps.file->profile = CASE_IPERF3;
	result->why_not = control < 0 ? "no test begins in it" :
			  source->log->conns[control]->answer_blind ? "what its server said is not in the capture as a whole" :
								      NULL;
	if (result->why_not)
		return true;
	iperf3_parameters_defaults(&c.parameters);
	c.said = gather(source, (uint32_t)control, true, &c.said_length);
	octets = gather(source, (uint32_t)control, false, &length);
	if (c.said && octets) {
		result->why_not = learn_client(&c);
		if (!result->why_not)
			result->why_not = why_not(&c, end != RECORD_OPENED);
		if (!result->why_not) {
			record_iperf3_set_head(&c);
			write_steps(&c, octets, length, end == RECORD_RESET);
		}
	} else {
		result->steps.failed = true;
	}
	free(c.said);
	free(octets);
	return !result->steps.failed;
}
