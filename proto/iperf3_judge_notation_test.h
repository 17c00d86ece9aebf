/* A notation of what a capture shows, for rows of the iperf3 judge, and what is found in it:
 *
 *   { "30/second-test R-30-1", "0+ 0>cookie:a 0<PARAM_EXCHANGE ...", "S R-30-1" }
 *
 * Words are told one after the other, a tenth of a millisecond apart, each in a packet of its own:
 *
 *   0+ 0~                 connection 0 opens; is there from before the capture
 *   0>WHAT 0<WHAT         its client, its server sends
 *     STATE_NAME          a state
 *     cookie:a            36 of that letter, and a NUL
 *     {...}               a JSON text behind its length; for " stands '
 *     p1000 xfe00         octets of payload; octets in hexadecimal
 *     cut10 missing10     octets that a snap length cut off, that are missing
 *     conflict            octets were sent again with another content
 *     eof reset refused
 *   0=foreign             the connection is found to be of another profile
 *   u7>WHAT u7<WHAT       a datagram from the client's port 7, to it
 *     hello old reply     the first ones
 *     d3:500 w3:500       of payload: sequence (w: of 64 bits), octets
 *     d3:500/10           of which 10 were captured
 *   v7>WHAT v7<WHAT       the same with a host that has no test
 *   *  ^WORD              here a packet was captured that is told later; by that word
 *   @1500                 so many milliseconds pass
 *   far at-client         the clients are on another host, the capture was taken there
 *   timers:500            the server's timers are known, and of so many milliseconds
 *   streams:1 room:10     room for streams, octets of a text
 *
 * What is found: who broke it (C, S), what, and ? when that is inconclusive. */
#ifndef IPERF_PROTO_IPERF3_JUDGE_NOTATION_TEST_H
#define IPERF_PROTO_IPERF3_JUDGE_NOTATION_TEST_H

#include <ctype.h>

#include "proto/iperf3_judge_script_test.h"

struct notation_row {
	const char *name;
	const char *words;
	const char *found;
};

/* --- what most rows have in common ------------------------------------------------------------------------------- */

#define NUMBERS "'omit':0,'time':0,'num':1000,'blockcount':0,'parallel':1,'len':1000"
#define TIMED(seconds) "{'tcp':true,'omit':0,'time':" seconds ",'num':0,'blockcount':0,'parallel':1,'len':1000}"
#define TCP_TEST "{'tcp':true," NUMBERS "}"
#define OPEN "0+ 0>cookie:a 0<PARAM_EXCHANGE "
#define BEGIN(parameters) OPEN "0>" parameters " 0<CREATE_STREAMS "
#define STREAM(conn) conn "+ " conn ">cookie:a "
#define RUN "0<TEST_START 0<TEST_RUNNING "
#define RUNNING BEGIN(TCP_TEST) STREAM("1") RUN
#define CPU "{'cpu_util_total':1,'cpu_util_user':1,'cpu_util_system':0,'sender_has_retransmits':"
#define CLAIM(id, bytes, retransmits, errors, packets)                                                                 \
	"{'id':" id ",'bytes':" bytes ",'retransmits':" retransmits ",'jitter':0,'errors':" errors                       \
	",'packets':" packets "}"
#define SENT CPU "1,'streams':[" CLAIM("1", "1000", "0", "0", "0") "]}"
#define RECEIVED CPU "-1,'streams':[" CLAIM("1", "1000", "-1", "0", "0") "]}"
#define EXCHANGE(client, server)                                                                                       \
	"0>TEST_END 0<EXCHANGE_RESULTS 0>" client " 0<" server " 0<DISPLAY_RESULTS 0>IPERF_DONE "
#define CLOSE(conn) conn ">eof " conn "<eof "
#define GOOD RUNNING "1>p1000 " EXCHANGE(SENT, RECEIVED) CLOSE("1") CLOSE("0")

/* --- from words to events ---------------------------------------------------------------------------------------- */

static inline void write_text(struct script *s, unsigned conn, enum iperf_direction direction, const char *word)
{
	char json[4000];

	assert_true((size_t)snprintf(json, sizeof json, "%s", word) < sizeof json);
	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	text(s, conn, direction, json);
}

