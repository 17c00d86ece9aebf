#include "ref/iperf3_flow.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/iperf3_flow_private.h"
#include "ref/pace.h"
#include "ref/wake.h"

#define STACK (128 * 1024)
#define BLOCK (128 * 1024)              /* octets in one read of a TCP receiver */
#define DATAGRAMS (65536 * 16)          /* room for what one read of a UDP stream takes, or one write sends */
#define DRAIN_NS (200 * IPERF_MS)       /* for what lies in the socket at the end */

/* --- waiting ----------------------------------------------------------------------------------------------------- */

bool iperf3_flow_halted(const struct iperf3_flow *flow)
{
	return atomic_load_explicit(&flow->halted, memory_order_relaxed);
}

bool iperf3_flow_wait(const struct iperf3_flow *flow, short events, int64_t until_ns)
{
	struct pollfd waits[] = { { .fd = flow->halt, .events = POLLIN },
				  { .fd = flow->config.fd, .events = events } };
	int64_t now_ns = clock_now_ns();
	struct timespec timeout = clock_timespec(until_ns > now_ns ? until_ns - now_ns : 0);

	ppoll(waits, events ? 2 : 1, until_ns == INT64_MAX ? NULL : &timeout, NULL);
	return !iperf3_flow_halted(flow);
}

/* --- counting ---------------------------------------------------------------------------------------------------- */

void iperf3_flow_over(struct iperf3_flow *flow, int error)
{
	if (flow->told || iperf3_flow_halted(flow))
		return;
	flow->told = true;
	if (flow->config.over)
		flow->config.over(flow->config.user, error);
}

static int64_t take(struct iperf3_amount *amount, int64_t count)
{
	return atomic_fetch_sub_explicit(&amount->left, count, memory_order_relaxed);
}

void iperf3_flow_moved(struct iperf3_flow *flow, uint64_t bytes, uint64_t blocks, int64_t now_ns)
{
	struct iperf3_amount *amount = flow->config.amount;
	uint64_t arrived = blocks;
	bool counts;

	pthread_mutex_lock(&flow->lock);
	if (!flow->config.sends && flow->config.protocol == IPERF_TCP) /* writes do not show: as many as it makes */
		arrived = (flow->bytes + bytes) / flow->config.length - flow->bytes / flow->config.length;
	flow->bytes += bytes;
	flow->blocks += blocks;
	flow->last_ns = now_ns;
	counts = !flow->omitting;
	pthread_mutex_unlock(&flow->lock);
	if (!amount || flow->config.sends || !counts)
		return;
	arrived = amount->blocks ? arrived : bytes;
	if (take(amount, (int64_t)arrived) <= (int64_t)arrived)
		iperf3_flow_over(flow, 0);
}

size_t iperf3_flow_take(struct iperf3_flow *flow, size_t max)
{
	struct iperf3_amount *amount = flow->config.amount;
	int64_t unit = amount && !amount->blocks ? (int64_t)flow->config.length : 1;
	int64_t left;
	bool omitting;

	if (!amount)
		return max;
	pthread_mutex_lock(&flow->lock);
	omitting = flow->omitting;
	pthread_mutex_unlock(&flow->lock);
	if (omitting)
		return max;
	left = take(amount, (int64_t)max * unit);
	if (left >= (int64_t)max * unit)
		return max;
	left = left <= 0 ? 0 : (left + unit - 1) / unit;
	iperf3_flow_give(flow, max - (size_t)left);
	return (size_t)left;
}

bool iperf3_flow_used_up(struct iperf3_flow *flow)
{
	bool omitting;

	if (!flow->config.amount || atomic_load_explicit(&flow->config.amount->left, memory_order_relaxed) > 0)
		return false;
	pthread_mutex_lock(&flow->lock);
	omitting = flow->omitting;
	pthread_mutex_unlock(&flow->lock);
	return !omitting;
}

void iperf3_flow_give(struct iperf3_flow *flow, size_t blocks)
{
	struct iperf3_amount *amount = flow->config.amount;

	if (amount)
		take(amount, -(int64_t)blocks * (amount->blocks ? 1 : (int64_t)flow->config.length));
}

/* --- TCP --------------------------------------------------------------------------------------------------------- */

