/*
 * where.c: Payload's where and sort, as a block that needs no parsing to be asked.
 *
 *   { and: [{ status: { equals: 'new' } }, { or: [{ total: { greater_than: 5 } }, … ] }] }
 *
 *   AND ─┬─ status equals "new"           nodes in preorder; `end` is the index after a node's subtree
 *        └─ OR ─┬─ total greater_than 5
 *               └─ …
 *
 * Nodes that Payload's adapters translate in a way of their own (of two operators on one path some end the
 * translation, `and` next to `or` replaces it) are marked as doubtful.
 */
#include "where.h"

#include <string.h>

enum { NODES_MOST = 256, NESTING_MOST = 16, KEYS_MOST = 8 };

static const struct {
  oc_slice_t name;
  enum where_kind kind;
  bool ends; /* Payload may look at no operator of that path behind it */
} OPERATORS[] = {
    {{"equals", 6}, WHERE_EQUALS, false},
    {{"not_equals", 10}, WHERE_NOT_EQUALS, true},
    {{"in", 2}, WHERE_IN, true},
    {{"not_in", 6}, WHERE_NOT_IN, true},
    {{"all", 3}, WHERE_ALL, true},
    {{"exists", 6}, WHERE_EXISTS, false},
    {{"greater_than", 12}, WHERE_GREATER, false},
    {{"greater_than_equal", 18}, WHERE_GREATER_EQUAL, false},
    {{"less_than", 9}, WHERE_LESS, false},
    {{"less_than_equal", 15}, WHERE_LESS_EQUAL, false},
    {{"like", 4}, WHERE_LIKE, true},
    {{"not_like", 8}, WHERE_NOT_LIKE, false},
    {{"contains", 8}, WHERE_CONTAINS, true},
};

/* ---- Compiling ---- */

struct where_compiler {
  oc_buffer_t *out;
  size_t start;
  oc_buffer_t nodes, keys;
  bool over; /* a limit was reached */
};

static oc_status put_text(struct where_compiler *compiler, oc_slice_t text, struct where_text *place) {
  *place = (struct where_text){(uint32_t)(compiler->out->len - compiler->start), (uint32_t)text.len};
  return buffer_append(compiler->out, text.data, text.len);
}

static uint32_t node_count(const struct where_compiler *compiler) {
  return (uint32_t)(compiler->nodes.len / sizeof(struct where_node));
}

static struct where_node *compiled_node(struct where_compiler *compiler, uint32_t index) {
  return (struct where_node *)(void *)compiler->nodes.data + index;
}

/* `end` is the node's own until close_node(). */
static oc_status add_node(struct where_compiler *compiler, enum where_kind kind, bool doubtful, uint32_t *index) {
  *index = node_count(compiler);
  if (*index == NODES_MOST) {
    compiler->over = true;
    *index = 0;
    return OC_OK;
  }
  struct where_node node = {.kind = (uint16_t)kind, .doubtful = doubtful, .end = *index + 1};
  return buffer_append(&compiler->nodes, &node, sizeof node);
}

static void close_node(struct where_compiler *compiler, uint32_t index) {
  if (!compiler->over) compiled_node(compiler, index)->end = node_count(compiler);
}

static oc_status add_condition(struct where_compiler *compiler, oc_slice_t path, enum where_kind kind, bool doubtful,
                               oc_slice_t value) {
  uint32_t index;
  struct where_text path_place, value_place;
  oc_status status = add_node(compiler, kind, doubtful, &index);
  if (status == OC_OK) status = put_text(compiler, path, &path_place);
  if (status == OC_OK) status = put_text(compiler, value, &value_place);
  if (status != OC_OK || compiler->over) return status;
  compiled_node(compiler, index)->path = path_place;
  compiled_node(compiler, index)->value = value_place;
  return OC_OK;
}

