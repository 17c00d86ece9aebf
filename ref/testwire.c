#include "ref/testwire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/message.h"
#include "ref/clock.h"
#include "ref/testprogram.h"

#define FILES 8192     /* descriptors that can be remembered */
#define PORT_TRIES 100 /* of free TCP ports whose UDP side may be taken */

static bool is_open[FILES];

/* --- opening and closing --------------------------------------------------------------------------------------------- */

static socklen_t address_of(bool six, uint16_t port, struct sockaddr_storage *address)
{
	memset(address, 0, sizeof *address);
	if (six) {
		*(struct sockaddr_in6 *)address = (struct sockaddr_in6){
			.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
		return sizeof(struct sockaddr_in6);
	}
	*(struct sockaddr_in *)address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return sizeof(struct sockaddr_in);
}

static int remember(int fd)
{
	test_assert(fd >= 0 && fd < FILES, "a socket: %s", strerror(errno));
	is_open[fd] = true;
	return fd;
}

static int open_socket(bool six, int type)
{
	return remember(socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static bool ready(int fd, short events, int64_t ms)
{
	struct pollfd wait = { .fd = fd, .events = events };

	while (poll(&wait, 1, (int)ms) < 0)
		test_assert(errno == EINTR, "poll: %s", strerror(errno));
	return wait.revents != 0;
}

bool wire_wait(int fd, int64_t ms)
{
	return ready(fd, POLLIN, ms);
}

int wire_begin_connect(bool six, uint16_t port)
{
	int fd = open_socket(six, SOCK_STREAM), one = 1;
	struct sockaddr_storage address;
	socklen_t length = address_of(six, port, &address);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	test_assert(connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS, "connect: %s",
		    strerror(errno));
	return fd;
}

static int connection_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof error;

	test_assert(ready(fd, POLLOUT, TEST_PATIENCE_MS), "the server does not take the connection");
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

int wire_connect(bool six, uint16_t port)
{
	int fd = wire_begin_connect(six, port), error = connection_error(fd);

	test_assert(error == 0, "connect: %s", strerror(error));
	return fd;
}

bool wire_is_listened(bool six, uint16_t port)
{
	int fd = wire_begin_connect(six, port);
	bool is_listened = connection_error(fd) == 0;

	wire_close(fd);
	return is_listened;
}

int wire_udp(bool six, uint16_t port)
{
	int fd = open_socket(six, SOCK_DGRAM);
	struct sockaddr_storage address;
	socklen_t length = address_of(six, port, &address);

	test_assert(connect(fd, (struct sockaddr *)&address, length) == 0, "connect: %s", strerror(errno));
	return fd;
}

static bool bind_to(int fd, bool six, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(six, port, &address);

	return bind(fd, (struct sockaddr *)&address, length) == 0;
}

void wire_listen(bool six, int backlog, uint16_t *port, int *tcp, int *udp)
{
	for (int i = 0; i < PORT_TRIES; i++) {
		*tcp = open_socket(six, SOCK_STREAM);
		*udp = open_socket(six, SOCK_DGRAM);
		if (bind_to(*tcp, six, 0)) {
			*port = wire_local_port(*tcp);
			if (bind_to(*udp, six, *port) && (backlog == 0 || listen(*tcp, backlog) == 0))
				return;
		}
		wire_close(*tcp);
		wire_close(*udp);
	}
	test_fail("no free port");
}

int wire_accept(int listener)
{
	int fd, one = 1;

	test_assert(ready(listener, POLLIN, TEST_PATIENCE_MS), "nobody connects");
	fd = remember(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

void wire_half_close(int fd)
{
	shutdown(fd, SHUT_WR);
}

void wire_close(int fd)
{
	is_open[fd] = false;
	close(fd);
}

void wire_reset(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	wire_close(fd);
}

void wire_close_all(void)
{
	for (int fd = 0; fd < FILES; fd++)
		if (is_open[fd])
			wire_close(fd);
}

bool wire_has_six(void)
{
	int fd = open_socket(true, SOCK_DGRAM);
	bool has = bind_to(fd, true, 0);

	wire_close(fd);
	return has;
}

static uint16_t port_in(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port :
						      ((const struct sockaddr_in *)address)->sin_port);
}

uint16_t wire_local_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	test_assert(getsockname(fd, (struct sockaddr *)&address, &length) == 0, "getsockname: %s", strerror(errno));
	return port_in(&address);
}

uint16_t wire_peer_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	test_assert(getpeername(fd, (struct sockaddr *)&address, &length) == 0, "getpeername: %s", strerror(errno));
	return port_in(&address);
}

/* --- octets ---------------------------------------------------------------------------------------------------------- */

bool wire_send(int fd, const void *octets, size_t length)
{
	const char *at = octets;

	do {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent >= 0) {
			at += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			test_assert(ready(fd, POLLOUT, TEST_PATIENCE_MS), "the peer does not read");
		} else if (errno != EINTR) {
			return false;
		}
	} while (length > 0);
	return true;
}

size_t wire_read(int fd, void *octets, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = recv(fd, (char *)octets + done, length - done, 0);

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			break;
		else
			test_assert(ready(fd, POLLIN, TEST_PATIENCE_MS), "%zu of %zu octets came, and no end", done, length);
	}
	return done;
}

