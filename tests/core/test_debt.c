#define _GNU_SOURCE

#include <semaphore.h>

#include "debt.h"
#include "processes.h"

#define SHIP S("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"shipped\"}}]")

enum { A_LONG_TIME = 600000 };

static oc_cache_t *open_child_cache(const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  return cache;
}

/* Has a mutation pending, until it closes the cache. */
static void write_for(struct child *self, const oc_options_t *options, uint64_t ttl) {
  oc_cache_t *cache = open_child_cache(options);
  if (oc_begin(cache, token_of(1), S("users:7"), SHIP, ttl, NULL) != OC_OK) _exit(2);
  child_says(self);
  child_waits(self);
  oc_close(cache);
  child_says(self);
  child_waits(self);
}

static void write_for_long(struct child *self, const oc_options_t *options) { write_for(self, options, A_LONG_TIME); }

static uint64_t moment;
static void write_for_a_moment(struct child *self, const oc_options_t *options) { write_for(self, options, moment); }

static void write_and_settle(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = open_child_cache(options);
  uint64_t version;
  if (oc_begin(cache, token_of(1), S("users:7"), SHIP, A_LONG_TIME, NULL) != OC_OK) _exit(2);
  if (oc_commit(cache, token_of(1), S(""), &version, NULL) != OC_OK) _exit(3);
  child_says(self);
  child_waits(self);
}

/* Goes on after its mutation's time, and settles it when it is let. */
static void outlive_and_settle(struct child *self, const oc_options_t *options) {
  oc_cache_t *opened = open_child_cache(options);
  uint64_t version;
  if (oc_begin(opened, token_of(1), S("users:7"), SHIP, 1, NULL) != OC_OK) _exit(2);
  child_says(self);
  child_waits(self);
  if (oc_commit(opened, token_of(1), S(""), &version, NULL) != OC_OK) _exit(3);
  child_says(self);
  child_waits(self);
}

static void stay(struct child *self, const oc_options_t *options) {
  (void)open_child_cache(options);
  child_says(self);
  child_waits(self);
}

/* ---- The test's own process ---- */

static oc_cache_t *cache;
static oc_events_t *events;
static sem_t called;
static uint64_t watch;

static void raise_semaphore(void *context) { sem_post(context); }

/*
 * Opens the cache beside `writer`, lets a process die while it changes the arena, and loads an entry of what the writer
 * is writing.
 */
static void reset_beside(oc_options_t options, void (*before)(void)) {
  struct child dying = meet_child(die_in_a_section, &options);
  cache = open_or_fail(options);
  if (before) before();
  let_child_go_on(&dying);
  await_child(&dying);
  end_child(&dying, SIGKILL);
  oc_stats_t stats;
  oc_stats(cache, &stats);
  cr_assert(eq(u64, stats.resets, 1));
  sem_init(&called, 0, 0);
  cr_assert(eq(int, oc_events_open(cache, OC_EVENT_INVALIDATE, &events, NULL), OC_OK));
  cr_assert(eq(int, oc_watch(cache, raise_semaphore, &called, &watch), OC_OK));
  oc_set_options_t set = {.tags = &S("orders:7"), .tag_count = 1};
  cr_assert(eq(int, oc_set(cache, S("order"), S("{\"id\":7}"), &set, NULL), OC_OK));
}

static oc_status get(void) {
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, NULL, S("order"), false, 0, &out, &hit, NULL);
  oc_buffer_free(&out);
  return status;
}

/* Hangs when it does not come. */
static void await_invalidation_of_everything(void) {
  oc_buffer_t json = {0};
  oc_lost_t lost;
  for (bool found = false; !found;) {
    cr_assert(eq(int, oc_events_read(events, &json, &lost, NULL), OC_OK));
    cr_assert(eq(int, buffer_append(&json, "", 1), OC_OK));
    found = strstr(json.data, "\"everything\":true") != NULL;
    if (!found) sem_wait(&called);
  }
  oc_buffer_free(&json);
}

static void close_all(void) {
  oc_unwatch(cache, watch);
  oc_events_close(events);
  oc_close(cache);
  sem_destroy(&called);
}

static uint32_t owing(void) {
  arena_lock(&cache->arena);
  uint32_t count = arena_header(&cache->arena)->debts.owing;
  arena_unlock(&cache->arena);
  return count;
}

/* On a slow machine a moment may be over before there was a reset: then it was too short. */
static struct child write_until_after_a_reset(oc_options_t options) {
  for (moment = 300;; moment *= 2) {
    struct child writer = meet_child(write_for_a_moment, &options);
    reset_beside(options, NULL);
    if (owing() > 0) return writer;
    end_child(&writer, SIGKILL);
    close_all();
  }
}

Test(debt, what_was_loaded_after_a_reset_goes_when_a_process_dies_whose_mutation_was_forgotten) {
  oc_options_t options = shared_options();
  struct child writer = meet_child(write_for_long, &options);
  reset_beside(options, NULL);
  uint64_t since = oc_version(cache);
  cr_assert(eq(int, get(), OC_OK));
  end_child(&writer, SIGKILL);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  oc_set_options_t late = {.tags = &S("orders:7"), .tag_count = 1, .since = since};
  cr_assert(eq(int, oc_set(cache, S("order"), S("{}"), &late, NULL), OC_REFUSED), "it may have been loaded before");
  cr_assert(eq(u32, owing(), 0));
  close_all();
}

