/* A case for a server of the iperf3 profile: what the clients did, in the order of the capture. A server session is told
 * it, and what it decides is expected; where, the capture shows. */
#include <stdlib.h>
#include <string.h>

#include "conformance/record_iperf3_server_private.h"

/* --- what the session decides ------------------------------------------------------------------------------------ */

static struct talker *talker_of(struct iperf3_recorder *r, const struct iperf3_conn *conn)
{
	return conn ? &r->talkers[(struct talker *)conn->user - r->talkers] : r->acting;
}

static void due_state(struct iperf3_recorder *r, struct talker *talker, int state, enum iperf_requirement why)
{
	struct due *due = iperf3_due(r, talker, CASE_STATE, why);

	due->state = state;
	if (state == IPERF3_EXCHANGE_RESULTS && r->was_reset) {
		due->or = CASE_OR_FAILED;
		due->why = IPERF_R_25_12;
		record_note(r->result, due->why);
	}
}

/* What is most likely to be wrong in them. */
static enum iperf_requirement results_requirement(struct iperf3_recorder *r)
{
	const struct iperf3_parameters *parameters = &session_of(r)->parameters;

	if (parameters->reverse && !parameters->bidirectional)
		return IPERF_R_23_11;
	return parameters->protocol == IPERF_UDP ? IPERF_R_26_3_4 : IPERF_R_25_9;
}

static void on_send(struct iperf3_recorder *r, struct talker *talker, const struct iperf3_decision *decision)
{
	if (decision->octets[0] == (uint8_t)IPERF3_SERVER_ERROR && decision->length == IPERF3_ERROR_SIZE) {
		talker->failed = true;
	} else if (decision->octets[0] == (uint8_t)IPERF3_ACCESS_DENIED && decision->length == 1) {
		talker->denied = true;
	} else if (session_of(r)->state == IPERF3_TEST_DISPLAYED) {
		iperf3_due(r, talker, CASE_RESULTS, IPERF_R_23_11)->json = iperf3_pattern(r);
		talker->dues[talker->due_count - 1].why = results_requirement(r);
		due_state(r, talker, IPERF3_DISPLAY_RESULTS, IPERF_R_23_12);
	} else {
		for (size_t i = 0; i < decision->length; i++)
			due_state(r, talker, (int8_t)decision->octets[i], decision->why);
	}
}

/* Where the profile leaves it to the server whether, or when, it fails the test. */
static bool is_open(enum iperf_requirement why)
{
	static const enum iperf_requirement open[] = { IPERF_R_22_4_1, IPERF_R_22_4_4, IPERF_R_22_4_7, IPERF_R_24_5,
						       IPERF_R_28_1,   IPERF_R_32_2 };

	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (open[i] == why)
			return true;
	return false;
}

/* Either answer is right; the client leaves then. */
static void due_either(struct iperf3_recorder *r, struct talker *talker)
{
	bool results = talker->item.grammar == IPERF3_READ_TEXT && r->run_ns != 0;

	if (results)
		iperf3_due(r, talker, CASE_RESULTS, r->why)->or = CASE_OR_FAILED;
	due_state(r, talker, results ? IPERF3_DISPLAY_RESULTS : IPERF3_CREATE_STREAMS, r->why);
	if (!results)
		talker->dues[talker->due_count - 1].or = CASE_OR_FAILED;
	talker->left = true;
}

/* END or CLOSE: how the connection ends. */
static void on_end(struct iperf3_recorder *r, struct talker *talker, const struct iperf3_decision *decision)
{
	bool first = !talker->settled;

	talker->over = talker->settled = true;
	if (!first || (r->resetting && talker == r->acting))
		return;
	if (talker->failed && is_open(r->why))
		due_either(r, talker);
	else if (talker->denied)
		iperf3_due(r, talker, CASE_DENIED, decision->why);
	else if (talker->failed || decision->why == IPERF_R_29_9)
		iperf3_due(r, talker, CASE_FAILED, decision->why);
	else if (decision->why == IPERF_R_23_16)
		iperf3_due(r, talker, CASE_CLOSED, decision->why);
}

static void on_stream(struct iperf3_recorder *r, struct talker *talker, const struct iperf3_stream *stream)
{
	r->stream_of[stream - r->session.streams] = talker;
	talker->sends = stream->sends;
	record_note(r->result, IPERF_R_25_7);
}

static void on_run(struct iperf3_recorder *r)
{
	r->run_ns = r->event->time_ns ? r->event->time_ns : 1;
	for (size_t i = 0; i < session_of(r)->stream_count; i++) {
		struct talker *talker = r->stream_of[i];

		if (talker->sends)
			iperf3_due(r, talker, CASE_PAYLOAD, session_of(r)->parameters.bidirectional ? IPERF_R_27_1_6 :
										      IPERF_R_27_1_1)->some = true;
	}
}

