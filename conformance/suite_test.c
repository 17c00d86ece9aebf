/* The suite: finding, ordering and selecting cases, and which requirements they test. The folders of the tests are made
 * below /tmp; the suite's own cases are looked at in the end. */
#include "conformance/suite.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/rows_test.h"

/* --- folders ----------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/suite_test.XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/suite_test.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
	(void)status;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A path below the folder; good until the next call but seven. */
static const char *below(const char *name)
{
	static char paths[8][200];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof *paths, "%s/%s", folder, name);
	return path;
}

/* A file, and the folders to it. */
static void put(const char *name, const char *text)
{
	const char *path = below(name);
	char part[200];
	FILE *out;

	for (const char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		mkdir(part, 0777);
	}
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void put_case(const char *name, const char *id, const char *role, const char *tests_line)
{
	char text[300];

	snprintf(text, sizeof text, "id %s\ntitle T\nrole %s\ntests %s\nwait 1s\n", id, role, tests_line);
	put(name, text);
}

/* What was reported, one line each, with the folder's name left out. */
static char reported[40000];

static void note(void *user, const char *text)
{
	const char *at;

	assert_ptr_equal(user, folder);
	while ((at = strstr(text, folder)) != NULL) {
		strncat(reported, text, (size_t)(at - text));
		text = at + strlen(folder) + (at[strlen(folder)] == '/');
	}
	strcat(reported, text);
	strcat(reported, "\n");
}

static bool load(struct suite *suite)
{
	const char *const dirs[] = { folder };

	reported[0] = '\0';
	return suite_load(suite, dirs, 1, note, folder);
}

/* The ids of cases, with blanks between. */
static const char *ids(struct case_file *const cases[], size_t count)
{
	static char text[1000];

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, cases[i]->id);
	}
	return text;
}

/* --- loading ----------------------------------------------------------------------------------------------------- */

static void order(void **state)
{
	struct suite suite;

	(void)state;
	put_case("a/1.case", "my/1", "server", "R-6.2-1");
	put_case("a/2.case", "10/2", "server", "R-10-1");
	put_case("a/b/3.case", "4.2/10", "server", "R-4.2-1");
	put_case("z.case", "4.2/9", "server", "R-4.2-1");
	put_case("y.case", "4.3/1", "server", "R-4.3-1");
	put_case("x.case", "a.2/1", "server", "R-4.3-1");
	put_case("w.case", "a/1", "server", "R-4.3-1");
	put("notes.txt", "no case");
	put(".case", "no case");
	assert_true(load(&suite));
	assert_string_equal(reported, "");
	assert_string_equal(ids(suite.cases, suite.count), "4.2/9 4.2/10 4.3/1 10/2 a/1 a.2/1 my/1");
	suite_free(&suite);
	assert_int_equal(suite.count, 0);
}

static void bad_files(void **state)
{
	struct suite suite;

	(void)state;
	put_case("1.case", "6.2/1", "server", "R-6.2-1");
	put_case("2.case", "6.2/1", "server", "R-6.2-1");
	put("3.case", "id 6.2/3\ntitle T\nrole server\ntests R-6.2-1\n#1 C>X\n");
	put("4.case", "");
	assert_false(load(&suite));
	assert_string_equal(reported, "2.case: its id, 6.2/1, is also that of 1.case\n"
				      "3.case:5:4: expected C>S or S>C, found 'C>X'\n"
				      "4.case:1:1: the head has no 'id'\n");
	assert_string_equal(ids(suite.cases, suite.count), "6.2/1");
	suite_free(&suite);
}

