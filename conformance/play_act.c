/* What the runner does. */
#include "conformance/play_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_PART 655360         /* octets; tens of them, so that the parts follow on each other */
#define MOMENT (2 * IPERF_MS)       /* between parts that are to be read apart */
#define MOMENT_EACH (IPERF_MS / 2)  /* the same, when there are many */
#define DATAGRAM 1400               /* octets of payload, where the case does not say */

/* --- opening ----------------------------------------------------------------------------------------------------- */

static struct wire_conn *open_one(struct play *play)
{
	const struct sockaddr *address = (const struct sockaddr *)&play->player->address;
	socklen_t length = play->player->address_length;
	struct wire_conn *conn;
	bool udp = play->file->labels[play->step->label].udp;
	int64_t again_ns = wire_now() + (play->file->profile == CASE_IPERF3 ? PLAY_REOPEN : 0);

	conn = udp ? wire_open_udp(play->wire, address, length) :
		     wire_open(play->wire, address, length, play_deadline(play));
	while (conn && conn->refused && wire_now() < again_ns && play_goes_on(play)) {
		play_pause(play, wire_now() + PLAY_REOPEN_PAUSE);
		conn = wire_open(play->wire, address, length, play_deadline(play));
	}
	if (!conn) {
		play_untested(play, "a socket could not be opened: %s", strerror(errno));
		return NULL;
	}
	conn->bound = true;
	play->conns[play->step->label] = conn;
	if (conn->refused)
		play_fail(play, IPERF_R_NONE, "the connection could not be opened: %s", strerror(errno));
	else if (!conn->udp)
		play_said(play, conn, true, conn->opened_ns, "open", NULL, 0);
	return play_goes_on(play) ? conn : NULL;
}

/* The connection of the present step. first: it was opened just now. */
struct wire_conn *play_conn_of(struct play *play, bool *first)
{
	struct wire_conn *conn = play->conns[play->step->label];

	*first = conn == NULL;
	if (conn)
		return conn;
	return play->file->role == CASE_SERVER ? open_one(play) : play_awaited(play);
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

static void add(FILE *out, const uint8_t *octets, size_t length)
{
	fwrite(octets, 1, length, out);
}

static void add_message(const struct play *play, FILE *out, bool first)
{
	const struct case_step *step = play->step;
	const struct iperf_cookie *cookie = &play->cookies[step->cookie];
	uint8_t message[IPERF_MESSAGE_MAX];
	char *data = NULL;

	if (first && !play->file->labels[step->label].udp && play->file->role == CASE_SERVER)
		add(out, cookie->octets, sizeof cookie->octets);
	add(out, message, iperf_message_write(message, step->message, cookie));
	if (step->message != IPERF_RESULTS_RESPONSE)
		return;
	data = step->json ? play_with_ports(play, step->json) : play_results(play);
	fprintf(out, " %s", data ? data : "");
	free(data);
}

void play_add_pieces(const struct play *play, FILE *out)
{
	for (size_t i = 0; i < play->step->piece_count; i++) {
		const struct case_piece *piece = &play->step->pieces[i];

		for (size_t k = 0; k < piece->repeat; k++) {
			if (piece->cookie < 0)
				add(out, piece->octets, piece->length);
			else
				add(out, play->profile->cookie(play, piece->cookie) + piece->begin, piece->end - piece->begin);
		}
	}
}

/* Digits: no message begins with one. */
/* Whether the step's payload is more than is held at a time: then all is a part that is sent again and again. */
static bool is_long(const struct play *play)
{
	const struct case_step *step = play->step;

	return step->what == CASE_PAYLOAD && step->octets > PAYLOAD_PART && !play->file->labels[step->label].udp &&
	       !step->cut_into && !step->cut_count;
}

void play_add_payload(const struct play *play, FILE *out)
{
	int64_t count = is_long(play) ? PAYLOAD_PART : play->step->octets;

	for (int64_t i = 0; i < count; i++)
		fputc('0' + (int)(i % 10), out);
}

static struct play_octets octets_of(const struct play *play, bool first)
{
	struct play_octets all = { NULL, 0 };
	FILE *out = open_memstream((char **)&all.octets, &all.length);

