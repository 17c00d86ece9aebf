/* The iperf3 profile's server on the wire: what only sockets, threads and the real program show. SPEC 22 to 32. */
#include <unistd.h>

#include "ref/iperf3_wire_test.h"

#define REVERSE "{\"tcp\":true,\"reverse\":true,\"time\":0}"
#define SLOW "{\"reverse\":true,\"time\":0,\"len\":1000,\"bandwidth\":800000}"
#define UDP "{\"udp\":true,\"len\":100,\"time\":1}"

static struct program *serve(uint16_t *port, const char *words)
{
	return program_serve(port, "--profile iperf3%s%s", *words ? " " : "", words);
}

/* What the server says last arrives, although octets of the client are unread. */
static void error_arrives(void **state)
{
	static uint8_t garbage[100000];
	uint16_t port;
	struct program *server = serve(&port, "");

	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = open_with(i % 2, port, 'a');

		expect_octets(fd, 1, PARAM_EXCHANGE);
		wire_send(fd, "\xff\xff\xff\xff", 4);
		wire_send(fd, garbage, sizeof garbage);
		expect_error(fd, 114);
		served_iperf3(false, port); /* the server is free, though fd is still open */
		wire_close(fd);
	}
	program_stop(server);
}

static void deny_arrives(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', "{}", &stream);

	(void)state;
	for (int i = 0; i < 50; i++) {
		int other = open_with(false, port, 'b');

		wire_send(other, "octets that nobody reads", 24);
		expect_denied(other);
		wire_close(other);
	}
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	program_stop(server);
}

static void strangers_wait_for_nobody(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "--max-pending 4");
	int silent[6], fd, stream;

	(void)state;
	for (size_t i = 0; i < COUNT(silent); i++)
		silent[i] = wire_connect(false, port);
	expect_error(silent[0], 106); /* R-32-3 */
	served_iperf3(false, port);
	fd = open_test(false, port, 'a', "{}");
	wire_send(wire_connect(false, port), "half a cook", 11);
	stream = open_with(false, port, 'a');
	expect_octets(fd, 2, TEST_START, TEST_RUNNING);
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	wire_close(stream);
	program_stop(server);
}

static void counts_to_the_octet(void **state)
{
	static uint8_t payload[123457];
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', "{\"len\":8192}", &stream);
	json_t *results;

	(void)state;
	memset(payload, 0x09, sizeof payload);
	wire_send(stream, payload, sizeof payload);
	wire_half_close(stream);
	results = end_test(fd, RESULTS_OF("{\"id\":1,\"bytes\":123457,\"retransmits\":0,\"jitter\":0,\"errors\":0,"
					  "\"packets\":0}"));
	test_assert(figure(results, 0, "bytes") == 123457, "%lld octets counted", figure(results, 0, "bytes"));
	test_assert(figure(results, 0, "retransmits") == -1, "a receiver has retransmits");
	test_assert(!json_object_get(results, "server_output_text"), "an output that was not asked for");
	json_decref(results);
	say_done(fd);
	program_stop(server);
}

/* The client never reads: the server's writes are blocked when TEST_END comes. */
static void blocked_sender(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', REVERSE, &stream);
	json_t *results;

	(void)state;
	test_assert(wire_wait(stream, TEST_PATIENCE_MS), "no payload");
	program_settle(server, port);
	results = end_test(fd, RESULTS_OF(R1));
	test_assert(figure(results, 0, "bytes") > 0, "nothing was sent");
	test_assert(figure(results, 0, "retransmits") >= 0, "a sender has no retransmits");
	json_decref(results);
	say_done(fd);
	served_iperf3(false, port);
	program_stop(server);
}

/* A client that reads whole blocks waits for the rest of the last one, or for the end. */
static void sender_ends(void **state)
{
	static uint8_t payload[100000];
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', REVERSE, &stream);

	(void)state;
	wire_read(stream, payload, sizeof payload);
	send_octet(fd, TEST_END);
	expect_octets(fd, 1, EXCHANGE_RESULTS);
	while (wire_read(stream, payload, sizeof payload) == sizeof payload)
		;
	send_json(fd, RESULTS_OF(R1));
	json_decref(read_results(fd));
	say_done(fd);
	program_stop(server);
}

static void send_datagram(int fd, uint32_t sequence)
{
	uint32_t datagram[25] = { htonl(1), htonl(2), htonl(sequence) };

	wire_send(fd, datagram, sizeof datagram);
}

static void expect_reply(int fd, const char *reply)
{
	char octets[10];

	test_assert(wire_wait(fd, TEST_PATIENCE_MS), "no reply");
	test_assert(recv(fd, octets, sizeof octets, 0) == 4 && memcmp(octets, reply, 4) == 0, "another reply");
}

