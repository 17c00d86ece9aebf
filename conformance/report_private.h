/* A report, shared by its common part (report.c) and its two forms (report_text.c, report_json.c). */
#ifndef IPERF_CONFORMANCE_REPORT_PRIVATE_H
#define IPERF_CONFORMANCE_REPORT_PRIVATE_H

#include <jansson.h>

#include "conformance/findings.h"
#include "conformance/report.h"

#define REPORT_COOKIES 64 /* that bear a number in the charts; later ones are shown in hex */

struct report {
	struct report_options options;
	const char *path;
	struct findings findings;
	struct report_counts counts;
	bool first_time_known;
	int64_t first_ns;                            /* of the first thing told */
	struct iperf_cookie cookies[REPORT_COOKIES]; /* in the order of their appearance */
	size_t cookie_count;
	struct iperf_endpoint server;                /* of the last line */
	bool any_line;
};

enum report_verdict { VERDICT_CONFORMS, VERDICT_BROKEN, VERDICT_INCONCLUSIVE };

/* "127.0.0.1:5201" or "[::1]:5201". */
#define ENDPOINT_TEXT_SIZE 64
const char *endpoint_text(const struct iperf_endpoint *endpoint, char text[static ENDPOINT_TEXT_SIZE]);

/* The name of a transport's line: "#3", or "udp:40000" when there is no connection. */
#define REPORT_CONN_SIZE 24

/* Prints the line's beginning for people: time, packet, connection, direction. */
void text_line(struct report *report, const struct iperf_endpoint *server, const struct iperf_mark *mark,
	       uint64_t connection, const struct iperf_endpoint *client, enum iperf_direction direction);
/* Octets of a text, as far as they are worth a line. */
void text_data(FILE *out, const uint8_t *octets, uint64_t length);

/* Parts of the JSON report. */
json_t *json_line(struct report *report, const struct iperf_endpoint *server, const struct iperf_mark *mark,
		  uint64_t connection, const struct iperf_endpoint *client, enum iperf_direction direction);
void json_element(struct report *report, json_t *object);
void json_set_hex(json_t *object, const char *name, const uint8_t *octets, size_t length);

/* The place of a cookie among those seen, from 0; it is added if there is room, otherwise REPORT_COOKIES. */
size_t report_cookie(struct report *report, const struct iperf_cookie *cookie);

/* Seconds since the first thing told. */
double report_seconds(struct report *report, int64_t time_ns);

void text_begin(struct report *report);
void text_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said);
void text_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said);
void text_note(struct report *report, const char *sentence);
void text_end(struct report *report, enum report_verdict verdict);

void json_begin(struct report *report, bool first);
void json_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said);
void json_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said);
void json_note(struct report *report, const char *sentence);
void json_end(struct report *report, enum report_verdict verdict);

#endif
