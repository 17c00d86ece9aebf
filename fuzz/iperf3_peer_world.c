/* See iperf3_peer_world.h. The peer's files are taken in whole, with the system calls that they make replaced by those
 * below. A turn of its loop is taken as often as one of the descriptors that it polls is ready. */
#include "fuzz/iperf3_peer_world.h"
#include "fuzz/peer_fakes.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- the system ------------------------------------------------------------------------------------------------ */

enum { PORT_KEEPER = UDP + 1, OTHER_UDP, PROBE, WINDOW_MAX = 4 << 20, TURNS_MAX = 10000 };

/* A descriptor is the number of a connection. */
static struct fake {
	bool open, eof, reset, shut;
	uint8_t octets[IPERF3_PEER_ROOM];
	size_t length, read;
	uint8_t said[IPERF3_PEER_SAID];
	size_t said_length;
	size_t window; /* for payload */
} fakes[IPERF3_PEER_CONNS];

static unsigned replies[IPERF3_PEER_CONNS];
static uint8_t last_reply[4];
static int probe_room;
static bool udp_open; /* the socket of a test's streams */

static bool is_payload(int fd); /* what is sent there now */

static struct fake *fake_of(int fd)
{
	if (fd < 0 || fd >= IPERF3_PEER_CONNS || !fakes[fd].open)
		abort();
	return &fakes[fd];
}

static int fake_rusage(int who, struct rusage *usage)
{
	(void)who;
	memset(usage, 0, sizeof *usage);
	return 0;
}

static ssize_t fake_recv(int fd, void *room, size_t size, int flags)
{
	struct fake *fake = fake_of(fd);
	size_t left = fake->length - fake->read, n = left < size ? left : size;

	(void)flags;
	if (fake->reset) {
		fake->reset = false; /* told once */
		fake->eof = true;
		errno = ECONNRESET;
		return -1;
	}
	if (n > 0) {
		memcpy(room, fake->octets + fake->read, n);
		fake->read += n;
		return (ssize_t)n;
	}
	errno = EAGAIN;
	return fake->eof ? 0 : -1;
}

static ssize_t fake_send(int fd, const void *octets, size_t size, int flags)
{
	struct fake *fake = fake_of(fd);

	(void)flags;
	if (fake->shut)
		abort();
	if (is_payload(fd)) {
		size = size < fake->window ? size : fake->window;
		fake->window -= size;
		errno = EAGAIN;
		return size > 0 ? (ssize_t)size : -1;
	}
	if (size > sizeof fake->said - fake->said_length)
		abort();
	memcpy(fake->said + fake->said_length, octets, size);
	fake->said_length += size;
	return (ssize_t)size;
}

static ssize_t fake_sendto(int fd, const void *octets, size_t size, int flags, const struct sockaddr *to,
			   socklen_t length)
{
	struct sockaddr_in6 address;

	(void)flags;
	if (fd != UDP || length != sizeof address || size != sizeof last_reply)
		return (ssize_t)size; /* from another port, or no reply: nobody hears it */
	memcpy(&address, to, sizeof address);
	memcpy(last_reply, octets, size);
	replies[ntohs(address.sin6_port) - IPERF3_PEER_PORT]++;
	return (ssize_t)size;
}

static int fake_shutdown(int fd, int how)
{
	(void)how;
	fake_of(fd)->shut = true;
	return 0;
}

static int fake_close(int fd)
{
	if (fd == UDP)
		udp_open = false;
	else if (fd < IPERF3_PEER_CONNS)
		fake_of(fd)->open = false;
	return 0;
}

static int fake_socket(int domain, int type, int protocol)
{
	(void)domain, (void)protocol;
	if ((type & 15) != SOCK_DGRAM)
		return PROBE;
	if (udp_open)
		return OTHER_UDP;
	udp_open = true;
	return UDP;
}

static int fake_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)fd, (void)address, (void)length;
	return 0;
}

/* A window is what was asked for, up to a bound. */
static int fake_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	(void)level;
	if (fd == PROBE && (name == SO_RCVBUF || name == SO_SNDBUF) && length == sizeof probe_room)
		memcpy(&probe_room, value, sizeof probe_room);
	return 0;
}

