/*
 * api_entries.c: what is known of entries, of one or of all.
 *
 * All are walked in an order that stays whatever comes and goes (place.h), so a cursor is a place in it, and nobody has to
 * remember it here.
 *
 *   bucket 0          bucket 1          bucket 2                 every place before the cursor was looked at
 *   a3…0  f1…0        ──                07…2 │ cursor  9c…2      once, and none behind it
 *
 * (Two keys of one hash would be told of as one, but a keyed hash of 64 bits makes none.)
 *
 * A page is made in two steps. First entries are picked, by their hashes alone; the lock is taken anew after a number
 * of them. Then they are looked up and printed, into memory that was there before: when it does not fit, the lock is
 * given back and the buffer grows. What went in between is not printed.
 *
 * A tag that few carry is not looked for in all entries: its chain is short enough to be walked at once, and those of
 * it that come next in the order are picked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "place.h"

enum {
  LIMIT_DEFAULT = 50,
  LIMIT_MOST = 1000,
  FIRST_BUFFER = 64 << 10,
  CHAIN_MOST = 1024,        /* entries of a tag that are looked at in one section */
  SECTION_EFFORT = 1 << 14, /* under one hold of the lock: an empty bucket is 1, an entry ENTRY_EFFORT or more */
  CALL_EFFORT = 1 << 18,
  ENTRY_EFFORT = 16,
  PRINTED_MOST = 64 << 10 /* bytes, about, that are printed under one hold of the lock: entries may have many tags */
};

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
static void print_entry(const struct arena *arena, const struct entry *entry, bool is_first, oc_buffer_t *out) {
  const struct tag_reference *references = entry_references(arena, entry);
  (void)buffer_print(out, "%s{\"key\":", is_first ? "" : ",");
  (void)buffer_quote(out, slot_key(arena, &entry->slot));
  (void)buffer_print(out,
                     ",\"version\":%llu,\"stamp\":\"%llu\",\"bytes\":%u,\"setAt\":%llu,\"expiresAt\":%llu,\"hits\":%u,"
                     "\"tags\":[",
                     (unsigned long long)entry->version, (unsigned long long)entry->stamp, entry->value_len,
                     entry->set_at * 1000ULL, (unsigned long long)entry->expires_at, entry->hits);
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
    if (fits) print_entry(&cache->arena, entry, true, out);
    arena_unlock(&cache->arena);
    if (!entry) return OC_MISS;
    if (fits) return OC_OK;
  }
  return OC_MISS; /* it grew faster than we could follow */
}

/* An entry that was picked: the lowest rank comes first, of equal ones the lowest hash. */
struct pick {
  uint64_t rank, hash;
};

struct listing {
  oc_cache_t *cache;
  const oc_entries_options_t *options;
  uint64_t generation;
  struct place place; /* where the walk goes on */
  bool is_end;
  uint32_t limit, count; /* of the picks */
  uint32_t effort;       /* that this call may still make */
  struct pick picks[LIMIT_MOST];
};

static bool contains(oc_slice_t text, oc_slice_t part) {
  for (size_t at = 0; at + part.len <= text.len; at++) {
    const char *found = memchr(text.data + at, part.data[0], text.len - part.len - at + 1);
    if (!found) return false;
    if (!memcmp(found, part.data, part.len)) return true;
    at = (size_t)(found - text.data);
  }
  return false;
}

static bool has_key_like(oc_slice_t key, const oc_entries_options_t *options) {
  oc_slice_t prefix = options->prefix, part = options->contains;
  if (key.len < prefix.len || (prefix.len > 0 && memcmp(key.data, prefix.data, prefix.len) != 0)) return false;
  return part.len == 0 || contains(key, part);
}

static bool has_tag(const struct arena *arena, const struct entry *entry, uint32_t tag) {
  const struct tag_reference *references = entry_references(arena, entry);
  for (uint32_t i = 0; i < entry->reference_count; i++)
    if (references[i].tag == tag) return true;
  return false;
}

static uint64_t rank_of(const struct entry *entry, oc_order order, uint32_t bucket) {
  switch (order) {
  case OC_LARGEST: return UINT64_MAX - entry->value_len;
  case OC_OLDEST: return entry->set_at;
  case OC_MOST_READ: return UINT64_MAX - entry->hits;
  default: return bucket;
  }
}