static void folders(void **state)
{
	const char *dirs[] = { NULL, NULL, NULL, NULL };
	struct suite suite;

	(void)state;
	put_case("a/1.case", "6.2/1", "server", "R-6.2-1");
	put_case("b/2.case", "6.2/2", "server", "R-6.2-1");
	put("c/none", "");
	assert_int_equal(symlink(below("a"), below("b/again")), 0);
	dirs[0] = below("a/1.case");
	dirs[1] = below("b");
	dirs[2] = folder;
	reported[0] = '\0';
	assert_true(suite_load(&suite, dirs, 3, note, folder)); /* each case is there several times */
	assert_string_equal(ids(suite.cases, suite.count), "6.2/1 6.2/2");
	suite_free(&suite);
	dirs[2] = below("c");
	dirs[3] = below("d");
	assert_false(suite_load(&suite, dirs, 4, note, folder));
	assert_string_equal(reported, "c: there is no case (*.case) in it\nd: cannot be read: No such file or directory\n");
	assert_int_equal(suite.count, 2);
	suite_free(&suite);
	assert_true(suite_load(&suite, NULL, 0, note, folder));
	suite_free(&suite);
}

static void loop(void **state)
{
	struct suite suite;

	(void)state;
	put_case("a/1.case", "6.2/1", "server", "R-6.2-1");
	assert_int_equal(symlink("..", below("a/up")), 0);
	assert_false(load(&suite));
	assert_non_null(strstr(reported, "a/up: leads back to "));
	suite_free(&suite);
}

static void default_dir(void **state)
{
	char *saved = getenv("IPERF_CASES");

	(void)state;
	saved = saved ? strdup(saved) : NULL;
	setenv("IPERF_CASES", "/somewhere", 1);
	assert_string_equal(suite_default_dir(), "/somewhere");
	setenv("IPERF_CASES", "", 1);
	assert_int_not_equal(suite_default_dir()[0], '\0');
	unsetenv("IPERF_CASES");
	assert_int_not_equal(suite_default_dir()[0], '\0');
	if (saved)
		setenv("IPERF_CASES", saved, 1);
	free(saved);
}

/* --- selecting --------------------------------------------------------------------------------------------------- */

struct select_row {
	const char *name;
	const char *words[4];
	enum case_role role;
	bool any_role, only_seed;
	const char *ids;      /* NULL: nothing, and */
	const char *text;
};

static const struct select_row select_rows[] = {
	{ "select/all-of-servers", { NULL }, CASE_SERVER, false, false, "6/1 6.1/1 6.1.1/1 6.2/1 6.2/3 my/1", NULL },
	{ "select/all-of-clients", { NULL }, CASE_CLIENT, false, false, "3/1 6.2/2", NULL },
	{ "select/all", { NULL }, CASE_CLIENT, true, false, "3/1 6/1 6.1/1 6.1.1/1 6.2/1 6.2/2 6.2/3 my/1", NULL },
	{ "select/seed", { NULL }, CASE_SERVER, false, true, "6/1 6.1/1 6.1.1/1 6.2/1 my/1", NULL },
	{ "select/section", { "6.2" }, CASE_SERVER, false, false, "6.2/1 6.2/3", NULL },
	{ "select/section-and-below", { "6" }, CASE_SERVER, false, false, "6/1 6.1/1 6.1.1/1 6.2/1 6.2/3", NULL },
	{ "select/section-between", { "6.1" }, CASE_SERVER, false, false, "6.1/1 6.1.1/1", NULL },
	{ "select/case", { "6.2/3" }, CASE_SERVER, false, false, "6.2/3", NULL },
	{ "select/own", { "my" }, CASE_SERVER, false, false, "my/1", NULL },
	{ "select/several", { "my/1", "6.2", "6.2/3" }, CASE_SERVER, false, false, "6.2/1 6.2/3 my/1", NULL },
	{ "select/none", { "6.2", "7" }, CASE_SERVER, false, false, NULL,
	  "7: there is no such section or case (6.2 is a section, 6.2/1 a case, R-6.2-1 a requirement)" },
	{ "select/near", { "6.2/33" }, CASE_SERVER, false, false, NULL,
	  "6.2/33: there is no such section or case; was 6.2/3 meant?" },
	{ "select/half-a-section", { "6." }, CASE_SERVER, false, false, NULL,
	  "6.: there is no such section or case; was 6.1 meant?" },
	{ "select/empty", { "" }, CASE_SERVER, false, false, NULL,
	  ": there is no such section or case (6.2 is a section, 6.2/1 a case, R-6.2-1 a requirement)" },
	{ "select/other-role", { "3" }, CASE_SERVER, false, false, NULL, "3: none of its cases is of role server and of the profile text" },
	{ "select/other-role-client", { "my" }, CASE_CLIENT, false, false, NULL, "my: none of its cases is of role client and of the profile text" },
	{ "select/not-seed", { "6.2/3" }, CASE_SERVER, false, true, NULL,
	  "6.2/3: none of its cases is of role server and of the profile text and tests nothing but the original text" },
	{ "select/no-case-left", { NULL }, CASE_CLIENT, false, true, NULL, "no case is left to run" },
};

