#include "ref/source.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/pace.h"
#include "ref/wake.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define STACK (128 * 1024)
#define SEGMENTS 64      /* datagrams that the kernel cuts from one send (UDP_SEGMENT) */
#define JOINED 65000     /* octets of these together */
#define MESSAGES 16      /* sends in one system call */

struct source {
	struct source_config config;
	int halt;                /* eventfd: readable when all shall end */
	atomic_bool halted;
	atomic_size_t running;
	uint8_t *payload;        /* for all streams: they send the same octets over and over */
};

/* --- waiting ----------------------------------------------------------------------------------------------------- */

/* Waits for room in fd, or with -1 for the time alone. Returns false when the payload is over. */
static bool wait_until(const struct source *source, int fd, int64_t until_ns)
{
	struct pollfd waits[] = { { .fd = source->halt, .events = POLLIN }, { .fd = fd, .events = POLLOUT } };
	int64_t now_ns = clock_now_ns();
	int64_t end_ns = until_ns < source->config.deadline_ns ? until_ns : source->config.deadline_ns;
	struct timespec timeout = clock_timespec(end_ns > now_ns ? end_ns - now_ns : 0);

	ppoll(waits, fd < 0 ? 1 : 2, end_ns == INT64_MAX ? NULL : &timeout, NULL);
	return !atomic_load_explicit(&source->halted, memory_order_relaxed) &&
	       (end_ns == INT64_MAX || clock_now_ns() < source->config.deadline_ns);
}

/* Waits until pieces may be sent, and returns how many, at most max; 0 when the payload is over. */
static size_t next_pieces(const struct source *source, const struct pace *pace, size_t max)
{
	for (;;) {
		int64_t now_ns = clock_now_ns();
		size_t count = pace_count(pace, now_ns, max);

		if (now_ns >= source->config.deadline_ns ||
		    atomic_load_explicit(&source->halted, memory_order_relaxed))
			return 0;
		if (count > 0)
			return count;
		if (!wait_until(source, -1, pace_next(pace)))
			return 0;
	}
}

static void count_sent(struct source_stream *stream, uint64_t bytes, uint64_t packets, int64_t now_ns)
{
	/* One thread writes these: no need for an atomic addition. */
	atomic_store_explicit(&stream->bytes, atomic_load_explicit(&stream->bytes, memory_order_relaxed) + bytes,
			      memory_order_relaxed);
	atomic_store_explicit(&stream->packets, atomic_load_explicit(&stream->packets, memory_order_relaxed) + packets,
			      memory_order_relaxed);
	atomic_store_explicit(&stream->last_ns, now_ns, memory_order_relaxed);
}

/* --- TCP --------------------------------------------------------------------------------------------------------- */

/* Octets of one write: with a rate no more than is due in one burst, so that the stream is even. */
static size_t piece_length(const struct source_stream *stream)
{
	double burst = (double)stream->rate / 8e9 * (double)PACE_BURST_NS;

	if (stream->rate == 0 || burst >= (double)stream->length)
		return stream->length;
	return burst < 1 ? 1 : (size_t)burst;
}

static void send_tcp(struct source_stream *stream)
{
	const struct source *source = stream->source;
	size_t piece = piece_length(stream);
	uint64_t left = stream->budget;
	struct pace pace;

	pace_start(&pace, stream->rate, piece, clock_now_ns());
	while (left > 0 && next_pieces(source, &pace, 1) > 0) {
		ssize_t sent = send(stream->fd, source->payload, piece < left ? piece : (size_t)left,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			int64_t now_ns = clock_now_ns();

			left -= (uint64_t)sent;
			count_sent(stream, (uint64_t)sent, 0, now_ns);
			pace_sent(&pace, (double)sent / (double)piece, now_ns);
		} else if (errno == EAGAIN) {
			if (!wait_until(source, stream->fd, INT64_MAX))
				return;
		} else if (errno != EINTR) {
			return; /* the connection is broken; the loop sees that too, and tells */
		}
	}
}

/* --- UDP --------------------------------------------------------------------------------------------------------- */

/* What is to be sent in one go: count datagrams of the stream's length. */
struct batch {
	size_t joined;        /* datagrams in a message: above 1 the kernel cuts it (UDP_SEGMENT) */
	struct mmsghdr messages[MESSAGES];
	struct iovec parts[MESSAGES];
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(uint16_t))];
	} control;            /* the same for all */
};

static void prepare_joined(struct batch *batch, size_t length)
{
	struct cmsghdr *control = &batch->control.align;
	uint16_t segment = (uint16_t)length;

	memset(batch, 0, sizeof *batch);
	control->cmsg_level = SOL_UDP;
	control->cmsg_type = UDP_SEGMENT;
	control->cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(control), &segment, sizeof segment);
	batch->joined = length == 0 ? 1 : JOINED / length;
	if (batch->joined > SEGMENTS)
		batch->joined = SEGMENTS;
	if (batch->joined == 0)
		batch->joined = 1;
}

/* Sends up to count datagrams; returns how many went, or a negative errno. Two or more go joined where the kernel can
 * cut them. */
