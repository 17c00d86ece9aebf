/* TAP 14. It says the same as the exit status: 0 no "not ok" and no bail-out, 1 a "not ok", 3 a bail-out. TAP knows no
 * "untested"; such a case is skipped with that word, and the bail-out at the end tells that the run decided nothing. */
#include "conformance/outcome.h"

#include <errno.h>

#include "conformance/outcome_text.h"

bool tap_begin(FILE *out, size_t planned)
{
	errno = 0;
	fprintf(out, "TAP version 14\n1..%zu\n", planned);
	return outcome_written(out);
}

/* Words of a test line, in which only # and \ can be escaped. */
static void put_words(FILE *out, struct outcome_text text)
{
	for (size_t place = 0; place < text.length;) {
		uint32_t c = outcome_next(text, &place);

		if (outcome_is_control(c))
			c = ' ';
		if (c == '#' || c == '\\')
			putc('\\', out);
		outcome_put_utf8(out, c);
	}
}

static void put_yaml(FILE *out, const char *name, struct outcome_text text)
{
	fprintf(out, "  %s: \"", name);
	outcome_put_line(out, text, "\"\\");
	fputs("\"\n", out);
}

static void put_failure(FILE *out, const json_t *one)
{
	const json_t *failure = json_object_get(one, "failure");
	json_t *sentence = json_string(outcome_sentence(outcome_text(failure, "requirement")));

	fprintf(out, "  ---\n  severity: %s\n", outcome_verdict(one) == OUTCOME_WARN ? "warning" : "fail");
	put_yaml(out, "requirement", outcome_text(failure, "requirement"));
	put_yaml(out, "level", outcome_text(failure, "level"));
	put_yaml(out, "sentence", outcome_text_of(sentence));
	put_yaml(out, "file", outcome_text(one, "path"));
	fprintf(out, "  line: %.0f\n", outcome_number(failure, "line"));
	put_yaml(out, "expected", outcome_text(failure, "expected"));
	put_yaml(out, "observed", outcome_text(failure, "observed"));
	fprintf(out, "  at: %.6f\n", outcome_number(failure, "at"));
	put_yaml(out, "rerun", outcome_text(one, "rerun"));
	fputs("  ...\n", out);
	json_decref(sentence);
}

/* As a comment, for a test has one block at most. */
static void put_deviation(FILE *out, const json_t *one)
{
	const json_t *expectation = json_object_get(one, "expectation");
	struct outcome_text reason = outcome_text(expectation, "reason");

	fputs("# expected ", out);
	put_words(out, outcome_text(expectation, "verdict"));
	if (reason.length > 0) {
		fputs(" (", out);
		put_words(out, reason);
		putc(')', out);
	}
	fputs(", found ", out);
	put_words(out, outcome_text(one, "verdict"));
	reason = outcome_text(one, "reason");
	fputs(reason.length > 0 ? ": " : "", out);
	put_words(out, reason);
	putc('\n', out);
}

bool tap_case(FILE *out, size_t number, const json_t *one)
{
	enum outcome_verdict verdict = outcome_verdict(one);

	errno = 0;
	fprintf(out, "%s %zu - ", verdict == OUTCOME_FAIL || outcome_deviates(one) ? "not ok" : "ok", number);
	put_words(out, outcome_text(one, "id"));
	putc(' ', out);
	put_words(out, outcome_text(one, "title"));
	if (outcome_expected_fail(one)) {
		fputs(" # TODO ", out);
		put_words(out, outcome_text(json_object_get(one, "expectation"), "reason"));
	} else if (!outcome_deviates(one) && (verdict == OUTCOME_SKIP || verdict == OUTCOME_UNTESTED)) {
		fputs(verdict == OUTCOME_SKIP ? " # SKIP " : " # SKIP untested: ", out);
		put_words(out, outcome_text(one, "reason"));
	}
	putc('\n', out);
	if (verdict == OUTCOME_FAIL || verdict == OUTCOME_WARN)
		put_failure(out, one);
	if (outcome_deviates(one))
		put_deviation(out, one);
	return outcome_written(out);
}

bool tap_end(FILE *out, const json_t *run)
{
	struct outcome_text stopped = outcome_text(run, "stopped");
	const json_t *summary = json_object_get(run, "summary");

	errno = 0;
	fputs("# ", out);
	put_words(out, outcome_text(run, "verdict"));
	putc(':', out);
	for (unsigned i = 0; i < OUTCOME_VERDICTS; i++)
		fprintf(out, "%s %.0f %s", i == 0 ? "" : ",", outcome_number(summary, outcome_verdict_names[i]),
			outcome_verdict_names[i]);
	fprintf(out, "; %.1f s\n", outcome_number(run, "seconds"));
	if (json_object_get(run, "deviations") && outcome_number(run, "deviations") > 0)
		fprintf(out, "# not as expected: %.0f of the cases\n", outcome_number(run, "deviations"));
	else if (json_object_get(run, "deviations"))
		fputs("# as expected\n", out);
	if (stopped.length > 0) {
		fputs("Bail out! ", out);
		put_words(out, stopped);
		putc('\n', out);
	} else if (outcome_status(run) == 3) {
		fputs("Bail out! Too little could be tested for a verdict\n", out);
	}
	return outcome_written(out);
}
