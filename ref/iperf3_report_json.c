/* The JSON form of the iperf3 client's report: the keys of iperf3's, in their places. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "ref/iperf3_report_private.h"
#include "ref/iperf3_verdict.h"
#include "ref/report.h"

static void set_integer(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_lost(json_t *flow, const struct iperf3_numbers *numbers)
{
	json_object_set_new(flow, "jitter_ms", json_real(numbers->jitter * 1e3));
	set_integer(flow, "lost_packets", (int64_t)numbers->lost);
	set_integer(flow, "packets", (int64_t)numbers->packets);
	json_object_set_new(flow, "lost_percent", json_real(iperf3_report_lost_percent(numbers)));
}

/* A flow of a stream has its number; of a sum, 0, it has none. */
static json_t *flow_of(int64_t id, double start, double end, const struct iperf3_numbers *numbers, bool sender)
{
	json_t *flow = report_flow_json(start, end, numbers->bytes, sender);

	if (id > 0)
		set_integer(flow, "socket", id);
	return flow;
}

/* --- intervals --------------------------------------------------------------------------------------------------- */

static json_t *interval_flow(const struct iperf3_report *report, int64_t id, const struct iperf3_numbers *numbers,
			     bool sends)
{
	json_t *flow = flow_of(id, report->interval_start, report->seconds, numbers, sends);

	if (iperf3_report_udp(report) && sends)
		set_integer(flow, "packets", (int64_t)numbers->packets);
	else if (iperf3_report_udp(report))
		set_lost(flow, numbers);
	else if (sends)
		set_integer(flow, "retransmits", numbers->retransmits);
	json_object_set_new(flow, "omitted", json_boolean(report->omitting));
	return flow;
}

static json_t *interval_stream(const struct iperf3_report *report, size_t i)
{
	const struct iperf3_report_stream *stream = &report->streams[i];
	struct iperf3_numbers numbers = iperf3_report_since(report, i);
	json_t *flow = interval_flow(report, iperf3_stream_id(i), &numbers, stream->sends);

	if (iperf3_report_udp(report) || !stream->sends)
		return flow;
	set_integer(flow, "snd_cwnd", stream->tcp.cwnd);
	set_integer(flow, "snd_wnd", stream->tcp.wnd);
	set_integer(flow, "rtt", stream->tcp.rtt);
	set_integer(flow, "rttvar", stream->tcp.rttvar);
	set_integer(flow, "pmtu", stream->tcp.pmtu);
	return flow;
}

void iperf3_report_interval_json(struct iperf3_report *report)
{
	bool sends = report->streams[0].sends;
	struct iperf3_numbers sum = iperf3_report_sum_since(report, sends), back;
	json_t *streams = json_array(), *interval;

	for (size_t i = 0; i < report->stream_count; i++)
		json_array_append_new(streams, interval_stream(report, i));
	interval = json_pack("{s:o, s:o}", "streams", streams, "sum", interval_flow(report, 0, &sum, sends));
	if (!iperf3_report_one_way(report)) {
		back = iperf3_report_sum_since(report, false);
		json_object_set_new(interval, "sum_bidir_reverse", interval_flow(report, 0, &back, false));
	}
	if (!report->intervals)
		report->intervals = json_array();
	json_array_append_new(report->intervals, interval);
}

/* --- start ------------------------------------------------------------------------------------------------------- */

static json_t *connected(const struct iperf3_report *report)
{
	json_t *streams = json_array();

	for (size_t i = 0; i < report->stream_count; i++) {
		const struct iperf3_report_stream *stream = &report->streams[i];

		if (stream->open)
			json_array_append_new(streams,
					      json_pack("{s:I, s:s, s:i, s:s, s:I}", "socket",
							(json_int_t)iperf3_stream_id(i), "local_host",
							stream->local_host, "local_port", (int)stream->local_port,
							"remote_host", report->peer_host, "remote_port",
							(json_int_t)report->options->port));
	}
	return streams;
}

