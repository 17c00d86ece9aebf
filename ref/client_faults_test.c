/* The real client against a scripted server that breaks the rules, or off: what it tells its user, its status, and whether
 * IPERF_TEST_END is still sent. The language of the rows is in testscript.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

#define BEGUN "a< A TEST_BEGIN"
#define STREAM "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s close", "r< A RESULTS_REQUEST"
#define FAILED(what) "exit 1", "said Failed: " what, "told " what ": "
#define ENDED(what) "a< TEST_END eof", "a close", FAILED(what)

/* --- the control connection -------------------------------------------------------------------------------------------------- */

static const struct script_row control_rows[] = {
	{ "5.2/rejected-at-32-octets R-5.2-5 R-5.2-7", AT, "-P 0 --t-reject 60", { "a< A", "a close", FAILED("rejected") } },
	{ "5.2/rejected-with-a-reset R-5.2-4 R-5.2-5", AT, "-P 0 --t-reject 60", { "a< A", "a reset", FAILED("rejected") } },
	{ "5.2/rejected-with-eof R-5.2-4 R-5.2-5", AT, "-P 0 --t-reject 60", { BEGUN, "a close", FAILED("rejected") } },
	{ "5.2/rejected-by-half-close R-5.2-4", AT, "-P 0 --t-reject 60", { BEGUN, "a half-close", FAILED("rejected") } },
	{ "5.2/rejected-in-the-payload R-5.2-7 R-5.2-8", AT, "-t 600 -b 1M --t-reject 60", {
		BEGUN, "s< A STREAM_BEGIN payload*100", "a close", FAILED("rejected"), "nobody" } },
	{ "5.2/not-tried-again R-5.2-6", AT, "-P 0 --t-reject 60", { "a< A", "a close", "exit 1", "told rejected: " } },
	{ "5.2/aborted-after-t-reject R-5.2-7 R-5.2-8", AT, "-t 600 -b 1M --t-reject 0.001", {
		BEGUN, "s< A STREAM_BEGIN", "mark", "pause 300", "a close", FAILED("aborted") } },
	{ "5.2/aborted-after-a-response R-5.2-7 R-5.2-8", AT, "-u -t 600 --t-reject 60", {
		BEGUN, "u< STREAM_BEGIN", "u< STREAM_BEGIN", "u< STREAM_BEGIN", "r< A RESULTS_REQUEST", "r answers u 0/0 -",
		"u< payload*1400", "a close", FAILED("aborted") } },
	{ "5.2/aborted-with-a-reset R-5.2-4", AT, "-u -t 600 --t-reject 60", {
		BEGUN, "u< STREAM_BEGIN", "u< STREAM_BEGIN", "u< STREAM_BEGIN", "r< A RESULTS_REQUEST", "r answers u 0/0 -",
		"u< payload*1400", "a reset", FAILED("aborted") } },
	{ "5.2/aborted-while-it-waits-for-streams R-5.2-8", AT, "-n 10 --t-reject 0.001", {
		BEGUN, "s< A STREAM_BEGIN payload*10 STREAM_END eof", "mark", "pause 300", "a close", FAILED("aborted"),
		"nobody" } },
	{ "5.2/aborted-while-it-asks R-5.2-8", AT, "-n 10 --t-reject 0.001", {
		BEGUN, STREAM, "mark", "pause 300", "a close", FAILED("aborted") } },
	{ "5.2/octets-on-control R-5.2-1", AT, "-n 10", {
		BEGUN, "a: 'x'", STREAM, "r answers s 10 +", ENDED("malformed"), "told R-5.2-1" } },
	{ "5.2/octets-on-a-stream R-5.2-1", AT, "-n 10", {
		BEGUN, "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s: STREAM_END", "s close", "r< A RESULTS_REQUEST",
		"r answers s 10 +", ENDED("malformed"), "told R-5.2-1" } },
};

/* --- streams -------------------------------------------------------------------------------------------------------------------- */

