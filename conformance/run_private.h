/* What the parts of a run share: run.c (the whole), run_case.c (one case, and what a server is left like), run_jobs.c
 * (several at once). */
#ifndef IPERF_CONFORMANCE_RUN_PRIVATE_H
#define IPERF_CONFORMANCE_RUN_PRIVATE_H

#include "conformance/pcap_writer.h"
#include "conformance/run.h"
#include "proto/limits.h"

#define RUN_IDLE_PATIENCE (2 * IPERF_S) /* a right server is idle at once */
#define RUN_AT_ONCE (300 * IPERF_MS)    /* for what happens without a cause to wait */

struct run {
	struct player *player;
	const struct run_options *options;
	json_t *outcome;
	json_t *expectations;    /* NULL: none */
	struct pcap_writer *pcap;
	int64_t epoch_ns;    /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	bool plain;          /* standard output is TAP */
	bool mute;           /* it is neither: another report goes there, or quiet */
	bool colour, live;
	bool keeps_busy;     /* the server is busy for a while after any test */
	char stopped[400];   /* why the run ended early; "" when it did not */
};

/* Plays it, or says why not. The outcome (outcome.h) is the caller's. */
json_t *run_one(struct run *run, const struct case_file *file);

/* How long a server may be busy that does not become idle by the end of a test; and waits so long. */
int64_t run_pause(const struct run *run);
void run_pause_between(struct run *run);

/* Takes the outcome of a case over, reports it, and says whether the run goes on; *written becomes false when a report
 * could not be written. number is from 1. */
bool run_take(struct run *run, size_t number, json_t *one, bool *written);

/* Plays all, options->jobs of them at a time, each in a process of its own, and reports them in order. */
bool run_jobs(struct run *run, struct case_file *const cases[], size_t count);

static inline bool run_interrupted(const struct run *run)
{
	return run->player->interrupted && *run->player->interrupted;
}

#endif
