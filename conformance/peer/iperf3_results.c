/* Results (SPEC 28). */
#include "iperf3.h"
#include "iperf3_stream.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct i3_usage i3_usage_now(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (struct i3_usage){now_ns(), (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec / 1e6,
				 (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec / 1e6};
}

static bool sends(const struct i3_results *r)
{
	return r->params->bidirectional || r->params->reverse == r->server;
}

static void write_usage(FILE *out, const struct i3_usage *since)
{
	struct i3_usage now = i3_usage_now();
	double wall = (double)(now.wall_ns - since->wall_ns + 1) / 1e9;
	double user = 100 * (now.user - since->user) / wall, system = 100 * (now.system - since->system) / wall;

	fprintf(out, "\"cpu_util_total\":%.6f,\"cpu_util_user\":%.6f,", user + system, user);
	if (!i3_fault(no_cpu_util_system))
		fprintf(out, "\"cpu_util_system\":%.6f,", system);
}

static void write_has_retransmits(FILE *out, const struct i3_results *r)
{
	if (i3_fault(no_sender_has_retransmits))
		return;
	fputs("\"sender_has_retransmits\":", out);
	if (sends(r) || i3_fault(retransmits_of_receiver))
		fprintf(out, "%d,", r->params->udp ? 0 : 1);
	else
		fprintf(out, "%s,", i3_minus_one());
}

static void write_retransmits(FILE *out, const struct i3_stream *s)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;

	if (s->udp || !s->sender || i3_fault(retransmits_missing)) {
		fprintf(out, "\"retransmits\":%s,", i3_minus_one());
		return;
	}
	if (s->fd >= 0)
		getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	fprintf(out, "\"retransmits\":%u,", info.tcpi_total_retrans);
}

static void write_bytes(FILE *out, const struct i3_results *r, const struct i3_stream *s)
{
	uint64_t bytes = s->bytes;
	const char *quote = i3_fault(bytes_as_string) ? "\"" : "";

	if (i3_server_fault(whole_blocks_only) && !s->udp && !s->sender)
		bytes -= bytes % (uint64_t)r->params->len;
	if (i3_server_fault(cookie_counted) && !s->udp && !s->sender)
		bytes += I3_COOKIE_LEN;
	fprintf(out, "\"%s\":%s%llu%s,", i3_fault(upper_case_key) ? "Bytes" : "bytes", quote,
		(unsigned long long)bytes, quote);
}

static void write_stream(FILE *out, const struct i3_results *r, const struct i3_stream *s)
{
	bool receives = s->udp && !s->sender;

	fprintf(out, "{\"id\":%d,", s->id);
	write_bytes(out, r, s);
	write_retransmits(out, s);
	if (!i3_fault(no_jitter))
		fprintf(out, "\"jitter\":%.9f,", receives ? s->jitter * (i3_fault(jitter_in_ms) ? 1000 : 1) : 0.0);
	fprintf(out, "\"errors\":%lld,\"packets\":%lld,", (long long)i3_stream_errors(s),
		(long long)i3_stream_packets(s));
	fprintf(out, "\"omitted_errors\":%lld,\"omitted_packets\":%lld,", (long long)(receives ? s->omitted_errors : 0),
		(long long)(s->udp ? s->omitted_packets : 0));
	fprintf(out, "\"start_time\":0,\"end_time\":%.6f}", r->seconds);
}

char *i3_results_write(const struct i3_results *r, const struct i3_usage *since)
{
	size_t size, count = i3_fault(one_stream_listed) && r->count > 1 ? 1 : r->count;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputc('{', out);
	write_usage(out, since);
	write_has_retransmits(out, r);
	if (i3_fault(key_written_twice))
		write_has_retransmits(out, r);
	if (r->output)
		fprintf(out, "\"server_output_text\":\"%s\",", r->output);
	fputs("\"streams\":[", out);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputc(',', out);
		write_stream(out, r, &r->streams[i]);
	}
	fputs("]}", out);
	fclose(out);
	return text;
}

/* --- the other side's --------------------------------------------------------------------------------------------- */

static bool is_number(const struct json *object, const char *name)
{
	const struct json *value = json_member(object, name);

	return value ? value->type == JSON_NUMBER : i3_fault(missing_key_taken);
}

static bool is_integer(const struct json *object, const char *name)
{
	const struct json *value = json_member(object, name);
	int64_t number;

	return value ? i3_integer(value, &number) : i3_fault(missing_key_taken);
}

/* A key that need not be there, but must have its type. */
static bool may_be(const struct json *object, const char *name, enum json_type type)
{
	const struct json *value = json_member(object, name);

	if (value && value->type != type && i3_fault(wrong_type_crashes))
		abort();
	return value ? value->type == type : !i3_fault(optional_key_required) || type != JSON_NUMBER;
}

static bool is_known(const struct json *stream, const struct i3_results *mine)
{
	int64_t id;

	if (i3_fault(unknown_id_taken) || !i3_integer(json_member(stream, "id"), &id))
		return true;
	for (size_t i = 0; i < mine->count; i++)
		if (mine->streams[i].id == id)
			return true;
	return false;
}

static bool is_stream(const struct json *s)
{
	return s->type == JSON_OBJECT && is_integer(s, "id") && is_integer(s, "bytes") &&
	       is_integer(s, "retransmits") && is_number(s, "jitter") && is_integer(s, "errors") &&
	       is_integer(s, "packets") && may_be(s, "omitted_errors", JSON_NUMBER) &&
	       may_be(s, "omitted_packets", JSON_NUMBER) && may_be(s, "start_time", JSON_NUMBER) &&
	       may_be(s, "end_time", JSON_NUMBER);
}

static bool has_strange_key(const struct json *object)
{
	static const char *const known[] = {"cpu_util_total",	      "cpu_util_user",	 "cpu_util_system",
					    "sender_has_retransmits", "congestion_used", "server_output_text",
					    "server_output_json",     "streams"};

	for (const struct json *m = object->first; m; m = m->next) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found |= strcmp(known[i], m->name) == 0;
		if (!found)
			return true;
	}
	return false;
}

enum i3_error i3_results_check(const struct json *o, const struct i3_results *mine)
{
	const struct json *streams = json_member(o, "streams");

	if (!is_number(o, "cpu_util_total") || !is_number(o, "cpu_util_user") || !is_number(o, "cpu_util_system") ||
	    !is_integer(o, "sender_has_retransmits") || !may_be(o, "congestion_used", JSON_STRING) ||
	    !may_be(o, "server_output_text", JSON_STRING) || !may_be(o, "server_output_json", JSON_OBJECT))
		return I3_E_RESULTS;
	if ((i3_fault(strange_result_key_refused) || i3_client_fault(unknown_key_refused)) && has_strange_key(o))
		return I3_E_RESULTS;
	if (!streams || streams->type != JSON_ARRAY)
		return !streams && i3_fault(missing_key_taken) ? I3_NO_ERROR : I3_E_RESULTS;
	if (i3_fault(missing_stream_refused) && streams->count < mine->count)
		return I3_E_RESULTS;
	for (const struct json *s = streams->first; s; s = s->next) {
		if (!is_stream(s))
			return I3_E_RESULTS;
		if (!is_known(s, mine))
			return I3_E_STREAM_ID;
	}
	return I3_NO_ERROR;
}