static const struct script_row stream_rows[] = {
	{ "8.1/one-of-two-ended-early R-8.1-7", AT, "-P 2 -n 20000 -l 100 -b 160K", {
		BEGUN, "s< A STREAM_BEGIN payload*100", "s reset", "q< A STREAM_BEGIN payload*10000 STREAM_END eof", "q close",
		"r< A RESULTS_REQUEST", "r answers s 100 -; q 10000 +", ENDED("stream lost"), "told R-8.1-7" } },
	{ "8.1/one-of-two-half-closed-early R-8.1-7", AT, "-P 2 -n 20000 -l 100 -b 160K", {
		BEGUN, "s< A STREAM_BEGIN payload*100", "s half-close", "q< A STREAM_BEGIN payload*10000 STREAM_END eof", "q close",
		"r< A RESULTS_REQUEST", "r answers s 100 -; q 10000 +", ENDED("stream lost"), "told R-8.1-7" } },
	{ "8.1/all-ended-early R-8.1-7", AT, "-P 2 -t 600 -l 100 -b 160K", {
		BEGUN, "s< A STREAM_BEGIN payload*100", "s reset", "q< A STREAM_BEGIN", "q close", "r< A RESULTS_REQUEST",
		"r answers s 100 -; q 0 -", ENDED("stream lost") } },
	{ "8.1/closed-at-its-preamble R-8.1-7 R-11-4", AT, "-P 2 -t 600 -l 100 -b 160K", {
		BEGUN, "s< A", "s close", "q< A", "q close", "r< A RESULTS_REQUEST", "r answers", ENDED("stream lost") } },
	{ "8.1/never-closed R-8.1-6", AT, "-n 10 --t-results 0.4", {
		BEGUN, "s< A STREAM_BEGIN payload*10 STREAM_END eof", "r< A RESULTS_REQUEST", "after 400", "r answers s 10 +",
		ENDED("timeout"), "told R-8.1-6" } },
	{ "8.2/not-complete R-8.2-6", AT, "-n 10", { BEGUN, STREAM, "r answers s 59 -", ENDED("incomplete") } },
	{ "8.4/not-listed R-8.4-7", AT, "-n 10", { BEGUN, STREAM, "r answers", ENDED("incomplete") } },
};

/* --- results -------------------------------------------------------------------------------------------------------------------- */

#define BAD(name, ...) { "9.3/" name " R-9.3-2 R-9.3-3", AT, "-n 10", { BEGUN, STREAM, __VA_ARGS__, ENDED("malformed") } }
#define BAD_DATA(name, data) BAD(name, "r response " data)
#define GOOD_DATA(name, data)                                                                                          \
	{ "9.2/" name, AT, "-n 10", { BEGUN, STREAM, "r response " data, "a< TEST_END eof", "a close", "exit 0",       \
	  "said Done: the server received 10 of 10 octets" } }
#define GOOD_STREAM "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,\"packets\":null,\"seconds\":1,\"complete\":true}"
#define GOOD "{\"streams\":[" GOOD_STREAM "],\"bytes\":10}"
#define BAD_STREAM(name, stream) BAD_DATA(name, "{\"streams\":[" stream "],\"bytes\":10}")

