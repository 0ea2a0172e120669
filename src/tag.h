/*
 * tag.h: what entries depend on, each with the version of its last operation.
 *
 * All functions need the lock.
 */
#ifndef TAG_H
#define TAG_H

#include "queue.h"

struct tag {
  struct slot slot;   /* key: the tag's text; queued while idle */
  uint64_t last;      /* version of the last operation on it alone: ask tag_last_locked */
  uint64_t unsettled; /* version of the last rollback on it: loads begun before may have read what never became true */
  uint32_t pending;   /* mutations in flight on it */
  uint32_t uses;      /* entries and mutations that refer to it; idle at 0 */
  uint32_t place;     /* in the list of tags that was made last; only believed when it is there */
  uint32_t first;     /* the entry with which the chain of those that carry it begins (entry.c), or 0 … */
  uint16_t first_place; /* … and this tag's place among its references */
};

/* Lays the tags out at `at`; returns the offset after them. */
oc_off tag_init(struct arena *arena, oc_off at, uint32_t capacity);
uint64_t tag_bytes(uint32_t capacity);

/* 0 when nobody refers to it and no operation on it is remembered. */
uint32_t tag_find_locked(struct arena *arena, oc_slice_t name);
/*
 * Finds or makes it and counts one use. An idle tag is recycled when the table is full. 0 when all are in use or
 * the arena has no memory; the caller evicts an entry and tries again, or goes without.
 */
uint32_t tag_use_locked(struct arena *arena, oc_slice_t name);
/* Forgets the tag that is idle for the longest, for its memory; false when none is idle. */
bool tag_recycle_locked(struct arena *arena);
void tag_drop_locked(struct arena *arena, uint32_t index);
/* The version that an unknown tag counts as having changed at. */
uint64_t tag_floor_locked(struct arena *arena);
/* Version of the last operation that touched the tag. */
uint64_t tag_last_locked(const struct arena *arena, uint32_t index);
/* As if every tag, known or not, had changed at `version`, which is the log's head. */
void tag_change_all_locked(struct arena *arena, uint64_t version);
uint32_t tag_count_locked(struct arena *arena);

struct tag *tag_at(const struct arena *arena, uint32_t index);

#endif
