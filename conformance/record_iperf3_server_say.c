/* What the clients of a case do, and what the server has to do, written line by line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/record_iperf3_server_private.h"

#define DATAGRAMS_OF_LINE 50000

/* --- the client -------------------------------------------------------------------------------------------------- */

static void waited(struct iperf3_recorder *r, int64_t ns)
{
	if (ns < UDP_PAUSE_NS)
		return;
	for (size_t i = 0; i < r->talker_count; i++)
		r->talkers[i].burst_octets = r->talkers[i].burst_count = 0;
	if (ns >= SETTLE_NS)
		r->unsettled = false;
}

void iperf3_before(struct iperf3_recorder *r, struct talker *talker, bool settle)
{
	int64_t ns = (int64_t)((double)r->pause_ns * r->source->options->pace);

	if (ns < IPERF_MS)
		ns = 0;
	if (settle && r->unsettled && ns < SETTLE_NS) {
		ns = SETTLE_NS;
		r->result->comments |= RECORD_SETTLES;
	}
	record_wait(&r->result->steps, ns);
	waited(r, ns);
	r->pause_ns = 0;
	record_label(&r->result->steps, &talker->speaker);
	talker->written = true;
}

void iperf3_say_rest(struct iperf3_recorder *r, struct talker *talker)
{
	if (talker->held_count == 0)
		return;
	iperf3_before(r, talker, false);
	record_iperf3_octets_of(&r->result->steps, CASE_TO_SERVER, talker->speaker.label, talker->held, talker->held_count);
	talker->held_count = 0;
}

void iperf3_say_item(struct iperf3_recorder *r, struct talker *talker)
{
	struct record_steps *steps = &r->result->steps;
	const struct iperf3_parser *item = &talker->item;
	struct iperf3_cookie cookie;
	int label;

	if (item->status == IPERF3_WRONG || (item->grammar == IPERF3_READ_COOKIE && talker->held_count != sizeof cookie)) {
		iperf3_say_rest(r, talker);
		return;
	}
	iperf3_before(r, talker, item->grammar == IPERF3_READ_STATE);
	label = talker->speaker.label;
	if (item->grammar == IPERF3_READ_COOKIE) {
		memcpy(cookie.octets, talker->held, sizeof cookie.octets);
		record_iperf3_cookie(steps, &r->cookies, label, &cookie);
	} else if (item->grammar == IPERF3_READ_STATE) {
		record_iperf3_state(steps, CASE_TO_SERVER, label, item->state);
	} else {
		record_iperf3_text(steps, session_of(r)->state == IPERF3_TEST_RESULTS ? CASE_RESULTS : CASE_PARAMETERS,
				   CASE_TO_SERVER, label, talker->held + IPERF3_LENGTH_SIZE,
				   talker->held_count - IPERF3_LENGTH_SIZE);
	}
	talker->held_count = 0;
}

/* The talker's last line, when it is of that kind, and there is only payload of others after it. */
static struct case_step *last_of(const struct iperf3_recorder *r, const struct talker *talker, enum case_what what)
{
	const struct case_file *file = r->result->steps.file;

	for (size_t i = file->step_count; i-- > 0;) {
		struct case_step *step = &file->steps[i];

		if ((step->what != CASE_PAYLOAD && step->what != CASE_DATAGRAMS) || step->direction != CASE_TO_SERVER)
			return NULL;
		if (step->label == talker->speaker.label)
			return step->what == what ? step : NULL;
	}
	return NULL;
}

