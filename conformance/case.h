/* A conformance case: what one side of the protocol does, and what is expected of the other. iperf-case(5) is its
 * notation; case_parse.rl reads it, case_print.c writes it, play.c plays it. */
#ifndef IPERF_CONFORMANCE_CASE_H
#define IPERF_CONFORMANCE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "iperf-requirements.h"
#include "proto/cookie.h"
#include "proto/message.h"

#define CASE_TESTS_MAX 24   /* requirements that one case names */
#define CASE_COOKIES_MAX 16 /* $cookie is the first, $cookie16 the last */
#define CASE_MARKS_MAX 16
#define CASE_OPTIONS_MAX 16
#define CASE_LABELS_MAX 512 /* connections and UDP sources */
#define CASE_SHORT_NS (INT64_C(1000000000) / 2) /* the longest that "needs short" calls so */
#define CASE_WITHIN_NS (5 * INT64_C(1000000000)) /* without "within" */

enum case_role { CASE_SERVER, CASE_CLIENT };
enum case_profile { CASE_TEXT_PROFILE, CASE_IPERF3 };
enum case_or { CASE_OR_NOTHING, CASE_OR_FAILED, CASE_OR_DENIED };
enum case_direction { CASE_TO_SERVER, CASE_TO_CLIENT };

/* A duration: factor * timer + ns. */
enum case_timer {
	CASE_NO_TIMER,
	CASE_T_HELLO, CASE_T_BEGIN, CASE_T_IDLE, CASE_T_RESULTS,  /* SPEC 10 */
	CASE_T_READ, CASE_T_SILENCE, CASE_T_OVER, CASE_T_REPLY,   /* SPEC 31 */
	CASE_TIMERS
};
struct case_time {
	enum case_timer timer;
	double factor;
	int64_t ns;
};

enum case_what {
	/* With a label. */
	CASE_MESSAGE,      /* message, cookie; RESULTS_RESPONSE has json too */
	CASE_PREAMBLE,     /* cookie */
	CASE_PAYLOAD,      /* octets and, on UDP, datagrams; -1: any */
	CASE_OCTETS,       /* literal */
	CASE_OPEN,
	CASE_END_OF_FILE,
	CASE_CLOSE,
	CASE_RESET,
	CASE_CLOSED,
	CASE_NOTHING,      /* for time; without a label: the client opens no connection */
	/* Without one. */
	CASE_WAIT,         /* for time */
	CASE_MARK,         /* mark */
	CASE_SET_COOKIE,   /* cookie, literal */
	CASE_SERVE,
	CASE_EXIT,         /* success: with status 0 */
	CASE_SAYS,         /* text */
	/* Of the iperf3 profile, with a label. */
	CASE_COOKIE,       /* cookie */
	CASE_STATE,        /* number */
	CASE_ERROR,        /* SERVER_ERROR; number, or has_number is false */
	CASE_PARAMETERS,   /* json; expected, NULL: any */
	CASE_RESULTS,      /* json; expected, NULL: any; sent, NULL: $results */
	CASE_TEXT,         /* literal, with a length before it */
	CASE_FAILED,
	CASE_DENIED,
	CASE_HELLO,
	CASE_REPLY,
	CASE_ANY_REPLY,    /* 4 octets */
	CASE_UNREAD,       /* the runner reads no more, until it expects something there again */
	CASE_DATAGRAMS,    /* ranges, of octets each; wide */
	/* Without one. */
	CASE_FREE,
	CASE_SIGNAL,       /* number */
	CASE_REFUSE,
};

/* A part of CASE_OCTETS: repeat times octets, or of a cookie the octets from begin to before end. */
struct case_piece {
	int cookie;        /* index of a cookie, or -1: octets */
	size_t begin, end;
	uint8_t *octets;
	size_t length;
	size_t repeat;     /* 1 or more */
};

/* Sequences of datagrams. */
struct case_range {
	uint64_t first, last;
};

