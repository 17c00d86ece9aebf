/* Datagrams on their way. A flow is a client's address; the server sees it at a port of its own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"

#define FLOWS 128
#define DATAGRAM 65536
#define NUMBERS 65536  /* datagrams of payload of a flow in one direction that are told apart */
#define HELD 16384     /* datagrams on their way at once; more are lost */
#define READS 64       /* from a socket at once */
#define SEQUENCE 8     /* SPEC 26.2: where it stands */

/* Payload of one direction. Numbers are those that its sender wrote into it, or else those of arrival here. */
struct payload {
	uint32_t came;
	uint32_t highest;       /* that went on */
	uint32_t unique;        /* numbers that went on */
	uint32_t went;          /* with copies */
	uint32_t late;          /* went on behind a higher number, copies included */
	uint32_t errors;        /* what R-26.3-2 and R-26.3-3 make of it */
	uint64_t octets;
	uint8_t seen[NUMBERS / 8];
};

struct way {
	uint64_t came, lost, copied, went;
	struct payload payload;
};

enum { UP = RELAY_UP, DOWN = RELAY_DOWN };

struct flow {
	struct sockaddr_in client;
	int fd; /* connected to the server */
	struct way ways[2];
};

struct held {
	int64_t due_ns;
	uint64_t order; /* among those that are due at the same time */
	struct flow *flow;
	int way;
	uint32_t number; /* of payload, or 0 */
	size_t length;
	uint8_t octets[];
};

struct udp {
	struct relay *relay;
	int fd;
	struct flow *flows[FLOWS];
	size_t flow_count;
	struct held *heap[HELD]; /* the next one first */
	size_t held_count;
	uint64_t order;
	uint8_t block[DATAGRAM];
};

/* --- on their way: a heap ---------------------------------------------------------------------------------------- */

