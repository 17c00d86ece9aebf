/* The notation of cases: what can be read, and that what is written is read again. What cannot be read has a test of
 * its own, case_wrong_test.c. */
#include "conformance/case.h"

#include "conformance/testcases.h"
#include "proto/rows_test.h"

#include <unistd.h>

/* --- steps: what is written, and what it becomes when it is printed ---------------------------------------------- */

struct step_row {
	const char *name;
	const char *role;
	const char *before; /* lines */
	const char *step;
	const char *text;   /* of case_step_text(); NULL: as written */
};

static const struct step_row step_rows[] = {
	{ "step/test-begin", "server", "", "#1 C>S IPERF_TEST_BEGIN $cookie", NULL },
	{ "step/blanks", "server", "", "\t#1\t C>S   IPERF_TEST_BEGIN\t$cookie  ", "#1 C>S IPERF_TEST_BEGIN $cookie" },
	{ "step/test-end", "server", BEGIN, "#1 C>S IPERF_TEST_END $cookie", NULL },
	{ "step/stream-begin", "server", "", "#abc123 C>S IPERF_STREAM_BEGIN $cookie16", NULL },
	{ "step/stream-end-udp", "server", "", "udp:1 C>S IPERF_STREAM_END $cookie2", NULL },
	{ "step/request", "server", "", "#1 C>S IPERF_RESULTS_REQUEST $cookie", NULL },
	{ "step/response", "server", BEGIN, "#1 S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[]}", NULL },
	{ "step/response-with-blanks", "server", BEGIN,
	  "#1 S>C IPERF_RESULTS_RESPONSE $cookie { \"a\" : \"}\\\"]\",\t\"b\":[1, {}] }  within 1s",
	  "#1 S>C IPERF_RESULTS_RESPONSE $cookie { \"a\" : \"}\\\"]\",\t\"b\":[1, {}] } within 1s" },
	{ "step/response-port", "server", BEGIN,
	  "#1 S>C IPERF_RESULTS_RESPONSE $cookie {\"port\":$port(#1),\"x\":1}", NULL },
	{ "step/response-results", "client", BEGIN, "#1 S>C IPERF_RESULTS_RESPONSE $cookie $results cut into 1", NULL },
	{ "step/response-array", "client", BEGIN, "#1 S>C IPERF_RESULTS_RESPONSE $cookie [1]", NULL },
	{ "step/response-to-server", "server", "", "#1 C>S IPERF_RESULTS_RESPONSE $cookie", NULL },
	{ "step/response-to-server-json", "server", "", "#1 C>S IPERF_RESULTS_RESPONSE $cookie {}", NULL },
	{ "step/preamble", "server", "", "#2 C>S preamble $cookie2 cut at 1,2,31", NULL },
	{ "step/cut-with-blanks", "server", "", "#2 C>S preamble $cookie2 cut at 1,  2, 31",
	  "#2 C>S preamble $cookie2 cut at 1,2,31" },
	{ "step/cut-of-opening", "server", "", "#1 C>S IPERF_TEST_BEGIN $cookie cut at 80", NULL },
	{ "step/payload-any", "client", "", "#1 C>S [payload]", NULL },
	{ "step/payload-of-server", "server", BEGIN, "#1 S>C [payload]", NULL },
	{ "step/payload-none", "client", "", "#1 C>S [0 octets of payload]", NULL },
	{ "step/payload-one", "server", "", "#1 C>S [ 1 octets of payload ]", "#1 C>S [1 octet of payload]" },
	{ "step/payload-datagrams", "server", "", "udp:1 C>S [3000 octets of payload in 2 datagrams]", NULL },
	{ "step/payload-datagram", "server", "", "udp:1 C>S [0 octets of payload in 1 datagram]", NULL },
	{ "step/octets", "server", "", "#1 C>S octets 0d 0a", NULL },
	{ "step/octets-hex", "server", "", "#1 C>S octets FFfe00 3*fa", "#1 C>S octets fffe00 3*fa" },
	{ "step/octets-string", "server", "", "#1 C>S octets \"GET / HTTP/1.0\\r\\n\\\\ \\\" \\x41\\0\"",
	  "#1 C>S octets \"GET / HTTP/1.0\\r\\n\\\\ \\\" A\\x00\"" },
	{ "step/octets-repeated", "server", "", "#1 C>S octets 1000*30 2*\"ab\" 3*$cookie2[0..31]",
	  "#1 C>S octets 1000*\"0\" 2*\"ab\" 3*$cookie2[0..31]" },
	{ "step/octets-cookies", "server", "", "#1 C>S octets $cookie $cookie[0..31] $cookie3[31..32] 2*$cookie2", NULL },
	{ "step/octets-then-modifier", "client", "mark a\n", "#1 C>S octets ff from a within 1s",
	  "#1 C>S octets ff within 1s from a" },
	{ "step/open", "server", "", "#1 C>S open", NULL },
	{ "step/end-of-file", "server", BEGIN, "#1 S>C end-of-file", NULL },
	{ "step/end-of-file-done", "server", BEGIN, "#1 C>S end-of-file", NULL },
	{ "step/close", "server", BEGIN, "#1 C>S close", NULL },
	{ "step/close-by-server", "client", BEGIN, "#1 S>C close", NULL },
	{ "step/reset", "server", BEGIN, "#1 C>S reset", NULL },
	{ "step/reset-expected", "server", BEGIN, "#1 S>C reset", NULL },
	{ "step/closed", "server", BEGIN, "#1 S>C closed within 1s not before 500ms", NULL },
	{ "step/nothing", "server", BEGIN, "#1 S>C nothing for 0.5*T_idle+200ms", NULL },
	{ "step/nothing-udp", "server", "udp:1 C>S octets 00\n", "udp:1 S>C nothing for 1.5s", NULL },
	{ "step/wait", "server", "", "wait T_hello+1s", NULL },
	{ "step/wait-zero", "server", "", "wait 0ms", "wait 0s" },
	{ "step/wait-long", "server", "", "wait 1500ms", "wait 1.5s" },
	{ "step/wait-fine", "server", "", "wait 0.000000001s", "wait 0.000001ms" },
	{ "step/wait-factor", "server", "", "wait 1.10*T_begin", "wait 1.1*T_begin" },
	{ "step/mark", "server", "", "mark a-1_b", NULL },
	{ "step/from", "server", "mark m\n" BEGIN, "#1 S>C closed within T_begin+1s not before 0.9*T_begin from m", NULL },
	{ "step/modifiers-in-any-order", "server", "mark m\n" BEGIN, "#1 S>C closed ;R-5.2-3 from m not before 1s within 2s",
	  "#1 S>C closed within 2s not before 1s from m" },
	{ "step/set-cookie", "server", "", "$cookie2 = $cookie[0..31] ff", NULL },
	{ "step/set-first-cookie", "server", "", "$cookie = 32*00", NULL },
	{ "step/nothing-unlabelled", "client", "", "C>S nothing for 1s", NULL },
	{ "step/serve", "client", "", "serve", NULL },
	{ "step/exit", "client", "", "exit 0 within 1s", NULL },
	{ "step/exit-failure", "client", "", "exit failure", NULL },
	{ "step/says", "client", "", "says \"re\xc3\xa4jected|\\\"closed\\\"\"", NULL },
};

