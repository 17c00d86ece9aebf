/* Every capture of pcaps/ is recorded, for both roles and with each option: what comes out is read again as the same case,
 * or a sentence says why there is none. To be run in the project's root. record_expected_test.c compares a dozen. */
#include <dirent.h>

#include "conformance/pcap_writer.h"
#include "conformance/record.h"
#include "conformance/record_scan.h"
#include "conformance/testpackets.h"
#include "proto/rows_test.h"

#define FOLDER "pcaps/"

struct seen {
	const char *name;
	unsigned cases, sentences;
};

/* The text of a case: comments, and what case_print() writes of the case that it is. */
static void recorded(void *user, struct case_file *file)
{
	struct seen *seen = user;
	struct case_error error;
	struct case_file *again = case_parse("-", file->text, strlen(file->text), &error);
	char *text = NULL;
	size_t size = 0, shown;
	FILE *out = open_memstream(&text, &size);

	seen->cases++;
	if (!again)
		fail_msg("%s: %u:%u: %s\n%s", seen->name, error.line, error.column, error.text, file->text);
	assert_non_null(out);
	case_print(again, out);
	fclose(out);
	shown = strlen(file->text);
	assert_true(shown > size);
	assert_string_equal(file->text + shown - size, text);
	assert_int_equal(again->step_count, file->step_count);
	assert_string_equal(again->id, file->id);
	free(text);
	case_free(again);
	case_free(file);
}

static void skipped(void *user, const char *sentence)
{
	struct seen *seen = user;

	seen->sentences++;
	assert_non_null(strstr(sentence, seen->name));
	assert_non_null(strstr(sentence, "record"));
}

static void all_captures(void **state)
{
	const struct record_options *options = *state;
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, NULL, alphasort);
	unsigned cases = 0;

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		struct seen seen = { .name = entries[i]->d_name };
		struct record_sink sink = { recorded, skipped, &seen };
		char path[600], error[RECORD_ERROR_SIZE];

		snprintf(path, sizeof path, FOLDER "%s", entries[i]->d_name);
		if (strstr(path, ".pcap")) {
			bool whole = record_file(path, options, &sink, error);

			assert_true(whole == (strncmp(seen.name, "cut-", 4) != 0));
			assert_true(whole == (error[0] == '\0'));
			assert_true(seen.cases + seen.sentences > 0);
			cases += seen.cases;
		}
		free(entries[i]);
	}
	free(entries);
	assert_true(cases > 90);
}

/* --- what cannot be read ----------------------------------------------------------------------------------------- */

static void no_file(void **state)
{
	struct seen seen = { .name = "" };
	struct record_sink sink = { recorded, skipped, &seen };
	struct record_options options = { .role = CASE_SERVER };
	char error[RECORD_ERROR_SIZE];

	(void)state;
	assert_false(record_file("/nonexistent/a.pcap", &options, &sink, error));
	assert_non_null(strstr(error, "/nonexistent/a.pcap"));
	assert_int_equal(seen.cases + seen.sentences, 0);
}

/* Another port than the one looked at. */
static void other_port(void **state)
{
	struct seen seen = { .name = "tcp-one-stream.pcap" };
	struct record_sink sink = { recorded, skipped, &seen };
	struct record_options options = { .role = CASE_SERVER, .port = 1 };
	char error[RECORD_ERROR_SIZE];

	(void)state;
	assert_true(record_file(FOLDER "tcp-one-stream.pcap", &options, &sink, error));
	assert_int_equal(seen.cases, 0);
	assert_int_equal(seen.sentences, 1);
}

/* --- much payload ------------------------------------------------------------------------------------------------ */

static char *only_text;

static void keep_text(void *user, struct case_file *file)
{
	(void)user;
	free(only_text);
	only_text = strdup(file->text);
	case_free(file);
}

static void say(struct pcap_writer *w, uint32_t id, bool first, enum iperf_message_kind kind, int64_t now)
{
	static const struct iperf_cookie cookie = { { 0xff, 1, 2, 3 } };
	uint8_t octets[IPERF_OPENING_MAX];
	size_t length = first ? iperf_opening_write(octets, kind, &cookie) : iperf_message_write(octets, kind, &cookie);

	pcap_writer_octets(w, id, true, octets, length, now);
}

