/* Which requirements of SPEC.md the suite tests, and why others are not. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/suite.h"

static const char *const role_names[] = { [CASE_SERVER] = "server", [CASE_CLIENT] = "client" };

struct review {
	struct suite_coverage *coverage;
	suite_report *report;
	void *user;
	bool good;
	const char *path; /* of the reasons */
	size_t line;
};

static __attribute__((format(printf, 2, 3))) void complain(struct review *review, const char *format, ...)
{
	va_list arguments;
	char *text;

	review->good = false;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	review->report(review->user, text ? text : "out of memory");
	free(text);
}

bool suite_binds(enum iperf_requirement requirement, enum case_role role)
{
	const char *whom = iperf_requirements[requirement].role;

	return strcmp(whom, "both") == 0 || strcmp(whom, role_names[role]) == 0;
}

/* --- cases ------------------------------------------------------------------------------------------------------- */

static void count_case(struct review *review, const struct case_file *file)
{
	for (size_t i = 0; i < file->test_count; i++) {
		enum iperf_requirement requirement = file->tests[i];

		review->coverage->cases[requirement][file->role]++;
		if (!suite_binds(requirement, file->role))
			complain(review, "%s: a case of role %s tests %s, which binds the %s only", file->path,
				 role_names[file->role], iperf_requirements[requirement].id,
				 iperf_requirements[requirement].role);
	}
}

/* --- reasons ----------------------------------------------------------------------------------------------------- */

/* Cuts a word off *rest; it may be empty. */
static char *cut_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\r\n");
	size_t length = strcspn(word, " \t\r\n");

	*rest = word + length;
	if (**rest)
		*(*rest)++ = '\0';
	*rest += strspn(*rest, " \t\r\n");
	return word;
}

static enum iperf_requirement find_requirement(const char *id)
{
	for (unsigned r = IPERF_R_NONE + 1; r < IPERF_REQUIREMENT_COUNT; r++) {
		if (strcmp(iperf_requirements[r].id, id) == 0)
			return (enum iperf_requirement)r;
	}
	return IPERF_R_NONE;
}

static void take_reason(struct review *review, enum iperf_requirement requirement, enum case_role role, const char *reason)
{
	char **place = &review->coverage->reasons[requirement][role];
	const char *id = iperf_requirements[requirement].id, *name = role_names[role];

	if (!suite_binds(requirement, role))
		complain(review, "%s:%zu: %s does not bind the %s", review->path, review->line, id, name);
	else if (*place)
		complain(review, "%s:%zu: %s %s is listed twice", review->path, review->line, id, name);
	else if (review->coverage->cases[requirement][role] > 0)
		complain(review, "%s:%zu: %s %s is listed, but %zu of the cases test it", review->path, review->line, id, name,
			 review->coverage->cases[requirement][role]);
	else if (!(*place = strdup(reason)))
		complain(review, "%s:%zu: out of memory", review->path, review->line);
}

static void read_reason(struct review *review, char *line)
{
	char *rest = line, *id, *role;
	enum iperf_requirement requirement;

	line[strcspn(line, "\r\n")] = '\0';
	id = cut_word(&rest);
	if (!*id || strncmp(id, "//", 2) == 0)
		return;
	role = cut_word(&rest);
	requirement = find_requirement(id);
	if (requirement == IPERF_R_NONE)
		complain(review, "%s:%zu: %s: SPEC.md has no such requirement", review->path, review->line, id);
	else if (strcmp(role, "server") != 0 && strcmp(role, "client") != 0)
		complain(review, "%s:%zu: expected server or client, found '%s'", review->path, review->line, role);
	else if (!*rest)
		complain(review, "%s:%zu: expected a reason, found the end of the line", review->path, review->line);
	else
		take_reason(review, requirement, *role == 's' ? CASE_SERVER : CASE_CLIENT, rest);
}

static void read_reasons(struct review *review)
{
	FILE *in = fopen(review->path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!in) {
		complain(review, "%s: cannot be read: %s", review->path, strerror(errno));
		return;
	}
	while (getline(&line, &room, in) >= 0) {
		review->line++;
		read_reason(review, line);
	}
	if (ferror(in))
		complain(review, "%s: cannot be read: %s", review->path, strerror(errno));
	free(line);
	fclose(in);
}

