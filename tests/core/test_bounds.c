/* What happens at the edges: tables and memory that are full, numbers that overflow, an arena that was reset. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache.h"
#include "support.h"

static oc_cache_t *open_with(oc_options_t options) {
  options.name = S("bounds");
  if (!options.max_bytes) options.max_bytes = 1 << 20;
  oc_cache_t *cache;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_open(&options, &cache, &error), OC_OK), "%s", error.message);
  return cache;
}

static oc_status set(oc_cache_t *cache, const char *key, const char *tag, uint64_t since) {
  oc_slice_t tags[] = {S(tag)};
  oc_set_options_t options = {.tags = tags, .tag_count = 1, .since = since};
  return oc_set(cache, S(key), S("{}"), &options, NULL);
}

static oc_status get(oc_cache_t *cache, oc_view_t *view, const char *key) {
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, view, S(key), false, 0, &out, &hit, NULL);
  oc_buffer_free(&out);
  return status;
}

static uint64_t invalidate(oc_cache_t *cache, const char *tag) {
  oc_slice_t tags[] = {S(tag)};
  uint64_t version = 0;
  cr_assert(eq(int, oc_invalidate(cache, tags, 1, &version, NULL), OC_OK));
  return version;
}

Test(bounds, tags_that_nothing_uses_any_more_do_not_keep_the_arena_full) {
  oc_cache_t *cache = open_with((oc_options_t){.max_tags = 4096, .limits = {.tag_bytes = 1024}});
  char tag[1025];
  for (int i = 0; i < 4000; i++) {
    snprintf(tag, sizeof tag, "%01024d", i);
    cr_assert(eq(int, set(cache, "key", tag, 0), OC_OK), "refused after %d", i);
  }
  cr_assert(eq(int, get(cache, NULL, "key"), OC_OK));
  oc_close(cache);
}

Test(bounds, a_commit_on_a_document_that_was_forgotten_since_its_begin_is_an_invalidation) {
  oc_cache_t *cache = open_with((oc_options_t){.max_tags = 8, .shapes = S("{\"orders\":{}}")});
  cr_assert(eq(
      int, oc_begin(cache, token_of(1), S("users:1"), S("[{\"type\":\"update\",\"collection\":\"orders\"}]"), 0, NULL),
      OC_OK));
  invalidate(cache, "orders:7");
  for (char tag[] = "a"; *tag <= 'h'; ++*tag) invalidate(cache, tag);
  uint64_t version;
  static const char COMMIT[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"a\":2}}]";
  struct arena *arena = &cache->arena;
  arena_lock(arena);
  cr_assert(eq(u32, tag_find_locked(arena, S("orders:7")), 0));
  arena_unlock(arena);
  cr_assert(eq(int, oc_commit(cache, token_of(1), S(COMMIT), &version, NULL), OC_OK));
  arena_lock(arena);
  uint32_t tag = tag_find_locked(arena, S("orders:7"));
  const struct log_link *link = log_link_of(arena, log_find_locked(arena, version), tag);
  cr_assert(link && link->effects == LOG_INVALIDATE);
  arena_unlock(arena);
  oc_close(cache);
}

Test(bounds, the_longest_ttl_does_not_wrap_into_the_past) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  uint64_t next = 0;
  cr_assert(eq(int, oc_begin(cache, token_of(1), S("users:1"), S("[]"), UINT64_MAX, NULL), OC_OK));
  cr_assert(eq(sz, oc_sweep(cache, &next), 0));
  cr_assert(eq(u64, next, UINT64_MAX));
  oc_close(cache);
}

Test(bounds, one_tag_named_many_times_is_pending_and_linked_once) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  static const char MANY[] = "[{\"type\":\"invalidate\",\"tags\":[\"a\",\"b\",\"a\",\"c\",\"b\",\"a\"]}]";
  cr_assert(eq(int, oc_begin(cache, token_of(1), S("users:1"), S(MANY), 0, NULL), OC_OK));
  struct arena *arena = &cache->arena;
  arena_lock(arena);
  cr_assert(eq(u32, tag_at(arena, tag_find_locked(arena, S("a")))->pending, 1));
  arena_unlock(arena);
  uint64_t version;
  cr_assert(eq(int, oc_commit(cache, token_of(1), (oc_slice_t){0}, &version, NULL), OC_OK));
  arena_lock(arena);
  cr_assert(eq(u32, log_find_locked(arena, version)->link_count, 3));
  for (const char *name = "abc"; *name; name++) {
    const struct tag *tag = tag_at(arena, tag_find_locked(arena, (oc_slice_t){name, 1}));
    cr_assert(tag->pending == 0 && tag->uses == 0 && tag->last == version);
  }
  arena_unlock(arena);
  oc_close(cache);
}

Test(bounds, a_shape_path_deeper_than_any_document_is_refused) {
  char text[8192];
  int len = snprintf(text, sizeof text, "{\"orders\":{\"groups\":[\"a");
  for (int i = 0; i < 2000; i++) len += snprintf(text + len, sizeof text - (size_t)len, ".a");
  snprintf(text + len, sizeof text - (size_t)len, "\"]}}");
  struct shapes *shapes;
  oc_error_t error = {0};
  cr_assert(eq(int, shapes_compile(S(text), &shapes, &error), OC_ERR_SHAPES));
  cr_assert(ne(str, error.message, ""));
}

static void *die_with_the_lock(void *context) {
  arena_lock(context);
  return NULL;
}

static void reset(oc_cache_t *cache) {
  pthread_t thread;
  pthread_create(&thread, NULL, die_with_the_lock, &cache->arena);
  pthread_join(thread, NULL);
  arena_lock(&cache->arena);
  arena_unlock(&cache->arena);
}

Test(bounds, after_a_holder_of_the_lock_died_the_cache_is_empty_and_another_generation) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  uint64_t generation = oc_generation(cache);
  set(cache, "key", "a", 0);
  reset(cache);
  cr_assert(ne(u64, oc_generation(cache), generation));
  cr_assert(eq(int, get(cache, NULL, "key"), OC_MISS));
  cr_assert(eq(int, set(cache, "key", "a", 0), OC_OK));
  cr_assert(eq(int, get(cache, NULL, "key"), OC_OK));
  oc_close(cache);
}

Test(bounds, a_view_from_before_a_reset_is_torn_and_does_not_let_an_entry_outrun_the_log) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  for (int i = 0; i < 10; i++) invalidate(cache, "a");
  oc_view_t *view;
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &view, NULL), OC_OK));
  reset(cache);
  set(cache, "key", "a", 0);
  cr_assert(eq(int, get(cache, view, "key"), OC_OK));
  oc_view_info_t info;
  oc_view_info(view, &info);
  cr_assert(info.torn);
  invalidate(cache, "a");
  cr_assert(eq(int, get(cache, NULL, "key"), OC_MISS));
  oc_view_close(view);
  oc_close(cache);
}

Test(bounds, closing_a_view_from_before_a_reset_closes_no_later_one) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  oc_view_t *before, *after;
  oc_stats_t stats;
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &before, NULL), OC_OK));
  reset(cache);
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &after, NULL), OC_OK));
  oc_view_close(before);
  oc_stats(cache, &stats);
  cr_assert(eq(u64, stats.views, 1));
  oc_view_close(after);
  oc_close(cache);
}

/* ---- Every table, and the memory, at its cap: it costs misses or is refused, and what is answered is right ---- */

