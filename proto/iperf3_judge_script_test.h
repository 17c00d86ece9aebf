/* What a capture shows of both sides of a test, as a list of events, for tests of the iperf3 judge: written down step by
 * step, then told to a judge in various forms. */
#ifndef IPERF_PROTO_IPERF3_JUDGE_SCRIPT_TEST_H
#define IPERF_PROTO_IPERF3_JUDGE_SCRIPT_TEST_H

#include "proto/iperf3_datagram.h"
#include "proto/iperf3_judge.h"
#include "proto/rows_test.h"

#define EVENTS_MAX 2000
#define CONNS_MAX 24
#define FOUND_MAX 64
#define STREAMS_MAX 64
#define OTHER_HOST 100000 /* added to the port of a datagram: it is from a host without tests */

enum event_kind {
	EVENT_OPENED,
	EVENT_OCTETS,
	EVENT_UNSEEN,
	EVENT_MISSING,
	EVENT_CONFLICT,
	EVENT_FOREIGN,
	EVENT_EOF,
	EVENT_RESET,
	EVENT_REFUSED,  /* reset before it was established */
	EVENT_PLACE,    /* here a packet was captured that is told later, as the next one that is late */
	EVENT_DATAGRAM,
};

struct event {
	enum event_kind kind;
	unsigned conn;            /* of a datagram: its port */
	enum iperf_direction direction;
	uint8_t *octets;
	size_t length, captured;
	int64_t ns;
	uint64_t packet;          /* 0: as it is told */
	bool late;
};

struct script {
	struct event events[EVENTS_MAX];
	size_t count;
	unsigned conns;
	int64_t ns;
	bool far;                 /* the clients are on another host */
	bool at_client;           /* and the capture was taken there */
	size_t streams_max;       /* 0: STREAMS_MAX */
	size_t room_max;          /* octets of a text for which there is room; 0: any */
	int64_t timers_ns;        /* the server's, all alike; 0: not known */
};

struct verdicts {
	struct iperf3_finding found[FOUND_MAX];
	char text[FOUND_MAX][200];
	size_t count;
	uint64_t tests, payload, messages, refused;
	size_t room_max;
};

/* --- writing it down --------------------------------------------------------------------------------------------- */

static inline struct event *add_event(struct script *s, enum event_kind kind, unsigned conn,
				      enum iperf_direction direction, const void *octets, size_t length)
{
	struct event *e = &s->events[s->count++];

	assert_true(s->count <= EVENTS_MAX);
	*e = (struct event){ .kind = kind, .conn = conn, .direction = direction, .length = length, .captured = length,
			     .ns = s->ns += 100000 };
	if (length) {
		e->octets = malloc(length);
		assert_non_null(e->octets);
		memcpy(e->octets, octets, length);
	}
	return e;
}

static inline void script_free(struct script *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->events[i].octets);
	memset(s, 0, sizeof *s);
}

static inline unsigned open_conn(struct script *s)
{
	assert_true(s->conns < CONNS_MAX);
	add_event(s, EVENT_OPENED, s->conns, IPERF_TO_SERVER, NULL, 0);
	return s->conns++;
}

static inline void up(struct script *s, unsigned conn, const void *octets, size_t length)
{
	add_event(s, EVENT_OCTETS, conn, IPERF_TO_SERVER, octets, length);
}

static inline void down(struct script *s, unsigned conn, const void *octets, size_t length)
{
	add_event(s, EVENT_OCTETS, conn, IPERF_TO_CLIENT, octets, length);
}

static inline void state(struct script *s, unsigned conn, int value)
{
	uint8_t octet = (uint8_t)value;

	if (iperf3_state_of_client(value))
		up(s, conn, &octet, 1);
	else
		down(s, conn, &octet, 1);
}

static inline void text(struct script *s, unsigned conn, enum iperf_direction direction, const char *json)
{
	uint8_t out[4096];
	size_t length = strlen(json);

	assert_true(length + 4 <= sizeof out);
	iperf3_length_write(out, (uint32_t)length);
	memcpy(out + 4, json, length);
	add_event(s, EVENT_OCTETS, conn, direction, out, length + 4);
}

