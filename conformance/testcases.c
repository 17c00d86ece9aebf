#include "conformance/testcases.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>

#define MANUAL "conformance/iperf-case.5"
#define FOLDER "conformance/cases"

/* --- equality ---------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_time(struct case_time a, struct case_time b)
{
	return a.timer == b.timer && a.ns == b.ns && memcmp(&a.factor, &b.factor, sizeof a.factor) == 0;
}

static bool same_pieces(const struct case_step *a, const struct case_step *b)
{
	if (a->piece_count != b->piece_count)
		return false;
	for (size_t i = 0; i < a->piece_count; i++) {
		const struct case_piece *p = &a->pieces[i], *q = &b->pieces[i];

		if (p->cookie != q->cookie || p->begin != q->begin || p->end != q->end || p->length != q->length ||
		    p->repeat != q->repeat || (p->length > 0 && memcmp(p->octets, q->octets, p->length) != 0))
			return false;
	}
	return true;
}

static bool same_modifiers(const struct case_step *a, const struct case_step *b)
{
	return a->has_within == b->has_within && a->has_not_before == b->has_not_before &&
	       same_time(a->within, b->within) && same_time(a->not_before, b->not_before) && a->from == b->from &&
	       a->cut_count == b->cut_count && a->cut_into == b->cut_into && a->requirement == b->requirement &&
	       (a->cut_count == 0 || memcmp(a->cuts, b->cuts, a->cut_count * sizeof *a->cuts) == 0);
}

static bool same_step(const struct case_step *a, const struct case_step *b)
{
	return a->what == b->what && a->direction == b->direction && a->label == b->label && a->message == b->message &&
	       a->cookie == b->cookie && same_text(a->json, b->json) && a->octets == b->octets &&
	       a->datagrams == b->datagrams && same_pieces(a, b) && same_time(a->time, b->time) && a->mark == b->mark &&
	       a->number == b->number && a->has_number == b->has_number && a->some == b->some && a->wide == b->wide &&
	       a->range_count == b->range_count && a->or == b->or &&
	       (a->range_count == 0 || memcmp(a->ranges, b->ranges, a->range_count * sizeof *a->ranges) == 0) &&
	       a->success == b->success && same_text(a->text, b->text) && same_modifiers(a, b);
}

static bool same_head(const struct case_file *a, const struct case_file *b)
{
	return strcmp(a->id, b->id) == 0 && same_text(a->title, b->title) && a->role == b->role &&
	       a->profile == b->profile && a->option_count == b->option_count &&
	       memcmp(a->options, b->options, sizeof a->options) == 0 &&
	       a->test_count == b->test_count && memcmp(a->tests, b->tests, sizeof a->tests) == 0 &&
	       a->streams == b->streams && a->bytes == b->bytes && a->udp == b->udp && a->has_streams == b->has_streams &&
	       a->has_bytes == b->has_bytes && a->has_transport == b->has_transport && a->needs == b->needs;
}

bool testcases_equal(const struct case_file *a, const struct case_file *b)
{
	if (!same_head(a, b) || a->label_count != b->label_count || a->mark_count != b->mark_count ||
	    a->step_count != b->step_count)
		return false;
	for (size_t i = 0; i < a->label_count; i++) {
		if (strcmp(a->labels[i].name, b->labels[i].name) != 0 || a->labels[i].udp != b->labels[i].udp)
			return false;
	}
	for (size_t i = 0; i < a->step_count; i++) {
		if (!same_step(&a->steps[i], &b->steps[i]))
			return false;
	}
	return memcmp(a->marks, b->marks, sizeof a->marks) == 0;
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

char *testcases_text(const char *role, const char *before, const char *step)
{
	char *text;

	if (asprintf(&text, HEAD("%s") "%s%s", role, before, step) < 0)
		abort();
	return text;
}

char *testcases_printed(const struct case_file *file)
{
	size_t length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	case_print(file, out);
	if (fclose(out) != 0)
		abort();
	return text;
}

static char *whole(const char *path, size_t *length)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t got;

	if (!in)
		abort();
	got = getdelim(&text, &room, 0, in); /* there is no NUL in it */
	fclose(in);
	*length = got < 0 ? 0 : (size_t)got;
	return text;
}

static size_t each_example(void (*take)(const char *path, const char *text, size_t length))
{
	static const char begin[] = ".Bd -literal -offset indent\n", end[] = ".Ed\n";
	size_t length, count = 0;
	char *manual = whole(MANUAL, &length), *from = manual, *to;

	while ((from = strstr(from, begin)) != NULL && (to = strstr(from, end)) != NULL) {
		from += strlen(begin);
		if (strncmp(from, "id ", 3) == 0) {
			take(MANUAL, from, (size_t)(to - from));
			count++;
		}
		from = to;
	}
	free(manual);
	return count;
}

size_t testcases_each(void (*take)(const char *path, const char *text, size_t length))
{
	char folder[] = FOLDER, *folders[] = { folder, NULL };
	FTS *walk = fts_open(folders, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	size_t count = each_example(take);
	FTSENT *entry;

	if (!walk)
		abort();
	while ((entry = fts_read(walk)) != NULL) {
		size_t n = entry->fts_namelen, length;
		char *text;

		if (entry->fts_info != FTS_F || n < 5 || strcmp(entry->fts_name + n - 5, ".case") != 0)
			continue;
		text = whole(entry->fts_path, &length);
		take(entry->fts_path, text ? text : "", length);
		free(text);
		count++;
	}
	fts_close(walk);
	return count;
}
