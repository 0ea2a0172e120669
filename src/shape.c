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

/* A top-level member that decides which documents a join shows, or in which order. */
struct mover {
  int32_t target;
  oc_slice_t member;
  bool nested; /* it is something below the member that does */
};

struct shapes {
  atomic_uint references;
  cJSON *tree; /* owns the strings that the slices point to, but those of joins that are printed */
  struct shape_join *joins;
  uint32_t join_count;
  int32_t *targets; /* of joins */
  uint32_t target_count;
  struct mover *movers;
  uint32_t mover_count;
  struct shape *items;
  uint32_t item_count;
  struct shape_node *nodes; /* [0] is unused, so that 0 is none */
  uint32_t node_count;
};

enum { PAYLOAD_JOIN_LIMIT = 10, PAYLOAD_JOIN_DEPTH = 1, JOIN_NUMBER_MOST = 1000000000 };

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

/* ---- Joins ---- */

static oc_status add_mover(struct shapes *shapes, int32_t target, const char *path, size_t len) {
  const char *dot = memchr(path, '.', len);
  oc_slice_t member = {path, dot ? (size_t)(dot - path) : len};
  struct mover *grown = realloc(shapes->movers, (shapes->mover_count + 1) * sizeof *grown);
  if (!grown) return OC_ERR_MEMORY;
  shapes->movers = grown;
  grown[shapes->mover_count++] = (struct mover){target, member, dot != NULL};
  return OC_OK;
}

static oc_status add_movers_of_where(struct shapes *shapes, int32_t target, const cJSON *where) {
  oc_status status = OC_OK;
  const cJSON *item, *part;
  if (!cJSON_IsObject(where)) return OC_OK;
  cJSON_ArrayForEach(item, where) {
    if (status != OC_OK) return status;
    if (!cJSON_IsArray(item)) {
      status = add_mover(shapes, target, item->string, strlen(item->string));
      continue;
    }
    cJSON_ArrayForEach(part, item) {
      if (status == OC_OK) status = add_movers_of_where(shapes, target, part);
    }
  }
  return status;
}

static oc_status add_target(struct shapes *shapes, const cJSON *slug, struct shape_join *join) {
  int32_t *grown = realloc(shapes->targets, (shapes->target_count + 1) * sizeof *grown);
  if (!grown) return OC_ERR_MEMORY;
  shapes->targets = grown;
  grown[shapes->target_count++] = cJSON_IsString(slug) ? shapes_find(shapes, slice_of(slug->valuestring)) : -1;
  join->target_count++;
  return grown[shapes->target_count - 1] < 0 ? OC_ERR_SHAPES : OC_OK;
}

static oc_status add_targets(struct shapes *shapes, const cJSON *slugs, struct shape_join *join) {
  join->first_target = shapes->target_count;
  join->polymorphic = cJSON_IsArray(slugs);
  if (!join->polymorphic) return add_target(shapes, slugs, join);
  oc_status status = OC_OK;
  const cJSON *slug;
  cJSON_ArrayForEach(slug, slugs) {
    if (status == OC_OK) status = add_target(shapes, slug, join);
  }
  return status;
}

/* "-createdAt", "a,-b", or an array of such. */
static oc_status add_movers_of_sort(struct shapes *shapes, int32_t target, const cJSON *sort) {
  oc_status status = OC_OK;
  const cJSON *item;
  cJSON_ArrayForEach(item, sort) {
    if (status == OC_OK) status = add_movers_of_sort(shapes, target, item);
  }
  for (const char *at = cJSON_IsString(sort) ? sort->valuestring : ""; *at && status == OC_OK;) {
    size_t len = strcspn(at, ","), sign = strspn(at, "- ");
    if (sign < len) status = add_mover(shapes, target, at + sign, len - sign);
    at += at[len] ? len + 1 : len;
  }
  return status;
}

/* JSON of the member, or empty. */
static oc_status print_member(const cJSON *source, const char *name, oc_slice_t *text) {
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(source, name);
  char *printed = member ? cJSON_PrintUnformatted(member) : NULL;
  if (!member) return OC_OK;
  if (!printed) return OC_ERR_MEMORY;
  *text = slice_of(printed);
  return OC_OK;
}

