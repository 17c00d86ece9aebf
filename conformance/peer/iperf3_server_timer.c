/* Timers of the server (SPEC 31). */
#include "iperf3_server.h"

static void sooner(uint64_t *soonest, uint64_t when)
{
	if (when < *soonest)
		*soonest = when;
}

static uint64_t read_deadline(const struct i3_server *s)
{
	bool parameters = s->phase == PHASE_PARAMETERS;

	if (!parameters && s->phase != PHASE_RESULTS)
		return UINT64_MAX;
	if (parameters ? i3_server_fault(parameters_for_ever) : i3_server_fault(results_for_ever))
		return UINT64_MAX;
	if (i3_server_fault(long_text_awaited) || i3_server_fault(cut_text_awaited) ||
	    i3_server_fault(results_unbounded))
		return UINT64_MAX;
	return s->test.phase_ns + s->options->read_ns;
}

static uint64_t silence_deadline(const struct i3_server *s)
{
	if (s->phase != PHASE_STREAMS && s->phase != PHASE_RUNNING && s->phase != PHASE_DISPLAY)
		return UINT64_MAX;
	if ((s->phase == PHASE_STREAMS && i3_server_fault(streams_for_ever)) ||
	    (s->phase == PHASE_RUNNING && i3_server_fault(silence_for_ever)) ||
	    (s->phase == PHASE_DISPLAY && i3_server_fault(display_for_ever)) || i3_server_fault(lost_client_kept))
		return UINT64_MAX;
	return s->test.last_ns + s->options->silence_ns;
}

static uint64_t over_deadline(const struct i3_server *s)
{
	const struct i3_params *p = &s->test.params;
	double seconds = (double)p->omit + (double)p->time + (double)s->options->over_ns / 1e9;

	if (s->phase != PHASE_RUNNING || p->time == 0 || seconds > 1e9 || i3_server_fault(over_ignored))
		return UINT64_MAX;
	return s->test.running_ns + (uint64_t)(seconds * 1e9);
}

static uint64_t omit_end(const struct i3_server *s)
{
	const struct i3_test *t = &s->test;

	return s->phase == PHASE_RUNNING && t->omitting && t->params.omit < 1000000000
		       ? t->running_ns + (uint64_t)t->params.omit * NS_PER_S
		       : UINT64_MAX;
}

uint64_t timer3_next(const struct i3_server *s)
{
	uint64_t soonest = UINT64_MAX;

	for (size_t i = 0; i < s->conn_count; i++)
		sooner(&soonest, s->conns[i].deadline_ns);
	sooner(&soonest, read_deadline(s));
	sooner(&soonest, silence_deadline(s));
	sooner(&soonest, over_deadline(s));
	sooner(&soonest, omit_end(s));
	if (s->phase == PHASE_STREAMS && s->test.udp_ready_ns)
		sooner(&soonest, s->test.udp_ready_ns);
	return soonest;
}

void timer3_expire(struct i3_server *s)
{
	uint64_t now = now_ns();

	conn3_expire(s, now);
	if (now >= omit_end(s))
		stream3_end_omit(s);
	if (now >= read_deadline(s))
		test3_fail(s, s->phase == PHASE_PARAMETERS ? I3_E_PARAMETERS : I3_E_RESULTS);
	if (now >= silence_deadline(s))
		test3_fail(s, I3_E_SILENCE);
	if (now >= over_deadline(s))
		test3_fail(s, I3_E_OVER);
	if (s->phase == PHASE_STREAMS && s->test.udp_ready_ns && now >= s->test.udp_ready_ns) {
		s->udp_fd = server3_udp_socket(s, s->test.control);
		s->test.udp_ready_ns = 0;
	}
}
