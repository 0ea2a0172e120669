/*
 * log.c: a ring of records, one a version.
 *
 * A version is a position, so the record of a version lies in the ring at version % capacity, or is forgotten.
 * Records of one tag are chained backwards through their links:
 *
 *   tag.last ──► record 9: {tag, prior 6} ──► record 6: {tag, prior 2} ──► …
 *
 * so that a reader finds what one entry missed without looking at what others did. A reader that meets a forgotten
 * record gives up and misses. Rollbacks take a version too, with an empty record: a load that was under way when one
 * happened must be told from one that began after it, and only versions order the two.
 */
#include "log.h"

#include <string.h>

struct log_ring {
  uint32_t capacity, reserved;
  oc_off records;
};

static struct log_ring *ring_of(struct arena *arena) { return arena_root(arena, ROOT_LOG); }

static struct log_record *record_of(struct arena *arena, uint64_t version) {
  struct log_ring *ring = ring_of(arena);
  struct log_record *records = arena_at(arena, ring->records);
  return records + version % ring->capacity;
}

uint64_t log_bytes(uint32_t capacity) {
  return sizeof(struct log_ring) + 16 + (uint64_t)capacity * sizeof(struct log_record);
}

oc_off log_init(struct arena *arena, oc_off at, uint32_t capacity) {
  arena_header(arena)->root[ROOT_LOG] = at;
  struct log_ring *ring = ring_of(arena);
  ring->capacity = capacity;
  ring->records = (at + sizeof *ring + 15) & ~(oc_off)15;
  uint64_t bytes = (uint64_t)capacity * sizeof(struct log_record);
  memset(arena_at(arena, ring->records), 0, bytes);
  return (ring->records + bytes + 15) & ~(oc_off)15;
}

uint64_t log_record_bytes(uint32_t link_count, uint32_t operations_size) {
  return (uint64_t)link_count * sizeof(struct log_link) + operations_size;
}

static void swap_links(struct log_link *one, struct log_link *other) {
  struct log_link kept = *one;
  *one = *other;
  *other = kept;
}

/* Lets links[at] sink to its place in a heap of `count` whose first has the highest tag. */
static void sink(struct log_link *links, uint32_t at, uint32_t count) {
  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && links[child + 1].tag > links[child].tag) child++;
    if (links[at].tag >= links[child].tag) return;
    swap_links(links + at, links + child);
  }
}

/* By tag, in place, because qsort may call malloc: a heap sort. */
static void sort_links(struct log_link *links, uint32_t count) {
  for (uint32_t at = count / 2; at > 0; at--) sink(links, at - 1, count);
  for (uint32_t left = count; left > 1; left--) {
    swap_links(links, links + left - 1);
    sink(links, 0, left - 1);
  }
}

/* Each of the links' tags has its last operation at `version` now, and the link says which was the last before. */
static void chain_links(struct arena *arena, struct log_link *links, uint32_t count, uint64_t version) {
  for (uint32_t i = 0; i < count; i++) {
    links[i].prior = tag_last_locked(arena, links[i].tag);
    tag_at(arena, links[i].tag)->last = version;
  }
  sort_links(links, count);
}

uint64_t log_append_locked(struct arena *arena, oc_off memory, uint32_t link_count, uint32_t operations_size) {
  /* Atomic, because oc_version reads it without the lock. */
  uint64_t version = __atomic_add_fetch(&arena_header(arena)->version, 1, __ATOMIC_RELEASE);
  struct log_record *record = record_of(arena, version);
  alloc_free_locked(arena, record->links);
  record->links = memory;
  record->link_count = memory ? link_count : 0;
  record->operations_size = memory ? operations_size : 0;
  record->operations = memory + (uint64_t)link_count * sizeof(struct log_link);
  if (memory) chain_links(arena, arena_at(arena, memory), link_count, version);
  arena_changed_locked(arena);
  return version;
}

const struct log_record *log_find_locked(struct arena *arena, uint64_t version) {
  uint64_t head = log_head(arena);
  if (version < 2 || version > head || head - version >= ring_of(arena)->capacity) return NULL;
  return record_of(arena, version);
}

const struct log_link *log_link_of(const struct arena *arena, const struct log_record *record, uint32_t tag) {
  if (record->link_count == 0) return NULL;
  const struct log_link *links = arena_at(arena, record->links);
  uint32_t low = 0, high = record->link_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (links[middle].tag < tag) low = middle + 1;
    else high = middle;
  }
  return low < record->link_count && links[low].tag == tag ? links + low : NULL;
}
