/*
 * alloc.h: memory inside the arena.
 *
 * All functions need the arena's lock, take constant time, and align to 16 bytes.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include "arena.h"

/* Makes a pool of the bytes from `start` to the arena's end. Called once, when the arena is formatted. */
void alloc_init(struct arena *arena, oc_off start);
/* 0 when no block is large enough; the caller evicts and tries again, or goes without. */
oc_off alloc_get_locked(struct arena *arena, uint64_t size);
/* Null is allowed. */
void alloc_free_locked(struct arena *arena, oc_off off);
/* Bytes in allocated blocks, their headers included. */
uint64_t alloc_used_locked(struct arena *arena);
/* The largest size that an empty pool can give. */
uint64_t alloc_capacity_locked(struct arena *arena);
/* Walks the pool and asserts its invariants; for tests. Returns the number of blocks. */
uint64_t alloc_check_locked(struct arena *arena);

#endif
