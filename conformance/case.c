#include "conformance/case_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static void free_step(struct case_step *step)
{
	for (size_t i = 0; i < step->piece_count; i++)
		free(step->pieces[i].octets);
	free(step->pieces);
	free(step->json);
	free(step->text);
	free(step->cuts);
	free(step->ranges);
}

void case_free(struct case_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->step_count; i++)
		free_step(&file->steps[i]);
	free(file->steps);
	free(file->labels);
	free(file->title);
	free(file->text);
	free(file->path);
	free(file);
}

/* Takes parse->step over, in which nothing is left. */
static void add_step(struct case_parse *parse)
{
	struct case_file *file = parse->file;

	if (file->step_count == parse->step_room) {
		size_t room = parse->step_room ? 2 * parse->step_room : 16;
		struct case_step *steps = realloc(file->steps, room * sizeof *steps);

		if (!steps) {
			case_no_memory(parse);
			return;
		}
		file->steps = steps;
		parse->step_room = room;
	}
	file->steps[file->step_count++] = parse->step;
	memset(&parse->step, 0, sizeof parse->step);
}

void case_once(struct case_parse *parse, const char **place, const char *p, const char *kind)
{
	const char *at = p;

	while (!blank(at[-1])) /* something stands before each modifier */
		at--;
	if (*place)
		case_fail(parse, at, "'%s' stands in this line twice", kind);
	*place = at;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

/* One line that says something: begin to end, which is behind its " \n". */
static void read_line(struct case_parse *parse, const char *begin, const char *end)
{
	const char *first = begin;

	while (blank(*first))
		first++;
	parse->begin = begin;
	parse->expected = EXPECT_LINE;
	parse->is_head = parse->results = false;
	parse->string = NULL;
	parse->at = (struct case_places){ 0 };
	parse->time = (struct case_time){ 0 };
	parse->piece = (struct case_piece){ .cookie = -1, .repeat = 1 };
	parse->step = (struct case_step){ .line = parse->line, .column = (uint32_t)(first - begin) + 1, .label = -1,
					  .from = -1, .octets = -1, .datagrams = -1 };
	case_parse_line(parse, begin, end);
	if (!parse->failed && !parse->is_head) {
		if (parse->file->step_count == 0)
			case_head_complete(parse, first);
		if (!parse->failed)
			case_check_step(parse);
		if (!parse->failed)
			add_step(parse);
	}
	if (parse->failed)
		free(parse->piece.octets);
	free_step(&parse->step);
}

/* The length of the UTF-8 character at p (RFC 3629), or 0: it is none. */
static size_t character(const uint8_t *p, size_t length)
{
	size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	if (n == 0 || n > length)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
	    (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool case_utf8(const uint8_t *octets, size_t length, size_t *wrong)
{
	for (size_t i = 0, n; i < length; i += n) {
		n = character(octets + i, length - i);
		if (n == 0) {
			*wrong = i;
			return false;
		}
	}
	return true;
}

/* Only characters that a reader can see, and tabulators. */
static bool readable(struct case_parse *parse, const char *line, size_t length)
{
	size_t wrong;

	parse->begin = line;
	if (!case_utf8((const uint8_t *)line, length, &wrong)) {
		case_fail(parse, line + wrong, "octet %02x is not UTF-8; in strings, write \\x%02x", (uint8_t)line[wrong],
			  (uint8_t)line[wrong]);
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (((uint8_t)line[i] >= 0x20 && line[i] != 0x7f) || line[i] == '\t')
			continue;
		case_fail(parse, line + i, "octet %02x cannot stand in a case; in strings, write \\x%02x", (uint8_t)line[i],
			  (uint8_t)line[i]);
		return false;
	}
	return true;
}

/* Line by line, by way of copy, which has room for the longest line and two octets more. */
static void read_lines(struct case_parse *parse, const char *text, size_t length, char *copy)
{
	const char *end = text + length;

	for (const char *line = text; line < end && !parse->failed;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((next ? next : end) - line), first = 0;

		parse->line++;
		if (n > 0 && next && line[n - 1] == '\r')
			n--;
		if (!readable(parse, line, n))
			return;
		while (n > 0 && blank(line[n - 1]))
			n--;
		while (first < n && blank(line[first]))
			first++;
		if (first < n && !(n - first >= 2 && line[first] == '/' && line[first + 1] == '/')) {
			memcpy(copy, line, n);
			memcpy(copy + n, " \n", 3);
			read_line(parse, copy, copy + n + 2);
		}
		line = next ? next + 1 : end;
	}
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void read_case(struct case_parse *parse, const char *text, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order, which some editors write */
	size_t skipped = length >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	char *copy;

	if (length > CASE_SIZE_MAX) {
		parse->line = 1;
		case_fail(parse, NULL, "a case has at most %zu octets, this file %zu", CASE_SIZE_MAX, length);
		return;
	}
	copy = malloc(length + 3);
	if (!copy) {
		case_no_memory(parse);
		return;
	}
	read_lines(parse, text + skipped, length - skipped, copy);
	free(copy);
	if (parse->failed || parse->file->step_count > 0)
		return;
	parse->line++;
	case_head_complete(parse, NULL);
	case_fail(parse, NULL, "the case ends here, and has no step");
}

struct case_file *case_parse(const char *path, const char *text, size_t length, struct case_error *error)
{
	struct case_parse *parse = calloc(1, sizeof *parse);
	struct case_file *file = calloc(1, sizeof *file);

	*error = (struct case_error){ .line = 1, .column = 1, .text = "out of memory" };
	if (file) {
		file->path = strdup(path ? path : "-");
		file->text = malloc(length + 1);
		file->streams = 1;
		file->bytes = 1000;
	}
	if (!parse || !file || !file->path || !file->text) {
		free(parse);
		case_free(file);
		return NULL;
	}
	if (length > 0)
		memcpy(file->text, text, length);
	file->text[length] = '\0';
	parse->file = file;
	parse->error = error;
	read_case(parse, file->text, length);
	if (parse->failed) {
		case_free(file);
		file = NULL;
	} else {
		*error = (struct case_error){ 0 };
	}
	free(parse);
	return file;
}

/* All of a file, up to CASE_SIZE_MAX + 1 octets; NULL with errno. */
static char *read_all(FILE *in, size_t *length)
{
	char *text = malloc(CASE_SIZE_MAX + 1);

	if (!text)
		return NULL;
	*length = fread(text, 1, CASE_SIZE_MAX + 1, in);
	if (ferror(in)) {
		free(text);
		return NULL;
	}
	return text;
}

struct case_file *case_read(const char *path, struct case_error *error)
{
	struct case_file *file = NULL;
	size_t length = 0;
	struct stat status;
	char *text = NULL;
	FILE *in;

	*error = (struct case_error){ 0 };
	in = fopen(path, "rbe");
	if (in && fstat(fileno(in), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
		snprintf(error->text, sizeof error->text, "is not a file");
	} else {
		text = in ? read_all(in, &length) : NULL;
		if (!text)
			snprintf(error->text, sizeof error->text, "cannot be read: %s", strerror(errno));
	}
	if (text && length > CASE_SIZE_MAX)
		snprintf(error->text, sizeof error->text, "is larger than %zu octets: this is no case", CASE_SIZE_MAX);
	else if (text)
		file = case_parse(path, text, length, error);
	free(text);
	if (in)
		fclose(in);
	return file;
}