/* Streams are closed with their test; when, is up to the server. */
static bool is_stream(const struct talker *talker)
{
	return !talker->control && talker->conn.parser.status == IPERF3_DONE && !talker->denied && !talker->failed;
}

static void decided(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	struct iperf3_recorder *r = user;
	struct talker *talker = talker_of(r, decision->conn);

	(void)server;
	switch (decision->kind) {
	case IPERF3_DECIDE_TAKE:
		r->taken = talker->control = true;
		break;
	case IPERF3_DECIDE_SEND:
		on_send(r, talker, decision);
		break;
	case IPERF3_DECIDE_STREAM:
		on_stream(r, talker, decision->stream);
		break;
	case IPERF3_DECIDE_REPLY:
		iperf3_due(r, talker, decision->stream->old ? CASE_ANY_REPLY : CASE_REPLY, decision->why);
		break;
	case IPERF3_DECIDE_RUN:
		on_run(r);
		break;
	case IPERF3_DECIDE_RELEASE:
		r->why = decision->why;
		break;
	case IPERF3_DECIDE_HALT:
	case IPERF3_DECIDE_MEASURE:
		break;
	case IPERF3_DECIDE_END:
	case IPERF3_DECIDE_CLOSE:
		if (is_stream(talker))
			talker->over = true;
		else
			on_end(r, talker, decision);
		break;
	}
}

/* --- the clients' side ------------------------------------------------------------------------------------------- */

static bool hold(struct iperf3_recorder *r, struct talker *talker, const uint8_t *octets, size_t length)
{
	size_t room = talker->held_room ? talker->held_room : 256;
	uint8_t *held;

	while (room < talker->held_count + length)
		room *= 2;
	held = room == talker->held_room ? talker->held : realloc(talker->held, room);
	if (!held) {
		r->result->steps.failed = true;
		return false;
	}
	talker->held = held;
	talker->held_room = room;
	memcpy(held + talker->held_count, octets, length);
	talker->held_count += length;
	return true;
}

/* What comes next on the connection. */
static void begin_item(struct iperf3_recorder *r, struct talker *talker)
{
	enum iperf3_test_state state = session_of(r)->state;

	if (talker->conn.state == IPERF3_CONN_COOKIE)
		iperf3_parser_init(&talker->item, IPERF3_READ_COOKIE, NULL, 0);
	else if (state == IPERF3_TEST_PARAMETERS)
		iperf3_parser_init(&talker->item, IPERF3_READ_TEXT, r->text, IPERF3_PARAMETERS_MAX);
	else if (state == IPERF3_TEST_RESULTS)
		iperf3_parser_init(&talker->item, IPERF3_READ_TEXT, r->text, IPERF3_RESULTS_MAX);
	else
		iperf3_parser_init(&talker->item, IPERF3_READ_STATE, NULL, 0);
}

static void expect_control(struct iperf3_recorder *r)
{
	if (session_of(r)->control)
		iperf3_expect(r, talker_of(r, session_of(r)->control), false);
}

/* Of the server's payload, some came before the client ends it; and that it may flow, is known on another connection. */
static void expect_payload(struct iperf3_recorder *r)
{
	if (session_of(r)->state == IPERF3_TEST_FLOWING)
		expect_control(r);
	for (size_t i = 0; i < session_of(r)->stream_count; i++) {
		if (r->stream_of[i]->sends && r->stream_of[i]->due_count)
			expect_control(r);
		if (r->stream_of[i]->sends)
			iperf3_expect(r, r->stream_of[i], true);
	}
}

static void take_octets(struct iperf3_recorder *r, struct talker *talker)
{
	const uint8_t *octets = r->source->log->octets + r->event->at;
	size_t length = (size_t)r->event->length, used;

	while (length > 0 && !talker->over &&
	       (talker->conn.state == IPERF3_CONN_COOKIE || talker->conn.state == IPERF3_CONN_CONTROL)) {
		if (talker->held_count == 0)
			begin_item(r, talker);
		used = iperf3_parser_octets(&talker->item, octets, length);
		if (!hold(r, talker, octets, used))
			return;
		if (talker->item.status != IPERF3_INCOMPLETE) {
			if (talker->item.grammar == IPERF3_READ_STATE)
				expect_payload(r);
			else if (session_of(r)->state == IPERF3_TEST_CREATING)
				expect_control(r); /* R-23-4 */
			iperf3_say_item(r, talker);
		}
		iperf3_server_octets(session_of(r), &talker->conn, octets, used, r->event->time_ns);
		octets += used;
		length -= used;
	}
	if (length > 0 && talker->denied && !talker->server_ended && !talker->written && hold(r, talker, octets, length)) {
		talker->item = (struct iperf3_parser){ .grammar = IPERF3_READ_COOKIE };
		iperf3_say_item(r, talker); /* it was denied before it said who it is */
	}
}