	if (!out)
		return all;
	switch (play->step->what) {
	case CASE_MESSAGE:
		add_message(play, out, first);
		break;
	case CASE_PREAMBLE:
		add(out, play->cookies[play->step->cookie].octets, IPERF_COOKIE_LENGTH);
		break;
	case CASE_PAYLOAD:
		play_add_payload(play, out);
		break;
	case CASE_OCTETS:
		play_add_pieces(play, out);
		break;
	default:
		break;
	}
	if (fclose(out) != 0)
		all.length = 0;
	return all;
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* The end of the part that begins at from. */
static size_t part_end(const struct case_step *step, size_t from, size_t length)
{
	if (step->cut_into > 0)
		return from + step->cut_into < length ? from + step->cut_into : length;
	for (size_t i = 0; i < step->cut_count; i++)
		if (step->cuts[i] > from)
			return step->cuts[i] < length ? step->cuts[i] : length;
	return length;
}

/* The peer has read only a part. */
static void read_in_part(struct play *play, uint64_t sent, uint64_t length)
{
	bool iperf3 = play->file->profile == CASE_IPERF3;

	if (play_see_interrupt(play) || (iperf3 && play->step->what == CASE_PAYLOAD))
		return; /* the iperf3 profile: as much as the peer reads */
	play_fail(play, iperf3 ? IPERF_R_NONE : IPERF_R_10_5, "the %s read only %llu of %llu octets in time",
		  play->file->role == CASE_SERVER ? "server" : "client", (unsigned long long)sent, (unsigned long long)length);
}

/* What is_long(). */
static void send_long(struct play *play, struct wire_conn *conn, const struct play_octets *all)
{
	uint64_t length = (uint64_t)play->step->octets, from = 0;

	while (from < length && !play_see_interrupt(play)) {
		size_t part = length - from < all->length ? (size_t)(length - from) : all->length, sent;

		if (!wire_send(play->wire, conn, all->octets, part, play_deadline(play), &sent)) {
			read_in_part(play, from + sent, length);
			return;
		}
		if (sent < part)
			return; /* the connection has ended */
		from += part;
	}
}

static void send_parts(struct play *play, struct wire_conn *conn, const struct play_octets *all)
{
	int64_t moment = play->step->cut_into ? MOMENT_EACH : MOMENT;
	size_t end;

	for (size_t from = 0; from < all->length && play_goes_on(play); from = end) {
		size_t sent;
		bool whole;

		end = part_end(play->step, from, all->length);
		whole = wire_send(play->wire, conn, all->octets + from, end - from, play_deadline(play), &sent);
		if (!whole) {
			read_in_part(play, from + sent, all->length);
			return;
		}
		if (end < all->length)
			wire_settle(play->wire, conn, moment);
	}
}

static void send_datagrams(struct play *play, struct wire_conn *conn, const struct play_octets *all)
{
	const struct case_step *step = play->step;
	size_t count = step->what != CASE_PAYLOAD ? 1 : step->datagrams > 0 ? (size_t)step->datagrams :
							(all->length + DATAGRAM - 1) / DATAGRAM;
	size_t from = 0, end;

	if (step->cut_into || step->cut_count) {
		for (; from < all->length; from = end) {
			end = part_end(step, from, all->length);
			wire_send_datagram(play->wire, conn, all->octets + from, end - from);
		}
		return;
	}
	for (size_t i = 0; i < count || (i == 0 && count == 0); i++, from = end) {
		end = count < 2 ? all->length : all->length * (i + 1) / count;
		wire_send_datagram(play->wire, conn, all->octets + from, end - from);
	}
}

static void half_close(struct play *play, struct wire_conn *conn)
{
	if (conn->sent_eof)
		return;
	play_said(play, conn, play->file->role == CASE_SERVER, wire_now(), "end-of-file", NULL, 0);
	wire_half_close(play->wire, conn);
}

void play_send(struct play *play, struct wire_conn *conn, struct play_octets *all)
{
	char text[PLAY_OPENING_TEXT];
	int64_t at_ns = wire_now();

	if (!all->octets) {
		play_untested(play, "no memory");
		return;
	}
	if (conn->udp)
		play->profile->describe_datagram(play, all->octets, all->length, all->length, text, sizeof text);
	else if (is_long(play))
		snprintf(text, sizeof text, "[%lld octets of payload]", (long long)play->step->octets);
	else
		play->profile->describe(play, all->octets, all->length, text, sizeof text);
	play_said(play, conn, play->file->role == CASE_SERVER, at_ns, text, all->octets, all->length);
	if (conn->udp)
		send_datagrams(play, conn, all);
	else if (is_long(play))
		send_long(play, conn, all);
	else
		send_parts(play, conn, all);
	free(all->octets);
}

void play_act_end(struct play *play, struct wire_conn *conn)
{
	bool to_server = play->file->role == CASE_SERVER;

	switch (play->step->what) {
	case CASE_END_OF_FILE:
		half_close(play, conn);
		break;
	case CASE_CLOSE:
		play_said(play, conn, to_server, wire_now(), "close", NULL, 0);
		wire_close(play->wire, conn);
		break;
	case CASE_RESET:
		play_said(play, conn, to_server, wire_now(), "reset", NULL, 0);
		wire_reset(play->wire, conn);
		break;
	default:
		break;
	}
}

void play_act(struct play *play)
{
	bool first;
	struct wire_conn *conn = play_conn_of(play, &first);
	struct play_octets all;

	if (!conn)
		return;
	switch (play->step->what) {
	case CASE_MESSAGE: case CASE_PREAMBLE: case CASE_PAYLOAD: case CASE_OCTETS:
		all = octets_of(play, first);
		play_send(play, conn, &all);
		if (!conn->udp && play->step->what == CASE_MESSAGE && play->step->message == IPERF_RESULTS_RESPONSE)
			half_close(play, conn); /* the end of the connection is the end of the answer (R-9.1-4) */
		break;
	default:
		play_act_end(play, conn);
		break;
	}
}
