/* The iperf3 judge: good tests are found good, and each fault is found as the requirement that it breaks, however the
 * octets were cut into packets. */
#include "proto/iperf3_judge_script_test.h"

#define COOKIE "abcdefghijklmnopqrstuvwxyz234567abcd"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "{\"tcp\":true,\"omit\":0,\"time\":0,\"num\":1000,\"blockcount\":0,\"parallel\":1,\"len\":1000"
#define UDP_HEAD "{\"udp\":true,\"omit\":0,\"time\":0,\"num\":1000,\"blockcount\":0,\"parallel\":1,\"len\":500"
#define CPU "{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":"
#define STREAM(id, bytes, retransmits, packets)                                                                        \
	"{\"id\":" id ",\"bytes\":" bytes ",\"retransmits\":" retransmits                                               \
	",\"jitter\":0,\"errors\":0,\"packets\":" packets "}"
#define SENT CPU "1,\"streams\":[" STREAM("1", "1000", "0", "0") "]}"
#define RECEIVED CPU "-1,\"streams\":[" STREAM("1", "1000", "-1", "0") "]}"
#define UDP_SENT CPU "0,\"streams\":[" STREAM("1", "1000", "-1", "2") "]}"
#define UDP_RECEIVED CPU "-1,\"streams\":[" STREAM("1", "1000", "-1", "2") "]}"

static void begin(struct script *s, const char *parameters)
{
	unsigned control = open_conn(s);

	up(s, control, COOKIE, IPERF3_COOKIE_LENGTH);
	state(s, control, IPERF3_PARAM_EXCHANGE);
	text(s, control, IPERF_TO_SERVER, parameters);
	state(s, control, IPERF3_CREATE_STREAMS);
}

static unsigned stream(struct script *s)
{
	unsigned conn = open_conn(s);

	up(s, conn, COOKIE, IPERF3_COOKIE_LENGTH);
	return conn;
}

static void run(struct script *s)
{
	state(s, 0, IPERF3_TEST_START);
	state(s, 0, IPERF3_TEST_RUNNING);
}

static void finish(struct script *s, const char *client, const char *server)
{
	state(s, 0, IPERF3_TEST_END);
	state(s, 0, IPERF3_EXCHANGE_RESULTS);
	text(s, 0, IPERF_TO_SERVER, client);
	text(s, 0, IPERF_TO_CLIENT, server);
	state(s, 0, IPERF3_DISPLAY_RESULTS);
	state(s, 0, IPERF3_IPERF_DONE);
	for (unsigned i = s->conns; i > 0; i--)
		close_conn(s, i - 1);
}

