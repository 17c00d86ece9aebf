#include <linux/tcp.h> /* not netinet/tcp.h, which lacks the window, and cannot be included besides */
#include <netinet/in.h>
#include <string.h>

#include "ref/iperf3_report.h"

void iperf3_report_read_tcp(struct iperf3_report_tcp *tcp, int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof info;

	memset(&info, 0, sizeof info);
	memset(tcp, 0, sizeof *tcp);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
		return;
	tcp->cwnd = (int64_t)info.tcpi_snd_cwnd * info.tcpi_snd_mss;
	tcp->wnd = info.tcpi_snd_wnd;
	tcp->rtt = info.tcpi_rtt;
	tcp->rttvar = info.tcpi_rttvar;
	tcp->pmtu = info.tcpi_pmtu;
}