static inline void write_hex(struct script *s, enum event_kind kind, unsigned conn, enum iperf_direction direction,
			     const char *digits)
{
	uint8_t octets[200];
	size_t length = strlen(digits) / 2;
	unsigned octet;

	assert_true(length <= sizeof octets && strlen(digits) % 2 == 0);
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(sscanf(digits + 2 * i, "%2x", &octet), 1);
		octets[i] = (uint8_t)octet;
	}
	add_event(s, kind, conn, direction, octets, length);
}

static inline void write_cookie(struct script *s, unsigned conn, enum iperf_direction direction, char letter)
{
	uint8_t octets[IPERF3_COOKIE_LENGTH] = { 0 };

	memset(octets, letter, sizeof octets - 1);
	add_event(s, EVENT_OCTETS, conn, direction, octets, sizeof octets);
}

/* Octets of which nothing is known. */
static inline void write_unknown(struct script *s, unsigned conn, enum iperf_direction direction, bool missing,
				 size_t length)
{
	struct event *e;

	payload(s, conn, direction, length);
	e = &s->events[s->count - 1];
	e->kind = missing ? EVENT_MISSING : EVENT_UNSEEN;
	e->captured = 0;
}

/* What a word says happened to a connection, where that is one word. */
static inline bool write_happening(struct script *s, unsigned conn, enum iperf_direction direction, const char *what)
{
	static const struct {
		const char *name;
		enum event_kind kind;
	} happenings[] = {
		{ "eof", EVENT_EOF }, { "reset", EVENT_RESET }, { "refused", EVENT_REFUSED },
		{ "conflict", EVENT_CONFLICT }, { "foreign", EVENT_FOREIGN },
	};

	for (size_t i = 0; i < COUNT(happenings); i++) {
		if (strcmp(what, happenings[i].name) != 0)
			continue;
		add_event(s, happenings[i].kind, conn, direction, NULL, 0);
		return true;
	}
	return false;
}

static inline void write_what(struct script *s, unsigned conn, enum iperf_direction direction, const char *what)
{
	uint8_t octet;
	int value;

	if (iperf3_state_named(what, strlen(what), &value)) {
		octet = (uint8_t)value;
		add_event(s, EVENT_OCTETS, conn, direction, &octet, 1);
	} else if (*what == '{' || *what == '[') {
		write_text(s, conn, direction, what);
	} else if (strncmp(what, "cookie:", 7) == 0) {
		write_cookie(s, conn, direction, what[7]);
	} else if (*what == 'p') {
		payload(s, conn, direction, strtoul(what + 1, NULL, 10));
	} else if (*what == 'x') {
		write_hex(s, EVENT_OCTETS, conn, direction, what + 1);
	} else if (strncmp(what, "cut", 3) == 0) {
		write_unknown(s, conn, direction, false, strtoul(what + 3, NULL, 10));
	} else if (strncmp(what, "missing", 7) == 0) {
		write_unknown(s, conn, direction, true, strtoul(what + 7, NULL, 10));
	} else if (!write_happening(s, conn, direction, what)) {
		fail_msg("what is %s?", what);
	}
}

static inline void write_datagram(struct script *s, unsigned port, enum iperf_direction direction, const char *what)
{
	static const struct {
		const char *name;
		const uint8_t *octets;
	} firsts[] = { { "hello", iperf3_hello }, { "old", iperf3_hello_old }, { "reply", iperf3_reply } };
	unsigned long long sequence;
	size_t length, captured;
	char kind;
	int fields;

	for (size_t i = 0; i < COUNT(firsts); i++) {
		if (strcmp(what, firsts[i].name) == 0) {
			add_event(s, EVENT_DATAGRAM, port, direction, firsts[i].octets, IPERF3_HELLO_LENGTH);
			return;
		}
	}
	if (*what == 'x') {
		write_hex(s, EVENT_DATAGRAM, port, direction, what + 1);
		return;
	}
	fields = sscanf(what, "%c%llu:%zu/%zu", &kind, &sequence, &length, &captured);
	assert_true(fields >= 3 && (kind == 'd' || kind == 'w'));
	datagram(s, port, direction, sequence, kind == 'w', length);
	if (fields == 4)
		s->events[s->count - 1].captured = captured;
}

