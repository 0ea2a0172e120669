/*
 * support.h: what the tests of the core's modules share.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "attach.h"
#include "event.h"
#include "flight.h"
#include "replay.h"
#include "view.h"

#define S(text) ((oc_slice_t){(text), strlen(text)})

static inline bool is_text(oc_slice_t slice, const char *text) { return slice_equal(slice, S(text)); }

/* ---- An arena with all modules' tables, and its lock held ---- */

struct sizes {
  uint64_t bytes;
  uint32_t tags, log, entries, mutations, views, flights;
};

static inline void format_tables(struct arena *arena, void *context) {
  const struct sizes *sizes = context;
  oc_off at = (sizeof(struct arena_header) + 15) & ~(oc_off)15;
  at = event_init(arena, at, 1024);
  at = tag_init(arena, at, sizes->tags);
  at = log_init(arena, (at + 15) & ~(oc_off)15, sizes->log);
  at = entry_init(arena, at, sizes->entries);
  at = mutation_init(arena, at, sizes->mutations);
  at = view_init(arena, at, sizes->views);
  at = flight_init(arena, at, sizes->flights);
  alloc_init(arena, at);
}

/* Private memory of that many bytes, laid out by `format`. */
static inline oc_status open_memory(struct arena *arena, uint64_t bytes, void (*format)(struct arena *, void *),
                                    void *context) {
  struct attach_options options = {.kind = OC_PRIVATE, .size = bytes, .format = format, .context = context};
  return attach_open(arena, &options, NULL);
}

static inline struct arena open_arena(struct sizes *sizes) {
  struct arena arena;
  if (!sizes->bytes) sizes->bytes = 1 << 20;
  if (!sizes->tags) sizes->tags = 64;
  if (!sizes->log) sizes->log = 64;
  if (!sizes->entries) sizes->entries = 64;
  if (!sizes->mutations) sizes->mutations = 64;
  if (!sizes->views) sizes->views = 64;
  if (!sizes->flights) sizes->flights = 64;
  cr_assert(eq(int, open_memory(&arena, sizes->bytes, format_tables, sizes), OC_OK));
  arena_lock(&arena);
  return arena;
}

static inline void close_arena(struct arena *arena) {
  cr_assert(arena->damaged == false);
  alloc_check_locked(arena);
  arena_unlock(arena);
  arena_close(arena);
}

/* ---- Compiled input, from text that is right ---- */

static inline struct shapes *shapes_of(const char *text) {
  struct shapes *shapes;
  oc_error_t error = {0};
  cr_assert(eq(int, shapes_compile(S(text), &shapes, &error), OC_OK), "%s", error.message);
  return shapes;
}

static inline oc_buffer_t query_of(const char *text, const struct shapes *shapes) {
  oc_buffer_t out = {0};
  oc_error_t error = {0};
  cr_assert(eq(int, query_compile(S(text), shapes, 128, &out, &error), OC_OK), "%s", error.message);
  return out;
}

static inline oc_buffer_t operations_of(const char *text) {
  static const struct operation_limits LIMITS = {.count = 256, .bytes = 1 << 18, .json_depth = 128, .tag_bytes = 512};
  oc_buffer_t out = {0};
  oc_error_t error = {0};
  cr_assert(eq(int, operations_compile(S(text), &LIMITS, &out, &error), OC_OK), "%s", error.message);
  return out;
}

static inline const struct query *as_query(const oc_buffer_t *buffer) {
  return buffer->len ? (const struct query *)(const void *)buffer->data : NULL;
}

static inline oc_slice_t as_slice(const oc_buffer_t *buffer) { return (oc_slice_t){buffer->data, buffer->len}; }

static const oc_limits_t WIDE_LIMITS = {.tag_bytes = 512, .tags_per_entry = 4096, .json_depth = 128};

static inline oc_token_t token_of(uint8_t last) {
  oc_token_t token = {{1, 0, 0, 0, 0, 0, 0x70, 0, 0x80}};
  token.bytes[15] = last;
  return token;
}

#endif
