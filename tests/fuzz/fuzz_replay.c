/*
 * fuzz_replay.c: a document and what updates set in it, an object a line. The bytes that a replay leaves say what a
 * naive model on cJSON trees says, or the replay says that it is not exact. What splices can do of it, they do to the byte.
 */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "replay.h"
#include "splices.h"

static const char SHAPES[] = "{\"posts\":{\"groups\":[\"g\",\"g.h\"]}}";
enum { UPDATES_MOST = 8 };

static const char QUERY[] = "{\"type\":\"findByID\",\"collection\":\"posts\",\"id\":1,\"depth\":0}";

/* Names that one of the two reads in another way: what is there twice, and escapes. */
static bool is_plain(const cJSON *tree) {
  for (const cJSON *child = tree->child; child; child = child->next) {
    for (const cJSON *other = child->next; child->string && other; other = other->next)
      if (!strcmp(child->string, other->string)) return false;
    if (!is_plain(child)) return false;
  }
  return true;
}

static cJSON *read_object(oc_slice_t line) {
  if (!fuzz_is_json(line) || memchr(line.data, '\\', line.len)) return NULL;
  cJSON *tree = cJSON_ParseWithLength(line.data, line.len);
  if (tree && cJSON_IsObject(tree) && is_plain(tree) && !cJSON_GetObjectItemCaseSensitive(tree, "id")) return tree;
  cJSON_Delete(tree);
  return NULL;
}

/* The rules of replay.c for a document without relations. */
static void merge(cJSON *document, const cJSON *data, const char *group) {
  for (const cJSON *member = data->child; member; member = member->next) {
    cJSON *old = cJSON_GetObjectItemCaseSensitive(document, member->string);
    if (!old) continue;
    bool merges = group && !strcmp(member->string, group) && cJSON_IsObject(old) && cJSON_IsObject(member);
    if (merges) merge(old, member, !strcmp(group, "g") ? "h" : NULL);
    else cJSON_ReplaceItemInObjectCaseSensitive(document, member->string, cJSON_Duplicate(member, true));
  }
}

static void append(oc_buffer_t *buffer, oc_slice_t text) { CHECK(buffer_append(buffer, text.data, text.len) == OC_OK); }

/* Puts an id before the members of an object. */
static oc_slice_t with_id(oc_slice_t object, oc_buffer_t *out) {
  object = json_trim(object);
  struct json_walk walk = json_walk(object);
  oc_slice_t name, value;
  append(out, json_next_member(&walk, &name, &value) ? SLICE("{\"id\":1,") : SLICE("{\"id\":1"));
  append(out, (oc_slice_t){object.data + 1, object.len - 1});
  return (oc_slice_t){out->data, out->len};
}

static oc_status update(struct page *page, oc_slice_t data, enum replay_mode mode, oc_buffer_t *operations) {
  const struct operation_limits limits = {.count = 4, .bytes = 1 << 20, .json_depth = FUZZ_DEPTH, .tag_bytes = 64};
  oc_buffer_t text = {0};
  append(&text, SLICE("[{\"type\":\"update\",\"collection\":\"posts\",\"id\":1,\"data\":"));
  append(&text, data);
  append(&text, SLICE("}]"));
  oc_status status = operations_compile((oc_slice_t){text.data, text.len}, &limits, operations, NULL);
  CHECK(status == OC_OK || status == OC_ERR_JSON_DEPTH);
  bool changed;
  if (status == OC_OK)
    status = replay_apply(page, operation_next(operations->data, operations->len, NULL), mode, &changed);
  else status = OC_MISS;
  oc_buffer_free(&text);
  return status;
}

static void says(const struct page *page, const cJSON *model) {
  oc_slice_t bytes = {page->bytes.data, page->bytes.len};
  CHECK(json_validate(bytes, FUZZ_DEPTH * 2, "page", NULL) == OC_OK);
  cJSON *tree = cJSON_ParseWithLength(bytes.data, bytes.len);
  CHECK(tree && cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(tree, "id")));
  cJSON_DeleteItemFromObjectCaseSensitive(tree, "id");
  CHECK(cJSON_Compare(tree, model, true));
  cJSON_Delete(tree);
}

static void splices_say(const struct page *whole, const oc_buffer_t *updates, uint32_t count, const struct page *page) {
  oc_slice_t operations[UPDATES_MOST];
  struct subjects subjects;
  struct splices splices;
  oc_buffer_t out = {0};
  for (uint32_t i = 0; i < count; i++) operations[i] = (oc_slice_t){updates[i].data, updates[i].len};
  if (!subjects_find(&subjects, whole->query, whole->shapes, operations, count)) return;
  if (splices_find(&splices, whole, &subjects) != OC_OK) return;
  size_t need = splices_write(&splices, whole, &out);
  CHECK(need == page->bytes.len);
  CHECK(buffer_reserve(&out, need) == OC_OK);
  CHECK(splices_write(&splices, whole, &out) == need);
  CHECK(out.len == need && memcmp(out.data, page->bytes.data, need) == 0);
  oc_buffer_free(&out);
}

static void replay(struct fuzz_input input, oc_slice_t base, enum replay_mode mode) {
  const oc_limits_t limits = {.tag_bytes = 64, .tags_per_entry = 64, .json_depth = FUZZ_DEPTH};
  struct shapes *shapes;
  oc_buffer_t query = {0};
  struct documents documents;
  CHECK(shapes_compile(SLICE(SHAPES), &shapes, NULL) == OC_OK);
  CHECK(query_compile(SLICE(QUERY), shapes, FUZZ_DEPTH, &query, NULL) == OC_OK);
  struct page page = {.query = (const struct query *)(const void *)query.data, .shapes = shapes};
  oc_slice_t value = with_id(base, &page.bytes);
  CHECK(documents_find(value, page.query, shapes, NULL, 0, &limits, &documents, NULL) == OC_OK);
  page.spans = documents.spans;
  documents.spans = (oc_buffer_t){0};
  struct page whole = {.query = page.query, .shapes = shapes};
  CHECK(buffer_append(&whole.bytes, page.bytes.data, page.bytes.len) == OC_OK);
  CHECK(buffer_append(&whole.spans, page.spans.data, page.spans.len) == OC_OK);
  oc_buffer_t updates[UPDATES_MOST] = {0};
  uint32_t count = 0;
  cJSON *model = read_object(base);
  oc_status status = OC_OK;
  while (status == OC_OK && count < UPDATES_MOST && input.at < input.end) {
    oc_slice_t line = fuzz_line(&input);
    cJSON *data = read_object(line);
    if (!data) continue;
    status = update(&page, line, mode, &updates[count++]);
    merge(model, data, "g");
    CHECK(status == OC_OK || status == OC_MISS);
    if (status == OC_OK) says(&page, model);
    cJSON_Delete(data);
  }
  if (status == OC_OK) splices_say(&whole, updates, count, &page);
  for (uint32_t i = 0; i < count; i++) oc_buffer_free(updates + i);
  cJSON_Delete(model);
  page_free(&whole);
  page_free(&page);
  documents_free(&documents);
  oc_buffer_free(&query);
  shapes_release(shapes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {(const char *)data, (const char *)data + size};
  oc_slice_t base = fuzz_line(&input);
  cJSON *tree = read_object(base);
  if (!tree) return 0;
  cJSON_Delete(tree);
  replay(input, base, REPLAY_EXACT);
  replay(input, base, REPLAY_GUESS);
  return 0;
}
