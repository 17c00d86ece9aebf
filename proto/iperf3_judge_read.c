/* Reads what is said on connections, item by item: cookies, states, texts. */
#include "proto/iperf3_judge_private.h"

#include <string.h>

#define WRONG_MAX 3 /* octets that are no state, until no more is read */

/* The item of a state; IPERF3_ITEM_COUNT: it is none of that side's. */
static enum iperf3_item item_of(int state, enum iperf_direction direction)
{
	bool client = direction == IPERF_TO_SERVER;

	switch (state) {
	case IPERF3_TEST_END:
		return client ? IPERF3_ITEM_TEST_END : IPERF3_ITEM_COUNT;
	case IPERF3_CLIENT_TERMINATE:
		return client ? IPERF3_ITEM_CLIENT_TERMINATE : IPERF3_ITEM_COUNT;
	case IPERF3_IPERF_DONE:
		return client ? IPERF3_ITEM_DONE : IPERF3_ITEM_COUNT;
	case IPERF3_TEST_START:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_TEST_START;
	case IPERF3_TEST_RUNNING:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_TEST_RUNNING;
	case IPERF3_PARAM_EXCHANGE:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_PARAM_EXCHANGE;
	case IPERF3_CREATE_STREAMS:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_CREATE_STREAMS;
	case IPERF3_SERVER_TERMINATE:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_SERVER_TERMINATE;
	case IPERF3_EXCHANGE_RESULTS:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_EXCHANGE_RESULTS;
	case IPERF3_DISPLAY_RESULTS:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_DISPLAY_RESULTS;
	case IPERF3_ACCESS_DENIED:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_DENIED;
	case IPERF3_SERVER_ERROR:
		return client ? IPERF3_ITEM_COUNT : IPERF3_ITEM_ERROR;
	default:
		return IPERF3_ITEM_COUNT;
	}
}

/* What is broken when an item comes a second time. */
static enum iperf_requirement not_twice(enum iperf3_item item)
{
	static const enum iperf_requirement why[IPERF3_ITEM_COUNT] = {
		[IPERF3_ITEM_TEST_END] = IPERF_R_23_8,           [IPERF3_ITEM_DONE] = IPERF_R_23_13,
		[IPERF3_ITEM_CLIENT_TERMINATE] = IPERF_R_29_5,   [IPERF3_ITEM_PARAM_EXCHANGE] = IPERF_R_23_1,
		[IPERF3_ITEM_CREATE_STREAMS] = IPERF_R_23_3,     [IPERF3_ITEM_TEST_START] = IPERF_R_23_5,
		[IPERF3_ITEM_TEST_RUNNING] = IPERF_R_23_5,       [IPERF3_ITEM_EXCHANGE_RESULTS] = IPERF_R_23_9,
		[IPERF3_ITEM_DISPLAY_RESULTS] = IPERF_R_23_12,   [IPERF3_ITEM_SERVER_TERMINATE] = IPERF_R_29_7,
	};

	return why[item];
}

/* What a client says behind its cookie has no meaning before it is asked. */
static bool unasked(const struct iperf3_judge_conn *conn, enum iperf_direction direction)
{
	return direction == IPERF_TO_SERVER && conn->kind != IPERF3_CONN_CONTROL && conn->kind != IPERF3_CONN_DENIED;
}

static void tell(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		 const struct iperf_mark *mark, struct iperf3_said said)
{
	if (unasked(conn, direction))
		return;
	if (conn == judge->control)
		iperf3_judge_tell_payload(judge, NULL);
	iperf3_judge_tell(judge, conn, direction, mark, said);
}

static struct iperf3_said_at *note(struct iperf3_judge_conn *conn, enum iperf3_item item, const struct iperf_mark *mark)
{
	struct iperf3_said_at *at = &conn->talk.said[item];

	if (at->times++ == 0)
		at->begin = at->whole = *mark;
	return at;
}

/* --- states ------------------------------------------------------------------------------------------------------ */

