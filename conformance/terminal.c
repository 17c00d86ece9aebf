/* The report for people who watch: progress, what did not pass, and a verdict in the last line. */
#include "conformance/outcome.h"

#include <errno.h>

#include "conformance/outcome_text.h"

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define FAINT "\033[2m"
#define PLAIN "\033[0m"
#define CLEAR_LINE "\r\033[K"

static const char *paint(bool colour, const char *code)
{
	return colour ? code : "";
}

bool terminal_progress(FILE *out, size_t number, size_t planned, const char *id, bool colour, bool live)
{
	errno = 0;
	if (!live)
		return true;
	fprintf(out, CLEAR_LINE "%s[%zu/%zu]%s %.40s", paint(colour, FAINT), number, planned, paint(colour, PLAIN), id);
	return outcome_written(out);
}

static void put_member(FILE *out, const char *name, struct outcome_text text, bool colour)
{
	fprintf(out, "  %s%-9s%s ", paint(colour, FAINT), name, paint(colour, PLAIN));
	outcome_put_line(out, text, "");
	putc('\n', out);
}

static void put_failure(FILE *out, const json_t *one, bool colour)
{
	const json_t *failure = json_object_get(one, "failure");
	struct outcome_text requirement = outcome_text(failure, "requirement");

	fputs("  ", out);
	outcome_put_line(out, requirement, "");
	fprintf(out, " (%s", paint(colour, FAINT));
	outcome_put_line(out, outcome_text(failure, "level"), "");
	fprintf(out, "%s) %s\n", paint(colour, PLAIN), outcome_sentence(requirement));
	put_member(out, "expected", outcome_text(failure, "expected"), colour);
	put_member(out, "observed", outcome_text(failure, "observed"), colour);
	fprintf(out, "  %sat%s        %.3f s, ", paint(colour, FAINT), paint(colour, PLAIN), outcome_number(failure, "at"));
	outcome_put_line(out, outcome_text(one, "path"), "");
	fprintf(out, ":%.0f\n", outcome_number(failure, "line"));
	put_member(out, "again", outcome_text(one, "rerun"), colour);
}

/* One line. */
static bool put_expected(FILE *out, const json_t *one, bool colour, bool live)
{
	fprintf(out, "%s%sfail as expected%s ", live ? CLEAR_LINE : "", paint(colour, FAINT), paint(colour, PLAIN));
	outcome_put_line(out, outcome_text(one, "id"), "");
	fputs("  ", out);
	outcome_put_line(out, outcome_text(json_object_get(one, "expectation"), "reason"), "");
	putc('\n', out);
	return outcome_written(out);
}

bool terminal_case(FILE *out, const json_t *one, bool colour, bool live)
{
	static const char *const words[OUTCOME_VERDICTS] = { "pass", "FAIL", "WARN", "skip", "UNTESTED" };
	static const char *const colours[OUTCOME_VERDICTS] = { GREEN, RED, YELLOW, FAINT, YELLOW };
	enum outcome_verdict verdict = outcome_verdict(one);

	errno = 0;
	if (verdict == OUTCOME_PASS && !outcome_deviates(one))
		return true;
	if (outcome_expected_fail(one))
		return put_expected(out, one, colour, live);
	fprintf(out, "%s%s%s%s ", live ? CLEAR_LINE : "", paint(colour, colours[verdict]), words[verdict],
		paint(colour, PLAIN));
	outcome_put_line(out, outcome_text(one, "id"), "");
	fputs("  ", out);
	outcome_put_line(out, outcome_text(one, "title"), "");
	putc('\n', out);
	if (verdict == OUTCOME_FAIL || verdict == OUTCOME_WARN)
		put_failure(out, one, colour);
	else if (verdict != OUTCOME_PASS)
		put_member(out, "reason", outcome_text(one, "reason"), colour);
	if (outcome_deviates(one)) {
		put_member(out, "was to", outcome_text(json_object_get(one, "expectation"), "verdict"), colour);
		put_member(out, "because", outcome_text(json_object_get(one, "expectation"), "reason"), colour);
	}
	return outcome_written(out);
}

bool terminal_end(FILE *out, const json_t *run, bool colour, bool live)
{
	static const char *const words[OUTCOME_VERDICTS] = { "passed", "failed", "warned", "skipped", "untested" };
	static const char *const colours[] = { GREEN, RED, PLAIN, YELLOW }; /* by exit status */
	const json_t *summary = json_object_get(run, "summary");

	errno = 0;
	fputs(live ? CLEAR_LINE : "", out);
	if (outcome_text(run, "stopped").length > 0) {
		fputs("Stopped: ", out);
		outcome_put_line(out, outcome_text(run, "stopped"), "");
		putc('\n', out);
	}
	outcome_put_line(out, outcome_text(run, "name"), "");
	fprintf(out, " %s", paint(colour, colours[outcome_status(run)]));
	outcome_put_line(out, outcome_text(run, "verdict"), "");
	fprintf(out, "%s:", paint(colour, PLAIN));
	for (unsigned i = 0; i < OUTCOME_VERDICTS; i++) {
		double count = outcome_number(summary, outcome_verdict_names[i]);

		if (i <= OUTCOME_FAIL || count > 0)
			fprintf(out, "%s %.0f %s", i == 0 ? "" : ",", count, words[i]);
	}
	if (json_object_get(run, "deviations") && outcome_number(run, "deviations") > 0)
		fprintf(out, ", %.0f not as expected", outcome_number(run, "deviations"));
	else if (json_object_get(run, "deviations"))
		fputs(", all as expected", out);
	fprintf(out, " in %.1f s\n", outcome_number(run, "seconds"));
	return outcome_written(out);
}
