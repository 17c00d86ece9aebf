/* The captures of pcaps/ against the tables of pcaps/README.md: a row is a test, and what the checker says of the capture
 * has to be what the row says, no more and no less. Then each capture is cut off at many places: nothing that the checker
 * says of a part may be untrue of the whole. To be run in the project's root. */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "conformance/check.h"
#include "proto/rows_test.h"

#define FOLDER "pcaps/"
#define STREAMS_ROOM 1024 /* as iperf-conform has it */
#define ROWS_MAX 400
#define FINDINGS_MAX 100
#define CUTS 24           /* of each capture */

/* A finding as README.md writes it: "R-5.1-3@12", with ? where it is inconclusive, with ! where it is a SHOULD. */
struct noted {
	char text[32];
	unsigned long packet;
};

struct row {
	char file[80], name[80], cut_name[90];
	char verdict[16];
	struct noted findings[FINDINGS_MAX];
	size_t count;
	struct servers_options options;
};

static struct row rows[ROWS_MAX];
static size_t row_count;

/* --- README.md --------------------------------------------------------------------------------------------------- */

static int by_packet(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;

	return x->packet != y->packet ? (x->packet < y->packet ? -1 : 1) : strcmp(x->text, y->text);
}

static void sort(struct noted *findings, size_t count)
{
	qsort(findings, count, sizeof *findings, by_packet);
}

static void note(struct noted *noted, const char *text)
{
	const char *at = strchr(text, '@');

	snprintf(noted->text, sizeof noted->text, "%s", text);
	noted->packet = at ? strtoul(at + 1, NULL, 10) : 0;
}

/* "Options: `--timers 1,1,1`": how the captures of the next table are checked. */
static void take_options(const char *line, struct servers_options *options)
{
	const char *timers = strstr(line, "--timers ");
	double h, b, i;

	options->at_client = strstr(line, "--at-client") != NULL;
	options->timers_known = timers && sscanf(timers, "--timers %lf,%lf,%lf", &h, &b, &i) == 3;
	if (!options->timers_known)
		return;
	options->t_hello_ns = (int64_t)(h * 1e9);
	options->t_begin_ns = (int64_t)(b * 1e9);
	options->t_idle_ns = (int64_t)(i * 1e9);
}

/* The cell's text without the space around it; NULL when there is no further one. */
static char *next_cell(char **line)
{
	char *cell = *line ? strsep(line, "|") : NULL;
	char *end;

	if (!cell || !*line)
		return NULL;
	cell += strspn(cell, " ");
	end = cell + strlen(cell);
	while (end > cell && end[-1] == ' ')
		*--end = '\0';
	return cell;
}

static void take_row(char *line, const struct servers_options *options)
{
	struct row *row = &rows[row_count];
	char *file, *verdict, *findings, *finding;

	line++;
	file = next_cell(&line);
	verdict = next_cell(&line);
	findings = next_cell(&line);
	if (!findings || strncmp(file, "---", 3) == 0)
		return;
	if (row_count == ROWS_MAX)
		abort();
	row_count++;
	snprintf(row->file, sizeof row->file, "%s", file);
	snprintf(row->name, sizeof row->name, "%s", file);
	snprintf(row->cut_name, sizeof row->cut_name, "%s, cut off", file);
	snprintf(row->verdict, sizeof row->verdict, "%s", verdict);
	row->options = *options;
	while (strcmp(findings, "-") != 0 && (finding = strsep(&findings, ",")) && row->count < FINDINGS_MAX) {
		note(&row->findings[row->count++], finding + strspn(finding, " "));
		if (!findings)
			break;
	}
	sort(row->findings, row->count);
}

static void read_rows(void)
{
	FILE *file = fopen(FOLDER "README.md", "r");
	struct servers_options options = { .streams_max = STREAMS_ROOM };
	char *line = NULL;
	size_t size = 0;
	bool in_table = false;

	while (file && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "## ", 3) == 0)
			take_options("", &options);
		else if (strncmp(line, "Options:", 8) == 0)
			take_options(line, &options);
		else if (strncmp(line, "| capture | verdict |", 21) == 0)
			in_table = true;
		else if (line[0] != '|')
			in_table = false;
		else if (in_table)
			take_row(line, &options);
	}
	free(line);
	if (file)
		fclose(file);
}

/* --- the checker ------------------------------------------------------------------------------------------------- */

