#include "conformance/expectations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/outcome_text.h"

#define BLANKS " \t\r\n"

/* Cuts a word off *rest; it may be empty. */
static char *cut_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);

	*rest = word + strcspn(word, BLANKS);
	if (**rest)
		*(*rest)++ = '\0';
	*rest += strspn(*rest, BLANKS);
	return word;
}

/* Whether one of the words, such as "pass|warn", is that word. */
static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; words; words = strchr(words, '|'), words += words != NULL)
		if (strncmp(words, word, length) == 0 && (words[length] == '|' || words[length] == '\0'))
			return true;
	return false;
}

static bool is_verdict(const char *words)
{
	size_t length = 0;

	for (unsigned i = 0; i < OUTCOME_VERDICTS; i++)
		if (has_word(words, outcome_verdict_names[i]))
			length += strlen(outcome_verdict_names[i]) + 1;
	return length > 0 && length == strlen(words) + 1; /* nothing else, and none twice */
}

/* Returns what is wrong with the line, or NULL. */
static const char *take_line(json_t *all, char *line)
{
	char *rest = line, *id = cut_word(&rest), *verdict;
	json_t *one;

	if (!*id || strncmp(id, "//", 2) == 0)
		return NULL;
	verdict = cut_word(&rest);
	rest[strcspn(rest, "\r\n")] = '\0';
	if (!strchr(id, '/'))
		return "expected a case, such as 23/1";
	if (!is_verdict(verdict))
		return "expected pass, fail, warn, skip or untested behind the case";
	if (!*rest)
		return "expected a reason behind the verdict";
	if (json_object_get(all, id))
		return "the case has a line already";
	one = json_pack("{s:s, s:s}", "verdict", verdict, "reason", rest);
	return one && json_object_set_new(all, id, one) == 0 ? NULL : "it is not UTF-8";
}

json_t *expectations_read(const char *path, char *text, size_t size)
{
	FILE *in = fopen(path, "re");
	json_t *all = in ? json_object() : NULL;
	const char *why = NULL;
	unsigned number = 0;
	char *line = NULL;
	size_t room = 0;

	if (!in || !all) {
		snprintf(text, size, "%s: cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	while (!why && getline(&line, &room, in) >= 0) {
		number++;
		why = take_line(all, line);
	}
	if (!why && ferror(in))
		why = strerror(errno);
	if (why) {
		snprintf(text, size, "%s:%u: %s", path, number, why);
		json_decref(all);
		all = NULL;
	}
	free(line);
	fclose(in);
	return all;
}

void expectations_mark(const json_t *expectations, json_t *one)
{
	const char *id = json_string_value(json_object_get(one, "id"));
	const json_t *line = json_object_get(expectations, id);
	const char *verdict = line ? json_string_value(json_object_get(line, "verdict")) : "pass";
	const char *is = json_string_value(json_object_get(one, "verdict"));
	bool met = has_word(verdict, is) || (!line && strcmp(is, "skip") == 0);

	json_object_set_new(one, "expectation",
			    json_pack("{s:s, s:s, s:b}", "verdict", verdict, "reason",
				      line ? json_string_value(json_object_get(line, "reason")) : "", "met", met));
}