/* Writes one block. False: the thread is to end. */
static bool send_block(struct iperf3_flow *flow)
{
	size_t done = 0;

	while (done < flow->config.length) {
		ssize_t sent = send(flow->config.fd, flow->room + done, flow->config.length - done,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			done += (size_t)sent;
			iperf3_flow_moved(flow, (uint64_t)sent, done == flow->config.length, clock_now_ns());
			if (iperf3_flow_halted(flow))
				return false;
		} else if (errno == EAGAIN) {
			if (!iperf3_flow_wait(flow, POLLOUT, INT64_MAX))
				return false;
		} else if (errno != EINTR) {
			iperf3_flow_over(flow, errno);
			return false;
		}
	}
	return true;
}

#define PIECES 64 /* that a thread which wakes late sends in one go, at most */

static void send_tcp(struct iperf3_flow *flow)
{
	size_t burst = flow->config.rate > 0 && flow->config.burst > 1 ? (size_t)flow->config.burst : 1;
	struct pace pace;

	pace_start(&pace, flow->config.rate, flow->config.length * burst, clock_now_ns());
	while (!iperf3_flow_halted(flow)) {
		size_t count = pace_count(&pace, clock_now_ns(), PIECES);

		if (count == 0) {
			iperf3_flow_wait(flow, 0, pace_next(&pace));
			continue;
		}
		for (size_t i = 0; i < count * burst && !iperf3_flow_halted(flow); i++) {
			if (iperf3_flow_take(flow, 1) == 0) {
				iperf3_flow_over(flow, 0);
				return;
			}
			if (!send_block(flow))
				return;
		}
		if (iperf3_flow_used_up(flow)) { /* told at once, not when the next block is due (R-27.2-3) */
			iperf3_flow_over(flow, 0);
			return;
		}
		pace_sent(&pace, (double)count, clock_now_ns());
	}
}

/* Reads once. Returns what recv() does. */
static ssize_t receive_some(struct iperf3_flow *flow)
{
	int flags = MSG_DONTWAIT | (flow->config.discard ? MSG_TRUNC : 0);
	ssize_t length = recv(flow->config.fd, flow->room, flow->room_size, flags);

	if (length > 0)
		iperf3_flow_moved(flow, (uint64_t)length, 0, clock_now_ns());
	return length;
}

/* What lies in the socket at the end, and what is known to be on its way. A peer that goes on sending may not hold
 * the end up. */
static void drain(struct iperf3_flow *flow)
{
	struct pollfd wait = { .fd = flow->config.fd, .events = POLLIN };
	int64_t end_ns = clock_now_ns() + DRAIN_NS;

	for (int64_t now_ns = clock_now_ns(); now_ns < end_ns; now_ns = clock_now_ns()) {
		struct timespec timeout = clock_timespec(end_ns - now_ns);
		ssize_t length = receive_some(flow);

		if (length > 0)
			continue;
		if (length == 0 || (errno != EAGAIN && errno != EINTR) || flow->bytes >= atomic_load(&flow->expected))
			return;
		ppoll(&wait, 1, &timeout, NULL);
	}
}

static void receive_tcp(struct iperf3_flow *flow)
{
	while (!iperf3_flow_halted(flow)) {
		ssize_t length = receive_some(flow);

		if (length > 0)
			continue;
		if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
			iperf3_flow_wait(flow, POLLIN, INT64_MAX);
			continue;
		}
		iperf3_flow_over(flow, length == 0 ? 0 : errno);
		return;
	}
	drain(flow);
}

