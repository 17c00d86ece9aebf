/* See peer_world.h. The peer's files are taken in whole, with the system calls that they make replaced by those below.
 * One event is told at a time, so the peer's order of reading within a turn does not matter. */
#include "fuzz/peer_world.h"
#include "fuzz/peer_fakes.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- the system ------------------------------------------------------------------------------------------------ */

/* A descriptor is the number of a connection. */
static struct fake {
	bool open, eof, reset;
	const uint8_t *octets;
	size_t length;
} fakes[PEER_CONNS];

static unsigned answers;

static ssize_t fake_recv(int fd, void *room, size_t size, int flags)
{
	struct fake *fake = &fakes[fd];
	size_t n = fake->length < size ? fake->length : size;

	(void)flags;
	if (n > 0) {
		memcpy(room, fake->octets, n);
		fake->octets += n;
		fake->length -= n;
		return (ssize_t)n;
	}
	if (fake->eof)
		return 0;
	errno = fake->reset ? ECONNRESET : EAGAIN;
	return -1;
}

static ssize_t fake_send(int fd, const void *octets, size_t size, int flags)
{
	(void)octets, (void)flags;
	if (!fakes[fd].open)
		abort();
	return (ssize_t)size;
}

static int fake_shutdown(int fd, int how)
{
	(void)how;
	if (!fakes[fd].open)
		abort();
	answers++;
	return 0;
}

static int fake_close(int fd)
{
	if (!fakes[fd].open)
		abort();
	fakes[fd].open = false;
	return 0;
}

#define clock_gettime fake_clock
#define recv fake_recv
#define send fake_send
#define shutdown fake_shutdown
#define close fake_close
#define accept4 fake_accept
#define recvfrom fake_recvfrom

#include "conformance/peer/message.c"
#include "conformance/peer/server.c"
#include "conformance/peer/server_conn.c"
#include "conformance/peer/server_cookie.c"
#include "conformance/peer/server_results.c"
#include "conformance/peer/server_stream.c"

enum fault active_fault = NO_FAULT;

/* --- telling it ------------------------------------------------------------------------------------------------ */

static struct server_options options;
static struct server server;

void peer_begin(const struct peer_bounds *bounds, uint64_t now)
{
	options = (struct server_options){ .hello_ns = bounds->hello_ns, .begin_ns = bounds->begin_ns,
					   .idle_ns = bounds->idle_ns, .max_streams = bounds->streams,
					   .max_pending = bounds->pending, .max_results = bounds->results };
	server = (struct server){ .options = &options, .tcp_fd = LISTENER, .udp_fd = UDP };
	memset(fakes, 0, sizeof fakes);
	fake_ns = now;
	answers = 0;
}

void peer_end(void)
{
	for (size_t i = 0; i < server.conn_count; i++)
		server.conns[i]->fd = -1;
	sweep(&server);
	stream_free_all(&server);
	free(server.streams);
	free(server.conns);
}

void peer_time(uint64_t now)
{
	fake_ns = now;
}

static void turn(int conn, bool accepts, bool datagrams)
{
	struct pollfd fds[PEER_CONNS + 2] = { { LISTENER, POLLIN, accepts ? POLLIN : 0 },
					      { UDP, POLLIN, datagrams ? POLLIN : 0 } };

	for (size_t i = 0; i < server.conn_count; i++)
		fds[i + 2].revents = server.conns[i]->fd == conn && !server.conns[i]->eof ? POLLIN : 0;
	serve(&server, fds);
	sweep(&server);
}

void peer_connect(unsigned conn, uint16_t port, uint8_t address)
{
	fakes[conn] = (struct fake){ .open = true };
	caller = (int)conn;
	caller_address = sender(port, address);
	turn(-2, true, false);
}

void peer_octets(unsigned conn, const uint8_t *octets, size_t length)
{
	if (length == 0)
		return;
	fakes[conn].octets = octets;
	fakes[conn].length = length;
	turn((int)conn, false, false);
	fakes[conn].length = 0;
}

void peer_eof(unsigned conn, bool reset)
{
	fakes[conn].eof = !reset;
	fakes[conn].reset = reset;
	turn((int)conn, false, false);
}

void peer_datagram(uint16_t port, uint8_t address, const uint8_t *octets, size_t length)
{
	datagram = octets;
	datagram_length = (ssize_t)length;
	datagram_from = sender(port, address);
	turn(-2, false, true);
}

void peer_timer(void)
{
	expire_timers(&server);
	sweep(&server);
}

void peer_look(struct peer_view *view)
{
	*view = (struct peer_view){ .state = server.state == IDLE ? 0 : server.state == HELD ? 1 : 2,
				    .answers = answers, .count = server.stream_count,
				    .deadline_ns = next_deadline(&server) };
	memcpy(view->cookie, server.cookie, sizeof view->cookie);
	for (size_t i = 0; i < PEER_CONNS; i++)
		view->open[i] = fakes[i].open;
	for (size_t i = 0; i < server.stream_count && i < PEER_STREAMS; i++) {
		const struct stream *st = server.streams[i];

		view->streams[i] = (struct peer_stream){ .udp = st->udp, .complete = stream_complete(&server, st),
							 .port = ntohs(st->source.sin6_port),
							 .bytes = stream_bytes(&server, st), .packets = st->packets,
							 .us = (st->last_ns - st->begun_ns) / 1000 };
	}
}
