#include "conformance/check.h"

#include <inttypes.h>
#include <stdio.h>

#include "conformance/capture.h"
#include "conformance/decode.h"
#include "conformance/reassembly.h"

/* Packets that could not be looked into. */
struct passed_over {
	uint64_t fragments, cut, malformed;
};

struct check {
	struct capture *capture;
	struct reassembly *reassembly;
	struct servers *servers;
	struct report *report;
	struct report_counts counts;
	struct passed_over passed_over;
	int64_t last_ns;
};

static const char no_memory[] = "out of memory: what follows was not looked at";

/* One packet; false when memory ran out. */
static bool take(struct check *check, const struct capture_packet *packet)
{
	struct segment segment;

	check->counts.packets++;
	check->last_ns = packet->time_ns;
	switch (decode_packet(packet->linktype, packet->octets, packet->captured, packet->length, &segment)) {
	case DECODE_SEGMENT:
		if (segment.protocol == SEGMENT_TCP)
			return reassembly_segment(check->reassembly, &segment, packet->number, packet->time_ns) == 0;
		servers_datagram(check->servers, &segment, packet->number, packet->time_ns);
		break;
	case DECODE_TCP_FRAGMENT:
		check->passed_over.fragments++;
		break;
	case DECODE_CUT:
		check->passed_over.cut++;
		break;
	case DECODE_MALFORMED:
		check->passed_over.malformed++;
		break;
	case DECODE_OTHER:
	case DECODE_FRAGMENT:
		break;
	}
	return true;
}

static void read_all(struct check *check)
{
	struct capture_packet packet;
	enum capture_result result;

	while ((result = capture_next(check->capture, &packet)) == CAPTURE_PACKET) {
		if (!take(check, &packet)) {
			report_note(check->report, no_memory);
			check->counts.damaged = true;
			return;
		}
	}
	if (result == CAPTURE_DAMAGED) {
		report_note(check->report, capture_error(check->capture));
		check->counts.damaged = true;
	}
}

static void note_passed_over(struct check *check)
{
	const struct passed_over *p = &check->passed_over;
	char text[200];

	if (p->fragments + p->cut + p->malformed == 0)
		return;
	snprintf(text, sizeof text,
		 "passed over: %" PRIu64 " fragments of TCP segments, %" PRIu64 " packets cut within their headers, "
		 "%" PRIu64 " malformed packets", p->fragments, p->cut, p->malformed);
	report_note(check->report, text);
}

static void finish(struct check *check)
{
	servers_finish(check->servers, check->counts.packets, check->last_ns);
	reassembly_finish(check->reassembly);
	servers_end(check->servers);
	note_passed_over(check);
	if (!servers_counts(check->servers, &check->counts)) {
		report_note(check->report, no_memory);
		check->counts.damaged = true;
	}
}

static bool begin(struct check *check, const char *path, const struct servers_options *servers)
{
	char error[CAPTURE_ERROR_SIZE];
	struct reassembly_options options = { .events = &servers_events, .server_port = servers->port };

	check->counts.unread = true; /* until it is open */
	check->capture = capture_open(path, error);
	if (!check->capture) {
		report_note(check->report, error);
		return false;
	}
	check->servers = servers_new(servers, check->report);
	options.user = check->servers;
	check->reassembly = check->servers ? reassembly_new(&options) : NULL;
	if (!check->reassembly) {
		report_note(check->report, no_memory);
		return false;
	}
	check->counts.unread = false;
	return true;
}

int check_file(const char *path, const struct servers_options *servers, const struct report_options *report, bool first)
{
	struct check check = { .report = report_begin(report, path, first) };

	if (!check.report) {
		fprintf(stderr, "iperf-conform: %s: %s\n", path, no_memory);
		return 3;
	}
	if (begin(&check, path, servers)) {
		read_all(&check);
		finish(&check);
	}
	reassembly_free(check.reassembly);
	servers_free(check.servers);
	capture_close(check.capture);
	return report_end(check.report, &check.counts);
}
