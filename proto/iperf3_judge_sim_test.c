/* Conforming pairs are never accused, whatever the network and the capture do to what the iperf3 judge sees: segments and
 * datagrams that are missing in the capture, a late beginning, a snap length, another order, copies. Random tests, each
 * from a seed.
 *
 * Environment: IPERF_SIM_RUNS, runs of each kind; IPERF_TEST_SEED, the first seed. */
#include "proto/iperf3_judge_script_test.h"

struct world {
	struct script script;
	uint64_t seed;
	struct iperf3_parameters p;
	int64_t streams;
	char cookie[IPERF3_COOKIE_LENGTH + 1];
	unsigned control, first; /* connections; first: of the streams */
	unsigned port;
	uint64_t sent[8], received[8], sent_packets[8], highest[8], errors[8];
};

struct kind {
	const char *name;
	unsigned missing, missing_datagrams; /* in 100 events */
	bool late, snapped, reordered, copied;
};

static size_t any(struct world *w, size_t n)
{
	return chance(&w->seed, n);
}

static void make_cookie(struct world *w)
{
	for (size_t i = 0; i + 1 < IPERF3_COOKIE_LENGTH; i++)
		w->cookie[i] = "abcdefghijklmnopqrstuvwxyz234567"[any(w, 32)];
}

static void make_parameters(struct world *w)
{
	bool udp = any(w, 2);

	iperf3_parameters_defaults(&w->p);
	w->p.protocol = udp ? IPERF_UDP : IPERF_TCP;
	w->p.reverse = any(w, 3) == 0;
	w->p.bidirectional = !w->p.reverse && any(w, 4) == 0;
	w->p.parallel = (int64_t)any(w, 3) + 1;
	w->p.len = (int64_t)any(w, 1000) + 20;
	w->p.udp_counters_64bit = udp && any(w, 2);
	w->p.time = any(w, 2) ? 0 : (int64_t)any(w, 3) + 1;
	w->p.num = w->p.time || w->p.reverse ? 0 : w->p.len;
	w->p.present = UINT64_C(1) << (udp ? IPERF3_KEY_UDP : IPERF3_KEY_TCP) | UINT64_C(1) << IPERF3_KEY_OMIT |
		       UINT64_C(1) << IPERF3_KEY_TIME | UINT64_C(1) << IPERF3_KEY_NUM |
		       UINT64_C(1) << IPERF3_KEY_BLOCKCOUNT | UINT64_C(1) << IPERF3_KEY_PARALLEL |
		       UINT64_C(1) << IPERF3_KEY_LEN | (uint64_t)w->p.reverse << IPERF3_KEY_REVERSE |
		       (uint64_t)w->p.bidirectional << IPERF3_KEY_BIDIRECTIONAL |
		       (uint64_t)w->p.udp_counters_64bit << IPERF3_KEY_UDP_COUNTERS_64BIT;
	w->streams = iperf3_parameters_streams(&w->p);
	memset(w->sent, 0, sizeof w->sent);
	memset(w->received, 0, sizeof w->received);
	memset(w->sent_packets, 0, sizeof w->sent_packets);
	memset(w->highest, 0, sizeof w->highest);
	memset(w->errors, 0, sizeof w->errors);
}

/* The way of a stream's payload. */
static enum iperf_direction flow(const struct world *w, int64_t stream)
{
	if (w->p.bidirectional)
		return stream < w->p.parallel ? IPERF_TO_SERVER : IPERF_TO_CLIENT;
	return w->p.reverse ? IPERF_TO_CLIENT : IPERF_TO_SERVER;
}

static void open_streams(struct world *w)
{
	struct script *s = &w->script;

	w->first = s->conns;
	for (int64_t i = 0; i < w->streams; i++) {
		if (w->p.protocol == IPERF_TCP) {
			up(s, open_conn(s), w->cookie, IPERF3_COOKIE_LENGTH);
			continue;
		}
		add_event(s, EVENT_DATAGRAM, w->port + (unsigned)i, IPERF_TO_SERVER, iperf3_hello, 4);
		add_event(s, EVENT_DATAGRAM, w->port + (unsigned)i, IPERF_TO_CLIENT, iperf3_reply, 4);
	}
}

/* A datagram, which the network may lose behind the capture. */
static void send_datagram(struct world *w, int64_t i)
{
	uint64_t sequence = ++w->sent_packets[i];

	datagram(&w->script, w->port + (unsigned)i, flow(w, i), sequence, w->p.udp_counters_64bit, (size_t)w->p.len);
	w->sent[i] += (uint64_t)w->p.len;
	if (any(w, 10) == 0)
		return;
	w->received[i] += (uint64_t)w->p.len;
	w->errors[i] += sequence - w->highest[i] - 1;
	w->highest[i] = sequence;
}

