/* What was said, written down in the notation of cases. */
#include "conformance/play_private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/play_words.h"

#define KEPT 4096       /* octets of one line, in hex */
#define SHOWN 24        /* octets of one line, in its text */
#define DATA_SHOWN 200  /* of result data */
#define DIGITS 16       /* so many digits at least are payload */

/* --- octets in words --------------------------------------------------------------------------------------------- */

void play_say(struct play_words *words, const char *format, ...)
{
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vsnprintf(words->text + words->length, words->size - words->length, format, arguments);
	va_end(arguments);
	if (written > 0)
		words->length += (size_t)written < words->size - words->length ? (size_t)written :
										 words->size - words->length - 1;
}

static int cookie_of(const struct play *play, const uint8_t *octets, size_t length)
{
	for (int i = 0; length >= IPERF_COOKIE_LENGTH && i < CASE_COOKIES_MAX; i++)
		if (play->known[i] && memcmp(play->cookies[i].octets, octets, IPERF_COOKIE_LENGTH) == 0)
			return i;
	return -1;
}

static void say_cookie(struct play_words *words, int cookie)
{
	play_say(words, cookie == 0 ? "$cookie" : "$cookie%d", cookie + 1);
}

void play_separate(struct play_words *words)
{
	if (words->length > 0)
		play_say(words, ", ");
}

/* A message with a cookie that has a name. Returns its length, or 0. */
static size_t say_message(const struct play *play, const uint8_t *octets, size_t length, struct play_words *words)
{
	for (int kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = iperf_message_keyword((enum iperf_message_kind)kind);
		size_t head = strlen(keyword) + 1;
		int cookie;

		if (length < head || memcmp(octets, keyword, head - 1) != 0 || octets[head - 1] != ' ')
			continue;
		cookie = cookie_of(play, octets + head, length - head);
		if (cookie < 0)
			continue;
		play_separate(words);
		play_say(words, "%s ", keyword);
		say_cookie(words, cookie);
		return head + IPERF_COOKIE_LENGTH;
	}
	return 0;
}

static size_t count_digits(const uint8_t *octets, size_t length)
{
	size_t count = 0;

	while (count < length && isdigit(octets[count]))
		count++;
	return count;
}

/* Octets that mean nothing: text as a string, others in hex. */
void play_say_octets(struct play_words *words, const uint8_t *octets, size_t length)
{
	size_t shown = length < SHOWN ? length : SHOWN;
	bool text = true;

	for (size_t i = 0; i < shown; i++)
		text = text && (isprint(octets[i]) || octets[i] == '\r' || octets[i] == '\n') && octets[i] != '"';
	play_separate(words);
	play_say(words, "octets %s", text ? "\"" : "");
	for (size_t i = 0; i < shown; i++) {
		if (text && octets[i] == '\r')
			play_say(words, "\\r");
		else if (text && octets[i] == '\n')
			play_say(words, "\\n");
		else if (text)
			play_say(words, "%s%c", octets[i] == '\\' ? "\\" : "", octets[i]);
		else
			play_say(words, "%s%02x", i ? " " : "", octets[i]);
	}
	play_say(words, "%s", text ? "\"" : "");
	if (shown < length)
		play_say(words, " ... (%zu octets)", length);
}

/* The next octets that are no message: up to where one begins. */
static size_t say_other(const struct play *play, const uint8_t *octets, size_t length, struct play_words *words)
{
	size_t digits = count_digits(octets, length), end = 1;

	if (digits >= DIGITS || (digits > 0 && digits == length)) {
		play_separate(words);
		play_say(words, "[%zu octets of payload]", digits);
		return digits;
	}
	while (end < length) {
		char text[100] = "";
		struct play_words none = { text, sizeof text, 0 };

		if (octets[end] == 'I' && say_message(play, octets + end, length - end, &none) > 0)
			break;
		end++;
	}
	play_say_octets(words, octets, end);
	return end;
}

