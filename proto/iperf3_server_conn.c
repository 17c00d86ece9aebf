#include "proto/iperf3_server_private.h"

/* --- lists ------------------------------------------------------------------------------------------------------- */

void iperf3_link_init(struct iperf3_link *list)
{
	list->next = list->prev = list;
}

bool iperf3_link_empty(const struct iperf3_link *list)
{
	return list->next == list;
}

void iperf3_link_insert(struct iperf3_link *before, struct iperf3_link *link, size_t *count)
{
	link->prev = before->prev;
	link->next = before;
	before->prev->next = link;
	before->prev = link;
	++*count;
}

void iperf3_link_remove(struct iperf3_link *link, size_t *count)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
	--*count;
}

/* conn leaves the list that it is in. */
static void leave(struct iperf3_server *server, struct iperf3_conn *conn)
{
	switch (conn->state) {
	case IPERF3_CONN_COOKIE:
		if (conn->link.next) /* else its cookie is whole, or it was never in */
			iperf3_link_remove(&conn->link, &server->pending_count);
		break;
	case IPERF3_CONN_STREAM:
		iperf3_link_remove(&conn->link, &server->member_count);
		break;
	case IPERF3_CONN_ENDING:
		iperf3_link_remove(&conn->link, &server->ending_count);
		break;
	case IPERF3_CONN_CONTROL:
	case IPERF3_CONN_CLOSED:
		break;
	}
}

/* --- what is said on a connection -------------------------------------------------------------------------------- */

static void decide(struct iperf3_server *server, const struct iperf3_decision *decision)
{
	server->config.decide(server->config.user, server, decision);
}

void iperf3_conn_send(struct iperf3_server *server, struct iperf3_conn *conn, const void *octets, size_t length,
		      enum iperf_requirement why)
{
	decide(server, &(struct iperf3_decision){
			       .kind = IPERF3_DECIDE_SEND,
			       .why = why,
			       .conn = conn,
			       .octets = octets,
			       .length = length,
		       });
}

void iperf3_conn_close(struct iperf3_server *server, struct iperf3_conn *conn, enum iperf_requirement why)
{
	leave(server, conn);
	conn->state = IPERF3_CONN_CLOSED;
	decide(server, &(struct iperf3_decision){ .kind = IPERF3_DECIDE_CLOSE, .why = why, .conn = conn });
}

void iperf3_conn_end(struct iperf3_server *server, struct iperf3_conn *conn, enum iperf_requirement why, int64_t now_ns)
{
	leave(server, conn);
	if (server->ending_count == server->config.ending_max)
		iperf3_conn_close(server, IPERF3_CONN_OF(server->ending.next), IPERF_R_32_3);
	conn->state = IPERF3_CONN_ENDING;
	conn->deadline_ns = now_ns + server->config.t_read_ns;
	iperf3_link_insert(&server->ending, &conn->link, &server->ending_count);
	decide(server, &(struct iperf3_decision){ .kind = IPERF3_DECIDE_END, .why = why, .conn = conn });
}

static void finish(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, enum iperf_requirement why,
		   int64_t now_ns)
{
	if (gone)
		iperf3_conn_close(server, conn, why);
	else
		iperf3_conn_end(server, conn, why, now_ns);
}

void iperf3_conn_deny(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, enum iperf_requirement why,
		      int64_t now_ns)
{
	const int8_t denied = IPERF3_ACCESS_DENIED;

	iperf3_conn_send(server, conn, &denied, 1, why);
	finish(server, conn, gone, why, now_ns);
}

void iperf3_conn_fail(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, int32_t error,
		      int32_t system_error, enum iperf_requirement why, int64_t now_ns)
{
	uint8_t octets[IPERF3_ERROR_SIZE];

	iperf3_error_write(octets, error, system_error);
	iperf3_conn_send(server, conn, octets, sizeof octets, IPERF_R_29_1);
	finish(server, conn, gone, why, now_ns);
}

/* --- connections without a whole cookie -------------------------------------------------------------------------- */

