#include "conformance/record_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 86400000 /* a day: a capture's times may be anything */

static struct case_step scratch; /* where what cannot be kept is written */

bool record_steps_begin(struct record_steps *steps, bool same_cookies)
{
	*steps = (struct record_steps){ .same_cookies = same_cookies };
	steps->file = calloc(1, sizeof *steps->file);
	return steps->file != NULL;
}

static struct case_step *lost(struct record_steps *steps)
{
	steps->failed = true;
	scratch = (struct case_step){ .label = -1 };
	return &scratch;
}

struct case_step *record_step(struct record_steps *steps, enum case_what what, enum case_direction direction, int label)
{
	struct case_file *file = steps->file;
	struct case_step *step;

	if (file->step_count == steps->step_room) {
		size_t room = steps->step_room * 2 + 32;

		step = realloc(file->steps, room * sizeof *step);
		if (!step)
			return lost(steps);
		file->steps = step;
		steps->step_room = room;
	}
	step = &file->steps[file->step_count++];
	*step = (struct case_step){
		.what = what, .direction = direction, .label = label, .octets = -1, .datagrams = -1, .from = -1, .mark = -1,
	};
	return step;
}

void record_label(struct record_steps *steps, struct record_speaker *speaker)
{
	struct case_file *file = steps->file;
	struct case_label *label;

	if (speaker->label >= 0)
		return;
	speaker->label = 0;
	if (file->label_count == CASE_LABELS_MAX) {
		steps->failed = true;
		return;
	}
	if (file->label_count == steps->label_room) {
		size_t room = steps->label_room * 2 + 8;

		label = realloc(file->labels, room * sizeof *label);
		if (!label) {
			steps->failed = true;
			return;
		}
		file->labels = label;
		steps->label_room = room;
	}
	speaker->label = (int)file->label_count;
	label = &file->labels[file->label_count++];
	*label = (struct case_label){ .udp = speaker->udp };
	if (speaker->udp)
		snprintf(label->name, sizeof label->name, "udp:%u", ++steps->udp_labels);
	else
		snprintf(label->name, sizeof label->name, "#%u", ++steps->tcp_labels);
}

void record_wait(struct record_steps *steps, int64_t ns)
{
	int64_t ms = (ns + 500000) / 1000000;

	if (ms > WAIT_MAX_MS)
		ms = WAIT_MAX_MS;
	if (ms > 0)
		record_step(steps, CASE_WAIT, CASE_TO_SERVER, -1)->time.ns = ms * 1000000;
}

void record_payload(struct record_steps *steps, struct record_speaker *speaker, enum case_direction direction,
		    uint64_t length, uint64_t datagrams)
{
	struct case_file *file = steps->file;
	struct case_step *last = file->step_count ? &file->steps[file->step_count - 1] : NULL;

	record_label(steps, speaker);
	if (!last || last->what != CASE_PAYLOAD || last->label != speaker->label) {
		last = record_step(steps, CASE_PAYLOAD, direction, speaker->label);
		last->octets = 0;
		last->datagrams = speaker->udp ? 0 : -1;
	}
	last->octets += (int64_t)length;
	if (speaker->udp)
		last->datagrams += (int64_t)datagrams;
	speaker->said = true;
	speaker->cookie = -1;
}

/* --- cookies ----------------------------------------------------------------------------------------------------- */

/* A random cookie is none of text alone: somebody has chosen these octets. */
static bool chosen(const struct iperf_cookie *cookie)
{
	for (size_t i = 0; i < sizeof cookie->octets; i++)
		if (cookie->octets[i] >= 0x80)
			return memmem(cookie->octets, sizeof cookie->octets, "IPERF", 5) != NULL;
	return true;
}

static size_t equal_octets(const uint8_t *a, const uint8_t *b, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += a[i] == b[i];
	return count;
}

