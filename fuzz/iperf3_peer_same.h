/* Whether the iperf3 server session and the independent peer have said and done the same, as far as SPEC.md prescribes
 * it, for iperf3_peer_fuzz.c. What it leaves open is told where it is passed over. */
#ifndef IPERF_FUZZ_IPERF3_PEER_SAME_H
#define IPERF_FUZZ_IPERF3_PEER_SAME_H

#include <math.h>

#include "fuzz/iperf3_peer_caller.h"

/* --- what both have said --------------------------------------------------------------------------------------- */

/* An item of what a server says: a state, an error, results. */
static size_t item_length(const uint8_t *said, size_t length)
{
	uint32_t text;

	if (said[0] == (uint8_t)IPERF3_SERVER_ERROR)
		return IPERF3_ERROR_SIZE;
	if (said[0] != 0 || length < IPERF3_LENGTH_SIZE)
		return 1;
	text = (uint32_t)said[1] << 16 | (uint32_t)said[2] << 8 | said[3];
	return IPERF3_LENGTH_SIZE + text;
}

/* errno is the system's. Which of several things that are wrong with one text is told is open: in parameters any, in
 * results a stream that is none of the test's (R-28-5) or that it is no results. Elsewhere the number is SPEC 29's. */
static bool same_error(const uint8_t *a, const uint8_t *b, enum iperf3_test_state failed)
{
	if (failed == IPERF3_TEST_PARAMETERS)
		return true;
	if (failed == IPERF3_TEST_RESULTS && (a[4] == IPERF3_ERROR_RESULTS || a[4] == IPERF3_ERROR_STREAM_ID))
		return b[4] == IPERF3_ERROR_RESULTS || b[4] == IPERF3_ERROR_STREAM_ID;
	return memcmp(a, b, 5) == 0;
}

static bool same_stream(const struct iperf3_stream_result *a, const struct iperf3_stream_result *b, bool sends)
{
	bool same = a->id == b->id && a->bytes == b->bytes;

	if (sends) /* nothing that it sends over UDP is taken here; retransmits are the system's */
		return same;
	return same && a->packets == b->packets && a->errors == b->errors && a->omitted_packets == b->omitted_packets &&
	       a->omitted_errors == b->omitted_errors && fabs(a->jitter - b->jitter) <= 1e-5 * (1 + fabs(a->jitter));
}

static bool same_results(const struct world *world, const uint8_t *a, size_t a_length, const uint8_t *b,
			 size_t b_length)
{
	static struct iperf3_stream_result rooms[2][STREAMS];
	struct iperf3_results mine = { .capacity = STREAMS, .streams = rooms[0] };
	struct iperf3_results other = { .capacity = STREAMS, .streams = rooms[1] };
	struct iperf3_json_error error;
	bool same;

	/* R-28-1 */
	must(iperf3_results_decode((const char *)a + IPERF3_LENGTH_SIZE, a_length - IPERF3_LENGTH_SIZE, &mine, &error));
	must(iperf3_results_decode((const char *)b + IPERF3_LENGTH_SIZE, b_length - IPERF3_LENGTH_SIZE, &other, &error));
	same = mine.count == other.count && mine.sender_has_retransmits == other.sender_has_retransmits &&
	       mine.has_output == other.has_output; /* R-28-9, R-28-10 */
	for (size_t i = 0; same && i < mine.count; i++)
		same = same_stream(&mine.streams[i], &other.streams[i], world->streams[i].sends);
	return same;
}

/* Compares what was not yet compared. */
static bool same_said(struct world *world, struct slot *slot, const uint8_t *other, size_t other_length)
{
	while (slot->same < slot->said_length && slot->same_peer < other_length) {
		const uint8_t *a = slot->said + slot->same, *b = other + slot->same_peer;
		size_t a_length = item_length(a, slot->said_length - slot->same);
		size_t b_length = item_length(b, other_length - slot->same_peer);

		if (a_length > slot->said_length - slot->same || b_length > other_length - slot->same_peer || a[0] != b[0])
			return false;
		if (a[0] == (uint8_t)IPERF3_SERVER_ERROR && !same_error(a, b, slot->failed))
			return false;
		if (a[0] == 0 && !same_results(world, a, a_length, b, b_length))
			return false;
		slot->same += a_length;
		slot->same_peer += b_length;
	}
	return slot->same == slot->said_length && slot->same_peer == other_length;
}

/* Failing a connection without a whole cookie is to send SERVER_ERROR, or nothing (R-22.2-5, R-31-1); denying it,
 * ACCESS_DENIED, or nothing (R-30-1). But while streams are awaited, it is denied in words when it ends (R-25-5). */
