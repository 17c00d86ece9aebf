/* The rules on how clients begin their connections. */
#include "proto/judge_private.h"

#include <string.h>

#define CLIENT IPERF_TO_SERVER

/* Broken where the capture shows what the client sent; inconclusive where the network may have changed the order. */
static enum iperf_verdict verdict(const struct iperf_judge *judge, const struct iperf_endpoint *client)
{
	return judge_near(judge, client) ? IPERF_BROKEN : IPERF_INCONCLUSIVE;
}

struct iperf_mark judge_mark_at(const struct iperf_mark *mark, size_t octets)
{
	struct iperf_mark at = *mark;

	at.offset += octets;
	return at;
}

/* --- octets, taken as ASCII -------------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + 'a' - 'A') : octet;
}

/* White space, or the NUL that ends a string in C. */
static bool is_space(uint8_t octet)
{
	return octet == ' ' || (octet >= '\t' && octet <= '\r') || octet == '\0';
}

/* --- octets that are no message ---------------------------------------------------------------------------------- */

/* Whether the keyword so far, with that octet, begins another message, which is not admitted here. */
static bool other_message(const struct iperf_parser *parser, uint8_t octet, uint32_t at)
{
	for (unsigned kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = iperf_message_keyword((enum iperf_message_kind)kind);

		if (at < strlen(keyword) && memcmp(keyword, parser->head, at) == 0 && (uint8_t)keyword[at] == octet)
			return true;
	}
	return false;
}

/* Which rule an octet breaks that cannot stand where a message is expected; otherwise for none in particular. */
enum iperf_requirement judge_wrong_octet(const struct iperf_parser *parser, uint8_t octet, uint32_t at,
					 enum iperf_requirement cookie, enum iperf_requirement otherwise)
{
	char expected[8];

	if (iperf_parser_in_cookie(parser))
		return octet == ' ' && at == strlen(iperf_message_keyword(parser->kind)) + 1 ? IPERF_R_4_2_1 : cookie;
	if (at == 0 && is_space(octet))
		return IPERF_R_4_2_2;
	if (other_message(parser, octet, at))
		return otherwise;
	iperf_parser_expected(parser, expected, sizeof expected); /* "'X' of", or "' ' after" */
	if (expected[1] == ' ')
		return IPERF_R_4_2_1;
	if (lower(octet) == lower((uint8_t)expected[1]) || (expected[1] == '_' && octet == ' '))
		return IPERF_R_4_2_3;
	return at > 5 ? IPERF_R_4_2_3 : otherwise; /* it began as a keyword */
}

/* A client that forgot the preamble begins with a keyword; the parser took that for one. */
static bool no_preamble(const struct iperf_judge_conn *conn)
{
	return memcmp(conn->head, "IPERF_", 6) == 0; /* a preamble at least was read */
}

/* Whether a keyword follows the preamble, in whatever letters, and perhaps behind white space: no, yes, or not enough
 * octets to say. */
enum speaks { NOT_IPERF, IPERF, TOO_SHORT };

static enum speaks speaks_iperf(const struct iperf_judge_conn *conn)
{
	static const char word[] = { 'i', 'p', 'e', 'r', 'f' };
	size_t at = IPERF_COOKIE_LENGTH, same = 0;

	while (at < conn->head_length && at < IPERF_COOKIE_LENGTH + 4 && is_space(conn->head[at]))
		at++;
	while (same < sizeof word && at + same < conn->head_length && lower(conn->head[at + same]) == word[same])
		same++;
	if (same == sizeof word)
		return IPERF;
	return at + same == conn->head_length ? TOO_SHORT : NOT_IPERF;
}

/* Whether the connection is a client's of this protocol: another one with this cookie is, or its octets show it. A
 * stranger breaks nothing. */
static enum speaks is_client(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	const struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (const struct iperf_link *link = list->next; link != list; link = link->next) {
		const struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);

		if (other->iperf && judge_has(other, &conn->cookie))
			return IPERF;
	}
	return judge_past(judge, &conn->cookie) || no_preamble(conn) ? IPERF : speaks_iperf(conn);
}

