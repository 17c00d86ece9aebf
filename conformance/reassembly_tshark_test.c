/* tshark as an independent judge: for each capture in pcaps/ and one made here, what it follows of each connection must be
 * what the reassembly tells; and the same packets shuffled and repeated must tell the same. Without tshark the first
 * is skipped.
 *
 * Left out are captures that tshark shows in another way: those that a snap length cut, with fragments or contradictions,
 * broken ones; and connections with missing octets, if tshark too finds that segments of them were lost. */
#include <arpa/inet.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/capture.h"
#include "conformance/testevents.h"
#include "conformance/testpackets.h"
#include "conformance/testtshark.h"

/* The TCP segments of a capture and what was made of them. */
struct trace {
	char *path;
	uint16_t index;      /* among all, which makes its addresses differ from those of others */
	const char *omitted; /* why tshark cannot judge it, or NULL */
	size_t frames;       /* packets before its first in the file for tshark */
	struct testpackets packets;
	struct testevents events;
};

static struct tshark tshark;
static bool have_tshark;

/* What happens in the capture made here: two connections one after the other on the same ports; the first meets all that
 * networks do, the second lacks octets in its middle. */
static const char made[] =
	"> S; < S a0; > a0; > a0 =one; > @6 a0 =three; > @3 a0 =two; < a11; > @3 a0 =twothreefour; < a15 =yes; "
	"< a15 =yesno; > @15 a5; > @15 a5 =five; > @15 a5 =five; < @5 a19; > F @19 a5 =six; < @5 a23; < F @5 a23; > @23 a6;"
	"> t100 S @5000; < S @7000 a5000; > @5000 a7000; > @5000 a7000 =one; > @5006 a7000 =three; < @7000 a5011; "
	"> t60 @5011 a7000 =four; < @7000 a5015; < @7002 a5015 =yes; > @5015 a7005; < t60 F @7005 a5015; > F @5015 a7006; "
	"< @7006 a5016";

static bool is_ipv4(const struct iperf_endpoint *e)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	return memcmp(e->address, mapped, sizeof mapped) == 0;
}

/* Changes an address, of 4 or of 16 octets, to one of that capture alone. */
static void change_address(uint8_t *address, uint16_t index)
{
	address[1] ^= (uint8_t)(index >> 8);
	address[2] ^= (uint8_t)index;
}

/* Gives a packet to tshark as it is but for its addresses, which are changed where they stand. */
static void add_packet(const struct trace *t, const struct capture_packet *p, const struct segment *s)
{
	size_t skip = is_ipv4(&s->source) ? 12 : 0, size = 16 - skip;
	uint8_t *octets = malloc(p->captured), addresses[32], *at;

	assert_non_null(octets);
	memcpy(octets, p->octets, p->captured);
	memcpy(addresses, s->source.address + skip, size);
	memcpy(addresses + size, s->destination.address + skip, size);
	at = memmem(octets, p->captured, addresses, 2 * size);
	assert_non_null(at);
	change_address(at, t->index);
	change_address(at + size, t->index);
	tshark_add(&tshark, p->linktype, octets, p->captured, p->length);
	free(octets);
}

static void take_packet(struct trace *t, const struct capture_packet *p)
{
	struct segment s;

	switch (decode_packet(p->linktype, p->octets, p->captured, p->length, &s)) {
	case DECODE_SEGMENT:
		break;
	case DECODE_CUT:
		t->omitted = "cut by a snap length";
		return;
	case DECODE_TCP_FRAGMENT:
		t->omitted = "it has fragments";
		return;
	case DECODE_OTHER:
	case DECODE_FRAGMENT:
	case DECODE_MALFORMED:
		return;
	}
	if (s.protocol != SEGMENT_TCP)
		return;
	if (s.captured < s.length)
		t->omitted = "cut by a snap length";
	testpackets_add(&t->packets, &s, p->time_ns);
	if (have_tshark)
		add_packet(t, p, &s);
}

static void run_trace(struct trace *t)
{
	struct reassembly_options options;

	testevents_init(&t->events);
	options = testevents_options(&t->events);
	testevents_run(&t->events, &options, &t->packets);
	for (size_t i = 0; i < t->events.count; i++) {
		const struct testconnection *c = &t->events.connections[i];

		if (c->late_conflicts || c->streams[0].unseen[UNSEEN_CONFLICT] || c->streams[1].unseen[UNSEEN_CONFLICT])
			t->omitted = "it has contradictions";
	}
}

