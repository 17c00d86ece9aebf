#include "ref/report_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/report.h"
#include "ref/report_client_json.h"
#include "ref/units.h"


static const char *paint(const char *code)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? code : "";
}

/* What the server says of a stream: found by its port, or in a translated network by its place among its kind. */
const struct iperf_stream_result *report_client_result(const struct report_client *report, size_t index)
{
	const struct iperf_results *results = &report->session->results;
	const struct report_stream *stream = &report->streams[index];
	size_t place = 0;

	for (size_t i = 0; i < results->count; i++)
		if (results->streams[i].protocol == stream->protocol &&
		    results->streams[i].client_port == stream->local_port)
			return &results->streams[i];
	for (size_t i = 0; i < index; i++)
		place += report->streams[i].protocol == stream->protocol && report->streams[i].open;
	for (size_t i = 0; i < results->count; i++)
		if (results->streams[i].protocol == stream->protocol && place-- == 0)
			return &results->streams[i];
	return NULL;
}

struct report_sum report_client_sum(const struct report_client *report)
{
	struct report_sum sum = { 0 };

	for (size_t i = 0; i < report->stream_count; i++) {
		const struct iperf_stream_result *result = report_client_result(report, i);

		sum.sent += report->streams[i].bytes;
		sum.packets_sent += report->streams[i].packets;
		if (!result)
			continue;
		sum.received += result->bytes;
		sum.packets_received += result->packets;
		if (result->seconds > sum.seconds_received)
			sum.seconds_received = result->seconds;
	}
	return sum;
}

static void print_heading(const struct report_client *report, const char *datagrams)
{
	printf("%s%s%s\n", REPORT_HEADING, report->options->udp_streams > 0 ? "         " : "",
	       report->options->udp_streams > 0 ? datagrams : "");
}

/* --- while it goes ----------------------------------------------------------------------------------------------- */

int report_client_begin(struct report_client *report)
{
	const struct options *options = report->options;

	report->flowed = true;
	if (options->json)
		return 0;
	printf("Connected to %s, port %lld\n", report->peer_host, (long long)options->port);
	for (size_t i = 0; i < report->stream_count; i++)
		if (report->streams[i].open)
			printf("[%3zu] %s, local %s port %u\n", i + 1, report_protocol(report->streams[i].protocol),
			       report->streams[i].local_host, (unsigned)report->streams[i].local_port);
	report->live = options->interval_ns > 0 && isatty(STDOUT_FILENO);
	if (options->interval_ns > 0 && !report->live)
		print_heading(report, "Datagrams");
	return report_flush(stdout);
}

static void print_interval(const struct report_client *report, const char *id, uint64_t bytes, uint64_t packets,
			   bool udp)
{
	report_flow(id, report->interval_start, report->seconds, bytes);
	if (udp)
		printf("  %llu", (unsigned long long)packets);
	putchar('\n');
}

static void print_live(const struct report_client *report, uint64_t bytes)
{
	printf("\r%s", paint("\033[36m"));
	report_flow("SUM", report->interval_start, report->seconds, bytes);
	printf("%s\033[K", paint("\033[0m"));
}

static int print_intervals(struct report_client *report, bool last)
{
	uint64_t bytes = 0, packets = 0;
	char id[24];

	for (size_t i = 0; i < report->stream_count; i++) {
		const struct report_stream *stream = &report->streams[i];
		uint64_t more_bytes = stream->bytes - stream->bytes_before;
		uint64_t more_packets = stream->packets - stream->packets_before;

		snprintf(id, sizeof id, "%zu", i + 1);
		if (!report->live && stream->open)
			print_interval(report, id, more_bytes, more_packets, stream->protocol == IPERF_UDP);
		bytes += more_bytes;
		packets += more_packets;
	}
	if (report->live)
		print_live(report, bytes);
	else if (report->stream_count > 1)
		print_interval(report, "SUM", bytes, packets, report->options->udp_streams > 0);
	if (report->live && last)
		printf("\r\033[K");
	return report_flush(stdout);
}

int report_client_interval(struct report_client *report, bool last)
{
	int error = 0;

	if (report->options->json)
		report_client_interval_json(report);
	else
		error = print_intervals(report, last);
	for (size_t i = 0; i < report->stream_count; i++) {
		report->streams[i].bytes_before = report->streams[i].bytes;
		report->streams[i].packets_before = report->streams[i].packets;
	}
	report->interval_start = report->seconds;
	return error;
}

/* --- at the end -------------------------------------------------------------------------------------------------- */

double report_lost_percent(uint64_t sent, uint64_t received)
{
	return sent > received ? 100.0 * (double)(sent - received) / (double)sent : 0;
}

/* Of datagrams: how many were sent, how many came. */
static void print_datagrams(uint64_t sent, uint64_t received)
{
	printf("  %llu/%llu (%.2g%%)", (unsigned long long)(sent > received ? sent - received : 0),
	       (unsigned long long)sent, report_lost_percent(sent, received));
}

static void print_end_stream(const struct report_client *report, size_t i)
{
	const struct report_stream *stream = &report->streams[i];
	const struct iperf_stream_result *result = report_client_result(report, i);
	char id[24];

	snprintf(id, sizeof id, "%zu", i + 1);
	report_flow(id, 0, report->seconds, stream->bytes);
	if (stream->protocol == IPERF_UDP)
		printf("  %llu", (unsigned long long)stream->packets);
	puts("  sender");
	if (!result) {
		printf("[%3s] the server says nothing of it\n", id);
		return;
	}
	report_flow(id, 0, result->seconds, result->bytes);
	if (stream->protocol == IPERF_UDP)
		print_datagrams(stream->packets, result->packets);
	printf("  receiver%s\n", result->complete ? "" : ", not complete");
}

static void print_end_streams(const struct report_client *report)
{
	struct report_sum sum = report_client_sum(report);

	puts("- - - - - - - - - - - - - - - - - - - - - - - - -");
	print_heading(report, "Lost/Total Datagrams");
	for (size_t i = 0; i < report->stream_count; i++)
		if (report->streams[i].open)
			print_end_stream(report, i);
	if (report->stream_count < 2)
		return;
	report_flow("SUM", 0, report->seconds, sum.sent);
	if (report->options->udp_streams > 0)
		printf("  %llu", (unsigned long long)sum.packets_sent);
	puts("  sender");
	report_flow("SUM", 0, sum.seconds_received, sum.received);
	if (report->options->udp_streams > 0)
		print_datagrams(sum.packets_sent, sum.packets_received);
	puts("  receiver");
}

static void print_end(const struct report_client *report, const char *sentence)
{
	struct report_sum sum = report_client_sum(report);

	if (report->flowed) {
		print_end_streams(report);
		putchar('\n');
	}
	if (*sentence)
		printf("%sFailed: %s.%s\n", paint("\033[31m"), verdict_word(report->session->outcome),
		       paint("\033[0m"));
	else
		printf("%sDone: the server received %llu of %llu octets.%s\n", paint("\033[32m"),
		       (unsigned long long)sum.received, (unsigned long long)sum.sent, paint("\033[0m"));
}

int report_client_end(struct report_client *report, const char *sentence)
{
	int error;

	if (report->options->json) {
		error = report_client_end_json(report, sentence);
	} else {
		print_end(report, sentence);
		error = report_flush(stdout);
	}
	if (*sentence)
		fprintf(stderr, "iperf-ref: %s\n", sentence);
	return error;
}

void report_client_free(struct report_client *report)
{
	json_decref(report->intervals);
	report->intervals = NULL;
}
