/*
 * operation.c: operations as bytes.
 *
 *   | struct operation | "orders:7" | {"type":"update",…} | members or tags | padding |
 *
 * The members of `data` are found once, when the operation enters, and point into its own JSON text, so that replaying
 * it is a loop over places to copy from. The values are never parsed: what JSON.stringify wrote is what ends up in the
 * page.
 */
#include "operation.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "hash.h"

struct compiler {
  const struct operation_limits *limits;
  oc_buffer_t *out;
  size_t list;  /* where the first block begins */
  size_t start; /* of the block being made */
  uint32_t index;
  oc_error_t *error;
};

static oc_status wrong(const struct compiler *compiler, const char *why) {
  return error_set(compiler->error, OC_ERR_OPERATION, "operations[%u].%s", compiler->index, why);
}

static oc_status pad(struct compiler *compiler, size_t alignment) {
  static const char PADDING[8] = {0};
  size_t len = compiler->out->len - compiler->start;
  return buffer_append(compiler->out, PADDING, (alignment - len % alignment) % alignment);
}

static uint32_t here(const struct compiler *compiler) { return (uint32_t)(compiler->out->len - compiler->start); }

static oc_status read_type(const struct compiler *compiler, oc_slice_t text, struct operation *operation) {
  static const oc_slice_t NAMES[] = {{"\"update\"", 8}, {"\"create\"", 8}, {"\"delete\"", 8}, {"\"invalidate\"", 12}};
  oc_slice_t value;
  if (json_member(text, SLICE("type"), &value)) {
    for (uint8_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
      if (!slice_equal(value, NAMES[i])) continue;
      operation->type = (uint8_t)(i + OPERATION_UPDATE);
      return OC_OK;
    }
  }
  return wrong(compiler, "type must be 'update', 'create', 'delete' or 'invalidate'");
}

static oc_status put_document_tag(struct compiler *compiler, oc_slice_t text, struct operation *operation) {
  oc_slice_t collection, id = {NULL, 0};
  if (!json_member(text, SLICE("collection"), &collection) || !json_is_string(collection) || collection.len < 3)
    return wrong(compiler, "collection must be the slug of a collection");
  collection = json_scalar_text(collection);
  bool known = json_member(text, SLICE("id"), &id) && !json_is_null(id);
  if (known && !json_is_string(id) && !json_is_number(id)) return wrong(compiler, "id must be a string or a number");
  id = known ? json_scalar_text(id) : (oc_slice_t){NULL, 0};
  if (known && id.len == 0) return wrong(compiler, "id must not be empty");
  if (collection.len + id.len + 1 > compiler->limits->tag_bytes)
    return error_set(compiler->error, OC_ERR_TAG_SIZE,
                     "operations[%u]: collection and id together are longer than %u bytes", compiler->index,
                     compiler->limits->tag_bytes);
  operation->tag_at = here(compiler);
  size_t most = collection.len + 1 + id.len; /* decoding never makes it longer */
  oc_status status = buffer_reserve(compiler->out, compiler->out->len + most);
  if (status != OC_OK) return status;
  char *tag = compiler->out->data + compiler->out->len;
  size_t len = json_decode(collection, tag);
  operation->collection_len = (uint16_t)len;
  if (known) tag[len++] = ':';
  if (known) len += json_decode(id, tag + len);
  operation->tag_len = (uint32_t)len;
  operation->document = known ? hash_document((oc_slice_t){tag, len}) : 0;
  compiler->out->len += len;
  return OC_OK;
}

static uint32_t presence_of(bool known, oc_slice_t previous, oc_slice_t name) {
  oc_slice_t value;
  if (!known) return PRESENCE_UNKNOWN;
  return json_member(previous, name, &value) ? PRESENCE_BEFORE : PRESENCE_NEW;
}

/*
 * A member of the operation's JSON where it stands in the block, so that places in it are places in the block. Leaves
 * `len` 0 when it is not given.
 */