static oc_status add_operators(struct where_compiler *compiler, oc_slice_t path, oc_slice_t operators) {
  struct json_walk walk = json_walk(operators);
  oc_slice_t name, value;
  bool ended = false;
  oc_status status = OC_OK;
  while (status == OC_OK && json_next_member(&walk, &name, &value)) {
    enum where_kind kind = WHERE_UNDECIDED;
    bool ends = true;
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) {
      if (!slice_equal(OPERATORS[i].name, name)) continue;
      kind = OPERATORS[i].kind;
      ends = OPERATORS[i].ends || (kind == WHERE_EQUALS && json_is_null(value));
    }
    status = add_condition(compiler, path, kind, ended, value);
    ended |= ends;
  }
  return status;
}

static bool is_word(oc_slice_t name, const char *word) {
  return scalar_is_like(name, (oc_slice_t){word, strlen(word)});
}

static oc_status add_where(struct where_compiler *compiler, oc_slice_t where, uint32_t nesting);

/* Parts without a condition do not count. */
static oc_status add_parts(struct where_compiler *compiler, oc_slice_t parts, enum where_kind kind, bool doubtful,
                           uint32_t nesting) {
  uint32_t index;
  oc_status status = add_node(compiler, kind, doubtful, &index);
  struct json_walk walk = json_walk(parts);
  oc_slice_t part;
  while (status == OC_OK && !compiler->over && json_next_element(&walk, &part)) {
    size_t before = compiler->nodes.len;
    uint32_t inner;
    status = add_node(compiler, WHERE_AND, false, &inner);
    if (status == OC_OK && !compiler->over) status = add_where(compiler, part, nesting + 1);
    if (compiler->over) break;
    if (compiler->nodes.len == before + sizeof(struct where_node)) compiler->nodes.len = before;
    else close_node(compiler, inner);
  }
  if (status != OC_OK || compiler->over) return status;
  if (node_count(compiler) == index + 1) compiler->nodes.len = index * sizeof(struct where_node);
  else close_node(compiler, index);
  return OC_OK;
}

/* Payload takes the last of several, so that none of them alone says what is asked. */
static bool combines_twice(oc_slice_t where) {
  struct json_walk walk = json_walk(where);
  oc_slice_t name, value;
  uint32_t count = 0;
  while (json_next_member(&walk, &name, &value)) count += is_word(name, "and") || is_word(name, "or");
  return count > 1;
}

static oc_status add_where(struct where_compiler *compiler, oc_slice_t where, uint32_t nesting) {
  struct json_walk walk = json_walk(where);
  oc_slice_t name, value;
  oc_status status = OC_OK;
  if (nesting == NESTING_MOST) compiler->over = true;
  if (!json_is_object(where)) return add_condition(compiler, where, WHERE_UNDECIDED, false, where);
  bool doubtful = combines_twice(where);
  while (status == OC_OK && !compiler->over && json_next_member(&walk, &name, &value)) {
    bool and = is_word(name, "and"), or = is_word(name, "or");
    if ((and || or) && json_is_array(value)) {
      status = add_parts(compiler, value, and? WHERE_AND : WHERE_OR, doubtful, nesting);
    } else if (json_is_object(value)) {
      status = add_operators(compiler, name, value);
    } else {
      status = add_condition(compiler, name, WHERE_UNDECIDED, false, value);
    }
  }
  return status;
}

static oc_status add_key(struct where_compiler *compiler, oc_slice_t path, bool doubtful, bool implied) {
  struct sort_key key = {.doubtful = doubtful, .implied = implied};
  while (path.len > 0 && (path.data[0] == '-' || path.data[0] == ' ')) {
    key.descending |= path.data[0] == '-';
    path = (oc_slice_t){path.data + 1, path.len - 1};
  }
  if (path.len == 0) return OC_OK;
  /* An order by part of the keys would be another order. */
  if (compiler->keys.len == KEYS_MOST * sizeof key) key.doubtful = true;
  if (compiler->keys.len > KEYS_MOST * sizeof key) return OC_OK;
  oc_status status = put_text(compiler, path, &key.path);
  return status == OC_OK ? buffer_append(&compiler->keys, &key, sizeof key) : status;
}

