/* The JSON documents of the reference pair: iperf3's names where they have iperf3's facts, sums that agree, and nothing but
 * JSON on standard output, whatever happens. */
#include <signal.h>

#include <jansson.h>

#include "proto/octets_test.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

/* --- looking into documents -------------------------------------------------------------------------------------------------- */

/* The value at a path such as "end.streams.0.sender.bytes"; it must be there. */
static json_t *at_path(json_t *json, const char *path)
{
	char copy[200], *rest = copy;

	snprintf(copy, sizeof copy, "%s", path);
	for (const char *name; json && (name = strsep(&rest, "."));)
		json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10)) : json_object_get(json, name);
	test_assert(json, "there is no %s", path);
	return json;
}

__attribute__((format(printf, 2, 3))) static json_t *at(json_t *json, const char *format, ...)
{
	char path[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	return at_path(json, path);
}

static json_int_t integer_at(json_t *json, const char *path)
{
	json_t *value = at_path(json, path);

	test_assert(json_is_integer(value), "%s is no integer", path);
	return json_integer_value(value);
}

static double number_at(json_t *json, const char *path)
{
	json_t *value = at_path(json, path);

	test_assert(json_is_number(value), "%s is no number", path);
	return json_number_value(value);
}

static const char *text_at(json_t *json, const char *path)
{
	json_t *value = at_path(json, path);

	test_assert(json_is_string(value), "%s is no string", path);
	return json_string_value(value);
}

/* All of a program's standard output, which must be one JSON object. */
static json_t *document_of(struct program *program)
{
	json_error_t error;
	json_t *json = json_loads(program->texts[PROGRAM_OUT].at ? program->texts[PROGRAM_OUT].at : "", 0, &error);

	test_assert(json_is_object(json), "standard output is no JSON object: %s, line %d", error.text, error.line);
	return json;
}

/* A test with both sides in JSON: *client and *server get the documents. */
static void run_pair(const char *host, const char *words, json_t **client, json_t **server)
{
	uint16_t port;
	struct program *serving = program_serve(&port, "-J"), *sending;
	json_error_t error;

	sending = program_start("-c %s -p %u -J %s", host, port, words);
	test_assert(program_wait(sending) == 0, "the client's status is %d", sending->status);
	*client = document_of(sending);
	test_assert(sending->texts[PROGRAM_ERR].length == 0, "the client wrote to standard error");
	program_said(serving, PROGRAM_OUT, "\n");
	*server = json_loads(serving->texts[PROGRAM_OUT].at, 0, &error); /* one document, on one line */
	test_assert(json_is_object(*server), "the server's report: %s", error.text);
	program_stop(serving);
}

/* --- what must be there -------------------------------------------------------------------------------------------------------- */

/* A flow: {start, end, seconds, bytes, bits_per_second, sender}. */
static void check_flow(json_t *flow)
{
	double seconds = number_at(flow, "seconds"), rate = number_at(flow, "bits_per_second");
	double bits = (double)integer_at(flow, "bytes") * 8;

	test_assert(number_at(flow, "start") >= 0, "start is negative");
	test_assert(number_at(flow, "end") - number_at(flow, "start") - seconds < 1e-6, "seconds are not end - start");
	test_assert(json_is_boolean(at(flow, "sender")), "sender is no boolean");
	test_assert(seconds <= 0 || (rate * seconds > bits * 0.999 - 1 && rate * seconds < bits * 1.001 + 1),
		    "bits_per_second %f times seconds %f are not %f bits", rate, seconds, bits);
}

static void check_start(json_t *document, const char *host, const char *protocol, json_int_t streams)
{
	static const char *const integers[] = { "num_streams", "blksize", "omit", "bytes", "blocks", "reverse" };
	json_t *test = at(document, "start.test_start");

	test_assert(strstr(text_at(document, "start.version"), "iperf"), "start.version");
	test_assert(*text_at(document, "start.system_info"), "start.system_info is empty");
	test_assert(integer_at(document, "start.timestamp.timesecs") > 1500000000, "start.timestamp.timesecs");
	test_assert(strstr(text_at(document, "start.timestamp.time"), " GMT"), "start.timestamp.time");
	assert_string_equal(text_at(document, "start.connecting_to.host"), host);
	assert_int_equal(strlen(text_at(document, "start.cookie")), 64);
	assert_string_equal(text_at(test, "protocol"), protocol);
	for (size_t i = 0; i < COUNT(integers); i++)
		integer_at(test, integers[i]);
	number_at(test, "duration");
	assert_int_equal(integer_at(test, "num_streams"), streams);
	assert_int_equal(json_array_size(at(document, "start.connected")), streams);
	for (json_int_t i = 0; i < streams; i++) {
		json_t *connected = at(document, "start.connected.%d", (int)i);

		assert_string_equal(text_at(connected, "local_host"), host);
		assert_string_equal(text_at(connected, "remote_host"), host);
		assert_int_equal(integer_at(connected, "remote_port"),
				 integer_at(document, "start.connecting_to.port"));
		assert_in_range(integer_at(connected, "local_port"), 1, 65535);
	}
}

/* The intervals follow each other without a gap, and their sums are the sums of their streams. Returns all octets. */
static json_int_t check_intervals(json_t *document)
{
	json_t *intervals = at(document, "intervals"), *interval, *stream;
	double end = 0;
	json_int_t total = 0;
	size_t i, k;

	json_array_foreach(intervals, i, interval) {
		json_int_t bytes = 0;

		check_flow(at(interval, "sum"));
		test_assert(number_at(interval, "sum.start") == end, "interval %zu does not begin where the last ended", i);
		end = number_at(interval, "sum.end");
		json_array_foreach(at(interval, "streams"), k, stream) {
			check_flow(stream);
			test_assert(json_is_false(at(stream, "omitted")), "omitted");
			bytes += integer_at(stream, "bytes");
		}
		assert_int_equal(integer_at(interval, "sum.bytes"), bytes);
		total += bytes;
	}
	return total;
}

/* The last part of both documents agrees in all numbers. */
static void check_end(json_t *client, json_t *server)
{
	json_t *streams = at(client, "end.streams"), *stream;
	json_int_t sent = 0, received = 0;
	size_t i;

	assert_int_equal(json_array_size(at(server, "end.streams")), json_array_size(streams));
	json_array_foreach(streams, i, stream) {
		check_flow(at(stream, "sender"));
		check_flow(at(stream, "receiver"));
		sent += integer_at(stream, "sender.bytes");
		received += integer_at(stream, "receiver.bytes");
		test_assert(json_is_true(at(stream, "complete")), "stream %zu is not complete", i + 1);
	}
	check_flow(at(client, "end.sum_sent"));
	check_flow(at(client, "end.sum_received"));
	check_flow(at(server, "end.sum_received"));
	assert_int_equal(integer_at(client, "end.sum_sent.bytes"), sent);
	assert_int_equal(integer_at(client, "end.sum_received.bytes"), received);
	assert_int_equal(integer_at(server, "end.sum_received.bytes"), received);
	assert_int_equal(check_intervals(client), sent);
	assert_int_equal(sent, received);
	assert_string_equal(text_at(client, "start.cookie"), text_at(server, "start.cookie"));
	assert_string_equal(text_at(client, "outcome"), "ok");
	assert_string_equal(text_at(server, "outcome"), "end");
	assert_string_equal(text_at(server, "why"), "R-6.5-1");
	assert_null(json_object_get(client, "error"));
}

/* Every stream of the server's document is one of the client's, by its port. */
static void check_ports(json_t *client, json_t *server, const char *host)
{
	json_t *theirs, *ours;
	size_t i, k;

	json_array_foreach(at(server, "end.streams"), i, theirs) {
		size_t found = 0;

		assert_string_equal(text_at(theirs, "remote_host"), host);
		json_array_foreach(at(client, "start.connected"), k, ours) {
			if (integer_at(ours, "local_port") != integer_at(theirs, "remote_port") ||
			    strcmp(text_at(ours, "protocol"), text_at(theirs, "protocol")) != 0)
				continue;
			found++;
			assert_int_equal(integer_at(at(client, "end.streams.%zu", k), "receiver.bytes"),
					 integer_at(theirs, "receiver.bytes"));
		}
		assert_int_equal(found, 1);
	}
}

static void check_udp(json_t *client, json_int_t packets)
{
	json_t *stream;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(at(client, "end.streams"), i, stream) {
		json_t *udp = json_object_get(stream, "udp");

		if (!udp)
			continue;
		check_flow(udp);
		assert_int_equal(integer_at(udp, "lost_packets"), 0);
		test_assert(number_at(udp, "lost_percent") == 0, "lost_percent");
		sum += integer_at(udp, "packets");
	}
	assert_int_equal(sum, packets);
	assert_int_equal(integer_at(client, "end.sum.packets"), packets);
	assert_int_equal(integer_at(client, "end.sum.lost_packets"), 0);
	number_at(client, "end.sum.lost_percent");
}

static const struct run {
	const char *name, *host, *words, *protocol;
	int streams, bytes, packets; /* bytes -1: as many as there are */
} runs[] = {
	{ "json/tcp", "127.0.0.1", "-n 1M", "TCP", 1, 1048576, 0 },
	{ "json/tcp-16", "127.0.0.1", "-n 1M -P 16", "TCP", 16, 1048576, 0 },
	{ "json/tcp-ipv6", "::1", "-n 1M -P 3", "TCP", 3, 1048576, 0 },
	{ "json/tcp-time", "127.0.0.1", "-t 0.35 -i 0.1 -b 10M -P 2", "TCP", 2, -1, 0 },
	{ "json/udp", "127.0.0.1", "-u -n 100K -l 1024 -b 100M", "UDP", 1, 102400, 100 },
	{ "json/udp-3", "127.0.0.1", "-u -n 3000 -l 100 -b 10M -P 3", "UDP", 3, 3000, 30 },
	{ "json/udp-ipv6", "::1", "-u -n 3000 -l 100 -b 10M -P 3", "UDP", 3, 3000, 30 },
	{ "json/mixed", "127.0.0.1", "-n 40000 -l 1000 -P 2 --udp-streams 2 -b 10M", "TCP+UDP", 4, 40000, 20 },
	{ "json/no-stream", "127.0.0.1", "-P 0", "TCP", 0, 0, 0 },
	{ "json/no-payload", "127.0.0.1", "-n 0 -P 2", "TCP", 2, 0, 0 },
};

static void run_documents(void **state)
{
	const struct run *run = *state;
	json_t *client, *server;

	if (strchr(run->host, ':') && !wire_has_six())
		skip();
	run_pair(run->host, run->words, &client, &server);
	check_start(client, run->host, run->protocol, run->streams);
	check_end(client, server);
	check_ports(client, server, run->host);
	if (run->bytes >= 0)
		assert_int_equal(integer_at(client, "end.sum_received.bytes"), run->bytes);
	if (run->packets > 0)
		check_udp(client, run->packets);
	json_decref(client);
	json_decref(server);
}

/* json/intervals: more than one, and the last ends with the payload. */
static void intervals(void **state)
{
	json_t *client, *server;

	(void)state;
	run_pair("127.0.0.1", "-t 0.45 -i 0.1 -b 1M", &client, &server);
	test_assert(json_array_size(at(client, "intervals")) >= 2, "%zu intervals", json_array_size(at(client, "intervals")));
	test_assert(number_at(client, "end.sum_sent.seconds") >= 0.3, "only %f s", number_at(client, "end.sum_sent.seconds"));
	json_decref(client);
	json_decref(server);
}

/* json/server-lines: a document on a line of its own for each test that had begun, and nothing else. */
static void server_lines(void **state)
{
	static const char *const words[] = { "-n 1000", "-u -n 1000", "-P 0" };
	uint16_t port;
	struct program *server = program_serve(&port, "-J");
	const char *line;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		wire_ended(wire_open(false, port, IPERF_RESULTS_REQUEST, cookie_named('A')));
		test_assert(program_wait(program_start("-c 127.0.0.1 -p %u %s", port, words[i])) == 0, "the client failed");
	}
	wire_close(wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A')));
	for (size_t i = 0; i <= COUNT(words); i++)
		program_said(server, PROGRAM_OUT, "\n");
	program_signal(server, SIGTERM);
	test_assert(program_wait(server) == 0, "the server's status is %d", server->status);
	for (line = server->texts[PROGRAM_OUT].at; *line; line = strchr(line, '\n') + 1, count++) {
		json_t *json = json_loadb(line, strcspn(line, "\n"), 0, NULL);

		test_assert(json_is_object(json), "a line is no JSON object: %.60s", line);
		assert_string_equal(text_at(json, "outcome"), count < COUNT(words) ? "end" : "eof");
		json_decref(json);
	}
	assert_int_equal(count, COUNT(words) + 1);
}

/* --- failures -------------------------------------------------------------------------------------------------------------------- */

/* The client's document after a failure: its outcome, and the sentence that standard error has as well. */
static void check_failure(struct program *client, int status, const char *outcome)
{
	json_t *json;
	const char *error;

	test_assert(program_wait(client) == status, "the status is %d", client->status);
	json = document_of(client);
	assert_string_equal(text_at(json, "outcome"), outcome);
	error = text_at(json, "error");
	test_assert(*error && program_has(client, PROGRAM_ERR, error), "standard error does not have the sentence '%s'", error);
	test_assert(json_is_object(at(json, "start")) && json_is_object(at(json, "end")), "start and end are missing");
	test_assert(json_is_array(at(json, "intervals")), "intervals are missing");
	json_decref(json);
}

static void json_refused(void **state)
{
	uint16_t port;
	int tcp, udp;

	(void)state;
	wire_listen(false, 0, &port, &tcp, &udp);
	check_failure(program_start("-c 127.0.0.1 -p %u -J", port), 1, "refused");
}

static void json_rejected(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-J");

	(void)state;
	wire_open(false, port, IPERF_TEST_BEGIN, cookie_named('A'));
	wire_ping(false, port);
	check_failure(program_start("-c 127.0.0.1 -p %u -J --t-reject 30", port), 1, "rejected");
	program_said(server, PROGRAM_ERR, "Rejected a connection");
	program_stop(server);
}

static void json_aborted(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-V"), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -J -u -t 600", port);
	program_said(server, PROGRAM_ERR, "stream");
	program_said(server, PROGRAM_ERR, "close R-9.1-4"); /* a response has arrived */
	program_stop(server);
	test_assert(program_wait(client) == 1, "the status is %d", client->status);
	json_decref(document_of(client));
}