static oc_status find_part(const struct compiler *compiler, const struct operation *operation, oc_slice_t name,
                           bool object, const char *what, uint32_t *at, uint32_t *len) {
  const char *block = compiler->out->data + compiler->start;
  oc_slice_t text = {block + operation->text_at, operation->text_len}, value;
  if (!json_member(text, name, &value) || json_is_null(value)) return OC_OK;
  if (object ? !json_is_object(value) : !json_is_string(value)) return wrong(compiler, what);
  value = object ? value : json_scalar_text(value);
  *at = (uint32_t)(value.data - block);
  *len = (uint32_t)value.len;
  return OC_OK;
}

static oc_status find_parts(const struct compiler *compiler, struct operation *operation) {
  oc_status status = find_part(compiler, operation, SLICE("data"), true, "data must be an object of changed members",
                               &operation->data_at, &operation->data_len);
  if (status == OC_OK)
    status = find_part(compiler, operation, SLICE("previous"), true, "previous must be the document before the change",
                       &operation->previous_at, &operation->previous_len);
  if (status == OC_OK)
    status = find_part(compiler, operation, SLICE("doc"), true, "doc must be the document after the change",
                       &operation->doc_at, &operation->doc_len);
  if (status == OC_OK)
    status = find_part(compiler, operation, SLICE("locale"), false, "locale must be the code of a locale",
                       &operation->locale_at, &operation->locale_len);
  return status;
}

static oc_status put_members(struct compiler *compiler, struct operation *operation) {
  oc_status status = find_parts(compiler, operation);
  if (status != OC_OK || operation->data_len == 0) return status;
  const char *block = compiler->out->data + compiler->start;
  oc_slice_t data = {block + operation->data_at, operation->data_len};
  oc_slice_t previous = {block + operation->previous_at, operation->previous_len};
  bool known = operation->previous_len > 0;
  oc_buffer_t members = {0};
  struct json_walk walk = json_walk(data);
  oc_slice_t name, value;
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    struct operation_member member = {.name_at = (uint32_t)(name.data - block),
                                      .name_len = (uint32_t)name.len,
                                      .value_at = (uint32_t)(value.data - block),
                                      .value_len = (uint32_t)value.len,
                                      .presence = presence_of(known, previous, name)};
    status = buffer_append(&members, &member, sizeof member);
  }
  operation->has_data = 1;
  operation->member_count = (uint32_t)(members.len / sizeof(struct operation_member));
  if (status == OC_OK) status = pad(compiler, 8);
  operation->members_at = here(compiler);
  if (status == OC_OK) status = buffer_append(compiler->out, members.data, members.len);
  oc_buffer_free(&members);
  return status;
}

static oc_status put_tag(struct compiler *compiler, const cJSON *tag, struct operation_tag *place) {
  if (!cJSON_IsString(tag)) return wrong(compiler, "tags must hold strings");
  size_t len = strlen(tag->valuestring);
  if (len == 0 || len > compiler->limits->tag_bytes)
    return error_set(compiler->error, OC_ERR_TAG_SIZE, "operations[%u].tags: a tag has 1 to %u bytes, this one %zu",
                     compiler->index, compiler->limits->tag_bytes, len);
  *place = (struct operation_tag){here(compiler), (uint32_t)len};
  return buffer_append(compiler->out, tag->valuestring, len);
}

/* Tags may hold escapes and must be compared decoded, hence a parser. */
static oc_status put_tags(struct compiler *compiler, oc_slice_t text, struct operation *operation) {
  oc_slice_t tags;
  if (!json_member(text, SLICE("tags"), &tags) || !json_is_array(tags))
    return wrong(compiler, "tags must be an array of strings");
  cJSON *tree = cJSON_ParseWithLength(tags.data, tags.len);
  if (!tree) return OC_ERR_MEMORY;
  oc_buffer_t places = {0};
  oc_status status = OC_OK;
  const cJSON *tag;
  cJSON_ArrayForEach(tag, tree) {
    struct operation_tag place;
    if (status == OC_OK) status = put_tag(compiler, tag, &place);
    if (status == OC_OK) status = buffer_append(&places, &place, sizeof place);
  }
  operation->tag_count = (uint32_t)(places.len / sizeof(struct operation_tag));
  if (status == OC_OK) status = pad(compiler, 8);
  operation->tags_at = here(compiler);
  if (status == OC_OK) status = buffer_append(compiler->out, places.data, places.len);
  oc_buffer_free(&places);
  cJSON_Delete(tree);
  return status;
}