/* The server speaks where it had spoken its last. */
static void check_after(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, uint8_t octet,
			const struct iperf_mark *mark)
{
	const struct iperf3_talk *talk = &conn->talk;
	const struct iperf3_said_at *done = iperf3_said_of(talk, IPERF3_ITEM_DONE);
	enum iperf_requirement why = IPERF_R_NONE;
	enum iperf_verdict verdict = IPERF_BROKEN;

	if (iperf3_said_of(talk, IPERF3_ITEM_DENIED))
		why = IPERF_R_30_1;
	else if (iperf3_said_of(talk, IPERF3_ITEM_ERROR))
		why = octet == 0xfe ? IPERF_R_29_14 : IPERF_R_29_1;
	else if (iperf3_said_of(talk, IPERF3_ITEM_SERVER_TERMINATE))
		why = IPERF_R_29_7;
	else if (done && iperf3_said_of(talk, IPERF3_ITEM_DISPLAY_RESULTS))
		why = IPERF_R_23_17;
	if (why == IPERF_R_NONE || conn->complained)
		return;
	if (why == IPERF_R_23_17 && !iperf3_one_host(judge, &talk->client) &&
	    iperf3_span(&done->begin, mark) < IPERF_JUDGE_GRACE)
		verdict = IPERF_INCONCLUSIVE; /* it may have been on its way */
	conn->complained = true;
	iperf3_judge_found(judge, verdict, why, IPERF_TO_CLIENT, talk, mark, "the server says something behind its last");
}

static void wrong_state(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			uint8_t octet, const struct iperf_mark *mark)
{
	bool client = direction == IPERF_TO_SERVER;
	struct iperf3_said_at *at = note(conn, client ? IPERF3_ITEM_CLIENT_WRONG : IPERF3_ITEM_SERVER_WRONG, mark);
	const char *name = iperf3_state_name((int8_t)octet);

	tell(judge, conn, direction, mark, name ?
	     (struct iperf3_said){ .kind = IPERF3_SAID_STATE, .state = (int8_t)octet } :
	     (struct iperf3_said){ .kind = IPERF3_SAID_OCTETS, .octets = &octet, .length = 1 });
	if (at->times == 1 && !conn->complained && conn->kind == IPERF3_CONN_CONTROL)
		iperf3_judge_found(judge, IPERF_BROKEN, client ? IPERF_R_22_3_2 : IPERF_R_22_3_1, direction, &conn->talk,
				   mark, "%d (%s) is no state that a %s sends", (int8_t)octet, name ? name : "no name",
				   client ? "client" : "server");
	if (at->times < WRONG_MAX)
		return;
	conn->readers[direction].what = IPERF3_READS_NOTHING;
	conn->talk.blind[direction] = true;
}

/* What follows a state in its direction. */
static void after_state(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf3_item item)
{
	struct iperf3_reader *to_client = &conn->readers[IPERF_TO_CLIENT], *to_server = &conn->readers[IPERF_TO_SERVER];

	switch (item) {
	case IPERF3_ITEM_TEST_END:
		to_server->what = IPERF3_READS_LENGTH;
		to_server->item = IPERF3_ITEM_CLIENT_RESULTS;
		to_server->at = 0;
		break;
	case IPERF3_ITEM_ERROR:
		to_client->what = IPERF3_READS_ERROR;
		to_client->at = 0;
		break;
	case IPERF3_ITEM_DENIED:
		if (conn->kind == IPERF3_CONN_NEW || conn->kind == IPERF3_CONN_WAITING)
			conn->kind = IPERF3_CONN_DENIED;
		break;
	case IPERF3_ITEM_PARAM_EXCHANGE:
		if (conn->kind == IPERF3_CONN_WAITING)
			iperf3_judge_accepted(judge, conn);
		break;
	default:
		break;
	}
}