static bool same_short(const uint8_t *said, size_t length, bool denied)
{
	if (denied)
		return length == 1 && said[0] == (uint8_t)IPERF3_ACCESS_DENIED;
	return length == 0 || (length == 1 && said[0] == (uint8_t)IPERF3_ACCESS_DENIED) ||
	       (length == IPERF3_ERROR_SIZE && said[0] == (uint8_t)IPERF3_SERVER_ERROR && said[4] == IPERF3_ERROR_COOKIE);
}

static bool same_slot(struct world *world, unsigned who, const struct iperf3_peer_view *peer, bool denied)
{
	struct slot *slot = &world->slots[who];

	if (slot->ended != peer->ended[who])
		return false;
	if (slot->gone) /* nobody hears */
		return true;
	if (slot->length >= IPERF3_COOKIE_LENGTH)
		return same_said(world, slot, peer->said[who], peer->said_length[who]);
	if (!slot->ended) /* R-22.1-2 */
		return slot->said_length == 0 && peer->said_length[who] == 0;
	return same_short(slot->said, slot->said_length, denied) &&
	       same_short(peer->said[who], peer->said_length[who], denied);
}

/* --- the test of both ------------------------------------------------------------------------------------------ */

static bool same_parameters(const struct iperf3_parameters *a, const struct iperf3_peer_test *b)
{
	return (a->protocol == IPERF_UDP) == b->udp && a->parallel == b->parallel && a->reverse == b->reverse &&
	       a->bidirectional == b->bidirectional && a->len == b->len && a->omit == b->omit && a->time == b->time &&
	       a->udp_counters_64bit == b->wide && a->get_server_output == b->output;
}

static bool same_streams(const struct world *world, const struct iperf3_peer_view *peer)
{
	const struct iperf3_server *server = &world->server;

	if (server->state == IPERF3_TEST_CREATING) /* of TCP streams the session tells when all are there */
		return server->stream_count + server->member_count == peer->count;
	if (server->stream_count != peer->count)
		return false;
	for (size_t i = 0; i < peer->count; i++) {
		const struct iperf3_stream *mine = &world->streams[i];
		const struct iperf3_peer_stream *other = &peer->streams[i];
		int conn = mine->conn ? (int)(slot_of((struct world *)world, mine->conn) - world->slots) : -1;

		if (mine->id != other->id || mine->sends != other->sends || conn != other->conn ||
		    (conn < 0 && mine->client.port != other->port))
			return false;
	}
	return true;
}

/* To an old hello any 4 octets are a reply (R-26.1-4). */
static bool same_replies(const struct world *world, const struct iperf3_peer_view *peer)
{
	return memcmp(world->replies, peer->replies, sizeof world->replies) == 0 &&
	       (world->old || memcmp(world->reply, peer->reply, sizeof world->reply) == 0);
}

static bool same_test(const struct world *world, const struct iperf3_peer_view *peer)
{
	const struct iperf3_server *server = &world->server;

	if ((int)server->state != peer->state || !same_replies(world, peer))
		return false;
	if (server->state == IPERF3_TEST_IDLE)
		return true;
	if (memcmp(server->cookie.octets, peer->test.cookie, IPERF3_COOKIE_LENGTH) != 0)
		return false;
	return server->state < IPERF3_TEST_CREATING ||
	       (same_parameters(&server->parameters, &peer->test) && same_streams(world, peer));
}

static void put(const char *what, const uint8_t *octets, size_t length)
{
	fprintf(stderr, "\n\t%s: ", what);
	for (size_t i = 0; i < length; i++)
		fprintf(stderr, octets[i] >= ' ' && octets[i] < 127 ? "%c" : "\\x%02x", octets[i]);
}

static void show(const struct world *world)
{
	static struct iperf3_peer_view peer;

	iperf3_peer_look(&peer);
	fprintf(stderr, "session: state %d, %zu streams; peer: state %d, %zu streams\n", (int)world->server.state,
		world->server.stream_count, peer.state, peer.count);
	for (unsigned i = 0; i < CONNS; i++) {
		const struct slot *slot = &world->slots[i];

		if (slot->length == 0 && slot->said_length == 0 && peer.said_length[i] == 0)
			continue;
		fprintf(stderr, "%u:", i);
		put("client", slot->octets, slot->length);
		put(slot->ended ? "session, ended" : "session", slot->said, slot->said_length);
		put(peer.ended[i] ? "peer, ended" : "peer", peer.said[i], peer.said_length[i]);
		fprintf(stderr, "\n");
	}
}

#endif
