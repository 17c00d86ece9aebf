/* What the reports share: reading the document of outcome.h, whose texts may hold anything, and writing such texts. */
#ifndef IPERF_CONFORMANCE_OUTCOME_TEXT_H
#define IPERF_CONFORMANCE_OUTCOME_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Borrowed from the document; octets, not a C string: NUL may be among them. */
struct outcome_text {
	const char *at;
	size_t length;
};

enum outcome_verdict { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_WARN, OUTCOME_SKIP, OUTCOME_UNTESTED };
#define OUTCOME_VERDICTS 5

/* The words of the document: "pass", "fail", ... */
extern const char *const outcome_verdict_names[OUTCOME_VERDICTS];

/* A member of an object. What is missing or of another type is "" or 0 or null: reports do not fail for it. */
struct outcome_text outcome_text(const json_t *object, const char *name);
struct outcome_text outcome_text_of(const json_t *string);
double outcome_number(const json_t *object, const char *name);
enum outcome_verdict outcome_verdict(const json_t *one); /* OUTCOME_UNTESTED when it is no such word */

/* Whether the verdict is another one than --expect said; a fail that it is. */
bool outcome_deviates(const json_t *one);
bool outcome_expected_fail(const json_t *one);

bool outcome_is(struct outcome_text text, const char *word);

/* The next code point of text from *place on, which is moved behind it; U+FFFD for octets that are no UTF-8. */
uint32_t outcome_next(struct outcome_text text, size_t *place);

/* What SPEC.md, as it was built in, says of a requirement; "" when it has no such. Markdown on one line. */
const char *outcome_sentence(struct outcome_text requirement);

/* Controls, line ends among them, and marks that turn the direction of writing: they can change how the rest is read; and what is no
 * character. */
bool outcome_is_control(uint32_t c);

void outcome_put_utf8(FILE *out, uint32_t c);

/* Writes text on one line: controls as \n, \t, \x1b, \u202e, and what stands in escaped with a backslash before it. */
void outcome_put_line(FILE *out, struct outcome_text text, const char *escaped);

/* What an array of cases has under name ("section", "id"), in the order of the numbers (6.2 before 6.10), each once: an array of
 * strings that the caller frees; NULL when memory is short. */
json_t *outcome_sorted(const json_t *cases, const char *name);

/* As strcmp(), with runs of digits compared as numbers. */
int outcome_compare(struct outcome_text a, struct outcome_text b);

/* What a report returns: whether all of it was written; otherwise errno is set. errno was 0 when the report began. */
bool outcome_written(FILE *out);

#endif
