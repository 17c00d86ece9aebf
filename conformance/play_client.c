/* Clients under test: what they open, the results that they are given, their process. */
#include "conformance/play_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/results.h"
#include "proto/terminator.h"

#define ROOM 4096      /* octets of output that are kept */
#define BEGIN_LENGTH 83 /* a stream's preamble and STREAM_BEGIN */
#define CONTROL_LENGTH 81

static void last_words(const struct play *play, char *text, size_t size);

/* --- connections ------------------------------------------------------------------------------------------------- */

/* The first message of conn, when all of it is here: whether it is of that kind. */
static bool begins_with(const struct wire_conn *conn, enum iperf_message_kind kind)
{
	const char *keyword = iperf_message_keyword(kind);
	size_t length = strlen(keyword);

	return conn->length >= IPERF_COOKIE_LENGTH + iperf_message_length(kind) &&
	       memcmp(conn->octets + IPERF_COOKIE_LENGTH, keyword, length) == 0;
}

/* The line that tells to serve, when it was reached; else NULL. */
static const struct case_step *serving(const struct play *play)
{
	for (size_t i = 0; i < play->index; i++)
		if (play->file->steps[i].what == CASE_SERVE)
			return &play->file->steps[i];
	return NULL;
}

/* Whether the present step is about a results connection that has no name yet. */
static bool wants_request(const struct play *play)
{
	const struct case_step *step = play->step;

	return step->label >= 0 && !play->conns[step->label] && step->what == CASE_MESSAGE &&
	       step->message == IPERF_RESULTS_REQUEST;
}

static void say_ended(struct play *play, const char *what)
{
	char how[80], words[300];

	launch_status_text(&play->launch, how, sizeof how);
	last_words(play, words, sizeof words);
	play_fail(play, IPERF_R_NONE, "the client has ended %s, and opened no %s%s", how, what, words);
}

struct wire_conn *play_awaited(struct play *play)
{
	bool udp = play->file->labels[play->step->label].udp;
	int64_t deadline_ns = play_deadline(play);

	while (play_goes_on(play)) {
		for (size_t i = 0; i < play->wire->count; i++) {
			struct wire_conn *conn = play->wire->conns[i];

			if (!conn->by_peer || conn->bound || conn->udp != udp)
				continue;
			/* With serve, a connection may be a request that no line is about. */
			if (!udp && serving(play) && !wants_request(play) &&
			    conn->length < IPERF_COOKIE_LENGTH + IPERF_REQUEST_MAX - 4 && !wire_ended(conn) &&
			    !begins_with(conn, IPERF_TEST_BEGIN) && !begins_with(conn, IPERF_STREAM_BEGIN) &&
			    wire_now() < deadline_ns)
				break;
			conn->bound = true;
			play->conns[play->step->label] = conn;
			return conn;
		}
		if (play_wait(play, deadline_ns))
			continue;
		if (play->client_end_ns)
			say_ended(play, udp ? "UDP stream" : "connection");
		else
			play_fail(play, IPERF_R_NONE, "no %s in %.3f s", udp ? "datagram" : "connection",
				  (double)(wire_now() - play_base(play)) / 1e9);
	}
	return NULL;
}

/* Only where both are one host, nothing is overtaken on its way. */
static bool is_near(const struct wire_conn *conn)
{
	return memcmp(conn->client.address, conn->server.address, sizeof conn->client.address) == 0;
}

void play_check_order(struct play *play)
{
	for (size_t i = 0; i < play->wire->count && play_goes_on(play); i++) {
		const struct wire_conn *conn = play->wire->conns[i];

		if (conn->udp || !conn->next_seen || !is_near(conn))
			continue;
		if (conn->length_at_next < IPERF_COOKIE_LENGTH)
			play_fail_as(play, IPERF_R_5_1_7, "32 octets of preamble before the next connection is opened",
				     "%zu octets, when the next connection was opened", conn->length_at_next);
		else if (i == 0 && conn->length_at_next < CONTROL_LENGTH)
			play_fail_as(play, IPERF_R_5_1_8, "IPERF_TEST_BEGIN before another connection is opened",
				     "%zu octets, when the next connection was opened", conn->length_at_next);
	}
}

/* Of 32 random octets hardly any are equal, and hardly ever all are printable: once in 10^13 cookies. */
static bool looks_random(const struct iperf_cookie *cookie)
{
	bool seen[256] = { false }, text = true;
	unsigned different = 0;

	for (size_t i = 0; i < IPERF_COOKIE_LENGTH; i++) {
		different += !seen[cookie->octets[i]];
		seen[cookie->octets[i]] = true;
		text = text && cookie->octets[i] >= ' ' && cookie->octets[i] <= '~';
	}
	return different >= 12 && !text;
}

