#include "ref/pace.h"

void pace_start(struct pace *pace, int64_t bits_per_second, size_t piece, int64_t now_ns)
{
	pace->gap_ns = bits_per_second > 0 ? (double)piece * 8e9 / (double)bits_per_second : 0;
	pace->due_ns = (double)now_ns;
	pace->last_ns = 0;
}

int64_t pace_next(const struct pace *pace)
{
	int64_t due_ns = (int64_t)pace->due_ns;
	int64_t soonest_ns = pace->last_ns + (int64_t)(pace->gap_ns / 2);

	return due_ns > soonest_ns ? due_ns : soonest_ns;
}

size_t pace_count(const struct pace *pace, int64_t now_ns, size_t max)
{
	double due, burst;

	if (pace->gap_ns <= 0)
		return max;
	if (now_ns < pace_next(pace))
		return 0;
	due = 1 + ((double)now_ns - pace->due_ns) / pace->gap_ns;
	burst = (double)PACE_BURST_NS / pace->gap_ns;
	if (due > burst)
		due = burst;
	return due >= (double)max ? max : due < 1 ? 1 : (size_t)due;
}

void pace_sent(struct pace *pace, double pieces, int64_t now_ns)
{
	if (pace->gap_ns <= 0)
		return;
	pace->due_ns += pieces * pace->gap_ns;
	pace->last_ns = now_ns;
}
