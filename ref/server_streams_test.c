/* The real server against scripted clients: SPEC 8 and 9, streams and results. The language of the rows is in
 * testscript.h. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

#define BEGUN "a: A TEST_BEGIN", "ping"

static const struct script_row tcp_rows[] = {
	{ "8.1/stream-of-nothing R-8.2-5", AT, "", {
		BEGUN, "s: A STREAM_BEGIN STREAM_END", "s half-close", "s ended", "results s 0 +" } },
	{ "8.1/stream-without-an-octet R-8.2-6", AT, "", {
		BEGUN, "s: A STREAM_BEGIN", "results s 0 -", "s half-close", "s ended", "results s 0 -" } },
	{ "14.2/three-octets R-8.1-4 R-8.2-1", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "s half-close", "s ended", "results s 3 +" } },
	{ "8.1/open-until-the-eof R-8.1-5", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "results s 3 +", "s open", "s half-close", "s ended" } },
	{ "8.1/any-octet-is-payload R-8.1-4", AT, "", {
		BEGUN, "s: A STREAM_BEGIN =0000 =ff =0d0a A B STREAM_BEGIN TEST_END TEST_BEGIN RESULTS_REQUEST STREAM_END/B",
		"results s 319 -", "s: STREAM_END", "s half-close", "s ended", "results s 319 +", "a open" } },
	{ "8.1/many-octets R-8.2-5", AT, "", {
		BEGUN, "s: A STREAM_BEGIN x*65536", "s: y*65536", "s: z*65536", "s: x*3392 STREAM_END", "s half-close",
		"s ended", "results s 200000 +" } },
	{ "8.2/end-and-one-octet R-8.2-3 R-8.2-4", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "results s 3 +", "s: 'd'", "results s 53 -", "s half-close",
		"s ended", "results s 53 -" } },
	{ "8.2/end-twice R-8.2-3 R-8.2-4", AT, "", {
		BEGUN, "s: A STREAM_BEGIN STREAM_END", "results s 0 +", "s: STREAM_END", "results s 49 +", "s half-close",
		"s ended", "results s 49 +" } },
	{ "8.2/end-within-end R-8.2-3", AT, "", {
		BEGUN, "s: A STREAM_BEGIN STREAM_END[0..20] STREAM_END", "results s 20 +" } },
	{ "8.2/end-in-the-payload R-8.2-3", AT, "", {
		BEGUN, "s: A STREAM_BEGIN STREAM_END x*1000 STREAM_END y*1000 STREAM_END", "s half-close", "s ended",
		"results s 2098 +" } },
	{ "8.2/half-an-end R-8.2-6", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END[0..48]", "results s 51 -", "s half-close", "s ended",
		"results s 51 -" } },
	{ "8.2/end-without-its-first-octet R-8.2-1", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END[1..49]", "s half-close", "s ended", "results s 51 -" } },
	{ "8.2/end-of-another R-8.2-1", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END/C", "s half-close", "s ended", "results s 52 -" } },
	{ "8.2/end-with-a-line-end R-8.2-4", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END =0a", "s half-close", "s ended", "results s 53 -" } },
	{ "8.2/reset R-8.2-6", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc'", "results s 3 -", "s reset", "results s 3 -", "a open",
		"q: A STREAM_BEGIN 'q' STREAM_END", "results s 3 -; q 1 +" } },
	{ "8.2/reset-behind-the-end R-8.2-1", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "results s 3 +", "s reset", "ping", "results s 3 +" } },
	{ "8.2/closed-without-half-close R-8.2-1", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "s close", "results s 3 +" } },
	{ "8.5/ended-streams-stay-listed R-9.2-2 R-9.2-4", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 's' STREAM_END", "s half-close", "s ended", "q: A STREAM_BEGIN 'qq'",
		"results s 1 +; q 2 -", "p: A STREAM_BEGIN", "results s 1 +; q 2 -; p 0 -" } },
};

static const struct script_row udp_rows[] = {
	{ "8.3/stream R-8.3-1 R-8.3-2 R-9.2-5", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "results u 0/0 -", "u: x*100", "u: x*1", "results u 101/2 -", "u: STREAM_END",
		"results u 101/2 +", "silent" } },
	{ "8.3/length-zero R-8.3-3", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u:", "u: x*10", "u:", "results u 10/3 -", "silent" } },
	{ "8.3/longest R-8.3-3", AT, "", { BEGUN, "u: STREAM_BEGIN", "u: x*65507", "u: x*1400", "results u 66907/2 -" } },
	{ "8.3/repeats R-8.3-4", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: STREAM_BEGIN", "u: STREAM_BEGIN", "u: x*10", "u: STREAM_BEGIN", "u: STREAM_END",
		"u: STREAM_END", "u: STREAM_BEGIN", "u: STREAM_END", "v: STREAM_BEGIN", "results u 10/1 +; v 0/0 -",
		"silent" } },
	{ "8.3/terminated-for-good R-8.3-11", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: STREAM_END", "results u 0/0 +", "u: x*10", "results u 10/1 +", "u: STREAM_BEGIN",
		"u: x*10", "results u 20/2 +" } },
	{ "8.3/payload-behind-the-end R-8.3-11", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: x*10", "u: STREAM_END", "u: x*30", "u:", "results u 40/3 +" } },
	{ "8.3/messages-of-another R-8.3-3", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: STREAM_END/B", "u: STREAM_BEGIN/C", "u: STREAM_END/D", "results u 149/3 -",
		"silent" } },
	{ "8.3/other-messages R-8.3-3 R-4.3-2", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: TEST_END", "u: TEST_BEGIN", "u: RESULTS_REQUEST", "u: RESULTS_RESPONSE",
		"results u 205/4 -", "a open", "silent" } },
	{ "8.3/almost-messages R-4.3-2 R-8.3-3", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: STREAM_END 'x'", "u: STREAM_END[0..48]", "u: STREAM_END STREAM_END",
		"u: STREAM_END^0", "u: STREAM_END^17", "u: STREAM_END^48", "u: A STREAM_END", "u: STREAM_BEGIN =0a",
		"results u 476/8 -", "silent" } },
	{ "8.3/unknown-source R-8.3-5 R-8.3-8", AT, "", {
		BEGUN, "u: x*10", "u: STREAM_END", "u: STREAM_BEGIN/B", "u: STREAM_BEGIN 'x'", "u: STREAM_BEGIN[0..50]", "u:",
		"u: A STREAM_BEGIN", "u: TEST_END", "u: RESULTS_REQUEST", "v: STREAM_BEGIN", "results v 0/0 -", "silent" } },
	{ "8.3/begin-cut-in-two R-4.3-2", AT, "", {
		BEGUN, "u: STREAM_BEGIN[0..20]", "u: STREAM_BEGIN[20..51]", "v: STREAM_BEGIN", "results v 0/0 -" } },
	{ "8.3/while-idle R-8.3-6 R-8.3-7 R-8.3-8", AT, "", {
		"u: STREAM_BEGIN", "u: x*10", "u: TEST_BEGIN", "u: A TEST_BEGIN", "settle", "served", "silent", BEGUN, "v: STREAM_BEGIN",
		"results v 0/0 -", "silent" } },
	{ "8.3/while-held R-8.3-6", AT, "", {
		"a: A", "ping", "u: STREAM_BEGIN", "u: x*10", "settle", "a: TEST_BEGIN", "ping", "v: STREAM_BEGIN",
		"results v 0/0 -", "silent" } },
	{ "8.3/after-the-test R-8.3-6", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "u: x*10", "results u 10/1 -", "a: TEST_END", "a ended", "u: STREAM_BEGIN", "u: x*10",
		"settle", "b: A TEST_BEGIN", "ping", "v: STREAM_BEGIN", "results v 0/0 -", "u: STREAM_BEGIN", "results v 0/0 -; u 0/0 -",
		"silent" } },
	{ "8.3/sources-are-streams R-8.3-1 R-9.2-4", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "results u 0/0 -", "v: STREAM_BEGIN", "w: STREAM_BEGIN", "v: x*5", "u: x*7",
		"w: STREAM_END", "results u 7/1 -; v 5/1 -; w 0/0 +" } },
	{ "8.5/mixed R-8.5-2", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "results u 0/0 -", "s: A STREAM_BEGIN 'abc'", "results u 0/0 -; s 3 -", "v: STREAM_BEGIN",
		"u: x*10", "s: 'd' STREAM_END", "u: STREAM_END", "results u 10/1 +; s 4 +; v 0/0 -" } },
	{ "8.3/does-not-keep-a-cookie R-8.3-7", AT, "", {
		BEGUN, "u: STREAM_BEGIN", "results u 0/0 -", "a close", "ping", "served", "u: x*10", "u: STREAM_BEGIN", "served",
		"silent" } },
};

static const struct script_row results_rows[] = {
	{ "9.1/at-any-time R-9.1-7 R-9.1-6", AT, "", {
		BEGUN, "results", "s: A STREAM_BEGIN", "results s 0 -", "s: 'abc'", "results s 3 -", "s: 'abc'", "results s 6 -",
		"s: STREAM_END[0..30]", "results s 36 -", "s: STREAM_END[30..49]", "results s 6 +", "s half-close", "s ended",
		"results s 6 +", "results s 6 +", "a open" } },
	{ "9.1/request-and-half-close R-9.1-13", AT, "", {
		BEGUN, "s: A STREAM_BEGIN 'abc'", "results s 3 -", "r: A RESULTS_REQUEST", "r half-close", "r answer s 3 -" } },
	{ "9.1/octets-after-the-request R-9.1-10 R-9.1-11", AT, "", {
		BEGUN, "r: A RESULTS_REQUEST x*1000", "r answer", "q: A RESULTS_REQUEST RESULTS_REQUEST TEST_END", "q answer",
		"q: x*1000", "p: A RESULTS_REQUEST STREAM_BEGIN 'abc'", "p half-close", "p answer", "results", "a open" } },
	{ "9.1/reset-after-the-request R-9.1-9", AT, "", {
		BEGUN, "r: A RESULTS_REQUEST", "r reset", "q: A RESULTS_REQUEST", "q close", "results", "a open" } },
	{ "9.1/slow-request R-9.1-3 R-10-5", AT, "", {
		BEGUN, "r: A RESULTS_REQUEST[0..53]", "results", "s: A STREAM_BEGIN 'abc'", "results s 3 -",
		"r: RESULTS_REQUEST[53..54]", "r answer s 3 -" } },
	{ "9.1/many-open-answers R-9.1-9", AT, "", {
		BEGUN, "b: A RESULTS_REQUEST", "c: A RESULTS_REQUEST", "d: A RESULTS_REQUEST", "d answer", "c answer", "b answer",
		"s: A STREAM_BEGIN 'abc'", "results s 3 -", "a open" } },
	{ "9.1/eof-is-closed R-9.1-4", AT, "", {
		BEGUN, "r: A RESULTS_REQUEST", "r answer", "r half-close", "r refuses", "results", "a open" } },
	{ "9.1/without-a-test R-9.1-8", AT, "", {
		"r: A RESULTS_REQUEST", "r ended", BEGUN, "results", "a: TEST_END", "a ended", "unanswered", "served" } },
	{ "6.5/answered-connections-are-closed R-6.5-4", AT, "", {
		BEGUN, "r: A RESULTS_REQUEST", "r answer", "a: TEST_END", "a ended", "r refuses", "served" } },
};

/* --- octets after the request -------------------------------------------------------------------------------------------- */

