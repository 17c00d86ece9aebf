/* The course of a test (SPEC 23, 28, 29). */
#include "iperf3_client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* R-22.2-1 */
static void make_cookie(uint8_t cookie[static I3_COOKIE_LEN])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t random[I3_COOKIE_LEN];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		abort();
	for (size_t i = 0; i + 1 < I3_COOKIE_LEN; i++)
		cookie[i] = (uint8_t)alphabet[(i3_client_fault(cookie_constant) ? i : random[i]) % 32];
	cookie[I3_COOKIE_LEN - 1] = i3_client_fault(cookie_without_nul) ? 'a' : 0;
	if (i3_client_fault(cookie_host_name))
		memcpy(cookie, "localhost.localdomain.", 22);
}

static bool send_text(struct i3_client *c, char *text)
{
	size_t size;
	uint8_t *frame = i3_frame(text, &size);
	bool sent = client3_send(c->control, frame, size);

	if (!sent)
		client3_problem("the control connection is lost");
	free(frame);
	free(text);
	return sent;
}

static bool send_params(struct i3_client *c)
{
	return send_text(c, i3_params_write(&c->params));
}

static struct i3_results my_results(const struct i3_client *c)
{
	double seconds = (double)(c->ended_ns - c->running_ns) / 1e9 - (double)c->params.omit;

	return (struct i3_results){.params = &c->params,
				   .streams = c->streams,
				   .count = c->count,
				   .seconds = seconds > 0 ? seconds : 0};
}

/* --- the course --------------------------------------------------------------------------------------------------- */

static bool begin(struct i3_client *c)
{
	c->control = client3_connect(c, client3_deadline(c, false));
	if (c->control < 0) {
		if (!i3_client_stopped)
			client3_problem("cannot connect");
		if (i3_client_fault(refused_is_success))
			exit(0);
		return false;
	}
	make_cookie(c->cookie);
	if (i3_client_fault(cookie_late))
		sleep_ms(1500);
	if (!client3_send(c->control, c->cookie, sizeof c->cookie) ||
	    (i3_client_fault(params_early) && !send_params(c)) ||
	    !client3_expect(c, I3_PARAM_EXCHANGE, client3_deadline_of(c, I3_PARAM_EXCHANGE)))
		return false;
	if (!i3_client_fault(params_early) && !i3_client_fault(no_params) && !send_params(c))
		return false;
	if (i3_client_fault(streams_early) && !client3_open_streams(c))
		return false;
	return client3_expect(c, I3_CREATE_STREAMS, client3_deadline_of(c, I3_CREATE_STREAMS));
}

static bool payload(struct i3_client *c)
{
	i3_payload_make(&c->params);
	if (!i3_client_fault(streams_early) && !client3_open_streams(c))
		return false;
	if (!client3_expect(c, I3_TEST_START, client3_deadline_of(c, I3_TEST_START)))
		return false;
	for (size_t i = 0; i < c->count && i3_client_fault(payload_at_test_start); i++)
		if (c->streams[i].sender)
			i3_stream_send(&c->streams[i], &c->params);
	return client3_expect(c, I3_TEST_RUNNING, client3_deadline_of(c, I3_TEST_RUNNING)) && client3_run(c);
}

/* By faults: what does not end a test. */
static void end_marks(struct i3_client *c)
{
	uint8_t mark[32] = {0};

	memset(mark + 8, 0xff, 8); /* a negative sequence number */
	for (size_t i = 0; i < c->count; i++) {
		if (c->streams[i].sender && c->streams[i].udp && i3_client_fault(end_mark_sent))
			client3_send(c->streams[i].fd, mark, sizeof mark);
		if (!c->streams[i].udp && i3_client_fault(no_test_end))
			shutdown(c->streams[i].fd, SHUT_WR);
	}
	if (i3_client_fault(unsent_state_sent))
		client3_send_state(c, I3_TEST_START);
}

static bool take_results(struct i3_client *c)
{
	struct json *object = client3_read_object(c, client3_deadline(c, i3_client_fault(results_for_ever)));
	struct i3_results mine = my_results(c);
	const struct json *output;
	enum i3_error error;

	if (!object)
		return false;
	error = i3_results_check(object, &mine);
	output = json_member(object, "server_output_text");
	if (!error && output && c->params.server_output)
		c->output = strdup(output->text);
	json_free(object);
	if (error)
		client3_problem("results that are none (error %d)", error);
	return !error;
}

static bool exchange(struct i3_client *c)
{
	struct i3_results mine;

	end_marks(c);
	if (!i3_client_fault(no_test_end) && !client3_send_state(c, I3_TEST_END))
		return false;
	c->ended = true;
	if (!client3_expect(c, I3_EXCHANGE_RESULTS, client3_deadline_of(c, I3_EXCHANGE_RESULTS)))
		return false;
	mine = my_results(c);
	if (!i3_client_fault(no_results) && !send_text(c, i3_results_write(&mine, &c->usage)))
		return false;
	return take_results(c) && client3_expect(c, I3_DISPLAY_RESULTS, client3_deadline_of(c, I3_DISPLAY_RESULTS));
}

/* R-23-13 to R-23-15: what comes now does not matter. */
static bool finish(struct i3_client *c)
{
	struct pollfd fd = {c->control, POLLIN, 0};
	bool for_long = i3_client_fault(waits_for_server_end), good = true;
	uint64_t until = now_ns() + (for_long ? 10 * NS_PER_S : NS_PER_S / 4);

	if (!i3_client_fault(no_done) && !client3_send_state(c, I3_IPERF_DONE))
		return false;
	if (!i3_client_fault(done_leaves_open))
		shutdown(c->control, SHUT_WR);
	while (now_ns() < until || i3_client_fault(done_leaves_open)) {
		char scrap[4096];
		int ready = poll(&fd, 1, 50);

		if (ready > 0) {
			ssize_t n = recv(c->control, scrap, sizeof scrap, MSG_DONTWAIT);

			if (n <= 0)
				break;
			good &= !i3_client_fault(late_octets_fail);
		}
	}
	return good;
}

static void report(const struct i3_client *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct i3_stream *s = &c->streams[i];

		printf("stream %d: %s %llu octets", s->id, s->sender ? "sent" : "received",
		       (unsigned long long)s->bytes);
		if (s->udp)
			printf(", packets %lld, errors %lld", (long long)i3_stream_packets(s),
			       (long long)i3_stream_errors(s));
		putchar('\n');
	}
	if (c->output && !i3_client_fault(server_output_hidden))
		printf("the server says:\n%s\n", c->output);
}

/* R-29-5 */
static void stop(struct i3_client *c)
{
	client3_problem("stopped");
	if (c->control >= 0 && !i3_client_fault(stops_in_silence))
		client3_send_state(c, I3_CLIENT_TERMINATE);
}

int i3_client_run(const struct i3_client_options *options)
{
	struct i3_client c = {.options = options, .params = options->params, .control = -1, .usage = i3_usage_now()};
	bool good;

	c.streams = calloc(i3_stream_total(&c.params) + 1, sizeof *c.streams);
	if (!c.streams)
		abort();
	client3_catch_signals();
	good = client3_resolve(&c) && begin(&c) && payload(&c) && exchange(&c);
	if (good)
		report(&c);
	fflush(stdout);
	good = good && finish(&c);
	if (i3_client_stopped && !good)
		stop(&c);
	for (size_t i = 0; i < c.count; i++)
		if (c.streams[i].fd >= 0)
			close(c.streams[i].fd);
	if (c.control >= 0)
		close(c.control);
	free(c.streams);
	free(c.output);
	return good ? 0 : 1;
}
