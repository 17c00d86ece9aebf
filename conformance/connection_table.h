/*
 * Finds a connection by the ends of a segment, whichever of them sent it: a hash table that grows with what it holds. A
 * part of reassembly.c; nobody else needs it.
 */
#ifndef IPERF_CONFORMANCE_CONNECTION_TABLE_H
#define IPERF_CONFORMANCE_CONNECTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "conformance/reassembly.h"

/* A connection in the table, part of whatever the owner holds of it. */
struct table_entry {
	struct connection connection; /* first, so that one pointer leads to all */
	struct table_entry *chain;    /* next in the same bucket */
	uint64_t hash;
};

struct connection_table {
	struct table_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
	void *(*allocate)(size_t octets);
};

/* An empty table, to be freed with table_free(), that gets its memory from allocate(). Returns 0 or -ENOMEM. */
int table_init(struct connection_table *t, void *(*allocate)(size_t octets));

/* Frees the table, not its entries. */
void table_free(struct connection_table *t);

/* The connection between the ends of the segment, or NULL. */
struct table_entry *table_find(const struct connection_table *t, const struct segment *s);

/* Adds an entry whose connection has its ends and is not in the table. It must stay where it is in memory. */
void table_add(struct connection_table *t, struct table_entry *e);

/* Removes an entry that is in the table. */
void table_remove(struct connection_table *t, struct table_entry *e);

#endif
