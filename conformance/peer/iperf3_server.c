/* Sockets, poll loop and signals of the server. */
#include "iperf3_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

/* A dual-stack socket bound to the address, or -1. */
static int open_socket(int type, const struct sockaddr_in6 *address)
{
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0, room = 4 << 20;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 1024) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int server3_udp_socket(const struct i3_server *s, int fd)
{
	struct sockaddr_in6 address = {0};
	socklen_t len = sizeof address;

	getsockname(fd, (struct sockaddr *)&address, &len);
	address.sin6_port = htons(s->port);
	return open_socket(SOCK_DGRAM, &address);
}

static bool open_sockets(struct i3_server *s)
{
	for (int tries = 0; tries < (s->options->port ? 1 : 100); tries++) {
		struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(s->options->port)};
		socklen_t len = sizeof address;

		s->tcp_fd = open_socket(SOCK_STREAM, &address);
		if (s->tcp_fd < 0)
			return false;
		getsockname(s->tcp_fd, (struct sockaddr *)&address, &len);
		s->port = ntohs(address.sin6_port);
		s->port_fd = open_socket(SOCK_DGRAM, &address);
		if (s->port_fd >= 0)
			return true;
		close(s->tcp_fd);
	}
	return false;
}

enum { FIXED = 4 }; /* places of the listening socket, both UDP sockets and the control connection */

static bool reads_hellos(const struct i3_server *s)
{
	return i3_server_fault(hello_before_streams) && s->phase < PHASE_STREAMS;
}

static struct pollfd *build_poll(const struct i3_server *s, size_t *count, uint64_t *soonest)
{
	static struct pollfd *fds;
	static size_t room;
	size_t streams = s->phase == PHASE_FREE ? 0 : s->test.count, n = FIXED;
	uint64_t now = now_ns();

	if (room < FIXED + streams + s->conn_count) {
		room = 2 * (FIXED + streams + s->conn_count);
		fds = realloc(fds, room * sizeof *fds);
		if (!fds)
			abort();
	}
	fds[0] = (struct pollfd){s->tcp_fd, POLLIN, 0};
	fds[1] = (struct pollfd){s->udp_fd, POLLIN, 0};
	fds[2] = (struct pollfd){reads_hellos(s) ? s->port_fd : -1, POLLIN, 0};
	fds[3] = (struct pollfd){s->phase == PHASE_FREE ? -1 : s->test.control, POLLIN, 0};
	for (size_t i = 0; i < streams; i++) {
		const struct i3_stream *stream = &s->test.streams[i];
		bool sends = stream3_may_send(s, stream) && i3_stream_due(stream, now, soonest);
		bool reads = !stream->sender && !stream->udp && !stream->ended && s->phase == PHASE_RUNNING;
		short events = (short)((sends ? POLLOUT : 0) | (reads ? POLLIN : 0));

		fds[n++] = (struct pollfd){events ? stream->fd : -1, events, 0};
	}
	for (size_t i = 0; i < s->conn_count; i++)
		fds[n++] = (struct pollfd){s->conns[i].fd, POLLIN, 0};
	*count = n;
	return fds;
}

/* The control connection first: whoever comes right after a test finds the server free. */
static void serve(struct i3_server *s, const struct pollfd *fds)
{
	size_t streams = s->phase == PHASE_FREE ? 0 : s->test.count, conns = s->conn_count;

	if (fds[1].revents)
		stream3_read_udp(s);
	if (fds[2].revents)
		stream3_hello_out_of_turn(s);
	if (fds[3].revents)
		test3_read(s);
	for (size_t i = 0; i < streams && s->phase == PHASE_RUNNING; i++)
		if (fds[FIXED + i].revents)
			stream3_move(s, &s->test.streams[i], fds[FIXED + i].revents);
	for (size_t i = 0; i < conns; i++)
		if (fds[FIXED + streams + i].revents)
			conn3_read(s, i);
	if (fds[0].revents)
		conn3_accept(s);
}

static void loop(struct i3_server *s)
{
	sigset_t unblocked;

	sigemptyset(&unblocked);
	while (!stopped && !s->finished) {
		uint64_t soonest = timer3_next(s), now, wait;
		size_t count;
		struct pollfd *fds = build_poll(s, &count, &soonest);
		struct timespec ts;
		int ready;

		now = now_ns();
		wait = soonest > now ? soonest - now : 0;
		ts = (struct timespec){(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
		ready = ppoll(fds, count, soonest == UINT64_MAX ? NULL : &ts, &unblocked);
		if (ready > 0)
			serve(s, fds);
		timer3_expire(s);
		conn3_sweep(s);
	}
}

/* R-29-7 */
static void stop(struct i3_server *s)
{
	uint8_t state = I3_SERVER_TERMINATE;

	if (s->phase == PHASE_FREE)
		return;
	if (!i3_server_fault(stops_in_silence) &&
	    !(i3_server_fault(stops_in_silence_early) && s->phase != PHASE_RUNNING))
		send(s->test.control, &state, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(s->test.control, SHUT_WR);
	test3_over(s);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};
	sigset_t blocked;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL); /* they arrive only while ppoll waits */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int i3_server_run(const struct i3_server_options *options)
{
	struct i3_server s = {.options = options, .udp_fd = -1};
	uint64_t soonest = UINT64_MAX;
	size_t count;

	if (!open_sockets(&s)) {
		fprintf(stderr, "iperf-peer: cannot listen on port %u: %s\n", options->port, strerror(errno));
		return 1;
	}
	catch_signals();
	printf("listening on %u\n", s.port);
	fflush(stdout);
	loop(&s);
	stop(&s);
	for (size_t i = 0; i < s.conn_count; i++)
		close(s.conns[i].fd);
	close(s.tcp_fd);
	close(s.port_fd);
	s.conn_count = 0;
	free(build_poll(&s, &count, &soonest));
	free(s.conns);
	return 0;
}
