/* A case for a server: the clients' octets in the order of the capture. A server session is told them, and what it
 * decides is expected; where, the capture shows. Waits are put where the order of what goes on several ways matters. */
#include <stdlib.h>
#include <string.h>

#include "conformance/record_server_private.h"

/* --- what the session decides ------------------------------------------------------------------------------------ */

static struct talker *talker_of(struct recorder *r, const struct iperf_conn *conn)
{
	return conn ? &r->talkers[(struct talker *)conn->user - r->talkers] : NULL;
}

/* The end of an unfinished connection leads to nothing but T_hello, so that a server may take its time. */
static bool may_wait(const struct recorder *r, const struct talker *talker, enum iperf_requirement why)
{
	return talker == r->acting && (why == IPERF_R_6_1_2 || why == IPERF_R_5_1_6) && r->ending;
}

static void closed(struct recorder *r, struct talker *talker, enum iperf_requirement why)
{
	talker->over = true;
	record_note(r->result, why == IPERF_R_6_2_2 ? IPERF_R_6_2_1 : why);
	record_note(r->result, why);
	if (talker->due == DUE_RESPONSE || talker->answered || (talker == r->acting && r->resetting) ||
	    may_wait(r, talker, why))
		return;
	talker->due = DUE_CLOSED;
	talker->why = why;
	talker->cause = r->acting;
}

static void stream_opened(struct recorder *r, struct talker *talker, const struct iperf_stream *stream)
{
	if (!talker)
		talker = r->acting;
	r->stream_of[stream->id - 1] = talker;
	r->did |= DID_STREAM;
	if (stream->id > 1 && r->streams[0].protocol != stream->protocol)
		record_note(r->result, IPERF_R_8_5_2);
}

static void decided(void *user, const struct iperf_server *session, const struct iperf_decision *decision)
{
	struct recorder *r = user;
	struct talker *talker = talker_of(r, decision->conn);

	(void)session;
	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
	case IPERF_DECIDE_ACCEPT:
		r->did |= DID_PREAMBLE;
		break;
	case IPERF_DECIDE_BEGIN:
		r->did |= DID_BEGIN;
		break;
	case IPERF_DECIDE_STREAM:
		stream_opened(r, talker, decision->stream);
		break;
	case IPERF_DECIDE_RESPOND:
		r->did |= DID_REQUEST;
		talker->due = DUE_RESPONSE;
		talker->cause = r->acting;
		break;
	case IPERF_DECIDE_RELEASE:
		r->did |= DID_END;
		if (decision->release != IPERF_RELEASE_LEFT || r->ending)
			record_note(r->result, decision->why);
		break;
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		r->did |= talker == r->acting && !r->ending ? DID_PREAMBLE : 0;
		closed(r, talker, decision->why);
		break;
	}
}

/* --- expectations ------------------------------------------------------------------------------------------------ */

static void settled(struct talker *talker)
{
	if (!talker)
		return;
	talker->unsettled = 0;
	talker->octets = talker->datagrams = 0;
}

static void expect(struct recorder *r, struct talker *talker)
{
	struct record_steps *steps = &r->result->steps;
	struct case_step *step;

	if (talker->due == DUE_NONE)
		return;
	r->pause_ns = 0; /* the capture's client waited for this */
	recorder_flush(r, talker);
	recorder_open(r, talker);
	if (talker->due == DUE_RESPONSE) {
		step = record_step(steps, CASE_MESSAGE, CASE_TO_CLIENT, talker->speaker.label);
		step->message = IPERF_RESULTS_RESPONSE;
		step->cookie = talker->cookie;
		step->json = talker->json;
		talker->json = NULL;
		talker->answered = true;
	} else {
		step = record_step(steps, CASE_CLOSED, CASE_TO_CLIENT, talker->speaker.label);
		step->requirement = talker->why;
		if (talker->timer != CASE_NO_TIMER) {
			step->has_within = true;
			step->within = (struct case_time){ talker->timer, 1, 2 * IPERF_S };
			steps->file->needs |= 1u << talker->timer;
		}
	}
	talker->due = DUE_NONE;
	settled(talker);
	settled(talker->cause);
}

/* Those that became due by the present event, where the capture's server had ended the connection before. */
static void expect_what_was_shown(struct recorder *r)
{
	for (size_t i = 0; i < r->talker_count && r->did; i++)
		if (r->talkers[i].server_ended)
			expect(r, &r->talkers[i]);
}

/* --- the clients' side ------------------------------------------------------------------------------------------- */

