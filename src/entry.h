/*
 * entry.h: materialised query results: storing them, bringing them up to date, making room for them.
 *
 * All functions need the lock. Any entry may be evicted by a call that makes room (entry_set_locked,
 * entry_alloc_locked, entry_use_tag_locked, entry_update_locked), so an index is to be looked up again after it.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "layout.h"
#include "log.h"
#include "reference.h"

enum {
  ENTRY_STATES_MOST = 64 /* of one key: the current one, and those that are kept for views */
};

struct entry {
  struct slot slot;     /* queued by age, for SIEVE; older states, by the time when they became that */
  uint64_t version;     /* the bytes are what the database answered, or would, at this version */
  uint64_t set_version; /* the log's head when it was set */
  uint64_t stamp;       /* names this state */
  uint64_t layout;      /* the first state of this layout: see layout.h */
  uint64_t expires_at, stale_until;
  union {
    struct {           /* of the key's current state */
      uint32_t hits;   /* as many as fit */
      uint32_t set_at; /* seconds of the epoch, by the clock of who set it */
    };
    uint64_t needed_before; /* of an older one: it is for views of versions below this */
  };
  uint32_t value_len, span_count;
  uint32_t expiry_place; /* see expiry.c; 0: it does not expire, or is an older state */
  uint16_t reference_count;
  uint8_t content;
  bool has_query : 1;
  bool older : 1;
  bool mixed : 1;   /* set while a mutation on one of its tags was in flight: may or may not contain it */
  bool visited : 1; /* SIEVE's: read since the hand last passed */
};

/* Where the parts of an entry lie, from the start of its block, which the key begins; see entry.c. */
struct entry_places {
  uint64_t references, query, value, spans, size;
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
/* Where the entries are slots; a key's current state is found before its older ones. */
const struct table *entry_table(const struct arena *arena);

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
 * Moves the entry to another state, which is that of `version`, and notes in its spans what became another; the state
 * before stays when views need it. Returns the index of the entry as it is now, or 0 when there is no room: then
 * nothing changed, or the entry is gone.
 */
uint32_t entry_update_locked(struct arena *arena, uint32_t index, struct state state, uint64_t version);
/* The same, of a value that depends on other tags than before: those of `documents`. */
uint32_t entry_replace_locked(struct arena *arena, uint32_t index, struct state state,
                              const struct documents *documents, uint64_t version);
/* Notes `hits` reads of it, for SIEVE and for its count; an older state has none. */
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

/* Whether a slot holds the current state of a key. */
bool entry_is_set(const struct arena *arena, const struct entry *entry);
static inline struct entry_places entry_places_for(uint64_t key_len, uint64_t references, uint64_t query_size,
                                                   uint64_t value_len, uint64_t spans) {
  struct entry_places places;
  places.references = (key_len + 3) & ~(uint64_t)3;
  uint64_t end = places.references + references * sizeof(struct tag_reference);
  places.query = query_size > 0 ? (end + 7) & ~(uint64_t)7 : end;
  places.value = places.query + query_size;
  end = places.value + value_len;
  places.spans = spans > 0 ? (end + 7) & ~(uint64_t)7 : end;
  places.size = places.spans + spans * sizeof(struct span);
  return places;
}
static inline struct tag_reference *entry_references(const struct arena *arena, const struct entry *entry) {
  return arena_at(arena, entry->slot.key + entry_places_for(entry->slot.key_len, 0, 0, 0, 0).references);
}
static inline const struct query *entry_query(const struct arena *arena, const struct entry *entry) {
  if (!entry->has_query) return NULL;
  return arena_at(arena,
                  entry->slot.key + entry_places_for(entry->slot.key_len, entry->reference_count, 1, 0, 0).query);
}
static inline uint32_t entry_query_size(const struct arena *arena, const struct entry *entry) {
  const struct query *query = entry_query(arena, entry);
  return query ? query->size : 0;
}
static inline struct entry_places entry_places(const struct arena *arena, const struct entry *entry) {
  return entry_places_for(entry->slot.key_len, entry->reference_count, entry_query_size(arena, entry), entry->value_len,
                          entry->span_count);
}
static inline oc_slice_t entry_value(const struct arena *arena, const struct entry *entry) {
  return (oc_slice_t){arena_at(arena, entry->slot.key + entry_places(arena, entry).value), entry->value_len};
}
static inline struct span *entry_spans(const struct arena *arena, const struct entry *entry) {
  return arena_at(arena, entry->slot.key + entry_places(arena, entry).spans);
}
static inline struct state entry_state(const struct arena *arena, const struct entry *entry) {
  return (struct state){entry_value(arena, entry), entry_spans(arena, entry), entry->span_count};
}

#endif
