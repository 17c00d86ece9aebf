/* Streams of the client: opening, payload and end, TCP and UDP (SPEC 8). */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LENGTH_MAX = 1 << 20,
	DATAGRAM_MAX = 65507,
	TCP_LENGTH = 65536,
	UDP_LENGTH = 1000,
	UDP_BURST = 16, /* datagrams of a stream in a millisecond: gentle enough for a socket buffer */
	END_DISTANCE_MS = 20,
};

size_t flow_count(const struct client *c, bool udp)
{
	size_t count = 0;

	for (size_t i = 0; i < c->flow_count; i++)
		count += c->flows[i].udp == udp && c->flows[i].begun && !c->flows[i].early_end;
	return count;
}

static void flow_problem(struct client *c, size_t i, const char *what)
{
	if (!client_fault(early_end_unreported))
		client_problem(c, "stream %zu: %s", i + 1, what);
}

static bool open_tcp(struct client *c, size_t i, bool connect_only)
{
	struct flow *f = &c->flows[i];

	if (f->fd < 0)
		f->fd = net_connect(c, net_deadline(c));
	if (net_test_over(c))
		return false;
	if (f->fd < 0) {
		if (!connect_only)
			flow_problem(c, i, "the connection was refused or timed out");
		return true;
	}
	if (connect_only)
		return true;
	f->begun = net_send_first(c, f->fd, STREAM_BEGIN);
	if (!f->begun && !net_test_over(c)) {
		flow_problem(c, i, "ended early by the server");
		net_close(&f->fd);
	}
	return !net_test_over(c);
}

static void open_udp(struct client *c, size_t i)
{
	struct flow *f = &c->flows[i];

	for (size_t j = 0; j < i && client_fault(one_source_port); j++)
		if (c->flows[j].udp && c->flows[j].fd >= 0) {
			f->fd = dup(c->flows[j].fd);
			f->begun = true;
			return;
		}
	f->fd = socket(c->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	f->begun = f->fd >= 0 && connect(f->fd, (struct sockaddr *)&c->address, c->address_len) == 0;
	if (!f->begun)
		flow_problem(c, i, "no UDP socket");
}

bool flow_open_all(struct client *c)
{
	for (size_t i = 0; i < c->flow_count && client_fault(open_all_first); i++)
		if (!c->flows[i].udp && !open_tcp(c, i, true))
			return false;
	if (client_fault(open_all_first))
		sleep_ms(30);
	for (size_t i = 0; i < c->flow_count; i++) {
		if (c->flows[i].udp)
			open_udp(c, i);
		else if (!open_tcp(c, i, false))
			return false;
	}
	return flow_send_begins(c, client_fault(begin_once) ? 1 : 3);
}

static void send_datagram(struct client *c, const struct flow *f, enum message m)
{
	uint8_t out[COOKIE_LEN + 128];
	size_t n = 0;

	if (client_fault(udp_preamble)) {
		memcpy(out, c->cookie, COOKIE_LEN);
		n = COOKIE_LEN;
	}
	n += net_message(c, m, out + n);
	if (client_fault(udp_line_end))
		out[n++] = '\n';
	if (client_fault(udp_split)) {
		send(f->fd, out, n / 2, MSG_NOSIGNAL);
		send(f->fd, out + n / 2, n - n / 2, MSG_NOSIGNAL);
	} else {
		send(f->fd, out, n, MSG_NOSIGNAL); /* a loss like any other where it fails */
	}
}

static void send_to_all(struct client *c, enum message m)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i].udp && c->flows[i].begun)
			send_datagram(c, &c->flows[i], m);
}

bool flow_send_begins(struct client *c, int times)
{
	for (int i = 0; i < times; i++)
		send_to_all(c, STREAM_BEGIN);
	return net_wait(c, -1, 0, now_ns()) >= 0;
}

/* R-8.4-2: at least 10 ms after the time before. */
bool flow_send_ends(struct client *c, int times)
{
	for (int i = 0; i < times && flow_count(c, true) > 0; i++) {
		uint64_t next = c->ended_ns + END_DISTANCE_MS * NS_PER_MS;

		if (!client_fault(ends_back_to_back) && next > now_ns() && net_wait(c, -1, 0, next) < 0)
			return false;
		send_to_all(c, STREAM_END);
		c->ended_ns = now_ns();
	}
	return true;
}

static size_t payload_length(const struct client *c, bool udp)
{
	size_t length = c->options->length;

	if (length == 0)
		return udp ? UDP_LENGTH : TCP_LENGTH;
	return udp && length > DATAGRAM_MAX ? DATAGRAM_MAX : length > LENGTH_MAX ? LENGTH_MAX : length;
}

