#include "json.h"
#include "faults.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct reader {
	const uint8_t *p, *end;
	int depth;
	bool any_number;
};

static bool read_value(struct reader *r, struct json *value);

bool json_is_space(uint8_t octet)
{
	return octet == ' ' || octet == '\t' || octet == '\n' || octet == '\r';
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && json_is_space(*r->p))
		r->p++;
}

static bool skip(struct reader *r, char octet)
{
	if (r->p == r->end || *r->p != (uint8_t)octet)
		return false;
	r->p++;
	return true;
}

static bool skip_word(struct reader *r, const char *word)
{
	while (*word)
		if (!skip(r, *word++))
			return false;
	return true;
}

static bool read_hex4(struct reader *r, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, r->p++) {
		uint32_t digit;

		if (r->p == r->end)
			return false;
		if (*r->p >= '0' && *r->p <= '9')
			digit = *r->p - (uint32_t)'0';
		else if ((*r->p | 32) >= 'a' && (*r->p | 32) <= 'f')
			digit = (*r->p | 32u) - (uint32_t)'a' + 10;
		else
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

static char *put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return out;
	}
	if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*out++ = (char)(0xe0 | code >> 12);
		} else {
			*out++ = (char)(0xf0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 63));
		}
		*out++ = (char)(0x80 | (code >> 6 & 63));
	}
	*out++ = (char)(0x80 | (code & 63));
	return out;
}

/* What follows \u; a surrogate without its partner stands for itself. */
static bool read_unicode(struct reader *r, char **out)
{
	uint32_t code, low;
	const uint8_t *second;

	if (!read_hex4(r, &code))
		return false;
	second = r->p;
	if (code >= 0xd800 && code < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
		r->p += 2;
		if (read_hex4(r, &low) && low >= 0xdc00 && low < 0xe000)
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		else
			r->p = second;
	}
	*out = put_utf8(*out, code);
	return true;
}

static bool read_escape(struct reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (r->p == r->end)
		return false;
	if (*r->p == 'u') {
		r->p++;
		return read_unicode(r, out);
	}
	at = *r->p ? strchr(from, *r->p) : NULL;
	if (!at)
		return false;
	r->p++;
	*(*out)++ = to[at - from];
	return true;
}

/* Decoded text is never longer than its source. */
static bool read_string(struct reader *r, char **text, size_t *len)
{
	char *out = malloc((size_t)(r->end - r->p) < 4096 ? 4096 : (size_t)(r->end - r->p)), *start = out;

	if (!out)
		abort();
	*text = start;
	if (!skip(r, '"'))
		return false;
	while (r->p < r->end && *r->p != '"') {
		if (*r->p < 0x20)
			return false;
		if (*r->p != '\\') {
			*out++ = (char)*r->p++;
			continue;
		}
		r->p++;
		if (!read_escape(r, &out))
			return false;
	}
	*out = 0;
	*len = (size_t)(out - start);
	*text = realloc(start, *len + 1);
	return skip(r, '"');
}

static bool skip_digits(struct reader *r)
{
	const uint8_t *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start;
}

static bool read_number(struct reader *r, struct json *value)
{
	const uint8_t *start = r->p;

	skip(r, '-');
	if (!skip(r, '0') && !skip_digits(r))
		return false;
	if (skip(r, '.') && !skip_digits(r))
		return false;
	if (r->p < r->end && (*r->p | 32) == 'e') {
		r->p++;
		if (!skip(r, '+'))
			skip(r, '-');
		if (!skip_digits(r))
			return false;
	}
	value->type = JSON_NUMBER;
	value->text_len = (size_t)(r->p - start);
	value->text = strndup((const char *)start, value->text_len);
	return r->any_number || isfinite(strtod(value->text, NULL));
}

static struct json *add_child(struct json *parent, struct json **last)
{
	struct json *child = calloc(1, sizeof *child);

	if (!child)
		abort();
	if (*last)
		(*last)->next = child;
	else
		parent->first = child;
	*last = child;
	parent->count++;
	return child;
}

