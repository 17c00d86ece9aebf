/* What is written is read again: by this project's reader and judge, and by tshark. To be run anywhere. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/capture.h"
#include "conformance/check.h"
#include "conformance/pcap_writer.h"
#include "conformance/testevents.h"
#include "conformance/testtshark.h"
#include "proto/message.h"
#include "proto/rows_test.h"

#define START TESTPACKETS_START_NS

static const struct iperf_endpoint client = { .address = { [10] = 0xff, 0xff, 10, 0, 0, 1 }, .port = 40000 };
static const struct iperf_endpoint server = { .address = { [10] = 0xff, 0xff, 10, 0, 0, 2 }, .port = 5201 };
static const struct iperf_endpoint client6 = { .address = { 0xfd, [15] = 1 }, .port = 40000 };
static const struct iperf_endpoint server6 = { .address = { 0xfd, [15] = 2 }, .port = 5201 };

static char error[PCAP_WRITER_ERROR_SIZE];

static struct pcap_writer *begin(const char *name, char path[static 512])
{
	struct pcap_writer *w;

	snprintf(path, 512, "%s", testpackets_path(name));
	w = pcap_writer_open(path, error);
	if (!w)
		fail_msg("%s", error);
	return w;
}

static void end(struct pcap_writer *w)
{
	if (!pcap_writer_close(w, error))
		fail_msg("%s", error);
}

static void say(struct pcap_writer *w, uint32_t id, bool to_server, const char *text, int64_t time_ns)
{
	pcap_writer_octets(w, id, to_server, (const uint8_t *)text, strlen(text), time_ns);
}

/* --- read again -------------------------------------------------------------------------------------------------- */

/* Reads the file and feeds it to a reassembly whose events are recorded. Datagrams are added to the log. */
static void read_again(const char *path, struct testevents *events)
{
	char why[CAPTURE_ERROR_SIZE];
	struct capture *capture = capture_open(path, why);
	struct reassembly_options options;
	struct capture_packet packet;
	struct reassembly *r;
	struct segment s;

	if (!capture)
		fail_msg("%s", why);
	testevents_init(events);
	options = testevents_options(events);
	r = reassembly_new(&options);
	assert_non_null(r);
	while (capture_next(capture, &packet) == CAPTURE_PACKET) {
		assert_int_equal(decode_packet(packet.linktype, packet.octets, packet.captured, packet.length, &s),
				 DECODE_SEGMENT);
		assert_int_equal(s.captured, s.length);
		if (s.protocol == SEGMENT_TCP)
			assert_int_equal(testevents_feed(events, r, &s, packet.number, packet.time_ns), 0);
		else
			fprintf(events->log, "; %d datagram %d>%d %.*s", (int)packet.number, s.source.port,
				s.destination.port, (int)s.length, s.length ? (const char *)s.payload : "");
	}
	assert_string_equal(capture_error(capture), "");
	reassembly_finish(r);
	reassembly_free(r);
	capture_close(capture);
}

static void assert_read_as(const char *path, const char *expected)
{
	struct testevents events;

	read_again(path, &events);
	assert_string_equal(testevents_text(&events), expected);
	testevents_free(&events);
}

static void one_connection(void **state)
{
	char path[512];
	struct pcap_writer *w = begin("one.pcap", path);
	uint32_t id = pcap_writer_connection(w, &client, &server, START);

	(void)state;
	say(w, id, true, "hello", START + 1);
	say(w, id, false, "world", START + 2);
	pcap_writer_eof(w, id, true, START + 3);
	say(w, id, true, "not written", START + 4);
	say(w, id, false, "late", START + 4);
	pcap_writer_eof(w, id, false, START + 5);
	pcap_writer_eof(w, id, false, START + 5);
	pcap_writer_reset(w, id, false, START + 6);
	end(w);
	assert_read_as(path, "1 open 40000>5201; 2 established; 4 > hello@0; 6 < world@0; 8 > eof @5; 10 < late@5; "
			     "12 < eof @9; 12 forgotten");
}

/* Resets by each side, a refusal, and the same ports three times. */
static void resets(void **state)
{
	char path[512];
	struct pcap_writer *w = begin("resets.pcap", path);
	uint32_t id = pcap_writer_connection(w, &client, &server, START);

	(void)state;
	say(w, id, true, "a", START);
	pcap_writer_reset(w, id, true, START);
	say(w, id, false, "not written", START);
	id = pcap_writer_connection(w, &client, &server, START + 1);
	pcap_writer_eof(w, id, true, START + 1);
	pcap_writer_reset(w, id, false, START + 1);
	pcap_writer_refused(w, &client, &server, START + 2);
	end(w);
	assert_read_as(path, "1 open 40000>5201; 2 established; 4 > a@0; 6 > reset @1; 6 forgotten; "
			     "7 open 40000>5201; 8 established; 10 > eof @0; 12 < reset @0; 12 forgotten; "
			     "13 open 40000>5201; 14 < reset @0; 14 forgotten");
}

