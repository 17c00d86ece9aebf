/* A notation of what a capture shows, for rows of the judge of the text profile, and what is found in it:
 *
 *   { "6.2/answers-a-stranger R-6.2-1", "0+ 0>TEST_BEGIN:a ...", "S R-6.2-1" }
 *
 * Words are told one after the other, a tenth of a millisecond apart, each in a packet of its own:
 *
 *   0+ 0~                 connection 0 opens; is there from before the capture
 *   0>WHAT 0<WHAT         its client, its server sends
 *     pre:a               a preamble: 32 of that letter
 *     TEST_BEGIN:a        preamble and first message (also STREAM_BEGIN, RESULTS_REQUEST)
 *     =TEST_END:a         a message alone, of any kind; at once behind each other: =STREAM_END:a+=STREAM_END:a
 *     {...}               result data; for " stands '
 *     t:x%y p1000 x0d0a   octets: the text "x y", payload, hexadecimal
 *     cut10 missing10     octets that a snap length cut off, that are missing
 *     empty eof reset refused conflict abort    abort: a reset behind which more is told of the connection
 *   u7>WHAT u7<WHAT       a datagram from the client's port 7, to it; d:STREAM_BEGIN:a/10: of which 10 were captured
 *   *  ^WORD              here a packet was captured that is told later; by that word
 *   @1500                 so many milliseconds pass
 *   whole                 the row is not cut: what is found wrong depends on what comes with it
 *   far at-client         the clients are on another host, the capture was taken there
 *   timers:500,500,900    T_hello, T_begin and T_idle are known, in milliseconds
 *   streams:1 bound:1 room:10    room for streams, the server's bound on them, room for the octets of result data
 *
 * A client's port is 40000 and the number of the connection; 60 and more are clients on one more host. What is found:
 * who broke it (C, S), what, and ? when that is inconclusive. */
#ifndef IPERF_PROTO_JUDGE_NOTATION_TEST_H
#define IPERF_PROTO_JUDGE_NOTATION_TEST_H

#include <ctype.h>

#include "proto/judge.h"
#include "proto/rows_test.h"

#define CONNS_MAX 80
#define STREAMS_MAX 8
#define FOUND_MAX 64

struct notation_row {
	const char *name;
	const char *words;
	const char *found;
};

struct world {
	struct iperf_judge_config config;
	struct iperf_judge judge;
	bool begun; /* the judge is; settings come before */
	struct iperf_judge_conn *conns[CONNS_MAX];
	bool ended[CONNS_MAX][2];
	uint64_t offsets[CONNS_MAX][2];
	struct iperf_stream streams[2 * STREAMS_MAX];
	struct iperf_judge_stream extras[2 * STREAMS_MAX];
	struct iperf_stream_result listed[STREAMS_MAX];
	struct iperf_mark mark, place;
	bool late, far;
	size_t room_max, piece;
	char found[1000], texts[4000];
};

/* --- the judge's caller ------------------------------------------------------------------------------------------ */

static inline bool world_room(void *user, struct iperf_judge_conn *conn, size_t size)
{
	const struct world *world = user;
	char *more;

	if (world->room_max && size > world->room_max)
		return false;
	if (size <= conn->text_size)
		return true;
	more = realloc(conn->text, size);
	if (!more)
		return false;
	conn->text = more;
	conn->text_size = size;
	return true;
}

static inline void world_said(void *user, const struct iperf_said *said)
{
	const struct world *world = user;

	assert_true(said->mark.packet <= world->mark.packet);
}

static inline void world_found(void *user, const struct iperf_finding *finding)
{
	struct world *world = user;
	size_t used = strlen(world->found), texts = strlen(world->texts);

	snprintf(world->found + used, sizeof world->found - used, "%s%c %s%s", used ? ", " : "",
		 finding->by == IPERF_TO_SERVER ? 'C' : 'S', iperf_requirements[finding->requirement].id,
		 finding->verdict == IPERF_INCONCLUSIVE ? "?" : "");
	snprintf(world->texts + texts, sizeof world->texts - texts, "# %s\n", finding->text);
}

