#include "ref/iperf3_server_json.h"

#include <string.h>
#include <sys/utsname.h>

#include "ref/report.h"
#include "ref/socket.h"

/* --- start ------------------------------------------------------------------------------------------------------- */

static json_t *pack_connected(const struct iperf3_server_report *report)
{
	json_t *list = json_array();
	char here[SOCKET_TEXT_SIZE], there[SOCKET_TEXT_SIZE];
	uint16_t here_port, there_port;

	for (size_t i = 0; i < report->count; i++) {
		if (socket_local(report->told[i].fd, here, &here_port) != 0 ||
		    socket_peer(report->told[i].fd, there, &there_port) != 0)
			continue;
		json_array_append_new(list, json_pack("{s:i, s:s, s:i, s:s, s:i}", "socket",
						      (int)report->told[i].stream->id, "local_host", here, "local_port",
						      (int)here_port, "remote_host", there, "remote_port",
						      (int)there_port));
	}
	return list;
}

static json_t *pack_test_start(const struct iperf3_parameters *parameters)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:I}", "protocol",
			 report_protocol(parameters->protocol), "num_streams", (json_int_t)parameters->parallel,
			 "blksize", (json_int_t)parameters->len, "omit", (json_int_t)parameters->omit, "duration",
			 (json_int_t)parameters->time, "bytes", (json_int_t)parameters->num, "blocks",
			 (json_int_t)parameters->blockcount, "reverse", (int)parameters->reverse, "bidir",
			 (int)parameters->bidirectional, "tos", (json_int_t)parameters->tos, "target_bitrate",
			 (json_int_t)parameters->bandwidth);
}

/* As text: up to the NUL, and what is no UTF-8 left out. */
static json_t *pack_cookie(const struct iperf3_cookie *cookie)
{
	char text[IPERF3_COOKIE_LENGTH + 1];
	size_t length = 0;

	while (length < IPERF3_COOKIE_LENGTH && cookie->octets[length]) {
		text[length] = cookie->octets[length] < 0x80 ? (char)cookie->octets[length] : '?';
		length++;
	}
	text[length] = '\0';
	return json_string(text);
}

json_t *iperf3_server_json_start(const struct iperf3_server_report *report)
{
	const struct iperf3_parameters *parameters = &report->session->parameters;
	char host[SOCKET_TEXT_SIZE], system[sizeof(struct utsname)] = "";
	struct utsname name;
	json_t *start, *document;

	if (uname(&name) == 0)
		snprintf(system, sizeof system, "%s %s %s %s", name.sysname, name.nodename, name.release, name.machine);
	socket_endpoint_text(&report->client, host);
	start = json_pack("{s:o, s:s, s:s, s:o, s:{s:s, s:i}, s:o}", "connected", pack_connected(report), "version",
			  "iperf-ref " IPERF_VERSION, "system_info", system, "timestamp",
			  report_timestamp_json(report->began_at), "accepted_connection", "host", host, "port",
			  (int)report->client.port, "cookie", pack_cookie(&report->session->cookie));
	if (report->count > 0)
		json_object_set_new(start, "test_start", pack_test_start(parameters));
	document = json_pack("{s:o, s:[], s:{}}", "start", start, "intervals", "end");
	if (report->count > 0 && parameters->title[0])
		json_object_set_new(document, "title", json_string(parameters->title));
	if (report->count > 0 && parameters->extra_data[0])
		json_object_set_new(document, "extra_data", json_string(parameters->extra_data));
	return document;
}

/* --- flows ------------------------------------------------------------------------------------------------------- */

/* What one object of the document tells: of a stream, or of several. */
struct flow {
	double start, end;
	uint64_t bytes;
	bool sender;
	bool udp, datagrams_known;  /* datagrams_known: of a receiver */
	uint64_t packets, errors, out_of_order;
	double jitter;
	size_t jitters;
	int64_t retransmits;        /* -1: not told */
};