#define MANY (1024 * 1024)

/* 9.1/mebibyte-after-the-request R-9.1-11: the answer arrives whole although the client writes on and on. */
static void mebibyte_after_request(void **state)
{
	static struct wire_answer answer;
	static uint8_t many[MANY];
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));

	(void)state;
	wire_ping(false, port);
	for (int reads_first = 0; reads_first < 2; reads_first++) {
		int fd = wire_open(false, port, IPERF_RESULTS_REQUEST, cookie_named('A'));

		if (reads_first)
			wire_answer(fd, cookie_named('A'), &answer);
		test_assert(wire_send(fd, many, sizeof many), "the connection was closed or reset");
		wire_half_close(fd);
		if (!reads_first)
			wire_answer(fd, cookie_named('A'), &answer);
		test_assert(answer.answered, "no answer");
		wire_close(fd);
	}
	wire_ask(false, port, cookie_named('A'), &answer);
	test_assert(answer.answered && wire_state(control) == WIRE_SILENT, "the test was disturbed");
	program_stop(server);
}

/* --- the terminator, split ------------------------------------------------------------------------------------------------ */

/* 8.2/end-cut-at-each-place R-8.2-2: what is reported between the parts is payload; then the stream is complete. */
static void cut_ends(void **state)
{
	static struct wire_answer answer;
	static struct octets end;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	uint64_t bytes = 0;

	(void)state;
	octets_of(&end, "STREAM_END");
	wire_ping(false, port);
	for (size_t cut = 1; cut < end.length; cut++) {
		int stream = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));

		wire_send(stream, "abc", 3);
		wire_send(stream, end.at, cut);
		wire_ask_until(false, port, cookie_named('A'), &answer, bytes + 3 + cut, cut, cut - 1);
		wire_send(stream, end.at + cut, end.length - cut);
		bytes += 3;
		wire_ask_until(false, port, cookie_named('A'), &answer, bytes, cut, cut);
		wire_half_close(stream);
		wire_ended(stream);
		wire_close(stream);
	}
	wire_close(control);
	program_stop(server);
}