static void datagrams(void **state)
{
	char path[512];
	struct pcap_writer *w = begin("datagrams.pcap", path);

	(void)state;
	pcap_writer_datagram(w, &client, &server, true, (const uint8_t *)"odd", 3, START);
	pcap_writer_datagram(w, &client, &server, true, NULL, 0, START);
	pcap_writer_datagram(w, &client6, &server6, false, (const uint8_t *)"even", 4, START);
	end(w);
	assert_read_as(path, "; 1 datagram 40000>5201 odd; 2 datagram 40000>5201 ; 3 datagram 5201>40000 even");
}

/* Times as told, but never backwards. */
static void times(void **state)
{
	static const int64_t expected[] = { START + 7, START + 7, START + 5000000000 };
	char path[512], why[CAPTURE_ERROR_SIZE];
	struct pcap_writer *w = begin("times.pcap", path);
	struct capture_packet packet;
	struct capture *capture;

	(void)state;
	pcap_writer_datagram(w, &client, &server, true, NULL, 0, START + 7);
	pcap_writer_datagram(w, &client, &server, true, NULL, 0, START + 3);
	pcap_writer_datagram(w, &client, &server, true, NULL, 0, START + 5000000000);
	end(w);
	capture = capture_open(path, why);
	assert_non_null(capture);
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(capture_next(capture, &packet), CAPTURE_PACKET);
		assert_int_equal(packet.time_ns, expected[i]);
	}
	capture_close(capture);
}

/* Many connections at once, octets by chance: all arrive, in both address families. */
static void by_chance(void **state)
{
	static uint8_t octets[100000];
	enum { CONNECTIONS = 20 };
	uint64_t seed = seed_of(5);
	size_t sent[CONNECTIONS][2] = { 0 };
	uint32_t ids[CONNECTIONS];
	struct testevents events;
	char path[512];
	struct pcap_writer *w = begin("chance.pcap", path);

	(void)state;
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)chance(&seed, 256);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct iperf_endpoint c = i % 2 ? client : client6;

		c.port = (uint16_t)(c.port + i);
		ids[i] = pcap_writer_connection(w, &c, i % 2 ? &server : &server6, START);
	}
	for (unsigned round = 0; round < rounds(500); round++) {
		size_t i = chance(&seed, CONNECTIONS), by = chance(&seed, 2);
		size_t length = chance(&seed, chance(&seed, 10) ? 1500 : 60000);

		if (sent[i][by] + length > sizeof octets)
			continue;
		pcap_writer_octets(w, ids[i], by == 0, octets + sent[i][by], length, START + round);
		sent[i][by] += length;
	}
	end(w);
	read_again(path, &events);
	assert_int_equal(events.count, CONNECTIONS);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		for (int by = 0; by < 2; by++) {
			assert_int_equal(events.connections[i].streams[by].length, sent[i][by]);
			assert_memory_equal(events.connections[i].streams[by].octets, octets, sent[i][by]);
		}
	}
	testevents_free(&events);
}

/* --- the judge --------------------------------------------------------------------------------------------------- */

static void say_message(struct pcap_writer *w, uint32_t id, bool first, enum iperf_message_kind kind, int64_t time_ns)
{
	static const struct iperf_cookie cookie = { "0123456789abcdef0123456789ABCDE" };
	uint8_t octets[IPERF_OPENING_MAX];
	size_t length = first ? iperf_opening_write(octets, kind, &cookie) : iperf_message_write(octets, kind, &cookie);

	pcap_writer_octets(w, id, kind != IPERF_RESULTS_RESPONSE, octets, length, time_ns);
}

static uint32_t connect_from(struct pcap_writer *w, bool v6, uint16_t port)
{
	struct iperf_endpoint from = v6 ? client6 : client;

	from.port = port;
	return pcap_writer_connection(w, &from, v6 ? &server6 : &server, START);
}

/* A whole test with one stream. */
static void write_test(struct pcap_writer *w, bool v6)
{
	uint32_t control = connect_from(w, v6, 40000), stream, results;

	say_message(w, control, true, IPERF_TEST_BEGIN, START);
	stream = connect_from(w, v6, 40001);
	say_message(w, stream, true, IPERF_STREAM_BEGIN, START);
	say(w, stream, true, "abc", START);
	say_message(w, stream, false, IPERF_STREAM_END, START);
	pcap_writer_eof(w, stream, true, START);
	pcap_writer_eof(w, stream, false, START);
	results = connect_from(w, v6, 40002);
	say_message(w, results, true, IPERF_RESULTS_REQUEST, START);
	say_message(w, results, false, IPERF_RESULTS_RESPONSE, START);
	say(w, results, false,
	    " {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_port\":40001,\"bytes\":3,\"packets\":null,"
	    "\"seconds\":0.0,\"complete\":true}],\"bytes\":3}", START);
	pcap_writer_eof(w, results, false, START);
	pcap_writer_eof(w, results, true, START);
	say_message(w, control, false, IPERF_TEST_END, START);
	pcap_writer_eof(w, control, true, START);
	pcap_writer_eof(w, control, false, START);
}

