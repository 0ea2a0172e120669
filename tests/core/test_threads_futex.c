/*
 * Sleeping on a word, both ways: the one that this system uses, and the portable one, which is compiled in here under
 * other names. A test that hangs has failed; none looks at the clock.
 */
#define _GNU_SOURCE
#include "../../src/futex.h"
#define futex_wait portable_wait
#define futex_wake_all portable_wake_all
#include "../../src/futex_portable.c"
#undef futex_wait
#undef futex_wake_all

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern void futex_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ms);
extern void futex_wake_all(uint32_t *word);

struct way {
  void (*wait)(const uint32_t *word, uint32_t expected, uint64_t timeout_ms);
  void (*wake_all)(uint32_t *word);
};

static const struct way NATIVE = {futex_wait, futex_wake_all}, PORTABLE = {portable_wait, portable_wake_all};

enum { SLEEPERS = 4, ROUNDS = 50 };

struct table {
  const struct way *way;
  uint32_t word;
  atomic_uint arrived;
};

/* Sleeps until the word is not `seen` any more; returns what it is then. */
static uint32_t sleep_past(struct table *table, uint32_t seen) {
  uint32_t now;
  while ((now = __atomic_load_n(&table->word, __ATOMIC_ACQUIRE)) == seen)
    table->way->wait(&table->word, seen, UINT64_MAX);
  return now;
}

static void *follow(void *context) {
  struct table *table = context;
  for (uint32_t seen = 0; seen < ROUNDS;) {
    seen = sleep_past(table, seen);
    atomic_fetch_add(&table->arrived, 1);
  }
  return NULL;
}

static void step(struct table *table) {
  __atomic_fetch_add(&table->word, 1, __ATOMIC_RELEASE);
  table->way->wake_all(&table->word);
}

static void wake_all_each_round(const struct way *way) {
  struct table table = {.way = way};
  pthread_t sleepers[SLEEPERS];
  for (int i = 0; i < SLEEPERS; i++) cr_assert(pthread_create(&sleepers[i], NULL, follow, &table) == 0);
  for (unsigned round = 1; round <= ROUNDS; round++) {
    step(&table);
    while (atomic_load(&table.arrived) < round * SLEEPERS) sched_yield();
  }
  for (int i = 0; i < SLEEPERS; i++) cr_assert(pthread_join(sleepers[i], NULL) == 0);
}

Test(futex, every_sleeper_notices_every_change) { wake_all_each_round(&NATIVE); }
Test(futex, every_sleeper_notices_every_change_without_the_kernels_help) { wake_all_each_round(&PORTABLE); }

static void return_without_sleeping(const struct way *way) {
  uint32_t word = 7;
  way->wait(&word, 6, UINT64_MAX); /* has changed already */
  way->wait(&word, 7, 0);
  way->wait(&word, 7, 1);
}

Test(futex, nobody_sleeps_on_a_word_that_has_changed_or_past_the_timeout) {
  return_without_sleeping(&NATIVE);
  return_without_sleeping(&PORTABLE);
}

/* A child sleeps on a word of shared memory, at whatever address, until the parent changes it. */
static void wake_another_process(const struct way *way) {
  struct table *table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  cr_assert(table != MAP_FAILED);
  table->way = way;
  fflush(stdout); /* or the child prints it once more */
  pid_t child = fork();
  cr_assert(child >= 0);
  if (child == 0) {
    follow(table);
    _exit(0);
  }
  for (unsigned round = 1; round <= ROUNDS; round++) {
    step(table);
    while (atomic_load(&table->arrived) < round) sched_yield();
  }
  int status;
  cr_assert(waitpid(child, &status, 0) == child);
  cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  munmap(table, sizeof *table);
}

Test(futex, a_sleeper_in_another_process_notices_every_change) {
  wake_another_process(&NATIVE);
  wake_another_process(&PORTABLE);
}
