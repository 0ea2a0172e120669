/*
 * A program that uses the core without Node. It keeps a page of orders, changes one of them, and shows who sees what
 * until the database has answered:
 *
 *   cc -std=c17 -Iinclude tests/core/example.c src/<every file>.c $(pkg-config --cflags --libs libcjson) -pthread
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optimistic_cache.h"

static oc_slice_t text(const char *chars) { return (oc_slice_t){chars, strlen(chars)}; }

static void check(oc_status status, const oc_error_t *error) {
  if (status >= 0) return;
  fprintf(stderr, "%s: %s\n", oc_code(status), error->message);
  exit(EXIT_FAILURE);
}

static void show(const char *who, oc_cache_t *cache, oc_view_t *view) {
  oc_error_t error = {0};
  oc_buffer_t value = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, view, text("orders"), false, 0, &value, &hit, &error);
  check(status, &error);
  if (status == OC_MISS) printf("%-19s miss\n", who);
  else printf("%-19s %.*s%s\n", who, (int)value.len, value.data, hit.overlaid ? "  (not confirmed)" : "");
  oc_buffer_free(&value);
}

/* Ada's change of order 7, from its beginning until the database has answered. */
static void change(oc_cache_t *cache, const char *token_text, const char *operations, bool succeeds) {
  oc_error_t error = {0};
  oc_token_t token;
  oc_view_t *ada;
  uint64_t version;
  check(oc_token_parse(text(token_text), &token, &error), &error);
  check(oc_begin(cache, token, text("users:ada"), text(operations), 0, &error), &error);

  check(oc_view_open(cache, text("users:ada"), &token, 1, &ada, &error), &error);
  show("Ada, meanwhile:", cache, ada);
  show("others, meanwhile:", cache, NULL);
  oc_view_close(ada);

  if (succeeds) check(oc_commit(cache, token, (oc_slice_t){NULL, 0}, &version, &error), &error);
  else check(oc_rollback(cache, token, text("sold out"), &error), &error);
  show(succeeds ? "after the commit:" : "after the rollback:", cache, NULL);
}

int main(void) {
  oc_error_t error = {0};
  oc_cache_t *cache;
  oc_options_t options = {.name = text("example"), .max_bytes = 1 << 20, .shapes = text("{\"orders\":{}}")};
  check(oc_open(&options, &cache, &error), &error);

  /* The version from before the load: a commit that overtakes the load refuses the set. */
  uint64_t since = oc_version(cache);
  const char *page = "{\"docs\":[{\"id\":7,\"status\":\"new\"}]}";
  oc_set_options_t entry = {.since = since, .query = text("{\"type\":\"find\",\"collection\":\"orders\",\"depth\":0}")};
  check(oc_set(cache, text("orders"), text(page), &entry, &error), &error);

  const char *shipped = "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"shipped\"}}]";
  change(cache, "01910000-0000-7000-8000-000000000001", shipped, true);
  const char *returned =
      "[{\"type\":\"update\",\"collection\":\"orders\",\"id\":7,\"data\":{\"status\":\"returned\"}}]";
  change(cache, "01910000-0000-7000-8000-000000000002", returned, false);

  const oc_slice_t tags[] = {text("orders")};
  check(oc_invalidate(cache, tags, 1, NULL, &error), &error);
  show("invalidated:", cache, NULL);
  oc_close(cache);
  return EXIT_SUCCESS;
}
