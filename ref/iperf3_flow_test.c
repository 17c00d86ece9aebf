/* Payload of one stream, over loopback. SPEC 25 to 27. */
#include "ref/iperf3_flow.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/rows_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

#define LENGTH 1000

/* Both ends of a TCP connection. */
static void connect_tcp(int *near, int *far)
{
	uint16_t port;
	int tcp, udp;

	wire_listen(false, 4, &port, &tcp, &udp);
	*near = wire_connect(false, port);
	*far = wire_accept(tcp);
	wire_close(tcp);
	wire_close(udp);
}

/* Two UDP sockets that are connected to each other. */
static void connect_udp(int *near, int *far)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof address;
	uint16_t port;
	int tcp;

	wire_listen(false, 0, &port, &tcp, far);
	*near = wire_udp(false, port);
	test_assert(getsockname(*near, (struct sockaddr *)&address, &length) == 0, "no address");
	test_assert(connect(*far, (struct sockaddr *)&address, length) == 0, "cannot connect");
}

static struct iperf3_flow *start(int fd, enum iperf_protocol protocol, bool sends, struct iperf3_flow_config more)
{
	struct iperf3_flow *flow;
	int error;

	more.fd = fd;
	more.protocol = protocol;
	more.sends = sends;
	more.length = more.length ? more.length : LENGTH;
	error = iperf3_flow_start(&flow, &more);
	test_assert(error == 0, "error %d", error);
	return flow;
}

static struct iperf3_measure final(struct iperf3_flow *flow)
{
	struct iperf3_measure measure;

	iperf3_flow_stop(flow);
	iperf3_flow_join(flow);
	iperf3_flow_measure(flow, &measure);
	iperf3_flow_free(flow);
	return measure;
}

struct ends {
	_Atomic int count, error;
};

static void over(void *user, int error)
{
	struct ends *ends = user;

	atomic_store(&ends->error, error);
	atomic_fetch_add(&ends->count, 1);
}

static void wait_for(const struct ends *ends, int count)
{
	int64_t end_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;

	while (atomic_load(&ends->count) < count) {
		test_assert(clock_now_ns() < end_ns, "%d of %d flows are over", ends->count, count);
		poll(NULL, 0, 1);
	}
}

static void amount(void **state, bool blocks)
{
	struct iperf3_amount shared = { .blocks = blocks, .left = blocks ? 1000 : 999500 };
	struct ends sent = { 0 }, received = { 0 };
	struct iperf3_amount arriving = { .left = 1000000 };
	struct iperf3_flow *senders[2], *receivers[2];
	uint64_t bytes = 0, arrived = 0, written = 0;
	int near[2], far[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		connect_tcp(&near[i], &far[i]);
		receivers[i] = start(far[i], IPERF_TCP, false,
				     (struct iperf3_flow_config){ .over = over, .user = &received,
								  .amount = &arriving });
		senders[i] = start(near[i], IPERF_TCP, true,
				   (struct iperf3_flow_config){ .over = over, .user = &sent, .amount = &shared });
	}
	wait_for(&sent, 2);
	wait_for(&received, 1);
	for (size_t i = 0; i < 2; i++) {
		struct iperf3_measure measure = final(senders[i]);

		bytes += measure.bytes;
		written += measure.blocks;
		test_assert(measure.retransmits >= 0, "no retransmits are known");
		arrived += final(receivers[i]).bytes;
	}
	test_assert(bytes == 1000000 && written == 1000, "%llu octets", (unsigned long long)bytes);
	test_assert(arrived == 1000000, "%llu octets arrived", (unsigned long long)arrived);
}

static void octets(void **state)
{
	amount(state, false);
}

static void blocks(void **state)
{
	amount(state, true);
}

static void blocked(void **state)
{
	struct iperf3_measure measure = { 0 };
	struct iperf3_flow *flow;
	uint64_t before = 0;
	int near, far;

	(void)state;
	connect_tcp(&near, &far);
	flow = start(near, IPERF_TCP, true, (struct iperf3_flow_config){ .length = 100000 });
	do { /* until nothing moves any more, or hardly */
		before = measure.bytes;
		poll(NULL, 0, 50);
		iperf3_flow_measure(flow, &measure);
	} while (measure.bytes == 0 || measure.bytes != before);
	test_assert(final(flow).bytes >= before, "it has lost count");
}