static void take_state(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       uint8_t octet, const struct iperf_mark *mark)
{
	enum iperf3_item item = item_of((int8_t)octet, direction);
	bool client = direction == IPERF_TO_SERVER;
	struct iperf3_said_at *at;

	if (!client)
		check_after(judge, conn, octet, mark);
	if (item == IPERF3_ITEM_COUNT) {
		wrong_state(judge, conn, direction, octet, mark);
		return;
	}
	at = note(conn, item, mark);
	at->complete = true;
	if (item != IPERF3_ITEM_ERROR)
		tell(judge, conn, direction, mark,
		     (struct iperf3_said){ .kind = IPERF3_SAID_STATE, .state = (int8_t)octet });
	if (at->times == 2 && not_twice(item) != IPERF_R_NONE && !conn->complained && !unasked(conn, direction))
		iperf3_judge_found(judge, IPERF_BROKEN, not_twice(item), direction, &conn->talk, mark,
				   "%s comes a second time", iperf3_state_name((int8_t)octet));
	after_state(judge, conn, item);
}

/* --- longer items ------------------------------------------------------------------------------------------------ */

static void tell_error(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	struct iperf3_reader *reader = &conn->readers[IPERF_TO_CLIENT];
	uint32_t numbers[2] = { 0, 0 };

	for (unsigned i = 0; i < reader->at; i++)
		numbers[i / 4] = numbers[i / 4] << 8 | reader->error[i];
	conn->talk.error_octets = (unsigned)reader->at;
	conn->talk.error = (int32_t)numbers[0];
	reader->what = IPERF3_READS_STATE;
	tell(judge, conn, IPERF_TO_CLIENT, &conn->talk.said[IPERF3_ITEM_ERROR].begin, (struct iperf3_said){
		.kind = IPERF3_SAID_ERROR, .state = IPERF3_SERVER_ERROR, .error = (int32_t)numbers[0],
		.system_error = (int32_t)numbers[1], .error_octets = (unsigned)reader->at,
	});
}

void iperf3_judge_read_end(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	if (conn->readers[IPERF_TO_CLIENT].what == IPERF3_READS_ERROR)
		tell_error(judge, conn);
}

static void text_whole(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[direction];
	struct iperf3_said_at *at = &conn->talk.said[reader->item];
	const char *text = reader->unknown ? NULL : reader->text ? reader->text : "";

	at->whole = *mark;
	at->complete = true;
	reader->what = IPERF3_READS_STATE;
	tell(judge, conn, direction, &at->begin, (struct iperf3_said){
		.kind = reader->item == IPERF3_ITEM_PARAMETERS ? IPERF3_SAID_PARAMETERS : IPERF3_SAID_RESULTS,
		.octets = (const uint8_t *)text, .length = reader->length,
	});
	if (!unasked(conn, direction))
		iperf3_judge_text(judge, conn, direction, text, reader->length);
}

/* As many of the octets as belong to the text. */
static size_t take_text(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[direction];
	uint64_t rest = reader->length - reader->at;
	size_t take = length < rest ? length : (size_t)rest;

	if (!octets || reader->length > IPERF3_RESULTS_MAX)
		reader->unknown = true;
	if (!reader->unknown && reader->at + take > reader->size) {
		if (judge->config.room(judge->config.user, &conn->text[direction], reader->size, reader->length))
			reader->size = reader->length;
		else
			reader->unknown = true;
		reader->text = conn->text[direction];
	}
	if (!reader->unknown)
		memcpy(reader->text + reader->at, octets, take);
	reader->at += take;
	if (reader->at == reader->length) {
		struct iperf_mark whole = *mark;

		whole.offset += take - 1;
		text_whole(judge, conn, direction, &whole);
	}
	return take;
}

