/*
 * watch.c: a list of callbacks.
 *
 * They are called under the list's lock, so that watch_remove can promise that none is under way when it returns; that
 * is why they must be short. uv_async_send is.
 */
#include "watch.h"

#include <stdlib.h>

oc_status watch_init(struct watchers *watchers) {
  *watchers = (struct watchers){.first = NULL};
  return pthread_mutex_init(&watchers->lock, NULL) ? OC_ERR_SYSTEM : OC_OK;
}

void watch_destroy(struct watchers *watchers) {
  while (watchers->first) {
    struct watcher *watcher = watchers->first;
    watchers->first = watcher->next;
    free(watcher);
  }
  pthread_mutex_destroy(&watchers->lock);
}

oc_status watch_add(struct watchers *watchers, oc_watcher call, void *context, uint64_t *id) {
  struct watcher *watcher = malloc(sizeof *watcher);
  if (!watcher) return OC_ERR_MEMORY;
  pthread_mutex_lock(&watchers->lock);
  *watcher = (struct watcher){watchers->first, ++watchers->last_id, call, context};
  watchers->first = watcher;
  *id = watcher->id;
  pthread_mutex_unlock(&watchers->lock);
  return OC_OK;
}

bool watch_is_empty(struct watchers *watchers) {
  pthread_mutex_lock(&watchers->lock);
  bool is_empty = watchers->first == NULL;
  pthread_mutex_unlock(&watchers->lock);
  return is_empty;
}

void watch_remove(struct watchers *watchers, uint64_t id) {
  pthread_mutex_lock(&watchers->lock);
  struct watcher **link = &watchers->first;
  while (*link && (*link)->id != id) link = &(*link)->next;
  struct watcher *found = *link;
  if (found) *link = found->next;
  pthread_mutex_unlock(&watchers->lock);
  free(found);
}

void watch_notify(struct watchers *watchers) {
  pthread_mutex_lock(&watchers->lock);
  for (struct watcher *watcher = watchers->first; watcher; watcher = watcher->next) watcher->call(watcher->context);
  pthread_mutex_unlock(&watchers->lock);
}
