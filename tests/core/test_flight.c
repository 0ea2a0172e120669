#define _GNU_SOURCE

#include <semaphore.h>

#include "processes.h"

static const uint64_t NOW = 1000, MINUTE = 60000;

static struct flight_grant begin_since(struct arena *arena, const char *key, uint64_t now, uint64_t least) {
  struct flight_request request = {.key = S(key), .least = least, .now = now, .deadline = now + MINUTE};
  struct flight_grant grant;
  flight_begin_locked(arena, &request, &grant);
  return grant;
}

static struct flight_grant begin_at(struct arena *arena, const char *key, uint64_t now) {
  return begin_since(arena, key, now, log_head(arena));
}

static struct flight_grant begin(struct arena *arena, const char *key) { return begin_at(arena, key, NOW); }

static bool end(struct arena *arena, struct flight_grant flight, oc_flight_state state) {
  return flight_end_locked(arena, flight.id, state, (oc_slice_t){NULL, 0});
}

static char reason[OC_FLIGHT_REASON_MOST + 1];

static oc_flight_state look_at(struct arena *arena, struct flight_grant flight, uint64_t now) {
  bool wake;
  return flight_look_locked(arena, flight.id, now, reason, &wake);
}

static oc_flight_state look(struct arena *arena, struct flight_grant flight) { return look_at(arena, flight, NOW); }

/* ---- Rules ---- */

Test(flight, the_first_to_begin_leads_and_the_others_wait_for_its_load) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant first = begin(&arena, "a"), second = begin(&arena, "a"), other = begin(&arena, "b");
  cr_assert(first.leads && other.leads && !second.leads);
  cr_assert(first.id && second.id == first.id && other.id != first.id);
  cr_assert(eq(u64, second.since, first.since));
  cr_assert(eq(u64, second.deadline, NOW + MINUTE));
  cr_assert(eq(u32, flight_count_locked(&arena), 2));
  cr_assert(eq(int, look(&arena, second), OC_FLIGHT_LOADING));
  close_arena(&arena);
}

Test(flight, all_who_wait_learn_how_it_ended_each_once) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a"), waiting[2] = {begin(&arena, "a"), begin(&arena, "a")};
  cr_assert(end(&arena, leader, OC_FLIGHT_UNKEPT));
  cr_assert(eq(int, look(&arena, waiting[0]), OC_FLIGHT_UNKEPT));
  cr_assert(eq(int, look(&arena, waiting[1]), OC_FLIGHT_UNKEPT));
  cr_assert(eq(int, look(&arena, waiting[0]), OC_FLIGHT_ABANDONED), "it is forgotten with the last who waited");
  cr_assert(eq(u32, flight_count_locked(&arena), 0));
  close_arena(&arena);
}

Test(flight, a_load_that_nobody_waits_for_wakes_nobody_and_leaves_nothing) {
  struct sizes sizes = {.flights = 1};
  struct arena arena = open_arena(&sizes);
  for (int i = 0; i < 3; i++) {
    struct flight_grant leader = begin(&arena, i % 2 ? "a" : "b");
    cr_assert(leader.leads && leader.id);
    cr_assert(not(end(&arena, leader, OC_FLIGHT_KEPT)));
  }
  struct flight_grant leader = begin(&arena, "a"), left = begin(&arena, "a");
  flight_leave_locked(&arena, left.id);
  cr_assert(not(end(&arena, leader, OC_FLIGHT_KEPT)));
  close_arena(&arena);
}

Test(flight, a_load_from_before_a_version_that_the_caller_knows_is_not_joined) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant older = begin(&arena, "a"), waiting = begin(&arena, "a");
  log_append_locked(&arena, 0, 0, 0);
  struct flight_grant newer = begin(&arena, "a");
  cr_assert(newer.leads && newer.id != older.id);
  cr_assert(eq(u64, newer.since, older.since + 1));
  cr_assert(eq(u64, begin(&arena, "a").id, newer.id), "the newest is joined from then on");
  cr_assert(end(&arena, older, OC_FLIGHT_KEPT), "who waited for the older one goes on waiting for it");
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_KEPT));
  cr_assert(eq(u64, begin(&arena, "a").id, newer.id));
  close_arena(&arena);
}

