/* The real server at its bounds: SPEC 11, stragglers, dying clients, descriptors and memory. */
#include <signal.h>
#include <sys/socket.h>

#include "proto/octets_test.h"
#include "ref/testprogram.h"
#include "ref/testscript.h"
#include "ref/testwire.h"

#ifdef __has_feature /* clang */
#define SANITIZED __has_feature(address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define BEGUN "a: A TEST_BEGIN", "ping"

static const struct script_row rows[] = {
	{ "11/longest-waiting-gives-way R-11-1 R-11-2", AT, "--max-pending 3", {
		"b:", "c:", "d:", "e:", "b ended", "f:", "c ended", "g:", "d ended", "served" } },
	{ "11/octets-do-not-help-who-waits R-11-2", AT, "--max-pending 3", {
		"b: B[0..31]", "c: B[0..1]", "d:", "e:", "b ended", "served" } },
	{ "11/held-connection-gives-way R-11-2 R-6.3-1", AT, "--max-pending 3", {
		"a: A", "ping", "b:", "c:", "d:", "a ended", "served" } },
	{ "11/connections-of-a-test-stay R-11-1", AT, "--max-pending 2", {
		BEGUN, "s: A STREAM_BEGIN 'abc'", "results s 3 -", "b:", "c:", "d:", "b ended", "e:", "c ended", "s: 'd' STREAM_END",
		"results s 4 +", "a open" } },
	{ "11/one-waits R-11-1", AT, "--max-pending 1", {
		BEGUN, "b:", "c:", "b ended", "s: A STREAM_BEGIN 'abc'", "c ended", "results s 3 -" } },
	{ "11/fourth-tcp-stream R-11-3 R-11-4", AT, "--max-streams 3", {
		BEGUN, "s: A STREAM_BEGIN 's'", "results s 1 -", "q: A STREAM_BEGIN", "results s 1 -; q 0 -",
		"p: A STREAM_BEGIN STREAM_END", "results s 1 -; q 0 -; p 0 +", "o: A STREAM_BEGIN x*100", "o ended", "s: 's'",
		"results s 2 -; q 0 -; p 0 +", "a open" } },
	{ "11/fourth-udp-stream R-11-3 R-11-4", AT, "--max-streams 3", {
		BEGUN, "t: STREAM_BEGIN", "u: STREAM_BEGIN", "v: STREAM_BEGIN", "w: STREAM_BEGIN", "w: x*10", "w: STREAM_END",
		"v: x*10", "results t 0/0 -; u 0/0 -; v 10/1 -", "w: STREAM_BEGIN", "v: x*10",
		"results t 0/0 -; u 0/0 -; v 20/2 -", "silent" } },
	{ "11/ended-streams-count R-11-3", AT, "--max-streams 2", {
		BEGUN, "s: A STREAM_BEGIN STREAM_END", "s half-close", "s ended", "u: STREAM_BEGIN", "u: STREAM_END",
		"results s 0 +; u 0/0 +", "q: A STREAM_BEGIN", "q ended", "v: STREAM_BEGIN", "u: x*1", "results s 0 +; u 1/1 +" } },
	{ "11/bound-is-of-each-test R-11-3", AT, "--max-streams 1", {
		BEGUN, "s: A STREAM_BEGIN", "results s 0 -", "a: TEST_END", "a ended", "b: A TEST_BEGIN", "q: A STREAM_BEGIN",
		"results q 0 -" } },
	{ "11/bound-before-the-test R-11-3 R-11-4", AT, "--max-streams 1", {
		"s: A STREAM_BEGIN", "ping", "q: A STREAM_BEGIN", "q ended", BEGUN, "results s 0 -" } },
};

/* --- strangers and bursts ------------------------------------------------------------------------------------------------ */

/* 11/70-silent-strangers R-11-2: who is served is asked while they all wait; the last of them have not been closed. */
static void silent_strangers(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int strangers[70];
	size_t waiting = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++)
		strangers[i] = wire_connect(i % 2 && wire_has_six(), port);
	wire_served(false, port);
	for (size_t i = 0; i < COUNT(strangers); i++)
		waiting += wire_state(strangers[i]) == WIRE_SILENT;
	/* the client's four connections waited for a moment, too */
	test_assert(waiting >= 60 && waiting <= 64, "%zu strangers still wait", waiting);
	for (size_t i = 0; i < 6; i++)
		wire_ended(strangers[i]);
	program_stop(server);
}

