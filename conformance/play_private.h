/* What the parts of the player share. play.c takes the steps in their order; play_act.c does what the runner does,
 * play_expect.c looks for what the peer is to do, play_answer.c compares result data, play_said.c writes down what was
 * said, play_client.c is about clients under test. */
#ifndef IPERF_CONFORMANCE_PLAY_PRIVATE_H
#define IPERF_CONFORMANCE_PLAY_PRIVATE_H

#include <stdio.h>

#include "conformance/play.h"
#include "proto/limits.h"

#define PLAY_OPENING_TEXT 600
#define PLAY_REOPEN IPERF_S                  /* so long a server of the iperf3 profile may refuse (R-23-19) */
#define PLAY_REOPEN_PAUSE (20 * IPERF_MS)

struct play;

/* What the profiles do each in its own way. */
struct play_profile {
	bool (*begin)(struct play *play);   /* chooses cookies; false: errno */
	void (*end)(struct play *play);
	void (*act)(struct play *play);     /* the present step, which is the runner's */
	void (*expect)(struct play *play);  /* the present step, which is the peer's */
	void (*no_more)(struct play *play); /* what is expected at the end of every case */
	void (*came)(struct play *play);    /* something may have come, of a client under test */
	void (*alone)(struct play *play);   /* the present step, without a connection, that the profile alone has */
	const uint8_t *(*cookie)(const struct play *play, int cookie);
	/* Writes octets, or a datagram of which kept octets are there, in the notation. */
	void (*describe)(const struct play *play, const uint8_t *octets, size_t length, char *text, size_t size);
	void (*describe_datagram)(const struct play *play, const uint8_t *octets, size_t kept, size_t length, char *text,
				  size_t size);
};
extern const struct play_profile play_text, play_iperf3;

struct play {
	const struct play_profile *profile;
	void *own;                         /* of the profile */
	struct player *player;
	struct wire *wire;
	const struct case_file *file;
	struct play_result *result;
	const struct case_step *step;      /* the present one */
	size_t index;                      /* of it */
	struct wire_conn *conns[CASE_LABELS_MAX];
	struct iperf_cookie cookies[CASE_COOKIES_MAX];
	bool known[CASE_COOKIES_MAX];
	bool passing_over;                 /* steps up to the next FREE */
	int64_t start_ns, end_ns;          /* of the case; of the step before */
	int64_t deadline_ns;               /* of the present step */
	int64_t marks[CASE_MARKS_MAX];
	struct launch launch;              /* of a program under test that the runner has started */
	int64_t peer_end_ns;               /* 0: it has not ended */
	int64_t done_ns[1];                /* see play_new(): one for each step; 0: not reached */
};

/* Whether the case still goes well. */
static inline bool play_goes_on(const struct play *play)
{
	return play->result->verdict == PLAY_PASS;
}

int64_t play_time(const struct play *play, const struct case_time *time);

/* From when the present step's times count, and by when it has to be done. */
int64_t play_base(const struct play *play);
int64_t play_deadline(const struct play *play);

/* The case has failed at the present step. requirement: of the step, unless it names one itself, or NONE: the case's
 * first. The texts are what was observed; what was expected is the step. */
__attribute__((format(printf, 3, 4))) void play_fail(struct play *play, enum iperf_requirement requirement,
						     const char *format, ...);
/* The same, and requirement stands also against the step's own. */
__attribute__((format(printf, 4, 5))) void play_fail_as(struct play *play, enum iperf_requirement requirement,
							const char *expected, const char *format, ...);
__attribute__((format(printf, 2, 3))) void play_untested(struct play *play, const char *format, ...);

/* Whether the runner has started the program under test. */
static inline bool play_launched(const struct play *play)
{
	return play->player->command != NULL;
}

/* "server" or "client": who is tested. */
static inline const char *play_peer(const struct play *play)
{
	return play->file->role == CASE_SERVER ? "server" : "client";
}

/* --- play_said.c ------------------------------------------------------------------------------------------------- */

/* Writes octets in the notation, as far as they are known, to text. */
void play_describe(const struct play *play, const uint8_t *octets, size_t length, char *text, size_t size);

/* Notes what was said. conn may be NULL. octets may be NULL. */
void play_said(struct play *play, const struct wire_conn *conn, bool to_server, int64_t at_ns, const char *text,
	       const uint8_t *octets, size_t length);

/* Notes octets that were received, described; they count as taken. */
void play_took(struct play *play, struct wire_conn *conn, size_t length);

/* Notes that the peer has ended conn, once. */
void play_took_end(struct play *play, struct wire_conn *conn);

/* What has come on conn and was not taken, in words: "nothing", octets, its end. */
void play_waiting_text(struct play *play, const struct wire_conn *conn, char *text, size_t size);

/* Notes all that was left, in the order of its coming. */
void play_said_rest(struct play *play);

/* The steps, what was said, and the cookies, for the result. */
void play_write_down(struct play *play);