static bool read_number(const cJSON *source, const char *name, uint32_t otherwise, uint32_t *number) {
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(source, name);
  *number = otherwise;
  if (!member) return true;
  if (!cJSON_IsNumber(member) || member->valuedouble < 0 || member->valuedouble > JOIN_NUMBER_MOST) return false;
  *number = (uint32_t)member->valuedouble;
  return true;
}

/* The node of its documents, which has to be a relation to the joined collection. */
static const struct shape_node *docs_of(const struct shapes *shapes, const struct shape *shape, oc_slice_t path) {
  const struct shape_node *node = shapes_path(shapes, node_at(shapes, shape->root), path);
  return shapes_member(shapes, node, SLICE("docs"));
}

static bool is_sort(const cJSON *sort) {
  const cJSON *item;
  if (!sort || cJSON_IsString(sort)) return true;
  cJSON_ArrayForEach(item, sort) {
    if (!cJSON_IsString(item)) return false;
  }
  return cJSON_IsArray(sort);
}

static oc_status read_join(struct shapes *shapes, const struct shape *shape, const cJSON *source,
                           struct shape_join *join, oc_error_t *error) {
  const char *collection = shape->collection.data;
  const cJSON *slugs = cJSON_GetObjectItemCaseSensitive(source, "collection");
  const cJSON *on = cJSON_GetObjectItemCaseSensitive(source, "on");
  const cJSON *where = cJSON_GetObjectItemCaseSensitive(source, "where");
  *join = (struct shape_join){.path = slice_of(source->string)};
  if ((!cJSON_IsString(slugs) && !cJSON_IsArray(slugs)) || !cJSON_IsString(on) || !*on->valuestring)
    return wrong(error, collection,
                 "a join needs a collection's slug, or several, and on: a dotted path of its documents");
  const struct shape_node *docs = docs_of(shapes, shape, join->path);
  oc_status status = add_targets(shapes, slugs, join);
  join->on = slice_of(on->valuestring);
  if (status == OC_ERR_MEMORY) return status;
  bool same = docs && docs->relation && docs->polymorphic == join->polymorphic;
  if (status != OC_OK || !same || (!join->polymorphic && docs->target != shapes_join_target(shapes, join, 0)))
    return wrong(error, collection, "a join's docs must be among the relations, to the join's collection");
  if ((where && !cJSON_IsObject(where)) || !is_sort(cJSON_GetObjectItemCaseSensitive(source, "sort")))
    return wrong(error, collection, "a join's where must be an object, its sort a string or an array of strings");
  if (!read_number(source, "limit", PAYLOAD_JOIN_LIMIT, &join->limit) ||
      !read_number(source, "maxDepth", PAYLOAD_JOIN_DEPTH, &join->max_depth))
    return wrong(error, collection, "a join's limit and maxDepth must be numbers, 0 or more");
  return OC_OK;
}

static bool has_path(const struct shapes *shapes, uint32_t first_mover) {
  for (uint32_t i = first_mover; i < shapes->mover_count; i++)
    if (shapes->movers[i].nested) return true;
  return false;
}

/* Of documents in a language, which those that the join's collection holds may not be. */
static bool is_in_localized(const struct shapes *shapes, const struct shape *shape, oc_slice_t path) {
  const struct shape_node *node = node_at(shapes, shape->root);
  const char *at = path.data, *end = at + path.len;
  while (node && !node->localized && at < end) {
    const char *dot = memchr(at, '.', (size_t)(end - at));
    node = shapes_member(shapes, node, (oc_slice_t){at, (size_t)((dot ? dot : end) - at)});
    at = dot ? dot + 1 : end;
  }
  return node && node->localized;
}

static oc_status add_movers(struct shapes *shapes, const struct shape_join *join, const cJSON *source) {
  const cJSON *where = cJSON_GetObjectItemCaseSensitive(source, "where");
  const cJSON *sort = cJSON_GetObjectItemCaseSensitive(source, "sort");
  oc_status status = OC_OK;
  for (uint32_t i = 0; i < join->target_count && status == OC_OK; i++) {
    int32_t target = shapes_join_target(shapes, join, i);
    status = add_mover(shapes, target, join->on.data, join->on.len);
    if (status == OC_OK) status = add_movers_of_where(shapes, target, where);
    if (status == OC_OK) status = add_movers_of_sort(shapes, target, sort);
  }
  return status;
}

