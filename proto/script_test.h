/* Scripts: rows of events with the decisions that each of them must lead to, run in every segmentation.
 *
 *   { "6.1/first-preamble-is-taken R-6.1-1", AT, {
 *       "a connect",               an event, in the words of the session's own header
 *       "a: A TEST_BEGIN",         octets for a, as octets_test.h has them
 *       "  TAKE a R-6.1-1",        behind two spaces: what the event leads to, all of it and in this order
 *       "  BEGIN a R-5.1-5" } },
 *
 * A row is run with its octets as they are, joined (octets for the same connection in steps that follow each other
 * arrive as one), by ones with empty arrivals between, cut once at each place, and cut by chance: the decisions must be
 * the same. R-4.3-1. */
#ifndef IPERF_PROTO_SCRIPT_TEST_H
#define IPERF_PROTO_SCRIPT_TEST_H

#include "proto/octets_test.h"

#define SCRIPT_LINES 64

struct script_row {
	const char *name;
	const char *at;
	const char *lines[SCRIPT_LINES];
};

enum script_cut {
	SCRIPT_WHOLE,
	SCRIPT_JOINED,
	SCRIPT_ONES,
	SCRIPT_CUT,
	SCRIPT_CHANCE,
	SCRIPT_CUTS,
};

struct script {
	const struct script_row *row;
	enum script_cut cut;
	size_t cut_at;  /* SCRIPT_CUT: where; SCRIPT_CHANCE: which */
	size_t longest; /* octets of one step */
	uint64_t seed;
	size_t used;
	char log[16384]; /* what the present step has led to */
};

/* One event. It calls script_log() for what it leads to. */
typedef void script_step(struct script *script, const char *step);

/* Octets of one segment; false when no more are wanted, because the connection is closed. */
typedef bool script_feed(struct script *script, void *context, const uint8_t *octets, size_t length);

__attribute__((format(printf, 2, 3))) static inline void script_log(struct script *script, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	script->used += (size_t)vsnprintf(script->log + script->used, sizeof script->log - script->used, format,
					  arguments);
	va_end(arguments);
	assert_true(script->used < sizeof script->log - 1);
	script->log[script->used++] = '\n';
	script->log[script->used] = '\0';
}

/* --- segmentation ------------------------------------------------------------------------------------------------ */

static inline size_t script_segment(struct script *script, size_t at, size_t length)
{
	switch (script->cut) {
	case SCRIPT_ONES:
		return 1;
	case SCRIPT_CUT:
		return at < script->cut_at && script->cut_at < length ? script->cut_at - at : length - at;
	case SCRIPT_CHANCE:
		return 1 + chance(&script->seed, length - at);
	case SCRIPT_WHOLE:
	case SCRIPT_JOINED:
	case SCRIPT_CUTS:
		break;
	}
	return length - at;
}

/* Feeds octets in the cuts of this run, each segment against an unreadable page. */
static inline void script_octets(struct script *script, script_feed *feed, void *context, const struct octets *octets)
{
	size_t at = 0;
	bool wanted = true;

	if (octets->length > script->longest)
		script->longest = octets->length;
	if (octets->length == 0)
		feed(script, context, ground(octets->at, 0), 0);
	while (wanted && at < octets->length) {
		size_t n = script_segment(script, at, octets->length);

		wanted = feed(script, context, ground(octets->at + at, n), n);
		if (wanted && script->cut == SCRIPT_ONES)
			wanted = feed(script, context, NULL, 0);
		at += n;
	}
}

/* The next way to cut; false after the last. Begin with a script that is all zero. */
static inline bool script_next(struct script *script)
{
	script->cut_at += script->cut == SCRIPT_CUT && script->cut_at > 0 && slow() ? 10 : 1;
	if (script->cut == SCRIPT_CUT && script->cut_at < script->longest && script->cut_at < 1000)
		return true;
	if (script->cut == SCRIPT_CHANCE && script->cut_at < rounds(20))
		return true;
	script->cut_at = 0;
	script->cut++;
	return script->cut < SCRIPT_CUTS;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static inline void script_fail(const struct script *script, const char *step, const char *expected)
{
	static const char *const cuts[] = { "whole", "joined", "by ones", "cut at", "by chance" };

	fprintf(stderr, "# %s: %s\n# octets %s %zu; at step: %s\n# expected:\n%s# actual:\n%s", script->row->at,
		script->row->name, cuts[script->cut], script->cut_at, step, expected, script->log);
	fail();
}

/* Whether both steps are octets for the same connection. */
static inline bool script_joins(const char *step, const char *next)
{
	const char *colon = strchr(step, ':');

	return colon && strncmp(step, "udp", 3) != 0 && next && strncmp(step, next, (size_t)(colon - step) + 1) == 0;
}

/* Copies the expected lines from line on, without their indentation, behind what expected holds; returns the step that
 * follows them, or NULL. */
static inline const char *const *script_expected(const char *const *line, char *expected, size_t size)
{
	size_t used = strlen(expected);

	for (; *line && **line == ' '; line++)
		used += (size_t)snprintf(expected + used, size - used, "%s\n", *line + strspn(*line, " "));
	return line;
}

/* Runs the row once, in script's cut. */
static inline void script_run(struct script *script, script_step *run)
{
	const char *const *line = script->row->lines;

	while (*line) {
		char step[2000], expected[16384] = "";
		size_t used = (size_t)snprintf(step, sizeof step, "%s", *line);
		const char *const *next = script_expected(line + 1, expected, sizeof expected);

		while (script->cut == SCRIPT_JOINED && *next && script_joins(*line, *next)) {
			used += (size_t)snprintf(step + used, sizeof step - used, "%s", strchr(*next, ':') + 1);
			next = script_expected(next + 1, expected, sizeof expected);
		}
		script->used = 0;
		script->log[0] = '\0';
		run(script, step);
		if (strcmp(script->log, expected) != 0)
			script_fail(script, step, expected);
		line = next;
	}
}

#endif
