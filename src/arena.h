/*
 * arena.h: the one mapped memory region that holds all state of a cache.
 *
 * Nothing in it is a pointer; everything is found by its offset from the start, so that the same bytes can be
 * mapped at another address by another process. Offset 0 is the header and therefore serves as null.
 */
#ifndef ARENA_H
#define ARENA_H

#include <pthread.h>

#include "optimistic_cache.h"

typedef uint64_t oc_off; /* bytes from the start of the arena; 0 is null */

enum { ARENA_MAGIC = 0x6f706361, ARENA_LAYOUT = 1 };

/* Where each module keeps its root, by its index in the header. */
enum arena_root { ROOT_ALLOC, ROOT_TAGS, ROOT_LOG, ROOT_ENTRIES, ROOT_MUTATIONS, ROOT_VIEWS, ROOT_COUNT };

struct arena_counters {
  uint64_t hits, misses, sets, refused, replays, inexact, overlays, evictions;
  uint64_t commits, rollbacks, expirations, invalidations;
};

struct arena_header {
  uint32_t magic, layout;
  uint64_t size;
  uint64_t generation; /* random, never 0; another one after a reset */
  uint64_t version;    /* the log's head */
  uint64_t stamp;      /* the last stamp given to a state of an entry */
  uint32_t changes;    /* see oc_changes; read without the lock */
  uint32_t reserved;
  oc_off root[ROOT_COUNT];
  struct arena_counters counters;
  pthread_mutex_t lock; /* robust and process-shared */
};

struct arena {
  char *base; /* where this process has it mapped */
  /* Makes an empty cache of a mapping whose lock is held. Called at creation, and after a holder of the lock died. */
  void (*format)(struct arena *arena, void *context);
  void *context;
};

/* Maps anonymous memory, inits the lock and formats. Errors: SYSTEM, with errno. */
oc_status arena_open_private(struct arena *arena, uint64_t size, void (*format)(struct arena *, void *), void *context);
void arena_close(struct arena *arena);

/* Waits for the lock. When its last holder died in the middle, the arena is formatted anew before this returns. */
void arena_lock(struct arena *arena);
void arena_unlock(struct arena *arena);

/* A read whose answer may have changed: moves oc_changes. */
void arena_changed_locked(struct arena *arena);

static inline struct arena_header *arena_header(const struct arena *arena) {
  return (struct arena_header *)(void *)arena->base;
}

/* The address of an offset in this process; valid as long as what lies there is not freed. */
static inline void *arena_at(const struct arena *arena, oc_off off) { return off == 0 ? NULL : arena->base + off; }

/* The root of a module, after its init. */
static inline void *arena_root(const struct arena *arena, enum arena_root root) {
  return arena->base + arena_header(arena)->root[root];
}

static inline oc_off arena_off(const struct arena *arena, const void *address) {
  return (oc_off)((const char *)address - arena->base);
}

#endif
