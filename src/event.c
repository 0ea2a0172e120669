/*
 * event.c: how those who sleep learn of an event, and what it was.
 *
 * The pulse is a counter in the arena's header. Whoever changes something moves it after giving the lock back, and asks
 * the kernel to wake sleepers only when some said that they are going to sleep:
 *
 *   sleeper   listening |= what I want;  is the pulse still what I saw?  then sleep on it
 *   waker     pulse += 1;  does listening name what happened?            then listening = 0, and wake all
 *
 * Either the sleeper sees the new pulse, or the waker sees the sleeper. A sleeper says it anew each time, so one that
 * died costs one needless system call and no more: nothing has to be counted or cleaned up.
 *
 * The ring holds records of any length; positions only grow, and a record lies at its position modulo the ring's size:
 *
 *   ─ oldest ──────────────────────────────────────────────── newest ─►
 *     tail                                                    head
 *   │ record │ record │ record … │ padding to the ring's end │ record │
 *
 * A writer moves the tail over as many whole records as it needs, whoever may not have read them. Events are counted
 * by type, recorded or not, in the counters that oc_stats tells. These go on over a reset of the arena, which empties
 * the ring. So a reader always knows how many there were, and how many of them it did not get.
 *
 * Recording costs time under the lock, so it is done only while somebody listens, and for the types that somebody
 * listens to: a full cache evicts with every set, and that would drive out the commits of those who want only these.
 * Listeners may die without a word, so they are not counted either: each reading renews the order to record for two
 * rounds of the ring. When nobody reads for so long, every listener has lost the events anyway, or there is none.
 */
#include "event.h"

#include <assert.h>
#include <string.h>

#include "futex.h"

/* ---- The pulse ---- */

uint32_t event_pulse(const struct arena *arena) {
  return __atomic_load_n(&arena_header(arena)->pulse, __ATOMIC_SEQ_CST);
}

void event_wake(struct arena *arena, uint32_t interests) {
  struct arena_header *header = arena_header(arena);
  __atomic_fetch_add(&header->pulse, 1, __ATOMIC_SEQ_CST);
  if (!(__atomic_load_n(&header->listening, __ATOMIC_SEQ_CST) & interests)) return;
  __atomic_store_n(&header->listening, 0, __ATOMIC_SEQ_CST);
  futex_wake_all(&header->pulse);
}

void event_sleep(struct arena *arena, uint32_t seen, uint32_t interests, uint64_t timeout_ms) {
  struct arena_header *header = arena_header(arena);
  __atomic_fetch_or(&header->listening, interests, __ATOMIC_SEQ_CST);
  if (event_pulse(arena) == seen) futex_wait(&header->pulse, seen, timeout_ms);
}

/* ---- The ring ---- */

enum { ORDERED_ROUNDS = 2, LARGEST_PART = 4 /* a record takes a quarter of the ring at most */ };

struct events {
  uint64_t head, tail;           /* positions: of the next record, and of the oldest whole one */
  uint64_t ordered[EVENT_TYPES]; /* events of a type are recorded up to this position */
  uint64_t announced;            /* the head at the last event_is_new_locked */
  uint64_t size;
};

static struct events *events_of(const struct arena *arena) { return arena_root(arena, ROOT_EVENTS); }

static char *ring_at(struct events *events, uint64_t position) {
  return (char *)(events + 1) + position % events->size;
}

static struct event_record *record_at(struct events *events, uint64_t position) {
  return (struct event_record *)(void *)ring_at(events, position);
}

uint64_t event_bytes(uint32_t size) { return sizeof(struct events) + 16 + size; }

oc_off event_init(struct arena *arena, oc_off at, uint32_t size) {
  assert(size % 8 == 0 && size >= LARGEST_PART * sizeof(struct event_record));
  arena_header(arena)->root[ROOT_EVENTS] = at;
  *events_of(arena) = (struct events){.size = size};
  return (at + sizeof(struct events) + size + 15) & ~(oc_off)15;
}

