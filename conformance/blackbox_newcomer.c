/* Whether a server that is busy with a test turns away whoever comes meanwhile. */
#include "conformance/blackbox_private.h"

#include <string.h>

#include "conformance/play_iperf3.h"
#include "proto/message.h"

/* A connection by which the server is busy with a test; NULL: none. In the text profile whoever has sent a preamble
 * holds the server's cookie, or is rejected. */
static struct wire_conn *keeps_busy(const struct play *play)
{
	if (play->file->profile == CASE_IPERF3)
		return blackbox_control_in(play, IPERF3_TEST_RUNNING);
	for (size_t i = 0; i < play->file->label_count; i++)
		if (blackbox_is_open(play->conns[i]) && !play->conns[i]->udp && play->conns[i]->sent >= IPERF_COOKIE_LENGTH &&
		    !play->conns[i]->sent_eof)
			return play->conns[i];
	return NULL;
}

/* The server ends a connection that begins with these octets, or ends what it was busy with. */
static bool is_turned_away(const struct blackbox *box, struct play *play, const uint8_t *octets, size_t length,
			   const struct wire_conn *busy)
{
	int64_t until_ns = wire_now() + BLACKBOX_ASKS_NS;
	size_t before = busy->length, sent;
	struct wire_conn *conn = wire_open(play->wire, (const struct sockaddr *)&box->player->address,
					   box->player->address_length, until_ns);

	if (!conn || conn->refused)
		return true; /* whether it is there at all is seen later */
	wire_send(play->wire, conn, octets, length, until_ns, &sent);
	while (!wire_ended(conn) && wire_now() < until_ns)
		wire_wait(play->wire, until_ns);
	if (!wire_ended(conn) && blackbox_is_open(busy) && busy->length == before)
		return false;
	wire_close(play->wire, conn);
	return true;
}

/* Another client's (R-6.2-1, R-30-1). */
static bool judge_stranger(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	bool iperf3 = box->options->profile == CASE_IPERF3;
	enum iperf_requirement broken = iperf3 ? IPERF_R_30_1 : IPERF_R_6_2_1;
	const struct wire_conn *busy = keeps_busy(play);
	size_t length = case_cookie_length(play->file);
	uint8_t cookie[PLAY_COOKIE_MAX];

	if (!busy || blackbox_is_common(box, BLACKBOX_DEAF, broken))
		return true;
	memset(cookie, 'n', sizeof cookie);
	cookie[length - 1] = iperf3 ? '\0' : 'n';
	if (is_turned_away(box, play, cookie, length, busy))
		return true;
	fault->bound_ns = BLACKBOX_ASKS_NS;
	blackbox_blame(fault, BLACKBOX_DEAF, broken, "during a test a newcomer is not turned away within %.0f s",
		       (double)BLACKBOX_ASKS_NS / 1e9);
	return false;
}

/* What was sent first there; NULL: nothing. */
static const struct case_step *first_sent(const struct case_file *file, size_t label)
{
	for (size_t i = 0; i < file->step_count; i++)
		if (file->steps[i].label == (int)label && case_is_action(file, &file->steps[i]))
			return &file->steps[i];
	return NULL;
}

/* The step by which a test was begun on a connection that is open, and nothing else was sent there; NULL: none. */
static const struct case_step *begun_test(const struct play *play)
{
	for (size_t i = 0; i < play->file->label_count; i++) {
		const struct wire_conn *conn = play->conns[i];
		const struct case_step *first = first_sent(play->file, i);

		if (blackbox_is_open(conn) && !conn->udp && !conn->sent_eof &&
		    conn->sent == IPERF_COOKIE_LENGTH + iperf_message_length(IPERF_TEST_BEGIN) && first &&
		    first->what == CASE_MESSAGE && first->message == IPERF_TEST_BEGIN)
			return first;
	}
	return NULL;
}

/* The same client's, a second control connection (R-6.2-4). */
static bool judge_second(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	const struct case_step *begun = box->options->profile == CASE_TEXT_PROFILE ? begun_test(play) : NULL;
	uint8_t octets[IPERF_COOKIE_LENGTH + IPERF_MESSAGE_MAX];
	size_t length;

	if (!begun || blackbox_is_common(box, BLACKBOX_SECOND, IPERF_R_6_2_4))
		return true;
	memcpy(octets, play->cookies[begun->cookie].octets, IPERF_COOKIE_LENGTH);
	length = iperf_message_write(octets + IPERF_COOKIE_LENGTH, IPERF_TEST_BEGIN, &play->cookies[begun->cookie]);
	if (is_turned_away(box, play, octets, IPERF_COOKIE_LENGTH + length, play->conns[begun->label]))
		return true;
	fault->cookie = begun->cookie;
	fault->bound_ns = BLACKBOX_ASKS_NS;
	blackbox_blame(fault, BLACKBOX_SECOND, IPERF_R_6_2_4,
		       "during a test a second control connection is not turned away within %.0f s",
		       (double)BLACKBOX_ASKS_NS / 1e9);
	return false;
}

bool blackbox_judge_newcomer(struct blackbox *box, struct play *play, struct blackbox_fault *fault)
{
	return judge_stranger(box, play, fault) && judge_second(box, play, fault);
}
