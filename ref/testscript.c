#include "ref/testscript.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "proto/octets_test.h"
#include "ref/clock.h"
#include "ref/testprogram.h"
#include "ref/testwire.h"

#define NAMES 26
#define PIECES 400   /* segments of one send, at most */
#define QUEUED 64    /* datagrams that came and were not asked for yet */
#define SLACK_NS 100000 /* clocks of a sending thread and of the receiving kernel are read at slightly different moments */
#define CLIENT_WORDS "-c %s -p %u --cookie 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f %s"

struct script_wire {
	bool known, udp, is_answered;
	int fd;           /* -1: closed */
	uint16_t port;    /* the client's */
	int64_t last_ns;  /* of the last datagram from it */
	int64_t gap_ns;   /* between that and the one before */
};

struct datagram {
	uint16_t port;
	size_t length;
	int64_t at_ns;    /* came, as the kernel says: this program may have been late to read it */
	uint8_t octets[OCTETS_MAX];
};

struct script {
	const struct script_row *row;
	struct program *program;
	bool client;   /* is what the program is */
	bool six, ones, leave;
	uint16_t port;
	int listener, udp;
	int64_t mark_ns;
	struct script_wire wires[NAMES];
	struct datagram queue[QUEUED];
	size_t queued;
	struct wire_answer answer;
};

static struct script *script;

/* --- names ------------------------------------------------------------------------------------------------------------ */

static struct script_wire *wire_at(char name)
{
	return &script->wires[name - 'a'];
}

static bool names_udp(char name)
{
	return name >= 't' && name <= 'w';
}

/* The wire of that name, connected or accepted when it is new. */
static struct script_wire *wire_named(char name)
{
	struct script_wire *wire = wire_at(name);

	if (wire->known)
		return wire;
	wire->known = true;
	wire->udp = names_udp(name);
	wire->fd = -1;
	if (script->client && !wire->udp) {
		wire->fd = wire_accept(script->listener);
		wire->port = wire_peer_port(wire->fd);
	} else if (!script->client) {
		wire->fd = wire->udp ? wire_udp(script->six, script->port) : wire_connect(script->six, script->port);
		wire->port = wire_local_port(wire->fd);
	}
	return wire;
}

/* --- octets ----------------------------------------------------------------------------------------------------------- */

static void send_words(struct script_wire *wire, const char *words)
{
	static struct octets octets;
	size_t piece;

	octets_of(&octets, words);
	piece = script->ones && !wire->udp ? octets.length / PIECES + 1 : octets.length;
	if (octets.length == 0 && !wire->udp)
		return;
	for (size_t at = 0; at < octets.length || at == 0; at += piece) {
		size_t length = octets.length - at < piece ? octets.length - at : piece;

		if (!wire_send(wire->fd, octets.at + at, length) || octets.length == 0)
			return; /* closed by the peer: what follows will tell */
	}
}

static void compare(const struct octets *expected, const uint8_t *octets, size_t length)
{
	char text[500];

	if (length == expected->length && memcmp(octets, expected->at, length) == 0)
		return;
	words_of(octets, length, text, sizeof text);
	test_fail("what comes is: %s", text);
}

/* Octets that come on a TCP connection. */
static void expect_words(const struct script_wire *wire, char *words)
{
	static struct octets expected;
	static uint8_t octets[OCTETS_MAX];
	size_t length = strlen(words);
	bool eof = length >= 3 && strcmp(words + length - 3, "eof") == 0;
	char *payload;

	if (eof)
		words[length - 3] = '\0';
	do {
		payload = strstr(words, "payload*");
		if (payload)
			*payload = '\0';
		octets_of(&expected, words);
		compare(&expected, octets, wire_read(wire->fd, octets, expected.length));
		if (payload) {
			length = strtoul(payload + strlen("payload*"), &words, 10);
			test_assert(length <= sizeof octets && wire_read(wire->fd, octets, length) == length,
				    "the payload is shorter");
		}
	} while (payload);
	if (eof)
		wire_ended(wire->fd);
}

/* --- datagrams to a scripted server ----------------------------------------------------------------------------------- */

static int64_t arrival_of(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct timespec at;

	test_assert(control && control->cmsg_type == SCM_TIMESTAMPNS, "a datagram without its time");
	memcpy(&at, CMSG_DATA(control), sizeof at);
	return at.tv_sec * IPERF_S + at.tv_nsec;
}

