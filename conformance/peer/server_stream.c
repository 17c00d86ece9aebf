/* Streams: opening, payload and termination, TCP and UDP (SPEC 8). */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAMS_A_TURN = 1024 };

void stream_free_all(struct server *s)
{
	for (size_t i = 0; i < s->conn_count; i++)
		s->conns[i]->stream = NULL;
	for (size_t i = 0; i < s->stream_count; i++)
		free(s->streams[i]);
	s->stream_count = 0;
}

/* R-11-3, R-11-4 */
static bool above_bound(const struct server *s, bool udp)
{
	size_t count = s->stream_count;

	if (server_fault(streams_unbounded) || (server_fault(streams_udp_unbounded) && udp))
		return false;
	for (size_t i = 0; server_fault(streams_open_bounded) && i < s->stream_count; i++)
		count -= s->streams[i]->ended || s->streams[i]->terminated;
	return count >= s->options->max_streams;
}

static struct stream *stream_add(struct server *s, bool udp, const struct sockaddr_in6 *source)
{
	struct stream *st = calloc(1, sizeof *st);

	if (s->stream_count == s->stream_room) {
		s->stream_room = s->stream_room ? 2 * s->stream_room : 32;
		s->streams = realloc(s->streams, s->stream_room * sizeof *s->streams);
	}
	if (!st || !s->streams)
		abort();
	st->udp = udp;
	st->source = *source;
	st->begun_ns = st->last_ns = now_ns();
	s->streams[s->stream_count++] = st;
	s->stream_begun = true;
	return st;
}

static bool refused_as_mixed(const struct server *s, bool udp)
{
	return server_fault(mixed_refused) && s->stream_count > 0 && s->streams[0]->udp != udp;
}

void stream_begin_tcp(struct server *s, struct conn *c)
{
	if ((server_fault(early_stream_refused) && s->state == HELD) || refused_as_mixed(s, false)) {
		conn_close(s, c);
	} else if (above_bound(s, false)) {
		if (server_fault(stream_bound_keeps_open))
			c->state = LEFT_OPEN;
		else
			conn_close(s, c);
		if (server_fault(stream_bound_aborts))
			test_end(s, END_OTHER);
	} else {
		c->state = STREAM;
		c->stream = stream_add(s, false, &c->peer);
		s->last_arrival_ns = c->stream->begun_ns;
		if (server_fault(json_seconds_from_accept))
			c->stream->begun_ns = c->accepted_ns;
		if (server_fault(acks_stream_begin))
			send(c->fd, "!", 1, MSG_NOSIGNAL);
	}
}

/* R-8.2-1: whether the octets so far end with STREAM_END. */
static bool tail_is_end(const struct server *s, const struct stream *st)
{
	return message_is(STREAM_END, server_fault(end_other_cookie) ? NULL : s->cookie, st->tail, st->tail_len);
}

static bool tcp_terminated(const struct server *s, const struct stream *st)
{
	if (server_fault(end_never_seen))
		return false;
	if (server_fault(end_whole_read) || server_fault(end_cut_unseen))
		return st->terminated;
	return st->sticky || tail_is_end(s, st);
}

bool stream_complete(const struct server *s, const struct stream *st)
{
	if (st->udp)
		return st->terminated;
	if ((server_fault(eof_is_complete) && st->ended && !st->reset) ||
	    (server_fault(reset_is_complete) && st->reset))
		return true;
	return tcp_terminated(s, st);
}

/* The length of the longest end of the tail that begins a STREAM_END. */
static size_t half_end(const struct server *s, const struct stream *st)
{
	for (size_t n = st->tail_len < STREAM_END_LEN ? st->tail_len : STREAM_END_LEN - 1; n > 0; n--)
		if (message_fits(STREAM_END, s->cookie, st->tail + st->tail_len - n, n))
			return n;
	return 0;
}

uint64_t stream_bytes(const struct server *s, const struct stream *st)
{
	uint64_t bytes = st->received;

	if (st->udp)
		return bytes + (server_fault(json_udp_headers) ? 28 * st->packets : 0);
	if (tcp_terminated(s, st) && !server_fault(end_counted))
		bytes -= STREAM_END_LEN;
	else if (server_fault(half_end_withheld))
		bytes -= half_end(s, st);
	if (server_fault(preamble_counted))
		bytes += COOKIE_LEN;
	if (server_fault(begin_counted))
		bytes += message_len(STREAM_BEGIN);
	return bytes;
}

