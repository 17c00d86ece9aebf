/* What the runner looks for in the iperf3 profile. */
#include "conformance/play_iperf3.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REST (100 * IPERF_MS)          /* what follows a state at once is here by then */
#define TEXT_MAX ((size_t)64 << 20)    /* of a length that is believed */

/* The octets that the step has to be about, as they are; what it is in words goes to the failure. */
static void say_other(struct play *play, enum iperf_requirement requirement, struct wire_conn *conn)
{
	char text[PLAY_OPENING_TEXT];

	if (play_left(conn) > 0 && conn->octets[conn->taken] == (uint8_t)IPERF3_SERVER_ERROR)
		play_wait_octets(play, conn, IPERF3_ERROR_SIZE, wire_now() + REST);
	play_waiting_text(play, conn, text, sizeof text);
	play_fail(play, requirement, "%s", text);
}

static void took(struct play *play, struct wire_conn *conn, size_t length)
{
	play_came(play, wire_arrival_ns(conn, conn->taken + length));
	play_took(play, conn, length);
}

/* --- items ------------------------------------------------------------------------------------------------------- */

static void expect_state(struct play *play, struct wire_conn *conn)
{
	struct iperf3_play *own = iperf3_of(play);

	play_wait_octets(play, conn, 1, play_deadline(play));
	if (play->step->number == IPERF3_PARAM_EXCHANGE && play->file->role == CASE_SERVER)
		conn = play_iperf3_reopen(play, conn);
	if (play_left(conn) == 0) {
		play_missing(play, IPERF_R_NONE, conn);
	} else if (conn->octets[conn->taken] != (uint8_t)play->step->number) {
		say_other(play, IPERF_R_NONE, conn);
	} else {
		int64_t at_ns = wire_arrival_ns(conn, conn->taken + 1);

		took(play, conn, 1);
		if (play->step->number == IPERF3_TEST_RUNNING && play->file->role == CASE_SERVER)
			play_iperf3_runs(play, at_ns);
		own->done = own->done || (play->step->number == IPERF3_IPERF_DONE && play->file->role == CASE_CLIENT);
	}
}

/* The parser of the 8 octets has read what there is of them. */
static void judge_error(struct play *play, struct wire_conn *conn, const struct iperf3_parser *parser)
{
	if (parser->status != IPERF3_DONE)
		play_fail_as(play, IPERF_R_29_1, "SERVER_ERROR and 8 octets", "SERVER_ERROR and %zu octets%s", parser->offset,
			     wire_ended(conn) ? ", then its end" : "");
	else if (play->step->what == CASE_ERROR && play->step->has_number && parser->error != play->step->number)
		play_fail(play, IPERF_R_NONE, "SERVER_ERROR %" PRId32 " (%s)", parser->error, iperf3_error_text(parser->error));
}

static void expect_error(struct play *play, struct wire_conn *conn)
{
	struct iperf3_parser parser;
	size_t used;

	if (!play_wait_octets(play, conn, 1, play_deadline(play))) {
		play_missing(play, IPERF_R_NONE, conn);
		return;
	}
	if (conn->octets[conn->taken] != (uint8_t)IPERF3_SERVER_ERROR) {
		say_other(play, IPERF_R_NONE, conn);
		return;
	}
	play_wait_octets(play, conn, IPERF3_ERROR_SIZE, wire_now() + IPERF_S);
	iperf3_parser_init(&parser, IPERF3_READ_ERROR, NULL, 0);
	used = 1 + iperf3_parser_octets(&parser, conn->octets + conn->taken + 1, play_left(conn) - 1);
	took(play, conn, used);
	judge_error(play, conn, &parser);
}

/* Parameters or results: a length and so many octets. */
static void expect_text(struct play *play, struct wire_conn *conn)
{
	const uint8_t *head;
	size_t length;

	if (!play_wait_octets(play, conn, IPERF3_LENGTH_SIZE, play_deadline(play))) {
		play_missing(play, IPERF_R_NONE, conn);
		return;
	}
	head = conn->octets + conn->taken;
	length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (length > TEXT_MAX || !play_wait_octets(play, conn, IPERF3_LENGTH_SIZE + length, play_deadline(play))) {
		char text[PLAY_OPENING_TEXT];

		play_waiting_text(play, conn, text, sizeof text);
		play_fail(play, IPERF_R_NONE, "%s, and not a length with so many octets of JSON", text);
		return;
	}
	head = conn->octets + conn->taken + IPERF3_LENGTH_SIZE;
	took(play, conn, IPERF3_LENGTH_SIZE + length);
	if (play->step->what == CASE_PARAMETERS)
		play_iperf3_learn(play, (const char *)head, length);
	if (play_goes_on(play))
		play_iperf3_judge(play, (const char *)head, length);
}

