/* The real server's timers: SPEC 10 and 6.3. Short ones; times are lower bounds, counted from an event that comes before the
 * timer starts. Where something must come in spite of what goes on, the loop that waits for it is many times as long as the
 * timer: a host must stall for seconds to fail it. */
#include <poll.h>

#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

#define BEGUN "a: A TEST_BEGIN", "ping"

static const struct script_row rows[] = {
	{ "10/t-hello-silent R-10-1", AT, "--t-hello 0.4", { "mark", "a:", "a ended 400", "served" } },
	{ "10/t-hello-31-octets R-10-1", AT, "--t-hello 0.4", { "mark", "a: A[0..31]", "a ended 400", "served" } },
	{ "10/t-hello-preamble-only R-10-1 R-6.3-1", AT, "--t-hello 0.4", {
		"mark", "a: A", "ping", "b: B", "b ended", "a ended 400", "served" } },
	{ "10/t-hello-half-a-message R-10-1", AT, "--t-hello 0.4", { "mark", "a: A TEST_BEGIN[0..48]", "a ended 400", "served" } },
	{ "10/t-hello-in-a-running-test R-10-1", AT, "--t-hello 0.4", {
		BEGUN, "s: A STREAM_BEGIN 'abc'", "results s 3 -", "mark", "b: A STREAM_BEGIN[0..20]", "c: A", "d:",
		"b ended 400", "c ended 400", "d ended 400", "a open", "s: 'd' STREAM_END", "results s 4 +" } },
	{ "10/t-hello-of-each-its-own R-10-1 R-10-5", AT, "--t-hello 0.4", {
		"mark", "b:", "pause 100", "c: A[0..10]", "pause 200", "d: A", "b ended 400", "c ended 500", "d ended 600",
		"served" } },
	{ "9.1/t-hello-after-the-answer R-9.1-12", AT, "--t-hello 0.4", {
		BEGUN, "mark", "r: A RESULTS_REQUEST", "r answer", "r refuses 400", "results", "a open" } },
	{ "6.3/t-begin R-6.3-2", AT, "--t-begin 0.4", {
		"mark", "a: A", "a ended 400", "said no IPERF_TEST_BEGIN within T_begin", "served" } },
	{ "6.3/t-begin-closes-all R-6.3-3", AT, "--t-begin 0.4", {
		"mark", "a: A", "s: A STREAM_BEGIN 'abc'", "q: A STREAM_BEGIN[0..9]", "a ended 400", "s ended 400", "q ended 400",
		"served", "b: A TEST_BEGIN", "results" } },
	{ "6.3/t-begin-with-an-ended-stream R-6.3-1 R-6.3-2", AT, "--t-begin 0.4", {
		"mark", "s: A STREAM_BEGIN 'abc' STREAM_END", "s half-close", "s ended", "b: B", "b ended",
		"said no IPERF_TEST_BEGIN within T_begin", "after 400", "served", "c: A TEST_BEGIN", "results" } },
	{ "6.3/t-begin-with-a-broken-stream R-6.3-1 R-6.3-2", AT, "--t-begin 0.4", {
		"mark", "s: A STREAM_BEGIN 'abc'", "ping", "s reset", "ping", "b: B", "b ended",
		"said no IPERF_TEST_BEGIN within T_begin", "after 400", "served" } },
	{ "6.3/t-begin-in-time R-6.3-2", AT, "--t-begin 0.5", {
		"mark", "a: A", "ping", "a: TEST_BEGIN", "pause 600", "results", "a open" } },
	{ "10/t-idle R-10-2 R-6.5-3 R-6.5-4", AT, "--t-idle 0.4", {
		"mark", "a: A TEST_BEGIN", "a ended 400", "said nothing arrived for T_idle", "served" } },
	{ "10/t-idle-closes-all R-6.5-4", AT, "--t-idle 0.8", {
		BEGUN, "s: A STREAM_BEGIN 'abc' STREAM_END", "results s 3 +",
		"q: A STREAM_BEGIN 'q'", "results s 3 +; q 1 -", "r: A RESULTS_REQUEST", "r answer s 3 +; q 1 -",
		"mark", "d: A STREAM_BEGIN[0..9]", "a ended 800", "s ended", "q ended", "d ended", "r refuses", "served" } },
	{ "10/t-idle-of-a-client-that-died R-10-2", AT, "--t-idle 0.6", {
		BEGUN, "mark", "u: STREAM_BEGIN", "u: x*10", "a ended 600", "served" } },
};

/* --- what keeps a test alive ---------------------------------------------------------------------------------------------- */

