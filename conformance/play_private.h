/* What the parts of the player share. play.c takes the steps in their order; play_act.c does what the runner does,
 * play_expect.c looks for what the peer is to do, play_answer.c compares result data, play_said.c writes down what was
 * said, play_client.c is about clients under test. */
#ifndef IPERF_CONFORMANCE_PLAY_PRIVATE_H
#define IPERF_CONFORMANCE_PLAY_PRIVATE_H

#include "conformance/play.h"
#include "proto/limits.h"

#define PLAY_OPENING_TEXT 600

struct play {
	struct player *player;
	struct wire *wire;
	const struct case_file *file;
	struct play_result *result;
	const struct case_step *step;      /* the present one */
	size_t index;                      /* of it */
	struct wire_conn *conns[CASE_LABELS_MAX];
	struct iperf_cookie cookies[CASE_COOKIES_MAX];
	bool known[CASE_COOKIES_MAX];
	int64_t start_ns, end_ns;          /* of the case; of the step before */
	int64_t deadline_ns;               /* of the present step */
	int64_t marks[CASE_MARKS_MAX];
	struct launch launch;              /* of a client under test */
	int64_t client_end_ns;             /* 0: it has not ended */
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

/* conn has ended; its octets from taken on are the answer. */
void play_answer(struct play *play, struct wire_conn *conn);

/* JSON of a case with the ports that $port(...) stands for. NULL: no memory; else the caller's to free. */
char *play_with_ports(const struct play *play, const char *json);

/* Waits until the next event or the deadline. False: it has passed, or nothing will come any more. */
bool play_wait(struct play *play, int64_t deadline_ns);

/* Lets time pass. */
void play_pause(struct play *play, int64_t until_ns);

/* What is expected at the end of every case. */
void play_expect_no_more(struct play *play);

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

bool play_start_client(struct play *play);
void play_stop_client(struct play *play);
bool play_client_ended(struct play *play);
void play_exit(struct play *play);
void play_says(struct play *play);

#endif