/* Tells of the wrong octet, as soon as the octets show whether a client or a stranger sent it: a client may write its
 * white space by itself. */
static void tell_wrong(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	uint32_t at = conn->opening.offset - IPERF_COOKIE_LENGTH;
	enum iperf_requirement why =
		judge_wrong_octet(&conn->opening, conn->wrong_octet, at, IPERF_R_5_1_3, IPERF_R_5_1_2);
	enum speaks who = is_client(judge, conn);
	char expected[160];

	conn->wrong_open = who == TOO_SHORT;
	if (who != IPERF)
		return;
	conn->iperf = judge->iperf = true;
	iperf_parser_expected(&conn->opening, expected, sizeof expected);
	if (no_preamble(conn))
		judge_found(judge, IPERF_BROKEN, IPERF_R_5_1_1, CLIENT, conn, &conn->wrong,
			    "the connection begins with a keyword, not with a preamble");
	else
		judge_found(judge, IPERF_BROKEN, why, CLIENT, conn, &conn->wrong,
			    "octet %u of the first message is 0x%02x, expected %s", (unsigned)at, conn->wrong_octet,
			    expected);
}

static void wrong_opening(struct iperf_judge *judge, struct iperf_judge_conn *conn, uint8_t octet,
			  const struct iperf_mark *mark)
{
	judge_said(judge, conn, CLIENT, IPERF_SAID_OCTETS, mark, conn->head, conn->head_length, false);
	conn->wrong = *mark;
	conn->wrong_octet = octet;
	tell_wrong(judge, conn);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static bool same_test(const struct iperf_judge_conn *a, const struct iperf_judge_conn *b)
{
	return a != b && !a->blind && !b->blind && judge_has(b, &a->cookie) &&
	       judge_same_address(&a->client, &b->client);
}

/* R-5.1-7: of two connections, the earlier one's preamble was written before the later one was opened. Strangers may
 * have the same first octets. */
static void check_preambles(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	const struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (const struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);
		struct iperf_judge_conn *first = other->ordinal < conn->ordinal ? other : conn;
		struct iperf_judge_conn *second = first == other ? conn : other;

		if (same_test(conn, other) && other->kind_known &&
		    first->preamble.mark.packet > second->opened.mark.packet)
			judge_found(judge, verdict(judge, &conn->client), IPERF_R_5_1_7, CLIENT, second,
				    &second->opened.mark, "opened before the preamble of connection %llu was written",
				    (unsigned long long)first->number);
	}
}

/* R-5.1-8: TEST_BEGIN has come; which connections of its test were opened before? */
static void opened_before(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	conn->misplaced = true;
	judge_client_sync(judge, conn);
	judge_found(judge, verdict(judge, &conn->client), IPERF_R_5_1_8, CLIENT, conn, &conn->opened.mark,
		    "opened before IPERF_TEST_BEGIN was written");
}

static void check_begun(struct iperf_judge *judge, const struct iperf_judge_conn *control)
{
	const struct iperf_link *list = judge_list_of(judge, &control->cookie);

	for (const struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *conn = JUDGE_CONN_OF(link, same);

		if (same_test(conn, control) && conn->opened.mark.packet < control->first.mark.packet &&
		    !conn->misplaced)
			opened_before(judge, conn);
	}
}

/* The same for streams that came and went before. */
void judge_opening_test_began(struct iperf_judge *judge, struct iperf_judge_conn *control)
{
	for (size_t i = 0; i < judge->oracle.stream_count; i++) {
		const struct iperf_judge_stream *extra = &judge->config.extras[i];

		const struct iperf_stream *stream = &judge->config.streams[i];

		if (extra->conn || stream->protocol != IPERF_TCP || extra->misplaced ||
		    !judge_same_address(&stream->client, &control->client) ||
		    extra->opened.mark.packet > control->first.mark.packet)
			continue;
		if (control->ordinal < extra->ordinal && control->preamble.mark.packet > extra->opened.mark.packet)
			judge_found(judge, verdict(judge, &stream->client), IPERF_R_5_1_7, CLIENT, NULL,
				    &extra->opened.mark,
				    "opened, from port %u, before the preamble of connection %llu was written",
				    stream->client.port, (unsigned long long)control->number);
		judge_found(judge, verdict(judge, &stream->client), IPERF_R_5_1_8, CLIENT, NULL, &extra->opened.mark,
			    "opened, from port %u, before IPERF_TEST_BEGIN was written", stream->client.port);
	}
}