static void receive_datagram(void)
{
	struct datagram *datagram = &script->queue[script->queued];
	struct sockaddr_in source;
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec part = { datagram->octets, sizeof datagram->octets };
	struct msghdr message = { .msg_name = &source, .msg_namelen = sizeof source, .msg_iov = &part, .msg_iovlen = 1,
				  .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t length;

	test_assert(script->queued < QUEUED - 1, "too many datagrams");
	test_assert(wire_wait(script->udp, TEST_PATIENCE_MS), "no datagram comes");
	length = recvmsg(script->udp, &message, 0);
	test_assert(length >= 0, "a datagram: %s", strerror(errno));
	datagram->length = (size_t)length;
	datagram->port = ntohs(source.sin_port);
	datagram->at_ns = arrival_of(&message);
	script->queued++;
}

static bool is_source_known(uint16_t port)
{
	for (char name = 't'; name <= 'w'; name++)
		if (wire_at(name)->port == port)
			return true;
	return false;
}

/* The next datagram from wire; names it after an unknown source when it has none. */
static void take_datagram(struct script_wire *wire, struct datagram *datagram)
{
	for (size_t i = 0;; i++) {
		if (i == script->queued)
			receive_datagram();
		*datagram = script->queue[i];
		if (wire->port == 0 && !is_source_known(datagram->port))
			wire->port = datagram->port;
		if (datagram->port != wire->port)
			continue;
		wire->gap_ns = datagram->at_ns - wire->last_ns;
		wire->last_ns = datagram->at_ns;
		script->queued--;
		memmove(&script->queue[i], &script->queue[i + 1], (script->queued - i) * sizeof *datagram);
		return;
	}
}

static void expect_datagram(struct script_wire *wire, const char *words)
{
	static struct octets expected;
	static struct datagram datagram;
	const char *payload = strstr(words, "payload*");
	char text[200];

	take_datagram(wire, &datagram);
	words_of(datagram.octets, datagram.length, text, sizeof text);
	if (payload) {
		test_assert(datagram.length == strtoul(payload + strlen("payload*"), NULL, 10) && !strchr(text, '_'),
			    "a datagram comes: %s", text);
		return;
	}
	octets_of(&expected, words);
	compare(&expected, datagram.octets, datagram.length);
}

/* --- results ---------------------------------------------------------------------------------------------------------- */

static void write_stream(char *text, size_t size, unsigned id, const struct script_wire *wire, uint64_t bytes,
			 uint64_t packets, bool complete)
{
	char count[24] = "null";

	if (wire->udp)
		snprintf(count, sizeof count, "%llu", (unsigned long long)packets);
	snprintf(text, size, "%s{\"id\":%u,\"protocol\":\"%s\",\"client_port\":%u,\"bytes\":%llu,\"packets\":%s,"
		 "\"seconds\":SECONDS,\"complete\":%s}", id > 1 ? "," : "", id, wire->udp ? "udp" : "tcp", wire->port,
		 (unsigned long long)bytes, count, complete ? "true" : "false");
}

/* The result data that STREAMS stand for, with SECONDS in place of the number. */
static void data_of(const char *streams, char *text, size_t size)
{
	unsigned long long bytes, packets, sum = 0;
	unsigned id = 0;
	char name, complete;
	size_t used = (size_t)snprintf(text, size, "{\"streams\":[");

	for (; streams && *streams; streams = strchr(streams, ';')) {
		streams += strspn(streams, "; ");
		packets = 0;
		if (sscanf(streams, "%c %llu/%llu %c", &name, &bytes, &packets, &complete) != 4 &&
		    sscanf(streams, "%c %llu %c", &name, &bytes, &complete) != 3)
			test_fail("not understood: %s", streams);
		write_stream(text + used, size - used, ++id,
			     &(struct script_wire){ .udp = names_udp(name), .port = wire_at(name)->port }, bytes, packets,
			     complete == '+');
		used += strlen(text + used);
		sum += bytes;
	}
	snprintf(text + used, size - used, "],\"bytes\":%llu}", sum);
}

/* What an answer says, in the same form. */
static void data_in(const struct wire_answer *answer, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "{\"streams\":[");

	for (size_t i = 0; i < answer->results.count; i++) {
		const struct iperf_stream_result *stream = &answer->streams[i];
		struct script_wire wire = { .udp = stream->protocol == IPERF_UDP, .port = stream->client_port };

		write_stream(text + used, size - used, stream->id, &wire, stream->bytes, stream->packets,
			     stream->complete);
		used += strlen(text + used);
	}
	snprintf(text + used, size - used, "],\"bytes\":%llu}", (unsigned long long)answer->results.bytes);
}