/* "-createdAt", "a,-b" (REST splits it, the Local API does not), or an array of such. */
static oc_status add_sort(struct where_compiler *compiler, oc_slice_t sort) {
  oc_status status = OC_OK;
  if (json_is_array(sort)) {
    struct json_walk walk = json_walk(sort);
    oc_slice_t item;
    while (status == OC_OK && json_next_element(&walk, &item))
      if (json_is_string(item)) status = add_sort(compiler, item);
    return status;
  }
  oc_slice_t text = json_scalar_text(sort);
  bool doubtful = memchr(text.data, ',', text.len) != NULL;
  while (status == OC_OK && text.len > 0) {
    const char *comma = memchr(text.data, ',', text.len);
    size_t len = comma ? (size_t)(comma - text.data) : text.len, used = len + (comma ? 1 : 0);
    status = add_key(compiler, (oc_slice_t){text.data, len}, doubtful, false);
    text = (oc_slice_t){text.data + used, text.len - used};
  }
  return status;
}

static oc_status add_implied_key(struct where_compiler *compiler) {
  const struct sort_key *keys = (const struct sort_key *)(void *)compiler->keys.data;
  size_t count = compiler->keys.len / sizeof *keys;
  for (size_t i = 0; i < count; i++) {
    oc_slice_t path = {compiler->out->data + compiler->start + keys[i].path.at, keys[i].path.len};
    if (slice_equal(path, SLICE("createdAt"))) return OC_OK;
  }
  return add_key(compiler, SLICE("-createdAt"), false, true);
}

/* What goes over a limit is not looked at in part. */
static oc_status give_up(struct where_compiler *compiler) {
  compiler->over = false;
  compiler->nodes.len = 0;
  uint32_t ignored;
  return add_node(compiler, WHERE_UNDECIDED, false, &ignored);
}

static oc_status pad(struct where_compiler *compiler) {
  static const char PADDING[8] = {0};
  return buffer_append(compiler->out, PADDING, (8 - (compiler->out->len - compiler->start) % 8) % 8);
}

static oc_status put_block(struct where_compiler *compiler) {
  struct where head = {.node_count = node_count(compiler),
                       .key_count = (uint32_t)(compiler->keys.len / sizeof(struct sort_key))};
  oc_status status = pad(compiler);
  head.nodes_at = (uint32_t)(compiler->out->len - compiler->start);
  if (status == OC_OK) status = buffer_append(compiler->out, compiler->nodes.data, compiler->nodes.len);
  head.keys_at = (uint32_t)(compiler->out->len - compiler->start);
  if (status == OC_OK) status = buffer_append(compiler->out, compiler->keys.data, compiler->keys.len);
  if (status == OC_OK) status = pad(compiler);
  if (status != OC_OK) return status;
  head.size = (uint32_t)(compiler->out->len - compiler->start);
  memcpy(compiler->out->data + compiler->start, &head, sizeof head);
  return OC_OK;
}

oc_status where_compile(oc_slice_t where, oc_slice_t sort, bool trash, oc_buffer_t *out) {
  struct where_compiler compiler = {.out = out, .start = out->len};
  struct where head = {0};
  uint32_t root = 0;
  oc_status status = buffer_append(out, &head, sizeof head);
  if (status == OC_OK) status = add_node(&compiler, WHERE_AND, false, &root);
  if (status == OC_OK && trash)
    status = add_condition(&compiler, SLICE("deletedAt"), WHERE_EXISTS, false, SLICE("false"));
  if (status == OC_OK && where.len > 0 && !json_is_null(where)) status = add_where(&compiler, where, 0);
  if (status == OC_OK && compiler.over) status = give_up(&compiler);
  else if (status == OC_OK) close_node(&compiler, root);
  if (status == OC_OK && sort.len > 0 && !json_is_null(sort)) status = add_sort(&compiler, sort);
  if (status == OC_OK) status = add_implied_key(&compiler);
  if (status == OC_OK) status = put_block(&compiler);
  oc_buffer_free(&compiler.nodes);
  oc_buffer_free(&compiler.keys);
  return status;
}

/* ---- What it looks at ---- */

bool where_sorts_by(const struct where *where, oc_slice_t member) {
  const struct sort_key *keys = where_keys(where);
  for (uint32_t i = 0; i < where->key_count; i++) {
    oc_slice_t rest, path = where_slice(where, keys[i].path);
    if (slice_equal(where_first_of(path, &rest), member)) return true;
  }
  return false;
}
