/* The server of the simulation: a server session, read late and in any order; see testsim.h. */
#include "proto/testsim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CONN_OF(pointer) ((struct sim_conn *)(void *)((char *)(pointer) - offsetof(struct sim_conn, session)))
#define NEVER (INT64_MAX / 4)
#define ITEMS 512

static bool fault(const struct sim *sim, enum sim_fault what)
{
	return sim->options.fault == what && sim->now_ns >= sim->options.fault_ns;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void bend_stream(struct sim *sim, struct iperf_stream_result *listed)
{
	bool tcp = listed->protocol == IPERF_TCP;

	if (fault(sim, SERVER_WRONG_BYTES) && tcp && listed->bytes > 0)
		listed->bytes--;
	if (fault(sim, SERVER_COUNTS_STREAM_END) && tcp && listed->complete)
		listed->bytes += IPERF_TERMINATOR_LENGTH;
	if (fault(sim, SERVER_MORE_BYTES_THAN_SENT) && tcp)
		listed->bytes += 1000000;
	if (fault(sim, SERVER_SAYS_INCOMPLETE) && tcp)
		listed->complete = false;
	if (fault(sim, SERVER_SAYS_COMPLETE) && tcp)
		listed->complete = true;
	if (fault(sim, SERVER_UDP_SAYS_COMPLETE) && !tcp)
		listed->complete = true;
	if (fault(sim, SERVER_UDP_COUNTS_MESSAGES) && !tcp && listed->complete) {
		listed->packets += 2;
		listed->bytes += iperf_message_length(IPERF_STREAM_BEGIN) * 2;
	}
	if (fault(sim, SERVER_SECONDS_LONG))
		listed->seconds += 1000;
	if (fault(sim, SERVER_SECONDS_SHORT))
		listed->seconds /= 1000;
	if (fault(sim, SERVER_LISTS_UNKNOWN_STREAM))
		listed->client_port ^= 0x4000;
}

static void bend_results(struct sim *sim, struct iperf_results *results)
{
	size_t kept = 0;

	for (size_t i = 0; i < results->count; i++) {
		bend_stream(sim, &results->streams[i]);
		if (fault(sim, SERVER_FORGETS_ENDED_STREAM) && results->streams[i].protocol == IPERF_TCP &&
		    results->streams[i].complete)
			continue;
		results->streams[kept++] = results->streams[i];
	}
	results->count = kept;
	results->bytes = 0;
	for (size_t i = 0; i < kept; i++) {
		results->streams[i].id = (uint32_t)i + 1 + (fault(sim, SERVER_WRONG_ID) ? 1 : 0);
		results->bytes += results->streams[i].bytes;
	}
	results->bytes += fault(sim, SERVER_WRONG_SUM) ? 1 : 0;
}

/* Replaces the first of a word in the result data. */
static void replace(char *text, size_t size, const char *word, const char *by)
{
	char *at = strstr(text, word);
	size_t length = strlen(word), other = strlen(by);

	if (!at || strlen(text) + other - length >= size)
		return;
	memmove(at + other, at + length, strlen(at + length) + 1);
	memcpy(at, by, other);
}

static void bend_text(struct sim *sim, char *text, size_t size)
{
	if (fault(sim, SERVER_PACKETS_ON_TCP))
		replace(text, size, "\"packets\":null", "\"packets\":3");
	if (fault(sim, SERVER_SECONDS_NEGATIVE))
		replace(text, size, "\"seconds\":", "\"seconds\":-1");
	if (fault(sim, SERVER_FRACTION))
		replace(text, size, ",\"packets\"", ".0,\"packets\"");
	if (fault(sim, SERVER_QUOTED_NUMBER))
		replace(text, size, "\"id\":1,", "\"id\":\"1\",");
	if (fault(sim, SERVER_DUPLICATE_NAME))
		replace(text, size, "\"id\":1,", "\"id\":1,\"id\":1,");
	if (fault(sim, SERVER_LACKS_MEMBER))
		replace(text, size, "\"id\":1,", "");
	if (fault(sim, SERVER_SPACE_BEFORE_DATA))
		replace(text, size, "{", " {");
	if (fault(sim, SERVER_LINE_END_AFTER_DATA))
		strcat(text, "\n");
	if (fault(sim, SERVER_CUTS_ANSWER))
		text[strlen(text) - 1] = '\0';
}

static void bend_head(struct sim *sim, uint8_t *head, size_t *length)
{
	if (fault(sim, SERVER_ANSWER_LACKS_SPACE))
		--*length;
	if (fault(sim, SERVER_ANSWER_OTHER_COOKIE))
		head[40] ^= 1;
	if (fault(sim, SERVER_ANSWER_LOWER_CASE))
		for (size_t i = 0; i < 5; i++)
			head[i] = (uint8_t)tolower(head[i]);
}

static void answer(struct sim *sim, struct sim_conn *conn, const struct iperf_cookie *cookie)
{
	uint8_t head[IPERF_MESSAGE_MAX + 1];
	static char text[65536];
	struct iperf_results results = { .capacity = sim->options.streams_max, .streams = sim->server.listed };
	size_t length = iperf_message_write(head, IPERF_RESULTS_RESPONSE, cookie);

	head[length++] = ' ';
	iperf_server_results(&sim->server.session, &results);
	bend_results(sim, &results);
	text[iperf_results_encode(&results, text, sizeof text - 100)] = '\0';
	bend_text(sim, text, sizeof text);
	bend_head(sim, head, &length);
	conn->answered = true;
	sim->result->answered++;
	net_write(sim, conn, SIDE_SERVER, head, length);
	net_write(sim, conn, SIDE_SERVER, (const uint8_t *)text, strlen(text));
	if (fault(sim, SERVER_RESETS_AFTER_EXTRA))
		net_reset(sim, conn, SIDE_SERVER);
	else if (!fault(sim, SERVER_DOES_NOT_END_ANSWER))
		net_shutdown(sim, conn, SIDE_SERVER);
}

static void respond(struct sim *sim, struct sim_conn *conn)
{
	if (fault(sim, SERVER_NEVER_ANSWERS))
		return;
	if (fault(sim, SERVER_CLOSES_UNANSWERED) || (fault(sim, SERVER_IGNORES_HALF_CLOSED) && conn->end[1].eof)) {
		net_close(sim, conn, SIDE_SERVER);
		return;
	}
	answer(sim, conn, &sim->server.session.cookie);
	if (fault(sim, SERVER_REQUEST_ABORTS))
		sim->server.phase = 1;
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static void talk(struct sim *sim, struct sim_conn *conn)
{
	net_write(sim, conn, SIDE_SERVER, (const uint8_t *)"hello\n", 6);
}

/* A server that keeps a cookie too long rejects whoever comes. */
static void hold_on(struct sim *sim, int64_t long_ns)
{
	sim->server.silent_ns = sim->now_ns + long_ns;
}

static void faulty_release(struct sim *sim, const struct iperf_decision *decision)
{
	if (decision->release == IPERF_RELEASE_END && fault(sim, SERVER_KEEPS_COOKIE))
		hold_on(sim, 10 * IPERF_S);
	if (decision->release == IPERF_RELEASE_END && fault(sim, SERVER_RELEASES_LATE))
		hold_on(sim, 300 * IPERF_MS);
	if (decision->release == IPERF_RELEASE_LEFT && fault(sim, SERVER_STRAY_HOLDS))
		hold_on(sim, 10 * IPERF_S);
}

/* A connection that is to be closed, and is not. */
static bool kept_open(struct sim *sim, const struct iperf_decision *decision, const struct sim_conn *conn)
{
	bool control = conn->phase == 1;

	switch (sim->options.fault) {
	case SERVER_NEVER_REJECTS:
		return decision->why == IPERF_R_6_2_2;
	case SERVER_KEEPS_STREAM_OPEN:
		return decision->why == IPERF_R_8_1_5;
	case SERVER_KEEPS_STREAM_AT_END:
		return decision->why == IPERF_R_6_5_4 && !control;
	case SERVER_KEEPS_CONTROL_AT_END:
		return decision->why == IPERF_R_6_5_4 && control;
	case SERVER_KEEPS_WRONG_FIRST:
		return decision->why == IPERF_R_5_1_6;
	case SERVER_KEEPS_OTHER_COOKIE:
		return decision->why == IPERF_R_5_1_4;
	case SERVER_KEEPS_SECOND_CONTROL:
		return decision->why == IPERF_R_6_2_4;
	case SERVER_NEVER_ANSWERS:
		return decision->why == IPERF_R_9_1_4;
	case SERVER_IGNORES_CONTROL_OCTETS: case SERVER_IGNORES_ABORT:
		return decision->why == IPERF_R_6_5_4 && conn->end[SIDE_SERVER].eof == fault(sim, SERVER_IGNORES_ABORT);
	default:
		return false;
	}
}

static void leave(struct sim *sim, const struct iperf_decision *decision, struct sim_conn *conn)
{
	uint8_t none[1];

	conn->session_over = true;
	if (fault(sim, SERVER_TALKS_BEFORE_REJECTING) && decision->kind == IPERF_DECIDE_REJECT)
		talk(sim, conn);
	if (fault(sim, SERVER_ABORTS_ON_COLLISION) && decision->why == IPERF_R_6_2_2)
		sim->server.phase = 1;
	if ((fault(sim, SERVER_ANSWERS_WITHOUT_TEST) && decision->why == IPERF_R_9_1_8) ||
	    (fault(sim, SERVER_ANSWERS_STRANGERS) && decision->why == IPERF_R_6_2_2)) {
		while (net_read(&conn->end[SIDE_SERVER], none, 1))
			;
		answer(sim, conn, &conn->session.parser.cookie);
	}
	if (!kept_open(sim, decision, conn))
		net_close(sim, conn, SIDE_SERVER);
}

static void server_decides(void *user, const struct iperf_server *session, const struct iperf_decision *decision)
{
	struct sim *sim = user;
	struct sim_conn *conn = decision->conn ? CONN_OF(decision->conn) : NULL;
	static const char *const kinds[] = { "take",	"accept",  "begin",  "stream",
					     "respond", "release", "reject", "close" };

	(void)session;
	sim_trace(sim, "server: %s (conn %llu) %s", kinds[decision->kind],
		  conn ? (unsigned long long)conn->number : 0, iperf_requirements[decision->why].id);
	switch (decision->kind) {
	case IPERF_DECIDE_TAKE:
	case IPERF_DECIDE_ACCEPT:
		break;
	case IPERF_DECIDE_BEGIN:
		conn->phase = 1;
		if (fault(sim, SERVER_TALKS_ON_CONTROL))
			talk(sim, conn);
		break;
	case IPERF_DECIDE_STREAM:
		if (conn && fault(sim, SERVER_TALKS_ON_STREAM))
			talk(sim, conn);
		if (!conn && fault(sim, SERVER_SENDS_DATAGRAM))
			net_datagram(sim, &decision->stream->client, SIDE_SERVER, (const uint8_t *)"x", 1);
		break;
	case IPERF_DECIDE_RESPOND:
		respond(sim, conn);
		break;
	case IPERF_DECIDE_RELEASE:
		faulty_release(sim, decision);
		break;
	case IPERF_DECIDE_REJECT:
	case IPERF_DECIDE_CLOSE:
		leave(sim, decision, conn);
		break;
	}
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void server_wake_at(struct sim *sim, int64_t at_ns);

static void accept_one(struct sim *sim)
{
	struct sim_server *server = &sim->server;
	struct sim_conn *conn = server->queue[0];

	memmove(server->queue, server->queue + 1, --server->queued * sizeof *server->queue);
	conn->accepted = conn->in_session = true;
	sim_trace(sim, "server: accepted (conn %llu)", (unsigned long long)conn->number);
	if (fault(sim, SERVER_GREETS))
		talk(sim, conn);
	iperf_server_connected(&server->session, &conn->session, &conn->client, sim->now_ns);
}

static void accept_some(struct sim *sim, bool all)
{
	do
		accept_one(sim);
	while (sim->server.queued > 0 && (all || sim_percent(sim, 70)));
}

/* Faults that lie in what a server makes of a whole event. */
static bool faulty_read(struct sim *sim, struct sim_conn *conn)
{
	struct sim_server *server = &sim->server;

	if (conn->session.state == IPERF_CONN_PREAMBLE &&
	    (fault(sim, SERVER_REJECTS_FIRST) ? server->session.state == IPERF_TEST_IDLE :
						sim->now_ns < server->silent_ns)) {
		iperf_server_reset(&server->session, &conn->session, sim->now_ns);
		return true;
	}
	if (fault(sim, SERVER_REJECTS_EQUAL) && conn->session.state == IPERF_CONN_PREAMBLE &&
	    server->session.state == IPERF_TEST_RUNNING && conn->end[SIDE_SERVER].length >= IPERF_COOKIE_LENGTH &&
	    memcmp(conn->end[SIDE_SERVER].octets, server->session.cookie.octets, IPERF_COOKIE_LENGTH) == 0) {
		iperf_server_reset(&server->session, &conn->session, sim->now_ns);
		return true;
	}
	if (fault(sim, SERVER_HALF_PREAMBLE_HOLDS) && conn->session.state == IPERF_CONN_PREAMBLE &&
	    conn->end[SIDE_SERVER].length < IPERF_COOKIE_LENGTH)
		hold_on(sim, 10 * IPERF_S);
	if (fault(sim, SERVER_T_IDLE_COUNTS_STRANGERS) && server->session.state == IPERF_TEST_RUNNING)
		server->session.arrival_ns = sim->now_ns;
	return false;
}

static void read_some(struct sim *sim, struct sim_conn *conn, bool all)
{
	struct sim_end *end = &conn->end[SIDE_SERVER];
	uint8_t octets[2048];
	size_t length;

	if (faulty_read(sim, conn))
		return;
	if (fault(sim, SERVER_T_IDLE_IGNORES_STREAMS) && conn->session.state == IPERF_CONN_STREAM)
		sim->server.silent_ns = sim->server.session.arrival_ns;
	do {
		length = net_read(end, octets, all ? sizeof octets : 1 + sim_chance(sim, sizeof octets));
		if (length)
			iperf_server_octets(&sim->server.session, &conn->session, octets, length, sim->now_ns);
	} while (length && all && !end->closed);
	if (end->closed) {
		return;
	} else if (end->length > 0) {
		end->ready_ns = sim->now_ns;
	} else if (end->reset) {
		end->ready_ns = 0;
		iperf_server_reset(&sim->server.session, &conn->session, sim->now_ns);
		end->closed = true;
	} else if (end->eof) {
		end->ready_ns = 0;
		iperf_server_eof(&sim->server.session, &conn->session, sim->now_ns);
	} else {
		end->ready_ns = 0;
	}
}

static void read_datagrams(struct sim *sim, bool all)
{
	struct sim_server *server = &sim->server;

	do {
		struct sim_packet *packet = server->datagrams;

		server->datagrams = packet->next;
		if (!server->datagrams)
			server->datagrams_last = &server->datagrams;
		if (fault(sim, SERVER_DATAGRAM_HOLDS) && server->session.state == IPERF_TEST_IDLE)
			hold_on(sim, 10 * IPERF_S);
		iperf_server_datagram(&server->session, &packet->client, packet->octets, packet->length, sim->now_ns);
	} while (server->datagrams && (all || sim_percent(sim, 70)));
	server->ready_ns = sim->now_ns;
}

/* --- waking ------------------------------------------------------------------------------------------------------ */

struct item {
	enum { ITEM_ACCEPT, ITEM_CONN, ITEM_DATAGRAM, ITEM_TIMER } kind;
	struct sim_conn *conn;
	int64_t ready_ns;
};

static size_t collect(struct sim *sim, struct item *items)
{
	struct sim_server *server = &sim->server;
	size_t count = 0;

	if (server->queued)
		items[count++] = (struct item){ ITEM_ACCEPT, NULL, server->queue[0]->queued_ns };
	if (server->datagrams)
		items[count++] = (struct item){ ITEM_DATAGRAM, NULL, server->ready_ns };
	if (iperf_server_deadline(&server->session) <= sim->now_ns)
		items[count++] = (struct item){ ITEM_TIMER, NULL, sim->now_ns };
	for (struct sim_conn *conn = sim->conns; conn && count < ITEMS; conn = conn->next)
		if (conn->accepted && net_readable(&conn->end[SIDE_SERVER]))
			items[count++] = (struct item){ ITEM_CONN, conn, conn->end[SIDE_SERVER].ready_ns };
	for (size_t i = count; i > 1; i--) {
		size_t other = sim_chance(sim, i);
		struct item kept = items[i - 1];

		items[i - 1] = items[other];
		items[other] = kept;
	}
	return count;
}

static void handle(struct sim *sim, const struct item *item, bool forced)
{
	switch (item->kind) {
	case ITEM_ACCEPT:
		accept_some(sim, forced);
		break;
	case ITEM_CONN:
		if (net_readable(&item->conn->end[SIDE_SERVER]))
			read_some(sim, item->conn, forced || sim_percent(sim, 50));
		break;
	case ITEM_DATAGRAM:
		read_datagrams(sim, forced);
		break;
	case ITEM_TIMER:
		iperf_server_timer(&sim->server.session, sim->now_ns);
		break;
	}
}

/* Ends the test without a reason, or closes a stream; between events. */
static void act_wrongly(struct sim *sim)
{
	struct sim_server *server = &sim->server;

	if (fault(sim, SERVER_T_IDLE_IGNORES_STREAMS) && server->silent_ns) {
		server->session.arrival_ns = server->silent_ns;
		server->silent_ns = 0;
	}
	for (struct sim_conn *conn = sim->conns; conn; conn = conn->next) {
		if (!conn->in_session || conn->session_over)
			continue;
		if (server->phase == 1 && conn->session.state == IPERF_CONN_CONTROL)
			iperf_server_reset(&server->session, &conn->session, sim->now_ns);
		else if (fault(sim, SERVER_CLOSES_STREAM_EARLY) && conn->session.state == IPERF_CONN_STREAM &&
			 conn->session.stream->began_ns + 1500 * IPERF_MS < sim->now_ns)
			iperf_server_reset(&server->session, &conn->session, sim->now_ns);
	}
	server->phase = 0;
}

static void server_wakes(struct sim *sim, void *what, uint64_t number)
{
	struct sim_server *server = &sim->server;
	struct item items[ITEMS + 3];
	size_t count;
	int64_t deadline;

	(void)what;
	if (server->stopped || (int64_t)number != server->wake_ns)
		return;
	server->wake_ns = NEVER;
	count = collect(sim, items);
	for (size_t i = 0; i < count; i++) {
		bool forced = sim->now_ns - items[i].ready_ns >= sim->options.sleep_ns;

		if (forced || sim_percent(sim, 60))
			handle(sim, &items[i], forced);
		act_wrongly(sim);
	}
	if (collect(sim, items) > 0)
		server_ready(sim);
	deadline = iperf_server_deadline(&server->session);
	if (deadline < NEVER)
		server_wake_at(sim, deadline + sim_between(sim, 0, sim->options.sleep_ns));
}

static void server_wake_at(struct sim *sim, int64_t at_ns)
{
	if (at_ns <= sim->now_ns)
		at_ns = sim->now_ns + 1;
	if (at_ns >= sim->server.wake_ns)
		return;
	sim->server.wake_ns = at_ns;
	sim_at(sim, at_ns, server_wakes, NULL, (uint64_t)at_ns);
}

void server_ready(struct sim *sim)
{
	server_wake_at(sim, sim->now_ns + sim_between(sim, 0, sim->options.sleep_ns));
}

bool server_listens(const struct sim *sim)
{
	return !sim->server.stopped;
}

void server_queued(struct sim *sim, struct sim_conn *conn)
{
	struct sim_server *server = &sim->server;

	if (server->queued == sizeof server->queue / sizeof *server->queue)
		abort();
	conn->queued_ns = sim->now_ns;
	server->queue[server->queued++] = conn;
	server_ready(sim);
}

void server_datagram(struct sim *sim, struct sim_packet *packet)
{
	struct sim_server *server = &sim->server;

	if (server->stopped)
		return;
	if (!server->datagrams)
		server->ready_ns = sim->now_ns;
	packet->next = NULL;
	*server->datagrams_last = packet;
	server->datagrams_last = &packet->next;
	server_ready(sim);
}

/* --- begin and end ----------------------------------------------------------------------------------------------- */

static void server_stops(struct sim *sim, void *what, uint64_t number)
{
	struct sim_server *server = &sim->server;

	(void)what, (void)number;
	sim_trace(sim, "server: stops");
	iperf_server_stop(&server->session, sim->now_ns);
	for (size_t i = 0; i < server->queued; i++)
		net_reset(sim, server->queue[i], SIDE_SERVER);
	server->queued = 0;
	server->stopped = true;
}

void server_begin(struct sim *sim)
{
	const struct sim_options *o = &sim->options;
	struct sim_server *server = &sim->server;
	struct iperf_server_config config;

	server->streams = calloc(o->streams_max, sizeof *server->streams);
	server->listed = calloc(o->streams_max, sizeof *server->listed);
	iperf_server_defaults(&config);
	config.t_hello_ns = fault(sim, SERVER_IGNORES_T_HELLO) ? NEVER : o->t_hello_ns;
	config.t_begin_ns = fault(sim, SERVER_IGNORES_T_BEGIN) ? NEVER : o->t_begin_ns;
	config.t_idle_ns = fault(sim, SERVER_IGNORES_T_IDLE) ? NEVER : o->t_idle_ns;
	config.pending_max = o->pending_max;
	config.streams_max = o->streams_max;
	config.streams = server->streams;
	config.decide = server_decides;
	config.user = sim;
	iperf_server_init(&server->session, &config);
	server->datagrams_last = &server->datagrams;
	server->wake_ns = NEVER;
	if (o->stop_ns)
		sim_at(sim, o->stop_ns, server_stops, NULL, 0);
}

void server_end(struct sim *sim)
{
	free(sim->server.streams);
	free(sim->server.listed);
}
