/*
 * document.c: one pass over a page that finds its documents.
 *
 *   {"docs":[{"id":7,"customer":{"id":3,"name":"…"},"items":[{"product":9}]}, …],"totalDocs":300, …}
 *            └─────────── orders:7 ────────────────────────────────────────┘
 *                                └── customers:3 ──┘                   └ a reference to products:9
 *
 * The query says where the top documents are, the shape of their collection where others lie in them. A relation at
 * a level below the query's depth was meant to be populated; when it shows a bare id all the same, the reader of this
 * entry may not see that document now but might after it changed, so the value depends on anything that happens to it.
 * A relation at the depth's end always shows the id, which only its deletion changes (SQL databases set it null).
 */
#include "document.h"

#include <string.h>

#include "hash.h"

struct finder {
  oc_slice_t value;
  const struct query *query;
  const struct shapes *shapes;
  const oc_limits_t *limits;
  struct hash_key key; /* of the index of dependencies */
  struct documents *found;
  uint32_t joins, opaque; /* joins, and opaque documents, that lead to what is looked at */
  oc_error_t *error;
};

/* ---- Dependencies, each tag once ---- */

static struct dependency *dependency_at(struct documents *found, uint32_t index) {
  return (struct dependency *)(void *)found->dependencies.data + index;
}

static uint32_t *cell_of(struct documents *found, uint64_t hash, oc_slice_t name) {
  uint32_t *cells = (uint32_t *)(void *)found->index.data;
  size_t mask = found->index.len / sizeof *cells - 1;
  size_t at = hash & mask;
  for (;; at = (at + 1) & mask) {
    if (!cells[at]) return cells + at;
    const struct dependency *dependency = dependency_at(found, cells[at] - 1);
    if (dependency->hash == hash && slice_equal(documents_name(found, dependency), name)) return cells + at;
  }
}

/* Keeps the index at most half full. */
static oc_status grow_index(struct documents *found) {
  size_t cells = found->index.len / sizeof(uint32_t);
  uint32_t count = documents_dependency_count(found);
  if ((count + 1) * 2 <= cells) return OC_OK;
  size_t grown = cells ? cells * 2 : 64;
  oc_status status = buffer_reserve(&found->index, grown * sizeof(uint32_t));
  if (status != OC_OK) return status;
  found->index.len = grown * sizeof(uint32_t);
  memset(found->index.data, 0, found->index.len);
  for (uint32_t i = 0; i < count; i++) {
    const struct dependency *dependency = dependency_at(found, i);
    *cell_of(found, dependency->hash, documents_name(found, dependency)) = i + 1;
  }
  return OC_OK;
}

static oc_status depend(struct finder *finder, oc_slice_t name, uint32_t kinds) {
  struct documents *found = finder->found;
  oc_status status = grow_index(found);
  if (status != OC_OK) return status;
  uint64_t hash = hash_text(finder->key, name);
  uint32_t *cell = cell_of(found, hash, name);
  if (*cell) {
    dependency_at(found, *cell - 1)->kinds |= kinds;
    return OC_OK;
  }
  uint32_t count = documents_dependency_count(found);
  if (count >= finder->limits->tags_per_entry)
    return error_set(finder->error, OC_ERR_TAG_COUNT,
                     "the entry depends on more than %u tags (limits.tagsPerEntry); ask for a smaller page",
                     finder->limits->tags_per_entry);
  if (name.len == 0 || name.len > finder->limits->tag_bytes)
    return error_set(finder->error, OC_ERR_TAG_SIZE, "a tag has 1 to %u bytes, this one %zu (limits.tagBytes)",
                     finder->limits->tag_bytes, name.len);
  struct dependency dependency = {hash, (uint32_t)found->names.len, (uint32_t)name.len, kinds};
  status = buffer_append(&found->names, name.data, name.len);
  if (status == OC_OK) status = buffer_append(&found->dependencies, &dependency, sizeof dependency);
  if (status == OC_OK) *cell = count + 1;
  return status;
}

enum { DOCUMENT_TAG_MOST = 1024 };

/*
 * "collection:id"; 0 when it is too long. Tags are text, as in invalidate(['orders:a"b']), not JSON: escapes are
 * decoded, which never makes it longer.
 */
static size_t print_tag(char tag[DOCUMENT_TAG_MOST], oc_slice_t collection, oc_slice_t id) {
  size_t len = collection.len + 1 + id.len;
  if (len > DOCUMENT_TAG_MOST) return 0;
  len = json_decode(collection, tag);
  tag[len++] = ':';
  return len + json_decode(id, tag + len);
}

uint64_t document_hash(oc_slice_t collection, oc_slice_t id) {
  char tag[DOCUMENT_TAG_MOST];
  size_t len = print_tag(tag, collection, id);
  return len > 0 ? hash_document((oc_slice_t){tag, len}) : 0;
}