static void append(struct stream *st, const uint8_t *p, size_t n)
{
	st->received += n;
	if (n >= STREAM_END_LEN) {
		memcpy(st->tail, p + n - STREAM_END_LEN, STREAM_END_LEN);
		st->tail_len = STREAM_END_LEN;
		return;
	}
	if (st->tail_len + n > STREAM_END_LEN) {
		size_t surplus = st->tail_len + n - STREAM_END_LEN;

		memmove(st->tail, st->tail + surplus, st->tail_len - surplus);
		st->tail_len -= surplus;
	}
	memcpy(st->tail + st->tail_len, p, n);
	st->tail_len += n;
}

static bool works_by_octet(void)
{
	return server_fault(end_inside_dropped) || server_fault(end_sticky) || server_fault(end_deaf) ||
	       server_fault(end_closes) || server_fault(payload_test_end_acts);
}

/* The faults that have to look at each octet. */
static void append_by_octet(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	struct stream *st = c->stream;
	size_t len = message_len(TEST_END);

	for (size_t i = 0; i < n; i++) {
		bool was_end = tail_is_end(s, st);

		if (server_fault(end_deaf) && was_end)
			return;
		if (server_fault(end_inside_dropped) && was_end)
			st->received -= STREAM_END_LEN;
		append(st, p + i, 1);
		if (server_fault(end_sticky) && tail_is_end(s, st))
			st->sticky = true;
		if (server_fault(end_closes) && tail_is_end(s, st)) {
			conn_close(s, c);
			return;
		}
		if (server_fault(payload_test_end_acts) && st->tail_len >= len &&
		    message_is(TEST_END, s->cookie, st->tail + st->tail_len - len, len)) {
			test_end(s, END_MESSAGE);
			return;
		}
	}
}

void stream_payload(struct server *s, struct conn *c, const uint8_t *p, size_t n)
{
	struct stream *st = c->stream;
	size_t begin = message_len(STREAM_BEGIN);

	st->last_ns = now_ns();
	if (server_fault(echo))
		send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (server_fault(payload_nul_stops))
		n = strnlen((const char *)p, n);
	if (server_fault(payload_begin_skipped) && st->received == 0 && n >= begin &&
	    message_is(STREAM_BEGIN, s->cookie, p, begin)) {
		p += begin;
		n -= begin;
	}
	if (works_by_octet()) {
		append_by_octet(s, c, p, n);
		return;
	}
	append(st, p, n);
	if (server_fault(end_whole_read))
		st->terminated = message_is(STREAM_END, s->cookie, p, n);
	if (server_fault(end_cut_unseen))
		st->terminated = n >= STREAM_END_LEN && tail_is_end(s, st);
}

void stream_gone(struct server *s, struct conn *c, bool reset)
{
	struct stream *st = c->stream;

	if (server_fault(stream_eof_not_closed) && !reset) {
		c->eof = true;
		return;
	}
	st->reset = reset;
	if (server_fault(json_seconds_to_eof))
		st->last_ns = now_ns();
	if ((server_fault(cut_stream_forgotten) && !reset && !stream_complete(s, st)) ||
	    (server_fault(json_reset_unlisted) && reset))
		st->hidden = true;
	if (server_fault(acks_stream_end) && stream_complete(s, st))
		send(c->fd, "!", 1, MSG_NOSIGNAL);
	conn_close(s, c);
}

static struct stream *udp_find(const struct server *s, const struct sockaddr_in6 *source)
{
	for (size_t i = 0; i < s->stream_count; i++) {
		struct stream *st = s->streams[i];

		if (st->udp && memcmp(&st->source.sin6_addr, &source->sin6_addr, sizeof source->sin6_addr) == 0 &&
		    st->source.sin6_scope_id == source->sin6_scope_id &&
		    (st->source.sin6_port == source->sin6_port || server_fault(udp_by_address)))
			return st;
	}
	return NULL;
}

static struct stream *udp_last(const struct server *s)
{
	for (size_t i = s->stream_count; i > 0; i--)
		if (s->streams[i - 1]->udp)
			return s->streams[i - 1];
	return NULL;
}

static void udp_answer(const struct server *s, const struct sockaddr_in6 *to)
{
	sendto(s->udp_fd, "!", 1, MSG_DONTWAIT, (const struct sockaddr *)to, sizeof *to);
}

