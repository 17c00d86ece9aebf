/* The course of a test: SPEC 23. */
#include <string.h>

#include "proto/iperf3_datagram.h"
#include "proto/iperf3_server_private.h"

static void decide(struct iperf3_server *server, const struct iperf3_decision *decision)
{
	server->config.decide(server->config.user, server, decision);
}

static void send_state(struct iperf3_server *server, enum iperf3_state state, enum iperf_requirement why)
{
	const int8_t octet = (int8_t)state;

	iperf3_conn_send(server, server->control, &octet, 1, why);
}

static size_t streams_wanted(const struct iperf3_server *server)
{
	return (size_t)iperf3_parameters_streams(&server->parameters);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

/* The server is free before anything is said or closed, so that a peer that sees the end finds it so. Returns the
 * control connection, which is still to be ended. */
static struct iperf3_conn *release(struct iperf3_server *server, struct iperf3_decision *decision)
{
	struct iperf3_conn *control = server->control;

	decision->kind = IPERF3_DECIDE_RELEASE;
	decision->reached = server->state;
	decide(server, decision);
	server->state = IPERF3_TEST_IDLE;
	server->control = NULL;
	server->stream_count = 0;
	server->peer.count = 0;
	return control;
}

static void close_streams(struct iperf3_server *server, enum iperf_requirement why)
{
	while (!iperf3_link_empty(&server->members))
		iperf3_conn_close(server, IPERF3_CONN_OF(server->members.next), why);
}

void iperf3_test_fail(struct iperf3_server *server, int32_t error, int32_t system_error, bool gone,
		      enum iperf_requirement why, int64_t now_ns)
{
	struct iperf3_conn *control = release(server, &(struct iperf3_decision){
							      .why = why,
							      .release = IPERF3_RELEASE_FAILED,
							      .error = error,
							      .system_error = system_error,
						      });

	iperf3_conn_fail(server, control, gone, error, system_error, why, now_ns);
	close_streams(server, why);
}

/* IPERF_DONE, whenever it comes: what the server has said may be unread still, so it only half-closes. */
static void done(struct iperf3_server *server, int64_t now_ns)
{
	bool displayed = server->state == IPERF3_TEST_DISPLAYED;
	struct iperf3_conn *control = release(server, &(struct iperf3_decision){
							      .why = IPERF_R_23_16,
							      .release = displayed ? IPERF3_RELEASE_DONE :
										     IPERF3_RELEASE_LEFT,
						      });

	iperf3_conn_end(server, control, IPERF_R_23_16, now_ns);
	close_streams(server, IPERF_R_23_16);
}

void iperf3_test_gone(struct iperf3_server *server, enum iperf3_release how, int64_t now_ns)
{
	struct iperf3_conn *control;
	bool cut = how == IPERF3_RELEASE_EOF && server->parser.offset > 0;
	int32_t error;

	if (cut && (server->state == IPERF3_TEST_PARAMETERS || server->state == IPERF3_TEST_RESULTS)) {
		error = server->state == IPERF3_TEST_RESULTS ? IPERF3_ERROR_RESULTS : IPERF3_ERROR_PARAMETERS;
		iperf3_test_fail(server, error, 0, true, IPERF_R_22_4_5, now_ns);
		return;
	}
	control = release(server, &(struct iperf3_decision){ .why = IPERF_R_29_9, .release = how });
	iperf3_conn_close(server, control, IPERF_R_29_9);
	close_streams(server, IPERF_R_29_9);
}

void iperf3_test_stop(struct iperf3_server *server, int64_t now_ns)
{
	struct iperf3_conn *control =
		release(server, &(struct iperf3_decision){ .why = IPERF_R_29_7, .release = IPERF3_RELEASE_STOP });
	const int8_t octet = IPERF3_SERVER_TERMINATE;

	iperf3_conn_send(server, control, &octet, 1, IPERF_R_29_7);
	iperf3_conn_end(server, control, IPERF_R_29_7, now_ns);
	close_streams(server, IPERF_R_29_7);
}

/* --- cookie and parameters --------------------------------------------------------------------------------------- */

/* A text of at most so many octets is awaited, and of no more than have room: T_read. */
static void await_text(struct iperf3_server *server, size_t bound, int64_t now_ns)
{
	size_t room = server->config.text_size;

	iperf3_parser_init(&server->parser, IPERF3_READ_TEXT, server->config.text, bound < room ? bound : room);
	server->read_ns = now_ns;
}

static void await_state(struct iperf3_server *server)
{
	iperf3_parser_init(&server->parser, IPERF3_READ_STATE, NULL, 0);
}

static void take(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns)
{
	server->state = IPERF3_TEST_PARAMETERS;
	server->cookie = conn->parser.cookie;
	server->control = conn;
	server->heard_ns = now_ns;
	server->over_ns = INT64_MAX;
	conn->state = IPERF3_CONN_CONTROL;
	await_text(server, IPERF3_PARAMETERS_MAX, now_ns);
	decide(server, &(struct iperf3_decision){ .kind = IPERF3_DECIDE_TAKE, .why = IPERF_R_23_1, .conn = conn });
	send_state(server, IPERF3_PARAM_EXCHANGE, IPERF_R_23_1);
}

static void read_parameters(struct iperf3_server *server, int64_t now_ns)
{
	struct iperf3_json_error json;
	enum iperf_requirement why = IPERF_R_24_6;
	int32_t error, system_error = 0;

	if (!iperf3_parameters_decode((const char *)server->config.text, server->parser.length, &server->parameters,
				      &json)) {
		iperf3_test_fail(server, IPERF3_ERROR_PARAMETERS, 0, false, json.why, now_ns);
		return;
	}
	error = iperf3_server_judge(&server->parameters, server->config.streams_max, &system_error, &why);
	if (error == 0 && server->config.able)
		error = server->config.able(server->config.user, &server->parameters, &system_error);
	if (error != 0) {
		iperf3_test_fail(server, error, system_error, false, why, now_ns);
		return;
	}
	server->state = IPERF3_TEST_CREATING;
	await_state(server);
	send_state(server, IPERF3_CREATE_STREAMS, IPERF_R_23_3);
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

/* The next stream of the test: R-25-7, R-27.1-1, R-27.1-6. */
static struct iperf3_stream *add_stream(struct iperf3_server *server, struct iperf3_conn *conn,
					const struct iperf_endpoint *client)
{
	const struct iperf3_parameters *parameters = &server->parameters;
	size_t index = server->stream_count++;
	struct iperf3_stream *stream = &server->config.streams[index];

	*stream = (struct iperf3_stream){
		.id = index == 0 ? 1 : (int64_t)index + 2,
		.sends = parameters->bidirectional ? index >= (size_t)parameters->parallel : parameters->reverse,
		.client = *client,
		.conn = conn,
	};
	return stream;
}

/* All streams are there. */
static void run(struct iperf3_server *server, int64_t now_ns)
{
	static const uint8_t states[] = { IPERF3_TEST_START, IPERF3_TEST_RUNNING };
	const struct iperf3_parameters *parameters = &server->parameters;
	int64_t left_s = (INT64_MAX - now_ns - server->config.t_over_ns) / IPERF_S;

	server->state = IPERF3_TEST_FLOWING;
	server->heard_ns = now_ns;
	if (parameters->time > 0 && parameters->time < left_s && parameters->omit < left_s - parameters->time)
		server->over_ns =
			now_ns + (parameters->omit + parameters->time) * IPERF_S + server->config.t_over_ns;
	iperf3_conn_send(server, server->control, states, sizeof states, IPERF_R_23_5);
	decide(server, &(struct iperf3_decision){ .kind = IPERF3_DECIDE_RUN, .why = IPERF_R_23_5 });
	while (!iperf3_link_empty(&server->pending))
		iperf3_conn_deny(server, IPERF3_CONN_OF(server->pending.next), false, IPERF_R_30_1, now_ns);
}

/* A connection has shown the test's cookie. Which stream it is, its turn in accept() decides, and not whose cookie came
 * first: client and server have to count alike (R-25-7). So streams are known when all are there. */
static void join(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns)
{
	struct iperf3_link *before = server->members.next;

	while (before != &server->members && IPERF3_CONN_OF(before)->number < conn->number)
		before = before->next;
	conn->state = IPERF3_CONN_STREAM;
	iperf3_link_insert(before, &conn->link, &server->member_count);
	server->heard_ns = now_ns;
	if (server->member_count < streams_wanted(server))
		return;
	for (struct iperf3_link *link = server->members.next; link != &server->members; link = link->next) {
		struct iperf3_conn *member = IPERF3_CONN_OF(link);

		decide(server, &(struct iperf3_decision){
				       .kind = IPERF3_DECIDE_STREAM,
				       .why = IPERF_R_25_7,
				       .conn = member,
				       .stream = add_stream(server, member, &member->client),
			       });
	}
	run(server, now_ns);
}

void iperf3_test_cookie(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns)
{
	bool awaited = server->state == IPERF3_TEST_CREATING;

	if (server->occupied)
		iperf3_conn_deny(server, conn, false, IPERF_R_33_4, now_ns);
	else if (server->state == IPERF3_TEST_IDLE)
		take(server, conn, now_ns);
	else if (awaited && server->parameters.protocol == IPERF_TCP &&
		 iperf3_cookie_equal(&conn->parser.cookie, &server->cookie))
		join(server, conn, now_ns);
	else
		iperf3_conn_deny(server, conn, false, awaited ? IPERF_R_25_4 : IPERF_R_30_1, now_ns);
}

static bool is_known(const struct iperf3_server *server, const struct iperf_endpoint *client)
{
	for (size_t i = 0; i < server->stream_count; i++)
		if (iperf_endpoint_equal(&server->config.streams[i].client, client))
			return true;
	return false;
}

void iperf3_test_hello(struct iperf3_server *server, const struct iperf_endpoint *client, bool old, int64_t now_ns)
{
	struct iperf3_stream *stream;

	if (server->state != IPERF3_TEST_CREATING || server->parameters.protocol != IPERF_UDP ||
	    is_known(server, client))
		return; /* R-26.1-5, R-26.1-6 */
	server->heard_ns = now_ns;
	stream = add_stream(server, NULL, client);
	stream->old = old;
	decide(server, &(struct iperf3_decision){
			       .kind = IPERF3_DECIDE_STREAM, .why = IPERF_R_25_7, .stream = stream });
	decide(server, &(struct iperf3_decision){
			       .kind = IPERF3_DECIDE_REPLY,
			       .why = old ? IPERF_R_26_1_4 : IPERF_R_26_1_3,
			       .stream = stream,
			       .octets = old ? iperf3_reply_old : iperf3_reply,
			       .length = IPERF3_HELLO_LENGTH,
		       });
	if (server->stream_count == streams_wanted(server))
		run(server, now_ns);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void end_payload(struct iperf3_server *server, int64_t now_ns)
{
	server->state = IPERF3_TEST_RESULTS;
	await_text(server, IPERF3_RESULTS_MAX, now_ns);
	decide(server, &(struct iperf3_decision){ .kind = IPERF3_DECIDE_HALT, .why = IPERF_R_23_9 });
	send_state(server, IPERF3_EXCHANGE_RESULTS, IPERF_R_23_9);
}

static bool ids_are_known(const struct iperf3_server *server)
{
	for (size_t i = 0; i < server->peer.count; i++) {
		int64_t id = server->peer.streams[i].id;

		if (id != 1 && (id < 3 || (uint64_t)id > server->stream_count + 1))
			return false;
	}
	return true;
}

/* The own results, as far as the session knows them. */
static void begin_results(const struct iperf3_server *server, struct iperf3_results *results)
{
	*results = (struct iperf3_results){
		.sender_has_retransmits = -1,
		.count = server->stream_count,
		.capacity = server->stream_count,
		.streams = server->config.own,
	};
	for (size_t i = 0; i < results->count; i++) {
		results->streams[i] = (struct iperf3_stream_result){
			.id = server->config.streams[i].id,
			.retransmits = -1,
		};
		if (server->config.streams[i].sends)
			results->sender_has_retransmits = 0;
	}
}

/* Length, text and state, in one write. False when they do not fit. */
static bool send_results(struct iperf3_server *server, const struct iperf3_results *results)
{
	uint8_t *text = server->config.text;
	size_t room = server->config.text_size - IPERF3_LENGTH_SIZE - 1;
	size_t length = iperf3_results_encode(results, (char *)text + IPERF3_LENGTH_SIZE, room);

	if (length == 0)
		return false;
	iperf3_length_write(text, (uint32_t)length);
	text[IPERF3_LENGTH_SIZE + length] = IPERF3_DISPLAY_RESULTS;
	iperf3_conn_send(server, server->control, text, IPERF3_LENGTH_SIZE + length + 1, IPERF_R_23_12);
	return true;
}

static void exchange_results(struct iperf3_server *server, int64_t now_ns)
{
	struct iperf3_results results;

	begin_results(server, &results);
	server->heard_ns = now_ns;
	decide(server, &(struct iperf3_decision){
			       .kind = IPERF3_DECIDE_MEASURE, .why = IPERF_R_23_11, .results = &results });
	server->state = IPERF3_TEST_DISPLAYED;
	await_state(server);
	if (!send_results(server, &results))
		iperf3_test_fail(server, IPERF3_ERROR_RESULTS, 0, false, IPERF_R_28_1, now_ns);
}

static void read_results(struct iperf3_server *server, int64_t now_ns)
{
	struct iperf3_json_error json;

	server->peer = (struct iperf3_results){
		.capacity = 2 * server->config.streams_max,
		.streams = server->config.peer,
	};
	if (!iperf3_results_decode((const char *)server->config.text, server->parser.length, &server->peer, &json))
		iperf3_test_fail(server, IPERF3_ERROR_RESULTS, 0, false, json.why, now_ns);
	else if (!ids_are_known(server))
		iperf3_test_fail(server, IPERF3_ERROR_STREAM_ID, 0, false, IPERF_R_28_5, now_ns);
	else
		exchange_results(server, now_ns);
}

/* --- the control connection -------------------------------------------------------------------------------------- */

static void read_state(struct iperf3_server *server, int64_t now_ns)
{
	bool flowing = server->state == IPERF3_TEST_FLOWING;
	int state = server->parser.state;

	await_state(server);
	if (state == IPERF3_TEST_END && flowing)
		end_payload(server, now_ns);
	else if (state == IPERF3_IPERF_DONE)
		done(server, now_ns);
	else if (state == IPERF3_CLIENT_TERMINATE)
		iperf3_test_fail(server, IPERF3_ERROR_CLIENT_TERMINATE, 0, false, IPERF_R_29_6, now_ns);
	else
		iperf3_test_fail(server, IPERF3_ERROR_STATE, 0, false, flowing ? IPERF_R_22_3_3 : IPERF_R_22_3_4,
				 now_ns);
}

/* A text is refused by its length. */
static void refuse_text(struct iperf3_server *server, int64_t now_ns)
{
	bool results = server->state == IPERF3_TEST_RESULTS;
	enum iperf_requirement why = server->parser.why;

	if (results && why == IPERF_R_22_4_6) /* which is of parameters */
		why = IPERF_R_32_1;
	iperf3_test_fail(server, results ? IPERF3_ERROR_RESULTS : IPERF3_ERROR_PARAMETERS, 0, false, why, now_ns);
}

static void read_item(struct iperf3_server *server, int64_t now_ns)
{
	switch (server->state) {
	case IPERF3_TEST_PARAMETERS:
		read_parameters(server, now_ns);
		break;
	case IPERF3_TEST_CREATING:
	case IPERF3_TEST_FLOWING:
	case IPERF3_TEST_DISPLAYED:
		read_state(server, now_ns);
		break;
	case IPERF3_TEST_RESULTS:
		read_results(server, now_ns);
		break;
	case IPERF3_TEST_IDLE:
		break;
	}
}

void iperf3_test_octets(struct iperf3_server *server, const uint8_t *octets, size_t length, int64_t now_ns)
{
	const struct iperf3_conn *conn = server->control;
	size_t used = 0;

	server->heard_ns = now_ns;
	while (used < length && server->control == conn) {
		used += iperf3_parser_octets(&server->parser, octets + used, length - used);
		if (server->parser.status == IPERF3_WRONG)
			refuse_text(server, now_ns);
		else if (server->parser.status == IPERF3_DONE)
			read_item(server, now_ns);
	}
}