int record_cookie(struct record_steps *steps, const struct iperf_cookie *cookie)
{
	int index;

	for (size_t i = 0; i < steps->cookie_count; i++)
		if (iperf_cookie_equal(&steps->cookies[i], cookie))
			return (int)i;
	if (steps->cookie_count == CASE_COOKIES_MAX)
		return -1;
	index = (int)steps->cookie_count++;
	steps->cookies[index] = *cookie;
	steps->fixed[index] = steps->same_cookies || chosen(cookie);
	for (int i = 0; i < index; i++)
		if (equal_octets(steps->cookies[i].octets, cookie->octets, IPERF_COOKIE_LENGTH) >= IPERF_COOKIE_LENGTH / 2)
			steps->fixed[i] = steps->fixed[index] = true; /* how they differ is the point */
	return index;
}

static struct case_piece *add_piece(struct record_steps *steps, struct case_step *step)
{
	struct case_piece *more = realloc(step->pieces, (step->piece_count + 1) * sizeof *more);

	if (!more) {
		steps->failed = true;
		return NULL;
	}
	step->pieces = more;
	more += step->piece_count++;
	*more = (struct case_piece){ .cookie = -1, .repeat = 1 };
	return more;
}

static void add_literal(struct record_steps *steps, struct case_step *step, const uint8_t *octets, size_t length,
			size_t repeat)
{
	struct case_piece *piece = length > 0 ? add_piece(steps, step) : NULL;

	if (!piece)
		return;
	piece->octets = malloc(length);
	if (!piece->octets) {
		step->piece_count--;
		steps->failed = true;
		return;
	}
	memcpy(piece->octets, octets, length);
	piece->length = length;
	piece->repeat = repeat;
}

struct case_file *record_steps_end(struct record_steps *steps)
{
	struct case_file *file = steps->file;
	size_t before = file->step_count, set;

