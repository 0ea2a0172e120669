/*
 * shape.h: per collection, where documents of which collection occur in its documents, and which members are groups.
 *
 * Shapes are compiled once, never change afterwards, and are shared by reference count; reading them needs no lock.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "json.h"

/*
 * A member at some path of a collection's documents. Arrays and blocks add no level: items[2].product is items.product.
 */
struct shape_node {
  oc_slice_t name;
  uint32_t first_child, next_sibling; /* indices of nodes; 0 is none */
  int32_t target;                     /* of a relation to one collection: index of its shape; else -1 */
  bool relation;                      /* holds documents, or ids of them */
  bool polymorphic;                   /* … as { relationTo, value } */
  bool group;                         /* an object that is merged, not replaced */
  bool localized;
  bool hidden; /* not every answer shows it */
  bool rows;   /* kept in a table of its own: an array, or a field with many values */
  bool json;   /* kept as JSON */
  bool date;
  uint32_t join; /* of the documents that a join shows: its index, from 1; else 0 */
};

/* A member that shows the documents of another collection whose relation `on` points at this one. */
struct shape_join {
  oc_slice_t path; /* dotted; its `docs` are a relation */
  oc_slice_t on;
  oc_slice_t where, sort;              /* JSON; empty where there is none */
  uint32_t first_target, target_count; /* indices of shapes_join_target */
  bool polymorphic;                    /* shows { relationTo, value } of several collections */
  uint32_t limit;                      /* 0: all */
  uint32_t max_depth;                  /* what it shows is populated as if the query's depth were at most this */
  bool replayed; /* what it shows depends on nothing but the documents of its collection, and their own members */
};

struct shape {
  oc_slice_t collection;
  uint32_t root; /* index of a node without a name, whose children are the members that matter */
  bool trash;    /* deleted documents are kept, with a deletedAt */
  bool opaque;   /* documents change in ways that operations do not say: nothing on it is replayed */
  uint32_t first_join, join_count;
};

struct shapes;

/*
 * Parses { orders: { groups: [path], relations: { path: collection | [collection] }, localized: [path], hidden: [path],
 * kinds: { path: 'rows' | 'json' | 'date' }, joins: { path: { collection: slug | [slug], on, where, sort, limit,
 * maxDepth } }, trash, opaque }, … }.
 * Collections that are only the target of a relation get an opaque shape. `text` may be empty. Errors: SHAPES, JSON*,
 * UTF8, MEMORY. The result has one reference.
 */
oc_status shapes_compile(oc_slice_t text, struct shapes **shapes, oc_error_t *error);
struct shapes *shapes_retain(struct shapes *shapes);
void shapes_release(struct shapes *shapes);

/* -1 when the collection has none, which counts as opaque. */
int32_t shapes_find(const struct shapes *shapes, oc_slice_t collection);
const struct shape *shapes_at(const struct shapes *shapes, int32_t index);
bool shapes_opaque(const struct shapes *shapes, int32_t index);
/* The node of the shape's documents themselves; NULL for index -1. */
const struct shape_node *shapes_root(const struct shapes *shapes, int32_t index);
/* The node of a member; NULL when nothing is known of it, or `node` is NULL. */
const struct shape_node *shapes_member(const struct shapes *shapes, const struct shape_node *node, oc_slice_t name);
/* Steps through the members of which something is known: the first for `after` NULL; NULL at the end. */
const struct shape_node *shapes_next_member(const struct shapes *shapes, const struct shape_node *node,
                                            const struct shape_node *after);
/* The joins in documents of the shape. */
const struct shape_join *shapes_joins(const struct shapes *shapes, int32_t index, uint32_t *count);
/* The shapes of the documents that a join shows. */
int32_t shapes_join_target(const struct shapes *shapes, const struct shape_join *join, uint32_t index);
bool shapes_join_shows(const struct shapes *shapes, const struct shape_join *join, int32_t shape);
/* The one whose documents the node holds; NULL for other nodes. */
const struct shape_join *shapes_join_of(const struct shapes *shapes, const struct shape_node *node);
/* Whether documents of the shape are shown by joins; `member`: and it decides which, or in which order. */
bool shapes_joined(const struct shapes *shapes, int32_t index);
bool shapes_joined_by(const struct shapes *shapes, int32_t index, oc_slice_t member);
/* The node at a dotted path; NULL when nothing is known of it. */
const struct shape_node *shapes_path(const struct shapes *shapes, const struct shape_node *node, oc_slice_t path);
/* Whether a relation lies at the node or below it. */
bool shapes_holds_relation(const struct shapes *shapes, const struct shape_node *node);
/* Whether a localized member lies there. */
bool shapes_holds_localized(const struct shapes *shapes, const struct shape_node *node);
/* Whether a member that is hidden lies there. */
bool shapes_holds_hidden(const struct shapes *shapes, const struct shape_node *node);

#endif
