/* The command line of the real program: what it refuses, how it says so, and its exit status. */
#include <ctype.h>

#include "proto/rows_test.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* --- wrong usage --------------------------------------------------------------------------------------------------------------- */

struct row {
	const char *name;  /* the command line, too */
	const char *says[2]; /* in the sentence: the option, and the value or what is allowed */
};

static const struct row wrong_rows[] = {
	{ "", { "--server", "--client" } },
	{ "-s -c localhost", { "--server", "--client" } },
	{ "-c", { "--client", "HOST" } },
	{ "-s -c", { "--client", "HOST" } },
	{ "-p", { "--port", "PORT" } },
	{ "-x", { "-x", "no such option" } },
	{ "-s -x", { "-x", "no such option" } },
	{ "--frobnicate", { "--frobnicate", "no such option" } },
	{ "-s --frobnicate=5", { "--frobnicate", "no such option" } },
	{ "-s --one-off=1", { "--one-off", "no value" } },
	{ "-s extra", { "extra", "only options" } },
	{ "-c localhost extra more", { "extra", "only options" } },
	{ "-s -p 65536", { "--port", "65536" } },
	{ "-s -p -1", { "--port", "-1" } },
	{ "-s -p 80x", { "--port", "80x" } },
	{ "-s -p 1e3", { "--port", "1e3" } },
	{ "-s -p 99999999999999999999", { "--port", "99999999999999999999" } },
	{ "-c localhost -p 0", { "--port", "0" } },
	{ "-c localhost -t 0", { "--time", "0" } },
	{ "-c localhost -t -1", { "--time", "-1" } },
	{ "-c localhost -t abc", { "--time", "abc" } },
	{ "-c localhost -t 1s", { "--time", "1s" } },
	{ "-c localhost -t nan", { "--time", "nan" } },
	{ "-c localhost -t inf", { "--time", "inf" } },
	{ "-c localhost -t 1e30", { "--time", "1e30" } },
	{ "-c localhost -t 1 -n 1", { "--time", "--bytes" } },
	{ "-c localhost -n -5", { "--bytes", "-5" } },
	{ "-c localhost -n 5X", { "--bytes", "5X" } },
	{ "-c localhost -n 99999999T", { "--bytes", "99999999T" } },
	{ "-c localhost -n K", { "--bytes", "K" } },
	{ "-c localhost -P 129", { "--parallel", "129" } },
	{ "-c localhost -P -1", { "--parallel", "-1" } },
	{ "-c localhost -P 1.5", { "--parallel", "1.5" } },
	{ "-c localhost -l 0", { "--length", "0" } },
	{ "-c localhost -l 2M", { "--length", "2M" } },
	{ "-c localhost -u -l 65508", { "--length", "65508" } },
	{ "-c localhost -u -l 0 -n 10", { "--length", "0" } },
	{ "-c localhost --udp-streams 1 -l 65508", { "--length", "65508" } },
	{ "-c localhost -u --udp-streams 1", { "--udp", "--udp-streams" } },
	{ "-c localhost -b -1", { "--bitrate", "-1" } },
	{ "-c localhost -b fast", { "--bitrate", "fast" } },
	{ "-c localhost -b 2000G", { "--bitrate", "2000G" } },
	{ "-c localhost -i 0.05", { "--interval", "0.05" } },
	{ "-c localhost -i x", { "--interval", "x" } },
	{ "-c localhost --t-results 0", { "--t-results", "0" } },
	{ "-c localhost --t-reject x", { "--t-reject", "x" } },
	{ "-c localhost --retry -1", { "--retry", "-1" } },
	{ "-c localhost --cookie 00", { "--cookie", "00" } },
	{ "-c localhost --cookie " HEX "0", { "--cookie", "64" } },
	{ "-c localhost --cookie x", { "--cookie", "x" } },
	{ "-c localhost -4 -6", { "--version4", "--version6" } },
	{ "-s -4 -6", { "--version4", "--version6" } },
	{ "-s -n 5", { "--bytes", "client" } },
	{ "-s -u", { "--udp", "client" } },
	{ "-s -t 5", { "--time", "client" } },
	{ "-s --retry 1", { "--retry", "client" } },
	{ "-c localhost -1", { "--one-off", "server" } },
	{ "-c localhost --t-idle 5", { "--t-idle", "server" } },
	{ "-s --t-hello 0", { "--t-hello", "0" } },
	{ "-s --t-begin -3", { "--t-begin", "-3" } },
	{ "-s --t-idle 99999999", { "--t-idle", "99999999" } },
	{ "-s --max-streams 0", { "--max-streams", "0" } },
	{ "-s --max-streams 5000", { "--max-streams", "5000" } },
	{ "-s --max-pending 0", { "--max-pending", "0" } },
};