/* Results are asked for amid a megabyte: any count up to that is right. */
static void amid_payload(void **state)
{
	static uint8_t megabyte[1000000];
	struct iperf_endpoint client = { .address = { [15] = 1 }, .port = 4000 }, server = client;
	struct record_sink sink = { keep_text, NULL, NULL };
	struct record_options options = { .role = CASE_SERVER };
	char error[RECORD_ERROR_SIZE], path[512];
	struct pcap_writer *w;
	uint32_t control, stream, results;

	(void)state;
	server.port = 5201;
	snprintf(path, sizeof path, "%s", testpackets_path("amid.pcap"));
	w = pcap_writer_open(path, error);
	assert_non_null(w);
	control = pcap_writer_connection(w, &client, &server, 1);
	say(w, control, true, IPERF_TEST_BEGIN, 2);
	client.port++;
	stream = pcap_writer_connection(w, &client, &server, 3);
	say(w, stream, true, IPERF_STREAM_BEGIN, 4);
	pcap_writer_octets(w, stream, true, megabyte, sizeof megabyte, 5);
	client.port++;
	results = pcap_writer_connection(w, &client, &server, 6);
	say(w, results, true, IPERF_RESULTS_REQUEST, 7);
	assert_true(pcap_writer_close(w, error));
	assert_true(record_file(path, &options, &sink, error));
	assert_non_null(strstr(only_text, "\"bytes\":\"0..1000055\",\"packets\":null}],\"bytes\":\"0..1000055\"}"));
	free(only_text);
	only_text = NULL;
}

/* --- the search for messages in payload -------------------------------------------------------------------------- */

struct told {
	char text[400];
	size_t length;
};

static void tell(void *user, bool exact, const uint8_t *octets, size_t length)
{
	struct told *told = user;

	for (size_t i = 0; i < length && told->length + 1 < sizeof told->text; i++)
		told->text[told->length++] = exact ? (char)octets[i] : '.';
}

#define COOKIE "0123456789abcdefghijklmnopqrstuv"

static const struct scan_row {
	const char *name, *octets, *told; /* what is payload is told as dots */
} scan_rows[] = {
	{ "scan/plain", "abc", "..." },
	{ "scan/end", "abcIPERF_STREAM_END " COOKIE, "...IPERF_STREAM_END " COOKIE },
	{ "scan/letter", "IIIPxIPERx", ".........." },
	{ "scan/keyword", "xIPERFy" COOKIE "zz", ".IPERFy0123456789abcdefghijklmnopqrstu..." },
	{ "scan/end-in-end", "IPERF_STREAM_END IPERF_STREAM_END " COOKIE, "IPERF_STREAM_END IPERF_STREAM_END " COOKIE },
	{ "scan/half-cookie", "IPERF_STREAM_END 0123IPERF_STREAM_END " COOKIE "x",
	  "IPERF_STREAM_END 0123IPERF_STREAM_END " COOKIE "." },
	{ "scan/unfinished", "xIPERF_STREAM_E", ".IPERF_STREAM_E" },
};

/* In any cut the same. */
static void scan(void **state)
{
	const struct scan_row *row = *state;
	size_t length = strlen(row->octets);
	struct iperf_cookie cookie;

	memcpy(cookie.octets, COOKIE, sizeof cookie.octets);
	for (size_t cut = 0; cut <= length; cut++) {
		for (size_t second = cut; second <= length; second++) {
			struct told told = { .length = 0 };
			struct record_scan s = { .tell = tell, .user = &told };

			record_scan_begin(&s, &cookie);
			record_scan_feed(&s, (const uint8_t *)row->octets, cut);
			record_scan_feed(&s, (const uint8_t *)row->octets + cut, second - cut);
			record_scan_feed(&s, (const uint8_t *)row->octets + second, length - second);
			record_scan_flush(&s);
			told.text[told.length] = '\0';
			assert_string_equal(told.text, row->told);
		}
	}
}

int main(void)
{
	static const struct {
		const char *name;
		struct record_options options;
	} rows[] = {
		{ "server", { .role = CASE_SERVER } },
		{ "server, same cookies, pace, findings",
		  { .role = CASE_SERVER, .same_cookies = true, .pace = 1, .findings = true } },
		{ "client", { .role = CASE_CLIENT } },
		{ "client, same cookies, pace, findings",
		  { .role = CASE_CLIENT, .same_cookies = true, .pace = 1, .findings = true } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		test_add(rows[i].name, all_captures, &rows[i].options);
	test_add("no file", no_file, NULL);
	test_add("other port", other_port, NULL);
	test_add("amid payload", amid_payload, NULL);
	ROWS_ADD(scan_rows, scan);
	return tests_run("record");
}
