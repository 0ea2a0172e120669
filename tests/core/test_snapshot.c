/*
 * Invariant 5: all reads of one view equal the state at its version, or miss, or the view says that it is torn. By
 * cases, and by random histories against a model that remembers what the database held at every version.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cache.h"
#include "support.h"

enum { DOCUMENTS = 6, VERSIONS = 4096, STEPS = 3000, VIEWS = 8 };

static const char SHAPES[] = "{\"orders\":{}}";

struct model {
  oc_cache_t *cache;
  int now[DOCUMENTS];
  int at[VERSIONS][DOCUMENTS]; /* what the database held when the log's head was that */
  int padding;
  uint32_t random;
  uint8_t tokens;
};

static uint32_t draw(struct model *model, uint32_t below) {
  model->random ^= model->random << 13;
  model->random ^= model->random >> 17;
  model->random ^= model->random << 5;
  return model->random % below;
}

static void remember(struct model *model) {
  uint64_t version = oc_version(model->cache);
  cr_assert(lt(u64, version, VERSIONS));
  memcpy(model->at[version], model->now, sizeof model->now);
}

static struct model open_model(uint64_t bytes, int padding, uint32_t seed) {
  struct model model = {.padding = padding, .random = seed};
  oc_options_t options = {.name = S("snapshot"), .max_bytes = bytes, .shapes = S(SHAPES), .max_entries = 256};
  options.max_log = 256;
  options.limits.value_bytes = 1 << 19;
  cr_assert(eq(int, oc_open(&options, &model.cache, NULL), OC_OK));
  remember(&model);
  return model;
}

/* The answer to key 0 … DOCUMENTS - 1 (a document), or DOCUMENTS (all of them), from what the database holds. */
static const char *answer(const struct model *model, int key, const int *held) {
  static char text[1 << 19];
  int len = 0;
  if (key < DOCUMENTS)
    len = sprintf(text, "{\"id\":%d,\"n\":%d,\"padding\":\"%*s\"}", key, held[key], model->padding, "");
  else {
    len = sprintf(text, "{\"docs\":[");
    for (int i = 0; i < DOCUMENTS; i++) len += sprintf(text + len, "%s{\"id\":%d,\"n\":%d}", i ? "," : "", i, held[i]);
    sprintf(text + len, "]}");
  }
  return text;
}

