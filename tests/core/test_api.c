/* The invariants of the design, through the public interface. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "optimistic_cache.h"

#define S(text) ((oc_slice_t){(text), strlen(text)})

static const char SHAPES[] = "{\"orders\":{\"groups\":[\"address\"],\"relations\":{\"customer\":\"customers\"}},"
                             "\"customers\":{}}";
static const char PAGE[] =
    "{\"docs\":[{\"id\":7,\"status\":\"pending\",\"customer\":{\"id\":3,\"name\":\"Ada\"}},"
    "{\"id\":8,\"status\":\"pending\",\"customer\":{\"id\":3,\"name\":\"Ada\"}}],\"totalDocs\":2}";
static const char FIND[] = "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"-orderNumber\",\"depth\":1}";
static const char SHIP_7[] =
    "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"shipped\"}}]";

static oc_cache_t *open_cache(void) {
  oc_options_t options = {.name = S("test"), .max_bytes = 4 << 20, .shapes = S(SHAPES)};
  oc_cache_t *cache;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_open(&options, &cache, &error), OC_OK), "%s", error.message);
  return cache;
}

static oc_token_t token(uint8_t last) {
  oc_token_t made = {{1, 0, 0, 0, 0, 0, 0x70, 0, 0x80}};
  made.bytes[15] = last;
  return made;
}

static oc_status set(oc_cache_t *cache, const char *key, const char *value, const char *query, uint64_t since) {
  oc_set_options_t options = {.since = since, .query = query ? S(query) : (oc_slice_t){0}};
  oc_error_t error = {0};
  oc_status status = oc_set(cache, S(key), S(value), &options, &error);
  cr_assert(status >= 0, "%s", error.message);
  return status;
}

/* The text of an entry, or NULL for a miss; valid until the next read. */
static const char *read_with(oc_cache_t *cache, oc_view_t *view, const char *key, bool base) {
  static oc_buffer_t out;
  static char text[4096];
  oc_hit_t hit;
  if (oc_get(cache, view, S(key), base, 0, &out, &hit, NULL) != OC_OK) return NULL;
  memcpy(text, out.data, out.len);
  text[out.len] = '\0';
  oc_buffer_free(&out);
  return text;
}

static const char *read_text(oc_cache_t *cache, oc_view_t *view, const char *key) {
  return read_with(cache, view, key, false);
}

static oc_view_t *view_of(oc_cache_t *cache, const char *principal, oc_token_t presented) {
  oc_view_t *view;
  cr_assert(eq(int, oc_view_open(cache, S(principal), &presented, 1, &view, NULL), OC_OK));
  return view;
}

static void begin(oc_cache_t *cache, oc_token_t made, const char *operations) {
  oc_error_t error = {0};
  cr_assert(eq(int, oc_begin(cache, made, S("users:1"), S(operations), 0, &error), OC_OK), "%s", error.message);
}

static uint64_t commit(oc_cache_t *cache, oc_token_t made, const char *operations) {
  uint64_t version = 0;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_commit(cache, made, operations ? S(operations) : (oc_slice_t){0}, &version, &error), OC_OK),
            "%s", error.message);
  return version;
}

Test(api, a_value_that_was_set_is_read_back) {
  oc_cache_t *cache = open_cache();
  cr_assert(eq(int, set(cache, "list", PAGE, FIND, 0), OC_OK));
  cr_assert(eq(str, (char *)read_text(cache, NULL, "list"), (char *)PAGE));
  oc_close(cache);
}

Test(api, a_commit_is_replayed_onto_every_page_that_shows_the_document) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  commit(cache, token(1), SHIP_7);
  const char *text = read_text(cache, NULL, "list");
  cr_assert(text != NULL && strstr(text, "{\"id\":7,\"status\":\"shipped\""));
  cr_assert(strstr(text, "{\"id\":8,\"status\":\"pending\"") != NULL);
  oc_close(cache);
}

