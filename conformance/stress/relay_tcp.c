/* Connections on their way. A pair is the client's and the one that was opened to the server for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"

#define PAIRS 400
#define BLOCK 16384         /* in one read */
#define QUEUE (256 * 1024)  /* on their way in one direction; more waits with its sender */

/* Octets that are due together, or the end, or a reset. */
struct piece {
	struct piece *next;
	int64_t due_ns;
	enum kind { OCTETS, END, RESET } kind;
	size_t length, sent;
	uint8_t octets[];
};

/* What is read from one connection and written to the other. */
struct half {
	int from, to;
	struct piece *first, *last;
	size_t queued;
	bool ended;  /* its end was read, or nobody is there to read it */
	bool passed; /* and written */
};

struct pair {
	struct half halves[2];
	bool broken; /* a reset has passed: both are reset */
};

struct tcp {
	struct relay *relay;
	int fd;
	struct pair *pairs[PAIRS];
	size_t pair_count;
	uint8_t block[BLOCK];
};

static void queue(struct tcp *tcp, struct half *half, enum kind kind, size_t length)
{
	struct piece *piece = malloc(sizeof *piece + length);
	int64_t due_ns = relay_due(tcp->relay);

	if (!piece)
		abort();
	if (half->last && half->last->due_ns > due_ns)
		due_ns = half->last->due_ns; /* octets stay in order */
	*piece = (struct piece){ .due_ns = due_ns, .kind = kind, .length = length };
	memcpy(piece->octets, tcp->block, length);
	if (half->last)
		half->last->next = piece;
	else
		half->first = piece;
	half->last = piece;
	half->queued += length;
}

static void drop_first(struct half *half)
{
	struct piece *piece = half->first;

	half->queued -= piece->length;
	half->first = piece->next;
	if (!half->first)
		half->last = NULL;
	free(piece);
}

static void drop_all(struct half *half)
{
	while (half->first)
		drop_first(half);
}

static void read_half(struct tcp *tcp, struct half *half)
{
	ssize_t length = recv(half->from, tcp->block, sizeof tcp->block, 0);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	half->ended = length <= 0;
	queue(tcp, half, length > 0 ? OCTETS : length == 0 ? END : RESET, length > 0 ? (size_t)length : 0);
}

/* One write at most: between two the peer may read. */
static void write_half(struct tcp *tcp, struct pair *pair, struct half *half)
{
	struct piece *piece = half->first;
	size_t left, most = tcp->relay->options->piece;
	ssize_t sent;

	if (!piece || piece->due_ns > now_ns())
		return;
	if (piece->kind != OCTETS) {
		shutdown(half->to, SHUT_WR);
		half->passed = true;
		pair->broken = pair->broken || piece->kind == RESET;
		drop_first(half);
		return;
	}
	left = piece->length - piece->sent;
	if (most > 0 && left > most)
		left = 1 + chance_below(&tcp->relay->chance, most);
	sent = send(half->to, piece->octets + piece->sent, left, MSG_NOSIGNAL);
	if (sent > 0)
		piece->sent += (size_t)sent;
	if (piece->sent == piece->length)
		drop_first(half);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) { /* what the other has said before is still on its way */
		drop_all(half);
		half->ended = half->passed = true;
	}
}

static void free_pair(struct pair *pair)
{
	drop_all(&pair->halves[0]);
	drop_all(&pair->halves[1]);
	if (pair->broken) {
		net_reset(pair->halves[0].from);
		net_reset(pair->halves[1].from);
	} else {
		close(pair->halves[0].from);
		close(pair->halves[1].from);
	}
	free(pair);
}

static void accept_all(struct tcp *tcp)
{
	int client, server;
	struct pair *pair;

	while (tcp->pair_count < PAIRS && (client = accept4(tcp->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		server = net_connect(SOCK_STREAM, tcp->relay->options->server, false);
		pair = server >= 0 ? calloc(1, sizeof *pair) : NULL;
		if (!pair) {
			net_reset(client);
			continue;
		}
		pair->halves[0] = (struct half){ .from = client, .to = server };
		pair->halves[1] = (struct half){ .from = server, .to = client };
		tcp->pairs[tcp->pair_count++] = pair;
	}
}

struct tcp *tcp_new(struct relay *relay, int fd)
{
	struct tcp *tcp = calloc(1, sizeof *tcp);

	if (!tcp)
		return NULL;
	tcp->relay = relay;
	tcp->fd = fd;
	return tcp;
}

/* The two sockets of a pair: each is read for one half and written for the other. */
static void poll_pair(const struct pair *pair, struct pollfd *polls, int64_t *due_ns)
{
	int64_t moment_ns = now_ns();

	for (int i = 0; i < 2; i++) {
		const struct half *in = &pair->halves[i], *out = &pair->halves[1 - i];

		polls[i] = (struct pollfd){ .fd = in->from };
		if (!in->ended && in->queued < QUEUE)
			polls[i].events |= POLLIN;
		if (out->first && out->first->due_ns <= moment_ns)
			polls[i].events |= POLLOUT;
		else if (out->first && out->first->due_ns < *due_ns)
			*due_ns = out->first->due_ns;
		if (polls[i].events == 0)
			polls[i].fd = -1; /* its hang-up would be told all the time */
	}
}

size_t tcp_polls(struct tcp *tcp, struct pollfd *polls, int64_t *due_ns)
{
	polls[0] = (struct pollfd){ .fd = tcp->fd, .events = POLLIN };
	for (size_t i = 0; i < tcp->pair_count; i++)
		poll_pair(tcp->pairs[i], polls + 1 + 2 * i, due_ns);
	return 1 + 2 * tcp->pair_count;
}

void tcp_work(struct tcp *tcp, const struct pollfd *polls, size_t count)
{
	size_t kept = 0, pairs = (count - 1) / 2;

	for (size_t i = 0; i < pairs; i++) {
		struct pair *pair = tcp->pairs[i];
		const struct pollfd *poll = polls + 1 + 2 * i;

		for (int j = 0; j < 2; j++) {
			if (poll[j].revents & (POLLOUT | POLLERR))
				write_half(tcp, pair, &pair->halves[1 - j]);
			if (poll[j].revents & (POLLIN | POLLHUP | POLLERR) && !pair->halves[j].ended)
				read_half(tcp, &pair->halves[j]);
		}
		if (pair->broken || (pair->halves[0].passed && pair->halves[1].passed))
			free_pair(pair);
		else
			tcp->pairs[kept++] = pair;
	}
	tcp->pair_count = kept;
	if (polls[0].revents)
		accept_all(tcp);
}

void tcp_free(struct tcp *tcp)
{
	if (!tcp)
		return;
	for (size_t i = 0; i < tcp->pair_count; i++)
		free_pair(tcp->pairs[i]);
	close(tcp->fd);
	free(tcp);
}
