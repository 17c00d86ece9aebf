/* What may come instead of what a line expects, in the iperf3 profile: the failure of the test, where the line says so;
 * and a server that is not free at once. */
#include "conformance/play_iperf3.h"

#include <errno.h>
#include <string.h>

#define ENDS IPERF_S /* after SERVER_ERROR, or ACCESS_DENIED */

/* --- a server that is not free at once --------------------------------------------------------------------------- */

static bool is_refused(const struct wire_conn *conn)
{
	bool denied = play_left(conn) == 1 && conn->octets[conn->taken] == (uint8_t)IPERF3_ACCESS_DENIED;

	return denied || (play_left(conn) == 0 && wire_ended(conn));
}

struct wire_conn *play_iperf3_reopen(struct play *play, struct wire_conn *conn)
{
	const struct sockaddr *address = (const struct sockaddr *)&play->player->address;
	const struct iperf3_label *label = iperf3_label(play);
	int64_t until_ns = conn->opened_ns + PLAY_REOPEN;
	struct wire_conn *next;
	size_t sent;

	while (label->lines == 1 && label->opening && is_refused(conn) && wire_now() < until_ns && play_goes_on(play)) {
		play_took(play, conn, play_left(conn));
		play_took_end(play, conn);
		wire_close(play->wire, conn);
		conn->excused = true;
		play_pause(play, wire_now() + PLAY_REOPEN_PAUSE);
		next = wire_open(play->wire, address, play->player->address_length, play_deadline(play));
		if (!next)
			return conn;
		next->bound = true;
		conn = play->conns[play->step->label] = next;
		if (next->refused)
			continue;
		play_said(play, conn, true, wire_now(), "open, and the same again", label->opening, label->opening_length);
		wire_send(play->wire, conn, label->opening, label->opening_length, play_deadline(play), &sent);
		play_wait_octets(play, conn, 1, play_deadline(play));
	}
	return conn;
}

/* --- or failed, or denied ---------------------------------------------------------------------------------------- */

/* The connection on which the alternative is looked for: a test fails on its control connection. */
static struct wire_conn *alternative_on(struct play *play, struct wire_conn *conn)
{
	const struct iperf3_play *own = iperf3_of(play);

	if (play->step->or == CASE_OR_DENIED || play_iperf3_is_control(play, play->step->label) ||
	    !play->conns[own->control])
		return conn;
	return play->conns[own->control];
}

/* The test is over: nothing of it counts any more. */
static void pass_over(struct play *play)
{
	play->passing_over = true;
	for (size_t i = 0; i < play->wire->count; i++) {
		struct wire_conn *conn = play->wire->conns[i];

		if (conn->excused || conn->fd < 0)
			continue;
		conn->excused = true;
		conn->unread = false;
		if (!conn->udp)
			wire_close(play->wire, conn);
	}
}

static void expect_alternative(struct play *play, struct wire_conn *conn)
{
	const struct play_result failure = *play->result;
	struct play_result *result = play->result;
	int64_t ends_ns = wire_now() + ENDS;

	result->verdict = PLAY_PASS;
	if (play->deadline_ns < ends_ns && (play_left(conn) > 0 || wire_ended(conn)))
		play->deadline_ns = ends_ns;
	if (play->step->or == CASE_OR_DENIED)
		play_iperf3_expect_denied(play, conn);
	else
		play_iperf3_expect_failed(play, conn);
	if (play_goes_on(play)) {
		pass_over(play);
		return;
	}
	result->verdict = failure.verdict; /* what was expected first is what is missing */
	result->requirement = failure.requirement;
	memcpy(result->expected, failure.expected, sizeof result->expected);
	memcpy(result->observed, failure.observed, sizeof result->observed);
	result->at = failure.at;
}

void play_iperf3_expect(struct play *play)
{
	struct wire_conn *conn = play->conns[play->step->label];
	size_t taken;

	if (!conn && play->file->role == CASE_SERVER) {
		play_untested(play, "line %u: nothing was sent there, so that nothing can come", play->step->line);
		return;
	}
	if (!conn)
		conn = play_awaited(play);
	if (!conn)
		return;
	conn->unread = play->step->what == CASE_UNREAD;
	if (conn->unread)
		return;
	taken = conn->taken;
	play_iperf3_expect_on(play, conn);
	conn = play->conns[play->step->label]; /* it may have been opened again */
	if (play->step->or != CASE_OR_NOTHING && play->result->verdict == PLAY_FAIL && conn->taken == taken)
		expect_alternative(play, alternative_on(play, conn));
}
