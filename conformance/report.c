#include "conformance/report_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/shortage.h"

const char *endpoint_text(const struct iperf_endpoint *endpoint, char text[static ENDPOINT_TEXT_SIZE])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	char address[INET6_ADDRSTRLEN];

	if (memcmp(endpoint->address, mapped, sizeof mapped) == 0) {
		inet_ntop(AF_INET, endpoint->address + sizeof mapped, address, sizeof address);
		snprintf(text, ENDPOINT_TEXT_SIZE, "%s:%u", address, endpoint->port);
	} else {
		inet_ntop(AF_INET6, endpoint->address, address, sizeof address);
		snprintf(text, ENDPOINT_TEXT_SIZE, "[%s]:%u", address, endpoint->port);
	}
	return text;
}

size_t report_cookie(struct report *report, const struct iperf_cookie *cookie)
{
	for (size_t i = 0; i < report->cookie_count; i++)
		if (iperf_cookie_equal(&report->cookies[i], cookie))
			return i;
	if (report->cookie_count == REPORT_COOKIES)
		return REPORT_COOKIES;
	report->cookies[report->cookie_count] = *cookie;
	return report->cookie_count++;
}

double report_seconds(struct report *report, int64_t time_ns)
{
	if (!report->first_time_known) {
		report->first_time_known = true;
		report->first_ns = time_ns;
	}
	return (double)(time_ns - report->first_ns) / 1e9;
}

struct report *report_begin(const struct report_options *options, const char *path, bool first)
{
	struct report *report = calloc(1, sizeof *report);

	if (!report)
		return NULL;
	report->options = *options;
	report->path = path;
	if (options->json)
		json_begin(report, first);
	else
		text_begin(report);
	return report;
}

/* What is not worth a line: ends that are as they should be. */
static bool ordinary(const struct report *report, const struct iperf_said *said)
{
	return (said->kind == IPERF_SAID_EOF || said->kind == IPERF_SAID_RESET) && !said->notable &&
	       !report->options.verbose;
}

void report_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said)
{
	report_seconds(report, said->mark.time_ns);
	if (ordinary(report, said) || report->options.quiet)
		return;
	if (report->options.json)
		json_said(report, server, said);
	else
		text_said(report, server, said);
}

static void count(struct report *report, enum iperf_verdict verdict, enum iperf_requirement requirement)
{
	bool should = strcmp(iperf_requirements[requirement].level, "SHOULD") == 0;

	if (verdict == IPERF_INCONCLUSIVE)
		report->counts.inconclusive += !should || report->options.strict;
	else if (should && !report->options.strict)
		report->counts.advice++;
	else
		report->counts.broken++;
}

void report_found(struct report *report, const struct iperf_endpoint *server, const struct iperf_finding *finding)
{
	report_seconds(report, finding->mark.time_ns);
	count(report, finding->verdict, finding->requirement);
	findings_add(&report->findings, REPORT_FINDINGS_MAX, server, finding);
}

void report_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said)
{
	bool ordinary = (said->kind == IPERF3_SAID_EOF || said->kind == IPERF3_SAID_RESET) && !said->notable &&
			!report->options.verbose;

	report_seconds(report, said->mark.time_ns);
	if (ordinary || report->options.quiet)
		return;
	if (report->options.json)
		json_said_iperf3(report, server, said);
	else
		text_said_iperf3(report, server, said);
}

void report_found_iperf3(struct report *report, const struct iperf_endpoint *server,
			 const struct iperf3_finding *finding)
{
	report_seconds(report, finding->mark.time_ns);
	count(report, finding->verdict, finding->requirement);
	findings_add_iperf3(&report->findings, REPORT_FINDINGS_MAX, server, finding);
}

void report_note(struct report *report, const char *sentence)
{
	if (report->options.json)
		json_note(report, sentence);
	else
		text_note(report, sentence);
}

static enum report_verdict verdict(const struct report_counts *counts)
{
	if (shortage_seen()) /* what is missing may look broken */
		return VERDICT_INCONCLUSIVE;
	if (counts->broken > 0)
		return VERDICT_BROKEN;
	if (counts->inconclusive > 0 || counts->damaged || (counts->tests == 0 && counts->connections == 0))
		return VERDICT_INCONCLUSIVE;
	return VERDICT_CONFORMS;
}

int report_end(struct report *report, const struct report_counts *counts)
{
	static const int status[] = { [VERDICT_CONFORMS] = 0, [VERDICT_BROKEN] = 1, [VERDICT_INCONCLUSIVE] = 3 };
	struct report_counts *mine = &report->counts;
	enum report_verdict v;

	mine->packets = counts->packets;
	mine->tests = counts->tests;
	mine->connections = counts->connections;
	mine->servers = counts->servers;
	mine->unread = counts->unread;
	mine->damaged = counts->damaged || counts->unread;
	mine->iperf3 = counts->iperf3;
	v = verdict(mine);
	findings_sort(&report->findings);
	if (report->options.json)
		json_end(report, v);
	else
		text_end(report, v);
	findings_free(&report->findings);
	free(report);
	return status[v];
}

bool report_finish(const struct report_options *options, bool any)
{
	if (options->json)
		fputs(any ? "\n]}\n" : "{\"captures\":[]}\n", options->out);
	return fflush(options->out) == 0 && !ferror(options->out);
}
