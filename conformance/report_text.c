/* The report for people. */
#include "conformance/report_private.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define DATA_MAX 300  /* octets of result data in a line */
#define OCTETS_MAX 24 /* octets that are no message */

static const char *colour(const struct report *report, const char *code)
{
	return report->options.colour ? code : "";
}

#define BOLD(r)   colour(r, "\033[1m")
#define RED(r)    colour(r, "\033[31m")
#define GREEN(r)  colour(r, "\033[32m")
#define YELLOW(r) colour(r, "\033[33m")
#define FAINT(r)  colour(r, "\033[2m")
#define PLAIN(r)  colour(r, "\033[0m")

void text_begin(struct report *report)
{
	(void)report;
}

/* "$cookie", "$cookie2", ... in the order in which they were seen. */
static void print_cookie(struct report *report, const struct iperf_cookie *cookie)
{
	size_t place = report_cookie(report, cookie);
	char hex[IPERF_COOKIE_HEX_SIZE];

	if (place == REPORT_COOKIES) {
		iperf_cookie_to_hex(cookie, hex);
		fprintf(report->options.out, "$%s", hex);
	} else if (place == 0) {
		fputs("$cookie", report->options.out);
	} else {
		fprintf(report->options.out, "$cookie%zu", place + 1);
	}
}

void text_data(FILE *out, const uint8_t *octets, uint64_t length)
{
	for (uint64_t i = 0; i < length && i < DATA_MAX; i++)
		fputc(isprint(octets[i]) ? octets[i] : '.', out);
	if (length > DATA_MAX)
		fprintf(out, "... (%" PRIu64 " octets)", length);
}

static void print_octets(FILE *out, const struct iperf_said *said)
{
	fprintf(out, "[%" PRIu64 " octets that are no message:", said->length);
	for (uint64_t i = 0; said->octets && i < said->length && i < OCTETS_MAX; i++)
		fprintf(out, " %02x", said->octets[i]);
	fputs(said->length > OCTETS_MAX ? " ...]" : "]", out);
}

static void print_what(struct report *report, const struct iperf_said *said)
{
	FILE *out = report->options.out;

	switch (said->kind) {
	case IPERF_SAID_MESSAGE:
		fprintf(out, "%s ", iperf_message_keyword(said->message));
		print_cookie(report, said->cookie);
		if (said->octets) {
			fputc(' ', out);
			text_data(out, said->octets, said->length);
		}
		break;
	case IPERF_SAID_PAYLOAD:
		if (said->packets)
			fprintf(out, "[%" PRIu64 " octets of payload in %" PRIu64 " datagrams]", said->length,
				said->packets);
		else
			fprintf(out, "[%" PRIu64 " octets of payload]", said->length);
		break;
	case IPERF_SAID_OCTETS:
		print_octets(out, said);
		break;
	case IPERF_SAID_EOF:
		fputs("end-of-file", out);
		break;
	case IPERF_SAID_RESET:
		fputs("reset", out);
		break;
	case IPERF_SAID_REFUSED:
		fputs("connection refused", out);
		break;
	}
}

static void print_server(struct report *report, const struct iperf_endpoint *server)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (report->any_line && iperf_endpoint_equal(&report->server, server))
		return;
	fprintf(report->options.out, "%s%s: server %s%s\n", BOLD(report), report->path, endpoint_text(server, text),
		PLAIN(report));
	if (!report->any_line)
		fprintf(report->options.out, "%s%11s %8s  %-9s%s\n", FAINT(report), "seconds", "packet", "conn",
			PLAIN(report));
	report->any_line = true;
	report->server = *server;
}

void text_line(struct report *report, const struct iperf_endpoint *server, const struct iperf_mark *mark,
	       uint64_t connection, const struct iperf_endpoint *client, enum iperf_direction direction)
{
	char conn[REPORT_CONN_SIZE];

	print_server(report, server);
	if (connection)
		snprintf(conn, sizeof conn, "#%" PRIu64, connection);
	else
		snprintf(conn, sizeof conn, "udp:%u", client->port);
	fprintf(report->options.out, "%11.6f %8" PRIu64 "  %-9s %s ", report_seconds(report, mark->time_ns),
		mark->packet, conn, direction == IPERF_TO_SERVER ? "C>S" : "S>C");
}

void text_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said)
{
	text_line(report, server, &said->mark, said->conn ? said->conn->number : 0, said->client, said->direction);
	print_what(report, said);
	fputc('\n', report->options.out);
}