/* Standard error is one line: "iperf-ref: " and a sentence that ends with neither line end nor full stop. */
static void check_sentence(struct program *program)
{
	const struct program_text *text = &program->texts[PROGRAM_ERR];

	test_assert(text->length > 0 && strncmp(text->at, "iperf-ref: ", 11) == 0, "no sentence of iperf-ref");
	test_assert(strchr(text->at, '\n') == text->at + text->length - 1, "not exactly one line");
	for (const char *at = text->at; *at != '\n'; at++)
		test_assert(isprint((unsigned char)*at), "an octet that cannot be printed");
}

static void run_wrong(void **state)
{
	const struct row *row = *state;
	struct program *program = program_start("%s", row->name);

	test_assert(program_wait(program) == 2, "the status is %d", program->status);
	test_assert(program->texts[PROGRAM_OUT].length == 0, "it wrote to standard output");
	check_sentence(program);
	for (size_t i = 0; i < COUNT(row->says); i++)
		test_assert(program_has(program, PROGRAM_ERR, row->says[i]), "the sentence does not have %s", row->says[i]);
}

/* --- what cannot be tried ---------------------------------------------------------------------------------------------------------- */

/* No name service is asked for these. */
static const struct row untried_rows[] = {
	{ "-c 127.0.0.1 -6 -n 1", { "cannot find an address of 127.0.0.1", "" } },
	{ "-c ::1 -4 -n 1", { "cannot find an address of ::1", "" } },
	{ "-c nowhere..invalid -n 1", { "cannot find an address of nowhere..invalid", "" } },
	{ "-c 127.0.0.1 -B nowhere..invalid -n 1", { "nowhere..invalid", "" } },
	{ "-c 127.0.0.1 -B 198.51.100.1 -n 1", { "cannot use 198.51.100.1 as local address", "" } },
	{ "-c 127.0.0.1 -B ::1 -n 1", { "cannot use ::1 as local address", "" } },
	{ "-s -p 0 -B nowhere..invalid", { "cannot find an address of nowhere..invalid", "" } },
	{ "-s -p 0 -B 198.51.100.1", { "cannot listen on port 0 of 198.51.100.1", "" } },
	{ "-s -p 0 -B 127.0.0.1 -6", { "cannot find an address of 127.0.0.1", "" } },
};

static void expect_untried(struct program *program, const char *sentence)
{
	test_assert(program_wait(program) == 3, "the status is %d", program->status);
	check_sentence(program);
	test_assert(program_has(program, PROGRAM_ERR, sentence), "the sentence does not have '%s'", sentence);
}

static void run_untried(void **state)
{
	const struct row *row = *state;

	expect_untried(program_start("%s", row->name), row->says[0]);
}

/* The port is in use, over TCP or only over UDP. */
static void port_in_use(void **state)
{
	uint16_t port;
	int tcp, udp;
	char sentence[60];
	struct program *server = program_serve(&port, "%s", "");

	(void)state;
	snprintf(sentence, sizeof sentence, "cannot listen on port %u", port);
	expect_untried(program_start("-s -p %u", port), sentence);
	expect_untried(program_start("-s -p %u -4", port), sentence);
	program_stop(server);
	wire_listen(false, 0, &port, &tcp, &udp);
	wire_close(tcp);
	snprintf(sentence, sizeof sentence, "cannot listen on port %u", port);
	expect_untried(program_start("-s -p %u", port), sentence);
}

/* --- output that cannot be written --------------------------------------------------------------------------------------------------- */

static const struct program_setup full = { .out = "/dev/full" };

static const struct row full_rows[] = {
	{ "--help", { "", "" } },
	{ "--version", { "", "" } },
	{ "-s -p 0", { "cannot write the report: ", "" } },
	{ "-s -p 0 -i 1", { "cannot write the report: ", "" } },
};

static void run_full(void **state)
{
	const struct row *row = *state;
	struct program *program = program_start_as(&full, "%s", row->name);

	test_assert(program_wait(program) == 3, "the status is %d", program->status);
	test_assert(program_has(program, PROGRAM_ERR, row->says[0]), "no sentence about it");
}