static inline void close_conn(struct script *s, unsigned conn)
{
	add_event(s, EVENT_EOF, conn, IPERF_TO_SERVER, NULL, 0);
	add_event(s, EVENT_EOF, conn, IPERF_TO_CLIENT, NULL, 0);
}

static inline void payload(struct script *s, unsigned conn, enum iperf_direction direction, size_t length)
{
	uint8_t *octets = calloc(1, length);

	assert_non_null(octets);
	add_event(s, EVENT_OCTETS, conn, direction, octets, length);
	free(octets);
}

static inline void datagram(struct script *s, unsigned port, enum iperf_direction direction, uint64_t sequence,
			    bool wide, size_t length)
{
	uint8_t octets[2000] = { 0 };
	struct iperf3_header header = { 7, (uint32_t)(s->count % 1000000), sequence };

	iperf3_header_write(octets, wide, &header);
	add_event(s, EVENT_DATAGRAM, port, direction, octets, length);
}

/* --- telling it to a judge --------------------------------------------------------------------------------------- */

static inline void note_finding(void *user, const struct iperf3_finding *finding)
{
	struct verdicts *v = user;

	assert_true(v->count < FOUND_MAX);
	v->found[v->count] = *finding;
	snprintf(v->text[v->count++], sizeof v->text[0], "%s", finding->text);
}

static inline void note_said(void *user, const struct iperf3_said *said)
{
	struct verdicts *v = user;

	if (said->kind == IPERF3_SAID_PAYLOAD)
		v->payload += said->length;
	else if (said->kind == IPERF3_SAID_REFUSED)
		v->refused++;
	else if (said->kind != IPERF3_SAID_EOF && said->kind != IPERF3_SAID_RESET)
		v->messages++;
}

static inline bool give_room(void *user, char **text_, size_t had, size_t size)
{
	const struct verdicts *v = user;
	char *more = size > had ? realloc(*text_, size) : *text_;

	*text_ = more ? more : *text_;
	return more && (v->room_max == 0 || size <= v->room_max);
}

struct telling {
	struct iperf3_judge judge;
	struct iperf3_judge_conn conns[CONNS_MAX];
	bool there[CONNS_MAX], known[CONNS_MAX];
	bool ended[CONNS_MAX][2];
	uint64_t offsets[CONNS_MAX][2];
	struct iperf3_judge_stream streams[STREAMS_MAX];
	struct iperf3_stream_result listed[STREAMS_MAX];
	uint64_t packet, last_packet, place;
	bool far;
};

static inline struct iperf_endpoint end_of(bool client, bool far, unsigned port)
{
	struct iperf_endpoint e = { .port = (uint16_t)(port % OTHER_HOST) };

	e.address[15] = port >= OTHER_HOST ? 3 : client && far ? 2 : 1;
	return e;
}

static inline void begin_telling(struct telling *t, struct verdicts *v, const struct script *s)
{
	struct iperf3_judge_config config = {
		.server = end_of(false, s->far, 5201), .streams_max = s->streams_max ? s->streams_max : STREAMS_MAX,
		.streams = t->streams, .at_client = s->at_client, .timers_known = s->timers_ns != 0,
		.t_read_ns = s->timers_ns, .t_silence_ns = s->timers_ns, .t_over_ns = s->timers_ns,
		.results = { .capacity = STREAMS_MAX, .streams = t->listed },
		.room = give_room, .said = note_said, .found = note_finding, .user = v,
	};

	memset(t, 0, sizeof *t);
	t->far = s->far;
	v->room_max = s->room_max;
	iperf3_judge_init(&t->judge, &config);
}

static inline void forget_conn(struct telling *t, unsigned conn)
{
	if (!t->there[conn])
		return;
	iperf3_judge_forget(&t->judge, &t->conns[conn]);
	free(t->conns[conn].text[0]);
	free(t->conns[conn].text[1]);
	t->there[conn] = false;
}