static void move_payload(struct world *w)
{
	size_t rounds_ = any(w, 12) + 1;

	for (size_t r = 0; r < rounds_; r++) {
		for (int64_t i = 0; i < w->streams; i++) {
			if (w->p.protocol == IPERF_UDP) {
				send_datagram(w, i);
				continue;
			}
			payload(&w->script, w->first + (unsigned)i, flow(w, i), (size_t)w->p.len);
			w->sent[i] += (uint64_t)w->p.len;
			w->received[i] += (uint64_t)w->p.len;
		}
	}
	/* What the receiver has not read by TEST_END is lost for the count. */
	for (int64_t i = 0; i < w->streams && w->p.protocol == IPERF_TCP && w->p.time == 0; i++)
		w->received[i] -= any(w, 3) == 0 ? any(w, (size_t)w->received[i] + 1) : 0;
}

static void say_results(struct world *w, enum iperf_direction by)
{
	struct iperf3_stream_result streams[8] = { 0 };
	struct iperf3_results results = { .count = (size_t)w->streams, .streams = streams };
	bool sends = w->p.bidirectional || flow(w, 0) == by;
	char out[4000];
	size_t length;

	results.sender_has_retransmits = !sends ? -1 : w->p.protocol == IPERF_TCP;
	for (int64_t i = 0; i < w->streams; i++) {
		bool mine = flow(w, i) == by, udp = w->p.protocol == IPERF_UDP;

		streams[i].id = i == 0 ? 1 : i + 2;
		streams[i].bytes = (int64_t)(mine ? w->sent[i] : w->received[i]);
		streams[i].retransmits = mine && !udp ? 0 : -1;
		streams[i].packets = udp ? (int64_t)(mine ? w->sent_packets[i] : w->highest[i]) : 0;
		streams[i].errors = udp && !mine ? (int64_t)w->errors[i] : 0;
	}
	length = iperf3_results_encode(&results, out, sizeof out - 1);
	assert_true(length > 0);
	out[length] = '\0';
	text(&w->script, w->control, by, out);
}

static void end_all(struct world *w)
{
	if (w->p.protocol == IPERF_TCP)
		for (int64_t i = 0; i < w->streams; i++)
			close_conn(&w->script, w->first + (unsigned)i);
	close_conn(&w->script, w->control);
}

/* A second client, while the test has all its streams. */
static void newcomer(struct world *w)
{
	unsigned other = open_conn(&w->script);

	up(&w->script, other, "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm", IPERF3_COOKIE_LENGTH);
	if (any(w, 2))
		state(&w->script, other, IPERF3_ACCESS_DENIED);
	add_event(&w->script, EVENT_RESET, other, IPERF_TO_CLIENT, NULL, 0);
}

static void write_test(struct world *w)
{
	struct script *s = &w->script;
	char out[1000];
	size_t length;

	make_cookie(w);
	make_parameters(w);
	w->control = open_conn(s);
	up(s, w->control, w->cookie, IPERF3_COOKIE_LENGTH);
	state(s, w->control, IPERF3_PARAM_EXCHANGE);
	length = iperf3_parameters_encode(&w->p, out, sizeof out - 1);
	out[length] = '\0';
	text(s, w->control, IPERF_TO_SERVER, out);
	state(s, w->control, IPERF3_CREATE_STREAMS);
	open_streams(w);
	state(s, w->control, IPERF3_TEST_START);
	state(s, w->control, IPERF3_TEST_RUNNING);
	move_payload(w);
	if (any(w, 3) == 0)
		newcomer(w);
	if (any(w, 8) == 0) { /* somebody stops it */
		state(s, w->control, any(w, 2) ? IPERF3_CLIENT_TERMINATE : IPERF3_SERVER_TERMINATE);
		end_all(w);
		return;
	}
	s->ns += w->p.time * INT64_C(1000000000);
	state(s, w->control, IPERF3_TEST_END);
	state(s, w->control, IPERF3_EXCHANGE_RESULTS);
	say_results(w, IPERF_TO_SERVER);
	say_results(w, IPERF_TO_CLIENT);
	state(s, w->control, IPERF3_DISPLAY_RESULTS);
	state(s, w->control, IPERF3_IPERF_DONE);
	end_all(w);
}

/* --- what capture and network do to it ---------------------------------------------------------------------------- */

static void drop_event(struct script *s, size_t at)
{
	free(s->events[at].octets);
	memmove(&s->events[at], &s->events[at + 1], (--s->count - at) * sizeof *s->events);
}

static void lose(struct world *w, const struct kind *kind)
{
	struct script *s = &w->script;

	for (size_t i = 0; i < s->count; i++) {
		struct event *e = &s->events[i];

		if (e->kind == EVENT_DATAGRAM && any(w, 100) < kind->missing_datagrams)
			drop_event(s, i--);
		else if (e->kind == EVENT_OCTETS && any(w, 100) < kind->missing)
			e->kind = EVENT_MISSING;
		else if (e->kind == EVENT_OPENED && any(w, 100) < kind->missing)
			drop_event(s, i--);
	}
}

