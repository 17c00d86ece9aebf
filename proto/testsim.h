/* A small world for tests: one server session, client sessions and strangers, a network between them, and a tap that
 * tells a judge what passes. All of it runs in simulated time, in one thread, and the same seed gives the same run.
 *
 *   testnet.c    time, TCP connections and datagrams, with random delays
 *   testtap.c    the tap: what of it the judge is told, and what is kept from it
 *   testserver.c, testclient.c, teststranger.c
 *                the programs at both ends: they read late and in any order; some break a rule
 *   testsim.c    options, and a run from its beginning to its end
 *
 * TCP is as real as a judge can tell: octets in order, cut anywhere; closing with octets unread, and octets for a
 * closed end, cause a reset; a handshake; a queue of connections to accept. Every delay is bounded by the options. */
#ifndef IPERF_PROTO_TESTSIM_H
#define IPERF_PROTO_TESTSIM_H

#include "proto/client.h"
#include "proto/judge.h"
#include "proto/server.h"

#define SIM_STREAMS 8
#define SIM_CLIENTS 6
#define SIM_STRANGERS 8
#define SIM_FOUND 256
#define SIM_WRITE_MAX 4000

enum sim_tap {
	TAP_SERVER,
	TAP_MIDDLE,
	TAP_CLIENT,   /* on the host of all clients; there are others, of which it sees nothing */
	TAP_LOOPBACK, /* clients and server are one host */
};

/* Rules that a server or a client breaks; see the tables in judge_fault_test.c. */
enum sim_fault {
	FAULT_NONE,
#define SERVER_FAULT(name) SERVER_##name,
#define CLIENT_FAULT(name) CLIENT_##name,
#include "proto/testfaults.h"
#undef SERVER_FAULT
#undef CLIENT_FAULT
	FAULTS,
};

enum stranger_kind {
	STRANGER_SILENT,
	STRANGER_HTTP,
	STRANGER_SCANNER,       /* connects and leaves */
	STRANGER_HALF_PREAMBLE, /* fewer than 32 octets, and leaves */
	STRANGER_HALF_SILENT,   /* the same, and stays */
	STRANGER_WHOLE_SILENT,  /* 32 octets, and stays */
	STRANGER_GARBAGE,
	STRANGER_IPERF3,
	STRANGER_DATAGRAM,
	STRANGER_ASKER,         /* asks for results of a test that never was: breaks a rule, in fault runs only */
};

struct sim_client_plan {
	int64_t start_ns;
	size_t tcp, udp;
	unsigned writes;       /* of payload, on each stream */
	int64_t pause_ns;      /* between them */
	int64_t kill_ns;       /* 0: never */
	bool kill_by_reset;
	bool foreign;          /* TAP_CLIENT: on another host, not seen */
	bool half_closes;      /* results connections, after the request */
	int64_t pace_ns;       /* until the next segment of a stream may leave */
	uint8_t host;
};

struct sim_options {
	uint64_t seed;
	enum sim_tap tap;
	int64_t leg_ns, sleep_ns;         /* the longest: on the way to or from the tap; until a program looks */
	int64_t client_sleep_ns;          /* of the clients, when it is not sleep_ns */
	unsigned udp_loss;                /* per cent */
	bool udp_reorder;
	int64_t t_hello_ns, t_begin_ns, t_idle_ns, t_results_ns;
	bool timers_known;
	size_t write_max;                 /* of TCP payload at a time */
	size_t streams_max, pending_max;
	bool streams_max_known;
	size_t clients, strangers;
	struct sim_client_plan client[SIM_CLIENTS];
	int64_t stop_ns;                  /* the server is stopped; 0: never */
	int64_t end_ns;                   /* of the capture */
	/* The tap's shortcomings. */
	int64_t tap_begins_ns;            /* 0: before everything */
	size_t snap;                      /* octets of payload of a packet; 0: all */
	unsigned missing, conflicts, late; /* per thousand segments */
	enum sim_fault fault, other_fault;
	int64_t fault_ns;                 /* from when on; where that matters */
	size_t faulty_client;             /* the one that has a client's fault */
	unsigned stranger_kind;           /* enum stranger_kind + 1; 0: any */
	int64_t stranger_ns;              /* when the first comes; 0: any time */
	int64_t stranger_gap_ns;          /* until the next comes */
	bool trace;
};

