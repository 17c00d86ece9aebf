/* The cookie as a value: equality, its hexadecimal form, its making. SPEC 3. */
#include "proto/cookie.h"
#include "proto/iperf3_control.h"

#include <ctype.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/rows_test.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct iperf_cookie counting = { { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
						16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 } };

/* --- values that a string function would stumble on -------------------------------------------------------------- */

struct value_row {
	const char *name;
	uint8_t octet;
};

static const struct value_row value_rows[] = {
	{ "3/cookie-of-nul R-3-4", 0x00 },       { "3/cookie-of-space R-3-4", ' ' },
	{ "3/cookie-of-line-feed R-3-4", '\n' }, { "3/cookie-of-carriage-return R-3-4", '\r' },
	{ "3/cookie-of-ff R-3-4", 0xff },        { "3/cookie-of-80 R-3-4", 0x80 },
};

/* Such a cookie is itself, differs from its neighbour in any one place, and survives its hexadecimal form. */
static void run_value(void **state)
{
	const struct value_row *row = *state;
	struct iperf_cookie cookie, other;
	char hex[IPERF_COOKIE_HEX_SIZE];

	memset(&cookie, row->octet, sizeof cookie);
	assert_true(iperf_cookie_equal(&cookie, &cookie));
	for (size_t i = 0; i < IPERF_COOKIE_LENGTH; i++) {
		other = cookie;
		other.octets[i] ^= 0xff;
		assert_false(iperf_cookie_equal(&cookie, &other));
		iperf_cookie_to_hex(&other, hex);
		assert_true(iperf_cookie_from_hex(&cookie, hex));
		assert_memory_equal(&cookie, &other, sizeof cookie);
		memset(&cookie, row->octet, sizeof cookie);
	}
}

/* --- equality ---------------------------------------------------------------------------------------------------- */

static void equal_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < IPERF_COOKIE_LENGTH; i++) {
		for (unsigned change = 1; change < 256; change++) {
			struct iperf_cookie other = counting;

			other.octets[i] ^= (uint8_t)change;
			assert_false(iperf_cookie_equal(&counting, &other));
			assert_false(iperf_cookie_equal(&other, &counting));
			other.octets[i] ^= (uint8_t)change;
			assert_true(iperf_cookie_equal(&counting, &other));
		}
	}
}

static void length_is_32(void **state)
{
	(void)state;
	assert_int_equal(IPERF_COOKIE_LENGTH, 32);
	assert_int_equal(sizeof(struct iperf_cookie), 32);
}

/* --- hexadecimal ------------------------------------------------------------------------------------------------- */

static void hex_is_exact(void **state)
{
	char hex[IPERF_COOKIE_HEX_SIZE];

	(void)state;
	memset(hex, 'x', sizeof hex);
	iperf_cookie_to_hex(&counting, hex);
	assert_string_equal(hex, DIGITS);
}

/* Every octet value at every place. */
static void hex_round_trip(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		struct iperf_cookie cookie, back;
		char hex[IPERF_COOKIE_HEX_SIZE];

		for (size_t i = 0; i < IPERF_COOKIE_LENGTH; i++)
			cookie.octets[i] = (uint8_t)(first + 37 * i);
		iperf_cookie_to_hex(&cookie, hex);
		for (int upper = 0; upper < 2; upper++) {
			memset(&back, 0x55, sizeof back);
			assert_true(iperf_cookie_from_hex(&back, (const char *)ground(hex, sizeof hex)));
			assert_memory_equal(&back, &cookie, sizeof back);
			for (size_t i = 0; i < sizeof hex; i++)
				hex[i] = (char)toupper((unsigned char)hex[i]);
		}
	}
}

struct hex_row {
	const char *name;
	const char *hex;
	bool ok;
};

