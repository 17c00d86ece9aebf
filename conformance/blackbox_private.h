/* What the parts of the fuzzer share. blackbox.c is the loop; blackbox_lines.c holds lines; blackbox_corpus.c makes
 * seeds of cases, blackbox_mutate.c and blackbox_json.c change them, blackbox_input.c makes inputs; blackbox_play.c
 * plays them; blackbox_judge.c sees what the server is left like, blackbox_silence.c while connections are open
 * (blackbox_state.c: in which states; blackbox_newcomer.c: for whoever comes then), with blackbox_clean.c as the next
 * client; blackbox_finding.c looks into what was found, blackbox_case.c makes cases of it, blackbox_reduce.c smaller
 * ones, and blackbox_capture.c captures; blackbox_report.c tells. */
#ifndef IPERF_CONFORMANCE_BLACKBOX_PRIVATE_H
#define IPERF_CONFORMANCE_BLACKBOX_PRIVATE_H

#include <stdio.h>

#include "conformance/blackbox.h"
#include "proto/limits.h"

#define BLACKBOX_LINE_MAX 4000           /* octets of a line that is taken from a case */
#define BLACKBOX_LINES_MAX 64            /* of an input */
#define BLACKBOX_FREE_NS (2 * IPERF_S)   /* a second (R-23-18), and one for a loaded host */
#define BLACKBOX_FINDINGS_MAX 256
#define BLACKBOX_STATES_MAX 251          /* a prime */
#define BLACKBOX_PAUSE_NS (200 * IPERF_MS) /* between octets that only show that somebody is there */
#define BLACKBOX_ASKS_NS IPERF_S         /* for an answer beside other connections */

/* --- blackbox_lines.c: lines of a case, below its head. ----------------------------------------------------------- */

struct blackbox_lines {
	char **line;
	size_t count, room;
};

/* Puts a copy of text at that place. */
void blackbox_insert(struct blackbox_lines *lines, size_t at, const char *text);
__attribute__((format(printf, 2, 3))) void blackbox_add(struct blackbox_lines *lines, const char *format, ...);
void blackbox_replace(struct blackbox_lines *lines, size_t at, const char *text);
void blackbox_remove(struct blackbox_lines *lines, size_t at);
void blackbox_copy(struct blackbox_lines *to, const struct blackbox_lines *from);
void blackbox_clear(struct blackbox_lines *lines);

/* A case of these lines, whose first is in line BLACKBOX_HEAD + 1; for case_free(). NULL: *error says why not. */
#define BLACKBOX_HEAD 6
struct case_file *blackbox_parse(enum case_profile profile, const struct blackbox_lines *lines,
				 struct case_error *error);

/* Drops the lines that make no case, and those that would take long; the case of the others, or NULL: none is left. */
struct case_file *blackbox_repair(enum case_profile profile, struct blackbox_lines *lines);

/* --- inputs ------------------------------------------------------------------------------------------------------- */

struct blackbox_random {
	uint64_t state;
};

uint64_t blackbox_random(struct blackbox_random *random);

/* From 0 to before limit. */
size_t blackbox_below(struct blackbox_random *random, size_t limit);

struct blackbox_corpus {
	enum case_profile profile;
	struct blackbox_lines *seeds;
	size_t count;
};

void blackbox_corpus_make(struct blackbox_corpus *corpus, enum case_profile profile, struct case_file *const cases[],
			  size_t count);
void blackbox_corpus_free(struct blackbox_corpus *corpus);

/* Changes lines once, in some way. */
void blackbox_mutate(const struct blackbox_corpus *corpus, struct blackbox_random *random,
		     struct blackbox_lines *lines);

/* JSON of parameters or results, or another text, changed; for free(). */
char *blackbox_mutate_json(enum case_profile profile, struct blackbox_random *random, const char *text);

struct blackbox_input {
	struct blackbox_lines lines;
	struct case_file *file;
	bool stalls;             /* its connections are left in silence; else they are ended */
};

/* The input of that number; it depends on nothing but corpus, seed and number. False: no memory, or no case. */
bool blackbox_input_make(const struct blackbox_corpus *corpus, uint64_t seed, uint64_t number,
			 struct blackbox_input *input);
void blackbox_input_free(struct blackbox_input *input);

/* --- playing and judging ------------------------------------------------------------------------------------------ */