static void read_trace(struct trace *t)
{
	char error[CAPTURE_ERROR_SIZE];
	struct capture *c = capture_open(t->path, error);
	struct capture_packet p;
	enum capture_result result = CAPTURE_DAMAGED;

	testpackets_init(&t->packets);
	t->frames = tshark.frames;
	while (c && (result = capture_next(c, &p)) == CAPTURE_PACKET)
		take_packet(t, &p);
	if (result == CAPTURE_DAMAGED)
		t->omitted = "it is broken";
	capture_close(c);
	run_trace(t);
}

static void free_trace(struct trace *t)
{
	testevents_free(&t->events);
	testpackets_free(&t->packets);
}

/* "10.0.0.1:40000": is that, changed for tshark, end 0 of the connection? */
static bool is_first_end(const char *node, const struct trace *t, const struct connection *c)
{
	struct iperf_endpoint e = c->ends[0];
	bool ipv4 = is_ipv4(&e);
	char address[INET6_ADDRSTRLEN], text[80];

	change_address(e.address + (ipv4 ? 12 : 0), t->index);
	assert_non_null(inet_ntop(ipv4 ? AF_INET : AF_INET6, e.address + (ipv4 ? 12 : 0), address, sizeof address));
	snprintf(text, sizeof text, ipv4 ? "%s:%u" : "[%s]:%u", address, e.port);
	return strcmp(node, text) == 0;
}

/* A stream as tshark writes it: octets that are missing are told in words. The caller frees it. */
static char *as_tshark(const struct teststream *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0, n; i < s->length; i += n) {
		char words[64];

		for (n = 0; i + n < s->length && !s->seen[i + n]; n++)
			;
		if (n == 0) {
			fprintf(out, "%02x", s->octets[i]);
			n = 1;
			continue;
		}
		snprintf(words, sizeof words, "[%zu bytes missing in capture file]", n);
		for (size_t k = 0; k <= strlen(words); k++)
			fprintf(out, "%02x", words[k]);
	}
	fclose(out);
	return text;
}

/* Compares a connection with what tshark says. False if it is left out. */
static bool judge(const struct trace *t, const struct testconnection *c)
{
	const struct tshark_stream *s = tshark_find(&tshark, t->frames + c->copy.first_packet);
	bool missing = c->streams[0].unseen[UNSEEN_MISSING] || c->streams[1].unseen[UNSEEN_MISSING], same = true;
	int first;

	if (s && !s->texts[0]) /* without payload, or one too many */
		return !s->payload && c->streams[0].length + c->streams[1].length == 0;
	if (!s) {
		print_error("packet %ju begins no stream of tshark's\n", (uintmax_t)c->copy.first_packet);
		fail();
		return false;
	}
	first = is_first_end(s->node, t, &c->copy) ? 0 : 1;
	for (int i = 0; i < 2; i++) {
		char *mine = as_tshark(&c->streams[i]);

		same &= strcmp(mine, s->texts[i == first ? 0 : 1]) == 0;
		free(mine);
	}
	if (!same && !(missing && s->lost))
		fail_msg("the connection that packet %ju opens is another to tshark", (uintmax_t)c->copy.first_packet);
	return same;
}

/* Each stream with payload must be a connection. */
static void check_complete(const struct trace *t)
{
	for (size_t i = 0; i < tshark.count; i++) {
		const struct tshark_stream *s = &tshark.streams[i];
		bool known = !s->payload || s->first_frame <= t->frames || s->first_frame > t->frames + t->packets.count;

		for (size_t k = 0; k < t->events.count && !known; k++)
			known = t->events.connections[k].copy.first_packet == s->first_frame - t->frames;
		assert_true(known);
	}
}

static void judge_all(const struct trace *t)
{
	size_t left_out = 0;

	for (size_t i = 0; i < t->events.count; i++)
		left_out += !judge(t, &t->events.connections[i]);
	check_complete(t);
	if (left_out > 0)
		print_message("# %s: of %zu connections %zu lack octets and were left out\n", t->path, t->events.count, left_out);
	/* the one made here is known to be the same */
	assert_true(t->index > 0 || left_out == 0);
}

/* True for packets that others must not overtake, and that must not overtake others. */
static bool is_fixed(const struct testpacket *p)
{
	return p->segment.flags & (SEGMENT_SYN | SEGMENT_RST);
}

