/* The report for programs: {"captures":[{"file":...,"sequence":[...],"findings":[...],"verdict":...},...]}. The sequence
 * is written while the capture is read, one element at a time, so that its length costs no memory. */
#include "conformance/report_private.h"

#include <jansson.h>
#include <string.h>

/* Writes an object as the next element of the array that is open, and frees it. */
void json_element(struct report *report, json_t *object)
{
	fputs(report->any_line ? ",\n  " : "\n  ", report->options.out);
	report->any_line = true;
	if (!object || json_dumpf(object, report->options.out, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
		fputs("null", report->options.out);
	json_decref(object);
}

static json_t *endpoint_json(const struct iperf_endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_SIZE];

	return json_string(endpoint_text(endpoint, text));
}

static void set_mark(struct report *report, json_t *object, const struct iperf_mark *mark)
{
	json_object_set_new(object, "packet", json_integer((json_int_t)mark->packet));
	json_object_set_new(object, "seconds", json_real(report_seconds(report, mark->time_ns)));
	json_object_set_new(object, "time_ns", json_integer(mark->time_ns));
	json_object_set_new(object, "octet", json_integer((json_int_t)mark->offset));
}

void json_set_hex(json_t *object, const char *name, const uint8_t *octets, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * IPERF_OPENING_MAX + 1];
	size_t n = length < IPERF_OPENING_MAX ? length : IPERF_OPENING_MAX;

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digits[octets[i] >> 4];
		hex[2 * i + 1] = digits[octets[i] & 15];
	}
	hex[2 * n] = '\0';
	json_object_set_new(object, name, json_string(hex));
}

void json_begin(struct report *report, bool first)
{
	json_t *path = json_string(report->path);

	fputs(first ? "{\"captures\":[\n{\"file\":" : ",\n{\"file\":", report->options.out);
	if (!path || json_dumpf(path, report->options.out, JSON_ENCODE_ANY) != 0)
		fputs("null", report->options.out);
	json_decref(path);
	fputs(",\"sequence\":[", report->options.out);
}

static void set_message(json_t *object, const struct iperf_said *said)
{
	json_t *data;

	json_object_set_new(object, "message", json_string(iperf_message_keyword(said->message)));
	json_set_hex(object, "cookie", said->cookie->octets, sizeof said->cookie->octets);
	if (!said->octets)
		return;
	data = json_loadb((const char *)said->octets, said->length, JSON_REJECT_DUPLICATES, NULL);
	if (!data)
		data = json_stringn((const char *)said->octets, said->length); /* NULL when it is no UTF-8 */
	json_object_set_new(object, "data", data ? data : json_null());
}

json_t *json_line(struct report *report, const struct iperf_endpoint *server, const struct iperf_mark *mark,
		  uint64_t connection, const struct iperf_endpoint *client, enum iperf_direction direction)
{
	json_t *object = json_object();

	set_mark(report, object, mark);
	json_object_set_new(object, "server", endpoint_json(server));
	json_object_set_new(object, "client", endpoint_json(client));
	json_object_set_new(object, "transport", json_string(connection ? "tcp" : "udp"));
	if (connection)
		json_object_set_new(object, "connection", json_integer((json_int_t)connection));
	json_object_set_new(object, "direction", json_string(direction == IPERF_TO_SERVER ? "C>S" : "S>C"));
	return object;
}

void json_said(struct report *report, const struct iperf_endpoint *server, const struct iperf_said *said)
{
	static const char *const kinds[] = {
		[IPERF_SAID_MESSAGE] = "message", [IPERF_SAID_PAYLOAD] = "payload", [IPERF_SAID_OCTETS] = "octets",
		[IPERF_SAID_EOF] = "eof",         [IPERF_SAID_RESET] = "reset",     [IPERF_SAID_REFUSED] = "refused",
	};
	json_t *object = json_line(report, server, &said->mark, said->conn ? said->conn->number : 0, said->client,
				   said->direction);

	json_object_set_new(object, "kind", json_string(kinds[said->kind]));
	if (said->kind == IPERF_SAID_MESSAGE)
		set_message(object, said);
	if (said->kind == IPERF_SAID_PAYLOAD || said->kind == IPERF_SAID_OCTETS)
		json_object_set_new(object, "octets", json_integer((json_int_t)said->length));
	if (said->kind == IPERF_SAID_PAYLOAD && !said->conn)
		json_object_set_new(object, "datagrams", json_integer((json_int_t)said->packets));
	if (said->kind == IPERF_SAID_OCTETS && said->octets)
		json_set_hex(object, "hex", said->octets, said->length);
	json_element(report, object);
}

void json_note(struct report *report, const char *sentence)
{
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_string("note"));
	json_object_set_new(object, "text", json_string(sentence));
	json_element(report, object);
}

static void finding_json(struct report *report, const struct finding *finding)
{
	const struct iperf_requirement_text *r = &iperf_requirements[finding->requirement];
	json_t *object = json_object();

	json_object_set_new(object, "verdict",
			    json_string(finding->verdict == IPERF_BROKEN ? "broken" : "inconclusive"));
	if (finding->requirement != IPERF_R_NONE) {
		json_object_set_new(object, "requirement", json_string(r->id));
		json_object_set_new(object, "level", json_string(r->level));
		json_object_set_new(object, "provenance", json_string(r->provenance));
		json_object_set_new(object, "by", json_string(finding->by == IPERF_TO_SERVER ? "client" : "server"));
		json_object_set_new(object, "sentence", json_string(r->text));
	}
	set_mark(report, object, &finding->mark);
	json_object_set_new(object, "server", endpoint_json(&finding->server));
	if (finding->client_known)
		json_object_set_new(object, "client", endpoint_json(&finding->client));
	if (finding->connection)
		json_object_set_new(object, "connection", json_integer((json_int_t)finding->connection));
	json_object_set_new(object, "text", json_string(finding->text));
	json_element(report, object);
}

void json_end(struct report *report, enum report_verdict verdict)
{
	static const char *const names[] = { "conforms", "broken", "inconclusive" };
	const struct report_counts *c = &report->counts;

	fputs("],\"findings\":[", report->options.out);
	report->any_line = false;
	for (size_t i = 0; i < report->findings.count; i++)
		finding_json(report, &report->findings.list[i]);
	fprintf(report->options.out,
		"],\"findings_left_out\":%llu,\"packets\":%llu,\"tests\":%llu,\"connections\":%llu,\"servers\":%llu,"
		"\"broken\":%llu,\"not_followed\":%llu,\"inconclusive\":%llu,\"damaged\":%s,\"verdict\":\"%s\"}",
		(unsigned long long)report->findings.left_out, (unsigned long long)c->packets,
		(unsigned long long)c->tests, (unsigned long long)c->connections, (unsigned long long)c->servers,
		(unsigned long long)c->broken, (unsigned long long)c->advice, (unsigned long long)c->inconclusive,
		c->damaged ? "true" : "false", names[verdict]);
}
