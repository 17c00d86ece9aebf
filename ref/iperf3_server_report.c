#include "ref/iperf3_server_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ref/iperf3_server_json.h"
#include "ref/report.h"
#include "ref/socket.h"
#include "ref/units.h"

/* Tells people, and the server's output. */
__attribute__((format(printf, 2, 3))) static void tell(struct iperf3_server_report *report, const char *format, ...)
{
	va_list arguments;

	if (report->options->json)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	if (!report->text)
		return;
	va_start(arguments, format);
	vfprintf(report->text, format, arguments);
	va_end(arguments);
}

static void flush(struct iperf3_server_report *report)
{
	int error = report_flush(stdout);

	if (report->error == 0)
		report->error = error;
}

static bool is_udp(const struct iperf3_server_report *report)
{
	return report->session->parameters.protocol == IPERF_UDP;
}

void iperf3_server_report_begin(struct iperf3_server_report *report)
{
	char host[SOCKET_TEXT_SIZE];

	report->text = open_memstream(&report->text_at, &report->text_length);
	report->json = NULL;
	socket_endpoint_text(&report->client, host);
	tell(report, "Test of %s port %u, iperf3 profile\n", host, (unsigned)report->client.port);
}

/* What the client calls its test. A terminal gets none of its control characters. */
static void tell_title(struct iperf3_server_report *report)
{
	const char *from = report->session->parameters.title;
	char title[sizeof report->session->parameters.title];
	size_t length = 0;

	for (; from[length]; length++) {
		unsigned char octet = (unsigned char)from[length];
		bool c1 = length > 0 && (unsigned char)from[length - 1] == 0xc2 && octet < 0xa0;

		title[length] = octet < 0x20 || octet == 0x7f || c1 ? '?' : from[length];
	}
	title[length] = '\0';
	if (length > 0)
		tell(report, "Title: %s\n", title);
}

