#include "proto/iperf3_judge_private.h"

#include <string.h>

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void append(struct iperf_link *list, struct iperf_link *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static void take_out(struct iperf_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
}

void iperf3_judge_init(struct iperf3_judge *judge, const struct iperf3_judge_config *config)
{
	memset(judge, 0, sizeof *judge);
	judge->config = *config;
	judge->all.next = judge->all.prev = &judge->all;
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

const struct iperf_mark *iperf3_judge_over(const struct iperf3_talk *talk)
{
	static const enum iperf3_item ends[] = {
		IPERF3_ITEM_DONE, IPERF3_ITEM_CLIENT_TERMINATE, IPERF3_ITEM_CLIENT_EOF, IPERF3_ITEM_SERVER_TERMINATE,
		IPERF3_ITEM_ERROR, IPERF3_ITEM_DENIED, IPERF3_ITEM_SERVER_EOF,
	};
	const struct iperf_mark *over = NULL;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		const struct iperf3_said_at *at = iperf3_said_of(talk, ends[i]);

		if (at && (!over || iperf3_before(&at->begin, over)))
			over = &at->begin;
	}
	return over;
}

/* The current test is judged, and is the current one no more. */
static void settle(struct iperf3_judge *judge)
{
	if (!judge->talk)
		return;
	iperf3_judge_tell_payload(judge, NULL);
	iperf3_judge_order(judge);
	iperf3_judge_ends(judge);
	iperf3_judge_streams(judge);
	iperf3_judge_datagrams(judge);
	iperf3_judge_count(judge);
	judge->last = *judge->talk;
	judge->has_last = true;
	judge->talk = NULL;
	judge->control = NULL;
	judge->streams = judge->live = 0;
}

static void settle_when_over(struct iperf3_judge *judge)
{
	if (judge->talk && !judge->control && judge->live == 0)
		settle(judge);
}

static bool plain_cookie(const struct iperf3_cookie *cookie)
{
	for (size_t i = 0; i + 1 < sizeof cookie->octets; i++) {
		uint8_t c = cookie->octets[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '2' && c <= '7'))
			return false;
	}
	return cookie->octets[sizeof cookie->octets - 1] == 0;
}

static void check_cookie(struct iperf3_judge *judge, const struct iperf3_talk *talk)
{
	uint64_t known = judge->tests < IPERF3_JUDGE_COOKIES ? judge->tests : IPERF3_JUDGE_COOKIES;
	const struct iperf_mark *mark = &talk->said[IPERF3_ITEM_COOKIE].whole;

	if (!plain_cookie(&talk->cookie))
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_2_1, IPERF_TO_SERVER, talk, mark,
				   "the cookie is not 36 of a-z and 2-7 and one NUL");
	for (uint64_t i = 0; i < known; i++) {
		if (memcmp(&judge->cookies[i], &talk->cookie, sizeof talk->cookie) != 0)
			continue;
		iperf3_judge_found(judge, IPERF_BROKEN, IPERF_R_22_2_2, IPERF_TO_SERVER, talk, mark,
				   "an earlier test had the same cookie");
		return;
	}
}

/* The server takes a test while it has one. */
static void check_alone(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	const struct iperf_mark *mark = &conn->talk.said[IPERF3_ITEM_PARAM_EXCHANGE].begin;
	const struct iperf3_talk *talk = judge->talk;
	const struct iperf_mark *over = iperf3_judge_over(talk);
	bool started = iperf3_said_of(talk, IPERF3_ITEM_TEST_START) != NULL;

	if (talk->blind[0] || talk->blind[1] || (over && iperf3_before(over, mark)))
		return;
	iperf3_judge_found(judge, IPERF_BROKEN, started ? IPERF_R_30_1 : IPERF_R_25_4, IPERF_TO_CLIENT, &conn->talk,
			   mark, "the server takes this client's test, though that of connection #%llu goes on",
			   (unsigned long long)talk->number);
}

void iperf3_judge_accepted(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	if (judge->talk)
		check_alone(judge, conn);
	settle(judge);
	check_cookie(judge, &conn->talk);
	judge->cookies[judge->tests++ % IPERF3_JUDGE_COOKIES] = conn->talk.cookie;
	judge->iperf3 = true;
	conn->kind = IPERF3_CONN_CONTROL;
	judge->talk = &conn->talk;
	judge->control = conn;
	judge->streams_unsure = judge->hidden > 0;
}

