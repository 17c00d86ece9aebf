/* The text profile: what is expected without a line that says so, and what the player does in this profile's way. */
#include "conformance/play_private.h"

#include <string.h>

/* --- the end of a case ------------------------------------------------------------------------------------------- */

static bool may_come(const struct play *play, const struct wire_datagram *datagram)
{
	return play_is_message(play, datagram, IPERF_STREAM_END) || play_is_message(play, datagram, IPERF_STREAM_BEGIN);
}

static void no_more_datagrams(struct play *play, const struct wire_conn *conn)
{
	static const enum iperf_requirement silent[] = { IPERF_R_8_3_5, IPERF_R_8_3_8, IPERF_R_NONE };

	for (size_t i = conn->datagram_taken; i < conn->datagram_count && play_goes_on(play); i++) {
		if (play->file->role == CASE_SERVER)
			play_fail_as(play, play_tested_of(play, silent), "no datagram from the server", "a datagram of %zu octets",
				     conn->datagrams[i].length);
		else if (!may_come(play, &conn->datagrams[i]))
			play_fail_as(play, IPERF_R_8_1_2, "nothing but IPERF_STREAM_END after the payload",
				     "a datagram of %zu octets", conn->datagrams[i].length);
	}
}

/* What a client left on a connection that no line asked for. Payload may be cut off by what the runner did, and a case
 * may end before the test does. */
static void no_more_octets(struct play *play, const struct wire_conn *conn)
{
	size_t opening = IPERF_COOKIE_LENGTH + iperf_message_length(IPERF_STREAM_BEGIN);
	uint8_t begin[IPERF_MESSAGE_MAX], end[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(begin, IPERF_STREAM_BEGIN, &play->cookies[0]);
	size_t end_length = iperf_message_write(end, IPERF_TEST_END, &play->cookies[0]);
	const uint8_t *rest = conn->octets + conn->taken;
	char text[PLAY_OPENING_TEXT];

	if (play_left(conn) == 0 || (conn->length >= opening && memcmp(conn->octets + opening - length, begin, length) == 0))
		return;
	if (play_left(conn) <= end_length && memcmp(rest, end, play_left(conn)) == 0)
		return;
	play->profile->describe(play, rest, play_left(conn), text, sizeof text);
	play_fail_as(play, strstr(text, "IPERF_RESULTS_REQUEST") ? IPERF_R_9_1_2 : IPERF_R_4_2_2,
		     "no more octets from the client", "%s, on the connection from port %u", text,
		     conn->client.port);
}

static void no_more_connections(struct play *play, const struct wire_conn *conn)
{
	char text[PLAY_OPENING_TEXT];

	play->profile->describe(play, conn->octets, conn->length, text, sizeof text);
	play_fail_as(play, strstr(text, "IPERF_TEST_BEGIN") ? IPERF_R_7_2 : play->file->tests[0], "no other connection",
		     "a connection from port %u, of which no line tells: %s", conn->client.port, text);
}

static void no_more(struct play *play)
{
	wire_wait(play->wire, wire_now());
	for (size_t i = 0; i < play->wire->count && play_goes_on(play); i++) {
		const struct wire_conn *conn = play->wire->conns[i];

		if (conn->udp)
			no_more_datagrams(play, conn);
		else if (play->file->role == CASE_SERVER)
			play_is_silent(play, conn);
		else if (conn->bound)
			no_more_octets(play, conn);
		else
			no_more_connections(play, conn);
	}
}

/* --- the profile ------------------------------------------------------------------------------------------------- */

static bool begin(struct play *play)
{
	for (size_t i = 0; i < CASE_COOKIES_MAX; i++) {
		if (iperf_cookie_generate(&play->cookies[i]) != 0)
			return false;
		play->known[i] = play->file->role == CASE_SERVER || i > 0;
	}
	return true;
}

static void end(struct play *play)
{
	(void)play;
}

static void something_came(struct play *play)
{
	play_check_order(play);
	play_serve(play);
}

static const uint8_t *cookie_octets(const struct play *play, int cookie)
{
	return play->cookies[cookie].octets;
}

static void describe_datagram(const struct play *play, const uint8_t *octets, size_t kept, size_t length, char *text,
			      size_t size)
{
	(void)length;
	play_describe(play, octets, kept, text, size);
}

const struct play_profile play_text = {
	.begin = begin, .end = end, .act = play_act, .expect = play_expect, .no_more = no_more, .came = something_came,
	.alone = end, .cookie = cookie_octets, .describe = play_describe, .describe_datagram = describe_datagram,
};
