/* Reading the document of a run, and writing its texts without letting them do anything. */
#include "conformance/outcome_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iperf-requirements.h"

#define REPLACEMENT 0xfffd

const char *const outcome_verdict_names[OUTCOME_VERDICTS] = {
	[OUTCOME_PASS] = "pass", [OUTCOME_FAIL] = "fail", [OUTCOME_WARN] = "warn",
	[OUTCOME_SKIP] = "skip", [OUTCOME_UNTESTED] = "untested",
};

struct outcome_text outcome_text_of(const json_t *string)
{
	if (!json_is_string(string))
		return (struct outcome_text){ "", 0 };
	return (struct outcome_text){ json_string_value(string), json_string_length(string) };
}

struct outcome_text outcome_text(const json_t *object, const char *name)
{
	return outcome_text_of(json_object_get(object, name));
}

double outcome_number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

bool outcome_deviates(const json_t *one)
{
	return json_is_false(json_object_get(json_object_get(one, "expectation"), "met"));
}

bool outcome_expected_fail(const json_t *one)
{
	return outcome_verdict(one) == OUTCOME_FAIL && json_object_get(one, "expectation") && !outcome_deviates(one);
}

bool outcome_is(struct outcome_text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

enum outcome_verdict outcome_verdict(const json_t *one)
{
	struct outcome_text word = outcome_text(one, "verdict");

	for (unsigned i = 0; i < OUTCOME_VERDICTS; i++) {
		if (outcome_is(word, outcome_verdict_names[i]))
			return (enum outcome_verdict)i;
	}
	return OUTCOME_UNTESTED;
}

const char *outcome_sentence(struct outcome_text requirement)
{
	for (size_t i = 0; i < IPERF_REQUIREMENT_COUNT; i++) {
		if (outcome_is(requirement, iperf_requirements[i].id))
			return iperf_requirements[i].text;
	}
	return "";
}

uint32_t outcome_next(struct outcome_text text, size_t *place)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)text.at[(*place)++];
	unsigned more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 4;
	uint32_t c;

	if (more == 0)
		return first;
	if (more == 4 || text.length - *place < more)
		return REPLACEMENT;
	c = first & (0x3fU >> more);
	for (unsigned i = 0; i < more; i++) {
		uint8_t next = (uint8_t)text.at[*place + i];

		if ((next & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (next & 0x3fU);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return REPLACEMENT;
	*place += more;
	return c;
}

bool outcome_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

void outcome_put_utf8(FILE *out, uint32_t c)
{
	if (c < 0x80) {
		putc((int)c, out);
		return;
	}
	if (c < 0x800) {
		putc((int)(0xc0 | c >> 6), out);
	} else {
		if (c < 0x10000) {
			putc((int)(0xe0 | c >> 12), out);
		} else {
			putc((int)(0xf0 | c >> 18), out);
			putc((int)(0x80 | (c >> 12 & 0x3f)), out);
		}
		putc((int)(0x80 | (c >> 6 & 0x3f)), out);
	}
	putc((int)(0x80 | (c & 0x3f)), out);
}

void outcome_put_line(FILE *out, struct outcome_text text, const char *escaped)
{
	for (size_t place = 0; place < text.length;) {
		uint32_t c = outcome_next(text, &place);

		if (c == '\n' || c == '\r' || c == '\t') {
			fputs(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t", out);
		} else if (outcome_is_control(c)) {
			fprintf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		} else {
			if (c < 0x80 && strchr(escaped, (int)c))
				putc('\\', out);
			outcome_put_utf8(out, c);
		}
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The run of digits at *place without leading zeros; *place moves behind it. */
static struct outcome_text digits(struct outcome_text text, size_t *place)
{
	size_t begin = *place;

	while (*place < text.length && is_digit(text.at[*place]))
		++*place;
	while (begin + 1 < *place && text.at[begin] == '0')
		begin++;
	return (struct outcome_text){ text.at + begin, *place - begin };
}

int outcome_compare(struct outcome_text a, struct outcome_text b)
{
	size_t i = 0, j = 0;

	while (i < a.length && j < b.length) {
		int order;

		if (is_digit(a.at[i]) && is_digit(b.at[j])) {
			struct outcome_text x = digits(a, &i), y = digits(b, &j);

			if (x.length != y.length)
				return x.length < y.length ? -1 : 1;
			order = memcmp(x.at, y.at, x.length);
		} else {
			order = (int)(uint8_t)a.at[i++] - (int)(uint8_t)b.at[j++];
		}
		if (order != 0)
			return order;
	}
	return (i < a.length) - (j < b.length);
}

static int compare_texts(const void *a, const void *b)
{
	const struct outcome_text *x = a, *y = b;
	int order = outcome_compare(*x, *y);

	if (order == 0) /* 6.2 and 6.02 are two */
		order = (x->length > y->length) - (x->length < y->length);
	return order != 0 ? order : memcmp(x->at, y->at, x->length);
}

json_t *outcome_sorted(const json_t *cases, const char *name)
{
	size_t count = json_array_size(cases);
	struct outcome_text *all = calloc(count + 1, sizeof *all);
	json_t *sorted = json_array();

	for (size_t i = 0; all && i < count; i++)
		all[i] = outcome_text(json_array_get(cases, i), name);
	if (all)
		qsort(all, count, sizeof *all, compare_texts);
	for (size_t i = 0; all && sorted && i < count; i++) {
		if (i > 0 && all[i].length == all[i - 1].length && memcmp(all[i].at, all[i - 1].at, all[i].length) == 0)
			continue;
		if (json_array_append_new(sorted, json_stringn_nocheck(all[i].at, all[i].length)) != 0) {
			json_decref(sorted);
			sorted = NULL;
		}
	}
	if (!all) {
		json_decref(sorted);
		sorted = NULL;
	}
	free(all);
	return sorted;
}

bool outcome_written(FILE *out)
{
	if (fflush(out) == 0 && !ferror(out))
		return true;
	if (errno == 0)
		errno = EIO;
	return false;
}
