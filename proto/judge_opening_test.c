/* What the judge says of a connection's first octets does not depend on the segments that they come in: what tells a
 * client of this protocol from a stranger may come after the octet that is wrong. */
#include "proto/judge.h"
#include "proto/rows_test.h"

#define COOKIE "abcdefghijklmnopqrstuvwxyz01234 "

static const struct row {
	const char *name, *octets;
	enum iperf_requirement broken; /* IPERF_R_NONE: it may be a stranger */
	unsigned offset;
} rows[] = {
	{ "opening/right", COOKIE "IPERF_TEST_BEGIN " COOKIE, IPERF_R_NONE, 0 },
	{ "opening/line-end R-4.2-2", COOKIE "\nIPERF_TEST_BEGIN " COOKIE, IPERF_R_4_2_2, 32 },
	{ "opening/spaces R-4.2-2", COOKIE " \t IPERF_TEST_BEGIN", IPERF_R_4_2_2, 32 },
	{ "opening/lower-case R-4.2-3", COOKIE "iperf_test_begin", IPERF_R_4_2_3, 32 },
	{ "opening/mixed-case R-4.2-3", COOKIE "IPerf_test_begin", IPERF_R_4_2_3, 34 },
	{ "opening/no-preamble R-5.1-1", "IPERF_TEST_BEGIN " COOKIE, IPERF_R_5_1_1, 32 }, /* where it shows */
	{ "opening/stranger", COOKIE "\nGET / HTTP/1.1\r\n", IPERF_R_NONE, 0 },
	{ "opening/stranger-white", COOKIE "\n\n\n\n\n\nIPERF_TEST_BEGIN", IPERF_R_NONE, 0 },
	{ "opening/stranger-short", COOKIE "\niper", IPERF_R_NONE, 0 },
};

struct told {
	unsigned count;
	enum iperf_requirement broken;
	uint64_t offset;
};

static void hear(void *user, const struct iperf_said *said)
{
	(void)user, (void)said;
}

static void find(void *user, const struct iperf_finding *finding)
{
	struct told *told = user;

	if (finding->verdict != IPERF_BROKEN)
		return;
	told->count++;
	told->broken = finding->requirement;
	told->offset = finding->mark.offset;
}

static struct told judge_pieces(const char *octets, size_t piece)
{
	static struct iperf_judge judge;
	struct told told = { .broken = IPERF_R_NONE };
	struct iperf_judge_config config = { .said = hear, .found = find, .user = &told };
	struct iperf_judge_conn conn = { .number = 1 };
	struct iperf_endpoint client = { .port = 40000 };
	struct iperf_mark mark = { .packet = 1, .time_ns = IPERF_S };
	size_t length = strlen(octets);

	iperf_judge_init(&judge, &config);
	iperf_judge_opened(&judge, &conn, &client, true, &mark);
	for (size_t at = 0; at < length; at += piece, mark.packet++) {
		mark.offset = at;
		iperf_judge_octets(&judge, &conn, IPERF_TO_SERVER, (const uint8_t *)octets + at,
				   length - at < piece ? length - at : piece, &mark);
	}
	iperf_judge_finish(&judge, &mark);
	iperf_judge_forget(&judge, &conn);
	return told;
}

static void run_row(void **state)
{
	const struct row *row = *state;

	for (size_t piece = 1; piece <= strlen(row->octets); piece++) {
		struct told told = judge_pieces(row->octets, piece);

		assert_int_equal(told.count, row->broken != IPERF_R_NONE);
		assert_int_equal(told.broken, row->broken);
		if (told.count > 0)
			assert_int_equal(told.offset, row->offset);
	}
}

int main(void)
{
	ROWS_ADD(rows, run_row);
	return tests_run("judge_opening");
}
