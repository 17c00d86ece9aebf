/* Tests of the iperf3 profile as captures, and the cases that come of them, word for word without their titles. They were
 * read by eye when they were written here; whoever changes one of them, reads it again. */
#include "conformance/pcap_writer.h"
#include "conformance/record.h"
#include "conformance/testpackets.h"
#include "proto/iperf3_control.h"
#include "proto/iperf3_datagram.h"
#include "proto/limits.h"
#include "proto/rows_test.h"

#define COOKIE "5gegtj5pnly2igrgmdjiwy5g3qougbsoqjzu"
#define OTHER "y7r7eb2723jhuf6ubabgxx3oj55vgr3o6diz"
#define RESULTS "{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,\"streams\":[" \
		"{\"id\":1,\"bytes\":3000,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}"

/* A capture that is being made. Each thing that is said takes a millisecond. */
static struct {
	struct pcap_writer *w;
	struct iperf_endpoint client, server;
	int64_t now;
} made;

static uint32_t connect_to(void)
{
	made.client.port++;
	return pcap_writer_connection(made.w, &made.client, &made.server, made.now += IPERF_MS);
}

static void say(uint32_t id, bool to_server, const void *octets, size_t length)
{
	pcap_writer_octets(made.w, id, to_server, octets, length, made.now += IPERF_MS);
}

static void c_says(uint32_t id, int state)
{
	say(id, true, &(uint8_t){ (uint8_t)state }, 1);
}

static void s_says(uint32_t id, int state)
{
	say(id, false, &(uint8_t){ (uint8_t)state }, 1);
}

static void text(uint32_t id, bool to_server, const char *json)
{
	uint8_t octets[2000];
	size_t length = strlen(json);

	iperf3_length_write(octets, (uint32_t)length);
	memcpy(octets + 4, json, length);
	say(id, to_server, octets, length + 4);
}

static void end_of(uint32_t id, bool to_server)
{
	pcap_writer_eof(made.w, id, to_server, made.now += IPERF_MS);
}

static void datagram(bool to_server, const void *octets, size_t length)
{
	pcap_writer_datagram(made.w, &made.client, &made.server, to_server, octets, length, made.now += IPERF_MS);
}

