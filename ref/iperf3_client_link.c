/* The connections of the iperf3 client, and the sockets of its UDP streams until payload flows. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/iperf3_client_private.h"
#include "ref/socket.h"

#define TRIES 3            /* of sending a datagram, each of which may get the ICMP error of an earlier one */
#define MSS_DEFAULT 1460   /* SPEC 24: where the system does not tell */

static void on_link(uv_poll_t *poll, int status, int events);

struct run_link *iperf3_run_link(const struct iperf3_run *run, int who)
{
	return run->links[who + 1];
}

static bool is_udp(const struct iperf3_run *run, int who)
{
	return who >= 0 && run->parameters.protocol == IPERF_UDP;
}

/* --- opening and closing ----------------------------------------------------------------------------------------- */

/* The session is told by settle(), for this may be within its callback. */
static void note_opened(struct run_link *link, int error)
{
	link->connecting = false;
	link->run->opened = link;
	link->run->opened_error = error;
}

static void on_freed(uv_handle_t *handle)
{
	struct run_link *link = handle->data;

	free(link->out);
	free(link);
}

void iperf3_run_close(struct run_link *link)
{
	struct iperf3_run *run = link->run;

	if (link->who >= 0)
		iperf3_run_stop_flows(run); /* a thread uses the socket, and what closes one stream closes all */
	run->links[link->who + 1] = NULL;
	if (run->opened == link)
		run->opened = NULL;
	if (link->fd < 0) {
		free(link);
		return;
	}
	uv_poll_stop(&link->poll);
	close(link->fd);
	uv_close((uv_handle_t *)&link->poll, on_freed);
}

/* Connects a new socket: at once (UDP), or later (TCP). Returns 0 or a negative errno. */
static int connect_link(struct iperf3_run *run, struct run_link *link)
{
	bool udp = is_udp(run, link->who);
	int error, one = 1;

	link->fd = socket_open(run->to, udp ? SOCK_DGRAM : SOCK_STREAM, run->local);
	link->unbound = link->fd < 0;
	if (link->unbound)
		return link->fd;
	if (link->who == IPERF3_WHO_CONTROL)
		setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* SPEC 22.1 */
	error = connect(link->fd, run->to->ai_addr, run->to->ai_addrlen) == 0 ? 0 : -errno;
	if (error == 0 || (!udp && error == -EINPROGRESS)) {
		error = uv_poll_init(&run->loop, &link->poll, link->fd);
		if (error == 0) {
			link->poll.data = link;
			link->connecting = true;
			return uv_poll_start(&link->poll, UV_WRITABLE, on_link);
		}
	}
	close(link->fd);
	link->fd = -1;
	return error;
}

void iperf3_run_open(struct iperf3_run *run, int who)
{
	struct run_link *link = calloc(1, sizeof *link);
	int error;

	if (!link) {
		iperf3_run_fail(run, "start", -ENOMEM);
		run->over = true;
		return;
	}
	link->run = run;
	link->who = who;
	run->links[who + 1] = link;
	error = connect_link(run, link);
	if (error < 0)
		note_opened(link, error);
}

/* The control connection tries one address after the other; all else goes where that went. */
static void tell_failed(struct iperf3_run *run, struct run_link *link, int error)
{
	int who = link->who;
	bool unbound = link->unbound;

	iperf3_run_close(link);
	if (unbound && socket_is_shortage(error)) { /* the peer has no part in it */
		iperf3_run_fail(run, "open", error);
		iperf3_client_stop(&run->session, clock_now_ns());
		return;
	}
	if (who == IPERF3_WHO_CONTROL && run->to->ai_next) {
		run->to = run->to->ai_next;
		iperf3_run_open(run, who);
		return;
	}
	if (who == IPERF3_WHO_CONTROL && unbound)
		iperf3_run_fail(run, "bind", error);
	iperf3_client_failed(&run->session, who, strerror(-error), clock_now_ns());
}

/* What is known of the path with the control connection: the default length of datagrams (SPEC 24). */
static void control_is_open(struct iperf3_run *run, int fd)
{
	socklen_t length = sizeof(int);
	int mss = 0;
	uint16_t port;

	socket_peer(fd, run->report.peer_host, &port);
	if (getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &length) != 0 || mss <= 0)
		mss = MSS_DEFAULT;
	run->report.mss = mss;
	if (run->parameters.len <= 0)
		run->parameters.len = mss > OPTIONS_UDP_LENGTH_MAX ? OPTIONS_UDP_LENGTH_MAX : mss;
}

static int buffer_of(int fd, int option)
{
	socklen_t length = sizeof(int);
	int size = 0;

	return getsockopt(fd, SOL_SOCKET, option, &size, &length) == 0 ? size : 0;
}

