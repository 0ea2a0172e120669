/* api_stats.c: what the cache counts. */
#include <string.h>

#include "cache.h"

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
