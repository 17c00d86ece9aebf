/* The reference pair: real clients and real servers on loopback, in text. Their JSON is in pair_json_test.c. */
#include <poll.h>
#include <signal.h>

#include "proto/octets_test.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

static const char *host(bool six)
{
	return six ? "::1" : "127.0.0.1";
}

/* --- every combination ------------------------------------------------------------------------------------------------------- */

enum kind {
	TCP,
	UDP,
	MIXED,
	KINDS,
};

struct combination {
	char name[64];
	bool six;
	enum kind kind;
	unsigned streams;
};

static const unsigned stream_counts[] = { 1, 3, 16, 128 };

static struct combination combinations[2 * KINDS * COUNT(stream_counts)];

static void add_combinations(CMUnitTestFunction run)
{
	static const char *const names[KINDS] = { "tcp", "udp", "mixed" };
	struct combination *combination = combinations;

	for (int six = 0; six < 2; six++) {
		for (enum kind kind = 0; kind < KINDS; kind++) {
			for (size_t i = 0; i < COUNT(stream_counts); i++, combination++) {
				combination->six = six;
				combination->kind = kind;
				combination->streams = stream_counts[i];
				snprintf(combination->name, sizeof combination->name, "8.5/ipv%d-%s-%u-streams R-8.5-2",
					 six ? 6 : 4, names[kind], stream_counts[i]);
				test_add(combination->name, run, combination);
			}
		}
	}
}

/* The options for so many streams of that kind; a mixed test of one stream has one of each. */
static void stream_words(const struct combination *combination, char *words, size_t size)
{
	unsigned half = combination->streams > 1 ? combination->streams / 2 : 1;
	unsigned rest = combination->streams > 1 ? combination->streams - half : 1;

	if (combination->kind == TCP)
		snprintf(words, size, "-P %u", combination->streams);
	else if (combination->kind == UDP)
		snprintf(words, size, "-u -P %u -b 100M", combination->streams);
	else
		snprintf(words, size, "-P %u --udp-streams %u -b 100M", half, rest);
}

static void run_combination(void **state)
{
	const struct combination *combination = *state;
	char words[100];
	uint16_t port;
	struct program *server, *client;

	if (combination->six && !wire_has_six())
		skip();
	stream_words(combination, words, sizeof words);
	server = program_serve(&port, "%s", combination->six ? "-6" : "");
	client = program_start("-c %s -p %u %s -n 256K", host(combination->six), port, words);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_said(client, PROGRAM_OUT, "Done: the server received 262144 of 262144 octets.\n");
	test_assert(client->texts[PROGRAM_OUT].told == client->texts[PROGRAM_OUT].length, "that is not its last line");
	test_assert(client->texts[PROGRAM_ERR].length == 0, "it wrote to standard error");
	program_said(server, PROGRAM_OUT, "[SUM]");
	program_said(server, PROGRAM_OUT, ": the client ended it\n");
	test_assert(!program_has(server, PROGRAM_OUT, "not complete"), "a stream is not complete");
	program_stop(server);
}

/* --- options of the client ------------------------------------------------------------------------------------------------- */

static const struct run {
	const char *name;
	const char *words;
	const char *said;   /* in the client's report */
} runs[] = {
	{ "8.5/no-stream R-8.5-1", "-P 0", "Done: the server received 0 of 0 octets." },
	{ "8.2/no-payload", "-n 0 -P 3", "Done: the server received 0 of 0 octets." },
	{ "8.3/no-datagram", "-u -n 0 -P 3", "Done: the server received 0 of 0 octets." },
	{ "8.2/one-octet", "-n 1 -P 3", "Done: the server received 1 of 1 octets." },
	{ "8.2/length-1", "-n 3000 -l 1", "Done: the server received 3000 of 3000 octets." },
	{ "8.2/length-7", "-n 30000 -l 7 -P 2", "Done: the server received 30000 of 30000 octets." },
	{ "8.2/length-49", "-n 49000 -l 49", "Done: the server received 49000 of 49000 octets." },
	{ "8.2/length-131071", "-n 1000000 -l 131071", "Done: the server received 1000000 of 1000000 octets." },
	{ "8.2/length-1M", "-n 64M -l 1M", "Done: the server received 67108864 of 67108864 octets." },
	{ "8.3/length-1", "-u -n 500 -l 1 -b 10M", "Done: the server received 500 of 500 octets." },
	{ "8.3/length-51", "-u -n 51000 -l 51 -b 100M", "Done: the server received 51000 of 51000 octets." },
	{ "8.3/length-1473", "-u -n 100000 -l 1473 -b 100M", "Done: the server received 100000 of 100000 octets." },
	{ "8.3/length-65507", "-u -n 262029 -l 65507 -b 100M", "Done: the server received 262029 of 262029 octets." },
	{ "8.3/length-0", "-u -t 0.2 -l 0 -b 8K", "Done: the server received 0 of 0 octets." },
	{ "8.2/bitrate", "-n 20000 -b 1M -l 1000", "Done: the server received 20000 of 20000 octets." },
	{ "8.3/no-limit", "-u -n 1M -b 0", "Done: the server received 1048576 of 1048576 octets." },
	{ "8.5/mixed-lengths", "-P 2 --udp-streams 2 -n 40000 -l 333 -b 10M",
	  "Done: the server received 40000 of 40000 octets." },
	{ "12/time-tcp", "-t 0.2", "Done: the server received " },
	{ "12/time-udp", "-u -t 0.2 -b 10M -P 2", "Done: the server received " },
	{ "12/interval", "-t 0.35 -i 0.1 -b 1M -P 2", "Done: the server received " },
	{ "12/no-interval", "-t 0.1 -i 0", "Done: the server received " },
	{ "12/verbose", "-n 100K -V", "Done: the server received 102400 of 102400 octets." },
};

