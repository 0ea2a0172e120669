/*
 * keeper.h: the thread of a process that keeps an arena's promises: that who waits is called, and that deadlines are.
 *
 * One a process and arena. It calls the process's watchers after every event, of whatever process, expires mutations
 * whose time has passed, and abandons loads that others wait for when their process died. While nothing happens and
 * nothing is due, it sleeps.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdatomic.h>

#include "arena.h"
#include "watch.h"

struct keeper {
  struct arena *arena;
  struct watchers *watchers;
  pthread_t thread;
  atomic_bool stopping;
  uint32_t told; /* the pulse up to which watchers were called */
  bool running;
  long process; /* that started it: a forked child does not have the thread */
};

/* Errors: SYSTEM, with errno; nothing is running then. */
oc_status keeper_start(struct keeper *keeper, struct arena *arena, struct watchers *watchers);
/* Returns when the thread has ended. Idempotent. Not to be called with the arena's lock held, nor by a watcher. */
void keeper_stop(struct keeper *keeper);

#endif
