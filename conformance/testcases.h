/* What the tests of cases share: comparison, texts, and files of cases. */
#ifndef IPERF_CONFORMANCE_TESTCASES_H
#define IPERF_CONFORMANCE_TESTCASES_H

#include "conformance/case.h"

/* Line 1 to 4; what a row says begins in line 5. */
#define HEAD(role) "id 6.2/1\ntitle A title\nrole " role "\ntests R-6.2-1 R-5.2-3\n"
#define BEGIN      "#1 C>S IPERF_TEST_BEGIN $cookie\n"

/* HEAD and lines, for free(). */
char *testcases_text(const char *role, const char *before, const char *step);

/* Whether two cases are the same but for their text, path, and the places of their steps. */
bool testcases_equal(const struct case_file *a, const struct case_file *b);

/* As case_print() writes it, for free(). */
char *testcases_printed(const struct case_file *file);

/* Calls take for each example of the manual page, and for each *.case below conformance/cases; text is of length
 * octets. Returns how many there were. */
size_t testcases_each(void (*take)(const char *path, const char *text, size_t length));

#endif
