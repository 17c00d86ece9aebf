/* A case for a client: what a right client does to make the test that the capture shows. As long as the capture's server
 * answered as it should, the runner does ("serve"); otherwise what that server said is said again. */
#include <stdlib.h>
#include <string.h>

#include "conformance/record_case.h"

/* A connection or UDP source of the test. */
struct part {
	struct iperf_conn conn;
	struct record_speaker speaker;
	bool member;                /* it bears the cookie of the test */
	uint8_t *held;              /* to the server: half a message; or the answer */
	size_t held_count;
	uint64_t payload;
	unsigned begins, ends;      /* messages of a UDP stream */
	bool client_ended, server_ended;
};

struct client {
	const struct record_source *source;
	struct record_result *result;
	struct iperf_server session;
	struct iperf_stream *streams;
	struct part *parts;         /* by the log's connections */
	struct part *control, *acting;
	struct iperf_cookie cookie;
	unsigned tcp, udp;          /* streams */
	uint64_t bytes;
	bool whole;                 /* IPERF_TEST_END came */
	bool wrong;                 /* an answer was not right: nothing is left to the runner */
	bool served;
	bool blind;                 /* not all of an answer is in the capture */
};

/* --- what the test is -------------------------------------------------------------------------------------------- */

static void decided(void *user, const struct iperf_server *session, const struct iperf_decision *decision)
{
	struct client *c = user;
	struct part *part = decision->conn ? decision->conn->user : c->acting;

	switch (decision->kind) {
	case IPERF_DECIDE_BEGIN:
		c->control = part;
		c->cookie = session->cookie;
		break;
	case IPERF_DECIDE_STREAM:
		part->member = true;
		c->tcp += decision->stream->protocol == IPERF_TCP;
		c->udp += decision->stream->protocol == IPERF_UDP;
		break;
	case IPERF_DECIDE_RELEASE:
		if (session->state == IPERF_TEST_RUNNING)
			c->whole = decision->release == IPERF_RELEASE_END;
		for (size_t i = 0; i < session->stream_count; i++)
			c->bytes += iperf_stream_bytes(&session->config.streams[i], &session->cookie);
		break;
	case IPERF_DECIDE_TAKE:
	case IPERF_DECIDE_ACCEPT:
	case IPERF_DECIDE_RESPOND:
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		break;
	}
}

static bool keep(struct part *part, const struct record_log *log, const struct record_event *event)
{
	uint8_t *held = realloc(part->held, part->held_count + (size_t)event->length);

	if (!held)
		return false;
	memcpy(held + part->held_count, log->octets + event->at, (size_t)event->length);
	part->held = held;
	part->held_count += (size_t)event->length;
	return true;
}

/* The session is told all, and answers are gathered. */
static bool learn(struct client *c)
{
	const struct record_log *log = c->source->log;

	for (size_t i = 0; i < log->count; i++) {
		const struct record_event *event = &log->events[i];
		struct part *part = &c->parts[event->conn];

		if (!record_of_test(c->source, i))
			continue;
		c->acting = part;
		record_tell(&c->session, part->speaker.udp ? NULL : &part->conn, log, event);
		if (!event->to_server && event->kind == RECORD_OCTETS && !keep(part, log, event))
			return false;
	}
	return true;
}

/* An answer is right when it can be read and lists as many streams as there may be; what it counts, the capture's client
 * has seen to. */
static bool right_answer(const struct client *c, const struct part *part)
{
	static const size_t head = IPERF_MESSAGE_MAX;
	struct iperf_stream_result streams[IPERF_STREAMS_MAX];
	struct iperf_results results = { .capacity = IPERF_STREAMS_MAX, .streams = streams };
	struct iperf_results_error error;
	uint8_t expected[IPERF_MESSAGE_MAX];

	iperf_message_write(expected, IPERF_RESULTS_RESPONSE, &c->cookie);
	return part->held_count > head && memcmp(part->held, expected, head) == 0 && part->held[head] == ' ' &&
	       iperf_results_decode((const char *)part->held + head + 1, part->held_count - head - 1, &results, &error) &&
	       results.count <= c->tcp + c->udp;
}

static bool is_results(const struct client *c, const struct part *part)
{
	const struct record_conn *conn = c->source->log->conns[part - c->parts];

	return !part->speaker.udp && conn->opening.status == IPERF_PARSE_DONE &&
	       conn->opening.kind == IPERF_RESULTS_REQUEST;
}

