/* Both profiles on one port: SPEC 33. */
#include "proto/cookie.h"
#include "proto/octets_test.h"
#include "ref/iperf3_wire_test.h"

static struct program *serve(uint16_t *port, const char *words)
{
	return program_serve(port, "--profile auto%s%s", *words ? " " : "", words);
}

static int send_words(uint16_t port, const char *words, bool by_ones)
{
	static struct octets octets;
	int fd = wire_connect(false, port);

	octets_of(&octets, words);
	for (size_t i = 0; by_ones && i < octets.length; i++)
		wire_send(fd, octets.at + i, 1);
	if (!by_ones)
		wire_send(fd, octets.at, octets.length);
	return fd;
}

static void expect_results(uint16_t port, size_t streams)
{
	static struct wire_answer answer;

	wire_ask_until(false, port, cookie_named('A'), &answer, 0, streams, 0);
}

static void text_is_served(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");

	(void)state;
	for (int i = 0; i < 4; i++) {
		int fd = send_words(port, "A TEST_BEGIN", i % 2), stream = send_words(port, "A STREAM_BEGIN", i % 2);

		expect_results(port, 1);
		wire_message(fd, IPERF_TEST_END, cookie_named('A'));
		wire_ended(fd);
		wire_close(fd);
		wire_close(stream);
		wire_served(i % 2 && wire_has_six(), port);
		served_iperf3(i % 2 && wire_has_six(), port);
	}
	program_stop(server);
}

/* 32 to 36 octets and then silence: text, if what is behind the 32nd may become a keyword. */
static void silence_tells(void **state)
{
	static const char *const beginnings[] = { "A", "A 'I'", "A 'IPER'" };
	uint16_t port;
	struct program *server = program_serve(&port, "--profile auto -V");

	(void)state;
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		static struct octets begin;
		int other, fd = send_words(port, beginnings[i], false);
		size_t sent = 32 + strlen(beginnings[i]) - (i ? 4 : 1);

		program_said(server, PROGRAM_ERR, "take R-6.1-1");
		other = open_with(false, port, 'a');
		expect_denied(other); /* the text profile's test is held */
		octets_of(&begin, "A TEST_BEGIN");
		wire_send(fd, begin.at + sent, begin.length - sent);
		program_said(server, PROGRAM_ERR, "begin R-5.1-5");
		expect_results(port, 0);
		wire_close(fd);
		program_said(server, PROGRAM_ERR, "release");
	}
	program_signal(server, 15);
	test_assert(program_wait(server) == 0, "it did not end well");
}

/* Fewer octets, or others, are nobody's: they end without an octet, within T_read or T_hello. */
static void nobody(void **state)
{
	static const char *const beginnings[] = { "", "A[0..31]", "A 'X'", "A 'IPEX'" };
	uint16_t port;
	struct program *server = serve(&port, "--t-hello 5 --t-read 0.4");

	(void)state;
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		int fd = send_words(port, beginnings[i], false);

		served_iperf3(false, port); /* R-30-3 */
		wire_ended(fd);
		fd = send_words(port, beginnings[i], false);
		wire_half_close(fd);
		wire_ended(fd);
	}
	program_stop(server);
}

static void one_test_at_a_time(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int stream, fd = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), other, silent;

	(void)state;
	for (int i = 0; i < 10; i++) {
		other = open_with(false, port, 'a');
		wire_send(other, "more", 4);
		expect_denied(other);
		wire_close(other);
	}
	wire_message(fd, IPERF_TEST_END, cookie_named('A'));
	wire_ended(fd);
	fd = open_flowing(false, port, 'a', "{}", &stream);
	silent = wire_connect(false, port);
	other = open_with(false, port, 'b');
	expect_denied(other);
	for (int i = 0; i < 10; i++) {
		other = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('B'));
		wire_ended(other); /* not an octet */
		wire_close(other);
	}
	wire_ended(silent); /* R-30-1 */
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	wire_served(false, port);
	program_stop(server);
}

/* Its cookie, which a test has used up, takes the server for nobody. */
static void straggler(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "--t-begin 60 --t-hello 60 --t-read 60");

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
		int silent = wire_connect(false, port), late = send_words(port, "A", false);

		wire_ping(false, port);
		wire_message(fd, IPERF_TEST_END, cookie_named('A'));
		wire_ended(fd);
		wire_send(silent, cookie_named('A')->octets, IPERF_COOKIE_LENGTH);
		wire_send(silent, "IPERF", 5);
		wire_ended(silent);
		wire_ended(late);
		wire_served(false, port);
		served_iperf3(false, port);
	}
	program_stop(server);
}

/* While streams are awaited. */
static void strangers_among_streams(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "");
	int fd = open_test(false, port, 'a', "{}"), stream, text, silent = wire_connect(false, port);
	int cut = send_words(port, "A[0..10]", false);

	(void)state;
	wire_half_close(cut);
	expect_denied(cut); /* R-25-5 */
	expect_denied(open_with(false, port, 'b'));
	text = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('B'));
	wire_ended(text);
	stream = open_with(false, port, 'a');
	expect_octets(fd, 2, TEST_START, TEST_RUNNING);
	wire_ended(silent);
	json_decref(end_test(fd, RESULTS_OF(R1)));
	say_done(fd);
	wire_close(stream);
	program_stop(server);
}

static void bounded(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "--max-pending 3");
	int silent[5];

	(void)state;
	for (size_t i = 0; i < COUNT(silent); i++)
		silent[i] = wire_connect(false, port);
	wire_ended(silent[0]);
	wire_ended(silent[1]);
	test_assert(wire_state(silent[4]) == WIRE_SILENT, "the last one was closed");
	served_iperf3(false, port);
	wire_served(false, port);
	program_stop(server);
}

static void one_off(void **state)
{
	uint16_t port;
	struct program *server = serve(&port, "-1");

	(void)state;
	wire_close(wire_connect(false, port));
	served_iperf3(false, port);
	test_assert(program_wait(server) == 0, "it did not end well");
	server = serve(&port, "-1");
	wire_served(false, port);
	test_assert(program_wait(server) == 0, "it did not end well");
}

int main(void)
{
	test_add("33/text-is-served R-33-1 R-33-3", text_is_served, NULL);
	test_add("33/silence-tells R-33-2", silence_tells, NULL);
	test_add("33/nobody's R-33-1 R-33-2 R-31-1", nobody, NULL);
	test_add("33/one-test-at-a-time R-33-3 R-33-4", one_test_at_a_time, NULL);
	test_add("33/strangers-among-streams R-25-4 R-25-5 R-25-6 R-33-4", strangers_among_streams, NULL);
	test_add("33/straggler R-6.5-10 R-33-2", straggler, NULL);
	test_add("33/bounded R-32-3", bounded, NULL);
	test_add("33/one-off R-29-13", one_off, NULL);
	return TESTS_RUN("ref/profile");
}
