/* Plays a case against a server or a client, and tells what came of it. */
#ifndef IPERF_CONFORMANCE_PLAY_H
#define IPERF_CONFORMANCE_PLAY_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conformance/case.h"
#include "conformance/launch.h"
#include "conformance/wire.h"

#define PLAY_COOKIE_MAX 40
#define PLAY_TIMERS CASE_TIMERS /* indexed by enum case_timer */

/* Whom the cases are played against. Zeroed but for what the caller sets, and wire by wire_init(). */
struct player {
	struct wire wire;
	int64_t timers[PLAY_TIMERS];     /* the peer's, in nanoseconds */
	const volatile sig_atomic_t *interrupted; /* becomes true when the user wants no more; may be NULL */
	/* A server under test. */
	struct sockaddr_storage address;
	socklen_t address_length;
	/* A client under test: wire listens on port. Or a server that is started for each case, on a port of its own. */
	char *const *command;            /* NULL: somebody starts it by hand */
	const char *host;                /* {host} */
	uint16_t port;
	/* Private: the cookies that clients have used (R-3-3). */
	uint8_t (*used)[PLAY_COOKIE_MAX];
	size_t used_count;
};

enum play_verdict {
	PLAY_PASS,
	PLAY_FAIL,
	PLAY_SKIP,
	PLAY_UNTESTED, /* it could not be found out */
};

struct play_result {
	enum play_verdict verdict;
	char reason[300];                 /* SKIP, UNTESTED */
	/* FAIL */
	enum iperf_requirement requirement;
	uint32_t line;
	char expected[400], observed[600];
	double at;                        /* seconds since the case began */
	/* As outcome.h has them; the caller's to json_decref(). */
	json_t *steps, *said, *cookies;
	double seconds;
	bool has_exit;                    /* a client was started, and has ended by itself: */
	int exit_status;
	char *output;                     /* the caller's to free; NULL: none was started */
};

/* Plays it to its end, and leaves no connection and no process of it. */
void play_case(struct player *player, const struct case_file *file, struct play_result *result);

/* Sees whether the server serves a test, as a client without a stream. Returns NULL when it does; else a sentence.
 * unreachable: it could not even be connected to. */
const char *play_idle_check(struct player *player, int64_t patience_ns, bool *unreachable);

/* The same in the iperf3 profile: whether a fresh cookie is answered by PARAM_EXCHANGE, which is tried again until the
 * deadline. NULL when it is; else a sentence. */
const char *play_free(struct player *player, int64_t deadline_ns, bool *unreachable);

/* Whether no client has used that cookie in this run; from now on one has. */
bool player_cookie_is_fresh(struct player *player, const uint8_t *octets, size_t length);

void player_free(struct player *player);

#endif