/* Opens count streams at once, none of which the server has seen before all are there: it sleeps. */
static void open_burst(const struct program *server, uint16_t port, const char *control, size_t count, int *streams)
{
	static struct octets octets;
	int fd;

	program_signal(server, SIGSTOP);
	if (control) {
		octets_of(&octets, control);
		fd = wire_connect(false, port);
		wire_send(fd, octets.at, octets.length);
	}
	for (size_t i = 0; i < count; i++)
		streams[i] = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
	program_signal(server, SIGCONT);
}

static void expect_streams(uint16_t port, const int *streams, size_t count, char cookie)
{
	static struct wire_answer answer;

	for (size_t i = 0; i < count; i++)
		wire_message(streams[i], IPERF_STREAM_END, cookie_named(cookie));
	for (size_t i = 0; i < count; i++) {
		wire_half_close(streams[i]);
		wire_ended(streams[i]);
	}
	wire_ping(false, port);
	wire_ask(false, port, cookie_named(cookie), &answer);
	test_assert(answer.answered && answer.results.count == count, "%zu of %zu streams are listed",
		    answer.results.count, count);
	for (size_t i = 0; i < count; i++)
		test_assert(answer.streams[i].complete && answer.streams[i].bytes == 0, "stream %zu is not complete", i + 1);
}

/* 11/burst-of-128 R-11-6: none may be pushed out; with the control connection before them, and with the test running. */
static void burst(void **state)
{
	uint16_t port;
	int streams[128];

	for (int running = 0; running < 2; running++) {
		struct program *server = program_serve(&port, "%s", "");

		if (running)
			wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
		wire_ping(false, port);
		open_burst(server, port, running ? NULL : "A TEST_BEGIN", COUNT(streams), streams);
		expect_streams(port, streams, COUNT(streams), 'A');
		program_stop(server);
		test_clean(state);
	}
}

/* 11/129th-stream R-11-3 R-11-4: with the default bound, TCP and UDP together. */
static void stream_129(void **state)
{
	static struct wire_answer answer;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), streams[128], udp;

	(void)state;
	wire_ping(false, port);
	for (size_t i = 0; i < COUNT(streams); i++) {
		streams[i] = i % 2 ? wire_udp(false, port) : wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
		if (i % 2)
			wire_message(streams[i], IPERF_STREAM_BEGIN, cookie_named('A'));
	}
	wire_ask_until(false, port, cookie_named('A'), &answer, 0, COUNT(streams), 0);
	wire_ended(wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A')));
	udp = wire_udp(false, port);
	wire_message(udp, IPERF_STREAM_BEGIN, cookie_named('A'));
	wire_send(udp, "abc", 3);
	wire_send(streams[1], "x", 1);
	wire_ask_until(false, port, cookie_named('A'), &answer, 1, COUNT(streams), 0);
	test_assert(wire_state(control) == WIRE_SILENT, "the test was ended");
	program_stop(server);
}

/* 11/65th-answer R-11-5: the oldest of the answered connections that are still open is closed, no other. */
static void answer_65(void **state)
{
	static struct wire_answer answer;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), fds[66];

	(void)state;
	wire_ping(false, port);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = wire_open(false, port, IPERF_RESULTS_REQUEST, cookie_named('A'));
		wire_answer(fds[i], cookie_named('A'), &answer);
		test_assert(answer.answered, "request %zu is closed unanswered", i + 1);
	}
	wire_refuses(fds[0]);
	wire_refuses(fds[1]);
	for (size_t i = 2; i < COUNT(fds); i++)
		test_assert(wire_send(fds[i], "x", 1), "answered connection %zu was closed", i + 1);
	wire_ping(false, port);
	for (size_t i = 2; i < COUNT(fds); i++)
		test_assert(wire_send(fds[i], "x", 1), "answered connection %zu was closed", i + 1);
	test_assert(wire_state(control) == WIRE_SILENT, "the test was ended");
	program_stop(server);
}

/* --- stragglers ------------------------------------------------------------------------------------------------------------ */

#define STRAGGLERS 20

enum end_of_control {
	END_RESET,
	END_EOF,
	END_MESSAGE,
	ENDS,
};

/* 6.5/stragglers R-6.5-10 R-6.5-5: while the server sleeps, a client begins streams and dies; when it wakes all that is in
 * its queue, behind the end of the control connection. */
