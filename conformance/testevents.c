#include "conformance/testevents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

size_t testfixture_allocations, testfixture_fail_at;

static const char arrows[] = {'>', '<'};

static struct testconnection *find(struct testevents *e, const struct connection *c)
{
	size_t index = (size_t)(uintptr_t)c->user;

	assert_in_range(index, 1, e->count);
	assert_false(e->connections[index - 1].forgotten);
	return &e->connections[index - 1];
}

/* A stream grows by that many zeros, not seen. */
static void extend(struct teststream *s, size_t count)
{
	if (s->length + count > s->room) {
		s->room = (s->length + count) * 2;
		s->octets = realloc(s->octets, s->room);
		s->seen = realloc(s->seen, s->room * sizeof *s->seen);
		assert_non_null(s->octets);
		assert_non_null(s->seen);
	}
	memset(s->octets + s->length, 0, count);
	memset(s->seen + s->length, 0, count * sizeof *s->seen);
	s->length += count;
}

static void check_time(const struct testevents *e, uint64_t packet, int64_t time_ns)
{
	assert_in_range(packet, 1, e->packet);
	if (e->packets)
		assert_true(time_ns == e->packets->at[packet - 1].time_ns);
}

static void begin(struct testevents *e, const struct where *w)
{
	assert_int_equal(w->now_packet, e->packet);
	assert_true(w->now_ns == e->time_ns);
	check_time(e, w->packet, w->time_ns);
	fprintf(e->log, "%s%ju ", ftell(e->log) > 0 ? "; " : "", (uintmax_t)e->packet);
}

static void end(const struct testevents *e, const struct where *w)
{
	if (w->packet != w->now_packet)
		fprintf(e->log, " of %ju", (uintmax_t)w->packet);
}

static void opened(void *user, struct connection *c, const struct where *w)
{
	struct testevents *e = user;

	assert_null(c->user);
	assert_false(c->established);
	assert_int_equal(c->first_packet, e->packet);
	assert_true(c->first_ns == e->time_ns);
	assert_int_equal(w->offset, 0);
	if (e->count == e->room) {
		e->room = e->room * 2 + 4;
		e->connections = realloc(e->connections, e->room * sizeof *e->connections);
		assert_non_null(e->connections);
	}
	e->connections[e->count] = (struct testconnection){.copy = *c};
	c->user = (void *)(uintptr_t)++e->count;
	begin(e, w);
	fprintf(e->log, "%s %u>%u", c->start_seen ? "open" : "mid", c->ends[0].port, c->ends[1].port);
}

static void established(void *user, struct connection *c, const struct where *w)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);

	assert_false(t->established);
	assert_true(c->established);
	t->established = true;
	begin(e, w);
	fprintf(e->log, "established");
}

static void octets(void *user, struct connection *c, int direction, const uint8_t *data, uint32_t length,
		   const struct where *w)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);
	struct teststream *s = &t->streams[direction];

	assert_int_not_equal(length, 0);
	assert_false(s->ended || t->reset);
	assert_int_equal(w->offset, s->length);
	extend(s, length);
	memcpy(s->octets + s->length - length, data, length);
	memset(s->seen + s->length - length, true, length);
	begin(e, w);
	fprintf(e->log, "%c %.*s@%ju", arrows[direction], length > 64 ? 64 : (int)length, (const char *)data,
		(uintmax_t)w->offset);
	end(e, w);
}

static void unseen(void *user, struct connection *c, int direction, uint64_t count, enum unseen_why why,
		   const struct where *w)
{
	static const char *const words[] = {"snapped", "missing", "conflict"};
	struct testevents *e = user;
	struct testconnection *t = find(e, c);
	struct teststream *s = &t->streams[direction];

	assert_int_not_equal(count, 0);
	assert_false(s->ended || t->reset);
	assert_int_equal(w->offset, s->length);
	s->unseen[why] += count;
	extend(s, (size_t)count);
	begin(e, w);
	fprintf(e->log, "%c %ju %s @%ju", arrows[direction], (uintmax_t)count, words[why], (uintmax_t)w->offset);
	end(e, w);
}