Test(flight, a_caller_who_takes_any_version_joins_an_older_load) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant older = begin(&arena, "a");
  log_append_locked(&arena, 0, 0, 0);
  struct flight_grant joined = begin_since(&arena, "a", NOW, 0);
  cr_assert(joined.id == older.id && !joined.leads && joined.since == older.since);
  close_arena(&arena);
}

Test(flight, the_reason_of_a_failure_reaches_each_who_waited_although_another_load_began_meanwhile) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a"), waiting[2] = {begin(&arena, "a"), begin(&arena, "a")};
  cr_assert(flight_end_locked(&arena, leader.id, OC_FLIGHT_FAILED, S("database is locked")));
  struct flight_grant next = begin(&arena, "a");
  cr_assert(next.leads && next.id != leader.id, "an ended load is not joined");
  for (int i = 0; i < 2; i++) {
    memset(reason, 'x', sizeof reason);
    cr_assert(eq(int, look(&arena, waiting[i]), OC_FLIGHT_FAILED));
    cr_assert(eq(str, reason, "database is locked"));
  }
  close_arena(&arena);
}

Test(flight, a_reason_that_is_too_long_is_cut_between_two_characters) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a"), waiting = begin(&arena, "a");
  char text[OC_FLIGHT_REASON_MOST + 9];
  memset(text, 'x', sizeof text);
  memcpy(text + OC_FLIGHT_REASON_MOST - 1, "\xe2\x82\xac", 3); /* the first byte would fit */
  cr_assert(flight_end_locked(&arena, leader.id, OC_FLIGHT_FAILED, (oc_slice_t){text, sizeof text}));
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_FAILED));
  cr_assert(eq(sz, strlen(reason), OC_FLIGHT_REASON_MOST - 1));
  close_arena(&arena);
}

Test(flight, ending_a_load_twice_or_one_that_there_is_not_does_nothing) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a"), waiting = begin(&arena, "a");
  for (uint64_t id = 0; id < 5000; id++)
    if (id != leader.id) cr_assert(not(flight_end_locked(&arena, id, OC_FLIGHT_KEPT, S(""))));
  cr_assert(end(&arena, leader, OC_FLIGHT_KEPT));
  cr_assert(not(end(&arena, leader, OC_FLIGHT_FAILED)));
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_KEPT));
  flight_leave_locked(&arena, waiting.id);
  cr_assert(not(flight_end_locked(&arena, UINT64_MAX, OC_FLIGHT_KEPT, S(""))));
  close_arena(&arena);
}

/* ---- Deadlines ---- */

Test(flight, at_its_deadline_a_load_is_abandoned_and_the_next_caller_leads) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant late = begin(&arena, "a"), waiting = begin(&arena, "a");
  cr_assert(not(begin_at(&arena, "a", NOW + MINUTE - 1).leads));
  struct flight_grant next = begin_at(&arena, "a", NOW + MINUTE);
  cr_assert(next.leads && next.abandoned, "those who wait are to be woken");
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_ABANDONED));
  cr_assert(not(end(&arena, late, OC_FLIGHT_KEPT)), "the late one has nobody to tell");
  cr_assert(eq(u64, begin_at(&arena, "a", NOW + MINUTE).id, next.id));
  close_arena(&arena);
}

Test(flight, who_looks_at_the_deadline_finds_it_abandoned_and_wakes_the_others) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a");
  begin(&arena, "a");
  begin(&arena, "a");
  bool wake;
  oc_flight_state state = flight_look_locked(&arena, leader.id, NOW + MINUTE - 1, reason, &wake);
  cr_assert(state == OC_FLIGHT_LOADING && !wake);
  state = flight_look_locked(&arena, leader.id, NOW + MINUTE, reason, &wake);
  cr_assert(state == OC_FLIGHT_ABANDONED && wake);
  state = flight_look_locked(&arena, leader.id, NOW + MINUTE, reason, &wake);
  cr_assert(state == OC_FLIGHT_ABANDONED && !wake);
  close_arena(&arena);
}

/* ---- A full table ---- */

