/*
 * alloc.c: a two-level segregated fit allocator (TLSF, Masmano et al. 2004) over arena offsets.
 *
 * Free blocks hang in lists by size: the first level is the power of two, the second divides it in 32. Two
 * levels of bitmaps find the smallest list that surely fits in two instructions, so that allocating and freeing
 * take constant time however full the pool is; a slab by size classes would be as fast, but wastes up to half of
 * every class and cannot give its pages from one class to another once entries change their size, which is what
 * they do here.
 *
 * That list is one beyond the list in which a block of the very size lies, as this one may hold smaller ones too. So
 * a few of its blocks are looked at first: else what was just freed would not be found by the next of the same size.
 *
 *   block:  | previous (oc_off) | size | free bit |  payload …            |
 *   free:   |        "          |        "        |  next | prior |   …   |
 *
 * `previous` is the block before it in memory, so that a freed block joins both its neighbours at once and no two
 * free blocks ever lie side by side. A block of size 0 ends the pool.
 */
#include "alloc.h"

#include <assert.h>
#include <string.h>

enum {
  ALIGNMENT = 16,
  HEADER = 16,
  SECOND_BITS = 5,
  SECOND = 1 << SECOND_BITS,
  FIRST_SHIFT = SECOND_BITS + 4, /* sizes below 512 share the first list, divided linearly by 16 */
  FIRST = 34,                    /* up to 2^42 bytes */
  MINIMUM = 32,
  CLOSE_MOST = 16 /* blocks looked at in the list that holds smaller ones too */
};
static const uint64_t FREE_BIT = 1;

struct block {
  oc_off previous;
  uint64_t size_free; /* size of the whole block, header included; bit 0 says free */
  oc_off next_free, prior_free;
};

struct pool {
  oc_off start, end;
  uint64_t used;
  uint64_t first_map; /* bit f: second_map[f] is not 0 */
  uint32_t second_map[FIRST];
  oc_off lists[FIRST][SECOND];
};

static struct pool *pool_of(struct arena *arena) { return arena_root(arena, ROOT_ALLOC); }

static struct block *block_at(struct arena *arena, oc_off off) { return arena_at(arena, off); }
static uint64_t size_of(const struct block *block) { return block->size_free & ~FREE_BIT; }
static bool is_free(const struct block *block) { return (block->size_free & FREE_BIT) != 0; }
static int highest_bit(uint64_t value) { return 63 - __builtin_clzll(value); }

/* The list that a block of this size lies in. */
static void list_of(uint64_t size, int *first, int *second) {
  if (size < (1U << FIRST_SHIFT)) {
    *first = 0;
    *second = (int)(size >> 4);
    return;
  }
  int high = highest_bit(size);
  *first = high - FIRST_SHIFT + 1;
  *second = (int)((size >> (high - SECOND_BITS)) & (SECOND - 1));
}

/* The first list all of whose blocks are at least this large. */
static void list_for(uint64_t size, int *first, int *second) {
  if (size >= (1U << FIRST_SHIFT)) size += (1ULL << (highest_bit(size) - SECOND_BITS)) - 1;
  list_of(size, first, second);
}

static void insert_free(struct arena *arena, struct block *block) {
  struct pool *pool = pool_of(arena);
  int first, second;
  list_of(size_of(block), &first, &second);
  oc_off off = arena_off(arena, block);
  block->size_free |= FREE_BIT;
  block->prior_free = 0;
  block->next_free = pool->lists[first][second];
  if (block->next_free) block_at(arena, block->next_free)->prior_free = off;
  pool->lists[first][second] = off;
  pool->second_map[first] |= 1U << second;
  pool->first_map |= 1ULL << first;
}

static void remove_free(struct arena *arena, struct block *block) {
  struct pool *pool = pool_of(arena);
  int first, second;
  list_of(size_of(block), &first, &second);
  if (block->next_free) block_at(arena, block->next_free)->prior_free = block->prior_free;
  if (block->prior_free) {
    block_at(arena, block->prior_free)->next_free = block->next_free;
  } else {
    pool->lists[first][second] = block->next_free;
    if (!block->next_free) {
      pool->second_map[first] &= ~(1U << second);
      if (!pool->second_map[first]) pool->first_map &= ~(1ULL << first);
    }
  }
  block->size_free &= ~FREE_BIT;
}

static struct block *next_in_memory(struct arena *arena, struct block *block) {
  return block_at(arena, arena_off(arena, block) + size_of(block));
}

static void set_size(struct arena *arena, struct block *block, uint64_t size) {
  block->size_free = size | (block->size_free & FREE_BIT);
  next_in_memory(arena, block)->previous = arena_off(arena, block);
}

