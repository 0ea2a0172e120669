#include "fragmentation.h"
#include "support.h"

enum { LIVE = 200, STEPS = 20000 };

static uint32_t draw(uint32_t *state, uint32_t below) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state % below;
}

Test(alloc, blocks_are_aligned_apart_and_keep_what_is_written_into_them) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  oc_off blocks[64];
  for (uint32_t i = 0; i < 64; i++) {
    blocks[i] = alloc_get_locked(&arena, i * 7);
    cr_assert(blocks[i] != 0 && blocks[i] % 16 == 0);
    memset(arena_at(&arena, blocks[i]), (int)i, i * 7);
  }
  for (uint32_t i = 0; i < 64; i++) {
    const unsigned char *at = arena_at(&arena, blocks[i]);
    for (uint32_t byte = 0; byte < i * 7; byte++) cr_assert(at[byte] == i);
    alloc_free_locked(&arena, blocks[i]);
  }
  close_arena(&arena);
}

Test(alloc, a_pool_whose_blocks_were_all_freed_is_one_block_again) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint64_t capacity = alloc_capacity_locked(&arena);
  oc_off blocks[100];
  for (int i = 0; i < 100; i++) blocks[i] = alloc_get_locked(&arena, 1000);
  for (int i = 0; i < 100; i += 2) alloc_free_locked(&arena, blocks[i]);
  for (int i = 99; i > 0; i -= 2) alloc_free_locked(&arena, blocks[i]);
  cr_assert(eq(u64, alloc_check_locked(&arena), 1));
  cr_assert(eq(u64, alloc_used_locked(&arena), 0));
  cr_assert(eq(u64, alloc_capacity_locked(&arena), capacity));
  close_arena(&arena);
}

Test(alloc, what_does_not_fit_is_0_and_changes_nothing) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  cr_assert(eq(u64, alloc_get_locked(&arena, alloc_capacity_locked(&arena) + 16), 0));
  cr_assert(eq(u64, alloc_get_locked(&arena, UINT64_MAX), 0));
  cr_assert(eq(u64, alloc_get_locked(&arena, UINT64_MAX - 20), 0));
  cr_assert(eq(u64, alloc_used_locked(&arena), 0));
  close_arena(&arena);
}

/* Frees it after everything else; returns how often the arena was reset by that. */
static uint64_t resets_by_freeing(struct arena *arena, oc_off off) {
  uint64_t resets = arena_header(arena)->resets;
  alloc_free_locked(arena, off);
  arena_unlock(arena);
  arena_lock(arena);
  alloc_check_locked(arena);
  return arena_header(arena)->resets - resets;
}

Test(alloc, freeing_what_is_no_block_empties_the_arena_and_ends_no_process) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  oc_off before = alloc_get_locked(&arena, 100), block = alloc_get_locked(&arena, 100);
  cr_assert(eq(u64, resets_by_freeing(&arena, before), 0));
  cr_assert(eq(u64, resets_by_freeing(&arena, before), 1), "it is free already");
  block = alloc_get_locked(&arena, 100);
  cr_assert(eq(u64, resets_by_freeing(&arena, block + 8), 1), "blocks are aligned");
  cr_assert(eq(u64, resets_by_freeing(&arena, 16), 1), "the header is no block");
  cr_assert(eq(u64, resets_by_freeing(&arena, arena_header(&arena)->identity.size + 4096), 1), "past the end");
  block = alloc_get_locked(&arena, 100);
  ((uint64_t *)arena_at(&arena, block - 16))[1] = 1 << 30; /* its size */
  cr_assert(eq(u64, resets_by_freeing(&arena, block), 1), "its header was written over");
  close_arena(&arena);
}

Test(alloc, a_full_pool_gives_again_what_was_freed) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  oc_off last = 0, block;
  int count = 0;
  while ((block = alloc_get_locked(&arena, 4096))) last = block, count++;
  cr_assert(gt(int, count, 10));
  alloc_free_locked(&arena, last);
  cr_assert(eq(u64, alloc_get_locked(&arena, 4096), last));
  close_arena(&arena);
}

Test(alloc, a_block_fits_the_sizes_that_would_get_one_like_it) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  oc_off block = alloc_get_locked(&arena, 1000);
  cr_assert(alloc_fits_locked(&arena, block, 1000) && alloc_fits_locked(&arena, block, 990));
  cr_assert(not(alloc_fits_locked(&arena, block, 1020)), "too small");
  cr_assert(not(alloc_fits_locked(&arena, block, 900)), "too large");
  close_arena(&arena);
}

Test(alloc, freeing_null_does_nothing) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  alloc_free_locked(&arena, 0);
  cr_assert(eq(u64, alloc_used_locked(&arena), 0));
  close_arena(&arena);
}

Test(alloc, a_random_history_never_overlaps_blocks_nor_loses_bytes) {
  struct sizes sizes = {.bytes = 256 << 10, .tags = 16, .log = 16, .entries = 16, .mutations = 16, .views = 16};
  struct arena arena = open_arena(&sizes);
  struct {
    oc_off off;
    uint32_t size;
    unsigned char mark;
  } live[LIVE] = {0};
  uint32_t state = 2463534242U;
  for (int step = 0; step < STEPS; step++) {
    uint32_t index = draw(&state, LIVE);
    if (live[index].off) {
      const unsigned char *at = arena_at(&arena, live[index].off);
      cr_assert(live[index].size == 0 || (at[0] == live[index].mark && at[live[index].size - 1] == live[index].mark));
      alloc_free_locked(&arena, live[index].off);
      live[index].off = 0;
      continue;
    }
    live[index].size = draw(&state, draw(&state, 8) == 0 ? 20000 : 600);
    live[index].off = alloc_get_locked(&arena, live[index].size);
    live[index].mark = (unsigned char)draw(&state, 256);
    if (live[index].off) memset(arena_at(&arena, live[index].off), live[index].mark, live[index].size);
    if (step % 64 == 0) alloc_check_locked(&arena);
  }
  for (int index = 0; index < LIVE; index++) alloc_free_locked(&arena, live[index].off);
  cr_assert(eq(u64, alloc_check_locked(&arena), 1));
  close_arena(&arena);
}

