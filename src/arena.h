/*
 * arena.h: the one mapped memory region that holds all state of a cache.
 *
 * Nothing in it is a pointer; everything is found by its offset from the start, so that the same bytes can be
 * mapped at another address by another process. Offset 0 is the header and therefore serves as null.
 */
#ifndef ARENA_H
#define ARENA_H

#include <assert.h>

#include "lock.h"
#include "mapping.h"

typedef uint64_t oc_off; /* bytes from the start of the arena; 0 is null */

/* ARENA_LAYOUT goes up with every change of what lies in an arena, or of what it means. */
enum { ARENA_LAYOUT = 12, PROCESSES_MOST = 256, STARTED_BYTES = 96 };
static const uint64_t ARENA_MAGIC = 0x656863616374706fULL; /* "optcache" */

/* Where each module keeps its root, by its index in the header. */
enum arena_root {
  ROOT_ALLOC,
  ROOT_EVENTS,
  ROOT_TAGS,
  ROOT_LOG,
  ROOT_ENTRIES,
  ROOT_MUTATIONS,
  ROOT_VIEWS,
  ROOT_FLIGHTS,
  ROOT_COUNT
};

struct arena_counters {
  uint64_t hits, misses, sets, refused, replays, inexact, overlays, evictions;
  uint64_t commits, rollbacks, expirations, invalidations;
};

/* The size of each table, as the process that made the arena asked for them. */
struct arena_capacity {
  uint32_t entries, tags, mutations, views, log;
};

/* What must agree before anybody believes a byte of the rest. */
struct arena_identity {
  uint64_t magic;
  uint32_t layout;
  uint32_t structs; /* a hash of the sizes of what lies in it, for builds that differ without another layout */
  uint64_t size;
  struct arena_capacity capacity;
  uint32_t clean;    /* 1 from the clean close of its last process until the next one opens it */
  uint64_t checksum; /* of a clean one: see attach.c */
  char boot[40];
};

/* A slot of the table of processes; see process.h. */
struct arena_process {
  uint32_t serial;                  /* 0: free */
  uint32_t pid;                     /* for people; nothing depends on it */
  uint32_t pending;                 /* mutations that are its own, see mutation.c */
  uint32_t expired;                 /* of these, that it has not settled since: see debt.c */
  uint64_t begun_until, owes_until; /* see debt.c */
};

/* What processes owe an answer for; see debt.c. */
struct arena_debts {
  uint32_t owing;   /* processes that owe something */
  uint32_t gone;    /* 1: one that did is gone */
  uint64_t gone_at; /* when that is to be acted on; 0: as from the next look */
  uint64_t next_look;
};

struct arena_header {
  struct arena_identity identity;
  oc_limits_t limits; /* of the first to open */
  /* Process serials, and who is there. They outlive a reset, as all above. */
  uint32_t last_serial;
  uint32_t processes_high; /* slots from here on were never used */
  struct arena_process processes[PROCESSES_MOST];
  struct arena_debts debts;
  uint64_t orphans_until;                /* the latest deadline of a mutation whose process died */
  uint32_t shapes_serial, shapes_len[2]; /* see shape_store.c */
  uint32_t reserved;
  char started[STARTED_BYTES]; /* why the present content began; a sentence */
  uint64_t resets;
  uint64_t generation; /* random, never 0; another one after a reset */
  uint64_t version;    /* the log's head */
  uint64_t stamp;      /* the last stamp given to a state of an entry */
  uint32_t changes;    /* see oc_changes; read without the lock */
  uint32_t pulse;      /* see event.h, as the next; neither is reset */
  uint32_t listening;
  uint32_t flight_serial; /* the last one given to a flight; goes on over a reset */
  oc_off root[ROOT_COUNT];
  struct arena_counters counters;
  struct lock lock;
};

/* An opening of an arena. A serial is never given twice in the life of an arena; 0 is nobody. */
struct process_id {
  uint32_t slot, serial;
};

struct arena {
  char *base; /* where this process has it mapped */
  struct mapping mapping;
  struct process_id self;
  bool damaged; /* the holder of the lock found what cannot be */
  /*
   * Lays out empty tables of a mapping whose lock is held. Called when the arena is made, and after a holder of the
   * lock died, by whichever process finds that out: it looks at the header's capacities, not at its own options.
   */
  void (*format)(struct arena *arena, void *context);
  void *context;
};

/*
 * Makes an empty arena of a mapping that nobody else uses: its lock, and all that the header says but identity and
 * limits. `started` is the sentence for oc_stats. Errors: SYSTEM, with errno.
 */
oc_status arena_make(struct arena *arena, const char *started);
void arena_close(struct arena *arena);

/* Waits for the lock. When its last holder died in the middle, the arena is formatted anew before this returns. */
void arena_lock(struct arena *arena);
/* Formats it anew before, if it was found to be damaged. */
void arena_unlock(struct arena *arena);
/*
 * For who finds in the arena what nobody can have put there. Whoever wrote over it was another process, or a mistake
 * of ours; neither is a reason to end this one, nor to answer from it ever again.
 */
static inline void arena_damaged_locked(struct arena *arena) { arena->damaged = true; }

/* A read whose answer may have changed: moves oc_changes. */
void arena_changed_locked(struct arena *arena);

static inline struct arena_header *arena_header(const struct arena *arena) {
  return (struct arena_header *)(void *)arena->base;
}

/* The address of an offset that is not null, in this process; valid as long as what lies there is not freed. */
static inline void *arena_at(const struct arena *arena, oc_off off) {
  assert(off != 0);
  return arena->base + off;
}

/* As arena_at; NULL for 0. */
static inline void *arena_at_or_null(const struct arena *arena, oc_off off) {
  return off == 0 ? NULL : arena->base + off;
}

/* The root of a module, after its init. */
static inline void *arena_root(const struct arena *arena, enum arena_root root) {
  return arena->base + arena_header(arena)->root[root];
}

static inline oc_off arena_off(const struct arena *arena, const void *address) {
  return (oc_off)((const char *)address - arena->base);
}

#endif