static struct iperf_judge_conn *other_control(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	const struct iperf_link *list = judge_list_of(judge, &conn->cookie);

	for (const struct iperf_link *link = list->next; link != list; link = link->next) {
		struct iperf_judge_conn *other = JUDGE_CONN_OF(link, same);

		if (other != conn && other->kind_known && other->kind == IPERF_TEST_BEGIN &&
		    judge_has(other, &conn->cookie))
			return other;
	}
	return NULL;
}

/* A test begins, whether the server takes it or not. */
static void test_begins(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	const struct iperf_judge_conn *control = other_control(judge, conn);
	struct iperf_judge_test *test = judge_past(judge, &conn->cookie);

	if (control && !control->client_ended && !control->server_ended &&
	    control->control.status == IPERF_PARSE_INCOMPLETE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_7_2, CLIENT, conn, &conn->first.mark,
			    "a second control connection in the running test");
	else if (test)
		judge_found(judge, IPERF_BROKEN, IPERF_R_3_3, CLIENT, conn, &conn->preamble.mark,
			    "the cookie is that of an earlier test");
	if (!test) {
		check_begun(judge, conn);
		test = &judge->past[judge->past_count++ % IPERF_JUDGE_TESTS];
	}
	*test = (struct iperf_judge_test){
		.cookie = conn->cookie,
		.begin = conn->first,
		.client = conn->client,
		.over_ns = INT64_MAX,
	};
}

/* R-7-1: no TEST_BEGIN came before, nor can it have been before the capture. */
static void check_test(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	if (!judge_held_covers(judge, &conn->cookie) || judge->past_count > IPERF_JUDGE_TESTS ||
	    !judge_near(judge, &conn->client) || judge->guessed || judge->lossy)
		return;
	if (judge_held_unseen(judge, &conn->cookie)) {
		if (judge->no_test.why == IPERF_R_NONE && judge->hidden == 0)
			judge->no_test = (struct iperf_accusation){
				.why = IPERF_R_7_1,
				.mark = conn->first.mark,
				.ordinal = conn->number,
				.cookie = conn->cookie,
				.client = conn->client,
			};
		return;
	}
	conn->misplaced = true;
	judge_found(judge, IPERF_BROKEN, IPERF_R_7_1, CLIENT, conn, &conn->first.mark,
		    "%s without an IPERF_TEST_BEGIN before it", iperf_message_keyword(conn->kind));
}

/* A connection is gone, and what was sent on it is known: the same, for what had to wait. */
void judge_opening_settle(struct iperf_judge *judge)
{
	const struct iperf_accusation *a = &judge->no_test;

	if (a->why == IPERF_R_NONE || judge_held_unseen(judge, &a->cookie))
		return;
	if (!judge->finished && !judge->guessed && !judge->lossy && !judge_past(judge, &a->cookie))
		judge_found(judge, IPERF_BROKEN, IPERF_R_7_1, CLIENT, NULL, &a->mark,
			    "connection %llu, from port %u, belongs to a test without an IPERF_TEST_BEGIN",
			    (unsigned long long)a->ordinal, a->client.port);
	judge->no_test.why = IPERF_R_NONE;
}

/* R-7-3: what was found of conn by its end. Where the server answered wrongly, that is what is told: one deed, one
 * finding. */
void judge_opening_forget(struct iperf_judge *judge, const struct iperf_judge_conn *conn)
{
	bool closed = conn->kind != IPERF_RESULTS_REQUEST || conn->to_client > 0 || conn->server_ended;

	if (conn->late && !conn->answer_blamed && !conn->blind)
		judge_found(judge, closed ? IPERF_BROKEN : IPERF_INCONCLUSIVE, IPERF_R_7_3, CLIENT, conn,
			    &conn->first.mark, "%s after IPERF_TEST_END (packet %llu)",
			    iperf_message_keyword(conn->kind), (unsigned long long)conn->late);
}

