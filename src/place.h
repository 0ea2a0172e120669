/*
 * place.h: all keys that have an entry, in an order in which a walk can stop and go on.
 *
 * All functions need the lock.
 */
#ifndef PLACE_H
#define PLACE_H

#include "entry.h"

/*
 * A place in the order of all keys: by bucket, then by hash. Zeroed, it is the beginning. A key keeps its place
 * whatever comes and goes, and whatever becomes of its own entry.
 */
struct place {
  uint64_t least; /* the first hash of the bucket that is not behind */
  uint32_t bucket;
};
/*
 * The next current state at or after a place, which moves to it; 0 at the end, and when it took `effort` (one for each
 * bucket and state that was passed, taken off), which is then 0.
 */
uint32_t place_next_locked(const struct arena *arena, struct place *place, uint32_t *effort);
struct place place_of(const struct arena *arena, const struct entry *entry);
/* The place behind a hash. */
struct place place_after(const struct arena *arena, uint64_t hash);
/* Whether `other` is at or after `place`. */
bool place_reached(const struct place *place, const struct place *other);
/* The current state of the key that has this hash; 0 when there is none. */
uint32_t place_find_locked(const struct arena *arena, uint64_t hash);

#endif
