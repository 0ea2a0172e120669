/*
 * api_event.c: events, as text for those who listen.
 *
 * The records are copied under the lock into memory that was there before, and made into text outside of it. A reader
 * moves on only when all of that succeeded, so that what could not be told is told, or counted, the next time.
 */
#include <assert.h>
#include <stdlib.h>

#include "cache.h"

enum { TYPES_ALL = (1 << (EVENT_TYPES - 1)) - 1 };

static_assert(OC_EVENT_EVICT == 1 << (EVENT_EVICT - 1), "the types of the interface are those of event.h, as bits");

struct oc_events {
  oc_cache_t *cache;
  struct event_cursor cursor;
  oc_buffer_t records; /* kept from call to call */
};

static oc_status check_types(uint32_t types, oc_error_t *error) {
  if (types && !(types & ~(uint32_t)TYPES_ALL)) return OC_OK;
  return error_set(error, OC_ERR_ARGUMENT, "types must be a set of oc_event_type that is not empty");
}

oc_status oc_events_open(oc_cache_t *cache, uint32_t types, oc_events_t **out, oc_error_t *error) {
  if (!cache || !out) return error_set(error, OC_ERR_ARGUMENT, "cache and events must be given");
  oc_status status = check_types(types, error);
  if (status != OC_OK) return status;
  oc_events_t *events = calloc(1, sizeof *events);
  if (!events) return error_set(error, OC_ERR_MEMORY, "no memory for a reader of events");
  events->cache = cache;
  arena_lock(&cache->arena);
  event_begin_locked(&cache->arena, types, &events->cursor);
  arena_unlock(&cache->arena);
  *out = events;
  return OC_OK;
}

oc_status oc_events_want(oc_events_t *events, uint32_t types, oc_error_t *error) {
  if (!events) return error_set(error, OC_ERR_ARGUMENT, "events must be given");
  oc_status status = check_types(types, error);
  if (status != OC_OK) return status;
  arena_lock(&events->cache->arena);
  event_want_locked(&events->cache->arena, types, &events->cursor);
  arena_unlock(&events->cache->arena);
  return OC_OK;
}

void oc_events_close(oc_events_t *events) {
  if (!events) return;
  oc_buffer_free(&events->records);
  free(events);
}

/* ---- Reading ---- */

/* Copies the records; `next` is where the reader is when it has told them. */
static oc_status copy_records(oc_events_t *events, struct event_cursor *next) {
  struct arena *arena = &events->cache->arena;
  oc_buffer_t *records = &events->records;
  oc_status status = OC_OK;
  for (int tries = 0; status == OC_OK && tries < GROW_TRIES; tries++) {
    arena_lock(arena);
    uint64_t size = event_read_locked(arena, &events->cursor, records->data, records->cap, next);
    arena_unlock(arena);
    records->len = (size_t)size;
    if (size <= records->cap) return OC_OK;
    status = buffer_reserve(records, (size_t)size);
  }
  return OC_ERR_MEMORY;
}

static oc_status quote_member(oc_buffer_t *out, const char *name, oc_slice_t text) {
  oc_status status = buffer_print(out, ",\"%s\":", name);
  return status == OC_OK ? buffer_quote(out, text) : status;
}

static oc_status print_tags(oc_buffer_t *out, const struct event *event) {
  oc_status status = buffer_print(out, ",\"tags\":[");
  for (uint32_t i = 0; i < event->tag_count && status == OC_OK; i++) {
    if (i > 0) status = buffer_append(out, ",", 1);
    if (status == OC_OK) status = buffer_quote(out, event->tags[i]);
  }
  return status == OC_OK ? buffer_print(out, "],\"moreTags\":%u", event->more_tags) : status;
}

static oc_status print_mutation(oc_buffer_t *out, const struct event *event) {
  oc_token_t token;
  char text[37];
  for (size_t i = 0; i < sizeof token.bytes; i++) token.bytes[i] = event->token[i];
  oc_token_format(token, text);
  oc_status status = buffer_print(out, ",\"token\":\"%s\"", text);
  return status == OC_OK ? quote_member(out, "principal", event->principal) : status;
}

static oc_status print_event(oc_buffer_t *out, const struct event *event) {
  static const char *const NAMES[EVENT_TYPES] = {NULL, "commit", "rollback", "expire", "invalidate", "evict"};
  oc_status status =
      buffer_print(out, "{\"type\":\"%s\",\"version\":%llu", NAMES[event->type], (unsigned long long)event->version);
  if (status == OC_OK && event->token) status = print_mutation(out, event);
  if (status == OC_OK && event->type == EVENT_EVICT) status = quote_member(out, "key", event->key);
  if (status == OC_OK && event->reason.len > 0) status = quote_member(out, "reason", event->reason);
  if (status == OC_OK && event->type == EVENT_INVALIDATE)
    status = buffer_print(out, ",\"everything\":%s", event->everything ? "true" : "false");
  if (status == OC_OK && event->type != EVENT_EVICT) status = print_tags(out, event);
  return status == OC_OK ? buffer_append(out, "}", 1) : status;
}

/* Prints what is new to the reader; `told` gets how many. */
static oc_status print_records(const oc_events_t *events, oc_buffer_t *out, uint64_t *told) {
  const oc_buffer_t *records = &events->records;
  const struct event_record *record = NULL;
  oc_slice_t tags[EVENT_TAGS_MOST];
  struct event event;
  out->len = 0;
  oc_status status = buffer_append(out, "[", 1);
  for (*told = 0; status == OC_OK; ++*told) {
    record = event_next(&events->cursor, records->data, records->len, record);
    if (!record) break;
    event_open(record, &event, tags);
    if (*told > 0) status = buffer_append(out, ",", 1);
    if (status == OC_OK) status = print_event(out, &event);
  }
  return status == OC_OK ? buffer_append(out, "]", 1) : status;
}

oc_status oc_events_read(oc_events_t *events, oc_buffer_t *out, oc_lost_t *lost, oc_error_t *error) {
  if (!events || !out || !lost) return error_set(error, OC_ERR_ARGUMENT, "events, out and lost must be given");
  struct event_cursor next;
  uint64_t told;
  oc_status status = copy_records(events, &next);
  if (status == OC_OK) status = print_records(events, out, &told);
  if (status != OC_OK) return error_set(error, status, "no memory for the events; read again");
  *lost =
      (oc_lost_t){.events = event_count(&events->cursor, &next) - told, .reset = next.resets != events->cursor.resets};
  events->cursor = next;
  return OC_OK;
}