Test(api, a_change_of_a_shown_document_reaches_every_place_that_shows_it) {
  oc_cache_t *cache = open_cache();
  const char *rename = "[{\"type\":\"update\",\"collection\":\"customers\",\"id\":3,\"data\":{\"name\":\"Augusta\"}}]";
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), rename);
  commit(cache, token(1), rename);
  const char *text = read_text(cache, NULL, "list");
  cr_assert(text != NULL && !strstr(text, "\"Ada\""));
  const char *first = strstr(text, "Augusta");
  cr_assert(first != NULL && strstr(first + 1, "Augusta") != NULL);
  oc_close(cache);
}

Test(api, a_document_that_where_no_longer_asks_for_leaves_its_list_and_one_that_may_have_moved_is_a_miss) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE,
      "{\"type\":\"find\",\"collection\":\"orders\",\"where\":{\"status\":{\"equals\":\"pending\"}}}", 0);
  set(cache, "sorted", PAGE, "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"status\"}", 0);
  begin(cache, token(1), SHIP_7);
  commit(cache, token(1), SHIP_7);
  cr_assert(
      eq(str, (char *)read_text(cache, NULL, "list"),
         "{\"docs\":[{\"id\":8,\"status\":\"pending\",\"customer\":{\"id\":3,\"name\":\"Ada\"}}],\"totalDocs\":1}"));
  cr_assert(read_text(cache, NULL, "sorted") == NULL);
  oc_close(cache);
}

Test(api, pending_state_is_seen_by_its_token_and_principal_alone) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  oc_view_t *own = view_of(cache, "users:1", token(1));
  oc_view_t *thief = view_of(cache, "users:2", token(1));
  oc_view_t *without = view_of(cache, "users:1", token(2));
  cr_assert(strstr(read_text(cache, own, "list"), "shipped") != NULL);
  cr_assert(strstr(read_with(cache, own, "list", true), "shipped") == NULL);
  cr_assert(strstr(read_text(cache, thief, "list"), "shipped") == NULL);
  cr_assert(strstr(read_text(cache, without, "list"), "shipped") == NULL);
  cr_assert(strstr(read_text(cache, NULL, "list"), "shipped") == NULL);
  oc_view_info_t info;
  oc_view_info(thief, &info);
  cr_assert(eq(sz, info.unknown, 1));
  oc_view_close(own);
  oc_view_close(thief);
  oc_view_close(without);
  oc_close(cache);
}

Test(api, a_rollback_gives_the_bytes_back_and_leaves_entries_set_before_as_hits) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  oc_view_t *own = view_of(cache, "users:1", token(1));
  cr_assert(strstr(read_text(cache, own, "list"), "shipped") != NULL);
  cr_assert(eq(int, oc_rollback(cache, token(1), S("no"), NULL), OC_OK));
  cr_assert(eq(str, (char *)read_text(cache, own, "list"), (char *)PAGE));
  cr_assert(eq(str, (char *)read_text(cache, NULL, "list"), (char *)PAGE));
  oc_view_close(own);
  oc_close(cache);
}

Test(api, an_entry_set_inside_a_bracket_is_gone_after_its_rollback) {
  oc_cache_t *cache = open_cache();
  begin(cache, token(1), SHIP_7);
  set(cache, "list", PAGE, FIND, 0);
  cr_assert(read_text(cache, NULL, "list") != NULL);
  oc_rollback(cache, token(1), S(""), NULL);
  cr_assert(read_text(cache, NULL, "list") == NULL);
  oc_close(cache);
}

Test(api, a_load_that_overlapped_a_commit_or_a_rollback_is_refused) {
  oc_cache_t *cache = open_cache();
  uint64_t since = oc_version(cache);
  begin(cache, token(1), SHIP_7);
  commit(cache, token(1), SHIP_7);
  cr_assert(eq(int, set(cache, "list", PAGE, FIND, since), OC_REFUSED));
  since = oc_version(cache);
  begin(cache, token(2), SHIP_7);
  oc_rollback(cache, token(2), S(""), NULL);
  cr_assert(eq(int, set(cache, "list", PAGE, FIND, since), OC_REFUSED));
  cr_assert(eq(int, set(cache, "list", PAGE, FIND, oc_version(cache)), OC_OK));
  oc_close(cache);
}

