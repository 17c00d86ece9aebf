/* What the octets on a TCP connection mean to the server (SPEC 5, 6, 7, 13.2). */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 65536, READS_A_TURN = 8 };

bool conn_is_pending(const struct conn *c)
{
	return c->fd >= 0 && (c->state == PREAMBLE || c->state == FIRST);
}

void conn_close(struct server *s, struct conn *c)
{
	bool of_test = c->of_test;

	if (c->fd < 0)
		return;
	if (c == s->control)
		s->control = NULL;
	close(c->fd);
	c->fd = -1;
	c->answered_ns = 0;
	if (c->stream)
		c->stream->ended = true;
	c->stream = NULL;
	if (of_test)
		test_conn_gone(s);
}

static void arrival(struct server *s)
{
	s->last_arrival_ns = now_ns();
}

static void reject(struct server *s, struct conn *c)
{
	if (server_fault(reject_with_text))
		send(c->fd, "ERROR busy\n", 11, MSG_NOSIGNAL);
	if (server_fault(reject_pauses))
		sleep_ms(1500);
	conn_close(s, c);
	if (server_fault(stranger_aborts) && s->state == RUNNING)
		test_end(s, END_OTHER);
}

static bool faulty_preamble(const uint8_t *p)
{
	for (size_t i = 0; i < COOKIE_LEN; i++)
		if ((server_fault(cookie_refuses_nul) && p[i] == 0) ||
		    (server_fault(cookie_refuses_space) && p[i] == ' ') ||
		    (server_fault(cookie_refuses_line_end) && (p[i] == '\n' || p[i] == '\r')) ||
		    (server_fault(cookie_refuses_high) && p[i] > 127))
			return true;
	return false;
}

static void other_cookie(struct server *s, struct conn *c)
{
	if (server_fault(stranger_takes_over)) {
		test_end(s, END_OTHER);
		test_hold(s, c->preamble);
		c->of_test = true;
		return;
	}
	if (server_fault(stranger_accepted) || server_fault(reject_at_33) || server_fault(reject_at_first_message))
		return; /* stays in FIRST, not of the test */
	reject(s, c);
}

static void preamble_complete(struct server *s, struct conn *c)
{
	if (test_is_straggler(s, c) || faulty_preamble(c->preamble)) {
		conn_close(s, c);
		return;
	}
	if (s->state != IDLE && !cookie_equal(s->cookie, c->preamble))
		test_settle(s);
	if (c->fd < 0)
		return;
	c->state = FIRST;
	c->in_len = 0;
	if (s->state == IDLE && now_ns() < s->late_until_ns) {
		reject(s, c);
	} else if (s->state == IDLE || (s->half_held && memcmp(s->cookie, c->in, 1) == 0)) {
		if (server_fault(cookie_from_first_message))
			return;
		test_hold(s, c->preamble);
		c->of_test = true;
	} else if (cookie_equal(s->cookie, c->preamble)) {
		c->of_test = true;
		if (!server_fault(idle_deaf_requests))
			arrival(s);
		if (server_fault(one_connection))
			conn_close(s, c);
	} else {
		other_cookie(s, c);
	}
}

/* The fault of a blocking read: the rest of the preamble is waited for. */
static void wait_for_more(const struct conn *c)
{
	int there = 0;
	uint64_t until = now_ns() + 3 * NS_PER_S;

	while (now_ns() < until && ioctl(c->fd, FIONREAD, &there) == 0 && (size_t)there + c->in_len < COOKIE_LEN) {
		struct pollfd closed = {c->fd, POLLRDHUP, 0};

		if (poll(&closed, 1, 5) > 0)
			return;
	}
}

static size_t feed_preamble(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	size_t used = n < COOKIE_LEN - c->in_len ? n : COOKIE_LEN - c->in_len;
	bool first = c->in_len == 0;

	memcpy(c->in + c->in_len, p, used);
	c->in_len += used;
	if (c->in_len == COOKIE_LEN) {
		memcpy(c->preamble, c->in, COOKIE_LEN);
		preamble_complete(s, c);
		return server_fault(lost_after_preamble) ? n : used;
	}
	if (server_fault(preamble_one_read))
		conn_close(s, c);
	if (server_fault(half_preamble_held) && s->state == IDLE && first) {
		memset(c->in + c->in_len, 0, sizeof c->in - c->in_len);
		test_hold(s, c->in);
		s->half_held = s->stream_begun = true;
	}
	if (server_fault(stranger_blocks))
		wait_for_more(c);
	return used;
}

static void second_control(struct server *s, struct conn *c)
{
	if (server_fault(second_control_taken)) {
		c->state = LEFT_OPEN;
	} else if (server_fault(second_control_replaces) && s->control) {
		struct conn *old = s->control;

		s->control = c;
		c->state = CONTROL;
		c->in_len = 0;
		conn_close(s, old);
	} else {
		conn_close(s, c);
		if (server_fault(second_control_aborts))
			test_end(s, END_OTHER);
	}
}