static oc_token_t nth_token(uint32_t n) {
  oc_token_t token = token_of(0);
  for (int i = 0; i < 4; i++) token.bytes[15 - i] = (uint8_t)(n >> (8 * i));
  return token;
}

static oc_status begin(oc_cache_t *cache, uint32_t n, const char *principal, const char *operations) {
  return oc_begin(cache, nth_token(n), S(principal), S(operations), 0, NULL);
}

Test(bounds, more_entries_than_there_are_slots_cost_the_oldest_and_no_answer_is_anothers) {
  oc_cache_t *cache = open_with((oc_options_t){.max_entries = 16});
  char key[16], value[16];
  oc_set_options_t options = {0};
  for (int i = 0; i < 1000; i++) {
    snprintf(key, sizeof key, "key %d", i);
    snprintf(value, sizeof value, "%d", i);
    cr_assert(eq(int, oc_set(cache, S(key), S(value), &options, NULL), OC_OK));
  }
  int hits = 0;
  oc_buffer_t out = {0};
  for (int i = 0; i < 1000; i++) {
    oc_hit_t hit;
    snprintf(key, sizeof key, "key %d", i);
    snprintf(value, sizeof value, "%d", i);
    if (oc_get(cache, NULL, S(key), false, 0, &out, &hit, NULL) != OC_OK) continue;
    cr_assert(slice_equal((oc_slice_t){out.data, out.len}, S(value)), "%s answered for another", key);
    hits++;
  }
  oc_buffer_free(&out);
  cr_assert(eq(int, hits, 16));
  oc_close(cache);
}

