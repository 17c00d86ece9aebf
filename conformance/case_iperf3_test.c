/* The notation of the iperf3 profile: each line is read, printed and read again; and what is said of wrong ones. */
#include "conformance/case.h"

#include "conformance/testcases.h"
#include "proto/rows_test.h"

/* Lines 1 to 5; what a row says begins in line 6. */
#define HEAD3(role) "id 23/1\ntitle A title\nrole " role "\nprofile iperf3\ntests R-23-1 R-25-9\n"
#define OPEN "#1 C>S cookie $cookie\n"
#define UDP "udp:1 C>S hello\n"

/* --- what can be read -------------------------------------------------------------------------------------------- */

struct step_row {
	const char *name;
	const char *role;
	const char *before; /* lines */
	const char *step;
	const char *text;   /* of case_step_text(); NULL: as written */
};

static const struct step_row step_rows[] = {
	{ "step/cookie", "server", "", "#1 C>S cookie $cookie2 cut at 1,36", NULL },
	{ "step/cookie-set", "server", "", "$cookie = 36*\"a\" 00", "$cookie = 36*\"a\" 00" },
	{ "step/cookie-part", "server", "", "#1 C>S octets $cookie[0..36]", NULL },
	{ "step/state", "server", OPEN, "#1 S>C PARAM_EXCHANGE within 1s", NULL },
	{ "step/state-never-sent", "server", OPEN, "#1 C>S ALL_STREAMS_END", NULL },
	{ "step/state-by-number", "server", OPEN, "#1 C>S state 17", NULL },
	{ "step/state-negative", "server", OPEN, "#1 C>S state -3", NULL },
	{ "step/state-named-by-number", "server", OPEN, "#1 C>S state -2", NULL },
	{ "step/error", "client", OPEN, "#1 S>C SERVER_ERROR", NULL },
	{ "step/error-number", "client", OPEN, "#1 S>C SERVER_ERROR 142 cut at 1,5", NULL },
	{ "step/error-expected", "server", OPEN, "#1 S>C SERVER_ERROR 114", NULL },
	{ "step/parameters", "server", OPEN, "#1 C>S parameters {\"tcp\":true,\"num\":18446744073709551615}", NULL },
	{ "step/parameters-beyond-bounds", "server", OPEN, "#1 C>S parameters {\"time\":1e999}", NULL },
	{ "step/parameters-array", "server", OPEN, "#1 C>S parameters [1] cut into 1", NULL },
	{ "step/parameters-any", "client", OPEN, "#1 C>S parameters", NULL },
	{ "step/parameters-expected", "client", OPEN, "#1 C>S parameters {\"udp\":null,\"time\":\"1..2\"}", NULL },
	{ "step/results-sent", "server", OPEN, "#1 C>S results $results", NULL },
	{ "step/results-json", "server", OPEN, "#1 C>S results {\"streams\":[]}", NULL },
	{ "step/results-any", "server", OPEN, "#1 S>C results", NULL },
	{ "step/results-expected", "server", OPEN, "#1 S>C results {\"a|b\":\"present\"} within 1s or failed", NULL },
	{ "step/text", "server", OPEN, "#1 C>S text \"{\" 100*20 00 cut at 4", "#1 C>S text \"{\" 100*\" \" 00 cut at 4" },
	{ "step/payload-both-ways", "server", OPEN, "#1 S>C [4000 octets of payload]", NULL },
	{ "step/payload-some", "server", OPEN, "#1 S>C [some payload] within 2s", NULL },
	{ "step/payload-any", "server", OPEN, "#1 S>C [payload]", NULL },
	{ "step/payload-sent-by-server", "client", OPEN, "#1 S>C [1 octet of payload]", NULL },
	{ "step/failed", "server", OPEN, "#1 S>C failed within 1.5*T_read not before 0.5*T_read", NULL },
	{ "step/denied", "server", OPEN, "#1 S>C denied", NULL },
	{ "step/failed-then-close", "server", OPEN "#1 S>C failed\n", "#1 C>S close", NULL },
	{ "step/unread", "server", OPEN, "#1 S>C unread", NULL },
	{ "step/or-failed", "server", OPEN, "#1 S>C nothing for 1s or failed", NULL },
	{ "step/or-denied", "server", OPEN, "#1 S>C CREATE_STREAMS or denied ; R-25-9", "#1 S>C CREATE_STREAMS or denied" },
	{ "step/hello", "server", "", "udp:1 C>S hello", NULL },
	{ "step/reply", "server", UDP, "udp:1 S>C reply", NULL },
	{ "step/any-reply", "server", UDP, "udp:1 S>C any  reply", "udp:1 S>C any reply" },
	{ "step/datagrams", "server", UDP, "udp:1 C>S datagrams 1..4 6 of 1000 octets", NULL },
	{ "step/datagrams-wide", "server", UDP, "udp:1 C>S datagrams 4294967296..4294967297 of 16 octets wide", NULL },
	{ "step/datagram-empty", "server", UDP, "udp:1 C>S octets \"\"", NULL },
	{ "step/payload-udp", "client", UDP, "udp:1 C>S [some payload]", NULL },
	{ "step/free", "server", "", "free", NULL },
	{ "step/free-within", "server", "mark a\n", "free within 2s from a", NULL },
	{ "step/signal", "client", "", "signal INT", NULL },
	{ "step/signal-term", "server", "", "signal TERM", NULL },
	{ "step/exit-of-server", "server", "", "exit 0 within T_over", NULL },
	{ "step/says-of-server", "server", "", "says \"a\"", NULL },
	{ "step/refuse", "client", "", "refuse", NULL },
	{ "step/timers", "server", "", "wait 0.5*T_silence+1s", NULL },
	{ "step/timer-reply", "server", "", "wait T_reply", NULL },
};

