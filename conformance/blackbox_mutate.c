/* Changes of inputs, line by line. What makes no case any more is dropped afterwards. */
#include "conformance/blackbox_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct change {
	const struct blackbox_corpus *corpus;
	struct blackbox_random *random;
	struct blackbox_lines *lines;
	size_t at;               /* the line that is chosen */
};

/* The label of the chosen line, with a blank, or "#1 ". */
static const char *label_of(const struct change *c)
{
	static char label[32];
	const char *line = c->lines->count ? c->lines->line[c->at] : "";
	size_t length = strcspn(line, " ");

	if ((*line != '#' && strncmp(line, "udp:", 4) != 0) || length + 2 > sizeof label)
		return "#1 ";
	snprintf(label, sizeof label, "%.*s ", (int)length, line);
	return label;
}

static bool is_sent(const char *line)
{
	return strstr(line, " C>S ") != NULL;
}

static void insert_line(struct change *c, const char *what)
{
	char *line = NULL;

	if (asprintf(&line, "%sC>S %s", label_of(c), what) >= 0)
		blackbox_insert(c->lines, c->at + (c->lines->count > 0), line);
	free(line);
}

/* --- the order of lines ------------------------------------------------------------------------------------------- */

static void drop(struct change *c)
{
	blackbox_remove(c->lines, c->at);
}

static void repeat(struct change *c)
{
	blackbox_insert(c->lines, c->at, c->lines->line[c->at]);
}

static void swap(struct change *c)
{
	size_t other = blackbox_below(c->random, c->lines->count);
	char *line = c->lines->line[other];

	c->lines->line[other] = c->lines->line[c->at];
	c->lines->line[c->at] = line;
}

static void move(struct change *c)
{
	char *line = strdup(c->lines->line[c->at]);

	blackbox_remove(c->lines, c->at);
	if (line)
		blackbox_insert(c->lines, blackbox_below(c->random, c->lines->count + 1), line);
	free(line);
}

static void stop_here(struct change *c)
{
	while (c->lines->count > c->at + 1)
		blackbox_remove(c->lines, c->lines->count - 1);
}

/* Lines of another seed, from some line on, on connections of their own or on the same. */
static void splice(struct change *c)
{
	const struct blackbox_lines *other = &c->corpus->seeds[blackbox_below(c->random, c->corpus->count)];
	size_t at = c->at;
	bool own = blackbox_below(c->random, 2);

	if (blackbox_below(c->random, 2))
		stop_here(c);
	for (size_t i = own ? 0 : blackbox_below(c->random, other->count); i < other->count; i++) {
		char *line = NULL;
		const char *text = other->line[i];

		if (asprintf(&line, "%s%s", own && *text == '#' ? "#s" : "", text + (own && *text == '#')) >= 0)
			blackbox_insert(c->lines, ++at < c->lines->count ? at : c->lines->count, line);
		free(line);
	}
}

/* --- what a line says --------------------------------------------------------------------------------------------- */

/* Another number in the place of one: counts, lengths, states, sequences, repetitions. */
static void number(struct change *c)
{
	static const char *const numbers[] = { "0", "1", "2", "3", "9", "16", "37", "38", "127", "255", "1000", "4096",
					       "65507", "65536", "1000000", "2147483647", "4294967295", "4294967297" };
	const char *line = c->lines->line[c->at], *from = line + strcspn(line, " ");
	size_t runs = 0, chosen;
	char *text = NULL;

	for (const char *p = from; *p; p++)
		runs += isdigit((unsigned char)*p) && !isdigit((unsigned char)p[-1]) && p > from;
	chosen = blackbox_below(c->random, runs);
	for (const char *p = from; *p && runs > 0; p++) {
		if (p == from || !isdigit((unsigned char)*p) || isdigit((unsigned char)p[-1]) || chosen-- > 0)
			continue;
		if (asprintf(&text, "%.*s%s%s", (int)(p - line), line,
			     numbers[blackbox_below(c->random, sizeof numbers / sizeof *numbers)],
			     p + strspn(p, "0123456789")) >= 0)
			blackbox_replace(c->lines, c->at, text);
		break;
	}
	free(text);
}

