/* What is said of a line that is no line of a case. */
#include "conformance/case_private.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SHOWN 40 /* octets of what was found */

static const char what_expected[] = "a message, preamble, [n octets of payload], octets, open, end-of-file, close, "
				    "closed, reset or nothing for";

static const char *const expectations[] = {
	[EXPECT_LINE] = "#name, udp:name, C>S, wait, mark, $cookie, serve, exit or says",
	[EXPECT_ID] = "section/number, such as 6.2/1",
	[EXPECT_TITLE] = "one line of text",
	[EXPECT_ROLE] = "server or client",
	[EXPECT_REQUIREMENT] = "a requirement, such as R-6.2-1",
	[EXPECT_WITH] = "streams=number, bytes=number, transport=tcp or transport=udp",
	[EXPECT_TIMER] = "T_hello, T_begin, T_idle or T_results",
	[EXPECT_DIRECTION] = "C>S or S>C",
	[EXPECT_WHAT] = what_expected,
	[EXPECT_NOTHING] = "nothing for (without a connection, C>S says nothing else)",
	[EXPECT_FOR] = "for",
	[EXPECT_COOKIE] = "$cookie, or $cookie2 to $cookie16",
	[EXPECT_JSON] = "{...}, $results, within, not before, from, cut, ; requirement, or the end of the line",
	[EXPECT_PAYLOAD] = "[payload], [n octets of payload] or [n octets of payload in m datagrams]",
	[EXPECT_PIECE] = "octets: 0d0a, \"text\", $cookie, $cookie[0..31] or 1000*30",
	[EXPECT_EQUALS] = "=",
	[EXPECT_TIME] = "a time, such as 500ms, 1.5s or 0.5*T_idle+200ms",
	[EXPECT_NAME] = "a name of letters and digits",
	[EXPECT_STATUS] = "0 or failure",
	[EXPECT_STRING] = "a string, such as \"rejected\"",
	[EXPECT_BEFORE] = "before",
	[EXPECT_CUT] = "at or into",
	[EXPECT_NUMBER] = "a number",
	[EXPECT_MODIFIER] = "within, not before, from, cut, ; requirement, or the end of the line",
	[EXPECT_PIECE_OR_MODIFIER] = "more octets, within, not before, from, cut, ; requirement, or the end of the line",
	[EXPECT_END] = "the end of the line",
	[EXPECT_PROFILE] = "text or iperf3",
	[EXPECT_RANGE] = "sequences, such as 'datagrams 1..4 6 of 1000 octets'",
	[EXPECT_SIGNAL] = "INT or TERM",
	[EXPECT_OR] = "failed or denied",
	[EXPECT_REPLY] = "reply",
};

/* Where the iperf3 profile has other words. */
static const char *const iperf3_expectations[CASE_EXPECTS] = {
	[EXPECT_LINE] = "#name, udp:name, C>S, wait, mark, $cookie, free, signal, refuse, exit or says",
	[EXPECT_WITH] = "streams=number, bytes=number, blocks=number, time=seconds, omit=seconds, length=number, rate=number, "
			"interval=seconds, transport=tcp, transport=udp, reverse, bidir, wide, server-output, "
			"receive-timeout=ms; for a server one-off, bitrate-limit=number, duration-limit=seconds or key",
	[EXPECT_TIMER] = "T_read, T_silence, T_over or T_reply",
	[EXPECT_WHAT] = "cookie, a state, parameters, results, text, [n octets of payload], hello, reply, any reply, datagrams, octets, "
			"open, unread, end-of-file, close, closed, reset, failed, denied or nothing for",
	[EXPECT_PAYLOAD] = "[payload], [some payload] or [n octets of payload]",
	[EXPECT_JSON] = "{...}, $results, within, not before, from, cut, or failed, ; requirement, or the end of the line",
	[EXPECT_MODIFIER] = "within, not before, from, cut, or failed, ; requirement, or the end of the line",
};

static const char *const head_words[] = { "id", "title", "role", "tests", "with", "needs", "wait", "mark", "$cookie",
					  "serve", "exit", "says", "profile", "free", "signal", "refuse", NULL };
static const char *const what_words[] = {
	"IPERF_TEST_BEGIN", "IPERF_TEST_END", "IPERF_STREAM_BEGIN", "IPERF_STREAM_END", "IPERF_RESULTS_REQUEST",
	"IPERF_RESULTS_RESPONSE", "preamble", "octets", "open", "end-of-file", "close", "closed", "reset", "nothing", NULL
};
static const char *const iperf3_what_words[] = {
	"cookie", "state", "TEST_START", "TEST_RUNNING", "TEST_END", "PARAM_EXCHANGE", "CREATE_STREAMS", "SERVER_TERMINATE",
	"CLIENT_TERMINATE", "EXCHANGE_RESULTS", "DISPLAY_RESULTS", "IPERF_DONE", "ACCESS_DENIED", "SERVER_ERROR",
	"parameters", "results", "text", "failed", "denied", "hello", "reply", "any", "unread", "datagrams", "octets", "open", "end-of-file",
	"close", "closed", "reset", "nothing", NULL
};
static const char *const iperf3_timer_words[] = { "T_read", "T_silence", "T_over", "T_reply", NULL };
static const char *const modifier_words[] = { "within", "not", "from", "cut", NULL };
static const char *const timer_words[] = { "T_hello", "T_begin", "T_idle", "T_results", NULL };
static const char *const role_words[] = { "server", "client", NULL };

