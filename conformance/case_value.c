/* Words of a case that have a value: numbers, times, requirements and names. */
#include "conformance/case_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX  18
#define TIME_MAX_NS (INT64_C(1000000) * 1000000000) /* eleven days; so that sums of times do not overflow */

void case_value_number(struct case_parse *parse, const char *end)
{
	unsigned digits = 0;
	bool fraction = false;

	parse->number = 0;
	parse->decimals = 0;
	for (const char *p = parse->word; p < end; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (digits == 0 && *p == '0' && !fraction)
			continue;
		if (++digits > DIGITS_MAX) {
			case_fail(parse, parse->word, "a number has at most %d digits", DIGITS_MAX);
			return;
		}
		parse->number = parse->number * 10 + (uint64_t)(*p - '0');
		parse->decimals += fraction;
	}
}

void case_value_time(struct case_parse *parse, bool milliseconds)
{
	unsigned places = milliseconds ? 6 : 9; /* down to nanoseconds */
	uint64_t ns = parse->number;

	if (parse->decimals > places) {
		case_fail(parse, parse->word, "a time in %s has at most %u digits after the point",
			  milliseconds ? "milliseconds" : "seconds", places);
		return;
	}
	for (unsigned i = parse->decimals; i < places && ns <= TIME_MAX_NS; i++)
		ns *= 10;
	if (ns > TIME_MAX_NS)
		case_fail(parse, parse->word, "a time is at most a million seconds");
	else
		parse->time.ns += (int64_t)ns;
}

void case_value_factor(struct case_parse *parse)
{
	double scale = 1;

	for (unsigned i = 0; i < parse->decimals; i++)
		scale *= 10;
	parse->time.factor = (double)parse->number / scale;
	if (parse->decimals > 6 || parse->time.factor > 1000 || parse->number == 0)
		case_fail(parse, parse->word,
			  "a timer is multiplied by more than 0 and at most 1000, with at most 6 digits after the point");
}

void case_value_timer(struct case_parse *parse, enum case_timer timer)
{
	if (!parse->is_head && case_timer_profile(timer) != parse->file->profile)
		case_fail(parse, parse->word, "%s is no timer of the %s profile", case_timer_name(timer),
			  case_profile_name(parse->file->profile));
	parse->time.timer = timer;
	if (parse->time.factor == 0)
		parse->time.factor = 1;
}

/* The requirement with this id, or IPERF_R_NONE. */
static enum iperf_requirement requirement_named(const char *id, size_t length)
{
	for (unsigned r = IPERF_R_NONE + 1; r < IPERF_REQUIREMENT_COUNT; r++) {
		if (strncmp(iperf_requirements[r].id, id, length) == 0 && !iperf_requirements[r].id[length])
			return (enum iperf_requirement)r;
	}
	return IPERF_R_NONE;
}

void case_value_requirement(struct case_parse *parse, const char *end)
{
	size_t length = (size_t)(end - parse->word);

	parse->requirement = requirement_named(parse->word, length);
	if (parse->requirement == IPERF_R_NONE)
		case_fail(parse, parse->word, "%.*s%s: SPEC.md has no such requirement", (int)(length > 40 ? 40 : length),
			  parse->word, length > 40 ? "..." : "");
}

void case_value_label(struct case_parse *parse, const char *end)
{
	struct case_file *file = parse->file;
	size_t length = (size_t)(end - parse->word);
	struct case_label *labels;

	parse->at.label = parse->word;
	if (length >= sizeof labels->name) {
		case_fail(parse, parse->word, "a connection's name has at most %zu characters, this one %zu",
			  sizeof labels->name - 1, length);
		return;
	}
	for (size_t i = 0; i < file->label_count; i++) {
		if (strncmp(file->labels[i].name, parse->word, length) == 0 && !file->labels[i].name[length]) {
			parse->step.label = (int)i;
			return;
		}
	}
	if (file->label_count == CASE_LABELS_MAX) {
		case_fail(parse, parse->word, "a case has at most %d connections", CASE_LABELS_MAX);
		return;
	}
	labels = realloc(file->labels, (file->label_count + 1) * sizeof *labels);
	if (!labels) {
		case_no_memory(parse);
		return;
	}
	file->labels = labels;
	labels[file->label_count] = (struct case_label){ .udp = *parse->word == 'u' };
	memcpy(labels[file->label_count].name, parse->word, length);
	parse->step.label = (int)file->label_count++;
}