static void take_length(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			uint8_t octet, const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[direction];

	if (reader->at == 0) {
		if (item_of((int8_t)octet, direction) != IPERF3_ITEM_COUNT) { /* no text is so long */
			take_state(judge, conn, direction, octet, mark);
			return;
		}
		note(conn, reader->item, mark);
		reader->length = 0;
		reader->unknown = false;
	}
	reader->length = reader->length << 8 | octet;
	if (++reader->at < 4)
		return;
	reader->at = 0;
	reader->what = IPERF3_READS_TEXT;
	if (reader->length == 0)
		text_whole(judge, conn, direction, mark);
	else if (reader->length > IPERF3_RESULTS_MAX && reader->item == IPERF3_ITEM_PARAMETERS)
		conn->talk.parameters_bad = true; /* a server refuses that at once */
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

static void take_cookie(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, uint8_t octet,
			const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[IPERF_TO_SERVER];
	struct iperf3_said_at *at = &conn->talk.said[IPERF3_ITEM_COOKIE];

	if (reader->at == 0)
		note(conn, IPERF3_ITEM_COOKIE, mark);
	conn->talk.cookie.octets[reader->at++] = octet;
	if (reader->at < IPERF3_COOKIE_LENGTH)
		return;
	reader->at = 0;
	at->whole = *mark;
	at->complete = true;
	iperf3_judge_tell(judge, conn, IPERF_TO_SERVER, &at->begin, (struct iperf3_said){
		.kind = IPERF3_SAID_COOKIE, .octets = conn->talk.cookie.octets, .length = IPERF3_COOKIE_LENGTH });
	iperf3_judge_cookie(judge, conn, mark);
}

static void take_octet(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       uint8_t octet, const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[direction];
	const struct iperf3_talk *talk = &conn->talk;

	switch (reader->what) {
	case IPERF3_READS_COOKIE:
		take_cookie(judge, conn, octet, mark);
		break;
	case IPERF3_READS_STATE:
		if (direction == IPERF_TO_CLIENT && octet == 0 && talk->said[IPERF3_ITEM_EXCHANGE_RESULTS].times &&
		    !talk->said[IPERF3_ITEM_SERVER_RESULTS].times) {
			reader->what = IPERF3_READS_LENGTH;
			reader->item = IPERF3_ITEM_SERVER_RESULTS;
			reader->at = 0;
			take_length(judge, conn, direction, octet, mark);
			break;
		}
		take_state(judge, conn, direction, octet, mark);
		break;
	case IPERF3_READS_LENGTH:
		take_length(judge, conn, direction, octet, mark);
		break;
	case IPERF3_READS_ERROR:
		reader->error[reader->at++] = octet;
		if (reader->at == sizeof reader->error)
			tell_error(judge, conn);
		break;
	case IPERF3_READS_TEXT:
	case IPERF3_READS_STREAM:
	case IPERF3_READS_NOTHING:
		break;
	}
}

/* Unknown octets where each counts. */
static void lose(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		 const struct iperf_mark *mark)
{
	iperf3_judge_blind(judge, conn, direction, mark, "octets were cut off by the capture's snap length");
}

static void note_early(struct iperf3_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf3_talk *talk = &conn->talk;

	if (!talk->has_early) {
		talk->has_early = true;
		talk->early = *mark;
	}
	if (talk->said[IPERF3_ITEM_DENIED].times && !talk->has_after_denial &&
	    iperf3_before(&talk->said[IPERF3_ITEM_DENIED].begin, mark)) {
		talk->has_after_denial = true;
		talk->after_denial = *mark;
	}
}

void iperf3_judge_read(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		       const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	struct iperf3_reader *reader = &conn->readers[direction];
	struct iperf_mark at = *mark;

	for (size_t i = 0, step; i < length; i += step) {
		step = 1;
		at.offset = mark->offset + i;
		if (direction == IPERF_TO_SERVER && reader->what != IPERF3_READS_COOKIE &&
		    reader->what != IPERF3_READS_STREAM)
			note_early(conn, &at);
		if (reader->what == IPERF3_READS_NOTHING)
			return;
		if (reader->what == IPERF3_READS_STREAM) {
			iperf3_judge_payload(judge, conn, direction, octets ? octets + i : NULL, length - i, &at);
			return;
		}
		if (reader->what == IPERF3_READS_TEXT)
			step = take_text(judge, conn, direction, octets ? octets + i : NULL, length - i, &at);
		else if (octets)
			take_octet(judge, conn, direction, octets[i], &at);
		else
			lose(judge, conn, direction, &at);
	}
}
