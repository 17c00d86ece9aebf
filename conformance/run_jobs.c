/* Several cases at a time, each in a process of its own: the program under test is started for each case, so that they do
 * not meet. The child plays the case, and writes the outcome as JSON to a pipe. */
#include "conformance/expectations.h"
#include "conformance/outcome_text.h"
#include "conformance/run_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 65536

struct job {
	pid_t pid;         /* 0: none runs here */
	int fd;
	size_t index;      /* of its case */
	char *text;
	size_t length, room;
};

/* --- the child --------------------------------------------------------------------------------------------------- */

static json_t *play_alone(struct run *run, const struct case_file *file)
{
	struct player *player = run->player;
	int port;

	if (file->role == CASE_CLIENT) { /* the other jobs' clients are not to come here */
		wire_unlisten(&player->wire);
		port = wire_listen(&player->wire, 0);
		if (port > 0)
			player->port = (uint16_t)port;
	}
	return run_one(run, file);
}

static void be_job(struct run *run, const struct case_file *file, int out)
{
	json_t *one;
	char *text, *at;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	one = play_alone(run, file);
	text = at = json_dumps(one, JSON_COMPACT);
	while (at && *at) {
		ssize_t written = write(out, at, strlen(at));

		if (written < 0 && errno != EINTR)
			break;
		at += written > 0 ? written : 0;
	}
	free(text);
	json_decref(one);
	_exit(0); /* buffers and files are the parent's */
}

static bool start(struct run *run, struct job *job, const struct case_file *file, size_t index)
{
	int ends[2];

	if (pipe(ends) != 0)
		return false;
	fflush(NULL);
	*job = (struct job){ .pid = fork(), .fd = ends[0], .index = index };
	if (job->pid == 0) {
		close(ends[0]);
		be_job(run, file, ends[1]);
	}
	close(ends[1]);
	if (job->pid > 0)
		return true;
	close(ends[0]);
	job->pid = 0;
	return false;
}

/* --- the parent -------------------------------------------------------------------------------------------------- */

/* Reads what is there. Returns whether the job is at its end. */
static bool collect(struct job *job)
{
	ssize_t length;

	if (job->room < job->length + BLOCK) {
		char *text = realloc(job->text, 2 * job->room + BLOCK);

		if (!text)
			return true;
		job->text = text;
		job->room = 2 * job->room + BLOCK;
	}
	length = read(job->fd, job->text + job->length, BLOCK);
	if (length < 0)
		return errno != EINTR;
	job->length += (size_t)length;
	return length == 0;
}

/* A client's cookie is fresh in the whole run; the jobs know of their own only (R-3-3, R-22.2-2). */
static void check_cookie(struct run *run, const struct case_file *file, json_t *one)
{
	const char *cookie = json_string_value(json_object_get(json_object_get(one, "cookies"), "$cookie"));
	bool iperf3 = file->profile == CASE_IPERF3;
	enum iperf_requirement broken = iperf3 ? IPERF_R_22_2_2 : IPERF_R_3_3;
	uint8_t octets[PLAY_COOKIE_MAX] = { 0 };
	size_t length = 0;

	if (file->role != CASE_CLIENT || !cookie)
		return;
	for (unsigned octet; length < sizeof octets && sscanf(cookie + 2 * length, "%2x", &octet) == 1;)
		octets[length++] = (uint8_t)octet;
	if (player_cookie_is_fresh(run->player, octets, length) || outcome_verdict(one) != OUTCOME_PASS)
		return;
	json_object_set_new(one, "verdict", json_string("fail"));
	json_object_set_new(one, "failure",
			    json_pack("{s:s, s:s, s:i, s:s, s:s, s:f}", "requirement", iperf_requirements[broken].id, "level",
				      iperf_requirements[broken].level, "line", (int)file->steps[0].line, "expected",
				      "a fresh cookie for each test", "observed", "the cookie of an earlier test of this run",
				      "at", 0.0));
	if (run->expectations)
		expectations_mark(run->expectations, one);
}

static json_t *finish(struct run *run, struct job *job, const struct case_file *file)
{
	json_t *one = json_loadb(job->text ? job->text : "", job->length, JSON_ALLOW_NUL, NULL);
	struct play_result lost = { .verdict = PLAY_UNTESTED, .reason = "the process that played it has ended early" };

	close(job->fd);
	TEMP_FAILURE_RETRY(waitpid(job->pid, NULL, 0));
	free(job->text);
	*job = (struct job){ 0 };
	if (one) {
		check_cookie(run, file, one);
		return one;
	}
	one = outcome_case(file, &lost, run->options->about.strict, "");
	if (run->expectations)
		expectations_mark(run->expectations, one);
	return one;
}

static void await(struct run *run, struct job *jobs, unsigned count, struct case_file *const cases[], json_t **outcomes)
{
	struct pollfd *waits = calloc(count, sizeof *waits);
	bool interrupted = run_interrupted(run);

	for (unsigned i = 0; waits && i < count; i++) {
		waits[i] = (struct pollfd){ .fd = jobs[i].pid ? jobs[i].fd : -1, .events = POLLIN };
		if (interrupted && jobs[i].pid)
			kill(jobs[i].pid, SIGTERM);
	}
	if (waits && poll(waits, count, 1000) > 0)
		for (unsigned i = 0; i < count; i++)
			if (waits[i].revents && collect(&jobs[i])) {
				size_t index = jobs[i].index;

				outcomes[index] = finish(run, &jobs[i], cases[index]);
			}
	free(waits);
}

static unsigned running(const struct job *jobs, unsigned count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += jobs[i].pid != 0;
	return n;
}

bool run_jobs(struct run *run, struct case_file *const cases[], size_t count)
{
	unsigned most = run->options->jobs;
	struct job *jobs = calloc(most, sizeof *jobs);
	json_t **outcomes = calloc(count + 1, sizeof *outcomes);
	bool written = jobs && outcomes, goes_on = written;
	size_t next = 0, taken = 0;

	while (goes_on ? taken < count : written && running(jobs, most) > 0) {
		for (unsigned i = 0; i < most && next < count && goes_on; i++)
			if (!jobs[i].pid && start(run, &jobs[i], cases[next], next))
				next++;
		if (goes_on && next < count && running(jobs, most) == 0) {
			snprintf(run->stopped, sizeof run->stopped, "no process can be started: %s", strerror(errno));
			break;
		}
		await(run, jobs, most, cases, outcomes);
		for (; goes_on && taken < next && outcomes[taken]; taken++) {
			goes_on = run_take(run, taken + 1, outcomes[taken], &written);
			outcomes[taken] = NULL;
		}
		goes_on = goes_on && !run_interrupted(run);
	}
	if (run_interrupted(run))
		snprintf(run->stopped, sizeof run->stopped, "interrupted");
	for (size_t i = 0; outcomes && i < count; i++)
		json_decref(outcomes[i]);
	free(outcomes);
	free(jobs);
	return written;
}