static const struct script_row results_rows[] = {
	BAD("garbage", "r: 'garbage'", "r close"),
	BAD("one-octet", "r: 'I'", "r close"),
	BAD("http", "r: 'HTTP/1.1 400 Bad Request' =0d0a0d0a", "r close"),
	BAD("another-message", "r: RESULTS_REQUEST", "r close"),
	BAD("lower-case", "r: 'iperf_results_response ' A ' " GOOD "'", "r close"),
	BAD("other-cookie", "r: RESULTS_RESPONSE/B ' " GOOD "'", "r close"),
	BAD("last-octet-of-cookie-differs", "r: RESULTS_RESPONSE/C ' " GOOD "'", "r close"),
	BAD("line-end-for-space", "r: RESULTS_RESPONSE =0a '" GOOD "'", "r close"),
	BAD("no-space", "r: RESULTS_RESPONSE '" GOOD "'", "r close"),
	BAD("no-data", "r: RESULTS_RESPONSE ' '", "r close"),
	BAD("octets-behind-the-object", "r: RESULTS_RESPONSE ' " GOOD "' =00", "r close"),
	BAD("cut-at-1", "r cut 1 s 10 +"),
	BAD("cut-at-22", "r cut 22 s 10 +"),
	BAD("cut-at-23", "r cut 23 s 10 +"),
	BAD("cut-at-54", "r cut 54 s 10 +"),
	BAD("cut-at-55", "r cut 55 s 10 +"),
	BAD("cut-at-56", "r cut 56 s 10 +"),
	BAD("cut-at-57", "r cut 57 s 10 +"),
	BAD("cut-at-150", "r cut 150 s 10 +"),
	BAD("reset-in-the-data", "r: RESULTS_RESPONSE ' {'", "r reset"),
	BAD_DATA("no-json", "hello"),
	BAD_DATA("an-array", "[]"),
	BAD_DATA("a-number", "5"),
	BAD_DATA("two-objects", GOOD GOOD),
	BAD_DATA("trailing-comma", "{\"streams\":[],\"bytes\":0,}"),
	BAD_DATA("empty-object", "{}"),
	BAD_DATA("no-streams", "{\"bytes\":0}"),
	BAD_DATA("no-bytes", "{\"streams\":[]}"),
	BAD_DATA("wrong-sum", "{\"streams\":[" GOOD_STREAM "],\"bytes\":11}"),
	BAD_DATA("bytes-in-quotes", "{\"streams\":[],\"bytes\":\"0\"}"),
	BAD_DATA("negative-bytes", "{\"streams\":[],\"bytes\":-1}"),
	BAD_DATA("real-bytes", "{\"streams\":[],\"bytes\":0.0}"),
	BAD_DATA("duplicate-name", "{\"streams\":[],\"bytes\":0,\"bytes\":0}"),
	BAD_DATA("streams-is-no-array", "{\"streams\":{},\"bytes\":0}"),
	BAD_DATA("stream-is-no-object", "{\"streams\":[1],\"bytes\":0}"),
	BAD_STREAM("ids-from-0", "{\"id\":0,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,\"packets\":null,\"seconds\":1,"
				 "\"complete\":true}"),
	BAD_STREAM("unknown-protocol", "{\"id\":1,\"protocol\":\"sctp\",\"client_port\":1,\"bytes\":10,\"packets\":null,"
				       "\"seconds\":1,\"complete\":true}"),
	BAD_STREAM("port-too-large", "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":65536,\"bytes\":10,\"packets\":null,"
				     "\"seconds\":1,\"complete\":true}"),
	BAD_STREAM("packets-on-tcp", "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,\"packets\":1,\"seconds\":1,"
				     "\"complete\":true}"),
	BAD_STREAM("no-packets-on-udp", "{\"id\":1,\"protocol\":\"udp\",\"client_port\":1,\"bytes\":10,\"packets\":null,"
					"\"seconds\":1,\"complete\":true}"),
	BAD_STREAM("complete-in-quotes", "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,\"packets\":null,"
					 "\"seconds\":1,\"complete\":\"true\"}"),
	BAD_STREAM("no-complete", "{\"id\":1,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,\"packets\":null,\"seconds\":1}"),
	GOOD_DATA("plain R-9.2-3", GOOD),
	GOOD_DATA("space-behind R-9.2-10", GOOD "  "),
	GOOD_DATA("space-before R-9.2-10", "  " GOOD),
	GOOD_DATA("space-within R-9.2-10", "\t{ \"streams\" : [ " GOOD_STREAM " ] ,\r\n \"bytes\" : 10 }\r\n\n"),
	GOOD_DATA("unknown-members R-9.2-11", "{\"x\":[{}],\"streams\":[" GOOD_STREAM "],\"bytes\":10,\"y\":null,\"z\":1e300}"),
	{ "9.3/never-answered R-9.3-5 R-9.3-3 R-10-6", AT, "-n 10 --t-results 0.4", {
		BEGUN, STREAM, "a< TEST_END eof", "after 400", "a close", FAILED("timeout") } },
	{ "9.3/answer-without-end R-9.3-5 R-9.3-3", AT, "-n 10 --t-results 0.4", {
		BEGUN, STREAM, "r: RESULTS_RESPONSE ' {'", "a< TEST_END eof", "after 400", "a close", FAILED("timeout") } },
	{ "9.3/malformed-before-payload R-9.3-2 R-9.3-3", AT, "-u -n 10 -l 10", {
		BEGUN, "u< STREAM_BEGIN", "u< STREAM_BEGIN", "u< STREAM_BEGIN", "r< A RESULTS_REQUEST", "r: 'x'", "r close",
		"u< payload*10", "u< STREAM_END", "u< STREAM_END", "u< STREAM_END", "q< A RESULTS_REQUEST", "q answers u 10/1 +",
		ENDED("malformed") } },
	{ "8.4/no-answer-before-payload R-8.4-3 R-9.3-5", AT, "-u -n 10 -l 10 --t-results 0.4", {
		BEGUN, "u< STREAM_BEGIN", "u< STREAM_BEGIN", "u< STREAM_BEGIN", "r< A RESULTS_REQUEST", "u< payload*10", "after 400",
		"u< STREAM_END", "u< STREAM_END", "u< STREAM_END", "q< A RESULTS_REQUEST", "q answers u 10/1 +", "a< TEST_END eof",
		"a close", "exit 1", "told R-9.3-5" } },
};