	for (size_t i = 0; i < steps->cookie_count; i++) {
		if (steps->fixed[i]) {
			struct case_step *step = record_step(steps, CASE_SET_COOKIE, CASE_TO_SERVER, -1);

			step->cookie = (int)i;
			add_literal(steps, step, steps->cookies[i].octets, IPERF_COOKIE_LENGTH, 1);
		}
	}
	set = file->step_count - before;
	if (set > 0 && !steps->failed) {
		struct case_step *first = malloc(set * sizeof *first);

		if (first) {
			memcpy(first, file->steps + before, set * sizeof *first);
			memmove(file->steps + set, file->steps, before * sizeof *first);
			memcpy(file->steps, first, set * sizeof *first);
		}
		steps->failed |= !first;
		free(first);
	}
	return steps->failed ? NULL : file;
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

#define RUN_MIN 16     /* equal octets that are written as a repetition */
#define PREFIX_MIN 8   /* octets of a cookie that do not stand somewhere by chance */
#define CUTS_MAX 128

/* How many octets there are the beginning of a known cookie; *cookie says of which. */
static size_t cookie_prefix(const struct record_steps *steps, const uint8_t *octets, size_t length, int *cookie)
{
	size_t best = 0;

	for (size_t i = 0; i < steps->cookie_count; i++) {
		size_t n = 0;

		while (n < length && n < IPERF_COOKIE_LENGTH && octets[n] == steps->cookies[i].octets[n])
			n++;
		if (n > best) {
			best = n;
			*cookie = (int)i;
		}
	}
	return best;
}

static void add_cookie(struct record_steps *steps, struct case_step *step, int cookie, size_t begin, size_t end)
{
	struct case_piece *piece = add_piece(steps, step);

	if (!piece)
		return;
	piece->cookie = cookie;
	piece->begin = begin;
	piece->end = end;
}

static size_t run_length(const uint8_t *octets, size_t length)
{
	size_t n = 1;

	while (n < length && octets[n] == octets[0])
		n++;
	return n;
}

/* A cookie's octets at `at`, whole or in part, as far as they can be told from chance. */
static size_t cookie_at(const struct record_steps *steps, const struct record_speaker *speaker, const uint8_t *octets,
			size_t length, size_t at, int *cookie, size_t *begin)
{
	size_t n = cookie_prefix(steps, octets + at, length - at, cookie), least = PREFIX_MIN;

	*begin = 0;
	if ((at == 0 && !speaker->said) || (at > 5 && octets[at - 1] == ' ' && memmem(octets, at, "IPERF_", 6)))
		least = 1;
	if (n >= least)
		return n;
	if (at > 0 || speaker->cookie < 0)
		return 0;
	*cookie = speaker->cookie;
	*begin = speaker->cookie_at;
	for (n = 0; n < length && *begin + n < IPERF_COOKIE_LENGTH; n++)
		if (octets[n] != steps->cookies[*cookie].octets[*begin + n])
			break;
	return n;
}

/* The step's pieces. */
static void add_pieces(struct record_steps *steps, struct record_speaker *speaker, struct case_step *step,
		       const uint8_t *octets, size_t length)
{
	size_t from = 0, at = 0, n, begin;
	int cookie = 0, left_in = -1;
	size_t left_at = 0;

	while (at < length) {
		n = cookie_at(steps, speaker, octets, length, at, &cookie, &begin);
		if (n > 0) {
			add_literal(steps, step, octets + from, at - from, 1);
			add_cookie(steps, step, cookie, begin, begin + n);
			from = at += n;
			if (begin + n < IPERF_COOKIE_LENGTH && at < length)
				steps->fixed[cookie] = true; /* what follows must differ from it */
			left_in = begin + n < IPERF_COOKIE_LENGTH && at == length ? cookie : -1;
			left_at = begin + n;
			continue;
		}
		n = run_length(octets + at, length - at);
		if (n >= RUN_MIN) {
			add_literal(steps, step, octets + from, at - from, 1);
			add_literal(steps, step, octets + at, 1, n);
			from = at + n;
		}
		at += n >= RUN_MIN ? n : 1;
	}
	add_literal(steps, step, octets + from, length - from, 1);
	speaker->cookie = left_in;
	speaker->cookie_at = left_at;
}

/* The cuts that lie between from and to. */
static void add_cuts(struct record_steps *steps, struct case_step *step, size_t from, size_t to, const size_t *cuts,
		     size_t count)
{
	size_t n = 0, each;

	while (count > 0 && *cuts <= from)
		cuts++, count--;
	while (n < count && cuts[n] < to)
		n++;
	if (n == 0)
		return;
	each = cuts[0] - from;
	for (size_t i = 0; i < n && each; i++)
		if (cuts[i] != from + each * (i + 1))
			each = 0;
	if (each && n > 2 && from + each * (n + 1) >= to) {
		step->cut_into = each;
		return;
	}
	if (n > CUTS_MAX)
		n = CUTS_MAX;
	step->cuts = calloc(n, sizeof *step->cuts);
	steps->failed |= !step->cuts;
	for (size_t i = 0; i < n && step->cuts; i++)
		step->cuts[i] = cuts[i] - from;
	step->cut_count = step->cuts ? n : 0;
}

/* The message that begins there, whole, with any cookie; its length, or 0. */
static size_t message_at(const uint8_t *octets, size_t length, enum iperf_message_kind *kind, struct iperf_cookie *cookie)
{
	struct iperf_parser parser;
	size_t used;

	iperf_parser_init(&parser, IPERF_GRAMMAR_MESSAGE, NULL);
	used = iperf_parser_feed(&parser, octets, length);
	if (parser.status != IPERF_PARSE_DONE)
		return 0;
	*kind = parser.kind;
	*cookie = parser.cookie;
	return used;
}

/* The first octets of a connection, when they are a preamble: how many were written; else 0. */
static size_t add_opening(struct record_steps *steps, struct record_speaker *speaker, enum case_direction direction,
			  const uint8_t *octets, size_t length, const size_t *cuts, size_t cut_count, bool together)
{
	struct iperf_cookie preamble, cookie;
	enum iperf_message_kind kind = IPERF_TEST_BEGIN;
	struct case_step *step;
	size_t n;
	int index;

	if (length < IPERF_COOKIE_LENGTH)
		return 0;
	memcpy(preamble.octets, octets, IPERF_COOKIE_LENGTH);
	n = message_at(octets + IPERF_COOKIE_LENGTH, length - IPERF_COOKIE_LENGTH, &kind, &cookie);
	if (n == 0 && length > IPERF_COOKIE_LENGTH && cookie_prefix(steps, octets, length, &index) < IPERF_COOKIE_LENGTH &&
	    memcmp(octets + IPERF_COOKIE_LENGTH, "IPERF", length < 37 ? length - IPERF_COOKIE_LENGTH : 5) != 0)
		return 0; /* 32 octets of something else */
	index = record_cookie(steps, &preamble);
	if (index < 0)
		return 0;
	together = together && n > 0 && kind != IPERF_RESULTS_RESPONSE && iperf_cookie_equal(&preamble, &cookie);
	step = record_step(steps, together ? CASE_MESSAGE : CASE_PREAMBLE, direction, speaker->label);
	step->cookie = index;
	step->message = kind;
	n = together ? n : 0;
	add_cuts(steps, step, 0, IPERF_COOKIE_LENGTH + n, cuts, cut_count);
	return IPERF_COOKIE_LENGTH + n;
}

static bool known(const struct record_steps *steps, const struct iperf_cookie *cookie)
{
	for (size_t i = 0; i < steps->cookie_count; i++)
		if (iperf_cookie_equal(&steps->cookies[i], cookie))
			return true;
	return false;
}

/* The same as message_at(), but what another begins within, with a cookie that is known, is none: only the other is. */
static size_t clear_message_at(const struct record_steps *steps, const uint8_t *octets, size_t length,
			       enum iperf_message_kind *kind, struct iperf_cookie *cookie)
{
	enum iperf_message_kind other_kind;
	struct iperf_cookie other;
	size_t n = message_at(octets, length, kind, cookie);

