/* The case of what was found: the input's lines, and those behind them by which the fault shows. */
#include "conformance/blackbox_private.h"

#include <stdlib.h>

/* Whatever else the server has said is no matter; and the end of what is still open. */
static void add_rest(enum case_profile profile, struct blackbox_lines *lines, const char *end)
{
	struct case_error error;
	struct case_file *file = blackbox_parse(profile, lines, &error);

	for (size_t i = 0; file && i < file->label_count; i++) {
		const struct case_label *label = &file->labels[i];
		bool closed = false;

		for (size_t k = 0; k < file->step_count; k++)
			closed = closed || (file->steps[k].label == (int)i &&
					    (file->steps[k].what == CASE_CLOSE || file->steps[k].what == CASE_RESET ||
					     file->steps[k].what == CASE_CLOSED || file->steps[k].what == CASE_FAILED ||
					     file->steps[k].what == CASE_DENIED));
		if (closed || (label->udp && profile == CASE_TEXT_PROFILE))
			continue;
		blackbox_add(lines, "%s S>C [payload]%s", label->name, profile == CASE_IPERF3 ? "" : " within 100ms");
		if (!label->udp)
			blackbox_add(lines, "%s %s", label->name, end);
	}
	case_free(file);
}

/* How the case writes the cookie of the fault: the first one has no number. */
static const char *cookie_name(const struct blackbox_fault *fault, char name[static 20])
{
	if (fault->cookie > 0)
		snprintf(name, 20, "$cookie%d", fault->cookie + 1);
	else
		snprintf(name, 20, "$cookie");
	return name;
}

/* The streams that were awaited come, and the test is to begin. */
static void add_streams(struct blackbox_lines *lines, const struct blackbox_fault *fault, const char *label,
			const char *broken)
{
	char cookie[20];

	for (unsigned i = 1; i <= fault->streams; i++)
		blackbox_add(lines, "#d%u C>S cookie %s", i, cookie_name(fault, cookie));
	blackbox_add(lines, "%s S>C TEST_START within 1s ; %s", label, broken);
}

static void add_newcomer(enum case_profile profile, struct blackbox_lines *lines, const char *broken)
{
	if (profile == CASE_IPERF3) {
		blackbox_add(lines, "#n C>S cookie $cookie15");
		blackbox_add(lines, "#n S>C denied within 1s ; %s", broken);
	} else {
		blackbox_add(lines, "#n C>S preamble $cookie15");
		blackbox_add(lines, "#n S>C closed within 1s ; %s", broken);
	}
}

static void add_second(struct blackbox_lines *lines, const struct blackbox_fault *fault, const char *broken)
{
	char cookie[20];

	blackbox_add(lines, "#n C>S IPERF_TEST_BEGIN %s", cookie_name(fault, cookie));
	blackbox_add(lines, "#n S>C closed within 1s ; %s", broken);
}

/* The test goes on for longer than its time. */
static void add_payload(struct blackbox_lines *lines, const struct blackbox_fault *fault, const char *label,
			const char *stream, const char *broken)
{
	int64_t times = fault->bound_ns / BLACKBOX_PAUSE_NS;

	if (fault->stream < 0) {
		blackbox_add(lines, "%s S>C failed within %.1fs ; %s", label, (double)fault->bound_ns / 1e9, broken);
		return;
	}
	for (int64_t i = 0; i < times; i++) {
		blackbox_add(lines, "%s C>S [1000 octets of payload]", stream);
		blackbox_add(lines, "wait %dms", (int)(BLACKBOX_PAUSE_NS / IPERF_MS));
	}
	blackbox_add(lines, "%s S>C failed within 100ms ; %s", label, broken);
}

/* The next client, when the connections have ended or are left as they are. */
static void add_next(enum case_profile profile, struct blackbox_lines *lines, const struct blackbox_fault *fault)
{
	const char *broken = iperf_requirements[fault->requirement].id;
	enum blackbox_kind kind = fault->kind;

	if (kind == BLACKBOX_ENDED)
		blackbox_add(lines, "wait 1s"); /* its end is seen, or it is free */
	else if (profile == CASE_IPERF3)
		blackbox_add(lines, "free within %.1fs ; %s", (double)fault->bound_ns / 1e9, broken);
	else if (kind == BLACKBOX_BUSY || kind == BLACKBOX_KEEPS)
		blackbox_add(lines, "wait %.1fs", (double)fault->bound_ns / 1e9);
	blackbox_add_clean(profile, fault->udp, lines, fault->requirement);
}