Test(api, concurrent_commits_on_one_document_are_an_invalidation) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  begin(cache, token(2), SHIP_7);
  commit(cache, token(1), SHIP_7);
  cr_assert(read_text(cache, NULL, "list") != NULL);
  commit(cache, token(2), SHIP_7);
  cr_assert(read_text(cache, NULL, "list") == NULL);
  oc_close(cache);
}

Test(api, a_view_sees_the_version_it_was_opened_at) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  oc_view_t *before = view_of(cache, "users:2", token(9));
  begin(cache, token(1), SHIP_7);
  commit(cache, token(1), SHIP_7);
  oc_view_t *after = view_of(cache, "users:2", token(9));
  cr_assert(strstr(read_text(cache, after, "list"), "shipped") != NULL);
  cr_assert(eq(str, (char *)read_text(cache, before, "list"), (char *)PAGE));
  oc_view_info_t info;
  oc_view_info(before, &info);
  cr_assert(not(info.torn));
  oc_view_close(before);
  oc_view_close(after);
  oc_close(cache);
}

Test(api, a_mutation_that_commits_under_an_open_view_stays_laid_over_in_it) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  oc_view_t *own = view_of(cache, "users:1", token(1));
  commit(cache, token(1), SHIP_7);
  cr_assert(strstr(read_text(cache, own, "list"), "shipped") != NULL);
  oc_view_close(own);
  oc_close(cache);
}

Test(api, an_expired_mutation_invalidates_what_it_may_have_changed) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  begin(cache, token(1), SHIP_7);
  cr_assert(eq(int, oc_expire(cache, token(1), S("server gone"), NULL), OC_OK));
  cr_assert(read_text(cache, NULL, "list") == NULL);
  oc_mutation_info_t info;
  cr_assert(eq(int, oc_status_of(cache, token(1), S("users:1"), &info, NULL), OC_OK));
  cr_assert(eq(int, info.state, OC_EXPIRED));
  cr_assert(eq(str, info.reason, "server gone"));
  set(cache, "list", PAGE, FIND, 0);
  commit(cache, token(1), NULL);
  cr_assert(read_text(cache, NULL, "list") == NULL);
  oc_close(cache);
}

Test(api, a_commit_of_a_committed_token_answers_its_version_and_changes_nothing) {
  oc_cache_t *cache = open_cache();
  begin(cache, token(1), SHIP_7);
  uint64_t version = commit(cache, token(1), SHIP_7);
  cr_assert(eq(u64, commit(cache, token(1), SHIP_7), version));
  cr_assert(eq(u64, oc_version(cache), version));
  cr_assert(eq(int, oc_rollback(cache, token(1), S(""), NULL), OC_ERR_TOKEN_SETTLED));
  oc_close(cache);
}

Test(api, an_overlay_over_a_loaded_value_shows_the_pending_change) {
  oc_cache_t *cache = open_cache();
  begin(cache, token(1), SHIP_7);
  oc_view_t *own = view_of(cache, "users:1", token(1));
  oc_buffer_t out = {0};
  oc_hit_t hit;
  cr_assert(eq(int, oc_overlay(cache, own, S(PAGE), S(FIND), 1, &out, &hit, NULL), OC_OK));
  cr_assert(hit.overlaid);
  cr_assert(memmem(out.data, out.len, "shipped", 7) != NULL);
  oc_buffer_free(&out);
  oc_view_close(own);
  oc_close(cache);
}

