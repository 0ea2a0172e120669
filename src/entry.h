/*
 * entry.h: materialised query results: storing them, bringing them up to date, making room for them.
 *
 * All functions need the lock. Any entry may be evicted by a call that makes room (entry_set_locked,
 * entry_alloc_locked, entry_use_tag_locked, entry_update_locked), so an index is to be looked up again after it.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "document.h"
#include "log.h"

/* That an entry carries a tag: a link in the chain of all that carry it. */
struct tag_reference {
  uint32_t tag;
  uint32_t kinds; /* enum dependency_kind */
  uint32_t entry;
  oc_off next, prior; /* references of other entries to this tag; the one set last comes first */
};

struct entry {
  struct slot slot;       /* queued by age, for SIEVE; older states, by the time when they became that */
  uint64_t version;       /* the bytes are what the database answered, or would, at this version */
  uint64_t set_version;   /* the log's head when it was set */
  uint64_t stamp;         /* names this state */
  uint64_t needed_before; /* 0: the key's current state; else an older one, for views of versions below this */
  uint64_t expires_at, stale_until;
  uint32_t hits;       /* as many as fit */
  uint32_t set_at;     /* seconds of the epoch, by the clock of who set it */
  oc_off value, needs; /* `needs` lies in the block of the key, behind it */
  uint32_t value_len, span_count;
  uint32_t reference_count, query_size;
  uint32_t expiry_place; /* see expiry.c; 0: it does not expire, or is an older state */
  uint8_t content, has_query;
  uint8_t mixed;   /* set while a mutation on one of its tags was in flight: may or may not contain it */
  uint8_t visited; /* SIEVE's: read since the hand last passed */
};

oc_off entry_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t entry_bytes(uint32_t capacity);

/* The key's current state; 0 when absent. */
uint32_t entry_find_locked(struct arena *arena, oc_slice_t key);
/* The key's newest state, be it the current one or one kept for views; 0 when there is none. */
uint32_t entry_find_any_locked(struct arena *arena, oc_slice_t key);
/* The state before that one, or 0. */
uint32_t entry_find_earlier_locked(const struct arena *arena, uint32_t index);
struct entry *entry_at(const struct arena *arena, uint32_t index);

struct entry_source {
  oc_slice_t key, value;
  const struct documents *documents;
  const struct query *query; /* or NULL */
  uint64_t since, expires_at, stale_until;
  uint64_t bytes_most; /* that it may take, with its key, spans, tags and query; 0: any */
  oc_content content;
};
/*
 * Stores; an entry of that key is gone in any case, as its caller has something newer, though views that are open keep
 * its state. OC_REFUSED: the lease is broken, it is larger than bytes_most (no other entry is evicted for either), or
 * there is no room.
 */
oc_status entry_set_locked(struct arena *arena, const struct entry_source *source);
void entry_remove_locked(struct arena *arena, uint32_t index);
/*
 * Replaces the value and moves the entry to `version`; the state before stays when views need it. Returns the index of
 * the entry as it is now, or 0 when there is no room: then nothing changed, or the entry is gone.
 */
uint32_t entry_update_locked(struct arena *arena, uint32_t index, oc_slice_t value, const struct span *spans,
                             uint32_t span_count, uint64_t version);
/* The same, of a value that depends on other tags than before. */
uint32_t entry_replace_locked(struct arena *arena, uint32_t index, oc_slice_t value, const struct documents *documents,
                              uint64_t version);
/* Marks it as read, for SIEVE. */
void entry_touch_locked(struct entry *entry, uint64_t hits);

/* What time it is, for making room: entries that expired by then go first. */
void entry_note_time_locked(struct arena *arena, uint64_t now);
/* Walks what orders the entries and asserts its invariants; for tests. */
void entry_check_locked(struct arena *arena);
/* Allocates, evicting entries as needed; 0 when even that does not make enough room. */
oc_off entry_alloc_locked(struct arena *arena, uint64_t size);
/* tag_use_locked, evicting entries as needed; 0 when all tags are those of pending mutations. */
uint32_t entry_use_tag_locked(struct arena *arena, oc_slice_t name);
/*
 * The oldest version that an open view looks at, or UINT64_MAX, as it is from now on. States that only older views
 * needed are freed, a bounded number in one call; the next calls go on.
 */
void entry_keep_for_locked(struct arena *arena, uint64_t oldest);

/* Drops every entry, in constant time; their memory is freed by later calls, as they need it. */
void entry_clear_locked(struct arena *arena);

uint32_t entry_count_locked(struct arena *arena);
/* States that are kept for views only. */
uint32_t entry_older_count_locked(struct arena *arena);

/* A place in the chain of a tag; zeroed, it is the beginning. */
struct tag_place {
  oc_off reference;
  uint32_t entry;
};
/*
 * Steps to the next entry that carries `tag`, from the one set last; false at the end. A place is good until its entry
 * goes. A chain may hold every entry there is, so a section that walks it must stop after a number of its own.
 */
bool entry_next_of_tag_locked(const struct arena *arena, uint32_t tag, struct tag_place *place);

/*
 * A place in the order of all keys: by bucket, then by hash. Zeroed, it is the beginning. A key keeps its place
 * whatever comes and goes, and whatever becomes of its own entry.
 */
struct entry_place {
  uint64_t least; /* the first hash of the bucket that is not behind */
  uint32_t bucket;
};
/*
 * The next current state at or after a place, which moves to it; 0 at the end, and when it took `effort` (one for each
 * bucket and state that was passed, taken off), which is then 0.
 */
uint32_t entry_at_or_after_locked(const struct arena *arena, struct entry_place *place, uint32_t *effort);
struct entry_place entry_place_of(const struct arena *arena, const struct entry *entry);
/* The place behind a hash. */
struct entry_place entry_place_after(const struct arena *arena, uint64_t hash);
/* Whether `other` is at or after `place`. */
bool entry_place_reached(const struct entry_place *place, const struct entry_place *other);
/* The current state of the key that has this hash; 0 when there is none. */
uint32_t entry_of_hash_locked(const struct arena *arena, uint64_t hash);

/* Whether a slot holds the current state of a key. */
bool entry_is_set(const struct arena *arena, const struct entry *entry);
static inline oc_slice_t entry_value(const struct arena *arena, const struct entry *entry) {
  return (oc_slice_t){arena_at(arena, entry->value), entry->value_len};
}
static inline const struct span *entry_spans(const struct arena *arena, const struct entry *entry) {
  return arena_at(arena, entry->value + ((entry->value_len + 7U) & ~(uint64_t)7));
}
static inline const struct tag_reference *entry_references(const struct arena *arena, const struct entry *entry) {
  return arena_at(arena, entry->needs);
}
static inline const struct query *entry_query(const struct arena *arena, const struct entry *entry) {
  if (!entry->has_query) return NULL;
  return arena_at(arena, entry->needs + entry->reference_count * sizeof(struct tag_reference));
}

#endif