static void run_options(void **state)
{
	const struct run *run = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "-V"), *client;

	client = program_start("-c 127.0.0.1 -p %u %s", port, run->words);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_said(client, PROGRAM_OUT, run->said);
	program_said(client, PROGRAM_OUT, "\n");
	test_assert(client->texts[PROGRAM_OUT].told == client->texts[PROGRAM_OUT].length, "that is not its last line");
	program_said(server, PROGRAM_OUT, ": the client ended it\n");
	wire_served(false, port);
	program_stop(server);
}

/* 12/local-address: the server sees the address that the client was told to use. */
static void local_address(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -B 127.0.0.9 -n 1000 --udp-streams 1", port);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_said(server, PROGRAM_OUT, "Test of 127.0.0.9 port ");
	program_stop(server);
}

/* 12/default-port-taken-by-name: a host that has two addresses, of which only one is listened on. */
static void localhost(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-4"), *client;

	(void)state;
	client = program_start("-c localhost -p %u -n 1000 -P 2", port);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_stop(server);
}

/* --- two clients ------------------------------------------------------------------------------------------------------------ */

/* 6.2/two-clients R-6.2-1 R-6.2-3 R-5.2-5: the second is rejected, the first loses nothing. The first flows for 2 s, so that
 * the second comes in time; it takes milliseconds. */
static void two_clients(void **state)
{
	const char *words = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *first, *second;

	first = program_start("-c 127.0.0.1 -p %u -t 2 -b 10M %s", port, words);
	program_said(first, PROGRAM_OUT, "Connected to 127.0.0.1");
	for (int i = 0; i < 5; i++) {
		second = program_start("-c 127.0.0.1 -p %u -n 1M --t-reject 30 %s", port, words);
		test_assert(program_wait(second) == 1, "the second client's status is %d", second->status);
		program_said(second, PROGRAM_ERR, "rejected: 127.0.0.1 port ");
		program_said(second, PROGRAM_OUT, "Failed: rejected");
		program_said(server, PROGRAM_OUT, "another test is in progress (R-6.2-2)");
		program_free(second);
	}
	test_assert(program_wait(first) == 0, "the first client's status is %d", first->status);
	program_said(server, PROGRAM_OUT, ": the client ended it\n");
	test_assert(!program_has(server, PROGRAM_OUT, "not complete"), "a stream is not complete");
	program_stop(server);
}

/* 5.2/retry-while-rejected R-5.2-6: it tries again for as long as its user allows, each time with another cookie. */
static void retry_rejected(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;
	int control = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));

	(void)state;
	wire_ping(false, port);
	client = program_start("-c 127.0.0.1 -p %u -n 1000 --retry 60 --t-reject 30", port);
	for (int i = 0; i < 3; i++)
		program_said(server, PROGRAM_OUT, "Rejected a connection");
	wire_message(control, IPERF_TEST_END, cookie_named('A'));
	wire_ended(control);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_said(client, PROGRAM_OUT, "Done: the server received 1000 of 1000 octets.");
	program_stop(server);
}

/* 5.2/retry-while-refused: the server comes later. */
static void retry_refused(void **state)
{
	uint16_t port;
	int tcp, udp;
	struct program *server, *client;

	(void)state;
	wire_listen(false, 0, &port, &tcp, &udp); /* bound, so that nobody else gets the port; not listening */
	client = program_start("-c 127.0.0.1 -p %u -n 1000 --retry 60 -V", port);
	program_said(client, PROGRAM_ERR, "open control");
	program_said(client, PROGRAM_ERR, "over");
	wire_close(tcp);
	wire_close(udp);
	server = program_start("-s -p %u", port);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_stop(server);
}

/* 5.2/retry-gives-up: when its time is over it fails as without. */
static void retry_gives_up(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	(void)state;
	wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	wire_ping(false, port);
	client = program_start("-c 127.0.0.1 -p %u -n 1000 --retry 0.5 --t-reject 30", port);
	test_assert(program_wait(client) == 1, "the client's status is %d", client->status);
	program_said(client, PROGRAM_ERR, "rejected: ");
	program_said(server, PROGRAM_OUT, "Rejected a connection");
	program_said(server, PROGRAM_OUT, "Rejected a connection");
	program_stop(server);
}

