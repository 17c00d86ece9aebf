#include "conformance/record_log_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/capture.h"
#include "conformance/reassembly.h"

#define BUCKETS 1024
#define KEPT_MAX 65536         /* exact octets of a direction; result data is shorter than that of 300 streams */
#define KEPT_IPERF3_MAX (4u << 20) /* results have up to 1 MiB */
#define TIME_MAX (INT64_MAX / 4)
#define DATAGRAM_EXACT_MAX 4096
#define UDP_MAX 65507          /* over IPv4; what was captured longer is several, that the device was to cut */

struct record_logs {
	struct record_log *first, **last;
	struct record_log *buckets[BUCKETS];
	uint16_t port;
	bool failed;
};

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Room for one more element of that size; false when there is no memory. */
static bool room(void **list, size_t count, size_t *have, size_t size)
{
	size_t more = *have ? *have * 2 : 64;
	void *bigger;

	if (count < *have)
		return true;
	bigger = realloc(*list, more * size);
	if (!bigger)
		return false;
	*list = bigger;
	*have = more;
	return true;
}

struct record_event *record_log_event(struct record_conn *conn, enum record_event_kind kind, bool to_server)
{
	struct record_log *log = conn->log;
	struct record_event *event;

	if (log->failed || !room((void **)&log->events, log->count, &log->room, sizeof *log->events)) {
		log->failed = true;
		return NULL;
	}
	event = &log->events[log->count++];
	*event = (struct record_event){
		.kind = kind, .to_server = to_server, .conn = conn->index, .packet = conn->now_packet,
		.time_ns = conn->now_ns, .last_ns = conn->now_ns,
	};
	return event;
}

static struct record_conn *add_conn(struct record_log *log, const struct iperf_endpoint *client, bool udp)
{
	struct record_conn *conn;

	if (!room((void **)&log->conns, log->conn_count, &log->conn_room, sizeof(struct record_conn *)))
		return NULL;
	conn = calloc(1, sizeof *conn);
	if (!conn)
		return NULL;
	conn->client = *client;
	conn->index = (uint32_t)log->conn_count;
	conn->udp = udp;
	conn->log = log;
	iperf_parser_init(&conn->opening, IPERF_GRAMMAR_CONNECTION, NULL);
	log->conns[log->conn_count++] = conn;
	return conn;
}

static struct record_log **bucket_of(struct record_logs *logs, const struct iperf_endpoint *server)
{
	return &logs->buckets[iperf_endpoint_hash(server) % BUCKETS];
}

static struct record_log *find_log(struct record_logs *logs, const struct iperf_endpoint *server)
{
	struct record_log *log = *bucket_of(logs, server);

	while (log && !iperf_endpoint_equal(&log->server, server))
		log = log->chain;
	return log;
}

static struct record_log *log_of(struct record_logs *logs, const struct iperf_endpoint *server)
{
	struct record_log **bucket = bucket_of(logs, server), *log = find_log(logs, server);

