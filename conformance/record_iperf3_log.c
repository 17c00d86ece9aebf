/* Which connections of a capture speak the iperf3 profile, and what was said on them. Streams are known by their cookie,
 * which is that of a connection before them; of these only the number of octets counts. */
#include <string.h>

#include "conformance/record_log_private.h"
#include "proto/iperf3_datagram.h"
#include "proto/profile.h"

#define SHORT_MAX 64 /* octets of a datagram that is kept as it is */

/* --- which profile ----------------------------------------------------------------------------------------------- */

static void mark(struct record_conn *conn)
{
	conn->iperf3 = conn->log->iperf3 = true;
}

static bool has_form(const struct iperf3_cookie *cookie)
{
	const uint8_t *octets = cookie->octets;

	for (size_t i = 0; i + 1 < sizeof cookie->octets; i++)
		if (!(octets[i] >= 'a' && octets[i] <= 'z') && !(octets[i] >= '2' && octets[i] <= '7'))
			return false;
	return octets[sizeof cookie->octets - 1] == 0;
}

/* The cookie is whole: whether the connection is one of the profile, and a stream of a test that was seen. */
static void judge(struct record_conn *conn)
{
	struct record_log *log = conn->log;

	if (iperf_profile_of(conn->first.octets, conn->first_count) != IPERF_PROFILE_IPERF3)
		return;
	for (size_t i = log->conn_count; i-- > 0 && !conn->iperf3_stream;) {
		const struct record_conn *other = log->conns[i];

		conn->iperf3_stream = other != conn && other->iperf3 && !other->iperf3_stream &&
				      other->first_count == IPERF3_COOKIE_LENGTH &&
				      iperf3_cookie_equal(&other->first, &conn->first);
	}
	if (conn->iperf3_stream || has_form(&conn->first) || (log->iperf3 && !log->iperf))
		mark(conn);
}

/* How many of the octets are of the cookie. */
static size_t gather(struct record_conn *conn, const uint8_t *octets, size_t length)
{
	size_t room = IPERF3_COOKIE_LENGTH - conn->first_count, n = length < room ? length : room;

	if (n == 0)
		return 0;
	memcpy(conn->first.octets + conn->first_count, octets, n);
	conn->first_count += n;
	if (conn->first_count == IPERF3_COOKIE_LENGTH && !conn->middle)
		judge(conn);
	return n;
}

/* No server of the text profile begins so. */
static void hear_server(struct record_conn *conn, uint8_t first)
{
	bool whole = conn->first_count == IPERF3_COOKIE_LENGTH && !conn->middle &&
		     iperf_profile_of(conn->first.octets, conn->first_count) == IPERF_PROFILE_IPERF3;

	if (conn->kept[1] > 0 || conn->middle)
		return;
	if (first == IPERF3_PARAM_EXCHANGE || first == (uint8_t)IPERF3_ACCESS_DENIED ||
	    first == (uint8_t)IPERF3_SERVER_ERROR)
		if (whole || conn->log->iperf3)
			mark(conn);
}

bool record_iperf3_octets(struct record_conn *conn, bool to_server, const uint8_t *octets, size_t length)
{
	size_t first = 0;

	if (to_server)
		first = gather(conn, octets, length);
	else
		hear_server(conn, *octets);
	if (!conn->iperf3_stream)
		return false;
	if (first > 0) {
		record_log_barrier(conn->log);
		record_log_octets(conn, true, false, octets, first);
	} else if (!to_server && conn->kept[1] == 0 && length == 1) { /* ACCESS_DENIED, for one */
		record_log_barrier(conn->log);
		record_log_octets(conn, false, false, octets, length);
		return true;
	}
	if (length > first)
		record_log_payload(conn, to_server, length - first, 0);
	return true;
}

void record_iperf3_finish(struct record_log *log)
{
	for (size_t i = 0; i < log->conn_count && log->iperf3 && !log->iperf; i++)
		log->conns[i]->iperf3 |= !log->conns[i]->middle;
}

/* --- datagrams --------------------------------------------------------------------------------------------------- */

static bool is_hello(const struct segment *s)
{
	return s->captured == IPERF3_HELLO_LENGTH && s->length == IPERF3_HELLO_LENGTH &&
	       (memcmp(s->payload, iperf3_hello, IPERF3_HELLO_LENGTH) == 0 ||
		memcmp(s->payload, iperf3_hello_old, IPERF3_HELLO_LENGTH) == 0);
}

/* Whether the datagram goes on with the event, by narrow counters or by wide ones. */
static bool goes_on(const struct record_conn *conn, struct record_event *event, bool to_server, const struct segment *s,
		    const uint64_t sequence[2])
{
	bool narrow, wide;

	if (event->kind != RECORD_SEQUENCES || event->to_server != to_server || event->length != s->length ||
	    conn->payload_barrier != conn->log->barrier || conn->now_ns - event->last_ns > RECORD_PAUSE_NS)
		return false;
	narrow = event->narrow && sequence[0] == event->sequence[0] + event->datagrams;
	wide = event->wide && sequence[1] == event->sequence[1] + event->datagrams;
	if (!narrow && !wide)
		return false;
	event->narrow = narrow;
	event->wide = wide;
	return true;
}

static void add_sequence(struct record_conn *conn, bool to_server, const struct segment *s)
{
	struct record_log *log = conn->log;
	struct record_event *event = conn->payload ? &log->events[conn->payload - 1] : NULL;
	struct iperf3_header narrow, wide = { 0 };
	bool has_wide = iperf3_header_read(&wide, true, s->payload, s->captured);
	uint64_t sequence[2];

	iperf3_header_read(&narrow, false, s->payload, s->captured);
	sequence[0] = narrow.sequence;
	sequence[1] = wide.sequence;
	if (!event || !goes_on(conn, event, to_server, s, sequence)) {
		event = record_log_event(conn, RECORD_SEQUENCES, to_server);
		if (!event)
			return;
		event->length = s->length;
		event->narrow = true;
		event->wide = has_wide;
		memcpy(event->sequence, sequence, sizeof sequence);
	}
	event->datagrams++;
	event->last_ns = conn->now_ns;
	conn->payload = (size_t)(event - log->events) + 1;
	conn->payload_barrier = log->barrier;
}

bool record_iperf3_datagram(struct record_conn *conn, bool to_server, const struct segment *s)
{
	const struct record_log *log = conn->log;

	if (to_server && !conn->iperf3 && log->iperf3 && (is_hello(s) || !log->iperf))
		conn->iperf3 = true;
	if (!conn->iperf3)
		return false;
	if (s->length <= SHORT_MAX && s->captured == s->length &&
	    (s->length < IPERF3_HEADER_32 || (to_server && conn->kept[0] == 0))) {
		record_log_barrier(conn->log);
		record_log_octets(conn, to_server, true, s->payload, s->length);
	} else if (s->captured >= IPERF3_HEADER_32 && (s->captured >= IPERF3_HEADER_64 || s->length < IPERF3_HEADER_64)) {
		add_sequence(conn, to_server, s);
	} else {
		conn->blind |= to_server;
	}
	return true;
}
