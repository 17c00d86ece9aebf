/* What the fuzzer tells: a status line and sentences on a terminal, else TAP; and JSON. */
#include "conformance/blackbox_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RED "\033[31m"
#define OFF "\033[0m"
#define GREEN "\033[32m"
#define CLEAR "\r\033[K"
#define SHOWN (100 * IPERF_MS) /* between two status lines */

static double seconds(const struct blackbox *box)
{
	return (double)(wire_now() - box->from_ns) / 1e9;
}

static bool to_stdout(const struct blackbox *box)
{
	return !box->options->json || strcmp(box->options->json, "-") != 0;
}

void blackbox_report_begin(struct blackbox *box)
{
	box->live = isatty(STDOUT_FILENO) && !box->options->tap && to_stdout(box);
	box->plain = !box->live;
	box->colour = box->live && !getenv("NO_COLOR");
	if (box->plain && to_stdout(box))
		printf("TAP version 14\n# %s, seed %llu\n", box->options->name, (unsigned long long)box->options->seed);
	fflush(stdout);
	if (!blackbox_has_time(box, blackbox_silence(box, 1)))
		fprintf(stderr, "iperf-conform fuzz: with a timer of %.0f s there is no time to wait for what is left in silence; "
			"give the server shorter ones, and tell them with --timers\n",
			(double)blackbox_longest_timer(box) / 1e9);
}

void blackbox_report_progress(struct blackbox *box, const char *doing)
{
	double passed = seconds(box);

	if (!box->live || (wire_now() < box->shown_ns + SHOWN && strcmp(doing, box->doing ? box->doing : "") == 0))
		return;
	box->shown_ns = wire_now();
	box->doing = doing;
	printf(CLEAR "%llu inputs, %zu finding%s, %.0f s", (unsigned long long)box->inputs, box->finding_count,
	       box->finding_count == 1 ? "" : "s", passed);
	if (box->options->time_ns > 0)
		printf(" of %.0f", (double)box->options->time_ns / 1e9);
	printf("%s%s", *doing ? ": " : "", doing);
	fflush(stdout);
}

void blackbox_recovery_text(const struct blackbox_fault *fault, char *text, size_t size)
{
	double seconds = (double)fault->after_ns / 1e9;

	*text = '\0';
	if (fault->after_ns > 0 && fault->recovered)
		snprintf(text, size, "when all connections had ended, it served again after %.1f s", seconds);
	else if (fault->after_ns > 0)
		snprintf(text, size, "when all connections had ended, it did not serve again: %.1f s were waited", seconds);
	else if (fault->kind == BLACKBOX_ENDED)
		snprintf(text, size, "it is gone");
}

/* One line: what comes from a server holds anything. */
static void print_line(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '.' : *text, out);
}

void blackbox_report_finding(struct blackbox *box, const struct blackbox_finding *finding)
{
	const char *broken = iperf_requirements[finding->fault.requirement].id;
	char back[100];
	bool counts = finding >= box->findings && finding < box->findings + box->finding_count;

	if (!to_stdout(box))
		return;
	if (box->plain && counts)
		printf("not ok %zu - %s input %llu: ", ++box->reported, broken, (unsigned long long)finding->number);
	else if (box->plain)
		printf("# %s input %llu: ", broken, (unsigned long long)finding->number);
	else
		printf(CLEAR "%s%s%s input %llu: ", box->colour && counts ? RED : "", broken, box->colour && counts ? OFF : "",
		       (unsigned long long)finding->number);
	print_line(stdout, finding->fault.text);
	printf("%s\n", finding->reproduced ? "" : counts ? " (not seen again)" :
	       finding->broken_off ? " (broken off before it could be seen again: no finding)" :
				     " (not seen again: no finding)");
	blackbox_recovery_text(&finding->fault, back, sizeof back);
	if (*back)
		printf("%s%s\n", box->plain ? "# " : "  ", back);
	if (*finding->name) {
		const char *out = box->options->out, *host = box->options->again_host;

		printf("%s%s/%s.case, %s/%s.pcap\n%sagain: iperf-conform server%s --cases %s/%s.case%s fuzz-%llu/%llu%s\n",
		       box->plain ? "# " : "  ", out, finding->name, out, finding->name, box->plain ? "# " : "  ",
		       box->options->profile == CASE_IPERF3 ? " --profile iperf3" : "", out, finding->name, host,
		       (unsigned long long)box->options->seed, (unsigned long long)finding->number,
		       box->options->again_tail);
	}
	fflush(stdout);
}

