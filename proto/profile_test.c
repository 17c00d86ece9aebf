/* The profiles on one port. SPEC 33. */
#include "proto/profile.h"

#include "proto/octets_test.h"

static const struct profile_row {
	const char *name;
	const char *octets;
	enum iperf_profile now, after_silence;
} profile_rows[] = {
	{ "33/nothing", "", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_UNKNOWN },
	{ "33/31-octets", "A[0..31]", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_UNKNOWN },
	{ "33/preamble R-33-2", "A", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_TEXT },
	{ "33/preamble-and-one R-33-2", "A 'I'", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_TEXT },
	{ "33/preamble-and-four R-33-2", "A 'IPER'", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_TEXT },
	{ "33/preamble-and-another R-33-2", "A 'X'", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_UNKNOWN },
	{ "33/preamble-and-lower-case R-33-2", "A 'Ip'", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_UNKNOWN },
	{ "33/36-of-iperf3", "a*36", IPERF_PROFILE_UNKNOWN, IPERF_PROFILE_UNKNOWN },
	{ "33/37-of-text R-33-1", "A 'IPERF'", IPERF_PROFILE_TEXT, IPERF_PROFILE_TEXT },
	{ "33/37-of-iperf3 R-33-1", "a*36 =00", IPERF_PROFILE_IPERF3, IPERF_PROFILE_IPERF3 },
	{ "33/keyword-but-one R-33-1", "A 'IPERG'", IPERF_PROFILE_IPERF3, IPERF_PROFILE_IPERF3 },
	{ "33/text-opening R-33-1", "A TEST_BEGIN", IPERF_PROFILE_TEXT, IPERF_PROFILE_TEXT },
	{ "33/text-of-no-keyword R-33-1", "A 'IPERF3'", IPERF_PROFILE_TEXT, IPERF_PROFILE_TEXT },
	{ "33/iperf3-and-parameters R-33-1", "a*36 =00 =00000002 '{}'", IPERF_PROFILE_IPERF3, IPERF_PROFILE_IPERF3 },
	{ "33/keyword-earlier R-33-1", "a*31 'IPERF' =00", IPERF_PROFILE_IPERF3, IPERF_PROFILE_IPERF3 },
};

static void run_profile(void **state)
{
	const struct profile_row *row = *state;
	static struct octets octets;
	const uint8_t *at;

	octets_of(&octets, row->octets);
	at = ground(octets.at, octets.length);
	assert_int_equal(iperf_profile_of(at, octets.length), row->now);
	assert_int_equal(iperf_profile_after_silence(at, octets.length), row->after_silence);
	if (row->now != IPERF_PROFILE_UNKNOWN) /* and not earlier */
		assert_int_equal(iperf_profile_of(octets.at, IPERF_PROFILE_OCTETS - 1), IPERF_PROFILE_UNKNOWN);
}

int main(void)
{
	ROWS_ADD(profile_rows, run_profile);
	return tests_run("profile");
}
