/* Ports of a server that is started: one that is free, and whether it listens by now. A connection would tell it, too, but
 * is more than nothing to a server. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conformance/launch.h"
#include "conformance/wire.h"

#define LOWEST 10000 /* below are ports of services */
#define LISTENS 0x0a /* in /proc/net/tcp */
#define AGAIN_NS 2000000

/* A socket bound to port on all addresses; or -1. */
static int bound(int type, uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The first of the ports that the system gives to connections. One of those can be taken between here and the moment when
 * the server binds it, and a client of elsewhere may still try to reach who had it before. */
static unsigned first_given(void)
{
	FILE *in = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned first = 0;

	if (in && fscanf(in, "%u", &first) != 1)
		first = 0;
	if (in)
		fclose(in);
	return first > LOWEST + 1000 ? first : 32768;
}

uint16_t launch_free_port(void)
{
	unsigned first = first_given();

	for (int tries = 0; tries < 100; tries++) {
		uint16_t port;
		int tcp, udp;

		if (getrandom(&port, sizeof port, 0) != sizeof port)
			return 0;
		port = (uint16_t)(LOWEST + port % (first - LOWEST));
		tcp = bound(SOCK_STREAM, port);
		udp = tcp < 0 ? -1 : bound(SOCK_DGRAM, port);
		if (tcp >= 0)
			close(tcp);
		if (udp < 0)
			continue;
		close(udp);
		return port;
	}
	return 0;
}

static bool is_listed(const char *path, uint16_t port)
{
	FILE *in = fopen(path, "re");
	unsigned local, state;
	bool found = false;
	char line[300];

	while (in && !found && fgets(line, sizeof line, in))
		found = sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &local, &state) == 2 && local == port &&
			state == LISTENS;
	if (in)
		fclose(in);
	return found;
}

bool launch_listens(struct launch *launch, uint16_t port, int64_t timeout_ns)
{
	const struct timespec moment = { .tv_nsec = AGAIN_NS };
	int64_t until_ns = wire_now() + timeout_ns;

	while (wire_now() < until_ns && !launch_ended(launch)) {
		if (is_listed("/proc/net/tcp", port) || is_listed("/proc/net/tcp6", port))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}
