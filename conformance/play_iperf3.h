/* What the parts of the player share for the iperf3 profile: play_iperf3.c (its state, the streams of the test, what is
 * expected at the end), play_iperf3_act.c, play_iperf3_expect.c, play_iperf3_json.c (parameters and results),
 * play_iperf3_said.c (octets in words), play_iperf3_free.c (whether a server is free). */
#ifndef IPERF_CONFORMANCE_PLAY_IPERF3_H
#define IPERF_CONFORMANCE_PLAY_IPERF3_H

#include "conformance/play_private.h"
#include "proto/iperf3_control.h"
#include "proto/iperf3_datagram.h"
#include "proto/iperf3_results.h"

/* A connection or UDP source of the case. */
struct iperf3_label {
	bool stream;
	bool spoke;                      /* something was sent, or expected, there */
	struct iperf3_cookie cookie;     /* that the client sent first */
	/* Role server: what the runner has sent, when that was one line; else NULL. To be sent again. */
	uint8_t *opening;
	size_t opening_length;
	unsigned lines;                  /* sent */
	uint64_t sent, sent_datagrams;  /* payload of the runner; sequences up to sent_datagrams */
	uint64_t seen;                  /* of conn->flowed, by lines that want more */
	const struct case_step *counted; /* the line that says how many octets there are by the end; NULL: none */
};

struct iperf3_play {
	struct iperf3_cookie cookies[CASE_COOKIES_MAX];
	struct iperf3_label labels[CASE_LABELS_MAX];
	struct iperf3_cookie cookie;    /* of the present test */
	int control;                    /* label */
	int streams[CASE_LABELS_MAX];   /* labels, in the order of their coming */
	size_t stream_count;
	/* Of the last parameters. */
	bool wide, reverse, bidirectional;
	int64_t parallel;
	bool running;                   /* TEST_RUNNING was sent, or has come */
	bool done;                      /* IPERF_DONE */
};

static inline struct iperf3_play *iperf3_of(const struct play *play)
{
	return play->own;
}

/* Of the present step. */
static inline struct iperf3_label *iperf3_label(const struct play *play)
{
	return &iperf3_of(play)->labels[play->step->label];
}

/* Whether it is a control connection: the case has lines of one there. */
bool play_iperf3_is_control(const struct play *play, int label);

/* What the client sent first on the present step's connection or source: it may be a stream of the test. */
void play_iperf3_opened(struct play *play, const uint8_t *octets, size_t length);

/* Whether the client sends payload on the stream with that number, from 0. */
bool play_iperf3_client_sends(const struct play *play, size_t number);

/* TEST_RUNNING is about to be sent, or has come. */
void play_iperf3_runs(struct play *play, int64_t at_ns);

/* A test begins, with these parameters, on the present step's connection. */
void play_iperf3_learn(struct play *play, const char *text, size_t length);

/* $results: for free(); NULL: no memory. */
char *play_iperf3_results(const struct play *play);

/* The text, that was expected by the present step: whether it is well-formed, and says what the step says. */
void play_iperf3_judge(struct play *play, const char *text, size_t length);

/* Expects the present step on conn, without its alternative. */
void play_iperf3_expect_on(struct play *play, struct wire_conn *conn);
void play_iperf3_expect_failed(struct play *play, struct wire_conn *conn);
void play_iperf3_expect_denied(struct play *play, struct wire_conn *conn);

/* A server that is not free at once has refused the opening of the present step's connection: opens it again, as
 * often as is needed and allowed. Returns the connection. */
struct wire_conn *play_iperf3_reopen(struct play *play, struct wire_conn *conn);

void play_iperf3_act(struct play *play);
void play_iperf3_expect(struct play *play);
void play_iperf3_describe(const struct play *play, const uint8_t *octets, size_t length, char *text, size_t size);
void play_iperf3_describe_datagram(const struct play *play, const uint8_t *octets, size_t kept, size_t length, char *text,
				   size_t size);

/* Whether it is a hello that a client repeats, for want of an answer (R-26.1-10). */
bool play_iperf3_is_repeat(const struct wire_conn *conn, const struct wire_datagram *datagram);

/* The ranges of a step in words: "1..4 6". */
void play_iperf3_ranges(const struct case_step *step, char *text, size_t size);

#endif