/* Depends on "collection:id" and gives its hash. */
static oc_status depend_on_document(struct finder *finder, oc_slice_t collection, oc_slice_t id, uint32_t kinds,
                                    uint64_t *hash) {
  char tag[DOCUMENT_TAG_MOST];
  size_t len = print_tag(tag, collection, id);
  if (len == 0 || len > finder->limits->tag_bytes)
    return error_set(finder->error, OC_ERR_TAG_SIZE, "a document's collection and id are longer than %u bytes together",
                     finder->limits->tag_bytes);
  oc_slice_t name = {tag, len};
  *hash = hash_document(name);
  return depend(finder, name, kinds);
}

/* ---- The walk ---- */

static oc_status find_in_member(struct finder *finder, const struct shape_node *node, oc_slice_t value, uint32_t level);

uint32_t document_level_in(const struct shape_join *join, const struct query *query, uint32_t level) {
  return level + 1 + (join && query->depth > join->max_depth ? query->depth - join->max_depth : 0);
}

/* A document whose collection has this name and shape (-1: none). */
static oc_status find_in_document(struct finder *finder, oc_slice_t collection, int32_t shape, oc_slice_t value,
                                  uint32_t level) {
  oc_slice_t id;
  if (level == 0 && finder->query->type == QUERY_FIND_GLOBAL) id = (oc_slice_t){value.data, 0}; /* the query names it */
  else if (!json_member(value, SLICE("id"), &id) || json_is_container(id) || json_is_null(id))
    return depend(finder, collection, DEPENDS_OPAQUE); /* any of them, for all one can tell */
  id = json_scalar_text(id);
  struct span span = {.start = (uint32_t)(value.data - finder->value.data),
                      .len = (uint32_t)value.len,
                      .id_at = (uint32_t)(id.data - finder->value.data),
                      .id_len = (uint32_t)id.len,
                      .shape = shape,
                      .level = (uint16_t)level};
  oc_slice_t name = id.len > 0 ? id : query_global_slug(finder->query);
  oc_status status = depend_on_document(finder, collection, name, DEPENDS_DOCUMENT, &span.document);
  if (status == OC_OK) status = buffer_append(&finder->found->spans, &span, sizeof span);
  const struct shape_node *root = shapes_root(finder->shapes, shape);
  if (status != OC_OK || !root || !root->first_child) return status;
  struct json_walk walk = json_walk(value);
  oc_slice_t member;
  bool opaque = shapes_opaque(finder->shapes, shape);
  finder->opaque += opaque;
  while (status == OC_OK && json_next_member(&walk, &name, &member))
    status = find_in_member(finder, shapes_member(finder->shapes, root, name), member, level);
  finder->opaque -= opaque;
  return status;
}

/*
 * A join that can be replayed. How deep one that lies in another is shown, the levels do not say; and what an opaque
 * document shows may be made of those in its joins, too.
 */
static bool is_replayed(const struct finder *finder, const struct shape_node *node) {
  const struct shape_join *join = shapes_join_of(finder->shapes, node);
  bool asked = finder->query->joins.len > 0;
  return join && join->replayed && finder->joins == 0 && finder->opaque == 0 && !asked;
}

/* What a relation shows: a document, an id, or null. */
static oc_status find_in_relation(struct finder *finder, const struct shape_node *node, oc_slice_t value,
                                  uint32_t level) {
  int32_t target = node->target;
  oc_slice_t collection;
  if (node->polymorphic) {
    oc_slice_t inner;
    if (!json_member(value, SLICE("relationTo"), &collection) || !json_member(value, SLICE("value"), &inner))
      return OC_OK;
    collection = json_scalar_text(collection);
    target = shapes_find(finder->shapes, collection);
    value = inner;
  } else {
    collection = shapes_at(finder->shapes, target)->collection;
  }
  uint32_t inner = document_level_in(shapes_join_of(finder->shapes, node), finder->query, level);
  bool joined = node->join > 0, listed = is_replayed(finder, node); /* then its deletion is the list's business */
  finder->joins += joined;
  oc_status status = OC_OK;
  oc_slice_t id = json_scalar_text(value);
  if (json_is_object(value)) {
    status = find_in_document(finder, collection, target, value, inner);
  } else if ((json_is_string(value) || json_is_number(value)) && id.len > 0) {
    /* In a join of a join the depth ends earlier, or later, than the levels say. */
    bool expected = inner <= finder->query->depth || finder->joins > 1;
    uint64_t ignored;
    uint32_t kinds = expected ? DEPENDS_OPAQUE : listed ? DEPENDS_DOCUMENT : DEPENDS_REFERENCE;
    status = depend_on_document(finder, collection, id, kinds, &ignored);
  }
  finder->joins -= joined;
  return status;
}

static oc_status depend_on_joined(struct finder *finder, const struct shape_node *node) {
  const struct shapes *shapes = finder->shapes;
  const struct shape_join *join = shapes_join_of(shapes, node);
  uint32_t kinds = is_replayed(finder, node) ? DEPENDS_COLLECTION : DEPENDS_OPAQUE;
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < join->target_count && status == OC_OK; i++)
    status = depend(finder, shapes_at(shapes, shapes_join_target(shapes, join, i))->collection, kinds);
  return status;
}

