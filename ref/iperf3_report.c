#include "ref/iperf3_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/iperf3_report_private.h"
#include "ref/iperf3_verdict.h"
#include "ref/report.h"
#include "ref/units.h"

/* --- numbers ----------------------------------------------------------------------------------------------------- */

bool iperf3_report_udp(const struct iperf3_report *report)
{
	return report->options->udp;
}

bool iperf3_report_one_way(const struct iperf3_report *report)
{
	return !report->options->bidirectional;
}

static uint64_t less(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

static struct iperf3_numbers of_measure(const struct iperf3_measure *measure, double seconds)
{
	return (struct iperf3_numbers){
		.bytes = measure->bytes,
		.packets = less(measure->packets, measure->omitted_packets),
		.lost = less(measure->errors, measure->omitted_errors),
		.out_of_order = measure->out_of_order,
		.jitter = measure->jitter,
		.retransmits = measure->retransmits,
		.seconds = seconds,
		.streams = 1,
	};
}

/* Servers before 3.14 do not tell which part of the packets was omitted: this side's own part stands for it then. */
static struct iperf3_numbers of_result(const struct iperf3_stream_result *result, int64_t omitted, double seconds)
{
	double times = result->has_times ? result->end_time - result->start_time : 0;
	int64_t packets = result->packets - (result->has_omitted ? result->omitted_packets : omitted);
	int64_t lost = result->errors - (result->has_omitted ? result->omitted_errors : 0);

	return (struct iperf3_numbers){
		.bytes = result->bytes > 0 ? (uint64_t)result->bytes : 0,
		.packets = packets > 0 ? (uint64_t)packets : 0,
		.lost = lost > 0 ? (uint64_t)lost : 0,
		.jitter = result->jitter,
		.retransmits = result->retransmits,
		.seconds = times > 0 ? times : seconds,
		.streams = 1,
	};
}

bool iperf3_report_side(const struct iperf3_report *report, size_t index, bool of_sender,
			struct iperf3_numbers *numbers)
{
	const struct iperf3_client *session = report->session;
	const struct iperf3_results *peer = session->config.peer;

	if (report->streams[index].sends == of_sender) {
		double seconds = of_sender && report->sent_seconds > 0 ? report->sent_seconds : report->seconds;

		*numbers = of_measure(&report->streams[index].measure, seconds);
		return true;
	}
	for (size_t i = 0; session->has_results && i < peer->count; i++) {
		if (peer->streams[i].id == iperf3_stream_id(index)) {
			*numbers = of_result(&peer->streams[i], (int64_t)report->streams[index].measure.omitted_packets,
					     report->seconds);
			return true;
		}
	}
	return false;
}

static void add(struct iperf3_numbers *sum, const struct iperf3_numbers *more)
{
	sum->bytes += more->bytes;
	sum->packets += more->packets;
	sum->lost += more->lost;
	sum->out_of_order += more->out_of_order;
	sum->jitter = (sum->jitter * (double)sum->streams + more->jitter) / (double)(sum->streams + 1);
	sum->retransmits = more->retransmits < 0 || sum->retransmits < 0 ? -1 : sum->retransmits + more->retransmits;
	sum->seconds = more->seconds > sum->seconds ? more->seconds : sum->seconds;
	sum->streams++;
}

struct iperf3_numbers iperf3_report_sum(const struct iperf3_report *report, bool sends, bool of_sender)
{
	struct iperf3_numbers sum = { 0 }, more;

	for (size_t i = 0; i < report->stream_count; i++)
		if (report->streams[i].sends == sends && iperf3_report_side(report, i, of_sender, &more))
			add(&sum, &more);
	return sum;
}

struct iperf3_numbers iperf3_report_since(const struct iperf3_report *report, size_t index)
{
	const struct iperf3_measure *now = &report->streams[index].measure, *before = &report->streams[index].before;

	return (struct iperf3_numbers){
		.bytes = less(now->bytes, before->bytes),
		.packets = less(now->packets, before->packets),
		.lost = less(now->errors, before->errors),
		.out_of_order = less(now->out_of_order, before->out_of_order),
		.jitter = now->jitter,
		.retransmits = now->retransmits < 0 ? -1 : now->retransmits - before->retransmits,
		.seconds = report->seconds - report->interval_start,
		.streams = 1,
	};
}

struct iperf3_numbers iperf3_report_sum_since(const struct iperf3_report *report, bool sends)
{
	struct iperf3_numbers sum = { 0 }, more;

	for (size_t i = 0; i < report->stream_count; i++) {
		if (report->streams[i].sends != sends)
			continue;
		more = iperf3_report_since(report, i);
		add(&sum, &more);
	}
	return sum;
}

double iperf3_report_lost_percent(const struct iperf3_numbers *numbers)
{
	return numbers->packets > 0 ? 100.0 * (double)numbers->lost / (double)numbers->packets : 0;
}

/* --- while it goes ----------------------------------------------------------------------------------------------- */

static const char *paint(const char *code)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? code : "";
}

