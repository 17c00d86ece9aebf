#include "ref/memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define RESERVE 262144 /* more than the largest document of a peer, and what becomes of it, needs */

static void *_Atomic reserve;

/* What cannot be had is tried again with the reserve given back; there is a new one when memory is there again. */
static bool give_back(void)
{
	void *block = atomic_exchange(&reserve, NULL);

	free(block);
	return block;
}

static void *had(void *memory)
{
	void *none = NULL, *block;

	if (!memory) {
		fflush(stdout);
		fprintf(stderr, "iperf-ref: out of memory\n");
		_exit(3); /* what other threads are at, is no matter any more */
	}
	if (!reserve && (block = malloc(RESERVE)) && !atomic_compare_exchange_strong(&reserve, &none, block))
		free(block);
	return memory;
}

static void *surely_malloc(size_t size)
{
	void *memory = malloc(size);

	return had(!memory && give_back() ? malloc(size) : memory);
}

static void *surely_realloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	return had(!memory && give_back() ? realloc(old, size) : memory);
}

static void *surely_calloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	return had(!memory && give_back() ? calloc(count, size) : memory);
}

void memory_prepare(void)
{
	reserve = malloc(RESERVE);
	json_set_alloc_funcs(surely_malloc, free);
	uv_replace_allocator(surely_malloc, surely_realloc, surely_calloc, free);
}