static int mark_named(const struct case_file *file, const char *name, size_t length)
{
	for (size_t i = 0; i < file->mark_count; i++) {
		if (strncmp(file->marks[i], name, length) == 0 && length < sizeof file->marks[i] && !file->marks[i][length])
			return (int)i;
	}
	return -1;
}

void case_value_mark(struct case_parse *parse, const char *end)
{
	struct case_file *file = parse->file;
	size_t length = (size_t)(end - parse->word);

	if (length >= sizeof *file->marks)
		case_fail(parse, parse->word, "a mark's name has at most %zu characters, this one %zu",
			  sizeof *file->marks - 1, length);
	else if (mark_named(file, parse->word, length) >= 0)
		case_fail(parse, parse->word, "there is a mark '%.*s' already", (int)length, parse->word);
	else if (file->mark_count == CASE_MARKS_MAX)
		case_fail(parse, parse->word, "a case has at most %d marks", CASE_MARKS_MAX);
	else {
		memcpy(file->marks[file->mark_count], parse->word, length);
		parse->step.mark = (int)file->mark_count++;
	}
}

void case_value_from(struct case_parse *parse, const char *end)
{
	size_t length = (size_t)(end - parse->word);

	parse->step.from = mark_named(parse->file, parse->word, length);
	if (parse->step.from < 0)
		case_fail(parse, parse->word, "no line above this one is 'mark %.*s'", (int)(length > 40 ? 40 : length),
			  parse->word);
}

void case_value_cookie(struct case_parse *parse, const char *end)
{
	const char *digits = parse->word + strlen("$cookie");
	int number = 1;

	if (digits < end) {
		number = 0;
		for (const char *p = digits; p < end && number <= CASE_COOKIES_MAX; p++)
			number = number * 10 + (*p - '0');
	}
	parse->cookie = 0;
	if (digits < end && (number < 2 || number > CASE_COOKIES_MAX || *digits == '0'))
		case_fail(parse, parse->word, "the cookies are $cookie, and $cookie2 to $cookie%d", CASE_COOKIES_MAX);
	else
		parse->cookie = number - 1;
}

void case_value_says(struct case_parse *parse, const char *end)
{
	size_t length, wrong;
	uint8_t *text = case_piece_unescape(parse->word, end, &length);

	if (!text) {
		case_no_memory(parse);
		return;
	}
	free(parse->step.text);
	parse->step.text = (char *)text;
	if (length == 0)
		case_fail(parse, parse->word, "an empty string says nothing");
	else if (memchr(text, '\0', length) || !case_utf8(text, length, &wrong))
		case_fail(parse, parse->word, "what a client says is text: UTF-8 without NUL");
	else if (text[0] == '|' || text[length - 1] == '|' || strstr((char *)text, "||"))
		case_fail(parse, parse->word, "an alternative is empty, which is always said");
}

void case_value_cut(struct case_parse *parse)
{
	struct case_step *step = &parse->step;
	size_t *cuts;

	if (step->cut_count > 0 && step->cuts[step->cut_count - 1] >= parse->number)
		case_fail(parse, parse->word, "the octets at which it is cut have to ascend; %" PRIu64 " follows %zu",
			  parse->number, step->cuts[step->cut_count - 1]);
	else if (parse->number == 0)
		case_fail(parse, parse->word, "there is nothing before octet 0 to cut off");
	if (parse->failed)
		return;
	cuts = realloc(step->cuts, (step->cut_count + 1) * sizeof *cuts);
	if (!cuts) {
		case_no_memory(parse);
		return;
	}
	step->cuts = cuts;
	cuts[step->cut_count++] = (size_t)parse->number;
}