static void udp_counts(void **state)
{
	static const uint32_t sequences[] = { 1, 2, 4, 7, 6, 7 };
	uint16_t port;
	bool six = wire_has_six();
	struct program *server = serve(&port, "");
	int early = wire_udp(six, port), fd, stream = wire_udp(six, port), other = wire_udp(six, port);
	json_t *results;

	(void)state;
	wire_send(early, "9876", 4); /* R-26.1-5 */
	program_settle(server, port);
	fd = open_test(six, port, 'a', UDP);
	wire_send(other, "nothing", 7);
	wire_send(stream, "9876", 4);
	expect_reply(stream, "6789");
	expect_octets(fd, 2, TEST_START, TEST_RUNNING);
	wire_send(other, "9876", 4);
	for (size_t i = 0; i < COUNT(sequences); i++) {
		send_datagram(stream, sequences[i]);
		send_datagram(other, 1000); /* R-26.3-6 */
	}
	program_settle(server, port);
	results = end_test(fd, RESULTS_OF(R1));
	test_assert(figure(results, 0, "bytes") == 600, "%lld octets", figure(results, 0, "bytes"));
	test_assert(figure(results, 0, "packets") == 7, "%lld packets", figure(results, 0, "packets"));
	test_assert(figure(results, 0, "errors") == 1, "%lld errors", figure(results, 0, "errors"));
	json_decref(results);
	say_done(fd);
	test_assert(wire_state(other) == WIRE_SILENT && wire_state(early) == WIRE_SILENT, "a stranger was answered");
	test_assert(wire_state(stream) == WIRE_SILENT, "more than one reply");
	program_stop(server);
}

/* A socket that is connected to another address of this host than the one that answers by itself. */
static int second_address(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	test_assert(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "no socket for 127.0.0.2");
	return fd;
}

/* The reply comes from where the hello went, and so does the payload. */
static void udp_from_the_address_asked(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream = second_address(port), fd = open_test(false, port, 'a', "{\"udp\":true,\"len\":100,\"reverse\":true}");

	(void)state;
	wire_send(stream, "9876", 4);
	expect_reply(stream, "6789");
	expect_octets(fd, 2, TEST_START, TEST_RUNNING);
	test_assert(wire_wait(stream, TEST_PATIENCE_MS), "no payload");
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	close(stream);
	program_stop(server);
}

static void one_test(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "-1");
	int fd;

	(void)state;
	wire_close(wire_connect(false, port));
	fd = open_with(false, port, 'a');
	expect_octets(fd, 1, PARAM_EXCHANGE);
	send_json(fd, "{");
	expect_error(fd, 114);
	fd = open_test(false, port, 'b', "{}");
	wire_close(fd);
	served_iperf3(false, port); /* R-29-12 */
	test_assert(program_wait(server) == 0, "it did not end well"); /* R-29-13 */
}

static void stopped(void **state)
{
	uint16_t port;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct program *server = serve(&port, "");
		int stream, fd = i ? open_flowing(false, port, 'a', "{}", &stream) : open_test(false, port, 'a', "{}");

		program_signal(server, i ? 2 : 15);
		expect_octets(fd, 1, SERVER_TERMINATE);
		wire_ended(fd);
		test_assert(program_wait(server) == 0, "it did not end well");
	}
}

static void output_does_not_stick(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "-i 0.1");
	int stream, fd = open_flowing(false, port, 'a', "{\"get_server_output\":1}", &stream);
	json_t *results = end_test(fd, RESULTS_OF(R1));

	(void)state;
	test_assert(json_object_get(results, "server_output_text"), "no output");
	json_decref(results);
	say_done(fd);
	fd = open_flowing(false, port, 'b', "{}", &stream);
	results = end_test(fd, RESULTS_OF(R1));
	test_assert(!json_object_get(results, "server_output_text"), "the last test's wish has stuck");
	json_decref(results);
	say_done(fd);
	program_stop(server);
}

static void titles_are_shown(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', "{\"title\":\"one\\u001b[2J\"}", &stream);

	(void)state;
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	program_said(server, PROGRAM_OUT, "Title: one?[2J");
	program_stop(server);
	server = serve(&port, "-J");
	fd = open_flowing(false, port, 'a', "{\"title\":\"one\",\"extra_data\":\"two\"}", &stream);
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	program_said(server, PROGRAM_OUT, "\"extra_data\"");
	test_assert(program_has(server, PROGRAM_OUT, "\"title\""), "no title");
	program_stop(server);
}