struct sim_found {
	enum iperf_verdict verdict;
	enum iperf_requirement requirement;
	enum iperf_direction by;
	char text[200];
};

struct sim_result {
	size_t count; /* of all; the first SIM_FOUND are kept, broken ones preferred */
	size_t broken;
	struct sim_found found[SIM_FOUND];
	uint64_t packets, tests, done, answered;
};

/* Options for a random run: everything that a conforming pair may meet. */
void sim_options_random(struct sim_options *options, uint64_t seed);

/* Options for a calm run: small delays, a client with streams of both kinds. */
void sim_options_calm(struct sim_options *options, uint64_t seed);

void sim_run(const struct sim_options *options, struct sim_result *result);

/* --- between the parts ------------------------------------------------------------------------------------------- */

struct sim;
struct sim_conn;

typedef void sim_action(struct sim *sim, void *what, uint64_t number);

enum sim_side {
	SIDE_CLIENT,
	SIDE_SERVER,
};

/* One end of a TCP connection, as a program sees its socket. */
struct sim_end {
	uint8_t *octets; /* arrived and not read */
	size_t length, room;
	bool eof, reset; /* arrived */
	bool closed;     /* by its program */
	bool ended;      /* its FIN was sent */
	bool dead;
	int64_t ready_ns; /* since when there is something to read; 0: nothing */
	/* Towards the other end. */
	int64_t tapped_ns, arrived_ns, busy_ns, pace_ns;
	uint64_t sent;
	bool cut; /* what was not sent yet, is lost: reset */
	int64_t cut_ns;
	uint64_t offset; /* at the tap */
};

enum sim_owner {
	OWNER_CLIENT,
	OWNER_STRANGER,
};

struct sim_conn {
	struct sim_conn *next;
	struct iperf_endpoint client;
	struct sim_end end[2];
	enum sim_owner owner;
	size_t owner_index;
	int who; /* of the client's session */
	bool seen; /* by the tap: false for foreign hosts */
	bool connected, failed, told; /* at the client */
	bool accepted;                /* at the server */
	int64_t queued_ns;            /* to be accepted */
	struct iperf_conn session;
	bool in_session, session_over;
	bool answered;
	unsigned phase;               /* 1: a control connection */
	uint8_t rogue[256];           /* what a faulty client sends on it */
	size_t rogue_length;
	/* The tap's. */
	struct iperf_judge_conn *judged;
	bool tap_over, tap_established, tap_eof[2];
	uint64_t number;
};

/* --- testnet.c --- */

struct sim_event {
	int64_t at_ns;
	uint64_t order;
	sim_action *action;
	void *what;
	uint64_t number;
};

struct sim_packet {
	struct sim_packet *all;  /* to free them */
	struct sim_packet *next; /* in the server's queue of datagrams */
	struct sim_conn *conn; /* NULL: a datagram */
	enum sim_side from;
	bool syn, ack, fin, reset;
	int64_t sent_ns;
	struct iperf_endpoint client;
	size_t length;
	uint8_t octets[];
};

struct sim_client {
	struct iperf_client session;
	struct iperf_client_stream streams[SIM_STREAMS];
	struct iperf_stream_result listed[4 * SIM_STREAMS];
	char text[16384];
	struct sim_conn *control, *results, *tcp[SIM_STREAMS];
	struct iperf_endpoint udp[SIM_STREAMS];
	bool udp_opening[SIM_STREAMS];
	bool over, killed, flowing;
	unsigned writes_left;
	int64_t write_ns;   /* the next write */
	int64_t wake_ns;
	size_t index;
	unsigned begins, ends, phase; /* a fault's */
	bool pretend;                 /* a fault's: events that did not happen */
};