/* What lies in the socket at the end, and what was announced. */
static void drained(void **state)
{
	static const uint8_t payload[50000];
	struct iperf3_flow *flow;
	int near, far;

	(void)state;
	connect_tcp(&near, &far);
	wire_send(near, payload, sizeof payload);
	flow = start(far, IPERF_TCP, false, (struct iperf3_flow_config){ 0 });
	test_assert(final(flow).bytes == sizeof payload, "not all was counted");
	flow = start(far, IPERF_TCP, false, (struct iperf3_flow_config){ .discard = true });
	iperf3_flow_expect(flow, sizeof payload);
	iperf3_flow_stop(flow);
	poll(NULL, 0, 20); /* so that mostly the thread has found the socket empty by now */
	wire_send(near, payload, sizeof payload);
	test_assert(final(flow).bytes == sizeof payload, "what was announced was not counted");
}

static void ended(void **state)
{
	struct ends ends = { 0 };
	struct iperf3_flow *flow;
	int near, far;

	(void)state;
	connect_tcp(&near, &far);
	flow = start(far, IPERF_TCP, false, (struct iperf3_flow_config){ .over = over, .user = &ends });
	wire_close(near);
	wait_for(&ends, 1);
	test_assert(ends.error == 0, "error %d at end-of-file", ends.error);
	final(flow);
	connect_tcp(&near, &far);
	flow = start(far, IPERF_TCP, true, (struct iperf3_flow_config){ .over = over, .user = &ends });
	wire_reset(near);
	wait_for(&ends, 2);
	test_assert(ends.error != 0, "no error at reset");
	final(flow);
}

static void omitted(void **state)
{
	static const uint8_t payload[5000];
	struct iperf3_amount left = { .left = 5000 };
	struct ends ends = { 0 };
	struct iperf3_measure measure;
	struct iperf3_flow *flow;
	int near, far;

	(void)state;
	connect_tcp(&near, &far);
	flow = start(far, IPERF_TCP, false, (struct iperf3_flow_config){ .omitting = true, .amount = &left,
									 .over = over, .user = &ends });
	wire_send(near, payload, sizeof payload);
	do
		iperf3_flow_measure(flow, &measure);
	while (measure.bytes < sizeof payload);
	test_assert(left.left == 5000 && ends.count == 0, "omit counts");
	iperf3_flow_omitted(flow);
	iperf3_flow_measure(flow, &measure);
	test_assert(measure.bytes == 0 && measure.last_ns > 0, "%llu octets", (unsigned long long)measure.bytes);
	wire_send(near, payload, sizeof payload);
	wait_for(&ends, 1);
	test_assert(final(flow).bytes == sizeof payload, "what came behind omit was not counted");
}

static uint64_t number(const uint8_t *octets, size_t length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++)
		value = value << 8 | octets[i];
	return value;
}

/* Sequences from 1 by 1, through omit; datagrams of exactly the length. */
static void sequences(void **state, bool wide)
{
	struct iperf3_amount left = { .blocks = true, .left = 50 };
	struct ends ends = { 0 };
	struct iperf3_measure measure;
	struct iperf3_flow *flow;
	uint8_t datagram[2 * LENGTH];
	uint64_t expected = 1;
	int near, far;

	(void)state;
	connect_udp(&near, &far);
	flow = start(near, IPERF_UDP, true,
		     (struct iperf3_flow_config){ .rate = 80000000, .wide = wide, .omitting = true, .amount = &left,
						  .over = over, .user = &ends, .repeating = true });
	for (; ends.count == 0 || wire_wait(far, 0); expected++) {
		if (expected == 20)
			iperf3_flow_omitted(flow);
		if (!wire_wait(far, 100))
			break;
		test_assert(recv(far, datagram, sizeof datagram, 0) == LENGTH, "another length");
		test_assert(number(datagram + 8, wide ? 8 : 4) == expected, "sequence %llu in place of %llu",
			    (unsigned long long)number(datagram + 8, wide ? 8 : 4), (unsigned long long)expected);
	}
	wait_for(&ends, 1);
	iperf3_flow_measure(flow, &measure);
	final(flow);
	/* what is being sent when omit ends is not taken from the amount, but counts */
	test_assert(measure.blocks >= 50 && measure.blocks < 70 && measure.bytes == measure.blocks * LENGTH,
		    "%llu counted", (unsigned long long)measure.blocks);
	test_assert(measure.packets == expected - 1 && measure.omitted_packets == measure.packets - measure.blocks,
		    "%llu packets", (unsigned long long)measure.packets);
}