/* A word that says how things are, not what happens; false: it is none. */
static inline bool write_setting(struct script *s, const char *word)
{
	const char *colon = strchr(word, ':');
	unsigned long value = colon ? strtoul(colon + 1, NULL, 10) : 0;

	if (strcmp(word, "*") == 0)
		add_event(s, EVENT_PLACE, 0, IPERF_TO_SERVER, NULL, 0);
	else if (*word == '@')
		s->ns += strtoll(word + 1, NULL, 10) * IPERF_MS;
	else if (strcmp(word, "far") == 0)
		s->far = true;
	else if (strcmp(word, "at-client") == 0)
		s->at_client = true;
	else if (strncmp(word, "timers:", 7) == 0)
		s->timers_ns = (int64_t)value * IPERF_MS;
	else if (strncmp(word, "streams:", 8) == 0)
		s->streams_max = value;
	else if (strncmp(word, "room:", 5) == 0)
		s->room_max = value;
	else
		return false;
	return true;
}

static inline void write_word(struct script *s, const char *word)
{
	bool udp = (*word == 'u' || *word == 'v') && isdigit((unsigned char)word[1]);
	enum iperf_direction direction;
	char *sign;
	unsigned number;

	if (write_setting(s, word))
		return;
	if (*word == '^') {
		write_word(s, word + 1);
		s->events[s->count - 1].late = true;
		return;
	}
	number = (unsigned)strtoul(word + udp, &sign, 10);
	assert_true(sign > word + udp && *sign && strchr("+~<>=", *sign));
	direction = *sign == '<' ? IPERF_TO_CLIENT : IPERF_TO_SERVER;
	if (*sign == '+')
		add_event(s, EVENT_OPENED, number, direction, NULL, 0);
	else if (*sign == '~') /* told without its beginning */
		payload(s, number, IPERF_TO_SERVER, 1);
	else if (udp)
		write_datagram(s, number + (*word == 'v' ? OTHER_HOST : 0), direction, sign + 1);
	else
		write_what(s, number, direction, sign + 1);
}

static inline void write_words(struct script *s, const char *words)
{
	char copy[8000], *rest = copy, *word;

	assert_true((size_t)snprintf(copy, sizeof copy, "%s", words) < sizeof copy);
	while ((word = strsep(&rest, " ")))
		if (*word)
			write_word(s, word);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static inline void join_found(const struct verdicts *v, char *joined, size_t size)
{
	size_t used = 0;

	*joined = '\0';
	for (size_t i = 0; i < v->count && used < size; i++)
		used += (size_t)snprintf(joined + used, size - used, "%s%c %s%s", i ? ", " : "",
					 v->found[i].by == IPERF_TO_SERVER ? 'C' : 'S',
					 iperf_requirements[v->found[i].requirement].id,
					 v->found[i].verdict == IPERF_INCONCLUSIVE ? "?" : "");
}

/* The same is found however the octets are cut into packets. */
static inline void run_notation_row(void **row_state)
{
	static struct script script;
	static struct verdicts verdicts;
	const struct notation_row *row = *row_state;
	char actual[1000];

	for (size_t piece = 5000; piece > 0; piece = piece > 8 ? piece / 3 : piece - 1) {
		memset(&script, 0, sizeof script);
		script.ns = INT64_C(1000000000);
		write_words(&script, row->words);
		tell_script(&script, piece, &verdicts);
		join_found(&verdicts, actual, sizeof actual);
		if (strcmp(actual, row->found) != 0)
			for (size_t i = 0; i < verdicts.count; i++)
				fprintf(stderr, "# #%llu: %s\n", (unsigned long long)verdicts.found[i].conn,
					verdicts.text[i]);
		script_free(&script);
		if (strcmp(actual, row->found) != 0)
			row_fail(row->name, "cut into %zu: \"%s\", expected \"%s\"", piece, actual, row->found);
	}
}

#endif
