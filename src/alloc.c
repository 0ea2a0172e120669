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
 *   block:  | previous | owner |  size | free bit | owner |  payload …            |
 *   free:   |    "     |   -   |   "   |     "    |   -   |  next | prior |   …   |
 *
 * `previous` is the block before it in memory, so that a freed block joins both its neighbours at once and no two
 * free blocks ever lie side by side. A block of size 0 ends the pool.
 *
 * However well blocks are chosen, sizes from 100 bytes to megabytes leave gaps that no large value fits into: about a
 * quarter of the arena. As nobody keeps a pointer into the arena outside of the lock, most blocks can be moved: they
 * say whose they are, and their owner notes the new place. Compacting takes the largest gap and slides the blocks
 * behind it over it, one after the other; the gap moves on and swallows those that it meets, until it is large enough.
 * Where the end, or a block that stays, is in its way, it goes on in the other direction.
 *
 *   | a | gap   | b | gap | c |   →   | a | b | gap         | c |
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
  CLOSE_MOST = 16, /* blocks looked at in the list that holds smaller ones too */
  GAPS_MOST = 8,   /* gaps at which compacting begins, when there is a block in the way that nobody owns */
  SIZE_BITS = 42,
  OWNER_LOW_BITS = 64 - SIZE_BITS
};
static const uint64_t FREE_BIT = 1, SIZE_MASK = (1ULL << SIZE_BITS) - 1;

struct block {
  uint64_t previous_word; /* the offset of the block before it; above SIZE_BITS, the low bits of the owner */
  uint64_t size_word;     /* of the whole block, header included; bit 0 says free; above, the high bits of the owner */
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

static struct block *block_at(const struct arena *arena, oc_off off) { return arena_at(arena, off); }
static uint64_t size_of(const struct block *block) { return block->size_word & SIZE_MASK & ~FREE_BIT; }
static bool is_free(const struct block *block) { return (block->size_word & FREE_BIT) != 0; }
static oc_off previous_of(const struct block *block) { return block->previous_word & SIZE_MASK; }

static void set_previous(struct block *block, oc_off previous) {
  block->previous_word = (block->previous_word & ~SIZE_MASK) | previous;
}

static uint64_t owner_of(const struct block *block) {
  return block->previous_word >> SIZE_BITS | block->size_word >> SIZE_BITS << OWNER_LOW_BITS;
}

static void set_owner(struct block *block, uint64_t owner) {
  block->previous_word = (block->previous_word & SIZE_MASK) | owner << SIZE_BITS;
  block->size_word = (block->size_word & SIZE_MASK) | owner >> OWNER_LOW_BITS << SIZE_BITS;
}

/* A block that is neither free nor owned. */
static void make_block(struct block *block, oc_off previous, uint64_t size) {
  block->previous_word = previous;
  block->size_word = size;
}

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
  block->size_word |= FREE_BIT;
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
  block->size_word &= ~FREE_BIT;
}

static struct block *next_in_memory(struct arena *arena, struct block *block) {
  return block_at(arena, arena_off(arena, block) + size_of(block));
}