Test(debt, it_goes_at_once_when_that_process_closes_the_cache) {
  oc_options_t options = shared_options();
  struct child writer = meet_child(write_for_long, &options);
  reset_beside(options, NULL);
  cr_assert(eq(int, get(), OC_OK));
  let_child_go_on(&writer);
  await_child(&writer);
  cr_assert(eq(int, get(), OC_MISS));
  end_child(&writer, 0);
  close_all();
}

Test(debt, it_goes_when_the_forgotten_mutation_would_have_expired_though_its_process_lives) {
  oc_options_t options = shared_options();
  struct child writer = write_until_after_a_reset(options);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  end_child(&writer, SIGKILL);
  close_all();
}

Test(debt, it_goes_although_another_process_took_the_dead_ones_place) {
  oc_options_t options = shared_options();
  struct child writer = meet_child(write_for_long, &options);
  reset_beside(options, NULL);
  end_child(&writer, SIGKILL);
  struct child next = meet_child(stay, &options);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  end_child(&next, SIGKILL);
  close_all();
}

static void leave_an_orphan_behind(void) {
  arena_lock(&cache->arena);
  arena_header(&cache->arena)->orphans_until = UINT64_MAX;
  arena_unlock(&cache->arena);
}

Test(debt, it_goes_when_a_process_had_died_just_before_the_reset) {
  reset_beside(shared_options(), leave_an_orphan_behind);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  close_all();
}

Test(debt, it_goes_in_time_although_the_clock_is_set_back) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  uint64_t next;
  arena_header(&arena)->debts.gone = 1;
  cr_assert(not(debt_sweep_locked(&arena, 5000000, &next)));
  cr_assert(debt_sweep_locked(&arena, 1000, &next));
  cr_assert(eq(u64, next, 0));
  close_arena(&arena);
}

Test(debt, who_had_nothing_pending_at_the_reset_owes_nothing_and_may_die) {
  oc_options_t options = shared_options();
  struct child writer = meet_child(write_and_settle, &options);
  reset_beside(options, NULL);
  cr_assert(eq(u32, owing(), 0));
  end_child(&writer, SIGKILL);
  arena_lock(&cache->arena);
  uint64_t next;
  process_reap_locked(&cache->arena);
  cr_assert(eq(u32, process_count_locked(&cache->arena), 1));
  cr_assert(not(debt_sweep_locked(&cache->arena, UINT64_MAX - A_LONG_TIME, &next)));
  cr_assert(eq(u64, next, 0));
  arena_unlock(&cache->arena);
  cr_assert(eq(int, get(), OC_OK));
  close_all();
}

Test(debt, a_debt_outlives_a_second_reset) {
  oc_options_t options = shared_options();
  struct child writer = meet_child(write_for_long, &options), dying = meet_child(die_in_a_section, &options);
  reset_beside(options, NULL);
  let_child_go_on(&dying);
  await_child(&dying);
  end_child(&dying, SIGKILL);
  cr_assert(eq(u32, owing(), 1));
  end_child(&writer, SIGKILL);
  await_invalidation_of_everything();
  cr_assert(eq(u32, owing(), 0));
  close_all();
}

/* ---- Mutations that outlive their time ---- */

static void load(void) {
  oc_set_options_t set = {.tags = &S("orders:7"), .tag_count = 1, .since = oc_version(cache)};
  cr_assert(eq(int, oc_set(cache, S("order"), S("{\"id\":7}"), &set, NULL), OC_OK));
}

/* A child whose mutation expired, and an entry that was loaded since. */
static struct child expire_beside(oc_options_t options) {
  struct child writer = meet_child(outlive_and_settle, &options);
  cache = open_or_fail(options);
  sem_init(&called, 0, 0);
  cr_assert(eq(int, oc_events_open(cache, OC_EVENT_INVALIDATE, &events, NULL), OC_OK));
  cr_assert(eq(int, oc_watch(cache, raise_semaphore, &called, &watch), OC_OK));
  oc_mutation_info_t info;
  uint64_t next;
  do oc_sweep(cache, &next);
  while (oc_status_of(cache, token_of(1), S("users:7"), &info, NULL) == OC_OK && info.state == OC_PENDING);
  cr_assert(eq(u32, owing(), 1));
  load();
  return writer;
}

Test(debt, what_was_loaded_since_a_mutation_expired_goes_when_its_process_dies_without_having_settled_it) {
  struct child writer = expire_beside(shared_options());
  cr_assert(eq(int, get(), OC_OK));
  end_child(&writer, SIGKILL);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  cr_assert(eq(u32, owing(), 0));
  close_all();
}

Test(debt, who_settled_what_had_expired_owes_nothing_and_may_die) {
  struct child writer = expire_beside(shared_options());
  let_child_go_on(&writer);
  await_child(&writer);
  cr_assert(eq(int, get(), OC_MISS));
  cr_assert(eq(u32, owing(), 0));
  load();
  end_child(&writer, SIGKILL);
  arena_lock(&cache->arena);
  uint64_t next;
  process_reap_locked(&cache->arena);
  cr_assert(not(debt_sweep_locked(&cache->arena, UINT64_MAX - A_LONG_TIME, &next)));
  arena_unlock(&cache->arena);
  cr_assert(eq(int, get(), OC_OK));
  close_all();
}

Test(debt, what_it_owes_for_an_expired_mutation_outlives_a_reset) {
  oc_options_t options = shared_options();
  struct child dying = meet_child(die_in_a_section, &options), writer = expire_beside(options);
  let_child_go_on(&dying);
  await_child(&dying);
  end_child(&dying, SIGKILL);
  cr_assert(eq(u32, owing(), 1));
  load();
  end_child(&writer, SIGKILL);
  await_invalidation_of_everything();
  cr_assert(eq(int, get(), OC_MISS));
  close_all();
}