static void run_step(void **state)
{
	const struct step_row *row = *state;
	char *text = NULL, *printed, out[300];
	struct case_file *file, *again;
	struct case_error error;

	assert_true(asprintf(&text, "%s%s%s\n", strcmp(row->role, "server") == 0 ? HEAD3("server") : HEAD3("client"), row->before,
			     row->step) > 0);
	file = case_parse(NULL, (const char *)ground(text, strlen(text)), strlen(text), &error);
	if (!file)
		row_fail(row->name, "%u:%u: %s", error.line, error.column, error.text);
	case_step_text(file, &file->steps[file->step_count - 1], out, sizeof out);
	assert_string_equal(out, row->text ? row->text : row->step);
	printed = testcases_printed(file);
	again = case_parse(NULL, printed, strlen(printed), &error);
	if (!again)
		row_fail(row->name, "printed, %u:%u: %s\n%s", error.line, error.column, error.text, printed);
	assert_true(testcases_equal(file, again));
	case_free(again);
	case_free(file);
	free(printed);
	free(text);
}

/* --- heads ------------------------------------------------------------------------------------------------------- */

static const char client_head[] =
	"id     23/1\n"
	"title  T\n"
	"role   client\n"
	"profile iperf3\n"
	"tests  R-23-1\n"
	"with   streams=2 bytes=3000 transport=udp blocks=3 time=1.5 omit=1 length=100 rate=1000000 interval=0 reverse bidir "
	"wide server-output receive-timeout=200\n"
	"needs  T_read short T_silence T_over T_reply\n"
	"\n"
	"refuse\n";

static void heads(void **state)
{
	struct case_error error;
	struct case_file *file = case_parse(NULL, client_head, strlen(client_head), &error);
	char *printed;

	(void)state;
	if (!file)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	assert_int_equal(file->profile, CASE_IPERF3);
	assert_string_equal(case_option(file, "time"), "1.5");
	assert_string_equal(case_option(file, "bytes"), "3000");
	assert_string_equal(case_option(file, "reverse"), "");
	assert_null(case_option(file, "one-off"));
	assert_int_equal(file->needs_short, 1u << CASE_T_SILENCE);
	printed = testcases_printed(file);
	assert_string_equal(printed, client_head);
	free(printed);
	case_free(file);
}

/* --- what is wrong ----------------------------------------------------------------------------------------------- */

struct wrong_row {
	const char *name;
	const char *role;   /* of HEAD3; NULL: the lines are the whole file */
	const char *lines;
	uint32_t line, column;
	const char *text;
};

#define TEXT_HEAD "id my/1\ntitle x\nrole server\ntests R-6.2-1\n"