static oc_status compile_join(struct shapes *shapes, const struct shape *shape, const cJSON *source,
                              oc_error_t *error) {
  struct shape_join join;
  oc_status status = read_join(shapes, shape, source, &join, error);
  if (status != OC_OK) return status;
  struct shape_join *grown = realloc(shapes->joins, (shapes->join_count + 1) * sizeof *grown);
  if (!grown) return OC_ERR_MEMORY;
  shapes->joins = grown;
  struct shape_join *added = grown + shapes->join_count++;
  *added = join;
  shapes->nodes[docs_of(shapes, shape, join.path) - shapes->nodes].join = shapes->join_count;
  status = print_member(source, "where", &added->where);
  if (status == OC_OK) status = print_member(source, "sort", &added->sort);
  uint32_t first_mover = shapes->mover_count;
  if (status == OC_OK) status = add_movers(shapes, &join, source);
  added->replayed = !join.polymorphic && !has_path(shapes, first_mover) && !is_in_localized(shapes, shape, join.path);
  return status;
}

static oc_status compile_joins(struct shapes *shapes, int32_t index, const cJSON *joins, oc_error_t *error) {
  struct shape shape = shapes->items[index];
  if (joins && !cJSON_IsObject(joins)) return wrong(error, shape.collection.data, "joins must be an object of paths");
  shapes->items[index].first_join = shapes->join_count;
  const cJSON *join;
  cJSON_ArrayForEach(join, joins) {
    oc_status status = compile_join(shapes, &shape, join, error);
    if (status != OC_OK) return status;
    shapes->items[index].join_count++;
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
  if (status != OC_OK) return status;
  return compile_joins(shapes, shapes_find(shapes, shape.collection), cJSON_GetObjectItemCaseSensitive(source, "joins"),
                       error);
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
  for (uint32_t i = 0; i < shapes->join_count; i++) {
    cJSON_free((char *)(uintptr_t)shapes->joins[i].where.data);
    cJSON_free((char *)(uintptr_t)shapes->joins[i].sort.data);
  }
  cJSON_Delete(shapes->tree);
  free(shapes->joins);
  free(shapes->targets);
  free(shapes->movers);
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

const struct shape_node *shapes_next_member(const struct shapes *shapes, const struct shape_node *node,
                                            const struct shape_node *after) {
  uint32_t next = after ? after->next_sibling : node ? node->first_child : 0;
  return next ? node_at(shapes, next) : NULL;
}

const struct shape_node *shapes_path(const struct shapes *shapes, const struct shape_node *node, oc_slice_t path) {
  const char *at = path.data, *end = at + path.len;
  while (node && at < end) {
    const char *dot = memchr(at, '.', (size_t)(end - at));
    node = shapes_member(shapes, node, (oc_slice_t){at, (size_t)((dot ? dot : end) - at)});
    at = dot ? dot + 1 : end;
  }
  return node;
}

const struct shape_join *shapes_joins(const struct shapes *shapes, int32_t index, uint32_t *count) {
  *count = index < 0 ? 0 : shapes->items[index].join_count;
  return *count == 0 ? NULL : shapes->joins + shapes->items[index].first_join;
}

int32_t shapes_join_target(const struct shapes *shapes, const struct shape_join *join, uint32_t index) {
  return shapes->targets[join->first_target + index];
}

bool shapes_join_shows(const struct shapes *shapes, const struct shape_join *join, int32_t shape) {
  for (uint32_t i = 0; i < join->target_count; i++)
    if (shapes_join_target(shapes, join, i) == shape) return true;
  return false;
}

const struct shape_join *shapes_join_of(const struct shapes *shapes, const struct shape_node *node) {
  return node && node->join ? shapes->joins + node->join - 1 : NULL;
}

bool shapes_joined(const struct shapes *shapes, int32_t index) {
  for (uint32_t i = 0; i < shapes->join_count; i++)
    if (shapes_join_shows(shapes, shapes->joins + i, index)) return true;
  return false;
}

/* Whether a document is in the trash counts, too, and the time of its creation settles a tie. */
bool shapes_joined_by(const struct shapes *shapes, int32_t index, oc_slice_t member) {
  if (slice_equal(member, SLICE("deletedAt")) || slice_equal(member, SLICE("createdAt")))
    return shapes_joined(shapes, index);
  for (uint32_t i = 0; i < shapes->mover_count; i++)
    if (shapes->movers[i].target == index && slice_equal(shapes->movers[i].member, member)) return true;
  return false;
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
