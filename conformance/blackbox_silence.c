/* What the server does while an input's connections are left in silence. */
#include "conformance/blackbox_private.h"

#include <string.h>

#include "conformance/play_iperf3.h"
#include "proto/message.h"

#define AGAIN (30 * IPERF_MS)
#define MARGIN (1 * IPERF_S)
#define TURN (200 * IPERF_MS) /* from one client to the next */
#define CONNECTIONS_MAX 10    /* more show nothing that a few do not, and each may take a timer */
#define FLOWS (256 * 1024)   /* octets, or datagrams of DATAGRAMS, that only a test which sends brings */
#define DATAGRAMS 20
#define STREAMS_MAX 8
#define OFTEN 3
#define SELDOM 6
#define OVER_MAX (10 * IPERF_S) /* a test with more time is not waited for */

int64_t blackbox_longest_timer(const struct blackbox *box)
{
	enum case_profile profile = box->options->profile;
	int64_t longest = 0;

	for (unsigned i = CASE_NO_TIMER + 1; i < CASE_TIMERS; i++)
		if (case_timer_profile((enum case_timer)i) == profile && i != CASE_T_RESULTS && i != CASE_T_REPLY &&
		    i != CASE_T_OVER && box->player->timers[i] > longest)
			longest = box->player->timers[i];
	return longest;
}

int64_t blackbox_silence(const struct blackbox *box, size_t connections)
{
	if (box->options->profile == CASE_TEXT_PROFILE || connections == 0) /* its timers all run at once (R-10-5) */
		connections = 1;
	return (int64_t)connections * (blackbox_longest_timer(box) + TURN) + 2 * MARGIN;
}

bool blackbox_has_time(const struct blackbox *box, int64_t wait_ns)
{
	int64_t time_ns = box->options->time_ns;

	return time_ns == 0 || 2 * wait_ns <= box->from_ns + time_ns + BLACKBOX_LATE_NS - wire_now();
}

/* --- what is open ------------------------------------------------------------------------------------------------- */

/* The label of a TCP connection that the server has not ended; -1: none. awaited: how many there are. */
static int first_open(const struct play *play, size_t *awaited)
{
	int first = -1;

	*awaited = 0;
	for (size_t i = play->file->label_count; i-- > 0;) {
		const struct wire_conn *conn = play->conns[i];

		if (!blackbox_is_open(conn) || conn->udp || conn->unread)
			continue;
		first = (int)i;
		++*awaited;
	}
	return first;
}

/* No connection has ever brought a whole cookie: they are to delay nobody. */
static bool all_without_cookie(const struct play *play)
{
	for (size_t i = 0; i < play->file->label_count; i++)
		if (play->conns[i] && (play->conns[i]->udp || play->conns[i]->sent >= case_cookie_length(play->file)))
			return false;
	return true;
}

static bool parameters_have(const struct play *play, const char *key)
{
	for (size_t i = 0; i < play->file->step_count; i++)
		if (play->file->steps[i].what == CASE_PARAMETERS && play->file->steps[i].json &&
		    strstr(play->file->steps[i].json, key))
			return true;
	return false;
}

/* A test in which the server sends need not end, as long as somebody reads, or the kernel takes it at a low rate. */
static bool stop_reading(struct play *play)
{
	for (size_t i = 0; i < play->file->label_count; i++) {
		struct wire_conn *conn = play->conns[i];

		if (conn && conn->udp && (conn->datagram_count > DATAGRAMS || conn->flowed > FLOWS))
			return false;
		if (conn && !conn->udp && conn->length + conn->flowed > FLOWS) {
			if (parameters_have(play, "\"bandwidth\""))
				return false;
			conn->unread = true;
		}
	}
	return true;
}

/* --- other clients meanwhile -------------------------------------------------------------------------------------- */

static bool judge_delay(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	enum iperf_requirement broken = box->options->profile == CASE_IPERF3 ? IPERF_R_30_3 : IPERF_R_10_5;
	char text[350];
	size_t count;

	if (first_open(play, &count) < 0 || !all_without_cookie(play) ||
	    blackbox_is_common(box, BLACKBOX_DELAYS, broken) || blackbox_is_served(box, BLACKBOX_ASKS_NS, text, sizeof text))
		return true;
	fault->bound_ns = BLACKBOX_ASKS_NS;
	blackbox_blame(fault, BLACKBOX_DELAYS, broken, "beside connections without a cookie: %s", text);
	return false;
}