Test(flight, when_all_are_under_way_a_caller_loads_without_telling_anybody) {
  struct sizes sizes = {.flights = 2};
  struct arena arena = open_arena(&sizes);
  struct flight_grant leader = begin(&arena, "a");
  begin(&arena, "b");
  for (int i = 0; i < 3; i++) {
    struct flight_grant untold = begin(&arena, "c");
    cr_assert(untold.leads && untold.id == 0 && untold.since == log_head(&arena));
  }
  cr_assert(not(begin(&arena, "a").leads), "those that are under way are joined all the same");
  end(&arena, leader, OC_FLIGHT_KEPT);
  cr_assert(begin(&arena, "c").id != 0, "what ended makes room, whoever has not looked yet");
  close_arena(&arena);
}

Test(flight, of_ended_ones_that_nobody_looks_at_the_oldest_makes_room) {
  struct sizes sizes = {.flights = 3};
  struct arena arena = open_arena(&sizes);
  struct flight_grant waiting[3];
  const char *const keys[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++) {
    struct flight_grant leader = begin(&arena, keys[i]);
    waiting[i] = begin(&arena, keys[i]);
    end(&arena, leader, OC_FLIGHT_KEPT);
  }
  cr_assert(begin(&arena, "d").id != 0);
  cr_assert(eq(int, look(&arena, waiting[0]), OC_FLIGHT_ABANDONED), "forgotten: who waited begins again");
  cr_assert(eq(int, look(&arena, waiting[1]), OC_FLIGHT_KEPT));
  cr_assert(eq(int, look(&arena, waiting[2]), OC_FLIGHT_KEPT));
  close_arena(&arena);
}

Test(flight, a_full_table_gives_up_what_is_overdue) {
  struct sizes sizes = {.flights = 2};
  struct arena arena = open_arena(&sizes);
  begin(&arena, "a");
  begin(&arena, "b");
  struct flight_grant waiting = begin(&arena, "b");
  struct flight_grant next = begin_at(&arena, "c", NOW + MINUTE);
  cr_assert(next.id != 0 && next.abandoned);
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_ABANDONED));
  close_arena(&arena);
}

Test(flight, after_a_reset_there_are_none_and_no_number_comes_again) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct flight_grant before = begin(&arena, "a"), waiting = begin(&arena, "a");
  arena.format(&arena, arena.context);
  cr_assert(eq(int, look(&arena, waiting), OC_FLIGHT_ABANDONED));
  struct flight_grant after = begin(&arena, "a");
  cr_assert(after.leads && after.id != before.id);
  struct flight_grant joined = begin(&arena, "a");
  cr_assert(not(end(&arena, before, OC_FLIGHT_KEPT)));
  cr_assert(eq(int, look(&arena, joined), OC_FLIGHT_LOADING));
  close_arena(&arena);
}

/* Against a model that knows all flights: what each who waits is told, in whatever order they come, end and look. */
Test(flight, random_callers_are_told_what_became_of_the_load_that_they_joined) {
  enum { KEYS = 5, LOADS = 4000, WAITING = 64, STEPS = 20000 };
  static struct {
    uint64_t id;
    oc_flight_state state;
  } loads[LOADS];
  static struct {
    struct flight_grant grant;
    uint32_t load;
  } waiting[WAITING];
  const char *const keys[KEYS] = {"a", "b", "c", "d", "e"};
  uint32_t load_count = 0, waiting_count = 0;
  unsigned seed = 20261124;
  struct sizes sizes = {.flights = 4096 - 1, .bytes = 8 << 20};
  struct arena arena = open_arena(&sizes);
  for (int step = 0; step < STEPS && load_count < LOADS; step++) {
    int dice = rand_r(&seed) % 10;
    if (dice == 0) log_append_locked(&arena, 0, 0, 0);
    else if (dice < 5 && waiting_count < WAITING) {
      struct flight_grant grant = begin(&arena, keys[rand_r(&seed) % KEYS]);
      if (grant.leads) {
        cr_assert(eq(u64, grant.since, log_head(&arena)));
        loads[load_count].id = grant.id;
        loads[load_count++].state = OC_FLIGHT_LOADING;
      } else {
        uint32_t load = load_count;
        while (load > 0 && loads[load - 1].id != grant.id) load--;
        cr_assert(load > 0 && loads[load - 1].state == OC_FLIGHT_LOADING, "seed 20261124, step %d", step);
        waiting[waiting_count].grant = grant;
        waiting[waiting_count++].load = load - 1;
      }
    } else if (dice < 7 && load_count > 0) {
      uint32_t load = load_count - 1 - (uint32_t)rand_r(&seed) % (load_count < 8 ? load_count : 8);
      oc_flight_state state = OC_FLIGHT_KEPT + (oc_flight_state)(rand_r(&seed) % 4);
      flight_end_locked(&arena, loads[load].id, state, S("why"));
      if (loads[load].state == OC_FLIGHT_LOADING) loads[load].state = state;
    } else if (waiting_count > 0) {
      uint32_t who = (uint32_t)rand_r(&seed) % waiting_count;
      oc_flight_state state = look(&arena, waiting[who].grant);
      cr_assert(eq(int, state, loads[waiting[who].load].state), "seed 20261124, step %d", step);
      if (state != OC_FLIGHT_LOADING) waiting[who] = waiting[--waiting_count];
    }
  }
  cr_assert(load_count > 1000);
  close_arena(&arena);
}

