/* Streams of the server: how they come, and their payload (SPEC 25 to 27). */
#include "iperf3_server.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURN = 64 }; /* datagrams of one turn */

/* R-22.2-4 */
bool stream3_cookie_fits(const struct i3_server *s, const uint8_t *cookie)
{
	const char *a = (const char *)s->test.cookie, *b = (const char *)cookie;

	if (i3_server_fault(cookie_not_compared))
		return true;
	if (s->test.mute && i3_server_fault(test_start_taken))
		return false;
	for (size_t i = 0; i < I3_COOKIE_LEN && i3_server_fault(cookie_high_differs); i++)
		if (cookie[i] > 127)
			return false;
	if (i3_server_fault(cookie_8_octets))
		return strncmp(a, b, 8) == 0;
	return strncmp(a, b, I3_COOKIE_LEN) == 0;
}

static bool sends(const struct i3_params *p, size_t index)
{
	bool first = index < (size_t)p->parallel;

	if (!p->bidirectional)
		return p->reverse && !(i3_server_fault(reverse_first_only) && index > 0);
	return i3_server_fault(bidirectional_swapped) ? first : !first;
}

/* R-25-7: a connection that was accepted earlier is an earlier stream, though its cookie was whole later. Returns the
 * place. */
static size_t place(struct i3_test *t, const struct i3_stream *stream)
{
	size_t at = t->count++;

	for (; at > 0 && t->streams[at - 1].turn > stream->turn; at--)
		t->streams[at] = t->streams[at - 1];
	t->streams[at] = *stream;
	for (size_t i = at; i < t->count; i++) {
		t->streams[i].id = i3_stream_id(i);
		t->streams[i].sender = sends(&t->params, i);
	}
	return at;
}

void stream3_add(struct i3_server *s, int fd, const struct sockaddr_in6 *source, uint64_t turn)
{
	struct i3_test *t = &s->test;
	struct i3_stream added = {.fd = fd, .udp = t->params.udp, .turn = turn}, *stream;
	bool enough = i3_server_fault(starts_after_one);

	if (t->params.udp)
		added.address = *source;
	else
		params3_apply(&t->params, fd);
	stream = &t->streams[place(t, &added)];
	if (i3_server_fault(blocking_writes) && stream->sender)
		fcntl(fd, F_SETFL, 0);
	t->last_ns = now_ns();
	if (i3_server_fault(stream_answered) && !t->params.udp)
		send(fd, "\x0a", 1, MSG_NOSIGNAL);
	if (i3_server_fault(payload_early) && stream->sender && !t->params.udp)
		i3_stream_send(stream, &t->params);
	if (t->count == t->total || enough)
		test3_streams_there(s);
}

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