static json_t *as_json(const struct blackbox *box)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < box->finding_count; i++) {
		const struct blackbox_finding *f = &box->findings[i];

		json_array_append_new(findings,
				      json_pack("{s:I, s:s, s:s, s:o, s:b, s:i, s:s?, s:b, s:o}", "input", (json_int_t)f->number, "requirement",
						iperf_requirements[f->fault.requirement].id, "level",
						iperf_requirements[f->fault.requirement].level, "observed",
						json_stringn_nocheck(f->fault.text, strlen(f->fault.text)), "reproduced",
						f->reproduced, "times", (int)f->times, "case", *f->name ? f->name : NULL,
						"recovered", f->fault.recovered, "seconds_after",
						f->fault.after_ns > 0 ? json_real((double)f->fault.after_ns / 1e9) : json_null()));
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:f, s:s?, s:i, s:o}", "name", box->options->name, "profile",
			 case_profile_name(box->options->profile), "seed", (json_int_t)box->options->seed, "inputs",
			 (json_int_t)box->inputs, "seconds", seconds(box), "stopped", *box->stopped ? box->stopped : NULL,
			 "not_seen_again", (int)box->unsure, "findings", findings);
}

static bool write_json(const struct blackbox *box)
{
	const char *path = box->options->json;
	FILE *out = !path ? NULL : to_stdout(box) ? fopen(path, "w") : stdout;
	json_t *whole = path ? as_json(box) : NULL;
	bool done = out && whole && json_dumpf(whole, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER) == 0 &&
		    fputc('\n', out) != EOF;

	if (out && (out == stdout ? fflush(out) : fclose(out)) != 0)
		done = false;
	json_decref(whole);
	if (path && !done)
		fprintf(stderr, "iperf-conform fuzz: %s: cannot be written: %s\n", path, strerror(errno));
	return !path || done;
}

/* The last line is the verdict. */
static void print_verdict(const struct blackbox *box)
{
	bool whole = !*box->stopped && !blackbox_was_interrupted(box) && box->unsure == 0;
	const char *colour = !box->colour ? "" : box->finding_count > 0 ? RED : whole ? GREEN : "";
	size_t count = box->finding_count;

	printf("%s%s: %s", box->live ? CLEAR : "", box->options->name, colour);
	if (count > 0)
		printf("%zu finding%s", count, count == 1 ? "" : "s");
	else
		printf("nothing found");
	printf("%s in %llu input%s and %.1f s, seed %llu", box->colour ? OFF : "", (unsigned long long)box->inputs,
	       box->inputs == 1 ? "" : "s", seconds(box), (unsigned long long)box->options->seed);
	if (box->unsure > 0)
		printf(", %zu not seen again", box->unsure);
	printf("%s\n", *box->stopped ? ", stopped early" : blackbox_was_interrupted(box) ? ", interrupted" : "");
}

bool blackbox_report_end(struct blackbox *box)
{
	if (*box->stopped)
		fprintf(stderr, "%siperf-conform fuzz: stopped: %s\n", box->live ? CLEAR : "", box->stopped);
	if (box->plain && to_stdout(box)) {
		if (box->finding_count > 0)
			printf("1..%zu\n# ", box->finding_count);
		else if (*box->stopped || blackbox_was_interrupted(box) || box->inputs == 0)
			printf("Bail out! %s\n# ", *box->stopped ? box->stopped : "Interrupted, or without an input");
		else
			printf("ok 1 - nothing found\n1..1\n# ");
	}
	if (to_stdout(box))
		print_verdict(box);
	return write_json(box) && fflush(stdout) == 0;
}