void blackbox_case_lines(enum case_profile profile, const struct blackbox_lines *input,
			 const struct blackbox_fault *fault, const char *label, const char *stream,
			 struct blackbox_lines *out, size_t *first)
{
	const char *broken = iperf_requirements[fault->requirement].id;
	char closed[60];

	snprintf(closed, sizeof closed, "S>C closed within %.1fs", (double)fault->silence_ns / 1e9);
	blackbox_copy(out, input);
	if (fault->kind == BLACKBOX_BUSY || fault->kind == BLACKBOX_ENDED)
		add_rest(profile, out, "C>S close");
	else if (fault->kind == BLACKBOX_KEEPS)
		add_rest(profile, out, closed);
	else if (fault->kind == BLACKBOX_WAITS || fault->kind == BLACKBOX_HALF)
		blackbox_add(out, "%s S>C [payload]%s", label, profile == CASE_IPERF3 ? "" : " within 100ms");
	*first = out->count;
	switch (fault->kind) {
	case BLACKBOX_WAITS:
		blackbox_add(out, "%s %s ; %s", label, closed, broken);
		break;
	case BLACKBOX_HOLDS:
		add_streams(out, fault, label, broken);
		break;
	case BLACKBOX_DEAF:
		add_newcomer(profile, out, broken);
		break;
	case BLACKBOX_SECOND:
		add_second(out, fault, broken);
		break;
	case BLACKBOX_HALF:
		blackbox_add(out, "wait %.1fs", (double)fault->bound_ns / 1e9);
		blackbox_add(out, "%s C>S octets 00", label);
		blackbox_add(out, "%s S>C reset within 1s ; %s", label, broken);
		break;
	case BLACKBOX_OVER:
		add_payload(out, fault, label, stream, broken);
		break;
	case BLACKBOX_DELAYS: case BLACKBOX_KEEPS: case BLACKBOX_BUSY: case BLACKBOX_ENDED:
		add_next(profile, out, fault);
		break;
	case BLACKBOX_FINE: case BLACKBOX_UNTESTED:
		break;
	}
}

static bool has_clean(enum blackbox_kind kind)
{
	return kind == BLACKBOX_DELAYS || kind == BLACKBOX_KEEPS || kind == BLACKBOX_BUSY || kind == BLACKBOX_ENDED;
}

static const char *title_of(enum blackbox_kind kind)
{
	switch (kind) {
	case BLACKBOX_WAITS:
		return "Silence does not last for ever";
	case BLACKBOX_HOLDS:
		return "A silent connection does not delay a test";
	case BLACKBOX_DEAF:
		return "During a test a newcomer is turned away";
	case BLACKBOX_SECOND:
		return "During a test a second control connection is turned away";
	case BLACKBOX_HALF:
		return "A connection that the server has ended is closed";
	case BLACKBOX_OVER:
		return "A test ends some time after its time";
	case BLACKBOX_ENDED:
		return "The server goes on";
	case BLACKBOX_FINE: case BLACKBOX_DELAYS: case BLACKBOX_KEEPS: case BLACKBOX_BUSY: case BLACKBOX_UNTESTED:
		break;
	}
	return "The next client is served";
}

struct case_file *blackbox_as_file(enum case_profile profile, const struct blackbox_lines *lines,
				   const struct blackbox_fault *fault, const char *name)
{
	struct case_error error;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct case_file *file;

	if (!out)
		return NULL;
	fprintf(out, "id %s\ntitle %s\nrole server\nprofile %s\ntests %s%s\n\n", name, title_of(fault->kind),
		case_profile_name(profile), iperf_requirements[fault->requirement].id,
		has_clean(fault->kind) && profile == CASE_IPERF3 && fault->requirement != IPERF_R_23_21 ? " R-23-21" : "");
	for (size_t i = 0; i < lines->count; i++)
		fprintf(out, "%s\n", lines->line[i]);
	fclose(out);
	file = case_parse("-", text, length, &error);
	free(text);
	return file;
}