static void take_eof(struct iperf3_recorder *r, struct talker *talker, enum case_what what)
{
	bool stream = talker->conn.state == IPERF3_CONN_STREAM;

	talker->client_ended = true;
	if (talker->left || (talker->over && !talker->due_count))
		return;
	iperf3_say_rest(r, talker);
	if (what == CASE_RESET)
		iperf3_expect(r, talker, true); /* what is on its way by then */
	if (session_of(r)->control == &talker->conn)
		expect_payload(r);
	if (stream && session_of(r)->state > IPERF3_TEST_FLOWING)
		what = CASE_CLOSE;
	iperf3_before(r, talker, false);
	record_step(&r->result->steps, what, CASE_TO_SERVER, talker->speaker.label);
	r->was_reset |= stream && what == CASE_RESET;
	if (what == CASE_RESET && !stream)
		iperf3_server_reset(session_of(r), &talker->conn, r->event->time_ns);
	else if (!talker->over)
		iperf3_server_eof(session_of(r), &talker->conn, r->event->time_ns);
}

/* Whether it says something as soon as it is open. */
static bool speaks_at_once(const struct iperf3_recorder *r)
{
	const struct record_log *log = r->source->log;

	for (const struct record_event *next = r->event + 1; next < log->events + log->count; next++)
		if (next->conn == r->event->conn && next->to_server)
			return next->kind == RECORD_OCTETS && next->time_ns - r->event->time_ns < RECORD_PAUSE_NS;
	return false;
}

static void take_opened(struct iperf3_recorder *r, struct talker *talker)
{
	if (!speaks_at_once(r)) {
		iperf3_before(r, talker, false);
		record_step(&r->result->steps, CASE_OPEN, CASE_TO_SERVER, talker->speaker.label);
	}
	iperf3_server_connected(session_of(r), &talker->conn, &r->source->log->conns[r->event->conn]->client,
				r->event->time_ns);
}

static void by_client(struct iperf3_recorder *r, struct talker *talker)
{
	bool late = r->source->log->conns[r->event->conn]->iperf3_stream && r->taken && !talker->written &&
		    session_of(r)->state == IPERF3_TEST_IDLE;

	r->acting = talker;
	r->resetting = r->event->kind == RECORD_RESET;
	if (late && r->event->kind != RECORD_OPENED)
		talker->over = true; /* a stream of a test that a right server has ended */
	switch (r->event->kind) {
	case RECORD_OPENED:
		take_opened(r, talker);
		break;
	case RECORD_OCTETS:
		if (talker->speaker.udp && session_of(r)->state == IPERF3_TEST_CREATING)
			expect_control(r); /* R-26.1-5 */
		if (talker->speaker.udp)
			iperf3_say_datagram(r, talker);
		else
			take_octets(r, talker);
		break;
	case RECORD_PAYLOAD:
		iperf3_say_payload(r, talker);
		break;
	case RECORD_SEQUENCES:
		iperf3_say_sequences(r, talker);
		break;
	case RECORD_EOF:
	case RECORD_RESET:
		take_eof(r, talker, r->resetting ? CASE_RESET : CASE_END_OF_FILE);
		break;
	}
	talker->heard_ns = r->event->last_ns;
}

/* --- the server's side ------------------------------------------------------------------------------------------- */

/* Which of the timers may have expired; CASE_NO_TIMER: none. */
static enum case_timer expired(struct iperf3_recorder *r, const struct talker *talker)
{
	const struct iperf3_server *server = session_of(r);
	int64_t now_ns = r->event->time_ns, limit_s = server->parameters.omit + server->parameters.time;

	if (talker->conn.state == IPERF3_CONN_COOKIE || server->state == IPERF3_TEST_PARAMETERS ||
	    server->state == IPERF3_TEST_RESULTS)
		return now_ns - talker->heard_ns < SILENCE_NS ? CASE_NO_TIMER : CASE_T_READ;
	if (now_ns - r->last_ns >= SILENCE_NS)
		return CASE_T_SILENCE;
	if (server->state == IPERF3_TEST_FLOWING && server->parameters.time > 0 && limit_s < INT32_MAX &&
	    now_ns - r->run_ns > limit_s * IPERF_S + SILENCE_NS)
		return CASE_T_OVER;
	return CASE_NO_TIMER;
}

