#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/clock.h"
#include "ref/iperf3_server_private.h"

/* Numbers of SPEC 29's list that iperf3_control.h has no name for. */
#define ERROR_MSS 123
#define ERROR_BUFFERS 124
#define ERROR_TOS 125
#define ERROR_AFFINITY 132

#define UDP_BUFFER (8 * 1024 * 1024)

static bool has(const struct iperf3_parameters *parameters, enum iperf3_key key)
{
	return parameters->present >> key & 1;
}

static bool server_sends(const struct iperf3_parameters *parameters)
{
	return parameters->reverse || parameters->bidirectional;
}

/* --- what can be done -------------------------------------------------------------------------------------------- */

static int set_number(int fd, int level, int name, int64_t value)
{
	int number = (int)value;

	return value == number && setsockopt(fd, level, name, &number, sizeof number) == 0 ? 0 : errno ? errno : EINVAL;
}

/* Whether fd gets buffers of so many octets. The kernel doubles them for its own needs. */
static bool gets_window(int fd, int64_t window)
{
	static const int names[] = { SO_SNDBUF, SO_RCVBUF };

	for (size_t i = 0; i < 2; i++) {
		int actual = 0;
		socklen_t length = sizeof actual;

		if (set_number(fd, SOL_SOCKET, names[i], window) != 0 ||
		    getsockopt(fd, SOL_SOCKET, names[i], &actual, &length) != 0 || actual < window)
			return false;
	}
	return true;
}

/* Options of a socket, tried on one that will not be used. */
static int32_t try_options(const struct iperf3_parameters *parameters, int32_t *system_error)
{
	int type = parameters->protocol == IPERF_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int32_t error = 0;

	if (fd < 0)
		fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	errno = 0;
	if (parameters->window != 0 && (parameters->window < 0 || !gets_window(fd, parameters->window)))
		error = IPERF3_ERROR_WINDOW;
	else if (parameters->tos != 0 && (parameters->tos < 0 || parameters->tos > 255))
		error = ERROR_TOS;
	*system_error = error ? errno : 0;
	close(fd);
	return error;
}

int32_t iperf3_service_able(void *user, const struct iperf3_parameters *parameters, int32_t *system_error)
{
	(void)user;
	*system_error = ENOTSUP;
	if (has(parameters, IPERF3_KEY_SERVER_AFFINITY))
		return ERROR_AFFINITY;
	/* What the server would do to its own packets. Of a server that only receives, nothing is asked. */
	if (server_sends(parameters)) {
		if (parameters->mss != 0)
			return ERROR_MSS;
		if (parameters->flowlabel != 0 || has(parameters, IPERF3_KEY_ZEROCOPY))
			return IPERF3_ERROR_PARAMETERS;
		if (parameters->burst > 1000) /* as many as clients allow */
			return IPERF3_ERROR_PARAMETERS;
	}
	return try_options(parameters, system_error);
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

/* What the parameters say of a stream's socket. A congestion control that the system does not have is passed over
 * (R-24-7). */
static void set_options(const struct iperf3_parameters *parameters, int fd, bool sends)
{
	uint32_t pacing = parameters->fqrate / 8 > UINT32_MAX ? UINT32_MAX : (uint32_t)(parameters->fqrate / 8);
	int tos = (int)parameters->tos, discover = IP_PMTUDISC_DO;

	if (parameters->window > 0)
		gets_window(fd, parameters->window);
	if (tos != 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos) != 0 && errno != ENOPROTOOPT)
		tos = (int)parameters->tos;
	if (tos != 0)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	if (sends && parameters->fqrate > 0)
		setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &pacing, sizeof pacing);
	if (parameters->protocol == IPERF_UDP) {
		if (has(parameters, IPERF3_KEY_DONT_FRAGMENT))
			setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
		return;
	}
	set_number(fd, IPPROTO_TCP, TCP_NODELAY, parameters->nodelay);
	if (parameters->congestion[0])
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, parameters->congestion,
			   (socklen_t)strlen(parameters->congestion));
}

/* Datagrams that came between bind() and connect() may be of anyone; the stream's own come after the reply. */
static void drain(int fd)
{
	uint8_t octet;

	while (TEMP_FAILURE_RETRY(recv(fd, &octet, sizeof octet, MSG_DONTWAIT)) >= 0)
		;
}

static bool is_known(const struct iperf_endpoint *address)
{
	static const struct iperf_endpoint unknown;

	return memcmp(address->address, unknown.address, sizeof unknown.address) != 0;
}

/* Binds fd to the address that the client has asked, so that the reply comes from there; where that cannot be (it is of
 * many, say), to here, as the system chooses. */
