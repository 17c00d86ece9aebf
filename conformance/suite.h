/* The suite: the cases of some folders, what is selected of them, and which requirements they test. */
#ifndef IPERF_CONFORMANCE_SUITE_H
#define IPERF_CONFORMANCE_SUITE_H

#include "conformance/case.h"

struct suite {
	struct case_file **cases;  /* by section (4.2 before 10, names after numbers), then by number */
	size_t count;
	/* Private. */
	size_t room;
	struct suite_seen *seen;   /* which files they are */
};

/* Is told of each problem: one line without its end, such as "mine/1.case:5:4: expected C>S or S>C, found 'C>X'". */
typedef void suite_report(void *user, const char *text);

/* The folder of the suite that comes with the program: IPERF_CASES of the environment; or else where it was installed
 * with the program, or stands in the tree that the program was built in; or else conformance/cases. Valid until the
 * next call. */
const char *suite_default_dir(void);

/* Reads all *.case below the folders (a file can be named, too); one that is found twice is read once. Returns whether
 * all could be read, and each folder had a case, and no two files have the same id; otherwise report was called, and
 * the suite has what was right. suite_free() has to follow in each case. */
bool suite_load(struct suite *suite, const char *const dirs[], size_t count, suite_report *report, void *user);

void suite_free(struct suite *suite);

struct suite_filter {
	enum case_role role;
	bool any_role;   /* role does not count */
	bool only_seed;  /* cases that test nothing but requirements of the protocol's original text; of the iperf3 profile:
			  * nothing but what was observed of deployed programs */
	enum case_profile profile;
	bool any_profile; /* profile does not count */
};

/* The cases that words name, in the suite's order, each once: "6.2" is that section and those below, "6.2/3" is one
 * case, "R-6.2-1" are those that test this requirement; without a word all. *cases is for free(), what it points to is the suite's. Returns false with a sentence in
 * text, and *cases NULL, when a word is about no case, or all are filtered out. */
bool suite_select(const struct suite *suite, const struct suite_filter *filter, char *const words[], size_t word_count,
		  struct case_file ***cases, size_t *count, char *text, size_t size);

/* --- which requirements are tested (coverage) -------------------------------------------------------------------- */

/* Both indexed by requirement and enum case_role. */
struct suite_coverage {
	size_t cases[IPERF_REQUIREMENT_COUNT][2];
	char *reasons[IPERF_REQUIREMENT_COUNT][2]; /* why no peer can observe it; NULL: nothing says so */
};

/* Counts the cases, and reads reasons from a file with lines "R-3-2 client reason"; empty ones and those that begin
 * with // mean nothing. Returns false after report was called for each problem: a MUST or SHOULD that no case tests and
 * no line excuses, an excuse for what is tested or for whom it does not bind, a case that tests what binds the other
 * role only, and a line that cannot be read. suite_coverage_free() has to follow in each case. */
bool suite_coverage(const struct suite *suite, const char *reasons, struct suite_coverage *coverage,
		    suite_report *report, void *user);

void suite_coverage_free(struct suite_coverage *coverage);

/* Whether the requirement binds the role. */
bool suite_binds(enum iperf_requirement requirement, enum case_role role);

/* Markdown tables, one for each profile: each requirement, and the cases that test it or why none does. */
void suite_matrix(const struct suite *suite, const struct suite_coverage *coverage, FILE *out);

#endif