static void load(struct model *model, int key) {
  char name[8];
  sprintf(name, "%d", key);
  oc_set_options_t options = {.query = S("{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":0}")};
  if (key == DOCUMENTS) options.query = S("{\"type\":\"find\",\"collection\":\"orders\",\"depth\":0}");
  cr_assert(ge(int, oc_set(model->cache, S(name), S(answer(model, key, model->now)), &options, NULL), 0));
}

static void write_document(struct model *model, int document, bool replayable) {
  char text[128];
  sprintf(text,
          "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":%d,\"data\":{\"n\":%d},\"previous\":{\"n\":%d}}]",
          document, model->now[document] + 1, model->now[document]);
  uint64_t version;
  model->now[document]++;
  if (replayable) {
    oc_token_t token = token_of(++model->tokens);
    token.bytes[14] = (uint8_t)oc_version(model->cache);
    token.bytes[13] = (uint8_t)(oc_version(model->cache) >> 8);
    cr_assert(eq(int, oc_begin(model->cache, token, S("users:1"), S(text), 0, NULL), OC_OK));
    cr_assert(eq(int, oc_commit(model->cache, token, (oc_slice_t){0}, &version, NULL), OC_OK));
  } else {
    cr_assert(eq(int, oc_record(model->cache, S(text), &version, NULL), OC_OK));
  }
  remember(model);
}

static oc_view_t *look(struct model *model) {
  oc_view_t *view;
  cr_assert(eq(int, oc_view_open(model->cache, S("users:2"), NULL, 0, &view, NULL), OC_OK));
  return view;
}

static oc_view_info_t info_of(oc_view_t *view) {
  oc_view_info_t info;
  oc_view_info(view, &info);
  return info;
}

/* Reads and compares; true for a hit. */
static bool check(struct model *model, oc_view_t *view, int key) {
  char name[8];
  oc_buffer_t out = {0};
  oc_hit_t hit;
  sprintf(name, "%d", key);
  bool found = oc_get(model->cache, view, S(name), false, 0, &out, &hit, NULL) == OC_OK;
  uint64_t version = view ? info_of(view).version : oc_version(model->cache);
  if (found && !(view && info_of(view).torn))
    cr_assert(is_text(as_slice(&out), answer(model, key, model->at[version])), "key %d at %d: %.*s", key, (int)version,
              (int)(out.len < 200 ? out.len : 200), out.data);
  oc_buffer_free(&out);
  return found;
}

static uint32_t older_states(struct model *model) {
  arena_lock(&model->cache->arena);
  uint32_t count = entry_older_count_locked(&model->cache->arena);
  arena_unlock(&model->cache->arena);
  return count;
}

Test(snapshot, a_view_reads_the_state_before_an_entry_was_loaded_again) {
  struct model model = open_model(1 << 20, 0, 1);
  load(&model, 0);
  oc_view_t *view = look(&model);
  write_document(&model, 0, false);
  load(&model, 0);
  cr_assert(check(&model, view, 0) && !info_of(view).torn);
  cr_assert(check(&model, NULL, 0));
  oc_view_close(view);
  oc_close(model.cache);
}

Test(snapshot, a_view_reads_the_state_before_an_entry_was_brought_up_to_date) {
  struct model model = open_model(1 << 20, 0, 1);
  load(&model, 0);
  load(&model, DOCUMENTS);
  oc_view_t *view = look(&model);
  write_document(&model, 0, true);
  cr_assert(check(&model, NULL, 0) && check(&model, NULL, DOCUMENTS));
  cr_assert(eq(u32, older_states(&model), 2), "the replay was not kept, or not beside the older state");
  cr_assert(check(&model, view, 0) && check(&model, view, DOCUMENTS) && !info_of(view).torn);
  oc_view_close(view);
  oc_close(model.cache);
}

Test(snapshot, an_older_state_is_itself_brought_up_to_a_view_between) {
  struct model model = open_model(1 << 20, 0, 1);
  load(&model, 0);
  oc_view_t *first = look(&model);
  write_document(&model, 0, true);
  oc_view_t *second = look(&model);
  write_document(&model, 0, false);
  load(&model, 0);
  cr_assert(check(&model, first, 0) && check(&model, second, 0) && check(&model, NULL, 0));
  cr_assert(not(info_of(first).torn || info_of(second).torn));
  oc_view_close(first);
  cr_assert(check(&model, second, 0));
  oc_view_close(second);
  oc_close(model.cache);
}

Test(snapshot, older_states_are_gone_with_the_last_view_that_needs_them) {
  struct model model = open_model(1 << 20, 0, 1);
  oc_view_t *early = look(&model);
  load(&model, 0);
  write_document(&model, 0, false);
  load(&model, 0);
  oc_view_t *late = look(&model);
  write_document(&model, 0, false);
  load(&model, 0);
  cr_assert(eq(u32, older_states(&model), 2));
  oc_view_close(early);
  cr_assert(eq(u32, older_states(&model), 1));
  oc_view_close(late);
  cr_assert(eq(u32, older_states(&model), 0));
  oc_close(model.cache);
}

Test(snapshot, an_older_state_goes_with_its_view_however_often_it_was_read) {
  struct model model = open_model(1 << 20, 0, 1);
  load(&model, 0);
  oc_view_t *early = look(&model);
  write_document(&model, 0, false);
  load(&model, 0);
  oc_view_t *late = look(&model);
  for (int i = 0; i < 10; i++) cr_assert(check(&model, early, 0));
  oc_view_close(early);
  cr_assert(eq(u32, older_states(&model), 0));
  oc_view_close(late);
  oc_close(model.cache);
}

Test(snapshot, without_views_no_older_state_is_kept) {
  struct model model = open_model(1 << 20, 0, 1);
  for (int i = 0; i < 10; i++) {
    load(&model, 0);
    write_document(&model, 0, i % 2);
    check(&model, NULL, 0);
    cr_assert(eq(u32, older_states(&model), 0));
  }
  oc_close(model.cache);
}

Test(snapshot, when_memory_is_short_older_states_go_before_any_entry_and_their_view_is_torn) {
  struct model model = open_model(1 << 20, 60000, 1);
  load(&model, 0);
  load(&model, 1);
  oc_view_t *view = look(&model);
  oc_stats_t stats;
  int reads = 0;
  do {
    write_document(&model, 0, false);
    load(&model, 0);
    oc_stats(model.cache, &stats);
    cr_assert(eq(u64, stats.evictions, 0));
  } while (++reads < 100 && check(&model, view, 0));
  cr_assert(lt(int, reads, 100));
  cr_assert(info_of(view).torn);
  cr_assert(check(&model, NULL, 0) && check(&model, NULL, 1));
  oc_view_close(view);
  oc_close(model.cache);
}

Test(snapshot, of_one_entry_a_bounded_number_of_states_is_kept_and_a_view_of_an_older_one_is_torn) {
  struct model model = open_model(1 << 20, 0, 1);
  load(&model, 0);
  oc_view_t *early = look(&model), *late = NULL;
  for (int i = 0; i < 100; i++) {
    write_document(&model, 0, i % 2);
    if (!check(&model, NULL, 0)) load(&model, 0);
    if (i == 50) late = look(&model);
  }
  cr_assert(eq(u32, older_states(&model), ENTRY_STATES_MOST - 1));
  cr_assert(check(&model, late, 0) && !info_of(late).torn);
  cr_assert(not(check(&model, early, 0)));
  cr_assert(info_of(early).torn);
  oc_view_close(early);
  oc_view_close(late);
  oc_close(model.cache);
}

Test(snapshot, a_view_past_its_age_says_that_it_is_torn_when_it_is_used) {
  oc_options_t options = {.name = S("aged"), .max_bytes = 1 << 20, .limits = {.view_age = 1}};
  oc_cache_t *cache;
  oc_view_t *view;
  oc_buffer_t out = {0};
  oc_hit_t hit;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), NULL, 0, &view, NULL), OC_OK));
  arena_lock(&cache->arena);
  view_oldest_locked(&cache->arena, UINT64_MAX); /* much later */
  arena_unlock(&cache->arena);
  oc_get(cache, view, S("key"), false, 0, &out, &hit, NULL);
  cr_assert(info_of(view).torn);
  oc_view_close(view);
  oc_close(cache);
}

