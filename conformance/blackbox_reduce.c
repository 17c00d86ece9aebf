/* The least of an input that still fails. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>
#include <string.h>

#define PLAYS_MAX 60
#define KEYS_MAX 50
#define TIME_MAX (8 * IPERF_S)

struct reduction {
	struct blackbox *box;
	struct blackbox_lines *input;
	const struct blackbox_fault *fault;
	const char *label, *stream;
	unsigned plays;
	int64_t until_ns;
};

static bool may_go_on(const struct reduction *r)
{
	return r->plays < PLAYS_MAX && wire_now() < r->until_ns && !blackbox_over(r->box);
}

/* Takes less for the input, when that still fails; else forgets it. */
static bool try(struct reduction *r, struct blackbox_lines *less)
{
	r->plays++;
	blackbox_report_progress(r->box, "which lines it needs");
	if (blackbox_fails(r->box, less, r->fault, r->label, r->stream)) {
		blackbox_clear(r->input);
		*r->input = *less;
		return true;
	}
	blackbox_clear(less);
	return false;
}

/* Whether it stays as long as anything is done on its connection: what the server says is waited for, as a client does;
 * and what was said on a connection that is left open tells what the server waits for there. */
static bool is_kept(const struct reduction *r, const char *line)
{
	size_t length = strlen(r->label);

	return strstr(line, " S>C ") ||
	       (r->fault->kind == BLACKBOX_WAITS && strncmp(line, r->label, length) == 0 && line[length] == ' ');
}

/* Whether the client does something on the connection of that line. */
static bool is_used(const struct blackbox_lines *lines, const char *line)
{
	size_t length = strcspn(line, " ");

	for (size_t i = 0; i < lines->count; i++)
		if (strncmp(lines->line[i], line, length + 1) == 0 && strstr(lines->line[i], " C>S "))
			return true;
	return false;
}

static void try_without(struct reduction *r, size_t from, size_t count)
{
	struct blackbox_lines less = { 0 };

	for (size_t i = 0; i < r->input->count; i++)
		if (i < from || i >= from + count || is_kept(r, r->input->line[i]))
			blackbox_insert(&less, less.count, r->input->line[i]);
	for (size_t i = less.count; i-- > 0;)
		if (strstr(less.line[i], " S>C ") && !is_used(&less, less.line[i]))
			blackbox_remove(&less, i);
	if (less.count > 0 && less.count < r->input->count)
		try(r, &less);
	else
		blackbox_clear(&less);
}

static void drop_lines(struct reduction *r)
{
	for (size_t part = r->input->count / 2; part > 0; part /= 2)
		for (size_t from = r->input->count; from > 0 && may_go_on(r);) {
			from = from > part ? from - part : 0;
			try_without(r, from, part);
		}
}

/* The JSON of a line without one of its keys. False: that key is needed, or there is none. */
static bool try_without_key(struct reduction *r, size_t at, size_t number)
{
	const char *line = r->input->line[at], *brace = strchr(line, '{');
	json_t *object = brace ? json_loads(brace, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	void *iter = json_object_iter(object);
	struct blackbox_lines less = { 0 };
	char *json, *text = NULL;
	bool done = false;

	for (size_t i = 0; iter && i < number; i++)
		iter = json_object_iter_next(object, iter);
	if (iter) {
		json_object_del(object, json_object_iter_key(iter));
		json = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
		if (json && asprintf(&text, "%.*s%s", (int)(brace - line), line, json) >= 0) {
			blackbox_copy(&less, r->input);
			blackbox_replace(&less, at, text);
			done = try(r, &less);
		}
		free(text);
		free(json);
	}
	json_decref(object);
	return done;
}

static void drop_keys(struct reduction *r)
{
	for (size_t i = 0; i < r->input->count; i++) {
		size_t keys = 0;

		if (!strstr(r->input->line[i], " C>S parameters {") && !strstr(r->input->line[i], " C>S results {"))
			continue;
		while (keys < KEYS_MAX && may_go_on(r))
			keys += !try_without_key(r, i, keys);
	}
}

void blackbox_reduce(struct blackbox *box, struct blackbox_lines *input, const struct blackbox_fault *fault,
		     const char *label, const char *stream)
{
	struct reduction r = { box, input, fault, label, stream, 0, wire_now() + TIME_MAX };

	if (4 * (fault->bound_ns + fault->silence_ns) > TIME_MAX)
		r.until_ns = wire_now() + 4 * (fault->bound_ns + fault->silence_ns);
	drop_lines(&r);
	drop_keys(&r);
}
