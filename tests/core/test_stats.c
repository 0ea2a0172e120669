#include <stdio.h>

#include "cache.h"
#include "support.h"

static oc_cache_t *open_cache(void) {
  oc_options_t options = {.name = S("stats"), .max_bytes = 16 << 20};
  oc_cache_t *cache;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  return cache;
}

static void set(oc_cache_t *cache, const char *key, const char *tag) {
  oc_slice_t tags[] = {S(tag)};
  oc_set_options_t options = {.tags = tags, .tag_count = 1};
  cr_assert(eq(int, oc_set(cache, S(key), S("{}"), &options, NULL), OC_OK));
}

static size_t count_of(oc_slice_t text, const char *needle) {
  size_t count = 0;
  for (size_t at = 0; at + strlen(needle) <= text.len; at++) count += !memcmp(text.data + at, needle, strlen(needle));
  return count;
}

Test(stats, an_entry_is_told_of_with_its_tags_and_stamp_and_a_missing_one_is_a_miss) {
  oc_cache_t *cache = open_cache();
  oc_buffer_t out = {0}, value = {0};
  oc_hit_t hit;
  set(cache, "one", "few");
  cr_assert(eq(int, oc_entry(cache, S("one"), &out, NULL), OC_OK));
  cr_assert(eq(int, json_validate(as_slice(&out), 8, "entry", NULL), OC_OK));
  cr_assert(eq(sz, count_of(as_slice(&out), "\"tags\":[\"few\"]"), 1));
  cr_assert(eq(int, oc_get(cache, NULL, S("one"), false, 0, &value, &hit, NULL), OC_OK));
  char stamp[48];
  snprintf(stamp, sizeof stamp, "\"stamp\":\"%llu\"", (unsigned long long)hit.stamp);
  cr_assert(eq(sz, count_of(as_slice(&out), stamp), 1));
  cr_assert(eq(int, oc_entry(cache, S("another"), &out, NULL), OC_MISS));
  oc_buffer_free(&value);
  oc_buffer_free(&out);
  oc_close(cache);
}

Test(stats, an_entry_with_more_tags_than_the_first_buffer_holds_is_told_of_whole) {
  oc_cache_t *cache = open_cache();
  enum { TAGS = 600 };
  static char names[TAGS][256];
  oc_slice_t tags[TAGS];
  for (int i = 0; i < TAGS; i++) {
    int len = snprintf(names[i], sizeof names[i], "%0250d", i);
    tags[i] = (oc_slice_t){names[i], (size_t)len};
  }
  oc_set_options_t options = {.tags = tags, .tag_count = TAGS};
  cr_assert(eq(int, oc_set(cache, S("one"), S("1"), &options, NULL), OC_OK));
  oc_buffer_t out = {0};
  cr_assert(eq(int, oc_entry(cache, S("one"), &out, NULL), OC_OK));
  cr_assert(eq(int, json_validate(as_slice(&out), 8, "entry", NULL), OC_OK));
  for (int i = 0; i < TAGS; i++) cr_assert(eq(sz, count_of(as_slice(&out), names[i]), 1));
  oc_buffer_free(&out);
  oc_close(cache);
}
