/*
 * cache.h: the handle behind oc_cache_t, shared by the files that make up the public interface (api_*.c).
 */
#ifndef CACHE_H
#define CACHE_H

#include "attach.h"
#include "replay.h"
#include "view.h"
#include "watch.h"

struct oc_cache {
  struct arena arena;
  struct oc_cache *next; /* in the registry */
  uint32_t references;   /* guarded by the registry's lock */
  char name[65];
  char *file;         /* malloc'd path, or NULL */
  oc_limits_t limits; /* without zeroes */
  pthread_mutex_t shapes_lock;
  /*
   * Replaced, never changed, with both the arena's lock (taken first) and shapes_lock held; either is enough to read
   * it. The entries in the arena are always those that these shapes understood.
   */
  struct shapes *shapes;
  struct watchers watchers;
};

/* A presented token and what is laid over for it. */
struct view_layer {
  oc_token_t token;
  uint32_t pending; /* when the view was opened */
  uint32_t size;
  size_t at; /* compiled operations, in the view's `operations` */
};

struct oc_view {
  oc_cache_t *cache;
  oc_slice_t principal; /* malloc'd */
  uint64_t version, opened, generation;
  uint32_t slot;
  uint32_t layer_count;
  bool torn;
  struct view_layer *layers; /* in token order */
  oc_buffer_t operations;
};

/* The current shapes, with a reference for the caller. */
struct shapes *cache_shapes(oc_cache_t *cache);
/* Now, on CLOCK_REALTIME. */
uint64_t cache_now(void);
/*
 * Notes for each layer whether it is to be laid over what the database said at `version`, which has it already when it
 * committed by then. A layer whose mutation ended without a commit tears the view.
 */
void view_layers_locked(oc_view_t *view, uint64_t version, bool *applies);
/* Lays the view's operations over a page. Errors: MEMORY. */
oc_status view_overlay(const oc_view_t *view, const bool *applies, struct page *page, bool *changed);

enum { VIEW_TOKENS_MOST = 64 };

#endif