/* Another message than TEST_BEGIN, at a time when there is no test for it. */
static void check_place(struct iperf_judge *judge, struct iperf_judge_conn *conn)
{
	const struct iperf_judge_test *test = judge_past(judge, &conn->cookie);
	bool near = judge_near(judge, &conn->client);

	if (!test)
		check_test(judge, conn);
	else if (conn->opened.mark.packet < test->begin.mark.packet &&
		 judge_same_address(&conn->client, &test->client) && !conn->misplaced)
		opened_before(judge, conn);
	else if (judge_was(&test->end) && (near || conn->opened.ns - test->end.ns > IPERF_JUDGE_GRACE))
		conn->late = test->end.mark.packet;
	else if (judge_was(&test->closed) && conn->opened.ns - test->closed.ns > IPERF_JUDGE_GRACE)
		judge_found(judge, IPERF_BROKEN, IPERF_R_5_2_8, CLIENT, conn, &conn->opened.mark,
			    "opened %.1f s after the server had ended the control connection (packet %llu)",
			    (double)(conn->opened.ns - test->closed.ns) / 1e9,
			    (unsigned long long)test->closed.mark.packet);
}

/* --- the octets -------------------------------------------------------------------------------------------------- */

static void first_message(struct iperf_judge *judge, struct iperf_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf_judge_test *test;

	conn->first = judge->now;
	conn->first.mark = *mark;
	conn->kind_known = conn->iperf = judge->iperf = true;
	conn->kind = conn->opening.kind;
	judge_said_message(judge, conn, CLIENT, conn->kind, mark, NULL, 0);
	check_preambles(judge, conn);
	if (conn->first.ns - conn->preamble.ns > IPERF_JUDGE_GRACE && judge_near(judge, &conn->client))
		judge_found(judge, IPERF_BROKEN, IPERF_R_5_1_2, CLIENT, conn, mark,
			    "the first message came %.1f s after the preamble",
			    (double)(conn->first.ns - conn->preamble.ns) / 1e9);
	if (conn->kind == IPERF_TEST_BEGIN) {
		iperf_parser_init(&conn->control, IPERF_GRAMMAR_CONTROL, &conn->cookie);
		test_begins(judge, conn);
		return;
	}
	check_place(judge, conn);
	test = judge_past(judge, &conn->cookie);
	if (test && conn->kind == IPERF_RESULTS_REQUEST) {
		test->requests++;
		test->last_request = conn->first;
	}
}

static void keep_head(struct iperf_judge_conn *conn, const uint8_t *octets, size_t length)
{
	size_t room = sizeof conn->head - conn->head_length;

	if (length > room)
		length = room;
	memcpy(conn->head + conn->head_length, octets, length);
	conn->head_length = (uint8_t)(conn->head_length + length);
}

void judge_opening_octets(struct iperf_judge *judge, struct iperf_judge_conn *conn, const uint8_t *octets,
			  size_t length, const struct iperf_mark *mark)
{
	size_t used = 0;
	struct iperf_mark at = *mark;

	keep_head(conn, octets, length);
	if (conn->wrong_open)
		tell_wrong(judge, conn);
	while (used < length && (conn->opening.status == IPERF_PARSE_INCOMPLETE ||
				 conn->opening.status == IPERF_PARSE_PREAMBLE)) {
		used += iperf_parser_feed(&conn->opening, octets + used, length - used);
		at = judge_mark_at(mark, used);
		if (conn->opening.status == IPERF_PARSE_PREAMBLE) {
			conn->preamble = judge->now;
			conn->preamble.mark = at;
			conn->cookie = conn->opening.cookie;
			conn->cookie_known = true;
		} else if (conn->opening.status == IPERF_PARSE_WRONG) {
			wrong_opening(judge, conn, octets[used], &at);
			return;
		}
	}
	if (conn->opening.status == IPERF_PARSE_DONE && !conn->kind_known) {
		first_message(judge, conn, mark); /* the message is where its last octet is */
		if (used < length) {
			at = judge_mark_at(mark, used);
			judge_client_octets(judge, conn, octets + used, length - used, &at);
		}
	}
}
