/* Payload of the client, from TEST_RUNNING to TEST_END (SPEC 27). */
#include "iperf3_client.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- streams outside the run -------------------------------------------------------------------------------------- */

size_t client3_poll_streams(const struct i3_client *c, struct pollfd *fds)
{
	bool reads = c->ended && !i3_client_fault(reading_stops);

	for (size_t i = 0; i < c->count; i++) {
		const struct i3_stream *s = &c->streams[i];
		bool watched = reads ? !s->sender && !s->ended : !c->ended && !c->running_ns && s->sender && !s->udp;

		fds[i] = (struct pollfd){watched ? s->fd : -1, POLLIN, 0};
	}
	return c->count;
}

/* A stream that the client sends on: what comes there is ACCESS_DENIED. */
static bool is_denied(struct i3_stream *s)
{
	uint8_t octet;
	ssize_t n = recv(s->fd, &octet, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (i3_client_fault(denied_stream_ignored) && n >= 0) {
		s->ended = s->ended || n == 0;
		return false;
	}
	if (i3_client_fault(reset_stream_ignored) && n < 0) {
		s->ended = true;
		return false;
	}
	client3_problem(n > 0 ? "a stream was denied" : "a stream was ended by the server");
	return true;
}

/* A stream that the client receives on: payload may begin with the octet too, but does not end with it. */
static bool is_receiver_denied(struct i3_stream *s)
{
	uint8_t octets[2];
	struct pollfd fd = {s->fd, POLLRDHUP, 0};

	if (s->sender || s->udp || recv(s->fd, octets, 2, MSG_DONTWAIT | MSG_PEEK) != 1 || octets[0] != 0xff ||
	    poll(&fd, 1, 0) < 1 || i3_client_fault(denied_stream_ignored))
		return false;
	client3_problem("a stream was denied");
	return true;
}

/* Reads once without counting. */
static void pass_over(struct i3_client *c, struct i3_stream *s)
{
	struct i3_stream scratch = *s;
	uint8_t octets[65536];

	if (s->udp) {
		ssize_t n = recv(s->fd, octets, sizeof octets, MSG_DONTWAIT);

		if (n >= 0 && i3_client_fault(counts_to_the_exchange))
			i3_stream_datagram(s, &c->params, octets, (size_t)n);
		return;
	}
	i3_stream_read(&scratch, &c->params);
	if (i3_client_fault(counts_to_the_exchange))
		s->bytes = scratch.bytes;
	s->ended = scratch.ended;
}

bool client3_look_at_streams(struct i3_client *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct i3_stream *s = &c->streams[i];

		if (c->ended && !s->sender && !s->ended && !i3_client_fault(reading_stops))
			pass_over(c, s);
		else if (!c->ended && !c->running_ns && s->sender && !s->udp && !s->ended && is_denied(s))
			return false;
		else if (!c->ended && !c->running_ns && is_receiver_denied(s))
			return false;
	}
	return true;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

struct run {
	struct i3_client *c;
	uint64_t omit_end, end; /* end: I3_FOR_EVER without a time */
	uint64_t last_ns;	/* of payload received */
	uint64_t said_ns;	/* by a fault: when the end is noticed */
	bool omitting, ending; /* ending: no block begins any more */
};

struct moved {
	uint64_t begun, done, blocks_begun, blocks_done;
};

/* What streams of that direction have moved, and, of senders, begun to move. */
static struct moved moved(const struct i3_client *c, bool sender)
{
	struct moved m = {0};

	for (size_t i = 0; i < c->count; i++) {
		const struct i3_stream *s = &c->streams[i];

		if (s->sender != sender)
			continue;
		m.done += s->bytes;
		m.begun += s->bytes + s->block_left;
		m.blocks_begun += sender || s->udp ? s->blocks : s->bytes / (uint64_t)c->params.len;
		m.blocks_done = m.blocks_begun;
	}
	return m;
}

static bool enough(const struct i3_params *p, uint64_t octets, uint64_t blocks)
{
	uint64_t times = i3_client_fault(number_per_stream) ? (uint64_t)p->parallel : 1;

	return (p->num > 0 && octets >= (uint64_t)p->num * times) ||
	       (p->blockcount > 0 && blocks >= (uint64_t)p->blockcount * times);
}

static bool may_begin(const struct run *r)
{
	struct moved m = moved(r->c, true);

	return !r->ending && (r->omitting || !enough(&r->c->params, m.begun, m.blocks_begun));
}

static bool block_is_begun(const struct i3_client *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->streams[i].block_left > 0 && !c->streams[i].ended)
			return true;
	return false;
}