static void eof(void *user, struct connection *c, int direction, const struct where *w)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);

	assert_false(t->streams[direction].ended || t->reset);
	assert_int_equal(w->offset, t->streams[direction].length);
	t->streams[direction].ended = true;
	begin(e, w);
	fprintf(e->log, "%c eof @%ju", arrows[direction], (uintmax_t)w->offset);
	end(e, w);
}

static void reset(void *user, struct connection *c, int direction, const struct where *w)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);

	assert_int_equal(w->offset, t->streams[direction].length);
	t->reset = true;
	begin(e, w);
	fprintf(e->log, "%c reset @%ju", arrows[direction], (uintmax_t)w->offset);
}

static void late_conflict(void *user, struct connection *c, int direction, const struct where *w)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);

	assert_true(w->offset < t->streams[direction].length);
	t->late_conflicts++;
	begin(e, w);
	fprintf(e->log, "%c late conflict @%ju", arrows[direction], (uintmax_t)w->offset);
}

static void forgotten(void *user, struct connection *c)
{
	struct testevents *e = user;
	struct testconnection *t = find(e, c);

	t->forgotten = true;
	e->forgotten++;
	fprintf(e->log, "; %ju forgotten", (uintmax_t)e->packet);
}

void testevents_init(struct testevents *e)
{
	*e = (struct testevents){0};
	e->log = open_memstream(&e->text, &e->text_size);
	assert_non_null(e->log);
}

void testevents_free(struct testevents *e)
{
	for (size_t i = 0; i < e->count; i++)
		for (int side = 0; side < 2; side++) {
			free(e->connections[i].streams[side].octets);
			free(e->connections[i].streams[side].seen);
		}
	free(e->connections);
	fclose(e->log);
	free(e->text);
}

struct reassembly_options testevents_options(struct testevents *e)
{
	static const struct reassembly_events events = {opened, established, octets,        unseen,
							eof,    reset,       late_conflict, forgotten};

	return (struct reassembly_options){.events = &events, .user = e};
}

int testevents_feed(struct testevents *e, struct reassembly *r, const struct segment *s, uint64_t number,
		    int64_t time_ns)
{
	e->packet = number;
	e->time_ns = time_ns;
	return reassembly_segment(r, s, number, time_ns);
}

void testevents_run(struct testevents *e, const struct reassembly_options *options, const struct testpackets *packets)
{
	struct reassembly *r = reassembly_new(options);

	assert_non_null(r);
	e->packets = packets;
	for (size_t i = 0; i < packets->count; i++)
		assert_int_equal(testevents_feed(e, r, &packets->at[i].segment, i + 1, packets->at[i].time_ns), 0);
	assert_int_equal(reassembly_finish(r), 0);
	assert_int_equal(e->forgotten, e->count);
	reassembly_free(r);
}

const char *testevents_text(struct testevents *e)
{
	fflush(e->log);
	return e->text;
}

void *testfixture_allocate(size_t octets)
{
	return ++testfixture_allocations == testfixture_fail_at ? NULL : malloc(octets);
}

int testfixture_setup(void **state)
{
	struct testfixture *f = calloc(1, sizeof *f);
	struct reassembly_options options;

	assert_non_null(f);
	testpackets_init(&f->packets);
	testevents_init(&f->events);
	options = testevents_options(&f->events);
	options.allocate = testfixture_allocate;
	testfixture_allocations = testfixture_fail_at = 0;
	f->r = reassembly_new(&options);
	assert_non_null(f->r);
	*state = f;
	return 0;
}

int testfixture_teardown(void **state)
{
	struct testfixture *f = *state;

	reassembly_free(f->r);
	assert_int_equal(f->events.forgotten, f->events.count);
	testevents_free(&f->events);
	testpackets_free(&f->packets);
	free(f);
	return 0;
}

void testfixture_feed(struct testfixture *f, const char *text)
{
	size_t i = f->packets.count;

	testpackets_parse(&f->packets, text);
	for (; i < f->packets.count; i++) {
		const struct testpacket *p = &f->packets.at[i];

		assert_int_equal(testevents_feed(&f->events, f->r, &p->segment, i + 1, p->time_ns), 0);
	}
}

void testfixture_feed_segment(struct testfixture *f, const struct segment *s)
{
	assert_int_equal(testevents_feed(&f->events, f->r, s, f->events.packet + 1, f->events.time_ns), 0);
}