/* The connection was ended by the server's timers, if by anything right. */
static void ended_by_timer(struct iperf3_recorder *r, struct talker *talker)
{
	static const enum iperf_requirement why[] = {
		[CASE_T_READ] = IPERF_R_31_1, [CASE_T_SILENCE] = IPERF_R_31_2, [CASE_T_OVER] = IPERF_R_31_3,
	};
	enum case_timer timer = expired(r, talker);
	bool known = talker->conn.state == IPERF3_CONN_COOKIE || talker->conn.state == IPERF3_CONN_CONTROL;

	if (timer == CASE_NO_TIMER || !known || talker->over)
		return; /* it was stopped, or is wrong */
	iperf3_say_rest(r, talker);
	r->acting = NULL;
	talker->settled = true; /* what follows is due by the timer */
	iperf3_server_reset(session_of(r), &talker->conn, r->event->time_ns);
	talker->over = true;
	iperf3_due(r, talker, CASE_FAILED, why[timer])->timer = timer;
	r->result->steps.file->needs |= 1u << timer;
}

static void by_server(struct iperf3_recorder *r, struct talker *talker)
{
	bool end = r->event->kind == RECORD_EOF || r->event->kind == RECORD_RESET;
	bool payload = r->event->kind == RECORD_PAYLOAD || r->event->kind == RECORD_SEQUENCES;

	if (end && !talker->over && !talker->server_ended && !talker->speaker.udp)
		ended_by_timer(r, talker);
	talker->server_ended |= end;
	if (payload)
		expect_control(r);
	iperf3_expect(r, talker, payload || end);
}

static void take(struct iperf3_recorder *r, const struct record_event *event)
{
	struct talker *talker = &r->talkers[event->conn];
	const struct record_conn *conn = r->source->log->conns[event->conn];

	if (conn->refused || conn->middle)
		return;
	if (event->time_ns - r->last_ns > RECORD_PAUSE_NS)
		r->pause_ns += event->time_ns - r->last_ns;
	r->event = event;
	if (event->to_server)
		by_client(r, talker);
	else
		by_server(r, talker);
	if (event->last_ns > r->last_ns)
		r->last_ns = event->last_ns;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static bool begin(struct iperf3_recorder *r)
{
	const struct record_log *log = r->source->log;

	r->talker_count = log->conn_count;
	r->talkers = calloc(log->conn_count + 1, sizeof *r->talkers);
	r->text = malloc(IPERF3_RESULTS_MAX);
	if (!record_iperf3_begin(&r->session, decided, r) || !r->talkers || !r->text)
		return false;
	for (size_t i = 0; i < r->talker_count; i++) {
		r->talkers[i].conn.user = &r->talkers[i];
		r->talkers[i].conn.state = IPERF3_CONN_CLOSED; /* until it is open */
		r->talkers[i].speaker = (struct record_speaker){ .label = -1, .udp = log->conns[i]->udp, .cookie = -1 };
	}
	return true;
}

static void end(struct iperf3_recorder *r)
{
	struct record_steps *steps = &r->result->steps;

	r->pause_ns = 0;
	for (size_t i = 0; i < r->talker_count; i++) {
		struct talker *talker = &r->talkers[i];

		if (!talker->over)
			iperf3_say_rest(r, talker);
		iperf3_expect(r, talker, true);
		if (talker->left)
			record_step(steps, CASE_CLOSE, CASE_TO_SERVER, talker->speaker.label);
	}
	if (session_of(r)->state == IPERF3_TEST_IDLE) {
		record_step(steps, CASE_FREE, CASE_TO_SERVER, -1)->requirement = IPERF_R_23_19;
		record_note(r->result, IPERF_R_23_19);
	}
	record_iperf3_set_cookies(steps, &r->cookies);
}

static void release(struct iperf3_recorder *r)
{
	for (size_t i = 0; i < r->talker_count && r->talkers; i++) {
		for (size_t d = 0; d < r->talkers[i].due_count; d++)
			free(r->talkers[i].dues[d].json);
		free(r->talkers[i].held);
	}
	record_iperf3_free(&r->session);
	free(r->talkers);
	free(r->text);
}

bool record_iperf3_server(const struct record_source *source, struct record_result *result)
{
	struct iperf3_recorder r = { .source = source, .result = result };
	const struct record_log *log = source->log;
	bool first = true;

	result->steps.file->profile = CASE_IPERF3;
	if (begin(&r)) {
		for (size_t i = 0; i < log->count && !result->steps.failed; i++) {
			if (!record_of_test(source, i))
				continue;
			if (first)
				r.last_ns = log->events[i].time_ns;
			first = false;
			take(&r, &log->events[i]);
		}
		end(&r);
	} else {
		result->steps.failed = true;
	}
	release(&r);
	return !result->steps.failed;
}
