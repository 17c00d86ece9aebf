#include "ref/client_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/clock.h"

#define TRIES 3 /* of sending a datagram, each of which may get the ICMP error of an earlier one */

static void on_link(uv_poll_t *poll, int status, int events);

struct link *client_link(const struct client *client, int who)
{
	return client->links[who + CLIENT_OTHERS];
}

static bool is_udp(const struct client *client, int who)
{
	return who >= 0 && client->streams[who].protocol == IPERF_UDP;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* The session is told by settle(), for this may be within its callback. */
static void note_opened(struct link *link, int error)
{
	link->connecting = false;
	link->client->opened = link;
	link->client->opened_error = error;
}

static void on_freed(uv_handle_t *handle)
{
	free(handle->data);
}

void client_link_close(struct link *link)
{
	struct client *client = link->client;

	client->links[link->who + CLIENT_OTHERS] = NULL;
	if (client->opened == link)
		client->opened = NULL;
	if (link->who >= 0 && client->source) {
		shutdown(link->fd, SHUT_RDWR); /* a thread may be sending: stop_payload() closes it */
	} else if (link->fd >= 0) {
		close(link->fd);
		if (link->who >= 0)
			client->sources[link->who].fd = -1;
	}
	if (is_udp(client, link->who) || link->fd < 0)
		free(link);
	else
		uv_close((uv_handle_t *)&link->poll, on_freed);
}

/* Connects a new socket: at once (UDP), or later (TCP). Returns 0 or a negative errno. */
static int connect_link(struct client *client, struct link *link, bool udp)
{
	int error;

	link->fd = socket_open(client->to, udp ? SOCK_DGRAM : SOCK_STREAM, client->local);
	link->unbound = link->fd < 0;
	if (link->unbound)
		return link->fd;
	error = connect(link->fd, client->to->ai_addr, client->to->ai_addrlen) == 0 ? 0 : -errno;
	if (!udp && (error == 0 || error == -EINPROGRESS)) {
		error = uv_poll_init(&client->loop, &link->poll, link->fd);
		if (error == 0) {
			link->poll.data = link;
			link->connecting = true;
			uv_poll_start(&link->poll, UV_WRITABLE, on_link);
			return 0;
		}
	}
	if (error == 0) {
		note_opened(link, 0);
		return 0;
	}
	close(link->fd);
	link->fd = -1;
	return error;
}

void client_link_open(struct client *client, int who)
{
	struct link *link = calloc(1, sizeof *link);
	int error = -ENOMEM;

	if (!link) {
		client_fail(client, "start", error);
		client->over = true;
		return;
	}
	link->client = client;
	link->who = who;
	client->links[who + CLIENT_OTHERS] = link;
	error = connect_link(client, link, is_udp(client, who));
	if (error < 0)
		note_opened(link, error);
}

/* The control connection tries one address after the other; all else goes where that went. */
static void tell_failed(struct client *client, struct link *link, int error)
{
	int who = link->who;
	bool unbound = link->unbound;

	client_link_close(link);
	if (unbound && socket_is_shortage(error)) { /* the peer has no part in it */
		client_fail(client, "open", error);
		iperf_client_stop(&client->session, clock_now_ns());
		return;
	}
	if (who == IPERF_WHO_CONTROL && client->to->ai_next) {
		client->to = client->to->ai_next;
		client_link_open(client, who);
		return;
	}
	if (who == IPERF_WHO_CONTROL && unbound)
		client_fail(client, "bind", error);
	iperf_client_failed(&client->session, who, strerror(-error), clock_now_ns());
}

void client_link_tell(struct client *client)
{
	struct link *link = client->opened;
	int who = link->who;
	uint16_t port = 0;
	char host[SOCKET_TEXT_SIZE];

	client->opened = NULL;
	if (client->opened_error < 0) {
		tell_failed(client, link, client->opened_error);
		return;
	}
	socket_local(link->fd, host, &port);
	if (who == IPERF_WHO_CONTROL)
		socket_peer(link->fd, client->report.peer_host, &(uint16_t){ 0 });
	if (who >= 0) {
		client->sources[who].fd = link->fd;
		client->report.streams[who].open = true;
		client->report.streams[who].local_port = port;
		memcpy(client->report.streams[who].local_host, host, sizeof host);
	}
	if (!is_udp(client, who))
		uv_poll_start(&link->poll, UV_READABLE, on_link);
	iperf_client_opened(&client->session, who, port, clock_now_ns());
}

/* --- sending and receiving --------------------------------------------------------------------------------------- */

static void flush_link(struct link *link)
{
	while (link->out_length > 0) { /* all of it, if there is room: payload comes next, from another thread */
		ssize_t sent = send(link->fd, link->out, link->out_length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0)
			sent = (ssize_t)link->out_length; /* the connection is broken; reading will tell */
		link->out_length -= (size_t)sent;
		memmove(link->out, link->out + sent, link->out_length);
	}
	if (link->out_length == 0 && link->half_close) {
		link->half_close = false;
		shutdown(link->fd, SHUT_WR);
	}
	uv_poll_start(&link->poll, UV_READABLE | (link->out_length > 0 ? UV_WRITABLE : 0), on_link);
}

void client_link_send(struct link *link, const uint8_t *octets, size_t length)
{
	if (is_udp(link->client, link->who)) {
		for (int i = 0; i < TRIES && send(link->fd, octets, length, MSG_NOSIGNAL) < 0; i++)
			;
	} else if (length <= sizeof link->out - link->out_length) {
		memcpy(link->out + link->out_length, octets, length);
		link->out_length += length;
		flush_link(link);
	}
}

void client_link_half_close(struct link *link)
{
	link->half_close = true;
	flush_link(link);
}

/* Reads once, or until the end when the connection is broken. */
static void read_link(struct client *client, int who, bool broken)
{
	struct link *link;

	while ((link = client_link(client, who))) {
		ssize_t length = recv(link->fd, client->block, sizeof client->block, MSG_DONTWAIT);

		if (length > 0) {
			iperf_client_octets(&client->session, who, client->block, (size_t)length, clock_now_ns());
		} else if (broken || length == 0 || (errno != EAGAIN && errno != EINTR)) {
			uv_poll_stop(&link->poll);
			iperf_client_ended(&client->session, who, clock_now_ns());
			return;
		}
		if (!broken)
			return;
	}
}

static void on_link(uv_poll_t *poll, int status, int events)
{
	struct link *link = poll->data;
	struct client *client = link->client;
	socklen_t length = sizeof(int);
	int error = 0;

	if (link->connecting) {
		getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		uv_poll_stop(poll);
		note_opened(link, error ? -error : status < 0 ? -ECONNABORTED : 0);
	} else {
		if (events & UV_WRITABLE)
			flush_link(link);
		if (status < 0 || (events & UV_READABLE))
			read_link(client, link->who, status < 0);
	}
	client_settle(client);
}
