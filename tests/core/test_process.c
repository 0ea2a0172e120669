#define _GNU_SOURCE

#include "processes.h"

static oc_cache_t *open_child_cache(const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  return cache;
}

static void stay(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = open_child_cache(options);
  child_says(self);
  child_waits(self);
  oc_close(cache);
  child_says(self);
  child_waits(self);
}

/* The opening in a slot other than ours. */
static struct process_id other_of(oc_cache_t *cache) {
  const struct arena_header *header = arena_header(&cache->arena);
  for (uint32_t slot = 0; slot < PROCESSES_MOST; slot++)
    if (header->processes[slot].serial && slot != cache->arena.self.slot)
      return (struct process_id){slot, header->processes[slot].serial};
  return (struct process_id){0, 0};
}

static bool is_alive(oc_cache_t *cache, struct process_id id) {
  arena_lock(&cache->arena);
  bool alive = process_is_alive_locked(&cache->arena, id);
  arena_unlock(&cache->arena);
  return alive;
}

Test(process, an_opening_is_alive_for_itself_and_nobody_is_dead) {
  oc_cache_t *cache = open_or_fail(shared_options());
  cr_assert(is_alive(cache, process_self(&cache->arena)));
  cr_assert(not(is_alive(cache, (struct process_id){0, 0})));
  cr_assert(not(is_alive(cache, (struct process_id){PROCESSES_MOST, 1})));
  oc_close(cache);
}

Test(process, private_memory_has_one_process_which_is_alive) {
  oc_cache_t *cache = open_or_fail((oc_options_t){.name = S("private"), .max_bytes = 1 << 20});
  cr_assert(is_alive(cache, process_self(&cache->arena)));
  cr_assert(not(is_alive(cache, (struct process_id){1, 2})));
  oc_close(cache);
}

Test(process, another_process_is_alive_until_it_is_killed) {
  oc_options_t options = shared_options();
  struct child child = meet_child(stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  struct process_id other = other_of(cache);
  cr_assert(is_alive(cache, other));
  end_child(&child, SIGKILL);
  cr_assert(not(is_alive(cache, other)));
  oc_close(cache);
}

Test(process, another_process_is_dead_once_it_closed_although_it_runs_on) {
  oc_options_t options = shared_options();
  struct child child = meet_child(stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  struct process_id other = other_of(cache);
  let_child_go_on(&child);
  await_child(&child);
  cr_assert(not(is_alive(cache, other)));
  end_child(&child, 0);
  oc_close(cache);
}

Test(process, the_next_in_a_dead_ones_slot_is_not_taken_for_it) {
  oc_options_t options = shared_options();
  struct child first = meet_child(stay, &options);
  struct child second = meet_child(stay, &options);
  oc_cache_t *cache = open_or_fail(options);
  struct process_id dead = other_of(cache);
  end_child(&first, SIGKILL);
  struct child third = meet_child(stay, &options);
  struct process_id next = other_of(cache);
  cr_assert(eq(u32, next.slot, dead.slot), "the slot is used again");
  cr_assert(is_alive(cache, next));
  cr_assert(not(is_alive(cache, dead)));
  end_child(&second, SIGKILL);
  end_child(&third, SIGKILL);
  oc_close(cache);
}

Test(process, reaping_frees_the_slots_of_the_dead_and_no_others) {
  oc_options_t options = shared_options();
  struct child killed = start_child(stay, &options), staying = start_child(stay, &options);
  await_child(&killed);
  await_child(&staying);
  oc_cache_t *cache = open_or_fail(options);
  end_child(&killed, SIGKILL);
  arena_lock(&cache->arena);
  cr_assert(eq(u32, process_count_locked(&cache->arena), 3));
  cr_assert(eq(u32, process_reap_locked(&cache->arena), 1));
  cr_assert(eq(u32, process_reap_locked(&cache->arena), 0));
  cr_assert(eq(u32, process_count_locked(&cache->arena), 2));
  arena_unlock(&cache->arena);
  end_child(&staying, SIGKILL);
  oc_close(cache);
}

Test(process, no_more_than_256_processes_open_one_arena) {
  oc_options_t options = shared_options();
  struct mapping claims;
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(eq(int, mapping_open(&claims, OC_SHARED, options.name, NULL), OC_OK));
  for (uint32_t slot = 1; slot < PROCESSES_MOST; slot++) cr_assert(mapping_claim(&claims, slot));
  mapping_open_gate(&claims);
  struct attach_options again = {.kind = OC_SHARED,
                                 .place = options.name,
                                 .any_size = true,
                                 .structs = arena_header(&cache->arena)->identity.structs};
  struct arena arena;
  oc_error_t error = {0};
  cr_assert(eq(int, attach_open(&arena, &again, &error), OC_ERR_FULL));
  cr_assert(strstr(error.message, "256 processes") != NULL, "%s", error.message);
  mapping_close(&claims);
  oc_close(cache);
  cr_assert(eq(int, access(region_path(), F_OK), -1));
}

Test(process, a_child_of_fork_does_not_keep_its_dead_parent_alive) {
  oc_options_t options = shared_options();
  struct child parent = start_child(stay, &options), grandchild;
  await_child(&parent);
  oc_cache_t *cache = open_or_fail(options);
  cr_assert(is_alive(cache, other_of(cache)));
  oc_close(cache);
  end_child(&parent, SIGKILL);

  cache = open_or_fail(options);
  grandchild = start_child(stay, &options); /* it opens its own, though its parent had one */
  await_child(&grandchild);
  cr_assert(is_alive(cache, other_of(cache)));
  struct process_id self = process_self(&cache->arena);
  oc_close(cache);
  cache = open_or_fail(options);
  cr_assert(not(is_alive(cache, self)), "the child gave its parent's claim up");
  end_child(&grandchild, SIGKILL);
  oc_close(cache);
}

Test(process, who_asks_again_and_again_looks_a_few_times_a_second_and_at_once_when_the_clock_went_back) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint64_t next = 0;
  cr_assert(process_look_locked(&arena, 10000, &next));
  cr_assert(not(process_look_locked(&arena, 10000, &next)));
  cr_assert(not(process_look_locked(&arena, next - 1, &next)));
  cr_assert(process_look_locked(&arena, next, &next));
  cr_assert(le(u64, next, 11000), "a death is noticed within a second");
  cr_assert(process_look_locked(&arena, 5000, &next));
  close_arena(&arena);
}