static inline struct iperf_endpoint world_client(const struct world *world, unsigned port)
{
	struct iperf_endpoint client = { .port = (uint16_t)port };

	client.address[15] = port >= 40060 ? 3 : world->far ? 2 : 1;
	return client;
}

static inline void world_forget(struct world *world, unsigned who)
{
	if (!world->conns[who])
		return;
	iperf_judge_forget(&world->judge, world->conns[who]);
	free(world->conns[who]->text);
	free(world->conns[who]);
	world->conns[who] = NULL;
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

struct notation_octets {
	uint8_t at[8000];
	size_t length, captured;
};

static inline void append_octets(struct notation_octets *o, const void *octets, size_t length)
{
	assert_true(o->length + length <= sizeof o->at);
	memcpy(o->at + o->length, octets, length);
	o->length += length;
}

static inline struct iperf_cookie cookie_of(char letter)
{
	struct iperf_cookie cookie;

	memset(cookie.octets, letter, sizeof cookie.octets);
	return cookie;
}

/* A message, by "KIND:a"; false: it is none. */
static inline bool append_message(struct notation_octets *o, const char *word, bool opening)
{
	uint8_t out[IPERF_OPENING_MAX];

	for (unsigned kind = 0; kind < IPERF_MESSAGE_KINDS; kind++) {
		const char *keyword = iperf_message_keyword((enum iperf_message_kind)kind) + strlen("IPERF_");
		size_t length = strlen(keyword);

		if (strncmp(word, keyword, length) == 0 && word[length] == ':') {
			struct iperf_cookie cookie = cookie_of(word[length + 1]);
			size_t used = opening ? iperf_opening_write(out, (enum iperf_message_kind)kind, &cookie) :
						iperf_message_write(out, (enum iperf_message_kind)kind, &cookie);

			append_octets(o, out, used);
			return true;
		}
	}
	return false;
}

static inline void append_text(struct notation_octets *o, const char *text)
{
	for (; *text; text++)
		append_octets(o, *text == '\'' ? "\"" : *text == '%' ? " " : text, 1);
}

static inline void append_hex(struct notation_octets *o, const char *digits)
{
	unsigned octet;

	for (; sscanf(digits, "%2x", &octet) == 1; digits += 2)
		append_octets(o, &(uint8_t){ (uint8_t)octet }, 1);
}

/* Octets of one word; datagram: a message alone stands without "=". */
static inline void octets_of_word(struct notation_octets *o, const char *word, bool datagram)
{
	char copy[8000], *rest = copy, *part;

	o->length = 0;
	assert_true((size_t)snprintf(copy, sizeof copy, "%s", word) < sizeof copy);
	while ((part = strsep(&rest, "+"))) {
		struct iperf_cookie cookie = cookie_of(part[0] == 'p' && part[1] == 'r' ? part[4] : 'a');

		if (strncmp(part, "pre:", 4) == 0)
			append_octets(o, &cookie, sizeof cookie);
		else if (*part == '{')
			append_text(o, part);
		else if (strncmp(part, "t:", 2) == 0)
			append_text(o, part + 2);
		else if (*part == 'x')
			append_hex(o, part + 1);
		else if (*part == 'p' && isdigit((unsigned char)part[1]))
			for (size_t n = strtoul(part + 1, NULL, 10); n; n--)
				append_octets(o, "-", 1);
		else if (!append_message(o, part + (*part == '='), *part != '=' && !datagram))
			fail_msg("what is %s?", part);
	}
	o->captured = o->length;
}

/* --- from words to events ---------------------------------------------------------------------------------------- */

static inline void begin_judge(struct world *world)
{
	if (world->begun)
		return;
	world->begun = true;
	world->config.server = (struct iperf_endpoint){ .port = 5201, .address = { [15] = 1 } };
	world->config.results = (struct iperf_results){ .capacity = STREAMS_MAX, .streams = world->listed };
	world->config.streams = world->streams;
	world->config.extras = world->extras;
	world->config.room = world_room;
	world->config.said = world_said;
	world->config.found = world_found;
	world->config.user = world;
	iperf_judge_init(&world->judge, &world->config);
}

static inline void open_conn(struct world *world, unsigned who, bool start_seen)
{
	struct iperf_endpoint client = world_client(world, 40000 + who);

	assert_true(who < CONNS_MAX && !world->conns[who]);
	world->conns[who] = calloc(1, sizeof *world->conns[who]);
	assert_non_null(world->conns[who]);
	world->conns[who]->number = who + 1;
	memset(world->ended[who], 0, sizeof world->ended[who]);
	memset(world->offsets[who], 0, sizeof world->offsets[who]);
	iperf_judge_opened(&world->judge, world->conns[who], &client, start_seen, &world->mark);
}

static inline void tell_octets(struct world *world, unsigned who, enum iperf_direction direction, const char *word)
{
	static struct notation_octets o;
	size_t step;

	octets_of_word(&o, word, false);
	for (size_t at = 0; at < o.length; at += step) {
		struct iperf_mark mark = world->late ? world->place : world->mark;

		step = o.length - at < world->piece ? o.length - at : world->piece;
		mark.offset = world->offsets[who][direction];
		world->offsets[who][direction] += step;
		iperf_judge_octets(&world->judge, world->conns[who], direction, ground(o.at + at, step), step, &mark);
		world->mark.packet += at + step < o.length && !world->late;
	}
}

static inline void tell_end(struct world *world, unsigned who, enum iperf_direction direction, const char *what,
			    const struct iperf_mark *mark)
{
	bool reset = strcmp(what, "eof") != 0;

	if (reset)
		iperf_judge_reset(&world->judge, world->conns[who], direction, strcmp(what, "reset") == 0, mark);
	else
		iperf_judge_eof(&world->judge, world->conns[who], direction, mark);
	world->ended[who][direction] = true;
	if (reset || world->ended[who][!direction])
		world_forget(world, who);
}

static inline void tell_conn(struct world *world, unsigned who, enum iperf_direction direction, const char *what)
{
	struct iperf_mark mark = world->late ? world->place : world->mark;
	unsigned long length = strtoul(what + strcspn(what, "0123456789"), NULL, 10);
	bool cut = strncmp(what, "cut", 3) == 0;

	assert_true(who < CONNS_MAX && world->conns[who]);
	mark.offset = world->offsets[who][direction];
	if (strcmp(what, "eof") == 0 || strcmp(what, "reset") == 0 || strcmp(what, "refused") == 0) {
		tell_end(world, who, direction, what, &mark);
	} else if (strcmp(what, "abort") == 0) {
		iperf_judge_reset(&world->judge, world->conns[who], direction, true, &mark);
	} else if (strcmp(what, "conflict") == 0) {
		iperf_judge_conflict(&world->judge, world->conns[who], direction, &mark);
	} else if (strcmp(what, "empty") == 0) {
		iperf_judge_octets(&world->judge, world->conns[who], direction, NULL, 0, &mark);
	} else if (cut || strncmp(what, "missing", 7) == 0) {
		world->offsets[who][direction] += length;
		iperf_judge_unseen(&world->judge, world->conns[who], direction, length, !cut, &mark);
	} else {
		tell_octets(world, who, direction, what);
	}
}

static inline void tell_datagram(struct world *world, unsigned port, enum iperf_direction direction, const char *what)
{
	static struct notation_octets o;
	struct iperf_endpoint client = world_client(world, port);
	char word[200];
	size_t length = strcspn(what, "/");

	snprintf(word, sizeof word, "%.*s", (int)length, what);
	octets_of_word(&o, word, true);
	if (what[length])
		o.captured = strtoul(what + length + 1, NULL, 10);
	iperf_judge_datagram(&world->judge, &client, direction, ground(o.at, o.captured), o.captured, o.length,
			     &world->mark);
}

/* A word that says how things are, not what happens; false: it is none. */
static inline bool take_setting(struct world *world, const char *word)
{
	struct iperf_judge_config *config = &world->config;
	const char *colon = strchr(word, ':');
	unsigned long value = colon ? strtoul(colon + 1, NULL, 10) : 0;
	long timers[3];

	if (strcmp(word, "whole") == 0) {
		assert_int_equal(world->piece, 5000);
	} else if (*word == '@') {
		world->mark.time_ns += strtoll(word + 1, NULL, 10) * IPERF_MS;
	} else if (strcmp(word, "*") == 0) {
		world->mark.packet++;
		world->place = world->mark;
	} else if (strcmp(word, "far") == 0) {
		world->far = true;
	} else if (strcmp(word, "at-client") == 0) {
		config->at_client = true;
	} else if (sscanf(word, "timers:%ld,%ld,%ld", &timers[0], &timers[1], &timers[2]) == 3) {
		config->timers_known = true;
		config->t_hello_ns = timers[0] * IPERF_MS;
		config->t_begin_ns = timers[1] * IPERF_MS;
		config->t_idle_ns = timers[2] * IPERF_MS;
	} else if (strncmp(word, "streams:", 8) == 0) {
		config->streams_max = value;
	} else if (strncmp(word, "bound:", 6) == 0) {
		config->streams_bound = value;
	} else if (strncmp(word, "room:", 5) == 0) {
		world->room_max = value;
	} else {
		return false;
	}
	return true;
}

static inline void take_word(struct world *world, const char *word)
{
	bool udp;
	enum iperf_direction direction;
	char *sign;
	unsigned number;

	if (take_setting(world, word))
		return;
	begin_judge(world);
	world->late = *word == '^';
	word += world->late;
	udp = *word == 'u' && isdigit((unsigned char)word[1]);
	number = (unsigned)strtoul(word + udp, &sign, 10);
	assert_true(sign > word + udp && *sign && strchr("+~<>", *sign));
	direction = *sign == '<' ? IPERF_TO_CLIENT : IPERF_TO_SERVER;
	if (!world->late) {
		world->mark.packet++;
		world->mark.time_ns += 100000;
	}
	if (*sign == '+' || *sign == '~')
		open_conn(world, number, *sign == '+');
	else if (udp)
		tell_datagram(world, number, direction, sign + 1);
	else
		tell_conn(world, number, direction, sign + 1);
}

/* Plays the words, in pieces of so many octets. */
static inline void play_words(struct world *world, const char *words, size_t piece)
{
	char copy[16000], *rest = copy, *word;

	memset(world, 0, sizeof *world);
	world->piece = piece;
	world->config.streams_max = STREAMS_MAX;
	world->mark.time_ns = IPERF_S;
	assert_true((size_t)snprintf(copy, sizeof copy, "%s", words) < sizeof copy);
	while ((word = strsep(&rest, " ")))
		if (*word)
			take_word(world, word);
	world->mark.packet++;
	iperf_judge_finish(&world->judge, &world->mark);
	for (unsigned who = 0; who < CONNS_MAX; who++)
		world_forget(world, who);
}

/* The same is found however the octets are cut into packets. */
static inline void run_notation_row(void **state)
{
	static struct world world;
	const struct notation_row *row = *state;
	bool whole = strncmp(row->words, "whole ", 6) == 0;

	for (size_t piece = 5000; piece > 0 && !(whole && piece < 5000);
	     piece = piece > 40 ? piece / 5 : piece > 1 ? piece / 2 : 0) {
		play_words(&world, row->words, piece);
		if (strcmp(world.found, row->found) != 0)
			row_fail(row->name, "cut into %zu: \"%s\", expected \"%s\"\n%s", piece, world.found, row->found,
				 world.texts);
	}
}

#endif
