/*
 * shape.c: shapes as a forest of member nodes.
 *
 *   orders ─┬─ customer            relation → customers
 *           ├─ address             group
 *           └─ items ── product    relation → products
 *
 * Walking a document and its shape go hand in hand: each member either has a node or is of no interest, so that finding
 * the documents in a page costs one comparison of names for each member of a document, and no path is ever built.
 */
#include "shape.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct shapes {
  atomic_uint references;
  cJSON *tree; /* owns the strings that the slices point to */
  struct shape *items;
  uint32_t item_count;
  struct shape_node *nodes; /* [0] is unused, so that 0 is none */
  uint32_t node_count;
};

static oc_slice_t slice_of(const char *text) { return (oc_slice_t){text, strlen(text)}; }

static oc_status wrong(oc_error_t *error, const char *collection, const char *why) {
  return error_set(error, OC_ERR_SHAPES, "shapes.%.64s: %s", collection, why);
}

static struct shape_node *node_at(const struct shapes *shapes, uint32_t index) { return shapes->nodes + index; }

static oc_status add_node(struct shapes *shapes, oc_slice_t name, uint32_t *index) {
  struct shape_node *grown = realloc(shapes->nodes, (shapes->node_count + 1) * sizeof *grown);
  if (!grown) return OC_ERR_MEMORY;
  shapes->nodes = grown;
  *index = shapes->node_count++;
  grown[*index] = (struct shape_node){.name = name, .target = -1};
  return OC_OK;
}

static oc_status add_shape(struct shapes *shapes, oc_slice_t collection, bool opaque) {
  if (shapes_find(shapes, collection) >= 0) return OC_OK;
  struct shape *grown = realloc(shapes->items, (shapes->item_count + 1) * sizeof *grown);
  if (!grown) return OC_ERR_MEMORY;
  shapes->items = grown;
  uint32_t root;
  oc_status status = add_node(shapes, (oc_slice_t){NULL, 0}, &root);
  if (status != OC_OK) return status;
  grown[shapes->item_count++] = (struct shape){.collection = collection, .root = root, .opaque = opaque};
  return OC_OK;
}

/* The node of a dotted path, made where missing. */
static oc_status node_of_path(struct shapes *shapes, uint32_t root, const char *path, uint32_t *found) {
  uint32_t parent = root, depth = 0;
  for (const char *at = path;;) {
    if (depth++ == JSON_DEPTH_MOST) return OC_ERR_SHAPES; /* no document is that deep, and recursions follow it */
    const char *dot = strchr(at, '.');
    oc_slice_t name = {at, dot ? (size_t)(dot - at) : strlen(at)};
    uint32_t child = node_at(shapes, parent)->first_child;
    while (child && !slice_equal(node_at(shapes, child)->name, name)) child = node_at(shapes, child)->next_sibling;
    if (!child) {
      oc_status status = add_node(shapes, name, &child);
      if (status != OC_OK) return status;
      node_at(shapes, child)->next_sibling = node_at(shapes, parent)->first_child;
      node_at(shapes, parent)->first_child = child;
    }
    if (!dot) {
      *found = child;
      return OC_OK;
    }
    parent = child;
    at = dot + 1;
  }
}

static oc_status compile_paths(struct shapes *shapes, const struct shape *shape, const cJSON *list, const char *what,
                               void (*mark)(struct shape_node *), oc_error_t *error) {
  if (!list) return OC_OK;
  if (!cJSON_IsArray(list)) return wrong(error, shape->collection.data, what);
  const cJSON *item;
  uint32_t root = shape->root;
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsString(item) || !*item->valuestring) return wrong(error, shape->collection.data, what);
    uint32_t node;
    oc_status status = node_of_path(shapes, root, item->valuestring, &node);
    if (status == OC_ERR_SHAPES) return wrong(error, shape->collection.data, "a path is too deep");
    if (status != OC_OK) return status;
    mark(node_at(shapes, node));
  }
  return OC_OK;
}

static void mark_group(struct shape_node *node) { node->group = true; }
static void mark_localized(struct shape_node *node) { node->localized = true; }
static void mark_hidden(struct shape_node *node) { node->hidden = true; }

