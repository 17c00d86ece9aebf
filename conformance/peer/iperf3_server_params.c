/* What the server can serve (SPEC R-24-5 to R-24-8), and parameters that are options of sockets. */
#include "iperf3_server.h"

#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEN_MAX = 1 << 30, UDP_LEN_MAX = 65507 };

static bool len_fits(const struct i3_params *p)
{
	if (p->udp)
		return p->len >= (p->wide ? 16 : 12) && p->len <= UDP_LEN_MAX;
	return p->len > 0 && p->len <= LEN_MAX;
}

static bool window_fits(int64_t window)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), value = (int)window, got = 0;
	socklen_t len = sizeof got;
	bool fits = fd >= 0 && window > 0 && window <= INT32_MAX &&
		    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value) == 0 &&
		    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) == 0 && got >= value &&
		    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof value) == 0 &&
		    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &got, &len) == 0 && got >= value;

	if (fd >= 0)
		close(fd);
	return fits;
}

static bool affinity_fits(int64_t cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return cpu == -1;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof set, &set) == 0;
}

static enum i3_error check_limits(const struct i3_server *s, const struct i3_params *p)
{
	uint64_t bitrate = s->options->bitrate_limit, duration = s->options->duration_limit;
	double asked = (double)i3_stream_total(p) * (double)(p->bandwidth > p->fqrate ? p->bandwidth : p->fqrate);

	if (i3_server_fault(limits_ignored))
		return I3_NO_ERROR;
	if (duration && (p->time == 0 || (double)p->omit + (double)p->time > (double)duration))
		return I3_E_DURATION;
	return bitrate && asked > (double)bitrate ? I3_E_TOTAL_RATE : I3_NO_ERROR;
}

/* R-24-5 */
static enum i3_error check_streams(struct i3_params *p)
{
	bool too_many = p->parallel > I3_STREAMS_MAX && !i3_server_fault(streams_unbounded);
	bool too_few = p->parallel <= 0 && !i3_server_fault(parallel_unchecked);

	if (p->parallel <= 0 && i3_server_fault(parallel_unchecked))
		p->parallel = 0;
	if (too_few || too_many || p->parallel > 100000)
		return I3_E_STREAM;
	if (len_fits(p))
		return I3_NO_ERROR;
	if (!i3_server_fault(len_unchecked))
		return I3_E_STREAM;
	p->len = p->udp ? 1460 : 131072;
	return I3_NO_ERROR;
}

enum i3_error params3_check(const struct i3_server *s, struct i3_params *p)
{
	enum i3_error error = check_streams(p);

	if (error)
		return error;
	if (p->omit < 0 || p->time < 0 || p->num < 0 || p->blockcount < 0 || p->bandwidth < 0 || p->fqrate < 0)
		return I3_E_PARAMETERS;
	if ((p->sctp && !i3_server_fault(sctp_as_tcp)) || p->mptcp || p->flowlabel)
		return I3_E_LISTEN;
	if (p->window && !i3_server_fault(window_ignored) && !window_fits(p->window))
		return I3_E_WINDOW;
	if (p->token && !i3_server_fault(token_ignored))
		return I3_E_AUTHENTICATION;
	if (p->congestion[0] && i3_server_fault(congestion_refused) && strcmp(p->congestion, "cubic") != 0)
		return I3_E_STREAM;
	if (!affinity_fits(p->server_affinity))
		return I3_E_AFFINITY;
	return check_limits(s, p);
}

void params3_apply(const struct i3_params *p, int fd)
{
	int mss = (int)p->mss, tos = (int)p->tos, window = (int)p->window, on = 1, path = IP_PMTUDISC_DO;

	if (p->mss)
		setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss);
	if (p->nodelay)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (p->tos) {
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
	}
	if (p->window) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof window);
	}
	if (p->dont_fragment)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &path, sizeof path);
	if (p->congestion[0]) /* R-24-7: whether it is there or not */
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, p->congestion, (socklen_t)strlen(p->congestion));
}
