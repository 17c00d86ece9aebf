/* Connections of the client, waiting, and what the server says (SPEC 22, 29). */
#include "iperf3_client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t i3_client_stopped;

static void on_stop(int signal_number)
{
	(void)signal_number;
	i3_client_stopped = 1;
}

void client3_problem(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("iperf-peer: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

void client3_catch_signals(void)
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

bool client3_resolve(struct i3_client *c)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;

	if (getaddrinfo(c->options->host, c->options->port, &hints, &found) != 0) {
		client3_problem("no such host: %s", c->options->host);
		return false;
	}
	memcpy(&c->address, found->ai_addr, found->ai_addrlen);
	c->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

/* Faults that make the client go on are not to be covered up by T_reply. */
static bool goes_on(void)
{
	return i3_client_fault(unknown_state_ignored) || i3_client_fault(server_terminate_ignored) ||
	       i3_client_fault(any_reply_taken) || i3_client_fault(refused_stream_ignored) ||
	       i3_client_fault(denied_stream_ignored) || i3_client_fault(reset_stream_ignored);
}

uint64_t client3_deadline(const struct i3_client *c, bool for_ever)
{
	return for_ever || goes_on() ? I3_FOR_EVER : now_ns() + c->options->reply_ns;
}

static bool test_start_waits(const struct i3_client *c)
{
	uint8_t octet;

	return recv(c->control, &octet, 1, MSG_DONTWAIT | MSG_PEEK) == 1 && octet == I3_TEST_START;
}

int client3_wait(struct i3_client *c, int fd, short events, uint64_t deadline, bool watched)
{
	struct pollfd fds[2 + 2 * I3_STREAMS_MAX];
	sigset_t unblocked;

	sigemptyset(&unblocked);
	for (;;) {
		uint64_t now = now_ns(), wait = deadline > now ? deadline - now : 0;
		struct timespec ts = {(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
		size_t streams;

		fds[0] = (struct pollfd){watched ? c->control : -1, POLLIN, 0};
		fds[1] = (struct pollfd){fd, events, 0};
		streams = client3_poll_streams(c, fds + 2);
		ppoll(fds, 2 + streams, deadline == I3_FOR_EVER ? NULL : &ts, &unblocked);
		if (i3_client_stopped)
			return -1;
		if (fd >= 0 && fds[1].revents)
			return 1;
		/* the last stream may be there for the server before it is here */
		if (fds[0].revents && test_start_waits(c))
			watched = false;
		else if (fds[0].revents && !client3_expect(c, I3_IPERF_DONE, client3_deadline(c, false)))
			return -1;
		if (!client3_look_at_streams(c))
			return -1;
		if (now_ns() >= deadline)
			return 0;
	}
}

int client3_connect(struct i3_client *c, uint64_t deadline)
{
	int fd = socket(c->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0, on = 1;
	socklen_t len = sizeof error;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&c->address, c->address_len) == 0)
		return fd;
	if (errno == EINPROGRESS && client3_wait(c, fd, POLLOUT, deadline, c->control >= 0) > 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
		return fd;
	close(fd);
	return -1;
}

/* Messages are short beside the system's buffers; who does not take them now is stuck. */
bool client3_send(int fd, const void *octets, size_t n)
{
	return send(fd, octets, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n;
}

bool client3_send_state(struct i3_client *c, enum i3_state state)
{
	uint8_t octet = (uint8_t)state;

	if (client3_send(c->control, &octet, 1))
		return true;
	client3_problem("the control connection is lost");
	return false;
}

/* Reads so many octets of the control connection; fewer: it has ended, or time is over. */
static size_t read_octets(struct i3_client *c, uint8_t *p, size_t n, uint64_t deadline)
{
	size_t got = 0;

	while (got < n) {
		ssize_t now;

		if (client3_wait(c, c->control, POLLIN, deadline, false) <= 0)
			break;
		now = recv(c->control, p + got, n - got, MSG_DONTWAIT);
		if (now == 0 || (now < 0 && errno != EAGAIN && errno != EINTR))
			break;
		got += now > 0 ? (size_t)now : 0;
	}
	return got;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static bool server_error(struct i3_client *c)
{
	uint8_t octets[8];
	size_t got = read_octets(c, octets, sizeof octets, client3_deadline(c, false));

	if (i3_client_fault(error_untold))
		return false;
	if (i3_client_fault(short_error_is_success) && got < 8)
		exit(0);
	while (i3_client_fault(error_octets_awaited) && got < 8)
		sleep_ms(1000);
	if (got == 8)
		client3_problem("SERVER_ERROR %d, errno %d", (int)i3_get32(octets), (int)i3_get32(octets + 4));
	else if (got >= 4)
		client3_problem("SERVER_ERROR %d", (int)i3_get32(octets));
	else
		client3_problem("SERVER_ERROR");
	return false;
}

static bool denied(struct i3_client *c)
{
	client3_problem("ACCESS_DENIED: the server is busy");
	if (i3_client_fault(done_after_denial))
		client3_send_state(c, I3_IPERF_DONE);
	if (i3_client_fault(denial_is_success))
		exit(0);
	return false;
}

static bool is_final(struct i3_client *c, int8_t got, bool *result)
{
	*result = false;
	if (got == I3_ACCESS_DENIED)
		*result = denied(c);
	else if (got == I3_SERVER_ERROR)
		*result = server_error(c);
	else if (got == I3_SERVER_TERMINATE && i3_client_fault(server_terminate_ignored))
		return false;
	else if (got == I3_SERVER_TERMINATE && i3_client_fault(server_terminate_is_success))
		exit(0);
	else if (got == I3_SERVER_TERMINATE)
		client3_problem("SERVER_TERMINATE: the server was stopped");
	else
		return false;
	return true;
}

static bool missing(enum i3_state state)
{
	if (i3_client_stopped)
		return false;
	client3_problem("the control connection ended, or T_reply passed, before state %d", state);
	if (i3_client_fault(end_is_success))
		exit(0);
	return false;
}

bool client3_expect(struct i3_client *c, enum i3_state state, uint64_t deadline)
{
	uint8_t octet;
	bool result;

	for (;;) {
		if (read_octets(c, &octet, 1, deadline) < 1)
			return missing(state);
		if ((int8_t)octet == state && state != I3_IPERF_DONE)
			return true;
		if (is_final(c, (int8_t)octet, &result))
			return result;
		if ((octet == I3_DISPLAY_RESULTS || octet == I3_IPERF_DONE) && i3_client_fault(display_is_success))
			exit(0);
		if (!i3_client_fault(unknown_state_ignored) && !i3_client_fault(server_terminate_ignored))
			break;
		if (state == I3_IPERF_DONE)
			return true;
	}
	client3_problem("state %d came when it does not follow", (int8_t)octet);
	return false;
}

uint64_t client3_deadline_of(const struct i3_client *c, enum i3_state state)
{
	return client3_deadline(c, (state == I3_PARAM_EXCHANGE && i3_client_fault(param_exchange_for_ever)) ||
					   (state == I3_CREATE_STREAMS && i3_client_fault(create_streams_for_ever)) ||
					   (state == I3_TEST_START && i3_client_fault(test_start_for_ever)) ||
					   (state == I3_TEST_RUNNING && i3_client_fault(test_running_for_ever)) ||
					   (state == I3_EXCHANGE_RESULTS && i3_client_fault(exchange_for_ever)) ||
					   (state == I3_DISPLAY_RESULTS && i3_client_fault(display_for_ever)));
}

/* --- length and text ---------------------------------------------------------------------------------------------- */

static size_t bound(void)
{
	if (i3_client_fault(results_unbounded))
		return UINT32_MAX;
	return i3_client_fault(results_65536) ? 65536 : I3_RESULTS_MAX;
}

/* The text, a step at a time (R-32-1). */
static uint8_t *read_text(struct i3_client *c, size_t n, uint64_t deadline)
{
	uint8_t *text = NULL;

	for (size_t got = 0; got < n;) {
		size_t step = n - got < 65536 ? n - got : 65536;
		uint8_t *more = realloc(text, got + step);

		if (!more)
			abort();
		text = more;
		if (read_octets(c, text + got, step, deadline) < step) {
			free(text);
			return NULL;
		}
		got += step;
	}
	return text;
}

static struct json *no_object(const char *why)
{
	if (!i3_client_stopped)
		client3_problem("results: %s", why);
	if (i3_client_fault(bad_json_taken))
		exit(0);
	return NULL;
}

struct json *client3_read_object(struct i3_client *c, uint64_t deadline)
{
	uint8_t length[4], *text;
	size_t n;
	struct json *object;

	if (read_octets(c, length, 4, deadline) < 4)
		return no_object("cut short, or T_reply passed");
	n = i3_get32(length);
	if (n == 0 && i3_client_fault(length_zero_taken))
		exit(0);
	if (n == 0 || n > bound())
		return no_object("the length is out of bounds");
	if (i3_client_fault(text_one_read)) {
		client3_wait(c, c->control, POLLIN, deadline, false);
		text = malloc(n);
		if (!text || recv(c->control, text, n, MSG_DONTWAIT | MSG_PEEK) < (ssize_t)n) {
			free(text);
			return no_object("not in one read");
		}
		free(text);
	}
	text = read_text(c, n, deadline);
	if (!text)
		return no_object("cut short, or T_reply passed");
	object = i3_object(text, n);
	if (object && json_member(object, "server_output_json") && c->params.server_output)
		c->output = strndup((const char *)text, n);
	free(text);
	return object ? object : no_object("no JSON object");
}
