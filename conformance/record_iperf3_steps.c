#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/record_iperf3.h"

#define TEXT_LITERAL_MAX (512u << 10) /* a case has 1 MiB at most, and octets take two characters each */

/* --- octets ------------------------------------------------------------------------------------------------------ */

static void add_literal(struct record_steps *steps, struct case_step *step, const uint8_t *octets, size_t length)
{
	struct case_piece *piece = calloc(1, sizeof *piece);

	if (!piece || length > TEXT_LITERAL_MAX) {
		steps->failed = true;
		free(piece);
		return;
	}
	*piece = (struct case_piece){ .cookie = -1, .repeat = 1, .length = length, .octets = malloc(length + 1) };
	step->pieces = piece;
	step->piece_count = 1;
	if (piece->octets)
		memcpy(piece->octets, octets, length);
	else
		steps->failed = true;
}

void record_iperf3_octets_of(struct record_steps *steps, enum case_direction direction, int label, const uint8_t *octets,
			     size_t length)
{
	add_literal(steps, record_step(steps, CASE_OCTETS, direction, label), octets, length);
}

struct case_step *record_iperf3_state(struct record_steps *steps, enum case_direction direction, int label, int state)
{
	struct case_step *step = record_step(steps, CASE_STATE, direction, label);

	step->number = state;
	step->has_number = !iperf3_state_name(state) || state == IPERF3_SERVER_ERROR;
	return step;
}

/* --- cookies ----------------------------------------------------------------------------------------------------- */

/* As R-22.2-1 says: any other will do. */
static bool is_random(const struct iperf3_cookie *cookie)
{
	for (size_t i = 0; i + 1 < sizeof cookie->octets; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz234567", cookie->octets[i], 32))
			return false;
	return cookie->octets[sizeof cookie->octets - 1] == 0;
}

static size_t equal_octets(const struct iperf3_cookie *a, const struct iperf3_cookie *b)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof a->octets; i++)
		count += a->octets[i] == b->octets[i];
	return count;
}

/* Its index; -1: there are too many. */
static int index_of(const struct record_steps *steps, struct record_cookies *cookies, const struct iperf3_cookie *cookie)
{
	size_t index = cookies->count;

	for (size_t i = 0; i < cookies->count; i++)
		if (memcmp(&cookies->at[i], cookie, sizeof *cookie) == 0)
			return (int)i;
	if (index == RECORD_IPERF3_COOKIES)
		return -1;
	cookies->count++;
	cookies->at[index] = *cookie;
	cookies->fixed[index] = steps->same_cookies || !is_random(cookie);
	for (size_t i = 0; i < index; i++)
		if (equal_octets(&cookies->at[i], cookie) >= IPERF3_COOKIE_LENGTH / 2)
			cookies->fixed[i] = cookies->fixed[index] = true; /* how they differ is the point */
	return (int)index;
}

void record_iperf3_cookie(struct record_steps *steps, struct record_cookies *cookies, int label,
			  const struct iperf3_cookie *cookie)
{
	int index = index_of(steps, cookies, cookie);

	if (index >= 0)
		record_step(steps, CASE_COOKIE, CASE_TO_SERVER, label)->cookie = index;
	else
		record_iperf3_octets_of(steps, CASE_TO_SERVER, label, cookie->octets, sizeof cookie->octets);
}

void record_iperf3_set_cookies(struct record_steps *steps, const struct record_cookies *cookies)
{
	struct case_file *file = steps->file;
	size_t before = file->step_count, set;

	for (size_t i = 0; i < cookies->count; i++) {
		if (cookies->fixed[i]) {
			struct case_step *step = record_step(steps, CASE_SET_COOKIE, CASE_TO_SERVER, -1);

			step->cookie = (int)i;
			add_literal(steps, step, cookies->at[i].octets, sizeof cookies->at[i].octets);
		}
	}
	set = file->step_count - before;
	for (size_t i = 0; i < set && !steps->failed; i++) {
		struct case_step step = file->steps[before + i];

		memmove(file->steps + i + 1, file->steps + i, (before) * sizeof step);
		file->steps[i] = step;
	}
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

/* Whether it can stand in a line as it is: one object, in one line, and no word of the notation in it. */
static bool can_stand(const uint8_t *text, size_t length)
{
	json_t *value;
	bool is_object;

	if (length < 2 || text[0] != '{' || text[length - 1] != '}' || memmem(text, length, "$port(", 6))
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			return false;
	value = json_loadb((const char *)text, length, JSON_DECODE_INT_AS_REAL, NULL);
	is_object = json_is_object(value);
	json_decref(value);
	return is_object;
}

void record_iperf3_text(struct record_steps *steps, enum case_what what, enum case_direction direction, int label,
			const uint8_t *text, size_t length)
{
	struct case_step *step;

	if (!can_stand(text, length)) {
		add_literal(steps, record_step(steps, CASE_TEXT, direction, label), text, length);
		return;
	}
	step = record_step(steps, what, direction, label);
	step->json = strndup((const char *)text, length);
	steps->failed |= !step->json;
}