/* IPERF_DONE has ended the test: the server is free, whatever the client does with its end (R-23-18). */
static bool judge_done(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	const struct iperf3_play *own = iperf3_of(play);
	const struct wire_conn *control = play->conns[own->control];
	bool displayed = control && !control->udp && control->length > 0 &&
			 control->octets[control->length - 1] == IPERF3_DISPLAY_RESULTS;
	char text[350];

	for (size_t i = 0; i < play->file->label_count; i++) /* another connection may have begun another test */
		if (play->conns[i] && play->conns[i] != control && !play->conns[i]->udp && !own->labels[i].stream)
			return true;
	if (!own->done || !displayed || blackbox_is_common(box, BLACKBOX_DELAYS, IPERF_R_23_18) ||
	    blackbox_is_served(box, BLACKBOX_FREE_NS, text, sizeof text))
		return true;
	fault->bound_ns = BLACKBOX_FREE_NS;
	blackbox_blame(fault, BLACKBOX_DELAYS, box->unserved == IPERF_R_23_21 ? box->unserved : IPERF_R_23_18,
		       "%.1f s after IPERF_DONE, while the client keeps its end: %s", (double)BLACKBOX_FREE_NS / 1e9,
		       text);
	return false;
}

/* --- streams that come late --------------------------------------------------------------------------------------- */

/* The cookie of the case that the control connection began with; -1: none. */
static int cookie_of_control(const struct play *play, int control)
{
	for (size_t i = 0; i < play->file->step_count; i++)
		if (play->file->steps[i].label == control)
			return play->file->steps[i].what == CASE_COOKIE ? play->file->steps[i].cookie : -1;
	return -1;
}

/* Whether streams over TCP are awaited, none is there, and a silent connection is. */
static bool awaits_streams(const struct play *play)
{
	const struct iperf3_play *own = iperf3_of(play);
	const struct wire_conn *control = blackbox_control_in(play, IPERF3_CREATE_STREAMS);
	bool silent = false;

	if (!control || own->parallel < 1 || own->parallel > STREAMS_MAX || own->bidirectional || parameters_have(play, "\"bidirectional\""))
		return false;
	for (size_t i = 0; i < play->file->label_count; i++) {
		const struct wire_conn *conn = play->conns[i];

		if (conn && conn != control && (conn->udp || conn->sent >= IPERF3_COOKIE_LENGTH))
			return false;
		silent = silent || (conn && conn != control && !conn->closed && !wire_ended(conn));
	}
	return silent;
}

/* The streams come, and the test is to begin (R-25-6). */
static bool judge_streams(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	struct iperf3_play *own = iperf3_of(play);
	const struct wire_conn *control = play->conns[own->control];
	int64_t until_ns = wire_now() + BLACKBOX_ASKS_NS;
	size_t before, sent;

	if (!awaits_streams(play) || cookie_of_control(play, own->control) < 0)
		return true;
	before = control->length;
	for (int64_t i = 0; i < own->parallel; i++) {
		struct wire_conn *conn = wire_open(play->wire, (const struct sockaddr *)&box->player->address,
						   box->player->address_length, until_ns);

		if (conn && !conn->refused)
			wire_send(play->wire, conn, own->cookie.octets, IPERF3_COOKIE_LENGTH, until_ns, &sent);
	}
	while (control->length == before && !wire_ended(control) && wire_now() < until_ns)
		wire_wait(play->wire, until_ns);
	if (control->length > before || wire_ended(control))
		return true;
	fault->label = own->control;
	fault->streams = (unsigned)own->parallel;
	fault->cookie = cookie_of_control(play, own->control);
	fault->bound_ns = BLACKBOX_ASKS_NS;
	blackbox_blame(fault, BLACKBOX_HOLDS, IPERF_R_25_6,
		       "a silent connection keeps the test from its start, whose streams have come");
	return false;
}

/* --- a test whose time is over ------------------------------------------------------------------------------------ */

