/* Conforming servers and clients are never accused, whatever the network, the scheduling and the capture do to what the
 * judge sees. Simulated runs, each from a seed. One thing does not count, where a run stops its server: what is said of
 * that very moment and looks like a rejection (is_stop in testtap.c; the doubt is that of IPERF_JUDGE_PROMPT).
 *
 * Environment: IPERF_SIM_RUNS, runs of each kind; IPERF_TEST_SEED, the first seed. A failure prints its seed, and the
 * run again as a trace. */
#include "proto/rows_test.h"
#include "proto/testsim.h"

struct kind {
	const char *name;
	void (*change)(struct sim_options *options);
	unsigned runs;
};

static void plain(struct sim_options *options)
{
	(void)options;
}

static void snapped(struct sim_options *options)
{
	options->snap = 40 + options->seed % 81;
}

static void missing(struct sim_options *options)
{
	options->missing = 10;
}

static void begins_late(struct sim_options *options)
{
	options->tap_begins_ns = (int64_t)(options->seed % 20 + 1) * 100 * IPERF_MS;
}

static void conflicts(struct sim_options *options)
{
	options->conflicts = 10;
}

static void all_at_once(struct sim_options *options)
{
	options->missing = 3;
	options->conflicts = 3;
	options->snap = options->seed % 3 ? 0 : 40 + options->seed % 81;
	options->tap_begins_ns = options->seed % 2 ? 0 : 300 * IPERF_MS;
}

static const struct kind kinds[] = {
	{ "sim/whole-capture", plain, 1000 },
	{ "sim/snapped", snapped, 300 },
	{ "sim/segments-missing", missing, 300 },
	{ "sim/capture-begins-late", begins_late, 300 },
	{ "sim/conflicts", conflicts, 300 },
	{ "sim/all-shortcomings", all_at_once, 300 },
};

static unsigned runs_of(const struct kind *kind)
{
	const char *runs = getenv("IPERF_SIM_RUNS");

	return runs ? (unsigned)strtoul(runs, NULL, 10) : rounds(kind->runs);
}

static void print_broken(const struct sim_result *result, uint64_t seed)
{
	for (size_t i = 0; i < result->count && i < SIM_FOUND; i++)
		if (result->found[i].verdict == IPERF_BROKEN)
			fprintf(stderr, "# seed %llu: %s broken by the %s: %s\n", (unsigned long long)seed,
				iperf_requirements[result->found[i].requirement].id,
				result->found[i].by == IPERF_TO_SERVER ? "client" : "server", result->found[i].text);
}

static void run_kind(void **state)
{
	const struct kind *kind = *state;
	uint64_t first = seed_of(1), tests_seen = 0, answered = 0;
	unsigned bad = 0, runs = runs_of(kind);
	bool survey = getenv("IPERF_SIM_SURVEY") != NULL;

	for (unsigned i = 0; i < runs; i++) {
		struct sim_options options;
		struct sim_result result;

		sim_options_random(&options, first + i);
		kind->change(&options);
		options.trace = getenv("IPERF_SIM_TRACE") != NULL;
		sim_run(&options, &result);
		tests_seen += result.tests;
		answered += result.answered;
		if (result.broken == 0)
			continue;
		bad++;
		print_broken(&result, first + i);
		if (survey)
			continue;
		options.trace = true;
		sim_run(&options, &result);
		fail_msg("%s, seed %llu", kind->name, (unsigned long long)(first + i));
	}
	if (survey)
		fprintf(stderr, "# %s: %u of %u runs accused, %llu tests, %llu answers\n", kind->name, bad, runs,
			(unsigned long long)tests_seen, (unsigned long long)answered);
	assert_int_equal(bad, 0);
	assert_true(runs < 100 || (tests_seen > 0 && answered > 0));
}

int main(void)
{
	ROWS_ADD(kinds, run_kind);
	return tests_run("judge_sim");
}
