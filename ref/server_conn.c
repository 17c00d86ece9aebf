#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/server_private.h"

#define NEWCOMERS 512    /* connections accepted at once: as many as the queue holds */
#define READS 16         /* reads from a connection at once, before others get their turn */
#define LATE_NS (200 * IPERF_MS) /* for threads that are behind, on a host that is busy */
#define PAUSE_MS 100     /* without accepting, when descriptors are short */

static void on_conn(uv_poll_t *poll, int status, int events);
static void on_pause(uv_timer_t *timer);
static void read_control(struct server *server, bool broken);

void server_conn_decided(struct server *server, struct conn *conn)
{
	if (conn->owner == SINK) {
		shutdown(conn->sink.fd, SHUT_RDWR); /* wakes the thread, that will close it */
		return;
	}
	if (conn->owner == HANDING)
		return; /* on_handed() will see it */
	if (server->control == conn)
		server->control = NULL;
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

	TAILQ_REMOVE(&server->handing, conn, link);
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
	TAILQ_INSERT_TAIL(&conn->server->handing, conn, link);
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

/* The message, the space and the result data of server->results; returns its length, or 0. */
static size_t write_answer(const struct server *server, uint8_t *out, size_t size)
{
	size_t length = iperf_message_write(out, IPERF_RESULTS_RESPONSE, &server->session.cookie);
	size_t data;

	out[length++] = ' '; /* R-9.1-5 */
	data = iperf_results_encode(&server->results, (char *)out + length, size - length);
	return data ? length + data : 0;
}

void server_conn_answer(struct server *server, struct conn *conn)
{
	size_t size = IPERF_MESSAGE_MAX + 64 + server->results.count * IPERF_RESULTS_STREAM_SIZE;

	conn->answer = malloc(size);
	conn->answer_length = conn->answer ? write_answer(server, conn->answer, size) : 0;
	if (conn->answer_length > 0)
		send_answer(conn);
	else
		reset_conn(server, conn);
}

/* Tells the session what recv() returned. Without the lock. */
static void tell_read(struct server *server, struct conn *conn, const uint8_t *octets, ssize_t length)
{
	int64_t now_ns = clock_now_ns();

	pthread_mutex_lock(&server->lock);
	sink_tell(&server->session, &conn->sink, octets, length, now_ns);
	if (conn->sink.session.state == IPERF_CONN_STREAM)
		hand_over(conn);
	server_settle(server);
}

static bool is_open(const struct conn *conn)
{
	return conn->owner == LOOP && conn->sink.session.state != IPERF_CONN_CLOSED;
}

static bool nothing_yet(ssize_t length, bool broken)
{
	return length < 0 && !broken && (errno == EAGAIN || errno == EINTR);
}

/* Reads what is there. The end of a connection is read along with its last octets: whoever comes next finds it done. */
static void read_conn(struct server *server, struct conn *conn, bool broken)
{
	for (int i = 0; is_open(conn) && !conn->answer && (i < READS || broken); i++) {
		ssize_t length = recv(conn->sink.fd, server->block, sizeof server->block, MSG_DONTWAIT);

		if (nothing_yet(length, broken))
			return;
		tell_read(server, conn, server->block, length);
		if (conn == server->control) {
			read_control(server, broken);
			return;
		}
	}
}

/* One read of a stream that is not the sink's yet. Returns whether there may be more. */
static bool read_handing(struct server *server, struct conn *conn)
{
	ssize_t length = recv(conn->sink.fd, server->block, sizeof server->block, MSG_DONTWAIT);

	if (nothing_yet(length, false))
		return false;
	pthread_mutex_lock(&server->lock);
	sink_tell(&server->session, &conn->sink, server->block, length, clock_now_ns());
	pthread_mutex_unlock(&server->lock);
	return conn->sink.session.state != IPERF_CONN_CLOSED;
}

void server_conn_catch_up_streams(struct server *server)
{
	int64_t until_ns = clock_now_ns() + LATE_NS;
	struct conn *conn;

	TAILQ_FOREACH(conn, &server->handing, link)
		while (conn->sink.session.state != IPERF_CONN_CLOSED && read_handing(server, conn) &&
		       clock_now_ns() < until_ns)
			;
	sink_catch_up(server->sink, until_ns);
	if (server->datagrams)
		datagrams_catch_up(server->datagrams, until_ns);
}

/* --- accepting --------------------------------------------------------------------------------------------------- */

static bool waits(const struct conn *conn)
{
	return conn->owner == LOOP && conn->sink.session.state <= IPERF_CONN_FIRST;
}

static int64_t count_waiting(const struct server *server)
{
	const struct conn *conn;
	int64_t count = 0;

	TAILQ_FOREACH(conn, &server->conns, link)
		count += waits(conn);
	return count;
}

/* Reads what has arrived on connections without a first message, the oldest first, until fewer than bound wait: before
 * one of them is closed because there are too many (R-11-6). */
static void read_waiting(struct server *server, int64_t bound)
{
	struct conn *next, *conn = TAILQ_FIRST(&server->conns);
	int64_t count = count_waiting(server);

	while (conn && count >= bound) {
		next = TAILQ_NEXT(conn, link);
		if (waits(conn)) {
			read_conn(server, conn, false);
			if (!waits(conn))
				count = count_waiting(server);
		}
		/* It may have closed next as well; then it is the first again. */
		conn = !next || is_open(next) ? next : TAILQ_FIRST(&server->conns);
	}
}

void server_conn_text(struct server *server, int fd, const struct iperf_endpoint *client, const uint8_t *octets,
		      size_t length, int64_t accepted_ns, int64_t heard_ns)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn || uv_poll_init(&server->loop, &conn->poll, fd) != 0) {
		free(conn);
		close(fd);
		return;
	}
	conn->server = server;
	conn->sink.fd = fd;
	conn->sink.session.user = conn;
	conn->poll.data = conn;
	read_waiting(server, server->options->pending_max);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	uv_poll_start(&conn->poll, UV_READABLE, on_conn);
	pthread_mutex_lock(&server->lock);
	iperf_server_connected(&server->session, &conn->sink.session, client, accepted_ns);
	server_settle(server);
	if (length == 0)
		return;
	pthread_mutex_lock(&server->lock);
	iperf_server_octets(&server->session, &conn->sink.session, octets, length, heard_ns);
	server_settle(server);
	if (is_open(conn))
		read_conn(server, conn, false);
}

