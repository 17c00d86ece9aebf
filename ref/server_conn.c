#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/server_private.h"

#define ACCEPTS 16       /* connections taken at once, before others get their turn */
#define READS 16         /* reads from a connection at once, likewise */
#define PAUSE_MS 100     /* without accepting, when descriptors are short */

static void on_conn(uv_poll_t *poll, int status, int events);
static void on_pause(uv_timer_t *timer);

void server_conn_decided(struct server *server, struct conn *conn)
{
	if (conn->owner == SINK) {
		shutdown(conn->sink.fd, SHUT_RDWR); /* wakes the thread, that will close it */
		return;
	}
	if (conn->owner == HANDING)
		return; /* on_handed() will see it */
	TAILQ_REMOVE(&server->conns, conn, link);
	TAILQ_INSERT_TAIL(&server->closing, conn, link);
}

static void free_conn(struct conn *conn)
{
	free(conn->answer);
	free(conn);
}

void server_conn_gone(struct sink_conn *sink)
{
	free_conn((struct conn *)sink);
}

static void on_closed(uv_handle_t *handle)
{
	free_conn(handle->data);
}

void server_conn_close(struct server *server)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&server->closing))) {
		TAILQ_REMOVE(&server->closing, conn, link);
		uv_close((uv_handle_t *)&conn->poll, on_closed);
		close(conn->sink.fd);
	}
}

/* The loop has let go of the descriptor. */
static void on_handed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct server *server = conn->server;
	bool closed;

	pthread_mutex_lock(&server->lock);
	closed = conn->sink.session.state == IPERF_CONN_CLOSED;
	if (!closed && sink_add(server->sink, &conn->sink) != 0) {
		iperf_server_reset(&server->session, &conn->sink.session, clock_now_ns());
		closed = true;
	}
	if (!closed)
		conn->owner = SINK;
	pthread_mutex_unlock(&server->lock);
	if (!closed)
		return;
	close(conn->sink.fd);
	free_conn(conn);
}

/* conn has become a stream. */
static void hand_over(struct conn *conn)
{
	TAILQ_REMOVE(&conn->server->conns, conn, link);
	conn->owner = HANDING;
	uv_close((uv_handle_t *)&conn->poll, on_handed);
}

static void reset_conn(struct server *server, struct conn *conn)
{
	pthread_mutex_lock(&server->lock);
	iperf_server_reset(&server->session, &conn->sink.session, clock_now_ns());
	server_settle(server);
}

static void send_answer(struct conn *conn)
{
	struct server *server = conn->server;
	ssize_t sent = send(conn->sink.fd, conn->answer + conn->answered, conn->answer_length - conn->answered,
			    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		reset_conn(server, conn);
		return;
	}
	conn->answered += sent > 0 ? (size_t)sent : 0;
	if (conn->answered < conn->answer_length) {
		uv_poll_start(&conn->poll, UV_WRITABLE, on_conn);
		return;
	}
	shutdown(conn->sink.fd, SHUT_WR); /* its end is the end of the data (R-9.1-4); then discard (R-9.1-11) */
	free(conn->answer);
	conn->answer = NULL;
	uv_poll_start(&conn->poll, UV_READABLE, on_conn);
}

void server_conn_answer(struct server *server, struct conn *conn)
{
	size_t room = IPERF_MESSAGE_MAX + 64 + server->results.count * IPERF_RESULTS_STREAM_SIZE;
	size_t length;

	conn->answer = malloc(room);
	if (conn->answer) {
		length = iperf_message_write(conn->answer, IPERF_RESULTS_RESPONSE, &server->session.cookie);
		conn->answer[length++] = ' ';
		conn->answer_length = length + iperf_results_encode(&server->results, (char *)conn->answer + length,
								    room - length);
	}
	if (conn->answer && conn->answer_length > length) {
		send_answer(conn);
		return;
	}
	reset_conn(server, conn);
}

/* Reads what is there. The end of a connection is read along with its last octets: whoever comes next finds it done. */
static void read_conn(struct server *server, struct conn *conn, bool broken)
{
	ssize_t length;

	for (int i = 0; conn->owner == LOOP && conn->sink.session.state != IPERF_CONN_CLOSED && (i < READS || broken); i++) {
		length = recv(conn->sink.fd, server->block, sizeof server->block, MSG_DONTWAIT);
		if (length < 0 && !broken && (errno == EAGAIN || errno == EINTR))
			return;
		pthread_mutex_lock(&server->lock);
		if (length > 0)
			iperf_server_octets(&server->session, &conn->sink.session, server->block, (size_t)length,
					    clock_now_ns());
		else if (length == 0)
			iperf_server_eof(&server->session, &conn->sink.session, clock_now_ns());
		else
			iperf_server_reset(&server->session, &conn->sink.session, clock_now_ns());
		if (conn->sink.session.state == IPERF_CONN_STREAM)
			hand_over(conn);
		server_settle(server);
		if (conn->answer)
			return; /* first the whole of it is sent */
	}
}

static void on_conn(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = poll->data;

	if (conn->answer && status == 0)
		send_answer(conn);
	else if (status < 0 || (events & UV_READABLE))
		read_conn(conn->server, conn, status < 0);
}

/* --- accepting --------------------------------------------------------------------------------------------------- */

static void connected(struct server *server, int fd, const struct sockaddr_storage *address)
{
	struct conn *conn = calloc(1, sizeof *conn);
	struct iperf_endpoint client;

	if (!conn || uv_poll_init(&server->loop, &conn->poll, fd) != 0) {
		free(conn);
		close(fd);
		return;
	}
	conn->server = server;
	conn->sink.fd = fd;
	conn->sink.session.user = conn;
	conn->poll.data = conn;
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	socket_endpoint(address, &client);
	uv_poll_start(&conn->poll, UV_READABLE, on_conn);
	pthread_mutex_lock(&server->lock);
	iperf_server_connected(&server->session, &conn->sink.session, &client, clock_now_ns());
	server_settle(server);
	read_conn(server, conn, false); /* mostly its first message is there: it need not wait among the unfinished */
}

/* Descriptors are short. What the system allows is a bound like that of R-11-1: the connection that has waited longest
 * for its first message gives way; when there is none, newcomers wait. */
static void make_room(struct server *server)
{
	struct conn *conn;

	TAILQ_FOREACH(conn, &server->conns, link) {
		if (conn->sink.session.state > IPERF_CONN_FIRST)
			continue;
		reset_conn(server, conn);
		return;
	}
	uv_poll_stop(&server->listener);
	uv_timer_start(&server->pause, on_pause, PAUSE_MS, 0);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
	struct server *server = poll->data;

	(void)status, (void)events;
	for (int i = 0; i < ACCEPTS && !server->stopping; i++) {
		struct sockaddr_storage address;
		socklen_t length = sizeof address;
		int fd = accept4(server->sockets.tcp, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			connected(server, fd, &address);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			make_room(server);
			return;
		} else if (errno == EAGAIN) {
			return;
		} /* else the connection itself failed */
	}
}

static void on_pause(uv_timer_t *timer)
{
	struct server *server = timer->data;

	uv_poll_start(&server->listener, UV_READABLE, on_listener);
}

int server_conn_listen(struct server *server)
{
	int error = uv_poll_init(&server->loop, &server->listener, server->sockets.tcp);

	if (error != 0)
		return error;
	server->listener.data = server->pause.data = server;
	uv_timer_init(&server->loop, &server->pause);
	TAILQ_INIT(&server->closing);
	TAILQ_INIT(&server->conns);
	return uv_poll_start(&server->listener, UV_READABLE, on_listener);
}