	if (log)
		return log;
	log = calloc(1, sizeof *log);
	if (!log)
		return NULL;
	log->server = *server;
	log->chain = *bucket;
	*bucket = log;
	*logs->last = log;
	logs->last = &log->next;
	return log;
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

void record_log_payload(struct record_conn *conn, bool to_server, uint64_t length, uint64_t datagrams)
{
	struct record_log *log = conn->log;
	struct record_event *event = conn->payload ? &log->events[conn->payload - 1] : NULL;

	if (!event || conn->payload_barrier != log->barrier || event->to_server != to_server ||
	    conn->now_ns - event->last_ns > RECORD_PAUSE_NS)
		event = record_log_event(conn, RECORD_PAYLOAD, to_server);
	if (!event)
		return;
	event->length += length;
	event->datagrams += datagrams;
	event->last_ns = conn->now_ns;
	conn->payload = (size_t)(event - log->events) + 1;
	conn->payload_barrier = log->barrier;
}

/* What comes in one packet, and on one connection, stays one event. */
void record_log_octets(struct record_conn *conn, bool to_server, bool datagram, const uint8_t *octets, size_t length)
{
	struct record_log *log = conn->log;
	struct record_event *event = log->count ? &log->events[log->count - 1] : NULL;

	if (conn->kept[!to_server] >= (conn->iperf3 ? KEPT_IPERF3_MAX : KEPT_MAX)) {
		record_log_payload(conn, to_server, length, datagram);
		return;
	}
	conn->kept[!to_server] += length;
	while (log->octet_room < log->octet_count + length && !log->failed)
		log->failed = !room((void **)&log->octets, log->octet_room, &log->octet_room, 1);
	if (log->failed)
		return;
	if (!event || event->kind != RECORD_OCTETS || event->packet != conn->now_packet || datagram ||
	    event->datagram || log->conns[event->conn] != conn || event->to_server != to_server)
		event = record_log_event(conn, RECORD_OCTETS, to_server);
	if (!event)
		return;
	if (event->length == 0)
		event->at = log->octet_count;
	event->datagram = datagram;
	event->length += length;
	memcpy(log->octets + log->octet_count, octets, length);
	log->octet_count += length;
	conn->payload = 0;
}

/* Payload is not moved across this moment. A message that is half there is told as far as it goes. */
void record_log_barrier(struct record_log *log)
{
	log->barrier++;
	if (log->matching == 0)
		return;
	for (size_t i = 0; i < log->conn_count; i++)
		if (log->conns[i]->stream)
			record_scan_flush(&log->conns[i]->scan);
	log->matching = 0;
}

static void scanned(void *user, bool exact, const uint8_t *octets, size_t length)
{
	struct record_conn *conn = user;

	if (exact)
		record_log_octets(conn, true, false, octets, length);
	else
		record_log_payload(conn, true, length, 0);
}

static void begin_stream(struct record_conn *conn)
{
	conn->stream = true;
	conn->scan.tell = scanned;
	conn->scan.user = conn;
	record_scan_begin(&conn->scan, &conn->opening.cookie);
}

static void to_server(struct record_conn *conn, const uint8_t *octets, size_t length)
{
	size_t used = 0, opening = 0;

	conn->since_gap += length;
	conn->blind |= conn->middle;
	if (!conn->stream)
		record_log_barrier(conn->log);
	while (used < length && (conn->opening.status == IPERF_PARSE_INCOMPLETE ||
				 conn->opening.status == IPERF_PARSE_PREAMBLE))
		used += iperf_parser_feed(&conn->opening, octets + used, length - used);
	opening = used;
	if (opening > 0) {
		record_log_octets(conn, true, false, octets, opening);
		conn->log->iperf |= conn->opening.status == IPERF_PARSE_DONE;
		if (conn->opening.status == IPERF_PARSE_DONE && conn->opening.kind == IPERF_STREAM_BEGIN)
			begin_stream(conn);
	}
	if (opening == length)
		return;
	if (!conn->stream) {
		record_log_octets(conn, true, false, octets + opening, length - opening);
		return;
	}
	record_scan_feed(&conn->scan, octets + opening, length - opening);
	conn->log->matching += conn->scan.matching;
}

/* --- the reassembly's events ------------------------------------------------------------------------------------- */

/* A capture's times may be anything; those of a session must not overflow. */
static int64_t sane(int64_t time_ns)
{
	return time_ns < 0 ? 0 : time_ns < TIME_MAX ? time_ns : TIME_MAX;
}

static struct record_conn *at(const struct connection *connection, const struct where *where)
{
	struct record_conn *conn = connection->user;