static void judged(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		char path[512], *text = NULL;
		struct pcap_writer *w = begin("judged.pcap", path);
		struct servers_options options = { .streams_max = 128, .at_client = true };
		size_t size = 0;
		struct report_options report = { .out = open_memstream(&text, &size) };
		int status;

		write_test(w, v6);
		end(w);
		status = check_file(path, &options, &report, true);
		fclose(report.out);
		if (status != 0 || !strstr(text, "1 test"))
			fail_msg("status %d: %s", status, text);
		free(text);
	}
}

/* --- tshark ------------------------------------------------------------------------------------------------------ */

#define TSHARK                                                                                                         \
	"tshark -n -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -r '%s' "           \
	"-Y '_ws.expert.severity >= 6291456 || tcp.analysis.flags || tcp.checksum.status != Good || "                  \
	"udp.checksum.status != Good || ip.checksum.status != Good' 2>/dev/null"

/* No warning, each checksum right. (That a FIN begins the end of a connection is a note.) */
static void tshark_is_calm(void **state)
{
	static uint8_t payload[300000];
	char path[512], command[1400], line[300] = "";
	struct pcap_writer *w;
	uint32_t id;
	FILE *out;

	(void)state;
	if (!tshark_exists())
		skip();
	w = begin("calm.pcap", path);
	write_test(w, false);
	write_test(w, true);
	id = connect_from(w, false, 41000);
	pcap_writer_octets(w, id, true, payload, sizeof payload, START);
	id = connect_from(w, true, 41001);
	pcap_writer_octets(w, id, false, payload, sizeof payload, START);
	for (uint16_t i = 0; i < 100; i++)
		pcap_writer_datagram(w, i % 2 ? &client : &client6, i % 2 ? &server : &server6, true, payload, i * 7u,
				     START);
	end(w);
	snprintf(command, sizeof command, TSHARK, path);
	out = popen(command, "r");
	assert_non_null(out);
	if (fgets(line, sizeof line, out))
		fail_msg("%s", line);
	assert_int_equal(pclose(out), 0);
}

/* --- when it cannot be written ----------------------------------------------------------------------------------- */

static void no_folder(void **state)
{
	(void)state;
	assert_null(pcap_writer_open("/nonexistent/a.pcap", error));
	assert_string_equal(error, "/nonexistent/a.pcap: no capture can be written there: No such file or directory");
}

static void disk_full(void **state)
{
	struct pcap_writer *w = pcap_writer_open("/dev/full", error);

	(void)state;
	assert_non_null(w);
	assert_int_equal(pcap_writer_connection(w, &client, &server, START), 0);
	pcap_writer_octets(w, 0, true, (const uint8_t *)"a", 1, START);
	pcap_writer_eof(w, 0, true, START);
	pcap_writer_reset(w, 0, true, START);
	assert_false(pcap_writer_close(w, error));
	assert_string_equal(error, "/dev/full: the capture is not whole: No space left on device");
}

static void too_long(void **state)
{
	static const uint8_t octets[70000];
	static const struct { const struct iperf_endpoint *client, *server; size_t length; bool fits; } rows[] = {
		{ &client, &server, 65507, true },   { &client, &server, 65508, false },
		{ &client6, &server6, 65527, true }, { &client6, &server6, 65528, false },
		{ &client6, &server6, 70000, false },
	};
	char path[512];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcap_writer *w = begin("long.pcap", path);

		pcap_writer_datagram(w, rows[i].client, rows[i].server, true, octets, rows[i].length, START);
		assert_int_equal(pcap_writer_close(w, error), rows[i].fits);
		if (!rows[i].fits)
			assert_non_null(strstr(error, "longer than IP can carry"));
	}
}

static void nothing(void **state)
{
	(void)state;
	assert_int_equal(pcap_writer_connection(NULL, &client, &server, START), 0);
	pcap_writer_refused(NULL, &client, &server, START);
	pcap_writer_octets(NULL, 1, true, NULL, 0, START);
	pcap_writer_eof(NULL, 1, true, START);
	pcap_writer_reset(NULL, 1, true, START);
	pcap_writer_datagram(NULL, &client, &server, true, NULL, 0, START);
	assert_true(pcap_writer_close(NULL, error));
}

/* A killed program leaves what it has said. */
static void killed(void **state)
{
	char path[512];
	int status;
	pid_t child;

	(void)state;
	snprintf(path, sizeof path, "%s", testpackets_path("killed.pcap"));
	child = fork();
	if (child == 0) {
		struct pcap_writer *w = pcap_writer_open(path, error);
		uint32_t id = pcap_writer_connection(w, &client, &server, START);

		say(w, id, true, "last words", START);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_read_as(path, "1 open 40000>5201; 2 established; 4 > last words@0; 5 forgotten");
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(one_connection), cmocka_unit_test(resets),    cmocka_unit_test(datagrams),
		cmocka_unit_test(times),          cmocka_unit_test(by_chance), cmocka_unit_test(judged),
		cmocka_unit_test(tshark_is_calm), cmocka_unit_test(no_folder), cmocka_unit_test(disk_full),
		cmocka_unit_test(too_long),       cmocka_unit_test(nothing),   cmocka_unit_test(killed),
	};

	return cmocka_run_group_tests(all, NULL, NULL) != 0;
}