static json_t *test_start(const struct iperf3_parameters *parameters)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:I}", "protocol",
			 parameters->protocol == IPERF_UDP ? "UDP" : "TCP", "num_streams",
			 (json_int_t)parameters->parallel, "blksize", (json_int_t)parameters->len, "omit",
			 (json_int_t)parameters->omit, "duration", (json_int_t)parameters->time, "bytes",
			 (json_int_t)parameters->num, "blocks", (json_int_t)parameters->blockcount, "reverse",
			 (int)parameters->reverse, "tos", 0, "target_bitrate", (json_int_t)parameters->bandwidth);
}

static json_t *start(const struct iperf3_report *report)
{
	const struct iperf3_client *session = report->session;
	const struct iperf3_parameters *parameters = session->config.parameters;
	struct utsname system = { 0 };
	char info[sizeof system];
	json_t *object;

	uname(&system);
	snprintf(info, sizeof info, "%s %s %s %s %s", system.sysname, system.nodename, system.release, system.version,
		 system.machine);
	object = json_pack("{s:o, s:s, s:s, s:o, s:{s:s, s:I}, s:s#, s:I, s:i, s:i, s:i, s:o}", "connected",
			   connected(report), "version", "iperf-ref " IPERF_VERSION, "system_info", info, "timestamp",
			   report_timestamp_json(report->began_at), "connecting_to", "host", report->options->client,
			   "port", (json_int_t)report->options->port, "cookie", (const char *)session->cookie.octets,
			   IPERF3_COOKIE_LENGTH - 1, "target_bitrate", (json_int_t)parameters->bandwidth,
			   "sock_bufsize", 0, "sndbuf_actual", report->sndbuf, "rcvbuf_actual", report->rcvbuf,
			   "test_start", test_start(parameters));
	if (!iperf3_report_udp(report))
		set_integer(object, "tcp_mss_default", report->mss);
	return object;
}

/* --- end --------------------------------------------------------------------------------------------------------- */

static json_t *end_tcp_stream(const struct iperf3_report *report, size_t i)
{
	const struct iperf3_report_stream *stream = &report->streams[i];
	struct iperf3_numbers numbers;
	json_t *object = json_object(), *flow;

	if (iperf3_report_side(report, i, true, &numbers)) {
		flow = flow_of(iperf3_stream_id(i), 0, numbers.seconds, &numbers, stream->sends);
		set_integer(flow, "retransmits", numbers.retransmits);
		set_integer(flow, "max_snd_cwnd", stream->max_cwnd);
		set_integer(flow, "max_snd_wnd", stream->max_wnd);
		set_integer(flow, "max_rtt", stream->max_rtt);
		set_integer(flow, "min_rtt", stream->min_rtt);
		set_integer(flow, "mean_rtt", stream->intervals ? stream->sum_rtt / stream->intervals : 0);
		json_object_set_new(object, "sender", flow);
	}
	if (iperf3_report_side(report, i, false, &numbers))
		json_object_set_new(object, "receiver",
				    flow_of(iperf3_stream_id(i), 0, numbers.seconds, &numbers, stream->sends));
	return object;
}

/* What arrived of what was sent: octets and packets of the sender, the rest of the receiver. */
static struct iperf3_numbers both(const struct iperf3_numbers *sent, const struct iperf3_numbers *received)
{
	struct iperf3_numbers numbers = *received;

	numbers.bytes = sent->bytes;
	if (sent->packets > 0)
		numbers.packets = sent->packets;
	return numbers;
}

static json_t *end_udp_stream(const struct iperf3_report *report, size_t i)
{
	struct iperf3_numbers sent = { 0 }, received = { 0 }, numbers;
	bool sends = report->streams[i].sends;
	json_t *flow;

	iperf3_report_side(report, i, true, &sent);
	iperf3_report_side(report, i, false, &received);
	numbers = both(&sent, &received);
	flow = flow_of(iperf3_stream_id(i), 0, sends || sent.seconds <= 0 ? report->seconds : sent.seconds, &numbers,
		       sends);
	set_lost(flow, &numbers);
	set_integer(flow, "out_of_order", (int64_t)numbers.out_of_order);
	return json_pack("{s:o}", "udp", flow);
}

static void set_flow(json_t *end, const char *key, const char *suffix, json_t *flow)
{
	char name[40];

	snprintf(name, sizeof name, "%s%s", key, suffix);
	json_object_set_new(end, name, flow);
}

