/* The real client against a scripted server that keeps to the rules: what it sends, octet by octet, and when. The language of
 * the rows is in testscript.h; SPEC 13.3 is the order of things. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

#define FINISH "a< TEST_END eof", "a close", "exit 0"
#define BEGINS(u) #u "< STREAM_BEGIN", #u "< STREAM_BEGIN", #u "< STREAM_BEGIN"
#define ENDS(u) #u "< STREAM_END", #u "< STREAM_END", #u " gap 10", #u "< STREAM_END", #u " gap 10"

static const struct script_row tcp_rows[] = {
	{ "13.3/one-stream R-5.1-1 R-5.1-2 R-7-1 R-7-3 R-8.1-1 R-8.1-2 R-8.1-3 R-9.1-1 R-9.3-1", AT, "-n 25 -l 10", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*25 STREAM_END eof", "s close", "r< A RESULTS_REQUEST",
		"r answers s 25 +", FINISH, "said Done: the server received 25 of 25 octets", "nobody" } },
	{ "13.3/three-streams R-7-2 R-5.1-3", AT, "-P 3 -n 100 -l 7", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*34 STREAM_END eof", "q< A STREAM_BEGIN payload*33 STREAM_END eof",
		"p< A STREAM_BEGIN payload*33 STREAM_END eof", "p close", "s close", "q close", "r< A RESULTS_REQUEST",
		"r answers s 34 +; q 33 +; p 33 +", FINISH, "said Done: the server received 100 of 100 octets", "nobody" } },
	{ "13.3/no-stream R-9.3-1", AT, "-P 0", {
		"a< A TEST_BEGIN", "r< A RESULTS_REQUEST", "r answers", FINISH, "said Done: the server received 0 of 0" } },
	{ "13.3/no-payload R-8.1-1 R-8.1-2", AT, "-n 0", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN STREAM_END eof", "s close", "r< A RESULTS_REQUEST", "r answers s 0 +", FINISH } },
	{ "13.3/one-octet-writes R-8.1-4", AT, "-n 60 -l 1", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*60 STREAM_END eof", "s close", "r< A RESULTS_REQUEST",
		"r answers s 60 +", FINISH } },
	{ "13.3/streams-listed-in-another-order R-9.2-4", AT, "-P 2 -n 20", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "q< A STREAM_BEGIN payload*10 STREAM_END eof",
		"s close", "q close", "r< A RESULTS_REQUEST", "r answers q 10 +; s 10 +", FINISH } },
	{ "8.1/waits-for-every-eof R-8.1-6", AT, "-P 2 -n 20 --t-results 0.4", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "q< A STREAM_BEGIN payload*10 STREAM_END eof",
		"s close", "r< A RESULTS_REQUEST", "after 400", "r answers s 10 +; q 10 +", "a< TEST_END eof", "a close",
		"exit 1", "told timeout: ", "told R-8.1-6" } },
	{ "8.1/half-closed-by-the-server R-8.1-6", AT, "-n 10", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s half-close", "r< A RESULTS_REQUEST",
		"r answers s 10 +", FINISH } },
	{ "9.3/closed-unanswered-twice R-9.3-4 R-9.3-6", AT, "-n 10", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s close", "r< A RESULTS_REQUEST", "mark",
		"r close", "q< A RESULTS_REQUEST", "after 10", "mark", "q reset", "p< A RESULTS_REQUEST", "after 10",
		"p answers s 10 +", FINISH } },
	{ "9.3/rejected-request R-9.3-4", AT, "-n 10", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s close", "r< A", "r close",
		"q< A RESULTS_REQUEST", "q answers s 10 +", FINISH } },
	{ "4.3/answer-in-pieces R-4.3-1", AT, "-n 10", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN payload*10 STREAM_END eof", "s close", "r< A RESULTS_REQUEST",
		"r: RESULTS_RESPONSE[0..1]", "r: RESULTS_RESPONSE[1..30]", "r: RESULTS_RESPONSE[30..55]", "r: ' '",
		"r: '{\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_port\":1,\"bytes\":10,'",
		"r: '\"packets\":null,\"seconds\":0,\"complete\":true}],\"bytes\":10'", "r: '}'", "r close", FINISH } },
	{ "6.5/end-of-test-in-time R-6.5-8", AT, "-P 0 --t-results 0.4", {
		"a< A TEST_BEGIN", "r< A RESULTS_REQUEST", "mark", "r answers", "a< TEST_END eof", "exit 1", "after 400",
		"told timeout: ", "told R-6.5-8" } },
	{ "6.5/reset-at-the-end R-5.2-4 R-6.5-8", AT, "-P 0", {
		"a< A TEST_BEGIN", "r< A RESULTS_REQUEST", "r answers", "a< TEST_END eof", "a reset", "exit 0" } },
	{ "6.5/octets-after-test-end R-5.2-1", AT, "-P 0", {
		"a< A TEST_BEGIN", "r< A RESULTS_REQUEST", "r answers", "a< TEST_END eof", "a: 'x'", "a close", "exit 1",
		"told malformed: ", "told R-5.2-1" } },
};

static const struct script_row udp_rows[] = {
	{ "8.4/one-stream R-8.4-1 R-8.4-2 R-8.4-3", AT, "-u -n 3000 -l 1000 -b 100M", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -", "u< payload*1000", "u< payload*1000",
		"u< payload*1000", ENDS(u), "q< A RESULTS_REQUEST", "q answers u 3000/3 +", FINISH,
		"said Done: the server received 3000 of 3000 octets" } },
	{ "8.4/last-datagram-is-shorter", AT, "-u -n 2500 -l 1000 -b 100M", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -", "u< payload*1000", "u< payload*1000",
		"u< payload*500", ENDS(u), "q< A RESULTS_REQUEST", "q answers u 2500/3 +", FINISH } },
	{ "8.3/a-source-for-each R-8.3-10", AT, "-u -P 3 -n 30 -l 10 -b 100M", {
		"a< A TEST_BEGIN", BEGINS(u), BEGINS(v), BEGINS(w), "r< A RESULTS_REQUEST", "r answers u 0/0 -; v 0/0 -; w 0/0 -",
		"u< payload*10", "v< payload*10", "w< payload*10", ENDS(u), ENDS(v), ENDS(w), "q< A RESULTS_REQUEST",
		"q answers v 10/1 +; u 10/1 +; w 10/1 +", FINISH } },
	{ "8.5/mixed R-8.5-2", AT, "-P 1 --udp-streams 1 -n 20 -l 10 -b 100M", {
		"a< A TEST_BEGIN", "s< A STREAM_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -; s 0 -",
		"s< payload*10 STREAM_END eof", "u< payload*10", ENDS(u), "s close", "q< A RESULTS_REQUEST",
		"q answers u 10/1 +; s 10 +", FINISH } },
	{ "8.4/unlisted-twice R-8.4-4", AT, "-u -n 10 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "mark", "r answers", "u< STREAM_BEGIN", "q< A RESULTS_REQUEST",
		"after 10", "q answers", "u< STREAM_BEGIN", "p< A RESULTS_REQUEST", "p answers u 0/0 -", "u< payload*10", ENDS(u),
		"o< A RESULTS_REQUEST", "o answers u 10/1 +", FINISH } },
	{ "8.4/one-of-two-unlisted R-8.4-4", AT, "-u -P 2 -n 20 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), BEGINS(v), "r< A RESULTS_REQUEST", "r answers v 0/0 -", "u< STREAM_BEGIN",
		"q< A RESULTS_REQUEST", "q answers v 0/0 -; u 0/0 -", "u< payload*10", "v< payload*10", ENDS(u), ENDS(v),
		"o< A RESULTS_REQUEST", "o answers v 10/1 +; u 10/1 +", FINISH } },
	{ "8.4/incomplete-twice R-8.4-5 R-8.4-2", AT, "-u -n 10 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -", "u< payload*10", ENDS(u),
		"q< A RESULTS_REQUEST", "mark", "q answers u 10/1 -", "u< STREAM_END", "u gap 10", "p< A RESULTS_REQUEST",
		"after 10", "p answers u 10/1 -", "u< STREAM_END", "u gap 10", "o< A RESULTS_REQUEST", "o answers u 10/1 +",
		FINISH } },
	{ "8.4/one-of-two-incomplete R-8.4-5", AT, "-u -P 2 -n 20 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), BEGINS(v), "r< A RESULTS_REQUEST", "r answers u 0/0 -; v 0/0 -", "u< payload*10",
		"v< payload*10", ENDS(u), ENDS(v), "q< A RESULTS_REQUEST", "q answers u 10/1 +; v 10/1 -", "v< STREAM_END",
		"o< A RESULTS_REQUEST", "o answers u 10/1 +; v 10/1 +", FINISH } },
	{ "8.4/requests-closed-unanswered R-8.4-6 R-9.3-6", AT, "-u -n 10 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "mark", "r close", "q< A RESULTS_REQUEST", "after 10",
		"q answers u 0/0 -", "p< A RESULTS_REQUEST", "mark", "p reset", "o< A RESULTS_REQUEST", "after 10",
		"o answers u 10/1 +", FINISH } },
	{ "8.4/lost-payload-is-reported", AT, "-u -n 30 -l 10 -b 100M", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -", "u< payload*10", "u< payload*10",
		"u< payload*10", ENDS(u), "q< A RESULTS_REQUEST", "q answers u 20/2 +", FINISH, "said 1/3 (33%)",
		"said Done: the server received 20 of 30 octets" } },
	{ "8.4/behind-a-translator R-8.4-4 R-8.4-5", AT, "-u -n 10 -l 10", {
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers t 0/0 -", "u< payload*10", ENDS(u),
		"q< A RESULTS_REQUEST", "q answers t 10/1 +", FINISH } },
#define LENGTH(length, bytes)                                                                                          \
	{ "8.3/payload-of-" #length " R-8.3-9", AT, "-u -n " #bytes " -l " #length " -b 100M", {                       \
		"a< A TEST_BEGIN", BEGINS(u), "r< A RESULTS_REQUEST", "r answers u 0/0 -", "u< payload*" #length,      \
		"u< payload*" #length, ENDS(u), "q< A RESULTS_REQUEST", "q answers u " #bytes "/2 +", FINISH } }
	LENGTH(1, 2), LENGTH(47, 94), LENGTH(49, 98), LENGTH(51, 102), LENGTH(54, 108), LENGTH(55, 110), LENGTH(1472, 2944),
	LENGTH(1473, 2946), LENGTH(65000, 130000), LENGTH(65507, 131014),
};

/* --- the order of connections --------------------------------------------------------------------------------------------- */