Test(bounds, more_tags_than_there_are_slots_cost_misses_and_an_invalidation_is_never_lost) {
  oc_cache_t *cache = open_with((oc_options_t){.max_tags = 8});
  char key[16], tag[16];
  for (int i = 0; i < 200; i++) {
    snprintf(key, sizeof key, "key %d", i);
    snprintf(tag, sizeof tag, "tag %d", i);
    cr_assert(eq(int, set(cache, key, tag, 0), OC_OK));
    uint64_t since = oc_version(cache);
    invalidate(cache, tag);
    cr_assert(eq(int, get(cache, NULL, key), OC_MISS));
    for (int other = 0; other < 8; other++)
      invalidate(cache, (char[]){(char)('a' + other), 0}); /* its slot is another's */
    cr_assert(eq(int, set(cache, key, tag, since), OC_REFUSED), "a load from before was kept");
  }
  oc_close(cache);
}

Test(bounds, more_documents_in_one_answer_than_there_are_tags_are_refused_and_other_entries_stay_right) {
  oc_cache_t *cache = open_with((oc_options_t){.max_tags = 16, .shapes = S("{\"orders\":{}}")});
  char page[2048];
  int len = snprintf(page, sizeof page, "{\"docs\":[");
  for (int i = 0; i < 32; i++) len += snprintf(page + len, sizeof page - (size_t)len, "%s{\"id\":%d}", i ? "," : "", i);
  snprintf(page + len, sizeof page - (size_t)len, "]}");
  oc_set_options_t options = {.query = S("{\"type\":\"find\",\"collection\":\"orders\",\"depth\":0}")};
  cr_assert(eq(int, oc_set(cache, S("page"), S(page), &options, NULL), OC_REFUSED));
  cr_assert(eq(int, get(cache, NULL, "page"), OC_MISS));
  cr_assert(eq(int, set(cache, "key", "orders:7", 0), OC_OK));
  invalidate(cache, "orders:7");
  cr_assert(eq(int, get(cache, NULL, "key"), OC_MISS));
  oc_close(cache);
}

Test(bounds, when_all_mutations_are_pending_one_more_is_full_and_the_others_go_on) {
  oc_cache_t *cache = open_with((oc_options_t){.max_mutations = 4});
  for (uint32_t i = 0; i < 4; i++)
    cr_assert(eq(int, begin(cache, i, "users:1", "[{\"type\":\"invalidate\",\"tags\":[\"a\"]}]"), OC_OK));
  cr_assert(eq(int, begin(cache, 4, "users:2", "[]"), OC_ERR_FULL));
  set(cache, "key", "a", 0);
  uint64_t version;
  for (uint32_t i = 0; i < 4; i++)
    cr_assert(eq(int, oc_commit(cache, nth_token(i), (oc_slice_t){0}, &version, NULL), OC_OK));
  cr_assert(eq(int, get(cache, NULL, "key"), OC_MISS));
  cr_assert(eq(int, begin(cache, 4, "users:2", "[]"), OC_OK));
  oc_close(cache);
}