static int fake_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	int room = probe_room < WINDOW_MAX ? probe_room : WINDOW_MAX;

	(void)level, (void)name;
	if (fd == PROBE && *length == sizeof room)
		memcpy(value, &room, sizeof room);
	return 0;
}

static int fake_affinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	(void)pid, (void)size, (void)set;
	return 0;
}

static int fake_fcntl(int fd, int command, int value)
{
	(void)fd, (void)command, (void)value;
	return 0;
}

#define clock_gettime fake_clock
#define getrusage fake_rusage
#define recv fake_recv
#define send fake_send
#define sendto fake_sendto
#define recvfrom fake_recvfrom
#define accept4 fake_accept
#define shutdown fake_shutdown
#define close fake_close
#define socket(domain, type, protocol) fake_socket(domain, type, protocol)
#define bind fake_bind
#define setsockopt fake_setsockopt
#define getsockopt fake_getsockopt
#define sched_setaffinity fake_affinity
#define fcntl fake_fcntl

/* Names that stand in two of the files, or in a library. */
#define json_integer peer_json_integer
#include "conformance/peer/json.c"
#include "conformance/peer/iperf3_wire.c"
#define misread misread_keys
#include "conformance/peer/iperf3_params.c"
#undef misread
#define sends sends_any
#include "conformance/peer/iperf3_results.c"
#undef sends
#define i3_payload_make make_payload /* it takes its time, and nobody looks at payload */
void make_payload(const struct i3_params *p);
#include "conformance/peer/iperf3_stream.c"
#undef i3_payload_make
#include "conformance/peer/iperf3_server.c"
#include "conformance/peer/iperf3_server_conn.c"
#include "conformance/peer/iperf3_server_course.c"
#include "conformance/peer/iperf3_server_params.c"
#include "conformance/peer/iperf3_server_stream.c"
#include "conformance/peer/iperf3_server_timer.c"

void i3_payload_make(const struct i3_params *p)
{
	(void)p;
}

enum fault active_fault = NO_FAULT;

/* --- telling it ------------------------------------------------------------------------------------------------ */

static struct i3_server_options options;
static struct i3_server server;

static const struct i3_stream *stream_of(int fd)
{
	for (size_t i = 0; server.phase != PHASE_FREE && i < server.test.count; i++)
		if (!server.test.streams[i].udp && server.test.streams[i].fd == fd)
			return &server.test.streams[i];
	return NULL;
}

static bool is_payload(int fd)
{
	return server.phase == PHASE_RUNNING && stream_of(fd);
}

static short ready(const struct pollfd *polled)
{
	int fd = polled->fd;
	const struct fake *fake;
	short found = 0;

	if (fd == LISTENER)
		return caller >= 0 ? POLLIN : 0;
	if (fd == UDP)
		return datagram_length >= 0 ? POLLIN : 0;
	if (fd < 0 || fd >= IPERF3_PEER_CONNS)
		return 0;
	fake = &fakes[fd];
	if (fake->length > fake->read || fake->eof || fake->reset)
		found |= POLLIN;
	if (fake->window > 0)
		found |= POLLOUT;
	return found & polled->events;
}

/* As loop() does it, until nothing is ready. */
static void turns(void)
{
	bool any = true;

	for (unsigned n = 0; any; n++) {
		uint64_t soonest = UINT64_MAX;
		size_t count;
		struct pollfd *fds = build_poll(&server, &count, &soonest);

		if (n == TURNS_MAX)
			abort(); /* it spins */
		any = false;
		for (size_t i = 0; i < count; i++) {
			fds[i].revents = ready(&fds[i]);
			any |= fds[i].revents != 0;
		}
		if (any)
			serve(&server, fds);
		timer3_expire(&server);
		conn3_sweep(&server);
	}
}

void iperf3_peer_begin(uint64_t read_ns, uint64_t silence_ns, uint64_t over_ns, uint64_t now)
{
	options = (struct i3_server_options){ .read_ns = read_ns, .silence_ns = silence_ns, .over_ns = over_ns };
	server = (struct i3_server){ .options = &options, .tcp_fd = LISTENER, .port_fd = PORT_KEEPER, .udp_fd = -1 };
	for (size_t i = 0; i < IPERF3_PEER_CONNS; i++) {
		fakes[i].open = false;
		fakes[i].said_length = 0;
	}
	memset(replies, 0, sizeof replies);
	memset(last_reply, 0, sizeof last_reply);
	caller = -1;
	datagram_length = -1;
	udp_open = false;
	fake_ns = now;
}