#define T_IDLE_MS 800
#define EARLIER_MS 100 /* so long before the arrival in question came the arrival before it */

/* A running test, that has a stream of each kind and an answered results connection. */
struct test {
	uint16_t port;
	int control, stream, udp, answered, half;
	int64_t begun_ns; /* all of this was there */
	int64_t last_ns;  /* before the arrival in question */
	bool ended;
};

/* Begins it on the server at its port. */
static void begin_test(struct test *test)
{
	static struct wire_answer answer;

	test->control = wire_open(false, test->port, IPERF_TEST_BEGIN, cookie_named('A'));
	test->stream = wire_open(false, test->port, IPERF_STREAM_BEGIN, cookie_named('A'));
	test->udp = wire_udp(false, test->port);
	wire_ping(false, test->port);
	wire_message(test->udp, IPERF_STREAM_BEGIN, cookie_named('A'));
	wire_ask_until(false, test->port, cookie_named('A'), &answer, 0, 2, 0);
	test->half = wire_connect(false, test->port);
	wire_send(test->half, cookie_named('A')->octets, IPERF_COOKIE_LENGTH);
	test->answered = wire_open(false, test->port, IPERF_RESULTS_REQUEST, cookie_named('A'));
	wire_answer(test->answered, cookie_named('A'), &answer);
	test->begun_ns = clock_now_ns();
	test->last_ns = 0;
	test->ended = false;
}

static void send_words(int fd, const char *words)
{
	static struct octets octets;

	octets_of(&octets, words);
	wire_send(fd, octets.at, octets.length);
}

static void octet_on_stream(struct test *test) { send_words(test->stream, "'x'"); }
static void octet_on_control(struct test *test) { send_words(test->control, "TEST_END[0..1]"); }
static void octet_of_first_message(struct test *test) { send_words(test->half, "STREAM_BEGIN[0..1]"); }
static void octet_after_request(struct test *test) { send_words(test->answered, "'x'"); }
static void preamble(struct test *test) { send_words(wire_connect(false, test->port), "A"); }
static void request(struct test *test) { send_words(wire_connect(false, test->port), "A RESULTS_REQUEST"); }
static void second_control(struct test *test) { send_words(wire_connect(false, test->port), "A TEST_BEGIN"); }
static void wrong_first_message(struct test *test) { send_words(wire_connect(false, test->port), "A TEST_END"); }
static void datagram(struct test *test) { send_words(test->udp, "'x'"); }
static void empty_datagram(struct test *test) { wire_send(test->udp, "", 0); }
static void repeated_begin(struct test *test) { send_words(test->udp, "STREAM_BEGIN"); }
static void stream_end(struct test *test) { send_words(test->udp, "STREAM_END"); }
static void begin_datagram(struct test *test) { send_words(wire_udp(false, test->port), "STREAM_BEGIN"); }

static void (*const arrivals[])(struct test *test) = {
	octet_on_stream, octet_on_control, octet_of_first_message, octet_after_request, preamble, request, second_control,
	wrong_first_message, datagram, empty_datagram, repeated_begin, stream_end, begin_datagram,
};

static const char *const arrival_names[] = {
	"an octet on a stream", "an octet on the control connection", "an octet of a first message", "an octet after a request",
	"a preamble", "a request", "a second control connection", "a wrong first message", "a datagram", "an empty datagram",
	"a repeated IPERF_STREAM_BEGIN", "an IPERF_STREAM_END", "an IPERF_STREAM_BEGIN from another source",
};

/* 10/what-keeps-alive R-10-3: each test has one last arrival, of a kind of its own; T_idle runs from it. All run at once. */
static void what_keeps_alive(void **state)
{
	static struct test tests_of[COUNT(arrivals)];
	size_t begun = 0, ended = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(arrivals); i++)
		program_serve(&tests_of[i].port, "--t-idle %g", T_IDLE_MS / 1e3);
	while (ended < COUNT(arrivals)) {
		if (begun < COUNT(arrivals))
			begin_test(&tests_of[begun++]);
		for (size_t i = 0; i < begun; i++) {
			struct test *test = &tests_of[i];
			int64_t now_ns = clock_now_ns();

			if (test->last_ns == 0 && now_ns - test->begun_ns >= EARLIER_MS * IPERF_MS) {
				test->last_ns = now_ns;
				arrivals[i](test);
			} else if (!test->ended && wire_state(test->control) == WIRE_ENDED) {
				test_step = arrival_names[i];
				test_assert(test->last_ns && now_ns - test->last_ns >= T_IDLE_MS * IPERF_MS,
					    "the test ended %.0f ms after it", (double)(now_ns - test->last_ns) / 1e6);
				test->ended = true;
				ended++;
			}
		}
		poll(NULL, 0, 1);
	}
}