/* On a way of its own, what is to be handled after all that goes on on others: waits, if need be. */
static void settle(struct recorder *r, const struct talker *talker, unsigned after)
{
	bool udp = talker->speaker.udp, any = false;

	for (size_t i = 0; i < r->talker_count; i++) {
		const struct talker *other = &r->talkers[i];
		unsigned left = other == talker ? 0 : other->unsettled & after;

		if (left == DID_PREAMBLE && memcmp(&other->first, &talker->first, sizeof other->first) == 0 &&
		    !(r->did & DID_END))
			left = 0; /* of the same cookie: any order will do */
		any |= left != 0;
		udp |= left != 0 && other->speaker.udp;
	}
	if (!any)
		return;
	r->result->comments |= RECORD_SETTLES;
	r->settle_ns = udp ? SETTLE_UDP_NS : SETTLE_TCP_NS;
}

/* After which of others' doings what was done just now has to be handled. */
static unsigned order(const struct recorder *r, const struct talker *talker)
{
	unsigned after = 0;

	if (r->did & DID_PREAMBLE)
		after |= DID_END | DID_PREAMBLE;
	if (r->did & DID_BEGIN)
		after |= DID_END | DID_REQUEST | DID_DATAGRAM;
	if (r->did & DID_STREAM)
		after |= DID_END | DID_STREAM | (talker->speaker.udp ? DID_BEGIN : 0);
	if (r->did & DID_REQUEST)
		after |= DID_END | DID_PREAMBLE | DID_BEGIN | DID_STREAM | DID_OCTETS | DID_DATAGRAM;
	if (r->did & DID_END)
		after |= DID_PREAMBLE | DID_REQUEST;
	return after;
}

static void answer(struct recorder *r, struct talker *talker)
{
	struct iperf_results results = { .capacity = IPERF_STREAMS_MAX, .streams = r->results };

	iperf_server_results(&r->session, &results);
	talker->cookie = record_cookie(&r->result->steps, &r->session.cookie);
	if (talker->cookie < 0)
		r->result->steps.failed = true;
	talker->json = recorder_pattern(r, &results);
	record_note(r->result, IPERF_R_9_1_3);
	record_note(r->result, results.count ? IPERF_R_NONE : IPERF_R_8_5_1);
	for (size_t i = 0; i < results.count; i++)
		record_note(r->result, results.streams[i].protocol == IPERF_UDP ? IPERF_R_8_3_1 : IPERF_R_8_2_5);
}

/* What is held of other connections, so that it comes before what this one does. whole: only preambles that are whole. */
static void flush_others(struct recorder *r, const struct talker *talker, bool whole)
{
	int64_t pause_ns = r->pause_ns;

	r->pause_ns = 0;
	for (size_t i = 0; i < r->talker_count; i++) {
		struct talker *other = &r->talkers[i];

		if (other != talker && other->held_count > 0 && (!whole || other->conn.state == IPERF_CONN_FIRST))
			recorder_flush(r, other);
	}
	r->pause_ns = pause_ns;
}

/* The event has been told to the session: whether to wait before it, and what it leaves to settle. */
static void told(struct recorder *r, struct talker *talker)
{
	const struct record_event *event = r->event;
	bool octets = event->kind == RECORD_OCTETS || event->kind == RECORD_PAYLOAD;

	r->settle_ns = 0;
	if (r->did)
		flush_others(r, talker, true);
	settle(r, talker, order(r, talker));
	if (talker->due == DUE_RESPONSE && !talker->json && !talker->answered)
		answer(r, talker);
	if (r->settle_ns || (double)r->pause_ns * r->source->options->pace >= SETTLE_TCP_NS)
		for (size_t i = 0; i < r->talker_count; i++)
			settled(&r->talkers[i]);
	talker->unsettled |= r->did | (octets ? talker->speaker.udp ? DID_DATAGRAM : DID_OCTETS : 0);
	if (!octets)
		return;
	talker->octets += event->length;
	talker->datagrams += event->datagrams;
	if (talker->speaker.udp && (talker->octets > UDP_SURE_OCTETS || talker->datagrams > UDP_SURE_DATAGRAMS)) {
		talker->lossy = true;
		r->result->comments |= RECORD_LOSSY;
	}
}

