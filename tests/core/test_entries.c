/* What oc_entries tells: each entry once, whatever happens between two pages, and no more at a time than it says. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "cache.h"
#include "support.h"

enum { MANY = 1500, MOST = 200000 };

static oc_cache_t *open_for(uint32_t entries) {
  oc_options_t options = {.name = S("entries"), .max_bytes = entries * 1024ULL + (8 << 20), .max_entries = entries};
  oc_cache_t *cache;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  return cache;
}

static void set_value(oc_cache_t *cache, const char *key, const char *tag, oc_slice_t value) {
  oc_slice_t tags[] = {S(tag)};
  oc_set_options_t options = {.tags = tags, .tag_count = 1, .content = OC_BYTES};
  cr_assert(eq(int, oc_set(cache, S(key), value, &options, NULL), OC_OK));
}

static void set(oc_cache_t *cache, const char *key, const char *tag) { set_value(cache, key, tag, S("{}")); }

static void set_nth(oc_cache_t *cache, const char *tag, int nth) {
  char key[32];
  snprintf(key, sizeof key, "%s %d", tag, nth);
  set(cache, key, tag);
}

static void set_many(oc_cache_t *cache, const char *tag, int count) {
  for (int nth = 0; nth < count; nth++) set_nth(cache, tag, nth);
}

static size_t count_of(oc_slice_t text, const char *needle) {
  size_t count = 0;
  for (size_t at = 0; at + strlen(needle) <= text.len; at++) count += !memcmp(text.data + at, needle, strlen(needle));
  return count;
}

/* ---- A whole iteration, with what a test does between two of its pages ---- */

struct iteration {
  oc_cache_t *cache;
  const char *name;             /* entries whose keys are "<name> <number>" are counted … */
  oc_entries_options_t options; /* … of those that these let through */
  void (*between)(struct iteration *iteration);
  uint32_t pages, told, most; /* pages; entries of all, and the most of one */
  uint8_t seen[MOST];         /* by number */
  char cursor[64];
};

static void count_page(struct iteration *iteration, oc_slice_t page) {
  char start[32];
  size_t len = (size_t)snprintf(start, sizeof start, "{\"key\":\"%s ", iteration->name);
  uint32_t told = 0;
  for (const char *at = page.data; (at = memmem(at, (size_t)(page.data + page.len - at), "{\"key\"", 6));
       at += 6, told++)
    if (!memcmp(at, start, len)) iteration->seen[atoi(at + len)]++;
  iteration->told += told;
  if (told > iteration->most) iteration->most = told;
}

/* Notes the page's cursor; false when there is none. */
static bool has_next(struct iteration *iteration, oc_slice_t page) {
  const char *at = memmem(page.data, page.len, "],\"cursor\":", 11);
  for (const char *next; (next = memmem(at + 1, (size_t)(page.data + page.len - at - 1), "],\"cursor\":", 11));)
    at = next;
  size_t len = (size_t)(page.data + page.len - at) - 11 - 1; /* its value, and } */
  if (!memcmp(at + 11, "null", 4)) return false;
  memcpy(iteration->cursor, at + 12, len - 2);
  iteration->cursor[len - 2] = '\0';
  return true;
}

static void iterate(struct iteration *iteration) {
  oc_buffer_t out = {0};
  bool more = true;
  while (more) {
    cr_assert(eq(int, oc_entries(iteration->cache, &iteration->options, &out, NULL), OC_OK));
    cr_assert(eq(int, json_validate((oc_slice_t){out.data, out.len}, 8, "page", NULL), OC_OK));
    iteration->pages++;
    count_page(iteration, (oc_slice_t){out.data, out.len});
    more = has_next(iteration, (oc_slice_t){out.data, out.len});
    iteration->options.cursor = S(iteration->cursor);
    if (more && iteration->between) iteration->between(iteration);
  }
  oc_buffer_free(&out);
}

static void assert_each_once(const struct iteration *iteration, int count, int step) {
  for (int nth = 0; nth < count; nth += step)
    cr_assert(eq(int, iteration->seen[nth], 1), "%s %d was told of %d times", iteration->name, nth,
              iteration->seen[nth]);
}

static struct iteration ITERATION;