struct case_step {
	uint32_t line, column;          /* in its file, from 1 */
	enum case_what what;
	enum case_direction direction;
	int label;                      /* index, or -1 */
	enum iperf_message_kind message;
	int cookie;                     /* index; 0 is $cookie */
	char *json;                     /* as written, of SERVE too; NULL: $results */
	int64_t octets, datagrams;      /* of payload; -1: any number, or not said */
	bool some;                      /* [some payload] */
	int64_t number;                 /* STATE, ERROR, SIGNAL */
	bool has_number;
	struct case_range *ranges;      /* DATAGRAMS */
	size_t range_count;
	bool wide;                      /* 64-bit counters */
	struct case_piece *pieces;
	size_t piece_count;
	struct case_time time;          /* WAIT, NOTHING */
	int mark;                       /* MARK */
	bool success, any_status;       /* EXIT */
	char *text;                     /* SAYS */
	/* Modifiers. */
	bool has_within, has_not_before;
	struct case_time within, not_before;
	int from;                       /* index of a mark, or -1: the end of the step before */
	size_t *cuts;                   /* CUT AT: offsets, ascending */
	size_t cut_count;
	size_t cut_into;                /* CUT INTO; 0: not */
	enum case_or or;                /* what may come instead; then steps up to the next FREE are passed over */
	enum iperf_requirement requirement; /* IPERF_R_NONE: the case's first */
};

struct case_label {
	char name[24];                  /* as written: "#1", "udp:1" */
	bool udp;
};

/* What the head says behind "with", of the iperf3 profile; value is "" where it says only the name. */
struct case_option {
	char name[20], value[24];
};

struct case_file {
	char *path;                     /* "-" when it has none */
	char *text;                     /* of the whole file */
	char id[40];                    /* "6.2/1" */
	char *title;
	enum case_role role;
	enum case_profile profile;
	enum iperf_requirement tests[CASE_TESTS_MAX];
	size_t test_count;
	unsigned streams;               /* with */
	uint64_t bytes;
	bool udp;
	bool has_streams, has_bytes, has_transport;
	struct case_option options[CASE_OPTIONS_MAX];
	size_t option_count;
	unsigned needs, needs_short;    /* bits: 1 << enum case_timer */
	struct case_label *labels;
	size_t label_count;
	char marks[CASE_MARKS_MAX][24];
	size_t mark_count;
	struct case_step *steps;
	size_t step_count;
};

/* Where and why a text is no case. */
struct case_error {
	uint32_t line, column;          /* from 1 */
	char text[300];                 /* what was found and what was expected */
};

/* Reads a case from text (length octets; need not end in NUL). path is copied, and only names it. Returns NULL with
 * *error; otherwise the case, for case_free(). */
struct case_file *case_parse(const char *path, const char *text, size_t length, struct case_error *error);

/* The same from a file. When it cannot be read, error->line is 0 and its text says why. */
struct case_file *case_read(const char *path, struct case_error *error);

/* NULL is allowed. */
void case_free(struct case_file *file);

/* Writes the whole case in the notation; case_parse() of it gives the same case. */
void case_print(const struct case_file *file, FILE *out);

/* Writes one step, without a line end, to text (always terminated). */
void case_step_text(const struct case_file *file, const struct case_step *step, char *text, size_t size);

/* How long cookies are in its profile. */
size_t case_cookie_length(const struct case_file *file);

/* "T_hello" and so on, and whose they are. */
const char *case_timer_name(enum case_timer timer);
enum case_profile case_timer_profile(enum case_timer timer);

/* "text", "iperf3". */
const char *case_profile_name(enum case_profile profile);

/* The value of what the head says behind "with"; NULL: it does not say that. Streams and bytes, too. */
const char *case_option(const struct case_file *file, const char *name);

/* Whether the requirement is one of Part II of SPEC.md, which is about the iperf3 profile. */
enum case_profile case_requirement_profile(enum iperf_requirement requirement);

/* Whether the runner does the step, rather than expects it. Steps without a label are the runner's. */
static inline bool case_is_action(const struct case_file *file, const struct case_step *step)
{
	if (step->label < 0)
		return true;
	return (file->role == CASE_SERVER) == (step->direction == CASE_TO_SERVER);
}

#endif