void play_describe(const struct play *play, const uint8_t *octets, size_t length, char *text, size_t size)
{
	struct play_words words = { text, size, 0 };
	int cookie = cookie_of(play, octets, length);
	size_t at = 0, next;

	*text = '\0';
	if (length == 0)
		play_say(&words, "[0 octets of payload]");
	if (cookie >= 0) {
		char message[100];
		struct play_words second = { message, sizeof message, 0 };

		at = IPERF_COOKIE_LENGTH;
		next = say_message(play, octets + at, length - at, &second);
		if (next == 0 || cookie_of(play, octets + at + next - IPERF_COOKIE_LENGTH, IPERF_COOKIE_LENGTH) != cookie) {
			play_say(&words, "preamble "); /* else the notation implies it */
			say_cookie(&words, cookie);
		}
	}
	while (at < length && words.length + 1 < size) {
		next = say_message(play, octets + at, length - at, &words);
		if (next > 0 && at + next < length && octets[at + next] == ' ' &&
		    strncmp((const char *)octets + at, "IPERF_RESULTS_RESPONSE", 22) == 0) {
			size_t data = length - at - next - 1;

			play_say(&words, " %.*s%s", (int)(data < DATA_SHOWN ? data : DATA_SHOWN),
			    (const char *)octets + at + next + 1, data > DATA_SHOWN ? "..." : "");
			return;
		}
		at += next > 0 ? next : say_other(play, octets + at, length - at, &words);
	}
}

void play_waiting_text(struct play *play, const struct wire_conn *conn, char *text, size_t size)
{
	struct play_words words = { text, size, 0 };
	size_t length = conn->length - conn->taken;

	*text = '\0';
	if (length > 0) {
		play->profile->describe(play, conn->octets + conn->taken, length, text, size);
		words.length = strlen(text);
	}
	if (conn->refused)
		play_say(&words, "the connection was refused");
	else if (wire_ended(conn))
		play_say(&words, "%s%s", length ? ", then " : "", conn->reset ? "a reset" : "end-of-file");
	else if (length == 0)
		play_say(&words, "nothing");
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

static void name_of(const struct play *play, const struct wire_conn *conn, char *text, size_t size)
{
	for (size_t i = 0; i < play->file->label_count; i++) {
		if (play->conns[i] == conn) {
			snprintf(text, size, "%s", play->file->labels[i].name);
			return;
		}
	}
	snprintf(text, size, "port %u", conn->client.port);
}

static json_t *hex_of(const uint8_t *octets, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * KEPT + 1];
	size_t kept = length < KEPT ? length : KEPT;

	for (size_t i = 0; i < kept; i++) {
		hex[2 * i] = digits[octets[i] >> 4];
		hex[2 * i + 1] = digits[octets[i] & 15];
	}
	return json_stringn(hex, 2 * kept);
}

/* JSON text has to be UTF-8. */
static json_t *printable(const char *text)
{
	char clean[PLAY_OPENING_TEXT];
	size_t length = 0;

	for (; *text && length + 1 < sizeof clean; text++)
		clean[length++] = (unsigned char)*text < 0x80 && (unsigned char)*text >= ' ' ? *text : '?';
	return json_stringn(clean, length);
}

void play_said(struct play *play, const struct wire_conn *conn, bool to_server, int64_t at_ns, const char *text,
	       const uint8_t *octets, size_t length)
{
	json_t *one = json_object();
	char name[40];

	if (!play->result->said)
		play->result->said = json_array();
	json_object_set_new(one, "at", json_real((double)(at_ns - play->start_ns) / 1e9));
	name_of(play, conn, name, sizeof name);
	json_object_set_new(one, "connection", json_string(name));
	json_object_set_new(one, "direction", json_string(to_server ? "C>S" : "S>C"));
	json_object_set_new(one, "text", printable(text));
	json_object_set_new(one, "length", json_integer((json_int_t)length));
	if (length > 0)
		json_object_set_new(one, "octets", hex_of(octets, length));
	json_object_set_new(one, "wrong", json_false());
	json_array_append_new(play->result->said, one);
}

void play_took(struct play *play, struct wire_conn *conn, size_t length)
{
	const uint8_t *octets = conn->octets + conn->taken;
	char text[PLAY_OPENING_TEXT];

	if (length == 0)
		return;
	play->profile->describe(play, octets, length, text, sizeof text);
	conn->taken += length;
	play_said(play, conn, conn->by_peer, wire_arrival_ns(conn, conn->taken), text, octets, length);
}

void play_took_end(struct play *play, struct wire_conn *conn)
{
	if (!conn->end_taken)
		play_said(play, conn, conn->by_peer, conn->ended_ns, conn->reset ? "reset" : "end-of-file", NULL, 0);
	conn->end_taken = true;
}

/* Payload that was counted only. */
static void say_flow(struct play *play, struct wire_conn *conn)
{
	char text[PLAY_OPENING_TEXT];

	if (conn->udp)
		snprintf(text, sizeof text, "%zu datagrams of payload", conn->datagram_count - conn->datagram_taken);
	else
		snprintf(text, sizeof text, "[%llu octets of payload]", (unsigned long long)conn->flowed);
	conn->datagram_taken = conn->datagram_count;
	play_said(play, conn, conn->by_peer, conn->flowed_ns, text, NULL, 0);
}