static oc_status compile_target(struct shapes *shapes, const char *collection, const cJSON *target, int32_t *index,
                                oc_error_t *error) {
  if (!cJSON_IsString(target) || !*target->valuestring)
    return wrong(error, collection, "a relation's target must be a collection's slug, or an array of slugs");
  oc_status status = add_shape(shapes, slice_of(target->valuestring), true);
  if (status == OC_OK) *index = shapes_find(shapes, slice_of(target->valuestring));
  return status;
}

static oc_status compile_relation(struct shapes *shapes, const struct shape *shape, const cJSON *relation,
                                  oc_error_t *error) {
  const char *collection = shape->collection.data;
  bool polymorphic = cJSON_IsArray(relation);
  int32_t target = -1;
  uint32_t root = shape->root, node;
  oc_status status = OC_OK;
  if (polymorphic) {
    const cJSON *item;
    int32_t ignored;
    cJSON_ArrayForEach(item, relation) {
      if (status == OC_OK) status = compile_target(shapes, collection, item, &ignored, error);
    }
  } else {
    status = compile_target(shapes, collection, relation, &target, error);
  }
  if (status != OC_OK) return status;
  status = node_of_path(shapes, root, relation->string, &node);
  if (status == OC_ERR_SHAPES) return wrong(error, collection, "a relation's path is too deep");
  if (status != OC_OK) return status;
  node_at(shapes, node)->relation = true;
  node_at(shapes, node)->polymorphic = polymorphic;
  node_at(shapes, node)->target = polymorphic ? -1 : target;
  return OC_OK;
}

static bool mark_kind(struct shape_node *node, const cJSON *kind) {
  if (!cJSON_IsString(kind)) return false;
  node->rows = !strcmp(kind->valuestring, "rows");
  node->json = !strcmp(kind->valuestring, "json");
  node->date = !strcmp(kind->valuestring, "date");
  return node->rows || node->json || node->date;
}

static oc_status compile_kinds(struct shapes *shapes, const struct shape *shape, const cJSON *kinds,
                               oc_error_t *error) {
  const char *collection = shape->collection.data;
  uint32_t root = shape->root, node;
  if (kinds && !cJSON_IsObject(kinds)) return wrong(error, collection, "kinds must be an object of paths and kinds");
  const cJSON *kind;
  cJSON_ArrayForEach(kind, kinds) {
    oc_status status = node_of_path(shapes, root, kind->string, &node);
    if (status == OC_ERR_SHAPES) return wrong(error, collection, "a path is too deep");
    if (status != OC_OK) return status;
    if (!mark_kind(node_at(shapes, node), kind))
      return wrong(error, collection, "a kind must be 'rows', 'json' or 'date'");
  }
  return OC_OK;
}

static oc_status compile_shape(struct shapes *shapes, const cJSON *source, oc_error_t *error) {
  struct shape shape = *shapes_at(shapes, shapes_find(shapes, slice_of(source->string)));
  const cJSON *relations = cJSON_GetObjectItemCaseSensitive(source, "relations");
  if (relations && !cJSON_IsObject(relations))
    return wrong(error, source->string, "relations must be an object of paths and collections");
  oc_status status = compile_paths(shapes, &shape, cJSON_GetObjectItemCaseSensitive(source, "groups"),
                                   "groups must be an array of paths", mark_group, error);
  if (status == OC_OK)
    status = compile_paths(shapes, &shape, cJSON_GetObjectItemCaseSensitive(source, "localized"),
                           "localized must be an array of paths", mark_localized, error);
  if (status == OC_OK)
    status = compile_paths(shapes, &shape, cJSON_GetObjectItemCaseSensitive(source, "hidden"),
                           "hidden must be an array of paths", mark_hidden, error);
  if (status == OC_OK) status = compile_kinds(shapes, &shape, cJSON_GetObjectItemCaseSensitive(source, "kinds"), error);
  const cJSON *relation;
  cJSON_ArrayForEach(relation, relations) {
    if (status == OC_OK) status = compile_relation(shapes, &shape, relation, error);
  }
  return status;
}

