/* Lines of a case. */
#include "conformance/blackbox_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/shortage.h"

#define PAYLOAD_MAX (1 << 20) /* octets that one line sends */
#define DATAGRAMS_MAX 500
#define PARTS_MAX 100

void blackbox_insert(struct blackbox_lines *lines, size_t at, const char *text)
{
	char *copy = strdup(text), **line = lines->line;

	if (lines->count == lines->room) {
		lines->room = lines->room ? 2 * lines->room : 16;
		line = realloc(lines->line, lines->room * sizeof *line);
	}
	if (!copy || !line)
		shortage_end(); /* there is nothing sensible to do without some octets */
	lines->line = line;
	memmove(line + at + 1, line + at, (lines->count - at) * sizeof *line);
	line[at] = copy;
	lines->count++;
}

void blackbox_add(struct blackbox_lines *lines, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		shortage_end();
	va_end(arguments);
	blackbox_insert(lines, lines->count, text);
	free(text);
}

void blackbox_remove(struct blackbox_lines *lines, size_t at)
{
	free(lines->line[at]);
	lines->count--;
	memmove(lines->line + at, lines->line + at + 1, (lines->count - at) * sizeof *lines->line);
}

void blackbox_replace(struct blackbox_lines *lines, size_t at, const char *text)
{
	blackbox_insert(lines, at, text);
	blackbox_remove(lines, at + 1);
}

void blackbox_copy(struct blackbox_lines *to, const struct blackbox_lines *from)
{
	for (size_t i = 0; i < from->count; i++)
		blackbox_insert(to, to->count, from->line[i]);
}

void blackbox_clear(struct blackbox_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->line[i]);
	free(lines->line);
	*lines = (struct blackbox_lines){ 0 };
}

struct case_file *blackbox_parse(enum case_profile profile, const struct blackbox_lines *lines,
				 struct case_error *error)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct case_file *file = NULL;

	if (!out)
		return NULL;
	fprintf(out, "id fuzz/1\ntitle An input\nrole server\nprofile %s\ntests %s\n\n", case_profile_name(profile),
		profile == CASE_IPERF3 ? "R-23-18 R-23-21" : "R-6.5-5");
	for (size_t i = 0; i < lines->count; i++)
		fprintf(out, "%s\n", lines->line[i]);
	if (fclose(out) == 0)
		file = case_parse("-", text, length, error);
	free(text);
	return file;
}

/* Whether the runner would be busy with it for long. */
static bool takes_long(const struct case_step *step)
{
	uint64_t datagrams = 0;

	for (size_t i = 0; step->what == CASE_DATAGRAMS && i < step->range_count; i++)
		datagrams += step->ranges[i].last - step->ranges[i].first + 1;
	if (step->what == CASE_PAYLOAD && (step->octets > PAYLOAD_MAX || step->datagrams > DATAGRAMS_MAX))
		return true;
	if (step->what == CASE_WAIT && (step->time.timer != CASE_NO_TIMER || step->time.ns > 200 * IPERF_MS))
		return true;
	if (step->cut_into && step->what == CASE_PAYLOAD && step->octets / (int64_t)step->cut_into > PARTS_MAX)
		return true;
	return datagrams > DATAGRAMS_MAX || step->cut_count > PARTS_MAX;
}

struct case_file *blackbox_repair(enum case_profile profile, struct blackbox_lines *lines)
{
	while (lines->count > 0) {
		struct case_error error = { 0 };
		struct case_file *file = blackbox_parse(profile, lines, &error);
		size_t wrong = file ? 0 : error.line;

		for (size_t i = 0; file && i < file->step_count && !wrong; i++)
			if (takes_long(&file->steps[i]))
				wrong = file->steps[i].line;
		if (file && !wrong)
			return file;
		case_free(file);
		if (wrong <= BLACKBOX_HEAD || wrong - BLACKBOX_HEAD > lines->count)
			return NULL;
		blackbox_remove(lines, wrong - BLACKBOX_HEAD - 1);
	}
	return NULL;
}
