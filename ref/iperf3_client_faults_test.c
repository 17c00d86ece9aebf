/* The real client of the iperf3 profile against a scripted server that breaks the rules, or off: what it tells its
 * user, its status, what it still sends, and how soon. SPEC 22 to 31.
 *
 * Steps, where WHO is a (control), s or t (TCP streams), u (UDP streams):
 *   a< cookie             a connection comes, and 37 octets on it; the same for s and t
 *   a< TEST_END           the next octet is that state
 *   a< text, a< eof       a length and its text; the end, and nothing before it
 *   a< has WORDS          the last text has them
 *   s< payload*5          so many octets
 *   a: ITEMS              is sent: states by name, 'octets', {...} a text behind its length, =0d0a in hexadecimal
 *   a close, a half-close, a reset
 *   u< hello   u< payload     a datagram; u: ITEMS goes to where the last one came from
 *   mark, before MS, after MS     that much time since the mark
 *   signal                SIGINT
 *   exit 1, said WORDS, told WORDS    the end of the client, and what it wrote to standard output, or error */
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "proto/iperf3_control.h"
#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

#define STEPS 40
#define TEXT_SIZE 4096

struct row {
	const char *name, *at, *words;
	const char *steps[STEPS];
};

static struct {
	struct program *program;
	int listener, udp;
	int fds[128]; /* by WHO */
	char text[TEXT_SIZE];
	struct sockaddr_storage from;
	socklen_t from_length;
	int64_t mark_ns;
} now;

/* --- steps ------------------------------------------------------------------------------------------------------- */

static void read_exactly(int fd, void *octets, size_t length)
{
	test_assert(wire_read(fd, octets, length) == length, "the connection ends");
}

static void expect_cookie(unsigned char who)
{
	uint8_t octets[IPERF3_COOKIE_LENGTH];

	now.fds[who] = wire_accept(now.listener);
	read_exactly(now.fds[who], octets, sizeof octets);
	for (size_t i = 0; i < sizeof octets - 1; i++)
		test_assert(strchr("abcdefghijklmnopqrstuvwxyz234567", octets[i]), "octet %zu: %02x", i, octets[i]);
	test_assert(octets[sizeof octets - 1] == 0, "no NUL at the end");
}

static void expect_text(int fd)
{
	uint8_t prefix[4];
	size_t length;

	read_exactly(fd, prefix, sizeof prefix);
	length = (size_t)prefix[2] << 8 | prefix[3];
	test_assert(prefix[0] == 0 && prefix[1] == 0 && length < TEXT_SIZE, "a text of that length");
	read_exactly(fd, now.text, length);
	now.text[length] = '\0';
}

static void expect_payload(int fd, size_t length)
{
	static uint8_t octets[65536];

	while (length > 0) {
		size_t n = length < sizeof octets ? length : sizeof octets;

		read_exactly(fd, octets, n);
		length -= n;
	}
}

static void expect_datagram(const char *what)
{
	uint8_t octets[65536];
	ssize_t length;

	test_assert(wire_wait(now.udp, TEST_PATIENCE_MS), "no datagram");
	now.from_length = sizeof now.from;
	length = recvfrom(now.udp, octets, sizeof octets, 0, (struct sockaddr *)&now.from, &now.from_length);
	if (strcmp(what, "hello") == 0)
		test_assert(length == 4 && memcmp(octets, "9876", 4) == 0, "%zd octets", length);
	else
		test_assert(length > 4, "%zd octets", length);
}

static void expect(unsigned char who, const char *what)
{
	uint8_t octet;
	int state;

	if (who == 'u') {
		expect_datagram(what);
	} else if (strcmp(what, "cookie") == 0) {
		expect_cookie(who);
	} else if (strcmp(what, "text") == 0) {
		expect_text(now.fds[who]);
	} else if (strcmp(what, "eof") == 0) {
		wire_ended(now.fds[who]);
	} else if (strncmp(what, "has ", 4) == 0) {
		test_assert(strstr(now.text, what + 4), "it is %s", now.text);
	} else if (strncmp(what, "payload*", 8) == 0) {
		expect_payload(now.fds[who], strtoul(what + 8, NULL, 10));
	} else {
		test_assert(iperf3_state_named(what, strlen(what), &state), "no such step");
		read_exactly(now.fds[who], &octet, 1);
		test_assert((int8_t)octet == state, "it is %d", (int8_t)octet);
	}
}