Test(api, what_was_loaded_after_a_commit_shows_what_the_database_made_of_it) {
  oc_cache_t *cache = open_cache();
  begin(cache, token(1), SHIP_7);
  oc_view_t *own = view_of(cache, "users:1", token(1));
  uint64_t version = commit(cache, token(1), SHIP_7);
  oc_buffer_t out = {0};
  oc_hit_t hit;
  cr_assert(eq(int, oc_overlay(cache, own, S(PAGE), S(FIND), version, &out, &hit, NULL), OC_OK));
  cr_assert(not(hit.overlaid));
  cr_assert(eq(int, oc_overlay(cache, own, S(PAGE), S(FIND), version - 1, &out, &hit, NULL), OC_OK));
  cr_assert(hit.overlaid);
  oc_buffer_free(&out);
  oc_view_close(own);
  oc_close(cache);
}

Test(api, a_view_reads_no_other_cache_than_its_own) {
  oc_cache_t *cache = open_cache(), *other;
  oc_options_t options = {.name = S("other"), .max_bytes = 4 << 20};
  cr_assert(eq(int, oc_open(&options, &other, NULL), OC_OK));
  oc_view_t *view = view_of(other, "users:1", token(1));
  oc_buffer_t out = {0};
  oc_hit_t hit;
  cr_assert(eq(int, oc_get(cache, view, S("list"), false, 0, &out, &hit, NULL), OC_ERR_ARGUMENT));
  cr_assert(eq(int, oc_overlay(cache, view, S(PAGE), S(FIND), 1, &out, &hit, NULL), OC_ERR_ARGUMENT));
  oc_view_close(view);
  oc_close(other);
  oc_close(cache);
}

Test(api, caches_of_one_name_are_one_cache) {
  oc_cache_t *first = open_cache(), *second = open_cache();
  set(first, "list", PAGE, FIND, 0);
  cr_assert(read_text(second, NULL, "list") != NULL);
  oc_close(first);
  cr_assert(read_text(second, NULL, "list") != NULL);
  oc_close(second);
}

/* ---- Ids that JSON has to escape ---- */

static const char QUOTED[] = "{\"id\":\"a\\\"b\\\\\\n\",\"status\":\"new\"}";
static const char FIND_BY_ID[] = "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":0}";

Test(api, an_invalidation_finds_a_document_whose_id_json_escapes) {
  oc_cache_t *cache = open_cache();
  oc_slice_t tag = S("orders:a\"b\\\n");
  set(cache, "one", QUOTED, FIND_BY_ID, 0);
  cr_assert(eq(int, oc_invalidate(cache, &tag, 1, NULL, NULL), OC_OK));
  cr_assert(read_text(cache, NULL, "one") == NULL);
  oc_close(cache);
}

Test(api, an_id_is_the_same_however_its_json_is_written) {
  static const char SHIP[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":\"\\u0061\\u0022b\\u005c\\u000a\","
                             "\"data\":{\"status\":\"sent\"},\"previous\":{\"status\":\"new\"}}]";
  oc_cache_t *cache = open_cache();
  set(cache, "one", QUOTED, FIND_BY_ID, 0);
  begin(cache, token(1), SHIP);
  oc_view_t *view = view_of(cache, "users:1", token(1));
  cr_assert(strstr(read_text(cache, view, "one"), "\"sent\"") != NULL, "the overlay misses it");
  oc_view_close(view);
  commit(cache, token(1), SHIP);
  cr_assert(strstr(read_text(cache, NULL, "one"), "\"sent\"") != NULL, "the replay misses it");
  oc_close(cache);
}

/* The changes to what `known` names, or NULL: `form` says what it is. Valid until the next read. */
static const char *read_changes(oc_cache_t *cache, oc_view_t *view, const char *key, uint64_t known, oc_hit_t *hit,
                                oc_status *status) {
  static char text[4096];
  oc_buffer_t out = {0};
  *status = oc_get_changes(cache, view, S(key), false, known, &out, hit, NULL);
  if (*status == OC_OK) snprintf(text, sizeof text, "%.*s", (int)out.len, out.data);
  oc_buffer_free(&out);
  return *status == OC_OK ? text : NULL;
}

static oc_cache_t *open_with_list(void) {
  oc_cache_t *cache = open_cache();
  set(cache, "list", PAGE, FIND, 0);
  return cache;
}

static void change(oc_cache_t *cache, uint8_t last, const char *operations) {
  begin(cache, token(last), operations);
  commit(cache, token(last), NULL);
}

/* The stamp of the list's state that is read, by who has that of the stamp `known`. */
static uint64_t stamp_after(oc_cache_t *cache, uint64_t known) {
  oc_hit_t hit;
  oc_status status;
  read_changes(cache, NULL, "list", known, &hit, &status);
  return hit.stamp;
}

Test(api, who_knows_a_list_gets_what_is_changed_in_it_and_who_does_not_the_list) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  begin(cache, token(1), SHIP_7);
  oc_view_t *view = view_of(cache, "users:1", token(1));
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", 0, &hit, &status), (char *)PAGE));
  cr_assert(hit.form == OC_WHOLE && hit.beneath && !hit.overlaid && hit.stamp != 0);
  uint64_t known = hit.stamp;
  cr_assert(
      eq(str, (char *)read_changes(cache, view, "list", known, &hit, &status), "[[0,7,\"status\",\"shipped\"],[]]"));
  cr_assert(hit.form == OC_CHANGES && hit.overlaid && hit.stamp == 0);
  set(cache, "list", PAGE, FIND, 0);
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", known, &hit, &status), (char *)PAGE));
  cr_assert(hit.form == OC_WHOLE && hit.beneath && hit.stamp != known);
  oc_view_close(view);
  oc_close(cache);
}