void iperf3_peer_end(void)
{
	if (server.phase != PHASE_FREE)
		test3_over(&server);
	free(server.conns);
}

void iperf3_peer_connect(unsigned conn, uint16_t port, uint8_t address)
{
	struct fake *fake = &fakes[conn];

	if (fake->open)
		abort(); /* its number is still in use */
	fake->open = true;
	fake->eof = fake->reset = fake->shut = false;
	fake->length = fake->read = fake->said_length = fake->window = 0;
	caller = (int)conn;
	caller_address = sender(port, address);
	turns();
}

void iperf3_peer_octets(unsigned conn, const uint8_t *octets, size_t length)
{
	struct fake *fake = &fakes[conn];

	if (length == 0 || !fake->open)
		return;
	memcpy(fake->octets + fake->length, octets, length);
	fake->length += length;
	turns();
}

void iperf3_peer_eof(unsigned conn)
{
	fakes[conn].eof = true;
	turns();
}

void iperf3_peer_reset(unsigned conn)
{
	fakes[conn].reset = true;
	fakes[conn].length = fakes[conn].read = 0;
	turns();
}

/* One that nobody has bound a socket for is lost. */
void iperf3_peer_datagram(uint16_t port, uint8_t address, const uint8_t *octets, size_t length)
{
	datagram = octets;
	datagram_length = (ssize_t)length;
	datagram_from = sender(port, address);
	turns();
	datagram_length = -1;
}

size_t iperf3_peer_window(unsigned conn, size_t room)
{
	const struct i3_stream *stream = stream_of((int)conn);
	uint64_t before;

	if (!stream || server.phase != PHASE_RUNNING)
		return 0;
	before = stream->bytes;
	fakes[conn].window = room;
	turns();
	fakes[conn].window = 0;
	return (size_t)(stream->bytes - before);
}

void iperf3_peer_time(uint64_t now)
{
	fake_ns = now;
	turns();
}

/* As i3_server_run() does it behind its loop. */
void iperf3_peer_stop(void)
{
	stop(&server);
	for (size_t i = 0; i < server.conn_count; i++)
		close_conn(&server.conns[i]);
	conn3_sweep(&server);
}

static void look_at_test(struct iperf3_peer_view *view)
{
	const struct i3_test *t = &server.test;

	memcpy(view->test.cookie, t->cookie, sizeof view->test.cookie);
	view->test.udp = t->params.udp;
	view->test.reverse = t->params.reverse;
	view->test.bidirectional = t->params.bidirectional;
	view->test.wide = t->params.wide;
	view->test.output = t->params.server_output;
	view->test.parallel = t->params.parallel;
	view->test.len = t->params.len;
	view->test.omit = t->params.omit;
	view->test.time = t->params.time;
	view->count = t->count;
	for (size_t i = 0; i < t->count && i < IPERF3_PEER_CONNS; i++) {
		const struct i3_stream *stream = &t->streams[i];

		view->streams[i] = (struct iperf3_peer_stream){ .id = stream->id, .sends = stream->sender,
								.conn = stream->udp ? -1 : stream->fd,
								.port = ntohs(stream->address.sin6_port) };
	}
}

void iperf3_peer_look(struct iperf3_peer_view *view)
{
	view->state = (int)server.phase;
	view->count = 0;
	view->deadline_ns = timer3_next(&server);
	for (int i = 0; i < IPERF3_PEER_CONNS; i++) {
		view->closed[i] = !fakes[i].open;
		view->ended[i] = !fakes[i].open || (fakes[i].shut && !stream_of(i));
		view->said[i] = fakes[i].said;
		view->said_length[i] = fakes[i].said_length;
		view->replies[i] = replies[i];
	}
	memcpy(view->reply, last_reply, sizeof view->reply);
	if (server.phase != PHASE_FREE)
		look_at_test(view);
}
