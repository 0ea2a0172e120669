#include "support.h"

static const uint64_t MINUTE = 60000;

Test(view, the_oldest_open_one_is_known_until_it_is_closed) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  cr_assert(eq(u64, view_oldest_locked(&arena, 0), UINT64_MAX));
  uint32_t five = view_open_locked(&arena, 5, 1000), three = view_open_locked(&arena, 3, 1000);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), 3));
  view_close_locked(&arena, three, 1000);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), 5));
  view_close_locked(&arena, five, 1000);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), UINT64_MAX));
  cr_assert(eq(u32, view_count_locked(&arena), 0));
  close_arena(&arena);
}

Test(view, one_that_nobody_closes_stops_counting_after_a_minute) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  view_open_locked(&arena, 5, 1000);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000 + MINUTE), 5));
  cr_assert(eq(u64, view_oldest_locked(&arena, 1001 + MINUTE), UINT64_MAX));
  close_arena(&arena);
}

Test(view, there_is_no_slot_when_all_are_open_but_an_aged_one_is_taken_over) {
  struct sizes sizes = {.views = 2};
  struct arena arena = open_arena(&sizes);
  uint32_t first = view_open_locked(&arena, 5, 1000);
  view_open_locked(&arena, 6, 2000);
  cr_assert(eq(u32, view_open_locked(&arena, 7, 3000), 0));
  uint64_t later = 1001 + MINUTE;
  cr_assert(eq(u32, view_open_locked(&arena, 8, later), first));
  cr_assert(eq(u32, view_count_locked(&arena), 2));
  view_close_locked(&arena, first, 1000); /* the one that aged: the slot is another's now */
  cr_assert(eq(u32, view_count_locked(&arena), 2));
  cr_assert(eq(u64, view_oldest_locked(&arena, later), 6));
  close_arena(&arena);
}

Test(view, closing_twice_or_without_a_slot_does_nothing) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t index = view_open_locked(&arena, 5, 1000);
  view_open_locked(&arena, 6, 1000);
  view_close_locked(&arena, index, 1000);
  view_close_locked(&arena, index, 1000);
  view_close_locked(&arena, 0, 1000);
  view_close_locked(&arena, 60, 1000);
  cr_assert(eq(u32, view_count_locked(&arena), 1));
  close_arena(&arena);
}