static void print_heading(const struct iperf3_report *report, const char *of_udp)
{
	printf("%s         %s\n", REPORT_HEADING, iperf3_report_udp(report) ? of_udp : "Retr");
}

static void id_text(size_t index, char text[static 24])
{
	snprintf(text, 24, "%lld", (long long)iperf3_stream_id(index));
}

int iperf3_report_begin(struct iperf3_report *report)
{
	const struct options *options = report->options;
	char id[24];

	report->flowed = true;
	if (options->json)
		return 0;
	printf("Connected to %s, port %lld\n", report->peer_host, (long long)options->port);
	for (size_t i = 0; i < report->stream_count; i++) {
		id_text(i, id);
		printf("[%3s] %s, local %s port %u, %s\n", id, iperf3_report_udp(report) ? "UDP" : "TCP",
		       report->streams[i].local_host, (unsigned)report->streams[i].local_port,
		       report->streams[i].sends ? "sends" : "receives");
	}
	report->live = options->interval_ns > 0 && isatty(STDOUT_FILENO);
	if (options->interval_ns > 0 && !report->live)
		print_heading(report, "Datagrams, or Jitter  Lost/Total Datagrams");
	return report_flush(stdout);
}

/* What follows the bit rate: of a sender what it sent, of a receiver what it missed. */
static void print_rest(const struct iperf3_report *report, const struct iperf3_numbers *numbers, bool of_sender)
{
	if (!iperf3_report_udp(report) && of_sender && numbers->retransmits >= 0)
		printf("  %4lld", (long long)numbers->retransmits);
	else if (iperf3_report_udp(report) && of_sender)
		printf("  %llu", (unsigned long long)numbers->packets);
	else if (iperf3_report_udp(report))
		printf("  %.3f ms  %llu/%llu (%.2g%%)", numbers->jitter * 1e3, (unsigned long long)numbers->lost,
		       (unsigned long long)numbers->packets, iperf3_report_lost_percent(numbers));
}

static void print_interval(const struct iperf3_report *report, const char *id, const struct iperf3_numbers *numbers,
			   bool sends)
{
	report_flow(id, report->interval_start, report->seconds, numbers->bytes);
	print_rest(report, numbers, sends);
	if (!iperf3_report_one_way(report))
		fputs(sends ? "  sent" : "  received", stdout);
	puts(report->omitting ? "  (omitted)" : "");
}

static void print_live(const struct iperf3_report *report)
{
	struct iperf3_numbers sent = iperf3_report_sum_since(report, true);
	struct iperf3_numbers received = iperf3_report_sum_since(report, false);

	printf("\r%s", paint("\033[36m"));
	report_flow("SUM", report->interval_start, report->seconds, sent.bytes + received.bytes);
	printf("%s\033[K", paint("\033[0m"));
}

static int print_intervals(const struct iperf3_report *report, bool last)
{
	struct iperf3_numbers numbers;
	char id[24];

	if (report->live) {
		print_live(report);
		if (last)
			printf("\r\033[K");
		return report_flush(stdout);
	}
	for (size_t i = 0; i < report->stream_count; i++) {
		id_text(i, id);
		numbers = iperf3_report_since(report, i);
		print_interval(report, id, &numbers, report->streams[i].sends);
	}
	for (int sends = 1; sends >= 0; sends--) {
		numbers = iperf3_report_sum_since(report, sends);
		if (numbers.streams > 1)
			print_interval(report, "SUM", &numbers, sends);
	}
	return report_flush(stdout);
}

/* The extremes of what the system tells of a sender. */
static void note_tcp(struct iperf3_report_stream *stream)
{
	if (stream->tcp.cwnd > stream->max_cwnd)
		stream->max_cwnd = stream->tcp.cwnd;
	if (stream->tcp.wnd > stream->max_wnd)
		stream->max_wnd = stream->tcp.wnd;
	if (stream->tcp.rtt > stream->max_rtt)
		stream->max_rtt = stream->tcp.rtt;
	if (stream->intervals == 0 || stream->tcp.rtt < stream->min_rtt)
		stream->min_rtt = stream->tcp.rtt;
	stream->sum_rtt += stream->tcp.rtt;
	stream->intervals++;
}