struct sim_stranger {
	unsigned kind;
	struct sim_conn *conn;
	size_t sent, length;
	uint8_t octets[400];
	bool over;
};

struct sim_server {
	struct iperf_server session;
	struct iperf_stream *streams;
	struct iperf_stream_result *listed;
	struct sim_conn *queue[256];
	size_t queued;
	struct sim_packet *datagrams, **datagrams_last;
	int64_t wake_ns, ready_ns;
	bool stopped;
	int64_t silent_ns; /* a fault's */
	unsigned phase;
	struct sim_conn *kept;
};

struct sim {
	struct sim_options options;
	struct sim_result *result;
	uint64_t seed;
	int64_t now_ns;
	uint64_t order;
	struct sim_event *heap;
	size_t heap_count, heap_room;
	struct sim_conn *conns;
	struct sim_packet *packets;
	uint64_t conn_count;
	uint16_t port;
	struct iperf_endpoint address;
	struct sim_server server;
	struct sim_client clients[SIM_CLIENTS];
	struct sim_stranger strangers[SIM_STRANGERS];
	/* The tap's. */
	struct iperf_judge judge;
	struct iperf_stream *judge_streams;
	struct iperf_judge_stream *judge_extras;
	struct iperf_stream_result *judge_listed;
	uint64_t packet;
	int64_t tap_ns;
};

size_t sim_chance(struct sim *sim, size_t n);
int64_t sim_between(struct sim *sim, int64_t least, int64_t most);
bool sim_percent(struct sim *sim, unsigned percent);
void sim_at(struct sim *sim, int64_t at_ns, sim_action *action, void *what, uint64_t number);
bool sim_step(struct sim *sim);
__attribute__((format(printf, 2, 3))) void sim_trace(const struct sim *sim, const char *format, ...);

struct sim_conn *net_connect(struct sim *sim, const struct iperf_endpoint *client, bool seen);
void net_write(struct sim *sim, struct sim_conn *conn, enum sim_side side, const uint8_t *octets, size_t length);
void net_shutdown(struct sim *sim, struct sim_conn *conn, enum sim_side side);
void net_close(struct sim *sim, struct sim_conn *conn, enum sim_side side);
void net_reset(struct sim *sim, struct sim_conn *conn, enum sim_side side);
size_t net_read(struct sim_end *end, uint8_t *octets, size_t size);
bool net_readable(const struct sim_end *end);
void net_datagram(struct sim *sim, const struct iperf_endpoint *client, enum sim_side from, const uint8_t *octets,
		  size_t length);

/* --- testtap.c --- */
void tap_begin(struct sim *sim);
void tap_packet(struct sim *sim, const struct sim_packet *packet);
void tap_finish(struct sim *sim);

/* --- testserver.c --- */
void server_begin(struct sim *sim);
void server_end(struct sim *sim);
bool server_listens(const struct sim *sim);
void server_queued(struct sim *sim, struct sim_conn *conn);
void server_ready(struct sim *sim);
void server_datagram(struct sim *sim, struct sim_packet *packet);

/* --- testclient.c --- */
void client_begin(struct sim *sim, size_t index);
void client_ready(struct sim *sim, struct sim_client *client);

/* --- testfaulty.c --- */
bool client_sends_wrongly(struct sim *sim, struct sim_client *client, int who, const uint8_t *octets, size_t length);
bool client_decides_wrongly(struct sim *sim, struct sim_client *client, const struct iperf_client_decision *decision);
void client_wakes_wrongly(struct sim *sim, struct sim_client *client);
bool faulty(const struct sim *sim, const struct sim_client *client, enum sim_fault what);

/* --- teststranger.c --- */
void stranger_begin(struct sim *sim, size_t index);
void stranger_ready(struct sim *sim, struct sim_stranger *stranger);

#endif
