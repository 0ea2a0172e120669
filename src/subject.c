/*
 * subject.c: what changes only members of documents where they are.
 *
 * Most of what is in flight changes members that neither where nor sort look at, and that are no relations. Then it
 * does not matter what else a page shows.
 */
#include "subject.h"

static bool is_in_place(const struct operation *operation, struct named named, const struct query *query,
                        const struct shapes *shapes) {
  const struct operation_member *members = operation_members(operation);
  const struct shape_node *root = shapes_root(shapes, named.shape);
  bool listed = slice_equal(query_collection(query), operation_collection(operation));
  if (operation->type != OPERATION_UPDATE || !operation->document || !operation->has_data || operation->repeated)
    return false;
  if (query->joins.len > 0 && shapes_joined(shapes, named.shape)) return false;
  for (uint32_t i = 0; i < operation->member_count; i++) {
    oc_slice_t name = operation_slice(operation, members[i].name_at, members[i].name_len);
    if (listed && (query_filters(query, name) || where_sorts_by(query_where(query), name))) return false;
    if (shapes_joined_by(shapes, named.shape, name)) return false;
    if (shapes_holds_relation(shapes, shapes_member(shapes, root, name))) return false;
  }
  return true;
}

bool subjects_find(struct subjects *subjects, const struct query *query, const struct shapes *shapes,
                   const oc_slice_t *operations, size_t count) {
  uint32_t members = 0;
  subjects->count = 0;
  subjects->marks = 0;
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = NULL;
    while ((operation = operation_next(operations[i].data, operations[i].len, operation))) {
      members += operation->member_count;
      if (subjects->count == SUBJECTS_MOST || members > SUBJECT_MEMBERS_MOST) return false;
      struct named named = operation_named(operation, shapes);
      if (!is_in_place(operation, named, query, shapes)) return false;
      subjects->list[subjects->count++] = (struct subject){named, operation};
      subjects->marks |= UINT64_C(1) << (named.document & 63);
    }
  }
  return true;
}