/* A document comes to be, and goes, once: who counts must not count it twice. */
static bool is_repeated(const struct compiler *compiler, const struct operation *operation) {
  const char *start = compiler->out->data + compiler->start;
  uint8_t last = 0;
  struct operation earlier; /* copied, as the caller's buffer need not be aligned */
  if (operation->type != OPERATION_CREATE && operation->type != OPERATION_DELETE) return false;
  for (const char *at = compiler->out->data + compiler->list; at < start; at += earlier.size) {
    memcpy(&earlier, at, sizeof earlier);
    if (earlier.type != OPERATION_CREATE && earlier.type != OPERATION_DELETE) continue;
    if (!earlier.document || earlier.document != operation->document || earlier.tag_len != operation->tag_len) continue;
    if (!memcmp(at + earlier.tag_at, start + operation->tag_at, earlier.tag_len)) last = earlier.type;
  }
  return last == operation->type;
}

static oc_status put_operation(struct compiler *compiler, oc_slice_t text) {
  if (!json_is_object(text)) return wrong(compiler, "type is missing: an operation must be an object");
  struct operation operation = {0};
  oc_status status = read_type(compiler, text, &operation);
  if (status == OC_OK) status = buffer_append(compiler->out, &operation, sizeof operation);
  if (status == OC_OK && operation.type != OPERATION_INVALIDATE) status = put_document_tag(compiler, text, &operation);
  if (status != OC_OK) return status;
  operation.text_at = here(compiler);
  operation.text_len = (uint32_t)text.len;
  status = buffer_append(compiler->out, text.data, text.len);
  if (status == OC_OK && operation.type == OPERATION_INVALIDATE) status = put_tags(compiler, text, &operation);
  else if (status == OC_OK) status = put_members(compiler, &operation);
  if (status == OC_OK) status = pad(compiler, 8);
  if (status != OC_OK) return status;
  operation.size = here(compiler);
  operation.repeated = is_repeated(compiler, &operation);
  memcpy(compiler->out->data + compiler->start, &operation, sizeof operation);
  return OC_OK;
}

oc_status operations_compile(oc_slice_t text, const struct operation_limits *limits, oc_buffer_t *out,
                             oc_error_t *error) {
  if (text.len > limits->bytes)
    return error_set(error, OC_ERR_LIMIT_BYTES,
                     "operations have %zu bytes; a mutation may have %u (limits.mutationBytes)", text.len,
                     limits->bytes);
  oc_status status = json_validate(text, limits->json_depth, "operations", error);
  if (status != OC_OK) return status;
  text = json_trim(text);
  if (!json_is_array(text)) return error_set(error, OC_ERR_OPERATION, "operations must be an array of operations");
  struct compiler compiler = {.limits = limits, .out = out, .list = out->len, .error = error};
  size_t before = out->len;
  struct json_walk walk = json_walk(text);
  oc_slice_t item;
  while (status == OC_OK && json_next_element(&walk, &item)) {
    compiler.start = out->len;
    status = compiler.index < limits->count
                 ? put_operation(&compiler, item)
                 : error_set(error, OC_ERR_LIMIT_OPERATIONS,
                             "a mutation may have %u operations (limits.operationsPerMutation)", limits->count);
    compiler.index++;
  }
  if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for the operations");
  if (status != OC_OK) out->len = before;
  return status;
}

const struct operation *operation_next(const void *list, size_t size, const struct operation *previous) {
  const char *at = previous ? (const char *)previous + previous->size : (const char *)list;
  if (!list || at >= (const char *)list + size) return NULL;
  return (const struct operation *)(const void *)at;
}

bool operation_same_document(const struct operation *a, const struct operation *b) {
  return a->document && a->document == b->document && slice_equal(operation_document_tag(a), operation_document_tag(b));
}