/* --- seconds ------------------------------------------------------------------------------------------------------------- */

/* 9.2/seconds R-9.2-7: from STREAM_BEGIN to the last octet; later messages and the end of the connection do not count. The
 * bounds are what this side knows of both moments. */
static void seconds(void **state)
{
	static struct wire_answer answer;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), stream, udp;
	double least, most;
	int64_t before, after, last;

	(void)state;
	wire_ping(false, port);
	before = clock_now_ns();
	stream = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
	udp = wire_udp(false, port);
	wire_message(udp, IPERF_STREAM_BEGIN, cookie_named('A'));
	wire_ask_until(false, port, cookie_named('A'), &answer, 0, 2, 0);
	after = clock_now_ns();
	test_assert(answer.streams[0].seconds == 0 && answer.streams[1].seconds == 0, "not 0 before the first octet");
	poll(NULL, 0, 30);
	least = (double)(clock_now_ns() - after) / 1e9;
	wire_send(stream, "abc", 3);
	wire_send(udp, "abc", 3);
	wire_message(udp, IPERF_STREAM_END, cookie_named('A'));
	wire_ask_until(false, port, cookie_named('A'), &answer, 6, 2, 1);
	last = clock_now_ns();
	most = (double)(last - before) / 1e9;
	poll(NULL, 0, 30);
	wire_message(udp, IPERF_STREAM_END, cookie_named('A'));
	wire_message(udp, IPERF_STREAM_BEGIN, cookie_named('A'));
	wire_half_close(stream);
	wire_ended(stream);
	wire_ping(false, port);
	wire_ask_until(false, port, cookie_named('A'), &answer, 6, 2, 1);
	for (size_t i = 0; i < 2; i++)
		test_assert(answer.streams[i].seconds >= least && answer.streams[i].seconds <= most,
			    "stream %zu: %f s, not between %f and %f", i + 1, answer.streams[i].seconds, least, most);
	wire_close(control);
	program_stop(server);
}

