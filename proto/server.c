#include "proto/server.h"

#include <string.h>

/* What a first message, a datagram or the end of something means in each state of the test: SPEC 13.1, row by row. */
enum test_event {
	EVENT_EQUAL,           /* preamble complete, equal to the held cookie (or none is held) */
	EVENT_OTHER,           /* preamble complete, other */
	EVENT_TEST_BEGIN,
	EVENT_STREAM_BEGIN,    /* on TCP */
	EVENT_RESULTS_REQUEST,
	EVENT_LAST_LEFT,       /* the last connection of the cookie is gone */
	TEST_EVENTS,
};

typedef void test_action(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns);

static test_action take, accept_conn, reject_other, reject_control, begin, open_stream, close_unanswered, respond,
	release_if_none_begun, nothing;

static test_action *const test_table[][TEST_EVENTS] = {
	/* EQUAL, OTHER, TEST_BEGIN, STREAM_BEGIN, RESULTS_REQUEST, LAST_LEFT */
	[IPERF_TEST_IDLE] = { take, take, nothing, nothing, nothing, nothing },
	[IPERF_TEST_HELD] = { accept_conn, reject_other, begin, open_stream, close_unanswered, release_if_none_begun },
	[IPERF_TEST_RUNNING] = { accept_conn, reject_other, reject_control, open_stream, respond, nothing },
};

/* What happens on a connection in each of its states: SPEC 13.2. */
enum conn_event {
	EVENT_EOF,
	EVENT_RESET,
	EVENT_T_HELLO,
	CONN_EVENTS,
};

/* What a connection's own event leads to, beside its closing. */
struct conn_reaction {
	enum iperf_requirement why;
	bool aborts;
	enum iperf_release release;
};

static const struct conn_reaction conn_table[][CONN_EVENTS] = {
	/* EOF, RESET, T_HELLO */
	[IPERF_CONN_PREAMBLE] = { { IPERF_R_6_1_2, false, 0 }, { IPERF_R_6_1_2, false, 0 }, { IPERF_R_10_1, false, 0 } },
	[IPERF_CONN_FIRST] = { { IPERF_R_5_1_6, false, 0 }, { IPERF_R_5_1_6, false, 0 }, { IPERF_R_10_1, false, 0 } },
	[IPERF_CONN_CONTROL] = { { IPERF_R_6_5_4, true, IPERF_RELEASE_EOF },
				 { IPERF_R_6_5_4, true, IPERF_RELEASE_RESET },
				 { IPERF_R_NONE, false, 0 } },
	[IPERF_CONN_STREAM] = { { IPERF_R_8_1_5, false, 0 }, { IPERF_R_8_2_6, false, 0 }, { IPERF_R_NONE, false, 0 } },
	[IPERF_CONN_RESULTS] = { { IPERF_R_9_1_4, false, 0 }, { IPERF_R_9_1_4, false, 0 }, { IPERF_R_9_1_12, false, 0 } },
};

/* --- lists ------------------------------------------------------------------------------------------------------- */

#define CONN_OF(link, field) ((struct iperf_conn *)(void *)((char *)(link) - offsetof(struct iperf_conn, field)))

static void list_init(struct iperf_link *list)
{
	list->next = list->prev = list;
}

static bool list_empty(const struct iperf_link *list)
{
	return list->next == list;
}

static bool linked(const struct iperf_link *link)
{
	return link->next != NULL;
}

static void list_append(struct iperf_link *list, struct iperf_link *link, size_t *count)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
	++*count;
}

