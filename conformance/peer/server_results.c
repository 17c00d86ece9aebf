/* Answers to requests for results (SPEC 9). */
#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static bool is_listed(const struct server *s, const struct stream *st)
{
	if (server_fault(json_ended_unlisted) && (st->ended || stream_complete(s, st)))
		return false;
	if (server_fault(json_terminated_only) && !stream_complete(s, st))
		return false;
	return !st->hidden;
}

static void put_bytes(FILE *f, const struct server *s, const struct stream *st)
{
	uint64_t bytes = stream_bytes(s, st);

	fprintf(f,
		server_fault(json_bytes_string) ? ",\"bytes\":\"%" PRIu64 "\""
		: server_fault(json_exponent)	? ",\"bytes\":%" PRIu64 "e0"
		: server_fault(json_fraction)	? ",\"bytes\":%" PRIu64 ".0"
						: ",\"bytes\":%" PRIu64,
		bytes);
}

static void put_packets(FILE *f, const struct stream *st)
{
	uint64_t packets = st->packets + (server_fault(json_packets_messages) ? st->messages : 0);

	if (st->udp ? server_fault(json_packets_null_on_udp) : !server_fault(json_packets_0_on_tcp))
		fputs(",\"packets\":null", f);
	else
		fprintf(f, ",\"packets\":%" PRIu64, packets);
}

static void put_seconds(FILE *f, const struct stream *st)
{
	uint64_t last = server_fault(json_seconds_to_now) ? now_ns() : st->last_ns;
	uint64_t us = (last - st->begun_ns) / 1000;

	if (server_fault(json_no_seconds))
		return;
	if (server_fault(json_seconds_ms))
		us *= 1000;
	/* the negative fault needs a number below 0 even for a stream without payload */
	fprintf(f, ",\"seconds\":%s%" PRIu64 ".%06" PRIu64, server_fault(json_seconds_negative) ? "-1" : "",
		us / 1000000, us % 1000000);
}

static void put_complete(FILE *f, bool complete)
{
	if (server_fault(json_complete_number))
		fprintf(f, ",\"complete\":%d", complete);
	else
		fprintf(f, ",\"complete\":%s", complete ? "true" : "false");
}

static void put_stream(FILE *f, const struct server *s, const struct stream *st, size_t id)
{
	unsigned port = ntohs(st->source.sin6_port);
	const char *protocol = st->udp ? "udp" : "tcp";

	if (server_fault(json_port_wrong))
		port = (port >> 8 | port << 8) & 0xffff;
	if (server_fault(json_port_own))
		port = s->port;
	if (server_fault(json_upper_protocol))
		protocol = st->udp ? "UDP" : "TCP";
	fprintf(f, "{\"id\":%zu,\"protocol\":\"%s\",\"client_port\":%u", id, protocol, port);
	put_bytes(f, s, st);
	put_packets(f, st);
	put_seconds(f, st);
	put_complete(f, stream_complete(s, st));
	fputs(server_fault(json_trailing_comma) ? ",}" : "}", f);
}

/* The id of the stream at index i of the list. */
static size_t stream_id(const struct server *s, size_t i)
{
	size_t id = server_fault(json_ids_from_0) ? 0 : 1;

	for (size_t j = 0; j < i; j++)
		if (is_listed(s, s->streams[j]) &&
		    (!server_fault(json_ids_by_protocol) || s->streams[j]->udp == s->streams[i]->udp))
			id++;
	return id;
}

static void put_data(FILE *f, const struct server *s)
{
	uint64_t sum = 0;
	size_t listed = 0;

	fputs("{\"streams\":", f);
	for (size_t n = 0; n < s->stream_count; n++) {
		size_t i = server_fault(json_reversed) ? s->stream_count - 1 - n : n;
		const struct stream *st = s->streams[i];

		if (!is_listed(s, st))
			continue;
		fputc(listed++ ? ',' : '[', f);
		put_stream(f, s, st, stream_id(s, i));
		sum = server_fault(json_sum_last) ? stream_bytes(s, st) : sum + stream_bytes(s, st);
	}
	if (listed)
		fputc(']', f);
	else
		fputs(server_fault(json_streams_null) ? "null" : "[]", f);
	sum += server_fault(json_sum_wrong);
	for (int i = 0; i < (server_fault(json_no_sum) ? 0 : server_fault(json_duplicate) ? 2 : 1); i++)
		fprintf(f, ",\"bytes\":%" PRIu64, sum);
	fputs(server_fault(json_trailing_comma) ? ",}" : "}", f);
}

static char *build_data(struct server *s, size_t *len)
{
	char *data = NULL, *old = s->stale;
	size_t old_len = s->stale_len;
	FILE *f = open_memstream(&data, len);

	if (!f)
		abort();
	put_data(f, s);
	if (server_fault(json_two_objects))
		put_data(f, s);
	fclose(f);
	if (!server_fault(stale_answer))
		return data;
	s->stale = data;
	s->stale_len = *len;
	if (!old)
		return strdup(data);
	*len = old_len;
	return old;
}

