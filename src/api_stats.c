/*
 * api_stats.c: looking in.
 *
 * The list of entries is printed under the lock, into memory that was there before: when it does not fit, the section
 * ends, the buffer grows, and it starts over.
 */
#include <string.h>

#include "cache.h"

enum { ENTRIES_DEFAULT = 1000, GROW_TRIES = 24, FIRST_BUFFER = 64 << 10 };

void oc_stats(oc_cache_t *cache, oc_stats_t *stats) {
  struct arena *arena = &cache->arena;
  arena_lock(arena);
  const struct arena_header *header = arena_header(arena);
  const struct arena_counters *counters = &header->counters;
  *stats = (oc_stats_t){.version = header->version,
                        .generation = header->generation,
                        .hits = counters->hits,
                        .misses = counters->misses,
                        .sets = counters->sets,
                        .refused = counters->refused,
                        .replays = counters->replays,
                        .inexact = counters->inexact,
                        .overlays = counters->overlays,
                        .evictions = counters->evictions,
                        .commits = counters->commits,
                        .rollbacks = counters->rollbacks,
                        .expirations = counters->expirations,
                        .invalidations = counters->invalidations,
                        .entries = entry_count_locked(arena),
                        .tags = tag_count_locked(arena),
                        .mutations_pending = mutation_pending_locked(arena),
                        .mutations = mutation_count_locked(arena),
                        .views = view_count_locked(arena),
                        .arena_bytes = header->size,
                        .used_bytes = header->size - alloc_capacity_locked(arena) + alloc_used_locked(arena)};
  arena_unlock(arena);
}

static bool carries(const struct arena *arena, const struct entry *entry, uint32_t tag) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++)
    if (references[i].tag == tag) return true;
  return false;
}

static oc_slice_t tag_name(const struct arena *arena, uint32_t tag) {
  return slot_key(arena, &tag_at(arena, tag)->slot);
}

/* An upper bound of what print_entry appends. */
static size_t printed_most(const struct arena *arena, const struct entry *entry) {
  size_t most = 256 + (size_t)entry->slot.key_len * 6;
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++) most += tag_name(arena, references[i].tag).len * 6 + 3;
  return most;
}

/* The room was made before, so none of these can fail. */
static void print_entry(const struct arena *arena, const struct entry *entry, oc_buffer_t *out) {
  const struct tag_reference *references = entry_references(arena, entry);
  (void)buffer_print(out, "%s{\"key\":", out->len > 1 ? "," : "");
  (void)buffer_quote(out, slot_key(arena, &entry->slot));
  (void)buffer_print(out, ",\"version\":%llu,\"bytes\":%u,\"expiresAt\":%llu,\"hits\":%llu,\"tags\":[",
                     (unsigned long long)entry->version, entry->value_len, (unsigned long long)entry->expires_at,
                     (unsigned long long)entry->hits);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    if (i > 0) (void)buffer_append(out, ",", 1);
    (void)buffer_quote(out, tag_name(arena, references[i].tag));
  }
  (void)buffer_append(out, "]}", 2);
}

static bool print_all_locked(struct arena *arena, oc_slice_t tag_text, size_t limit, oc_buffer_t *out) {
  uint32_t tag = tag_text.len > 0 ? tag_find_locked(arena, tag_text) : 0;
  out->len = 0;
  (void)buffer_append(out, "[", 1);
  if (tag_text.len == 0 || tag) {
    uint32_t index = 0;
    for (size_t printed = 0; printed < limit && (index = entry_older_locked(arena, index));) {
      const struct entry *entry = entry_at(arena, index);
      if (tag && !carries(arena, entry, tag)) continue;
      if (out->cap - out->len < printed_most(arena, entry) + 1) return false;
      print_entry(arena, entry, out);
      printed++;
    }
  }
  (void)buffer_append(out, "]", 1);
  return true;
}

oc_status oc_entries(oc_cache_t *cache, oc_slice_t tag, size_t limit, oc_buffer_t *out, oc_error_t *error) {
  if (!cache || !out) return error_set(error, OC_ERR_ARGUMENT, "out must be given");
  size_t cap = FIRST_BUFFER;
  for (int tries = 0; tries < GROW_TRIES; tries++, cap *= 2) {
    if (buffer_reserve(out, cap) != OC_OK) break;
    arena_lock(&cache->arena);
    bool printed = print_all_locked(&cache->arena, tag, limit ? limit : ENTRIES_DEFAULT, out);
    arena_unlock(&cache->arena);
    if (printed) return OC_OK;
  }
  return error_set(error, OC_ERR_MEMORY, "no memory for the list of entries");
}
