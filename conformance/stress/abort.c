#include "abort.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 5  /* for an answer, and for the server to be free */
#define PAUSE_MS 5    /* before a test is tried again */

struct run {
	const struct abort_options *options;
	struct chance chance;
	unsigned connections, tests, rejected;
};

static void be_patient(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool abort_open(struct abort_test *test, int type, uint16_t port, const uint8_t *octets, size_t length)
{
	int fd = net_connect(type, port, true);

	if (fd < 0)
		return false;
	be_patient(fd);
	test->fds[test->count++] = fd;
	test->datagrams += type == SOCK_DGRAM;
	return send(fd, octets, length, MSG_NOSIGNAL) == (ssize_t)length || errno == EPIPE || errno == ECONNRESET;
}

/* The server ends what its client has ended. */
static bool ends(int fd)
{
	char octets[64];
	ssize_t length;

	do
		length = recv(fd, octets, sizeof octets, 0);
	while (length > 0);
	return length == 0 || errno != EAGAIN;
}

enum end { RESET, END_AND_RESET, END_AND_WAIT };

/* One connection, with so many octets of a hello. Few wait for the server's end: each leaves a TIME_WAIT. */
static bool alone(struct run *run, size_t most, enum end end)
{
	struct abort_test test = { .count = 0 };
	uint8_t octets[128];
	size_t length = run->options->iperf3 ? abort_iperf3_hello(&run->chance, octets) :
					       abort_text_hello(&run->chance, octets);
	bool good;

	length = length < most ? length : most;
	good = abort_open(&test, SOCK_STREAM, run->options->port, octets, length);
	if (!good)
		return false;
	if (end != RESET)
		shutdown(test.fds[0], SHUT_WR);
	if (end == END_AND_WAIT && !ends(test.fds[0])) {
		fprintf(stderr, "iperf-stress: an ended connection was not ended by the server in %d s\n", PATIENCE_S);
		good = false;
	}
	net_reset(test.fds[0]);
	run->connections++;
	return good;
}

/* In any order: the control connection is the first, the last, or in between. */
static void reset_all(struct run *run, struct abort_test *test)
{
	run->connections += test->count - test->datagrams;
	while (test->count > 0) {
		unsigned at = (unsigned)chance_below(&run->chance, test->count);

		net_reset(test->fds[at]);
		test->fds[at] = test->fds[--test->count];
	}
}

/* The test before may still be held: the server has not seen its end, or a stream of it was begun without TEST_BEGIN,
 * which holds the cookie for T_begin (R-6.3-1). */
static bool in_a_test(struct run *run)
{
	enum abort_how how = ABORT_REJECTED;
	int64_t until_ns = now_ns() + PATIENCE_S * NS_PER_S;

	while (how == ABORT_REJECTED && now_ns() < until_ns) {
		struct abort_test test = { .count = 0 };

		how = run->options->iperf3 ? abort_iperf3_test(&run->chance, run->options->port, &test) :
					     abort_text_test(&run->chance, run->options->port, &test);
		reset_all(run, &test);
		if (how == ABORT_REJECTED) {
			run->rejected++;
			poll(NULL, 0, PAUSE_MS);
		}
	}
	run->tests += how == ABORT_RUNS;
	if (how != ABORT_RUNS)
		fprintf(stderr, "iperf-stress: after %u connections a test is %s\n", run->connections,
			how == ABORT_REJECTED ? "rejected again and again" : "not answered");
	return how == ABORT_RUNS;
}

static bool one(struct run *run)
{
	size_t half = 1 + (size_t)chance_below(&run->chance, 31);

	switch (chance_below(&run->chance, 20)) {
	case 0:
		return in_a_test(run);
	case 1:
		return alone(run, half, END_AND_WAIT);
	case 2:
	case 3:
		return alone(run, half, END_AND_RESET);
	case 4:
		return alone(run, 0, END_AND_RESET);
	case 5:
	case 6:
	case 7:
	case 8:
		return alone(run, 0, RESET);
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
		return alone(run, half, RESET);
	default:
		return alone(run, 128, RESET);
	}
}

int abort_run(const struct abort_options *options)
{
	struct run run = { .options = options, .chance = { options->seed } };
	int64_t start_ns = now_ns();
	bool good = true;

	while (good && run.connections < options->connections)
		good = one(&run);
	printf("connections %u\ntests %u\nrejected %u\nms %lld\nseed %llu\n", run.connections, run.tests, run.rejected,
	       (long long)((now_ns() - start_ns) / NS_PER_MS), (unsigned long long)options->seed);
	return good ? 0 : 1;
}