static inline void open_if_new(struct telling *t, unsigned conn, bool start_seen, const struct iperf_mark *mark)
{
	struct iperf_endpoint client = end_of(true, t->far, 40000 + conn);

	if (t->known[conn])
		return;
	t->known[conn] = t->there[conn] = true;
	t->conns[conn].number = conn + 1;
	iperf3_judge_opened(&t->judge, &t->conns[conn], &client, start_seen, mark);
}

static inline void tell_octets(struct telling *t, const struct event *e, size_t from, size_t length,
			       struct iperf_mark mark)
{
	uint64_t *offset = &t->offsets[e->conn][e->direction];
	size_t known = e->captured > from ? e->captured - from : 0;

	if (known > length)
		known = length;
	mark.offset = *offset;
	*offset += length;
	if (e->kind == EVENT_MISSING) {
		iperf3_judge_unseen(&t->judge, &t->conns[e->conn], e->direction, length, true, &mark);
		return;
	}
	if (known)
		iperf3_judge_octets(&t->judge, &t->conns[e->conn], e->direction, ground(e->octets + from, known), known,
				    &mark);
	mark.offset += known;
	if (length > known)
		iperf3_judge_unseen(&t->judge, &t->conns[e->conn], e->direction, length - known, false, &mark);
}

static inline void tell_end(struct telling *t, const struct event *e, struct iperf_mark mark)
{
	bool *ended = t->ended[e->conn];

	if (e->kind == EVENT_EOF)
		iperf3_judge_eof(&t->judge, &t->conns[e->conn], e->direction, &mark);
	if (e->kind == EVENT_RESET || e->kind == EVENT_REFUSED)
		iperf3_judge_reset(&t->judge, &t->conns[e->conn], e->direction, e->kind == EVENT_RESET, &mark);
	ended[e->direction] = ended[e->direction] || e->kind == EVENT_EOF;
	if ((ended[0] && ended[1]) || e->kind == EVENT_RESET || e->kind == EVENT_REFUSED)
		forget_conn(t, e->conn);
}

/* One event, its octets cut into pieces of that size. */
static inline void tell_event(struct telling *t, const struct event *e, size_t piece)
{
	uint64_t packet = e->packet ? e->packet : e->late ? t->place : ++t->packet;
	struct iperf_mark mark = { .packet = packet, .time_ns = e->ns };
	struct iperf_endpoint client = end_of(true, t->far, e->conn);

	if (e->kind == EVENT_PLACE) {
		t->place = packet;
		return;
	}
	if (e->kind == EVENT_DATAGRAM) {
		iperf3_judge_datagram(&t->judge, &client, e->direction, ground(e->octets, e->captured), e->captured,
				      e->length, &mark);
		return;
	}
	open_if_new(t, e->conn, e->kind == EVENT_OPENED, &mark);
	if (!t->there[e->conn])
		return;
	mark.offset = t->offsets[e->conn][e->direction];
	for (size_t from = 0, length; from < e->length; from += length) {
		length = e->length - from < piece ? e->length - from : piece;
		if (from && !e->packet && !e->late)
			mark.packet = ++t->packet;
		tell_octets(t, e, from, length, mark);
	}
	if (e->kind == EVENT_CONFLICT)
		iperf3_judge_conflict(&t->judge, &t->conns[e->conn], e->direction, &mark);
	if (e->kind == EVENT_FOREIGN)
		iperf3_judge_foreign(&t->judge, &t->conns[e->conn]);
	tell_end(t, e, mark);
}

static inline void tell_script(const struct script *s, size_t piece, struct verdicts *v)
{
	struct telling *t = calloc(1, sizeof *t);
	struct iperf_mark last = { .packet = 1u << 30, .time_ns = s->ns };

	assert_non_null(t);
	memset(v, 0, sizeof *v);
	begin_telling(t, v, s);
	for (size_t i = 0; i < s->count; i++)
		tell_event(t, &s->events[i], piece);
	iperf3_judge_finish(&t->judge, &last);
	for (unsigned i = 0; i < CONNS_MAX; i++)
		forget_conn(t, i);
	iperf3_judge_end(&t->judge);
	v->tests = t->judge.tests;
	free(t);
}

#endif