/* Of the last parameters there: omit and time; 0: they have no time, or cannot be read. */
static int64_t time_of_test(const struct play *play, int control)
{
	const struct case_step *parameters = NULL;
	json_t *object, *time, *omit;
	double seconds = 0;

	for (size_t i = 0; i < play->file->step_count; i++)
		if (play->file->steps[i].label == control && play->file->steps[i].what == CASE_PARAMETERS)
			parameters = &play->file->steps[i];
	object = parameters && parameters->json ? json_loads(parameters->json, 0, NULL) : NULL;
	time = json_object_get(object, "time");
	omit = json_object_get(object, "omit");
	if (json_is_number(time) && json_number_value(time) >= 1 && json_number_value(time) < 1e6 &&
	    (!omit || (json_is_number(omit) && json_number_value(omit) >= 0 && json_number_value(omit) < 1e6)))
		seconds = json_number_value(time) + json_number_value(omit);
	json_decref(object);
	return (int64_t)(seconds * 1e9);
}

/* The label of a stream to send payload on; -1: none. */
static int stream_to_send(const struct play *play)
{
	const struct iperf3_play *own = iperf3_of(play);

	for (size_t i = 0; i < own->stream_count; i++)
		if (!play->conns[own->streams[i]]->udp && blackbox_is_open(play->conns[own->streams[i]]) &&
		    play_iperf3_client_sends(play, i))
			return own->streams[i];
	return -1;
}

/* Payload goes on, in either direction, and the test is to end (R-31-3). */
static bool judge_over(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	static const uint8_t payload[1000];
	int control = iperf3_of(play)->control;
	int64_t time_ns = time_of_test(play, control) + box->player->timers[CASE_T_OVER] + 2 * MARGIN, sent_ns = 0;
	int64_t until_ns = wire_now() + time_ns;
	char text[100];
	size_t sent;

	if (!blackbox_control_in(play, IPERF3_TEST_RUNNING) || time_of_test(play, control) == 0 || time_ns > OVER_MAX ||
	    !blackbox_has_time(box, time_ns) || blackbox_is_common(box, BLACKBOX_OVER, IPERF_R_31_3))
		return true;
	fault->stream = stream_to_send(play);
	while (blackbox_control_in(play, IPERF3_TEST_RUNNING)) {
		if (blackbox_over(box) || blackbox_server_ended(box, text, sizeof text))
			return true;
		if (wire_now() > until_ns)
			break;
		if (fault->stream >= 0 && wire_now() > sent_ns + BLACKBOX_PAUSE_NS) {
			sent_ns = wire_now();
			wire_send(play->wire, play->conns[fault->stream], payload, sizeof payload, sent_ns + IPERF_S, &sent);
		}
		blackbox_report_progress(box, "a test whose time is over");
		wire_wait(play->wire, wire_now() + AGAIN);
	}
	if (!blackbox_control_in(play, IPERF3_TEST_RUNNING))
		return true;
	fault->label = control;
	fault->bound_ns = time_ns;
	blackbox_blame(fault, BLACKBOX_OVER, IPERF_R_31_3, "the test goes on %.1f s after its begin", (double)time_ns / 1e9);
	return false;
}

/* --- silence ------------------------------------------------------------------------------------------------------ */

/* The server has ended all: it is free, whatever its clients do with their ends. */
static bool judge_end(struct blackbox *box, const struct play *play, int64_t silence_ns, struct blackbox_fault *fault)
{
	int64_t patience_ns = blackbox_free_after(box, play->file);
	char text[350];

	for (size_t i = 0; i < play->file->label_count; i++)
		if (play->conns[i] && (play->conns[i]->udp || play->conns[i]->unread))
			return true;
	if (!blackbox_has_time(box, silence_ns + patience_ns) || blackbox_is_served(box, patience_ns, text, sizeof text) ||
	    blackbox_interrupted(box))
		return true;
	fault->bound_ns = patience_ns;
	fault->silence_ns = silence_ns;
	blackbox_blame(fault, BLACKBOX_KEEPS, box->options->profile == CASE_IPERF3 ? IPERF_R_23_18 : IPERF_R_6_5_5,
		       "%.1f s after it has ended all connections, while clients keep their ends: %s",
		       (double)patience_ns / 1e9, text);
	return false;
}

/* The server has answered a request there. */
static bool is_answered(const struct wire_conn *conn)
{
	const char *keyword = iperf_message_keyword(IPERF_RESULTS_RESPONSE);

	return conn->length >= strlen(keyword) && memcmp(conn->octets, keyword, strlen(keyword)) == 0;
}

/* The server has ended its side there, and may hold the connection none the less: then octets are not answered by a
 * reset. Where it has answered, for that is bounded (R-9.1-12). */