static void add(struct flow *sum, const struct flow *flow)
{
	sum->bytes += flow->bytes;
	sum->packets += flow->packets;
	sum->errors += flow->errors;
	sum->out_of_order += flow->out_of_order;
	sum->jitter += flow->jitter;
	sum->jitters++;
	if (flow->retransmits >= 0)
		sum->retransmits = (sum->retransmits < 0 ? 0 : sum->retransmits) + flow->retransmits;
}

static json_t *pack_flow(const struct flow *flow)
{
	json_t *object = report_flow_json(flow->start, flow->end, flow->bytes, flow->sender);
	double percent = flow->packets ? 100.0 * (double)flow->errors / (double)flow->packets : 0;

	if (flow->udp) {
		json_object_set_new(object, "jitter_ms",
				    json_real(flow->jitters ? flow->jitter * 1e3 / (double)flow->jitters : 0));
		json_object_set_new(object, "lost_packets", json_integer((json_int_t)flow->errors));
		json_object_set_new(object, "packets", json_integer((json_int_t)flow->packets));
		json_object_set_new(object, "lost_percent", json_real(percent));
	}
	if (flow->retransmits >= 0)
		json_object_set_new(object, "retransmits", json_integer(flow->retransmits));
	return object;
}

static json_t *pack_stream(const struct flow *flow, int64_t id)
{
	json_t *object = pack_flow(flow);

	json_object_set_new(object, "socket", json_integer(id));
	if (flow->udp)
		json_object_set_new(object, "out_of_order", json_integer((json_int_t)flow->out_of_order));
	return object;
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* The server's own side of a stream, since told->before. */
static struct flow own_flow(const struct iperf3_server_report *report, size_t i, double start, double end)
{
	const struct iperf3_told *told = &report->told[i];

	return (struct flow){
		.start = start,
		.end = end,
		.bytes = since(told->now.bytes, told->before.bytes),
		.sender = told->stream->sends,
		.udp = report->session->parameters.protocol == IPERF_UDP,
		.packets = since(told->now.packets, told->before.packets),
		.errors = since(told->now.errors, told->before.errors),
		.out_of_order = since(told->now.out_of_order, told->before.out_of_order),
		.jitter = told->now.jitter,
		.jitters = 1,
		.retransmits = told->now.retransmits < 0 ? -1 : told->now.retransmits - told->before.retransmits,
	};
}

/* --- intervals --------------------------------------------------------------------------------------------------- */

void iperf3_server_json_interval(struct iperf3_server_report *report, double start, double end, bool omitted)
{
	json_t *interval = json_object(), *streams = json_array();
	struct flow sums[2] = { { .start = start, .end = end, .retransmits = -1 },
				{ .start = start, .end = end, .retransmits = -1, .sender = true } };
	const char *names[2] = { "sum", "sum" };

	if (report->session->parameters.bidirectional)
		names[1] = "sum_bidir_reverse";
	for (size_t i = 0; i < report->count; i++) {
		struct flow flow = own_flow(report, i, start, end);
		json_t *object = pack_stream(&flow, report->told[i].stream->id);

		sums[flow.sender].udp = flow.udp;
		add(&sums[flow.sender], &flow);
		json_object_set_new(object, "omitted", json_boolean(omitted));
		json_array_append_new(streams, object);
	}
	json_object_set_new(interval, "streams", streams);
	for (size_t side = 0; side < 2; side++) {
		json_t *sum = sums[side].jitters ? pack_flow(&sums[side]) : NULL;

		if (!sum)
			continue;
		json_object_set_new(sum, "omitted", json_boolean(omitted));
		json_object_set_new(interval, names[side], sum);
	}
	json_array_append_new(json_object_get(report->json, "intervals"), interval);
}

/* --- end --------------------------------------------------------------------------------------------------------- */

static const struct iperf3_stream_result *peer_of(const struct iperf3_server_report *report, int64_t id)
{
	const struct iperf3_results *peer = &report->session->peer;

	for (size_t i = 0; i < peer->count; i++)
		if (peer->streams[i].id == id)
			return &peer->streams[i];
	return NULL;
}

/* The client's side of a stream, as its results say. */
static struct flow peer_flow(const struct iperf3_server_report *report, size_t i)
{
	const struct iperf3_stream_result *peer = peer_of(report, report->told[i].stream->id);
	struct flow flow = {
		.end = report->seconds,
		.sender = !report->told[i].stream->sends,
		.udp = report->session->parameters.protocol == IPERF_UDP,
		.jitters = 1,
		.retransmits = -1,
	};

	if (!peer)
		return flow;
	flow.bytes = peer->bytes > 0 ? (uint64_t)peer->bytes : 0;
	flow.packets = peer->packets > peer->omitted_packets ? (uint64_t)(peer->packets - peer->omitted_packets) : 0;
	flow.errors = peer->errors > peer->omitted_errors ? (uint64_t)(peer->errors - peer->omitted_errors) : 0;
	flow.jitter = peer->jitter;
	flow.retransmits = flow.sender ? peer->retransmits : -1;
	return flow;
}

/* A direction: what was sent, and what arrived. */
struct direction {
	struct flow sent, received;
	size_t count;
};

static json_t *pack_both(const struct iperf3_server_report *report, size_t i, struct direction *direction)
{
	struct flow own = own_flow(report, i, 0, report->seconds), peer = peer_flow(report, i);
	const struct flow *sent = own.sender ? &own : &peer, *received = own.sender ? &peer : &own;
	int64_t id = report->told[i].stream->id;

	add(&direction->sent, sent);
	add(&direction->received, received);
	direction->sent.udp = direction->received.udp = own.udp;
	direction->count++;
	if (own.udp)
		return json_pack("{s:o}", "udp", pack_stream(received, id));
	return json_pack("{s:o, s:o}", "sender", pack_stream(sent, id), "receiver", pack_stream(received, id));
}

static void set_sums(json_t *end, const struct direction *direction, bool other)
{
	if (direction->count == 0)
		return;
	if (direction->sent.udp)
		json_object_set_new(end, other ? "sum_bidir_reverse" : "sum", pack_flow(&direction->received));
	json_object_set_new(end, other ? "sum_sent_bidir_reverse" : "sum_sent", pack_flow(&direction->sent));
	json_object_set_new(end, other ? "sum_received_bidir_reverse" : "sum_received",
			    pack_flow(&direction->received));
}

static void set_congestion(const struct iperf3_server_report *report, json_t *end)
{
	const struct iperf3_parameters *parameters = &report->session->parameters;
	bool sends = parameters->reverse || parameters->bidirectional;
	const char *own = report->congestion, *peer = report->session->peer.congestion_used;

	if (own[0])
		json_object_set_new(end, sends ? "sender_tcp_congestion" : "receiver_tcp_congestion", json_string(own));
	if (peer[0])
		json_object_set_new(end, sends ? "receiver_tcp_congestion" : "sender_tcp_congestion",
				    json_string(peer));
}

void iperf3_server_json_end(struct iperf3_server_report *report)
{
	const struct iperf3_results *peer = &report->session->peer;
	json_t *end = json_object_get(report->json, "end"), *streams = json_array();
	struct direction directions[2] = { 0 }; /* by whether the server sends */

	for (size_t side = 0; side < 2; side++) {
		directions[side].sent.end = directions[side].received.end = report->seconds;
		directions[side].sent.retransmits = directions[side].received.retransmits = -1;
		directions[side].sent.sender = true;
	}
	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(streams, pack_both(report, i, &directions[report->told[i].stream->sends]));
	json_object_set_new(end, "streams", streams);
	set_sums(end, &directions[0], false);
	set_sums(end, &directions[1], report->session->parameters.bidirectional);
	json_object_set_new(end, "cpu_utilization_percent",
			    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "host_total", report->cpu_total, "host_user",
				      report->cpu_user, "host_system", report->cpu_system, "remote_total",
				      peer->cpu_total, "remote_user", peer->cpu_user, "remote_system",
				      peer->cpu_system));
	set_congestion(report, end);
}
