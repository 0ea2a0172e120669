/*
 * hash.h: a keyed hash of text.
 *
 * Keys, ids and tags come from users. With a key that nobody outside knows, nobody can choose texts that collide.
 */
#ifndef HASH_H
#define HASH_H

#include "optimistic_cache.h"

struct hash_key {
  uint64_t half[2];
};

/* SipHash-1-3 (Aumasson, Bernstein 2012; reduced rounds as in Rust's and Python's tables). */
uint64_t hash_text(struct hash_key key, oc_slice_t text);
/* From the system's random numbers, or, where there are none, from clock and address. */
struct hash_key hash_key_random(void);

/*
 * What spans and operations name a document by, the same in every process: the hash of its tag under a known key. It
 * only sorts out what is another document; whoever acts on a match compares collection and id as well.
 */
static inline uint64_t hash_document(oc_slice_t tag) { return hash_text((struct hash_key){{0, 0}}, tag); }

#endif
