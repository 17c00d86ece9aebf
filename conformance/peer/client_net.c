/* Connections of the client, and waiting on them. */
#include "client.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

bool net_resolve(struct client *c)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;

	if (getaddrinfo(c->options->host, c->options->port, &hints, &found) != 0)
		return false;
	memcpy(&c->address, found->ai_addr, found->ai_addrlen);
	c->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

uint64_t net_deadline(const struct client *c)
{
	return now_ns() + c->options->results_ns;
}

void net_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool net_test_over(const struct client *c)
{
	return c->control_ended && !c->test_ended && !client_fault(control_end_ignored);
}

/* Looks at the control connection: the server sends nothing there, so it can only have ended. */
static void read_control(struct client *c)
{
	char scrap[256];
	ssize_t n = recv(c->control, scrap, sizeof scrap, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		c->control_ended = true;
		c->control_reset = n < 0;
	}
}

static int wait_ms(uint64_t deadline)
{
	uint64_t now = now_ns(), ms;

	if (deadline == FOR_EVER)
		return -1;
	if (deadline <= now)
		return 0;
	ms = (deadline - now + NS_PER_MS - 1) / NS_PER_MS;
	return ms > 1000000 ? 1000000 : (int)ms;
}

int net_wait(struct client *c, int fd, short events, uint64_t deadline)
{
	for (;;) {
		struct pollfd fds[2] = {{c->control_ended ? -1 : c->control, POLLIN, 0}, {fd, events, 0}};
		int ready = poll(fds, 2, wait_ms(deadline));

		if (fds[0].fd >= 0 && fds[0].revents)
			read_control(c);
		if (net_test_over(c))
			return -1;
		if (fd >= 0 && ready > 0 && fds[1].revents)
			return 1;
		if (now_ns() >= deadline)
			return 0;
	}
}

bool net_pause(struct client *c, unsigned ms)
{
	return net_wait(c, -1, 0, now_ns() + ms * NS_PER_MS) >= 0;
}

int net_connect(struct client *c, uint64_t deadline)
{
	int fd = socket(c->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t len = sizeof error;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&c->address, c->address_len) == 0)
		return fd;
	if (errno == EINPROGRESS && net_wait(c, fd, POLLOUT, deadline) > 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
		return fd;
	close(fd);
	return -1;
}

bool net_send(struct client *c, int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			return false;
		} else if (net_wait(c, fd, POLLOUT, FOR_EVER) < 0) {
			return false;
		}
	}
	return true;
}

static bool ends_in_line_feed(enum message m)
{
	return client_fault(line_end) || (client_fault(request_line_end) && m == RESULTS_REQUEST) ||
	       (client_fault(test_end_line_end) && m == TEST_END);
}

size_t net_message(const struct client *c, enum message m, uint8_t *out)
{
	size_t n = message_build(m, c->cookie, out), k = n - COOKIE_LEN - 1;

	for (size_t i = 0; i < k; i++) {
		if (client_fault(lower_case))
			out[i] = (uint8_t)tolower(out[i]);
		if (client_fault(keyword_spaces) && out[i] == '_')
			out[i] = ' ';
	}
	if (client_fault(two_spaces)) {
		memmove(out + k + 1, out + k, COOKIE_LEN + 1);
		n++;
	}
	if (client_fault(test_end_no_cookie) && m == TEST_END)
		n = k;
	if (client_fault(preamble_differs) && m == STREAM_BEGIN)
		out[n - 1] ^= 1;
	if (ends_in_line_feed(m))
		out[n++] = '\n';
	if (client_fault(nul_after))
		out[n++] = 0;
	return n;
}

bool net_send_first(struct client *c, int fd, enum message m)
{
	uint8_t octets[COOKIE_LEN + 1 + 2 * 128];
	size_t n = 0;
	bool bare = (client_fault(no_preamble) && m == STREAM_BEGIN) ||
		    (client_fault(no_preamble_on_results) && m == RESULTS_REQUEST);

	if (!bare) {
		memcpy(octets, c->cookie, COOKIE_LEN);
		n = COOKIE_LEN;
	}
	if (client_fault(preamble_line_end))
		octets[n++] = '\n';
	if (client_fault(message_late) && m == STREAM_BEGIN) {
		if (!net_send(c, fd, octets, n) || !net_pause(c, 1000))
			return false;
		n = 0;
	}
	if (!(client_fault(no_stream_begin) && m == STREAM_BEGIN) && !(client_fault(no_test_begin) && m == TEST_BEGIN))
		n += net_message(c, m, octets + n);
	if (client_fault(two_requests) && m == RESULTS_REQUEST)
		n += net_message(c, m, octets + n);
	return net_send(c, fd, octets, n);
}