static int compare_names(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
	int order = memcmp(x->name, y->name, x->name_len < y->name_len ? x->name_len : y->name_len);

	return order ? order : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

static bool has_duplicates(const struct json *object)
{
	struct json **names = malloc((object->count + 1) * sizeof *names);
	size_t n = 0;
	bool found = false;

	if (!names)
		abort();
	for (struct json *m = object->first; m; m = m->next)
		names[n++] = m;
	qsort(names, n, sizeof *names, compare_names);
	for (size_t i = 1; i < n; i++)
		found |= compare_names(&names[i - 1], &names[i]) == 0;
	free(names);
	return found && !client_fault(duplicate_accepted);
}

static bool read_children(struct reader *r, struct json *value, char close)
{
	struct json *last = NULL;

	skip_space(r);
	if (skip(r, close))
		return true;
	do {
		struct json *child = add_child(value, &last);

		skip_space(r);
		if (close == '}') {
			if (!read_string(r, &child->name, &child->name_len))
				return false;
			skip_space(r);
			if (!skip(r, ':'))
				return false;
		}
		if (!read_value(r, child))
			return false;
		skip_space(r);
	} while (skip(r, ','));
	return skip(r, close) && (close == ']' || !has_duplicates(value));
}

static bool read_container(struct reader *r, struct json *value, char close)
{
	bool good;

	if (++r->depth > DEPTH_MAX)
		return false;
	r->p++;
	value->type = close == '}' ? JSON_OBJECT : JSON_ARRAY;
	good = read_children(r, value, close);
	r->depth--;
	return good;
}

static bool read_value(struct reader *r, struct json *value)
{
	skip_space(r);
	if (r->p == r->end)
		return false;
	switch (*r->p) {
	case '{':
		return read_container(r, value, '}');
	case '[':
		return read_container(r, value, ']');
	case '"':
		value->type = JSON_STRING;
		return read_string(r, &value->text, &value->text_len);
	case 't':
		value->type = JSON_BOOL;
		value->truth = true;
		return skip_word(r, "true");
	case 'f':
		value->type = JSON_BOOL;
		return skip_word(r, "false");
	case 'n':
		value->type = JSON_NULL;
		return skip_word(r, "null");
	default:
		return read_number(r, value);
	}
}

/* The length of the UTF-8 sequence at p (RFC 3629), 0: there is none. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	size_t len = p[0] < 0x80		   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : (p[0] & 0xf0) == 0xe0	   ? 3
		     : (p[0] & 0xf8) == 0xf0	   ? 4
						   : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f) || p[0] > 0xf4)
		return 0;
	return len;
}

static bool is_utf8(const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t len = utf8_len(p, n);

		if (len == 0)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

static struct json *read_all(struct reader r, size_t n, size_t *at)
{
	const uint8_t *p = r.p;
	struct json *value = calloc(1, sizeof *value);
	bool good;

	if (!value)
		abort();
	good = (is_utf8(p, n) || client_fault(bad_utf8_accepted)) && read_value(&r, value);
	if (good)
		skip_space(&r);
	*at = (size_t)(r.p - p);
	if (good && (r.p == r.end || client_fault(tail_accepted)))
		return value;
	json_free(value);
	return NULL;
}

struct json *json_read(const uint8_t *p, size_t n, size_t *at)
{
	return read_all((struct reader){.p = p, .end = p + n}, n, at);
}

struct json *json_read_any_number(const uint8_t *p, size_t n, size_t *at)
{
	return read_all((struct reader){.p = p, .end = p + n, .any_number = true}, n, at);
}

void json_free(struct json *value)
{
	if (!value)
		return;
	for (struct json *child = value->first, *next; child; child = next) {
		next = child->next;
		json_free(child);
	}
	free(value->text);
	free(value->name);
	free(value);
}

const struct json *json_member(const struct json *object, const char *name)
{
	for (const struct json *m = object->first; m; m = m->next)
		if (m->name_len == strlen(name) && memcmp(m->name, name, m->name_len) == 0)
			return m;
	return NULL;
}

bool json_integer(const struct json *value, uint64_t *out)
{
	bool quoted = value && value->type == JSON_STRING && client_fault(string_number_accepted);
	const char *text;
	char *end;

	*out = 0;
	if (!value || (value->type != JSON_NUMBER && !quoted))
		return false;
	text = value->text;
	if (client_fault(exponent_accepted) && strpbrk(text, ".eE")) {
		*out = (uint64_t)strtod(text, NULL);
		return true;
	}
	if (strcmp(text, "-0") == 0)
		return true;
	if (text[0] == '-' || value->text_len > 19)
		return false;
	*out = strtoull(text, &end, 10);
	return *end == 0 && end != text && *out <= INT64_MAX;
}