static bool comes_before(struct pick one, struct pick other) {
  return one.rank != other.rank ? one.rank < other.rank : one.hash < other.hash;
}

/* Whether a read would drop it, because something happened to its tags that cannot be replayed. */
static bool is_useless_locked(oc_cache_t *cache, const struct entry *entry) {
  struct missed missed;
  return missed_locked(cache, entry, log_head(&cache->arena), &missed) == USELESS;
}

/* Keeps the picks that come first, in their order. Returns false when one of them found no room. */
static bool pick_locked(struct listing *listing, const struct entry *entry, uint32_t bucket) {
  struct pick *picks = listing->picks, added = {rank_of(entry, listing->options->order, bucket), entry->slot.hash};
  bool is_full = listing->count == listing->limit;
  if (is_full && !comes_before(added, picks[listing->count - 1])) return false;
  if (is_useless_locked(listing->cache, entry)) return true;
  uint32_t at = is_full ? listing->count - 1 : listing->count++;
  for (; at > 0 && comes_before(added, picks[at - 1]); at--) picks[at] = picks[at - 1];
  picks[at] = added;
  return !is_full;
}

static bool is_in_order_of_places(const struct listing *listing) { return listing->options->order == OC_ANY; }

/* All that carry the tag, at once; those that do not fit are what the next call begins with. */
static void pick_from_chain_locked(struct listing *listing, uint32_t tag) {
  const struct arena *arena = &listing->cache->arena;
  bool is_left = false;
  for (struct tag_place link = {0}; reference_next_locked(arena, tag, &link);) {
    const struct entry *entry = entry_at(arena, link.entry);
    struct place place = place_of(arena, entry);
    if (!place_reached(&listing->place, &place)) continue;
    if (!has_key_like(slot_key(arena, &entry->slot), listing->options)) continue;
    if (!pick_locked(listing, entry, place.bucket)) is_left = true;
  }
  listing->is_end = !is_left || !is_in_order_of_places(listing);
  if (listing->is_end) return;
  listing->place = place_after(arena, listing->picks[listing->count - 1].hash);
}

/* A section's worth of all entries. */
static void pick_from_all_locked(struct listing *listing, uint32_t tag) {
  const struct arena *arena = &listing->cache->arena;
  bool by_place = is_in_order_of_places(listing);
  uint32_t effort = SECTION_EFFORT < listing->effort ? SECTION_EFFORT : listing->effort, left = effort;
  while (left > 0 && !listing->is_end && !(by_place && listing->count == listing->limit)) {
    uint32_t index = place_next_locked(arena, &listing->place, &left);
    if (!index) {
      listing->is_end = left > 0;
      break;
    }
    const struct entry *entry = entry_at(arena, index);
    uint32_t bucket = listing->place.bucket, cost = ENTRY_EFFORT + entry->slot.key_len / 16 + entry->reference_count;
    left -= cost < left ? cost : left;
    listing->place = place_after(arena, entry->slot.hash);
    if (tag && !has_tag(arena, entry, tag)) continue;
    if (!has_key_like(slot_key(arena, &entry->slot), listing->options)) continue;
    (void)pick_locked(listing, entry, bucket);
  }
  listing->effort -= effort - left;
}

static void pick_section_locked(struct listing *listing) {
  struct arena *arena = &listing->cache->arena;
  oc_slice_t name = listing->options->tag;
  uint32_t tag = name.len > 0 ? tag_find_locked(arena, name) : 0;
  bool is_gone = listing->generation != arena_header(arena)->generation || (name.len > 0 && !tag);
  if (is_gone) listing->is_end = true;
  else if (tag && listing->count == 0 && tag_at(arena, tag)->uses <= CHAIN_MOST) pick_from_chain_locked(listing, tag);
  else pick_from_all_locked(listing, tag);
}

static bool is_picked(const struct listing *listing) {
  if (listing->is_end || listing->effort == 0) return true;
  return is_in_order_of_places(listing) && listing->count == listing->limit;
}

