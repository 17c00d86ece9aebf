/* In what state an input has left the server, as far as can be seen: what it waits for on which connections. */
#include "conformance/blackbox_private.h"

#include "conformance/play_iperf3.h"

#define LENGTH_MAX 4 /* the first octet of a length: 64 MiB; bounds are lower */

bool blackbox_is_open(const struct wire_conn *conn)
{
	return conn && !conn->closed && !wire_ended(conn) && (conn->udp || conn->fd >= 0);
}

struct wire_conn *blackbox_control_in(const struct play *play, uint8_t state)
{
	struct wire_conn *control = play->conns[iperf3_of(play)->control];

	if (!blackbox_is_open(control) || control->udp || control->length == 0)
		return NULL;
	return control->octets[control->length - 1] == state ? control : NULL;
}

/* Whether the last that was sent there begins with a length that no text has. */
static bool has_sent_length(const struct play *play, int label)
{
	const struct case_step *last = NULL;

	for (size_t i = 0; i < play->file->step_count; i++)
		if (play->file->steps[i].label == label && case_is_action(play->file, &play->file->steps[i]))
			last = &play->file->steps[i];
	return last && last->what == CASE_OCTETS && last->pieces[0].cookie < 0 &&
	       last->pieces[0].length >= IPERF3_LENGTH_SIZE &&
	       last->pieces[0].octets[0] >= LENGTH_MAX;
}

/* By the last state that it has sent there. */
static enum iperf_requirement awaited_state(const struct play *play, int label)
{
	const struct wire_conn *conn = play->conns[label];
	uint8_t last = conn->length ? conn->octets[conn->length - 1] : IPERF3_PARAM_EXCHANGE;

	if (conn->sent < IPERF3_COOKIE_LENGTH)
		return IPERF_R_31_1;
	if (last == IPERF3_PARAM_EXCHANGE)
		return has_sent_length(play, label) ? IPERF_R_22_4_6 : IPERF_R_31_1;
	if (last == IPERF3_EXCHANGE_RESULTS)
		return has_sent_length(play, label) ? IPERF_R_32_1 : IPERF_R_31_1;
	return IPERF_R_31_2;
}

/* The same in the text profile: a first message, a test that nothing comes for, or one that never begins. */
static enum iperf_requirement awaited_message(const struct play *play, int label)
{
	bool begun = false, spoke = false;

	for (size_t i = 0; i < play->file->step_count; i++) {
		const struct case_step *step = &play->file->steps[i];

		begun = begun || (step->what == CASE_MESSAGE && step->message == IPERF_TEST_BEGIN);
		spoke = spoke || (step->what == CASE_MESSAGE && step->label == label);
	}
	return !spoke ? IPERF_R_10_1 : begun ? IPERF_R_10_2 : IPERF_R_6_3_3;
}

enum iperf_requirement blackbox_awaited(const struct play *play, int label)
{
	return play->file->profile == CASE_IPERF3 ? awaited_state(play, label) : awaited_message(play, label);
}

/* How far a connection has come, in 16 steps: the server's last octet, or how much was sent. */
static unsigned step_of(const struct play *play, const struct wire_conn *conn)
{
	if (play->file->profile == CASE_IPERF3)
		return conn->length ? conn->octets[conn->length - 1] % 16u : 0;
	return conn->sent < IPERF_COOKIE_LENGTH ? 0 : conn->sent == IPERF_COOKIE_LENGTH ? 1 : 2;
}

/* In what states connections are open, one or more, and how far those came that the server has ended. */
uint64_t blackbox_state(const struct play *play)
{
	uint64_t some = 0, more = 0;

	for (size_t i = 0; i < play->file->label_count; i++) {
		const struct wire_conn *conn = play->conns[i];
		uint64_t one;

		if (!conn || conn->udp || conn->closed)
			continue;
		if (blackbox_is_open(conn))
			one = UINT64_C(1) << (5 + (16 * blackbox_awaited(play, (int)i) + step_of(play, conn)) % 59);
		else
			one = UINT64_C(2) << step_of(play, conn) % 4;
		more |= some & one;
		some |= one;
	}
	return some * UINT64_C(0x9e3779b97f4a7c15) + more;
}
