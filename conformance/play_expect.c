/* What the runner looks for. */
#include "conformance/play_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOK (2 * IPERF_MS)
#define QUIET (100 * IPERF_MS) /* a stream whose octets end with STREAM_END, and that goes on, does so sooner */

/* --- waiting ----------------------------------------------------------------------------------------------------- */

/* Waits for length octets that were not taken. False: its end, or the deadline, came first. */
bool play_wait_octets(struct play *play, const struct wire_conn *conn, size_t length, int64_t deadline_ns)
{
	while (play_left(conn) < length && !wire_ended(conn) && play_goes_on(play))
		if (!play_wait(play, deadline_ns))
			break;
	return play_left(conn) >= length;
}

bool play_wait_ended(struct play *play, const struct wire_conn *conn, int64_t deadline_ns)
{
	while (!wire_ended(conn) && play_goes_on(play))
		if (!play_wait(play, deadline_ns))
			break;
	return wire_ended(conn);
}

/* Why what was expected did not come, said with what came instead. */
void play_missing(struct play *play, enum iperf_requirement requirement, const struct wire_conn *conn)
{
	double waited = (double)(wire_now() - play_base(play)) / 1e9;
	char text[PLAY_OPENING_TEXT];

	play_waiting_text(play, conn, text, sizeof text);
	if (wire_ended(conn))
		play_fail(play, requirement, "%s", text);
	else
		play_fail(play, requirement, "%s in %.3f s", text, waited);
}

static void say_when(struct play *play, int64_t after_ns)
{
	bool by_timer = play->step->within.timer != CASE_NO_TIMER || play->step->not_before.timer != CASE_NO_TIMER;
	double seconds = (double)(after_ns < 0 ? -after_ns : after_ns) / 1e9;

	play_fail(play, IPERF_R_NONE, "it came %.6f s %s%s", seconds, after_ns < 0 ? "too early, before that began" : "after that",
		  by_timer ? "; are the peer's timers those that were told to the runner?" : "");
}

/* What was expected came, at that time. */
void play_came(struct play *play, int64_t at_ns)
{
	int64_t after_ns = at_ns - play_base(play);

	play->done_ns[play->index] = at_ns;
	if (play->step->has_within && after_ns > play_time(play, &play->step->within))
		say_when(play, after_ns);
	if (play->step->has_not_before && after_ns < play_time(play, &play->step->not_before))
		say_when(play, after_ns);
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

/* The first of some requirements that the case tests; else the last, which is NONE at the latest. */
enum iperf_requirement play_tested_of(const struct play *play, const enum iperf_requirement *some)
{
	for (;; some++) {
		for (size_t i = 0; i < play->file->test_count; i++)
			if (play->file->tests[i] == *some)
				return *some;
		if (*some == IPERF_R_NONE || some[1] == IPERF_R_NONE)
			return *some;
	}
}

/* Octets that a server may not send. */
static enum iperf_requirement silence_of(const struct play *play, const struct wire_conn *conn)
{
	static const enum iperf_requirement in_control[] = { IPERF_R_2_1, IPERF_R_5_2_3, IPERF_R_5_2_1, IPERF_R_NONE };
	static const enum iperf_requirement elsewhere[] = { IPERF_R_5_2_3, IPERF_R_9_1_8, IPERF_R_5_2_2, IPERF_R_NONE };

	for (size_t i = 0; i < play->index; i++) {
		const struct case_step *step = &play->file->steps[i];

		if (step->label < 0 || play->conns[step->label] != conn || step->what != CASE_MESSAGE)
			continue;
		return play_tested_of(play, step->message == IPERF_RESULTS_REQUEST ? elsewhere : in_control);
	}
	return play_tested_of(play, elsewhere);
}

/* The connection was to be silent. Returns whether it was. */
bool play_is_silent(struct play *play, const struct wire_conn *conn)
{
	char text[PLAY_OPENING_TEXT];

	if (play_left(conn) == 0)
		return true;
	play_waiting_text(play, conn, text, sizeof text);
	if (play->file->role == CASE_SERVER && play->file->profile == CASE_TEXT_PROFILE)
		play_fail_as(play, play->step->requirement != IPERF_R_NONE ? play->step->requirement : silence_of(play, conn),
			     "no octet from the server here", "%s", text);
	else
		play_fail(play, IPERF_R_NONE, "%s", text);
	return false;
}

/* Exactly these octets come next. */
void play_expect_octets(struct play *play, struct wire_conn *conn, const uint8_t *octets, size_t length)
{
	size_t same = 0;
	char text[PLAY_OPENING_TEXT];

	play_wait_octets(play, conn, length, play_deadline(play));
	while (same < length && same < play_left(conn) && conn->octets[conn->taken + same] == octets[same])
		same++;
	if (same == length) {
		play_came(play, wire_arrival_ns(conn, conn->taken + length));
		play_took(play, conn, length);
	} else if (same < play_left(conn)) {
		play_waiting_text(play, conn, text, sizeof text);
		play_fail(play, IPERF_R_NONE, "%s; octet %zu of it is 0x%02x, expected 0x%02x", text, same,
			  conn->octets[conn->taken + same], octets[same]);
	} else {
		play_missing(play, IPERF_R_NONE, conn);
	}
}

/* A message; as the first thing on a connection, with its preamble. */
static void expect_message(struct play *play, struct wire_conn *conn, bool first)
{
	const struct case_step *step = play->step;
	uint8_t octets[IPERF_COOKIE_LENGTH + IPERF_MESSAGE_MAX];
	size_t length = first ? IPERF_COOKIE_LENGTH : 0;

	if (first && !play->known[step->cookie]) {
		if (!play_wait_octets(play, conn, IPERF_COOKIE_LENGTH, play_deadline(play))) {
			play_missing(play, IPERF_R_5_1_1, conn);
			return;
		}
		play_learn_cookie(play, conn->octets + conn->taken);
	}
	memcpy(octets, play->cookies[step->cookie].octets, length);
	length += iperf_message_write(octets + length, step->message, &play->cookies[step->cookie]);
	play_expect_octets(play, conn, octets, length);
}

size_t play_pieces(const struct play *play, uint8_t *octets, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < play->step->piece_count; i++) {
		const struct case_piece *piece = &play->step->pieces[i];
		const uint8_t *from = piece->cookie < 0 ? piece->octets :
					      play->profile->cookie(play, piece->cookie) + piece->begin;
		size_t count = piece->cookie < 0 ? piece->length : piece->end - piece->begin;

		for (size_t k = 0; k < piece->repeat && length + count <= size; k++, length += count)
			memcpy(octets + length, from, count);
	}
	return length;
}