static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/* 5.1/written-before-the-next-opens R-5.1-7 R-5.1-8: at the moment in which a connection comes, all of the opening of the one
 * before it is there. */
static void written_before_next(void **state)
{
	uint16_t port;
	int listener, udp, before = -1;
	struct program *client;

	(void)state;
	wire_listen(false, 256, &port, &listener, &udp);
	client = program_start("-c 127.0.0.1 -p %u --cookie %s -P 100 -n 0", port, hex);
	for (int i = 0; i <= 100; i++) {
		int fd = wire_accept(listener);

		test_assert(before < 0 || wire_waiting(before) >= (i == 1 ? 81u : 83u), "connection %d comes before its time", i);
		before = fd;
	}
	program_signal(client, SIGINT);
	program_wait(client);
}

/* 3/fresh-cookie R-3-3 R-5.1-3: ten runs, ten cookies, each the same in preamble and message. */
static void fresh_cookies(void **state)
{
	uint8_t openings[10][81];
	uint16_t port;
	int listener, udp;

	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		struct program *client;
		int fd;

		wire_listen(false, 256, &port, &listener, &udp);
		client = program_start("-c 127.0.0.1 -p %u -P 0", port);
		fd = wire_accept(listener);

		test_assert(wire_read(fd, openings[i], sizeof openings[i]) == sizeof openings[i], "no opening");
		wire_close(fd);
		test_assert(program_wait(client) == 1, "it does not notice");
		program_free(client);
		test_assert(memcmp(openings[i], openings[i] + 49, IPERF_COOKIE_LENGTH) == 0, "the cookies differ");
		test_assert(memcmp(openings[i] + 32, "IPERF_TEST_BEGIN ", 17) == 0, "no IPERF_TEST_BEGIN");
		for (size_t k = 0; k < i; k++)
			test_assert(memcmp(openings[i], openings[k], IPERF_COOKIE_LENGTH) != 0, "a cookie comes again");
	}
}