static bool same_source(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
	return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

static struct i3_stream *find_stream(struct i3_server *s, const struct sockaddr_in6 *source)
{
	for (size_t i = 0; i < s->test.count; i++)
		if (same_source(&s->test.streams[i].address, source))
			return &s->test.streams[i];
	return NULL;
}

/* R-26.1-3, R-26.1-4: the reply of the version that says so */
static void reply(int fd, const uint8_t *hello, size_t n, const struct sockaddr_in6 *source)
{
	static const uint8_t old_hello[4] = {0x15, 0xcd, 0x5b, 0x07}, old_reply[4] = {0xb1, 0x68, 0xde, 0x3a};
	bool old = n >= 4 && memcmp(hello, old_hello, 4) == 0;
	const void *octets = old || i3_server_fault(old_reply_always) ? (const void *)old_reply : "6789";
	int other = -1;

	if (old && i3_server_fault(old_hello_ignored))
		return;
	if (i3_server_fault(reply_from_other_port))
		fd = other = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sendto(fd, octets, 4, MSG_NOSIGNAL, (const void *)source, sizeof *source);
	if (other >= 0)
		close(other);
}

static void take_datagram(struct i3_server *s, const uint8_t *octets, size_t n, const struct sockaddr_in6 *source)
{
	struct i3_test *t = &s->test;
	struct i3_stream *stream = find_stream(s, source);

	if (stream)
		t->last_ns = now_ns();
	if (!stream && s->phase == PHASE_STREAMS) {
		reply(s->udp_fd, octets, n, source);
		stream3_add(s, s->udp_fd, source, 0);
	} else if (stream && n == 4 && i3_server_fault(second_hello_answered)) {
		reply(s->udp_fd, octets, n, source);
	} else if (!stream && n == 4 && i3_server_fault(late_hello_answered)) {
		reply(s->udp_fd, octets, n, source);
	} else if (s->phase == PHASE_RUNNING) {
		if (!stream && t->count > 0 && i3_server_fault(foreign_counted))
			stream = &t->streams[0];
		if (stream && !stream->sender)
			i3_stream_datagram(stream, &t->params, octets, n);
	}
}

bool stream3_read_udp(struct i3_server *s)
{
	static uint8_t octets[65536];

	for (int i = 0; i < TURN && s->udp_fd >= 0; i++) {
		struct sockaddr_in6 source = {0};
		socklen_t len = sizeof source;
		ssize_t n = recvfrom(s->udp_fd, octets, sizeof octets, MSG_DONTWAIT, (void *)&source, &len);

		if (n < 0 && errno != ECONNREFUSED && errno != EINTR)
			return false;
		if (n >= 0)
			take_datagram(s, octets, (size_t)n, &source);
	}
	return s->udp_fd >= 0;
}

void stream3_hello_out_of_turn(struct i3_server *s)
{
	uint8_t octets[64];
	struct sockaddr_in6 source = {0};
	socklen_t len = sizeof source;
	ssize_t n = recvfrom(s->port_fd, octets, sizeof octets, MSG_DONTWAIT, (void *)&source, &len);

	if (n >= 0)
		reply(s->port_fd, octets, (size_t)n, &source);
}

/* --- payload ------------------------------------------------------------------------------------------------------ */

static bool half_sent(const struct i3_server *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->test.count; i++)
		sum += s->test.streams[i].bytes;
	return i3_server_fault(reverse_stops_short) && s->test.params.num > 0 && sum >= (uint64_t)s->test.params.num / 2;
}

bool stream3_may_send(const struct i3_server *s, const struct i3_stream *stream)
{
	return stream->sender && !stream->ended && s->phase == PHASE_RUNNING && !half_sent(s);
}

static void stream_lost(struct i3_server *s, bool reset)
{
	if (!reset && i3_server_fault(ended_stream_ends_test))
		test3_fail(s, I3_NO_ERROR);
	else if (reset)
		s->test.mute = 1; /* R-25-12: the test goes on; only a fault looks at this */
}

void stream3_move(struct i3_server *s, struct i3_stream *stream, short events)
{
	struct i3_test *t = &s->test;
	ssize_t n;

	if (t->params.len == 0)
		return; /* stopped by a fault */
	if (stream->sender) {
		if (!stream3_may_send(s, stream))
			return;
		n = events & (POLLOUT | POLLERR | POLLHUP) ? i3_stream_send(stream, &t->params) : 0;
	} else {
		n = i3_stream_read(stream, &t->params);
	}
	if (n > 0)
		t->last_ns = now_ns();
	else if (n < 0)
		stream_lost(s, errno != 0);
}

void stream3_drain(struct i3_server *s)
{
	uint64_t until = now_ns() + 200 * NS_PER_MS; /* for clients that do not stop */

	if (s->test.params.len == 0)
		return; /* stopped by a fault */
	if (s->test.params.udp) {
		while (now_ns() < until && stream3_read_udp(s))
			continue;
		return;
	}
	for (size_t i = 0; i < s->test.count; i++) {
		struct i3_stream *stream = &s->test.streams[i];

		while (!stream->sender && !stream->ended && now_ns() < until &&
		       i3_stream_read(stream, &s->test.params) > 0)
			continue;
	}
}

void stream3_end_omit(struct i3_server *s)
{
	stream3_drain(s); /* what has come by now has come during omit */
	s->test.omitting = false;
	for (size_t i = 0; i < s->test.count; i++)
		i3_stream_omitted(&s->test.streams[i]);
}

/* Clients up to 3.15 read on after TEST_END until a block is whole or the stream ends. */
void stream3_end_sending(struct i3_server *s)
{
	for (size_t i = 0; i < s->test.count && !s->test.params.udp; i++)
		if (s->test.streams[i].sender)
			shutdown(s->test.streams[i].fd, SHUT_WR);
}

void stream3_close_all(struct i3_server *s)
{
	for (size_t i = 0; i < s->test.count; i++)
		if (!s->test.streams[i].udp && s->test.streams[i].fd >= 0)
			close(s->test.streams[i].fd);
	if (s->udp_fd >= 0)
		close(s->udp_fd);
	s->udp_fd = -1;
}