/* The connection ended by the server's timers, if by anything: told to the session too, as far as it is that. */
static void ended_by_timer(struct recorder *r, struct talker *talker)
{
	const struct record_event *event = r->event;
	bool test = r->session.state != IPERF_TEST_IDLE && talker->conn.member.next;
	int64_t *timer = r->session.state == IPERF_TEST_HELD ? &r->session.config.t_begin_ns :
							       &r->session.config.t_idle_ns;
	int64_t kept = *timer, heard_ns = test && r->session.state == IPERF_TEST_RUNNING ? r->heard_ns : talker->heard_ns;

	if (event->time_ns - heard_ns < SILENCE_NS)
		return; /* it was stopped, or is wrong */
	r->acting = NULL;
	if (talker->conn.state == IPERF_CONN_PREAMBLE || (talker->conn.state == IPERF_CONN_FIRST &&
							  r->session.state == IPERF_TEST_RUNNING)) {
		iperf_server_reset(&r->session, &talker->conn, event->time_ns);
		talker->timer = CASE_T_HELLO;
		talker->why = IPERF_R_10_1;
	} else if (test) {
		*timer = 0;
		iperf_server_timer(&r->session, INT64_MAX / 4);
		*timer = kept;
		talker->timer = timer == &r->session.config.t_begin_ns ? CASE_T_BEGIN : CASE_T_IDLE;
	}
	record_note(r->result, talker->due ? talker->why : IPERF_R_NONE);
}

static void by_server(struct recorder *r, struct talker *talker)
{
	if (r->event->kind != RECORD_EOF && r->event->kind != RECORD_RESET)
		return; /* what it said: what a right one says is known */
	talker->server_ended = true;
	if (!talker->over && talker->due == DUE_NONE && !talker->answered)
		ended_by_timer(r, talker);
	expect(r, talker);
}

static void by_client(struct recorder *r, struct talker *talker)
{
	bool udp = talker->speaker.udp;

	if (talker->over) { /* a right server has closed it: there is nobody to say anything to */
		if (r->event->kind == RECORD_EOF && talker->due == DUE_CLOSED)
			recorder_act(r, talker);
		return;
	}
	r->acting = talker;
	r->ending = r->event->kind == RECORD_EOF || r->event->kind == RECORD_RESET;
	r->resetting = r->event->kind == RECORD_RESET;
	recorder_keep(r, talker);
	if (r->resetting)
		expect(r, talker); /* the answer, which is on its way by then */
	record_tell(&r->session, udp ? NULL : &talker->conn, r->source->log, r->event);
	r->heard_ns = talker->heard_ns = r->event->last_ns;
	told(r, talker);
	recorder_act(r, talker);
	expect_what_was_shown(r);
}

static void take(struct recorder *r, const struct record_event *event)
{
	struct talker *talker = &r->talkers[event->conn];
	const struct record_conn *conn = r->source->log->conns[event->conn];

	if (conn->refused || conn->middle)
		return;
	if (event->time_ns - r->last_ns > RECORD_PAUSE_NS) {
		flush_others(r, talker, false);
		r->pause_ns += event->time_ns - r->last_ns;
	}
	if (event->last_ns > r->last_ns)
		r->last_ns = event->last_ns;
	r->event = event;
	r->did = 0;
	r->acting = NULL;
	r->ending = r->resetting = false;
	if (event->to_server)
		by_client(r, talker);
	else
		by_server(r, talker);
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static bool begin(struct recorder *r)
{
	const struct record_log *log = r->source->log;

	r->talker_count = log->conn_count;
	r->talkers = calloc(log->conn_count + 1, sizeof *r->talkers);
	r->streams = calloc(IPERF_STREAMS_MAX, sizeof *r->streams);
	r->results = calloc(IPERF_STREAMS_MAX, sizeof *r->results);
	if (!r->talkers || !r->streams || !r->results)
		return false;
	for (size_t i = 0; i < r->talker_count; i++) {
		r->talkers[i].conn.user = &r->talkers[i];
		r->talkers[i].speaker = (struct record_speaker){ .label = -1, .udp = log->conns[i]->udp, .cookie = -1 };
	}
	record_session(&r->session, r->streams, IPERF_STREAMS_MAX, decided, r);
	return true;
}

static void end(struct recorder *r)
{
	r->pause_ns = 0;
	for (size_t i = 0; i < r->talker_count; i++) {
		recorder_flush(r, &r->talkers[i]);
		expect(r, &r->talkers[i]);
	}
}

bool record_server(const struct record_source *source, struct record_result *result)
{
	struct recorder r = { .source = source, .result = result };
	const struct record_log *log = source->log;
	bool first = true;

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
	for (size_t i = 0; i < r.talker_count && r.talkers; i++) {
		free(r.talkers[i].held);
		free(r.talkers[i].json);
	}
	free(r.talkers);
	free(r.streams);
	free(r.results);
	return !result->steps.failed;
}