/* Prints picks from `*next` on; false when the buffer must grow first. */
static bool print_section_locked(const struct listing *listing, uint32_t *next, oc_buffer_t *out, bool *is_first) {
  struct arena *arena = &listing->cache->arena;
  size_t most = out->len + PRINTED_MOST;
  if (listing->generation != arena_header(arena)->generation) *next = listing->count;
  for (; *next < listing->count && out->len < most; ++*next) {
    uint32_t index = place_find_locked(arena, listing->picks[*next].hash);
    const struct entry *entry = index ? entry_at(arena, index) : NULL;
    if (!entry) continue;
    if (out->cap - out->len < printed_most(arena, entry) + 1) return false;
    print_entry(arena, entry, *is_first, out);
    *is_first = false;
  }
  return true;
}

static oc_status print_picks(const struct listing *listing, oc_buffer_t *out) {
  struct arena *arena = &listing->cache->arena;
  bool is_first = true;
  oc_status status = OC_OK;
  for (uint32_t next = 0; status == OC_OK && next < listing->count;) {
    arena_lock(arena);
    bool fits = print_section_locked(listing, &next, out, &is_first);
    arena_unlock(arena);
    if (!fits) status = buffer_reserve(out, out->cap * 2);
  }
  return status;
}

/* A cursor: generation, bucket, and the least hash in it that was not looked at, in hexadecimal. */
#define CURSOR_FORMAT "%016" PRIx64 "%08" PRIx32 "%016" PRIx64
enum { CURSOR_LEN = 40 };

static oc_status read_cursor(struct listing *listing, oc_error_t *error) {
  oc_slice_t cursor = listing->options->cursor;
  char text[CURSOR_LEN + 1] = {0}, again[CURSOR_LEN + 1];
  if (cursor.len == 0) {
    listing->generation = oc_generation(listing->cache);
    return OC_OK;
  }
  memcpy(text, cursor.data, cursor.len < CURSOR_LEN ? cursor.len : CURSOR_LEN);
  struct place *place = &listing->place;
  int found = sscanf(text, "%16" SCNx64 "%8" SCNx32 "%16" SCNx64, &listing->generation, &place->bucket, &place->least);
  snprintf(again, sizeof again, CURSOR_FORMAT, listing->generation, place->bucket, place->least);
  if (found == 3 && cursor.len == CURSOR_LEN && !strcmp(text, again)) return OC_OK;
  return error_set(error, OC_ERR_ARGUMENT, "the cursor is none that an earlier page answered; begin without one");
}

static oc_status print_page(struct listing *listing, oc_buffer_t *out) {
  static const char BEGINNING[] = "{\"entries\":[";
  oc_status status = buffer_reserve(out, FIRST_BUFFER);
  if (status == OC_OK) status = buffer_append(out, BEGINNING, sizeof BEGINNING - 1);
  if (status == OC_OK) status = print_picks(listing, out);
  if (status != OC_OK) return status;
  if (listing->is_end) return buffer_print(out, "],\"cursor\":null}");
  return buffer_print(out, "],\"cursor\":\"" CURSOR_FORMAT "\"}", listing->generation, listing->place.bucket,
                      listing->place.least);
}

oc_status oc_entries(oc_cache_t *cache, const oc_entries_options_t *options, oc_buffer_t *out, oc_error_t *error) {
  if (!cache || !options || !out) return error_set(error, OC_ERR_ARGUMENT, "options and out must be given");
  if (options->limit > LIMIT_MOST)
    return error_set(error, OC_ERR_ARGUMENT, "limit may be %d entries a page, not %u", LIMIT_MOST, options->limit);
  struct listing *listing = calloc(1, sizeof *listing);
  if (!listing) return error_set(error, OC_ERR_MEMORY, "no memory for the list of entries");
  listing->cache = cache;
  listing->options = options;
  listing->limit = options->limit ? options->limit : LIMIT_DEFAULT;
  listing->effort = CALL_EFFORT;
  oc_status status = read_cursor(listing, error);
  while (status == OC_OK && !is_picked(listing)) {
    arena_lock(&cache->arena);
    pick_section_locked(listing);
    arena_unlock(&cache->arena);
  }
  out->len = 0;
  if (status == OC_OK && (status = print_page(listing, out)) != OC_OK)
    error_set(error, status, "no memory for the list of entries");
  free(listing);
  return status;
}
