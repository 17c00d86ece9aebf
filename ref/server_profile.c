/* Connections whose profile is not known yet: SPEC 33. Read until their first octets, or the silence behind them, tell;
 * then handed on with all that has come. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/profile.h"
#include "ref/clock.h"
#include "ref/server_private.h"

struct newcomer {
	struct server *server;
	uv_poll_t poll;
	int fd;
	struct iperf_endpoint client;
	uint8_t octets[IPERF_PROFILE_OCTETS];
	size_t length;
	int64_t accepted_ns, heard_ns;
	bool gone;                  /* handed on or dropped: freed when the loop goes on */
	TAILQ_ENTRY(newcomer) link; /* in server->newcomers, the oldest first */
};

static void on_timer(uv_timer_t *timer);

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* The loop lets go of it; fd stays open. */
static int leave(struct newcomer *newcomer)
{
	newcomer->gone = true;
	TAILQ_REMOVE(&newcomer->server->newcomers, newcomer, link);
	newcomer->server->newcomer_count--;
	uv_close((uv_handle_t *)&newcomer->poll, on_closed);
	return newcomer->fd;
}

/* Nobody's: ended without an octet, which is right in either profile. */
static void drop(struct newcomer *newcomer)
{
	close(leave(newcomer));
}

static bool text_is_busy(struct server *server)
{
	bool busy;

	pthread_mutex_lock(&server->lock);
	busy = server->session.state != IPERF_TEST_IDLE;
	pthread_mutex_unlock(&server->lock);
	return busy;
}

static void give_to_iperf3(struct newcomer *newcomer)
{
	struct server *server = newcomer->server;
	bool occupied = text_is_busy(server);
	int fd = leave(newcomer);

	iperf3_service_connected(server->iperf3, fd, &newcomer->client, newcomer->octets, newcomer->length, occupied,
				 newcomer->accepted_ns);
}

/* R-6.5-10. The session does not know when a newcomer came. */
static bool is_straggler(const struct newcomer *newcomer)
{
	const struct server *server = newcomer->server;

	return server->ended_ns > newcomer->accepted_ns &&
	       memcmp(newcomer->octets, server->ended.octets, sizeof server->ended.octets) == 0;
}

static void give_to_text(struct newcomer *newcomer)
{
	struct server *server = newcomer->server;

	if (is_straggler(newcomer)) {
		drop(newcomer);
		report_server_rejected(server->options, &newcomer->client, IPERF_R_6_5_10);
		return;
	}
	if (iperf3_service_busy(server->iperf3)) { /* R-33-4 */
		drop(newcomer);
		report_server_rejected(server->options, &newcomer->client, IPERF_R_33_4);
		return;
	}
	leave(newcomer);
	server_conn_text(server, newcomer->fd, &newcomer->client, newcomer->octets, newcomer->length,
			 newcomer->accepted_ns, newcomer->heard_ns);
}

/* A test that had ended before a newcomer came must be known to have ended (R-6.5-5). */
static void catch_up(struct server *server)
{
	if (server->catching_up)
		return; /* it accepts newcomers itself */
	server->catching_up = true;
	server_conn_catch_up(server);
	iperf3_service_catch_up(server->iperf3);
	server->catching_up = false;
}

/* Hands it on; false when its profile is not known. */
static bool give(struct newcomer *newcomer, enum iperf_profile profile)
{
	if (profile != IPERF_PROFILE_UNKNOWN)
		catch_up(newcomer->server);
	if (newcomer->gone)
		return true;
	if (profile == IPERF_PROFILE_TEXT)
		give_to_text(newcomer);
	else if (profile == IPERF_PROFILE_IPERF3)
		give_to_iperf3(newcomer);
	return profile != IPERF_PROFILE_UNKNOWN;
}

/* No more octets will come. */
static void ended(struct newcomer *newcomer)
{
	catch_up(newcomer->server);
	if (newcomer->gone || give(newcomer, iperf_profile_after_silence(newcomer->octets, newcomer->length)))
		return;
	if (iperf3_service_busy(newcomer->server->iperf3))
		give_to_iperf3(newcomer); /* R-25-5 */
	else
		drop(newcomer);
}