static void put_all(void)
{
	put_case("1.case", "6.2/1", "server", "R-6.2-1");
	put_case("2.case", "6.2/2", "client", "R-6.2-2");
	put_case("3.case", "6.2/3", "server", "R-6.2-1 R-6.2-2");
	put_case("4.case", "my/1", "server", "R-2-1");
	put_case("5.case", "3/1", "client", "R-3-3");
	put_case("6.case", "6.1/1", "server", "R-6.1-1");
	put_case("7.case", "6.1/2", "server", "R-6.1-1");
	put_case("8.case", "6.1/3", "server", "R-6.1-1");
}

/* SPEC.md has no requirement in a section that has sections below; so three of 6.1 become 6, 6.1 and 6.1.1. */
static void rename_cases(struct suite *suite)
{
	static const char *const renamed[] = { "3/1", "6/1", "6.1/1", "6.1.1/1", "6.2/1", "6.2/2", "6.2/3", "my/1" };

	assert_int_equal(suite->count, COUNT(renamed));
	for (size_t i = 0; i < COUNT(renamed); i++)
		strcpy(suite->cases[i]->id, renamed[i]);
}

static void run_select(void **state)
{
	const struct select_row *row = *state;
	struct suite_filter filter = { .role = row->role, .any_role = row->any_role, .only_seed = row->only_seed };
	struct suite suite;
	struct case_file **cases;
	char *words[4], text[200] = "";
	size_t count, word_count = 0;

	for (; row->words[word_count]; word_count++)
		words[word_count] = (char *)(uintptr_t)row->words[word_count];
	put_all();
	assert_true(load(&suite));
	rename_cases(&suite);
	if (suite_select(&suite, &filter, words, word_count, &cases, &count, text, sizeof text)) {
		assert_non_null(row->ids);
		assert_string_equal(ids(cases, count), row->ids);
	} else {
		assert_null(row->ids);
		assert_null(cases);
		assert_string_equal(text, row->text);
	}
	free(cases);
	suite_free(&suite);
}

/* --- coverage ---------------------------------------------------------------------------------------------------- */

static void coverage_problems(void **state)
{
	struct suite_coverage coverage;
	struct suite suite;

	(void)state;
	put_case("1.case", "6.2/1", "server", "R-6.2-1 R-3-4");
	put_case("2.case", "3/1", "client", "R-3-1 R-2-1");
	put("reasons", "// nothing\n\nR-3-2 client for | it is inside\nR-3-2 client again\nR-6.2-1 server tested\r\n"
		       "R-3-3 server not bound\nR-99-1 server x\nR-3-3 peer x\nR-3-3 client\nR-3-3");
	assert_true(load(&suite));
	assert_false(suite_coverage(&suite, below("reasons"), &coverage, note, folder));
	*strstr(reported, "R-2-1 server:") = '\0'; /* what follows lists nearly all requirements */
	assert_string_equal(reported, "2.case: a case of role client tests R-2-1, which binds the server only\n"
				      "reasons:4: R-3-2 client is listed twice\n"
				      "reasons:5: R-6.2-1 server is listed, but 1 of the cases test it\n"
				      "reasons:6: R-3-3 does not bind the server\n"
				      "reasons:7: R-99-1: SPEC.md has no such requirement\n"
				      "reasons:8: expected server or client, found 'peer'\n"
				      "reasons:9: expected a reason, found the end of the line\n"
				      "reasons:10: expected server or client, found ''\n");
	assert_int_equal(coverage.cases[IPERF_R_3_4][CASE_SERVER], 1);
	assert_int_equal(coverage.cases[IPERF_R_3_4][CASE_CLIENT], 0);
	assert_string_equal(coverage.reasons[IPERF_R_3_2][CASE_CLIENT], "for | it is inside");
	suite_coverage_free(&coverage);
	suite_free(&suite);
}