void iperf3_server_report_streams(struct iperf3_server_report *report)
{
	char here[SOCKET_TEXT_SIZE], there[SOCKET_TEXT_SIZE];
	uint16_t here_port, there_port;

	if (report->options->json) {
		report->json = iperf3_server_json_start(report);
		return;
	}
	tell_title(report);
	for (size_t i = 0; i < report->count; i++) {
		const struct iperf3_told *told = &report->told[i];

		if (socket_local(told->fd, here, &here_port) != 0 || socket_peer(told->fd, there, &there_port) != 0)
			continue; /* it has been reset already */
		tell(report, "[%3lld] local %s port %u, peer %s port %u, %s\n", (long long)told->stream->id, here,
		     (unsigned)here_port, there, (unsigned)there_port, told->stream->sends ? "sending" : "receiving");
	}
	tell(report, "%s\n", REPORT_HEADING);
	flush(report);
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static void tell_flow(struct iperf3_server_report *report, const char *id, double start, double end, uint64_t bytes)
{
	char octets[UNITS_TEXT_SIZE], rate[UNITS_TEXT_SIZE];

	units_octets_text((double)bytes, octets);
	units_rate_text(report_rate(bytes, end - start), rate);
	tell(report, "[%3s] %6.2f-%-6.2f sec  %11s  %14s", id, start, end, octets, rate);
}

static void tell_loss(struct iperf3_server_report *report, uint64_t errors, uint64_t packets, double jitter)
{
	tell(report, "  %.3f ms  %llu/%llu (%.2g%%)", jitter * 1e3, (unsigned long long)errors,
	     (unsigned long long)packets, packets ? 100.0 * (double)errors / (double)packets : 0);
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void tell_part(struct iperf3_server_report *report, const struct iperf3_told *told, double start, double end)
{
	char id[24];

	snprintf(id, sizeof id, "%lld", (long long)told->stream->id);
	tell_flow(report, id, start, end, since(told->now.bytes, told->before.bytes));
	if (!is_udp(report))
		return;
	if (told->stream->sends)
		tell(report, "  %llu datagrams", (unsigned long long)since(told->now.packets, told->before.packets));
	else
		tell_loss(report, since(told->now.errors, told->before.errors),
			  since(told->now.packets, told->before.packets), told->now.jitter);
}

/* The sum of one direction, where there is more than one stream of it. */
static void tell_sum(struct iperf3_server_report *report, bool sends, double start, double end, const char *tail)
{
	uint64_t bytes = 0;
	size_t count = 0;

	for (size_t i = 0; i < report->count; i++) {
		if (report->told[i].stream->sends != sends)
			continue;
		bytes += since(report->told[i].now.bytes, report->told[i].before.bytes);
		count++;
	}
	if (count < 2)
		return;
	tell_flow(report, "SUM", start, end, bytes);
	tell(report, "%s\n", tail);
}

void iperf3_server_report_interval(struct iperf3_server_report *report, double start, double end, bool omitted)
{
	const char *tail = omitted ? "  (omitted)" : "";

	if (report->options->json) {
		iperf3_server_json_interval(report, start, end, omitted);
	} else {
		for (size_t i = 0; i < report->count; i++) {
			tell_part(report, &report->told[i], start, end);
			tell(report, "%s\n", tail);
		}
		tell_sum(report, false, start, end, tail);
		tell_sum(report, true, start, end, tail);
		flush(report);
	}
	for (size_t i = 0; i < report->count; i++)
		report->told[i].before = report->told[i].now;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

/* What omit held is not part of the whole. */
static void forget_omitted(struct iperf3_server_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct iperf3_measure *now = &report->told[i].now;

		report->told[i].before = (struct iperf3_measure){ .packets = now->omitted_packets,
								   .errors = now->omitted_errors };
	}
}

void iperf3_server_report_results(struct iperf3_server_report *report)
{
	forget_omitted(report);
	if (report->options->json) {
		iperf3_server_json_end(report);
		return;
	}
	tell(report, "- - - - - - - - - - - - - - - - - - - - - - - - -\n%s\n", REPORT_HEADING);
	for (size_t i = 0; i < report->count; i++) {
		tell_part(report, &report->told[i], 0, report->seconds);
		if (report->told[i].stream->sends && report->told[i].now.retransmits >= 0)
			tell(report, "  %lld retransmits", (long long)report->told[i].now.retransmits);
		tell(report, "  %s\n", report->told[i].stream->sends ? "sender" : "receiver");
	}
	tell_sum(report, false, 0, report->seconds, "  receiver");
	tell_sum(report, true, 0, report->seconds, "  sender");
}

char *iperf3_server_report_output(struct iperf3_server_report *report, size_t *length)
{
	char *output;

	if (report->options->json) {
		output = report->json ? json_dumps(report->json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
		*length = output ? strlen(output) : 0;
		return output;
	}
	if (!report->text || fflush(report->text) != 0)
		return NULL;
	output = malloc(report->text_length + 1);
	if (output)
		memcpy(output, report->text_at, report->text_length + 1);
	*length = report->text_length;
	return output;
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void describe(const struct iperf3_decision *release, char *text, size_t size)
{
	switch (release->release) {
	case IPERF3_RELEASE_DONE:
		snprintf(text, size, "the client is done");
		break;
	case IPERF3_RELEASE_LEFT:
		snprintf(text, size, "the client has given up");
		break;
	case IPERF3_RELEASE_EOF:
		snprintf(text, size, "the client closed the control connection");
		break;
	case IPERF3_RELEASE_RESET:
		snprintf(text, size, "the control connection was reset");
		break;
	case IPERF3_RELEASE_STOP:
		snprintf(text, size, "the server was stopped");
		break;
	case IPERF3_RELEASE_FAILED:
		snprintf(text, size, "error %ld: %s%s%s", (long)release->error, iperf3_error_text(release->error),
			 release->system_error ? ": " : "",
			 release->system_error ? strerror(release->system_error) : "");
		break;
	}
}

static void print_json(struct iperf3_server_report *report, const char *reason, bool well)
{
	if (!report->json)
		report->json = iperf3_server_json_start(report);
	if (!well)
		json_object_set_new(report->json, "error", json_string(reason));
	if (json_dumpf(report->json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 && report->error == 0)
		report->error = -EIO;
	putchar('\n');
}

void iperf3_server_report_end(struct iperf3_server_report *report, const struct iperf3_decision *release)
{
	bool well = release->release == IPERF3_RELEASE_DONE;
	char reason[200];

	describe(release, reason, sizeof reason);
	if (report->options->json)
		print_json(report, reason, well);
	else
		printf("\nTest over%s: %s (%s)\n", well ? "" : ", failed", reason, iperf_requirements[release->why].id);
	flush(report);
	if (report->text)
		fclose(report->text);
	free(report->text_at);
	json_decref(report->json);
	report->text = NULL;
	report->text_at = NULL;
	report->json = NULL;
}