/* R-27.2-2: in each direction that there is; the first that is through ends the test. */
static bool through(const struct run *r)
{
	const struct i3_client *c = r->c;
	struct moved sent = moved(c, true), received = moved(c, false);

	if (r->omitting)
		return false;
	return (!block_is_begun(c) && enough(&c->params, sent.done, sent.blocks_done)) ||
	       enough(&c->params, received.done, received.blocks_done);
}

static bool move(struct run *r, struct i3_stream *s, short events)
{
	struct i3_client *c = r->c;
	uint8_t octets[65536];
	ssize_t n = 0;

	if (s->sender && !s->udp && events & (POLLIN | POLLERR | POLLHUP) && is_denied(s))
		return false;
	if (s->sender && events & POLLOUT)
		n = i3_stream_send(s, &c->params);
	else if (!s->sender && s->udp)
		n = recv(s->fd, octets, sizeof octets, MSG_DONTWAIT);
	else if (!s->sender)
		n = i3_stream_read(s, &c->params);
	if (!s->sender && n > 0) {
		r->last_ns = now_ns();
		if (s->udp)
			i3_stream_datagram(s, &c->params, octets, (size_t)n);
	}
	if (n >= 0 || s->udp || i3_client_fault(reset_stream_ignored))
		return true;
	if (!s->sender && errno == 0 && !i3_client_fault(ended_stream_fails))
		return true; /* R-27.1-3 */
	client3_problem("a stream was reset");
	return false;
}