enum blackbox_kind {
	BLACKBOX_FINE,
	BLACKBOX_ENDED,    /* the server has ended */
	BLACKBOX_WAITS,    /* it leaves a silent connection open */
	BLACKBOX_DELAYS,   /* silent connections keep it from serving others */
	BLACKBOX_HOLDS,    /* a silent connection holds up a test whose streams are awaited */
	BLACKBOX_DEAF,     /* during a test it does not answer a newcomer */
	BLACKBOX_SECOND,   /* nor a second control connection */
	BLACKBOX_OVER,     /* it goes on with a test whose time is over */
	BLACKBOX_HALF,     /* it holds a connection whose one side it has ended */
	BLACKBOX_KEEPS,    /* it has ended all connections, and serves nobody until their other ends are closed too */
	BLACKBOX_BUSY,     /* it serves nobody, or not rightly, although everything has ended */
	BLACKBOX_UNTESTED,
};

struct blackbox_fault {
	enum blackbox_kind kind;
	enum iperf_requirement requirement;
	int label;               /* WAITS, HOLDS, OVER, HALF: the connection */
	int stream;              /* OVER: where payload is sent; -1: nowhere */
	unsigned streams;        /* HOLDS: that were awaited, with cookie */
	int cookie;              /* HOLDS, SECOND */
	bool udp;                /* BUSY: the next client's test is over UDP */
	int64_t bound_ns;        /* how long was waited */
	int64_t silence_ns;      /* and how long before that, in silence */
	char text[400];
	/* What became of the server when all connections had ended. */
	bool recovered;          /* it served again */
	int64_t after_ns;        /* so long afterwards; or so long was waited; 0: it was not seen */
};

struct blackbox_finding {
	struct blackbox_fault fault;
	uint64_t number;         /* of the input */
	bool reproduced;
	bool broken_off;         /* there was no time for that */
	char name[64];           /* of its files; "": not saved */
	char like[300];          /* what makes it the same as another */
	unsigned times;
};

struct play;
struct wire_conn;

struct blackbox {
	struct player *player;   /* command is NULL but while a case is played on its own */
	struct player probe;     /* the next client */
	char *const *command;    /* NULL: somebody else has started the server */
	const struct blackbox_options *options;
	struct blackbox_corpus corpus;
	struct case_file *clean, *clean_udp; /* tests as they ought to be; clean_udp of the iperf3 profile alone */
	enum iperf_requirement unserved; /* that the last client saw broken */
	struct launch launch;
	bool launched;
	uint64_t inputs;
	int64_t from_ns;
	struct blackbox_finding findings[BLACKBOX_FINDINGS_MAX];
	size_t finding_count;
	struct blackbox_waited {
		uint64_t state;      /* what was open */
		unsigned times;
	} waited[BLACKBOX_STATES_MAX];
	size_t unsure;           /* faults that were not seen again */
	char stopped[400];       /* why it ended early */
	const char *doing;       /* beside playing inputs */
	int64_t shown_ns;        /* when the status line was */
	char capture[4200];      /* of the finding that is being looked into; "": none is taken */
	bool colour, live, plain;
	size_t reported;         /* of findings, in TAP */
};

/* Plays the input; what the server does only steers. held, one for each step, tells which expectations were met.
 * The connections stay open: blackbox_play_end() forgets them. NULL: the case cannot be played. */
struct play *blackbox_play(struct blackbox *box, const struct case_file *file, bool *held);
void blackbox_play_end(struct play *play);

/* Adds the lines of a clean test, blamed on requirement. */
void blackbox_add_clean(enum case_profile profile, bool udp, struct blackbox_lines *lines,
			enum iperf_requirement requirement);
struct case_file *blackbox_clean_case(enum case_profile profile, bool udp);

/* Whether the clean test works within the time; else why not is in text, and in box->unserved. */
bool blackbox_is_served(struct blackbox *box, int64_t patience_ns, char *text, size_t size);
bool blackbox_is_served_udp(struct blackbox *box, int64_t patience_ns, char *text, size_t size);

/* Sees what the server is left like by the input that play has played. */
void blackbox_judge(struct blackbox *box, const struct blackbox_input *input, struct play *play,
		    struct blackbox_fault *fault);

/* The same while connections are left in silence. False: it is in fault. */
bool blackbox_judge_silence(struct blackbox *box, struct play *play, struct blackbox_fault *fault);

/* Whether whoever comes during a test is turned away. False: it is in fault. */
bool blackbox_judge_newcomer(struct blackbox *box, struct play *play, struct blackbox_fault *fault);

/* Whether a stream was begun for which no test came: it keeps its cookie, in the text profile (R-6.3-1, R-6.3-2). */
bool blackbox_leaves_stream(const struct case_file *file);

/* How long after the end of all connections the server may be busy at most. */
int64_t blackbox_free_after(const struct blackbox *box, const struct case_file *file);