static const struct wrong_row wrong_rows[] = {
	{ "profile/unknown", NULL, "profile iperf2\n", 1, 9, "expected text or iperf3, found 'iperf2'" },
	{ "profile/of-requirement", NULL, "id my/1\ntitle x\nrole server\nprofile iperf3\ntests R-6.2-1\nfree\n", 5, 1,
	  "R-6.2-1 is no requirement of the iperf3 profile" },
	{ "profile/of-requirement-text", NULL, "id my/1\ntitle x\nrole server\ntests R-23-1\nwait 1s\n", 4, 1,
	  "R-23-1 is no requirement of the text profile; should the head say 'profile iperf3'?" },
	{ "profile/line-of-iperf3", NULL, TEXT_HEAD "#1 C>S cookie $cookie\n", 5, 8,
	  "cookie is of the iperf3 profile; the head does not say 'profile iperf3'" },
	{ "profile/free-of-iperf3", NULL, TEXT_HEAD "free\n", 5, 1,
	  "free is of the iperf3 profile; the head does not say 'profile iperf3'" },
	{ "profile/line-of-text", "server", "#1 C>S preamble $cookie\n", 6, 8,
	  "preamble is of the text profile, and the head says 'profile iperf3'" },
	{ "profile/timer", "server", "wait T_hello\n", 6, 6, "T_hello is no timer of the iperf3 profile" },
	{ "profile/needs", NULL, "id my/1\ntitle x\nrole server\ntests R-6.2-1\nneeds T_read\nwait 1s\n", 5, 1,
	  "T_read is no timer of the text profile" },
	{ "with/of-server", NULL, "id my/1\ntitle x\nrole client\nprofile iperf3\ntests R-23-1\nwith one-off\nrefuse\n", 6, 1,
	  "one-off is for cases of role server" },
	{ "with/of-client", NULL, "id my/1\ntitle x\nrole server\nprofile iperf3\ntests R-23-1\nwith reverse\nfree\n", 6, 1,
	  "reverse is for cases of role client" },
	{ "with/of-iperf3", NULL, "id my/1\ntitle x\nrole client\ntests R-6.2-1\nwith reverse\nserve\n", 5, 1,
	  "reverse is for cases of 'profile iperf3'" },
	{ "with/twice", NULL, "with reverse reverse\n", 1, 14, "'reverse' is given twice" },
	{ "what/near", "server", OPEN "#1 S>C PARAM_EXCHANG\n", 7, 8,
	  "expected cookie, a state, parameters, results, text, [n octets of payload], hello, reply, any reply, datagrams, "
	  "octets, open, unread, end-of-file, close, closed, reset, failed, denied or nothing for, found 'PARAM_EXCHANG'; was "
	  "PARAM_EXCHANGE meant?" },
	{ "state/octet", "server", OPEN "#1 C>S state 128\n", 7, 14, "a state is one octet: from -128 to 127" },
	{ "parameters/none", "server", OPEN "#1 C>S parameters\n", 7, 8,
	  "expected the parameters that are to be sent: {...}" },
	{ "results/none", "server", OPEN "#1 C>S results\n", 7, 8,
	  "expected the results that are to be sent: {...} or $results" },
	{ "results/expected-own", "server", OPEN "#1 S>C results $results\n", 7, 8, "$results can only be sent" },
	{ "results/array", "server", OPEN "#1 S>C results [1]\n", 7, 16, "these are an object: expected {...}" },
	{ "parameters/direction", "client", OPEN "#1 S>C parameters {}\n", 7, 4,
	  "parameters goes from the client to the server: expected C>S, found S>C" },
	{ "text/expected", "client", OPEN "#1 C>S text \"a\"\n", 7, 8,
	  "text can only be sent; parameters and results can be expected, and octets" },
	{ "failed/done", "client", OPEN "#1 S>C failed\n", 7, 8,
	  "failed can only be expected, and with role client S>C is done; was wait meant?" },
	{ "udp/state", "server", UDP "udp:1 S>C PARAM_EXCHANGE\n", 7, 11, "a state is for TCP connections; udp:1 is a UDP source" },
	{ "tcp/hello", "server", "#1 C>S hello\n", 6, 8, "this is a datagram, and #1 a TCP connection" },
	{ "datagrams/short", "server", UDP "udp:1 C>S datagrams 1 of 11 octets\n", 7, 11,
	  "a datagram has from 12 (its header) to 65507 octets" },
	{ "datagrams/wide", "server", UDP "udp:1 C>S datagrams 4294967296 of 100 octets\n", 7, 11,
	  "sequence 4294967296 needs 'wide'" },
	{ "datagrams/range", "server", UDP "udp:1 C>S datagrams 4..1 of 100 octets\n", 7, 24,
	  "a range ends at or above its first number" },
	{ "datagrams/word", "server", UDP "udp:1 C>S datagrams 1 for\n", 7, 23,
	  "expected sequences, such as 'datagrams 1..4 6 of 1000 octets', found 'for'" },
	{ "payload/udp", "server", UDP "udp:1 C>S [100 octets of payload]\n", 7, 11,
	  "of UDP, say which datagrams: datagrams 1..4 of 1000 octets" },
	{ "or/client", "client", "#1 C>S cookie $cookie or failed\n", 6, 23,
	  "'or' is for cases of 'profile iperf3' and role server" },
	{ "or/done", "server", "#1 C>S cookie $cookie or failed\n", 6, 23, "'or' is for what is expected on a connection" },
	{ "or/what", "server", OPEN "#1 S>C closed or reset\n", 7, 18, "expected failed or denied, found 'reset'" },
	{ "free/client", "client", "free\n", 6, 1, "free is for cases of role server" },
	{ "refuse/server", "server", "refuse\n", 6, 1, "refuse is for cases of role client" },
	{ "signal/name", "server", "signal HUP\n", 6, 8, "expected INT or TERM, found 'HUP'" },
	{ "octets/empty", "server", "#1 C>S octets \"\"\n", 6, 8, "an empty string is no octet" },
	{ "cookie/length", "server", "$cookie = 32*00\n", 6, 1, "a cookie has 37 octets, this one 32" },
};

static void run_wrong(void **state)
{
	const struct wrong_row *row = *state;
	const char *head = !row->role ? "" : strcmp(row->role, "server") == 0 ? HEAD3("server") : HEAD3("client");
	struct case_error error;
	struct case_file *file;
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", head, row->lines) > 0);
	file = case_parse("x", (const char *)ground(text, strlen(text)), strlen(text), &error);
	free(text);
	if (file)
		row_fail(row->name, "it was read");
	assert_string_equal(error.text, row->text);
	assert_int_equal(error.line, row->line);
	assert_int_equal(error.column, row->column);
}

int main(void)
{
	ROWS_ADD(step_rows, run_step);
	ROWS_ADD(wrong_rows, run_wrong);
	test_add("head", heads, NULL);
	return tests_run("case_iperf3");
}
