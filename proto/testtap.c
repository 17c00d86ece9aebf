/* The tap: feeds a judge with what passes, as a capture that was reassembled would; see testsim.h. */
#include "proto/testsim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUDGE_STREAMS 64
#define JUDGE_LISTED 256

/* A connection as the judge's caller keeps it: on the heap, so that a stale pointer is found. */
struct tapped {
	struct iperf_judge_conn judge;
	uint64_t missing[2]; /* octets that the capture lacks, not told yet */
};

static enum iperf_direction direction_of(enum sim_side from)
{
	return from == SIDE_CLIENT ? IPERF_TO_SERVER : IPERF_TO_CLIENT;
}

/* --- what the judge says ----------------------------------------------------------------------------------------- */

static bool room(void *user, struct iperf_judge_conn *conn, size_t size)
{
	char *text;

	(void)user;
	if (size <= conn->text_size)
		return true;
	text = realloc(conn->text, 2 * size);
	if (!text)
		return false;
	conn->text = text;
	conn->text_size = 2 * size;
	return true;
}

static void trace_said(struct sim *sim, const struct iperf_said *said)
{
	static const char *const kinds[] = { "message", "payload", "octets", "eof", "reset", "refused" };

	if (said->kind == IPERF_SAID_MESSAGE)
		sim_trace(sim, "  said %s %s (conn %llu)", said->direction == IPERF_TO_SERVER ? "C>S" : "S>C",
			  iperf_message_keyword(said->message),
			  said->conn ? (unsigned long long)said->conn->number : 0);
	else
		sim_trace(sim, "  said %s %s %llu (conn %llu)", said->direction == IPERF_TO_SERVER ? "C>S" : "S>C",
			  kinds[said->kind], (unsigned long long)said->length,
			  said->conn ? (unsigned long long)said->conn->number : 0);
}

static void said(void *user, const struct iperf_said *said)
{
	trace_said(user, said);
}

/* Where the server is stopped in the very moment in which a client waits for its first reaction, that passes for a
 * rejection: the one doubt that judge.h leaves (IPERF_JUDGE_PROMPT). So what is said of that moment, and only of what
 * such a rejection is told as, does not count. */
static bool is_stop(const struct sim *sim, const struct iperf_finding *finding)
{
	const struct sim_options *o = &sim->options;

	if (!o->stop_ns || finding->verdict != IPERF_BROKEN || finding->by != IPERF_TO_CLIENT ||
	    finding->mark.time_ns < o->stop_ns || finding->mark.time_ns > o->stop_ns + o->leg_ns)
		return false;
	switch (finding->requirement) {
	case IPERF_R_6_1_1: case IPERF_R_6_1_3: case IPERF_R_6_2_3: case IPERF_R_6_5_5: case IPERF_R_9_1_7:
		return true;
	default:
		return false;
	}
}

static void keep_found(struct sim_result *result, const struct iperf_finding *finding)
{
	size_t at = result->count;

	if (at >= SIM_FOUND && finding->verdict == IPERF_BROKEN && result->broken < SIM_FOUND)
		at = result->broken;
	if (at < SIM_FOUND) {
		result->found[at] = (struct sim_found){ .verdict = finding->verdict,
							.requirement = finding->requirement,
							.by = finding->by };
		snprintf(result->found[at].text, sizeof result->found[at].text, "%s", finding->text);
	}
	result->count++;
	result->broken += finding->verdict == IPERF_BROKEN;
}

static void found(void *user, const struct iperf_finding *finding)
{
	struct sim *sim = user;

	sim_trace(sim, "  FOUND %s %s by the %s (conn %llu, packet %llu): %s",
		  finding->verdict == IPERF_BROKEN ? "BROKEN" : "inconclusive",
		  iperf_requirements[finding->requirement].id, finding->by == IPERF_TO_SERVER ? "client" : "server",
		  finding->conn ? (unsigned long long)finding->conn->number : 0,
		  (unsigned long long)finding->mark.packet, finding->text);
	if (!is_stop(sim, finding))
		keep_found(sim->result, finding);
}

/* --- feeding it -------------------------------------------------------------------------------------------------- */

static struct iperf_mark mark_now(struct sim *sim, uint64_t offset)
{
	return (struct iperf_mark){ .packet = ++sim->packet, .time_ns = sim->now_ns, .offset = offset };
}

