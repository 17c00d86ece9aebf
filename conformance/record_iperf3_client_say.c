/* What the client is told to do, and what it is to say about that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/record_iperf3_client_private.h"

#define BLOCKS_SENT 4              /* of a reverse stream by time: any number will do */
#define SENT_MAX (8 << 20)         /* of one by number, in octets */
#define SLACK_NS (10 * IPERF_S)    /* for the end of a test, beyond what it took or takes by its time */

struct case_step *record_iperf3_line(struct recorded_client *c, enum case_what what, enum case_direction direction, int label,
				     enum iperf_requirement why)
{
	struct case_step *step = record_step(&c->result->steps, what, direction, label);

	step->requirement = why;
	record_note(c->result, why);
	return step;
}

static bool has(const struct recorded_client *c, enum iperf3_key key)
{
	return c->parameters.present >> key & 1;
}

/* --- the head ---------------------------------------------------------------------------------------------------- */

static void add_option(struct recorded_client *c, const char *name, int64_t value)
{
	struct case_file *file = c->result->steps.file;
	struct case_option *option = &file->options[file->option_count];

	if (file->option_count == CASE_OPTIONS_MAX)
		return;
	file->option_count++;
	snprintf(option->name, sizeof option->name, "%s", name);
	if (value >= 0)
		snprintf(option->value, sizeof option->value, "%" PRId64, value);
}

static void set_amount(struct recorded_client *c)
{
	const struct iperf3_parameters *parameters = &c->parameters;
	struct case_file *file = c->result->steps.file;

	file->has_bytes = parameters->num > 0;
	file->bytes = parameters->num > 0 ? (uint64_t)parameters->num : 0;
	if (parameters->num > 0)
		return;
	if (parameters->blockcount > 0)
		add_option(c, "blocks", parameters->blockcount);
	else
		add_option(c, "time", parameters->time);
}

void record_iperf3_set_head(struct recorded_client *c)
{
	const struct iperf3_parameters *parameters = &c->parameters;
	struct case_file *file = c->result->steps.file;

	file->has_transport = file->udp = parameters->protocol == IPERF_UDP;
	file->has_streams = parameters->parallel > 1;
	file->streams = (unsigned)parameters->parallel;
	if (!c->parameters_known) {
		add_option(c, "time", 1);
		return;
	}
	set_amount(c);
	if (parameters->omit > 0)
		add_option(c, "omit", parameters->omit);
	add_option(c, "length", parameters->len);
	if (has(c, IPERF3_KEY_BANDWIDTH) || file->udp)
		add_option(c, "rate", parameters->bandwidth);
	if (parameters->reverse)
		add_option(c, "reverse", -1);
	if (parameters->bidirectional)
		add_option(c, "bidir", -1);
	if (parameters->udp_counters_64bit)
		add_option(c, "wide", -1);
	if (parameters->get_server_output)
		add_option(c, "server-output", -1);
}

/* --- parameters -------------------------------------------------------------------------------------------------- */