/* Which connections are the client's, and whether the runner can answer for the server. */
static void sort_out(struct client *c)
{
	const struct record_log *log = c->source->log;

	for (size_t i = 0; i < log->conn_count; i++) {
		struct part *part = &c->parts[i];
		const struct record_conn *conn = log->conns[i];
		bool heard = conn->opening.status == IPERF_PARSE_DONE || conn->opening.status == IPERF_PARSE_PREAMBLE;

		if (!part->speaker.udp)
			part->member = heard && part->conn.number && iperf_cookie_equal(&conn->opening.cookie, &c->cookie);
		if (part != c->control && conn->opening.kind == IPERF_TEST_BEGIN && !conn->udp)
			part->member = false; /* a second control connection is the capture's client's fault */
		if (part->member && is_results(c, part) && !right_answer(c, part))
			c->wrong = true;
		c->blind |= part->member && is_results(c, part) && conn->answer_blind;
		if (part->member && !is_results(c, part) && part->held_count > 0)
			c->wrong = true;
	}
}

static const char *why_not(const struct client *c)
{
	if (!c->control)
		return "no test begins in it";
	if (!c->whole)
		return "it was broken off, which no command line can ask a client for";
	if (c->tcp && c->udp)
		return "it has streams over TCP and over UDP, and a client can be told one of them only";
	if (c->tcp + c->udp == 0)
		return "it has no stream, and a client is always told to send one";
	return NULL;
}

/* --- its steps --------------------------------------------------------------------------------------------------- */

static struct case_step *step(struct client *c, struct part *part, enum case_what what, enum case_direction direction)
{
	record_label(&c->result->steps, &part->speaker);
	return record_step(&c->result->steps, what, direction, part->speaker.label);
}

static void message(struct client *c, struct part *part, enum iperf_message_kind kind)
{
	step(c, part, CASE_MESSAGE, CASE_TO_SERVER)->message = kind;
}

/* Of one stream the octets are known; several share theirs as the client likes. */
static void payload(struct client *c, struct part *part)
{
	bool one = c->tcp + c->udp == 1;

	if (one && c->bytes == 0)
		return;
	step(c, part, CASE_PAYLOAD, CASE_TO_SERVER)->octets = one ? (int64_t)c->bytes : -1;
}