/* The sums of the streams on which this side sends, or receives. */
static void set_sums(json_t *end, const struct iperf3_report *report, bool sends, const char *suffix)
{
	struct iperf3_numbers sent = iperf3_report_sum(report, sends, true);
	struct iperf3_numbers received = iperf3_report_sum(report, sends, false);
	struct iperf3_numbers numbers = both(&sent, &received);
	bool udp = iperf3_report_udp(report);
	json_t *flow;

	if (udp) {
		flow = flow_of(0, 0, received.seconds, &numbers, sends);
		set_lost(flow, &numbers);
		set_flow(end, "sum", suffix, flow);
	}
	flow = flow_of(0, 0, sent.seconds, &sent, udp || sends);
	if (udp)
		set_lost(flow, &sent);
	else
		set_integer(flow, "retransmits", sent.retransmits);
	set_flow(end, "sum_sent", suffix, flow);
	flow = flow_of(0, 0, received.seconds, &received, !udp && sends);
	if (udp)
		set_lost(flow, &received);
	set_flow(end, "sum_received", suffix, flow);
}

static void set_hosts(json_t *end, const struct iperf3_report *report)
{
	const struct iperf3_results *own = report->session->config.own, *peer = report->session->config.peer;
	bool sends = report->streams[0].sends, known = report->session->has_results;

	json_object_set_new(end, "cpu_utilization_percent",
			    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "host_total", own->cpu_total, "host_user",
				      own->cpu_user, "host_system", own->cpu_system, "remote_total",
				      known ? peer->cpu_total : 0, "remote_user", known ? peer->cpu_user : 0,
				      "remote_system", known ? peer->cpu_system : 0));
	if (*own->congestion_used)
		json_object_set_new(end, sends ? "sender_tcp_congestion" : "receiver_tcp_congestion",
				    json_string(own->congestion_used));
	if (known && *peer->congestion_used)
		json_object_set_new(end, sends ? "receiver_tcp_congestion" : "sender_tcp_congestion",
				    json_string(peer->congestion_used));
}

static json_t *end(const struct iperf3_report *report)
{
	json_t *object = json_object(), *streams = json_array();

	if (!report->flowed) {
		json_decref(streams);
		return object;
	}
	for (size_t i = 0; i < report->stream_count; i++)
		json_array_append_new(streams, iperf3_report_udp(report) ? end_udp_stream(report, i) :
									   end_tcp_stream(report, i));
	json_object_set_new(object, "streams", streams);
	set_sums(object, report, report->streams[0].sends, "");
	if (!iperf3_report_one_way(report))
		set_sums(object, report, false, "_bidir_reverse");
	set_hosts(object, report);
	return object;
}

/* --- the document ------------------------------------------------------------------------------------------------ */

static void set_output(json_t *document, const struct iperf3_report *report)
{
	const struct iperf3_results *peer = report->session->config.peer;
	size_t length = peer->output_length < peer->output_size ? peer->output_length : peer->output_size;

	if (!report->session->has_results || !peer->has_output)
		return;
	if (peer->output_json)
		json_object_set_new(document, "server_output_json",
				    json_loadb(peer->output, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
	else
		json_object_set_new(document, "server_output_text", json_stringn(peer->output, length));
}

static int dump(json_t *document)
{
	int failed = !document || json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) != 0;

	json_decref(document);
	putchar('\n');
	return failed ? -EIO : report_flush(stdout);
}

int iperf3_report_end_json(const struct iperf3_report *report, const char *sentence)
{
	const struct iperf3_client *session = report->session;
	json_t *document = json_pack("{s:o, s:O*, s:o, s:s}", "start", start(report), "intervals", report->intervals,
				     "end", end(report), "outcome", iperf3_verdict_word(session->outcome));

	if (document && !report->intervals)
		json_object_set_new(document, "intervals", json_array());
	if (document)
		set_output(document, report);
	if (document && *sentence)
		json_object_set_new(document, "error", json_string(sentence));
	if (document && session->why != IPERF_R_NONE)
		json_object_set_new(document, "why", json_string(iperf_requirements[session->why].id));
	return dump(document);
}