void alloc_init(struct arena *arena, oc_off start) {
  oc_off root = (start + ALIGNMENT - 1) & ~(oc_off)(ALIGNMENT - 1);
  arena_header(arena)->root[ROOT_ALLOC] = root;
  struct pool *pool = pool_of(arena);
  memset(pool, 0, sizeof *pool);
  pool->start = (root + sizeof *pool + ALIGNMENT - 1) & ~(oc_off)(ALIGNMENT - 1);
  pool->end = (arena_header(arena)->identity.size & ~(uint64_t)(ALIGNMENT - 1)) - HEADER;
  assert(pool->end > pool->start + MINIMUM);
  struct block *whole = block_at(arena, pool->start), *sentinel = block_at(arena, pool->end);
  whole->previous = 0;
  whole->size_free = pool->end - pool->start;
  sentinel->previous = pool->start;
  sentinel->size_free = 0;
  insert_free(arena, whole);
}

/* One among the first of the list that a block of this very size would lie in, the smallest that is large enough. */
static struct block *find_close(struct arena *arena, uint64_t size) {
  int first, second;
  list_of(size, &first, &second);
  if (first >= FIRST) return NULL;
  struct block *best = NULL;
  oc_off off = pool_of(arena)->lists[first][second];
  for (int looked = 0; off && looked < CLOSE_MOST; looked++) {
    struct block *block = block_at(arena, off);
    if (size_of(block) >= size && (!best || size_of(block) < size_of(best))) best = block;
    off = block->next_free;
  }
  return best;
}

static struct block *find_free(struct arena *arena, uint64_t size) {
  struct pool *pool = pool_of(arena);
  int first, second;
  struct block *close = find_close(arena, size);
  if (close) return close;
  list_for(size, &first, &second);
  if (first >= FIRST) return NULL;
  uint32_t seconds = pool->second_map[first] & (~0U << second);
  if (!seconds) {
    uint64_t firsts = first + 1 < 64 ? pool->first_map & (~0ULL << (first + 1)) : 0;
    if (!firsts) return NULL;
    first = __builtin_ctzll(firsts);
    seconds = pool->second_map[first];
  }
  return block_at(arena, pool->lists[first][__builtin_ctz(seconds)]);
}

oc_off alloc_get_locked(struct arena *arena, uint64_t size) {
  if (size > arena_header(arena)->identity.size) return 0;
  uint64_t need = (size + HEADER + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
  if (need < MINIMUM) need = MINIMUM;
  struct block *block = find_free(arena, need);
  if (!block) return 0;
  remove_free(arena, block);
  uint64_t rest = size_of(block) - need;
  if (rest >= MINIMUM) {
    set_size(arena, block, need);
    struct block *remainder = next_in_memory(arena, block);
    remainder->size_free = 0;
    remainder->previous = arena_off(arena, block);
    set_size(arena, remainder, rest);
    insert_free(arena, remainder);
  }
  pool_of(arena)->used += size_of(block);
  return arena_off(arena, block) + HEADER;
}

void alloc_free_locked(struct arena *arena, oc_off off) {
  if (!off) return;
  struct block *block = block_at(arena, off - HEADER);
  assert(!is_free(block) && size_of(block) >= MINIMUM);
  pool_of(arena)->used -= size_of(block);
  struct block *next = next_in_memory(arena, block);
  if (is_free(next)) {
    remove_free(arena, next);
    set_size(arena, block, size_of(block) + size_of(next));
  }
  if (block->previous && is_free(block_at(arena, block->previous))) {
    struct block *previous = block_at(arena, block->previous);
    remove_free(arena, previous);
    set_size(arena, previous, size_of(previous) + size_of(block));
    block = previous;
  }
  insert_free(arena, block);
}

uint64_t alloc_used_locked(struct arena *arena) { return pool_of(arena)->used; }

uint64_t alloc_capacity_locked(struct arena *arena) { return pool_of(arena)->end - pool_of(arena)->start - HEADER; }

uint64_t alloc_check_locked(struct arena *arena) {
  struct pool *pool = pool_of(arena);
  uint64_t blocks = 0, used = 0;
  oc_off before = 0;
  bool before_free = false;
  for (oc_off at = pool->start; at < pool->end; blocks++) {
    struct block *block = block_at(arena, at);
    assert(block->previous == before);
    assert(size_of(block) >= MINIMUM && size_of(block) % ALIGNMENT == 0);
    assert(!(is_free(block) && before_free));
    if (!is_free(block)) used += size_of(block);
    before = at;
    before_free = is_free(block);
    at += size_of(block);
  }
  assert(used == pool->used);
  (void)used;
  return blocks;
}
