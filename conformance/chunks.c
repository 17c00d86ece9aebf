#include "conformance/chunks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A part of the stream to be added; octets may be NULL. */
struct part {
	uint64_t offset;
	const uint8_t *octets;
	uint32_t length;
	struct moment moment;
};

typedef void *allocate_fn(size_t octets);

/* Puts a new chunk into the list where *link points. NULL if there is no memory. */
static struct chunk *insert(struct chunks *c, allocate_fn *allocate, struct chunk **link, const struct part *p,
			    uint32_t length)
{
	size_t size = sizeof(struct chunk) + (p->octets ? length : 0);
	struct chunk *new = allocate(size);

	if (!new)
		return NULL;
	*new = (struct chunk){*link, p->offset, length, p->octets, UNSEEN_SNAPPED, p->moment, size};
	if (p->octets)
		memcpy(new->octets, p->octets, length);
	*link = new;
	if (!new->next)
		c->last = new;
	c->size += size;
	return new;
}

/* Cuts the chunk at *link, which is no contradiction, in two at an offset if that lies within it. */
static int split(struct chunks *c, allocate_fn *allocate, struct chunk **link, uint64_t at)
{
	struct chunk *head = *link;
	struct part p;

	if (at <= head->offset || at >= chunk_end(head))
		return 0;
	p = (struct part){at, head->seen ? head->octets + (at - head->offset) : NULL,
			  (uint32_t)(chunk_end(head) - at), head->moment};
	if (!insert(c, allocate, &head->next, &p, p.length))
		return -ENOMEM;
	head->length -= p.length;
	return 0;
}

/* Splits the chunk at *link so that one begins at `offset` and has that length. Gives the link that leads to it. */
static struct chunk **isolate(struct chunks *c, allocate_fn *allocate, struct chunk **link, uint64_t offset,
			      uint32_t length)
{
	if (split(c, allocate, link, offset) < 0)
		return NULL;
	if ((*link)->offset < offset)
		link = &(*link)->next;
	return split(c, allocate, link, offset + length) < 0 ? NULL : link;
}

static void drop(struct chunks *c, struct chunk **link, struct chunk *before)
{
	struct chunk *gone = *link;

	*link = gone->next;
	if (c->last == gone)
		c->last = before;
	c->size -= gone->size;
	free(gone);
}

/* The first `length` octets of p fill what was not seen of the chunk at *link. */
static int fill(struct chunks *c, allocate_fn *allocate, struct chunk **link, const struct part *p, uint32_t length)
{
	struct chunk *filled;

	link = isolate(c, allocate, link, p->offset, length);
	if (!link)
		return -ENOMEM;
	filled = insert(c, allocate, link, p, length);
	if (!filled)
		return -ENOMEM;
	drop(c, &filled->next, filled);
	return 0;
}

/* Compares the first `length` octets of p with the chunk at *link; those from the first to the last that differ are
 * unknown then. */
static int compare(struct chunks *c, allocate_fn *allocate, struct chunk **link, const struct part *p, uint32_t length)
{
	const uint8_t *old = (*link)->octets + (p->offset - (*link)->offset);
	uint32_t from = 0, to = length;

	while (from < length && p->octets[from] == old[from])
		from++;
	if (from == length)
		return 0;
	while (p->octets[to - 1] == old[to - 1])
		to--;
	link = isolate(c, allocate, link, p->offset + from, to - from);
	if (!link)
		return -ENOMEM;
	(*link)->seen = false;
	(*link)->why = UNSEEN_CONFLICT;
	(*link)->moment = p->moment;
	return 0;
}

/* Adds the first `length` octets of p, all of which the chunk at *link has too. */
static int merge(struct chunks *c, allocate_fn *allocate, struct chunk **link, const struct part *p, uint32_t length)
{
	if (!p->octets)
		return 0;
	if ((*link)->seen)
		return compare(c, allocate, link, p, length);
	return (*link)->why == UNSEEN_SNAPPED ? fill(c, allocate, link, p, length) : 0;
}

/* The link to the first chunk that ends behind an offset. */
static struct chunk **find(struct chunks *c, struct chunk **link, uint64_t offset)
{
	if (c->last && chunk_end(c->last) <= offset)
		return &c->last->next; /* the usual case: what comes goes to the end */
	while (*link && chunk_end(*link) <= offset)
		link = &(*link)->next;
	return link;
}

/* How many octets at the start of p lie on one side of the edges of the chunk at *link. */
static uint32_t step(const struct part *p, const struct chunk *chunk)
{
	uint64_t edge;

	if (!chunk)
		return p->length;
	edge = p->offset < chunk->offset ? chunk->offset : chunk_end(chunk);
	return edge - p->offset < p->length ? (uint32_t)(edge - p->offset) : p->length;
}

int chunks_add(struct chunks *c, void *(*allocate)(size_t octets), uint64_t offset, const uint8_t *octets,
	       uint32_t length, struct moment moment)
{
	struct part p = {offset, octets, length, moment};
	struct chunk **link = &c->first;

	while (p.length > 0) {
		uint32_t n;

		link = find(c, link, p.offset);
		n = step(&p, *link);
		if (!*link || p.offset < (*link)->offset) {
			if (!insert(c, allocate, link, &p, n))
				return -ENOMEM;
		} else if (merge(c, allocate, link, &p, n) < 0) {
			return -ENOMEM;
		}
		p.offset += n;
		p.octets = p.octets ? p.octets + n : NULL;
		p.length -= n;
	}
	return 0;
}

void chunks_drop_first(struct chunks *c)
{
	drop(c, &c->first, NULL);
}

void chunks_cut(struct chunks *c, uint64_t end)
{
	struct chunk **link = &c->first, *before = NULL;

	while (*link && chunk_end(*link) <= end) {
		before = *link;
		link = &before->next;
	}
	if (*link && (*link)->offset < end) {
		before = *link;
		before->length = (uint32_t)(end - before->offset);
		link = &before->next;
	}
	while (*link)
		drop(c, link, before);
}

void chunks_clear(struct chunks *c)
{
	while (c->first)
		chunks_drop_first(c);
}