Test(entries, an_iteration_tells_of_every_entry_once) {
  oc_cache_t *cache = open_for(MANY * 2);
  set_many(cache, "a", MANY);
  set_many(cache, "b", MANY);
  for (uint32_t limit = 1; limit <= 1000; limit += 333) {
    ITERATION = (struct iteration){.cache = cache, .name = "a", .options = {.limit = limit}};
    iterate(&ITERATION);
    assert_each_once(&ITERATION, MANY, 1);
    cr_assert(eq(u32, ITERATION.told, MANY * 2));
    cr_assert(eq(u32, ITERATION.most, limit));
  }
  oc_close(cache);
}

/* Half of them stay, but are set anew and brought up to date; the others go; and new ones come. */
static void disturb(struct iteration *iteration) {
  static uint32_t random = 1;
  for (int i = 0; i < 40; i++) {
    random = random * 1664525 + 1013904223;
    int nth = (int)(random >> 8) % MANY;
    char key[32];
    snprintf(key, sizeof key, "new %u", random);
    if (i % 10 == 0) set(iteration->cache, key, "new");
    set_nth(iteration->cache, "a", nth & ~1);
    snprintf(key, sizeof key, "a %d", nth | 1);
    arena_lock(&iteration->cache->arena);
    uint32_t index = entry_find_locked(&iteration->cache->arena, S(key));
    if (index) entry_remove_locked(&iteration->cache->arena, index);
    arena_unlock(&iteration->cache->arena);
  }
}

static void assert_stay_seen_once(oc_slice_t tag) {
  oc_cache_t *cache = open_for(MANY * 16);
  oc_view_t *view;
  set_many(cache, "a", MANY);
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &view, NULL), OC_OK));
  cr_assert(eq(int, oc_invalidate(cache, &S("unheard of"), 1, NULL, NULL), OC_OK));
  ITERATION = (struct iteration){.cache = cache, .name = "a", .options = {.tag = tag, .limit = 10}, .between = disturb};
  iterate(&ITERATION);
  assert_each_once(&ITERATION, MANY, 2);
  arena_lock(&cache->arena);
  cr_assert(gt(u32, entry_older_count_locked(&cache->arena), 100), "entries were to move to other slots");
  arena_unlock(&cache->arena);
  oc_view_close(view);
  oc_close(cache);
}

Test(entries, one_that_stays_is_told_of_once_while_it_moves_and_others_come_and_go) {
  assert_stay_seen_once((oc_slice_t){0});
}

Test(entries, so_is_one_of_a_tag_that_many_carry) { assert_stay_seen_once(S("a")); }

static void disturb_few(struct iteration *iteration) {
  for (int nth = 0; nth < 40; nth++) set_nth(iteration->cache, "few", nth);
  set_nth(iteration->cache, "few", 40 + (int)iteration->pages);
}

Test(entries, and_so_is_one_of_a_tag_that_few_carry_whose_entries_are_not_looked_for_among_all) {
  oc_cache_t *cache = open_for(MOST);
  set_many(cache, "many", MANY);
  set_many(cache, "few", 40);
  ITERATION = (struct iteration){
      .cache = cache, .name = "few", .options = {.tag = S("few"), .limit = 3}, .between = disturb_few};
  iterate(&ITERATION);
  assert_each_once(&ITERATION, 40, 1);
  ITERATION = (struct iteration){.cache = cache, .name = "few", .options = {.tag = S("nobody's")}};
  iterate(&ITERATION);
  cr_assert(eq(u32, ITERATION.told, 0));
  cr_assert(eq(u32, ITERATION.pages, 1));
  oc_close(cache);
}

Test(entries, of_a_tag_that_two_carry_the_second_page_has_the_other) {
  oc_cache_t *cache = open_for(MANY);
  for (int nth = 0; nth < 40; nth++) {
    char tag[32];
    snprintf(tag, sizeof tag, "pair of %d", nth);
    for (int i = 0; i < 2; i++) set_nth(cache, tag, i);
    ITERATION = (struct iteration){.cache = cache, .name = tag, .options = {.tag = S(tag), .limit = 1}};
    iterate(&ITERATION);
    assert_each_once(&ITERATION, 2, 1);
  }
  oc_close(cache);
}

