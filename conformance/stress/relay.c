#include "relay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIFE_S 300 /* whoever forgets a relay has it no longer than that */
#define PORTS 50   /* that are tried for one that is free for both kinds */

static volatile sig_atomic_t ended, cut;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		cut = 1;
	else
		ended = 1;
}

/* Signals come in ppoll() alone: so none is missed. */
static void take_signals(sigset_t *outside)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGUSR1 };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, outside);
	signal(SIGPIPE, SIG_IGN);
}

int64_t relay_due(struct relay *relay)
{
	int64_t delay_ns = relay->options->delay_ns, jitter_ns = relay->options->jitter_ns;

	if (jitter_ns > 0)
		delay_ns += (int64_t)chance_below(&relay->chance, 2 * (uint64_t)jitter_ns) - jitter_ns;
	return now_ns() + (delay_ns > 0 ? delay_ns : 0);
}

static bool wait_for_work(struct relay *relay, struct pollfd *polls, size_t *udp_count, size_t *tcp_count,
			  const sigset_t *mask)
{
	int64_t due_ns = INT64_MAX, wait_ns;
	struct timespec timeout;

	*udp_count = *tcp_count = 0;
	if (!relay->down) {
		*udp_count = udp_polls(relay->udp, polls, &due_ns);
		*tcp_count = tcp_polls(relay->tcp, polls + *udp_count, &due_ns);
	}
	wait_ns = due_ns == INT64_MAX ? 0 : due_ns - now_ns();
	wait_ns = wait_ns > 0 ? wait_ns : 0;
	timeout = (struct timespec){ .tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S };
	if (ppoll(polls, *udp_count + *tcp_count, due_ns == INT64_MAX ? NULL : &timeout, mask) >= 0)
		return true;
	if (errno != EINTR)
		perror("iperf-stress: ppoll");
	return false;
}

static int serve(struct relay *relay, const sigset_t *mask)
{
	struct pollfd *polls = calloc(RELAY_POLLS, sizeof *polls);
	size_t udp_count, tcp_count;

	while (polls && !ended) {
		if (wait_for_work(relay, polls, &udp_count, &tcp_count, mask) && !relay->down) {
			udp_work(relay->udp, polls, udp_count);
			tcp_work(relay->tcp, polls + udp_count, tcp_count);
		}
		relay->down = cut;
	}
	free(polls);
	return polls ? 0 : 3;
}

/* A port for both kinds. */
static bool listen_twice(uint16_t *port, int *tcp, int *udp)
{
	uint16_t wanted = *port;

	for (int i = 0; i < PORTS; i++) {
		*port = wanted;
		*tcp = net_listen(SOCK_STREAM, port);
		if (*tcp < 0)
			return false;
		*udp = net_listen(SOCK_DGRAM, port);
		if (*udp >= 0)
			return true;
		close(*tcp);
	}
	return false;
}

int relay_run(const struct relay_options *options)
{
	struct relay relay = { .options = options, .chance = { options->seed } };
	uint16_t port = options->port;
	int tcp, udp, status = 3;
	sigset_t outside;

	take_signals(&outside);
	alarm(LIFE_S);
	if (!listen_twice(&port, &tcp, &udp))
		return 3;
	relay.udp = udp_new(&relay, udp);
	relay.tcp = tcp_new(&relay, tcp);
	printf("Relay listening on %u, seed %llu\n", (unsigned)port, (unsigned long long)options->seed);
	fflush(stdout);
	if (relay.udp && relay.tcp)
		status = serve(&relay, &outside);
	if (status == 0)
		udp_tell(relay.udp);
	udp_free(relay.udp);
	tcp_free(relay.tcp);
	return status;
}