/* ---- Other processes ---- */

Test(flight, nobody_looks_whether_a_process_lives_whose_load_has_ended) {
  struct sizes sizes = {0};
  struct arena arena = open_arena(&sizes);
  struct process_id self = arena.self;
  uint64_t next;
  arena.self = (struct process_id){.slot = self.slot + 1, .serial = self.serial + 1};
  struct flight_grant leader = begin(&arena, "a");
  arena.self = self;
  cr_assert(begin(&arena, "a").is_first);
  cr_assert(end(&arena, leader, OC_FLIGHT_KEPT));
  flight_sweep_locked(&arena, NOW, &next);
  cr_assert(eq(u64, next, 0));
  close_arena(&arena);
}

static void load_for_ever(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  oc_flight_t flight;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  if (oc_flight_begin(cache, S("order"), 0, 0, &flight, NULL) != OC_OK || !flight.leads) _exit(1);
  child_says(self);
  child_waits(self);
  oc_close(cache);
  child_says(self);
  child_waits(self);
}

static void post(void *context) { sem_post(context); }

/* Looks only when it is called: a test that hangs was not. */
static oc_flight_state await_flight(oc_cache_t *cache, sem_t *events, uint64_t id) {
  oc_flight_state state;
  while ((state = oc_flight_look(cache, id, reason)) == OC_FLIGHT_LOADING) sem_wait(events);
  return state;
}

static void assert_another_loads_after(int signal_number) {
  oc_options_t options = shared_options();
  struct child child = meet_child(load_for_ever, &options);
  oc_cache_t *cache = open_or_fail(options);
  sem_t events;
  uint64_t id;
  sem_init(&events, 0, 0);
  cr_assert(eq(int, oc_watch(cache, post, &events, &id), OC_OK));
  oc_flight_t waiting[2], next;
  for (int i = 0; i < 2; i++) {
    cr_assert(eq(int, oc_flight_begin(cache, S("order"), oc_version(cache), 0, &waiting[i], NULL), OC_OK));
    cr_assert(not(waiting[i].leads));
  }
  if (signal_number) kill(child.pid, signal_number);
  else let_child_go_on(&child);
  for (int i = 0; i < 2; i++) cr_assert(eq(int, await_flight(cache, &events, waiting[i].id), OC_FLIGHT_ABANDONED));
  cr_assert(eq(int, oc_flight_begin(cache, S("order"), oc_version(cache), 0, &next, NULL), OC_OK));
  cr_assert(next.leads && next.id != waiting[0].id);
  oc_unwatch(cache, id);
  end_child(&child, SIGKILL);
  oc_close(cache);
  sem_destroy(&events);
}

Test(flight, those_who_wait_for_a_process_that_is_killed_are_called_and_one_of_them_loads) {
  assert_another_loads_after(SIGKILL);
}

Test(flight, those_who_wait_for_a_process_that_closes_the_cache_are_called_and_one_of_them_loads) {
  assert_another_loads_after(0);
}