static bool is_only_conn(const struct server *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->conn_count; i++)
		count += s->conns[i]->fd >= 0 && s->conns[i]->of_test;
	return count == 1 && !s->stream_begun;
}

/* By faults a connection may reach its first message without being of the test. */
static bool stranger_is_settled(struct server *s, struct conn *c)
{
	if (c->of_test)
		return true;
	if (server_fault(cookie_from_first_message) && (s->state == IDLE || cookie_equal(s->cookie, c->preamble))) {
		if (s->state == IDLE)
			test_hold(s, c->preamble);
		c->of_test = true;
		return true;
	}
	if (server_fault(stranger_accepted))
		c->state = LEFT_OPEN;
	else
		reject(s, c);
	return false;
}

static void first_message(struct server *s, struct conn *c, enum message m, bool tail)
{
	if (!stranger_is_settled(s, c))
		return;
	c->in_len = 0;
	if (m == TEST_END) {
		test_end(s, END_MESSAGE);
	} else if (m == TEST_BEGIN || (server_fault(first_is_control) && s->state == HELD && is_only_conn(s))) {
		if (s->state == RUNNING) {
			second_control(s, c);
			return;
		}
		test_begin(s, c);
		if (server_fault(acks_test_begin))
			send(c->fd, "!", 1, MSG_NOSIGNAL);
	} else if (m == STREAM_BEGIN) {
		stream_begin_tcp(s, c);
	} else {
		results_answer(s, c, tail);
	}
}

static void bad_first_message(struct server *s, struct conn *c)
{
	bool of_test = c->of_test;

	if (server_fault(garbage_until_hello) || (server_fault(garbage_until_54) && c->in_len < REQUEST_LEN) ||
	    (server_fault(http_locks) && memcmp(c->preamble, "GET ", 4) == 0)) {
		c->garbage = true;
		if (server_fault(http_locks)) {
			c->state = LEFT_OPEN;
			s->stream_begun = true;
			s->taken_ns = UINT64_MAX / 2;
		}
		return;
	}
	conn_close(s, c);
	if (server_fault(first_garbage_aborts) && of_test && s->state == RUNNING)
		test_end(s, END_OTHER);
}

/* One octet after the preamble; tail: more octets of the same read follow. Returns whether a message was complete. */
static bool feed_first(struct server *s, struct conn *c, uint8_t octet, bool tail)
{
	static const enum message kinds[] = {TEST_BEGIN, STREAM_BEGIN, RESULTS_REQUEST, TEST_END};
	size_t count = server_fault(first_test_end) ? 4 : 3;
	const uint8_t *cookie = server_fault(other_cookie_first) ? NULL : c->preamble;

	if (server_fault(reject_at_33) && !c->of_test) {
		reject(s, c);
		return false;
	}
	if (c->in_len < sizeof c->in)
		c->in[c->in_len++] = octet;
	for (size_t i = 0; i < count && !c->garbage; i++) {
		size_t len = message_len(kinds[i]), n = c->in_len;

		if (server_fault(line_end_required) && n == len + 1 && octet == '\n')
			n = len;
		else if (server_fault(line_end_required) && n == len)
			return false;
		if (!message_fits(kinds[i], cookie, c->in, n))
			continue;
		if (n == len)
			first_message(s, c, kinds[i], tail);
		return n == len;
	}
	bad_first_message(s, c);
	return false;
}

static size_t control_faults(struct server *s, struct conn *c, size_t left)
{
	uint8_t *in = c->in;

	if (server_fault(control_answers) && message_fits(RESULTS_REQUEST, s->cookie, in, c->in_len)) {
		if (c->in_len == REQUEST_LEN) {
			results_answer(s, c, false);
			c->in_len = 0;
		}
		return 0;
	}
	if (server_fault(other_test_end_ignored) && message_fits(TEST_END, NULL, in, c->in_len)) {
		if (c->in_len == message_len(TEST_END))
			c->in_len = 0;
		return 0;
	}
	if (server_fault(garbage_on_control_until_54) && c->in_len < REQUEST_LEN)
		return 0;
	if (server_fault(control_garbage_ignored)) {
		while (c->in_len > 0 && !message_fits(TEST_END, s->cookie, in, c->in_len))
			memmove(in, in + 1, --c->in_len);
		return 0;
	}
	test_end(s, END_OCTETS);
	return left;
}

/* One octet on the control connection (R-7-4); left: how many of the same read follow. Returns how many to skip. */
static size_t feed_control(struct server *s, struct conn *c, uint8_t octet, size_t left)
{
	if (s->release_ns || (server_fault(end_needs_eof) && c->garbage))
		return left;
	c->in[c->in_len++] = octet;
	if (!message_fits(TEST_END, s->cookie, c->in, c->in_len))
		return control_faults(s, c, left);
	if (server_fault(test_end_no_cookie) && c->in_len == strlen(message_keyword(TEST_END)))
		test_end(s, END_MESSAGE);
	else if (c->in_len < message_len(TEST_END))
		return 0;
	else if (server_fault(end_needs_eof))
		c->garbage = true;
	else if (server_fault(end_followed_unseen) && left > 0)
		c->in_len = 0;
	else
		test_end(s, END_MESSAGE);
	return left;
}

