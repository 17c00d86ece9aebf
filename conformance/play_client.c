/* Clients under test: what they open, the results that they are given, their process. */
#include "conformance/play_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/results.h"
#include "proto/terminator.h"

#define BEGIN_LENGTH 83 /* a stream's preamble and STREAM_BEGIN */
#define CONTROL_LENGTH 81

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
	play_last_words(play, words, sizeof words);
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
		if (play->peer_end_ns)
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
	struct iperf_cookie cookie;

	memcpy(cookie.octets, octets, sizeof cookie.octets);
	play->cookies[0] = cookie;
	play->known[0] = true;
	if (!looks_random(&cookie))
		play_fail_as(play, IPERF_R_3_1, "32 octets of random data", "a cookie of few different octets, or of text");
	if (!player_cookie_is_fresh(player, cookie.octets, sizeof cookie.octets))
		play_fail_as(play, IPERF_R_3_3, "a fresh cookie for each test", "the cookie of an earlier test of this run");
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
