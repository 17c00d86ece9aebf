/* Requests for results (SPEC 8.4, 9.3). */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { RESPONSE_MAX = 1 << 20, PAUSE_MS = 20 };

enum answer { ANSWER_GOOD, ANSWER_BAD, ANSWER_NONE, ANSWER_LATE, ANSWER_OVER };

/* Reads to the end of the connection; a reset ends it like end-of-file (R-5.2-4). */
static enum answer read_answer(struct client *c, int fd, uint64_t deadline, uint8_t *buffer, size_t *len)
{
	if (client_fault(response_for_ever))
		deadline = FOR_EVER;
	for (*len = 0; *len < RESPONSE_MAX;) {
		int ready = net_wait(c, fd, POLLIN, deadline);
		ssize_t n;

		if (ready <= 0)
			return ready < 0 ? ANSWER_OVER : ANSWER_LATE;
		n = recv(fd, buffer + *len, RESPONSE_MAX - *len, MSG_DONTWAIT);
		if (n > 0)
			*len += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return *len > 0 ? ANSWER_GOOD : ANSWER_NONE;
	}
	return ANSWER_GOOD; /* too long: no JSON of that length is whole here */
}

static enum answer judge(struct client *c, const uint8_t *buffer, size_t len)
{
	const char *error = len == RESPONSE_MAX ? "it is too long" : results_read(c->cookie, buffer, len, &c->results);

	if (!error)
		return ANSWER_GOOD;
	client_problem(c, "malformed response: %s", error);
	if (client_fault(error_exit_0))
		c->failed = false;
	return ANSWER_BAD;
}

static enum answer ask(struct client *c, uint64_t deadline)
{
	uint8_t *buffer;
	size_t len;
	enum answer answer;
	int fd;

	if (client_fault(request_on_control)) {
		len = 0;
		buffer = malloc(128);
		if (buffer)
			net_send(c, c->control, buffer, net_message(c, RESULTS_REQUEST, buffer));
		free(buffer);
		return net_pause(c, PAUSE_MS) ? ANSWER_NONE : ANSWER_OVER;
	}
	fd = net_connect(c, deadline);
	if (fd < 0)
		return net_test_over(c) ? ANSWER_OVER : ANSWER_NONE;
	buffer = malloc(RESPONSE_MAX);
	if (!buffer)
		abort();
	answer = ANSWER_NONE;
	if (net_send_first(c, fd, RESULTS_REQUEST)) {
		shutdown(fd, SHUT_WR);
		answer = read_answer(c, fd, deadline, buffer, &len);
	} else if (net_test_over(c)) {
		answer = ANSWER_OVER;
	}
	close(fd);
	if (answer == ANSWER_GOOD)
		answer = judge(c, buffer, len);
	free(buffer);
	return answer;
}

static bool all_listed(const struct client *c)
{
	return c->results.taken_on_trust ||
	       c->results.tcp + c->results.udp >= flow_count(c, false) + flow_count(c, true);
}

static bool all_complete(const struct client *c)
{
	return c->results.taken_on_trust || c->results.udp_complete >= flow_count(c, true);
}

/* Repeats what may have been lost (R-8.4-4, R-8.4-5). */
static bool repeat(struct client *c, bool final)
{
	if (final)
		return client_fault(no_end_repeat) || flow_send_ends(c, 1);
	return client_fault(no_begin_repeat) || flow_send_begins(c, 1);
}

static enum outcome timed_out(struct client *c)
{
	if (!client_fault(timeout_exit_0))
		client_problem(c, "timed out waiting for results");
	return ASK_ERROR;
}

/* One series: asks until the results are as wished, or T_results has passed. */
static enum outcome series(struct client *c, bool final)
{
	uint64_t deadline = net_deadline(c);
	bool had_answer = false;

	for (;;) {
		enum answer answer;

		if (client_fault(timer_restarts))
			deadline = net_deadline(c);
		answer = ask(c, deadline);
		if (answer == ANSWER_OVER)
			return ASK_OVER;
		if (answer == ANSWER_BAD)
			return ASK_ERROR;
		if (answer == ANSWER_GOOD) {
			had_answer = c->answered = true;
			if (!final)
				flow_note_ends(c); /* those are not waited for */
			if (final ? all_complete(c) : all_listed(c))
				return ASK_DONE;
			if (!repeat(c, final))
				return ASK_OVER;
		}
		if (answer == ANSWER_NONE && client_fault(no_second_request))
			return timed_out(c);
		if (!client_fault(asks_busily) && !net_pause(c, PAUSE_MS))
			return ASK_OVER;
		if (answer == ANSWER_LATE || now_ns() >= deadline)
			return had_answer ? ASK_DONE : timed_out(c);
	}
}

enum outcome ask_confirm(struct client *c)
{
	return series(c, false);
}

enum outcome ask_final(struct client *c)
{
	return series(c, true);
}