void play_said_rest(struct play *play)
{
	for (size_t i = 0; i < play->wire->count; i++) {
		struct wire_conn *conn = play->wire->conns[i];
		char text[PLAY_OPENING_TEXT];

		if (conn->length > conn->taken)
			play_took(play, conn, conn->length - conn->taken);
		if (conn->flows && (conn->udp ? conn->datagram_count > conn->datagram_taken : conn->flowed > 0))
			say_flow(play, conn);
		if (!conn->udp && wire_ended(conn) && !conn->refused)
			play_took_end(play, conn);
		for (; conn->datagram_taken < conn->datagram_count; conn->datagram_taken++) {
			const struct wire_datagram *d = &conn->datagrams[conn->datagram_taken];

			play->profile->describe_datagram(play, d->octets, d->kept, d->length, text, sizeof text);
			play_said(play, conn, conn->by_peer, d->at_ns, text, d->octets, d->kept);
		}
	}
}

/* --- the result -------------------------------------------------------------------------------------------------- */

static double at_of(const json_t *one)
{
	return json_real_value(json_object_get(one, "at"));
}

/* In the order of time; what came at the same time, in the order in which it was noted. */
static json_t *sorted(json_t *list)
{
	size_t count = json_array_size(list);
	json_t *by_time = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *one = json_array_get(list, i);
		size_t place = json_array_size(by_time);

		while (place > 0 && at_of(json_array_get(by_time, place - 1)) > at_of(one))
			place--;
		json_array_insert(by_time, place, one);
	}
	json_decref(list);
	return by_time;
}

/* The first difference: what the peer said last where the step looked, or that it said nothing. */
static void mark_wrong(struct play *play)
{
	const struct case_step *step = play->step;
	const char *name = step->label < 0 ? "" : play->file->labels[step->label].name;
	const char *direction = play->file->role == CASE_SERVER ? "S>C" : "C>S";
	bool answer = step->what == CASE_MESSAGE && step->message == IPERF_RESULTS_RESPONSE;
	json_t *one, *found = NULL;
	size_t i;

	json_array_foreach(play->result->said, i, one)
		if (strcmp(json_string_value(json_object_get(one, "connection")), name) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "direction")), direction) == 0 &&
		    (!answer || !found || json_integer_value(json_object_get(one, "length")) > 0))
			found = one;
	if (found) {
		json_object_set_new(found, "wrong", json_true());
		return;
	}
	json_array_append_new(play->result->said,
			      json_pack("{s:f, s:s, s:s, s:s, s:i, s:b}", "at", play->result->at, "connection", name,
					"direction", direction, "text", step->label < 0 ? play->result->observed : "nothing",
					"length", 0, "wrong", 1));
}

static json_t *step_of(const struct play *play, size_t i)
{
	const struct case_step *step = &play->file->steps[i];
	bool failed = play->result->verdict == PLAY_FAIL && play->result->line == step->line;
	bool done = play->done_ns[i] != 0 && !failed;
	char text[PLAY_OPENING_TEXT];
	json_t *one;

	case_step_text(play->file, step, text, sizeof text);
	one = json_pack("{s:i, s:o, s:s}", "line", (int)step->line, "text", printable(text), "state",
			failed ? "failed" : done ? "done" : "not reached");
	if (step->label < 0)
		json_object_set_new(one, "connection", json_null());
	else
		json_object_set_new(one, "connection", json_string(play->file->labels[step->label].name));
	if (step->label >= 0)
		json_object_set_new(one, "direction", json_string(step->direction == CASE_TO_SERVER ? "C>S" : "S>C"));
	if (done)
		json_object_set_new(one, "at", json_real((double)(play->done_ns[i] - play->start_ns) / 1e9));
	return one;
}

void play_write_down(struct play *play)
{
	struct play_result *result = play->result;

	result->steps = json_array();
	for (size_t i = 0; i < play->file->step_count; i++)
		json_array_append_new(result->steps, step_of(play, i));
	if (!result->said)
		result->said = json_array();
	result->said = sorted(result->said);
	if (result->verdict == PLAY_FAIL)
		mark_wrong(play);
	result->cookies = json_object();
	for (int i = 0; i < CASE_COOKIES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof name, i ? "$cookie%d" : "$cookie", i + 1);
		if (!play->known[i] || !strstr(play->file->text ? play->file->text : "$cookie", name))
			continue;
		json_object_set_new(result->cookies, name,
				    hex_of(play->profile->cookie(play, i), case_cookie_length(play->file)));
	}
}