static void sequences32(void **state)
{
	sequences(state, false);
}

static void sequences64(void **state)
{
	sequences(state, true);
}

static void send_datagram(int fd, uint32_t sequence, size_t length)
{
	uint32_t datagram[LENGTH / 4] = { htonl(1), htonl(2), htonl(sequence) };

	test_assert(send(fd, datagram, length, 0) == (ssize_t)length, "cannot send");
}

static void losses(void **state)
{
	static const uint32_t numbers[] = { 1, 2, 5, 4, 9 };
	struct iperf3_measure measure;
	struct iperf3_flow *flow;
	int near, far;

	(void)state;
	connect_udp(&near, &far);
	for (size_t i = 0; i < COUNT(numbers); i++)
		send_datagram(near, numbers[i], i % 2 ? LENGTH : LENGTH / 2); /* R-26.2-4 */
	flow = start(far, IPERF_UDP, false, (struct iperf3_flow_config){ 0 });
	measure = final(flow);
	test_assert(measure.packets == 9 && measure.errors == 4 && measure.out_of_order == 1,
		    "%llu packets, %llu errors", (unsigned long long)measure.packets,
		    (unsigned long long)measure.errors);
	test_assert(measure.bytes == 3500, "%llu octets", (unsigned long long)measure.bytes);
	test_assert(measure.retransmits == -1, "UDP has retransmits");
}

/* Not faster than the rate, bursts or not. */
static void rate(void **state, enum iperf_protocol protocol, int64_t burst)
{
	struct iperf3_amount left = { .blocks = true, .left = 50 };
	struct ends ends = { 0 };
	int64_t began_ns = clock_now_ns();
	struct iperf3_flow *flow;
	int near, far;

	(void)state;
	if (protocol == IPERF_TCP)
		connect_tcp(&near, &far);
	else
		connect_udp(&near, &far);
	flow = start(near, protocol, true, (struct iperf3_flow_config){ .rate = 4000000, .amount = &left, .over = over,
									.user = &ends, .burst = burst });
	wait_for(&ends, 1);
	test_assert(clock_now_ns() - began_ns > (50 - burst) * 2 * IPERF_MS * 9 / 10, "too fast");
	test_assert(final(flow).blocks == 50, "another amount");
}

static void rate_tcp(void **state)
{
	rate(state, IPERF_TCP, 0);
	rate(state, IPERF_TCP, 10);
}

static void rate_udp(void **state)
{
	rate(state, IPERF_UDP, 0);
	rate(state, IPERF_UDP, 10);
}

int main(void)
{
	test_add("27.2/octets-of-all-flows R-27.2-2", octets, NULL);
	test_add("27.2/blocks-of-all-flows R-27.2-2", blocks, NULL);
	test_add("27.1/a-blocked-write-ends R-23-9", blocked, NULL);
	test_add("25/what-lies-in-the-socket-is-counted R-25-9 R-25-10", drained, NULL);
	test_add("25/the-end-of-a-stream R-25-12 R-25-13", ended, NULL);
	test_add("28/omit R-26.3-8", omitted, NULL);
	test_add("26.2/sequences-of-32-bits R-26.2-1 R-26.2-2 R-26.2-3", sequences32, NULL);
	test_add("26.2/sequences-of-64-bits R-26.2-1 R-26.2-2 R-26.2-3", sequences64, NULL);
	test_add("26.3/losses R-26.3-1 R-26.3-2 R-26.3-3 R-26.2-4", losses, NULL);
	test_add("27.2/rate-of-tcp R-27.2-4", rate_tcp, NULL);
	test_add("27.2/rate-of-udp R-27.2-4", rate_udp, NULL);
	return TESTS_RUN("ref/iperf3_flow");
}
