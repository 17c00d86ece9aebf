/* The held cookie and the life of a test (SPEC 6, 13.1). */
#include "server.h"

#include <string.h>
#include <unistd.h>

void test_hold(struct server *s, const uint8_t cookie[static COOKIE_LEN])
{
	s->state = HELD;
	memcpy(s->cookie, cookie, COOKIE_LEN);
	s->taken_ns = now_ns();
	s->stream_begun = s->half_held = s->answered_once = false;
}

void test_begin(struct server *s, struct conn *control)
{
	s->state = RUNNING;
	s->control = control;
	s->last_arrival_ns = now_ns();
	control->state = CONTROL;
	control->in_len = 0;
	for (size_t i = 0; i < s->stream_count; i++)
		if (server_fault(early_stream_forgotten) ||
		    (server_fault(early_ended_stream_forgotten) && s->streams[i]->ended))
			s->streams[i]->hidden = true;
}

static bool keeps_cookie(enum end why)
{
	switch (why) {
	case END_MESSAGE:
		return server_fault(end_keeps_cookie);
	case END_EOF:
		return server_fault(eof_keeps_cookie);
	case END_RESET:
		return server_fault(reset_keeps_cookie);
	case END_OCTETS:
		return server_fault(abort_keeps_cookie);
	case END_IDLE:
		return server_fault(idle_keeps_cookie);
	case END_T_BEGIN:
	case END_OTHER:
		return false;
	}
	return false;
}

static bool left_open(const struct conn *c, enum end why)
{
	if (why == END_T_BEGIN)
		return server_fault(t_begin_keeps_connections);
	return (server_fault(end_leaves_control) && c->state == CONTROL && why != END_EOF && why != END_RESET) ||
	       (server_fault(end_leaves_streams) && c->state == STREAM) ||
	       (server_fault(end_leaves_results) && c->state == RESULTS) ||
	       (server_fault(end_leaves_first) && c->state == FIRST);
}

static void close_all(struct server *s, enum end why)
{
	for (size_t i = 0; i < s->conn_count; i++) {
		struct conn *c = s->conns[i];

		if (c->fd < 0 || !c->of_test)
			continue;
		if (left_open(c, why)) {
			c->state = LEFT_OPEN;
			c->of_test = false;
			c->stream = NULL;
			c->answered_ns = 0;
		} else {
			conn_close(s, c);
		}
	}
}

void test_end(struct server *s, enum end why)
{
	if (s->state == IDLE || s->ending)
		return;
	s->ending = true;
	if (server_fault(control_closed_first) && s->state == RUNNING && !s->release_ns) {
		if (s->control)
			conn_close(s, s->control);
		s->release_ns = now_ns() + 300 * NS_PER_MS;
		s->ending = false;
		return;
	}
	if (s->state == RUNNING && !server_fault(straggler_taken)) {
		server_accept(s); /* R-6.5-10: those in the queue were offered before the end, and bear its mark */
		memcpy(s->ended_cookies[s->ended_count++ % ENDED_COOKIES], s->cookie, COOKIE_LEN);
	}
	if (s->state == RUNNING && server_fault(serves_late))
		s->late_until_ns = now_ns() + 500 * NS_PER_MS;
	if (keeps_cookie(why)) {
		s->state = HELD;
		s->taken_ns = now_ns();
		s->stream_begun = true; /* so that nothing but T_begin releases it */
	} else {
		s->state = IDLE; /* before any connection is closed, R-6.5-6 */
	}
	s->control = NULL;
	s->release_ns = 0;
	close_all(s, why);
	if (!server_fault(json_old_listed))
		stream_free_all(s);
	s->ending = false;
}

/* Reads what could end or release the held cookie, before a newcomer is rejected because of it. */
void test_settle(struct server *s)
{
	size_t count = s->conn_count;

	if (s->settling)
		return;
	s->settling = true;
	if (s->control)
		conn_read(s, s->control);
	for (size_t i = 0; i < count && s->state == HELD; i++)
		if (s->conns[i]->of_test && s->conns[i]->state == FIRST)
			conn_read(s, s->conns[i]);
	s->settling = false;
}

/* R-6.3-1: a connection of the test is gone. */
void test_conn_gone(struct server *s)
{
	if (s->state != HELD || s->ending || server_fault(provisional_kept))
		return;
	if (s->stream_begun && !server_fault(early_ended_stream_released))
		return;
	for (size_t i = 0; i < s->conn_count; i++)
		if (s->conns[i]->fd >= 0 && s->conns[i]->of_test)
			return;
	test_end(s, END_OTHER);
}

bool test_is_straggler(const struct server *s, const struct conn *c)
{
	uint64_t from = c->ended_before;

	if (s->ended_count > ENDED_COOKIES && from < s->ended_count - ENDED_COOKIES)
		from = s->ended_count - ENDED_COOKIES;
	for (uint64_t i = from; i < s->ended_count; i++)
		if (memcmp(s->ended_cookies[i % ENDED_COOKIES], c->preamble, COOKIE_LEN) == 0)
			return true;
	return false;
}
