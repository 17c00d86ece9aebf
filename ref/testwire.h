/* The other end of the wire: plain sockets of a test, every wait bounded. No use is made of the sessions of proto/ here, so
 * that what they get wrong shows.
 *
 * Sockets do not block; functions that wait do so at most TEST_PATIENCE_MS and then fail the test. All are closed by
 * test_clean(). Everything is on loopback: ::1 when six is true, else 127.0.0.1. */
#ifndef IPERF_REF_TESTWIRE_H
#define IPERF_REF_TESTWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/message.h"
#include "proto/results.h"

/* --- opening and closing --------------------------------------------------------------------------------------------- */

/* Connects over TCP, without Nagle's delay. */
int wire_connect(bool six, uint16_t port);

/* Begins to connect, and does not wait until it has. */
int wire_begin_connect(bool six, uint16_t port);

/* Whether anybody listens there. */
bool wire_is_listened(bool six, uint16_t port);

/* A UDP socket that is connected to port. */
int wire_udp(bool six, uint16_t port);

/* A server's pair on a free port. backlog 0 leaves the TCP socket bound but not listening: connections are refused. */
void wire_listen(bool six, int backlog, uint16_t *port, int *tcp, int *udp);

/* Waits for a connection. */
int wire_accept(int listener);

void wire_half_close(int fd);
void wire_close(int fd);
void wire_reset(int fd);
void wire_close_all(void);

/* Whether this host has ::1. */
bool wire_has_six(void);

uint16_t wire_local_port(int fd);
uint16_t wire_peer_port(int fd);

/* --- octets ---------------------------------------------------------------------------------------------------------- */

/* Sends all; false when the peer has closed. */
bool wire_send(int fd, const void *octets, size_t length);

/* Waits until there is something to read, or the end, at most ms. */
bool wire_wait(int fd, int64_t ms);

/* Waits for length octets; returns fewer only when the end has come. */
size_t wire_read(int fd, void *octets, size_t length);

enum wire_state {
	WIRE_SILENT, /* open, nothing to read */
	WIRE_OCTETS, /* there are octets to read */
	WIRE_ENDED,  /* end-of-file or reset */
};

/* Without waiting, and without reading. */
enum wire_state wire_state(int fd);

/* How many octets are there to be read. */
size_t wire_waiting(int fd);

/* Waits for the end of a connection on which not an octet may come. */
void wire_ended(int fd);

/* Waits until a peer that half-closed or closed has fully closed: sends octets until that fails. */
void wire_refuses(int fd);

/* --- a client's openings ---------------------------------------------------------------------------------------------- */

/* Connects and writes preamble and first message. */
int wire_open(bool six, uint16_t port, enum iperf_message_kind kind, const struct iperf_cookie *cookie);

bool wire_message(int fd, enum iperf_message_kind kind, const struct iperf_cookie *cookie);

/* A connection that ends as it begins, to know that the server has seen all that was sent before to its loop. */
void wire_ping(bool six, uint16_t port);

/* --- results ----------------------------------------------------------------------------------------------------------- */

#define WIRE_STREAMS 4096

struct wire_answer {
	bool answered;                /* else the connection was closed without an octet */
	struct iperf_results results; /* streams points into the next */
	struct iperf_stream_result streams[WIRE_STREAMS];
};

/* Reads an answer to the end of its connection: it must be whole and well formed, or nothing. */
void wire_answer(int fd, const struct iperf_cookie *cookie, struct wire_answer *answer);

/* Asks on a connection of its own. */
void wire_ask(bool six, uint16_t port, const struct iperf_cookie *cookie, struct wire_answer *answer);

/* Asks until so many octets and streams are there, and so many of these complete. */
void wire_ask_until(bool six, uint16_t port, const struct iperf_cookie *cookie, struct wire_answer *answer, uint64_t bytes,
		    size_t streams, size_t complete);

/* A client with a cookie of its own is served at once: its test begins, a stream is counted, the test ends. */
void wire_served(bool six, uint16_t port);

#endif
