/* The lines of the iperf3 profile, for people and for programs: as SPEC 21 draws them. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "conformance/report_private.h"

#define OCTETS_MAX 24 /* octets that are nothing known */

/* A cookie is text, mostly. */
static bool printable(const uint8_t *octets, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isgraph(octets[i]))
			return false;
	return true;
}

static void print_octets(FILE *out, const uint8_t *octets, uint64_t length)
{
	for (uint64_t i = 0; octets && i < length && i < OCTETS_MAX; i++)
		fprintf(out, " %02x", octets[i]);
	if (length > OCTETS_MAX)
		fputs(" ...", out);
}

static void print_cookie(FILE *out, const struct iperf3_said *said)
{
	if (printable(said->octets, (size_t)said->length - 1)) {
		fprintf(out, "cookie %.*s", (int)said->length - 1, (const char *)said->octets);
		return;
	}
	fputs("cookie", out);
	for (uint64_t i = 0; i < said->length; i++)
		fprintf(out, "%s%02x", i ? "" : " ", said->octets[i]);
}

static void print_text(FILE *out, const char *what, const struct iperf3_said *said)
{
	fprintf(out, "%s ", what);
	if (said->octets)
		text_data(out, said->octets, said->length);
	else
		fprintf(out, "[%" PRIu64 " octets, which were not captured]", said->length);
}

static void print_error(FILE *out, const struct iperf3_said *said)
{
	if (said->error_octets < 4)
		fprintf(out, "SERVER_ERROR and %u octets", said->error_octets);
	else
		fprintf(out, "SERVER_ERROR %" PRId32 " (%s), errno %" PRId32, said->error,
			iperf3_error_text(said->error), said->system_error);
	if (said->error_octets >= 4 && said->error_octets < 8)
		fprintf(out, " [%u octets only]", said->error_octets);
}

static void print_payload(FILE *out, const struct iperf3_said *said)
{
	fprintf(out, "[%" PRIu64 " octets of payload", said->length);
	if (said->conn == 0)
		fprintf(out, " in %" PRIu64 " datagrams", said->packets);
	fprintf(out, "]  stream %" PRIu32, said->stream);
}

static void print_what(FILE *out, const struct iperf3_said *said)
{
	const char *name;

	switch (said->kind) {
	case IPERF3_SAID_COOKIE:
		print_cookie(out, said);
		break;
	case IPERF3_SAID_STATE:
		name = iperf3_state_name(said->state);
		fputs(name ? name : "?", out);
		break;
	case IPERF3_SAID_ERROR:
		print_error(out, said);
		break;
	case IPERF3_SAID_PARAMETERS:
		print_text(out, "parameters", said);
		break;
	case IPERF3_SAID_RESULTS:
		print_text(out, "results", said);
		break;
	case IPERF3_SAID_PAYLOAD:
		print_payload(out, said);
		break;
	case IPERF3_SAID_HELLO:
		fputs("hello", out);
		print_octets(out, said->octets, said->length);
		break;
	case IPERF3_SAID_REPLY:
		fputs("reply", out);
		print_octets(out, said->octets, said->length);
		break;
	case IPERF3_SAID_OCTETS:
		fprintf(out, "[%" PRIu64 " octets that are nothing known:", said->length);
		print_octets(out, said->octets, said->length);
		fputc(']', out);
		break;
	case IPERF3_SAID_EOF:
		fputs("end-of-file", out);
		break;
	case IPERF3_SAID_RESET:
		fputs("reset", out);
		break;
	case IPERF3_SAID_REFUSED:
		fputs("connection refused", out);
		break;
	}
}

void text_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said)
{
	text_line(report, server, &said->mark, said->conn, said->client, said->direction);
	print_what(report->options.out, said);
	fputc('\n', report->options.out);
}

/* --- for programs ------------------------------------------------------------------------------------------------ */

static void set_data(json_t *object, const struct iperf3_said *said)
{
	json_t *data = NULL;

	if (said->octets) {
		data = json_loadb((const char *)said->octets, said->length, JSON_REJECT_DUPLICATES, NULL);
		if (!data)
			data = json_stringn((const char *)said->octets, said->length);
	}
	json_object_set_new(object, "data", data ? data : json_null());
}

static void set_what(json_t *object, const struct iperf3_said *said)
{
	const char *name = iperf3_state_name(said->state);

	switch (said->kind) {
	case IPERF3_SAID_STATE:
		json_object_set_new(object, "state", json_string(name ? name : "?"));
		break;
	case IPERF3_SAID_ERROR:
		json_object_set_new(object, "state", json_string("SERVER_ERROR"));
		json_object_set_new(object, "error", json_integer(said->error));
		json_object_set_new(object, "errno", json_integer(said->system_error));
		json_object_set_new(object, "octets", json_integer(said->error_octets));
		break;
	case IPERF3_SAID_PARAMETERS:
	case IPERF3_SAID_RESULTS:
		set_data(object, said);
		break;
	case IPERF3_SAID_PAYLOAD:
		json_object_set_new(object, "octets", json_integer((json_int_t)said->length));
		if (said->conn == 0)
			json_object_set_new(object, "datagrams", json_integer((json_int_t)said->packets));
		json_object_set_new(object, "stream", json_integer(said->stream));
		break;
	case IPERF3_SAID_COOKIE:
	case IPERF3_SAID_HELLO:
	case IPERF3_SAID_REPLY:
	case IPERF3_SAID_OCTETS:
		json_object_set_new(object, "octets", json_integer((json_int_t)said->length));
		if (said->octets)
			json_set_hex(object, "hex", said->octets, said->length);
		break;
	case IPERF3_SAID_EOF:
	case IPERF3_SAID_RESET:
	case IPERF3_SAID_REFUSED:
		break;
	}
}

void json_said_iperf3(struct report *report, const struct iperf_endpoint *server, const struct iperf3_said *said)
{
	static const char *const kinds[] = {
		[IPERF3_SAID_COOKIE] = "cookie",   [IPERF3_SAID_STATE] = "state",
		[IPERF3_SAID_ERROR] = "state",     [IPERF3_SAID_PARAMETERS] = "parameters",
		[IPERF3_SAID_RESULTS] = "results", [IPERF3_SAID_PAYLOAD] = "payload",
		[IPERF3_SAID_HELLO] = "hello",     [IPERF3_SAID_REPLY] = "reply",
		[IPERF3_SAID_OCTETS] = "octets",   [IPERF3_SAID_EOF] = "eof",
		[IPERF3_SAID_RESET] = "reset",     [IPERF3_SAID_REFUSED] = "refused",
	};
	json_t *object = json_line(report, server, &said->mark, said->conn, said->client, said->direction);

	json_object_set_new(object, "profile", json_string("iperf3"));
	json_object_set_new(object, "kind", json_string(kinds[said->kind]));
	set_what(object, said);
	json_element(report, object);
}