void iperf3_conn_short(struct iperf3_server *server, struct iperf3_conn *conn, bool gone, enum iperf_requirement why,
		       int64_t now_ns)
{
	if (server->state == IPERF3_TEST_CREATING)
		iperf3_conn_deny(server, conn, gone, IPERF_R_25_5, now_ns);
	else if (gone && conn->parser.offset == 0)
		iperf3_conn_close(server, conn, why); /* it has said nothing, and wants to hear nothing */
	else
		iperf3_conn_fail(server, conn, gone, IPERF3_ERROR_COOKIE, 0, why, now_ns);
}

void iperf3_server_connected(struct iperf3_server *server, struct iperf3_conn *conn,
			     const struct iperf_endpoint *client, int64_t now_ns)
{
	void *user = conn->user;

	*conn = (struct iperf3_conn){
		.state = IPERF3_CONN_COOKIE,
		.client = *client,
		.user = user,
		.deadline_ns = now_ns + server->config.t_read_ns,
		.number = ++server->connections,
	};
	iperf3_parser_init(&conn->parser, IPERF3_READ_COOKIE, NULL, 0);
	if (server->state >= IPERF3_TEST_FLOWING) {
		iperf3_conn_deny(server, conn, false, IPERF_R_30_1, now_ns);
		return;
	}
	if (server->pending_count == server->config.pending_max)
		iperf3_conn_short(server, IPERF3_CONN_OF(server->pending.next), false, IPERF_R_32_3, now_ns);
	iperf3_link_insert(&server->pending, &conn->link, &server->pending_count);
}

size_t iperf3_server_room(const struct iperf3_conn *conn)
{
	switch (conn->state) {
	case IPERF3_CONN_COOKIE:
		return IPERF3_COOKIE_LENGTH - conn->parser.offset;
	case IPERF3_CONN_CONTROL:
	case IPERF3_CONN_ENDING:
		return SIZE_MAX;
	case IPERF3_CONN_STREAM:
	case IPERF3_CONN_CLOSED:
		break;
	}
	return 0;
}

void iperf3_server_octets(struct iperf3_server *server, struct iperf3_conn *conn, const uint8_t *octets, size_t length,
			  int64_t now_ns)
{
	size_t used = 0;

	if (conn->state == IPERF3_CONN_COOKIE && length > 0) {
		used = iperf3_parser_octets(&conn->parser, octets, length);
		if (conn->parser.status == IPERF3_DONE) {
			iperf3_link_remove(&conn->link, &server->pending_count);
			iperf3_test_cookie(server, conn, now_ns);
		}
	}
	if (conn->state == IPERF3_CONN_CONTROL && used < length)
		iperf3_test_octets(server, octets + used, length - used, now_ns);
}

void iperf3_server_eof(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns)
{
	switch (conn->state) {
	case IPERF3_CONN_COOKIE:
		iperf3_conn_short(server, conn, true, IPERF_R_22_2_5, now_ns);
		break;
	case IPERF3_CONN_CONTROL:
		iperf3_test_gone(server, IPERF3_RELEASE_EOF, now_ns);
		break;
	case IPERF3_CONN_ENDING:
		iperf3_conn_close(server, conn, IPERF_R_23_16);
		break;
	case IPERF3_CONN_STREAM: /* R-25-11 */
	case IPERF3_CONN_CLOSED:
		break;
	}
}

void iperf3_server_reset(struct iperf3_server *server, struct iperf3_conn *conn, int64_t now_ns)
{
	switch (conn->state) {
	case IPERF3_CONN_COOKIE:
	case IPERF3_CONN_ENDING:
		iperf3_conn_close(server, conn, IPERF_R_22_2_5);
		break;
	case IPERF3_CONN_CONTROL:
		iperf3_test_gone(server, IPERF3_RELEASE_RESET, now_ns);
		break;
	case IPERF3_CONN_STREAM:
		iperf3_test_fail(server, IPERF3_ERROR_STREAM_READ, 0, false, IPERF_R_25_12, now_ns);
		break;
	case IPERF3_CONN_CLOSED:
		break;
	}
}