Test(api, documents_that_show_what_is_changed_are_given_whole) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  begin(cache, token(1), "[{\"type\":\"update\",\"collection\":\"customers\",\"id\":3,\"data\":{\"name\":\"Grace\"}}]");
  oc_view_t *view = view_of(cache, "users:1", token(1));
  read_changes(cache, view, "list", 0, &hit, &status);
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", hit.stamp, &hit, &status),
               "[[],[0,7,{\"id\":7,\"status\":\"pending\",\"customer\":{\"id\":3,\"name\":\"Grace\"}},"
               "1,8,{\"id\":8,\"status\":\"pending\",\"customer\":{\"id\":3,\"name\":\"Grace\"}}]]"));
  oc_view_close(view);
  oc_close(cache);
}

static const char PAY_8[] = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":8,\"data\":{\"status\":\"paid\"}}]";
static const char LEAVE_7[] = "[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":7}]";

Test(api, who_knows_an_earlier_state_of_a_list_gets_the_documents_that_became_others_since) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  uint64_t first = stamp_after(cache, 0);
  change(cache, 1, SHIP_7);
  static const char SHIPPED_7[] =
      "[[],[0,7,{\"id\":7,\"status\":\"shipped\",\"customer\":{\"id\":3,\"name\":\"Ada\"}}]]";
  cr_assert(eq(str, (char *)read_changes(cache, NULL, "list", first, &hit, &status), (char *)SHIPPED_7));
  cr_assert(hit.form == OC_CHANGES && !hit.overlaid && !hit.beneath && hit.stamp > first);
  uint64_t second = hit.stamp;
  /* Whoever it was that replayed. */
  cr_assert(eq(str, (char *)read_changes(cache, NULL, "list", first, &hit, &status), (char *)SHIPPED_7));
  cr_assert(eq(u64, hit.stamp, second));
  read_changes(cache, NULL, "list", second, &hit, &status);
  cr_assert(eq(int, status, OC_UNCHANGED));
  change(cache, 2, PAY_8);
  cr_assert(eq(str, (char *)read_changes(cache, NULL, "list", second, &hit, &status),
               "[[],[1,8,{\"id\":8,\"status\":\"paid\",\"customer\":{\"id\":3,\"name\":\"Ada\"}}]]"));
  cr_assert(eq(str, (char *)read_changes(cache, NULL, "list", first - 1, &hit, &status),
               (char *)read_text(cache, NULL, "list")));
  cr_assert(hit.form == OC_WHOLE);
  change(cache, 3, LEAVE_7);
  set(cache, "list", PAGE, FIND, oc_version(cache));
  cr_assert(eq(str, (char *)read_changes(cache, NULL, "list", second, &hit, &status), (char *)PAGE));
  cr_assert(hit.form == OC_WHOLE);
  oc_close(cache);
}