/* --- what is missing --------------------------------------------------------------------------------------------- */

static void find_missing(struct review *review)
{
	for (unsigned r = IPERF_R_NONE + 1; r < IPERF_REQUIREMENT_COUNT; r++) {
		if (strcmp(iperf_requirements[r].level, "MAY") == 0)
			continue;
		for (unsigned role = CASE_SERVER; role <= CASE_CLIENT; role++) {
			if (suite_binds((enum iperf_requirement)r, (enum case_role)role) &&
			    review->coverage->cases[r][role] == 0 && !review->coverage->reasons[r][role])
				complain(review, "%s %s: no case tests it, and %s does not say why", iperf_requirements[r].id,
					 role_names[role], review->path);
		}
	}
}

bool suite_coverage(const struct suite *suite, const char *reasons, struct suite_coverage *coverage,
		    suite_report *report, void *user)
{
	struct review review = { coverage, report, user, true, reasons, 0 };

	*coverage = (struct suite_coverage){ 0 };
	for (size_t i = 0; i < suite->count; i++)
		count_case(&review, suite->cases[i]);
	read_reasons(&review);
	find_missing(&review);
	return review.good;
}

void suite_coverage_free(struct suite_coverage *coverage)
{
	for (unsigned r = 0; r < IPERF_REQUIREMENT_COUNT; r++) {
		for (unsigned role = CASE_SERVER; role <= CASE_CLIENT; role++)
			free(coverage->reasons[r][role]);
	}
	*coverage = (struct suite_coverage){ 0 };
}

/* --- the matrix -------------------------------------------------------------------------------------------------- */

static bool tests(const struct case_file *file, enum iperf_requirement requirement)
{
	for (size_t i = 0; i < file->test_count; i++) {
		if (file->tests[i] == requirement)
			return true;
	}
	return false;
}

static void print_reason(const char *reason, FILE *out)
{
	fputs("not observable: ", out);
	for (; *reason; reason++)
		fprintf(out, *reason == '|' ? "\\|" : "%c", *reason);
}

static void print_cell(const struct suite *suite, const struct suite_coverage *coverage,
		       enum iperf_requirement requirement, enum case_role role, FILE *out)
{
	const char *separator = "";

	fputs(" | ", out);
	for (size_t i = 0; i < suite->count; i++) {
		if (suite->cases[i]->role != role || !tests(suite->cases[i], requirement))
			continue;
		fprintf(out, "%s%s", separator, suite->cases[i]->id);
		separator = ", ";
	}
	if (*separator)
		return;
	if (!suite_binds(requirement, role))
		fputs("-", out);
	else if (coverage->reasons[requirement][role])
		print_reason(coverage->reasons[requirement][role], out);
	else
		fputs("none", out);
}

void suite_matrix(const struct suite *suite, const struct suite_coverage *coverage, FILE *out)
{
	static const char columns[] = "| Section | Requirement | Level | Cases for servers | Cases for clients |\n"
				      "| --- | --- | --- | --- | --- |\n";
	enum case_profile profile = CASE_TEXT_PROFILE;
	char before[16] = "";

	fputs(columns, out);
	for (unsigned r = IPERF_R_NONE + 1; r < IPERF_REQUIREMENT_COUNT; r++) {
		const char *id = iperf_requirements[r].id;
		enum case_profile is = case_requirement_profile((enum iperf_requirement)r);
		char section[16];

		if (is != profile)
			fprintf(out, "\nThe %s profile:\n\n%s", case_profile_name(is), columns);
		profile = is;

		snprintf(section, sizeof section, "%.*s", (int)(strrchr(id, '-') - id - 2), id + 2);
		fprintf(out, "| %s | %s | %s", strcmp(section, before) == 0 ? "" : section, id, iperf_requirements[r].level);
		print_cell(suite, coverage, (enum iperf_requirement)r, CASE_SERVER, out);
		print_cell(suite, coverage, (enum iperf_requirement)r, CASE_CLIENT, out);
		fputs(" |\n", out);
		memcpy(before, section, sizeof before);
	}
}
