#include <pthread.h>

#include "support.h"

static int formats;

static void count_formats(struct arena *arena, void *context) {
  (void)arena;
  cr_assert(eq(str, (char *)context, "context"));
  formats++;
}

static struct arena open_counting(void) {
  struct arena arena;
  formats = 0;
  cr_assert(eq(int, open_memory(&arena, 1 << 20, count_formats, (void *)(uintptr_t) "context"), OC_OK));
  return arena;
}

Test(arena, a_new_one_is_formatted_once_and_begins_at_version_1) {
  struct arena arena = open_counting();
  cr_assert(eq(int, formats, 1));
  cr_assert(eq(u64, arena_header(&arena)->version, 1));
  cr_assert(eq(u64, arena_header(&arena)->identity.size, 1 << 20));
  cr_assert(ne(u64, arena_header(&arena)->generation, 0));
  arena_close(&arena);
}

Test(arena, no_two_have_one_generation) {
  struct arena one = open_counting(), other = open_counting();
  cr_assert(ne(u64, arena_header(&one)->generation, arena_header(&other)->generation));
  arena_close(&one);
  arena_close(&other);
}

Test(arena, offsets_and_addresses_are_each_others_inverse_and_0_is_null) {
  struct arena arena = open_counting();
  cr_assert(arena_at_or_null(&arena, 0) == NULL);
  cr_assert(eq(u64, arena_off(&arena, arena_at(&arena, 4096)), 4096));
  arena_close(&arena);
}

Test(arena, a_size_that_cannot_be_mapped_is_a_system_error) {
  struct arena arena;
  cr_assert(eq(int, open_memory(&arena, UINT64_MAX / 2, count_formats, NULL), OC_ERR_SYSTEM));
}

static void *die_with_the_lock(void *context) {
  struct arena *arena = context;
  arena_lock(arena);
  arena_header(arena)->version = 41;
  arena_header(arena)->stamp = 9;
  arena_header(arena)->counters.hits = 7;
  return NULL;
}

Test(arena, whoever_locks_after_a_holder_died_finds_an_empty_one_of_another_generation) {
  struct arena arena = open_counting();
  uint64_t generation = arena_header(&arena)->generation;
  uint32_t changes = arena_header(&arena)->changes;
  pthread_t thread;
  cr_assert(eq(int, pthread_create(&thread, NULL, die_with_the_lock, &arena), 0));
  pthread_join(thread, NULL);
  arena_lock(&arena);
  cr_assert(eq(int, formats, 2));
  cr_assert(ne(u64, arena_header(&arena)->generation, generation));
  cr_assert(ne(u32, arena_header(&arena)->changes, changes));
  cr_assert(eq(u64, arena_header(&arena)->version, 42), "the version goes on, so that older leases are refused");
  cr_assert(eq(u64, arena_header(&arena)->stamp, 9), "no later state may have the stamp of an earlier one");
  cr_assert(eq(u64, arena_header(&arena)->counters.hits, 7), "counters say what the cache did, not what is in it");
  cr_assert(eq(u64, arena_header(&arena)->resets, 1));
  cr_assert(eq(str, arena_header(&arena)->started, "reset: a process died while it changed the cache"));
  arena_unlock(&arena);
  arena_lock(&arena); /* the lock is as good as before */
  cr_assert(eq(int, formats, 2));
  arena_unlock(&arena);
  arena_close(&arena);
}

Test(arena, what_is_found_to_be_damaged_is_emptied_before_anybody_else_sees_it) {
  struct arena arena = open_counting();
  uint64_t generation = arena_header(&arena)->generation;
  arena_lock(&arena);
  arena_damaged_locked(&arena);
  cr_assert(eq(int, formats, 1));
  arena_unlock(&arena);
  cr_assert(eq(int, formats, 2));
  cr_assert(ne(u64, arena_header(&arena)->generation, generation));
  cr_assert(eq(str, arena_header(&arena)->started, "reset: what was in the cache was damaged"));
  arena_lock(&arena);
  arena_unlock(&arena);
  cr_assert(eq(u64, arena_header(&arena)->resets, 1));
  arena_close(&arena);
}

Test(arena, a_lock_that_was_written_over_is_made_anew_and_the_arena_reset) {
  struct arena arena = open_counting();
  memset(&arena_header(&arena)->lock, 0xff, sizeof(struct lock));
  arena_lock(&arena);
  cr_assert(eq(int, formats, 2));
  cr_assert(eq(u64, arena_header(&arena)->resets, 1));
  arena_unlock(&arena);
  arena_close(&arena);
}

Test(arena, a_lock_that_was_given_back_unmended_is_made_anew_and_the_arena_reset) {
  struct arena arena = open_counting();
  struct lock *lock = &arena_header(&arena)->lock;
  pthread_t thread;
  cr_assert(eq(int, pthread_create(&thread, NULL, die_with_the_lock, &arena), 0));
  pthread_join(thread, NULL);
  cr_assert(eq(int, lock_take(lock), LOCK_ORPHANED));
  lock_give(lock);
  arena_lock(&arena);
  cr_assert(eq(int, formats, 2));
  arena_unlock(&arena);
  arena_lock(&arena);
  cr_assert(eq(int, formats, 2));
  arena_unlock(&arena);
  arena_close(&arena);
}
