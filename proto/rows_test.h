/* What the unit tests share: rows that become named tests, hard ground for input, and seeded chance.
 *
 * Environment: IPERF_TEST_SLOW makes the heavy loops shorter (valgrind); IPERF_TEST_SEED, a number, is the seed. */
#ifndef IPERF_PROTO_ROWS_TEST_H
#define IPERF_PROTO_ROWS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Where a row stands, for its failure: AT is "proto/cookie_test.c:12". */
#define AT_LINE_(line) #line
#define AT_LINE(line) AT_LINE_(line)
#define AT __FILE__ ":" AT_LINE(__LINE__)

/* --- rows -------------------------------------------------------------------------------------------------------- */

#define TESTS_MAX 800

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

/* A named test; row is what *state points to in run. Names are stable and unique. */
static inline void test_add(const char *name, CMUnitTestFunction run, const void *row)
{
	if (test_count == TESTS_MAX)
		abort();
	for (size_t i = 0; i < test_count; i++) {
		if (strcmp(tests[i].name, name) == 0) {
			fprintf(stderr, "two tests are called %s\n", name);
			abort();
		}
	}
	tests[test_count++] = (struct CMUnitTest){ name, run, NULL, NULL, (void *)(uintptr_t)row };
}

/* Every row of a table whose rows have a .name. */
#define ROWS_ADD(rows, run)                                                                                            \
	for (size_t row_ = 0; row_ < COUNT(rows); row_++)                                                              \
	test_add((rows)[row_].name, run, &(rows)[row_])

/* For main: 0 when there were tests and all of them passed. */
static inline int tests_run(const char *group)
{
	return test_count == 0 || _cmocka_run_group_tests(group, tests, test_count, NULL, NULL) != 0;
}

/* A failure that names the row's place, not the helper's. */
#define row_fail(at, ...)                                                                                              \
	do {                                                                                                           \
		fprintf(stderr, "# %s: ", at);                                                                         \
		fprintf(stderr, __VA_ARGS__);                                                                          \
		fprintf(stderr, "\n");                                                                                 \
		fail();                                                                                                \
	} while (0)

/* --- hard ground ------------------------------------------------------------------------------------------------- */

#define GROUND_SIZE ((size_t)2 * 1024 * 1024)

/* A copy of octets that ends where an unreadable page begins: reading one octet too far is a crash. Good until the next
 * call. */
static inline const uint8_t *ground(const void *octets, size_t length)
{
	static uint8_t *end;

	if (!end) {
		uint8_t *pages = mmap(NULL, 2 * GROUND_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				      -1, 0);

		if (pages == MAP_FAILED || mprotect(pages + GROUND_SIZE, GROUND_SIZE, PROT_NONE) != 0)
			abort();
		end = pages + GROUND_SIZE;
	}
	if (length > GROUND_SIZE)
		abort();
	return length ? memcpy(end - length, octets, length) : end;
}

/* --- chance and effort ------------------------------------------------------------------------------------------- */

static inline bool slow(void)
{
	return getenv("IPERF_TEST_SLOW") != NULL;
}

/* Number of rounds of a heavy loop. */
static inline unsigned rounds(unsigned normal)
{
	return slow() ? (normal + 9) / 10 : normal;
}

static inline uint64_t seed_of(uint64_t normal)
{
	const char *seed = getenv("IPERF_TEST_SEED");

	return seed ? strtoull(seed, NULL, 0) : normal;
}

/* A number from 0 to n - 1 (splitmix64); the same numbers on every machine. */
static inline size_t chance(uint64_t *seed, size_t n)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((z ^ (z >> 31)) % n);
}

#endif