static void cut(struct change *c)
{
	char *text = NULL;
	size_t n = 1 + blackbox_below(c->random, 40);

	if (!is_sent(c->lines->line[c->at]) || strstr(c->lines->line[c->at], " cut "))
		return;
	if (asprintf(&text, "%s cut %s %zu", c->lines->line[c->at], blackbox_below(c->random, 2) ? "at" : "into", n) >= 0)
		blackbox_replace(c->lines, c->at, text);
	free(text);
}

/* One hexadecimal digit, or one letter of a string. */
static void flip(struct change *c)
{
	const char *line = c->lines->line[c->at], *what = strstr(line, " C>S octets ");
	char *copy;

	if (!what)
		what = strstr(line, " C>S text ");
	copy = what ? strdup(line) : NULL;
	if (copy) {
		size_t from = (size_t)(what - line) + sizeof " C>S octets" - 1;
		size_t at = from + blackbox_below(c->random, strlen(line) - from);

		if (isxdigit((unsigned char)copy[at]))
			copy[at] = "0123456789abcdef"[blackbox_below(c->random, 16)];
		blackbox_replace(c->lines, c->at, copy);
	}
	free(copy);
}

/* Only a part of what the line sends, or with something behind it; cookies are what is known to have parts. */
static void cookie(struct change *c)
{
	const char *line = c->lines->line[c->at], *at = strstr(line, "$cookie");
	size_t whole = c->corpus->profile == CASE_IPERF3 ? 37 : 32;
	char *text = NULL;

	if (!at || !is_sent(line))
		return;
	if (blackbox_below(c->random, 2)) {
		if (asprintf(&text, "%.*s$cookie%zu%s", (int)(at - line), line, 2 + blackbox_below(c->random, 3),
			     at + strlen("$cookie") + strspn(at + strlen("$cookie"), "0123456789")) < 0)
			text = NULL;
	} else if (asprintf(&text, "%sC>S octets $cookie[0..%zu]", label_of(c),
			    1 + blackbox_below(c->random, whole - 1)) < 0) {
		text = NULL;
	}
	if (text)
		blackbox_replace(c->lines, c->at, text);
	free(text);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static void quote(FILE *out, const char *text, size_t length)
{
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		uint8_t octet = (uint8_t)text[i];

		if (octet == '"' || octet == '\\' || octet < 0x20 || octet > 0x7e)
			fprintf(out, "\\x%02x", octet);
		else
			fputc(octet, out);
	}
	fputc('"', out);
}

/* The same text with a length that is not its own, or not the whole of it. */
static void write_wrong_length(struct change *c, FILE *out, const char *text)
{
	static const uint32_t lengths[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000, 0x10000, 0x47455420 };
	size_t length = strlen(text), sent = blackbox_below(c->random, 2) ? length : blackbox_below(c->random, length + 1);
	uint32_t said = (uint32_t)length;

	if (sent == length || blackbox_below(c->random, 3) == 0)
		said = lengths[blackbox_below(c->random, sizeof lengths / sizeof *lengths)];
	fprintf(out, "%sC>S octets %08x", label_of(c), said);
	if (sent > 0) {
		fputc(' ', out);
		quote(out, text, sent);
	}
}

static void write_text(struct change *c, FILE *out, const char *keyword, const char *json)
{
	char *changed = blackbox_mutate_json(c->corpus->profile, c->random, json);
	json_t *value = changed ? json_loads(changed, 0, NULL) : NULL;

	if (!changed)
		return;
	if (json_is_object(value)) {
		fprintf(out, "%sC>S %s %s", label_of(c), keyword, changed);
	} else {
		fprintf(out, "%sC>S text ", label_of(c));
		quote(out, changed, strlen(changed));
	}
	json_decref(value);
	free(changed);
}