static oc_status compile_all(struct shapes *shapes, oc_error_t *error) {
  const cJSON *source;
  cJSON_ArrayForEach(source, shapes->tree) {
    if (!cJSON_IsObject(source)) return wrong(error, source->string, "a shape must be an object");
    const cJSON *opaque = cJSON_GetObjectItemCaseSensitive(source, "opaque");
    if (opaque && !cJSON_IsBool(opaque)) return wrong(error, source->string, "opaque must be true or false");
    const cJSON *trash = cJSON_GetObjectItemCaseSensitive(source, "trash");
    if (trash && !cJSON_IsBool(trash)) return wrong(error, source->string, "trash must be true or false");
    oc_status status = add_shape(shapes, slice_of(source->string), cJSON_IsTrue(opaque));
    if (status != OC_OK) return status;
    shapes->items[shapes_find(shapes, slice_of(source->string))].trash = cJSON_IsTrue(trash);
  }
  cJSON_ArrayForEach(source, shapes->tree) {
    oc_status status = compile_shape(shapes, source, error);
    if (status != OC_OK) return status;
  }
  return OC_OK;
}

oc_status shapes_compile(oc_slice_t text, struct shapes **out, oc_error_t *error) {
  struct shapes *shapes = calloc(1, sizeof *shapes);
  if (!shapes) return error_set(error, OC_ERR_MEMORY, "no memory for the shapes");
  atomic_init(&shapes->references, 1);
  uint32_t unused;
  oc_status status = add_node(shapes, (oc_slice_t){NULL, 0}, &unused);
  if (status == OC_OK && text.len > 0) {
    status = json_validate(text, JSON_DEPTH_MOST, "shapes", error);
    if (status != OC_OK) goto fail;
    shapes->tree = cJSON_ParseWithLength(text.data, text.len);
    if (!shapes->tree) status = OC_ERR_MEMORY;
    else if (cJSON_IsObject(shapes->tree)) status = compile_all(shapes, error);
    else status = error_set(error, OC_ERR_SHAPES, "shapes must be an object of collections and their shapes");
  }
  if (status == OC_ERR_MEMORY) error_set(error, status, "no memory for the shapes");
  if (status != OC_OK) goto fail;
  *out = shapes;
  return OC_OK;
fail:
  shapes_release(shapes);
  return status;
}

struct shapes *shapes_retain(struct shapes *shapes) {
  atomic_fetch_add(&shapes->references, 1);
  return shapes;
}

void shapes_release(struct shapes *shapes) {
  if (!shapes || atomic_fetch_sub(&shapes->references, 1) > 1) return;
  cJSON_Delete(shapes->tree);
  free(shapes->items);
  free(shapes->nodes);
  free(shapes);
}

int32_t shapes_find(const struct shapes *shapes, oc_slice_t collection) {
  for (uint32_t i = 0; i < shapes->item_count; i++)
    if (slice_equal(shapes->items[i].collection, collection)) return (int32_t)i;
  return -1;
}

const struct shape *shapes_at(const struct shapes *shapes, int32_t index) { return shapes->items + index; }

bool shapes_opaque(const struct shapes *shapes, int32_t index) { return index < 0 || shapes->items[index].opaque; }

const struct shape_node *shapes_root(const struct shapes *shapes, int32_t index) {
  return index < 0 ? NULL : node_at(shapes, shapes->items[index].root);
}

const struct shape_node *shapes_member(const struct shapes *shapes, const struct shape_node *node, oc_slice_t name) {
  if (!node) return NULL;
  for (uint32_t child = node->first_child; child; child = node_at(shapes, child)->next_sibling)
    if (slice_equal(node_at(shapes, child)->name, name)) return node_at(shapes, child);
  return NULL;
}

/* Whether a node like that lies there. */
static bool holds(const struct shapes *shapes, const struct shape_node *node,
                  bool (*is_wanted)(const struct shape_node *node)) {
  if (!node) return false;
  if (is_wanted(node)) return true;
  for (uint32_t child = node->first_child; child; child = node_at(shapes, child)->next_sibling)
    if (holds(shapes, node_at(shapes, child), is_wanted)) return true;
  return false;
}

static bool is_relation(const struct shape_node *node) { return node->relation; }
static bool is_localized(const struct shape_node *node) { return node->localized; }
static bool is_hidden(const struct shape_node *node) { return node->hidden; }

bool shapes_holds_relation(const struct shapes *shapes, const struct shape_node *node) {
  return holds(shapes, node, is_relation);
}

bool shapes_holds_localized(const struct shapes *shapes, const struct shape_node *node) {
  return holds(shapes, node, is_localized);
}

bool shapes_holds_hidden(const struct shapes *shapes, const struct shape_node *node) {
  return holds(shapes, node, is_hidden);
}
