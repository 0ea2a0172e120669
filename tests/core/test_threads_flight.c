/*
 * Threads that miss the same keys at once: one loads each, and the others are called when it is there. A test that
 * hangs has failed; none looks at the clock.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optimistic_cache.h"

#define TEXT(literal) ((oc_slice_t){(literal), sizeof(literal) - 1})

enum { THREADS = 4, ROUNDS = 200, KEYS_AT_ONCE = 3 };

struct test {
  oc_cache_t *cache;
  pthread_barrier_t round;
  bool some_give_up; /* every third who leads ends without a value, as one that is terminated */
  atomic_uint loads, given_up;
};

static void post(void *context) { sem_post(context); }

static oc_flight_state await_flight(oc_cache_t *cache, sem_t *events, uint64_t id) {
  char reason[OC_FLIGHT_REASON_MOST + 1];
  oc_flight_state state;
  while ((state = oc_flight_look(cache, id, reason)) == OC_FLIGHT_LOADING) sem_wait(events);
  return state;
}

/* Whether the value is there now. */
static bool is_there(struct test *test, oc_slice_t key, oc_buffer_t *out) {
  oc_hit_t hit;
  return oc_get(test->cache, NULL, key, false, 0, out, &hit, NULL) == OC_OK;
}

static void load(struct test *test, oc_slice_t key, const oc_flight_t *flight) {
  unsigned count = atomic_fetch_add(&test->loads, 1);
  oc_flight_state state = OC_FLIGHT_KEPT;
  if (test->some_give_up && count % 3 == 0) {
    state = OC_FLIGHT_ABANDONED;
    atomic_fetch_add(&test->given_up, 1);
  } else {
    oc_set_options_t options = {.since = flight->since};
    if (oc_set(test->cache, key, TEXT("{\"id\":7}"), &options, NULL) != OC_OK) abort();
  }
  if (oc_flight_end(test->cache, flight->id, state, (oc_slice_t){0}, NULL) != OC_OK) abort();
}

static void fetch(struct test *test, oc_slice_t key, sem_t *events, oc_buffer_t *out) {
  while (!is_there(test, key, out)) {
    oc_flight_t flight;
    if (oc_flight_begin(test->cache, key, oc_version(test->cache), 0, &flight, NULL) != OC_OK) abort();
    if (!flight.leads) await_flight(test->cache, events, flight.id);
    else if (flight.present) oc_flight_end(test->cache, flight.id, OC_FLIGHT_KEPT, (oc_slice_t){0}, NULL);
    else load(test, key, &flight);
  }
}

static void *fetch_in_rounds(void *context) {
  struct test *test = context;
  sem_t events;
  uint64_t id;
  oc_buffer_t out = {0};
  char key[32];
  sem_init(&events, 0, 0);
  if (oc_watch(test->cache, post, &events, &id) != OC_OK) abort();
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&test->round);
    for (int i = 0; i < KEYS_AT_ONCE; i++) {
      int len = snprintf(key, sizeof key, "%d %d", round, i);
      fetch(test, (oc_slice_t){key, (size_t)len}, &events, &out);
    }
  }
  oc_unwatch(test->cache, id);
  oc_buffer_free(&out);
  sem_destroy(&events);
  return NULL;
}

static void run(struct test *test) {
  oc_options_t options = {.name = TEXT("flights"), .max_bytes = 4 << 20};
  pthread_t threads[THREADS];
  cr_assert(oc_open(&options, &test->cache, NULL) == OC_OK);
  cr_assert(pthread_barrier_init(&test->round, NULL, THREADS) == 0);
  for (int i = 0; i < THREADS; i++) cr_assert(pthread_create(&threads[i], NULL, fetch_in_rounds, test) == 0);
  for (int i = 0; i < THREADS; i++) cr_assert(pthread_join(threads[i], NULL) == 0);
  oc_stats_t stats;
  oc_stats(test->cache, &stats);
  cr_assert(stats.flights == 0);
  cr_assert(stats.sets == ROUNDS * KEYS_AT_ONCE);
  cr_assert(atomic_load(&test->loads) == ROUNDS * KEYS_AT_ONCE + atomic_load(&test->given_up));
  pthread_barrier_destroy(&test->round);
  oc_close(test->cache);
}

Test(flights, of_threads_that_miss_a_key_at_once_exactly_one_loads_it) {
  struct test test = {.some_give_up = false};
  run(&test);
}

Test(flights, when_a_thread_gives_its_load_up_exactly_one_of_those_who_wait_loads) {
  struct test test = {.some_give_up = true};
  run(&test);
  cr_assert(atomic_load(&test.given_up) > 0);
}
