/* Options of a run, and the run; see testsim.h. */
#include "proto/testsim.h"

#include <stdlib.h>
#include <string.h>

/* --- options ----------------------------------------------------------------------------------------------------- */

static int64_t one_of(struct sim *sim, const int64_t *values, size_t count)
{
	return values[sim_chance(sim, count)];
}

static void random_delays(struct sim *sim, struct sim_options *o)
{
	/* Twice the leg and three times the sleep, at the worst, are less than IPERF_JUDGE_GRACE. */
	static const int64_t legs[] = { 0, IPERF_MS / 5, 5 * IPERF_MS, 60 * IPERF_MS, 150 * IPERF_MS };
	static const int64_t sleeps[] = { IPERF_MS / 20, IPERF_MS, 20 * IPERF_MS, 100 * IPERF_MS, 200 * IPERF_MS };

	o->leg_ns = one_of(sim, legs, sizeof legs / sizeof *legs);
	o->sleep_ns = one_of(sim, sleeps, sizeof sleeps / sizeof *sleeps);
	o->udp_loss = sim_percent(sim, 50) ? (unsigned)sim_chance(sim, 30) : 0;
	o->udp_reorder = sim_percent(sim, 50);
	o->t_hello_ns = sim_between(sim, 1500 * IPERF_MS, 6 * IPERF_S);
	o->t_begin_ns = sim_between(sim, 1500 * IPERF_MS, 6 * IPERF_S);
	o->t_idle_ns = sim_between(sim, 1500 * IPERF_MS, 8 * IPERF_S);
	o->t_results_ns = sim_between(sim, 2 * IPERF_S, 6 * IPERF_S);
	o->timers_known = sim_percent(sim, 50);
	o->write_max = sim_percent(sim, 50) ? SIM_WRITE_MAX : 300;
	o->streams_max = sim_percent(sim, 70) ? 128 : 1 + sim_chance(sim, 8);
	o->streams_max_known = sim_percent(sim, 30);
	o->pending_max = sim_percent(sim, 70) ? 64 : 8 + sim_chance(sim, 8);
}

static void random_client(struct sim *sim, struct sim_options *o, struct sim_client_plan *plan, int64_t span_ns)
{
	static const int64_t pauses[] = { IPERF_MS, 30 * IPERF_MS, 300 * IPERF_MS, 2 * IPERF_S };

	plan->start_ns = sim_between(sim, 1, span_ns);
	plan->tcp = sim_percent(sim, 70) ? sim_chance(sim, 4) : 0;
	plan->udp = sim_percent(sim, 40) ? sim_chance(sim, 3) : 0;
	plan->writes = (unsigned)sim_chance(sim, 6);
	plan->pause_ns = one_of(sim, pauses, sizeof pauses / sizeof *pauses);
	plan->half_closes = sim_percent(sim, 30);
	plan->pace_ns = sim_percent(sim, 15) ? 200 * IPERF_MS : 0;
	plan->foreign = o->tap == TAP_CLIENT && sim_percent(sim, 40);
	plan->host = (uint8_t)sim_chance(sim, 3);
	if (sim_percent(sim, 20)) {
		plan->kill_ns = plan->start_ns + sim_between(sim, 0, sim_percent(sim, 50) ? IPERF_S / 2 : 4 * IPERF_S);
		plan->kill_by_reset = sim_percent(sim, 40);
	}
}

void sim_options_random(struct sim_options *o, uint64_t seed)
{
	static const int64_t spans[] = { IPERF_MS, 50 * IPERF_MS, 500 * IPERF_MS, 3 * IPERF_S, 10 * IPERF_S };
	struct sim sim = { .seed = seed ^ UINT64_C(0x6a09e667f3bcc909) };
	int64_t span = one_of(&sim, spans, sizeof spans / sizeof *spans);

	memset(o, 0, sizeof *o);
	o->seed = seed;
	o->tap = (enum sim_tap)sim_chance(&sim, 4);
	random_delays(&sim, o);
	o->clients = 1 + sim_chance(&sim, 4);
	o->strangers = sim_percent(&sim, 60) ? sim_chance(&sim, SIM_STRANGERS) : 0;
	for (size_t i = 0; i < o->clients; i++)
		random_client(&sim, o, &o->client[i], span);
	o->stop_ns = sim_percent(&sim, 15) ? sim_between(&sim, 1, span + 2 * IPERF_S) : 0;
	o->end_ns = sim_percent(&sim, 20) ? sim_between(&sim, IPERF_S, 10 * IPERF_S) : 60 * IPERF_S;
	o->late = o->tap == TAP_MIDDLE || o->tap == TAP_SERVER ? sim_percent(&sim, 20) ? 100 : 0 : 0;
}

void sim_options_calm(struct sim_options *o, uint64_t seed)
{
	memset(o, 0, sizeof *o);
	o->seed = seed;
	o->tap = TAP_LOOPBACK;
	o->leg_ns = o->sleep_ns = IPERF_MS / 5;
	o->t_hello_ns = 5 * IPERF_S;
	o->t_begin_ns = 5 * IPERF_S;
	o->t_idle_ns = 8 * IPERF_S;
	o->t_results_ns = 4 * IPERF_S;
	o->timers_known = o->streams_max_known = true;
	o->write_max = 300;
	o->streams_max = 128;
	o->pending_max = 64;
	o->clients = 3;
	for (size_t i = 0; i < o->clients; i++)
		o->client[i] = (struct sim_client_plan){
			.start_ns = IPERF_S + (int64_t)i * 5 * IPERF_S,
			.tcp = 2,
			.udp = 1,
			.writes = 8,
			.pause_ns = 300 * IPERF_MS,
		};
	o->end_ns = 60 * IPERF_S;
}

/* --- the run ----------------------------------------------------------------------------------------------------- */

static void free_all(struct sim *sim)
{
	while (sim->packets) {
		struct sim_packet *packet = sim->packets;

		sim->packets = packet->all;
		free(packet);
	}
	while (sim->conns) {
		struct sim_conn *conn = sim->conns;

		sim->conns = conn->next;
		free(conn->end[0].octets);
		free(conn->end[1].octets);
		free(conn);
	}
	free(sim->heap);
}

void sim_run(const struct sim_options *options, struct sim_result *result)
{
	static struct sim sim;

	memset(&sim, 0, sizeof sim);
	memset(result, 0, sizeof *result);
	sim.options = *options;
	sim.result = result;
	sim.seed = options->seed;
	sim.port = 40000;
	sim.address =
		(struct iperf_endpoint){ .address = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 }, .port = IPERF_PORT };
	tap_begin(&sim);
	server_begin(&sim);
	for (size_t i = 0; i < options->clients; i++)
		client_begin(&sim, i);
	for (size_t i = 0; i < options->strangers; i++)
		stranger_begin(&sim, i);
	while (sim_step(&sim))
		;
	if (sim.now_ns < options->end_ns && options->end_ns < 60 * IPERF_S)
		sim.now_ns = options->end_ns;
	tap_finish(&sim);
	server_end(&sim);
	free_all(&sim);
}