static void json(struct change *c)
{
	const char *line = c->lines->line[c->at], *brace = strchr(line, '{');
	const char *keyword = strstr(line, " C>S parameters ") ? "parameters" : "results";
	char *text = NULL, *object = NULL;
	size_t length = 0;
	FILE *out;

	if (strstr(line, " C>S results $results"))
		object = strdup("{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,\"sender_has_retransmits\":-1,"
				"\"streams\":[{\"id\":1,\"bytes\":0,\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0}]}");
	else if (brace && (strstr(line, " C>S parameters ") || strstr(line, " C>S results ")))
		object = strndup(brace, (size_t)(strrchr(line, '}') ? strrchr(line, '}') - brace + 1 : 0));
	out = object ? open_memstream(&text, &length) : NULL;
	if (out) {
		if (blackbox_below(c->random, 4) == 0)
			write_wrong_length(c, out, object);
		else
			write_text(c, out, keyword, object);
		fclose(out);
		blackbox_replace(c->lines, c->at, text);
	}
	free(text);
	free(object);
}

/* The line with JSON that is chosen instead of the present one; false: there is none. */
static bool choose_json(struct change *c)
{
	size_t found = 0;

	for (size_t i = 0; i < c->lines->count; i++)
		if (strstr(c->lines->line[i], " C>S parameters ") || strstr(c->lines->line[i], " C>S results "))
			if (blackbox_below(c->random, ++found) == 0)
				c->at = i;
	return found > 0;
}

/* --- what nobody sends -------------------------------------------------------------------------------------------- */

static void strange(struct change *c)
{
	static const char *const both[] = { "octets 00", "octets ff", "octets \"GET / HTTP/1.1\\r\\n\\r\\n\"",
					    "octets \"GET /index.html HTTP/1.1\\r\\nHost: localhost\\r\\nAccept: text/html,*/*\\r\\n\\r\\n\"",
					    "octets 1000*30",
					    "octets 16030100", "octets 40*00", "octets ffffffff", "octets 7fffffff" };
	static const char *const iperf3[] = { "TEST_START", "TEST_RUNNING", "TEST_END", "PARAM_EXCHANGE", "CREATE_STREAMS",
					      "CLIENT_TERMINATE", "EXCHANGE_RESULTS", "DISPLAY_RESULTS", "IPERF_START",
					      "IPERF_DONE", "state 0", "state 17", "state -1", "state 127", "cookie $cookie",
					      "cookie $cookie2", "parameters {\"tcp\":true}", "SERVER_ERROR 5", "hello" };
	static const char *const text[] = { "IPERF_TEST_BEGIN $cookie", "IPERF_TEST_END $cookie", "IPERF_STREAM_BEGIN $cookie",
					    "IPERF_STREAM_END $cookie", "IPERF_RESULTS_REQUEST $cookie",
					    "IPERF_RESULTS_RESPONSE $cookie", "IPERF_TEST_END $cookie2", "preamble $cookie",
					    "octets \"IPERF_TEST_BEGIN \" $cookie[0..31]" };
	bool of_iperf3 = c->corpus->profile == CASE_IPERF3;
	const char *const *own = of_iperf3 ? iperf3 : text;
	size_t count = of_iperf3 ? sizeof iperf3 / sizeof *iperf3 : sizeof text / sizeof *text;

	if (blackbox_below(c->random, 3) == 0)
		insert_line(c, both[blackbox_below(c->random, sizeof both / sizeof *both)]);
	else
		insert_line(c, own[blackbox_below(c->random, count)]);
}

/* A connection ends, at any line. */
static void end(struct change *c)
{
	static const char *const ends[] = { "end-of-file", "close", "reset" };

	insert_line(c, ends[blackbox_below(c->random, sizeof ends / sizeof *ends)]);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

void blackbox_mutate(const struct blackbox_corpus *corpus, struct blackbox_random *random, struct blackbox_lines *lines)
{
	static void (*const changes[])(struct change *c) = {
		drop, repeat, swap, move, stop_here, stop_here, splice, number, number, cut, flip, cookie, cookie, strange, strange,
		end, end,
	};
	struct change c = { corpus, random, lines, 0 };
	size_t third = blackbox_below(random, 3);

	if (lines->count == 0)
		return;
	c.at = blackbox_below(random, lines->count);
	if (third == 0 && corpus->profile == CASE_IPERF3 && choose_json(&c))
		json(&c);
	else
		changes[blackbox_below(random, sizeof changes / sizeof *changes)](&c);
}
