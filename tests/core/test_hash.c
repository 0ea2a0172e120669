#include "hash.h"
#include "support.h"

static const struct hash_key KEY = {{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}};

Test(hash, texts_of_any_length_are_told_apart) {
  char text[40];
  uint64_t hashes[40];
  memset(text, 'a', sizeof text);
  for (size_t len = 0; len < 40; len++) {
    hashes[len] = hash_text(KEY, (oc_slice_t){text, len});
    for (size_t other = 0; other < len; other++) cr_assert(ne(u64, hashes[len], hashes[other]));
  }
}

Test(hash, it_depends_on_both_halves_of_the_key) {
  struct hash_key low = KEY, high = KEY;
  low.half[0] ^= 1;
  high.half[1] ^= 1ULL << 63;
  uint64_t hash = hash_text(KEY, S("orders:7"));
  cr_assert(ne(u64, hash_text(low, S("orders:7")), hash));
  cr_assert(ne(u64, hash_text(high, S("orders:7")), hash));
  cr_assert(eq(u64, hash_text(KEY, S("orders:7")), hash));
}

Test(hash, a_change_of_any_bit_of_a_text_changes_about_half_of_the_hash) {
  char text[24] = "orders:0123456789abcdef";
  uint64_t hash = hash_text(KEY, (oc_slice_t){text, sizeof text});
  for (size_t bit = 0; bit < sizeof text * 8; bit++) {
    text[bit / 8] ^= (char)(1 << bit % 8);
    int changed = __builtin_popcountll(hash ^ hash_text(KEY, (oc_slice_t){text, sizeof text}));
    cr_assert(changed > 10 && changed < 54, "%zu: %d", bit, changed);
    text[bit / 8] ^= (char)(1 << bit % 8);
  }
}

/* CPython hashes bytes with the same function, under this key when PYTHONHASHSEED is 0. */
Test(hash, it_is_siphash_1_3) {
  cr_assert(eq(u64, hash_document(S("orders:7")), 0xe0c03fe45c97500dULL));
  cr_assert(eq(u64, hash_document(S("a")), 0x407448d2b89b1813ULL));
  cr_assert(eq(u64, hash_document(S("orders:0123456789abcdef")), 0x801bd623ec293163ULL));
}

Test(hash, keys_that_are_drawn_differ) {
  struct hash_key first = hash_key_random(), second = hash_key_random();
  cr_assert(ne(u64, first.half[0], second.half[0]));
  cr_assert(ne(u64, first.half[1], second.half[1]));
}