/* A message on the stream, or what looks like one and is payload. */
static bool is_end(const struct client *c, const struct record_event *event)
{
	uint8_t expected[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(expected, IPERF_STREAM_END, &c->cookie);

	return event->length >= length &&
	       memcmp(c->source->log->octets + event->at + event->length - length, expected, length) == 0;
}

/* A message of a UDP stream: three times at once, for only its own order matters. */
static void udp_stream(struct client *c, struct part *part, bool end)
{
	unsigned *count = end ? &part->ends : &part->begins;

	if (*count)
		return;
	if (end)
		payload(c, part);
	for (*count = 0; *count < (end ? IPERF_STREAM_ENDS : IPERF_STREAM_BEGINS); ++*count)
		message(c, part, end ? IPERF_STREAM_END : IPERF_STREAM_BEGIN);
}

/* The first octets of a connection: its message, as soon as it begins. */
static void first_octets(struct client *c, struct part *part)
{
	part->speaker.said = true;
	message(c, part, c->source->log->conns[part - c->parts]->opening.kind);
}

static void end_of_stream(struct client *c, struct part *part)
{
	part->client_ended = true;
	payload(c, part);
	message(c, part, IPERF_STREAM_END);
	step(c, part, CASE_END_OF_FILE, CASE_TO_SERVER);
	if (part->server_ended && !c->served)
		step(c, part, CASE_CLOSE, CASE_TO_CLIENT);
}

/* Streams first, whatever the capture's client did. */
static void end_of_test(struct client *c)
{
	for (size_t i = 0; i < c->source->log->conn_count; i++) {
		struct part *part = &c->parts[i];

		if (part->begins)
			udp_stream(c, part, true);
		else if (part != c->control && part->speaker.said && !part->client_ended && !is_results(c, part))
			end_of_stream(c, part);
	}
	c->control->client_ended = true;
	message(c, c->control, IPERF_TEST_END);
	step(c, c->control, CASE_END_OF_FILE, CASE_TO_SERVER);
	step(c, c->control, CASE_CLOSE, CASE_TO_CLIENT);
}

static void by_client(struct client *c, struct part *part, const struct record_event *event)
{
	bool results = is_results(c, part), end = event->kind == RECORD_EOF || event->kind == RECORD_RESET;

	if (part->speaker.udp) {
		if (event->kind == RECORD_OCTETS)
			udp_stream(c, part, is_end(c, event) && event->length == iperf_message_length(IPERF_STREAM_END));
		return;
	}
	if (results && c->served)
		return;
	if (event->kind == RECORD_OCTETS && !part->speaker.said)
		first_octets(c, part);
	if (end && part != c->control && !results && !part->client_ended)
		end_of_stream(c, part);
}

static void by_server(struct client *c, struct part *part, const struct record_event *event)
{
	if (part->speaker.udp || (event->kind != RECORD_EOF && event->kind != RECORD_RESET) || part->server_ended)
		return;
	part->server_ended = true;
	if (is_results(c, part) && !c->served) {
		if (part->held_count)
			record_octets(&c->result->steps, &part->speaker, CASE_TO_CLIENT, part->held, part->held_count, NULL, 0,
				      false);
		step(c, part, CASE_CLOSE, CASE_TO_CLIENT);
	} else if (part->client_ended && part != c->control && !c->served) {
		step(c, part, CASE_CLOSE, CASE_TO_CLIENT);
	}
}

static void write_steps(struct client *c)
{
	const struct record_log *log = c->source->log;

	record_cookie(&c->result->steps, &c->cookie);
	first_octets(c, c->control);
	if (!c->wrong)
		record_step(&c->result->steps, CASE_SERVE, CASE_TO_CLIENT, -1);
	c->served = !c->wrong;
	for (size_t i = 0; i < log->count && !c->result->steps.failed; i++) {
		const struct record_event *event = &log->events[i];
		struct part *part = &c->parts[event->conn];

		if (!record_of_test(c->source, i) || !part->member || event->kind == RECORD_OPENED)
			continue;
		if (event->to_server)
			by_client(c, part, event);
		else
			by_server(c, part, event);
	}
	end_of_test(c);
	if (!c->wrong)
		record_step(&c->result->steps, CASE_EXIT, CASE_TO_CLIENT, -1)->success = true;
	memset(c->result->steps.fixed, 0, sizeof c->result->steps.fixed); /* the client's cookie is its own */
}

static void set_head(struct client *c)
{
	static const enum iperf_requirement tcp[] = { IPERF_R_8_1_2, IPERF_R_8_1_3, IPERF_R_8_1_6, IPERF_R_9_3_1 };
	static const enum iperf_requirement udp[] = { IPERF_R_8_4_1, IPERF_R_8_4_2, IPERF_R_9_3_1 };
	struct case_file *file = c->result->steps.file;

	file->has_streams = file->has_bytes = file->has_transport = true;
	file->streams = c->tcp + c->udp;
	file->bytes = c->bytes;
	file->udp = c->udp > 0;
	record_note(c->result, IPERF_R_7_3);
	for (size_t i = 0; i < (file->udp ? sizeof udp : sizeof tcp) / sizeof *tcp; i++)
		record_note(c->result, file->udp ? udp[i] : tcp[i]);
	record_note(c->result, IPERF_R_6_5_7);
	record_note(c->result, c->wrong ? IPERF_R_9_3_3 : IPERF_R_NONE);
}

bool record_client(const struct record_source *source, struct record_result *result)
{
	struct client c = { .source = source, .result = result };
	const struct record_log *log = source->log;
	bool right;

	c.parts = calloc(log->conn_count + 1, sizeof *c.parts);
	c.streams = calloc(IPERF_STREAMS_MAX, sizeof *c.streams);
	right = c.parts && c.streams;
	for (size_t i = 0; i < log->conn_count && right; i++) {
		c.parts[i].conn.user = &c.parts[i];
		c.parts[i].speaker = (struct record_speaker){ .label = -1, .udp = log->conns[i]->udp, .cookie = -1 };
	}
	if (right) {
		record_session(&c.session, c.streams, IPERF_STREAMS_MAX, decided, &c);
		right = learn(&c);
	}
	result->why_not = right ? why_not(&c) : NULL;
	if (right && !result->why_not) {
		sort_out(&c);
		if (c.blind)
			result->why_not = "an answer is not in the capture as a whole";
		else
			write_steps(&c);
		set_head(&c);
	}
	for (size_t i = 0; i < log->conn_count && c.parts; i++)
		free(c.parts[i].held);
	free(c.parts);
	free(c.streams);
	result->steps.failed |= !right;
	return !result->steps.failed;
}