void record_iperf3_expect_parameters(struct recorded_client *c)
{
	const struct iperf3_parameters *parameters = &c->parameters;
	struct case_step *step = record_iperf3_line(c, CASE_PARAMETERS, CASE_TO_SERVER, c->control.label, IPERF_R_24_2);
	bool udp = parameters->protocol == IPERF_UDP, amount = parameters->num > 0 || parameters->blockcount > 0;
	char text[600];
	int n;

	if (!c->parameters_known)
		return;
	n = snprintf(text, sizeof text, "{\"%s\":true,\"omit\":%" PRId64, udp ? "udp" : "tcp", parameters->omit);
	if (!amount)
		n += snprintf(text + n, sizeof text - (size_t)n, ",\"time\":%" PRId64, parameters->time);
	n += snprintf(text + n, sizeof text - (size_t)n,
		      ",\"num\":%" PRId64 ",\"blockcount\":%" PRId64 ",\"parallel\":%" PRId64 ",\"len\":%" PRId64,
		      parameters->num, parameters->blockcount, parameters->parallel, parameters->len);
	if (parameters->bandwidth > 0)
		n += snprintf(text + n, sizeof text - (size_t)n, ",\"bandwidth\":%" PRId64, parameters->bandwidth);
	snprintf(text + n, sizeof text - (size_t)n, ",\"reverse\":%s,\"bidirectional\":%s,\"udp_counters_64bit\":%s}",
		 parameters->reverse ? "true" : "null", parameters->bidirectional ? "true" : "null",
		 parameters->udp_counters_64bit ? "1" : "null");
	step->json = strdup(text);
	c->result->steps.failed |= !step->json;
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

/* How many octets the server has to send on each stream, so that the client comes to its end. */
static int64_t to_send(const struct recorded_client *c)
{
	const struct iperf3_parameters *parameters = &c->parameters;
	int64_t len = parameters->len > 0 ? parameters->len : 1, blocks = BLOCKS_SENT;

	if (parameters->num > 0)
		blocks = parameters->num / len + 1;
	else if (parameters->blockcount > 0)
		blocks = parameters->blockcount;
	return blocks < SENT_MAX / len ? blocks * len : SENT_MAX / len * len;
}

static void send_datagrams(struct recorded_client *c, int label)
{
	struct case_step *step = record_iperf3_line(c, CASE_DATAGRAMS, CASE_TO_CLIENT, label, IPERF_R_NONE);

	step->ranges = calloc(1, sizeof *step->ranges);
	c->result->steps.failed |= !step->ranges;
	if (!step->ranges)
		return;
	step->ranges[0] = (struct case_range){ 1, (uint64_t)(to_send(c) / c->parameters.len) };
	step->range_count = 1;
	step->octets = c->parameters.len;
	step->wide = c->parameters.udp_counters_64bit;
}

/* Whether the client sends on that stream. */
static bool sends(const struct recorded_client *c, size_t index)
{
	return c->parameters.bidirectional ? index < (size_t)c->parameters.parallel : !c->parameters.reverse;
}

void record_iperf3_payload(struct recorded_client *c)
{
	bool all = c->parameters.num == 0 && c->parameters.blockcount == 0;

	for (size_t i = 0; i < c->stream_count; i++) {
		int label = c->streams[i].label;
		struct case_step *step;

		if (sends(c, i)) {
			step = record_iperf3_line(c, CASE_PAYLOAD, CASE_TO_SERVER, label, IPERF_R_NONE);
			step->some = c->ended && (all || c->stream_count == 1); /* else one stream may take all */
			continue;
		}
		if (c->streams[i].udp)
			send_datagrams(c, label);
		else
			record_iperf3_line(c, CASE_PAYLOAD, CASE_TO_CLIENT, label, IPERF_R_NONE)->octets = to_send(c);
	}
}

/* How long the test of the capture took, from its first event to its last. */
static int64_t took_ns(const struct recorded_client *c)
{
	const struct record_log *log = c->source->log;
	int64_t first = INT64_MAX, last = 0;

	for (size_t i = 0; i < log->count; i++) {
		if (!record_of_test(c->source, i))
			continue;
		first = log->events[i].time_ns < first ? log->events[i].time_ns : first;
		last = log->events[i].time_ns > last ? log->events[i].time_ns : last;
	}
	return last > first ? last - first : 0;
}

void record_iperf3_test_end(struct recorded_client *c)
{
	const struct iperf3_parameters *parameters = &c->parameters;
	bool amount = parameters->num > 0 || parameters->blockcount > 0;
	struct case_step *step = record_iperf3_line(c, CASE_STATE, CASE_TO_SERVER, c->control.label,
						    amount ? IPERF_R_27_2_2 : IPERF_R_27_2_1);
	int64_t ns = (parameters->omit + parameters->time) * IPERF_S;

	step->number = IPERF3_TEST_END;
	step->has_within = true;
	step->within.ns = SLACK_NS + (amount || ns < took_ns(c) ? took_ns(c) : ns);
	step->within.ns -= step->within.ns % IPERF_S;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

/* Of a stream that the client receives by time, all has come long before its end. */
static void print_counted(const struct recorded_client *c, FILE *out, bool udp)
{
	const struct iperf3_parameters *parameters = &c->parameters;

	if (parameters->time < 1 || parameters->num > 0 || parameters->blockcount > 0 || parameters->omit > 0)
		return;
	fprintf(out, ",\"bytes\":%" PRId64, to_send(c));
	if (udp)
		fprintf(out, ",\"packets\":%" PRId64 ",\"errors\":0", to_send(c) / parameters->len);
}

void record_iperf3_expect_results(struct recorded_client *c)
{
	struct case_step *step = record_iperf3_line(c, CASE_RESULTS, CASE_TO_SERVER, c->control.label, IPERF_R_23_10);
	size_t size = 0, at = (size_t)(step - c->result->steps.file->steps);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		c->result->steps.failed = true;
		return;
	}
	fputs("{\"streams\":[", out);
	for (size_t i = 0; i < c->stream_count; i++) {
		fprintf(out, "%s{\"id\":%zu", i ? "," : "", i ? i + 2 : 1);
		if (!sends(c, i))
			print_counted(c, out, c->streams[i].udp);
		fputc('}', out);
	}
	fputs("]}", out);
	if (fclose(out) != 0)
		c->result->steps.failed = true;
	if (c->result->steps.failed)
		free(text);
	else
		c->result->steps.file->steps[at].json = text;
	record_note(c->result, IPERF_R_28_2);
}