static void stream_is_open(struct iperf3_run *run, int who, int fd)
{
	struct iperf3_report_stream *stream = &run->report.streams[who];

	stream->open = socket_local(fd, stream->local_host, &stream->local_port) == 0;
	run->report.sndbuf = buffer_of(fd, SO_SNDBUF);
	run->report.rcvbuf = buffer_of(fd, SO_RCVBUF);
}

void iperf3_run_tell(struct iperf3_run *run)
{
	struct run_link *link = run->opened;
	int who = link->who;

	run->opened = NULL;
	if (run->opened_error < 0) {
		tell_failed(run, link, run->opened_error);
		return;
	}
	if (who == IPERF3_WHO_CONTROL)
		control_is_open(run, link->fd);
	else
		stream_is_open(run, who, link->fd);
	uv_poll_start(&link->poll, UV_READABLE, on_link);
	iperf3_client_opened(&run->session, who, clock_now_ns());
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

static void flush_link(struct run_link *link)
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

static bool make_room(struct run_link *link, size_t length)
{
	uint8_t *larger;

	if (length <= link->out_size - link->out_length)
		return true;
	larger = realloc(link->out, link->out_length + length);
	if (!larger)
		return false;
	link->out = larger;
	link->out_size = link->out_length + length;
	return true;
}

void iperf3_run_send(struct run_link *link, const uint8_t *octets, size_t length)
{
	if (is_udp(link->run, link->who)) {
		for (int i = 0; i < TRIES && send(link->fd, octets, length, MSG_NOSIGNAL) < 0; i++)
			;
	} else if (make_room(link, length)) {
		memcpy(link->out + link->out_length, octets, length);
		link->out_length += length;
		flush_link(link);
	} else {
		iperf3_run_fail(link->run, "start", -ENOMEM);
		link->run->over = true;
	}
}

void iperf3_run_half_close(struct run_link *link)
{
	link->half_close = true;
	flush_link(link);
}

void iperf3_run_leave(struct run_link *link)
{
	uv_poll_stop(&link->poll);
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

static bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ECONNREFUSED;
}

static void read_datagram(struct iperf3_run *run, struct run_link *link)
{
	ssize_t length;

	if ((size_t)link->who < run->session.opened) { /* the reply has come; what follows is payload, for the flow */
		uv_poll_stop(&link->poll);
		return;
	}
	length = recv(link->fd, run->block, sizeof run->block, MSG_DONTWAIT);
	if (length >= 0)
		iperf3_client_datagram(&run->session, (size_t)link->who, run->block, (size_t)length, clock_now_ns());
	else if (!is_passing(errno)) /* the hello is repeated, until T_reply */
		uv_poll_stop(&link->poll);
}

/* Octets before TEST_RUNNING is read, where the server sends: a single one that says ACCESS_DENIED does so; else it is
 * payload that was faster, and stays where it is. */
static void look_at_payload(struct iperf3_run *run, struct run_link *link)
{
	uint8_t octets[2];
	ssize_t length = recv(link->fd, octets, sizeof octets, MSG_DONTWAIT | MSG_PEEK);

	if (length < 0 && is_passing(errno))
		return;
	uv_poll_stop(&link->poll);
	if (length < 0)
		iperf3_client_ended(&run->session, link->who, true, clock_now_ns());
	else if (length == 1 && octets[0] == (uint8_t)IPERF3_ACCESS_DENIED)
		iperf3_client_octets(&run->session, link->who, octets, 1, clock_now_ns());
}

/* Returns whether there were octets. */
static bool read_octets(struct iperf3_run *run, struct run_link *link)
{
	ssize_t length = recv(link->fd, run->block, sizeof run->block, MSG_DONTWAIT);

	if (length > 0) {
		iperf3_client_octets(&run->session, link->who, run->block, (size_t)length, clock_now_ns());
	} else if (length == 0 || !is_passing(errno)) {
		uv_poll_stop(&link->poll);
		iperf3_client_ended(&run->session, link->who, length < 0, clock_now_ns());
	}
	return length > 0;
}

static void on_link(uv_poll_t *poll, int status, int events)
{
	struct run_link *link = poll->data;
	struct iperf3_run *run = link->run;
	socklen_t length = sizeof(int);
	int error = 0;
	bool more;

	if (link->connecting) {
		getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		uv_poll_stop(poll);
		note_opened(link, error ? -error : status < 0 ? -ECONNABORTED : 0);
		iperf3_run_settle(run);
		return;
	}
	if (events & UV_WRITABLE)
		flush_link(link);
	if (status >= 0 && !(events & UV_READABLE))
		return;
	if (is_udp(run, link->who))
		read_datagram(run, link);
	else if (link->who >= 0 && !run->streams[link->who].sends)
		look_at_payload(run, link);
	else
		do /* libuv has stopped to watch at an error; the reset stands behind the octets */
			more = read_octets(run, link);
		while (more && status < 0 && run->links[link->who + 1] == link);
	iperf3_run_settle(run);
}
