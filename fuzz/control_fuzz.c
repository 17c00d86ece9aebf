/* The parser of the text profile's messages, in each of its grammars: every segmentation gives the same events and
 * offsets as one block, and a message that is told is what would be written for it.
 *
 * Input: grammar and whether a cookie is wanted; cuts; the octets. */
#include "fuzz/fuzz.h"
#include "proto/message.h"

#define EVENTS 4

/* What a feeding has shown. */
struct seen {
	struct iperf_parser end;
	size_t used, events;
	struct {
		enum iperf_parse_status status;
		size_t at;
	} event[EVENTS];
};

static void note(struct seen *seen, enum iperf_parse_status status, size_t at)
{
	must(seen->events < EVENTS);
	seen->event[seen->events].status = status;
	seen->event[seen->events++].at = at;
}

static void feed(struct seen *seen, enum iperf_grammar grammar, const struct iperf_cookie *cookie,
		 const uint8_t *octets, size_t length, struct cuts cuts)
{
	struct iperf_parser *parser = &seen->end;

	memset(seen, 0, sizeof *seen);
	iperf_parser_init(parser, grammar, cookie);
	while (seen->used < length && parser->status != IPERF_PARSE_DONE && parser->status != IPERF_PARSE_WRONG) {
		size_t n = next_cut(&cuts, length - seen->used), used;
		uint8_t *piece = exactly(octets + seen->used, n);

		used = iperf_parser_feed(parser, piece, n);
		free(piece);
		must(used <= n);
		seen->used += used;
		must(parser->offset == seen->used);
		if (parser->status != IPERF_PARSE_INCOMPLETE)
			note(seen, parser->status, seen->used);
		else
			must(used == n);
		must(used > 0 || n == 0 || parser->status != IPERF_PARSE_PREAMBLE);
	}
	/* Preamble is told once; the end sticks. */
	if (parser->status == IPERF_PARSE_WRONG || parser->status == IPERF_PARSE_DONE)
		must(iperf_parser_feed(parser, (const uint8_t *)"x", 1) == 0);
}

static void compare(const struct seen *a, const struct seen *b)
{
	char text[2][200];

	must(a->used == b->used && a->events == b->events);
	for (size_t i = 0; i < a->events; i++)
		must(a->event[i].status == b->event[i].status && a->event[i].at == b->event[i].at);
	must(a->end.offset == b->end.offset);
	if (a->end.status == IPERF_PARSE_DONE)
		must(a->end.kind == b->end.kind && iperf_cookie_equal(&a->end.cookie, &b->end.cookie));
	must(iperf_parser_in_cookie(&a->end) == iperf_parser_in_cookie(&b->end));
	iperf_parser_expected(&a->end, text[0], sizeof text[0]);
	iperf_parser_expected(&b->end, text[1], sizeof text[1]);
	must(strcmp(text[0], text[1]) == 0 && text[0][0] != '\0');
	iperf_parser_expected(&a->end, text[1], 5);
	must(strlen(text[1]) < 5);
}

/* Offsets are never beyond what the grammar has room for: so a stranger costs no more than that. */
static void bound(const struct seen *seen, enum iperf_grammar grammar)
{
	static const size_t most[] = {
		[IPERF_GRAMMAR_CONNECTION] = IPERF_OPENING_MAX, [IPERF_GRAMMAR_CONTROL] = IPERF_REQUEST_MAX,
		[IPERF_GRAMMAR_ANSWER] = IPERF_MESSAGE_MAX + 1, [IPERF_GRAMMAR_DATAGRAM] = IPERF_REQUEST_MAX,
		[IPERF_GRAMMAR_MESSAGE] = IPERF_MESSAGE_MAX,
	};

	must(seen->used <= most[grammar]);
	if (seen->used == most[grammar])
		must(seen->end.status == IPERF_PARSE_DONE || seen->end.status == IPERF_PARSE_WRONG);
}

/* The octets of a message that was told, read without a grammar. */
static void means(const struct seen *seen, enum iperf_grammar grammar, const struct iperf_cookie *wanted,
		  const uint8_t *octets)
{
	size_t at = grammar == IPERF_GRAMMAR_CONNECTION ? IPERF_COOKIE_LENGTH : 0;
	uint8_t written[IPERF_MESSAGE_MAX];
	size_t length;

	if (seen->end.status != IPERF_PARSE_DONE)
		return;
	length = iperf_message_write(written, seen->end.kind, &seen->end.cookie);
	must(seen->used >= at + length && memcmp(octets + at, written, length) == 0);
	must(!wanted || at > 0 || iperf_cookie_equal(&seen->end.cookie, wanted)); /* a preamble brings its own */
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static const struct iperf_cookie cookie = { "abcdefghijklmnopqrstuvwxyz012345" };
	struct input in = { octets, length };
	uint8_t how = take(&in);
	enum iperf_grammar grammar = how % 5;
	const struct iperf_cookie *wanted = how & 0x80 ? &cookie : NULL;
	struct cuts cuts = take_cuts(&in);
	static struct seen whole, cut, ones;

	feed(&whole, grammar, wanted, in.at, in.left, (struct cuts){ .count = 0 });
	feed(&cut, grammar, wanted, in.at, in.left, cuts);
	feed(&ones, grammar, wanted, in.at, in.left, (struct cuts){ (const uint8_t *)"\1", 1, 0 });
	compare(&whole, &cut);
	compare(&whole, &ones);
	bound(&whole, grammar);
	means(&whole, grammar, wanted, in.at);
	return 0;
}