static void snap(struct world *w)
{
	size_t length = any(w, 120) + 4;

	for (size_t i = 0; i < w->script.count; i++)
		if (w->script.events[i].captured > length)
			w->script.events[i].captured = length;
}

/* An event is told later than its packet says: it had to wait for a hole. Nothing of its direction overtakes it. */
static void delay(struct world *w)
{
	struct script *s = &w->script;

	for (size_t i = 0; i < s->count; i++)
		s->events[i].packet = i + 1;
	for (size_t i = 0; i + 1 < s->count; i++) {
		struct event e = s->events[i], *next = &s->events[i + 1];
		bool tcp = e.kind != EVENT_DATAGRAM && next->kind != EVENT_DATAGRAM;
		bool ends = e.kind >= EVENT_EOF || next->kind >= EVENT_EOF;

		if (e.kind == EVENT_OPENED || (tcp && e.conn == next->conn && (e.direction == next->direction || ends)) ||
		    (!tcp && e.kind == EVENT_DATAGRAM && next->kind != EVENT_DATAGRAM) ||
		    (e.kind == EVENT_DATAGRAM && (e.length <= 4 || e.direction != next->direction)) || any(w, 4))
			continue;
		if (e.kind == EVENT_DATAGRAM) { /* that is reordered before the capture */
			next->packet = i + 1;
			e.packet = i + 2;
		}
		s->events[i] = *next;
		s->events[i + 1] = e;
	}
}

static void copy(struct world *w)
{
	struct script *s = &w->script;

	for (size_t i = 0; i < s->count; i++) {
		struct event *e = &s->events[i];

		if (e->kind != EVENT_DATAGRAM || any(w, 10) || s->count + 1 >= EVENTS_MAX)
			continue;
		memmove(e + 1, e, (s->count++ - i) * sizeof *e);
		e[1].octets = malloc(e->length);
		assert_non_null(e[1].octets);
		memcpy(e[1].octets, e->octets, e->length);
		i++;
	}
}

static void begin_late(struct world *w)
{
	for (size_t n = any(w, w->script.count); n > 0; n--)
		drop_event(&w->script, 0);
}

static void spoil(struct world *w, const struct kind *kind)
{
	if (kind->late)
		begin_late(w);
	lose(w, kind);
	if (kind->copied)
		copy(w);
	if (kind->snapped)
		snap(w);
	if (kind->reordered)
		delay(w);
}

static const struct kind kinds[] = {
	{ .name = "sim/whole-capture" },
	{ .name = "sim/segments-missing", .missing = 5 },
	{ .name = "sim/datagrams-missing", .missing_datagrams = 20 },
	{ .name = "sim/begins-late", .late = true },
	{ .name = "sim/snapped", .snapped = true },
	{ .name = "sim/reordered", .reordered = true },
	{ .name = "sim/copied", .copied = true },
	{ .name = "sim/all-shortcomings", 3, 10, true, true, true, true },
};

static void run_kind(void **kind_state)
{
	const struct kind *kind = *kind_state;
	const char *count = getenv("IPERF_SIM_RUNS");
	unsigned runs = count ? (unsigned)strtoul(count, NULL, 10) : rounds(500);
	uint64_t first = seed_of(1), tests_seen = 0, unsure = 0;
	struct world *w = calloc(1, sizeof *w);
	static struct verdicts verdicts;

	assert_non_null(w);
	for (unsigned i = 0; i < runs; i++) {
		memset(w, 0, sizeof *w);
		w->seed = first + i;
		w->port = 50000;
		w->script.ns = INT64_C(5000000000);
		w->script.far = any(w, 2);
		for (size_t n = any(w, 2) + 1; n > 0; n--) {
			write_test(w);
			w->port += 10;
			w->script.ns += any(w, 2) ? 0 : INT64_C(3000000000);
		}
		spoil(w, kind);
		tell_script(&w->script, any(w, 2) ? 2000 : any(w, 50) + 1, &verdicts);
		script_free(&w->script);
		tests_seen += verdicts.tests;
		for (size_t k = 0; k < verdicts.count; k++) {
			unsure += verdicts.found[k].verdict == IPERF_INCONCLUSIVE;
			if (verdicts.found[k].verdict == IPERF_BROKEN)
				row_fail(kind->name, "seed %llu: %s by the %s: %s", (unsigned long long)(first + i),
					 iperf_requirements[verdicts.found[k].requirement].id,
					 verdicts.found[k].by == IPERF_TO_SERVER ? "client" : "server", verdicts.text[k]);
		}
	}
	assert_true(runs < 100 || tests_seen > 0);
	if (kind == kinds) /* all is seen, so all is known */
		assert_int_equal(unsure, 0);
	free(w);
}

int main(void)
{
	ROWS_ADD(kinds, run_kind);
	return tests_run("iperf3_judge_sim");
}