/* --- a reader that never reads --------------------------------------------------------------------------------------------- */

#define SOURCES 2000 /* streams, so that the answer is longer than what the kernel keeps for a slow reader */

/* Opens UDP streams, each from an address of its own (127.1.x.y): R-8.3-1. */
static void open_sources(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t octets[IPERF_MESSAGE_MAX];
	struct iovec part = { octets, iperf_message_write(octets, IPERF_STREAM_BEGIN, cookie_named('A')) };
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = { .align = { .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_type = IP_PKTINFO } };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1,
				  .msg_control = &control, .msg_controllen = sizeof control };

	for (uint32_t i = 0; i < SOURCES; i++) {
		struct in_pktinfo source = { .ipi_spec_dst.s_addr = htonl(0x7f010000 + i) };

		memcpy(CMSG_DATA(&control.align), &source, sizeof source);
		test_assert(sendmsg(fd, &message, 0) > 0, "a datagram from another address of loopback");
	}
	close(fd);
}

/* 9.1/answer-that-is-never-read R-10-5 R-9.1-12 */
static void slow_reader(void **state)
{
	static struct wire_answer answer;
	uint16_t port;
	struct program *server = program_serve(&port, "--max-streams 4096 --t-hello 0.5");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), slow, stream, small = 1;
	int64_t asked_ns;

	(void)state;
	wire_ping(false, port);
	open_sources(port);
	wire_ask_until(false, port, cookie_named('A'), &answer, 0, SOURCES, 0);
	slow = wire_connect(false, port);
	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	asked_ns = clock_now_ns();
	wire_message(slow, IPERF_TEST_BEGIN, cookie_named('A')); /* 49 octets of which 32 are to be the preamble: wrong */
	wire_ended(slow);
	wire_close(slow);
	slow = wire_open(false, port, IPERF_RESULTS_REQUEST, cookie_named('A'));
	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	stream = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
	for (uint64_t i = 1; i <= 20; i++) {
		wire_send(stream, "x", 1);
		wire_ask_until(false, port, cookie_named('A'), &answer, i, SOURCES + 1, 0);
	}
	wire_refuses(slow);
	test_assert(clock_now_ns() - asked_ns >= 500 * IPERF_MS, "closed before T_hello");
	wire_ask(false, port, cookie_named('A'), &answer);
	test_assert(answer.answered && wire_state(control) == WIRE_SILENT, "the test was disturbed");
	program_stop(server);
}

int main(void)
{
	ROWS_ADD(tcp_rows, script_run_server);
	ROWS_ADD(udp_rows, script_run_server);
	ROWS_ADD(results_rows, script_run_server);
	test_add("8.2/end-cut-at-each-place R-8.2-2 R-8.2-1", cut_ends, NULL);
	test_add("9.1/mebibyte-after-the-request R-9.1-11", mebibyte_after_request, NULL);
	test_add("9.1/answer-that-is-never-read R-10-5 R-9.1-12", slow_reader, NULL);
	test_add("9.2/seconds R-9.2-7", seconds, NULL);
	return TESTS_RUN("ref/server_streams");
}
