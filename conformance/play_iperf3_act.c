/* What the runner does in the iperf3 profile. */
#include "conformance/play_iperf3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AT_ONCE 16                 /* datagrams, so that a receiver's buffer does not run over */
#define MOMENT (IPERF_MS / 4)      /* after so many */

/* --- $results ---------------------------------------------------------------------------------------------------- */

/* Whether the runner is the sender of that stream. */
static bool runner_sends(const struct play *play, size_t number)
{
	return play_iperf3_client_sends(play, number) == (play->file->role == CASE_SERVER);
}

static void count_received(const struct play *play, const struct wire_conn *conn, struct iperf3_stream_result *result)
{
	struct iperf3_counter counter = { 0 };

	result->bytes = (int64_t)(conn->flows ? conn->flowed : play_left(conn));
	if (!conn->udp)
		return;
	for (size_t i = 0; i < conn->datagram_count; i++)
		if (conn->datagrams[i].length > IPERF3_HELLO_LENGTH)
			iperf3_counter_datagram(&counter, iperf3_of(play)->wide, conn->datagrams[i].octets,
						conn->datagrams[i].length, conn->datagrams[i].at_ns);
	result->bytes = (int64_t)counter.bytes;
	result->packets = (int64_t)counter.packets;
	result->errors = (int64_t)counter.errors;
	result->jitter = counter.jitter;
}