static bool before(const struct held *a, const struct held *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void swap(struct held **a, struct held **b)
{
	struct held *other = *a;

	*a = *b;
	*b = other;
}

static void push(struct udp *udp, struct held *held)
{
	size_t at = udp->held_count++;

	udp->heap[at] = held;
	for (; at > 0 && before(udp->heap[at], udp->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&udp->heap[at], &udp->heap[(at - 1) / 2]);
}

static struct held *pop(struct udp *udp)
{
	struct held *first = udp->heap[0];
	size_t at = 0, child;

	udp->heap[0] = udp->heap[--udp->held_count];
	while ((child = 2 * at + 1) < udp->held_count) {
		if (child + 1 < udp->held_count && before(udp->heap[child + 1], udp->heap[child]))
			child++;
		if (!before(udp->heap[child], udp->heap[at]))
			break;
		swap(&udp->heap[child], &udp->heap[at]);
		at = child;
	}
	return first;
}

/* --- one datagram ------------------------------------------------------------------------------------------------ */

static void count(struct payload *payload, uint32_t number, size_t length)
{
	uint8_t bit = (uint8_t)(1u << number % 8), *seen = &payload->seen[number / 8];

	payload->went++;
	payload->octets += length;
	payload->unique += !(*seen & bit);
	*seen |= bit;
	if (number > payload->highest) {
		payload->errors += number - payload->highest - 1;
		payload->highest = number;
		return;
	}
	payload->late++;
	payload->errors -= payload->errors > 0;
}

static void send_on(struct udp *udp, struct held *held)
{
	struct flow *flow = held->flow;
	struct way *way = &flow->ways[held->way];
	ssize_t sent = held->way == UP ? send(flow->fd, held->octets, held->length, 0) :
					 sendto(udp->fd, held->octets, held->length, 0,
						(struct sockaddr *)&flow->client, sizeof flow->client);

	if (sent < 0) { /* the other end is gone: then it is lost as well */
		way->lost++;
		free(held);
		return;
	}
	way->went++;
	if (held->number > 0)
		count(&way->payload, held->number, held->length);
	free(held);
}

static void hold(struct udp *udp, struct flow *flow, int way, uint32_t number, size_t length, int64_t due_ns)
{
	struct held *held = udp->held_count < HELD ? malloc(sizeof *held + length) : NULL;

	if (!held) {
		flow->ways[way].lost++;
		return;
	}
	*held = (struct held){ due_ns, udp->order++, flow, way, number, length };
	memcpy(held->octets, udp->block, length);
	push(udp, held);
}

/* A datagram of payload, or 0: it is none. */
static uint32_t number_of(const struct udp *udp, struct payload *payload, size_t length)
{
	const struct relay_options *options = udp->relay->options;
	uint32_t number = payload->came + 1;

	if (length != options->length)
		return 0;
	if (options->sequence) {
		memcpy(&number, udp->block + SEQUENCE, sizeof number);
		number = ntohl(number);
	}
	if (number == 0 || number >= NUMBERS)
		return 0;
	payload->came++;
	return number;
}

static void take(struct udp *udp, struct flow *flow, int to, size_t length)
{
	const struct relay_options *options = udp->relay->options;
	struct chance *chance = &udp->relay->chance;
	struct way *way = &flow->ways[to];
	uint32_t number = number_of(udp, &way->payload, length);

	if (way->came < options->lose[to]) {
		way->came++;
		way->lost++;
		return;
	}
	if (way->came++ < options->spare) {
		hold(udp, flow, to, number, length, now_ns() + options->delay_ns);
		return;
	}
	if (chance_percent(chance, options->loss)) {
		way->lost++;
		return;
	}
	if (chance_percent(chance, options->copies)) {
		way->copied++;
		hold(udp, flow, to, number, length, relay_due(udp->relay));
	}
	hold(udp, flow, to, number, length,
	     chance_percent(chance, options->reorder) ? now_ns() : relay_due(udp->relay));
}

/* --- flows ------------------------------------------------------------------------------------------------------- */

static struct flow *flow_of(struct udp *udp, const struct sockaddr_in *client)
{
	struct flow *flow;
	int fd;

	for (size_t i = 0; i < udp->flow_count; i++) {
		const struct sockaddr_in *known = &udp->flows[i]->client;

		if (known->sin_port == client->sin_port && known->sin_addr.s_addr == client->sin_addr.s_addr)
			return udp->flows[i];
	}
	fd = udp->flow_count < FLOWS ? net_connect(SOCK_DGRAM, udp->relay->options->server, false) : -1;
	flow = fd >= 0 ? calloc(1, sizeof *flow) : NULL;
	if (!flow) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	flow->client = *client;
	flow->fd = fd;
	udp->flows[udp->flow_count++] = flow;
	return flow;
}

static void read_clients(struct udp *udp)
{
	struct sockaddr_in client;
	socklen_t size = sizeof client;
	struct flow *flow;
	ssize_t length;

	for (int i = 0; i < READS; i++, size = sizeof client) {
		length = recvfrom(udp->fd, udp->block, sizeof udp->block, 0, (struct sockaddr *)&client, &size);
		if (length < 0)
			return;
		flow = flow_of(udp, &client);
		if (flow)
			take(udp, flow, UP, (size_t)length);
	}
}

static void read_server(struct udp *udp, struct flow *flow)
{
	ssize_t length;

	for (int i = 0; i < READS && (length = recv(flow->fd, udp->block, sizeof udp->block, 0)) >= 0; i++)
		take(udp, flow, DOWN, (size_t)length);
}

/* --- the loop's -------------------------------------------------------------------------------------------------- */

struct udp *udp_new(struct relay *relay, int fd)
{
	struct udp *udp = calloc(1, sizeof *udp);
	int size = 4 << 20; /* no datagram is to be lost but by chance */

	if (!udp)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	udp->relay = relay;
	udp->fd = fd;
	return udp;
}

size_t udp_polls(struct udp *udp, struct pollfd *polls, int64_t *due_ns)
{
	polls[0] = (struct pollfd){ .fd = udp->fd, .events = POLLIN };
	for (size_t i = 0; i < udp->flow_count; i++)
		polls[i + 1] = (struct pollfd){ .fd = udp->flows[i]->fd, .events = POLLIN };
	if (udp->held_count > 0 && udp->heap[0]->due_ns < *due_ns)
		*due_ns = udp->heap[0]->due_ns;
	return udp->flow_count + 1;
}

void udp_work(struct udp *udp, const struct pollfd *polls, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (polls[i].revents)
			read_server(udp, udp->flows[i - 1]);
	if (polls[0].revents)
		read_clients(udp);
	while (udp->held_count > 0 && udp->heap[0]->due_ns <= now_ns())
		send_on(udp, pop(udp));
}

/* Sums over all flows. */
void udp_tell(const struct udp *udp)
{
	static const char *const names[] = { "up", "down" };

	for (int i = 0; i < 2; i++) {
		struct way sum = { 0 };

		for (size_t j = 0; j < udp->flow_count; j++) {
			const struct way *way = &udp->flows[j]->ways[i];
			const struct payload *payload = &way->payload;

			sum.came += way->came, sum.lost += way->lost, sum.copied += way->copied, sum.went += way->went;
			sum.payload.came += payload->came;
			sum.payload.highest += payload->highest;
			sum.payload.unique += payload->unique;
			sum.payload.went += payload->went;
			sum.payload.late += payload->late;
			sum.payload.errors += payload->errors;
			sum.payload.octets += payload->octets;
		}
		printf("%s_came %llu\n%s_lost %llu\n%s_copied %llu\n%s_went %llu\n", names[i],
		       (unsigned long long)sum.came, names[i], (unsigned long long)sum.lost, names[i],
		       (unsigned long long)sum.copied, names[i], (unsigned long long)sum.went);
		printf("%s_payload_came %u\n%s_payload_went %u\n%s_payload_octets %llu\n%s_highest %u\n", names[i],
		       sum.payload.came, names[i], sum.payload.went, names[i], (unsigned long long)sum.payload.octets,
		       names[i], sum.payload.highest);
		printf("%s_missing %u\n%s_late %u\n%s_errors %u\n", names[i], sum.payload.highest - sum.payload.unique,
		       names[i], sum.payload.late, names[i], sum.payload.errors);
	}
}

void udp_free(struct udp *udp)
{
	if (!udp)
		return;
	while (udp->held_count > 0)
		free(pop(udp));
	for (size_t i = 0; i < udp->flow_count; i++) {
		close(udp->flows[i]->fd);
		free(udp->flows[i]);
	}
	close(udp->fd);
	free(udp);
}