static bool udp_opens(const struct server *s, const uint8_t *p, size_t n)
{
	const uint8_t *cookie = server_fault(udp_other_cookie_opens) ? NULL : s->cookie;
	size_t len = message_len(STREAM_BEGIN);

	if (s->state == IDLE || (s->state == HELD && !server_fault(udp_early_opens)))
		return false;
	if (server_fault(udp_unknown_opens))
		return true;
	return message_is(STREAM_BEGIN, cookie, p, server_fault(udp_longer_opens) && n > len ? len : n);
}

/* A datagram from a source without a stream (R-8.3-1, R-8.3-5 to R-8.3-8). */
static void udp_unknown(struct server *s, const struct sockaddr_in6 *source, const uint8_t *p, size_t n)
{
	struct stream *last = udp_last(s);

	if (server_fault(udp_takes_cookie) && s->state == IDLE && message_is(STREAM_BEGIN, NULL, p, n)) {
		test_hold(s, p + n - COOKIE_LEN);
		s->stream_begun = true;
	}
	if (udp_opens(s, p, n) && !(server_fault(udp_one_stream) && last) && !refused_as_mixed(s, true)) {
		if (!above_bound(s, true)) {
			stream_add(s, true, source)->messages = 1;
			s->last_arrival_ns = now_ns();
			if (server_fault(udp_acks_begin))
				udp_answer(s, source);
			return;
		}
		if (server_fault(stream_bound_aborts)) {
			test_end(s, END_OTHER);
			return;
		}
	}
	if (server_fault(udp_unknown_counted) && last) {
		last->received += n;
		last->packets++;
		last->last_ns = now_ns();
	}
	if (server_fault(udp_unknown_answered))
		udp_answer(s, source);
	if (server_fault(idle_counts_dropped))
		s->last_arrival_ns = now_ns();
}

static bool udp_ends(const struct server *s, const uint8_t *p, size_t n)
{
	const uint8_t *cookie = server_fault(udp_end_other_cookie) ? NULL : s->cookie;
	size_t len = message_len(STREAM_END);

	return message_is(STREAM_END, cookie, p, server_fault(udp_longer_ends) && n > len ? len : n);
}

static bool is_any_message(const uint8_t *p, size_t n)
{
	return message_is(STREAM_BEGIN, NULL, p, n) || message_is(STREAM_END, NULL, p, n) ||
	       message_is(TEST_BEGIN, NULL, p, n) || message_is(TEST_END, NULL, p, n);
}

static void udp_payload(struct stream *st, const uint8_t *p, size_t n)
{
	if ((server_fault(udp_empty_ignored) && n == 0) || (server_fault(udp_late_dropped) && st->terminated) ||
	    (server_fault(udp_messages_dropped) && is_any_message(p, n)))
		return;
	if (server_fault(udp_cut) && n > 1472)
		n = 1472;
	st->received += n;
	st->packets++;
	st->last_ns = now_ns();
	if (server_fault(udp_end_undone))
		st->terminated = false;
}

/* A datagram from the source of a stream (R-8.3-2 to R-8.3-4, R-8.3-11). */
static void udp_known(struct server *s, struct stream *st, const uint8_t *p, size_t n)
{
	bool begin = message_is(STREAM_BEGIN, s->cookie, p, n), end = udp_ends(s, p, n);

	if (!server_fault(idle_deaf_udp))
		s->last_arrival_ns = now_ns();
	if ((begin && server_fault(udp_acks_begin)) || (end && server_fault(udp_acks_end)))
		udp_answer(s, &st->source);
	if (begin && server_fault(udp_repeat_opens) && !above_bound(s, true))
		stream_add(s, true, &st->source);
	if (!begin && !end) {
		udp_payload(st, p, n);
		return;
	}
	st->messages++;
	if (server_fault(udp_repeat_counted) && (begin || st->terminated))
		udp_payload(st, p, n);
	if (end && (!st->terminated || server_fault(json_seconds_udp_end)) && !server_fault(udp_end_unseen)) {
		st->terminated = true;
		st->last_ns = now_ns();
	}
}

void udp_read(struct server *s)
{
	static uint8_t buffer[65536];

	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		struct sockaddr_in6 source;
		socklen_t len = sizeof source;
		ssize_t n = recvfrom(s->udp_fd, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&source, &len);
		struct stream *st;

		if (n < 0)
			return;
		st = udp_find(s, &source);
		if (st)
			udp_known(s, st, buffer, (size_t)n);
		else
			udp_unknown(s, &source, buffer, (size_t)n);
	}
}
