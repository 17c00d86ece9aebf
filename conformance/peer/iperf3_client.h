/*
 * The client of the iperf3 profile: iperf3_client.c has the course of a test, iperf3_client_net.c connections, waiting
 * and what the server says, iperf3_client_open.c how streams are opened, iperf3_client_run.c payload.
 */
#ifndef PEER_IPERF3_CLIENT_H
#define PEER_IPERF3_CLIENT_H

#include "iperf3.h"
#include "iperf3_stream.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

struct i3_client_options {
	const char *host, *port;
	struct i3_params params;
	uint64_t reply_ns;		   /* T_reply */
	uint64_t silence_ns;		   /* R-31-5; 0: none */
	uint64_t interval_ns;		   /* of reports, which only a fault looks at */
};

/* Runs a test; returns the exit status. */
int i3_client_run(const struct i3_client_options *options);

#define I3_FOR_EVER UINT64_MAX

struct i3_client {
	const struct i3_client_options *options;
	struct i3_params params;
	struct sockaddr_storage address;
	socklen_t address_len;
	uint8_t cookie[I3_COOKIE_LEN];
	int control;
	struct i3_stream *streams;
	size_t count; /* opened */
	uint64_t running_ns, ended_ns;
	bool ended; /* TEST_END was sent: what arrives does not count */
	struct i3_usage usage;
	char *output; /* of the server, to show */
};

/* iperf3_client_net.c. What returns false or -1 has told the user why the test fails. */
extern volatile sig_atomic_t i3_client_stopped;
void client3_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
void client3_catch_signals(void);
bool client3_resolve(struct i3_client *c);
int client3_connect(struct i3_client *c, uint64_t deadline);
bool client3_send(int fd, const void *octets, size_t n);
bool client3_send_state(struct i3_client *c, enum i3_state state);
/* Waits for events on fd (-1: none) and looks after the control connection if watched. 1: there are some, 0: time is
   over, -1: the test is over. */
int client3_wait(struct i3_client *c, int fd, short events, uint64_t deadline, bool watched);
/* The next state of the server has to be this one; I3_IPERF_DONE: none is due. */
bool client3_expect(struct i3_client *c, enum i3_state state, uint64_t deadline);
/* Length and text, to free; NULL: not got. */
struct json *client3_read_object(struct i3_client *c, uint64_t deadline);
uint64_t client3_deadline(const struct i3_client *c, bool for_ever);
/* By a fault that waits for ever for the state: I3_FOR_EVER. */
uint64_t client3_deadline_of(const struct i3_client *c, enum i3_state state);

/* iperf3_client_open.c */
bool client3_open_streams(struct i3_client *c);

/* iperf3_client_run.c */
bool client3_run(struct i3_client *c);
/* Looks at the streams outside the run: reads without counting after TEST_END, notices denied ones before. */
bool client3_look_at_streams(struct i3_client *c);
/* Their descriptors to poll for that; returns how many. */
size_t client3_poll_streams(const struct i3_client *c, struct pollfd *fds);

#endif
