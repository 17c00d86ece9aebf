#include "conformance/connection_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 256

static struct table_entry **allocate_buckets(const struct connection_table *t, size_t count)
{
	struct table_entry **buckets = t->allocate(count * sizeof(struct table_entry *));

	for (size_t i = 0; buckets && i < count; i++)
		buckets[i] = NULL;
	return buckets;
}

int table_init(struct connection_table *t, void *(*allocate)(size_t octets))
{
	*t = (struct connection_table){.bucket_count = FIRST_BUCKETS, .allocate = allocate};
	t->buckets = allocate_buckets(t, t->bucket_count);
	return t->buckets ? 0 : -ENOMEM;
}

void table_free(struct connection_table *t)
{
	free(t->buckets);
	t->buckets = NULL;
}

static uint64_t hash_end(const struct iperf_endpoint *e)
{
	uint64_t high, low;

	memcpy(&high, e->address, 8);
	memcpy(&low, e->address + 8, 8);
	low = (low ^ e->port) * 0x9e3779b97f4a7c15u;
	high = (high ^ low >> 32) * 0xc2b2ae3d27d4eb4fu;
	return high ^ high >> 29 ^ low;
}

/* The same for both directions. */
static uint64_t hash_ends(const struct iperf_endpoint *a, const struct iperf_endpoint *b)
{
	uint64_t h = (hash_end(a) + hash_end(b)) * 0x9e3779b97f4a7c15u;

	return h ^ h >> 32;
}

static bool is_between(const struct connection *c, const struct iperf_endpoint *a, const struct iperf_endpoint *b)
{
	return iperf_endpoint_equal(&c->ends[0], a) && iperf_endpoint_equal(&c->ends[1], b);
}

static struct table_entry **bucket(struct table_entry **buckets, size_t count, uint64_t hash)
{
	return &buckets[hash & (count - 1)];
}

struct table_entry *table_find(const struct connection_table *t, const struct segment *s)
{
	uint64_t hash = hash_ends(&s->source, &s->destination);
	struct table_entry *e = *bucket(t->buckets, t->bucket_count, hash);

	while (e && !(e->hash == hash && (is_between(&e->connection, &s->source, &s->destination) ||
					  is_between(&e->connection, &s->destination, &s->source))))
		e = e->chain;
	return e;
}

static void push(struct table_entry **to, struct table_entry *e)
{
	e->chain = *to;
	*to = e;
}

/* Doubles the table. Without memory it stays as it is, only slower. */
static void grow(struct connection_table *t)
{
	size_t count = t->bucket_count * 2;
	struct table_entry **buckets = allocate_buckets(t, count);

	if (!buckets)
		return;
	for (size_t i = 0; i < t->bucket_count; i++) {
		struct table_entry *e = t->buckets[i], *next;

		for (; e; e = next) {
			next = e->chain;
			push(bucket(buckets, count, e->hash), e);
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->bucket_count = count;
}

void table_add(struct connection_table *t, struct table_entry *e)
{
	if (t->entry_count++ >= t->bucket_count)
		grow(t);
	e->hash = hash_ends(&e->connection.ends[0], &e->connection.ends[1]);
	push(bucket(t->buckets, t->bucket_count, e->hash), e);
}

void table_remove(struct connection_table *t, struct table_entry *e)
{
	struct table_entry **link = bucket(t->buckets, t->bucket_count, e->hash);

	while (*link != e)
		link = &(*link)->chain;
	*link = e->chain;
	t->entry_count--;
}