static void run_step(void **state)
{
	const struct step_row *row = *state;
	char *text = testcases_text(row->role, row->before, row->step), *printed, out[300];
	const char *wanted = row->text ? row->text : row->step;
	struct case_file *file, *again;
	struct case_error error;

	file = case_parse(NULL, (const char *)ground(text, strlen(text)), strlen(text), &error);
	if (!file)
		row_fail(row->name, "%u:%u: %s", error.line, error.column, error.text);
	case_step_text(file, &file->steps[file->step_count - 1], out, sizeof out);
	assert_string_equal(out, wanted);
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

/* --- whole cases ------------------------------------------------------------------------------------------------- */

static void check_round_trip(const char *path, const char *text, size_t length)
{
	struct case_error error;
	struct case_file *file = case_parse(path, text, length, &error), *again;
	char *printed, *printed_again;

	if (!file)
		row_fail(path, "%u:%u: %s", error.line, error.column, error.text);
	assert_string_equal(file->path, path);
	assert_int_equal(strlen(file->text), length);
	assert_memory_equal(file->text, text, length);
	printed = testcases_printed(file);
	again = case_parse(NULL, printed, strlen(printed), &error);
	if (!again)
		row_fail(path, "printed, %u:%u: %s\n%s", error.line, error.column, error.text, printed);
	assert_true(testcases_equal(file, again));
	assert_string_equal(again->path, "-");
	printed_again = testcases_printed(again);
	assert_string_equal(printed_again, printed);
	free(printed_again);
	free(printed);
	case_free(again);
	case_free(file);
}

static void round_trip(void **state)
{
	(void)state;
	assert_true(testcases_each(check_round_trip) >= 3); /* the manual has three */
}

/* All that there is in one case. */
static const char whole[] =
	"id     4.3/12\n"
	"title  Everything; with \xc3\xa4 and //\n"
	"role   client\n"
	"tests  R-4.3-1 R-5.2-4\n"
	"with   streams=2 bytes=3000 transport=udp\n"
	"needs  T_hello T_results\n"
	"\n"
	"mark start\n"
	"#1     C>S IPERF_TEST_BEGIN $cookie           ; R-4.3-1\n"
	"$cookie2 = $cookie[0..31] ff\n"
	"serve\n"
	"udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	"udp:1  C>S [3000 octets of payload in 3 datagrams]\n"
	"#2     C>S IPERF_RESULTS_REQUEST $cookie within T_results+1s from start\n"
	"#2     S>C IPERF_RESULTS_RESPONSE $cookie2 {\"port\":$port(udp:1), \"x\":[]} cut at 1,40,87\n"
	"wait 0.5*T_idle\n"
	"#1     S>C octets 2*\"a\\r\" $cookie[3..4] 00 cut into 2\n"
	"#1     S>C reset\n"
	"C>S nothing for 1s\n"
	"exit failure within 2s                        ; R-5.2-4\n"
	"says \"error|\xc3\xa4\"\n";

static struct case_file *parsed(const char *text)
{
	struct case_error error;
	struct case_file *file = case_parse(NULL, text, strlen(text), &error);

	if (!file)
		row_fail("parsed", "%u:%u: %s\n%s", error.line, error.column, error.text, text);
	assert_int_equal(error.line, 0);
	return file;
}

static void model(void **state)
{
	struct case_file *file = parsed(whole);
	const struct case_step *step = file->steps;

	(void)state;
	assert_string_equal(file->id, "4.3/12");
	assert_string_equal(file->title, "Everything; with \xc3\xa4 and //");
	assert_int_equal(file->role, CASE_CLIENT);
	assert_int_equal(file->test_count, 2);
	assert_int_equal(file->tests[1], IPERF_R_5_2_4);
	assert_true(file->has_streams && file->has_bytes && file->has_transport && file->udp);
	assert_int_equal(file->streams, 2);
	assert_int_equal(file->bytes, 3000);
	assert_int_equal(file->needs, 1U << CASE_T_HELLO | 1U << CASE_T_RESULTS);
	assert_int_equal(file->label_count, 3);
	assert_string_equal(file->labels[1].name, "udp:1");
	assert_true(file->labels[1].udp && !file->labels[2].udp);
	assert_int_equal(file->step_count, 14);
	assert_int_equal(step[1].line, 9);
	assert_int_equal(step[1].requirement, IPERF_R_4_3_1);
	assert_int_equal(step[2].pieces[0].end, 31);
	assert_int_equal(step[2].cookie, 1);
	assert_int_equal(step[5].octets, 3000);
	assert_int_equal(step[5].datagrams, 3);
	assert_int_equal(step[6].within.timer, CASE_T_RESULTS);
	assert_int_equal(step[6].within.ns, 1000000000);
	assert_int_equal(step[6].from, 0);
	assert_int_equal(step[7].cookie, 1);
	assert_int_equal(step[7].cut_count, 3);
	assert_true(step[8].time.factor == 0.5);
	assert_int_equal(step[9].pieces[0].repeat, 2);
	assert_int_equal(step[9].cut_into, 2);
	assert_int_equal(step[11].label, -1);
	assert_false(step[12].success);
	assert_string_equal(step[13].text, "error|\xc3\xa4");
	case_free(file);
}

/* As it stands: the printer's columns are those of the manual. */
static void printed_as_written(void **state)
{
	struct case_file *file = parsed(whole);
	char *printed = testcases_printed(file);

	(void)state;
	assert_string_equal(printed, whole);
	free(printed);
	case_free(file);
}

static void absent(void **state)
{
	struct case_file *file = parsed(HEAD("client") "#1 C>S [payload]");

	(void)state;
	assert_int_equal(file->streams, 1);
	assert_int_equal(file->bytes, 1000);
	assert_false(file->udp || file->has_streams || file->has_bytes || file->has_transport);
	assert_int_equal(file->steps->octets, -1);
	assert_int_equal(file->steps->datagrams, -1);
	assert_int_equal(file->steps->from, -1);
	assert_int_equal(file->steps->column, 1);
	case_free(file);
	case_free(NULL);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void line_ends(void **state)
{
	char text[2 * sizeof whole + 3] = "\xef\xbb\xbf";
	struct case_file *plain = parsed(whole), *file;
	size_t n = 3;

	(void)state;
	for (const char *p = whole; *p; p++) {
		if (*p == '\n')
			text[n++] = '\r';
		text[n++] = *p;
	}
	text[n] = '\0';
	file = parsed(text);
	assert_true(testcases_equal(file, plain));
	case_free(file);
	case_free(plain);
}

static void nul(void **state)
{
	static const char text[] = "id my/1\ntitle a\0b\n";
	struct case_error error;

	(void)state;
	assert_null(case_parse(NULL, text, sizeof text - 1, &error));
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 8);
	assert_string_equal(error.text, "octet 00 cannot stand in a case; in strings, write \\x00");
	assert_null(case_parse(NULL, NULL, 0, &error));
	assert_string_equal(error.text, "the head has no 'id'");
}

static void text_is_cut(void **state)
{
	struct case_file *file = parsed(whole);
	char text[16] = "unchanged";

	(void)state;
	case_step_text(file, &file->steps[13], text, 0);
	assert_string_equal(text, "unchanged");
	case_step_text(file, &file->steps[13], text, 14); /* within the two octets of a letter */
	assert_string_equal(text, "says \"error|");
	case_step_text(file, &file->steps[13], text, 1);
	assert_string_equal(text, "");
	case_free(file);
}

static void reading(void **state)
{
	char path[] = "/tmp/case_test.XXXXXX";
	struct case_error error;
	struct case_file *file;
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	(void)state;
	assert_non_null(out);
	fputs(whole, out);
	fflush(out);
	file = case_read(path, &error);
	assert_non_null(file);
	assert_string_equal(file->path, path);
	case_free(file);
	for (size_t i = 0; i < 1 << 20; i++)
		fputc('\n', out);
	fclose(out);
	assert_null(case_read(path, &error));
	assert_int_equal(error.line, 0);
	assert_string_equal(error.text, "is larger than 1048576 octets: this is no case");
	unlink(path);
	assert_null(case_read(path, &error));
	assert_string_equal(error.text, "cannot be read: No such file or directory");
	assert_int_equal(error.line, 0);
	assert_null(case_read("/tmp", &error));
	assert_string_equal(error.text, "is not a file");
}

/* The bounds, at them and above. */
static void bounds(void **state)
{
	struct case_error error;
	char *text = malloc(1 << 20);
	size_t n;

	(void)state;
	for (int count = CASE_LABELS_MAX; count <= CASE_LABELS_MAX + 1; count++) {
		struct case_file *file;

		n = (size_t)sprintf(text, HEAD("server"));
		for (int i = 0; i < count; i++)
			n += (size_t)sprintf(text + n, "#%d C>S open\n", i);
		file = case_parse(NULL, text, n, &error);
		assert_int_equal(file != NULL, count == CASE_LABELS_MAX);
		case_free(file);
	}
	assert_string_equal(error.text, "a case has at most 512 connections");
	n = (size_t)sprintf(text, HEAD("server"));
	for (int i = 0; i <= CASE_MARKS_MAX; i++)
		n += (size_t)sprintf(text + n, "mark m%d\n", i);
	assert_null(case_parse(NULL, text, n, &error));
	assert_string_equal(error.text, "a case has at most 16 marks");
	n = (size_t)sprintf(text, "tests");
	for (int i = 1; i <= CASE_TESTS_MAX + 1; i++)
		n += (size_t)sprintf(text + n, " %s", iperf_requirements[i].id);
	assert_null(case_parse(NULL, text, n, &error));
	assert_string_equal(error.text, "a case tests at most 24 requirements");
	free(text);
}

/* --- any input --------------------------------------------------------------------------------------------------- */

/* Reads it; what can be read is written and read again. */
static void swallow(const char *text, size_t length)
{
	struct case_error error;
	struct case_file *file = case_parse(NULL, (const char *)ground(text, length), length, &error);

	if (file) {
		case_free(file);
		return;
	}
	assert_true(error.line >= 1 && error.column >= 1);
	assert_true(error.text[0] != '\0' && memchr(error.text, '\0', sizeof error.text) != NULL);
}

static void check_truncated(const char *path, const char *text, size_t length)
{
	size_t step = path ? 79 : 1; /* the suite has many files */

	for (size_t n = 0; n < length; n += step)
		swallow(text, n);
}

static void truncated(void **state)
{
	(void)state;
	check_truncated(NULL, whole, strlen(whole));
	testcases_each(check_truncated);
}

static void changed(void **state)
{
	const unsigned step = slow() ? 41 : 9;
	char text[sizeof whole];

	(void)state;
	memcpy(text, whole, sizeof whole);
	for (size_t at = 0; at < strlen(whole); at++) {
		for (unsigned change = 1; change < 256; change += step) {
			text[at] = (char)((unsigned char)whole[at] ^ change);
			swallow(text, strlen(whole));
		}
		text[at] = whole[at];
	}
}

/* Whatever can be read of what chance makes of the rows' lines, makes the round trip. */
static void by_chance(void **state)
{
	uint64_t seed = seed_of(2);
	size_t read = 0;

	(void)state;
	for (unsigned i = 0; i < rounds(4000); i++) {
		char text[4000];
		int n = sprintf(text, "%s", chance(&seed, 2) ? HEAD("server") BEGIN : HEAD("client") BEGIN "mark m\n");
		struct case_error error;
		struct case_file *file;

		for (size_t lines = 1 + chance(&seed, 3); lines > 0; lines--)
			n += sprintf(text + n, "%s\n", step_rows[chance(&seed, COUNT(step_rows))].step);
		file = case_parse(NULL, text, (size_t)n, &error);
		if (!file)
			continue;
		check_round_trip("-", text, (size_t)n);
		read++;
		case_free(file);
	}
	assert_true(read > rounds(4000) / 20);
}

int main(void)
{
	ROWS_ADD(step_rows, run_step);
	test_add("case/round-trip", round_trip, NULL);
	test_add("case/model", model, NULL);
	test_add("case/printed-as-written", printed_as_written, NULL);
	test_add("case/absent", absent, NULL);
	test_add("case/line-ends", line_ends, NULL);
	test_add("case/nul", nul, NULL);
	test_add("case/text-is-cut", text_is_cut, NULL);
	test_add("case/reading", reading, NULL);
	test_add("case/bounds", bounds, NULL);
	test_add("case/truncated", truncated, NULL);
	test_add("case/changed", changed, NULL);
	test_add("case/by-chance", by_chance, NULL);
	return tests_run("case");
}