/* Whether the answer of script says what STREAMS say; both in words. */
static bool answer_is(const char *streams, char *actual, char *expected, size_t size)
{
	data_of(streams, expected, size);
	data_in(&script->answer, actual, size);
	return script->answer.answered && strcmp(actual, expected) == 0;
}

static void expect_results(const char *streams)
{
	int64_t deadline_ns = clock_now_ns() + TEST_PATIENCE_MS * IPERF_MS;
	char actual[4000], expected[4000];

	wire_ping(script->six, script->port); /* else the request could overtake TEST_BEGIN */
	do {
		wire_ask(script->six, script->port, cookie_named('A'), &script->answer);
		test_assert(script->answer.answered, "a request is closed unanswered");
		if (answer_is(streams, actual, expected, sizeof actual))
			return;
	} while (clock_now_ns() < deadline_ns);
	test_fail("the results stay %s; expected are %s", actual, expected);
}

static void expect_answer(struct script_wire *wire, const char *streams)
{
	char actual[4000], expected[4000];

	wire_answer(wire->fd, cookie_named('A'), &script->answer);
	wire->is_answered = true;
	test_assert(script->answer.answered, "the request is closed unanswered");
	test_assert(answer_is(streams, actual, expected, sizeof actual), "the answer is %s", actual);
}

static void send_answer(struct script_wire *wire, const char *text, size_t cut)
{
	static struct octets octets;

	octets_of(&octets, "RESULTS_RESPONSE ' '");
	octets_append_text(&octets, text);
	wire_send(wire->fd, octets.at, octets.length < cut ? octets.length : cut);
	wire_half_close(wire->fd);
	wire_close(wire->fd);
	wire->fd = -1;
}

static void answer_streams(struct script_wire *wire, const char *streams, size_t cut)
{
	char text[4000], *seconds;

	data_of(streams, text, sizeof text);
	while ((seconds = strstr(text, "SECONDS")))
		memcpy(seconds, "1.50000", strlen("SECONDS"));
	send_answer(wire, text, cut);
}

/* --- steps with a name -------------------------------------------------------------------------------------------------- */

static void expect_after(int64_t ms)
{
	int64_t passed_ns = clock_now_ns() - script->mark_ns;

	test_assert(passed_ns >= ms * IPERF_MS, "only %.1f ms have passed", (double)passed_ns / 1e6);
}

static void let_go(struct script_wire *wire, void (*how)(int fd))
{
	how(wire->fd);
	wire->fd = -1;
}

static void run_named(struct script_wire *wire, const char *verb, const char *rest)
{
	char *end;
	size_t cut;

	if (strcmp(verb, "half-close") == 0) {
		wire_half_close(wire->fd);
	} else if (strcmp(verb, "close") == 0) {
		let_go(wire, wire_close);
	} else if (strcmp(verb, "reset") == 0) {
		let_go(wire, wire_reset);
	} else if (strcmp(verb, "ended") == 0) {
		wire_ended(wire->fd);
		expect_after(atoi(rest));
	} else if (strcmp(verb, "open") == 0) {
		wire_ping(script->six, script->port);
		test_assert(wire_state(wire->fd) == WIRE_SILENT, "it is not open and silent");
	} else if (strcmp(verb, "refuses") == 0) {
		wire_refuses(wire->fd);
		expect_after(atoi(rest));
	} else if (strcmp(verb, "gap") == 0) {
		test_assert(wire->gap_ns >= atoi(rest) * IPERF_MS - SLACK_NS, "the gap is %.3f ms", (double)wire->gap_ns / 1e6);
	} else if (strcmp(verb, "answer") == 0) {
		expect_answer(wire, rest);
	} else if (strcmp(verb, "answers") == 0) {
		answer_streams(wire, rest, SIZE_MAX);
	} else if (strcmp(verb, "cut") == 0) {
		cut = strtoul(rest, &end, 10);
		answer_streams(wire, end + strspn(end, " "), cut);
	} else if (strcmp(verb, "response") == 0) {
		send_answer(wire, rest, SIZE_MAX);
	} else {
		test_fail("no such verb");
	}
}

/* --- steps without a name ----------------------------------------------------------------------------------------------- */

static void expect_unanswered(void)
{
	wire_ask(script->six, script->port, cookie_named('A'), &script->answer);
	test_assert(!script->answer.answered, "a request is answered");
}

static void expect_silent(void)
{
	for (size_t i = 0; i < NAMES; i++)
		if (script->wires[i].known && script->wires[i].udp)
			test_assert(!wire_wait(script->wires[i].fd, 0), "something comes on a UDP socket");
}