Test(api, a_view_that_needs_an_older_state_gets_what_makes_that_one_or_all_of_it) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  uint64_t first = stamp_after(cache, 0);
  change(cache, 1, SHIP_7);
  uint64_t second = stamp_after(cache, first);
  oc_view_t *view = view_of(cache, "users:1", token(9));
  change(cache, 2, PAY_8);
  uint64_t third = stamp_after(cache, second);
  cr_assert(strstr(read_changes(cache, view, "list", first, &hit, &status), "[[],[0,7,") != NULL);
  cr_assert(hit.form == OC_CHANGES && hit.stamp == second);
  cr_assert(strstr(read_changes(cache, view, "list", third, &hit, &status), "{\"docs\":[{\"id\":7,\"status\":\"ship") !=
            NULL);
  cr_assert(hit.form == OC_WHOLE && hit.stamp == second);
  oc_view_close(view);
  oc_close(cache);
}

Test(api, beneath_an_overlay_only_what_became_another_is_given_too) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  uint64_t known = stamp_after(cache, 0);
  begin(cache, token(1), SHIP_7);
  change(cache, 2, PAY_8);
  oc_view_t *view = view_of(cache, "users:1", token(1));
  oc_stats_t before, after;
  oc_stats(cache, &before);
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", known, &hit, &status),
               "[[],[1,8,{\"id\":8,\"status\":\"paid\",\"customer\":{\"id\":3,\"name\":\"Ada\"}}]]"));
  cr_assert(hit.form == OC_CHANGES && hit.beneath && !hit.overlaid && hit.stamp > known);
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", hit.stamp, &hit, &status),
               "[[0,7,\"status\",\"shipped\"],[]]"));
  cr_assert(hit.form == OC_CHANGES && !hit.beneath && hit.overlaid);
  oc_stats(cache, &after);
  cr_assert(eq(u64, after.hits - before.hits, 1), "it is one read");
  cr_assert(strstr(read_text(cache, view, "list"), "\"shipped\"") != NULL);
  oc_view_close(view);
  oc_close(cache);
}

Test(api, a_miss_beneath_an_overlay_counts_as_one_and_not_as_a_hit) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  oc_stats_t before, after;
  begin(cache, token(1), SHIP_7);
  change(cache, 2, "[{\"type\":\"create\",\"collection\":\"orders\",\"id\":9,\"data\":{\"orderNumber\":9}}]");
  oc_view_t *view = view_of(cache, "users:1", token(1));
  oc_stats(cache, &before);
  read_changes(cache, view, "list", 0, &hit, &status);
  oc_stats(cache, &after);
  cr_assert(eq(int, status, OC_MISS));
  cr_assert(eq(u64, after.hits, before.hits));
  cr_assert(eq(u64, after.misses - before.misses, 1));
  oc_view_close(view);
  oc_close(cache);
}

Test(api, what_is_in_flight_elsewhere_changes_nothing_and_what_moves_a_document_gives_the_whole_list) {
  oc_cache_t *cache = open_with_list();
  oc_hit_t hit;
  oc_status status;
  begin(cache, token(1), "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":9,\"data\":{\"status\":\"x\"}}]");
  begin(cache, token(2), LEAVE_7);
  oc_view_t *view = view_of(cache, "users:1", token(1));
  cr_assert(eq(str, (char *)read_changes(cache, view, "list", 0, &hit, &status), (char *)PAGE));
  cr_assert(hit.form == OC_WHOLE && !hit.overlaid);
  read_changes(cache, view, "list", hit.stamp, &hit, &status);
  cr_assert(eq(int, status, OC_UNCHANGED));
  oc_view_close(view);
  view = view_of(cache, "users:1", token(2));
  const char *list = read_changes(cache, view, "list", hit.stamp, &hit, &status);
  cr_assert(list && strstr(list, "\"id\":8") && !strstr(list, "\"id\":7"));
  cr_assert(hit.form == OC_WHOLE && hit.overlaid);
  oc_view_close(view);
  oc_close(cache);
}