Test(entries, one_that_went_is_not_told_of_though_a_view_still_sees_it) {
  oc_cache_t *cache = open_for(64);
  oc_view_t *view;
  set(cache, "a 0", "a");
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &view, NULL), OC_OK));
  cr_assert(eq(int, oc_invalidate(cache, &S("unheard of"), 1, NULL, NULL), OC_OK));
  set(cache, "a 0", "a");
  arena_lock(&cache->arena);
  entry_remove_locked(&cache->arena, entry_find_locked(&cache->arena, S("a 0")));
  cr_assert(eq(u32, entry_older_count_locked(&cache->arena), 1));
  arena_unlock(&cache->arena);
  ITERATION = (struct iteration){.cache = cache, .name = "a"};
  iterate(&ITERATION);
  cr_assert(eq(u32, ITERATION.told, 0));
  oc_view_close(view);
  oc_close(cache);
}

Test(entries, a_call_looks_at_a_bounded_number_of_many) {
  oc_cache_t *cache = open_for(MOST);
  set_many(cache, "a", 100000);
  ITERATION = (struct iteration){.cache = cache, .name = "a", .options = {.contains = S("nothing has this")}};
  iterate(&ITERATION);
  cr_assert(eq(u32, ITERATION.told, 0));
  cr_assert(ge(u32, ITERATION.pages, 100000 / 16384), "a page looked at more than it may");
  cr_assert(le(u32, ITERATION.pages, 40), "a page looked at next to nothing");
  ITERATION = (struct iteration){.cache = cache, .name = "a", .options = {.limit = 1000}};
  iterate(&ITERATION);
  assert_each_once(&ITERATION, 100000, 1);
  cr_assert(eq(u32, ITERATION.most, 1000));
  oc_close(cache);
}

