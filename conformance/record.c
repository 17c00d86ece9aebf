#include "conformance/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/record_case.h"
#include "conformance/record_findings.h"
#include "conformance/record_iperf3.h"

#define CASE_TEXT_MAX ((size_t)1 << 20) /* iperf-case(5) */

/* A run of record_file(). */
struct run {
	const char *path;
	char name[64];             /* of the file, as far as a case's id may hold it */
	const struct record_options *options;
	const struct record_sink *sink;
	json_t *findings;
	unsigned number;           /* of the last test */
	bool no_memory;
};

/* --- names ------------------------------------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(path, "-") == 0 ? "capture" : slash ? slash + 1 : path;
}

/* Without what a name ends in; such that it is no section of SPEC.md. */
static void name_of(const char *path, char *name, size_t size)
{
	const char *base = base_of(path), *dot = strrchr(base, '.');
	size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base), at = 0;

	if (length > 0 && *base >= '0' && *base <= '9')
		at = (size_t)snprintf(name, size, "capture-");
	for (size_t i = 0; i < length && at < 32 && at + 1 < size; i++) {
		char c = base[i];

		name[at++] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ? c : '-';
	}
	if (at == 0)
		at = (size_t)snprintf(name, size, "capture");
	name[at] = '\0';
}

/* For people, in one line. */
static void readable(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = *text >= 0x20 && *text < 0x7f ? *text : '?';
	out[n] = '\0';
}

/* --- what the case says of itself -------------------------------------------------------------------------------- */

/* The packets of the test. */
static void span(const struct record_source *source, uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < source->log->count; i++) {
		uint64_t packet = source->log->events[i].packet;

		if (!record_of_test(source, i))
			continue;
		*first = packet < *first ? packet : *first;
		*last = packet > *last ? packet : *last;
	}
}

static const struct {
	enum case_profile profile;
	enum record_comment comment;
	const char *text;
} comments[] = {
	{ CASE_TEXT_PROFILE, RECORD_SETTLES,
	  "// Where lines of several connections or sources follow each other and their order matters, a wait of\n"
	  "// 50ms (100ms where datagrams are among them) lets the server read one before the other is sent.\n" },
	{ CASE_TEXT_PROFILE, RECORD_LOSSY,
	  "// So many datagrams at once may be lost: of their number and octets only the upper bound is known.\n" },
	{ CASE_TEXT_PROFILE, RECORD_LARGE,
	  "// Results are asked for amid much payload: how much of it the server has read by then, is not known.\n" },
	{ CASE_IPERF3, RECORD_SETTLES,
	  "// A wait before TEST_END, and between many datagrams, lets the server read what was sent before.\n" },
	{ CASE_IPERF3, RECORD_LOSSY,
	  "// So many datagrams may be lost in part: of their number and octets only the upper bound is known.\n" },
	{ CASE_IPERF3, RECORD_LARGE,
	  "// Of so much payload some may be unread at TEST_END; of a stream, what is beyond 64 MiB is left out.\n" },
};

static void print_comments(FILE *out, const struct run *run, const struct record_result *result, uint64_t first,
			   uint64_t last)
{
	char base[200];

	readable(base_of(run->path), base, sizeof base);
	fprintf(out, "// Recorded by iperf-conform from %s, packets %" PRIu64 " to %" PRIu64 ".\n", base, first, last);
	for (size_t i = 0; i < sizeof comments / sizeof *comments; i++)
		if (result->comments & comments[i].comment && comments[i].profile == result->steps.file->profile)
			fputs(comments[i].text, out);
	fputc('\n', out);
}

/* The requirements, the general one first: it is blamed for a line that names none. */
static void set_tests(struct case_file *file, const struct record_result *result)
{
	static const enum iperf_requirement general[] = { IPERF_R_9_1_3, IPERF_R_6_5_1 };
	bool iperf3 = file->profile == CASE_IPERF3;
	enum iperf_requirement first = iperf3 ? IPERF_R_23_1 : IPERF_R_5_2_1;

	if (result->noted_count && (file->role == CASE_SERVER || iperf3))
		first = result->noted[0];
	else if (file->role == CASE_CLIENT)
		first = IPERF_R_7_3;
	for (size_t g = 2; g-- > 0 && file->role == CASE_SERVER;)
		for (size_t i = 0; i < result->noted_count; i++)
			first = result->noted[i] == general[g] ? general[g] : first;
	file->tests[file->test_count++] = first;
	for (size_t i = 0; i < result->noted_count && file->test_count < CASE_TESTS_MAX; i++)
		if (result->noted[i] != first)
			file->tests[file->test_count++] = result->noted[i];
	for (size_t i = 0; i < file->step_count; i++) {
		size_t at = 0;

		while (at < file->test_count && file->tests[at] != file->steps[i].requirement)
			at++;
		if (at == file->test_count)
			file->steps[i].requirement = IPERF_R_NONE; /* beyond the bound */
	}
}

static bool set_text(struct run *run, struct case_file *file, const struct record_result *result, uint64_t first,
		     uint64_t last)
{
	size_t size = 0;
	FILE *out = open_memstream(&file->text, &size);

	if (!out)
		return false;
	print_comments(out, run, result, first, last);
	case_print(file, out);
	return fclose(out) == 0;
}

