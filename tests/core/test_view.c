#include "support.h"

static const uint64_t MINUTE = 60000;

static void move_on(struct arena *arena) { log_append_locked(arena, 0, 0, 0); }

Test(view, the_oldest_open_one_is_known_until_it_is_closed) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  cr_assert(eq(u64, view_oldest_locked(&arena, 0), UINT64_MAX));
  uint64_t version = log_head(&arena), first = view_open_locked(&arena, 1000, MINUTE);
  move_on(&arena);
  uint64_t second = view_open_locked(&arena, 1000, MINUTE);
  move_on(&arena);
  uint64_t third = view_open_locked(&arena, 1000, MINUTE);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), version));
  view_close_locked(&arena, second);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), version));
  view_close_locked(&arena, first);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), version + 2));
  view_close_locked(&arena, third);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000), UINT64_MAX));
  cr_assert(eq(u32, view_count_locked(&arena), 0));
  close_arena(&arena);
}

Test(view, one_that_nobody_closes_stops_counting_at_its_age) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint64_t view = view_open_locked(&arena, 1000, MINUTE);
  cr_assert(eq(u64, view_oldest_locked(&arena, 1000 + MINUTE), log_head(&arena)));
  cr_assert(view_counts_locked(&arena, view));
  cr_assert(eq(u64, view_oldest_locked(&arena, 1001 + MINUTE), UINT64_MAX));
  cr_assert(not(view_counts_locked(&arena, view)));
  close_arena(&arena);
}

Test(view, there_is_no_slot_when_all_are_open_but_an_aged_one_is_taken_over) {
  struct sizes sizes = {.views = 2};
  struct arena arena = open_arena(&sizes);
  uint64_t first = view_open_locked(&arena, 1000, MINUTE), second = view_open_locked(&arena, 2000, MINUTE);
  cr_assert(eq(u64, view_open_locked(&arena, 3000, MINUTE), 0));
  uint64_t later = 1001 + MINUTE, third = view_open_locked(&arena, later, MINUTE);
  cr_assert(third != 0 && third != first);
  view_close_locked(&arena, first); /* the one that aged: the slot is another's now */
  cr_assert(view_counts_locked(&arena, second) && view_counts_locked(&arena, third));
  cr_assert(eq(u32, view_count_locked(&arena), 2));
  close_arena(&arena);
}

Test(view, closing_twice_or_what_is_none_does_nothing) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint64_t view = view_open_locked(&arena, 1000, MINUTE);
  view_open_locked(&arena, 1000, MINUTE);
  view_close_locked(&arena, view);
  view_close_locked(&arena, view);
  view_close_locked(&arena, 0);
  view_close_locked(&arena, view + 60);
  view_close_locked(&arena, UINT64_MAX);
  cr_assert(eq(u32, view_count_locked(&arena), 1));
  close_arena(&arena);
}

Test(view, many_that_aged_at_once_go_a_few_with_each_call) {
  struct sizes sizes = {.views = 1000};
  struct arena arena = open_arena(&sizes);
  for (int i = 0; i < 1000; i++) view_open_locked(&arena, 1000, MINUTE);
  int calls = 0;
  while (view_oldest_locked(&arena, 1001 + MINUTE) != UINT64_MAX) calls++;
  cr_assert(calls > 1 && calls < 100, "%d", calls);
  cr_assert(eq(u32, view_count_locked(&arena), 0));
  close_arena(&arena);
}
