/* Simulated time and network; see testsim.h. */
#include "proto/testsim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- chance ------------------------------------------------------------------------------------------------------ */

size_t sim_chance(struct sim *sim, size_t n)
{
	uint64_t z = sim->seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return n ? (z ^ (z >> 31)) % n : 0;
}

int64_t sim_between(struct sim *sim, int64_t least, int64_t most)
{
	return most <= least ? least : least + (int64_t)sim_chance(sim, (size_t)(most - least));
}

bool sim_percent(struct sim *sim, unsigned percent)
{
	return percent && sim_chance(sim, 100) < percent;
}

void sim_trace(const struct sim *sim, const char *format, ...)
{
	va_list arguments;

	if (!sim->options.trace)
		return;
	fprintf(stderr, "# %10.6f  ", (double)sim->now_ns / 1e9);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event kept = *a;

	*a = *b;
	*b = kept;
}

void sim_at(struct sim *sim, int64_t at_ns, sim_action *action, void *what, uint64_t number)
{
	size_t at = sim->heap_count;

	if (sim->heap_count == sim->heap_room) {
		sim->heap_room = sim->heap_room ? 2 * sim->heap_room : 256;
		sim->heap = realloc(sim->heap, sim->heap_room * sizeof *sim->heap);
		if (!sim->heap)
			abort();
	}
	sim->heap[sim->heap_count++] = (struct sim_event){
		.at_ns = at_ns > sim->now_ns ? at_ns : sim->now_ns,
		.order = sim->order++,
		.action = action,
		.what = what,
		.number = number,
	};
	for (; at > 0 && before(&sim->heap[at], &sim->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&sim->heap[at], &sim->heap[(at - 1) / 2]);
}

static void heap_pop(struct sim *sim)
{
	size_t at = 0, child;

	sim->heap[0] = sim->heap[--sim->heap_count];
	while ((child = 2 * at + 1) < sim->heap_count) {
		if (child + 1 < sim->heap_count && before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!before(&sim->heap[child], &sim->heap[at]))
			break;
		swap(&sim->heap[child], &sim->heap[at]);
		at = child;
	}
}

bool sim_step(struct sim *sim)
{
	struct sim_event event;

	if (sim->heap_count == 0 || sim->heap[0].at_ns > sim->options.end_ns)
		return false;
	event = sim->heap[0];
	heap_pop(sim);
	sim->now_ns = event.at_ns;
	event.action(sim, event.what, event.number);
	return true;
}

/* --- packets ----------------------------------------------------------------------------------------------------- */

static struct sim_packet *new_packet(struct sim *sim, const uint8_t *octets, size_t length)
{
	struct sim_packet *packet = calloc(1, sizeof *packet + length);

	if (!packet)
		abort();
	packet->all = sim->packets;
	sim->packets = packet;
	packet->length = length;
	if (length)
		memcpy(packet->octets, octets, length);
	return packet;
}

/* Whether there is no way between the tap and the sender (or, behind it, the receiver). */
static bool no_way(const struct sim *sim, enum sim_side from, bool behind)
{
	bool towards_server = (from == SIDE_CLIENT) == behind;

	return sim->options.tap == TAP_LOOPBACK || (sim->options.tap == TAP_SERVER && towards_server) ||
	       (sim->options.tap == TAP_CLIENT && !towards_server);
}

/* The time to the tap, or from it. */
static int64_t leg(struct sim *sim, enum sim_side from, bool behind)
{
	return no_way(sim, from, behind) ? 0 : sim_between(sim, 0, sim->options.leg_ns);
}

static void tcp_arrives(struct sim *sim, void *what, uint64_t number);

static void tcp_passes(struct sim *sim, void *what, uint64_t number)
{
	struct sim_packet *packet = what;
	struct sim_end *from = &packet->conn->end[packet->from];
	int64_t at = sim->now_ns + leg(sim, packet->from, true);

	(void)number;
	if (packet->conn->seen)
		tap_packet(sim, packet);
	from->arrived_ns = at > from->arrived_ns ? at : from->arrived_ns;
	sim_at(sim, from->arrived_ns, tcp_arrives, packet, 0);
}

static void tcp_leaves(struct sim *sim, void *what, uint64_t number)
{
	struct sim_packet *packet = what;
	struct sim_end *from = &packet->conn->end[packet->from];
	int64_t at = sim->now_ns + leg(sim, packet->from, false);

	(void)number;
	if (from->cut && !packet->reset && packet->sent_ns > from->cut_ns)
		return;
	from->tapped_ns = at > from->tapped_ns ? at : from->tapped_ns;
	if (no_way(sim, packet->from, false))
		tcp_passes(sim, packet, 0);
	else
		sim_at(sim, from->tapped_ns, tcp_passes, packet, 0);
}

/* Octets of one direction leave one after the other: what is not sent yet, waits in the sender's queue. */
static void send_packet(struct sim *sim, struct sim_packet *packet, struct sim_conn *conn, enum sim_side side)
{
	struct sim_end *end = &conn->end[side];

	packet->conn = conn;
	packet->from = side;
	if (packet->reset) {
		packet->sent_ns = sim->now_ns;
		end->cut = true;
		end->cut_ns = sim->now_ns;
	} else {
		packet->sent_ns = end->busy_ns > sim->now_ns ? end->busy_ns : sim->now_ns;
		end->sent += packet->length;
		end->busy_ns = packet->sent_ns;
		if (end->sent > IPERF_JUDGE_AT_ONCE && packet->length > 0)
			end->busy_ns += sim_between(sim, 0, end->pace_ns);
	}
	if (packet->sent_ns > sim->now_ns)
		sim_at(sim, packet->sent_ns, tcp_leaves, packet, 0);
	else
		tcp_leaves(sim, packet, 0);
}

static void send_flags(struct sim *sim, struct sim_conn *conn, enum sim_side side, bool syn, bool ack, bool fin,
		       bool reset)
{
	struct sim_packet *packet = new_packet(sim, NULL, 0);

	packet->syn = syn;
	packet->ack = ack;
	packet->fin = fin;
	packet->reset = reset;
	send_packet(sim, packet, conn, side);
}

/* --- TCP --------------------------------------------------------------------------------------------------------- */

static void ready(struct sim *sim, struct sim_conn *conn, enum sim_side side)
{
	struct sim_end *end = &conn->end[side];

	if (end->closed)
		return;
	if (!end->ready_ns)
		end->ready_ns = sim->now_ns + 1;
	if (side == SIDE_CLIENT && conn->owner == OWNER_CLIENT)
		client_ready(sim, &sim->clients[conn->owner_index]);
	else if (side == SIDE_CLIENT)
		stranger_ready(sim, &sim->strangers[conn->owner_index]);
	else if (conn->accepted)
		server_ready(sim);
}

static void die(struct sim *sim, struct sim_conn *conn, enum sim_side side)
{
	if (!conn->end[side].dead)
		send_flags(sim, conn, side, false, false, false, true);
	conn->end[side].dead = true;
}

static void end_receives(struct sim *sim, struct sim_conn *conn, enum sim_side side, const struct sim_packet *packet)
{
	struct sim_end *end = &conn->end[side];

	if (packet->reset) {
		end->reset = end->dead = true;
		end->length = 0;
		end->cut = true;
		end->cut_ns = sim->now_ns;
		ready(sim, conn, side);
		return;
	}
	if (end->closed && packet->length > 0) {
		die(sim, conn, side);
		return;
	}
	if (end->length + packet->length > end->room) {
		end->room = 2 * (end->length + packet->length);
		end->octets = realloc(end->octets, end->room);
		if (!end->octets)
			abort();
	}
	if (packet->length)
		memcpy(end->octets + end->length, packet->octets, packet->length);
	end->length += packet->length;
	end->eof = end->eof || packet->fin;
	ready(sim, conn, side);
}

static void handshake(struct sim *sim, struct sim_conn *conn, const struct sim_packet *packet)
{
	if (packet->from == SIDE_CLIENT && packet->syn) {
		if (server_listens(sim))
			send_flags(sim, conn, SIDE_SERVER, true, true, false, false);
		else
			send_flags(sim, conn, SIDE_SERVER, false, false, false, true);
	} else if (packet->from == SIDE_SERVER && packet->syn) {
		if (conn->end[SIDE_CLIENT].closed) {
			die(sim, conn, SIDE_CLIENT); /* it gave up waiting */
			return;
		}
		conn->connected = true;
		send_flags(sim, conn, SIDE_CLIENT, false, true, false, false);
		ready(sim, conn, SIDE_CLIENT);
	} else if (packet->from == SIDE_SERVER && packet->reset && !conn->connected) {
		conn->failed = true;
		ready(sim, conn, SIDE_CLIENT);
	} else if (packet->from == SIDE_CLIENT && packet->ack && !packet->reset) {
		if (server_listens(sim))
			server_queued(sim, conn);
		else
			die(sim, conn, SIDE_SERVER);
	}
}

static void tcp_arrives(struct sim *sim, void *what, uint64_t number)
{
	const struct sim_packet *packet = what;
	struct sim_conn *conn = packet->conn;
	enum sim_side side = packet->from == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;

	(void)number;
	if (conn->end[side].dead)
		return;
	if (packet->syn || packet->ack || (packet->reset && !conn->connected))
		handshake(sim, conn, packet);
	else
		end_receives(sim, conn, side, packet);
	if (packet->reset)
		conn->end[side].dead = true;
}

struct sim_conn *net_connect(struct sim *sim, const struct iperf_endpoint *client, bool seen)
{
	struct sim_conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		abort();
	conn->client = *client;
	conn->seen = seen;
	conn->number = ++sim->conn_count;
	conn->next = sim->conns;
	sim->conns = conn;
	send_flags(sim, conn, SIDE_CLIENT, true, false, false, false);
	return conn;
}

void net_write(struct sim *sim, struct sim_conn *conn, enum sim_side side, const uint8_t *octets, size_t length)
{
	struct sim_end *end = &conn->end[side];
	size_t part;

	if (end->dead || end->closed || end->ended)
		return;
	for (size_t at = 0; at < length; at += part) {
		part = length - at;
		if (part > 1448)
			part = 1448;
		if (sim_percent(sim, 30))
			part = 1 + sim_chance(sim, part);
		send_packet(sim, new_packet(sim, octets + at, part), conn, side);
	}
}

void net_shutdown(struct sim *sim, struct sim_conn *conn, enum sim_side side)
{
	struct sim_end *end = &conn->end[side];

	if (end->dead || end->ended)
		return;
	end->ended = true;
	send_flags(sim, conn, side, false, false, true, false);
}

void net_reset(struct sim *sim, struct sim_conn *conn, enum sim_side side)
{
	conn->end[side].closed = true;
	conn->end[side].ready_ns = 0;
	die(sim, conn, side);
}

void net_close(struct sim *sim, struct sim_conn *conn, enum sim_side side)
{
	struct sim_end *end = &conn->end[side];

	if (end->closed)
		return;
	if (end->length > 0) {
		net_reset(sim, conn, side);
		return;
	}
	if (side == SIDE_SERVER || conn->connected)
		net_shutdown(sim, conn, side);
	end->closed = true;
	end->ready_ns = 0;
}

bool net_readable(const struct sim_end *end)
{
	return !end->closed && end->ready_ns && (end->length > 0 || end->eof || end->reset);
}

size_t net_read(struct sim_end *end, uint8_t *octets, size_t size)
{
	size_t length = end->length < size ? end->length : size;

	if (length) {
		memcpy(octets, end->octets, length);
		memmove(end->octets, end->octets + length, end->length - length);
	}
	end->length -= length;
	return length;
}

/* --- UDP --------------------------------------------------------------------------------------------------------- */

static void datagram_arrives(struct sim *sim, void *what, uint64_t number)
{
	struct sim_packet *packet = what;

	(void)number;
	if (packet->from == SIDE_CLIENT)
		server_datagram(sim, packet);
}

static void datagram_passes(struct sim *sim, void *what, uint64_t number)
{
	struct sim_packet *packet = what;
	int64_t delay = leg(sim, packet->from, true);

	tap_packet(sim, packet);
	if (sim_percent(sim, sim->options.udp_loss) && sim->options.tap != TAP_SERVER)
		return;
	if (sim->options.udp_reorder || delay == 0)
		sim_at(sim, sim->now_ns + delay, datagram_arrives, packet, number);
	else
		sim_at(sim, sim->now_ns + sim->options.leg_ns, datagram_arrives, packet, number);
}

void net_datagram(struct sim *sim, const struct iperf_endpoint *client, enum sim_side from, const uint8_t *octets,
		  size_t length)
{
	struct sim_packet *packet = new_packet(sim, octets, length);
	int64_t delay = leg(sim, from, false);

	packet->from = from;
	packet->client = *client;
	if (delay > 0 && sim_percent(sim, sim->options.udp_loss))
		return;
	if (delay > 0 && !sim->options.udp_reorder)
		delay = sim->options.leg_ns;
	if (delay > 0)
		sim_at(sim, sim->now_ns + delay, datagram_passes, packet, 0);
	else
		datagram_passes(sim, packet, 0);
}
