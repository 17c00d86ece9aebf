/* Sockets, poll loop and timers of the server. */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

/* A dual-stack socket bound to the port, or -1. */
static int open_socket(int type, uint16_t port)
{
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0, room = 4 << 20;
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	else
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 1024) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool open_sockets(struct server *s)
{
	for (int tries = 0; tries < (s->options->port ? 1 : 100); tries++) {
		struct sockaddr_in6 address;
		socklen_t len = sizeof address;

		s->tcp_fd = open_socket(SOCK_STREAM, s->options->port);
		if (s->tcp_fd < 0)
			return false;
		getsockname(s->tcp_fd, (struct sockaddr *)&address, &len);
		s->port = ntohs(address.sin6_port);
		s->udp_fd = open_socket(SOCK_DGRAM, s->port);
		if (s->udp_fd >= 0)
			return true;
		close(s->tcp_fd);
	}
	return false;
}

static void conn_add(struct server *s, int fd, const struct sockaddr_in6 *peer, uint64_t ended_before)
{
	struct conn *c = calloc(1, sizeof *c);

	if (s->conn_count == s->conn_room) {
		s->conn_room = s->conn_room ? 2 * s->conn_room : 64;
		s->conns = realloc(s->conns, s->conn_room * sizeof *s->conns);
	}
	if (!c || !s->conns)
		abort();
	c->fd = fd;
	c->peer = *peer;
	c->accepted_ns = c->last_octet_ns = now_ns();
	c->ended_before = ended_before;
	s->conns[s->conn_count++] = c;
	if (server_fault(greets))
		send(fd, "!", 1, MSG_NOSIGNAL);
}

static size_t count_pending(const struct server *s, struct conn **oldest)
{
	size_t count = 0;

	*oldest = NULL;
	for (size_t i = 0; i < s->conn_count; i++)
		if (conn_is_pending(s->conns[i]) && ++count == 1)
			*oldest = s->conns[i];
	return count;
}

/* SPEC R-11-1, R-11-2, R-11-6: one connection more has come. */
static void bound_pending(struct server *s)
{
	struct conn *oldest;

	if (count_pending(s, &oldest) <= s->options->max_pending || server_fault(pending_unbounded))
		return;
	if (server_fault(pending_newcomer_closed)) {
		conn_close(s, s->conns[s->conn_count - 1]);
		return;
	}
	conn_read_pending(s);
	if (count_pending(s, &oldest) > s->options->max_pending)
		conn_close(s, oldest);
}

void server_accept(struct server *s)
{
	uint64_t ended_before = s->ended_count;

	if (s->accepting)
		return;
	s->accepting = true;
	for (;;) {
		struct sockaddr_in6 peer;
		socklen_t len = sizeof peer;
		int fd = accept4(s->tcp_fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0)
			break;
		conn_add(s, fd, &peer, ended_before);
		bound_pending(s);
	}
	s->accepting = false;
}

static void sooner(uint64_t *soonest, uint64_t when)
{
	if (when < *soonest)
		*soonest = when;
}

static bool hello_applies(const struct conn *c)
{
	if (server_fault(t_hello_ignored) || (server_fault(t_hello_until_preamble) && c->state == FIRST))
		return false;
	return conn_is_pending(c);
}

static uint64_t hello_deadline(const struct server *s, const struct conn *c)
{
	return (server_fault(t_hello_restarts) ? c->last_octet_ns : c->accepted_ns) + s->options->hello_ns;
}

static uint64_t next_deadline(const struct server *s)
{
	uint64_t soonest = UINT64_MAX;

	for (size_t i = 0; i < s->conn_count; i++) {
		const struct conn *c = s->conns[i];

		if (hello_applies(c))
			sooner(&soonest, hello_deadline(s, c));
		if (c->answered_ns && !server_fault(answered_left_open))
			sooner(&soonest, c->answered_ns + s->options->hello_ns);
	}
	if (s->state == HELD && !server_fault(t_begin_ignored))
		sooner(&soonest, s->taken_ns + s->options->begin_ns);
	if (s->state == RUNNING && !server_fault(t_idle_ignored))
		sooner(&soonest, s->last_arrival_ns + s->options->idle_ns);
	if (s->release_ns)
		sooner(&soonest, s->release_ns);
	return soonest;
}