static const struct row full_client_rows[] = {
	{ "full/client", { "-n 1M", "" } },
	{ "full/client-json", { "-n 1M -J", "" } },
	{ "full/client-udp", { "-u -n 10K", "" } },
	{ "full/client-for-long", { "-t 600 -P 3", "" } },
	{ "full/client-no-stream", { "-P 0", "" } },
};

/* A client tells what it could not write, and does not keep the server. */
static void run_full_client(void **state)
{
	const struct row *row = *state;
	uint16_t port;
	struct program *server = program_serve(&port, "%s", ""), *client;

	client = program_start_as(&full, "-c 127.0.0.1 -p %u %s", port, row->says[0]);
	expect_untried(client, "cannot write the report: ");
	program_said(server, PROGRAM_OUT, "Test over");
	wire_served(false, port);
	program_stop(server);
}

/* A server in JSON finds out at its first document. */
static void full_server_json(void **state)
{
	uint16_t port;
	struct program *server = program_serve_as(&full, &port, "-J"), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -n 1000", port);
	program_wait(client);
	test_assert(program_wait(server) == 3, "the server's status is %d", server->status);
	program_said(server, PROGRAM_ERR, "cannot write the report: ");
}

/* --- what is right ---------------------------------------------------------------------------------------------------------------------- */

static void help(void **state)
{
	static const char *const words[] = { "-h", "--help", "-s --help", "--help -x" };
	struct program *program;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		program = program_start("%s", words[i]);
		test_assert(program_wait(program) == 0, "the status is %d", program->status);
		program_said(program, PROGRAM_OUT, "usage: iperf-ref -s");
		program_said(program, PROGRAM_OUT, "Exit status:");
		test_assert(program->texts[PROGRAM_ERR].length == 0, "it wrote to standard error");
	}
	program = program_start("--version");
	test_assert(program_wait(program) == 0, "the status is %d", program->status);
	program_said(program, PROGRAM_OUT, "iperf-ref ");
}

/* Spellings that are allowed, up to the point where nobody listens. */
static void spellings(void **state)
{
	static const char *const words[] = {
		"-t 0.5", "-n 1K", "-n 1.5k", "-l 64K", "-b 1G", "-b 0", "-i 0", "-i 0.1", "--time=1", "--par 3",
		"-P3", ("--cookie " HEX), "-4", "--t-results 0.001",
	};
	uint16_t port;
	int tcp, udp;

	(void)state;
	wire_listen(false, 0, &port, &tcp, &udp);
	for (size_t i = 0; i < COUNT(words); i++) {
		struct program *program = program_start("-c 127.0.0.1 -p %u %s", port, words[i]);

		test_assert(program_wait(program) == 1, "%s: the status is %d", words[i], program->status);
		program_free(program);
	}
}

/* A server on an address of its own listens there only; both families otherwise. */
static void addresses(void **state)
{
	static const struct {
		const char *words;
		bool four, six;
	} servers[] = { { "", true, true }, { "-4", true, false }, { "-6", false, true }, { "-B 127.0.0.1", true, false },
			{ "-B ::1", false, true } };
	bool has_six = wire_has_six();

	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++) {
		uint16_t port;
		struct program *server;

		if (!has_six && !servers[i].four)
			continue;
		server = program_serve(&port, "%s", servers[i].words);
		if (servers[i].four)
			wire_served(false, port);
		if (servers[i].six && has_six)
			wire_served(true, port);
		test_assert(servers[i].four || !wire_is_listened(false, port), "%s: it listens on IPv4", servers[i].words);
		test_assert(!has_six || servers[i].six || !wire_is_listened(true, port), "%s: it listens on IPv6", servers[i].words);
		program_stop(server);
	}
}

int main(void)
{
	static char names[COUNT(wrong_rows)][120];

	for (size_t i = 0; i < COUNT(wrong_rows); i++) {
		snprintf(names[i], sizeof names[i], "usage/iperf-ref %s", wrong_rows[i].name);
		test_add(names[i], run_wrong, &wrong_rows[i]);
	}
	ROWS_ADD(untried_rows, run_untried);
	test_add("untried/port-in-use", port_in_use, NULL);
	ROWS_ADD(full_rows, run_full);
	ROWS_ADD(full_client_rows, run_full_client);
	test_add("full/server-json", full_server_json, NULL);
	test_add("usage/help-and-version", help, NULL);
	test_add("usage/spellings", spellings, NULL);
	test_add("usage/addresses", addresses, NULL);
	return TESTS_RUN("ref/command");
}