static const struct hex_row hex_rows[] = {
	{ "3/hex-lower", DIGITS, true },
	{ "3/hex-upper", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", true },
	{ "3/hex-mixed", "000102030405060708090A0b0C0d0E0f101112131415161718191a1B1c1D1e1F", true },
	{ "3/hex-empty", "", false },
	{ "3/hex-one-digit", "0", false },
	{ "3/hex-62-digits", "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", false },
	{ "3/hex-63-digits", "00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", false },
	{ "3/hex-65-digits", DIGITS "0", false },
	{ "3/hex-66-digits", DIGITS "00", false },
	{ "3/hex-space-behind", DIGITS " ", false },
	{ "3/hex-line-end-behind", DIGITS "\n", false },
	{ "3/hex-space-before", " " DIGITS, false },
	{ "3/hex-0x-before", "0x" DIGITS, false },
};

static void run_hex(void **state)
{
	const struct hex_row *row = *state;
	struct iperf_cookie cookie;

	assert_int_equal(iperf_cookie_from_hex(&cookie, (const char *)ground(row->hex, strlen(row->hex) + 1)), row->ok);
	if (row->ok)
		assert_memory_equal(&cookie, &counting, sizeof cookie);
}

/* Any octet that is no digit, at any of the 64 places; the NUL, which ends the string early, too. */
static void hex_bad_digit_anywhere(void **state)
{
	(void)state;
	for (size_t place = 0; place < IPERF_COOKIE_HEX_SIZE - 1; place++) {
		for (int c = 0; c < 256; c++) {
			char hex[IPERF_COOKIE_HEX_SIZE] = DIGITS;
			struct iperf_cookie cookie;

			hex[place] = (char)c;
			assert_int_equal(iperf_cookie_from_hex(&cookie, (const char *)ground(hex, strlen(hex) + 1)),
					 isxdigit(c) != 0);
		}
	}
}

/* --- generation -------------------------------------------------------------------------------------------------- */

/* What the system's generator answers, call by call: a negative errno, a count, or WHOLE from then on. */
#define WHOLE 0

static const int *answers;
static size_t calls;

/* In place of the C library's. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
	calls++;
	assert_int_equal(flags, 0); /* neither GRND_NONBLOCK nor GRND_INSECURE: R-3-2 */
	if (*answers < 0) {
		errno = -*answers++;
		return -1;
	}
	if (*answers != WHOLE && (size_t)*answers < length)
		length = (size_t)*answers;
	answers += *answers != WHOLE;
	return syscall(SYS_getrandom, buffer, length, flags);
}

struct generator_row {
	const char *name;
	int answers[34];
	int result;
	size_t calls;
};

static const struct generator_row generator_rows[] = {
	{ "3/generator-whole R-3-2", { WHOLE }, 0, 1 },
	{ "3/generator-in-two R-3-1", { 20, WHOLE }, 0, 2 },
	{ "3/generator-by-ones R-3-1", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
					 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 0, 32 },
	{ "3/generator-31-and-1 R-3-1", { 31, 1 }, 0, 2 },
	{ "3/generator-interrupted R-3-2", { -EINTR, 5, -EINTR, WHOLE }, 0, 4 },
	{ "3/generator-missing R-3-2", { -ENOSYS }, -ENOSYS, 1 },
	{ "3/generator-fails-half-way R-3-2", { 16, -EIO }, -EIO, 2 },
};

/* No answer of the generator leaves an octet unfilled, and its error is passed on. */
static void run_generator(void **state)
{
	const struct generator_row *row = *state;
	struct iperf_cookie ones = { { 0 } }, zeros = { { 0 } };

	for (int i = 0; i < 64; i++) {
		struct iperf_cookie cookie;

		answers = row->answers;
		calls = 0;
		memset(&cookie, i % 2 ? 0xff : 0, sizeof cookie);
		assert_int_equal(iperf_cookie_generate(&cookie), row->result);
		assert_int_equal(calls, row->calls);
		for (size_t at = 0; at < IPERF_COOKIE_LENGTH; at++) {
			ones.octets[at] |= cookie.octets[at];
			zeros.octets[at] |= (uint8_t)~cookie.octets[at];
		}
	}
	for (size_t at = 0; at < IPERF_COOKIE_LENGTH && row->result == 0; at++) {
		/* each bit takes both values within 64 tries: by chance it would not once in 2^55 runs */
		assert_int_equal(ones.octets[at], 0xff);
		assert_int_equal(zeros.octets[at], 0xff);
	}
}

/* The same for the cookie of the iperf3 profile. */
static void iperf3_generator_fails(void **state)
{
	static const int fails[] = { 16, -EIO }, whole[] = { WHOLE };
	struct iperf3_cookie cookie;

	(void)state;
	answers = fails;
	assert_int_equal(iperf3_cookie_generate(&cookie), -EIO);
	answers = whole;
	assert_int_equal(iperf3_cookie_generate(&cookie), 0);
	assert_int_equal(strlen((const char *)cookie.octets), IPERF3_COOKIE_LENGTH - 1);
}

static void generated_twice_differs(void **state)
{
	struct iperf_cookie a, b;

	(void)state;
	answers = (const int[]){ WHOLE };
	assert_int_equal(iperf_cookie_generate(&a), 0);
	assert_int_equal(iperf_cookie_generate(&b), 0);
	assert_false(iperf_cookie_equal(&a, &b));
}

int main(void)
{
	ROWS_ADD(value_rows, run_value);
	ROWS_ADD(hex_rows, run_hex);
	ROWS_ADD(generator_rows, run_generator);
	test_add("3/cookie-length R-3-1", length_is_32, NULL);
	test_add("3/equal-at-every-octet R-3-5", equal_at_every_octet, NULL);
	test_add("3/hex-exact", hex_is_exact, NULL);
	test_add("3/hex-round-trip", hex_round_trip, NULL);
	test_add("3/hex-bad-digit-anywhere", hex_bad_digit_anywhere, NULL);
	test_add("3/generated-twice-differs R-3-3", generated_twice_differs, NULL);
	test_add("22.2/generator-fails R-22.2-1", iperf3_generator_fails, NULL);
	return tests_run("cookie");
}