static void expire_timers(struct server *s)
{
	uint64_t now = now_ns();

	if (s->release_ns && now >= s->release_ns)
		test_end(s, END_OTHER);
	if (s->state == HELD && !server_fault(t_begin_ignored) && now >= s->taken_ns + s->options->begin_ns)
		test_end(s, END_T_BEGIN);
	if (s->state == RUNNING && !server_fault(t_idle_ignored) && now >= s->last_arrival_ns + s->options->idle_ns)
		test_end(s, END_IDLE);
	for (size_t i = 0; i < s->conn_count; i++) {
		struct conn *c = s->conns[i];

		if (hello_applies(c) && now >= hello_deadline(s, c))
			conn_close(s, c);
		if (c->answered_ns && !server_fault(answered_left_open) && now >= c->answered_ns + s->options->hello_ns)
			conn_close(s, c);
	}
}

static void sweep(struct server *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->conn_count; i++) {
		struct conn *c = s->conns[i];

		if (c->fd >= 0) {
			s->conns[kept++] = c;
		} else {
			free(c->out);
			free(c);
		}
	}
	s->conn_count = kept;
}

static struct pollfd *build_poll(struct server *s)
{
	static struct pollfd *fds;
	static size_t room;

	if (room < s->conn_count + 2) {
		room = 2 * (s->conn_count + 2);
		fds = realloc(fds, room * sizeof *fds);
		if (!fds)
			abort();
	}
	fds[0] = (struct pollfd){s->tcp_fd, POLLIN, 0};
	fds[1] = (struct pollfd){s->udp_fd, POLLIN, 0};
	for (size_t i = 0; i < s->conn_count; i++) {
		const struct conn *c = s->conns[i];
		short events = c->eof ? 0 : POLLIN;

		if (c->out_sent < c->out_len)
			events |= POLLOUT;
		/* a connection that is only kept must not wake the loop for ever */
		fds[i + 2] = (struct pollfd){events ? c->fd : -1, events, 0};
	}
	return fds;
}

/*
 * The order makes races harmless: the control connection first, so that a client that comes right after a test finds
 * the server idle; then whatever may begin a test; then datagrams, which need one; streams and answers last.
 */
static void serve(struct server *s, const struct pollfd *fds)
{
	size_t count = s->conn_count;

	for (size_t i = 0; i < count; i++)
		if (fds[i + 2].revents && s->conns[i]->state == CONTROL)
			conn_read(s, s->conns[i]);
	for (size_t i = 0; i < count; i++)
		if (fds[i + 2].revents && conn_is_pending(s->conns[i]))
			conn_read(s, s->conns[i]);
	if (fds[0].revents) {
		server_accept(s);
		conn_read_pending(s);
	}
	if (fds[1].revents)
		udp_read(s);
	for (size_t i = 0; i < count; i++) {
		struct conn *c = s->conns[i];

		if (fds[i + 2].revents & POLLOUT && c->fd >= 0)
			results_write(s, c);
		if (fds[i + 2].revents & ~POLLOUT && c->fd >= 0 && !conn_is_pending(c) && c->state != CONTROL)
			conn_read(s, c);
	}
}

static void loop(struct server *s)
{
	sigset_t unblocked;

	sigemptyset(&unblocked);
	while (!stopped) {
		struct pollfd *fds = build_poll(s);
		uint64_t now = now_ns(), deadline = next_deadline(s), wait = deadline > now ? deadline - now : 0;
		struct timespec ts = {(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
		int ready = ppoll(fds, s->conn_count + 2, deadline == UINT64_MAX ? NULL : &ts, &unblocked);

		if (ready > 0)
			serve(s, fds);
		expire_timers(s);
		sweep(s);
	}
	for (size_t i = 0; i < s->conn_count; i++)
		if (s->conns[i]->fd >= 0) {
			close(s->conns[i]->fd);
			s->conns[i]->fd = -1;
		}
	sweep(s);
	free(build_poll(s));
}

static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop};
	sigset_t blocked;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL); /* they arrive only while ppoll waits */
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
}

int server_run(const struct server_options *options)
{
	struct server s = {.options = options};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (!open_sockets(&s)) {
		fprintf(stderr, "iperf-peer: cannot listen on port %u: %s\n", options->port, strerror(errno));
		return 1;
	}
	catch_signals();
	printf("listening on %u\n", s.port);
	fflush(stdout);
	loop(&s);
	close(s.tcp_fd);
	close(s.udp_fd);
	stream_free_all(&s);
	free(s.streams);
	free(s.conns);
	free(s.stale);
	return 0;
}