/* Returns false when it has been handed on. */
static bool read_newcomer(struct newcomer *newcomer)
{
	while (!newcomer->gone) {
		ssize_t length = recv(newcomer->fd, newcomer->octets + newcomer->length,
				      sizeof newcomer->octets - newcomer->length, MSG_DONTWAIT);

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (length < 0) {
			drop(newcomer);
			return false;
		}
		if (length == 0) {
			ended(newcomer);
			return false;
		}
		newcomer->length += (size_t)length;
		newcomer->heard_ns = clock_now_ns();
		if (give(newcomer, iperf_profile_of(newcomer->octets, newcomer->length)))
			return false;
	}
	return false;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static int64_t last_moment(const struct newcomer *newcomer)
{
	const struct options *options = newcomer->server->options;
	int64_t patience_ns = options->t_hello_ns < options->t_read_ns ? options->t_hello_ns : options->t_read_ns;

	return newcomer->accepted_ns + patience_ns;
}

/* When its silence is to be looked at. */
static int64_t deadline_of(const struct newcomer *newcomer)
{
	int64_t silence_ns = newcomer->heard_ns + IPERF_PROFILE_SILENCE_NS, last_ns = last_moment(newcomer);
	bool tells = iperf3_service_runs(newcomer->server->iperf3) ||
		     iperf_profile_after_silence(newcomer->octets, newcomer->length) != IPERF_PROFILE_UNKNOWN;

	return tells && silence_ns < last_ns ? silence_ns : last_ns;
}

void server_profile_set_timer(struct server *server)
{
	int64_t deadline_ns = INT64_MAX, wait_ns;
	struct newcomer *newcomer;

	TAILQ_FOREACH(newcomer, &server->newcomers, link) {
		int64_t due_ns = deadline_of(newcomer);

		deadline_ns = due_ns < deadline_ns ? due_ns : deadline_ns;
	}
	if (server->stopping || deadline_ns == INT64_MAX) {
		uv_timer_stop(&server->silence);
		return;
	}
	wait_ns = deadline_ns - clock_now_ns();
	uv_update_time(&server->loop);
	wait_ns = wait_ns > 0 ? wait_ns + IPERF_MS - 1 : 0;
	uv_timer_start(&server->silence, on_timer, (uint64_t)(wait_ns / IPERF_MS), 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	int64_t now_ns = clock_now_ns();
	struct newcomer *newcomer = TAILQ_FIRST(&server->newcomers), *next;

	for (; newcomer && !server->stopping; newcomer = next) {
		next = TAILQ_NEXT(newcomer, link);
		if (deadline_of(newcomer) <= now_ns && read_newcomer(newcomer) && deadline_of(newcomer) <= now_ns &&
		    !give(newcomer, iperf_profile_after_silence(newcomer->octets, newcomer->length)))
			drop(newcomer);
		if (next && next->gone)
			next = TAILQ_FIRST(&server->newcomers);
	}
	server_profile_set_timer(server);
}

/* --- connections ------------------------------------------------------------------------------------------------- */

static void on_newcomer(uv_poll_t *poll, int status, int events)
{
	struct newcomer *newcomer = poll->data;
	struct server *server = newcomer->server;

	(void)events;
	if (status < 0)
		drop(newcomer);
	else
		read_newcomer(newcomer);
	server_profile_set_timer(server);
}

/* Too many wait: R-11-1, R-32-3. What has come on them is read before one of them is closed (R-11-6). */
static void make_room(struct server *server)
{
	size_t bound = (size_t)server->options->pending_max;
	struct newcomer *newcomer, *next;

	newcomer = TAILQ_FIRST(&server->newcomers);
	while (newcomer && server->newcomer_count >= bound) {
		next = TAILQ_NEXT(newcomer, link);
		read_newcomer(newcomer);
		newcomer = next && next->gone ? TAILQ_FIRST(&server->newcomers) : next;
	}
	if (server->newcomer_count >= bound)
		drop(TAILQ_FIRST(&server->newcomers));
}

void server_profile_connected(struct server *server, int fd, const struct iperf_endpoint *client)
{
	struct newcomer *newcomer = calloc(1, sizeof *newcomer);

	if (!newcomer || uv_poll_init(&server->loop, &newcomer->poll, fd) != 0) {
		free(newcomer);
		close(fd);
		return;
	}
	newcomer->server = server;
	newcomer->fd = fd;
	newcomer->client = *client;
	newcomer->accepted_ns = newcomer->heard_ns = clock_now_ns();
	newcomer->poll.data = newcomer;
	make_room(server);
	if (server->stopping) { /* one of those was the end of the only test */
		uv_close((uv_handle_t *)&newcomer->poll, on_closed);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&server->newcomers, newcomer, link);
	server->newcomer_count++;
	uv_poll_start(&newcomer->poll, UV_READABLE, on_newcomer);
	server_profile_set_timer(server);
}

void server_profile_read(struct server *server)
{
	struct newcomer *newcomer = TAILQ_FIRST(&server->newcomers), *next;

	while (newcomer) {
		next = TAILQ_NEXT(newcomer, link);
		read_newcomer(newcomer);
		/* It may have brought others to their end as well; then it is the first again. */
		newcomer = next && next->gone ? TAILQ_FIRST(&server->newcomers) : next;
	}
	server_profile_set_timer(server);
}

bool server_profile_make_room(struct server *server)
{
	if (server->newcomer_count == 0)
		return false;
	drop(TAILQ_FIRST(&server->newcomers));
	return true;
}

void server_profile_stop(struct server *server)
{
	while (server->newcomer_count > 0)
		drop(TAILQ_FIRST(&server->newcomers));
}
