/* The course of a test (SPEC 23, 28, 29). */
#include "iperf3_server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_control(struct i3_server *s, const void *octets, size_t n)
{
	/* what a client does not take now, it does not get: its control connection is stuck */
	send(s->test.control, octets, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_state(struct i3_server *s, enum i3_state state)
{
	uint8_t octet = (uint8_t)state;

	send_control(s, &octet, 1);
}

static void enter(struct i3_server *s, enum i3_phase phase)
{
	s->phase = phase;
	s->test.phase_ns = s->test.last_ns = now_ns();
	s->test.got = 0;
}

static struct i3_results my_results(const struct i3_server *s)
{
	const struct i3_test *t = &s->test;
	double lasted = (double)(t->ended_ns - t->running_ns) / 1e9 - (double)t->params.omit;

	return (struct i3_results){.params = &t->params,
				   .server = true,
				   .streams = t->streams,
				   .count = t->count,
				   .seconds = lasted > 0 ? lasted : 0};
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static bool keeps_streams(const struct i3_server *s)
{
	return i3_server_fault(end_leaves_streams) && s->phase != PHASE_DISPLAY;
}

void test3_over(struct i3_server *s)
{
	struct i3_test *t = &s->test;

	if (keeps_streams(s))
		t->count = 0;
	stream3_close_all(s);
	free(t->streams);
	free(t->text);
	if (t->control >= 0)
		close(t->control);
	if (t->was_running && s->options->one_off && !i3_server_fault(one_off_goes_on))
		s->finished = true;
	s->phase = PHASE_FREE;
	*t = (struct i3_test){.control = -1};
}

static void send_error(struct i3_server *s, enum i3_error error)
{
	uint8_t octets[9] = {(uint8_t)I3_SERVER_ERROR};
	size_t n = i3_server_fault(error_without_numbers) ? 1 : i3_server_fault(error_4_octets) ? 5 : 9;

	i3_put32(octets + 1, (uint32_t)error);
	send_control(s, octets, n);
	if (i3_server_fault(error_twice))
		send_control(s, octets, n);
}

void test3_fail(struct i3_server *s, enum i3_error error)
{
	if (s->phase == PHASE_FREE)
		return;
	if (error)
		send_error(s, error);
	if (i3_server_fault(one_off_ends_for_failure) && s->options->one_off)
		s->finished = true;
	if (i3_server_fault(failure_keeps_busy))
		s->busy_until_ns = now_ns() + 5 * NS_PER_S;
	conn3_drain(s, s->test.control);
	s->test.control = -1;
	test3_over(s);
}

/* The control connection has ended or was reset. */
static void lost(struct i3_server *s)
{
	if (i3_server_fault(lost_client_kept) || (i3_server_fault(early_end_unseen) && s->phase == PHASE_STREAMS)) {
		s->test.control = -1; /* nobody notices any more */
		return;
	}
	if (i3_server_fault(lost_client_keeps_busy))
		s->busy_until_ns = now_ns() + 5 * NS_PER_S;
	test3_over(s);
}

static void done(struct i3_server *s)
{
	if (i3_server_fault(error_after_done))
		send_error(s, I3_E_PARAMETERS);
	if (i3_server_fault(done_keeps_busy))
		s->busy_until_ns = now_ns() + 3 * NS_PER_S;
	if (i3_server_fault(done_needs_end))
		return; /* and the end of the connection frees it */
	if (i3_server_fault(done_leaves_open))
		s->test.control = -1;
	test3_over(s);
}

/* --- messages of the client --------------------------------------------------------------------------------------- */

void test3_begin(struct i3_server *s, int fd, const struct sockaddr_in6 *peer, const uint8_t *cookie)
{
	int on = 1;

	s->test = (struct i3_test){.control = fd, .peer = *peer, .usage = i3_usage_now()};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	memcpy(s->test.cookie, cookie, I3_COOKIE_LEN);
	enter(s, PHASE_PARAMETERS);
	if (!i3_server_fault(cookie_unanswered))
		send_state(s, I3_PARAM_EXCHANGE);
	if (i3_server_fault(create_streams_at_once))
		send_state(s, I3_CREATE_STREAMS);
	if (i3_server_fault(early_octets_lost)) {
		char scrap[4096];

		while (recv(fd, scrap, sizeof scrap, MSG_DONTWAIT) > 0)
			continue;
	}
}

static void await_streams(struct i3_server *s)
{
	struct i3_test *t = &s->test;

	t->total = i3_stream_total(&t->params);
	t->streams = calloc(t->total + 1, sizeof *t->streams);
	if (!t->streams)
		abort();
	i3_payload_make(&t->params);
	if (t->params.udp && i3_server_fault(udp_bound_late)) {
		t->udp_ready_ns = now_ns() + 200 * NS_PER_MS;
	} else if (t->params.udp && !(i3_server_fault(udp_once) && s->served_udp)) {
		s->udp_fd = server3_udp_socket(s, t->control);
		s->served_udp = true;
		if (s->udp_fd < 0) {
			test3_fail(s, I3_E_LISTEN);
			return;
		}
	}
	enter(s, PHASE_STREAMS);
	send_state(s, I3_CREATE_STREAMS);
	if (i3_server_fault(parallel_unchecked) && t->total == 0)
		test3_streams_there(s);
}

static void take_parameters(struct i3_server *s, const struct json *object)
{
	struct i3_params *p = &s->test.params;
	enum i3_error error;

	i3_params_default(p);
	if (!i3_params_read(p, object)) {
		test3_fail(s, I3_E_PARAMETERS);
		return;
	}
	if (i3_server_fault(reverse_ignored))
		p->reverse = false;
	error = params3_check(s, p);
	if (error) {
		test3_fail(s, error);
		return;
	}
	s->sticky_output |= p->server_output;
	p->reverse |= s->sticky_reverse;
	p->wide |= s->sticky_wide;
	s->sticky_reverse |= p->reverse && i3_server_fault(reverse_sticks);
	s->sticky_wide |= p->wide && i3_server_fault(wide_sticks);
	params3_apply(p, s->tcp_fd);
	await_streams(s);
}

void test3_streams_there(struct i3_server *s)
{
	struct i3_test *t = &s->test;
	uint8_t states[] = {I3_TEST_START, I3_TEST_RUNNING};

	if (i3_server_fault(unsent_state_sent))
		send_state(s, I3_STREAM_BEGIN);
	if (i3_server_fault(running_first)) {
		states[0] = I3_TEST_RUNNING;
		states[1] = I3_TEST_START;
	}
	if (i3_server_fault(no_test_start))
		send_control(s, states + 1, 1);
	else
		send_control(s, states, 2);
	enter(s, PHASE_RUNNING);
	t->was_running = true;
	t->running_ns = t->ended_ns = now_ns();
	t->omitting = t->params.omit > 0;
}

static void send_results(struct i3_server *s)
{
	struct i3_results mine = my_results(s);
	bool asked = s->test.params.server_output || (i3_server_fault(server_output_sticks) && s->sticky_output);
	char *text;
	uint8_t *frame;
	size_t size;

	if ((asked && !i3_server_fault(no_server_output)) || i3_server_fault(server_output_always))
		mine.output = "a test was served\\n";
	text = i3_results_write(&mine, &s->test.usage);
	frame = i3_frame(text, &size);
	send_control(s, frame, size);
	free(frame);
	free(text);
}

static void take_results(struct i3_server *s, const struct json *object)
{
	struct i3_results mine = my_results(s);
	enum i3_error error = i3_results_check(object, &mine);

	if (error) {
		test3_fail(s, error);
		return;
	}
	if (i3_server_fault(display_first))
		send_state(s, I3_DISPLAY_RESULTS);
	if (!i3_server_fault(results_early))
		send_results(s);
	if (!i3_server_fault(no_display) && !i3_server_fault(display_first))
		send_state(s, I3_DISPLAY_RESULTS);
	enter(s, PHASE_DISPLAY);
}

static void end_payload(struct i3_server *s)
{
	struct i3_test *t = &s->test;

	if (i3_server_fault(reset_stream_ends_hearing) && t->mute)
		return;
	if (i3_server_fault(test_end_by_time) && now_ns() < t->running_ns + (uint64_t)t->params.time * NS_PER_S)
		return;
	stream3_drain(s);
	if (t->omitting)
		stream3_end_omit(s);
	t->ended_ns = now_ns();
	enter(s, PHASE_RESULTS);
	send_state(s, I3_EXCHANGE_RESULTS);
	stream3_end_sending(s);
	if (i3_server_fault(results_early))
		send_results(s);
	if (i3_server_fault(early_results_lost)) {
		char scrap[65536];

		while (recv(t->control, scrap, sizeof scrap, MSG_DONTWAIT) > 0)
			continue;
	}
}

static bool ignores_terminate(const struct i3_server *s)
{
	return i3_server_fault(client_terminate_ignored) ||
	       (i3_server_fault(early_terminate_ignored) && s->phase == PHASE_STREAMS);
}

static void take_state(struct i3_server *s, int8_t state)
{
	s->test.last_ns = now_ns();
	if (state == I3_TEST_END && s->phase == PHASE_RUNNING)
		end_payload(s);
	else if (state == I3_IPERF_DONE)
		done(s);
	else if (state == I3_CLIENT_TERMINATE && ignores_terminate(s))
		return;
	else if (state == I3_CLIENT_TERMINATE)
		test3_fail(s, I3_E_CLIENT_TERMINATE);
	else if (state == I3_TEST_START && s->phase == PHASE_STREAMS && i3_server_fault(test_start_taken))
		s->test.mute = state;
	else if (!i3_server_fault(unknown_state_ignored))
		test3_fail(s, I3_E_UNKNOWN_STATE);
}

/* --- length and text ---------------------------------------------------------------------------------------------- */

static size_t bound(const struct i3_server *s)
{
	if (s->phase == PHASE_PARAMETERS)
		return i3_server_fault(parameters_4096) ? 4096 : I3_PARAMETERS_MAX;
	if (i3_server_fault(results_unbounded))
		return UINT32_MAX;
	return i3_server_fault(results_65536) ? 65536 : I3_RESULTS_MAX;
}

static enum i3_error text_error(const struct i3_server *s)
{
	return s->phase == PHASE_PARAMETERS ? I3_E_PARAMETERS : I3_E_RESULTS;
}

static void take_text(struct i3_server *s, size_t n)
{
	struct json *object = i3_object(s->test.text, n);

	if (!object)
		test3_fail(s, text_error(s));
	else if (s->phase == PHASE_PARAMETERS)
		take_parameters(s, object);
	else
		take_results(s, object);
	json_free(object);
}

/* Room for more text, no more than a step beyond what has come (R-32-1). */
static void make_room(struct i3_test *t, size_t n)
{
	size_t room = t->got + 65536 < n ? t->got + 65536 : n;

	if (room <= t->text_room)
		return;
	t->text = realloc(t->text, room);
	if (!t->text)
		abort();
	t->text_room = room;
}

/* Where the next octets of the message go, and how many are wanted. */
static uint8_t *next_room(struct i3_test *t, size_t *wanted)
{
	size_t n, text_got;

	if (t->got < 4) {
		*wanted = 4 - t->got;
		return t->length + t->got;
	}
	n = i3_get32(t->length);
	text_got = t->got - 4;
	t->got = text_got;
	make_room(t, n);
	t->got = text_got + 4;
	*wanted = (t->text_room < n ? t->text_room : n) - text_got;
	return t->text + text_got;
}

static void take_octets(struct i3_server *s, size_t got)
{
	struct i3_test *t = &s->test;
	size_t n;

	t->got += got;
	t->last_ns = now_ns();
	if (t->got < 4)
		return;
	n = i3_get32(t->length);
	if (n == 0 && i3_fault(length_zero_taken)) {
		make_room(t, 2);
		memcpy(t->text, "{}", 2);
		take_text(s, 2);
	} else if (n == 0 || (n > bound(s) && !i3_server_fault(long_text_awaited))) {
		test3_fail(s, text_error(s));
	} else if (t->got == 4 + n) {
		take_text(s, n);
	} else if (t->got > 4 && i3_server_fault(text_one_read)) {
		test3_fail(s, text_error(s));
	}
}

/* The client has ended the control connection. */
static void ended(struct i3_server *s)
{
	bool in_text = s->phase == PHASE_PARAMETERS || s->phase == PHASE_RESULTS;

	if (in_text && s->test.got > 0 && i3_server_fault(cut_text_awaited))
		s->test.control = -1; /* nothing more comes, and nobody notices */
	else if (in_text && s->test.got > 0)
		test3_fail(s, text_error(s));
	else
		lost(s);
}

void test3_read(struct i3_server *s)
{
	struct i3_test *t = &s->test;
	bool in_text = s->phase == PHASE_PARAMETERS || s->phase == PHASE_RESULTS;
	uint8_t state;
	size_t wanted = 1;
	uint8_t *room = in_text ? next_room(t, &wanted) : &state;
	ssize_t n = recv(t->control, room, wanted, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		ended(s);
	else if (in_text)
		take_octets(s, (size_t)n);
	else
		take_state(s, (int8_t)state);
}