static void pause_until(int64_t ms)
{
	int64_t left_ns;

	while ((left_ns = script->mark_ns + ms * IPERF_MS - clock_now_ns()) > 0)
		poll(NULL, 0, (int)(left_ns / IPERF_MS) + 1);
}

static void run_plain(const char *verb, const char *rest)
{
	if (strcmp(verb, "results") == 0) {
		expect_results(rest);
	} else if (strcmp(verb, "unanswered") == 0) {
		expect_unanswered();
	} else if (strcmp(verb, "served") == 0) {
		wire_served(script->six, script->port);
	} else if (strcmp(verb, "ping") == 0) {
		wire_ping(script->six, script->port);
	} else if (strcmp(verb, "settle") == 0) {
		program_settle(script->program, script->port);
	} else if (strcmp(verb, "silent") == 0) {
		expect_silent();
	} else if (strcmp(verb, "nobody") == 0) {
		test_assert(!wire_wait(script->listener, 0), "a connection comes");
	} else if (strcmp(verb, "mark") == 0) {
		script->mark_ns = clock_now_ns();
	} else if (strcmp(verb, "after") == 0) {
		expect_after(atoi(rest));
	} else if (strcmp(verb, "pause") == 0) {
		pause_until(atoi(rest));
	} else if (strcmp(verb, "said") == 0) {
		program_said(script->program, PROGRAM_OUT, rest);
	} else if (strcmp(verb, "told") == 0) {
		program_said(script->program, PROGRAM_ERR, rest);
	} else if (strcmp(verb, "signal") == 0) {
		program_signal(script->program, atoi(rest));
	} else if (strcmp(verb, "exit") == 0) {
		int status = program_wait(script->program);

		test_assert(status == atoi(rest), "its status is %d", status);
	} else if (strcmp(verb, "leave") == 0) {
		script->leave = true;
	} else {
		test_fail("no such verb");
	}
}

static void run_line(const char *line)
{
	char text[1000], *rest = text, *verb;
	struct script_wire *wire;

	test_step = line;
	test_assert(strlen(line) < sizeof text, "too long");
	strcpy(text, line);
	verb = strsep(&rest, " ");
	if (!rest)
		rest = verb + strlen(verb);
	if (verb[1] != '\0' && strchr(":<", verb[1])) {
		wire = wire_named(verb[0]);
		if (verb[1] == ':')
			send_words(wire, rest);
		else if (wire->udp)
			expect_datagram(wire, rest);
		else
			expect_words(wire, rest);
	} else if (verb[1] == '\0') {
		wire = wire_named(verb[0]);
		verb = strsep(&rest, " ");
		run_named(wire, verb, rest ? rest : "");
	} else {
		run_plain(verb, rest);
	}
}

/* --- rows --------------------------------------------------------------------------------------------------------------- */

static void begin_script(const struct script_row *row, bool client)
{
	static struct script only;

	memset(&only, 0, sizeof only);
	script = &only;
	script->row = row;
	script->client = client;
	script->mark_ns = clock_now_ns();
	test_at = row->at;
	test_step = "start";
}

static void run_lines(void)
{
	for (const char *const *line = script->row->lines; *line; line++)
		run_line(*line);
	test_step = "end";
}

/* Nothing has come on connections that never get an octet; the next client is served at once. */
static void end_server(void)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct script_wire *wire = &script->wires[i];

		if (!wire->known || wire->fd < 0)
			continue;
		test_assert(wire->is_answered || wire_state(wire->fd) != WIRE_OCTETS, "octets came on %c", (int)('a' + i));
		wire_close(wire->fd);
	}
	if (!script->leave) {
		wire_ping(script->six, script->port);
		wire_served(script->six, script->port);
	}
	program_stop(script->program);
}

static void run_server(const struct script_row *row, bool six, bool ones)
{
	begin_script(row, false);
	script->ones = ones;
	script->six = six;
	script->program = program_serve(&script->port, "%s", script->row->words);
	run_lines();
	end_server();
}

void script_run_server(void **state)
{
	run_server(*state, false, false);
	run_server(*state, wire_has_six(), true);
}

void script_run_server_once(void **state)
{
	run_server(*state, false, false);
}

void script_run_client(void **state)
{
	int one = 1;

	begin_script(*state, true);
	wire_listen(false, 256, &script->port, &script->listener, &script->udp);
	setsockopt(script->udp, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	script->program = program_start(CLIENT_WORDS, "127.0.0.1", script->port, script->row->words);
	run_lines();
	test_assert(script->program->pid == 0, "the row does not wait for the client's end");
}