/* --- what does not ---------------------------------------------------------------------------------------------------------- */

#define ROUNDS 100
#define ROUND_MS 60

static int ended_streams[ROUNDS];
static size_t next_stream;

static void stranger(struct test *test) { send_words(wire_connect(false, test->port), "B TEST_BEGIN/B"); }
static void half_stranger(struct test *test) { send_words(wire_connect(false, test->port), "A[0..31]"); }
static void silent_stranger(struct test *test) { wire_connect(false, test->port); }
static void dropped_datagram(struct test *test) { send_words(wire_udp(false, test->port), "STREAM_END"); }
static void other_datagram(struct test *test) { send_words(wire_udp(false, test->port), "STREAM_BEGIN/B"); }

static void end_of_stream(struct test *test)
{
	(void)test;
	wire_half_close(ended_streams[next_stream++]);
}

static void (*const strangers[])(struct test *test) = {
	stranger, half_stranger, silent_stranger, dropped_datagram, other_datagram, end_of_stream,
};

static const char *const stranger_names[] = {
	"strangers", "halves of preambles", "silent strangers", "datagrams of unknown sources", "datagrams with another cookie",
	"ends of streams",
};

/* 10/what-does-not-keep-alive R-10-3: it goes on for ten times T_idle, or until the test has ended. All run at once. */
static void what_does_not(void **state)
{
	static struct test tests_of[COUNT(strangers)];
	size_t ended = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++) {
		program_serve(&tests_of[i].port, "--t-idle 0.6");
		begin_test(&tests_of[i]);
	}
	for (size_t i = 0; i < ROUNDS; i++)
		ended_streams[i] = wire_open(false, tests_of[COUNT(strangers) - 1].port, IPERF_STREAM_BEGIN,
					     cookie_named('A'));
	for (size_t round = 0; round < ROUNDS && ended < COUNT(strangers); round++) {
		ended = 0;
		for (size_t i = 0; i < COUNT(strangers); i++) {
			if (wire_state(tests_of[i].control) == WIRE_ENDED)
				ended++;
			else
				strangers[i](&tests_of[i]);
		}
		poll(NULL, 0, ROUND_MS);
	}
	for (size_t i = 0; i < COUNT(strangers); i++)
		test_assert(wire_state(tests_of[i].control) == WIRE_ENDED, "%s keep the test alive", stranger_names[i]);
}

/* --- what does not move the other timers --------------------------------------------------------------------------------------- */

/* 10/t-hello-is-not-moved R-10-1: an octet now and then does not move it. */
static void hello_drip(void **state)
{
	static struct octets octets;
	uint16_t port;
	struct program *server = program_serve(&port, "--t-hello 0.4");
	int fd = wire_connect(false, port);
	size_t sent = 0;

	(void)state;
	octets_of(&octets, "A RESULTS_REQUEST");
	while (sent < octets.length - 1 && wire_send(fd, octets.at + sent, 1)) {
		sent++;
		if (wire_wait(fd, ROUND_MS)) /* 85 octets take more than ten times T_hello */
			break;
	}
	test_assert(sent < octets.length - 1, "it is still open");
	wire_ended(fd);
	wire_served(false, port);
	program_stop(server);
}

/* 6.3/t-begin-is-not-moved R-6.3-2: it runs from the taking of the cookie, whoever comes with it later. */
static void begin_drip(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "--t-begin 0.4");
	int64_t began_ns = clock_now_ns();
	int fd = wire_connect(false, port);

	(void)state;
	send_words(fd, "A");
	for (int i = 0; i < ROUNDS && !wire_wait(fd, ROUND_MS); i++)
		send_words(wire_connect(false, port), "A");
	test_assert(wire_state(fd) == WIRE_ENDED, "it is still open");
	test_assert(clock_now_ns() - began_ns >= 400 * IPERF_MS, "it was closed early");
	program_stop(server);
}

int main(void)
{
	ROWS_ADD(rows, script_run_server_once);
	test_add("10/what-keeps-alive R-10-3", what_keeps_alive, NULL);
	test_add("10/what-does-not-keep-alive R-10-3", what_does_not, NULL);
	test_add("10/t-hello-is-not-moved R-10-1", hello_drip, NULL);
	test_add("6.3/t-begin-is-not-moved R-6.3-2", begin_drip, NULL);
	return TESTS_RUN("ref/server_timers");
}