static void connected(struct server *server, int fd, const struct sockaddr_storage *address)
{
	struct iperf_endpoint client;

	socket_endpoint(address, &client);
	switch (server->options->profile) {
	case OPTIONS_PROFILE_AUTO:
		server_profile_connected(server, fd, &client);
		break;
	case OPTIONS_PROFILE_TEXT:
		server_conn_text(server, fd, &client, NULL, 0, clock_now_ns(), 0);
		break;
	case OPTIONS_PROFILE_IPERF3:
		iperf3_service_connected(server->iperf3, fd, &client, NULL, 0, false, clock_now_ns());
		break;
	}
}

/* Descriptors are short. What the system allows is a bound like that of R-11-1: the connection that has waited longest
 * for its first message gives way; when there is none, newcomers wait. */
static void make_room(struct server *server)
{
	struct conn *conn;

	if (server_profile_make_room(server))
		return;
	read_waiting(server, 1);
	TAILQ_FOREACH(conn, &server->conns, link) {
		if (waits(conn)) {
			reset_conn(server, conn);
			return;
		}
	}
	uv_poll_stop(&server->listener);
	uv_timer_start(&server->pause, on_pause, PAUSE_MS, 0);
}

/* Whether there is a newcomer. accept4() says EMFILE also when there is none. */
static bool is_called(const struct server *server)
{
	struct pollfd wait = { .fd = server->sockets.tcp, .events = POLLIN };

	return poll(&wait, 1, 0) > 0;
}

/* Accepts one connection. Returns false when there is no more for now. */
static bool accept_one(struct server *server)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int fd = accept4(server->sockets.tcp, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int error = fd < 0 ? errno : 0;

	if (fd >= 0)
		connected(server, fd, &address);
	else if (socket_is_shortage(-error) && is_called(server))
		make_room(server);
	return fd >= 0 || error == EINTR || error == ECONNABORTED;
}

static void accept_newcomers(struct server *server)
{
	for (int i = 0; i < NEWCOMERS && !server->stopping && accept_one(server); i++)
		;
}

/* Reads the control connection. Before the session hears of its end, it hears of the connections that came before:
 * those of this test are to be known as stragglers (R-6.5-10). */
static void read_control(struct server *server, bool broken)
{
	uint8_t octets[IPERF_MESSAGE_MAX];
	struct conn *conn = server->control;
	ssize_t length;

	while (conn && is_open(conn)) {
		length = recv(conn->sink.fd, octets, sizeof octets, MSG_DONTWAIT);
		if (nothing_yet(length, broken))
			return;
		accept_newcomers(server);
		if (is_open(conn))
			tell_read(server, conn, octets, length);
	}
}

void server_conn_catch_up(struct server *server)
{
	read_control(server, false);
}

/* The control connection goes before newcomers: if the test ended before they came, they must find it ended (R-6.5-5).
 * These are read at once, for mostly their first message is there already. */
static void on_listener(uv_poll_t *poll, int status, int events)
{
	struct server *server = poll->data;

	(void)status, (void)events;
	accept_newcomers(server);
	read_control(server, false);
	server_profile_read(server);
	read_waiting(server, 1);
}

static void on_conn(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = poll->data;

	if (conn->answer && status < 0)
		reset_conn(conn->server, conn);
	else if (conn->answer)
		send_answer(conn);
	else if (conn == conn->server->control)
		read_control(conn->server, status < 0);
	else if (status < 0 || (events & UV_READABLE))
		read_conn(conn->server, conn, status < 0);
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
	return uv_poll_start(&server->listener, UV_READABLE, on_listener);
}