static void forget(struct sim *sim, struct sim_conn *conn)
{
	struct iperf_judge_conn *judged = conn->judged;

	if (!judged)
		return;
	conn->judged = NULL;
	sim_trace(sim, "tap: conn %llu is forgotten", (unsigned long long)conn->number);
	iperf_judge_forget(&sim->judge, judged);
	free(judged->text);
	free(judged);
}

static void open_judged(struct sim *sim, struct sim_conn *conn, bool start_seen, const struct iperf_mark *mark)
{
	struct tapped *tapped = calloc(1, sizeof *tapped);

	if (!tapped)
		abort();
	tapped->judge.number = conn->number;
	conn->judged = &tapped->judge;
	sim_trace(sim, "tap: conn %llu opened from port %u%s", (unsigned long long)conn->number, conn->client.port,
		  start_seen ? "" : ", its start was not seen");
	iperf_judge_opened(&sim->judge, conn->judged, &conn->client, start_seen, mark);
}

/* The capture lacks octets; the reassembly tells so when it has waited for them. */
static void tell_missing(struct sim *sim, struct sim_conn *conn, enum sim_side from, const struct iperf_mark *mark)
{
	struct tapped *tapped = (struct tapped *)(void *)conn->judged;

	if (!tapped->missing[from])
		return;
	sim_trace(sim, "tap: conn %llu %llu octets are missing", (unsigned long long)conn->number,
		  (unsigned long long)tapped->missing[from]);
	iperf_judge_unseen(&sim->judge, conn->judged, direction_of(from), tapped->missing[from], true, mark);
	conn->end[from].offset += tapped->missing[from];
	tapped->missing[from] = 0;
}

static bool per_thousand(struct sim *sim, unsigned n)
{
	return n && sim_chance(sim, 1000) < n;
}

static void tell_octets(struct sim *sim, struct sim_conn *conn, const struct sim_packet *packet,
			struct iperf_mark *mark)
{
	size_t seen = sim->options.snap && packet->length > sim->options.snap ? sim->options.snap : packet->length;
	enum iperf_direction direction = direction_of(packet->from);
	bool conflict = per_thousand(sim, sim->options.conflicts);

	sim_trace(sim, "tap: conn %llu %s %zu octets%s", (unsigned long long)conn->number,
		  packet->from == SIDE_CLIENT ? "C>S" : "S>C", packet->length, conflict ? ", in conflict" : "");
	if (conflict && sim_percent(sim, 50)) {
		iperf_judge_conflict(&sim->judge, conn->judged, direction, mark);
		iperf_judge_unseen(&sim->judge, conn->judged, direction, packet->length, true, mark);
	} else {
		iperf_judge_octets(&sim->judge, conn->judged, direction, packet->octets, seen, mark);
		mark->offset += seen;
		if (seen < packet->length)
			iperf_judge_unseen(&sim->judge, conn->judged, direction, packet->length - seen, false, mark);
		if (conflict)
			iperf_judge_conflict(&sim->judge, conn->judged, direction, mark);
	}
	conn->end[packet->from].offset += packet->length;
}

static void tell_eof(struct sim *sim, struct sim_conn *conn, enum sim_side from, const struct iperf_mark *mark)
{
	sim_trace(sim, "tap: conn %llu %s end-of-file", (unsigned long long)conn->number,
		  from == SIDE_CLIENT ? "C>S" : "S>C");
	iperf_judge_eof(&sim->judge, conn->judged, direction_of(from), mark);
	conn->tap_eof[from] = true;
	if (conn->tap_eof[0] && conn->tap_eof[1]) {
		conn->tap_over = true;
		forget(sim, conn);
	}
}

static void tell_reset(struct sim *sim, struct sim_conn *conn, enum sim_side from, const struct iperf_mark *mark)
{
	sim_trace(sim, "tap: conn %llu %s reset", (unsigned long long)conn->number,
		  from == SIDE_CLIENT ? "C>S" : "S>C");
	iperf_judge_reset(&sim->judge, conn->judged, direction_of(from), conn->tap_established, mark);
	conn->tap_over = true;
	forget(sim, conn);
}

/* Octets that overtook others before the tap were seen earlier than they are told. */
static void make_late(struct sim *sim, const struct sim_packet *packet, struct iperf_mark *mark)
{
	if (!per_thousand(sim, sim->options.late) || packet->sent_ns >= mark->time_ns)
		return;
	mark->time_ns = packet->sent_ns + sim_between(sim, 0, mark->time_ns - packet->sent_ns);
	mark->packet -= mark->packet > 3 ? sim_chance(sim, 3) : 0;
}

