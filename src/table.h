/*
 * table.h: a hash table of a fixed number of slots inside the arena.
 *
 * Several slots may have one key: the one linked last is found first. A slot begins with struct slot; what follows is
 * the module's own. Slots never move, and are named by their index (1 … capacity; 0 is none), which is half as wide
 * as an offset. All functions need the lock.
 */
#ifndef TABLE_H
#define TABLE_H

#include "alloc.h"
#include "hash.h"

struct slot {
  uint64_t hash;
  oc_off key; /* where its key lies in the arena; 0 in a free slot */
  uint32_t key_len;
  uint32_t next;         /* in its bucket, or in the free list */
  uint32_t newer, older; /* in a queue of its module: see queue.h */
};

struct table {
  oc_off buckets, slots;
  uint32_t slot_size, capacity, mask;
  struct hash_key key;
  uint32_t count, fresh, free; /* in use; slots never used begin at `fresh`; head of the free list */
};

/* The bytes that a table takes after its struct. */
uint64_t table_bytes(uint32_t capacity, uint32_t slot_size);
/* Lays a table out at `at`, which must be 16-aligned and followed by table_bytes zeroed or reused bytes. */
void table_init(struct arena *arena, struct table *table, oc_off at, uint32_t capacity, uint32_t slot_size);

/* Under the key of this table: of no meaning outside of it, nor after a reset. */
uint64_t table_hash(const struct table *table, oc_slice_t key);
/* 0 when absent. */
uint32_t table_find_locked(struct arena *arena, const struct table *table, uint64_t hash, oc_slice_t key);
/* The slot of the same key that was linked before the one at `index`, or 0. */
uint32_t table_find_earlier_locked(const struct arena *arena, const struct table *table, uint32_t index);
/* The slot linked last into that bucket (0 … mask), whose `next` leads to the others; 0 when it is empty. */
uint32_t table_first_locked(const struct arena *arena, const struct table *table, uint32_t bucket);
/* A zeroed slot that is not yet findable, or 0 when all are in use. Follow with table_link or table_release. */
uint32_t table_take_locked(struct arena *arena, struct table *table);
/* Makes it findable by `hash` and the key it points to. */
void table_link_locked(struct arena *arena, struct table *table, uint32_t index, uint64_t hash, oc_off key,
                       uint32_t key_len);
/* Takes it out of its bucket (if it was linked) and frees the slot; the key's memory is the caller's. */
void table_release_locked(struct arena *arena, struct table *table, uint32_t index);

static inline void *table_slot(const struct arena *arena, const struct table *table, uint32_t index) {
  return arena->base + table->slots + (uint64_t)(index - 1) * table->slot_size;
}

static inline oc_slice_t slot_key(const struct arena *arena, const struct slot *slot) {
  return (oc_slice_t){arena->base + slot->key, slot->key_len};
}

#endif
