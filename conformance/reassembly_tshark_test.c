/* tshark as an independent judge: for each capture in pcaps/ and one made here, what `follow` gives of each connection must
 * be what the reassembly tells; and the same packets shuffled and repeated must tell the same. Without tshark the first
 * is skipped. Captures that were cut by a snap length are left out, for there tshark shows something else; so are
 * connections with missing octets, if tshark too finds that segments of them were lost. */
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

/* More would make the command line too long; the rest of a capture's connections is left out. */
#define MOST_CONNECTIONS 300

#define TSHARK "tshark -n -o tcp.check_checksum:FALSE -r '%s' "

/* The TCP segments of a capture, what was made of them, and which packet of the file each was. */
struct trace {
	struct testpackets packets;
	struct testevents events;
	uint64_t *numbers; /* in the file */
	bool cut;
};

/* What happens in the capture made here: two connections one after the other on the same ports; the first meets all that
 * networks do, the second lacks octets in its middle and at its end. */
static const char made[] =
	"> S; < S a0; > a0; > a0 =one; > @6 a0 =three; > @3 a0 =two; < a11; > @3 a0 =twothreefour; < a15 =yes; < a15 =yesno; > @15 a5; "
	"> @15 a5 =five; > @15 a5 =five; < @5 a19; > F @19 a5 =six; < @5 a23; < F @5 a23; > @23 a6;"
	"> t100 S @5000; < S @7000 a5000; > @5000 a7000; > @5000 a7000 =one; > @5006 a7000 =three; < @7000 a5011; > t60 @5011 a7000 =four;"
	"< @7000 a5015; < @7002 a5015 =yes; > @5015 a7005; < t60 F @7005 a5015; > F @5015 a7006; < @7006 a5016";

/* The path of that capture: nothing in it may be left out. */
static char *own;

static void run_trace(struct trace *t)
{
	struct reassembly_options options;

	testevents_init(&t->events);
	options = testevents_options(&t->events);
	testevents_run(&t->events, &options, &t->packets);
}

static void read_trace(struct trace *t, const char *path)
{
	char error[CAPTURE_ERROR_SIZE];
	struct capture *c = capture_open(path, error);
	struct capture_packet p;
	struct segment s;

	*t = (struct trace){0};
	testpackets_init(&t->packets);
	if (!c)
		fail_msg("%s", error);
	while (capture_next(c, &p) == CAPTURE_PACKET) {
		enum decode_result result = decode_packet(p.linktype, p.octets, p.captured, p.length, &s);

		t->cut |= result == DECODE_CUT || (result == DECODE_SEGMENT && s.captured < s.length);
		if (result != DECODE_SEGMENT || s.protocol != SEGMENT_TCP)
			continue;
		t->numbers = realloc(t->numbers, (t->packets.count + 1) * sizeof *t->numbers);
		assert_non_null(t->numbers);
		t->numbers[t->packets.count] = p.number;
		testpackets_add(&t->packets, &s, p.time_ns);
	}
	assert_string_equal(capture_error(c), "");
	capture_close(c);
	run_trace(t);
}

static void free_trace(struct trace *t)
{
	testevents_free(&t->events);
	testpackets_free(&t->packets);
	free(t->numbers);
}

/* What tshark says of a connection. */
struct verdict {
	unsigned stream; /* its number */
	bool lost;       /* segments of it are missing */
};

#define FIELDS "-Y tcp -T fields -e frame.number -e tcp.stream -e tcp.len -e tcp.analysis.lost_segment " \
	       "-e tcp.analysis.ack_lost_segment 2>/dev/null"

/* Asks for the stream of each connection, by the packet that opened it. Each stream with payload must belong to one. */
static void map_streams(const struct trace *t, const char *path, struct verdict *verdicts)
{
	char command[1024], line[256];
	uintmax_t number;
	unsigned stream, length;
	FILE *out;

	snprintf(command, sizeof command, TSHARK FIELDS, path);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(line, sizeof line, out)) {
		int end = 0;
		bool known;

		assert_int_equal(sscanf(line, "%ju %u %u%n", &number, &stream, &length, &end), 3);
		known = length == 0;
		for (size_t i = 0; i < t->events.count; i++) {
			if (t->numbers[t->events.connections[i].copy.first_packet - 1] == number)
				verdicts[i].stream = stream;
			if (verdicts[i].stream == stream) {
				known = true;
				verdicts[i].lost |= strspn(line + end, "\t\r\n") < strlen(line + end);
			}
		}
		assert_true(known);
	}
	assert_int_equal(pclose(out), 0);
}

/* "Node 0: 10.0.0.1:40000": true if that is end 0 of the connection. */
static bool is_first_end(const char *line, const struct connection *c)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	const struct iperf_endpoint *e = &c->ends[0];
	char address[INET6_ADDRSTRLEN], text[80];
	bool ipv4 = memcmp(e->address, mapped, sizeof mapped) == 0;

	assert_non_null(inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? e->address + 12 : e->address, address, sizeof address));
	snprintf(text, sizeof text, ipv4 ? "Node 0: %s:%u\n" : "Node 0: [%s]:%u\n", address, e->port);
	return strcmp(line, text) == 0;
}

/* A stream as tshark writes it: octets that are missing are told in words. */
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

/* Reads what `follow` writes of one connection, up to the line that ends it, to a text per end; lines of end 1 begin with
 * a tab. The caller frees the texts. */