static uint64_t *counter_of(struct arena *arena, enum event_type type) {
  struct arena_counters *counters = &arena_header(arena)->counters;
  switch (type) {
  case EVENT_COMMIT: return &counters->commits;
  case EVENT_ROLLBACK: return &counters->rollbacks;
  case EVENT_EXPIRE: return &counters->expirations;
  case EVENT_INVALIDATE: return &counters->invalidations;
  default: assert(type == EVENT_EVICT); return &counters->evictions;
  }
}

bool event_happened_locked(struct arena *arena, enum event_type type) {
  ++*counter_of(arena, type);
  return events_of(arena)->head < events_of(arena)->ordered[type];
}

static uint64_t record_size(const struct event *event) {
  uint64_t size = sizeof(struct event_record) + event->principal.len + event->reason.len + event->key.len;
  for (uint32_t i = 0; i < event->tag_count; i++) size += sizeof(uint32_t) + event->tags[i].len;
  return (size + 7) & ~(uint64_t)7;
}

/* Lets the oldest records go until `size` bytes more fit. */
static void make_room(struct events *events, uint64_t size) {
  while (events->head + size - events->tail > events->size) {
    /* Less than a header may be left at the ring's end: padding says no more than its size there. */
    uint32_t oldest;
    memcpy(&oldest, ring_at(events, events->tail), sizeof oldest);
    events->tail += oldest;
  }
}

/* Records do not wrap: what is left at the end of the ring is padding. */
static void pad_to_end(struct events *events) {
  uint32_t left = (uint32_t)(events->size - events->head % events->size);
  make_room(events, left);
  const uint8_t type = EVENT_PADDING;
  memcpy(ring_at(events, events->head), &left, sizeof left);
  memcpy(ring_at(events, events->head) + sizeof left, &type, sizeof type);
  events->head += left;
}

static char *put(char *at, oc_slice_t text) {
  if (text.len > 0) memcpy(at, text.data, text.len);
  return at + text.len;
}

static void write_record(struct event_record *record, const struct event *event, uint64_t size, uint64_t number) {
  *record = (struct event_record){.size = (uint32_t)size,
                                  .type = (uint8_t)event->type,
                                  .has_token = event->token != NULL,
                                  .everything = event->everything,
                                  .tag_count = (uint8_t)event->tag_count,
                                  .more_tags = event->more_tags,
                                  .principal_len = (uint32_t)event->principal.len,
                                  .reason_len = (uint32_t)event->reason.len,
                                  .key_len = (uint32_t)event->key.len,
                                  .number = number,
                                  .version = event->version};
  if (event->token) memcpy(record->token, event->token, sizeof record->token);
  char *at = put(put(put((char *)(record + 1), event->principal), event->reason), event->key);
  for (uint32_t i = 0; i < event->tag_count; i++) {
    uint32_t len = (uint32_t)event->tags[i].len;
    memcpy(at, &len, sizeof len);
    at = put(at + sizeof len, event->tags[i]);
  }
}

void event_record_locked(struct arena *arena, const struct event *event) {
  struct events *events = events_of(arena);
  struct event shorter = *event;
  uint64_t most = events->size / LARGEST_PART, size;
  while ((size = record_size(&shorter)) > most && shorter.tag_count > 0) {
    shorter.more_tags += shorter.tag_count - shorter.tag_count / 2;
    shorter.tag_count /= 2;
  }
  if (size > most) return; /* its texts alone are too long for this ring: readers count it as lost */
  if (events->size - events->head % events->size < size) pad_to_end(events);
  make_room(events, size);
  write_record(record_at(events, events->head), &shorter, size, *counter_of(arena, event->type));
  events->head += size;
}

bool event_is_new_locked(struct arena *arena) {
  struct events *events = events_of(arena);
  bool is_new = events->announced != events->head;
  events->announced = events->head;
  return is_new;
}

/* ---- Reading ---- */

static void renew_order(struct events *events, uint32_t types) {
  for (enum event_type type = EVENT_COMMIT; type < EVENT_TYPES; type++)
    if (types & event_bit(type)) events->ordered[type] = events->head + ORDERED_ROUNDS * events->size;
}