/* --- pacing ------------------------------------------------------------------------------------------------------------------ */

/* Reads datagrams of 1000 octets until STREAM_END comes; returns how many there were. */
static unsigned count_datagrams(int udp, int64_t *span_ns)
{
	static uint8_t octets[2000];
	int64_t first_ns = 0, last_ns = 0;
	unsigned count = 0;

	for (;;) {
		ssize_t length;

		test_assert(wire_wait(udp, TEST_PATIENCE_MS), "no datagram comes");
		length = recv(udp, octets, sizeof octets, 0);
		if (length == 49)
			break;
		test_assert(length == 51 || length == 1000, "a datagram of %zd octets", length);
		if (length == 51)
			continue;
		last_ns = clock_now_ns();
		if (count++ == 0)
			first_ns = last_ns;
	}
	*span_ns = last_ns - first_ns;
	return count;
}

/* pacing/udp: 800 kbit/s are 100 datagrams of 1000 octets in a second. Never more of them than are due, but for what one burst
 * of 1 ms holds and for the moment at which the first was read; fewer only on a host that stalls for long. */
static void pacing(void **state)
{
	uint16_t port;
	int listener, udp, control, results;
	struct program *client;
	unsigned count;
	int64_t span_ns;

	(void)state;
	wire_listen(false, 256, &port, &listener, &udp);
	client = program_start("-c 127.0.0.1 -p %u --cookie %s -u -t 0.5 -l 1000 -b 800K --t-results 0.3", port, hex);
	control = wire_accept(listener);
	results = wire_accept(listener);
	wire_message(results, IPERF_RESULTS_RESPONSE, cookie_named('A'));
	wire_send(results, " {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_port\":1,\"bytes\":0,\"packets\":0,\"seconds\":0,"
			   "\"complete\":false}],\"bytes\":0}", 111);
	wire_close(results);
	count = count_datagrams(udp, &span_ns);
	test_assert(count <= 52, "%u datagrams in 0.5 s", count);
	test_assert(count >= 5, "only %u datagrams in 0.5 s", count);
	wire_close(control);
	program_wait(client);
}

int main(void)
{
	ROWS_ADD(tcp_rows, script_run_client);
	ROWS_ADD(udp_rows, script_run_client);
	test_add("5.1/written-before-the-next-opens R-5.1-7 R-5.1-8", written_before_next, NULL);
	test_add("3/fresh-cookie R-3-3 R-5.1-3", fresh_cookies, NULL);
	test_add("pacing/udp", pacing, NULL);
	return TESTS_RUN("ref/client_net");
}