static void json_interrupted(void **state)
{
	uint16_t port;
	struct program *server = program_serve(&port, "-V"), *client;

	(void)state;
	client = program_start("-c 127.0.0.1 -p %u -J -t 600 -P 3", port);
	program_said(server, PROGRAM_ERR, "begin");
	program_signal(client, SIGINT);
	check_failure(client, 1, "interrupted");
	program_stop(server);
}

static void json_untried(void **state)
{
	(void)state;
	check_failure(program_start("-c 127.0.0.1 -6 -J"), 3, "not tried");
	check_failure(program_start("-c 127.0.0.1 -B nowhere..invalid -J"), 3, "not tried");
}

/* A command line that is wrong is not worth a document. */
static void json_usage(void **state)
{
	struct program *client = program_start("-c 127.0.0.1 -J -P 1000");

	(void)state;
	test_assert(program_wait(client) == 2, "the status is %d", client->status);
	assert_int_equal(client->texts[PROGRAM_OUT].length, 0);
}

int main(void)
{
	ROWS_ADD(runs, run_documents);
	test_add("json/intervals", intervals, NULL);
	test_add("json/server-lines", server_lines, NULL);
	test_add("json/refused", json_refused, NULL);
	test_add("json/rejected R-5.2-5", json_rejected, NULL);
	test_add("json/aborted R-5.2-8", json_aborted, NULL);
	test_add("json/interrupted R-7-5", json_interrupted, NULL);
	test_add("json/untried", json_untried, NULL);
	test_add("json/usage", json_usage, NULL);
	return TESTS_RUN("ref/pair_json");
}