static size_t feed_first_all(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	size_t used = 0;
	bool complete = false;

	while (used < n && c->fd >= 0 && c->state == FIRST && !complete) {
		used++;
		complete = feed_first(s, c, p[used - 1], used < n);
	}
	if (c->fd >= 0 && c->state == FIRST && server_fault(message_one_read) && c->in_len > 0)
		conn_close(s, c);
	if (complete && server_fault(lost_after_first) && c->fd >= 0 && c->state == STREAM)
		return n;
	if (complete && server_fault(line_end_swallowed) && used < n && p[used] == '\n' && c->state == STREAM)
		return used + 1;
	return used;
}

static size_t feed_control_all(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	size_t used = 0;

	while (used < n && c->fd >= 0 && c->state == CONTROL) {
		used++;
		used += feed_control(s, c, p[used - 1], n - used);
	}
	if (c->fd >= 0 && c->state == CONTROL && server_fault(test_end_one_read) && c->in_len > 0)
		test_end(s, END_OCTETS);
	return used;
}

/* A second request behind the first, for the fault that answers it. */
static void feed_answered(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; server_fault(request_repeat_answered) && i < n; i++) {
		c->in[c->in_len++] = p[i];
		if (!message_fits(RESULTS_REQUEST, s->cookie, c->in, c->in_len))
			c->in_len = 0;
		if (c->in_len == REQUEST_LEN) {
			c->in_len = 0;
			results_answer(s, c, false);
			return;
		}
	}
}

static void feed(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	c->last_octet_ns = now_ns();
	if ((c->of_test && !(server_fault(idle_deaf_tcp) && c->state == STREAM) &&
	     !(server_fault(idle_deaf_requests) && (c->state == FIRST || c->state == RESULTS))) ||
	    server_fault(idle_counts_strangers))
		arrival(s);
	for (size_t used; n > 0 && c->fd >= 0; p += used, n -= used) {
		used = n;
		switch (c->state) {
		case PREAMBLE:
			used = feed_preamble(s, c, p, n);
			break;
		case FIRST:
			used = feed_first_all(s, c, p, n);
			break;
		case CONTROL:
			used = feed_control_all(s, c, p, n);
			break;
		case STREAM:
			stream_payload(s, c, p, n);
			break;
		case RESULTS:
			feed_answered(s, c, p, n);
			break;
		case LEFT_OPEN:
			break;
		}
	}
}

static void conn_eof(struct server *s, struct conn *c, bool reset)
{
	if (server_fault(idle_counts_eof) && c->of_test)
		arrival(s);
	if (c->state == CONTROL && !reset && server_fault(eof_ignored)) {
		c->eof = true;
	} else if (c->state == CONTROL) {
		test_end(s, server_fault(end_needs_eof) && c->garbage ? END_MESSAGE : reset ? END_RESET : END_EOF);
		conn_close(s, c);
	} else if (c->state == STREAM) {
		stream_gone(s, c, reset);
	} else if (c->state == RESULTS && !reset) {
		c->eof = true;
		if (!c->out && server_fault(answer_waits_for_eof))
			results_answer(s, c, false);
		else if (c->out_sent == c->out_len && !server_fault(answer_not_ended))
			conn_close(s, c);
	} else {
		conn_close(s, c);
	}
}

/* Under the fault answer_lost octets after a request stay unread in the kernel. */
static size_t read_size(const struct conn *c)
{
	if (!server_fault(answer_lost) || !conn_is_pending(c))
		return READ_SIZE;
	return (c->state == PREAMBLE ? COOKIE_LEN : REQUEST_LEN) - c->in_len;
}

void conn_read(struct server *s, struct conn *c)
{
	uint8_t buffer[READ_SIZE];

	/* reading: a nested call would feed later octets before earlier ones */
	if (c->fd < 0 || c->eof || c->reading)
		return;
	c->reading = true;
	for (int i = 0; i < READS_A_TURN && c->fd >= 0; i++) {
		size_t size = read_size(c);
		ssize_t n = recv(c->fd, buffer, size, MSG_DONTWAIT);

		if (n > 0)
			feed(s, c, buffer, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			conn_eof(s, c, n < 0);
		if (n <= 0 || (size_t)n < size)
			break;
	}
	c->reading = false;
}

void conn_read_pending(struct server *s)
{
	for (size_t i = 0; i < s->conn_count; i++)
		if (conn_is_pending(s->conns[i]))
			conn_read(s, s->conns[i]);
}
