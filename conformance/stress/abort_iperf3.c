/* Tests of the iperf3 profile that are to be aborted. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "abort.h"

#define COOKIE 37 /* with its NUL */
#define PAYLOAD 1000

enum { TEST_START = 1, TEST_RUNNING = 2, PARAM_EXCHANGE = 9, CREATE_STREAMS = 10, ACCESS_DENIED = 255 };

static const uint8_t hello[4] = { 0x39, 0x38, 0x37, 0x36 };

size_t abort_iperf3_hello(struct chance *chance, uint8_t *octets)
{
	for (size_t i = 0; i < COOKIE - 1; i++)
		octets[i] = (uint8_t)('a' + chance_below(chance, 26));
	octets[COOKIE - 1] = 0;
	return COOKIE;
}

/* The states that the server sends next. */
static enum abort_how await(int fd, const uint8_t *states, size_t count)
{
	uint8_t octet;
	ssize_t length;

	for (size_t i = 0; i < count; i++) {
		length = recv(fd, &octet, 1, 0);
		if (length < 0 && errno == EAGAIN)
			return ABORT_FAILED;
		if (length <= 0 || octet == ACCESS_DENIED)
			return ABORT_REJECTED;
		if (octet != states[i])
			return ABORT_FAILED;
	}
	return ABORT_RUNS;
}

static void send_parameters(int fd, bool udp, bool reverse)
{
	uint8_t octets[256];
	int length = snprintf((char *)octets + 4, sizeof octets - 4,
			      "{\"%s\":true,\"omit\":0,\"time\":5,\"num\":0,\"blockcount\":0,\"parallel\":%d,"
			      "\"len\":%d,\"bandwidth\":1000000%s}",
			      udp ? "udp" : "tcp", ABORT_STREAMS, PAYLOAD, reverse ? ",\"reverse\":true" : "");
	uint32_t prefix = htonl((uint32_t)length);

	memcpy(octets, &prefix, sizeof prefix);
	send(fd, octets, 4 + (size_t)length, MSG_NOSIGNAL);
}

static enum abort_how open_streams(uint16_t port, struct abort_test *test, const uint8_t *cookie, bool udp)
{
	uint8_t reply[4];

	for (unsigned i = 0; i < ABORT_STREAMS; i++) {
		if (!abort_open(test, udp ? SOCK_DGRAM : SOCK_STREAM, port, udp ? hello : cookie,
				udp ? sizeof hello : COOKIE))
			return ABORT_FAILED;
		if (udp && recv(test->fds[test->count - 1], reply, sizeof reply, 0) != sizeof reply)
			return ABORT_FAILED;
	}
	return ABORT_RUNS;
}

enum abort_how abort_iperf3_test(struct chance *chance, uint16_t port, struct abort_test *test)
{
	static const uint8_t states[] = { PARAM_EXCHANGE, CREATE_STREAMS, TEST_START, TEST_RUNNING };
	uint8_t cookie[COOKIE], payload[PAYLOAD] = { 0 };
	bool udp = chance_percent(chance, 50), reverse = chance_percent(chance, 30);
	enum abort_how how;

	if (!abort_open(test, SOCK_STREAM, port, cookie, abort_iperf3_hello(chance, cookie)))
		return ABORT_FAILED;
	if ((how = await(test->fds[0], states, 1)) != ABORT_RUNS)
		return how;
	send_parameters(test->fds[0], udp, reverse);
	if ((how = await(test->fds[0], states + 1, 1)) != ABORT_RUNS)
		return how;
	if ((how = open_streams(port, test, cookie, udp)) != ABORT_RUNS)
		return how;
	if ((how = await(test->fds[0], states + 2, 2)) != ABORT_RUNS)
		return how;
	for (unsigned i = 1; i < test->count && !reverse; i++)
		send(test->fds[i], payload, sizeof payload, MSG_NOSIGNAL);
	return ABORT_RUNS;
}