static void register_stream(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf3_judge_stream *stream;

	conn->kind = IPERF3_CONN_STREAM;
	conn->readers[IPERF_TO_SERVER].what = IPERF3_READS_STREAM;
	conn->readers[IPERF_TO_CLIENT].what = IPERF3_READS_STREAM;
	if (judge->streams == judge->config.streams_max) {
		judge->streams_unsure = true;
		return;
	}
	stream = &judge->config.streams[judge->streams++];
	*stream = (struct iperf3_judge_stream){
		.client = conn->client, .number = conn->number, .opened = conn->talk.opened, .cookie = *mark,
		.live = true, .unsure = conn->spoken, /* told before it was known as a stream */
	};
	conn->stream = (uint32_t)judge->streams;
	conn->tests = judge->tests;
	judge->live++;
}

void iperf3_judge_cookie(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, const struct iperf_mark *mark)
{
	struct iperf3_talk *talk = judge->talk;

	conn->kind = IPERF3_CONN_WAITING;
	conn->readers[IPERF_TO_SERVER].what = IPERF3_READS_LENGTH;
	conn->readers[IPERF_TO_SERVER].item = IPERF3_ITEM_PARAMETERS;
	if (talk && iperf3_cookie_equal(&talk->cookie, &conn->talk.cookie) && !iperf3_judge_over(talk))
		register_stream(judge, conn, mark);
	else if (iperf3_said_of(&conn->talk, IPERF3_ITEM_PARAM_EXCHANGE))
		iperf3_judge_accepted(judge, conn);
	else if (talk && !iperf3_judge_over(talk))
		conn->during_streams = !iperf3_said_of(talk, IPERF3_ITEM_TEST_START);
}

/* The stream that conn is, of the current test; NULL when there is none. */
static struct iperf3_judge_stream *stream_of(struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	if (conn->stream == 0 || conn->tests != judge->tests || conn->stream > judge->streams)
		return NULL;
	return &judge->config.streams[conn->stream - 1];
}