/* ---- What other entries know ---- */

/*
 * Whether a list that hides what it filters by loses an order that is being changed, as an entry of the order alone says
 * that it is of another color: one of that scope, with that tag.
 */
static bool learns(const char *scope, const char *tag) {
  oc_cache_t *cache = open_cache();
  char query[160];
  snprintf(query, sizeof query, "{\"type\":\"findByID\",\"collection\":\"orders\",\"depth\":0,\"scope\":\"%s\"}",
           scope);
  set(cache, "list", "{\"docs\":[{\"id\":7,\"status\":\"new\"}],\"totalDocs\":1}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"select\":{\"status\":true},\"depth\":0,\"scope\":\"staff\","
      "\"where\":{\"color\":{\"equals\":\"red\"},\"status\":{\"exists\":true}}}",
      0);
  begin(cache, token(1), "[{\"type\":\"invalidate\",\"tags\":[\"in flight\"]}]");
  oc_set_options_t options = {.tags = &S(tag), .tag_count = 1, .query = S(query)};
  cr_assert(eq(int, oc_set(cache, S("order"), S("{\"id\":7,\"color\":\"blue\"}"), &options, NULL), OC_OK));
  begin(cache, token(2), SHIP_7);
  oc_view_t *view = view_of(cache, "users:1", token(2));
  const char *text = read_text(cache, view, "list");
  cr_assert(text != NULL);
  bool gone = strstr(text, "\"id\":7") == NULL;
  cr_assert(gone || strstr(text, "shipped"));
  oc_view_close(view);
  oc_close(cache);
  return gone;
}

Test(api, a_list_learns_from_answers_of_the_same_access_rights_alone) {
  cr_assert(learns("staff", "own"));
  cr_assert(not(learns("public", "own")));
}

Test(api, a_list_learns_nothing_from_an_answer_that_may_show_what_is_in_flight) {
  cr_assert(not(learns("staff", "in flight")));
}

Test(api, an_answer_that_names_a_document_follows_its_changes_and_not_its_deletion) {
  oc_cache_t *cache = open_cache();
  const char *order = "{\"id\":7,\"customer\":3}";
  const char *rename = "[{\"type\":\"update\",\"collection\":\"customers\",\"id\":3,\"data\":{\"name\":\"Augusta\"}}]";
  const char *delete = "[{\"type\":\"delete\",\"collection\":\"customers\",\"id\":3}]";
  set(cache, "order", order, FIND_BY_ID, 0);
  begin(cache, token(1), rename);
  commit(cache, token(1), rename);
  cr_assert(eq(str, (char *)read_text(cache, NULL, "order"), (char *)order));
  begin(cache, token(2), delete);
  commit(cache, token(2), delete);
  cr_assert(read_text(cache, NULL, "order") == NULL, "a database may have set it null");
  oc_close(cache);
}

static oc_cache_t *open_joined(void) {
  static const char JOINED[] =
      "{\"orders\":{\"relations\":{\"customer\":\"customers\"}},\"customers\":{\"relations\":{\"orders.docs\":"
      "\"orders\"},\"joins\":{\"orders\":{\"collection\":\"orders\",\"on\":\"customer\",\"sort\":\"id\"}}}}";
  oc_options_t options = {.name = S("joined"), .max_bytes = 4 << 20, .shapes = S(JOINED)};
  oc_cache_t *cache;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  return cache;
}

/* What a list is after a change for which an answer of the same documents, newer than it, is at hand; NULL: a miss. */
static const char *brought_up(const char *list, const char *query, const char *other, const char *other_query,
                              const char *operations) {
  oc_cache_t *cache = open_joined();
  set(cache, "list", list, query, 0);
  begin(cache, token(1), operations);
  commit(cache, token(1), operations);
  cr_assert(eq(int, set(cache, "other", other, other_query, 0), OC_OK));
  const char *text = read_text(cache, NULL, "list");
  oc_close(cache);
  return text;
}