Test(snapshot, nothing_expires_between_two_reads_of_a_view) {
  struct model model = open_model(1 << 20, 0, 1);
  oc_cache_t *cache = model.cache;
  oc_view_t *view = look(&model);
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_set_options_t options = {.expires_at = view->opened + 1};
  oc_set(cache, S("key"), S("1"), &options, NULL);
  while (clock_now() < options.expires_at) continue;
  cr_assert(eq(int, oc_get(cache, NULL, S("key"), false, 0, &out, &hit, NULL), OC_MISS));
  cr_assert(eq(int, oc_get(cache, view, S("key"), false, 0, &out, &hit, NULL), OC_OK));
  oc_view_close(view);
  cr_assert(eq(int, oc_get(cache, NULL, S("key"), false, 0, &out, &hit, NULL), OC_MISS));
  oc_stats_t stats;
  oc_stats(cache, &stats);
  cr_assert(eq(u64, stats.entries, 0));
  oc_buffer_free(&out);
  oc_close(cache);
}

/* ---- Random histories ---- */

struct outcome {
  int hits, older, torn;
};

static void step(struct model *model, oc_view_t **views, struct outcome *outcome) {
  oc_view_t **view = views + draw(model, VIEWS);
  int key = (int)draw(model, DOCUMENTS + 1);
  switch (draw(model, 8)) {
  case 0: write_document(model, (int)draw(model, DOCUMENTS), true); break;
  case 1: write_document(model, (int)draw(model, DOCUMENTS), draw(model, 4) > 0); break;
  case 2: load(model, key); break;
  case 3:
    if (!check(model, NULL, key)) load(model, key);
    break;
  case 4:
    if (*view) oc_view_close(*view);
    *view = *view ? NULL : look(model);
    break;
  default:
    if (!*view) break;
    if (check(model, *view, key) && !info_of(*view).torn) {
      outcome->hits++;
      if (info_of(*view).version < oc_version(model->cache)) outcome->older++;
    }
    if (info_of(*view).torn) outcome->torn++;
  }
  arena_lock(&model->cache->arena);
  if (draw(model, 50) == 0) alloc_check_locked(&model->cache->arena);
  arena_unlock(&model->cache->arena);
}

static struct outcome run(uint64_t bytes, int padding, uint32_t seed) {
  struct model model = open_model(bytes, padding, seed);
  oc_view_t *views[VIEWS] = {0};
  struct outcome outcome = {0};
  remember(&model);
  for (int i = 0; i < STEPS; i++) step(&model, views, &outcome);
  for (int i = 0; i < VIEWS; i++) oc_view_close(views[i]);
  for (int i = 0; i < 20; i++) oc_view_close(look(&model)); /* what is left goes a few at a time */
  cr_assert(eq(u32, older_states(&model), 0), "seed %u", seed);
  oc_close(model.cache);
  return outcome;
}

Test(snapshot, random_histories_look_to_every_view_as_they_did_at_its_version) {
  for (uint32_t seed = 1; seed <= 8; seed++) {
    cr_log_info("seed %u", seed);
    struct outcome outcome = run(1 << 20, 0, seed * 2654435761U);
    cr_assert(gt(int, outcome.older, 300), "seed %u: %d", seed, outcome.older);
  }
}

Test(snapshot, random_histories_with_little_memory_tear_views_but_never_lie) {
  int torn = 0;
  for (uint32_t seed = 1; seed <= 4; seed++) torn += run(1 << 20, 40000, seed * 2246822519U).torn;
  cr_assert(gt(int, torn, 0));
}