static int bind_asked(int fd, const struct sockaddr_storage *here, socklen_t length, const struct iperf_endpoint *asked,
		      uint16_t port)
{
	struct iperf_endpoint endpoint = *asked;
	struct sockaddr_storage exact;

	endpoint.port = port;
	socket_address(&endpoint, here->ss_family, &exact);
	if (is_known(asked) && bind(fd, (const struct sockaddr *)&exact, length) == 0)
		return 0;
	return bind(fd, (const struct sockaddr *)here, length);
}

/* A socket at the server's own port for what comes from client to the address that it has asked. The server's first
 * socket lets the port be shared only while this one is opened, so that no other program takes it. */
static int open_connected(const struct socket_pair *sockets, const struct iperf_endpoint *client,
			  const struct iperf_endpoint *asked)
{
	struct sockaddr_storage here, there;
	socklen_t length = sizeof here;
	int fd, error = 0;

	if (getsockname(sockets->udp, (struct sockaddr *)&here, &length) != 0)
		return -errno;
	socket_address(client, here.ss_family, &there);
	fd = socket(here.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (here.ss_family == AF_INET6)
		set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	set_number(sockets->udp, SOL_SOCKET, SO_REUSEADDR, 1);
	set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (set_number(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER) != 0)
		set_number(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	if (bind_asked(fd, &here, length, asked, sockets->port) != 0 ||
	    connect(fd, (struct sockaddr *)&there, length) != 0)
		error = -errno;
	set_number(sockets->udp, SOL_SOCKET, SO_REUSEADDR, 0);
	if (error == 0) {
		drain(fd);
		return fd;
	}
	close(fd);
	return error;
}

void iperf3_service_open(struct iperf3_service *service, const struct iperf3_stream *stream)
{
	struct iperf3_line *line = &service->lines[service->line_count];
	struct iperf3_told *told = &service->told[service->line_count++];

	*line = (struct iperf3_line){ .service = service, .sends = stream->sends, .fd = -1 };
	if (stream->conn)
		line->fd = ((struct iperf3_link_conn *)stream->conn->user)->fd;
	else
		line->fd = open_connected(&service->config.sockets, &stream->client, &service->asked);
	*told = (struct iperf3_told){ .stream = stream, .fd = line->fd };
	if (line->fd < 0)
		service->broken = -line->fd;
	else
		set_options(&service->session.parameters, line->fd, stream->sends);
}

void iperf3_service_reply(struct iperf3_service *service, const uint8_t *octets, size_t length)
{
	int fd = service->lines[service->line_count - 1].fd;

	if (fd >= 0 && TEMP_FAILURE_RETRY(send(fd, octets, length, MSG_NOSIGNAL)) < 0)
		service->broken = errno;
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

/* By a thread. An end-of-file is of no consequence (R-25-11). */
static void flow_over(void *user, int error)
{
	struct iperf3_service *service = user;

	if (error == 0)
		return;
	atomic_store(&service->flow_error, error);
	uv_async_send(&service->wake);
}

void iperf3_service_run(struct iperf3_service *service)
{
	const struct iperf3_parameters *parameters = &service->session.parameters;
	struct iperf3_flow_config config = {
		.protocol = parameters->protocol,
		.length = (size_t)parameters->len,
		.rate = parameters->bandwidth,
		.burst = parameters->burst,
		.wide = parameters->udp_counters_64bit,
		.repeating = parameters->repeating_payload,
		.discard = has(parameters, IPERF3_KEY_SKIP_RX_COPY),
		.omitting = parameters->omit > 0,
		.over = flow_over,
		.user = service,
	};

	atomic_store(&service->flow_error, 0);
	for (size_t i = 0; i < service->line_count && service->broken == 0; i++) {
		int error;

		config.fd = service->lines[i].fd;
		config.sends = service->lines[i].sends;
		error = iperf3_flow_start(&service->lines[i].flow, &config);
		if (error < 0)
			service->broken = -error;
	}
}

/* A client up to 3.15 reads whole blocks by then, and would wait for the rest of the last one: the end of the stream
 * tells it that there is none. */
void iperf3_service_halt(struct iperf3_service *service)
{
	for (size_t i = 0; i < service->line_count; i++)
		if (service->lines[i].sends)
			iperf3_flow_stop(service->lines[i].flow);
	for (size_t i = 0; i < service->line_count; i++) {
		if (!service->lines[i].sends)
			continue;
		iperf3_flow_join(service->lines[i].flow); /* a sender ends at once */
		if (service->session.parameters.protocol == IPERF_TCP)
			shutdown(service->lines[i].fd, SHUT_WR);
	}
}

int64_t iperf3_service_look(struct iperf3_service *service)
{
	int64_t last_ns = 0;

	for (size_t i = 0; i < service->line_count; i++) {
		if (!service->lines[i].flow)
			continue;
		iperf3_flow_measure(service->lines[i].flow, &service->told[i].now);
		if (service->told[i].now.last_ns > last_ns)
			last_ns = service->told[i].now.last_ns;
	}
	return last_ns;
}

bool iperf3_service_waits(const struct iperf3_service *service)
{
	int waiting = 0;

	for (size_t i = 0; i < service->line_count && waiting == 0; i++)
		if (!service->lines[i].sends && ioctl(service->lines[i].fd, SIOCINQ, &waiting) != 0)
			waiting = 0;
	return waiting > 0;
}

void iperf3_service_finish(struct iperf3_service *service)
{
	for (size_t i = 0; i < service->line_count; i++)
		iperf3_flow_stop(service->lines[i].flow);
	for (size_t i = 0; i < service->line_count; i++)
		iperf3_flow_join(service->lines[i].flow);
	iperf3_service_look(service);
}

void iperf3_service_clear(struct iperf3_service *service)
{
	for (size_t i = 0; i < service->line_count; i++)
		iperf3_flow_stop(service->lines[i].flow);
	for (size_t i = 0; i < service->line_count; i++) {
		struct iperf3_line *line = &service->lines[i];

		iperf3_flow_free(line->flow);
		if (line->fd >= 0 && service->session.parameters.protocol == IPERF_UDP)
			close(line->fd);
	}
	service->line_count = 0;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static double percent(const struct timeval *from, const struct timeval *to, int64_t wall_ns)
{
	double seconds = (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_usec - from->tv_usec) / 1e6;

	return wall_ns > 0 ? seconds * 1e11 / (double)wall_ns : 0;
}

static void measure_cpu(struct iperf3_service *service)
{
	struct iperf3_server_report *report = &service->report;
	int64_t wall_ns = clock_now_ns() - service->usage_ns;
	struct rusage now;

	getrusage(RUSAGE_SELF, &now);
	report->cpu_user = percent(&service->usage.ru_utime, &now.ru_utime, wall_ns);
	report->cpu_system = percent(&service->usage.ru_stime, &now.ru_stime, wall_ns);
	report->cpu_total = report->cpu_user + report->cpu_system;
}

static void measure_stream(const struct iperf3_service *service, size_t i, struct iperf3_stream_result *result)
{
	const struct iperf3_measure *measure = &service->told[i].now;

	result->bytes = (int64_t)measure->bytes;
	result->retransmits = measure->retransmits;
	result->has_times = true;
	result->end_time = service->report.seconds;
	if (service->session.parameters.protocol != IPERF_UDP)
		return;
	result->jitter = measure->jitter;
	result->errors = (int64_t)measure->errors;
	result->packets = (int64_t)measure->packets;
	result->has_omitted = true;
	result->omitted_errors = (int64_t)measure->omitted_errors;
	result->omitted_packets = (int64_t)measure->omitted_packets;
}

static void find_congestion(struct iperf3_service *service)
{
	socklen_t length = sizeof service->report.congestion - 1;

	memset(service->report.congestion, 0, sizeof service->report.congestion);
	if (service->line_count > 0)
		getsockopt(service->lines[0].fd, IPPROTO_TCP, TCP_CONGESTION, service->report.congestion, &length);
}

/* What the client says to have sent, which may be on its way still. */
static void expect(struct iperf3_service *service)
{
	const struct iperf3_results *peer = &service->session.peer;

	for (size_t i = 0; i < peer->count; i++) {
		size_t index = peer->streams[i].id == 1 ? 0 : (size_t)peer->streams[i].id - 2; /* R-25-7 */

		if (index < service->line_count && !service->lines[index].sends && peer->streams[i].bytes > 0)
			iperf3_flow_expect(service->lines[index].flow, (uint64_t)peer->streams[i].bytes);
	}
}

void iperf3_service_measure(struct iperf3_service *service, struct iperf3_results *results)
{
	expect(service);
	iperf3_service_finish(service);
	measure_cpu(service);
	service->report.seconds = (double)(service->end_ns - service->start_ns) / 1e9;
	find_congestion(service);
	for (size_t i = 0; i < results->count && i < service->line_count; i++) {
		measure_stream(service, i, &results->streams[i]);
		if (service->lines[i].sends && results->streams[i].retransmits >= 0)
			results->sender_has_retransmits = 1;
	}
	results->cpu_total = service->report.cpu_total;
	results->cpu_user = service->report.cpu_user;
	results->cpu_system = service->report.cpu_system;
	memcpy(results->congestion_used, service->report.congestion, sizeof results->congestion_used);
	iperf3_server_report_results(&service->report);
	if (!service->session.parameters.get_server_output)
		return;
	service->output = iperf3_server_report_output(&service->report, &results->output_length);
	results->output = service->output;
	results->has_output = service->output != NULL;
	results->output_json = service->config.options->json;
}
