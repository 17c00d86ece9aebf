/* Tests of the text profile that are to be aborted. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "abort.h"

#define COOKIE 32
#define PAYLOAD 1000

static void make_cookie(struct chance *chance, uint8_t *cookie)
{
	for (size_t i = 0; i < COOKIE; i++)
		cookie[i] = (uint8_t)chance_below(chance, 256);
}

static size_t write_message(uint8_t *out, const char *keyword, const uint8_t *cookie)
{
	size_t length = strlen(keyword);

	memcpy(out, keyword, length);
	out[length] = ' ';
	memcpy(out + length + 1, cookie, COOKIE);
	return length + 1 + COOKIE;
}

/* A preamble and the first message. */
static size_t write_first(uint8_t *out, const char *keyword, const uint8_t *cookie)
{
	memcpy(out, cookie, COOKIE);
	return COOKIE + write_message(out + COOKIE, keyword, cookie);
}

size_t abort_text_hello(struct chance *chance, uint8_t *octets)
{
	static const char *const keywords[] = { "IPERF_TEST_BEGIN", "IPERF_RESULTS_REQUEST" };
	uint8_t cookie[COOKIE];
	const char *keyword = keywords[chance_below(chance, 2)];

	make_cookie(chance, cookie);
	if (chance_percent(chance, 2)) /* few, for each holds the server for T_begin (R-6.3-1) */
		keyword = "IPERF_STREAM_BEGIN";
	return write_first(octets, keyword, cookie);
}

/* The answer shows that the test runs. */
static enum abort_how ask(uint16_t port, struct abort_test *test, const uint8_t *cookie)
{
	static const char expected[] = "IPERF_RESULTS_RESPONSE";
	uint8_t octets[128];
	size_t length = write_first(octets, "IPERF_RESULTS_REQUEST", cookie);
	ssize_t answered;

	if (!abort_open(test, SOCK_STREAM, port, octets, length))
		return ABORT_FAILED;
	answered = recv(test->fds[test->count - 1], octets, sizeof expected - 1, MSG_WAITALL);
	if (answered < 0 && errno == EAGAIN)
		return ABORT_FAILED;
	return answered == sizeof expected - 1 && memcmp(octets, expected, sizeof expected - 1) == 0 ? ABORT_RUNS :
												       ABORT_REJECTED;
}

enum abort_how abort_text_test(struct chance *chance, uint16_t port, struct abort_test *test)
{
	uint8_t cookie[COOKIE], octets[128 + PAYLOAD] = { 0 };
	enum abort_how how;
	size_t length;

	make_cookie(chance, cookie);
	length = write_first(octets, "IPERF_TEST_BEGIN", cookie);
	if (!abort_open(test, SOCK_STREAM, port, octets, length))
		return ABORT_FAILED;
	how = ask(port, test, cookie);
	if (how != ABORT_RUNS)
		return how;
	length = write_first(octets, "IPERF_STREAM_BEGIN", cookie) + PAYLOAD;
	for (unsigned i = 0; i < ABORT_STREAMS - 1; i++)
		if (!abort_open(test, SOCK_STREAM, port, octets, length))
			return ABORT_FAILED;
	length = write_message(octets, "IPERF_STREAM_BEGIN", cookie);
	if (!abort_open(test, SOCK_DGRAM, port, octets, length))
		return ABORT_FAILED;
	send(test->fds[test->count - 1], octets, PAYLOAD, 0);
	return ABORT_RUNS;
}