static char *build_answer(struct server *s, size_t *len)
{
	char *answer = NULL, *data;
	size_t data_len;
	uint8_t message[MESSAGE_MAX];
	FILE *f;

	data = build_data(s, &data_len);
	f = open_memstream(&answer, len);
	if (!f || !data)
		abort();
	message_build(RESULTS_RESPONSE, s->cookie, message);
	if (server_fault(response_other_cookie))
		message[MESSAGE_MAX - 1] ^= 1;
	fwrite(message, 1, sizeof message, f);
	fputs(server_fault(response_no_space) ? "" : server_fault(response_two_spaces) ? "  " : " ", f);
	fwrite(data, 1, data_len, f);
	if (server_fault(response_newline))
		fputc('\n', f);
	if (server_fault(response_nul))
		fputc(0, f);
	fclose(f);
	free(data);
	return answer;
}

/* R-11-5: at the bound, the connection that was answered first goes. */
static void bound_results(struct server *s)
{
	struct conn *oldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < s->conn_count; i++) {
		struct conn *c = s->conns[i];

		if (c->fd < 0 || c->state != RESULTS)
			continue;
		count++;
		if (!oldest || c->answer < oldest->answer)
			oldest = c;
	}
	if (count > s->options->max_results && !server_fault(results_unbounded))
		conn_close(s, oldest);
}

static bool any_open(const struct server *s)
{
	for (size_t i = 0; i < s->stream_count; i++)
		if (!s->streams[i]->ended && !stream_complete(s, s->streams[i]))
			return true;
	return false;
}

/* Whether octets follow the request; for faults only, which may wait a little for them. */
static bool more_follows(const struct conn *c, bool tail)
{
	struct pollfd coming = {c->fd, POLLIN, 0};
	int unread = 0;

	return tail || (poll(&coming, 1, 20) > 0 && ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0);
}

static bool refused(const struct server *s, const struct conn *c, bool tail)
{
	struct pollfd closing = {c->fd, POLLRDHUP, 0};

	if (s->state != RUNNING && !server_fault(answers_without_test))
		return true;
	return (server_fault(no_stream_refused) && s->stream_count == 0) ||
	       (server_fault(results_once) && s->answered_once) || (server_fault(results_when_ended) && any_open(s)) ||
	       (server_fault(request_tail_refused) && more_follows(c, tail)) ||
	       (server_fault(half_closed_unanswered) && poll(&closing, 1, 20) > 0);
}

/* The answer shows what has arrived, not what happens to be read already (R-9.1-6). */
static void read_streams(struct server *s)
{
	for (size_t i = 0; i < s->conn_count; i++)
		if (s->conns[i]->state == STREAM)
			conn_read(s, s->conns[i]);
	udp_read(s);
}

static void after_answer(struct server *s)
{
	s->answered_once = true;
	for (size_t i = 0; server_fault(request_resets_sums) && i < s->stream_count; i++) {
		s->streams[i]->received = s->streams[i]->packets = 0;
		s->streams[i]->tail_len = 0;
	}
	if (server_fault(request_aborts))
		test_end(s, END_OTHER);
}

/* What a reset can do to an answer on its way, where a close with unread octets causes one. */
static bool lose_answer(struct server *s, struct conn *c)
{
	struct linger reset = {1, 0};
	int unread = 0;

	if (!server_fault(answer_lost) || ioctl(c->fd, FIONREAD, &unread) < 0 || unread == 0)
		return false;
	send(c->fd, c->out, c->out_len / 2, MSG_NOSIGNAL);
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	conn_close(s, c);
	return true;
}

static void answer_on_control(struct server *s, struct conn *c)
{
	size_t len;
	char *answer = build_answer(s, &len);

	send(c->fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(answer);
}

void results_answer(struct server *s, struct conn *c, bool tail)
{
	read_streams(s);
	if (c->fd < 0)
		return;
	if (c->state == CONTROL) {
		answer_on_control(s, c);
		return;
	}
	if (refused(s, c, tail)) {
		conn_close(s, c);
		return;
	}
	c->garbage = c->state == FIRST && server_fault(request_repeat_answered) && more_follows(c, tail);
	c->state = RESULTS;
	if (server_fault(answer_waits_for_eof) && !c->eof)
		return;
	free(c->out);
	c->out = build_answer(s, &c->out_len);
	c->out_sent = 0;
	c->answered_ns = now_ns();
	c->answer = ++s->answers;
	if (!lose_answer(s, c))
		results_write(s, c);
	bound_results(s);
	after_answer(s);
}

void results_write(struct server *s, struct conn *c)
{
	while (c->out_sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				conn_close(s, c);
			return;
		}
		c->out_sent += (size_t)n;
	}
	if (server_fault(answer_not_ended) || c->garbage)
		return;
	shutdown(c->fd, SHUT_WR);
	if (c->eof)
		conn_close(s, c);
}
