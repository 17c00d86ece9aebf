/* How the client opens streams (SPEC 25, 26.1). */
#include "iperf3_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool sends(const struct i3_params *p, size_t index)
{
	if (p->bidirectional)
		return index < (size_t)p->parallel || i3_client_fault(bidirectional_sends_on_all);
	return !p->reverse || i3_client_fault(reverse_sends);
}

static bool open_tcp(struct i3_client *c, struct i3_stream *s)
{
	uint8_t cookie[I3_COOKIE_LEN], scrap;

	s->fd = client3_connect(c, client3_deadline(c, false));
	if (s->fd < 0 && i3_client_fault(refused_stream_ignored)) {
		s->ended = true;
		return true;
	}
	if (s->fd < 0) {
		if (!i3_client_stopped)
			client3_problem("a stream cannot be opened");
		return false;
	}
	memcpy(cookie, c->cookie, sizeof cookie);
	if (i3_client_fault(stream_cookie_differs))
		cookie[0] ^= 1;
	if (!i3_client_fault(stream_without_cookie) && !client3_send(s->fd, cookie, sizeof cookie)) {
		client3_problem("a stream cannot be opened");
		return false;
	}
	if (i3_client_fault(stream_answer_awaited)) {
		client3_wait(c, s->fd, POLLIN, client3_deadline(c, false), true);
		return recv(s->fd, &scrap, 1, MSG_DONTWAIT) == 1;
	}
	if (i3_client_fault(payload_early) && s->sender)
		client3_send(s->fd, "too early", 9);
	return true;
}

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

static bool is_reply(const uint8_t *p, ssize_t n)
{
	static const uint8_t old[4] = {0xb1, 0x68, 0xde, 0x3a};

	if (n < 4 || (n > 4 && i3_client_fault(long_reply_refused)))
		return false;
	return memcmp(p, "6789", 4) == 0 || (memcmp(p, old, 4) == 0 && !i3_client_fault(old_reply_refused)) ||
	       i3_client_fault(any_reply_taken);
}

static bool send_hello(struct i3_stream *s)
{
	static const uint8_t old[4] = {0x15, 0xcd, 0x5b, 0x07};
	const void *hello = i3_client_fault(old_hello) ? (const void *)old : "9876";

	return send(s->fd, hello, 4, MSG_NOSIGNAL) >= 0 || errno == ECONNREFUSED;
}

/* 1 the reply, 0 nothing yet, -1 something else that ends the test */
static int read_reply(struct i3_stream *s)
{
	uint8_t octets[65536];
	ssize_t n = recv(s->fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n < 0)
		return 0; /* also a refusal: the server may come yet */
	if (is_reply(octets, n))
		return 1;
	if (!s->sender && !i3_client_fault(payload_is_bad_reply))
		return 0; /* R-26.1-8: payload may come before it */
	client3_problem("a reply that is none");
	return -1;
}

/* R-26.1-2, R-26.1-9, R-26.1-10 */
static bool await_reply(struct i3_client *c, struct i3_stream *s)
{
	uint64_t deadline = client3_deadline(c, i3_client_fault(udp_reply_for_ever)), now, again;
	uint64_t pause = i3_client_fault(hello_flood) ? NS_PER_S / 5 : NS_PER_S;

	for (again = now_ns() + pause;;) {
		bool once = i3_client_fault(hello_once) || again > deadline;
		int event = client3_wait(c, s->fd, POLLIN, once ? deadline : again, true);
		int reply = event > 0 ? read_reply(s) : 0;

		if (event < 0 || reply < 0)
			return false;
		if (reply > 0)
			return true;
		now = now_ns();
		if (now >= deadline) {
			client3_problem("no reply to the hello within T_reply");
			return false;
		}
		if (now < again || once)
			continue;
		again = now + pause;
		if (!send_hello(s))
			return false;
	}
}

static bool open_udp(struct i3_client *c, struct i3_stream *s)
{
	int room = 4 << 20;

	s->fd = socket(c->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&c->address, c->address_len) < 0 || !send_hello(s)) {
		client3_problem("a stream cannot be opened");
		return false;
	}
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return i3_client_fault(hellos_at_once) || await_reply(c, s);
}

bool client3_open_streams(struct i3_client *c)
{
	size_t total = i3_stream_total(&c->params);

	if (i3_client_fault(bidirectional_half))
		total = (size_t)c->params.parallel;
	for (size_t i = 0; i < total; i++) {
		struct i3_stream *s = &c->streams[i];

		*s = (struct i3_stream){
		    .id = i3_stream_id(i), .fd = -1, .udp = c->params.udp, .sender = sends(&c->params, i)};
		if (!(s->udp ? open_udp(c, s) : open_tcp(c, s)))
			return false;
		c->count++;
	}
	for (size_t i = 0; i < total && c->params.udp && i3_client_fault(hellos_at_once); i++)
		if (!await_reply(c, &c->streams[i]))
			return false;
	return true;
}