void iperf3_judge_payload(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			  const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	struct iperf3_judge_stream *stream = stream_of(judge, conn);

	if (!stream)
		return;
	if (stream->octets[direction] == 0) {
		stream->first[direction] = *mark;
		stream->denied = stream->denied || (direction == IPERF_TO_CLIENT && octets && octets[0] == 0xff);
	}
	stream->last[direction] = *mark;
	stream->octets[direction] += length;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void now(struct iperf3_judge *judge, const struct iperf_mark *mark)
{
	if (mark->time_ns > judge->now.time_ns || judge->now.packet == 0)
		judge->now = *mark;
}

static void hide(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf3_conn_kind kind)
{
	uint64_t *count = kind == IPERF3_CONN_HIDDEN ? &judge->hidden : &judge->foreign;

	conn->kind = kind;
	++*count;
	if (kind == IPERF3_CONN_HIDDEN)
		judge->streams_unsure = true;
}

void iperf3_judge_opened(struct iperf3_judge *judge, struct iperf3_judge_conn *conn,
			 const struct iperf_endpoint *client, bool start_seen, const struct iperf_mark *mark)
{
	now(judge, mark);
	conn->client = conn->talk.client = *client;
	conn->talk.number = conn->number;
	conn->talk.opened = *mark;
	conn->tests = judge->tests;
	conn->readers[IPERF_TO_SERVER].what = IPERF3_READS_COOKIE;
	conn->readers[IPERF_TO_CLIENT].what = IPERF3_READS_STATE;
	append(&judge->all, &conn->all);
	if (!start_seen)
		hide(judge, conn, IPERF3_CONN_HIDDEN);
}

void iperf3_judge_foreign(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	if (conn->kind == IPERF3_CONN_HIDDEN)
		judge->hidden--;
	hide(judge, conn, IPERF3_CONN_FOREIGN);
}

static bool passed_over(const struct iperf3_judge_conn *conn)
{
	return conn->kind == IPERF3_CONN_HIDDEN || conn->kind == IPERF3_CONN_FOREIGN;
}

void iperf3_judge_octets(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			 const uint8_t *octets, size_t length, const struct iperf_mark *mark)
{
	now(judge, mark);
	if (!passed_over(conn))
		iperf3_judge_read(judge, conn, direction, octets, length, mark);
	conn->spoken = conn->spoken || direction == IPERF_TO_CLIENT;
}

void iperf3_judge_unseen(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			 uint64_t length, bool missing, const struct iperf_mark *mark)
{
	struct iperf3_judge_stream *stream = stream_of(judge, conn);

	now(judge, mark);
	conn->spoken = conn->spoken || direction == IPERF_TO_CLIENT;
	if (passed_over(conn))
		return;
	if (stream && missing)
		stream->unsure = true; /* one that is missing may be a FIN; and when they were sent is not known */
	if (missing && !stream)
		iperf3_judge_blind(judge, conn, direction, mark, "octets are missing in the capture");
	else
		iperf3_judge_read(judge, conn, direction, NULL, (size_t)length, mark);
}

void iperf3_judge_conflict(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			   const struct iperf_mark *mark)
{
	now(judge, mark);
	if (!passed_over(conn) && conn->kind != IPERF3_CONN_STREAM)
		iperf3_judge_blind(judge, conn, direction, mark, "octets were sent again with another content");
}

static void note_end(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		     bool reset, const struct iperf_mark *mark)
{
	bool client = direction == IPERF_TO_SERVER;
	struct iperf3_said_at *at = &conn->talk.said[client ? IPERF3_ITEM_CLIENT_EOF : IPERF3_ITEM_SERVER_EOF];
	struct iperf3_judge_stream *stream = stream_of(judge, conn);
	bool ended_before = conn->ended[!direction] || conn->ended[direction];

	if (!client)
		iperf3_judge_read_end(judge, conn);
	conn->ended[direction] = true;
	if (at->times++ == 0)
		at->begin = at->whole = *mark;
	if (reset)
		*(client ? &conn->talk.client_reset : &conn->talk.server_reset) = true;
	if (stream && client && !stream->client_ended) {
		stream->client_ended = true;
		stream->client_reset = reset;
		stream->client_end = *mark;
	}
	if (stream && (!client || reset) && !stream->server_ended) {
		stream->server_ended = true;
		stream->server_end = *mark;
	}
	if (stream)
		iperf3_judge_tell_payload(judge, stream);
	iperf3_judge_tell(judge, conn, direction, mark, (struct iperf3_said){
		.kind = reset ? IPERF3_SAID_RESET : IPERF3_SAID_EOF,
		.notable = conn->kind == IPERF3_CONN_CONTROL ?
				   !ended_before && !iperf3_said_of(&conn->talk, IPERF3_ITEM_DONE) :
				   conn->kind != IPERF3_CONN_STREAM && !ended_before,
	});
}

void iperf3_judge_eof(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
		      const struct iperf_mark *mark)
{
	now(judge, mark);
	if (!passed_over(conn))
		note_end(judge, conn, direction, false, mark);
}

void iperf3_judge_reset(struct iperf3_judge *judge, struct iperf3_judge_conn *conn, enum iperf_direction direction,
			bool established, const struct iperf_mark *mark)
{
	now(judge, mark);
	if (passed_over(conn))
		return;
	if (established)
		note_end(judge, conn, direction, true, mark);
	else
		iperf3_judge_tell(judge, conn, direction, mark,
				  (struct iperf3_said){ .kind = IPERF3_SAID_REFUSED, .notable = true });
}

static void forget_hidden(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	uint64_t *count = conn->kind == IPERF3_CONN_HIDDEN ? &judge->hidden : &judge->foreign;

	--*count;
	judge->had_other = true;
	judge->other_end = judge->now;
	if (conn->kind != IPERF3_CONN_HIDDEN || conn->complained || judge->said_hidden || !judge->iperf3)
		return;
	judge->said_hidden = true;
	iperf3_judge_found(judge, IPERF_INCONCLUSIVE, IPERF_R_NONE, IPERF_TO_SERVER, &conn->talk, &conn->talk.opened,
			   "this connection began before the capture: what is said on it is not judged");
}

void iperf3_judge_forget(struct iperf3_judge *judge, struct iperf3_judge_conn *conn)
{
	struct iperf3_judge_stream *stream = stream_of(judge, conn);

	take_out(&conn->all);
	if (passed_over(conn)) {
		forget_hidden(judge, conn);
	} else if (stream) {
		iperf3_judge_tell_payload(judge, stream);
		stream->live = false;
		judge->live--;
	} else if (judge->control == conn) {
		judge->kept = conn->talk;
		judge->talk = &judge->kept;
		judge->control = NULL;
	} else if (conn->kind == IPERF3_CONN_CONTROL) { /* another test has begun since */
		iperf3_judge_closed(judge, &conn->talk);
	} else {
		iperf3_judge_newcomer(judge, conn);
	}
	settle_when_over(judge);
}

bool iperf3_judge_doubtful(const struct iperf3_judge *judge, const struct iperf3_judge_conn *conn)
{
	return judge->hidden > 0 || judge->foreign > 0 ||
	       (judge->had_other && iperf3_span(&judge->other_end, &conn->talk.opened) < IPERF_JUDGE_GRACE);
}

bool iperf3_judge_takes_datagrams(const struct iperf3_judge *judge, const struct iperf_mark *mark)
{
	const struct iperf_mark *over = judge->talk ? iperf3_judge_over(judge->talk) :
					judge->has_last ? iperf3_judge_over(&judge->last) : mark;

	if (!judge->talk && !judge->has_last)
		return false;
	return !over || iperf3_span(over, mark) < IPERF_JUDGE_GRACE;
}

void iperf3_judge_finish(struct iperf3_judge *judge, const struct iperf_mark *mark)
{
	now(judge, mark);
	judge->finished = true;
}

void iperf3_judge_end(struct iperf3_judge *judge)
{
	settle(judge);
}