static int send_batch(const struct source_stream *stream, struct batch *batch, size_t count)
{
	size_t i = 0, datagrams;
	int sent, total = 0;

	for (; count > 0 && i < MESSAGES; i++, count -= datagrams) {
		datagrams = count < batch->joined ? count : batch->joined;
		batch->parts[i] = (struct iovec){ stream->source->payload, datagrams * stream->length };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
			.msg_control = datagrams > 1 ? &batch->control : NULL,
			.msg_controllen = datagrams > 1 ? sizeof batch->control : 0,
		};
	}
	sent = sendmmsg(stream->fd, batch->messages, (unsigned)i, MSG_NOSIGNAL);
	if (sent < 0 && batch->messages[0].msg_hdr.msg_control &&
	    (errno == EINVAL || errno == EIO || errno == EMSGSIZE)) {
		batch->joined = 1; /* longer than the MTU, or the device cannot: singly then */
		return 0;
	}
	if (sent < 0)
		return -errno;
	for (int k = 0; k < sent; k++)
		total += stream->length ? (int)(batch->parts[k].iov_len / stream->length) : 1;
	return total;
}

/* Sending has failed: waits for better times, or returns false when there will be none. */
static bool recover(struct source_stream *stream, int error)
{
	switch (error) {
	case EINTR:
	case ECONNREFUSED: /* an ICMP message about an earlier datagram: this one was not even tried */
		return true;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return wait_until(stream->source, -1, clock_now_ns() + IPERF_MS);
	case EPIPE: /* the loop has shut the socket down */
		return false;
	default:
		atomic_store(&stream->error, error);
		return false;
	}
}

/* The last datagram of a budget may be shorter. */
static void send_rest(struct source_stream *stream, size_t length)
{
	do {
		if (send(stream->fd, stream->source->payload, length, MSG_NOSIGNAL) >= 0) {
			count_sent(stream, length, 1, clock_now_ns());
			return;
		}
	} while (recover(stream, errno));
}

static void send_udp(struct source_stream *stream)
{
	struct batch batch;
	uint64_t left = stream->length ? stream->budget / stream->length : UINT64_MAX;
	struct pace pace;

	prepare_joined(&batch, stream->length);
	pace_start(&pace, stream->rate, stream->length ? stream->length : 1, clock_now_ns());
	while (left > 0) {
		size_t most = batch.joined * MESSAGES;
		size_t count = next_pieces(stream->source, &pace, left < most ? (size_t)left : most);
		int64_t now_ns;
		int sent;

		if (count == 0)
			return;
		sent = send_batch(stream, &batch, count);
		if (sent < 0 && !recover(stream, -sent))
			return;
		if (sent <= 0)
			continue;
		now_ns = clock_now_ns();
		left -= (uint64_t)sent;
		count_sent(stream, (uint64_t)sent * stream->length, (uint64_t)sent, now_ns);
		pace_sent(&pace, sent, now_ns);
	}
	if (stream->length && stream->budget % stream->length && next_pieces(stream->source, &pace, 1) > 0)
		send_rest(stream, (size_t)(stream->budget % stream->length));
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

static void *work(void *user)
{
	struct source_stream *stream = user;
	struct source *source = stream->source;

	prctl(PR_SET_TIMERSLACK, 1UL); /* paces are shorter than the usual 50 us */
	if (stream->protocol == IPERF_TCP)
		send_tcp(stream);
	else
		send_udp(stream);
	if (atomic_fetch_sub(&source->running, 1) == 1)
		source->config.over(source->config.user);
	return NULL;
}

/* Digits, as iperf3 sends: no message starts with one (R-8.3-9). */
static uint8_t *make_payload(const struct source_config *config)
{
	size_t length = JOINED;
	uint8_t *payload;

	for (size_t i = 0; i < config->count; i++)
		if (config->streams[i].length > length)
			length = config->streams[i].length;
	payload = malloc(length);
	for (size_t i = 0; payload && i < length; i++)
		payload[i] = (uint8_t)('0' + i % 10);
	return payload;
}

static int start_threads(struct source *source)
{
	pthread_attr_t attributes;
	int error = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	for (size_t i = 0; i < source->config.count && error == 0; i++) {
		struct source_stream *stream = &source->config.streams[i];

		if (stream->fd < 0)
			continue;
		stream->source = source;
		error = -pthread_create(&stream->thread, &attributes, work, stream);
		stream->started = error == 0;
	}
	pthread_attr_destroy(&attributes);
	return error;
}

int source_start(struct source **source, const struct source_config *config)
{
	struct source *new = calloc(1, sizeof *new);
	int error = -ENOMEM;

	if (!new)
		return error;
	new->config = *config;
	for (size_t i = 0; i < config->count; i++)
		atomic_fetch_add(&new->running, config->streams[i].fd >= 0);
	new->payload = make_payload(config);
	new->halt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (new->halt < 0)
		error = -errno;
	else if (new->payload)
		error = start_threads(new);
	if (error == 0) {
		*source = new;
		return 0;
	}
	source_halt(new);
	source_free(new);
	return error;
}

void source_halt(struct source *source)
{
	if (!source || source->halt < 0)
		return;
	atomic_store(&source->halted, true);
	wake_up(source->halt);
}

void source_free(struct source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < source->config.count; i++)
		if (source->config.streams[i].started)
			pthread_join(source->config.streams[i].thread, NULL);
	if (source->halt >= 0)
		close(source->halt);
	free(source->payload);
	free(source);
}