static void broken_stream(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = open_flowing(false, port, 'a', "{\"time\":0}", &stream);

	(void)state;
	wire_reset(stream);
	expect_error(fd, 206); /* R-25-12 */
	served_iperf3(false, port);
	program_stop(server);
}

static void control_ends(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");

	(void)state;
	for (int i = 0; i < 4; i++) {
		int stream, fd = open_flowing(false, port, 'a', i % 2 ? REVERSE : "{}", &stream);

		if (i < 2)
			wire_close(fd);
		else
			wire_reset(fd);
		served_iperf3(false, port);
		wire_close(stream);
	}
	program_stop(server);
}

static void timers(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "--t-read 0.1 --t-silence 0.2 --t-over 0.1");
	int stream, fd = wire_connect(false, port);

	(void)state;
	expect_error(fd, 106);
	fd = open_with(false, port, 'a');
	expect_octets(fd, 1, PARAM_EXCHANGE);
	expect_error(fd, 114);
	fd = open_test(false, port, 'a', "{}");
	expect_error(fd, 144);
	fd = open_flowing(false, port, 'a', "{\"time\":0}", &stream);
	expect_error(fd, 144);
	fd = open_flowing(false, port, 'a', "{\"time\":0}", &stream);
	send_octet(fd, TEST_END);
	expect_octets(fd, 1, EXCHANGE_RESULTS);
	expect_error(fd, 117);
	program_stop(server);
	server = serve(&port, "--t-over 0.1");
	fd = open_flowing(false, port, 'a', "{\"time\":1}", &stream);
	expect_error(fd, 160);
	program_stop(server);
}

/* Payload keeps a test alive for longer than T_silence. */
static void payload_is_no_silence(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "--t-silence 0.5");
	int stream, fd = open_flowing(false, port, 'a', SLOW, &stream);
	static uint8_t payload[150000];

	(void)state;
	test_assert(wire_read(stream, payload, sizeof payload) == sizeof payload, "the test was ended"); /* 1.5 s */
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	program_stop(server);
}

static void refusals(void **state)
{
	static const struct {
		const char *parameters;
		int error;
	} rows[] = {
		{ "{\"window\":1073741824}", 141 }, { "{\"sctp\":true}", 202 },   { "{\"authtoken\":\"x\"}", 142 },
		{ "{\"TOS\":256}", 125 },           { "{\"parallel\":0}", 200 },  { "{\"server_affinity\":0}", 132 },
		{ "{\"MSS\":1000,\"reverse\":true}", 123 },
	};
	uint16_t port;
	struct program *server = serve(&port, "");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_with(false, port, 'a');

		test_step = rows[i].parameters;
		expect_octets(fd, 1, PARAM_EXCHANGE);
		send_json(fd, rows[i].parameters);
		expect_error(fd, rows[i].error);
		served_iperf3(false, port);
		wire_close(fd);
	}
	program_stop(server);
}

int main(void)
{
	test_add("29/an-error-arrives-before-unread-octets-reset R-29-1 R-23-18", error_arrives, NULL);
	test_add("30/a-deny-arrives R-30-1 R-30-2", deny_arrives, NULL);
	test_add("30/strangers-delay-nobody R-30-3 R-25-6 R-32-3", strangers_wait_for_nobody, NULL);
	test_add("25/counts-to-the-octet R-25-9 R-25-10 R-25-8 R-28-8 R-28-10", counts_to_the_octet, NULL);
	test_add("23/test-end-while-writes-are-blocked R-23-9 R-27.1-1 R-28-8", blocked_sender, NULL);
	test_add("27/the-stream-ends-when-the-server-stops R-27.1-1 R-23-9", sender_ends, NULL);
	test_add("26/counts-datagrams R-26.3-1 R-26.3-2 R-26.3-3 R-26.3-4 R-26.3-6 R-26.1-5", udp_counts, NULL);
	test_add("26/from-the-address-asked R-26.1-3", udp_from_the_address_asked, NULL);
	test_add("29/one-test R-29-12 R-29-13", one_test, NULL);
	test_add("29/stopped R-29-7", stopped, NULL);
	test_add("28/output R-28-9 R-28-10 R-23-21", output_does_not_stick, NULL);
	test_add("24/titles-are-shown R-24-1", titles_are_shown, NULL);
	test_add("25/broken-stream R-25-12", broken_stream, NULL);
	test_add("29/control-ends R-29-9", control_ends, NULL);
	test_add("31/timers R-31-1 R-31-2 R-31-3 R-31-6", timers, NULL);
	test_add("31/payload-is-no-silence R-31-2 R-27.2-4", payload_is_no_silence, NULL);
	test_add("24/refusals R-24-6", refusals, NULL);
	return TESTS_RUN("ref/iperf3_server_net");
}