/* --- play_act.c, play_expect.c, play_answer.c --------------------------------------------------------------------- */

void play_act(struct play *play);
void play_expect(struct play *play);

/* The connection of the present step, which is opened or awaited when there is none; NULL: the case is over.
 * first: there was none. */
struct wire_conn *play_conn_of(struct play *play, bool *first);

/* Octets that are to be sent; the pieces of the present step, or digits. */
struct play_octets {
	uint8_t *octets;  /* for free() */
	size_t length;
};
void play_add_pieces(const struct play *play, FILE *out);
/* The payload of the step, which is sent again and again where all of it is too much to be held. */
void play_add_payload(const struct play *play, FILE *out);

/* Whether the run was interrupted: then the case is untested. */
bool play_see_interrupt(struct play *play);

/* Sends them as the present step says: described, cut, or in datagrams. Frees them. */
void play_send(struct play *play, struct wire_conn *conn, struct play_octets *all);

/* Whatever else the runner does: END_OF_FILE, CLOSE, RESET. */
void play_act_end(struct play *play, struct wire_conn *conn);

/* What waiting for the peer needs. play_wait_octets(): length octets that were not taken; false: its end, or the
 * deadline, came first. play_missing(): why what was expected did not come. play_came(): it came, at that time.
 * play_is_silent(): whether nothing is there; else the case has failed. */
bool play_wait_octets(struct play *play, const struct wire_conn *conn, size_t length, int64_t deadline_ns);
bool play_wait_ended(struct play *play, const struct wire_conn *conn, int64_t deadline_ns);
void play_missing(struct play *play, enum iperf_requirement requirement, const struct wire_conn *conn);
void play_came(struct play *play, int64_t at_ns);
bool play_is_silent(struct play *play, const struct wire_conn *conn);
void play_expect_octets(struct play *play, struct wire_conn *conn, const uint8_t *octets, size_t length);

/* The octets of the present step's pieces, as many as size takes. */
size_t play_pieces(const struct play *play, uint8_t *octets, size_t size);

/* What both profiles expect on a TCP connection: OCTETS, END_OF_FILE, CLOSED, RESET, NOTHING. False: another step. */
bool play_expect_common(struct play *play, struct wire_conn *conn);

/* The first of some requirements that the case tests; else the last, which is NONE at the latest. */
enum iperf_requirement play_tested_of(const struct play *play, const enum iperf_requirement *some);

static inline size_t play_left(const struct wire_conn *conn)
{
	return conn->length - conn->taken;
}

/* The next datagram, or NULL when none comes in time. play_took_datagram() takes it. */
const struct wire_datagram *play_next_datagram(struct play *play, struct wire_conn *conn);
void play_took_datagram(struct play *play, struct wire_conn *conn);

/* Whether a datagram is that message of the text profile. */
bool play_is_message(const struct play *play, const struct wire_datagram *datagram, enum iperf_message_kind kind);

/* conn has ended; its octets from taken on are the answer. */
void play_answer(struct play *play, struct wire_conn *conn);

/* Where a value first differs from what a case expects. */
struct play_difference {
	bool null_is_absent; /* an expected null means that the member is not there */
	bool any_minus_one;  /* 18446744073709551615 is -1, too */
	char path[120];
	char text[300];
};

/* Whether value is as expected says: members that it names, "low..high". path is "" for the whole. */
bool play_same(struct play_difference *d, const char *path, const json_t *expected, const json_t *value);

/* JSON of a case with the ports that $port(...) stands for. NULL: no memory; else the caller's to free. */
char *play_with_ports(const struct play *play, const char *json);

/* Waits until the next event or the deadline. False: it has passed, or nothing will come any more. */
bool play_wait(struct play *play, int64_t deadline_ns);

/* Lets time pass. */
void play_pause(struct play *play, int64_t until_ns);

/* --- play_client.c ----------------------------------------------------------------------------------------------- */

/* The connection or source of the present step, when a client under test has to open it: waits for it. */
struct wire_conn *play_awaited(struct play *play);

/* Serves results, when the case says so; closes streams that have ended. To be called whenever something came. */
void play_serve(struct play *play);

/* Result data for what was received. NULL: no memory; else the caller's to free. */
char *play_results(const struct play *play);

/* The client's cookie is known by now: gives it its name. Fails when it was used before. */
void play_learn_cookie(struct play *play, const uint8_t octets[static IPERF_COOKIE_LENGTH]);

/* Looks whether the client wrote what it has to before it opened the next connection (R-5.1-7, R-5.1-8). */
void play_check_order(struct play *play);

/* --- play_process.c: the program under test. ---------------------------------------------------------------------- */

/* Starts it, when the runner is to: a server listens when this returns. False: the case could not be played. */
bool play_start(struct play *play);
void play_stop(struct play *play);
bool play_peer_ended(struct play *play);

/* Its last line, in words. */
void play_last_words(const struct play *play, char *text, size_t size);
void play_exit(struct play *play);
void play_says(struct play *play);
void play_signal(struct play *play);

#endif
