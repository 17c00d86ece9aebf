/* Looks into what was found: whether it comes again, what of the input it needs, and what becomes of the server. */
#include "conformance/blackbox_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAME_MAX 3 /* so often a fault of one kind and requirement is looked into */

/* --- playing it on its own ---------------------------------------------------------------------------------------- */

/* Only what was done, and what the server did; for the rest there was time. */
static void keep_held(const struct blackbox_input *input, const bool *held, struct blackbox_lines *lines)
{
	for (size_t i = 0; i < input->file->step_count; i++) {
		const char *line = input->lines.line[input->file->steps[i].line - BLACKBOX_HEAD - 1];

		blackbox_insert(lines, lines->count, held[i] ? line : "wait 100ms");
	}
}

/* In place of the capture that there is. */
static void replace_capture(const struct blackbox *box, const char *made, bool better)
{
	if (better || access(box->capture, F_OK) != 0)
		rename(made, box->capture);
	else
		unlink(made);
}

bool blackbox_play_alone(struct blackbox *box, const struct case_file *file, struct play_result *result)
{
	char text[300];

	if (!box->command && !blackbox_is_served(box, BLACKBOX_FREE_NS, text, sizeof text))
		return false;
	blackbox_stop(box);
	box->player->command = box->command;
	play_case(box->player, file, result);
	box->player->command = NULL;
	json_decref(result->steps);
	json_decref(result->said);
	json_decref(result->cookies);
	free(result->output);
	return true;
}

/* Whether the play of the case shows the fault, whose lines begin at first. */
static bool shows(const struct blackbox_fault *fault, const struct play_result *result, size_t first)
{
	bool fails = result->verdict == PLAY_FAIL && result->line > first + BLACKBOX_HEAD;
	bool has_ended = strstr(result->observed, "has ended") != NULL;
	bool is_refused = strstr(result->observed, "refused") != NULL;

	if (fault->kind == BLACKBOX_ENDED) /* the line during which it ends need not be the last */
		return fails || (result->verdict == PLAY_FAIL && (has_ended || is_refused));
	if (fault->kind == BLACKBOX_WAITS) /* and not what came on another connection */
		fails = fails && strstr(result->observed, "nothing");
	return fails && !has_ended;
}