	for (size_t i = 1; i < n && !known(steps, cookie); i++)
		if (message_at(octets + i, length - i, &other_kind, &other) && known(steps, &other))
			return 0;
	return n;
}

/* Where the next whole message begins, at `from` or behind. */
static size_t next_message(const struct record_steps *steps, const uint8_t *octets, size_t length, size_t from)
{
	enum iperf_message_kind kind;
	struct iperf_cookie cookie;

	for (; from < length; from++)
		if (octets[from] == 'I' && clear_message_at(steps, octets + from, length - from, &kind, &cookie))
			break;
	return from;
}

void record_octets(struct record_steps *steps, struct record_speaker *speaker, enum case_direction direction,
		   const uint8_t *octets, size_t length, const size_t *cuts, size_t cut_count, bool preamble)
{
	enum iperf_message_kind kind;
	struct iperf_cookie cookie;
	size_t at = 0, n, next;
	struct case_step *step;
	int index = -1;

	record_label(steps, speaker);
	if (!speaker->said && !speaker->udp && direction == CASE_TO_SERVER)
		at = add_opening(steps, speaker, direction, octets, length, cuts, cut_count, preamble);
	if (!speaker->said && at == 0 && message_at(octets, length, &kind, &cookie) > 0)
		record_cookie(steps, &cookie); /* without a preamble: octets, but its cookie has a name */
	speaker->said |= at > 0;
	for (; at < length; at += n, speaker->said = true) {
		n = speaker->said || speaker->udp ? clear_message_at(steps, octets + at, length - at, &kind, &cookie) : 0;
		if (n > 0 && kind != IPERF_RESULTS_RESPONSE && (index = record_cookie(steps, &cookie)) >= 0 &&
		    (!speaker->udp || n == length)) {
			step = record_step(steps, CASE_MESSAGE, direction, speaker->label);
			step->message = kind;
			step->cookie = index;
			speaker->cookie = -1;
		} else {
			next = speaker->said && !speaker->udp ? next_message(steps, octets, length, at + 1) : length;
			n = next - at;
			step = record_step(steps, CASE_OCTETS, direction, speaker->label);
			add_pieces(steps, speaker, step, octets + at, n);
		}
		add_cuts(steps, step, at, at + n, cuts, cut_count);
	}
}