/* The system's count, or -1. */
static int64_t retransmits(const struct iperf3_flow *flow)
{
	struct tcp_info info;
	socklen_t length = sizeof info;

	if (flow->config.protocol != IPERF_TCP || !flow->config.sends ||
	    getsockopt(flow->config.fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
		return -1;
	return info.tcpi_total_retrans;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void *work(void *user)
{
	struct iperf3_flow *flow = user;

	prctl(PR_SET_TIMERSLACK, 1UL); /* paces are shorter than the usual 50 us */
	if (flow->config.protocol == IPERF_TCP)
		(flow->config.sends ? send_tcp : receive_tcp)(flow);
	else
		(flow->config.sends ? iperf3_flow_send_udp : iperf3_flow_receive_udp)(flow);
	return NULL;
}

static void fill_payload(struct iperf3_flow *flow)
{
	uint64_t state = 0;

	if (getrandom(&state, sizeof state, GRND_NONBLOCK) != sizeof state || state == 0)
		state = (uint64_t)clock_now_ns() | 1;
	for (size_t i = 0; i < flow->room_size; i++) {
		state ^= state << 13; /* xorshift: for links that compress, not for secrets */
		state ^= state >> 7;
		state ^= state << 17;
		flow->room[i] = flow->config.repeating ? (uint8_t)('0' + i % flow->config.length % 10) :
							 (uint8_t)(state >> 32);
	}
}

static int start_thread(struct iperf3_flow *flow)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	error = -pthread_create(&flow->thread, &attributes, work, flow);
	pthread_attr_destroy(&attributes);
	flow->joined = error != 0;
	return error;
}

static int prepare(struct iperf3_flow *flow)
{
	const struct iperf3_flow_config *config = &flow->config;
	int flags = fcntl(config->fd, F_GETFL);

	if (flags < 0 || fcntl(config->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	flow->room_size = config->protocol == IPERF_UDP ? (size_t)DATAGRAMS :
			  config->sends			? config->length :
							  (size_t)BLOCK;
	flow->room = aligned_alloc(4096, (flow->room_size + 4095) / 4096 * 4096);
	if (!flow->room)
		return -ENOMEM;
	if (config->sends)
		fill_payload(flow);
	flow->halt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return flow->halt < 0 ? -errno : 0;
}

int iperf3_flow_start(struct iperf3_flow **flow, const struct iperf3_flow_config *config)
{
	struct iperf3_flow *new = calloc(1, sizeof *new);
	int error;

	if (!new)
		return -ENOMEM;
	new->config = *config;
	new->omitting = config->omitting;
	new->halt = -1;
	new->joined = true;
	pthread_mutex_init(&new->lock, NULL);
	error = prepare(new);
	if (error == 0)
		error = start_thread(new);
	if (error == 0)
		*flow = new;
	else
		iperf3_flow_free(new);
	return error;
}

void iperf3_flow_omitted(struct iperf3_flow *flow)
{
	int64_t so_far = retransmits(flow);

	pthread_mutex_lock(&flow->lock);
	if (flow->omitting) {
		flow->omitting = false;
		flow->omitted_blocks = flow->blocks;
		flow->bytes = 0;
		flow->omitted_retransmits = so_far < 0 ? 0 : so_far;
		iperf3_counter_omitted(&flow->counter);
	}
	pthread_mutex_unlock(&flow->lock);
}

void iperf3_flow_stop(struct iperf3_flow *flow)
{
	if (!flow || flow->halt < 0)
		return;
	atomic_store(&flow->halted, true);
	wake_up(flow->halt);
}

void iperf3_flow_expect(struct iperf3_flow *flow, uint64_t bytes)
{
	if (flow)
		atomic_store(&flow->expected, bytes);
}

void iperf3_flow_join(struct iperf3_flow *flow)
{
	if (!flow || flow->joined)
		return;
	pthread_join(flow->thread, NULL);
	flow->joined = true;
}

void iperf3_flow_free(struct iperf3_flow *flow)
{
	if (!flow)
		return;
	iperf3_flow_stop(flow);
	iperf3_flow_join(flow);
	if (flow->halt >= 0)
		close(flow->halt);
	pthread_mutex_destroy(&flow->lock);
	free(flow->room);
	free(flow);
}

void iperf3_flow_measure(struct iperf3_flow *flow, struct iperf3_measure *measure)
{
	int64_t so_far = retransmits(flow);

	pthread_mutex_lock(&flow->lock);
	*measure = (struct iperf3_measure){
		.bytes = flow->bytes,
		.blocks = flow->blocks - flow->omitted_blocks,
		.retransmits = so_far < 0 ? -1 : so_far - flow->omitted_retransmits,
		.last_ns = flow->last_ns,
	};
	if (flow->config.protocol == IPERF_UDP && flow->config.sends) {
		measure->packets = flow->blocks;
		measure->omitted_packets = flow->omitted_blocks;
	} else if (flow->config.protocol == IPERF_UDP) {
		measure->packets = flow->counter.packets;
		measure->errors = flow->counter.errors;
		measure->out_of_order = flow->counter.out_of_order;
		measure->omitted_packets = flow->counter.omitted_packets;
		measure->omitted_errors = flow->counter.omitted_errors;
		measure->jitter = flow->counter.jitter;
	}
	pthread_mutex_unlock(&flow->lock);
}