static void stragglers(void **state)
{
	static const char *const said[ENDS] = { "was reset", "closed the control connection", "the client ended it" };
	uint16_t port;

	(void)state;
	for (int variant = 0; variant < 2 * ENDS; variant++) {
		struct program *server = program_serve(&port, "%s", "");
		int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), streams[STRAGGLERS];
		bool dies = variant >= ENDS;

		wire_ping(false, port);
		program_signal(server, SIGSTOP);
		for (size_t i = 0; i < STRAGGLERS; i++)
			streams[i] = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
		if (variant % ENDS == END_MESSAGE)
			wire_message(control, IPERF_TEST_END, cookie_named('A'));
		if (variant % ENDS == END_RESET)
			wire_reset(control);
		else
			wire_half_close(control);
		for (size_t i = 0; dies && i < STRAGGLERS; i++)
			wire_close(streams[i]);
		program_signal(server, SIGCONT);
		program_said(server, PROGRAM_OUT, said[variant % ENDS]);
		wire_served(false, port);
		for (size_t i = 0; !dies && i < STRAGGLERS; i++)
			wire_ended(streams[i]);
		program_stop(server);
	}
}

/* --- clients that die -------------------------------------------------------------------------------------------------------- */

static struct program *start_client(uint16_t port, const char *words)
{
	return program_start("-c 127.0.0.1 -p %u -t 600 --cookie "
			     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f %s", port, words);
}

/* kill -9; the server sees the end of the test, whatever it was about to do, and the next client is served at once. */
static void kill_client(struct program *client, struct program *server, uint16_t port)
{
	program_signal(client, SIGKILL);
	test_assert(program_wait(client) == -SIGKILL, "the client had ended before");
	program_free(client);
	program_said(server, PROGRAM_OUT, "Test over");
	wire_served(false, port);
	program_forget(server);
}

static const struct killing {
	const char *words;
	int decisions; /* that the server takes before payload flows */
} killings[] = { { "-P 4", 10 }, { "-P 40", 25 }, { "-u -P 3 -b 100M", 8 } };

/* 6.5/client-killed R-6.5-2 R-6.5-5: when the server has taken its n-th decision, and when so many octets have arrived. */
static void client_killed(void **state)
{
	static struct wire_answer answer;
	const struct killing *killing = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "-V");

	program_forget(server);
	for (int decisions = 1; decisions <= killing->decisions; decisions++) {
		struct program *client = start_client(port, killing->words);

		for (int i = 0; i < decisions; i++)
			program_said(server, PROGRAM_ERR, "\n");
		kill_client(client, server, port);
	}
	for (uint64_t bytes = 1; bytes < 1000000; bytes *= 7) {
		struct program *client = start_client(port, killing->words);

		program_said(server, PROGRAM_ERR, "begin");
		do {
			wire_ask(false, port, cookie_named('A'), &answer);
			program_drain(server);
		} while (answer.results.bytes < bytes);
		kill_client(client, server, port);
	}
	program_stop(server);
}

/* --- descriptors and memory -------------------------------------------------------------------------------------------------- */

#define FILES 32

/* 11/descriptors-short R-10-5 R-11-2: a running test goes on beside strangers that take all descriptors. */
static void descriptors_short(void **state)
{
	static struct wire_answer answer;
	uint16_t port;
	struct program *server = program_serve_as(&(struct program_setup){ .files = FILES }, &port, "%s", "");
	int control, streams[4], strangers[60];

	(void)state;
	test_assert(program_files(server) + 8 <= FILES, "it has %u descriptors open when idle", program_files(server));
	control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	for (size_t i = 0; i < COUNT(streams); i++)
		streams[i] = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
	wire_ping(false, port);
	for (size_t i = 0; i < COUNT(strangers); i++)
		strangers[i] = wire_connect(false, port);
	for (uint64_t i = 1; i <= 20; i++) {
		wire_send(streams[i % COUNT(streams)], "x", 1);
		wire_ask_until(false, port, cookie_named('A'), &answer, i, COUNT(streams), 0);
	}
	test_assert(wire_state(control) == WIRE_SILENT, "the test was ended");
	wire_message(control, IPERF_TEST_END, cookie_named('A'));
	wire_ended(control);
	wire_served(false, port);
	for (size_t i = 0; i < COUNT(strangers); i++)
		wire_close(strangers[i]);
	wire_served(false, port);
	program_stop(server);
}

/* 11/descriptors-short-of-streams: one test wants more than there are; others are served when it is over. What is still in
 * the queue then may cost a T_begin. */