static void coverage_missing(void **state)
{
	struct suite_coverage coverage;
	struct suite suite;

	(void)state;
	put_case("1.case", "3/1", "server", "R-3-4");
	assert_true(load(&suite));
	assert_false(suite_coverage(&suite, below("reasons"), &coverage, note, folder));
	assert_ptr_equal(strstr(reported, "reasons: cannot be read: No such file or directory\n"), reported);
	assert_non_null(strstr(reported, "\nR-3-4 client: no case tests it, and reasons does not say why\n"));
	assert_null(strstr(reported, "\nR-3-4 server"));
	assert_null(strstr(reported, "\nR-3-1 server")); /* does not bind it */
	assert_null(strstr(reported, "\nR-7-5")); /* MAY */
	assert_non_null(strstr(reported, "\nR-4.3-3 server: no case")); /* SHOULD */
	suite_coverage_free(&coverage);
	suite_free(&suite);
}

static void matrix(void **state)
{
	struct suite_coverage coverage;
	struct suite suite;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	put_case("1.case", "3/1", "server", "R-3-4");
	put_case("2.case", "3/2", "server", "R-3-4");
	put("reasons", "R-3-2 client a|b");
	assert_true(load(&suite));
	suite_coverage(&suite, below("reasons"), &coverage, note, folder);
	suite_matrix(&suite, &coverage, out);
	fclose(out);
	assert_ptr_equal(strstr(text, "| Section | Requirement | Level | Cases for servers | Cases for clients |\n"
				      "| --- | --- | --- | --- | --- |\n"
				      "| 2 | R-2-1 | MUST | none | - |\n"
				      "|  | R-2-2 | MUST | none | none |\n"
				      "| 3 | R-3-1 | MUST | - | none |\n"
				      "|  | R-3-2 | MUST | - | not observable: a\\|b |\n"
				      "|  | R-3-3 | MUST | - | none |\n"
				      "|  | R-3-4 | MUST | 3/1, 3/2 | none |\n"), text);
	free(text);
	suite_coverage_free(&coverage);
	suite_free(&suite);
}

/* --- the suite of this tree -------------------------------------------------------------------------------------- */

static size_t problems;

static void show(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "# %s\n", text);
	problems++;
}

static void every_requirement(void **state)
{
	const char *const dirs[] = { "conformance/cases" };
	struct suite_coverage coverage;
	struct suite suite;

	(void)state;
	problems = 0;
	suite_load(&suite, dirs, 1, show, NULL);
	suite_coverage(&suite, "conformance/cases/unobservable.txt", &coverage, show, NULL);
	suite_coverage_free(&coverage);
	suite_free(&suite);
	assert_int_equal(problems, 0);
}

int main(void)
{
	ROWS_ADD(select_rows, run_select);
	test_add("suite/order", order, NULL);
	test_add("suite/bad-files", bad_files, NULL);
	test_add("suite/folders", folders, NULL);
	test_add("suite/loop", loop, NULL);
	test_add("suite/default-dir", default_dir, NULL);
	test_add("suite/coverage-problems", coverage_problems, NULL);
	test_add("suite/coverage-missing", coverage_missing, NULL);
	test_add("suite/matrix", matrix, NULL);
	for (size_t i = 0; i < test_count; i++) {
		tests[i].setup_func = make_folder;
		tests[i].teardown_func = remove_folder;
	}
	test_add("suite/every-requirement-has-a-case", every_requirement, NULL);
	return tests_run("suite");
}