/* What it said in JSON of the capture at path. */
static json_t *said(const struct row *row, const char *path, bool quiet, int *status)
{
	char *text = NULL;
	size_t size = 0;
	struct report_options report = { .out = open_memstream(&text, &size), .json = true, .quiet = quiet };
	json_error_t error;
	json_t *all, *capture;

	assert_non_null(report.out);
	*status = check_file(path, &row->options, &report, true);
	assert_true(report_finish(&report, true));
	fclose(report.out);
	all = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!all)
		row_fail(row->name, "the report is no JSON, line %d: %s", error.line, error.text);
	free(text);
	capture = json_array_get(json_object_get(all, "captures"), 0);
	assert_true(json_is_object(capture));
	assert_int_equal(json_array_size(json_object_get(all, "captures")), 1);
	json_incref(capture);
	json_decref(all);
	return capture;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* The findings of a report, in order. */
static size_t notes(const json_t *capture, struct noted *findings)
{
	const json_t *list = json_object_get(capture, "findings");
	size_t count = json_array_size(list);

	assert_true(json_is_array(list) && count <= FINDINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		const json_t *finding = json_array_get(list, i);
		const char *requirement = text_of(finding, "requirement");
		bool broken = strcmp(text_of(finding, "verdict"), "broken") == 0;
		bool should = strcmp(text_of(finding, "level"), "SHOULD") == 0;
		char text[80];

		snprintf(text, sizeof text, "%s@%lld%s", *requirement ? requirement : "capture",
			 (long long)json_integer_value(json_object_get(finding, "packet")),
			 !broken ? "?" : should ? "!" : "");
		note(&findings[i], text);
	}
	sort(findings, count);
	return count;
}

static void join(const struct noted *findings, size_t count, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "-");
	for (size_t i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", findings[i].text);
}

static int status_of(const char *verdict)
{
	return strcmp(verdict, "conforms") == 0 ? 0 : strcmp(verdict, "broken") == 0 ? 1 : 3;
}

static void path_of(const struct row *row, char path[static 120])
{
	snprintf(path, 120, FOLDER "%s", row->file);
}

/* What is written for people must not crash, whatever it says, and must come to the same end. */
static void check_text(const struct row *row, const char *path, int status)
{
	for (int verbose = 0; verbose < 2; verbose++) {
		char *text = NULL;
		size_t size = 0;
		struct report_options report = { .out = open_memstream(&text, &size), .verbose = verbose, .colour = verbose };

		assert_non_null(report.out);
		assert_int_equal(check_file(path, &row->options, &report, true), status);
		assert_true(report_finish(&report, true));
		fclose(report.out);
		assert_non_null(strstr(text, row->verdict));
		free(text);
	}
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct noted findings[FINDINGS_MAX];
	char path[120], expected[2000], actual[2000];
	json_t *capture;
	int status;

	path_of(row, path);
	if (access(path, R_OK) != 0)
		row_fail(row->name, "there is no such file in " FOLDER);
	capture = said(row, path, false, &status);
	join(findings, notes(capture, findings), actual, sizeof actual);
	join(row->findings, row->count, expected, sizeof expected);
	if (strcmp(expected, actual) != 0)
		row_fail(row->name, "findings %s, expected %s", actual, expected);
	assert_string_equal(text_of(capture, "verdict"), row->verdict);
	assert_int_equal(status, status_of(row->verdict));
	json_decref(capture);
	check_text(row, path, status);
}

/* --- parts of a capture ------------------------------------------------------------------------------------------ */

struct octets {
	uint8_t *at;
	size_t length;
};

static struct octets read_whole(const char *path)
{
	struct octets o = { 0 };
	FILE *file = fopen(path, "rb");
	long length;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	assert_true(length > 0);
	o.length = (size_t)length;
	o.at = calloc(1, o.length + 1); /* ends with a NUL, if it is text */
	assert_int_equal(fread(o.at, 1, o.length, file), o.length);
	fclose(file);
	return o;
}

static uint32_t number(const struct octets *o, size_t at, bool big)
{
	uint32_t n = 0;

	for (size_t i = 0; i < 4 && at + 4 <= o->length; i++)
		n |= (uint32_t)o->at[at + i] << (big ? 24 - 8 * i : 8 * i);
	return n;
}

/* Whether the file could end there: between two records of a pcap file, or two blocks of a pcapng file. */
static bool may_end(const struct octets *o, size_t at)
{
	bool ng = number(o, 0, true) == 0x0a0d0d0a;
	bool big = !ng && (o->at[0] == 0xa1);
	size_t next = ng ? 0 : 24;

	while (next < at && next < o->length)
		next += ng ? number(o, next + 4, false) : 16 + number(o, next + 8, big);
	return next == at;
}

static bool has(const struct noted *findings, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(findings[i].text, text) == 0)
			return true;
	return false;
}