/* --- the user ---------------------------------------------------------------------------------------------------------------------- */

/* A client that breaks off closes its connections, without an IPERF_TEST_END. */
static const struct script_row signal_rows[] = {
	{ "7/sigint-in-the-payload R-7-5", AT, "-t 600 -b 8M", {
		BEGUN, "s< A STREAM_BEGIN payload*1000", "signal 2", "a< eof", FAILED("interrupted"), "nobody" } },
	{ "7/sigterm-in-the-payload R-7-5", AT, "-t 600 -b 8M -P 3", {
		BEGUN, "s< A STREAM_BEGIN payload*1000", "signal 15", "a< eof", FAILED("interrupted") } },
	{ "7/sigint-while-it-waits-for-streams R-7-5", AT, "-n 10", {
		BEGUN, "s< A STREAM_BEGIN payload*10 STREAM_END eof", "signal 2", "a< eof", FAILED("interrupted"), "nobody" } },
	{ "7/sigint-while-it-asks R-7-5", AT, "-n 10", { BEGUN, STREAM, "signal 2", "a< eof", "r< eof", FAILED("interrupted") } },
	{ "7/sigint-before-payload R-7-5", AT, "-u", {
		BEGUN, "u< STREAM_BEGIN", "r< A RESULTS_REQUEST", "signal 2", "a< eof", "r< eof", FAILED("interrupted") } },
	{ "7/sigint-at-the-end R-7-5", AT, "-P 0", {
		BEGUN, "r< A RESULTS_REQUEST", "r answers", "a< TEST_END eof", "signal 2", FAILED("interrupted") } },
};

/* --- what a script cannot say -------------------------------------------------------------------------------------------------------- */

static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/* 10/refused: nobody listens. */
static void refused(void **state)
{
	uint16_t port;
	int tcp, udp;
	struct program *client;

	(void)state;
	wire_listen(false, 0, &port, &tcp, &udp);
	client = program_start("-c 127.0.0.1 -p %u -t 600", port);
	test_assert(program_wait(client) == 1, "status %d", client->status);
	program_said(client, PROGRAM_ERR, "refused: ");
	program_said(client, PROGRAM_OUT, "Failed: refused");
}

/* 10/connection-that-does-not-open R-10-7: the server's queue is full, and drops what comes. */
static void full_queue(void **state)
{
	uint16_t port;
	int listener, udp, fd;
	struct program *client;
	int64_t began_ns = clock_now_ns();

	(void)state;
	wire_listen(false, 1, &port, &listener, &udp);
	for (int i = 0; i < 8; i++) {
		struct pollfd wait = { .events = POLLOUT };

		fd = wire_begin_connect(false, port);
		wait.fd = fd;
		if (poll(&wait, 1, 50) == 0)
			break; /* this one does not open either */
	}
	client = program_start("-c 127.0.0.1 -p %u --t-results 0.4", port);
	test_assert(program_wait(client) == 1, "status %d", client->status);
	test_assert(clock_now_ns() - began_ns >= 400 * IPERF_MS, "it did not wait");
	program_said(client, PROGRAM_ERR, "timeout: ");
}

static void answer_empty(int fd)
{
	wire_message(fd, IPERF_RESULTS_RESPONSE, cookie_named('A'));
	wire_send(fd, " {\"streams\":[],\"bytes\":0}", 25);
	wire_half_close(fd);
	wire_close(fd);
}

/* 8.4/never-listed R-8.4-7: the client repeats IPERF_STREAM_BEGIN and its request for T_results, not in a busy loop, then sends
 * its payload all the same; likewise with IPERF_STREAM_END. */