void text_note(struct report *report, const char *sentence)
{
	fprintf(report->options.out, "%s%s%s\n", YELLOW(report), sentence, PLAIN(report));
}

static void print_cookies(const struct report *report)
{
	char hex[IPERF_COOKIE_HEX_SIZE];

	for (size_t i = 0; i < report->cookie_count; i++) {
		iperf_cookie_to_hex(&report->cookies[i], hex);
		fprintf(report->options.out, "%s$cookie", FAINT(report));
		if (i > 0)
			fprintf(report->options.out, "%zu", i + 1);
		fprintf(report->options.out, " = %s%s\n", hex, PLAIN(report));
	}
}

static const char *how(const struct finding *finding)
{
	if (finding->verdict == IPERF_INCONCLUSIVE)
		return "inconclusive";
	return finding->should ? "not followed" : "broken";
}

static void print_finding(struct report *report, const struct finding *finding)
{
	const struct iperf_requirement_text *r = &iperf_requirements[finding->requirement];
	FILE *out = report->options.out;
	char client[ENDPOINT_TEXT_SIZE];

	fprintf(out, "%s%s%s %s%s%s", BOLD(report), finding->requirement == IPERF_R_NONE ? "capture" : r->id,
		PLAIN(report), finding->verdict == IPERF_INCONCLUSIVE || finding->should ? YELLOW(report) : RED(report),
		how(finding), PLAIN(report));
	if (finding->requirement != IPERF_R_NONE)
		fprintf(out, " by the %s", finding->by == IPERF_TO_SERVER ? "client" : "server");
	fprintf(out, ": packet %" PRIu64, finding->mark.packet);
	if (finding->connection)
		fprintf(out, ", connection #%" PRIu64, finding->connection);
	if (finding->client_known)
		fprintf(out, " from %s", endpoint_text(&finding->client, client));
	if (finding->connection)
		fprintf(out, ", octet %" PRIu64, finding->mark.offset);
	fprintf(out, "\n    %s\n", finding->text);
	if (finding->requirement != IPERF_R_NONE)
		fprintf(out, "    %s%s (%s): %s%s\n", FAINT(report), r->level, r->provenance, r->text, PLAIN(report));
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_counts(const struct report *report)
{
	const struct report_counts *c = &report->counts;

	fprintf(report->options.out, " (%" PRIu64 " test%s, %" PRIu64 " connection%s, %" PRIu64 " packet%s)\n", c->tests,
		plural(c->tests), c->connections, plural(c->connections), c->packets, plural(c->packets));
}

static void print_verdict(const struct report *report, enum report_verdict verdict)
{
	const struct report_counts *c = &report->counts;
	FILE *out = report->options.out;

	fprintf(out, "%s%s: %s", BOLD(report), report->path, PLAIN(report));
	switch (verdict) {
	case VERDICT_CONFORMS:
		fprintf(out, "%sconforms%s", GREEN(report), PLAIN(report));
		break;
	case VERDICT_BROKEN:
		fprintf(out, "%sdoes not conform%s: %" PRIu64 " finding%s", RED(report), PLAIN(report), c->broken,
			plural(c->broken));
		break;
	case VERDICT_INCONCLUSIVE:
		fprintf(out, "%sinconclusive%s: ", YELLOW(report), PLAIN(report));
		if (c->damaged)
			fputs("the file could not be read to its end", out);
		else if (c->inconclusive)
			fprintf(out, "%" PRIu64 " thing%s cannot be known", c->inconclusive, plural(c->inconclusive));
		else
			fputs(c->iperf3 ? "it holds the iperf3 profile, and the text profile was asked for" :
					  "no Iperf test was found in it (-p PORT tells where to look)", out);
		break;
	}
	if (c->advice)
		fprintf(out, "; %" PRIu64 " SHOULD%s not followed", c->advice, plural(c->advice));
	print_counts(report);
}

void text_end(struct report *report, enum report_verdict verdict)
{
	bool any = report->findings.count > 0;

	if (report->counts.unread)
		return; /* the note has said it all */
	if (!report->options.quiet) {
		print_cookies(report);
		if (any)
			fputc('\n', report->options.out);
		for (size_t i = 0; i < report->findings.count; i++)
			print_finding(report, &report->findings.list[i]);
		if (report->findings.left_out)
			fprintf(report->options.out, "... and %" PRIu64 " more\n", report->findings.left_out);
		if (any)
			fputc('\n', report->options.out);
	}
	print_verdict(report, verdict);
}