static void items_of(struct octets *octets, const char *words)
{
	octets->length = 0;
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");
		uint8_t prefix[IPERF3_LENGTH_SIZE];
		int state;

		if (*words == '{') {
			iperf3_length_write(prefix, (uint32_t)length);
			octets_append(octets, prefix, sizeof prefix);
			octets_append(octets, words, length);
		} else if (iperf3_state_named(words, length, &state)) {
			octets_append(octets, &(uint8_t){ (uint8_t)state }, 1);
		} else {
			length = (size_t)(octets_item(octets, words) - words);
		}
		words += length;
	}
}

static void say(unsigned char who, const char *words)
{
	static struct octets octets;

	items_of(&octets, words);
	if (who == 'u')
		test_assert(sendto(now.udp, octets.at, octets.length, 0, (struct sockaddr *)&now.from,
				   now.from_length) >= 0, "it is not sent");
	else
		test_assert(wire_send(now.fds[who], octets.at, octets.length), "the connection is closed");
}

static void end(int fd, const char *how)
{
	if (strcmp(how, "reset") == 0)
		wire_reset(fd);
	else if (strcmp(how, "half-close") == 0)
		wire_half_close(fd);
	else
		wire_close(fd);
}

static bool step_about_client(const char *step)
{
	int64_t passed_ms = (clock_now_ns() - now.mark_ns) / IPERF_MS;

	if (strncmp(step, "exit ", 5) == 0)
		test_assert(program_wait(now.program) == atoi(step + 5), "it ends otherwise");
	else if (strncmp(step, "said ", 5) == 0)
		program_said(now.program, PROGRAM_OUT, step + 5);
	else if (strncmp(step, "told ", 5) == 0)
		program_said(now.program, PROGRAM_ERR, step + 5);
	else if (strcmp(step, "signal") == 0)
		program_signal(now.program, SIGINT);
	else if (strcmp(step, "mark") == 0)
		now.mark_ns = clock_now_ns();
	else if (strncmp(step, "before ", 7) == 0)
		test_assert(passed_ms < atoi(step + 7), "%lld ms have passed", (long long)passed_ms);
	else if (strncmp(step, "after ", 6) == 0)
		test_assert(passed_ms >= atoi(step + 6), "only %lld ms have passed", (long long)passed_ms);
	else
		return false;
	return true;
}