Test(entries, they_are_filtered_by_the_beginning_of_their_keys_and_by_what_is_in_them) {
  oc_cache_t *cache = open_for(MANY);
  static const char *keys[] = {"orders find", "orders count", "customers find", "old orders find", "find"};
  for (size_t i = 0; i < 5; i++) set(cache, keys[i], i % 2 ? "odd" : "even");
  struct {
    oc_entries_options_t options;
    uint32_t told;
  } cases[] = {{{.prefix = S("orders")}, 2},
               {{.contains = S("orders")}, 3},
               {{.contains = S("find")}, 4},
               {{.prefix = S("orders"), .contains = S("find")}, 1},
               {{.contains = S("finds")}, 0},
               {{.prefix = S("orders find and more")}, 0},
               {{.tag = S("odd"), .contains = S("orders")}, 2},
               {{.tag = S("even"), .prefix = S("f")}, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ITERATION = (struct iteration){.cache = cache, .name = "", .options = cases[i].options};
    iterate(&ITERATION);
    cr_assert(eq(u32, ITERATION.told, cases[i].told), "case %zu", i);
  }
  oc_close(cache);
}

Test(entries, one_that_a_read_would_drop_is_not_told_of_and_takes_nobodys_place) {
  oc_cache_t *cache = open_for(64);
  static char value[100];
  set_value(cache, "a 0", "gone", (oc_slice_t){value, 90});
  set_value(cache, "a 1", "kept", (oc_slice_t){value, 50});
  set_value(cache, "a 2", "kept", (oc_slice_t){value, 40});
  for (int order = OC_ANY; order <= OC_MOST_READ; order++) {
    cr_assert(eq(int, oc_invalidate(cache, &S("gone"), 1, NULL, NULL), OC_OK));
    ITERATION = (struct iteration){
        .cache = cache, .name = "a", .options = {.order = (oc_order)order, .limit = order == OC_LARGEST ? 1 : 50}};
    iterate(&ITERATION);
    cr_assert(eq(int, ITERATION.seen[0], 0), "in order %d", order);
    cr_assert(eq(int, ITERATION.seen[1], 1), "in order %d", order);
  }
  ITERATION = (struct iteration){.cache = cache, .name = "a", .options = {.tag = S("gone")}};
  iterate(&ITERATION);
  cr_assert(eq(u32, ITERATION.told, 0));
  oc_close(cache);
}

static void assert_first(oc_cache_t *cache, oc_order order, const char *tag, const char *expected) {
  oc_entries_options_t options = {.order = order, .limit = 2, .tag = S(tag)};
  oc_buffer_t out = {0};
  char keys[64] = "";
  cr_assert(eq(int, oc_entries(cache, &options, &out, NULL), OC_OK));
  for (const char *at = out.data; (at = memmem(at, (size_t)(out.data + out.len - at), "\"key\":\"", 7)); at += 7)
    strncat(keys, at + 7, 1);
  cr_assert(eq(str, keys, (char *)expected), "order %d of %s", (int)order, tag);
  cr_assert(eq(sz, count_of((oc_slice_t){out.data, out.len}, "\"cursor\":null"), 1));
  oc_buffer_free(&out);
}

Test(entries, the_largest_the_oldest_and_those_read_most_come_first) {
  oc_cache_t *cache = open_for(64);
  static char value[100];
  for (int i = 0; i < 5; i++) {
    char key[2] = {(char)('a' + i), '\0'};
    set_value(cache, key, "all", (oc_slice_t){value, (size_t)(10 + 7 * i % 4)}); /* 10 13 12 11 10 */
    oc_count_hits(cache, S(key), (uint64_t)(i * 3 % 5));                         /* 0 3 1 4 2 */
    arena_lock(&cache->arena);
    entry_at(&cache->arena, entry_find_locked(&cache->arena, S(key)))->set_at = (uint32_t)(100 - i);
    arena_unlock(&cache->arena);
  }
  for (int tagged = 0; tagged < 2; tagged++) {
    const char *tag = tagged ? "all" : "";
    assert_first(cache, OC_LARGEST, tag, "bc");
    assert_first(cache, OC_OLDEST, tag, "ed");
    assert_first(cache, OC_MOST_READ, tag, "db");
  }
  oc_close(cache);
}

Test(entries, hits_that_are_more_than_fit_stay_the_most_that_fits) {
  oc_cache_t *cache = open_for(64);
  oc_buffer_t out = {0};
  set(cache, "a", "x");
  oc_count_hits(cache, S("a"), UINT32_MAX - 1);
  for (int i = 0; i < 2; i++) oc_count_hits(cache, S("a"), 2);
  cr_assert(eq(int, oc_entry(cache, S("a"), &out, NULL), OC_OK));
  cr_assert(eq(sz, count_of((oc_slice_t){out.data, out.len}, "\"hits\":4294967295,"), 1));
  oc_buffer_free(&out);
  oc_close(cache);
}

Test(entries, an_entry_says_when_it_was_set_also_after_it_was_brought_up_to_date) {
  oc_cache_t *cache = open_for(64);
  oc_buffer_t out = {0};
  uint64_t before = clock_now() / 1000 * 1000;
  set(cache, "a", "x");
  cr_assert(eq(int, oc_entry(cache, S("a"), &out, NULL), OC_OK));
  const char *at = memmem(out.data, out.len, "\"setAt\":", 8);
  cr_assert(at != NULL);
  uint64_t set_at = strtoull(at + 8, NULL, 10);
  cr_assert(ge(u64, set_at, before));
  cr_assert(le(u64, set_at, clock_now()));
  oc_buffer_free(&out);
  oc_close(cache);
}

Test(entries, a_cursor_from_before_a_reset_ends_the_iteration_and_one_that_is_none_is_refused) {
  oc_cache_t *cache = open_for(64);
  oc_buffer_t out = {0};
  oc_error_t error;
  set_many(cache, "a", 10);
  const char *wrong[] = {"x", "0123456789abcdef0000000100000000000000", "0123456789abcdef00000001000000000000000g",
                         "0x23456789abcdef000000010000000000000000", "0123456789abcdef00000001000000000000000000"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    oc_entries_options_t options = {.cursor = S(wrong[i])};
    cr_assert(eq(int, oc_entries(cache, &options, &out, &error), OC_ERR_ARGUMENT), "%s", wrong[i]);
  }
  oc_entries_options_t other = {.cursor = S("0123456789abcdef000000000000000000000000")};
  cr_assert(eq(int, oc_entries(cache, &other, &out, &error), OC_OK));
  cr_assert(is_text((oc_slice_t){out.data, out.len}, "{\"entries\":[],\"cursor\":null}"));
  cr_assert(eq(int, oc_entries(cache, &(oc_entries_options_t){.limit = 1001}, &out, &error), OC_ERR_ARGUMENT));
  cr_assert(eq(sz, count_of(S(error.message), "1000"), 1));
  oc_buffer_free(&out);
  oc_close(cache);
}
