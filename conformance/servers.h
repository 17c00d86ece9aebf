/* The servers of a capture, each with its judges, one for each profile: hands connections (from the reassembly) and
 * datagrams to the judge that they belong to, and the judges' words to the report.
 *
 * Which profile a connection is of is told by its first octets (proto/profile.h). Both may come to one port, in turn:
 * each judge knows of the other's connections that they are there, and explain why a server is busy.
 *
 * Which ports are an Iperf server's is not known beforehand. Every TCP server gets a judge while it has connections; it
 * is reported on once a message of the protocol was seen, or from the start when its port is the one looked for. What a
 * judge said before that is kept until then, or dropped with the server. */
#ifndef IPERF_CONFORMANCE_SERVERS_H
#define IPERF_CONFORMANCE_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/decode.h"
#include "conformance/reassembly.h"
#include "conformance/report.h"

enum servers_profile { SERVERS_AUTO, SERVERS_TEXT, SERVERS_IPERF3 };

struct servers_options {
	enum servers_profile profile;              /* AUTO: told by what connections begin with */
	uint16_t port;                             /* look here only; 0: find the servers, and look at IPERF_PORT */
	bool at_client;                            /* see struct iperf_judge_config */
	bool timers_known;
	int64_t t_hello_ns, t_begin_ns, t_idle_ns; /* when timers_known */
	bool iperf3_timers_known;
	int64_t t_read_ns, t_silence_ns, t_over_ns; /* when iperf3_timers_known */
	uint32_t streams_max;                      /* of a test */
};

struct servers;

/* NULL when there is no memory. The report must outlive it. */
struct servers *servers_new(const struct servers_options *options, struct report *report);

/* The events that it wants of a reassembly, whose user is the struct servers. */
extern const struct reassembly_events servers_events;

/* A UDP datagram. */
void servers_datagram(struct servers *servers, const struct segment *datagram, uint64_t packet, int64_t time_ns);

/* The capture ends with that packet; before reassembly_finish(). */
void servers_finish(struct servers *servers, uint64_t packet, int64_t time_ns);

/* After reassembly_finish(): what is left to say is said. */
void servers_end(struct servers *servers);

/* Adds what was seen to counts: tests, connections, servers, iperf3. False when memory ran out on the way, so that
 * something was left out. */
bool servers_counts(const struct servers *servers, struct report_counts *counts);

/* After reassembly_finish() or reassembly_free(). Accepts NULL. */
void servers_free(struct servers *servers);

#endif
