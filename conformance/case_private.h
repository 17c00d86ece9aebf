/* What the parts of the reader of cases share: case.c (files and lines), case_parse.rl (the grammar of a line),
 * case_head.c, case_value.c and case_piece.c (its words), case_check.c (whether a step makes sense), case_error.c (what
 * is said when it does not). */
#ifndef IPERF_CONFORMANCE_CASE_PRIVATE_H
#define IPERF_CONFORMANCE_CASE_PRIVATE_H

#include "conformance/case.h"

#define CASE_SIZE_MAX     ((size_t)1 << 20)  /* of a file; the largest of the suite has some KiB */
#define CASE_OCTETS_MAX   ((uint64_t)1 << 24) /* of one "octets" line, repetitions counted */
#define CASE_PAYLOAD_MAX  UINT64_C(1000000000000)
#define CASE_DATAGRAM_MAX 65507              /* the longest payload of UDP over IPv4 */
#define CASE_STREAMS_MAX  CASE_LABELS_MAX

/* What may stand at the place that is being read. */
enum case_expect {
	EXPECT_LINE,
	EXPECT_ID,
	EXPECT_TITLE,
	EXPECT_ROLE,
	EXPECT_REQUIREMENT,
	EXPECT_WITH,
	EXPECT_TIMER,
	EXPECT_DIRECTION,
	EXPECT_WHAT,
	EXPECT_NOTHING,
	EXPECT_FOR,
	EXPECT_COOKIE,
	EXPECT_JSON,
	EXPECT_PAYLOAD,
	EXPECT_PIECE,
	EXPECT_EQUALS,
	EXPECT_TIME,
	EXPECT_NAME,
	EXPECT_STATUS,
	EXPECT_STRING,
	EXPECT_BEFORE,
	EXPECT_CUT,
	EXPECT_NUMBER,
	EXPECT_MODIFIER,
	EXPECT_PIECE_OR_MODIFIER,
	EXPECT_END,
	EXPECT_PROFILE,
	EXPECT_RANGE,
	EXPECT_SIGNAL,
	EXPECT_OR,
	EXPECT_REPLY,
	CASE_EXPECTS
};

enum case_head { HEAD_ID, HEAD_TITLE, HEAD_ROLE, HEAD_TESTS, HEAD_WITH, HEAD_NEEDS, HEAD_PROFILE, CASE_HEADS };

/* Where the words of the present line begin; NULL: it has none of that kind. */
struct case_places {
	const char *label, *direction, *what, *cookie, *json, *within, *not_before, *from, *cut, *or, *requirement;
};

/* What the steps so far have made of a connection; lines, 0 where not. */
struct case_connection {
	uint32_t opened;
	uint32_t closed;   /* by the runner, in both directions */
	uint32_t ended[2]; /* by direction */
};

struct case_parse {
	struct case_file *file;
	struct case_error *error;
	bool failed;                 /* the first error stays */
	size_t step_room;
	uint32_t line;
	uint32_t heads[CASE_HEADS];  /* lines; 0: not yet */
	/* The present line, which ends in " \n": each word, so, is followed by a blank. */
	const char *begin;
	enum case_expect expected;
	const char *word;            /* where the present word, or number in it, begins */
	bool is_head;
	struct case_step step;
	struct case_places at;
	uint64_t number;
	unsigned decimals;           /* of number; 12.50 is 1250 with 2 */
	struct case_time time;
	struct case_piece piece;
	int cookie;                  /* last read */
	enum iperf_requirement requirement;
	bool results;                /* "$results" */
	bool minus;                  /* before number */
	uint64_t first;              /* of a range */
	bool is_short;               /* "short" stands before a timer */
	const char *string;          /* where the string begins that is being read; NULL: none is */
	/* For the checks. */
	struct case_connection connections[CASE_LABELS_MAX];
	uint32_t cookie_used[CASE_COOKIES_MAX], cookie_set[CASE_COOKIES_MAX];
	uint32_t served, exited;
};

/* --- case_parse.rl: reads one line, from begin to the end, which is behind its " \n". ---------------------------- */

void case_parse_line(struct case_parse *parse, const char *begin, const char *end);

/* --- case_error.c ------------------------------------------------------------------------------------------------ */

