#include "conformance/suite.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/case_private.h"
#include "conformance/shortage.h"

struct suite_seen {
	dev_t device;
	ino_t file;
};

struct load {
	struct suite *suite;
	suite_report *report;
	void *user;
	bool good;
	size_t found; /* files in the present folder */
};

static __attribute__((format(printf, 2, 3))) void complain(struct load *load, const char *format, ...)
{
	va_list arguments;
	char *text;

	load->good = false;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	load->report(load->user, text ? text : "out of memory");
	free(text);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static bool digits(const char *text, size_t length)
{
	return length > 0 && strspn(text, "0123456789") >= length;
}

/* One part of a section: numbers by their value, and before names. */
static int compare_parts(const char *a, size_t a_length, const char *b, size_t b_length)
{
	bool a_number = digits(a, a_length), b_number = digits(b, b_length);
	int order;

	if (a_number != b_number)
		return a_number ? -1 : 1;
	if (a_number) {
		for (; a_length > 1 && *a == '0'; a_length--)
			a++;
		for (; b_length > 1 && *b == '0'; b_length--)
			b++;
		if (a_length != b_length)
			return a_length < b_length ? -1 : 1;
	}
	order = strncmp(a, b, a_length < b_length ? a_length : b_length);
	return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Ids, part by part; the number after the slash is the last. What is shorter comes first: 6/2 before 6.1/1. */
static int compare_ids(const char *a, const char *b)
{
	for (;;) {
		size_t a_length = strcspn(a, "./"), b_length = strcspn(b, "./");
		int order = compare_parts(a, a_length, b, b_length);

		if (order)
			return order;
		a += a_length;
		b += b_length;
		if (*a != *b)
			return *a == '/' || !*a ? -1 : *b == '/' || !*b ? 1 : *a < *b ? -1 : 1;
		if (!*a)
			return 0;
		a++;
		b++;
	}
}

static int compare_cases(const void *a, const void *b)
{
	const struct case_file *const *one = a, *const *other = b;
	int order = compare_ids((*one)->id, (*other)->id);

	return order ? order : strcmp((*one)->id, (*other)->id);
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* --- loading ----------------------------------------------------------------------------------------------------- */

/* Where the cases lie, seen from the folder of the program: as installed, and in build/ and the folders below. */
static const char *const from_program[] = {
	"../share/iperf-conform/cases", "../conformance/cases", "../../conformance/cases", "../../../conformance/cases",
};

/* Without "..", and below the present folder as seen from there: it stands in each report. */
static const char *shortened(const char *path)
{
	static char real[PATH_MAX];
	char here[PATH_MAX];
	size_t length;

	if (!realpath(path, real) || !getcwd(here, sizeof here))
		return path;
	length = strlen(here);
	return strncmp(real, here, length) == 0 && real[length] == '/' ? real + length + 1 : real;
}

const char *suite_default_dir(void)
{
	static char path[PATH_MAX + 64];
	const char *dir = getenv("IPERF_CASES");
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	if (dir && *dir)
		return dir;
	while (length > 0 && program[length - 1] != '/')
		length--;
	for (size_t i = 0; length > 0 && i < sizeof from_program / sizeof *from_program; i++) {
		snprintf(path, sizeof path, "%.*s%s", (int)length, program, from_program[i]);
		if (access(path, R_OK) == 0)
			return shortened(path);
	}
	return "conformance/cases";
}

static bool grow(struct suite *suite)
{
	size_t room = suite->room ? 2 * suite->room : 64;
	struct case_file **cases;
	struct suite_seen *seen;

	if (suite->count < suite->room)
		return true;
	cases = realloc(suite->cases, room * sizeof *cases);
	if (cases)
		suite->cases = cases;
	seen = realloc(suite->seen, room * sizeof *seen);
	if (seen)
		suite->seen = seen;
	if (cases && seen)
		suite->room = room;
	return cases && seen;
}

/* The case with this id, or NULL. */
static const struct case_file *with_id(const struct suite *suite, const char *id)
{
	for (size_t i = 0; i < suite->count; i++) {
		if (strcmp(suite->cases[i]->id, id) == 0)
			return suite->cases[i];
	}
	return NULL;
}

static void load_case(struct load *load, const char *path, struct suite_seen seen)
{
	struct suite *suite = load->suite;
	const struct case_file *other;
	struct case_error error;
	struct case_file *file;

	load->found++;
	for (size_t i = 0; i < suite->count; i++) {
		if (suite->seen[i].device == seen.device && suite->seen[i].file == seen.file)
			return;
	}
	file = case_read(path, &error);
	if (!file && error.line == 0)
		complain(load, "%s: %s", path, error.text);
	else if (!file)
		complain(load, "%s:%u:%u: %s", path, error.line, error.column, error.text);
	else if ((other = with_id(suite, file->id)) != NULL)
		complain(load, "%s: its id, %s, is also that of %s", path, file->id, other->path);
	else if (!grow(suite))
		complain(load, "%s: out of memory", path);
	else {
		suite->seen[suite->count] = seen;
		suite->cases[suite->count++] = file;
		return;
	}
	case_free(file);
}

/* A folder, and those that led to it. */
struct folder {
	const char *path;
	struct suite_seen seen;
	const struct folder *above;
};

static void cannot_read(struct load *load, const char *path)
{
	complain(load, "%s: cannot be read: %s", path, strerror(shortage_note(errno)));
	load->found++; /* enough has been said of the folder */
}

static int is_no_dot(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void load_path(struct load *load, const char *path, const struct folder *above);

/* What is in a folder, in the order of the names. */
static void load_folder(struct load *load, const struct folder *folder)
{
	struct dirent **entries;
	int count = scandir(folder->path, &entries, is_no_dot, compare_entries);

	if (count < 0)
		cannot_read(load, folder->path);
	for (int i = 0; i < count; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", folder->path, entries[i]->d_name) < 0) {
			cannot_read(load, folder->path);
		} else {
			load_path(load, path, folder);
			free(path);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* Whether its name is NAME.case. */
static bool is_case(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".case") == 0;
}

/* A file, or a folder with all in it. Links are followed. */
static void load_path(struct load *load, const char *path, const struct folder *above)
{
	struct suite_seen seen;
	struct stat status;

	if (stat(path, &status) != 0) {
		cannot_read(load, path);
		return;
	}
	seen = (struct suite_seen){ status.st_dev, status.st_ino };
	if (S_ISREG(status.st_mode)) {
		if (is_case(path))
			load_case(load, path, seen);
		return;
	}
	if (!S_ISDIR(status.st_mode))
		return;
	for (const struct folder *up = above; up; up = up->above) {
		if (up->seen.device == seen.device && up->seen.file == seen.file) {
			complain(load, "%s: leads back to %s", path, up->path);
			return;
		}
	}
	load_folder(load, &(struct folder){ .path = path, .seen = seen, .above = above });
}

static void load_dir(struct load *load, const char *dir)
{
	load->found = 0;
	load_path(load, dir, NULL);
	if (load->found == 0)
		complain(load, "%s: there is no case (*.case) in it", dir);
}

bool suite_load(struct suite *suite, const char *const dirs[], size_t count, suite_report *report, void *user)
{
	struct load load = { .suite = suite, .report = report, .user = user, .good = true };

	*suite = (struct suite){ 0 };
	for (size_t i = 0; i < count; i++)
		load_dir(&load, dirs[i]);
	if (suite->count > 0)
		qsort(suite->cases, suite->count, sizeof(struct case_file *), compare_cases);
	return load.good;
}

void suite_free(struct suite *suite)
{
	for (size_t i = 0; i < suite->count; i++)
		case_free(suite->cases[i]);
	free(suite->cases);
	free(suite->seen);
	*suite = (struct suite){ 0 };
}

/* --- selecting --------------------------------------------------------------------------------------------------- */

static bool tests_requirement(const struct case_file *file, const char *id)
{
	for (size_t i = 0; i < file->test_count; i++)
		if (strcmp(iperf_requirements[file->tests[i]].id, id) == 0)
			return true;
	return false;
}

/* Whether word is the id, or its section, or one above that; or a requirement that the case tests. */
static bool names(const char *word, const struct case_file *file)
{
	const char *id = file->id;
	size_t length = strlen(word);

	if (strncmp(word, "R-", 2) == 0)
		return tests_requirement(file, word);
	if (length == 0 || strncmp(word, id, length) != 0)
		return false;
	if (strchr(word, '/'))
		return !id[length];
	return id[length] == '/' || id[length] == '.';
}

static bool of_seed(const struct case_file *file)
{
	for (size_t i = 0; i < file->test_count; i++) {
		const char *provenance = iperf_requirements[file->tests[i]].provenance;

		if (strcmp(provenance, "seed") != 0 && strncmp(provenance, "observed", strlen("observed")) != 0)
			return false;
	}
	return true;
}

static bool passes(const struct suite_filter *filter, const struct case_file *file)
{
	return (filter->any_profile || file->profile == filter->profile) && (filter->any_role || file->role == filter->role) && (!filter->only_seed || of_seed(file));
}

/* What was likely meant by a word: an id, when it is like one, or else a section. */
static void suggest(const struct suite *suite, const char *word, char *meant, size_t size)
{
	char (*names_of)[sizeof suite->cases[0]->id] = calloc(suite->count + 1, sizeof *names_of);
	const char **candidates = calloc(suite->count + 1, sizeof *candidates);
	const char *near = NULL;

	for (size_t i = 0; names_of && candidates && i < suite->count; i++) {
		const char *id = suite->cases[i]->id;

		memcpy(names_of[i], id, strchr(word, '/') ? strlen(id) : strcspn(id, "/"));
		candidates[i] = names_of[i];
	}
	if (candidates)
		near = case_nearest(word, strlen(word), candidates);
	snprintf(meant, size, "%s", near ? near : "");
	free(candidates);
	free(names_of);
}

/* Says that a word is about no case, and what may have been meant. */
static void say_none(const struct suite *suite, const struct suite_filter *filter, const char *word, char *text, size_t size)
{
	const struct case_file *filtered = NULL;
	char meant[sizeof filtered->id];

	for (size_t i = 0; i < suite->count && !filtered; i++) {
		if (names(word, suite->cases[i]))
			filtered = suite->cases[i];
	}
	if (filtered) {
		snprintf(text, size, "%s: none of its cases is of role %s%s%s%s", word,
			 filter->any_role ? "server or client" : filter->role == CASE_SERVER ? "server" : "client",
			 filter->any_profile ? "" : " and of the profile ",
			 filter->any_profile ? "" : case_profile_name(filter->profile),
			 !filter->only_seed ? "" : filter->profile == CASE_IPERF3 ?
			 " and tests nothing but what was observed" : " and tests nothing but the original text");
		return;
	}
	suggest(suite, word, meant, sizeof meant);
	snprintf(text, size, "%s: there is no such section or case%s%s%s", word, *meant ? "; was " : "", meant,
		 *meant ? " meant?" : " (6.2 is a section, 6.2/1 a case, R-6.2-1 a requirement)");
}

/* Marks each case that a word names. */
static size_t choose(const struct suite *suite, const struct suite_filter *filter, const char *word, bool *chosen)
{
	size_t count = 0;

	for (size_t i = 0; i < suite->count; i++) {
		if (passes(filter, suite->cases[i]) && (!word || names(word, suite->cases[i]))) {
			chosen[i] = true;
			count++;
		}
	}
	return count;
}

static bool choose_all(const struct suite *suite, const struct suite_filter *filter, char *const words[],
		       size_t word_count, bool *chosen, char *text, size_t size)
{
	if (word_count == 0 && choose(suite, filter, NULL, chosen) == 0) {
		snprintf(text, size, suite->count == 0 ? "there are no cases" : "no case is left to run");
		return false;
	}
	for (size_t i = 0; i < word_count; i++) {
		if (choose(suite, filter, words[i], chosen) == 0) {
			say_none(suite, filter, words[i], text, size);
			return false;
		}
	}
	return true;
}

bool suite_select(const struct suite *suite, const struct suite_filter *filter, char *const words[], size_t word_count,
		  struct case_file ***cases, size_t *count, char *text, size_t size)
{
	bool *chosen = calloc(suite->count + 1, sizeof *chosen);
	struct case_file **list = calloc(suite->count + 1, sizeof(struct case_file *));

	*cases = NULL;
	*count = 0;
	if (!chosen || !list) {
		snprintf(text, size, "out of memory");
	} else if (choose_all(suite, filter, words, word_count, chosen, text, size)) {
		for (size_t i = 0; i < suite->count; i++) {
			if (chosen[i])
				list[(*count)++] = suite->cases[i];
		}
		*cases = list;
	}
	if (!*cases)
		free(list);
	free(chosen);
	return *cases != NULL;
}