static struct event_cursor cursor_of_now(struct arena *arena, uint32_t types) {
  struct event_cursor now = {.position = events_of(arena)->head, .resets = arena_header(arena)->resets, .types = types};
  for (enum event_type type = EVENT_COMMIT; type < EVENT_TYPES; type++) now.seen[type] = *counter_of(arena, type);
  return now;
}

void event_begin_locked(struct arena *arena, uint32_t types, struct event_cursor *cursor) {
  *cursor = cursor_of_now(arena, types);
  renew_order(events_of(arena), types);
}

void event_want_locked(struct arena *arena, uint32_t types, struct event_cursor *cursor) {
  for (enum event_type type = EVENT_COMMIT; type < EVENT_TYPES; type++)
    if (types & ~cursor->types & event_bit(type)) cursor->seen[type] = *counter_of(arena, type);
  cursor->types = types;
  renew_order(events_of(arena), types);
}

uint64_t event_read_locked(struct arena *arena, const struct event_cursor *cursor, void *out, uint64_t size,
                           struct event_cursor *next) {
  struct events *events = events_of(arena);
  renew_order(events, cursor->types);
  bool is_there = cursor->resets == arena_header(arena)->resets && cursor->position > events->tail;
  uint64_t from = is_there ? cursor->position : events->tail, bytes = events->head - from;
  if (bytes > size) return bytes;
  uint64_t to_end = events->size - from % events->size, first = bytes < to_end ? bytes : to_end;
  if (first > 0) memcpy(out, ring_at(events, from), first);
  if (bytes > first) memcpy((char *)out + first, ring_at(events, 0), bytes - first);
  *next = cursor_of_now(arena, cursor->types);
  return bytes;
}

/* ---- What was read ---- */

static const char *skip_paddings(const char *at, const char *end) {
  while (at < end && at[sizeof(uint32_t)] == EVENT_PADDING) {
    uint32_t left;
    memcpy(&left, at, sizeof left);
    at += left;
  }
  return at;
}

/* Records that other readers wanted are there as well, also from before this one did. */
static bool is_for(const struct event_cursor *cursor, const struct event_record *record) {
  return cursor->types & event_bit(record->type) && record->number > cursor->seen[record->type];
}

const struct event_record *event_next(const struct event_cursor *cursor, const void *records, uint64_t size,
                                      const struct event_record *previous) {
  if (size == 0) return NULL;
  const char *at = previous ? (const char *)previous + previous->size : records, *end = (const char *)records + size;
  while ((at = skip_paddings(at, end)) < end) {
    const struct event_record *record = (const struct event_record *)(const void *)at;
    if (is_for(cursor, record)) return record;
    at += record->size;
  }
  return NULL;
}

static const char *take(const char *at, uint32_t len, oc_slice_t *text) {
  *text = (oc_slice_t){at, len};
  return at + len;
}

void event_open(const struct event_record *record, struct event *event, oc_slice_t *tags) {
  *event = (struct event){.type = (enum event_type)record->type,
                          .everything = record->everything,
                          .version = record->version,
                          .token = record->has_token ? record->token : NULL,
                          .tags = tags,
                          .tag_count = record->tag_count,
                          .more_tags = record->more_tags};
  const char *at = (const char *)(record + 1);
  at = take(at, record->principal_len, &event->principal);
  at = take(at, record->reason_len, &event->reason);
  at = take(at, record->key_len, &event->key);
  for (uint32_t i = 0; i < record->tag_count; i++) {
    uint32_t len;
    memcpy(&len, at, sizeof len);
    at = take(at + sizeof len, len, tags + i);
  }
}

uint64_t event_count(const struct event_cursor *cursor, const struct event_cursor *next) {
  uint64_t count = 0;
  for (enum event_type type = EVENT_COMMIT; type < EVENT_TYPES; type++)
    if (cursor->types & event_bit(type)) count += next->seen[type] - cursor->seen[type];
  return count;
}