/* Says what is wrong, at a place of the present line; only the first counts. */
void case_fail(struct case_parse *parse, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The octet at p cannot stand there: says what was found and what was expected. */
void case_wrong(struct case_parse *parse, const char *p);

/* Out of memory. */
void case_no_memory(struct case_parse *parse);

/* The candidate (NULL ends the list) that word, of length octets, was most likely meant to be; NULL: none is near. */
const char *case_nearest(const char *word, size_t length, const char *const candidates[]);

/* --- case_head.c: the words of the head, each from parse->word to before end. ------------------------------------ */

void case_head(struct case_parse *parse, enum case_head head, const char *end);
void case_head_id(struct case_parse *parse, const char *end);
void case_head_title(struct case_parse *parse, const char *end);
void case_head_role(struct case_parse *parse, enum case_role role);
void case_head_test(struct case_parse *parse);
void case_head_streams(struct case_parse *parse);
void case_head_bytes(struct case_parse *parse);
void case_head_transport(struct case_parse *parse, bool udp);
void case_head_need(struct case_parse *parse);
void case_head_profile(struct case_parse *parse, enum case_profile profile);

/* An option of the iperf3 profile: its name is at parse->word, the value behind its "=", if it has one. */
void case_head_option(struct case_parse *parse, const char *end);

/* Before the first step: whether all is there. at: of the step, or NULL at the end of the file. */
void case_head_complete(struct case_parse *parse, const char *at);

/* --- case_value.c: words, likewise. ------------------------------------------------------------------------------ */

void case_value_number(struct case_parse *parse, const char *end); /* also with a fraction */
void case_value_time(struct case_parse *parse, bool milliseconds);
void case_value_factor(struct case_parse *parse);
void case_value_timer(struct case_parse *parse, enum case_timer timer);
void case_value_requirement(struct case_parse *parse, const char *end);
void case_value_label(struct case_parse *parse, const char *end);
void case_value_mark(struct case_parse *parse, const char *end);
void case_value_from(struct case_parse *parse, const char *end);
void case_value_cookie(struct case_parse *parse, const char *end);
void case_value_says(struct case_parse *parse, const char *end);
void case_value_cut(struct case_parse *parse);

/* --- case_piece.c: pieces of octets, and JSON. ------------------------------------------------------------------- */

void case_piece_repeat(struct case_parse *parse);
void case_piece_hex(struct case_parse *parse, const char *end);
void case_piece_string(struct case_parse *parse, const char *end);
void case_piece_cookie(struct case_parse *parse);
void case_piece_done(struct case_parse *parse);

/* The octets of a string that begins and ends with a quotation mark, for free(); NULL: out of memory. */
uint8_t *case_piece_unescape(const char *begin, const char *end, size_t *length);

/* How many octets the pieces of a step are. */
uint64_t case_piece_total(const struct case_step *step);

/* The JSON that begins at begin: returns its last octet, or begin when it is wrong. */
const char *case_json(struct case_parse *parse, const char *begin, const char *end);

/* --- case_iperf3.c: what is this profile's own. ------------------------------------------------------------------ */

void case_iperf3_state(struct case_parse *parse, const char *end); /* a state by its name */
void case_iperf3_number(struct case_parse *parse);
void case_iperf3_range(struct case_parse *parse);

/* Whether the head says only what its role can be told. */
void case_iperf3_head(struct case_parse *parse);

/* Whether parse->step, of this profile alone and with a label, makes sense. does: the runner does it. */
void case_iperf3_check(struct case_parse *parse, bool does);

/* How many octets it sends, or UINT64_MAX: not known. */
uint64_t case_iperf3_sent(const struct case_step *step);

/* Writes it; false: it is none of this profile's own. */
bool case_iperf3_print(FILE *out, const struct case_file *file, const struct case_step *step);

/* --- case_print.c ------------------------------------------------------------------------------------------------ */

void case_print_cookie(FILE *out, int cookie);
void case_print_pieces(FILE *out, const struct case_file *file, const struct case_step *step);

/* --- case_check.c ------------------------------------------------------------------------------------------------ */

/* Whether parse->step, now whole, makes sense. */
void case_check_step(struct case_parse *parse);

/* --- case.c ------------------------------------------------------------------------------------------------------ */

/* Sets the place of a modifier, of whose first word p is the last octet, but only once; kind is its name. */
void case_once(struct case_parse *parse, const char **place, const char *p, const char *kind);
bool case_utf8(const uint8_t *octets, size_t length, size_t *wrong);

#endif
