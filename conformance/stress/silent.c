#include "silent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 100
#define PAUSE_NS NS_PER_S /* before it comes again */
#define OCTETS 31         /* one less than the shortest cookie */

struct stranger {
	int64_t since_ns; /* opened, or ended */
	unsigned sent;
};

struct crowd {
	const struct silent_options *options;
	struct stranger *strangers;
	struct pollfd *polls; /* of each, fd -1 when it was ended */
	unsigned open, ended, early, answered;
	int64_t first_ns, last_ns; /* shortest and longest life */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static bool enter(struct crowd *crowd, unsigned i)
{
	int64_t since_ns = now_ns(); /* the server's timer cannot begin before */
	int fd = net_connect(SOCK_STREAM, crowd->options->port, false);

	crowd->polls[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	crowd->strangers[i] = (struct stranger){ .since_ns = since_ns };
	crowd->open += fd >= 0;
	return fd >= 0;
}

static void leave(struct crowd *crowd, unsigned i)
{
	int64_t life_ns = now_ns() - crowd->strangers[i].since_ns;

	net_reset(crowd->polls[i].fd);
	crowd->polls[i].fd = -1;
	crowd->strangers[i].since_ns = now_ns();
	crowd->open--;
	crowd->ended++;
	crowd->early += life_ns < crowd->options->timer_ns;
	crowd->first_ns = life_ns < crowd->first_ns ? life_ns : crowd->first_ns;
	crowd->last_ns = life_ns > crowd->last_ns ? life_ns : crowd->last_ns;
}

static void hear(struct crowd *crowd, unsigned i)
{
	char octets[64];
	ssize_t length = recv(crowd->polls[i].fd, octets, sizeof octets, 0);

	if (length > 0)
		crowd->answered++;
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		leave(crowd, i);
}

/* Each tick: who trickles says another octet, who has been away comes again. */
static void tick(struct crowd *crowd)
{
	const struct silent_options *options = crowd->options;

	for (unsigned i = 0; i < options->connections; i++) {
		struct stranger *stranger = &crowd->strangers[i];
		int fd = crowd->polls[i].fd;

		if (fd >= 0 && options->trickle && i % options->trickle == 0 && stranger->sent < OCTETS)
			stranger->sent += send(fd, "x", 1, MSG_NOSIGNAL) == 1;
		else if (fd < 0 && options->again && now_ns() - stranger->since_ns >= PAUSE_NS)
			enter(crowd, i);
	}
}

static void stay(struct crowd *crowd)
{
	int64_t next_ns = now_ns();

	while (!stopped && (crowd->open > 0 || crowd->options->again)) {
		poll(crowd->polls, crowd->options->connections, TICK_MS / 2);
		for (unsigned i = 0; i < crowd->options->connections; i++)
			if (crowd->polls[i].fd >= 0 && crowd->polls[i].revents)
				hear(crowd, i);
		if (now_ns() < next_ns)
			continue;
		tick(crowd);
		next_ns = now_ns() + TICK_MS * NS_PER_MS;
	}
}

static void tell(const struct crowd *crowd)
{
	if (crowd->ended > 0)
		printf("first_ms %lld\nlast_ms %lld\n", (long long)(crowd->first_ns / NS_PER_MS),
		       (long long)(crowd->last_ns / NS_PER_MS));
	printf("open %u\nended %u\nearly %u\nanswered %u\n", crowd->open, crowd->ended, crowd->early, crowd->answered);
}

int silent_run(const struct silent_options *options)
{
	struct crowd crowd = { .options = options, .first_ns = INT64_MAX };
	struct sigaction action = { .sa_handler = on_signal };
	bool good = net_descriptors(options->connections + 16);

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	crowd.strangers = calloc(options->connections, sizeof *crowd.strangers);
	crowd.polls = calloc(options->connections, sizeof *crowd.polls);
	good = good && crowd.strangers && crowd.polls;
	for (unsigned i = 0; good && i < options->connections; i++)
		good = enter(&crowd, i);
	if (good) {
		printf("%u strangers\n", options->connections);
		fflush(stdout);
		stay(&crowd);
		tell(&crowd);
	}
	free(crowd.strangers);
	free(crowd.polls);
	return good ? 0 : 3;
}
