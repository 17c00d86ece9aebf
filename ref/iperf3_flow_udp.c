#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "ref/clock.h"
#include "ref/iperf3_flow_private.h"
#include "ref/pace.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define SEGMENTS 64     /* datagrams that the kernel cuts from one send (UDP_SEGMENT) */
#define JOINED 65000    /* octets of these together */
#define MESSAGES 16     /* in one read */
#define ROOM 65536      /* for the longest datagram, or as many as the kernel has joined (UDP_GRO) */
#define DRAIN_NS (200 * IPERF_MS)

union control {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(int))];
};

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* Writes the headers of count datagrams, that lie one behind the other. */
static void write_headers(struct iperf3_flow *flow, size_t count, uint64_t sequence)
{
	int64_t now_ns = clock_now_ns();
	struct iperf3_header header = {
		.seconds = (uint32_t)(now_ns / IPERF_S),
		.microseconds = (uint32_t)(now_ns % IPERF_S / 1000),
	};
	uint8_t octets[IPERF3_HEADER_64];

	for (size_t i = 0; i < count; i++) {
		size_t length;

		header.sequence = sequence + i;
		length = iperf3_header_write(octets, flow->config.wide, &header);
		memcpy(flow->room + i * flow->config.length, octets, length);
	}
}

/* Sends count datagrams in one go; returns 0 or an errno. */
static int send_joined(struct iperf3_flow *flow, size_t count)
{
	struct iovec part = { flow->room, count * flow->config.length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	uint16_t segment = (uint16_t)flow->config.length;
	union control control;

	if (count > 1) {
		memset(&control, 0, sizeof control);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof segment);
		control.align.cmsg_level = SOL_UDP;
		control.align.cmsg_type = UDP_SEGMENT;
		control.align.cmsg_len = CMSG_LEN(sizeof segment);
		memcpy(CMSG_DATA(&control.align), &segment, sizeof segment);
	}
	return sendmsg(flow->config.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

/* Sending has failed: waits for better times. False: there will be none. *joined: datagrams in one send. */
static bool recover(struct iperf3_flow *flow, int error, size_t *joined)
{
	switch (error) {
	case EINTR:
	case ECONNREFUSED: /* an ICMP message about an earlier datagram: this one was not even tried */
		return true;
	case EAGAIN:
		iperf3_flow_wait(flow, POLLOUT, clock_now_ns() + 100 * IPERF_MS);
		return true;
	case EINVAL:
	case EIO:
	case EMSGSIZE: /* longer than the MTU, or the device cannot cut: singly then */
		if (*joined > 1) {
			*joined = 1;
			return true;
		}
		break;
	case ENOBUFS:
	case ENOMEM:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		iperf3_flow_wait(flow, 0, clock_now_ns() + IPERF_MS);
		return true;
	default:
		break;
	}
	iperf3_flow_over(flow, error);
	return false;
}

static size_t joined_at_most(size_t length)
{
	size_t joined = JOINED / length;

	return joined < 1 ? 1 : joined > SEGMENTS ? SEGMENTS : joined;
}

void iperf3_flow_send_udp(struct iperf3_flow *flow)
{
	size_t joined = joined_at_most(flow->config.length);
	size_t burst = flow->config.rate > 0 && flow->config.burst > 1 ? (size_t)flow->config.burst : 1;
	uint64_t sent = 0; /* R-26.2-3: through omit */
	size_t owed = 0;   /* of a burst */
	struct pace pace;

	pace_start(&pace, flow->config.rate, flow->config.length * burst, clock_now_ns());
	while (!iperf3_flow_halted(flow)) {
		size_t count = owed ? owed : pace_count(&pace, clock_now_ns(), joined) * burst;
		int error;

		if (count == 0) {
			iperf3_flow_wait(flow, 0, pace_next(&pace));
			continue;
		}
		if (owed == 0)
			pace_sent(&pace, (double)count / (double)burst, clock_now_ns());
		owed = count;
		count = iperf3_flow_take(flow, count < joined ? count : joined);
		if (count == 0) {
			iperf3_flow_over(flow, 0);
			return;
		}
		write_headers(flow, count, sent + 1);
		error = send_joined(flow, count);
		if (error == 0) {
			sent += count;
			owed -= count;
			iperf3_flow_moved(flow, count * flow->config.length, count, clock_now_ns());
			if (!iperf3_flow_used_up(flow))
				continue;
			iperf3_flow_over(flow, 0); /* at once, not when the next datagram is due (R-27.2-3) */
			return;
		}
		iperf3_flow_give(flow, count);
		if (!recover(flow, error, &joined))
			return;
	}
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

/* One read: as many messages as there are. */
struct batch {
	struct mmsghdr messages[MESSAGES];
	struct iovec parts[MESSAGES];
	union control controls[MESSAGES];
};

static void prepare(struct batch *batch, uint8_t *room)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		batch->parts[i] = (struct iovec){ room + i * ROOM, ROOM };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
			.msg_control = &batch->controls[i],
			.msg_controllen = sizeof batch->controls[i],
		};
	}
}

/* The length of each datagram (but the last, that may be shorter) of those that the kernel joined; 0: it is one. */
static size_t segment_length(struct msghdr *message)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		int length;

		if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO)
			continue;
		memcpy(&length, CMSG_DATA(control), sizeof length);
		return length > 0 ? (size_t)length : 0;
	}
	return 0;
}

/* Counts a message: a datagram, or several in a row. Returns how many. The lock is held. */
static uint64_t count_message(struct iperf3_flow *flow, struct mmsghdr *message, int64_t now_ns)
{
	const uint8_t *octets = message->msg_hdr.msg_iov->iov_base;
	size_t left = message->msg_len, segment = segment_length(&message->msg_hdr);
	uint64_t count = 0;

	do {
		size_t length = segment > 0 && segment < left ? segment : left;

		iperf3_counter_datagram(&flow->counter, flow->config.wide, octets, length, now_ns);
		octets += length;
		left -= length;
		count++;
	} while (left > 0);
	return count;
}

/* Returns what recvmmsg() does. */
static int receive_some(struct iperf3_flow *flow, struct batch *batch)
{
	uint64_t bytes, blocks = 0;
	int64_t now_ns;
	int count;

	prepare(batch, flow->room);
	count = recvmmsg(flow->config.fd, batch->messages, MESSAGES, MSG_DONTWAIT, NULL);
	if (count <= 0)
		return count;
	now_ns = clock_now_ns();
	pthread_mutex_lock(&flow->lock);
	bytes = flow->counter.bytes;
	for (int i = 0; i < count; i++)
		blocks += count_message(flow, &batch->messages[i], now_ns);
	bytes = flow->counter.bytes - bytes; /* the counter knows what is too short to count */
	pthread_mutex_unlock(&flow->lock);
	iperf3_flow_moved(flow, bytes, blocks, now_ns);
	return count;
}

void iperf3_flow_receive_udp(struct iperf3_flow *flow)
{
	struct batch batch;
	int64_t end_ns;
	int one = 1;

	setsockopt(flow->config.fd, SOL_UDP, UDP_GRO, &one, sizeof one); /* else they come singly, that is all */
	while (!iperf3_flow_halted(flow)) {
		if (receive_some(flow, &batch) > 0)
			continue;
		if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) {
			iperf3_flow_wait(flow, POLLIN, INT64_MAX);
			continue;
		}
		iperf3_flow_over(flow, errno);
		return;
	}
	end_ns = clock_now_ns() + DRAIN_NS;
	while ((receive_some(flow, &batch) > 0 || errno == EINTR) && clock_now_ns() < end_ns)
		;
}