Test(api, a_document_with_joins_comes_into_a_list_from_no_other_answer) {
  const char *text = brought_up(
      "{\"docs\":[{\"id\":7,\"customer\":null}],\"hasNextPage\":false,\"hasPrevPage\":false,\"limit\":10,\"nextPage\":"
      "null,\"page\":1,\"pagingCounter\":1,\"prevPage\":null,\"totalDocs\":1,\"totalPages\":1}",
      "{\"type\":\"find\",\"collection\":\"orders\",\"sort\":\"id\",\"depth\":1}",
      "{\"id\":8,\"customer\":{\"id\":3,\"orders\":{\"docs\":[7,8],\"hasNextPage\":false}}}",
      "{\"type\":\"findByID\",\"collection\":\"orders\",\"id\":8,\"depth\":1}",
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"customer\":3},\"previous\":{\"customer\":"
      "null},"
      "\"doc\":{\"id\":7,\"customer\":3}}]");
  cr_assert(text == NULL, "%s", text);
  text = brought_up(
      "{\"docs\":[],\"hasNextPage\":false,\"hasPrevPage\":false,\"limit\":10,\"nextPage\":null,\"page\":1,"
      "\"pagingCounter\":1,\"prevPage\":null,\"totalDocs\":0,\"totalPages\":1}",
      "{\"type\":\"find\",\"collection\":\"customers\",\"sort\":\"id\",\"depth\":0,\"where\":{\"rank\":{\"equals\":1}}"
      "}",
      "{\"id\":3,\"rank\":1,\"orders\":{\"docs\":[7],\"hasNextPage\":false}}",
      "{\"type\":\"findByID\",\"collection\":\"customers\",\"id\":3,\"depth\":0}",
      "[{\"type\":\"update\",\"collection\":\"customers\",\"id\":3,\"data\":{\"rank\":1},\"previous\":{\"rank\":2},"
      "\"doc\":{\"id\":3,\"rank\":1}}]");
  cr_assert(text == NULL, "%s", text);
}

/* Of a customer with two orders in its join, of which one came in after it was set. */
static void assert_follows_joined(const char *depth, const char *first, const char *second) {
  char query[96], value[160];
  const char *order_9 =
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":9,\"data\":{\"customer\":3},\"previous\":"
      "{\"customer\":null},\"doc\":{\"id\":9,\"customer\":3}}]";
  static const char *const TAGS[] = {"orders:7", "orders:9"};
  snprintf(query, sizeof query, "{\"type\":\"findByID\",\"collection\":\"customers\",\"id\":3,\"depth\":%s}", depth);
  for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++) {
    oc_cache_t *cache = open_joined();
    uint64_t version;
    snprintf(value, sizeof value, "{\"id\":3,\"orders\":{\"docs\":[%s],\"hasNextPage\":false}}", first);
    set(cache, "customer", value, query, 0);
    begin(cache, token(1), order_9);
    commit(cache, token(1), order_9);
    snprintf(value, sizeof value, "{\"id\":3,\"orders\":{\"docs\":[%s,%s],\"hasNextPage\":false}}", first, second);
    cr_assert(eq(str, (char *)read_text(cache, NULL, "customer"), value));
    cr_assert(eq(int, oc_invalidate(cache, &S(TAGS[i]), 1, &version, NULL), OC_OK));
    cr_assert(read_text(cache, NULL, "customer") == NULL, "%s", TAGS[i]);
    oc_close(cache);
  }
}

Test(api, an_answer_depends_on_each_document_in_its_joins_also_on_one_that_came_in) {
  assert_follows_joined("0", "7", "9");
  assert_follows_joined("1", "{\"id\":7,\"customer\":3}", "{\"id\":9,\"customer\":3}");
}