static void tap_tcp(struct sim *sim, const struct sim_packet *packet)
{
	struct sim_conn *conn = packet->conn;
	struct iperf_mark mark = mark_now(sim, conn->end[packet->from].offset);
	struct tapped *tapped;

	if (!conn->judged && (packet->syn || packet->length > 0))
		open_judged(sim, conn, packet->syn, &mark);
	if (!conn->judged)
		return;
	conn->tap_established = conn->tap_established || (packet->syn && packet->ack) || packet->length > 0;
	if (packet->syn || packet->ack)
		return;
	tapped = (struct tapped *)(void *)conn->judged;
	if (!packet->reset && per_thousand(sim, sim->options.missing)) {
		tapped->missing[packet->from] += packet->length ? packet->length : 1;
		return;
	}
	tell_missing(sim, conn, packet->from, &mark);
	make_late(sim, packet, &mark);
	mark.offset = conn->end[packet->from].offset;
	if (packet->length)
		tell_octets(sim, conn, packet, &mark);
	if (packet->reset) {
		tell_missing(sim, conn, SIDE_CLIENT, &mark);
		tell_missing(sim, conn, SIDE_SERVER, &mark);
		tell_reset(sim, conn, packet->from, &mark);
	} else if (packet->fin) {
		tell_eof(sim, conn, packet->from, &mark);
	}
}

void tap_packet(struct sim *sim, const struct sim_packet *packet)
{
	size_t seen = sim->options.snap && packet->length > sim->options.snap ? sim->options.snap : packet->length;
	struct iperf_mark mark;

	if (sim->now_ns < sim->options.tap_begins_ns)
		return;
	if (packet->conn) {
		if (!packet->conn->tap_over)
			tap_tcp(sim, packet);
		return;
	}
	if (sim->options.tap == TAP_CLIENT && packet->client.address[15] >= 100)
		return; /* a foreign host's */
	if ((sim->options.tap == TAP_MIDDLE || sim->options.tap == TAP_SERVER) &&
	    per_thousand(sim, sim->options.missing))
		return; /* elsewhere the judge is promised all datagrams */
	mark = mark_now(sim, 0);
	sim_trace(sim, "tap: datagram of %zu octets %s port %u", packet->length,
		  packet->from == SIDE_CLIENT ? "from" : "to", packet->client.port);
	iperf_judge_datagram(&sim->judge, &packet->client, direction_of(packet->from), packet->octets, seen,
			     packet->length, &mark);
}

void tap_begin(struct sim *sim)
{
	const struct sim_options *o = &sim->options;
	struct iperf_judge_config config = {
		.t_hello_ns = o->t_hello_ns,
		.t_begin_ns = o->t_begin_ns,
		.t_idle_ns = o->t_idle_ns,
		.timers_known = o->timers_known,
		.server = sim->address,
		.at_client = o->tap == TAP_CLIENT,
		.streams_bound = o->streams_max_known ? o->streams_max : 0,
		.streams_max = JUDGE_STREAMS,
		.results.capacity = JUDGE_LISTED,
		.room = room,
		.said = said,
		.found = found,
		.user = sim,
	};

	sim->judge_streams = calloc(JUDGE_STREAMS, sizeof *sim->judge_streams);
	sim->judge_extras = calloc(JUDGE_STREAMS, sizeof *sim->judge_extras);
	sim->judge_listed = calloc(JUDGE_LISTED, sizeof *sim->judge_listed);
	config.streams = sim->judge_streams;
	config.extras = sim->judge_extras;
	config.results.streams = sim->judge_listed;
	iperf_judge_init(&sim->judge, &config);
}

void tap_finish(struct sim *sim)
{
	struct iperf_mark mark = mark_now(sim, 0);

	for (struct sim_conn *conn = sim->conns; conn; conn = conn->next) {
		if (!conn->judged)
			continue;
		tell_missing(sim, conn, SIDE_CLIENT, &mark);
		tell_missing(sim, conn, SIDE_SERVER, &mark);
	}
	sim_trace(sim, "tap: the capture ends");
	iperf_judge_finish(&sim->judge, &mark);
	for (struct sim_conn *conn = sim->conns; conn; conn = conn->next)
		forget(sim, conn);
	sim->result->packets = sim->packet;
	sim->result->tests = sim->judge.tests;
	free(sim->judge_streams);
	free(sim->judge_extras);
	free(sim->judge_listed);
}