/* Head and text; false when there is no memory. */
static bool complete(struct run *run, struct case_file *file, struct record_result *result,
		     const struct record_source *source)
{
	uint64_t first, last;
	char title[300], base[200];

	span(source, &first, &last);
	record_findings_note(run->findings, run->options->role, &source->log->server, first, last, result);
	file->role = run->options->role;
	snprintf(file->id, sizeof file->id, "%.32s/%u", run->name, run->number);
	readable(base_of(run->path), base, sizeof base);
	snprintf(title, sizeof title, "As in %s, %s %u", base, source->tests->count ? "test" : "no test:", run->number);
	file->title = strdup(source->tests->count ? title : "Connections that are no test");
	file->path = strdup("-");
	set_tests(file, result);
	return file->title && file->path && set_text(run, file, result, first, last);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void skip(struct run *run, const char *why)
{
	char text[RECORD_ERROR_SIZE], base[200];

	readable(base_of(run->path), base, sizeof base);
	if (run->number)
		snprintf(text, sizeof text, "%s, test %u: cannot be recorded: %s", base, run->number, why);
	else
		snprintf(text, sizeof text, "%s: there is nothing to record: %s", base, why);
	run->sink->skipped(run->sink->user, text);
}

/* Why a test cannot be recorded, or NULL. */
static const char *missing(const struct record_source *source)
{
	const struct record_log *log = source->log;
	bool any = false;

	for (size_t i = 0; i < log->count; i++) {
		const struct record_conn *conn = log->conns[log->events[i].conn];

		if (!record_of_test(source, i))
			continue;
		any |= !conn->middle && !conn->refused;
		if (conn->blind && conn->middle)
			return "the capture begins in the middle of a connection of it";
		if (conn->blind)
			return "octets that matter are not in the capture: they are missing, cut off, or were sent twice with "
			       "different content";
	}
	return any ? NULL : "no connection of it was captured from its beginning, and accepted";
}

typedef bool record_how(const struct record_source *source, struct record_result *result);

static void record_one(struct run *run, const struct record_source *source, record_how *how)
{
	struct record_result result = { .why_not = missing(source) };
	struct case_file *file = NULL;
	bool done;

	run->number++;
	if (result.why_not) {
		skip(run, result.why_not);
		return;
	}
	if (!record_steps_begin(&result.steps, run->options->same_cookies)) {
		run->no_memory = true;
		return;
	}
	done = how(source, &result);
	if (done && !result.why_not)
		file = record_steps_end(&result.steps);
	if (file && !complete(run, file, &result, source))
		file = NULL;
	if (file && strlen(file->text) >= CASE_TEXT_MAX) {
		result.why_not = "it would be longer than a case may be";
		file = NULL;
	}
	if (file) {
		run->sink->recorded(run->sink->user, file);
		return;
	}
	case_free(result.steps.file);
	if (result.why_not)
		skip(run, result.why_not);
	else
		skip(run, "there are too many connections, sources or cookies in it, or there is no memory");
}

/* Whether connections that are no test are worth a case: strangers at a server that is surely one. */
static bool speaks(const struct run *run, const struct record_log *log, bool iperf3)
{
	bool other = !log->iperf3;

	for (size_t i = 0; i < log->conn_count; i++)
		other |= !log->conns[i]->iperf3;
	if (iperf3)
		return log->iperf3;
	return log->iperf || (other && log->server.port == (run->options->port ? run->options->port : IPERF_PORT));
}

/* What was said in one of the profiles. */
static void record_profile(struct run *run, const struct record_log *log, bool iperf3)
{
	bool server = run->options->role == CASE_SERVER;
	struct record_tests tests;
	uint32_t count;

	if (!speaks(run, log, iperf3))
		return;
	if (!(iperf3 ? record_iperf3_find : record_tests_find)(&tests, log)) {
		run->no_memory = true;
		return;
	}
	count = tests.count ? tests.count : server;
	for (uint32_t i = 0; i < count; i++) {
		struct record_source source = { .log = log, .tests = &tests, .test = i, .options = run->options };

		if (iperf3)
			record_one(run, &source, server ? record_iperf3_server : record_iperf3_client);
		else
			record_one(run, &source, server ? record_server : record_client);
	}
	free(tests.test_of);
}

bool record_file(const char *path, const struct record_options *options, const struct record_sink *sink,
		 char error[static RECORD_ERROR_SIZE])
{
	struct run run = { .path = path, .options = options, .sink = sink };
	struct record_logs *logs;

	error[0] = '\0';
	name_of(path, run.name, sizeof run.name);
	logs = record_logs_read(path, options->port, error, RECORD_ERROR_SIZE);
	if (!logs)
		return false;
	if (options->findings)
		run.findings = record_findings(path, options->port);
	for (const struct record_log *log = record_logs_first(logs); log; log = log->next) {
		record_profile(&run, log, false);
		record_profile(&run, log, true);
	}
	json_decref(run.findings);
	record_logs_free(logs);
	if (run.no_memory)
		snprintf(error, RECORD_ERROR_SIZE, "out of memory: not all tests were recorded");
	if (run.number == 0)
		skip(&run, options->role == CASE_SERVER ? "no connection to a server of this protocol was seen" :
							  "no test of this protocol was seen from its beginning");
	return error[0] == '\0';
}
