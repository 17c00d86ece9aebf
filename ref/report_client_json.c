#include "ref/report_client_json.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "ref/report.h"

static json_t *packets_of(json_t *flow, uint64_t packets)
{
	json_object_set_new(flow, "packets", json_integer((json_int_t)packets));
	return flow;
}

static void set_lost(json_t *flow, uint64_t sent, uint64_t received)
{
	json_object_set_new(flow, "lost_packets", json_integer(sent > received ? (json_int_t)(sent - received) : 0));
	json_object_set_new(flow, "lost_percent", json_real(report_lost_percent(sent, received)));
}

/* --- intervals --------------------------------------------------------------------------------------------------- */

static json_t *interval_flow(const struct report_client *report, size_t id, uint64_t bytes, uint64_t packets, bool udp)
{
	json_t *flow = report_flow_json(report->interval_start, report->seconds, bytes, true);

	if (id > 0)
		json_object_set_new(flow, "id", json_integer((json_int_t)id));
	json_object_set_new(flow, "omitted", json_false());
	return udp ? packets_of(flow, packets) : flow;
}

void report_client_interval_json(struct report_client *report)
{
	json_t *streams = json_array();
	uint64_t bytes = 0, packets = 0;

	for (size_t i = 0; i < report->stream_count; i++) {
		const struct report_stream *stream = &report->streams[i];
		uint64_t more_bytes = stream->bytes - stream->bytes_before;
		uint64_t more_packets = stream->packets - stream->packets_before;

		if (!stream->open)
			continue;
		json_array_append_new(streams, interval_flow(report, i + 1, more_bytes, more_packets,
							     stream->protocol == IPERF_UDP));
		bytes += more_bytes;
		packets += more_packets;
	}
	if (!report->intervals)
		report->intervals = json_array();
	json_array_append_new(report->intervals,
			      json_pack("{s:o, s:o}", "streams", streams, "sum",
					interval_flow(report, 0, bytes, packets, report->options->udp_streams > 0)));
}

/* --- start ------------------------------------------------------------------------------------------------------- */

static json_t *version(void)
{
	return json_string("iperf-ref " IPERF_VERSION);
}

static json_t *connected(const struct report_client *report)
{
	json_t *streams = json_array();

	for (size_t i = 0; i < report->stream_count; i++) {
		const struct report_stream *stream = &report->streams[i];

		if (stream->open)
			json_array_append_new(streams,
					      json_pack("{s:I, s:s, s:s, s:i, s:s, s:I}", "id", (json_int_t)(i + 1),
							"protocol", report_protocol(stream->protocol), "local_host",
							stream->local_host, "local_port", (int)stream->local_port,
							"remote_host", report->peer_host, "remote_port",
							(json_int_t)report->options->port));
	}
	return streams;
}

static json_t *test_start(const struct options *options)
{
	bool by_bytes = options->bytes >= 0;
	bool tcp = options->udp_streams == 0;

	return json_pack("{s:s, s:I, s:I, s:i, s:f, s:I, s:i, s:i, s:I}", "protocol",
			 tcp		        ? "TCP" :
			 options->tcp_streams == 0 ? "UDP" :
						     "TCP+UDP",
			 "num_streams", (json_int_t)(options->tcp_streams + options->udp_streams), "blksize",
			 (json_int_t)(tcp ? options->tcp_length : options->udp_length), "omit", 0, "duration",
			 by_bytes ? 0.0 : (double)options->time_ns / 1e9, "bytes",
			 (json_int_t)(by_bytes ? options->bytes : 0), "blocks", 0, "reverse", 0, "target_bitrate",
			 (json_int_t)(tcp ? options->tcp_rate : options->udp_rate));
}

static json_t *start(const struct report_client *report)
{
	char hex[IPERF_COOKIE_HEX_SIZE], system[256] = "";
	struct utsname name;

	iperf_cookie_to_hex(&report->session->cookie, hex);
	if (uname(&name) == 0)
		snprintf(system, sizeof system, "%s %s %s", name.sysname, name.release, name.machine);
	return json_pack("{s:o, s:o, s:s, s:o, s:{s:s, s:I}, s:s, s:o}", "connected", connected(report), "version",
			 version(), "system_info", system, "timestamp", report_timestamp_json(report->began_at),
			 "connecting_to", "host", report->options->client, "port", (json_int_t)report->options->port,
			 "cookie", hex, "test_start", test_start(report->options));
}

/* --- end --------------------------------------------------------------------------------------------------------- */

static json_t *end_stream(const struct report_client *report, size_t i)
{
	const struct report_stream *stream = &report->streams[i];
	const struct iperf_stream_result *result = report_client_result(report, i);
	bool udp = stream->protocol == IPERF_UDP;
	json_t *sender = report_flow_json(0, report->seconds, stream->bytes, true);
	json_t *receiver = result ? report_flow_json(0, result->seconds, result->bytes, true) : NULL;
	json_t *object = json_pack("{s:I, s:b, s:o*, s:o*}", "id", (json_int_t)(i + 1), "complete",
				   (int)(result && result->complete), "sender", sender, "receiver", receiver);
	json_t *both;

	if (!udp)
		return object;
	packets_of(sender, stream->packets);
	if (!result)
		return object;
	packets_of(receiver, result->packets);
	both = packets_of(report_flow_json(0, report->seconds, stream->bytes, true), stream->packets);
	set_lost(both, stream->packets, result->packets);
	json_object_set_new(object, "udp", both);
	return object;
}

static json_t *end(const struct report_client *report)
{
	struct report_sum sum = report_client_sum(report);
	bool udp = report->options->udp_streams > 0;
	json_t *streams = json_array();
	json_t *sent = report_flow_json(0, report->seconds, sum.sent, true);
	json_t *received = report_flow_json(0, sum.seconds_received, sum.received, false);
	json_t *object = json_pack("{s:o, s:o, s:o}", "streams", streams, "sum_sent", sent, "sum_received", received);
	json_t *both;

	for (size_t i = 0; i < report->stream_count; i++)
		if (report->streams[i].open)
			json_array_append_new(streams, end_stream(report, i));
	if (!udp)
		return object;
	packets_of(sent, sum.packets_sent);
	packets_of(received, sum.packets_received);
	set_lost(received, sum.packets_sent, sum.packets_received);
	both = packets_of(report_flow_json(0, report->seconds, sum.sent, true), sum.packets_sent);
	set_lost(both, sum.packets_sent, sum.packets_received);
	json_object_set_new(object, "sum", both);
	return object;
}

static int dump(json_t *document)
{
	int failed = !document || json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) != 0;

	json_decref(document);
	putchar('\n');
	return failed ? -EIO : report_flush(stdout);
}

int report_client_end_json(const struct report_client *report, const char *sentence)
{
	const struct iperf_client *session = report->session;
	json_t *document = json_pack("{s:o, s:O*, s:o, s:s}", "start", start(report), "intervals", report->intervals,
				     "end", end(report), "outcome", verdict_word(session->outcome));

	if (document && !report->intervals)
		json_object_set_new(document, "intervals", json_array());
	if (document && *sentence)
		json_object_set_new(document, "error", json_string(sentence));
	if (document && session->why != IPERF_R_NONE)
		json_object_set_new(document, "why", json_string(iperf_requirements[session->why].id));
	return dump(document);
}

int report_client_untried(const char *sentence)
{
	return dump(json_pack("{s:{s:o}, s:[], s:{}, s:s, s:s}", "start", "version", version(), "intervals", "end",
			      "outcome", "not tried", "error", sentence));
}
