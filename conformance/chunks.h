/*
 * Parts of an octet stream that wait because octets before them are missing: a list in the order of the stream, without
 * overlap. Where a part comes twice, what was there stays, except that octets fill what was cut off, and that octets
 * which contradict each other are both unknown. A part of direction.c; nobody else needs it.
 */
#ifndef IPERF_CONFORMANCE_CHUNKS_H
#define IPERF_CONFORMANCE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/reassembly.h"

/* A packet of the capture. */
struct moment {
	uint64_t packet;
	int64_t time_ns;
};

struct chunk {
	struct chunk *next;
	uint64_t offset;      /* in the stream, of its first octet */
	uint32_t length;      /* > 0 */
	bool seen;            /* the octets are there */
	enum unseen_why why;  /* if not: UNSEEN_SNAPPED or UNSEEN_CONFLICT */
	struct moment moment; /* the packet that carried it, or showed the conflict */
	size_t size;          /* octets of memory it takes */
	uint8_t octets[];
};

struct chunks {
	struct chunk *first, *last; /* NULL if there are none */
	size_t size;                /* octets of memory they take */
};

/*
 * Adds `length` octets from `offset` on, of which those at `octets` were seen, or none if that is NULL; carried by the
 * packet of that moment. Memory comes from allocate(). Returns 0 or -ENOMEM, then only chunks_clear() is left to do.
 */
int chunks_add(struct chunks *c, void *(*allocate)(size_t octets), uint64_t offset, const uint8_t *octets,
	       uint32_t length, struct moment moment);

/* Frees the first one, which must exist. */
void chunks_drop_first(struct chunks *c);

/* Drops all that lies at `end` or behind it. */
void chunks_cut(struct chunks *c, uint64_t end);

/* Frees all. */
void chunks_clear(struct chunks *c);

/* The offset behind a chunk. */
static inline uint64_t chunk_end(const struct chunk *chunk)
{
	return chunk->offset + chunk->length;
}

#endif