	if (!conn)
		return NULL;
	conn->now_ns = sane(where->time_ns);
	conn->now_packet = where->packet;
	return conn;
}

static void opened(void *user, struct connection *connection, const struct where *where)
{
	struct record_logs *logs = user;
	struct record_log *log;

	if (logs->port && connection->ends[1].port != logs->port)
		return;
	log = log_of(logs, &connection->ends[1]);
	connection->user = log ? add_conn(log, &connection->ends[0], false) : NULL;
	if (!connection->user) {
		logs->failed = true;
		return;
	}
	record_log_barrier(log);
	at(connection, where)->middle = !connection->start_seen;
	record_log_event(connection->user, RECORD_OPENED, true);
}

static void octets(void *user, struct connection *connection, int direction, const uint8_t *data, uint32_t length,
		   const struct where *where)
{
	struct record_conn *conn = at(connection, where);

	(void)user;
	if (!conn)
		return;
	if (record_iperf3_octets(conn, direction == 0, data, length))
		return;
	if (direction == 0) {
		to_server(conn, data, length);
		return;
	}
	record_log_barrier(conn->log);
	record_log_octets(conn, false, false, data, length);
}

static void unseen(void *user, struct connection *connection, int direction, uint64_t count, enum unseen_why why,
		   const struct where *where)
{
	struct record_conn *conn = at(connection, where);

	(void)user, (void)why;
	if (!conn)
		return;
	if (conn->iperf3_stream) {
		record_log_payload(conn, direction == 0, count, 0);
		return;
	}
	if (direction == 1) {
		conn->answer_blind = true;
		return;
	}
	if (!conn->stream) {
		conn->blind = true;
		return;
	}
	record_scan_skip(&conn->scan);
	record_log_payload(conn, true, count, 0);
	conn->gap = true;
	conn->since_gap = 0;
}

/* Whether a stream is terminated is in its last octets. */
static void over(struct record_conn *conn)
{
	conn->blind |= conn->gap && conn->since_gap < IPERF_MESSAGE_MAX;
	if (!conn->stream)
		return;
	record_scan_flush(&conn->scan);
	conn->scan.matching = false;
}

static void end(struct connection *connection, int direction, enum record_event_kind kind, const struct where *where)
{
	struct record_conn *conn = at(connection, where);

	if (!conn)
		return;
	if (direction == 0)
		over(conn);
	if (!conn->stream)
		record_log_barrier(conn->log);
	conn->payload = 0;
	record_log_event(conn, kind, direction == 0);
}

static void eof(void *user, struct connection *connection, int direction, const struct where *where)
{
	(void)user;
	end(connection, direction, RECORD_EOF, where);
}

static void reset(void *user, struct connection *connection, int direction, const struct where *where)
{
	(void)user;
	if (direction == 1 && !connection->established && connection->user)
		((struct record_conn *)connection->user)->refused = true;
	end(connection, direction, RECORD_RESET, where);
}

static void late_conflict(void *user, struct connection *connection, int direction, const struct where *where)
{
	struct record_conn *conn = at(connection, where);

	(void)user;
	if (conn && direction == 0)
		conn->blind = true;
}

static void forgotten(void *user, struct connection *connection)
{
	struct record_conn *conn = connection->user;

	(void)user;
	if (conn)
		over(conn);
}

static const struct reassembly_events events = {
	.opened = opened, .octets = octets, .unseen = unseen, .eof = eof,
	.reset = reset, .late_conflict = late_conflict, .forgotten = forgotten,
};

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static struct record_conn *source_of(struct record_log *log, const struct iperf_endpoint *client, bool add)
{
	struct record_conn *found = log->source;

	if (found && iperf_endpoint_equal(&found->client, client))
		return found;
	found = NULL;
	for (size_t i = log->conn_count; i-- > 0 && !found;)
		if (log->conns[i]->udp && iperf_endpoint_equal(&log->conns[i]->client, client))
			found = log->conns[i];
	if (!found && add)
		found = add_conn(log, client, true);
	return log->source = found;
}

static void take_to_server(struct record_conn *conn, const struct segment *s)
{
	struct record_log *log = conn->log;
	bool message = s->captured > 0 && memmem(s->payload, s->captured, "IPERF", 5);

	if (record_iperf3_datagram(conn, true, s))
		return;
	if (s->captured == s->length && message && s->length <= DATAGRAM_EXACT_MAX) {
		log->iperf |= s->captured >= 47;
		record_log_octets(conn, true, true, s->payload, s->length);
		return;
	}
	conn->blind |= s->captured < s->length && s->length <= IPERF_MESSAGE_MAX && (message || s->captured < 5);
	record_log_payload(conn, true, s->length, s->length > UDP_MAX ? 2 : 1);
}

/* Only of a server that was met over TCP: to others it means nothing. */
static void take_datagram(struct record_logs *logs, const struct segment *s, uint64_t packet, int64_t time_ns)
{
	struct record_log *log = find_log(logs, &s->destination), *from = log ? NULL : find_log(logs, &s->source);
	struct record_conn *conn = log  ? source_of(log, &s->source, true) :
				   from ? source_of(from, &s->destination, false) :
					  NULL;

	if (!conn) {
		logs->failed |= log != NULL;
		return;
	}
	conn->now_ns = sane(time_ns);
	conn->now_packet = packet;
	if (log)
		take_to_server(conn, s);
	else if (conn->iperf3)
		record_iperf3_datagram(conn, false, s);
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static bool take(struct record_logs *logs, struct reassembly *r, const struct capture_packet *packet)
{
	struct segment s;

	if (decode_packet(packet->linktype, packet->octets, packet->captured, packet->length, &s) != DECODE_SEGMENT)
		return true;
	if (s.protocol == SEGMENT_TCP)
		return reassembly_segment(r, &s, packet->number, packet->time_ns) == 0 && !logs->failed;
	take_datagram(logs, &s, packet->number, packet->time_ns);
	return !logs->failed;
}

static void read_packets(struct record_logs *logs, struct capture *capture, struct reassembly *r, char *error,
			 size_t size)
{
	struct capture_packet packet;
	enum capture_result result;

	while ((result = capture_next(capture, &packet)) == CAPTURE_PACKET)
		if (!take(logs, r, &packet))
			break;
	if (result == CAPTURE_DAMAGED)
		snprintf(error, size, "%s", capture_error(capture));
	reassembly_finish(r);
	for (struct record_log *log = logs->first; log; log = log->next) {
		record_iperf3_finish(log);
		logs->failed |= log->failed;
	}
	if (logs->failed)
		snprintf(error, size, "out of memory: not all of the capture was looked at");
}

struct record_logs *record_logs_read(const char *path, uint16_t port, char *error, size_t size)
{
	char why[CAPTURE_ERROR_SIZE];
	struct capture *capture = capture_open(path, why);
	struct record_logs *logs = capture ? calloc(1, sizeof *logs) : NULL;
	struct reassembly_options options = { .events = &events, .user = logs, .server_port = port };
	struct reassembly *r = logs ? reassembly_new(&options) : NULL;

	if (r) {
		logs->port = port;
		logs->last = &logs->first;
		read_packets(logs, capture, r, error, size);
	} else {
		snprintf(error, size, "%s", capture ? "out of memory" : why);
		free(logs);
		logs = NULL;
	}
	reassembly_free(r);
	capture_close(capture);
	return logs;
}

struct record_log *record_logs_first(const struct record_logs *logs)
{
	return logs->first;
}

void record_logs_free(struct record_logs *logs)
{
	struct record_log *next;

	if (!logs)
		return;
	for (struct record_log *log = logs->first; log; log = next) {
		next = log->next;
		for (size_t i = 0; i < log->conn_count; i++)
			free(log->conns[i]);
		free(log->conns);
		free(log->events);
		free(log->octets);
		free(log);
	}
	free(logs);
}