/* What is said of the part must be true of the whole. */
static void check_part(const struct row *row, const char *path, size_t length, const struct noted *whole, size_t count)
{
	struct noted findings[FINDINGS_MAX];
	int status;
	json_t *part = said(row, path, true, &status);
	size_t found = notes(part, findings);

	for (size_t i = 0; i < found; i++) {
		size_t end = strlen(findings[i].text);

		if (findings[i].text[end - 1] != '?' && !has(whole, count, findings[i].text))
			row_fail(row->name, "of the first %zu octets %s is said, which is untrue of all", length,
				 findings[i].text);
	}
	if (status != 1 && status != 3)
		row_fail(row->name, "status %d for the first %zu octets", status, length);
	assert_true(json_is_true(json_object_get(part, "damaged")));
	json_decref(part);
}

static void run_cuts(void **state)
{
	const struct row *row = *state;
	unsigned cuts = slow() ? 3 : CUTS;
	struct noted whole[FINDINGS_MAX];
	char path[120];
	struct octets o;
	json_t *capture;
	size_t count;
	int status, fd = memfd_create("part", 0);

	path_of(row, path);
	capture = said(row, path, true, &status);
	count = notes(capture, whole);
	json_decref(capture);
	o = read_whole(path);
	assert_true(fd >= 0 && write(fd, o.at, o.length) == (ssize_t)o.length);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	for (unsigned i = cuts; i > 0; i--) {
		size_t length = o.length * i / (cuts + 1);

		if (length == 0 || may_end(&o, length))
			length++;
		assert_int_equal(ftruncate(fd, (off_t)length), 0);
		check_part(row, path, length, whole, count);
	}
	close(fd);
	free(o.at);
}

/* --- the folder -------------------------------------------------------------------------------------------------- */

static void every_file_has_a_row(void **state)
{
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		const char *suffix = strrchr(entry->d_name, '.');
		bool listed = false;

		if (!suffix || (strcmp(suffix, ".pcap") != 0 && strcmp(suffix, ".pcapng") != 0))
			continue;
		for (size_t i = 0; i < row_count && !listed; i++)
			listed = strcmp(rows[i].file, entry->d_name) == 0;
		if (!listed)
			row_fail(FOLDER "README.md", "there is no row for %s", entry->d_name);
	}
	closedir(folder);
}

/* README.md gives a broken capture of each requirement, or says why there is none. */
static void every_requirement_is_named(void **state)
{
	struct octets readme = read_whole(FOLDER "README.md");

	(void)state;
	for (int r = IPERF_R_NONE + 1; r < IPERF_REQUIREMENT_COUNT; r++) {
		const char *id = iperf_requirements[r].id;
		const uint8_t *at = readme.at;
		bool named = false;

		while (!named && (at = memmem(at, (size_t)(readme.at + readme.length - at), id, strlen(id)))) {
			at += strlen(id);
			named = *at < '0' || *at > '9';
		}
		if (!named)
			row_fail(FOLDER "README.md", "%s stands nowhere", id);
	}
	free(readme.at);
}

static void there_are_rows(void **state)
{
	(void)state;
	assert_true(row_count > 0);
}

/* Where packets were cut by a snap length, payload is counted all the same. */
static void cut_payload_is_counted(void **state)
{
	static const struct {
		const char *file;
		json_int_t octets, datagrams;
	} snapped[] = {
		{ "snaplen-128.pcap", 1000, 0 },
		{ "snaplen-160.pcap", 1000, 0 },
		{ "snaplen-128-udp.pcap", 3000, 12 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(snapped); i++) {
		struct row row = { .options.streams_max = STREAMS_ROOM };
		json_int_t octets = 0, datagrams = 0;
		json_t *capture, *line;
		char path[120];
		size_t k;
		int status;

		snprintf(path, sizeof path, FOLDER "%s", snapped[i].file);
		capture = said(&row, path, false, &status);
		json_array_foreach(json_object_get(capture, "sequence"), k, line) {
			if (strcmp(text_of(line, "kind"), "payload") != 0)
				continue;
			octets += json_integer_value(json_object_get(line, "octets"));
			datagrams += json_integer_value(json_object_get(line, "datagrams"));
		}
		assert_int_equal(octets, snapped[i].octets);
		assert_int_equal(datagrams, snapped[i].datagrams);
		json_decref(capture);
	}
}

int main(void)
{
	read_rows();
	test_add("there are rows", there_are_rows, NULL);
	test_add("every file has a row", every_file_has_a_row, NULL);
	test_add("every requirement is named", every_requirement_is_named, NULL);
	test_add("cut payload is counted", cut_payload_is_counted, NULL);
	for (size_t i = 0; i < row_count; i++) {
		test_add(rows[i].name, run_row, &rows[i]);
		test_add(rows[i].cut_name, run_cuts, &rows[i]);
	}
	return tests_run("pcaps");
}
