/* Whether a stream is terminated, against a matcher that keeps everything. SPEC 8.2. */
#include "proto/terminator.h"

#include "proto/octets_test.h"

/* --- the oracle -------------------------------------------------------------------------------------------------- */

/* R-8.2-1, word by word. */
static bool ends_with_end(const uint8_t *octets, size_t length, const struct iperf_cookie *cookie)
{
	const char *keyword = "IPERF_STREAM_END ";
	size_t words = strlen(keyword), whole = words + IPERF_COOKIE_LENGTH;

	return length >= whole && memcmp(octets + length - whole, keyword, words) == 0 &&
	       memcmp(octets + length - IPERF_COOKIE_LENGTH, cookie->octets, IPERF_COOKIE_LENGTH) == 0;
}

static void assert_state(const struct iperf_terminator *terminator, const struct iperf_cookie *cookie,
			 const uint8_t *octets, size_t length)
{
	assert_int_equal(terminator->total, length);
	assert_int_equal(iperf_terminator_state(terminator, cookie),
			 ends_with_end(octets, length, cookie) ? IPERF_TERMINATED_YES : IPERF_TERMINATED_NO);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

struct payload_row {
	const char *name;
	const char *words; /* what follows STREAM_BEGIN; the cookie is A */
	bool terminated;
};

static const struct payload_row payload_rows[] = {
	{ "8.2/nothing R-8.2-1", "", false },
	{ "8.2/payload-only R-8.2-1", "x*200", false },
	{ "8.2/end-only R-8.2-1", "STREAM_END", true },
	{ "8.2/payload-and-end R-8.2-1", "x*100 STREAM_END", true },
	{ "8.2/one-octet-and-end R-8.2-1", "'x' STREAM_END", true },
	{ "8.2/end-then-octet R-8.2-3 R-8.2-4", "STREAM_END 'x'", false },
	{ "8.2/end-then-line-end R-8.2-4", "STREAM_END '\n'", false },
	{ "8.2/end-octet-end R-8.2-3 R-8.2-4", "STREAM_END 'x' STREAM_END", true },
	{ "8.2/end-twice R-8.2-3", "STREAM_END STREAM_END", true },
	{ "8.2/end-three-times R-8.2-3", "STREAM_END STREAM_END STREAM_END", true },
	{ "8.2/end-and-a-half R-8.2-4", "STREAM_END STREAM_END[0..25]", false },
	{ "8.2/half-and-end R-8.2-1", "STREAM_END[0..25] STREAM_END", true },
	{ "8.2/last-octet-missing R-8.2-1", "x*100 STREAM_END[0..48]", false },
	{ "8.2/first-octet-missing R-8.2-1", "STREAM_END[1..]", false },
	{ "8.2/first-octet-missing-behind-payload R-8.2-1", "x*100 STREAM_END[1..]", false },
	{ "8.2/cookie-differs-in-last-octet R-8.2-1", "STREAM_END/C", false },
	{ "8.2/cookie-differs-in-first-octet R-8.2-1", "STREAM_END/D", false },
	{ "8.2/cookie-other R-8.2-1", "x*10 STREAM_END/B", false },
	{ "8.2/end-then-end-of-other-cookie R-8.2-4", "STREAM_END STREAM_END/B", false },
	{ "8.2/end-of-other-cookie-then-end R-8.2-1", "STREAM_END/B STREAM_END", true },
	{ "8.2/test-end R-8.2-1", "TEST_END", false },
	{ "8.2/stream-begin R-8.1-4", "STREAM_BEGIN", false },
	{ "8.2/lower-case R-4.2-3", "'iperf_stream_end ' A", false },
	{ "8.2/keyword-repeated R-8.2-1", "'IPERF_STREAM_' STREAM_END", true },
	{ "8.2/almost-twice R-8.2-1", "STREAM_END[0..48] STREAM_END[0..48] STREAM_END", true },
	{ "8.2/end-swallowed R-8.2-1", "STREAM_END[0..30] STREAM_END STREAM_END[30..]", false },
};

/* After each octet, whole, and in every cut into three: the same as the oracle says. R-8.2-2. */
static void run_payload(void **state)
{
	const struct payload_row *row = *state;
	const struct iperf_cookie *cookie = cookie_named('A');
	struct iperf_terminator terminator;
	struct octets payload;

	octets_of(&payload, row->words);
	assert_int_equal(ends_with_end(payload.at, payload.length, cookie), row->terminated);
	iperf_terminator_init(&terminator);
	assert_state(&terminator, cookie, payload.at, 0);
	for (size_t n = 0; n < payload.length; n++) {
		iperf_terminator_feed(&terminator, ground(payload.at + n, 1), 1);
		iperf_terminator_feed(&terminator, NULL, 0);
		assert_state(&terminator, cookie, payload.at, n + 1);
	}
	for (size_t a = 0; a <= payload.length; a++) {
		for (size_t b = a; b <= payload.length; b++) {
			iperf_terminator_init(&terminator);
			iperf_terminator_feed(&terminator, ground(payload.at, a), a);
			iperf_terminator_feed(&terminator, ground(payload.at + a, b - a), b - a);
			assert_state(&terminator, cookie, payload.at, b);
			iperf_terminator_feed(&terminator, ground(payload.at + b, payload.length - b),
					      payload.length - b);
			assert_state(&terminator, cookie, payload.at, payload.length);
		}
	}
}

/* No octet of the message may be another, nor may one be missing. */
static void every_octet_decides(void **state)
{
	struct octets end;

	(void)state;
	octets_of(&end, "x*60 STREAM_END");
	for (size_t at = 60; at < end.length; at++) {
		for (unsigned change = 1; change < 256; change++) {
			struct iperf_terminator terminator;

			end.at[at] ^= (uint8_t)change;
			iperf_terminator_init(&terminator);
			iperf_terminator_feed(&terminator, end.at, end.length);
			assert_int_equal(iperf_terminator_state(&terminator, cookie_named('A')), IPERF_TERMINATED_NO);
			end.at[at] ^= (uint8_t)change;
		}
	}
}

/* Which cookie is held decides, not which was held when the octets came. */
static void cookie_is_asked_late(void **state)
{
	struct iperf_terminator terminator;
	struct octets end;

	(void)state;
	octets_of(&end, "x*7 STREAM_END/B");
	iperf_terminator_init(&terminator);
	iperf_terminator_feed(&terminator, end.at, end.length);
	assert_int_equal(iperf_terminator_state(&terminator, cookie_named('A')), IPERF_TERMINATED_NO);
	assert_int_equal(iperf_terminator_state(&terminator, cookie_named('B')), IPERF_TERMINATED_YES);
}

/* --- chance ------------------------------------------------------------------------------------------------------ */

/* Cookies that make the message overlap with itself: a prefix of it ends within it. */
static void overlapping_cookie(struct iperf_cookie *cookie, uint64_t *seed)
{
	static const char end[] = "IPERF_STREAM_END ";
	size_t shift = chance(seed, IPERF_COOKIE_LENGTH);

	memset(cookie, end[chance(seed, sizeof end - 1)], sizeof *cookie);
	for (size_t i = shift; i < IPERF_COOKIE_LENGTH && i - shift < sizeof end - 1; i++)
		cookie->octets[i] = (uint8_t)end[i - shift];
}

/* Payload made of whole and broken messages, in segments of chance: after each segment the oracle is right. */
static void chance_against_oracle(void **state)
{
	uint64_t seed = seed_of(2);
	unsigned terminated = 0;

	(void)state;
	for (unsigned i = 0; i < rounds(4000); i++) {
		struct iperf_terminator terminator;
		struct iperf_cookie cookie;
		struct octets payload = { 0 };
		uint8_t end[IPERF_MESSAGE_MAX];
		size_t length;

		overlapping_cookie(&cookie, &seed);
		length = iperf_message_write(end, IPERF_STREAM_END, &cookie);
		while (payload.length < 400) {
			size_t from = chance(&seed, 4) ? 0 : chance(&seed, length);
			size_t to = chance(&seed, 2) ? length : from + chance(&seed, length - from + 1);

			octets_append(&payload, end + from, to - from);
			if (chance(&seed, 3) == 0)
				octets_append(&payload, "I", 1);
		}
		iperf_terminator_init(&terminator);
		for (size_t at = 0; at < payload.length;) {
			size_t n = chance(&seed, chance(&seed, 2) ? 8 : 120);

			n = n < payload.length - at ? n : payload.length - at;
			iperf_terminator_feed(&terminator, ground(payload.at + at, n), n);
			at += n;
			assert_state(&terminator, &cookie, payload.at, at);
			terminated += ends_with_end(payload.at, at, &cookie);
		}
	}
	assert_true(terminated > rounds(400)); /* the payload did put the question */
}

/* --- octets that nobody saw -------------------------------------------------------------------------------------- */

struct skip_row {
	const char *name;
	const char *before;
	uint64_t skipped;
	const char *behind;
	enum iperf_terminated state;
};

static const struct skip_row skip_rows[] = {
	{ "8.2/skip-nothing", "STREAM_END", 0, "", IPERF_TERMINATED_YES },
	{ "8.2/skip-all-too-short", "", 48, "", IPERF_TERMINATED_NO },
	{ "8.2/skip-all", "", 49, "", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-end", "STREAM_END", 49, "", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-one-octet-behind-end", "STREAM_END", 1, "", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-last-octet", "STREAM_END[0..48]", 1, "", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-first-octet", "x*10", 1, "STREAM_END[1..]", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-first-octet-of-stream", "", 1, "STREAM_END[1..]", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-none-but-too-short", "", 0, "STREAM_END[1..]", IPERF_TERMINATED_NO },
	{ "8.2/skip-hole-in-the-middle", "STREAM_END[0..10]", 20, "STREAM_END[30..]", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-hole-before-other-octets", "STREAM_END[0..10]", 20, "STREAM_END[30..] 'x'", IPERF_TERMINATED_NO },
	{ "8.2/skip-hole-too-long", "STREAM_END[0..10]", 21, "STREAM_END[30..]", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-then-last-octet-differs", "", 100, "STREAM_END/C[48..]", IPERF_TERMINATED_NO },
	{ "8.2/skip-then-last-octet-fits", "", 100, "STREAM_END[48..]", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-then-first-known-octet-differs", "", 100, "STREAM_END/D[17..]", IPERF_TERMINATED_NO },
	{ "8.2/skip-then-end", "", 100, "STREAM_END", IPERF_TERMINATED_YES },
	{ "8.2/skip-then-end-and-octet", "", 100, "STREAM_END 'x'", IPERF_TERMINATED_NO },
	{ "8.2/skip-4-GiB-then-end", "x*5", UINT64_C(1) << 32, "STREAM_END", IPERF_TERMINATED_YES },
	{ "8.2/skip-4-GiB", "STREAM_END", UINT64_C(1) << 32, "", IPERF_TERMINATED_UNKNOWN },
	{ "8.2/skip-much-then-half-end", "", UINT64_C(1) << 62, "STREAM_END[0..48]", IPERF_TERMINATED_NO },
};

static void run_skip(void **state)
{
	const struct skip_row *row = *state;
	struct octets before, behind;

	octets_of(&before, row->before);
	octets_of(&behind, row->behind);
	for (size_t cut = 0; cut <= behind.length; cut++) {
		struct iperf_terminator terminator;

		iperf_terminator_init(&terminator);
		iperf_terminator_feed(&terminator, before.at, before.length);
		iperf_terminator_skip(&terminator, row->skipped / 3);
		iperf_terminator_skip(&terminator, row->skipped - row->skipped / 3);
		iperf_terminator_feed(&terminator, ground(behind.at, cut), cut);
		iperf_terminator_feed(&terminator, ground(behind.at + cut, behind.length - cut), behind.length - cut);
		assert_true(terminator.total == before.length + row->skipped + behind.length);
		assert_int_equal(iperf_terminator_state(&terminator, cookie_named('A')), row->state);
	}
}

/* YES when all of the last 49 octets are known and right, NO when a known one behind the last hole is wrong or there
 * are too few, UNKNOWN else: what precedes a hole is forgotten. So YES and NO are never wrong, whatever filled it. */
static void skip_against_oracle(void **state)
{
	const struct iperf_cookie *cookie = cookie_named('A');
	uint64_t seed = seed_of(3);
	struct octets end;

	(void)state;
	octets_of(&end, "STREAM_END");
	for (unsigned i = 0; i < rounds(20000); i++) {
		size_t length = 30 + chance(&seed, 60), bad = chance(&seed, 4) ? SIZE_MAX : chance(&seed, length);
		struct iperf_terminator terminator;
		uint8_t octets[100], best[100];
		size_t hole_end = 0;

		for (size_t at = 0; at < length; at++) /* ends with as much of the message as there is room for */
			best[at] = length - at <= end.length ? end.at[end.length - (length - at)] : 'x';
		memcpy(octets, best, length);
		if (bad != SIZE_MAX)
			octets[bad] ^= 1;
		iperf_terminator_init(&terminator);
		for (size_t at = 0, n; at < length; at += n) {
			n = 1 + chance(&seed, 30);
			n = n < length - at ? n : length - at;
			if (chance(&seed, 3) == 0) {
				iperf_terminator_skip(&terminator, n);
				hole_end = at + n;
			} else {
				iperf_terminator_feed(&terminator, ground(octets + at, n), n);
			}
		}
		memcpy(best + hole_end, octets + hole_end, length - hole_end);
		if (!ends_with_end(best, length, cookie))
			assert_int_equal(iperf_terminator_state(&terminator, cookie), IPERF_TERMINATED_NO);
		else if (length - hole_end >= end.length)
			assert_int_equal(iperf_terminator_state(&terminator, cookie), IPERF_TERMINATED_YES);
		else
			assert_int_equal(iperf_terminator_state(&terminator, cookie), IPERF_TERMINATED_UNKNOWN);
	}
}

#define BLOCK (UINT64_C(5) << 30)

/* A block of 5 GiB of which only the last page can be read: more is not looked at, and its length is counted. */
static void long_block(void **state)
{
	const size_t page = 65536;
	struct iperf_terminator terminator;
	struct octets end;
	uint8_t *block = mmap(NULL, BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)state;
	if (block == MAP_FAILED || mprotect(block + BLOCK - page, page, PROT_READ | PROT_WRITE) != 0)
		fail_msg("no room for 5 GiB of addresses");
	octets_of(&end, "STREAM_END");
	memcpy(block + BLOCK - end.length, end.at, end.length);
	iperf_terminator_init(&terminator);
	iperf_terminator_feed(&terminator, block, BLOCK);
	assert_true(terminator.total == BLOCK);
	assert_int_equal(iperf_terminator_state(&terminator, cookie_named('A')), IPERF_TERMINATED_YES);
	iperf_terminator_feed(&terminator, block, BLOCK - 1);
	assert_true(terminator.total == 2 * BLOCK - 1);
	assert_int_equal(iperf_terminator_state(&terminator, cookie_named('A')), IPERF_TERMINATED_NO);
	munmap(block, BLOCK);
}

static void length_is_the_messages(void **state)
{
	(void)state;
	assert_int_equal(IPERF_TERMINATOR_LENGTH, 49);
	assert_int_equal(IPERF_TERMINATOR_LENGTH, iperf_message_length(IPERF_STREAM_END));
	assert_true(sizeof(struct iperf_terminator) <= 64); /* bounded memory, whatever the payload */
}

int main(void)
{
	ROWS_ADD(payload_rows, run_payload);
	ROWS_ADD(skip_rows, run_skip);
	test_add("8.2/every-octet-decides R-8.2-1", every_octet_decides, NULL);
	test_add("8.2/cookie-is-asked-late", cookie_is_asked_late, NULL);
	test_add("8.2/chance-against-oracle R-8.2-1 R-8.2-2 R-8.2-3 R-8.2-4", chance_against_oracle, NULL);
	test_add("8.2/skip-against-oracle", skip_against_oracle, NULL);
	test_add("8.2/block-of-5-GiB R-8.2-1", long_block, NULL);
	test_add("8.2/length R-8.2-5", length_is_the_messages, NULL);
	return tests_run("terminator");
}