int iperf3_report_interval(struct iperf3_report *report, bool last)
{
	int error = 0;

	for (size_t i = 0; i < report->stream_count; i++)
		note_tcp(&report->streams[i]);
	if (report->options->json)
		iperf3_report_interval_json(report);
	else
		error = print_intervals(report, last);
	for (size_t i = 0; i < report->stream_count; i++)
		report->streams[i].before = report->streams[i].measure;
	report->interval_start = report->seconds;
	return error;
}

void iperf3_report_measure(struct iperf3_report *report)
{
	report->omitting = false;
	report->interval_start = report->seconds = 0;
	for (size_t i = 0; i < report->stream_count; i++)
		report->streams[i].before = report->streams[i].measure;
}

/* --- at the end -------------------------------------------------------------------------------------------------- */

static void print_end_line(const struct iperf3_report *report, const char *id, const struct iperf3_numbers *numbers,
			   bool of_sender)
{
	report_flow(id, 0, numbers->seconds, numbers->bytes);
	print_rest(report, numbers, of_sender);
	puts(of_sender ? "  sender" : "  receiver");
}

static void print_end_stream(const struct iperf3_report *report, size_t i)
{
	struct iperf3_numbers numbers;
	char id[24];

	id_text(i, id);
	for (int of_sender = 1; of_sender >= 0; of_sender--) {
		if (iperf3_report_side(report, i, of_sender, &numbers))
			print_end_line(report, id, &numbers, of_sender);
		else
			printf("[%3s] the server says nothing of it\n", id);
	}
}

static void print_end_streams(const struct iperf3_report *report)
{
	puts("- - - - - - - - - - - - - - - - - - - - - - - - -");
	print_heading(report, "Datagrams, or Jitter  Lost/Total Datagrams");
	for (size_t i = 0; i < report->stream_count; i++)
		print_end_stream(report, i);
	for (int sends = 1; sends >= 0; sends--) {
		for (int of_sender = 1; of_sender >= 0; of_sender--) {
			struct iperf3_numbers sum = iperf3_report_sum(report, sends, of_sender);

			if (sum.streams > 1)
				print_end_line(report, "SUM", &sum, of_sender);
		}
	}
}

static void print_output(const struct iperf3_report *report)
{
	const struct iperf3_results *peer = report->session->config.peer;
	size_t length = peer->output_length < peer->output_size ? peer->output_length : peer->output_size;

	if (!report->session->has_results || !peer->has_output)
		return;
	printf("\nThe server's output:\n");
	fwrite(peer->output, 1, length, stdout);
	if (length == 0 || peer->output[length - 1] != '\n')
		putchar('\n');
	if (length < peer->output_length)
		printf("(%zu octets more)\n", peer->output_length - length);
}

static void print_end(const struct iperf3_report *report, const char *sentence)
{
	struct iperf3_numbers out = iperf3_report_sum(report, true, true), in = iperf3_report_sum(report, false, false);
	struct iperf3_numbers arrived = iperf3_report_sum(report, true, false);

	if (report->flowed)
		print_end_streams(report);
	print_output(report);
	if (report->flowed)
		putchar('\n');
	if (*sentence) {
		printf("%sFailed: %s.%s\n", paint("\033[31m"), iperf3_verdict_word(report->session->outcome),
		       paint("\033[0m"));
		return;
	}
	printf("%sDone: ", paint("\033[32m"));
	if (out.streams > 0)
		printf("the server received %llu of %llu octets%s", (unsigned long long)arrived.bytes,
		       (unsigned long long)out.bytes, in.streams > 0 ? "; " : "");
	if (in.streams > 0)
		printf("%llu octets were received", (unsigned long long)in.bytes);
	printf(".%s\n", paint("\033[0m"));
}

int iperf3_report_end(struct iperf3_report *report, const char *sentence)
{
	int error;

	if (report->options->json) {
		error = iperf3_report_end_json(report, sentence);
	} else {
		print_end(report, sentence);
		error = report_flush(stdout);
	}
	if (*sentence)
		fprintf(stderr, "iperf-ref: %s\n", sentence);
	return error;
}

void iperf3_report_free(struct iperf3_report *report)
{
	json_decref(report->intervals);
	report->intervals = NULL;
}
