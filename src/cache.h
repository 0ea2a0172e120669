/*
 * cache.h: the handle behind oc_cache_t, shared by the files that make up the public interface (api_*.c).
 */
#ifndef CACHE_H
#define CACHE_H

#include "attach.h"
#include "clock.h"
#include "debt.h"
#include "event.h"
#include "excerpt.h"
#include "flight.h"
#include "keeper.h"
#include "shape_store.h"
#include "splices.h"
#include "view.h"

/* So often a section that finds its buffers too small is run again; then what it reads grows faster than we follow. */
enum { GROW_TRIES = 16 };

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
   * them. They are those of the arena while the serials agree.
   */
  struct shapes *shapes;
  uint32_t shapes_serial; /* of the text in the arena that they were compiled from */
  struct watchers watchers;
  struct keeper keeper;
  _Atomic(struct excerpt *) excerpt; /* of no read under way; its memory is kept for the next */
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
  uint64_t name; /* in the arena's table of views; 0: there was no slot */
  uint32_t layer_count;
  bool torn;
  struct view_layer *layers; /* in token order */
  oc_buffer_t operations;
};

/*
 * The current shapes, with a reference for the caller. When another process replaced them, they are compiled anew; if
 * there is no memory for that, the old ones are returned, with which no entry can be read or stored.
 */
struct shapes *cache_shapes(oc_cache_t *cache);
/* Whether `shapes` are those that the entries in the arena were understood by. */
bool cache_shapes_stand_locked(const oc_cache_t *cache, const struct shapes *shapes);
/*
 * Makes them the shapes of all processes; entries of other shapes are dropped. `shapes` are compiled from `text`.
 * Errors: SHAPES, when they are too long for the arena.
 */
oc_status cache_give_shapes(oc_cache_t *cache, oc_slice_t text, struct shapes *shapes, oc_error_t *error);
/* Tells everybody who waits that something happened. Not with the lock held. */
void cache_notify(oc_cache_t *cache);
/* Gives the lock back, and tells them when `happened`, or when there are events to be read. */
void cache_unlock(oc_cache_t *cache, bool happened);
/*
 * Notes for each layer whether it is to be laid over what the database said at `version`, which has it already when it
 * committed by then. A layer whose mutation ended without a commit tears the view.
 */
void view_layers_locked(oc_view_t *view, uint64_t version, bool *applies);
/* The compiled operations of the layers that apply, in their order; returns how many there are. */
size_t view_layers(const oc_view_t *view, const bool *applies, oc_slice_t *operations);
/* Lays the view's operations over a page. Errors: MEMORY. */
oc_status view_overlay(const oc_view_t *view, const bool *applies, struct page *page, bool *changed);

enum {
  VIEW_TOKENS_MOST = 64,
  REPLAYS_MOST = 64 /* versions replayed in one read; an entry further behind is loaded again */
};

/* What a look at an entry came to. */
enum verdict {
  CURRENT, /* as it is */
  BEHIND,  /* after what it missed is replayed */
  USELESS, /* cannot be brought to the version asked for */
  NEWER    /* is past that version, and differs from what it was then */
};

/* Versions to be replayed onto an entry, ascending. */
struct missed {
  uint64_t versions[REPLAYS_MOST];
  uint32_t count;
};

/* What an entry lacks to be what the database said at `target`. */
enum verdict missed_locked(oc_cache_t *cache, const struct entry *entry, uint64_t target, struct missed *missed);
/* The bytes of the operations that were missed; copies them when they fit into `cap`. */
size_t missed_operations_locked(oc_cache_t *cache, const struct missed *missed, char *out, size_t cap);

/*
 * Fills page->copies with what entries know, at `target`, of the documents that operations may bring into the page.
 * Takes the lock. `key`: the page's own entry, or empty. Errors: MEMORY.
 */
oc_status copies_collect(oc_cache_t *cache, struct page *page, oc_slice_t key, uint64_t target, uint64_t now,
                         const oc_slice_t *operations, size_t count);

#endif