static int first_half(const struct play *play)
{
	for (size_t i = 0; i < play->file->label_count; i++) {
		const struct wire_conn *conn = play->conns[i];

		if (conn && !conn->udp && !conn->closed && conn->fd >= 0 && conn->eof && !conn->reset && !conn->sent_eof &&
		    is_answered(conn))
			return (int)i;
	}
	return -1;
}

static bool judge_halves(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	int64_t bound_ns = box->player->timers[CASE_T_HELLO] + MARGIN, until_ns = wire_now() + bound_ns;
	int half = first_half(play);
	size_t sent;

	if (!blackbox_has_time(box, bound_ns) || blackbox_is_common(box, BLACKBOX_HALF, IPERF_R_9_1_12))
		return true;
	while (half >= 0 && wire_now() < until_ns && !blackbox_over(box)) {
		wire_send(play->wire, play->conns[half], (const uint8_t[]){ 0 }, 1, until_ns, &sent);
		wire_wait(play->wire, wire_now() + AGAIN);
		half = first_half(play);
	}
	if (half < 0 || blackbox_over(box))
		return true;
	fault->label = half;
	fault->bound_ns = fault->silence_ns = bound_ns;
	blackbox_blame(fault, BLACKBOX_HALF, IPERF_R_9_1_12,
		       "%s is held, although the server has ended its side: %.1f s later octets are still taken there",
		       play->file->labels[half].name, (double)bound_ns / 1e9);
	return false;
}

/* How long the server may leave it open; not longer than all are waited for. */
static int64_t bound_of(const struct blackbox *box, const struct play *play, int label, int64_t all_ns)
{
	if (play->file->profile == CASE_TEXT_PROFILE && play->conns[label]->sent <= IPERF_COOKIE_LENGTH)
		return box->player->timers[CASE_T_HELLO] + 2 * MARGIN; /* it has no first message */
	return all_ns;
}

/* The label of a connection that has been left open for too long; -1: none. */
static int first_overdue(const struct blackbox *box, const struct play *play, int64_t all_ns, int64_t waited_ns)
{
	for (size_t i = 0; i < play->file->label_count; i++)
		if (blackbox_is_open(play->conns[i]) && !play->conns[i]->udp && !play->conns[i]->unread &&
		    waited_ns >= bound_of(box, play, (int)i, all_ns))
			return (int)i;
	return -1;
}

/* A server that has let go of such connections some times is seldom waited for again. */
static bool is_worth_waiting(struct blackbox *box, const struct play *play)
{
	uint64_t state = blackbox_state(play);
	struct blackbox_waited *one = &box->waited[state % BLACKBOX_STATES_MAX];

	if (one->state != state)
		*one = (struct blackbox_waited){ .state = state };
	one->times++;
	return one->times <= OFTEN || one->times % SELDOM == 0;
}

static bool judge_waits(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	size_t count;
	int open = first_open(play, &count);
	int64_t from_ns = wire_now(), all_ns = blackbox_silence(box, count);
	char text[100];

	if (count > CONNECTIONS_MAX || !blackbox_has_time(box, all_ns) || !is_worth_waiting(box, play) ||
	    (open >= 0 && blackbox_is_common(box, BLACKBOX_WAITS, blackbox_awaited(play, open))))
		return true;
	while (first_open(play, &count) >= 0) {
		wire_wait(play->wire, wire_now() + AGAIN);
		if (!stop_reading(play) || blackbox_server_ended(box, text, sizeof text) || blackbox_over(box))
			return true;
		blackbox_report_progress(box, "silence");
		open = first_overdue(box, play, all_ns, wire_now() - from_ns);
		if (open < 0)
			continue;
		fault->label = open;
		fault->bound_ns = fault->silence_ns = bound_of(box, play, open, all_ns);
		blackbox_blame(fault, BLACKBOX_WAITS, blackbox_awaited(play, open), "%s is still open after %.1f s of silence",
			       play->file->labels[open].name, (double)fault->bound_ns / 1e9);
		return false;
	}
	return judge_end(box, play, all_ns, fault);
}

bool blackbox_judge_silence(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	bool iperf3 = box->options->profile == CASE_IPERF3;

	return judge_delay(box, play, fault) && (!iperf3 || judge_done(box, play, fault)) &&
	       (!iperf3 || judge_streams(box, play, fault)) &&
	       blackbox_judge_newcomer(box, play, fault) && (iperf3 || judge_halves(box, play, fault)) &&
	       (!iperf3 || judge_over(box, play, fault)) && judge_waits(box, play, fault);
}
