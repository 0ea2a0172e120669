/*
 * place.c: an order of all keys, which stays whatever comes and goes.
 *
 * The table of entries never grows, and the hash of a key is always the same: so a key keeps its bucket, and its place
 * among the hashes of that, when it is set anew, brought up to date, or moves to another slot.
 */
#include "place.h"

static uint32_t last_bucket(const struct arena *arena) { return entry_table(arena)->mask; }

struct place place_of(const struct arena *arena, const struct entry *entry) {
  return (struct place){entry->slot.hash, (uint32_t)entry->slot.hash & last_bucket(arena)};
}

struct place place_after(const struct arena *arena, uint64_t hash) {
  uint32_t bucket = (uint32_t)hash & last_bucket(arena);
  return hash == UINT64_MAX ? (struct place){0, bucket + 1} : (struct place){hash + 1, bucket};
}

bool place_reached(const struct place *place, const struct place *other) {
  return other->bucket != place->bucket ? other->bucket > place->bucket : other->least >= place->least;
}

/* The current state with the least hash of those from `least` on; 0 when the bucket has none. */
static uint32_t least_in_bucket(const struct arena *arena, const struct place *place, uint32_t *effort) {
  const struct table *table = entry_table(arena);
  uint32_t least = 0;
  for (uint32_t index = table_first_locked(arena, table, place->bucket); index;) {
    const struct entry *entry = entry_at(arena, index);
    bool is_next = entry->slot.hash >= place->least && entry_is_set(arena, entry);
    if (is_next && (!least || entry->slot.hash < entry_at(arena, least)->slot.hash)) least = index;
    if (*effort > 0) --*effort;
    index = entry->slot.next;
  }
  return least;
}

uint32_t place_next_locked(const struct arena *arena, struct place *place, uint32_t *effort) {
  for (; place->bucket <= last_bucket(arena) && *effort > 0; *place = (struct place){0, place->bucket + 1}) {
    --*effort;
    uint32_t index = least_in_bucket(arena, place, effort);
    if (index) return index;
  }
  return 0;
}

uint32_t place_find_locked(const struct arena *arena, uint64_t hash) {
  struct place place = {hash, (uint32_t)hash & last_bucket(arena)};
  uint32_t effort = 0, index = least_in_bucket(arena, &place, &effort);
  return index && entry_at(arena, index)->slot.hash == hash ? index : 0;
}
