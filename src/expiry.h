/*
 * expiry.h: which entry expires next, so that room is made by those that nobody can read any more.
 *
 * All functions need the lock and take time by the logarithm of the number of entries at most.
 */
#ifndef EXPIRY_H
#define EXPIRY_H

#include "entry.h"

/* Indices of entries; part of the table of entries. */
struct expiry {
  oc_off heap; /* uint32_t[], the first expires first */
  uint32_t count, reserved;
};

static inline uint64_t expiry_bytes(uint32_t capacity) { return (uint64_t)capacity * sizeof(uint32_t); }

/* Notes an entry whose times are set; one that never expires is not noted. */
void expiry_join_locked(struct arena *arena, struct expiry *expiry, uint32_t index);
/* Does nothing when it is not noted. */
void expiry_leave_locked(struct arena *arena, struct expiry *expiry, uint32_t index);
/* The entry that expired first, if one has at `now`; else 0. */
uint32_t expiry_first_locked(const struct arena *arena, const struct expiry *expiry, uint64_t now);
/* Walks the heap and asserts its invariants; for tests. */
void expiry_check_locked(const struct arena *arena, const struct expiry *expiry);

#endif