static void set_size(struct arena *arena, struct block *block, uint64_t size) {
  block->size_word = size | (block->size_word & (FREE_BIT | ~SIZE_MASK));
  set_previous(next_in_memory(arena, block), arena_off(arena, block));
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
  make_block(whole, 0, pool->end - pool->start);
  make_block(sentinel, pool->start, 0);
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

/* The whole block that `size` bytes take; `size` is not above that of the arena. */
static uint64_t block_size(uint64_t size) {
  uint64_t need = (size + HEADER + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
  return need < MINIMUM ? MINIMUM : need;
}

oc_off alloc_get_locked(struct arena *arena, uint64_t size) {
  if (size > arena_header(arena)->identity.size) return 0;
  uint64_t need = block_size(size);
  struct block *block = find_free(arena, need);
  if (!block) return 0;
  remove_free(arena, block);
  uint64_t rest = size_of(block) - need;
  if (rest >= MINIMUM) {
    set_size(arena, block, need);
    struct block *remainder = next_in_memory(arena, block);
    make_block(remainder, arena_off(arena, block), 0);
    set_size(arena, remainder, rest);
    insert_free(arena, remainder);
  }
  pool_of(arena)->used += size_of(block);
  return arena_off(arena, block) + HEADER;
}

bool alloc_fits_locked(const struct arena *arena, oc_off off, uint64_t size) {
  uint64_t has = size_of(block_at(arena, off - HEADER)), need = block_size(size);
  return has >= need && has - need < MINIMUM;
}

static bool is_block(struct arena *arena, oc_off off) {
  const struct pool *pool = pool_of(arena);
  if (off % ALIGNMENT || off < pool->start + HEADER || off >= pool->end) return false;
  oc_off at = off - HEADER;
  const struct block *block = block_at(arena, at);
  uint64_t size = size_of(block);
  return !is_free(block) && size % ALIGNMENT == 0 && size >= MINIMUM && size <= pool->end - at &&
         previous_of(block) < at;
}

void alloc_free_locked(struct arena *arena, oc_off off) {
  if (!off) return;
  if (!is_block(arena, off)) {
    arena_damaged_locked(arena);
    return;
  }
  struct block *block = block_at(arena, off - HEADER);
  pool_of(arena)->used -= size_of(block);
  set_owner(block, 0);
  struct block *next = next_in_memory(arena, block);
  if (is_free(next)) {
    remove_free(arena, next);
    set_size(arena, block, size_of(block) + size_of(next));
  }
  if (previous_of(block) && is_free(block_at(arena, previous_of(block)))) {
    struct block *previous = block_at(arena, previous_of(block));
    remove_free(arena, previous);
    set_size(arena, previous, size_of(previous) + size_of(block));
    block = previous;
  }
  insert_free(arena, block);
}

/* ---- Compacting ---- */

void alloc_own_locked(struct arena *arena, oc_off off, enum alloc_owner kind, uint32_t index) {
  set_owner(block_at(arena, off - HEADER), (uint64_t)kind << 32 | index);
}

/* The `rank`th free block from the largest list down, or NULL. */
static struct block *gap_at(struct arena *arena, int rank) {
  struct pool *pool = pool_of(arena);
  for (uint64_t firsts = pool->first_map; firsts; firsts &= ~(1ULL << highest_bit(firsts))) {
    int first = highest_bit(firsts);
    for (uint32_t seconds = pool->second_map[first]; seconds; seconds &= ~(1U << highest_bit(seconds))) {
      oc_off off = pool->lists[first][highest_bit(seconds)];
      for (; off; off = block_at(arena, off)->next_free)
        if (rank-- == 0) return block_at(arena, off);
    }
  }
  return NULL;
}

static struct block *make_gap(struct arena *arena, struct block *at, oc_off previous, uint64_t size) {
  make_block(at, previous, 0);
  set_size(arena, at, size);
  insert_free(arena, at);
  return at;
}

/* The header of a block that was moved, whose bytes are there already. */
static void make_moved(struct arena *arena, struct block *at, oc_off previous, uint64_t size, uint64_t owner) {
  make_block(at, previous, 0);
  set_size(arena, at, size);
  set_owner(at, owner);
}

static void tell(struct arena *arena, uint64_t owner, oc_off from, oc_off to, alloc_moved moved) {
  moved(arena, (enum alloc_owner)(owner >> 32), (uint32_t)owner, from + HEADER, to + HEADER);
}

/* Slides the block behind the gap over it; returns the gap, which met the one behind that block, if there is one. */
static struct block *swap_with_next(struct arena *arena, struct block *gap, alloc_moved moved) {
  struct block *block = next_in_memory(arena, gap), *behind = next_in_memory(arena, block);
  oc_off from = arena_off(arena, block), to = arena_off(arena, gap), previous = previous_of(gap);
  uint64_t size = size_of(block), owner = owner_of(block), gap_size = size_of(gap);
  remove_free(arena, gap);
  if (is_free(behind)) {
    remove_free(arena, behind);
    gap_size += size_of(behind);
  }
  memmove((char *)gap + HEADER, (char *)block + HEADER, size - HEADER);
  make_moved(arena, block_at(arena, to), previous, size, owner);
  gap = make_gap(arena, block_at(arena, to + size), to, gap_size);
  tell(arena, owner, from, to, moved);
  return gap;
}

/* The same with the block before the gap, which has one. */
static struct block *swap_with_previous(struct arena *arena, struct block *gap, alloc_moved moved) {
  oc_off from = previous_of(gap), start = from, previous = previous_of(block_at(arena, from));
  uint64_t size = size_of(block_at(arena, from)), owner = owner_of(block_at(arena, from)), gap_size = size_of(gap);
  remove_free(arena, gap);
  if (previous && is_free(block_at(arena, previous))) {
    start = previous;
    gap_size += size_of(block_at(arena, start));
    remove_free(arena, block_at(arena, start));
    previous = previous_of(block_at(arena, start));
  }
  oc_off to = start + gap_size;
  memmove((char *)block_at(arena, to) + HEADER, (char *)block_at(arena, from) + HEADER, size - HEADER);
  make_moved(arena, block_at(arena, to), start, size, owner);
  gap = make_gap(arena, block_at(arena, start), previous, gap_size);
  tell(arena, owner, from, to, moved);
  return gap;
}

/* The block next to the gap, in one direction or the other; NULL when it stays, or there is none. */
static struct block *neighbour_of(struct arena *arena, struct block *gap, bool back) {
  if (back && !previous_of(gap)) return NULL;
  struct block *neighbour = back ? block_at(arena, previous_of(gap)) : next_in_memory(arena, gap);
  return owner_of(neighbour) ? neighbour : NULL;
}

/* Makes the gap grow until it has `need` bytes, or meets a block that stays on both sides; false: over budget. */
static bool grow(struct arena *arena, struct block **gap, uint64_t need, uint64_t *budget, alloc_moved moved) {
  for (int back = 0; back < 2; back++) {
    struct block *neighbour;
    while (size_of(*gap) < need && (neighbour = neighbour_of(arena, *gap, back))) {
      if (size_of(neighbour) > *budget) return false;
      *budget -= size_of(neighbour);
      *gap = back ? swap_with_previous(arena, *gap, moved) : swap_with_next(arena, *gap, moved);
    }
  }
  return true;
}

bool alloc_compact_locked(struct arena *arena, uint64_t size, uint64_t *budget, alloc_moved moved) {
  if (size > arena_header(arena)->identity.size) return false;
  uint64_t need = block_size(size);
  for (int rank = 0; rank < GAPS_MOST; rank++) {
    struct block *gap = gap_at(arena, rank);
    if (!gap || !grow(arena, &gap, need, budget, moved)) return false;
    if (size_of(gap) >= need) return true;
  }
  return false;
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
    assert(previous_of(block) == before);
    assert(size_of(block) >= MINIMUM && size_of(block) % ALIGNMENT == 0);
    assert(!(is_free(block) && before_free));
    if (!is_free(block)) used += size_of(block);
    before = at;
    before_free = is_free(block);
    at += size_of(block);
  }
  assert(used == pool->used);
  (void)used, (void)before, (void)before_free;
  return blocks;
}
