/*
 * hash.c: SipHash-1-3.
 *
 * A multiplicative hash is twice as fast and can be flooded whatever its seed: its state cancels out between two words
 * that are chosen well. SipHash was made to withstand that, and a look-up's hash is not what it waits for.
 */
#define _GNU_SOURCE
#include "hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

struct state {
  uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t value, int by) { return (value << by) | (value >> (64 - by)); }

static inline void mix(struct state *s) {
  s->a += s->b, s->b = rotate(s->b, 13) ^ s->a, s->a = rotate(s->a, 32);
  s->c += s->d, s->d = rotate(s->d, 16) ^ s->c;
  s->a += s->d, s->d = rotate(s->d, 21) ^ s->a;
  s->c += s->b, s->b = rotate(s->b, 17) ^ s->c, s->c = rotate(s->c, 32);
}

static inline void take(struct state *s, uint64_t word) {
  s->d ^= word;
  mix(s);
  s->a ^= word;
}

uint64_t hash_text(struct hash_key key, oc_slice_t text) {
  struct state s = {key.half[0] ^ 0x736f6d6570736575ULL, key.half[1] ^ 0x646f72616e646f6dULL,
                    key.half[0] ^ 0x6c7967656e657261ULL, key.half[1] ^ 0x7465646279746573ULL};
  size_t at = 0;
  for (; at + 8 <= text.len; at += 8) {
    uint64_t word;
    memcpy(&word, text.data + at, 8);
    take(&s, word);
  }
  uint64_t last = (uint64_t)text.len << 56;
  for (size_t i = 0; at + i < text.len; i++) last |= (uint64_t)(unsigned char)text.data[at + i] << (8 * i);
  take(&s, last);
  s.c ^= 0xff;
  for (int i = 0; i < 3; i++) mix(&s);
  return s.a ^ s.b ^ s.c ^ s.d;
}

struct hash_key hash_key_random(void) {
  struct hash_key key;
  if (getrandom(&key, sizeof key, 0) == (ssize_t)sizeof key) return key;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (struct hash_key){{(uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ULL, (uint64_t)(uintptr_t)&key}};
}
