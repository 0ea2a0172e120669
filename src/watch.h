/*
 * watch.h: who wants to be called when something happened.
 *
 * Process-local; its lock is never taken while the arena's is held, nor the other way round.
 */
#ifndef WATCH_H
#define WATCH_H

#include <pthread.h>
#include <stdbool.h>

#include "optimistic_cache.h"

struct watcher {
  struct watcher *next;
  uint64_t id;
  oc_watcher call;
  void *context;
};

struct watchers {
  pthread_mutex_t lock;
  struct watcher *first;
  uint64_t last_id;
};

/* Errors: SYSTEM. */
oc_status watch_init(struct watchers *watchers);
void watch_destroy(struct watchers *watchers);
oc_status watch_add(struct watchers *watchers, oc_watcher call, void *context, uint64_t *id);
bool watch_is_empty(struct watchers *watchers);
void watch_remove(struct watchers *watchers, uint64_t id);
void watch_notify(struct watchers *watchers);

#endif
