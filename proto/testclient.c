/* The clients of the simulation: client sessions, read late and in any order; see testsim.h. */
#include "proto/testsim.h"

#include <string.h>

#define NEVER (INT64_MAX / 4)

static const struct sim_client_plan *plan_of(const struct sim *sim, const struct sim_client *client)
{
	return &sim->options.client[client->index];
}

static struct iperf_endpoint new_endpoint(struct sim *sim, const struct sim_client *client)
{
	struct iperf_endpoint endpoint = sim->address;

	if (sim->options.tap != TAP_LOOPBACK)
		endpoint.address[15] = (uint8_t)(plan_of(sim, client)->foreign ? 100 + (int)client->index :
										 10 + plan_of(sim, client)->host);
	endpoint.port = sim->port++;
	return endpoint;
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

static struct sim_conn **place(struct sim_client *client, int who)
{
	return who == IPERF_WHO_CONTROL ? &client->control : who == IPERF_WHO_RESULTS ? &client->results :
											&client->tcp[who];
}

static bool is_udp(const struct sim_client *client, int who)
{
	return who >= 0 && client->streams[who].protocol == IPERF_UDP;
}

static void open_one(struct sim *sim, struct sim_client *client, int who)
{
	struct iperf_endpoint endpoint = new_endpoint(sim, client);
	struct sim_conn *conn;

	if (is_udp(client, who)) {
		client->udp[who] = endpoint;
		client->udp_opening[who] = true;
		client_ready(sim, client);
		return;
	}
	conn = net_connect(sim, &endpoint, !plan_of(sim, client)->foreign);
	conn->owner = OWNER_CLIENT;
	conn->owner_index = client->index;
	conn->who = who;
	conn->end[SIDE_CLIENT].pace_ns = who >= 0 ? plan_of(sim, client)->pace_ns : 0;
	*place(client, who) = conn;
	sim_trace(sim, "client %zu: opens %d as conn %llu", client->index, who, (unsigned long long)conn->number);
}

static void send_one(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length)
{
	if (client_sends_wrongly(sim, client, who, octets, length))
		return;
	if (is_udp(client, who))
		net_datagram(sim, &client->udp[who], SIDE_CLIENT, octets, length);
	else
		net_write(sim, *place(client, who), SIDE_CLIENT, octets, length);
	if (who == IPERF_WHO_RESULTS && plan_of(sim, client)->half_closes)
		net_shutdown(sim, client->results, SIDE_CLIENT);
}

static void client_decides(void *user, const struct iperf_client *session, const struct iperf_client_decision *decision)
{
	struct sim_client *client = (struct sim_client *)(void *)(uintptr_t)session; /* its first member */
	struct sim *sim = user;
	int who = decision->who;

	if (client_decides_wrongly(sim, client, decision))
		return;
	switch (decision->kind) {
	case IPERF_CLIENT_OPEN:
		open_one(sim, client, who);
		break;
	case IPERF_CLIENT_SEND:
		send_one(sim, client, who, decision->octets, decision->length);
		break;
	case IPERF_CLIENT_HALF_CLOSE:
		net_shutdown(sim, *place(client, who), SIDE_CLIENT);
		break;
	case IPERF_CLIENT_CLOSE:
		if (!is_udp(client, who) && *place(client, who))
			net_close(sim, *place(client, who), SIDE_CLIENT);
		break;
	case IPERF_CLIENT_FLOW:
		client->flowing = true;
		client->writes_left = plan_of(sim, client)->writes;
		client->write_ns = sim->now_ns;
		break;
	case IPERF_CLIENT_HALT:
		client->writes_left = 0;
		client->write_ns = sim->now_ns;
		break;
	case IPERF_CLIENT_OVER:
		sim_trace(sim, "client %zu: over, %s", client->index, session->detail);
		sim->result->done += session->outcome == IPERF_OUTCOME_OK;
		client->over = true;
		break;
	}
}

/* --- payload ----------------------------------------------------------------------------------------------------- */

/* Octets that look like the protocol's own, and are not. */
static size_t tricky(struct sim *sim, const struct sim_client *client, bool udp, uint8_t *octets)
{
	struct iperf_cookie cookie = client->session.cookie;
	enum iperf_message_kind kind = (enum iperf_message_kind)sim_chance(sim, IPERF_MESSAGE_KINDS);
	size_t length;

	cookie.octets[31] ^= udp || sim_percent(sim, 50) ? 1 : 0;
	length = iperf_message_write(octets, kind, &cookie);
	switch (sim_chance(sim, 3)) {
	case 0:
		return sim_chance(sim, length); /* a part of it */
	case 1:
		octets[length] = 'x';
		return length + 1;
	default:
		return length;
	}
}

static void write_one(struct sim *sim, struct sim_client *client, int who)
{
	static uint8_t octets[SIM_WRITE_MAX];
	bool udp = is_udp(client, who);
	size_t length;

	if (sim_percent(sim, 30)) {
		length = tricky(sim, client, udp, octets);
	} else {
		length = sim_chance(sim, udp ? 1400 : sim->options.write_max);
		memset(octets, (int)sim_chance(sim, 256), length);
	}
	if (udp)
		net_datagram(sim, &client->udp[who], SIDE_CLIENT, octets, length);
	else
		net_write(sim, client->tcp[who], SIDE_CLIENT, octets, length);
}

static void write_some(struct sim *sim, struct sim_client *client)
{
	const struct sim_client_plan *plan = plan_of(sim, client);

	if (client->writes_left == 0) {
		client->flowing = false;
		iperf_client_payload_over(&client->session, sim->now_ns);
		return;
	}
	client->writes_left--;
	for (size_t i = 0; i < client->session.config.stream_count; i++)
		if (client->streams[i].open && (sim_percent(sim, 80) || sim->options.fault))
			write_one(sim, client, (int)i);
	client->write_ns = sim->now_ns + sim_between(sim, plan->pause_ns / 2, plan->pause_ns);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* Tells the session what happened on a connection; false when it was nothing. */
static bool tell_conn(struct sim *sim, struct sim_client *client, struct sim_conn *conn)
{
	struct sim_end *end = &conn->end[SIDE_CLIENT];
	uint8_t octets[2048];
	size_t length;

	if (end->closed || !end->ready_ns)
		return false;
	if (!conn->told) {
		if (!conn->connected && !conn->failed)
			return false;
		conn->told = true;
		if (conn->rogue_length && conn->connected)
			net_write(sim, conn, SIDE_CLIENT, conn->rogue, conn->rogue_length);
		else if (conn->rogue_length)
			net_close(sim, conn, SIDE_CLIENT);
		else if (conn->failed)
			iperf_client_failed(&client->session, conn->who, "refused", sim->now_ns);
		else
			iperf_client_opened(&client->session, conn->who, conn->client.port, sim->now_ns);
		if (!end->length && !end->eof && !end->reset)
			end->ready_ns = 0;
		return true;
	}
	length = net_read(end, octets, sizeof octets);
	if (length) {
		if (!conn->rogue_length)
			iperf_client_octets(&client->session, conn->who, octets, length, sim->now_ns);
		return true;
	}
	end->ready_ns = 0;
	if (!end->eof && !end->reset)
		return false;
	if (conn->rogue_length)
		net_close(sim, conn, SIDE_CLIENT);
	else
		iperf_client_ended(&client->session, conn->who, sim->now_ns);
	return true;
}

static bool tell_udp(struct sim *sim, struct sim_client *client)
{
	for (size_t i = 0; i < client->session.config.stream_count; i++) {
		if (client->udp_opening[i]) {
			client->udp_opening[i] = false;
			iperf_client_opened(&client->session, (int)i, client->udp[i].port, sim->now_ns);
			return true;
		}
	}
	return false;
}

/* One thing that is ready, whichever; false when there is none. */
static bool tell_any(struct sim *sim, struct sim_client *client)
{
	struct sim_conn *ready[64];
	size_t count = 0;

	for (struct sim_conn *conn = sim->conns; conn && count < 64; conn = conn->next)
		if (conn->owner == OWNER_CLIENT && conn->owner_index == client->index && !conn->end[0].closed &&
		    conn->end[0].ready_ns)
			ready[count++] = conn;
	if (count && (sim_percent(sim, 70) || !tell_udp(sim, client)))
		return tell_conn(sim, client, ready[sim_chance(sim, count)]);
	return count || tell_udp(sim, client);
}

static void client_wake_at(struct sim *sim, struct sim_client *client, int64_t at_ns);

static void client_wakes(struct sim *sim, void *what, uint64_t number)
{
	struct sim_client *client = what;
	int64_t deadline;
	bool more = true;

	if (client->killed || (int64_t)number != client->wake_ns)
		return;
	client->wake_ns = NEVER;
	for (int i = 0; i < 8 && more && (!client->over || sim->options.fault); i++)
		more = tell_any(sim, client);
	if (client->flowing && client->write_ns <= sim->now_ns && !client->phase)
		write_some(sim, client);
	client_wakes_wrongly(sim, client);
	if (client->over && !sim->options.fault)
		return;
	iperf_client_timer(&client->session, sim->now_ns);
	if (more)
		client_ready(sim, client);
	deadline = iperf_client_deadline(&client->session);
	if ((client->flowing || client->phase) && client->write_ns < deadline)
		deadline = client->write_ns;
	if (deadline < NEVER)
		client_wake_at(sim, client, deadline + sim_between(sim, 0, sim->options.sleep_ns));
}

static void client_wake_at(struct sim *sim, struct sim_client *client, int64_t at_ns)
{
	if (at_ns <= sim->now_ns)
		at_ns = sim->now_ns + 1;
	if (at_ns >= client->wake_ns || client->killed)
		return;
	client->wake_ns = at_ns;
	sim_at(sim, at_ns, client_wakes, client, (uint64_t)at_ns);
}

void client_ready(struct sim *sim, struct sim_client *client)
{
	int64_t sleep_ns = sim->options.client_sleep_ns ? sim->options.client_sleep_ns : sim->options.sleep_ns;

	client_wake_at(sim, client, sim->now_ns + sim_between(sim, 0, sleep_ns));
}

/* --- begin and end ----------------------------------------------------------------------------------------------- */

static void client_starts(struct sim *sim, void *what, uint64_t number)
{
	struct sim_client *client = what;

	(void)number;
	sim_trace(sim, "client %zu: starts", client->index);
	iperf_client_start(&client->session, sim->now_ns);
	client_wake_at(sim, client, iperf_client_deadline(&client->session));
}

/* Its program is killed: the operating system closes what it had open. */
static void client_dies(struct sim *sim, void *what, uint64_t number)
{
	struct sim_client *client = what;

	(void)number;
	if (client->over)
		return;
	sim_trace(sim, "client %zu: is killed", client->index);
	client->killed = true;
	for (struct sim_conn *conn = sim->conns; conn; conn = conn->next) {
		if (conn->owner != OWNER_CLIENT || conn->owner_index != client->index || conn->end[0].closed)
			continue;
		if (plan_of(sim, client)->kill_by_reset && conn->connected)
			net_reset(sim, conn, SIDE_CLIENT);
		else
			net_close(sim, conn, SIDE_CLIENT);
	}
}

void client_begin(struct sim *sim, size_t index)
{
	struct sim_client *client = &sim->clients[index];
	const struct sim_client_plan *plan = &sim->options.client[index];
	struct iperf_client_config config;
	struct iperf_cookie cookie;

	client->index = index;
	client->wake_ns = NEVER;
	for (size_t i = 0; i < sizeof cookie.octets; i++)
		cookie.octets[i] = (uint8_t)sim_chance(sim, 256);
	if (faulty(sim, client, CLIENT_REUSES_COOKIE) && index > 0)
		cookie = sim->clients[0].session.cookie;
	for (size_t i = 0; i < plan->tcp + plan->udp; i++)
		client->streams[i].protocol = i < plan->tcp ? IPERF_TCP : IPERF_UDP;
	iperf_client_defaults(&config);
	config.t_results_ns = sim->options.t_results_ns;
	config.streams = client->streams;
	config.stream_count = plan->tcp + plan->udp;
	config.results.streams = client->listed;
	config.results.capacity = sizeof client->listed / sizeof *client->listed;
	config.text = client->text;
	config.text_size = sizeof client->text;
	config.decide = client_decides;
	config.user = sim;
	iperf_client_init(&client->session, &config, &cookie);
	sim_at(sim, plan->start_ns, client_starts, client, 0);
	if (plan->kill_ns)
		sim_at(sim, plan->kill_ns, client_dies, client, 0);
}