/* Polls once for all; false: the test is over. */
static bool turn(struct run *r, uint64_t until)
{
	struct i3_client *c = r->c;
	struct pollfd fds[1 + 2 * I3_STREAMS_MAX];
	bool begin = may_begin(r);
	uint64_t now = now_ns(), wait;
	struct timespec ts;
	sigset_t unblocked;

	fds[0] = (struct pollfd){c->control, POLLIN, 0};
	for (size_t i = 0; i < c->count; i++) {
		const struct i3_stream *s = &c->streams[i];
		bool sends = s->sender && (begin || s->block_left > 0) && i3_stream_due(s, now, &until);
		short events = (short)((sends ? POLLOUT : 0) | (s->sender && s->udp ? 0 : POLLIN));

		fds[1 + i] = (struct pollfd){s->ended || !events ? -1 : s->fd, events, 0};
	}
	wait = until > now ? until - now : 0;
	ts = (struct timespec){(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
	sigemptyset(&unblocked);
	ppoll(fds, 1 + c->count, until == I3_FOR_EVER ? NULL : &ts, &unblocked);
	if (i3_client_stopped)
		return false;
	if (fds[0].revents && !client3_expect(c, I3_IPERF_DONE, client3_deadline(c, false)))
		return false;
	for (size_t i = 0; i < c->count; i++) {
		/* no block more than may begin, however many streams are ready */
		bool send = may_begin(r) || c->streams[i].block_left > 0;
		short events = (short)(fds[1 + i].revents & (send ? ~0 : ~POLLOUT));

		if (events && !move(r, &c->streams[i], events))
			return false;
	}
	return true;
}

static void end_omit(struct run *r)
{
	r->omitting = false;
	for (size_t i = 0; i < r->c->count; i++)
		i3_stream_omitted(&r->c->streams[i]);
}

static bool receives(const struct i3_client *c)
{
	return c->params.reverse || c->params.bidirectional;
}

/* The soonest time at which something is due. */
static uint64_t next_time(const struct run *r, uint64_t silence)
{
	uint64_t until = r->end;

	if (r->omitting && r->omit_end < until)
		until = r->omit_end;
	return silence < until ? silence : until;
}

/* By a fault, the end is seen only when the next report is due. */
static bool unseen(struct run *r, uint64_t now)
{
	uint64_t interval = r->c->options->interval_ns;

	if (!i3_client_fault(end_at_interval))
		return false;
	if (!r->said_ns)
		r->said_ns = interval ? now + interval - (now - r->c->running_ns) % interval : I3_FOR_EVER;
	if (now < r->said_ns)
		sleep_ms(10);
	return now < r->said_ns;
}

/* A sender's last octets have to arrive before TEST_END, or they may not be counted (SPEC 25). */
static void settle(struct i3_client *c)
{
	uint64_t until = now_ns() + 200 * NS_PER_MS;
	bool waiting = true;

	for (; waiting && now_ns() < until; sleep_ms(5)) {
		waiting = false;
		for (size_t i = 0; i < c->count; i++) {
			int left = 0;

			if (c->streams[i].sender && !c->streams[i].udp && c->streams[i].fd >= 0)
				ioctl(c->streams[i].fd, SIOCOUTQ, &left);
			waiting |= left > 0;
		}
	}
	sleep_ms(20);
}

/* Servers of version 3.15 and 3.0.1 wait for the rest of a block before they see TEST_END. */
static bool end_blocks(struct run *r)
{
	uint64_t until = now_ns() + 200 * NS_PER_MS;

	r->ending = true;
	while (now_ns() < until && block_is_begun(r->c))
		if (!turn(r, until))
			return false;
	return true;
}

/* By faults, time is not all that decides. */
static bool clock_is_stopped(const struct run *r)
{
	const struct i3_client *c = r->c;
	bool ended = false;

	for (size_t i = 0; i < c->count; i++)
		ended |= !c->streams[i].sender && c->streams[i].ended;
	return (i3_client_fault(end_needs_payload) && r->last_ns == c->running_ns && receives(c)) ||
	       (i3_client_fault(ended_stream_stops_clock) && ended);
}

static bool go(struct run *r)
{
	struct i3_client *c = r->c;
	uint64_t limit = i3_client_fault(receive_timeout_ignored) ? 0 : c->options->silence_ns;

	for (;;) {
		uint64_t now = now_ns(), silence = limit && receives(c) ? r->last_ns + limit : I3_FOR_EVER;

		if (r->omitting && now >= r->omit_end)
			end_omit(r);
		if (now >= r->end && !clock_is_stopped(r))
			return end_blocks(r);
		if (through(r) && !unseen(r, now)) {
			settle(c);
			return true;
		}
		if (now >= silence) {
			client3_problem("no payload came");
			return false;
		}
		if (!turn(r, now >= r->end ? now + NS_PER_S / 10 : next_time(r, silence)))
			return false;
	}
}

/* What has come by now counts. */
static void drain(struct run *r)
{
	uint64_t until = now_ns() + 20 * NS_PER_MS;

	for (size_t i = 0; i < r->c->count; i++) {
		struct i3_stream *s = &r->c->streams[i];
		struct pollfd fd = {s->fd, POLLIN, 0};

		while (!s->sender && !s->ended && now_ns() < until && poll(&fd, 1, 0) > 0 && fd.revents & POLLIN)
			if (!move(r, s, POLLIN))
				break;
	}
}

bool client3_run(struct i3_client *c)
{
	const struct i3_params *p = &c->params;
	uint64_t omit = (uint64_t)p->omit * NS_PER_S, time = (uint64_t)p->time * NS_PER_S;
	struct run r = {.c = c, .omitting = p->omit > 0};
	bool good;

	if (i3_client_fault(test_end_late))
		time += 3 * NS_PER_S;
	if (!client3_look_at_streams(c)) /* R-25-13 */
		return false;
	c->running_ns = r.last_ns = now_ns();
	r.omit_end = c->running_ns + omit;
	r.end = p->time > 0 ? r.omit_end + time : I3_FOR_EVER;
	if (i3_client_fault(omit_not_added) && p->time > 0)
		r.end -= omit;
	good = go(&r);
	if (good)
		drain(&r);
	if (r.omitting)
		end_omit(&r);
	c->ended_ns = now_ns();
	return good;
}
