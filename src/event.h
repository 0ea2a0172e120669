/*
 * event.h: what happened in the arena, told to every process: a word that moves (the pulse), and a ring of records.
 *
 * Nobody who writes ever waits for somebody who reads.
 */
#ifndef EVENT_H
#define EVENT_H

#include "arena.h"

/* ---- The pulse: no lock is needed ---- */

/* What a sleeper wants to be woken for: a set of these. */
enum event_interest {
  EVENT_ANY = 1,      /* any event */
  EVENT_DEADLINES = 2 /* there is something to be done earlier than it was known, or watchers came to be */
};

uint32_t event_pulse(const struct arena *arena);
/* Moves the pulse and wakes those with one of these interests. Call it after the lock was given back. */
void event_wake(struct arena *arena, uint32_t interests);
/* Sleeps while the pulse is `seen`, for `timeout_ms` at most (UINT64_MAX: none). May return early. */
void event_sleep(struct arena *arena, uint32_t seen, uint32_t interests, uint64_t timeout_ms);

/* ---- The ring: all functions need the lock ---- */

enum event_type {
  EVENT_PADDING,
  EVENT_COMMIT,
  EVENT_ROLLBACK,
  EVENT_EXPIRE,
  EVENT_INVALIDATE,
  EVENT_EVICT,
  EVENT_TYPES
};

enum { EVENT_TAGS_MOST = 64 };

/* As one of a set of types; oc_event_type. */
static inline uint32_t event_bit(enum event_type type) { return 1U << (type - 1); }

struct event {
  enum event_type type;
  bool everything; /* not some tags, but all there are */
  uint64_t version;
  const uint8_t *token; /* NULL: none */
  oc_slice_t principal, reason, key;
  const oc_slice_t *tags; /* EVENT_TAGS_MOST at most */
  uint32_t tag_count;
  uint32_t more_tags; /* there are so many others */
};

/* As it lies in the ring: `size` bytes, a multiple of 8, with the texts behind the struct. */
struct event_record {
  uint32_t size;
  uint8_t type, has_token, everything, tag_count;
  uint32_t more_tags;
  uint32_t principal_len, reason_len, key_len;
  uint64_t number; /* the events of each type are counted from 1, recorded or not */
  uint64_t version;
  uint8_t token[16];
};

/* Where a reader is. */
struct event_cursor {
  uint64_t position;
  uint64_t resets;            /* of the arena; the position is good for one life of the ring */
  uint64_t seen[EVENT_TYPES]; /* how many there were of each type */
  uint32_t types, reserved;   /* that it wants to see */
};

oc_off event_init(struct arena *arena, oc_off at, uint32_t size);
uint64_t event_bytes(uint32_t size);

/* Counts one of that type, in the arena's counters. True when somebody wants it to be recorded. */
bool event_happened_locked(struct arena *arena, enum event_type type);
/* Records what event_happened_locked just counted, over the oldest records. */
void event_record_locked(struct arena *arena, const struct event *event);
/* Whether something was recorded since the last time this was asked. */
bool event_is_new_locked(struct arena *arena);

/* A cursor for what happens from now on, which is recorded from now on. */
void event_begin_locked(struct arena *arena, uint32_t types, struct event_cursor *cursor);
/* From now on it wants to see these types. What happened so far, it does of the types it wanted until now. */
void event_want_locked(struct arena *arena, uint32_t types, struct event_cursor *cursor);
/*
 * Copies the records since the cursor, oldest first, and fills `next` with where it is then; when `size` is too small,
 * does nothing. Returns their bytes. A listener reads after every event, or nothing is recorded any more.
 */
uint64_t event_read_locked(struct arena *arena, const struct event_cursor *cursor, void *out, uint64_t size,
                           struct event_cursor *next);

/* ---- What was read: no lock is needed ---- */

/* The next record that is new to the cursor and of its types; NULL at the end. The first for `previous` NULL. */
const struct event_record *event_next(const struct event_cursor *cursor, const void *records, uint64_t size,
                                      const struct event_record *previous);
/* What the record says, as slices into it; `tags` has room for EVENT_TAGS_MOST. */
void event_open(const struct event_record *record, struct event *event, oc_slice_t *tags);
/* How many events of the cursor's types there were up to `next`. Those that are not among the records are lost. */
uint64_t event_count(const struct event_cursor *cursor, const struct event_cursor *next);

#endif
