/* What oc_mutations tells: which are in flight, which were settled last, and what they touch. */
#define _GNU_SOURCE
#include <stdio.h>

#include "cache.h"
#include "support.h"

static oc_cache_t *open_cache(void) {
  oc_options_t options = {.name = S("recent"), .max_bytes = 16 << 20, .max_mutations = 64};
  oc_cache_t *cache;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  return cache;
}

static void begin(oc_cache_t *cache, uint8_t token, const char *operations) {
  oc_error_t error = {0};
  cr_assert(eq(int, oc_begin(cache, token_of(token), S("users:7"), S(operations), 0, &error), OC_OK), "%s",
            error.message);
}

static void touch(oc_cache_t *cache, uint8_t token, int id) {
  char operations[80];
  snprintf(operations, sizeof operations, "[{\"type\":\"delete\",\"collection\":\"orders\",\"id\":%d}]", id);
  begin(cache, token, operations);
}

static void commit(oc_cache_t *cache, uint8_t token) {
  uint64_t version;
  cr_assert(eq(int, oc_commit(cache, token_of(token), (oc_slice_t){0}, &version, NULL), OC_OK));
}

/* The list as text, valid until the next call. */
static char *told(oc_cache_t *cache, uint32_t limit) {
  static char text[1 << 20];
  oc_buffer_t out = {0};
  cr_assert(eq(int, oc_mutations(cache, limit, &out, NULL), OC_OK));
  cr_assert(eq(int, json_validate((oc_slice_t){out.data, out.len}, 8, "list", NULL), OC_OK));
  cr_assert(lt(sz, out.len, sizeof text));
  memcpy(text, out.data, out.len);
  text[out.len] = '\0';
  oc_buffer_free(&out);
  return text;
}

static int count_of(const char *text, const char *needle) {
  int count = 0;
  for (const char *at = text; (at = strstr(at, needle)); at += strlen(needle)) count++;
  return count;
}

/* The last digits of the tokens, in their order. */
static const char *order_of(const char *text) {
  static char order[256];
  size_t len = 0;
  for (const char *at = text; (at = strstr(at, "{\"token\":\"")); at += 10) {
    memcpy(order + len, at + 10 + 34, 2);
    len += 2;
  }
  order[len] = '\0';
  return order;
}

Test(recent, those_in_flight_come_first_and_then_those_settled_last_as_many_as_were_asked_for) {
  oc_cache_t *cache = open_cache();
  for (uint8_t i = 1; i <= 4; i++) touch(cache, i, i);
  commit(cache, 2);
  cr_assert(eq(int, oc_rollback(cache, token_of(1), S("no"), NULL), OC_OK));
  cr_assert(eq(str, (char *)order_of(told(cache, 0)), "03040102"));
  cr_assert(eq(str, (char *)order_of(told(cache, 3)), "030401"));
  cr_assert(eq(str, (char *)order_of(told(cache, 1)), "03"));
  cr_assert(eq(int, oc_mutations(cache, 1001, &(oc_buffer_t){0}, NULL), OC_ERR_ARGUMENT));
  oc_close(cache);
}

Test(recent, each_says_what_it_touches_and_how_many_entries_carry_that_up_to_a_hundred) {
  oc_cache_t *cache = open_cache();
  char key[16];
  for (int i = 0; i < 150; i++) {
    snprintf(key, sizeof key, "key %d", i);
    oc_slice_t tags[] = {S("orders:1"), S(i < 3 ? "orders:2" : "other")};
    oc_set_options_t options = {.tags = tags, .tag_count = 2};
    cr_assert(eq(int, oc_set(cache, S(key), S("1"), &options, NULL), OC_OK));
  }
  touch(cache, 1, 1);
  cr_assert(eq(int, count_of(told(cache, 0), "\"documents\":[{\"tag\":\"orders:1\",\"entries\":100}]"), 1));
  touch(cache, 2, 2);
  commit(cache, 2);
  cr_assert(eq(int, count_of(told(cache, 0), "\"documents\":[{\"tag\":\"orders:2\",\"entries\":3}]"), 1));
  begin(cache, 3, "[{\"type\":\"create\",\"collection\":\"orders\"},{\"type\":\"invalidate\",\"tags\":[\"a\",\"b\"]}]");
  cr_assert(eq(
      int, count_of(told(cache, 0), "[{\"tag\":\"orders\",\"entries\":0},{\"tag\":\"a\",\"entries\":0},{\"tag\":\"b\""),
      1));
  cr_assert(eq(int, oc_rollback(cache, token_of(3), S("why \"not\""), NULL), OC_OK));
  cr_assert(eq(int, count_of(told(cache, 0), "\"state\":\"rolledBack\""), 1));
  cr_assert(eq(int, count_of(told(cache, 0), "\"reason\":\"why \\\"not\\\"\",\"documents\":[],"), 1));
  cr_assert(eq(int, oc_expire(cache, token_of(1), S("late"), NULL), OC_OK));
  cr_assert(eq(int, count_of(told(cache, 0), "\"reason\":\"late\",\"documents\":[{\"tag\":\"orders:1\""), 1));
  oc_close(cache);
}

Test(recent, what_the_log_has_forgotten_is_not_told_as_something_else) {
  oc_options_t options = {.name = S("recent"), .max_bytes = 16 << 20, .max_log = 8};
  oc_cache_t *cache;
  cr_assert(eq(int, oc_open(&options, &cache, NULL), OC_OK));
  touch(cache, 1, 1);
  commit(cache, 1);
  cr_assert(eq(int, count_of(told(cache, 0), "\"tag\":\"orders:1\""), 1));
  for (int i = 0; i < 20; i++) cr_assert(eq(int, oc_invalidate(cache, &S("another"), 1, NULL, NULL), OC_OK));
  cr_assert(eq(int, count_of(told(cache, 0), "\"state\":\"committed\""), 1));
  cr_assert(eq(int, count_of(told(cache, 0), "\"documents\":[],"), 1));
  oc_close(cache);
}

Test(recent, many_with_many_documents_are_told_of_whole_and_bounded) {
  oc_cache_t *cache = open_cache();
  static char operations[64 << 10];
  for (uint8_t token = 1; token <= 40; token++) {
    size_t len = (size_t)sprintf(operations, "[{\"type\":\"invalidate\",\"tags\":[");
    for (int i = 0; i < 60; i++)
      len += (size_t)sprintf(operations + len, "%s\"%0300d\"", i ? "," : "", i * 100 + token);
    sprintf(operations + len, "]}]");
    begin(cache, token, operations);
  }
  const char *text = told(cache, 0);
  cr_assert(eq(int, count_of(text, "{\"token\""), 40));
  cr_assert(eq(int, count_of(text, "{\"tag\""), 40 * 16));
  cr_assert(eq(int, count_of(text, "\"moreDocuments\":44}"), 40));
  oc_close(cache);
}
