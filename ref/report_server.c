#include "ref/report_server.h"

#include <errno.h>

#include "ref/report.h"
#include "ref/socket.h"

/* Why a cookie was released, for people and as the value of "outcome". */
static const struct {
	const char *word, *sentence;
} releases[] = {
	[IPERF_RELEASE_END] = { "end", "the client ended it" },
	[IPERF_RELEASE_EOF] = { "eof", "aborted: the client closed the control connection" },
	[IPERF_RELEASE_RESET] = { "reset", "aborted: the control connection was reset" },
	[IPERF_RELEASE_OCTET] = { "octet", "aborted: something other than IPERF_TEST_END on the control connection" },
	[IPERF_RELEASE_T_IDLE] = { "t_idle", "aborted: nothing arrived for T_idle" },
	[IPERF_RELEASE_T_BEGIN] = { "t_begin", "no IPERF_TEST_BEGIN within T_begin" },
	[IPERF_RELEASE_LEFT] = { "left", "the last connection left before IPERF_TEST_BEGIN" },
	[IPERF_RELEASE_STOP] = { "stop", "aborted: the server was stopped" },
};

static double longest(const struct iperf_results *results)
{
	double seconds = 0;

	for (size_t i = 0; i < results->count; i++)
		if (results->streams[i].seconds > seconds)
			seconds = results->streams[i].seconds;
	return seconds;
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static void print_stream(const struct iperf_stream_result *result)
{
	char id[12];

	snprintf(id, sizeof id, "%u", (unsigned)result->id);
	report_flow(id, 0, result->seconds, result->bytes);
	printf("  %s port %u", report_protocol(result->protocol), (unsigned)result->client_port);
	if (result->protocol == IPERF_UDP)
		printf(", %llu datagrams", (unsigned long long)result->packets);
	printf("%s\n", result->complete ? "" : ", not complete");
}

static void print_report(const struct served *served)
{
	char hex[IPERF_COOKIE_HEX_SIZE], host[SOCKET_TEXT_SIZE];

	iperf_cookie_to_hex(&served->cookie, hex);
	if (!served->begun) {
		printf("No test with cookie %s: %s\n", hex, releases[served->how].sentence);
		return;
	}
	socket_endpoint_text(&served->client, host);
	printf("Test of %s port %u, cookie %s\n%s\n", host, (unsigned)served->client.port, hex,
	       REPORT_HEADING);
	for (size_t i = 0; i < served->results.count; i++)
		print_stream(&served->results.streams[i]);
	report_flow("SUM", 0, longest(&served->results), served->results.bytes);
	printf("\nTest over after %.2f seconds: %s\n", served->seconds, releases[served->how].sentence);
}

int report_server_interval(const struct iperf_results *results, uint64_t *before, double start, double end)
{
	char id[12];
	uint64_t sum = 0;

	for (size_t i = 0; i < results->count; i++) {
		snprintf(id, sizeof id, "%u", (unsigned)results->streams[i].id);
		/* fewer than before: the end of a stream is payload until it is known to be its end */
		if (results->streams[i].bytes < before[i])
			before[i] = results->streams[i].bytes;
		report_flow(id, start, end, results->streams[i].bytes - before[i]);
		putchar('\n');
		sum += results->streams[i].bytes - before[i];
		before[i] = results->streams[i].bytes;
	}
	if (results->count != 1) {
		report_flow("SUM", start, end, sum);
		putchar('\n');
	}
	return report_flush(stdout);
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *pack_stream(const struct served *served, size_t i)
{
	const struct iperf_stream_result *result = &served->results.streams[i];
	json_t *receiver = report_flow_json(0, result->seconds, result->bytes, false);
	char host[SOCKET_TEXT_SIZE];

	socket_endpoint_text(&served->streams[i].client, host);
	if (result->protocol == IPERF_UDP)
		json_object_set_new(receiver, "packets", json_integer((json_int_t)result->packets));
	return json_pack("{s:i, s:s, s:s, s:i, s:b, s:o}", "id", (int)result->id, "protocol",
			 report_protocol(result->protocol), "remote_host", host, "remote_port",
			 (int)result->client_port, "complete", (int)result->complete, "receiver", receiver);
}

static json_t *pack_start(const struct served *served)
{
	char hex[IPERF_COOKIE_HEX_SIZE], host[SOCKET_TEXT_SIZE];

	iperf_cookie_to_hex(&served->cookie, hex);
	socket_endpoint_text(&served->client, host);
	return json_pack("{s:s, s:o, s:{s:s, s:i}, s:s}", "version", "iperf-ref " IPERF_VERSION, "timestamp",
			 report_timestamp_json(served->began_at), "accepted_connection", "host", host, "port",
			 (int)served->client.port, "cookie", hex);
}

static json_t *pack_report(const struct served *served)
{
	json_t *streams = json_array();

	for (size_t i = 0; i < served->results.count; i++)
		json_array_append_new(streams, pack_stream(served, i));
	return json_pack("{s:o, s:{s:o, s:o, s:f}, s:s, s:s}", "start", pack_start(served), "end", "streams", streams,
			 "sum_received",
			 report_flow_json(0, longest(&served->results), served->results.bytes, false), "seconds",
			 served->seconds, "outcome", releases[served->how].word, "why",
			 iperf_requirements[served->why].id);
}

int report_server_test(const struct options *options, const struct served *served)
{
	json_t *report;
	int error = 0;

	if (!options->json) {
		print_report(served);
		return report_flush(stdout);
	}
	if (!served->begun)
		return 0;
	report = pack_report(served);
	if (!report || json_dumpf(report, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
		error = -EIO;
	json_decref(report);
	putchar('\n');
	return error ? error : report_flush(stdout);
}

int report_server_listening(const struct options *options, uint16_t port)
{
	FILE *out = options->json ? stderr : stdout;

	fprintf(out, "Server listening on %u\n", (unsigned)port);
	return report_flush(out);
}

int report_server_rejected(const struct options *options, const struct iperf_endpoint *client,
			   enum iperf_requirement why)
{
	FILE *out = options->json ? stderr : stdout;
	char host[SOCKET_TEXT_SIZE];

	socket_endpoint_text(client, host);
	fprintf(out, "Rejected a connection from %s port %u: %s (%s)\n", host, (unsigned)client->port,
		why == IPERF_R_33_4   ? "a test of the iperf3 profile is in progress" :
		why == IPERF_R_6_2_4  ? "a second control connection" :
		why == IPERF_R_6_5_10 ? "a straggler of a test that is over" :
					"another test is in progress",
		iperf_requirements[why].id);
	return report_flush(out);
}