/* ---- Compacting ---- */

static struct {
  oc_off off;
  uint32_t size;
  bool owned;
} owners[LIVE];

static void note(struct arena *arena, enum alloc_owner kind, uint32_t index, oc_off from, oc_off to) {
  (void)arena;
  cr_assert(eq(int, kind, ALLOC_ENTRY));
  cr_assert(owners[index].owned && owners[index].off == from);
  owners[index].off = to;
}

/* Blocks of many sizes without room for another, nearly all of them owned, and then every other one freed. */
static void fill_with_gaps(struct arena *arena, uint32_t *state) {
  memset(owners, 0, sizeof owners);
  for (uint32_t index = 0; index < LIVE; index++) {
    owners[index].size = 1 + draw(state, draw(state, 8) == 0 ? 8000 : 600);
    owners[index].off = alloc_get_locked(arena, owners[index].size);
    if (!owners[index].off) break;
    memset(arena_at(arena, owners[index].off), (int)index, owners[index].size);
    owners[index].owned = draw(state, 32) > 0;
    if (owners[index].owned) alloc_own_locked(arena, owners[index].off, ALLOC_ENTRY, index);
  }
  while (alloc_get_locked(arena, 64)) continue;
  for (uint32_t index = 0; index < LIVE; index += 2) {
    alloc_free_locked(arena, owners[index].off);
    owners[index].off = 0;
  }
  /* Some of it is given out again, to nobody. */
  for (uint32_t index = 0; index < LIVE; index += 32) {
    owners[index].owned = false;
    owners[index].off = alloc_get_locked(arena, owners[index].size);
    if (owners[index].off) memset(arena_at(arena, owners[index].off), (int)index, owners[index].size);
  }
}

static void assert_bytes(struct arena *arena) {
  for (uint32_t index = 0; index < LIVE; index++) {
    if (!owners[index].off) continue;
    const unsigned char *at = arena_at(arena, owners[index].off);
    for (uint32_t byte = 0; byte < owners[index].size; byte++)
      cr_assert(eq(int, at[byte], (int)(index & 255)), "byte %u of block %u", byte, index);
  }
}

Test(alloc, compacting_moves_owned_blocks_only_keeps_their_bytes_and_gives_what_it_says) {
  uint32_t state = 88172645U, could = 0;
  for (int round = 0; round < 200; round++) {
    struct sizes sizes = {.bytes = 128 << 10, .tags = 16, .log = 16, .entries = 16, .mutations = 16, .views = 16};
    struct arena arena = open_arena(&sizes);
    fill_with_gaps(&arena, &state);
    uint64_t size = 1000 + draw(&state, 30000), used = alloc_used_locked(&arena), budget = 1 << 20;
    bool fitted = alloc_get_locked(&arena, size) != 0;
    bool fits = fitted || alloc_compact_locked(&arena, size, &budget, note);
    alloc_check_locked(&arena);
    if (!fitted) {
      cr_assert(eq(u64, alloc_used_locked(&arena), used));
      cr_assert(eq(int, alloc_get_locked(&arena, size) != 0, fits));
      could += fits;
    }
    assert_bytes(&arena);
    close_arena(&arena);
  }
  cr_assert(gt(u32, could, 20));
}

Test(alloc, compacting_moves_no_more_than_its_budget) {
  struct sizes sizes = {.bytes = 128 << 10, .tags = 16, .log = 16, .entries = 16, .mutations = 16, .views = 16};
  struct arena arena = open_arena(&sizes);
  uint32_t state = 1;
  fill_with_gaps(&arena, &state);
  for (uint64_t given = 0; given < 4096; given += 16) {
    uint64_t budget = given;
    cr_assert(not(alloc_compact_locked(&arena, 100000, &budget, note)));
    cr_assert(le(u64, budget, given));
  }
  uint64_t budget = UINT64_MAX;
  cr_assert(not(alloc_compact_locked(&arena, UINT64_MAX, &budget, note)));
  cr_assert(eq(u64, budget, UINT64_MAX));
  assert_bytes(&arena);
  close_arena(&arena);
}

/* On average: one large value makes room for many small ones, so that a single look says little. */
Test(alloc, entries_of_many_sizes_fill_85_percent_of_what_it_manages_while_many_come_and_go) {
  static char value[64 << 10];
  struct fragmentation_sizes mix = {.least = 100, .most = sizeof value, .exponent = 2};
  struct sizes sizes = {.bytes = 32 << 20, .entries = 60000};
  struct arena arena = open_arena(&sizes);
  struct fragmentation result = fragmentation_run(&arena, 1, 200000, 120000, value, &mix);
  cr_assert(gt(u64, result.evicted, 1000), "it was never full");
  double share = (double)result.used / (double)alloc_capacity_locked(&arena);
  cr_assert(ge(dbl, share, 0.85), "%.1f %%", share * 100);
  close_arena(&arena);
}
