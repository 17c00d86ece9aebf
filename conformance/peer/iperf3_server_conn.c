/* Connections that are no part of a test: cookies (SPEC 22.2, 25), and denying (30). */
#include "iperf3_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNS_MAX = 64 }; /* R-32-3 */

static void close_conn(struct i3_conn *c)
{
	close(c->fd);
	c->fd = -1;
}

static void add(struct i3_server *s, const struct i3_conn *conn)
{
	if (s->conn_count == s->conn_room) {
		s->conn_room = s->conn_room ? 2 * s->conn_room : 64;
		s->conns = realloc(s->conns, s->conn_room * sizeof *s->conns);
		if (!s->conns)
			abort();
	}
	s->conns[s->conn_count++] = *conn;
	for (size_t i = 0; i + CONNS_MAX < s->conn_count; i++)
		if (s->conns[i].fd >= 0)
			close_conn(&s->conns[i]);
}

void conn3_drain(struct i3_server *s, int fd)
{
	struct i3_conn c = {.fd = fd, .kind = CONN_DRAINED, .deadline_ns = now_ns() + NS_PER_S / 2};

	shutdown(fd, SHUT_WR);
	add(s, &c);
}

static void deny(struct i3_server *s, int fd)
{
	uint8_t state = (uint8_t)I3_ACCESS_DENIED;

	send(fd, &state, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	conn3_drain(s, fd);
}

static bool is_busy(const struct i3_server *s)
{
	return s->phase != PHASE_FREE || now_ns() < s->busy_until_ns;
}

static bool awaits_streams(const struct i3_server *s)
{
	return s->phase == PHASE_STREAMS && !s->test.params.udp;
}

/* A connection during a test that waits for no stream: true, it has been dealt with. */
static bool turned_away(struct i3_server *s, int fd)
{
	if (s->phase == PHASE_PARAMETERS && i3_server_fault(newcomer_forgotten))
		return true;
	if (!is_busy(s) || awaits_streams(s) || s->phase == PHASE_PARAMETERS)
		return false;
	if (i3_server_fault(newcomer_ends_test) && s->phase == PHASE_RUNNING)
		test3_fail(s, I3_NO_ERROR);
	if (i3_server_fault(newcomer_stops_payload) && s->phase == PHASE_RUNNING)
		s->test.params.len = 0;
	if (!i3_server_fault(newcomer_waits))
		deny(s, fd);
	return true;
}

void conn3_accept(struct i3_server *s)
{
	for (;;) {
		struct i3_conn c = {.deadline_ns = now_ns() + s->options->read_ns};
		socklen_t len = sizeof c.peer;
		uint8_t state = I3_PARAM_EXCHANGE;

		c.fd = accept4(s->tcp_fd, (struct sockaddr *)&c.peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c.fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (c.fd < 0)
			return;
		c.turn = ++s->accepted;
		if (turned_away(s, c.fd))
			continue;
		if (i3_server_fault(speaks_first))
			send(c.fd, &state, 1, MSG_NOSIGNAL);
		add(s, &c);
	}
}

/* --- a whole cookie ----------------------------------------------------------------------------------------------- */

static bool refuses(const uint8_t *cookie)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	if (i3_server_fault(cookie_needs_nul) && cookie[I3_COOKIE_LEN - 1] != 0)
		return true;
	for (size_t i = 0; i + 1 < I3_COOKIE_LEN && i3_server_fault(cookie_alphabet); i++)
		if (!cookie[i] || !strchr(alphabet, cookie[i]))
			return true;
	return false;
}

static void take(struct i3_server *s, struct i3_conn *c)
{
	int fd = c->fd;

	c->fd = -1;
	if (awaits_streams(s)) {
		if (stream3_cookie_fits(s, c->cookie)) {
			stream3_add(s, fd, &c->peer, c->turn);
		} else if (i3_server_fault(wrong_cookie_closed)) {
			close(fd);
		} else {
			deny(s, fd);
			if (i3_server_fault(wrong_cookie_ends_test))
				test3_fail(s, I3_NO_ERROR);
		}
	} else if (is_busy(s)) {
		deny(s, fd);
	} else if (refuses(c->cookie)) {
		close(fd);
	} else {
		test3_begin(s, fd, &c->peer, c->cookie);
	}
}

static bool takes_short_cookie(const struct i3_server *s)
{
	return awaits_streams(s) ? i3_server_fault(short_stream_cookie_taken) : i3_server_fault(short_cookie_taken);
}

/* Ended before 37 octets. */
static void cut_short(struct i3_server *s, struct i3_conn *c)
{
	int fd = c->fd;

	if (c->got > 0 && takes_short_cookie(s)) {
		if (awaits_streams(s))
			memcpy(c->cookie, s->test.cookie, sizeof c->cookie);
		take(s, c);
		return;
	}
	if (!awaits_streams(s)) {
		close_conn(c);
		if (i3_server_fault(one_off_ends_for_scan) && s->options->one_off)
			s->finished = true;
		return;
	}
	c->fd = -1;
	deny(s, fd);
	if (i3_server_fault(short_stream_cookie_fails))
		test3_fail(s, I3_NO_ERROR);
}

/* What a server does that reads one cookie after another. */
static bool waits_its_turn(const struct i3_server *s, size_t index)
{
	bool fault = awaits_streams(s) ? i3_server_fault(silent_stream_delays) : i3_server_fault(silent_client_delays);

	for (size_t i = 0; i < index && fault; i++)
		if (s->conns[i].fd >= 0 && s->conns[i].kind == CONN_COOKIE)
			return true;
	return false;
}

void conn3_read(struct i3_server *s, size_t index)
{
	struct i3_conn *c = &s->conns[index];
	uint8_t scrap[4096];
	bool drained = c->kind == CONN_DRAINED;
	ssize_t n;

	if (c->fd < 0 || waits_its_turn(s, index))
		return;
	/* nothing of what follows the cookie is read here */
	n = recv(c->fd, scrap, drained ? sizeof scrap : I3_COOKIE_LEN - c->got, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 && !drained) {
		cut_short(s, c);
	} else if (n <= 0) {
		close_conn(c);
	} else if (!drained) {
		memcpy(c->cookie + c->got, scrap, (size_t)n);
		c->got += (size_t)n;
		if (c->got == I3_COOKIE_LEN)
			take(s, c);
		else if (i3_server_fault(cookie_one_read))
			close_conn(c);
	}
}

void conn3_expire(struct i3_server *s, uint64_t now)
{
	for (size_t i = 0; i < s->conn_count; i++) {
		struct i3_conn *c = &s->conns[i];
		int fd = c->fd;

		if (fd < 0 || now < c->deadline_ns)
			continue;
		if (c->kind == CONN_COOKIE && i3_server_fault(cookie_for_ever)) {
			c->deadline_ns = UINT64_MAX;
		} else if (c->kind == CONN_COOKIE && awaits_streams(s)) {
			c->fd = -1;
			deny(s, fd);
		} else {
			close_conn(c);
		}
	}
}

void conn3_sweep(struct i3_server *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->conn_count; i++)
		if (s->conns[i].fd >= 0)
			s->conns[kept++] = s->conns[i];
	s->conn_count = kept;
}