Test(bounds, a_begin_that_fails_has_not_forgotten_how_another_ended) {
  oc_cache_t *cache =
      open_with((oc_options_t){.max_mutations = 1, .limits = {.operations_per_mutation = 4, .mutation_bytes = 64}});
  uint64_t version;
  cr_assert(eq(int, begin(cache, 1, "users:1", "[]"), OC_OK));
  cr_assert(eq(int, oc_commit(cache, nth_token(1), (oc_slice_t){0}, &version, NULL), OC_OK));
  struct arena *arena = &cache->arena;
  oc_buffer_t operations = operations_of("[{\"type\":\"invalidate\",\"tags\":[\"a\"]}]");
  struct mutation_source source = {
      .token = nth_token(2), .principal = S("users:1"), .operations = as_slice(&operations), .pending_most = 64};
  arena_lock(arena);
  cr_assert(eq(int, mutation_begin_locked(arena, &source), OC_ERR_LIMIT_OPERATIONS));
  source.operations_most = 4;
  cr_assert(eq(int, mutation_begin_locked(arena, &source), OC_ERR_LIMIT_BYTES));
  cr_assert(mutation_find_locked(arena, nth_token(1)) != NULL);
  cr_assert(mutation_find_locked(arena, nth_token(2)) == NULL);
  source.bytes_most = 1024;
  cr_assert(eq(int, mutation_begin_locked(arena, &source), OC_OK));
  cr_assert(mutation_find_locked(arena, nth_token(1)) == NULL);
  arena_unlock(arena);
  oc_buffer_free(&operations);
  oc_close(cache);
}

Test(bounds, the_limit_for_a_principal_counts_its_own_pending_mutations_only) {
  oc_cache_t *cache = open_with((oc_options_t){.limits = {.pending_per_principal = 2}});
  cr_assert(eq(int, begin(cache, 1, "users:1", "[]"), OC_OK));
  cr_assert(eq(int, begin(cache, 2, "users:1", "[]"), OC_OK));
  cr_assert(eq(int, begin(cache, 3, "users:1", "[]"), OC_ERR_LIMIT_MUTATIONS));
  cr_assert(eq(int, begin(cache, 2, "users:1", "[]"), OC_OK), "it is one of the two");
  cr_assert(eq(int, begin(cache, 4, "users:2", "[]"), OC_OK));
  cr_assert(eq(int, oc_rollback(cache, nth_token(1), (oc_slice_t){0}, NULL), OC_OK));
  cr_assert(eq(int, begin(cache, 3, "users:1", "[]"), OC_OK));
  cr_assert(eq(int, begin(cache, 5, "users:1", "[]"), OC_ERR_LIMIT_MUTATIONS));
  cr_assert(eq(int, oc_expire(cache, nth_token(3), (oc_slice_t){0}, NULL), OC_OK));
  cr_assert(eq(int, begin(cache, 5, "users:1", "[]"), OC_OK));
  oc_close(cache);
}

Test(bounds, a_view_beyond_the_cap_answers_right_or_says_that_it_is_torn) {
  oc_cache_t *cache = open_with((oc_options_t){.max_views = 2});
  oc_view_t *views[3];
  set(cache, "key", "a", 0);
  for (int i = 0; i < 3; i++) cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, views + i, NULL), OC_OK));
  invalidate(cache, "a");
  set(cache, "key", "a", 0);
  for (int i = 0; i < 3; i++) {
    oc_view_info_t info;
    oc_status status = get(cache, views[i], "key");
    oc_view_info(views[i], &info);
    cr_assert(status == OC_OK || info.torn, "view %d", i);
    if (i < 2) cr_assert(status == OC_OK && !info.torn);
    oc_view_close(views[i]);
  }
  oc_close(cache);
}