void iperf3_say_payload(struct iperf3_recorder *r, struct talker *talker)
{
	uint64_t room = RECORD_IPERF3_PAYLOAD_MAX - talker->octets, length = r->event->length;
	int64_t len = session_of(r)->parameters.len;
	struct case_step *last;

	if (talker->over || talker->client_ended)
		return;
	if (length > room) {
		uint64_t whole = len > 0 ? (uint64_t)len : 1, left = (talker->octets + length) % whole;

		r->result->comments |= RECORD_LARGE;
		length = room > left ? room - (room - left) % whole : 0; /* it goes on to end as its blocks do */
		if (length > room)
			length = room;
	}
	if (length == 0)
		return;
	iperf3_before(r, talker, false);
	last = last_of(r, talker, CASE_PAYLOAD);
	if (!last) {
		last = record_step(&r->result->steps, CASE_PAYLOAD, CASE_TO_SERVER, talker->speaker.label);
		last->octets = 0;
	}
	last->octets += (int64_t)length;
	talker->octets += length;
	r->unsettled = true;
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

void iperf3_say_datagram(struct iperf3_recorder *r, struct talker *talker)
{
	const uint8_t *octets = r->source->log->octets + r->event->at;
	const struct iperf_endpoint *client = &r->source->log->conns[r->event->conn]->client;
	size_t length = (size_t)r->event->length;

	for (size_t i = 0; i < r->talker_count; i++)
		if (r->talkers[i].speaker.udp)
			iperf3_expect(r, &r->talkers[i], false); /* R-26.1-2: a server need not take two at once */
	iperf3_before(r, talker, false);
	if (length == IPERF3_HELLO_LENGTH && memcmp(octets, iperf3_hello, length) == 0)
		record_step(&r->result->steps, CASE_HELLO, CASE_TO_SERVER, talker->speaker.label);
	else
		record_iperf3_octets_of(&r->result->steps, CASE_TO_SERVER, talker->speaker.label, octets, length);
	talker->unclear |= talker->said; /* whether such a datagram of a stream counts */
	talker->said = true;
	iperf3_server_datagram(session_of(r), client, octets, length, r->event->time_ns);
}

static void count(struct talker *talker, bool wide, uint64_t first, uint64_t number, size_t length)
{
	uint8_t octets[IPERF3_HEADER_64] = { 0 };

	for (uint64_t i = 0; i < number; i++) {
		const struct iperf3_header header = { .sequence = first + i };

		iperf3_header_write(octets, wide, &header);
		iperf3_counter_datagram(&talker->counter, wide, octets, sizeof octets, 0);
	}
	talker->octets += number * length;
}

/* How many datagrams may be sent at once now; waits for the server to have read the others, if there may be none. */
static uint64_t room_of(struct iperf3_recorder *r, struct talker *talker, uint64_t wanted, size_t length)
{
	uint64_t by_octets, by_count;

	if (talker->lossy || length == 0)
		return wanted;
	if (talker->burst_octets > 0 && (talker->burst_octets + length > UDP_SURE_OCTETS ||
					 talker->burst_count >= UDP_SURE_DATAGRAMS)) {
		if (talker->pauses++ == UDP_PAUSES) {
			talker->lossy = true;
			r->result->comments |= RECORD_LOSSY;
			return wanted;
		}
		r->result->comments |= RECORD_SETTLES;
		record_wait(&r->result->steps, UDP_PAUSE_NS);
		waited(r, UDP_PAUSE_NS);
	}
	by_octets = (UDP_SURE_OCTETS - talker->burst_octets) / length;
	by_count = UDP_SURE_DATAGRAMS - talker->burst_count;
	if (by_octets == 0)
		by_octets = 1; /* one that is larger than all that */
	by_count = by_count < by_octets ? by_count : by_octets;
	return wanted < by_count ? wanted : by_count;
}

/* Whether an earlier line is one of these datagrams, and these follow: it has them then, too. */
static bool is_added(struct iperf3_recorder *r, const struct talker *talker, bool wide, uint64_t first, uint64_t number)
{
	struct case_step *last = last_of(r, talker, CASE_DATAGRAMS);

	if (!last || last->wide != wide || last->octets != (int64_t)r->event->length || last->ranges[0].last + 1 != first ||
	    first + number - last->ranges[0].first > DATAGRAMS_OF_LINE)
		return false;
	last->ranges[0].last += number;
	return true;
}

static void add_range(struct iperf3_recorder *r, const struct talker *talker, bool wide, uint64_t first, uint64_t number)
{
	struct case_step *step = record_step(&r->result->steps, CASE_DATAGRAMS, CASE_TO_SERVER, talker->speaker.label);

	step->ranges = calloc(1, sizeof *step->ranges);
	if (!step->ranges) {
		r->result->steps.failed = true;
		return;
	}
	step->ranges[0] = (struct case_range){ first, first + number - 1 };
	step->range_count = 1;
	step->octets = (int64_t)r->event->length;
	step->wide = wide;
}

static void say_range(struct iperf3_recorder *r, struct talker *talker, bool wide, uint64_t first, uint64_t number)
{
	if (!is_added(r, talker, wide, first, number))
		add_range(r, talker, wide, first, number);
	count(talker, wide, first, number, (size_t)r->event->length);
	talker->burst_octets += number * r->event->length;
	talker->burst_count += number;
}

void iperf3_say_sequences(struct iperf3_recorder *r, struct talker *talker)
{
	const struct record_event *event = r->event;
	bool wants_wide = session_of(r)->parameters.udp_counters_64bit;
	bool wide = wants_wide ? event->wide : !event->narrow;
	uint64_t first = event->sequence[wide];

	talker->unclear |= wide != wants_wide; /* not the header that was agreed on */
	iperf3_before(r, talker, false);
	for (uint64_t left = event->datagrams, n; left > 0; left -= n, first += n) {
		n = room_of(r, talker, left < DATAGRAMS_OF_LINE ? left : DATAGRAMS_OF_LINE, (size_t)event->length);
		say_range(r, talker, wide, first, n);
	}
	r->unsettled = true;
}

/* --- the server -------------------------------------------------------------------------------------------------- */

struct due *iperf3_due(struct iperf3_recorder *r, struct talker *talker, enum case_what what, enum iperf_requirement why)
{
	struct due *due;

	if (talker->due_count == DUES) { /* no course of a test has so many */
		r->result->steps.failed = true;
		talker->due_count--;
		free(talker->dues[talker->due_count].json);
	}
	due = &talker->dues[talker->due_count++];
	*due = (struct due){ .what = what, .why = why };
	record_note(r->result, why);
	return due;
}

static void say_due(struct iperf3_recorder *r, struct talker *talker, const struct due *due)
{
	struct case_step *step;

	if (due->what == CASE_STATE)
		step = record_iperf3_state(&r->result->steps, CASE_TO_CLIENT, talker->speaker.label, due->state);
	else
		step = record_step(&r->result->steps, due->what, CASE_TO_CLIENT, talker->speaker.label);
	step->requirement = due->why;
	step->or = due->or;
	step->json = due->json;
	step->some = due->some;
	if (due->timer != CASE_NO_TIMER) {
		step->has_within = true;
		step->within = (struct case_time){ due->timer, 1, 2 * IPERF_S };
	}
}

void iperf3_expect(struct iperf3_recorder *r, struct talker *talker, bool payload)
{
	size_t count = 0;

	while (count < talker->due_count && (payload || talker->dues[count].what != CASE_PAYLOAD))
		count++;
	if (count == 0)
		return;
	r->pause_ns = 0; /* the capture's client waited for this */
	if (!talker->written) {
		iperf3_before(r, talker, false);
		record_step(&r->result->steps, CASE_OPEN, CASE_TO_SERVER, talker->speaker.label);
	}
	for (size_t i = 0; i < count; i++)
		say_due(r, talker, &talker->dues[i]);
	talker->due_count -= count;
	memmove(talker->dues, talker->dues + count, talker->due_count * sizeof *talker->dues);
}

/* --- its results ------------------------------------------------------------------------------------------------- */

static void print_range(FILE *out, const char *name, uint64_t low, uint64_t high)
{
	if (low == high)
		fprintf(out, ",\"%s\":%" PRIu64, name, low);
	else
		fprintf(out, ",\"%s\":\"%" PRIu64 "..%" PRIu64 "\"", name, low, high);
}

/* Whole blocks count; of the last partial one it is up to the server. */
static void print_tcp(struct iperf3_recorder *r, FILE *out, const struct talker *talker)
{
	const struct iperf3_parameters *parameters = &session_of(r)->parameters;
	uint64_t low = talker->octets - talker->octets % (uint64_t)parameters->len;

	if (talker->octets > TCP_SURE_OCTETS) {
		low = low > TCP_BUFFERS ? low - TCP_BUFFERS : 0;
		r->result->comments |= RECORD_LARGE;
	}
	if (parameters->omit > 0)
		low = 0;
	record_note(r->result, IPERF_R_25_9);
	print_range(out, "bytes", low, talker->octets);
}

static void print_udp(struct iperf3_recorder *r, FILE *out, const struct talker *talker)
{
	const struct iperf3_counter *counter = &talker->counter;
	bool omit = session_of(r)->parameters.omit > 0;

	record_note(r->result, IPERF_R_26_3_1);
	record_note(r->result, IPERF_R_26_3_4);
	print_range(out, "bytes", talker->lossy || omit ? 0 : talker->octets, talker->octets);
	print_range(out, "packets", talker->lossy ? 0 : counter->packets, counter->packets);
	if (!talker->lossy)
		print_range(out, "errors", counter->errors, counter->errors);
}

/* One stream of the server's. */
static void print_stream(struct iperf3_recorder *r, FILE *out, size_t index)
{
	const struct talker *talker = r->stream_of[index];

	fprintf(out, "%s{\"id\":%" PRId64, index ? "," : "", r->session.streams[index].id);
	if (talker->unclear)
		record_note(r->result, IPERF_R_28_2);
	else if (!talker->sends && talker->speaker.udp)
		print_udp(r, out, talker);
	else if (!talker->sends)
		print_tcp(r, out, talker);
	fputc('}', out);
}

char *iperf3_pattern(struct iperf3_recorder *r)
{
	const struct iperf3_parameters *parameters = &session_of(r)->parameters;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		r->result->steps.failed = true;
		return NULL;
	}
	fputs("{\"streams\":[", out);
	for (size_t i = 0; i < session_of(r)->stream_count; i++)
		print_stream(r, out, i);
	fputc(']', out);
	if (!parameters->reverse && !parameters->bidirectional)
		fputs(",\"sender_has_retransmits\":-1", out);
	fputc('}', out);
	if (fclose(out) != 0)
		r->result->steps.failed = true;
	return text;
}