static void lead_all(struct child *self, const oc_options_t *options) {
  oc_cache_t *cache = NULL;
  if (oc_open(options, &cache, NULL) != OC_OK) _exit(1);
  oc_flight_t flight = {.id = 1};
  char key[16];
  for (int i = 0; flight.id != 0; i++) {
    snprintf(key, sizeof key, "key %d", i);
    if (oc_flight_begin(cache, S(key), 0, 0, &flight, NULL) != OC_OK || !flight.leads) _exit(1);
  }
  child_says(self);
  child_waits(self);
}

Test(flight, a_table_full_of_the_loads_of_a_process_that_was_killed_is_used_again) {
  oc_options_t options = shared_options();
  struct child child = meet_child(lead_all, &options);
  oc_cache_t *cache = open_or_fail(options);
  end_child(&child, SIGKILL);
  oc_stats_t stats;
  oc_stats(cache, &stats);
  cr_assert(stats.flights > 0);
  arena_lock(&cache->arena);
  struct flight_grant next = begin_at(&cache->arena, "order", clock_now() + 1000); /* it does not look all the time */
  cr_assert(next.leads && next.id != 0);
  cr_assert(eq(u32, flight_count_locked(&cache->arena), 1));
  arena_unlock(&cache->arena);
  oc_close(cache);
}

/* ---- The public functions ---- */

Test(flight, an_entry_that_came_is_present_until_it_expires) {
  oc_cache_t *cache = open_or_fail((oc_options_t){.name = S("flight"), .max_bytes = 1 << 20});
  oc_flight_t flight;
  cr_assert(eq(int, oc_flight_begin(cache, S("order"), 0, 0, &flight, NULL), OC_OK));
  cr_assert(flight.leads && !flight.present);
  oc_set_options_t set = {.expires_at = 0};
  cr_assert(eq(int, oc_set(cache, S("order"), S("1"), &set, NULL), OC_OK));
  cr_assert(eq(int, oc_flight_end(cache, flight.id, OC_FLIGHT_KEPT, S(""), NULL), OC_OK));
  cr_assert(eq(int, oc_flight_begin(cache, S("order"), 0, 0, &flight, NULL), OC_OK));
  cr_assert(flight.leads && flight.present);
  set = (oc_set_options_t){.expires_at = 1, .stale_until = UINT64_MAX};
  cr_assert(eq(int, oc_set(cache, S("other"), S("1"), &set, NULL), OC_OK));
  cr_assert(eq(int, oc_flight_begin(cache, S("other"), 0, 0, &flight, NULL), OC_OK));
  cr_assert(not(flight.present));
  oc_close(cache);
}

Test(flight, bad_input_is_refused_with_a_sentence) {
  oc_limits_t limits = {.key_bytes = 8};
  oc_cache_t *cache = open_or_fail((oc_options_t){.name = S("flight"), .max_bytes = 1 << 20, .limits = limits});
  oc_flight_t flight = {.id = 77};
  oc_error_t error = {0};
  cr_assert(eq(int, oc_flight_begin(cache, S(""), 0, 0, &flight, &error), OC_ERR_KEY_SIZE));
  cr_assert(eq(int, oc_flight_begin(cache, S("123456789"), 0, 0, &flight, &error), OC_ERR_KEY_SIZE));
  cr_assert(strstr(error.message, "limits.keyBytes") != NULL);
  cr_assert(eq(int, oc_flight_begin(cache, (oc_slice_t){NULL, 0}, 0, 0, &flight, &error), OC_ERR_ARGUMENT));
  cr_assert(eq(u64, flight.id, 77));
  cr_assert(eq(int, oc_flight_begin(cache, S("order"), 0, UINT64_MAX, &flight, &error), OC_OK));
  cr_assert(eq(u64, flight.deadline, UINT64_MAX));
  cr_assert(eq(int, oc_flight_end(cache, flight.id, OC_FLIGHT_LOADING, S(""), &error), OC_ERR_ARGUMENT));
  cr_assert(eq(int, oc_flight_end(cache, flight.id, OC_FLIGHT_ABANDONED + 1, S(""), &error), OC_ERR_ARGUMENT));
  cr_assert(eq(int, oc_flight_end(cache, flight.id, OC_FLIGHT_FAILED, S("\xff"), &error), OC_ERR_UTF8));
  oc_stats_t stats;
  oc_stats(cache, &stats);
  cr_assert(eq(u64, stats.flights, 1), "a refused end ends nothing");
  oc_close(cache);
}
