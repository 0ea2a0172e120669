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

enum event_type { EVENT_PADDING, EVENT_COMMIT, EVENT_ROLLBACK, EVENT_EXPIRE, EVENT_INVALIDATE, EVENT_EVICT };

enum { EVENT_TAGS_MOST = 64 };

struct event {
  enum event_type type;
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
  uint8_t type, has_token;
  uint16_t tag_count;
  uint32_t more_tags;
  uint32_t principal_len, reason_len, key_len;
  uint64_t number; /* events are counted from 1, recorded or not */
  uint64_t version;
  uint8_t token[16];
};

/* Where a reader is. */
struct event_cursor {
  uint64_t position, number; /* of the next event it has not seen */
};

oc_off event_init(struct arena *arena, oc_off at, uint32_t size);
uint64_t event_bytes(uint32_t size);

/* Whether there is anybody to record events for; saves making one up. It is counted all the same. */
bool event_is_wanted_locked(struct arena *arena);
/* Records an event, over the oldest ones. */
void event_record_locked(struct arena *arena, const struct event *event);
/* Whether something was recorded since the last time this was asked. */
bool event_is_new_locked(struct arena *arena);

/* A cursor for what happens from now on, which is recorded from now on. */
void event_begin_locked(struct arena *arena, struct event_cursor *cursor);
/*
 * Copies the records that are not seen yet, oldest first, and moves the cursor past them; when `size` is too small,
 * does nothing. Returns their bytes. `happened` gets the number of events since the cursor: those that are not among the
 * records are lost. A listener reads after every event, or nothing is recorded any more.
 */
uint64_t event_read_locked(struct arena *arena, struct event_cursor *cursor, void *out, uint64_t size,
                           uint64_t *happened);
/* The next record of what was read, paddings left out; NULL at the end. The first for `previous` NULL. */
const struct event_record *event_next(const void *records, uint64_t size, const struct event_record *previous);

#endif
