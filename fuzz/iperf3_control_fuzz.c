/* The control connection of the iperf3 profile: any segmentation gives the same items as one block, a text is never
 * longer than its room, and what the writers write is read again.
 *
 * Input: the room for texts; which items are read (their grammars, over and over); cuts; the octets. */
#include "fuzz/fuzz.h"
#include "proto/iperf3_control.h"

#define ITEMS 24
#define ROOM_MAX 300

struct item {
	struct iperf3_parser parser; /* without its text */
	size_t at;                   /* octets used when it was over */
	uint8_t text[ROOM_MAX];
};

struct seen {
	struct item items[ITEMS];
	size_t count, used;
};

/* Reads one item, up to its end or that of the octets. */
static void read_item(struct seen *seen, struct iperf3_parser *parser, const uint8_t *octets, size_t length,
		      struct cuts *cuts)
{
	while (seen->used < length && parser->status == IPERF3_INCOMPLETE) {
		size_t n = next_cut(cuts, length - seen->used), before = parser->offset, used;
		uint8_t *piece = exactly(octets + seen->used, n);

		used = iperf3_parser_octets(parser, piece, n);
		free(piece);
		must(used <= n && (used == n || parser->status != IPERF3_INCOMPLETE));
		must(parser->offset == before + used);
		seen->used += used;
	}
	if (parser->status != IPERF3_INCOMPLETE)
		must(iperf3_parser_octets(parser, (const uint8_t *)"x", 1) == 0);
}

static void read_items(struct seen *seen, const uint8_t *grammars, size_t count, size_t room, const uint8_t *octets,
		       size_t length, struct cuts cuts)
{
	seen->count = seen->used = 0;
	while (seen->count < ITEMS && (seen->used < length || seen->count == 0)) {
		struct item *item = &seen->items[seen->count];
		enum iperf3_grammar grammar = count ? grammars[seen->count % count] % 4 : IPERF3_READ_TEXT;
		bool text = grammar == IPERF3_READ_TEXT;
		uint8_t *there = text ? calloc(1, room ? room : 1) : NULL;

		seen->count++;
		memset(&item->parser, 0, sizeof item->parser);
		iperf3_parser_init(&item->parser, grammar, there, text ? room : 0);
		read_item(seen, &item->parser, octets, length, &cuts);
		item->at = seen->used;
		memset(item->text, 0, sizeof item->text);
		if (text && item->parser.offset > IPERF3_LENGTH_SIZE)
			memcpy(item->text, there, item->parser.offset - IPERF3_LENGTH_SIZE);
		free(there);
		if (item->parser.status == IPERF3_WRONG)
			return;
	}
}

static void compare(const struct seen *a, const struct seen *b)
{
	must(a->count == b->count && a->used == b->used);
	for (size_t i = 0; i < a->count; i++) {
		const struct iperf3_parser *p = &a->items[i].parser, *q = &b->items[i].parser;

		must(a->items[i].at == b->items[i].at);
		must(p->status == q->status && p->offset == q->offset && p->why == q->why);
		must(p->error == q->error && p->system_error == q->system_error);
		must(p->length_known == q->length_known && (!p->length_known || p->length == q->length));
		must(p->status != IPERF3_DONE || p->grammar != IPERF3_READ_STATE || p->state == q->state);
		must(p->status != IPERF3_DONE || p->grammar != IPERF3_READ_COOKIE ||
		     memcmp(&p->cookie, &q->cookie, sizeof p->cookie) == 0);
		must(memcmp(a->items[i].text, b->items[i].text, ROOM_MAX) == 0);
	}
}

static void bounds(const struct seen *seen, size_t room)
{
	for (size_t i = 0; i < seen->count; i++) {
		const struct iperf3_parser *p = &seen->items[i].parser;

		must(p->status != IPERF3_WRONG || (p->grammar == IPERF3_READ_TEXT && p->why != IPERF_R_NONE));
		must(p->status != IPERF3_WRONG || p->length == 0 || p->length > room);
		must(p->grammar != IPERF3_READ_TEXT || p->status != IPERF3_DONE || (p->length > 0 && p->length <= room));
		must(p->offset <= room + IPERF3_LENGTH_SIZE || p->offset <= IPERF3_COOKIE_LENGTH);
	}
}

static void written(const uint8_t *octets, size_t length)
{
	uint8_t prefix[IPERF3_LENGTH_SIZE], error[IPERF3_ERROR_SIZE];
	struct input in = { octets, length };
	struct iperf3_parser parser;
	int32_t number = (int32_t)take_32(&in), system_error = (int32_t)take_32(&in);
	int value;
	const char *name = iperf3_state_name((int8_t)number);

	iperf3_length_write(prefix, (uint32_t)number);
	must(((uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 | (uint32_t)prefix[2] << 8 | prefix[3]) ==
	     (uint32_t)number);
	iperf3_error_write(error, number, system_error);
	must((int8_t)error[0] == IPERF3_SERVER_ERROR);
	iperf3_parser_init(&parser, IPERF3_READ_ERROR, NULL, 0);
	must(iperf3_parser_octets(&parser, error + 1, 8) == 8 && parser.status == IPERF3_DONE);
	must(parser.error == number && parser.system_error == system_error);
	must(!name || (iperf3_state_named(name, strlen(name), &value) && value == (int8_t)number));
	must(iperf3_error_text(number)[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
	static struct seen whole, cut, ones;
	struct input in = { octets, length };
	size_t room = take(&in), count;
	const uint8_t *grammars = take_octets(&in, take(&in) % 8, &count);
	struct cuts cuts = take_cuts(&in);

	read_items(&whole, grammars, count, room, in.at, in.left, (struct cuts){ .count = 0 });
	read_items(&cut, grammars, count, room, in.at, in.left, cuts);
	read_items(&ones, grammars, count, room, in.at, in.left, (struct cuts){ (const uint8_t *)"\1", 1, 0 });
	compare(&whole, &cut);
	compare(&whole, &ones);
	bounds(&whole, room);
	written(in.at, in.left);
	return 0;
}