bool blackbox_fails(struct blackbox *box, const struct blackbox_lines *input, const struct blackbox_fault *fault,
		    const char *label, const char *stream)
{
	struct blackbox_lines lines = { 0 };
	struct blackbox_capture *capture = NULL;
	struct play_result result = { 0 };
	char made[sizeof box->capture + 8];
	struct case_file *file;
	size_t first = 0;
	bool fails = false;

	blackbox_case_lines(box->options->profile, input, fault, label, stream, &lines, &first);
	file = blackbox_as_file(box->options->profile, &lines, fault, "fuzz/1");
	blackbox_clear(&lines);
	snprintf(made, sizeof made, "%s.new", box->capture);
	if (file && *box->capture)
		capture = blackbox_capture_begin(box, &box->player->wire, made);
	if (file && blackbox_play_alone(box, file, &result))
		fails = shows(fault, &result, first);
	if (capture) {
		blackbox_capture_end(box, &box->player->wire, capture);
		replace_capture(box, made, fails);
	}
	case_free(file);
	return fails;
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

static void save(struct blackbox *box, const struct blackbox_lines *input, struct blackbox_finding *finding,
		 const char *label, const char *stream)
{
	struct blackbox_lines lines = { 0 };
	char path[4200], name[80], back[100];
	struct case_file *file;
	size_t first;
	FILE *out;

	snprintf(name, sizeof name, "fuzz-%llu/%llu", (unsigned long long)box->options->seed,
		 (unsigned long long)finding->number);
	blackbox_case_lines(box->options->profile, input, &finding->fault, label, stream, &lines, &first);
	file = blackbox_as_file(box->options->profile, &lines, &finding->fault, name);
	blackbox_clear(&lines);
	*strchr(name, '/') = '-';
	snprintf(path, sizeof path, "%s/%s.case", box->options->out, name);
	out = file ? fopen(path, "w") : NULL;
	if (out) {
		blackbox_recovery_text(&finding->fault, back, sizeof back);
		fprintf(out, "// %s\n", finding->fault.text);
		if (*back)
			fprintf(out, "// %s\n", back);
		fprintf(out, "// %s: %s\n", finding->reproduced ? "seen again with a fresh server" : "not seen again",
			box->options->name);
		case_print(file, out);
		snprintf(finding->name, sizeof finding->name, "%.63s", name);
	}
	if (!out || fclose(out) != 0)
		snprintf(box->stopped, sizeof box->stopped, "%.300s: cannot be written: %s", path, strerror(errno));
	case_free(file);
}

/* --- what is new -------------------------------------------------------------------------------------------------- */

/* The kind and the requirement, and behind them the last line that was sent, without numbers. */
static void describe(const struct blackbox_fault *fault, const struct blackbox_lines *input, char *text, size_t size)
{
	const char *last = "";
	int head = snprintf(text, size, "%d %s ", fault->kind, iperf_requirements[fault->requirement].id);
	size_t n = head > 0 ? (size_t)head : 0;

	for (size_t i = 0; i < input->count; i++)
		if (strstr(input->line[i], " C>S ") && !strstr(input->line[i], " C>S close") && !strstr(input->line[i], " C>S reset"))
			last = strstr(input->line[i], " C>S ");
	for (; *last && n + 1 < size; last++)
		if (*last < '0' || *last > '9')
			text[n++] = *last;
	text[n] = '\0';
}

bool blackbox_is_common(const struct blackbox *box, enum blackbox_kind kind, enum iperf_requirement requirement)
{
	unsigned times = 0;

	for (size_t i = 0; i < box->finding_count; i++)
		if (box->findings[i].fault.kind == kind && box->findings[i].fault.requirement == requirement)
			times += box->findings[i].times;
	return times >= SAME_MAX;
}

/* Whether it was found before, or so often a fault of its kind that one more is none; counts it there. */
static bool is_known(struct blackbox *box, const struct blackbox_finding *finding)
{
	bool common = blackbox_is_common(box, finding->fault.kind, finding->fault.requirement);

	for (size_t i = 0; i < box->finding_count; i++) {
		struct blackbox_finding *one = &box->findings[i];

		if (strcmp(one->like, finding->like) != 0 &&
		    (!common || one->fault.kind != finding->fault.kind || one->fault.requirement != finding->fault.requirement))
			continue;
		one->times++;
		return true;
	}
	return box->finding_count == BLACKBOX_FINDINGS_MAX;
}

/* What is true although it was not seen again: a process has ended; a server that is not ours does not recover. */
static bool is_certain(const struct blackbox *box, const struct blackbox_fault *fault)
{
	return !blackbox_interrupted(box) &&
	       (fault->kind == BLACKBOX_ENDED || (!box->command && fault->after_ns > 0 && !fault->recovered));
}

/* Whether it is one; it has been kept and saved then. */
static bool keep(struct blackbox *box, const struct blackbox_lines *lines, struct blackbox_finding *finding,
		 const char *label, const char *stream)
{
	describe(&finding->fault, lines, finding->like, sizeof finding->like);
	finding->broken_off = blackbox_interrupted(box) && !finding->reproduced;
	if (!finding->reproduced && !is_certain(box, &finding->fault)) {
		box->unsure++;
		blackbox_report_finding(box, finding);
		return false;
	}
	if (is_known(box, finding))
		return false;
	box->findings[box->finding_count] = *finding;
	if (box->options->out)
		save(box, lines, &box->findings[box->finding_count], label, stream);
	box->finding_count++;
	blackbox_report_finding(box, &box->findings[box->finding_count - 1]);
	return true;
}

/* Not where less could be right, and fail as well: a newcomer is served where no test is, a test need not end without
 * its time or before IPERF_DONE, nor one whose payload is read; or where what it needs stands in no line. */
static bool may_reduce(const struct blackbox_fault *fault, const struct blackbox_lines *lines)
{
	enum blackbox_kind kind = fault->kind;

	for (size_t i = 0; i < lines->count; i++)
		if (kind == BLACKBOX_WAITS && (strstr(lines->line[i], "\"reverse\"") || strstr(lines->line[i], "\"bidirectional\"")))
			return false;
	if (kind == BLACKBOX_DELAYS && fault->requirement != IPERF_R_30_3 && fault->requirement != IPERF_R_10_5)
		return false;
	return kind != BLACKBOX_HOLDS && kind != BLACKBOX_DEAF && kind != BLACKBOX_SECOND &&
	       kind != BLACKBOX_OVER;
}

/* What is left of the input may break something else than the whole of it seemed to. */
static void name_anew(const struct blackbox *box, const struct blackbox_lines *lines, struct blackbox_fault *fault)
{
	struct case_error error;
	struct case_file *file = fault->kind == BLACKBOX_ENDED ? blackbox_parse(box->options->profile, lines, &error) : NULL;

	if (file)
		fault->requirement = blackbox_ended_by(box, file);
	case_free(file);
}

/* Twice, where a loaded host might be as late as a server in fault. */
static bool comes_again(struct blackbox *box, const struct blackbox_lines *lines, const struct blackbox_fault *fault,
			const char *label, const char *stream)
{
	bool is_late = fault->kind != BLACKBOX_ENDED && fault->bound_ns <= BLACKBOX_FREE_NS;

	return blackbox_fails(box, lines, fault, label, stream) &&
	       (!is_late || blackbox_fails(box, lines, fault, label, stream));
}

void blackbox_found(struct blackbox *box, const struct blackbox_input *input, const bool *held,
		    const struct blackbox_fault *fault)
{
	struct blackbox_finding finding = { .fault = *fault, .number = box->inputs, .times = 1 };
	const char *label = input->file->label_count ? input->file->labels[fault->label].name : "";
	const char *stream = fault->stream >= 0 && input->file->label_count ? input->file->labels[fault->stream].name : "";
	struct blackbox_lines lines = { 0 };

	describe(fault, &input->lines, finding.like, sizeof finding.like);
	if (is_known(box, &finding))
		return;
	if (box->options->out)
		snprintf(box->capture, sizeof box->capture, "%.4000s/fuzz-%llu-%llu.pcap", box->options->out,
			 (unsigned long long)box->options->seed, (unsigned long long)box->inputs);
	if (*box->capture)
		unlink(box->capture); /* of a run before, of which nothing is to be left */
	blackbox_report_progress(box, "whether it recovers");
	blackbox_await_recovery(box, &finding.fault);
	keep_held(input, held, &lines);
	finding.reproduced = comes_again(box, &lines, &finding.fault, label, stream);
	if (finding.reproduced && may_reduce(fault, &lines))
		blackbox_reduce(box, &lines, &finding.fault, label, stream);
	name_anew(box, &lines, &finding.fault);
	if (!keep(box, &lines, &finding, label, stream) && *box->capture)
		unlink(box->capture);
	*box->capture = '\0';
	blackbox_clear(&lines);
}
