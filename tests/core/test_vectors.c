/*
 * The cases of tests/vectors, which the browser's engine runs as well: what an overlay shows, and what a replay may
 * answer. A replay may always miss where it could be exact; how often it does is counted, so that it cannot get worse.
 */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optimistic_cache.h"

#define S(text) ((oc_slice_t){(text), strlen(text)})

struct tally {
  int cases, exact, missed, wrong;
};

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  cr_assert(file != NULL, "%s is not there", path);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size + 1);
  cr_assert(eq(sz, fread(text, 1, (size_t)size, file), (size_t)size));
  text[size] = '\0';
  fclose(file);
  return text;
}

static char *print(const cJSON *item) {
  char *text = cJSON_PrintUnformatted(item);
  cr_assert(text != NULL);
  return text;
}

static void set(oc_cache_t *cache, const char *key, const cJSON *answer) {
  char *value = print(cJSON_GetObjectItem(answer, "value")), *query = print(cJSON_GetObjectItem(answer, "query"));
  oc_error_t error = {0};
  oc_set_options_t options = {.query = S(query)};
  cr_assert(eq(int, oc_set(cache, S(key), S(value), &options, &error), OC_OK), "%s: %s", query, error.message);
  cJSON_free(value);
  cJSON_free(query);
}

/* The answer's text, or "miss"; to be freed. */
static char *get(oc_cache_t *cache, oc_view_t *view) {
  oc_buffer_t out = {0};
  oc_hit_t hit;
  oc_status status = oc_get(cache, view, S("it"), false, 0, &out, &hit, NULL);
  char *text = status == OC_OK ? strndup(out.data, out.len) : strdup("miss");
  oc_buffer_free(&out);
  return text;
}

static bool is(const char *got, const cJSON *wanted) {
  char *text = cJSON_IsString(wanted) ? strdup(wanted->valuestring) : print(wanted);
  bool same = !strcmp(got, text);
  free(text);
  return same;
}

static void complain(struct tally *tally, const char *topic, const cJSON *item, const char *what, const char *got) {
  char *wanted = print(cJSON_GetObjectItem(item, what)), *operations = print(cJSON_GetObjectItem(item, "operations"));
  char *query = print(cJSON_GetObjectItem(item, "query")), *value = print(cJSON_GetObjectItem(item, "value"));
  fprintf(stderr, "%s: %s\n  query      %s\n  value      %s\n  operations %s\n  %-10s %s\n  but got    %s\n", topic,
          cJSON_GetObjectItem(item, "name")->valuestring, query, value, operations, what, wanted, got);
  cJSON_free(wanted);
  cJSON_free(operations);
  cJSON_free(query);
  cJSON_free(value);
  tally->wrong++;
}

static void run_case(struct tally *tally, const char *topic, const cJSON *item) {
  char *shapes = print(cJSON_GetObjectItem(item, "shapes")),
       *operations = print(cJSON_GetObjectItem(item, "operations"));
  oc_options_t options = {.name = S("vectors"), .max_bytes = 4 << 20, .shapes = S(shapes)};
  oc_token_t token = {{1, 0, 0, 0, 0, 0, 0x70, 0, 0x80}};
  oc_cache_t *cache;
  oc_view_t *view;
  uint64_t version;
  oc_error_t error = {0};
  cr_assert(eq(int, oc_open(&options, &cache, &error), OC_OK), "%s", error.message);
  const cJSON *others = cJSON_GetObjectItem(item, "others");
  char key[24];
  for (int i = cJSON_GetArraySize(others); i > 0; i--) { /* the newest comes first in the list, and is set last */
    snprintf(key, sizeof key, "other %d", i);
    set(cache, key, cJSON_GetArrayItem(others, i - 1));
  }
  set(cache, "it", item);
  cr_assert(eq(int, oc_begin(cache, token, S("users:1"), S(operations), 0, &error), OC_OK), "%s", error.message);
  cr_assert(eq(int, oc_view_open(cache, S("users:1"), &token, 1, &view, &error), OC_OK), "%s", error.message);
  char *overlaid = get(cache, view);
  if (!is(overlaid, cJSON_GetObjectItem(item, "overlaid"))) complain(tally, topic, item, "overlaid", overlaid);
  oc_view_close(view);
  cr_assert(eq(int, oc_commit(cache, token, S(operations), &version, &error), OC_OK), "%s", error.message);
  char *committed = get(cache, NULL);
  const cJSON *wanted = cJSON_GetObjectItem(item, "committed");
  bool missed = !strcmp(committed, "miss"), must_miss = cJSON_IsString(wanted);
  if (!is(committed, wanted) && (must_miss || !missed)) complain(tally, topic, item, "committed", committed);
  tally->cases++;
  if (!missed) tally->exact++;
  else if (!must_miss) {
    tally->missed++;
    if (getenv("VECTORS_VERBOSE"))
      fprintf(stderr, "%s: missed, though it could be exact: %s\n", topic,
              cJSON_GetObjectItem(item, "name")->valuestring);
  }
  free(overlaid);
  free(committed);
  cJSON_free(shapes);
  cJSON_free(operations);
  oc_close(cache);
}

/* `most`: of the cases that could be exact, so many may miss. */
static void run_file(const char *topic, int most) {
  char path[128];
  snprintf(path, sizeof path, "../vectors/%s.json", topic);
  char *text = read_file(path);
  cJSON *list = cJSON_Parse(text);
  cr_assert(cJSON_IsArray(list), "%s is not an array", path);
  struct tally tally = {0};
  const cJSON *item;
  cJSON_ArrayForEach(item, list) run_case(&tally, topic, item);
  printf("%s: %d cases, %d exact, %d missed where they need not\n", topic, tally.cases, tally.exact, tally.missed);
  cr_expect(eq(int, tally.wrong, 0));
  cr_expect(le(int, tally.missed, most));
  cJSON_Delete(list);
  free(text);
}

Test(vectors, merging_comes_out_as_the_database_has_it) { run_file("merging", 2); }
Test(vectors, membership_comes_out_as_the_database_has_it) { run_file("membership", 32); }
Test(vectors, pagination_comes_out_as_the_database_has_it) { run_file("pagination", 22); }
Test(vectors, nesting_comes_out_as_the_database_has_it) { run_file("nesting", 20); }
Test(vectors, where_comes_out_as_the_database_has_it) { run_file("where", 25); }
Test(vectors, joins_come_out_as_the_database_has_them) { run_file("joins", 84); }
