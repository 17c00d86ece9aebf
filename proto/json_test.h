/* What the tests of JSON share: memory that can be refused and is counted, and errors. */
#ifndef IPERF_PROTO_JSON_TEST_H
#define IPERF_PROTO_JSON_TEST_H

#include "proto/iperf3_parameters.h"
#include "proto/rows_test.h"

static long allocated;             /* blocks that are not free yet */
static long allocations_left = -1; /* before memory runs out; -1: never */

static void *refusable_malloc(size_t size)
{
	void *block = allocations_left == 0 ? NULL : malloc(size);

	allocations_left -= allocations_left > 0;
	allocated += block != NULL;
	return block;
}

static void counting_free(void *block)
{
	allocated -= block != NULL;
	free(block);
}

/* text: the beginning of the error's; why: NULL, any; offset: -1 none, -2 any. */
static inline void json_error_is(const char *name, const struct iperf3_json_error *error, const char *text,
				 const char *why, long offset, size_t length)
{
	if (strncmp(error->text, text, strlen(text)) != 0 || !*error->text)
		row_fail(name, "'%s', expected '%s'", error->text, text);
	if (!memchr(error->text, '\0', sizeof error->text) || error->why == IPERF_R_NONE)
		row_fail(name, "blamed on nobody: %s", error->text);
	if (why && strcmp(iperf_requirements[error->why].id, why) != 0)
		row_fail(name, "%s, expected %s: %s", iperf_requirements[error->why].id, why, error->text);
	if (offset >= -1 && (error->at_known != (offset >= 0) || (offset >= 0 && error->offset != (size_t)offset)))
		row_fail(name, "offset %zu (%d), expected %ld: %s", error->offset, error->at_known, offset,
			 error->text);
	assert_true(!error->at_known || error->offset <= length);
	assert_int_equal(allocated, 0);
}

#endif