static void run_row(void **state)
{
	const struct row *row = *state;
	uint16_t port;

	test_at = row->at;
	memset(&now, 0, sizeof now);
	wire_listen(false, 16, &port, &now.listener, &now.udp);
	now.program = program_start("-c 127.0.0.1 -p %u --profile iperf3 -i 0 %s", (unsigned)port, row->words);
	for (const char *const *step = row->steps; *step; step++) {
		unsigned char who = (unsigned char)**step;

		test_step = *step;
		if (step_about_client(*step))
			continue;
		if ((*step)[1] == '<')
			expect(who, *step + 3);
		else if ((*step)[1] == ':')
			say(who, *step + 3);
		else
			end(now.fds[who], *step + 2);
	}
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

#define TO_STREAMS "a< cookie", "a: PARAM_EXCHANGE", "a< text", "a: CREATE_STREAMS"
#define TO_PAYLOAD TO_STREAMS, "s< cookie", "a: TEST_START TEST_RUNNING"
#define TO_END TO_PAYLOAD, "s< payload*100", "a< TEST_END"
#define TO_RESULTS TO_END, "a: EXCHANGE_RESULTS", "a< text"
#define STREAM(id) \
	"{\"id\":" id ",\"bytes\":100,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}"
#define RESULTS_OF(streams) \
	"{\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":0,\"sender_has_retransmits\":-1," \
	"\"streams\":[" streams "]}"
#define RESULTS RESULTS_OF(STREAM("1"))
#define WELL "said Done: the server received 100 of 100 octets", "exit 0"
#define FAILED(what) "said Failed: " what, "told " what ": ", "exit 1"
#define ONE_BLOCK "-k 1 -l 100"
#define LONG "-t 600 -b 100K -l 100"

static const struct row rows[] = {
	/* --- what goes well -------------------------------------------------------------------------------------- */
	{ "23/good R-23-13 R-28-3", AT, ONE_BLOCK, {
		TO_RESULTS, "a: " RESULTS " DISPLAY_RESULTS", "a< IPERF_DONE", "a< eof", "a close", WELL } },
	{ "23/parameters R-24-1 R-24-2", AT, "-k 1 -l 100 -P 2 -b 5M --get-server-output", {
		"a< cookie", "a: PARAM_EXCHANGE", "a< text",
		"a< has {\"tcp\":true,\"omit\":0,\"time\":0,\"num\":0,\"blockcount\":1,\"parallel\":2,\"len\":100,"
		"\"bandwidth\":5000000,\"pacing_timer\":1000,\"get_server_output\":1,\"client_version\":\"iperf-ref ",
		"a close", FAILED("aborted") } },
	{ "23/server-keeps-its-end-open R-23-15", AT, ONE_BLOCK, {
		TO_RESULTS, "mark", "a: " RESULTS " DISPLAY_RESULTS", "a< IPERF_DONE", "a< eof", WELL, "after 900",
		"before 2500" } },
	{ "23/error-behind-done R-23-14", AT, ONE_BLOCK, {
		TO_RESULTS, "a: " RESULTS " DISPLAY_RESULTS", "a< IPERF_DONE", "a: SERVER_ERROR =0000007200000000",
		"a close", WELL } },
	{ "27.1/reverse-stream-closed R-27.1-3", AT, "-R -t 1", {
		TO_PAYLOAD, "mark", "s: 'abcde'", "s close", "a< TEST_END", "after 900", "a: EXCHANGE_RESULTS",
		"a< text",
		"a< has \"id\":1,\"bytes\":5,", "a: " RESULTS " DISPLAY_RESULTS", "a< IPERF_DONE", "a close",
		"said 5 octets were received", "exit 0" } },
	{ "27.1/reverse-nothing-arrives R-27.1-3 R-27.1-2", AT, "-R -t 1", {
		TO_PAYLOAD, "mark", "a< TEST_END", "after 900", "a: EXCHANGE_RESULTS", "a< text",
		"a: " RESULTS " DISPLAY_RESULTS",
		"a< IPERF_DONE", "s< eof", "a close", "exit 0" } },
	{ "27.1/payload-behind-test-end-does-not-count R-27.1-7", AT, "-R -t 1 -l 4", {
		TO_PAYLOAD, "s: 'abcd'", "a< TEST_END", "s: 'efgh'", "a: EXCHANGE_RESULTS", "a< text",
		"a< has \"id\":1,\"bytes\":4,", "a: " RESULTS " DISPLAY_RESULTS", "a< IPERF_DONE", "a close",
		"exit 0" } },
	{ "27.2/at-once R-27.2-3", AT, "-k 2 -l 100 -b 800", {
		TO_PAYLOAD, "s< payload*200", "mark", "a< TEST_END", "before 700" } },
	{ "25/last-octets-first R-25-9", AT, "-k 1 -l 200K", { /* they are not read: TEST_END waits, but not for long */
		TO_PAYLOAD, "mark", "a< TEST_END", "after 700", "before 3000", "s< payload*204800" } },
	{ "26.1/hello-again R-26.1-10", AT, "-u -k 1 -l 100", {
		TO_STREAMS, "u< hello", "mark", "u< hello", "after 950", "u: '6789'", "a: TEST_START TEST_RUNNING",
		"u< payload", "a< TEST_END" } },
	{ "26.1/old-reply R-26.1-7", AT, "-u -k 1 -l 100", {
		TO_STREAMS, "u< hello", "u: =b168de3a", "a: TEST_START TEST_RUNNING", "u< payload", "a< TEST_END" } },
	{ "26.1/payload-before-the-reply R-26.1-8", AT, "-u -R -k 1 -l 20", {
		TO_STREAMS, "u< hello", "u: x*20", "u: '6789'", "a: TEST_START TEST_RUNNING",
		"u: =00000000000000000000000178787878 =78787878", "a< TEST_END", "a: EXCHANGE_RESULTS", "a< text",
		"a< has \"packets\":1" } },

	/* --- what does not --------------------------------------------------------------------------------------- */
	{ "29/denied R-29-2", AT, ONE_BLOCK, { "a< cookie", "a: ACCESS_DENIED", "a< eof", FAILED("denied") } },
	{ "29/denied-and-reset R-30-1", AT, ONE_BLOCK, { "a< cookie", "a reset", FAILED("denied") } },
	{ "29/denied-and-tried-again R-23-19", AT, ONE_BLOCK " --retry 60", {
		"a< cookie", "a: ACCESS_DENIED", "a close", TO_RESULTS, "a: " RESULTS " DISPLAY_RESULTS",
		"a< IPERF_DONE", "a close", WELL } },
	{ "29/error R-29-3 R-29-4", AT, ONE_BLOCK, {
		"a< cookie", "a: PARAM_EXCHANGE", "a< text", "a: SERVER_ERROR =0000007200000000", "a< eof",
		FAILED("server error"), "told 114" } },
	{ "29/error-with-4-octets R-29-3", AT, ONE_BLOCK, {
		"a< cookie", "a: PARAM_EXCHANGE", "a< text", "a: SERVER_ERROR =0000008e", "a close",
		FAILED("server error") } },
	{ "29/error-and-silence R-29-3", AT, ONE_BLOCK, {
		"a< cookie", "a: PARAM_EXCHANGE", "a< text", "mark", "a: SERVER_ERROR", "a< eof", "before 5000",
		FAILED("server error") } },
	{ "29/terminated R-29-8", AT, LONG, {
		TO_PAYLOAD, "s< payload*100", "a: SERVER_TERMINATE", FAILED("terminated") } },
	{ "29/control-ends R-29-10", AT, LONG, { TO_PAYLOAD, "s< payload*100", "a close", FAILED("aborted") } },
	{ "22.3/running-without-start R-22.3-5", AT, LONG, {
		TO_STREAMS, "s< cookie", "a: TEST_RUNNING", "s< eof", FAILED("malformed") } },
	{ "22.3/display-after-parameters R-22.3-5", AT, LONG, {
		"a< cookie", "a: PARAM_EXCHANGE", "a< text", "a: DISPLAY_RESULTS", "a< eof", FAILED("malformed") } },
	{ "23/no-payload-before-running R-23-6", AT, LONG " --t-reply 0.5", {
		TO_STREAMS, "s< cookie", "a: TEST_START", "s< eof", FAILED("timeout") } },
	{ "25/stream-denied R-25-13", AT, LONG, {
		TO_STREAMS, "s< cookie", "s: ACCESS_DENIED", "s close", FAILED("stream lost") } },
	{ "25/stream-denied-reverse R-25-13", AT, "-R -t 600", {
		TO_STREAMS, "s< cookie", "s: ACCESS_DENIED", FAILED("stream lost") } },
	{ "25/stream-reset R-25-13", AT, LONG, { TO_PAYLOAD, "s< payload*100", "s reset", FAILED("stream lost") } },
	{ "25/one-of-two-reset R-25-13", AT, LONG " -P 2", {
		TO_STREAMS, "s< cookie", "t< cookie", "a: TEST_START TEST_RUNNING", "t reset",
		FAILED("stream lost") } },
	{ "25/reverse-stream-reset R-25-13", AT, "-R -t 600", {
		TO_PAYLOAD, "s: 'abcde'", "s reset", FAILED("stream lost") } },
	{ "26.1/other-reply R-26.1-8", AT, "-u -t 600", {
		TO_STREAMS, "u< hello", "u: 'abcd'", "a< eof", FAILED("malformed") } },
	{ "26.1/no-reply R-26.1-9", AT, "-u -t 600 --t-reply 0.3", {
		TO_STREAMS, "u< hello", "a< eof", FAILED("timeout") } },
	{ "31/no-param-exchange R-31-4", AT, LONG " --t-reply 0.3", { "a< cookie", "a< eof", FAILED("timeout") } },
	{ "31/no-exchange R-31-4", AT, ONE_BLOCK " --t-reply 0.3", { TO_END, "a< eof", FAILED("timeout") } },
	{ "31/nothing-arrives R-31-5", AT, "-R -t 600 --rcv-timeout 300", {
		TO_PAYLOAD, "mark", "s: 'abcde'", "a< eof", "after 250", FAILED("timeout"), "told R-31-5" } },
	{ "28/unknown-id R-28-5", AT, ONE_BLOCK, {
		TO_RESULTS, "a: " RESULTS_OF(STREAM("2")), "a< eof", FAILED("malformed") } },
	{ "28/longest-length R-32-1", AT, ONE_BLOCK, { TO_RESULTS, "a: =ffffffff", "a< eof", FAILED("malformed") } },
	{ "28/number-for-a-string R-22.4-7", AT, ONE_BLOCK, {
		TO_RESULTS, "a: {\"congestion_used\":3}", "a< eof", FAILED("malformed") } },
	{ "29/stop-while-payload-flows R-29-5", AT, LONG, {
		TO_PAYLOAD, "s< payload*100", "signal", "a< CLIENT_TERMINATE", "a< eof", FAILED("interrupted") } },
	{ "29/stop-before-param-exchange R-29-5", AT, LONG, {
		"a< cookie", "signal", "a< CLIENT_TERMINATE", "a< eof", FAILED("interrupted") } },
	{ "29/stop-while-a-write-is-blocked R-29-5", AT, "-t 600", {
		TO_PAYLOAD, "s< payload*100", "signal", "a< CLIENT_TERMINATE", "a< eof", FAILED("interrupted") } },
};

int main(void)
{
	ROWS_ADD(rows, run_row);
	return TESTS_RUN("iperf3_client_faults");
}
