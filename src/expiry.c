/*
 * expiry.c: a binary heap of the entries that expire.
 *
 * Entries expire by time alone, and nobody is told; the one that has is found when it is read, or when room is needed.
 * A heap gives the first of them at once, and costs one 32-bit index a slot, with each entry's place in it noted in the
 * entry, so that one in the middle can leave. A timing wheel would make joining constant, but must be turned, and times
 * here lie between milliseconds and years.
 */
#include "expiry.h"

#include <assert.h>

static uint32_t *heap_of(const struct arena *arena, const struct expiry *expiry) {
  return arena_at(arena, expiry->heap);
}

/* Nobody can read it from then on. */
static uint64_t gone_at(const struct arena *arena, uint32_t index) {
  const struct entry *entry = entry_at(arena, index);
  return entry->stale_until > entry->expires_at ? entry->stale_until : entry->expires_at;
}

/* Places count from 1; that of the one above is half of it. */
static void put(const struct arena *arena, const struct expiry *expiry, uint32_t place, uint32_t index) {
  heap_of(arena, expiry)[place - 1] = index;
  entry_at(arena, index)->expiry_place = place;
}

static uint32_t at(const struct arena *arena, const struct expiry *expiry, uint32_t place) {
  return heap_of(arena, expiry)[place - 1];
}

static uint32_t rise(const struct arena *arena, const struct expiry *expiry, uint32_t place, uint64_t time) {
  for (; place > 1 && gone_at(arena, at(arena, expiry, place / 2)) > time; place /= 2)
    put(arena, expiry, place, at(arena, expiry, place / 2));
  return place;
}

static uint32_t sink(const struct arena *arena, const struct expiry *expiry, uint32_t place, uint64_t time) {
  for (uint32_t child; (child = 2 * place) <= expiry->count; place = child) {
    if (child < expiry->count &&
        gone_at(arena, at(arena, expiry, child + 1)) < gone_at(arena, at(arena, expiry, child)))
      child++;
    if (gone_at(arena, at(arena, expiry, child)) >= time) break;
    put(arena, expiry, place, at(arena, expiry, child));
  }
  return place;
}

void expiry_join_locked(struct arena *arena, struct expiry *expiry, uint32_t index) {
  entry_at(arena, index)->expiry_place = 0;
  if (!entry_at(arena, index)->expires_at) return;
  put(arena, expiry, rise(arena, expiry, ++expiry->count, gone_at(arena, index)), index);
}

void expiry_leave_locked(struct arena *arena, struct expiry *expiry, uint32_t index) {
  uint32_t place = entry_at(arena, index)->expiry_place;
  if (!place) return;
  entry_at(arena, index)->expiry_place = 0;
  uint32_t last = at(arena, expiry, expiry->count--);
  if (last == index) return;
  uint64_t time = gone_at(arena, last);
  place = rise(arena, expiry, place, time);
  put(arena, expiry, sink(arena, expiry, place, time), last);
}

uint32_t expiry_first_locked(const struct arena *arena, const struct expiry *expiry, uint64_t now) {
  if (!expiry->count) return 0;
  uint32_t first = at(arena, expiry, 1);
  return gone_at(arena, first) <= now ? first : 0;
}

void expiry_check_locked(const struct arena *arena, const struct expiry *expiry) {
  for (uint32_t place = 1; place <= expiry->count; place++) {
    uint32_t index = at(arena, expiry, place);
    assert(entry_at(arena, index)->expiry_place == place);
    assert(place == 1 || gone_at(arena, at(arena, expiry, place / 2)) <= gone_at(arena, index));
    (void)index;
  }
}