static void sequence(bool to_server, bool wide, uint64_t number)
{
	uint8_t octets[1000] = { 0 };
	const struct iperf3_header header = { .seconds = 1, .sequence = number };

	iperf3_header_write(octets, wide, &header);
	datagram(to_server, octets, sizeof octets);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

/* Up to CREATE_STREAMS. */
static uint32_t begin(const char *cookie, const char *parameters)
{
	uint32_t control = connect_to();

	say(control, true, cookie, 37);
	s_says(control, IPERF3_PARAM_EXCHANGE);
	text(control, true, parameters);
	s_says(control, IPERF3_CREATE_STREAMS);
	return control;
}

static uint32_t stream(const char *cookie)
{
	uint32_t id = connect_to();

	say(id, true, cookie, 37);
	return id;
}

static void run(uint32_t control)
{
	say(control, false, "\1\2", 2);
}

static void finish(uint32_t control)
{
	c_says(control, IPERF3_TEST_END);
	s_says(control, IPERF3_EXCHANGE_RESULTS);
	text(control, true, RESULTS);
	text(control, false, RESULTS);
	s_says(control, IPERF3_DISPLAY_RESULTS);
	c_says(control, IPERF3_IPERF_DONE);
	end_of(control, true);
	end_of(control, false);
}

static void tcp(void)
{
	uint8_t payload[1000] = { 0 };
	uint32_t control = begin(COOKIE, "{\"tcp\":true,\"num\":3000,\"len\":1000}"), one = stream(COOKIE);

	run(control);
	for (int i = 0; i < 3; i++)
		say(one, true, payload, sizeof payload);
	finish(control);
}

/* The last partial block counts, or not; the server said less. */
static void partial(void)
{
	uint8_t payload[1300] = { 0 };
	uint32_t control = begin(COOKIE, "{\"len\":1000}"), one = stream(COOKIE);

	run(control);
	say(one, true, payload, sizeof payload);
	finish(control);
}

static void reverse(void)
{
	uint8_t payload[1000] = { 0 };
	uint32_t control = begin(COOKIE, "{\"tcp\":true,\"reverse\":true,\"time\":1,\"len\":1000}"), one = stream(COOKIE);

	run(control);
	say(one, false, payload, sizeof payload);
	finish(control);
}

static void udp_test(const char *parameters, bool wide)
{
	uint32_t control = begin(COOKIE, parameters);

	made.client.port++;
	datagram(true, iperf3_hello, IPERF3_HELLO_LENGTH);
	datagram(false, iperf3_reply, IPERF3_HELLO_LENGTH);
	run(control);
	for (uint64_t i = 1; i <= 6; i++)
		if (i != 4)
			sequence(true, wide, i);
	finish(control);
}

static void udp(void)
{
	udp_test("{\"udp\":true,\"len\":1000}", false);
}

static void udp_wide(void)
{
	udp_test("{\"udp\":true,\"len\":1000,\"udp_counters_64bit\":1}", true);
}

/* The server lets a stranger in, and forgets TEST_START; a right one does neither. */
static void wrong_server(void)
{
	uint32_t control = begin(COOKIE, "{}"), stranger = stream(OTHER);

	stream(COOKIE);
	s_says(control, IPERF3_TEST_RUNNING);
	c_says(control, IPERF3_CLIENT_TERMINATE);
	end_of(control, true);
	end_of(control, false);
	end_of(stranger, true);
}

static void refused_parameters(void)
{
	uint32_t control = connect_to();

	say(control, true, COOKIE, 37);
	s_says(control, IPERF3_PARAM_EXCHANGE);
	say(control, true, "\0\0\0\2{]", 6);
	end_of(control, false);
	end_of(control, true);
}

/* Cookie, length and parameters come at once, and the cookie is of another form. */
static void pipelined(void)
{
	uint32_t control = connect_to();

	say(control, true, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\0\2{}", 43);
	s_says(control, IPERF3_PARAM_EXCHANGE);
	s_says(control, IPERF3_CREATE_STREAMS);
	end_of(control, true);
	end_of(control, false);
}

static void denied(void)
{
	uint32_t control = begin(COOKIE, "{}"), newcomer;

	stream(COOKIE);
	run(control);
	newcomer = connect_to();
	say(newcomer, true, OTHER, 37);
	s_says(newcomer, IPERF3_ACCESS_DENIED);
	end_of(newcomer, false);
	end_of(newcomer, true);
	finish(control);
}

/* A type that is wrong fails the test, or is passed over: whoever goes on is right, too. */
static void wrong_type(void)
{
	uint32_t control = begin(COOKIE, "{\"time\":\"1\"}");

	stream(COOKIE);
	run(control);
	finish(control);
}

static void server_error(void)
{
	uint32_t control = connect_to();

	say(control, true, COOKIE, 37);
	s_says(control, IPERF3_PARAM_EXCHANGE);
	text(control, true, "{\"tcp\":true,\"time\":5,\"len\":1000}");
	say(control, false, "\xfe\0\0\0\x25\0\0\0\0", 9);
	end_of(control, false);
	end_of(control, true);
}

/* After the 37th octet of silence: T_read. */
static void silence(void)
{
	uint32_t control = connect_to();

	say(control, true, COOKIE, 20);
	made.now += 10 * IPERF_S;
	end_of(control, false);
	end_of(control, true);
	control = begin(COOKIE, "{}"); /* so that it is known for a server of the profile */
	end_of(control, true);
	end_of(control, false);
}

#define BEGIN(parameters) \
	"#1  C>S cookie $cookie\n" \
	"#1  S>C PARAM_EXCHANGE                        ; R-23-1\n" \
	"#1  C>S parameters " parameters "\n" \
	"#1  S>C CREATE_STREAMS                        ; R-23-3\n"
#define RUN \
	"#1  S>C TEST_START                            ; R-23-5\n" \
	"#1  S>C TEST_RUNNING                          ; R-23-5\n"
#define EXCHANGE(results) \
	"#1  C>S TEST_END\n" \
	"#1  S>C EXCHANGE_RESULTS                      ; R-23-9\n" \
	"#1  C>S results " RESULTS "\n" \
	"#1  S>C results " results "\n" \
	"#1  S>C DISPLAY_RESULTS                       ; R-23-12\n" \
	"#1  C>S IPERF_DONE\n" \
	"#1  C>S end-of-file\n" \
	"#1  S>C closed                                ; R-23-16\n"
#define FREE "free                                          ; R-23-19\n"

static const struct row {
	const char *name;
	void (*make)(void);
	enum case_role role;
	const char *text;
} rows[] = {
	{ "server/tcp", tcp, CASE_SERVER,
	  BEGIN("{\"tcp\":true,\"num\":3000,\"len\":1000}") "#2  C>S cookie $cookie\n" RUN
	  "#2  C>S [3000 octets of payload]\nwait 100ms\n"
	  EXCHANGE("{\"streams\":[{\"id\":1,\"bytes\":3000}],\"sender_has_retransmits\":-1}  ; R-25-9") FREE },
	{ "server/partial", partial, CASE_SERVER,
	  BEGIN("{\"len\":1000}") "#2  C>S cookie $cookie\n" RUN "#2  C>S [1300 octets of payload]\nwait 100ms\n"
	  EXCHANGE("{\"streams\":[{\"id\":1,\"bytes\":\"1000..1300\"}],\"sender_has_retransmits\":-1}  ; R-25-9") FREE },
	{ "server/reverse", reverse, CASE_SERVER,
	  BEGIN("{\"tcp\":true,\"reverse\":true,\"time\":1,\"len\":1000}") "#2  C>S cookie $cookie\n" RUN
	  "#2  S>C [some payload]                        ; R-27.1-1\n"
	  EXCHANGE("{\"streams\":[{\"id\":1}]}        ; R-23-11") FREE },
	{ "server/wrong-server", wrong_server, CASE_SERVER,
	  BEGIN("{}") "#2  C>S cookie $cookie2\n#3  C>S cookie $cookie\n" RUN
	  "#1  C>S CLIENT_TERMINATE\n#1  C>S end-of-file\n#1  S>C failed                                ; R-29-6\n"
	  "#2  C>S end-of-file\n#2  S>C denied                                ; R-25-4\n" FREE },
	{ "server/refused-parameters", refused_parameters, CASE_SERVER,
	  "#1  C>S cookie $cookie\n#1  S>C PARAM_EXCHANGE                        ; R-23-1\n#1  C>S text \"{]\"\n"
	  "#1  S>C failed                                ; R-22.4-5\n" FREE },
	{ "server/pipelined", pipelined, CASE_SERVER,
	  "$cookie = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n#1  C>S cookie $cookie\n#1  C>S parameters {}\n"
	  "#1  S>C PARAM_EXCHANGE                        ; R-23-1\n#1  S>C CREATE_STREAMS                        ; R-23-3\n"
	  "#1  C>S end-of-file\n#1  S>C failed                                ; R-29-9\n" FREE },
	{ "server/denied", denied, CASE_SERVER,
	  BEGIN("{}") "#2  C>S cookie $cookie\n" RUN "#3  C>S cookie $cookie2\n"
	  "#3  S>C denied                                ; R-30-1\n"
	  EXCHANGE("{\"streams\":[{\"id\":1,\"bytes\":0}],\"sender_has_retransmits\":-1}  ; R-25-9") FREE },
	{ "server/wrong-type", wrong_type, CASE_SERVER,
	  "#1  C>S cookie $cookie\n#1  S>C PARAM_EXCHANGE                        ; R-23-1\n"
	  "#1  C>S parameters {\"time\":\"1\"}\n#1  S>C CREATE_STREAMS or failed              ; R-22.4-7\n"
	  "#1  C>S close\n" FREE },
	{ "server/silence", silence, CASE_SERVER,
	  "#1  C>S octets \"5gegtj5pnly2igrgmdji\"\n#1  S>C failed within T_read+2s               ; R-31-1\n"
	  "#2  C>S cookie $cookie\n#2  S>C PARAM_EXCHANGE                        ; R-23-1\n#2  C>S parameters {}\n"
	  "#2  S>C CREATE_STREAMS                        ; R-23-3\n#2  C>S end-of-file\n"
	  "#2  S>C failed                                ; R-29-9\n" FREE },
#undef BEGIN
#undef RUN
#undef EXCHANGE
#define UDP(parameters, datagrams, results) \
	"#1     C>S cookie $cookie\n" \
	"#1     S>C PARAM_EXCHANGE                     ; R-23-1\n" \
	"#1     C>S parameters " parameters "\n" \
	"#1     S>C CREATE_STREAMS                     ; R-23-3\n" \
	"udp:1  C>S hello\n" \
	"udp:1  S>C reply                              ; R-26.1-3\n" \
	"#1     S>C TEST_START                         ; R-23-5\n" \
	"#1     S>C TEST_RUNNING                       ; R-23-5\n" \
	datagrams \
	"wait 100ms\n" \
	"#1     C>S TEST_END\n" \
	"#1     S>C EXCHANGE_RESULTS                   ; R-23-9\n" \
	"#1     C>S results " RESULTS "\n" \
	"#1     S>C results " results "  ; R-26.3-4\n" \
	"#1     S>C DISPLAY_RESULTS                    ; R-23-12\n" \
	"#1     C>S IPERF_DONE\n" \
	"#1     C>S end-of-file\n" \
	"#1     S>C closed                             ; R-23-16\n" FREE
	{ "server/udp", udp, CASE_SERVER,
	  UDP("{\"udp\":true,\"len\":1000}",
	      "udp:1  C>S datagrams 1..3 of 1000 octets\nudp:1  C>S datagrams 5..6 of 1000 octets\n",
	      "{\"streams\":[{\"id\":1,\"bytes\":5000,\"packets\":6,\"errors\":1}],\"sender_has_retransmits\":-1}") },
	{ "server/udp-wide", udp_wide, CASE_SERVER,
	  UDP("{\"udp\":true,\"len\":1000,\"udp_counters_64bit\":1}",
	      "udp:1  C>S datagrams 1..3 of 1000 octets wide\nudp:1  C>S datagrams 5..6 of 1000 octets wide\n",
	      "{\"streams\":[{\"id\":1,\"bytes\":5000,\"packets\":6,\"errors\":1}],\"sender_has_retransmits\":-1}") },
	{ "client/tcp", tcp, CASE_CLIENT,
	  "with   bytes=3000 length=1000\n"
	  "#1  C>S cookie $cookie                        ; R-22.1-1\n"
	  "#1  S>C PARAM_EXCHANGE\n"
	  "#1  C>S parameters {\"tcp\":true,\"omit\":0,\"num\":3000,\"blockcount\":0,\"parallel\":1,\"len\":1000,\"reverse\":null,"
	  "\"bidirectional\":null,\"udp_counters_64bit\":null}  ; R-24-2\n"
	  "#1  S>C CREATE_STREAMS\n"
	  "#2  C>S cookie $cookie                        ; R-25-1\n"
	  "#1  S>C TEST_START\n"
	  "#1  S>C TEST_RUNNING\n"
	  "#2  C>S [some payload]\n"
	  "#1  C>S TEST_END within 10s                   ; R-27.2-2\n"
	  "#1  S>C EXCHANGE_RESULTS\n"
	  "#1  C>S results {\"streams\":[{\"id\":1}]}        ; R-23-10\n"
	  "#1  S>C results $results\n"
	  "#1  S>C DISPLAY_RESULTS\n"
	  "#1  C>S IPERF_DONE                            ; R-23-13\n"
	  "#1  C>S end-of-file                           ; R-23-13\n"
	  "#1  S>C close\n"
	  "exit 0\n" },
	{ "client/server-error", server_error, CASE_CLIENT,
	  "with   time=5 length=1000\n"
	  "#1  C>S cookie $cookie                        ; R-22.1-1\n"
	  "#1  S>C PARAM_EXCHANGE\n"
	  "#1  C>S parameters {\"tcp\":true,\"omit\":0,\"time\":5,\"num\":0,\"blockcount\":0,\"parallel\":1,\"len\":1000,"
	  "\"reverse\":null,\"bidirectional\":null,\"udp_counters_64bit\":null}  ; R-24-2\n"
	  "#1  S>C SERVER_ERROR 37\n"
	  "#1  C>S failed                                ; R-29-3\n"
	  "#1  S>C close\n"
	  "exit failure\n" },
	{ "client/terminated", wrong_server, CASE_CLIENT,
	  "capture.pcap, test 1: cannot be recorded: it was stopped by the client's user, which no command line can ask a "
	  "client for\n" },
};

/* Adds what is behind the head, and the head's "with". It is read again, too. */
static void recorded(void *user, struct case_file *file)
{
	struct case_error error;
	struct case_file *again = case_parse("-", file->text, strlen(file->text), &error);
	const char *steps = strstr(strstr(file->text, "\nid "), "\n\n"), *with = strstr(file->text, "\nwith ");

	if (!again)
		fail_msg("%u:%u: %s\n%s", error.line, error.column, error.text, file->text);
	assert_int_equal(again->profile, CASE_IPERF3);
	assert_int_equal(again->step_count, file->step_count);
	if (with && with < steps)
		fprintf(user, "%.*s\n", (int)strcspn(with + 1, "\n"), with + 1);
	fputs(steps + 2, user);
	case_free(again);
	case_free(file);
}

static void skipped(void *user, const char *sentence)
{
	fprintf(user, "%s\n", sentence);
}

static void compare(void **state)
{
	const struct row *row = *state;
	struct record_options options = { .role = row->role };
	char path[512], error[RECORD_ERROR_SIZE], *written = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&written, &size);
	struct record_sink sink = { recorded, skipped, out };

	assert_non_null(out);
	snprintf(path, sizeof path, "%s", testpackets_path("capture.pcap"));
	made.client = made.server = (struct iperf_endpoint){ .address = { [15] = 1 }, .port = 5201 };
	made.client.port = 40000;
	made.now = IPERF_S;
	made.w = pcap_writer_open(path, error);
	assert_non_null(made.w);
	row->make();
	assert_true(pcap_writer_close(made.w, error));
	assert_true(record_file(path, &options, &sink, error));
	fclose(out);
	assert_string_equal(written, row->text);
	free(written);
}

int main(void)
{
	ROWS_ADD(rows, compare);
	return tests_run("record_iperf3");
}
