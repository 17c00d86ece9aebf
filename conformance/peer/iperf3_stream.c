#include "iperf3_stream.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

static uint8_t payload[1 << 17];

int i3_stream_id(size_t index)
{
	if (i3_fault(ids_1_2_3))
		return (int)index + 1;
	return index == 0 ? 1 : (int)index + 2;
}

void i3_payload_make(const struct i3_params *p)
{
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)('0' + i % 10);
	if (!p->repeating && getrandom(payload, 256, 0) == 256)
		for (size_t i = 256; i < sizeof payload; i++)
			payload[i] = (uint8_t)(payload[i - 256] + i / 256);
}

static size_t header_len(const struct i3_params *p)
{
	return p->wide ? 16 : 12;
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

/* R-26.3-1 to R-26.3-3 */
static void count_sequence(struct i3_stream *s, uint64_t sequence)
{
	bool first_unseen = i3_fault(first_loss_unseen) && s->datagrams == 1;

	if (sequence > s->highest) {
		if (!i3_fault(errors_forgotten) && !first_unseen)
			s->errors += (int64_t)(sequence - s->highest - 1);
		s->highest = sequence;
	} else if (!i3_fault(late_not_taken_off) && (s->errors > 0 || i3_fault(late_below_zero))) {
		s->errors--;
	}
}

/* R-26.3-5 */
static void count_jitter(struct i3_stream *s, const uint8_t *header)
{
	double sent = i3_get32(header) + i3_get32(header + 4) / 1e6, now = (double)now_ns() / 1e9;
	double transit = now - sent, moved = fabs(transit - s->transit);

	if (s->has_transit && !i3_fault(jitter_zero))
		s->jitter += (moved - s->jitter) / 16;
	s->transit = transit;
	s->has_transit = true;
}

/* What a program does that reads datagrams like a TCP stream. */
static bool joined(struct i3_stream *s, const struct i3_params *p, size_t n)
{
	size_t before = s->joined;

	if (!i3_fault(short_datagrams_joined) || n >= (size_t)p->len)
		return false;
	s->joined = (before + n) % (size_t)p->len;
	s->bytes += n;
	return before > 0;
}

void i3_stream_datagram(struct i3_stream *s, const struct i3_params *p, const uint8_t *octets, size_t n)
{
	bool wide = p->wide && !i3_fault(wide_not_read), narrow = i3_fault(sequence_32_bits);
	uint64_t highest = s->highest, sequence;

	if (n < header_len(p) || joined(s, p, n))
		return; /* no datagram of a sender; a repeated hello is one of these */
	sequence = wide ? i3_get64(octets + 8) : i3_get32(octets + 8);
	if (narrow)
		sequence = (uint32_t)sequence;
	s->datagrams++;
	s->blocks++;
	count_sequence(s, sequence);
	if (i3_fault(repeated_not_counted) && sequence <= highest)
		return;
	if (!(i3_fault(short_datagrams_joined) && n < (size_t)p->len))
		s->bytes += i3_fault(bytes_without_header) ? n - header_len(p) : n;
	count_jitter(s, octets);
}

static size_t misread(size_t n, const struct i3_params *p, const uint8_t *octets)
{
	const uint8_t *nul = i3_fault(payload_nul_stops) ? memchr(octets, 0, n) : NULL;

	if (nul)
		return (size_t)(nul - octets);
	return i3_server_fault(block_per_read) ? (size_t)p->len : n;
}

ssize_t i3_stream_read(struct i3_stream *s, const struct i3_params *p)
{
	static uint8_t octets[1 << 18];
	ssize_t n = recv(s->fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n > 0) {
		s->bytes += misread((size_t)n, p, octets);
		return n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	errno = n < 0 ? errno : 0;
	s->ended = true;
	return -1;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

bool i3_stream_due(const struct i3_stream *s, uint64_t now, uint64_t *when)
{
	if (now >= s->due_ns || s->block_left > 0)
		return true;
	if (s->due_ns < *when)
		*when = s->due_ns;
	return false;
}

static void schedule(struct i3_stream *s, const struct i3_params *p)
{
	uint64_t now = now_ns(), rate = (uint64_t)(p->bandwidth > 0 ? p->bandwidth : p->fqrate);

	if (rate == 0 || i3_fault(bandwidth_ignored))
		return;
	if (s->due_ns + 100 * NS_PER_MS < now)
		s->due_ns = now; /* what could not be sent is not made up for at once */
	s->due_ns += (uint64_t)((double)p->len * 8e9 / (double)rate);
}

static void put_header(const struct i3_stream *s, const struct i3_params *p)
{
	uint64_t now = now_ns(), sequence = s->highest + (i3_fault(sequence_from_zero) ? 0 : 1);
	bool wide = p->wide && !i3_fault(wide_not_sent);

	i3_put32(payload, (uint32_t)(now / NS_PER_S));
	i3_put32(payload + 4, (uint32_t)(now % NS_PER_S / 1000));
	if (wide)
		i3_put64(payload + 8, sequence);
	else
		i3_put32(payload + 8, (uint32_t)sequence);
	if (i3_fault(sequence_little_endian))
		for (int i = 0; i < 4; i++)
			payload[8 + i] = (uint8_t)(sequence >> (8 * i));
}

static ssize_t send_datagram(struct i3_stream *s, const struct i3_params *p)
{
	bool to = s->address.sin6_family != 0;
	size_t n = (size_t)p->len - (i3_fault(datagrams_without_header) ? header_len(p) : 0);
	ssize_t sent;

	put_header(s, p);
	sent = sendto(s->fd, payload, n, MSG_DONTWAIT | MSG_NOSIGNAL, to ? (void *)&s->address : NULL,
		      to ? sizeof s->address : 0);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ECONNREFUSED ? 0 : -1;
	s->highest++;
	s->blocks++;
	s->bytes += (uint64_t)sent;
	schedule(s, p);
	return sent;
}

/* More than the system's buffers hold, on a socket that a fault has made blocking. */
static ssize_t send_until_blocked(struct i3_stream *s)
{
	static const uint8_t much[1 << 24];
	ssize_t sent = send(s->fd, much, sizeof much, MSG_NOSIGNAL);

	s->block_left = 0;
	s->ended = sent < 0;
	s->bytes += sent < 0 ? 0 : (uint64_t)sent;
	return sent;
}

ssize_t i3_stream_send(struct i3_stream *s, const struct i3_params *p)
{
	size_t n;
	ssize_t sent;

	if (s->udp)
		return send_datagram(s, p);
	if (s->block_left == 0) {
		s->block_left = (size_t)p->len;
		s->blocks++;
		schedule(s, p);
	}
	n = s->block_left < sizeof payload ? s->block_left : sizeof payload;
	if (i3_server_fault(blocking_writes))
		return send_until_blocked(s);
	sent = send(s->fd, payload, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (sent < 0) {
		s->ended = true;
		return -1;
	}
	s->block_left -= (size_t)sent;
	s->bytes += (uint64_t)sent;
	return sent;
}

/* --- results ------------------------------------------------------------------------------------------------------ */

void i3_stream_omitted(struct i3_stream *s)
{
	s->omitted_packets = (int64_t)s->highest;
	s->omitted_errors = s->errors;
	s->blocks = 0;
	if (!i3_fault(omit_counted))
		s->bytes = 0;
	if (s->sender && i3_fault(sequence_restarts))
		s->highest = 0;
}

int64_t i3_stream_packets(const struct i3_stream *s)
{
	int64_t packets = (int64_t)s->highest;

	if (!s->udp)
		return 0;
	if (!s->sender && i3_fault(packets_received))
		packets = (int64_t)s->datagrams;
	return i3_fault(omit_dropped) ? packets - s->omitted_packets : packets;
}

int64_t i3_stream_errors(const struct i3_stream *s)
{
	if (!s->udp || s->sender)
		return 0;
	return i3_fault(omit_dropped) ? s->errors - s->omitted_errors : s->errors;
}