static void read_followed(FILE *out, const struct connection *c, char *text[2])
{
	char *line = NULL;
	FILE *streams[2];
	size_t size = 0, sizes[2];
	int first = 0;

	for (int i = 0; i < 2; i++) {
		streams[i] = open_memstream(&text[i], &sizes[i]);
		assert_non_null(streams[i]);
	}
	while (getline(&line, &size, out) > 0 && strncmp(line, "=====", 5) != 0) {
		const char *octets = line + (line[0] == '\t');

		if (strncmp(line, "Node 0:", 7) == 0)
			first = is_first_end(line, c) ? 0 : 1;
		else if (!strchr(line, ':'))
			fprintf(streams[line[0] == '\t' ? !first : first], "%.*s", (int)strcspn(octets, "\r\n"), octets);
	}
	fclose(streams[0]);
	fclose(streams[1]);
	free(line);
}

/* Compares a connection with what `follow` writes of it. False if it is left out. */
static bool judge(FILE *out, const struct testconnection *c, const struct verdict *v)
{
	bool missing = c->streams[0].unseen[UNSEEN_MISSING] || c->streams[1].unseen[UNSEEN_MISSING], same = true;
	char *text[2];

	read_followed(out, &c->copy, text);
	for (int i = 0; i < 2; i++) {
		char *mine = as_tshark(&c->streams[i]);

		same &= strcmp(mine, text[i]) == 0;
		free(mine);
		free(text[i]);
	}
	if (!same && !(missing && v->lost))
		fail_msg("tshark's stream %u is another", v->stream);
	return same;
}

/* Compares all connections that `follow` writes, in whatever order it does. Returns how many were left out. */
static size_t judge_output(const struct trace *t, const struct verdict *verdicts, size_t n, FILE *out)
{
	char *line = NULL;
	size_t size = 0, judged = 0, left_out = 0;
	unsigned stream;

	while (getline(&line, &size, out) > 0) {
		if (sscanf(line, "Filter: tcp.stream eq %u", &stream) != 1)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (verdicts[i].stream == stream) {
				left_out += !judge(out, &t->events.connections[i], &verdicts[i]);
				judged++;
			}
		}
	}
	free(line);
	assert_int_equal(judged, n);
	return left_out;
}

/* Has tshark follow all connections and compares. Returns how many were left out. */
static size_t judge_all(const struct trace *t, const char *path)
{
	size_t n = t->events.count < MOST_CONNECTIONS ? t->events.count : MOST_CONNECTIONS;
	struct verdict *verdicts = malloc((t->events.count + 1) * sizeof *verdicts);
	char *command = NULL;
	size_t size, left_out;
	FILE *out = open_memstream(&command, &size);

	assert_non_null(verdicts);
	assert_non_null(out);
	for (size_t i = 0; i < t->events.count; i++)
		verdicts[i] = (struct verdict){UINT32_MAX, false};
	map_streams(t, path, verdicts);
	fprintf(out, TSHARK "-q", path);
	for (size_t i = 0; i < n; i++)
		fprintf(out, " -z follow,tcp,raw,%u", verdicts[i].stream);
	fprintf(out, " 2>/dev/null");
	fclose(out);
	out = popen(command, "r");
	assert_non_null(out);
	left_out = judge_output(t, verdicts, n, out);
	assert_int_equal(pclose(out), 0);
	free(command);
	free(verdicts);
	print_message("%s: of %zu connections %zu are as tshark sees them, %zu lack octets and were left out\n", path,
		      t->events.count, n - left_out, left_out);
	return left_out;
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
		struct trace other = {0};

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

static bool have_tshark(void)
{
	return system("command -v tshark >/dev/null 2>&1") == 0;
}

static void run_file(void **state)
{
	const char *path = *state;
	bool tshark = have_tshark();
	struct trace t;

	read_trace(&t, path);
	if (t.cut)
		print_message("%s: left out, cut by a snap length\n", path);
	else if (tshark)
		assert_true(judge_all(&t, path) == 0 || path != own);
	else
		print_message("%s: not judged, there is no tshark\n", path);
	if (has_starts(&t) && !t.cut)
		compare_mistreated(&t);
	free_trace(&t);
	if (!tshark)
		skip();
}

/* A capture of our own, so that there is always one. */
static void make_file(const char *path)
{
	struct testpackets packets;
	size_t count;

	testpackets_init(&packets);
	packets.isn[0] = UINT32_MAX - 5;
	testpackets_parse(&packets, made);
	count = packets.count;
	for (size_t i = 0; i < count; i++) {
		/* the same in IPv6, with another address and the ports the other way round */
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
	struct CMUnitTest *tests;
	glob_t found;
	int failed;

	own = strdup(testpackets_path("made.pcap"));
	if (glob("pcaps/*.pcap*", 0, NULL, &found) != 0)
		print_message("no captures in pcaps/\n");
	tests = calloc(found.gl_pathc + 1, sizeof *tests);
	if (!own || !tests)
		return 1;
	make_file(own);
	tests[0] = (struct CMUnitTest){"made here", run_file, NULL, NULL, own};
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[i + 1] = (struct CMUnitTest){found.gl_pathv[i], run_file, NULL, NULL, found.gl_pathv[i]};
	failed = _cmocka_run_group_tests("captures", tests, found.gl_pathc + 1, NULL, NULL);
	globfree(&found);
	free(tests);
	free(own);
	return failed != 0;
}
