/* Strangers: programs that do not speak the protocol; see testsim.h. */
#include "proto/testsim.h"

#include <string.h>

static void random_octets(struct sim *sim, struct sim_stranger *stranger, size_t length)
{
	for (size_t i = 0; i < length; i++)
		stranger->octets[i] = (uint8_t)sim_chance(sim, 256);
	stranger->length = length;
}

static void make_octets(struct sim *sim, struct sim_stranger *stranger)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: example.net\r\nUser-Agent: curl/7.88.1\r\n\r\n";
	static const char iperf3[] = "x4kq2vj7mzp3n5t6wyb2cdfg4hjk6lmnpqrs";
	struct iperf_cookie cookie;

	switch ((enum stranger_kind)stranger->kind) {
	case STRANGER_SILENT:
	case STRANGER_SCANNER:
		stranger->length = 0;
		break;
	case STRANGER_HTTP:
		stranger->length = sizeof http - 1;
		memcpy(stranger->octets, http, stranger->length);
		break;
	case STRANGER_IPERF3:
		stranger->length = sizeof iperf3;
		memcpy(stranger->octets, iperf3, stranger->length);
		break;
	case STRANGER_HALF_PREAMBLE:
	case STRANGER_HALF_SILENT:
		random_octets(sim, stranger, 1 + sim_chance(sim, IPERF_COOKIE_LENGTH - 1));
		break;
	case STRANGER_WHOLE_SILENT:
		random_octets(sim, stranger, IPERF_COOKIE_LENGTH);
		break;
	case STRANGER_GARBAGE:
	case STRANGER_DATAGRAM:
		random_octets(sim, stranger, sim_chance(sim, sizeof stranger->octets));
		break;
	case STRANGER_ASKER:
		random_octets(sim, stranger, IPERF_COOKIE_LENGTH);
		memcpy(&cookie, stranger->octets, sizeof cookie);
		stranger->length = iperf_opening_write(stranger->octets, IPERF_RESULTS_REQUEST, &cookie);
		break;
	}
}

static void stranger_ends(struct sim *sim, struct sim_stranger *stranger)
{
	stranger->over = true;
	if (stranger->conn->end[SIDE_CLIENT].reset)
		return;
	if (sim_percent(sim, 30))
		net_reset(sim, stranger->conn, SIDE_CLIENT);
	else
		net_close(sim, stranger->conn, SIDE_CLIENT);
}

static bool stays(const struct sim_stranger *stranger)
{
	return stranger->kind != STRANGER_SCANNER && stranger->kind != STRANGER_HALF_PREAMBLE;
}

static void stranger_wakes(struct sim *sim, void *what, uint64_t number)
{
	struct sim_stranger *stranger = what;
	struct sim_end *end = &stranger->conn->end[SIDE_CLIENT];
	uint8_t octets[256];
	size_t part;

	(void)number;
	if (stranger->over || !stranger->conn->connected)
		return;
	while (net_read(end, octets, sizeof octets))
		;
	if (end->eof || end->reset) {
		stranger_ends(sim, stranger);
	} else if (stranger->sent < stranger->length) {
		part = stranger->length - stranger->sent;
		if (sim_percent(sim, 40))
			part = 1 + sim_chance(sim, part);
		net_write(sim, stranger->conn, SIDE_CLIENT, stranger->octets + stranger->sent, part);
		stranger->sent += part;
		sim_at(sim, sim->now_ns + sim_between(sim, 0, 200 * IPERF_MS), stranger_wakes, stranger, 0);
	} else if (!stays(stranger)) {
		stranger_ends(sim, stranger);
	}
}

void stranger_ready(struct sim *sim, struct sim_stranger *stranger)
{
	sim_at(sim, sim->now_ns + sim_between(sim, 0, sim->options.sleep_ns), stranger_wakes, stranger, 0);
}

static void stranger_starts(struct sim *sim, void *what, uint64_t number)
{
	struct sim_stranger *stranger = what;
	struct iperf_endpoint endpoint = sim->address;
	bool foreign = sim->options.tap == TAP_CLIENT && sim_percent(sim, 50);

	(void)number;
	make_octets(sim, stranger);
	if (sim->options.tap != TAP_LOOPBACK)
		endpoint.address[15] = (uint8_t)(foreign ? 150 : sim_percent(sim, 50) ? 50 : 10 + sim_chance(sim, 3));
	endpoint.port = sim->port++;
	sim_trace(sim, "stranger of kind %u comes", stranger->kind);
	if (stranger->kind == STRANGER_DATAGRAM) {
		net_datagram(sim, &endpoint, SIDE_CLIENT, stranger->octets, stranger->length);
		return;
	}
	stranger->conn = net_connect(sim, &endpoint, !foreign);
	stranger->conn->owner = OWNER_STRANGER;
	stranger->conn->owner_index = (size_t)(stranger - sim->strangers);
}

void stranger_begin(struct sim *sim, size_t index)
{
	struct sim_stranger *stranger = &sim->strangers[index];
	int64_t start = sim->options.stranger_ns ?
				sim->options.stranger_ns + (int64_t)index * sim->options.stranger_gap_ns :
				sim_between(sim, 0, 5 * IPERF_S);

	stranger->kind = sim->options.stranger_kind ? sim->options.stranger_kind - 1 :
						      (unsigned)sim_chance(sim, STRANGER_DATAGRAM + 1);
	sim_at(sim, start, stranger_starts, stranger, 0);
}
