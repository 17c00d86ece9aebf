/* The runner's sockets: TCP connections and UDP sources whose octets are all kept, with the time at which they came.
 * One thread; nothing blocks but wire_wait(). Times are nanoseconds of CLOCK_MONOTONIC. */
#ifndef IPERF_CONFORMANCE_WIRE_H
#define IPERF_CONFORMANCE_WIRE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proto/endpoint.h"

#define WIRE_KEPT_MAX (256u << 20) /* octets kept of one connection; a peer that sends more is cut off */

#define WIRE_DATAGRAMS_MAX 200000   /* kept of one source; more are let go */

struct wire_arrival {
	uint64_t end; /* octets by then */
	int64_t at_ns;
};

struct wire_datagram {
	uint8_t *octets;
	size_t length;
	size_t kept;                  /* of octets; fewer than length when the source flows */
	uint16_t port;                /* of its sender */
	int64_t at_ns;
};

struct wire_conn {
	int fd;                       /* -1: not open (any more), or a UDP source that shares the listening socket */
	bool udp;
	bool by_peer;                 /* the peer opened it */
	bool bound;                   /* the case has a name for it */
	bool end_taken;               /* the user's: its end was noted */
	bool excused;                 /* the user's: whatever comes there is no fault */
	uint32_t number;              /* the watcher's own */
	struct iperf_endpoint client; /* the client's address and port */
	struct iperf_endpoint server;
	int64_t opened_ns;
	/* TCP: what came. taken is the user's. */
	uint8_t *octets;
	size_t length, room, taken;
	size_t length_at_next;        /* of them when the peer had opened its next connection: */
	bool next_seen;
	struct wire_arrival *arrivals;
	size_t arrival_count, arrival_room;
	bool eof, reset, refused;     /* by the peer; a reset may follow its end-of-file */
	int64_t ended_ns;             /* when */
	bool sent_eof, closed;        /* by us */
	bool unread;                  /* nothing is to be read from it now */
	bool flows;                   /* see wire_flow() */
	uint64_t flowed;              /* octets since then, and of datagrams all */
	int64_t flowed_ns;            /* when the last of them came */
	uint64_t sent;
	/* UDP */
	struct wire_datagram *datagrams;
	size_t datagram_count, datagram_room, datagram_taken;
};

/* What passes, for whoever writes it down. octets is NULL for all but OCTETS and DATAGRAM. */
enum wire_event { WIRE_OPENED, WIRE_REFUSED, WIRE_OCTETS, WIRE_EOF, WIRE_RESET, WIRE_DATAGRAM };
typedef void wire_watch(void *user, struct wire_conn *conn, enum wire_event event, bool to_server,
			const uint8_t *octets, size_t length, int64_t at_ns);

struct wire {
	struct wire_conn **conns;     /* in the order in which they were opened or came */
	size_t count, room;
	int listener, datagrams;      /* of a runner that is the server; -1: none */
	int also;                     /* a descriptor whose readability ends a wait too; -1: none */
	const volatile sig_atomic_t *interrupted; /* set: sending gives up; may be NULL */
	int error;                    /* why a connection could not be taken, an errno; 0: all could */
	int64_t eager_ns;             /* until then waiting is by looking again and again */
	wire_watch *watch;            /* may be NULL */
	void *user;
};

int64_t wire_now(void);

void wire_init(struct wire *wire);

/* Forgets all connections: closes those that the peer has ended, resets the others. The listening sockets stay. */
void wire_clear(struct wire *wire);

/* Listens on port, TCP and UDP, on all addresses of this host; 0: one that is free for both. Returns the port, or a
 * negative errno. */
int wire_listen(struct wire *wire, uint16_t port);

void wire_unlisten(struct wire *wire);

/* Refuses TCP connections from now on; until wire_accept(), which returns 0 or a negative errno. */
void wire_refuse(struct wire *wire);
int wire_accept(struct wire *wire, uint16_t port);

/* Opens a connection to address; waits until it is established or has failed. NULL when this host cannot
 * (errno); refused is set when the peer refused it. */
struct wire_conn *wire_open(struct wire *wire, const struct sockaddr *address, socklen_t length, int64_t deadline_ns);

/* A UDP source towards address. NULL: errno. */
struct wire_conn *wire_open_udp(struct wire *wire, const struct sockaddr *address, socklen_t length);

/* From now on what comes is counted, and not kept: octets of TCP not at all, of datagrams the first WIRE_HEAD. What has
 * come and was not taken is the beginning of it. */
#define WIRE_HEAD 64
void wire_flow(struct wire_conn *conn);

/* Sends all octets, reading meanwhile. Returns false when the deadline passed first, with *sent. A connection that is
 * over swallows them. */
bool wire_send(struct wire *wire, struct wire_conn *conn, const uint8_t *octets, size_t length, int64_t deadline_ns,
	       size_t *sent);

/* Waits until the peer's TCP has taken what was sent, and a moment more, so that the next octets are read apart. */
void wire_settle(struct wire *wire, struct wire_conn *conn, int64_t moment_ns);

void wire_send_datagram(struct wire *wire, struct wire_conn *conn, const uint8_t *octets, size_t length);

void wire_half_close(struct wire *wire, struct wire_conn *conn);
void wire_close(struct wire *wire, struct wire_conn *conn);
void wire_reset(struct wire *wire, struct wire_conn *conn);

/* Reads and accepts what is there; if there is nothing, waits for something until deadline_ns. Returns false when
 * nothing came by then. */
bool wire_wait(struct wire *wire, int64_t deadline_ns);

/* When the octet before that offset came. */
int64_t wire_arrival_ns(const struct wire_conn *conn, uint64_t end);

/* The peer has ended it, in whatever way. */
static inline bool wire_ended(const struct wire_conn *conn)
{
	return conn->eof || conn->reset || conn->refused;
}

/* The address and port as text, such as "127.0.0.1 port 5201". */
#define WIRE_TEXT_SIZE 80
void wire_endpoint_text(const struct iperf_endpoint *endpoint, char text[static WIRE_TEXT_SIZE]);
void wire_endpoint(const struct sockaddr_storage *address, struct iperf_endpoint *endpoint);

#endif