/* Packets close in time change places in threes; some are captured twice. Times stay where they were. */
static void mistreat(const struct testpackets *from, struct testpackets *to, struct testrandom *random)
{
	for (size_t i = 0, n; i < from->count; i += n) {
		size_t order[3] = {i, i + 1, i + 2};

		for (n = 1; n < 3 && i + n < from->count && !is_fixed(&from->at[i]) && !is_fixed(&from->at[i + n]) &&
			    from->at[i + n].time_ns - from->at[i].time_ns < 10000000; n++)
			;
		for (size_t k = n; k > 0; k--) {
			uint32_t pick = testrandom_below(random, (uint32_t)k);
			size_t source = order[pick];

			order[pick] = order[k - 1];
			testpackets_add(to, &from->at[source].segment, from->at[i].time_ns);
			if (testrandom_below(random, 3) == 0)
				testpackets_add(to, &from->at[source].segment, from->at[i].time_ns);
		}
	}
}

/* Mistreated packets must tell the same octets. */
static void compare_mistreated(const struct trace *t)
{
	for (uint64_t seed = 0; seed < 5; seed++) {
		struct testrandom random = {seed};
		struct trace other = {.path = t->path};

		testpackets_init(&other.packets);
		mistreat(&t->packets, &other.packets, &random);
		run_trace(&other);
		assert_int_equal(other.events.count, t->events.count);
		for (size_t i = 0; i < 2 * t->events.count; i++) {
			const struct teststream *a = &t->events.connections[i / 2].streams[i % 2];
			const struct teststream *b = &other.events.connections[i / 2].streams[i % 2];

			assert_int_equal(a->length, b->length);
			assert_int_equal(a->ended, b->ended);
			assert_true(a->length == 0 || memcmp(a->octets, b->octets, a->length) == 0);
		}
		free_trace(&other);
	}
}

/* Are the starts of all connections there? If not, what was seen first depends on the order of packets. */
static bool has_starts(const struct trace *t)
{
	for (size_t i = 0; i < t->events.count; i++)
		if (!t->events.connections[i].copy.start_seen)
			return false;
	return true;
}

static void run_trace_test(void **state)
{
	const struct trace *t = *state;

	if (t->omitted) {
		print_message("# %s: left out, %s\n", t->path, t->omitted);
		return;
	}
	if (has_starts(t))
		compare_mistreated(t);
	if (!have_tshark) {
		print_message("# %s: not judged, there is no tshark\n", t->path);
		skip();
	}
	judge_all(t);
}

/* A capture of our own, so that there is always one: the same in IPv4 and in IPv6, ports the other way round. */
static void make_file(const char *path)
{
	struct testpackets packets;
	size_t count;

	testpackets_init(&packets);
	packets.isn[0] = UINT32_MAX - 5;
	testpackets_parse(&packets, made);
	count = packets.count;
	for (size_t i = 0; i < count; i++) {
		struct segment s = packets.at[i].segment;

		s.source.address[0] = s.destination.address[0] = 0xfd;
		s.source.port ^= 40000 ^ 5201;
		s.destination.port ^= 40000 ^ 5201;
		testpackets_add(&packets, &s, packets.at[i].time_ns + 1000000000);
	}
	testpackets_save(&packets, path);
	testpackets_free(&packets);
}

int main(void)
{
	char *own = strdup(testpackets_path("made.pcap"));
	struct CMUnitTest *tests;
	struct trace *traces;
	size_t count;
	glob_t found;
	int failed;

	if (glob("pcaps/*.pcap*", 0, NULL, &found) != 0)
		print_message("# no captures in pcaps/\n");
	count = found.gl_pathc + 1;
	tests = calloc(count, sizeof *tests);
	traces = calloc(count, sizeof *traces);
	if (!own || !tests || !traces)
		return 1;
	make_file(own);
	have_tshark = tshark_exists();
	tshark_begin(&tshark, testpackets_path("all.pcapng"));
	for (size_t i = 0; i < count; i++) {
		traces[i].path = i == 0 ? own : found.gl_pathv[i - 1];
		traces[i].index = (uint16_t)i;
		read_trace(&traces[i]);
		tests[i] = (struct CMUnitTest){i == 0 ? "made here" : traces[i].path, run_trace_test, NULL, NULL, &traces[i]};
	}
	if (have_tshark)
		tshark_ask(&tshark);
	failed = _cmocka_run_group_tests("captures", tests, count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free_trace(&traces[i]);
	tshark_free(&tshark);
	globfree(&found);
	free(traces);
	free(tests);
	free(own);
	return failed != 0;
}
