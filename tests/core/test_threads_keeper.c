/*
 * The thread that a cache has in each process: watchers are called for what other threads do, and a mutation expires
 * although nobody calls the cache. A test that hangs has failed; none looks at the clock.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "optimistic_cache.h"

#define TEXT(literal) ((oc_slice_t){(literal), sizeof(literal) - 1})

#define OPERATIONS TEXT("[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{}}]")

static oc_cache_t *open_cache(void) {
  oc_options_t options = {.name = TEXT("keeper"), .max_bytes = 1 << 20};
  oc_cache_t *cache = NULL;
  cr_assert(oc_open(&options, &cache, NULL) == OC_OK);
  return cache;
}

static oc_token_t token_of(unsigned number) {
  oc_token_t token = {{0, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number, 0x70, 0, 0x80}};
  return token;
}

static void post(void *context) { sem_post(context); }

/* Waits for events until the mutation is not pending any more; asks about it only after an event. */
static oc_state wait_until_settled(oc_cache_t *cache, sem_t *events, oc_token_t token) {
  oc_mutation_info_t info = {.state = OC_PENDING};
  while (info.state == OC_PENDING) {
    sem_wait(events);
    cr_assert(oc_status_of(cache, token, TEXT("users:7"), &info, NULL) == OC_OK);
  }
  return info.state;
}

Test(keeper, a_mutation_expires_at_its_deadline_although_nobody_calls_the_cache) {
  oc_cache_t *cache = open_cache();
  sem_t events;
  uint64_t id;
  sem_init(&events, 0, 0);
  cr_assert(oc_begin(cache, token_of(1), TEXT("users:7"), OPERATIONS, 60000, NULL) == OC_OK); /* is not in the way */
  cr_assert(oc_watch(cache, post, &events, &id) == OC_OK);
  cr_assert(oc_begin(cache, token_of(2), TEXT("users:7"), OPERATIONS, 20, NULL) == OC_OK);
  cr_assert(wait_until_settled(cache, &events, token_of(2)) == OC_EXPIRED);
  oc_unwatch(cache, id);
  oc_close(cache);
  sem_destroy(&events);
}

enum { ROUNDS = 300 };

struct ping {
  oc_cache_t *cache;
  sem_t begun;
};

static void *commit_what_is_begun(void *context) {
  struct ping *ping = context;
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint64_t version;
    sem_wait(&ping->begun);
    if (oc_commit(ping->cache, token_of(round), (oc_slice_t){0}, &version, NULL) != OC_OK) abort();
  }
  return NULL;
}

Test(keeper, who_waits_for_a_mutation_learns_of_each_commit_of_another_thread) {
  struct ping ping = {.cache = open_cache()};
  sem_t events;
  uint64_t id;
  pthread_t other;
  sem_init(&events, 0, 0);
  sem_init(&ping.begun, 0, 0);
  cr_assert(pthread_create(&other, NULL, commit_what_is_begun, &ping) == 0);
  for (unsigned round = 0; round < ROUNDS; round++) {
    cr_assert(oc_watch(ping.cache, post, &events, &id) == OC_OK); /* anew, so that the thread is at times not asked */
    cr_assert(oc_begin(ping.cache, token_of(round), TEXT("users:7"), OPERATIONS, 0, NULL) == OC_OK);
    sem_post(&ping.begun);
    cr_assert(wait_until_settled(ping.cache, &events, token_of(round)) == OC_COMMITTED);
    oc_unwatch(ping.cache, id);
  }
  cr_assert(pthread_join(other, NULL) == 0);
  oc_close(ping.cache);
  sem_destroy(&events);
  sem_destroy(&ping.begun);
}

/* The thread may begin to run only after the event: with so many openings, it does. */
Test(keeper, an_event_right_after_opening_is_told_however_late_the_thread_begins) {
  for (int round = 0; round < 1000; round++) {
    oc_cache_t *cache = open_cache();
    sem_t events;
    uint64_t id;
    sem_init(&events, 0, 0);
    cr_assert(oc_watch(cache, post, &events, &id) == OC_OK);
    cr_assert(oc_invalidate(cache, &TEXT("orders"), 1, NULL, NULL) == OC_OK);
    sem_wait(&events);
    oc_unwatch(cache, id);
    oc_close(cache);
    sem_destroy(&events);
  }
}

static int count_threads(void) {
  int threads = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "Threads: %d", &threads) == 1) break;
  if (status) fclose(status);
  return threads;
}

Test(keeper, a_cache_has_one_thread_which_ends_with_the_last_who_closes_it) {
  int before = count_threads();
  for (int round = 0; round < 100; round++) {
    oc_cache_t *cache = open_cache();
    cr_assert(open_cache() == cache);
    cr_assert(count_threads() == before + 1);
    oc_close(cache);
    cr_assert(count_threads() == before + 1);
    oc_close(cache);
    cr_assert(count_threads() == before);
  }
}

/* A signal to the process goes to a thread that does not block it: the tests' own, where it waits. */
Test(keeper, the_thread_takes_none_of_the_applications_signals) {
  oc_cache_t *cache = open_cache();
  sigset_t user, before;
  sigemptyset(&user);
  sigaddset(&user, SIGUSR1);
  cr_assert(pthread_sigmask(SIG_BLOCK, &user, &before) == 0);
  cr_assert(kill(getpid(), SIGUSR1) == 0); /* would end the process on any thread that took it */
  int taken = 0;
  cr_assert(sigwait(&user, &taken) == 0);
  cr_assert(taken == SIGUSR1);
  cr_assert(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
  oc_close(cache);
}