static void descriptors_for_streams(void **state)
{
	uint16_t port;
	struct program *server = program_serve_as(&(struct program_setup){ .files = FILES }, &port, "--t-begin 0.2");
	unsigned idle = program_files(server);
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')), streams[FILES];

	(void)state;
	wire_ping(false, port);
	for (size_t i = 0; i < FILES; i++) {
		streams[i] = wire_open(false, port, IPERF_STREAM_BEGIN, cookie_named('A'));
		wire_send(streams[i], "abc", 3);
	}
	wire_message(control, IPERF_TEST_END, cookie_named('A'));
	wire_ended(control);
	for (size_t i = 0; i < FILES; i++)
		wire_ended(streams[i]);
	wire_served(false, port);
	program_settle(server, port);
	test_assert(program_files(server) == idle, "%u descriptors are open, %u were before", program_files(server), idle);
	program_stop(server);
}

#define MEMORY_KB (16 * 1024)

/* 11/memory-of-128-streams: at most 16 MiB. A sanitizer has a memory of its own. */
static void memory_of_streams(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	struct program *tcp = program_start("-c 127.0.0.1 -p %u -P 128 -n 256M", port), *udp;

	(void)state;
	test_assert(program_wait(tcp) == 0, "the client failed");
	udp = program_start("-c 127.0.0.1 -p %u -u -P 128 -n 2M -b 10M", port);
	program_wait(udp);
	test_assert(SANITIZED || program_memory(server, "VmHWM") < MEMORY_KB, "it used %ld kB",
		    program_memory(server, "VmHWM"));
	program_stop(server);
}

/* One connection that comes to nothing, of several kinds. */
static void abort_connection(uint16_t port, unsigned kind)
{
	static struct octets octets;
	static const char *const words[] = { "A[0..31]", "A", "A TEST_BEGIN", "A TEST_BEGIN 'x'", "A 'x'", "A STREAM_BEGIN x*100",
					     "A RESULTS_REQUEST" };
	int fd = wire_connect(false, port);

	octets_of(&octets, words[kind % COUNT(words)]);
	wire_send(fd, octets.at, octets.length);
	if (kind % 2)
		wire_reset(fd);
	else
		wire_close(fd);
}

/* 11/memory-after-2000-aborted-connections: neither memory nor descriptors grow with them. */
static void memory_of_aborted(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "--t-begin 0.1");
	unsigned files = program_files(server);
	long early = 0, late;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		abort_connection(port, i);
		program_drain(server);
		if (i % 10 == 0)
			wire_ping(false, port); /* else the most that wait at once, and their memory, are left to chance */
		if (i != 200)
			continue;
		program_settle(server, port);
		early = program_memory(server, "VmRSS");
	}
	wire_ping(false, port);
	program_settle(server, port);
	late = program_memory(server, "VmRSS");
	test_assert(program_files(server) == files, "%u descriptors are open, %u were before", program_files(server), files);
	/* a leak of 64 octets per connection were 112 kB; the allocator's own doings are smaller */
	test_assert(SANITIZED || late - early < 100, "its memory grew from %ld to %ld kB", early, late);
	program_stop(server);
}

int main(void)
{
	ROWS_ADD(rows, script_run_server);
	test_add("11/70-silent-strangers R-11-2", silent_strangers, NULL);
	test_add("11/burst-of-128 R-11-6", burst, NULL);
	test_add("11/129th-stream R-11-3 R-11-4", stream_129, NULL);
	test_add("11/65th-answer R-11-5", answer_65, NULL);
	test_add("6.5/stragglers R-6.5-10 R-6.5-5", stragglers, NULL);
	test_add("6.5/client-killed-tcp R-6.5-2 R-6.5-5", client_killed, &killings[0]);
	test_add("6.5/client-killed-many R-6.5-2 R-6.5-5", client_killed, &killings[1]);
	test_add("6.5/client-killed-udp R-6.5-2 R-6.5-5", client_killed, &killings[2]);
	test_add("11/descriptors-short R-10-5 R-11-2", descriptors_short, NULL);
	test_add("11/descriptors-short-of-streams R-11-4", descriptors_for_streams, NULL);
	test_add("11/memory-of-128-streams", memory_of_streams, NULL);
	test_add("11/memory-after-2000-aborted-connections", memory_of_aborted, NULL);
	return TESTS_RUN("ref/server_limits");
}