/* --- cookies ----------------------------------------------------------------------------------------------------- */

static bool has_form(const uint8_t *octets)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i + 1 < IPERF3_COOKIE_LENGTH; i++)
		if (!octets[i] || !strchr(alphabet, octets[i]))
			return false;
	return octets[IPERF3_COOKIE_LENGTH - 1] == 0;
}

/* The client's cookie is known by now. */
static void learn_cookie(struct play *play, const uint8_t *octets)
{
	struct iperf3_play *own = iperf3_of(play);

	memcpy(own->cookies[0].octets, octets, IPERF3_COOKIE_LENGTH);
	play->known[0] = true;
	if (!has_form(octets))
		play_fail_as(play, IPERF_R_22_2_1, "36 octets of a to z and 2 to 7, and one NUL", "other octets");
	else if (!player_cookie_is_fresh(play->player, octets, IPERF3_COOKIE_LENGTH))
		play_fail_as(play, IPERF_R_22_2_2, "a fresh cookie for each test", "the cookie of an earlier test of this run");
}

static void expect_cookie(struct play *play, struct wire_conn *conn)
{
	if (!play_wait_octets(play, conn, IPERF3_COOKIE_LENGTH, play_deadline(play))) {
		play_missing(play, IPERF_R_NONE, conn);
		return;
	}
	if (play->step->cookie == 0 && !play->known[0])
		learn_cookie(play, conn->octets + conn->taken);
	play_iperf3_opened(play, conn->octets + conn->taken, IPERF3_COOKIE_LENGTH);
	if (play_goes_on(play))
		play_expect_octets(play, conn, iperf3_of(play)->cookies[play->step->cookie].octets, IPERF3_COOKIE_LENGTH);
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

static void await_more(struct play *play, struct wire_conn *conn, uint64_t least)
{
	while (conn->flowed < least && !wire_ended(conn) && play_goes_on(play))
		if (!play_wait(play, play_deadline(play)))
			break;
	if (!play_goes_on(play))
		return;
	if (conn->flowed >= least)
		play_came(play, conn->flowed_ns);
	else
		play_fail(play, IPERF_R_NONE, "[%llu octets of payload]%s", (unsigned long long)conn->flowed,
			  wire_ended(conn) ? ", then its end" : "");
}

static void expect_payload(struct play *play, struct wire_conn *conn)
{
	struct iperf3_label *label = iperf3_label(play);
	const struct case_step *step = play->step;

	wire_flow(conn);
	if (step->octets >= 0)
		label->counted = step;
	if (step->some)
		await_more(play, conn, label->seen + 1);
	else if (step->octets > 0 && step->has_within)
		await_more(play, conn, (uint64_t)step->octets);
	label->seen = conn->flowed;
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

/* A datagram of exactly these octets. */
static void expect_datagram(struct play *play, struct wire_conn *conn, const uint8_t *octets, size_t length)
{
	const struct wire_datagram *datagram = play_next_datagram(play, conn);
	char text[PLAY_OPENING_TEXT];
	int64_t at_ns;
	bool equal;

	if (!datagram) {
		play_fail(play, IPERF_R_NONE, "no datagram in %.3f s", (double)(wire_now() - play_base(play)) / 1e9);
		return;
	}
	play->profile->describe_datagram(play, datagram->octets, datagram->kept, datagram->length, text, sizeof text);
	at_ns = datagram->at_ns;
	equal = datagram->length == length && memcmp(datagram->octets, octets, length) == 0;
	if (play->file->role == CASE_SERVER && datagram->port != conn->server.port)
		play_fail(play, IPERF_R_26_1_3, "a datagram from port %u, not %u", datagram->port, conn->server.port);
	play_took_datagram(play, conn);
	if (!equal)
		play_fail(play, IPERF_R_NONE, "%s", text);
	else
		play_came(play, at_ns);
	if (play->file->role == CASE_CLIENT)
		play_iperf3_opened(play, octets, length);
}

/* The next that is no repeated hello. */
static const struct wire_datagram *next_of_payload(struct play *play, struct wire_conn *conn)
{
	const struct wire_datagram *datagram;

	while ((datagram = play_next_datagram(play, conn)) && play_iperf3_is_repeat(conn, datagram))
		play_took_datagram(play, conn);
	return datagram;
}

/* Whether the sequence would be right in another form of the header: of the other width, or least significant octet
 * first. */
static bool has_other_header(const struct play *play, const struct wire_datagram *datagram, uint64_t sequence)
{
	bool wide = play->step->wide;
	struct iperf3_header is = { 0 }, other = { 0 };

	if (!iperf3_header_read(&is, wide, datagram->octets, datagram->kept) || is.sequence == sequence)
		return false;
	return (iperf3_header_read(&other, !wide, datagram->octets, datagram->kept) && other.sequence == sequence) ||
	       (wide ? __builtin_bswap64(is.sequence) : __builtin_bswap32((uint32_t)is.sequence)) == sequence;
}

static void expect_sequence(struct play *play, struct wire_conn *conn, uint64_t sequence, int64_t *at_ns)
{
	const struct wire_datagram *datagram = next_of_payload(play, conn);
	struct iperf3_header header = { 0 };

	if (!datagram) {
		play_fail(play, IPERF_R_NONE, "no datagram %" PRIu64 " in %.3f s", sequence,
			  (double)(wire_now() - play_base(play)) / 1e9);
		return;
	}
	if (datagram->length != (size_t)play->step->octets)
		play_fail(play, IPERF_R_26_2_2, "a datagram of %zu octets, in the place of %" PRIu64, datagram->length, sequence);
	else if (has_other_header(play, datagram, sequence))
		play_fail(play, IPERF_R_26_2_1, "a header that is not as of SPEC 26.2, in the place of %" PRIu64, sequence);
	else if (!iperf3_header_read(&header, play->step->wide, datagram->octets, datagram->kept) ||
		 header.sequence != sequence)
		play_fail(play, IPERF_R_26_2_3, "datagram %" PRIu64 ", in the place of %" PRIu64, header.sequence, sequence);
	else
		*at_ns = datagram->at_ns;
	conn->datagram_taken++;
}

static void expect_datagrams(struct play *play, struct wire_conn *conn)
{
	const struct case_step *step = play->step;
	char text[PLAY_OPENING_TEXT], ranges[PLAY_OPENING_TEXT / 2];
	int64_t at_ns = wire_now();
	uint64_t count = 0;

	for (size_t i = 0; i < step->range_count; i++)
		for (uint64_t n = step->ranges[i].first; n <= step->ranges[i].last && play_goes_on(play); n++, count++)
			expect_sequence(play, conn, n, &at_ns);
	if (play_goes_on(play))
		play_came(play, at_ns); /* the last */
	play_iperf3_ranges(step, ranges, sizeof ranges);
	if (play_goes_on(play))
		snprintf(text, sizeof text, "datagrams %s of %" PRId64 " octets", ranges, step->octets);
	else
		snprintf(text, sizeof text, "%" PRIu64 " datagrams, up to a wrong one", count);
	play_said(play, conn, conn->by_peer, wire_now(), text, NULL, 0);
}

static void expect_no_datagram(struct play *play, struct wire_conn *conn)
{
	int64_t until_ns = wire_now() + play_time(play, &play->step->time);
	size_t count = conn->datagram_count;
	char text[PLAY_OPENING_TEXT];

	if (!conn->flows)
		count = conn->datagram_taken;
	while (conn->datagram_count == count && wire_now() < until_ns && play_goes_on(play))
		if (!play_wait(play, until_ns))
			break;
	if (conn->datagram_count == count || !play_goes_on(play))
		return;
	play->profile->describe_datagram(play, conn->datagrams[count].octets, conn->datagrams[count].kept,
					 conn->datagrams[count].length, text, sizeof text);
	play_fail(play, IPERF_R_NONE, "%s", text);
}

/* A reply of whatever version. */
static void expect_any_reply(struct play *play, struct wire_conn *conn)
{
	const struct wire_datagram *datagram = play_next_datagram(play, conn);
	static const uint8_t none[IPERF3_HELLO_LENGTH];
	uint8_t octets[IPERF3_HELLO_LENGTH];
	bool fits = datagram && datagram->length == sizeof octets;

	if (fits)
		memcpy(octets, datagram->octets, sizeof octets);
	expect_datagram(play, conn, fits ? octets : none, sizeof octets);
}

static void expect_on_udp(struct play *play, struct wire_conn *conn)
{
	static uint8_t octets[1 << 16];

	switch (play->step->what) {
	case CASE_HELLO:
		expect_datagram(play, conn, iperf3_hello, IPERF3_HELLO_LENGTH);
		break;
	case CASE_REPLY:
		expect_datagram(play, conn, iperf3_reply, IPERF3_HELLO_LENGTH);
		break;
	case CASE_ANY_REPLY:
		expect_any_reply(play, conn);
		break;
	case CASE_OCTETS:
		expect_datagram(play, conn, octets, play_pieces(play, octets, sizeof octets));
		break;
	case CASE_DATAGRAMS:
		expect_datagrams(play, conn);
		break;
	case CASE_PAYLOAD:
		expect_payload(play, conn);
		break;
	default:
		expect_no_datagram(play, conn);
		break;
	}
}

/* --- ends -------------------------------------------------------------------------------------------------------- */

static bool may_fail_with(bool server, uint8_t octet)
{
	if (server)
		return octet == (uint8_t)IPERF3_SERVER_ERROR;
	return octet == IPERF3_IPERF_DONE || octet == IPERF3_CLIENT_TERMINATE;
}

/* The end; before it there may be SERVER_ERROR (of a server), IPERF_DONE or CLIENT_TERMINATE (of a client), or nothing. */
void play_iperf3_expect_failed(struct play *play, struct wire_conn *conn)
{
	bool server = play->file->role == CASE_SERVER;
	size_t length = server ? IPERF3_ERROR_SIZE : 1;
	bool over = play_wait_ended(play, conn, play_deadline(play));
	const uint8_t *octets = conn->octets + conn->taken;

	if (!play_goes_on(play))
		return;
	if (play_left(conn) > 0 && (!may_fail_with(server, octets[0]) || play_left(conn) > length)) {
		say_other(play, IPERF_R_NONE, conn);
	} else if (!over) {
		play_missing(play, IPERF_R_NONE, conn);
	} else if (play_left(conn) > 0 && play_left(conn) < length && !conn->reset) {
		play_fail_as(play, IPERF_R_29_1, "SERVER_ERROR and 8 octets", "SERVER_ERROR and %zu octets, then its end",
			     play_left(conn) - 1);
	} else {
		play_took(play, conn, play_left(conn));
		play_took_end(play, conn);
		play_came(play, conn->ended_ns);
	}
}

void play_iperf3_expect_denied(struct play *play, struct wire_conn *conn)
{
	bool over = play_wait_ended(play, conn, play_deadline(play));

	if (!play_goes_on(play))
		return;
	if (play_left(conn) > 1 || (play_left(conn) == 1 && conn->octets[conn->taken] != (uint8_t)IPERF3_ACCESS_DENIED)) {
		say_other(play, IPERF_R_NONE, conn);
	} else if (!over) {
		play_missing(play, IPERF_R_NONE, conn);
	} else {
		play_took(play, conn, play_left(conn));
		play_took_end(play, conn);
		play_came(play, conn->ended_ns);
	}
}

/* Payload that goes on is no octet that a line has to expect; that it stops can be. */
static void expect_no_payload(struct play *play, const struct wire_conn *conn)
{
	int64_t until_ns = wire_now() + play_time(play, &play->step->time);
	uint64_t before = conn->flowed;

	while (conn->flowed == before && !wire_ended(conn) && wire_now() < until_ns && play_goes_on(play))
		if (!play_wait(play, until_ns))
			break;
	if (conn->flowed > before)
		play_fail(play, IPERF_R_NONE, "%llu octets of payload", (unsigned long long)(conn->flowed - before));
	else if (wire_ended(conn))
		play_missing(play, IPERF_R_NONE, conn);
}

static void expect_on_tcp(struct play *play, struct wire_conn *conn)
{
	switch (play->step->what) {
	case CASE_COOKIE:
		expect_cookie(play, conn);
		break;
	case CASE_STATE:
		expect_state(play, conn);
		break;
	case CASE_ERROR:
		expect_error(play, conn);
		break;
	case CASE_PARAMETERS: case CASE_RESULTS:
		expect_text(play, conn);
		break;
	case CASE_PAYLOAD:
		expect_payload(play, conn);
		break;
	case CASE_FAILED:
		play_iperf3_expect_failed(play, conn);
		break;
	case CASE_DENIED:
		play_iperf3_expect_denied(play, conn);
		break;
	case CASE_NOTHING:
		if (conn->flows)
			expect_no_payload(play, conn);
		else
			play_expect_common(play, conn);
		break;
	default:
		play_expect_common(play, conn);
		break;
	}
}

void play_iperf3_expect_on(struct play *play, struct wire_conn *conn)
{
	if (conn->udp)
		expect_on_udp(play, conn);
	else
		expect_on_tcp(play, conn);
}
