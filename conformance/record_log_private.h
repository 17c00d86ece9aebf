/* A part of record_log.c and record_iperf3_log.c; nobody else needs it. */
#ifndef IPERF_CONFORMANCE_RECORD_LOG_PRIVATE_H
#define IPERF_CONFORMANCE_RECORD_LOG_PRIVATE_H

#include "conformance/decode.h"
#include "conformance/record_log.h"

/* A new event of the connection, at its present moment; NULL when there is no memory, which the log then knows. */
struct record_event *record_log_event(struct record_conn *conn, enum record_event_kind kind, bool to_server);

/* Payload, added to the connection's last event where that is possible. */
void record_log_payload(struct record_conn *conn, bool to_server, uint64_t length, uint64_t datagrams);

/* Octets that matter. What comes in one packet, and on one connection, stays one event. */
void record_log_octets(struct record_conn *conn, bool to_server, bool datagram, const uint8_t *octets, size_t length);

/* Payload is not moved across this moment. */
void record_log_barrier(struct record_log *log);

/* --- record_iperf3_log.c ----------------------------------------------------------------------------------------- */

/* Octets of a TCP connection: whether the iperf3 profile has taken them as those of a stream. */
bool record_iperf3_octets(struct record_conn *conn, bool to_server, const uint8_t *octets, size_t length);

/* A datagram of the source: whether it is one of the iperf3 profile, and was taken. */
bool record_iperf3_datagram(struct record_conn *conn, bool to_server, const struct segment *s);

/* The end of the capture: connections that do not tell themselves are of the profile that all others are of. */
void record_iperf3_finish(struct record_log *log);

#endif
