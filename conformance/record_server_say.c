/* What the clients of a case do, written step by step; and result data as a pattern. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/record_server_private.h"

/* --- waits and opening ------------------------------------------------------------------------------------------- */

/* Before an action: the pauses of the capture, and those that order demands. */
static void wait_first(struct recorder *r)
{
	int64_t ns = (int64_t)((double)r->pause_ns * r->source->options->pace);

	if (ns < IPERF_MS)
		ns = 0;
	record_wait(&r->result->steps, ns > r->settle_ns ? ns : r->settle_ns);
	r->pause_ns = r->settle_ns = 0;
}

static bool will_wait(const struct recorder *r)
{
	return (double)r->pause_ns * r->source->options->pace >= IPERF_MS;
}

/* "open" goes when the next step on the connection opens it as well. */
static void drop_needless_open(struct recorder *r, struct talker *talker)
{
	struct case_file *file = r->result->steps.file;

	if (talker->open_step == file->step_count && talker->open_step && !will_wait(r))
		file->step_count--;
	else if (talker->open_step)
		talker->opened = true;
	talker->open_step = 0;
}

void recorder_open(struct recorder *r, struct talker *talker)
{
	(void)r;
	if (!talker->open_step)
		return;
	talker->open_step = 0;
	talker->opened = true;
}

static void begin_action(struct recorder *r, struct talker *talker)
{
	drop_needless_open(r, talker);
	wait_first(r);
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

void recorder_flush(struct recorder *r, struct talker *talker)
{
	if (talker->held_count == 0)
		return;
	begin_action(r, talker);
	record_octets(&r->result->steps, &talker->speaker, CASE_TO_SERVER, talker->held, talker->held_count, talker->cuts,
		      talker->cut_count, !talker->opened);
	talker->held_count = talker->cut_count = 0;
}

static bool make_room(struct talker *talker, size_t length)
{
	size_t room = talker->held_room ? talker->held_room : 128;
	uint8_t *held;

	while (room < talker->held_count + length)
		room *= 2;
	if (room == talker->held_room)
		return true;
	held = realloc(talker->held, room);
	if (!held)
		return false;
	talker->held = held;
	talker->held_room = room;
	return true;
}

void recorder_keep(struct recorder *r, struct talker *talker)
{
	const struct record_event *event = r->event;
	const uint8_t *octets = r->source->log->octets + event->at;
	size_t length = (size_t)event->length, first = IPERF_COOKIE_LENGTH - talker->first_count;

	if (event->kind != RECORD_OCTETS)
		return;
	if (event->time_ns - talker->held_ns > RECORD_PAUSE_NS && r->source->options->pace > 0 && talker->held_count) {
		int64_t pause_ns = r->pause_ns;

		r->pause_ns = 0; /* it comes between the two */
		recorder_flush(r, talker);
		r->pause_ns = pause_ns;
	}
	if (!make_room(talker, length)) {
		r->result->steps.failed = true;
		return;
	}
	if (first > length)
		first = length;
	memcpy(talker->first.octets + talker->first_count, octets, first);
	talker->first_count += first;
	if (talker->held_count && talker->cut_count < HELD_CUTS && !talker->speaker.udp)
		talker->cuts[talker->cut_count++] = talker->held_count;
	memcpy(talker->held + talker->held_count, octets, length);
	talker->held_count += length;
	talker->held_ns = event->time_ns;
}

/* Whether a message is there in part only, so that more is waited for. */
static bool half_said(const struct recorder *r, const struct talker *talker)
{
	struct iperf_parser parser;

	if (talker->speaker.udp || talker->over)
		return false;
	switch (talker->conn.state) {
	case IPERF_CONN_PREAMBLE:
	case IPERF_CONN_FIRST:
		return true;
	case IPERF_CONN_CONTROL:
	case IPERF_CONN_STREAM:
		iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, &r->session.cookie);
		iperf_parser_feed(&parser, talker->held, talker->held_count);
		return talker->speaker.said && parser.status == IPERF_PARSE_INCOMPLETE;
	case IPERF_CONN_RESULTS:
	case IPERF_CONN_CLOSED:
		break;
	}
	return false;
}

