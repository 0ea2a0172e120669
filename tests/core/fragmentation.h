/*
 * fragmentation.h: how much of an arena's memory holds live bytes after a long random load; for the test and the
 * program.
 *
 * Entries are set, removed and, when there is no room, evicted. Sizes are 100 bytes to 4 MB by Zipf's law: the
 * frequency of a size is one over it to the power of an exponent. With 1, every order of magnitude has as many entries
 * as every other, and large ones take nearly all bytes; with 2, every order of magnitude takes as many bytes as every
 * other, and most entries are tiny.
 */
#ifndef FRAGMENTATION_H
#define FRAGMENTATION_H

#include <math.h>
#include <stdio.h>

#include "place.h"

struct fragmentation {
  uint64_t live;  /* bytes of keys and values, sampled while the arena is full: the mean */
  uint64_t least; /* the least of the samples */
  uint64_t used;  /* bytes that the allocator gave out, sampled likewise: the mean */
  uint64_t arena; /* the arena's bytes, tables included */
  uint64_t sets, refused, removed, evicted;
};

static inline uint64_t fragmentation_draw(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

struct fragmentation_sizes {
  double least, most;
  int exponent; /* 1 or 2 */
};

static inline uint64_t fragmentation_size(uint64_t *state, const struct fragmentation_sizes *sizes) {
  double uniform = (double)(fragmentation_draw(state) >> 11) / (double)(1ULL << 53);
  if (sizes->exponent == 1) return (uint64_t)(sizes->least * pow(sizes->most / sizes->least, uniform));
  return (uint64_t)(sizes->least / (1 - uniform * (1 - sizes->least / sizes->most)));
}

static inline double fragmentation_mean(const struct fragmentation_sizes *sizes) {
  double span = log(sizes->most / sizes->least);
  if (sizes->exponent == 1) return (sizes->most - sizes->least) / span;
  return span / (1 / sizes->least - 1 / sizes->most);
}

/* The bytes of all keys and values. */
static inline uint64_t fragmentation_live(struct arena *arena) {
  uint64_t live = 0;
  struct place place = {0};
  uint32_t effort = UINT32_MAX;
  for (uint32_t index; (index = place_next_locked(arena, &place, &effort));) {
    const struct entry *entry = entry_at(arena, index);
    live += entry->slot.key_len + entry->value_len;
    place = place_after(arena, entry->slot.hash);
  }
  return live;
}

/* `value` has sizes->most bytes. The lock is held. */
static inline struct fragmentation fragmentation_run(struct arena *arena, uint64_t seed, uint64_t steps, uint32_t keys,
                                                     const char *value, const struct fragmentation_sizes *sizes) {
  struct fragmentation result = {.least = UINT64_MAX, .arena = arena_header(arena)->identity.size};
  struct documents documents = {0};
  uint64_t state = seed, total = 0, used = 0, samples = 0, every = steps / 64 + 1;
  for (uint64_t step = 0; step < steps; step++) {
    char name[24];
    int len = snprintf(name, sizeof name, "%llu", (unsigned long long)(fragmentation_draw(&state) % keys));
    oc_slice_t key = {name, (size_t)len};
    uint32_t index;
    if (fragmentation_draw(&state) % 8 == 0) {
      if ((index = entry_find_locked(arena, key))) entry_remove_locked(arena, index), result.removed++;
    } else {
      struct entry_source source = {.key = key,
                                    .value = {value, (size_t)fragmentation_size(&state, sizes)},
                                    .documents = &documents,
                                    .since = log_head(arena),
                                    .content = OC_BYTES};
      result.sets++;
      if (entry_set_locked(arena, &source) != OC_OK) result.refused++;
      else if (fragmentation_draw(&state) % 2) entry_touch_locked(entry_at(arena, entry_find_locked(arena, key)), 1);
    }
    if (step < steps / 2 || step % every) continue;
    uint64_t live = fragmentation_live(arena);
    total += live;
    used += alloc_used_locked(arena);
    samples++;
    if (live < result.least) result.least = live;
  }
  result.live = total / samples;
  result.used = used / samples;
  result.evicted = arena_header(arena)->counters.evictions;
  return result;
}

#endif
