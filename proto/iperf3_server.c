#include "proto/iperf3_server.h"

#include <string.h>

#include "proto/iperf3_datagram.h"
#include "proto/iperf3_server_private.h"

/* --- datagrams, payload ------------------------------------------------------------------------------------------ */

static bool begins_with(const uint8_t *octets, size_t length, const uint8_t *hello)
{
	return length >= IPERF3_HELLO_LENGTH && memcmp(octets, hello, IPERF3_HELLO_LENGTH) == 0;
}

void iperf3_server_datagram(struct iperf3_server *server, const struct iperf_endpoint *client, const uint8_t *octets,
			    size_t length, int64_t now_ns)
{
	if (begins_with(octets, length, iperf3_hello))
		iperf3_test_hello(server, client, false, now_ns);
	else if (begins_with(octets, length, iperf3_hello_old))
		iperf3_test_hello(server, client, true, now_ns);
}

void iperf3_server_moved(struct iperf3_server *server, int64_t last_ns)
{
	if (server->state == IPERF3_TEST_FLOWING && last_ns > server->heard_ns)
		server->heard_ns = last_ns;
}

void iperf3_server_obeyed(struct iperf3_server *server, int64_t now_ns)
{
	if (now_ns > server->read_ns)
		server->read_ns = now_ns;
	if (now_ns > server->heard_ns)
		server->heard_ns = now_ns;
}

void iperf3_server_fail(struct iperf3_server *server, int32_t error, int32_t system_error, int64_t now_ns)
{
	if (server->state != IPERF3_TEST_IDLE)
		iperf3_test_fail(server, error, system_error, false, IPERF_R_29_1, now_ns);
}

void iperf3_server_occupy(struct iperf3_server *server, bool occupied)
{
	server->occupied = occupied;
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the test of this moment is failed if nothing comes. */
static int64_t test_deadline(const struct iperf3_server *server)
{
	switch (server->state) {
	case IPERF3_TEST_IDLE:
		break;
	case IPERF3_TEST_PARAMETERS:
	case IPERF3_TEST_RESULTS:
		return server->read_ns + server->config.t_read_ns;
	case IPERF3_TEST_CREATING:
	case IPERF3_TEST_DISPLAYED:
		return server->heard_ns + server->config.t_silence_ns;
	case IPERF3_TEST_FLOWING:
		return earlier(server->heard_ns + server->config.t_silence_ns, server->over_ns);
	}
	return INT64_MAX;
}

int64_t iperf3_server_deadline(const struct iperf3_server *server)
{
	int64_t deadline = test_deadline(server);

	if (!iperf3_link_empty(&server->pending))
		deadline = earlier(deadline, IPERF3_CONN_OF(server->pending.next)->deadline_ns);
	if (!iperf3_link_empty(&server->ending))
		deadline = earlier(deadline, IPERF3_CONN_OF(server->ending.next)->deadline_ns);
	return deadline;
}

static void expire_test(struct iperf3_server *server, int64_t now_ns)
{
	if (server->state == IPERF3_TEST_PARAMETERS)
		iperf3_test_fail(server, IPERF3_ERROR_PARAMETERS, 0, false, IPERF_R_31_1, now_ns);
	else if (server->state == IPERF3_TEST_RESULTS)
		iperf3_test_fail(server, IPERF3_ERROR_RESULTS, 0, false, IPERF_R_31_1, now_ns);
	else if (server->state == IPERF3_TEST_FLOWING && server->over_ns <= now_ns)
		iperf3_test_fail(server, IPERF3_ERROR_OVER, 0, false, IPERF_R_31_3, now_ns);
	else
		iperf3_test_fail(server, IPERF3_ERROR_SILENCE, 0, false, IPERF_R_31_2, now_ns);
}

/* The lists are in the order of their deadlines, for T_read is the same for all. */
static struct iperf3_conn *expired(const struct iperf3_link *list, int64_t now_ns)
{
	if (iperf3_link_empty(list) || IPERF3_CONN_OF(list->next)->deadline_ns > now_ns)
		return NULL;
	return IPERF3_CONN_OF(list->next);
}

void iperf3_server_timer(struct iperf3_server *server, int64_t now_ns)
{
	struct iperf3_conn *conn;

	if (test_deadline(server) <= now_ns)
		expire_test(server, now_ns);
	while ((conn = expired(&server->ending, now_ns)))
		iperf3_conn_close(server, conn, IPERF_R_23_18);
	while ((conn = expired(&server->pending, now_ns)))
		iperf3_conn_short(server, conn, false, IPERF_R_31_1, now_ns);
}

/* --- the session ------------------------------------------------------------------------------------------------- */

void iperf3_server_defaults(struct iperf3_server_config *config)
{
	*config = (struct iperf3_server_config){
		.t_read_ns = IPERF3_T_READ,
		.t_silence_ns = IPERF3_T_SILENCE,
		.t_over_ns = IPERF3_T_OVER,
		.pending_max = IPERF3_PENDING_MAX,
		.ending_max = IPERF3_ENDING_MAX,
		.streams_max = IPERF3_STREAMS_MAX,
		.text_size = IPERF3_RESULTS_MAX,
	};
}

void iperf3_server_init(struct iperf3_server *server, const struct iperf3_server_config *config)
{
	memset(server, 0, sizeof *server);
	server->config = *config;
	iperf3_link_init(&server->pending);
	iperf3_link_init(&server->ending);
	iperf3_link_init(&server->members);
}

void iperf3_server_stop(struct iperf3_server *server, int64_t now_ns)
{
	if (server->state != IPERF3_TEST_IDLE)
		iperf3_test_stop(server, now_ns);
	while (!iperf3_link_empty(&server->pending))
		iperf3_conn_close(server, IPERF3_CONN_OF(server->pending.next), IPERF_R_29_7);
	while (!iperf3_link_empty(&server->ending))
		iperf3_conn_close(server, IPERF3_CONN_OF(server->ending.next), IPERF_R_29_7);
}