static void act_payload(struct recorder *r, struct talker *talker)
{
	recorder_flush(r, talker);
	begin_action(r, talker);
	record_payload(&r->result->steps, &talker->speaker, CASE_TO_SERVER, r->event->length, r->event->datagrams);
}

/* The client's end. After the server's, it is the end of both directions. */
static void act_end(struct recorder *r, struct talker *talker)
{
	enum case_what what = r->event->kind == RECORD_RESET ? CASE_RESET :
			      talker->answered		     ? CASE_CLOSE :
							       CASE_END_OF_FILE;

	recorder_flush(r, talker);
	recorder_open(r, talker);
	begin_action(r, talker);
	record_label(&r->result->steps, &talker->speaker);
	record_step(&r->result->steps, what, CASE_TO_SERVER, talker->speaker.label);
	talker->client_ended = true;
}

void recorder_act(struct recorder *r, struct talker *talker)
{
	switch (r->event->kind) {
	case RECORD_OPENED:
		wait_first(r);
		record_label(&r->result->steps, &talker->speaker);
		record_step(&r->result->steps, CASE_OPEN, CASE_TO_SERVER, talker->speaker.label);
		talker->open_step = r->result->steps.file->step_count;
		break;
	case RECORD_OCTETS:
		if (!half_said(r, talker))
			recorder_flush(r, talker);
		break;
	case RECORD_PAYLOAD:
		act_payload(r, talker);
		break;
	case RECORD_SEQUENCES:
		break;
	case RECORD_EOF:
	case RECORD_RESET:
		act_end(r, talker);
		break;
	}
}

/* --- result data ------------------------------------------------------------------------------------------------- */

struct range {
	uint64_t low, high;
};

static void print_range(FILE *out, struct range range)
{
	if (range.low == range.high)
		fprintf(out, "%" PRIu64, range.low);
	else
		fprintf(out, "\"%" PRIu64 "..%" PRIu64 "\"", range.low, range.high);
}

/* One stream; returns its octets. What depends on how fast the server reads, or on what gets lost, is left open. */
static struct range print_stream(struct recorder *r, FILE *out, const struct iperf_stream_result *stream)
{
	const struct talker *talker = r->stream_of[stream->id - 1];
	struct range bytes = { stream->bytes, stream->bytes }, packets = { stream->packets, stream->packets };
	bool udp = stream->protocol == IPERF_UDP, large = !udp && talker->octets > TCP_SURE_OCTETS;

	if (large) {
		bytes.low -= bytes.low < talker->octets + IPERF_MESSAGE_MAX ? bytes.low :
									      talker->octets + IPERF_MESSAGE_MAX;
		bytes.high += IPERF_MESSAGE_MAX; /* half an IPERF_STREAM_END is payload */
		r->result->comments |= RECORD_LARGE;
	} else if (talker->lossy) {
		bytes.low = packets.low = 0;
	}
	fprintf(out, "{\"id\":%" PRIu32 ",\"protocol\":\"%s\",\"client_port\":$port(%s),\"bytes\":", stream->id,
		udp ? "udp" : "tcp", r->result->steps.file->labels[talker->speaker.label].name);
	print_range(out, bytes);
	fputs(",\"packets\":", out);
	if (udp)
		print_range(out, packets);
	else
		fputs("null", out);
	if (!large && !talker->lossy)
		fprintf(out, ",\"complete\":%s", stream->complete ? "true" : "false");
	fputc('}', out);
	return bytes;
}

char *recorder_pattern(struct recorder *r, const struct iperf_results *results)
{
	struct range sum = { 0, 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		r->result->steps.failed = true;
		return NULL;
	}
	fputs("{\"streams\":[", out);
	for (size_t i = 0; i < results->count; i++) {
		struct range bytes;

		fputs(i ? "," : "", out);
		bytes = print_stream(r, out, &results->streams[i]);
		sum.low += bytes.low;
		sum.high += bytes.high;
	}
	fputs("],\"bytes\":", out);
	print_range(out, sum);
	fputc('}', out);
	if (fclose(out) != 0)
		r->result->steps.failed = true;
	return text;
}
