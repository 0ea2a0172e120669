/*
 * soak_alloc.c: how well the arena's memory is used: live bytes / arena bytes after 10 million random sets and
 * removals.
 *
 *   make -C tests/core fragmentation                                     with the figures below
 *   build/core/optimised/soak_alloc [exponent] [steps] [MiB] [seed]    with others
 *
 * Prints the share that keys and values take of the whole arena (headers, tables and gaps are the rest) as the mean and
 * the least of 32 samples from the second half. The goal is 85 %. The table of entries is as large as this mix of sizes
 * needs.
 */
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "event.h"
#include "fragmentation.h"
#include "view.h"

static const double LEAST = 100, MOST = 4000000;

static void format_tables(struct arena *arena, void *context) {
  uint32_t entries = *(const uint32_t *)context;
  oc_off at = (sizeof(struct arena_header) + 15) & ~(oc_off)15;
  at = event_init(arena, at, 1024);
  at = tag_init(arena, at, 16);
  at = log_init(arena, (at + 15) & ~(oc_off)15, 16);
  at = entry_init(arena, at, entries);
  at = mutation_init(arena, at, 16);
  at = view_init(arena, at, 16);
  alloc_init(arena, at);
}

int main(int argc, char **argv) {
  struct fragmentation_sizes sizes = {LEAST, MOST, argc > 1 && strcmp(argv[1], "2") == 0 ? 2 : 1};
  uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
  uint64_t bytes = (argc > 3 ? strtoull(argv[3], NULL, 10) : 256) << 20;
  uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  /* As many as fit; SIEVE keeps more of the small ones. */
  uint32_t entries = (uint32_t)((double)bytes / fragmentation_mean(&sizes) * (sizes.exponent == 1 ? 3 : 1)) + 64;
  char *value = calloc(1, (size_t)MOST);
  struct attach_options options = {.kind = OC_PRIVATE, .size = bytes, .format = format_tables, .context = &entries};
  struct arena arena;
  if (!value || seed == 0 || attach_open(&arena, &options, NULL) != OC_OK) {
    fprintf(stderr, "no memory for the arena, or the seed is 0\n");
    return 2;
  }
  arena_lock(&arena);
  struct fragmentation result = fragmentation_run(&arena, seed, steps, entries * 2, value, &sizes);
  alloc_check_locked(&arena);
  double share = (double)result.live / (double)result.arena, least = (double)result.least / (double)result.arena;
  printf("seed %llu: %llu sets (%llu refused), %llu removed, %llu evicted; %u entries now\n", (unsigned long long)seed,
         (unsigned long long)result.sets, (unsigned long long)result.refused, (unsigned long long)result.removed,
         (unsigned long long)result.evicted, entry_count_locked(&arena));
  printf("live bytes / arena bytes: %.1f %% (least %.1f %%), tables %.1f %%, allocated %.1f %%\n", share * 100,
         least * 100, 100 - 100 * (double)alloc_capacity_locked(&arena) / (double)bytes,
         100 * (double)alloc_used_locked(&arena) / (double)bytes);
  arena_unlock(&arena);
  arena_close(&arena);
  free(value);
  return 0;
}