char *play_iperf3_results(const struct play *play)
{
	const struct iperf3_play *own = iperf3_of(play);
	size_t size = IPERF3_STREAM_SIZE * (own->stream_count + 2), length;
	struct iperf3_results results = { .sender_has_retransmits = -1, .count = own->stream_count };
	char *text = calloc(1, size);

	results.streams = calloc(own->stream_count + 1, sizeof *results.streams);
	for (size_t i = 0; text && results.streams && i < own->stream_count; i++) {
		const struct wire_conn *conn = play->conns[own->streams[i]];
		const struct iperf3_label *label = &own->labels[own->streams[i]];
		struct iperf3_stream_result *result = &results.streams[i];
		bool sends = runner_sends(play, i), tcp = !play->file->labels[own->streams[i]].udp;

		*result = (struct iperf3_stream_result){ .id = i == 0 ? 1 : (int64_t)i + 2, .retransmits = sends && tcp ? 0 : -1,
							  .has_times = true };
		if (sends)
			results.sender_has_retransmits = tcp;
		if (sends) {
			result->bytes = (int64_t)label->sent;
			result->packets = (int64_t)label->sent_datagrams;
		} else if (conn) {
			count_received(play, conn, result);
		}
		result->end_time = (double)(wire_now() - play->start_ns) / 1e9;
	}
	length = text && results.streams ? iperf3_results_encode(&results, text, size - 1) : 0;
	free(results.streams);
	if (length > 0)
		return text;
	free(text);
	return NULL;
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

static void add_text(FILE *out, const char *text, size_t length)
{
	uint8_t head[IPERF3_LENGTH_SIZE];

	iperf3_length_write(head, (uint32_t)length);
	fwrite(head, 1, sizeof head, out);
	fwrite(text, 1, length, out);
}

static void add_pieces_text(const struct play *play, FILE *out)
{
	uint8_t head[IPERF3_LENGTH_SIZE];
	size_t total = 0;

	for (size_t i = 0; i < play->step->piece_count; i++) {
		const struct case_piece *piece = &play->step->pieces[i];

		total += piece->repeat * (piece->cookie >= 0 ? piece->end - piece->begin : piece->length);
	}
	iperf3_length_write(head, (uint32_t)total);
	fwrite(head, 1, sizeof head, out);
	play_add_pieces(play, out);
}

static void add_json(const struct play *play, FILE *out)
{
	char *text = play->step->json ? play_with_ports(play, play->step->json) : play_iperf3_results(play);

	if (text)
		add_text(out, text, strlen(text));
	free(text);
}

static void add_error(const struct play *play, FILE *out)
{
	uint8_t octets[IPERF3_ERROR_SIZE];

	iperf3_error_write(octets, (int32_t)play->step->number, 0);
	fwrite(octets, 1, sizeof octets, out);
}

static void add_octets(const struct play *play, FILE *out)
{
	const struct case_step *step = play->step;

	switch (step->what) {
	case CASE_COOKIE:
		fwrite(iperf3_of(play)->cookies[step->cookie].octets, 1, IPERF3_COOKIE_LENGTH, out);
		break;
	case CASE_STATE:
		fputc((uint8_t)step->number, out);
		break;
	case CASE_ERROR:
		add_error(play, out);
		break;
	case CASE_PARAMETERS: case CASE_RESULTS:
		add_json(play, out);
		break;
	case CASE_TEXT:
		add_pieces_text(play, out);
		break;
	case CASE_OCTETS:
		play_add_pieces(play, out);
		break;
	case CASE_PAYLOAD:
		play_add_payload(play, out);
		break;
	case CASE_HELLO:
		fwrite(iperf3_hello, 1, IPERF3_HELLO_LENGTH, out);
		break;
	case CASE_REPLY:
		fwrite(iperf3_reply, 1, IPERF3_HELLO_LENGTH, out);
		break;
	default:
		break;
	}
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static void send_datagram(struct play *play, struct wire_conn *conn, uint64_t sequence, uint8_t *octets)
{
	struct iperf3_label *label = iperf3_label(play);
	struct iperf3_header header = { .sequence = sequence };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header.seconds = (uint32_t)now.tv_sec;
	header.microseconds = (uint32_t)(now.tv_nsec / 1000);
	memset(octets, '0', (size_t)play->step->octets);
	iperf3_header_write(octets, play->step->wide, &header);
	wire_send_datagram(play->wire, conn, octets, (size_t)play->step->octets);
	label->sent += (uint64_t)play->step->octets;
	if (sequence > label->sent_datagrams)
		label->sent_datagrams = sequence;
}

static void send_datagrams(struct play *play, struct wire_conn *conn)
{
	const struct case_step *step = play->step;
	char text[PLAY_OPENING_TEXT], ranges[PLAY_OPENING_TEXT / 2];
	uint8_t octets[65536];
	uint64_t count = 0;

	play_iperf3_ranges(step, ranges, sizeof ranges);
	for (size_t i = 0; i < step->range_count && play_goes_on(play); i++) {
		for (uint64_t n = step->ranges[i].first; n <= step->ranges[i].last; n++) {
			send_datagram(play, conn, n, octets);
			if (++count % AT_ONCE == 0)
				play_pause(play, wire_now() + MOMENT);
		}
	}
	snprintf(text, sizeof text, "datagrams %s of %lld octets", ranges, (long long)step->octets);
	play_said(play, conn, play->file->role == CASE_SERVER, wire_now(), text, octets, (size_t)step->octets);
}

/* --- a step ------------------------------------------------------------------------------------------------------ */

static void keep_opening(struct play *play, const struct play_octets *all)
{
	struct iperf3_label *label = iperf3_label(play);

	free(label->opening);
	label->opening = label->lines == 0 ? malloc(all->length + 1) : NULL;
	label->opening_length = all->length;
	label->lines++;
	if (label->opening)
		memcpy(label->opening, all->octets, all->length);
}

/* What is sent tells of the test, too. */
static void note(struct play *play, const struct play_octets *all)
{
	struct iperf3_play *own = iperf3_of(play);
	const struct case_step *step = play->step;
	bool opens = !iperf3_label(play)->spoke, udp = play->file->labels[step->label].udp;

	if (play->file->role == CASE_SERVER) {
		keep_opening(play, all);
		play_iperf3_opened(play, all->octets, all->length);
	}
	if (step->what == CASE_PARAMETERS)
		play_iperf3_learn(play, (const char *)all->octets + IPERF3_LENGTH_SIZE, all->length - IPERF3_LENGTH_SIZE);
	else if (step->what == CASE_OCTETS && iperf3_label(play)->stream)
		iperf3_label(play)->sent += all->length - (opens && !udp ? IPERF3_COOKIE_LENGTH : 0);
	else if (step->what == CASE_STATE && play->file->role == CASE_SERVER)
		own->done = own->done || step->number == IPERF3_IPERF_DONE;
	else if (step->what == CASE_STATE && step->number == IPERF3_TEST_RUNNING)
		play_iperf3_runs(play, wire_now());
}

static void send_octets(struct play *play, struct wire_conn *conn)
{
	struct play_octets all = { NULL, 0 };
	uint64_t before;
	FILE *out = open_memstream((char **)&all.octets, &all.length);

	if (out) {
		add_octets(play, out);
		if (fclose(out) != 0)
			all.length = 0;
	}
	if (play->step->what == CASE_STATE && play->file->role == CASE_CLIENT)
		wire_wait(play->wire, wire_now()); /* what the client has sent by now */
	if (all.octets && (all.length > 0 || play->step->what == CASE_PAYLOAD))
		note(play, &all);
	before = conn->sent;
	if (play_goes_on(play))
		play_send(play, conn, &all);
	else
		free(all.octets);
	if (play->step->what == CASE_PAYLOAD)
		iperf3_label(play)->sent += conn->sent - before;
}

void play_iperf3_act(struct play *play)
{
	bool first;
	struct wire_conn *conn = play_conn_of(play, &first);

	if (!conn)
		return;
	switch (play->step->what) {
	case CASE_COOKIE: case CASE_STATE: case CASE_ERROR: case CASE_PARAMETERS: case CASE_RESULTS: case CASE_TEXT:
	case CASE_OCTETS: case CASE_PAYLOAD: case CASE_HELLO: case CASE_REPLY:
		send_octets(play, conn);
		break;
	case CASE_DATAGRAMS:
		send_datagrams(play, conn);
		break;
	default:
		play_act_end(play, conn);
		break;
	}
}