static void never_listed(void **state)
{
	static uint8_t octets[2000];
	uint16_t port;
	int listener, udp, control, requests = 0;
	unsigned begins = 0, payload = 0, ends = 0;
	struct program *client;

	(void)state;
	wire_listen(false, 64, &port, &listener, &udp);
	client = program_start("-c 127.0.0.1 -p %u --cookie %s -u -n 100 -l 10 -b 1M --t-results 0.5", port, hex);
	control = wire_accept(listener);
	while (wire_state(control) != WIRE_ENDED && wire_waiting(control) < 81 + 47) {
		struct pollfd waits[] = { { .fd = listener, .events = POLLIN }, { .fd = udp, .events = POLLIN } };

		poll(waits, 2, 10);
		if (waits[0].revents) {
			answer_empty(wire_accept(listener));
			requests++;
		}
		for (ssize_t length; (length = recv(udp, octets, sizeof octets, 0)) >= 0;) {
			begins += length == 51;
			payload += length == 10;
			ends += length == 49;
		}
	}
	test_assert(payload == 10, "%u datagrams of payload", payload);
	test_assert(requests >= 4 && requests <= 2 * 50, "%d requests", requests);
	test_assert(begins >= 4 && begins <= 3 + 50, "%u IPERF_STREAM_BEGIN", begins);
	test_assert(ends >= 4 && ends <= 3 + 50, "%u IPERF_STREAM_END", ends);
	wire_close(control);
	test_assert(program_wait(client) == 1, "status %d", client->status);
	program_said(client, PROGRAM_ERR, "incomplete: ");
}

/* 9.2/endless-answer R-9.2-12: more than a client need take; it gives up by itself, and still ends the test. */
static void endless_answer(void **state)
{
	static char spaces[65536];
	static uint8_t octets[81 + 47];
	uint16_t port;
	int listener, udp, control, results;
	struct program *client;

	(void)state;
	wire_listen(false, 64, &port, &listener, &udp);
	client = program_start("-c 127.0.0.1 -p %u --cookie %s -P 0", port, hex);
	control = wire_accept(listener);
	results = wire_accept(listener);
	wire_message(results, IPERF_RESULTS_RESPONSE, cookie_named('A'));
	memset(spaces, ' ', sizeof spaces);
	while (wire_send(results, spaces, sizeof spaces))
		;
	test_assert(wire_read(control, octets, sizeof octets) == sizeof octets, "no IPERF_TEST_END");
	wire_close(control);
	test_assert(program_wait(client) == 1, "status %d", client->status);
	program_said(client, PROGRAM_ERR, "malformed: ");
}

/* 5.2/server-killed R-5.2-8 R-7-5: the client's threads are blocked in send, for the server sleeps; then it dies. */
static void server_killed(void **state)
{
	const char *words = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	client = program_start("-c 127.0.0.1 -p %u -t 600 -i 0.1 --t-reject 0.001 %s", port, words);
	program_said(client, PROGRAM_OUT, "Bytes");
	program_signal(server, SIGSTOP);
	if (!strstr(words, "-u"))
		program_said(client, PROGRAM_OUT, "0.00 Bytes"); /* nothing was sent for a whole interval */
	program_signal(server, SIGKILL);
	test_assert(program_wait(server) == -SIGKILL, "the server had ended before");
	test_assert(program_wait(client) == 1, "status %d", client->status);
	program_said(client, PROGRAM_ERR, "aborted: ");
	program_said(client, PROGRAM_OUT, "Failed: aborted");
}

/* 7/sigint-while-blocked: the server sleeps, and does not read. */
static void interrupted_while_blocked(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -t 600 -i 0.1 -P 3", port);
	program_said(client, PROGRAM_OUT, "Bytes");
	program_signal(server, SIGSTOP);
	program_said(client, PROGRAM_OUT, "0.00 Bytes");
	program_signal(client, SIGINT);
	test_assert(program_wait(client) == 1, "status %d", client->status);
	program_said(client, PROGRAM_ERR, "interrupted: ");
	program_signal(server, SIGCONT);
	program_said(server, PROGRAM_OUT, "Test over");
	wire_served(false, port);
	program_stop(server);
}

int main(void)
{
	ROWS_ADD(control_rows, script_run_client);
	ROWS_ADD(stream_rows, script_run_client);
	ROWS_ADD(results_rows, script_run_client);
	ROWS_ADD(signal_rows, script_run_client);
	test_add("10/refused", refused, NULL);
	test_add("10/connection-that-does-not-open R-10-7", full_queue, NULL);
	test_add("8.4/never-listed R-8.4-7 R-8.4-4 R-8.4-5 R-9.3-6", never_listed, NULL);
	test_add("9.2/endless-answer R-9.2-12 R-9.3-3", endless_answer, NULL);
	test_add("5.2/server-killed-tcp R-5.2-8", server_killed, "-P 1");
	test_add("5.2/server-killed-tcp-streams R-5.2-8", server_killed, "-P 5");
	test_add("5.2/server-killed-udp R-5.2-8", server_killed, "-u -P 2 -b 10M");
	test_add("7/sigint-while-blocked R-7-5", interrupted_while_blocked, NULL);
	return TESTS_RUN("ref/client_faults");
}
