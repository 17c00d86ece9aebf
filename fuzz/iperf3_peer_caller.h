/* The caller of the iperf3 server session in iperf3_peer_fuzz.c: it keeps what the clients have sent and the session
 * does not read yet, what the session says, and counts payload. */
#ifndef IPERF_FUZZ_IPERF3_PEER_CALLER_H
#define IPERF_FUZZ_IPERF3_PEER_CALLER_H

#include "fuzz/fuzz.h"
#include "fuzz/iperf3_peer_world.h"
#include "proto/iperf3_datagram.h"
#include "proto/iperf3_server.h"

#define CONNS      IPERF3_PEER_CONNS
#define STREAMS    (2 * IPERF3_STREAMS_MAX)
#define WINDOW_MAX (4 << 20)
#define E_LISTEN   202
#define E_WINDOW   141

struct slot {
	struct iperf3_conn conn;
	bool ended, closed;            /* by the session */
	bool left, gone;               /* the client: has ended its side; has reset */
	uint8_t octets[IPERF3_PEER_ROOM];
	size_t length, read;           /* of what the client has sent; what was read of it, payload too */
	uint8_t said[IPERF3_PEER_SAID];
	size_t said_length;
	enum iperf3_test_state failed; /* the state in which its test was failed */
	size_t same, same_peer;        /* how much of what was said has been compared */
};

struct world {
	struct iperf3_server server;
	struct slot slots[CONNS];
	struct iperf3_stream streams[STREAMS];
	struct iperf3_stream_result own[STREAMS], peer[STREAMS];
	struct iperf3_counter counters[STREAMS]; /* TCP: bytes alone */
	unsigned replies[CONNS];
	uint8_t reply[IPERF3_HELLO_LENGTH]; /* the last one */
	bool old;                      /* to an old hello */
	int64_t now_ns, heard_ns;      /* when the last octet from the client was told */
	int64_t omit_ns;               /* when omit is over, or INT64_MAX */
	int control;                   /* whose connection it is, or -1 */
};

static uint8_t text_room[IPERF3_RESULTS_MAX];

static struct slot *slot_of(struct world *world, const struct iperf3_conn *conn)
{
	return &world->slots[((const char *)conn - (const char *)world->slots) / (ptrdiff_t)sizeof *world->slots];
}

static void end_omit(struct world *world)
{
	world->omit_ns = INT64_MAX;
	for (size_t i = 0; i < world->server.stream_count; i++)
		iperf3_counter_omitted(&world->counters[i]);
}

static void begin_counting(struct world *world)
{
	const struct iperf3_parameters *parameters = &world->server.parameters;

	memset(world->counters, 0, world->server.stream_count * sizeof *world->counters);
	world->heard_ns = world->now_ns;
	world->omit_ns = INT64_MAX;
	if (parameters->omit > 0 && parameters->omit < INT64_MAX / IPERF_S / 2)
		world->omit_ns = world->now_ns + parameters->omit * IPERF_S;
}

static void measure(const struct world *world, struct iperf3_results *results)
{
	bool udp = world->server.parameters.protocol == IPERF_UDP;

	results->has_output = world->server.parameters.get_server_output;
	if (results->sender_has_retransmits == 0)
		results->sender_has_retransmits = !udp; /* R-28-8 */
	for (size_t i = 0; i < results->count; i++) {
		struct iperf3_stream_result *stream = &results->streams[i];
		const struct iperf3_counter *counter = &world->counters[i];

		stream->bytes = (int64_t)counter->bytes;
		stream->packets = (int64_t)counter->packets;
		stream->errors = (int64_t)counter->errors;
		stream->jitter = counter->jitter;
		stream->has_omitted = true;
		stream->omitted_packets = (int64_t)counter->omitted_packets;
		stream->omitted_errors = (int64_t)counter->omitted_errors;
	}
}

static void say(struct slot *slot, const struct iperf3_decision *decision)
{
	must(!slot->ended && decision->length <= sizeof slot->said - slot->said_length);
	memcpy(slot->said + slot->said_length, decision->octets, decision->length);
	slot->said_length += decision->length;
}

static void decide(void *user, const struct iperf3_server *server, const struct iperf3_decision *decision)
{
	struct world *world = user;
	struct slot *slot = decision->conn ? slot_of(world, decision->conn) : NULL;

	switch (decision->kind) {
	case IPERF3_DECIDE_TAKE:
		world->control = (int)(slot - world->slots);
		break;
	case IPERF3_DECIDE_SEND:
		say(slot, decision);
		break;
	case IPERF3_DECIDE_REPLY:
		world->replies[decision->stream->client.port - IPERF3_PEER_PORT]++;
		world->old = decision->stream->old;
		memcpy(world->reply, decision->octets, sizeof world->reply);
		break;
	case IPERF3_DECIDE_RUN:
		begin_counting(world);
		break;
	case IPERF3_DECIDE_HALT:
		if (world->omit_ns < INT64_MAX)
			end_omit(world);
		break;
	case IPERF3_DECIDE_MEASURE:
		measure(world, decision->results);
		break;
	case IPERF3_DECIDE_RELEASE:
		slot_of(world, server->control)->failed = decision->reached;
		world->omit_ns = INT64_MAX;
		world->control = -1;
		break;
	case IPERF3_DECIDE_CLOSE:
		slot->closed = true;
		slot->ended = true;
		break;
	case IPERF3_DECIDE_END:
		slot->ended = true;
		break;
	case IPERF3_DECIDE_STREAM:
		break;
	}
}

/* R-24-6: as the peer is able to, with the sockets that iperf3_peer_world.c gives it. */
static int32_t able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error)
{
	(void)user;
	*system_error = 0;
	if (parameters->flowlabel != 0)
		return E_LISTEN;
	return parameters->window < 0 || parameters->window > WINDOW_MAX ? E_WINDOW : 0;
}

static void read_payload(struct world *world, struct slot *slot)
{
	if (world->server.state != IPERF3_TEST_FLOWING || slot->read == slot->length)
		return;
	for (size_t i = 0; i < world->server.stream_count; i++) {
		if (world->streams[i].conn != &slot->conn || world->streams[i].sends)
			continue;
		world->counters[i].bytes += slot->length - slot->read;
		slot->read = slot->length;
		world->heard_ns = world->now_ns;
		iperf3_server_moved(&world->server, world->now_ns);
	}
}

/* Reads what the session wants, until it wants nothing more. */
static void read_all(struct world *world)
{
	for (size_t i = 0; i < CONNS; i++) {
		struct slot *slot = &world->slots[i];

		while (!slot->closed && slot->read < slot->length) {
			size_t room = iperf3_server_room(&slot->conn), n = slot->length - slot->read, at = slot->read;

			n = n < room ? n : room;
			if (n == 0)
				break;
			slot->read += n;
			if (world->control == (int)i)
				world->heard_ns = world->now_ns;
			iperf3_server_octets(&world->server, &slot->conn, slot->octets + at, n, world->now_ns);
		}
	}
	for (size_t i = 0; i < CONNS; i++)
		if (!world->slots[i].closed && world->slots[i].conn.state == IPERF3_CONN_STREAM)
			read_payload(world, &world->slots[i]);
}

#endif