static void expect_pieces(struct play *play, struct wire_conn *conn)
{
	static uint8_t octets[1 << 16];

	play_expect_octets(play, conn, octets, play_pieces(play, octets, sizeof octets));
}

/* Whether what came ends with STREAM_END. */
static bool is_terminated(const struct play *play, const struct wire_conn *conn)
{
	uint8_t end[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(end, IPERF_STREAM_END, &play->cookies[0]);

	return play_left(conn) >= length && memcmp(conn->octets + conn->length - length, end, length) == 0;
}

static bool is_terminated_at(const struct play *play, const struct wire_conn *conn, size_t at)
{
	uint8_t end[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(end, IPERF_STREAM_END, &play->cookies[0]);

	return play_left(conn) >= at + length && memcmp(conn->octets + conn->taken + at, end, length) == 0;
}

static void expect_any_payload(struct play *play, struct wire_conn *conn)
{
	int64_t deadline_ns = play_deadline(play);
	size_t end = iperf_message_length(IPERF_STREAM_END), length;

	while (!wire_ended(conn) && play_goes_on(play) && wire_now() < deadline_ns) {
		length = conn->length;
		if (!is_terminated(play, conn))
			play_wait(play, deadline_ns);
		else if (!play_wait(play, wire_now() + QUIET) || conn->length == length)
			break;
	}
	length = play_left(conn) - (is_terminated(play, conn) ? end : 0);
	play_came(play, wire_arrival_ns(conn, conn->taken + length));
	play_took(play, conn, length);
}

/* Whether STREAM_END is what has to follow the payload. */
static bool ends_next(const struct play *play)
{
	const struct case_step *next = &play->file->steps[play->index + 1];

	return play->index + 1 < play->file->step_count && next->label == play->step->label &&
	       next->what == CASE_MESSAGE && next->message == IPERF_STREAM_END;
}

/* How many octets come before STREAM_END, or all, when there is none. */
static size_t count_payload(const struct play *play, const struct wire_conn *conn)
{
	uint8_t end[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(end, IPERF_STREAM_END, &play->cookies[0]);
	const uint8_t *from = conn->octets + conn->taken;
	const uint8_t *found = play_left(conn) ? memmem(from, play_left(conn), end, length) : NULL;

	return found ? (size_t)(found - from) : play_left(conn);
}

static void expect_payload(struct play *play, struct wire_conn *conn)
{
	size_t length = (size_t)play->step->octets;

	if (play->step->octets >= 0 && ends_next(play) &&
	    play_wait_octets(play, conn, length + iperf_message_length(IPERF_STREAM_END), play_deadline(play)) &&
	    count_payload(play, conn) > length && !is_terminated_at(play, conn, length)) {
		play_wait_ended(play, conn, wire_now() + QUIET);
		play_fail(play, IPERF_R_NONE, "%zu octets of payload", count_payload(play, conn));
		return;
	}

	if (play->step->octets < 0) {
		expect_any_payload(play, conn);
	} else if (play_wait_octets(play, conn, length, play_deadline(play))) {
		play_came(play, wire_arrival_ns(conn, conn->taken + length));
		play_took(play, conn, length);
	} else {
		play_missing(play, IPERF_R_NONE, conn);
	}
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

bool play_is_message(const struct play *play, const struct wire_datagram *datagram, enum iperf_message_kind kind)
{
	uint8_t message[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(message, kind, &play->cookies[0]);

	return datagram->length == length && memcmp(datagram->octets, message, length) == 0;
}

/* The next datagram, or NULL when none comes in time. */
const struct wire_datagram *play_next_datagram(struct play *play, struct wire_conn *conn)
{
	int64_t deadline_ns = play_deadline(play);

	while (conn->datagram_taken == conn->datagram_count && play_goes_on(play))
		if (!play_wait(play, deadline_ns))
			return NULL;
	return play_goes_on(play) ? &conn->datagrams[conn->datagram_taken] : NULL;
}

void play_took_datagram(struct play *play, struct wire_conn *conn)
{
	const struct wire_datagram *datagram = &conn->datagrams[conn->datagram_taken++];
	char text[PLAY_OPENING_TEXT];

	play->profile->describe_datagram(play, datagram->octets, datagram->kept, datagram->length, text, sizeof text);
	play_said(play, conn, conn->by_peer, datagram->at_ns, text, datagram->octets, datagram->kept);
}

/* A repeated STREAM_BEGIN may stand anywhere (R-8.4-4). */
static void skip_repeats(struct play *play, struct wire_conn *conn)
{
	const struct wire_datagram *datagram;

	while ((datagram = play_next_datagram(play, conn)) && play_is_message(play, datagram, IPERF_STREAM_BEGIN))
		play_took_datagram(play, conn);
}

static void expect_datagram(struct play *play, struct wire_conn *conn)
{
	const struct case_step *step = play->step;
	const struct wire_datagram *datagram;
	char text[PLAY_OPENING_TEXT];

	if (step->message != IPERF_STREAM_BEGIN)
		skip_repeats(play, conn);
	datagram = play_next_datagram(play, conn);
	if (!datagram) {
		play_fail(play, IPERF_R_NONE, "no datagram in %.3f s", (double)(wire_now() - play_base(play)) / 1e9);
	} else if (!play_is_message(play, datagram, step->message)) {
		play->profile->describe_datagram(play, datagram->octets, datagram->kept, datagram->length, text, sizeof text);
		play_took_datagram(play, conn);
		play_fail(play, IPERF_R_NONE, "a datagram of %zu octets: %s", datagram->length, text);
	} else {
		int64_t at_ns = datagram->at_ns;

		play_took_datagram(play, conn);
		play_came(play, at_ns);
	}
}

static void expect_datagrams(struct play *play, struct wire_conn *conn)
{
	const struct case_step *step = play->step;
	const struct wire_datagram *datagram;
	int64_t octets = 0, count = 0, last_ns = play->end_ns;

	skip_repeats(play, conn);
	while ((datagram = play_next_datagram(play, conn)) && !play_is_message(play, datagram, IPERF_STREAM_END)) {
		if (!play_is_message(play, datagram, IPERF_STREAM_BEGIN)) {
			octets += (int64_t)datagram->length;
			count++;
			last_ns = datagram->at_ns;
		}
		play_took_datagram(play, conn);
	}
	if (!play_goes_on(play))
		return;
	play->done_ns[play->index] = last_ns;
	if ((step->octets >= 0 && octets != step->octets) || (step->datagrams >= 0 && count != step->datagrams))
		play_fail(play, IPERF_R_NONE, "%" PRId64 " octets of payload in %" PRId64 " datagrams%s", octets, count,
			  datagram ? "" : ", and no IPERF_STREAM_END");
}

static void expect_no_datagram(struct play *play, struct wire_conn *conn)
{
	int64_t until_ns = wire_now() + play_time(play, &play->step->time);
	char text[PLAY_OPENING_TEXT];

	while (play_goes_on(play)) {
		for (; conn->datagram_taken < conn->datagram_count && play_goes_on(play);) {
			const struct wire_datagram *datagram = &conn->datagrams[conn->datagram_taken];

			if (!play_is_message(play, datagram, IPERF_STREAM_BEGIN)) {
				play->profile->describe_datagram(play, datagram->octets, datagram->kept, datagram->length, text, sizeof text);
				play_fail(play, IPERF_R_NONE, "a datagram of %zu octets: %s", datagram->length, text);
			}
			play_took_datagram(play, conn);
		}
		if (wire_now() >= until_ns || !play_wait(play, until_ns))
			return;
	}
}

/* --- ends -------------------------------------------------------------------------------------------------------- */

static void expect_end(struct play *play, struct wire_conn *conn, bool reset_does)
{
	bool over = play_wait_ended(play, conn, play_deadline(play));

	if (!play_goes_on(play) || !play_is_silent(play, conn))
		return;
	if (!over) {
		play_missing(play, IPERF_R_NONE, conn);
	} else if (conn->reset && !reset_does) {
		play_took_end(play, conn);
		play_fail(play, IPERF_R_NONE, "a reset");
	} else {
		play_took_end(play, conn);
		play_came(play, conn->ended_ns);
	}
}

/* It may follow an end-of-file, and then no descriptor tells of it: it has to be looked for. */
static void expect_reset(struct play *play, struct wire_conn *conn)
{
	int64_t deadline_ns = play_deadline(play);

	while (!conn->reset && play_goes_on(play) && wire_now() < deadline_ns)
		play_pause(play, wire_now() + LOOK < deadline_ns ? wire_now() + LOOK : deadline_ns);
	if (!conn->reset) {
		play_missing(play, IPERF_R_NONE, conn);
		return;
	}
	conn->end_taken = false; /* another end than the one before */
	play_took_end(play, conn);
	play_came(play, conn->ended_ns);
}

static void expect_nothing(struct play *play, const struct wire_conn *conn)
{
	int64_t until_ns = wire_now() + play_time(play, &play->step->time);

	while (play_left(conn) == 0 && !wire_ended(conn) && wire_now() < until_ns && play_goes_on(play))
		if (!play_wait(play, until_ns))
			break;
	if (play_is_silent(play, conn) && wire_ended(conn))
		play_missing(play, IPERF_R_NONE, conn);
}

static void expect_response(struct play *play, struct wire_conn *conn)
{
	if (play_wait_ended(play, conn, play_deadline(play)))
		play_answer(play, conn);
	else if (play_left(conn) > 0)
		play_fail_as(play, IPERF_R_9_1_4, "end-of-file after the result data", "%zu octets, and the connection is open",
			     play_left(conn));
	else
		play_missing(play, IPERF_R_NONE, conn);
	if (play_goes_on(play))
		play_came(play, conn->ended_ns);
}

/* --- a step ------------------------------------------------------------------------------------------------------ */

bool play_expect_common(struct play *play, struct wire_conn *conn)
{
	switch (play->step->what) {
	case CASE_OCTETS:
		expect_pieces(play, conn);
		return true;
	case CASE_END_OF_FILE:
	case CASE_CLOSED:
		expect_end(play, conn, play->step->what == CASE_CLOSED);
		return true;
	case CASE_NOTHING:
		expect_nothing(play, conn);
		return true;
	case CASE_RESET:
		expect_reset(play, conn);
		return true;
	default:
		return false;
	}
}

static void expect_on_tcp(struct play *play, struct wire_conn *conn, bool first)
{
	switch (play->step->what) {
	case CASE_MESSAGE:
		if (play->step->message == IPERF_RESULTS_RESPONSE)
			expect_response(play, conn);
		else
			expect_message(play, conn, first);
		break;
	case CASE_PREAMBLE:
		if (!play->known[play->step->cookie] &&
		    play_wait_octets(play, conn, IPERF_COOKIE_LENGTH, play_deadline(play)))
			play_learn_cookie(play, conn->octets + conn->taken);
		play_expect_octets(play, conn, play->cookies[play->step->cookie].octets, IPERF_COOKIE_LENGTH);
		break;
	case CASE_PAYLOAD:
		expect_payload(play, conn);
		break;
	default:
		play_expect_common(play, conn);
		break;
	}
}

void play_expect(struct play *play)
{
	struct wire_conn *conn = play->conns[play->step->label];
	bool first = conn == NULL;

	if (first && play->file->role == CASE_SERVER) {
		play_untested(play, "line %u: nothing was sent there, so that nothing can come", play->step->line);
		return;
	}
	if (first)
		conn = play_awaited(play);
	if (!conn)
		return;
	if (!conn->udp)
		expect_on_tcp(play, conn, first);
	else if (play->step->what == CASE_NOTHING)
		expect_no_datagram(play, conn);
	else if (play->step->what == CASE_PAYLOAD)
		expect_datagrams(play, conn);
	else
		expect_datagram(play, conn);
}
