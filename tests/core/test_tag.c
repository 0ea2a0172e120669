#include "support.h"

static uint64_t append_to(struct arena *arena, uint32_t tag) {
  oc_off memory = alloc_get_locked(arena, log_record_bytes(1, 0));
  *(struct log_link *)arena_at(arena, memory) = (struct log_link){.tag = tag, .effects = LOG_INVALIDATE};
  return log_append_locked(arena, memory, 1, 0);
}

Test(tag, one_name_is_one_tag_however_many_use_it) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  cr_assert(ne(u32, tag, 0));
  cr_assert(eq(u32, tag_use_locked(&arena, S("orders")), tag));
  cr_assert(eq(u32, tag_find_locked(&arena, S("orders")), tag));
  cr_assert(eq(u32, tag_find_locked(&arena, S("orders:7")), 0));
  cr_assert(eq(u32, tag_count_locked(&arena), 1));
  close_arena(&arena);
}

Test(tag, an_idle_one_is_remembered_as_long_as_there_is_room) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  uint64_t version = append_to(&arena, tag);
  tag_drop_locked(&arena, tag);
  cr_assert(eq(u32, tag_find_locked(&arena, S("orders")), tag));
  cr_assert(eq(u64, tag_at(&arena, tag)->last, version));
  close_arena(&arena);
}

Test(tag, a_full_table_recycles_the_one_that_is_idle_for_the_longest) {
  struct sizes sizes = {.tags = 3};
  struct arena arena = open_arena(&sizes);
  tag_use_locked(&arena, S("used"));
  uint32_t first = tag_use_locked(&arena, S("first")), second = tag_use_locked(&arena, S("second"));
  tag_drop_locked(&arena, first);
  tag_drop_locked(&arena, second);
  cr_assert(ne(u32, tag_use_locked(&arena, S("new")), 0));
  cr_assert(eq(u32, tag_find_locked(&arena, S("first")), 0));
  cr_assert(ne(u32, tag_find_locked(&arena, S("second")), 0));
  cr_assert(ne(u32, tag_find_locked(&arena, S("used")), 0));
  close_arena(&arena);
}

Test(tag, one_that_is_used_again_is_no_longer_idle) {
  struct sizes sizes = {.tags = 2};
  struct arena arena = open_arena(&sizes);
  uint32_t first = tag_use_locked(&arena, S("first")), second = tag_use_locked(&arena, S("second"));
  tag_drop_locked(&arena, first);
  tag_drop_locked(&arena, second);
  cr_assert(eq(u32, tag_use_locked(&arena, S("first")), first));
  cr_assert(ne(u32, tag_use_locked(&arena, S("new")), 0));
  cr_assert(eq(u32, tag_find_locked(&arena, S("first")), first));
  cr_assert(eq(u32, tag_find_locked(&arena, S("second")), 0));
  close_arena(&arena);
}

Test(tag, one_that_nobody_uses_and_is_dropped_shows_that_the_arena_is_damaged) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("orders"));
  tag_drop_locked(&arena, tag);
  tag_drop_locked(&arena, tag);
  arena_unlock(&arena);
  arena_lock(&arena);
  cr_assert(eq(u64, arena_header(&arena)->resets, 1));
  cr_assert(eq(u32, tag_find_locked(&arena, S("orders")), 0));
  close_arena(&arena);
}

Test(tag, there_is_none_when_all_are_in_use) {
  struct sizes sizes = {.tags = 2};
  struct arena arena = open_arena(&sizes);
  tag_use_locked(&arena, S("first"));
  tag_use_locked(&arena, S("second"));
  uint64_t used = alloc_used_locked(&arena);
  cr_assert(eq(u32, tag_use_locked(&arena, S("third")), 0));
  cr_assert(eq(u64, alloc_used_locked(&arena), used));
  close_arena(&arena);
}

Test(tag, one_that_was_forgotten_comes_back_as_changed_no_earlier_than_it_was) {
  struct sizes sizes = {.tags = 1};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("forgotten"));
  uint64_t version = append_to(&arena, tag);
  tag_drop_locked(&arena, tag);
  tag = tag_use_locked(&arena, S("other"));
  cr_assert(ge(u64, tag_floor_locked(&arena), version));
  tag_drop_locked(&arena, tag);
  tag = tag_use_locked(&arena, S("forgotten"));
  cr_assert(ge(u64, tag_at(&arena, tag)->last, version));
  close_arena(&arena);
}

Test(tag, a_rollback_is_not_forgotten_with_its_tag_either) {
  struct sizes sizes = {.tags = 1};
  struct arena arena = open_arena(&sizes);
  uint32_t tag = tag_use_locked(&arena, S("forgotten"));
  tag_at(&arena, tag)->unsettled = 17;
  tag_drop_locked(&arena, tag);
  tag_use_locked(&arena, S("other"));
  cr_assert(ge(u64, tag_floor_locked(&arena), 17));
  close_arena(&arena);
}

Test(tag, when_all_have_changed_so_have_those_that_nobody_knows_yet) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint32_t used = tag_use_locked(&arena, S("used")), idle = tag_use_locked(&arena, S("idle"));
  tag_drop_locked(&arena, idle);
  tag_change_all_locked(&arena, 9);
  cr_assert(eq(u64, tag_last_locked(&arena, used), 9));
  cr_assert(eq(u64, tag_last_locked(&arena, idle), 9));
  cr_assert(eq(u64, tag_last_locked(&arena, tag_use_locked(&arena, S("new"))), 9));
  close_arena(&arena);
}