void play_learn_cookie(struct play *play, const uint8_t octets[static IPERF_COOKIE_LENGTH])
{
	struct player *player = play->player;
	struct iperf_cookie cookie, *used;

	memcpy(cookie.octets, octets, sizeof cookie.octets);
	play->cookies[0] = cookie;
	play->known[0] = true;
	if (!looks_random(&cookie))
		play_fail_as(play, IPERF_R_3_1, "32 octets of random data", "a cookie of few different octets, or of text");
	for (size_t i = 0; i < player->used_count; i++)
		if (iperf_cookie_equal(&cookie, &player->used[i]))
			play_fail_as(play, IPERF_R_3_3, "a fresh cookie for each test",
				     "the cookie of an earlier test of this run");
	used = realloc(player->used, (player->used_count + 1) * sizeof *used);
	if (!used)
		return;
	player->used = used;
	player->used[player->used_count++] = cookie;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void count_tcp(const struct play *play, const struct wire_conn *conn, struct iperf_stream_result *result)
{
	struct iperf_terminator terminator;

	iperf_terminator_init(&terminator);
	iperf_terminator_feed(&terminator, conn->octets + BEGIN_LENGTH, conn->length - BEGIN_LENGTH);
	result->protocol = IPERF_TCP;
	result->complete = iperf_terminator_state(&terminator, &play->cookies[0]) == IPERF_TERMINATED_YES;
	result->bytes = conn->length - BEGIN_LENGTH - (result->complete ? IPERF_TERMINATOR_LENGTH : 0);
	result->seconds = (double)(wire_arrival_ns(conn, conn->length) - wire_arrival_ns(conn, BEGIN_LENGTH)) / 1e9;
}

static void count_udp(const struct play *play, const struct wire_conn *conn, struct iperf_stream_result *result)
{
	int64_t last_ns = conn->datagrams[0].at_ns;

	result->protocol = IPERF_UDP;
	for (size_t i = 1; i < conn->datagram_count; i++) {
		const struct wire_datagram *d = &conn->datagrams[i];
		enum iperf_message_kind kind;
		bool message = iperf_datagram_parse(d->octets, d->length, &play->cookies[0], &kind) == IPERF_PARSE_DONE;

		if (message && (kind == IPERF_STREAM_BEGIN || result->complete))
			continue;
		result->complete |= message;
		result->bytes += message ? 0 : d->length;
		result->packets += !message;
		last_ns = d->at_ns;
	}
	result->seconds = (double)(last_ns - conn->datagrams[0].at_ns) / 1e9;
}

static bool is_udp_stream(const struct play *play, const struct wire_conn *conn)
{
	enum iperf_message_kind kind;

	return conn->udp && conn->datagram_count > 0 &&
	       iperf_datagram_parse(conn->datagrams[0].octets, conn->datagrams[0].length, &play->cookies[0], &kind) ==
		       IPERF_PARSE_DONE && kind == IPERF_STREAM_BEGIN;
}

char *play_results(const struct play *play)
{
	size_t count = 0, size = 64 + (play->wire->count + 1) * IPERF_RESULTS_STREAM_SIZE, length;
	struct iperf_results results = { .streams = calloc(play->wire->count + 1, sizeof *results.streams) };
	char *text = calloc(1, size);

	for (size_t i = 0; results.streams && text && i < play->wire->count; i++) {
		const struct wire_conn *conn = play->wire->conns[i];
		struct iperf_stream_result *result = &results.streams[count];

		if (!conn->udp && begins_with(conn, IPERF_STREAM_BEGIN))
			count_tcp(play, conn, result);
		else if (is_udp_stream(play, conn))
			count_udp(play, conn, result);
		else
			continue;
		result->id = (uint32_t)++count;
		result->client_port = conn->client.port;
		results.bytes += result->bytes;
	}
	results.count = results.capacity = count;
	length = text && results.streams ? iperf_results_encode(&results, text, size - 1) : 0;
	free(results.streams);
	if (length > 0)
		return text;
	free(text);
	return NULL;
}

static void answer(struct play *play, struct wire_conn *conn)
{
	uint8_t message[IPERF_MESSAGE_MAX];
	size_t length = iperf_message_write(message, IPERF_RESULTS_RESPONSE, &play->cookies[0]), sent;
	const char *json = serving(play)->json;
	char *data = json ? play_with_ports(play, json) : play_results(play), *all = NULL;

	conn->bound = true;
	play_took(play, conn, IPERF_COOKIE_LENGTH + iperf_message_length(IPERF_RESULTS_REQUEST));
	if (!data || asprintf(&all, "%*s %s", (int)length, "", data) < 0) {
		play_untested(play, "no memory");
		free(data);
		return;
	}
	memcpy(all, message, length);
	length += 1 + strlen(data);
	play_said(play, conn, false, wire_now(), json ? "IPERF_RESULTS_RESPONSE $cookie, as served" :
							"IPERF_RESULTS_RESPONSE $cookie $results", (uint8_t *)all, length);
	wire_send(play->wire, conn, (uint8_t *)all, length, wire_now() + CASE_WITHIN_NS, &sent);
	wire_half_close(play->wire, conn);
	free(all);
	free(data);
}

void play_serve(struct play *play)
{
	if (!serving(play) || !play_goes_on(play))
		return;
	for (size_t i = 0; i < play->wire->count; i++) {
		struct wire_conn *conn = play->wire->conns[i];

		if (conn->udp || conn->fd < 0)
			continue;
		if (!conn->bound && begins_with(conn, IPERF_RESULTS_REQUEST) && !wants_request(play))
			answer(play, conn);
		if (conn->eof && begins_with(conn, IPERF_STREAM_BEGIN))
			wire_close(play->wire, conn);
		else if (conn->eof && conn->sent_eof && begins_with(conn, IPERF_RESULTS_REQUEST))
			wire_close(play->wire, conn);
	}
}

/* --- the process ------------------------------------------------------------------------------------------------- */

bool play_start_client(struct play *play)
{
	struct player *player = play->player;
	const struct case_file *file = play->file;
	const struct launch_values values = {
		.host = player->host, .port = player->port, .streams = file->streams, .bytes = file->bytes,
		.udp = file->udp,
	};
	char **words;
	int error;

	if (!player->command)
		return true;
	words = launch_words(player->command, &values);
	error = words ? launch_start(&play->launch, words) : -ENOMEM;
	launch_free_words(words);
	if (error) {
		play_untested(play, "%s could not be started: %s", player->command[0], strerror(-error));
		return false;
	}
	play->wire->also = play->launch.pidfd;
	return true;
}

bool play_client_ended(struct play *play)
{
	if (!play->player->command)
		return false;
	if (play->client_end_ns == 0 && launch_ended(&play->launch)) {
		play->client_end_ns = wire_now();
		play->wire->also = -1;
	}
	return play->client_end_ns != 0;
}

void play_stop_client(struct play *play)
{
	struct play_result *result = play->result;

	play->wire->also = -1;
	if (!play->player->command || play->launch.pid == 0)
		return;
	launch_stop(&play->launch);
	result->has_exit = !play->launch.stopped && WIFEXITED(play->launch.status);
	result->exit_status = result->has_exit ? WEXITSTATUS(play->launch.status) : -1;
	result->output = malloc(ROOM);
	if (result->output)
		launch_output(&play->launch, result->output, ROOM);
	launch_free(&play->launch);
}

/* Its last line, in words. */
static void last_words(const struct play *play, char *text, size_t size)
{
	char output[ROOM], *line;
	size_t length = launch_output(&play->launch, output, sizeof output);

	while (length > 0 && (output[length - 1] == '\n' || output[length - 1] == ' '))
		output[--length] = '\0';
	line = strrchr(output, '\n');
	snprintf(text, size, "%s%.250s", length ? "; it says: " : "; it says nothing", line ? line + 1 : output);
}

void play_exit(struct play *play)
{
	int64_t deadline_ns = play_deadline(play);
	char how[80], words[300];
	bool success;

	if (!play->player->command)
		return; /* somebody started it by hand */
	while (play_goes_on(play) && !play_client_ended(play))
		if (!play_wait(play, deadline_ns))
			break;
	if (!play_goes_on(play))
		return;
	last_words(play, words, sizeof words);
	if (!play_client_ended(play)) {
		play_fail(play, IPERF_R_NONE, "the client has not ended after %.3f s%s",
			  (double)(wire_now() - play_base(play)) / 1e9, words);
		return;
	}
	play->done_ns[play->index] = play->client_end_ns;
	launch_status_text(&play->launch, how, sizeof how);
	success = WIFEXITED(play->launch.status) && WEXITSTATUS(play->launch.status) == 0;
	if ((success != play->step->success && !play->step->any_status) || WIFSIGNALED(play->launch.status))
		play_fail(play, IPERF_R_NONE, "the client has ended %s%s", how, words);
	else if (play->step->has_not_before &&
		 play->client_end_ns - play_base(play) < play_time(play, &play->step->not_before))
		play_fail(play, IPERF_R_NONE, "the client has ended after %.3f s",
			  (double)(play->client_end_ns - play_base(play)) / 1e9);
}

/* Whether one of the alternatives, separated by |, is in text. */
static bool says_one(const char *text, const char *alternatives)
{
	char one[200];

	while (*alternatives) {
		size_t length = strcspn(alternatives, "|");

		snprintf(one, sizeof one, "%.*s", (int)length, alternatives);
		if (length > 0 && strcasestr(text, one))
			return true;
		alternatives += length + (alternatives[length] == '|');
	}
	return false;
}

void play_says(struct play *play)
{
	int64_t deadline_ns = play_deadline(play);
	char output[ROOM], words[300];

	if (!play->player->command)
		return;
	for (;;) {
		bool over = play_client_ended(play);

		launch_output(&play->launch, output, sizeof output);
		if (says_one(output, play->step->text) || !play_goes_on(play))
			return;
		if (over || !play_wait(play, deadline_ns < wire_now() + 50 * IPERF_MS ? deadline_ns : wire_now() + 50 * IPERF_MS))
			if (over || wire_now() >= deadline_ns)
				break;
	}
	last_words(play, words, sizeof words);
	play_fail(play, IPERF_R_NONE, "the client does not say it%s", words);
}