Test(bounds, an_entry_that_is_further_behind_than_the_log_remembers_is_a_miss) {
  oc_cache_t *cache = open_with((oc_options_t){.max_log = 4, .shapes = S("{\"orders\":{}}")});
  oc_set_options_t options = {.query = S("{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":7,\"depth\":0}")};
  static const char UPDATE[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"a\":2},"
                               "\"previous\":{\"id\":7,\"a\":1},\"doc\":{\"id\":7,\"a\":2}}]";
  for (int beside = 0; beside < 6; beside++) {
    uint64_t version;
    cr_assert(eq(int, oc_set(cache, S("key"), S("{\"id\":7,\"a\":1}"), &options, NULL), OC_OK));
    cr_assert(eq(int, begin(cache, (uint32_t)beside, "users:1", UPDATE), OC_OK));
    cr_assert(eq(int, oc_commit(cache, nth_token((uint32_t)beside), (oc_slice_t){0}, &version, NULL), OC_OK));
    for (int i = 0; i < beside; i++) invalidate(cache, "other");
    cr_assert(eq(int, get(cache, NULL, "key"), beside < 4 ? OC_OK : OC_MISS), "%d records later", beside);
  }
  oc_close(cache);
}

Test(bounds, an_entry_larger_than_its_share_is_refused_and_pushes_no_other_out_but_its_earlier_self_goes) {
  oc_cache_t *cache = open_with((oc_options_t){.limits = {.max_share = 10, .value_bytes = 1 << 20}});
  static char value[1 << 20];
  memset(value, ' ', sizeof value);
  value[0] = '1';
  oc_set_options_t options = {.content = OC_BYTES};
  char key[16];
  int stored = 0;
  oc_stats_t before, after;
  do {
    oc_stats(cache, &before);
    snprintf(key, sizeof key, "key %d", stored++);
    cr_assert(eq(int, oc_set(cache, S(key), (oc_slice_t){value, 4000}, &options, NULL), OC_OK));
    oc_stats(cache, &after);
  } while (after.evictions == 0);
  size_t share = (1 << 20) / 1000 * 10;
  cr_assert(eq(int, oc_set(cache, S(key), (oc_slice_t){value, share}, &options, NULL), OC_REFUSED));
  cr_assert(eq(int, oc_set(cache, S("large"), (oc_slice_t){value, sizeof value}, &options, NULL), OC_REFUSED));
  oc_stats(cache, &before);
  cr_assert(eq(u64, before.evictions, after.evictions));
  cr_assert(eq(u64, before.entries, after.entries - 1));
  cr_assert(eq(int, get(cache, NULL, key), OC_MISS), "it was replaced by what is not kept");
  cr_assert(eq(int, oc_set(cache, S("k"), (oc_slice_t){value, share - 1}, &options, NULL), OC_OK));
  oc_close(cache);
}

/* ---- What happens to all entries, or all tags, at once ---- */

Test(bounds, other_shapes_drop_all_entries_at_once_and_their_memory_serves_the_next) {
  oc_cache_t *cache = open_with((oc_options_t){.max_entries = 256, .shapes = S("{\"orders\":{}}")});
  char key[16];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 256; i++) {
      snprintf(key, sizeof key, "key %d", i);
      cr_assert(eq(int, set(cache, key, "a", 0), OC_OK));
    }
    oc_close(open_with((oc_options_t){.shapes = round % 2 ? S("{\"orders\":{}}") : S("{\"customers\":{}}")}));
    oc_stats_t stats;
    oc_stats(cache, &stats);
    cr_assert(eq(u64, stats.entries, 0));
    oc_buffer_t list = {0};
    for (int tagged = 0; tagged < 2; tagged++) {
      oc_entries_options_t all = {.tag = S(tagged ? "a" : "")};
      cr_assert(eq(int, oc_entries(cache, &all, &list, NULL), OC_OK));
      cr_assert(slice_equal((oc_slice_t){list.data, list.len}, S("{\"entries\":[],\"cursor\":null}")));
    }
    oc_buffer_free(&list);
    for (int i = 0; i < 256; i++) {
      snprintf(key, sizeof key, "key %d", i);
      cr_assert(eq(int, get(cache, NULL, key), OC_MISS));
    }
  }
  arena_lock(&cache->arena);
  alloc_check_locked(&cache->arena);
  arena_unlock(&cache->arena);
  oc_close(cache);
}