/* 5.2/retry-interrupted: its user can end it between two tries. */
static void retry_interrupted(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	(void)state;
	wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	wire_ping(false, port);
	client = program_start("-c 127.0.0.1 -p %u -n 1000 --retry 600", port);
	program_said(server, PROGRAM_OUT, "Rejected a connection");
	program_signal(client, SIGINT);
	test_assert(program_wait(client) != 0, "its status is 0");
	program_stop(server);
}

/* 6.5/twenty-in-a-row R-6.5-5 R-6.5-8: whoever comes when a client has ended finds the server idle; kinds alternate. */
static void twenty_in_a_row(void **state)
{
	static const char *const words[] = { "-n 100K -P 3", "-u -n 10K -b 10M", "-P 0", "-t 0.01 -P 2 --udp-streams 2" };
	uint16_t port;
	struct program *server = program_serve(&port, "%s", "");
	bool six = wire_has_six();

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct program *client = program_start("-c %s -p %u %s", host(six && i % 8 > 3), port, words[i % 4]);

		test_assert(program_wait(client) == 0, "client %d: status %d", i + 1, client->status);
		program_free(client);
	}
	program_stop(server);
}

/* --- the end of a server ------------------------------------------------------------------------------------------------------ */

/* 6.5/server-stopped R-6.5-9 R-5.2-8: status 0, and the client says that the test was aborted. */
static void server_stopped(void **state)
{
	const int *number = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	client = program_start("-c 127.0.0.1 -p %u -t 600 -i 0.1 -P 2 --udp-streams 2 --t-reject 0.001", port);
	program_said(client, PROGRAM_OUT, "Bytes");
	program_signal(server, *number);
	test_assert(program_wait(server) == 0, "the server's status is %d", server->status);
	program_said(server, PROGRAM_OUT, "aborted: the server was stopped");
	test_assert(program_wait(client) == 1, "the client's status is %d", client->status);
	program_said(client, PROGRAM_ERR, "aborted: ");
	program_said(client, PROGRAM_OUT, "Failed: aborted");
}

/* 12/one-off: one test that had begun, however it ended; what comes to nothing does not count. */
static void one_off(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-1"), *client;
	int fd;

	(void)state;
	wire_ping(false, port);
	fd = wire_open(false, port, IPERF_RESULTS_REQUEST, cookie_named('A'));
	wire_ended(fd);
	client = program_start("-c 127.0.0.1 -p %u -n 100K -P 3", port);
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	test_assert(program_wait(server) == 0, "the server's status is %d", server->status);
	program_free(server);
	server = program_serve(&port, "-1");
	fd = wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	wire_ping(false, port);
	wire_reset(fd);
	test_assert(program_wait(server) == 0, "the server's status is %d", server->status);
}

/* 12/server-interval: the server reports periodically while a test runs, sums at its end. */
static void server_interval(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-i 0.1"), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -t 1 -b 1M -P 2", port);
	program_said(server, PROGRAM_OUT, "[  1]   0.0");
	program_said(server, PROGRAM_OUT, "[SUM]   0.");
	test_assert(program_wait(client) == 0, "the client's status is %d", client->status);
	program_said(server, PROGRAM_OUT, "Test of 127.0.0.1 port ");
	program_stop(server);
}

int main(void)
{
	static const int stops[] = { SIGTERM, SIGINT };

	add_combinations(run_combination);
	ROWS_ADD(runs, run_options);
	test_add("12/local-address", local_address, NULL);
	test_add("12/name-with-two-addresses", localhost, NULL);
	test_add("6.2/two-clients-tcp R-6.2-1 R-6.2-3 R-5.2-5", two_clients, "-P 2");
	test_add("6.2/two-clients-udp R-6.2-1 R-6.2-3 R-5.2-5", two_clients, "-u -P 2");
	test_add("5.2/retry-while-rejected R-5.2-6", retry_rejected, NULL);
	test_add("5.2/retry-while-refused", retry_refused, NULL);
	test_add("5.2/retry-gives-up R-5.2-6", retry_gives_up, NULL);
	test_add("5.2/retry-interrupted", retry_interrupted, NULL);
	test_add("6.5/twenty-in-a-row R-6.5-5 R-6.5-8", twenty_in_a_row, NULL);
	test_add("6.5/server-sigterm R-6.5-9 R-5.2-8", server_stopped, &stops[0]);
	test_add("6.5/server-sigint R-6.5-9 R-5.2-8", server_stopped, &stops[1]);
	test_add("12/one-off", one_off, NULL);
	test_add("12/server-interval", server_interval, NULL);
	return TESTS_RUN("ref/pair");
}
