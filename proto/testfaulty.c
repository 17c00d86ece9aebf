/* What faulty clients do, between their session and the network; see testsim.h and testfaults.h. */
#include "proto/testsim.h"

#include <ctype.h>
#include <string.h>

bool faulty(const struct sim *sim, const struct sim_client *client, enum sim_fault what)
{
	return (sim->options.fault == what || sim->options.other_fault == what) &&
	       client->index == sim->options.faulty_client;
}

static struct sim_conn *conn_of(const struct sim_client *client, int who)
{
	return who == IPERF_WHO_CONTROL ? client->control : who == IPERF_WHO_RESULTS ? client->results :
										       client->tcp[who];
}

static bool is_udp(const struct sim_client *client, int who)
{
	return who >= 0 && client->streams[who].protocol == IPERF_UDP;
}

/* A connection of which the session knows nothing. */
static void rogue(struct sim *sim, struct sim_client *client, const uint8_t *octets, size_t length)
{
	struct iperf_endpoint endpoint = sim->address;
	struct sim_conn *conn;

	endpoint.port = sim->port++;
	conn = net_connect(sim, &endpoint, true);
	conn->owner = OWNER_CLIENT;
	conn->owner_index = client->index;
	conn->who = IPERF_WHO_RESULTS;
	memcpy(conn->rogue, octets, length);
	conn->rogue_length = length;
}

static void rogue_opening(struct sim *sim, struct sim_client *client, enum iperf_message_kind kind)
{
	uint8_t octets[IPERF_OPENING_MAX];

	rogue(sim, client, octets, iperf_opening_write(octets, kind, &client->session.cookie));
}

/* --- what is sent ------------------------------------------------------------------------------------------------ */

static void write_conn(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length)
{
	net_write(sim, conn_of(client, who), SIDE_CLIENT, octets, length);
}

/* The octets of a control connection's opening, spoilt. */
static bool opens_control_wrongly(struct sim *sim, struct sim_client *client, const uint8_t *octets, size_t length)
{
	uint8_t bent[IPERF_OPENING_MAX + 16];
	int who = IPERF_WHO_CONTROL;

	memcpy(bent, octets, length);
	if (faulty(sim, client, CLIENT_NO_PREAMBLE)) {
		write_conn(sim, client, who, octets + IPERF_COOKIE_LENGTH, length - IPERF_COOKIE_LENGTH);
	} else if (faulty(sim, client, CLIENT_OTHER_COOKIE)) {
		bent[length - 1] ^= 1;
		write_conn(sim, client, who, bent, length);
	} else if (faulty(sim, client, CLIENT_LOWER_CASE)) {
		for (size_t i = IPERF_COOKIE_LENGTH; i < IPERF_COOKIE_LENGTH + 16; i++)
			bent[i] = (uint8_t)tolower(bent[i]);
		write_conn(sim, client, who, bent, length);
	} else if (faulty(sim, client, CLIENT_SPACES_IN_KEYWORD)) {
		bent[IPERF_COOKIE_LENGTH + 5] = bent[IPERF_COOKIE_LENGTH + 10] = ' ';
		write_conn(sim, client, who, bent, length);
	} else if (faulty(sim, client, CLIENT_NO_SPACE)) {
		memmove(bent + IPERF_COOKIE_LENGTH + 16, bent + IPERF_COOKIE_LENGTH + 17, IPERF_COOKIE_LENGTH);
		bent[IPERF_COOKIE_LENGTH + 16] |= 0x80; /* no space by chance */
		write_conn(sim, client, who, bent, length - 1);
	} else if (faulty(sim, client, CLIENT_OTHER_FIRST_MESSAGE)) {
		length = IPERF_COOKIE_LENGTH +
			 iperf_message_write(bent + IPERF_COOKIE_LENGTH, IPERF_TEST_END, &client->session.cookie);
		write_conn(sim, client, who, bent, length);
	} else {
		return false;
	}
	return true;
}

/* What a control connection's opening is followed or preceded by. */
static bool control_extras(struct sim *sim, struct sim_client *client, const uint8_t *octets, size_t length)
{
	int who = IPERF_WHO_CONTROL;

	if (faulty(sim, client, CLIENT_NO_TEST_BEGIN))
		return true;
	if (faulty(sim, client, CLIENT_FIRST_MESSAGE_LATE)) {
		write_conn(sim, client, who, octets, IPERF_COOKIE_LENGTH);
		memcpy(client->control->rogue, octets + IPERF_COOKIE_LENGTH, length - IPERF_COOKIE_LENGTH);
		client->phase = (unsigned)(length - IPERF_COOKIE_LENGTH);
		client->write_ns = sim->now_ns + 2 * IPERF_S;
		return true;
	}
	if (faulty(sim, client, CLIENT_LINE_END_AFTER_BEGIN) || faulty(sim, client, CLIENT_GARBAGE_ON_CONTROL)) {
		write_conn(sim, client, who, octets, length);
		write_conn(sim, client, who,
			   (const uint8_t *)(faulty(sim, client, CLIENT_GARBAGE_ON_CONTROL) ? "hello" : "\n"), 1);
		return true;
	}
	if (faulty(sim, client, CLIENT_TWO_CONTROLS))
		rogue(sim, client, octets, length);
	return false;
}