/* Sends one write or datagram. A datagram of one letter repeated equals no message (R-8.3-9). */
static bool send_some(struct client *c, struct flow *f)
{
	static uint8_t payload[LENGTH_MAX];
	uint8_t message[128];
	size_t n = payload_length(c, f->udp);
	const uint8_t *p = payload;
	ssize_t sent;

	if (payload[0] == 0)
		memset(payload, 'p', sizeof payload);
	if (n > f->left)
		n = (size_t)f->left;
	if (f->udp && client_fault(payload_is_message)) {
		n = net_message(c, STREAM_END, message);
		p = message;
	}
	sent = send(f->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR || (f->udp && errno == ECONNREFUSED) || errno == ENOBUFS;
	f->sent += (uint64_t)sent;
	f->left -= (uint64_t)sent < f->left ? (uint64_t)sent : f->left;
	return true;
}

/* R-8.1-7. Whether the server has ended the stream; nothing else can be read there. */
static bool ended_by_server(const struct flow *f)
{
	char scrap[4096];
	ssize_t n;

	do
		n = recv(f->fd, scrap, sizeof scrap, MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static void note_early_end(struct client *c, size_t i)
{
	struct flow *f = &c->flows[i];

	f->early_end = true;
	f->left = 0;
	net_close(&f->fd);
	flow_problem(c, i, "ended early by the server");
}

void flow_note_ends(struct client *c)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (!c->flows[i].udp && c->flows[i].fd >= 0 && ended_by_server(&c->flows[i]))
			note_early_end(c, i);
}

static bool breaks_off(const struct client *c)
{
	for (size_t i = 0; i < c->flow_count && client_fault(early_end_breaks_off); i++)
		if (c->flows[i].early_end)
			return true;
	return false;
}

static void share_out(struct client *c)
{
	for (size_t i = 0; i < c->flow_count; i++) {
		uint64_t share = c->options->octets / c->flow_count + (i < c->options->octets % c->flow_count);

		if (c->flows[i].fd >= 0)
			c->flows[i].left = c->options->time_ns ? UINT64_MAX : share;
	}
}

static int poll_flows(struct client *c, struct pollfd *fds, uint64_t deadline)
{
	bool udp = false, tcp = false;
	uint64_t now = now_ns();
	int wait = -1;

	for (size_t i = 0; i < c->flow_count; i++) {
		const struct flow *f = &c->flows[i];

		udp |= f->udp && f->left > 0;
		tcp |= !f->udp && f->left > 0;
		fds[i] = (struct pollfd){f->udp ? -1 : f->fd, (short)(POLLIN | (f->left > 0 ? POLLOUT : 0)), 0};
	}
	if (!udp && !tcp)
		return 0;
	fds[c->flow_count] = (struct pollfd){c->control_ended ? -1 : c->control, POLLIN, 0};
	if (udp)
		wait = 1;
	else if (deadline != FOR_EVER)
		wait = deadline > now ? (int)((deadline - now) / NS_PER_MS) + 1 : 0;
	poll(fds, c->flow_count + 1, wait);
	return 1;
}

static void serve_flow(struct client *c, size_t i, short revents)
{
	struct flow *f = &c->flows[i];

	if (f->udp) {
		for (int n = 0; n < UDP_BURST && f->left > 0; n++)
			send_some(c, f);
		return;
	}
	if (f->fd < 0)
		return;
	if (revents & ~POLLOUT && ended_by_server(f))
		note_early_end(c, i);
	else if (revents & POLLOUT && f->left > 0 && !send_some(c, f))
		note_early_end(c, i);
}

bool flow_send_payload(struct client *c)
{
	struct pollfd *fds = calloc(c->flow_count + 1, sizeof *fds);
	uint64_t deadline = c->options->time_ns ? now_ns() + c->options->time_ns : FOR_EVER;
	bool good = true;

	if (!fds)
		abort();
	if (c->flow_count > 0)
		share_out(c);
	while (good && now_ns() < deadline && poll_flows(c, fds, deadline)) {
		if (fds[c->flow_count].revents)
			good = net_wait(c, -1, 0, now_ns()) >= 0;
		for (size_t i = 0; i < c->flow_count && good; i++)
			serve_flow(c, i, fds[i].revents);
		good = good && !breaks_off(c);
	}
	free(fds);
	return good;
}

static bool end_tcp(struct client *c, size_t i)
{
	struct flow *f = &c->flows[i];
	struct linger reset = {1, 0};
	uint8_t message[128];
	size_t n = client_fault(no_stream_end) ? 0 : net_message(c, STREAM_END, message);

	if (ended_by_server(f) || !net_send(c, f->fd, message, n)) {
		if (!net_test_over(c))
			note_early_end(c, i);
		return !net_test_over(c);
	}
	if (!client_fault(stream_not_half_closed) && !client_fault(stream_reset))
		shutdown(f->fd, SHUT_WR);
	if (client_fault(stream_reset)) {
		setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		net_close(&f->fd);
	}
	return true;
}

/* R-8.1-6 */
static bool wait_for_ends(struct client *c)
{
	uint64_t deadline = client_fault(stream_wait_for_ever) ? FOR_EVER : net_deadline(c);

	for (size_t i = 0; i < c->flow_count; i++) {
		struct flow *f = &c->flows[i];
		int ready = 1;

		if (f->udp || f->fd < 0)
			continue;
		while (ready > 0 && !ended_by_server(f))
			ready = net_wait(c, f->fd, POLLIN, deadline);
		if (ready < 0)
			return false;
		if (ready == 0)
			client_problem(c, "stream %zu: timed out waiting for the server to close it", i + 1);
		net_close(&f->fd);
	}
	return true;
}

bool flow_end_all(struct client *c)
{
	if (net_wait(c, -1, 0, now_ns()) < 0)
		return false;
	for (size_t i = 0; i < c->flow_count; i++)
		if (!c->flows[i].udp && c->flows[i].fd >= 0 && !end_tcp(c, i))
			return false;
	if (breaks_off(c) || !flow_send_ends(c, client_fault(end_once) ? 1 : 3))
		return false;
	return client_fault(no_stream_wait) || wait_for_ends(c);
}
