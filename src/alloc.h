/*
 * alloc.h: memory inside the arena.
 *
 * All functions need the arena's lock, take constant time unless they say otherwise, and align to 16 bytes.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include "arena.h"

/* Makes a pool of the bytes from `start` to the arena's end. Called once, when the arena is formatted. */
void alloc_init(struct arena *arena, oc_off start);
/* 0 when no block is large enough; the caller evicts and tries again, or goes without. */
oc_off alloc_get_locked(struct arena *arena, uint64_t size);
/* Whether the block at `off` is one that `size` bytes would get now: large enough, and no larger than need be. */
bool alloc_fits_locked(const struct arena *arena, oc_off off, uint64_t size);
/* Null is allowed. */
void alloc_free_locked(struct arena *arena, oc_off off);

/* Whose a block is: a kind of thing, and which one. */
enum alloc_owner { ALLOC_NOBODY, ALLOC_ENTRY, ALLOC_TAG_NAME };
/*
 * Says whose a block is, which may be moved from now on by alloc_compact_locked, and by nothing else. A block is
 * nobody's when it is allocated, and when it was freed.
 */
void alloc_own_locked(struct arena *arena, oc_off off, enum alloc_owner kind, uint32_t index);
/* Called after each move: what the owner has at `from` is at `to` now, the bytes too. It must not allocate or free. */
typedef void (*alloc_moved)(struct arena *arena, enum alloc_owner kind, uint32_t index, oc_off from, oc_off to);
/*
 * Moves owned blocks together, as many as `budget` bytes are, which it is reduced by; whether `size` bytes can be had
 * then. Takes time by the budget.
 */
bool alloc_compact_locked(struct arena *arena, uint64_t size, uint64_t *budget, alloc_moved moved);

/* Bytes in allocated blocks, their headers included. */
uint64_t alloc_used_locked(struct arena *arena);
/* The largest size that an empty pool can give. */
uint64_t alloc_capacity_locked(struct arena *arena);
/* Walks the pool and asserts its invariants; for tests. Returns the number of blocks. */
uint64_t alloc_check_locked(struct arena *arena);

#endif
