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