/* From 1, in characters. */
static uint32_t column(const struct case_parse *parse, const char *at)
{
	uint32_t n = 1;

	for (const char *p = parse->begin; p < at; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;
	return n;
}

void case_fail(struct case_parse *parse, const char *at, const char *format, ...)
{
	struct case_error *error = parse->error;
	va_list arguments;
	size_t wrong;

	if (parse->failed)
		return;
	parse->failed = true;
	error->line = parse->line;
	error->column = at ? column(parse, at) : 1;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	if (!case_utf8((uint8_t *)error->text, strlen(error->text), &wrong))
		error->text[wrong] = '\0'; /* a character that was cut */
}

void case_no_memory(struct case_parse *parse)
{
	case_fail(parse, NULL, "out of memory");
}

/* --- nearest ----------------------------------------------------------------------------------------------------- */

#define NEAREST_MAX 48

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters changed, left out, put in or swapped with the next; in either case. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(above[j - 1] + !same(a[i - 1], b[j - 1]), above[j] + 1, row[j - 1] + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], two_above[j - 2] + 1, row[j]);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *case_nearest(const char *word, size_t length, const char *const candidates[])
{
	const char *nearest = NULL;
	size_t best = length / 3 + 1; /* a third of the letters may be others */

	if (length == 0 || length > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; candidates[i]; i++) {
		size_t candidate = strlen(candidates[i]), d;

		if (candidate > NEAREST_MAX)
			continue;
		d = distance(word, length, candidates[i], candidate);
		if (d < best || (d == best && !nearest && d < candidate)) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}

static const char *suggestion(const struct case_parse *parse, const char *word, size_t length)
{
	bool iperf3 = parse->file->profile == CASE_IPERF3;

	switch (parse->expected) {
	case EXPECT_LINE:
		return case_nearest(word, length, head_words);
	case EXPECT_WHAT:
		return case_nearest(word, length, iperf3 ? iperf3_what_words : what_words);
	case EXPECT_MODIFIER:
	case EXPECT_PIECE_OR_MODIFIER:
		return case_nearest(word, length, modifier_words);
	case EXPECT_TIMER:
		return case_nearest(word, length, iperf3 ? iperf3_timer_words : timer_words);
	case EXPECT_ROLE:
		return case_nearest(word, length, role_words);
	default:
		return NULL;
	}
}

/* --- found and expected ------------------------------------------------------------------------------------------ */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* "'word'", or how many octets of it there is room for; never cut within a character. */
static void show(char *text, size_t size, const char *word, size_t length)
{
	size_t shown = length;

	if (shown > WORD_SHOWN) {
		shown = WORD_SHOWN;
		while (((unsigned char)word[shown] & 0xc0) == 0x80)
			shown--;
	}
	snprintf(text, size, "'%.*s%s'", (int)shown, word, shown < length ? "..." : "");
}

static const char *expectation(const struct case_parse *parse)
{
	if (parse->expected == EXPECT_LINE && parse->file->step_count == 0)
		return "id, title, role, tests, with, needs, or a line such as '#1 C>S ...'";
	if (parse->file->profile == CASE_IPERF3 && iperf3_expectations[parse->expected])
		return iperf3_expectations[parse->expected];
	return expectations[parse->expected];
}

/* Within a string: p is its end, that of the line, or what cannot follow a backslash. */
static void wrong_string(struct case_parse *parse, const char *p)
{
	if (*p == '\n')
		case_fail(parse, parse->string, "the string that begins here is not closed: expected \"");
	else
		case_fail(parse, p, "a backslash is followed by r, n, t, 0, \\, \" or xHH");
}

void case_wrong(struct case_parse *parse, const char *p)
{
	const char *begin = p, *end = p, *near;
	char found[WORD_SHOWN + 8];

	if (parse->string) {
		wrong_string(parse, p);
		return;
	}
	if (*p == '\n') {
		case_fail(parse, p, "expected %s, found the end of the line", expectation(parse));
		return;
	}
	while (begin > parse->begin && !blank(begin[-1]))
		begin--;
	while (!blank(*end))
		end++;
	show(found, sizeof found, begin, (size_t)(end - begin));
	near = suggestion(parse, begin, (size_t)(end - begin));
	if (parse->expected == EXPECT_LINE && (*begin == '#' || strncmp(begin, "udp:", 4) == 0))
		case_fail(parse, begin, "expected a name of letters and digits behind %s, found %s",
			  *begin == '#' ? "#" : "udp:", found);
	else if (parse->expected == EXPECT_WHAT && near && strncmp(begin, "IPERF_", 6) == 0)
		case_fail(parse, begin, "%s is no message; was %s meant?", found, near);
	else
		case_fail(parse, begin, "expected %s, found %s%s%s%s", expectation(parse), found, near ? "; was " : "",
			  near ? near : "", near ? " meant?" : "");
}