static oc_status find_in_member(struct finder *finder, const struct shape_node *node, oc_slice_t value,
                                uint32_t level) {
  if (!node) return OC_OK;
  oc_status status = OC_OK;
  oc_slice_t name, item;
  /* Any of them may come in. */
  if (node->join && json_is_array(value)) status = depend_on_joined(finder, node);
  if (json_is_array(value)) {
    struct json_walk walk = json_walk(value);
    while (status == OC_OK && json_next_element(&walk, &item)) status = find_in_member(finder, node, item, level);
    return status;
  }
  if (node->relation) return find_in_relation(finder, node, value, level);
  if (!json_is_object(value) || !node->first_child) return OC_OK;
  struct json_walk walk = json_walk(value);
  while (status == OC_OK && json_next_member(&walk, &name, &item))
    status = find_in_member(finder, shapes_member(finder->shapes, node, name), item, level);
  return status;
}

static int32_t shape_of_query(const struct shapes *shapes, const struct query *query) {
  return shapes_find(shapes, query->type == QUERY_FIND_GLOBAL ? query_global(query) : query_collection(query));
}

static oc_status find_in_page(struct finder *finder, int32_t shape) {
  oc_slice_t docs, item;
  if (!json_member(finder->value, SLICE("docs"), &docs) || !json_is_array(docs))
    return depend(finder, query_collection(finder->query), DEPENDS_OPAQUE);
  oc_status status = OC_OK;
  struct json_walk walk = json_walk(docs);
  while (status == OC_OK && json_next_element(&walk, &item))
    status = find_in_document(finder, query_collection(finder->query), shape, item, 0);
  return status;
}

static oc_status find_by_query(struct finder *finder) {
  const struct query *query = finder->query;
  oc_slice_t collection = query_collection(query);
  int32_t shape = shape_of_query(finder->shapes, query);
  oc_status status = OC_OK;
  if (query->type == QUERY_FIND || query->type == QUERY_COUNT) status = depend(finder, collection, DEPENDS_COLLECTION);
  for (uint32_t i = 0; i < query->wide_count && status == OC_OK; i++)
    status = depend(finder, query_wide(query, i), DEPENDS_OPAQUE);
  if (status != OC_OK || query->type == QUERY_COUNT) return status;
  if (query->type == QUERY_FIND) return find_in_page(finder, shape);
  if (json_is_object(finder->value)) return find_in_document(finder, collection, shape, finder->value, 0);
  /* null: a document that is not there, or not for this reader; any change of the collection may bring it */
  return depend(finder, collection, DEPENDS_OPAQUE);
}

oc_status documents_find(oc_slice_t value, const struct query *query, const struct shapes *shapes,
                         const oc_slice_t *tags, size_t tag_count, const oc_limits_t *limits,
                         struct documents *documents, oc_error_t *error) {
  memset(documents, 0, sizeof *documents);
  /* Addresses are random enough for an index that lives as long as this call. */
  struct hash_key key = {{(uint64_t)(uintptr_t)value.data, (uint64_t)(uintptr_t)documents}};
  struct finder finder = {json_trim(value), query, shapes, limits, key, documents, 0, 0, error};
  oc_status status = OC_OK;
  for (size_t i = 0; i < tag_count && status == OC_OK; i++) {
    status = utf8_validate(tags[i], "a tag", error);
    if (status == OC_OK) status = depend(&finder, tags[i], DEPENDS_OPAQUE);
  }
  if (status == OC_OK && query) status = find_by_query(&finder);
  if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for the documents of a value");
  return status;
}

oc_status documents_find_in(oc_slice_t document, const struct query *query, const struct shapes *shapes, int32_t shape,
                            uint32_t level, struct documents *documents) {
  static const oc_limits_t WIDE = {.tag_bytes = UINT32_MAX, .tags_per_entry = UINT32_MAX};
  memset(documents, 0, sizeof *documents);
  struct hash_key key = {{(uint64_t)(uintptr_t)document.data, (uint64_t)(uintptr_t)documents}};
  struct finder finder = {document, query, shapes, &WIDE, key, documents, 0, 0, NULL};
  bool own = level == 0;
  oc_slice_t collection = own ? query_collection(query) : shapes_at(shapes, shape)->collection;
  oc_status status =
      find_in_document(&finder, collection, own ? shape_of_query(shapes, query) : shape, document, level);
  return status == OC_ERR_MEMORY ? status : OC_OK; /* a name too long for a tag is of no document that there is */
}

void documents_free(struct documents *documents) {
  oc_buffer_free(&documents->spans);
  oc_buffer_free(&documents->dependencies);
  oc_buffer_free(&documents->names);
  oc_buffer_free(&documents->index);
}
