#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/iperf3_server_private.h"

static void on_conn(uv_poll_t *poll, int status, int events);

/* What the loop waits for on a connection: room to write, octets that the session wants, both or nothing. */
static void set_poll(struct iperf3_link_conn *conn)
{
	int events = 0;

	if (conn->session.state == IPERF3_CONN_CLOSED || uv_is_closing((uv_handle_t *)&conn->poll))
		return;
	if (iperf3_server_room(&conn->session) > 0)
		events |= UV_READABLE;
	if (conn->out_at < conn->out_length)
		events |= UV_WRITABLE;
	if (events)
		uv_poll_start(&conn->poll, events, on_conn);
	else
		uv_poll_stop(&conn->poll);
}

/* Writes what there is to be written. What cannot be written is lost: the connection is broken, and its end will
 * show. */
static void flush(struct iperf3_link_conn *conn)
{
	while (conn->out_at < conn->out_length) {
		ssize_t sent = send(conn->fd, conn->out + conn->out_at, conn->out_length - conn->out_at,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0)
			conn->out_at += (size_t)sent;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			break;
	}
	free(conn->out);
	conn->out = NULL;
	conn->out_at = conn->out_length = 0;
	if (conn->ending && !conn->ended) {
		shutdown(conn->fd, SHUT_WR);
		conn->ended = true;
	}
}

void iperf3_service_send(struct iperf3_link_conn *conn, const uint8_t *octets, size_t length)
{
	uint8_t *out = realloc(conn->out, conn->out_length + length);

	if (!out)
		return; /* the peer waits in vain, and gives up */
	conn->out = out;
	memcpy(conn->out + conn->out_length, octets, length);
	conn->out_length += length;
	flush(conn);
}

void iperf3_service_end(struct iperf3_link_conn *conn)
{
	conn->ending = true;
	flush(conn);
}

void iperf3_service_close(struct iperf3_link_conn *conn)
{
	TAILQ_INSERT_TAIL(&conn->service->closing, conn, closing);
}

static void on_closed(uv_handle_t *handle)
{
	struct iperf3_link_conn *conn = handle->data;

	free(conn->out);
	free(conn);
}

void iperf3_service_close_all(struct iperf3_service *service)
{
	struct iperf3_link_conn *conn;

	while ((conn = TAILQ_FIRST(&service->closing))) {
		TAILQ_REMOVE(&service->closing, conn, closing);
		uv_close((uv_handle_t *)&conn->poll, on_closed);
		close(conn->fd);
	}
}

/* Tells the session what recv() returned. */
static void tell_read(struct iperf3_link_conn *conn, const uint8_t *octets, ssize_t length)
{
	struct iperf3_server *session = &conn->service->session;
	int64_t now_ns = clock_now_ns();

	if (length > 0)
		iperf3_server_octets(session, &conn->session, octets, (size_t)length, now_ns);
	else if (length == 0)
		iperf3_server_eof(session, &conn->session, now_ns);
	else
		iperf3_server_reset(session, &conn->session, now_ns);
}

/* Reads what is there, no more than the session wants: the rest of a stream is payload. */
static void read_conn(struct iperf3_link_conn *conn)
{
	struct iperf3_service *service = conn->service;
	size_t room;

	while ((room = iperf3_server_room(&conn->session)) > 0) {
		size_t most = room < IPERF3_BLOCK ? room : IPERF3_BLOCK;
		ssize_t length = recv(conn->fd, service->block, most, MSG_DONTWAIT);

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		tell_read(conn, service->block, length);
		if (conn->session.state == IPERF3_CONN_ENDING)
			return; /* whoever sends without end has to wait for its turn */
	}
}

/* The control connection goes before newcomers: if the test ended before they came, they must find it ended. */
void iperf3_service_catch_up(struct iperf3_service *service)
{
	struct iperf3_link_conn *conn;

	if (!service || !service->session.control)
		return;
	conn = service->session.control->user;
	read_conn(conn);
	set_poll(conn);
	iperf3_service_settle(service);
}

static void on_conn(uv_poll_t *poll, int status, int events)
{
	struct iperf3_link_conn *conn = poll->data;

	if (conn->session.state == IPERF3_CONN_COOKIE)
		iperf3_service_catch_up(conn->service);
	if (events & UV_WRITABLE)
		flush(conn);
	if (status < 0)
		tell_read(conn, NULL, -1);
	else if (events & UV_READABLE)
		read_conn(conn);
	set_poll(conn);
	iperf3_service_settle(conn->service); /* may free conn */
}

void iperf3_service_connected(struct iperf3_service *service, int fd, const struct iperf_endpoint *client,
			      const uint8_t *octets, size_t length, bool occupied, int64_t accepted_ns)
{
	struct iperf3_link_conn *conn = calloc(1, sizeof *conn);
	int one = 1;

	iperf3_service_catch_up(service);
	if (service->stopping || !conn || uv_poll_init(service->config.loop, &conn->poll, fd) != 0) {
		free(conn);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	conn->service = service;
	conn->fd = fd;
	conn->poll.data = conn;
	conn->session.user = conn;
	iperf3_server_occupy(&service->session, occupied);
	iperf3_server_connected(&service->session, &conn->session, client, accepted_ns);
	if (length > 0)
		iperf3_server_octets(&service->session, &conn->session, octets, length, clock_now_ns());
	if (conn->session.state != IPERF3_CONN_CLOSED)
		read_conn(conn);
	set_poll(conn);
	iperf3_service_settle(service);
}