static bool sends_message_wrongly(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets,
				  size_t length)
{
	uint8_t bent[2 * IPERF_OPENING_MAX];
	bool end = length == iperf_message_length(IPERF_TEST_END);

	memcpy(bent, octets, length);
	if (who == IPERF_WHO_CONTROL && end && faulty(sim, client, CLIENT_TEST_END_OTHER_COOKIE)) {
		bent[length - 1] ^= 1;
		write_conn(sim, client, who, bent, length);
	} else if (who == IPERF_WHO_CONTROL && end && faulty(sim, client, CLIENT_OCTETS_AFTER_TEST_END)) {
		bent[length] = '\n';
		write_conn(sim, client, who, bent, length + 1);
	} else if (who >= 0 && length == IPERF_TERMINATOR_LENGTH && faulty(sim, client, CLIENT_NO_STREAM_END)) {
		return true;
	} else if (who == 0 && length == IPERF_OPENING_MAX - 3 && faulty(sim, client, CLIENT_PREAMBLE_LATE)) {
		memcpy(client->tcp[0]->rogue, octets, length);
		client->phase = (unsigned)length;
		client->write_ns = sim->now_ns + 100 * IPERF_MS;
	} else if (who == IPERF_WHO_RESULTS && faulty(sim, client, CLIENT_TWO_REQUESTS)) {
		memcpy(bent + length, octets + IPERF_COOKIE_LENGTH, length - IPERF_COOKIE_LENGTH);
		write_conn(sim, client, who, bent, 2 * length - IPERF_COOKIE_LENGTH);
	} else if (who == IPERF_WHO_RESULTS && faulty(sim, client, CLIENT_OCTETS_AFTER_REQUEST)) {
		memcpy(bent + length, "\r\n", 2);
		write_conn(sim, client, who, bent, length + 2);
	} else {
		return false;
	}
	return true;
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static void send_datagram(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length)
{
	net_datagram(sim, &client->udp[who], SIDE_CLIENT, octets, length);
}

static bool sends_begin_wrongly(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets,
				size_t length)
{
	uint8_t bent[IPERF_MESSAGE_MAX + 2];
	bool first = client->begins++ == 0;

	memcpy(bent, octets, length);
	if (faulty(sim, client, CLIENT_UDP_NO_BEGIN) || (faulty(sim, client, CLIENT_UDP_ONE_BEGIN) && !first))
		return true;
	if (faulty(sim, client, CLIENT_UDP_SPLIT)) {
		send_datagram(sim, client, who, octets, 20);
		send_datagram(sim, client, who, octets + 20, length - 20);
	} else if (faulty(sim, client, CLIENT_UDP_LINE_END)) {
		bent[length] = '\n';
		send_datagram(sim, client, who, bent, length + 1);
	} else if (faulty(sim, client, CLIENT_UDP_OTHER_COOKIE)) {
		bent[length - 1] ^= 1;
		send_datagram(sim, client, who, bent, length);
	} else {
		return false;
	}
	return true;
}

static bool sends_end_wrongly(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length)
{
	bool first = client->ends++ == 0;

	if (faulty(sim, client, CLIENT_UDP_NO_END))
		return true;
	if (faulty(sim, client, CLIENT_UDP_FAST_ENDS))
		send_datagram(sim, client, who, octets, length);
	return faulty(sim, client, CLIENT_UDP_ONE_END) && !first;
}

bool client_sends_wrongly(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length)
{
	if (is_udp(client, who))
		return length == iperf_message_length(IPERF_STREAM_BEGIN) ?
			       sends_begin_wrongly(sim, client, who, octets, length) :
			       sends_end_wrongly(sim, client, who, octets, length);
	if (who == IPERF_WHO_CONTROL && length > IPERF_MESSAGE_MAX)
		return opens_control_wrongly(sim, client, octets, length) ||
		       control_extras(sim, client, octets, length);
	return sends_message_wrongly(sim, client, who, octets, length);
}

/* --- decisions --------------------------------------------------------------------------------------------------- */

/* The session is made to believe that it asked, and what the answer was. */
static bool pretends_answer(struct sim *sim, struct sim_client *client)
{
	bool confirm = client->session.state == IPERF_CLIENT_CONFIRM;

	if (faulty(sim, client, CLIENT_UDP_NOT_ASKED_FIRST) ? !confirm :
	    !(faulty(sim, client, CLIENT_NEVER_ASKS) || (faulty(sim, client, CLIENT_ASKS_BEFORE_END) && !confirm)))
		return false;
	client->pretend = true;
	client_ready(sim, client);
	return true;
}

static bool half_closes_wrongly(struct sim *sim, struct sim_client *client, int who)
{
	if (who == IPERF_WHO_CONTROL) {
		if (faulty(sim, client, CLIENT_MESSAGE_AFTER_TEST_END))
			rogue_opening(sim, client, IPERF_RESULTS_REQUEST);
		return faulty(sim, client, CLIENT_KEEPS_CONTROL_OPEN);
	}
	if (faulty(sim, client, CLIENT_ASKS_EARLY)) {
		client->pretend = true;
		client_ready(sim, client);
	}
	if (faulty(sim, client, CLIENT_RESETS_STREAM)) {
		net_reset(sim, client->tcp[who], SIDE_CLIENT);
		client->pretend = true;
		client_ready(sim, client);
		return true;
	}
	return faulty(sim, client, CLIENT_NO_STREAM_FIN);
}

bool client_decides_wrongly(struct sim *sim, struct sim_client *client, const struct iperf_client_decision *decision)
{
	switch (decision->kind) {
	case IPERF_CLIENT_OPEN:
		if (decision->who == IPERF_WHO_CONTROL && faulty(sim, client, CLIENT_STREAM_BEFORE_BEGIN))
			rogue_opening(sim, client, IPERF_STREAM_BEGIN);
		return decision->who == IPERF_WHO_RESULTS && pretends_answer(sim, client);
	case IPERF_CLIENT_HALF_CLOSE:
		return half_closes_wrongly(sim, client, decision->who);
	case IPERF_CLIENT_CLOSE:
		if (decision->who == IPERF_WHO_CONTROL && faulty(sim, client, CLIENT_GOES_ON)) {
			client->phase = 1;
			client->write_ns = sim->now_ns + 3 * IPERF_S;
		}
		return decision->who == IPERF_WHO_CONTROL && faulty(sim, client, CLIENT_KEEPS_CONTROL_OPEN);
	case IPERF_CLIENT_FLOW:
		if (faulty(sim, client, CLIENT_ASKS_BEFORE_END))
			rogue_opening(sim, client, IPERF_RESULTS_REQUEST);
		return false;
	case IPERF_CLIENT_SEND:
	case IPERF_CLIENT_HALT:
	case IPERF_CLIENT_OVER:
		return false;
	}
	return false;
}

/* --- between events ---------------------------------------------------------------------------------------------- */

static void pretend(struct sim *sim, struct sim_client *client)
{
	uint8_t message[IPERF_MESSAGE_MAX + 1];
	char text[4096];
	struct iperf_stream_result listed[SIM_STREAMS] = { 0 };
	struct iperf_results results = { .streams = listed, .count = client->session.config.stream_count };
	size_t length = iperf_message_write(message, IPERF_RESULTS_RESPONSE, &client->session.cookie);

	client->pretend = false;
	if (faulty(sim, client, CLIENT_ASKS_EARLY) || faulty(sim, client, CLIENT_RESETS_STREAM)) {
		for (size_t i = 0; i < client->session.config.stream_count; i++)
			iperf_client_ended(&client->session, (int)i, sim->now_ns);
		return;
	}
	for (size_t i = 0; i < results.count; i++) {
		listed[i].id = (uint32_t)i + 1;
		listed[i].protocol = client->streams[i].protocol;
		listed[i].complete = true;
	}
	message[length++] = ' ';
	iperf_client_octets(&client->session, IPERF_WHO_RESULTS, message, length, sim->now_ns);
	length = iperf_results_encode(&results, text, sizeof text);
	iperf_client_octets(&client->session, IPERF_WHO_RESULTS, (const uint8_t *)text, length, sim->now_ns);
	client->results = NULL;
	iperf_client_ended(&client->session, IPERF_WHO_RESULTS, sim->now_ns);
}

/* What was held back, is sent now. */
static void send_late(struct sim *sim, struct sim_client *client)
{
	struct sim_conn *conn = faulty(sim, client, CLIENT_PREAMBLE_LATE) ? client->tcp[0] : client->control;

	if (faulty(sim, client, CLIENT_GOES_ON))
		rogue_opening(sim, client, IPERF_STREAM_BEGIN);
	else
		net_write(sim, conn, SIDE_CLIENT, conn->rogue, client->phase);
	client->phase = 0;
}

void client_wakes_wrongly(struct sim *sim, struct sim_client *client)
{
	uint8_t message[IPERF_MESSAGE_MAX];

	if (client->index != sim->options.faulty_client || !sim->options.fault)
		return;
	if (client->pretend)
		pretend(sim, client);
	if (client->phase && client->write_ns <= sim->now_ns)
		send_late(sim, client);
	if (faulty(sim, client, CLIENT_UDP_PAYLOAD_MESSAGE) && client->flowing)
		for (size_t i = 0; i < client->session.config.stream_count; i++)
			if (is_udp(client, (int)i))
				send_datagram(sim, client, (int)i, message,
					      iperf_message_write(message, IPERF_TEST_BEGIN, &client->session.cookie));
}
