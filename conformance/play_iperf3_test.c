/* Playing cases of the iperf3 profile against peers that do what a script says, right or wrong: what is blamed. */
#include "conformance/play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/iperf3_control.h"
#include "proto/limits.h"
#include "proto/rows_test.h"

/* --- scripted peers ---------------------------------------------------------------------------------------------- */

/* Words of a script: a accepts a connection, o opens one; both make it the present one, of up to four; 0 to 3 goes to
 * that. rN reads N octets, R a length and its text, e up to the end; w and hexadecimal digits writes those octets, t the row's
 * JSON with its length; x closes. A cookie is written by k, K (another), j (of other octets than it may have). */
struct script {
	int listener, fds[4], count, now;
	struct sockaddr_in address;
};

static void put(int fd, const void *octets, size_t length)
{
	if (send(fd, octets, length, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void take(int fd, size_t length)
{
	char octet;

	while (length-- > 0 && recv(fd, &octet, 1, 0) == 1)
		;
}

static void put_hex(int fd, const char *digits)
{
	uint8_t octets[400];
	size_t length = 0;

	for (unsigned octet; sscanf(digits, "%2x", &octet) == 1; digits += 2)
		octets[length++] = (uint8_t)octet;
	put(fd, octets, length);
}

/* A length, and the text. */
static void put_text(int fd, const char *text)
{
	uint32_t length = htonl((uint32_t)strlen(text));

	put(fd, &length, sizeof length);
	put(fd, text, strlen(text));
}

static void take_text(int fd)
{
	uint32_t length = 0;

	if (recv(fd, &length, sizeof length, MSG_WAITALL) == sizeof length)
		take(fd, ntohl(length));
}

static void put_cookie(int fd, char of)
{
	char cookie[IPERF3_COOKIE_LENGTH] = { 0 };

	memset(cookie, of == 'k' ? 'a' : of == 'K' ? 'b' : '!', sizeof cookie - 1);
	put(fd, cookie, sizeof cookie);
}

static void open_or_accept(struct script *script, char how)
{
	int on = 1, fd;

	if (how == 'a') {
		fd = accept(script->listener, NULL, NULL);
	} else {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&script->address, sizeof script->address) != 0)
			_exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	script->now = script->count;
	script->fds[script->count++] = fd;
}

static void run_word(struct script *script, const char *word, const char *json)
{
	int fd = script->count > 0 ? script->fds[script->now] : -1;

	switch (*word) {
	case 'a': case 'o':
		open_or_accept(script, *word);
		break;
	case 'r':
		take(fd, (size_t)atoi(word + 1));
		break;
	case 'R':
		take_text(fd);
		break;
	case 'e':
		take(fd, SIZE_MAX);
		break;
	case 'w':
		put_hex(fd, word + 1);
		break;
	case 't':
		put_text(fd, json);
		break;
	case 'k': case 'K': case 'j':
		put_cookie(fd, *word);
		break;
	case 'x':
		close(fd);
		break;
	default:
		script->now = *word - '0';
		break;
	}
}

static void run_script(struct script *script, const char *words, const char *json)
{
	char copy[500];

	alarm(20);
	snprintf(copy, sizeof copy, "%s", words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		run_word(script, word, json);
	_exit(0);
}

/* A server, in a process of its own. */
static pid_t start_script(struct script *script, const char *words, const char *json)
{
	pid_t pid = fork();

	if (pid == 0)
		run_script(script, words, json);
	return pid;
}

/* A client is this program with a port, the script and JSON. */
static void be_client(char *argv[])
{
	struct script script = { .listener = -1 };

	script.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	run_script(&script, argv[2], argv[3]);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

struct row {
	const char *name, *script;
	const char *json;         /* that t writes */
	const char *role, *tests, *lines;
	enum iperf_requirement blamed; /* NONE: it passes */
	const char *observed;     /* a part of it */
};

#define BEGIN "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters {\"tcp\":true}\n#1 S>C CREATE_STREAMS\n" \
	      "#2 C>S cookie $cookie\n#1 S>C TEST_START\n#1 S>C TEST_RUNNING\n"
#define END   "#1 C>S TEST_END\n#1 S>C EXCHANGE_RESULTS\n#1 C>S results $results\n"
#define DONE  "#1 S>C DISPLAY_RESULTS\n#1 C>S IPERF_DONE\n#1 C>S end-of-file\n#1 S>C closed\n"

#define S_BEGIN "a r37 w09 R w0a a r37 0 w01 w02 "
#define S_END   "r1 w0d R "
#define S_DONE  "w0e r1 "

#define CPU     "\"cpu_util_total\":1,\"cpu_util_user\":1,\"cpu_util_system\":1,"
#define STREAM(id, bytes, retransmits)                                                                                  \
	"{\"id\":" id ",\"bytes\":" bytes ",\"retransmits\":" retransmits ",\"jitter\":0,\"errors\":0,\"packets\":0}"
#define GOOD    "{" CPU "\"sender_has_retransmits\":-1,\"streams\":[" STREAM("1", "1000", "-1") "]}"
#define OLD     "{" CPU "\"sender_has_retransmits\":18446744073709551615,\"streams\":[" STREAM("1", "1000", "-1") "]}"
#define NEGATIVE "{" CPU "\"sender_has_retransmits\":1,\"streams\":[" STREAM("1", "1000", "-1") "]}"
#define LESS    "{" CPU "\"sender_has_retransmits\":-1,\"streams\":[]}"
#define NO_CPU  "{\"sender_has_retransmits\":-1,\"streams\":[]}"

static const struct row rows[] = {
	{ "server/right", S_BEGIN "1 r1000 0 " S_END "t " S_DONE "e x", GOOD, "server", "R-23-1",
	  BEGIN "#2 C>S [1000 octets of payload]\n" END "#1 S>C results {\"streams\":[{\"id\":1,\"bytes\":1000}]}\n" DONE,
	  IPERF_R_NONE, NULL },
	{ "server/in-pieces", "a r37 w09 e x", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie cut into 1\n#1 S>C PARAM_EXCHANGE\n#1 C>S end-of-file\n#1 S>C closed\n", IPERF_R_NONE, NULL },
	{ "server/other-state", "a r37 w0a e", NULL, "server", "R-23-1", "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE ; R-23-1\n",
	  IPERF_R_23_1, "CREATE_STREAMS" },
	{ "server/before-cookie", "a w09 e", NULL, "server", "R-23-1", "#1 C>S open\n#1 S>C nothing for 2s\n", IPERF_R_23_1,
	  "PARAM_EXCHANGE" },
	{ "server/before-cookie-always", "a w09 r1 e", NULL, "server", "R-23-1",
	  "#2 C>S open\n#1 C>S octets 61\nwait 300ms\n", IPERF_R_22_1_2, "PARAM_EXCHANGE" },
	{ "server/speaks-on-stream", S_BEGIN "1 wff 0 r1 w0d e", NULL, "server", "R-23-1",
	  BEGIN "#1 C>S TEST_END\n#1 S>C EXCHANGE_RESULTS\n", IPERF_R_25_3, "ACCESS_DENIED" },
	{ "server/after-done", S_BEGIN S_END "t " S_DONE "wfe0000000e00000000 e x", LESS, "server", "R-23-1",
	  BEGIN END "#1 S>C results\n#1 S>C DISPLAY_RESULTS\n#1 C>S IPERF_DONE\n#1 C>S end-of-file\nwait 300ms\n",
	  IPERF_R_23_17, "SERVER_ERROR 14" },
	{ "server/error-without-numbers", "a r37 wfe x", NULL, "server", "R-23-1", "#1 C>S cookie $cookie\n#1 S>C failed\n",
	  IPERF_R_29_1, "SERVER_ERROR and 0 octets" },
	{ "server/error", "a r37 wfe0000007200000000 x", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C SERVER_ERROR 114\n#1 S>C closed\n", IPERF_R_NONE, NULL },
	{ "server/other-error", "a r37 wfe0000007200000000 x", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C SERVER_ERROR 106\n", IPERF_R_23_1, "SERVER_ERROR 114" },
	{ "server/failed-with-more", "a r37 wfe000000720000000000 x", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C failed\n", IPERF_R_23_1, "SERVER_ERROR 114" },
	{ "server/denied", "a r37 wff x", NULL, "server", "R-23-1", "#1 C>S cookie $cookie\n#1 S>C denied\n", IPERF_R_NONE, NULL },
	{ "server/denied-with-more", "a r37 wffff x", NULL, "server", "R-23-1", "#1 C>S cookie $cookie\n#1 S>C denied\n",
	  IPERF_R_23_1, "ACCESS_DENIED, ACCESS_DENIED" },
	{ "server/or-failed", "a r37 w09 R x", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters {}\n#1 S>C CREATE_STREAMS or failed within 5s\n"
	  "#2 C>S cookie $cookie\n#1 S>C TEST_START\n", IPERF_R_NONE, NULL },
	{ "server/or-failed-neither", "a r37 w09 R w0b e", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters {}\n#1 S>C CREATE_STREAMS or failed within 500ms\n",
	  IPERF_R_23_1, "SERVER_TERMINATE" },
	{ "server/refused-at-first", "a r37 wff x a r37 x a r37 w09 e", NULL, "server", "R-23-1",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S end-of-file\n", IPERF_R_NONE, NULL },
	{ "server/payload-counted", S_BEGIN "1 w0000000000 0 r1 w0d e", NULL, "server", "R-23-1",
	  BEGIN "#2 S>C [5 octets of payload] within 5s\n#1 C>S TEST_END\n#1 S>C EXCHANGE_RESULTS\n", IPERF_R_NONE, NULL },
	{ "server/payload-too-much", S_BEGIN "1 w0000000000 0 r1 w0d e", NULL, "server", "R-23-1",
	  BEGIN "#2 S>C [4 octets of payload] within 5s\n#1 C>S TEST_END\n#1 S>C EXCHANGE_RESULTS\n", IPERF_R_23_1,
	  "[5 octets of payload] by the end" },
	{ "server/results-unsigned", S_BEGIN S_END "t " S_DONE "e x", OLD, "server", "R-23-1",
	  BEGIN END "#1 S>C results {\"sender_has_retransmits\":-1}\n" DONE, IPERF_R_NONE, NULL },
	{ "server/results-unsigned-tested", S_BEGIN S_END "t " S_DONE "e x", OLD, "server", "R-23-1 R-22.4-10",
	  BEGIN END "#1 S>C results {\"sender_has_retransmits\":-1} ; R-22.4-10\n" DONE, IPERF_R_22_4_10, "expected -1" },
	{ "server/results-streams", S_BEGIN S_END "t " S_DONE "e x", LESS, "server", "R-23-1 R-28-2",
	  BEGIN END "#1 S>C results {\"streams\":[{\"id\":1}]}\n" DONE, IPERF_R_28_2, "streams has 0 elements, expected 1" },
	{ "server/results-key-there", S_BEGIN S_END "t " S_DONE "e x", GOOD, "server", "R-23-1",
	  BEGIN END "#1 S>C results {\"sender_has_retransmits\":null}\n" DONE, IPERF_R_23_1, "sender_has_retransmits is there" },
	{ "server/results-mandatory", S_BEGIN S_END "t " S_DONE "e x", NO_CPU, "server", "R-23-1", BEGIN END "#1 S>C results\n",
	  IPERF_R_28_1, "cpu_util" },
	{ "server/results-no-json", S_BEGIN S_END "t " S_DONE "e x", "{\"a\"", "server", "R-23-1", BEGIN END "#1 S>C results\n",
	  IPERF_R_22_4_1, "" },

	{ "client/right", "o k r1 t r1 x", "{\"tcp\":true,\"len\":1000}", "client", "R-23-2",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters {\"len\":\"1..1e4\"}\n#1 S>C ACCESS_DENIED\n"
	  "#1 C>S closed\n", IPERF_R_NONE, NULL },
	{ "client/cookie-form", "o j e", NULL, "client", "R-23-2", "#1 C>S cookie $cookie\n", IPERF_R_22_2_1, "other octets" },
	{ "client/cookie-twice", "o k r1 x", NULL, "client", "R-23-2", "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n",
	  IPERF_R_22_2_2, "earlier test" }, /* as client/right */
	{ "client/other-cookie", "o K o k e", NULL, "client", "R-23-2", "#1 C>S cookie $cookie\n#2 C>S cookie $cookie ; R-23-2\n",
	  IPERF_R_23_2, "0x61, expected 0x62" },
	{ "client/early-payload", "o k r1 t r1 o k w3030 0 e", "{\"tcp\":true}", "client", "R-23-2",
	  "$cookie2 = 36*\"x\" 00\n#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters\n#1 S>C CREATE_STREAMS\n"
	  "#2 C>S cookie $cookie\nwait 300ms\n#1 S>C TEST_START\n#1 S>C TEST_RUNNING\n", IPERF_R_23_6, "payload on #2" },
	{ "client/payload", "o k r1 t r1 o k 0 r2 1 w3030 0 w04 e", "{\"tcp\":true}", "client", "R-23-2",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters\n#1 S>C CREATE_STREAMS\n#2 C>S cookie $cookie\n"
	  "#1 S>C TEST_START\n#1 S>C TEST_RUNNING\n#2 C>S [some payload]\n#1 C>S TEST_END\n", IPERF_R_NONE, NULL },
	{ "client/payload-with-reverse", "o k r1 t r1 o k 0 r2 1 w3030 0 w04 e", "{\"tcp\":true,\"reverse\":true}", "client",
	  "R-23-2", "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters\n#1 S>C CREATE_STREAMS\n"
	  "#2 C>S cookie $cookie\n#1 S>C TEST_START\n#1 S>C TEST_RUNNING\n#1 C>S TEST_END\nwait 300ms\n", IPERF_R_27_1_2,
	  "[2 octets of payload]" },
	{ "client/another-connection", "o k o k 0 e", NULL, "client", "R-23-2", "#1 C>S cookie $cookie\nwait 300ms\n", IPERF_R_23_2,
	  "a connection from port" },
	{ "client/goes-on-after-denial", "o k r1 w0c e", NULL, "client", "R-23-2",
	  "#1 C>S cookie $cookie\n#1 S>C ACCESS_DENIED\n#1 C>S closed within 300ms\n", IPERF_R_23_2, "CLIENT_TERMINATE" },
	{ "client/retransmits", "o k r1 t r1 o k 0 r2 w04 r1 t e", NEGATIVE, "client", "R-23-2",
	  "#1 C>S cookie $cookie\n#1 S>C PARAM_EXCHANGE\n#1 C>S parameters\n#1 S>C CREATE_STREAMS\n#2 C>S cookie $cookie\n"
	  "#1 S>C TEST_START\n#1 S>C TEST_RUNNING\n#1 C>S TEST_END\n#1 S>C EXCHANGE_RESULTS\n#1 C>S results\n",
	  IPERF_R_28_8, "retransmits is -1" },
	{ "client/fails-with-done", "o k r1 w10 x", NULL, "client", "R-23-2",
	  "#1 C>S cookie $cookie\n#1 S>C state 17\n#1 C>S failed\n", IPERF_R_NONE, NULL },
};

/* --- running ----------------------------------------------------------------------------------------------------- */

/* A listening socket on a free port. */
static int listen_somewhere(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = sizeof *address;

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
	return fd;
}

static struct case_file *case_of(const struct row *row)
{
	struct case_error error;
	struct case_file *file;
	char *text = NULL;

	assert_true(asprintf(&text, "id my/1\ntitle T\nrole %s\nprofile iperf3\ntests %s\n%s", row->role, row->tests,
			     row->lines) > 0);
	file = case_parse(NULL, text, strlen(text), &error);
	if (!file)
		row_fail(row->name, "%u:%u: %s", error.line, error.column, error.text);
	free(text);
	return file;
}

/* Where the two meet. */
static void prepare(struct player *player, struct script *script, const struct case_file *file)
{
	wire_init(&player->wire);
	*script = (struct script){ .listener = -1 };
	if (file->role == CASE_SERVER) {
		script->listener = listen_somewhere(&script->address);
		memcpy(&player->address, &script->address, sizeof script->address);
		player->address_length = sizeof script->address;
		return;
	}
	player->port = (uint16_t)wire_listen(&player->wire, 0);
}

static void judge(const struct row *row, const struct play_result *result)
{
	enum play_verdict wanted = row->blamed == IPERF_R_NONE ? PLAY_PASS : PLAY_FAIL;

	if (result->verdict != wanted)
		row_fail(row->name, "verdict %d: expected %s, observed %s %s", (int)result->verdict, result->expected,
			 result->observed, result->reason);
	if (wanted == PLAY_PASS)
		return;
	assert_string_equal(iperf_requirements[result->requirement].id, iperf_requirements[row->blamed].id);
	if (!strstr(result->observed, row->observed))
		row_fail(row->name, "observed: %s", result->observed);
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct player player = { .timers = { 0 } };
	struct case_file *file = case_of(row);
	struct play_result result;
	struct script script;
	const char *json = row->json ? row->json : "{}";
	char *command[] = { "/proc/self/exe", "{port}", (char *)(uintptr_t)row->script, (char *)(uintptr_t)json, NULL };
	pid_t pid = 0;

	prepare(&player, &script, file);
	if (strstr(row->name, "twice"))
		player_cookie_is_fresh(&player, (const uint8_t *)"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", IPERF3_COOKIE_LENGTH);
	if (file->role == CASE_SERVER) {
		pid = start_script(&script, row->script, json);
		assert_true(pid > 0);
	} else {
		player.command = command;
	}
	play_case(&player, file, &result);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	judge(row, &result);
	json_decref(result.steps);
	json_decref(result.said);
	json_decref(result.cookies);
	free(result.output);
	player_free(&player);
	if (script.listener >= 0)
		close(script.listener);
	case_free(file);
}

int main(int argc, char *argv[])
{
	if (argc == 4)
		be_client(argv);
	ROWS_ADD(rows, run_row);
	return tests_run("play_iperf3");
}