Test(bounds, a_commit_without_room_for_its_record_leaves_nothing_stale_and_no_view_a_lie) {
  oc_cache_t *cache = open_with((oc_options_t){0});
  struct arena *arena = &cache->arena;
  set(cache, "key", "a", 0);
  oc_view_t *view;
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &view, NULL), OC_OK));
  uint64_t since = oc_version(cache);
  cr_assert(eq(int, begin(cache, 1, "users:1", "[{\"type\":\"invalidate\",\"tags\":[\"a\"]}]"), OC_OK));
  arena_lock(arena);
  while (entry_alloc_locked(arena, 4096)) continue;
  while (entry_alloc_locked(arena, 1)) continue;
  arena_unlock(arena);
  uint64_t version;
  cr_assert(eq(int, oc_commit(cache, nth_token(1), (oc_slice_t){0}, &version, NULL), OC_OK));
  oc_mutation_info_t mutation;
  cr_assert(eq(int, oc_status_of(cache, nth_token(1), S("users:1"), &mutation, NULL), OC_OK));
  cr_assert(eq(int, mutation.state, OC_COMMITTED));
  cr_assert(eq(int, get(cache, NULL, "key"), OC_MISS));
  cr_assert(eq(int, set(cache, "key", "b", since), OC_REFUSED), "any tag may have changed");
  oc_view_info_t info;
  cr_assert(eq(int, get(cache, view, "key"), OC_MISS));
  oc_view_info(view, &info);
  cr_assert(eq(u64, info.version, since));
  oc_view_close(view);
  oc_close(cache);
}

/* ---- Shapes that are replaced while others read and write ---- */

static const char WIDE_SHAPES[] = "{\"a\":{},\"b\":{},\"c\":{},\"d\":{},\"orders\":{\"groups\":[\"address\"]}}";
static const char NARROW_SHAPES[] = "{\"orders\":{}}";

static void *read_and_write(void *context) {
  oc_cache_t *cache = context;
  static const char VALUE[] = "{\"id\":7,\"status\":\"new\",\"address\":{\"city\":\"Bonn\"}}";
  static const char COMMIT[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,"
                               "\"data\":{\"status\":\"old\"},\"previous\":{\"status\":\"new\"}}]";
  oc_set_options_t options = {.query = S("{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":0}")};
  for (uint8_t i = 1; i < 250; i++) {
    uint64_t version;
    oc_set(cache, S("key"), S(VALUE), &options, NULL);
    oc_begin(cache, token_of(i), S("users:1"), S(COMMIT), 0, NULL);
    oc_commit(cache, token_of(i), (oc_slice_t){0}, &version, NULL);
    get(cache, NULL, "key");
  }
  return NULL;
}

Test(bounds, shapes_may_be_replaced_while_others_read_and_write) {
  oc_cache_t *cache = open_with((oc_options_t){.max_bytes = 4 << 20, .shapes = S(WIDE_SHAPES)});
  pthread_t thread;
  pthread_create(&thread, NULL, read_and_write, cache);
  for (int i = 0; i < 2000; i++)
    oc_close(open_with((oc_options_t){.max_bytes = 4 << 20, .shapes = S(i % 2 ? WIDE_SHAPES : NARROW_SHAPES)}));
  pthread_join(thread, NULL);
  oc_close(cache);
}
