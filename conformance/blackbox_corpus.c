/* The seeds of inputs: the cases, cut where the server is free again. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>

#include "conformance/shortage.h"

uint64_t blackbox_random(struct blackbox_random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

size_t blackbox_below(struct blackbox_random *random, size_t limit)
{
	return limit ? (size_t)(blackbox_random(random) % limit) : 0;
}

/* What an input has no use for: judgements, and what needs a server of its own. */
static bool is_left_out(const struct case_step *step)
{
	switch (step->what) {
	case CASE_MARK: case CASE_EXIT: case CASE_SAYS: case CASE_SIGNAL: case CASE_REFUSE: case CASE_SERVE: case CASE_NOTHING:
		return true;
	default:
		return false;
	}
}

static void add_step(struct blackbox_lines *seed, const struct case_file *file, const struct case_step *step)
{
	struct case_step plain = *step;
	char text[BLACKBOX_LINE_MAX + 2];

	plain.has_within = plain.has_not_before = false;
	plain.from = -1;
	plain.or = CASE_OR_NOTHING;
	if (plain.what == CASE_WAIT)
		plain.time = (struct case_time){ .ns = 20 * IPERF_MS };
	case_step_text(file, &plain, text, sizeof text);
	for (size_t i = 0; text[i]; i++)
		if (i == BLACKBOX_LINE_MAX)
			return;
	blackbox_add(seed, "%s", text);
}

static void end_seed(struct blackbox_corpus *corpus, struct blackbox_lines *seed)
{
	struct case_file *file;

	while (seed->count > BLACKBOX_LINES_MAX / 2)
		blackbox_remove(seed, seed->count - 1);
	file = blackbox_repair(corpus->profile, seed);
	if (file) {
		struct blackbox_lines *seeds = realloc(corpus->seeds, (corpus->count + 1) * sizeof *seeds);

		if (!seeds)
			shortage_end();
		corpus->seeds = seeds;
		seeds[corpus->count++] = *seed;
		*seed = (struct blackbox_lines){ 0 };
	}
	case_free(file);
	blackbox_clear(seed);
}

void blackbox_corpus_make(struct blackbox_corpus *corpus, enum case_profile profile, struct case_file *const cases[],
			  size_t count)
{
	struct blackbox_lines seed = { 0 };

	*corpus = (struct blackbox_corpus){ .profile = profile };
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < cases[i]->step_count; k++) {
			if (cases[i]->steps[k].what == CASE_FREE)
				end_seed(corpus, &seed);
			else if (!is_left_out(&cases[i]->steps[k]))
				add_step(&seed, cases[i], &cases[i]->steps[k]);
		}
		end_seed(corpus, &seed);
	}
}

void blackbox_corpus_free(struct blackbox_corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		blackbox_clear(&corpus->seeds[i]);
	free(corpus->seeds);
	*corpus = (struct blackbox_corpus){ 0 };
}