enum wire_state wire_state(int fd)
{
	char octet;
	ssize_t got = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

	if (got > 0)
		return WIRE_OCTETS;
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? WIRE_SILENT : WIRE_ENDED;
}

size_t wire_waiting(int fd)
{
	int count = 0;

	ioctl(fd, FIONREAD, &count);
	return (size_t)count;
}

void wire_ended(int fd)
{
	test_assert(ready(fd, POLLIN, TEST_PATIENCE_MS), "it does not end");
	test_assert(wire_state(fd) == WIRE_ENDED, "octets come instead of its end");
}

void wire_refuses(int fd)
{
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;

	while (wire_send(fd, "x", 1)) {
		struct pollfd wait = { .fd = fd }; /* for the reset only: end-of-file is there already */

		test_assert(clock_now_ns() < deadline_ns, "it still takes octets");
		poll(&wait, 1, 1);
	}
}

/* --- a client's openings ---------------------------------------------------------------------------------------------- */

int wire_open(bool six, uint16_t port, enum iperf_message_kind kind, const struct iperf_cookie *cookie)
{
	uint8_t octets[IPERF_OPENING_MAX];
	int fd = wire_connect(six, port);

	wire_send(fd, octets, iperf_opening_write(octets, kind, cookie));
	return fd;
}

bool wire_message(int fd, enum iperf_message_kind kind, const struct iperf_cookie *cookie)
{
	uint8_t octets[IPERF_MESSAGE_MAX];

	return wire_send(fd, octets, iperf_message_write(octets, kind, cookie));
}

void wire_ping(bool six, uint16_t port)
{
	int fd = wire_connect(six, port);

	wire_half_close(fd);
	wire_ended(fd);
	wire_close(fd);
}

/* --- results ----------------------------------------------------------------------------------------------------------- */

void wire_answer(int fd, const struct iperf_cookie *cookie, struct wire_answer *answer)
{
	static char octets[IPERF_MESSAGE_MAX + 1 + IPERF_RESULT_DATA_MAX];
	uint8_t head[IPERF_MESSAGE_MAX + 1];
	struct iperf_results_error error = { 0 };
	size_t length = wire_read(fd, octets, sizeof octets);
	size_t head_length = iperf_message_write(head, IPERF_RESULTS_RESPONSE, cookie);

	head[head_length++] = ' ';
	answer->answered = length > 0;
	answer->results = (struct iperf_results){ .capacity = WIRE_STREAMS, .streams = answer->streams };
	if (!answer->answered)
		return;
	test_assert(length < sizeof octets, "an answer without end");
	test_assert(length > head_length && memcmp(octets, head, head_length) == 0, "an answer begins with %.22s", octets);
	test_assert(octets[head_length] == '{' && octets[length - 1] == '}', "space around the object");
	test_assert(iperf_results_decode(octets + head_length, length - head_length, &answer->results, &error),
		    "result data: %s", error.text);
}

void wire_ask(bool six, uint16_t port, const struct iperf_cookie *cookie, struct wire_answer *answer)
{
	int fd = wire_open(six, port, IPERF_RESULTS_REQUEST, cookie);

	wire_answer(fd, cookie, answer);
	wire_close(fd);
}

void wire_ask_until(bool six, uint16_t port, const struct iperf_cookie *cookie, struct wire_answer *answer, uint64_t bytes,
		    size_t streams, size_t complete)
{
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;
	size_t count = 0;

	do {
		test_assert(clock_now_ns() < deadline_ns, "the server has %llu octets in %zu streams, %zu complete; "
			    "expected are %llu in %zu, %zu", (unsigned long long)answer->results.bytes,
			    answer->results.count, count, (unsigned long long)bytes, streams, complete);
		wire_ask(six, port, cookie, answer);
		test_assert(answer->answered, "a request is closed unanswered");
		count = 0;
		for (size_t i = 0; i < answer->results.count; i++)
			count += answer->streams[i].complete;
	} while (answer->results.bytes != bytes || answer->results.count != streams || count != complete);
}

void wire_served(bool six, uint16_t port)
{
	static struct wire_answer answer;
	struct iperf_cookie cookie;
	int control, stream;

	iperf_cookie_generate(&cookie);
	control = wire_open(six, port, IPERF_TEST_BEGIN, &cookie);
	stream = wire_open(six, port, IPERF_STREAM_BEGIN, &cookie);
	wire_send(stream, "abc", 3);
	wire_message(stream, IPERF_STREAM_END, &cookie);
	wire_half_close(stream);
	wire_ended(stream);
	wire_ping(six, port);
	wire_ask(six, port, &cookie, &answer);
	test_assert(answer.answered, "the next client is not served");
	test_assert(answer.results.count == 1 && answer.results.bytes == 3 && answer.streams[0].complete,
		    "the next client's stream is not counted");
	test_assert(wire_state(control) == WIRE_SILENT, "the next client's control connection was closed");
	wire_message(control, IPERF_TEST_END, &cookie);
	wire_half_close(control);
	wire_ended(control);
	wire_close(control);
	wire_close(stream);
}
