/*
 * table.c: chained hashing over slot indices.
 *
 *   buckets  u32[power of two]   index of the first slot of a chain
 *   slots    capacity × slot_size
 *
 * The capacity is fixed, so a table never rehashes in the middle of a call and an index stays valid as long as its slot
 * is in use. Slots that were never used are counted (`fresh`) instead of linked into the free list, so that a large
 * table costs no memory before it is filled.
 *
 * Each table draws a key for its hash when it is laid out, so that nobody can choose texts that fall into one bucket:
 * chains are as short as those of random texts, whoever names the entries and tags.
 */
#include "table.h"

#include <assert.h>
#include <string.h>

static uint32_t bucket_count(uint32_t capacity) {
  uint32_t count = 16;
  while (count < capacity) count <<= 1;
  return count;
}

static uint64_t bucket_bytes(uint32_t capacity) { return (uint64_t)bucket_count(capacity) * sizeof(uint32_t); }

static uint32_t *bucket_of(const struct arena *arena, const struct table *table, uint64_t hash) {
  return (uint32_t *)(void *)(arena->base + table->buckets) + (hash & table->mask);
}

uint64_t table_bytes(uint32_t capacity, uint32_t slot_size) {
  return bucket_bytes(capacity) + (uint64_t)capacity * slot_size;
}

void table_init(struct arena *arena, struct table *table, oc_off at, uint32_t capacity, uint32_t slot_size) {
  assert(at % 16 == 0 && slot_size % 8 == 0 && slot_size >= sizeof(struct slot));
  memset(table, 0, sizeof *table);
  table->buckets = at;
  table->slots = at + bucket_bytes(capacity);
  table->slot_size = slot_size;
  table->capacity = capacity;
  table->mask = bucket_count(capacity) - 1;
  table->fresh = 1;
  table->key = hash_key_random();
  memset(arena->base + at, 0, bucket_bytes(capacity));
}

uint64_t table_hash(const struct table *table, oc_slice_t key) { return hash_text(table->key, key); }

uint32_t table_find_locked(struct arena *arena, const struct table *table, uint64_t hash, oc_slice_t key) {
  uint32_t index = *bucket_of(arena, table, hash);
  while (index) {
    const struct slot *slot = table_slot(arena, table, index);
    if (slot->hash == hash && slot->key_len == key.len && !memcmp(arena->base + slot->key, key.data, key.len)) break;
    index = slot->next;
  }
  return index;
}

uint32_t table_find_earlier_locked(const struct arena *arena, const struct table *table, uint32_t index) {
  const struct slot *of = table_slot(arena, table, index);
  while ((index = ((const struct slot *)table_slot(arena, table, index))->next)) {
    const struct slot *slot = table_slot(arena, table, index);
    if (slot->hash == of->hash && slot->key_len == of->key_len &&
        !memcmp(arena->base + slot->key, arena->base + of->key, of->key_len))
      break;
  }
  return index;
}

uint32_t table_first_locked(const struct arena *arena, const struct table *table, uint32_t bucket) {
  return *bucket_of(arena, table, bucket);
}

uint32_t table_take_locked(struct arena *arena, struct table *table) {
  uint32_t index = table->free;
  if (index) {
    table->free = ((struct slot *)table_slot(arena, table, index))->next;
  } else if (table->fresh <= table->capacity) {
    index = table->fresh++;
  } else {
    return 0;
  }
  memset(table_slot(arena, table, index), 0, table->slot_size);
  table->count++;
  return index;
}

void table_link_locked(struct arena *arena, struct table *table, uint32_t index, uint64_t hash, oc_off key,
                       uint32_t key_len) {
  struct slot *slot = table_slot(arena, table, index);
  uint32_t *bucket = bucket_of(arena, table, hash);
  slot->hash = hash;
  slot->key = key;
  slot->key_len = key_len;
  slot->next = *bucket;
  *bucket = index;
}

void table_release_locked(struct arena *arena, struct table *table, uint32_t index) {
  struct slot *slot = table_slot(arena, table, index);
  if (slot->key) {
    uint32_t *link = bucket_of(arena, table, slot->hash);
    while (*link != index) link = &((struct slot *)table_slot(arena, table, *link))->next;
    *link = slot->next;
  }
  slot->key = 0;
  slot->next = table->free;
  table->free = index;
  table->count--;
}
