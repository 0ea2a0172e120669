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
};

struct shape {
  oc_slice_t collection;
  uint32_t root; /* index of a node without a name, whose children are the members that matter */
  bool trash;    /* deleted documents are kept, with a deletedAt */
  bool opaque;   /* documents change in ways that operations do not say: nothing on it is replayed */
};

struct shapes;

/*
 * Parses { orders: { groups: [path], relations: { path: collection | [collection] }, localized: [path], hidden: [path],
 * kinds: { path: 'rows' | 'json' | 'date' }, trash, opaque }, … }.
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
/* Whether a relation lies at the node or below it. */
bool shapes_holds_relation(const struct shapes *shapes, const struct shape_node *node);
/* Whether a localized member lies there. */
bool shapes_holds_localized(const struct shapes *shapes, const struct shape_node *node);
/* Whether a member that is hidden lies there. */
bool shapes_holds_hidden(const struct shapes *shapes, const struct shape_node *node);

#endif
