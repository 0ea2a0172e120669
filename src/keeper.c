/*
 * keeper.c: sleep, look, call, and sleep again.
 *
 * Who changed something does not call the watchers itself: it may be another process, and a watcher called by each
 * commit would make every commit pay for every listener. It moves the arena's pulse (event.h), which wakes this thread.
 * Several events that come while the thread is busy are one call: watchers look at the state, not at the event.
 *
 * While this process has no watchers, the thread does not ask to be woken by events, only by deadlines.
 *
 * Every process has such a thread, and whichever is first does what is due; the others find it done.
 */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "debt.h"
#include "event.h"
#include "flight.h"

/* Little is on the stack; the C library takes its thread-local memory from it, too. */
enum { STACK_BYTES = 256 << 10 };

/* Does what is due; returns how long nothing more will be. */
static uint64_t keep_deadlines(struct keeper *keeper) {
  uint64_t now = clock_now(), next[3], first = UINT64_MAX;
  arena_lock(keeper->arena);
  bool ended = mutation_sweep_locked(keeper->arena, now, next) > 0;
  if (flight_sweep_locked(keeper->arena, now, next + 1) > 0) ended = true;
  if (debt_sweep_locked(keeper->arena, now, next + 2)) ended = true;
  arena_unlock(keeper->arena);
  if (ended) event_wake(keeper->arena, EVENT_ANY);
  for (int i = 0; i < 3; i++)
    if (next[i] != 0 && next[i] < first) first = next[i];
  if (first == UINT64_MAX) return first;
  return first > now ? first - now : 1;
}

static void *keep(void *context) {
  struct keeper *keeper = context;
  uint32_t seen = keeper->told;
  while (!atomic_load(&keeper->stopping)) {
    uint64_t wait = keep_deadlines(keeper);
    if (seen != keeper->told) watch_notify(keeper->watchers);
    keeper->told = seen;
    uint32_t interests = EVENT_DEADLINES | (watch_is_empty(keeper->watchers) ? 0 : EVENT_ANY);
    event_sleep(keeper->arena, seen, interests, wait);
    seen = event_pulse(keeper->arena);
  }
  return NULL;
}

/* Signals are the application's business, and go to its own threads. */
static int start_without_signals(struct keeper *keeper, const pthread_attr_t *attributes) {
  sigset_t all, before;
  sigfillset(&all);
  int failed = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (failed) return failed;
  failed = pthread_create(&keeper->thread, attributes, keep, keeper);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

oc_status keeper_start(struct keeper *keeper, struct arena *arena, struct watchers *watchers) {
  keeper->arena = arena;
  keeper->watchers = watchers;
  keeper->process = getpid();
  keeper->told = event_pulse(arena); /* not in the thread, which may begin after the first event */
  atomic_store(&keeper->stopping, false);
  pthread_attr_t attributes;
  int failed = pthread_attr_init(&attributes);
  if (!failed) {
    failed = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (!failed) failed = start_without_signals(keeper, &attributes);
    pthread_attr_destroy(&attributes);
  }
  keeper->running = !failed;
  errno = failed;
  return failed ? OC_ERR_SYSTEM : OC_OK;
}

void keeper_stop(struct keeper *keeper) {
  if (!keeper->running || keeper->process != getpid()) return;
  keeper->running = false;
  atomic_store(&keeper->stopping, true);
  event_wake(keeper->arena, EVENT_DEADLINES);
  pthread_join(keeper->thread, NULL);
}