static void list_remove(struct iperf_link *link, size_t *count)
{
	if (!linked(link))
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
	--*count;
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void decide(const struct iperf_server *server, enum iperf_decision_kind kind, enum iperf_requirement why,
		   struct iperf_conn *conn, struct iperf_stream *stream)
{
	struct iperf_decision decision = { .kind = kind, .why = why, .conn = conn, .stream = stream };

	server->config.decide(server->config.user, server, &decision);
}

/* Takes conn out of the session. */
static void close_conn(struct iperf_server *server, struct iperf_conn *conn, enum iperf_decision_kind kind,
		       enum iperf_requirement why)
{
	list_remove(&conn->waits,
		    conn->state == IPERF_CONN_RESULTS ? &server->results_count : &server->pending_count);
	list_remove(&conn->member, &server->member_count);
	conn->state = IPERF_CONN_CLOSED;
	decide(server, kind, why, conn, NULL);
}

/* Ends the test or the provisional holding. The cookie is released before anything is closed (R-6.5-6), so that a peer
 * that sees the end of its connection finds the server idle. */
static void release(struct iperf_server *server, enum iperf_release how, enum iperf_requirement why)
{
	struct iperf_decision decision = { .kind = IPERF_DECIDE_RELEASE, .why = why, .release = how };

	server->config.decide(server->config.user, server, &decision);
	if (server->state == IPERF_TEST_RUNNING) {
		server->ended = server->cookie;
		server->ended_at = server->connections;
	}
	server->state = IPERF_TEST_IDLE;
	server->stream_count = 0;
	server->stream_begun = false;
	memset(server->bucket, 0, sizeof server->bucket);
	while (!list_empty(&server->members))
		close_conn(server, CONN_OF(server->members.next, member), IPERF_DECIDE_CLOSE,
			   how == IPERF_RELEASE_T_BEGIN ? IPERF_R_6_3_3 : IPERF_R_6_5_4);
}

/* A connection leaves by itself or by its own fault. */
static void leave(struct iperf_server *server, struct iperf_conn *conn, enum iperf_decision_kind kind,
		  enum iperf_requirement why, int64_t now_ns)
{
	bool member = linked(&conn->member);

	close_conn(server, conn, kind, why);
	if (member && server->member_count == 0)
		test_table[server->state][EVENT_LAST_LEFT](server, NULL, now_ns);
}

/* --- the test: SPEC 13.1 ----------------------------------------------------------------------------------------- */

static void nothing(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	(void)server, (void)conn, (void)now_ns;
}

static void join(struct iperf_server *server, struct iperf_conn *conn)
{
	conn->state = IPERF_CONN_FIRST;
	list_append(&server->members, &conn->member, &server->member_count);
}

static void take(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	server->state = IPERF_TEST_HELD;
	server->cookie = conn->parser.cookie;
	server->taken_ns = now_ns;
	join(server, conn);
	decide(server, IPERF_DECIDE_TAKE, IPERF_R_6_1_1, conn, NULL);
}

/* R-10-3: an octet on a connection of the test keeps the test alive. */
static void arrived(struct iperf_server *server, const struct iperf_conn *conn, int64_t now_ns)
{
	if (server->state == IPERF_TEST_RUNNING && linked(&conn->member))
		server->arrival_ns = now_ns;
}

static void accept_conn(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	join(server, conn);
	arrived(server, conn, now_ns); /* whatever follows in the same segment, be it the end of conn */
	decide(server, IPERF_DECIDE_ACCEPT, IPERF_R_6_1_3, conn, NULL);
}

static void reject_other(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	leave(server, conn, IPERF_DECIDE_REJECT, IPERF_R_6_2_2, now_ns);
}

static void reject_control(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	leave(server, conn, IPERF_DECIDE_REJECT, IPERF_R_6_2_4, now_ns);
}

/* The first message is complete: conn waits no more. */
static void first_message_read(struct iperf_server *server, struct iperf_conn *conn, enum iperf_conn_state state)
{
	list_remove(&conn->waits, &server->pending_count);
	conn->state = state;
}

static void begin(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	first_message_read(server, conn, IPERF_CONN_CONTROL);
	iperf_parser_init(&conn->parser, IPERF_GRAMMAR_CONTROL, &server->cookie);
	server->state = IPERF_TEST_RUNNING;
	server->arrival_ns = now_ns;
	decide(server, IPERF_DECIDE_BEGIN, IPERF_R_5_1_5, conn, NULL);
}

/* A new stream, or NULL when there are too many. */
static struct iperf_stream *new_stream(struct iperf_server *server, enum iperf_protocol protocol,
				       const struct iperf_endpoint *client, int64_t now_ns)
{
	struct iperf_stream *stream;

	if (server->stream_count == server->config.streams_max)
		return NULL;
	stream = &server->config.streams[server->stream_count++];
	memset(stream, 0, sizeof *stream);
	stream->id = (uint32_t)server->stream_count;
	stream->protocol = protocol;
	stream->client = *client;
	stream->began_ns = stream->last_ns = now_ns;
	iperf_terminator_init(&stream->tcp);
	server->stream_begun = true;
	return stream;
}

static void open_stream(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	conn->stream = new_stream(server, IPERF_TCP, &conn->client, now_ns);
	if (!conn->stream) {
		leave(server, conn, IPERF_DECIDE_CLOSE, IPERF_R_11_4, now_ns);
		return;
	}
	first_message_read(server, conn, IPERF_CONN_STREAM);
	decide(server, IPERF_DECIDE_STREAM, IPERF_R_8_1_4, conn, conn->stream);
}

static void close_unanswered(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	leave(server, conn, IPERF_DECIDE_CLOSE, IPERF_R_9_1_8, now_ns);
}

static void respond(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	first_message_read(server, conn, IPERF_CONN_RESULTS);
	if (server->results_count == server->config.results_max)
		close_conn(server, CONN_OF(server->results.next, waits), IPERF_DECIDE_CLOSE, IPERF_R_11_5);
	conn->deadline_ns = now_ns + server->config.t_hello_ns;
	list_append(&server->results, &conn->waits, &server->results_count);
	decide(server, IPERF_DECIDE_RESPOND, IPERF_R_9_1_3, conn, NULL);
}

static void release_if_none_begun(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	(void)conn, (void)now_ns;
	if (!server->stream_begun)
		release(server, IPERF_RELEASE_LEFT, IPERF_R_6_3_1);
}

/* --- connections: SPEC 13.2 -------------------------------------------------------------------------------------- */

static void preamble_read(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	bool equal = iperf_cookie_equal(&conn->parser.cookie, &server->cookie);

	if (conn->number <= server->ended_at && iperf_cookie_equal(&conn->parser.cookie, &server->ended)) {
		leave(server, conn, IPERF_DECIDE_REJECT, IPERF_R_6_5_10, now_ns);
		return;
	}
	test_table[server->state][equal ? EVENT_EQUAL : EVENT_OTHER](server, conn, now_ns);
}

static void first_message(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	switch (conn->parser.kind) {
	case IPERF_TEST_BEGIN:
		test_table[server->state][EVENT_TEST_BEGIN](server, conn, now_ns);
		break;
	case IPERF_STREAM_BEGIN:
		test_table[server->state][EVENT_STREAM_BEGIN](server, conn, now_ns);
		break;
	case IPERF_RESULTS_REQUEST:
		test_table[server->state][EVENT_RESULTS_REQUEST](server, conn, now_ns);
		break;
	case IPERF_TEST_END:
	case IPERF_STREAM_END:
	case IPERF_RESULTS_RESPONSE:
		break; /* the grammar has no such first message */
	}
}

/* PREAMBLE and FIRST: returns how many octets were used. */
static size_t opening_octets(struct iperf_server *server, struct iperf_conn *conn, const uint8_t *octets, size_t length,
			     int64_t now_ns)
{
	size_t used = iperf_parser_feed(&conn->parser, octets, length);

	switch (conn->parser.status) {
	case IPERF_PARSE_INCOMPLETE:
		break;
	case IPERF_PARSE_PREAMBLE:
		preamble_read(server, conn, now_ns);
		break;
	case IPERF_PARSE_DONE:
		first_message(server, conn, now_ns);
		break;
	case IPERF_PARSE_WRONG: /* R-4.3-3 */
		leave(server, conn, IPERF_DECIDE_CLOSE,
		      iperf_parser_in_cookie(&conn->parser) ? IPERF_R_5_1_4 : IPERF_R_5_1_6, now_ns);
		return length;
	}
	return used;
}

static void control_octets(struct iperf_server *server, struct iperf_conn *conn, const uint8_t *octets, size_t length)
{
	iperf_parser_feed(&conn->parser, octets, length);
	if (conn->parser.status == IPERF_PARSE_DONE)
		release(server, IPERF_RELEASE_END, IPERF_R_6_5_1);
	else if (conn->parser.status == IPERF_PARSE_WRONG)
		release(server, IPERF_RELEASE_OCTET, IPERF_R_7_4);
}

void iperf_server_octets(struct iperf_server *server, struct iperf_conn *conn, const uint8_t *octets, size_t length,
			 int64_t now_ns)
{
	size_t used = 0;

	if (length > 0)
		arrived(server, conn, now_ns);
	while (used < length && (conn->state == IPERF_CONN_PREAMBLE || conn->state == IPERF_CONN_FIRST))
		used += opening_octets(server, conn, octets + used, length - used, now_ns);
	if (used == length)
		return;
	switch (conn->state) {
	case IPERF_CONN_CONTROL:
		control_octets(server, conn, octets + used, length - used);
		break;
	case IPERF_CONN_STREAM:
		iperf_stream_octets(conn->stream, octets + used, length - used, now_ns);
		break;
	case IPERF_CONN_PREAMBLE:
	case IPERF_CONN_FIRST:
	case IPERF_CONN_RESULTS: /* R-9.1-10 */
	case IPERF_CONN_CLOSED:
		break;
	}
}

static void conn_ended(struct iperf_server *server, struct iperf_conn *conn, enum conn_event event, int64_t now_ns)
{
	const struct conn_reaction *reaction;

	if (conn->state == IPERF_CONN_CLOSED)
		return;
	reaction = &conn_table[conn->state][event];
	if (reaction->aborts)
		release(server, reaction->release, IPERF_R_6_5_2);
	else
		leave(server, conn, IPERF_DECIDE_CLOSE, reaction->why, now_ns);
}

void iperf_server_eof(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	conn_ended(server, conn, EVENT_EOF, now_ns);
}

void iperf_server_reset(struct iperf_server *server, struct iperf_conn *conn, int64_t now_ns)
{
	conn_ended(server, conn, EVENT_RESET, now_ns);
}

void iperf_server_connected(struct iperf_server *server, struct iperf_conn *conn, const struct iperf_endpoint *client,
			    int64_t now_ns)
{
	void *user = conn->user;

	memset(conn, 0, sizeof *conn);
	conn->user = user;
	conn->state = IPERF_CONN_PREAMBLE;
	conn->client = *client;
	conn->number = ++server->connections;
	conn->deadline_ns = now_ns + server->config.t_hello_ns;
	iperf_parser_init(&conn->parser, IPERF_GRAMMAR_CONNECTION, NULL);
	if (server->pending_count == server->config.pending_max)
		leave(server, CONN_OF(server->pending.next, waits), IPERF_DECIDE_CLOSE, IPERF_R_11_2, now_ns);
	list_append(&server->pending, &conn->waits, &server->pending_count);
}

/* --- datagrams: SPEC 8.3 ----------------------------------------------------------------------------------------- */

static size_t bucket_of(const struct iperf_endpoint *client)
{
	return iperf_endpoint_hash(client) % IPERF_UDP_BUCKETS;
}

/* The index + 1 of a UDP stream, or 0. */
static uint16_t find_stream(const struct iperf_server *server, const struct iperf_endpoint *client)
{
	for (uint16_t at = server->bucket[bucket_of(client)]; at; at = server->config.streams[at - 1].next)
		if (iperf_endpoint_equal(&server->config.streams[at - 1].client, client))
			return at;
	return 0;
}

const struct iperf_stream *iperf_server_find(const struct iperf_server *server, const struct iperf_endpoint *client)
{
	uint16_t at = server->state == IPERF_TEST_RUNNING ? find_stream(server, client) : 0;

	return at ? &server->config.streams[at - 1] : NULL;
}

/* False when there are too many streams: the datagram is dropped (R-11-4). */
static bool open_udp_stream(struct iperf_server *server, const struct iperf_endpoint *client, int64_t now_ns)
{
	uint16_t *bucket = &server->bucket[bucket_of(client)];
	struct iperf_stream *stream = new_stream(server, IPERF_UDP, client, now_ns);

	if (!stream)
		return false;
	stream->next = *bucket;
	*bucket = (uint16_t)stream->id;
	decide(server, IPERF_DECIDE_STREAM, IPERF_R_8_3_1, NULL, stream);
	return true;
}

void iperf_server_datagram(struct iperf_server *server, const struct iperf_endpoint *client, const uint8_t *octets,
			   size_t length, int64_t now_ns)
{
	enum iperf_message_kind kind;
	uint16_t at;

	if (server->state != IPERF_TEST_RUNNING)
		return; /* R-8.3-6, R-8.3-7 */
	at = find_stream(server, client);
	if (at)
		iperf_stream_datagram(&server->config.streams[at - 1], octets, length, &server->cookie, now_ns);
	else if (iperf_datagram_parse(octets, length, &server->cookie, &kind) != IPERF_PARSE_DONE ||
		 kind != IPERF_STREAM_BEGIN || !open_udp_stream(server, client, now_ns))
		return; /* R-8.3-5, R-11-4 */
	server->arrival_ns = now_ns;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t iperf_server_deadline(const struct iperf_server *server)
{
	int64_t deadline = INT64_MAX;

	if (server->state == IPERF_TEST_HELD)
		deadline = server->taken_ns + server->config.t_begin_ns;
	else if (server->state == IPERF_TEST_RUNNING)
		deadline = server->arrival_ns + server->config.t_idle_ns;
	if (!list_empty(&server->pending))
		deadline = earlier(deadline, CONN_OF(server->pending.next, waits)->deadline_ns);
	if (!list_empty(&server->results))
		deadline = earlier(deadline, CONN_OF(server->results.next, waits)->deadline_ns);
	return deadline;
}

/* The lists are in the order of their deadlines, for T_hello is the same for all. */
static void expire(struct iperf_server *server, struct iperf_link *list, int64_t now_ns)
{
	while (!list_empty(list) && CONN_OF(list->next, waits)->deadline_ns <= now_ns)
		conn_ended(server, CONN_OF(list->next, waits), EVENT_T_HELLO, now_ns);
}

void iperf_server_timer(struct iperf_server *server, int64_t now_ns)
{
	if (server->state == IPERF_TEST_HELD && server->taken_ns + server->config.t_begin_ns <= now_ns)
		release(server, IPERF_RELEASE_T_BEGIN, IPERF_R_6_3_2);
	else if (server->state == IPERF_TEST_RUNNING && server->arrival_ns + server->config.t_idle_ns <= now_ns)
		release(server, IPERF_RELEASE_T_IDLE, IPERF_R_10_2);
	expire(server, &server->pending, now_ns);
	expire(server, &server->results, now_ns);
}

/* --- the session ------------------------------------------------------------------------------------------------- */

void iperf_server_defaults(struct iperf_server_config *config)
{
	*config = (struct iperf_server_config){
		.t_hello_ns = IPERF_T_HELLO,
		.t_begin_ns = IPERF_T_BEGIN,
		.t_idle_ns = IPERF_T_IDLE,
		.pending_max = IPERF_PENDING_MAX,
		.results_max = IPERF_RESULTS_MAX,
		.streams_max = IPERF_STREAMS_MAX,
	};
}

void iperf_server_init(struct iperf_server *server, const struct iperf_server_config *config)
{
	memset(server, 0, sizeof *server);
	server->config = *config;
	list_init(&server->pending);
	list_init(&server->results);
	list_init(&server->members);
}

void iperf_server_stop(struct iperf_server *server, int64_t now_ns)
{
	if (server->state != IPERF_TEST_IDLE)
		release(server, IPERF_RELEASE_STOP, IPERF_R_6_5_9);
	while (!list_empty(&server->pending))
		leave(server, CONN_OF(server->pending.next, waits), IPERF_DECIDE_CLOSE, IPERF_R_6_5_9, now_ns);
}

void iperf_server_results(const struct iperf_server *server, struct iperf_results *results)
{
	results->bytes = 0;
	results->count = server->stream_count < results->capacity ? server->stream_count : results->capacity;
	for (size_t i = 0; i < results->count; i++) {
		const struct iperf_stream *stream = &server->config.streams[i];

		results->streams[i] = (struct iperf_stream_result){
			.id = stream->id,
			.protocol = stream->protocol,
			.client_port = stream->client.port,
			.bytes = iperf_stream_bytes(stream, &server->cookie),
			.packets = stream->packets,
			.seconds = iperf_stream_seconds(stream),
			.complete = iperf_stream_complete(stream, &server->cookie),
		};
		results->bytes += results->streams[i].bytes;
	}
}
