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
 * A writer moves the tail over as many whole records as it needs, whoever may not have read them; a reader whose place is
 * behind the tail knows from the numbers of the records how many it lost.
 *
 * Recording costs time under the lock, so it is done only while somebody listens. Listeners may die without a word, so
 * they are not counted either: each reading renews the order to record for two rounds of the ring. When nobody reads
 * for so long, every listener has lost the events anyway, or there is none.
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
  uint64_t head, tail; /* positions: of the next record, and of the oldest whole one */
  uint64_t count;      /* of events since the arena was made, recorded or not */
  uint64_t ordered;    /* events are recorded up to this position */
  uint64_t announced;  /* the head at the last event_is_new_locked */
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

bool event_is_wanted_locked(struct arena *arena) {
  struct events *events = events_of(arena);
  if (events->head < events->ordered) return true;
  events->count++;
  return false;
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
                                  .tag_count = (uint16_t)event->tag_count,
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
  uint64_t number = ++events->count;
  if (size > most) return; /* its texts alone are too long for this ring: readers count it as lost */
  if (events->size - events->head % events->size < size) pad_to_end(events);
  make_room(events, size);
  write_record(record_at(events, events->head), &shorter, size, number);
  events->head += size;
}

bool event_is_new_locked(struct arena *arena) {
  struct events *events = events_of(arena);
  bool is_new = events->announced != events->head;
  events->announced = events->head;
  return is_new;
}

/* ---- Reading ---- */

static void renew_order(struct events *events) { events->ordered = events->head + ORDERED_ROUNDS * events->size; }

void event_begin_locked(struct arena *arena, struct event_cursor *cursor) {
  struct events *events = events_of(arena);
  *cursor = (struct event_cursor){.position = events->head, .number = events->count + 1};
  renew_order(events);
}

uint64_t event_read_locked(struct arena *arena, struct event_cursor *cursor, void *out, uint64_t size,
                           uint64_t *happened) {
  struct events *events = events_of(arena);
  renew_order(events);
  uint64_t from = cursor->position > events->tail ? cursor->position : events->tail, bytes = events->head - from;
  if (bytes > size) return bytes;
  *happened = events->count + 1 - cursor->number;
  uint64_t to_end = events->size - from % events->size, first = bytes < to_end ? bytes : to_end;
  if (first > 0) memcpy(out, ring_at(events, from), first);
  if (bytes > first) memcpy((char *)out + first, ring_at(events, 0), bytes - first);
  *cursor = (struct event_cursor){.position = events->head, .number = events->count + 1};
  return bytes;
}

const struct event_record *event_next(const void *records, uint64_t size, const struct event_record *previous) {
  const char *at = previous ? (const char *)previous + previous->size : records, *end = (const char *)records + size;
  while (at < end && at[sizeof(uint32_t)] == EVENT_PADDING) {
    uint32_t left;
    memcpy(&left, at, sizeof left);
    at += left;
  }
  return at < end ? (const struct event_record *)(const void *)at : NULL;
}