static void good(struct script *s)
{
	begin(s, HEAD "}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	finish(s, SENT, RECEIVED);
}

static void good_reverse(struct script *s)
{
	begin(s, HEAD ",\"reverse\":true}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_CLIENT, 1000);
	finish(s, RECEIVED, SENT);
}

static void udp_begin(struct script *s, const char *parameters)
{
	begin(s, parameters);
	add_event(s, EVENT_DATAGRAM, 50000, IPERF_TO_SERVER, iperf3_hello, 4);
	add_event(s, EVENT_DATAGRAM, 50000, IPERF_TO_CLIENT, iperf3_reply, 4);
	run(s);
}

static void good_udp(struct script *s)
{
	udp_begin(s, UDP_HEAD "}");
	datagram(s, 50000, IPERF_TO_SERVER, 1, false, 500);
	datagram(s, 50000, IPERF_TO_SERVER, 2, false, 500);
	finish(s, UDP_SENT, UDP_RECEIVED);
}

static void pipelined(struct script *s)
{
	begin(s, HEAD "}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	state(s, 0, IPERF3_TEST_END);
	text(s, 0, IPERF_TO_SERVER, SENT);
	state(s, 0, IPERF3_IPERF_DONE);
	state(s, 0, IPERF3_EXCHANGE_RESULTS);
	text(s, 0, IPERF_TO_CLIENT, RECEIVED);
	state(s, 0, IPERF3_DISPLAY_RESULTS);
	close_conn(s, 1);
	close_conn(s, 0);
}

static void denied(struct script *s)
{
	unsigned other;

	begin(s, HEAD "}");
	stream(s);
	run(s);
	other = open_conn(s);
	up(s, other, OTHER, IPERF3_COOKIE_LENGTH);
	state(s, other, IPERF3_ACCESS_DENIED);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	finish(s, SENT, RECEIVED);
}

static void client_stopped(struct script *s)
{
	begin(s, HEAD "}");
	stream(s);
	run(s);
	state(s, 0, IPERF3_CLIENT_TERMINATE);
	close_conn(s, 1);
	close_conn(s, 0);
}

static void refused(struct script *s)
{
	uint8_t error[IPERF3_ERROR_SIZE];

	begin(s, HEAD "}");
	iperf3_error_write(error, IPERF3_ERROR_STREAM, 0);
	down(s, 0, error, sizeof error);
	close_conn(s, 0);
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

static void bad_cookie(struct script *s)
{
	good(s);
	memset(s->events[1].octets, 'A', 36);
	for (size_t i = 0; i < s->count; i++)
		if (s->events[i].conn == 1 && s->events[i].length == IPERF3_COOKIE_LENGTH)
			memset(s->events[i].octets, 'A', 36);
}

static void early_parameters(struct script *s)
{
	struct event e;

	good(s);
	e = s->events[2];
	s->events[2] = s->events[3];
	s->events[3] = e;
}

static void no_parameters(struct script *s)
{
	unsigned control = open_conn(s);

	up(s, control, COOKIE, IPERF3_COOKIE_LENGTH);
	state(s, control, IPERF3_PARAM_EXCHANGE);
	state(s, control, IPERF3_CREATE_STREAMS);
	close_conn(s, control);
}

static void start_without_stream(struct script *s)
{
	begin(s, HEAD "}");
	run(s);
	stream(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	finish(s, SENT, RECEIVED);
}

static void early_payload(struct script *s)
{
	begin(s, HEAD "}");
	stream(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	run(s);
	finish(s, SENT, RECEIVED);
}

static void wrong_way(struct script *s)
{
	begin(s, HEAD ",\"reverse\":true}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_CLIENT, 1000);
	payload(s, 1, IPERF_TO_SERVER, 1);
	finish(s, RECEIVED, SENT);
}

static void with_parameters(struct script *s, const char *parameters)
{
	begin(s, parameters);
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	finish(s, SENT, RECEIVED);
}

static void without_len(struct script *s)
{
	with_parameters(s, "{\"tcp\":true,\"omit\":0,\"time\":0,\"num\":1000,\"blockcount\":0,\"parallel\":1}");
}

static void false_flag(struct script *s)
{
	with_parameters(s, HEAD ",\"reverse\":false}");
}

static void with_results(struct script *s, const char *client, const char *server)
{
	begin(s, HEAD "}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_SERVER, 1000);
	finish(s, client, server);
}

static void unsigned_results(struct script *s)
{
	with_results(s, SENT, CPU "18446744073709551615,\"streams\":[" STREAM("1", "1000", "-1", "0") "]}");
}

static void too_many_octets(struct script *s)
{
	with_results(s, SENT, CPU "-1,\"streams\":[" STREAM("1", "1001", "-1", "0") "]}");
}

static void no_stream_in_results(struct script *s)
{
	with_results(s, SENT, CPU "-1,\"streams\":[]}");
}

static void second_stream(struct script *s)
{
	with_results(s, SENT,
		     CPU "-1,\"streams\":[" STREAM("1", "1000", "-1", "0") "," STREAM("2", "0", "-1", "0") "]}");
}

static void not_a_sender(struct script *s)
{
	with_results(s, RECEIVED, RECEIVED);
}

static void two_tests(struct script *s)
{
	good(s);
	for (unsigned conn = 2; conn < 4; conn++) {
		size_t count = s->count;

		for (size_t i = 0; i < count && s->events[i].conn < 2; i++) {
			struct event *e = &s->events[i];

			if (conn == 2)
				add_event(s, e->kind, e->conn + 2, e->direction, e->octets, e->length);
		}
	}
	s->conns = 4;
}

static void taken_twice(struct script *s)
{
	unsigned other;

	begin(s, HEAD "}");
	stream(s);
	run(s);
	other = open_conn(s);
	up(s, other, OTHER, IPERF3_COOKIE_LENGTH);
	state(s, other, IPERF3_PARAM_EXCHANGE);
	close_conn(s, other);
	close_conn(s, 1);
	close_conn(s, 0);
}

static void half_an_error(struct script *s)
{
	begin(s, HEAD "}");
	down(s, 0, "\xfe\0\0\0\x8e", 5);
	close_conn(s, 0);
}

static void short_datagram(struct script *s)
{
	udp_begin(s, UDP_HEAD "}");
	datagram(s, 50000, IPERF_TO_SERVER, 1, false, 500);
	datagram(s, 50000, IPERF_TO_SERVER, 2, false, 499);
	finish(s, UDP_SENT, CPU "-1,\"streams\":[" STREAM("1", "999", "-1", "2") "]}");
}

static void zero_sequence(struct script *s)
{
	udp_begin(s, UDP_HEAD "}");
	datagram(s, 50000, IPERF_TO_SERVER, 0, false, 500);
	datagram(s, 50000, IPERF_TO_SERVER, 1, false, 500);
	finish(s, UDP_SENT, UDP_RECEIVED);
}

static void lost_nothing(struct script *s)
{
	udp_begin(s, UDP_HEAD "}");
	datagram(s, 50000, IPERF_TO_SERVER, 1, false, 500);
	datagram(s, 50000, IPERF_TO_SERVER, 2, false, 500);
	finish(s, UDP_SENT, CPU "-1,\"streams\":[" STREAM("1", "1000", "-1", "3") "]}");
}

static void killed_server(struct script *s)
{
	begin(s, HEAD "}");
	stream(s);
	run(s);
	payload(s, 1, IPERF_TO_SERVER, 500);
	add_event(s, EVENT_EOF, 0, IPERF_TO_CLIENT, NULL, 0);
	add_event(s, EVENT_EOF, 1, IPERF_TO_CLIENT, NULL, 0);
	add_event(s, EVENT_EOF, 1, IPERF_TO_SERVER, NULL, 0);
	add_event(s, EVENT_EOF, 0, IPERF_TO_SERVER, NULL, 0);
}

static void hole(struct script *s)
{
	good(s);
	for (size_t i = 0; i < s->count; i++)
		if (s->events[i].conn == 0 && s->events[i].direction == IPERF_TO_CLIENT && s->events[i].length == 1) {
			s->events[i].kind = EVENT_MISSING;
			return;
		}
}

static const struct row {
	const char *name;
	void (*write)(struct script *s);
	const char *found; /* as pcaps/README.md has it, without packets, in the order of being told */
} rows[] = {
	{ "good/tcp", good, "" },
	{ "good/reverse", good_reverse, "" },
	{ "good/udp", good_udp, "" },
	{ "good/pipelined", pipelined, "" },
	{ "good/denied", denied, "" },
	{ "good/client-stopped", client_stopped, "" },
	{ "good/refused", refused, "" },
	{ "cookie-form", bad_cookie, "C R-22.2-1" },
	{ "cookie-again", two_tests, "C R-22.2-2" },
	{ "early-parameters", early_parameters, "C R-22.1-1" },
	{ "no-parameters", no_parameters, "S R-23-3" },
	{ "start-without-stream", start_without_stream, "S R-23-5" },
	{ "early-payload", early_payload, "C R-23-6" },
	{ "payload-in-reverse", wrong_way, "C R-27.1-2" },
	{ "parameters-without-len", without_len, "C R-24-1" },
	{ "flag-false", false_flag, "C R-22.4-4" },
	{ "unsigned", unsigned_results, "S R-22.4-10" },
	{ "counts-more", too_many_octets, "S R-25-9" },
	{ "results-without-stream", no_stream_in_results, "S R-28-2" },
	{ "results-of-stream-2", second_stream, "S R-25-7" },
	{ "not-a-sender", not_a_sender, "C R-28-8" },
	{ "two-at-once", taken_twice, "S R-30-1" },
	{ "half-an-error", half_an_error, "S R-29-1" },
	{ "short-datagram", short_datagram, "C R-26.2-2" },
	{ "sequence-of-zero", zero_sequence, "C R-26.2-3" },
	{ "packets-beyond", lost_nothing, "S R-26.3-1" },
	{ "server-killed", killed_server, "S R-29-7?" },
	{ "hole", hole, "S ?" },
};

static void join(const struct verdicts *v, char *text_, size_t size)
{
	size_t used = 0;

	*text_ = '\0';
	for (size_t i = 0; i < v->count && used < size; i++)
		used += (size_t)snprintf(text_ + used, size - used, "%s%c %s%s", i ? ", " : "",
					 v->found[i].by == IPERF_TO_SERVER ? 'C' : 'S',
					 iperf_requirements[v->found[i].requirement].id,
					 v->found[i].verdict == IPERF_INCONCLUSIVE ? "?" : "");
}

/* The same is found at any cut, and the same payload counted. */
static void run_row(void **row_state)
{
	static struct script script;
	static struct verdicts verdicts;
	const struct row *row = *row_state;
	uint64_t payload_seen = 0;
	char actual[600];

	for (size_t piece = 2000; piece > 0; piece = piece > 8 ? piece / 3 : piece - 1) {
		memset(&script, 0, sizeof script);
		script.ns = INT64_C(1000000000);
		row->write(&script);
		tell_script(&script, piece, &verdicts);
		join(&verdicts, actual, sizeof actual);
		script_free(&script);
		if (strcmp(actual, row->found) != 0)
			row_fail(row->name, "cut into %zu: \"%s\", expected \"%s\"", piece, actual, row->found);
		if (piece == 2000)
			payload_seen = verdicts.payload;
		assert_int_equal(verdicts.payload, payload_seen);
		assert_true(verdicts.tests > 0 || row->write == hole);
	}
}

/* A finding names the octet. */
static void a_place_is_told(void **unused)
{
	static struct script script;
	static struct verdicts verdicts;

	(void)unused;
	script.ns = 1;
	unsigned_results(&script);
	tell_script(&script, 2000, &verdicts);
	assert_int_equal(verdicts.count, 1);
	assert_int_equal(verdicts.found[0].conn, 1);
	/* five states, a length, and what stands before the number */
	assert_int_equal(verdicts.found[0].mark.offset, 5 + 4 + strlen(CPU));
	script_free(&script);
}

int main(void)
{
	ROWS_ADD(rows, run_row);
	test_add("place", a_place_is_told, NULL);
	return tests_run("iperf3_judge");
}
