/*
 * fuzz_json.c: what json_validate takes, cJSON takes too, and both find the same in it; documents_find finds spans that
 * lie in one another as they should.
 */
#include <cjson/cJSON.h>

#include "document.h"
#include "fuzz.h"

static const char SHAPES[] = "{\"posts\":{\"groups\":[\"g\"],\"relations\":{\"by\":\"users\",\"g.to\":\"posts\"}},"
                             "\"users\":{}}";
static const char QUERY[] = "{\"type\":\"find\",\"collection\":\"posts\",\"depth\":2}";

static void is_same_text(oc_slice_t raw, const char *expected) {
  char *decoded = malloc(raw.len + 1);
  CHECK(decoded);
  size_t len = json_decode(raw, decoded);
  CHECK(len == strlen(expected) && memcmp(decoded, expected, len) == 0);
  CHECK(json_decodes_to(raw, (oc_slice_t){expected, len}));
  free(decoded);
}

static void is_same(oc_slice_t value, const cJSON *tree) {
  struct json_walk walk = json_walk(value);
  oc_slice_t name, item;
  const cJSON *child = tree->child;
  CHECK(json_is_object(value) == (bool)cJSON_IsObject(tree) && json_is_array(value) == (bool)cJSON_IsArray(tree));
  CHECK(json_is_string(value) == (bool)cJSON_IsString(tree) && json_is_number(value) == (bool)cJSON_IsNumber(tree));
  if (json_is_string(value)) is_same_text(json_scalar_text(value), tree->valuestring);
  if (!json_is_container(value)) return;
  for (; json_is_object(value) ? json_next_member(&walk, &name, &item) : json_next_element(&walk, &item);
       child = child->next) {
    CHECK(child);
    if (json_is_object(value)) is_same_text(name, child->string);
    is_same(item, child);
  }
  CHECK(!child);
}

static void spans_are_nested(oc_slice_t value, const struct documents *documents) {
  const struct span *spans = (const struct span *)(const void *)documents->spans.data;
  for (uint32_t i = 0; i < documents_span_count(documents); i++) {
    const struct span *span = spans + i;
    CHECK(span->len >= 2 && span->start + (uint64_t)span->len <= value.len);
    CHECK(value.data[span->start] == '{' && value.data[span->start + span->len - 1] == '}');
    CHECK(span->id_len == 0 || (span->id_at > span->start && span->id_at + span->id_len < span->start + span->len));
    if (i == 0) continue;
    CHECK(span->start > span[-1].start); /* inside the one before, or behind it */
    bool inside = span->start < span[-1].start + span[-1].len;
    CHECK(!inside || span->start + span->len < span[-1].start + span[-1].len);
  }
}

static void find_documents(oc_slice_t value) {
  const oc_limits_t limits = {.tag_bytes = 64, .tags_per_entry = 64, .json_depth = FUZZ_DEPTH};
  struct shapes *shapes;
  oc_buffer_t query = {0};
  struct documents documents;
  CHECK(shapes_compile(SLICE(SHAPES), &shapes, NULL) == OC_OK);
  CHECK(query_compile(SLICE(QUERY), shapes, FUZZ_DEPTH, &query, NULL) == OC_OK);
  oc_status status =
      documents_find(value, (const struct query *)(const void *)query.data, shapes, NULL, 0, &limits, &documents, NULL);
  if (status == OC_OK) spans_are_nested(value, &documents);
  documents_free(&documents);
  oc_buffer_free(&query);
  shapes_release(shapes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  oc_slice_t text = {(const char *)data, size};
  if (!fuzz_is_json(text)) return 0;
  oc_slice_t value = json_trim(text);
  cJSON *tree = cJSON_ParseWithLength(value.data, value.len);
  CHECK(tree);
  is_same(value, tree);
  cJSON_Delete(tree);
  find_documents(value);
  return 0;
}