/* What a server breaks that is ended by this input. */
enum iperf_requirement blackbox_ended_by(const struct blackbox *box, const struct case_file *file);

/* The server has not ended it, nor have we. */
bool blackbox_is_open(const struct wire_conn *conn);

/* The control connection of the iperf3 profile, when the last octet there is that state; else NULL. */
struct wire_conn *blackbox_control_in(const struct play *play, uint8_t state);

/* What the server waits for there. */
enum iperf_requirement blackbox_awaited(const struct play *play, int label);

/* In what states connections are open, one or more, and how far those came that the server has ended: a number. */
uint64_t blackbox_state(const struct play *play);

/* Ends all connections, and sees whether the server serves again, and when. */
void blackbox_await_recovery(struct blackbox *box, struct blackbox_fault *fault);

__attribute__((format(printf, 4, 5))) void blackbox_blame(struct blackbox_fault *fault, enum blackbox_kind kind,
							  enum iperf_requirement requirement, const char *format, ...);

/* The longest that the server waits for something. */
int64_t blackbox_longest_timer(const struct blackbox *box);

/* Whether there is time left to wait so long, and to see it again. */
bool blackbox_has_time(const struct blackbox *box, int64_t wait_ns);

/* As long as anybody waits in silence. */
int64_t blackbox_silence(const struct blackbox *box, size_t connections);

/* A server of our own, when there is to be one. False: box->stopped says why. */
bool blackbox_start(struct blackbox *box);
void blackbox_stop(struct blackbox *box);
bool blackbox_server_ended(struct blackbox *box, char *text, size_t size);

static inline bool blackbox_interrupted(const struct blackbox *box)
{
	return box->player->interrupted && *box->player->interrupted;
}

static inline bool blackbox_time_is_over(const struct blackbox *box)
{
	return box->options->time_ns > 0 && wire_now() - box->from_ns >= box->options->time_ns;
}

/* By the user. */
static inline bool blackbox_was_interrupted(const struct blackbox *box)
{
	return blackbox_interrupted(box) && !blackbox_time_is_over(box);
}

static inline bool blackbox_over(const struct blackbox *box)
{
	return blackbox_interrupted(box) || *box->stopped ||
	       (box->options->findings > 0 && box->finding_count >= box->options->findings) ||
	       blackbox_time_is_over(box);
}

/* --- findings ----------------------------------------------------------------------------------------------------- */

/* Reproduces, reduces and saves what was found with the input. */
void blackbox_found(struct blackbox *box, const struct blackbox_input *input, const bool *held,
		    const struct blackbox_fault *fault);

/* Whether faults of that kind and requirement are known well enough. */
bool blackbox_is_common(const struct blackbox *box, enum blackbox_kind kind, enum iperf_requirement requirement);

/* The lines with those behind them by which the fault shows; first is where these begin. label is that of
 * fault->label, stream that of fault->stream. */
void blackbox_case_lines(enum case_profile profile, const struct blackbox_lines *input,
			 const struct blackbox_fault *fault, const char *label, const char *stream,
			 struct blackbox_lines *out, size_t *first);

/* Whether the case of these lines fails where the fault shows, against a fresh server where we have one. */
bool blackbox_fails(struct blackbox *box, const struct blackbox_lines *input, const struct blackbox_fault *fault,
		    const char *label, const char *stream);

/* Drops what is not needed for it, as long as it takes not too long. */
void blackbox_reduce(struct blackbox *box, struct blackbox_lines *input, const struct blackbox_fault *fault,
		     const char *label, const char *stream);

/* The lines as the file of a case. */
struct case_file *blackbox_as_file(enum case_profile profile, const struct blackbox_lines *lines,
				   const struct blackbox_fault *fault, const char *name);

/* Plays it against a fresh server, where we have one. False: the one that there is does not serve. */
bool blackbox_play_alone(struct blackbox *box, const struct case_file *file, struct play_result *result);

/* What passes over wire goes to a capture from now on. NULL: box->stopped says why. */
struct blackbox_capture *blackbox_capture_begin(struct blackbox *box, struct wire *wire, const char *path);
void blackbox_capture_end(struct blackbox *box, struct wire *wire, struct blackbox_capture *capture);

/* --- reports ------------------------------------------------------------------------------------------------------ */

/* What became of the server, as a sentence; "" when that was not seen. */
void blackbox_recovery_text(const struct blackbox_fault *fault, char *text, size_t size);

void blackbox_report_begin(struct blackbox *box);
void blackbox_report_progress(struct blackbox *box, const char *doing);
void blackbox_report_finding(struct blackbox *box, const struct blackbox_finding *finding);
bool blackbox_report_end(struct blackbox *box);

#endif
