/*
 * api_stats.c: looking in.
 *
 * The list of entries is printed under the lock, a few hundred at a time so that nobody waits long for it, into memory
 * that was there before: when it does not fit, the section ends, the buffer grows, and it goes on. Entries come and go
 * between two sections; the list has each that was there all the time once.
 */
#include <string.h>

#include "cache.h"

enum {
  ENTRIES_DEFAULT = 1000,
  FIRST_BUFFER = 64 << 10,
  SECTION_MOST = 256,       /* entries looked at under one hold of the lock … */
  SECTION_BYTES = 64 << 10, /* … and about what may be printed in it: an entry may have thousands of tags */
  LOST_MOST = 16
};

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
                        .flights = flight_count_locked(arena),
                        .processes = process_count_locked(arena),
                        .resets = header->resets,
                        .arena_bytes = header->identity.size,
                        .used_bytes = header->identity.size - alloc_capacity_locked(arena) + alloc_used_locked(arena)};
  memcpy(stats->started, header->started, sizeof stats->started);
  arena_unlock(arena);
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
  (void)buffer_print(out,
                     ",\"version\":%llu,\"stamp\":\"%llu\",\"bytes\":%u,\"expiresAt\":%llu,\"hits\":%llu,\"tags\":[",
                     (unsigned long long)entry->version, (unsigned long long)entry->stamp, entry->value_len,
                     (unsigned long long)entry->expires_at, (unsigned long long)entry->hits);
  for (uint32_t i = 0; i < entry->reference_count; i++) {
    if (i > 0) (void)buffer_append(out, ",", 1);
    (void)buffer_quote(out, tag_name(arena, references[i].tag));
  }
  (void)buffer_append(out, "]}", 2);
}

oc_status oc_entry(oc_cache_t *cache, oc_slice_t key, oc_buffer_t *out, oc_error_t *error) {
  if (!cache || !out || !key.data) return error_set(error, OC_ERR_ARGUMENT, "key and out must be given");
  out->len = 0;
  size_t most = FIRST_BUFFER;
  for (int tries = 0; tries < GROW_TRIES; tries++) {
    if (buffer_reserve(out, most) != OC_OK) return error_set(error, OC_ERR_MEMORY, "no memory for the entry");
    arena_lock(&cache->arena);
    uint32_t index = entry_find_locked(&cache->arena, key);
    const struct entry *entry = index ? entry_at(&cache->arena, index) : NULL;
    if (entry) most = printed_most(&cache->arena, entry);
    bool fits = entry && most <= out->cap;
    if (fits) print_entry(&cache->arena, entry, out);
    arena_unlock(&cache->arena);
    if (!entry) return OC_MISS;
    if (fits) return OC_OK;
  }
  return OC_MISS; /* it grew faster than we could follow */
}

/* A listing under way: the tag's chain, or all slots in turn. */
struct listing {
  struct arena *arena;
  oc_slice_t tag;
  oc_buffer_t *out;
  size_t left;    /* entries that may still be printed */
  uint32_t slot;  /* without a tag: the last one looked at */
  uint32_t count; /* of the entries printed in the last section, in their order */
  struct tag_place printed[SECTION_MOST];
};

enum listing_state { LISTED, UNFINISHED, OUT_OF_BUFFER, LOST };

static bool print_one(struct listing *listing, uint32_t index) {
  const struct entry *entry = entry_at(listing->arena, index);
  if (listing->out->cap - listing->out->len < printed_most(listing->arena, entry) + 1) return false;
  print_entry(listing->arena, entry, listing->out);
  listing->left--;
  return true;
}

/*
 * Where the chain goes on: after the last printed entry that is still there, as those printed after it are gone. False
 * when none of them is.
 */
static bool find_place(const struct listing *listing, uint32_t tag, struct tag_place *place) {
  *place = (struct tag_place){0};
  if (listing->count == 0) return true;
  for (uint32_t i = listing->count; i > 0; i--) {
    *place = listing->printed[i - 1];
    if (entry_stands_locked(listing->arena, tag, place)) return true;
  }
  return false;
}

/* A section's worth of a tag's chain. */
static enum listing_state list_of_tag_locked(struct listing *listing) {
  uint32_t tag = tag_find_locked(listing->arena, listing->tag);
  struct tag_place place;
  size_t most = listing->out->len + SECTION_BYTES;
  if (!tag) return LISTED;
  if (!find_place(listing, tag, &place)) return LOST;
  for (uint32_t printed = 0; printed < SECTION_MOST && listing->out->len < most; printed++) {
    if (listing->left == 0 || !entry_next_of_tag_locked(listing->arena, tag, &place)) return LISTED;
    if (!print_one(listing, place.entry)) return OUT_OF_BUFFER;
    listing->printed[printed] = place;
    listing->count = printed + 1;
  }
  return UNFINISHED;
}

/* A section's worth of all slots. */
static enum listing_state list_all_locked(struct listing *listing) {
  size_t most = listing->out->len + SECTION_BYTES;
  for (uint32_t looked = 0; looked < SECTION_MOST && listing->out->len < most; looked++) {
    if (listing->left == 0 || listing->slot >= entry_slots_locked(listing->arena)) return LISTED;
    uint32_t index = listing->slot + 1;
    if (entry_is_set(listing->arena, entry_at(listing->arena, index)) && !print_one(listing, index))
      return OUT_OF_BUFFER;
    listing->slot = index;
  }
  return UNFINISHED;
}

/* What was listed so far is of no use when the place in the chain is lost. */
static void start_over(struct listing *listing, size_t limit) {
  listing->left = limit;
  listing->slot = listing->count = 0;
  listing->out->len = 1;
}

oc_status oc_entries(oc_cache_t *cache, oc_slice_t tag, size_t limit, oc_buffer_t *out, oc_error_t *error) {
  if (!cache || !out) return error_set(error, OC_ERR_ARGUMENT, "out must be given");
  if (limit == 0) limit = ENTRIES_DEFAULT;
  struct listing listing = {.arena = &cache->arena, .tag = tag, .out = out, .left = limit};
  out->len = 0;
  oc_status status = buffer_reserve(out, FIRST_BUFFER);
  if (status == OC_OK) status = buffer_append(out, "[", 1);
  int lost = 0;
  for (enum listing_state state = UNFINISHED; status == OC_OK && state != LISTED;) {
    arena_lock(&cache->arena);
    state = tag.len > 0 ? list_of_tag_locked(&listing) : list_all_locked(&listing);
    arena_unlock(&cache->arena);
    if (state == OUT_OF_BUFFER) status = buffer_reserve(out, out->cap * 2);
    if (state == LOST && ++lost > LOST_MOST) break; /* they go faster than they can be listed: that is the list */
    if (state == LOST) start_over(&listing, limit);
  }
  if (status == OC_OK) status = buffer_append(out, "]", 1);
  return status == OC_OK ? OC_OK : error_set(error, status, "no memory for the list of entries");
}
